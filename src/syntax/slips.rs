//! The frequent slips, by name: what people write who come from other languages, or in a hurry.

use super::recover::{Attempt, Context, token};
use super::words::RESERVED;
use crate::diagnostics::{Code, Diagnostic};
use crate::source::{FileId, Span};
use std::collections::BTreeSet;
use std::ops::Range;

/// What was written, what to say, what to write instead, and what the language has in general.
const MARKS: &[(&str, &str, &str, &str)] = &[
    ("=>", "`=>` is not an arrow here", "write `->`", ARROWS),
    ("\u{2192}", "`→` is not an arrow here", "write `->`", ARROWS),
    ("&&", "`&&` is not an operator here", "write `and`", JOINING),
    ("||", "`||` is not an operator here", "write `or`", JOINING),
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

const ARROWS: &str = "as in `on ok -> done` and `start -> first`";
const JOINING: &str = "conditions are made of `and`, `or`, `not` and brackets";
const COMPARING: &str = "comparisons are `==`, `!=`, `<`, `<=`, `>` and `>=`";
const RANGES: &str = "`1..8` includes both ends, `1..<8` leaves the last out";
const COMMENTS: &str = "begin each line of a comment with `//`";
const QUOTES: &str = "write the text as `\"…\"`, on one line";

/// Words of other languages, and what is written here.
const WORDS: &[(&str, &str)] = &[
    ("if", "when"),
    ("unless", "when"),
    ("since", "because"),
    ("reason", "because"),
];

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

/// A broken chunk: where it stands, where reading it fails, and what could have stood there.
pub(super) struct Slip<'t> {
    pub file: FileId,
    pub text: &'t str,
    pub at: usize,
    pub expected: &'t BTreeSet<String>,
    pub context: Context,
    /// The chunk that was read, if one was.
    pub attempt: Option<Attempt<'t>>,
}

