//! Marks that are missing, brackets left open, and parts in the wrong order.

use super::super::recover::Context;
use super::Slip;
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Span;

impl Slip<'_> {
    /// A bracket that is never closed.
    pub(super) fn open_bracket(&self) -> Option<Diagnostic> {
        let attempt = self.attempt.as_ref()?;
        let end = self.before().len();
        let (at, open) = last_open(attempt.read_until(end))?;
        let close = if open == '(' { ")" } else { "]" };
        if !self.wants(&format!("`{close}`")) || !self.helps(end..end, close) {
            return None;
        }
        let at = attempt.start + at;
        Some(
            Diagnostic::new(
                Code::FW004,
                format!("this `{open}` is not closed"),
                Span::new(self.file, at, at + 1),
                "opened here",
            )
            .label(
                Span::new(self.file, end, end),
                format!("a `{close}` is missing here at the latest"),
            )
            .help(format!("add the missing `{close}`")),
        )
    }

    /// A part of a handler that stands behind its arrow.
    pub(super) fn after_the_arrow(&self) -> Option<Diagnostic> {
        let tok = self.token();
        let line = self.before().rsplit('\n').next()?;
        let behind = self.context == Context::State
            && matches!(tok, "retry" | "when" | "as" | "backoff")
            && line.trim_start().starts_with("on ")
            && line.contains("->");
        behind.then(|| {
            Diagnostic::new(
                Code::FW001,
                format!("`{tok}` stands before the arrow"),
                self.here(tok.len()),
                "behind the arrow there is only where to go",
            )
            .help("a handler is written `on outcome as name when condition retry 2 backoff 1s..4s -> state`")
        })
    }

    /// Handlers and retries as other languages have them.
    pub(super) fn in_flow(&self) -> Option<Diagnostic> {
        let tok = self.token();
        let (_, before) = self.word_before();
        if before == "on" && matches!(tok, "*" | "_") {
            return Some(
                self.found(1, "no handler takes everything", "not expected")
                    .note("Whoever declares a further failure has to say what happens on it: that is what keeps a policy complete.")
                    .help("name the outcomes: `on timeout | malformed -> …`"),
            );
        }
        let retry = "a retry is written `retry 2 backoff 200ms..2s`: two further attempts, the first wait, and the longest";
        if before == "retry" {
            return Some(
                self.found(
                    tok.len(),
                    format!("`{tok}` cannot stand here"),
                    "not expected",
                )
                .help(retry),
            );
        }
        let half = self.wants("`..` or `..<`") && self.line_before().contains("backoff");
        (half || before == "backoff").then(|| {
            self.found(tok.len(), "a backoff is a range of waits", "not expected")
                .help(retry)
        })
    }

    /// A mark that would make the rest readable.
    pub(super) fn missing(&self) -> Option<Diagnostic> {
        let tok = self.token();
        let end = self.before().len();
        let limit = self.first_word() == "limit";
        let mark = ["to", ",", ":", "->", "=", "()", ".."]
            .into_iter()
            .filter(|mark| *mark != "to" || limit)
            .find(|mark| self.helps(end..end, &format!(" {mark} ")))?;
        let here = Span::new(self.file, end, end);
        if mark == "()" && self.declares() {
            let kind = self.first_word();
            return Some(
                Diagnostic::new(
                    Code::FW001,
                    format!("the parameters of this {kind} are missing"),
                    here,
                    "they belong here, in brackets",
                )
                .help("write `(name: type, …)`, or `()` where there are none"),
            );
        }
        if mark == "()" {
            return Some(
                Diagnostic::new(
                    Code::FW001,
                    "a call has its arguments in brackets",
                    here,
                    "the arguments are missing here",
                )
                .help("write `(name: value, …)`, or `()` where there are none"),
            );
        }
        let before = if tok.trim().is_empty() {
            String::new()
        } else {
            format!(" before `{tok}`")
        };
        Some(
            Diagnostic::new(
                Code::FW001,
                format!("`{mark}` is missing{before}"),
                here,
                format!("`{mark}` belongs here"),
            )
            .help(format!("write `{mark}`{before}")),
        )
    }
}

/// The bracket that is open last, and where.
fn last_open(text: &str) -> Option<(usize, char)> {
    let mut open = Vec::new();
    let mut quoted = false;
    for (at, c) in text.char_indices() {
        match c {
            '"' => quoted = !quoted,
            _ if quoted => {}
            '(' | '[' => open.push((at, c)),
            ')' | ']' => {
                open.pop();
            }
            _ => {}
        }
    }
    open.pop()
}
