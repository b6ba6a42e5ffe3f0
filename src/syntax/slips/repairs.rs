//! One mark or word in the place of another, or one too many: a repair is named only if reading gets
//! further with it.

use super::super::recover::Context;
use super::marks::{ARROWS, COMPARING};
use super::{Slip, is_word};
use crate::diagnostics::{Code, Diagnostic};

/// Words of other languages: what stands in their place here, and what to know about it.
const WORDS: &[(&str, &str, &str)] = &[
    (
        "returns",
        "->",
        "as in `action find(id: Id) -> Order` and `crm.lookup -> timeout`",
    ),
    (
        "returning",
        "->",
        "what an action answers stands behind `->`",
    ),
    ("returns", "gives", "an end hands a value out by `gives`"),
    ("return", "gives", "an end hands a value out by `gives`"),
    ("returning", "gives", "an end hands a value out by `gives`"),
    ("with", "gives", "an end hands a value out by `gives`"),
    ("goto", "->", ARROWS),
    ("go", "->", ARROWS),
    ("then", "->", ARROWS),
    ("to", "->", ARROWS),
    (
        "to",
        "..",
        "`1..8` includes both ends, `1..<8` leaves the last out",
    ),
    (
        "through",
        "..",
        "`1..8` includes both ends, `1..<8` leaves the last out",
    ),
    (
        "or",
        "|",
        "outcomes are joined by `|`: `on timeout | malformed -> …`",
    ),
    (
        "and",
        "|",
        "outcomes are joined by `|`: `on timeout | malformed -> …`",
    ),
    ("and", ",", "lists are separated by commas"),
    ("or", ",", "lists are separated by commas"),
    ("into", "as", "what is bound is named by `as`"),
    ("max", "to", "as in `limit name: a.b to 5 calls per 1h`"),
    ("at", "to", "as in `limit name: a.b to 5 calls per 1h`"),
    ("is", "to", "as in `limit name: a.b to 5 calls per 1h`"),
    ("every", "per", "as in `limit name: a.b to 5 calls per 1h`"),
    ("in", "per", "as in `limit name: a.b to 5 calls per 1h`"),
    ("within", "per", "as in `limit name: a.b to 5 calls per 1h`"),
    ("second", "1s", "a window of time is written as a duration"),
    ("minute", "1m", "a window of time is written as a duration"),
    ("hour", "1h", "a window of time is written as a duration"),
    ("day", "1d", "a window of time is written as a duration"),
    ("week", "7d", "a window of time is written as a duration"),
    ("month", "30d", "a window of time is written as a duration"),
    (
        "user",
        "session",
        "`per session` counts in one session; `by customer` counts for each value of a parameter",
    ),
    (
        "call",
        "session",
        "`per session` counts in one session; `by customer` counts for each value of a parameter",
    ),
    (
        "conversation",
        "session",
        "a conversation is a session here",
    ),
    ("key", "by", "as in `writes idempotent by order for 24h`"),
    ("on", "by", "as in `writes idempotent by order for 24h`"),
    ("via", "by", "as in `writes idempotent by order for 24h`"),
    (
        "after",
        "within",
        "as in `escalate name: a.b to manager within 10m`",
    ),
    (
        "timeout",
        "within",
        "how long is said by `within`, as in `within 10m`",
    ),
    (
        "expires",
        "within",
        "how long is said by `within`, as in `within 10m`",
    ),
    ("ok", "success", ENDS),
    ("succeeded", "success", ENDS),
    ("successful", "success", ENDS),
    ("done", "success", ENDS),
    ("completed", "success", ENDS),
    ("partial", "fallback", ENDS),
    ("handoff", "fallback", ENDS),
    ("degraded", "fallback", ENDS),
    ("error", "failure", ENDS),
    ("fail", "failure", ENDS),
    ("failed", "failure", ENDS),
    ("denied", "deny", VERDICTS),
    ("refused", "deny", VERDICTS),
    ("blocked", "deny", VERDICTS),
    ("allowed", "allow", VERDICTS),
    ("permitted", "allow", VERDICTS),
    ("escalated", "escalate", VERDICTS),
    ("limit", "limited", VERDICTS),
    ("throttled", "limited", VERDICTS),
    ("responds", "->", "as in `crm.lookup -> timeout`"),
    ("fails", "->", "as in `crm.lookup -> timeout`"),
    (
        "event",
        "",
        "an event is named alone: `on hangup -> wrap_up`",
    ),
    (
        "times",
        "",
        "a retry is written `retry 2 backoff 200ms..2s`",
    ),
    (
        "attempts",
        "",
        "a retry is written `retry 2 backoff 200ms..2s`",
    ),
    ("=>", "->", ARROWS),
];
const ENDS: &str =
    "an end is a `success`, a `fallback` (somebody or something else takes over) or a `failure`";
