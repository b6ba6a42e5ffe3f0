//! Formulas: hash-consed conjunctions with signed edges (and-inverter graphs with wide conjunctions).
//!
//! A [`Formula`] is an index with a sign; a disjunction is a negated conjunction of negations, so that
//! negation costs nothing and equal formulas of one shape are one. A node's parts always have smaller
//! indices than the node: whatever walks a formula sorts the indices instead of recursing.

use super::language::LanguageId;
use super::{IntSet, Logic, Term};
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::hash_map::Entry;
use std::ops::Not;

/// A formula of a [`Logic`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Formula(u32);

impl Formula {
    /// Always true.
    pub const TRUE: Self = Self(0);
    /// Always false.
    pub const FALSE: Self = Self(1);

    pub(crate) fn index(self) -> usize {
        (self.0 >> 1) as usize
    }

    pub(crate) fn is_negated(self) -> bool {
        self.0 & 1 == 1
    }

    /// The same formula without its sign.
    pub(crate) fn base(self) -> Self {
        Self(self.0 & !1)
    }

    pub(crate) fn negated_if(self, negate: bool) -> Self {
        Self(self.0 ^ u32::from(negate))
    }

    pub(crate) fn of_index(index: usize) -> Self {
        Self(u32::try_from(index << 1).unwrap_or(0))
    }

    /// True or false, whatever the terms are.
    #[must_use]
    pub fn is_constant(self) -> bool {
        self.index() == 0
    }
}

impl Not for Formula {
    type Output = Self;
    fn not(self) -> Self {
        self.negated_if(true)
    }
}

/// What a formula's index stands for, before its sign.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Node {
    True,
    Atom(Atom),
    /// Two or more different parts, sorted, none a positive conjunction, no two opposite.
    And(Box<[Formula]>),
}

/// A single test in canonical form: of a test and its negation one is chosen by a rule that only
/// looks at the meaning.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Atom {
    /// The term is in the set, which is within the term's bounds and lacks its least value.
    InSet(Term, IntSet),
    /// The string is in that language (its base, without sign).
    InLanguage(Term, LanguageId),
    /// The difference is in the set, which is within its range and lacks its least value.
    Difference(Difference, IntSet),
    /// Two strings are equal; the first is less by name.
    Equal(Term, Term),
    /// Some element of the list satisfies the formula.
    Some(Term, Formula),
}

/// `ka·a − kb·b`. Canonical: `a` comes before `b` by name, the factors have no common factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs)]
pub struct Difference {
    pub a: Term,
    pub ka: i64,
    pub b: Term,
    pub kb: i64,
}

impl Difference {
    /// The difference for these values.
    #[must_use]
    pub fn of(&self, a: i64, b: i64) -> i128 {
        i128::from(self.ka) * i128::from(a) - i128::from(self.kb) * i128::from(b)
    }
}

impl Logic {
    /// True or false.
    #[must_use]
    pub fn constant(&self, value: bool) -> Formula {
        Formula::TRUE.negated_if(!value)
    }

    /// The negation.
    #[must_use]
    pub fn not(&self, formula: Formula) -> Formula {
        !formula
    }

    /// All hold; none: true.
    pub fn and(&mut self, parts: &[Formula]) -> Formula {
        let mut flat: Vec<Formula> = Vec::with_capacity(parts.len());
        for &part in parts {
            match self.node(part) {
                Node::And(inner) if !part.is_negated() => flat.extend(inner.iter()),
                Node::True if !part.is_negated() => {}
                Node::True => return Formula::FALSE,
                _ => flat.push(part),
            }
        }
        let Some(mut flat) = self.merge_sets(flat) else {
            return Formula::FALSE;
        };
        flat.sort_unstable();
        flat.dedup();
        if flat
            .windows(2)
            .any(|w| matches!(w, [a, b] if a.base() == b.base()))
        {
            return Formula::FALSE;
        }
        match flat.as_slice() {
            [] => Formula::TRUE,
            [one] => *one,
            _ => self.intern_node(Node::And(flat.into())),
        }
    }

    /// One holds; none: false.
    pub fn or(&mut self, parts: &[Formula]) -> Formula {
        let negated: Vec<Formula> = parts.iter().map(|&f| !f).collect();
        !self.and(&negated)
    }

    /// `a` implies `b`, as a formula.
    pub fn if_then(&mut self, a: Formula, b: Formula) -> Formula {
        self.or(&[!a, b])
    }

