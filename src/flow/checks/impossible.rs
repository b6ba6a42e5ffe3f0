//! FW310: a handler for what can't happen.

use super::push;
use crate::diagnostics::{Code, Diagnostic};
use crate::flow::picture::{Picture, Place};
use crate::model::{Policy, StateId};
use crate::source::Span;
use std::collections::BTreeMap;

pub(super) fn check(policy: &Policy, pictures: &[Picture], findings: &mut Vec<Diagnostic>) {
    for (index, flow) in policy.flows.iter().enumerate() {
        let seen: Vec<(&Picture, u32)> = pictures
            .iter()
            .flat_map(|p| {
                p.inlined
                    .runs
                    .iter()
                    .enumerate()
                    .filter(|(_, r)| r.flow.index() == index)
                    .map(move |(i, _)| (p, u32::try_from(i).unwrap_or(u32::MAX)))
            })
            .collect();
        if seen.iter().any(|(p, _)| !p.whole) || !flow.complete {
            continue;
        }
        // By place of the outcome's name: a shared handler has one place in many states.
        let mut shared: BTreeMap<Span, (bool, String)> = BTreeMap::new();
        for (state, id) in flow.states.iter().zip(0..) {
            // A state that is never entered has been reported by itself.
            let entered = seen
                .iter()
                .any(|(p, run)| p.reached.contains(&Place::State(*run, StateId(id))));
            if !entered {
                continue;
            }
            for handler in &state.handlers {
                for (outcome, span) in &handler.outcomes {
                    let Some(name) = state.outcomes.get(*outcome).map(|o| o.name.clone()) else {
                        continue;
                    };
                    let happens = seen
                        .iter()
                        .any(|(p, run)| p.happened.contains(&(*run, StateId(id), *outcome)));
                    if handler.shared.is_some() {
                        let entry = shared.entry(*span).or_insert((false, name));
                        entry.0 |= happens;
                    } else if !happens {
                        push(
                            findings,
                            Diagnostic::new(
                                Code::FW310,
                                format!("`{name}` cannot happen in state `{}`", state.name),
                                *span,
                                "never taken",
                            )
                            .label(state.step_span, "this never ends so")
                            .help("remove the handler; should a change make it possible, the compiler will say so"),
                        );
                    }
                }
            }
        }
        for (span, (happens, name)) in shared {
            if !happens {
                push(
                    findings,
                    Diagnostic::new(
                        Code::FW310,
                        format!("`{name}` cannot happen in any state that uses these handlers"),
                        span,
                        "never taken",
                    )
                    .help("remove it"),
                );
            }
        }
    }
}
