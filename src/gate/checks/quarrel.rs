//! FW204: rules that fire together and ask for different things.

use super::same_value::same_value;
use super::{Known, named};
use crate::diagnostics::{Code, Diagnostic, Witness};
use crate::gate::{Firing, Gate, Scope};
use crate::logic::{Formula, OutOfBudget};
use crate::model::{ActionId, Expr, Policy, Rule, RuleId, RuleKind, RuleTarget};
use crate::words::duration_literal;
use std::collections::BTreeSet;

/// A disagreement of two rules, with values in which it comes out.
struct Quarrel {
    a: RuleId,
    b: RuleId,
    what: &'static str,
    witness: Witness,
}

pub(super) fn check(gate: &mut Gate<'_>, known: &mut Known, findings: &mut Vec<Diagnostic>) {
    // Rules that quarrel on several actions quarrel for one cause.
    let mut told: BTreeSet<(RuleId, RuleId)> = BTreeSet::new();
    for index in 0..gate.actions.len() {
        let id = ActionId(u32::try_from(index).unwrap_or(u32::MAX));
        let Some(made) = gate.actions.get(index).cloned() else {
            continue;
        };
        for list in [&made.escalations, &made.denials] {
            let besides = if std::ptr::eq(list, &made.escalations) {
                made.unrefused
            } else {
                Formula::TRUE
            };
            match quarrels(gate, known, id, list, besides) {
                Ok(mut found) => {
                    found.retain(|q| told.insert((q.a, q.b)));
                    while let Some(first) = found.first() {
                        // All that one rule is at odds with is one report: that of the rule with the
                        // most of them.
                        let count = |id: RuleId| {
                            let of = found.iter().filter(|q| q.a == id || q.b == id);
                            of.count()
                        };
                        let mut rules: Vec<RuleId> =
                            found.iter().flat_map(|q| [q.a, q.b]).collect();
                        rules.sort_unstable();
                        rules.dedup();
                        let one = rules
                            .iter()
                            .copied()
                            .max_by_key(|r| (count(*r), std::cmp::Reverse(*r)))
                            .unwrap_or(first.a);
                        let (mine, rest): (Vec<Quarrel>, Vec<Quarrel>) =
                            found.into_iter().partition(|q| q.a == one || q.b == one);
                        findings.extend(told_of(gate, id, one, &mine));
                        found = rest;
                    }
                }
                Err(out) => findings.push(gate.too_much(id, &out.to_string())),
            }
        }
    }
}

/// All pairs of the rules that fire together somewhere and ask for different things there.
fn quarrels(
    gate: &mut Gate<'_>,
    known: &mut Known,
    id: ActionId,
    list: &[Firing],
    besides: Formula,
) -> Result<Vec<Quarrel>, OutOfBudget> {
    let mut found = Vec::new();
    for (i, a) in list.iter().enumerate() {
        for b in list.iter().skip(i + 1) {
            let Some(what) = disagree(gate, id, a, b) else {
                continue;
            };
            let differ = apart(gate, id, a, b);
            let all = [a.fires, b.fires, besides, differ];
            let both = gate.encoder.logic.and(&all);
            if let Some(values) = known.questions.surely(&mut gate.encoder, both)? {
                found.push(Quarrel {
                    a: a.rule,
                    b: b.rule,
                    what,
                    witness: gate.encoder.witness(&values),
                });
            }
        }
    }
    Ok(found)
}

/// The report of a rule that is at odds with these.
fn told_of(gate: &Gate<'_>, id: ActionId, one: RuleId, all: &[Quarrel]) -> Option<Diagnostic> {
    let policy = gate.encoder.policy();
    let rule = policy.rules.get(one.index())?;
    let first = all.first()?;
    let others: Vec<RuleId> = all
        .iter()
        .map(|q| if q.a == one { q.b } else { q.a })
        .collect();
    let names = named(policy, &others);
    let what = if all.iter().all(|q| q.what == first.what) {
        first.what
    } else {
        "things"
    };
    let message = if others.len() == 1 {
        // By name, whoever comes first.
        let (x, y) = (
            policy.rules.get(first.a.index())?,
            policy.rules.get(first.b.index())?,
        );
        format!(
            "`{}` and `{}` fire together and ask for different {what}",
            x.name, y.name
        )
    } else {
        format!(
            "`{}` fires together with {names}, and asks for other {what} than they do",
            rule.name
        )
    };
    let mut shown = vec![one];
    shown.extend(others);
    if shown.len() == 2 {
        shown.sort_unstable();
    }
    let mut rules = shown.iter().filter_map(|r| policy.rules.get(r.index()));
    let head = rules.next()?;
    let mut found = Diagnostic::new(
        Code::FW204,
        message,
        head.name_span,
        asks_for(policy, id, head),
    );
    for other in rules {
        found = found.label(other.name_span, asks_for(policy, id, other));
    }
    Some(
        found
            .note("Rules have no order, so nothing says which of them would count.")
            .help("make their conditions exclude each other, or ask for the same")
            .witness(first.witness.clone()),
    )
}

/// Where the calls that two refusals point to are different ones: by their values, not as they are
/// written.
fn apart(gate: &mut Gate<'_>, id: ActionId, a: &Firing, b: &Firing) -> Formula {
    let policy = gate.encoder.policy();
    let instead = |f: &Firing| {
        let rule = policy.rules.get(f.rule.index())?;
        let target = rule.targets.iter().find(|t| t.action == id)?;
        target.instead.as_ref()
    };
    let (Some(x), Some(y)) = (instead(a), instead(b)) else {
        return Formula::TRUE;
    };
    if x.action != y.action {
        return Formula::TRUE;
    }
    let scope = Scope::proposal(policy.action(id));
    let params = &policy.action(x.action).params;
    let mut all = Vec::new();
    for (i, param) in params.iter().enumerate() {
        let arg = |l: &'_ [Option<Expr>]| l.get(i).and_then(Option::as_ref).cloned();
        let (s, t) = (arg(&x.args.args), arg(&y.args.args));
        // A pattern that is too large has been reported.
        let Ok(same) = same_value(&mut gate.encoder, &scope, &param.ty, s.as_ref(), t.as_ref())
        else {
            return Formula::FALSE;
        };
        all.push(same);
    }
    !gate.encoder.logic.and(&all)
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
