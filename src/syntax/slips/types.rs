//! Types as other languages have them.

use super::Slip;
use super::names::pascal;
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Span;

/// Types of other languages, and what stands for them here.
const TYPES: &[(&str, &str)] = &[
    ("integer", "write `int`"),
    ("number", "write `int`, or `decimal in 0.00..100.00`"),
    (
        "float",
        "write `decimal in 0.00..100.00`: there are no floats",
    ),
    (
        "double",
        "write `decimal in 0.00..100.00`: there are no floats",
    ),
    ("boolean", "write `bool`"),
    ("str", "write `string`"),
    ("text", "write `string`"),
    ("array", "write `list of string size 0..20`"),
    ("datetime", "write `instant`"),
    ("timestamp", "write `instant`"),
];

const BASE_TYPES: &[&str] = &[
    "bool", "int", "decimal", "string", "duration", "time", "date", "instant",
];

impl Slip<'_> {
    /// Types with marks and words of other languages: `string?`, `string[]`, `list<string>`.
    pub(super) fn shapes(&self) -> Option<Diagnostic> {
        let (rest, tok) = (self.rest(), self.token());
        let (start, before) = self.word_before();
        let typed = BASE_TYPES.contains(&before)
            || before.starts_with(|c: char| c.is_ascii_uppercase())
            || TYPES.iter().any(|(t, _)| *t == before);
        let here = Span::new(self.file, start, self.at + tok.len());
        if tok == "?" && typed {
            return Some(
                Diagnostic::new(
                    Code::FW001,
                    "what may be absent is marked behind its name",
                    here,
                    "not behind its type",
                )
                .help(format!("write `name?: {before}`")),
            );
        }
        if matches!(tok, "optional" | "nullable" | "maybe") && self.helps(self.token_range(), "") {
            return Some(
                self.found(
                    tok.len(),
                    "what may be absent is marked behind its name",
                    "leave this out",
                )
                .help("write `name?: string`"),
            );
        }
        if tok == "|"
            && (typed || before == "null")
            && rest
                .get(1..)?
                .trim_start()
                .starts_with(|c: char| c.is_alphabetic())
        {
            return Some(
                self.found(1, "a type has no alternatives", "not expected")
                    .help("a field that may be absent is marked behind its name: `name?: string`; one of several words is an `enum`"),
            );
        }
        let list = matches!(
            before,
            "list" | "array" | "set" | "List" | "Array" | "Set" | "tuple"
        ) && rest.starts_with(['<', '[', '(', '{']);
        let array = typed && rest.starts_with('[');
        let bare = rest.starts_with('[') && (self.wants("a type") || self.wants("`string`"));
        if list || array || bare {
            let from = if bare { self.at } else { start };
            return Some(
                Diagnostic::new(Code::FW001, "a list is written in words", Span::new(self.file, from, self.at + 1), "not a type")
                    .help("write for example `list of string size 0..20`: how many there can be at most is obligatory"),
            );
        }
        let map = matches!(
            before,
            "map" | "dict" | "object" | "record" | "Map" | "Dict" | "Record"
        ) && rest.starts_with(['<', '[', '(', '{']);
        if map && (before != "record" || self.wants("`:`")) {
            return Some(
                Diagnostic::new(
                    Code::FW001,
                    "there are no maps",
                    Span::new(self.file, start, self.at + 1),
                    "not a type",
                )
                .help("declare a `record` with its fields, or a `list of` records"),
            );
        }
        None
    }

    /// Bounds of a type that are written as in other languages.
    pub(super) fn bounds(&self) -> Option<Diagnostic> {
        let (rest, tok) = (self.rest(), self.token());
        let (start, before) = self.word_before();
        let number = !before.is_empty() && before.chars().all(|c| c.is_ascii_digit() || c == '_');
        let keyword = self
            .text
            .get(..start)?
            .trim_end()
            .rsplit(|c: char| !(c.is_alphanumeric() || c == '_'))
            .next()?;
        if number && matches!(keyword, "length" | "size") {
            return Some(
                Diagnostic::new(Code::FW001, format!("`{keyword}` takes a range"), Span::new(self.file, start, start + before.len()), "one number is none")
                    .help(format!("write `{keyword} 0..{before}` for at most {before}, `{keyword} {before}..{before}` for exactly {before}")),
            );
        }
        let measure = matches!(before, "length" | "size") && rest.starts_with(['<', '>', '=']);
        if measure && self.wants("a literal") {
            return Some(
                self.found(
                    tok.len(),
                    format!("`{before}` takes a range"),
                    "not a comparison",
                )
                .help(format!("write for example `{before} 0..40`")),
            );
        }
        if rest.starts_with('"')
            && self.line_before().starts_with("type ")
            && self.before().ends_with('=')
        {
            return Some(
                self.found(1, "a type is not a list of texts", "not expected")
                    .help("one of several words is an `enum Env { staging, production }`"),
            );
        }
        if rest.starts_with('{')
            && (self.before().ends_with("->") || self.before().ends_with(':'))
            && (self.wants("a type") || self.wants("`string`"))
        {
            return Some(
                self.found(1, "a record is declared by itself", "a type's name was expected here")
                    .help("write `record Status { sha: Sha, healthy: bool }` beside the integration, and `Status` here"),
            );
        }
        if rest.starts_with('"') && matches!(before, "matching" | "matches") {
            return Some(super::literals::pattern_in_quotes(self.here(1)));
        }
        let refined =
            BASE_TYPES.contains(&before) || before.starts_with(|c: char| c.is_ascii_uppercase());
        let named = matches!(
            tok,
            "max"
                | "min"
                | "maxlen"
                | "minlen"
                | "maxlength"
                | "limit"
                | "between"
                | "of"
                | "from"
                | "up"
                | "range"
                | "size"
                | "regex"
                | "pattern"
                | "format"
                | "matches"
                | "gt"
                | "positive"
                | "to"
        );
        if !refined || !(named || tok == "(") || !(self.wants("`in`") || self.wants("`length`")) {
            return None;
        }
        let help = match before {
            "string" => {
                "write for example `string length 1..40` or `string matching /[A-Z]+/`".to_string()
            }
            "int" | "decimal" => format!(
                "write for example `{before} in {}`",
                if before == "int" {
                    "1..12"
                } else {
                    "0.01..100.00"
                }
            ),
            _ => format!("write for example `{before} in a..b`"),
        };
        Some(
            self.found(
                tok.len(),
                format!("a type's bounds are not written by `{tok}`"),
                "not expected",
            )
            .help(format!("{help}; bounds may be combined")),
        )
    }

    /// A type before its name, a type that there isn't, and a list without a size.
    pub(super) fn types(&self) -> Option<Diagnostic> {
        let tok = self.token();
        let (start, before) = self.word_before();
        let a_type = before.starts_with(|c: char| c.is_ascii_uppercase())
            || BASE_TYPES.contains(&before)
            || TYPES.iter().any(|(t, _)| *t == before);
        if a_type
            && self.helps(start..self.at + tok.len(), &format!("{tok}: {before}"))
            && self.wants("`:`")
        {
            return Some(
                Diagnostic::new(
                    Code::FW001,
                    "a type stands after the name",
                    Span::new(self.file, start, self.at + tok.len()),
                    "the other way round",
                )
                .help(format!("write `{tok}: {before}`")),
            );
        }
        if self.wants("`size`") && self.helps(self.at..self.at, " size 0..9 ") {
            let list = self.before().rfind("list")?;
            return Some(
                Diagnostic::new(
                    Code::FW110,
                    "a list needs its size",
                    Span::new(self.file, list, self.before().len()),
                    "how many elements, at most?",
                )
                .note("Without a bound nobody can say how long a decision takes.")
                .help("write the size after the type of the elements: `list of string size 0..20`"),
            );
        }
        let lower = tok.starts_with(|c: char| c.is_ascii_lowercase());
        if !lower || !self.helps(self.at..self.at + tok.len(), "bool in 0..1") {
            return None;
        }
        let known = TYPES.iter().find(|(t, _)| *t == tok).map(|(_, h)| *h);
        Some(
            Diagnostic::new(
                Code::FW101,
                format!("there is no type `{tok}`"),
                self.here(tok.len()),
                "a type was expected here",
            )
            .help(known.map_or_else(
                || format!("the built-in types are `bool`, `int`, `decimal`, `string`, `duration`, `time`, `date` and `instant`; your own are in PascalCase: `{}`", pascal(tok)),
                ToString::to_string,
            )),
        )
    }
}
