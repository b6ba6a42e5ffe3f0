//! What the gate can answer at a state, and which guards can hold there: questions to the solver,
//! each asked once.

use super::guards::Facts;
use super::history::{Caps, History};
use crate::gate::{Gate, Meaning, Scope};
use crate::logic::{Assignment, Budget, Formula, IntSet, OutOfBudget, Term};
use crate::model::fit;
use crate::model::{
    ActionId, ArgList, Const, Expr, HistoryTerm, LimitPer, Path, Root, RuleId, RuleKind, Type,
};
use rustc_hash::FxHashMap;

/// What the gate can answer to one call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Answers {
    /// The call can be admitted at once.
    pub admitted: bool,
    pub denied: bool,
    pub limited: bool,
    pub declined: bool,
    pub expired: bool,
}

/// A call with known arguments, as a state makes it.
pub struct Site<'s, 'a> {
    pub action: ActionId,
    /// None: an agent's call, with any arguments.
    pub args: Option<(&'s ArgList, &'s Scope<'a>)>,
    pub position: i64,
}

/// The answers that were found, by question.
#[derive(Default)]
pub struct Memo {
    solved: FxHashMap<Formula, bool>,
    links: FxHashMap<(u32, ActionId), Formula>,
    /// Questions that ran out of their budget.
    pub gave_up: Vec<OutOfBudget>,
}

impl Memo {
    /// Whether some values satisfy the formula. A question beyond its budget counts as yes.
    pub fn possible(&mut self, gate: &mut Gate<'_>, formula: Formula) -> bool {
        if let Some(known) = self.solved.get(&formula) {
            return *known;
        }
        let answer = match gate.encoder.logic.solve(formula, &mut Budget::default()) {
            Ok(found) => found.is_some(),
            Err(out) => {
                self.gave_up.push(out);
                true
            }
        };
        self.solved.insert(formula, answer);
        answer
    }

    /// Values that satisfy the formula.
    pub fn example(&mut self, gate: &mut Gate<'_>, formula: Formula) -> Option<Assignment> {
        gate.encoder
            .logic
            .solve(formula, &mut Budget::default())
            .ok()
            .flatten()
    }
}

/// What is known at a state: facts about slots, and history.
pub struct Moment<'m> {
    pub known: &'m [u32],
    pub facts: &'m Facts,
    pub history: &'m History,
    pub caps: &'m Caps,
    /// Whether a keyed question is surely answered by a call on this path (yes), surely not (no).
    pub keyed: &'m dyn Fn(&HistoryTerm) -> Option<bool>,
}

impl Moment<'_> {
    /// Everything known, as a formula. `terms` are the questions about history to be settled.
    pub fn formula(
        &self,
        gate: &mut Gate<'_>,
        terms: &[(Term, HistoryTerm)],
        position: i64,
    ) -> Formula {
        let mut parts: Vec<Formula> = self
            .known
            .iter()
            .filter_map(|id| self.facts.get(*id))
            .map(|k| k.formula)
            .collect();
        for (term, asked) in terms {
            let set = self.answer(asked);
            parts.push(gate.encoder.logic.in_set(*term, set));
        }
        let place = gate.encoder.position();
        parts.push(gate.encoder.logic.in_set(place, IntSet::point(position)));
        gate.encoder.logic.and(&parts)
    }

    /// The answers that a question about history can have here.
    pub fn answer(&self, asked: &HistoryTerm) -> IntSet {
        let all = self.history.unkeyed(self.caps, asked);
        let filtered = asked.counted.iter().any(|c| c.filter.is_some());
        if asked.keys.is_empty() && !filtered {
            return all;
        }
        let high = all.ranges().last().map_or(i64::MAX, |r| r.1);
        if high == 0 {
            return all;
        }
        if !filtered {
            match (self.keyed)(asked) {
                Some(true) if matches!(asked.func, crate::syntax::tree::HistoryFunc::Done) => {
                    return IntSet::point(1);
                }
                Some(true) => return all,
                Some(false) => return IntSet::point(0),
                None => {}
            }
        }
        IntSet::range(0, high)
    }
}

/// All questions about history that have terms so far.
pub fn asked(gate: &Gate<'_>) -> Vec<(Term, HistoryTerm)> {
    gate.encoder
        .meanings()
        .filter_map(|(t, m)| match m {
            Meaning::History(h) => Some((t, h.clone())),
            _ => None,
        })
        .collect()
}

