//! What an editor shows beside the text, and the commands that it can have run.

use super::{Answer, Server, data};
use crate::lsp::{convert, hints, lenses, signature, tokens};
use crate::model::load::join;
use crate::syntax::tree::ItemKind;
use lsp_server::{ErrorCode, Message, Notification};
use lsp_types as lsp;
use serde_json::{Value, json};

impl Server<'_> {
    pub(super) fn tokens(
        &mut self,
        uri: &lsp::Uri,
        range: Option<lsp::Range>,
    ) -> Option<lsp::SemanticTokens> {
        let (path, fresh) = self.document(uri)?;
        let (id, file) = fresh.file(&path)?;
        let within = match range {
            None => 0..file.text().len(),
            Some(r) => self.encoding.offset(file, r.start)..self.encoding.offset(file, r.end),
        };
        Some(lsp::SemanticTokens {
            result_id: None,
            data: tokens::of(&fresh, id, &within, self.encoding),
        })
    }

    pub(super) fn hints(&mut self, uri: &lsp::Uri, range: lsp::Range) -> Vec<lsp::InlayHint> {
        let Some((path, fresh)) = self.document(uri) else {
            return Vec::new();
        };
        let (Some((id, file)), Some(checked)) =
            (fresh.file(&path), self.sound.get(&fresh.root).cloned())
        else {
            return Vec::new();
        };
        let start = self.encoding.offset(file, range.start);
        let end = self.encoding.offset(file, range.end).saturating_add(1);
        hints::of(&fresh, &checked, id, &(start..end), self.encoding)
    }

    pub(super) fn signature(
        &mut self,
        at: &lsp::TextDocumentPositionParams,
    ) -> Option<lsp::SignatureHelp> {
        let (fresh, file, offset) = self.place(at)?;
        signature::at(&fresh, file, offset)
    }

    pub(super) fn lenses(&mut self, uri: &lsp::Uri) -> Vec<lsp::CodeLens> {
        let Some((path, fresh)) = self.document(uri) else {
            return Vec::new();
        };
        fresh
            .file(&path)
            .map(|(id, _)| lenses::of(&fresh, id, self.encoding))
            .unwrap_or_default()
    }

    /// The files that a file uses.
    pub(super) fn links(&mut self, uri: &lsp::Uri) -> Vec<lsp::DocumentLink> {
        let Some((path, fresh)) = self.document(uri) else {
            return Vec::new();
        };
        let Some((id, file)) = fresh.file(&path) else {
            return Vec::new();
        };
        let trees = fresh.loaded.files.iter().filter(|f| f.id == id);
        let link = |item: &crate::syntax::tree::Item| match &item.kind {
            ItemKind::Use { path: used } => Some(lsp::DocumentLink {
                range: self.encoding.range(file, used.span),
                target: convert::uri(&join(&path, &used.node)),
                tooltip: None,
                data: None,
            }),
            _ => None,
        };
        trees.flat_map(|t| &t.items).filter_map(link).collect()
    }

    /// Runs a command: answers what came of it, and tells the user.
    pub(super) fn command(&mut self, params: &lsp::ExecuteCommandParams) -> Answer {
        let text = |n: usize| params.arguments.get(n).and_then(Value::as_str);
        let wrong = || {
            let why = format!("the arguments of `{}` are wrong", params.command);
            (ErrorCode::InvalidParams, why)
        };
        let uri: lsp::Uri = text(0).and_then(|t| t.parse().ok()).ok_or_else(wrong)?;
        let path = convert::path(&uri).ok_or_else(wrong)?;
        let root = self.root(&path);
        let unreadable = |why: String| (ErrorCode::RequestFailed, why);
        let said = match params.command.as_str() {
            lenses::RUN_TEST => {
                let name = text(1).ok_or_else(wrong)?;
                let compiled = crate::compile(&root, &self.texts).map_err(unreadable)?;
                lenses::run_test(compiled, name)
            }
            lenses::WHAT_IF => {
                let (flow, state) = text(1).zip(text(2)).ok_or_else(wrong)?;
                let Some(checked) = self.current(&root) else {
                    return Err(unreadable("the policy cannot be read".to_string()));
                };
                lenses::what_if(&checked, flow, state)
            }
            other => {
                let why = format!("there is no command `{other}`");
                return Err((ErrorCode::InvalidParams, why));
            }
        };
        let kind = match said.well {
            true => lsp::MessageType::INFO,
            false => lsp::MessageType::WARNING,
        };
        self.tell(
            "window/showMessage",
            json!({ "type": kind, "message": said.line }),
        );
        let page = (params.command == lenses::WHAT_IF || !said.well)
            .then(|| crate::lsp::report::written(&params.command, &said.page))
            .flatten();
        if let Some(uri) = &page
            && self.shows_pages
        {
            let params = json!({ "uri": uri, "takeFocus": false });
            self.request_of_editor("window/showDocument", params);
        }
        data(json!({ "ok": said.well, "message": said.line, "report": said.page, "page": page }))
    }

    fn tell(&self, method: &str, params: Value) {
        self.send(Message::Notification(Notification::new(
            method.to_string(),
            params,
        )));
    }
}
