//! Taking away what is of no use: an outcome, a handler, a branch, a state, a declaration.

use super::layout::whole_line;
use super::places::{handlers, holds};
use super::{Edit, Fix, Scene};
use crate::diagnostics::Trust;
use crate::source::Span;
use crate::syntax::tree::{Doc, FlowItem, Handler, ItemKind, StateItem};

/// One outcome out of its handler; the whole handler, if it is the only one.
pub fn outcome(scene: &Scene<'_>, at: Span) -> Option<Fix> {
    let flow = scene.flow(at)?;
    let all = flow.items.iter().flat_map(|i| match i {
        FlowItem::State(state) => handlers(state).collect::<Vec<_>>(),
        FlowItem::Handlers { handlers, .. } => handlers.iter().collect(),
        FlowItem::Handler(h) => vec![h],
        _ => Vec::new(),
    });
    let handler: &Handler = all.into_iter().find(|h| holds(h.span, at))?;
    let index = handler.outcomes.iter().position(|o| o.span == at)?;
    let name = &handler.outcomes.get(index)?.name;
    let (title, span) = match (index.checked_sub(1), handler.outcomes.get(index + 1)) {
        (None, None) => (
            format!("remove the handler of `{name}`"),
            whole_line(scene.sources, handler.span),
        ),
        (None, Some(next)) => (
            format!("remove `{name}` from the handler"),
            Span::new(at.file, at.range().start, next.span.range().start),
        ),
        (Some(before), _) => {
            let before = handler.outcomes.get(before)?.span;
            (
                format!("remove `{name}` from the handler"),
                Span::new(at.file, before.range().end, at.range().end),
            )
        }
    };
    Some(Fix {
        title,
        trust: Trust::Safe,
        edits: vec![Edit::new(span, "")],
    })
}

/// The smallest clause or declaration that holds a place, with its documentation.
pub fn clause(scene: &Scene<'_>, at: Span, trust: Trust) -> Option<Fix> {
    let item = scene.items().find(|i| holds(i.span, at))?;
    let mut found: (&str, Span, &Doc) = ("declaration", item.span, &item.doc);
    let none = None;
    if let ItemKind::Flow(flow) = &item.kind {
        let part = flow.items.iter().find_map(|i| match i {
            FlowItem::State(state) if holds(state.span, at) => {
                let inner = state.items.iter().find_map(|i| match i {
                    StateItem::Handler(h) if holds(h.span, at) => Some(("handler", h.span)),
                    StateItem::When { span, .. } | StateItem::Otherwise { span, .. }
                        if holds(*span, at) =>
                    {
                        Some(("branch", *span))
                    }
                    _ => None,
                });
                Some(match inner {
                    Some((what, span)) => (what, span, &none),
                    None => ("state", state.span, &state.doc),
                })
            }
            FlowItem::End(end) if holds(end.span, at) => Some(("end", end.span, &end.doc)),
            FlowItem::Handlers { span, doc, .. } if holds(*span, at) => {
                Some(("handlers", *span, doc))
            }
            _ => None,
        });
        // The whole flow does not go for a place in it.
        found = part?;
    }
    let (what, mut span, doc) = found;
    if let Some(doc) = doc {
        span = doc.span.to(span);
    }
    let name = scene.sources.slice(at);
    let title = match what {
        "handler" | "branch" => format!("remove the {what}"),
        _ => format!("remove the {what} `{name}`"),
    };
    Some(Fix {
        title,
        trust,
        edits: vec![Edit::new(whole_line(scene.sources, span), "")],
    })
}
