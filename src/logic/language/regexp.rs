//! The I-Regexp parser (RFC 9485, without `\p` and `\P`).

/// A parsed pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Regexp {
    /// One character out of these ranges (sorted, disjoint).
    Set(Vec<(char, char)>),
    /// One after the other; none: the empty string.
    Concat(Vec<Regexp>),
    /// One of them.
    Alternative(Vec<Regexp>),
    /// So many times; no maximum: without end.
    Repeat(Box<Regexp>, u32, Option<u32>),
}

/// Parentheses may nest this deep.
const MAX_NESTING: u32 = 100;

/// Counts in `{m,n}` go up to this.
const MAX_COUNT: u32 = 1_000_000;

/// Parses a whole pattern.
pub(super) fn parse(pattern: &str) -> Result<Regexp, String> {
    let mut parser = Parser {
        chars: pattern.chars().collect(),
        at: 0,
        depth: 0,
    };
    let regexp = parser.alternative()?;
    match parser.peek() {
        None => Ok(regexp),
        Some(c) => Err(format!(
            "`{c}` at character {} closes nothing",
            parser.at + 1
        )),
    }
}

struct Parser {
    chars: Vec<char>,
    at: usize,
    depth: u32,
}

impl Parser {
    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek();
        self.at += usize::from(c.is_some());
        c
    }

    fn eat(&mut self, c: char) -> bool {
        let hit = self.peek() == Some(c);
        self.at += usize::from(hit);
        hit
    }

    /// Position for messages, counted from 1, of the character read last.
    fn place(&self) -> usize {
        self.at.max(1)
    }

    fn alternative(&mut self) -> Result<Regexp, String> {
        let mut branches = vec![self.branch()?];
        while self.eat('|') {
            branches.push(self.branch()?);
        }
        Ok(match branches.pop() {
            Some(only) if branches.is_empty() => only,
            Some(last) => {
                branches.push(last);
                Regexp::Alternative(branches)
            }
            None => Regexp::Concat(Vec::new()),
        })
    }

    fn branch(&mut self) -> Result<Regexp, String> {
        let mut pieces = Vec::new();
        while let Some(c) = self.peek() {
            if c == '|' || c == ')' {
                break;
            }
            let atom = self.atom()?;
            pieces.push(self.quantified(atom)?);
        }
        Ok(Regexp::Concat(pieces))
    }

    fn quantified(&mut self, atom: Regexp) -> Result<Regexp, String> {
        let (min, max) = match self.peek() {
            Some('*') => (0, None),
            Some('+') => (1, None),
            Some('?') => (0, Some(1)),
            Some('{') => return self.counted(atom),
            _ => return Ok(atom),
        };
        self.at += 1;
        if matches!(self.peek(), Some('*' | '+' | '?' | '{')) {
            return Err(format!(
                "two quantifiers in a row at character {}; put the first with what it repeats in parentheses",
                self.at + 1
            ));
        }
        Ok(Regexp::Repeat(Box::new(atom), min, max))
    }

    fn counted(&mut self, atom: Regexp) -> Result<Regexp, String> {
        self.at += 1;
        let min = self.count()?;
        let max = if self.eat(',') {
            if self.peek() == Some('}') {
                None
            } else {
                Some(self.count()?)
            }
        } else {
            Some(min)
        };
        if !self.eat('}') {
            return Err(format!(
                "a `{{` needs its `}}` at character {}",
                self.at + 1
            ));
        }
        if max.is_some_and(|max| max < min) {
            return Err(format!(
                "`{{{min},{}}}` counts backwards: the first number is the least",
                max.unwrap_or(0)
            ));
        }
        if matches!(self.peek(), Some('*' | '+' | '?' | '{')) {
            return Err(format!(
                "two quantifiers in a row at character {}; put the first with what it repeats in parentheses",
                self.at + 1
            ));
        }
        Ok(Regexp::Repeat(Box::new(atom), min, max))
    }

    fn count(&mut self) -> Result<u32, String> {
        let mut value: Option<u32> = None;
        while let Some(digit) = self.peek().and_then(|c| c.to_digit(10)) {
            self.at += 1;
            let next = value.unwrap_or(0).saturating_mul(10).saturating_add(digit);
            if next > MAX_COUNT {
                return Err(format!("a count above {MAX_COUNT} is too large"));
            }
            value = Some(next);
        }
        value.ok_or_else(|| {
            format!(
                "a count is missing at character {}; for the brace itself write `\\{{`",
                self.at + 1
            )
        })
    }

    fn atom(&mut self) -> Result<Regexp, String> {
        match self.next() {
            Some('(') => {
                self.depth += 1;
                if self.depth > MAX_NESTING {
                    return Err(format!("parentheses nest deeper than {MAX_NESTING}"));
                }
                if self.peek() == Some('?') {
                    return Err(format!(
                        "`(?` at character {} isn't supported; every group is a plain `(…)`",
                        self.at
                    ));
                }
                let inner = self.alternative()?;
                self.depth -= 1;
                if self.eat(')') {
                    Ok(inner)
                } else {
                    Err("a `(` is never closed".to_owned())
                }
            }
            Some('[') => self.class(),
            Some('.') => Ok(Regexp::Set(complement(vec![('\n', '\n'), ('\r', '\r')]))),
            Some('\\') => self.escape().map(|c| Regexp::Set(vec![(c, c)])),
            Some(c @ ('*' | '+' | '?')) => Err(format!(
                "`{c}` at character {} repeats nothing; for the character itself write `\\{c}`",
                self.place()
            )),
            Some(c @ ('{' | '}' | ']')) => Err(format!(
                "`{c}` at character {} stands alone; for the character itself write `\\{c}`",
                self.place()
            )),
            Some(c) => Ok(Regexp::Set(vec![(c, c)])),
            None => Err("the pattern ends too early".to_owned()),
        }
    }

    /// After a backslash.
    fn escape(&mut self) -> Result<char, String> {
        match self.next() {
            Some('n') => Ok('\n'),
            Some('r') => Ok('\r'),
            Some('t') => Ok('\t'),
            Some(
                c @ ('(' | ')' | '*' | '+' | '-' | '.' | '?' | '[' | '\\' | ']' | '^' | '{' | '|'
                | '}'),
            ) => Ok(c),
            Some('p' | 'P') => {
                Err("`\\p` isn't supported; list the ranges, as in `[A-Za-z]`".to_owned())
            }
            Some('d') => Err("`\\d` isn't part of I-Regexp; write `[0-9]`".to_owned()),
            Some('w') => Err("`\\w` isn't part of I-Regexp; write `[A-Za-z0-9_]`".to_owned()),
            Some('s') => Err("`\\s` isn't part of I-Regexp; write `[ \\t\\n\\r]`".to_owned()),
            Some('b' | 'B' | 'A' | 'z') => Err(
                "anchors aren't part of I-Regexp; a pattern always matches the whole string"
                    .to_owned(),
            ),
            Some(c) => Err(format!(
                "`\\{c}` at character {} is no escape; `{c}` needs none",
                self.place().saturating_sub(1)
            )),
            None => Err("the pattern ends in a lone backslash".to_owned()),
        }
    }

    /// After `[`.
    fn class(&mut self) -> Result<Regexp, String> {
        let negated = self.eat('^');
        let mut ranges: Vec<(char, char)> = Vec::new();
        if self.eat('-') {
            ranges.push(('-', '-'));
        }
        loop {
            let low = match self.next() {
                Some(']') if ranges.is_empty() => {
                    return Err(
                        "`[]` matches nothing; for the bracket itself write `\\]`".to_owned()
                    );
                }
                Some(']') => break,
                Some('-') => {
                    if self.eat(']') {
                        ranges.push(('-', '-'));
                        break;
                    }
                    return Err(format!(
                        "`-` at character {} stands alone; write it `\\-`",
                        self.place()
                    ));
                }
                other => self.class_char(other)?,
            };
            let mut high = low;
            if self.peek() == Some('-') && self.chars.get(self.at + 1) != Some(&']') {
                self.at += 1;
                let end = self.next();
                if end == Some('-') {
                    return Err(format!(
                        "`-` at character {} stands alone; write it `\\-`",
                        self.place()
                    ));
                }
                high = self.class_char(end)?;
            }
            if low > high {
                return Err(format!("the range `{low}-{high}` runs backwards"));
            }
            ranges.push((low, high));
        }
        let ranges = normalize(ranges);
        Ok(Regexp::Set(if negated {
            complement(ranges)
        } else {
            ranges
        }))
    }

    fn class_char(&mut self, c: Option<char>) -> Result<char, String> {
        match c {
            None => Err("a `[` is never closed".to_owned()),
            Some('\\') => self.escape(),
            Some('[') => Err(format!(
                "`[` at character {} inside a class needs a backslash",
                self.place()
            )),
            Some(']') => Err(format!(
                "a range ends in nothing at character {}",
                self.place()
            )),
            Some(c) => Ok(c),
        }
    }
}

