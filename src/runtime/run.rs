//! The session's flow: where it is, what it holds, what it waits for.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// The flow that the session runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Run {
    pub flow: u32,
    /// One per slot of the flow; `null` is unbound or absent.
    pub slots: Vec<Option<Value>>,
    /// Entries of states so far.
    pub entries: u64,
    /// Where the flow is: its own level first, then the inlined runs it is in. Empty at an end.
    pub levels: Vec<Level>,
    /// Events taken so far.
    #[serde(skip_serializing_if = "BTreeSet::is_empty", default)]
    pub events: BTreeSet<u32>,
    /// Events that wait for calls in flight.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub waiting: Vec<WaitingEvent>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub end: Option<Reached>,
}

/// An event that has come while a call was in flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct WaitingEvent {
    pub event: u32,
    pub at: i64,
}

/// The end of the flow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Reached {
    pub end: u32,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub gives: Option<Value>,
    pub at: i64,
}

/// One run of a scope, and the state that it is in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Level {
    pub scope: u32,
    /// When the run began.
    pub since: i64,
    /// Whether its `within` was taken, or came due in the state that it leads to.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub net: bool,
    /// Entries by state.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub visits: BTreeMap<u32, u64>,
    pub state: u32,
    /// Which entry of a state this is, counted over the whole flow from 1.
    pub entry: u64,
    /// When it was entered.
    pub entered: i64,
    /// Frozen on entry: the arguments of the call or the run, what the agent is given.
    #[serde(skip_serializing_if = "Map::is_empty", default)]
    pub args: Map<String, Value>,
    /// Attempts used, by group of handlers.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub retries: BTreeMap<u32, u64>,
    /// `settle`: whether a call was found to have happened in this entry.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub happened: bool,
    pub doing: Doing,
}

/// What a state is doing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
#[allow(missing_docs)]
pub enum Doing {
    /// Nothing that lasts: it was just entered, or it runs another flow.
    Passing {},
    /// Waits before a retry, until then at the latest.
    Wait {
        until: i64,
    },
    Do {
        stage: Stage,
    },
    Agent {
        /// Proposals so far, refused ones included.
        calls: u64,
        /// The outcome to take once no call is in flight.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        said: Option<Said>,
    },
    Ask {
        text: String,
        since: i64,
    },
    Settle {
        stage: Stage,
        /// The call asked about.
        of: u64,
        /// Those still to ask about.
        left: Vec<u64>,
        /// Whether one stays in doubt.
        unknown: bool,
    },
    Unwind {
        stage: Stage,
        /// The call to undo.
        of: u64,
        left: Vec<u64>,
        /// Whether one could not be undone.
        failed: bool,
    },
}

/// What an agent has said.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Said {
    pub outcome: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub value: Option<Value>,
}

/// How far a flow's own proposal has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
#[allow(missing_docs)]
pub enum Stage {
    /// Nothing proposed yet. Never between two steps.
    Next {},
    Call {
        call: u64,
    },
    Approval {
        approval: String,
    },
}
