//! Marks that the language doesn't have, or has elsewhere.

use super::super::recover::Context;
use super::Slip;
use crate::diagnostics::{Code, Diagnostic};

/// What was written, what to say, what to write instead, and what the language has in general.
const MARKS: &[(&str, &str, &str, &str)] = &[
    ("=>", "`=>` is not an arrow here", "write `->`", ARROWS),
    ("\u{2192}", "`→` is not an arrow here", "write `->`", ARROWS),
    ("&&", "`&&` is not an operator here", "write `and`", JOINING),
    ("||", "`||` is not an operator here", "write `or`", JOINING),
    (
        "=~",
        "`=~` is not an operator here",
        "write `matches`",
        "as in `phone matches /\\+1[0-9]{10}/`, which compares the whole text",
    ),
    (
        "===",
        "`===` is not an operator here",
        "write `==`",
        COMPARING,
    ),
    (
        "<>",
        "`<>` is not an operator here",
        "write `!=`",
        COMPARING,
    ),
    (
        "=<",
        "`=<` is not an operator here",
        "write `<=`",
        COMPARING,
    ),
    ("..=", "`..=` is not a range here", "write `..`", RANGES),
    ("...", "`...` is not a range here", "write `..`", RANGES),
    (
        "/*",
        "there are no block comments",
        "begins no comment",
        COMMENTS,
    ),
    (
        "#",
        "`#` does not begin a comment",
        "write `//`",
        "comments begin with `//` and run to the end of the line",
    ),
    (
        ";",
        "there are no semicolons",
        "leave this out",
        "line breaks never matter: keywords separate clauses",
    ),
    ("'", "texts stand in double quotes", "write `\"`", QUOTES),
    (
        "\u{201c}",
        "typographic quotes hold no text",
        "write `\"`",
        QUOTES,
    ),
    (
        "\u{201d}",
        "typographic quotes hold no text",
        "write `\"`",
        QUOTES,
    ),
    (
        "\u{201e}",
        "typographic quotes hold no text",
        "write `\"`",
        QUOTES,
    ),
    (
        "\u{2018}",
        "typographic quotes hold no text",
        "write `\"`",
        QUOTES,
    ),
    (
        "\u{2019}",
        "typographic quotes hold no text",
        "write `\"`",
        QUOTES,
    ),
    ("!", "`!` is not an operator here", "write `not`", JOINING),
];

pub(super) const ARROWS: &str = "as in `on ok -> done` and `start -> first`";
const JOINING: &str = "conditions are made of `and`, `or`, `not` and brackets";
pub(super) const COMPARING: &str = "comparisons are `==`, `!=`, `<`, `<=`, `>` and `>=`";
const RANGES: &str = "`1..8` includes both ends, `1..<8` leaves the last out";
const COMMENTS: &str = "begin each line of a comment with `//`";
const QUOTES: &str = "write the text as `\"…\"`, on one line";

impl Slip<'_> {
    /// A mark that the language doesn't have.
    pub(super) fn mark(&self) -> Option<Diagnostic> {
        let rest = self.rest();
        let (mark, message, label, help) = MARKS.iter().find(|(m, ..)| rest.starts_with(m))?;
        if *mark == ";" && self.helps(self.at..self.at + 1, ",") {
            return Some(
                self.found(1, "there are no semicolons", "write `,`")
                    .help("fields, variants, parameters and arguments are separated by commas"),
            );
        }
        Some(self.found(mark.len(), *message, *label).help(*help))
    }

    /// What has its place elsewhere.
    pub(super) fn stray(&self) -> Option<Diagnostic> {
        let (rest, tok) = (self.rest(), self.token());
        if rest.starts_with('}') && self.context == Context::File {
            return Some(
                Diagnostic::new(
                    Code::FW004,
                    "this `}` closes nothing",
                    self.here(1),
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
                    self.here(3),
                    "three slashes document what follows them",
                )
                .help(
                    "put it before a declaration, field, clause or state, or begin a comment with `//`",
                ),
            );
        }
        (matches!(tok, "else" | "default") && self.context == Context::State).then(|| {
            Diagnostic::new(
                Code::FW001,
                format!("a `choose` has no `{tok}`"),
                self.here(tok.len()),
                "write `otherwise`",
            )
            .help("what no `when` takes goes to `otherwise -> state`")
        })
    }
}
