//! What each way a call can end makes of history. The words are those of the runtime's protocol.

use super::graph::{How, Made};
use super::history::{Caps, History};
use crate::model::{ActionId, Confirm, ConfirmLine, Effect, OutcomeKind, Policy};
use crate::syntax::tree::FailureKind;
use rustc_hash::FxHashSet;

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

/// Whether a call repeats an earlier one, so that they have one effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat {
    No,
    Maybe,
    /// It repeats a call in doubt.
    Sure,
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

/// All ways in which an admitted call of the action can come out, with what they mean.
pub fn ways(policy: &Policy, action: ActionId) -> Vec<(How, Ending)> {
    let failures = policy.action(action).failures.len();
    let failures = (0..u32::try_from(failures).unwrap_or(u32::MAX)).map(OutcomeKind::Failure);
    [
        OutcomeKind::Ok,
        OutcomeKind::Timeout,
        OutcomeKind::Malformed,
    ]
    .into_iter()
    .chain(failures)
    .filter_map(|kind| Some((How::of(kind)?, ending(policy, action, kind)?)))
    .collect()
}

/// Whether a call of the action may undo or confirm another one.
pub fn concerns_others(policy: &Policy, action: ActionId) -> bool {
    policy.actions.iter().any(|a| {
        a.undo.as_ref().is_some_and(|u| u.action == action)
            || a.confirm.as_ref().is_some_and(|c| c.action == action)
    })
}

/// The writes that a call is surely about, by its arguments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Meant {
    /// If it succeeds, it undoes the only call of that action that can be undone.
    pub undoes: Option<ActionId>,
    /// It asks about the only call of that action that is in doubt.
    pub confirms: Option<ActionId>,
}

/// The histories that an admitted call of `action` that has come out so can lead to.
pub fn after_call(
    policy: &Policy,
    caps: &Caps,
    history: &History,
    (action, how): (ActionId, How),
    ending: Ending,
    repeat: Repeat,
    meant: Meant,
) -> Vec<History> {
    let mut all = Vec::new();
    for next in own_effect(policy, caps, history, action, ending, repeat) {
        let told = told_of_others(policy, caps, next, (action, how), ending, meant);
        add_all(&mut all, told);
    }
    all
}

fn add(all: &mut Vec<History>, history: History) {
    if !all.contains(&history) {
        all.push(history);
    }
}

fn add_all(all: &mut Vec<History>, more: Vec<History>) {
    more.into_iter().for_each(|h| add(all, h));
}

/// What becomes of the effect of the call itself.
pub(super) fn own_effect(
    policy: &Policy,
    caps: &Caps,
    history: &History,
    action: ActionId,
    ending: Ending,
    repeat: Repeat,
) -> Vec<History> {
    let (writes, expendable) = match policy.action(action).effect {
        Effect::Read => (false, false),
        Effect::Write { expendable, .. } => (true, expendable),
    };
    let called = history.with(caps, action, |c| {
        c.calls = c.calls.saturating_add(1);
        c.done |= ending == Ending::Done;
    });
    let of = history.of(action);
    let mut all = Vec::new();
    if writes && repeat != Repeat::No {
        // One attempt in which nothing happened, or in doubt, says nothing about an earlier one.
        let tells = ending == Ending::Done;
        if of.unsettled > 0 {
            all.push(called.with(caps, action, |c| {
                if tells {
                    c.unsettled -= 1;
                    c.stands();
                }
            }));
        }
        if of.doubtful > 0 {
            all.push(called.with(caps, action, |c| {
                if tells {
                    c.doubtful -= 1;
                    c.stands();
                }
            }));
        }
        let in_doubt = of.unsettled > 0 || of.doubtful > 0;
        if of.standing > 0 && !(repeat == Repeat::Sure && in_doubt) {
            add(&mut all, called.clone());
        }
    }
    if all.is_empty() || repeat != Repeat::Sure {
        add(
            &mut all,
            called.with(caps, action, |c| match ending {
                Ending::Done if writes => c.stands(),
                Ending::Clean if writes => c.latest_stands = false,
                Ending::Doubt if writes && expendable => {
                    c.doubtful = c.doubtful.saturating_add(1);
                    c.latest_stands = false;
                }
                Ending::Doubt if writes => {
                    c.unsettled = c.unsettled.saturating_add(1);
                    c.latest_stands = false;
                }
                _ => {}
            }),
        );
    }
    all
}

