//! Questions about history that both tables share, and what is true of their answers whatever
//! happened.

use super::shared::Store;
use super::side::{Side, action_name};
use super::universe::{Scope, Universe, Untold};
use crate::logic::{Formula, IntSet, Term};
use crate::table::format::{Asks, Counted, Path, Ref};
use std::collections::BTreeSet;

/// Calls are counted up to here.
const COUNT_MAX: i64 = (1 << 53) - 1;

/// A question, with its term.
#[derive(Clone, Debug)]
pub(super) struct Question {
    pub(super) term: Term,
    asks: Asks,
    counted: Vec<Calls>,
    keys: Vec<String>,
    /// For people.
    pub(super) text: String,
    /// Its numbers on each side.
    pub(super) numbers: [Vec<u32>; 2],
}

/// Calls of one action that count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Calls {
    pub(super) action: String,
    pub(super) keys: Vec<String>,
    /// The number of their condition.
    pub(super) when: Option<usize>,
}

impl<'t> Universe<'t> {
    /// The term of a question that is asked in that scope.
    pub(super) fn history(
        &mut self,
        side: Side,
        scope: &Scope<'t>,
        number: u32,
    ) -> Result<Term, Untold> {
        let tables = self.tables;
        let asked = tables.body(side).histories.get(number as usize);
        let asked = asked.ok_or_else(|| Untold("a question is missing".to_owned()))?;
        let keys = self.key_texts(side, scope, &asked.keys);
        let counted = self.counted(side, &asked.counted)?;
        let known = self
            .questions
            .iter_mut()
            .find(|q| q.asks == asked.asks && q.counted == counted && q.keys == keys);
        if let Some(question) = known {
            let numbers = &mut question.numbers[side.index()];
            if !numbers.contains(&number) {
                numbers.push(number);
            }
            return Ok(question.term);
        }
        let text = text(asked.asks, &counted, &keys);
        let flag = !matches!(asked.asks, Asks::Calls | Asks::Effects);
        let name = format!("{}history {text} {counted:?}", scope.prefix);
        let term = self.logic.int(&name, 0, if flag { 1 } else { COUNT_MAX });
        let mut numbers = [Vec::new(), Vec::new()];
        numbers[side.index()].push(number);
        self.questions.push(Question {
            term,
            asks: asked.asks,
            counted,
            keys,
            text,
            numbers,
        });
        Ok(term)
    }

    pub(super) fn key_texts(&self, side: Side, scope: &Scope<'_>, keys: &[Path]) -> Vec<String> {
        keys.iter()
            .map(|k| self.tables.path_text(side, scope, k))
            .collect()
    }

    /// Which calls count, in words that both sides share.
    pub(super) fn counted(&mut self, side: Side, all: &[Counted]) -> Result<Vec<Calls>, Untold> {
        let mut calls = Vec::with_capacity(all.len());
        for counted in all {
            let action = action_name(self.tables.body(side), counted.action).to_owned();
            let scope = self.call_scope(&action);
            calls.push(Calls {
                keys: self.key_texts(side, &scope, &counted.keys),
                when: match counted.when {
                    None => None,
                    Some(at) => Some(self.condition_number(side, &action, &scope, at)?),
                },
                action,
            });
        }
        calls.sort_by(|a, b| (&a.action, &a.keys, a.when).cmp(&(&b.action, &b.keys, b.when)));
        Ok(calls)
    }

