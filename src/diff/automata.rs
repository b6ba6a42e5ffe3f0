//! One automaton for several: so that what two tables match one text with becomes one question.

use super::universe::Universe;
use crate::logic::{Automaton, AutomatonId, IntSet, Term};
use rustc_hash::FxHashMap;
use std::collections::VecDeque;

/// A product may have so many states.
const STATES_MAX: usize = 40_000;
/// No more automata than these are joined.
const PARTS_MAX: usize = 6;

/// An automaton that tells apart what each of some others tells apart.
#[derive(Clone, Debug)]
pub(super) struct Joined {
    pub(super) automaton: AutomatonId,
    /// Class `c` of the whole is class `parts[i].1[c]` of the part.
    parts: Vec<(AutomatonId, Vec<u32>)>,
}

impl Joined {
    /// The classes of the whole for which a part's class lies in the range.
    pub(super) fn classes(&self, part: AutomatonId, low: i64, high: i64) -> Option<IntSet> {
        let (_, own) = self.parts.iter().find(|(id, _)| *id == part)?;
        let inside = (0_i64..)
            .zip(own)
            .filter(|(_, class)| (low..=high).contains(&i64::from(**class)));
        Some(IntSet::from_points(inside.map(|(whole, _)| whole)))
    }
}

impl Universe<'_> {
    /// Joins the automata that a term is matched with, if they stay small together. Without, each is
    /// a question of its own.
    pub(super) fn join(&mut self, term: Term, mut ids: Vec<AutomatonId>) {
        ids.sort_unstable();
        ids.dedup();
        if ids.len() < 2 || ids.len() > PARTS_MAX {
            return;
        }
        let parts: Vec<Automaton> = ids
            .iter()
            .map(|id| self.logic.automaton(*id).clone())
            .collect();
        if let Some((automaton, classes)) = product(&parts) {
            let automaton = self.logic.add_automaton(automaton);
            let parts = ids.into_iter().zip(classes).collect();
            self.joined.insert(term, Joined { automaton, parts });
        }
    }
}

/// The product, and for each part the part's class by the whole's.
fn product(parts: &[Automaton]) -> Option<(Automaton, Vec<Vec<u32>>)> {
    // Bytes that all parts treat alike are one class of the alphabet.
    let mut letters: FxHashMap<Vec<u32>, u32> = FxHashMap::default();
    let mut kinds: Vec<Vec<u32>> = Vec::new();
    let mut alphabet: Vec<(u8, u32)> = Vec::new();
    for byte in 0..=255_u8 {
        let kind: Vec<u32> = parts.iter().map(|a| letter(a, byte)).collect();
        let next = u32::try_from(kinds.len()).ok()?;
        let class = *letters.entry(kind.clone()).or_insert_with(|| {
            kinds.push(kind);
            next
        });
        if alphabet.last().is_none_or(|(_, last)| *last != class) {
            alphabet.push((byte, class));
        }
    }
    let start = vec![0_u32; parts.len()];
    let mut numbers: FxHashMap<Vec<u32>, u32> = FxHashMap::default();
    numbers.insert(start.clone(), 0);
    let mut queue = VecDeque::from([start]);
    let mut next = Vec::new();
    let mut ends: Vec<Vec<u32>> = Vec::new();
    while let Some(state) = queue.pop_front() {
        let end = parts.iter().zip(&state);
        ends.push(
            end.map(|(a, s)| a.accept.get(*s as usize).copied().unwrap_or(0))
                .collect(),
        );
        for kind in &kinds {
            let to: Vec<u32> = parts
                .iter()
                .zip(&state)
                .zip(kind)
                .map(|((a, s), class)| {
                    let at = u64::from(*s) * u64::from(a.classes) + u64::from(*class);
                    let at = usize::try_from(at).unwrap_or(usize::MAX);
                    a.next.get(at).copied().unwrap_or(0)
                })
                .collect();
            let fresh = u32::try_from(numbers.len()).ok()?;
            let number = *numbers.entry(to.clone()).or_insert_with(|| {
                queue.push_back(to);
                fresh
            });
            next.push(number);
        }
        if numbers.len() > STATES_MAX {
            return None;
        }
    }
    // Class 0 is what no part knows.
    let mut classes: FxHashMap<Vec<u32>, u32> = FxHashMap::default();
    let mut own: Vec<Vec<u32>> = vec![vec![0]; parts.len()];
    classes.insert(vec![0; parts.len()], 0);
    let mut accept = Vec::with_capacity(ends.len());
    for end in ends {
        let fresh = u32::try_from(classes.len()).ok()?;
        let class = *classes.entry(end.clone()).or_insert_with(|| {
            for (list, class) in own.iter_mut().zip(&end) {
                list.push(*class);
            }
            fresh
        });
        accept.push(class);
    }
    let automaton = Automaton {
        alphabet,
        classes: u32::try_from(kinds.len()).ok()?,
        next,
        accept,
    };
    Some((automaton, own))
}

fn letter(automaton: &Automaton, byte: u8) -> u32 {
    let at = automaton
        .alphabet
        .partition_point(|&(first, _)| first <= byte);
    let run = at.checked_sub(1).and_then(|i| automaton.alphabet.get(i));
    run.map_or(0, |&(_, class)| class)
}