/// The call may have been the undo, or the confirmation, of a write before it.
fn told_of_others(
    policy: &Policy,
    caps: &Caps,
    history: History,
    (action, how): (ActionId, How),
    ending: Ending,
    meant: Meant,
) -> Vec<History> {
    let mut all = vec![history];
    if ending == Ending::Done {
        all = match meant.undoes {
            Some(write) => surely_undone(policy, caps, all, write),
            None => undone_by(policy, caps, all, action),
        };
    }
    for (id, other) in actions(policy) {
        let Some(confirm) = other.confirm.as_ref().filter(|c| c.action == action) else {
            continue;
        };
        let lines: Vec<&ConfirmLine> = confirm
            .lines
            .iter()
            .filter(|l| line_on(policy, action, l) == Some(how))
            .collect();
        let tells = |happened: bool| lines.iter().any(|l| l.happened == happened);
        let surely = meant.confirms == Some(id) && covered(confirm, &lines);
        let mut next = Vec::new();
        for h in all {
            let in_doubt = h.of(id).unsettled > 0;
            if in_doubt && tells(false) {
                add(&mut next, h.with(caps, id, |c| c.unsettled -= 1));
            }
            if in_doubt && tells(true) {
                let happened = h.with(caps, id, happened);
                add_all(&mut next, undone_by(policy, caps, vec![happened], id));
            }
            if !(in_doubt && surely) {
                add(&mut next, h);
            }
        }
        all = next;
    }
    all
}

/// Whether every reply that those lines are about tells: one without a condition does, unless it
/// comes too early to say `absent` for sure.
fn covered(confirm: &Confirm, lines: &[&ConfirmLine]) -> bool {
    let surely = |l: &&ConfirmLine| l.when.is_none() && (l.happened || confirm.after_ms.is_none());
    lines.iter().any(surely)
}

fn surely_undone(policy: &Policy, caps: &Caps, all: Vec<History>, write: ActionId) -> Vec<History> {
    let tolerant = policy
        .action(write)
        .undo
        .as_ref()
        .is_some_and(|u| u.tolerant);
    let mut next = Vec::new();
    for h in all {
        let without = without_one(caps, &h, write, tolerant);
        if without.is_empty() {
            add(&mut next, h);
        } else {
            add_all(&mut next, without);
        }
    }
    next
}

/// A write in doubt turns out to have happened.
fn happened(c: &mut super::history::Calls) {
    c.unsettled = c.unsettled.saturating_sub(1);
    c.done = true;
    c.stands();
}

fn actions(policy: &Policy) -> impl Iterator<Item = (ActionId, &crate::model::Action)> {
    (0..).zip(&policy.actions).map(|(i, a)| (ActionId(i), a))
}

/// The same histories, and those in which a success of `action` has undone a write.
fn undone_by(
    policy: &Policy,
    caps: &Caps,
    mut all: Vec<History>,
    action: ActionId,
) -> Vec<History> {
    for (id, other) in actions(policy) {
        let Some(undo) = other.undo.as_ref().filter(|u| u.action == action) else {
            continue;
        };
        let mut more = Vec::new();
        for h in &all {
            more.extend(without_one(caps, h, id, undo.tolerant));
        }
        add_all(&mut all, more);
    }
    all
}

/// The histories in which one write less stands, or is in doubt if its undo is tolerant.
fn without_one(caps: &Caps, h: &History, action: ActionId, tolerant: bool) -> Vec<History> {
    let mut all = one_less(caps, h, action, tolerant);
    // Of more than are counted, as many may be left.
    let standing = h.of(action).standing;
    if standing > 0 && caps.many(action, standing) {
        all.push(h.with(caps, action, |c| {
            c.latest_stands = false;
            c.undone = true;
        }));
    }
    all
}

