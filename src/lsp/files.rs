//! The texts of policies: open in the editor, or on disk.

use crate::diagnostics::Diagnostic;
use crate::model::load::{Loader, normalize};
use crate::source::FileId;
use crate::syntax::kept::Kept;
use crate::syntax::{self, MAX_BYTES, tree};
use ignore::WalkBuilder;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// The documents that are open, by path.
#[derive(Clone, Debug, Default)]
pub(super) struct Texts {
    pub open: BTreeMap<String, Arc<str>>,
    /// The trees of open documents as they were read last, for both threads.
    trees: Arc<Mutex<BTreeMap<String, Arc<Kept>>>>,
}

impl Loader for Texts {
    fn load(&self, path: &str) -> Result<Vec<u8>, String> {
        if let Some(text) = self.open.get(path) {
            return Ok(text.as_bytes().to_vec());
        }
        let path = Path::new(path);
        let meta = std::fs::metadata(path).map_err(|e| match e.kind() {
            std::io::ErrorKind::NotFound => "there is no such file".to_string(),
            _ => e.to_string(),
        })?;
        if !meta.is_file() {
            return Err("it is not a file".to_string());
        }
        let mut bytes = Vec::new();
        std::fs::File::open(path)
            .and_then(|f| f.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes))
            .map_err(|e| e.to_string())?;
        Ok(bytes)
    }

    fn tree(&self, id: FileId, path: &str, text: &str) -> (tree::File, Vec<Diagnostic>) {
        if !self.open.contains_key(path) {
            return syntax::parse(id, text);
        }
        // Who comes while the text is being read waits, and finds the tree.
        let mut trees = self.trees.lock().unwrap_or_else(PoisonError::into_inner);
        let now = match trees.get(path) {
            Some(kept) => kept.again(id, text),
            None => Kept::new(id, text),
        };
        let read = (now.file.clone(), now.findings.clone());
        trees.insert(path.to_string(), Arc::new(now));
        trees.retain(|path, _| self.open.contains_key(path));
        read
    }
}

/// The most files that are looked for in folders.
const FILES_MAX: usize = 2_000;

/// All policies' files: those in the folders, and those that are open.
pub(super) fn all(folders: &[String], texts: &Texts) -> Vec<String> {
    let mut found: BTreeSet<String> = texts.open.keys().cloned().collect();
    for folder in folders {
        for entry in WalkBuilder::new(folder)
            .require_git(false)
            .build()
            .flatten()
        {
            let at = entry.path();
            let is_file = entry.file_type().is_some_and(|t| t.is_file());
            if is_file
                && at.extension().is_some_and(|e| e == "failway")
                && let Some(name) = at.to_str()
            {
                found.insert(normalize(&name.replace('\\', "/")));
            }
            if found.len() >= FILES_MAX {
                break;
            }
        }
    }
    found.into_iter().collect()
}

/// Whether the first word of a file is `policy`.
pub(super) fn has_header(text: &[u8]) -> bool {
    let text = String::from_utf8_lossy(text);
    text.lines()
        .map(str::trim_start)
        .find(|line| !line.is_empty() && !line.starts_with("//"))
        .and_then(|line| line.split(|c: char| c.is_whitespace() || c == '/').next())
        == Some("policy")
}
