//! Reading tables. A [`Table`] in hand is a verified one: nothing that reads it needs to check an
//! index, a path or a type again.

use super::check::{self, Broken};
use super::eval::Index;
use super::format::{Action, Body, Document, FORMAT, Flow, SourceDigest, VERSION};
use super::{canonical, strict};
use serde_json::Value;
use std::collections::BTreeMap;

/// The largest table that is read, in bytes: 256 MiB.
pub const SIZE_MAX: usize = 256 << 20;

/// Why some bytes are no table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReadError {
    /// More than [`SIZE_MAX`] bytes.
    TooLarge {
        /// How many.
        bytes: usize,
    },
    /// Not JSON, or JSON with a name that stands twice in one object.
    NotJson {
        /// What the JSON reader says.
        problem: String,
    },
    /// JSON, but not a `failway.table`.
    NotATable,
    /// A version of the contract that this program doesn't read.
    Version {
        /// The table's version, as it stands there.
        found: String,
    },
    /// The body isn't the one that the digest was made from.
    Digest {
        /// The digest that the table claims.
        claimed: String,
        /// The digest of its body.
        actual: String,
    },
    /// The body is not what the contract asks for.
    Broken {
        /// Where, such as `body.actions[3].gate`.
        at: String,
        /// What is wrong there.
        problem: String,
    },
}

impl std::fmt::Display for ReadError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::TooLarge { bytes } => write!(
                f,
                "the table is too large: {bytes} bytes, where {SIZE_MAX} are read at most; split \
                 the policy"
            ),
            Self::NotJson { problem } => write!(
                f,
                "this is not a table: {problem}; tables are made with `failway compile`"
            ),
            Self::NotATable => write!(
                f,
                "this is JSON, but not a table: `format` is not \"{FORMAT}\"; tables are made with \
                 `failway compile`"
            ),
            Self::Version { found } => write!(
                f,
                "this table has version {found}, but this program reads version {VERSION}; compile \
                 the sources again with this program, or use the one that made the table"
            ),
            Self::Digest { claimed, actual } => write!(
                f,
                "this table was changed after it was compiled: it claims to be {claimed}, but its \
                 body is {actual}; compile the sources again"
            ),
            Self::Broken { at, problem } => write!(
                f,
                "this table is broken at `{at}`: {problem}; compile the sources again"
            ),
        }
    }
}

impl std::error::Error for ReadError {}

impl From<Broken> for ReadError {
    fn from(fault: Broken) -> Self {
        Self::Broken {
            at: if fault.at.is_empty() {
                "body".to_owned()
            } else {
                format!("body.{}", fault.at)
            },
            problem: fault.problem,
        }
    }
}

/// A verified table.
#[derive(Clone, Debug)]
pub struct Table {
    document: Document,
    index: Index,
    actions: BTreeMap<String, u32>,
    action_wires: BTreeMap<String, u32>,
    flows: BTreeMap<String, u32>,
    events: BTreeMap<String, u32>,
    rules: BTreeMap<String, u32>,
}

