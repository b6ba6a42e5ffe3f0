//! Literals: numbers, times and strings, with what no grammar can check about them.

use super::{Builder, P, first, kids};
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Span;
use crate::syntax::grammar::Rule;
use crate::syntax::tree::{Ident, Literal, LiteralKind, Path, Range, Regex, Spanned, StrPart};

const INT_MAX: i64 = (1 << 53) - 1;

impl Builder<'_> {
    pub fn literal(&mut self, pair: &P<'_>) -> Literal {
        let span = self.span(pair);
        let Some(inner) = first(pair) else {
            return Literal {
                kind: LiteralKind::Bool(false),
                span,
            };
        };
        let text = inner.as_str();
        let kind = match inner.as_rule() {
            Rule::str => LiteralKind::Str(self.str_parts(&inner)),
            Rule::instant => self.instant(text, span),
            Rule::date => LiteralKind::Date(self.date(text, span)),
            Rule::time => LiteralKind::Time(self.time(text, span)),
            Rule::dur => LiteralKind::Duration(self.dur(&inner).node),
            Rule::decimal => self.decimal(text, span),
            Rule::int => LiteralKind::Int(self.int(&inner).node),
            _ => LiteralKind::Bool(text == "true"),
        };
        Literal { kind, span }
    }

    fn bad(&mut self, span: Span, message: String, help: &str) {
        self.findings
            .push(Diagnostic::new(Code::FW003, message, span, "this value").help(help));
    }

    pub fn int(&mut self, pair: &P<'_>) -> Spanned<i64> {
        let span = self.span(pair);
        let value = self.number(&pair.as_str().replace('_', ""), span);
        Spanned { node: value, span }
    }

    fn number(&mut self, digits: &str, span: Span) -> i64 {
        match digits.parse::<i64>() {
            Ok(n) if (-INT_MAX..=INT_MAX).contains(&n) => n,
            _ => {
                self.bad(
                    span,
                    "this number is out of range".to_string(),
                    "numbers lie within ±9007199254740991 (2⁵³−1), so that JSON carries them exactly; use a string for longer keys",
                );
                if digits.starts_with('-') {
                    -INT_MAX
                } else {
                    INT_MAX
                }
            }
        }
    }

    fn decimal(&mut self, text: &str, span: Span) -> LiteralKind {
        let text = text.replace('_', "");
        let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
        let scale = fraction.len();
        if scale > 9 {
            self.bad(
                span,
                format!("this decimal has {scale} digits after its point, and 9 are the most"),
                "round it, or count in smaller units",
            );
            return LiteralKind::Decimal {
                digits: 0,
                scale: 0,
            };
        }
        let digits = self.number(&format!("{whole}{fraction}"), span);
        LiteralKind::Decimal {
            digits,
            scale: u32::try_from(scale).unwrap_or(0),
        }
    }

    /// A duration in milliseconds.
    pub fn dur(&mut self, pair: &P<'_>) -> Spanned<i64> {
        let span = self.span(pair);
        let text = pair.as_str().replace('_', "");
        let split = text
            .find(|c: char| c.is_ascii_alphabetic())
            .unwrap_or(text.len());
        let (digits, unit) = text.split_at(split);
        let factor = match unit {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            _ => 86_400_000,
        };
        let ms = digits
            .parse::<i64>()
            .ok()
            .and_then(|n| n.checked_mul(factor))
            .filter(|n| *n <= INT_MAX);
        if ms.is_none() {
            self.bad(
                span,
                "this duration is out of range".to_string(),
                "durations are at most 9007199254740991 ms, about 285 000 years",
            );
        }
        Spanned {
            node: ms.unwrap_or(INT_MAX),
            span,
        }
    }

    fn date(&mut self, text: &str, span: Span) -> i64 {
        let mut parts = text.split('-').map(|p| p.parse::<i64>().unwrap_or(0));
        let (y, m, d) = (
            parts.next().unwrap_or(0),
            parts.next().unwrap_or(0),
            parts.next().unwrap_or(0),
        );
        match days_from_civil(y, m, d) {
            Some(days) => days,
            None => {
                self.bad(
                    span,
                    format!("there is no day {text}"),
                    "dates are YYYY-MM-DD, from 0001-01-01 to 9999-12-31",
                );
                0
            }
        }
    }

    fn time(&mut self, text: &str, span: Span) -> i64 {
        let mut parts = text.split(':').map(|p| p.parse::<i64>().unwrap_or(99));
        let (h, m, s) = (
            parts.next().unwrap_or(0),
            parts.next().unwrap_or(0),
            parts.next().unwrap_or(0),
        );
        if h > 23 || m > 59 || s > 59 {
            self.bad(
                span,
                format!("there is no time of day {text}"),
                "times of day go from 00:00 to 23:59:59",
            );
            return 0;
        }
        h * 3600 + m * 60 + s
    }

    fn instant(&mut self, text: &str, span: Span) -> LiteralKind {
        let (date, time) = text
            .trim_end_matches('Z')
            .split_once('T')
            .unwrap_or((text, "00:00"));
        let days = self.date(date, span);
        let seconds = self.time(time, span);
        LiteralKind::Instant((days * 86_400 + seconds) * 1000)
    }

    pub fn str_parts(&mut self, pair: &P<'_>) -> Vec<StrPart> {
        let mut parts: Vec<StrPart> = Vec::new();
        let push = |parts: &mut Vec<StrPart>, text: &str| match parts.last_mut() {
            Some(StrPart::Text(t)) => t.push_str(text),
            _ => parts.push(StrPart::Text(text.to_string())),
        };
        for part in kids(pair) {
            match part.as_rule() {
                Rule::str_esc => {
                    let text = part.as_str();
                    let plain = match text {
                        "\\\"" => "\"".to_string(),
                        "\\\\" => "\\".to_string(),
                        "\\n" => "\n".to_string(),
                        "\\t" => "\t".to_string(),
                        "{{" => "{".to_string(),
                        "}}" => "}".to_string(),
                        _ => self.unicode_escape(&part),
                    };
                    push(&mut parts, &plain);
                }
                Rule::str_hole => {
                    if let Some(path) = first(&part) {
                        let path = self.path(&path);
                        parts.push(StrPart::Hole(path));
                    }
                }
                _ => push(&mut parts, part.as_str()),
            }
        }
        parts
    }

    fn unicode_escape(&mut self, part: &P<'_>) -> String {
        let hex = part
            .as_str()
            .trim_start_matches("\\u{")
            .trim_end_matches('}');
        match u32::from_str_radix(hex, 16).ok().and_then(char::from_u32) {
            Some(c) => c.to_string(),
            None => {
                let span = self.span(part);
                self.bad(
                    span,
                    format!("there is no character U+{}", hex.to_uppercase()),
                    "Unicode scalar values go to 10FFFF, D800 to DFFF left out",
                );
                String::new()
            }
        }
    }

    /// A string without holes.
    pub fn plain_str(&mut self, pair: &P<'_>) -> Spanned<String> {
        let span = self.span(pair);
        let mut text = String::new();
        for part in self.str_parts(pair) {
            match part {
                StrPart::Text(t) => text.push_str(&t),
                StrPart::Hole(path) => self.hole(path.span),
            }
        }
        Spanned { node: text, span }
    }

    pub(super) fn hole(&mut self, span: Span) {
        self.findings.push(
            Diagnostic::new(
                Code::FW003,
                "this string cannot have a hole",
                span,
                "a value would be filled in here",
            )
            .note("Holes `{…}` are filled in only in the arguments of a flow's calls and in the text of `ask`.")
            .help("write `{{` and `}}` for braces"),
        );
    }

    pub fn regex(&self, pair: &P<'_>) -> Regex {
        let text = pair.as_str();
        let inner = text
            .get(1..text.len().saturating_sub(1))
            .unwrap_or_default();
        let mut pattern = String::with_capacity(inner.len());
        let mut chars = inner.chars();
        while let Some(c) = chars.next() {
            if c == '\\' {
                match chars.next() {
                    Some('/') => pattern.push('/'),
                    Some(other) => {
                        pattern.push('\\');
                        pattern.push(other);
                    }
                    None => pattern.push('\\'),
                }
            } else {
                pattern.push(c);
            }
        }
        Regex {
            pattern,
            span: self.span(pair),
        }
    }

    pub fn range(&mut self, pair: &P<'_>) -> Range {
        let span = self.span(pair);
        let mut ends = Vec::new();
        let mut exclusive = false;
        for part in kids(pair) {
            match part.as_rule() {
                Rule::literal => ends.push(self.literal(&part)),
                _ => exclusive = part.as_str() == "..<",
            }
        }
        let filler = Literal {
            kind: LiteralKind::Int(0),
            span,
        };
        let mut ends = ends.into_iter();
        Range {
            low: ends.next().unwrap_or_else(|| filler.clone()),
            high: ends.next().unwrap_or(filler),
            exclusive,
            span,
        }
    }

    pub fn path(&self, pair: &P<'_>) -> Path {
        let mut parts = kids(pair);
        let head = parts.next().map_or_else(
            || Ident {
                name: String::new(),
                span: self.span(pair),
            },
            |p| self.ident(&p),
        );
        Path {
            head,
            rest: parts.map(|p| self.ident(&p)).collect(),
            span: self.span(pair),
        }
    }
}

/// Days since 1970-01-01 of a civil date; `None` if there is no such day or the year is outside
/// 1..=9999. After Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms".
fn days_from_civil(y: i64, m: i64, d: i64) -> Option<i64> {
    let leap = y % 4 == 0 && (y % 100 != 0 || y % 400 == 0);
    let length = match m {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => return None,
    };
    if !(1..=9999).contains(&y) || d < 1 || d > length {
        return None;
    }
    let y = if m <= 2 { y - 1 } else { y };
    let era = y.div_euclid(400);
    let yoe = y.rem_euclid(400);
    let doy = (153 * ((m + 9) % 12) + 2) / 5 + d - 1;
    let doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    Some(era * 146_097 + doe - 719_468)
}
