//! A look at the brackets before pest sees the text: pest recurses, so nesting is limited here.

use crate::diagnostics::{Code, Diagnostic};
use crate::source::{FileId, Span};

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
