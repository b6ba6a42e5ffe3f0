//! Flows: their frame, states and ends. What a state does is resolved in `flow_steps`.

use super::super::{
    Binding, BindingId, Flow, FlowId, Once, Param, Root, SharedHandlers, StateId, Type,
};
use super::Checker;
use super::outcomes::names_bound;
use super::scope::{Local, Scope};
use super::types::same_type;
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Span;
use crate::syntax::tree::{self, FlowItem, Handler, Ident};
use std::collections::BTreeMap;

/// The states of a flow by name, ascending, with their places; repeated names once.
pub(super) fn state_names(flow: &tree::Flow) -> Vec<(&str, Span)> {
    let mut names: BTreeMap<&str, Span> = BTreeMap::new();
    for item in &flow.items {
        if let FlowItem::State(s) = item {
            names.entry(&s.name.name).or_insert(s.name.span);
        }
    }
    names.into_iter().collect()
}

/// A flow while it is resolved.
pub(super) struct Frame<'a> {
    pub node: &'a tree::Flow,
    pub params: Vec<Param>,
    pub bindings: Vec<Binding>,
    pub states: BTreeMap<&'a str, &'a tree::State>,
    pub ends: BTreeMap<&'a str, &'a tree::End>,
    /// `handlers` blocks: the place, the handlers, and the states that use them so far.
    pub shared: BTreeMap<&'a str, (Span, &'a [Handler], Vec<StateId>)>,
    /// Flow-level handlers: names of events.
    pub events: Vec<&'a Handler>,
    /// Names that are bound, but to what could not be made out.
    pub lost: Vec<String>,
}

impl Frame<'_> {
    /// What conditions and values of the flow see.
    pub fn scope(&self) -> Scope {
        let mut locals: Vec<Local> = self
            .params
            .iter()
            .enumerate()
            .map(|(i, p)| Local {
                name: p.name.clone(),
                root: Root::FlowParam(u32::try_from(i).unwrap_or(u32::MAX)),
                ty: p.ty.clone(),
                optional: p.optional,
                span: Some(p.span),
            })
            .collect();
        locals.extend(self.bindings.iter().enumerate().map(|(i, b)| Local {
            name: b.name.clone(),
            root: Root::Binding(BindingId(u32::try_from(i).unwrap_or(u32::MAX))),
            ty: b.ty.clone(),
            optional: false,
            span: Some(b.span),
        }));
        Scope {
            locals,
            world: true,
            place: "here",
            owner: String::new(),
            lost: self.lost.clone(),
        }
    }

    pub fn binding(&self, name: &str) -> Option<BindingId> {
        self.bindings
            .iter()
            .position(|b| b.name == name)
            .and_then(|i| u32::try_from(i).ok())
            .map(BindingId)
    }
}

impl<'a> Checker<'a> {
    pub(super) fn resolve_flows(&mut self) {
        let flows: Vec<(&'a str, &'a tree::Flow, Option<String>, Span)> = self
            .declared
            .flows
            .iter()
            .map(|(n, d)| (*n, d.node, d.doc.clone(), d.span))
            .collect();
        let (order, looped) = self.run_order(&flows);
        // Slots first, so that the numbers of flows are those of their names' order.
        let mut made: Vec<Option<Flow>> = flows.iter().map(|_| None).collect();
        for &index in &order {
            let Some((_, node, doc, span)) = flows.get(index) else {
                continue;
            };
            let mut flow = self.flow(node, doc.clone(), *span, &made);
            flow.complete &= !looped.contains(&index);
            if let Some(slot) = made.get_mut(index) {
                *slot = Some(flow);
            }
        }
        self.policy.flows = made.into_iter().flatten().collect();
        self.large_flows(&order, &looped);
    }

