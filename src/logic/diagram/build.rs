//! Building diagrams.
//!
//! The cases are split on the probe that most of them look at, cell by cell, until nothing is left
//! to ask; equal lists of remaining cases are built once (Bryant 1986's sharing, over cells instead of
//! bits). A case that looks at a probe usually differs from "does not apply" in few cells only, so
//! cells are filled from those, and all cells that no case singles out share one child: ten thousand
//! cases that each name one constant cost ten thousand steps, not a hundred million.

use super::{Diagram, DiagramNode, Edge, Probe};
use crate::logic::formula::{Atom, Difference, Node};
use crate::logic::intset::saturate;
use crate::logic::language::ClassGroup;
use crate::logic::{Budget, Formula, IntSet, Logic, OutOfBudget, Term, TermKind};
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;

const WHAT: &str = "building a diagram";
/// A diagram has at most so many probes on one way from its root to a leaf.
const DEPTH_MAX: u32 = 1200;

/// What a node will test, before automata are known.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    Value(Term),
    /// A string term, by its group of languages.
    Class(Term, usize),
    Difference(Difference),
    Equal(Term, Term),
    Some(Term, Formula),
}

/// Lists longer than this are worth a closer look before they are split.
const MANY_CASES: usize = 48;

/// In lists that are no longer than this, what each probe costs makes no difference.
const FEW_CASES: usize = 8;

type Cases = Vec<(Formula, u32)>;

struct Build<'l, 'b> {
    logic: &'l mut Logic,
    budget: &'b mut Budget,
    groups: FxHashMap<Term, Vec<ClassGroup>>,
    memo: FxHashMap<(Cases, u32), Edge>,
    nodes: Vec<DiagramNode>,
    ids: FxHashMap<DiagramNode, u32>,
    tests: FxHashMap<(Term, Formula), Diagram>,
}

impl Logic {
    /// Turns an ordered list of (formula, leaf) into a diagram: the first formula that holds decides,
    /// else the default.
    ///
    /// # Errors
    /// When the budget runs out.
    pub fn diagram(
        &mut self,
        cases: &[(Formula, u32)],
        default: u32,
        budget: &mut Budget,
    ) -> Result<Diagram, OutOfBudget> {
        let roots: Vec<Formula> = cases.iter().map(|(f, _)| *f).collect();
        let mut bases: BTreeMap<Term, Vec<_>> = BTreeMap::new();
        for index in self.reachable(&roots) {
            if let Node::Atom(Atom::InLanguage(term, base)) = self.node(Formula::of_index(index)) {
                bases.entry(*term).or_default().push(*base);
            }
        }
        let mut groups = FxHashMap::default();
        for (term, bases) in bases {
            let TermKind::String { domain, .. } = self.kind(term) else {
                continue;
            };
            groups.insert(term, self.class_groups(&bases, domain));
        }
        let mut build = Build {
            logic: self,
            budget,
            groups,
            memo: FxHashMap::default(),
            nodes: Vec::new(),
            ids: FxHashMap::default(),
            tests: FxHashMap::default(),
        };
        let root = build.edge(cases.to_vec(), default, 0)?;
        let nodes = build.nodes;
        Ok(renumbered(&nodes, root))
    }
}

impl Build<'_, '_> {
    fn edge(&mut self, cases: Cases, default: u32, depth: u32) -> Result<Edge, OutOfBudget> {
        let (cases, default) = tidy(cases, default);
        if cases.is_empty() {
            return Ok(Edge::Leaf(default));
        }
        if depth > DEPTH_MAX {
            return Err(OutOfBudget::new(WHAT));
        }
        let key = (cases, default);
        if let Some(edge) = self.memo.get(&key) {
            return Ok(*edge);
        }
        let probe = self.busiest(&key.0)?;
        let edge = self.split(&probe, &key.0, default, depth)?;
        self.memo.insert(key, edge);
        Ok(edge)
    }

