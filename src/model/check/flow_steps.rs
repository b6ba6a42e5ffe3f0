//! States: what they do, their outcomes and their handlers.

use super::super::{
    AgentStep, ArgList, Cond, DoStep, Flow, Handler, OutcomeDecl, OutcomeKind, Param, Retry, State,
    StateId, Step, Target, Type, Visits,
};
use super::Checker;
use super::flows::Frame;
use super::types::same_type;
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Span;
use crate::syntax::tree::{self, AgentClause, Ident, StateItem, StepKind};

/// The names that a state binds, whatever to.
pub(super) fn names_bound<'a>(state: &'a tree::State, frame: &Frame<'a>) -> Vec<&'a Ident> {
    let by_step = step_of(state).and_then(|step| match &step.kind {
        StepKind::Do { bind, .. } | StepKind::Settle { bind, .. } | StepKind::Run { bind, .. } => {
            bind.as_ref()
        }
        StepKind::Ask { bind, .. } => Some(bind),
        _ => None,
    });
    let shared = uses(state)
        .filter_map(|n| frame.shared.get(n.name.as_str()))
        .flat_map(|(_, handlers, _)| handlers.iter());
    let by_handlers = handlers(state)
        .chain(shared)
        .filter_map(|h| h.bind.as_ref());
    by_step.into_iter().chain(by_handlers).collect()
}

impl<'a> Checker<'a> {
    /// The names that a state binds, with their types.
    pub(super) fn bound_by(
        &mut self,
        state: &'a tree::State,
        frame: &Frame<'a>,
        made: &[Option<Flow>],
    ) -> Vec<(&'a Ident, Type)> {
        let mut list = Vec::new();
        let Some(step) = step_of(state) else {
            return list;
        };
        match &step.kind {
            StepKind::Do {
                action,
                bind: Some(bind),
                ..
            }
            | StepKind::Settle {
                action,
                bind: Some(bind),
            } => {
                if let Some(id) = self.action_ref(action, None) {
                    match self.policy.action(id).result.clone() {
                        Some(ty) => list.push((bind, ty)),
                        None => {
                            let name = self.policy.action(id).full_name.clone();
                            self.no_value(bind, &format!("`{name}` has no result"));
                        }
                    }
                }
            }
            StepKind::Ask { bind, ty, .. } => {
                if let Some(ty) = self.type_expr(ty) {
                    list.push((bind, ty));
                }
            }
            StepKind::Run {
                flow,
                bind: Some(bind),
                ..
            } => {
                let inner = self
                    .declared
                    .flows
                    .keys()
                    .position(|n| *n == flow.name)
                    .and_then(|i| made.get(i))
                    .and_then(Option::as_ref);
                if let Some(inner) = inner {
                    let types: Vec<Type> = inner
                        .ends
                        .iter()
                        .filter_map(|e| e.gives_type.clone())
                        .collect();
                    match types.split_first() {
                        None => self.no_value(bind, &format!("no end of `{}` gives a value", flow.name)),
                        Some((first, rest)) if rest.iter().all(|t| same_type(t, first)) => {
                            list.push((bind, first.clone()));
                        }
                        Some(_) => self.no_value(
                            bind,
                            &format!("the ends of `{}` give values of different types: bind them by `on end as x`", flow.name),
                        ),
                    }
                }
            }
            _ => {}
        }
        let outcomes = self.outcomes(step, made);
        let shared: Vec<&'a tree::Handler> = uses(state)
            .filter_map(|n| frame.shared.get(n.name.as_str()))
            .flat_map(|(_, handlers, _)| handlers.iter())
            .collect();
        for handler in handlers(state).chain(shared) {
            let Some(bind) = &handler.bind else { continue };
            let payloads: Vec<Option<Type>> = handler
                .outcomes
                .iter()
                .filter_map(|o| outcomes.iter().find(|d| d.name == o.name))
                .map(|d| d.payload.clone())
                .collect();
            let mut types = payloads.iter().flatten();
            match types.next() {
                Some(first)
                    if payloads
                        .iter()
                        .all(|p| p.as_ref().is_some_and(|t| same_type(t, first))) =>
                {
                    list.push((bind, first.clone()));
                }
                _ if payloads.is_empty() => {}
                _ => self.no_value(bind, "not every outcome here carries a value of one type"),
            }
        }
        list
    }

