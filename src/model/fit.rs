//! Whether a value surely lies in a type, by the types alone.

use super::{ArgList, Expr, Param, Policy, TemplatePart, Type};

/// Whether every argument surely lies in its parameter's type, so that the call is never invalid.
#[must_use]
pub fn args_fit(policy: &Policy, args: &ArgList, params: &[Param]) -> bool {
    args.args
        .iter()
        .zip(params)
        .all(|(arg, param)| arg.as_ref().is_none_or(|e| arg_fits(policy, e, param)))
}

/// Whether an argument is surely there, where it has to be, and lies in its parameter's type.
#[must_use]
pub fn arg_fits(policy: &Policy, arg: &Expr, param: &Param) -> bool {
    given(arg, param.optional) && fits(policy, arg, &param.ty)
}

/// Whether an expression's value surely lies in a type.
#[must_use]
pub fn fits(policy: &Policy, e: &Expr, ty: &Type) -> bool {
    match e {
        Expr::Const(_) => true,
        Expr::Path(p) => within(&p.ty, ty),
        Expr::List(items) => match ty {
            Type::List { element, .. } => items.iter().all(|i| fits(policy, i, element)),
            _ => false,
        },
        Expr::Record(id, values) => policy.records.get(id.index()).is_some_and(|record| {
            record.fields.iter().zip(values).all(|(field, value)| {
                value.as_ref().is_none_or(|value| {
                    given(value, field.optional) && fits(policy, value, &field.ty)
                })
            })
        }),
        Expr::Template(parts) => {
            let Type::String { min, max, patterns } = ty else {
                return false;
            };
            let (mut low, mut high) = (0usize, Some(0usize));
            for part in parts {
                let (l, h) = match part {
                    TemplatePart::Text(t) => {
                        let n = t.chars().count();
                        (n, Some(n))
                    }
                    TemplatePart::Hole(p) => written(&p.ty),
                };
                low += l;
                high = high.zip(h).map(|(a, b)| a + b);
            }
            patterns.is_empty()
                && low >= *min as usize
                && max.is_none_or(|m| high.is_some_and(|h| h <= m as usize))
        }
    }
}

/// Whether a value is there wherever it has to be.
fn given(e: &Expr, may_be_left_out: bool) -> bool {
    may_be_left_out || !matches!(e, Expr::Path(p) if p.optional)
}

/// How long a value can be when it is written into a text.
fn written(ty: &Type) -> (usize, Option<usize>) {
    match ty {
        Type::String { min, max, patterns } => {
            let by_pattern = patterns.iter().filter_map(|p| longest(&p.pattern)).min();
            let max = match (max.map(|m| m as usize), by_pattern) {
                (Some(a), Some(b)) => Some(a.min(b)),
                (a, b) => a.or(b),
            };
            (*min as usize, max)
        }
        Type::Bool => (4, Some(5)),
        Type::Enum(_) => (0, None),
        Type::Time { .. } => (8, Some(8)),
        Type::Date { .. } => (10, Some(10)),
        Type::Record(_) | Type::List { .. } => (0, None),
        _ => (1, Some(20)),
    }
}

/// The greatest number of characters that a pattern takes, where that is plain to see.
fn longest(pattern: &str) -> Option<usize> {
    let hir = regex_syntax::Parser::new().parse(pattern).ok()?;
    hir.properties().maximum_len()
}

/// Whether every value of `a` is a value of `b`.
fn within(a: &Type, b: &Type) -> bool {
    match (a, b) {
        (
            Type::String { min, max, patterns },
            Type::String {
                min: low,
                max: high,
                patterns: wanted,
            },
        ) => {
            let length = min >= low
                && match (max, high) {
                    (_, None) => true,
                    (Some(m), Some(h)) => m <= h,
                    (None, Some(h)) => patterns
                        .iter()
                        .filter_map(|p| longest(&p.pattern))
                        .any(|l| l <= *h as usize),
                };
            length
                && wanted
                    .iter()
                    .all(|w| patterns.iter().any(|p| p.pattern == w.pattern))
        }
        (
            Type::List { element, min, max },
            Type::List {
                element: e,
                min: low,
                max: high,
            },
        ) => min >= low && max <= high && within(element, e),
        (Type::Int { .. } | Type::Decimal { .. }, Type::Int { .. } | Type::Decimal { .. }) => {
            if a.scale() > b.scale() {
                return false;
            }
            let up = 10i128.pow(b.scale() - a.scale());
            match (a.bounds(), b.bounds()) {
                (Some((l, h)), Some((x, y))) => {
                    i128::from(l) * up >= i128::from(x) && i128::from(h) * up <= i128::from(y)
                }
                _ => false,
            }
        }
        _ => match (a.bounds(), b.bounds()) {
            (Some((l, h)), Some((x, y))) => l >= x && h <= y,
            _ => true,
        },
    }
}