    /// The probe that most cases look at; what says that something is present comes before it.
    fn busiest(&mut self, cases: &Cases) -> Result<Key, OutOfBudget> {
        let mut counts: FxHashMap<Key, usize> = FxHashMap::default();
        for (formula, _) in cases {
            let order = self.logic.reachable(&[*formula]);
            self.budget.spend(order.len() as u64, WHAT)?;
            for index in order {
                if let Some(key) = self.key(Formula::of_index(index)) {
                    *counts.entry(key).or_insert(0) += 1;
                }
            }
        }
        let mut best: Option<(usize, Key)> = None;
        for (key, count) in &counts {
            let better = match &best {
                None => true,
                Some((n, other)) => *count > *n || (*count == *n && self.order(key, other).is_lt()),
            };
            if better {
                best = Some((*count, key.clone()));
            }
        }
        let Some((_, mut key)) = best else {
            return Err(OutOfBudget::new(WHAT));
        };
        // Where no probe is busy, the cases have little in common, and splitting one of each would
        // multiply what is left of all of them. One case after the other only adds.
        let most = counts.get(&key).copied().unwrap_or(0);
        if cases.len() > FEW_CASES && most * 4 < cases.len() {
            key = self.of_first(cases, &counts).unwrap_or(key);
        } else if cases.len() > MANY_CASES {
            key = self.cheapest(cases, &counts, key)?;
        }
        // Guards of guards come first of all.
        for _ in 0..64 {
            let terms = terms(&key);
            let guard = terms
                .iter()
                .flat_map(|t| self.guards(*t))
                .map(Key::Value)
                .filter(|k| *k != key && counts.contains_key(k))
                .min_by(|a, b| self.order(a, b));
            match guard {
                Some(g) => key = g,
                None => break,
            }
        }
        Ok(key)
    }

    /// The busiest of the probes that the first case looks at.
    fn of_first(&self, cases: &Cases, counts: &FxHashMap<Key, usize>) -> Option<Key> {
        let (formula, _) = cases.first()?;
        let own = self.logic.reachable(&[*formula]).into_iter();
        own.filter_map(|index| self.key(Formula::of_index(index)))
            .max_by(|a, b| {
                let busy = |k: &Key| counts.get(k).copied().unwrap_or(0);
                busy(a).cmp(&busy(b)).then_with(|| self.order(b, a))
            })
    }

    /// Among the probes that about as many cases look at, the one whose cells the cases are spread
    /// over most thinly: a constant to be equal to before a bound to be within.
    fn cheapest(
        &mut self,
        cases: &Cases,
        counts: &FxHashMap<Key, usize>,
        busiest: Key,
    ) -> Result<Key, OutOfBudget> {
        let most = counts.get(&busiest).copied().unwrap_or(0);
        let mut rivals: Vec<&Key> = counts
            .iter()
            .filter(|(_, n)| **n * 2 > most)
            .map(|(k, _)| k)
            .collect();
        rivals.sort_by(|a, b| self.order(a, b));
        rivals.truncate(8);
        let mut best: Option<(u64, Key)> = None;
        for key in rivals {
            let (low, high) = self.range(key);
            let mut cuts: Vec<i64> = Vec::new();
            let mut own: Vec<Option<IntSet>> = Vec::with_capacity(cases.len());
            for (formula, _) in cases {
                let parts = match self.logic.node(*formula) {
                    Node::And(parts) if !formula.is_negated() => parts.to_vec(),
                    _ => vec![*formula],
                };
                self.budget.spend(parts.len() as u64, WHAT)?;
                let part = parts
                    .iter()
                    .find(|p| self.key(p.base()).as_ref() == Some(key));
                let set = part.map(|p| {
                    let set = self.set(p.base());
                    if p.is_negated() {
                        set.complement()
                    } else {
                        set
                    }
                });
                for &(l, h) in set.iter().flat_map(|s| s.ranges()) {
                    cuts.push(l);
                    if h < i64::MAX {
                        cuts.push(h + 1);
                    }
                }
                own.push(set);
            }
            cuts.sort_unstable();
            cuts.dedup();
            cuts.retain(|&c| c > low && c <= high);
            let cells = |from: i64, to: i64| {
                let first = cuts.partition_point(|&c| c <= from);
                let last = cuts.partition_point(|&c| c <= to);
                (last + 1 - first) as u64
            };
            let cost: u64 = own
                .iter()
                .map(|set| match set {
                    None => cuts.len() as u64 + 1,
                    Some(set) => set
                        .ranges()
                        .iter()
                        .filter(|(l, h)| *h >= low && *l <= high)
                        .map(|&(l, h)| cells(l.max(low), h.min(high)))
                        .sum(),
                })
                .sum();
            // A split that keeps all cases together gains nothing by being cheap.
            let spread = cost + if cuts.len() < 2 { cost } else { 0 };
            if best.as_ref().is_none_or(|(c, _)| spread < *c) {
                best = Some((spread, key.clone()));
            }
        }
        Ok(best.map_or(busiest, |(_, k)| k))
    }

    fn guards(&self, term: Term) -> Vec<Term> {
        let data = self.logic.term(term);
        let mut all = data.guards.clone();
        if let TermKind::Length(of) | TermKind::Size(of) = data.kind {
            all.extend(&self.logic.term(of).guards);
        }
        all
    }

