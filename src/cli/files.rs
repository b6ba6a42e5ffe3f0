//! Finding and reading policies on disk.

use super::Trouble;
use super::progress::watched;
use super::project::Project;
use crate::model::load::{Loader, normalize};
use crate::source::Sources;
use crate::syntax::MAX_BYTES;
use crate::{Checked, check};
use ignore::WalkBuilder;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::Path;
use std::time::SystemTime;

/// The name under which standard input appears in findings.
pub(super) const STDIN: &str = "<stdin>";

/// Reads files from disk, and standard input under its name.
pub(super) struct Disk {
    stdin: Option<Vec<u8>>,
    seen: RefCell<BTreeMap<String, State>>,
}

/// What is known of a file without reading it; `None` if it isn't there.
pub(super) type State = Option<(SystemTime, u64)>;

/// The state of a file.
pub(super) fn state(path: &str) -> State {
    let meta = std::fs::metadata(path).ok()?;
    Some((meta.modified().ok()?, meta.len()))
}

impl Disk {
    /// A reader; standard input is read, once, if `stdin`.
    pub(super) fn new(stdin: bool) -> Result<Self, Trouble> {
        Ok(Self {
            stdin: if stdin { Some(self::stdin()?) } else { None },
            seen: RefCell::default(),
        })
    }

    /// The files that were asked for, each in the state before it was first read.
    pub(super) fn seen(&self) -> BTreeMap<String, State> {
        self.seen.borrow().clone()
    }
}

impl Loader for Disk {
    fn load(&self, path: &str) -> Result<Vec<u8>, String> {
        if path == STDIN
            && let Some(bytes) = &self.stdin
        {
            return Ok(bytes.clone());
        }
        // Nothing else borrows it meanwhile.
        let mut seen = self.seen.borrow_mut();
        if !seen.contains_key(path) {
            seen.insert(path.to_string(), state(path));
        }
        drop(seen);
        read(Path::new(path), MAX_BYTES)
    }
}

/// The bytes of standard input, one more than a source may have if there are more.
pub(super) fn stdin() -> Result<Vec<u8>, Trouble> {
    let mut bytes = Vec::new();
    std::io::stdin()
        .lock()
        .take(MAX_BYTES as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(|e| Trouble::new(format!("standard input cannot be read: {e}")))?;
    Ok(bytes)
}

/// Why a file cannot be read.
pub(super) fn why(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".to_string(),
        std::io::ErrorKind::PermissionDenied => "you may not read it".to_string(),
        _ => error.to_string(),
    }
}

