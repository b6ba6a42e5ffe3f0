//! FW401, FW402, FW406: a write that is called again while an earlier call of it may have happened.

use super::push;
use super::ways::{last_call, way_to, words};
use crate::diagnostics::{Code, Diagnostic, Repair};
use crate::flow::graph::{Happened, NodeId};
use crate::flow::picture::Picture;
use crate::model::{Action, Effect, Policy, State, Step};

pub(super) fn check(policy: &Policy, pictures: &[Picture], findings: &mut Vec<Diagnostic>) {
    for picture in pictures {
        for (&(place, same_entry), &node) in &picture.again {
            let Some(state) = words(policy, picture).state(place) else {
                continue;
            };
            let Step::Do(step) = &state.step else {
                continue;
            };
            let action = policy.action(step.action);
            let idempotent = matches!(
                &action.effect,
                Effect::Write {
                    idempotency: Some(_),
                    ..
                }
            );
            let found = match (same_entry, idempotent) {
                (true, false) => retried(policy, picture, node, state, action),
                // A key that is forgotten between attempts has a check of its own.
                (true, true) => None,
                (false, false) => Some(repeated(policy, picture, node, state, action)),
                (false, true) => Some(changed(policy, picture, node, state, action)),
            };
            if let Some(found) = found {
                push(findings, found);
            }
        }
    }
}

/// The retry that led to the attempt at `node`.
fn retried(
    policy: &Policy,
    picture: &Picture,
    node: NodeId,
    state: &State,
    action: &Action,
) -> Option<Diagnostic> {
    let graph = &picture.graph;
    let hop = graph.parent(node)?;
    let handler = graph.label(hop).iter().find_map(|h| match h {
        Happened::Again { handler, .. } => state.handlers.get(*handler as usize),
        _ => None,
    })?;
    let retry = handler.retry?;
    // The last outcome before it was left in doubt, or one before that.
    let outcomes: Vec<String> = handler
        .outcomes
        .iter()
        .filter_map(|(o, _)| state.outcomes.get(*o))
        .filter(|o| {
            let id = match &state.step {
                Step::Do(step) => step.action,
                _ => return false,
            };
            crate::flow::calls::ending(policy, id, o.kind)
                == Some(crate::flow::calls::Ending::Doubt)
        })
        .map(|o| format!("`{}`", o.name))
        .collect();
    let after = if outcomes.is_empty() {
        String::new()
    } else {
        format!(" after {}", crate::words::either(&outcomes))
    };
    Some(
        Diagnostic::new(
            Code::FW401,
            format!(
                "state `{}` tries `{}` again{after}, although it may have happened",
                state.name, action.full_name
            ),
            retry.span,
            "would do it a second time",
        )
        .label(action.span, "writes, and is not safe to repeat")
        .note("The gate refuses such an attempt (`unsettled`): the retry is lost, and the write stays in doubt.")
        .help(help(action))
        .witness(way_to(policy, picture, node))
        .repair(Repair::Settle {
            at: retry.span,
            action: action.full_name.clone(),
        }),
    )
}

fn help(action: &Action) -> String {
    let settle = format!(
        "lead the outcome to a state that finds out: `settle {}`",
        action.full_name
    );
    let key =
        "if the other side recognises a repeat by a key, declare it: `writes idempotent by …`";
    if action.confirm.is_some() {
        format!("{settle}; {key}")
    } else {
        format!(
            "{settle}, for which `{}` needs a `confirm`; {key}",
            action.name
        )
    }
}

fn repeated(
    policy: &Policy,
    picture: &Picture,
    node: NodeId,
    state: &State,
    action: &Action,
) -> Diagnostic {
    let found = Diagnostic::new(
        Code::FW402,
        format!(
            "state `{}` calls `{}` while an earlier call of it may have happened",
            state.name, action.full_name
        ),
        state.step_span,
        "refused here (`unsettled`)",
    )
    .label(action.span, "writes, and is not safe to repeat")
    .note("Until somebody has found out what became of the earlier call, the gate refuses every further one, so that nothing is done twice.")
    .help(format!(
        "settle first: lead the way that comes here through `settle {}`",
        action.full_name
    ))
    .repair(Repair::Settle {
        at: state.step_span,
        action: action.full_name.clone(),
    });
    with_first(policy, picture, node, state, found)
}

fn changed(
    policy: &Policy,
    picture: &Picture,
    node: NodeId,
    state: &State,
    action: &Action,
) -> Diagnostic {
    let mut found = Diagnostic::new(
        Code::FW406,
        format!(
            "state `{}` may call `{}` with another key, or other arguments under the same key, while an earlier call is in doubt",
            state.name, action.full_name
        ),
        state.step_span,
        "may not be the same call again: then it is refused (`unsettled`)",
    );
    if let Effect::Write {
        idempotency: Some(key),
        ..
    } = &action.effect
    {
        found = found.label(
            key.span,
            "only the same key with the same arguments is a repeat",
        );
    }
    let found = found
        .note("A new key makes a second effect; an old key with new arguments gets the first answer, or an error.")
        .help(format!(
            "settle first: lead the way that comes here through `settle {}`; or call it with values that do not change on the way",
            action.full_name
        ));
    with_first(policy, picture, node, state, found)
}

/// With the state that left the call in doubt, and the way.
fn with_first(
    policy: &Policy,
    picture: &Picture,
    node: NodeId,
    state: &State,
    found: Diagnostic,
) -> Diagnostic {
    let path = picture.graph.path(node);
    let first = match &state.step {
        Step::Do(step) => last_call(policy, picture, &path, step.action),
        _ => None,
    };
    let found = match first {
        Some(first) if first.name != state.name => found.label(first.step_span, "the earlier call"),
        _ => found,
    };
    found.witness(way_to(policy, picture, node))
}
