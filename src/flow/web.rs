//! A part of a flow's graph: the hops that a question lets count, each spot with what the question
//! keeps in mind (its *phase*), and an order for walking through it.

use super::graph::{Graph, Hop, NodeId};
use petgraph::algo::kosaraju_scc;
use petgraph::graph::DiGraph;
use rustc_hash::FxHashMap;
use std::ops::Range;

/// A configuration in a phase.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Spot {
    /// The configuration.
    pub node: NodeId,
    /// What the question keeps in mind.
    pub phase: u32,
}

/// A hop between two spots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Thread {
    /// The spot that it begins at.
    pub from: u32,
    /// The spot that it leads to.
    pub to: u32,
    /// The hop, by its place in the graph's list.
    pub hop: u32,
}

/// The spots that can be reached, and the threads between them.
#[derive(Debug, Default)]
pub struct Web {
    spots: Vec<Spot>,
    threads: Vec<Thread>,
    first: Vec<u32>,
    /// Groups of spots that lead to one another, each before those that it leads to.
    groups: Vec<Vec<u32>>,
    group_of: Vec<u32>,
}

fn small(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

impl Web {
    /// Everything that can be reached from `sources`. `rule` says in which phases a hop may be taken
    /// from a spot: it adds the phases that it leads to.
    pub fn new(
        graph: &Graph,
        sources: &[Spot],
        mut rule: impl FnMut(Spot, Hop, &mut Vec<u32>),
    ) -> Self {
        let mut web = Self::default();
        let mut known: FxHashMap<Spot, u32> = FxHashMap::default();
        for source in sources {
            web.spot(&mut known, *source);
        }
        let mut at = 0;
        let mut phases = Vec::new();
        while let Some(spot) = web.spots.get(at).copied() {
            web.first.push(small(web.threads.len()));
            let range = graph.range(spot.node);
            for (hop, index) in graph.from(spot.node).iter().zip(range) {
                phases.clear();
                rule(spot, *hop, &mut phases);
                phases.sort_unstable();
                phases.dedup();
                for phase in &phases {
                    let next = Spot {
                        node: hop.to,
                        phase: *phase,
                    };
                    let to = web.spot(&mut known, next);
                    web.threads.push(Thread {
                        from: small(at),
                        to,
                        hop: small(index),
                    });
                }
            }
            at += 1;
        }
        web.first.push(small(web.threads.len()));
        web.order();
        web
    }

    fn spot(&mut self, known: &mut FxHashMap<Spot, u32>, spot: Spot) -> u32 {
        *known.entry(spot).or_insert_with(|| {
            self.spots.push(spot);
            small(self.spots.len() - 1)
        })
    }

    fn order(&mut self) {
        let pairs = self.threads.iter().map(|t| (t.from, t.to));
        let mut graph: DiGraph<(), ()> = DiGraph::from_edges(pairs);
        while graph.node_count() < self.spots.len() {
            graph.add_node(());
        }
        // Kosaraju's algorithm (Sharir 1981) gives the groups in the order of the reversed graph.
        let groups = kosaraju_scc(&graph);
        self.groups = groups
            .into_iter()
            .rev()
            .map(|group| {
                let mut group: Vec<u32> = group.iter().map(|n| small(n.index())).collect();
                group.sort_unstable();
                group
            })
            .collect();
        self.group_of = vec![0; self.spots.len()];
        for (group, i) in self.groups.iter().zip(0..) {
            for spot in group {
                if let Some(of) = self.group_of.get_mut(*spot as usize) {
                    *of = i;
                }
            }
        }
    }

    /// How many spots there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.spots.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.spots.is_empty()
    }

    /// All spots, by number.
    #[must_use]
    pub fn spots(&self) -> &[Spot] {
        &self.spots
    }

    /// A spot.
    #[must_use]
    pub fn at(&self, spot: u32) -> Option<Spot> {
        self.spots.get(spot as usize).copied()
    }

    /// All threads, by the spot that they begin at.
    #[must_use]
    pub fn threads(&self) -> &[Thread] {
        &self.threads
    }

    /// The threads that begin at a spot, by their places in the list.
    #[must_use]
    pub fn from(&self, spot: u32) -> Range<usize> {
        let at = |i: usize| self.first.get(i).map_or(0, |n| *n as usize);
        at(spot as usize)..at(spot as usize + 1)
    }

    /// Groups of spots that lead to one another, each group before those that it leads to.
    #[must_use]
    pub fn groups(&self) -> &[Vec<u32>] {
        &self.groups
    }

    /// The group of a spot.
    #[must_use]
    pub fn group_of(&self, spot: u32) -> u32 {
        self.group_of.get(spot as usize).copied().unwrap_or(0)
    }

    /// The threads inside a group, by their places in the list.
    pub fn inside(&self, group: u32) -> impl Iterator<Item = usize> {
        let spots = self.groups.get(group as usize).into_iter().flatten();
        spots.flat_map(|s| self.from(*s)).filter(move |t| {
            let thread = self.threads.get(*t);
            thread.is_some_and(|t| self.group_of(t.to) == group)
        })
    }
}
