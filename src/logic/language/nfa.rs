//! From patterns to automata: Thompson 1968's construction over UTF-8 byte ranges, then the subset
//! construction (Rabin & Scott 1959).

use super::dfa::Dfa;
use super::minimize::minimize;
use super::regexp::Regexp;
use regex_syntax::utf8::{Utf8Range, Utf8Sequences};
use rustc_hash::FxHashMap;

/// Limits on the size of what a pattern may become.
const MAX_NFA_STATES: usize = 200_000;
const MAX_DFA_STATES: usize = 50_000;
const MAX_WORK: usize = 20_000_000;

const TOO_LARGE: &str = "the pattern needs too large an automaton; shorten its repetitions, or bound the length with \
                         `length` instead";

#[derive(Clone, Copy)]
enum State {
    /// On a byte of the range, to that state.
    Bytes(Utf8Range, u32),
    /// To either state without reading.
    Split(u32, u32),
    /// The end.
    Accept,
}

/// Built back to front: every fragment is compiled towards the state that follows it.
struct Nfa {
    states: Vec<State>,
    /// Repetitions compiled, for patterns that repeat nothing very often.
    work: usize,
}

/// The minimal automaton of a pattern.
pub(super) fn compile(regexp: &Regexp) -> Result<Dfa, String> {
    let mut nfa = Nfa {
        states: vec![State::Accept],
        work: 0,
    };
    let start = nfa.fragment(regexp, 0)?;
    Ok(minimize(&subsets(&nfa, start)?))
}

impl Nfa {
    fn push(&mut self, state: State) -> Result<u32, String> {
        if self.states.len() >= MAX_NFA_STATES {
            return Err(TOO_LARGE.to_owned());
        }
        self.states.push(state);
        Ok(u32::try_from(self.states.len() - 1).unwrap_or(u32::MAX))
    }

    /// The state from which `regexp` and then whatever `after` accepts is accepted. The depth of the
    /// recursion is the pattern's nesting, which the parser bounds.
    fn fragment(&mut self, regexp: &Regexp, after: u32) -> Result<u32, String> {
        match regexp {
            Regexp::Set(ranges) => self.set(ranges, after),
            Regexp::Concat(parts) => parts
                .iter()
                .rev()
                .try_fold(after, |after, part| self.fragment(part, after)),
            Regexp::Alternative(parts) => {
                let mut start = None;
                for part in parts.iter().rev() {
                    let branch = self.fragment(part, after)?;
                    start = Some(match start {
                        None => branch,
                        Some(other) => self.push(State::Split(branch, other))?,
                    });
                }
                Ok(start.unwrap_or(after))
            }
            Regexp::Repeat(inner, min, max) => {
                let mut at = after;
                if let Some(max) = max {
                    for _ in *min..*max {
                        self.count_repetition()?;
                        let once = self.fragment(inner, at)?;
                        at = self.push(State::Split(once, after))?;
                    }
                } else {
                    let again = self.push(State::Split(after, after))?;
                    let once = self.fragment(inner, again)?;
                    if let Some(state) = self.states.get_mut(again as usize) {
                        *state = State::Split(once, after);
                    }
                    at = again;
                }
                for _ in 0..*min {
                    self.count_repetition()?;
                    at = self.fragment(inner, at)?;
                }
                Ok(at)
            }
        }
    }

    fn count_repetition(&mut self) -> Result<(), String> {
        self.work += 1;
        if self.work > MAX_NFA_STATES {
            Err(TOO_LARGE.to_owned())
        } else {
            Ok(())
        }
    }

