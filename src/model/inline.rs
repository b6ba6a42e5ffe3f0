//! Flows with every flow that they run inlined: which runs there are, and the numbers of their
//! states and slots.

use super::{Flow, FlowId, Policy, StateId, Step};
use std::collections::BTreeSet;

/// The most states that a flow may have, runs included.
pub const STATES_MAX: usize = 40_000;
/// Flows may run one another so deep.
pub const RUNS_MAX: usize = 48;

/// A flow's runs, its own first.
#[allow(missing_docs)]
pub struct Inlined {
    pub runs: Vec<Run>,
}

/// One run of a flow.
#[allow(missing_docs)]
pub struct Run {
    pub flow: FlowId,
    /// The run and the state that run it; none for the flow itself.
    pub parent: Option<(u32, StateId)>,
    /// `pay/again`: the states that run it, from the outside in. Empty for the flow itself.
    pub name: String,
    /// The number of its first state.
    pub first_state: u32,
    /// Slots of its parameters and of its bindings.
    pub params: Vec<u32>,
    pub bindings: Vec<u32>,
}

impl Run {
    /// The number of a state of this run.
    #[must_use]
    pub fn state(&self, id: StateId) -> u32 {
        self.first_state.saturating_add(id.0)
    }

    /// A name of this run as it stands in the whole flow.
    pub fn qualified(&self, name: &str) -> String {
        if self.name.is_empty() {
            name.to_owned()
        } else {
            format!("{}/{name}", self.name)
        }
    }
}

impl Inlined {
    /// Inlines a flow; `None` if it runs itself, or exceeds [`STATES_MAX`] or [`RUNS_MAX`].
    pub fn new(policy: &Policy, root: FlowId) -> Option<Self> {
        let mut runs: Vec<Run> = Vec::new();
        let mut open = vec![(root, None, String::new(), 0_usize)];
        let (mut states, mut slots) = (0_usize, 0_u32);
        let mut next = 0;
        while next < open.len() {
            let (flow_id, parent, name, depth) = open.get(next)?.clone();
            // Without recursion no chain of runs is longer than the list of flows.
            if depth > policy.flows.len().min(RUNS_MAX) {
                return None;
            }
            let flow: &Flow = policy.flows.get(flow_id.index())?;
            let mut take = |count: usize| {
                let count = u32::try_from(count).unwrap_or(u32::MAX);
                let taken = (slots..slots.saturating_add(count)).collect();
                slots = slots.saturating_add(count);
                taken
            };
            let run = Run {
                flow: flow_id,
                parent,
                name,
                first_state: u32::try_from(states).ok()?,
                params: take(flow.params.len()),
                bindings: take(flow.bindings.len()),
            };
            states += flow.states.len();
            if states > STATES_MAX {
                return None;
            }
            for (state, id) in flow.states.iter().zip(0..) {
                if let Step::Run { flow, .. } = &state.step {
                    let caller = (u32::try_from(runs.len()).ok()?, StateId(id));
                    let name = run.qualified(&state.name);
                    open.push((*flow, Some(caller), name, depth + 1));
                }
            }
            runs.push(run);
            next += 1;
        }
        Some(Self { runs })
    }

    /// A run and all runs inside it.
    #[must_use]
    pub fn inside(&self, outer: u32) -> BTreeSet<u32> {
        let mut inside = BTreeSet::from([outer]);
        // Parents come before what they run.
        for (run, id) in self.runs.iter().zip(0..) {
            if run.parent.is_some_and(|(p, _)| inside.contains(&p)) {
                inside.insert(id);
            }
        }
        inside
    }

    /// How many states there are, over all runs.
    #[must_use]
    pub fn states(&self, policy: &Policy) -> u32 {
        let of = |run: &Run| {
            policy
                .flows
                .get(run.flow.index())
                .map_or(0, |f| f.states.len())
        };
        u32::try_from(self.runs.iter().map(of).sum::<usize>()).unwrap_or(u32::MAX)
    }

    /// The run that a state starts.
    pub fn started_by(&self, run: u32, state: StateId) -> Option<u32> {
        let at = self
            .runs
            .iter()
            .position(|r| r.parent == Some((run, state)))?;
        u32::try_from(at).ok()
    }
}

/// The position of a flow's first state: positions count all flows' states, runs included, from 1.
/// Position 0 is outside all flows.
#[must_use]
pub fn first_position(policy: &Policy, flow: FlowId) -> u32 {
    let mut first = 1_u32;
    for (_, id) in policy.flows.iter().zip(0..flow.0) {
        if let Some(inlined) = Inlined::new(policy, FlowId(id)) {
            first = first.saturating_add(inlined.states(policy));
        }
    }
    first
}
