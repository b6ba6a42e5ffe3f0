//! Terms: variables with a sort, interned by name.

use super::{Language, Logic};
use std::cmp::Ordering;

/// The longest string that a term may stand for, in Unicode scalar values, where nothing else
/// bounds it.
pub const MAX_LENGTH: i64 = (1 << 53) - 1;

/// A variable of a [`Logic`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Term(pub(crate) u32);

/// What a term stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TermKind {
    /// An integer within bounds (both included).
    Int {
        /// Least value.
        min: i64,
        /// Greatest value.
        max: i64,
    },
    /// A string of a language, with bounds on its length in Unicode scalar values.
    String {
        /// The language.
        domain: Language,
        /// Least length.
        min: i64,
        /// Greatest length.
        max: i64,
    },
    /// A list with bounds on its size.
    List {
        /// Least size.
        min: i64,
        /// Greatest size.
        max: i64,
    },
    /// The length of that string term.
    Length(Term),
    /// The size of that list term.
    Size(Term),
}

#[derive(Clone, Debug)]
pub(crate) struct TermData {
    pub name: String,
    pub kind: TermKind,
    /// The list whose element this is a part of.
    pub list: Option<Term>,
    /// 0 for the element in question, else the number of an element that the solver has made.
    pub instance: u32,
    /// Terms that diagrams test before this one.
    pub guards: Vec<Term>,
}

/// What a term is interned by: list, instance, tag of the sort, name.
pub(crate) type TermKey = (Option<Term>, u32, u8, String);

impl Logic {
    /// An integer term. A name that is known already gives the term made first, whatever the bounds.
    pub fn int(&mut self, name: &str, min: i64, max: i64) -> Term {
        self.intern_term(None, 0, name, TermKind::Int { min, max })
    }

    /// A string term whose values are the domain's.
    pub fn string(&mut self, name: &str, domain: Language) -> Term {
        self.intern_term(None, 0, name, string_kind(domain))
    }

    /// A list term.
    pub fn list(&mut self, name: &str, min: i64, max: i64) -> Term {
        self.intern_term(None, 0, name, list_kind(min, max))
    }

    /// An integer term of the element of that list, for use inside [`Logic::some`].
    pub fn element_int(&mut self, list: Term, name: &str, min: i64, max: i64) -> Term {
        self.intern_term(Some(list), 0, name, TermKind::Int { min, max })
    }

    /// A string term of the element of that list, for use inside [`Logic::some`].
    pub fn element_string(&mut self, list: Term, name: &str, domain: Language) -> Term {
        self.intern_term(Some(list), 0, name, string_kind(domain))
    }

    /// Bounds the length of a string term, in Unicode scalar values: part of its domain. Much cheaper
    /// than a language that counts. Call it before building formulas over the term.
    pub fn limit_length(&mut self, term: Term, min: i64, max: Option<i64>) {
        if let Some(TermData {
            kind:
                TermKind::String {
                    min: low,
                    max: high,
                    ..
                },
            ..
        }) = self.terms.get_mut(term.0 as usize)
        {
            *low = (*low).max(min);
            *high = (*high).min(max.unwrap_or(MAX_LENGTH));
        }
    }

    /// The length of a string term in Unicode scalar values. Of anything else: a constant 0.
    pub fn length_of(&mut self, term: Term) -> Term {
        self.derived(term, TermKind::Length(term), "length")
    }

    /// The size of a list term. Of anything else: a constant 0.
    pub fn size_of(&mut self, list: Term) -> Term {
        self.derived(list, TermKind::Size(list), "size")
    }

    fn derived(&mut self, of: Term, kind: TermKind, word: &str) -> Term {
        let data = self.term(of);
        let name = data.name.clone();
        let (list, instance) = (data.list, data.instance);
        match (data.kind, kind) {
            (TermKind::String { .. }, TermKind::Length(_))
            | (TermKind::List { .. }, TermKind::Size(_)) => {
                self.intern_term(list, instance, &name, kind)
            }
            _ => {
                let kind = TermKind::Int { min: 0, max: 0 };
                self.intern_term(list, instance, &format!("{name}#{word}"), kind)
            }
        }
    }

