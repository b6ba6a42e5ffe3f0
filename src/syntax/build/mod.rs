//! From pest's pairs to the tree. Every function here takes a pair that the grammar has accepted.

mod conds;
mod flows;
mod integrations;
mod items;
mod literals;
mod rules;
mod tests;
mod values;

use super::grammar::Rule;
use super::recover::{self, Context};
use super::tree::{Doc, Ident, Spanned};
use super::{Limits, further};
use crate::diagnostics::{Code, Diagnostic};
use crate::source::{FileId, Span};
use pest::iterators::Pair;

pub(super) use items::{Part, PartKind, window};

/// A pair of this grammar.
pub(super) type P<'a> = Pair<'a, Rule>;

/// What building needs at hand, and what it finds.
pub(super) struct Builder<'a> {
    pub file: FileId,
    pub text: &'a str,
    /// Where in the text begins what the grammar reads.
    pub base: usize,
    /// Ranges of the comments, ascending.
    pub comments: Vec<(usize, usize)>,
    pub findings: Vec<Diagnostic>,
    /// Cleared whenever something is dropped.
    pub complete: bool,
    /// How much reading on behind mistakes may take.
    pub limits: Limits,
}

impl<'a> Builder<'a> {
    pub fn new(file: FileId, text: &'a str, base: usize, limits: Limits) -> Self {
        Self {
            file,
            text,
            base,
            comments: Vec::new(),
            findings: Vec::new(),
            complete: true,
            limits,
        }
    }

    pub fn spanned_comments(&self) -> Vec<Spanned<String>> {
        let comment = |&(start, end): &(usize, usize)| Spanned {
            node: self.text.get(start..end).unwrap_or_default().to_string(),
            span: Span::new(self.file, start, end),
        };
        self.comments.iter().map(comment).collect()
    }
}

impl Builder<'_> {
    /// The pair's place, without the blanks and comments that pest leaves at its end.
    pub fn span(&self, pair: &P<'_>) -> Span {
        let raw = pair.as_span();
        self.trimmed(self.base + raw.start(), self.base + raw.end())
    }

    /// The range without blanks and comments at its end.
    pub fn trimmed(&self, start: usize, mut end: usize) -> Span {
        loop {
            let slice = self.text.get(start..end).unwrap_or_default();
            end = start + slice.trim_end().len();
            let at = self.comments.partition_point(|&(_, e)| e < end);
            match self.comments.get(at) {
                Some(&(s, e)) if e == end && s >= start => end = s,
                _ => return Span::new(self.file, start, end),
            }
        }
    }

    pub fn ident(&self, pair: &P<'_>) -> Ident {
        Ident {
            name: pair.as_str().trim_matches('`').to_string(),
            span: self.span(pair),
        }
    }

    pub fn spanned<T>(&self, pair: &P<'_>, node: T) -> Spanned<T> {
        Spanned {
            node,
            span: self.span(pair),
        }
    }

    pub fn doc(&self, pair: &P<'_>) -> Doc {
        let lines: Vec<&str> = kids(pair)
            .map(|line| {
                let text = line.as_str().trim_end_matches('\r');
                let text = text.strip_prefix("///").unwrap_or(text);
                text.strip_prefix(' ').unwrap_or(text).trim_end()
            })
            .collect();
        Some(self.spanned(pair, lines.join("\n")))
    }

    /// Reports a chunk that nothing could read. `before` is where that begins which was read
    /// directly before it; says whether the chunk goes on with that.
    pub fn broken(&mut self, pair: &P<'_>, context: Context, before: Option<usize>) -> bool {
        self.complete = false;
        let span = self.span(pair);
        let before = before.map(|at| self.base + at);
        let why = recover::explain(self.file, self.text, span.range(), context, before);
        self.findings.push(why.found);
        let start = before.filter(|_| why.goes_on).unwrap_or(span.range().start);
        let chunk = self.text.get(start..span.range().end).unwrap_or_default();
        let further = further::findings(self.file, chunk, start, context, &self.limits);
        self.findings.extend(further);
        why.goes_on
    }

    /// If this `close` found no brace, reports the block as left open.
    pub fn close(&mut self, pair: &P<'_>, what: &str, opened: Span) {
        let open = kids(pair).any(|p| p.as_rule() == Rule::missing_close);
        if !open {
            return;
        }
        self.complete = false;
        let at = self.base + pair.as_span().start();
        let end = self.trimmed(opened.start as usize, at).end as usize;
        self.findings.push(
            Diagnostic::new(
                Code::FW004,
                format!("{what} is not closed"),
                Span::new(self.file, end, end),
                "a `}` is missing here at the latest",
            )
            .label(opened, "opened here")
            .help("add the missing `}`"),
        );
    }

    /// Reports a clause that may stand only once.
    pub fn once<T>(&mut self, slot: &mut Option<T>, value: T, span: Span, what: &str) {
        if slot.is_some() {
            self.findings.push(
                Diagnostic::new(
                    Code::FW006,
                    format!("`{what}` is written twice"),
                    span,
                    "the second one",
                )
                .help("keep one of them"),
            );
        } else {
            *slot = Some(value);
        }
    }
}

/// The pair's parts, comments left out.
pub(super) fn kids<'a>(pair: &P<'a>) -> impl Iterator<Item = P<'a>> + use<'a> {
    pair.clone()
        .into_inner()
        .filter(|p| p.as_rule() != Rule::COMMENT)
}

/// The pair's parts, each with the place where the part before it begins.
pub(super) fn siblings<'a>(pair: &P<'a>) -> impl Iterator<Item = (Option<usize>, P<'a>)> + use<'a> {
    let mut last = None;
    kids(pair).map(move |p| {
        let before = last.replace(p.as_span().start());
        (before, p)
    })
}

/// The pair's first part.
pub(super) fn first<'a>(pair: &P<'a>) -> Option<P<'a>> {
    kids(pair).next()
}
