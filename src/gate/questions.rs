//! Questions to the solver that the checks of the gate ask: with what is true of history, within one
//! budget for all of them, and each only once where the answer is yes or no.

use super::Encoder;
use super::history::{About, Truths};
use crate::logic::{Assignment, Budget, Formula, OutOfBudget, Term, TermKind};
use rustc_hash::FxHashMap;
use std::collections::{BTreeMap, BTreeSet};

/// What the checks of all actions may take together, in budgets of one question.
const QUESTIONS: u64 = 16;

/// The questions of all checks.
pub struct Questions {
    /// Steps that are left for all questions together.
    left: u64,
    known: FxHashMap<Formula, bool>,
    least: BTreeMap<Term, String>,
    truths: Truths,
}

impl Questions {
    /// No questions so far.
    #[must_use]
    pub fn new(encoder: &Encoder<'_>) -> Self {
        Self {
            left: encoder.logic.budget().times(QUESTIONS).left(),
            known: FxHashMap::default(),
            least: BTreeMap::new(),
            truths: Truths::default(),
        }
    }

    /// Values that satisfy the formula, history being possible.
    ///
    /// # Errors
    /// When the budget runs out.
    pub fn ask(
        &mut self,
        encoder: &mut Encoder<'_>,
        formula: Formula,
    ) -> Result<Option<Assignment>, OutOfBudget> {
        let terms = encoder.logic.terms_of(&[formula]);
        let about = self.truths.about(encoder, &terms);
        let most = encoder.logic.budget().left().min(self.left);
        let mut budget = Budget::new(most);
        let answer = self.learning(encoder, formula, about.as_ref(), &mut budget);
        self.left -= most - budget.left();
        answer
    }

    /// The same, for what is an error where there are such values: that it may only seem that there are
    /// counts as no answer.
    ///
    /// # Errors
    /// When the budget runs out, or when some calls of the history are not looked into.
    pub fn surely(
        &mut self,
        encoder: &mut Encoder<'_>,
        formula: Formula,
    ) -> Result<Option<Assignment>, OutOfBudget> {
        let Some(found) = self.ask(encoder, formula)? else {
            return Ok(None);
        };
        let terms = encoder.logic.terms_of(&[formula]);
        if let Some(about) = self.truths.about(encoder, &terms)
            && !self.truths.sure(encoder, &about)?
        {
            return Err(OutOfBudget::new(
                "telling calls apart by their `where`s and keys",
            ));
        }
        Ok(Some(found))
    }

    /// Says which action is called instead of the one that the next questions are about.
    pub fn beside(&mut self, other: Option<crate::model::ActionId>) {
        self.truths.beside(other);
    }

    /// Asks, and asks again with what is learned, until the answer is a history that can have been.
    fn learning(
        &mut self,
        encoder: &mut Encoder<'_>,
        formula: Formula,
        about: Option<&About>,
        budget: &mut Budget,
    ) -> Result<Option<Assignment>, OutOfBudget> {
        let Some(about) = about else {
            return encoder.logic.solve(formula, budget);
        };
        loop {
            let known = self.truths.known(encoder, about);
            let question = encoder.logic.and(&[formula, known]);
            let Some(mut found) = encoder.logic.solve(question, budget)? else {
                return Ok(None);
            };
            if self.truths.possible(encoder, about, &mut found, budget)? {
                return Ok(Some(found));
            }
        }
    }

    /// Whether some values satisfy the formula.
    ///
    /// # Errors
    /// When the budget runs out.
    pub fn possible(
        &mut self,
        encoder: &mut Encoder<'_>,
        formula: Formula,
    ) -> Result<bool, OutOfBudget> {
        if formula.is_constant() {
            return Ok(formula == Formula::TRUE);
        }
        if let Some(known) = self.known.get(&formula) {
            return Ok(*known);
        }
        let plain = encoder.logic.plainly_possible(formula) && {
            let terms = encoder.logic.terms_of(&[formula]);
            self.truths.about(encoder, &terms).is_none()
        };
        let answer = plain || self.ask(encoder, formula)?.is_some();
        self.known.insert(formula, answer);
        Ok(answer)
    }

    /// Values that satisfy the formula, with values for all other terms too: a whole situation.
    ///
    /// # Errors
    /// When the budget runs out.
    pub fn world(
        &mut self,
        encoder: &mut Encoder<'_>,
        formula: Formula,
        terms: &BTreeSet<Term>,
    ) -> Result<Option<Assignment>, OutOfBudget> {
        if formula == Formula::FALSE {
            return Ok(None);
        }
        let Some(mut found) = self.ask(encoder, formula)? else {
            return Ok(None);
        };
        self.complete(encoder, terms, &mut found)?;
        Ok(Some(found))
    }

    /// Gives the terms that have no value one that is possible.
    ///
    /// # Errors
    /// When the budget runs out.
    pub fn complete(
        &mut self,
        encoder: &mut Encoder<'_>,
        terms: &BTreeSet<Term>,
        found: &mut Assignment,
    ) -> Result<(), OutOfBudget> {
        let about = self.truths.about(encoder, terms);
        let later = |t: &Term| about.as_ref().is_some_and(|a| a.asks(*t));
        let mut inner: BTreeMap<Term, Vec<Term>> = BTreeMap::new();
        for &term in terms {
            match encoder.logic.list_of(term) {
                Some(list) => inner.entry(list).or_default().push(term),
                None if later(&term) => {}
                None => self.fill(encoder, term, found)?,
            }
        }
        for (list, parts) in inner {
            let mut elements = found.elements(list).to_vec();
            for element in &mut elements {
                for &part in &parts {
                    self.fill(encoder, part, element)?;
                }
            }
            found.set_elements(list, elements);
        }
        match about {
            Some(about) => self.truths.complete(encoder, &about, found),
            None => Ok(()),
        }
    }

    fn fill(
        &mut self,
        encoder: &mut Encoder<'_>,
        term: Term,
        found: &mut Assignment,
    ) -> Result<(), OutOfBudget> {
        if matches!(encoder.logic.kind(term), TermKind::String { .. }) {
            if found.string(term).is_some() {
                return Ok(());
            }
            if let Some(text) = self.least.get(&term) {
                found.set_string(term, text.clone());
                return Ok(());
            }
        }
        let mut budget = encoder.logic.budget();
        encoder.logic.complete(found, &[term], &mut budget)?;
        if let Some(text) = found.string(term) {
            self.least.insert(term, text.to_string());
        }
        Ok(())
    }
}