    fn no_value(&mut self, bind: &Ident, why: &str) {
        self.report(
            Diagnostic::new(
                Code::FW103,
                format!("there is no value to bind to `{}`", bind.name),
                bind.span,
                why.to_string(),
            )
            .help("remove `as`"),
        );
    }

    /// All outcomes that the step declares.
    fn outcomes(&mut self, step: &'a tree::Step, made: &[Option<Flow>]) -> Vec<OutcomeDecl> {
        let plain = |name: &str, kind: OutcomeKind| OutcomeDecl {
            name: name.to_string(),
            kind,
            payload: None,
            span: None,
        };
        match &step.kind {
            StepKind::Do { action, .. } => {
                let Some(id) = self.action_named(&full(action)) else {
                    return Vec::new();
                };
                let action = self.policy.action(id);
                let mut list = vec![OutcomeDecl {
                    payload: action.result.clone(),
                    ..plain("ok", OutcomeKind::Ok)
                }];
                list.extend(
                    action
                        .failures
                        .iter()
                        .enumerate()
                        .map(|(i, f)| OutcomeDecl {
                            name: f.name.clone(),
                            kind: OutcomeKind::Failure(u32::try_from(i).unwrap_or(u32::MAX)),
                            payload: None,
                            span: Some(f.span),
                        }),
                );
                list.extend([
                    plain("timeout", OutcomeKind::Timeout),
                    plain("malformed", OutcomeKind::Malformed),
                    plain("denied", OutcomeKind::Denied),
                    plain("limited", OutcomeKind::Limited),
                    plain("declined", OutcomeKind::Declined),
                    plain("expired", OutcomeKind::Expired),
                ]);
                list
            }
            StepKind::Agent { clauses, .. } => {
                let mut list: Vec<OutcomeDecl> = Vec::new();
                for clause in clauses {
                    let AgentClause::Outcome { name, ty, .. } = clause else {
                        continue;
                    };
                    if let Some(first) = list
                        .iter()
                        .find(|o| o.name == name.name)
                        .and_then(|o| o.span)
                    {
                        self.duplicate("outcome", &name.name, name.span, "outcome", first);
                        continue;
                    }
                    self.not_built_in(name, "outcome");
                    let payload = match ty {
                        None => None,
                        Some(ty) => match self.type_expr(ty) {
                            Some(ty) => Some(ty),
                            None => continue,
                        },
                    };
                    list.push(OutcomeDecl {
                        name: name.name.clone(),
                        kind: OutcomeKind::Agent,
                        payload,
                        span: Some(name.span),
                    });
                }
                list.extend([
                    plain("stuck", OutcomeKind::Stuck),
                    plain("exhausted", OutcomeKind::Exhausted),
                    plain("malformed", OutcomeKind::Malformed),
                ]);
                list
            }
            StepKind::Ask { ty, .. } => {
                let payload = self.type_expr(ty);
                vec![
                    OutcomeDecl {
                        payload,
                        ..plain("answered", OutcomeKind::Answered)
                    },
                    plain("no_answer", OutcomeKind::NoAnswer),
                    plain("unclear", OutcomeKind::Unclear),
                    plain("unreachable", OutcomeKind::Unreachable),
                ]
            }
            StepKind::Choose => Vec::new(),
            StepKind::Settle { action, .. } => {
                let payload = self
                    .action_named(&full(action))
                    .and_then(|id| self.policy.action(id).result.clone());
                vec![
                    OutcomeDecl {
                        payload,
                        ..plain("happened", OutcomeKind::Happened)
                    },
                    plain("absent", OutcomeKind::Absent),
                    plain("unknown", OutcomeKind::Unknown),
                ]
            }
            StepKind::Unwind { .. } => vec![
                plain("clean", OutcomeKind::Clean),
                plain("stuck", OutcomeKind::Stuck),
            ],
            StepKind::Run { flow, .. } => self
                .declared
                .flows
                .keys()
                .position(|n| *n == flow.name)
                .and_then(|i| made.get(i))
                .and_then(Option::as_ref)
                .map(|inner| {
                    inner
                        .ends
                        .iter()
                        .enumerate()
                        .map(|(i, e)| OutcomeDecl {
                            name: e.name.clone(),
                            kind: OutcomeKind::End(super::super::EndId(
                                u32::try_from(i).unwrap_or(u32::MAX),
                            )),
                            payload: e.gives_type.clone(),
                            span: Some(e.name_span),
                        })
                        .collect()
                })
                .unwrap_or_default(),
        }
    }

