//! Literals as constants of a type.

use super::super::{Const, EnumId, Type};
use super::Checker;
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Span;
use crate::syntax::tree::{Ident, Literal, LiteralKind, StrPart, Value, ValueKind};

impl<'a> Checker<'a> {
    /// An ordered scalar in the unit of `ty`, whatever its bounds.
    pub(super) fn scalar(&mut self, literal: &Literal, ty: &Type) -> Option<i64> {
        let value = match (&literal.kind, ty) {
            (LiteralKind::Int(n), Type::Int { .. })
            | (LiteralKind::Duration(n), Type::Duration { .. })
            | (LiteralKind::Time(n), Type::Time { .. })
            | (LiteralKind::Date(n), Type::Date { .. })
            | (LiteralKind::Instant(n), Type::Instant { .. }) => Some(*n),
            (LiteralKind::Int(n), Type::Decimal { scale, .. }) => scaled(*n, *scale),
            (LiteralKind::Decimal { digits, scale: s }, Type::Decimal { scale, .. }) => {
                if s > scale {
                    let drop = 10i64.checked_pow(s - scale)?;
                    if digits % drop == 0 {
                        Some(digits / drop)
                    } else {
                        self.report(
                            Diagnostic::new(
                                Code::FW113,
                                format!("this has more than {scale} digits after its point"),
                                literal.span,
                                "no value of the type can be this",
                            )
                            .help("round it, or give the type's bounds more digits"),
                        );
                        return None;
                    }
                } else {
                    scaled(*digits, scale - s)
                }
            }
            (LiteralKind::Int(n), Type::String { .. }) => {
                self.report(
                    Diagnostic::new(
                        Code::FW103,
                        "a whole number where a string is needed",
                        literal.span,
                        "this is a whole number",
                    )
                    .help(format!("write it in quotes: `\"{n}\"`")),
                );
                return None;
            }
            _ => {
                self.mismatch(literal.span, &literal_words(&literal.kind), ty);
                return None;
            }
        };
        if value.is_none() {
            self.report(
                Diagnostic::new(
                    Code::FW113,
                    "this number is out of range",
                    literal.span,
                    "too large",
                )
                .help("numbers lie within ±(2⁵³−1) in units of their last digit"),
            );
        }
        value
    }

    pub(super) fn mismatch(&mut self, span: Span, found: &str, wanted: &Type) {
        let example = self.example(wanted);
        let wanted = self.type_words(wanted);
        let help = match example {
            Some(example) => format!("write {wanted}, such as {example}"),
            None => format!("give {wanted} here"),
        };
        self.report(
            Diagnostic::new(
                Code::FW103,
                format!("{found} where {wanted} is needed"),
                span,
                format!("this is {found}"),
            )
            .help(help),
        );
    }

    /// How a value of the type may be written.
    pub(super) fn example(&self, ty: &Type) -> Option<String> {
        let text = match ty {
            Type::Bool => "`true`",
            Type::Int { .. } => "`12`",
            Type::Decimal { .. } => "`12.50`",
            Type::String { .. } => "`\"text\"`",
            Type::Duration { .. } => "`3s`",
            Type::Time { .. } => "`08:30`",
            Type::Date { .. } => "`2026-11-23`",
            Type::Instant { .. } => "`2026-11-23T08:30:00Z`",
            Type::Enum(id) => {
                let first = self.enums.get(id.index())?.variants.first()?;
                return Some(format!("`{}`", first.name));
            }
            Type::Record(_) | Type::List { .. } => return None,
        };
        Some(text.to_string())
    }

    /// A constant that fits the type, bounds included.
    pub(super) fn constant(&mut self, value: &'a Value, ty: &Type) -> Option<Const> {
        match (&value.kind, ty) {
            (ValueKind::Literal(literal), _) => self.literal(literal, ty),
            (ValueKind::Variant { ty: name, variant }, Type::Enum(id)) => self
                .qualified(name, variant, *id)
                .map(|i| Const::Variant(*id, i)),
            (ValueKind::Path(path), Type::Enum(id)) if path.rest.is_empty() => self
                .variant(&path.head, *id)
                .map(|i| Const::Variant(*id, i)),
            (ValueKind::List(items), Type::List { element, min, max }) => {
                let count = items.len();
                if count < *min as usize || count > *max as usize {
                    self.outside(value.span, &format!("a list of size {min}..{max}"));
                    return None;
                }
                let items: Vec<Option<Const>> =
                    items.iter().map(|v| self.constant(v, element)).collect();
                items
                    .into_iter()
                    .collect::<Option<Vec<_>>>()
                    .map(Const::List)
            }
            (ValueKind::Record(given), Type::Record(id)) => {
                let fields = self.records.get(id.index())?.fields.clone();
                let names: Vec<(&str, Span)> =
                    fields.iter().map(|f| (f.name.as_str(), f.span)).collect();
                let meant = self.argument_names(given, &names, "field", None);
                let mut values = Vec::new();
                let mut whole = true;
                for field in &fields {
                    match given.iter().find(|(n, _)| n.name == field.name) {
                        Some((_, v)) => {
                            let v = self.constant(v, &field.ty);
                            whole &= v.is_some();
                            values.push(v);
                        }
                        None => {
                            if !field.optional {
                                whole = false;
                                if !meant.contains(&field.name) {
                                    self.missing("field", &field.name, value.span, field.span);
                                }
                            }
                            values.push(None);
                        }
                    }
                }
                whole.then_some(Const::Record(*id, values))
            }
            (kind, _) => {
                let words = match kind {
                    ValueKind::List(_) => "a list".to_string(),
                    ValueKind::Record(_) => "a record".to_string(),
                    ValueKind::Variant { .. } => "a variant".to_string(),
                    ValueKind::Path(p) => format!("`{}`", p.head.name),
                    ValueKind::Literal(l) => literal_words(&l.kind),
                };
                self.mismatch(value.span, &words, ty);
                None
            }
        }
    }