    /// One character of the ranges; byte sequences share their tails.
    fn set(&mut self, ranges: &[(char, char)], after: u32) -> Result<u32, String> {
        let mut tails: FxHashMap<(u8, u8, u32), u32> = FxHashMap::default();
        let mut heads: Vec<u32> = Vec::new();
        for &(low, high) in ranges {
            for sequence in Utf8Sequences::new(low, high) {
                let mut at = after;
                for range in sequence.as_slice().iter().rev() {
                    let key = (range.start, range.end, at);
                    at = match tails.get(&key) {
                        Some(&state) => state,
                        None => {
                            let state = self.push(State::Bytes(*range, at))?;
                            tails.insert(key, state);
                            state
                        }
                    };
                }
                heads.push(at);
            }
        }
        let mut start = None;
        for head in heads.into_iter().rev() {
            start = Some(match start {
                None => head,
                Some(other) => self.push(State::Split(head, other))?,
            });
        }
        // An empty set: a state that leads nowhere.
        start.map_or_else(
            || self.push(State::Bytes(Utf8Range { start: 1, end: 0 }, after)),
            Ok,
        )
    }

    /// All states that read or accept and can be reached from these without reading, sorted.
    fn closure(&self, from: &mut Vec<u32>, seen: &mut [u32], stamp: u32) -> Vec<u32> {
        let mut out = Vec::new();
        while let Some(state) = from.pop() {
            match seen.get_mut(state as usize) {
                Some(mark) if *mark != stamp => *mark = stamp,
                _ => continue,
            }
            match self.states.get(state as usize) {
                Some(&State::Split(a, b)) => from.extend([b, a]),
                Some(_) => out.push(state),
                None => {}
            }
        }
        out.sort_unstable();
        out
    }

    /// The alphabet classes: bytes that no range tells apart.
    fn alphabet(&self) -> (Vec<u8>, Vec<u8>) {
        let mut starts = [false; 257];
        let mut begin = |at: usize| {
            if let Some(slot) = starts.get_mut(at) {
                *slot = true;
            }
        };
        for state in &self.states {
            if let State::Bytes(range, _) = state
                && range.start <= range.end
            {
                begin(usize::from(range.start));
                begin(usize::from(range.end) + 1);
            }
        }
        let mut class = 0_u8;
        let mut alphabet = Vec::with_capacity(256);
        let mut sample = vec![0_u8];
        for (byte, &start) in (0..=255_u8).zip(&starts) {
            if start && byte > 0 {
                class += 1;
                sample.push(byte);
            }
            alphabet.push(class);
        }
        (alphabet, sample)
    }
}

fn subsets(nfa: &Nfa, start: u32) -> Result<Dfa, String> {
    let (alphabet, samples) = nfa.alphabet();
    let mut seen = vec![0_u32; nfa.states.len()];
    let mut stamp = 1;
    let first = nfa.closure(&mut vec![start], &mut seen, stamp);
    let mut ids: FxHashMap<Vec<u32>, u32> = FxHashMap::default();
    ids.insert(first.clone(), 0);
    let mut sets = vec![first];
    let mut next = Vec::new();
    let mut accept = Vec::new();
    let (mut at, mut work) = (0, 0_usize);
    while let Some(set) = sets.get(at).cloned() {
        at += 1;
        let members: Vec<(Utf8Range, u32)> = set
            .iter()
            .filter_map(|&s| match nfa.states.get(s as usize) {
                Some(&State::Bytes(range, to)) => Some((range, to)),
                _ => None,
            })
            .collect();
        accept.push(u32::from(members.len() < set.len()));
        for &byte in &samples {
            let mut to: Vec<u32> = members
                .iter()
                .filter(|(r, _)| r.start <= byte && byte <= r.end)
                .map(|&(_, to)| to)
                .collect();
            stamp += 1;
            let target = nfa.closure(&mut to, &mut seen, stamp);
            work += 1 + members.len() / 8 + target.len();
            let fresh = u32::try_from(sets.len()).unwrap_or(u32::MAX);
            let id = *ids.entry(target).or_insert_with_key(|target| {
                sets.push(target.clone());
                fresh
            });
            next.push(id);
        }
        if sets.len() > MAX_DFA_STATES || work > MAX_WORK {
            return Err(TOO_LARGE.to_owned());
        }
    }
    Ok(Dfa {
        alphabet,
        classes: samples.len(),
        next,
        accept,
    })
}
