//! What the exploration of a flow has seen: places, the steps between them, and outcomes.

use super::graph::{Graph, NodeId};
use crate::model::inline::Inlined;
use crate::model::{ActionId, EndId, FlowId, StateId};
use std::collections::{BTreeMap, BTreeSet};

/// A state of a run.
pub type StateAt = (u32, StateId);

/// Where a run can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Place {
    /// In that state of that run.
    State(u32, StateId),
    /// At that end of the root flow.
    End(EndId),
}

impl From<StateAt> for Place {
    fn from((run, state): StateAt) -> Self {
        Self::State(run, state)
    }
}

/// How a step from place to place comes about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Way {
    /// After a call that the gate admitted.
    Called,
    /// After a call that the gate refused.
    Refused,
    /// After anything else that a state does.
    Done,
    /// Into the flow that a state runs.
    Starts,
    /// Instead of one entry too many.
    TooOften,
    /// By an event or a deadline.
    Aside,
}

/// A step from place to place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Edge {
    /// Where it begins.
    pub from: Place,
    /// Where it leads.
    pub to: Place,
    /// How it comes about.
    pub way: Way,
    /// Whether it leads back to the state that runs the flow, with an end as its outcome.
    pub returns: bool,
}

/// What a flow was seen to do.
pub struct Picture {
    /// The root flow.
    pub flow: FlowId,
    /// Its runs.
    pub inlined: Inlined,
    /// Places that can be reached.
    pub reached: BTreeSet<Place>,
    /// Steps between places.
    pub edges: BTreeSet<Edge>,
    /// Outcomes that can happen, by run, state and index of the outcome.
    pub happened: BTreeSet<(u32, StateId, usize)>,
    /// States that may call a tracked write while an earlier call of it is in doubt, other than as its
    /// repeat: the first configuration, by state and by whether the earlier call is an attempt of the
    /// same entry.
    pub again: BTreeMap<(StateAt, bool), NodeId>,
    /// `do` states whose calls are by their arguments the undo of writes of this flow, where that undo
    /// isn't tolerant.
    pub undoes: BTreeMap<StateAt, Vec<ActionId>>,
    /// All configurations and the hops between them.
    pub graph: Graph,
    /// The exploration saw everything, and nothing was unhandled.
    pub whole: bool,
}

impl Picture {
    /// The steps that begin at a place.
    pub fn edges_from(&self, from: Place) -> impl Iterator<Item = &Edge> {
        let least = Edge {
            from,
            to: Place::State(0, StateId(0)),
            way: Way::Called,
            returns: false,
        };
        let of = move |e: &&Edge| e.from == from;
        self.edges.range(least..).take_while(of)
    }
}
