//! What a host asks of the runtime, one request per step.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Request {
    /// Starts a flow in an empty session.
    Start {
        /// The flow's name.
        flow: String,
        /// Its arguments, by wire name.
        args: Map<String, Value>,
    },
    /// An AI asks to make a call.
    Propose {
        /// The action's name, or its name on the wire.
        action: String,
        /// An object by wire name. Anything else is refused with the verdict `invalid`.
        args: Value,
    },
    /// An answer has come: of a call, of an agent, of a person.
    Reply {
        /// Whose.
        to: Asked,
        /// The outcome's name; for a failure its name on the wire does as well.
        outcome: String,
        /// Its value.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        value: Option<Value>,
    },
    /// A role has answered an approval.
    Approve {
        /// The approval's id.
        approval: String,
        /// Granted, or declined.
        granted: bool,
        /// Who it was, for the record.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        by: Option<String>,
    },
    /// Somebody has found out what became of a call in doubt.
    Resolve {
        /// The call.
        call: u64,
        /// Whether it happened.
        happened: bool,
        /// The call's result, if it happened and that is known.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        result: Option<Value>,
    },
    /// An event.
    Event {
        /// Its name, or its name on the wire.
        event: String,
    },
    /// Time has passed.
    Tick {
        /// Whether the host's draw for the wait before a retry is over.
        #[serde(skip_serializing_if = "std::ops::Not::not", default)]
        retry: bool,
    },
    /// The session was loaded after a restart: every call in flight is a timeout.
    Reload {},
}

impl Request {
    /// With `null` for no value, as JSON has it.
    pub(super) fn plain(mut self) -> Self {
        if let Self::Reply { value, .. } | Self::Resolve { result: value, .. } = &mut self
            && value.as_ref().is_some_and(Value::is_null)
        {
            *value = None;
        }
        self
    }
}

/// Who was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Asked {
    /// The call with that number.
    Call(u64),
    /// The agent, with the number of the entry that asked it.
    Agent(u64),
    /// The person, with the number of the entry that asked.
    Ask(u64),
}
