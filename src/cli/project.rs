//! The project that a run belongs to: its `failway.toml`, and the folder that paths in reports are given
//! from.

use super::Trouble;
use crate::ci::place::Root;
use crate::config::{Config, NAME};
use crate::model::load::normalize;
use std::path::{Path, PathBuf};

/// A project's wishes, and how the folder that they stand in is reached from here.
#[derive(Debug, Default)]
pub(super) struct Project {
    pub(super) config: Config,
    folder: String,
}

impl Project {
    /// Reads the nearest `failway.toml`, from here upwards.
    pub(super) fn find() -> Result<Self, Trouble> {
        let here = here()?;
        let Some(folder) = here.ancestors().find(|f| f.join(NAME).is_file()) else {
            return Ok(Self::default());
        };
        let ups = here.ancestors().take_while(|f| *f != folder).count();
        let up = vec![".."; ups].join("/");
        let file = if ups == 0 {
            PathBuf::from(NAME)
        } else {
            PathBuf::from(format!("{up}/{NAME}"))
        };
        let shown = file.display();
        let bytes = super::files::read(&file, 1 << 20)
            .map_err(|why| Trouble::new(format!("`{shown}` cannot be read: {why}")))?;
        let text = String::from_utf8(bytes)
            .map_err(|_| Trouble::new(format!("`{shown}` cannot be read: it is not UTF-8")))?;
        let config = Config::read(&text).map_err(|wrong| {
            Trouble::lines(wrong.iter().map(|w| format!("{shown}:{w}")).collect())
        })?;
        Ok(Self { config, folder: up })
    }

    /// A path of the file as it is reached from here.
    pub(super) fn path(&self, path: &str) -> String {
        if self.folder.is_empty() || Path::new(path).is_absolute() {
            normalize(path)
        } else {
            normalize(&format!("{}/{path}", self.folder))
        }
    }

    /// The paths to work on: those given, else those of the file, else the current folder.
    pub(super) fn paths(&self, given: &[String]) -> Vec<String> {
        if !given.is_empty() {
            return given.to_vec();
        }
        if self.config.paths.is_empty() {
            return vec![".".to_string()];
        }
        self.config.paths.iter().map(|p| self.path(p)).collect()
    }
}

/// The root for paths in reports: the nearest folder, from here upwards, that is a Git repository;
/// without one, the folder that the program runs in.
pub(super) fn root() -> Result<Root, Trouble> {
    let here = here()?;
    let root = here.ancestors().find(|f| f.join(".git").exists());
    let text = |path: &Path| path.to_string_lossy().into_owned();
    Ok(Root::new(&text(&here), &text(root.unwrap_or(&here))))
}

/// The folder that the program runs in.
fn here() -> Result<PathBuf, Trouble> {
    std::env::current_dir()
        .map_err(|e| Trouble::new(format!("the current folder cannot be read: {e}")))
}
