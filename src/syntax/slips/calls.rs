//! Calls and their arguments, as other languages have them.

use super::super::recover::Context;
use super::{Slip, is_word};
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Span;

impl Slip<'_> {
    /// Arguments without names, agents with a prompt, questions without an answer's name.
    pub(super) fn call(&self) -> Option<Diagnostic> {
        self.positional()
            .or_else(|| self.prompt())
            .or_else(|| self.answer_first())
            .or_else(|| self.test_name())
            .or_else(|| self.end_class())
            .or_else(|| self.limit_kind())
            .or_else(|| self.verdict())
            .or_else(|| self.confirming())
            .or_else(|| self.said_elsewhere())
    }

    fn positional(&self) -> Option<Diagnostic> {
        let tok = self.token();
        let before = self.before();
        // `f(order)` fails behind the name, `f("A")` before the text.
        let (at, shown) = if matches!(tok, ")" | "," | ".") {
            let start = before
                .trim_end_matches(|c: char| is_word(c) || c == '.')
                .len();
            (start, before.get(start..)?)
        } else {
            let rest = self.rest();
            let end = rest.find([',', ')', '\n'])?;
            (self.at, rest.get(..end)?)
        };
        let opened = self.text.get(..at)?.trim_end().ends_with(['(', ',']);
        if !opened || shown.is_empty() || !self.helps(at..at, "x: ") {
            return None;
        }
        let name = shown
            .rsplit('.')
            .next()
            .filter(|n| n.starts_with(|c: char| c.is_ascii_lowercase()) && n.chars().all(is_word));
        let help = if self.declares() {
            format!("write the parameter with its type: `{shown}: string length 1..40`")
        } else {
            format!("write `{}: {shown}`", name.unwrap_or("name"))
        };
        let message = if self.declares() {
            "a parameter has a type"
        } else {
            "arguments are named"
        };
        Some(
            Diagnostic::new(
                Code::FW001,
                message,
                Span::new(self.file, at, at + shown.len()),
                if self.declares() {
                    "of which type?"
                } else {
                    "for which parameter?"
                },
            )
            .help(help),
        )
    }

    /// Whether the chunk declares parameters.
    pub(super) fn declares(&self) -> bool {
        let heading = !self
            .attempt
            .as_ref()
            .is_some_and(|a| a.read_until(self.at).contains('{'));
        heading && matches!(self.first_word(), "action" | "flow")
    }

    fn prompt(&self) -> Option<Diagnostic> {
        let (_, before) = self.word_before();
        (before == "agent" && self.rest().starts_with('"')).then(|| {
            self.found(1, "an agent has no text here", "not expected")
                .note("What a model is told is the host's; the policy says what it may do, for how long, and what it can come back with.")
                .help("write `agent given order { may … calls 8 within 90s outcome done }`")
        })
    }

    fn answer_first(&self) -> Option<Diagnostic> {
        if self.token() != "within" || !self.wants("`as`") {
            return None;
        }
        self.line_before().starts_with("ask").then(|| {
            self.found(
                6,
                "a question says what its answer is called, and of which type",
                "`as` belongs before this",
            )
            .help("as in `ask manager \"May it go out?\" as answer: bool within 10m`")
        })
    }

    fn test_name(&self) -> Option<Diagnostic> {
        let (_, before) = self.word_before();
        let tok = self.token();
        if !matches!(before, "test" | "because" | "use" | "as")
            || !self.wants("a text in double quotes")
            || !tok.starts_with(is_word)
        {
            return None;
        }
        let rest = self.rest();
        let end = rest.find(['{', '\n']).unwrap_or(rest.len());
        let shown = rest.get(..end)?.trim_end();
        let shown = if before == "as" { tok } else { shown };
        let message = match before {
            "test" => "a test's name is a text",
            "because" => "a reason is a text",
            "use" => "a file's name is a text",
            _ => "a name on the wire is a text",
        };
        Some(
            self.found(shown.len(), message, "put it in double quotes")
                .help(format!("write `{before} \"{shown}\"`")),
        )
    }

    fn end_class(&self) -> Option<Diagnostic> {
        if self.context != Context::Flow
            || self.first_word() != "end"
            || !self.helps(self.at..self.at, " success ")
        {
            return None;
        }
        let (_, before) = self.word_before();
        if before == "end" {
            return None;
        }
        let end = self.before().len();
        Some(
            Diagnostic::new(
                Code::FW001,
                "an end says what kind of end it is",
                Span::new(self.file, end, end),
                "`success`, `fallback` or `failure` belongs here",
            )
            .help(format!("write `end {before} success`, `fallback` (somebody or something else takes over) or `failure`")),
        )
    }

    /// A `confirm` without its lines, or with others.
    fn confirming(&self) -> Option<Diagnostic> {
        let read = self.attempt.as_ref()?.read_until(self.at);
        if self.context != Context::Action || self.first_word() != "confirm" || !read.contains(')')
        {
            return None;
        }
        let line = "write `{ happened on ok  absent on not_found }`: on which outcome of that call the write has happened, and on which it hasn't; a line may have a `when` behind its outcome";
        let tok = self.token();
        if !read.contains('{') {
            let end = self.before().len();
            return Some(
                Diagnostic::new(
                    Code::FW001,
                    "a `confirm` says what its answer means",
                    Span::new(self.file, end, end),
                    "its lines are missing here",
                )
                .help(line),
            );
        }
        Some(
            self.found(
                tok.len(),
                format!("`{tok}` cannot stand here"),
                "not a line of a `confirm`",
            )
            .help(line),
        )
    }

    /// Words that belong to another clause.
    fn said_elsewhere(&self) -> Option<Diagnostic> {
        let tok = self.token();
        let (_, before) = self.word_before();
        let read = self.attempt.as_ref()?.read_until(self.at);
        let help = match tok {
            "tolerant" => {
                "this is said of an undo that does no harm where nothing happened: `undo cancel(booking: booking) tolerant`"
            }
            "{" if read.contains("every ") || read.contains("some ") => {
                "the condition stands behind a colon: `every f in files: f.size <= 100`"
            }
            _ if self.wants("`.`") && read.contains("instead ") && !before.is_empty() => {
                "`instead` names an action and its arguments: `instead handoff.transfer(queue: events)`"
            }
            _ => return None,
        };
        Some(
            self.found(
                tok.len(),
                format!("`{tok}` cannot stand here"),
                "not expected",
            )
            .help(help),
        )
    }

    /// `expect denied rule`.
    fn verdict(&self) -> Option<Diagnostic> {
        let (start, before) = self.word_before();
        let ours = match before {
            "denied" | "refused" | "blocked" | "reject" | "rejected" => "deny",
            "allowed" | "permitted" | "ok" => "allow",
            "escalated" | "approval" => "escalate",
            "limit" | "throttled" => "limited",
            _ => return None,
        };
        if self.context != Context::Test || !self.line_before().starts_with("expect ") {
            return None;
        }
        let at = Span::new(self.file, start, start + before.len());
        Some(
            Diagnostic::new(
                Code::FW001,
                format!("`{before}` is no verdict"),
                at,
                format!("write `{ours}`"),
            )
            .help("a verdict is expected by `expect allow`, `expect deny rule`, `expect limited` or `expect escalate`"),
        )
    }

    fn limit_kind(&self) -> Option<Diagnostic> {
        (self.token() == "per" && self.wants("`calls` or `effects`")).then(|| {
            let end = self.before().len();
            Diagnostic::new(
                Code::FW001,
                "a limit says what it counts",
                Span::new(self.file, end, end),
                "`calls` or `effects` belongs here",
            )
            .help("`calls` counts what was admitted; `effects` what has happened or may have, so a call that is known to have failed gives its place back")
        })
    }
}
