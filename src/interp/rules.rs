//! Verdicts: what the rules say about one proposal.
//!
//! *Deny*, if a deny, a require or an order fires, or nothing allows or escalates; else *limited*,
//! if a limit is used up; else *escalate*; else *allow*. Reported is, among named denials, the least
//! name that has an `instead`, else the least name; of anything else the least name.

use super::cond::Truth;
use super::{Interp, World};
use crate::model::{ActionId, Cond, Const, Instead, LimitPer, Rule, RuleKind, RuleTarget};
use std::borrow::Cow;

/// The verdict on a proposal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Verdict {
    Deny,
    Limited,
    Escalate,
    Allow,
}

/// A verdict with the rule that decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// What is said.
    pub verdict: Verdict,
    /// The name of the rule that says it; none where no rule allows (`no_rule`).
    pub rule: Option<String>,
    /// What to do instead, with its arguments.
    pub instead: Option<(ActionId, Vec<Option<Const>>)>,
}

/// How often a limit's calls have been made, for limits that all sessions share.
pub trait SharedCounts {
    /// Calls counted under that limit with that key within its window.
    fn count(&self, limit: &str, window_ms: i64, key: &[Option<Const>]) -> i64;
}

/// No shared calls at all.
impl SharedCounts for () {
    fn count(&self, _: &str, _: i64, _: &[Option<Const>]) -> i64 {
        0
    }
}

impl<'a> Interp<'a> {
    /// What the gate says about a call of `action` in `world`, before limits are consulted. `None`
    /// if some condition is undecided there, which the compiler rules out.
    #[must_use]
    pub fn gate(&self, world: &dyn World, action: ActionId) -> Option<Decision> {
        self.gate_among(world, self.rules_on(action))
    }

    /// The same, where no other rules on the action than these can fire. They come by name.
    pub fn gate_among<'r>(
        &self,
        world: &dyn World,
        rules: impl Iterator<Item = (&'r Rule, &'r RuleTarget)>,
    ) -> Option<Decision> {
        let mut denials: Vec<(&Rule, Option<&Instead>)> = Vec::new();
        let mut escalation = None;
        let mut permission = None;
        for (rule, target) in rules {
            if !self.fires(world, rule, target)? {
                continue;
            }
            match rule.kind {
                RuleKind::Deny
                | RuleKind::Require
                | RuleKind::OrderBefore
                | RuleKind::OrderNever => denials.push((rule, target.instead.as_ref())),
                RuleKind::Escalate { .. } => {
                    escalation.get_or_insert(rule);
                }
                RuleKind::Allow => {
                    permission.get_or_insert(rule);
                }
                RuleKind::Limit { .. } => {}
            }
        }
        let reported = denials
            .iter()
            .find(|(_, instead)| instead.is_some())
            .or(denials.first());
        let plain = |verdict, rule: &Rule| Decision {
            verdict,
            rule: Some(rule.name.clone()),
            instead: None,
        };
        Some(match (reported, escalation, permission) {
            (Some((rule, instead)), _, _) => Decision {
                instead: instead.map(|i| self.instead(world, i)),
                ..plain(Verdict::Deny, rule)
            },
            (None, Some(rule), _) => plain(Verdict::Escalate, rule),
            (None, None, Some(rule)) => plain(Verdict::Allow, rule),
            (None, None, None) => Decision {
                verdict: Verdict::Deny,
                rule: None,
                instead: None,
            },
        })
    }

    /// The whole decision: the gate, then the limits.
    #[must_use]
    pub fn decide(
        &self,
        world: &dyn World,
        shared: &dyn SharedCounts,
        action: ActionId,
    ) -> Option<Decision> {
        let gate = self.gate(world, action)?;
        if gate.verdict == Verdict::Deny {
            return Some(gate);
        }
        for (rule, target) in self.rules_on(action) {
            if self.used_up(world, shared, rule, target) {
                return Some(Decision {
                    verdict: Verdict::Limited,
                    rule: Some(rule.name.clone()),
                    instead: None,
                });
            }
        }
        Some(gate)
    }

    /// The rules that speak about an action, in order of name.
    pub fn rules_on(
        &self,
        action: ActionId,
    ) -> impl Iterator<Item = (&'a Rule, &'a RuleTarget)> + use<'a> {
        self.policy.rules.iter().filter_map(move |rule| {
            let target = rule.targets.iter().find(|t| t.action == action)?;
            Some((rule, target))
        })
    }

    fn fires(&self, world: &dyn World, rule: &Rule, target: &RuleTarget) -> Truth {
        let holds = |when: &Option<Cond>| match when {
            Some(cond) => self.truth(world, cond),
            None => Some(true),
        };
        let asked = |expected: bool| {
            let answer = target.history.as_ref();
            answer.is_some_and(|term| (world.history(self, term) > 0) == expected)
        };
        match rule.kind {
            RuleKind::Allow | RuleKind::Deny | RuleKind::Escalate { .. } => holds(&target.when),
            RuleKind::Require => holds(&target.when).map(|b| !b),
            RuleKind::OrderBefore => Some(asked(false) && holds(&target.when)?),
            RuleKind::OrderNever => Some(asked(true) && holds(&target.when)?),
            RuleKind::Limit { .. } => Some(false),
        }
    }

    fn used_up(
        &self,
        world: &dyn World,
        shared: &dyn SharedCounts,
        rule: &Rule,
        target: &RuleTarget,
    ) -> bool {
        let (
            RuleKind::Limit {
                count,
                per,
                effects,
            },
            Some(term),
        ) = (&rule.kind, &target.history)
        else {
            return false;
        };
        if *effects && world.repeats(self) {
            return false;
        }
        let concerns = target.filter.as_ref().map(|cond| self.truth(world, cond));
        if concerns == Some(Some(false)) {
            return false;
        }
        let made = match per {
            LimitPer::Session => world.used(self, term),
            LimitPer::Window(ms) => {
                let key: Vec<_> = term
                    .keys
                    .iter()
                    .map(|k| self.path(world, k).map(Cow::into_owned))
                    .collect();
                shared.count(&rule.name, *ms, &key)
            }
        };
        u64::try_from(made).unwrap_or(0) >= *count
    }

    fn instead(&self, world: &dyn World, instead: &Instead) -> (ActionId, Vec<Option<Const>>) {
        let params = &self.policy.action(instead.action).params;
        (instead.action, self.args(world, &instead.args, params))
    }
}