    /// An order of probes that doesn't depend on the order in which terms were made.
    fn order(&self, a: &Key, b: &Key) -> std::cmp::Ordering {
        let rank = |k: &Key| match k {
            Key::Value(_) => 0,
            Key::Class(..) => 1,
            Key::Equal(..) => 2,
            Key::Difference(_) => 3,
            Key::Some(..) => 4,
        };
        rank(a).cmp(&rank(b)).then_with(|| {
            let (x, y) = (terms(a), terms(b));
            let by_terms = x
                .iter()
                .zip(&y)
                .map(|(s, t)| self.logic.compare_terms(*s, *t))
                .find(|o| o.is_ne())
                .unwrap_or(std::cmp::Ordering::Equal);
            by_terms.then_with(|| match (a, b) {
                (Key::Class(_, i), Key::Class(_, j)) => i.cmp(j),
                (Key::Difference(x), Key::Difference(y)) => (x.ka, x.kb).cmp(&(y.ka, y.kb)),
                (Key::Some(_, f), Key::Some(_, g)) => {
                    self.logic.shape(*f).cmp(&self.logic.shape(*g))
                }
                _ => std::cmp::Ordering::Equal,
            })
        })
    }

    fn key(&self, formula: Formula) -> Option<Key> {
        let Node::Atom(atom) = self.logic.node(formula) else {
            return None;
        };
        Some(match atom {
            Atom::InSet(term, _) => Key::Value(*term),
            Atom::InLanguage(term, base) => {
                let at = self
                    .groups
                    .get(term)?
                    .iter()
                    .position(|g| g.sets.contains_key(base))?;
                Key::Class(*term, at)
            }
            Atom::Difference(d, _) => Key::Difference(*d),
            Atom::Equal(a, b) => Key::Equal(*a, *b),
            Atom::Some(list, body) => Key::Some(*list, *body),
        })
    }

    /// The values of the probe for which a test of it holds.
    fn set(&self, formula: Formula) -> IntSet {
        match self.logic.node(formula) {
            Node::Atom(Atom::InSet(_, set) | Atom::Difference(_, set)) => set.clone(),
            Node::Atom(Atom::InLanguage(term, base)) => self
                .groups
                .get(term)
                .into_iter()
                .flatten()
                .find_map(|g| g.sets.get(base))
                .cloned()
                .unwrap_or_default(),
            _ => IntSet::point(1),
        }
    }

    fn range(&self, key: &Key) -> (i64, i64) {
        match key {
            Key::Value(t) => self.logic.bounds(*t),
            Key::Class(t, at) => {
                let possible = self
                    .groups
                    .get(t)
                    .and_then(|g| g.get(*at))
                    .map(|g| &g.possible);
                let ranges = possible.map(IntSet::ranges).unwrap_or_default();
                match (ranges.first(), ranges.last()) {
                    (Some(a), Some(b)) => (a.0, b.1),
                    _ => (0, 0),
                }
            }
            Key::Difference(d) => {
                let ((min_a, max_a), (min_b, max_b)) =
                    (self.logic.bounds(d.a), self.logic.bounds(d.b));
                (saturate(d.of(min_a, max_b)), saturate(d.of(max_a, min_b)))
            }
            Key::Equal(..) | Key::Some(..) => (0, 1),
        }
    }

