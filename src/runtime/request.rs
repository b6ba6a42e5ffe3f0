//! What a host asks of the runtime, one request per step.

use super::fault::{Fault, Refusable};
use crate::table::{scalar, strict};
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

/// How deep a request may nest.
const DEPTH_MAX: usize = 100;

impl Request {
    /// Reads a request: JSON without repeated names or unknown members that nests at most 100
    /// levels deep.
    ///
    /// # Errors
    /// [`Fault::Request`] if the bytes are none.
    pub fn read(bytes: &[u8]) -> Refusable<Self> {
        let wrong = |e: serde_json::Error| Fault::Request {
            problem: e.to_string(),
        };
        let mut value = strict::parse(bytes).map_err(wrong)?;
        plain_value(&mut value, 0)?;
        serde_json::from_value::<Self>(value)
            .map_err(wrong)?
            .plain()
    }

    /// With `null` for no value, as JSON has it, and numbers in their plainest form.
    pub(super) fn plain(mut self) -> Refusable<Self> {
        match &mut self {
            Self::Start { args, .. } => {
                for value in args.values_mut() {
                    plain_value(value, 2)?;
                }
            }
            Self::Propose { args, .. } => plain_value(args, 1)?,
            Self::Reply { value, .. } | Self::Resolve { result: value, .. } => {
                if value.as_ref().is_some_and(Value::is_null) {
                    *value = None;
                }
                if let Some(value) = value {
                    plain_value(value, 1)?;
                }
            }
            Self::Approve { .. } | Self::Event { .. } | Self::Tick { .. } | Self::Reload {} => {}
        }
        Ok(self)
    }
}

fn plain_value(value: &mut Value, depth: usize) -> Refusable {
    match value {
        Value::Number(n) => *n = scalar::plain(n),
        Value::Array(_) | Value::Object(_) if depth >= DEPTH_MAX => {
            return Err(Fault::Request {
                problem: format!("it nests deeper than {DEPTH_MAX} levels"),
            });
        }
        Value::Array(items) => {
            for item in items {
                plain_value(item, depth + 1)?;
            }
        }
        Value::Object(members) => {
            for member in members.values_mut() {
                plain_value(member, depth + 1)?;
            }
        }
        Value::Null | Value::Bool(_) | Value::String(_) => {}
    }
    Ok(())
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
