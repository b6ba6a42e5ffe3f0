//! FW904: declarations that stand before what they build on.

use crate::diagnostics::{Code, Diagnostic};
use crate::syntax::tree::{File, Item, ItemKind};

pub(super) fn check(file: &File, findings: &mut Vec<Diagnostic>) {
    let mut latest: Option<&Item> = None;
    let mut first: Option<(&Item, &Item)> = None;
    let mut more = 0;
    for item in &file.items {
        match latest {
            Some(before) if place(before).0 > place(item).0 => {
                more += usize::from(first.is_some());
                first.get_or_insert((before, item));
            }
            _ => latest = Some(item),
        }
    }
    let Some((before, item)) = first else { return };
    let further = match more {
        0 => String::new(),
        n => format!(" (and {n} more)"),
    };
    findings.push(
        Diagnostic::new(
            Code::FW904,
            format!("{} stand before {}", place(item).1, place(before).1),
            item.span,
            format!("behind what builds on it{further}"),
        )
        .label(before.span, format!("{} begin here", place(before).1))
        .note("The order changes nothing: a reader finds things faster where they stand in every policy.")
        .help("write files, then types, inputs, roles and events, then integrations, then facts and rules, then flows, then tests"),
    );
}

/// Where a declaration stands among the others, and what they are called.
fn place(item: &Item) -> (u8, &'static str) {
    match &item.kind {
        ItemKind::Use { .. } => (0, "the files that are used"),
        ItemKind::Type { .. } | ItemKind::Record { .. } | ItemKind::Enum { .. } => (1, "types"),
        ItemKind::Input(_) | ItemKind::Role { .. } | ItemKind::Event { .. } => {
            (1, "inputs, roles and events")
        }
        ItemKind::Integration(_) => (2, "integrations"),
        ItemKind::Fact(_) | ItemKind::Group { .. } | ItemKind::Define { .. } => {
            (3, "facts, groups and defines")
        }
        ItemKind::Rule(_) => (3, "rules"),
        ItemKind::Flow(_) => (4, "flows"),
        ItemKind::Test(_) => (5, "tests"),
    }
}
