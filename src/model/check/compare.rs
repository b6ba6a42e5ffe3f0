//! Comparisons: which side tells the type of the other, and whether the two fit.

use super::super::{Atom, AtomKind, Cond, Const, Operand, Type};
use super::Checker;
use super::scope::Scope;
use super::types::same_kind;
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Span;
use crate::syntax::tree::{self, CompareOp, HistoryFunc, LiteralKind, OperandKind};
/// A side of a comparison, with what is known of its type.
enum Side<'a> {
    Value(Operand, Type),
    Literal(&'a tree::Literal),
    /// A variant whose enum the other side tells.
    Bare(&'a tree::Ident),
    /// A name that means nothing by itself.
    Unknown(&'a tree::Path),
}

const INT: Type = Type::Int {
    min: 0,
    max: super::super::types::INT_MAX,
};

impl<'a> Checker<'a> {
    fn side(&mut self, operand: &'a tree::Operand, scope: &Scope) -> Option<Side<'a>> {
        match &operand.kind {
            OperandKind::Literal(l) => Some(Side::Literal(l)),
            OperandKind::Path(path)
                if path.rest.is_empty() && !self.is_value(&path.head.name, scope) =>
            {
                let known_variant = self
                    .enums
                    .iter()
                    .any(|e| e.variants.iter().any(|v| v.name == path.head.name));
                if known_variant || self.declared.defines.contains_key(path.head.name.as_str()) {
                    Some(Side::Bare(&path.head))
                } else if super::paths::is_null(&path.head.name) {
                    self.path(path, scope);
                    None
                } else {
                    Some(Side::Unknown(path))
                }
            }
            _ => self.valued(operand, scope).map(|(o, t)| Side::Value(o, t)),
        }
    }

    /// An operand that isn't a literal and knows its own type.
    pub(super) fn valued(
        &mut self,
        operand: &'a tree::Operand,
        scope: &Scope,
    ) -> Option<(Operand, Type)> {
        match &operand.kind {
            OperandKind::Literal(l) => {
                let words = super::consts::literal_words(&l.kind);
                self.report(
                    Diagnostic::new(
                        Code::FW107,
                        format!("{words} stands where a value is asked about"),
                        l.span,
                        "a constant",
                    )
                    .help("put the value on the left: `value == constant`"),
                );
                None
            }
            OperandKind::Variant { ty, variant } => {
                let id = self.enum_named(ty)?;
                let i = self.variant(variant, id)?;
                Some((Operand::Const(Const::Variant(id, i)), Type::Enum(id)))
            }
            OperandKind::Path(path) => {
                let path = self.path(path, scope)?;
                let ty = path.ty.clone();
                Some((Operand::Path(path), ty))
            }
            OperandKind::Length(path) => {
                let path = self.path(path, scope)?;
                if !matches!(path.ty, Type::String { .. }) {
                    let words = self.type_words(&path.ty);
                    let help = if matches!(path.ty, Type::List { .. }) {
                        "the size of a list is `size(…)`"
                    } else {
                        "only strings have a length"
                    };
                    self.report(
                        Diagnostic::new(
                            Code::FW103,
                            format!("{words} has no length"),
                            path.span,
                            "not a string",
                        )
                        .help(help),
                    );
                    return None;
                }
                Some((Operand::Length(path), INT))
            }
            OperandKind::Size(path) => {
                let path = self.path(path, scope)?;
                if !matches!(path.ty, Type::List { .. }) {
                    let words = self.type_words(&path.ty);
                    let help = if matches!(path.ty, Type::String { .. }) {
                        "the length of a string is `length(…)`"
                    } else {
                        "only lists have a size"
                    };
                    self.report(
                        Diagnostic::new(
                            Code::FW103,
                            format!("{words} has no size"),
                            path.span,
                            "not a list",
                        )
                        .help(help),
                    );
                    return None;
                }
                Some((Operand::Size(path), INT))
            }
            OperandKind::History {
                func,
                targets,
                by,
                filter,
                ..
            } => {
                if !scope.world {
                    self.no_world(operand.span, scope);
                    return None;
                }
                let term =
                    self.history(*func, targets, by, filter.as_deref(), operand.span, scope)?;
                let ty = if matches!(func, HistoryFunc::Calls | HistoryFunc::Effects) {
                    INT
                } else {
                    Type::Bool
                };
                Some((Operand::History(Box::new(term)), ty))
            }
        }
    }

    /// An operand of type `ty` (an element, a member of a set), and the scale of the comparison.
    pub(super) fn fitting(
        &mut self,
        operand: &'a tree::Operand,
        ty: &Type,
        scope: &Scope,
    ) -> Option<(Operand, u32)> {
        self.only_one_meaning(operand, ty, scope)?;
        match self.side(operand, scope)? {
            Side::Literal(l) => {
                let scale = literal_scale(l).max(ty.scale());
                Some((Operand::Const(self.compared_literal(l, ty, scale)?), scale))
            }
            Side::Bare(name) => {
                let Type::Enum(id) = ty else {
                    self.not_a_variant(name, ty);
                    return None;
                };
                let i = self.variant(name, *id)?;
                Some((Operand::Const(Const::Variant(*id, i)), 0))
            }
            Side::Unknown(path) => {
                self.nothing_known(path, ty, scope);
                None
            }
            Side::Value(operand_value, other) => {
                self.comparable(ty, &other, operand.span)?;
                Some((operand_value, ty.scale().max(other.scale())))
            }
        }
    }

    /// A bare name that is compared with an enum is one of its variants, or something else; not
    /// both, since whatever is declared later would change what the comparison means.
    pub(super) fn only_one_meaning(
        &mut self,
        operand: &'a tree::Operand,
        ty: &Type,
        scope: &Scope,
    ) -> Option<()> {
        let (OperandKind::Path(path), Type::Enum(id)) = (&operand.kind, ty) else {
            return Some(());
        };
        let name = path.head.name.as_str();
        let of = self.enums.get(id.index())?;
        let Some(variant) = of.variants.iter().find(|v| v.name == name) else {
            return Some(());
        };
        let (of, variant) = (of.name.clone(), variant.span);
        let define = self.declared.defines.get(name).map(|d| d.span);
        let value = self.roots(name, scope).first().map(|r| r.3);
        let what = match (value, define) {
            _ if !path.rest.is_empty() => return Some(()),
            (Some(what), _) => what,
            (None, Some(_)) => "a define",
            (None, None) => return Some(()),
        };
        let mut found = Diagnostic::new(
            Code::FW108,
            format!("`{name}` could mean {what} or a variant of `{of}`"),
            path.head.span,
            "ambiguous",
        )
        .label(variant, "the variant");
        if let Some(define) = define.filter(|_| value.is_none()) {
            found = found.label(define, "the define");
        }
        self.report(found.help(format!(
            "write `{of}.{name}` for the variant, or rename one of them"
        )));
        None
    }

    /// A name that means nothing, where a value of type `ty` is needed.
    pub(super) fn nothing_known(&mut self, path: &'a tree::Path, ty: &Type, scope: &Scope) {
        match ty {
            Type::Enum(id) => {
                self.variant(&path.head, *id);
            }
            _ => {
                self.path(path, scope);
            }
        }
    }

    pub(super) fn not_a_variant(&mut self, name: &tree::Ident, ty: &Type) {
        let words = self.type_words(ty);
        self.report(
            Diagnostic::new(
                Code::FW103,
                format!("`{}` is compared with {words}", name.name),
                name.span,
                "a variant, or a define",
            )
            .help("compare values of one type"),
        );
    }

    /// A literal for a comparison: the type's bounds don't matter, its kind does.
    pub(super) fn compared_literal(
        &mut self,
        literal: &'a tree::Literal,
        ty: &Type,
        scale: u32,
    ) -> Option<Const> {
        match (&literal.kind, ty) {
            (LiteralKind::Bool(b), Type::Bool) => Some(Const::Bool(*b)),
            (LiteralKind::Str(parts), Type::String { .. }) => {
                Some(Const::Str(super::consts::plain_text(parts)))
            }
            (LiteralKind::Str(_), Type::Enum(_)) => self.literal(literal, ty),
            _ => self
                .scalar(literal, &at_scale(ty, scale))
                .map(Const::Number),
        }
    }

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
