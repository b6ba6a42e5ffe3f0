//! For logs, pipes and screen readers: drawn by codespan-reporting, in ASCII and without colours,
//! either with the source (`plain`) or on one line each (`short`).

use super::{Diagnostic, Severity};
use crate::source::{FileId, Sources};
use codespan_reporting::diagnostic as cs;
use codespan_reporting::files::{Error, Files};
use codespan_reporting::term::{Chars, Config, DisplayStyle, emit_into_string};
use std::ops::Range;

/// One finding with its source.
#[must_use]
pub fn plain(sources: &Sources, finding: &Diagnostic) -> String {
    emit(sources, finding, DisplayStyle::Rich)
}

/// One finding on one line: `file:line:column: severity[code]: message`.
#[must_use]
pub fn short(sources: &Sources, finding: &Diagnostic) -> String {
    emit(sources, finding, DisplayStyle::Short)
}

fn emit(sources: &Sources, finding: &Diagnostic, display_style: DisplayStyle) -> String {
    let severity = match finding.severity {
        Severity::Error => cs::Severity::Error,
        Severity::Warning => cs::Severity::Warning,
        Severity::Note => cs::Severity::Note,
    };
    let mut notes: Vec<String> = finding.notes.iter().map(|n| format!("why: {n}")).collect();
    if let Some(witness) = finding.witness.as_ref().filter(|w| !w.lines.is_empty()) {
        let lines = witness.shown(sources, finding.span().file);
        notes.push(format!("for example: {}", lines.join("\n")));
    }
    notes.extend(finding.help.iter().map(|h| format!("help: {h}")));
    let shown = cs::Diagnostic::new(severity)
        .with_code(finding.code)
        .with_message(&finding.message)
        .with_labels(
            finding
                .labels
                .iter()
                .map(|label| {
                    let range = label.span.range();
                    let made = if label.primary {
                        cs::Label::primary(label.span.file, range)
                    } else {
                        cs::Label::secondary(label.span.file, range)
                    };
                    made.with_message(&label.text)
                })
                .collect(),
        )
        .with_notes(notes);
    let config = Config {
        display_style,
        chars: Chars::ascii(),
        ..Config::default()
    };
    // Drawing goes to a string, which cannot fail; say the least if it does.
    emit_into_string(&config, &Named(sources), &shown)
        .unwrap_or_else(|_| format!("{}: {}\n", finding.code, finding.message))
}

/// Our files as codespan-reporting asks for them.
struct Named<'s>(&'s Sources);

impl<'a> Files<'a> for Named<'_> {
    type FileId = FileId;
    type Name = &'a str;
    type Source = &'a str;

    fn name(&'a self, id: FileId) -> Result<&'a str, Error> {
        Ok(self.0.file(id).name())
    }

    fn source(&'a self, id: FileId) -> Result<&'a str, Error> {
        Ok(self.0.file(id).text())
    }

    fn line_index(&'a self, id: FileId, byte_index: usize) -> Result<usize, Error> {
        Ok(self.0.file(id).line_index(byte_index))
    }

    fn line_range(&'a self, id: FileId, line_index: usize) -> Result<Range<usize>, Error> {
        let file = self.0.file(id);
        file.line_range(line_index).ok_or(Error::LineTooLarge {
            given: line_index,
            max: file.line_count() - 1,
        })
    }
}
