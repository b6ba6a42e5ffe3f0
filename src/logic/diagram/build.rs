//! Building diagrams.

use super::Diagram;
use crate::logic::{Budget, Formula, Logic, OutOfBudget};

impl Logic {
    /// Turns an ordered list of (formula, leaf) into a diagram: the first formula that holds decides,
    /// else the default.
    ///
    /// # Errors
    /// When the budget runs out.
    pub fn diagram(
        &mut self,
        _cases: &[(Formula, u32)],
        _default: u32,
        _budget: &mut Budget,
    ) -> Result<Diagram, OutOfBudget> {
        Err(OutOfBudget::new("building a diagram"))
    }
}
