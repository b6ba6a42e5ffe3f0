//! From the grammar's nesting to a document: where lines may, must or should break.

use super::tokens::{Kind, Node, Tokens};
use crate::syntax::grammar::Rule;

/// A piece of a document. Pieces in a group are either all on one line, or every [`Doc::Line`] of it
/// breaks.
#[derive(Clone, Debug)]
pub(super) enum Doc {
    Token(usize),
    /// One blank.
    Gap,
    /// As many blanks, or a new line; an empty one before it if `blank`.
    Line {
        flat: usize,
        blank: bool,
    },
    /// A blank, or a new line if what follows up to the next such place would not fit, or if the
    /// author broke the line here. Of a `chain`, each breaks behind the first that does.
    Fill {
        kept: bool,
        chain: bool,
    },
    /// A new line.
    Hard {
        blank: bool,
    },
    /// The break before a chunk that nothing could read: as it was written.
    AsWritten(usize),
    /// One level further in.
    Nest(Vec<Doc>),
    Group {
        broken: bool,
        docs: Vec<Doc>,
    },
    /// A clause begins: what is aligned must be on its first line.
    Start,
    /// What follows stands below the marks of the same run.
    Mark(usize),
    /// The comma behind the last element, which stands only where lines are broken.
    LastComma(Option<usize>),
    /// The comments before a closing bracket.
    Comments(usize),
}

const MAY_BREAK: Doc = Doc::Fill {
    kept: false,
    chain: false,
};

/// The document of a whole file.
pub(super) fn file(tokens: &Tokens<'_>) -> Vec<Doc> {
    let mut layout = Layout {
        tokens,
        last: None,
        runs: 0,
        run: 0,
    };
    let mut out = Vec::new();
    layout.units(&mut out, &tokens.root);
    out
}

struct Layout<'a, 't> {
    tokens: &'a Tokens<'t>,
    /// The token that the next one stands directly behind.
    last: Option<usize>,
    /// How many runs of aligned lines there are so far.
    runs: usize,
    /// The run of the block that is being laid out.
    run: usize,
}

/// The words of a list: elements, each with the comma behind it.
type Elements<'n> = Vec<(Vec<&'n Node>, Option<usize>)>;

impl Layout<'_, '_> {
    fn text(&self, at: usize) -> &str {
        self.tokens.text(at)
    }

    fn kind(&self, at: usize) -> Kind {
        self.tokens.all.get(at).map_or(Kind::End, |t| t.kind)
    }

    fn newline(&self, at: usize) -> bool {
        self.tokens.all.get(at).is_some_and(|t| t.newline)
    }

    fn blank(&self, at: usize) -> bool {
        self.tokens.all.get(at).is_some_and(|t| t.blank)
    }

    fn token(&mut self, out: &mut Vec<Doc>, at: usize) {
        if let Some(last) = self.last
            && self.apart(last, at)
        {
            out.push(Doc::Gap);
        }
        out.push(Doc::Token(at));
        self.last = Some(at);
    }

    fn separate(&mut self, out: &mut Vec<Doc>, by: Doc) {
        out.push(by);
        self.last = None;
    }

    fn nested(&mut self, out: &mut Vec<Doc>, make: impl FnOnce(&mut Self, &mut Vec<Doc>)) {
        let mut inner = Vec::new();
        make(self, &mut inner);
        out.push(Doc::Nest(inner));
    }

    /// Whether a blank stands between two tokens of one line.
    fn apart(&self, a: usize, b: usize) -> bool {
        let of_set = |at| self.kind(at) == Kind::Mark(Rule::in_set);
        match (self.text(a), self.text(b)) {
            (_, "," | ")" | "]" | ":" | "?" | "." | ".." | "..<")
            | ("(" | "[" | "." | ".." | "..<", _)
            | ("{", "}") => false,
            ("{", _) if of_set(a) => false,
            (_, "}") if of_set(b) => false,
            (before, "(") => self.kind(b) == Kind::Mark(Rule::neg) || before.starts_with('"'),
            _ => true,
        }
    }

    /// Whether the tokens from `first` to `last` cannot stand on one line.
    fn must_break(&self, first: usize, last: usize) -> bool {
        let inside = self.tokens.all.get(first..=last).unwrap_or_default();
        inside.iter().enumerate().any(|(i, token)| {
            i > 0 && !token.leading.is_empty()
                || i + 1 < inside.len() && token.trailing.is_some()
                || token.kind == Kind::Leaf(Rule::doc_line)
                || token.kind == Kind::Verbatim && (token.newline || token.text.contains('\n'))
        }) || inside.windows(2).any(|pair| {
            // Behind a chunk a line goes on only where it went on before.
            matches!(pair, [a, b] if a.kind == Kind::Verbatim && b.newline)
        })
    }

