//! `unwind`: undoes what stands, newest first.

use super::Next;
use crate::runtime::engine::Engine;
use crate::runtime::fault::Refusable;
use crate::runtime::gate::derived;
use crate::runtime::session::{Call, Doing, Fate, Stage};
use crate::runtime::situation::CallScene;
use crate::table::format::Undo;

impl<'a> Engine<'a> {
    pub(super) fn begin_unwind(&mut self, actions: &[u32]) -> Refusable<Next<'a>> {
        // Without a list: every write that has an undo.
        let meant = |c: &&Call| {
            if actions.is_empty() {
                self.undo_of(c).is_some()
            } else {
                actions.contains(&c.action)
            }
        };
        let mut left = Vec::new();
        let mut failed = false;
        for call in self.s.calls.iter().rev().filter(meant) {
            let stands = call.is_root() && matches!(call.fate, Fate::Happened | Fate::Unsettled);
            if !stands {
                continue;
            }
            // What may not have happened can be undone only by a tolerant undo.
            match self.undo_of(call) {
                Some(undo) if call.fate == Fate::Happened || undo.tolerant => left.push(call.id),
                _ => failed = true,
            }
        }
        self.doing(Doing::Unwind {
            stage: Stage::Next {},
            of: 0,
            left,
            failed,
        });
        Ok(Next::Proceed)
    }

    /// Undoes the next call, or comes to the step's outcome.
    pub(super) fn unwind_next(&mut self) -> Refusable<Next<'a>> {
        let Some(level) = self.s.top_mut() else {
            return Ok(Next::Stay);
        };
        let Doing::Unwind {
            stage,
            of,
            left,
            failed,
        } = &mut level.doing
        else {
            return Ok(Next::Stay);
        };
        if left.is_empty() {
            let outcome = if *failed { "stuck" } else { "clean" };
            return Ok(Next::Outcome(outcome.to_owned(), None));
        }
        let root = left.remove(0);
        *of = root;
        *stage = Stage::Next {};
        let by = self.s.call(root).and_then(|call| {
            let undo = self.undo_of(call)?;
            let to = self.body.actions.get(undo.action as usize)?;
            let scene = CallScene::of(self.body, call)?;
            Some((undo.action, derived(self.body, &scene, to, &undo.args)?))
        });
        match by {
            Some((action, args)) => self.propose_in_step(action, args),
            None => self.step_refused("denied"),
        }
    }

    /// The undoing call for `root` has ended; what it did is in the log.
    pub(super) fn note_undone(&mut self, root: u64) {
        let gone = self
            .s
            .call(root)
            .is_some_and(|c| matches!(c.fate, Fate::Undone | Fate::Absent));
        if let Some(Doing::Unwind { failed, .. }) = self.s.top_mut().map(|level| &mut level.doing) {
            *failed |= !gone;
        }
    }

    /// The call that the flow is unwinding by the call `id`.
    pub(in crate::runtime) fn unwinding(&self, id: u64) -> Option<u64> {
        match &self.s.top()?.doing {
            Doing::Unwind {
                stage: Stage::Call { call },
                of,
                ..
            } if *call == id => Some(*of),
            _ => None,
        }
    }

    fn undo_of(&self, call: &Call) -> Option<&'a Undo> {
        let action = self.body.actions.get(call.action as usize)?;
        action.undo.as_ref()
    }
}