    pub(super) fn literal(&mut self, literal: &Literal, ty: &Type) -> Option<Const> {
        match (&literal.kind, ty) {
            (LiteralKind::Bool(b), Type::Bool) => Some(Const::Bool(*b)),
            (LiteralKind::Str(parts), Type::String { min, max, patterns }) => {
                let text = plain_text(parts);
                let length = text.chars().count();
                if length < *min as usize || max.is_some_and(|m| length > m as usize) {
                    let upper = max.map_or(String::new(), |m| m.to_string());
                    self.outside(literal.span, &format!("a string of length {min}..{upper}"));
                    return None;
                }
                for pattern in patterns {
                    let matches = crate::model::regex::Matcher::new(&pattern.pattern)
                        .map(|mut m| m.matches(&text));
                    if matches == Some(false) {
                        self.outside(
                            literal.span,
                            &format!("a string matching /{}/", pattern.pattern),
                        );
                        return None;
                    }
                }
                Some(Const::Str(text))
            }
            (LiteralKind::Str(parts), Type::Enum(id)) => {
                let text = plain_text(parts);
                let known = self
                    .enums
                    .get(id.index())
                    .map(|e| e.name.clone())
                    .unwrap_or_default();
                self.report(
                    Diagnostic::new(
                        Code::FW103,
                        format!("a string where the enum `{known}` is needed"),
                        literal.span,
                        "this is a string",
                    )
                    .help(format!("variants are written without quotes: `{text}`")),
                );
                None
            }
            _ => {
                let n = self.scalar(literal, ty)?;
                let (min, max) = ty.bounds()?;
                if n < min || n > max {
                    self.outside(
                        literal.span,
                        &format!("{}..{}", show(min, ty), show(max, ty)),
                    );
                    return None;
                }
                Some(Const::Number(n))
            }
        }
    }

    fn outside(&mut self, span: Span, wanted: &str) {
        self.report(
            Diagnostic::new(
                Code::FW113,
                "this value lies outside its type",
                span,
                format!("the type is {wanted}"),
            )
            .help("correct the value, or widen the type"),
        );
    }

    /// The index of a variant named without its enum.
    pub(super) fn variant(&mut self, name: &Ident, id: EnumId) -> Option<u32> {
        let def = self.enums.get(id.index())?;
        if let Some(i) = def.variants.iter().position(|v| v.name == name.name) {
            return u32::try_from(i).ok();
        }
        let what = format!("variant of `{}` called", def.name);
        let known: Vec<(String, Option<Span>)> = def
            .variants
            .iter()
            .map(|v| (v.name.clone(), (id.0 != 0).then_some(v.span)))
            .collect();
        self.unknown(
            &what,
            &name.name,
            name.span,
            known.iter().map(|(n, s)| (n.as_str(), *s)),
        );
        None
    }

    /// The index of `Type.variant`, which must be of the enum `id`.
    pub(super) fn qualified(&mut self, ty: &'a Ident, variant: &Ident, id: EnumId) -> Option<u32> {
        let named = self.enum_named(ty)?;
        if named != id {
            let found = format!("a variant of `{}`", ty.name);
            self.mismatch(ty.span.to(variant.span), &found, &Type::Enum(id));
            return None;
        }
        self.variant(variant, id)
    }