    fn node(&mut self, out: &mut Vec<Doc>, node: &Node) {
        let (rule, parts) = match node {
            Node::Token(at) => return self.token(out, *at),
            Node::Rule(rule, parts) => (*rule, parts),
        };
        match rule {
            Rule::doc => {
                for part in parts {
                    self.node(out, part);
                    self.separate(out, Doc::Hard { blank: false });
                }
                out.push(Doc::Start);
            }
            Rule::params
            | Rule::args
            | Rule::list_value
            | Rule::record_value
            | Rule::in_set
            | Rule::record_def
            | Rule::enum_def => self.list(out, parts),
            Rule::cond | Rule::conj if parts.len() > 1 => self.logic(out, parts),
            Rule::targets | Rule::except | Rule::agent_given | Rule::failures => {
                self.filled(out, parts, false);
            }
            Rule::given => self.filled(out, parts, true),
            Rule::rule_allow
            | Rule::rule_deny
            | Rule::rule_require
            | Rule::rule_escalate
            | Rule::rule_limit
            | Rule::rule_order
            | Rule::fact_def
            | Rule::undo
            | Rule::writes
            | Rule::confirm_line => self.tails(out, parts),
            Rule::end => self.end(out, parts),
            Rule::handler | Rule::when_to | Rule::otherwise | Rule::answer => {
                self.handler(out, parts);
            }
            Rule::integration | Rule::flow | Rule::handlers | Rule::state | Rule::test => {
                self.block(out, parts, false);
            }
            Rule::action | Rule::defaults | Rule::confirm | Rule::step_agent => {
                self.block(out, parts, true);
            }
            _ => self.all(out, parts),
        }
    }

    fn all(&mut self, out: &mut Vec<Doc>, parts: &[Node]) {
        for part in parts {
            self.node(out, part);
        }
    }

    /// Operands of `and` or `or`: all on one line, or each on its own.
    fn logic(&mut self, out: &mut Vec<Doc>, parts: &[Node]) {
        let operator = |node: &Node| match node {
            Node::Token(at) => Some(*at),
            Node::Rule(..) => None,
        };
        let ends = (
            parts.first().and_then(Node::first),
            parts.last().and_then(|n| self.last_of(n)),
        );
        let broken = parts.iter().filter_map(operator).any(|at| self.newline(at))
            || matches!(ends, (Some(a), Some(b)) if self.must_break(a, b));
        let mut docs = Vec::new();
        let Some((first, rest)) = parts.split_first() else {
            return;
        };
        self.node(&mut docs, first);
        self.nested(&mut docs, |this, docs| {
            for part in rest {
                if operator(part).is_some() {
                    this.separate(
                        docs,
                        Doc::Line {
                            flat: 1,
                            blank: false,
                        },
                    );
                }
                this.node(docs, part);
            }
        });
        out.push(Doc::Group { broken, docs });
    }

    fn last_of(&self, node: &Node) -> Option<usize> {
        match node {
            Node::Token(at) => Some(*at),
            Node::Rule(_, parts) => parts.iter().rev().find_map(|p| self.last_of(p)),
        }
    }

    /// A list without brackets: as much on a line as fits. With `kept`, the author's breaks stay.
    fn filled(&mut self, out: &mut Vec<Doc>, parts: &[Node], kept: bool) {
        let mut parts = parts.iter();
        while let Some(part) = parts.next() {
            self.node(out, part);
            let comma = matches!(part, Node::Token(at) if self.text(*at) == ",");
            if comma && let Some(next) = parts.next() {
                let kept = kept && next.first().is_some_and(|at| self.newline(at));
                self.nested(out, |this, out| {
                    this.separate(out, Doc::Fill { kept, chain: false });
                    this.node(out, next);
                });
            }
        }
    }

    /// A head and clauses behind it, each of which may begin a line.
    fn tails(&mut self, out: &mut Vec<Doc>, parts: &[Node]) {
        for part in parts {
            match part {
                Node::Rule(
                    Rule::when_cond
                    | Rule::by
                    | Rule::where_cond
                    | Rule::because
                    | Rule::instead
                    | Rule::to_role
                    | Rule::within
                    | Rule::gives
                    | Rule::idempotent
                    | Rule::expendable
                    | Rule::tolerant,
                    _,
                ) => {
                    let kept = part.first().is_some_and(|at| self.newline(at));
                    self.nested(out, |this, out| {
                        this.separate(out, Doc::Fill { kept, chain: true });
                        this.node(out, part);
                    });
                }
                _ => self.node(out, part),
            }
        }
    }

