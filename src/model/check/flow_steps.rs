//! States: what they do, their outcomes and their handlers.

use super::super::{
    AgentStep, ArgList, Cond, DoStep, Flow, Param, State, StateId, Step, Target, Visits,
};
use super::Checker;
use super::flows::Frame;
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Span;
use crate::syntax::tree::{self, AgentClause, Ident, StateItem, StepKind};

impl<'a> Checker<'a> {
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
            StepKind::Agent { given, clauses } => {
                self.agent(given, clauses, frame, node, step.span)?
            }
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
                        Some(id) if self.lost_undos.contains(&id) => whole = false,
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
            if crate::model::fit::arg_fits(&self.policy, arg, param) {
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
        node: &tree::State,
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
        if !has_outcome && whole && node.complete {
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
}

pub(super) fn step_of(state: &tree::State) -> Option<&tree::Step> {
    state.items.iter().find_map(|i| match i {
        StateItem::Step(s) => Some(s),
        _ => None,
    })
}

pub(super) fn handlers(state: &tree::State) -> impl Iterator<Item = &tree::Handler> {
    state.items.iter().filter_map(|i| match i {
        StateItem::Handler(h) => Some(h),
        _ => None,
    })
}

pub(super) fn uses(state: &tree::State) -> impl Iterator<Item = &Ident> {
    state.items.iter().filter_map(|i| match i {
        StateItem::Use(n) => Some(n),
        _ => None,
    })
}

pub(super) fn full(action: &tree::ActionRef) -> String {
    match &action.integration {
        Some(i) => format!("{}.{}", i.name, action.action.name),
        None => action.action.name.clone(),
    }
}