    /// The enum that a qualified variant names.
    pub(super) fn enum_named(&mut self, ty: &'a Ident) -> Option<EnumId> {
        self.mark(super::Kind::Type, &ty.name);
        if ty.name == "Weekday" {
            return Some(EnumId(0));
        }
        match self.types.get(&ty.name) {
            Some(Some(Type::Enum(id))) => Some(*id),
            Some(_) => {
                self.report(
                    Diagnostic::new(
                        Code::FW103,
                        format!("`{}` is not an enum", ty.name),
                        ty.span,
                        "only enums have variants",
                    )
                    .help("write the value itself"),
                );
                None
            }
            None => {
                let known: Vec<(String, Option<Span>)> = self
                    .enums
                    .iter()
                    .map(|e| (e.name.clone(), Some(e.span)))
                    .collect();
                self.unknown(
                    "enum",
                    &ty.name,
                    ty.span,
                    known.iter().map(|(n, s)| (n.as_str(), *s)),
                );
                None
            }
        }
    }

    /// Reports names given twice and names that aren't there. Answers which names those that
    /// aren't there were probably meant to be. `owner` is what takes the arguments.
    pub(super) fn argument_names(
        &mut self,
        given: &'a [(Ident, Value)],
        known: &[(&str, Span)],
        what: &str,
        owner: Option<&str>,
    ) -> Vec<String> {
        let mut meant = Vec::new();
        for (i, (name, _)) in given.iter().enumerate() {
            if let Some((first, _)) = given.iter().take(i).find(|(n, _)| n.name == name.name) {
                self.report(
                    Diagnostic::new(
                        Code::FW104,
                        format!("the {what} `{}` is given twice", name.name),
                        name.span,
                        "the second time",
                    )
                    .label(first.span, "the first time")
                    .help("keep one of them"),
                );
            }
            if !known.iter().any(|(k, _)| *k == name.name) {
                let near = known
                    .iter()
                    .map(|(k, at)| (strsim::damerau_levenshtein(k, &name.name), *k, *at))
                    .filter(|(d, k, _)| {
                        *d <= 1 + k.len() / 3 && given.iter().all(|(n, _)| n.name != *k)
                    })
                    .min();
                let list = known
                    .iter()
                    .map(|(k, _)| format!("`{k}`"))
                    .collect::<Vec<_>>()
                    .join(", ");
                let found = Diagnostic::new(
                    Code::FW104,
                    match owner {
                        Some(owner) => format!("`{owner}` has no {what} `{}`", name.name),
                        None => format!("there is no {what} `{}` here", name.name),
                    },
                    name.span,
                    "not declared",
                );
                self.report(match near {
                    Some((_, k, at)) => {
                        meant.push(k.to_string());
                        found
                            .label(at, format!("`{k}` is declared here"))
                            .did_you_mean(k)
                    }
                    None if known.is_empty() => {
                        found.help(format!("leave it out: there are no {what}s"))
                    }
                    None if known.len() == 1 => {
                        found.help(format!("leave it out: the one {what} is {list}"))
                    }
                    None => found.help(format!("leave it out: the {what}s are {list}")),
                });
            }
        }
        meant
    }

    pub(super) fn missing(&mut self, what: &str, name: &str, span: Span, declared: Span) {
        self.report(
            Diagnostic::new(
                Code::FW104,
                format!("the {what} `{name}` is missing"),
                span,
                format!("`{name}` is not given here"),
            )
            .label(declared, "declared here")
            .help(format!(
                "add `{name}: …`, or declare it as optional: `{name}?: …`"
            )),
        );
    }
}

fn scaled(n: i64, by: u32) -> Option<i64> {
    let max = super::super::types::INT_MAX;
    10i64
        .checked_pow(by)
        .and_then(|f| n.checked_mul(f))
        .filter(|v| (-max..=max).contains(v))
}

/// The text of a string; holes are left out (they were reported where they cannot stand).
pub(super) fn plain_text(parts: &[StrPart]) -> String {
    parts
        .iter()
        .filter_map(|p| match p {
            StrPart::Text(t) => Some(t.as_str()),
            StrPart::Hole(_) => None,
        })
        .collect()
}

pub(super) fn literal_words(kind: &LiteralKind) -> String {
    match kind {
        LiteralKind::Int(_) => "a whole number",
        LiteralKind::Decimal { .. } => "a decimal",
        LiteralKind::Str(_) => "a string",
        LiteralKind::Duration(_) => "a duration",
        LiteralKind::Time(_) => "a time of day",
        LiteralKind::Date(_) => "a date",
        LiteralKind::Instant(_) => "an instant",
        LiteralKind::Bool(_) => "a bool",
    }
    .to_string()
}

/// A bound in the user's units.
fn show(n: i64, ty: &Type) -> String {
    match ty {
        Type::Decimal { scale, .. } if *scale > 0 => {
            let f = 10i64.pow((*scale).min(15));
            let sign = if n < 0 { "-" } else { "" };
            format!(
                "{sign}{}.{:0width$}",
                (n / f).abs(),
                (n % f).abs(),
                width = *scale as usize
            )
        }
        Type::Duration { .. } => format!("{n}ms"),
        Type::Time { .. } => format!("{:02}:{:02}:{:02}", n / 3600, n / 60 % 60, n % 60),
        _ => n.to_string(),
    }
}
