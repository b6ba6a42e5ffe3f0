//! FW601: a step that the gate refuses on every path.

use super::push;
use super::ways::{way_to, words};
use crate::diagnostics::{Code, Diagnostic};
use crate::flow::picture::{Picture, Place};
use crate::model::{FlowId, OutcomeKind, Policy, RuleKind, State, StateId, Step};
use std::collections::BTreeMap;

/// The `do` states that are reached and never make their call, in any run of their flow.
pub(super) fn refused(policy: &Policy, pictures: &[Picture]) -> Vec<(FlowId, StateId)> {
    let mut seen: BTreeMap<(FlowId, StateId), (bool, bool)> = BTreeMap::new();
    for picture in pictures {
        for (place, unlike) in picture.reached.iter().filter_map(|p| match p {
            Place::State(run, id) => Some((
                (*run, *id),
                picture.again.contains_key(&((*run, *id), false)),
            )),
            Place::End(_) => None,
        }) {
            let Some(run) = picture.inlined.runs.get(place.0 as usize) else {
                continue;
            };
            let Some(state) = words(policy, picture).state(place) else {
                continue;
            };
            if !matches!(state.step, Step::Do(_)) || !state.complete {
                continue;
            }
            let kinds = |kind: OutcomeKind| {
                let at = state.outcomes.iter().position(|o| o.kind == kind);
                at.is_some_and(|at| picture.happened.contains(&(place.0, place.1, at)))
            };
            let admitted = kinds(OutcomeKind::Ok) || kinds(OutcomeKind::Declined);
            let at_all = kinds(OutcomeKind::Denied) || kinds(OutcomeKind::Limited);
            let entry = seen.entry((run.flow, place.1)).or_insert((true, true));
            // What is refused for being in doubt only has a finding of its own.
            entry.0 &= at_all && !admitted && !unlike;
            entry.1 &= picture.whole || at_all;
        }
    }
    seen.into_iter()
        .filter(|(_, (refused, known))| *refused && *known)
        .map(|(at, _)| at)
        .collect()
}

pub(super) fn check(policy: &Policy, pictures: &[Picture], findings: &mut Vec<Diagnostic>) {
    for (flow, id) in refused(policy, pictures) {
        let Some(state) = policy
            .flows
            .get(flow.index())
            .and_then(|f| f.states.get(id.index()))
        else {
            continue;
        };
        let Step::Do(step) = &state.step else {
            continue;
        };
        // Where nothing permits it at all, that is what has to be said.
        let permitted = policy.rules.iter().any(|r| {
            matches!(r.kind, RuleKind::Allow | RuleKind::Escalate { .. })
                && r.targets.iter().any(|t| t.action == step.action)
        });
        if !permitted {
            continue;
        }
        let mut found = Diagnostic::new(
            Code::FW601,
            format!(
                "state `{}` never gets to call `{}`: the rules refuse it on every path",
                state.name,
                policy.action(step.action).full_name
            ),
            state.step_span,
            "always refused here",
        );
        for rule in ruling(policy, state).into_iter().take(4) {
            found = found.label(rule, "takes part");
        }
        let mut found = found
            .note("The demo shows the refusal's handler, and nobody notices that the step itself has never run.")
            .help("change the flow so that what the rules ask for comes first, or change the rules");
        let first = pictures.iter().find_map(|p| {
            let here = |place: (u32, StateId)| {
                place.1 == id
                    && p.inlined
                        .runs
                        .get(place.0 as usize)
                        .is_some_and(|r| r.flow == flow)
            };
            let node = p.graph.ids().find(|n| {
                p.graph
                    .node(*n)
                    .is_some_and(|n| n.end.is_none() && here(n.config.place))
            })?;
            Some(way_to(policy, p, node))
        });
        if let Some(way) = first {
            found = found.witness(way);
        }
        push(findings, found);
    }
}

/// The rules that may refuse the state's call.
fn ruling(policy: &Policy, state: &State) -> Vec<crate::source::Span> {
    let Step::Do(step) = &state.step else {
        return Vec::new();
    };
    let on = |kind: &RuleKind| {
        matches!(
            kind,
            RuleKind::Deny
                | RuleKind::Require
                | RuleKind::OrderBefore
                | RuleKind::OrderNever
                | RuleKind::Limit { .. }
        )
    };
    policy
        .rules
        .iter()
        .filter(|r| on(&r.kind) && r.targets.iter().any(|t| t.action == step.action))
        .map(|r| r.name_span)
        .collect()
}
