//! FW201: a rule that can never fire.

use super::undecided::place;
use crate::diagnostics::{Code, Diagnostic};
use crate::gate::Gate;
use crate::logic::{Budget, Formula};
use crate::model::{ActionId, Atom, AtomKind, Cond, Operand, Policy, Root, Rule, RuleId};
use crate::source::Span;
use std::collections::BTreeMap;

pub(super) fn check(gate: &mut Gate<'_>, findings: &mut Vec<Diagnostic>) {
    let policy = gate.encoder.policy();
    let mut by_rule: BTreeMap<RuleId, Vec<(ActionId, Formula)>> = BTreeMap::new();
    for (made, i) in gate.actions.iter().zip(0..) {
        for f in made
            .denials
            .iter()
            .chain(&made.escalations)
            .chain(&made.permissions)
        {
            by_rule
                .entry(f.rule)
                .or_default()
                .push((ActionId(i), f.fires));
        }
    }
    let axioms = gate.encoder.axioms();
    for (id, targets) in by_rule {
        let Some(rule) = policy.rules.get(id.index()) else {
            continue;
        };
        let mut fires = false;
        for (action, formula) in &targets {
            let logic = &mut gate.encoder.logic;
            let question = logic.and(&[*formula, axioms]);
            match logic.solve(question, &mut Budget::default()) {
                Ok(None) => {}
                Ok(Some(_)) => {
                    fires = true;
                    break;
                }
                Err(out) => {
                    findings.push(gate.too_much(*action, &out.to_string()));
                    fires = true;
                    break;
                }
            }
        }
        if fires {
            continue;
        }
        let span = rule
            .targets
            .first()
            .and_then(|t| t.when.as_ref())
            .and_then(place)
            .unwrap_or(rule.name_span);
        let requires = matches!(rule.kind, crate::model::RuleKind::Require);
        let (message, label, help) = if requires {
            (
                format!("`{}` always holds, so it never refuses anything", rule.name),
                "true whatever the values are",
                "remove the rule, or correct its condition",
            )
        } else {
            (
                format!("`{}` can never fire", rule.name),
                "no values satisfy this",
                "correct the condition, or remove the rule",
            )
        };
        let mut found =
            Diagnostic::new(Code::FW201, message, span, label).label(rule.name_span, "this rule");
        if let Some(at) = compared_param(policy, rule) {
            found = found.label(at, "its values are declared here");
        }
        findings.push(
            found
                .note("A rule that never fires gives a false sense of safety: whoever reads it believes that it does something.")
                .help(help),
        );
    }
}

/// The parameter that the rule's condition is about, if that is a single comparison with a constant.
fn compared_param(policy: &Policy, rule: &Rule) -> Option<Span> {
    let target = rule.targets.first()?;
    let Some(Cond::Atom(Atom {
        kind:
            AtomKind::Compare {
                left: Operand::Path(path),
                right: Operand::Const(_),
                ..
            }
            | AtomKind::InRange {
                operand: Operand::Path(path),
                ..
            },
        ..
    })) = &target.when
    else {
        return None;
    };
    let (Root::Param(i), []) = (path.root, path.fields.as_slice()) else {
        return None;
    };
    let param = policy.action(target.action).params.get(i as usize)?;
    Some(param.span)
}
