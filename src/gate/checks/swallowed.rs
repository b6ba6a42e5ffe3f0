//! FW207: a permission swallowed whole by denials.

use super::{Known, covering, named};
use crate::diagnostics::{Code, Diagnostic};
use crate::gate::Gate;
use crate::gate::study::Standing;
use crate::model::RuleKind;

pub(super) fn check(gate: &mut Gate<'_>, known: &mut Known, findings: &mut Vec<Diagnostic>) {
    let policy = gate.encoder.policy();
    for (id, standing) in &known.study.standing {
        let (Standing::Swallowed(covers), Some(rule)) = (standing, policy.rules.get(id.index()))
        else {
            continue;
        };
        let by = covering(covers);
        let what = match rule.kind {
            RuleKind::Escalate { .. } => "asks for",
            _ => "permits",
        };
        let mut found = Diagnostic::new(
            Code::FW207,
            format!(
                "all that `{}` {what} is refused by {}",
                rule.name,
                named(policy, &by)
            ),
            rule.name_span,
            "permits nothing",
        );
        for other in by.iter().filter_map(|r| policy.rules.get(r.index())) {
            found = found.label(other.name_span, "refuses it");
        }
        findings.push(
            found
                .note("A refusal always comes before a permission. Whoever reads this rule believes that something is permitted which never is.")
                .help("narrow what refuses, or remove the permission"),
        );
    }
}
