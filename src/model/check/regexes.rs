//! Regular expressions: RFC 9485 I-Regexps without `\p`.

use super::Checker;
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Span;
use crate::syntax::tree::Regex;

impl Checker<'_> {
    /// Reports what makes it no I-Regexp; `None` if anything does.
    pub(super) fn regex(&mut self, regex: &Regex) -> Option<()> {
        match problem(&regex.pattern) {
            None => Some(()),
            Some(Problem { why, from, to }) => {
                // A message such as "`\d` is not allowed: write `[0-9]`" has its advice in it.
                let (what, label) = why
                    .split_once(": ")
                    .unwrap_or((why.as_str(), "in this regular expression"));
                let at = |n: usize| source_offset(regex, n);
                let span = Span::new(regex.span.file, at(from), at(to));
                let found = Diagnostic::new(Code::FW111, what, span, label)
                    .note("Regular expressions are RFC 9485 I-Regexps without `\\p`: so small that the compiler can decide everything about them. They match the whole string.");
                self.report(if what.starts_with("`(?") {
                    found.help("say what may not match in a rule: `deny name: … when x matches /…/`")
                } else {
                    found.help("use characters, `.`, classes such as `[a-z]`, groups, `|`, and `? * + {2,5}`")
                });
                None
            }
        }
    }
}

/// Where the `n`th character of the pattern stands in the source, in bytes.
fn source_offset(regex: &Regex, n: usize) -> usize {
    // A slash of the pattern is written `\/`.
    let width = |c: char| c.len_utf8() + usize::from(c == '/');
    regex.span.start as usize + 1 + regex.pattern.chars().take(n).map(width).sum::<usize>()
}

/// What makes a pattern no I-Regexp, and at which of its characters.
struct Problem {
    why: String,
    from: usize,
    to: usize,
}

/// Why the pattern is no I-Regexp.
fn problem(pattern: &str) -> Option<Problem> {
    let mut reader = Reader {
        chars: pattern.chars().collect(),
        at: 0,
        part: 0,
        depth: 0,
    };
    let why = match reader.alternatives() {
        Err(why) => why,
        Ok(()) if reader.at < reader.chars.len() => {
            reader.part = reader.at;
            "a `)` without its `(`".to_string()
        }
        Ok(()) => return None,
    };
    Some(Problem {
        why,
        from: reader.part,
        to: reader.at.max(reader.part + 1).min(reader.chars.len()),
    })
}

/// Reads by the grammar of RFC 9485, section 3.
struct Reader {
    chars: Vec<char>,
    at: usize,
    /// Where the part begins that is being read.
    part: usize,
    depth: u32,
}

impl Reader {
    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn take(&mut self) -> Option<char> {
        let c = self.peek();
        self.at += usize::from(c.is_some());
        c
    }

    fn alternatives(&mut self) -> Result<(), String> {
        self.depth += 1;
        if self.depth > 60 {
            return Err("the groups are nested too deep".to_string());
        }
        loop {
            while let Some(c) = self.peek() {
                if c == '|' || c == ')' {
                    break;
                }
                self.atom()?;
                self.quantifier()?;
            }
            if self.peek() != Some('|') {
                break;
            }
            self.at += 1;
        }
        self.depth -= 1;
        Ok(())
    }

    fn atom(&mut self) -> Result<(), String> {
        let start = self.at;
        self.part = start;
        match self.take() {
            Some('(') => {
                if self.peek() == Some('?') {
                    self.at = (self.at + 2).min(self.chars.len());
                    return Err("`(?…)` is not allowed: a group is plain brackets".to_string());
                }
                self.alternatives()?;
                match self.take() {
                    Some(')') => Ok(()),
                    _ => {
                        self.part = start;
                        Err("a `(` without its `)`".to_string())
                    }
                }
            }
            Some('[') => self.class(),
            Some('\\') => self.escape(),
            Some(c @ ('*' | '+' | '?')) => Err(format!("`{c}` has nothing to repeat")),
            Some('{') => {
                Err("`{` has nothing to repeat; write `\\{` for the character".to_string())
            }
            Some(c @ ('}' | ']')) => Err(format!("write `\\{c}` for the character `{c}`")),
            Some(c @ ('^' | '$')) => Err(format!(
                "`{c}` is not needed: the whole string is matched; write `\\{c}` for the character"
            )),
            _ => Ok(()),
        }
    }

