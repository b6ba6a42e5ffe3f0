//! The attempts that one entry of a state makes: how many, and how long they take.

use crate::gate::Gate;
use crate::model::{ActionId, Handler, Retry, RuleKind, State};

/// The waits before all further attempts of a handler, in milliseconds: the k-th, from 0, is at most
/// min(first·2ᵏ, cap).
pub fn waits(retry: &Retry) -> Option<i64> {
    let Some((first, cap)) = retry.backoff_ms else {
        return Some(0);
    };
    let (mut total, mut wait, mut k) = (0_i64, first.min(cap), 0);
    while k < retry.count && wait < cap {
        total = total.checked_add(wait)?;
        wait = wait.saturating_mul(2).min(cap);
        // From zero no doubling leads anywhere.
        k = if wait == 0 { retry.count } else { k + 1 };
    }
    let rest = i64::try_from(retry.count - k.min(retry.count)).ok()?;
    total.checked_add(wait.checked_mul(rest)?)
}

/// How long it can take from the first attempt of an entry of a `do` state to the beginning of its
/// last one, in milliseconds, if nobody is late; none if somebody who has to approve may take for
/// ever.
pub fn spread(gate: &Gate<'_>, state: &State, action: ActionId) -> Option<i64> {
    let policy = gate.encoder.policy();
    let mut attempt = policy.action(action).timeout_ms;
    for firing in &gate.of(action)?.escalations {
        let rule = policy.rules.get(firing.rule.index())?;
        if let RuleKind::Escalate { within_ms, .. } = rule.kind {
            attempt = attempt.checked_add(within_ms?)?;
        }
    }
    let mut total = 0_i64;
    for retry in state.handlers.iter().filter_map(|h| h.retry) {
        let count = i64::try_from(retry.count).ok()?;
        total = total.checked_add(waits(&retry)?)?;
        total = total.checked_add(attempt.checked_mul(count)?)?;
    }
    Some(total)
}

/// The handlers of a state that try again.
pub fn retrying(state: &State) -> impl Iterator<Item = (&Handler, Retry)> {
    let handlers = state.handlers.iter();
    handlers.filter_map(|h| h.retry.map(|r| (h, r)))
}
