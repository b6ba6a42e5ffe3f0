//! The two sides of a comparison: what each one can mean next to the other.

use super::super::{Const, Operand, Type};
use super::Checker;
use super::compare::{INT, at_scale, literal_scale};
use super::scope::Scope;
use crate::diagnostics::{Code, Diagnostic};
use crate::syntax::tree::{self, HistoryFunc, LiteralKind, OperandKind};

/// A side of a comparison, with what is known of its type.
pub(super) enum Side<'a> {
    Value(Operand, Type),
    Literal(&'a tree::Literal),
    /// A variant whose enum the other side tells.
    Bare(&'a tree::Ident),
    /// A name that means nothing by itself.
    Unknown(&'a tree::Path),
}

impl<'a> Checker<'a> {
    pub(super) fn side(&mut self, operand: &'a tree::Operand, scope: &Scope) -> Option<Side<'a>> {
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
}
