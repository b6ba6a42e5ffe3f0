//! What is declared, and where.

use super::Walk;
use crate::lsp::names::{Declared, Key, Kind, Place};
use crate::source::Span;
use crate::syntax::tree::{
    ActionClause, AgentClause, Doc, Field, Flow, FlowItem, Ident, Integration, Item, ItemKind,
    State, StateItem, StepKind, TypeKind,
};

impl Walk {
    pub(super) fn declare(
        &mut self,
        kind: Kind,
        scope: &str,
        name: &Ident,
        whole: Span,
        doc: &Doc,
    ) {
        let key = Key::new(kind, scope, &name.name);
        self.names.places.push(Place {
            span: name.span,
            key: key.clone(),
            declares: true,
        });
        if scope.is_empty() && kind != Kind::Rule && kind != Kind::Policy {
            self.top.entry(name.name.clone()).or_insert(kind);
        }
        self.names.declared.entry(key).or_insert(Declared {
            whole,
            name: name.span,
            doc: doc.as_ref().map(|d| d.node.clone()),
        });
    }

    fn field(&mut self, kind: Kind, scope: &str, field: &Field) {
        self.declare(kind, scope, &field.name, field.span, &field.doc);
        self.typed(Key::new(kind, scope, &field.name.name), &field.ty);
    }

    pub(super) fn declare_item(&mut self, item: &Item) {
        let (whole, doc) = (item.span, &item.doc);
        match &item.kind {
            ItemKind::Use { .. } | ItemKind::Test(_) => {}
            ItemKind::Type { name, ty } => {
                self.declare(Kind::Type, "", name, whole, doc);
                self.typed(Key::new(Kind::Type, "", &name.name), ty);
            }
            ItemKind::Record { name, fields } => {
                self.declare(Kind::Record, "", name, whole, doc);
                for field in fields {
                    self.field(Kind::Field, &name.name, field);
                }
            }
            ItemKind::Enum { name, variants } => {
                self.declare(Kind::Enum, "", name, whole, doc);
                for variant in variants {
                    let span = variant.name.span;
                    self.declare(Kind::Variant, &name.name, &variant.name, span, &variant.doc);
                    let enums = self.variants.entry(variant.name.name.clone()).or_default();
                    enums.push(name.name.clone());
                }
            }
            ItemKind::Input(field) => {
                self.declare(Kind::Input, "", &field.name, whole, doc);
                self.typed(Key::new(Kind::Input, "", &field.name.name), &field.ty);
            }
            ItemKind::Role { name, .. } => self.declare(Kind::Role, "", name, whole, doc),
            ItemKind::Event { name, .. } => self.declare(Kind::Event, "", name, whole, doc),
            ItemKind::Integration(integration) => self.declare_integration(integration, item),
            ItemKind::Fact(fact) => self.declare(Kind::Fact, "", &fact.name, whole, doc),
            ItemKind::Group { name, .. } => self.declare(Kind::Group, "", name, whole, doc),
            ItemKind::Define { name, .. } => self.declare(Kind::Define, "", name, whole, doc),
            ItemKind::Rule(rule) => self.declare(Kind::Rule, "", &rule.name, whole, doc),
            ItemKind::Flow(flow) => self.declare_flow(flow, item),
        }
    }

    fn declare_integration(&mut self, integration: &Integration, item: &Item) {
        let name = &integration.name;
        self.declare(Kind::Integration, "", name, item.span, &item.doc);
        for failure in integration.defaults.iter().flat_map(|d| &d.failures) {
            let span = failure.name.span;
            self.declare(Kind::Failure, &name.name, &failure.name, span, &failure.doc);
        }
        for action in &integration.actions {
            self.declare(
                Kind::Action,
                &name.name,
                &action.name,
                action.span,
                &action.doc,
            );
            let full = format!("{}.{}", name.name, action.name.name);
            for param in &action.params {
                self.field(Kind::Param, &full, &param.field);
            }
            if let Some(TypeKind::Named(ty)) = action.result.as_ref().map(|r| &r.kind) {
                self.results.insert(full.clone(), ty.name.clone());
            }
            for clause in &action.clauses {
                if let ActionClause::Failure(failure) = clause {
                    let span = failure.name.span;
                    self.declare(Kind::Failure, &full, &failure.name, span, &failure.doc);
                }
            }
        }
    }

    fn declare_flow(&mut self, flow: &Flow, item: &Item) {
        self.declare(Kind::Flow, "", &flow.name, item.span, &item.doc);
        let of = flow.name.name.as_str();
        for param in &flow.params {
            self.field(Kind::Local, of, &param.field);
        }
        for item in &flow.items {
            match item {
                FlowItem::Handlers {
                    name,
                    doc,
                    span,
                    handlers,
                } => {
                    self.declare(Kind::Handlers, of, name, *span, doc);
                    handlers
                        .iter()
                        .for_each(|h| self.declare_bind(of, h.bind.as_ref(), h.span));
                }
                FlowItem::State(state) => self.declare_state(of, state),
                FlowItem::End(end) => {
                    self.declare(Kind::State, of, &end.name, end.span, &end.doc);
                }
                FlowItem::Start { .. }
                | FlowItem::Within { .. }
                | FlowItem::Expect { .. }
                | FlowItem::Once { .. }
                | FlowItem::Handler(_) => {}
            }
        }
    }

    fn declare_bind(&mut self, flow: &str, bind: Option<&Ident>, whole: Span) {
        if let Some(name) = bind {
            self.declare(Kind::Local, flow, name, whole, &None);
        }
    }

    fn declare_state(&mut self, flow: &str, state: &State) {
        self.declare(Kind::State, flow, &state.name, state.span, &state.doc);
        for item in &state.items {
            match item {
                StateItem::Handler(h) => self.declare_bind(flow, h.bind.as_ref(), h.span),
                StateItem::Step(step) => match &step.kind {
                    StepKind::Do { bind, .. }
                    | StepKind::Settle { bind, .. }
                    | StepKind::Run { bind, .. } => {
                        self.declare_bind(flow, bind.as_ref(), step.span);
                    }
                    StepKind::Ask { bind, .. } => self.declare_bind(flow, Some(bind), step.span),
                    StepKind::Agent { clauses, .. } => {
                        let scope = format!("{flow}.{}", state.name.name);
                        for clause in clauses {
                            if let AgentClause::Outcome { name, doc, .. } = clause {
                                self.declare(Kind::Outcome, &scope, name, name.span, doc);
                            }
                        }
                    }
                    StepKind::Choose | StepKind::Unwind { .. } => {}
                },
                _ => {}
            }
        }
    }
}
