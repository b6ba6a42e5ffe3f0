//! FW201: a rule that can never fire.

use super::Known;
use super::undecided::place;
use crate::diagnostics::{Code, Diagnostic};
use crate::gate::parts::Parts;
use crate::gate::study::Standing;
use crate::gate::{Gate, Scope};
use crate::model::{Atom, AtomKind, Cond, Operand, Policy, Root, Rule, RuleId, RuleKind};
use crate::source::Span;

pub(super) fn check(gate: &mut Gate<'_>, known: &mut Known, findings: &mut Vec<Diagnostic>) {
    let policy = gate.encoder.policy();
    let dead = |s: &Standing| matches!(s, Standing::NeverFires);
    let dead: Vec<RuleId> = known
        .study
        .standing
        .iter()
        .filter(|(_, s)| dead(s))
        .map(|(id, _)| *id)
        .collect();
    for id in dead {
        let Some(rule) = policy.rules.get(id.index()) else {
            continue;
        };
        let core = core(gate, known, rule);
        let whole = rule
            .targets
            .first()
            .and_then(|t| t.when.as_ref())
            .and_then(place)
            .unwrap_or(rule.name_span);
        let requires = matches!(rule.kind, RuleKind::Require);
        let message = if requires {
            format!("`{}` always holds, so it never refuses anything", rule.name)
        } else {
            format!("`{}` can never fire", rule.name)
        };
        let (alone, together, help) = if requires {
            (
                "true whatever the values are",
                "one of these always holds: this,",
                "remove the rule, or correct its condition",
            )
        } else {
            (
                "no values satisfy this",
                "these exclude each other: this,",
                "correct the condition, or remove the rule",
            )
        };
        let mut found = match core.as_slice() {
            [] => Diagnostic::new(Code::FW201, message, whole, alone),
            [one] => Diagnostic::new(Code::FW201, message, *one, alone),
            [first, rest @ ..] => {
                let mut found = Diagnostic::new(Code::FW201, message, *first, together);
                for span in rest {
                    found = found.label(*span, "and this");
                }
                found
            }
        };
        found = found.label(rule.name_span, "this rule");
        if core.len() < 2
            && let Some(at) = compared_param(policy, rule)
        {
            found = found.label(at, "its values are declared here");
        }
        findings.push(
            found
                .note("A rule that never fires gives a false sense of safety: whoever reads it believes that it does something.")
                .help(help),
        );
    }
}

/// The fewest tests of the condition that keep the rule from firing, wherever it applies.
fn core(gate: &mut Gate<'_>, known: &mut Known, rule: &Rule) -> Vec<Span> {
    let policy = gate.encoder.policy();
    let Some(first) = rule.targets.first().and_then(|t| t.when.as_ref()) else {
        return Vec::new();
    };
    let mut parts = Parts::new(first);
    let mut besides = Vec::new();
    for target in &rule.targets {
        let scope = Scope::proposal(policy.action(target.action));
        let Some(cond) = &target.when else { continue };
        let before = parts.readings.len();
        if parts.read(&mut gate.encoder, cond, &scope).is_err() {
            return Vec::new();
        }
        if parts.readings.len() > before {
            besides.push(gate.asked(rule, target, &scope));
        }
    }
    let wanted = !matches!(rule.kind, RuleKind::Require);
    let core = parts.core(&mut gate.encoder, &mut known.questions, 0, wanted, &besides);
    let mut spans: Vec<Span> = core
        .ok()
        .flatten()
        .unwrap_or_default()
        .iter()
        .filter_map(|at| parts.parts.get(*at))
        .map(|p| p.span)
        .collect();
    spans.sort_unstable();
    spans.dedup();
    spans
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
