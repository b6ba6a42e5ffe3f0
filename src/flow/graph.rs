//! The graph of a flow's configurations: all situations that a run can be in, and the hops between
//! them, each with what happened on it. Drawn by the exploration, read by whatever asks about paths.
//!
//! Nodes stand in the order in which the exploration came to them, breadth first; the hops that
//! begin at a node stand together. Labels and lists of calls are kept once each, so that a hop
//! takes twelve bytes.

use super::explore::Config;
use super::history::History;
use super::picture::{Place, StateAt};
use crate::model::{ActionId, EndId, OutcomeKind};
use rustc_hash::{FxBuildHasher, FxHashMap};
use std::hash::{BuildHasher, Hash};

/// A configuration, by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub u32);

impl NodeId {
    /// As an index into lists of nodes.
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// How a call that was made, or was to be made, came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)]
pub enum How {
    Ok,
    /// Index into the action's failures.
    Failure(u32),
    Timeout,
    Malformed,
    /// The gate did not let it through.
    Refused,
}

impl How {
    /// The way that an outcome of an admitted call stands for.
    #[must_use]
    pub fn of(outcome: OutcomeKind) -> Option<Self> {
        Some(match outcome {
            OutcomeKind::Ok => Self::Ok,
            OutcomeKind::Failure(i) => Self::Failure(i),
            OutcomeKind::Timeout => Self::Timeout,
            OutcomeKind::Malformed => Self::Malformed,
            _ => return None,
        })
    }
}

/// One call inside a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)]
pub struct Made {
    pub action: ActionId,
    pub how: How,
}

/// One thing that happens on a hop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Happened {
    /// The flow starts.
    Start,
    /// The step of that state has ended with that outcome, by index. For a state that runs a flow,
    /// the flow has come to that end.
    Outcome {
        /// The state.
        at: StateAt,
        /// Index into its outcomes.
        outcome: u32,
        /// The calls made, by their list's number ([`Graph::calls`]).
        calls: u32,
        /// An approval may have been waited for.
        approval: bool,
        /// The handler that took it, by index; none if an event or a deadline went before.
        handler: Option<u32>,
    },
    /// The handler tries the step again; the attempts before this one, counted up to a bound.
    Again {
        /// The state.
        at: StateAt,
        /// The handler, by index.
        handler: u32,
        /// 0 for the first retry.
        attempt: u32,
    },
    /// A branch of a `choose`, by index; none is `otherwise`.
    Branch(Option<u32>),
    /// The state starts the flow that it runs.
    Starts,
    /// The state was full: its edge for one entry too many is taken, on that entry.
    TooOften(StateAt, u64),
    /// An event is taken, by its number.
    Event(u32),
    /// The deadline of that run is taken.
    Deadline(u32),
    /// The agent of the state has made a call, and goes on.
    Proposed(Made),
}

/// From one configuration to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hop {
    /// Where it begins.
    pub from: NodeId,
    /// Where it leads.
    pub to: NodeId,
    label: u32,
}

/// One situation.
#[derive(Debug)]
pub struct Node {
    /// All that the past can matter for. At an end, what says nothing about history is left out.
    pub config: Config,
    /// The end of the root flow that it is at; then `config.place` means nothing.
    pub end: Option<EndId>,
    /// The hop that came here first; none at the start.
    parent: u32,
    /// An earlier node with the same hash.
    twin: u32,
}

const NONE: u32 = u32::MAX;

/// The graph.
#[derive(Debug, Default)]
pub struct Graph {
    nodes: Vec<Node>,
    hops: Vec<Hop>,
    /// For each node, where its hops begin; one more for the end.
    first: Vec<u32>,
    labels: Vec<Box<[Happened]>>,
    label_ids: FxHashMap<Box<[Happened]>, u32>,
    calls: Vec<Box<[Made]>>,
    call_ids: FxHashMap<Box<[Made]>, u32>,
    by_hash: FxHashMap<u64, u32>,
    /// What happened before the first configuration was reached, and which one that is.
    start: Option<(u32, NodeId)>,
}

impl Graph {
    /// How many configurations there are, ends included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// All configurations, in the order in which they were reached.
    pub fn ids(&self) -> impl DoubleEndedIterator<Item = NodeId> + use<> {
        (0..u32::try_from(self.nodes.len()).unwrap_or(NONE)).map(NodeId)
    }

    /// A configuration.
    #[must_use]
    pub fn node(&self, id: NodeId) -> Option<&Node> {
        self.nodes.get(id.index())
    }

    /// The place of a configuration.
    #[must_use]
    pub fn place(&self, id: NodeId) -> Option<Place> {
        let node = self.node(id)?;
        Some(match node.end {
            Some(end) => Place::End(end),
            None => node.config.place.into(),
        })
    }

    /// What has become of the calls made until there.
    #[must_use]
    pub fn history(&self, id: NodeId) -> Option<&History> {
        self.node(id).map(|n| &n.config.history)
    }

    /// The first configuration; none if the flow has no start.
    #[must_use]
    pub fn start(&self) -> Option<NodeId> {
        self.start.map(|(_, id)| id)
    }

    /// What happens before the first configuration is reached: full states passed, for instance.
    #[must_use]
    pub fn start_label(&self) -> &[Happened] {
        self.start.map_or(&[], |(label, _)| self.label_of(label))
    }

