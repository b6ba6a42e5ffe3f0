//! Which formulas of a list hold for an assignment.
//!
//! Most rules of a long list say of one and the same term what it has to be: a name, a number, a
//! bound. So the list is sorted by the term that splits it best (box-splitting on the busiest term),
//! strings by a table of their texts, numbers by the cells between all bounds; only formulas of the
//! right cell, and those that say nothing of the term, are looked at.

use super::formula::{Atom, Node};
use super::{Assignment, Formula, IntSet, Logic, Term, TermKind};
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;

/// Shorter lists are looked through.
const SHORT: usize = 24;
/// Formulas are in so many cells on average at most, or the term is not used.
const CELLS_PER_FORMULA: usize = 16;
/// How deep a formula is walked without a memory.
const DEPTH: u32 = 12;

/// A list of formulas, to be asked which of them hold.
pub struct Lookup {
    formulas: Vec<Formula>,
    sorted: Sorted,
    /// Formulas that have to be looked at always.
    rest: Vec<usize>,
}

enum Sorted {
    Not,
    Texts(Term, FxHashMap<String, Vec<usize>>),
    /// Cell k begins at cut k − 1.
    Cells(Term, Vec<i64>, Vec<Vec<usize>>),
}

impl Lookup {
    /// Sorts the list.
    #[must_use]
    pub fn new(logic: &Logic, formulas: Vec<Formula>) -> Self {
        let (sorted, rest) = if formulas.len() <= SHORT {
            (Sorted::Not, (0..formulas.len()).collect())
        } else {
            sorted(logic, &formulas)
        };
        Self {
            formulas,
            sorted,
            rest,
        }
    }

    /// The formulas, in the order in which they were given.
    #[must_use]
    pub fn formulas(&self) -> &[Formula] {
        &self.formulas
    }

    /// The numbers of the formulas that hold, ascending. The assignment has a value for every term of
    /// the list.
    #[must_use]
    pub fn holding(&self, logic: &Logic, values: &Assignment) -> Vec<usize> {
        let none: &[usize] = &[];
        let here: &[usize] = match &self.sorted {
            Sorted::Not => none,
            Sorted::Texts(term, texts) => values
                .string(*term)
                .and_then(|t| texts.get(t))
                .map_or(none, Vec::as_slice),
            Sorted::Cells(term, cuts, cells) => {
                let n = logic.int_value(*term, values);
                let at = cuts.partition_point(|&c| c <= n);
                cells.get(at).map_or(none, Vec::as_slice)
            }
        };
        let mut all: Vec<usize> = here
            .iter()
            .chain(&self.rest)
            .copied()
            .filter(|&i| {
                self.formulas
                    .get(i)
                    .is_some_and(|f| logic.holds(*f, values))
            })
            .collect();
        all.sort_unstable();
        all
    }
}

/// What a formula demands of a term for certain.
enum Demand {
    Text(Vec<String>),
    Number(IntSet),
}

fn demands(logic: &Logic, formula: Formula) -> Vec<(Term, Demand)> {
    let single = [formula];
    let parts: &[Formula] = match logic.node(formula) {
        Node::And(parts) if !formula.is_negated() => parts,
        _ => &single,
    };
    let mut all = Vec::new();
    for &part in parts {
        match logic.node(part) {
            Node::Atom(Atom::InSet(term, _)) if logic.list_of(*term).is_none() => {
                if let Some(set) = logic.literal_set(part) {
                    all.push((*term, Demand::Number(set)));
                }
            }
            Node::Atom(Atom::InLanguage(term, base))
                if !part.is_negated() && logic.list_of(*term).is_none() =>
            {
                if let Some(texts) = logic.finite_base(*base) {
                    all.push((*term, Demand::Text(texts.iter().cloned().collect())));
                }
            }
            _ => {}
        }
    }
    all
}