    /// The scope of a call of an action.
    pub(super) fn call_scope(&self, action: &str) -> Scope<'t> {
        let of = |side: Side| self.tables.table(side).action(action);
        Scope {
            prefix: format!("call {action} "),
            params: Side::BOTH.map(|s| of(s).map_or(&[][..], |a| a.params.as_slice())),
            result: Side::BOTH.map(|s| of(s).and_then(|a| a.result.as_ref())),
            ..Scope::default()
        }
    }

    /// The number of a condition on calls of an action: that of an equal one, if there is one.
    fn condition_number(
        &mut self,
        side: Side,
        action: &str,
        scope: &Scope<'t>,
        at: Ref,
    ) -> Result<usize, Untold> {
        let mut store = Store::default();
        let formula = store.condition(self, side, scope, at)?;
        for (number, (of, known)) in self.conditions.clone().into_iter().enumerate() {
            if of == action && self.equal(known, formula)? {
                return Ok(number);
            }
        }
        self.conditions.push((action.to_owned(), formula));
        Ok(self.conditions.len() - 1)
    }

    /// Whether two formulas hold in the same cases.
    pub(super) fn equal(&mut self, a: Formula, b: Formula) -> Result<bool, Untold> {
        if a == b {
            return Ok(true);
        }
        Ok(self.apart(a, b)?.is_none())
    }

    /// A case in which just one of two formulas holds.
    pub(super) fn apart(
        &mut self,
        a: Formula,
        b: Formula,
    ) -> Result<Option<crate::logic::Assignment>, Untold> {
        let (only_a, only_b) = (self.logic.and(&[a, !b]), self.logic.and(&[!a, b]));
        let either = self.logic.or(&[only_a, only_b]);
        let mut budget = self.logic.budget();
        Ok(self.logic.solve(either, &mut budget)?)
    }

    /// What is true of history whatever happened, about the questions and facts among those terms:
    /// what succeeded, stands or is in doubt was called; a narrower question counts no more than a
    /// wider one; a fact is the reply of a call that has succeeded.
    pub(super) fn axioms(&mut self, among: &BTreeSet<Term>) -> Formula {
        let mut pairs = Vec::new();
        let asked = self.questions.iter().filter(|q| among.contains(&q.term));
        for b in asked {
            for a in self.questions.iter().filter(|q| among.contains(&q.term)) {
                if a.term != b.term && implied(a, b) && narrower(a, b) {
                    pairs.push((a.term, b.term));
                }
            }
            for fact in &self.facts {
                let presence = fact.place.presence.filter(|p| among.contains(p));
                if let (Some(presence), Some(source)) = (presence, &fact.source)
                    && matches!(b.asks, Asks::Done | Asks::Calls)
                    && remembered(source, &fact.keys, b)
                {
                    pairs.push((presence, b.term));
                }
            }
        }
        let all: Vec<Formula> = pairs
            .into_iter()
            .map(|(a, b)| self.logic.difference(a, 1, b, 1, IntSet::at_most(0)))
            .collect();
        self.logic.and(&all)
    }

    /// The calls that a fact remembers, if both tables that have it say the same.
    pub(super) fn source(&mut self, name: &str) -> Result<Option<Calls>, Untold> {
        let mut known: Option<Calls> = None;
        for side in Side::BOTH {
            let facts = &self.tables.body(side).facts;
            let Some(fact) = facts.iter().find(|f| f.name == name) else {
                continue;
            };
            let calls = self
                .counted(side, std::slice::from_ref(&fact.source))?
                .pop();
            match (&known, calls) {
                (None, calls) => known = calls,
                (Some(k), Some(c)) if *k == c => {}
                _ => return Ok(None),
            }
        }
        Ok(known)
    }
}

/// Whether the call that a fact remembers counts for the question.
fn remembered(source: &Calls, keys: &[String], asked: &Question) -> bool {
    asked.counted.iter().any(|y| {
        source.action == y.action
            && (asked.keys.is_empty() || (asked.keys == keys && y.keys == source.keys))
            && (y.when.is_none() || y.when == source.when)
    })
}

/// Whether a call that counts for `a` counts for `b`. A success may have been told by a repeat of the
/// call, which has a reply of its own.
fn implied(a: &Question, b: &Question) -> bool {
    match (a.asks, b.asks) {
        (x, y) if x == y => true,
        (_, Asks::Calls) | (Asks::Standing | Asks::Unsettled, Asks::Effects) => true,
        (Asks::Standing, Asks::Done) => b
            .counted
            .iter()
            .all(|c| c.when.is_none() && c.keys.iter().all(|k| !k.starts_with("result"))),
        _ => false,
    }
}

fn narrower(a: &Question, b: &Question) -> bool {
    let flag = |asks| matches!(asks, Asks::Done | Asks::Standing | Asks::Unsettled);
    if flag(b.asks) && !flag(a.asks) {
        return false;
    }
    a.counted.iter().all(|x| {
        b.counted.iter().any(|y| {
            let keys = b.keys.is_empty() || (a.keys == b.keys && x.keys == y.keys);
            x.action == y.action && keys && (y.when.is_none() || x.when == y.when)
        })
    })
}

fn text(asks: Asks, counted: &[Calls], keys: &[String]) -> String {
    let word = match asks {
        Asks::Done => "done",
        Asks::Calls => "calls",
        Asks::Effects => "effects",
        Asks::Standing => "standing",
        Asks::Unsettled => "unsettled",
    };
    let calls: Vec<String> = counted
        .iter()
        .map(|c| {
            let by: Vec<String> = keys
                .iter()
                .zip(&c.keys)
                .map(|(k, own)| {
                    if k == own {
                        k.clone()
                    } else {
                        format!("{k} = {own}")
                    }
                })
                .collect();
            let by = if by.is_empty() {
                String::new()
            } else {
                format!(" by {}", by.join(", "))
            };
            let when = if c.when.is_some() { " where …" } else { "" };
            format!("{}{by}{when}", c.action)
        })
        .collect();
    format!("{word}({})", calls.join(", "))
}
