//! The project that a run belongs to: the folder that paths in reports are given from.

use super::Trouble;
use crate::ci::place::Root;
use std::path::{Path, PathBuf};

/// The root for paths in reports: the nearest folder, from here upwards, that is a Git repository;
/// without one, the folder that the program runs in.
pub(super) fn root() -> Result<Root, Trouble> {
    let here = here()?;
    let root = upwards(&here, ".git").unwrap_or(&here);
    let text = |path: &Path| path.to_string_lossy().into_owned();
    Ok(Root::new(&text(&here), &text(root)))
}

/// The folder that the program runs in.
fn here() -> Result<PathBuf, Trouble> {
    std::env::current_dir()
        .map_err(|e| Trouble::new(format!("the current folder cannot be read: {e}")))
}

/// The nearest folder, from `here` upwards, in which there is something of that name.
fn upwards<'p>(here: &'p Path, name: &str) -> Option<&'p Path> {
    here.ancestors().find(|folder| folder.join(name).exists())
}