    /// Joins the tests of one term into one. `None`: they exclude each other.
    fn merge_sets(&mut self, parts: Vec<Formula>) -> Option<Vec<Formula>> {
        // Key → position in `repeated`, or none while it has been seen once.
        let mut seen: FxHashMap<(Term, Option<Difference>), Option<usize>> = FxHashMap::default();
        let mut repeated: Vec<(Term, Option<Difference>)> = Vec::new();
        for &part in &parts {
            if let Some(key) = self.merge_key(part) {
                match seen.entry(key) {
                    Entry::Vacant(entry) => {
                        entry.insert(None);
                    }
                    Entry::Occupied(mut entry) if entry.get().is_none() => {
                        entry.insert(Some(repeated.len()));
                        repeated.push(key);
                    }
                    Entry::Occupied(_) => {}
                }
            }
        }
        if repeated.is_empty() {
            return Some(parts);
        }
        let mut rest: Vec<Formula> = Vec::with_capacity(parts.len());
        let mut joined: Vec<Option<IntSet>> = vec![None; repeated.len()];
        for part in parts {
            let at = self
                .merge_key(part)
                .and_then(|key| seen.get(&key).copied().flatten());
            let slot = at.and_then(|at| joined.get_mut(at));
            match (slot, self.literal_set(part)) {
                (Some(slot), Some(set)) => {
                    *slot = Some(
                        slot.as_ref()
                            .map_or_else(|| set.clone(), |s| s.intersect(&set)),
                    );
                }
                _ => rest.push(part),
            }
        }
        for ((term, difference), set) in repeated.into_iter().zip(joined) {
            let set = set.unwrap_or_default();
            let formula = match difference {
                None => self.in_set(term, set),
                Some(d) => self.difference(d.a, d.ka, d.b, d.kb, set),
            };
            match formula {
                Formula::FALSE => return None,
                Formula::TRUE => {}
                formula => rest.push(formula),
            }
        }
        Some(rest)
    }

    fn merge_key(&self, part: Formula) -> Option<(Term, Option<Difference>)> {
        match self.node(part) {
            Node::Atom(Atom::InSet(term, _)) => Some((*term, None)),
            Node::Atom(Atom::Difference(d, _)) => Some((d.a, Some(*d))),
            _ => None,
        }
    }

    /// The values that make a test of an integer or a difference true, sign included.
    pub(crate) fn literal_set(&self, literal: Formula) -> Option<IntSet> {
        match self.node(literal) {
            Node::Atom(Atom::InSet(_, set) | Atom::Difference(_, set)) => {
                Some(if literal.is_negated() {
                    set.complement()
                } else {
                    set.clone()
                })
            }
            _ => None,
        }
    }

    /// A description of a formula that doesn't depend on the order in which formulas were made.
    pub(crate) fn shape(&self, formula: Formula) -> String {
        use std::fmt::Write;
        let mut texts: FxHashMap<usize, String> = FxHashMap::default();
        for index in self.reachable(&[formula]) {
            let text = match self.node(Formula::of_index(index)) {
                Node::True => "true".to_owned(),
                Node::Atom(Atom::InSet(t, set)) => format!("{} in {set:?}", self.name(*t)),
                Node::Atom(Atom::InLanguage(t, base)) => {
                    format!("{} of {:?}", self.name(*t), self.language_data(*base))
                }
                Node::Atom(Atom::Difference(d, set)) => {
                    format!(
                        "{}*{}-{}*{} in {set:?}",
                        d.ka,
                        self.name(d.a),
                        d.kb,
                        self.name(d.b)
                    )
                }
                Node::Atom(Atom::Equal(a, b)) => format!("{}={}", self.name(*a), self.name(*b)),
                Node::Atom(Atom::Some(list, body)) => {
                    format!("some {} ({})", self.name(*list), self.shape(*body))
                }
                Node::And(parts) => {
                    let mut list: Vec<String> = parts
                        .iter()
                        .map(|p| {
                            let text = texts.get(&p.index()).cloned().unwrap_or_default();
                            if p.is_negated() {
                                format!("!{text}")
                            } else {
                                text
                            }
                        })
                        .collect();
                    list.sort();
                    let mut text = String::from("(");
                    for part in list {
                        let _ = write!(text, "{part}&");
                    }
                    text.push(')');
                    text
                }
            };
            texts.insert(index, text);
        }
        let text = texts.remove(&formula.index()).unwrap_or_default();
        if formula.is_negated() {
            format!("!{text}")
        } else {
            text
        }
    }

    pub(crate) fn atom(&mut self, atom: Atom) -> Formula {
        self.intern_node(Node::Atom(atom))
    }

    fn intern_node(&mut self, node: Node) -> Formula {
        if let Some(&index) = self.node_ids.get(&node) {
            return Formula::of_index(index as usize);
        }
        let index = self.nodes.len();
        self.nodes.push(node.clone());
        self.node_ids
            .insert(node, u32::try_from(index).unwrap_or(u32::MAX));
        Formula::of_index(index)
    }

    /// The node behind a formula, sign apart.
    pub(crate) fn node(&self, formula: Formula) -> &Node {
        self.nodes.get(formula.index()).unwrap_or(&Node::True)
    }

    /// The indices of all nodes of these formulas (bodies of `some` apart), parts before wholes.
    pub(crate) fn reachable(&self, roots: &[Formula]) -> Vec<usize> {
        let mut seen: FxHashSet<usize> = FxHashSet::default();
        let mut stack: Vec<usize> = roots.iter().map(|f| f.index()).collect();
        while let Some(index) = stack.pop() {
            if seen.insert(index)
                && let Some(Node::And(parts)) = self.nodes.get(index)
            {
                stack.extend(parts.iter().map(|f| f.index()));
            }
        }
        let mut order: Vec<usize> = seen.into_iter().collect();
        order.sort_unstable();
        order
    }
}
