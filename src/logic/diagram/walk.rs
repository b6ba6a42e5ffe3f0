//! Walking diagrams: for an assignment, and over all paths.

use super::{Diagram, Edge, Probe};
use crate::logic::{Assignment, Formula, IntSet, Logic, Term, TermKind};
use std::collections::{BTreeMap, VecDeque};

/// One step of a path: at `node`, branch `branch` of its `next` is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs)]
pub struct Step {
    pub node: u32,
    pub branch: u32,
}

/// A path from the root to a leaf.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    /// The steps from the root.
    pub steps: Vec<Step>,
    /// Where it ends.
    pub leaf: u32,
}

pub(super) fn decide(logic: &Logic, diagram: &Diagram, assignment: &Assignment) -> u32 {
    walk(logic, diagram, assignment, None)
}

/// `element`: the list whose element is looked at, and the element's values.
fn walk(
    logic: &Logic,
    diagram: &Diagram,
    assignment: &Assignment,
    element: Option<(Term, &Assignment)>,
) -> u32 {
    let mut edge = diagram.root;
    loop {
        let id = match edge {
            Edge::Leaf(leaf) => return leaf,
            Edge::Node(id) => id,
        };
        let Some(node) = diagram.nodes.get(id as usize) else {
            return 0;
        };
        let value = value(logic, &node.probe, assignment, element);
        let at = node.cuts.partition_point(|&c| i128::from(c) <= value);
        edge = node.next.get(at).copied().unwrap_or(Edge::Leaf(0));
    }
}

fn value(
    logic: &Logic,
    probe: &Probe,
    assignment: &Assignment,
    element: Option<(Term, &Assignment)>,
) -> i128 {
    let of = |t: Term| match element {
        Some((list, values)) if logic.list_of(t) == Some(list) => values,
        _ => assignment,
    };
    let int = |t: Term| -> i64 {
        let values = of(t);
        match logic.kind(t) {
            TermKind::Length(s) if values.string(s).is_some() => {
                crate::logic::assignment::length(values.string(s).unwrap_or(""))
            }
            TermKind::Size(l) if values.has_list(l) => {
                i64::try_from(values.elements(l).len()).unwrap_or(i64::MAX)
            }
            _ => values.int(t).unwrap_or(logic.bounds(t).0),
        }
    };
    let text = |t: Term| of(t).string(t).unwrap_or("").to_string();
    match probe {
        Probe::Value(t) => i128::from(int(*t)),
        Probe::Class(t, automaton) => i128::from(logic.automaton(*automaton).class_of(&text(*t))),
        Probe::Difference(d) => d.of(int(d.a), int(d.b)),
        Probe::Equal(a, b) => i128::from(text(*a) == text(*b)),
        Probe::Some { list, test } => i128::from(
            of(*list)
                .elements(*list)
                .iter()
                .any(|e| walk(logic, test, assignment, Some((*list, e))) == 1),
        ),
    }
}

impl Diagram {
    /// For every branch of every node, in order, one path from the root that takes it: the shortest
    /// way there, then the shortest way on. Some may be impossible to walk together (two tests that
    /// contradict each other through what they mean); [`Logic::solve`] tells.
    #[must_use]
    pub fn covering_paths(&self) -> Vec<Path> {
        let Edge::Node(root) = self.root else {
            return vec![Path {
                steps: Vec::new(),
                leaf: match self.root {
                    Edge::Leaf(l) => l,
                    Edge::Node(_) => 0,
                },
            }];
        };
        // The shortest way to each node, and from each node to a leaf.
        let mut way: BTreeMap<u32, Option<Step>> = BTreeMap::new();
        let mut queue = VecDeque::from([root]);
        way.insert(root, None);
        while let Some(node) = queue.pop_front() {
            let Some(n) = self.nodes.get(node as usize) else {
                continue;
            };
            for (branch, edge) in (0_u32..).zip(&n.next) {
                if let Edge::Node(to) = edge
                    && !way.contains_key(to)
                {
                    way.insert(*to, Some(Step { node, branch }));
                    queue.push_back(*to);
                }
            }
        }
        let mut onward: Vec<(usize, u32)> = Vec::with_capacity(self.nodes.len());
        for node in &self.nodes {
            let best = (0_u32..)
                .zip(&node.next)
                .map(|(branch, edge)| match edge {
                    Edge::Leaf(_) => (0, branch),
                    // Children come before their parents.
                    Edge::Node(id) => (
                        onward.get(*id as usize).map_or(usize::MAX, |o| o.0 + 1),
                        branch,
                    ),
                })
                .min()
                .unwrap_or((0, 0));
            onward.push(best);
        }
        let mut paths = Vec::new();
        for (id, node) in (0_u32..).zip(&self.nodes) {
            for branch in 0..u32::try_from(node.next.len()).unwrap_or(0) {
                let mut steps = vec![Step { node: id, branch }];
                let mut at = id;
                while let Some(Some(step)) = way.get(&at) {
                    steps.push(*step);
                    at = step.node;
                }
                steps.reverse();
                let mut edge = node.next.get(branch as usize).copied();
                let leaf = loop {
                    match edge {
                        Some(Edge::Leaf(leaf)) => break leaf,
                        Some(Edge::Node(next)) => {
                            let branch = onward.get(next as usize).map_or(0, |o| o.1);
                            steps.push(Step { node: next, branch });
                            edge = self
                                .nodes
                                .get(next as usize)
                                .and_then(|n| n.next.get(branch as usize))
                                .copied();
                        }
                        None => break 0,
                    }
                };
                paths.push(Path { steps, leaf });
            }
        }
        paths
    }

