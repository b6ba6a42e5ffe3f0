//! Flows: their frame, states and ends. What a state does is resolved in `flow_steps`.

use super::super::{
    ActionId, Binding, BindingId, End, EndId, EventEdge, EventId, Flow, FlowId, Once, Param, Root,
    SharedHandlers, StateId, Step, Target, Type,
};
use super::outcomes::names_bound;
use super::scope::{Local, Scope};
use super::types::same_type;
use super::{Checker, Kind};
use crate::diagnostics::{Code, Diagnostic};
use crate::model::inline::{RUNS_MAX, STATES_MAX};
use crate::source::Span;
use crate::syntax::tree::{self, FlowItem, Handler, Ident, StateItem, StepKind};
use petgraph::algo::kosaraju_scc;
use petgraph::graphmap::DiGraphMap;
use std::collections::{BTreeMap, BTreeSet};

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

    /// Flows that grow too large, or too deep, once the flows that they run are put in. `order`
    /// has those that are run first.
    fn large_flows(&mut self, order: &[usize], looped: &BTreeSet<usize>) {
        let mut sizes: BTreeMap<usize, (usize, usize)> = BTreeMap::new();
        let mut told = false;
        for &index in order {
            let Some(flow) = self.policy.flows.get(index) else {
                continue;
            };
            let (mut states, mut depth) = (flow.states.len(), 0);
            for state in &flow.states {
                if let Step::Run { flow, .. } = &state.step
                    && let Some((s, d)) = sizes.get(&flow.index())
                {
                    states = states.saturating_add(*s);
                    depth = depth.max(d + 1);
                }
            }
            sizes.insert(index, (states, depth));
            let large = states > STATES_MAX || depth > RUNS_MAX;
            if !large || looped.contains(&index) {
                continue;
            }
            // Nothing can be said about its paths.
            let (name, span) = (flow.name.clone(), flow.name_span);
            if let Some(flow) = self.policy.flows.get_mut(index) {
                flow.complete = false;
            }
            if std::mem::replace(&mut told, true) {
                continue;
            }
            let label = if states > STATES_MAX {
                format!("more than {STATES_MAX} states, with those of the flows that it runs")
            } else {
                format!("flows run one another more than {RUNS_MAX} levels deep")
            };
            let found = Diagnostic::new(
                Code::FW390,
                format!("flow `{name}` is too large to be looked through"),
                span,
                label,
            )
            .note("`run` puts the other flow into this one, with all that it runs.")
            .help("let fewer states `run` flows, or start the parts one after another");
            self.report(found);
        }
    }

    /// Flows that are run come before those that run them. Reports circles, and answers which
    /// flows are in one.
    fn run_order(
        &mut self,
        flows: &[(&'a str, &'a tree::Flow, Option<String>, Span)],
    ) -> (Vec<usize>, BTreeSet<usize>) {
        let mut graph: DiGraphMap<usize, ()> = DiGraphMap::new();
        let mut places: BTreeMap<(usize, usize), Span> = BTreeMap::new();
        for (i, (_, node, ..)) in flows.iter().enumerate() {
            graph.add_node(i);
            for item in &node.items {
                let FlowItem::State(state) = item else {
                    continue;
                };
                for item in &state.items {
                    if let StateItem::Step(step) = item
                        && let StepKind::Run { flow, .. } = &step.kind
                        && let Some(to) = flows.iter().position(|(n, ..)| *n == flow.name)
                    {
                        graph.add_edge(i, to, ());
                        places.entry((i, to)).or_insert(flow.span);
                    }
                }
            }
        }
        let (mut order, mut circles) = (Vec::new(), BTreeSet::new());
        // Kosaraju's components come in reverse topological order: what is run first.
        for mut component in kosaraju_scc(&graph) {
            component.sort_unstable();
            let looped =
                component.len() > 1 || component.iter().any(|&n| graph.contains_edge(n, n));
            if looped {
                circles.extend(component.iter().copied());
                let inside: Vec<(&(usize, usize), &Span)> = places
                    .iter()
                    .filter(|((a, b), _)| component.contains(a) && component.contains(b))
                    .collect();
                let names: Vec<String> = component
                    .iter()
                    .filter_map(|&i| flows.get(i).map(|f| format!("`{}`", f.0)))
                    .collect();
                if let Some((_, first)) = inside.first() {
                    let message = match names.as_slice() {
                        [one] => format!("flow {one} runs itself"),
                        _ => format!("flows {} run each other in a circle", names.join(", ")),
                    };
                    let mut found = Diagnostic::new(
                        Code::FW309,
                        message,
                        **first,
                        "leads back to a flow that is running",
                    );
                    for (_, span) in inside.iter().skip(1) {
                        found = found.label(**span, "and this leads on");
                    }
                    self.report(
                        found
                            .note(
                                "`run` puts the other flow into this one, so a circle would have no end.",
                            )
                            .help("bound the repetition by states with `visits` inside one flow"),
                    );
                }
            }
            order.extend(component);
        }
        (order, circles)
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
        let params = self.params(&node.params, true).unwrap_or_default();
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
                    )),
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

    fn no_end(&mut self, node: &'a tree::Flow, frame: &Frame<'a>) {
        // What arrows point at, without being a state, is probably meant to be an end.
        let states = frame.states.values().flat_map(|s| &s.items);
        let goals = states.filter_map(|item| match item {
            StateItem::Handler(h) => Some(&h.to),
            StateItem::When { to, .. }
            | StateItem::Otherwise { to, .. }
            | StateItem::Visits { to, .. } => Some(to),
            _ => None,
        });
        let mut meant: Vec<&Ident> = Vec::new();
        for to in goals {
            let known = frame.states.contains_key(to.name.as_str())
                || meant.iter().any(|m| m.name == to.name);
            if !known {
                meant.push(to);
            }
        }
        meant.sort_by_key(|to| to.span);
        let mut found = Diagnostic::new(
            Code::FW110,
            format!("flow `{}` has no end", node.name.name),
            node.name.span,
            "where would it stop?",
        );
        for to in meant.iter().take(4) {
            found = found.label(
                to.span,
                format!("no state and no end is called `{}`", to.name),
            );
        }
        let name = meant.first().map_or("done", |to| to.name.as_str());
        self.report(found.help(format!(
            "declare it: `end {name} success` (or `fallback`, or `failure`)"
        )));
    }

    fn flow_event(&mut self, handler: &'a Handler, frame: &Frame<'a>, flow: &mut Flow) {
        for name in &handler.outcomes {
            let Some(event) = self.event(name) else {
                continue;
            };
            if let Some(edge) = self.event_edge(event, handler, frame) {
                flow.events.push(edge);
            }
        }
    }

    /// The event of that name; reports what isn't one.
    pub(super) fn event(&mut self, name: &Ident) -> Option<EventId> {
        self.mark(Kind::Event, &name.name);
        match self.policy.events.iter().position(|e| e.name == name.name) {
            Some(i) => u32::try_from(i).ok().map(EventId),
            None => {
                let known: Vec<(String, Option<Span>)> = self
                    .policy
                    .events
                    .iter()
                    .map(|e| (e.name.clone(), Some(e.span)))
                    .collect();
                self.unknown(
                    "event",
                    &name.name,
                    name.span,
                    known.iter().map(|(n, s)| (n.as_str(), *s)),
                );
                None
            }
        }
    }

    pub(super) fn event_edge(
        &mut self,
        event: EventId,
        handler: &'a Handler,
        frame: &Frame<'a>,
    ) -> Option<EventEdge> {
        if let Some(retry) = &handler.retry {
            self.report(
                Diagnostic::new(
                    Code::FW307,
                    "an event cannot be retried",
                    retry.span,
                    "nothing was tried",
                )
                .help("remove `retry`"),
            );
        }
        if let Some(bind) = &handler.bind {
            self.report(
                Diagnostic::new(
                    Code::FW103,
                    "an event carries no value",
                    bind.span,
                    "nothing to bind",
                )
                .help("remove `as`"),
            );
        }
        let when = match &handler.when {
            None => None,
            Some(c) => Some(self.cond(c, &frame.scope())?),
        };
        Some(EventEdge {
            event,
            when,
            to: self.goal(&handler.to, frame)?,
            span: handler.span,
        })
    }

    /// The state or end that an arrow points at.
    pub(super) fn goal(&mut self, to: &Ident, frame: &Frame<'a>) -> Option<Target> {
        if let Some(i) = frame.states.keys().position(|n| *n == to.name) {
            return u32::try_from(i).ok().map(|i| Target::State(StateId(i)));
        }
        if let Some(i) = frame.ends.keys().position(|n| *n == to.name) {
            return u32::try_from(i).ok().map(|i| Target::End(EndId(i)));
        }
        if !frame.node.complete || frame.ends.is_empty() {
            self.complete = false;
            return None;
        }
        let known: Vec<(String, Option<Span>)> = frame
            .states
            .iter()
            .map(|(n, s)| ((*n).to_string(), Some(s.name.span)))
            .chain(
                frame
                    .ends
                    .iter()
                    .map(|(n, e)| ((*n).to_string(), Some(e.name.span))),
            )
            .collect();
        let what = format!("state or end of `{}` called", frame.node.name.name);
        self.unknown(
            &what,
            &to.name,
            to.span,
            known.iter().map(|(n, s)| (n.as_str(), *s)),
        );
        None
    }

    fn end(&mut self, node: &'a tree::End, frame: &Frame<'a>) -> End {
        let (mut gives, mut gives_type) = (None, None);
        if let Some(value) = &node.gives {
            match self.typed_value(value, frame) {
                Some((expr, ty)) => {
                    gives = Some(expr);
                    gives_type = Some(ty);
                }
                None => self.complete = false,
            }
        }
        let mut lists: [Vec<ActionId>; 2] = [Vec::new(), Vec::new()];
        for (list, targets) in lists.iter_mut().zip([&node.keeps, &node.leaves]) {
            for t in targets {
                list.extend(self.targets(t).unwrap_or_default());
            }
            list.sort_unstable();
            list.dedup();
        }
        let [keeps, leaves] = lists;
        End {
            name: node.name.name.clone(),
            name_span: node.name.span,
            span: node.span,
            doc: node.doc.as_ref().map(|d| d.node.clone()),
            class: node.class,
            gives,
            gives_type,
            keeps,
            leaves,
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
