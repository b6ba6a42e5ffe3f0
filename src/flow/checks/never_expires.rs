//! FW505: an approval that is waited for longer than its flow may take.

use super::push;
use super::ways::way_to;
use crate::diagnostics::{Code, Diagnostic};
use crate::flow::budget::words::exactly;
use crate::flow::graph::{Happened, NodeId};
use crate::flow::picture::Picture;
use crate::model::{OutcomeKind, Policy, RuleKind, StateId, Step, Target};
use std::collections::BTreeMap;

pub(super) fn check(policy: &Policy, pictures: &[Picture], findings: &mut Vec<Diagnostic>) {
    for picture in pictures {
        let Some(flow) = policy.flows.get(picture.flow.index()) else {
            continue;
        };
        let Some((net, Some(to), net_span)) = flow.within else {
            continue;
        };
        for (id, first) in waiting(policy, picture) {
            let Some(state) = flow.states.get(id.index()) else {
                continue;
            };
            // The deadline isn't taken in the state that it leads to, nor in the tail behind it.
            let (Step::Do(step), Some(node)) = (&state.step, first) else {
                continue;
            };
            if to == Target::State(id) {
                continue;
            }
            for rule in &policy.rules {
                let RuleKind::Escalate {
                    within_ms: Some(within),
                    ..
                } = rule.kind
                else {
                    continue;
                };
                if within < net || !rule.targets.iter().any(|t| t.action == step.action) {
                    continue;
                }
                push(
                    findings,
                    Diagnostic::new(
                        Code::FW505,
                        format!(
                            "an approval by `{}` never expires in state `{}`: flow `{}` goes aside before",
                            rule.name, state.name, flow.name
                        ),
                        rule.name_span,
                        format!("may be waited for for {}", exactly(within)),
                    )
                    .label(net_span, format!("leads aside after {}", exactly(net)))
                    .label(state.step_span, "asks for it")
                    .note("What the state says about `expired` is never done, and whoever is asked can answer when nobody waits any more.")
                    .help("give the approval less time than the flow has left by then, or the flow more")
                    .witness(way_to(policy, picture, node)),
                );
            }
        }
    }
}

/// The states of the flow itself that wait for approvals: each with the situation in which it does so
/// first, or none if it may do so behind the flow's deadline.
fn waiting(policy: &Policy, picture: &Picture) -> BTreeMap<StateId, Option<NodeId>> {
    let mut found: BTreeMap<StateId, Option<NodeId>> = BTreeMap::new();
    let flow = policy.flows.get(picture.flow.index());
    let expired = |id: StateId, outcome: u32| {
        let state = flow.and_then(|f| f.states.get(id.index()));
        let outcome = state.and_then(|s| s.outcomes.get(outcome as usize));
        outcome.is_some_and(|o| o.kind == OutcomeKind::Expired)
    };
    let graph = &picture.graph;
    for hop in graph.hops() {
        let Some(Happened::Outcome {
            at: (0, id),
            outcome,
            ..
        }) = graph.label(*hop).first().copied()
        else {
            continue;
        };
        let Some(node) = graph.node(hop.from).filter(|_| expired(id, outcome)) else {
            continue;
        };
        let entry = found.entry(id).or_insert(Some(hop.from));
        match (&entry, node.config.tails.is_empty()) {
            (_, false) => *entry = None,
            (Some(first), true) if hop.from < *first => *entry = Some(hop.from),
            _ => {}
        }
    }
    found
}