    /// All hops, by the node that they begin at.
    #[must_use]
    pub fn hops(&self) -> &[Hop] {
        &self.hops
    }

    /// The hops that begin at a node.
    #[must_use]
    pub fn from(&self, id: NodeId) -> &[Hop] {
        self.hops.get(self.range(id)).unwrap_or_default()
    }

    /// The places of those hops in the list of all.
    #[must_use]
    pub fn range(&self, id: NodeId) -> std::ops::Range<usize> {
        let at = |i: usize| self.first.get(i).map(|f| *f as usize);
        match (at(id.index()), at(id.index() + 1)) {
            (Some(a), Some(b)) => a..b,
            _ => 0..0,
        }
    }

    /// What happens on a hop, in order.
    #[must_use]
    pub fn label(&self, hop: Hop) -> &[Happened] {
        self.label_of(hop.label)
    }

    /// The number of a hop's label: hops on which the same happens have the same.
    #[must_use]
    pub fn label_id(&self, hop: Hop) -> u32 {
        hop.label
    }

    fn label_of(&self, id: u32) -> &[Happened] {
        self.labels.get(id as usize).map_or(&[], |l| l)
    }

    /// All labels, by number.
    pub fn labels(&self) -> impl Iterator<Item = &[Happened]> {
        self.labels.iter().map(|l| &**l)
    }

    /// The calls that a step has made, by the number in [`Happened::Outcome`].
    #[must_use]
    pub fn calls(&self, list: u32) -> &[Made] {
        self.calls.get(list as usize).map_or(&[], |l| l)
    }

    /// The hop by which a node was reached first: following it back is a shortest path.
    #[must_use]
    pub fn parent(&self, id: NodeId) -> Option<Hop> {
        let parent = self.node(id)?.parent;
        self.hops.get(parent as usize).copied()
    }

    /// The hops of a shortest path from the start to a node.
    #[must_use]
    pub fn path(&self, to: NodeId) -> Vec<Hop> {
        let mut path = Vec::new();
        let mut at = to;
        // INVARIANT: parents were reached before their children, so this ends.
        while let Some(hop) = self.parent(at).filter(|h| h.from < at) {
            path.push(hop);
            at = hop.from;
        }
        path.reverse();
        path
    }

    // ── Drawing ──────────────────────────────────────────────────────────────

    /// The number of a list of calls.
    pub(super) fn made(&mut self, calls: &[Made]) -> u32 {
        intern(&mut self.call_ids, &mut self.calls, calls)
    }

    /// A hop leads to a configuration; tells its number if it wasn't known. Hops are added in the
    /// order of the nodes that they begin at; without `from` it is the start.
    pub(super) fn add(
        &mut self,
        from: Option<usize>,
        label: &[Happened],
        config: Config,
        end: Option<EndId>,
    ) -> Option<usize> {
        let label = intern(&mut self.label_ids, &mut self.labels, label);
        let hash = FxBuildHasher.hash_one((&config, end));
        let first = self.by_hash.get(&hash).copied().unwrap_or(NONE);
        let mut known = first;
        while let Some(node) = self.nodes.get(known as usize) {
            if node.end == end && node.config == config {
                break;
            }
            known = node.twin;
        }
        let new = known == NONE;
        let to = if new {
            self.nodes.len()
        } else {
            known as usize
        };
        let to = NodeId(u32::try_from(to).unwrap_or(NONE));
        let mut parent = NONE;
        match from.map(|i| NodeId(u32::try_from(i).unwrap_or(NONE))) {
            Some(from) => {
                parent = u32::try_from(self.hops.len()).unwrap_or(NONE);
                self.hops.push(Hop { from, to, label });
            }
            None => self.start = Some((label, to)),
        }
        if new {
            self.by_hash.insert(hash, to.0);
            self.nodes.push(Node {
                config,
                end,
                parent,
                twin: first,
            });
        }
        new.then_some(to.index())
    }

    /// All hops are there.
    pub(super) fn finish(&mut self) {
        let same = |a: &Hop, b: &Hop| (a.from, a.to, a.label).cmp(&(b.from, b.to, b.label));
        // Parents are told by the place of their hop.
        let parents: Vec<Option<Hop>> = self.ids().map(|id| self.parent(id)).collect();
        self.hops.sort_by(same);
        self.hops.dedup();
        for (node, hop) in self.nodes.iter_mut().zip(parents) {
            let at = hop.and_then(|hop| self.hops.binary_search_by(|h| same(h, &hop)).ok());
            node.parent = at.and_then(|at| u32::try_from(at).ok()).unwrap_or(NONE);
        }
        self.first = vec![0; self.nodes.len() + 1];
        for hop in &self.hops {
            if let Some(n) = self.first.get_mut(hop.from.index() + 1) {
                *n += 1;
            }
        }
        let mut sum = 0;
        for n in &mut self.first {
            sum += *n;
            *n = sum;
        }
        self.by_hash = FxHashMap::default();
        self.label_ids = FxHashMap::default();
        self.call_ids = FxHashMap::default();
    }
}

fn intern<T: Copy + Eq + Hash>(
    ids: &mut FxHashMap<Box<[T]>, u32>,
    list: &mut Vec<Box<[T]>>,
    item: &[T],
) -> u32 {
    if let Some(id) = ids.get(item) {
        return *id;
    }
    let id = u32::try_from(list.len()).unwrap_or(NONE);
    list.push(item.into());
    ids.insert(item.into(), id);
    id
}
