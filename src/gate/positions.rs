//! The numbers that states have in `during`: see the table's contract.

use crate::logic::IntSet;
use crate::model::Policy;
use crate::model::inline::Inlined;

/// The numbers that states have in `during`: see the table's contract.
pub(super) struct Positions {
    /// For each flow, and each state of it, the positions at which `during` holds.
    flows: Vec<Vec<IntSet>>,
    pub(super) last: i64,
}

impl Positions {
    pub(super) fn new(policy: &Policy) -> Self {
        let mut flows: Vec<Vec<Vec<i64>>> = policy
            .flows
            .iter()
            .map(|f| vec![Vec::new(); f.states.len()])
            .collect();
        let mut first: i64 = 1;
        for index in 0..policy.flows.len() {
            let id = crate::model::FlowId(u32::try_from(index).unwrap_or(u32::MAX));
            let Some(inlined) = Inlined::new(policy, id) else {
                continue;
            };
            let mut count = 0i64;
            for run in &inlined.runs {
                let states = policy
                    .flows
                    .get(run.flow.index())
                    .map_or(0, |f| f.states.len());
                for s in 0..states {
                    let position =
                        first + i64::from(run.first_state) + i64::try_from(s).unwrap_or(0);
                    count += 1;
                    // The state itself, and every state that runs the flow it stands in.
                    let mut at = Some((run.flow.index(), s));
                    let mut parent = run.parent;
                    while let Some((flow, state)) = at {
                        if let Some(list) = flows.get_mut(flow).and_then(|f| f.get_mut(state)) {
                            list.push(position);
                        }
                        at = parent.and_then(|(outer, state)| {
                            let outer = inlined.runs.get(outer as usize)?;
                            parent = outer.parent;
                            Some((outer.flow.index(), state.index()))
                        });
                    }
                }
            }
            first += count;
        }
        Self {
            flows: flows
                .into_iter()
                .map(|states| states.into_iter().map(IntSet::from_points).collect())
                .collect(),
            last: first - 1,
        }
    }

    pub(super) fn of(&self, flow: usize, state: Option<usize>) -> IntSet {
        let states = self.flows.get(flow).map(Vec::as_slice).unwrap_or_default();
        match state {
            Some(s) => states.get(s).cloned().unwrap_or_else(IntSet::empty),
            None => states.iter().fold(IntSet::empty(), |all, s| all.union(s)),
        }
    }
}
