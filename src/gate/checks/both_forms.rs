//! FW213: a permission, and a refusal of all the rest that says nothing more.
//!
//! What nothing permits is refused anyway. A refusal of the rest that gives a reason, or says what to
//! do instead, is there for that; one that doesn't is asked after.

use super::Known;
use crate::diagnostics::{Code, Diagnostic};
use crate::gate::Gate;
use crate::gate::study::Standing;
use crate::logic::Formula;
use crate::model::{ActionId, RuleId, RuleKind};
use std::collections::BTreeMap;

pub(super) fn check(gate: &mut Gate<'_>, known: &mut Known, findings: &mut Vec<Diagnostic>) {
    let policy = gate.encoder.policy();
    let mut permitted: BTreeMap<RuleId, Vec<(ActionId, Formula)>> = BTreeMap::new();
    let mut refused: BTreeMap<RuleId, Vec<(ActionId, Formula)>> = BTreeMap::new();
    for (made, id) in gate.actions.iter().zip((0..).map(ActionId)) {
        for (list, all) in [
            (&made.permissions, &mut permitted),
            (&made.denials, &mut refused),
        ] {
            for f in list {
                all.entry(f.rule).or_default().push((id, f.fires));
            }
        }
    }
    // Permissions by all that they leave. Of equal ones the first by name.
    let mut left: BTreeMap<Vec<(ActionId, Formula)>, RuleId> = BTreeMap::new();
    for (id, fires) in permitted {
        let rest = fires.into_iter().map(|(a, f)| (a, !f)).collect();
        left.entry(rest).or_insert(id);
    }
    for (id, fires) in refused {
        let matters = matches!(known.study.standing.get(&id), Some(Standing::Matters));
        let (Some(rule), Some(other)) = (policy.rules.get(id.index()), left.get(&fires)) else {
            continue;
        };
        let Some(other) = policy.rules.get(other.index()) else {
            continue;
        };
        let silent = rule.because.is_none() && rule.targets.iter().all(|t| t.instead.is_none());
        let forms = matches!(rule.kind, RuleKind::Deny | RuleKind::Require);
        let always = fires.iter().any(|(_, f)| f.is_constant());
        if !matters || !silent || !forms || always {
            continue;
        }
        findings.push(
            Diagnostic::new(
                Code::FW213,
                format!(
                    "`{}` refuses just what `{}` doesn't permit: was this intended?",
                    rule.name, other.name
                ),
                rule.name_span,
                "refused anyway, as long as nothing else permits it",
            )
            .label(other.name_span, "permits all the rest")
            .note("What no rule permits is refused. This rule adds no reason and no `instead`; it only keeps other rules from permitting more.")
            .help("say with `because` what it is there for, or remove it"),
        );
    }
}
