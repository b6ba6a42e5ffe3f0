//! Matching of I-Regexps (RFC 9485, without `\p`) by derivatives: no automaton is built, no input
//! makes it slow, and nothing is shared with the compiler's own road.
//!
//! Janusz A. Brzozowski, "Derivatives of Regular Expressions" (1964); expressions are kept small as
//! in Owens, Reppy, Turon, "Regular-expression derivatives reexamined" (2009).

use std::collections::BTreeMap;

/// How deep groups may nest.
const DEPTH_MAX: u32 = 100;

/// The longest pattern, in characters: derivation recurses along a sequence.
const LENGTH_MAX: usize = 4096;

/// The number of an expression in its [`Matcher`].
type Id = usize;

/// An expression. Equal ones have equal numbers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Re {
    /// Nothing matches.
    Never,
    /// The empty string.
    Empty,
    /// One of these characters.
    Set(Vec<(char, char)>),
    Concat(Id, Id),
    /// Ascending, without repeats.
    Alt(Vec<Id>),
    /// `min` to `max` times; no `max`: any number.
    Repeat(Id, u32, Option<u32>),
}

const NEVER: Id = 0;
const EMPTY: Id = 1;

/// A pattern with what was derived from it so far.
#[derive(Clone, Debug)]
pub struct Matcher {
    exprs: Vec<Re>,
    ids: BTreeMap<Re, Id>,
    derived: BTreeMap<(Id, char), Id>,
    start: Id,
}

impl Matcher {
    /// Reads a pattern; `None` if it is no I-Regexp, uses `\p`, or has more than 4096 characters.
    #[must_use]
    pub fn new(pattern: &str) -> Option<Self> {
        let mut matcher = Self {
            exprs: vec![Re::Never, Re::Empty],
            ids: BTreeMap::from([(Re::Never, NEVER), (Re::Empty, EMPTY)]),
            derived: BTreeMap::new(),
            start: NEVER,
        };
        let chars: Vec<char> = pattern.chars().collect();
        if chars.len() > LENGTH_MAX {
            return None;
        }
        let mut parser = Parser {
            chars: &chars,
            at: 0,
            depth: 0,
            out: &mut matcher,
        };
        let start = parser.alternatives()?;
        if parser.at < chars.len() {
            return None;
        }
        matcher.start = start;
        Some(matcher)
    }

    /// Whether the whole of `text` matches.
    pub fn matches(&mut self, text: &str) -> bool {
        let mut at = self.start;
        for c in text.chars() {
            at = self.derive(at, c);
            if at == NEVER {
                return false;
            }
        }
        self.nullable(at)
    }

    fn get(&self, id: Id) -> Re {
        self.exprs.get(id).cloned().unwrap_or(Re::Never)
    }

    fn intern(&mut self, re: Re) -> Id {
        if let Some(&id) = self.ids.get(&re) {
            return id;
        }
        let id = self.exprs.len();
        self.exprs.push(re.clone());
        self.ids.insert(re, id);
        id
    }

    fn set(&mut self, mut ranges: Vec<(char, char)>) -> Id {
        ranges.retain(|(low, high)| low <= high);
        ranges.sort_unstable();
        ranges.dedup();
        if ranges.is_empty() {
            return NEVER;
        }
        self.intern(Re::Set(ranges))
    }

    fn concat(&mut self, left: Id, right: Id) -> Id {
        match (left, right) {
            (NEVER, _) | (_, NEVER) => NEVER,
            (EMPTY, other) | (other, EMPTY) => other,
            // To the right, so that equal sequences are equal expressions.
            _ => match self.get(left) {
                Re::Concat(first, rest) => {
                    let rest = self.concat(rest, right);
                    self.intern(Re::Concat(first, rest))
                }
                _ => self.intern(Re::Concat(left, right)),
            },
        }
    }

    fn alt(&mut self, parts: impl IntoIterator<Item = Id>) -> Id {
        let mut flat = Vec::new();
        for part in parts {
            match self.get(part) {
                Re::Never => {}
                Re::Alt(inner) => flat.extend(inner),
                _ => flat.push(part),
            }
        }
        flat.sort_unstable();
        flat.dedup();
        match flat.as_slice() {
            [] => NEVER,
            [one] => *one,
            _ => self.intern(Re::Alt(flat)),
        }
    }

    fn repeat(&mut self, inner: Id, min: u32, max: Option<u32>) -> Id {
        match (inner, min, max) {
            (_, _, Some(0)) | (EMPTY, _, _) | (NEVER, 0, _) => EMPTY,
            (NEVER, _, _) => NEVER,
            (_, 1, Some(1)) => inner,
            _ => self.intern(Re::Repeat(inner, min, max)),
        }
    }

    /// Whether the empty string matches.
    fn nullable(&self, id: Id) -> bool {
        match self.exprs.get(id) {
            None | Some(Re::Never | Re::Set(_)) => false,
            Some(Re::Empty) => true,
            Some(Re::Concat(left, right)) => self.nullable(*left) && self.nullable(*right),
            Some(Re::Alt(parts)) => parts.iter().any(|&p| self.nullable(p)),
            Some(Re::Repeat(inner, min, _)) => *min == 0 || self.nullable(*inner),
        }
    }

