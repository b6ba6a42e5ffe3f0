//! A configuration: a state together with all that the past can still matter for.

use super::Runs;
use super::told::Told;
use crate::flow::guards::Facts;
use crate::flow::history::History;
use crate::flow::picture::StateAt;
use crate::model::{ActionId, Policy, StateId, Step};

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
/// A state, and what the past can still matter for there.
pub struct Config {
    /// The state.
    pub place: StateAt,
    /// What became of the calls made.
    pub history: History,
    /// Bound slots, ascending.
    pub bound: Vec<u32>,
    /// States whose call succeeded, with its arguments unchanged since; and whether its reply is
    /// still what the state's binding holds.
    pub done_at: Vec<(StateAt, bool)>,
    /// States whose call is in doubt, with its arguments unchanged since.
    pub doubt_at: Vec<StateAt>,
    /// Facts about slots, ascending.
    pub known: Vec<u32>,
    /// Entries of states with `visits`.
    pub visits: Vec<(StateAt, u64)>,
    /// Attempts of this entry, by handler.
    pub attempts: Vec<(usize, u64)>,
    /// An attempt of this entry is in doubt.
    pub doubt: bool,
    /// Facts that are there.
    pub told: Vec<Told>,
    /// Facts that this entry's own call may have made untrue.
    pub hidden: Vec<u32>,
    /// Events that were taken.
    pub events: Vec<u32>,
    /// Runs under way whose deadline was taken: what follows is the tail behind it.
    pub tails: Vec<u32>,
}

impl Config {
    /// As it is kept at an end: nothing is asked there but what became of the calls.
    pub(super) fn ended(mut self) -> Self {
        self.place = (0, StateId(0));
        self.bound.clear();
        self.known.clear();
        self.visits.clear();
        self.attempts.clear();
        self.doubt = false;
        self.done_at.clear();
        self.told.clear();
        self.hidden.clear();
        self
    }

    /// Before anything has happened.
    pub(super) fn fresh(policy: &Policy, place: StateAt, bound: Vec<u32>) -> Self {
        Self {
            place,
            history: History::empty(policy),
            bound,
            done_at: Vec::new(),
            doubt_at: Vec::new(),
            known: Vec::new(),
            visits: Vec::new(),
            attempts: Vec::new(),
            doubt: false,
            told: Vec::new(),
            hidden: Vec::new(),
            events: Vec::new(),
            tails: Vec::new(),
        }
    }

    /// The call of that state has succeeded, and `bound` says whether its binding has the reply.
    pub(super) fn done(&mut self, place: StateAt, bound: bool) {
        self.done_at.retain(|(p, _)| *p != place);
        self.done_at.push((place, bound));
        self.done_at.sort_unstable();
    }

    /// The call of that state is in doubt.
    pub(super) fn doubt(&mut self, place: StateAt) {
        self.doubt_at.push(place);
        self.doubt_at.sort_unstable();
        self.doubt_at.dedup();
    }

    /// Forgets doubt that history no longer knows of.
    pub(super) fn clear_doubt(&mut self, runs: &Runs<'_, '_>) {
        let history = &self.history;
        self.doubt_at.retain(|place| {
            runs.action_at(*place)
                .is_some_and(|a| history.of(a).unsettled > 0)
        });
    }

    /// A guard was passed: facts hold.
    pub(super) fn learn(&mut self, facts: &[u32]) {
        self.known.extend(facts);
        self.known.sort_unstable();
        self.known.dedup();
    }

    /// How many attempts this entry has made for a handler.
    pub(super) fn attempts_of(&self, handler: usize) -> u64 {
        let made = self.attempts.iter().find(|(i, _)| *i == handler);
        made.map_or(0, |(_, n)| *n)
    }

    /// The configuration in which that many attempts were made for a handler.
    pub(super) fn attempted(&self, handler: usize, attempts: u64) -> Self {
        let mut again = self.clone();
        again.attempts.retain(|(i, _)| *i != handler);
        again.attempts.push((handler, attempts));
        again.attempts.sort_unstable();
        again
    }

    /// A slot gets a new value: what was known about the old one is forgotten.
    pub(super) fn bind(&mut self, slot: u32, facts: &Facts, runs: &Runs<'_, '_>) {
        self.change(slot, facts, runs);
        if !self.bound.contains(&slot) {
            self.bound.push(slot);
            self.bound.sort_unstable();
        }
    }

    /// A slot loses its value.
    pub(super) fn unbind(&mut self, slot: u32, facts: &Facts, runs: &Runs<'_, '_>) {
        self.change(slot, facts, runs);
        self.bound.retain(|s| *s != slot);
    }

    /// What was known about a slot's old value is forgotten.
    pub(super) fn change(&mut self, slot: u32, facts: &Facts, runs: &Runs<'_, '_>) {
        self.known
            .retain(|k| facts.get(*k).is_some_and(|f| !f.slots.contains(&slot)));
        let uses = |place: StateAt| runs.args_use(place, slot);
        let own = |place: StateAt| match runs.state(place).map(|s| &s.step) {
            Some(Step::Do(step)) => step.bind.is_some_and(|b| runs.slot(place.0, b) == slot),
            _ => false,
        };
        self.done_at.retain(|(place, _)| !uses(*place));
        self.doubt_at.retain(|place| !uses(*place));
        for (place, bound) in &mut self.done_at {
            *bound &= !own(*place);
        }
        self.done_at.dedup();
        self.told.retain(|told| !uses(told.place));
        for told in &mut self.told {
            told.same &= !own(told.place);
        }
    }

    /// The call of exactly one state is in doubt for an action: which one.
    pub(super) fn only_doubt(&self, action: ActionId, runs: &Runs<'_, '_>) -> Option<StateAt> {
        let mut places = self
            .doubt_at
            .iter()
            .filter(|p| runs.action_at(**p) == Some(action));
        match (places.next(), places.next()) {
            (Some(place), None) => Some(*place),
            _ => None,
        }
    }
}
