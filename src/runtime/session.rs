//! The session: all that a runtime remembers between two steps. Plain JSON, see `docs/runtime.md`.
//!
//! Numbers of actions, rules, states, slots and so on are indices into the lists of the table that
//! the session names. Values are in wire form.

use super::fault::Refusable;
use super::read;
pub use super::run::{Doing, Level, Reached, Run, Said, Stage, WaitingEvent};
use crate::table::{Table, canonical};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The value of a session's `format`.
pub const FORMAT: &str = "failway.session";
/// The version of the session's form that this crate reads and writes.
pub const VERSION: u32 = 1;

/// What has happened so far in one conversation, one job, one call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Session {
    pub(super) format: String,
    pub(super) version: u32,
    /// The digest of its table.
    pub(super) table: String,
    /// Whatever the host calls it; approvals are bound to it.
    pub(super) id: String,
    /// Steps taken so far.
    pub(super) revision: u64,
    /// The time of the latest step.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(super) now: Option<i64>,
    /// Orders what happened at one and the same millisecond.
    pub(super) seq: u64,
    pub(super) calls: Vec<Call>,
    pub(super) approvals: Vec<Approval>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(super) run: Option<Run>,
}

/// An admitted call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Call {
    /// From 1, in order of admission.
    pub id: u64,
    pub action: u32,
    /// By wire name; what is absent is left out.
    pub args: Map<String, Value>,
    /// When it was admitted.
    pub at: i64,
    pub seq: u64,
    /// The call whose effect this one is: its own number, or that of the call that it repeats
    /// (idempotent, with the same key and arguments).
    pub effect: u64,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub ended: Option<Ended>,
    /// The reply; for a write settled later, what settling gave.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub result: Option<Value>,
    /// What is known of the effect. Kept at the call that the effect belongs to.
    pub fate: Fate,
    /// When doubt about the effect was settled.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub settled: Option<Point>,
    /// Slots of shared limits on effects, to be given back if it turns out not to have happened.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub slots: Vec<TakenSlot>,
}

impl Call {
    /// Whether no answer has come yet.
    #[must_use]
    pub fn in_flight(&self) -> bool {
        self.ended.is_none()
    }

    /// Whether the effect is this call's own, not that of an earlier one that it repeats.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.effect == self.id
    }

    /// Whether its reply was `ok`.
    #[must_use]
    pub fn succeeded(&self) -> bool {
        self.ended.as_ref().is_some_and(|e| e.outcome == "ok")
    }
}

/// How a call ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Ended {
    pub at: i64,
    pub seq: u64,
    /// `ok`, a declared failure's name, `timeout` or `malformed`.
    pub outcome: String,
}

/// A point in the session's history.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Point {
    pub at: i64,
    pub seq: u64,
}

/// What is known of a call's effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// Nothing yet: it is in flight. Also the fate of repeats, which have none of their own.
    Open,
    /// It did not happen.
    Absent,
    /// It may have happened, and nobody has to find out: reads and expendable writes.
    Doubtful,
    /// It may have happened, and somebody has to find out.
    Unsettled,
    /// It happened, and stands.
    Happened,
    /// It happened and was undone.
    Undone,
}

/// A slot of a shared counter, taken at a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct TakenSlot {
    /// Index of the limit.
    pub limit: u32,
    pub key: String,
    pub at: i64,
}

/// A question to a role whether one proposal may go ahead.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Approval {
    /// Names it: a digest of what it binds (table, session, number, action, arguments, rule, role).
    pub id: String,
    pub action: u32,
    pub args: Map<String, Value>,
    pub rule: u32,
    pub role: u32,
    pub at: i64,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub expires_at: Option<i64>,
    /// The entry of the flow's state that it belongs to; 0 without a flow.
    pub entry: u64,
    pub status: ApprovalStatus,
    /// The calls that it has covered: the approved one and its retries.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub calls: Vec<u64>,
}

/// What became of an approval.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum ApprovalStatus {
    Pending,
    /// Granted; it covers its call and the retries of it.
    Granted,
    Declined,
    Expired,
    /// Granted and used up.
    Spent,
    /// The flow has left the state that asked.
    Withdrawn,
}

impl ApprovalStatus {
    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Granted => "granted",
            Self::Declined => "declined",
            Self::Expired => "expired",
            Self::Spent => "spent",
            Self::Withdrawn => "withdrawn",
        }
    }
}

impl Session {
    /// An empty session of a table. `id` is whatever the host calls it.
    #[must_use]
    pub fn new(table: &Table, id: &str) -> Self {
        Self {
            format: FORMAT.to_owned(),
            version: VERSION,
            table: table.digest().to_owned(),
            id: id.to_owned(),
            revision: 0,
            now: None,
            seq: 0,
            calls: Vec::new(),
            approvals: Vec::new(),
            run: None,
        }
    }

    /// Reads a session and checks all of it against its table.
    ///
    /// # Errors
    /// If it is no session of that table, or was tampered with in a way that can be seen.
    pub fn read(bytes: &[u8], table: &Table) -> Refusable<Self> {
        read::read(bytes, table)
    }

    /// The session as JSON.
    #[must_use]
    pub fn to_json(&self) -> Value {
        // A session holds only strings, integers, and maps with string or integer keys.
        serde_json::to_value(self).unwrap_or(Value::Null)
    }

    /// The session as bytes to persist: its canonical JSON.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        // Values in wire form nest less deep than canonical JSON may.
        canonical::any_text(&self.to_json())
            .unwrap_or_default()
            .into_bytes()
    }

    /// Whatever the host calls it.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Steps taken so far.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// The time of the latest step, in milliseconds since 1970.
    #[must_use]
    pub fn now(&self) -> Option<i64> {
        self.now
    }

    /// The admitted calls, in order.
    #[must_use]
    pub fn calls(&self) -> &[Call] {
        &self.calls
    }

    /// The approvals asked for, in order.
    #[must_use]
    pub fn approvals(&self) -> &[Approval] {
        &self.approvals
    }

    /// The flow, if one was started.
    #[must_use]
    pub fn run(&self) -> Option<&Run> {
        self.run.as_ref()
    }

    pub(super) fn call(&self, id: u64) -> Option<&Call> {
        self.calls.get(slot_of(id)?)
    }

    pub(super) fn call_mut(&mut self, id: u64) -> Option<&mut Call> {
        self.calls.get_mut(slot_of(id)?)
    }

    /// The level of the current state; `None` outside flows and after an end.
    pub(super) fn top(&self) -> Option<&Level> {
        self.run.as_ref()?.levels.last()
    }

    pub(super) fn top_mut(&mut self) -> Option<&mut Level> {
        self.run.as_mut()?.levels.last_mut()
    }

    pub(super) fn any_in_flight(&self) -> bool {
        self.calls.iter().any(Call::in_flight)
    }

    /// The calls that share the effect of `root`.
    pub(super) fn attempts(&self, root: u64) -> impl Iterator<Item = &Call> {
        self.calls.iter().filter(move |c| c.effect == root)
    }

    /// Whether the effect of a root call happened, may have happened, or is in flight, and was not
    /// undone.
    pub(crate) fn is_effect(&self, root: &Call) -> bool {
        matches!(root.fate, Fate::Doubtful | Fate::Unsettled | Fate::Happened)
            || self.attempts(root.id).any(Call::in_flight)
    }

    pub(super) fn next_seq(&mut self) -> u64 {
        self.seq = self.seq.saturating_add(1);
        self.seq
    }
}

/// Calls are numbered from 1, in the order of the list.
fn slot_of(id: u64) -> Option<usize> {
    usize::try_from(id.checked_sub(1)?).ok()
}
