//! What can be added by going round. Circles in the graph come from counts that it no longer tells
//! apart: attempts beyond the sixth, calls beyond the twelfth. What bounds them bounds this.

use super::cost::{Costs, FOREVER, Span, plus, times};
use crate::flow::explore::ATTEMPTS_MAX;
use crate::flow::graph::Happened;
use crate::flow::picture::StateAt;
use crate::flow::web::Web;
use crate::model::{ActionId, LimitPer, Policy, RuleKind};
use std::collections::{BTreeMap, BTreeSet};

/// What going round inside a group of spots can add.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Round {
    /// At most so much, in milliseconds or calls.
    pub more: i64,
    /// Whether some path adds just that.
    pub exact: bool,
}

/// Measured by `of`: what a thread takes, without the waits before retries, and those waits.
pub fn round(
    web: &Web,
    costs: &Costs<'_>,
    group: u32,
    of: &dyn Fn(usize) -> i64,
    waits: bool,
) -> Round {
    let inside: Vec<usize> = web.inside(group).collect();
    let mut again: BTreeMap<(StateAt, u32), i64> = BTreeMap::new();
    let mut limited: BTreeSet<ActionId> = BTreeSet::new();
    let mut others = 0;
    let mut most = 0;
    let mut dear: BTreeMap<u32, i64> = BTreeMap::new();
    for thread in inside {
        let Some(t) = web.threads().get(thread) else {
            continue;
        };
        let Some(hop) = costs.graph().hops().get(t.hop as usize) else {
            continue;
        };
        let label = costs.graph().label(*hop);
        let retry = label.iter().find_map(|h| match h {
            Happened::Again { at, handler, .. } => Some((*at, *handler)),
            _ => None,
        });
        let cost = of(thread);
        most = most.max(cost);
        let worst = dear.entry(t.from).or_insert(0);
        *worst = (*worst).max(cost);
        match retry {
            Some(key) => {
                let n = again.entry(key).or_insert(0);
                *n = (*n).max(cost);
            }
            None => others = others.max(cost),
        }
        for happened in label {
            if let Happened::Outcome { calls, .. } = happened {
                limited.extend(costs.graph().calls(*calls).iter().map(|m| m.action));
            }
        }
    }
    let mut rounds = 0_u64;
    let mut more = 0;
    for ((at, handler), cost) in &again {
        let state = costs.words().state(*at);
        let retry = state.and_then(|s| s.handlers.get(*handler as usize)?.retry);
        let count = retry.map_or(0, |r| r.count);
        let left = count.saturating_sub(ATTEMPTS_MAX);
        rounds = rounds.saturating_add(left);
        more = plus(more, times(left, *cost));
        if waits {
            // The waits grow up to the cap.
            let known = left.min(64);
            for k in ATTEMPTS_MAX..ATTEMPTS_MAX + known {
                more = plus(more, costs.wait(*at, *handler, k));
            }
            let last = costs.wait(*at, *handler, ATTEMPTS_MAX + known);
            more = plus(more, times(left - known, last));
        }
    }
    if others == 0 {
        // Only retries cost something; where nothing does, nothing is added.
        let exact = again.len() <= 1 && dear.len() <= 1;
        return Round {
            more,
            exact: exact || more == 0,
        };
    }
    if most == 0 {
        return Round {
            more: 0,
            exact: true,
        };
    }
    let calls = limited.iter().filter_map(|a| limit(costs.policy(), *a));
    let calls = calls.fold(0_u64, u64::saturating_add);
    if calls == 0 {
        return Round {
            more: FOREVER,
            exact: false,
        };
    }
    // Between two limited calls no place is passed twice, but for retries.
    let way = dear.values().fold(0, |sum, d| plus(sum, *d));
    let way = times(rounds.saturating_add(1), way);
    Round {
        more: plus(times(calls.saturating_add(1), way), more),
        exact: false,
    }
}

/// How often a limit per session lets any call of the action through.
#[must_use]
pub fn limit(policy: &Policy, action: ActionId) -> Option<u64> {
    let of = |rule: &crate::model::Rule| match rule.kind {
        RuleKind::Limit {
            count,
            effects: false,
            per: LimitPer::Session,
        } => rule
            .targets
            .iter()
            .any(|t| {
                t.action == action
                    && t.filter.is_none()
                    && t.history.as_ref().is_some_and(|h| h.keys.is_empty())
            })
            .then_some(count),
        _ => None,
    };
    policy.rules.iter().filter_map(of).min()
}

/// The time of a hop without the waits before retries.
#[must_use]
pub fn without_waits(costs: &Costs<'_>, index: u32) -> Span {
    let mut span = costs.span(index);
    let Some(hop) = costs.graph().hops().get(index as usize) else {
        return span;
    };
    for happened in costs.graph().label(*hop) {
        if let Happened::Again {
            at,
            handler,
            attempt,
        } = happened
        {
            span.all -= costs.wait(*at, *handler, u64::from(*attempt)).min(span.all);
        }
    }
    span
}
