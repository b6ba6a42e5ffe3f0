//! What the strings of some classes of an automaton have in common, where it can be said in few words:
//! they are these few, or they are all that begin in one way.

use super::format::Automaton;

/// States looked at behind a beginning.
const BEHIND_MAX: usize = 64;
/// Bytes tried while strings are listed.
const STEPS_MAX: usize = 4_096;

/// Strings in few words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shape {
    /// These and no others, in ascending order of their bytes.
    Texts(Vec<String>),
    /// Those that begin so and go on in any way without a line break, and perhaps others with one.
    Beginning(String),
}

/// The shape of the strings whose class is a member; nothing where it takes more words, or more than
/// `most` strings.
#[must_use]
pub fn shape(automaton: &Automaton, member: &dyn Fn(u32) -> bool, most: usize) -> Option<Shape> {
    let walk = Walk::new(automaton, member)?;
    walk.beginning().or_else(|| walk.texts(most))
}

struct Walk<'a> {
    automaton: &'a Automaton,
    member: &'a dyn Fn(u32) -> bool,
    /// From which states a member can still be reached.
    live: Vec<bool>,
    /// The alphabet class of each byte.
    classes: Vec<u32>,
}

impl<'a> Walk<'a> {
    fn new(automaton: &'a Automaton, member: &'a dyn Fn(u32) -> bool) -> Option<Self> {
        let states = automaton.accept.len();
        let width = automaton.classes as usize;
        if width == 0 || automaton.next.len() != states.checked_mul(width)? {
            return None;
        }
        let mut from: Vec<Vec<usize>> = vec![Vec::new(); states];
        for (edge, to) in automaton.next.iter().enumerate() {
            from.get_mut(*to as usize)?.push(edge / width);
        }
        let mut live = vec![false; states];
        let ends = automaton.accept.iter().enumerate();
        let mut open: Vec<usize> = ends.filter(|(_, c)| member(**c)).map(|(s, _)| s).collect();
        while let Some(state) = open.pop() {
            if !std::mem::replace(live.get_mut(state)?, true) {
                open.extend(from.get(state)?);
            }
        }
        let class_of = |byte: u8| {
            let at = automaton
                .alphabet
                .partition_point(|(first, _)| *first <= byte);
            automaton.alphabet.get(at.checked_sub(1)?).map(|(_, c)| *c)
        };
        let classes = (0..=u8::MAX).map(class_of).collect::<Option<_>>()?;
        Some(Self {
            automaton,
            member,
            live,
            classes,
        })
    }

    fn is_member(&self, state: usize) -> bool {
        self.automaton
            .accept
            .get(state)
            .is_some_and(|c| (self.member)(*c))
    }

    fn step(&self, state: usize, byte: u8) -> Option<usize> {
        let class = *self.classes.get(usize::from(byte))? as usize;
        let at = state * self.automaton.classes as usize + class;
        self.automaton.next.get(at).map(|next| *next as usize)
    }

    /// The bytes that lead on to a member.
    fn onwards(&self, state: usize) -> Vec<(u8, usize)> {
        (0..=u8::MAX)
            .filter_map(|byte| Some((byte, self.step(state, byte)?)))
            .filter(|(_, next)| self.live.get(*next).copied().unwrap_or(false))
            .collect()
    }

    /// One way to begin, behind which everything is a member.
    fn beginning(&self) -> Option<Shape> {
        let (mut state, mut so_far) = (0, Vec::new());
        while !self.is_member(state) {
            let onwards = self.onwards(state);
            let [(byte, next)] = onwards.as_slice() else {
                return None;
            };
            if so_far.len() > STEPS_MAX {
                return None;
            }
            so_far.push(*byte);
            state = *next;
        }
        if so_far.is_empty() || !self.everything_behind(state) {
            return None;
        }
        String::from_utf8(so_far).ok().map(Shape::Beginning)
    }

    /// Whether all strings without a line break lead from the state to members.
    fn everything_behind(&self, state: usize) -> bool {
        let mut seen = vec![(state, Inside::None)];
        let mut at = 0;
        while let Some(&(state, inside)) = seen.get(at) {
            at += 1;
            if seen.len() > BEHIND_MAX || (inside == Inside::None && !self.is_member(state)) {
                return false;
            }
            for byte in (0..=u8::MAX).filter(|b| !matches!(b, b'\n' | b'\r')) {
                let Some(then) = inside.after(byte) else {
                    continue;
                };
                let Some(next) = self.step(state, byte) else {
                    return false;
                };
                if !seen.contains(&(next, then)) {
                    seen.push((next, then));
                }
            }
        }
        true
    }

