//! What a finding is known by from one run to the next. Lines and columns are no part of it, nor is the
//! wording: only the code, the file, the declaration, the text that is pointed at, and the names that the
//! message has in backquotes. What is equal in all of that is numbered, in the order of the findings.

use crate::diagnostics::Code;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// How much of the text that is pointed at counts, in characters: more would make a finding about a
/// whole flow another one with every change inside.
const TEXT: usize = 120;

/// The fingerprints given out so far in a run.
#[derive(Clone, Debug, Default)]
pub struct Fingerprints {
    seen: BTreeMap<String, u32>,
}

impl Fingerprints {
    /// The fingerprint of the next finding: 32 hexadecimal digits.
    pub(super) fn of(
        &mut self,
        code: Code,
        file: &str,
        within: &str,
        text: &str,
        message: &str,
        elsewhere: impl Iterator<Item = String>,
    ) -> String {
        let mut parts = vec![
            "failway/1".to_string(),
            code.to_string(),
            file.to_string(),
            within.to_string(),
            plain(text),
        ];
        let elsewhere: BTreeSet<String> = elsewhere.filter(|w| w != within).collect();
        parts.extend(elsewhere);
        let names: BTreeSet<&str> = message.split('`').skip(1).step_by(2).collect();
        parts.extend(names.into_iter().map(|name| format!("`{name}`")));
        let base = digest(&parts);
        let number = self.seen.entry(base.clone()).or_insert(0);
        *number += 1;
        if *number == 1 {
            return base;
        }
        parts.push(format!("#{number}"));
        digest(&parts)
    }
}

/// The first line of a text that counts, with single blanks.
fn plain(text: &str) -> String {
    let line = text.lines().find(|l| !l.trim().is_empty());
    let words: Vec<&str> = line.unwrap_or_default().split_whitespace().collect();
    words.join(" ").chars().take(TEXT).collect()
}

fn digest(parts: &[String]) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        // The length before each part keeps `ab`, `c` and `a`, `bc` apart.
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part.as_bytes());
    }
    let digest = hasher.finalize();
    digest.iter().take(16).map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(all: &mut Fingerprints, text: &str) -> String {
        let none = std::iter::empty();
        all.of(
            Code::FW301,
            "a.failway",
            "flow f / state s",
            text,
            "`x` fails",
            none,
        )
    }

    #[test]
    fn equals_are_numbered_and_blanks_do_not_count() {
        let mut all = Fingerprints::default();
        let first = of(&mut all, "do  a.b(c: d)\n on ok -> x");
        let second = of(&mut all, "do a.b(c: d)");
        assert_ne!(first, second);
        let mut again = Fingerprints::default();
        assert_eq!(first, of(&mut again, "do a.b(c: d)\n  on ok -> elsewhere"));
        assert_eq!(second, of(&mut again, "do a.b(c:  d)"));
        assert_eq!(first.len(), 32);
    }
}
