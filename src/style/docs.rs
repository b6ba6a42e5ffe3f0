//! FW902: what is seen from outside, and has no documentation.

use crate::diagnostics::{Code, Diagnostic};
use crate::source::Span;
use crate::syntax::tree::{Doc, File, ItemKind};

pub(super) fn check(file: &File, findings: &mut Vec<Diagnostic>) {
    let mut look = |doc: &Doc, what: &str, name: &str, span: Span| {
        let said = doc.as_ref().is_some_and(|d| !d.node.trim().is_empty());
        if said {
            return;
        }
        findings.push(
            Diagnostic::new(
                Code::FW902,
                format!("{what} `{name}` has no documentation"),
                span,
                "nothing is said about it",
            )
            .help("write a sentence above it, behind `///`: it travels into the table and its reports"),
        );
    };
    if let Some(header) = &file.header {
        look(&header.doc, "policy", &header.name.name, header.name.span);
    }
    for item in &file.items {
        match &item.kind {
            ItemKind::Integration(integration) => {
                let name = &integration.name;
                look(&item.doc, "integration", &name.name, name.span);
                for action in &integration.actions {
                    let full = format!("{}.{}", name.name, action.name.name);
                    look(&action.doc, "action", &full, action.name.span);
                }
            }
            ItemKind::Input(input) => {
                look(&item.doc, "input", &input.name.name, input.name.span);
            }
            ItemKind::Event { name, .. } => look(&item.doc, "event", &name.name, name.span),
            ItemKind::Flow(flow) => look(&item.doc, "flow", &flow.name.name, flow.name.span),
            _ => {}
        }
    }
}
