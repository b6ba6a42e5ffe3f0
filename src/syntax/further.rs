//! Goes on behind a mistake, so that one reading shows all mistakes of a chunk and not the first alone.
//!
//! The chunk is repaired at the token where reading fails, by leaving that token out, putting another in
//! its place or before it, as in Burke and Fisher, "A practical method for LR and LL syntactic error
//! diagnosis and recovery" (1987): of all such repairs the one that reading gets furthest with. Then the
//! repaired chunk is read as a file of its own, and what is found behind the line of the first mistake is
//! found in the real file too. A repair that does not get past its line shows nothing that could be trusted.

use super::recover::{Context, failure, token};
use super::{Limits, read};
use crate::diagnostics::Diagnostic;
use crate::source::{FileId, Span};
use std::ops::Range;

/// Larger chunks are not gone on with, in bytes.
const CHUNK_MAX: usize = 16 << 10;

/// What is put in, besides what pest expected.
const TOKENS: &[&str] = &["x", "X", "1", "1s", "\"x\"", ",", ":", "->", "="];

/// Brackets tell what belongs together: they are neither put in nor left out.
const BRACKETS: [char; 6] = ['{', '}', '(', ')', '[', ']'];

/// A chunk with one range of it replaced.
struct Repaired {
    text: String,
    /// What was replaced, in bytes of the chunk as it was.
    replaced: Range<usize>,
    /// How many bytes stand there now.
    with: usize,
}

impl Repaired {
    fn new(chunk: &str, replaced: Range<usize>, with: &str) -> Option<Self> {
        let head = chunk.get(..replaced.start)?;
        let tail = chunk.get(replaced.end..)?;
        Some(Self {
            text: format!("{head} {with} {tail}"),
            with: with.len() + 2,
            replaced,
        })
    }

    /// Where a place of the repaired text stands in the chunk as it was.
    fn back(&self, at: usize) -> usize {
        let end = self.replaced.start + self.with;
        if at >= end {
            at - end + self.replaced.end
        } else {
            at.min(self.replaced.start)
        }
    }
}

/// What is wrong in the chunk behind the line of its first mistake.
pub(super) fn findings(
    file: FileId,
    chunk: &str,
    base: usize,
    context: Context,
    limits: &Limits,
) -> Vec<Diagnostic> {
    // Most chunks are one line, and a second mistake there is seen when the first is repaired.
    let lines = chunk.trim_end().lines().count();
    if chunk.len() > CHUNK_MAX || lines < 2 || !balanced(chunk) || !limits.deeper() {
        return Vec::new();
    }
    let Some((repaired, line_end)) = repair(chunk, context, limits) else {
        return Vec::new();
    };
    let (open, close) = context.around();
    let text = format!("{open}{}\n{close}", repaired.text);
    let (_, found) = read(file, &text, limits.inner());
    let place = |at: u32| {
        let at = (at as usize).checked_sub(open.len())?;
        (at <= repaired.text.len()).then(|| repaired.back(at))
    };
    let mut kept = Vec::new();
    for mut d in found {
        match place(d.span().start) {
            // The repair was none.
            Some(at) if at <= line_end => return Vec::new(),
            Some(at) if goes_on(chunk, line_end, at) => return Vec::new(),
            // The block is closed by what stands around it here.
            None => continue,
            Some(_) => {}
        }
        let mut whole = true;
        for label in &mut d.labels {
            match (place(label.span.start), place(label.span.end)) {
                (Some(start), Some(end)) => {
                    label.span = Span::new(file, base + start, base + end);
                }
                _ => whole = false,
            }
        }
        if whole {
            kept.push(d);
        }
    }
    // Where most lines seem to be wrong it is one mistake, about what stands around them.
    if kept.len() > 1 + lines / 4 {
        return Vec::new();
    }
    kept
}

/// Whether the place is where the line after the repaired one begins, and what stands there may well go
/// on with the repaired line, had it been repaired as it was meant.
fn goes_on(chunk: &str, line_end: usize, at: usize) -> bool {
    let between = chunk.get(line_end..at).unwrap_or_default();
    let next = chunk.get(at..).and_then(|r| r.chars().next());
    between.trim().is_empty() && next.is_some_and(|c| c.is_alphanumeric() || "\".`/_".contains(c))
}

/// Whether each bracket has its other half, texts and comments left out.
fn balanced(chunk: &str) -> bool {
    let mut open = Vec::new();
    for line in chunk.lines() {
        let mut text = false;
        let mut chars = line.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '\\' if text => {
                    chars.next();
                }
                '"' => text = !text,
                _ if text => {}
                '/' if chars.peek() == Some(&'/') => break,
                '{' => open.push('}'),
                '(' => open.push(')'),
                '[' => open.push(']'),
                '}' | ')' | ']' if open.pop() != Some(c) => return false,
                _ => {}
            }
        }
        if text {
            return false;
        }
    }
    open.is_empty()
}

