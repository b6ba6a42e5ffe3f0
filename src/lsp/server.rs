//! The conversation with the editor.

mod answers;
mod capabilities;
mod more;
mod notices;

use super::analysis::{self, Done, Job, Known};
use super::convert::{self, Encoding};
use super::files::Texts;
use super::names::Names;
use super::report;
use crate::Checked;
use crate::model::load::{Loaded, load};
use crate::source::{FileId, SourceFile, Span};
use crossbeam_channel::{Sender, select};
use lsp_server::{Connection, ErrorCode, Message, Notification, Request, RequestId, Response};
use lsp_types as lsp;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
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
        "capabilities": capabilities::of(encoding),
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
        folders: capabilities::folders(&params),
        texts: Texts::default(),
        versions: BTreeMap::new(),
        revision: 0,
        jobs,
        policies: BTreeMap::new(),
        sound: BTreeMap::new(),
        worst: BTreeMap::new(),
        shows_pages: capabilities::shows_pages(&params),
        asked: 0,
        waiting: VecDeque::new(),
        stopping: false,
        shown: BTreeSet::new(),
        fresh: None,
    };
    server.look(true);
    if capabilities::watches(&params) {
        server.request_of_editor("client/registerCapability", capabilities::watched());
    }
    // What comes in is taken at once, so that what is taken back is seen before its turn.
    let (forward, incoming) = crossbeam_channel::unbounded();
    let from = connection.receiver.clone();
    std::thread::Builder::new()
        .name("read".to_string())
        .spawn(move || {
            for message in from {
                if forward.send(message).is_err() {
                    break;
                }
            }
        })
        .map_err(|e| format!("no thread for reading: {e}"))?;
    loop {
        // What waits is looked through first: some of it may not be wanted any more.
        while let Ok(message) = incoming.try_recv() {
            server.queue(message);
        }
        while let Ok(done) = results.try_recv() {
            server.done(done);
        }
        if let Some(message) = server.waiting.pop_front() {
            if server.take(message) {
                break;
            }
            continue;
        }
        select! {
            recv(incoming) -> message => match message {
                Ok(message) => server.queue(message),
                Err(_) => break,
            },
            recv(results) -> done => match done {
                Ok(done) => server.done(done),
                Err(_) => break,
            },
        }
    }
    drop(server);
    drop(results);
    let _ = worker.join();
    Ok(())
}

/// The files of a policy, read anew after each change.
pub(super) struct Fresh {
    revision: u64,
    pub root: String,
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
    policies: BTreeMap<String, Known>,
    /// As last checked without anything left out: what types are told by while one types.
    sound: BTreeMap<String, Arc<Checked>>,
    /// The worst case of each flow in words, by root file.
    worst: BTreeMap<String, BTreeMap<String, String>>,
    /// Whether the editor opens a file when it is told to.
    shows_pages: bool,
    /// How many requests the editor was sent.
    asked: i32,
    /// What came in and has not been looked at yet; a cancelled request is none any more.
    waiting: VecDeque<Message>,
    /// Whether the editor has asked for the end.
    stopping: bool,
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

    /// Asks the editor for something; its answer is not waited for.
    fn request_of_editor(&mut self, method: &str, params: Value) {
        self.asked += 1;
        let id = self.asked.into();
        self.send(Message::Request(Request::new(
            id,
            method.to_string(),
            params,
        )));
    }

    /// Puts a message in line; one that takes back a request that waits answers it at once.
    fn queue(&mut self, message: Message) {
        let Message::Notification(told) = &message else {
            self.waiting.push_back(message);
            return;
        };
        if told.method != "$/cancelRequest" {
            self.waiting.push_back(message);
            return;
        }
        let Ok(params) = read::<lsp::CancelParams>(told.params.clone()) else {
            return;
        };
        let id = match params.id {
            lsp::NumberOrString::Number(n) => RequestId::from(n),
            lsp::NumberOrString::String(s) => RequestId::from(s),
        };
        let at = self
            .waiting
            .iter()
            .position(|m| matches!(m, Message::Request(r) if r.id == id));
        // `shutdown` is not a question that could be taken back.
        if let Some(at) = at
            && let Some(Message::Request(request)) = self.waiting.get(at)
            && request.method != "shutdown"
        {
            self.waiting.remove(at);
            let why = "the editor has taken it back".to_string();
            let code = ErrorCode::RequestCanceled as i32;
            self.send(Message::Response(Response::new_err(id, code, why)));
        }
    }

