//! FW405: an undo on a way on which there may be nothing to undo.

use super::push;
use super::ways::{way_to, words};
use crate::diagnostics::{Code, Diagnostic};
use crate::flow::graph::NodeId;
use crate::flow::picture::{Picture, StateAt};
use crate::model::{ActionId, Policy};
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn check(policy: &Policy, pictures: &[Picture], findings: &mut Vec<Diagnostic>) {
    for picture in pictures {
        // A state that undoes on some way is an undo; elsewhere the call may mean something else.
        let mut undoes: BTreeSet<(StateAt, ActionId)> = BTreeSet::new();
        let mut nothing: BTreeMap<(StateAt, ActionId), (NodeId, bool)> = BTreeMap::new();
        for id in picture.graph.ids() {
            let Some(node) = picture.graph.node(id).filter(|n| n.end.is_none()) else {
                continue;
            };
            let place = node.config.place;
            let Some(writes) = picture.undoes.get(&place) else {
                continue;
            };
            for &write in writes {
                let of = node.config.history.of(write);
                if of.standing > 0 {
                    undoes.insert((place, write));
                } else if of.unsettled > 0 || of.doubtful > 0 {
                    undoes.insert((place, write));
                    nothing.entry((place, write)).or_insert((id, true));
                } else if !of.undone {
                    nothing.entry((place, write)).or_insert((id, false));
                }
            }
        }
        for ((place, write), (node, doubt)) in nothing {
            if !undoes.contains(&(place, write)) {
                continue;
            }
            let Some(state) = words(policy, picture).state(place) else {
                continue;
            };
            let write = policy.action(write);
            let message = if doubt {
                format!(
                    "state `{}` undoes `{}` where it may not have happened",
                    state.name, write.full_name
                )
            } else {
                format!(
                    "state `{}` undoes `{}` where it has not happened",
                    state.name, write.full_name
                )
            };
            let mut found = Diagnostic::new(
                Code::FW405,
                message,
                state.step_span,
                "undone here, on every way",
            );
            if let Some(undo) = &write.undo {
                found = found.label(undo.span, "not declared `tolerant`");
            }
            push(
                findings,
                found
                    .note("An undo that finds nothing may fail for ever, or take back something else.")
                    .help(format!(
                        "use `unwind {}`, which undoes only what stands; settle it first; or declare the undo `tolerant` if it does no harm where nothing happened",
                        write.full_name
                    ))
                    .witness(way_to(policy, picture, node)),
            );
        }
    }
}
