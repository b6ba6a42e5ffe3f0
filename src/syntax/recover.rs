//! Says what is wrong with a chunk that the grammar could not read: the chunk is read again with
//! the rule that would have fitted, and the place where that fails is put into the user's words.

use super::grammar::{Grammar, Rule};
use super::slips::{Slip, beginning};
use super::words;
use crate::diagnostics::{Code, Diagnostic};
use crate::source::{FileId, Span};
use pest::Parser;
use pest::error::InputLocation;
use std::collections::BTreeSet;
use std::ops::Range;

/// Where a chunk stands, and so what could stand there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Context {
    File,
    Integration,
    Defaults,
    Action,
    Flow,
    Handlers,
    State,
    Agent,
    Test,
}

impl Context {
    pub(super) fn rule(self) -> Rule {
        match self {
            Self::File => Rule::just_item,
            Self::Integration => Rule::just_integ_item,
            Self::Defaults => Rule::just_default,
            Self::Action => Rule::just_clause,
            Self::Flow => Rule::just_flow_item,
            Self::Handlers => Rule::just_handler,
            Self::State => Rule::just_state_item,
            Self::Agent => Rule::just_agent_clause,
            Self::Test => Rule::just_test_item,
        }
    }

    /// What makes a file of a text that could stand here.
    pub(super) fn around(self) -> (&'static str, &'static str) {
        match self {
            Self::File => ("", ""),
            Self::Integration => ("integration x {\n", "}"),
            Self::Defaults => ("integration x { defaults {\n", "} }"),
            Self::Action => ("integration x { action x() {\n", "} }"),
            Self::Flow => ("flow x() {\n", "}"),
            Self::Handlers => ("flow x() { handlers x {\n", "} }"),
            Self::State => ("flow x() { state x {\n", "} }"),
            Self::Agent => ("flow x() { state x { agent {\n", "} } }"),
            Self::Test => ("test \"x\" {\n", "}"),
        }
    }

    /// Keywords that are left out easily.
    pub(super) fn left_out(self) -> &'static [&'static str] {
        match self {
            Self::Integration => &["action"],
            Self::Flow => &["state", "end", "on"],
            Self::Handlers => &["on"],
            Self::State => &["do", "on"],
            Self::Agent => &["may"],
            _ => &[],
        }
    }

    /// What the chunk would be, and the words that can begin it.
    pub(super) fn words(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Self::File => ("a declaration", words::ITEM),
            Self::Integration => ("a part of an integration", words::INTEGRATION),
            Self::Defaults => ("a part of `defaults`", words::DEFAULTS),
            Self::Action => ("a clause of an action", words::ACTION),
            Self::Flow => ("a part of a flow", words::FLOW),
            Self::Handlers => ("a handler", words::HANDLERS),
            Self::State => ("a part of a state", words::STATE),
            Self::Agent => ("a bound of an agent", words::AGENT),
            Self::Test => ("a line of a test", words::TEST),
        }
    }
}

/// What is wrong with a chunk.
pub(super) struct Explained {
    pub found: Diagnostic,
    /// The chunk goes on with what was read before it, which so was not read as it was meant.
    pub goes_on: bool,
}

