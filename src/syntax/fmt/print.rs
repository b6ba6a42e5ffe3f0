//! From a document to lines that fit into the width.

use super::layout::Doc;
use super::tokens::{Kind, Tokens};
use super::{INDENT, WIDTH};

/// A line, before anything in it is aligned.
#[derive(Clone, Debug, Default)]
pub(super) struct Line {
    /// Blanks before the text.
    pub indent: usize,
    /// What stands on it, without blanks before and the comment behind.
    pub text: String,
    /// Where something is to be aligned, in bytes of `text`, and in which run.
    pub marks: Vec<(usize, usize)>,
    /// The comment behind it.
    pub comment: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Flat,
    Broken,
}

type Frame<'d> = (usize, Mode, &'d Doc);

/// Prints a document.
pub(super) fn print(docs: Vec<Doc>, tokens: &Tokens<'_>) -> Vec<Line> {
    let mut printer = Printer {
        tokens,
        lines: Vec::new(),
        line: Line::default(),
        pending: None,
        fresh: true,
        started: 0,
        chained: false,
        commented: vec![false; tokens.all.len()],
    };
    let mut stack: Vec<Frame<'_>> = docs.iter().rev().map(|d| (0, Mode::Broken, d)).collect();
    while let Some((indent, mode, doc)) = stack.pop() {
        match doc {
            Doc::Token(at) => printer.token(*at, indent),
            Doc::Gap => printer.gap(1),
            Doc::Line { flat, .. } if mode == Mode::Flat => printer.gap(*flat),
            Doc::Line { blank, .. } | Doc::Hard { blank } => printer.newline(indent, *blank),
            Doc::Fill { kept, chain } => {
                let room = WIDTH.saturating_sub(printer.column() + 1);
                let must = *kept || *chain && printer.chained;
                if must || mode == Mode::Broken && !printer.fits(room, &[], &stack, true) {
                    printer.newline(indent, false);
                    printer.chained |= *chain;
                } else {
                    printer.gap(1);
                }
            }
            Doc::AsWritten(at) => printer.as_written(*at),
            Doc::Nest(docs) => {
                stack.extend(docs.iter().rev().map(|d| (indent + INDENT, mode, d)));
            }
            Doc::Group { broken, docs } => {
                let room = WIDTH.saturating_sub(printer.column());
                let flat =
                    !broken && (mode == Mode::Flat || printer.fits(room, docs, &stack, false));
                let mode = if flat { Mode::Flat } else { Mode::Broken };
                stack.extend(docs.iter().rev().map(|d| (indent, mode, d)));
            }
            Doc::Start => printer.start(),
            Doc::Mark(run) => printer.mark(*run),
            Doc::LastComma(comma) => {
                if mode == Mode::Broken {
                    match comma {
                        Some(at) => printer.token(*at, indent),
                        None => printer.line.text.push(','),
                    }
                }
            }
            Doc::Comments(at) => printer.comments(*at, indent, true),
        }
    }
    printer.end()
}

struct Printer<'a, 't> {
    tokens: &'a Tokens<'t>,
    lines: Vec<Line>,
    line: Line,
    /// The line break that comes before what is printed next: its indent, and whether a blank line.
    pending: Option<(usize, bool)>,
    /// Nothing was printed yet.
    fresh: bool,
    /// The index of the line on which the current clause began.
    started: usize,
    /// A clause of the current chain stands on a line of its own.
    chained: bool,
    /// Tokens whose comments are printed.
    commented: Vec<bool>,
}

impl Printer<'_, '_> {
    fn column(&self) -> usize {
        match self.pending {
            Some((indent, _)) => indent,
            None => self.line.indent + self.line.text.chars().count(),
        }
    }

    fn newline(&mut self, indent: usize, blank: bool) {
        let blank = blank || self.pending.is_some_and(|(_, b)| b);
        self.pending = Some((indent, blank));
    }

    fn gap(&mut self, width: usize) {
        if self.pending.is_none() {
            self.line.text.push_str(&" ".repeat(width));
        }
    }

    /// Makes the break that is due.
    fn break_line(&mut self) {
        if let Some((indent, blank)) = self.pending.take() {
            if self.fresh {
                self.line.indent = indent;
            } else {
                let kept = self.line.text.trim_end().len();
                self.line.text.truncate(kept);
                let next = Line {
                    indent,
                    ..Line::default()
                };
                self.lines.push(std::mem::replace(&mut self.line, next));
                if blank {
                    self.lines.push(Line::default());
                }
            }
        }
        self.fresh = false;
    }

    fn start(&mut self) {
        self.chained = false;
        self.started = self.here();
    }

    /// The index of the line that the next text comes to stand on.
    fn here(&self) -> usize {
        match self.pending {
            Some((_, blank)) if !self.fresh => self.lines.len() + 1 + usize::from(blank),
            _ => self.lines.len(),
        }
    }

    fn mark(&mut self, run: usize) {
        if self.pending.is_none() && self.lines.len() == self.started {
            self.line.marks.push((self.line.text.len(), run));
        }
    }

