//! Brings in a policy's files: the root and, by `use`, all others, each once. All reading goes
//! through a [`Loader`]; nothing here touches a disk.

use crate::diagnostics::{Code, Diagnostic};
use crate::source::{FileId, SourceFile, Sources, Span};
use crate::syntax::{self, tree};
use std::collections::BTreeMap;

/// Reads files for the compiler.
pub trait Loader {
    /// The bytes of the file at `path` (`/` between its parts).
    ///
    /// # Errors
    /// A sentence for the user that says why it cannot be read.
    fn load(&self, path: &str) -> Result<Vec<u8>, String>;

    /// The tree of a file's text, with what could not be read; for who keeps trees.
    fn tree(&self, id: FileId, path: &str, text: &str) -> (tree::File, Vec<Diagnostic>) {
        let _ = path;
        syntax::parse(id, text)
    }
}

/// All files of one policy, read.
#[derive(Debug)]
pub struct Loaded {
    /// Texts, the root first.
    pub sources: Sources,
    /// Trees, in the order of `sources`.
    pub files: Vec<tree::File>,
    /// What reading found.
    pub findings: Vec<Diagnostic>,
    /// Why the root itself could not be read: then there is nothing else in here.
    pub unreadable: Option<String>,
}

/// Reads the file at `root` and everything that it uses.
#[must_use]
pub fn load(root: &str, loader: &dyn Loader) -> Loaded {
    let mut loaded = Loaded {
        sources: Sources::new(),
        files: Vec::new(),
        findings: Vec::new(),
        unreadable: None,
    };
    let mut known: BTreeMap<String, FileId> = BTreeMap::new();
    let root = normalize(root);
    match loader.load(&root).and_then(|bytes| syntax::decode(&bytes)) {
        Ok(text) => add(&mut loaded, loader, &mut known, root, text),
        Err(why) => {
            loaded.unreadable = Some(why);
            return loaded;
        }
    }
    // Files used by each file, for finding circles.
    let mut edges: Vec<Vec<(usize, Span)>> = vec![Vec::new()];
    let mut next = 0;
    while let Some(file) = loaded.files.get(next) {
        let uses: Vec<(String, Span)> = file
            .items
            .iter()
            .filter_map(|item| match &item.kind {
                tree::ItemKind::Use { path } => Some((path.node.clone(), path.span)),
                _ => None,
            })
            .collect();
        let here = loaded.sources.file(file.id).name().to_string();
        for (path, span) in uses {
            let full = join(&here, &path);
            if let Some(id) = known.get(&full) {
                if let Some(list) = edges.get_mut(next) {
                    list.push((id.0 as usize, span));
                }
                continue;
            }
            match loader.load(&full).and_then(|bytes| syntax::decode(&bytes)) {
                Ok(text) => {
                    let id = loaded.files.len();
                    add(&mut loaded, loader, &mut known, full, text);
                    edges.push(Vec::new());
                    if let Some(list) = edges.get_mut(next) {
                        list.push((id, span));
                    }
                }
                Err(why) => {
                    if let Some(file) = loaded.files.get_mut(next) {
                        file.complete = false;
                    }
                    loaded.findings.push(
                        Diagnostic::new(
                            Code::FW106,
                            format!("`{path}` cannot be read: {why}"),
                            span,
                            format!("looked for `{full}`"),
                        )
                        .help("paths in `use` are relative to the file that they stand in"),
                    );
                }
            }
        }
        next += 1;
    }
    circles(&mut loaded, &edges);
    loaded
}

fn add(
    loaded: &mut Loaded,
    loader: &dyn Loader,
    known: &mut BTreeMap<String, FileId>,
    path: String,
    text: String,
) {
    let id = loaded.sources.add(SourceFile::new(path.clone(), text));
    let (tree, findings) = loader.tree(id, &path, loaded.sources.file(id).text());
    known.insert(path, id);
    loaded.files.push(tree);
    loaded.findings.extend(findings);
}