/// What the gate can answer to the call at that moment.
pub fn answers<'a>(
    gate: &mut Gate<'a>,
    memo: &mut Memo,
    site: &Site<'_, 'a>,
    moment: &Moment<'_>,
    terms: &[(Term, HistoryTerm)],
    state: u32,
    repeats: bool,
) -> Answers {
    let policy = gate.encoder.policy();
    let action = policy.action(site.action);
    let mut known = moment.formula(gate, terms, site.position);
    let mut surely_valid = false;
    if let Some((args, scope)) = &site.args {
        let link = match memo.links.get(&(state, site.action)) {
            Some(l) => *l,
            None => {
                let l = link(gate, site.action, args, scope);
                memo.links.insert((state, site.action), l);
                l
            }
        };
        known = gate.encoder.logic.and(&[known, link]);
        surely_valid = fit::args_fit(policy, args, &action.params);
    }
    let Some((denied, escalated, allowed)) = gate
        .of(site.action)
        .map(|g| (g.denied, g.escalated, g.allowed))
    else {
        return Answers::default();
    };
    let mut ask = |gate: &mut Gate<'_>, f: Formula| {
        let question = gate.encoder.logic.and(&[f, known]);
        memo.possible(gate, question)
    };
    let of = moment.history.of(site.action);
    // Until a write is settled, only its own repeat is let through.
    let closed = action.tracked() && of.unsettled > 0 && !repeats;
    let may_be_repeat = action_is_idempotent(action) && site.args.is_none_or(|_| true);
    let mut out = Answers {
        denied: ask(gate, denied) || closed,
        ..Answers::default()
    };
    if site.args.is_some() && !surely_valid {
        out.denied = true;
    }
    if closed && !may_be_repeat {
        return out;
    }
    let escalates = ask(gate, escalated);
    let allows = ask(gate, allowed);
    if !escalates && !allows {
        return out;
    }
    let mut always_limited = false;
    for rule in &policy.rules {
        let RuleKind::Limit {
            count,
            effects,
            per,
        } = rule.kind
        else {
            continue;
        };
        let Ok(at) = rule
            .targets
            .binary_search_by(|t| t.action.cmp(&site.action))
        else {
            continue;
        };
        let Some(target) = rule.targets.get(at) else {
            continue;
        };
        if effects && repeats {
            continue;
        }
        match per {
            LimitPer::Window(_) => out.limited = true,
            LimitPer::Session => {
                let Some(term) = &target.history else {
                    continue;
                };
                let used = moment.answer(term);
                let n = i64::try_from(count).unwrap_or(i64::MAX);
                out.limited |= used.ranges().last().is_none_or(|r| r.1 >= n);
                always_limited |=
                    target.filter.is_none() && used.ranges().first().is_some_and(|r| r.0 >= n);
            }
        }
    }
    if always_limited {
        return out;
    }
    out.admitted = true;
    if escalates {
        out.declined = true;
        out.expired = gate
            .of(site.action)
            .map(|g| {
                g.escalations
                    .iter()
                    .map(|f| f.rule)
                    .collect::<Vec<RuleId>>()
            })
            .unwrap_or_default()
            .iter()
            .filter_map(|r| policy.rules.get(r.index()))
            .any(|r| {
                matches!(
                    r.kind,
                    RuleKind::Escalate {
                        within_ms: Some(_),
                        ..
                    }
                )
            });
    }
    out
}

fn action_is_idempotent(action: &crate::model::Action) -> bool {
    matches!(
        action.effect,
        crate::model::Effect::Write {
            idempotency: Some(_),
            ..
        }
    )
}

/// What the state's arguments say about the terms of the proposal.
fn link<'a>(gate: &mut Gate<'a>, action: ActionId, args: &ArgList, scope: &Scope<'a>) -> Formula {
    let policy = gate.encoder.policy();
    let prefix = format!("{}:", policy.action(action).full_name);
    let terms: Vec<(Term, Path, bool)> = gate
        .encoder
        .meanings()
        .filter(|(t, _)| gate.encoder.logic.name(*t).starts_with(&prefix))
        .filter_map(|(t, m)| match m {
            Meaning::Value(p) => Some((t, p.clone(), false)),
            Meaning::Present(p) => Some((t, p.clone(), true)),
            _ => None,
        })
        .collect();
    let mut parts = Vec::new();
    for (term, path, presence) in terms {
        let Root::Param(i) = path.root else { continue };
        let given = args.args.get(i as usize).and_then(Option::as_ref);
        let said = expr(gate, scope, term, given, &path.fields, &path.ty, presence);
        parts.extend(said);
    }
    gate.encoder.logic.and(&parts)
}