/// What is wrong with the chunk `range`. `before` is where that begins which was read directly
/// before it, and which the chunk may go on with.
pub(super) fn explain(
    file: FileId,
    text: &str,
    range: Range<usize>,
    context: Context,
    before: Option<usize>,
) -> Explained {
    let chunk = text.get(range.clone()).unwrap_or_default();
    let first = first_word(chunk.trim_start());
    let (what, starts) = context.words();
    let begun = chunk.trim_start().starts_with("///") || starts.contains(&first);
    let slip = |attempt: Attempt<'_>, at: usize, expected: &BTreeSet<String>| {
        Slip {
            file,
            text,
            at,
            expected,
            context,
            attempt: Some(attempt),
        }
        .named()
    };
    let one = |found: Diagnostic| Explained {
        found,
        goes_on: false,
    };
    if !begun {
        // Behind an outcome, the first word of a line was taken for the outcome's value.
        let line = text.get(..range.start).unwrap_or_default();
        let line = line.rsplit('\n').next().unwrap_or_default();
        let word = line.trim();
        if context == Context::Test
            && let Some(found) = beginning(
                file,
                range.start - line.trim_start().len(),
                word,
                context,
                what,
            )
        {
            return Explained {
                found,
                goes_on: true,
            };
        }
        // A line of a test begins with any name.
        let after = chunk.get(first.len()..).unwrap_or_default().trim_start();
        let named = context == Context::Test
            && ["->", ".", "proposes"]
                .iter()
                .any(|mark| after.starts_with(mark));
        // What begins a line of its own is not what the line before it goes on with.
        if context == Context::Test
            && !named
            && !same_line(text, range.start)
            && let Some(found) = beginning(file, range.start, first, context, what)
        {
            return one(found);
        }
        if let Some(start) = before {
            let attempt = Attempt::new(text, start..range.end, context.rule());
            let (at, expected) = attempt.failure();
            let named = slip(attempt, at, &expected);
            let goes_on = at > range.start || at == range.start && same_line(text, at);
            if goes_on && (named.is_some() || at > range.start || first.is_empty()) {
                let found =
                    named.unwrap_or_else(|| unexpected(file, text, at, range.end, what, &expected));
                return Explained {
                    found,
                    goes_on: true,
                };
            }
        }
        if !named && let Some(found) = beginning(file, range.start, first, context, what) {
            return one(found);
        }
        if context == Context::State && after.starts_with('=') && !after.starts_with("==") {
            return one(assigned(file, range.start, first));
        }
        let expected = BTreeSet::new();
        let start = Slip {
            file,
            text,
            at: range.start,
            expected: &expected,
            context,
            attempt: None,
        };
        if let Some(found) = start.named() {
            return one(found);
        }
        let is_line_of_test = context == Context::Test;
        let attempt = Attempt::new(text, range.clone(), context.rule());
        if let Some(word) = context.left_out().iter().find(|w| attempt.begins_with(w)) {
            return one(left_out(file, range.start, first, word));
        }
        if !first.is_empty() && !is_line_of_test {
            return one(unknown_start(file, range.start, first, what, starts));
        }
    }
    let attempt = Attempt::new(text, range.clone(), context.rule());
    let (at, expected) = attempt.failure();
    one(slip(attempt, at, &expected)
        .unwrap_or_else(|| unexpected(file, text, at, range.end, what, &expected)))
}

/// Whether something stands before `at` on its line.
fn same_line(text: &str, at: usize) -> bool {
    let before = text.get(..at).unwrap_or_default();
    !before
        .rsplit('\n')
        .next()
        .unwrap_or_default()
        .trim()
        .is_empty()
}

/// Repairs are tried in chunks that were read so far, in bytes.
const HEAD_MAX: usize = 64 << 10;
/// What follows a repair is read so far, in bytes.
const TAIL_MAX: usize = 4 << 10;

/// A chunk that is read again, by the rule that would have fitted.
#[derive(Clone, Copy)]
pub(super) struct Attempt<'t> {
    text: &'t str,
    pub start: usize,
    end: usize,
    rule: Rule,
}

impl<'t> Attempt<'t> {
    fn new(text: &'t str, range: Range<usize>, rule: Rule) -> Self {
        Self {
            text,
            start: range.start,
            end: range.end,
            rule,
        }
    }

