//! Constructors of atoms: each brings its test into canonical form and sees the constants.

use super::formula::{Atom, Difference, Node};
use super::intset::saturate;
use super::{Formula, IntSet, Language, Logic, Term, TermKind};
use rustc_hash::FxHashMap;
use std::cmp::Ordering;

impl Logic {
    /// The integer term lies in the set. False for a term that is no integer.
    pub fn in_set(&mut self, term: Term, set: IntSet) -> Formula {
        if !self.is_int(term) {
            return Formula::FALSE;
        }
        let (min, max) = self.bounds(term);
        match canonical(&set, min, max) {
            Canonical::Constant(value) => self.constant(value),
            Canonical::Set(set, negated) => self.atom(Atom::InSet(term, set)).negated_if(negated),
        }
    }

    /// The string term lies in the language. False for a term that is no string.
    pub fn in_language(&mut self, term: Term, language: Language) -> Formula {
        let TermKind::String { domain, min, max } = self.kind(term) else {
            return Formula::FALSE;
        };
        let language = self.within_domain(language, domain, min, max);
        if language.is_none() {
            return Formula::FALSE;
        }
        if language.is_all() {
            return Formula::TRUE;
        }
        self.atom(Atom::InLanguage(term, language.base()))
            .negated_if(language.is_negated())
    }

    /// `ka·a − kb·b` lies in the set; the factors are positive. A set that ends at `i64::MIN` or
    /// `i64::MAX` has no such end. False if a term is no integer.
    pub fn difference(&mut self, a: Term, ka: i64, b: Term, kb: i64, set: IntSet) -> Formula {
        if !self.is_int(a) || !self.is_int(b) || ka <= 0 || kb <= 0 {
            return Formula::FALSE;
        }
        let common = gcd(ka, kb);
        let (mut d, mut set) = (
            Difference {
                a,
                ka: ka / common,
                b,
                kb: kb / common,
            },
            set.divided(common),
        );
        match self.compare_terms(a, b) {
            Ordering::Equal => return self.multiple(a, i128::from(d.ka) - i128::from(d.kb), &set),
            Ordering::Greater => {
                set = set.negated();
                d = Difference {
                    a: d.b,
                    ka: d.kb,
                    b: d.a,
                    kb: d.ka,
                };
            }
            Ordering::Less => {}
        }
        let ((min_a, max_a), (min_b, max_b)) = (self.bounds(d.a), self.bounds(d.b));
        let (min, max) = (saturate(d.of(min_a, max_b)), saturate(d.of(max_a, min_b)));
        match canonical(&set, min, max) {
            Canonical::Constant(value) => self.constant(value),
            Canonical::Set(set, negated) => self.atom(Atom::Difference(d, set)).negated_if(negated),
        }
    }

    /// `k·term` lies in the set.
    fn multiple(&mut self, term: Term, k: i128, set: &IntSet) -> Formula {
        match k.cmp(&0) {
            Ordering::Equal => self.constant(set.contains(0)),
            Ordering::Greater => self.in_set(term, set.divided(saturate(k))),
            Ordering::Less => self.in_set(term, set.negated().divided(saturate(-k))),
        }
    }

    /// Two terms of one sort are equal. False for lists and for terms of different sorts.
    pub fn equal(&mut self, a: Term, b: Term) -> Formula {
        if self.is_int(a) && self.is_int(b) {
            return self.difference(a, 1, b, 1, IntSet::point(0));
        }
        let strings = [a, b]
            .iter()
            .all(|&t| matches!(self.kind(t), TermKind::String { .. }));
        match self.compare_terms(a, b) {
            _ if !strings => Formula::FALSE,
            Ordering::Equal => Formula::TRUE,
            Ordering::Less => self.atom(Atom::Equal(a, b)),
            Ordering::Greater => self.atom(Atom::Equal(b, a)),
        }
    }

