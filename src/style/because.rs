//! FW903: a rule that refuses, and doesn't say why.

use crate::diagnostics::{Code, Diagnostic, Repair};
use crate::syntax::tree::{File, ItemKind, RuleKind};

pub(super) fn check(file: &File, findings: &mut Vec<Diagnostic>) {
    for item in &file.items {
        let ItemKind::Rule(rule) = &item.kind else {
            continue;
        };
        if rule.because.is_some() || matches!(rule.kind, RuleKind::Allow(_)) {
            continue;
        }
        findings.push(
            Diagnostic::new(
                Code::FW903,
                format!("`{}` doesn't say why", rule.name.name),
                rule.name.span,
                "no `because`",
            )
            .note("The AI is told the reason when it is refused, and so is the person who has to approve.")
            .help("add `because \"…\"`, in words that tell what to do instead")
            .repair(Repair::Because {
                rule: rule.name.span,
            }),
        );
    }
}
