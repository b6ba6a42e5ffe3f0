//! What a project wants of its findings, by the nearest `failway.toml` above a policy: the editor shows what
//! `check` would say.

use crate::config::{Config, NAME};
use crate::model::load::Loader;
use crate::{Checked, add_style, check_watched};
use std::path::Path;

/// The settings for a policy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Project {
    pub config: Config,
    /// The file, if there is one.
    pub file: Option<String>,
    /// What is wrong with it, each with its line; then nothing of it counts.
    pub wrong: Vec<String>,
}

impl Project {
    /// Of the policy with that root file; read anew each time, since it is short.
    pub fn of(root: &str) -> Self {
        let mut files = Path::new(root).ancestors().skip(1).map(|f| f.join(NAME));
        let Some(path) = files.find(|p| p.is_file()) else {
            return Self::default();
        };
        let file = Some(path.to_string_lossy().replace('\\', "/"));
        let text = std::fs::read_to_string(&path).map_err(|e| vec![format!("1: {e}")]);
        let (config, wrong) = match text.and_then(|text| Config::read(&text)) {
            Ok(config) => (config, Vec::new()),
            Err(wrong) => (Config::default(), wrong),
        };
        Self {
            config,
            file,
            wrong,
        }
    }

    /// Checks a policy as the project wants it.
    pub fn check(&self, root: &str, loader: &dyn Loader) -> Option<Checked> {
        let effort = self.config.effort.unwrap_or(1);
        let mut checked = check_watched(root, loader, effort, &mut |_| {}).ok()?;
        if self.config.style {
            add_style(&mut checked, root, loader).ok()?;
        }
        self.config.level(&mut checked.findings);
        Some(checked)
    }

    /// What is wrong with the file, for those who have it open: the line, from 0, and what.
    pub fn said(&self) -> impl Iterator<Item = (u32, &str)> {
        self.wrong.iter().map(|wrong| {
            let (line, what) = wrong.split_once(": ").unwrap_or(("1", wrong));
            (line.parse::<u32>().unwrap_or(1).saturating_sub(1), what)
        })
    }
}
