//! Class automata: one automaton that tells many languages apart at once.

use super::dfa::Dfa;
use super::{LanguageData, LanguageId, finite};
use crate::logic::{AutomatonId, IntSet, Language, Logic};
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;

/// An automaton and the classes that make up each of some languages.
#[derive(Clone, Debug)]
pub(crate) struct ClassGroup {
    pub automaton: AutomatonId,
    /// The classes that some string of the domain can have.
    pub possible: IntSet,
    /// For each base, its classes.
    pub sets: FxHashMap<LanguageId, IntSet>,
}

/// A class automaton in the making; `signatures[class]` says which languages (by index) the strings of
/// that class are in. Class 0 is in none.
struct Group {
    dfa: Dfa,
    signatures: Vec<Vec<u32>>,
    /// The states of the parts, added up.
    parts: usize,
}

/// A group may have more states than its parts together by this factor and this many.
const GROWTH: usize = 4;
const SLACK: usize = 512;

impl Logic {
    /// Groups languages so that each group's automaton stays about as small as its parts together. The
    /// result depends on the languages alone, not on their order.
    pub(crate) fn class_groups(
        &mut self,
        bases: &[LanguageId],
        domain: Language,
    ) -> Vec<ClassGroup> {
        let mut bases = bases.to_vec();
        bases.sort_by(|&a, &b| self.language_data(a).cmp(&self.language_data(b)));
        bases.dedup();
        let mut groups: Vec<Group> = Vec::new();
        if let Some(group) = self.literal_group(&bases) {
            groups.push(group);
        }
        for (index, &base) in (0_u32..).zip(&bases) {
            if let Some(LanguageData::Automaton(dfa)) = self.language_data(base) {
                let dfa = dfa.as_ref().clone();
                if !groups.iter_mut().any(|group| group.absorb(&dfa, index)) {
                    groups.push(Group {
                        parts: dfa.states(),
                        dfa,
                        signatures: vec![Vec::new(), vec![index]],
                    });
                }
            }
        }
        groups
            .into_iter()
            .map(|group| self.finish(group, &bases, domain))
            .collect()
    }

    /// All finite languages in one trie, with a class for each set of strings that they can't tell
    /// apart.
    fn literal_group(&self, bases: &[LanguageId]) -> Option<Group> {
        let mut members: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
        for (index, &base) in (0_u32..).zip(bases) {
            if let Some(set) = self.finite_base(base) {
                for string in set.iter() {
                    members.entry(string).or_default().push(index);
                }
            }
        }
        if members.is_empty() {
            return None;
        }
        let mut ids: FxHashMap<Vec<u32>, u32> = FxHashMap::default();
        let mut signatures = vec![Vec::new()];
        let strings: Vec<(&str, u32)> = members
            .into_iter()
            .map(|(text, signature)| {
                let fresh = u32::try_from(signatures.len()).unwrap_or(u32::MAX);
                let class = *ids.entry(signature).or_insert_with_key(|signature| {
                    signatures.push(signature.clone());
                    fresh
                });
                (text, class)
            })
            .collect();
        let dfa = finite::trie(strings.iter().copied());
        Some(Group {
            parts: dfa.states(),
            dfa,
            signatures,
        })
    }

    /// Numbers the classes in the order in which the automaton's states first show them.
    fn finish(&mut self, group: Group, bases: &[LanguageId], domain: Language) -> ClassGroup {
        let mut number: FxHashMap<u32, u32> = FxHashMap::default();
        number.insert(0, 0);
        for &class in &group.dfa.accept {
            let fresh = u32::try_from(number.len()).unwrap_or(u32::MAX);
            number.entry(class).or_insert(fresh);
        }
        let dfa = group
            .dfa
            .map_classes(|class| number.get(&class).copied().unwrap_or(0));
        let mut classes: FxHashMap<u32, Vec<i64>> = FxHashMap::default();
        for (class, signature) in (0_u32..).zip(&group.signatures) {
            if let Some(&class) = number.get(&class) {
                for &index in signature {
                    classes.entry(index).or_default().push(i64::from(class));
                }
            }
        }
        let sets = classes
            .into_iter()
            .filter_map(|(index, classes)| {
                Some((*bases.get(index as usize)?, IntSet::from_points(classes)))
            })
            .collect();
        let possible = self.possible_classes(&dfa, number.len(), domain);
        ClassGroup {
            automaton: self.intern_automaton(&dfa),
            possible,
            sets,
        }
    }

    fn possible_classes(&mut self, dfa: &Dfa, count: usize, domain: Language) -> IntSet {
        let all = IntSet::range(0, i64::try_from(count).unwrap_or(i64::MAX) - 1);
        if domain.is_all() {
            return all;
        }
        let domain = self.language_dfa(domain);
        let cap = 4 * (dfa.states() + domain.states()) + SLACK;
        // Class c within the domain becomes c + 1.
        match dfa.product(
            &domain,
            cap,
            |class, inside| if inside == 1 { class + 1 } else { 0 },
        ) {
            Some(both) => IntSet::from_points(
                both.accept
                    .iter()
                    .filter(|&&c| c > 0)
                    .map(|&c| i64::from(c) - 1),
            ),
            None => all,
        }
    }
}

impl Group {
    /// Adds a language if the automaton doesn't grow much beyond its parts.
    fn absorb(&mut self, dfa: &Dfa, index: u32) -> bool {
        let parts = self.parts + dfa.states();
        let mut ids: FxHashMap<(u32, u32), u32> = FxHashMap::default();
        let mut signatures: Vec<Vec<u32>> = vec![Vec::new()];
        ids.insert((0, 0), 0);
        let old = &self.signatures;
        let both = self
            .dfa
            .product(dfa, GROWTH * parts + SLACK, |class, inside| {
                let fresh = u32::try_from(signatures.len()).unwrap_or(u32::MAX);
                *ids.entry((class, inside)).or_insert_with(|| {
                    let mut signature = old.get(class as usize).cloned().unwrap_or_default();
                    if inside == 1 {
                        signature.push(index);
                    }
                    signatures.push(signature);
                    fresh
                })
            });
        let Some(both) = both else {
            return false;
        };
        *self = Self {
            dfa: both,
            signatures,
            parts,
        };
        true
    }
}
