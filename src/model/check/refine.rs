//! Refinements of types, and their ranges.

use super::super::Type;
use super::super::types::INT_MAX;
use super::Checker;
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Span;
use crate::syntax::tree::{self, LiteralKind, Refinement};

/// Code points are at most so many for a length bound.
const LENGTH_MAX: i64 = 100_000_000;

impl<'a> Checker<'a> {
    pub(super) fn refine(&mut self, ty: Type, refinement: &'a Refinement) -> Option<Type> {
        match (refinement, ty) {
            (Refinement::Length(range, span), Type::String { min, max, patterns }) => {
                let (low, high) = self.count_range(range, "length")?;
                let (new_min, new_max) = (min.max(low), max.map_or(high, |m| m.min(high)));
                if new_min > new_max {
                    self.empty(*span, "no length is left");
                    return None;
                }
                Some(Type::String {
                    min: new_min,
                    max: Some(new_max),
                    patterns,
                })
            }
            (
                Refinement::Matching(regex),
                Type::String {
                    min,
                    max,
                    mut patterns,
                },
            ) => {
                self.regex(regex)?;
                if !patterns.iter().any(|p| p.pattern == regex.pattern) {
                    patterns.push(regex.clone());
                }
                Some(Type::String { min, max, patterns })
            }
            (Refinement::In(range, span), ty) if ty.bounds().is_some() => {
                self.bound(&ty, range, *span)
            }
            (Refinement::In(_, span), _) => {
                self.not_applicable(
                    *span,
                    "`in`",
                    "numbers, durations, times, dates and instants",
                );
                None
            }
            (Refinement::Length(_, span), _) => {
                self.not_applicable(*span, "`length`", "strings");
                None
            }
            (Refinement::Matching(regex), _) => {
                self.not_applicable(regex.span, "`matching`", "strings");
                None
            }
        }
    }

    pub(super) fn bound(&mut self, ty: &Type, range: &'a tree::Range, span: Span) -> Option<Type> {
        let fraction = |l: &tree::Literal| match l.kind {
            LiteralKind::Decimal { scale, .. } => scale,
            _ => 0,
        };
        // The first bounds of a decimal fix its scale; later ones only narrow it.
        let fresh = matches!(ty, Type::Decimal { scale: 0, min, max } if *min == -INT_MAX && *max == INT_MAX);
        let scale = if fresh {
            fraction(&range.low).max(fraction(&range.high))
        } else {
            ty.scale()
        };
        let shape = match ty {
            Type::Decimal { .. } => Type::Decimal {
                scale,
                min: -INT_MAX,
                max: INT_MAX,
            },
            other => other.clone(),
        };
        let low = self.scalar(&range.low, &shape)?;
        let high = self.scalar(&range.high, &shape)?;
        let high = if range.exclusive { high - 1 } else { high };
        if low > high {
            self.wrapped(range);
            return None;
        }
        let (min, max) = if fresh {
            (-INT_MAX, INT_MAX)
        } else {
            ty.bounds()?
        };
        let (min, max) = (min.max(low), max.min(high));
        if min > max {
            self.empty(span, "the bounds of the type before it leave no value");
            return None;
        }
        Some(match ty {
            Type::Int { .. } => Type::Int { min, max },
            Type::Decimal { .. } => Type::Decimal { scale, min, max },
            Type::Duration { .. } => Type::Duration { min, max },
            Type::Time { .. } => Type::Time { min, max },
            Type::Date { .. } => Type::Date { min, max },
            _ => Type::Instant { min, max },
        })
    }

    pub(super) fn wrapped(&mut self, range: &tree::Range) {
        let found = Diagnostic::new(
            Code::FW105,
            "this range holds no value",
            range.span,
            "it ends before it begins",
        );
        let clock = |s: i64| format!("{:02}:{:02}", s / 3600, s / 60 % 60);
        self.report(match (&range.low.kind, &range.high.kind) {
            (LiteralKind::Time(low), LiteralKind::Time(high)) => {
                let until = if range.exclusive { "<" } else { "<=" };
                found
                    .note("Ranges of times don't wrap around midnight.")
                    .help(format!(
                        "for a span over midnight write `t >= {} or t {until} {}`",
                        clock(*low),
                        clock(*high)
                    ))
            }
            _ => found.help("put the smaller end first; use `or` for two separate ranges"),
        });
    }

    pub(super) fn empty(&mut self, span: Span, label: &str) {
        self.report(
            Diagnostic::new(Code::FW105, "this refinement leaves no value", span, label)
                .help("widen one of the bounds"),
        );
    }

    pub(super) fn not_applicable(&mut self, span: Span, what: &str, to: &str) {
        self.report(
            Diagnostic::new(
                Code::FW103,
                format!("{what} does not apply to this type"),
                span,
                format!("it refines {to}"),
            )
            .help("remove it, or choose another type"),
        );
    }

    /// Bounds of a length or a size.
    pub(super) fn count_range(&mut self, range: &'a tree::Range, what: &str) -> Option<(u32, u32)> {
        let end = |checker: &mut Self, literal: &tree::Literal| match literal.kind {
            LiteralKind::Int(n) if (0..=LENGTH_MAX).contains(&n) => Some(n),
            _ => {
                checker.report(
                    Diagnostic::new(
                        Code::FW103,
                        format!("a {what} is a whole number from 0 to {LENGTH_MAX}"),
                        literal.span,
                        "not such a number",
                    )
                    .help(format!("write for example `{what} 1..40`")),
                );
                None
            }
        };
        let low = end(self, &range.low)?;
        let high = end(self, &range.high)?;
        let high = if range.exclusive { high - 1 } else { high };
        if low > high {
            self.wrapped(range);
            return None;
        }
        Some((u32::try_from(low).ok()?, u32::try_from(high).ok()?))
    }
}
