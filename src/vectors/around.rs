//! What a step is taken in: what is about to change, what became of calls, what is known of facts.

use super::world::World;
use crate::runtime::Doing;
use crate::runtime::session::Call;
use crate::table::format::Effect;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// The moments just before, at and after which something changes.
pub(super) fn moments(w: &World<'_>) -> Vec<i64> {
    let mut out: Vec<i64> = changes(w).into_iter().map(|(at, _)| at).collect();
    out.sort_unstable();
    out.dedup();
    out.into_iter()
        .flat_map(|at| [at - 1, at, at + 1])
        .filter(|at| *at >= w.now)
        .collect()
}

/// When something changes in the session that is stepped, and what, in words.
pub(super) fn changes(w: &World<'_>) -> Vec<(i64, String)> {
    let body = w.table.body();
    let mut out: Vec<(i64, String)> = Vec::new();
    if let Some(at) = w.deadline() {
        let state = w
            .session()
            .and_then(|s| s.run())
            .and_then(|r| r.levels.last())
            .map(|l| l.state);
        out.push((at, format!("deadline in {state:?}")));
    }
    // Sessions share counters, and so their windows.
    for (id, session) in &w.sessions {
        let own = *id == w.at;
        for call in session.calls() {
            for slot in &call.slots {
                let window = body.limits.get(slot.limit as usize).and_then(|l| l.per_ms);
                let what = format!("window of limit {}, own: {own}", slot.limit);
                out.extend(window.map(|ms| (slot.at.saturating_add(ms), what)));
            }
        }
    }
    let calls = w.session().map(|s| s.calls()).unwrap_or_default();
    for call in calls {
        let Some(action) = body.actions.get(call.action as usize) else {
            continue;
        };
        let due = call.at.saturating_add(action.timeout_ms);
        out.push((due, format!("timeout of {}", action.name)));
        if let Effect::Write {
            idempotent: Some(i),
            ..
        } = &action.effect
        {
            let what = format!("memory of {}", action.name);
            out.extend(i.for_ms.map(|ms| (call.at.saturating_add(ms), what)));
        }
        let known = match (&call.ended, call.settled) {
            (Some(ended), _) if ended.outcome == "ok" => Some(ended.at),
            (_, settled) => settled.map(|p| p.at),
        };
        for (i, fact) in body.facts.iter().enumerate() {
            if fact.source.action == call.action
                && let (Some(at), Some(ms)) = (known, fact.lifetime_ms)
            {
                out.push((at.saturating_add(ms), format!("lifetime of fact {i}")));
            }
        }
        if let (Some(ended), Some(ms)) = (
            &call.ended,
            action.confirm.as_ref().and_then(|c| c.after_ms),
        ) {
            let what = format!("delay of {}'s confirm", action.name);
            out.push((ended.at.saturating_add(ms), what.clone()));
            out.push((due.saturating_add(ms), what));
        }
    }
    out
}

/// How much a state has still to settle or to undo, in words.
pub(super) fn left(w: &World<'_>) -> Option<String> {
    let run = w.session()?.run()?;
    let level = run.levels.last()?;
    match &level.doing {
        Doing::Settle { left, .. } => Some(format!("{} to settle in {}", left.len(), level.state)),
        Doing::Unwind { left, .. } => Some(format!("{} to undo in {}", left.len(), level.state)),
        _ => None,
    }
}

/// Whether a call was made with a value that stands among these arguments too.
fn shares(call: &Call, args: &Map<String, Value>) -> bool {
    call.args.values().any(|v| args.values().any(|a| a == v))
}

/// What became of the latest call of each action that somebody asks about, in words.
pub(super) fn past(w: &World<'_>, args: &Map<String, Value>) -> Vec<String> {
    let histories = w.body().histories.iter();
    let entries = histories.flat_map(|h| &h.counted);
    let asked: BTreeSet<u32> = entries.map(|c| c.action).collect();
    let calls = w.session().map(|s| s.calls()).unwrap_or_default();
    let latest = |action: u32, like: bool| {
        let fits = |c: &&Call| c.action == action && c.is_root() && shares(c, args) == like;
        let call = calls.iter().rev().find(fits)?;
        Some(format!("{action} {:?}, of the same: {like}", call.fate))
    };
    let both = asked
        .iter()
        .flat_map(|&a| [latest(a, true), latest(a, false)]);
    both.flatten().collect()
}

/// What is known of the facts, and what may have made them forgotten, in words.
pub(super) fn facts(w: &World<'_>, args: &Map<String, Value>) -> Vec<String> {
    let body = w.table.body();
    let calls = w.session().map(|s| s.calls()).unwrap_or_default();
    let mut out = Vec::new();
    for (i, fact) in body.facts.iter().enumerate() {
        let source = |c: &&Call| c.action == fact.source.action && c.succeeded();
        let Some(reply) = calls.iter().rev().find(source) else {
            continue;
        };
        let seq = reply.ended.as_ref().map_or(0, |e| e.seq);
        let write = calls.iter().rev().find(|c| {
            let forgets = fact.forget.iter().any(|f| f.action == c.action);
            forgets && c.ended.as_ref().is_none_or(|e| e.seq > reply.seq)
        });
        let what = match write.map(|c| (c.action, &c.ended)) {
            None => "known".to_owned(),
            Some((action, None)) => format!("hidden by {action}"),
            Some((action, Some(ended))) => {
                let when = if ended.seq < seq {
                    "meanwhile"
                } else {
                    "after"
                };
                format!("{action} {} {when}", ended.outcome)
            }
        };
        let like = write.is_some_and(|c| shares(c, &reply.args));
        let asked = shares(reply, args);
        out.push(format!("fact {i} {what}, like: {like}, asked: {asked}"));
    }
    out
}
