//! Names that are none: keywords, the wrong case, a rule without one, a word misspelt.

use super::super::words::RESERVED;
use super::{Slip, is_word};
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Span;

impl Slip<'_> {
    /// A reserved word where a name belongs.
    pub(super) fn keyword_as_name(&self) -> Option<Diagnostic> {
        let (start, before) = self.word_before();
        let candidates = [(self.at, self.token()), (start, before)];
        let (at, word) = candidates.into_iter().find(|(at, word)| {
            RESERVED.contains(word) && self.helps(*at..*at + word.len(), &format!("`{word}`"))
        })?;
        Some(
            Diagnostic::new(
                Code::FW002,
                format!("`{word}` is a keyword and cannot be a name"),
                Span::new(self.file, at, at + word.len()),
                "a name was expected here",
            )
            .help(format!(
                "choose another name, or put backquotes around `{word}` wherever it stands as a name"
            )),
        )
    }

    /// A word that is nearly one of those that could stand here.
    pub(super) fn misspelt(&self) -> Option<Diagnostic> {
        let tok = self.token();
        let (_, meant) = self
            .expected
            .iter()
            .filter_map(|e| e.strip_prefix('`')?.strip_suffix('`'))
            .filter(|w| w.len() > 2 && w.chars().all(|c| c.is_ascii_lowercase()))
            .map(|w| (strsim::damerau_levenshtein(w, tok), w))
            .filter(|(d, w)| *d > 0 && *d <= 1 + w.len() / 5)
            .min()?;
        self.helps(self.at..self.at + tok.len(), meant).then(|| {
            Diagnostic::new(
                Code::FW001,
                format!("`{tok}` is not a word of the language"),
                self.here(tok.len()),
                "cannot stand here",
            )
            .did_you_mean(meant)
        })
    }

    /// A rule that has targets, but no name.
    pub(super) fn nameless_rule(&self) -> Option<Diagnostic> {
        let attempt = self.attempt.as_ref()?;
        let first = attempt.first_word();
        let head = attempt.start + first.len();
        let rule = matches!(
            first,
            "allow" | "deny" | "require" | "escalate" | "limit" | "order"
        );
        if !rule || !self.helps(head..head, " x:") {
            return None;
        }
        let target = self.text.get(head..).unwrap_or_default().trim_start();
        let end = target
            .find(|c: char| !(is_word(c) || matches!(c, '.' | '*')))
            .unwrap_or(target.len());
        let shown = target.get(..end).unwrap_or_default();
        if target
            .get(end..)
            .unwrap_or_default()
            .trim_start()
            .starts_with(':')
        {
            return None;
        }
        Some(
            Diagnostic::new(
                Code::FW001,
                format!("this `{first}` has no name"),
                Span::new(self.file, attempt.start, head),
                "a name and `:` belong after this",
            )
            .note("Reports, tests and refusals call a rule by its name.")
            .help(format!("write for example `{first} my_rule: {shown}`")),
        )
    }

    /// Names in the wrong case.
    pub(super) fn names(&self) -> Option<Diagnostic> {
        let tok = self.token();
        let upper = tok.starts_with(|c: char| c.is_ascii_uppercase());
        let capitals = tok.chars().any(|c| c.is_ascii_uppercase());
        if !tok.starts_with(|c: char| c.is_ascii_alphabetic()) {
            return None;
        }
        let fits = |with: &str| self.helps(self.token_range(), with);
        let ty = self.wants("a type's name (PascalCase)") || capitals && fits("Xx");
        let name = self.wants("a name") || capitals && fits("xx");
        let shown = snake(tok);
        let (message, label, help) = if name && !ty && capitals {
            (
                format!("`{tok}` is not a name: names are written in snake_case"),
                "a name was expected here",
                format!("write `{shown}`"),
            )
        } else if ty && !upper {
            (
                format!("`{tok}` is not a type's name: types are written in PascalCase"),
                "a type's name was expected here",
                format!("write `{}`", pascal(tok)),
            )
        } else {
            return None;
        };
        // What is all in capitals is often what another system says.
        let constant = self.first_word() == "enum" && !tok.chars().any(|c| c.is_ascii_lowercase());
        let help = if constant {
            format!("write `{shown}`, or `{shown} as \"{tok}\"` to keep the name on the wire")
        } else {
            help
        };
        Some(self.found(tok.len(), message, label).help(help))
    }

    /// A name with a dash.
    pub(super) fn dashed(&self) -> Option<Diagnostic> {
        let (start, before) = self.word_before();
        let rest = self.rest().strip_prefix('-')?;
        let joined = !before.is_empty() && start + before.len() == self.at;
        if !joined || !rest.starts_with(|c: char| c.is_ascii_alphabetic()) {
            return None;
        }
        let end = rest
            .find(|c: char| !(is_word(c) || c == '-'))
            .unwrap_or(rest.len());
        let tail = rest.get(..end)?.trim_end_matches('-');
        let end = self.at + 1 + tail.len();
        let shown = self.text.get(start..end)?;
        let name = snake(shown);
        self.helps(start..end, &name).then(|| {
            Diagnostic::new(
                Code::FW001,
                format!("`{shown}` is not a name: names have no `-`"),
                Span::new(self.file, start, end),
                "a name was expected here",
            )
            .help(format!("write `{name}`"))
        })
    }

    /// A name in quotes.
    pub(super) fn quoted_name(&self) -> Option<Diagnostic> {
        let rest = self.rest().strip_prefix('"')?;
        let name = rest.get(..rest.find(['"', '\n'])?)?;
        let whole = name.len() + 2;
        let plain =
            name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.chars().all(is_word);
        if !plain || !self.helps(self.at..self.at + whole, &snake(name)) {
            return None;
        }
        let found = self
            .found(whole, "names stand without quotes", "a name, not a text")
            .help(format!("write `{}`", snake(name)));
        Some(if snake(name) == name {
            found
        } else {
            found.help(format!("write `{} as \"{name}\"`: names are in snake_case, and `as` gives the name on the wire", snake(name)))
        })
    }
}

fn snake(name: &str) -> String {
    let mut out = String::new();
    // Whether the last letter was a small one.
    let mut small = false;
    for c in name.chars() {
        if c.is_ascii_uppercase()
            && out.ends_with(|l: char| l.is_ascii_digit() || small && l != '_')
        {
            out.push('_');
        }
        small = !c.is_ascii_uppercase();
        let plain = if is_word(c) { c } else { '_' };
        out.push(plain.to_ascii_lowercase());
    }
    out
}

pub(super) fn pascal(name: &str) -> String {
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
