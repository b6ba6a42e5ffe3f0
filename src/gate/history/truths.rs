//! What is true of history, learned where it matters.
//!
//! A solver that knows nothing of calls answers questions about history as if they were independent.
//! Its answer is held against the histories that there can be: if none gives these answers, the reason
//! is a formula that holds in all of them, and the solver is asked again with it. What has been learned
//! once is known to all later questions.

use super::calls::{Sorts, sorts};
use super::moment;
use super::weigh::Claim;
use crate::gate::scope::OTHER;
use crate::gate::{Encoder, Meaning};
use crate::logic::{Assignment, Budget, Formula, OutOfBudget, Term};
use crate::model::{Action, ActionId, FactId, HistoryTerm, Root};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// A lesson costs as many steps of the budget.
const LESSON: u64 = 20_000;

/// So many facts are tried both ways when a situation is completed.
const FACTS: usize = 6;

/// What a question asks of history.
#[derive(Clone, Debug)]
pub(crate) struct About {
    asked: BTreeSet<Term>,
    /// The questions of one moment each.
    moments: Vec<Vec<Term>>,
    /// The proposed action, where that is known.
    place: Option<ActionId>,
}

impl About {
    /// Whether the term is one of its questions.
    pub(crate) fn asks(&self, term: Term) -> bool {
        self.asked.contains(&term)
    }
}

/// What has been learned.
#[derive(Default)]
pub(crate) struct Truths {
    sorts: BTreeMap<(Vec<Term>, Option<ActionId>), Rc<Sorts>>,
    /// Each with the questions that it is about, and the place that it holds at: none, everywhere.
    lessons: Vec<(BTreeSet<Term>, Option<ActionId>, Formula)>,
}

impl Truths {
    /// What these terms ask of history; none if nothing.
    pub(crate) fn about(&self, encoder: &Encoder<'_>, terms: &BTreeSet<Term>) -> Option<About> {
        let mut moments: BTreeMap<String, Vec<Term>> = BTreeMap::new();
        for term in terms {
            let when = match encoder.meaning(*term) {
                Some(Meaning::History(_)) => moment(&encoder.logic, *term),
                Some(Meaning::Present(p))
                    if matches!(p.root, Root::Fact(_))
                        && p.fields.is_empty()
                        && !encoder.logic.name(*term).contains(OTHER) =>
                {
                    String::new()
                }
                _ => continue,
            };
            moments.entry(when).or_default().push(*term);
        }
        if moments.is_empty() {
            return None;
        }
        Some(About {
            asked: moments.values().flatten().copied().collect(),
            moments: moments.into_values().collect(),
            place: place(encoder, terms),
        })
    }

    /// What is known of the answers.
    pub(crate) fn known(&self, encoder: &mut Encoder<'_>, about: &About) -> Formula {
        let asked: Vec<Term> = about.asked.iter().copied().collect();
        let mut all = vec![encoder.axioms_among(&asked)];
        all.extend(
            self.lessons
                .iter()
                .filter(|(_, at, _)| at.is_none() || *at == about.place)
                .filter(|(of, ..)| of.is_subset(&about.asked))
                .map(|l| l.2),
        );
        encoder.logic.and(&all)
    }

    /// Whether there can have been a history with these answers; if not, something is learned.
    pub(crate) fn possible(
        &mut self,
        encoder: &mut Encoder<'_>,
        about: &About,
        found: &mut Assignment,
        budget: &mut Budget,
    ) -> Result<bool, OutOfBudget> {
        let mut good = true;
        for asked in &about.moments {
            let sorts = self.sorts(encoder, asked, about.place)?;
            let conditions: Vec<Formula> = sorts.sorts.iter().map(|s| s.only_if).collect();
            let needed: Vec<Term> = encoder
                .logic
                .terms_of(&conditions)
                .into_iter()
                .filter(|t| !about.asks(*t))
                .collect();
            encoder.logic.complete(found, &needed, budget)?;
            let open = sorts.open(encoder, found);
            let claims = sorts.claims(found);
            if sorts.weigh(&claims, &open)?.is_some() {
                continue;
            }
            budget.spend(LESSON, "learning what histories there can be")?;
            good = false;
            let lesson = sorts.lesson(encoder, claims, &open)?;
            let of = asked.iter().copied().collect();
            self.lessons.push((of, about.place, lesson));
        }
        Ok(good)
    }

    /// Answers the questions that have no answer yet.
    pub(crate) fn complete(
        &mut self,
        encoder: &mut Encoder<'_>,
        about: &About,
        found: &mut Assignment,
    ) -> Result<(), OutOfBudget> {
        for asked in &about.moments {
            let sorts = self.sorts(encoder, asked, about.place)?;
            let mut unsaid = sorts.unsaid(found);
            unsaid.truncate(FACTS);
            let mut done = false;
            for way in 0u32..1 << unsaid.len() {
                let mut tried = found.clone();
                for (i, term) in unsaid.iter().enumerate() {
                    tried.set_int(*term, i64::from(way >> i & 1));
                }
                let open = sorts.open(encoder, &tried);
                let claims: Vec<Claim> = sorts.claims(&tried);
                if let Some(weights) = sorts.weigh(&claims, &open)? {
                    sorts.answer(&weights, &mut tried);
                    *found = tried;
                    done = true;
                    break;
                }
            }
            if !done {
                return Err(OutOfBudget::new("looking for a history with these answers"));
            }
            for term in asked {
                if found.int(*term).is_none() {
                    found.set_int(*term, 0);
                }
            }
        }
        Ok(())
    }

    fn sorts(
        &mut self,
        encoder: &mut Encoder<'_>,
        asked: &[Term],
        at: Option<ActionId>,
    ) -> Result<Rc<Sorts>, OutOfBudget> {
        let key = (asked.to_vec(), at);
        if let Some(known) = self.sorts.get(&key) {
            return Ok(Rc::clone(known));
        }
        let mut questions: Vec<(Term, HistoryTerm)> = Vec::new();
        let mut facts: Vec<(Term, FactId)> = Vec::new();
        for term in asked {
            match encoder.meaning(*term) {
                Some(Meaning::History(h)) => questions.push((*term, h.clone())),
                Some(Meaning::Present(p)) => {
                    if let Root::Fact(id) = p.root {
                        facts.push((*term, id));
                    }
                }
                _ => {}
            }
        }
        let policy = encoder.policy();
        let place: Option<&Action> = at.map(|id| policy.action(id));
        let made = Rc::new(sorts(encoder, &questions, &facts, place)?);
        self.sorts.insert(key, Rc::clone(&made));
        Ok(made)
    }
}

/// The action whose proposal the terms are about; none if there are several, or none.
fn place(encoder: &Encoder<'_>, terms: &BTreeSet<Term>) -> Option<ActionId> {
    let mut at: Option<&str> = None;
    for term in terms {
        let (Some(Meaning::Value(p)) | Some(Meaning::Present(p))) = encoder.meaning(*term) else {
            continue;
        };
        if !matches!(p.root, Root::Param(_) | Root::Fact(_)) {
            continue;
        }
        let (name, _) = encoder.logic.name(*term).split_once(':')?;
        if at.is_some_and(|known| known != name) {
            return None;
        }
        at = Some(name);
    }
    let name = at?;
    let actions = encoder.policy().actions.iter();
    let found = actions.zip((0..).map(ActionId));
    found
        .filter(|(a, _)| a.full_name == name)
        .map(|f| f.1)
        .next()
}
