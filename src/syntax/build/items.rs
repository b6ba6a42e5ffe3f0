//! Files and top-level items.

use super::{Builder, Context, P, first, kids, siblings};
use crate::diagnostics::{Code, Diagnostic};
use crate::syntax::grammar::{Grammar, Rule};
use crate::syntax::tree::{
    Header, Ident, Item, ItemKind, LiteralKind, Path, StrPart, Value, ValueKind, Variant,
};
use pest::Parser;
use std::ops::Range;

/// A header, an item or what could not be read as one, at the top of a file.
#[derive(Clone, Debug)]
pub(in crate::syntax) struct Part {
    /// With its documentation, without what follows it.
    pub range: Range<usize>,
    pub kind: PartKind,
    /// Whether nothing was found in it.
    pub clean: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::syntax) enum PartKind {
    Header,
    Item,
    Other,
}

/// What stands in a file, or in a range of one.
#[derive(Default)]
pub(in crate::syntax) struct Read {
    pub header: Option<Header>,
    pub items: Vec<Item>,
    pub parts: Vec<Part>,
}

/// Reads a range of the text as a file, behind `header`; None where the grammar refuses it (it reads
/// every text).
pub(in crate::syntax) fn window(
    builder: &mut Builder<'_>,
    range: Range<usize>,
    header: Option<Header>,
) -> Option<Read> {
    builder.base = range.start;
    let text = builder.text.get(range)?;
    let pair = Grammar::parse(Rule::file, text).ok()?.next()?;
    let base = builder.base;
    let comments = pair.clone().into_inner().flatten();
    let comments = comments.filter(|p| p.as_rule() == Rule::COMMENT);
    let place = |p: P<'_>| (base + p.as_span().start(), base + p.as_span().end());
    builder.comments = comments.map(place).collect();
    let mut read = Read {
        header,
        ..Read::default()
    };
    for (last, p) in siblings(&pair) {
        let before = (builder.findings.len(), builder.complete);
        builder.complete = true;
        let kind = builder.part(&p, last, &mut read);
        let clean =
            kind != PartKind::Other && builder.complete && builder.findings.len() == before.0;
        builder.complete &= before.1;
        if p.as_rule() != Rule::EOI {
            let range = builder.span(&p).range();
            read.parts.push(Part { range, kind, clean });
        }
    }
    Some(read)
}

impl Builder<'_> {
    fn part(&mut self, p: &P<'_>, last: Option<usize>, read: &mut Read) -> PartKind {
        match p.as_rule() {
            Rule::header => {
                match (&read.header, self.header(p)) {
                    (None, new) => read.header = new,
                    (Some(old), Some(new)) => self.findings.push(
                        Diagnostic::new(
                            Code::FW006,
                            "a file has one `policy` header",
                            new.span,
                            "the second one",
                        )
                        .label(old.span, "the first one")
                        .help("put the other policy into a file of its own"),
                    ),
                    (Some(_), None) => {}
                }
                return PartKind::Header;
            }
            Rule::item => {
                if let Some(item) = self.item(p) {
                    read.items.push(item);
                    return PartKind::Item;
                }
            }
            Rule::bad_item => {
                let goes_on = self.broken(p, Context::File, last);
                // Half of a declaration would only lead to findings that the other half explains.
                let last = last.map(|at| self.base + at);
                let half = |i: &Item| last.is_some_and(|at| i.span.end as usize > at);
                if goes_on && read.items.last().is_some_and(half) {
                    read.items.pop();
                    if let Some(part) = read.parts.last_mut() {
                        part.kind = PartKind::Other;
                        part.clean = false;
                    }
                }
            }
            Rule::stray_doc => {
                let span = self.span(p);
                self.findings.push(
                    Diagnostic::new(
                        Code::FW001,
                        "documentation with nothing after it",
                        span,
                        "this documents nothing",
                    )
                    .help("begin a comment with two slashes, `//`"),
                );
            }
            _ => {}
        }
        PartKind::Other
    }
}