fn sorted(logic: &Logic, formulas: &[Formula]) -> (Sorted, Vec<usize>) {
    let mut by_term: BTreeMap<Term, Vec<(usize, Demand)>> = BTreeMap::new();
    for (i, formula) in formulas.iter().enumerate() {
        for (term, demand) in demands(logic, *formula) {
            by_term.entry(term).or_default().push((i, demand));
        }
    }
    let mut best: Option<(u64, Sorted, Vec<bool>)> = None;
    for (term, list) in by_term {
        if list.len() * 2 < formulas.len() {
            continue;
        }
        let mut inside = vec![false; formulas.len()];
        for (i, _) in &list {
            if let Some(flag) = inside.get_mut(*i) {
                *flag = true;
            }
        }
        let rest = (formulas.len() - list.len()) as u64;
        let Some((sorted, places, cells)) = place(term, list) else {
            continue;
        };
        // Formulas that an ordinary question looks at, in hundredths.
        let cost = rest * 100 + places * 100 / cells.max(1);
        if best.as_ref().is_none_or(|(c, ..)| cost < *c) {
            best = Some((cost, sorted, inside));
        }
    }
    match best {
        None => (Sorted::Not, (0..formulas.len()).collect()),
        Some((_, sorted, inside)) => {
            let rest = inside
                .iter()
                .enumerate()
                .filter(|(_, here)| !**here)
                .map(|(i, _)| i)
                .collect();
            (sorted, rest)
        }
    }
}

/// The list sorted by that term, with the number of places taken and of cells.
fn place(term: Term, list: Vec<(usize, Demand)>) -> Option<(Sorted, u64, u64)> {
    let most = list.len() * CELLS_PER_FORMULA;
    if list.iter().all(|(_, d)| matches!(d, Demand::Text(_))) {
        let mut texts: FxHashMap<String, Vec<usize>> = FxHashMap::default();
        let mut places = 0;
        for (i, demand) in list {
            if let Demand::Text(all) = demand {
                places += all.len();
                for text in all {
                    texts.entry(text).or_default().push(i);
                }
            }
        }
        let cells = texts.len() as u64;
        return Some((Sorted::Texts(term, texts), places as u64, cells));
    }
    let mut cuts: Vec<i64> = Vec::new();
    for (_, demand) in &list {
        let Demand::Number(set) = demand else {
            return None;
        };
        for &(low, high) in set.ranges() {
            cuts.push(low);
            cuts.extend(high.checked_add(1));
        }
    }
    cuts.sort_unstable();
    cuts.dedup();
    let cell = |n: i64| cuts.partition_point(|&c| c <= n);
    let mut cells: Vec<Vec<usize>> = vec![Vec::new(); cuts.len() + 1];
    let mut places = 0;
    for (i, demand) in &list {
        let Demand::Number(set) = demand else {
            return None;
        };
        for &(low, high) in set.ranges() {
            let (first, last) = (cell(low), cell(high));
            places += last + 1 - first;
            if places > most {
                return None;
            }
            for at in cells.iter_mut().take(last + 1).skip(first) {
                at.push(*i);
            }
        }
    }
    let count = cells.len() as u64;
    Some((Sorted::Cells(term, cuts, cells), places as u64, count))
}

impl Logic {
    /// The value of an integer term outside lists.
    pub(crate) fn int_value(&self, term: Term, values: &Assignment) -> i64 {
        match self.kind(term) {
            TermKind::Length(of) if values.string(of).is_some() => {
                super::assignment::length(values.string(of).unwrap_or(""))
            }
            TermKind::Size(of) if values.has_list(of) => {
                i64::try_from(values.elements(of).len()).unwrap_or(i64::MAX)
            }
            _ => values.int(term).unwrap_or(self.bounds(term).0),
        }
    }

    /// [`Logic::eval`] for formulas that are small and flat, as those of rules are.
    #[must_use]
    pub fn holds(&self, formula: Formula, values: &Assignment) -> bool {
        self.holds_to(formula, values, DEPTH)
            .unwrap_or_else(|| self.eval(formula, values))
    }

