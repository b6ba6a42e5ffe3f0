//! Paths: from a name to a value, through record fields.

use super::super::{Expr, FactId, InputId, Path, Root, TemplatePart, Type};
use super::scope::{Local, Scope};
use super::types::same_kind;
use super::{Checker, Kind};
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Span;
use crate::syntax::tree::{self, LiteralKind, StrPart, Value, ValueKind};

impl<'a> Checker<'a> {
    /// All that a bare name could mean as a value.
    pub(super) fn roots(
        &mut self,
        name: &str,
        scope: &Scope,
    ) -> Vec<(Root, Type, bool, &'static str)> {
        let mut found = Vec::new();
        if let Some(local) = scope.local(name) {
            found.push((
                local.root,
                local.ty.clone(),
                local.optional,
                "a parameter or binding",
            ));
        }
        if scope.world {
            if let Some(i) = self.policy.facts.iter().position(|f| f.name == name)
                && let Some(fact) = self.policy.facts.get(i)
            {
                let id = FactId(u32::try_from(i).unwrap_or(u32::MAX));
                found.push((Root::Fact(id), fact.ty.clone(), true, "a fact"));
            }
            if let Some(i) = self.policy.inputs.iter().position(|x| x.name == name)
                && let Some(input) = self.policy.inputs.get(i)
            {
                let id = InputId(u32::try_from(i).unwrap_or(u32::MAX));
                found.push((
                    Root::Input(id),
                    input.ty.clone(),
                    input.optional,
                    "an input",
                ));
            }
        }
        found
    }

    /// Whether the name means a value here.
    pub(super) fn is_value(&mut self, name: &str, scope: &Scope) -> bool {
        !self.roots(name, scope).is_empty()
    }

    /// A path as a value; reports what is wrong with it.
    pub(super) fn path(&mut self, path: &tree::Path, scope: &Scope) -> Option<Path> {
        let name = path.head.name.as_str();
        let mut roots = self.roots(name, scope);
        if roots.len() > 1 {
            let list: Vec<&str> = roots.iter().map(|r| r.3).collect();
            self.report(
                Diagnostic::new(
                    Code::FW108,
                    format!("`{name}` could mean {}", list.join(" or ")),
                    path.head.span,
                    "ambiguous",
                )
                .help("rename one of them"),
            );
            return None;
        }
        let Some((root, mut ty, mut optional, _)) = roots.pop() else {
            self.unknown_value(path, scope);
            return None;
        };
        match root {
            Root::Fact(id) => {
                self.mark(Kind::Fact, name);
                self.fact_keys(id, path.head.span, scope)?;
            }
            Root::Input(_) => self.mark(Kind::Input, name),
            _ => {}
        }
        let mut fields = Vec::new();
        let mut text = name.to_string();
        for step in &path.rest {
            let Type::Record(id) = ty else {
                let words = self.type_words(&ty);
                self.report(
                    Diagnostic::new(
                        Code::FW103,
                        format!("`{text}` has no fields"),
                        step.span,
                        format!("`{text}` is {words}"),
                    )
                    .help(format!("leave `.{}` out", step.name)),
                );
                return None;
            };
            let record = self.records.get(id.index())?;
            let Some(index) = record.fields.iter().position(|f| f.name == step.name) else {
                let what = format!("field of `{}` called", record.name);
                let known: Vec<(String, Option<Span>)> = record
                    .fields
                    .iter()
                    .map(|f| (f.name.clone(), Some(f.span)))
                    .collect();
                self.unknown(
                    &what,
                    &step.name,
                    step.span,
                    known.iter().map(|(n, s)| (n.as_str(), *s)),
                );
                return None;
            };
            let field = record.fields.get(index)?;
            optional |= field.optional;
            ty = field.ty.clone();
            fields.push(u32::try_from(index).ok()?);
            text.push('.');
            text.push_str(&step.name);
        }
        Some(Path {
            root,
            fields,
            ty,
            optional,
            text,
            span: path.span,
        })
    }

