//! Targets: which actions a rule is about.

use super::super::{Action, ActionId};
use super::{Checker, Kind};
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Span;
use crate::syntax::tree::{Ident, Target, TargetKind, Targets};
use std::collections::BTreeSet;

/// Groups may use one another so deep.
const GROUPS_MAX: usize = 48;

impl<'a> Checker<'a> {
    /// The number of `integration.action`; reports what isn't there.
    pub(super) fn action_id(&mut self, integration: &Ident, action: &Ident) -> Option<ActionId> {
        let full = format!("{}.{}", integration.name, action.name);
        if let Some(id) = self.action_named(&full) {
            return Some(id);
        }
        match self.declared.integrations.get(integration.name.as_str()) {
            None => {
                let known: Vec<(String, Option<Span>)> = self
                    .declared
                    .integrations
                    .iter()
                    .map(|(n, d)| ((*n).to_string(), Some(d.node.name.span)))
                    .collect();
                self.unknown(
                    "integration",
                    &integration.name,
                    integration.span,
                    known.iter().map(|(n, s)| (n.as_str(), *s)),
                );
            }
            Some(decl) => {
                // An action that is declared but wrong has been reported where it stands.
                if decl.node.actions.iter().any(|a| a.name.name == action.name) {
                    self.complete = false;
                    return None;
                }
                let known: Vec<(String, Option<Span>)> = decl
                    .node
                    .actions
                    .iter()
                    .map(|a| (a.name.name.clone(), Some(a.name.span)))
                    .collect();
                let what = format!("action of `{}` called", integration.name);
                self.unknown(
                    &what,
                    &action.name,
                    action.span,
                    known.iter().map(|(n, s)| (n.as_str(), *s)),
                );
            }
        }
        None
    }

    pub(super) fn action_named(&self, full: &str) -> Option<ActionId> {
        self.policy
            .actions
            .binary_search_by(|a| a.full_name.as_str().cmp(full))
            .ok()
            .and_then(|i| u32::try_from(i).ok())
            .map(ActionId)
    }

    /// The actions, ascending. `None` if anything was wrong.
    pub(super) fn targets(&mut self, targets: &'a Targets) -> Option<Vec<ActionId>> {
        self.targets_on(targets, &mut Vec::new())
    }

    fn targets_on(
        &mut self,
        targets: &'a Targets,
        way: &mut Vec<&'a str>,
    ) -> Option<Vec<ActionId>> {
        let mut set = BTreeSet::new();
        let mut whole = true;
        for target in &targets.include {
            match self.target(target, way) {
                Some(ids) => set.extend(ids),
                None => whole = false,
            }
        }
        for target in &targets.except {
            match self.target(target, way) {
                Some(ids) => {
                    if whole && !ids.iter().any(|id| set.contains(id)) {
                        self.report(
                            Diagnostic::new(
                                Code::FW116,
                                "this exception takes nothing away",
                                target.span,
                                "none of these is among the targets",
                            )
                            .help("remove it, or correct the targets before `except`"),
                        );
                    }
                    for id in ids {
                        set.remove(&id);
                    }
                }
                None => whole = false,
            }
        }
        if whole && set.is_empty() {
            if !self.trusted {
                self.complete = false;
                return None;
            }
            self.report(
                Diagnostic::new(
                    Code::FW116,
                    "these targets are no action at all",
                    targets.span,
                    "nothing is left",
                )
                .help("name at least one action"),
            );
            return None;
        }
        whole.then(|| set.into_iter().collect())
    }

    fn target(&mut self, target: &'a Target, way: &mut Vec<&'a str>) -> Option<Vec<ActionId>> {
        let all = |checker: &Self, keep: &dyn Fn(&Action) -> bool| -> Vec<ActionId> {
            checker
                .policy
                .actions
                .iter()
                .enumerate()
                .filter(|(_, a)| keep(a))
                .filter_map(|(i, _)| u32::try_from(i).ok().map(ActionId))
                .collect()
        };
        match &target.kind {
            TargetKind::AnyRead => Some(all(self, &|a| !a.writes())),
            TargetKind::AnyWrite => Some(all(self, &Action::writes)),
            TargetKind::Action {
                integration,
                action,
            } => self.action_id(integration, action).map(|id| vec![id]),
            TargetKind::Integration(name) => {
                if !self.declared.integrations.contains_key(name.name.as_str()) {
                    let known: Vec<(String, Option<Span>)> = self
                        .declared
                        .integrations
                        .iter()
                        .map(|(n, d)| ((*n).to_string(), Some(d.node.name.span)))
                        .collect();
                    self.unknown(
                        "integration",
                        &name.name,
                        name.span,
                        known.iter().map(|(n, s)| (n.as_str(), *s)),
                    );
                    return None;
                }
                let prefix = format!("{}.", name.name);
                Some(all(self, &|a| a.full_name.starts_with(&prefix)))
            }
            TargetKind::Group(name) => {
                self.mark(Kind::Group, &name.name);
                if let Some(decl) = self.declared.integrations.get(name.name.as_str()) {
                    let (at, n) = (decl.node.name.span, &name.name);
                    let help = match decl.node.actions.first() {
                        Some(a) => format!(
                            "write `{n}.*` for all its actions, or one of them, such as `{n}.{}`",
                            a.name.name
                        ),
                        None => format!("write `{n}.*` for all its actions"),
                    };
                    self.report(
                        Diagnostic::new(
                            Code::FW101,
                            format!("`{n}` is an integration, and a rule is about actions"),
                            name.span,
                            "which of its actions?",
                        )
                        .label(at, "declared here")
                        .help(help),
                    );
                    return None;
                }
                let Some((key, decl)) = self.declared.groups.get_key_value(name.name.as_str())
                else {
                    let mut known: Vec<(String, Option<Span>)> = self
                        .declared
                        .groups
                        .iter()
                        .map(|(n, d)| ((*n).to_string(), Some(d.span)))
                        .collect();
                    known.extend(
                        self.policy
                            .actions
                            .iter()
                            .map(|a| (a.full_name.clone(), Some(a.span))),
                    );
                    self.unknown(
                        "group",
                        &name.name,
                        name.span,
                        known.iter().map(|(n, s)| (n.as_str(), *s)),
                    );
                    return None;
                };
                let (key, node, span) = (*key, decl.node, decl.span);
                if way.contains(&key) {
                    self.report(
                        Diagnostic::new(
                            Code::FW112,
                            format!("group `{key}` contains itself"),
                            name.span,
                            "leads back to it",
                        )
                        .label(span, "declared here")
                        .help("name the actions themselves"),
                    );
                    return None;
                }
                if let Some(known) = self.groups.get(key) {
                    return known.clone();
                }
                if way.len() >= GROUPS_MAX {
                    self.report(
                        Diagnostic::new(
                            Code::FW005,
                            format!("groups use one another more than {GROUPS_MAX} levels deep"),
                            name.span,
                            "too deep here",
                        )
                        .label(span, "declared here")
                        .help("put some of them together"),
                    );
                    return None;
                }
                way.push(key);
                let ids = self.targets_on(node, way);
                way.pop();
                self.groups.insert(key, ids.clone());
                ids
            }
        }
    }
}
