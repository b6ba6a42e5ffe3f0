//! What a file consists of: its outline, what can be folded, what can be found by name; and the least
//! edits between two texts.

use super::convert::Encoding;
use super::names::Kind;
use super::server::Fresh;
use crate::model::load::{Loaded, join};
use crate::source::{FileId, SourceFile, Span};
use crate::syntax::tree::{FlowItem, Ident, Item, ItemKind, RuleKind};
use lsp_types as lsp;
use similar::{DiffTag, TextDiff};

pub(super) fn kind(kind: Kind) -> lsp::SymbolKind {
    match kind {
        Kind::Policy => lsp::SymbolKind::PACKAGE,
        Kind::Type => lsp::SymbolKind::CLASS,
        Kind::Record => lsp::SymbolKind::STRUCT,
        Kind::Enum => lsp::SymbolKind::ENUM,
        Kind::Variant | Kind::Outcome => lsp::SymbolKind::ENUM_MEMBER,
        Kind::Field => lsp::SymbolKind::FIELD,
        Kind::Input | Kind::Fact | Kind::Param | Kind::Local => lsp::SymbolKind::VARIABLE,
        Kind::Role => lsp::SymbolKind::INTERFACE,
        Kind::Event | Kind::Failure => lsp::SymbolKind::EVENT,
        Kind::Integration => lsp::SymbolKind::MODULE,
        Kind::Action | Kind::Flow => lsp::SymbolKind::FUNCTION,
        Kind::Group => lsp::SymbolKind::ARRAY,
        Kind::Define => lsp::SymbolKind::BOOLEAN,
        Kind::Rule => lsp::SymbolKind::PROPERTY,
        Kind::State | Kind::Handlers => lsp::SymbolKind::METHOD,
    }
}

/// Whether it is offered by name in the whole workspace.
pub(super) fn worth_finding(kind: Kind) -> bool {
    !matches!(
        kind,
        Kind::Param | Kind::Local | Kind::Field | Kind::Failure | Kind::Outcome | Kind::Variant
    )
}

/// Whether the letters of the query stand in the name, in their order.
pub(super) fn fits(name: &str, query: &str) -> bool {
    let mut name = name.chars().flat_map(char::to_lowercase);
    query
        .chars()
        .flat_map(char::to_lowercase)
        .all(|q| name.any(|c| c == q))
}

type Ranges<'r> = dyn Fn(Span) -> lsp::Range + 'r;

#[allow(deprecated)]
fn symbol(
    name: &Ident,
    detail: Option<&str>,
    of: Kind,
    whole: Span,
    children: Vec<lsp::DocumentSymbol>,
    ranges: &Ranges<'_>,
) -> lsp::DocumentSymbol {
    lsp::DocumentSymbol {
        name: name.name.clone(),
        detail: detail.map(str::to_string),
        kind: kind(of),
        tags: None,
        deprecated: None,
        range: ranges(whole.to(name.span)),
        selection_range: ranges(name.span),
        children: (!children.is_empty()).then_some(children),
    }
}

/// The declarations of a file, states and actions below what they belong to.
pub(super) fn outline(
    loaded: &Loaded,
    file: FileId,
    ranges: &Ranges<'_>,
) -> Vec<lsp::DocumentSymbol> {
    let Some(tree) = loaded.files.iter().find(|f| f.id == file) else {
        return Vec::new();
    };
    let mut all = Vec::new();
    if let Some(header) = &tree.header {
        all.push(symbol(
            &header.name,
            Some("policy"),
            Kind::Policy,
            header.span,
            Vec::new(),
            ranges,
        ));
    }
    all.extend(tree.items.iter().filter_map(|item| of_item(item, ranges)));
    all
}