/// The bytes of a regular file, one more than `most` if it is larger.
pub(super) fn read(path: &Path, most: usize) -> Result<Vec<u8>, String> {
    let why = |e: std::io::Error| why(&e);
    let meta = std::fs::metadata(path).map_err(why)?;
    if meta.is_dir() {
        return Err("it is a folder".to_string());
    }
    if !meta.is_file() {
        return Err("it is not a file".to_string());
    }
    let mut bytes = Vec::new();
    std::fs::File::open(path)
        .map_err(why)?
        .take(most as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(why)?;
    Ok(bytes)
}

/// The one policy that a path means: the file itself, or the only policy in a folder. `-` is
/// standard input.
pub(super) fn the_policy(path: &str) -> Result<String, Trouble> {
    if path == "-" {
        return Ok(STDIN.to_string());
    }
    if !Path::new(path).is_dir() {
        return Ok(path.to_string());
    }
    let disk = Disk::new(false)?;
    let mut roots = find(&[path.to_string()])?;
    roots.retain(|file| disk.load(file).is_ok_and(|bytes| has_header(&bytes)));
    match roots.as_slice() {
        [one] => Ok(one.clone()),
        [] => Err(Trouble::new(format!(
            "no file in `{path}` begins with `policy NAME`"
        ))),
        _ => Err(Trouble::new(format!(
            "`{path}` holds {} policies; name one of them: {}",
            roots.len(),
            roots.join(", ")
        ))),
    }
}

/// Files that were asked for, in order: those named, and those found in named folders.
pub(super) fn find(paths: &[String]) -> Result<Vec<String>, Trouble> {
    let mut found = Vec::new();
    for path in paths {
        if path == "-" {
            found.push(STDIN.to_string());
            continue;
        }
        let meta = std::fs::metadata(path).map_err(|e| match e.kind() {
            std::io::ErrorKind::NotFound => {
                Trouble::new(format!("there is no file or folder `{path}`"))
            }
            _ => Trouble::new(format!("`{path}` cannot be read: {e}")),
        })?;
        if !meta.is_dir() {
            found.push(normalize(path));
            continue;
        }
        let mut here = Vec::new();
        for entry in WalkBuilder::new(path).require_git(false).build() {
            let entry = entry.map_err(|e| Trouble::new(format!("`{path}` cannot be read: {e}")))?;
            let at = entry.path();
            if at.extension().is_some_and(|e| e == "failway")
                && entry.file_type().is_some_and(|t| t.is_file())
            {
                let name = at.to_str().ok_or_else(|| {
                    Trouble::new(format!("the path `{}` is not UTF-8", at.display()))
                })?;
                here.push(normalize(&name.replace('\\', "/")));
            }
        }
        here.sort();
        found.extend(here);
    }
    if found.is_empty() {
        return Err(Trouble::new(format!(
            "there is no .failway file in {}; `failway new NAME` writes a first one",
            paths
                .iter()
                .map(|p| format!("`{p}`"))
                .collect::<Vec<_>>()
                .join(", ")
        )));
    }
    let mut seen = BTreeSet::new();
    found.retain(|f| seen.insert(f.clone()));
    Ok(found)
}

/// Does `work` on every policy among `files`, and calls `each` with what came of it. A file without
/// a `policy` header belongs to the policies that use it; it is taken by itself only if none does.
pub(super) fn each_policy<T>(
    files: &[String],
    disk: &Disk,
    work: impl Fn(&str) -> Result<(Checked, T), String>,
    mut each: impl FnMut(&str, Result<(Checked, T), String>) -> Result<(), Trouble>,
) -> Result<(), Trouble> {
    let mut reached: BTreeSet<String> = BTreeSet::new();
    let mut parts = Vec::new();
    for (number, file) in files.iter().enumerate() {
        let root = disk.load(file).map(|bytes| has_header(&bytes));
        if root == Ok(false) {
            parts.push(file);
            continue;
        }
        let done = watched(file, (number + 1, files.len()), || work(file));
        if let Ok((checked, _)) = &done {
            reached.extend(names(&checked.sources));
        }
        each(file, done)?;
    }
    // A part that uses another part speaks for it.
    let mut alone: BTreeSet<String> = BTreeSet::new();
    for file in &parts {
        if reached.contains(*file) {
            continue;
        }
        if let Ok(checked) = check(file, disk) {
            alone.extend(names(&checked.sources).filter(|n| n != *file));
        }
    }
    for file in parts {
        if !reached.contains(file) && !alone.contains(file) {
            each(file, watched(file, (1, 1), || work(file)))?;
        }
    }
    Ok(())
}

fn names(sources: &Sources) -> impl Iterator<Item = String> + '_ {
    sources.files().map(|(_, f)| f.name().to_string())
}

/// Whether the first word of a source is `policy`.
fn has_header(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes));
    text.lines()
        .map(str::trim_start)
        .find(|line| !line.is_empty() && !line.starts_with("//"))
        .and_then(|line| line.split(|c: char| c.is_whitespace() || c == '/').next())
        == Some("policy")
}

/// The environment's word on how many times the usual work a question may take.
const EFFORT: &str = "FAILWAY_EFFORT";

/// How many times the usual work a question may take: the option, else what the environment says, else
/// the project's file.
pub(super) fn effort(option: Option<u32>) -> Result<u32, Trouble> {
    if let Some(effort) = option {
        return Ok(effort);
    }
    let Ok(text) = std::env::var(EFFORT) else {
        return Ok(Project::find()?.config.effort.unwrap_or(1));
    };
    match text.trim().parse() {
        Ok(effort) if (1..=1000).contains(&effort) => Ok(effort),
        _ => Err(Trouble::new(format!(
            "{EFFORT} is `{text}`, but has to be a number from 1 to 1000"
        ))),
    }
}
