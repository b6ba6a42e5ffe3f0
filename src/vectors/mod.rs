//! Conformance vectors: cases with their expected results, against which a runtime in any language
//! can be held. The form is described in `docs/vectors.md`.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `case` | the form |
//! | `explore`, `next`, `world`, `around`, `features` | the search for steps that show something new |
//! | `times`, `lists`, `keys` | both sides of moments; elements, and parts of keys, that decide |
//! | `encodings`, `roles` | how values are read, wherever they come in |
//! | `documents` | sessions, tables and records that were tampered with |
//! | `values`, `rng` | values worth trying; draws |

mod around;
mod case;
mod documents;
mod encodings;
mod explore;
mod features;
mod keys;
mod lists;
mod next;
mod rng;
mod roles;
mod times;
mod values;
mod world;

pub use case::{
    Case, DocumentCase, Edit, Expect, FORMAT, Outcome, Refusal, Step, Store, TableCase, VERSION,
    header,
};

use crate::runtime::{Record, Session, replay};
use crate::table::Table;

/// How long to look for something new before a part of the table is left.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// Steps in a row that show nothing new.
    pub patience: usize,
}

impl Default for Effort {
    fn default() -> Self {
        Self { patience: 1_500 }
    }
}

/// Vectors of a table.
#[derive(Clone, Debug)]
pub struct Vectors {
    /// Cases of steps.
    pub steps: Vec<Case>,
    /// Cases of documents that are read.
    pub documents: Vec<DocumentCase>,
}

impl Vectors {
    /// The lines of a section, its header first.
    pub fn lines(&self, table: &Table) -> impl Iterator<Item = String> {
        let first = header(table).to_string();
        let text = |value: Result<String, serde_json::Error>| value.unwrap_or_default();
        let steps = self
            .steps
            .iter()
            .map(move |c| text(serde_json::to_string(c)));
        let documents = self
            .documents
            .iter()
            .map(move |c| text(serde_json::to_string(c)));
        std::iter::once(first).chain(steps).chain(documents)
    }
}

/// How many sessions are tampered with.
const SESSIONS: usize = 4;

/// Cases that exercise a table.
#[must_use]
pub fn generate(table: &Table, effort: Effort) -> Vectors {
    let mut search = explore::Search::new(table, effort.patience);
    search.all();
    search.reading();
    let steps = search.cases;
    // The richest sessions, and the log of one of middle length.
    let mut lived: Vec<_> = steps.iter().filter_map(|case| lived(table, case)).collect();
    lived.sort_by_key(|(session, _)| std::cmp::Reverse(session.to_bytes().len()));
    let log = lived
        .iter()
        .find(|(_, records)| (3..=6).contains(&records.len()));
    let mut documents = documents::tables(table);
    documents.extend(log.map_or_else(Vec::new, |(_, records)| documents::records(table, records)));
    let sessions: Vec<_> = lived.into_iter().take(SESSIONS).map(|(s, _)| s).collect();
    documents.extend(documents::sessions(table, &sessions));
    Vectors { steps, documents }
}

/// A run of so many steps on a table, in a flow or without one: for comparing runtimes at length. Its
/// results stand there as digests. The same seed gives the same run.
#[must_use]
pub fn walk(table: &Table, seed: &str, steps: usize, flow: Option<usize>) -> Case {
    explore::Search::new(table, 0).walk(seed, steps, flow)
}

/// The session that a case of one session leads to, with its records.
fn lived(table: &Table, case: &Case) -> Option<(Session, Vec<Record>)> {
    if case.counters.is_some() || case.steps.iter().any(|s| s.session.is_some()) {
        return None;
    }
    let records: Vec<Record> = case
        .steps
        .iter()
        .filter_map(|step| match &step.expect {
            Expect::Result(outcome) => Some(outcome.record.clone()),
            _ => None,
        })
        .collect();
    let session = replay(table, &records).ok()?;
    (!records.is_empty()).then_some((session, records))
}
