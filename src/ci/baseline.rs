//! Baselines: the findings that a project had when it took Failway up, or lives with. They are hidden
//! from then on; what is new is not.

use super::Entry;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The version of the form.
const VERSION: u32 = 1;

/// One finding of a baseline. All but the fingerprint is for people.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Known {
    /// The file, from the project's root.
    pub file: String,
    /// The code.
    pub code: String,
    /// What it is known by.
    pub fingerprint: String,
    /// What was found, in the words of that time.
    pub message: String,
}

#[derive(Serialize, Deserialize)]
struct Document {
    version: u32,
    findings: Vec<Known>,
}

/// The findings that are known, by fingerprint.
#[derive(Clone, Debug, Default)]
pub struct Baseline {
    known: BTreeMap<String, Known>,
}

impl Baseline {
    /// Reads a baseline.
    ///
    /// # Errors
    /// Why it cannot be one, as a sentence for the user.
    pub fn read(bytes: &[u8]) -> Result<Self, String> {
        let document: Document =
            serde_json::from_slice(bytes).map_err(|e| format!("it is no baseline: {e}"))?;
        if document.version != VERSION {
            let version = document.version;
            return Err(format!(
                "it is a baseline of version {version}; this program reads version {VERSION}"
            ));
        }
        let known = document.findings.into_iter();
        Ok(Self {
            known: known.map(|k| (k.fingerprint.clone(), k)).collect(),
        })
    }

    /// The text of a baseline with those findings: one a line, in an order that keeps differences small.
    #[must_use]
    pub fn text<'e>(entries: impl Iterator<Item = &'e Entry>) -> String {
        let mut known: Vec<Known> = entries
            .map(|entry| Known {
                file: entry.at.file.clone(),
                code: entry.code.to_string(),
                fingerprint: entry.fingerprint.clone(),
                message: entry.message.clone(),
            })
            .collect();
        known.sort();
        let lines: Vec<String> = known
            .iter()
            .filter_map(|k| serde_json::to_string(k).ok())
            .map(|line| format!("\n    {line}"))
            .collect();
        let end = if lines.is_empty() { "" } else { "\n  " };
        format!(
            "{{\n  \"version\": {VERSION},\n  \"findings\": [{}{end}]\n}}\n",
            lines.join(",")
        )
    }

    /// Whether a finding is known. What was asked for is not [`left`](Self::left) any more.
    pub fn take(&mut self, fingerprint: &str) -> bool {
        self.known.remove(fingerprint).is_some()
    }

    /// What was not found again.
    #[must_use]
    pub fn left(&self) -> Vec<&Known> {
        let mut left: Vec<&Known> = self.known.values().collect();
        left.sort();
        left
    }
}
