//! Inputs, integrations and actions.

use super::super::{
    Action, ActionId, Effect, Idempotency, Input, Integration, IntegrationId, Named, Param, Rate,
};
use super::Checker;
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Span;
use crate::syntax::tree::{self, ActionClause, Ident};
use std::collections::BTreeMap;

impl<'a> Checker<'a> {
    pub(super) fn resolve_inputs(&mut self) {
        let inputs: Vec<(&'a tree::Field, Option<String>)> = self
            .declared
            .inputs
            .values()
            .map(|d| (d.node, d.doc.clone()))
            .collect();
        for (field, doc) in inputs {
            let Some(ty) = self.type_expr(&field.ty) else {
                continue;
            };
            self.policy.inputs.push(Input {
                name: field.name.name.clone(),
                wire: wire(&field.name, field.wire.as_ref()),
                ty,
                optional: field.optional,
                span: field.name.span,
                doc,
            });
        }
        let named: Vec<Named> = self
            .policy
            .inputs
            .iter()
            .map(|i| Named {
                name: i.name.clone(),
                wire: i.wire.clone(),
                span: i.span,
                doc: None,
            })
            .collect();
        self.unique_wires("input", &named);
    }

    pub(super) fn resolve_actions(&mut self) {
        let decls: Vec<(&'a tree::Integration, Option<String>)> = self
            .declared
            .integrations
            .values()
            .map(|d| (d.node, d.doc.clone()))
            .collect();
        let mut trees: Vec<(String, &'a tree::Action)> = Vec::new();
        for (index, (node, doc)) in decls.into_iter().enumerate() {
            let id = IntegrationId(u32::try_from(index).unwrap_or(u32::MAX));
            let capacity = self.rate_once(&node.capacity, "capacity");
            self.policy.integrations.push(Integration {
                name: node.name.name.clone(),
                wire: wire(&node.name, node.wire.as_ref()),
                capacity,
                actions: Vec::new(),
                span: node.name.span,
                doc,
            });
            let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
            for action in &node.actions {
                if let Some(first) = seen.insert(&action.name.name, action.name.span) {
                    self.duplicate(
                        "action",
                        &action.name.name,
                        action.name.span,
                        "action",
                        first,
                    );
                    continue;
                }
                if let Some(made) = self.action(id, node, action) {
                    trees.push((made.full_name.clone(), action));
                    self.policy.actions.push(made);
                }
            }
        }
        self.policy
            .actions
            .sort_by(|a, b| a.full_name.cmp(&b.full_name));
        for (i, action) in self.policy.actions.iter().enumerate() {
            let id = ActionId(u32::try_from(i).unwrap_or(u32::MAX));
            if let Some(integration) = self.policy.integrations.get_mut(action.integration.index())
            {
                integration.actions.push(id);
            }
        }
        let named: Vec<Named> = self
            .policy
            .actions
            .iter()
            .map(|a| Named {
                name: a.full_name.clone(),
                wire: a.wire.clone(),
                span: a.span,
                doc: None,
            })
            .collect();
        self.unique_wires("action", &named);
        for (name, node) in trees {
            if let Some(id) = self.action_named(&name) {
                self.undo_and_confirm(id, node);
            }
        }
    }

    fn rate_once(&mut self, rates: &[tree::Rate], what: &str) -> Option<Rate> {
        let mut rates = rates.iter();
        let first = rates.next()?;
        for again in rates {
            self.twice(what, again.span, first.span);
        }
        self.rate(first)
    }

    pub(super) fn rate(&mut self, rate: &tree::Rate) -> Option<Rate> {
        let count = self.positive(&rate.count, "rate")?;
        if rate.per.node <= 0 {
            self.error(
                Code::FW113,
                "a rate counts over some time",
                rate.per.span,
                "no time at all",
            );
            return None;
        }
        Some(Rate {
            count,
            per_ms: rate.per.node,
            span: rate.span,
        })
    }

    /// A whole number of 1 or more.
    pub(super) fn positive(&mut self, n: &tree::Spanned<i64>, what: &str) -> Option<u64> {
        match u64::try_from(n.node) {
            Ok(v) if v > 0 => Some(v),
            _ => {
                self.report(
                    Diagnostic::new(
                        Code::FW113,
                        format!("a {what} counts from 1"),
                        n.span,
                        "less than 1",
                    )
                    .help("write 1 or more, or remove it"),
                );
                None
            }
        }
    }

    pub(super) fn twice(&mut self, what: &str, span: Span, first: Span) {
        self.report(
            Diagnostic::new(
                Code::FW006,
                format!("`{what}` is written twice"),
                span,
                "the second one",
            )
            .label(first, "the first one")
            .help("keep one of them"),
        );
    }

    pub(super) fn params(&mut self, params: &'a [tree::Param], flow: bool) -> Option<Vec<Param>> {
        let mut list: Vec<Param> = Vec::new();
        let mut whole = true;
        for param in params {
            let field = &param.field;
            if let Some(first) = list
                .iter()
                .find(|p| p.name == field.name.name)
                .map(|p| p.span)
            {
                self.duplicate(
                    "parameter",
                    &field.name.name,
                    field.name.span,
                    "parameter",
                    first,
                );
                whole = false;
                continue;
            }
            if flow && param.claim {
                self.report(
                    Diagnostic::new(
                        Code::FW103,
                        "a flow's parameters cannot be claims",
                        field.name.span,
                        "given by the host, not by the AI",
                    )
                    .help("remove `claim`"),
                );
            }
            let Some(ty) = self.type_expr(&field.ty) else {
                whole = false;
                continue;
            };
            list.push(Param {
                name: field.name.name.clone(),
                wire: wire(&field.name, field.wire.as_ref()),
                ty,
                optional: field.optional,
                claim: param.claim && !flow,
                span: field.name.span,
                doc: field.doc.as_ref().map(|d| d.node.clone()),
            });
        }
        let named: Vec<Named> = list
            .iter()
            .map(|p| Named {
                name: p.name.clone(),
                wire: p.wire.clone(),
                span: p.span,
                doc: None,
            })
            .collect();
        self.unique_wires("parameter", &named);
        whole.then_some(list)
    }

    fn action(
        &mut self,
        integration: IntegrationId,
        owner: &'a tree::Integration,
        node: &'a tree::Action,
    ) -> Option<Action> {
        let full_name = format!("{}.{}", owner.name.name, node.name.name);
        let params = self.params(&node.params, false);
        let result = match &node.result {
            Some(ty) => match self.type_expr(ty) {
                Some(ty) => Some(ty),
                None => return None,
            },
            None => None,
        };
        let params = params?;
        let effect = self.effect(node, &params);
        let own: Vec<_> = node
            .clauses
            .iter()
            .filter_map(|c| match c {
                ActionClause::Timeout(t) => Some(t),
                _ => None,
            })
            .collect();
        let defaults: Vec<_> = owner.defaults.iter().flat_map(|d| &d.timeouts).collect();
        for list in [&own, &defaults] {
            if let [first, again, ..] = list.as_slice() {
                self.twice("timeout", again.span, first.span);
            }
        }
        let timeout = own.first().or(defaults.first());
        let timeout_ms = match timeout {
            Some(t) if t.node > 0 => Some(t.node),
            Some(t) => {
                self.error(
                    Code::FW113,
                    "a timeout of nothing lets no call finish",
                    t.span,
                    "no time at all",
                );
                None
            }
            None => {
                if node.complete && self.trusted {
                    self.report(
                        Diagnostic::new(
                            Code::FW110,
                            format!("`{full_name}` has no timeout"),
                            node.name.span,
                            "how long may a call take?",
                        )
                        .note("Without a timeout one hanging call stops everything behind it.")
                        .help("write `timeout 3s` in the action, or in the integration's `defaults { … }`"),
                    );
                } else {
                    self.complete = false;
                }
                None
            }
        };
        let failures = self.failures(owner, node);
        Some(Action {
            integration,
            name: node.name.name.clone(),
            wire: node
                .wire
                .as_ref()
                .map_or_else(|| full_name.clone(), |w| w.node.clone()),
            full_name,
            params,
            result,
            effect: effect?,
            timeout_ms: timeout_ms?,
            failures,
            undo: None,
            confirm: None,
            span: node.name.span,
            doc: node.doc.as_ref().map(|d| d.node.clone()),
        })
    }

    fn effect(&mut self, node: &'a tree::Action, params: &[Param]) -> Option<Effect> {
        let mut found: Option<(Effect, Span)> = None;
        for clause in &node.clauses {
            let (effect, span) = match clause {
                ActionClause::Reads(span) => (Effect::Read, *span),
                ActionClause::Writes {
                    idempotent,
                    expendable,
                    span,
                } => {
                    let idempotency = match idempotent {
                        None => None,
                        Some(i) => {
                            let mut keys = Vec::new();
                            for key in &i.keys {
                                match params.iter().position(|p| p.name == key.name) {
                                    Some(at) => keys.push(u32::try_from(at).ok()?),
                                    None => {
                                        let what =
                                            format!("parameter of `{}` called", node.name.name);
                                        let known: Vec<(String, Option<Span>)> = params
                                            .iter()
                                            .map(|p| (p.name.clone(), Some(p.span)))
                                            .collect();
                                        self.unknown(
                                            &what,
                                            &key.name,
                                            key.span,
                                            known.iter().map(|(n, s)| (n.as_str(), *s)),
                                        );
                                        return None;
                                    }
                                }
                            }
                            keys.sort_unstable();
                            keys.dedup();
                            Some(Idempotency {
                                keys,
                                window_ms: i.window.as_ref().map(|w| w.node),
                                span: i.span,
                            })
                        }
                    };
                    (
                        Effect::Write {
                            idempotency,
                            expendable: expendable.is_some(),
                            span: *span,
                        },
                        *span,
                    )
                }
                _ => continue,
            };
            match &found {
                Some((_, first)) => {
                    let first = *first;
                    self.report(
                        Diagnostic::new(
                            Code::FW006,
                            "an action either reads or writes, and says so once",
                            span,
                            "the second one",
                        )
                        .label(first, "the first one")
                        .help("keep one of them"),
                    );
                }
                None => found = Some((effect, span)),
            }
        }
        if found.is_none() {
            if node.complete {
                self.report(
                    Diagnostic::new(
                        Code::FW110,
                        format!("`{}` says neither `reads` nor `writes`", node.name.name),
                        node.name.span,
                        "does a call change anything?",
                    )
                    .note("Whether a call may be repeated after a timeout depends on it.")
                    .help("write `reads`, `writes`, or `writes idempotent by key`"),
                );
            } else {
                self.complete = false;
            }
        }
        found.map(|(e, _)| e)
    }
}

pub(super) fn wire(name: &Ident, wire: Option<&tree::Spanned<String>>) -> String {
    wire.map_or_else(|| name.name.clone(), |w| w.node.clone())
}
