//! Each kind of question, answered.

use super::Server;
use crate::Checked;
use crate::diagnostics::Diagnostic;
use crate::lsp::names::Kind;
use crate::lsp::project::Project;
use crate::lsp::{actions, complete, convert, hover, rename, symbols};
use crate::model::load::Loader;
use crate::source::{FileId, SourceFile};
use crate::syntax;
use lsp_server::ErrorCode;
use lsp_types as lsp;
use std::collections::BTreeMap;

impl Server<'_> {
    pub(super) fn hover(&mut self, at: &lsp::TextDocumentPositionParams) -> Option<lsp::Hover> {
        let (fresh, file, offset) = self.place(at)?;
        let checked = self.sound.get(&fresh.root).cloned();
        let worst = self.worst.get(&fresh.root);
        let (text, span) = hover::at(&fresh, checked.as_deref(), worst, file, offset)?;
        let source = fresh.loaded.sources.file(file);
        Some(lsp::Hover {
            contents: lsp::HoverContents::Markup(lsp::MarkupContent {
                kind: lsp::MarkupKind::Markdown,
                value: text,
            }),
            range: Some(self.encoding.range(source, span)),
        })
    }

    pub(super) fn completion(
        &mut self,
        at: &lsp::TextDocumentPositionParams,
    ) -> Vec<lsp::CompletionItem> {
        let Some((fresh, file, offset)) = self.place(at) else {
            return Vec::new();
        };
        let checked = self.sound.get(&fresh.root).cloned();
        complete::at(&fresh, checked.as_deref(), file, offset)
    }

    pub(super) fn definition(
        &mut self,
        at: &lsp::TextDocumentPositionParams,
    ) -> Option<lsp::Location> {
        let (fresh, file, offset) = self.place(at)?;
        if let Some(place) = fresh.names.at(file, offset) {
            let declared = fresh.names.declared.get(&place.key)?;
            return self.location(&fresh, declared.name);
        }
        // The file that a `use` names.
        let path = symbols::used_file(&fresh, file, offset)?;
        let uri = convert::uri(&path)?;
        Some(lsp::Location::new(uri, lsp::Range::default()))
    }

    pub(super) fn references(
        &mut self,
        at: &lsp::TextDocumentPositionParams,
        declared: bool,
    ) -> Vec<lsp::Location> {
        let Some((fresh, file, offset)) = self.place(at) else {
            return Vec::new();
        };
        let Some(place) = fresh.names.at(file, offset) else {
            return Vec::new();
        };
        fresh
            .names
            .uses(&place.key)
            .filter(|p| declared || !p.declares)
            .filter_map(|p| self.location(&fresh, p.span))
            .collect()
    }

    pub(super) fn highlights(
        &mut self,
        at: &lsp::TextDocumentPositionParams,
    ) -> Vec<lsp::DocumentHighlight> {
        let Some((fresh, file, offset)) = self.place(at) else {
            return Vec::new();
        };
        let Some(place) = fresh.names.at(file, offset) else {
            return Vec::new();
        };
        let source = fresh.loaded.sources.file(file);
        fresh
            .names
            .uses(&place.key)
            .filter(|p| p.span.file == file)
            .map(|p| lsp::DocumentHighlight {
                range: self.encoding.range(source, p.span),
                kind: Some(if p.declares {
                    lsp::DocumentHighlightKind::WRITE
                } else {
                    lsp::DocumentHighlightKind::READ
                }),
            })
            .collect()
    }

    pub(super) fn renamable(&mut self, at: &lsp::TextDocumentPositionParams) -> Option<lsp::Range> {
        let (fresh, file, offset) = self.place(at)?;
        let place = fresh.names.at(file, offset)?;
        let source = fresh.loaded.sources.file(file);
        Some(self.encoding.range(source, place.span))
    }

    pub(super) fn rename(
        &mut self,
        params: &lsp::RenameParams,
    ) -> Result<lsp::WorkspaceEdit, (ErrorCode, String)> {
        let refuse = |why: &str| (ErrorCode::InvalidRequest, why.to_string());
        let Some((fresh, file, offset)) = self.place(&params.text_document_position) else {
            return Err(refuse("this file cannot be read"));
        };
        let place = fresh.names.at(file, offset);
        let Some(place) = place else {
            return Err(refuse("there is no name here that can be changed"));
        };
        let new = params.new_name.as_str();
        let types = matches!(place.key.kind, Kind::Type | Kind::Record | Kind::Enum);
        if let Err(why) = well_formed(new, types) {
            return Err(refuse(&why));
        }
        let taken = fresh.names.declared.keys().any(|k| {
            k.scope == place.key.scope
                && k.name == new
                && (k.kind == place.key.kind
                    || k.scope.is_empty() && k.kind != Kind::Rule && place.key.kind != Kind::Rule)
        });
        if taken && new != place.key.name {
            return Err(refuse(&format!("there is a `{new}` already")));
        }
        let written = match syntax::is_reserved(new) {
            true => format!("`{new}`"),
            false => new.to_string(),
        };
        let mut edits: BTreeMap<FileId, Vec<lsp::OneOf<lsp::TextEdit, lsp::AnnotatedTextEdit>>> =
            BTreeMap::new();
        let spans = match rename::needs_types(place.key.kind) {
            true => rename::places(&fresh, &place.key, &written).map_err(|why| refuse(&why))?,
            false => fresh.names.uses(&place.key).map(|p| p.span).collect(),
        };
        for span in spans {
            let source = fresh.loaded.sources.file(span.file);
            let edit = lsp::TextEdit::new(self.encoding.range(source, span), written.clone());
            edits
                .entry(span.file)
                .or_default()
                .push(lsp::OneOf::Left(edit));
        }
        let changes = edits
            .into_iter()
            .filter_map(|(id, edits)| {
                let path = fresh.loaded.sources.file(id).name();
                Some(lsp::TextDocumentEdit {
                    text_document: lsp::OptionalVersionedTextDocumentIdentifier {
                        uri: convert::uri(path)?,
                        version: self.versions.get(path).copied(),
                    },
                    edits,
                })
            })
            .collect();
        Ok(lsp::WorkspaceEdit {
            document_changes: Some(lsp::DocumentChanges::Edits(changes)),
            ..lsp::WorkspaceEdit::default()
        })
    }

    pub(super) fn outline(&mut self, uri: &lsp::Uri) -> Vec<lsp::DocumentSymbol> {
        let Some((path, fresh)) = self.document(uri) else {
            return Vec::new();
        };
        let Some((id, file)) = fresh.file(&path) else {
            return Vec::new();
        };
        symbols::outline(&fresh.loaded, id, &|span| self.encoding.range(file, span))
    }

    pub(super) fn everywhere(&mut self, query: &str) -> Vec<lsp::WorkspaceSymbol> {
        let roots: Vec<String> = self.policies.keys().cloned().collect();
        let mut all = Vec::new();
        for root in roots {
            let Some(fresh) = self.fresh(&root) else {
                continue;
            };
            for (key, declared) in &fresh.names.declared {
                let full = key.full();
                if symbols::worth_finding(key.kind)
                    && symbols::fits(&full, query)
                    && let Some(location) = self.location(&fresh, declared.name)
                {
                    all.push(lsp::WorkspaceSymbol {
                        name: full,
                        kind: symbols::kind(key.kind),
                        tags: None,
                        container_name: (!key.scope.is_empty()).then(|| key.scope.clone()),
                        location: lsp::OneOf::Left(location),
                        data: None,
                    });
                }
            }
        }
        all.dedup();
        all
    }

    pub(super) fn folds(&mut self, uri: &lsp::Uri) -> Vec<lsp::FoldingRange> {
        let Some((path, fresh)) = self.document(uri) else {
            return Vec::new();
        };
        fresh
            .file(&path)
            .map(|(id, file)| symbols::folds(&fresh.loaded, id, file))
            .unwrap_or_default()
    }

    /// Quick fixes; of findings that were made of the very texts that are there now.
    pub(super) fn actions(&mut self, params: &lsp::CodeActionParams) -> Vec<lsp::CodeAction> {
        let Some(path) = convert::path(&params.text_document.uri) else {
            return Vec::new();
        };
        let root = self.root(&path);
        let Some(checked) = self.current(&root) else {
            return Vec::new();
        };
        let mut findings = checked.findings.clone();
        // What only reads badly is not shown as a finding, but can be repaired where one stands.
        let style = crate::style(&root, &self.texts).unwrap_or_default();
        let shown = |s: &Diagnostic| {
            findings
                .iter()
                .any(|f| f.code == s.code && f.span() == s.span())
        };
        let hidden: Vec<_> = style.into_iter().filter(|s| !shown(s)).collect();
        findings.extend(hidden);
        let asked = actions::Asked {
            path: &path,
            range: params.range,
            only: params.context.only.as_deref(),
            encoding: self.encoding,
            versions: &self.versions,
        };
        actions::at(&checked, &findings, &asked)
    }

    /// The policy as it is now: as it was checked last, if nothing has changed since then.
    pub(super) fn current(&self, root: &str) -> Option<std::sync::Arc<Checked>> {
        let known = self.policies.get(root).filter(|known| {
            known.checked.sources.files().all(|(_, file)| {
                let now = self.texts.load(file.name());
                let now = now.and_then(|bytes| syntax::decode(&bytes));
                now.is_ok_and(|text| text == file.text())
            })
        });
        match known {
            Some(known) => Some(known.checked.clone()),
            None => Project::of(root)
                .check(root, &self.texts)
                .map(std::sync::Arc::new),
        }
    }

    pub(super) fn formatted(
        &mut self,
        uri: &lsp::Uri,
    ) -> Result<Vec<lsp::TextEdit>, (ErrorCode, String)> {
        let refuse = |why: String| (ErrorCode::RequestFailed, why);
        let path = convert::path(uri).ok_or_else(|| refuse("this is no file".to_string()))?;
        let Some(text) = self.texts.open.get(&path).cloned() else {
            return Err(refuse("this file is not open".to_string()));
        };
        let made = syntax::fmt::format(&text)
            .map_err(|why| refuse(format!("the file is left as it is: {why}")))?;
        let file = SourceFile::new("", &*text);
        Ok(symbols::edits(&file, &made, self.encoding))
    }
}

fn well_formed(name: &str, types: bool) -> Result<(), String> {
    let rest = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let fits = if types {
        name.starts_with(|c: char| c.is_ascii_uppercase()) && name.chars().all(rest)
    } else {
        name.starts_with(|c: char| c.is_ascii_lowercase())
            && name.chars().all(|c| rest(c) && !c.is_ascii_uppercase())
    };
    if fits {
        Ok(())
    } else if types {
        Err(format!(
            "`{name}` is no name for a type: PascalCase, letters and digits"
        ))
    } else {
        Err(format!(
            "`{name}` is no name: lower-case letters, digits and _, beginning with a letter"
        ))
    }
}
