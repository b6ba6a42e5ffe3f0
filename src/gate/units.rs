//! The conditions of a policy that are looked at part by part: those of rules, those of defines, and
//! those that say which calls count. Each comes with all the places where it is read.

use super::parts::Parts;
use super::study::{Standing, Study};
use super::{Gate, Scope};
use crate::model::{ActionId, Atom, AtomKind, Cond, CountedAction, HistoryTerm, Operand, RuleId};
use crate::source::Span;
use std::collections::BTreeMap;

/// Whose condition it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Owner {
    Rule(RuleId),
    Define(String),
    /// A `where`.
    Where,
}

/// A condition with all its readings.
#[allow(missing_docs)]
pub struct Unit<'a> {
    pub owner: Owner,
    pub parts: Parts<'a, 'a>,
}

/// All conditions, in the order of their owners. Rules that never fire are left out, with the defines
/// that only they use.
pub fn units<'a>(gate: &mut Gate<'a>, study: &Study) -> Vec<Unit<'a>> {
    let policy = gate.encoder.policy();
    let mut found: Found<'a> = BTreeMap::new();
    for (rule, id) in policy.rules.iter().zip((0..).map(RuleId)) {
        if matches!(study.standing.get(&id), Some(Standing::NeverFires)) {
            continue;
        }
        for target in &rule.targets {
            if study.too_hard.contains_key(&target.action)
                || gate.of(target.action).is_none_or(|g| g.too_hard)
            {
                continue;
            }
            if let Some(cond) = &target.when {
                collect(&mut found, Owner::Rule(id), cond, target.action);
            }
            if let Some(cond) = &target.filter {
                let place = super::checks::undecided::place(cond).unwrap_or_default();
                found
                    .entry((Owner::Where, place))
                    .or_default()
                    .push((cond, target.action));
            }
            if let Some(term) = &target.history {
                filters(&mut found, term);
            }
        }
    }
    for fact in &policy.facts {
        filter(&mut found, &fact.source);
    }
    let mut made = Vec::new();
    for ((owner, _), readings) in found {
        let Some((first, _)) = readings.first() else {
            continue;
        };
        let mut parts = Parts::new(first);
        let mut good = true;
        for (cond, action) in readings {
            let action = policy.action(action);
            let scope = match owner {
                Owner::Where => Scope::call(action),
                _ => Scope::proposal(action),
            };
            good &= parts.read(&mut gate.encoder, cond, &scope).is_ok();
        }
        // A pattern that is too large has been reported.
        if good {
            made.push(Unit { owner, parts });
        }
    }
    made
}

type Found<'a> = BTreeMap<(Owner, Span), Vec<(&'a Cond, ActionId)>>;

/// The condition, and those of the defines in it.
fn collect<'a>(found: &mut Found<'a>, owner: Owner, cond: &'a Cond, action: ActionId) {
    let place = match owner {
        Owner::Rule(_) => Span::default(),
        _ => super::checks::undecided::place(cond).unwrap_or_default(),
    };
    found
        .entry((owner, place))
        .or_default()
        .push((cond, action));
    let mut open = vec![cond];
    while let Some(cond) = open.pop() {
        match cond {
            Cond::And(all) | Cond::Or(all) => open.extend(all),
            Cond::Not(inner) => open.push(inner),
            Cond::Define { name, body, .. } => {
                collect(found, Owner::Define(name.clone()), body, action);
            }
            Cond::Atom(atom) => {
                if let AtomKind::Quantifier { body, .. } = &atom.kind {
                    open.push(body);
                }
                for term in history(atom) {
                    filters(found, term);
                }
            }
        }
    }
}

fn history(atom: &Atom) -> Vec<&HistoryTerm> {
    let operands: Vec<&Operand> = match &atom.kind {
        AtomKind::Holds(o)
        | AtomKind::InRange { operand: o, .. }
        | AtomKind::InSet { operand: o, .. } => {
            vec![o]
        }
        AtomKind::Compare { left, right, .. } => vec![left, right],
        _ => Vec::new(),
    };
    operands
        .into_iter()
        .filter_map(|o| match o {
            Operand::History(term) => Some(&**term),
            _ => None,
        })
        .collect()
}

fn filters<'a>(found: &mut Found<'a>, term: &'a HistoryTerm) {
    for counted in &term.counted {
        filter(found, counted);
    }
}

fn filter<'a>(found: &mut Found<'a>, counted: &'a CountedAction) {
    if let Some(cond) = &counted.filter {
        let place = super::checks::undecided::place(cond).unwrap_or_default();
        found
            .entry((Owner::Where, place))
            .or_default()
            .push((cond, counted.action));
    }
}
