//! Types: aliases, records, refinements.

use super::super::types::INT_MAX;
use super::super::{EnumId, Field, RecordId, RecordType, Type};
use super::declared::TypeDecl;
use super::{Checker, Kind};
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Span;
use crate::syntax::tree::{self, Refinement, TypeExpr, TypeKind};

/// Days from 1970-01-01 to 0001-01-01 and to 9999-12-31.
const DATES: (i64, i64) = (-719_162, 2_932_896);
const DAY_MS: i64 = 86_400_000;
/// Types may be made of one another so deep: declared types, and records inside records.
const TYPES_MAX: usize = 24;

impl<'a> Checker<'a> {
    pub(super) fn resolve_types(&mut self) {
        let names: Vec<&'a str> = self.declared.types.keys().copied().collect();
        // Records get their numbers first, so that fields can name them.
        for name in &names {
            if let Some((TypeDecl::Record(_), span, doc)) = self.declared.types.get(name) {
                let record = RecordType {
                    name: (*name).to_string(),
                    span: *span,
                    doc: doc.clone(),
                    fields: Vec::new(),
                };
                self.records.push(record);
            }
        }
        for name in &names {
            self.named_type(name, &mut Vec::new());
        }
        for name in &names {
            if let Some((TypeDecl::Record(fields), ..)) = self.declared.types.get(name) {
                let fields: &'a [tree::Field] = fields;
                let fields = self.fields(fields, "field");
                if let Some(record) = self.records.iter_mut().find(|r| r.name == *name) {
                    record.fields = fields;
                }
            }
        }
        self.endless_records();
        self.deep_records();
    }

    fn fields(&mut self, fields: &'a [tree::Field], what: &str) -> Vec<Field> {
        let mut list: Vec<Field> = Vec::new();
        for field in fields {
            if let Some(first) = list
                .iter()
                .find(|f| f.name == field.name.name)
                .map(|f| f.span)
            {
                self.duplicate(what, &field.name.name, field.name.span, what, first);
                continue;
            }
            let Some(ty) = self.type_expr(&field.ty) else {
                continue;
            };
            list.push(Field {
                name: field.name.name.clone(),
                wire: field
                    .wire
                    .as_ref()
                    .map_or_else(|| field.name.name.clone(), |w| w.node.clone()),
                ty,
                optional: field.optional,
                span: field.name.span,
                doc: field.doc.as_ref().map(|d| d.node.clone()),
            });
        }
        let wires: Vec<super::super::Named> = list
            .iter()
            .map(|f| super::super::Named {
                name: f.name.clone(),
                wire: f.wire.clone(),
                span: f.span,
                doc: None,
            })
            .collect();
        self.unique_wires(what, &wires);
        list
    }

    /// Records that contain themselves have no finite value.
    fn endless_records(&mut self) {
        fn inner(ty: &Type) -> Option<RecordId> {
            match ty {
                Type::Record(id) => Some(*id),
                Type::List { element, .. } => inner(element),
                _ => None,
            }
        }
        let count = self.records.len();
        for start in 0..count {
            let mut seen = vec![false; count];
            let mut stack = vec![start];
            let mut circle = false;
            while let Some(at) = stack.pop() {
                for field in self
                    .records
                    .get(at)
                    .map(|r| r.fields.as_slice())
                    .unwrap_or_default()
                {
                    if let Some(next) = inner(&field.ty).map(RecordId::index) {
                        circle |= next == start;
                        if let Some(s) = seen.get_mut(next)
                            && !*s
                        {
                            *s = true;
                            stack.push(next);
                        }
                    }
                }
            }
            if circle && let Some(record) = self.records.get(start).cloned() {
                self.report(
                    Diagnostic::new(
                        Code::FW112,
                        format!("record `{}` contains itself", record.name),
                        record.span,
                        "its values would have no end",
                    )
                    .help("hold a key instead, and look the other record up"),
                );
            }
        }
        // Nothing downstream may walk a circle: cut it.
        if self.findings.iter().any(|d| d.code == Code::FW112) {
            let ids: Vec<usize> = (0..count).collect();
            for id in ids {
                if let Some(record) = self.records.get_mut(id) {
                    record.fields.retain(|f| inner(&f.ty).is_none());
                }
            }
        }
    }

