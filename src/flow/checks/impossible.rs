//! FW310: a handler or a branch for what can't happen.

use super::push;
use super::refused::refused;
use crate::diagnostics::{Code, Diagnostic, Repair, Trust};
use crate::flow::graph::Happened;
use crate::flow::picture::{Picture, Place};
use crate::model::{Flow, FlowId, Policy, State, StateId, Step};
use crate::source::Span;
use std::collections::{BTreeMap, BTreeSet};

/// What was seen of one flow, alone and inside others.
struct Seen {
    entered: BTreeSet<StateId>,
    /// Outcomes, by index.
    happened: BTreeSet<(StateId, usize)>,
    /// Handlers that took an outcome.
    took: BTreeSet<(StateId, usize)>,
    /// Branches of `choose`; none is `otherwise`.
    chose: BTreeSet<(StateId, Option<usize>)>,
}

pub(super) fn check(policy: &Policy, pictures: &[Picture], findings: &mut Vec<Diagnostic>) {
    // With a rule or an action left out, what seems impossible may not be.
    if !policy.complete {
        return;
    }
    let refused = refused(policy, pictures);
    for (index, flow) in policy.flows.iter().enumerate() {
        let inside: Vec<&Picture> = pictures
            .iter()
            .filter(|p| p.inlined.runs.iter().any(|r| r.flow.index() == index))
            .collect();
        if inside.iter().any(|p| !p.whole) || !flow.complete {
            continue;
        }
        let id = FlowId(u32::try_from(index).unwrap_or(u32::MAX));
        let seen = seen(&inside, id);
        outcomes(flow, id, &seen, &refused, findings);
        guards(flow, &seen, findings);
        branches(flow, &seen, findings);
    }
}

fn seen(pictures: &[&Picture], flow: FlowId) -> Seen {
    let mut seen = Seen {
        entered: BTreeSet::new(),
        happened: BTreeSet::new(),
        took: BTreeSet::new(),
        chose: BTreeSet::new(),
    };
    for picture in pictures {
        let own = |run: u32| {
            let run = picture.inlined.runs.get(run as usize);
            run.is_some_and(|r| r.flow == flow)
        };
        for place in &picture.reached {
            if let Place::State(run, id) = place
                && own(*run)
            {
                seen.entered.insert(*id);
            }
        }
        for (run, id, outcome) in &picture.happened {
            if own(*run) {
                seen.happened.insert((*id, *outcome));
            }
        }
        let graph = &picture.graph;
        // Where branches are taken is told by where the hop begins; all else by its label.
        let mut branching = BTreeSet::new();
        for hop in graph.hops() {
            if let Some(Happened::Branch(branch)) = graph.label(*hop).first()
                && let Some(Place::State(run, id)) = graph.place(hop.from)
            {
                branching.insert((run, id, *branch));
            }
        }
        for (run, id, branch) in branching {
            if own(run) {
                seen.chose.insert((id, branch.map(|b| b as usize)));
            }
        }
        let start = std::iter::once(graph.start_label());
        for happened in graph.labels().chain(start).flatten() {
            if let Happened::Outcome {
                at,
                handler: Some(handler),
                ..
            }
            | Happened::Again { at, handler, .. } = happened
                && own(at.0)
            {
                seen.took.insert((at.1, *handler as usize));
            }
        }
    }
    seen
}

/// Handlers of outcomes that never come.
fn outcomes(
    flow: &Flow,
    flow_id: FlowId,
    seen: &Seen,
    refused: &[(FlowId, StateId)],
    findings: &mut Vec<Diagnostic>,
) {
    // By place of the outcome's name: a shared handler has one place in many states.
    let mut shared: BTreeMap<Span, (bool, String)> = BTreeMap::new();
    for (state, id) in entered(flow, seen) {
        for handler in &state.handlers {
            for (outcome, span) in &handler.outcomes {
                let Some(name) = state.outcomes.get(*outcome).map(|o| o.name.clone()) else {
                    continue;
                };
                // A call that is always refused is reported as that.
                let happens =
                    seen.happened.contains(&(id, *outcome)) || refused.contains(&(flow_id, id));
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
                        .help("remove the handler; should a change make it possible, the compiler will say so")
                        .repair(Repair::DropOutcome { span: *span }),
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
                .help("remove it")
                .repair(Repair::DropOutcome { span }),
            );
        }
    }
}

/// Handlers whose outcome comes, and that never take it.
fn guards(flow: &Flow, seen: &Seen, findings: &mut Vec<Diagnostic>) {
    for (state, id) in entered(flow, seen) {
        for (handler, index) in state.handlers.iter().zip(0..) {
            let comes = |(o, _): &(usize, Span)| seen.happened.contains(&(id, *o));
            let mut names = handler.outcomes.iter().filter(|o| comes(o));
            let Some((outcome, span)) = names.next() else {
                continue;
            };
            if handler.shared.is_some() || seen.took.contains(&(id, index)) {
                continue;
            }
            let name = state.outcomes.get(*outcome).map_or("", |o| o.name.as_str());
            let (message, at) = match handler
                .when
                .as_ref()
                .and_then(crate::gate::checks::undecided::place)
            {
                Some(when) => (
                    format!(
                        "this guard never holds when `{name}` happens in state `{}`",
                        state.name
                    ),
                    when,
                ),
                None => (
                    format!(
                        "nothing is left of `{name}` in state `{}`: the guards of its other handlers take it all",
                        state.name
                    ),
                    *span,
                ),
            };
            push(
                findings,
                Diagnostic::new(Code::FW310, message, at, "never taken")
                    .label(state.step_span, "in this state")
                    .help("remove the handler, or correct the guards")
                    .repair(Repair::Drop {
                        span: at,
                        trust: Trust::Unsafe,
                    }),
            );
        }
    }
}

/// Branches of `choose` that are never taken.
fn branches(flow: &Flow, seen: &Seen, findings: &mut Vec<Diagnostic>) {
    for (state, id) in entered(flow, seen) {
        let Step::Choose {
            branches,
            otherwise,
        } = &state.step
        else {
            continue;
        };
        let of = branches
            .iter()
            .map(|(_, _, span)| *span)
            .zip((0..).map(Some));
        let rest = otherwise.iter().map(|(_, span)| (*span, None));
        for (span, branch) in of.chain(rest) {
            if seen.chose.contains(&(id, branch)) {
                continue;
            }
            let message = match branch {
                Some(_) => format!("this branch of state `{}` can never be taken", state.name),
                None => format!(
                    "nothing is left for `otherwise` in state `{}`: the other branches take it all",
                    state.name
                ),
            };
            push(
                findings,
                Diagnostic::new(Code::FW310, message, span, "never taken")
                    .label(state.name_span, "in this state")
                    .help("remove it, or correct the conditions")
                    .repair(Repair::Drop {
                        span,
                        trust: Trust::Unsafe,
                    }),
            );
        }
    }
}

/// The states that are entered; one that never is has been reported by itself.
fn entered<'f>(flow: &'f Flow, seen: &'f Seen) -> impl Iterator<Item = (&'f State, StateId)> {
    let with_id = flow.states.iter().zip((0..).map(StateId));
    with_id.filter(|(_, id)| seen.entered.contains(id))
}
