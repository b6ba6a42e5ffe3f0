//! FW411: a fallback that calls the same integration whose failing it stands in for.

use super::push;
use crate::diagnostics::{Code, Diagnostic};
use crate::flow::attempts::retrying;
use crate::flow::calls::{Ending, ending};
use crate::flow::picture::{Picture, Place, Way};
use crate::model::{ActionId, IntegrationId, Policy, State, Step, Target};
use std::collections::BTreeSet;

/// What a way on does first.
enum First<'a> {
    /// Calls that integration.
    Calls(IntegrationId, &'a State),
    /// Something else: another integration, a person, settling, an end.
    Other,
    /// Goes on.
    On,
}

pub(super) fn check(policy: &Policy, pictures: &[Picture], findings: &mut Vec<Diagnostic>) {
    for picture in pictures {
        for place in &picture.reached {
            let Place::State(run, id) = *place else {
                continue;
            };
            let Some(state) = state_at(policy, picture, *place) else {
                continue;
            };
            let Step::Do(step) = &state.step else {
                continue;
            };
            let own = policy.action(step.action).integration;
            for (handler, retry) in retrying(state) {
                // The integration itself is what failed, not one order or one customer.
                let fails = handler.outcomes.iter().any(|(o, _)| {
                    let kind = state.outcomes.get(*o).map(|o| o.kind);
                    matches!(
                        kind.and_then(|k| ending(policy, step.action, k)),
                        Some(Ending::Clean | Ending::Doubt)
                    )
                });
                if !fails {
                    continue;
                }
                let from = match handler.to {
                    Target::State(s) => Place::State(run, s),
                    Target::End(_) => continue,
                };
                if from == Place::State(run, id) {
                    continue;
                }
                let Some(next) = all_call(policy, picture, from, own, step.action) else {
                    continue;
                };
                let name = policy
                    .integrations
                    .get(own.index())
                    .map_or("", |i| i.name.as_str());
                push(
                    findings,
                    Diagnostic::new(
                        Code::FW411,
                        format!(
                            "when `{}` has failed for good in state `{}`, every way on calls `{name}` again",
                            policy.action(step.action).full_name, state.name
                        ),
                        handler.span,
                        format!("after {} further attempts", retry.count),
                    )
                    .label(next.step_span, format!("calls `{name}` as well"))
                    .note("What is down after several attempts is down for the fallback too.")
                    .help("fall back on something else: another integration, a person, or an end that says so"),
                );
            }
        }
    }
}

fn state_at<'a>(policy: &'a Policy, picture: &Picture, place: Place) -> Option<&'a State> {
    let Place::State(run, id) = place else {
        return None;
    };
    let run = picture.inlined.runs.get(run as usize)?;
    policy.flows.get(run.flow.index())?.states.get(id.index())
}

/// The first state that calls the integration, if every way on from a place calls it before
/// anything else.
fn all_call<'a>(
    policy: &'a Policy,
    picture: &Picture,
    from: Place,
    own: IntegrationId,
    failed: ActionId,
) -> Option<&'a State> {
    let mut open = vec![from];
    let mut seen = BTreeSet::from([from]);
    let mut first = None;
    while let Some(place) = open.pop() {
        let state = state_at(policy, picture, place)?;
        match does(policy, state, failed) {
            First::Calls(integration, state) if integration == own => {
                first.get_or_insert(state);
            }
            First::Calls(..) | First::Other => return None,
            First::On => {
                for edge in picture.edges_from(place) {
                    if edge.way != Way::Aside {
                        if matches!(edge.to, Place::End(_)) {
                            return None;
                        }
                        if seen.insert(edge.to) {
                            open.push(edge.to);
                        }
                    }
                }
            }
        }
    }
    first
}

fn does<'a>(policy: &Policy, state: &'a State, failed: ActionId) -> First<'a> {
    let of = |a: &ActionId| policy.action(*a).integration;
    match &state.step {
        Step::Do(step) => {
            let failed = policy.action(failed);
            let cleans_up = failed
                .confirm
                .as_ref()
                .is_some_and(|c| c.action == step.action)
                || failed
                    .undo
                    .as_ref()
                    .is_some_and(|u| u.action == step.action);
            if cleans_up {
                First::Other
            } else {
                First::Calls(of(&step.action), state)
            }
        }
        Step::Choose { .. } | Step::Run { .. } => First::On,
        Step::Agent(_) | Step::Ask { .. } | Step::Settle { .. } | Step::Unwind { .. } => {
            First::Other
        }
    }
}