    fn split(
        &mut self,
        key: &Key,
        cases: &Cases,
        default: u32,
        depth: u32,
    ) -> Result<Edge, OutOfBudget> {
        let (low, high) = self.range(key);
        // What each case asks of the probe, and the cuts that all of them make.
        let mut asks: Vec<Vec<(usize, IntSet)>> = Vec::with_capacity(cases.len());
        let mut cuts: Vec<i64> = Vec::new();
        for (formula, _) in cases {
            let order = self.logic.reachable(&[*formula]);
            self.budget.spend(order.len() as u64, WHAT)?;
            let mut here = Vec::new();
            for index in order {
                let atom = Formula::of_index(index);
                if self.key(atom).as_ref() == Some(key) {
                    let set = self.set(atom);
                    for &(l, h) in set.ranges() {
                        cuts.push(l);
                        if h < i64::MAX {
                            cuts.push(h + 1);
                        }
                    }
                    here.push((index, set));
                }
            }
            asks.push(here);
        }
        cuts.sort_unstable();
        cuts.dedup();
        cuts.retain(|&c| c > low && c <= high);
        let cells = cuts.len() + 1;
        let start = |cell: usize| match cell.checked_sub(1) {
            None => low,
            Some(c) => cuts.get(c).copied().unwrap_or(high),
        };
        // Cases that apply in most cells, and what single cells add or change.
        let mut common: Vec<(usize, Formula)> = Vec::new();
        let mut special: BTreeMap<usize, Vec<(usize, Formula)>> = BTreeMap::new();
        for (at, ((formula, _), asked)) in cases.iter().zip(&asks).enumerate() {
            if asked.is_empty() {
                common.push((at, *formula));
                continue;
            }
            let mut own: Vec<i64> = asked
                .iter()
                .flat_map(|(_, set)| set.ranges())
                .flat_map(|&(l, h)| [Some(l), h.checked_add(1)])
                .flatten()
                .filter(|&c| c > low && c <= high)
                .collect();
            own.sort_unstable();
            own.dedup();
            let mut spans: Vec<(usize, usize, Formula)> = Vec::new();
            let mut seen: FxHashMap<Vec<bool>, Formula> = FxHashMap::default();
            let edges: Vec<i64> = std::iter::once(low).chain(own).collect();
            for (i, &from) in edges.iter().enumerate() {
                let first = cuts.partition_point(|&c| c <= from);
                let last = match edges.get(i + 1) {
                    Some(&next) => cuts.partition_point(|&c| c < next),
                    None => cells - 1,
                };
                let truth: Vec<bool> = asked.iter().map(|(_, set)| set.contains(from)).collect();
                let rest = match seen.get(&truth) {
                    Some(f) => *f,
                    None => {
                        let values: FxHashMap<usize, bool> = asked
                            .iter()
                            .map(|(index, _)| *index)
                            .zip(truth.iter().copied())
                            .collect();
                        let f = self.assume(*formula, &values)?;
                        seen.insert(truth, f);
                        f
                    }
                };
                spans.push((first, last, rest));
            }
            // The residual that most cells have is the common one.
            let mut width: FxHashMap<Formula, usize> = FxHashMap::default();
            for (first, last, rest) in &spans {
                *width.entry(*rest).or_insert(0) += last + 1 - first;
            }
            let most = width
                .iter()
                .max_by(|a, b| a.1.cmp(b.1).then(b.0.cmp(a.0)))
                .map_or(Formula::FALSE, |(f, _)| *f);
            if most != Formula::FALSE {
                common.push((at, most));
            }
            for (first, last, rest) in spans {
                if rest != most {
                    self.budget.spend((last + 1 - first) as u64, WHAT)?;
                    for cell in first..=last {
                        special.entry(cell).or_default().push((at, rest));
                    }
                }
            }
        }
        let leaf_of = |at: usize| cases.get(at).map_or(default, |c| c.1);
        let mut next = Vec::with_capacity(cells);
        let mut shared: Option<Edge> = None;
        for cell in 0..cells {
            let edge = match special.get(&cell) {
                None => match shared {
                    Some(e) => e,
                    None => {
                        let list = common.iter().map(|(at, f)| (*f, leaf_of(*at))).collect();
                        let e = self.edge(list, default, depth + 1)?;
                        shared = Some(e);
                        e
                    }
                },
                Some(changes) => {
                    self.budget
                        .spend((common.len() + changes.len()) as u64, WHAT)?;
                    let mut list: Vec<(usize, Formula)> =
                        Vec::with_capacity(common.len() + changes.len());
                    let (mut a, mut b) = (common.iter().peekable(), changes.iter().peekable());
                    loop {
                        match (a.peek(), b.peek()) {
                            (Some(x), Some(y)) if x.0 < y.0 => {
                                list.push(**x);
                                a.next();
                            }
                            (Some(x), Some(y)) => {
                                if x.0 == y.0 {
                                    a.next();
                                }
                                list.push(**y);
                                b.next();
                            }
                            (Some(x), None) => {
                                list.push(**x);
                                a.next();
                            }
                            (None, Some(y)) => {
                                list.push(**y);
                                b.next();
                            }
                            (None, None) => break,
                        }
                    }
                    let list = list.into_iter().map(|(at, f)| (f, leaf_of(at))).collect();
                    self.edge(list, default, depth + 1)?
                }
            };
            next.push((start(cell), edge));
        }
        self.node(key, &next)
    }