    pub(super) fn state(
        &mut self,
        id: StateId,
        node: &'a tree::State,
        frame: &mut Frame<'a>,
        made: &[Option<Flow>],
    ) -> State {
        let mut complete = node.complete;
        let step_node = step_of(node);
        let steps: Vec<Span> = node
            .items
            .iter()
            .filter_map(|i| match i {
                StateItem::Step(s) => Some(s.span),
                _ => None,
            })
            .collect();
        if let [first, again, ..] = steps.as_slice() {
            self.report(
                Diagnostic::new(
                    Code::FW006,
                    format!("state `{}` does two things", node.name.name),
                    *again,
                    "the second one",
                )
                .label(*first, "the first one")
                .help("a state does one thing: move the second into a state of its own"),
            );
        }
        let outcomes = step_node
            .map(|s| self.outcomes(s, made))
            .unwrap_or_default();
        let step = match step_node {
            Some(s) => self.step(s, node, frame),
            None => {
                if node.complete {
                    self.report(
                        Diagnostic::new(
                            Code::FW110,
                            format!("state `{}` does nothing", node.name.name),
                            node.name.span,
                            "no step",
                        )
                        .help("write `do`, `agent`, `ask`, `choose`, `settle`, `unwind` or `run`"),
                    );
                }
                None
            }
        };
        complete &= step.is_some();
        if matches!(step, Some(Step::Run { .. })) && outcomes.is_empty() {
            // A flow that runs itself, or one without an end: reported where that stands.
            complete = false;
        }
        let step = step.unwrap_or(Step::Choose {
            branches: Vec::new(),
            otherwise: None,
        });
        let mut state = State {
            name: node.name.name.clone(),
            name_span: node.name.span,
            span: node.span,
            doc: node.doc.as_ref().map(|d| d.node.clone()),
            step,
            step_span: step_node.map_or(node.name.span, |s| s.span),
            visits: None,
            handlers: Vec::new(),
            events: Vec::new(),
            ignores: Vec::new(),
            outcomes,
            complete,
        };
        let mut used: Vec<&'a str> = Vec::new();
        for item in &node.items {
            match item {
                StateItem::Step(_) => {}
                StateItem::Visits { count, to, span } => {
                    if let Some(first) = state.visits {
                        self.twice("visits", *span, first.span);
                        continue;
                    }
                    if let (Some(count), Some(to)) =
                        (self.positive(count, "bound"), self.goal(to, frame))
                    {
                        state.visits = Some(Visits {
                            count,
                            to,
                            span: *span,
                        });
                    }
                }
                StateItem::Use(name) => {
                    if used.contains(&name.name.as_str()) {
                        self.error(
                            Code::FW006,
                            format!("`{}` is used twice", name.name),
                            name.span,
                            "the second time",
                        );
                        continue;
                    }
                    used.push(&name.name);
                    let Some((_, handlers, users)) = frame.shared.get_mut(name.name.as_str())
                    else {
                        let known: Vec<(String, Option<Span>)> = frame
                            .shared
                            .iter()
                            .map(|(n, s)| ((*n).to_string(), Some(s.0)))
                            .collect();
                        self.unknown(
                            "block of handlers called",
                            &name.name,
                            name.span,
                            known.iter().map(|(n, s)| (n.as_str(), *s)),
                        );
                        continue;
                    };
                    users.push(id);
                    let handlers: &'a [tree::Handler] = handlers;
                    for handler in handlers {
                        self.handler(handler, Some(&name.name), frame, &mut state);
                    }
                }
                StateItem::Ignore { events, .. } => {
                    for event in events {
                        if let Some(id) = self.event(event) {
                            state.ignores.push((id, event.span));
                        }
                    }
                }
                StateItem::Handler(handler) => self.handler(handler, None, frame, &mut state),
                StateItem::When { span, .. } | StateItem::Otherwise { span, .. } => {
                    if step_node.is_some_and(|s| !matches!(s.kind, StepKind::Choose)) {
                        self.report(
                            Diagnostic::new(
                                Code::FW107,
                                "`when` and `otherwise` branches belong to `choose`",
                                *span,
                                "this state doesn't choose",
                            )
                            .help("write `on outcome when … -> state`"),
                        );
                    }
                }
            }
        }
        state
    }