    /// All strings, if they are few.
    fn texts(&self, most: usize) -> Option<Shape> {
        let mut texts = Vec::new();
        let mut open = vec![(0, Vec::new())];
        let mut steps = 0;
        while let Some((state, so_far)) = open.pop() {
            steps += 1;
            if steps > STEPS_MAX || open.len() > STEPS_MAX {
                return None;
            }
            if self.is_member(state) {
                texts.push(String::from_utf8(so_far.clone()).ok()?);
                if texts.len() > most {
                    return None;
                }
            }
            for (byte, next) in self.onwards(state).into_iter().rev() {
                let mut longer = so_far.clone();
                longer.push(byte);
                open.push((next, longer));
            }
        }
        (!texts.is_empty()).then_some(Shape::Texts(texts))
    }
}

/// Where one stands within a character of UTF-8 (RFC 3629, section 4): how many bytes are to come, and
/// what the next one must be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Inside {
    None,
    One,
    Two,
    Three,
    AfterE0,
    AfterEd,
    AfterF0,
    AfterF4,
}

impl Inside {
    fn after(self, byte: u8) -> Option<Self> {
        Some(match (self, byte) {
            (Self::None, 0x00..=0x7f) | (Self::One, 0x80..=0xbf) => Self::None,
            (Self::None, 0xc2..=0xdf)
            | (Self::Two, 0x80..=0xbf)
            | (Self::AfterE0, 0xa0..=0xbf)
            | (Self::AfterEd, 0x80..=0x9f) => Self::One,
            (Self::None, 0xe0) => Self::AfterE0,
            (Self::None, 0xed) => Self::AfterEd,
            (Self::None, 0xe1..=0xef)
            | (Self::Three, 0x80..=0xbf)
            | (Self::AfterF0, 0x90..=0xbf)
            | (Self::AfterF4, 0x80..=0x8f) => Self::Two,
            (Self::None, 0xf0) => Self::AfterF0,
            (Self::None, 0xf4) => Self::AfterF4,
            (Self::None, 0xf1..=0xf3) => Self::Three,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::load::Loader;

    struct Text(String);

    impl Loader for Text {
        fn load(&self, _: &str) -> Result<Vec<u8>, String> {
            Ok(self.0.clone().into_bytes())
        }
    }

    /// The shapes of class 1 and of all others, for a policy that asks this of a string.
    fn shapes(test: &str) -> (Option<Shape>, Option<Shape>) {
        let text = format!(
            "policy p\nintegration a {{ defaults {{ timeout 1s }} action b(s: string) {{ reads }} }}\nallow r: a.b when {test}\n"
        );
        let (checked, table) = crate::compile("p.failway", &Text(text)).unwrap();
        let table = table.unwrap_or_else(|| panic!("{:?}", checked.findings));
        let automaton = table.body().automata.last().unwrap().clone();
        (
            shape(&automaton, &|c| c != 0, 3),
            shape(&automaton, &|c| c == 0, 3),
        )
    }

    fn texts(all: &[&str]) -> Option<Shape> {
        Some(Shape::Texts(all.iter().map(ToString::to_string).collect()))
    }

    #[test]
    fn few_strings_are_listed() {
        assert_eq!(shapes("s == \"abc\"").0, texts(&["abc"]));
        assert_eq!(
            shapes("s in {\"b\", \"ä\", \"\"}").0,
            texts(&["", "b", "ä"])
        );
        assert_eq!(shapes("s in {\"a\", \"b\", \"c\", \"d\"}").0, None);
        assert_eq!(shapes("s matches /a[bc]/").0, texts(&["ab", "ac"]));
    }

    #[test]
    fn what_begins_in_one_way_is_said_so() {
        let beginning = |s: &str| Some(Shape::Beginning(s.to_string()));
        assert_eq!(shapes("s matches /agent\\/.*/").0, beginning("agent/"));
        assert_eq!(shapes("s matches /ä.*/").0, beginning("ä"));
        assert_eq!(shapes("s matches /agent\\/.+/").0, None);
        assert_eq!(shapes("s matches /agent\\/[a-z]*/").0, None);
        assert_eq!(shapes("s matches /(a|b).*/").0, None);
    }

    #[test]
    fn what_is_left_over_has_no_shape() {
        assert_eq!(shapes("s == \"abc\"").1, None);
        assert_eq!(shapes("s matches /a.*/").1, None);
    }
}
