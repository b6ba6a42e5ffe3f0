//! Semantic tokens: what each name names. Keywords, texts and comments are coloured by the editors'
//! grammars, which need no server.

use super::convert::Encoding;
use super::names::Kind;
use super::server::Fresh;
use crate::source::{FileId, Span};
use crate::syntax::tree::{FlowItem, Handler, ItemKind, StateItem};
use lsp_types as lsp;

/// The kinds of tokens, in the order of their numbers.
pub(super) const TYPES: &[&str] = &[
    "namespace",
    "type",
    "struct",
    "enum",
    "enumMember",
    "property",
    "variable",
    "parameter",
    "method",
    "function",
    "event",
    "interface",
    "macro",
    "decorator",
    "label",
];

/// What is said of a token beside its kind, by bit.
pub(super) const MODIFIERS: &[&str] = &["declaration", "readonly", "defaultLibrary"];

const DECLARATION: u32 = 1;
const READONLY: u32 = 2;
const BUILT_IN: u32 = 4;

fn name(kind: Kind) -> (&'static str, u32) {
    match kind {
        Kind::Policy | Kind::Integration => ("namespace", 0),
        Kind::Type => ("type", 0),
        Kind::Record => ("struct", 0),
        Kind::Enum => ("enum", 0),
        Kind::Variant | Kind::Failure | Kind::Outcome => ("enumMember", 0),
        Kind::Field => ("property", 0),
        Kind::Input | Kind::Fact => ("variable", READONLY),
        Kind::Local | Kind::Group => ("variable", 0),
        Kind::Param => ("parameter", 0),
        Kind::Action => ("method", 0),
        Kind::Flow => ("function", 0),
        Kind::Event => ("event", 0),
        Kind::Role => ("interface", 0),
        Kind::Define => ("macro", 0),
        Kind::Rule => ("decorator", 0),
        Kind::State | Kind::Handlers => ("label", 0),
    }
}

pub(super) fn legend() -> lsp::SemanticTokensLegend {
    lsp::SemanticTokensLegend {
        token_types: TYPES
            .iter()
            .map(|t| lsp::SemanticTokenType::new(t))
            .collect(),
        token_modifiers: MODIFIERS
            .iter()
            .map(|m| lsp::SemanticTokenModifier::new(m))
            .collect(),
    }
}

/// The tokens of a file, or of those bytes of it.
pub(super) fn of(
    fresh: &Fresh,
    file: FileId,
    within: &std::ops::Range<usize>,
    encoding: Encoding,
) -> Vec<lsp::SemanticToken> {
    let meets =
        |s: Span| s.file == file && s.range().start < within.end && within.start < s.range().end;
    let mut all: Vec<(Span, (&str, u32))> = Vec::new();
    for place in fresh.names.places.iter().filter(|p| meets(p.span)) {
        let (kind, said) = name(place.key.kind);
        let said = said | if place.declares { DECLARATION } else { 0 };
        all.push((place.span, (kind, said)));
    }
    for span in built_in(fresh, file).filter(|s| meets(*s)) {
        all.push((span, ("enumMember", BUILT_IN)));
    }
    // What a name names comes before what its word means.
    all.sort_by_key(|(span, (_, said))| (*span, said & BUILT_IN));
    let source = fresh.loaded.sources.file(file);
    let mut tokens = Vec::new();
    let (mut line, mut column, mut end) = (0, 0, 0);
    for (span, (kind, said)) in all {
        if span.start < end || span.start == span.end {
            continue;
        }
        end = span.end;
        let range = encoding.range(source, span);
        let (start, stop) = (range.start, range.end);
        let kind = TYPES.iter().position(|t| *t == kind).unwrap_or(0);
        tokens.push(lsp::SemanticToken {
            delta_line: start.line - line,
            delta_start: if start.line == line {
                start.character - column
            } else {
                start.character
            },
            length: stop.character.saturating_sub(start.character),
            token_type: u32::try_from(kind).unwrap_or(0),
            token_modifiers_bitset: said,
        });
        (line, column) = (start.line, start.character);
    }
    tokens
}

/// The outcomes that the language itself has, where handlers take them.
fn built_in(fresh: &Fresh, file: FileId) -> impl Iterator<Item = Span> + '_ {
    let trees = fresh.loaded.files.iter().filter(move |f| f.id == file);
    let flows = trees.flat_map(|f| &f.items).filter_map(|i| match &i.kind {
        ItemKind::Flow(flow) => Some(flow),
        _ => None,
    });
    let handlers = flows.flat_map(|f| &f.items).flat_map(|i| match i {
        FlowItem::State(s) => s
            .items
            .iter()
            .filter_map(|i| match i {
                StateItem::Handler(h) => Some(h),
                _ => None,
            })
            .collect::<Vec<&Handler>>(),
        FlowItem::Handlers { handlers, .. } => handlers.iter().collect(),
        _ => Vec::new(),
    });
    handlers
        .flat_map(|h| &h.outcomes)
        .filter(|o| super::hover::builtin(&o.name).is_some())
        .map(|o| o.span)
}
