//! The executor of `test` blocks: the lines of a test, played against its compiled table through
//! the runtime.
//!
//! Lines are played in order. The flow moves as far as it can by itself; an answer belongs to the
//! call or the question that waits for it. Waits before retries pass by themselves, as long as they
//! may be. A `timeout` and a `no_answer` take their time, everything else takes none.

pub mod coverage;
mod play;
mod script;
mod world;

#[cfg(test)]
mod tests;

use crate::model::{Policy, Test};
use crate::runtime::Record;
use crate::source::{Sources, Span};
use crate::table::Table;

/// What a test came to.
#[derive(Clone, Debug)]
pub struct Report {
    /// The test's name.
    pub name: String,
    /// Where the test stands.
    pub span: Span,
    /// What went wrong first; `None` if it passed.
    pub failure: Option<Failure>,
    /// The path taken, one line each.
    pub path: Vec<String>,
    /// The records of its steps.
    pub records: Vec<Record>,
}

impl Report {
    /// Whether the test passed.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.failure.is_none()
    }
}

/// Why a test failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The line that failed.
    pub span: Span,
    /// What the line expects.
    pub expected: String,
    /// What is the case instead.
    pub actual: String,
}

/// Runs a test of a policy against its table. `sources` are the files that the policy was made from.
#[must_use]
pub fn run(policy: &Policy, table: &Table, sources: &Sources, test: &Test) -> Report {
    let mut play = play::Play::new(policy, table);
    let failure = script::run(&mut play, sources, test).err();
    Report {
        name: test.name.clone(),
        span: test.span,
        failure,
        path: play.path,
        records: play.records,
    }
}