    /// Records inside records inside records: reviewers, runtimes and other readers of values go
    /// down level by level.
    fn deep_records(&mut self) {
        fn inner(ty: &Type, level: usize) -> (usize, Option<RecordId>) {
            match ty {
                Type::Record(id) => (level, Some(*id)),
                Type::List { element, .. } => inner(element, level + 1),
                _ => (level, None),
            }
        }
        let count = self.records.len();
        // How deep each record goes. There are no circles, so that so many rounds settle it.
        let mut depth = vec![1_usize; count];
        for _ in 0..=TYPES_MAX {
            let mut settled = true;
            for at in 0..count {
                let Some(record) = self.records.get(at) else {
                    continue;
                };
                let below = record.fields.iter().map(|f| {
                    let (lists, record) = inner(&f.ty, 0);
                    let record = record.and_then(|id| depth.get(id.index()).copied());
                    lists + record.unwrap_or(0)
                });
                let deep = 1 + below.max().unwrap_or(0);
                if let Some(known) = depth.get_mut(at)
                    && *known < deep
                {
                    (*known, settled) = (deep, false);
                }
            }
            if settled {
                break;
            }
        }
        let deep = |at: usize| depth.get(at).is_some_and(|d| *d > TYPES_MAX);
        // The innermost of those that are too deep tells it; nothing downstream goes down there.
        let mut told = false;
        for at in (0..count).filter(|at| deep(*at)) {
            let Some(record) = self.records.get_mut(at) else {
                continue;
            };
            let (name, span) = (record.name.clone(), record.span);
            record.fields.retain(|f| inner(&f.ty, 0).1.is_none());
            if !std::mem::replace(&mut told, true) {
                let found = Diagnostic::new(
                    Code::FW005,
                    format!("record `{name}` is nested more than {TYPES_MAX} levels deep"),
                    span,
                    "records inside records inside records",
                );
                self.report(
                    found.help("pass the inner values separately, or look them up by a key"),
                );
            }
        }
    }

    fn named_type(&mut self, name: &'a str, way: &mut Vec<&'a str>) -> Option<Type> {
        if let Some(done) = self.types.get(name) {
            return done.clone();
        }
        let (decl, span, _) = self.declared.types.get(name)?;
        let span = *span;
        let ty = match decl {
            TypeDecl::Enum => self
                .enums
                .iter()
                .position(|e| e.name == name)
                .and_then(|i| u32::try_from(i).ok())
                .map(|i| Type::Enum(EnumId(i))),
            TypeDecl::Record(_) => self
                .records
                .iter()
                .position(|r| r.name == name)
                .and_then(|i| u32::try_from(i).ok())
                .map(|i| Type::Record(RecordId(i))),
            TypeDecl::Alias(expr) => {
                let expr: &'a TypeExpr = expr;
                if way.contains(&name) {
                    self.report(
                        Diagnostic::new(
                            Code::FW112,
                            format!("type `{name}` is defined by itself"),
                            span,
                            "leads back here",
                        )
                        .help("begin with a built-in type such as `string` or `int`"),
                    );
                    None
                } else if way.len() >= TYPES_MAX {
                    // One chain is told of once, however long it is.
                    if self.findings.iter().any(|d| d.code == Code::FW005) {
                        return None;
                    }
                    let found = Diagnostic::new(
                        Code::FW005,
                        format!("types use one another more than {TYPES_MAX} levels deep"),
                        span,
                        "too deep here",
                    );
                    self.report(found.help("put some of them together"));
                    None
                } else {
                    way.push(name);
                    let ty = self.type_expr_on(expr, way);
                    way.pop();
                    ty
                }
            }
        };
        self.types.insert(name.to_string(), ty.clone());
        ty
    }

    /// The type that is written there; `None` if it is wrong (reported).
    pub(super) fn type_expr(&mut self, expr: &'a TypeExpr) -> Option<Type> {
        self.type_expr_on(expr, &mut Vec::new())
    }