fn of_item(item: &Item, ranges: &Ranges<'_>) -> Option<lsp::DocumentSymbol> {
    let plain = |name: &Ident, of: Kind| {
        Some(symbol(
            name,
            Some(of.words()),
            of,
            item.span,
            Vec::new(),
            ranges,
        ))
    };
    match &item.kind {
        ItemKind::Use { .. } => None,
        ItemKind::Type { name, .. } => plain(name, Kind::Type),
        ItemKind::Record { name, fields } => {
            let children = fields
                .iter()
                .map(|f| symbol(&f.name, None, Kind::Field, f.span, Vec::new(), ranges))
                .collect();
            Some(symbol(
                name,
                Some("record"),
                Kind::Record,
                item.span,
                children,
                ranges,
            ))
        }
        ItemKind::Enum { name, variants } => {
            let children = variants
                .iter()
                .map(|v| {
                    symbol(
                        &v.name,
                        None,
                        Kind::Variant,
                        v.name.span,
                        Vec::new(),
                        ranges,
                    )
                })
                .collect();
            Some(symbol(
                name,
                Some("enum"),
                Kind::Enum,
                item.span,
                children,
                ranges,
            ))
        }
        ItemKind::Input(field) => plain(&field.name, Kind::Input),
        ItemKind::Role { name, .. } => plain(name, Kind::Role),
        ItemKind::Event { name, .. } => plain(name, Kind::Event),
        ItemKind::Integration(integration) => {
            let children = integration
                .actions
                .iter()
                .map(|a| {
                    symbol(
                        &a.name,
                        Some("action"),
                        Kind::Action,
                        a.span,
                        Vec::new(),
                        ranges,
                    )
                })
                .collect();
            let name = &integration.name;
            Some(symbol(
                name,
                Some("integration"),
                Kind::Integration,
                item.span,
                children,
                ranges,
            ))
        }
        ItemKind::Fact(fact) => plain(&fact.name, Kind::Fact),
        ItemKind::Group { name, .. } => plain(name, Kind::Group),
        ItemKind::Define { name, .. } => plain(name, Kind::Define),
        ItemKind::Rule(rule) => {
            let detail = match &rule.kind {
                RuleKind::Allow(_) => "allow",
                RuleKind::Deny(_) => "deny",
                RuleKind::Require(_) => "require",
                RuleKind::Escalate(_) => "escalate",
                RuleKind::Limit { .. } => "limit",
                RuleKind::OrderBefore { .. } | RuleKind::OrderNever { .. } => "order",
            };
            Some(symbol(
                &rule.name,
                Some(detail),
                Kind::Rule,
                item.span,
                Vec::new(),
                ranges,
            ))
        }
        ItemKind::Flow(flow) => {
            let children = flow
                .items
                .iter()
                .filter_map(|i| match i {
                    FlowItem::State(s) => Some(symbol(
                        &s.name,
                        Some("state"),
                        Kind::State,
                        s.span,
                        Vec::new(),
                        ranges,
                    )),
                    FlowItem::End(e) => Some(symbol(
                        &e.name,
                        Some("end"),
                        Kind::State,
                        e.span,
                        Vec::new(),
                        ranges,
                    )),
                    FlowItem::Handlers { name, span, .. } => Some(symbol(
                        name,
                        Some("handlers"),
                        Kind::Handlers,
                        *span,
                        Vec::new(),
                        ranges,
                    )),
                    _ => None,
                })
                .collect();
            Some(symbol(
                &flow.name,
                Some("flow"),
                Kind::Flow,
                item.span,
                children,
                ranges,
            ))
        }
        ItemKind::Test(test) => {
            let name = Ident {
                name: test.name.node.clone(),
                span: test.name.span,
            };
            Some(symbol(
                &name,
                Some("test"),
                Kind::Define,
                item.span,
                Vec::new(),
                ranges,
            ))
        }
    }
}

/// Blocks of several lines, and several comments in a row.
pub(super) fn folds(loaded: &Loaded, id: FileId, file: &SourceFile) -> Vec<lsp::FoldingRange> {
    let Some(tree) = loaded.files.iter().find(|f| f.id == id) else {
        return Vec::new();
    };
    let mut spans: Vec<Span> = Vec::new();
    for item in &tree.items {
        spans.push(item.span);
        match &item.kind {
            ItemKind::Integration(integration) => {
                spans.extend(integration.actions.iter().map(|a| a.span));
            }
            ItemKind::Flow(flow) => spans.extend(flow.items.iter().filter_map(|i| match i {
                FlowItem::State(state) => Some(state.span),
                FlowItem::Handlers { span, .. } => Some(*span),
                _ => None,
            })),
            _ => {}
        }
    }
    let line = |offset: usize| u32::try_from(file.line_index(offset)).unwrap_or(u32::MAX);
    let mut folds: Vec<lsp::FoldingRange> = spans
        .into_iter()
        .map(|s| {
            (
                line(s.start as usize),
                line((s.end as usize).saturating_sub(1)),
            )
        })
        .filter(|(first, last)| last > first)
        .map(|(start_line, end_line)| lsp::FoldingRange {
            start_line,
            // The closing brace stays in sight.
            end_line: end_line - 1,
            ..lsp::FoldingRange::default()
        })
        .filter(|f| f.end_line > f.start_line)
        .collect();
    let mut run: Option<(u32, u32)> = None;
    let mut close = |run: Option<(u32, u32)>| {
        if let Some((start_line, end_line)) = run
            && end_line > start_line
        {
            folds.push(lsp::FoldingRange {
                start_line,
                end_line,
                kind: Some(lsp::FoldingRangeKind::Comment),
                ..lsp::FoldingRange::default()
            });
        }
    };
    for comment in &tree.comments {
        let at = line(comment.span.start as usize);
        run = match run {
            Some((start, end)) if end + 1 == at => Some((start, at)),
            before => {
                close(before);
                Some((at, at))
            }
        };
    }
    close(run);
    folds
}

/// The file that the `use` at a place names.
pub(super) fn used_file(fresh: &Fresh, file: FileId, offset: usize) -> Option<String> {
    let tree = fresh.loaded.files.iter().find(|f| f.id == file)?;
    let here = fresh.loaded.sources.file(file).name();
    tree.items.iter().find_map(|item| match &item.kind {
        ItemKind::Use { path } if item.span.range().contains(&offset) => {
            Some(join(here, &path.node))
        }
        _ => None,
    })
}

/// The edits, line by line, that make one text of another.
pub(super) fn edits(before: &SourceFile, after: &str, encoding: Encoding) -> Vec<lsp::TextEdit> {
    let diff = TextDiff::from_lines(before.text(), after);
    let mut lines = vec![0];
    for line in after.split_inclusive('\n') {
        lines.push(lines.last().copied().unwrap_or(0) + line.len());
    }
    let start = |line: usize| {
        before
            .line_range(line)
            .map_or(before.text().len(), |r| r.start)
    };
    diff.ops()
        .iter()
        .filter(|op| op.tag() != DiffTag::Equal)
        .map(|op| {
            let (old, new) = (op.old_range(), op.new_range());
            let text = lines
                .get(new.start)
                .zip(lines.get(new.end))
                .and_then(|(&a, &b)| after.get(a..b))
                .unwrap_or_default();
            let range = lsp::Range::new(
                encoding.position(before, start(old.start)),
                encoding.position(before, start(old.end)),
            );
            lsp::TextEdit::new(range, text.to_string())
        })
        .collect()
}
