//! Checks all policies on a thread of its own, the latest texts only; what has not changed is not
//! checked again.

use super::files::{self, Texts};
use super::project::Project;
use crate::Checked;
use crate::flow::budget::{Bound, budget, words};
use crate::model::load::Loader;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What is to be checked.
#[derive(Clone, Debug)]
pub(super) struct Job {
    /// Grows with every change.
    pub revision: u64,
    pub folders: Vec<String>,
    pub texts: Texts,
    /// Whether files may have come or gone since the last job.
    pub anew: bool,
}

/// What came of it.
#[derive(Clone, Debug)]
pub(super) enum Done {
    /// The policies by their root files.
    Checked {
        revision: u64,
        policies: BTreeMap<String, Known>,
    },
    /// The worst case of each flow of a policy, in words.
    Worst {
        root: String,
        flows: BTreeMap<String, String>,
    },
}

/// A policy, and the settings that it was checked by.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub checked: Arc<Checked>,
    pub project: Project,
}

/// After so long without a change worst cases are worked out, one policy after the other.
const IDLE: Duration = Duration::from_millis(300);

/// Where checking takes longer than this, working out worst cases would keep those waiting who type on.
const TOO_LONG: Duration = Duration::from_secs(5);

/// Works until nobody sends jobs or wants results any more.
pub(super) fn work(jobs: &Receiver<Job>, results: &Sender<Done>) {
    let mut known: BTreeMap<String, Known> = BTreeMap::new();
    let mut files: Vec<String> = Vec::new();
    let mut waiting: Vec<String> = Vec::new();
    loop {
        // When nobody has typed for a while, what takes time and isn't waited for is worked out.
        let next = match waiting.is_empty() {
            true => jobs.recv().map_err(RecvTimeoutError::from),
            false => jobs.recv_timeout(IDLE),
        };
        let mut job = match next {
            Ok(job) => job,
            Err(RecvTimeoutError::Timeout) => {
                if let Some(root) = waiting.pop() {
                    let flows = known.get(&root).map(worst).unwrap_or_default();
                    if results.send(Done::Worst { root, flows }).is_err() {
                        return;
                    }
                }
                continue;
            }
            Err(RecvTimeoutError::Disconnected) => return,
        };
        while let Ok(newer) = jobs.try_recv() {
            let anew = job.anew || newer.anew;
            job = Job { anew, ..newer };
        }
        if job.anew {
            files = files::all(&job.folders, &job.texts);
        }
        let begun = Instant::now();
        let (now, new) = check(&job, &files, &known);
        known = now;
        let done = Done::Checked {
            revision: job.revision,
            policies: known.clone(),
        };
        if results.send(done).is_err() {
            return;
        }
        waiting.extend(new);
        waiting.sort();
        waiting.dedup();
        waiting.retain(|root| known.contains_key(root));
        if begun.elapsed() > TOO_LONG {
            waiting.clear();
        }
    }
}

/// The policies, and the roots of those that were checked anew.
fn check(
    job: &Job,
    files: &[String],
    known: &BTreeMap<String, Known>,
) -> (BTreeMap<String, Known>, Vec<String>) {
    let mut done = BTreeMap::new();
    let mut reached: BTreeSet<String> = BTreeSet::new();
    let mut parts = Vec::new();
    for file in files {
        match job.texts.load(file) {
            Ok(text) if files::has_header(&text) => {
                if let Some(checked) = one(file, job, known) {
                    reached.extend(
                        checked
                            .checked
                            .sources
                            .files()
                            .map(|(_, f)| f.name().to_string()),
                    );
                    done.insert(file.clone(), checked);
                }
            }
            Ok(_) => parts.push(file.clone()),
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
    let new = |root: &&String| {
        let before = known.get(*root);
        let now = done.get(*root);
        !matches!((before, now), (Some(a), Some(b)) if Arc::ptr_eq(&a.checked, &b.checked))
    };
    let new = done.keys().filter(new).cloned().collect();
    (done, new)
}

fn calls(bound: Bound) -> String {
    match bound.most {
        Some(1) => "1 call".to_string(),
        Some(n) => format!("{n} calls"),
        None => "calls without a bound".to_string(),
    }
}

/// The worst case of each flow that can be told.
fn worst(known: &Known) -> BTreeMap<String, String> {
    let checked = &known.checked;
    let policy = &checked.policy;
    if policy.flows.is_empty() || crate::diagnostics::has_errors(&checked.findings) {
        return BTreeMap::new();
    }
    let (mut gate, _) = crate::gate::build(policy, known.project.config.effort.unwrap_or(1));
    let pictures = crate::flow::pictures(&mut gate, &mut Vec::new());
    let mut all = BTreeMap::new();
    for picture in &pictures {
        let Some(flow) = policy.flows.get(picture.flow.index()) else {
            continue;
        };
        let Some(of) = budget(policy, picture) else {
            continue;
        };
        let mut said = format!("At most {} and {}", words::time(of.time), calls(of.calls));
        let each: Vec<String> = of
            .integrations
            .iter()
            .filter_map(|(id, bound)| {
                let name = &policy.integrations.get(id.index())?.name;
                Some(format!("`{name}` {}", calls(*bound)))
            })
            .collect();
        if !each.is_empty() {
            said += &format!(": {}", each.join(", "));
        }
        said.push('.');
        all.insert(flow.name.clone(), said);
    }
    all
}

fn one(root: &str, job: &Job, known: &BTreeMap<String, Known>) -> Option<Known> {
    let project = Project::of(root);
    if let Some(before) = known.get(root) {
        let same = before.project == project
            && before.checked.sources.files().all(|(_, file)| {
                let now = job.texts.load(file.name());
                now.is_ok_and(|text| {
                    text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&text) == file.text().as_bytes()
                })
            });
        let lacking =
            |d: &crate::diagnostics::Diagnostic| d.code == crate::diagnostics::Code::FW106;
        if same && !before.checked.findings.iter().any(lacking) {
            return Some(before.clone());
        }
    }
    let checked = Arc::new(project.check(root, &job.texts)?);
    Some(Known { checked, project })
}
