//! The conversation with the editor.

mod answers;

use super::analysis::{self, Done, Job};
use super::convert::{self, Encoding};
use super::files::Texts;
use super::names::Names;
use super::report;
use crate::Checked;
use crate::model::load::{Loaded, load};
use crate::source::{FileId, SourceFile, Span};
use crossbeam_channel::{Sender, select};
use lsp_server::{Connection, ErrorCode, Message, Notification, Request, Response};
use lsp_types as lsp;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Serves one editor until it says goodbye.
///
/// # Errors
/// What went wrong in the conversation, as a sentence for the user.
pub fn serve(connection: &Connection) -> Result<(), String> {
    let said = |e: lsp_server::ProtocolError| format!("the editor broke off: {e}");
    let (id, params) = connection.initialize_start().map_err(said)?;
    let params: lsp::InitializeParams =
        serde_json::from_value(params).map_err(|e| format!("the editor's greeting: {e}"))?;
    let offered = params
        .capabilities
        .general
        .as_ref()
        .and_then(|g| g.position_encodings.as_deref())
        .unwrap_or_default();
    let encoding = if offered.contains(&lsp::PositionEncodingKind::UTF8) {
        Encoding::Utf8
    } else {
        Encoding::Utf16
    };
    let answer = json!({
        "capabilities": capabilities(encoding),
        "serverInfo": { "name": "failway", "version": env!("CARGO_PKG_VERSION") },
    });
    connection.initialize_finish(id, answer).map_err(said)?;

    let (jobs, jobs_in) = crossbeam_channel::unbounded::<Job>();
    let (results_out, results) = crossbeam_channel::unbounded::<Done>();
    let worker = std::thread::Builder::new()
        .name("check".to_string())
        .spawn(move || analysis::work(&jobs_in, &results_out))
        .map_err(|e| format!("no thread for checking: {e}"))?;
    let mut server = Server {
        connection,
        encoding,
        folders: folders(&params),
        texts: Texts::default(),
        versions: BTreeMap::new(),
        revision: 0,
        jobs,
        policies: BTreeMap::new(),
        sound: BTreeMap::new(),
        shown: BTreeSet::new(),
        fresh: None,
    };
    server.look();
    loop {
        select! {
            recv(connection.receiver) -> message => match message {
                Ok(Message::Request(request)) => {
                    if connection.handle_shutdown(&request).map_err(said)? {
                        break;
                    }
                    server.request(request);
                }
                Ok(Message::Notification(told)) => server.notice(told),
                Ok(Message::Response(_)) => {}
                Err(_) => break,
            },
            recv(results) -> done => match done {
                Ok(done) => server.checked(done),
                Err(_) => break,
            },
        }
    }
    drop(server);
    drop(results);
    let _ = worker.join();
    Ok(())
}

fn capabilities(encoding: Encoding) -> lsp::ServerCapabilities {
    lsp::ServerCapabilities {
        position_encoding: Some(match encoding {
            Encoding::Utf8 => lsp::PositionEncodingKind::UTF8,
            Encoding::Utf16 => lsp::PositionEncodingKind::UTF16,
        }),
        text_document_sync: Some(lsp::TextDocumentSyncCapability::Options(
            lsp::TextDocumentSyncOptions {
                open_close: Some(true),
                change: Some(lsp::TextDocumentSyncKind::INCREMENTAL),
                ..lsp::TextDocumentSyncOptions::default()
            },
        )),
        hover_provider: Some(lsp::HoverProviderCapability::Simple(true)),
        completion_provider: Some(lsp::CompletionOptions {
            trigger_characters: Some([".", ":", "|", ">"].map(str::to_string).to_vec()),
            ..lsp::CompletionOptions::default()
        }),
        definition_provider: Some(lsp::OneOf::Left(true)),
        references_provider: Some(lsp::OneOf::Left(true)),
        document_highlight_provider: Some(lsp::OneOf::Left(true)),
        rename_provider: Some(lsp::OneOf::Right(lsp::RenameOptions {
            prepare_provider: Some(true),
            work_done_progress_options: lsp::WorkDoneProgressOptions::default(),
        })),
        document_symbol_provider: Some(lsp::OneOf::Left(true)),
        workspace_symbol_provider: Some(lsp::OneOf::Left(true)),
        folding_range_provider: Some(lsp::FoldingRangeProviderCapability::Simple(true)),
        document_formatting_provider: Some(lsp::OneOf::Left(true)),
        ..lsp::ServerCapabilities::default()
    }
}

#[allow(deprecated)]
fn folders(params: &lsp::InitializeParams) -> Vec<String> {
    match &params.workspace_folders {
        Some(folders) => folders
            .iter()
            .filter_map(|f| convert::path(&f.uri))
            .collect(),
        None => params.root_uri.iter().filter_map(convert::path).collect(),
    }
}

