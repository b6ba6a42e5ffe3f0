//! The text as tokens, each with its comments, in the grammar's nesting.

use crate::syntax::grammar::Rule;
use pest::iterators::Pair;

/// What a token is, as far as its looks depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A word, a literal, an operator: a leaf of the grammar.
    Leaf(Rule),
    /// A mark that stands in a rule of the grammar without a rule of its own.
    Mark(Rule),
    /// A chunk that nothing could read, kept as it is.
    Verbatim,
    /// The end of the file.
    End,
}

/// A comment on a line of its own.
#[derive(Clone, Debug)]
pub(super) struct Comment<'t> {
    pub text: &'t str,
    /// An empty line stands before it.
    pub blank: bool,
}

/// A token with what stands around it.
#[derive(Clone, Debug)]
pub(super) struct Token<'t> {
    pub text: &'t str,
    pub kind: Kind,
    /// Comments on lines of their own, directly before it.
    pub leading: Vec<Comment<'t>>,
    /// The comment behind it, on its line.
    pub trailing: Option<&'t str>,
    /// It, or the first of its comments, begins a line.
    pub newline: bool,
    /// An empty line stands before it and its comments.
    pub blank: bool,
    /// An empty line stands between its last comment and itself.
    pub blank_inside: bool,
    /// The blanks before it on its line.
    pub gap: &'t str,
}

/// A token, or a rule of the grammar with its parts.
#[derive(Clone, Debug)]
pub(super) enum Node {
    Token(usize),
    Rule(Rule, Vec<Node>),
}

impl Node {
    /// The first token inside.
    pub fn first(&self) -> Option<usize> {
        match self {
            Self::Token(at) => Some(*at),
            Self::Rule(_, parts) => parts.iter().find_map(Self::first),
        }
    }

    pub fn is(&self, rule: Rule) -> bool {
        matches!(self, Self::Rule(r, _) if *r == rule)
    }
}

/// All tokens of a file, the end of the file as the last one.
#[derive(Clone, Debug)]
pub(super) struct Tokens<'t> {
    pub all: Vec<Token<'t>>,
    pub root: Vec<Node>,
}

impl<'t> Tokens<'t> {
    pub fn text(&self, at: usize) -> &'t str {
        self.all.get(at).map_or("", |t| t.text)
    }
}

/// Cuts a file into tokens.
pub(super) fn read<'t>(text: &'t str, file: &Pair<'t, Rule>) -> Tokens<'t> {
    let mut cutter = Cutter {
        text,
        found: Vec::new(),
    };
    let mut root = Vec::new();
    for pair in file.clone().into_inner() {
        match pair.as_rule() {
            Rule::COMMENT | Rule::EOI => {}
            // With a block that was left open, nobody knows what belongs where.
            _ if left_open(&pair) => {
                let span = pair.as_span();
                root.push(cutter.push(span.start(), span.end(), Kind::Verbatim));
            }
            _ => root.push(cutter.node(&pair)),
        }
    }
    let comments: Vec<(usize, usize)> = file
        .clone()
        .into_inner()
        .flatten()
        .filter(|p| p.as_rule() == Rule::COMMENT)
        .map(|p| (p.as_span().start(), p.as_span().end()))
        .collect();
    let end = cutter.push(text.len(), text.len(), Kind::End);
    root.push(end);
    Tokens {
        all: dress(text, &cutter.found, &comments),
        root,
    }
}

fn left_open(pair: &Pair<'_, Rule>) -> bool {
    pair.clone()
        .into_inner()
        .flatten()
        .any(|p| p.as_rule() == Rule::missing_close)
}

struct Found {
    start: usize,
    end: usize,
    kind: Kind,
}

struct Cutter<'t> {
    text: &'t str,
    found: Vec<Found>,
}

