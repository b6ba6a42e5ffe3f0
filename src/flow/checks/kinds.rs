//! FW408: a confirm that changes something, an undo that changes nothing.

use super::push;
use crate::diagnostics::{Code, Diagnostic};
use crate::flow::picture::Picture;
use crate::model::{ActionId, Policy};

pub(super) fn check(policy: &Policy, _: &[Picture], findings: &mut Vec<Diagnostic>) {
    for (write, id) in policy.actions.iter().zip(0..) {
        if let Some(confirm) = &write.confirm {
            let by = policy.action(confirm.action);
            if by.writes() {
                push(
                    findings,
                    Diagnostic::new(
                        Code::FW408,
                        format!("`{}` is confirmed by `{}`, which writes", write.full_name, by.full_name),
                        confirm.span,
                        "asking must not change anything",
                    )
                    .label(by.span, "a write")
                    .note("It is called to find out what happened, perhaps several times, and could itself be left in doubt.")
                    .help("confirm by an action that `reads`"),
                );
            }
        }
        let Some(undo) = &write.undo else { continue };
        let by = policy.action(undo.action);
        if undo.action == ActionId(id) {
            push(
                findings,
                Diagnostic::new(
                    Code::FW408,
                    format!("`{}` is said to undo itself", write.full_name),
                    undo.span,
                    "does it once more",
                )
                .help("name the action that takes it back, or leave `undo` out"),
            );
        } else if !by.writes() {
            push(
                findings,
                Diagnostic::new(
                    Code::FW408,
                    format!("`{}` is undone by `{}`, which only reads", write.full_name, by.full_name),
                    undo.span,
                    "takes nothing back",
                )
                .label(by.span, "a read")
                .note("After it the flow believes that nothing is left, while everything still stands.")
                .help("name the write that takes it back, or leave `undo` out"),
            );
        }
    }
}