/// What an expression says about the term of the value at `fields` inside it.
fn expr<'a>(
    gate: &mut Gate<'a>,
    scope: &Scope<'a>,
    term: Term,
    given: Option<&Expr>,
    fields: &[u32],
    ty: &Type,
    presence: bool,
) -> Option<Formula> {
    let present = |gate: &mut Gate<'a>, yes: bool| {
        presence.then(|| {
            gate.encoder
                .logic
                .in_set(term, IntSet::point(i64::from(yes)))
        })
    };
    match given {
        None => present(gate, false),
        Some(Expr::Path(source)) => {
            let path = Path {
                fields: source.fields.iter().chain(fields).copied().collect(),
                ty: ty.clone(),
                ..source.clone()
            };
            if presence {
                let here = gate.encoder.present(&path, scope);
                let there = gate.encoder.logic.in_set(term, IntSet::point(1));
                let both = gate.encoder.logic.and(&[here, there]);
                let neither = gate.encoder.logic.and(&[!here, !there]);
                return Some(gate.encoder.logic.or(&[both, neither]));
            }
            let own = type_at(gate, &source.ty, fields)?;
            let path = Path {
                ty: own.clone(),
                ..path
            };
            let other = gate.encoder.path_term(&path, scope).ok()?;
            match ty {
                Type::String { .. } => Some(gate.encoder.logic.equal(term, other)),
                Type::List { .. } | Type::Record(_) => None,
                _ => {
                    let scale = ty.scale().max(own.scale());
                    let factor = |s: u32| 10i64.checked_pow(scale - s).unwrap_or(1);
                    Some(gate.encoder.logic.difference(
                        term,
                        factor(ty.scale()),
                        other,
                        factor(own.scale()),
                        IntSet::point(0),
                    ))
                }
            }
        }
        Some(Expr::Const(value)) => constant(gate, term, value, fields, presence),
        Some(Expr::Record(_, parts)) => match fields.split_first() {
            None => present(gate, true),
            Some((first, rest)) => {
                let inner = parts.get(*first as usize).and_then(Option::as_ref);
                expr(gate, scope, term, inner, rest, ty, presence)
            }
        },
        Some(Expr::List(_) | Expr::Template(_)) => present(gate, true),
    }
}

fn type_at(gate: &Gate<'_>, ty: &Type, fields: &[u32]) -> Option<Type> {
    let mut ty = ty.clone();
    for field in fields {
        let Type::Record(id) = ty else { return None };
        let record = gate.encoder.policy().records.get(id.index())?;
        ty = record.fields.get(*field as usize)?.ty.clone();
    }
    Some(ty)
}

fn constant(
    gate: &mut Gate<'_>,
    term: Term,
    value: &Const,
    fields: &[u32],
    presence: bool,
) -> Option<Formula> {
    let logic = &mut gate.encoder.logic;
    if let (Const::Record(_, parts), Some((first, rest))) = (value, fields.split_first()) {
        return match parts.get(*first as usize).and_then(Option::as_ref) {
            Some(inner) => constant(gate, term, inner, rest, presence),
            None => presence.then(|| logic.in_set(term, IntSet::point(0))),
        };
    }
    if presence {
        return Some(logic.in_set(term, IntSet::point(1)));
    }
    match value {
        Const::Bool(b) => Some(logic.in_set(term, IntSet::point(i64::from(*b)))),
        Const::Number(n) => Some(logic.in_set(term, IntSet::point(*n))),
        Const::Variant(_, i) => Some(logic.in_set(term, IntSet::point(i64::from(*i)))),
        Const::Str(s) => {
            let language = logic.literals(&[s.as_str()]);
            Some(logic.in_language(term, language))
        }
        Const::List(_) | Const::Record(..) => None,
    }
}
