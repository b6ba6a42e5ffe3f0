//! Events and deadlines: they take effect between steps, in the order in which they came.

use super::Next;
use crate::runtime::clock::{self, Due, What};
use crate::runtime::engine::Engine;
use crate::runtime::fault::{Fault, Refusable};
use crate::runtime::record::{EventEffect, Trace};
use crate::runtime::session::WaitingEvent;
use crate::table::format::{EventEdge, Step, Target};

impl<'a> Engine<'a> {
    /// An event has come.
    pub(in crate::runtime) fn event_came(&mut self, name: &str) -> Refusable {
        let events = &self.body.events;
        let by_name = events.iter().position(|e| e.name == name);
        let index = by_name.or_else(|| events.iter().position(|e| e.wire == name));
        let event = index
            .and_then(|i| u32::try_from(i).ok())
            .ok_or_else(|| Fault::Unknown {
                what: "event",
                name: name.to_owned(),
            })?;
        self.catch_up(None)?;
        let in_flight = self.s.any_in_flight();
        let heeded = self.may_be_taken(event)?;
        let at = self.now;
        let open = self.s.run.as_mut().filter(|run| {
            run.end.is_none()
                && !run.events.contains(&event)
                && !run.waiting.iter().any(|w| w.event == event)
        });
        let Some(run) = open.filter(|_| heeded) else {
            self.traced(event, EventEffect::Ignored);
            return Ok(());
        };
        run.waiting.push(WaitingEvent { event, at });
        if in_flight {
            self.traced(event, EventEffect::Waits);
            return Ok(());
        }
        match self.between_steps()? {
            Some(next) => self.drive(next),
            None => Ok(()),
        }
    }

    /// Between two steps: the edge of the deadline or event that came first, if one is to be taken.
    pub(in crate::runtime) fn between_steps(&mut self) -> Refusable<Option<Next<'a>>> {
        if self.s.any_in_flight() {
            return Ok(None);
        }
        loop {
            self.hop()?;
            let due = clock::deadlines(self.body, &self.s)
                .into_iter()
                .filter(|due| due.at <= self.upto)
                .min();
            let waiting = self.s.run.as_ref().and_then(|run| run.waiting.first());
            let waiting = waiting.filter(|event| event.at <= self.upto);
            let next = match (due, waiting.copied()) {
                (None, None) => return Ok(None),
                (Some(due), None) => self.deadline(due)?,
                (None, Some(event)) => self.event(event)?,
                // A deadline of the flow goes first at the same time, a state's own does not.
                (Some(due), Some(event)) => {
                    let first = due.at < event.at || (due.at == event.at && due.what != What::Own);
                    if first {
                        self.deadline(due)?
                    } else {
                        self.event(event)?
                    }
                }
            };
            if next.is_some() {
                return Ok(next);
            }
        }
    }

    fn deadline(&mut self, due: Due) -> Refusable<Option<Next<'a>>> {
        let What::Net(index) = due.what else {
            let outcome = match &self.here()?.step {
                Step::Ask { .. } => "no_answer",
                _ => "exhausted",
            };
            return Ok(Some(Next::Outcome(outcome.to_owned(), None)));
        };
        let flow = self.flow()?;
        let run = self
            .s
            .run
            .as_mut()
            .ok_or_else(|| Fault::broken("no flow runs"))?;
        let scope = run.levels.get(index).map(|level| level.scope);
        let target = run
            .levels
            .get(index)
            .and_then(|level| clock::net(flow, level));
        let (Some(scope), Some((_, target))) = (scope, target) else {
            return Err(Fault::broken("a deadline without an edge is due"));
        };
        // In the state that it leads to it has done its work.
        let there = run
            .levels
            .iter()
            .any(|level| matches!(target, Target::State { index } if *index == level.state));
        if let Some(level) = run.levels.get_mut(index) {
            level.net = true;
        }
        if there {
            return Ok(None);
        }
        let scope = self.scope(scope)?;
        let name = if scope.name.is_empty() {
            &scope.flow
        } else {
            &scope.name
        };
        self.trace.push(Trace::Deadline {
            scope: name.clone(),
        });
        Ok(Some(Next::Go(target)))
    }

    fn event(&mut self, waiting: WaitingEvent) -> Refusable<Option<Next<'a>>> {
        let event = waiting.event;
        let edge = self.edge(event)?;
        if let Some(run) = &mut self.s.run {
            run.waiting.retain(|w| w.event != event);
        }
        let Some(target) = edge else {
            self.traced(event, EventEffect::Ignored);
            return Ok(None);
        };
        if let Some(run) = &mut self.s.run {
            run.events.insert(event);
        }
        self.traced(event, EventEffect::Taken);
        Ok(Some(Next::Go(target)))
    }

    /// The first edge for the event whose condition holds: the state's own before those of its run,
    /// an inlined run's before those of the state that runs it.
    fn edge(&self, event: u32) -> Refusable<Option<&'a Target>> {
        let Some(run) = &self.s.run else {
            return Ok(None);
        };
        let scene = self.situation();
        let fits = |edge: &&EventEdge| {
            edge.event == event
                && edge
                    .when
                    .is_none_or(|when| self.table.index().holds(&scene, when))
        };
        for level in run.levels.iter().rev() {
            let own = &self.state(level.state)?.events;
            let shared = &self.scope(level.scope)?.events;
            if let Some(edge) = own.iter().chain(shared).find(fits) {
                return Ok(edge.to.as_ref());
            }
        }
        Ok(None)
    }

    /// Whether the event may have an edge here, whatever conditions will say.
    fn may_be_taken(&self, event: u32) -> Refusable<bool> {
        let Some(run) = &self.s.run else {
            return Ok(false);
        };
        for level in run.levels.iter().rev() {
            let own = &self.state(level.state)?.events;
            let shared = &self.scope(level.scope)?.events;
            let mut edges = own.iter().chain(shared);
            if let Some(edge) = edges.find(|edge| edge.event == event) {
                return Ok(edge.when.is_some() || edge.to.is_some());
            }
        }
        Ok(false)
    }

    fn traced(&mut self, event: u32, effect: EventEffect) {
        let named = self.body.events.get(event as usize);
        self.trace.push(Trace::Event {
            event: named.map(|e| e.name.clone()).unwrap_or_default(),
            effect,
        });
    }
}
