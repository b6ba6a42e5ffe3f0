//! Whether two expressions for one parameter have the same value.

use crate::gate::{Encoder, Scope, TooLarge};
use crate::logic::{Formula, IntSet};
use crate::model::{Const, Expr, Path, Type};

/// Where the two have the same value, or are both left out. What can't be compared by value (lists)
/// is the same where it is written alike, and else taken to differ nowhere: an error is no guess.
pub(super) fn same_value<'a>(
    encoder: &mut Encoder<'a>,
    scope: &Scope<'a>,
    ty: &Type,
    a: Option<&Expr>,
    b: Option<&Expr>,
) -> Result<Formula, TooLarge> {
    let (Some(a), Some(b)) = (a, b) else {
        return Ok(match a.or(b) {
            None => Formula::TRUE,
            Some(Expr::Path(p)) => !encoder.present(p, scope),
            Some(_) => Formula::FALSE,
        });
    };
    match (a, b) {
        (Expr::Path(p), Expr::Path(q)) if p.root == q.root && p.fields == q.fields => {
            Ok(Formula::TRUE)
        }
        _ => match ty {
            Type::Record(id) => {
                let fields = encoder.policy().records.get(id.index()).map(|r| &r.fields);
                let whole = there(encoder, scope, a, b);
                let mut all = vec![whole];
                let mut gone = Vec::new();
                for e in [a, b] {
                    gone.push(match e {
                        Expr::Path(p) => !encoder.present(p, scope),
                        _ => Formula::FALSE,
                    });
                }
                for (field, at) in fields.into_iter().flatten().zip(0..) {
                    let (x, y) = (
                        part(a, at, &field.ty, field.optional),
                        part(b, at, &field.ty, field.optional),
                    );
                    all.push(same_value(
                        encoder,
                        scope,
                        &field.ty,
                        x.as_ref(),
                        y.as_ref(),
                    )?);
                }
                let same = encoder.logic.and(&all);
                gone.push(whole);
                let neither = encoder.logic.and(&gone);
                Ok(encoder.logic.or(&[same, neither]))
            }
            Type::List { .. } => Ok(constants(a, b).unwrap_or(Formula::TRUE)),
            _ => scalar(encoder, scope, ty, a, b),
        },
    }
}

/// Both are there, or neither is.
fn there<'a>(encoder: &mut Encoder<'a>, scope: &Scope<'a>, a: &Expr, b: &Expr) -> Formula {
    let mut present = |e: &Expr| match e {
        Expr::Path(p) => encoder.present(p, scope),
        _ => Formula::TRUE,
    };
    let (x, y) = (present(a), present(b));
    let logic = &mut encoder.logic;
    let (f, g) = (logic.if_then(x, y), logic.if_then(y, x));
    logic.and(&[f, g])
}

/// Two constants, as they are.
fn constants(a: &Expr, b: &Expr) -> Option<Formula> {
    match (a, b) {
        (Expr::Const(x), Expr::Const(y)) if x == y => Some(Formula::TRUE),
        (Expr::Const(_), Expr::Const(_)) => Some(Formula::FALSE),
        _ => None,
    }
}

fn scalar<'a>(
    encoder: &mut Encoder<'a>,
    scope: &Scope<'a>,
    ty: &Type,
    a: &Expr,
    b: &Expr,
) -> Result<Formula, TooLarge> {
    let same = match (a, b) {
        (Expr::Const(_), Expr::Const(_)) => return Ok(constants(a, b).unwrap_or(Formula::TRUE)),
        (Expr::Path(p), Expr::Const(c)) | (Expr::Const(c), Expr::Path(p)) => {
            let term = encoder.path_term(p, scope)?;
            if let Const::Str(text) = c {
                let language = encoder.logic.literals(&[text.as_str()]);
                encoder.logic.in_language(term, language)
            } else {
                // A constant is in the unit of the parameter, a value in its own.
                let number = crate::gate::encode::number_of(c);
                let factor = factor(ty.scale().saturating_sub(p.ty.scale()));
                let set = IntSet::point(number).divided(factor);
                encoder.logic.in_set(term, set)
            }
        }
        (Expr::Path(p), Expr::Path(q)) => {
            let (s, t) = (encoder.path_term(p, scope)?, encoder.path_term(q, scope)?);
            if matches!(ty, Type::String { .. }) {
                encoder.logic.equal(s, t)
            } else {
                let scale = p.ty.scale().max(q.ty.scale());
                let (ks, kt) = (factor(scale - p.ty.scale()), factor(scale - q.ty.scale()));
                encoder.logic.difference(s, ks, t, kt, IntSet::point(0))
            }
        }
        _ => return Ok(Formula::TRUE),
    };
    let both = there(encoder, scope, a, b);
    let gone = match (a, b) {
        (Expr::Path(p), Expr::Path(q)) => {
            let (x, y) = (encoder.present(p, scope), encoder.present(q, scope));
            encoder.logic.and(&[!x, !y])
        }
        _ => Formula::FALSE,
    };
    let equal = encoder.logic.and(&[both, same]);
    Ok(encoder.logic.or(&[gone, equal]))
}

fn factor(digits: u32) -> i64 {
    10i64.checked_pow(digits).unwrap_or(i64::MAX)
}

/// A field of a record.
fn part(of: &Expr, field: u32, ty: &Type, optional: bool) -> Option<Expr> {
    match of {
        Expr::Record(_, parts) => parts.get(field as usize).cloned().flatten(),
        Expr::Const(Const::Record(_, parts)) => parts
            .get(field as usize)
            .cloned()
            .flatten()
            .map(Expr::Const),
        Expr::Path(p) => Some(Expr::Path(Path {
            root: p.root,
            fields: p.fields.iter().copied().chain([field]).collect(),
            ty: ty.clone(),
            optional: p.optional || optional,
            text: p.text.clone(),
            span: p.span,
        })),
        _ => None,
    }
}
