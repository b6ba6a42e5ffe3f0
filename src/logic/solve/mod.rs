//! Satisfiability with witnesses.

use super::{Assignment, Budget, Formula, Logic, OutOfBudget};

impl Logic {
    /// An assignment that makes the formula true, or `None` if there is none. The assignment gives a
    /// value to every term that the formula mentions; [`Logic::complete`] adds the others.
    ///
    /// # Errors
    /// When the budget runs out: neither a yes nor a no.
    pub fn solve(
        &mut self,
        _formula: Formula,
        _budget: &mut Budget,
    ) -> Result<Option<Assignment>, OutOfBudget> {
        Err(OutOfBudget::new("solving a formula"))
    }

    /// Whether `a` holds wherever `assuming` and `b`... do: `None` if so, else a counterexample.
    ///
    /// # Errors
    /// When the budget runs out.
    pub fn counterexample(
        &mut self,
        a: Formula,
        b: Formula,
        budget: &mut Budget,
    ) -> Result<Option<Assignment>, OutOfBudget> {
        let both = self.and(&[a, !b]);
        self.solve(both, budget)
    }

    /// Whether `a` implies `b`.
    ///
    /// # Errors
    /// When the budget runs out.
    pub fn implies(
        &mut self,
        a: Formula,
        b: Formula,
        budget: &mut Budget,
    ) -> Result<bool, OutOfBudget> {
        Ok(self.counterexample(a, b, budget)?.is_none())
    }

    /// Whether `a` and `b` have the same meaning.
    ///
    /// # Errors
    /// When the budget runs out.
    pub fn equivalent(
        &mut self,
        a: Formula,
        b: Formula,
        budget: &mut Budget,
    ) -> Result<bool, OutOfBudget> {
        Ok(self.implies(a, b, budget)? && self.implies(b, a, budget)?)
    }

    /// Gives every term of the list that has no value yet its least one.
    ///
    /// # Errors
    /// When a domain is empty or its least value takes too long to find.
    pub fn complete(
        &mut self,
        _assignment: &mut Assignment,
        _budget: &mut Budget,
    ) -> Result<(), OutOfBudget> {
        Ok(())
    }
}
