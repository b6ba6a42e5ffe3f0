//! The lines of a script.

use super::answers::Answer;
use crate::cli::{Trouble, files};
use crate::table::strict;
use serde_json::Value;
use std::path::Path;

/// A script being read.
pub(super) struct Script {
    name: String,
    lines: Vec<String>,
    next: usize,
}

impl Script {
    pub(super) fn read(path: &str) -> Result<Self, Trouble> {
        let unreadable = |why: String| Trouble::new(format!("`{path}` cannot be read: {why}"));
        let bytes = if path == "-" {
            files::stdin()?
        } else {
            files::read(Path::new(path), crate::syntax::MAX_BYTES).map_err(unreadable)?
        };
        let text = crate::syntax::decode(&bytes).map_err(unreadable)?;
        Ok(Self {
            name: path.to_string(),
            lines: text.lines().map(str::to_string).collect(),
            next: 0,
        })
    }

    /// The next answer; none at the end.
    pub(super) fn next(&mut self) -> Result<Option<Answer>, Trouble> {
        while let Some(line) = self.lines.get(self.next) {
            self.next += 1;
            match parse(line) {
                Ok(Some(answer)) => return Ok(Some(answer)),
                Ok(None) => {}
                Err(why) => return Err(self.trouble(&why)),
            }
        }
        Ok(None)
    }

    /// What is wrong with the line read last.
    pub(super) fn trouble(&self, why: &str) -> Trouble {
        Trouble::new(format!("{}:{}: {why}", self.name, self.next))
    }
}

/// One line; none if it is empty or a comment.
pub(super) fn parse(line: &str) -> Result<Option<Answer>, String> {
    let line = line.trim();
    if line.is_empty() || line.starts_with("//") || line.starts_with('#') {
        return Ok(None);
    }
    let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let rest = rest.trim();
    let value = |text: &str| -> Result<Value, String> {
        strict::parse(text.as_bytes()).map_err(|e| {
            format!(
                "the value cannot be read as JSON: {e}; write it like {{\"party\": 4}} or \"L1\""
            )
        })
    };
    Ok(Some(match word {
        "event" if !rest.is_empty() => Answer::Event(rest.to_string()),
        "event" => return Err("`event` wants the event's name, as in `event hangup`".into()),
        "advance" if rest.is_empty() => {
            return Err("`advance` wants a duration, as in `advance 5m`".into());
        }
        "advance" => Answer::Advance(duration(rest).ok_or_else(|| {
            format!("`{rest}` is no duration: write it like 200ms, 5s, 10m or 2h")
        })?),
        "propose" => {
            let (action, args) = rest.split_once(char::is_whitespace).unwrap_or((rest, "{}"));
            if action.is_empty() {
                return Err(
                    "`propose` wants an action, as in `propose crm.find {\"id\": \"L1\"}`".into(),
                );
            }
            Answer::Propose(action.to_string(), value(args)?)
        }
        "approve" | "decline" if !rest.is_empty() => {
            return Err(format!(
                "`{word}` stands by itself: the approval that waits is meant"
            ));
        }
        "approve" if rest.is_empty() => Answer::Approve(true),
        "decline" if rest.is_empty() => Answer::Approve(false),
        outcome if rest.is_empty() => Answer::Outcome(outcome.to_string(), None),
        outcome => Answer::Outcome(outcome.to_string(), Some(value(rest)?)),
    }))
}

/// `5m` and the like, in milliseconds.
fn duration(text: &str) -> Option<i64> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(digits);
    let unit = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    number.parse::<i64>().ok()?.checked_mul(unit)
}