    fn chunk(&self) -> &'t str {
        self.text.get(self.start..self.end).unwrap_or_default()
    }

    /// Where reading fails, in bytes of the whole text, and what could have stood there.
    fn failure(&self) -> (usize, BTreeSet<String>) {
        let chunk = self.chunk();
        let (at, expected) = failure(chunk, self.rule).unwrap_or((chunk.len(), BTreeSet::new()));
        (self.start + at, expected)
    }

    /// Whether reading gets past the next token if `range` of the text is replaced.
    pub fn helps(&self, range: Range<usize>, with: &str) -> bool {
        // Each try reads all that stands before, and next to nothing of what follows.
        if range.start.saturating_sub(self.start) > HEAD_MAX {
            return false;
        }
        let mut end = self.end.min(range.end.saturating_add(TAIL_MAX));
        while !self.text.is_char_boundary(end) {
            end += 1;
        }
        let (Some(head), Some(tail)) = (
            self.text.get(self.start..range.start),
            self.text.get(range.end..end),
        ) else {
            return false;
        };
        let changed = format!("{head}{with}{tail}");
        let next = skip_blank(&changed, head.len() + with.len());
        failure(&changed, self.rule).is_none_or(|(at, _)| at > next)
    }

    /// Whether the chunk could be read whole if it began with `word`.
    fn begins_with(&self, word: &str) -> bool {
        let chunk = self.chunk();
        chunk.len() <= HEAD_MAX && failure(&format!("{word} {chunk}"), self.rule).is_none()
    }

    /// What stands before `end`.
    pub fn read_until(&self, end: usize) -> &'t str {
        self.text.get(self.start..end).unwrap_or_default()
    }

    pub fn first_word(&self) -> &'t str {
        first_word(self.chunk())
    }
}

fn first_word(text: &str) -> &str {
    let end = text
        .find(|c: char| !(c.is_alphanumeric() || c == '_'))
        .unwrap_or(text.len());
    text.get(..end).unwrap_or_default()
}

fn unknown_start(file: FileId, at: usize, word: &str, what: &str, starts: &[&str]) -> Diagnostic {
    let near = starts
        .iter()
        .map(|s| (strsim::damerau_levenshtein(s, &word.to_lowercase()), *s))
        .filter(|(d, s)| *d <= 1 + s.len() / 4)
        .min();
    let list = starts
        .iter()
        .map(|s| format!("`{s}`"))
        .collect::<Vec<_>>()
        .join(", ");
    let found = Diagnostic::new(
        Code::FW001,
        format!("`{word}` does not begin {what}"),
        Span::new(file, at, at + word.len()),
        format!("{what} was expected here"),
    );
    match near {
        Some((_, s)) => found.did_you_mean(s),
        None => found.help(format!("{what} begins with one of {list}")),
    }
}

fn assigned(file: FileId, at: usize, name: &str) -> Diagnostic {
    Diagnostic::new(
        Code::FW001,
        "nothing is assigned",
        Span::new(file, at, at + name.len()),
        "a part of a state was expected here",
    )
    .help(format!(
        "what a step comes back with is bound behind it: `do crm.lookup(…) as {name}`"
    ))
}

fn left_out(file: FileId, at: usize, shown: &str, word: &str) -> Diagnostic {
    Diagnostic::new(
        Code::FW001,
        format!("`{word}` is missing before `{shown}`"),
        Span::new(file, at, at + shown.len()),
        format!("`{word}` belongs before this"),
    )
    .help(format!("write `{word} {shown}…`"))
}

/// What pest may have expected that is no token of its own.
const PARTS_OF_TOKENS: &[&str] = &[
    "//",
    "///",
    "`",
    "\"",
    "/",
    "_",
    "0..9",
    "a..z",
    "A..Z",
    "0..9A..Fa..f",
];

