//! Moves: along an edge into a state, past states that were entered too often, to an end, and from
//! a run back to the state that ran it.

use super::Explorer;
use super::config::Config;
use crate::flow::graph::Happened;
use crate::flow::picture::{Edge, Place, StateAt, Way};
use crate::model::{EndId, StateId, Step, Target};
use std::collections::BTreeSet;

/// A step on its way to somewhere.
pub(super) struct Move {
    /// The node that it began at; none at the start.
    pub parent: Option<usize>,
    /// The place that it leaves; none at the start.
    pub from: Option<StateAt>,
    /// What happened, in order.
    pub what: Vec<Happened>,
    pub way: Way,
}

impl Explorer<'_, '_, '_> {
    pub(super) fn start(&mut self) {
        let Some(flow) = self.runs.flow(0) else {
            return;
        };
        let Some((target, _)) = flow.start else {
            self.picture.whole = false;
            return;
        };
        let run = self.runs.inlined.runs.first();
        let params = run.map(|r| r.params.clone()).unwrap_or_default();
        let config = Config::fresh(self.policy, (0, StateId(0)), params);
        if let Some(once) = &flow.once
            && let Target::End(end) = once.to
        {
            self.picture.reached.insert(Place::End(end));
        }
        let step = Move {
            parent: None,
            from: None,
            what: vec![Happened::Start],
            way: Way::Done,
        };
        self.go(step, 0, target, config);
    }

    /// Follows an edge of `run` to `target` with the history that `config` has by then.
    pub(super) fn go(&mut self, step: Move, run: u32, target: Target, config: Config) {
        self.go_past(step, run, target, config, &mut BTreeSet::new());
    }

    /// The same, past the states in `full`, which were entered too often.
    fn go_past(
        &mut self,
        step: Move,
        run: u32,
        target: Target,
        config: Config,
        full: &mut BTreeSet<StateAt>,
    ) {
        match target {
            Target::State(id) => self.enter(step, (run, id), config, full),
            Target::End(end) => self.end(step, run, end, config),
        }
    }

    fn edge(&mut self, step: &Move, to: Place, returns: bool) {
        if let Some(from) = step.from {
            self.picture.edges.insert(Edge {
                from: from.into(),
                to,
                way: step.way,
                returns,
            });
        }
    }

    fn enter(
        &mut self,
        step: Move,
        place: StateAt,
        mut config: Config,
        full: &mut BTreeSet<StateAt>,
    ) {
        self.edge(&step, place.into(), false);
        let Some(state) = self.runs.state(place) else {
            return;
        };
        config.attempts.clear();
        config.doubt = false;
        config.forget_hidden(&self.facts, &self.runs);
        config.place = place;
        let levels = self.runs.levels(place);
        config
            .tails
            .retain(|run| levels.iter().any(|(r, _)| r == run));
        if let Some(visits) = state.visits {
            let made = config.visits.iter().find(|(p, _)| *p == place);
            let entries = made.map_or(0, |(_, n)| *n);
            if entries >= visits.count {
                // A chain of full states leads on; a circle of them is a cycle without a bound,
                // which its edges show.
                let circle = !full.insert(place);
                let mut what = step.what;
                what.push(Happened::TooOften(place, entries + 1));
                let past = Move {
                    what,
                    parent: step.parent,
                    from: Some(place),
                    way: Way::TooOften,
                };
                if circle {
                    let to = match visits.to {
                        Target::State(s) => Place::State(place.0, s),
                        Target::End(e) => Place::End(e),
                    };
                    self.edge(&past, to, false);
                } else {
                    self.go_past(past, place.0, visits.to, config, full);
                }
                return;
            }
            config.visits.retain(|(p, _)| *p != place);
            config.visits.push((place, entries + 1));
            config.visits.sort_unstable();
        }
        self.push(step.parent, config, &step.what);
    }

    fn end(&mut self, step: Move, run: u32, end: EndId, config: Config) {
        let Some(data) = self.runs.inlined.runs.get(run as usize) else {
            return;
        };
        let Some(def) = self.runs.flow(run).and_then(|f| f.ends.get(end.index())) else {
            return;
        };
        if let Some(gives) = &def.gives {
            let what = format!("`end {}` gives it", def.name);
            self.uses_expr(step.parent, run, gives, &config, &what);
        }
        match data.parent {
            None => {
                self.edge(&step, Place::End(end), false);
                self.picture.reached.insert(Place::End(end));
                let config = config.ended();
                let graph = &mut self.picture.graph;
                graph.add(step.parent, &step.what, config, Some(end));
            }
            Some(outer) => self.returned(step, outer, &def.name, def.gives.is_some(), config),
        }
    }

    /// An inner run has ended: its end is the outcome of the state that ran it.
    fn returned(
        &mut self,
        step: Move,
        place: StateAt,
        outcome: &str,
        gives: bool,
        mut config: Config,
    ) {
        self.edge(&step, place.into(), true);
        let Some(state) = self.runs.state(place) else {
            return;
        };
        let Some(index) = state.outcomes.iter().position(|o| o.name == outcome) else {
            return;
        };
        config.place = place;
        config.attempts.clear();
        config.doubt = false;
        config.forget_hidden(&self.facts, &self.runs);
        let levels = self.runs.levels(place);
        config
            .tails
            .retain(|run| levels.iter().any(|(r, _)| r == run));
        if let Step::Run { bind: Some(b), .. } = &state.step {
            let slot = self.runs.slot(place.0, *b);
            if gives {
                config.bind(slot, &self.facts, &self.runs);
            } else {
                config.unbind(slot, &self.facts, &self.runs);
            }
        }
        // Behind the inner run's deadline no other one was taken: one may be due now.
        let mut what = step.what;
        what.push(outcome_of(place, index, 0, false));
        self.deadlines(step.parent, &config, &what);
        self.handled(step.parent, state, index, config, what, true);
    }

    /// A configuration is reached, for the first time or again.
    pub(super) fn push(&mut self, parent: Option<usize>, mut config: Config, what: &[Happened]) {
        self.live.trim(&mut config, self.runs, &self.facts);
        let place = config.place;
        if let Some(new) = self.picture.graph.add(parent, what, config, None) {
            self.picture.reached.insert(place.into());
            self.queue.push_back(new);
        }
    }
}

/// An outcome that no handler has taken yet.
pub(super) fn outcome_of(at: StateAt, index: usize, calls: u32, approval: bool) -> Happened {
    Happened::Outcome {
        at,
        outcome: u32::try_from(index).unwrap_or(u32::MAX),
        calls,
        approval,
        handler: None,
    }
}
