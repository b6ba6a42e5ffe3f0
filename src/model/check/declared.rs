//! The first pass: who declares which name, and the one namespace.

use super::super::{Named, types::EnumType, types::Variant};
use super::{BUILT_IN_OUTCOMES, Checker};
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Span;
use crate::syntax::tree::{self, Ident, ItemKind};
use std::collections::BTreeMap;

/// A declaration with its documentation.
pub(super) struct Decl<'a, T> {
    pub doc: Option<String>,
    pub node: &'a T,
    pub span: Span,
}

/// A declared type.
pub(super) enum TypeDecl<'a> {
    Alias(&'a tree::TypeExpr),
    Record(&'a [tree::Field]),
    Enum,
}

/// Everything declared, by name: the order of the maps is the canonical order.
#[derive(Default)]
pub(super) struct Declared<'a> {
    pub types: BTreeMap<&'a str, (TypeDecl<'a>, Span, Option<String>)>,
    pub inputs: BTreeMap<&'a str, Decl<'a, tree::Field>>,
    pub roles: BTreeMap<&'a str, Span>,
    pub events: BTreeMap<&'a str, Span>,
    pub integrations: BTreeMap<&'a str, Decl<'a, tree::Integration>>,
    pub facts: BTreeMap<&'a str, Decl<'a, tree::Fact>>,
    pub groups: BTreeMap<&'a str, Decl<'a, tree::Targets>>,
    pub defines: BTreeMap<&'a str, Decl<'a, tree::Cond>>,
    pub rules: BTreeMap<&'a str, Decl<'a, tree::Rule>>,
    pub flows: BTreeMap<&'a str, Decl<'a, tree::Flow>>,
    pub tests: Vec<&'a tree::Test>,
}

