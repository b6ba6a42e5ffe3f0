//! Quick fixes: what `fixes` offers for the findings at a place, as an editor applies it.

use super::convert::{self, Encoding};
use super::report;
use crate::Checked;
use crate::diagnostics::{Diagnostic, Trust};
use crate::fixes::{self, Fix};
use crate::source::Sources;
use lsp_types as lsp;
use std::collections::BTreeMap;

/// All that is safe, in one step.
pub(super) const FIX_ALL: &str = "source.fixAll.failway";

/// What is asked for.
pub(super) struct Asked<'a> {
    pub path: &'a str,
    pub range: lsp::Range,
    /// The kinds that the editor wants; `None` are all.
    pub only: Option<&'a [lsp::CodeActionKind]>,
    pub encoding: Encoding,
    pub versions: &'a BTreeMap<String, i32>,
}

impl Asked<'_> {
    /// Whether a kind, or one that it belongs to, is wanted.
    fn wants(&self, kind: &str, unless_named: bool) -> bool {
        match self.only {
            None => unless_named,
            Some(only) => only.iter().any(|o| {
                let o = o.as_str();
                kind == o
                    || kind
                        .strip_prefix(o)
                        .is_some_and(|rest| rest.starts_with('.'))
            }),
        }
    }
}

pub(super) fn at(
    checked: &Checked,
    findings: &[Diagnostic],
    asked: &Asked<'_>,
) -> Vec<lsp::CodeAction> {
    let mut all: Vec<lsp::CodeAction> = Vec::new();
    if asked.wants("quickfix", true) {
        let here = |d: &Diagnostic| {
            let span = d.span();
            let file = checked.sources.file(span.file);
            file.name() == asked.path && meet(asked.encoding.range(file, span), asked.range)
        };
        for offer in fixes::offered(checked, findings, &here) {
            let Some(finding) = findings.get(offer.finding) else {
                continue;
            };
            let shown = report::one(&checked.sources, finding, asked.encoding);
            let same = all.iter_mut().find(|a| a.title == offer.fix.title);
            if let Some(action) = same {
                action.diagnostics.get_or_insert_default().push(shown);
                continue;
            }
            all.push(lsp::CodeAction {
                title: offer.fix.title.clone(),
                kind: Some(lsp::CodeActionKind::QUICKFIX),
                diagnostics: Some(vec![shown]),
                is_preferred: Some(offer.fix.trust == Trust::Safe),
                edit: edit(&checked.sources, &offer.fix, asked),
                ..lsp::CodeAction::default()
            });
        }
    }
    // On saving, for whoever has set it so; never among the fixes of one place.
    if asked.wants(FIX_ALL, false)
        && let Some(action) = everything(checked, findings, asked)
    {
        all.push(action);
    }
    all
}

/// All safe fixes of the file, as one change of it.
fn everything(
    checked: &Checked,
    findings: &[Diagnostic],
    asked: &Asked<'_>,
) -> Option<lsp::CodeAction> {
    let again = Checked {
        sources: checked.sources.clone(),
        policy: checked.policy.clone(),
        findings: findings.to_vec(),
        allowed: Vec::new(),
        unused_elsewhere: Vec::new(),
    };
    let applied = fixes::all(again, false, 1, &|t| t == Trust::Safe).ok()?;
    let change = applied.changed.get(asked.path)?;
    let (_, file) = checked
        .sources
        .files()
        .find(|(_, f)| f.name() == asked.path)?;
    let edits = super::symbols::edits(file, &change.after, asked.encoding);
    let edits = edits.into_iter().map(lsp::OneOf::Left).collect();
    Some(lsp::CodeAction {
        title: "repair all that can be repaired in one way only".to_string(),
        kind: Some(lsp::CodeActionKind::from(FIX_ALL)),
        edit: Some(lsp::WorkspaceEdit {
            document_changes: Some(lsp::DocumentChanges::Edits(vec![document(
                asked.path, edits, asked,
            )?])),
            ..lsp::WorkspaceEdit::default()
        }),
        ..lsp::CodeAction::default()
    })
}

type Edits = Vec<lsp::OneOf<lsp::TextEdit, lsp::AnnotatedTextEdit>>;

fn document(path: &str, edits: Edits, asked: &Asked<'_>) -> Option<lsp::TextDocumentEdit> {
    Some(lsp::TextDocumentEdit {
        text_document: lsp::OptionalVersionedTextDocumentIdentifier {
            uri: convert::uri(path)?,
            version: asked.versions.get(path).copied(),
        },
        edits,
    })
}

fn edit(sources: &Sources, fix: &Fix, asked: &Asked<'_>) -> Option<lsp::WorkspaceEdit> {
    let mut files: BTreeMap<&str, Edits> = BTreeMap::new();
    for edit in &fix.edits {
        let file = sources.file(edit.span.file);
        let range = asked.encoding.range(file, edit.span);
        let edit = lsp::TextEdit::new(range, edit.text.clone());
        files
            .entry(file.name())
            .or_default()
            .push(lsp::OneOf::Left(edit));
    }
    let changes = files
        .into_iter()
        .map(|(path, edits)| document(path, edits, asked))
        .collect::<Option<Vec<_>>>()?;
    Some(lsp::WorkspaceEdit {
        document_changes: Some(lsp::DocumentChanges::Edits(changes)),
        ..lsp::WorkspaceEdit::default()
    })
}

/// Whether two ranges have a line in common: who stands anywhere on the line means what is wrong there.
fn meet(a: lsp::Range, b: lsp::Range) -> bool {
    a.start.line <= b.end.line && b.start.line <= a.end.line
}
