//! Goes through the trees of a policy, first for what is declared, then for what is used.

use super::{Declared, Key, Kind, Names, Place};
use crate::source::Span;
use crate::syntax::tree::{
    ActionClause, ActionRef, AgentClause, Args, ByPart, Cond, CondKind, Doc, Expect, Field, File,
    Flow, FlowItem, Given, Handler, Ident, Integration, Item, ItemKind, Literal, LiteralKind,
    Operand, OperandKind, Path, Reply, Rule, RuleKind, State, StateItem, Step, StepKind, StrPart,
    Target, TargetKind, Targets, Test, TestItemKind, TypeExpr, TypeKind, Value, ValueKind,
};
use std::collections::BTreeMap;

pub(super) fn walk(files: &[File]) -> Names {
    let mut walk = Walk::default();
    for file in files {
        if let Some(header) = &file.header {
            walk.declare(Kind::Policy, "", &header.name, header.span, &header.doc);
        }
        for item in &file.items {
            walk.declare_item(item);
        }
    }
    for file in files {
        for item in &file.items {
            walk.item(item);
        }
    }
    walk.names
}

#[derive(Default)]
struct Walk {
    names: Names,
    /// The kinds of the names at the top.
    top: BTreeMap<String, Kind>,
    /// The enums that have a variant of that name.
    variants: BTreeMap<String, Vec<String>>,
    /// The actions of a group, by full name.
    groups: BTreeMap<String, Vec<String>>,
    /// What a bare name means here, before the names at the top are looked at.
    locals: Vec<(String, Key)>,
}

impl Walk {
    fn declare(&mut self, kind: Kind, scope: &str, name: &Ident, whole: Span, doc: &Doc) {
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
    }