impl<'a> Checker<'a> {
    pub(super) fn declare(&mut self, files: &'a [tree::File]) {
        let mut enums: BTreeMap<&'a str, (&'a [tree::Variant], Span, Option<String>)> =
            BTreeMap::new();
        let mut named: Vec<(bool, Named)> = Vec::new();
        for item in files.iter().flat_map(|f| &f.items) {
            let doc = item.doc.as_ref().map(|d| d.node.clone());
            let span = item.span;
            match &item.kind {
                ItemKind::Use { .. } => {}
                ItemKind::Type { name, ty } => self.declare_type(name, TypeDecl::Alias(ty), doc),
                ItemKind::Record { name, fields } => {
                    self.declare_type(name, TypeDecl::Record(fields), doc)
                }
                ItemKind::Enum { name, variants } => {
                    if !self.declared.types.contains_key(name.name.as_str()) {
                        enums.insert(&name.name, (variants, name.span, doc.clone()));
                    }
                    self.declare_type(name, TypeDecl::Enum, doc);
                }
                ItemKind::Input(node) => {
                    if self.fresh(&node.name, "input") {
                        self.declared
                            .inputs
                            .insert(&node.name.name, Decl { doc, node, span });
                    }
                }
                ItemKind::Role { name, wire } | ItemKind::Event { name, wire } => {
                    let event = matches!(item.kind, ItemKind::Event { .. });
                    if self.fresh(name, if event { "event" } else { "role" }) {
                        if event {
                            self.not_built_in(name, "event");
                            self.declared.events.insert(&name.name, name.span);
                        } else {
                            self.declared.roles.insert(&name.name, name.span);
                        }
                        let wire = wire
                            .as_ref()
                            .map_or_else(|| name.name.clone(), |w| w.node.clone());
                        named.push((
                            event,
                            Named {
                                name: name.name.clone(),
                                wire,
                                span: name.span,
                                doc,
                            },
                        ));
                    }
                }
                ItemKind::Integration(node) => {
                    if self.fresh(&node.name, "integration") {
                        self.declared
                            .integrations
                            .insert(&node.name.name, Decl { doc, node, span });
                    }
                }
                ItemKind::Fact(node) => {
                    if self.fresh(&node.name, "fact") {
                        self.declared
                            .facts
                            .insert(&node.name.name, Decl { doc, node, span });
                    }
                }
                ItemKind::Group { name, targets } => {
                    if self.fresh(name, "group") {
                        self.declared.groups.insert(
                            &name.name,
                            Decl {
                                doc,
                                node: targets,
                                span: name.span,
                            },
                        );
                    }
                }
                ItemKind::Define { name, cond } => {
                    if self.fresh(name, "define") {
                        self.declared.defines.insert(
                            &name.name,
                            Decl {
                                doc,
                                node: cond,
                                span: name.span,
                            },
                        );
                    }
                }
                ItemKind::Rule(node) => {
                    if self.fresh(&node.name, "rule") {
                        self.declared
                            .rules
                            .insert(&node.name.name, Decl { doc, node, span });
                    }
                }
                ItemKind::Flow(node) => {
                    if self.fresh(&node.name, "flow") {
                        self.declared
                            .flows
                            .insert(&node.name.name, Decl { doc, node, span });
                    }
                }
                ItemKind::Test(test) => self.declared.tests.push(test),
            }
        }
        named.sort_by(|a, b| a.1.name.cmp(&b.1.name));
        let (events, roles): (Vec<_>, Vec<_>) = named.into_iter().partition(|(event, _)| *event);
        self.policy.events = events.into_iter().map(|(_, n)| n).collect();
        self.policy.roles = roles.into_iter().map(|(_, n)| n).collect();
        self.unique_wires("event", &self.policy.events.clone());
        self.unique_wires("role", &self.policy.roles.clone());
        self.declare_enums(enums);
        self.unique_tests();
    }

    fn unique_tests(&mut self) {
        let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
        let tests = self.declared.tests.clone();
        for test in tests {
            if let Some(first) = seen.insert(&test.name.node, test.name.span) {
                self.report(
                    Diagnostic::new(
                        Code::FW102,
                        format!("two tests are called \"{}\"", test.name.node),
                        test.name.span,
                        "the second one",
                    )
                    .label(first, "the first one")
                    .help("give each test a name of its own"),
                );
            }
        }
    }

    fn declare_type(&mut self, name: &'a Ident, decl: TypeDecl<'a>, doc: Option<String>) {
        if name.name == "Weekday" {
            self.report(
                Diagnostic::new(
                    Code::FW102,
                    "`Weekday` is built in",
                    name.span,
                    "declared again",
                )
                .help("choose another name; `Weekday` has the variants monday … sunday"),
            );
            return;
        }
        if let Some((_, first, _)) = self.declared.types.get(name.name.as_str()) {
            let first = *first;
            self.duplicate("type", &name.name, name.span, "type", first);
            return;
        }
        self.declared
            .types
            .insert(&name.name, (decl, name.span, doc));
    }

    fn fresh(&mut self, name: &'a Ident, what: &'static str) -> bool {
        if let Some((other, first)) = self.names.get(name.name.as_str()).copied() {
            self.taken.insert(name.name.clone());
            self.duplicate(what, &name.name, name.span, other, first);
            return false;
        }
        self.names.insert(&name.name, (what, name.span));
        true
    }

    pub(super) fn duplicate(
        &mut self,
        what: &str,
        name: &str,
        span: Span,
        other: &str,
        first: Span,
    ) {
        let message = if what == other {
            format!("two {what}s are called `{name}`")
        } else {
            format!(
                "`{name}` is the name of {} already",
                super::with_article(other)
            )
        };
        let (second, first_one) = if what == other {
            ("the second one".to_string(), "the first one".to_string())
        } else {
            (
                format!("{} here", super::with_article(what)),
                format!("{} here", super::with_article(other)),
            )
        };
        self.report(
            Diagnostic::new(Code::FW102, message, span, second)
                .label(first, first_one)
                .help("rename one of them: a name stands for one thing"),
        );
    }

    pub(super) fn not_built_in(&mut self, name: &Ident, what: &str) {
        if BUILT_IN_OUTCOMES.contains(&name.name.as_str()) {
            let article = if what.starts_with(['a', 'e', 'i', 'o', 'u']) {
                "an"
            } else {
                "a"
            };
            self.report(
                Diagnostic::new(
                    Code::FW109,
                    format!(
                        "`{}` is a built-in outcome and cannot be the name of {article} {what}",
                        name.name
                    ),
                    name.span,
                    "this name has a meaning already",
                )
                .help("choose another name; what the other side calls it can stand in `as \"…\"`"),
            );
        }
    }

    fn declare_enums(
        &mut self,
        enums: BTreeMap<&'a str, (&'a [tree::Variant], Span, Option<String>)>,
    ) {
        let days = [
            "monday",
            "tuesday",
            "wednesday",
            "thursday",
            "friday",
            "saturday",
            "sunday",
        ];
        self.enums.push(EnumType {
            name: "Weekday".to_string(),
            span: Span::default(),
            doc: None,
            variants: days
                .iter()
                .map(|d| Variant {
                    name: (*d).to_string(),
                    wire: (*d).to_string(),
                    span: Span::default(),
                    doc: None,
                })
                .collect(),
            other: None,
        });
        for (name, (variants, span, doc)) in enums {
            let mut list: Vec<Variant> = Vec::new();
            let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
            for v in variants {
                if let Some(first) = seen.get(v.name.name.as_str()) {
                    self.duplicate("variant", &v.name.name, v.name.span, "variant", *first);
                    continue;
                }
                seen.insert(&v.name.name, v.name.span);
                let wire = v
                    .wire
                    .as_ref()
                    .map_or_else(|| v.name.name.clone(), |w| w.node.clone());
                list.push(Variant {
                    name: v.name.name.clone(),
                    wire,
                    span: v.name.span,
                    doc: v.doc.as_ref().map(|d| d.node.clone()),
                });
            }
            let wires: Vec<Named> = list
                .iter()
                .map(|v| Named {
                    name: v.name.clone(),
                    wire: v.wire.clone(),
                    span: v.span,
                    doc: None,
                })
                .collect();
            self.unique_wires("variant", &wires);
            let other = list.iter().position(|v| v.name == "other");
            self.enums.push(EnumType {
                name: name.to_string(),
                span,
                doc,
                other: other.and_then(|i| u32::try_from(i).ok()),
                variants: list,
            });
        }
    }

    /// Two names with one name on the wire could not be told apart.
    pub(super) fn unique_wires(&mut self, what: &str, list: &[Named]) {
        let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
        for item in list {
            if item.wire.is_empty() {
                self.report(
                    Diagnostic::new(
                        Code::FW102,
                        format!("the {what} `{}` has an empty name on the wire", item.name),
                        item.span,
                        "nobody could send this",
                    )
                    .help("write the name that the other side uses"),
                );
            }
            if let Some(first) = seen.insert(&item.wire, item.span) {
                self.report(
                    Diagnostic::new(
                        Code::FW102,
                        format!("two {what}s are called \"{}\" on the wire", item.wire),
                        item.span,
                        "the second one",
                    )
                    .label(first, "the first one")
                    .help("a runtime could not tell them apart: change one of the names in `as \"…\"`"),
                );
            }
        }
    }
}