impl Slip<'_> {
    /// The slip by name, if it is one of the frequent ones.
    pub fn named(&self) -> Option<Diagnostic> {
        if self.rest().starts_with("!=") {
            return None;
        }
        self.keyword_as_name()
            .or_else(|| self.mark())
            .or_else(|| self.stray())
            .or_else(|| quotes(self.file, self.text, self.at))
            .or_else(|| self.unit())
            .or_else(|| numbers(self.file, self.text, self.at))
            .or_else(|| names(self.token(), self.here(self.token().len()), self.expected))
            .or_else(|| self.foreign_word())
            .or_else(|| self.computing())
            .or_else(|| self.chained())
            .or_else(|| self.types())
            .or_else(|| self.open_bracket())
            .or_else(|| self.misspelt())
            .or_else(|| self.after_the_arrow())
            .or_else(|| self.missing())
            .or_else(|| self.nameless_rule())
    }

    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn before(&self) -> &str {
        self.text.get(..self.at).unwrap_or_default().trim_end()
    }

    /// The word directly before the place, with its start.
    fn word_before(&self) -> (usize, &str) {
        let before = self.before();
        let start = before.trim_end_matches(is_word).len();
        (start, before.get(start..).unwrap_or_default())
    }

    fn token(&self) -> &str {
        token(self.text, self.at)
    }

    fn here(&self, len: usize) -> Span {
        Span::new(self.file, self.at, self.at + len)
    }

    fn wants(&self, what: &str) -> bool {
        self.expected.contains(what)
    }

    /// Whether reading gets further if the range of the text is replaced.
    fn helps(&self, range: Range<usize>, with: &str) -> bool {
        self.attempt.as_ref().is_some_and(|a| a.helps(range, with))
    }

    /// A reserved word where a name belongs.
    fn keyword_as_name(&self) -> Option<Diagnostic> {
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

    /// A mark that the language doesn't have.
    fn mark(&self) -> Option<Diagnostic> {
        let rest = self.rest();
        if let Some((mark, message, label, help)) = MARKS.iter().find(|(m, ..)| rest.starts_with(m))
        {
            return Some(
                Diagnostic::new(Code::FW001, *message, self.here(mark.len()), *label).help(*help),
            );
        }
        let single = rest.starts_with('=') && !rest.starts_with("==");
        if single && self.helps(self.at..self.at + 1, ":") {
            return Some(
                Diagnostic::new(
                    Code::FW001,
                    "a value is given by `:`, not by `=`",
                    self.here(1),
                    "write `:`",
                )
                .help("as in `crm.lookup(phone: number)`"),
            );
        }
        (single && !self.wants("`=`")).then(|| {
            Diagnostic::new(
                Code::FW001,
                "a single `=` does not compare",
                self.here(1),
                "write `==`",
            )
            .help(COMPARING)
        })
    }

    /// What has its place elsewhere.
    fn stray(&self) -> Option<Diagnostic> {
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

    /// A number where a duration belongs, or a unit apart from its number.
    fn unit(&self) -> Option<Diagnostic> {
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

    /// A word that another language would have here.
    fn foreign_word(&self) -> Option<Diagnostic> {
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
        (before == "is" && self.wants("`present`")).then(|| {
            Diagnostic::new(
                Code::FW001,
                "`is` asks only whether a value is there",
                Span::new(self.file, start, self.at + tok.len()),
                "neither `is present` nor `is absent`",
            )
            .help(match tok {
                "not" => "write `!= …`, or `is absent`".to_string(),
                "null" | "none" | "nil" => "write `is absent`".to_string(),
                _ => format!("to compare, write `== {tok}`"),
            })
        })
    }

    /// Arithmetic in a condition.
    fn computing(&self) -> Option<Diagnostic> {
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

    fn chained(&self) -> Option<Diagnostic> {
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

    /// A type before its name, a type that there isn't, and a list without a size.
    fn types(&self) -> Option<Diagnostic> {
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

    /// A bracket that is never closed.
    fn open_bracket(&self) -> Option<Diagnostic> {
        let attempt = self.attempt.as_ref()?;
        let end = self.before().len();
        let (at, open) = last_open(attempt.read_until(end))?;
        let close = if open == '(' { ")" } else { "]" };
        if !self.wants(&format!("`{close}`")) || !self.helps(end..end, close) {
            return None;
        }
        let at = attempt.start + at;
        Some(
            Diagnostic::new(
                Code::FW004,
                format!("this `{open}` is not closed"),
                Span::new(self.file, at, at + 1),
                "opened here",
            )
            .label(
                Span::new(self.file, end, end),
                format!("a `{close}` is missing here at the latest"),
            )
            .help(format!("add the missing `{close}`")),
        )
    }

    /// A word that is nearly one of those that could stand here.
    fn misspelt(&self) -> Option<Diagnostic> {
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
            .help(format!("did you mean `{meant}`?"))
        })
    }

    /// A part of a handler that stands behind its arrow.
    fn after_the_arrow(&self) -> Option<Diagnostic> {
        let tok = self.token();
        let line = self.before().rsplit('\n').next()?;
        let behind = self.context == Context::State
            && matches!(tok, "retry" | "when" | "as" | "backoff")
            && line.trim_start().starts_with("on ")
            && line.contains("->");
        behind.then(|| {
            Diagnostic::new(
                Code::FW001,
                format!("`{tok}` stands before the arrow"),
                self.here(tok.len()),
                "behind the arrow there is only where to go",
            )
            .help("a handler is written `on outcome as name when condition retry 2 backoff 1s..4s -> state`")
        })
    }

    /// A mark that would make the rest readable.
    fn missing(&self) -> Option<Diagnostic> {
        let tok = self.token();
        let end = self.before().len();
        let mark = [",", ":", "->", "=", "()", ".."]
            .into_iter()
            .find(|mark| self.helps(end..end, &format!("{mark} ")))?;
        let here = Span::new(self.file, end, end);
        if mark == "()" {
            return Some(
                Diagnostic::new(
                    Code::FW001,
                    "a call has its arguments in brackets",
                    here,
                    "the arguments are missing here",
                )
                .help("write `(name: value, …)`, or `()` where there are none"),
            );
        }
        let before = if tok.trim().is_empty() {
            String::new()
        } else {
            format!(" before `{tok}`")
        };
        Some(
            Diagnostic::new(
                Code::FW001,
                format!("`{mark}` is missing{before}"),
                here,
                format!("`{mark}` belongs here"),
            )
            .help(format!("write `{mark}`{before}")),
        )
    }

    /// A rule that has targets, but no name.
    fn nameless_rule(&self) -> Option<Diagnostic> {
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
}

/// The bracket that is open last, and where.
fn last_open(text: &str) -> Option<(usize, char)> {
    let mut open = Vec::new();
    let mut quoted = false;
    for (at, c) in text.char_indices() {
        match c {
            '"' => quoted = !quoted,
            _ if quoted => {}
            '(' | '[' => open.push((at, c)),
            ')' | ']' => {
                open.pop();
            }
            _ => {}
        }
    }
    open.pop()
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
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

const DURATIONS: &str = "durations are written `200ms`, `3s`, `10m`, `2h` or `7d`";

/// The unit that a word stands for.
fn unit_of(word: &str) -> Option<&'static str> {
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
fn numbers(file: FileId, text: &str, at: usize) -> Option<Diagnostic> {
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

/// Names in the wrong case.
fn names(tok: &str, here: Span, expected: &BTreeSet<String>) -> Option<Diagnostic> {
    let name = expected.contains("a name");
    let ty = expected.contains("a type's name (PascalCase)");
    let upper = tok.starts_with(|c: char| c.is_ascii_uppercase());
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
