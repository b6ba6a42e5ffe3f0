//! The report as a comment on a pull request.

use super::super::Trouble;
use super::super::output::Output;
use super::Shown;
use super::text::{details, heading};
use std::io::Write;

/// So many changes of a kind are written out, the others behind a fold.
const OPEN_MAX: usize = 20;

pub(super) fn print(shown: &Shown<'_>, out: &mut Output) -> Result<(), Trouble> {
    writeln!(out, "### {}\n", shown.verdict())?;
    let names = [shown.old, shown.new].map(code);
    writeln!(out, "{} → {}", names[0], names[1])?;
    for (effect, count) in shown.counts() {
        writeln!(out, "\n#### {} ({count})\n", heading(effect))?;
        let all = shown.report.changes.iter().filter(|c| c.effect == effect);
        for (number, change) in all.enumerate() {
            if number == OPEN_MAX {
                writeln!(
                    out,
                    "\n<details><summary>{} more</summary>\n",
                    count - OPEN_MAX
                )?;
            }
            let what = escaped(&change.what);
            writeln!(out, "- **{}** {}: {what}", change.kind, code(&change.name))?;
            for (label, text) in details(shown, change) {
                writeln!(out, "  - {label}: {}", code(&text))?;
            }
        }
        if count > OPEN_MAX {
            writeln!(out, "\n</details>")?;
        }
    }
    if !shown.report.unproven.is_empty() {
        writeln!(out, "\n#### Not compared exactly\n")?;
        for why in &shown.report.unproven {
            writeln!(out, "- {}", escaped(why))?;
        }
    }
    Ok(())
}

/// Text that stands there as it is.
fn code(text: &str) -> String {
    let text: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    if longest > 0 {
        format!("{fence} {text} {fence}")
    } else {
        format!("{fence}{text}{fence}")
    }
}

/// Text without the marks that Markdown and HTML would read; code in it stays code.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    let mut inside = false;
    for c in text.chars() {
        match c {
            '`' => {
                inside = !inside;
                out.push(c);
            }
            c if c.is_control() => out.push(' '),
            '<' if !inside => out.push_str("&lt;"),
            '&' if !inside => out.push_str("&amp;"),
            '*' | '_' | '[' | ']' | '|' | '\\' | '#' if !inside => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    out
}
