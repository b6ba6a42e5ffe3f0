//! In which declaration a place lies, in the words of the language.

use super::tree::{File, FlowItem, ItemKind, RuleKind};
use crate::source::Span;

/// The declaration around the byte `offset` of that file, such as `flow release / state deploy`; empty
/// outside of all.
#[must_use]
pub fn name(file: &File, offset: u32) -> String {
    let holds = |span: Span| span.start <= offset && offset < span.end.max(span.start + 1);
    let Some(item) = file.items.iter().find(|item| holds(item.span)) else {
        return match &file.header {
            Some(header) if holds(header.span) => format!("policy {}", header.name.name),
            _ => String::new(),
        };
    };
    match &item.kind {
        ItemKind::Use { path } => format!("use {}", path.node),
        ItemKind::Type { name, .. } => format!("type {}", name.name),
        ItemKind::Record { name, .. } => format!("record {}", name.name),
        ItemKind::Enum { name, .. } => format!("enum {}", name.name),
        ItemKind::Input(field) => format!("input {}", field.name.name),
        ItemKind::Role { name, .. } => format!("role {}", name.name),
        ItemKind::Event { name, .. } => format!("event {}", name.name),
        ItemKind::Integration(integration) => {
            let outer = format!("integration {}", integration.name.name);
            let action = integration.actions.iter().find(|a| holds(a.span));
            inner(outer, action.map(|a| format!("action {}", a.name.name)))
        }
        ItemKind::Fact(fact) => format!("fact {}", fact.name.name),
        ItemKind::Group { name, .. } => format!("group {}", name.name),
        ItemKind::Define { name, .. } => format!("define {}", name.name),
        ItemKind::Rule(rule) => format!("{} {}", kind(&rule.kind), rule.name.name),
        ItemKind::Flow(flow) => {
            let found = flow.items.iter().find_map(|item| match item {
                FlowItem::State(s) if holds(s.span) => Some(format!("state {}", s.name.name)),
                FlowItem::End(e) if holds(e.span) => Some(format!("end {}", e.name.name)),
                FlowItem::Handlers { name, span, .. } if holds(*span) => {
                    Some(format!("handlers {}", name.name))
                }
                _ => None,
            });
            inner(format!("flow {}", flow.name.name), found)
        }
        ItemKind::Test(test) => format!("test {}", test.name.node),
    }
}

fn inner(outer: String, inner: Option<String>) -> String {
    match inner {
        Some(inner) => format!("{outer} / {inner}"),
        None => outer,
    }
}

fn kind(kind: &RuleKind) -> &'static str {
    match kind {
        RuleKind::Allow(_) => "allow",
        RuleKind::Deny(_) => "deny",
        RuleKind::Require(_) => "require",
        RuleKind::Escalate(_) => "escalate",
        RuleKind::Limit { .. } => "limit",
        RuleKind::OrderBefore { .. } | RuleKind::OrderNever { .. } => "order",
    }
}