    /// All leaves that can be reached, ascending.
    #[must_use]
    pub fn leaves(&self) -> Vec<u32> {
        let mut all: Vec<u32> = self
            .nodes
            .iter()
            .flat_map(|n| &n.next)
            .chain([&self.root])
            .filter_map(|e| match e {
                Edge::Leaf(l) => Some(*l),
                Edge::Node(_) => None,
            })
            .collect();
        all.sort_unstable();
        all.dedup();
        all
    }
}

impl Logic {
    /// The condition under which a walk takes these steps.
    pub fn path_condition(&mut self, diagram: &Diagram, steps: &[Step]) -> Formula {
        let mut parts = Vec::new();
        for step in steps {
            let Some(node) = diagram.nodes.get(step.node as usize) else {
                continue;
            };
            let Some((low, high)) = diagram.range(*step) else {
                continue;
            };
            let set = IntSet::range(low, high);
            let probe = node.probe.clone();
            parts.push(self.probe_in(&probe, &set));
        }
        self.and(&parts)
    }

    fn probe_in(&mut self, probe: &Probe, set: &IntSet) -> Formula {
        let flag = |logic: &mut Self, f: Formula| match (set.contains(0), set.contains(1)) {
            (true, true) => logic.constant(true),
            (false, true) => f,
            (true, false) => !f,
            (false, false) => logic.constant(false),
        };
        match probe {
            Probe::Value(t) => self.in_set(*t, set.clone()),
            Probe::Difference(d) => self.difference(d.a, d.ka, d.b, d.kb, set.clone()),
            Probe::Equal(a, b) => {
                let f = self.equal(*a, *b);
                flag(self, f)
            }
            Probe::Some { list, test } => {
                let body = self.leaf_condition(test, 1);
                let f = self.some(*list, body);
                flag(self, f)
            }
            Probe::Class(t, automaton) => {
                // Class 0 also holds what is no UTF-8: a string never is.
                match self.class_language(*automaton, set) {
                    Some(language) => self.in_language(*t, language),
                    None => self.constant(true),
                }
            }
        }
    }

    /// The condition under which a walk ends in that leaf.
    pub fn leaf_condition(&mut self, diagram: &Diagram, leaf: u32) -> Formula {
        let mut done: Vec<Formula> = Vec::with_capacity(diagram.nodes.len());
        for (id, node) in (0_u32..).zip(&diagram.nodes) {
            let mut ways = Vec::new();
            for (branch, edge) in (0_u32..).zip(&node.next) {
                let rest = match edge {
                    Edge::Leaf(l) => self.constant(*l == leaf),
                    // Children come before their parents.
                    Edge::Node(n) => done.get(*n as usize).copied().unwrap_or(Formula::FALSE),
                };
                if rest != Formula::FALSE {
                    let here = self.path_condition(diagram, &[Step { node: id, branch }]);
                    ways.push(self.and(&[here, rest]));
                }
            }
            done.push(self.or(&ways));
        }
        match diagram.root {
            Edge::Leaf(l) => self.constant(l == leaf),
            Edge::Node(n) => done.get(n as usize).copied().unwrap_or(Formula::FALSE),
        }
    }
}
