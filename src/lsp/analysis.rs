//! Checks all policies on a thread of its own, the latest texts only; what has not changed is not
//! checked again.

use super::files::{self, Texts};
use crate::Checked;
use crate::model::load::Loader;
use crossbeam_channel::{Receiver, Sender};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What is to be checked.
#[derive(Clone, Debug)]
pub(super) struct Job {
    /// Grows with every change.
    pub revision: u64,
    pub folders: Vec<String>,
    pub texts: Texts,
}

/// What came of it: the policies by their root files.
#[derive(Clone, Debug)]
pub(super) struct Done {
    pub revision: u64,
    pub policies: BTreeMap<String, Arc<Checked>>,
}

/// Works until nobody sends jobs or wants results any more.
pub(super) fn work(jobs: &Receiver<Job>, results: &Sender<Done>) {
    let mut known: BTreeMap<String, Arc<Checked>> = BTreeMap::new();
    while let Ok(mut job) = jobs.recv() {
        while let Ok(newer) = jobs.try_recv() {
            job = newer;
        }
        known = check(&job, &known);
        let done = Done {
            revision: job.revision,
            policies: known.clone(),
        };
        if results.send(done).is_err() {
            return;
        }
    }
}

fn check(job: &Job, known: &BTreeMap<String, Arc<Checked>>) -> BTreeMap<String, Arc<Checked>> {
    let mut done = BTreeMap::new();
    let mut reached: BTreeSet<String> = BTreeSet::new();
    let mut parts = Vec::new();
    for file in files::all(&job.folders, &job.texts) {
        match job.texts.load(&file) {
            Ok(text) if files::has_header(&text) => {
                if let Some(checked) = one(&file, job, known) {
                    reached.extend(checked.sources.files().map(|(_, f)| f.name().to_string()));
                    done.insert(file, checked);
                }
            }
            Ok(_) => parts.push(file),
            Err(_) => {}
        }
    }
    // A file without a header belongs to the policies that use it.
    for file in parts {
        if !reached.contains(&file)
            && let Some(checked) = one(&file, job, known)
        {
            done.insert(file, checked);
        }
    }
    done
}

fn one(root: &str, job: &Job, known: &BTreeMap<String, Arc<Checked>>) -> Option<Arc<Checked>> {
    if let Some(before) = known.get(root) {
        let same = before.sources.files().all(|(_, file)| {
            let now = job.texts.load(file.name());
            now.is_ok_and(|text| {
                text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&text) == file.text().as_bytes()
            })
        });
        let lacking =
            |d: &crate::diagnostics::Diagnostic| d.code == crate::diagnostics::Code::FW106;
        if same && !before.findings.iter().any(lacking) {
            return Some(before.clone());
        }
    }
    crate::check(root, &job.texts).ok().map(Arc::new)
}
