//! A source file as the drawing library wants it: any span found by the line index, however large
//! the file, with very long lines cut and control characters made harmless.

use crate::source::{SourceFile, Span};
use miette::{MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};
use std::borrow::Cow;

/// Lines longer than this many bytes are cut around what is marked.
const LONG_LINE: usize = 400;
/// What stays on either side of a mark in a line that is cut, in bytes.
const AROUND: usize = 80;
/// A mark over more lines than this is drawn on its first line only.
const MARKED_LINES: usize = 12;

/// One file, ready to be drawn.
pub(super) struct Excerpt<'a> {
    file: &'a SourceFile,
    text: Cow<'a, str>,
}

impl<'a> Excerpt<'a> {
    /// The file's text, control characters replaced byte by byte.
    pub(super) fn new(file: &'a SourceFile) -> Self {
        let harmful = |c: char| c.is_ascii_control() && !matches!(c, '\n' | '\r' | '\t');
        let text = if file.text().contains(harmful) {
            Cow::Owned(
                file.text()
                    .chars()
                    .map(|c| if harmful(c) { '?' } else { c })
                    .collect(),
            )
        } else {
            Cow::Borrowed(file.text())
        };
        Self { file, text }
    }

    /// The part of a span that is worth marking: within the text, on character boundaries, and not
    /// over pages of it.
    pub(super) fn marked(&self, span: Span) -> SourceSpan {
        let text = self.text.as_ref();
        let start = floor(text, span.range().start);
        let mut end = floor(text, span.range().end).max(start);
        let line = self.file.line_index(start);
        if self.file.line_index(end) - line > MARKED_LINES
            && let Some(first) = self.file.line_range(line)
        {
            end = start.max(start + text[start..first.end].trim_end().len());
        }
        (
            start,
            end.min(floor(text, start + LONG_LINE).max(start)) - start,
        )
            .into()
    }
}

/// The nearest character boundary at or before `at`.
fn floor(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

impl SourceCode for Excerpt<'_> {
    fn read_span<'b>(
        &'b self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'b> + 'b>, MietteError> {
        let text = self.text.as_ref();
        let (from, to) = (span.offset(), span.offset() + span.len());
        if to > text.len() {
            return Err(MietteError::OutOfBounds);
        }
        let out = || MietteError::OutOfBounds;
        let first = self.file.line_index(from);
        let top = first.saturating_sub(before);
        let bottom = (self.file.line_index(to.max(from + 1) - 1).max(first) + after)
            .min(self.file.line_count() - 1);
        let mut start = self.file.line_range(top).ok_or_else(out)?.start;
        let mut end = self.file.line_range(bottom).ok_or_else(out)?.end.max(to);
        let mut line = top;
        let too_long = |index: usize| {
            self.file
                .line_range(index)
                .is_some_and(|r| r.len() > LONG_LINE)
        };
        if before == 0 || (top..=first).any(too_long) {
            start = if before == 0 {
                from
            } else {
                floor(text, from.saturating_sub(AROUND))
            };
            let at = self.file.line_range(first).ok_or_else(out)?.start;
            start = start.max(at);
            line = first;
        }
        if (first..=bottom).any(too_long) {
            end = end.min(floor(text, to + AROUND).max(to));
        }
        let here = self.file.line_range(line).ok_or_else(out)?.start;
        let column = text.get(here..start).map_or(0, |s| s.chars().count());
        let data = text.get(start..end).ok_or_else(out)?;
        Ok(Box::new(MietteSpanContents::new_named(
            self.file.name().to_string(),
            data.as_bytes(),
            (start, data.len()).into(),
            line,
            column,
            data.matches('\n').count() + 1,
        )))
    }
}
