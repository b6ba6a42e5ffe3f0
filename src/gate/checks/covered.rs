//! FW206: a rule covered by others of its kind; FW213: the same said in positive and in negative form.

use super::{Known, covering, named};
use crate::diagnostics::{Code, Diagnostic};
use crate::gate::Gate;
use crate::gate::questions::Questions;
use crate::gate::study::{Cover, Standing};
use crate::logic::Formula;
use crate::model::{Rule, RuleId, RuleKind};

pub(super) fn check(gate: &mut Gate<'_>, known: &mut Known, findings: &mut Vec<Diagnostic>) {
    let policy = gate.encoder.policy();
    let Known { study, questions } = known;
    for (id, standing) in &study.standing {
        let (Standing::Covered(covers), Some(rule)) = (standing, policy.rules.get(id.index()))
        else {
            continue;
        };
        let by = covering(covers);
        if let [other] = by.as_slice()
            && let Some(other) = policy.rules.get(other.index())
            && both_forms(rule, other)
            && alike(gate, questions, *id, covers)
        {
            findings.push(twice(rule, other));
            continue;
        }
        let together = if by.len() > 1 { " together" } else { "" };
        let mut found = Diagnostic::new(
            Code::FW206,
            format!(
                "`{}` is covered by {}{together}",
                rule.name,
                named(policy, &by)
            ),
            rule.name_span,
            if by.len() > 1 {
                "fires only where one of the others does"
            } else {
                "fires only where the other does"
            },
        );
        for other in by.iter().filter_map(|r| policy.rules.get(r.index())) {
            found = found.label(other.name_span, "covers it");
        }
        findings.push(
            found
                .note("Without this rule every verdict would be the same, so it says less than it seems to, or something else than was meant.")
                .help("correct its condition, or remove it"),
        );
    }
}

/// One says what is refused, the other one what is required.
fn both_forms(a: &Rule, b: &Rule) -> bool {
    matches!(
        (&a.kind, &b.kind),
        (RuleKind::Deny, RuleKind::Require) | (RuleKind::Require, RuleKind::Deny)
    )
}

/// Whether the rule that covers fires nowhere else either: one as well as the other could go. A
/// question beyond the budget counts as no, which makes the finding graver.
fn alike(gate: &mut Gate<'_>, questions: &mut Questions, rule: RuleId, covers: &[Cover]) -> bool {
    covers.iter().all(|cover| {
        let Some(made) = gate.of(cover.action) else {
            return false;
        };
        let fires = |id: RuleId| made.denials.iter().find(|f| f.rule == id).map(|f| f.fires);
        let Some(own) = fires(rule) else { return false };
        let others: Vec<Formula> = cover.rules.iter().filter_map(|r| fires(*r)).collect();
        others.into_iter().all(|other| {
            let more = gate.encoder.logic.and(&[other, !own]);
            matches!(questions.possible(&mut gate.encoder, more), Ok(false))
        })
    })
}

fn twice(rule: &Rule, other: &Rule) -> Diagnostic {
    let (require, deny) = if matches!(rule.kind, RuleKind::Require) {
        (rule, other)
    } else {
        (other, rule)
    };
    Diagnostic::new(
        Code::FW213,
        format!(
            "`{}` requires just what `{}` refuses the lack of: was this intended?",
            require.name, deny.name
        ),
        rule.name_span,
        "says the same, the other way round",
    )
    .label(other.name_span, "said here already")
    .note("Both refuse the same calls. That is harmless, until one of them is changed and the other one is not.")
    .help("keep the form that reads better")
}