    /// An end: its class stands below its neighbours', and what it gives, keeps and leaves is all on
    /// its line, or each on its own.
    fn end(&mut self, out: &mut Vec<Doc>, parts: &[Node]) {
        let mut broken = false;
        let mut docs = Vec::new();
        for part in parts {
            match part {
                Node::Rule(Rule::doc, _) => self.node(out, part),
                Node::Rule(Rule::gives | Rule::keeps | Rule::leaves, _) => {
                    broken |= part.first().is_some_and(|at| self.newline(at));
                    self.nested(&mut docs, |this, docs| {
                        let line = Doc::Line {
                            flat: 1,
                            blank: false,
                        };
                        this.separate(docs, line);
                        this.node(docs, part);
                    });
                }
                Node::Token(at) if self.kind(*at) == Kind::Leaf(Rule::end_class) => {
                    self.mark(&mut docs, 1);
                    self.node(&mut docs, part);
                }
                Node::Token(_) | Node::Rule(..) => self.node(&mut docs, part),
            }
        }
        let ends = (
            docs.iter().find_map(|d| match d {
                Doc::Token(at) => Some(*at),
                _ => None,
            }),
            parts.last().and_then(|n| self.last_of(n)),
        );
        broken |= matches!(ends, (Some(a), Some(b)) if self.must_break(a, b));
        out.push(Doc::Group { broken, docs });
    }

    /// A line with an arrow that stands below its neighbours'.
    fn handler(&mut self, out: &mut Vec<Doc>, parts: &[Node]) {
        let mut parts = parts.iter().peekable();
        while let Some(part) = parts.next() {
            let arrow = match part {
                Node::Rule(Rule::to, _) => true,
                Node::Token(at) => self.kind(*at) == Kind::Leaf(Rule::arrow),
                Node::Rule(..) => false,
            };
            let may_break = match part {
                Node::Rule(Rule::when_cond | Rule::retry | Rule::bind, _) => true,
                Node::Token(at) => self.text(*at) == "|",
                Node::Rule(..) => false,
            };
            if arrow {
                self.mark(out, 0);
                self.node(out, part);
            } else if may_break {
                self.nested(out, |this, out| {
                    this.separate(out, MAY_BREAK);
                    this.node(out, part);
                    if matches!(part, Node::Token(_))
                        && let Some(next) = parts.next()
                    {
                        this.node(out, next);
                    }
                });
            } else {
                self.node(out, part);
            }
        }
    }

    fn mark(&mut self, out: &mut Vec<Doc>, kind: usize) {
        out.push(Doc::Gap);
        self.separate(out, Doc::Mark(self.run * 2 + kind));
    }

    /// What stands in brackets with commas between: on one line, or each element on its own. A break
    /// behind the opening bracket is the author's to choose.
    fn list(&mut self, out: &mut Vec<Doc>, parts: &[Node]) {
        let opens = |node: &Node| matches!(node, Node::Token(at) if matches!(self.text(*at), "(" | "[" | "{") && matches!(self.kind(*at), Kind::Mark(_)));
        let Some(open_at) = parts.iter().position(opens) else {
            return self.all(out, parts);
        };
        let (head, inside) = parts.split_at(open_at);
        let (Some((Node::Token(open), inside)), Some(Node::Token(close))) =
            (inside.split_first(), inside.last())
        else {
            return self.all(out, parts);
        };
        let (open, close) = (*open, *close);
        let inside = inside.split_last().map_or(inside, |(_, rest)| rest);
        self.all(out, head);
        if self.apart_here(open) {
            out.push(Doc::Gap);
        }
        self.last = None;
        let mut elements: Elements<'_> = Vec::new();
        let mut current = Vec::new();
        for part in inside {
            match part {
                Node::Token(at) if self.text(*at) == "," => {
                    elements.push((std::mem::take(&mut current), Some(*at)));
                }
                _ => current.push(part),
            }
        }
        if !current.is_empty() {
            elements.push((current, None));
        }
        let broken = self.must_break(open, close) || !elements.is_empty() && self.newline(open + 1);
        let mut docs = vec![Doc::Token(open)];
        if elements.is_empty() && !broken {
            docs.push(Doc::Token(close));
        } else {
            let inner =
                usize::from(self.text(open) == "{" && self.kind(open) != Kind::Mark(Rule::in_set));
            let count = elements.len();
            self.nested(&mut docs, |this, docs| {
                for (i, (words, comma)) in elements.into_iter().enumerate() {
                    let blank = i > 0
                        && words
                            .first()
                            .and_then(|n| n.first())
                            .is_some_and(|at| this.blank(at));
                    let flat = if i == 0 { inner } else { 1 };
                    this.separate(docs, Doc::Line { flat, blank });
                    for word in words {
                        this.node(docs, word);
                    }
                    match comma {
                        Some(at) if i + 1 < count => docs.push(Doc::Token(at)),
                        comma => docs.push(Doc::LastComma(comma)),
                    }
                }
                docs.push(Doc::Comments(close));
            });
            docs.push(Doc::Line {
                flat: inner,
                blank: false,
            });
            docs.push(Doc::Token(close));
        }
        self.last = Some(close);
        out.push(Doc::Group { broken, docs });
    }

