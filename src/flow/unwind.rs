//! What undoing makes of history: every way in which `unwind` can go.

use super::calls::{Ending, Repeat, one_less, own_effect, ways};
use super::graph::{How, Made};
use super::history::{Caps, History};
use crate::model::{ActionId, IntegrationId, Policy};
use rustc_hash::FxHashSet;
use std::collections::{BTreeMap, BTreeSet};

/// A way that `unwind` can go.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Unwound {
    pub history: History,
    /// The calls that undo.
    pub made: Vec<Made>,
    /// A write could not be undone.
    pub failed: bool,
}

/// More ways than this are told apart less finely.
const FINE_MAX: usize = 1_000;
/// More ways than this are told by what fails together, where nothing asks for more.
const COARSE_MAX: usize = 2_000;
/// The most ways.
const WAYS_MAX: usize = 100_000;

/// The ways that `unwind` of those actions can go; none if there are too many.
///
/// Where many writes are undone, calls that fail fail in one way all together: what becomes of history
/// is the same. Where there are still too many, it matters what is asked: if no condition, limit or
/// order asks for these writes or their undoing, then all that is said of them further on is said of
/// each by itself (what is left standing or in doubt at an end, what is owed, how long it takes). So it
/// is enough to let each of them fail alone, those that share an undo, those of one integration, and
/// all of them. Each such way is one that can be gone.
pub fn after_unwind(
    policy: &Policy,
    caps: &Caps,
    history: &History,
    actions: &[ActionId],
) -> Option<Vec<Unwound>> {
    let any = |_: ActionId, _: bool| true;
    let (fine, coarse) = at_least(policy, history, actions);
    if fine <= FINE_MAX
        && let Some(all) = unwinding(policy, caps, history, actions, false, FINE_MAX, &any)
    {
        return Some(all);
    }
    if !apart(policy, caps, actions) {
        if coarse > WAYS_MAX {
            return None;
        }
        return unwinding(policy, caps, history, actions, true, WAYS_MAX, &any);
    }
    if coarse <= COARSE_MAX
        && let Some(all) = unwinding(policy, caps, history, actions, true, COARSE_MAX, &any)
    {
        return Some(all);
    }
    let mut found = Vec::new();
    let mut seen = FxHashSet::default();
    for together in failing_together(policy, history, actions) {
        let as_told = |action: ActionId, fails: bool| together.contains(&action) == fails;
        for way in unwinding(policy, caps, history, actions, true, WAYS_MAX, &as_told)? {
            if seen.insert(way.clone()) {
                found.push(way);
            }
        }
    }
    Some(found)
}

/// How many ways there are at least: told apart finely, and less finely.
fn at_least(policy: &Policy, history: &History, actions: &[ActionId]) -> (usize, usize) {
    let (mut fine, mut coarse) = (1_usize, 1_usize);
    for (action, tries) in tries(policy, history, actions) {
        let by = policy.action(action).undo.as_ref().map(|u| u.action);
        let ways = by.map_or(1, |by| ways(policy, by).len());
        for _ in 0..tries {
            fine = fine.saturating_mul(ways + 1);
            coarse = coarse.saturating_mul(2);
        }
    }
    (fine, coarse)
}

/// The actions with the number of their writes that are tried to undo.
fn tries<'a>(
    policy: &'a Policy,
    history: &'a History,
    actions: &'a [ActionId],
) -> impl Iterator<Item = (ActionId, u8)> + 'a {
    actions.iter().map(|action| {
        let of = history.of(*action);
        let undo = policy.action(*action).undo.as_ref();
        let tolerant = undo.is_some_and(|u| u.tolerant);
        let doubtful = if tolerant { of.unsettled } else { 0 };
        (*action, of.standing.saturating_add(doubtful))
    })
}

/// Whether nothing asks for several of these writes at once, or for their undoing.
fn apart(policy: &Policy, caps: &Caps, actions: &[ActionId]) -> bool {
    actions.iter().all(|action| {
        let undo = policy.action(*action).undo.as_ref();
        !caps.questioned(*action) && undo.is_none_or(|u| !caps.questioned(u.action))
    })
}

