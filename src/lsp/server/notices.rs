//! What the editor tells: documents open, change and close.

use super::{Server, read};
use crate::lsp::convert;
use crate::source::SourceFile;
use lsp_server::Notification;
use lsp_types as lsp;

impl Server<'_> {
    pub(super) fn notice(&mut self, told: Notification) {
        // What cannot be read is no notice that we know.
        let _ = match told.method.as_str() {
            "textDocument/didOpen" => read(told.params).map(|p| self.opened(p)),
            "textDocument/didChange" => read(told.params).map(|p| self.changed(p)),
            "textDocument/didClose" => read(told.params).map(|p| self.closed(&p)),
            "workspace/didChangeWatchedFiles" | "textDocument/didSave" => {
                self.fresh = None;
                self.look(true);
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
            self.look(true);
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
        self.look(false);
    }

    fn closed(&mut self, params: &lsp::DidCloseTextDocumentParams) {
        if let Some(path) = convert::path(&params.text_document.uri) {
            self.texts.open.remove(&path);
            self.versions.remove(&path);
            self.shown.insert(path);
            self.look(true);
        }
    }
}
