//! A reason for a rule: the first sentence of its documentation, else a place to write one.

use super::layout::indent;
use super::{Edit, Fix, Scene};
use crate::diagnostics::Trust;
use crate::source::Span;

pub fn fixes(scene: &Scene<'_>, name: Span) -> Vec<Fix> {
    let Some((item, rule)) = scene.rule(name) else {
        return Vec::new();
    };
    let text = scene.sources.file(item.span.file).text();
    let here = text.get(item.span.range()).unwrap_or_default();
    // As the formatter has it: on the rule's line where there is room, else on one of its own.
    let lead = if here.contains('\n') {
        format!("\n{}  ", indent(text, item.span.range().start))
    } else {
        " ".to_string()
    };
    let doc = item.doc.as_ref().and_then(|doc| sentence(&doc.node));
    let (trust, reason) = match doc {
        Some(reason) => (Trust::Unsafe, reason),
        None => (Trust::Draft, "say why".to_string()),
    };
    vec![Fix {
        title: format!("add `because` to `{}`", rule.name.name),
        trust,
        edits: vec![Edit::new(
            item.span.at_end(),
            format!("{lead}because \"{reason}\""),
        )],
    }]
}

/// The first sentence, as it can stand in a text.
fn sentence(doc: &str) -> Option<String> {
    let joined = doc.split_whitespace().collect::<Vec<_>>().join(" ");
    let end = joined.find(". ").unwrap_or(joined.len());
    let first = joined.get(..end)?.trim_end_matches('.');
    let plain = first
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('{', "{{")
        .replace('}', "}}");
    (!plain.is_empty()).then_some(plain)
}
