//! FW203: an action that is never allowed, whatever happens.

use super::{Known, named};
use crate::diagnostics::{Code, Diagnostic};
use crate::gate::Gate;

pub(super) fn check(gate: &mut Gate<'_>, known: &mut Known, findings: &mut Vec<Diagnostic>) {
    let policy = gate.encoder.policy();
    for (id, by) in &known.study.never_allowed {
        let action = policy.action(*id);
        let mut found = Diagnostic::new(
            Code::FW203,
            format!("`{}` is never allowed, whatever happens", action.full_name),
            action.span,
            format!("every call of it is refused by {}", named(policy, by)),
        );
        let permitting = gate
            .of(*id)
            .map(|made| {
                made.permissions
                    .iter()
                    .chain(&made.escalations)
                    .map(|f| f.rule)
            })
            .into_iter()
            .flatten();
        for rule in permitting
            .filter_map(|r| policy.rules.get(r.index()))
            .take(6)
        {
            found = found.label(rule.name_span, "permits it, in vain");
        }
        for rule in by.iter().filter_map(|r| policy.rules.get(r.index())) {
            found = found.label(rule.name_span, "refuses it");
        }
        findings.push(
            found
                .note("Whoever reads the rules that permit it believes that it can be called.")
                .help("narrow the rules that refuse, or remove those that permit"),
        );
    }
}
