//! Conditions as other languages have them.

use super::{Slip, is_word};
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Span;

/// Words of other languages, and what is written here.
const WORDS: &[(&str, &str)] = &[
    ("if", "when"),
    ("where", "when"),
    ("provided", "when"),
    ("while", "when"),
    ("only", "when"),
    ("unless", "when"),
    ("since", "because"),
    ("reason", "because"),
];

impl Slip<'_> {
    /// A word that another language would have here.
    pub(super) fn foreign_word(&self) -> Option<Diagnostic> {
        let tok = self.token();
        if let Some((_, word)) = WORDS
            .iter()
            .find(|(w, ours)| *w == tok && self.wants(&format!("`{ours}`")))
        {
            let help = match (tok, *word) {
                ("unless", _) => "write `when not …`",
                (_, "because") => "a reason is written `because \"…\"`",
                _ => "a rule is written `allow name: targets when condition`",
            };
            return Some(
                Diagnostic::new(
                    Code::FW001,
                    format!("`{tok}` is not a word of the language"),
                    self.here(tok.len()),
                    format!("write `{word}`"),
                )
                .help(help),
            );
        }
        let (start, before) = self.word_before();
        if before != "is" || !self.wants("`present`") {
            return None;
        }
        let rest = self.rest();
        let negated = tok == "not";
        let second = if negated {
            let after = rest.get(3..).unwrap_or_default().trim_start();
            let end = after.find(|c: char| !is_word(c)).unwrap_or(after.len());
            after.get(..end).unwrap_or_default()
        } else {
            tok
        };
        let absent = matches!(
            second,
            "null" | "none" | "nil" | "missing" | "empty" | "undefined" | "None" | "absent"
        );
        let present = matches!(second, "set" | "present" | "defined" | "there" | "given");
        let help = match (negated, absent, present) {
            (true, true, _) | (false, _, true) => "write `is present`".to_string(),
            (false, true, _) | (true, _, true) => "write `is absent`".to_string(),
            (true, ..) => format!("to compare, write `!= {second}`"),
            (false, ..) => format!("to compare, write `== {second}`"),
        };
        Some(
            Diagnostic::new(
                Code::FW001,
                "`is` asks only whether a value is there",
                Span::new(self.file, start, self.at + tok.len()),
                "neither `is present` nor `is absent`",
            )
            .help(help),
        )
    }

    /// What is asked in other languages' ways: `between`, `not in`, `exists(x)`.
    pub(super) fn question(&self) -> Option<Diagnostic> {
        let tok = self.token();
        let (start, before) = self.word_before();
        if !(self.wants("a comparison") || self.wants("`!=`")) {
            return None;
        }
        let left = self.path_before();
        if tok == "not" {
            let after = self.rest().get(3..)?.trim_start();
            let word = after
                .split(|c: char| !is_word(c))
                .next()
                .filter(|w| matches!(*w, "in" | "matches" | "contains"))?;
            return Some(
                self.found(
                    tok.len(),
                    format!("`not` stands before what it denies, not before `{word}`"),
                    "cannot stand here",
                )
                .help(format!("write `not {left} {word} …`")),
            );
        }
        if tok == "between" {
            return Some(
                self.found(
                    tok.len(),
                    "`between` is not a word of the language",
                    "write `in`",
                )
                .help(format!(
                    "write `{left} in a..b`, which includes both ends, or `{left} in a..<b`"
                )),
            );
        }
        if matches!(
            tok,
            "equals"
                | "eq"
                | "like"
                | "startswith"
                | "starts"
                | "ends"
                | "includes"
                | "has"
                | "one"
        ) {
            let help = match tok {
                "equals" | "eq" => format!("write `{left} == …`"),
                "includes" | "has" => format!("write `{left} contains …`"),
                "one" => format!("write `{left} in {{…}}`"),
                _ => format!("write `{left} matches /…/`: the whole text is compared"),
            };
            return Some(
                self.found(
                    tok.len(),
                    format!("`{tok}` is not a word of the language"),
                    "cannot stand here",
                )
                .help(help),
            );
        }
        if tok != "(" || before.is_empty() || start + before.len() != self.at {
            return None;
        }
        let inner = self.rest().get(1..)?;
        let inner = inner.get(..inner.find([')', '\n', ','])?)?.trim();
        let help = match before {
            "exists" | "present" | "has" | "defined" | "isset" | "is_present" | "is_set" => {
                format!("write `{inner} is present`")
            }
            "absent" | "missing" | "is_absent" | "is_null" | "isnull" => {
                format!("write `{inner} is absent`")
            }
            "len" | "count" | "strlen" => {
                format!("write `length({inner})` of a text, `size({inner})` of a list")
            }
            "startswith" | "starts_with" | "endswith" | "ends_with" | "match" | "matches"
            | "regex" | "like" => {
                "write `x matches /abc.*/`: the whole text is compared".to_string()
            }
            "called" | "has_called" | "was_called" | "succeeded" => {
                format!("write `done({inner})`")
            }
            "any" => "write `some x in list: condition`".to_string(),
            "all" => "write `every x in list: condition`".to_string(),
            _ => "what cannot be asked here is computed outside, and handed in as an `input`"
                .to_string(),
        };
        Some(
            Diagnostic::new(
                Code::FW107,
                format!("a condition calls no functions: there is no `{before}`"),
                Span::new(self.file, start, self.at),
                "not known here",
            )
            .note("Conditions know `done`, `calls`, `effects`, `standing` and `unsettled` of actions, `length` of a text and `size` of a list.")
            .help(help),
        )
    }

    /// The path directly before the place.
    fn path_before(&self) -> &str {
        let before = self.before();
        let start = before
            .trim_end_matches(|c: char| is_word(c) || c == '.')
            .len();
        before.get(start..).filter(|p| !p.is_empty()).unwrap_or("x")
    }

    /// Arithmetic in a condition.
    pub(super) fn computing(&self) -> Option<Diagnostic> {
        let found = |span: Span| {
            Diagnostic::new(
                Code::FW107,
                "a condition does not compute",
                span,
                "this would have to be computed",
            )
            .note("Conditions are so small that the compiler can decide all of them; the one sum that they know is a constant added to what is compared with.")
            .help("write for example `x <= y + 5.00`, or compute the value outside and hand it in as an `input`")
        };
        let before = self.before();
        let operator = self.rest().chars().next()?;
        if "+-*/%^".contains(operator)
            && !self.rest().starts_with("->")
            && before.ends_with(|c: char| is_word(c) || c == ')')
            && (self.wants("a comparison") || self.wants("`and`") || self.wants("`or`"))
        {
            return Some(found(self.here(1)));
        }
        (before.ends_with(['+', '-']) && self.wants("a literal"))
            .then(|| found(Span::new(self.file, before.len() - 1, before.len())))
    }

    pub(super) fn chained(&self) -> Option<Diagnostic> {
        let rest = self.rest();
        let operator = ["<=", ">=", "==", "<", ">"]
            .into_iter()
            .find(|op| rest.starts_with(op))?;
        let mut words = self.before().rsplit([' ', '(', '\n']);
        let middle = words.next().filter(|w| !w.is_empty())?;
        let first = match (words.next(), words.next()) {
            (Some(op @ ("<" | "<=" | ">" | ">=" | "==")), Some(left)) => {
                format!("{left} {op} {middle}")
            }
            _ => format!("… {middle}"),
        };
        let last = rest
            .get(operator.len()..)?
            .trim_start()
            .split([' ', ')', '\n'])
            .next()
            .filter(|w| !w.is_empty())
            .unwrap_or("…");
        Some(
            Diagnostic::new(
                Code::FW001,
                "comparisons don't chain",
                self.here(operator.len()),
                "a second comparison",
            )
            .help(format!(
                "write two and join them: `{first} and {middle} {operator} {last}`, or use a range, such as `{middle} in 1..8`"
            )),
        )
    }
}
