//! Questions about this session's calls, answered from the log.

use super::session::{Call, Fate, Session};
use super::situation::{CallScene, Situation};
use crate::table::Table;
use crate::table::eval::{self, Scene};
use crate::table::format::{Asks, Body, Counted, Effect, Path, Root};
use serde_json::Value;

/// The answer to `body.histories[index]`: 0 or 1, or a count.
pub(super) fn answer(asked: &Situation<'_>, index: u32) -> i64 {
    let (table, session) = (asked.table, asked.session);
    let body = table.body();
    let Some(history) = body.histories.get(index as usize) else {
        return 0;
    };
    let keys = eval::key(asked, &history.keys);
    let counts = |call: &&Call| {
        let concerns = |c: &Counted| counted(table, call, c, &history.keys, &keys);
        speaks_of(body, session, history.asks, call) && history.counted.iter().any(concerns)
    };
    match history.asks {
        Asks::Done | Asks::Standing | Asks::Unsettled => {
            i64::from(session.calls.iter().any(|c| counts(&c)))
        }
        Asks::Calls | Asks::Effects => {
            let n = session.calls.iter().filter(counts).count();
            i64::try_from(n).unwrap_or(i64::MAX)
        }
    }
}

/// Whether the call is one of those that the question is about, keys and `where` aside.
pub(crate) fn speaks_of(body: &Body, session: &Session, asks: Asks, call: &Call) -> bool {
    match asks {
        Asks::Calls => true,
        Asks::Done => call.is_root() && matches!(call.fate, Fate::Happened | Fate::Undone),
        Asks::Standing => call.is_root() && call.fate == Fate::Happened && writes(body, call),
        Asks::Unsettled => call.is_root() && call.fate == Fate::Unsettled,
        Asks::Effects => call.is_root() && session.is_effect(call),
    }
}

fn writes(body: &Body, call: &Call) -> bool {
    let action = body.actions.get(call.action as usize);
    action.is_some_and(|a| matches!(a.effect, Effect::Write { .. }))
}

/// Whether a call is of the counted action, satisfies its `where` and has the key.
pub(super) fn counted(
    table: &Table,
    call: &Call,
    counted: &Counted,
    paths: &[Path],
    keys: &[Option<Value>],
) -> bool {
    if call.action != counted.action {
        return false;
    }
    let Some(scene) = CallScene::of(table.body(), call) else {
        return false;
    };
    counted
        .when
        .is_none_or(|when| table.index().holds(&scene, when))
        && same_key(&scene, &counted.keys, paths, keys)
}

/// Whether a call's key equals the one that is looked for. A parameter left out equals a parameter
/// left out; what is missing anywhere else equals nothing.
pub(super) fn same_key(
    call: &dyn Scene,
    theirs: &[Path],
    paths: &[Path],
    keys: &[Option<Value>],
) -> bool {
    let parts = theirs.iter().zip(paths).zip(keys);
    theirs.len() == keys.len()
        && parts
            .into_iter()
            .all(|((their, mine), key)| same_part(call, their, mine, key.as_ref()))
}

/// Like [`same_key`] for a call whose result isn't known: parts of the result are taken as equal.
pub(super) fn may_have_key(
    call: &dyn Scene,
    theirs: &[Path],
    paths: &[Path],
    keys: &[Option<Value>],
) -> bool {
    let parts = theirs.iter().zip(paths).zip(keys);
    theirs.len() == keys.len()
        && parts.into_iter().all(|((their, mine), key)| {
            matches!(their.root, Root::Result {}) || same_part(call, their, mine, key.as_ref())
        })
}

fn same_part(call: &dyn Scene, their: &Path, mine: &Path, key: Option<&Value>) -> bool {
    match (eval::path(call, their), key) {
        (Some(a), Some(b)) => a == b,
        (None, None) => is_parameter(their) && is_parameter(mine),
        _ => false,
    }
}

fn is_parameter(path: &Path) -> bool {
    path.fields.is_empty() && matches!(path.root, Root::Param { .. } | Root::Slot { .. })
}