    fn step(
        &mut self,
        step: &'a tree::Step,
        node: &'a tree::State,
        frame: &Frame<'a>,
    ) -> Option<Step> {
        let scope = frame.scope();
        Some(match &step.kind {
            StepKind::Do { action, args, bind } => {
                let id = self.action_ref(action, None)?;
                let args = self.args(id, args, &scope)?;
                Step::Do(DoStep {
                    action: id,
                    args,
                    bind: bind.as_ref().and_then(|b| frame.binding(&b.name)),
                })
            }
            StepKind::Agent { given, clauses } => self.agent(given, clauses, frame, step.span)?,
            StepKind::Ask {
                role,
                text,
                bind,
                ty,
                within,
            } => {
                let role = self.role(role);
                let text_value = tree::Value {
                    kind: tree::ValueKind::Literal(text.clone()),
                    span: text.span,
                };
                let text = self.ask_text(&text_value, frame);
                let ty = self.type_expr(ty)?;
                Step::Ask {
                    role: role?,
                    text: text?,
                    bind: frame.binding(&bind.name)?,
                    ty,
                    within_ms: within.as_ref().map(|w| w.node),
                }
            }
            StepKind::Choose => {
                let mut branches: Vec<(Cond, Target, Span)> = Vec::new();
                let mut otherwise: Option<(Target, Span)> = None;
                let mut whole = true;
                for item in &node.items {
                    match item {
                        StateItem::When { cond, to, span } => {
                            match (self.cond(cond, &scope), self.goal(to, frame)) {
                                (Some(c), Some(t)) => branches.push((c, t, *span)),
                                _ => whole = false,
                            }
                        }
                        StateItem::Otherwise { to, span } => {
                            if let Some((_, first)) = otherwise {
                                self.twice("otherwise", *span, first);
                                continue;
                            }
                            match self.goal(to, frame) {
                                Some(t) => otherwise = Some((t, *span)),
                                None => whole = false,
                            }
                        }
                        _ => {}
                    }
                }
                if branches.is_empty() && otherwise.is_none() && whole && node.complete {
                    self.report(
                        Diagnostic::new(
                            Code::FW110,
                            "this chooses between nothing",
                            step.span,
                            "no branch",
                        )
                        .help("write `when COND -> state` and `otherwise -> state`"),
                    );
                    return None;
                }
                if !whole {
                    return None;
                }
                Step::Choose {
                    branches,
                    otherwise,
                }
            }
            StepKind::Settle { action, bind } => {
                let id = self.action_ref(action, None)?;
                if !self.policy.action(id).tracked() {
                    self.untracked(id, action.span, "settled");
                    return None;
                }
                Step::Settle {
                    action: id,
                    bind: bind.as_ref().and_then(|b| frame.binding(&b.name)),
                }
            }
            StepKind::Unwind { actions } => {
                let mut ids = Vec::new();
                let mut whole = true;
                for action in actions {
                    match self.action_ref(action, None) {
                        None => whole = false,
                        Some(id) if self.policy.action(id).undo.is_none() => {
                            let (name, at) = {
                                let a = self.policy.action(id);
                                (a.full_name.clone(), a.span)
                            };
                            whole = false;
                            self.report(
                                Diagnostic::new(
                                    Code::FW103,
                                    format!("`{name}` has no `undo`"),
                                    action.span,
                                    "cannot be unwound",
                                )
                                .label(at, "declared here")
                                .help("declare how it is undone: `undo action(…)`"),
                            );
                        }
                        Some(id) => ids.push(id),
                    }
                }
                if !whole {
                    return None;
                }
                if actions.is_empty() {
                    ids = self
                        .policy
                        .actions
                        .iter()
                        .enumerate()
                        .filter(|(_, a)| a.undo.is_some())
                        .filter_map(|(i, _)| u32::try_from(i).ok().map(super::super::ActionId))
                        .collect();
                }
                ids.sort_unstable();
                ids.dedup();
                Step::Unwind { actions: ids }
            }
            StepKind::Run { flow, args, bind } => {
                let id = self.flow_id(flow)?;
                let inner = self.declared.flows.get(flow.name.as_str())?.node;
                // The inner flow's own errors are reported where it stands.
                let before = self.findings.len();
                let params = self.params(&inner.params, true);
                self.findings.truncate(before);
                let (params, written) = (params?, args);
                let args = self.arg_list(&params, &flow.name, args, &scope)?;
                self.run_args_fit(&flow.name, &params, written, &args)?;
                Step::Run {
                    flow: id,
                    args,
                    bind: bind.as_ref().and_then(|b| frame.binding(&b.name)),
                }
            }
        })
    }

