//! What is true of history, learned where it matters.
//!
//! A solver that knows nothing of calls answers questions about history as if they were independent.
//! Its answer is held against the histories that there can be: if none gives these answers, the reason
//! is a formula that holds in all of them, and the solver is asked again with it. What has been learned
//! once is known to all later questions.

use super::groups::MadeUp;
use super::sorts::{Sorts, sorts};
use super::weigh::Claim;
use super::{moment, owner};
use crate::gate::scope::OTHER;
use crate::gate::{Encoder, Meaning, Scope};
use crate::logic::{Assignment, Budget, Formula, IntSet, OutOfBudget, Term};
use crate::model::{ActionId, FactId, HistoryTerm, Root};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// A lesson costs as many steps of the budget.
const LESSON: u64 = 20_000;

/// So many facts are tried both ways when a situation is completed.
const FACTS: usize = 6;

const MISSING: &str = "looking for a history with these answers";

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
    sorts: BTreeMap<(Vec<Term>, Place), Rc<Sorts>>,
    /// Each with the questions that it is about, and the place that it holds at: none, everywhere.
    lessons: Vec<(BTreeSet<Term>, Place, Formula)>,
    /// The action that is called instead, where that is what is asked about.
    beside: Option<ActionId>,
    made_up: MadeUp,
}

/// The proposed action, and the one that is called instead.
type Place = (Option<ActionId>, Option<ActionId>);

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
                .filter(|(_, at, _)| at.0.is_none() || *at == (about.place, self.beside))
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
            let needed = needed(encoder, &sorts, about);
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
            self.lessons.push((of, (about.place, self.beside), lesson));
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
        let mut budget = encoder.logic.budget();
        for asked in &about.moments {
            let sorts = self.sorts(encoder, asked, about.place)?;
            let needed = needed(encoder, &sorts, about);
            let mut learned = vec![self.known(encoder, about)];
            loop {
                let tried = fitting(encoder, &learned, &needed, found, &mut budget)?;
                match answered(encoder, &sorts, &tried, &mut learned)? {
                    Some(answered) => {
                        *found = answered;
                        break;
                    }
                    None => budget.spend(LESSON, MISSING)?,
                }
            }
            for term in asked {
                if found.int(*term).is_none() {
                    found.set_int(*term, 0);
                }
            }
        }
        Ok(())
    }

    /// Says which action is called instead of the proposed one.
    pub(crate) fn beside(&mut self, other: Option<ActionId>) {
        self.beside = other;
    }

    /// Whether a history that seems possible surely is.
    pub(crate) fn sure(
        &mut self,
        encoder: &mut Encoder<'_>,
        about: &About,
    ) -> Result<bool, OutOfBudget> {
        for asked in &about.moments {
            if self.sorts(encoder, asked, about.place)?.vague {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn sorts(
        &mut self,
        encoder: &mut Encoder<'_>,
        asked: &[Term],
        at: Option<ActionId>,
    ) -> Result<Rc<Sorts>, OutOfBudget> {
        let key = (asked.to_vec(), (at, self.beside));
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
        let scope = at.map(|id| {
            let scope = Scope::proposal(policy.action(id));
            match self.beside {
                Some(other) => scope.beside(policy.action(other)),
                None => scope,
            }
        });
        let place = at.map(|id| policy.action(id)).zip(scope.as_ref());
        let made = sorts(encoder, &questions, &facts, place, &mut self.made_up)?;
        let made = Rc::new(made);
        self.sorts.insert(key, Rc::clone(&made));
        Ok(made)
    }
}

/// The values found, with values for the terms that are needed besides, such that what has been
/// learned is true.
fn fitting(
    encoder: &mut Encoder<'_>,
    learned: &[Formula],
    needed: &[Term],
    found: &Assignment,
    budget: &mut Budget,
) -> Result<Assignment, OutOfBudget> {
    let mut all = learned.to_vec();
    for term in encoder.logic.terms_of(learned) {
        if let Some(n) = found.int(term) {
            all.push(encoder.logic.in_set(term, IntSet::point(n)));
        } else if let Some(text) = found.string(term) {
            let language = encoder.logic.literals(&[text]);
            all.push(encoder.logic.in_language(term, language));
        }
    }
    let question = encoder.logic.and(&all);
    let Some(more) = encoder.logic.solve(question, budget)? else {
        return Err(OutOfBudget::new(MISSING));
    };
    let mut tried = found.clone();
    for term in more.terms() {
        if let Some(n) = more.int(term)
            && found.int(term).is_none()
        {
            tried.set_int(term, n);
        }
        if let Some(text) = more.string(term)
            && found.string(term).is_none()
        {
            tried.set_string(term, text);
        }
    }
    encoder.logic.complete(&mut tried, needed, budget)?;
    Ok(tried)
}

/// The values with the answers of a history; if there is none, it is learned why.
fn answered(
    encoder: &mut Encoder<'_>,
    sorts: &Sorts,
    values: &Assignment,
    learned: &mut Vec<Formula>,
) -> Result<Option<Assignment>, OutOfBudget> {
    let mut unsaid = sorts.unsaid(values);
    unsaid.truncate(FACTS);
    for way in 0u32..1 << unsaid.len() {
        let mut tried = values.clone();
        for (i, term) in unsaid.iter().enumerate() {
            tried.set_int(*term, i64::from(way >> i & 1));
        }
        let open = sorts.open(encoder, &tried);
        let claims: Vec<Claim> = sorts.claims(&tried);
        if let Some(weights) = sorts.weigh(&claims, &open)? {
            sorts.answer(&weights, &mut tried);
            return Ok(Some(tried));
        }
        learned.push(sorts.lesson(encoder, claims, &open)?);
    }
    Ok(None)
}

/// The action whose proposal the terms are about; none if there are several, or none.
fn place(encoder: &Encoder<'_>, terms: &BTreeSet<Term>) -> Option<ActionId> {
    let mut at: Option<&str> = None;
    for term in terms {
        let name = encoder.logic.name(*term);
        let owner = match encoder.meaning(*term) {
            Some(Meaning::Value(p) | Meaning::Present(p)) => match p.root {
                Root::Param(_) | Root::Fact(_) => name.split_once(':')?.0,
                _ => continue,
            },
            Some(Meaning::History(_)) => match owner(name) {
                "" => continue,
                owner => owner.strip_suffix(':')?,
            },
            _ => continue,
        };
        if at.is_some_and(|known| known != owner) {
            return None;
        }
        at = Some(owner);
    }
    let name = at?;
    let actions = encoder.policy().actions.iter();
    let found = actions.zip((0..).map(ActionId));
    found
        .filter(|(a, _)| a.full_name == name)
        .map(|f| f.1)
        .next()
}

/// What the sorts of calls depend on, besides the answers asked for.
fn needed(encoder: &Encoder<'_>, sorts: &Sorts, about: &About) -> Vec<Term> {
    let conditions: Vec<Formula> = sorts.sorts.iter().map(|s| s.only_if).collect();
    let terms = encoder.logic.terms_of(&conditions);
    terms.into_iter().filter(|t| !about.asks(*t)).collect()
}
