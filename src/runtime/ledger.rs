//! One step's dealings with the counter store: written down for the record, and taken back if the
//! step is refused after all.

use super::counters::{Counters, FreeAt, Want};
use super::fault::{Fault, Refusable};
use serde::{Deserialize, Serialize};

/// A question to the counter store and its answer, as the record keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
#[allow(missing_docs)]
pub enum Counted {
    Peek { wants: Vec<Want>, free_at: FreeAt },
    Take { wants: Vec<Want>, free_at: FreeAt },
    GiveBack { key: String, taken_at: i64 },
}

pub(super) struct Ledger<'a> {
    store: &'a mut dyn Counters,
    pub(super) now: i64,
    pub(super) log: Vec<Counted>,
    given_back: Vec<(String, i64)>,
}

impl<'a> Ledger<'a> {
    pub(super) fn new(store: &'a mut dyn Counters, now: i64) -> Self {
        Self {
            store,
            now,
            log: Vec::new(),
            given_back: Vec::new(),
        }
    }

    pub(super) fn peek(&mut self, wants: Vec<Want>) -> Refusable<FreeAt> {
        if wants.is_empty() {
            return Ok(Vec::new());
        }
        let free_at = self.store.peek(self.now, &wants).map_err(refused)?;
        fits(&wants, &free_at)?;
        self.log.push(Counted::Peek {
            wants,
            free_at: free_at.clone(),
        });
        Ok(free_at)
    }

    pub(super) fn take(&mut self, wants: Vec<Want>) -> Refusable<FreeAt> {
        if wants.is_empty() {
            return Ok(Vec::new());
        }
        let free_at = self.store.take(self.now, &wants).map_err(refused)?;
        fits(&wants, &free_at)?;
        self.log.push(Counted::Take {
            wants,
            free_at: free_at.clone(),
        });
        Ok(free_at)
    }

    /// Notes a slot to give back once the step is done.
    pub(super) fn give_back(&mut self, key: String, taken_at: i64) {
        self.log.push(Counted::GiveBack {
            key: key.clone(),
            taken_at,
        });
        self.given_back.push((key, taken_at));
    }

    /// The step stands: gives back what was promised.
    ///
    /// A store that fails here keeps a slot too many, which is the safe side; the step has been
    /// decided, so the failure is not the step's.
    pub(super) fn commit(self) -> Vec<Counted> {
        for (key, taken_at) in &self.given_back {
            let _ = self.store.give_back(key, *taken_at);
        }
        self.log
    }

    /// The step is refused: gives back what it took.
    pub(super) fn roll_back(self) {
        for counted in &self.log {
            let Counted::Take { wants, free_at } = counted else {
                continue;
            };
            if free_at.iter().any(Option::is_some) {
                continue;
            }
            for want in wants {
                let _ = self.store.give_back(&want.key, self.now);
            }
        }
    }
}

fn refused(problem: String) -> Fault {
    Fault::Counters { problem }
}

fn fits(wants: &[Want], free_at: &FreeAt) -> Refusable {
    if wants.len() == free_at.len() {
        return Ok(());
    }
    Err(Fault::Counters {
        problem: format!(
            "{} slots were wanted, {} answered",
            wants.len(),
            free_at.len()
        ),
    })
}
