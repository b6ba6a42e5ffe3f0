//! Numbers, durations and texts that cannot be read.

use super::super::recover::token;
use super::{Slip, is_word};
use crate::diagnostics::{Code, Diagnostic};
use crate::source::{FileId, Span};

pub(super) const DURATIONS: &str = "durations are written `200ms`, `3s`, `10m`, `2h` or `7d`";

impl Slip<'_> {
    /// A number where a duration belongs, or a unit apart from its number.
    pub(super) fn unit(&self) -> Option<Diagnostic> {
        let (start, number) = self.word_before();
        let plain = |n: &str| !n.is_empty() && n.chars().all(|c| c.is_ascii_digit() || c == '_');
        let tok = self.token();
        if plain(number)
            && let Some(unit) = unit_of(tok)
        {
            return Some(
                Diagnostic::new(
                    Code::FW003,
                    "a duration is written in one piece",
                    Span::new(self.file, start, self.at + tok.len()),
                    format!("write `{number}{unit}`"),
                )
                .help(DURATIONS),
            );
        }
        // `per hour` is another matter, and `8:00` no duration.
        if self.rest().starts_with(':') {
            return None;
        }
        let (at, number) = [(start, number), (self.at, tok)]
            .into_iter()
            .find(|(at, n)| plain(n) && self.helps(*at..*at + n.len(), &format!("{n}s")))?;
        Some(
            Diagnostic::new(
                Code::FW003,
                "a duration needs a unit",
                Span::new(self.file, at, at + number.len()),
                "milliseconds, seconds, minutes?",
            )
            .help(format!(
                "write `{number}ms`, `{number}s`, `{number}m`, `{number}h` or `{number}d`"
            )),
        )
    }

    /// Reading stopped inside what was meant as a number: `8:00`, `1.5s`, `$100`.
    pub(super) fn piece_of_number(&self) -> Option<Diagnostic> {
        let rest = self.rest();
        let (start, number) = self.word_before();
        let digits = !number.is_empty() && number.chars().all(|c| c.is_ascii_digit());
        let joined = start + number.len() == self.at;
        let tail = rest
            .get(rest.chars().next()?.len_utf8()..)
            .unwrap_or_default();
        let end = tail
            .find(|c: char| !(is_word(c) || c == ':'))
            .unwrap_or(tail.len());
        let tail = tail.get(..end).unwrap_or_default();
        let after = tail.chars().next().is_some_and(|c| c.is_ascii_digit());
        let whole = Span::new(self.file, start, self.at + 1 + tail.len());
        if digits && joined && after && rest.starts_with(':') {
            return Some(
                Diagnostic::new(
                    Code::FW003,
                    "a time of day has two digits each for hours and minutes",
                    whole,
                    format!("write `{number:0>2}:{tail:0>2}`"),
                )
                .help("times are written `08:30` or `23:59:59`, from `00:00` to `23:59:59`"),
            );
        }
        let unit = tail.trim_start_matches(|c: char| c.is_ascii_digit());
        if digits && joined && after && rest.starts_with('.') && unit_of(unit).is_some() {
            return Some(
                Diagnostic::new(
                    Code::FW003,
                    "a duration is a whole number of its unit",
                    whole,
                    "has a fraction",
                )
                .help("write it in a smaller unit: `1500ms`, `90s`, `90m`, `36h`"),
            );
        }
        let sign = rest
            .chars()
            .next()
            .filter(|c| matches!(c, '$' | '€' | '£' | '¥'))?;
        after.then(|| {
            Diagnostic::new(
                Code::FW003,
                format!("an amount has no `{sign}`"),
                self.here(sign.len_utf8()),
                "leave this out",
            )
            .help("write the number alone: `100.00`")
        })
    }
}

/// Quotes and slashes that are not closed on their line, and bad escapes inside texts.
pub(super) fn quotes(file: FileId, text: &str, at: usize) -> Option<Diagnostic> {
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
                            "write `\\\\` for a backslash",
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
                    let before = text.get(line_start..start).unwrap_or_default().trim_end();
                    if before.ends_with("matching") || before.ends_with("matches") {
                        return Some(pattern_in_quotes(Span::new(file, start, start + 1)));
                    }
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
    let before = text.get(line_start..start).unwrap_or_default().trim_end();
    let counted = ["call", "calls", "effect", "effects"]
        .iter()
        .any(|word| before.ends_with(word));
    if mark == '/' && (counted || before.ends_with(|c: char| c.is_ascii_digit())) {
        return Some(
            Diagnostic::new(
                Code::FW001,
                "`/` is not `per`",
                Span::new(file, start, start + 1),
                "begins a regular expression",
            )
            .help("as in `limit name: a.b to 5 calls per 1h` and `expect 40 per 1m`"),
        );
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

/// A regular expression that is written as a text.
pub(super) fn pattern_in_quotes(quote: Span) -> Diagnostic {
    Diagnostic::new(
        Code::FW003,
        "a regular expression stands between slashes",
        quote,
        "write `/`, and `/` at its end",
    )
    .help("as in `string matching /ORD-[0-9]{6}/`")
}

/// The unit that a word stands for.
pub(super) fn unit_of(word: &str) -> Option<&'static str> {
    Some(match word {
        "ms" | "msec" | "msecs" | "millis" | "millisecond" | "milliseconds" => "ms",
        "s" | "sec" | "secs" | "second" | "seconds" => "s",
        "m" | "min" | "mins" | "minute" | "minutes" => "m",
        "h" | "hr" | "hrs" | "hour" | "hours" => "h",
        "d" | "day" | "days" => "d",
        _ => return None,
    })
}

/// Numbers with the wrong ending.
pub(super) fn numbers(file: FileId, text: &str, at: usize) -> Option<Diagnostic> {
    let tok = token(text, at);
    if !tok.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let rest = text.get(at..)?;
    let end = rest
        .find(|c: char| !(is_word(c) || matches!(c, '-' | ':' | '.')))
        .unwrap_or(rest.len());
    let whole = rest.get(..end)?.trim_end_matches(['.', ':', '-']);
    let here = Span::new(file, at, at + whole.len());
    let unit = whole.trim_start_matches(|c: char| c.is_ascii_digit() || c == '_');
    let number = whole.strip_suffix(unit).unwrap_or_default();
    if let Some(short) = unit_of(unit).filter(|u| *u != unit) {
        return Some(
            Diagnostic::new(
                Code::FW003,
                format!("`{unit}` is not a unit of time"),
                here,
                format!("write `{number}{short}`"),
            )
            .help(DURATIONS),
        );
    }
    if tok.chars().any(char::is_alphabetic) || whole.len() > tok.len() {
        return Some(
            Diagnostic::new(
                Code::FW003,
                format!("`{whole}` is not a number, a duration, a time or a date"),
                here,
                "cannot be read",
            )
            .help(
                "numbers are written `12`, `1_000` or `12.50`; durations `200ms`, `3s`, `10m`, `2h`, `7d`; times `08:30`; dates `2026-11-23`",
            ),
        );
    }
    None
}
