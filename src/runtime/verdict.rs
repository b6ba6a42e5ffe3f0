//! Verdicts as a host and a model get them.

use crate::words;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The answer to a proposal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// Deny, limited, escalate or allow.
    pub verdict: Verdict,
    /// The rule that decided, or one of the reserved codes `invalid`, `not_here`, `unsettled` and
    /// `no_rule`. None for what is allowed by no named rule.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub rule: Option<String>,
    /// What was refused and why, in words fit for a model. Empty for allow.
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub reason: String,
    /// Whether asking again can help.
    pub again: Again,
    /// What to do instead.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub instead: Option<Instead>,
    /// The approval that is waited for.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub approval: Option<String>,
}

/// The four verdicts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum Verdict {
    Deny,
    Limited,
    Escalate,
    Allow,
}

impl Verdict {
    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Deny => "deny",
            Self::Limited => "limited",
            Self::Escalate => "escalate",
            Self::Allow => "allow",
        }
    }
}

/// Whether asking again can help.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Again {
    /// Not in this session.
    Never {},
    /// Once circumstances have changed.
    Later {},
    /// After so long.
    AfterWait {
        /// Milliseconds.
        wait_ms: i64,
    },
    /// Once it was approved.
    AfterApproval {},
    /// Once one of these has succeeded.
    AfterAction {
        /// Names of actions.
        actions: Vec<String>,
    },
    /// With other arguments.
    OtherArguments {},
    /// Nothing was refused.
    NotNeeded {},
}

impl Again {
    /// In words fit for a model; empty where nothing was refused.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Never {} => "Asking again will not help.".to_owned(),
            Self::Later {} => "Asking again helps only once circumstances have changed.".to_owned(),
            Self::AfterWait { wait_ms } => {
                format!("Ask again in {}.", words::duration(*wait_ms))
            }
            Self::AfterApproval {} => "Wait for the approval.".to_owned(),
            Self::AfterAction { actions } => {
                format!("Ask again after {} has succeeded.", words::either(actions))
            }
            Self::OtherArguments {} => "Ask again with other arguments.".to_owned(),
            Self::NotNeeded {} => String::new(),
        }
    }
}

/// A call to make instead of the refused one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Instead {
    pub action: String,
    /// Its name on the wire.
    pub wire: String,
    pub args: Map<String, Value>,
}

impl Decision {
    pub(super) fn new(
        verdict: Verdict,
        rule: Option<String>,
        reason: String,
        again: Again,
    ) -> Self {
        Self {
            verdict,
            rule,
            reason,
            again,
            instead: None,
            approval: None,
        }
    }

    pub(super) fn deny(code: &str, reason: String, again: Again) -> Self {
        Self::new(Verdict::Deny, Some(code.to_owned()), reason, again)
    }
}
