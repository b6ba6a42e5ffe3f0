//! FW210: an `instead` that may be refused when it is needed.
//!
//! What a refusal points to has to be allowed wherever the refusal comes. Limits are left out of
//! account, since they pass; so is a write in doubt, until it is settled.

use super::Known;
use crate::diagnostics::{Code, Diagnostic};
use crate::gate::scope::OTHER;
use crate::gate::study::Standing;
use crate::gate::{Firing, Gate};
use crate::logic::Formula;
use crate::model::{ActionId, Instead, RuleKind};

pub(super) fn check(gate: &mut Gate<'_>, known: &mut Known, findings: &mut Vec<Diagnostic>) {
    let policy = gate.encoder.policy();
    for (made, id) in gate.actions.clone().iter().zip((0..).map(ActionId)) {
        for firing in &made.denials {
            let Some(rule) = policy.rules.get(firing.rule.index()) else {
                continue;
            };
            let target = rule.targets.iter().find(|t| t.action == id);
            let Some(instead) = target.and_then(|t| t.instead.as_ref()) else {
                continue;
            };
            let standing = known.study.standing.get(&firing.rule);
            // An action that nothing ever allows has been reported by itself.
            let closed = gate
                .of(instead.action)
                .is_none_or(|g| g.permissions.is_empty() && g.escalations.is_empty() || g.too_hard)
                || known.study.never_allowed.contains_key(&instead.action);
            if closed || matches!(standing, Some(Standing::NeverFires)) || made.too_hard {
                continue;
            }
            let fit = crate::model::fit::args_fit(
                policy,
                &instead.args,
                &policy.action(instead.action).params,
            );
            let open = gate
                .of(instead.action)
                .is_some_and(|g| g.allowed == Formula::TRUE);
            if open && fit {
                continue;
            }
            // The same cause on another target is one report.
            if findings
                .iter()
                .any(|f| f.code == Code::FW210 && f.span() == instead.span)
            {
                continue;
            }
            findings.extend(refused(gate, known, id, firing, instead));
        }
    }
}

fn refused(
    gate: &mut Gate<'_>,
    known: &mut Known,
    from: ActionId,
    firing: &Firing,
    instead: &Instead,
) -> Option<Diagnostic> {
    let policy = gate.encoder.policy();
    let rule = policy.rules.get(firing.rule.index())?;
    // Patterns that are too large have been reported.
    let there = gate.elsewhere(from, instead).ok()?;
    let logic = &mut gate.encoder.logic;
    let good = logic.and(&[there.valid, there.allowed]);
    let question = logic.and(&[firing.fires, there.given, !good]);
    let tied = gate.coherent(from, instead, question).ok()?;
    let question = gate.encoder.logic.and(&[question, tied]);
    known.questions.beside(Some(instead.action));
    let answer = known.questions.surely(&mut gate.encoder, question);
    known.questions.beside(None);
    let found = match answer {
        Ok(None) => return None,
        Ok(Some(found)) => found,
        Err(out) => return Some(gate.too_much(from, &out.to_string())),
    };
    let mut whole = found.clone();
    let terms = gate.encoder.logic.terms_of(&[question]);
    let _ = known
        .questions
        .complete(&mut gate.encoder, &terms, &mut whole);
    let logic = &gate.encoder.logic;
    let to = policy.action(instead.action);
    let against = there
        .against
        .iter()
        .filter(|(_, f)| logic.holds(*f, &whole))
        .filter_map(|(id, _)| policy.rules.get(id.index()));
    // A refusal says more than an escalation.
    let mut against: Vec<_> = against.collect();
    against.sort_by_key(|r| matches!(r.kind, RuleKind::Escalate { .. }));
    let valid = logic.holds(there.valid, &whole);
    let (why, at) = match against.first() {
        _ if !valid => ("an argument may lie outside its parameter's type", None),
        Some(r) if matches!(r.kind, RuleKind::Escalate { .. }) => (
            "it may need an approval",
            Some((r.name_span, "asks for one")),
        ),
        Some(r) => (
            "it may be refused itself",
            Some((r.name_span, "refuses it")),
        ),
        None => ("there may be no rule that allows it", None),
    };
    let witness = gate
        .encoder
        .witness_of(&found, &|name| !name.contains(OTHER));
    let mut diagnostic = Diagnostic::new(
        Code::FW210,
        format!("`{}` points to `{}`, but {why}", rule.name, to.full_name),
        instead.span,
        "not always allowed where this rule refuses",
    )
    .label(rule.name_span, "refuses, and says what to do instead");
    if let Some((span, text)) = at {
        diagnostic = diagnostic.label(span, text);
    } else {
        diagnostic = diagnostic.label(to.span, "called instead");
    }
    Some(
        diagnostic
            .note("Whoever is refused is sent to this call. If it is closed as well, there is nowhere to go.")
            .help("allow it wherever this rule fires, or point to another call")
            .witness(witness),
    )
}