    fn escape(&mut self) -> Result<(), String> {
        self.part = self.at.saturating_sub(1);
        match self.take() {
            Some('p' | 'P') => {
                Err("`\\p` is not supported: write the characters as a class".to_string())
            }
            Some(c) if "()*+-.?[\\]^nrt{|}$".contains(c) => Ok(()),
            Some(c) => Err(format!(
                "`\\{c}` is not allowed{}",
                match c {
                    'd' => ": write `[0-9]`",
                    'w' => ": write `[A-Za-z0-9_]`",
                    's' => ": write `[ \\t\\n\\r]`",
                    'b' => ": the whole string is matched",
                    _ => "",
                }
            )),
            None => Err("a `\\` with nothing after it".to_string()),
        }
    }

    fn quantifier(&mut self) -> Result<(), String> {
        self.part = self.at;
        match self.peek() {
            Some('*' | '+' | '?') => self.at += 1,
            Some('{') => {
                self.at += 1;
                let low = self.number()?;
                let mut high = Some(low);
                if self.peek() == Some(',') {
                    self.at += 1;
                    high = if self.peek() == Some('}') {
                        None
                    } else {
                        Some(self.number()?)
                    };
                }
                if self.take() != Some('}') {
                    return Err("a repetition is written `{2}`, `{2,}` or `{2,5}`".to_string());
                }
                if high.is_some_and(|h| h < low) {
                    return Err("this repetition ends before it begins".to_string());
                }
            }
            _ => return Ok(()),
        }
        match self.peek() {
            Some('?' | '+' | '*') => {
                Err("lazy, possessive and double repetitions are not allowed".to_string())
            }
            Some('{') => Err("a repetition cannot be repeated; put it into a group".to_string()),
            _ => Ok(()),
        }
    }

    fn number(&mut self) -> Result<u32, String> {
        let mut text = String::new();
        while let Some(c) = self.peek().filter(char::is_ascii_digit) {
            text.push(c);
            self.at += 1;
        }
        match text.parse::<u32>() {
            Ok(n) if n <= 1000 => Ok(n),
            Ok(_) => Err(
                "a repetition counts to 1000 at most; bound long strings by `length`".to_string(),
            ),
            Err(_) => Err("a repetition is written `{2}`, `{2,}` or `{2,5}`".to_string()),
        }
    }

    fn class(&mut self) -> Result<(), String> {
        if self.peek() == Some('^') {
            self.at += 1;
        }
        let mut first = true;
        loop {
            let low = match self.take() {
                None => return Err("a `[` without its `]`".to_string()),
                Some(']') if !first => return Ok(()),
                Some(']') => return Err("an empty class `[]`".to_string()),
                Some('[') => return Err("write `\\[` for the character `[` in a class".to_string()),
                Some('\\') => {
                    self.escape()?;
                    match self.chars.get(self.at - 1) {
                        Some('n') => '\n',
                        Some('r') => '\r',
                        Some('t') => '\t',
                        Some(c) => *c,
                        None => '\\',
                    }
                }
                Some(c) => c,
            };
            first = false;
            if self.peek() == Some('-') && self.chars.get(self.at + 1).is_some_and(|c| *c != ']') {
                self.at += 1;
                let high = match self.take() {
                    Some('\\') => {
                        self.escape()?;
                        self.chars.get(self.at - 1).copied().unwrap_or('\\')
                    }
                    Some(c) => c,
                    None => return Err("a `[` without its `]`".to_string()),
                };
                if high < low {
                    return Err(format!("the range `{low}-{high}` ends before it begins"));
                }
            }
        }
    }
}
