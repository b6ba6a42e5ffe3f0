//! The frequent slips, by name: what people write who come from other languages, or in a hurry.

use super::recover::{Context, token};
use super::words::RESERVED;
use crate::diagnostics::{Code, Diagnostic};
use crate::source::{FileId, Span};
use std::collections::BTreeSet;

/// What was written, what to say, and what to do.
const MARKS: &[(&str, &str, &str)] = &[
    ("=>", "`=>` is not an arrow here", "arrows are written `->`"),
    ("&&", "`&&` is not an operator here", "write `and`"),
    ("||", "`||` is not an operator here", "write `or`"),
    ("===", "`===` is not an operator here", "equality is `==`"),
    ("<>", "`<>` is not an operator here", "inequality is `!=`"),
    (
        "..=",
        "`..=` is not a range here",
        "`..` includes both ends, `..<` leaves the last out",
    ),
    (
        "/*",
        "there are no block comments",
        "begin each line of a comment with `//`",
    ),
    (
        "#",
        "`#` does not begin a comment",
        "comments begin with `//`",
    ),
    (
        ";",
        "there are no semicolons",
        "leave the `;` out: line breaks and keywords separate clauses",
    ),
    ("'", "texts stand in double quotes", "write `\"…\"`"),
    (
        "\u{201c}",
        "these are typographic quotes",
        "write plain double quotes, `\"…\"`",
    ),
    (
        "\u{201d}",
        "these are typographic quotes",
        "write plain double quotes, `\"…\"`",
    ),
    (
        "\u{2018}",
        "these are typographic quotes",
        "write plain double quotes, `\"…\"`",
    ),
    (
        "\u{2019}",
        "these are typographic quotes",
        "write plain double quotes, `\"…\"`",
    ),
    (
        "\u{2192}",
        "`→` is not an arrow here",
        "arrows are written `->`",
    ),
    ("!", "`!` is not an operator here", "write `not`"),
];

/// The named slip at `at`, if there is one.
pub(super) fn at(
    file: FileId,
    text: &str,
    at: usize,
    expected: &BTreeSet<String>,
    context: Context,
) -> Option<Diagnostic> {
    let rest = text.get(at..)?;
    let wants = |w: &str| expected.contains(w);
    let here = |len: usize| Span::new(file, at, at + len);
    let tok = token(text, at);
    if rest.starts_with("!=") {
        return None;
    }
    if let Some((mark, message, help)) = MARKS.iter().find(|(m, ..)| rest.starts_with(m)) {
        return Some(Diagnostic::new(Code::FW001, *message, here(mark.len()), "this").help(*help));
    }
    if rest.starts_with('=') && !rest.starts_with("==") && !wants("`=`") {
        return Some(
            Diagnostic::new(Code::FW001, "`=` compares nothing", here(1), "a single `=`")
                .help("equality is `==`"),
        );
    }
    if rest.starts_with('}') && context == Context::File {
        return Some(
            Diagnostic::new(
                Code::FW004,
                "this `}` closes nothing",
                here(1),
                "no block is open here",
            )
            .help("leave it out, or look for a block above that was closed too early"),
        );
    }
    if rest.starts_with("///") {
        return Some(
            Diagnostic::new(
                Code::FW001,
                "documentation cannot stand here",
                here(3),
                "three slashes document what follows them",
            )
            .help(
                "put it before a declaration, field, clause or state, or begin a comment with `//`",
            ),
        );
    }
    if matches!(tok, "else" | "default") && context == Context::State {
        return Some(
            Diagnostic::new(
                Code::FW001,
                format!("`{tok}` is not used in states"),
                here(tok.len()),
                "this",
            )
            .help("the rest of a `choose` is `otherwise -> state`"),
        );
    }
    quotes(file, text, at)
        .or_else(|| numbers(file, text, at, tok, expected))
        .or_else(|| names(tok, here(tok.len()), expected))
        .or_else(|| {
            let before = text.get(..at).unwrap_or_default().trim_end();
            let chained = ["<", ">", "="].iter().any(|op| rest.starts_with(op));
            if chained && !before.is_empty() {
                return Some(
                    Diagnostic::new(
                        Code::FW001,
                        "comparisons don't chain",
                        here(tok.len()),
                        "a second comparison",
                    )
                    .help("write both and join them: `a < b and b < c`"),
                );
            }
            let wants_arrow = wants("`->`");
            if wants_arrow && tok.chars().next().is_some_and(|c| c.is_ascii_lowercase()) {
                return Some(
                    Diagnostic::new(
                        Code::FW001,
                        format!("`->` is missing before `{tok}`"),
                        here(tok.len()),
                        "an arrow belongs before this",
                    )
                    .help(format!("write `-> {tok}`")),
                );
            }
            None
        })
}