    /// A flow cannot refuse its arguments, as a gate can: they have to lie in their types.
    fn run_args_fit(
        &mut self,
        flow: &str,
        params: &[Param],
        written: &'a tree::Args,
        args: &ArgList,
    ) -> Option<()> {
        let mut fit = Some(());
        for (param, arg) in params.iter().zip(&args.args) {
            let Some(arg) = arg else { continue };
            if crate::model::fit::fits(&self.policy, arg, &param.ty) {
                continue;
            }
            fit = None;
            let span = written
                .args
                .iter()
                .find(|(n, _)| n.name == param.name)
                .map_or(written.span, |(_, value)| value.span);
            let wanted = self.type_words(&param.ty);
            self.report(
                Diagnostic::new(
                    Code::FW113,
                    format!("this value may be outside what `{flow}` takes as `{}`", param.name),
                    span,
                    "some of its values don't fit",
                )
                .label(param.span, format!("takes {wanted}"))
                .help("give the parameter a type that takes in all values, or declare the value narrower where it comes from"),
            );
        }
        fit
    }

    fn ask_text(&mut self, value: &tree::Value, frame: &Frame<'a>) -> Option<super::super::Expr> {
        use super::super::{Const, Expr, TemplatePart};
        let tree::ValueKind::Literal(tree::Literal {
            kind: tree::LiteralKind::Str(parts),
            ..
        }) = &value.kind
        else {
            return None;
        };
        let scope = frame.scope();
        let mut out = Vec::new();
        for part in parts {
            match part {
                tree::StrPart::Text(t) => out.push(TemplatePart::Text(t.clone())),
                tree::StrPart::Hole(path) => out.push(TemplatePart::Hole(self.path(path, &scope)?)),
            }
        }
        Some(match out.as_slice() {
            [] => Expr::Const(Const::Str(String::new())),
            [TemplatePart::Text(t)] => Expr::Const(Const::Str(t.clone())),
            _ => Expr::Template(out),
        })
    }

    fn untracked(&mut self, id: super::super::ActionId, span: Span, what: &str) {
        let (name, at, writes) = {
            let a = self.policy.action(id);
            (a.full_name.clone(), a.span, a.writes())
        };
        let why = if writes {
            "is expendable"
        } else {
            "only reads"
        };
        self.report(
            Diagnostic::new(
                Code::FW103,
                format!("`{name}` {why}, so there is nothing to be {what}"),
                span,
                "never unsettled",
            )
            .label(at, "declared here")
            .help("remove this state, or declare the action as a tracked write"),
        );
    }

    fn agent(
        &mut self,
        given: &'a [tree::Value],
        clauses: &'a [AgentClause],
        frame: &Frame<'a>,
        span: Span,
    ) -> Option<Step> {
        let mut shown = Vec::new();
        for value in given {
            let (expr, _) = self.typed_value(value, frame)?;
            let name = match &expr {
                super::super::Expr::Path(p) => p.text.clone(),
                _ => format!("value_{}", shown.len() + 1),
            };
            shown.push((name, expr));
        }
        let mut may = Vec::new();
        let (mut calls, mut within): (Option<(u64, Span)>, Option<(i64, Span)>) = (None, None);
        let mut whole = true;
        let mut has_outcome = false;
        for clause in clauses {
            match clause {
                AgentClause::May(targets) => match self.targets(targets) {
                    Some(ids) => may.extend(ids),
                    None => whole = false,
                },
                AgentClause::Calls(n) => match (calls, u64::try_from(n.node)) {
                    (Some((_, first)), _) => self.twice("calls", n.span, first),
                    (None, Ok(v)) => calls = Some((v, n.span)),
                    (None, Err(_)) => {
                        self.error(
                            Code::FW113,
                            "an agent cannot make less than no call",
                            n.span,
                            "below 0",
                        );
                    }
                },
                AgentClause::Within(d) => match within {
                    Some((_, first)) => self.twice("within", d.span, first),
                    None if d.node <= 0 => {
                        self.error(
                            Code::FW113,
                            "an agent needs some time",
                            d.span,
                            "no time at all",
                        );
                    }
                    None => within = Some((d.node, d.span)),
                },
                AgentClause::Outcome { .. } => has_outcome = true,
            }
        }
        if !has_outcome && whole {
            self.report(
                Diagnostic::new(
                    Code::FW110,
                    "this agent can reach nothing",
                    span,
                    "no `outcome`",
                )
                .help("say what the agent can come back with: `outcome chose: Slot`"),
            );
        }
        may.sort_unstable();
        may.dedup();
        whole.then_some(Step::Agent(AgentStep {
            given: shown,
            may,
            calls,
            within_ms: within,
        }))
    }

