//! FW304: a state or an end that no run can reach.

use super::push;
use super::refused::refused;
use crate::diagnostics::{Code, Diagnostic, Repair, Trust};
use crate::flow::picture::{Picture, Place};
use crate::model::{EndId, Flow, OutcomeKind, Policy, StateId, Step, Target};
use std::collections::BTreeSet;

pub(super) fn check(policy: &Policy, pictures: &[Picture], findings: &mut Vec<Diagnostic>) {
    let refused = refused(policy, pictures);
    for (index, flow) in policy.flows.iter().enumerate() {
        // A hole elsewhere may be why a place seems to be cut off: one cause, one report.
        let whole = pictures
            .iter()
            .filter(|p| p.inlined.runs.iter().any(|r| r.flow.index() == index))
            .all(|p| p.whole);
        if !whole || !flow.complete {
            continue;
        }
        // What lies behind a call that is always refused is cut off by that, which is reported.
        let of_flow = refused.iter().filter(|(f, _)| f.index() == index);
        let behind = behind(flow, of_flow.map(|(_, state)| *state).collect());
        let mut entered: BTreeSet<StateId> = BTreeSet::new();
        for picture in pictures {
            for place in &picture.reached {
                if let Place::State(run, id) = place
                    && let Some(run) = picture.inlined.runs.get(*run as usize)
                    && run.flow.index() == index
                {
                    entered.insert(*id);
                }
            }
        }
        for (state, id) in flow.states.iter().zip(0..) {
            if !entered.contains(&StateId(id)) && !behind.contains(&Target::State(StateId(id))) {
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
                    .help("lead an outcome here, or remove the state")
                    .repair(Repair::Drop {
                        span: state.name_span,
                        trust: Trust::Unsafe,
                    }),
                );
            }
        }
        let own = pictures.iter().find(|p| p.flow.index() == index);
        for (end, id) in flow.ends.iter().zip(0..) {
            let reached = own.is_some_and(|p| p.reached.contains(&Place::End(EndId(id))))
                || returned(policy, pictures, index, EndId(id));
            if !reached && !behind.contains(&Target::End(EndId(id))) {
                push(
                    findings,
                    Diagnostic::new(
                        Code::FW304,
                        format!("no run of `{}` can reach the end `{}`", flow.name, end.name),
                        end.name_span,
                        "never reached",
                    )
                    .help("lead an outcome here, or remove the end")
                    .repair(Repair::Drop {
                        span: end.name_span,
                        trust: Trust::Unsafe,
                    }),
                );
            }
        }
    }
}

/// Whether a run of the flow inside another one comes back with that end.
fn returned(policy: &Policy, pictures: &[Picture], flow: usize, end: EndId) -> bool {
    pictures.iter().any(|p| {
        p.happened.iter().any(|&(run, state, outcome)| {
            let outer = p.inlined.runs.get(run as usize);
            let state = outer
                .and_then(|r| policy.flows.get(r.flow.index()))
                .and_then(|f| f.states.get(state.index()));
            state.is_some_and(|s| {
                matches!(&s.step, Step::Run { flow: inner, .. } if inner.index() == flow)
                    && s.outcomes
                        .get(outcome)
                        .is_some_and(|o| o.kind == OutcomeKind::End(end))
            })
        })
    })
}

/// Whatever some edges lead to from those states, as they are written.
fn behind(flow: &Flow, from: Vec<StateId>) -> BTreeSet<Target> {
    let mut all = BTreeSet::new();
    let mut open = from;
    while let Some(id) = open.pop() {
        let Some(state) = flow.states.get(id.index()) else {
            continue;
        };
        let mut next: Vec<Target> = state.handlers.iter().map(|h| h.to).collect();
        next.extend(state.events.iter().map(|e| e.to));
        next.extend(state.visits.map(|v| v.to));
        if let Step::Choose {
            branches,
            otherwise,
        } = &state.step
        {
            next.extend(branches.iter().map(|(_, to, _)| *to));
            next.extend(otherwise.map(|(to, _)| to));
        }
        for to in next {
            if all.insert(to)
                && let Target::State(id) = to
            {
                open.push(id);
            }
        }
    }
    all
}
