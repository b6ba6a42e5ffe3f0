//! Text to tree. Never fails: every text yields a tree and the list of its syntax errors.

mod build;
pub mod fmt;
mod further;
mod grammar;
pub mod kept;
mod moved;
mod recover;
mod scan;
mod slips;
pub mod tree;
pub mod within;
mod words;

use crate::diagnostics::{Code, Diagnostic, Label, Repair};
use crate::source::{FileId, Span};
use build::{Builder, Part};
use std::cell::Cell;
use std::rc::Rc;
use tree::File;

/// The most bytes that a source file may have.
pub const MAX_BYTES: usize = 64 << 20;

/// Reads one file. The tree holds all that could be read; the findings say what could not.
#[must_use]
pub fn parse(file: FileId, text: &str) -> (File, Vec<Diagnostic>) {
    read(file, text, Limits::default())
}

/// How much reading on behind mistakes may take.
struct Limits {
    /// How often a chunk is read as a text of its own, one within the other.
    depth: usize,
    /// What is left, in bytes to read; one purse for all.
    bytes: Rc<Cell<usize>>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            depth: 8,
            bytes: Rc::new(Cell::new(4 << 20)),
        }
    }
}

impl Limits {
    fn deeper(&self) -> bool {
        self.depth > 0
    }

    fn inner(&self) -> Self {
        Self {
            depth: self.depth.saturating_sub(1),
            bytes: Rc::clone(&self.bytes),
        }
    }

    /// Whether so many bytes may still be read.
    fn spend(&self, bytes: usize) -> bool {
        let left = self.bytes.get().checked_sub(bytes);
        self.bytes.set(left.unwrap_or(0));
        left.is_some()
    }
}

fn read(file: FileId, text: &str, limits: Limits) -> (File, Vec<Diagnostic>) {
    let (tree, findings, _) = read_parts(file, text, limits);
    (tree, findings)
}

/// The same, and where the parts are, if it came to reading them.
fn read_parts(
    file: FileId,
    text: &str,
    limits: Limits,
) -> (File, Vec<Diagnostic>, Option<Vec<Part>>) {
    let empty = || File {
        id: file,
        header: None,
        items: Vec::new(),
        comments: Vec::new(),
        complete: false,
    };
    if text.len() > MAX_BYTES {
        let found = Diagnostic::new(
            Code::FW007,
            format!("this file has more than {} MiB", MAX_BYTES >> 20),
            Span::new(file, 0, 0),
            "not read",
        )
        .help("split it into files and join them by `use`");
        return (empty(), vec![found], None);
    }
    let (text, mut findings) = scan::hidden(file, text);
    let text = text.as_ref();
    if let Some(found) = scan::too_deep(file, text) {
        findings.push(found);
        return (empty(), findings, None);
    }
    let mut builder = Builder::new(file, text, 0, limits);
    let Some(read) = build::window(&mut builder, 0..text.len(), None) else {
        // The grammar takes every text; should it ever refuse one, say so rather than nothing.
        let found = Diagnostic::new(
            Code::FW001,
            "this file cannot be read",
            Span::new(file, 0, 0),
            "from here on",
        )
        .help("look for a text, a regular expression or a block that is not closed");
        findings.push(found);
        return (empty(), findings, None);
    };
    let tree = File {
        id: file,
        header: read.header,
        items: read.items,
        comments: builder.spanned_comments(),
        complete: builder.complete,
    };
    findings.extend(keywords_once(builder.findings));
    (tree, findings, Some(read.parts))
}

/// Whether a word cannot be a name unless it stands in backquotes.
#[must_use]
pub fn is_reserved(word: &str) -> bool {
    words::RESERVED.contains(&word)
}

/// A place where the parts of a text can stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Inside {
    File,
    Integration,
    Action,
    Flow,
    State,
    Agent,
    Test,
}

/// The words that can begin a part there.
#[must_use]
pub fn beginnings(inside: Inside) -> &'static [&'static str] {
    match inside {
        Inside::File => words::ITEM,
        Inside::Integration => words::INTEGRATION,
        Inside::Action => words::ACTION,
        Inside::Flow => words::FLOW,
        Inside::State => words::STATE,
        Inside::Agent => words::AGENT,
        Inside::Test => words::TEST,
    }
}

/// A keyword that was taken for a name is one mistake, wherever that name is used.
fn keywords_once(findings: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let mut kept: Vec<Diagnostic> = Vec::new();
    for found in findings {
        let same = kept.iter_mut().find(|k| {
            found.code == Code::FW002 && k.code == found.code && k.message == found.message
        });
        match same {
            Some(first) => first.labels.push(Label {
                span: found.span(),
                text: "and here".to_string(),
                primary: false,
            }),
            None => kept.push(found),
        }
    }
    for found in &mut kept {
        if found.code == Code::FW002 {
            let spans = found.labels.iter().map(|l| l.span).collect();
            found.repairs.push(Repair::Quote { spans });
        }
    }
    kept
}

/// The text of a file's bytes, a byte-order mark left out.
///
/// # Errors
/// A sentence for the user, if the bytes are not UTF-8.
pub fn decode(bytes: &[u8]) -> Result<String, String> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.to_string()),
        Err(error) => {
            let at = error.valid_up_to();
            let line = bytes.iter().take(at).filter(|&&b| b == b'\n').count() + 1;
            let hint = if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
                " (it looks like UTF-16)"
            } else {
                ""
            };
            Err(format!(
                "the file is not UTF-8{hint}: byte {at}, on line {line}; save it as UTF-8"
            ))
        }
    }
}
