//! What was found in all policies together.

use super::super::Trouble;
use super::super::output::Output;
use super::forms::{Collected, Form};
use crate::Checked;
use crate::ci::baseline::Baseline;
use crate::ci::place::Root;
use crate::ci::{Cutter, Entry, Excuse, Fingerprints, junit};
use crate::diagnostics::{Code, Diagnostic, render_json};
use crate::source::Sources;
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// The sum of all policies.
#[derive(Default)]
pub(super) struct Sum {
    pub(super) all: Collected,
    fingerprints: Fingerprints,
    /// What was reported: a file that two policies use is reported once.
    seen: HashSet<String>,
    pub(super) first: Option<Code>,
    /// How many fixes were applied, and to which files.
    pub(super) repairs: usize,
    pub(super) changed: BTreeSet<String>,
    /// The findings that are known, if there is a baseline; those that were met are taken out.
    pub(super) baseline: Option<Baseline>,
    /// The files that were looked at, as paths from here.
    pub(super) reached: BTreeSet<String>,
    /// How many policies bring a file in.
    brought_in: BTreeMap<String, usize>,
    /// Allowances without use in such files, and how many policies have none for them.
    unused: BTreeMap<String, (usize, Diagnostic, Sources)>,
}

impl Sum {
    /// Prints the findings of a policy, or gives them back for the end, as the form wants it.
    pub(super) fn take(
        &mut self,
        out: &mut Output,
        root: &Root,
        checked: &Checked,
        form: Form,
    ) -> Result<Vec<Entry>, Trouble> {
        let sources = &checked.sources;
        let shared = sources.files().count() > 1;
        let names = sources.files().map(|(_, f)| f.name().to_string());
        self.reached.extend(names);
        for (_, file) in sources.files().skip(1) {
            *self.brought_in.entry(file.name().to_string()).or_default() += 1;
        }
        for found in &checked.unused_elsewhere {
            let first = || (0, found.clone(), sources.clone());
            let kept = self.unused.entry(key(sources, found));
            kept.or_insert_with(first).0 += 1;
        }
        let cutter = self.cuts(form).then(|| Cutter::new(sources, root));
        let mut entries = Vec::new();
        for finding in &checked.findings {
            if !shared || self.seen.insert(key(sources, finding)) {
                self.one(out, sources, finding, form, cutter.as_ref(), &mut entries)?;
            }
        }
        for allowed in &checked.allowed {
            let finding = &allowed.finding;
            if shared && !self.seen.insert(key(sources, finding)) {
                continue;
            }
            self.all.allowed += 1;
            if let Some(cutter) = &cutter {
                let mut entry = cutter.cut(finding, &mut self.fingerprints);
                entry.excuse = Some(Excuse::Allowed(allowed.because.clone()));
                entries.push(entry);
            }
        }
        Ok(entries)
    }

    fn one(
        &mut self,
        out: &mut Output,
        sources: &Sources,
        finding: &Diagnostic,
        form: Form,
        cutter: Option<&Cutter<'_>>,
        entries: &mut Vec<Entry>,
    ) -> Result<(), Trouble> {
        if let Some(cutter) = cutter {
            let mut entry = cutter.cut(finding, &mut self.fingerprints);
            let known = self
                .baseline
                .as_mut()
                .is_some_and(|b| b.take(&entry.fingerprint));
            if known {
                entry.excuse = Some(Excuse::Known);
                self.all.known += 1;
                entries.push(entry);
                return Ok(());
            }
            let mut data = render_json::finding(sources, finding);
            data["fingerprint"] = entry.fingerprint.as_str().into();
            self.all.data.push(data);
            entries.push(entry);
        }
        self.all.tally.add(finding.severity);
        self.first.get_or_insert(finding.code);
        if let Some(format) = form.printed() {
            out.findings(sources, &[finding], format)?;
        }
        Ok(())
    }

    /// Whether findings are cut loose from their sources.
    fn cuts(&self, form: Form) -> bool {
        self.baseline.is_some() || form.printed().is_none()
    }

    /// What only all policies together show: allowances in shared files that none of them needs.
    pub(super) fn rest(
        &mut self,
        out: &mut Output,
        root: &Root,
        form: Form,
    ) -> Result<(), Trouble> {
        for (count, finding, sources) in std::mem::take(&mut self.unused).into_values() {
            let name = sources.file(finding.span().file).name();
            if self.brought_in.get(name) != Some(&count) {
                continue;
            }
            let cutter = form
                .printed()
                .is_none()
                .then(|| Cutter::new(&sources, root));
            let mut entries = Vec::new();
            self.one(out, &sources, &finding, form, cutter.as_ref(), &mut entries)?;
            self.all.suites.push(junit::Suite {
                file: root.path(name),
                entries,
                unreadable: None,
            });
        }
        Ok(())
    }
}

fn key(sources: &Sources, finding: &Diagnostic) -> String {
    let span = finding.span();
    format!(
        "{}\0{}\0{}\0{}\0{}",
        sources.file(span.file).name(),
        span.start,
        span.end,
        finding.code,
        finding.message
    )
}
