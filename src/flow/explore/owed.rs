//! FW409: a confirm or an undo that the gate may refuse where the flow owes it.

use super::Explorer;
use super::config::Config;
use crate::diagnostics::{Code, Diagnostic};
use crate::flow::arguments::link;
use crate::flow::possible::{Keyed, Moment};
use crate::gate::{Scope, rules_on};
use crate::logic::Formula;
use crate::model::{ActionId, ArgList, HistoryTerm, LimitPer, Path, Root, RuleKind};
use crate::source::Span;

/// What the flow owes a write.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Debt {
    Confirm,
    Undo,
}

impl Explorer<'_, '_, '_> {
    /// Reports if the confirm or the undo of a write can be refused in a configuration that owes it.
    pub(super) fn owed(&mut self, at: usize, config: &Config, write: ActionId, debt: Debt) {
        let action = self.policy.action(write);
        let (by, args, span): (ActionId, &ArgList, Span) = match debt {
            Debt::Confirm => match &action.confirm {
                Some(c) => (c.action, &c.args, c.span),
                None => return,
            },
            Debt::Undo => match &action.undo {
                Some(u) => (u.action, &u.args, u.span),
                None => return,
            },
        };
        let word = match debt {
            Debt::Confirm => "confirm",
            Debt::Undo => "undo",
        };
        let key = (span, format!("owed {word}"));
        let Some(of) = self.gate.of(by) else { return };
        let (denied, escalated) = (of.denied, of.escalated);
        // What nothing permits is reported where it stands.
        if self.reported.contains(&key) || (of.permissions.is_empty() && of.escalations.is_empty())
        {
            return;
        }
        let name = format!("{} is to be undone or confirmed:", action.full_name);
        let scope = Scope {
            params: &action.params,
            result: action.result.as_ref().map(|ty| (ty, false)),
            ..Scope::default()
        }
        .named(&name, "when it was made, ");
        let made = self.gate.admitted(write, &scope);
        let given = link(self.gate, by, args, &scope, false);
        let now = self.moment_of(config, write, args);
        let sometimes = |me: &mut Self, how: Formula| {
            let question = me.gate.encoder.logic.and(&[how, now, given, made]);
            me.memo
                .possible(me.gate, question)
                .then(|| me.memo.example(me.gate, question))
        };
        let (example, why) = if let Some(example) = sometimes(self, denied) {
            (example, "the gate can refuse it here")
        } else if let Some(example) = sometimes(self, escalated) {
            (
                example,
                "it can need an approval here, which nobody asks for",
            )
        } else if self.used_up(config, by) {
            (None, "a limit of the session is used up here")
        } else {
            return;
        };
        let by = self.policy.action(by);
        let state = self.runs.state(config.place);
        let step = state.map_or(span, |s| s.step_span);
        let ask = match debt {
            Debt::Confirm => "nobody finds out what happened",
            Debt::Undo => "what stands cannot be taken back",
        };
        self.report(key, |me| {
            let mut found = Diagnostic::new(
                Code::FW409,
                format!(
                    "`{}`, the {word} of `{}`, may not be admitted where it is owed",
                    by.full_name, action.full_name
                ),
                span,
                why,
            )
            .label(step, "owed here");
            let id = me.policy.actions.iter().position(|a| a.full_name == by.full_name);
            let id = ActionId(id.and_then(|i| u32::try_from(i).ok()).unwrap_or(u32::MAX));
            for (_, rule, _) in rules_on(me.policy, id).take(4) {
                found = found.label(rule.name_span, "decides about it");
            }
            let found = found
                .note(format!("Just when something has gone wrong, {ask}."))
                .help(format!(
                    "allow `{}` whenever it is owed: `allow name: {}`, and take it out of the rules that refuse it",
                    by.full_name, by.full_name
                ));
            match &example {
                Some(e) => found.witness(me.values_and_path(e, at)),
                None => found.witness(me.path(Some(at))),
            }
        });
    }

    /// What is known where a call for a write is owed. A question about the write with the key of the
    /// write itself is about a call that there was.
    fn moment_of(&mut self, config: &Config, write: ActionId, args: &ArgList) -> Formula {
        let own = |asked: &HistoryTerm| {
            let counted = asked.counted.iter().find(|c| c.action == write);
            let same = |(k, wanted): (&Path, &Path)| {
                let given = match wanted.root {
                    Root::Param(i) => args.args.get(i as usize).and_then(Option::as_ref),
                    _ => None,
                };
                matches!(given, Some(crate::model::Expr::Path(p))
                    if p.root == k.root
                        && p.fields.iter().chain(&wanted.fields).eq(k.fields.iter()))
            };
            match counted {
                Some(c)
                    if c.filter.is_none()
                        && c.keys.len() == asked.keys.len()
                        && c.keys.iter().zip(&asked.keys).all(same) =>
                {
                    Keyed::One
                }
                _ => Keyed::Unknown,
            }
        };
        let position = self.position(config.place);
        let moment = Moment {
            known: &[],
            facts: &self.facts,
            history: &config.history,
            caps: &self.caps,
            keyed: &own,
        };
        moment.formula(self.gate, &self.terms, position)
    }

    /// Whether a limit per session surely lets no further call of the action through.
    fn used_up(&self, config: &Config, by: ActionId) -> bool {
        rules_on(self.policy, by).any(|(_, rule, target)| {
            let RuleKind::Limit {
                count,
                per: LimitPer::Session,
                ..
            } = rule.kind
            else {
                return false;
            };
            let Some(term) = target.history.as_ref().filter(|t| t.keys.is_empty()) else {
                return false;
            };
            if target.filter.is_some() || term.counted.iter().any(|c| c.filter.is_some()) {
                return false;
            }
            let used = config.history.unkeyed(&self.caps, term);
            let n = i64::try_from(count).unwrap_or(i64::MAX);
            used.ranges().first().is_some_and(|r| r.0 >= n)
        })
    }
}
