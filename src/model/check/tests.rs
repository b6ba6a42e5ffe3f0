//! `test` blocks.

use super::super::{
    BindingId, Const, FlowId, Given, InputId, Reply, Root, Test, TestItem, TestStep, Type,
};
use super::scope::{Local, Scope};
use super::{Checker, Kind};
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Span;
use crate::syntax::tree::{self, Expect, TestItemKind};

impl<'a> Checker<'a> {
    pub(super) fn resolve_tests(&mut self) {
        let mut trees: Vec<&'a tree::Test> = self.declared.tests.clone();
        trees.sort_by(|a, b| a.name.node.cmp(&b.name.node));
        for node in trees {
            let flow = node.items.iter().find_map(|i| match &i.kind {
                TestItemKind::Run { flow, .. } => {
                    self.declared.flows.keys().position(|n| *n == flow.name)
                }
                _ => None,
            });
            let flow = flow.and_then(|i| u32::try_from(i).ok()).map(FlowId);
            let mut steps = Vec::new();
            let mut whole = node.complete;
            for item in &node.items {
                match self.test_item(item, flow) {
                    Some(made) => steps.push(TestStep {
                        item: made,
                        span: item.span,
                    }),
                    None => whole = false,
                }
            }
            if whole {
                self.policy.tests.push(Test {
                    name: node.name.node.clone(),
                    span: node.name.span,
                    steps,
                });
            } else {
                self.complete = false;
            }
        }
    }

    fn empty_scope() -> Scope {
        Scope {
            locals: Vec::new(),
            world: false,
            place: "in a test",
            owner: String::new(),
            lost: Vec::new(),
        }
    }

    fn test_item(&mut self, item: &'a tree::TestItem, flow: Option<FlowId>) -> Option<TestItem> {
        let none = Self::empty_scope();
        Some(match &item.kind {
            TestItemKind::Given(list) => {
                let mut out = Vec::new();
                let mut whole = true;
                for given in list {
                    match self.given(given) {
                        Some(g) => out.push(g),
                        None => whole = false,
                    }
                }
                if !whole {
                    return None;
                }
                TestItem::Given(out)
            }
            TestItemKind::Run { flow, args } => {
                let id = self.flow_id(flow)?;
                let params = self.policy.flows.get(id.index())?.params.clone();
                TestItem::Run {
                    flow: id,
                    args: self.arg_list(&params, &flow.name, args, &none)?,
                }
            }
            TestItemKind::Propose { action, args } => {
                let id = self.action_ref(action, None)?;
                TestItem::Propose {
                    action: id,
                    args: self.args(id, args, &none)?,
                }
            }
            TestItemKind::Proposes {
                state,
                action,
                args,
                reply,
            } => {
                let id = self.action_ref(action, None)?;
                self.test_state(&state.name, state.span, flow)?;
                TestItem::Proposes {
                    state: state.name.clone(),
                    action: id,
                    args: self.args(id, args, &none)?,
                    reply: match reply {
                        None => None,
                        Some(r) => Some(self.action_reply(id, r)?),
                    },
                }
            }
            TestItemKind::Event { event, at } => TestItem::Event {
                event: self.event(event)?,
                at: self.at_state(at.as_ref(), flow)?,
            },
            TestItemKind::Advance { by, at } => TestItem::Advance {
                by_ms: by.node,
                at: self.at_state(at.as_ref(), flow)?,
            },
            TestItemKind::Approval { decision, of } => {
                let mut name = of.head.name.clone();
                for part in &of.rest {
                    name.push('.');
                    name.push_str(&part.name);
                }
                // A rule that is not right has been reported, and is one all the same.
                let escalates =
                    |node: &tree::Rule| matches!(node.kind, tree::RuleKind::Escalate(_));
                let declared = self.declared.rules.get(name.as_str());
                let rule = declared.is_some_and(|d| escalates(d.node));
                if !rule && self.action_named(&name).is_none() {
                    let known: Vec<(String, Option<Span>)> = self
                        .declared
                        .rules
                        .iter()
                        .filter(|(_, d)| escalates(d.node))
                        .map(|(n, d)| ((*n).to_string(), Some(d.node.name.span)))
                        .collect();
                    self.unknown(
                        "escalate rule or action called",
                        &name,
                        of.span,
                        known.iter().map(|(n, s)| (n.as_str(), *s)),
                    );
                    return None;
                }
                TestItem::Approval {
                    decision: *decision,
                    rule_or_action: name,
                }
            }
            TestItemKind::Answer { of, reply } => self.answer(of, reply, flow)?,
            TestItemKind::Expect(expect) => self.expectation(expect, item.span, flow)?,
        })
    }

