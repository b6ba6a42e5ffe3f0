//! Actions with their gates, facts, rules and limits.

use super::super::format;
use super::diagrams::Undecided;
use super::verify::Claimed;
use super::{Builder, Built, Place, index};
use crate::gate::{Scope, rules_on};
use crate::model::{Action, ActionId, Confirm, Effect, Fact, LimitPer, RuleKind};
use crate::syntax::tree::FailureKind;

impl<'a> Builder<'_, 'a> {
    pub(super) fn actions(&mut self) -> Built<()> {
        self.rules()?;
        let policy = self.policy;
        for fact in &policy.facts {
            let fact = self.fact(fact)?;
            self.body.facts.push(fact);
        }
        for (action, id) in policy.actions.iter().zip(0..) {
            let action = self.action(ActionId(id), action)?;
            self.body.actions.push(action);
        }
        Ok(())
    }

    fn rules(&mut self) -> Built<()> {
        for (rule, id) in self.policy.rules.iter().zip(0..) {
            let (role, within_ms) = match rule.kind {
                RuleKind::Escalate { role, within_ms } => (Some(role.0), within_ms),
                _ => (None, None),
            };
            self.body.rules.push(format::Rule {
                name: rule.name.clone(),
                kind: kind(&rule.kind).to_string(),
                because: rule.because.clone(),
                doc: rule.doc.clone(),
                role,
                within_ms,
            });
            let RuleKind::Limit {
                count,
                effects,
                per,
            } = rule.kind
            else {
                continue;
            };
            // Every target counts the same calls; only the key of the proposal differs.
            let term = rule.targets.first().and_then(|t| t.history.as_ref());
            let counted = match term {
                Some(term) => self.counted_all(&term.counted, Undecided::Holds)?,
                None => Vec::new(),
            };
            self.body.limits.push(format::Limit {
                rule: id,
                count,
                effects,
                per_ms: match per {
                    LimitPer::Session => None,
                    LimitPer::Window(ms) => Some(ms),
                },
                counted,
            });
        }
        Ok(())
    }

    fn fact(&mut self, fact: &'a Fact) -> Built<format::Fact> {
        let policy = self.policy;
        let source = policy.action(fact.source.action);
        let mut forget = Vec::new();
        for (write, id) in policy.actions.iter().zip(0..) {
            if !write.writes() || write.integration != source.integration {
                continue;
            }
            let mut pairs = Vec::new();
            for (name, (path, part)) in fact.keys.iter().zip(fact.source.keys.iter().zip(0..)) {
                let same = |p: &crate::model::Param| p.name == *name && p.ty.same_unit(&path.ty);
                if let Some(param) = write.params.iter().position(same) {
                    pairs.push((part, index(param)));
                }
            }
            forget.push(format::Forget { action: id, pairs });
        }
        Ok(format::Fact {
            name: fact.name.clone(),
            source: self.counted(&fact.source, Undecided::Fails)?,
            ty: self.ty(&fact.ty)?,
            lifetime_ms: fact.lifetime_ms,
            forget,
        })
    }

    fn action(&mut self, id: ActionId, action: &'a Action) -> Built<format::Action> {
        let policy = self.policy;
        let place = Place::call(action);
        let effect = match &action.effect {
            Effect::Read => format::Effect::Read {},
            Effect::Write {
                idempotency,
                expendable,
                ..
            } => format::Effect::Write {
                expendable: *expendable,
                idempotent: idempotency.as_ref().map(|i| format::Idempotent {
                    by: i.keys.clone(),
                    for_ms: i.window_ms,
                }),
            },
        };
        let failures = action.failures.iter().map(|f| format::Failure {
            name: f.name.clone(),
            wire: f.wire.clone(),
            kind: match f.kind {
                FailureKind::Permanent => format::FailureKind::Permanent,
                FailureKind::Transient => format::FailureKind::Transient,
                FailureKind::Indeterminate => format::FailureKind::Indeterminate,
            },
            doc: f.doc.clone(),
        });
        let undo = match &action.undo {
            None => None,
            Some(undo) => Some(format::Undo {
                action: undo.action.0,
                args: self.args(&undo.args, &policy.action(undo.action).params, &place)?,
                tolerant: undo.tolerant,
            }),
        };
        let confirm = match &action.confirm {
            None => None,
            Some(confirm) => Some(self.confirm(action, confirm)?),
        };
        let made = self.gate.actions.get(id.index()).cloned();
        let (leaves, gate) = match made {
            None => (Vec::new(), -1),
            Some(made) => {
                let at = self.lower(&made.diagram, &place, action.span)?;
                self.claim(
                    Claimed::Gate(id),
                    &Scope::proposal(action),
                    &place,
                    made.diagram,
                    at,
                    action.span,
                );
                (made.leaves, at)
            }
        };
        let verdicts = leaves
            .iter()
            .map(|leaf| self.verdict(id, *leaf))
            .collect::<Built<_>>()?;
        Ok(format::Action {
            name: action.full_name.clone(),
            wire: action.wire.clone(),
            integration: action.integration.0,
            doc: action.doc.clone(),
            params: self.params(&action.params)?,
            result: match &action.result {
                Some(ty) => Some(self.ty(ty)?),
                None => None,
            },
            effect,
            timeout_ms: action.timeout_ms,
            failures: failures.collect(),
            undo,
            confirm,
            verdicts,
            gate,
            limits: self.limit_uses(id, action)?,
        })
    }

    fn confirm(&mut self, write: &'a Action, confirm: &'a Confirm) -> Built<format::Confirm> {
        let by = self.policy.action(confirm.action);
        let scope = Scope::confirming(write, by);
        let answered = Place {
            params: &write.params,
            result: by.result.as_ref(),
            ..Place::default()
        };
        let mut lines = Vec::new();
        for line in &confirm.lines {
            let when = match &line.when {
                None => None,
                Some(cond) => {
                    Some(self.condition(cond, &scope, &answered, Undecided::Fails, line.span)?)
                }
            };
            let gives = match (&line.gives, &write.result) {
                (Some(gives), Some(ty)) if line.happened => Some(self.expr(gives, ty, &answered)?),
                _ => None,
            };
            lines.push(format::ConfirmLine {
                happened: line.happened,
                on: line.on.clone(),
                when,
                gives,
            });
        }
        Ok(format::Confirm {
            action: confirm.action.0,
            args: self.args(&confirm.args, &by.params, &Place::call(write))?,
            after_ms: confirm.after_ms,
            lines,
        })
    }

    fn limit_uses(&mut self, id: ActionId, action: &'a Action) -> Built<Vec<format::LimitUse>> {
        let place = Place::call(action);
        let mut uses = Vec::new();
        for (rule_id, rule, target) in rules_on(self.policy, id) {
            if !matches!(rule.kind, RuleKind::Limit { .. }) {
                continue;
            }
            let number = self.body.limits.iter().position(|l| l.rule == rule_id.0);
            let when = match &target.filter {
                None => None,
                Some(cond) => Some(self.condition(
                    cond,
                    &Scope::call(action),
                    &place,
                    Undecided::Holds,
                    rule.span,
                )?),
            };
            let keys = match &target.history {
                Some(term) => self.paths(&term.keys, &place)?,
                None => Vec::new(),
            };
            uses.push(format::LimitUse {
                limit: number.map_or(u32::MAX, index),
                keys,
                when,
            });
        }
        Ok(uses)
    }
}

fn kind(kind: &RuleKind) -> &'static str {
    match kind {
        RuleKind::Allow => "allow",
        RuleKind::Deny => "deny",
        RuleKind::Require => "require",
        RuleKind::Escalate { .. } => "escalate",
        RuleKind::Limit { .. } => "limit",
        RuleKind::OrderBefore | RuleKind::OrderNever => "order",
    }
}