    /// A fact can be asked for only where its key is at hand.
    fn fact_keys(&mut self, id: FactId, span: Span, scope: &Scope) -> Option<()> {
        let fact = self.policy.facts.get(id.index())?.clone();
        for (index, key) in fact.keys.iter().enumerate() {
            match scope.local(key) {
                None => {
                    let owner = if scope.owner.is_empty() {
                        "here".to_string()
                    } else {
                        format!("in `{}`", scope.owner)
                    };
                    self.report_use(
                        Diagnostic::new(
                            Code::FW114,
                            format!(
                                "the fact `{}` needs the key `{key}`, which there is not {owner}",
                                fact.name
                            ),
                            span,
                            format!("`{}` is looked up by `{key}`", fact.name),
                        )
                        .label(fact.span, "declared here")
                        .help(format!("use it only for actions with a parameter `{key}`")),
                    );
                    return None;
                }
                Some(local) if local.root == Root::Element => {
                    self.nested(span);
                    return None;
                }
                Some(local) => {
                    let counted = fact.source.keys.get(index)?;
                    if !local.ty.same_unit(&counted.ty) {
                        let (a, b) = (
                            self.type_words(&local.ty.clone()),
                            self.type_words(&counted.ty),
                        );
                        self.report_use(
                            Diagnostic::new(
                                Code::FW103,
                                format!(
                                    "the key `{key}` is {a} here, but {b} in the fact `{}`",
                                    fact.name
                                ),
                                span,
                                "looked up here",
                            )
                            .label(fact.span, "declared here")
                            .help("give both the same type"),
                        );
                        return None;
                    }
                }
            }
        }
        Some(())
    }

    fn unknown_value(&mut self, path: &tree::Path, scope: &Scope) {
        let name = path.head.name.clone();
        if scope.lost.contains(&name) {
            // What gives it its value is wrong, and reported where that stands.
            self.complete = false;
            return;
        }
        if !scope.world
            && (self.declared.inputs.contains_key(name.as_str())
                || self.declared.facts.contains_key(name.as_str()))
        {
            self.report(
                Diagnostic::new(
                    Code::FW107,
                    format!("`{name}` cannot be used {}", scope.place),
                    path.span,
                    "only parameters, results and constants",
                )
                .help("this part looks at calls that were made before: compare their parameters and results"),
            );
            return;
        }
        let mut known: Vec<(String, Option<Span>)> = scope
            .locals
            .iter()
            .map(|l| (l.name.clone(), l.span))
            .collect();
        if scope.world {
            known.extend(
                self.policy
                    .inputs
                    .iter()
                    .map(|i| (i.name.clone(), Some(i.span))),
            );
            known.extend(
                self.policy
                    .facts
                    .iter()
                    .map(|f| (f.name.clone(), Some(f.span))),
            );
            known.extend(
                self.declared
                    .defines
                    .iter()
                    .map(|(n, d)| ((*n).to_string(), Some(d.span))),
            );
        }
        if let Some((kind, at)) = self.names.get(name.as_str()).copied() {
            self.complete = false;
            // A fact or an input that is declared but wrong has been reported where it stands.
            if !matches!(kind, "fact" | "input" | "define") {
                self.report(
                    Diagnostic::new(
                        Code::FW101,
                        format!("`{name}` is {}, not a value", super::with_article(kind)),
                        path.span,
                        "a value was expected here",
                    )
                    .label(at, "declared here")
                    .help("name a parameter, an input, a fact or a define"),
                );
            }
            return;
        }
        if is_null(&name) && !known.iter().any(|(k, _)| *k == name) {
            self.complete = false;
            self.report(
                Diagnostic::new(
                    Code::FW101,
                    format!("there is no value `{name}`"),
                    path.span,
                    "what is not there has no value",
                )
                .help("ask whether it is there: `x is absent`, `x is present`"),
            );
            return;
        }
        let label = match (scope.owner.as_str(), scope.world) {
            ("", true) => "no parameter, binding, input, fact or define".to_string(),
            ("", false) => "no value of that name".to_string(),
            (owner, true) => format!("no parameter of `{owner}`, no input, fact or define"),
            (owner, false) => format!("no parameter of `{owner}`"),
        };
        self.unknown_as(
            format!("nothing is called `{name}` here"),
            label,
            "declare it as an `input`, or remove its use".to_string(),
            &name,
            path.head.span,
            known.iter().map(|(n, s)| (n.as_str(), *s)),
        );
    }