    fn at_state(
        &mut self,
        at: Option<&tree::Ident>,
        flow: Option<FlowId>,
    ) -> Option<Option<String>> {
        match at {
            None => Some(None),
            Some(state) => {
                self.test_state(&state.name, state.span, flow)?;
                Some(Some(state.name.clone()))
            }
        }
    }

    /// The flow and index of a state that a test names: of its own flow first.
    fn test_state(
        &mut self,
        name: &str,
        span: Span,
        flow: Option<FlowId>,
    ) -> Option<(usize, usize)> {
        let own = flow.map(FlowId::index);
        let flows = own
            .into_iter()
            .chain((0..self.policy.flows.len()).filter(|i| Some(*i) != own));
        for i in flows {
            if let Some(at) = self
                .policy
                .flows
                .get(i)
                .and_then(|f| f.states.iter().position(|s| s.name == name))
            {
                return Some((i, at));
            }
        }
        let known: Vec<(String, Option<Span>)> = self
            .policy
            .flows
            .iter()
            .flat_map(|f| f.states.iter().map(|s| (s.name.clone(), Some(s.name_span))))
            .collect();
        self.unknown(
            "state",
            name,
            span,
            known.iter().map(|(n, s)| (n.as_str(), *s)),
        );
        None
    }

    fn given(&mut self, given: &'a tree::Given) -> Option<Given> {
        match given {
            tree::Given::Call {
                action,
                args,
                reply,
            } => {
                let id = self.action_ref(action, None)?;
                Some(Given::Call {
                    action: id,
                    args: self.args(id, args, &Self::empty_scope())?,
                    reply: self.action_reply(id, reply)?,
                })
            }
            tree::Given::Value { path, value } => {
                let name = path.head.name.as_str();
                let index = self.policy.inputs.iter().position(|i| i.name == name);
                let Some(index) = index.filter(|_| path.rest.is_empty()) else {
                    let known: Vec<(String, Option<Span>)> = self
                        .policy
                        .inputs
                        .iter()
                        .map(|i| (i.name.clone(), Some(i.span)))
                        .collect();
                    self.unknown(
                        "input",
                        name,
                        path.span,
                        known.iter().map(|(n, s)| (n.as_str(), *s)),
                    );
                    return None;
                };
                self.mark(Kind::Input, name);
                let ty = self.policy.inputs.get(index)?.ty.clone();
                Some(Given::Input {
                    input: InputId(u32::try_from(index).ok()?),
                    value: self.constant(value, &ty)?,
                })
            }
            tree::Given::Cond(cond) => {
                self.report(
                    Diagnostic::new(
                        Code::FW107,
                        "`given` fixes no value here",
                        cond.span,
                        "a condition",
                    )
                    .help("write `given input == value`, or `given a.b(…) -> ok …` for a call made before"),
                );
                None
            }
        }
    }

    fn action_reply(
        &mut self,
        id: super::super::ActionId,
        reply: &'a tree::Reply,
    ) -> Option<Reply> {
        let action = self.policy.action(id).clone();
        let name = reply.outcome.name.as_str();
        let known: Vec<(String, Option<Span>)> = ["ok", "timeout", "malformed"]
            .iter()
            .map(|n| ((*n).to_string(), None))
            .chain(
                action
                    .failures
                    .iter()
                    .map(|f| (f.name.clone(), Some(f.span))),
            )
            .collect();
        if !known.iter().any(|(n, _)| n == name) {
            let what = format!("outcome of `{}` called", action.full_name);
            self.unknown(
                &what,
                name,
                reply.outcome.span,
                known.iter().map(|(n, s)| (n.as_str(), *s)),
            );
            return None;
        }
        let ty = if name == "ok" { action.result } else { None };
        self.reply(reply, ty.as_ref())
    }