    /// Makes diagrams test `presence` before `term` (and before its length, size and elements)
    /// wherever both matter.
    pub fn require_first(&mut self, term: Term, presence: Term) {
        if term != presence
            && let Some(data) = self.terms.get_mut(term.0 as usize)
            && !data.guards.contains(&presence)
        {
            data.guards.push(presence);
        }
    }

    /// The name that the term was made with.
    #[must_use]
    pub fn name(&self, term: Term) -> &str {
        &self.term(term).name
    }

    /// What the term stands for.
    #[must_use]
    pub fn kind(&self, term: Term) -> TermKind {
        self.term(term).kind
    }

    /// The list whose element the term is a part of.
    #[must_use]
    pub fn list_of(&self, term: Term) -> Option<Term> {
        self.term(term).list
    }

    /// The least and greatest value of an integer term (lengths and sizes included).
    #[must_use]
    pub fn bounds(&self, term: Term) -> (i64, i64) {
        match self.kind(term) {
            TermKind::Int { min, max }
            | TermKind::String { min, max, .. }
            | TermKind::List { min, max } => (min, max),
            TermKind::Length(of) | TermKind::Size(of) => match self.kind(of) {
                TermKind::String { min, max, .. } | TermKind::List { min, max } => (min, max),
                _ => (0, 0),
            },
        }
    }

    pub(crate) fn is_int(&self, term: Term) -> bool {
        matches!(
            self.kind(term),
            TermKind::Int { .. } | TermKind::Length(_) | TermKind::Size(_)
        )
    }

    /// The data of a term. Terms are only made by interning, so the index is good; a term of another
    /// `Logic` gets the first term's data.
    pub(crate) fn term(&self, term: Term) -> &TermData {
        self.terms.get(term.0 as usize).unwrap_or(&self.no_term)
    }

    pub(crate) fn intern_term(
        &mut self,
        list: Option<Term>,
        instance: u32,
        name: &str,
        kind: TermKind,
    ) -> Term {
        let key = (list, instance, tag(kind), name.to_owned());
        if let Some(&term) = self.term_ids.get(&key) {
            return term;
        }
        let term = Term(u32::try_from(self.terms.len()).unwrap_or(u32::MAX));
        self.terms.push(TermData {
            name: name.to_owned(),
            kind,
            list,
            instance,
            guards: Vec::new(),
        });
        self.term_ids.insert(key, term);
        term
    }

    /// The order of terms by name, independent of the order in which they were made.
    pub(crate) fn compare_terms(&self, a: Term, b: Term) -> Ordering {
        if a == b {
            return Ordering::Equal;
        }
        let (x, y) = (self.term(a), self.term(b));
        let lists = match (x.list, y.list) {
            (Some(l), Some(m)) => self.term(l).name.cmp(&self.term(m).name),
            (l, m) => l.is_some().cmp(&m.is_some()),
        };
        lists
            .then_with(|| x.name.cmp(&y.name))
            .then_with(|| tag(x.kind).cmp(&tag(y.kind)))
            .then_with(|| x.instance.cmp(&y.instance))
    }
}

fn string_kind(domain: Language) -> TermKind {
    TermKind::String {
        domain,
        min: 0,
        max: MAX_LENGTH,
    }
}

fn list_kind(min: i64, max: i64) -> TermKind {
    TermKind::List {
        min: min.max(0),
        max,
    }
}

fn tag(kind: TermKind) -> u8 {
    match kind {
        TermKind::Int { .. } => 0,
        TermKind::String { .. } => 1,
        TermKind::List { .. } => 2,
        TermKind::Length(_) => 3,
        TermKind::Size(_) => 4,
    }
}
