//! Decision records: one per step, with all that is needed to come to the same result again.

use super::ledger::Counted;
use super::request::Request;
use super::verdict::Decision;
use crate::table::canonical;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The value of a record's `format`.
pub const FORMAT: &str = "failway.record";
/// The version of the record's form that this crate writes and replays.
pub const VERSION: u32 = 1;

/// What one step was, and what it did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// [`FORMAT`].
    pub format: String,
    /// [`VERSION`].
    pub version: u32,
    /// The table's digest.
    pub table: String,
    /// The session's id.
    pub session: String,
    /// The session's revision after the step.
    pub revision: u64,
    /// The time handed in.
    pub now: i64,
    /// Whether values are kept, left out, or digested. Only records that keep them replay.
    pub values: Values,
    /// The step.
    pub request: Request,
    /// The inputs handed in, in wire form.
    pub inputs: Map<String, Value>,
    /// What the counter store was asked, and its answers.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub counters: Vec<Counted>,
    /// What happened, in order.
    pub trace: Vec<Trace>,
    /// Where the session is after the step.
    pub position: Position,
    /// The digest of the session's bytes after the step, as [`Session::to_bytes`] gives them.
    ///
    /// [`Session::to_bytes`]: super::session::Session::to_bytes
    pub after: String,
}

impl Record {
    /// The record as a line of a log, without the line break: its canonical JSON.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        // What a request holds nests less deep than canonical JSON may.
        serde_json::to_value(self)
            .ok()
            .and_then(|value| canonical::any_text(&value).ok())
            .unwrap_or_default()
            .into_bytes()
    }
}

/// How a record treats values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum Values {
    Kept,
    Omitted,
    Digested,
}

/// Where a session is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
#[allow(missing_docs)]
pub enum Position {
    /// Outside flows.
    Gate {},
    State {
        flow: String,
        state: String,
    },
    End {
        flow: String,
        end: String,
    },
}

/// One thing that happened in a step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case", deny_unknown_fields)]
#[allow(missing_docs)]
pub enum Trace {
    /// A proposal got its verdict.
    Decided {
        action: String,
        args: Value,
        verdict: Decision,
    },
    /// A call was admitted.
    Called {
        call: u64,
        action: String,
        /// The call whose effect it repeats.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        repeats: Option<u64>,
    },
    /// A call ended.
    Replied {
        call: u64,
        action: String,
        outcome: String,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        value: Option<Value>,
        /// What was wrong with a malformed reply.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        problem: Option<String>,
    },
    /// Doubt about a call was settled.
    Settled {
        call: u64,
        action: String,
        happened: bool,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        value: Option<Value>,
    },
    /// A call was undone by another.
    Undone { call: u64, action: String, by: u64 },
    /// A role is asked for its approval.
    ApprovalAsked {
        approval: String,
        action: String,
        rule: String,
        role: String,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        expires_at: Option<i64>,
    },
    /// An approval was granted, declined, withdrawn, or has expired.
    Approval { approval: String, status: String },
    /// A state was entered.
    Entered { state: String, entry: u64 },
    /// A state was entered once too often.
    TooOften { state: String },
    /// A state's step ended.
    Outcome {
        state: String,
        outcome: String,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        value: Option<Value>,
    },
    /// The step will be tried again.
    Retry {
        state: String,
        attempt: u64,
        wait_ms: i64,
    },
    /// An event has come, or took effect.
    Event { event: String, effect: EventEffect },
    /// A deadline took effect: of the flow, or of the named inlined run.
    Deadline { scope: String },
    /// The trigger was a duplicate.
    Duplicate {},
    /// The request came too late: the clock has gone on.
    Late {},
    /// The flow ended.
    Ended {
        end: String,
        class: String,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        gives: Option<Value>,
    },
}

/// What becomes of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum EventEffect {
    Taken,
    /// It waits for the calls in flight.
    Waits,
    Ignored,
}
