//! The frequent slips, by name: what people write who come from other languages, or in a hurry.

mod calls;
mod conditions;
mod foreign;
mod literals;
mod marks;
mod missing;
mod names;
mod repairs;
mod types;

use super::recover::{Attempt, Context, token};
use crate::diagnostics::{Code, Diagnostic, Repair, Trust};
use crate::source::{FileId, Span};
use std::collections::BTreeSet;
use std::ops::Range;

pub(super) use foreign::beginning;

/// A broken chunk: where it stands, where reading it fails, and what could have stood there.
pub(super) struct Slip<'t> {
    pub file: FileId,
    pub text: &'t str,
    pub at: usize,
    pub expected: &'t BTreeSet<String>,
    pub context: Context,
    /// The chunk that was read, if one was.
    pub attempt: Option<Attempt<'t>>,
}

impl Slip<'_> {
    /// The slip by name, if it is one of the frequent ones.
    pub fn named(&self) -> Option<Diagnostic> {
        if self.rest().starts_with("!=") {
            return None;
        }
        // What stands first is the more certain one.
        const SLIPS: &[fn(&Slip<'_>) -> Option<Diagnostic>] = &[
            |s| s.keyword_as_name(),
            |s| s.mark(),
            |s| s.stray(),
            |s| literals::quotes(s.file, s.text, s.at),
            |s| s.unit(),
            |s| literals::numbers(s.file, s.text, s.at),
            |s| s.piece_of_number(),
            |s| s.names(),
            |s| s.dashed(),
            |s| s.quoted_name(),
            |s| s.foreign_word(),
            |s| s.question(),
            |s| s.bounds(),
            |s| s.shapes(),
            |s| s.call(),
            |s| s.repaired(),
            |s| s.computing(),
            |s| s.chained(),
            |s| s.types(),
            |s| s.open_bracket(),
            |s| s.misspelt(),
            |s| s.after_the_arrow(),
            |s| s.in_flow(),
            |s| s.missing(),
            |s| s.nameless_rule(),
        ];
        SLIPS.iter().find_map(|slip| slip(self)).map(with_repair)
    }

    pub(super) fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    pub(super) fn before(&self) -> &str {
        self.text.get(..self.at).unwrap_or_default().trim_end()
    }

    /// The word directly before the place, with its start.
    pub(super) fn word_before(&self) -> (usize, &str) {
        let before = self.before();
        let start = before.trim_end_matches(is_word).len();
        (start, before.get(start..).unwrap_or_default())
    }

    pub(super) fn token(&self) -> &str {
        token(self.text, self.at)
    }

    pub(super) fn here(&self, len: usize) -> Span {
        Span::new(self.file, self.at, self.at + len)
    }

    pub(super) fn wants(&self, what: &str) -> bool {
        self.expected.contains(what)
    }

    /// Whether reading gets further if the range of the text is replaced.
    pub(super) fn helps(&self, range: Range<usize>, with: &str) -> bool {
        self.attempt.as_ref().is_some_and(|a| a.helps(range, with))
    }

    /// The range of the token at the place.
    fn token_range(&self) -> Range<usize> {
        self.at..self.at + self.token().len()
    }

    /// A finding about `len` bytes at the place.
    fn found(
        &self,
        len: usize,
        message: impl Into<String>,
        label: impl Into<String>,
    ) -> Diagnostic {
        Diagnostic::new(Code::FW001, message, self.here(len), label)
    }

    /// The first word of the chunk that was read.
    fn first_word(&self) -> &str {
        self.attempt.as_ref().map_or("", Attempt::first_word)
    }

    /// The line before the place, as far as it goes.
    fn line_before(&self) -> &str {
        self.before().rsplit('\n').next().unwrap_or_default().trim()
    }
}

/// A label that says no more than what to write there is a repair as well: whoever offers it reads the
/// text again with it first.
fn with_repair(found: Diagnostic) -> Diagnostic {
    let Some(label) = found.labels.first() else {
        return found;
    };
    let text = match label.text.as_str() {
        "leave this out" => "",
        said => {
            let inner = said
                .strip_prefix("write `")
                .and_then(|s| s.strip_suffix('`'));
            match inner {
                Some(text) if !text.contains('`') => text,
                _ => return found,
            }
        }
    };
    let (span, text) = (label.span, text.to_string());
    found.repair(Repair::Write {
        span,
        text,
        trust: Trust::Safe,
    })
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}
