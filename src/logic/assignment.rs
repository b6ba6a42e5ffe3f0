//! Assignments: concrete values for terms, and the direct meaning of formulas under them.

use super::formula::{Atom, Node};
use super::{Formula, Logic, Term, TermKind};
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;

/// Values for terms. Lengths and sizes follow from their strings and lists.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Assignment {
    ints: BTreeMap<Term, i64>,
    strings: BTreeMap<Term, String>,
    lists: BTreeMap<Term, Vec<Assignment>>,
}

impl Assignment {
    /// No values.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The value of an integer term, if it has one.
    #[must_use]
    pub fn int(&self, term: Term) -> Option<i64> {
        self.ints.get(&term).copied()
    }

    /// The value of a string term, if it has one.
    #[must_use]
    pub fn string(&self, term: Term) -> Option<&str> {
        self.strings.get(&term).map(String::as_str)
    }

    /// The elements of a list term: each gives values to the list's element terms.
    #[must_use]
    pub fn elements(&self, list: Term) -> &[Self] {
        self.lists.get(&list).map_or(&[], Vec::as_slice)
    }

    /// Whether the list has a value, be it empty.
    #[must_use]
    pub fn has_list(&self, list: Term) -> bool {
        self.lists.contains_key(&list)
    }

    /// Gives an integer term a value. Lengths and sizes are better set through their strings and lists.
    pub fn set_int(&mut self, term: Term, value: i64) {
        self.ints.insert(term, value);
    }

    /// Gives a string term a value.
    pub fn set_string(&mut self, term: Term, value: impl Into<String>) {
        self.strings.insert(term, value.into());
    }

    /// Gives a list term its elements.
    pub fn set_elements(&mut self, list: Term, elements: Vec<Self>) {
        self.lists.insert(list, elements);
    }

    /// The terms that have a value of their own.
    pub fn terms(&self) -> impl Iterator<Item = Term> + '_ {
        self.ints
            .keys()
            .chain(self.strings.keys())
            .chain(self.lists.keys())
            .copied()
    }
}

/// An assignment, or an element's values laid over it.
#[derive(Clone, Copy)]
struct Scope<'a> {
    outer: Option<&'a Scope<'a>>,
    /// The list whose element the values are.
    list: Option<Term>,
    values: &'a Assignment,
}

impl Logic {
    /// The truth of a formula under an assignment, straight from the definitions. A term without a
    /// value counts as its least integer, the empty string, or the empty list.
    #[must_use]
    pub fn eval(&self, formula: Formula, assignment: &Assignment) -> bool {
        let scope = Scope {
            outer: None,
            list: None,
            values: assignment,
        };
        self.eval_in(formula, &scope)
    }

    fn eval_in(&self, formula: Formula, scope: &Scope<'_>) -> bool {
        let mut truth: FxHashMap<usize, bool> = FxHashMap::default();
        for index in self.reachable(&[formula]) {
            let value = match self.node(Formula::of_index(index)) {
                Node::True => true,
                Node::Atom(atom) => self.eval_atom(atom, scope),
                Node::And(parts) => parts.iter().all(|part| {
                    truth.get(&part.index()).copied().unwrap_or(true) != part.is_negated()
                }),
            };
            truth.insert(index, value);
        }
        truth.get(&formula.index()).copied().unwrap_or(true) != formula.is_negated()
    }

    fn eval_atom(&self, atom: &Atom, scope: &Scope<'_>) -> bool {
        match atom {
            Atom::InSet(term, set) => set.contains(self.int_in(*term, scope)),
            Atom::InLanguage(term, language) => {
                self.base_contains(*language, self.string_in(*term, scope))
            }
            Atom::Difference(d, set) => {
                set.contains_wide(d.of(self.int_in(d.a, scope), self.int_in(d.b, scope)))
            }
            Atom::Equal(a, b) => self.string_in(*a, scope) == self.string_in(*b, scope),
            Atom::Some(list, body) => {
                let elements = self.scope_of(*list, scope).values.elements(*list);
                elements.iter().any(|values| {
                    let inner = Scope {
                        outer: Some(scope),
                        list: Some(*list),
                        values,
                    };
                    self.eval_in(*body, &inner)
                })
            }
        }
    }

    /// The innermost scope that may hold the term: its list's, or the outermost.
    fn scope_of<'a>(&self, term: Term, scope: &'a Scope<'a>) -> &'a Scope<'a> {
        let list = self.list_of(term);
        let mut at = scope;
        while at.list != list
            && let Some(outer) = at.outer
        {
            at = outer;
        }
        at
    }

    fn string_in<'a>(&self, term: Term, scope: &'a Scope<'a>) -> &'a str {
        self.scope_of(term, scope).values.string(term).unwrap_or("")
    }

    fn int_in(&self, term: Term, scope: &Scope<'_>) -> i64 {
        let values = self.scope_of(term, scope).values;
        match self.kind(term) {
            TermKind::Length(of) if values.string(of).is_some() => {
                length(values.string(of).unwrap_or(""))
            }
            TermKind::Size(of) if values.has_list(of) => length_of_slice(values.elements(of)),
            _ => values.int(term).unwrap_or(self.bounds(term).0),
        }
    }
}

/// The length in Unicode scalar values.
pub(crate) fn length(text: &str) -> i64 {
    i64::try_from(text.chars().count()).unwrap_or(i64::MAX)
}

fn length_of_slice<T>(items: &[T]) -> i64 {
    i64::try_from(items.len()).unwrap_or(i64::MAX)
}
