//! Pure mathematics: terms over finite and infinite domains, formulas, satisfiability with
//! witnesses, decision diagrams, automata. No word of policies.
//!
//! # The vocabulary (everything else in this folder serves it)
//!
//! A [`Logic`] interns *terms* (variables with a sort), *languages* (regular sets of strings) and
//! *formulas* (hash-consed, negation normal form inside). Atoms are
//!
//! | atom | meaning |
//! | --- | --- |
//! | `in_set(t, S)` | integer term `t` lies in `S`, a finite union of intervals |
//! | `in_language(s, L)` | string term `s` lies in the regular language `L` |
//! | `difference(ka·a − kb·b ∈ S)` | for two integer terms and positive factors |
//! | `equal(a, b)` | two terms of one sort are equal |
//! | `some(list, body)` | some element of the list satisfies `body`, a formula over the list's element terms and outer terms |
//!
//! Bools are integers 0 and 1, enums their variants' indices, presence is a 0/1 term of its own.
//! `length_of(s)` and `size_of(list)` are integer terms tied to `s` and `list`.
//!
//! Questions: `solve(formula, budget)` gives `Ok(Some(witness))`, `Ok(None)` (unsatisfiable), or
//! `Err(OutOfBudget)`; it is exact. `diagram(cases)` turns an ordered list of (formula, leaf), the
//! first that holds wins, into a shared acyclic graph whose nodes test integer-valued *probes*.

mod assignment;
mod atoms;
mod automaton;
mod budget;
mod diagram;
mod formula;
mod intset;
mod language;
mod lookup;
mod smallest;
mod solve;
mod term;
#[cfg(test)]
mod tests;

pub use assignment::Assignment;
pub use automaton::{Automaton, AutomatonId};
pub use budget::{Budget, LONG_LIST, OutOfBudget};
pub use diagram::{Diagram, DiagramNode, Edge, Path, Probe, Step};
pub use formula::{Difference, Formula};
pub use intset::IntSet;
pub use language::Language;
pub use lookup::Lookup;
pub use smallest::{Enough, smallest};
pub use term::{MAX_LENGTH, Term, TermKind};

use formula::Node;
use language::{Backwards, Dfa, LanguageData, LanguageId};
use rustc_hash::FxHashMap;
use std::sync::Arc;
use term::{TermData, TermKey};

/// A universe of terms, languages and formulas. Ids of one must not be used with another.
#[derive(Clone, Debug)]
pub struct Logic {
    terms: Vec<TermData>,
    term_ids: FxHashMap<TermKey, Term>,
    no_term: TermData,
    nodes: Vec<Node>,
    node_ids: FxHashMap<Node, u32>,
    languages: Vec<LanguageData>,
    language_ids: FxHashMap<LanguageData, LanguageId>,
    language_dfas: FxHashMap<Language, Arc<Dfa>>,
    intersections: FxHashMap<(Language, Language), Language>,
    utf8: Arc<Dfa>,
    automata: Vec<Automaton>,
    backwards: FxHashMap<AutomatonId, Arc<Backwards>>,
    class_languages: FxHashMap<(AutomatonId, IntSet), Language>,
    automaton_ids: FxHashMap<Automaton, AutomatonId>,
    no_automaton: Automaton,
    effort: u32,
}

impl Default for Logic {
    fn default() -> Self {
        Self::new()
    }
}

impl Logic {
    /// An empty universe.
    #[must_use]
    pub fn new() -> Self {
        let mut logic = Self {
            terms: Vec::new(),
            term_ids: FxHashMap::default(),
            no_term: TermData {
                name: String::new(),
                kind: TermKind::Int { min: 0, max: 0 },
                list: None,
                instance: 0,
                guards: Vec::new(),
            },
            nodes: vec![Node::True],
            node_ids: std::iter::once((Node::True, 0)).collect(),
            languages: Vec::new(),
            language_ids: FxHashMap::default(),
            language_dfas: FxHashMap::default(),
            intersections: FxHashMap::default(),
            utf8: Arc::new(Dfa::utf8()),
            automata: Vec::new(),
            backwards: FxHashMap::default(),
            class_languages: FxHashMap::default(),
            automaton_ids: FxHashMap::default(),
            no_automaton: Automaton {
                alphabet: vec![(0, 0)],
                classes: 1,
                next: vec![0],
                accept: vec![0],
            },
            effort: 1,
        };
        // Base 0 is the empty language: `Language::NONE` and `Language::ALL` rely on it.
        logic.language_of_strings(std::collections::BTreeSet::new());
        logic
    }

    /// How many times the usual work a question may take.
    pub fn set_effort(&mut self, effort: u32) {
        self.effort = effort.max(1);
    }

    /// The budget of one question.
    #[must_use]
    pub fn budget(&self) -> Budget {
        Budget::of_effort(self.effort)
    }
}