    fn declare_item(&mut self, item: &Item) {
        let (whole, doc) = (item.span, &item.doc);
        match &item.kind {
            ItemKind::Use { .. } | ItemKind::Test(_) => {}
            ItemKind::Type { name, .. } => self.declare(Kind::Type, "", name, whole, doc),
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

    // ── Uses ────────────────────────────────────────────────────────────────

    fn refer(&mut self, kind: Kind, scope: &str, name: &Ident) {
        let key = Key::new(kind, scope, &name.name);
        if self.names.declared.contains_key(&key) {
            self.names.places.push(Place {
                span: name.span,
                key,
                declares: false,
            });
        }
    }

    /// A name at the top, whatever it names.
    fn refer_top(&mut self, name: &Ident) {
        if let Some(kind) = self.top.get(&name.name).copied() {
            self.refer(kind, "", name);
        }
    }

    fn item(&mut self, item: &Item) {
        self.locals.clear();
        match &item.kind {
            ItemKind::Use { .. } | ItemKind::Role { .. } | ItemKind::Event { .. } => {}
            ItemKind::Enum { .. } => {}
            ItemKind::Type { ty, .. } => self.ty(ty),
            ItemKind::Record { fields, .. } => fields.iter().for_each(|f| self.ty(&f.ty)),
            ItemKind::Input(field) => self.ty(&field.ty),
            ItemKind::Integration(integration) => self.integration(integration),
            ItemKind::Fact(fact) => {
                let source = self.action(&fact.action, "");
                self.by(&fact.by, &source, &[]);
                self.with_params(&[source], |this| this.maybe_cond(fact.filter.as_ref()));
            }
            ItemKind::Group { name, targets } => {
                let actions = self.targets(targets);
                self.groups.insert(name.name.clone(), actions);
            }
            ItemKind::Define { cond, .. } => self.cond(cond),
            ItemKind::Rule(rule) => self.rule(rule),
            ItemKind::Flow(flow) => self.flow(flow),
            ItemKind::Test(test) => self.test(test),
        }
    }

    fn ty(&mut self, ty: &TypeExpr) {
        match &ty.kind {
            TypeKind::Named(name) => self.refer_top(name),
            // Nesting is limited by the grammar's scan.
            TypeKind::List { element, .. } => self.ty(element),
        }
    }

    fn with_params(&mut self, actions: &[String], work: impl FnOnce(&mut Self)) {
        let before = self.locals.len();
        for action in actions.iter().rev() {
            let params: Vec<Key> = self
                .names
                .all(Kind::Param, action)
                .map(|(key, _)| key.clone())
                .collect();
            for key in params {
                self.locals.push((key.name.clone(), key));
            }
        }
        work(self);
        self.locals.truncate(before);
    }

    fn integration(&mut self, integration: &Integration) {
        let own = integration.name.name.as_str();
        for action in &integration.actions {
            let full = format!("{own}.{}", action.name.name);
            action.params.iter().for_each(|p| self.ty(&p.field.ty));
            if let Some(ty) = &action.result {
                self.ty(ty);
            }
            for clause in &action.clauses {
                match clause {
                    ActionClause::Writes {
                        idempotent: Some(idempotent),
                        ..
                    } => {
                        for key in &idempotent.keys {
                            self.refer(Kind::Param, &full, key);
                        }
                    }
                    ActionClause::Undo { action, args, .. } => {
                        let callee = self.action(action, own);
                        self.with_params(&[full.clone()], |this| this.args(args, &callee));
                    }
                    ActionClause::Confirm {
                        action,
                        args,
                        lines,
                        ..
                    } => {
                        let callee = self.action(action, own);
                        self.with_params(&[full.clone()], |this| {
                            this.args(args, &callee);
                            for line in lines {
                                this.failure(&callee, &line.on);
                                this.maybe_cond(line.when.as_ref());
                                if let Some(value) = &line.gives {
                                    this.value(value);
                                }
                            }
                        });
                    }
                    _ => {}
                }
            }
        }
    }

    /// An action's failure, or one of its integration's defaults.
    fn failure(&mut self, action: &str, name: &Ident) {
        let integration = action.split('.').next().unwrap_or_default();
        self.refer(Kind::Failure, action, name);
        self.refer(Kind::Failure, integration, name);
    }

    /// Gives the action's full name.
    fn action(&mut self, action: &ActionRef, own: &str) -> String {
        let integration = match &action.integration {
            Some(name) => {
                self.refer(Kind::Integration, "", name);
                name.name.clone()
            }
            None => own.to_string(),
        };
        self.refer(Kind::Action, &integration, &action.action);
        format!("{integration}.{}", action.action.name)
    }

    fn args(&mut self, args: &Args, callee: &str) {
        for (name, value) in &args.args {
            self.refer(Kind::Param, callee, name);
            self.value(value);
        }
    }

    fn value(&mut self, value: &Value) {
        match &value.kind {
            ValueKind::Literal(literal) => self.literal(literal),
            ValueKind::List(values) => values.iter().for_each(|v| self.value(v)),
            ValueKind::Record(fields) => fields.iter().for_each(|(_, v)| self.value(v)),
            ValueKind::Variant { ty, variant } => {
                self.refer_top(ty);
                self.refer(Kind::Variant, &ty.name, variant);
            }
            ValueKind::Path(path) => self.path(path),
        }
    }

    fn literal(&mut self, literal: &Literal) {
        if let LiteralKind::Str(parts) = &literal.kind {
            for part in parts {
                if let StrPart::Hole(path) = part {
                    self.path(path);
                }
            }
        }
    }

    fn path(&mut self, path: &Path) {
        let head = &path.head;
        let local = self
            .locals
            .iter()
            .rev()
            .find(|(name, _)| *name == head.name);
        if let Some((_, key)) = local {
            let key = key.clone();
            self.names.places.push(Place {
                span: head.span,
                key,
                declares: false,
            });
            return;
        }
        if self.top.contains_key(&head.name) {
            self.refer_top(head);
        } else if let Some([only]) = self.variants.get(&head.name).map(Vec::as_slice)
            && path.rest.is_empty()
        {
            let of = only.clone();
            self.refer(Kind::Variant, &of, head);
        }
    }

    /// Gives the full names of the actions that are named.
    fn targets(&mut self, targets: &Targets) -> Vec<String> {
        let mut all = Vec::new();
        for target in targets.include.iter().chain(&targets.except) {
            all.extend(self.target(target));
        }
        all
    }

    fn target(&mut self, target: &Target) -> Vec<String> {
        match &target.kind {
            TargetKind::AnyRead | TargetKind::AnyWrite => self
                .names
                .declared
                .keys()
                .filter(|k| k.kind == Kind::Action)
                .map(Key::full)
                .collect(),
            TargetKind::Integration(name) => {
                self.refer(Kind::Integration, "", name);
                let all = self.names.all(Kind::Action, &name.name);
                all.map(|(key, _)| key.full()).collect()
            }
            TargetKind::Action {
                integration,
                action,
            } => {
                self.refer(Kind::Integration, "", integration);
                self.refer(Kind::Action, &integration.name, action);
                vec![format!("{}.{}", integration.name, action.name)]
            }
            TargetKind::Group(name) => {
                self.refer_top(name);
                self.groups.get(&name.name).cloned().unwrap_or_default()
            }
        }
    }

    fn by(&mut self, parts: &[ByPart], counted: &str, decided: &[String]) {
        for part in parts {
            let of = decided
                .iter()
                .chain([&counted.to_string()])
                .find(|a| {
                    let key = Key::new(Kind::Param, a, &part.name.name);
                    self.names.declared.contains_key(&key)
                })
                .cloned();
            if let Some(of) = of {
                self.refer(Kind::Param, &of, &part.name);
            }
            if let Some(path) = &part.counted
                && path.head.name != "result"
            {
                self.refer(Kind::Param, counted, &path.head);
            }
        }
    }

    fn maybe_cond(&mut self, cond: Option<&Cond>) {
        if let Some(cond) = cond {
            self.cond(cond);
        }
    }

    // Nesting is limited by the grammar's scan.
    fn cond(&mut self, cond: &Cond) {
        match &cond.kind {
            CondKind::Or(all) | CondKind::And(all) => all.iter().for_each(|c| self.cond(c)),
            CondKind::Not(inner) => self.cond(inner),
            CondKind::Quantifier {
                name, list, body, ..
            } => {
                self.path(list);
                // A name for one element has no declaration of its own elsewhere.
                let key = Key::new(Kind::Local, &format!("@{}", name.span.start), &name.name);
                self.names.places.push(Place {
                    span: name.span,
                    key: key.clone(),
                    declares: true,
                });
                self.names.declared.insert(
                    key.clone(),
                    Declared {
                        whole: cond.span,
                        name: name.span,
                        doc: None,
                    },
                );
                self.locals.push((name.name.clone(), key));
                self.cond(body);
                self.locals.pop();
            }
            CondKind::During { flow, state } => {
                self.refer(Kind::Flow, "", flow);
                if let Some(state) = state {
                    self.refer(Kind::State, &flow.name, state);
                }
            }
            CondKind::Operand(operand)
            | CondKind::InRange { operand, .. }
            | CondKind::Matches { operand, .. }
            | CondKind::Present { operand, .. } => self.operand(operand),
            CondKind::Compare { left, right, .. } => {
                self.operand(left);
                self.operand(right);
            }
            CondKind::InSet { operand, set, .. } => {
                self.operand(operand);
                set.iter().for_each(|o| self.operand(o));
            }
            CondKind::Contains { operand, element } => {
                self.operand(operand);
                self.operand(element);
            }
        }
    }

    fn operand(&mut self, operand: &Operand) {
        match &operand.kind {
            OperandKind::Literal(literal) => self.literal(literal),
            OperandKind::History {
                targets,
                by,
                filter,
                ..
            } => {
                let counted = self.targets(targets);
                let first = counted.first().cloned().unwrap_or_default();
                for part in by {
                    if let Some((_, key)) = self.locals.iter().find(|(n, _)| *n == part.name.name) {
                        let key = key.clone();
                        self.names.places.push(Place {
                            span: part.name.span,
                            key,
                            declares: false,
                        });
                    }
                }
                self.by(by, &first, &[]);
                if let Some(filter) = filter {
                    self.with_params(&counted, |this| this.cond(filter));
                }
            }
            OperandKind::Length(path) | OperandKind::Size(path) | OperandKind::Path(path) => {
                self.path(path);
            }
            OperandKind::Variant { ty, variant } => {
                self.refer_top(ty);
                self.refer(Kind::Variant, &ty.name, variant);
            }
        }
    }

    fn rule(&mut self, rule: &Rule) {
        let (decided, counted) = match &rule.kind {
            RuleKind::Allow(t)
            | RuleKind::Deny(t)
            | RuleKind::Require(t)
            | RuleKind::Escalate(t)
            | RuleKind::Limit { targets: t, .. } => {
                let all = self.targets(t);
                (all.clone(), all)
            }
            RuleKind::OrderBefore { first, then } => {
                let first = self.targets(first);
                (self.targets(then), first)
            }
            RuleKind::OrderNever { never, after } => {
                let never = self.targets(never);
                (never, self.targets(after))
            }
        };
        if let Some(role) = &rule.role {
            self.refer(Kind::Role, "", role);
        }
        let source = counted.first().cloned().unwrap_or_default();
        self.by(&rule.by, &source, &decided);
        self.with_params(&counted, |this| this.maybe_cond(rule.filter.as_ref()));
        self.with_params(&decided, |this| {
            this.maybe_cond(rule.when.as_ref());
            if let Some((action, args)) = &rule.instead {
                let callee = this.action(action, "");
                this.args(args, &callee);
            }
        });
    }

    fn flow(&mut self, flow: &Flow) {
        let of = flow.name.name.as_str();
        flow.params.iter().for_each(|p| self.ty(&p.field.ty));
        let locals: Vec<Key> = self
            .names
            .all(Kind::Local, of)
            .map(|(k, _)| k.clone())
            .collect();
        self.locals = locals.into_iter().map(|k| (k.name.clone(), k)).collect();
        for item in &flow.items {
            match item {
                FlowItem::Start { to, .. } => self.refer(Kind::State, of, to),
                FlowItem::Within { to, .. } => {
                    if let Some(to) = to {
                        self.refer(Kind::State, of, to);
                    }
                }
                FlowItem::Expect { .. } => {}
                FlowItem::Once { keys, to, .. } => {
                    keys.iter().for_each(|k| self.refer(Kind::Local, of, k));
                    self.refer(Kind::State, of, to);
                }
                FlowItem::Handlers { handlers, .. } => {
                    handlers.iter().for_each(|h| self.handler(of, None, h));
                }
                FlowItem::Handler(handler) => self.handler(of, None, handler),
                FlowItem::End(end) => {
                    if let Some(value) = &end.gives {
                        self.value(value);
                    }
                    for targets in end.keeps.iter().chain(&end.leaves) {
                        self.targets(targets);
                    }
                }
                FlowItem::State(state) => self.state(of, state),
            }
        }
    }

    fn handler(&mut self, flow: &str, state: Option<&State>, handler: &Handler) {
        for outcome in &handler.outcomes {
            self.outcome(flow, state, outcome);
        }
        self.maybe_cond(handler.when.as_ref());
        self.refer(Kind::State, flow, &handler.to);
    }

    fn outcome(&mut self, flow: &str, state: Option<&State>, outcome: &Ident) {
        if self.top.get(&outcome.name) == Some(&Kind::Event) {
            self.refer(Kind::Event, "", outcome);
            return;
        }
        let Some(state) = state else { return };
        let step = state.items.iter().find_map(|i| match i {
            StateItem::Step(step) => Some(&step.kind),
            _ => None,
        });
        match step {
            Some(StepKind::Do { action, .. }) => {
                let integration = action.integration.as_ref().map_or("", |i| i.name.as_str());
                let full = format!("{integration}.{}", action.action.name);
                self.failure(&full, outcome);
            }
            Some(StepKind::Agent { .. }) => {
                let scope = format!("{flow}.{}", state.name.name);
                self.refer(Kind::Outcome, &scope, outcome);
            }
            Some(StepKind::Run { flow, .. }) => self.refer(Kind::State, &flow.name, outcome),
            _ => {}
        }
    }

    fn state(&mut self, flow: &str, state: &State) {
        for item in &state.items {
            match item {
                StateItem::Step(step) => self.step(step),
                StateItem::Visits { to, .. } | StateItem::Otherwise { to, .. } => {
                    self.refer(Kind::State, flow, to);
                }
                StateItem::Use(name) => self.refer(Kind::Handlers, flow, name),
                StateItem::Ignore { events, .. } => {
                    events.iter().for_each(|e| self.refer(Kind::Event, "", e));
                }
                StateItem::Handler(handler) => self.handler(flow, Some(state), handler),
                StateItem::When { cond, to, .. } => {
                    self.cond(cond);
                    self.refer(Kind::State, flow, to);
                }
            }
        }
    }

    fn step(&mut self, step: &Step) {
        match &step.kind {
            StepKind::Do { action, args, .. } => {
                let callee = self.action(action, "");
                self.args(args, &callee);
            }
            StepKind::Agent { given, clauses } => {
                given.iter().for_each(|v| self.value(v));
                for clause in clauses {
                    match clause {
                        AgentClause::May(targets) => {
                            self.targets(targets);
                        }
                        AgentClause::Outcome { ty: Some(ty), .. } => self.ty(ty),
                        _ => {}
                    }
                }
            }
            StepKind::Ask { role, text, ty, .. } => {
                self.refer(Kind::Role, "", role);
                self.literal(text);
                self.ty(ty);
            }
            StepKind::Choose => {}
            StepKind::Settle { action, .. } => {
                self.action(action, "");
            }
            StepKind::Unwind { actions } => {
                for action in actions {
                    self.action(action, "");
                }
            }
            StepKind::Run { flow, args, .. } => self.run(flow, args),
        }
    }

    fn run(&mut self, flow: &Ident, args: &Args) {
        self.refer(Kind::Flow, "", flow);
        for (name, value) in &args.args {
            self.refer(Kind::Local, &flow.name, name);
            self.value(value);
        }
    }

    // ── Tests ───────────────────────────────────────────────────────────────

    fn test(&mut self, test: &Test) {
        let flow = test.items.iter().find_map(|i| match &i.kind {
            TestItemKind::Run { flow, .. } => Some(flow.name.clone()),
            _ => None,
        });
        let flow = flow.unwrap_or_default();
        for item in &test.items {
            match &item.kind {
                TestItemKind::Given(all) => all.iter().for_each(|g| self.given(g)),
                TestItemKind::Run { flow, args } => self.run(flow, args),
                TestItemKind::Propose { action, args } => {
                    let callee = self.action(action, "");
                    self.args(args, &callee);
                }
                TestItemKind::Proposes {
                    state,
                    action,
                    args,
                    reply,
                } => {
                    self.refer(Kind::State, &flow, state);
                    let callee = self.action(action, "");
                    self.args(args, &callee);
                    if let Some(reply) = reply {
                        self.reply(&callee, reply);
                    }
                }
                TestItemKind::Event { event, at } => {
                    self.refer(Kind::Event, "", event);
                    if let Some(at) = at {
                        self.refer(Kind::State, &flow, at);
                    }
                }
                TestItemKind::Advance { at, .. } => {
                    if let Some(at) = at {
                        self.refer(Kind::State, &flow, at);
                    }
                }
                TestItemKind::Approval { of, .. } => match of.rest.as_slice() {
                    [] => self.refer(Kind::Rule, "", &of.head),
                    [action, ..] => {
                        self.refer(Kind::Integration, "", &of.head);
                        self.refer(Kind::Action, &of.head.name, action);
                    }
                },
                TestItemKind::Answer { of, reply } => self.answer(&flow, of, reply),
                TestItemKind::Expect(expect) => self.expect(&flow, expect),
            }
        }
    }

    fn given(&mut self, given: &Given) {
        match given {
            Given::Call {
                action,
                args,
                reply,
            } => {
                let callee = self.action(action, "");
                self.args(args, &callee);
                self.reply(&callee, reply);
            }
            Given::Value { path, value } => {
                self.path(path);
                self.value(value);
            }
            Given::Cond(cond) => self.cond(cond),
        }
    }

    fn answer(&mut self, flow: &str, of: &Path, reply: &Reply) {
        match of.rest.as_slice() {
            [] => {
                self.refer(Kind::State, flow, &of.head);
                let scope = format!("{flow}.{}", of.head.name);
                self.refer(Kind::Outcome, &scope, &reply.outcome);
                if let Some(value) = &reply.value {
                    self.value(value);
                }
            }
            [second, ..] => {
                if self.top.get(&of.head.name) == Some(&Kind::Flow) {
                    self.refer(Kind::Flow, "", &of.head);
                    self.refer(Kind::State, &of.head.name, second);
                    let scope = format!("{}.{}", of.head.name, second.name);
                    self.refer(Kind::Outcome, &scope, &reply.outcome);
                    if let Some(value) = &reply.value {
                        self.value(value);
                    }
                } else {
                    self.refer(Kind::Integration, "", &of.head);
                    self.refer(Kind::Action, &of.head.name, second);
                    let full = format!("{}.{}", of.head.name, second.name);
                    self.reply(&full, reply);
                }
            }
        }
    }

    fn reply(&mut self, action: &str, reply: &Reply) {
        self.failure(action, &reply.outcome);
        if let Some(value) = &reply.value {
            self.value(value);
        }
    }

    fn expect(&mut self, flow: &str, expect: &Expect) {
        match expect {
            Expect::End { name, gives } => {
                self.refer(Kind::State, flow, name);
                if let Some(value) = gives {
                    self.value(value);
                }
            }
            Expect::Deny { rule, instead } => {
                if let Some(rule) = rule {
                    self.refer(Kind::Rule, "", rule);
                }
                if let Some((action, args)) = instead {
                    let callee = self.action(action, "");
                    if let Some(args) = args {
                        self.args(args, &callee);
                    }
                }
            }
            Expect::Allow { rule } | Expect::Limited { rule } | Expect::Escalate { rule } => {
                if let Some(rule) = rule {
                    self.refer(Kind::Rule, "", rule);
                }
            }
            Expect::Cond(cond) => self.cond(cond),
        }
    }
}