impl Builder<'_> {
    fn header(&mut self, pair: &P<'_>) -> Option<Header> {
        let find = |rule: Rule| kids(pair).find(|p| p.as_rule() == rule);
        let keyword = self.span(&find(Rule::kw_policy)?);
        let name = self.ident(&find(Rule::name)?);
        Some(Header {
            doc: find(Rule::doc).and_then(|p| self.doc(&p)),
            span: keyword.to(name.span),
            name,
        })
    }

    fn item(&mut self, pair: &P<'_>) -> Option<Item> {
        let mut doc = None;
        for p in kids(pair) {
            if p.as_rule() == Rule::doc {
                doc = self.doc(&p);
                continue;
            }
            let span = self.span(&p);
            return self.item_kind(&p).map(|kind| Item { doc, span, kind });
        }
        None
    }

    fn item_kind(&mut self, pair: &P<'_>) -> Option<ItemKind> {
        let find = |rule: Rule| kids(pair).find(|p| p.as_rule() == rule);
        Some(match pair.as_rule() {
            Rule::use_def => ItemKind::Use {
                path: self.plain_str(&find(Rule::str)?),
            },
            Rule::type_def => ItemKind::Type {
                name: self.ident(&find(Rule::ty_name)?),
                ty: self.type_expr(&find(Rule::type_expr)?),
            },
            Rule::record_def => ItemKind::Record {
                name: self.ident(&find(Rule::ty_name)?),
                fields: kids(pair)
                    .filter(|p| p.as_rule() == Rule::field)
                    .map(|p| self.field(&p))
                    .collect(),
            },
            Rule::enum_def => ItemKind::Enum {
                name: self.ident(&find(Rule::ty_name)?),
                variants: kids(pair)
                    .filter(|p| p.as_rule() == Rule::variant)
                    .filter_map(|p| self.variant(&p))
                    .collect(),
            },
            Rule::input_def => ItemKind::Input(self.field(&find(Rule::field)?)),
            Rule::role_def | Rule::event_def => {
                let name = self.ident(&find(Rule::name)?);
                let wire = find(Rule::as_wire).and_then(|p| self.wire(&p));
                if pair.as_rule() == Rule::role_def {
                    ItemKind::Role { name, wire }
                } else {
                    ItemKind::Event { name, wire }
                }
            }
            Rule::integration => ItemKind::Integration(self.integration(pair)?),
            Rule::fact_def => ItemKind::Fact(self.fact(pair)?),
            Rule::group_def => ItemKind::Group {
                name: self.ident(&find(Rule::name)?),
                targets: self.targets(&find(Rule::targets)?),
            },
            Rule::define_def => ItemKind::Define {
                name: self.ident(&find(Rule::name)?),
                cond: self.inner_cond(pair)?,
            },
            Rule::flow => ItemKind::Flow(self.flow(pair)?),
            Rule::test => ItemKind::Test(self.test(pair)?),
            _ => self.rule(pair)?,
        })
    }

    fn variant(&mut self, pair: &P<'_>) -> Option<Variant> {
        let (mut doc, mut name, mut wire) = (None, None, None);
        for p in kids(pair) {
            match p.as_rule() {
                Rule::doc => doc = self.doc(&p),
                Rule::as_wire => wire = self.wire(&p),
                _ => name = Some(self.ident(&p)),
            }
        }
        Some(Variant {
            doc,
            name: name?,
            wire,
        })
    }

    /// The value after an outcome's name in a test.
    pub fn reply_value(&mut self, pair: &P<'_>) -> Value {
        let span = self.span(pair);
        let kind = match pair.as_rule() {
            Rule::literal => {
                let literal = self.literal(pair);
                if let LiteralKind::Str(parts) = &literal.kind {
                    let holes: Vec<_> = parts
                        .iter()
                        .filter_map(|p| match p {
                            StrPart::Hole(path) => Some(path.span),
                            StrPart::Text(_) => None,
                        })
                        .collect();
                    holes.into_iter().for_each(|s| self.hole(s));
                }
                ValueKind::Literal(literal)
            }
            Rule::list_value => ValueKind::List(kids(pair).map(|v| self.plain_value(&v)).collect()),
            Rule::record_value => {
                let args = self.plain_args(pair);
                ValueKind::Record(args.args)
            }
            Rule::variant_ref => {
                let (ty, variant) = self.variant_ref(pair);
                ValueKind::Variant { ty, variant }
            }
            _ => {
                let head = first(pair).map_or_else(
                    || Ident {
                        name: pair.as_str().trim().to_string(),
                        span,
                    },
                    |p| self.ident(&p),
                );
                ValueKind::Path(Path {
                    span: head.span,
                    head,
                    rest: Vec::new(),
                })
            }
        };
        Value { kind, span }
    }
}
