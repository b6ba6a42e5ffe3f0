//! GitLab's report of code quality: a list in the part of Code Climate's form that GitLab reads.

use super::Entry;
use crate::diagnostics::Severity;
use serde_json::{Value, json};

/// All findings.
#[must_use]
pub fn report(entries: &[Entry]) -> Value {
    entries.iter().map(issue).collect()
}

fn issue(entry: &Entry) -> Value {
    let severity = match entry.severity {
        Severity::Error => "critical",
        Severity::Warning => "minor",
        Severity::Note => "info",
    };
    let at = &entry.at;
    json!({
        "type": "issue",
        "check_name": entry.code.as_str(),
        "description": format!("{}: {}", entry.code, entry.message),
        "content": { "body": entry.text() },
        "categories": ["Bug Risk"],
        "severity": severity,
        "fingerprint": entry.fingerprint,
        "location": {
            "path": at.file,
            "lines": { "begin": at.start.line, "end": at.end.line.max(at.start.line) },
        },
    })
}
