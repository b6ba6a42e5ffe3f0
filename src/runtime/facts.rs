//! Facts: the latest successful reply with the same key, until a write forgets it or it lapses.
//!
//! Nothing is stored: a fact is read off the log. A reply counts from the moment it came. A write
//! that happened or may have happened forgets every reply to a call admitted before the write's
//! own reply came, since such a call may have been served before the write. A write in flight
//! hides what it may be about to forget.

use super::history;
use super::session::{Call, Ended, Fate, Point};
use super::situation::{CallScene, Situation};
use crate::table::eval;
use crate::table::format::{Body, Fact, FailureKind, Forget, Path};
use crate::table::scalar::later;
use serde_json::Value;

/// The fact's value for a key in the scope of the question.
pub(super) fn value<'a>(asked: &Situation<'a>, index: u32, keys: &[Path]) -> Option<&'a Value> {
    let body = asked.table.body();
    let fact = body.facts.get(index as usize)?;
    let key = eval::key(asked, keys);
    let as_of = asked.facts_as_of.unwrap_or(Point {
        at: asked.now,
        seq: u64::MAX,
    });
    let calls = &asked.session.calls;
    let latest = calls
        .iter()
        .filter_map(|call| known(call).map(|known| (call, known)))
        .filter(|(call, known)| {
            known.seq < as_of.seq && history::counted(asked.table, call, &fact.source, keys, &key)
        })
        .max_by_key(|(_, known)| known.seq);
    let (call, known) = latest?;
    let lapsed = fact
        .lifetime_ms
        .is_some_and(|ms| as_of.at >= later(known.at, ms));
    let forgotten = || {
        calls
            .iter()
            .any(|write| forgets(body, fact, write, call, as_of.seq))
    };
    if lapsed || forgotten() {
        return None;
    }
    call.result.as_ref()
}

/// When the call's reply became known, if it succeeded.
fn known(call: &Call) -> Option<Point> {
    match (&call.ended, call.settled) {
        (Some(ended), _) if ended.outcome == "ok" => Some(Point {
            at: ended.at,
            seq: ended.seq,
        }),
        (_, settled) if matches!(call.fate, Fate::Happened | Fate::Undone) => settled,
        _ => None,
    }
}

/// Whether a write forgets a reply, as seen at a point of the log.
fn forgets(body: &Body, fact: &Fact, write: &Call, reply: &Call, as_of: u64) -> bool {
    if write.seq >= as_of {
        return false;
    }
    let concerned = |forget: &&Forget| forget.action == write.action;
    let Some(forget) = fact.forget.iter().find(concerned) else {
        return false;
    };
    let after_reply = match &write.ended {
        Some(ended) if ended.seq < as_of => {
            may_have_happened(body, write, ended) && ended.seq > reply.seq
        }
        // In flight at that point.
        _ => true,
    };
    after_reply && concerns(body, fact, forget, write, reply)
}

/// Whether the call's own reply left it possible that something happened.
fn may_have_happened(body: &Body, write: &Call, ended: &Ended) -> bool {
    let action = body.actions.get(write.action as usize);
    let failure = action.and_then(|a| a.failures.iter().find(|f| f.name == ended.outcome));
    failure.is_none_or(|f| f.kind == FailureKind::Indeterminate)
}

/// Whether the paired values are equal. What is absent on either side doesn't narrow the write.
fn concerns(body: &Body, fact: &Fact, forget: &Forget, write: &Call, reply: &Call) -> bool {
    let (Some(action), Some(scene)) = (
        body.actions.get(write.action as usize),
        CallScene::of(body, reply),
    ) else {
        return true;
    };
    forget.pairs.iter().all(|&(part, param)| {
        let known = fact
            .source
            .keys
            .get(part as usize)
            .and_then(|path| eval::path(&scene, path));
        let written = action
            .params
            .get(param as usize)
            .and_then(|p| write.args.get(&p.wire));
        match (known, written) {
            (Some(known), Some(written)) => known == written,
            _ => true,
        }
    })
}
