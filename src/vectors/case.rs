//! The form of vectors, as they stand in the file. Described in `docs/vectors.md`.

use crate::runtime::verdict::Decision;
use crate::runtime::{Directive, Fault, Record, Request, Stepped};
use crate::table::canonical;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// The value of a header's `format`.
pub const FORMAT: &str = "failway.vectors";
/// The version of the form that this crate writes.
pub const VERSION: u32 = 1;

/// A name, and what has to come out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// What the case is about.
    #[serde(rename = "case")]
    pub name: String,
    /// `down`: the counter store cannot answer.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub counters: Option<Store>,
    /// The steps, from empty sessions.
    pub steps: Vec<Step>,
    /// All directives of the session of the last step, after it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub open: Option<Vec<Directive>>,
}

/// A counter store other than an empty one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Store {
    /// It answers nothing but errors.
    Down,
}

/// One step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// The session's id; sessions of one case share the counters. None: `v`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub session: Option<String>,
    /// The time.
    pub now: i64,
    /// The inputs, as the host hands them in.
    #[serde(skip_serializing_if = "Map::is_empty", default)]
    pub inputs: Map<String, Value>,
    /// The request as a document.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub request: Option<Value>,
    /// The request as text, in its place: what is to be read may be no JSON.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub text: Option<String>,
    /// What has to come out.
    pub expect: Expect,
}

/// What has to come out of a step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
#[allow(clippy::large_enum_variant)]
pub enum Expect {
    /// The step is refused, with this code.
    Fault {
        /// The code.
        fault: String,
    },
    /// The digest of the result: for runs that are too long to write down.
    Digest {
        /// `sha256:` and the digest of the canonical JSON of what [`Expect::Result`] holds.
        digest: String,
    },
    /// The result.
    Result(Outcome),
}

/// What a step came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outcome {
    /// For the log.
    pub record: Record,
    /// The verdict, if there was one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub verdict: Option<Decision>,
    /// The new directives.
    pub next: Vec<Directive>,
    /// When to tick at the latest.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub deadline: Option<i64>,
}

impl Expect {
    /// What came out, in full or as a digest.
    #[must_use]
    pub fn of(came: &Result<Stepped, Fault>, brief: bool) -> Self {
        let stepped = match came {
            Ok(stepped) => stepped,
            Err(fault) => {
                return Self::Fault {
                    fault: fault.code().to_owned(),
                };
            }
        };
        let outcome = Outcome {
            record: stepped.record.clone(),
            verdict: stepped.verdict.clone(),
            next: stepped.next.clone(),
            deadline: stepped.deadline,
        };
        if !brief {
            return Self::Result(outcome);
        }
        let value = serde_json::to_value(&outcome).unwrap_or_default();
        let text = canonical::any_text(&value).unwrap_or_default();
        Self::Digest {
            digest: canonical::digest_bytes(text.as_bytes()),
        }
    }
}

impl Step {
    /// Whether the counter store was asked.
    pub(super) fn asks_counters(&self) -> bool {
        matches!(&self.expect, Expect::Result(outcome) if !outcome.record.counters.is_empty())
    }
}

/// A case about reading a document.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
#[allow(missing_docs)]
pub enum DocumentCase {
    /// A session.
    Read {
        #[serde(rename = "case")]
        name: String,
        read: String,
        expect: Refusal,
    },
    /// A table.
    Table {
        #[serde(rename = "case")]
        name: String,
        table: TableCase,
        expect: Refusal,
    },
    /// Records to replay.
    Records {
        #[serde(rename = "case")]
        name: String,
        records: Vec<Value>,
        expect: Refusal,
    },
}

impl DocumentCase {
    pub(super) fn expect(&self) -> &Refusal {
        match self {
            Self::Read { expect, .. }
            | Self::Table { expect, .. }
            | Self::Records { expect, .. } => expect,
        }
    }
}

/// A table to read: a text, or the section's own with something changed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct TableCase {
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub edits: Option<Vec<Edit>>,
    /// Whether the right digest is put in after the edits.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub seal: bool,
}

/// A change of a document.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Edit {
    /// Names and indices, from the document inwards.
    pub at: Vec<Value>,
    /// What is to stand there.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub put: Option<Value>,
    /// What stands there is removed.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub cut: bool,
}

/// What reading a document comes to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
#[allow(missing_docs)]
pub enum Refusal {
    /// A session, or records, are refused.
    Fault {
        fault: String,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        index: Option<usize>,
    },
    /// The session that was read, or that records lead to.
    After { after: String },
    /// The table is refused.
    Refused { refused: String },
    /// The table that was read.
    Digest { digest: String },
}

/// A request as it stands in a vector.
#[must_use]
pub fn request_json(request: &Request) -> Value {
    serde_json::to_value(request).unwrap_or_default()
}

/// The line that a section of vectors begins with.
#[must_use]
pub fn header(table: &crate::table::Table) -> Value {
    let document = serde_json::to_value(table.document()).unwrap_or_default();
    json!({"format": FORMAT, "version": VERSION, "table": document})
}