    /// A value expression of type `ty`.
    pub(super) fn expr(&mut self, value: &'a Value, ty: &Type, scope: &Scope) -> Option<Expr> {
        match (&value.kind, ty) {
            (ValueKind::Path(path), _) => {
                let variant = matches!(ty, Type::Enum(_)) && path.rest.is_empty();
                if variant && !self.is_value(&path.head.name, scope) {
                    return self.constant(value, ty).map(Expr::Const);
                }
                let resolved = self.path(path, scope)?;
                if !same_kind(&resolved.ty, ty) {
                    let found = self.type_words(&resolved.ty);
                    self.mismatch(value.span, &found, ty);
                    return None;
                }
                Some(Expr::Path(resolved))
            }
            (ValueKind::Literal(literal), Type::String { .. }) => match &literal.kind {
                LiteralKind::Str(parts) if parts.iter().any(|p| matches!(p, StrPart::Hole(_))) => {
                    let mut out = Vec::new();
                    let mut whole = true;
                    for part in parts {
                        match part {
                            StrPart::Text(t) => out.push(TemplatePart::Text(t.clone())),
                            StrPart::Hole(path) => match self.path(path, scope) {
                                Some(p) if matches!(p.ty, Type::Record(_) | Type::List { .. }) => {
                                    let words = self.type_words(&p.ty);
                                    self.report(
                                        Diagnostic::new(
                                            Code::FW103,
                                            format!("`{}` is {words}, which has no text", p.text),
                                            p.span,
                                            "cannot be written into a text",
                                        )
                                        .help("write one of its fields"),
                                    );
                                    whole = false;
                                }
                                Some(p) => out.push(TemplatePart::Hole(p)),
                                None => whole = false,
                            },
                        }
                    }
                    whole.then_some(Expr::Template(out))
                }
                _ => self.constant(value, ty).map(Expr::Const),
            },
            (ValueKind::List(items), Type::List { element, min, max })
                if items.iter().any(|v| !is_constant(v)) =>
            {
                if items.len() < *min as usize || items.len() > *max as usize {
                    return self.constant(value, ty).map(Expr::Const);
                }
                let items: Vec<Option<Expr>> =
                    items.iter().map(|v| self.expr(v, element, scope)).collect();
                items
                    .into_iter()
                    .collect::<Option<Vec<_>>>()
                    .map(Expr::List)
            }
            (ValueKind::Record(given), Type::Record(id))
                if given.iter().any(|(_, v)| !is_constant(v)) =>
            {
                let fields = self.records.get(id.index())?.fields.clone();
                let names: Vec<(&str, Span)> =
                    fields.iter().map(|f| (f.name.as_str(), f.span)).collect();
                let meant = self.argument_names(given, &names, "field", None);
                let mut out = Vec::new();
                let mut whole = true;
                for field in &fields {
                    match given.iter().find(|(n, _)| n.name == field.name) {
                        Some((_, v)) => {
                            let e = self.expr(v, &field.ty, scope);
                            whole &= e.is_some();
                            out.push(e);
                        }
                        None => {
                            if !field.optional {
                                whole = false;
                                if !meant.contains(&field.name) {
                                    self.missing("field", &field.name, value.span, field.span);
                                }
                            }
                            out.push(None);
                        }
                    }
                }
                whole.then_some(Expr::Record(*id, out))
            }
            _ => self.constant(value, ty).map(Expr::Const),
        }
    }

    /// A local for a reply.
    pub(super) fn result_local(ty: &Type) -> Local {
        Local {
            name: "result".to_string(),
            root: Root::Result,
            ty: ty.clone(),
            optional: false,
            span: None,
        }
    }
}

/// Whether the value names nothing that could be a value of the scope.
fn is_constant(value: &Value) -> bool {
    match &value.kind {
        ValueKind::Literal(l) => match &l.kind {
            LiteralKind::Str(parts) => !parts.iter().any(|p| matches!(p, StrPart::Hole(_))),
            _ => true,
        },
        ValueKind::List(items) => items.iter().all(is_constant),
        ValueKind::Record(fields) => fields.iter().all(|(_, v)| is_constant(v)),
        ValueKind::Variant { .. } => true,
        ValueKind::Path(_) => false,
    }
}

/// Whether the word stands for what is not there in other languages.
pub(super) fn is_null(name: &str) -> bool {
    matches!(name, "null" | "none" | "nil" | "undefined")
}
