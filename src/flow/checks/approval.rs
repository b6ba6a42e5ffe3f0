//! FW412: an approval that may come when the fact that its rules need is gone.

use super::push;
use crate::diagnostics::{Code, Diagnostic};
use crate::flow::picture::Picture;
use crate::gate::{Gate, Scope, rules_on};
use crate::logic::Budget;
use crate::model::{ActionId, FactId, Path, Root, RuleKind};
use crate::words::duration;

pub(super) fn check(gate: &mut Gate<'_>, _: &[Picture], findings: &mut Vec<Diagnostic>) {
    let policy = gate.encoder.policy();
    for (action, id) in policy.actions.iter().zip(0..) {
        let id = ActionId(id);
        let Some(of) = gate.of(id) else { continue };
        let escalations = of.escalations.clone();
        let escalated = of.escalated;
        for (fact, fact_id) in policy.facts.iter().zip(0..) {
            let Some(lifetime) = fact.lifetime_ms else {
                continue;
            };
            let path = Path {
                root: Root::Fact(FactId(fact_id)),
                fields: Vec::new(),
                ty: fact.ty.clone(),
                optional: true,
                text: fact.name.clone(),
                span: fact.span,
            };
            let asks = rules_on(policy, id).any(|(_, _, target)| {
                let when = target.when.as_ref();
                when.is_some_and(|when| when.paths().iter().any(|p| p.root == path.root))
            });
            if !asks {
                continue;
            }
            let scope = Scope::proposal(action);
            let there = gate.encoder.present(&path, &scope);
            for firing in &escalations {
                let Some(rule) = policy.rules.get(firing.rule.index()) else {
                    continue;
                };
                let RuleKind::Escalate { within_ms, .. } = rule.kind else {
                    continue;
                };
                if within_ms.is_some_and(|within| within < lifetime) {
                    continue;
                }
                // It is needed where nobody is asked without it, and somebody is with it.
                let mut possible = |fact| {
                    let logic = &mut gate.encoder.logic;
                    let question = logic.and(&[escalated, firing.fires, fact]);
                    logic
                        .solve(question, &mut Budget::default())
                        .ok()
                        .flatten()
                        .is_some()
                };
                if possible(!there) || !possible(there) {
                    continue;
                }
                let waits = match within_ms {
                    Some(ms) => format!("may take {}", duration(ms)),
                    None => "may take for ever".to_string(),
                };
                push(
                    findings,
                    Diagnostic::new(
                        Code::FW412,
                        format!("an approval by `{}` may come when the fact `{}` has lapsed", rule.name, fact.name),
                        rule.name_span,
                        waits,
                    )
                    .label(fact.span, format!("is known for {}", duration(lifetime)))
                    .note(format!("When the approval comes, `{}` is decided again, and refused without the fact: somebody has decided for nothing.", action.full_name))
                    .help("shorten `within`, or let the fact live for longer"),
                );
            }
        }
    }
}