    /// What has to follow a first `c`.
    fn derive(&mut self, id: Id, c: char) -> Id {
        if let Some(&known) = self.derived.get(&(id, c)) {
            return known;
        }
        let derived = match self.get(id) {
            Re::Never | Re::Empty => NEVER,
            Re::Set(ranges) => {
                let has = ranges.iter().any(|&(low, high)| low <= c && c <= high);
                if has { EMPTY } else { NEVER }
            }
            Re::Concat(left, right) => {
                let first = self.derive(left, c);
                let first = self.concat(first, right);
                if self.nullable(left) {
                    let second = self.derive(right, c);
                    self.alt([first, second])
                } else {
                    first
                }
            }
            Re::Alt(parts) => {
                let parts: Vec<_> = parts.into_iter().map(|p| self.derive(p, c)).collect();
                self.alt(parts)
            }
            Re::Repeat(inner, min, max) => {
                // If the inner one takes the empty string too, fewer rounds are no other strings.
                let first = self.derive(inner, c);
                let rest = self.repeat(inner, min.saturating_sub(1), max.map(|m| m - 1));
                self.concat(first, rest)
            }
        };
        self.derived.insert((id, c), derived);
        derived
    }
}

/// Recursive descent over RFC 9485's grammar.
struct Parser<'a> {
    chars: &'a [char],
    at: usize,
    depth: u32,
    out: &'a mut Matcher,
}

impl Parser<'_> {
    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += 1;
        Some(c)
    }

    fn eat(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        self.at += usize::from(found);
        found
    }

    fn alternatives(&mut self) -> Option<Id> {
        let mut parts = vec![self.sequence()?];
        while self.eat('|') {
            parts.push(self.sequence()?);
        }
        Some(self.out.alt(parts))
    }

    fn sequence(&mut self) -> Option<Id> {
        let mut parts = Vec::new();
        while let Some(c) = self.peek() {
            if c == '|' || c == ')' {
                break;
            }
            parts.push(self.piece()?);
        }
        let out = &mut self.out;
        Some(
            parts
                .into_iter()
                .rev()
                .fold(EMPTY, |rest, part| out.concat(part, rest)),
        )
    }

    fn piece(&mut self) -> Option<Id> {
        let atom = self.atom()?;
        let (min, max) = match self.peek() {
            Some('*') => (0, None),
            Some('+') => (1, None),
            Some('?') => (0, Some(1)),
            Some('{') => {
                self.at += 1;
                let min = self.number()?;
                let max = if !self.eat(',') {
                    Some(min)
                } else if self.peek() == Some('}') {
                    None
                } else {
                    Some(self.number()?)
                };
                if self.peek() != Some('}') || max.is_some_and(|max| max < min) {
                    return None;
                }
                (min, max)
            }
            _ => return Some(atom),
        };
        self.at += 1;
        Some(self.out.repeat(atom, min, max))
    }

    fn number(&mut self) -> Option<u32> {
        let start = self.at;
        while self.peek().is_some_and(|c| c.is_ascii_digit()) {
            self.at += 1;
        }
        let digits: String = self.chars.get(start..self.at)?.iter().collect();
        digits.parse().ok()
    }

    fn atom(&mut self) -> Option<Id> {
        match self.next()? {
            '(' => {
                self.depth += 1;
                if self.depth > DEPTH_MAX {
                    return None;
                }
                let inner = self.alternatives()?;
                self.depth -= 1;
                self.eat(')').then_some(inner)
            }
            '[' => self.class(),
            // Any character but a line break.
            '.' => Some(self.out.set(complement(vec![('\n', '\n'), ('\r', '\r')]))),
            '\\' => {
                let c = self.escape()?;
                Some(self.out.set(vec![(c, c)]))
            }
            ')' | '*' | '+' | '?' | ']' | '{' | '|' | '}' => None,
            c => Some(self.out.set(vec![(c, c)])),
        }
    }

    fn escape(&mut self) -> Option<char> {
        match self.next()? {
            'n' => Some('\n'),
            'r' => Some('\r'),
            't' => Some('\t'),
            c @ ('('..='+' | '-' | '.' | '?' | '['..='^' | '{'..='}') => Some(c),
            // What the source needs to write a slash may also stand here.
            '/' => Some('/'),
            _ => None,
        }
    }

    fn class(&mut self) -> Option<Id> {
        let negated = self.eat('^');
        let mut ranges = Vec::new();
        if self.eat('-') {
            ranges.push(('-', '-'));
        }
        loop {
            match self.next()? {
                ']' if !ranges.is_empty() => break,
                // A dash may also stand last.
                '-' if self.peek() == Some(']') => ranges.push(('-', '-')),
                '-' | '[' | ']' => return None,
                first => {
                    let low = self.class_char(first)?;
                    let dash = self.peek() == Some('-')
                        && self.chars.get(self.at + 1).is_some_and(|&c| c != ']');
                    let high = if dash {
                        self.at += 1;
                        match self.next()? {
                            '-' | '[' | ']' => return None,
                            c => self.class_char(c)?,
                        }
                    } else {
                        low
                    };
                    if low > high {
                        return None;
                    }
                    ranges.push((low, high));
                }
            }
        }
        let ranges = if negated { complement(ranges) } else { ranges };
        Some(self.out.set(ranges))
    }

    fn class_char(&mut self, c: char) -> Option<char> {
        if c == '\\' { self.escape() } else { Some(c) }
    }
}