impl Cutter<'_> {
    fn push(&mut self, start: usize, end: usize, kind: Kind) -> Node {
        let text = self.text.get(start..end).unwrap_or_default();
        let end = start + text.trim_end().len();
        self.found.push(Found { start, end, kind });
        Node::Token(self.found.len() - 1)
    }

    fn node(&mut self, pair: &Pair<'_, Rule>) -> Node {
        let span = pair.as_span();
        let rule = pair.as_rule();
        match rule {
            Rule::bad_item
            | Rule::bad_integ_item
            | Rule::bad_clause
            | Rule::bad_flow_item
            | Rule::bad_handler
            | Rule::bad_state_item
            | Rule::bad_agent_clause
            | Rule::bad_test_item => return self.push(span.start(), span.end(), Kind::Verbatim),
            Rule::str | Rule::doc_line => {
                return self.push(span.start(), span.end(), Kind::Leaf(rule));
            }
            _ => {}
        }
        let mut parts = Vec::new();
        let mut at = span.start();
        let mut leaf = !matches!(
            rule,
            Rule::params | Rule::args | Rule::list_value | Rule::record_value | Rule::close
        );
        for part in pair.clone().into_inner() {
            leaf = false;
            let inner = part.as_span();
            self.marks(at, inner.start(), rule, &mut parts);
            at = inner.end();
            if part.as_rule() != Rule::COMMENT {
                parts.push(self.node(&part));
            }
        }
        if leaf {
            return self.push(span.start(), span.end(), Kind::Leaf(rule));
        }
        self.marks(at, span.end(), rule, &mut parts);
        Node::Rule(rule, parts)
    }

    /// The marks between two parts of a rule.
    fn marks(&mut self, start: usize, end: usize, rule: Rule, parts: &mut Vec<Node>) {
        let text = self.text.get(start..end).unwrap_or_default();
        let mut at = 0;
        while let Some(c) = text.get(at..).and_then(|rest| rest.chars().next()) {
            let mut len = c.len_utf8();
            if !c.is_whitespace() {
                if text.get(at..).is_some_and(|rest| rest.starts_with("==")) {
                    len = 2;
                }
                parts.push(self.push(start + at, start + at + len, Kind::Mark(rule)));
            }
            at += len;
        }
    }
}

/// Gives every token its comments and says how it stands on its line.
fn dress<'t>(text: &'t str, found: &[Found], comments: &[(usize, usize)]) -> Vec<Token<'t>> {
    let slice = |start: usize, end: usize| text.get(start..end).unwrap_or_default();
    let lines = |start: usize, end: usize| slice(start, end).matches('\n').count();
    let mut all: Vec<Token<'t>> = Vec::new();
    let mut comments = comments.iter().peekable();
    let mut last = 0;
    for token in found {
        let mut leading: Vec<Comment<'t>> = Vec::new();
        let mut at = last;
        let mut newline = all.is_empty();
        let mut blank = false;
        while let Some(&&(start, end)) = comments.peek() {
            if start >= token.start {
                break;
            }
            comments.next();
            let words = slice(start, end).trim_end();
            // pest may have seen a comment that a chunk has swallowed, or see one twice.
            if start < at {
                continue;
            }
            let breaks = lines(at, start);
            match all.last_mut() {
                Some(before) if breaks == 0 && leading.is_empty() && before.trailing.is_none() => {
                    before.trailing = Some(words);
                }
                _ => {
                    if leading.is_empty() {
                        newline = true;
                        blank = breaks > 1;
                    }
                    leading.push(Comment {
                        text: words,
                        blank: breaks > 1,
                    });
                }
            }
            at = end;
        }
        let breaks = lines(at, token.start);
        if leading.is_empty() {
            newline |= breaks > 0;
            blank = breaks > 1;
        }
        let gap = slice(at, token.start);
        all.push(Token {
            text: slice(token.start, token.end),
            kind: token.kind,
            blank_inside: !leading.is_empty() && breaks > 1,
            leading,
            trailing: None,
            newline,
            blank,
            gap: gap.rsplit('\n').next().unwrap_or_default(),
        });
        last = token.end;
    }
    all
}