/// The sets of actions that are let fail together.
fn failing_together(
    policy: &Policy,
    history: &History,
    actions: &[ActionId],
) -> BTreeSet<BTreeSet<ActionId>> {
    let tried = tries(policy, history, actions).filter(|(_, n)| *n > 0);
    let tried: BTreeSet<ActionId> = tried.map(|(a, _)| a).collect();
    let mut by_undo: BTreeMap<Option<ActionId>, BTreeSet<ActionId>> = BTreeMap::new();
    let mut by_integration: BTreeMap<Option<IntegrationId>, BTreeSet<ActionId>> = BTreeMap::new();
    for action in &tried {
        let undo = policy.action(*action).undo.as_ref().map(|u| u.action);
        let integration = undo.map(|by| policy.action(by).integration);
        by_undo.entry(undo).or_default().insert(*action);
        by_integration
            .entry(integration)
            .or_default()
            .insert(*action);
    }
    let mut all: BTreeSet<BTreeSet<ActionId>> = BTreeSet::from([BTreeSet::new()]);
    all.extend(tried.iter().map(|a| BTreeSet::from([*a])));
    all.extend(by_undo.into_values());
    all.extend(by_integration.into_values());
    all.insert(tried);
    all
}

fn unwinding(
    policy: &Policy,
    caps: &Caps,
    history: &History,
    actions: &[ActionId],
    coarse: bool,
    most: usize,
    takes: &dyn Fn(ActionId, bool) -> bool,
) -> Option<Vec<Unwound>> {
    let mut all = vec![Unwound {
        history: history.clone(),
        made: Vec::new(),
        failed: false,
    }];
    for (action, tries) in tries(policy, history, actions) {
        let Some(undo) = &policy.action(action).undo else {
            continue;
        };
        // What may not have happened can be undone only by a tolerant undo.
        let hopeless = history.of(action).unsettled > 0 && !undo.tolerant;
        for _ in 0..tries {
            let (mut next, mut seen) = (Vec::new(), FxHashSet::default());
            for before in &all {
                for after in undo_one(policy, caps, before, action, coarse) {
                    let fails = after.made.last().is_some_and(|m| m.how != How::Ok);
                    if takes(action, fails) && seen.insert(after.clone()) {
                        next.push(after);
                    }
                }
            }
            all = next;
            if all.len() > most {
                return None;
            }
        }
        for way in &mut all {
            way.failed |= hopeless;
        }
    }
    Some(all)
}

/// The ways that undoing one write can go.
fn undo_one(
    policy: &Policy,
    caps: &Caps,
    before: &Unwound,
    action: ActionId,
    coarse: bool,
) -> Vec<Unwound> {
    let Some(undo) = &policy.action(action).undo else {
        return vec![Unwound {
            failed: true,
            ..before.clone()
        }];
    };
    let by = undo.action;
    let with = |history: History, how: How, failed: bool| Unwound {
        history,
        made: [before.made.as_slice(), &[Made { action: by, how }]].concat(),
        failed,
    };
    // While an undo is in doubt, only its own repeat is let through.
    let in_doubt = policy.action(by).tracked() && before.history.of(by).unsettled > 0;
    let repeat = if in_doubt {
        Repeat::Sure
    } else {
        Repeat::Maybe
    };
    let earlier = before.made.iter().find(|m| m.how != How::Ok);
    let fits = |how: How| match earlier {
        Some(m) if coarse && how != How::Ok => {
            way_name(policy, by, how) == way_name(policy, m.action, m.how)
        }
        _ => true,
    };
    // The undo was refused.
    let mut all = Vec::new();
    if fits(How::Refused) {
        all.push(with(before.history.clone(), How::Refused, true));
    }
    for (how, ending) in ways(policy, by) {
        if !fits(how) {
            continue;
        }
        for called in own_effect(policy, caps, &before.history, by, ending, repeat) {
            if ending == Ending::Done {
                for history in one_less(caps, &called, action, undo.tolerant) {
                    all.push(with(history, how, before.failed));
                }
            } else {
                all.push(with(called, how, true));
            }
        }
    }
    all
}

/// What a way in which a call comes out is called; a failure by its name.
fn way_name(policy: &Policy, action: ActionId, how: How) -> &str {
    match how {
        How::Ok => "ok",
        How::Timeout => "timeout",
        How::Malformed => "malformed",
        How::Refused => "refused",
        How::Failure(i) => {
            let failures = &policy.action(action).failures;
            failures.get(i as usize).map_or("", |f| f.name.as_str())
        }
    }
}
