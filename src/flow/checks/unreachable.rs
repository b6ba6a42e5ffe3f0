//! FW304: a state or an end that no run can reach.

use super::push;
use crate::diagnostics::{Code, Diagnostic};
use crate::flow::picture::{Picture, Place};
use crate::model::{EndId, Policy, StateId};

pub(super) fn check(policy: &Policy, pictures: &[Picture], findings: &mut Vec<Diagnostic>) {
    for (index, flow) in policy.flows.iter().enumerate() {
        // A hole elsewhere may be why a place seems to be cut off: one cause, one report.
        let whole = pictures
            .iter()
            .filter(|p| p.inlined.runs.iter().any(|r| r.flow.index() == index))
            .all(|p| p.whole);
        if !whole || !flow.complete {
            continue;
        }
        let reached_state = |id: StateId| {
            pictures.iter().any(|p| {
                p.reached.iter().any(|place| match place {
                    Place::State(run, s) => {
                        *s == id
                            && p.inlined
                                .runs
                                .get(*run as usize)
                                .is_some_and(|r| r.flow.index() == index)
                    }
                    Place::End(_) => false,
                })
            })
        };
        for (state, id) in flow.states.iter().zip(0..) {
            if !reached_state(StateId(id)) {
                push(
                    findings,
                    Diagnostic::new(
                        Code::FW304,
                        format!(
                            "no run of `{}` can reach the state `{}`",
                            flow.name, state.name
                        ),
                        state.name_span,
                        "never entered",
                    )
                    .note("Whoever reads it believes that it takes care of something.")
                    .help("lead an outcome here, or remove the state"),
                );
            }
        }
        let own = pictures.iter().find(|p| p.flow.index() == index);
        for (end, id) in flow.ends.iter().zip(0..) {
            let reached = own.is_some_and(|p| p.reached.contains(&Place::End(EndId(id))));
            if !reached {
                push(
                    findings,
                    Diagnostic::new(
                        Code::FW304,
                        format!("no run of `{}` can reach the end `{}`", flow.name, end.name),
                        end.name_span,
                        "never reached",
                    )
                    .help("lead an outcome here, or remove the end"),
                );
            }
        }
    }
}
