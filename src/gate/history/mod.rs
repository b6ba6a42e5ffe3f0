//! Questions about history: their names, and what is true of their answers whatever happened.

mod fates;
mod groups;
mod sorts;
mod takers;
mod truths;
mod weigh;

pub(crate) use truths::{About, Truths};

use super::encode::{Encoder, Meaning};
use super::scope::OTHER;
use crate::logic::{Formula, IntSet, Logic, Term};
use crate::model::{Cond, Fact, HistoryTerm, Path, Root};
use crate::syntax::tree::HistoryFunc;

impl Encoder<'_> {
    /// What is true of history whatever happened, of pairs of these questions: what succeeded, stands
    /// or is in doubt was called; effects are calls; a narrower question counts no more than a wider
    /// one. The rest is learned where it matters, see `truths`.
    pub fn axioms_among(&mut self, terms: &[Term]) -> Formula {
        let pairs = self.ordered(terms);
        let all: Vec<Formula> = pairs
            .into_iter()
            .map(|(a, b)| self.logic.difference(a, 1, b, 1, IntSet::at_most(0)))
            .collect();
        self.logic.and(&all)
    }

    /// Pairs of questions about history of which the first counts no more than the second.
    pub(crate) fn ordered(&self, terms: &[Term]) -> Vec<(Term, Term)> {
        let asked: Vec<(Term, &HistoryTerm)> = terms
            .iter()
            .filter_map(|t| match self.meaning(*t) {
                Some(Meaning::History(h)) => Some((*t, h)),
                _ => None,
            })
            .collect();
        let mut all = Vec::new();
        for (a, x) in &asked {
            for (b, y) in &asked {
                if a == b || moment(&self.logic, *a) != moment(&self.logic, *b) {
                    continue;
                }
                let (mine, theirs) = (self.logic.name(*a), self.logic.name(*b));
                if !y.keys.is_empty() && owner(mine) != owner(theirs) {
                    continue;
                }
                if implied(x, y) && narrower(x, y) {
                    all.push((*a, *b));
                }
            }
        }
        // A fact is the reply of a call that has succeeded.
        for term in terms {
            let Some(Meaning::Present(path)) = self.meaning(*term) else {
                continue;
            };
            let Root::Fact(id) = path.root else { continue };
            let own = path.fields.is_empty() && !self.logic.name(*term).contains(OTHER);
            let fact = self.policy().facts.get(id.index());
            for (b, y) in &asked {
                if own
                    && moment(&self.logic, *b).is_empty()
                    && matches!(y.func, HistoryFunc::Done | HistoryFunc::Calls)
                    && fact.is_some_and(|f| remembered(f, y))
                {
                    all.push((*term, *b));
                }
            }
        }
        all
    }
}

/// Whether the call that a fact remembers counts for the question.
fn remembered(fact: &Fact, asked: &HistoryTerm) -> bool {
    asked.counted.iter().any(|y| {
        let keys = asked.keys.is_empty()
            || (same_paths(&fact.source.keys, &y.keys)
                && asked.keys.len() == fact.keys.len()
                && asked.keys.iter().zip(&fact.keys).all(|(path, name)| {
                    path.fields.is_empty()
                        && matches!(path.root, Root::Param(_))
                        && path.text == *name
                }));
        fact.source.action == y.action
            && keys
            && (y.filter.is_none()
                || y.filter.as_ref().map(canonical) == fact.source.filter.as_ref().map(canonical))
    })
}

/// The part of a history term's name that says when it is asked.
fn moment(logic: &Logic, term: Term) -> String {
    let name = logic.name(term);
    name.split_once("history.")
        .map_or(String::new(), |(m, _)| m.to_string())
}

/// The part of a history term's name that says whose keys it asks for; empty if they are nobody's.
fn owner(name: &str) -> &str {
    let question = name.split_once("history.").map_or("", |n| n.1);
    question.split_once(QUESTION).map_or("", |(owner, _)| owner)
}

/// Stands between the owner of a question's keys and the question.
pub(crate) const QUESTION: char = '?';

/// Whether a call that counts for `a` counts for `b`. What stands has succeeded, but the success may
/// have been told by a repeat of the call, which has a reply of its own.
fn implied(a: &HistoryTerm, b: &HistoryTerm) -> bool {
    use HistoryFunc as H;
    match (a.func, b.func) {
        (x, y) if x == y => true,
        (_, H::Calls) | (H::Standing | H::Unsettled, H::Effects) => true,
        (H::Standing, H::Done) => b
            .counted
            .iter()
            .all(|c| c.filter.is_none() && c.keys.iter().all(|k| matches!(k.root, Root::Param(_)))),
        _ => false,
    }
}

/// Whether every call that `a` looks at is looked at by `b` as well.
fn narrower(a: &HistoryTerm, b: &HistoryTerm) -> bool {
    let flag = matches!(
        b.func,
        HistoryFunc::Done | HistoryFunc::Standing | HistoryFunc::Unsettled
    );
    let counts = matches!(a.func, HistoryFunc::Calls | HistoryFunc::Effects);
    if flag && counts {
        return false;
    }
    a.counted.iter().all(|x| {
        b.counted.iter().any(|y| {
            let keys = b.keys.is_empty() || (same_keys(a, b) && same_paths(&x.keys, &y.keys));
            x.action == y.action
                && keys
                && (y.filter.is_none()
                    || x.filter.as_ref().map(canonical) == y.filter.as_ref().map(canonical))
        })
    })
}

fn same_keys(a: &HistoryTerm, b: &HistoryTerm) -> bool {
    same_paths(&a.keys, &b.keys)
}

fn same_paths(a: &[Path], b: &[Path]) -> bool {
    a.len() == b.len()
        && a.iter()
            .zip(b)
            .all(|(x, y)| x.root == y.root && x.fields == y.fields)
}

/// A question about history as a name: equal questions have equal names.
pub(crate) fn question(term: &HistoryTerm) -> String {
    use std::fmt::Write;
    let mut name = format!("{:?}(", term.func);
    let path = |p: &Path| format!("{:?}{:?}", p.root, p.fields);
    for counted in &term.counted {
        let _ = write!(name, "{} ", counted.action.0);
        for key in &counted.keys {
            name.push_str(&path(key));
        }
        if let Some(filter) = &counted.filter {
            let _ = write!(name, " where {}", canonical(filter));
        }
        name.push(';');
    }
    for key in &term.keys {
        name.push_str(&path(key));
    }
    name.push(')');
    name
}

/// A condition without its places, for telling conditions apart.
fn canonical(cond: &Cond) -> String {
    without_places(&format!("{cond:?}"))
}

fn without_places(text: &str) -> String {
    // Places are the only numbers that follow `start: ` and `end: `.
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("Span {") {
        out.push_str(rest.get(..at).unwrap_or_default());
        let after = rest.get(at..).unwrap_or_default();
        rest = after
            .find('}')
            .and_then(|e| after.get(e + 1..))
            .unwrap_or_default();
    }
    out.push_str(rest);
    out
}
