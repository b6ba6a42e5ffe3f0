//! Workflow commands: GitHub shows each line as an annotation, in the log and beside the changed lines.

use super::Entry;
use crate::diagnostics::Severity;

/// One finding as a line.
#[must_use]
pub fn line(entry: &Entry) -> String {
    let command = match entry.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "notice",
    };
    let at = &entry.at;
    let mut properties = vec![
        format!("file={}", property(&at.file)),
        format!("line={}", at.start.line),
        format!("endLine={}", at.end.line.max(at.start.line)),
    ];
    // Columns count only within one line; the last one belongs to what is meant.
    if at.start.line == at.end.line {
        let last = at.end.column.saturating_sub(1).max(at.start.column);
        properties.push(format!("col={}", at.start.column));
        properties.push(format!("endColumn={last}"));
    }
    let title = format!("{} {}", entry.code, entry.code.title());
    properties.push(format!("title={}", property(&title)));
    let text = data(&entry.text());
    format!("::{command} {}::{text}\n", properties.join(","))
}

/// A policy that could not be read.
#[must_use]
pub fn unreadable(why: &str) -> String {
    format!("::error title=policy that cannot be read::{}\n", data(why))
}

/// The escapes of a command's text, as GitHub's own toolkit has them.
fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// The escapes of a property's value.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_end_a_command_is_escaped() {
        assert_eq!(data("100%\r\n::error::x"), "100%25%0D%0A::error::x");
        assert_eq!(property("a,b:c%"), "a%2Cb%3Ac%25");
    }
}
