//! FW212: a write permitted without any condition, limit, order or `because`.

use super::Known;
use crate::diagnostics::{Code, Diagnostic, Repair};
use crate::gate::{Gate, rules_on};
use crate::model::{ActionId, Rule, RuleKind};

/// So many actions are pointed at.
const SHOWN: usize = 3;

pub(super) fn check(gate: &mut Gate<'_>, known: &mut Known, findings: &mut Vec<Diagnostic>) {
    let policy = gate.encoder.policy();
    // What is missing may be the bound.
    if !policy.complete {
        return;
    }
    let bare: Vec<bool> = (0..policy.actions.len())
        .map(|at| {
            let id = ActionId(u32::try_from(at).unwrap_or(u32::MAX));
            policy.action(id).writes()
                && !known.study.never_allowed.contains_key(&id)
                && rules_on(policy, id).all(|(_, rule, _)| permits(rule))
        })
        .collect();
    for rule in policy
        .rules
        .iter()
        .filter(|r| permits(r) && r.because.is_none())
    {
        let open: Vec<ActionId> = rule
            .targets
            .iter()
            .filter(|t| t.when.is_none())
            .map(|t| t.action)
            .filter(|a| bare.get(a.index()).copied().unwrap_or(false))
            .collect();
        let Some(first) = open.first() else { continue };
        let name = &policy.action(*first).full_name;
        let more = match open.len() - 1 {
            0 => String::new(),
            n => format!(" and {n} more"),
        };
        let mut found = Diagnostic::new(
            Code::FW212,
            format!(
                "`{}` permits `{name}`{more} always, and nothing says why",
                rule.name
            ),
            rule.name_span,
            "no condition, no `because`",
        );
        for action in open.iter().take(SHOWN) {
            found = found.label(
                policy.action(*action).span,
                "writes, and no rule sets it a limit, an order or a condition",
            );
        }
        findings.push(
            found
                .note("Whoever signs this off cannot tell a decision from an omission.")
                .help("say why with `because \"…\"`, or bound it: `when`, `limit`, `order`, `deny`")
                .repair(Repair::Because {
                    rule: rule.name_span,
                }),
        );
    }
}

fn permits(rule: &Rule) -> bool {
    matches!(rule.kind, RuleKind::Allow)
}
