//! An outcome has happened: which handlers take it, with another attempt or along their edge.

use super::Explorer;
use super::config::Config;
use super::moves::Move;
use crate::flow::graph::Happened;
use crate::flow::guards::Guard;
use crate::flow::picture::Way;
use crate::model::{BindingId, Handler, OutcomeKind, State, Step};
use crate::source::Span;

/// Attempts of one handler that are told apart; beyond them only what they do to history counts.
pub const ATTEMPTS_MAX: u64 = 6;

impl<'a> Explorer<'_, '_, 'a> {
    /// Outcome `index` of `state`, in which `config` is, has happened, with all that follows
    /// recorded in `config`. `what` ends with it. `returned`: it is the end of an inner run.
    pub(super) fn handled(
        &mut self,
        at: Option<usize>,
        state: &'a State,
        index: usize,
        config: Config,
        what: Vec<Happened>,
        returned: bool,
    ) {
        let (run, id) = config.place;
        self.picture.happened.insert((run, id, index));
        if !returned {
            // While the state was busy, something may have come that goes before its handlers.
            self.aside(at, &config, &what);
        }
        let takes: Vec<(usize, &Handler)> = state
            .handlers
            .iter()
            .enumerate()
            .filter(|(_, h)| h.outcomes.iter().any(|(o, _)| *o == index))
            .collect();
        if takes.is_empty() {
            if state.complete {
                self.unhandled(at, state, index);
            } else {
                self.picture.whole = false;
            }
            return;
        }
        let Some(split) = self.split(at, state, index, &config, takes) else {
            return;
        };
        self.follow(at, state, index, &config, &split, &what);
    }

    /// Sorts the handlers of an outcome; none if some guard could not be made out.
    fn split(
        &mut self,
        at: Option<usize>,
        state: &'a State,
        index: usize,
        config: &Config,
        takes: Vec<(usize, &'a Handler)>,
    ) -> Option<Split> {
        let (run, id) = config.place;
        let mut split = Split::default();
        for (i, handler) in takes {
            let Some(cond) = &handler.when else {
                match split.plain {
                    None => split.plain = Some((i, handler.bind)),
                    Some((first, _)) => self.twice(state, index, first, i),
                }
                continue;
            };
            let Some(guard) = self.guards.of_states.get(&(run, id, i)).cloned() else {
                self.picture.whole = false;
                return None;
            };
            // The binding of the step, or of the handler, is there when its guard is asked.
            let bound = self.bound(config, handler.bind);
            self.uses_cond(at, run, cond, &bound, "this guard");
            split.guards.push((i, handler.bind, guard));
            split.spans.push(handler.span);
        }
        Some(split)
    }

    /// With the handler's binding, if it has one.
    fn bound(&self, config: &Config, bind: Option<BindingId>) -> Config {
        let mut bound = config.clone();
        if let Some(b) = bind {
            let slot = self.runs.slot(config.place.0, b);
            bound.bind(slot, &self.facts, &self.runs);
        }
        bound
    }

    fn follow(
        &mut self,
        at: Option<usize>,
        state: &'a State,
        index: usize,
        config: &Config,
        split: &Split,
        what: &[Happened],
    ) {
        // The guards look at the new values of what they bind.
        let mut new = config.clone();
        for (_, bind, _) in &split.guards {
            if let Some(b) = bind {
                let slot = self.runs.slot(config.place.0, *b);
                new.bind(slot, &self.facts, &self.runs);
            }
        }
        let guards: Vec<Guard> = split.guards.iter().map(|(.., g)| g.clone()).collect();
        if let Some(at) = at {
            self.exclusive(at, &new, state, &guards, &split.spans, "guards");
        }
        for (i, bind, guard) in &split.guards {
            let mut next = self.bound(config, *bind);
            if self.holds(&next, guard.truth.yes) {
                next.learn(&guard.if_true);
                self.take(at, state, *i, index, next, what);
            }
        }
        let none: Vec<_> = guards.iter().map(|g| g.truth.no).collect();
        let none = self.gate.encoder.logic.and(&none);
        if !self.holds(&new, none) {
            return;
        }
        match split.plain {
            Some((i, bind)) => {
                let mut next = self.bound(config, bind);
                for (_, of, guard) in &split.guards {
                    // What a guard bound is put back where it doesn't hold.
                    if of.is_none() || *of == bind {
                        next.learn(&guard.if_false);
                    }
                }
                self.take(at, state, i, index, next, what);
            }
            None => {
                if let Some(at) = at {
                    let span = split.spans.first().copied().unwrap_or(state.name_span);
                    self.gap(at, &new, state, none, Some(index), span);
                }
            }
        }
    }

    /// Handler `handler` takes the outcome: another attempt, or its edge.
    fn take(
        &mut self,
        at: Option<usize>,
        state: &'a State,
        handler: usize,
        outcome: usize,
        config: Config,
        what: &[Happened],
    ) {
        let Some(h) = state.handlers.get(handler) else {
            return;
        };
        let number = u32::try_from(handler).unwrap_or(u32::MAX);
        let mut what = what.to_vec();
        if let Some(Happened::Outcome { handler, .. }) = what.last_mut() {
            *handler = Some(number);
        }
        if let Some(retry) = h.retry {
            let used = config.attempts_of(handler);
            if used < retry.count {
                let counted = (used + 1).min(ATTEMPTS_MAX);
                let mut again = config.attempted(handler, counted);
                again.lapse_here(&self.runs);
                let mut what = what.clone();
                what.push(Happened::Again {
                    at: config.place,
                    handler: number,
                    attempt: u32::try_from(used).unwrap_or(u32::MAX),
                });
                self.push(at, again, &what);
            }
            if used < retry.count.min(ATTEMPTS_MAX) {
                return;
            }
        }
        let way = match (&state.step, state.outcomes.get(outcome).map(|o| o.kind)) {
            (
                Step::Do(_),
                Some(
                    OutcomeKind::Denied
                    | OutcomeKind::Limited
                    | OutcomeKind::Declined
                    | OutcomeKind::Expired,
                ),
            ) => Way::Refused,
            (Step::Do(_), _) => Way::Called,
            _ => Way::Done,
        };
        let step = Move {
            parent: at,
            from: Some(config.place),
            what,
            way,
        };
        self.go(step, config.place.0, h.to, config);
    }
}

/// The handlers of one outcome: those with a guard, and the one that takes the rest.
#[derive(Default)]
struct Split {
    guards: Vec<(usize, Option<BindingId>, Guard)>,
    spans: Vec<Span>,
    plain: Option<(usize, Option<BindingId>)>,
}
