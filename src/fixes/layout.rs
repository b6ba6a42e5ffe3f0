//! Where a further line goes, and how a line is taken away.

use super::Edit;
use crate::source::{Sources, Span};
use crate::syntax::tree::{Flow, FlowItem, State, StateItem};

/// A further line behind what stands at `after`, as far in as that is; on the same line, if the block
/// that ends at `block` is written on one line.
pub fn line_after(sources: &Sources, after: Span, block: Span, lines: &[String]) -> Edit {
    let text = sources.file(after.file).text();
    let end = after.range().end;
    let rest = text.get(end..).unwrap_or_default();
    let line = rest.split('\n').next().unwrap_or_default();
    if block.range().end <= end + line.len() && block.range().end > end {
        return Edit::new(after.at_end(), format!(" {}", lines.join(" ")));
    }
    // A comment at the end of the line stays with it; another clause there does not.
    let tail = line.trim();
    let at = if tail.is_empty() || tail.starts_with("//") {
        end + line.trim_end_matches('\r').len()
    } else {
        end
    };
    let newline = if line.ends_with('\r') { "\r\n" } else { "\n" };
    let indent = indent(text, after.range().start);
    let mut new = String::new();
    for line in lines {
        for part in line.split('\n') {
            new.push_str(newline);
            if !part.is_empty() {
                new.push_str(indent);
                new.push_str(part);
            }
        }
    }
    Edit::new(Span::new(after.file, at, at), new)
}

/// The blanks that begin the line of a place.
pub fn indent(text: &str, at: usize) -> &str {
    let before = text.get(..at).unwrap_or_default();
    let start = before.rfind('\n').map_or(0, |n| n + 1);
    let line = text.get(start..).unwrap_or_default();
    let blanks = line.len() - line.trim_start_matches([' ', '\t']).len();
    line.get(..blanks).unwrap_or_default()
}

/// The span of what goes, with its whole line if nothing else stands there.
pub fn whole_line(sources: &Sources, span: Span) -> Span {
    let text = sources.file(span.file).text();
    let range = span.range();
    let before = text.get(..range.start).unwrap_or_default();
    let start = before.rfind('\n').map_or(0, |n| n + 1);
    let after = text.get(range.end..).unwrap_or_default();
    let alone = before
        .get(start..)
        .is_some_and(|b| b.chars().all(|c| c == ' ' || c == '\t'));
    let line = after.split('\n').next().unwrap_or_default();
    if alone && line.trim().is_empty() {
        let newline = usize::from(after.len() > line.len());
        return Span::new(span.file, start, range.end + line.len() + newline);
    }
    if alone {
        let blanks = line.len() - line.trim_start_matches([' ', '\t']).len();
        return Span::new(span.file, range.start, range.end + blanks);
    }
    // Something stands before it: the blanks between go with it.
    let kept = before.trim_end_matches([' ', '\t']).len();
    Span::new(span.file, kept.max(start), range.end)
}

/// What a state ends with, before its brace: its last clause, else its name.
pub fn last_clause(state: &State) -> Span {
    let spans = state.items.iter().map(|i| match i {
        StateItem::Step(step) => step.span,
        StateItem::Visits { span, .. }
        | StateItem::Ignore { span, .. }
        | StateItem::When { span, .. }
        | StateItem::Otherwise { span, .. } => *span,
        StateItem::Use(name) => name.span,
        StateItem::Handler(h) => h.span,
    });
    spans.max_by_key(|s| s.end).unwrap_or(state.name.span)
}

/// The last end of a flow, else its last state or clause.
pub fn last_end(flow: &Flow) -> Option<Span> {
    let ends = flow.items.iter().filter_map(|i| match i {
        FlowItem::End(end) => Some(end.span),
        _ => None,
    });
    let states = flow.items.iter().filter_map(|i| match i {
        FlowItem::State(s) => Some(s.span),
        _ => None,
    });
    ends.max_by_key(|s| s.end)
        .or_else(|| states.max_by_key(|s| s.end))
}
