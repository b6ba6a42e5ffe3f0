//! For programs: the form that `docs/json-output.md` and `schemas/failway.findings.schema.json`
//! describe.

use super::{Diagnostic, Label};
use crate::source::Sources;
use serde_json::{Value, json};

/// The version of the form.
pub const VERSION: u32 = 1;

/// One finding as data.
#[must_use]
pub fn finding(sources: &Sources, finding: &Diagnostic) -> Value {
    json!({
        "code": finding.code.as_str(),
        "severity": finding.severity.as_str(),
        "message": finding.message,
        "notes": finding.notes,
        "help": finding.help,
        "labels": finding.labels.iter().map(|l| label(sources, l)).collect::<Vec<_>>(),
        "witness": finding.witness.as_ref().map(|w| json!({ "lines": w.lines, "data": w.placed(sources) })),
    })
}

fn label(sources: &Sources, label: &Label) -> Value {
    let file = sources.file(label.span.file);
    let point = |offset: u32| {
        let at = file.line_col(offset);
        json!({ "line": at.line, "column": at.column, "byte": offset })
    };
    json!({
        "file": file.name(),
        "primary": label.primary,
        "text": label.text,
        "start": point(label.span.start),
        "end": point(label.span.end),
    })
}