    fn handler(
        &mut self,
        node: &'a tree::Handler,
        shared: Option<&str>,
        frame: &Frame<'a>,
        state: &mut State,
    ) {
        let mut outcomes = Vec::new();
        let mut events = Vec::new();
        for name in &node.outcomes {
            if let Some(i) = state.outcomes.iter().position(|o| o.name == name.name) {
                if outcomes.iter().any(|(j, _)| *j == i) {
                    self.error(
                        Code::FW303,
                        format!("`{}` is handled twice in one handler", name.name),
                        name.span,
                        "the second time",
                    );
                    continue;
                }
                outcomes.push((i, name.span));
            } else if let Some(e) = self.policy.events.iter().position(|e| e.name == name.name) {
                self.mark(super::Kind::Event, &name.name);
                events.extend(u32::try_from(e).ok().map(super::super::EventId));
            } else if state.complete && self.undeclared(name, state, shared.is_some()) {
                state.complete = false;
            }
        }
        for event in events {
            if let Some(edge) = self.event_edge(event, node, frame) {
                state.events.push(edge);
            } else {
                state.complete = false;
            }
        }
        if outcomes.is_empty() {
            return;
        }
        let when = match &node.when {
            None => None,
            Some(c) => match self.cond(c, &frame.scope()) {
                Some(c) => Some(c),
                None => {
                    state.complete = false;
                    return;
                }
            },
        };
        let Some(to) = self.goal(&node.to, frame) else {
            state.complete = false;
            return;
        };
        let retry = node.retry.as_ref().and_then(|r| self.retry(r));
        if let Some(retry) = &retry {
            self.hopeless(retry, &outcomes, state);
        }
        state.handlers.push(Handler {
            outcomes,
            bind: node.bind.as_ref().and_then(|b| frame.binding(&b.name)),
            when,
            retry,
            to,
            span: node.span,
            shared: shared.map(str::to_string),
        });
    }

    fn retry(&mut self, retry: &'a tree::Retry) -> Option<Retry> {
        let count = self.positive(&retry.count, "retry")?;
        if let Some((first, cap)) = &retry.backoff
            && first.node > cap.node
        {
            self.report(
                Diagnostic::new(
                    Code::FW105,
                    "the first wait is longer than the longest",
                    first.span.to(cap.span),
                    "first..cap",
                )
                .help("put the shorter wait first"),
            );
            return None;
        }
        Some(Retry {
            count,
            backoff_ms: retry.backoff.as_ref().map(|(a, b)| (a.node, b.node)),
            span: retry.span,
        })
    }