    /// The formula where tests, by their index, have these values.
    fn assume(
        &mut self,
        formula: Formula,
        values: &FxHashMap<usize, bool>,
    ) -> Result<Formula, OutOfBudget> {
        let order = self.logic.reachable(&[formula]);
        self.budget.spend(order.len() as u64, WHAT)?;
        let mut done: FxHashMap<usize, Formula> = FxHashMap::default();
        for index in order {
            let here = Formula::of_index(index);
            let new = match values.get(&index) {
                Some(&b) => self.logic.constant(b),
                None => match self.logic.node(here).clone() {
                    Node::And(parts) => {
                        let new: Vec<Formula> = parts
                            .iter()
                            .map(|p| {
                                done.get(&p.index())
                                    .copied()
                                    .unwrap_or(p.base())
                                    .negated_if(p.is_negated())
                            })
                            .collect();
                        self.logic.and(&new)
                    }
                    _ => here,
                },
            };
            done.insert(index, new);
        }
        let base = done
            .get(&formula.index())
            .copied()
            .unwrap_or(formula.base());
        Ok(base.negated_if(formula.is_negated()))
    }

    fn node(&mut self, key: &Key, cells: &[(i64, Edge)]) -> Result<Edge, OutOfBudget> {
        let mut cuts = Vec::new();
        let mut next: Vec<Edge> = Vec::new();
        for (from, edge) in cells {
            if next.last() == Some(edge) {
                continue;
            }
            if !next.is_empty() {
                cuts.push(*from);
            }
            next.push(*edge);
        }
        if let [only] = next.as_slice() {
            return Ok(*only);
        }
        let probe = match key {
            Key::Value(t) => Probe::Value(*t),
            Key::Class(t, at) => {
                let group = self.groups.get(t).and_then(|g| g.get(*at));
                let Some(automaton) = group.map(|g| g.automaton) else {
                    return Err(OutOfBudget::new(WHAT));
                };
                Probe::Class(*t, automaton)
            }
            Key::Difference(d) => Probe::Difference(*d),
            Key::Equal(a, b) => Probe::Equal(*a, *b),
            Key::Some(list, body) => {
                let test = match self.tests.get(&(*list, *body)) {
                    Some(d) => d.clone(),
                    None => {
                        let d = self.logic.diagram(&[(*body, 1)], 0, self.budget)?;
                        self.tests.insert((*list, *body), d.clone());
                        d
                    }
                };
                Probe::Some {
                    list: *list,
                    test: Box::new(test),
                }
            }
        };
        let node = DiagramNode { probe, cuts, next };
        if let Some(id) = self.ids.get(&node) {
            return Ok(Edge::Node(*id));
        }
        let id = u32::try_from(self.nodes.len()).unwrap_or(u32::MAX);
        self.nodes.push(node.clone());
        self.ids.insert(node, id);
        Ok(Edge::Node(id))
    }
}

/// Without cases that never hold, those behind one that always does, and those that change nothing.
fn tidy(mut cases: Cases, mut default: u32) -> (Cases, u32) {
    cases.retain(|(f, _)| *f != Formula::FALSE);
    if let Some(at) = cases.iter().position(|(f, _)| *f == Formula::TRUE) {
        if let Some((_, leaf)) = cases.get(at) {
            default = *leaf;
        }
        cases.truncate(at);
    }
    while cases.last().is_some_and(|(_, leaf)| *leaf == default) {
        cases.pop();
    }
    (cases, default)
}

fn terms(key: &Key) -> Vec<Term> {
    match key {
        Key::Value(t) | Key::Class(t, _) | Key::Some(t, _) => vec![*t],
        Key::Difference(d) => vec![d.a, d.b],
        Key::Equal(a, b) => vec![*a, *b],
    }
}

/// Nodes numbered by a walk from the root, children first: the numbers follow from the shape.
fn renumbered(nodes: &[DiagramNode], root: Edge) -> Diagram {
    let mut number: FxHashMap<u32, u32> = FxHashMap::default();
    let mut out: Vec<DiagramNode> = Vec::new();
    let mut stack: Vec<(Edge, bool)> = vec![(root, false)];
    while let Some((edge, done)) = stack.pop() {
        let Edge::Node(id) = edge else { continue };
        if number.contains_key(&id) {
            continue;
        }
        let Some(node) = nodes.get(id as usize) else {
            continue;
        };
        if done {
            let mut node = node.clone();
            for e in &mut node.next {
                if let Edge::Node(old) = e {
                    *old = number.get(old).copied().unwrap_or(0);
                }
            }
            number.insert(id, u32::try_from(out.len()).unwrap_or(u32::MAX));
            out.push(node);
        } else {
            stack.push((edge, true));
            stack.extend(node.next.iter().rev().map(|e| (*e, false)));
        }
    }
    let root = match root {
        Edge::Leaf(l) => Edge::Leaf(l),
        Edge::Node(id) => Edge::Node(number.get(&id).copied().unwrap_or(0)),
    };
    Diagram { nodes: out, root }
}
