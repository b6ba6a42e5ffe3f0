//! Strings of a language: which lengths there are, and the shortest strings of given lengths.

use crate::logic::assignment::length;
use crate::logic::language::Dfa;
use crate::logic::{Budget, IntSet, Language, Logic, OutOfBudget};
use rustc_hash::FxHashMap;
use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

/// How many lengths of a range of wanted ones are looked at one by one. Lengths are only ever
/// compared with constants, which the ranges' ends are; beyond so many past an end nothing new
/// comes, since the lengths of a language repeat with a small period.
const LENGTHS_MAX: usize = 3000;
const WHAT: &str = "looking for a string";

/// A sequence of answers whose last `period` ones repeat for ever; with period 0 it just ends.
struct Repeating {
    accepted: Vec<bool>,
    period: usize,
}

impl Repeating {
    fn has(&self, length: i64) -> bool {
        let Ok(n) = usize::try_from(length) else {
            return false;
        };
        let at = match n.checked_sub(self.accepted.len()) {
            None => n,
            Some(_) if self.period == 0 => return false,
            Some(beyond) => self.accepted.len() - self.period + beyond % self.period,
        };
        self.accepted.get(at) == Some(&true)
    }

    /// The length from which on all are there.
    fn all_from(&self) -> Option<i64> {
        let start = self.accepted.len() - self.period;
        let tail = self.accepted.get(start..)?;
        let all = self.period > 0 && tail.iter().all(|&a| a);
        all.then(|| i64::try_from(start).ok()).flatten()
    }
}

/// Whether a byte begins a character.
fn begins(byte: u8) -> bool {
    byte & 0xC0 != 0x80
}

impl Logic {
    /// The lengths in `wanted` that strings of the language have; of a long range its first ones
    /// only, unless all lengths from some point on are there.
    ///
    /// Reading characters without their values makes the automaton one over a single letter; the
    /// sets of states that it is in after 0, 1, 2 … characters repeat at some point (Chrobak, "Finite
    /// automata and unary languages", 1986), and the lengths with them.
    pub(super) fn lengths(
        &mut self,
        language: Language,
        wanted: &IntSet,
        budget: &mut Budget,
    ) -> Result<IntSet, OutOfBudget> {
        let wanted = wanted.intersect(&IntSet::at_least(0));
        if language.is_all() {
            return Ok(wanted);
        }
        if let Some(strings) = self.finite(language) {
            budget.spend(strings.len() as u64, WHAT)?;
            let all = strings.iter().map(|s| length(s));
            return Ok(IntSet::from_points(all.filter(|&n| wanted.contains(n))));
        }
        let ends = |&(low, high): &(i64, i64)| {
            let tail = i64::try_from(LENGTHS_MAX).unwrap_or(i64::MAX);
            (low, high.min(low.saturating_add(tail)))
        };
        let last = wanted.ranges().iter().map(|r| ends(r).1).max();
        let last = last.and_then(|n| usize::try_from(n).ok()).unwrap_or(0);
        let repeating = self.length_sequence(language, last, budget)?;
        let mut found = Vec::new();
        for range in wanted.ranges() {
            let (low, high) = ends(range);
            budget.spend(high.abs_diff(low), WHAT)?;
            found.extend((low..=high).filter(|n| repeating.has(*n)));
        }
        let mut set = IntSet::from_points(found);
        if let Some(from) = repeating.all_from() {
            set = set.union(&wanted.intersect(&IntSet::at_least(from)));
        }
        Ok(set)
    }

    /// Which lengths strings of the language have, up to `last` or to the first repeat.
    fn length_sequence(
        &mut self,
        language: Language,
        last: usize,
        budget: &mut Budget,
    ) -> Result<Repeating, OutOfBudget> {
        let dfa = self.language_dfa(language);
        let edges = edges(&dfa);
        let mut now = vec![false; dfa.states()];
        if let Some(first) = now.get_mut(0) {
            *first = true;
        }
        let mut seen: FxHashMap<Vec<bool>, usize> = FxHashMap::default();
        let mut made = Repeating {
            accepted: Vec::new(),
            period: 0,
        };
        for length in 0..=last {
            budget.spend(dfa.states() as u64, WHAT)?;
            if let Some(before) = seen.insert(now.clone(), length) {
                made.period = length - before;
                return Ok(made);
            }
            made.accepted
                .push(now.iter().zip(&dfa.accept).any(|(&on, &a)| on && a == 1));
            let mut next = vec![false; dfa.states()];
            for (state, _) in now.iter().enumerate().filter(|(_, on)| **on) {
                for &(leading, to) in edges.get(state).map(Vec::as_slice).unwrap_or_default() {
                    if leading && let Some(n) = next.get_mut(to) {
                        *n = true;
                    }
                }
            }
            // A character has at most three further bytes.
            for _ in 0..3 {
                let before = next.clone();
                for (state, _) in before.iter().enumerate().filter(|(_, on)| **on) {
                    for &(leading, to) in edges.get(state).map(Vec::as_slice).unwrap_or_default() {
                        if !leading && let Some(n) = next.get_mut(to) {
                            *n = true;
                        }
                    }
                }
            }
            now = next;
        }
        Ok(made)
    }