    /// A retry of what would only end in the same way again.
    fn hopeless(&mut self, retry: &Retry, outcomes: &[(usize, Span)], state: &State) {
        for (index, span) in outcomes {
            let Some(outcome) = state.outcomes.get(*index) else {
                continue;
            };
            let failure = match (&outcome.kind, &state.step) {
                (OutcomeKind::Failure(i), Step::Do(d)) => {
                    self.policy.action(d.action).failures.get(*i as usize)
                }
                _ => None,
            };
            let why = match outcome.kind {
                OutcomeKind::Failure(_)
                    if failure.is_some_and(|f| f.kind == tree::FailureKind::Permanent) =>
                {
                    "It is declared as `permanent`: nothing happened, and a retry won't help."
                }
                OutcomeKind::Ok
                | OutcomeKind::Answered
                | OutcomeKind::Happened
                | OutcomeKind::Absent
                | OutcomeKind::Clean
                | OutcomeKind::End(_)
                | OutcomeKind::Agent => {
                    "It is an answer, not a mishap: there is nothing to repair."
                }
                OutcomeKind::Denied => "The gate would refuse the same call again.",
                OutcomeKind::Declined | OutcomeKind::Expired => {
                    "The approval has been decided: the same call would ask the same person again."
                }
                OutcomeKind::Exhausted => "The bounds of the agent are used up.",
                OutcomeKind::Unreachable => "Whoever cannot be reached cannot be asked again.",
                _ => continue,
            };
            let mut found = Diagnostic::new(
                Code::FW307,
                format!("a retry cannot help after `{}`", outcome.name),
                *span,
                "would end so again",
            )
            .label(retry.span, "retried here");
            if let Some(at) = outcome.span {
                found = found.label(at, "declared here");
            }
            self.report(found.note(why).help(format!(
                "give `{0}` a handler of its own, without `retry`: `on {0} -> …`",
                outcome.name
            )));
        }
    }

    /// Reports a name that is no outcome; says whether it was probably meant to be another one.
    fn undeclared(&mut self, name: &'a Ident, state: &State, shared: bool) -> bool {
        self.complete = false;
        if !self.trusted {
            return false;
        }
        // A shared block serves states with different steps: what one of them lacks is judged
        // over all of them, by the flow.
        let known_elsewhere = super::BUILT_IN_OUTCOMES.contains(&name.name.as_str())
            || self
                .policy
                .actions
                .iter()
                .any(|a| a.failures.iter().any(|f| f.name == name.name));
        if shared && known_elsewhere {
            self.complete = true;
            return false;
        }
        let near = state
            .outcomes
            .iter()
            .map(|o| o.name.as_str())
            .chain(self.policy.events.iter().map(|e| e.name.as_str()))
            .map(|k| (strsim::damerau_levenshtein(k, &name.name), k.to_string()))
            .filter(|(d, k)| *d <= 1 + k.len() / 4)
            .min();
        let gates = |k: &OutcomeKind| {
            matches!(
                k,
                OutcomeKind::Denied
                    | OutcomeKind::Limited
                    | OutcomeKind::Declined
                    | OutcomeKind::Expired
            )
        };
        let list: Vec<String> = state
            .outcomes
            .iter()
            .filter(|o| !gates(&o.kind))
            .map(|o| format!("`{}`", o.name))
            .collect();
        let what = match &state.step {
            Step::Do(d) => format!("`{}`", self.policy.action(d.action).full_name),
            _ => format!("state `{}`", state.name),
        };
        let found = Diagnostic::new(
            Code::FW302,
            format!("{what} has no outcome `{}`", name.name),
            name.span,
            "not declared",
        )
        .label(state.step_span, "handled for this");
        let meant = near
            .as_ref()
            .is_some_and(|(_, k)| state.outcomes.iter().any(|o| o.name == *k));
        self.report(match near {
            Some((_, k)) => found.help(format!("did you mean `{k}`?")),
            None if list.is_empty() => found.help("a `choose` has branches, no outcomes"),
            None => found.help(format!(
                "remove the handler, or declare what the other side can answer; its outcomes are {}",
                list.join(", ")
            )),
        });
        meant
    }
}

fn step_of(state: &tree::State) -> Option<&tree::Step> {
    state.items.iter().find_map(|i| match i {
        StateItem::Step(s) => Some(s),
        _ => None,
    })
}

fn handlers(state: &tree::State) -> impl Iterator<Item = &tree::Handler> {
    state.items.iter().filter_map(|i| match i {
        StateItem::Handler(h) => Some(h),
        _ => None,
    })
}

fn uses(state: &tree::State) -> impl Iterator<Item = &Ident> {
    state.items.iter().filter_map(|i| match i {
        StateItem::Use(n) => Some(n),
        _ => None,
    })
}

fn full(action: &tree::ActionRef) -> String {
    match &action.integration {
        Some(i) => format!("{}.{}", i.name, action.action.name),
        None => action.action.name.clone(),
    }
}