/// Quotes and slashes that are not closed on their line, and bad escapes inside texts.
fn quotes(file: FileId, text: &str, at: usize) -> Option<Diagnostic> {
    let line_start = text.get(..at)?.rfind('\n').map_or(0, |n| n + 1);
    let line_end = text.get(at..)?.find('\n').map_or(text.len(), |n| at + n);
    let mut open: Option<(char, usize)> = None;
    let mut chars = text.get(line_start..line_end)?.char_indices().peekable();
    while let Some((i, c)) = chars.next() {
        let place = line_start + i;
        match open {
            None if c == '"' => open = Some(('"', place)),
            None if c == '/' => {
                if chars.peek().is_some_and(|(_, n)| *n == '/') {
                    break;
                }
                open = Some(('/', place));
            }
            None => {}
            Some((mark, _)) if c == mark => open = None,
            Some((mark, start)) if c == '\\' => {
                let next = chars.next().map(|(_, n)| n);
                if mark == '"'
                    && place >= at.min(start)
                    && !matches!(next, Some('"' | '\\' | 'n' | 't' | 'u'))
                {
                    let shown = next.map(String::from).unwrap_or_default();
                    return Some(
                        Diagnostic::new(
                            Code::FW003,
                            format!("`\\{shown}` is not an escape"),
                            Span::new(file, place, place + 1 + shown.len()),
                            "this",
                        )
                        .help("the escapes are \\\" \\\\ \\n \\t \\u{…} and {{ }} for braces"),
                    );
                }
            }
            Some(('"', start)) if (c == '{' || c == '}') && start <= at && at <= place => {
                let doubled = chars.peek().is_some_and(|(_, n)| *n == c);
                if doubled {
                    chars.next();
                } else if c == '}' || at > start {
                    return Some(
                        Diagnostic::new(
                            Code::FW003,
                            format!("a single `{c}` in a text"),
                            Span::new(file, place, place + 1),
                            "braces hold a name, as in `{phone}`",
                        )
                        .help("write `{{` and `}}` for braces"),
                    );
                }
            }
            Some(_) => {}
        }
    }
    let (mark, start) = open?;
    if start > at {
        return None;
    }
    let (message, help) = if mark == '"' {
        (
            "this text is not closed on its line",
            "add the closing `\"`; write `\\n` for a line break",
        )
    } else {
        (
            "this regular expression is not closed on its line",
            "add the closing `/`; write `\\/` for a slash",
        )
    };
    Some(
        Diagnostic::new(
            Code::FW003,
            message,
            Span::new(file, start, line_end),
            "begun here",
        )
        .help(help),
    )
}

/// Numbers with the wrong ending, and numbers where a duration belongs.
fn numbers(
    file: FileId,
    text: &str,
    at: usize,
    tok: &str,
    expected: &BTreeSet<String>,
) -> Option<Diagnostic> {
    let before = text.get(..at)?;
    let number_before = before.trim_end().ends_with(|c: char| c.is_ascii_digit());
    let dur = expected.iter().any(|e| e.contains("duration"));
    let unit = matches!(
        tok,
        "sec"
            | "secs"
            | "second"
            | "seconds"
            | "min"
            | "mins"
            | "minute"
            | "minutes"
            | "hour"
            | "hours"
            | "hr"
            | "day"
            | "days"
            | "millis"
            | "milliseconds"
            | "s"
            | "ms"
            | "m"
            | "h"
            | "d"
    );
    if number_before && unit {
        return Some(
            Diagnostic::new(
                Code::FW003,
                format!("`{tok}` is not a unit that follows a number with a blank"),
                Span::new(file, at, at + tok.len()),
                "the unit belongs to the number",
            )
            .help("durations are written `200ms`, `3s`, `10m`, `2h` or `7d`"),
        );
    }
    if !tok.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let rest = text.get(at..)?;
    let end = rest
        .find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-' | ':' | '.')))
        .unwrap_or(rest.len());
    let whole = rest.get(..end)?.trim_end_matches(['.', ':', '-']);
    let here = Span::new(file, at, at + whole.len());
    if tok.chars().all(|c| c.is_ascii_digit() || c == '_') && dur {
        return Some(
            Diagnostic::new(
                Code::FW003,
                "a duration needs a unit",
                here,
                "how long is this?",
            )
            .help(format!(
                "write `{tok}ms`, `{tok}s`, `{tok}m`, `{tok}h` or `{tok}d`"
            )),
        );
    }
    if tok.chars().any(|c| c.is_alphabetic()) || whole.len() > tok.len() {
        return Some(
            Diagnostic::new(Code::FW003, format!("`{whole}` is not a literal"), here, "this").help(
                "numbers are written `12`, `1_000` or `12.50`; durations `200ms`, `3s`, `10m`, `2h`, `7d`; times `08:30`; dates `2026-11-23`",
            ),
        );
    }
    None
}

/// Keywords as names, and names in the wrong case.
fn names(tok: &str, here: Span, expected: &BTreeSet<String>) -> Option<Diagnostic> {
    let name = expected.contains("a name");
    let ty = expected.contains("a type's name (PascalCase)");
    let upper = tok.starts_with(|c: char| c.is_ascii_uppercase());
    if name && RESERVED.contains(&tok) && expected.len() <= 3 {
        return Some(
            Diagnostic::new(
                Code::FW002,
                format!("`{tok}` is a keyword and cannot be a name"),
                here,
                "a name was expected here",
            )
            .help(format!(
                "choose another name, or write it in backquotes: `` `{tok}` ``"
            )),
        );
    }
    if name && !ty && tok.chars().any(|c| c.is_ascii_uppercase()) {
        return Some(
            Diagnostic::new(
                Code::FW001,
                format!("`{tok}` is not a name: names are written in snake_case"),
                here,
                "a name was expected here",
            )
            .help(format!("write `{}`", snake(tok))),
        );
    }
    if ty && !upper && tok.starts_with(|c: char| c.is_ascii_lowercase()) {
        return Some(
            Diagnostic::new(
                Code::FW001,
                format!("`{tok}` is not a type's name: types are written in PascalCase"),
                here,
                "a type's name was expected here",
            )
            .help(format!("write `{}`", pascal(tok))),
        );
    }
    None
}

fn snake(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() && !out.is_empty() && !out.ends_with('_') {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

fn pascal(name: &str) -> String {
    name.split('_')
        .map(|part| {
            let mut chars = part.chars();
            chars
                .next()
                .map(|c| c.to_ascii_uppercase().to_string() + chars.as_str())
                .unwrap_or_default()
        })
        .collect()
}