    /// Does what a message asks for; says whether it was goodbye.
    fn take(&mut self, message: Message) -> bool {
        match message {
            Message::Request(request) if request.method == "shutdown" => {
                self.send(Message::Response(Response::new_ok(request.id, ())));
                self.stopping = true;
            }
            Message::Request(request) if self.stopping => {
                let why = "the server is shutting down".to_string();
                let code = ErrorCode::InvalidRequest as i32;
                self.send(Message::Response(Response::new_err(request.id, code, why)));
            }
            Message::Request(request) => self.request(request),
            Message::Notification(told) if told.method == "exit" => return true,
            Message::Notification(told) => self.notice(told),
            Message::Response(_) => {}
        }
        false
    }

    fn done(&mut self, done: Done) {
        match done {
            Done::Checked { revision, policies } => self.checked(revision, policies),
            Done::Worst { root, flows } => {
                self.worst.insert(root, flows);
            }
        }
    }

    /// Has everything checked again; `anew` if files may have come or gone.
    fn look(&mut self, anew: bool) {
        self.revision += 1;
        let _ = self.jobs.send(Job {
            revision: self.revision,
            folders: self.folders.clone(),
            texts: self.texts.clone(),
            anew,
        });
    }

    fn checked(&mut self, revision: u64, policies: BTreeMap<String, Known>) {
        self.policies = policies;
        self.sound
            .retain(|root, _| self.policies.contains_key(root));
        for (root, Known { checked, .. }) in &self.policies {
            if checked.policy.complete || !self.sound.contains_key(root) {
                self.sound.insert(root.clone(), checked.clone());
            }
        }
        // Older texts' findings would stand in the wrong places; newer ones are on their way.
        if revision != self.revision {
            return;
        }
        let mut all: BTreeMap<String, Vec<lsp::Diagnostic>> = BTreeMap::new();
        for Known { checked, project } in self.policies.values() {
            if let Some(file) = &project.file {
                let wrong = project
                    .said()
                    .map(|(line, what)| report::of_line(line, what));
                all.insert(file.clone(), wrong.collect());
            }
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
            "textDocument/codeAction" => {
                let params: lsp::CodeActionParams = read(params)?;
                data(self.actions(&params))
            }
            "textDocument/semanticTokens/full" => {
                let params: lsp::SemanticTokensParams = read(params)?;
                data(self.tokens(&params.text_document.uri, None))
            }
            "textDocument/semanticTokens/range" => {
                let params: lsp::SemanticTokensRangeParams = read(params)?;
                data(self.tokens(&params.text_document.uri, Some(params.range)))
            }
            "textDocument/inlayHint" => {
                let params: lsp::InlayHintParams = read(params)?;
                data(self.hints(&params.text_document.uri, params.range))
            }
            "textDocument/signatureHelp" => {
                let params: lsp::SignatureHelpParams = read(params)?;
                data(self.signature(&params.text_document_position_params))
            }
            "textDocument/codeLens" => {
                let params: lsp::CodeLensParams = read(params)?;
                data(self.lenses(&params.text_document.uri))
            }
            "textDocument/documentLink" => {
                let params: lsp::DocumentLinkParams = read(params)?;
                data(self.links(&params.text_document.uri))
            }
            "workspace/executeCommand" => {
                let params: lsp::ExecuteCommandParams = read(params)?;
                self.command(&params)
            }
            method => Err((
                ErrorCode::MethodNotFound,
                format!("`{method}` is not known"),
            )),
        }
    }

    /// The root file of the policy that a file belongs to.
    fn root(&self, path: &str) -> String {
        let of = self.policies.iter().find(|(root, known)| {
            *root == path || known.checked.sources.files().any(|(_, f)| f.name() == path)
        });
        of.map_or_else(|| path.to_string(), |(root, _)| root.clone())
    }

    /// The path of a document, and its policy as it reads now.
    fn document(&mut self, uri: &lsp::Uri) -> Option<(String, Arc<Fresh>)> {
        let path = convert::path(uri)?;
        let fresh = self.fresh(&path)?;
        Some((path, fresh))
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
