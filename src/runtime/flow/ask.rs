//! `ask`: a person is asked.

use super::Next;
use crate::runtime::engine::Engine;
use crate::runtime::fault::{Fault, Refusable};
use crate::runtime::record::Trace;
use crate::runtime::session::Doing;
use crate::table::format::Step;
use crate::table::value::{Unknown, normalise};
use serde_json::Value;

impl Engine<'_> {
    /// The person's answer, or the lack of one.
    pub(in crate::runtime) fn ask_replied(
        &mut self,
        entry: u64,
        outcome: &str,
        value: Option<&Value>,
    ) -> Refusable {
        if !["answered", "no_answer", "unclear", "unreachable"].contains(&outcome) {
            return Err(Fault::Outcome {
                outcome: outcome.to_owned(),
                known: "answered, no_answer, unclear and unreachable".to_owned(),
            });
        }
        if !self.person_asked(entry) {
            return Err(Fault::NotAsked { what: "ask", entry });
        }
        self.catch_up(None)?;
        if !self.person_asked(entry) {
            self.trace.push(Trace::Late {});
            return Ok(());
        }
        let Step::Ask { ty, .. } = &self.here()?.step else {
            return Ok(());
        };
        if outcome != "answered" {
            return self.drive(Next::Outcome(outcome.to_owned(), None));
        }
        let value = value.unwrap_or(&Value::Null);
        let next = match normalise(self.body, ty, value, Unknown::Drop) {
            Ok(value) => Next::Outcome("answered".to_owned(), Some(value)),
            // An answer that is none of those asked for.
            Err(_) => Next::Outcome("unclear".to_owned(), None),
        };
        self.drive(next)
    }

    fn person_asked(&self, entry: u64) -> bool {
        self.s
            .top()
            .is_some_and(|level| level.entry == entry && matches!(level.doing, Doing::Ask { .. }))
    }
}
