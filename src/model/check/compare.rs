//! Comparisons: which side tells the type of the other, and whether the two fit.

use super::super::{Atom, AtomKind, Cond, Const, Operand, Type};
use super::Checker;
use super::scope::Scope;
use super::sides::Side;
use super::types::same_kind;
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Span;
use crate::syntax::tree::{self, CompareOp, LiteralKind};
pub(super) const INT: Type = Type::Int {
    min: 0,
    max: super::super::types::INT_MAX,
};

impl<'a> Checker<'a> {
    pub(super) fn comparable(&mut self, a: &Type, b: &Type, span: Span) -> Option<()> {
        if matches!(a, Type::Record(_) | Type::List { .. })
            || matches!(b, Type::Record(_) | Type::List { .. })
        {
            self.too_deep_to_compare(span);
            return None;
        }
        if !same_kind(a, b) {
            let (x, y) = (self.type_words(a), self.type_words(b));
            self.report(
                Diagnostic::new(
                    Code::FW103,
                    format!("{x} cannot be compared with {y}"),
                    span,
                    format!("this is {y}"),
                )
                .help("compare values of one type"),
            );
            return None;
        }
        Some(())
    }

    pub(super) fn compare(
        &mut self,
        left: &'a tree::Operand,
        op: CompareOp,
        op_span: Span,
        right: &'a tree::Operand,
        offset: Option<&'a tree::Offset>,
        scope: &Scope,
    ) -> Option<AtomKind> {
        let (l, r) = (self.side(left, scope), self.side(right, scope));
        let (l, r) = (l?, r?);
        for (side, operand) in [(&l, right), (&r, left)] {
            if let Side::Value(_, ty) = side {
                self.only_one_meaning(operand, &ty.clone(), scope)?;
            }
        }
        let whole = left.span.to(right.span);
        // The typed side tells what the other one is; constants go to the right.
        let (value, ty, other, (value_span, other_span), flipped) = match (l, r) {
            (Side::Value(v, t), other) if !is_const(&v) => {
                (v, t, other, (left.span, right.span), false)
            }
            (other, Side::Value(v, t)) if !is_const(&v) => {
                (v, t, other, (right.span, left.span), true)
            }
            (Side::Unknown(path), other) | (other, Side::Unknown(path)) => {
                self.path(path, scope);
                if let Side::Unknown(path) = other {
                    self.path(path, scope);
                }
                return None;
            }
            _ => {
                self.report(
                    Diagnostic::new(
                        Code::FW107,
                        "both sides of this comparison are constants",
                        whole,
                        "always the same answer",
                    )
                    .help("compare a parameter, an input, a fact or a question about history"),
                );
                return None;
            }
        };
        if matches!(ty, Type::Record(_) | Type::List { .. }) {
            self.too_deep_to_compare(whole);
            return None;
        }
        if ty.bounds().is_none() && !matches!(op, CompareOp::Eq | CompareOp::Ne) {
            self.unordered(op_span, &ty);
            return None;
        }
        if ty.bounds().is_none()
            && let Some(offset) = offset
        {
            self.unordered(offset.span, &ty);
            return None;
        }
        let offset_scale = offset.map_or(0, |o| literal_scale(&o.literal));
        let before = self.findings.len();
        let (other, scale) = match other {
            Side::Literal(literal) => {
                let scale = literal_scale(literal).max(ty.scale()).max(offset_scale);
                let Some(constant) = self.compared_literal(literal, &ty, scale) else {
                    self.say_type(before, value_span, &ty);
                    return None;
                };
                (Operand::Const(constant), scale)
            }
            Side::Bare(name) => {
                let Type::Enum(id) = ty else {
                    self.not_a_variant(name, &ty);
                    return None;
                };
                (
                    Operand::Const(Const::Variant(id, self.variant(name, id)?)),
                    0,
                )
            }
            Side::Unknown(path) => {
                self.nothing_known(path, &ty, scope);
                return None;
            }
            Side::Value(o, t) => {
                if self.comparable(&ty, &t, other_span).is_none() {
                    self.say_type(before, value_span, &ty);
                    return None;
                }
                (o, ty.scale().max(t.scale()).max(offset_scale))
            }
        };
        let offset = match offset {
            None => 0,
            Some(o) => {
                let n = self.offset_value(&o.literal, &ty, scale)?;
                if o.minus { -n } else { n }
            }
        };
        // `c op v + k` is `v flip(op) c - k`; `a op b + k` with a and b changed about likewise.
        let (op, offset) = if flipped {
            (flip(op), -offset)
        } else {
            (op, offset)
        };
        let (right, offset) = match other {
            Operand::Const(Const::Number(n)) => {
                (Operand::Const(Const::Number(n.saturating_add(offset))), 0)
            }
            other => (other, offset),
        };
        Some(AtomKind::Compare {
            left: value,
            op,
            right,
            offset,
            scale,
        })
    }

    /// Adds to what was reported since `before` what the other side is.
    pub(super) fn say_type(&mut self, before: usize, span: Span, ty: &Type) {
        let words = self.type_words(ty);
        self.point_at(before, span, &format!("this is {words}"));
    }