    fn flow(
        &mut self,
        node: &'a tree::Flow,
        doc: Option<String>,
        span: Span,
        made: &[Option<Flow>],
    ) -> Flow {
        let before = self.findings.len();
        let was_complete = std::mem::replace(&mut self.complete, node.complete);
        let params = self.params(&node.params, true).unwrap_or_else(|| {
            self.lost_params.insert(node.name.name.clone());
            Vec::new()
        });
        let mut frame = Frame {
            node,
            params,
            bindings: Vec::new(),
            states: BTreeMap::new(),
            ends: BTreeMap::new(),
            shared: BTreeMap::new(),
            events: Vec::new(),
            lost: Vec::new(),
        };
        self.collect(node, &mut frame);
        self.bindings(&mut frame, made);
        let mut flow = Flow {
            name: node.name.name.clone(),
            name_span: node.name.span,
            span,
            doc,
            params: frame.params.clone(),
            start: None,
            within: None,
            expect: None,
            once: None,
            events: Vec::new(),
            shared: Vec::new(),
            states: Vec::new(),
            ends: Vec::new(),
            bindings: frame.bindings.clone(),
            complete: true,
        };
        self.frame_items(node, &frame, &mut flow);
        let states: Vec<&'a tree::State> = frame.states.values().copied().collect();
        for (i, state) in states.into_iter().enumerate() {
            let id = StateId(u32::try_from(i).unwrap_or(u32::MAX));
            let state = self.state(id, state, &mut frame, made);
            flow.states.push(state);
        }
        let ends: Vec<&'a tree::End> = frame.ends.values().copied().collect();
        for end in ends {
            let end = self.end(end, &frame);
            flow.ends.push(end);
        }
        for (name, (span, _, users)) in &frame.shared {
            flow.shared.push(SharedHandlers {
                name: (*name).to_string(),
                span: *span,
                users: users.clone(),
            });
            if users.is_empty() && self.trusted {
                self.report(
                    Diagnostic::new(
                        Code::FW190,
                        format!("no state uses the handlers `{name}`"),
                        *span,
                        "unused",
                    )
                    .help(format!(
                        "write `use {name}` in a state, or remove the block"
                    ))
                    .repair(crate::diagnostics::Repair::Drop {
                        span: *span,
                        trust: crate::diagnostics::Trust::Unsafe,
                    }),
                );
            }
        }
        flow.complete = self.complete
            && !self
                .findings
                .iter()
                .skip(before)
                .any(|d| d.severity == crate::diagnostics::Severity::Error);
        self.complete = was_complete && flow.complete;
        flow
    }