/// Reports each `use` that leads back to a file that led to it.
fn circles(loaded: &mut Loaded, edges: &[Vec<(usize, Span)>]) {
    // 0: not seen, 1: on the way, 2: done.
    let mut mark = vec![0u8; edges.len()];
    let mut stack: Vec<(usize, usize)> = vec![(0, 0)];
    if let Some(m) = mark.get_mut(0) {
        *m = 1;
    }
    while let Some((node, at)) = stack.pop() {
        match edges.get(node).and_then(|list| list.get(at)) {
            None => {
                if let Some(m) = mark.get_mut(node) {
                    *m = 2;
                }
            }
            Some(&(to, span)) => {
                stack.push((node, at + 1));
                match mark.get(to).copied() {
                    Some(0) => {
                        if let Some(m) = mark.get_mut(to) {
                            *m = 1;
                        }
                        stack.push((to, 0));
                    }
                    Some(1) => loaded.findings.push(
                        Diagnostic::new(
                            Code::FW106,
                            if to == node {
                                "this file uses itself"
                            } else {
                                "these files use each other in a circle"
                            },
                            span,
                            "leads back to a file that led here",
                        )
                        .help(if to == node {
                            "leave this out: a file always has its own declarations"
                        } else {
                            "move what both need into a third file, and use that"
                        }),
                    ),
                    _ => {}
                }
            }
        }
    }
}

/// `path` as seen from the file `from`.
pub(crate) fn join(from: &str, path: &str) -> String {
    let path = path.replace('\\', "/");
    if path.starts_with('/') {
        return normalize(&path);
    }
    match from.rsplit_once('/') {
        Some((folder, _)) => normalize(&format!("{folder}/{path}")),
        None => normalize(&path),
    }
}

/// `path` as seen from the folder of the file `root`; as it is where no relative path leads there.
/// Both are normal.
pub(crate) fn relative(root: &str, path: &str) -> String {
    let folder: Vec<&str> = root
        .rsplit_once('/')
        .map_or(Vec::new(), |(f, _)| f.split('/').collect());
    let parts: Vec<&str> = path.split('/').collect();
    let common = folder
        .iter()
        .zip(&parts)
        .take_while(|(a, b)| a == b)
        .count();
    let up = folder.get(common..).unwrap_or_default();
    if root.starts_with('/') != path.starts_with('/') || up.contains(&"..") {
        return path.to_string();
    }
    let down = parts.get(common..).unwrap_or_default();
    let steps = up.iter().map(|_| "..").chain(down.iter().copied());
    steps.collect::<Vec<_>>().join("/")
}

/// Without `.` and, where possible, without `..`.
pub(crate) fn normalize(path: &str) -> String {
    let absolute = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|p| *p != "..") => {
                parts.pop();
            }
            ".." if absolute => {}
            other => parts.push(other),
        }
    }
    let joined = parts.join("/");
    if absolute {
        format!("/{joined}")
    } else if joined.is_empty() {
        ".".to_string()
    } else {
        joined
    }
}

#[cfg(test)]
mod tests {
    use super::relative;

    #[test]
    fn a_path_does_not_say_where_the_folder_lies() {
        let seen = |root, path| relative(root, path);
        assert_eq!(seen("desk.failway", "desk.failway"), "desk.failway");
        assert_eq!(
            seen("/a/b/desk.failway", "/a/b/desk.failway"),
            "desk.failway"
        );
        assert_eq!(
            seen("a/b/desk.failway", "a/b/parts/types.failway"),
            "parts/types.failway"
        );
        assert_eq!(
            seen("/a/b/desk.failway", "/a/types.failway"),
            "../types.failway"
        );
        assert_eq!(
            seen("a/b/desk.failway", "c/types.failway"),
            "../../c/types.failway"
        );
        assert_eq!(
            seen("../a/desk.failway", "../types.failway"),
            "../types.failway"
        );
        assert_eq!(seen("../desk.failway", "types.failway"), "types.failway");
        assert_eq!(
            seen("a/desk.failway", "/lib/types.failway"),
            "/lib/types.failway"
        );
        assert_eq!(seen("-", "-"), "-");
    }
}