impl Table {
    /// Reads a table and verifies all of it: JSON without repeated names, format and version,
    /// digest, and every index, path and type of the body.
    ///
    /// # Errors
    /// If anything is not as `docs/table.md` asks.
    pub fn read(bytes: &[u8]) -> Result<Self, ReadError> {
        if bytes.len() > SIZE_MAX {
            return Err(ReadError::TooLarge { bytes: bytes.len() });
        }
        let value = strict::parse(bytes).map_err(|e| ReadError::NotJson {
            problem: e.to_string(),
        })?;
        if value.get("format").and_then(Value::as_str) != Some(FORMAT) {
            return Err(ReadError::NotATable);
        }
        let version = value.get("version").unwrap_or(&Value::Null);
        if version.as_u64() != Some(u64::from(VERSION)) {
            return Err(ReadError::Version {
                found: version.to_string(),
            });
        }
        let no_form = |e: canonical::NotCanonical| ReadError::Broken {
            at: "body".to_owned(),
            problem: e.to_string(),
        };
        let actual =
            canonical::digest(value.get("body").unwrap_or(&Value::Null)).map_err(no_form)?;
        let claimed = value.get("digest").and_then(Value::as_str).unwrap_or("");
        if claimed != actual {
            return Err(ReadError::Digest {
                claimed: claimed.to_owned(),
                actual,
            });
        }
        let document: Document = serde_json::from_value(value).map_err(|e| ReadError::Broken {
            at: "body".to_owned(),
            problem: e.to_string(),
        })?;
        // What reads alike but is written otherwise, such as `null` for what is left out.
        let again = serde_json::to_value(&document.body).unwrap_or_default();
        if canonical::digest(&again).map_err(no_form)? != actual {
            return Err(ReadError::Broken {
                at: "body".to_owned(),
                problem: "something in it is not written as the contract asks, such as `null` for what is left out".to_owned(),
            });
        }
        Ok(Self::verified(document)?)
    }

    /// Takes in a document made in this process, verified like one that was read.
    ///
    /// # Errors
    /// If an index, a path or a type is wrong. The digest is taken as it stands.
    pub fn verified(document: Document) -> Result<Self, Broken> {
        check::check(&document.body)?;
        let body = &document.body;
        Ok(Self {
            index: Index::new(body),
            actions: index(body.actions.iter().map(|a| &a.name)),
            action_wires: index(body.actions.iter().map(|a| &a.wire)),
            flows: index(body.flows.iter().map(|f| &f.name)),
            events: index(body.events.iter().map(|e| &e.name)),
            rules: index(body.rules.iter().map(|r| &r.name)),
            document,
        })
    }

    /// Everything that decides.
    #[must_use]
    pub fn body(&self) -> &Body {
        &self.document.body
    }

    /// Its diagrams, ready to be walked.
    #[must_use]
    pub fn index(&self) -> &Index {
        &self.index
    }

    /// `sha256:` and the hex digest of the body.
    #[must_use]
    pub fn digest(&self) -> &str {
        &self.document.digest
    }

    /// The digests of the sources that the table was made from.
    #[must_use]
    pub fn sources(&self) -> &[SourceDigest] {
        &self.document.sources
    }

    /// The whole document.
    #[must_use]
    pub fn document(&self) -> &Document {
        &self.document
    }

    /// Index of the action called `integration.action`.
    #[must_use]
    pub fn action_index(&self, name: &str) -> Option<u32> {
        self.actions.get(name).copied()
    }

    /// The action called `integration.action`.
    #[must_use]
    pub fn action(&self, name: &str) -> Option<&Action> {
        self.body().actions.get(self.action_index(name)? as usize)
    }

    /// Index of the action with that name on the wire.
    #[must_use]
    pub fn action_by_wire(&self, wire: &str) -> Option<u32> {
        self.action_wires.get(wire).copied()
    }

    /// Index of the flow with that name.
    #[must_use]
    pub fn flow_index(&self, name: &str) -> Option<u32> {
        self.flows.get(name).copied()
    }

    /// The flow with that name.
    #[must_use]
    pub fn flow(&self, name: &str) -> Option<&Flow> {
        self.body().flows.get(self.flow_index(name)? as usize)
    }

    /// Index of the event with that name.
    #[must_use]
    pub fn event_index(&self, name: &str) -> Option<u32> {
        self.events.get(name).copied()
    }

    /// Index of the rule with that name.
    #[must_use]
    pub fn rule_index(&self, name: &str) -> Option<u32> {
        self.rules.get(name).copied()
    }
}

fn index<'a>(names: impl Iterator<Item = &'a String>) -> BTreeMap<String, u32> {
    names.cloned().zip(0..).collect()
}

#[cfg(test)]
mod tests;
