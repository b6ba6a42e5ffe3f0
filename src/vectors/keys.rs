//! Where one part of a key decides: calls with another value there would count, and aren't to.

use super::explore::Search;
use super::values::Draw;
use super::world::World;
use crate::runtime::Request;
use crate::runtime::history::speaks_of;
use crate::runtime::session::{Call, Session};
use crate::runtime::situation::CallScene;
use crate::table::eval;
use crate::table::format::{Action, Counted, Path, Root};
use crate::table::value::{Unknown, normalise_fields};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// How many proposals are made for each patience.
const STEPS_FOR_PATIENCE: usize = 10;
/// How many values are tried in the place of one.
const DRAWS: usize = 6;

impl<'t> Search<'t> {
    /// In all these worlds the proposals that were admitted before, each with another value in one
    /// place, where a key makes a difference.
    pub(super) fn others(&mut self, worlds: &[World<'t>]) {
        let proposals = self.changed();
        let mut budget = self.patience.saturating_mul(STEPS_FOR_PATIENCE);
        let mut seen = BTreeSet::new();
        for w in worlds {
            // Each is shown once with something open, and once without.
            let open = !w.open().is_empty();
            for (action, args, inputs) in &proposals {
                for what in decisive(w, action, args) {
                    let what = format!("{what}, as {} is proposed, open: {open}", action.name);
                    if budget == 0 || !seen.insert(what.clone()) {
                        continue;
                    }
                    budget -= 1;
                    let mut w = w.clone();
                    w.inputs.clone_from(inputs);
                    let request = Request::Propose {
                        action: action.name.clone(),
                        args: args.clone().into(),
                    };
                    if self.step(&mut w, request).is_some() || !w.steps.is_empty() {
                        self.cases.push(w.case(what));
                    }
                }
            }
        }
    }

    /// Admitted proposals with another valid value in one place, of actions that keys are asked about.
    fn changed(&mut self) -> Vec<(&'t Action, Map<String, Value>, Map<String, Value>)> {
        let body = self.table.body();
        let asked = body.histories.iter().any(|h| !h.keys.is_empty());
        let mut rng = self.rng.clone();
        let draw = Draw {
            body,
            pools: &self.pools,
            seen: &[],
        };
        let mut out = Vec::new();
        for (action, admitted) in body.actions.iter().zip(&self.admitted) {
            if !asked && action.limits.iter().all(|l| l.keys.is_empty()) {
                continue;
            }
            for was in admitted {
                for (place, param) in action.params.iter().enumerate() {
                    let root = format!("param{place}");
                    let values = (0..DRAWS).map(|_| draw.value(&mut rng, &param.ty, &root, &[], 0));
                    for value in values.flatten().collect::<Vec<_>>() {
                        let mut args = was.args.clone();
                        args.insert(param.wire.clone(), value);
                        let fits = normalise_fields(body, &action.params, &args, Unknown::Refuse);
                        if args != was.args && fits.is_ok() {
                            out.push((action, args, was.inputs.clone()));
                        }
                    }
                }
            }
        }
        self.rng = rng;
        out
    }
}

/// The limits and questions about which the proposal and the calls so far differ by one part of a key, in
/// words.
pub(super) fn decisive(w: &World<'_>, action: &Action, args: &Map<String, Value>) -> Vec<String> {
    let body = w.body();
    let Some(session) = w.session() else {
        return Vec::new();
    };
    let scene = CallScene {
        action,
        args,
        result: None,
    };
    let mut out = Vec::new();
    for usage in &action.limits {
        let Some(limit) = body.limits.get(usage.limit as usize) else {
            continue;
        };
        if limit.per_ms.is_some() {
            continue;
        }
        let keys = eval::key(&scene, &usage.keys);
        let counts = |call: &Call| !limit.effects || call.is_root() && session.is_effect(call);
        let all = calls(w, session, &limit.counted, &keys, counts);
        let (same, but_for) = tally(&all, keys.len());
        out.extend((0..).zip(but_for).filter_map(|(part, n)| {
            let decides = same < limit.count && same + n >= limit.count;
            decides.then(|| format!("limit {} hangs on part {part} of its key", usage.limit))
        }));
    }
    for (index, history) in body.histories.iter().enumerate() {
        let proposed = |path: &Path| matches!(path.root, Root::Param { .. });
        if history.keys.is_empty() || !history.keys.iter().all(proposed) {
            continue;
        }
        let keys = eval::key(&scene, &history.keys);
        let speaks = |call: &Call| speaks_of(body, session, history.asks, call);
        let all = calls(w, session, &history.counted, &keys, speaks);
        let (same, but_for) = tally(&all, keys.len());
        out.extend((0..).zip(but_for).filter_map(|(part, n)| {
            let decides = same == 0 && n > 0;
            decides.then(|| format!("question {index} hangs on part {part} of its key"))
        }));
    }
    out
}

/// For each call that is counted, which parts of its key are those that are looked for.
fn calls(
    w: &World<'_>,
    session: &Session,
    counted: &[Counted],
    keys: &[Option<Value>],
    counts: impl Fn(&Call) -> bool,
) -> Vec<Vec<bool>> {
    let mut out = Vec::new();
    for call in session.calls().iter().filter(|call| counts(call)) {
        let entry = counted.iter().find(|c| c.action == call.action);
        if let (Some(entry), Some(scene)) = (entry, CallScene::of(w.body(), call)) {
            let theirs = eval::key(&scene, &entry.keys);
            out.push(theirs.iter().zip(keys).map(|(a, b)| a == b).collect());
        }
    }
    out
}

/// How many have the whole key, and how many all of it but each part.
fn tally(calls: &[Vec<bool>], parts: usize) -> (u64, Vec<u64>) {
    let same = calls.iter().filter(|c| c.iter().all(|same| *same)).count();
    let but_for = (0..parts).map(|part| {
        let only = |c: &&Vec<bool>| c.iter().enumerate().all(|(i, same)| *same != (i == part));
        calls.iter().filter(only).count() as u64
    });
    (same as u64, but_for.collect())
}