    fn type_expr_on(&mut self, expr: &'a TypeExpr, way: &mut Vec<&'a str>) -> Option<Type> {
        let mut bounded = false;
        let base = match &expr.kind {
            TypeKind::List { element, size } => {
                let element_ty = self.type_expr_on(element, way)?;
                let (min, max) = self.count_range(size, "size")?;
                Type::List {
                    element: Box::new(element_ty),
                    min,
                    max,
                }
            }
            TypeKind::Named(name) => match name.name.as_str() {
                "bool" => Type::Bool,
                "int" => Type::Int {
                    min: -INT_MAX,
                    max: INT_MAX,
                },
                "decimal" => Type::Decimal {
                    scale: 0,
                    min: -INT_MAX,
                    max: INT_MAX,
                },
                "string" => Type::String {
                    min: 0,
                    max: None,
                    patterns: Vec::new(),
                },
                "duration" => Type::Duration {
                    min: 0,
                    max: INT_MAX,
                },
                "time" => Type::Time {
                    min: 0,
                    max: 86_399,
                },
                "date" => Type::Date {
                    min: DATES.0,
                    max: DATES.1,
                },
                "instant" => Type::Instant {
                    min: DATES.0 * DAY_MS,
                    max: (DATES.1 + 1) * DAY_MS - 1,
                },
                "Weekday" => Type::Enum(EnumId(0)),
                other => {
                    bounded = true;
                    self.mark(Kind::Type, other);
                    match self.declared.types.get_key_value(other).map(|(k, _)| *k) {
                        Some(key) => self.named_type(key, way)?,
                        None => {
                            self.unknown_type(other, name.span);
                            return None;
                        }
                    }
                }
            },
        };
        let is_decimal = matches!(base, Type::Decimal { .. });
        let mut ty = base;
        for refinement in &expr.refinements {
            if matches!(refinement, Refinement::In(..)) {
                bounded = true;
            }
            ty = self.refine(ty, refinement)?;
        }
        if is_decimal && !bounded {
            self.report(
                Diagnostic::new(
                    Code::FW110,
                    "a decimal needs its bounds",
                    expr.span,
                    "how large, and how many digits?",
                )
                .note("The bounds say how many digits follow the point: `0.00..5000.00` has two.")
                .help("write `decimal in 0.00..5000.00`"),
            );
            return None;
        }
        Some(ty)
    }

    fn unknown_type(&mut self, name: &str, span: Span) {
        let mut known: Vec<(String, Option<Span>)> = self
            .declared
            .types
            .iter()
            .map(|(k, (_, at, _))| ((*k).to_string(), Some(*at)))
            .collect();
        known.extend(
            [
                "bool", "int", "decimal", "string", "duration", "time", "date", "instant",
                "Weekday",
            ]
            .iter()
            .map(|k| ((*k).to_string(), None)),
        );
        self.unknown(
            "type",
            name,
            span,
            known.iter().map(|(k, s)| (k.as_str(), *s)),
        );
    }

    /// How a type is called in messages.
    pub(super) fn type_words(&self, ty: &Type) -> String {
        match ty {
            Type::Bool => "a bool".to_string(),
            Type::Int { .. } => "an int".to_string(),
            Type::Decimal { scale, .. } => format!("a decimal with {scale} fractional digits"),
            Type::String { .. } => "a string".to_string(),
            Type::Duration { .. } => "a duration".to_string(),
            Type::Time { .. } => "a time of day".to_string(),
            Type::Date { .. } => "a date".to_string(),
            Type::Instant { .. } => "an instant".to_string(),
            Type::Enum(id) => self.enums.get(id.index()).map_or_else(
                || "an enum".to_string(),
                |e| format!("the enum `{}`", e.name),
            ),
            Type::Record(id) => self.records.get(id.index()).map_or_else(
                || "a record".to_string(),
                |r| format!("the record `{}`", r.name),
            ),
            Type::List { .. } => "a list".to_string(),
        }
    }
}

/// Whether values of the two types can be compared and passed for one another at all: the same
/// kind, whatever the bounds.
pub(super) fn same_kind(a: &Type, b: &Type) -> bool {
    match (a, b) {
        (Type::Int { .. } | Type::Decimal { .. }, Type::Int { .. } | Type::Decimal { .. })
        | (Type::Bool, Type::Bool)
        | (Type::String { .. }, Type::String { .. })
        | (Type::Duration { .. }, Type::Duration { .. })
        | (Type::Time { .. }, Type::Time { .. })
        | (Type::Date { .. }, Type::Date { .. })
        | (Type::Instant { .. }, Type::Instant { .. }) => true,
        (Type::Enum(x), Type::Enum(y)) => x == y,
        (Type::Record(x), Type::Record(y)) => x == y,
        (Type::List { element: x, .. }, Type::List { element: y, .. }) => same_kind(x, y),
        _ => false,
    }
}

/// Whether the two types hold the same values in the same units.
pub(super) fn same_type(a: &Type, b: &Type) -> bool {
    match (a, b) {
        (
            Type::String { min, max, patterns },
            Type::String {
                min: m,
                max: x,
                patterns: p,
            },
        ) => {
            min == m
                && max == x
                && patterns.len() == p.len()
                && patterns
                    .iter()
                    .all(|r| p.iter().any(|q| q.pattern == r.pattern))
        }
        (
            Type::List { element, min, max },
            Type::List {
                element: e,
                min: m,
                max: x,
            },
        ) => min == m && max == x && same_type(element, e),
        _ => same_kind(a, b) && a.bounds() == b.bounds() && a.scale() == b.scale(),
    }
}
