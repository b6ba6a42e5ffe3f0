//! FW202: an action that no rule allows or escalates.

use super::Known;
use crate::diagnostics::{Code, Diagnostic};
use crate::gate::Gate;

pub(super) fn check(gate: &mut Gate<'_>, _: &mut Known, findings: &mut Vec<Diagnostic>) {
    let policy = gate.encoder.policy();
    if !policy.complete {
        return;
    }
    for (action, made) in policy.actions.iter().zip(&gate.actions) {
        if made.permissions.is_empty() && made.escalations.is_empty() {
            findings.push(
                Diagnostic::new(
                    Code::FW202,
                    format!("no rule allows `{}`", action.full_name),
                    action.span,
                    "every call of it is denied",
                )
                .note("What nothing allows is denied, so this action could as well not be there.")
                .help(format!(
                    "write `allow name: {}`, or remove the action",
                    action.full_name
                )),
            );
        }
    }
}