const VERDICTS: &str = "a verdict is expected by `expect allow`, `expect deny rule`, `expect limited` or `expect escalate`";

impl Slip<'_> {
    /// What would have to stand in the place of this token.
    pub(super) fn repaired(&self) -> Option<Diagnostic> {
        let tok = self.token();
        match tok {
            ":" => self.colon(),
            "=" => self.equals(),
            "," | "|" | "&" => self.separator(),
            "{" | "[" | "(" => self.bracket(),
            "}" | "" => None,
            _ => self.word(),
        }
    }

    fn word(&self) -> Option<Diagnostic> {
        let tok = self.token();
        let (_, ours, help) = WORDS
            .iter()
            .find(|(word, ours, _)| *word == tok && self.helps(self.token_range(), ours))?;
        let label = match *ours {
            "" => "leave this out".to_string(),
            ours => format!("write `{ours}`"),
        };
        let message = if tok.chars().all(is_word) {
            format!("`{tok}` cannot stand here")
        } else {
            format!("`{tok}` is not an arrow here")
        };
        Some(self.found(tok.len(), message, label).help(*help))
    }

    fn colon(&self) -> Option<Diagnostic> {
        let (_, word) = self.word_before();
        let here = self.token_range();
        let first = self.first_word();
        if self.helps(here.clone(), "->") {
            let help = match self.context {
                Context::Integration => "what an action answers stands behind `->`",
                _ => ARROWS,
            };
            return Some(
                self.found(1, "`:` does not lead on", "write `->`")
                    .help(help),
            );
        }
        if self.helps(here.clone(), "=") {
            let help = match first {
                "group" => "as in `group hand_over = handoff.*`",
                "define" => "as in `define open = now in 08:00..<18:00`",
                _ => "as in `type Id = string length 1..40`",
            };
            return Some(
                self.found(1, "`=` belongs here, not `:`", "write `=`")
                    .help(help),
            );
        }
        if self.helps(here.clone(), "==") {
            return Some(
                self.found(1, "`:` does not compare", "write `==`")
                    .help(COMPARING),
            );
        }
        if let Some(end) = self.switched() {
            return Some(
                self.found(
                    end - self.at,
                    "a clause is said by its word alone",
                    "leave this out",
                )
                .help(format!("write `{word}`")),
            );
        }
        if self.helps(here.clone(), "{") {
            return Some(
                self.found(1, "a block stands in braces", "write `{`")
                    .note("Neither indentation nor line breaks mean anything.")
                    .help("write `{` here, and `}` where the block ends"),
            );
        }
        let end = self.run_of(&[':', '[', '{', '(']);
        let nothing = self.helps(here, " ");
        (nothing || self.helps(self.at..end, " ")).then(|| {
            let len = if nothing { 1 } else { end - self.at };
            self.superfluous(len, word)
        })
    }

    /// A mark between a keyword and what follows it.
    fn superfluous(&self, len: usize, word: &str) -> Diagnostic {
        let mark = self.rest().get(..1).unwrap_or_default();
        let example = match word {
            "policy" => "as in `policy front_desk`",
            "timeout" => "as in `timeout 3s`",
            "because" => "as in `because \"only known callers book\"`",
            "permanent" | "transient" | "indeterminate" => "as in `permanent not_found, gone`",
            "within" => "as in `within 10m`",
            "calls" => "as in `calls 8`",
            "capacity" => "as in `capacity 600 per 1m`",
            "may" => "as in `may calendar.find_slots, crm.lookup`",
            "when" => "as in `when amount <= 100.00`",
            "backoff" => "as in `backoff 200ms..2s`",
            "retry" => "as in `retry 2 backoff 200ms..2s`",
            _ => match self.first_word() {
                "end" => "as in `end booked success`",
                "record" | "enum" => "as in `record Slot { id: Id, party: int in 1..12 }`",
                "role" | "event" => "as in `role manager`",
                _ => "a keyword and what it says stand side by side",
            },
        };
        let message = if word.is_empty() {
            format!("`{mark}` cannot stand here")
        } else {
            format!("there is no `{mark}` after `{word}`")
        };
        self.found(len, message, "leave this out").help(example)
    }

    /// The end of `: true` and the like, if leaving it out helps.
    fn switched(&self) -> Option<usize> {
        let value = self.rest().get(1..)?.trim_start();
        let word = ["true", "yes", "on"].into_iter().find(|w| {
            value
                .strip_prefix(w)
                .is_some_and(|after| !after.starts_with(is_word))
        })?;
        let end = self.text.len() - value.len() + word.len();
        self.helps(self.at..end, " ").then_some(end)
    }

    fn equals(&self) -> Option<Diagnostic> {
        if self.rest().starts_with("==") {
            return None;
        }
        let here = self.token_range();
        let (_, word) = self.word_before();
        let first = self.first_word();
        if self.helps(here.clone(), ":") {
            let help = match first {
                "fact" => "as in `fact bill: payments.find by payment for 30m`",
                "record" | "input" => "as in `input now: time`",
                "allow" | "deny" | "require" | "escalate" | "limit" | "order" => {
                    "a rule is written `allow name: targets when condition`"
                }
                _ => "as in `crm.lookup(phone: number)`",
            };
            return Some(
                self.found(1, "a value is given by `:`, not by `=`", "write `:`")
                    .help(help),
            );
        }
        if self.helps(here.clone(), "==") {
            return Some(self.compare());
        }
        if self.helps(here.clone(), "->") {
            return Some(
                self.found(1, "`=` does not lead on", "write `->`")
                    .help(ARROWS),
            );
        }
        if let Some(end) = self.switched() {
            return Some(
                self.found(
                    end - self.at,
                    "a clause is said by its word alone",
                    "leave this out",
                )
                .help(format!("write `{word}`")),
            );
        }
        if self.helps(here, " ") {
            return Some(self.superfluous(1, word));
        }
        if matches!(first, "enum" | "record") {
            let example = match first {
                "enum" => "as in `enum Queue { events, billing }`",
                _ => "as in `record Slot { id: Id, party: int in 1..12 }`",
            };
            return Some(
                self.found(
                    1,
                    format!("the parts of `{first}` stand in braces"),
                    "write `{`",
                )
                .help(example),
            );
        }
        if matches!(first, "input" | "record" | "action" | "flow") {
            return Some(
                self.found(1, "there are no default values", "leave this out")
                    .note("What a decision depends on is handed in, or absent; nothing is made up.")
                    .help("mark a field or parameter as optional behind its name, `name?: string`, and ask whether it `is present`"),
            );
        }
        if matches!(self.context, Context::State) && !self.wants("a comparison") {
            return Some(self.found(1, "nothing is assigned", "not expected").help(
                "what a step comes back with is bound behind it: `do crm.lookup(…) as lead`",
            ));
        }
        self.wants("a comparison").then(|| self.compare())
    }

    fn compare(&self) -> Diagnostic {
        self.found(1, "a single `=` does not compare", "write `==`")
            .help(COMPARING)
    }

    fn separator(&self) -> Option<Diagnostic> {
        let tok = self.token();
        let here = self.token_range();
        if tok != "|" && self.helps(here.clone(), "|") {
            return Some(
                self.found(1, "outcomes are joined by `|`", "write `|`")
                    .help("as in `on timeout | malformed -> …`"),
            );
        }
        if tok != "," && self.helps(here.clone(), ",") {
            return Some(
                self.found(1, "lists are separated by commas", "write `,`")
                    .help("as in `enum Queue { events, billing }`"),
            );
        }
        if matches!(tok, "&") && self.helps(here.clone(), "and") {
            return Some(self.found(1, "`&` is not an operator here", "write `and`"));
        }
        let first = self.first_word();
        if tok == "," && matches!(first, "role" | "event" | "input" | "use") {
            return Some(
                self.found(
                    1,
                    format!("one `{first}` declares one thing"),
                    "not expected",
                )
                .help(format!("write `{first} …` again for each of them")),
            );
        }
        let (_, word) = self.word_before();
        let grouped = tok == ","
            && word.chars().all(|c| c.is_ascii_digit())
            && self
                .rest()
                .get(1..4)
                .is_some_and(|n| n.chars().all(|c| c.is_ascii_digit()));
        if grouped {
            let rest = self.rest().get(1..).unwrap_or_default();
            let end = rest
                .find(|c: char| !(c.is_ascii_digit() || matches!(c, ',' | '.')))
                .unwrap_or(rest.len());
            let tail = rest
                .get(..end)
                .unwrap_or_default()
                .trim_end_matches(['.', ',']);
            return Some(
                Diagnostic::new(
                    Code::FW003,
                    "digits are not grouped by commas",
                    self.here(1),
                    "leave it out",
                )
                .help(format!(
                    "write `{word}{}`, or `{word}_{}`",
                    tail.replace(',', ""),
                    tail.replace(',', "_")
                )),
            );
        }
        self.helps(here, " ").then(|| {
            self.found(1, format!("`{tok}` cannot stand here"), "leave this out")
                .help(
                    "line breaks and marks between clauses are not needed: keywords separate them",
                )
        })
    }

    fn bracket(&self) -> Option<Diagnostic> {
        let (_, word) = self.word_before();
        let open = self.token();
        if open == "{" && word == "when" {
            return Some(
                self.found(
                    1,
                    "a condition stands without braces",
                    "leave this out, and its `}`",
                )
                .help("as in `allow small: shop.refund when amount <= 100.00`"),
            );
        }
        if open == "{" && word == "choose" {
            return Some(
                self.found(1, "`choose` has no block of its own", "leave this out, and its `}`")
                    .help("its branches stand in the state: `choose  when paid > 5.00 -> check  otherwise -> done`"),
            );
        }
        if open == "[" && word == "in" && self.wants("`{`") {
            return Some(
                self.found(1, "a set stands in braces", "write `{`, and `}` at its end")
                    .help("as in `queue in {events, billing}`; a range is `1..8`"),
            );
        }
        if open == "[" && word == "in" {
            return Some(
                self.found(1, "a range has no brackets", "leave this out")
                    .help("`1..8` includes both ends, `1..<8` leaves the last out"),
            );
        }
        if self.context == Context::File && self.before().is_empty() {
            return Some(
                self.found(1, "this is no Failway: it begins like JSON", "not expected")
                    .help("a file begins with `policy name`; `failway new my_policy` writes one to start from"),
            );
        }
        let first = self.first_word();
        let blockless = matches!(
            first,
            "policy" | "role" | "event" | "input" | "fact" | "group" | "define" | "type" | "use"
        );
        if open == "{" && blockless && self.context == Context::File {
            let help = match first {
                "policy" => {
                    "`policy name` stands alone at the top; everything else follows it, without braces around it"
                }
                "type" => {
                    "a type is written `type Id = string length 1..40`; fields are declared by `record`"
                }
                "input" => "one `input` for each: `input now: time`",
                _ => "it is said in one line: `role manager`, `event hangup`, `group all = crm.*`",
            };
            return Some(
                self.found(1, format!("`{first}` has no block"), "not expected")
                    .help(help),
            );
        }
        let rule = matches!(
            first,
            "allow" | "deny" | "require" | "escalate" | "limit" | "order"
        );
        if rule
            && self.context == Context::File
            && self
                .text
                .get(self.attempt.as_ref()?.start..self.at)?
                .split_whitespace()
                .count()
                <= 2
        {
            return Some(
                self.found(open.len(), "a rule has no block", "not expected")
                    .help(rule_form(first)),
            );
        }
        if open == "(" && self.helps(self.at..self.at + 1, " by ") {
            return Some(
                self.found(1, "a key is named by `by`", "write `by`")
                    .help("as in `idempotent by order` and `fact bill: payments.find by payment`"),
            );
        }
        let end = self.run_of(&['[', '{', '(']);
        self.helps(self.at..end, " ")
            .then(|| self.superfluous(end - self.at, word))
    }

    /// The end of a run of these marks and blanks.
    fn run_of(&self, marks: &[char]) -> usize {
        let rest = self.rest();
        let run = rest
            .find(|c: char| !(marks.contains(&c) || c == ' '))
            .unwrap_or(rest.len());
        self.at + rest.get(..run).unwrap_or_default().trim_end().len()
    }
}

/// How a rule is written.
pub(super) fn rule_form(word: &str) -> &'static str {
    match word {
        "limit" => {
            "a limit is written `limit name: targets to 5 calls per 1h`, or `to 1 effect per session by order`"
        }
        "order" => {
            "an order is written `order name: crm.lookup before calendar.book`, or `order name: never a.b after c.d`"
        }
        "escalate" => {
            "an escalation is written `escalate name: targets to manager within 10m when condition`"
        }
        "deny" => "a rule is written `deny name: targets when condition because \"why\"`",
        "require" => "a rule is written `require name: targets when condition because \"why\"`",
        _ => "a rule is written `allow name: targets when condition because \"why\"`",
    }
}