/// The files of a policy, read anew after each change.
pub(super) struct Fresh {
    revision: u64,
    root: String,
    pub loaded: Loaded,
    pub names: Names,
}

impl Fresh {
    pub fn file(&self, path: &str) -> Option<(FileId, &SourceFile)> {
        self.loaded.sources.files().find(|(_, f)| f.name() == path)
    }
}

struct Server<'c> {
    connection: &'c Connection,
    encoding: Encoding,
    folders: Vec<String>,
    texts: Texts,
    versions: BTreeMap<String, i32>,
    revision: u64,
    jobs: Sender<Job>,
    /// As last checked, by root file.
    policies: BTreeMap<String, Arc<Checked>>,
    /// As last checked without anything left out: what types are told by while one types.
    sound: BTreeMap<String, Arc<Checked>>,
    /// Files with findings that the editor shows.
    shown: BTreeSet<String>,
    fresh: Option<Arc<Fresh>>,
}

type Answer = Result<Value, (ErrorCode, String)>;

fn data<T: serde::Serialize>(value: T) -> Answer {
    serde_json::to_value(value).map_err(|e| (ErrorCode::InternalError, e.to_string()))
}

fn read<T: serde::de::DeserializeOwned>(params: Value) -> Result<T, (ErrorCode, String)> {
    serde_json::from_value(params).map_err(|e| (ErrorCode::InvalidParams, e.to_string()))
}