    fn holds_to(&self, formula: Formula, values: &Assignment, depth: u32) -> Option<bool> {
        let base = match self.node(formula) {
            Node::True => true,
            Node::Atom(Atom::InSet(term, set)) => set.contains(self.int_value(*term, values)),
            Node::Atom(Atom::InLanguage(term, base)) => {
                self.base_contains(*base, values.string(*term).unwrap_or(""))
            }
            Node::Atom(Atom::Difference(d, set)) => {
                set.contains_wide(d.of(self.int_value(d.a, values), self.int_value(d.b, values)))
            }
            Node::Atom(Atom::Equal(a, b)) => {
                values.string(*a).unwrap_or("") == values.string(*b).unwrap_or("")
            }
            Node::Atom(Atom::Some(..)) => return None,
            Node::And(parts) => {
                let deeper = depth.checked_sub(1)?;
                let mut all = true;
                for part in parts {
                    if !self.holds_to(*part, values, deeper)? {
                        all = false;
                        break;
                    }
                }
                all
            }
        };
        Some(base != formula.is_negated())
    }

    /// The terms that formulas look at: strings and lists instead of their lengths and sizes, and
    /// terms of elements as well.
    #[must_use]
    pub fn terms_of(&self, formulas: &[Formula]) -> std::collections::BTreeSet<Term> {
        let mut found = std::collections::BTreeSet::new();
        let mut seen = rustc_hash::FxHashSet::default();
        let mut open: Vec<Formula> = formulas.to_vec();
        while let Some(formula) = open.pop() {
            if !seen.insert(formula.index()) {
                continue;
            }
            let mut add = |term: Term| {
                found.insert(match self.kind(term) {
                    TermKind::Length(of) | TermKind::Size(of) => of,
                    _ => term,
                });
            };
            match self.node(formula) {
                Node::True => {}
                Node::And(parts) => open.extend(parts.iter()),
                Node::Atom(Atom::InSet(t, _) | Atom::InLanguage(t, _)) => add(*t),
                Node::Atom(Atom::Difference(d, _)) => {
                    add(d.a);
                    add(d.b);
                }
                Node::Atom(Atom::Equal(a, b)) => {
                    add(*a);
                    add(*b);
                }
                Node::Atom(Atom::Some(list, body)) => {
                    add(*list);
                    open.push(*body);
                }
            }
        }
        found
    }

    /// Whether the formula can be seen to be satisfiable without a search: each of its tests looks at
    /// a term that none of the others looks at. Says nothing where it says no.
    #[must_use]
    pub fn plainly_possible(&self, formula: Formula) -> bool {
        let mut taken: Vec<Term> = Vec::new();
        self.plainly(formula, &mut taken, DEPTH)
    }

    fn plainly(&self, formula: Formula, taken: &mut Vec<Term>, depth: u32) -> bool {
        let Some(deeper) = depth.checked_sub(1) else {
            return false;
        };
        match self.node(formula) {
            Node::True => !formula.is_negated(),
            Node::And(parts) if !formula.is_negated() => {
                // Single tests first: they leave no choice.
                let single = |f: &&Formula| matches!(self.node(**f), Node::Atom(_));
                parts
                    .iter()
                    .filter(single)
                    .all(|&p| self.plainly(p, taken, deeper))
                    && parts
                        .iter()
                        .filter(|p| !single(p))
                        .all(|&p| self.plainly(p, taken, deeper))
            }
            Node::And(parts) => parts.iter().any(|&part| {
                let before = taken.len();
                let good = self.plainly(!part, taken, deeper);
                if !good {
                    taken.truncate(before);
                }
                good
            }),
            Node::Atom(Atom::InSet(term, _)) => {
                // A test in canonical form is neither always true nor always false.
                let free = match self.kind(*term) {
                    TermKind::Length(of) => {
                        matches!(self.kind(of), TermKind::String { domain, .. } if domain.is_all())
                    }
                    _ => true,
                };
                free && self.take(*term, taken)
            }
            Node::Atom(Atom::InLanguage(term, base)) => {
                let TermKind::String { domain, max, .. } = self.kind(*term) else {
                    return false;
                };
                domain.is_all()
                    && max > 2
                    && self.finite_base(*base).is_some()
                    && self.take(*term, taken)
            }
            Node::Atom(_) => false,
        }
    }

    fn take(&self, term: Term, taken: &mut Vec<Term>) -> bool {
        let of = match self.kind(term) {
            TermKind::Length(of) | TermKind::Size(of) => of,
            _ => term,
        };
        if taken.contains(&of) || self.list_of(of).is_some_and(|l| taken.contains(&l)) {
            return false;
        }
        taken.push(of);
        true
    }
}
