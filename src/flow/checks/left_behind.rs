//! FW403, FW404: what a flow leaves behind at its ends: writes in doubt, and writes that stand where
//! they should have been undone.

use super::push;
use super::ways::{last_call, way_to};
use crate::diagnostics::{Code, Diagnostic, Repair};
use crate::flow::graph::NodeId;
use crate::flow::picture::Picture;
use crate::model::{ActionId, End, EndId, Policy};
use crate::syntax::tree::EndClass;
use std::collections::BTreeMap;

/// For every end: the writes that may be left there, each with where it is seen first.
type Left = BTreeMap<EndId, BTreeMap<ActionId, NodeId>>;

pub(super) fn check(policy: &Policy, pictures: &[Picture], findings: &mut Vec<Diagnostic>) {
    for picture in pictures {
        let Some(flow) = policy.flows.get(picture.flow.index()) else {
            continue;
        };
        let (mut doubtful, mut standing) = (Left::new(), Left::new());
        for id in picture.graph.ids() {
            let Some(node) = picture.graph.node(id) else {
                continue;
            };
            let Some(end) = node.end else { continue };
            let Some(def) = flow.ends.get(end.index()) else {
                continue;
            };
            for (action, n) in policy.actions.iter().zip(0..) {
                let of = node.config.history.of(ActionId(n));
                let leave = |left: &mut Left| {
                    let at = left.entry(end).or_default();
                    at.entry(ActionId(n)).or_insert(id);
                };
                if action.tracked() && of.unsettled > 0 && !def.leaves.contains(&ActionId(n)) {
                    leave(&mut doubtful);
                }
                if of.standing > 0
                    && action.undo.is_some()
                    && def.class != EndClass::Success
                    && !def.keeps.contains(&ActionId(n))
                {
                    leave(&mut standing);
                }
            }
        }
        for (end, writes) in doubtful {
            if let Some(def) = flow.ends.get(end.index()) {
                push_some(findings, in_doubt(policy, picture, def, &writes));
            }
        }
        for (end, writes) in standing {
            if let Some(def) = flow.ends.get(end.index()) {
                push_some(findings, stands(policy, picture, def, &writes));
            }
        }
    }
}

fn push_some(findings: &mut Vec<Diagnostic>, found: Option<Diagnostic>) {
    if let Some(found) = found {
        push(findings, found);
    }
}

/// The names of the writes, and the shortest way that leaves one.
fn names(
    policy: &Policy,
    writes: &BTreeMap<ActionId, NodeId>,
) -> Option<(String, ActionId, NodeId)> {
    let (&action, &node) = writes.iter().min_by_key(|(_, node)| **node)?;
    let list: Vec<String> = writes
        .keys()
        .map(|a| format!("`{}`", policy.action(*a).full_name))
        .collect();
    Some((list.join(", "), action, node))
}

/// Several names without their quotes, for a clause.
fn clause(names: &str) -> String {
    names.replace('`', "")
}

fn in_doubt(
    policy: &Policy,
    picture: &Picture,
    end: &End,
    writes: &BTreeMap<ActionId, NodeId>,
) -> Option<Diagnostic> {
    let (names, first, node) = names(policy, writes)?;
    let mut found = Diagnostic::new(
        Code::FW403,
        format!(
            "the flow can end in `{}` while nobody knows whether {names} happened",
            end.name
        ),
        end.name_span,
        "left in doubt here",
    );
    let path = picture.graph.path(node);
    if let Some(state) = last_call(policy, picture, &path, first) {
        found = found.label(state.step_span, "may or may not have happened");
    }
    let one = policy.action(first);
    let settle = if one.confirm.is_some() {
        format!("find out by `settle {}` before this end", one.full_name)
    } else {
        format!(
            "give `{}` a `confirm` and `settle` it before this end",
            one.full_name
        )
    };
    Some(
        found
            .note("A timeout, a malformed reply or an indeterminate failure says nothing about whether the write took place.")
            .help(format!(
                "{settle}; or say that it is left so, for people to find out: `leaves {} unsettled`",
                clause(&names)
            ))
            .witness(way_to(policy, picture, node))
            .repair(Repair::Settle {
                at: end.name_span,
                action: one.full_name.clone(),
            }),
    )
}

fn stands(
    policy: &Policy,
    picture: &Picture,
    end: &End,
    writes: &BTreeMap<ActionId, NodeId>,
) -> Option<Diagnostic> {
    let (names, first, node) = names(policy, writes)?;
    let one = policy.action(first);
    let mut found = Diagnostic::new(
        Code::FW404,
        format!(
            "the flow can end in `{}` while {names} still stands",
            end.name
        ),
        end.name_span,
        "no success, and not undone",
    );
    let path = picture.graph.path(node);
    if let Some(state) = last_call(policy, picture, &path, first) {
        found = found.label(state.step_span, "has happened");
    }
    if let Some(undo) = &one.undo {
        found = found.label(undo.span, "how it could be undone");
    }
    Some(
        found
            .note("What was done for an end that is not reached has to be taken back, or somebody pays for it.")
            .help(format!(
                "undo it on the way: `unwind {0}`; or say that it is meant to stand: `keeps {0}`",
                clause(&names)
            ))
            .witness(way_to(policy, picture, node)),
    )
}