    /// Adds a place to what was reported since `before` about values that don't fit.
    pub(super) fn point_at(&mut self, before: usize, span: Span, text: &str) {
        for found in self.findings.iter_mut().skip(before) {
            if matches!(found.code, Code::FW103 | Code::FW113) {
                found.labels.push(crate::diagnostics::Label {
                    span,
                    text: text.to_string(),
                    primary: false,
                });
            }
        }
    }

    /// A constant offset in the unit of `ty` at `scale`.
    pub(super) fn offset_value(
        &mut self,
        literal: &'a tree::Literal,
        ty: &Type,
        scale: u32,
    ) -> Option<i64> {
        let unit = match ty {
            Type::Date { .. } => 86_400_000,
            Type::Time { .. } => 1000,
            Type::Instant { .. } | Type::Duration { .. } => 1,
            _ => return self.scalar(literal, &at_scale(ty, scale)),
        };
        let LiteralKind::Duration(ms) = literal.kind else {
            self.report(
                Diagnostic::new(
                    Code::FW103,
                    "what is added to a time is a duration",
                    literal.span,
                    "not a duration",
                )
                .help("write for example `+ 24h` or `- 7d`"),
            );
            return None;
        };
        if ms % unit != 0 {
            let whole = if unit == 1000 { "seconds" } else { "days" };
            self.report(
                Diagnostic::new(
                    Code::FW113,
                    format!("only whole {whole} can be added here"),
                    literal.span,
                    format!("not a number of whole {whole}"),
                )
                .help("round it"),
            );
            return None;
        }
        Some(ms / unit)
    }

    pub(super) fn in_set(
        &mut self,
        operand: &'a tree::Operand,
        set: &'a [tree::Operand],
        span: Span,
        scope: &Scope,
    ) -> Option<Cond> {
        let (value, ty) = self.valued(operand, scope)?;
        if matches!(ty, Type::Record(_) | Type::List { .. }) {
            self.too_deep_to_compare(operand.span);
            return None;
        }
        let mut members = Vec::new();
        let mut whole = true;
        for member in set {
            match self.fitting(member, &ty, scope) {
                Some(m) => members.push((m, member.span)),
                None => whole = false,
            }
        }
        if !whole {
            return None;
        }
        let atom = |kind: AtomKind| Cond::Atom(Atom { kind, span });
        let scale = members.iter().map(|((_, s), _)| *s).max().unwrap_or(0);
        let mut consts = Vec::new();
        let mut others = Vec::new();
        for ((member, own), _) in members {
            match member {
                Operand::Const(Const::Number(n)) => {
                    let factor = 10i64.checked_pow(scale - own)?;
                    consts.push(Const::Number(n.saturating_mul(factor)));
                }
                Operand::Const(c) => consts.push(c),
                other => others.push((other, own)),
            }
        }
        consts.sort();
        consts.dedup();
        let mut parts = Vec::new();
        if !consts.is_empty() {
            parts.push(atom(AtomKind::InSet {
                operand: value.clone(),
                set: consts,
                scale,
            }));
        }
        for (right, scale) in others {
            parts.push(atom(AtomKind::Compare {
                left: value.clone(),
                op: CompareOp::Eq,
                right,
                offset: 0,
                scale,
            }));
        }
        Some(if parts.len() == 1 {
            parts.remove(0)
        } else {
            Cond::Or(parts)
        })
    }

    pub(super) fn unordered(&mut self, span: Span, ty: &Type) {
        let words = self.type_words(ty);
        self.report(
            Diagnostic::new(
                Code::FW103,
                format!("{words} has no order"),
                span,
                "compares by size",
            )
            .help("use `==`, `!=` or `in { … }`"),
        );
    }

    pub(super) fn too_deep_to_compare(&mut self, span: Span) {
        self.report(
            Diagnostic::new(
                Code::FW107,
                "records and lists cannot be compared as a whole",
                span,
                "a record or a list",
            )
            .note(
                "What doesn't fit the language is refused, so that every condition can be decided.",
            )
            .help("compare their fields, or compute this outside and hand it in as an `input`"),
        );
    }
}

pub(super) fn is_const(operand: &Operand) -> bool {
    matches!(operand, Operand::Const(_))
}

pub(super) fn any_string() -> Type {
    Type::String {
        min: 0,
        max: None,
        patterns: Vec::new(),
    }
}

pub(super) fn literal_scale(literal: &tree::Literal) -> u32 {
    match literal.kind {
        LiteralKind::Decimal { scale, .. } => scale,
        _ => 0,
    }
}

/// The type for reading constants at `scale`: int and decimal compare with one another.
pub(super) fn at_scale(ty: &Type, scale: u32) -> Type {
    match ty {
        Type::Int { .. } | Type::Decimal { .. } if scale > 0 => Type::Decimal {
            scale,
            min: 0,
            max: 0,
        },
        other => other.clone(),
    }
}

pub(super) fn flip(op: CompareOp) -> CompareOp {
    match op {
        CompareOp::Lt => CompareOp::Gt,
        CompareOp::Le => CompareOp::Ge,
        CompareOp::Gt => CompareOp::Lt,
        CompareOp::Ge => CompareOp::Le,
        same => same,
    }
}
