//! `settle`: finds out what became of every unsettled call of an action, oldest first.

use super::Next;
use crate::runtime::engine::Engine;
use crate::runtime::fault::Refusable;
use crate::runtime::gate::derived;
use crate::runtime::session::{Call, Doing, Fate, Stage};
use crate::runtime::situation::CallScene;

impl<'a> Engine<'a> {
    pub(super) fn begin_settle(&mut self, action: u32, bind: Option<u32>) -> Refusable<Next<'a>> {
        let of_action = |c: &&Call| c.is_root() && c.action == action;
        let calls = self.s.calls.iter().filter(of_action);
        let left: Vec<u64> = calls
            .filter(|c| c.fate == Fate::Unsettled)
            .map(|c| c.id)
            .collect();
        if left.is_empty() {
            // Nothing is in doubt: what is known of the latest call is the answer.
            let latest = self.s.calls.iter().rfind(of_action).map(|c| c.id);
            if let Some(latest) = latest {
                self.note_happened(latest, bind)?;
            }
        }
        self.doing(Doing::Settle {
            stage: Stage::Next {},
            of: 0,
            left,
            unknown: false,
        });
        Ok(Next::Proceed)
    }

    /// Asks about the next call in doubt, or comes to the step's outcome.
    pub(super) fn settle_next(&mut self, bind: Option<u32>) -> Refusable<Next<'a>> {
        let Some(level) = self.s.top_mut() else {
            return Ok(Next::Stay);
        };
        let happened = level.happened;
        let Doing::Settle {
            stage,
            of,
            left,
            unknown,
        } = &mut level.doing
        else {
            return Ok(Next::Stay);
        };
        if left.is_empty() {
            let outcome = match (*unknown, happened) {
                (true, _) => "unknown",
                (false, true) => "happened",
                (false, false) => "absent",
            };
            return Ok(Next::Outcome(outcome.to_owned(), None));
        }
        let root = left.remove(0);
        *of = root;
        *stage = Stage::Next {};
        self.note_happened(root, bind)?;
        let Some(call) = self.s.call(root).filter(|c| c.fate == Fate::Unsettled) else {
            // The reply about an earlier one has told about this one too.
            return Ok(Next::Proceed);
        };
        let action = self.action(call.action)?;
        let scene = CallScene {
            action,
            args: &call.args,
            result: None,
        };
        let confirm = action.confirm.as_ref().and_then(|confirm| {
            let by = self.body.actions.get(confirm.action as usize)?;
            Some((
                confirm.action,
                derived(self.body, &scene, by, &confirm.args)?,
            ))
        });
        match confirm {
            Some((by, args)) => self.propose_in_step(by, args),
            None => self.step_refused("denied"),
        }
    }

    /// The confirming call about `root` has ended; what it told is in the log.
    pub(super) fn note_settled(&mut self, root: u64) -> Refusable {
        let bind = match &self.here()?.step {
            crate::table::format::Step::Settle { bind, .. } => *bind,
            _ => None,
        };
        self.note_happened(root, bind)?;
        let in_doubt = self.s.call(root).is_some_and(|c| c.fate == Fate::Unsettled);
        if let Some(Doing::Settle { unknown, .. }) = self.s.top_mut().map(|level| &mut level.doing)
        {
            *unknown |= in_doubt;
        }
        Ok(())
    }

    /// Takes in that a call has happened, if it has.
    fn note_happened(&mut self, root: u64, bind: Option<u32>) -> Refusable {
        let Some(call) = self.s.call(root) else {
            return Ok(());
        };
        if call.fate != Fate::Happened {
            return Ok(());
        }
        let result = call.result.clone();
        if let Some(slot) = bind {
            self.bind(slot, result)?;
        }
        if let Some(level) = self.s.top_mut() {
            level.happened = true;
        }
        Ok(())
    }
}
