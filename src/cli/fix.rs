//! What `failway check --fix` writes.

use super::Trouble;
use super::compile::replace;
use super::files::STDIN;
use super::fmt::show;
use super::output::{Output, count};
use crate::diagnostics::Trust;
use crate::fixes::Change;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::Path;

/// What was asked for.
pub(super) struct Wanted {
    pub(super) fix: bool,
    pub(super) diff: bool,
    pub(super) guesses: bool,
}

impl Wanted {
    /// Whether anything is to be repaired, or shown as it would be.
    pub(super) fn any(&self) -> bool {
        self.fix || self.diff
    }

    pub(super) fn may(&self, trust: Trust) -> bool {
        match trust {
            Trust::Safe => true,
            Trust::Unsafe => self.guesses,
            Trust::Draft => false,
        }
    }

    /// Whether files are written.
    fn writes(&self) -> bool {
        self.any() && !self.diff
    }

    /// Writes the files that are different now, each whole or not at all; or shows the difference.
    pub(super) fn write(
        &self,
        out: &mut Output,
        changed: &BTreeMap<String, Change>,
        seen: &mut BTreeSet<String>,
    ) -> Result<(), Trouble> {
        for (file, change) in changed {
            let new = seen.insert(file.clone());
            if !self.writes() {
                // What two policies use is shown once.
                if new {
                    show(out, file, &change.before, &change.after)?;
                }
            } else if file == STDIN {
                out.write_all(change.after.as_bytes())?;
            } else {
                // What a link points to is written, not the link.
                let path = std::fs::canonicalize(file).unwrap_or_else(|_| Path::new(file).into());
                replace(&path, change.after.as_bytes())?;
            }
        }
        Ok(())
    }

    /// What was done, in a line on standard error.
    pub(super) fn say(&self, out: &Output, repairs: usize, files: usize) {
        let what = count(repairs, "repair");
        let place = count(files, "file");
        match (repairs, self.writes()) {
            (0, _) if self.guesses => out.aside("nothing that could be repaired"),
            (0, _) => out.aside("nothing that could be repaired in one way only; --unsafe-fixes takes guesses as well"),
            (_, true) => out.aside(&format!("{what} in {place}")),
            (_, false) => out.aside(&format!("{what} in {place}, nothing written")),
        }
    }
}
