//! Questions about the calls of a session: which calls count, and by which key.

use super::super::{CountedAction, HistoryTerm, Path, Root, Type};
use super::Checker;
use super::scope::{Local, Scope};
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Span;
use crate::syntax::tree::{self, ByPart, HistoryFunc, Targets};
impl<'a> Checker<'a> {
    /// A question about the calls of `targets`.
    pub(super) fn history(
        &mut self,
        func: HistoryFunc,
        targets: &'a Targets,
        by: &'a [ByPart],
        filter: Option<&'a tree::Cond>,
        span: Span,
        scope: &Scope,
    ) -> Option<HistoryTerm> {
        let actions = self.targets(targets)?;
        if matches!(
            func,
            HistoryFunc::Standing | HistoryFunc::Unsettled | HistoryFunc::Effects
        ) {
            for id in &actions {
                let action = self.policy.action(*id);
                if !action.writes() {
                    let (name, at) = (action.full_name.clone(), action.span);
                    self.report(
                        Diagnostic::new(
                            Code::FW103,
                            format!("`{name}` only reads, so it has no effects"),
                            targets.span,
                            "not a write",
                        )
                        .label(at, "declared here")
                        .help("use `done(…)` or `calls(…)` for reads"),
                    );
                    return None;
                }
            }
        }
        let mut keys: Vec<Path> = Vec::new();
        for part in by {
            let local = tree::Path {
                head: part.name.clone(),
                rest: Vec::new(),
                span: part.name.span,
            };
            let key = self.path(&local, scope)?;
            if key.root == Root::Element {
                self.nested(key.span);
                return None;
            }
            keys.push(key);
        }
        let mut counted = Vec::new();
        for id in actions {
            counted.push(self.counted(id, by, filter, Some(&keys))?);
        }
        Some(HistoryTerm {
            func,
            keys,
            text: history_text(&self.policy, func, &counted, by, filter.is_some()),
            counted,
            span,
        })
    }

    /// Which calls of one action count, and where they hold the key.
    pub(super) fn counted(
        &mut self,
        id: super::super::ActionId,
        by: &'a [ByPart],
        filter: Option<&'a tree::Cond>,
        keys: Option<&[Path]>,
    ) -> Option<CountedAction> {
        let scope = self.call_scope(id, true, "of the calls that count");
        let mut paths = Vec::new();
        for (i, part) in by.iter().enumerate() {
            let written = part.counted.clone().unwrap_or_else(|| tree::Path {
                head: part.name.clone(),
                rest: Vec::new(),
                span: part.name.span,
            });
            let path = self.path(&written, &scope)?;
            if matches!(path.ty, Type::Record(_) | Type::List { .. }) {
                self.too_deep_to_compare(path.span);
                return None;
            }
            if let Some(key) = keys.and_then(|k| k.get(i))
                && !key.ty.same_unit(&path.ty)
            {
                let (a, b) = (self.type_words(&key.ty), self.type_words(&path.ty));
                self.report(
                    Diagnostic::new(
                        Code::FW103,
                        format!("`{}` is {a}, but `{}` is {b}", key.text, path.text),
                        part.span,
                        "these two are compared",
                    )
                    .help("compare values of one type"),
                );
                return None;
            }
            paths.push(path);
        }
        let filter = match filter {
            Some(c) => Some(self.cond(c, &scope)?),
            None => None,
        };
        Some(CountedAction {
            action: id,
            keys: paths,
            filter,
        })
    }

    /// What the conditions about a call of an action can see of it.
    pub(super) fn call_scope(
        &self,
        id: super::super::ActionId,
        result: bool,
        place: &'static str,
    ) -> Scope {
        let action = self.policy.action(id);
        let mut locals: Vec<Local> = action
            .params
            .iter()
            .enumerate()
            .map(|(i, p)| Local {
                name: p.name.clone(),
                root: Root::Param(u32::try_from(i).unwrap_or(u32::MAX)),
                ty: p.ty.clone(),
                optional: p.optional,
                span: Some(p.span),
            })
            .collect();
        if result && let Some(ty) = &action.result {
            locals.push(Self::result_local(ty));
        }
        Scope {
            locals,
            world: false,
            place,
            owner: action.full_name.clone(),
            lost: Vec::new(),
        }
    }
}

/// A question about history in words, for messages.
pub(super) fn history_text(
    policy: &super::super::Policy,
    func: HistoryFunc,
    counted: &[CountedAction],
    by: &[ByPart],
    filtered: bool,
) -> String {
    let func = match func {
        HistoryFunc::Done => "done",
        HistoryFunc::Calls => "calls",
        HistoryFunc::Effects => "effects",
        HistoryFunc::Standing => "standing",
        HistoryFunc::Unsettled => "unsettled",
    };
    let names: Vec<&str> = counted
        .iter()
        .map(|c| policy.action(c.action).full_name.as_str())
        .collect();
    let mut text = format!("{func}({}", names.join(", "));
    if !by.is_empty() {
        let keys: Vec<&str> = by.iter().map(|b| b.name.name.as_str()).collect();
        text.push_str(" by ");
        text.push_str(&keys.join(", "));
    }
    if filtered {
        text.push_str(" where …");
    }
    text.push(')');
    text
}