/// The same, where those beyond counting don't matter.
pub(super) fn one_less(caps: &Caps, h: &History, action: ActionId, tolerant: bool) -> Vec<History> {
    let of = h.of(action);
    let mut all = Vec::new();
    if of.standing > 0 {
        all.push(h.with(caps, action, |c| {
            c.standing -= 1;
            c.latest_stands = false;
            c.undone = true;
        }));
    }
    if of.unsettled > 0 && tolerant {
        all.push(h.with(caps, action, |c| c.unsettled -= 1));
    }
    if of.doubtful > 0 && tolerant {
        all.push(h.with(caps, action, |c| c.doubtful -= 1));
    }
    all
}

/// A way that `settle` can go.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Settled {
    pub history: History,
    /// The calls that asked.
    pub made: Vec<Made>,
    /// A call was found to have happened.
    pub happened: bool,
    /// A call has stayed in doubt.
    pub unknown: bool,
}

impl Settled {
    /// The outcome that this is: unknown wins, then happened.
    pub fn outcome(&self) -> OutcomeKind {
        match (self.unknown, self.happened) {
            (true, _) => OutcomeKind::Unknown,
            (false, true) => OutcomeKind::Happened,
            (false, false) => OutcomeKind::Absent,
        }
    }
}

/// The most ways in which one step may come out.
const WAYS_MAX: usize = 100_000;

/// The ways that `settle` can go; none if there are too many.
pub fn after_settle(
    policy: &Policy,
    caps: &Caps,
    history: &History,
    action: ActionId,
) -> Option<Vec<Settled>> {
    let of = history.of(action);
    let way = |history: History, happened, unknown| Settled {
        history,
        made: Vec::new(),
        happened,
        unknown,
    };
    if of.unsettled == 0 {
        // What is known of the latest call is the answer.
        let mut all = Vec::new();
        if of.standing > 0 {
            all.push(way(history.clone(), true, false));
        }
        if !of.latest_stands {
            all.push(way(history.clone(), false, false));
        }
        return Some(all);
    }
    let mut all = vec![way(history.clone(), false, false)];
    for _ in 0..of.unsettled {
        let (mut next, mut seen) = (Vec::new(), FxHashSet::default());
        for before in &all {
            for after in settle_one(policy, caps, before, action) {
                if seen.insert(after.clone()) {
                    next.push(after);
                }
            }
        }
        all = next;
        if all.len() > WAYS_MAX {
            return None;
        }
    }
    Some(all)
}

/// The ways that asking about one call in doubt can go.
fn settle_one(policy: &Policy, caps: &Caps, before: &Settled, action: ActionId) -> Vec<Settled> {
    let Some(confirm) = &policy.action(action).confirm else {
        return vec![Settled {
            unknown: true,
            ..before.clone()
        }];
    };
    let by = confirm.action;
    let with = |history: History, how: How| Settled {
        history,
        made: [before.made.as_slice(), &[Made { action: by, how }]].concat(),
        ..before.clone()
    };
    // Nobody could be asked.
    let mut all = vec![Settled {
        unknown: true,
        ..with(before.history.clone(), How::Refused)
    }];
    for (how, ending) in ways(policy, by) {
        let lines: Vec<&ConfirmLine> = confirm
            .lines
            .iter()
            .filter(|l| line_on(policy, by, l) == Some(how))
            .collect();
        let covered = covered(confirm, &lines);
        for asked in own_effect(policy, caps, &before.history, by, ending, Repeat::Maybe) {
            if !covered {
                all.push(Settled {
                    unknown: true,
                    ..with(asked.clone(), how)
                });
            }
            for line in &lines {
                let told = if line.happened {
                    undone_by(
                        policy,
                        caps,
                        vec![asked.with(caps, action, happened)],
                        action,
                    )
                } else {
                    vec![asked.with(caps, action, |c| {
                        c.unsettled = c.unsettled.saturating_sub(1);
                    })]
                };
                all.extend(told.into_iter().map(|history| Settled {
                    happened: before.happened || line.happened,
                    ..with(history, how)
                }));
            }
        }
    }
    all
}

/// The way of the confirming call that a line is about.
fn line_on(policy: &Policy, by: ActionId, line: &ConfirmLine) -> Option<How> {
    if line.on == "ok" {
        return Some(How::Ok);
    }
    let failures = &policy.action(by).failures;
    let at = failures.iter().position(|f| f.name == line.on)?;
    Some(How::Failure(u32::try_from(at).ok()?))
}
