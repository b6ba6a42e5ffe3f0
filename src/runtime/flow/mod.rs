//! The flow: from state to state, until the host has to do something.

mod agent;
mod ask;
mod events;
mod settle;
mod slots;
mod step;
mod unwind;

use super::engine::{Befalling, Engine, get};
use super::fault::{Fault, Refusable};
use super::limits::counter;
use super::record::Trace;
use super::session::{Doing, Level, Reached, Run, WaitingEvent};
use crate::table::eval;
use crate::table::format::{End, EndClass, Expr, Flow, Retry, Step, Target};
use crate::table::scalar::later;
use crate::table::value::{Unknown, normalise_fields};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// What the flow does next.
#[derive(Clone, Debug)]
pub(super) enum Next<'a> {
    /// Wait for the host.
    Stay,
    /// Do the current state's step, for the first time or again.
    Attempt,
    /// Go on with the current state's step.
    Proceed,
    /// Take an edge.
    Go(&'a Target),
    /// The current state's step has ended.
    Outcome(String, Option<Value>),
}

impl<'a> Engine<'a> {
    /// Starts a root flow.
    pub(super) fn start(&mut self, name: &str, args: &Map<String, Value>) -> Refusable {
        let index = self.table.flow_index(name).ok_or_else(|| Fault::Unknown {
            what: "flow",
            name: name.to_owned(),
        })?;
        if !self.s.calls.is_empty() || !self.s.approvals.is_empty() || self.s.run.is_some() {
            return Err(Fault::NotEmpty);
        }
        let flow = get(&self.body.flows, index, "flow")?;
        let mut args = normalise_fields(self.body, &flow.params, args, Unknown::Refuse)
            .map_err(Fault::Argument)?;
        let mut slots: Vec<_> = flow.params.iter().map(|p| args.remove(&p.wire)).collect();
        slots.resize(flow.slots.len(), None);
        let target = if self.is_duplicate(flow, &slots)? {
            self.trace.push(Trace::Duplicate {});
            flow.once.as_ref().map_or(&flow.start, |once| &once.to)
        } else {
            &flow.start
        };
        self.s.run = Some(Run {
            flow: index,
            slots,
            entries: 0,
            levels: Vec::new(),
            events: BTreeSet::new(),
            waiting: Vec::new(),
            end: None,
        });
        self.drive(Next::Go(target))
    }

    /// Whether the same trigger has come within the window.
    fn is_duplicate(&mut self, flow: &Flow, args: &[Option<Value>]) -> Refusable<bool> {
        let Some(once) = &flow.once else {
            return Ok(false);
        };
        let key: Vec<_> = once
            .by
            .iter()
            .map(|&p| args.get(p as usize).cloned().flatten())
            .collect();
        let name = format!("{}/once/{}", self.body.policy, flow.name);
        let taken = self.ledger.take(vec![super::counters::Want {
            key: counter(&name, &key),
            count: 1,
            window_ms: once.for_ms,
        }])?;
        Ok(taken.iter().any(Option::is_some))
    }

    /// Goes on until the host has to do something, or the flow has ended.
    pub(super) fn drive(&mut self, mut next: Next<'a>) -> Refusable {
        loop {
            self.hop()?;
            next = match next {
                Next::Stay => return Ok(()),
                Next::Attempt => self.attempt()?,
                Next::Proceed => self.proceed()?,
                Next::Go(target) => self.go(target)?,
                Next::Outcome(outcome, value) => self.outcome(outcome, value)?,
            };
        }
    }

    fn go(&mut self, target: &'a Target) -> Refusable<Next<'a>> {
        match target {
            Target::State { index } => self.enter(*index),
            Target::End { index } => {
                let end = get(&self.flow()?.ends, *index, "end")?;
                self.reach(*index, end);
                Ok(Next::Stay)
            }
            Target::Return {
                state,
                outcome,
                gives,
            } => {
                let value = self.value(gives.as_ref());
                self.withdraw_approvals();
                let levels = self.s.run.as_mut().map(|run| &mut run.levels);
                let caller = levels.and_then(|levels| {
                    let at = levels.iter().rposition(|level| level.state == *state)?;
                    levels.truncate(at + 1);
                    Some(())
                });
                caller.ok_or_else(|| Fault::broken("an inlined run ends outside its caller"))?;
                Ok(Next::Outcome(outcome.clone(), value))
            }
        }
    }

    fn reach(&mut self, index: u32, end: &End) {
        let gives = self.value(end.gives.as_ref());
        self.withdraw_approvals();
        if let Some(run) = &mut self.s.run {
            run.levels.clear();
            run.waiting.clear();
            run.end = Some(Reached {
                end: index,
                gives: gives.clone(),
                at: self.now,
            });
        }
        self.trace.push(Trace::Ended {
            end: end.name.clone(),
            class: class_word(end.class).to_owned(),
            gives,
        });
    }

    fn value(&self, expr: Option<&Expr>) -> Option<Value> {
        eval::expr(&self.situation(), expr?)
    }

    /// Enters a state.
    fn enter(&mut self, index: u32) -> Refusable<Next<'a>> {
        let state = self.state(index)?;
        self.upto = self.now;
        self.withdraw_approvals();
        let depth = self.depth(state.scope)?;
        let now = self.now;
        let run = self
            .s
            .run
            .as_mut()
            .ok_or_else(|| Fault::broken("no flow runs"))?;
        if run.levels.len() < depth {
            return Err(Fault::broken("an inlined run is entered from outside"));
        }
        run.entries = run.entries.saturating_add(1);
        let (since, net, mut visits) = match run.levels.get(depth) {
            Some(level) if level.scope == state.scope => {
                (level.since, level.net, level.visits.clone())
            }
            _ => (now, false, BTreeMap::new()),
        };
        let visit = visits.entry(index).or_insert(0);
        *visit = visit.saturating_add(1);
        let visit = *visit;
        run.levels.truncate(depth);
        let entry = run.entries;
        run.levels.push(Level {
            scope: state.scope,
            since,
            net,
            visits,
            state: index,
            entry,
            entered: now,
            args: Map::new(),
            retries: BTreeMap::new(),
            happened: false,
            doing: Doing::Passing {},
        });
        self.trace.push(Trace::Entered {
            state: state.name.clone(),
            entry,
        });
        if let Some(visits) = &state.visits
            && visit > visits.count
        {
            self.trace.push(Trace::TooOften {
                state: state.name.clone(),
            });
            return Ok(Next::Go(&visits.to));
        }
        self.befall(index);
        if let Some(next) = self.between_steps()? {
            return Ok(next);
        }
        let args = self.frozen(&state.step)?;
        if let Some(level) = self.s.top_mut() {
            level.args = args;
        }
        Ok(Next::Attempt)
    }