/// All characters outside the ranges.
fn complement(mut ranges: Vec<(char, char)>) -> Vec<(char, char)> {
    ranges.sort_unstable();
    let mut out = Vec::new();
    let mut next = Some('\0');
    for (low, high) in ranges {
        let Some(from) = next else { break };
        if let Some(before) = before(low)
            && from <= before
        {
            out.push((from, before));
        }
        next = after(high).map(|c| c.max(from));
    }
    if let Some(from) = next {
        out.push((from, char::MAX));
    }
    out
}

/// The scalar value before `c`, skipping the surrogates.
fn before(c: char) -> Option<char> {
    match c {
        '\u{e000}' => Some('\u{d7ff}'),
        c => u32::from(c).checked_sub(1).and_then(char::from_u32),
    }
}

/// The scalar value after `c`, skipping the surrogates.
fn after(c: char) -> Option<char> {
    match c {
        '\u{d7ff}' => Some('\u{e000}'),
        c => char::from_u32(u32::from(c) + 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, yes: &[&str], no: &[&str]) {
        let mut matcher = Matcher::new(pattern).expect(pattern);
        for text in yes {
            assert!(matcher.matches(text), "/{pattern}/ should take {text:?}");
        }
        for text in no {
            assert!(!matcher.matches(text), "/{pattern}/ should refuse {text:?}");
        }
    }

    #[test]
    fn the_whole_string_is_matched() {
        check("abc", &["abc"], &["", "ab", "abcd", "xabc"]);
        check("a|bc|", &["a", "bc", ""], &["b", "abc"]);
        check(
            r"\+[1-9][0-9]{7,14}",
            &["+15550001111"],
            &["+0555000111", "15550001111", "+1234567"],
        );
    }

    #[test]
    fn quantifiers_count() {
        check("(ab)*", &["", "ab", "abab"], &["a", "aba"]);
        check("a{2}", &["aa"], &["a", "aaa"]);
        check("a{2,}", &["aa", "aaaaa"], &["a"]);
        check("(a?){2,3}", &["", "a", "aa", "aaa"], &["aaaa"]);
        check("(a|b){0}", &[""], &["a"]);
        check("(a*b?){1,2}c", &["c", "abac", "aabaabc"], &["abababc"]);
        check("x+y?", &["x", "xxy"], &["y", "xyy"]);
    }

    #[test]
    fn anchors_of_other_dialects_are_plain_characters() {
        check("^a$", &["^a$"], &["a"]);
    }

    #[test]
    fn a_dot_takes_all_but_line_breaks() {
        check(
            ".",
            &["a", "é", "😀", "\t", "\u{2028}"],
            &["", "\n", "\r", "ab"],
        );
    }

    #[test]
    fn classes() {
        check("[a-c]", &["a", "b", "c"], &["d", "-", ""]);
        check(
            "[^a-c]",
            &["d", "\n", "😀", "\u{d7ff}", "\u{e000}"],
            &["a", "b", "c"],
        );
        check("[-a]", &["-", "a"], &["b"]);
        check("[a-]", &["-", "a"], &["b"]);
        check(r"[\]\\\-^]", &["]", "\\", "-", "^"], &["a"]);
        check("[^-]", &["a"], &["-"]);
    }

    #[test]
    fn what_is_no_i_regexp_is_refused() {
        for wrong in [
            "(",
            ")",
            "a)",
            "*",
            "a{",
            "a{2",
            "a{3,2}",
            "[",
            "[]",
            "[^]",
            "[b-a]",
            r"\d",
            r"\p{L}",
            r"\",
            "a{99999999999}",
            "]",
            "}",
            "[a-[]",
            "a**",
        ] {
            assert!(Matcher::new(wrong).is_none(), "{wrong}");
        }
        assert!(Matcher::new(&"(".repeat(4000)).is_none());
        assert!(Matcher::new(&"a?".repeat(2049)).is_none());
    }

    #[test]
    fn hard_patterns_stay_fast() {
        let mut matcher = Matcher::new("(a|aa)*(a*)*b{0,900}c").unwrap();
        assert!(!matcher.matches(&"a".repeat(5_000)));
        assert!(matcher.matches(&format!("{}c", "b".repeat(900))));
        let mut long = Matcher::new(&"a?".repeat(2048)).unwrap();
        assert!(long.matches("aaa"));
    }
}