    /// The comments before a token, each on its own line.
    fn comments(&mut self, at: usize, indent: usize, closing: bool) {
        let Some(token) = self.tokens.all.get(at) else {
            return;
        };
        if self.commented.get(at).copied().unwrap_or(true) || token.leading.is_empty() {
            return;
        }
        if let Some(done) = self.commented.get_mut(at) {
            *done = true;
        }
        // In the middle of something, what follows stands further in.
        let indent = match self.pending {
            Some((pending, _)) if !closing => pending,
            _ if closing => indent,
            _ => indent + INDENT,
        };
        let empty = self.line.text.ends_with(['{', '(', '[']);
        for (i, comment) in token.leading.iter().enumerate() {
            let blank = comment.blank && (i > 0 || closing && !empty);
            self.newline(indent, blank);
            self.break_line();
            self.line.text.push_str(comment.text);
        }
        let blank = token.blank_inside && !closing && token.kind != Kind::End;
        self.newline(indent, blank);
        if !closing {
            self.started = self.here();
        }
    }

    fn token(&mut self, at: usize, indent: usize) {
        let Some(token) = self.tokens.all.get(at) else {
            return;
        };
        self.comments(at, indent, false);
        if token.kind == Kind::End {
            return;
        }
        self.break_line();
        if token.kind == Kind::Verbatim {
            let mut lines = token.text.split('\n');
            self.line.text.push_str(lines.next().unwrap_or_default());
            for line in lines {
                self.lines.push(std::mem::take(&mut self.line));
                self.line.text.push_str(line);
            }
        } else {
            self.line.text.push_str(token.text.trim_end());
        }
        if let Some(comment) = token.trailing {
            self.line.comment = Some(comment.to_string());
            self.newline(indent + INDENT, false);
        }
    }

    fn as_written(&mut self, at: usize) {
        let Some(token) = self.tokens.all.get(at) else {
            return;
        };
        if token.newline || self.pending.is_some() {
            self.newline(0, token.blank);
            if token.leading.is_empty() {
                self.break_line();
            }
        }
        if token.leading.is_empty() {
            self.line.text.push_str(token.gap);
        }
    }

    /// Whether `docs` on one line, and what follows up to the next place where a line may break, fit
    /// into `room`. With `filling`, what follows is meant to be on one line as well.
    fn fits(&self, room: usize, docs: &[Doc], rest: &[Frame<'_>], filling: bool) -> bool {
        let mut room = room;
        let mut stack: Vec<(Mode, &Doc, bool)> =
            docs.iter().rev().map(|d| (Mode::Flat, d, true)).collect();
        let mut rest = rest.iter().rev();
        loop {
            let (mode, doc, inside) = match stack.pop() {
                Some(next) => next,
                None => match rest.next() {
                    Some((_, mode, doc)) => (*mode, *doc, false),
                    None => return true,
                },
            };
            let width = match doc {
                Doc::Token(at) => {
                    let Some(token) = self.tokens.all.get(*at) else {
                        continue;
                    };
                    if !inside && !token.leading.is_empty() && !filling {
                        return true;
                    }
                    let width = token.text.chars().count();
                    if token.trailing.is_some() && !inside {
                        return width <= room;
                    }
                    width
                }
                Doc::Gap => 1,
                Doc::Hard { .. } => return true,
                Doc::AsWritten(_) => return true,
                Doc::Line { flat, .. } if mode == Mode::Flat => *flat,
                Doc::Line { .. } => return true,
                Doc::Fill { .. } if mode == Mode::Flat && inside => 1,
                Doc::Fill { .. } => return true,
                Doc::Nest(docs) => {
                    stack.extend(docs.iter().rev().map(|d| (mode, d, inside)));
                    0
                }
                Doc::Group { broken, docs } => {
                    // A group that is broken in any case decides by its first line, but it pulls
                    // the clause that it belongs to onto a line of its own.
                    let flat = !broken && (mode == Mode::Flat || filling);
                    if *broken && filling && !starts_bracket(docs) {
                        return false;
                    }
                    let mode = if flat { Mode::Flat } else { Mode::Broken };
                    stack.extend(docs.iter().rev().map(|d| (mode, d, inside)));
                    0
                }
                Doc::Start | Doc::Mark(_) | Doc::Comments(_) => 0,
                Doc::LastComma(_) => 0,
            };
            match room.checked_sub(width) {
                Some(left) => room = left,
                None => return false,
            }
        }
    }

    fn end(mut self) -> Vec<Line> {
        self.lines.push(self.line);
        self.lines
    }
}

/// Whether a group is a list in brackets, rather than a condition.
fn starts_bracket(docs: &[Doc]) -> bool {
    docs.iter().any(|d| matches!(d, Doc::Comments(_)))
        || docs
            .iter()
            .any(|d| matches!(d, Doc::Nest(inner) if inner.iter().any(|d| matches!(d, Doc::Comments(_)))))
}