impl Server<'_> {
    fn send(&self, message: Message) {
        // An editor that has gone is noticed where it is read from.
        let _ = self.connection.sender.send(message);
    }

    /// Has everything checked again.
    fn look(&mut self) {
        self.revision += 1;
        let _ = self.jobs.send(Job {
            revision: self.revision,
            folders: self.folders.clone(),
            texts: self.texts.clone(),
        });
    }

    fn checked(&mut self, done: Done) {
        self.policies = done.policies;
        self.sound
            .retain(|root, _| self.policies.contains_key(root));
        for (root, checked) in &self.policies {
            if checked.policy.complete || !self.sound.contains_key(root) {
                self.sound.insert(root.clone(), checked.clone());
            }
        }
        // Older texts' findings would stand in the wrong places; newer ones are on their way.
        if done.revision != self.revision {
            return;
        }
        let mut all: BTreeMap<String, Vec<lsp::Diagnostic>> = BTreeMap::new();
        for checked in self.policies.values() {
            for (path, found) in report::by_file(&checked.sources, &checked.findings, self.encoding)
            {
                let list = all.entry(path).or_default();
                for one in found {
                    if !list.contains(&one) {
                        list.push(one);
                    }
                }
            }
        }
        let before = std::mem::take(&mut self.shown);
        for path in before {
            all.entry(path).or_default();
        }
        for path in self.texts.open.keys() {
            all.entry(path.clone()).or_default();
        }
        for (path, list) in all {
            if !list.is_empty() {
                self.shown.insert(path.clone());
            }
            if let Some(uri) = convert::uri(&path) {
                let version = self.versions.get(&path).copied();
                let params = lsp::PublishDiagnosticsParams::new(uri, list, version);
                self.send(Message::Notification(Notification::new(
                    "textDocument/publishDiagnostics".to_string(),
                    params,
                )));
            }
        }
    }

    // ── Notices ─────────────────────────────────────────────────────────────

    fn notice(&mut self, told: Notification) {
        // What cannot be read is no notice that we know.
        let _ = match told.method.as_str() {
            "textDocument/didOpen" => read(told.params).map(|p| self.opened(p)),
            "textDocument/didChange" => read(told.params).map(|p| self.changed(p)),
            "textDocument/didClose" => read(told.params).map(|p| self.closed(&p)),
            "workspace/didChangeWatchedFiles" | "textDocument/didSave" => {
                self.fresh = None;
                self.look();
                Ok(())
            }
            _ => Ok(()),
        };
    }

    fn opened(&mut self, params: lsp::DidOpenTextDocumentParams) {
        let document = params.text_document;
        if let Some(path) = convert::path(&document.uri) {
            self.texts.open.insert(path.clone(), document.text.into());
            self.versions.insert(path, document.version);
            self.look();
        }
    }

    fn changed(&mut self, params: lsp::DidChangeTextDocumentParams) {
        let Some(path) = convert::path(&params.text_document.uri) else {
            return;
        };
        let Some(text) = self.texts.open.get(&path) else {
            return;
        };
        let mut text = text.to_string();
        for change in params.content_changes {
            match change.range {
                None => text = change.text,
                Some(range) => {
                    let file = SourceFile::new("", text.as_str());
                    let start = self.encoding.offset(&file, range.start);
                    let end = self.encoding.offset(&file, range.end).max(start);
                    text.replace_range(start..end, &change.text);
                }
            }
        }
        self.texts.open.insert(path.clone(), text.into());
        self.versions.insert(path, params.text_document.version);
        self.look();
    }

    fn closed(&mut self, params: &lsp::DidCloseTextDocumentParams) {
        if let Some(path) = convert::path(&params.text_document.uri) {
            self.texts.open.remove(&path);
            self.versions.remove(&path);
            self.shown.insert(path);
            self.look();
        }
    }

    // ── Requests ────────────────────────────────────────────────────────────

    fn request(&mut self, request: Request) {
        let id = request.id.clone();
        let response = match self.answer(request) {
            Ok(value) => Response::new_ok(id, value),
            Err((code, why)) => Response::new_err(id, code as i32, why),
        };
        self.send(Message::Response(response));
    }

    fn answer(&mut self, request: Request) -> Answer {
        let params = request.params;
        match request.method.as_str() {
            "textDocument/hover" => {
                let params: lsp::HoverParams = read(params)?;
                data(self.hover(&params.text_document_position_params))
            }
            "textDocument/completion" => {
                let params: lsp::CompletionParams = read(params)?;
                data(self.completion(&params.text_document_position))
            }
            "textDocument/definition" => {
                let params: lsp::GotoDefinitionParams = read(params)?;
                data(self.definition(&params.text_document_position_params))
            }
            "textDocument/references" => {
                let params: lsp::ReferenceParams = read(params)?;
                let declared = params.context.include_declaration;
                data(self.references(&params.text_document_position, declared))
            }
            "textDocument/documentHighlight" => {
                let params: lsp::DocumentHighlightParams = read(params)?;
                data(self.highlights(&params.text_document_position_params))
            }
            "textDocument/prepareRename" => {
                let params: lsp::TextDocumentPositionParams = read(params)?;
                data(self.renamable(&params))
            }
            "textDocument/rename" => {
                let params: lsp::RenameParams = read(params)?;
                data(self.rename(&params)?)
            }
            "textDocument/documentSymbol" => {
                let params: lsp::DocumentSymbolParams = read(params)?;
                data(self.outline(&params.text_document.uri))
            }
            "workspace/symbol" => {
                let params: lsp::WorkspaceSymbolParams = read(params)?;
                data(self.everywhere(&params.query))
            }
            "textDocument/foldingRange" => {
                let params: lsp::FoldingRangeParams = read(params)?;
                data(self.folds(&params.text_document.uri))
            }
            "textDocument/formatting" => {
                let params: lsp::DocumentFormattingParams = read(params)?;
                data(self.formatted(&params.text_document.uri)?)
            }
            method => Err((
                ErrorCode::MethodNotFound,
                format!("`{method}` is not known"),
            )),
        }
    }

    /// The root file of the policy that a file belongs to.
    fn root(&self, path: &str) -> String {
        let of = self.policies.iter().find(|(root, checked)| {
            *root == path || checked.sources.files().any(|(_, f)| f.name() == path)
        });
        of.map_or_else(|| path.to_string(), |(root, _)| root.clone())
    }

    fn fresh(&mut self, path: &str) -> Option<Arc<Fresh>> {
        let root = self.root(path);
        if let Some(fresh) = &self.fresh
            && fresh.revision == self.revision
            && fresh.root == root
        {
            return Some(fresh.clone());
        }
        let mut loaded = load(&root, &self.texts);
        // A file that its policy doesn't use any more stands alone.
        if !loaded.sources.files().any(|(_, f)| f.name() == path) {
            loaded = load(path, &self.texts);
        }
        if loaded.unreadable.is_some() {
            return None;
        }
        let names = Names::of(&loaded.files);
        let fresh = Arc::new(Fresh {
            revision: self.revision,
            root,
            loaded,
            names,
        });
        self.fresh = Some(fresh.clone());
        Some(fresh)
    }

    /// The policy, the file in it, and the byte that a position means.
    fn place(
        &mut self,
        at: &lsp::TextDocumentPositionParams,
    ) -> Option<(Arc<Fresh>, FileId, usize)> {
        let path = convert::path(&at.text_document.uri)?;
        let fresh = self.fresh(&path)?;
        let (id, file) = fresh.file(&path)?;
        let offset = self.encoding.offset(file, at.position);
        Some((fresh.clone(), id, offset))
    }

    fn location(&self, fresh: &Fresh, span: Span) -> Option<lsp::Location> {
        let file = fresh.loaded.sources.file(span.file);
        let uri = convert::uri(file.name())?;
        Some(lsp::Location::new(uri, self.encoding.range(file, span)))
    }
}
