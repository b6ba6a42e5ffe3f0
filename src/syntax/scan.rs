//! A look at the text before pest sees it. What an editor doesn't show, or shows elsewhere, is
//! found here, so that what is reviewed is what is read. And nesting is limited here, since pest
//! recurses.

use crate::diagnostics::{Code, Diagnostic};
use crate::source::{FileId, Span};
use std::borrow::Cow;

/// What may not stand in a file as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hidden {
    /// Some editors begin a new line here; for the compiler the line, or the comment, goes on.
    Line,
    /// The text is shown in another order than that in which it stands.
    Direction,
    /// It is not shown at all.
    Control,
}

impl Hidden {
    fn of(c: char, next: Option<u8>) -> Option<Self> {
        match c {
            '\t' | '\n' => None,
            '\r' if next == Some(b'\n') => None,
            '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => Some(Self::Line),
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => Some(Self::Direction),
            '\u{feff}' => Some(Self::Control),
            c => c.is_control().then_some(Self::Control),
        }
    }

    fn finding(self, file: FileId, c: char, at: usize, places: usize) -> Diagnostic {
        let code = u32::from(c);
        let name = match c {
            '\r' => "a carriage return by itself".to_string(),
            _ => format!("the character U+{code:04X}"),
        };
        let more = match places {
            1 => String::new(),
            n => format!(" (the first of {n})"),
        };
        let message = match self {
            Self::Line => format!("{name} ends no line"),
            Self::Direction => format!("{name} changes the direction of what follows it"),
            Self::Control => format!("{name} cannot stand in a file"),
        };
        let span = Span::new(file, at, at + c.len_utf8());
        let found = Diagnostic::new(Code::FW001, message, span, format!("here{more}"));
        match self {
            Self::Line => found
                .note("Some editors show a new line there, where the compiler would read on: in a comment, say.")
                .help("save the file with LF or CR LF at the end of each line"),
            Self::Direction => found
                .note("Who reviews the file would see something else than what the compiler reads.")
                .help(format!("remove it; in a text it can be written as `\\u{{{code:X}}}`")),
            Self::Control => found
                .note("Editors don't show it.")
                .help(format!("remove it; in a text it can be written as `\\u{{{code:X}}}`")),
        }
    }
}

/// The text without what may not stand in it, every byte at its place, and what was found: the
/// first of each kind.
pub(super) fn hidden(file: FileId, text: &str) -> (Cow<'_, str>, Vec<Diagnostic>) {
    // Most files have nothing of the kind, and bytes tell.
    let plain = |b: u8| matches!(b, b' '..=b'~' | b'\n' | b'\t');
    if text.bytes().all(plain) {
        return (Cow::Borrowed(text), Vec::new());
    }
    let mut first: Vec<(Hidden, char, usize, usize)> = Vec::new();
    let mut cleaned = String::new();
    let mut done = 0;
    for (at, c) in text.char_indices() {
        let next = text.as_bytes().get(at + c.len_utf8()).copied();
        let Some(kind) = Hidden::of(c, next) else {
            continue;
        };
        match first.iter_mut().find(|(k, ..)| *k == kind) {
            Some((.., places)) => *places += 1,
            None => first.push((kind, c, at, 1)),
        }
        cleaned.push_str(text.get(done..at).unwrap_or_default());
        done = at + c.len_utf8();
        let blank = if kind == Hidden::Line { "\n" } else { " " };
        cleaned.push_str(&blank.repeat(c.len_utf8()));
    }
    if first.is_empty() {
        return (Cow::Borrowed(text), Vec::new());
    }
    cleaned.push_str(text.get(done..).unwrap_or_default());
    let findings = first
        .into_iter()
        .map(|(kind, c, at, places)| kind.finding(file, c, at, places))
        .collect();
    (Cow::Owned(cleaned), findings)
}

/// How deep brackets, `not`, quantifiers and `list of` may nest, all together.
pub const MAX_DEPTH: usize = 48;

/// The first place where nesting is too deep.
pub(super) fn too_deep(file: FileId, text: &str) -> Option<Diagnostic> {
    let bytes = text.as_bytes();
    let mut at = 0;
    let mut brackets = 0usize;
    // Prefixes that nest without a bracket, since the last token that ends such a chain.
    let mut prefixes = 0usize;
    while let Some(&b) = bytes.get(at) {
        let start = at;
        at += 1;
        match b {
            b'/' if bytes.get(at) == Some(&b'/') => at = line_end(bytes, at),
            b'"' | b'/' => at = quoted_end(bytes, at, b),
            b'{' | b'(' | b'[' => brackets += 1,
            b'}' | b')' | b']' => {
                brackets = brackets.saturating_sub(1);
                prefixes = 0;
            }
            b'=' if bytes.get(at) != Some(&b'=')
                && start.checked_sub(1).and_then(|p| bytes.get(p)) != Some(&b'=') =>
            {
                prefixes = 0;
            }
            b'-' if bytes.get(at) == Some(&b'>') => prefixes = 0,
            b'a'..=b'z' => {
                while bytes
                    .get(at)
                    .is_some_and(|c| c.is_ascii_alphanumeric() || *c == b'_')
                {
                    at += 1;
                }
                match text.get(start..at).unwrap_or_default() {
                    "not" | "some" | "every" | "list" => prefixes += 1,
                    "because" | "when" | "where" | "size" => prefixes = 0,
                    _ => {}
                }
            }
            _ => {}
        }
        if brackets + prefixes > MAX_DEPTH {
            return Some(
                Diagnostic::new(
                    Code::FW005,
                    format!("this is nested more than {MAX_DEPTH} levels deep"),
                    Span::new(file, start, at),
                    "too deep here",
                )
                .note("Nobody could review it, and the compiler reads no file with such nesting.")
                .help("name parts of the condition with `define`, or close the brackets that were left open"),
            );
        }
    }
    None
}

fn line_end(bytes: &[u8], from: usize) -> usize {
    bytes
        .iter()
        .skip(from)
        .position(|&b| b == b'\n')
        .map_or(bytes.len(), |n| from + n)
}

/// Past the closing mark, or at the end of the line if there is none.
fn quoted_end(bytes: &[u8], from: usize, mark: u8) -> usize {
    let mut at = from;
    while let Some(&b) = bytes.get(at) {
        match b {
            b'\\' if bytes.get(at + 1) != Some(&b'\n') => at += 2,
            b'\n' => return at,
            b if b == mark => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}