/// Where reading `chunk` by `rule` fails, in bytes from its start, and what could have stood there.
pub(super) fn failure(chunk: &str, rule: Rule) -> Option<(usize, BTreeSet<String>)> {
    pest::set_error_detail(true);
    let result = Grammar::parse(rule, chunk);
    pest::set_error_detail(false);
    let Err(error) = result else {
        return None;
    };
    let mut at = match error.location {
        InputLocation::Pos(p) | InputLocation::Span((p, _)) => p,
    };
    let mut expected = BTreeSet::new();
    if let Some(attempts) = error.parse_attempts() {
        at = attempts.max_position;
        for token in attempts.expected_tokens() {
            let token = token.to_string();
            let plain = token.trim();
            if !plain.is_empty() && !PARTS_OF_TOKENS.contains(&plain) {
                expected.insert(format!("`{plain}`"));
            }
        }
        for stack in attempts.call_stacks() {
            let rules = [stack.deepest.get_rule().copied(), stack.parent];
            for rule in rules.into_iter().flatten() {
                if let Some(words) = words::describe(rule) {
                    expected.insert(words.to_string());
                }
            }
        }
    }
    // pest may fail inside a word: what is wrong is the whole word.
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let at = at.min(chunk.len());
    let before = chunk.get(..at).unwrap_or_default();
    let inside =
        chunk.get(at..).is_some_and(|r| r.starts_with(is_word)) && before.ends_with(is_word);
    let at = if inside {
        before.trim_end_matches(is_word).len()
    } else {
        at
    };
    // Blanks and comments before the token don't belong to it.
    Some((skip_blank(chunk, at), expected))
}

/// The first byte at or after `at` that is neither blank nor in a comment.
pub(super) fn skip_blank(text: &str, mut at: usize) -> usize {
    loop {
        let rest = text.get(at..).unwrap_or_default();
        let trimmed = rest.trim_start();
        at += rest.len() - trimmed.len();
        let doc = trimmed.starts_with("///") && !trimmed.starts_with("////");
        if trimmed.starts_with("//") && !doc {
            at += trimmed.find('\n').unwrap_or(trimmed.len());
        } else {
            return at;
        }
    }
}

/// The token at `at`, for showing it.
pub(super) fn token(text: &str, at: usize) -> &str {
    let rest = text.get(at..).unwrap_or_default();
    let word = first_word(rest);
    if !word.is_empty() {
        return word;
    }
    for long in [
        "->", "==", "!=", "<=", ">=", "..<", "..", "&&", "||", "=>", "///",
    ] {
        if rest.starts_with(long) {
            return rest.get(..long.len()).unwrap_or_default();
        }
    }
    let end = rest.chars().next().map_or(0, char::len_utf8);
    rest.get(..end).unwrap_or_default()
}

/// The most alternatives that a message lists.
const LISTED_MAX: usize = 8;

fn unexpected(
    file: FileId,
    text: &str,
    at: usize,
    end: usize,
    what: &str,
    expected: &BTreeSet<String>,
) -> Diagnostic {
    let found = if at >= end {
        let before = text.get(..end).unwrap_or_default();
        let last = before.trim_end().len();
        Diagnostic::new(
            Code::FW001,
            format!("{what} ends too early"),
            Span::new(file, last, last),
            "something is missing here",
        )
    } else {
        let token = token(text, at);
        Diagnostic::new(
            Code::FW001,
            format!("`{token}` cannot stand here"),
            Span::new(file, at, at + token.len()),
            match expected.len() {
                1 => format!("expected {}", alternatives(expected)),
                _ => "not expected".to_string(),
            },
        )
    };
    if expected.is_empty() {
        found
    } else {
        found.help(format!("what can stand here: {}", alternatives(expected)))
    }
}

fn alternatives(expected: &BTreeSet<String>) -> String {
    // What the parts are called says more than single marks.
    let units = ["`d`", "`h`", "`m`", "`ms`", "`s`", "`.`"];
    let (marks, words): (Vec<&str>, Vec<&str>) = expected
        .iter()
        .map(String::as_str)
        .filter(|e| expected.len() == 1 || !units.contains(e))
        .filter(|e| !expected.iter().any(|o| o != e && o.contains(e)))
        .partition(|e| e.starts_with('`'));
    let all: Vec<&str> = words.into_iter().chain(marks).collect();
    match all.split_at_checked(LISTED_MAX) {
        Some((shown, [_, ..])) => format!("{}, …", shown.join(", ")),
        _ => match all.split_last() {
            Some((last, [])) => (*last).to_string(),
            Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
            None => String::new(),
        },
    }
}
