//! `agent`: the AI acts inside bounds, until it reports an outcome or the bounds are reached.

use super::Next;
use crate::runtime::engine::Engine;
use crate::runtime::fault::{Fault, Refusable};
use crate::runtime::record::Trace;
use crate::runtime::session::{Doing, Said};
use crate::table::format::Step;
use crate::table::value::{Unknown, normalise};
use serde_json::Value;

impl Engine<'_> {
    /// Counts a proposal of the current agent, whatever its verdict will be; tells whether the
    /// agent had none left.
    pub(in crate::runtime) fn agent_over_budget(&mut self) -> bool {
        let Ok(Step::Agent { calls: budget, .. }) = self.here().map(|state| &state.step) else {
            return false;
        };
        let leaving = self
            .s
            .run
            .as_ref()
            .is_none_or(|run| !run.waiting.is_empty());
        let Some(Doing::Agent { calls, said: None }) =
            self.s.top_mut().map(|level| &mut level.doing)
        else {
            return false;
        };
        if leaving {
            return false;
        }
        if budget.is_some_and(|budget| *calls >= budget) {
            return true;
        }
        *calls = calls.saturating_add(1);
        false
    }

    /// The agent has asked for more than its bounds allow.
    pub(in crate::runtime) fn agent_exhausted(&mut self) -> Refusable {
        self.agent_said("exhausted", None)
    }

    /// The agent reports an outcome.
    pub(in crate::runtime) fn agent_replied(
        &mut self,
        entry: u64,
        outcome: &str,
        value: Option<&Value>,
    ) -> Refusable {
        if !self.agent_asked(entry) {
            return Err(Fault::NotAsked {
                what: "agent",
                entry,
            });
        }
        self.catch_up(None)?;
        if !self.agent_asked(entry) {
            self.trace.push(Trace::Late {});
            return Ok(());
        }
        let Step::Agent { outcomes, .. } = &self.here()?.step else {
            return Ok(());
        };
        let declared = outcomes.iter().find(|o| o.name == outcome);
        let (outcome, value) = match (declared, outcome) {
            (None, "stuck" | "exhausted" | "malformed") => (outcome, None),
            (None, _) => ("malformed", None),
            (Some(o), _) => match &o.ty {
                None => (outcome, None),
                Some(ty) => {
                    let value = value.unwrap_or(&Value::Null);
                    match normalise(self.body, ty, value, Unknown::Drop) {
                        Ok(value) => (outcome, Some(value)),
                        Err(_) => ("malformed", None),
                    }
                }
            },
        };
        self.agent_said(outcome, value)
    }

    /// Takes the outcome, once no call is in flight.
    fn agent_said(&mut self, outcome: &str, value: Option<Value>) -> Refusable {
        if !self.s.any_in_flight() {
            return self.drive(Next::Outcome(outcome.to_owned(), value));
        }
        if let Some(Doing::Agent { said, .. }) = self.s.top_mut().map(|level| &mut level.doing) {
            *said = Some(Said {
                outcome: outcome.to_owned(),
                value,
            });
        }
        Ok(())
    }

    /// Whether the agent of that entry is asked, and has said nothing yet.
    fn agent_asked(&self, entry: u64) -> bool {
        self.s.top().is_some_and(|level| {
            level.entry == entry && matches!(level.doing, Doing::Agent { said: None, .. })
        })
    }
}