/// The repair that reading gets furthest with, and the end of the line that it repairs.
fn repair(chunk: &str, context: Context, limits: &Limits) -> Option<(Repaired, usize)> {
    let rule = context.rule();
    let (at, expected) = failure(chunk, rule)?;
    let line_end = chunk.get(at..)?.find('\n').map_or(chunk.len(), |n| at + n);
    let line_start = chunk.get(..at)?.rfind('\n').map_or(0, |n| n + 1);
    let here = at..at + token(chunk, at).len();
    // Marks that stand together were written together.
    let mark = |c: char| c.is_ascii_punctuation() && c != '"' && !BRACKETS.contains(&c);
    let rest = chunk.get(at..)?;
    let marks = at..at + rest.len() - rest.trim_start_matches(mark).len();
    if token(chunk, at).contains(BRACKETS) {
        return None;
    }
    // A word that begins a part makes another part of what follows; only one that is left out
    // easily is put in.
    let (_, beginnings) = context.words();
    let literals = expected
        .iter()
        .filter_map(|e| e.strip_prefix('`')?.strip_suffix('`'))
        .filter(|e| !e.contains(BRACKETS))
        .filter(|e| !beginnings.contains(e) || context.left_out().contains(e));
    let mut tries: Vec<(Range<usize>, &str)> = vec![(here.clone(), "")];
    for with in literals.chain(TOKENS.iter().copied()) {
        tries.push((at..at, with));
        tries.push((here.clone(), with));
        if marks.len() > here.len() {
            tries.push((marks.clone(), with));
        }
    }
    tries.push((at..line_end, ""));
    tries.push((line_start..line_end, ""));
    let mut best: Option<(usize, Repaired)> = None;
    for (range, with) in tries {
        if !limits.spend(chunk.len()) {
            return None;
        }
        let Some(repaired) = Repaired::new(chunk, range, with) else {
            continue;
        };
        let Some((at, _)) = failure(&repaired.text, rule) else {
            return Some((repaired, line_end));
        };
        let at = repaired.back(at);
        if best.as_ref().is_none_or(|(b, _)| at > *b) {
            best = Some((at, repaired));
        }
    }
    best.filter(|(at, _)| *at > line_end)
        .map(|(_, repaired)| (repaired, line_end))
}

#[cfg(test)]
mod tests {
    use crate::diagnostics::Code;
    use crate::source::FileId;

    fn messages(text: &str) -> Vec<(usize, String)> {
        let (_, found) = crate::syntax::parse(FileId(0), text);
        found
            .into_iter()
            .filter(|d| d.code == Code::FW001)
            .map(|d| {
                let start = d.span().start as usize;
                let line = text.get(..start).unwrap_or_default().matches('\n').count() + 1;
                (line, d.message)
            })
            .collect()
    }

    fn lines(text: &str) -> Vec<usize> {
        messages(text).into_iter().map(|(line, _)| line).collect()
    }

    #[test]
    fn every_field_of_a_record_has_its_finding() {
        let text = "record Lead {\n  name: string length 1..;,\n  email: %% string,\n  note: string,\n  at: = Time,\n}\n";
        assert_eq!(lines(text), [2, 3, 5]);
    }

    #[test]
    fn a_broken_head_hides_nothing_of_its_block() {
        let text = "integration %% {\n  action find(id: Key) -> Key {\n    timeout = 3s\n  }\n  action get(id: = Key) -> Key { timeout 3s }\n}\n";
        assert_eq!(lines(text), [1, 3, 5]);
        let text = "flow book(id%% Key) {\n  start -> first\n  state first {\n    do crm.find(id: id)\n    on ok -> = done\n  }\n  end done success\n}\n";
        assert_eq!(lines(text), [1, 5]);
    }

    #[test]
    fn declarations_that_no_keyword_parts_are_told_apart() {
        let text = "type Key = string %% 1..64\n%% Name = string length 1..9\ntype Other = int\n";
        assert_eq!(lines(text), [1, 2]);
    }

    #[test]
    fn what_may_go_on_with_the_repaired_line_is_no_mistake() {
        let text = "allow find: crm.%%\n  because \"it may\"\ntype Other = int\n";
        assert_eq!(lines(text), [1]);
    }

    #[test]
    fn places_are_those_of_the_text_as_it_was_written() {
        let text = "record Lead {\n  name: string length 1..;,\n  email: string ; ,\n}\n";
        let (_, found) = crate::syntax::parse(FileId(0), text);
        let at: Vec<&str> = found
            .iter()
            .map(|d| text.get(d.span().range()).unwrap_or_default())
            .collect();
        assert_eq!(at, [";", ";"]);
    }
}
