//! FW205: a rule that never decides, since others always win.

use super::{Known, covering, named};
use crate::diagnostics::{Code, Diagnostic};
use crate::gate::Gate;
use crate::gate::study::Standing;
use crate::model::{Rule, RuleKind};

pub(super) fn check(gate: &mut Gate<'_>, known: &mut Known, findings: &mut Vec<Diagnostic>) {
    let policy = gate.encoder.policy();
    for (id, standing) in &known.study.standing {
        let (Standing::Overruled(covers), Some(rule)) = (standing, policy.rules.get(id.index()))
        else {
            continue;
        };
        let by = covering(covers);
        let mut found = Diagnostic::new(
            Code::FW205,
            format!(
                "`{}` never decides anything: wherever it fires, {} {} already",
                rule.name,
                named(policy, &by),
                if by.len() == 1 { "decides" } else { "decide" }
            ),
            rule.name_span,
            "changes no verdict",
        );
        for other in by.iter().filter_map(|r| policy.rules.get(r.index())) {
            found = found.label(other.name_span, wins(other));
        }
        findings.push(
            found
                .note("Refusals come before escalations, and escalations before permissions. Without this rule every verdict would be the same.")
                .help("correct its condition, or remove it"),
        );
    }
}

fn wins(rule: &Rule) -> &'static str {
    match rule.kind {
        RuleKind::Allow => "permits the rest",
        RuleKind::Escalate { .. } => "asks for an approval first",
        _ => "refuses first",
    }
}