    /// What a test has befall the flow as it enters the state.
    fn befall(&mut self, state: u32) {
        let (here, still): (Vec<_>, _) = std::mem::take(&mut self.befalls)
            .into_iter()
            .partition(|befall| befall.states.contains(&state));
        self.befalls = still;
        for befall in here {
            match (befall.what, &mut self.s.run) {
                (Befalling::Event(event), Some(run)) => run.waiting.push(WaitingEvent {
                    event,
                    at: self.now,
                }),
                (Befalling::Time(ms), _) => {
                    self.now = later(self.now, ms);
                    self.upto = self.now;
                    self.s.now = Some(self.now);
                    self.ledger.now = self.now;
                }
                (Befalling::Event(_), None) => {}
            }
        }
    }

    /// How many runs a scope lies within.
    fn depth(&self, scope: u32) -> Refusable<usize> {
        let mut depth = 0;
        let mut at = scope;
        while let Some(parent) = self.scope(at)?.parent {
            // INVARIANT: parents come first, so this ends.
            if parent >= at {
                return Err(Fault::broken("an inlined run is its own parent"));
            }
            depth += 1;
            at = parent;
        }
        Ok(depth)
    }

    /// The current state's step has ended with an outcome.
    fn outcome(&mut self, outcome: String, value: Option<Value>) -> Refusable<Next<'a>> {
        let state = self.here()?;
        self.doing(Doing::Passing {});
        self.trace.push(Trace::Outcome {
            state: state.name.clone(),
            outcome: outcome.clone(),
            value: value.clone(),
        });
        let own = match &state.step {
            Step::Do { bind, .. } if outcome == "ok" => *bind,
            Step::Ask { bind, .. } if outcome == "answered" => Some(*bind),
            Step::Run { bind, .. } => *bind,
            _ => None,
        };
        if let Some(slot) = own {
            self.bind(slot, value.clone())?;
        }
        if let Some(next) = self.between_steps()? {
            return Ok(next);
        }
        for handler in state.handlers.iter().filter(|h| h.outcome == outcome) {
            let before = match handler.bind {
                Some(slot) => Some((slot, self.bind(slot, value.clone())?)),
                None => None,
            };
            let fits = handler
                .when
                .is_none_or(|when| self.table.index().holds(&self.situation(), when));
            if !fits {
                if let Some((slot, was)) = before {
                    self.bind(slot, was)?;
                }
                continue;
            }
            let again = match &handler.retry {
                Some(retry) => self.retry(&state.name, retry),
                None => None,
            };
            return Ok(again.unwrap_or(Next::Go(&handler.to)));
        }
        self.unhandled(&outcome)
    }

    /// Another attempt, if there is one left.
    fn retry(&mut self, state: &str, retry: &Retry) -> Option<Next<'a>> {
        let level = self.s.top_mut()?;
        let used = level.retries.entry(retry.group).or_insert(0);
        if *used >= retry.count {
            return None;
        }
        let wait_ms = backoff(retry, *used);
        *used = used.saturating_add(1);
        self.trace.push(Trace::Retry {
            state: state.to_owned(),
            attempt: *used,
            wait_ms,
        });
        if wait_ms == 0 {
            return Some(Next::Attempt);
        }
        self.doing(Doing::Wait {
            until: later(self.now, wait_ms),
        });
        Some(Next::Stay)
    }

    fn unhandled(&self, outcome: &str) -> Refusable<Next<'a>> {
        Err(Fault::NoHandler {
            state: self.here()?.name.clone(),
            outcome: outcome.to_owned(),
        })
    }

    fn doing(&mut self, doing: Doing) {
        if let Some(level) = self.s.top_mut() {
            level.doing = doing;
        }
    }
}

/// The k-th wait, from 0, at most: min(first·2ᵏ, cap).
fn backoff(retry: &Retry, k: u64) -> i64 {
    let factor = u32::try_from(k)
        .ok()
        .and_then(|k| 1_i64.checked_shl(k).filter(|f| *f > 0))
        .unwrap_or(i64::MAX);
    retry.first_ms.saturating_mul(factor).min(retry.cap_ms)
}

/// The word for an end's class.
pub(super) fn class_word(class: EndClass) -> &'static str {
    match class {
        EndClass::Success => "success",
        EndClass::Fallback => "fallback",
        EndClass::Failure => "failure",
    }
}
