//! The arguments of a state's call: what they say about the proposal, and whether they surely fit
//! their parameters.

use crate::gate::{Gate, Meaning, Scope};
use crate::logic::{Formula, IntSet, Term};
use crate::model::{ActionId, ArgList, Const, Expr, Path, Root, Type};

/// What the state's arguments say about the terms of the proposal. `later`: inputs have changed
/// since the arguments were frozen.
pub fn link<'a>(
    gate: &mut Gate<'a>,
    action: ActionId,
    args: &ArgList,
    scope: &Scope<'a>,
    later: bool,
) -> Formula {
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
        if later && given.is_some_and(is_input) {
            continue;
        }
        let said = expr(gate, scope, term, given, &path.fields, &path.ty, presence);
        parts.extend(said);
    }
    gate.encoder.logic.and(&parts)
}

/// What an expression says about the term of a value, or of whether it is there: the one at `path`, whose
/// fields lead into the expression's value.
pub fn said_by<'a>(
    gate: &mut Gate<'a>,
    scope: &Scope<'a>,
    term: Term,
    given: &Expr,
    path: &Path,
    presence: bool,
) -> Option<Formula> {
    expr(
        gate,
        scope,
        term,
        Some(given),
        &path.fields,
        &path.ty,
        presence,
    )
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

/// Whether a value is made of inputs.
fn is_input(e: &Expr) -> bool {
    match e {
        Expr::Path(p) => matches!(p.root, Root::Input(_) | Root::Fact(_)),
        Expr::Record(_, fields) => fields.iter().flatten().any(is_input),
        _ => false,
    }
}
