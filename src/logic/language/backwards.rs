//! The strings that an automaton puts into some of its classes, found backwards from the states
//! that give those classes: of an automaton with thousands of classes, each class concerns a few
//! states only.

use super::{Dfa, Language};
use crate::logic::{Automaton, AutomatonId, IntSet, Logic};
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;
use std::sync::Arc;

/// An automaton's edges, turned round.
#[derive(Clone, Debug)]
pub(crate) struct Backwards {
    automaton: Automaton,
    /// The states that lead to each state.
    from: Vec<Vec<u32>>,
    /// The states that give each class.
    giving: BTreeMap<u32, Vec<u32>>,
}

impl Backwards {
    fn new(automaton: &Automaton) -> Self {
        let classes = (automaton.classes as usize).max(1);
        let mut from: Vec<Vec<u32>> = vec![Vec::new(); automaton.accept.len()];
        for (state, row) in (0_u32..).zip(automaton.next.chunks(classes)) {
            for &to in row {
                if let Some(list) = from.get_mut(to as usize)
                    && list.last() != Some(&state)
                {
                    list.push(state);
                }
            }
        }
        let mut giving: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for (state, &class) in (0_u32..).zip(&automaton.accept) {
            giving.entry(class).or_default().push(state);
        }
        Self {
            automaton: automaton.clone(),
            from,
            giving,
        }
    }

    /// The states from which one with such a class can be reached, numbered: the start first.
    fn reaching(&self, wanted: impl Fn(u32) -> bool) -> FxHashMap<u32, u32> {
        let mut open: Vec<u32> = self
            .giving
            .iter()
            .filter(|(class, _)| wanted(**class))
            .flat_map(|(_, states)| states.iter().copied())
            .collect();
        let mut seen: FxHashMap<u32, u32> = open.iter().map(|s| (*s, 0)).collect();
        while let Some(state) = open.pop() {
            for &before in self.from.get(state as usize).map_or(&[][..], Vec::as_slice) {
                if seen.insert(before, 0).is_none() {
                    open.push(before);
                }
            }
        }
        let mut states: Vec<u32> = seen.into_keys().collect();
        states.sort_unstable();
        states.into_iter().zip(0..).collect()
    }
}

impl Logic {
    /// The strings whose class lies in the set. `None` if they need too large an automaton.
    pub fn class_language(&mut self, id: AutomatonId, set: &IntSet) -> Option<Language> {
        let key = (id, set.clone());
        if let Some(&known) = self.class_languages.get(&key) {
            return Some(known);
        }
        let backwards = match self.backwards.get(&id) {
            Some(known) => Arc::clone(known),
            None => {
                let made = Arc::new(Backwards::new(self.automaton(id)));
                self.backwards.insert(id, Arc::clone(&made));
                made
            }
        };
        // Class 0 takes in what nothing speaks of: by what it is not, it is small as well.
        let inside = !set.contains(0);
        let wanted = |class: u32| set.contains(i64::from(class)) == inside;
        let states = backwards.reaching(wanted);
        let language = if states.contains_key(&0) {
            let dfa = within(&backwards.automaton, &states, wanted);
            self.language_within_utf8(&dfa)?
        } else {
            self.literals(&[])
        };
        let language = if inside {
            language
        } else {
            self.lang_not(language)
        };
        self.class_languages.insert(key, language);
        Some(language)
    }
}

/// The automaton with the numbered states only, and one more that everything else leads to.
fn within(
    automaton: &Automaton,
    states: &FxHashMap<u32, u32>,
    wanted: impl Fn(u32) -> bool,
) -> Dfa {
    let classes = automaton.classes as usize;
    let dead = u32::try_from(states.len()).unwrap_or(u32::MAX);
    let mut kept: Vec<u32> = states.keys().copied().collect();
    kept.sort_unstable();
    let mut next = Vec::with_capacity((kept.len() + 1) * classes);
    let mut accept = Vec::with_capacity(kept.len() + 1);
    for state in kept {
        let row = state as usize * classes;
        let row = automaton.next.get(row..row + classes).unwrap_or_default();
        next.extend(row.iter().map(|to| states.get(to).copied().unwrap_or(dead)));
        let class = automaton.accept.get(state as usize).copied().unwrap_or(0);
        accept.push(u32::from(wanted(class)));
    }
    next.extend(std::iter::repeat_n(dead, classes));
    accept.push(0);
    let mut alphabet = vec![0_u8; 256];
    for (byte, slot) in alphabet.iter_mut().enumerate() {
        let at = automaton
            .alphabet
            .partition_point(|&(first, _)| usize::from(first) <= byte);
        let class = at.checked_sub(1).and_then(|i| automaton.alphabet.get(i));
        *slot = u8::try_from(class.map_or(0, |&(_, c)| c)).unwrap_or(0);
    }
    Dfa {
        alphabet,
        classes,
        next,
        accept,
    }
}