fn normalize(mut ranges: Vec<(char, char)>) -> Vec<(char, char)> {
    ranges.sort_unstable();
    let mut out: Vec<(char, char)> = Vec::with_capacity(ranges.len());
    for (low, high) in ranges {
        match out.last_mut() {
            Some(last) if low <= last.1 || after(last.1) == Some(low) => last.1 = last.1.max(high),
            _ => out.push((low, high)),
        }
    }
    out
}

/// Every other character; the ranges are sorted and disjoint.
fn complement(ranges: Vec<(char, char)>) -> Vec<(char, char)> {
    let mut out = Vec::with_capacity(ranges.len() + 1);
    let mut from = Some('\0');
    for (low, high) in ranges {
        if let (Some(start), Some(end)) = (from, before(low))
            && start <= end
        {
            out.push((start, end));
        }
        from = after(high);
    }
    if let Some(start) = from {
        out.push((start, char::MAX));
    }
    out
}

fn after(c: char) -> Option<char> {
    (c..).nth(1)
}

fn before(c: char) -> Option<char> {
    ('\0'..c).next_back()
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn the_forms_of_the_rfc_parse() {
        for pattern in [
            "",
            "a",
            "a|b|",
            "(a|)*",
            "[^a-c-]+",
            "[-a]",
            "[a-]",
            r"[\]\-\\]",
            r"\+[1-9][0-9]{7,14}",
            "a{3}",
            "a{3,}",
            "^$",
            "x,-y",
            "(ab?)+",
            "[^\\n]",
            "é|日本",
        ] {
            assert!(parse(pattern).is_ok(), "{pattern}: {:?}", parse(pattern));
        }
    }

    #[test]
    fn slips_get_a_reason() {
        for (pattern, word) in [
            ("(", "never closed"),
            (")", "closes nothing"),
            ("*a", "repeats nothing"),
            ("a**", "two quantifiers"),
            ("a{2}{3}", "two quantifiers"),
            ("a{3,1}", "backwards"),
            ("a{", "count is missing"),
            ("a{1", "`}`"),
            ("[z-a]", "backwards"),
            ("[]", "nothing"),
            ("[a", "never closed"),
            ("[a-z-9]", "alone"),
            (r"\d", "[0-9]"),
            (r"\p{L}", "ranges"),
            (r"\q", "no escape"),
            ("a]", "alone"),
            ("(?:a)", "group"),
            ("a{99999999}", "too large"),
            ("\\", "backslash"),
        ] {
            let error = parse(pattern).expect_err(pattern);
            assert!(error.contains(word), "{pattern}: {error}");
        }
        assert!(parse(&"(".repeat(100_000)).is_err());
    }
}
