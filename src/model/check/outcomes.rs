//! The outcomes that a state's step can have, and the names that a state binds.

use super::super::{Flow, OutcomeDecl, OutcomeKind, Type};
use super::Checker;
use super::flow_steps::{full, handlers, step_of, uses};
use super::flows::Frame;
use super::types::same_type;
use crate::diagnostics::{Code, Diagnostic};
use crate::syntax::tree::{self, AgentClause, Ident, StepKind};

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

    pub(super) fn no_value(&mut self, bind: &Ident, why: &str) {
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
    pub(super) fn outcomes(
        &mut self,
        step: &'a tree::Step,
        made: &[Option<Flow>],
    ) -> Vec<OutcomeDecl> {
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
}
