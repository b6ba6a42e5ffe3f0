//! What each way a call can end makes of history. The words are those of the runtime's protocol.

use super::history::{Caps, History};
use crate::model::{ActionId, Effect, OutcomeKind, Policy};
use crate::syntax::tree::FailureKind;

/// How a call ended, as far as history goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It succeeded.
    Done,
    /// Nothing happened.
    Clean,
    /// It may have happened.
    Doubt,
}

/// The ending that an outcome of a call means for an action.
pub fn ending(policy: &Policy, action: ActionId, outcome: OutcomeKind) -> Option<Ending> {
    let action = policy.action(action);
    Some(match outcome {
        OutcomeKind::Ok => Ending::Done,
        OutcomeKind::Timeout | OutcomeKind::Malformed => Ending::Doubt,
        OutcomeKind::Failure(i) => match action.failures.get(i as usize)?.kind {
            FailureKind::Permanent | FailureKind::Transient => Ending::Clean,
            FailureKind::Indeterminate => Ending::Doubt,
        },
        _ => return None,
    })
}

/// The histories that a call of `action` with that ending can lead to. `repeats`: it repeats an
/// idempotent call of this very entry that is in doubt.
pub fn after_call(
    policy: &Policy,
    caps: &Caps,
    history: &History,
    action: ActionId,
    ending: Ending,
    repeats: bool,
) -> Vec<History> {
    let def = policy.action(action);
    let (writes, expendable) = match def.effect {
        Effect::Read => (false, false),
        Effect::Write { expendable, .. } => (true, expendable),
    };
    let next = history.with(caps, action, |c| {
        c.calls = c.calls.saturating_add(1);
        match ending {
            Ending::Done => {
                c.done = true;
                if writes {
                    if repeats {
                        c.unsettled = c.unsettled.saturating_sub(1);
                    }
                    c.standing = c.standing.saturating_add(1);
                }
            }
            Ending::Clean => {}
            Ending::Doubt if writes && expendable => c.doubtful = c.doubtful.saturating_add(1),
            Ending::Doubt if writes && !repeats => c.unsettled = c.unsettled.saturating_add(1),
            Ending::Doubt => {}
        }
    });
    let mut all = vec![next];
    // The call may have been the undo, or the confirmation, of a write before it.
    for (index, other) in policy.actions.iter().enumerate() {
        let id = ActionId(u32::try_from(index).unwrap_or(u32::MAX));
        let undoes =
            ending == Ending::Done && other.undo.as_ref().is_some_and(|u| u.action == action);
        let confirms =
            ending != Ending::Doubt && other.confirm.as_ref().is_some_and(|c| c.action == action);
        let mut more = Vec::new();
        for h in &all {
            let of = h.of(id);
            if undoes && of.standing > 0 {
                more.push(h.with(caps, id, |c| c.standing -= 1));
            }
            if undoes && of.unsettled > 0 && other.undo.as_ref().is_some_and(|u| u.tolerant) {
                more.push(h.with(caps, id, |c| c.unsettled -= 1));
            }
            if confirms && of.unsettled > 0 {
                more.push(h.with(caps, id, |c| c.unsettled -= 1));
                more.push(h.with(caps, id, |c| {
                    c.unsettled -= 1;
                    c.standing = c.standing.saturating_add(1);
                    c.done = true;
                }));
            }
        }
        for h in more {
            if !all.contains(&h) {
                all.push(h);
            }
        }
    }
    all
}

/// The histories after `settle` with that outcome; empty if the outcome is impossible.
pub fn after_settle(
    policy: &Policy,
    caps: &Caps,
    history: &History,
    action: ActionId,
    outcome: OutcomeKind,
) -> Vec<History> {
    let of = history.of(action);
    let confirm = policy.action(action).confirm.as_ref();
    let can =
        |happened: bool| confirm.is_some_and(|c| c.lines.iter().any(|l| l.happened == happened));
    if of.unsettled == 0 {
        let fits = match outcome {
            OutcomeKind::Happened => of.standing > 0,
            OutcomeKind::Absent => of.standing == 0,
            _ => false,
        };
        return if fits {
            vec![history.clone()]
        } else {
            Vec::new()
        };
    }
    match outcome {
        OutcomeKind::Happened if can(true) => (1..=of.unsettled)
            .map(|n| {
                history.with(caps, action, |c| {
                    c.unsettled = 0;
                    c.standing = c.standing.saturating_add(n);
                    c.done = true;
                })
            })
            .collect(),
        OutcomeKind::Absent if can(false) => vec![history.with(caps, action, |c| c.unsettled = 0)],
        OutcomeKind::Unknown => {
            let mut all = vec![history.clone()];
            for left in 1..of.unsettled {
                for happened in 0..=(of.unsettled - left) {
                    if happened > 0 && !can(true) {
                        continue;
                    }
                    all.push(history.with(caps, action, |c| {
                        c.unsettled = left;
                        c.standing = c.standing.saturating_add(happened);
                        c.done |= happened > 0;
                    }));
                }
            }
            all
        }
        _ => Vec::new(),
    }
}

/// The histories after `unwind` of those actions; empty if the outcome is impossible.
pub fn after_unwind(
    policy: &Policy,
    caps: &Caps,
    history: &History,
    actions: &[ActionId],
    outcome: OutcomeKind,
) -> Vec<History> {
    let left = |h: &History| {
        actions
            .iter()
            .any(|a| h.of(*a).standing > 0 || h.of(*a).unsettled > 0)
    };
    let undone = |h: &History| {
        let mut h = h.clone();
        for action in actions {
            let undo = policy.action(*action).undo.as_ref();
            let of = h.of(*action);
            if of.standing > 0 || of.unsettled > 0 {
                let tolerant = undo.is_some_and(|u| u.tolerant);
                h = h.with(caps, *action, |c| {
                    c.standing = 0;
                    if tolerant {
                        c.unsettled = 0;
                    }
                });
                if let Some(u) = undo {
                    h = h.with(caps, u.action, |c| {
                        c.calls = c.calls.saturating_add(1);
                        c.standing = c.standing.saturating_add(1);
                        c.done = true;
                    });
                }
            }
        }
        h
    };
    match outcome {
        OutcomeKind::Clean => {
            let clean = undone(history);
            if left(&clean) {
                Vec::new()
            } else {
                vec![clean]
            }
        }
        OutcomeKind::Stuck if left(history) => {
            // Any part of it may be left; an undo that is tracked may itself be in doubt.
            let mut all = vec![history.clone()];
            for action in actions {
                let of = history.of(*action);
                if of.standing == 0 && of.unsettled == 0 {
                    continue;
                }
                if let Some(u) = policy.action(*action).undo.as_ref()
                    && policy.action(u.action).tracked()
                {
                    all.push(history.with(caps, u.action, |c| {
                        c.calls = c.calls.saturating_add(1);
                        c.unsettled = c.unsettled.saturating_add(1);
                    }));
                }
                let partly = history.with(caps, *action, |c| c.standing = 0);
                if left(&partly) && !all.contains(&partly) {
                    all.push(partly);
                }
            }
            all
        }
        _ => Vec::new(),
    }
}