    fn reply(&mut self, reply: &'a tree::Reply, ty: Option<&Type>) -> Option<Reply> {
        let outcome = reply.outcome.name.clone();
        let value = match (&reply.value, ty) {
            (Some(v), Some(ty)) => Some(self.constant(v, ty)?),
            (None, Some(ty)) => {
                let words = self.type_words(ty);
                self.report(
                    Diagnostic::new(
                        Code::FW104,
                        format!("`{outcome}` comes with a value"),
                        reply.span,
                        format!("{words} is missing"),
                    )
                    .help("write the value after it"),
                );
                return None;
            }
            (Some(v), None) => {
                self.report(
                    Diagnostic::new(
                        Code::FW104,
                        format!("`{outcome}` comes without a value"),
                        v.span,
                        "nothing takes this",
                    )
                    .help("leave it out"),
                );
                return None;
            }
            (None, None) => None,
        };
        Some(Reply { outcome, value })
    }

    fn answer(
        &mut self,
        of: &'a tree::Path,
        reply: &'a tree::Reply,
        flow: Option<FlowId>,
    ) -> Option<TestItem> {
        let (state, span, flow) = match of.rest.as_slice() {
            [] => (of.head.name.as_str(), of.head.span, flow),
            [second] => {
                let full = format!("{}.{}", of.head.name, second.name);
                if let Some(id) = self.action_named(&full) {
                    return Some(TestItem::AnswerAction {
                        action: id,
                        reply: self.action_reply(id, reply)?,
                    });
                }
                match self.declared.flows.keys().position(|n| *n == of.head.name) {
                    Some(i) => (
                        second.name.as_str(),
                        second.span,
                        u32::try_from(i).ok().map(FlowId),
                    ),
                    None => {
                        self.action_id(&of.head, second);
                        return None;
                    }
                }
            }
            _ => {
                self.error(
                    Code::FW101,
                    "this names neither an action nor a state",
                    of.span,
                    "too many parts",
                );
                return None;
            }
        };
        let (f, s) = self.test_state(state, span, flow)?;
        let state_def = self.policy.flows.get(f)?.states.get(s)?.clone();
        let name = reply.outcome.name.as_str();
        let Some(outcome) = state_def.outcomes.iter().find(|o| o.name == name) else {
            let known: Vec<(String, Option<Span>)> = state_def
                .outcomes
                .iter()
                .map(|o| (o.name.clone(), o.span))
                .collect();
            let what = format!("outcome of `{state}` called");
            self.unknown(
                &what,
                name,
                reply.outcome.span,
                known.iter().map(|(n, s)| (n.as_str(), *s)),
            );
            return None;
        };
        let written = if of.rest.is_empty() {
            state.to_string()
        } else {
            format!("{}.{state}", of.head.name)
        };
        Some(TestItem::AnswerState {
            state: written,
            reply: self.reply(reply, outcome.payload.as_ref())?,
        })
    }

