//! Moving declarations about changes nothing in a table's body: on every example, and on random
//! policies.

use super::common::{Memory, examples};
use super::generate;
use failway::source::{FileId, Span};
use failway::syntax::tree::{FlowItem, ItemKind};
use failway::{compile, syntax};

/// The text with the pieces at these places in another order.
fn shuffled(text: &str, pieces: &[Span], rng: &mut fastrand::Rng) -> String {
    let mut order: Vec<usize> = (0..pieces.len()).collect();
    rng.shuffle(&mut order);
    let mut out = String::new();
    let mut at = 0;
    for (place, piece) in pieces.iter().zip(&order) {
        out.push_str(&text[at..place.range().start]);
        out.push_str(&text[pieces[*piece].range()]);
        at = place.range().end;
    }
    out.push_str(&text[at..]);
    out
}

/// A whole declaration, its documentation included.
fn with_doc(doc: &syntax::tree::Doc, span: Span) -> Span {
    doc.as_ref().map_or(span, |d| d.span.to(span))
}

/// All groups of pieces of a text that may change places among themselves, innermost last.
fn groups(text: &str) -> Vec<Vec<Span>> {
    let (tree, findings) = syntax::parse(FileId(0), text);
    assert!(findings.is_empty(), "{findings:?}");
    let mut groups = vec![
        tree.items
            .iter()
            .map(|i| with_doc(&i.doc, i.span))
            .collect(),
    ];
    for item in &tree.items {
        match &item.kind {
            ItemKind::Flow(flow) => {
                let spans = flow.items.iter().map(|i| match i {
                    FlowItem::Start { span, .. }
                    | FlowItem::Within { span, .. }
                    | FlowItem::Once { span, .. } => *span,
                    FlowItem::Expect { rate } => rate.span,
                    FlowItem::Handlers { doc, span, .. } => with_doc(doc, *span),
                    FlowItem::State(s) => with_doc(&s.doc, s.span),
                    FlowItem::End(e) => with_doc(&e.doc, e.span),
                    FlowItem::Handler(h) => h.span,
                });
                // `expect RATE` has no span of its own: leave those flows' items where they are.
                if !flow
                    .items
                    .iter()
                    .any(|i| matches!(i, FlowItem::Expect { .. }))
                {
                    groups.push(spans.collect());
                } else {
                    groups.push(
                        flow.items
                            .iter()
                            .filter_map(|i| match i {
                                FlowItem::State(s) => Some(with_doc(&s.doc, s.span)),
                                FlowItem::End(e) => Some(with_doc(&e.doc, e.span)),
                                _ => None,
                            })
                            .collect(),
                    );
                }
            }
            ItemKind::Integration(integration) => {
                groups.push(
                    integration
                        .actions
                        .iter()
                        .map(|a| with_doc(&a.doc, a.span))
                        .collect(),
                );
            }
            _ => {}
        }
    }
    groups
}

fn body(files: &Memory) -> serde_json::Value {
    let (checked, table) = compile("main.failway", files).unwrap();
    let table = table.unwrap_or_else(|| panic!("{:#?}", checked.findings));
    serde_json::to_value(table.body()).unwrap()
}

fn moved(files: &Memory, rng: &mut fastrand::Rng) -> Memory {
    let mut copy = files.0.clone();
    for text in copy.values_mut() {
        let count = groups(text).len();
        // A move shifts what comes after it: look anew for each group.
        for i in 0..count {
            let pieces = groups(text)[i].clone();
            *text = shuffled(text, &pieces, rng);
        }
    }
    Memory(copy)
}

#[test]
fn moving_declarations_of_examples_changes_nothing() {
    let mut rng = fastrand::Rng::with_seed(1);
    for (path, files) in examples() {
        let before = body(&files);
        for _ in 0..4 {
            let other = moved(&files, &mut rng);
            assert_ne!(other.0, files.0);
            assert!(body(&other) == before, "{}", path.display());
        }
    }
}

#[test]
fn moving_declarations_of_random_policies_changes_nothing() {
    let mut rng = fastrand::Rng::with_seed(2);
    let mut done = 0;
    while done < 60 {
        let Some(policy) = generate::policy(&mut rng) else {
            continue;
        };
        let files = Memory::one(&policy.text);
        let before = body(&files);
        let other = moved(&files, &mut rng);
        assert!(body(&other) == before, "{}", policy.text);
        done += 1;
    }
}
