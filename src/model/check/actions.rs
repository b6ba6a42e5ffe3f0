//! Inputs, integrations and actions.

use super::super::{
    Action, ActionId, ArgList, Confirm, ConfirmLine, Effect, Failure, Idempotency, Input,
    Integration, IntegrationId, Named, Param, Rate, Undo,
};
use super::Checker;
use super::scope::Scope;
use super::types::same_type;
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Span;
use crate::syntax::tree::{self, ActionClause, ActionRef, Args, FailureKind, Ident};
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

    fn failures(&mut self, owner: &'a tree::Integration, node: &'a tree::Action) -> Vec<Failure> {
        let mut list: Vec<Failure> = Vec::new();
        let own = node.clauses.iter().filter_map(|c| match c {
            ActionClause::Failure(f) => Some(f),
            _ => None,
        });
        let defaults = owner.defaults.iter().flat_map(|d| &d.failures);
        for f in own.chain(defaults) {
            self.not_built_in(&f.name, "failure");
            if let Some(first) = list.iter().find(|x| x.name == f.name.name) {
                if first.kind != f.kind || first.span == f.name.span {
                    let at = first.span;
                    self.report(
                        Diagnostic::new(
                            Code::FW102,
                            format!("the failure `{}` is declared twice", f.name.name),
                            f.name.span,
                            "the second one",
                        )
                        .label(at, "the first one")
                        .help(
                            "keep one of them: a failure is permanent, transient or indeterminate",
                        ),
                    );
                } else {
                    let at = first.span;
                    self.duplicate("failure", &f.name.name, f.name.span, "failure", at);
                }
                continue;
            }
            list.push(Failure {
                name: f.name.name.clone(),
                wire: wire(&f.name, f.wire.as_ref()),
                kind: f.kind,
                span: f.name.span,
                doc: f.doc.as_ref().map(|d| d.node.clone()),
            });
        }
        let reads = node
            .clauses
            .iter()
            .any(|c| matches!(c, ActionClause::Reads(_)));
        if reads && let Some(f) = list.iter().find(|f| f.kind == FailureKind::Indeterminate) {
            let (name, span) = (f.name.clone(), f.span);
            // A default serves writes too; only the action's own clause is a slip.
            let own = node
                .clauses
                .iter()
                .any(|c| matches!(c, ActionClause::Failure(x) if x.name.span == span));
            if own {
                self.report(
                    Diagnostic::new(
                        Code::FW103,
                        format!("a read cannot fail indeterminately, as `{name}` says"),
                        span,
                        "nothing can have happened",
                    )
                    .help("write `transient` or `permanent`"),
                );
            }
        }
        list.sort_by(|a, b| a.name.cmp(&b.name));
        let named: Vec<Named> = list
            .iter()
            .map(|f| Named {
                name: f.name.clone(),
                wire: f.wire.clone(),
                span: f.span,
                doc: None,
            })
            .collect();
        self.unique_wires("failure", &named);
        list
    }

    /// An action named in full, or inside its own integration.
    pub(super) fn action_ref(
        &mut self,
        reference: &'a ActionRef,
        own: Option<&str>,
    ) -> Option<ActionId> {
        match (&reference.integration, own) {
            (Some(integration), _) => self.action_id(integration, &reference.action),
            (None, Some(own)) => {
                let integration = Ident {
                    name: own.to_string(),
                    span: reference.action.span,
                };
                self.action_id(&integration, &reference.action)
            }
            (None, None) => {
                self.error(
                    Code::FW101,
                    "an action is named with its integration",
                    reference.span,
                    "which integration?",
                );
                None
            }
        }
    }

    fn undo_and_confirm(&mut self, id: ActionId, node: &'a tree::Action) {
        let own = self.policy.action(id).full_name.clone();
        let own = own.split('.').next().unwrap_or_default().to_string();
        let (mut undo, mut confirm) = (None, None);
        let (mut undo_at, mut confirm_at): (Option<Span>, Option<Span>) = (None, None);
        for clause in &node.clauses {
            match clause {
                ActionClause::Undo {
                    action,
                    args,
                    tolerant,
                    span,
                } => {
                    if let Some(first) = undo_at {
                        self.twice("undo", *span, first);
                        continue;
                    }
                    undo_at = Some(*span);
                    self.of_write(id, "undo", *span);
                    let Some(by) = self.action_ref(action, Some(&own)) else {
                        continue;
                    };
                    let scope = self.call_scope(id, tolerant.is_none(), "in `undo`");
                    if tolerant.is_some() && uses_result(args) {
                        self.report(
                            Diagnostic::new(
                                Code::FW103,
                                "a tolerant undo cannot use `result`",
                                args.span,
                                "there may be no result",
                            )
                            .note("It is called where nobody knows whether the write happened.")
                            .help("use the write's own parameters"),
                        );
                        continue;
                    }
                    if let Some(args) = self.args(by, args, &scope) {
                        undo = Some(Undo {
                            action: by,
                            args,
                            tolerant: tolerant.is_some(),
                            span: *span,
                        });
                    }
                }
                ActionClause::Confirm {
                    action,
                    args,
                    after,
                    lines,
                    span,
                } => {
                    if let Some(first) = confirm_at {
                        self.twice("confirm", *span, first);
                        continue;
                    }
                    confirm_at = Some(*span);
                    self.of_write(id, "confirm", *span);
                    let Some(by) = self.action_ref(action, Some(&own)) else {
                        continue;
                    };
                    let scope = self.call_scope(id, false, "in `confirm`");
                    let args = self.args(by, args, &scope);
                    let lines = self.confirm_lines(id, by, lines, &scope);
                    if let (Some(args), Some(lines)) = (args, lines) {
                        confirm = Some(Confirm {
                            action: by,
                            args,
                            after_ms: after.as_ref().map(|a| a.node),
                            lines,
                            span: *span,
                        });
                    }
                }
                _ => {}
            }
        }
        if let Some(action) = self.policy.actions.get_mut(id.index()) {
            action.undo = undo;
            action.confirm = confirm;
        }
    }

    fn of_write(&mut self, id: ActionId, what: &str, span: Span) {
        if !self.policy.action(id).writes() {
            self.report(
                Diagnostic::new(
                    Code::FW103,
                    format!("a read has no `{what}`"),
                    span,
                    "nothing was changed",
                )
                .help("remove it, or write `writes`"),
            );
        }
    }

    fn confirm_lines(
        &mut self,
        write: ActionId,
        by: ActionId,
        lines: &'a [tree::ConfirmLine],
        scope: &Scope,
    ) -> Option<Vec<ConfirmLine>> {
        let confirming = self.policy.action(by).clone();
        let result = self.policy.action(write).result.clone();
        let mut out = Vec::new();
        let mut whole = true;
        for line in lines {
            let known: Vec<(String, Option<Span>)> = std::iter::once(("ok".to_string(), None))
                .chain(
                    confirming
                        .failures
                        .iter()
                        .map(|f| (f.name.clone(), Some(f.span))),
                )
                .collect();
            if !known.iter().any(|(n, _)| *n == line.on.name) {
                let what = format!("outcome of `{}` called", confirming.full_name);
                self.unknown(
                    &what,
                    &line.on.name,
                    line.on.span,
                    known.iter().map(|(n, s)| (n.as_str(), *s)),
                );
                whole = false;
                continue;
            }
            let inner = match (&confirming.result, line.on.name == "ok") {
                (Some(ty), true) => scope.with(Self::result_local(ty)),
                _ => scope.clone(),
            };
            let when = match &line.when {
                None => None,
                Some(c) => match self.cond(c, &inner) {
                    Some(c) => Some(c),
                    None => {
                        whole = false;
                        continue;
                    }
                },
            };
            let gives = match (&line.gives, &result) {
                (Some(v), Some(ty)) => match self.expr(v, ty, &inner) {
                    Some(e) => Some(e),
                    None => {
                        whole = false;
                        continue;
                    }
                },
                (Some(v), None) => {
                    self.report(
                        Diagnostic::new(
                            Code::FW103,
                            "this write has no result to give",
                            v.span,
                            "nothing takes this",
                        )
                        .help("remove `gives`"),
                    );
                    None
                }
                (None, Some(ty)) if line.happened => match &confirming.result {
                    Some(reply) if line.on.name == "ok" && same_type(reply, ty) => {
                        Some(super::super::Expr::Path(super::super::Path {
                            root: super::super::Root::Result,
                            fields: Vec::new(),
                            ty: ty.clone(),
                            optional: false,
                            text: "result".to_string(),
                            span: line.span,
                        }))
                    }
                    _ => None,
                },
                (None, _) => None,
            };
            out.push(ConfirmLine {
                happened: line.happened,
                on: line.on.name.clone(),
                when,
                gives,
                span: line.span,
            });
        }
        whole.then_some(out)
    }

    /// The arguments of a call, in the callee's order.
    pub(super) fn args(&mut self, id: ActionId, args: &'a Args, scope: &Scope) -> Option<ArgList> {
        let (params, name) = {
            let action = self.policy.action(id);
            (action.params.clone(), action.full_name.clone())
        };
        self.arg_list(&params, &name, args, scope)
    }

    pub(super) fn arg_list(
        &mut self,
        params: &[Param],
        owner: &str,
        args: &'a Args,
        scope: &Scope,
    ) -> Option<ArgList> {
        let names: Vec<(&str, Span)> = params.iter().map(|p| (p.name.as_str(), p.span)).collect();
        let before = self.findings.len();
        let meant = self.argument_names(&args.args, &names, "argument", Some(owner));
        let mut whole = self.findings.len() == before;
        let mut list = Vec::new();
        for param in params {
            match args.args.iter().find(|(n, _)| n.name == param.name) {
                Some((_, value)) => {
                    let before = self.findings.len();
                    let e = self.expr(value, &param.ty, scope);
                    self.point_at(
                        before,
                        param.span,
                        &format!("`{}` is declared here", param.name),
                    );
                    whole &= e.is_some();
                    list.push(e);
                }
                None => {
                    if !param.optional {
                        whole = false;
                        if !meant.contains(&param.name) {
                            self.missing("argument", &param.name, args.span, param.span);
                        }
                    }
                    list.push(None);
                }
            }
        }
        whole.then_some(ArgList {
            args: list,
            span: args.span,
        })
    }
}

pub(super) fn wire(name: &Ident, wire: Option<&tree::Spanned<String>>) -> String {
    wire.map_or_else(|| name.name.clone(), |w| w.node.clone())
}

fn uses_result(args: &Args) -> bool {
    fn inside(value: &tree::Value) -> bool {
        match &value.kind {
            tree::ValueKind::Path(p) => p.head.name == "result",
            tree::ValueKind::List(items) => items.iter().any(inside),
            tree::ValueKind::Record(fields) => fields.iter().any(|(_, v)| inside(v)),
            _ => false,
        }
    }
    args.args.iter().any(|(_, v)| inside(v))
}
