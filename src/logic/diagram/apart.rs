//! Telling two edges apart: what makes a boundary matter.
//!
//! In a reduced diagram two different nodes decide differently somewhere (Bryant, "Graph-based
//! algorithms for Boolean function manipulation", 1986). A breadth-first walk over both at once finds
//! the shortest such place.

use super::{Diagram, Edge, Step};
use rustc_hash::FxHashSet;
use std::collections::VecDeque;

/// How many branches are looked at before the search is given up.
const STEPS: u32 = 1024;
/// How many ways are looked for.
const WAYS: usize = 6;

impl Diagram {
    /// Ways of leading walks from `a` and from `b`, of one and the same assignment, to different
    /// leaves; short ones first. Some may be impossible through what their tests mean.
    #[must_use]
    pub fn apart(&self, a: Edge, b: Edge) -> Vec<Vec<Step>> {
        let mut found = Vec::new();
        let mut open: VecDeque<(Edge, Edge, Vec<Step>)> = VecDeque::from([(a, b, Vec::new())]);
        let mut seen: FxHashSet<(Edge, Edge)> = FxHashSet::default();
        let mut left = STEPS;
        while let Some((a, b, steps)) = open.pop_front() {
            let at = match (a, b) {
                _ if a == b => continue,
                (Edge::Leaf(_), Edge::Leaf(_)) => {
                    found.push(steps);
                    if found.len() == WAYS {
                        break;
                    }
                    continue;
                }
                // The later one does not stand behind the other: children come before their parents.
                (Edge::Node(x), Edge::Node(y)) => x.max(y),
                (Edge::Node(x), Edge::Leaf(_)) | (Edge::Leaf(_), Edge::Node(x)) => x,
            };
            let Some(node) = self.nodes.get(at as usize) else {
                continue;
            };
            for (branch, next) in (0_u32..).zip(&node.next) {
                let Some(fewer) = left.checked_sub(1) else {
                    return found;
                };
                left = fewer;
                let step = Step { node: at, branch };
                if !self.may_follow(&steps, step) {
                    continue;
                }
                let on = |edge: Edge| if edge == Edge::Node(at) { *next } else { edge };
                let pair = (on(a), on(b));
                let leaves = matches!(pair, (Edge::Leaf(_), Edge::Leaf(_)));
                if leaves || seen.insert(pair) {
                    let mut more = steps.clone();
                    more.push(step);
                    open.push_back((pair.0, pair.1, more));
                }
            }
        }
        found
    }

    /// Whether no step before asks the same probe for other values.
    fn may_follow(&self, steps: &[Step], step: Step) -> bool {
        let (Some(node), Some((low, high))) =
            (self.nodes.get(step.node as usize), self.range(step))
        else {
            return false;
        };
        steps.iter().all(|before| {
            let same = self.nodes.get(before.node as usize).map(|n| &n.probe) == Some(&node.probe);
            let range = self.range(*before);
            !same || range.is_some_and(|(l, h)| l <= high && low <= h)
        })
    }

    /// The probe's values, both ends included, with which a walk takes that step.
    pub(crate) fn range(&self, step: Step) -> Option<(i64, i64)> {
        let node = self.nodes.get(step.node as usize)?;
        let at = step.branch as usize;
        let low = at.checked_sub(1).and_then(|i| node.cuts.get(i));
        let high = node.cuts.get(at).map(|c| c - 1);
        Some((low.copied().unwrap_or(i64::MIN), high.unwrap_or(i64::MAX)))
    }
}
