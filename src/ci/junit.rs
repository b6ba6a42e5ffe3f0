//! JUnit's XML, in the form that Jenkins, GitLab and most others read: a suite for each policy, a case
//! for each finding.

use super::Entry;
use crate::diagnostics::Severity;
use std::fmt::Write;

/// What came of one policy.
#[derive(Clone, Debug)]
pub struct Suite {
    /// The policy's root file.
    pub file: String,
    /// What was found.
    pub entries: Vec<Entry>,
    /// Why it could not be read.
    pub unreadable: Option<String>,
}

/// The whole document. With `strict`, warnings are failures too; else they are cases that pass, with
/// the finding as their output.
#[must_use]
pub fn document(suites: &[Suite], strict: bool) -> String {
    let fails = |entry: &Entry| match entry.severity {
        Severity::Error => true,
        Severity::Warning => strict,
        Severity::Note => false,
    };
    let mut body = String::new();
    let mut sum = (0, 0, 0);
    for suite in suites {
        let entries: Vec<&Entry> = suite
            .entries
            .iter()
            .filter(|e| e.excuse.is_none())
            .collect();
        let failures = entries.iter().filter(|e| fails(e)).count();
        let errors = usize::from(suite.unreadable.is_some());
        // A suite without any case would look as if nothing had been done.
        let tests = (entries.len() + errors).max(1);
        sum = (sum.0 + tests, sum.1 + failures, sum.2 + errors);
        let name = escaped(&suite.file);
        let _ = writeln!(
            body,
            "  <testsuite name=\"{name}\" tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\" skipped=\"0\">"
        );
        if let Some(why) = &suite.unreadable {
            let why = escaped(why);
            let _ = writeln!(
                body,
                "    <testcase classname=\"{name}\" name=\"can be read\"><error type=\"unreadable\" message=\"{why}\"/></testcase>"
            );
        } else if entries.is_empty() {
            let _ = writeln!(
                body,
                "    <testcase classname=\"{name}\" name=\"nothing found\"/>"
            );
        }
        for entry in entries {
            let at = &entry.at;
            let class = escaped(&at.file);
            let title = escaped(&format!("{}: {}", entry.code, entry.message));
            let message = escaped(&entry.message);
            let text = escaped(&format!(
                "{}:{}:{}: {}\n{}",
                at.file,
                at.start.line,
                at.start.column,
                entry.severity.as_str(),
                entry.text()
            ));
            let inside = if fails(entry) {
                let code = entry.code;
                format!("<failure type=\"{code}\" message=\"{message}\">{text}</failure>")
            } else {
                format!("<system-out>{text}</system-out>")
            };
            let _ = writeln!(
                body,
                "    <testcase classname=\"{class}\" name=\"{title}\">{inside}</testcase>"
            );
        }
        body.push_str("  </testsuite>\n");
    }
    let (tests, failures, errors) = sum;
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"failway check\" tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\">\n{body}</testsuites>\n"
    )
}

/// Text for XML 1.0, for attributes and between tags alike; characters that XML has no way to write
/// become U+FFFD.
fn escaped(text: &str) -> String {
    let mut made = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => made.push_str("&amp;"),
            '<' => made.push_str("&lt;"),
            '>' => made.push_str("&gt;"),
            '"' => made.push_str("&quot;"),
            '\n' => made.push_str("&#10;"),
            '\t' => made.push_str("&#9;"),
            '\r' => made.push_str("&#13;"),
            '\u{fffe}' | '\u{ffff}' => made.push('\u{fffd}'),
            c if c.is_control() => made.push('\u{fffd}'),
            c => made.push(c),
        }
    }
    made
}
