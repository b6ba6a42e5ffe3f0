//! What is known of effects, and how it comes to be known: by a reply, by a confirming call, by an
//! undo, by hand.

use super::engine::Engine;
use super::gate::derived;
use super::record::Trace;
use super::session::{Call, Fate};
use super::situation::CallScene;
use crate::table::eval;
use crate::table::format::{Action, Effect, FailureKind};
use crate::table::scalar::later;
use crate::table::value::{Unknown, normalise};
use serde_json::{Map, Value};

/// What an outcome says about the call's effect.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Says {
    Happened,
    Nothing,
    Doubt,
}

impl Engine<'_> {
    /// What one attempt tells about its effect.
    pub(super) fn learn(&mut self, action: &Action, root: u64, says: Says, value: Option<Value>) {
        let others_in_flight = self.s.attempts(root).any(Call::in_flight);
        let Some(call) = self.s.call_mut(root) else {
            return;
        };
        let was = call.fate;
        call.fate = match (says, was) {
            (Says::Happened, _) => Fate::Happened,
            (Says::Nothing, Fate::Open) if !others_in_flight => Fate::Absent,
            (Says::Doubt, Fate::Open | Fate::Absent | Fate::Undone) => match action.effect {
                Effect::Write {
                    expendable: false, ..
                } => Fate::Unsettled,
                _ => Fate::Doubtful,
            },
            // One attempt in which nothing happened says nothing about an earlier one in doubt.
            (_, known) => known,
        };
        if says == Says::Happened {
            if call.result.is_none() {
                call.result.clone_from(&value);
            }
            if was == Fate::Unsettled {
                self.trace.push(Trace::Settled {
                    call: root,
                    action: action.name.clone(),
                    happened: true,
                    value,
                });
            }
        }
    }

    /// Settles doubt about a root call.
    pub(super) fn settle(&mut self, root: u64, happened: bool, value: Option<Value>) {
        let point = self.point();
        let action = self.name_of(root);
        let Some(call) = self.s.call_mut(root) else {
            return;
        };
        call.fate = if happened {
            Fate::Happened
        } else {
            Fate::Absent
        };
        call.settled = Some(point);
        if value.is_some() {
            call.result.clone_from(&value);
        }
        self.trace.push(Trace::Settled {
            call: root,
            action,
            happened,
            value,
        });
        if happened {
            // The call settled may itself have undone another.
            self.undo_another(root, root);
        }
        self.release_effects(root);
    }

    /// A reply may tell what became of writes that it confirms, whoever asked.
    pub(super) fn confirm_others(&mut self, id: u64, outcome: &str) {
        let Some(asked) = self.s.call(id) else { return };
        let mut told = Vec::new();
        for write in &self.s.calls {
            if write.is_root() && write.fate == Fate::Unsettled {
                told.extend(
                    self.told_by(write, asked, outcome)
                        .map(|(happened, value)| (write.id, happened, value)),
                );
            }
        }
        for (root, happened, value) in told {
            self.settle(root, happened, value);
        }
    }

    /// What a confirming call tells about a write: whether it happened, and its result.
    fn told_by(&self, write: &Call, asked: &Call, outcome: &str) -> Option<(bool, Option<Value>)> {
        let action = self.body.actions.get(write.action as usize)?;
        let confirm = action.confirm.as_ref()?;
        if confirm.action != asked.action {
            return None;
        }
        // Asked before the last attempt ended, it may have been answered before it landed.
        let asked_after = |c: &Call| c.ended.as_ref().is_some_and(|e| e.seq < asked.seq);
        if !self.s.attempts(write.id).all(asked_after) {
            return None;
        }
        let by = self.body.actions.get(confirm.action as usize)?;
        let scene = CallScene {
            action,
            args: &write.args,
            result: None,
        };
        let args = derived(self.body, &scene, by, &confirm.args)?;
        if !includes(&asked.args, &args) {
            return None;
        }
        let scene = CallScene {
            result: asked.result.as_ref(),
            ..scene
        };
        let line = confirm.lines.iter().find(|line| {
            line.on == outcome
                && line
                    .when
                    .is_none_or(|when| self.table.index().holds(&scene, when))
        })?;
        if !line.happened {
            let after = confirm.after_ms.unwrap_or(0);
            return (asked.at >= later(self.landed_by(action, write.id), after))
                .then_some((false, None));
        }
        let value = match (&line.gives, &action.result) {
            (Some(gives), Some(ty)) => {
                let value = eval::expr(&scene, gives)?;
                Some(normalise(self.body, ty, &value, Unknown::Drop).ok()?)
            }
            _ => None,
        };
        Some((true, value))
    }

    /// When the last attempt of a write had timed out, or would have.
    fn landed_by(&self, action: &Action, root: u64) -> i64 {
        let attempts = self.s.attempts(root);
        let ends = attempts.map(|c| {
            let due = later(c.at, action.timeout_ms);
            match &c.ended {
                // Declared a timeout early, at a restart.
                Some(e) if e.outcome == "timeout" => due.max(e.at),
                Some(e) => e.at,
                None => due,
            }
        });
        ends.max().unwrap_or(i64::MIN)
    }

    /// A call that happened may have undone a write: of those that it fits the one that the flow
    /// is unwinding, else the newest.
    pub(super) fn undo_another(&mut self, id: u64, root: u64) {
        let Some(by) = self.s.call(id) else { return };
        let undone = match self.unwinding(id) {
            Some(of) => Some(of),
            None => {
                let writes = self.s.calls.iter().rev();
                writes
                    .filter(|w| w.is_root() && w.id != root)
                    .find(|w| self.undone_by(w, by))
                    .map(|w| w.id)
            }
        };
        let Some(of) = undone else { return };
        let action = self.name_of(of);
        let point = self.point();
        let Some(write) = self.s.call_mut(of) else {
            return;
        };
        if write.fate == Fate::Happened {
            write.fate = Fate::Undone;
        } else {
            // A tolerant undo leaves nothing behind, whether or not there was something.
            write.fate = Fate::Absent;
            write.settled = Some(point);
        }
        self.trace.push(Trace::Undone {
            call: of,
            action,
            by: id,
        });
        self.release_effects(of);
    }

    fn name_of(&self, call: u64) -> String {
        let action = self
            .s
            .call(call)
            .and_then(|c| self.body.actions.get(c.action as usize));
        action.map(|a| a.name.clone()).unwrap_or_default()
    }

    fn undone_by(&self, write: &Call, by: &Call) -> bool {
        let action = self.body.actions.get(write.action as usize);
        let Some(undo) = action.and_then(|a| a.undo.as_ref()) else {
            return false;
        };
        let open = match write.fate {
            Fate::Happened => true,
            Fate::Unsettled | Fate::Doubtful => undo.tolerant,
            _ => false,
        };
        let ended_before = |c: &Call| c.ended.as_ref().is_some_and(|e| e.seq < by.seq);
        if !open || undo.action != by.action || !self.s.attempts(write.id).all(ended_before) {
            return false;
        }
        let (Some(scene), Some(to)) = (
            CallScene::of(self.body, write),
            self.body.actions.get(undo.action as usize),
        ) else {
            return false;
        };
        derived(self.body, &scene, to, &undo.args).is_some_and(|args| includes(&by.args, &args))
    }
}

pub(super) fn says(action: &Action, outcome: &str) -> Says {
    if outcome == "ok" {
        return Says::Happened;
    }
    let failure = action.failures.iter().find(|f| f.name == outcome);
    match failure.map(|f| f.kind) {
        Some(FailureKind::Permanent | FailureKind::Transient) => Says::Nothing,
        Some(FailureKind::Indeterminate) | None => Says::Doubt,
    }
}

/// Whether a call was made with those arguments; others that it has besides don't matter.
fn includes(args: &Map<String, Value>, wanted: &Map<String, Value>) -> bool {
    wanted
        .iter()
        .all(|(name, value)| args.get(name) == Some(value))
}
