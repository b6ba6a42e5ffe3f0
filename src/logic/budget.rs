//! Work budgets: every question that could take long counts its steps and gives up by name.

use std::fmt;

/// How much work a question may still take. One step is about one visit of a formula's node, one
/// bound moved, or one automaton transition.
#[derive(Clone, Debug)]
pub struct Budget {
    steps: u64,
}

/// A question could not be answered within its budget. It is neither a yes nor a no.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutOfBudget {
    /// What was being done, in words that fit after "gave up while".
    pub what: String,
}

impl Budget {
    /// A budget of so many steps.
    #[must_use]
    pub fn new(steps: u64) -> Self {
        Self { steps }
    }

    /// Takes steps.
    ///
    /// # Errors
    /// When fewer are left; the budget is then empty.
    pub fn spend(&mut self, steps: u64, what: &str) -> Result<(), OutOfBudget> {
        if self.steps < steps {
            self.steps = 0;
            return Err(OutOfBudget::new(what));
        }
        self.steps -= steps;
        Ok(())
    }

    /// So many of it together.
    #[must_use]
    pub fn times(self, factor: u64) -> Self {
        Self::new(self.steps.saturating_mul(factor))
    }

    /// The steps that are left.
    #[must_use]
    pub fn left(&self) -> u64 {
        self.steps
    }
}

/// Enough for any question that a hand-written policy raises: some seconds of work.
const STEPS: u64 = 25_000_000;

impl Budget {
    /// So many times the usual budget of one question.
    #[must_use]
    pub fn of_effort(effort: u32) -> Self {
        Self::new(STEPS.saturating_mul(u64::from(effort)))
    }
}

impl Default for Budget {
    /// The usual budget of one question.
    fn default() -> Self {
        Self::of_effort(1)
    }
}

/// Witnesses of long lists are not made: their elements would have to be made one by one.
pub const LONG_LIST: &str = "making a list of more than 10000 elements";

impl OutOfBudget {
    /// Names what was being done.
    #[must_use]
    pub fn new(what: &str) -> Self {
        Self {
            what: what.to_owned(),
        }
    }
}

impl fmt::Display for OutOfBudget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "gave up while {}", self.what)
    }
}

impl std::error::Error for OutOfBudget {}
