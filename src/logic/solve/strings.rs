//! Strings of a language: which lengths there are, and the shortest strings of given lengths.

use crate::logic::language::Dfa;
use crate::logic::{Budget, IntSet, Language, Logic, OutOfBudget};

/// Lengths beyond this are not looked at one by one.
const LENGTHS_MAX: usize = 3000;
const WHAT: &str = "looking for a string";

/// Whether a byte begins a character.
fn begins(byte: u8) -> bool {
    byte & 0xC0 != 0x80
}

impl Logic {
    /// The lengths in `wanted` that strings of the language have.
    pub(super) fn lengths(
        &mut self,
        language: Language,
        wanted: &IntSet,
        budget: &mut Budget,
    ) -> Result<IntSet, OutOfBudget> {
        if language.is_all() {
            return Ok(wanted.intersect(&IntSet::at_least(0)));
        }
        let dfa = self.language_dfa(language);
        let edges = edges(&dfa);
        let mut now = vec![false; dfa.states()];
        if let Some(first) = now.get_mut(0) {
            *first = true;
        }
        let high = wanted.ranges().last().map_or(0, |r| r.1);
        let cap = usize::try_from(high)
            .unwrap_or(LENGTHS_MAX)
            .min(LENGTHS_MAX);
        let mut found = Vec::new();
        for length in 0..=cap {
            budget.spend(dfa.states() as u64, WHAT)?;
            if now.iter().zip(&dfa.accept).any(|(&on, &a)| on && a == 1) {
                found.push(i64::try_from(length).unwrap_or(i64::MAX));
            }
            let mut next = vec![false; dfa.states()];
            let mut any = false;
            for (state, _) in now.iter().enumerate().filter(|(_, on)| **on) {
                for &(leading, to) in edges.get(state).map(Vec::as_slice).unwrap_or_default() {
                    if leading && let Some(n) = next.get_mut(to) {
                        *n = true;
                        any = true;
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
            if !any {
                return Ok(wanted.intersect(&IntSet::from_points(found)));
            }
        }
        let mut set = IntSet::from_points(found.iter().copied());
        // Beyond the cap, lengths go on as they did: all of them, where the last ones were all there.
        let last: Vec<i64> = found.iter().rev().take(64).copied().collect();
        if last.len() == 64 && last.windows(2).all(|w| matches!(w, [a, b] if a - b == 1)) {
            set = set.union(&IntSet::at_least(i64::try_from(cap).unwrap_or(i64::MAX)));
        }
        Ok(wanted.intersect(&set))
    }

    /// Up to `count` different strings of the language whose lengths are in `lengths`, shortest first.
    pub(super) fn some_strings(
        &mut self,
        language: Language,
        lengths: &IntSet,
        count: usize,
        budget: &mut Budget,
    ) -> Result<Vec<String>, OutOfBudget> {
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
            if n >= LENGTHS_MAX && found.is_empty() {
                return Err(OutOfBudget::new(WHAT));
            }
        }
        Ok(found)
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
        let bytes = preferred();
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
            for &byte in bytes.iter().rev() {
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
    (0..dfa.states())
        .map(|state| {
            let state = u32::try_from(state).unwrap_or(u32::MAX);
            let mut list: Vec<(bool, usize)> = (0..=255u8)
                .map(|b| (begins(b), dfa.step(state, b) as usize))
                .collect();
            list.sort_unstable();
            list.dedup();
            list
        })
        .collect()
}

/// All bytes, those that read well first.
fn preferred() -> Vec<u8> {
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
}
