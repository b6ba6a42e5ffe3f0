//! Records without values: left out, or digested so that equal ones can still be told.

use super::engine::digest;
use super::record::{Record, Trace, Values};
use super::request::Request;
use super::verdict::Decision;
use serde_json::{Map, Value, json};

/// What to do with the values of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Redaction<'a> {
    /// Leave them out.
    Omit,
    /// Put a SHA-256 in the place of each. The salt keeps short values from being guessed.
    Digest {
        /// Anything secret, the same for all records that are to be compared.
        salt: &'a str,
    },
}

impl Record {
    /// The record without its values: arguments, inputs, replies, results, and the reasons that
    /// quote them. Names, numbers, times and verdicts stay. It no longer replays.
    #[must_use]
    pub fn redacted(&self, how: Redaction<'_>) -> Self {
        let mut record = self.clone();
        record.values = match how {
            Redaction::Omit => Values::Omitted,
            Redaction::Digest { .. } => Values::Digested,
        };
        how.object(&mut record.inputs);
        how.request(&mut record.request);
        for trace in &mut record.trace {
            how.trace(trace);
        }
        record
    }
}

impl Redaction<'_> {
    fn request(self, request: &mut Request) {
        match request {
            Request::Start { args, .. } => self.object(args),
            Request::Propose { args, .. } => self.value(args),
            Request::Reply { value, .. } | Request::Resolve { result: value, .. } => {
                self.option(value);
            }
            Request::Approve { by, .. } => {
                if let Some(name) = by.take() {
                    let mut value = Some(Value::String(name));
                    self.option(&mut value);
                    *by = value.and_then(|v| v.as_str().map(str::to_owned));
                }
            }
            Request::Event { .. } | Request::Tick { .. } | Request::Reload {} => {}
        }
    }

    fn trace(self, trace: &mut Trace) {
        match trace {
            Trace::Decided { args, verdict, .. } => {
                self.value(args);
                self.decision(verdict);
            }
            Trace::Replied { value, problem, .. } => {
                self.option(value);
                // It quotes what came back.
                if problem.is_some() {
                    *problem = Some("the reply was not valid".to_owned());
                }
            }
            Trace::Settled { value, .. }
            | Trace::Outcome { value, .. }
            | Trace::Ended { gives: value, .. } => self.option(value),
            Trace::Called { .. }
            | Trace::Undone { .. }
            | Trace::ApprovalAsked { .. }
            | Trace::Approval { .. }
            | Trace::Entered { .. }
            | Trace::TooOften { .. }
            | Trace::Retry { .. }
            | Trace::Event { .. }
            | Trace::Deadline { .. }
            | Trace::Duplicate {}
            | Trace::Late {} => {}
        }
    }

    fn decision(self, decision: &mut Decision) {
        if decision.rule.as_deref() == Some("invalid") {
            "The arguments were not valid.".clone_into(&mut decision.reason);
        }
        if let Some(instead) = &mut decision.instead {
            self.object(&mut instead.args);
        }
    }

    /// Members keep their names.
    fn object(self, object: &mut Map<String, Value>) {
        match self {
            Self::Omit => object.clear(),
            Self::Digest { .. } => {
                for (_, value) in object.iter_mut() {
                    *value = self.digested(value);
                }
            }
        }
    }

    fn value(self, value: &mut Value) {
        match value {
            Value::Object(object) => self.object(object),
            Value::Null => {}
            other => match self {
                Self::Omit => *other = Value::Null,
                Self::Digest { .. } => *other = self.digested(other),
            },
        }
    }

    fn option(self, value: &mut Option<Value>) {
        match self {
            Self::Omit => *value = None,
            Self::Digest { .. } => {
                if let Some(value) = value {
                    *value = self.digested(value);
                }
            }
        }
    }

    fn digested(self, value: &Value) -> Value {
        let Self::Digest { salt } = self else {
            return Value::Null;
        };
        Value::String(digest(&json!([salt, value])))
    }
}
