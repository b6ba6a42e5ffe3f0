//! `undo` and `confirm`: what takes a write back, and what finds out whether it happened.

use super::super::{ActionId, ArgList, Confirm, ConfirmLine, Expr, Undo};
use super::Checker;
use super::scope::Scope;
use super::types::same_type;
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Span;
use crate::syntax::tree::{self, ActionClause, Args};

impl<'a> Checker<'a> {
    pub(super) fn undo_and_confirm(&mut self, id: ActionId, node: &'a tree::Action) {
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
                    let args = self
                        .args(by, args, &scope)
                        .filter(|args| self.there(by, args));
                    if let Some(args) = args {
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
                    let args = self
                        .args(by, args, &scope)
                        .filter(|args| self.there(by, args));
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
        if undo_at.is_some() && undo.is_none() {
            self.lost_undos.insert(id);
        }
        if let Some(action) = self.policy.actions.get_mut(id.index()) {
            action.undo = undo;
            action.confirm = confirm;
        }
    }

    /// Whether no argument may be absent that is needed: such a call would be refused when it is owed.
    fn there(&mut self, by: ActionId, args: &ArgList) -> bool {
        let (params, name) = {
            let by = self.policy.action(by);
            (by.params.clone(), by.full_name.clone())
        };
        let before = self.findings.len();
        for (param, arg) in params.iter().zip(&args.args) {
            let Some(Expr::Path(path)) = arg else {
                continue;
            };
            if param.optional || !path.optional {
                continue;
            }
            self.report(
                Diagnostic::new(
                    Code::FW104,
                    format!("`{}` may be absent, and `{name}` needs it", path.text),
                    path.span,
                    "may be absent",
                )
                .label(param.span, format!("`{}` is declared here", param.name))
                .note("Where it is absent the call is refused, just when it is owed.")
                .help("use a value that is always there, or mark the parameter as optional: `name?: …`"),
            );
        }
        self.findings.len() == before
    }

    pub(super) fn of_write(&mut self, id: ActionId, what: &str, span: Span) {
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

    pub(super) fn confirm_lines(
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
