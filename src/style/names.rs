//! FW901: a name that says nothing about what it names.

use crate::diagnostics::{Code, Diagnostic};
use crate::syntax::tree::{File, FlowItem, Ident, ItemKind};

/// What things are, and what is written when nothing comes to mind.
const EMPTY: &[&str] = &[
    "rule", "allow", "deny", "require", "escalate", "limit", "order", "state", "step", "flow",
    "action", "end", "test", "fact", "group", "define", "foo", "bar", "baz", "tmp", "temp",
    "thing", "stuff", "todo",
];

pub(super) fn check(file: &File, findings: &mut Vec<Diagnostic>) {
    let mut look = |name: &Ident, what: &str| {
        if !says_nothing(&name.name) {
            return;
        }
        findings.push(
            Diagnostic::new(
                Code::FW901,
                format!("`{}` says nothing about this {what}", name.name),
                name.span,
                "a name of its kind only",
            )
            .note("Refusals, records and reports call it by this name, and so do those who read them at night.")
            .help(format!("name the {what} after what it is for")),
        );
    };
    for item in &file.items {
        match &item.kind {
            ItemKind::Rule(rule) => look(&rule.name, "rule"),
            ItemKind::Fact(fact) => look(&fact.name, "fact"),
            ItemKind::Group { name, .. } => look(name, "group"),
            ItemKind::Define { name, .. } => look(name, "define"),
            ItemKind::Role { name, .. } => look(name, "role"),
            ItemKind::Event { name, .. } => look(name, "event"),
            ItemKind::Integration(integration) => {
                look(&integration.name, "integration");
                for action in &integration.actions {
                    look(&action.name, "action");
                }
            }
            ItemKind::Flow(flow) => {
                look(&flow.name, "flow");
                for item in &flow.items {
                    match item {
                        FlowItem::State(state) => look(&state.name, "state"),
                        FlowItem::End(end) => look(&end.name, "end"),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
}

/// A letter, or a word of `EMPTY`, whatever number follows.
fn says_nothing(name: &str) -> bool {
    let word = name
        .trim_end_matches(|c: char| c.is_ascii_digit())
        .trim_end_matches('_');
    word.chars().count() <= 1 || EMPTY.contains(&word)
}

#[cfg(test)]
mod tests {
    use super::says_nothing;

    #[test]
    fn names_of_a_kind_say_nothing() {
        for name in ["rule", "rule_1", "state2", "x", "a1", "tmp", "deny_12"] {
            assert!(says_nothing(name), "{name}");
        }
        for name in [
            "big_party",
            "crm",
            "step_up",
            "order_known",
            "ok",
            "s3_upload",
        ] {
            assert!(!says_nothing(name), "{name}");
        }
    }
}
