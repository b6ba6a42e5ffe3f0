//! What is compared: a file on disk, or one in a git revision.

use super::super::Trouble;
use super::super::files::{self, Disk};
use super::super::output::Output;
use super::super::progress::watched;
use crate::Checked;
use crate::model::load::Loader;
use crate::table::Table;
use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};

/// Where a version is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Version {
    Disk(String),
    /// The revision as it was written, and the path.
    Git(String, String),
}

/// A version, read.
pub(super) struct Opened {
    pub(super) name: String,
    pub(super) table: Table,
    /// Of a source.
    pub(super) checked: Option<Checked>,
}

/// What the two arguments mean.
pub(super) fn both(old: &str, new: Option<&str>) -> Result<(Version, Version), Trouble> {
    let old = read(old);
    let new = match new {
        Some(new) => read(new),
        None => match &old {
            Version::Git(_, path) if !path.is_empty() => Version::Disk(path.clone()),
            _ => {
                return Err(Trouble::new(
                    "there is nothing to compare it with; name a second file, or a revision as `HEAD:desk.failway`",
                ));
            }
        },
    };
    let path = |version: &Version| match version {
        Version::Disk(path) | Version::Git(_, path) => path.clone(),
    };
    let filled = |version: Version, other: &Version| match version {
        Version::Git(rev, empty) if empty.is_empty() => Version::Git(rev, path(other)),
        known => known,
    };
    let (first, second) = (filled(old.clone(), &new), filled(new, &old));
    for version in [&first, &second] {
        if let Version::Git(rev, path) = version {
            if path.is_empty() {
                return Err(Trouble::new(format!(
                    "`{rev}:` is a revision without a path; write it as `{rev}:desk.failway`"
                )));
            }
            if path == "-" {
                return Err(Trouble::new(format!(
                    "standard input is in no revision; write the path as `{rev}:desk.failway`"
                )));
            }
        }
    }
    if first == Version::Disk("-".to_owned()) && first == second {
        return Err(Trouble::new("only one of the two can be standard input"));
    }
    Ok((first, second))
}

/// A file that is there is meant as one, whatever its name.
fn read(text: &str) -> Version {
    match text.split_once(':') {
        Some((rev, path)) if !rev.is_empty() && !Path::new(text).exists() => {
            Version::Git(rev.to_owned(), path.replace('\\', "/"))
        }
        _ => Version::Disk(text.to_owned()),
    }
}

impl Version {
    /// The table of it.
    pub(super) fn open(&self, effort: u32, out: &Output) -> Result<Opened, Trouble> {
        match self {
            Self::Disk(path) => {
                let disk = Disk::new(path == "-")?;
                let file = files::the_policy(path)?;
                if file == files::STDIN {
                    let bytes = disk.load(&file).map_err(Trouble::new)?;
                    return opened(&file, &file, &bytes, &disk, effort, out);
                }
                let bytes = files::read(Path::new(&file), crate::table::read::SIZE_MAX)
                    .map_err(|why| Trouble::new(format!("`{file}` cannot be read: {why}")))?;
                opened(&file, &file, &bytes, &disk, effort, out)
            }
            Self::Git(rev, path) => {
                let git = Git::at(rev)?;
                let name = format!("{rev}:{path}");
                let bytes = git
                    .show(path, crate::table::read::SIZE_MAX)
                    .map_err(|why| Trouble::new(format!("`{name}` cannot be read: {why}")))?;
                opened(&name, path, &bytes, &git, effort, out)
            }
        }
    }
}

fn opened(
    name: &str,
    path: &str,
    bytes: &[u8],
    loader: &dyn Loader,
    effort: u32,
    out: &Output,
) -> Result<Opened, Trouble> {
    let start = bytes.iter().find(|b| !b.is_ascii_whitespace());
    if start == Some(&b'{') {
        let table = Table::read(bytes).map_err(|e| Trouble::new(format!("`{name}`: {e}")))?;
        return Ok(Opened {
            name: name.to_owned(),
            table,
            checked: None,
        });
    }
    let (checked, table) = watched(name, (1, 1), || crate::compile_with(path, loader, effort))
        .map_err(|why| Trouble::new(format!("`{name}` cannot be read: {why}")))?;
    let Some(table) = table else {
        out.errors(&checked.sources, &checked.findings);
        return Err(Trouble::new(format!(
            "`{name}` has errors, so it decides nothing that could be compared"
        )));
    };
    Ok(Opened {
        name: name.to_owned(),
        table,
        checked: Some(checked),
    })
}

impl Opened {
    /// Where the rules stand.
    pub(super) fn rules(&self) -> BTreeMap<String, String> {
        let Some(checked) = &self.checked else {
            return BTreeMap::new();
        };
        let place = |span: crate::source::Span| {
            let file = checked.sources.file(span.file);
            format!("{}:{}", file.name(), file.line_col(span.start).line)
        };
        let rules = checked.policy.rules.iter();
        rules
            .map(|r| (r.name.clone(), place(r.name_span)))
            .collect()
    }
}

/// Reads files from a git revision.
struct Git {
    /// The commit.
    commit: String,
    rev: String,
}

impl Git {
    fn at(rev: &str) -> Result<Self, Trouble> {
        let asked = format!("{rev}^{{commit}}");
        let args = [
            "rev-parse",
            "--verify",
            "--quiet",
            "--end-of-options",
            &asked,
        ];
        let came = Command::new("git")
            .args(args)
            .stdin(Stdio::null())
            .output()
            .map_err(|e| Trouble::new(format!("`git` could not be run: {}", files::why(&e))))?;
        let commit = String::from_utf8_lossy(&came.stdout).trim().to_owned();
        if !came.status.success() || commit.is_empty() {
            return Err(Trouble::new(format!(
                "there is no file `{rev}:…`, and git knows no revision `{rev}` here"
            )));
        }
        Ok(Self {
            commit,
            rev: rev.to_owned(),
        })
    }

    /// The bytes of a file, one more than `most` if it is larger.
    fn show(&self, path: &str, most: usize) -> Result<Vec<u8>, String> {
        let inside = if Path::new(path).is_absolute() {
            return Err("write the path relative to the folder that you are in".to_owned());
        } else {
            format!("{}:./{path}", self.commit)
        };
        let mut child = Command::new("git")
            .args(["cat-file", "blob", &inside])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|e| format!("`git` could not be run: {}", files::why(&e)))?;
        let mut bytes = Vec::new();
        if let Some(out) = child.stdout.take() {
            out.take(most as u64 + 1)
                .read_to_end(&mut bytes)
                .map_err(|e| files::why(&e))?;
        }
        let ended = child.wait().map_err(|e| files::why(&e))?;
        if !ended.success() && bytes.len() <= most {
            return Err(format!(
                "there is no such file in `{}`; PATH is relative to the folder that you are in",
                self.rev
            ));
        }
        Ok(bytes)
    }
}

impl Loader for Git {
    fn load(&self, path: &str) -> Result<Vec<u8>, String> {
        self.show(path, crate::syntax::MAX_BYTES)
    }
}
