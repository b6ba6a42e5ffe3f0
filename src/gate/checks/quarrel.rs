//! FW204: rules that fire together and ask for different things.

use super::Known;
use crate::diagnostics::{Code, Diagnostic};
use crate::gate::{Firing, Gate};
use crate::model::{ActionId, Expr, Policy, Rule, RuleKind, RuleTarget};
use crate::words::duration_literal;

pub(super) fn check(gate: &mut Gate<'_>, known: &mut Known, findings: &mut Vec<Diagnostic>) {
    for index in 0..gate.actions.len() {
        let id = ActionId(u32::try_from(index).unwrap_or(u32::MAX));
        let Some(made) = gate.actions.get(index).cloned() else {
            continue;
        };
        let refused: Vec<_> = made.denials.iter().map(|f| f.fires).collect();
        let refused = gate.encoder.logic.or(&refused);
        for list in [&made.escalations, &made.denials] {
            for (i, a) in list.iter().enumerate() {
                for b in list.iter().skip(i + 1) {
                    let Some(what) = disagree(gate, id, a, b) else {
                        continue;
                    };
                    let logic = &mut gate.encoder.logic;
                    let mut parts = vec![a.fires, b.fires];
                    if std::ptr::eq(list, &made.escalations) {
                        parts.push(!refused);
                    }
                    let both = logic.and(&parts);
                    match known.questions.ask(&mut gate.encoder, both) {
                        Ok(None) => {}
                        Ok(Some(found)) => {
                            let witness = gate.encoder.witness(&found);
                            let policy = gate.encoder.policy();
                            let (Some(x), Some(y)) = (
                                policy.rules.get(a.rule.index()),
                                policy.rules.get(b.rule.index()),
                            ) else {
                                continue;
                            };
                            findings.push(
                                Diagnostic::new(
                                    Code::FW204,
                                    format!("`{}` and `{}` fire together and ask for different {what}", x.name, y.name),
                                    x.name_span,
                                    asks_for(policy, id, x),
                                )
                                .label(y.name_span, asks_for(policy, id, y))
                                .note("Rules have no order, so nothing says which of them would count.")
                                .help("make their conditions exclude each other, or ask for the same in both")
                                .witness(witness),
                            );
                        }
                        Err(out) => findings.push(gate.too_much(id, &out.to_string())),
                    }
                }
            }
        }
    }
}

/// What a rule asks for where it fires on the action.
fn asks_for(policy: &Policy, action: ActionId, rule: &Rule) -> String {
    if let RuleKind::Escalate { role, within_ms } = &rule.kind {
        let role = policy
            .roles
            .get(role.index())
            .map_or("somebody", |r| r.name.as_str());
        return match within_ms {
            Some(ms) => format!("asks `{role}`, for {}", duration_literal(*ms)),
            None => format!("asks `{role}`"),
        };
    }
    rule.targets
        .iter()
        .find(|t| t.action == action)
        .and_then(|t| t.instead.as_ref())
        .map_or_else(
            || "fires".to_string(),
            |i| format!("refers to `{}`", policy.action(i.action).full_name),
        )
}

/// What two rules on one action disagree about.
fn disagree(gate: &Gate<'_>, action: ActionId, a: &Firing, b: &Firing) -> Option<&'static str> {
    let policy = gate.encoder.policy();
    let find = |f: &Firing| -> Option<(&Rule, &RuleTarget)> {
        let rule = policy.rules.get(f.rule.index())?;
        let at = rule
            .targets
            .binary_search_by(|t| t.action.cmp(&action))
            .ok()?;
        rule.targets.get(at).map(|t| (rule, t))
    };
    disagreement(find(a)?, find(b)?)
}

/// What two rules, as they stand for one action, disagree about.
pub(in crate::gate) fn disagreement(
    (x, s): (&Rule, &RuleTarget),
    (y, t): (&Rule, &RuleTarget),
) -> Option<&'static str> {
    match (&x.kind, &y.kind) {
        (
            RuleKind::Escalate { role, within_ms },
            RuleKind::Escalate {
                role: other,
                within_ms: ms,
            },
        ) => {
            if role != other {
                Some("roles")
            } else if within_ms != ms {
                Some("times")
            } else {
                None
            }
        }
        _ => match (&s.instead, &t.instead) {
            (Some(i), Some(j)) if i.action != j.action || !same(&i.args.args, &j.args.args) => {
                Some("calls instead")
            }
            _ => None,
        },
    }
}

fn same(a: &[Option<Expr>], b: &[Option<Expr>]) -> bool {
    fn value(a: &Expr, b: &Expr) -> bool {
        match (a, b) {
            (Expr::Const(x), Expr::Const(y)) => x == y,
            (Expr::Path(x), Expr::Path(y)) => x.root == y.root && x.fields == y.fields,
            (Expr::List(x), Expr::List(y)) => {
                x.len() == y.len() && x.iter().zip(y).all(|(p, q)| value(p, q))
            }
            (Expr::Record(i, x), Expr::Record(j, y)) => i == j && same(x, y),
            _ => false,
        }
    }
    a.len() == b.len()
        && a.iter().zip(b).all(|pair| match pair {
            (None, None) => true,
            (Some(x), Some(y)) => value(x, y),
            _ => false,
        })
}