    /// Some element of the list satisfies `body`, a formula over the list's element terms and outer
    /// terms; a `some` in it must not ask about this list's element. Parts of `body` that don't look at the element are taken out of it. False if `list`
    /// is no list.
    pub fn some(&mut self, list: Term, body: Formula) -> Formula {
        if !matches!(self.kind(list), TermKind::List { .. }) {
            return Formula::FALSE;
        }
        if !self.mentions_element(list, body) {
            let nonempty = self.non_empty(list);
            return self.and(&[nonempty, body]);
        }
        if let Some(inner) = self.inner_some(body) {
            // A `some` inside asks nothing of this element: it holds for all elements or for none
            // (Shannon's expansion).
            let (with, without) = (
                self.replaced(body, inner, Formula::TRUE),
                self.replaced(body, inner, Formula::FALSE),
            );
            let (with, without) = (self.some(list, with), self.some(list, without));
            let with = self.and(&[inner, with]);
            let without = self.and(&[!inner, without]);
            return self.or(&[with, without]);
        }
        let Node::And(parts) = self.node(body).clone() else {
            return self.atom(Atom::Some(list, body));
        };
        let (inner, outer): (Vec<Formula>, Vec<Formula>) = parts
            .iter()
            .partition(|&&part| self.mentions_element(list, part));
        if outer.is_empty() {
            return self.atom(Atom::Some(list, body));
        }
        let inner = self.and(&inner);
        let outer = self.and(&outer);
        if body.is_negated() {
            // ¬(inner ∧ outer): an element with ¬inner, or any element if ¬outer.
            let nonempty = self.non_empty(list);
            let any = self.and(&[nonempty, !outer]);
            let one = self.some(list, !inner);
            self.or(&[one, any])
        } else {
            let one = self.some(list, inner);
            self.and(&[one, outer])
        }
    }

    /// The first `some` in a formula, without its sign.
    fn inner_some(&self, formula: Formula) -> Option<Formula> {
        let is_some = |index: &usize| {
            let node = self.node(Formula::of_index(*index));
            matches!(node, Node::Atom(Atom::Some(..)))
        };
        let order = self.reachable(&[formula]);
        order.into_iter().find(is_some).map(Formula::of_index)
    }

    /// The formula with a part of it (without its sign) replaced.
    fn replaced(&mut self, formula: Formula, part: Formula, by: Formula) -> Formula {
        let mut made: FxHashMap<usize, Formula> = FxHashMap::default();
        // Parts have smaller indices than what they are parts of.
        for index in self.reachable(&[formula]) {
            let this = Formula::of_index(index);
            let new = match self.node(this).clone() {
                _ if this == part => by,
                Node::And(parts) => {
                    let parts: Vec<Formula> = parts
                        .iter()
                        .map(|p| {
                            let new = made.get(&p.index()).copied().unwrap_or(p.base());
                            new.negated_if(p.is_negated())
                        })
                        .collect();
                    self.and(&parts)
                }
                _ => this,
            };
            made.insert(index, new);
        }
        let new = made.get(&formula.index()).copied();
        new.unwrap_or(formula.base())
            .negated_if(formula.is_negated())
    }

    /// Every element of the list satisfies `body`.
    pub fn every(&mut self, list: Term, body: Formula) -> Formula {
        !self.some(list, !body)
    }

    fn non_empty(&mut self, list: Term) -> Formula {
        let size = self.size_of(list);
        self.in_set(size, IntSet::at_least(1))
    }

    /// Whether the formula looks at the element of the list.
    fn mentions_element(&self, list: Term, formula: Formula) -> bool {
        self.mentions(formula, |logic, term| {
            let data = logic.term(term);
            data.list == Some(list) && data.instance == 0
        })
    }

    /// Whether some atom has a term with the property, those in the bodies of `some` left out.
    pub(crate) fn mentions(
        &self,
        formula: Formula,
        property: impl Fn(&Self, Term) -> bool,
    ) -> bool {
        self.reachable(&[formula]).into_iter().any(|index| {
            let Node::Atom(atom) = self.node(Formula::of_index(index)) else {
                return false;
            };
            match atom {
                Atom::InSet(t, _) | Atom::InLanguage(t, _) => property(self, *t),
                Atom::Difference(d, _) => property(self, d.a) || property(self, d.b),
                Atom::Equal(a, b) => property(self, *a) || property(self, *b),
                // Its body speaks of its own element.
                Atom::Some(list, _) => property(self, *list),
            }
        })
    }
}

enum Canonical {
    Constant(bool),
    /// The set within the range, without the range's least value, and whether it was complemented.
    Set(IntSet, bool),
}

fn canonical(set: &IntSet, min: i64, max: i64) -> Canonical {
    let range = IntSet::range(min, max);
    let set = set.intersect(&range);
    if set.is_empty() {
        Canonical::Constant(false)
    } else if set == range {
        Canonical::Constant(true)
    } else if set.contains(min) {
        Canonical::Set(range.minus(&set), true)
    } else {
        Canonical::Set(set, false)
    }
}

fn gcd(a: i64, b: i64) -> i64 {
    let (mut a, mut b) = (a, b);
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a.max(1)
}