    fn apart_here(&self, at: usize) -> bool {
        self.last.is_some_and(|last| self.apart(last, at))
    }

    /// A block of clauses. If it `may_be_flat`, it stays on one line where the author wrote it so.
    fn block(&mut self, out: &mut Vec<Doc>, parts: &[Node], may_be_flat: bool) {
        let opens = |node: &Node| matches!(node, Node::Token(at) if self.text(*at) == "{" && matches!(self.kind(*at), Kind::Mark(_)));
        let Some(open_at) = parts.iter().position(opens) else {
            return self.all(out, parts);
        };
        let (head, inside) = parts.split_at(open_at);
        let (Some((Node::Token(open), inside)), Some(close)) = (
            inside.split_first(),
            parts.last().and_then(|n| self.last_of(n)),
        ) else {
            return self.all(out, parts);
        };
        let open = *open;
        let units = inside.split_last().map_or(inside, |(_, rest)| rest);
        self.all(out, head);
        if self.apart_here(open) {
            out.push(Doc::Gap);
        }
        self.last = None;
        let must = self.must_break(open, close);
        if units.is_empty() && !must {
            out.push(Doc::Token(open));
            out.push(Doc::Token(close));
            self.last = Some(close);
            return;
        }
        let broken = must || !may_be_flat || self.newline(open + 1);
        let mut docs = vec![Doc::Token(open)];
        let outer = self.run;
        self.nested(&mut docs, |this, docs| {
            if broken {
                this.units(docs, units);
            } else {
                for (i, unit) in units.iter().enumerate() {
                    let flat = if i == 0 { 1 } else { 2 };
                    match unit {
                        Node::Token(at) => this.separate(docs, Doc::AsWritten(*at)),
                        Node::Rule(..) => this.separate(docs, Doc::Line { flat, blank: false }),
                    }
                    this.node(docs, unit);
                }
            }
            docs.push(Doc::Comments(close));
        });
        self.run = outer;
        docs.push(if broken {
            Doc::Hard { blank: false }
        } else {
            Doc::Line {
                flat: 1,
                blank: false,
            }
        });
        docs.push(Doc::Token(close));
        self.last = Some(close);
        out.push(Doc::Group { broken, docs });
    }

    /// Clauses, items, lines: each on its own line. Empty lines are the author's, one at most.
    fn units(&mut self, out: &mut Vec<Doc>, units: &[Node]) {
        self.new_run();
        let mut before: Option<&Node> = None;
        for unit in units {
            let Some(first) = unit.first() else { continue };
            let blank = before.is_some() && (self.blank(first) || self.needs_blank(before, unit));
            if blank {
                self.new_run();
            }
            let end = self.kind(first) == Kind::End;
            let separator = match unit {
                Node::Token(at) if !end => Doc::AsWritten(*at),
                _ => Doc::Hard { blank },
            };
            self.separate(out, separator);
            out.push(Doc::Start);
            self.node(out, unit);
            before = Some(unit);
        }
    }

    fn new_run(&mut self) {
        self.runs += 1;
        self.run = self.runs;
    }

    /// Integrations, flows and tests stand by themselves.
    fn needs_blank(&self, before: Option<&Node>, unit: &Node) -> bool {
        let large = |node: &Node| match node {
            Node::Rule(Rule::item, parts) => parts
                .iter()
                .any(|p| p.is(Rule::integration) || p.is(Rule::flow) || p.is(Rule::test)),
            _ => false,
        };
        let item = |node: &Node| node.is(Rule::item) || node.is(Rule::header);
        before.is_some_and(|b| {
            item(b) && item(unit) && (large(b) || large(unit) || b.is(Rule::header))
        })
    }
}
