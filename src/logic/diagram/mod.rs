//! Decision diagrams: shared acyclic graphs that test integer-valued probes.

mod apart;
mod build;
mod walk;

pub use walk::{Path, Step};

use super::formula::Difference;
use super::{Assignment, AutomatonId, Logic, Term};

/// What a node tests: an integer-valued question about the terms.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Probe {
    /// The value of an integer term (lengths and sizes included).
    Value(Term),
    /// The class that the automaton gives to a string term.
    Class(Term, AutomatonId),
    /// `ka·a − kb·b`.
    Difference(Difference),
    /// 1 if the two strings are equal, else 0.
    Equal(Term, Term),
    /// 1 if some element of the list leads `test` to leaf 1, else 0.
    Some {
        /// The list.
        list: Term,
        /// Leads to leaf 1 or leaf 0; tests element terms and outer terms.
        test: Box<Diagram>,
    },
}

/// Where an edge leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Edge {
    /// To that node.
    Node(u32),
    /// To that leaf.
    Leaf(u32),
}

/// A node. With probe value `v` the walk goes to `next[i]`, where `i` is the number of cuts `<= v`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DiagramNode {
    /// What is tested.
    pub probe: Probe,
    /// Strictly ascending.
    pub cuts: Vec<i64>,
    /// One more than `cuts`; neighbours differ.
    pub next: Vec<Edge>,
}

/// A diagram. Children come before their parents; every node can be reached from the root, no two
/// are equal, and the numbering follows from the shape alone.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Diagram {
    /// The nodes.
    pub nodes: Vec<DiagramNode>,
    /// Where a walk starts.
    pub root: Edge,
}

impl Diagram {
    /// The diagram that always ends in that leaf.
    #[must_use]
    pub fn leaf(leaf: u32) -> Self {
        Self {
            nodes: Vec::new(),
            root: Edge::Leaf(leaf),
        }
    }
}

impl Logic {
    /// The leaf that a diagram gives to an assignment.
    #[must_use]
    pub fn decide(&self, diagram: &Diagram, assignment: &Assignment) -> u32 {
        walk::decide(self, diagram, assignment)
    }
}