    fn expectation(
        &mut self,
        expect: &'a Expect,
        span: Span,
        flow: Option<FlowId>,
    ) -> Option<TestItem> {
        let reserved = ["no_rule", "invalid", "unsettled", "not_here"];
        let rule = |checker: &mut Self, rule: &Option<tree::Ident>| -> Option<Option<String>> {
            match rule {
                None => Some(None),
                Some(r)
                    if reserved.contains(&r.name.as_str())
                        || checker.declared.rules.contains_key(r.name.as_str()) =>
                {
                    Some(Some(r.name.clone()))
                }
                Some(r) => {
                    let known: Vec<(String, Option<Span>)> = checker
                        .declared
                        .rules
                        .iter()
                        .map(|(n, d)| ((*n).to_string(), Some(d.node.name.span)))
                        .collect();
                    checker.unknown(
                        "rule",
                        &r.name,
                        r.span,
                        known.iter().map(|(n, s)| (n.as_str(), *s)),
                    );
                    None
                }
            }
        };
        Some(match expect {
            Expect::End { name, gives } => {
                let ends: Vec<(String, Option<Span>, Option<Type>)> = self
                    .policy
                    .flows
                    .iter()
                    .enumerate()
                    .filter(|(i, _)| flow.is_none_or(|f| f.index() == *i))
                    .flat_map(|(_, f)| {
                        f.ends
                            .iter()
                            .map(|e| (e.name.clone(), Some(e.name_span), e.gives_type.clone()))
                    })
                    .collect();
                let Some((_, _, ty)) = ends.iter().find(|(n, ..)| *n == name.name) else {
                    self.unknown(
                        "end",
                        &name.name,
                        name.span,
                        ends.iter().map(|(n, s, _)| (n.as_str(), *s)),
                    );
                    return None;
                };
                let gives: Option<Const> = match (gives, ty) {
                    (None, _) => None,
                    (Some(v), Some(ty)) => Some(self.constant(v, ty)?),
                    (Some(v), None) => {
                        self.report(
                            Diagnostic::new(
                                Code::FW104,
                                format!("the end `{}` gives nothing", name.name),
                                v.span,
                                "no value comes out",
                            )
                            .help("leave `gives` out"),
                        );
                        return None;
                    }
                };
                TestItem::ExpectEnd {
                    name: name.name.clone(),
                    gives,
                }
            }
            Expect::Deny { rule: r, instead } => {
                let rule = rule(self, r)?;
                let instead = match instead {
                    None => None,
                    Some((action, args)) => {
                        let id = self.action_ref(action, None)?;
                        let args = match args {
                            None => None,
                            Some(a) => Some(self.args(id, a, &Self::empty_scope())?),
                        };
                        Some((id, args))
                    }
                };
                TestItem::ExpectDeny { rule, instead }
            }
            Expect::Allow { rule: r } => TestItem::ExpectAllow {
                rule: rule(self, r)?,
            },
            Expect::Limited { rule: r } => TestItem::ExpectLimited {
                rule: rule(self, r)?,
            },
            Expect::Escalate { rule: r } => TestItem::ExpectEscalate {
                rule: rule(self, r)?,
            },
            Expect::Cond(cond) => {
                self.bare_expectation(cond, flow)?;
                let mut locals = Vec::new();
                if let Some(f) = flow.and_then(|f| self.policy.flows.get(f.index())) {
                    locals.extend(f.params.iter().enumerate().map(|(i, p)| Local {
                        name: p.name.clone(),
                        root: Root::FlowParam(u32::try_from(i).unwrap_or(u32::MAX)),
                        ty: p.ty.clone(),
                        optional: p.optional,
                        span: Some(p.span),
                    }));
                    locals.extend(f.bindings.iter().enumerate().map(|(i, b)| Local {
                        name: b.name.clone(),
                        root: Root::Binding(BindingId(u32::try_from(i).unwrap_or(u32::MAX))),
                        ty: b.ty.clone(),
                        optional: true,
                        span: Some(b.span),
                    }));
                }
                let scope = Scope {
                    locals,
                    world: true,
                    place: "in a test",
                    owner: String::new(),
                    lost: Vec::new(),
                };
                let _ = span;
                TestItem::ExpectCond {
                    cond: self.cond(cond, &scope)?,
                    text: String::new(),
                }
            }
        })
    }

    /// `expect booked` and `expect denied`, which are no conditions.
    fn bare_expectation(&mut self, cond: &tree::Cond, flow: Option<FlowId>) -> Option<()> {
        let tree::CondKind::Operand(operand) = &cond.kind else {
            return Some(());
        };
        let tree::OperandKind::Path(path) = &operand.kind else {
            return Some(());
        };
        if !path.rest.is_empty() {
            return Some(());
        }
        let name = path.head.name.as_str();
        let verdict = match name {
            "denied" | "refused" | "blocked" | "rejected" => Some("deny"),
            "allowed" | "permitted" | "ok" => Some("allow"),
            "escalated" => Some("escalate"),
            _ => None,
        };
        let flows = self.policy.flows.iter().enumerate();
        let end = flows
            .filter(|(i, _)| flow.is_none_or(|f| f.index() == *i))
            .any(|(_, f)| f.ends.iter().any(|e| e.name == name));
        let wanted = match (verdict, end) {
            (_, true) => format!("end {name}"),
            (Some(verdict), _) => verdict.to_string(),
            _ => return Some(()),
        };
        self.report(
            Diagnostic::new(
                Code::FW101,
                format!("`{name}` is no condition"),
                path.span,
                "what is expected here?",
            )
            .help(format!("write `expect {wanted}`")),
        );
        None
    }
}