    /// Up to `count` different strings of the language whose lengths are in `lengths`, shortest first.
    pub(super) fn some_strings(
        &mut self,
        language: Language,
        lengths: &IntSet,
        count: usize,
        budget: &mut Budget,
    ) -> Result<Vec<String>, OutOfBudget> {
        if let Some(strings) = self.finite(language) {
            budget.spend(strings.len() as u64, WHAT)?;
            let fitting = strings.iter().filter(|s| lengths.contains(length(s)));
            let mut all: Vec<&String> = fitting.collect();
            if all.len() > 1 {
                all.sort_by_cached_key(|s| (length(s), ranks(s)));
            }
            return Ok(all.into_iter().take(count).cloned().collect());
        }
        let dfa = self.language_dfa(language);
        let allowed = self.lengths(language, lengths, budget)?;
        let mut found: Vec<String> = Vec::new();
        let mut from = 0;
        while found.len() < count {
            let Some(length) = allowed.next_from(from) else {
                break;
            };
            let Ok(n) = usize::try_from(length) else {
                break;
            };
            if n > 200_000 {
                return Err(OutOfBudget::new(WHAT));
            }
            self.of_length(&dfa, n, count, &mut found, budget)?;
            from = length + 1;
        }
        Ok(found)
    }

    /// The strings of a language that is kept as a set of them.
    fn finite(&self, language: Language) -> Option<Arc<BTreeSet<String>>> {
        let set = self.finite_base(language.base())?;
        (!language.is_negated()).then(|| Arc::clone(set))
    }

    /// Adds strings of exactly `length` characters until there are `count`.
    #[allow(clippy::unused_self)]
    fn of_length(
        &self,
        dfa: &Dfa,
        length: usize,
        count: usize,
        found: &mut Vec<String>,
        budget: &mut Budget,
    ) -> Result<(), OutOfBudget> {
        budget.spend((dfa.states() * (length + 1)) as u64, WHAT)?;
        let edges = edges(dfa);
        // can[r][s]: from s the end can be reached with r more characters.
        let mut can: Vec<Vec<bool>> = Vec::with_capacity(length + 1);
        for r in 0..=length {
            let mut here: Vec<bool> = match r.checked_sub(1).and_then(|p| can.get(p)) {
                None => dfa.accept.iter().map(|&a| a == 1).collect(),
                Some(less) => edges
                    .iter()
                    .map(|list| {
                        list.iter()
                            .any(|&(leading, to)| leading && less.get(to) == Some(&true))
                    })
                    .collect(),
            };
            for _ in 0..3 {
                let before = here.clone();
                for (state, list) in edges.iter().enumerate() {
                    if list
                        .iter()
                        .any(|&(leading, to)| !leading && before.get(to) == Some(&true))
                        && let Some(h) = here.get_mut(state)
                    {
                        *h = true;
                    }
                }
            }
            can.push(here);
        }
        // Depth first, with the bytes in the order of preference.
        let mut stack: Vec<(u32, usize, Vec<u8>)> = vec![(0, length, Vec::new())];
        while let Some((state, left, text)) = stack.pop() {
            budget.spend(1, WHAT)?;
            if left == 0 && dfa.class(state) == 1 {
                if let Ok(text) = String::from_utf8(text.clone()) {
                    found.push(text);
                    if found.len() >= count {
                        return Ok(());
                    }
                }
                continue;
            }
            for &byte in PREFERRED.iter().rev() {
                let rest = if begins(byte) {
                    match left.checked_sub(1) {
                        Some(r) => r,
                        None => continue,
                    }
                } else {
                    left
                };
                let next = dfa.step(state, byte);
                let good = can.get(rest).and_then(|c| c.get(next as usize)) == Some(&true);
                if good {
                    let mut more = text.clone();
                    more.push(byte);
                    stack.push((next, rest, more));
                }
            }
        }
        Ok(())
    }
}

/// For each state where it can go, and whether that begins a character.
fn edges(dfa: &Dfa) -> Vec<Vec<(bool, usize)>> {
    // The bytes of an alphabet class go one way: it is enough to know which kinds of bytes it has.
    let mut kinds: Vec<(usize, bool)> = (0..=255_u8)
        .zip(&dfa.alphabet)
        .map(|(byte, &class)| (usize::from(class), begins(byte)))
        .collect();
    kinds.sort_unstable();
    kinds.dedup();
    (0..dfa.states())
        .map(|state| {
            let state = u32::try_from(state).unwrap_or(u32::MAX);
            let mut list: Vec<(bool, usize)> = kinds
                .iter()
                .map(|&(class, begins)| (begins, dfa.step_class(state, class) as usize))
                .collect();
            list.sort_unstable();
            list.dedup();
            list
        })
        .collect()
}

/// All bytes, those that read well first.
static PREFERRED: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut all: Vec<u8> = (b'a'..=b'z').collect();
    all.extend(b'0'..=b'9');
    all.extend(b'A'..=b'Z');
    let rest: Vec<u8> = (0x20..0x7f)
        .chain(0..0x20)
        .chain(0x7f..=0xff)
        .filter(|b| !all.contains(b))
        .collect();
    all.extend(rest);
    all
});

/// The places of a text's bytes in [`PREFERRED`].
fn ranks(text: &str) -> Vec<Option<usize>> {
    let rank = |byte| PREFERRED.iter().position(|&b| b == byte);
    text.bytes().map(rank).collect()
}
