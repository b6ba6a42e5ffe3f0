//! Walking diagrams: for an assignment, and over all paths.

use super::{Diagram, Edge};
use crate::logic::{Assignment, Formula, Logic};

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

pub(super) fn decide(_logic: &Logic, diagram: &Diagram, _assignment: &Assignment) -> u32 {
    match diagram.root {
        Edge::Leaf(leaf) => leaf,
        Edge::Node(_) => 0,
    }
}

impl Diagram {
    /// For every branch of every node, in order, one path from the root that takes it: the shortest
    /// way there, then the shortest way on. Some may be impossible to walk together (two tests that
    /// contradict each other through what they mean); [`Logic::solve`] tells.
    #[must_use]
    pub fn covering_paths(&self) -> Vec<Path> {
        Vec::new()
    }

    /// All leaves that can be reached, ascending.
    #[must_use]
    pub fn leaves(&self) -> Vec<u32> {
        Vec::new()
    }
}

impl Logic {
    /// The condition under which a walk takes these steps.
    pub fn path_condition(&mut self, _diagram: &Diagram, _steps: &[Step]) -> Formula {
        Formula::TRUE
    }
}