    fn collect(&mut self, node: &'a tree::Flow, frame: &mut Frame<'a>) {
        for item in &node.items {
            match item {
                FlowItem::State(s) => {
                    if let Some(first) = frame.states.get(s.name.name.as_str()).map(|x| x.name.span)
                    {
                        self.duplicate("state", &s.name.name, s.name.span, "state", first);
                    } else {
                        frame.states.insert(&s.name.name, s);
                    }
                }
                FlowItem::End(e) => {
                    self.not_built_in(&e.name, "end");
                    if let Some(first) = frame.ends.get(e.name.name.as_str()).map(|x| x.name.span) {
                        self.duplicate("end", &e.name.name, e.name.span, "end", first);
                    } else {
                        frame.ends.insert(&e.name.name, e);
                    }
                }
                FlowItem::Handlers { name, handlers, .. } => {
                    if let Some(first) = frame.shared.get(name.name.as_str()).map(|x| x.0) {
                        self.duplicate(
                            "block of handlers",
                            &name.name,
                            name.span,
                            "block of handlers",
                            first,
                        );
                    } else {
                        frame
                            .shared
                            .insert(&name.name, (name.span, handlers, Vec::new()));
                    }
                }
                FlowItem::Handler(h) => frame.events.push(h),
                _ => {}
            }
        }
        let clashes: Vec<(&'a Ident, Span)> = frame
            .ends
            .iter()
            .filter_map(|(n, e)| frame.states.get(n).map(|s| (&e.name, s.name.span)))
            .collect();
        for (end, state) in clashes {
            self.duplicate("end", &end.name, end.span, "state", state);
        }
    }

    /// All names that the flow binds, with their types.
    fn bindings(&mut self, frame: &mut Frame<'a>, made: &[Option<Flow>]) {
        let mut list: Vec<Binding> = Vec::new();
        let states: Vec<&'a tree::State> = frame.states.values().copied().collect();
        for state in states {
            let bound = self.bound_by(state, frame, made);
            for name in names_bound(state, frame) {
                if !bound.iter().any(|(b, _)| b.name == name.name) {
                    frame.lost.push(name.name.clone());
                }
            }
            for (name, ty) in bound {
                if let Some(p) = frame.params.iter().find(|p| p.name == name.name) {
                    let at = p.span;
                    self.duplicate("binding", &name.name, name.span, "parameter", at);
                    continue;
                }
                if let Some(first) = list.iter().find(|b| b.name == name.name) {
                    if !same_type(&first.ty, &ty) {
                        let (at, a, b) = (
                            first.span,
                            self.type_words(&first.ty.clone()),
                            self.type_words(&ty),
                        );
                        self.report(
                            Diagnostic::new(
                                Code::FW103,
                                format!("`{}` is bound to two types", name.name),
                                name.span,
                                format!("{b} here"),
                            )
                            .label(at, format!("{a} here"))
                            .help("a name has one type in a flow: choose another name"),
                        );
                    }
                    continue;
                }
                list.push(Binding {
                    name: name.name.clone(),
                    ty,
                    span: name.span,
                });
            }
        }
        list.sort_by(|a, b| a.name.cmp(&b.name));
        frame.bindings = list;
    }

    fn frame_items(&mut self, node: &'a tree::Flow, frame: &Frame<'a>, flow: &mut Flow) {
        let mut start_at: Option<Span> = None;
        let mut expect_at: Option<Span> = None;
        for item in &node.items {
            match item {
                FlowItem::Start { to, span } => {
                    if let Some(first) = start_at {
                        self.twice("start", *span, first);
                        continue;
                    }
                    start_at = Some(*span);
                    flow.start = self.goal(to, frame).map(|t| (t, *span));
                }
                FlowItem::Within { limit, to, span } => {
                    if let Some((_, _, first)) = flow.within {
                        self.twice("within", *span, first);
                        continue;
                    }
                    if limit.node <= 0 {
                        self.error(
                            Code::FW113,
                            "a deadline needs some time",
                            limit.span,
                            "no time at all",
                        );
                        continue;
                    }
                    let target = match to {
                        None => None,
                        Some(to) => match self.goal(to, frame) {
                            Some(t) => Some(t),
                            None => continue,
                        },
                    };
                    flow.within = Some((limit.node, target, *span));
                }
                FlowItem::Expect { rate } => {
                    if let Some(first) = expect_at {
                        self.twice("expect", rate.span, first);
                        continue;
                    }
                    expect_at = Some(rate.span);
                    flow.expect = self.rate(rate);
                }
                FlowItem::Once {
                    keys,
                    window,
                    to,
                    span,
                } => {
                    if let Some(first) = &flow.once {
                        let at = first.span;
                        self.twice("once", *span, at);
                        continue;
                    }
                    let mut indices = Vec::new();
                    for key in keys {
                        match frame.params.iter().position(|p| p.name == key.name) {
                            Some(i) => indices.push(u32::try_from(i).unwrap_or(u32::MAX)),
                            None => {
                                let known: Vec<(String, Option<Span>)> = frame
                                    .params
                                    .iter()
                                    .map(|p| (p.name.clone(), Some(p.span)))
                                    .collect();
                                self.unknown(
                                    "parameter of the flow called",
                                    &key.name,
                                    key.span,
                                    known.iter().map(|(n, s)| (n.as_str(), *s)),
                                );
                            }
                        }
                    }
                    if let Some(to) = self.goal(to, frame) {
                        flow.once = Some(Once {
                            keys: indices,
                            window_ms: window.node,
                            to,
                            span: *span,
                        });
                    }
                }
                FlowItem::Handler(h) => self.flow_event(h, frame, flow),
                _ => {}
            }
        }
        if flow.start.is_none() && start_at.is_none() {
            if node.complete {
                let first = node.items.iter().find_map(|item| match item {
                    FlowItem::State(s) => Some(s.name.name.as_str()),
                    _ => None,
                });
                let first = first.unwrap_or("first_state");
                self.report(
                    Diagnostic::new(
                        Code::FW110,
                        format!("flow `{}` doesn't say where it starts", flow.name),
                        flow.name_span,
                        "no `start`",
                    )
                    .help(format!("write `start -> {first}`")),
                );
            } else {
                self.complete = false;
            }
        }
        if frame.ends.is_empty() && node.complete {
            self.no_end(node, frame);
        }
    }

    /// A value that tells its own type: a path, or a plain literal.
    pub(super) fn typed_value(
        &mut self,
        value: &'a tree::Value,
        frame: &Frame<'a>,
    ) -> Option<(super::super::Expr, Type)> {
        use super::super::{Const, Expr, types::INT_MAX};
        use tree::{LiteralKind, ValueKind};
        match &value.kind {
            ValueKind::Path(path) => {
                let path = self.path(path, &frame.scope())?;
                let ty = path.ty.clone();
                Some((Expr::Path(path), ty))
            }
            ValueKind::Variant { ty, variant } => {
                let id = self.enum_named(ty)?;
                let i = self.variant(variant, id)?;
                Some((Expr::Const(Const::Variant(id, i)), Type::Enum(id)))
            }
            ValueKind::Literal(literal) => {
                let ty = match &literal.kind {
                    LiteralKind::Bool(_) => Type::Bool,
                    LiteralKind::Int(_) => Type::Int {
                        min: -INT_MAX,
                        max: INT_MAX,
                    },
                    LiteralKind::Decimal { scale, .. } => Type::Decimal {
                        scale: *scale,
                        min: -INT_MAX,
                        max: INT_MAX,
                    },
                    LiteralKind::Str(_) => Type::String {
                        min: 0,
                        max: None,
                        patterns: Vec::new(),
                    },
                    LiteralKind::Duration(_) => Type::Duration {
                        min: 0,
                        max: INT_MAX,
                    },
                    LiteralKind::Time(_) => Type::Time {
                        min: 0,
                        max: 86_399,
                    },
                    LiteralKind::Date(d) => Type::Date { min: *d, max: *d },
                    LiteralKind::Instant(i) => Type::Instant { min: *i, max: *i },
                };
                let value = self.literal(literal, &ty)?;
                Some((Expr::Const(value), ty))
            }
            ValueKind::List(_) | ValueKind::Record(_) => {
                self.report(
                    Diagnostic::new(
                        Code::FW103,
                        "the type of this value is not known here",
                        value.span,
                        "a list or a record written out",
                    )
                    .help("give a binding, a parameter or one of their fields"),
                );
                None
            }
        }
    }

    /// The flow of that name.
    pub(super) fn flow_id(&mut self, name: &Ident) -> Option<FlowId> {
        match self.declared.flows.keys().position(|n| *n == name.name) {
            Some(i) => u32::try_from(i).ok().map(FlowId),
            None => {
                let known: Vec<(String, Option<Span>)> = self
                    .declared
                    .flows
                    .iter()
                    .map(|(n, d)| ((*n).to_string(), Some(d.node.name.span)))
                    .collect();
                self.unknown(
                    "flow",
                    &name.name,
                    name.span,
                    known.iter().map(|(n, s)| (n.as_str(), *s)),
                );
                None
            }
        }
    }
}
