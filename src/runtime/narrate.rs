//! What happened, in words for people: one line each, as `failway run` and `failway test` show it.

use super::record::{EventEffect, Trace};
use super::verdict::{Decision, Verdict};
use crate::words;
use serde_json::Value;
use std::fmt::{Display, Formatter, Result};

impl Display for Trace {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Decided {
                action,
                args,
                verdict,
            } => write!(f, "{action}{}: {verdict}", In(args)),
            Self::Called {
                call,
                repeats: Some(first),
                ..
            } => write!(f, "call {call}, a repeat of call {first}"),
            Self::Called { call, .. } => write!(f, "call {call}"),
            Self::Replied {
                call,
                action,
                outcome,
                value,
                problem,
            } => {
                write!(f, "call {call} of {action}: {outcome}{}", After(value))?;
                match problem {
                    Some(problem) => write!(f, " ({problem})"),
                    None => Ok(()),
                }
            }
            Self::Settled {
                call,
                action,
                happened,
                value,
            } => {
                let what = if *happened { "has" } else { "has not" };
                write!(f, "call {call} of {action} {what} happened{}", After(value))
            }
            Self::Undone { call, action, by } => {
                write!(f, "call {call} of {action} is undone by call {by}")
            }
            Self::ApprovalAsked {
                action, rule, role, ..
            } => write!(f, "{role} is asked to approve {action} ({rule})"),
            Self::Approval { status, .. } => write!(f, "the approval is {status}"),
            Self::Entered { state, .. } => write!(f, "→ {state}"),
            Self::TooOften { state } => write!(f, "{state} was entered once too often"),
            Self::Outcome {
                state,
                outcome,
                value,
            } => write!(f, "{state}: {outcome}{}", After(value)),
            Self::Retry {
                attempt, wait_ms, ..
            } => {
                write!(f, "attempt {} follows", attempt.saturating_add(1))?;
                match wait_ms {
                    0 => Ok(()),
                    ms => write!(f, " after at most {}", words::duration(*ms)),
                }
            }
            Self::Event { event, effect } => {
                let effect = match effect {
                    EventEffect::Taken => "is taken",
                    EventEffect::Waits => "waits for the call in flight",
                    EventEffect::Ignored => "is ignored",
                };
                write!(f, "event {event} {effect}")
            }
            Self::Deadline { scope } => write!(f, "the time of {scope} is up"),
            Self::Duplicate {} => f.write_str("the trigger is a duplicate"),
            Self::Late {} => f.write_str("too late: nothing changes"),
            Self::Ended { end, class, gives } => {
                write!(f, "end {end} ({class}){}", After(gives))
            }
        }
    }
}

impl Display for Decision {
    /// Such as `deny big_party, instead handoff.transfer(queue: "events")`.
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(self.verdict.word())?;
        if let Some(rule) = &self.rule {
            write!(f, " {rule}")?;
        }
        if let Some(instead) = &self.instead {
            let args = Value::Object(instead.args.clone());
            write!(f, ", instead {}{}", instead.action, In(&args))?;
        }
        if self.verdict == Verdict::Limited {
            write!(f, ": {}", self.again.words())?;
        }
        Ok(())
    }
}

/// Arguments as a call is written.
struct In<'a>(&'a Value);

impl Display for In<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let Value::Object(args) = self.0 else {
            return write!(f, "({})", self.0);
        };
        f.write_str("(")?;
        for (i, (name, value)) in args.iter().enumerate() {
            let comma = if i == 0 { "" } else { ", " };
            write!(f, "{comma}{name}: {value}")?;
        }
        f.write_str(")")
    }
}

/// A value that follows an outcome.
struct After<'a>(&'a Option<Value>);

impl Display for After<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self.0 {
            Some(value) => write!(f, " {value}"),
            None => Ok(()),
        }
    }
}
