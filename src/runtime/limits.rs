//! Limits: per session from the log, per window from the counter store.

use super::counters::{NEVER, Want};
use super::engine::{Engine, digest, get};
use super::fault::Refusable;
use super::history;
use super::session::{Call, TakenSlot};
use super::situation::CallScene;
use super::verdict::{Again, Decision, Verdict};
use crate::table::Table;
use crate::table::eval;
use crate::table::format::{Action, Counted, Limit, LimitUse};
use crate::table::scalar::NUMBER_MAX;
use crate::words;
use serde_json::{Map, Value};

/// What consulting the limits came to.
pub(super) enum Used {
    /// One is used up.
    Up(Decision),
    /// None is; the slots that were taken, if any were to be.
    Free(Vec<TakenSlot>),
}

/// A limit that concerns the proposal, with the key that it is counted under.
struct Concerned<'a> {
    index: u32,
    limit: &'a Limit,
    keys: Vec<Option<Value>>,
    usage: &'a LimitUse,
}

impl Engine<'_> {
    /// Consults all limits of an action. Takes their shared slots, all or none, if asked to.
    ///
    /// A limit of the session is reported before a shared one, since waiting doesn't help against
    /// it; among shared ones the one with the longest wait, so that the wait given is enough.
    pub(super) fn consult_limits(
        &mut self,
        action: &Action,
        args: &Map<String, Value>,
        repeats: bool,
        take: bool,
    ) -> Refusable<Used> {
        let concerned = concerned(self.table, action, args, repeats)?;
        for c in &concerned {
            if c.limit.per_ms.is_none() && self.counted_here(c) >= c.limit.count {
                return Ok(Used::Up(self.used_up(c.limit, None)?));
            }
        }
        let mut shared = Vec::new();
        let mut wants = Vec::new();
        for c in &concerned {
            if let Some(window_ms) = c.limit.per_ms {
                wants.push(Want {
                    key: self.counter_key(c)?,
                    count: c.limit.count,
                    window_ms,
                });
                shared.push(c);
            }
        }
        let free_at = if take {
            self.ledger.take(wants.clone())?
        } else {
            self.ledger.peek(wants.clone())?
        };
        let longest = free_at
            .iter()
            .zip(&shared)
            .filter_map(|(at, c)| at.map(|at| (at, c)))
            .reduce(|a, b| if b.0 > a.0 { b } else { a });
        if let Some((at, c)) = longest {
            return Ok(Used::Up(self.used_up(c.limit, Some(at))?));
        }
        let slots = shared.iter().zip(wants).map(|(c, want)| TakenSlot {
            limit: c.index,
            key: want.key,
            at: self.now,
        });
        Ok(Used::Free(slots.collect()))
    }

    /// How many calls of this session count against a limit.
    fn counted_here(&self, c: &Concerned<'_>) -> u64 {
        let counts = |call: &&Call| {
            let kind = !c.limit.effects || (call.is_root() && self.s.is_effect(call));
            kind && c
                .limit
                .counted
                .iter()
                .any(|counted| self.counts(c, counted, call))
        };
        self.s.calls.iter().filter(counts).count() as u64
    }

    /// Whether a call counts. While its result isn't known, what the limit asks of the result is
    /// taken as given: a limit is never exceeded for lack of an answer.
    fn counts(&self, c: &Concerned<'_>, counted: &Counted, call: &Call) -> bool {
        if call.action != counted.action {
            return false;
        }
        if call.result.is_some() {
            return history::counted(self.table, call, counted, &c.usage.keys, &c.keys);
        }
        let Some(scene) = CallScene::of(self.body, call) else {
            return false;
        };
        let usage = scene.action.limits.iter().find(|u| u.limit == c.index);
        let taken_in = usage
            .and_then(|u| u.when)
            .is_none_or(|when| self.table.index().holds(&scene, when));
        taken_in && history::may_have_key(&scene, &counted.keys, &c.usage.keys, &c.keys)
    }

    /// The name of a shared counter. Key values are digested: the store learns no personal data.
    fn counter_key(&self, c: &Concerned<'_>) -> Refusable<String> {
        let rule = &get(&self.body.rules, c.limit.rule, "rule")?.name;
        let policy = &self.body.policy;
        Ok(counter(&format!("{policy}/limit/{rule}"), &c.keys))
    }

    fn used_up(&self, limit: &Limit, free_at: Option<i64>) -> Refusable<Decision> {
        let rule = get(&self.body.rules, limit.rule, "rule")?;
        let what = match (limit.effects, limit.count) {
            (true, 1) => "effect",
            (true, _) => "effects",
            (false, 1) => "call",
            (false, _) => "calls",
        };
        let per = match limit.per_ms {
            Some(ms) => words::duration(ms),
            None => "session".to_owned(),
        };
        let because = match &rule.because {
            Some(because) => format!(": {because}"),
            None => String::new(),
        };
        let again = match free_at {
            Some(at) if at < NEVER => Again::AfterWait {
                wait_ms: at.saturating_sub(self.now).clamp(1, NUMBER_MAX),
            },
            // An effect's slot may come back: by an undo, or when doubt is settled.
            None if limit.effects && limit.count > 0 => Again::Later {},
            _ => Again::Never {},
        };
        Ok(Decision::new(
            Verdict::Limited,
            Some(rule.name.clone()),
            format!(
                "The limit of {} {what} per {per} is used up{because}.",
                limit.count
            ),
            again,
        ))
    }

    /// Gives back the slots of limits on effects once a root call turns out not to have happened,
    /// or was undone.
    pub(super) fn release_effects(&mut self, root: u64) {
        let Some(call) = self.s.call(root) else {
            return;
        };
        if self.s.is_effect(call) {
            return;
        }
        let limits = &self.body.limits;
        self.release(root, |slot| {
            limits
                .get(slot.limit as usize)
                .is_some_and(|limit| limit.effects)
        });
    }

    /// Gives back the slots of limits whose `where` the call's result doesn't satisfy.
    pub(super) fn release_uncounted(&mut self, id: u64) {
        let Some(call) = self.s.call(id) else { return };
        let Some(scene) = CallScene::of(self.body, call) else {
            return;
        };
        let (body, index) = (self.body, self.table.index());
        let uncounted: Vec<u32> = call
            .slots
            .iter()
            .map(|slot| slot.limit)
            .filter(|&limit| {
                let counted = body
                    .limits
                    .get(limit as usize)
                    .and_then(|l| l.counted.iter().find(|c| c.action == call.action));
                counted
                    .and_then(|c| c.when)
                    .is_some_and(|when| !index.holds(&scene, when))
            })
            .collect();
        self.release(id, |slot| uncounted.contains(&slot.limit));
    }

    fn release(&mut self, id: u64, which: impl Fn(&TakenSlot) -> bool) {
        let Some(call) = self.s.call_mut(id) else {
            return;
        };
        let slots = std::mem::take(&mut call.slots);
        let (back, kept): (Vec<_>, Vec<_>) = slots.into_iter().partition(|slot| which(slot));
        call.slots = kept;
        for slot in back {
            self.ledger.give_back(slot.key, slot.at);
        }
    }
}

/// The limits that count the proposal. A repeat of an effect is no further effect.
fn concerned<'b>(
    table: &'b Table,
    action: &'b Action,
    args: &Map<String, Value>,
    repeats: bool,
) -> Refusable<Vec<Concerned<'b>>> {
    let scene = CallScene {
        action,
        args,
        result: None,
    };
    let mut out = Vec::new();
    for usage in &action.limits {
        let limit = get(&table.body().limits, usage.limit, "limit")?;
        let counts = usage
            .when
            .is_none_or(|when| table.index().holds(&scene, when));
        if counts && !(limit.effects && repeats) {
            out.push(Concerned {
                index: usage.limit,
                limit,
                keys: eval::key(&scene, &usage.keys),
                usage,
            });
        }
    }
    Ok(out)
}

/// The name of a counter with a key.
pub(super) fn counter(name: &str, keys: &[Option<Value>]) -> String {
    if keys.is_empty() {
        return name.to_owned();
    }
    let digest = digest(&serde_json::json!(keys));
    let short: String = digest.chars().skip("sha256:".len()).take(32).collect();
    format!("{name}/{short}")
}
