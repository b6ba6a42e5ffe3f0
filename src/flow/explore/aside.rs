//! Events and deadlines: what leads a run aside, between two steps.

use super::Explorer;
use super::config::Config;
use super::moves::Move;
use crate::flow::graph::Happened;
use crate::flow::picture::Way;
use crate::model::{EventEdge, Target};

impl Explorer<'_, '_, '_> {
    /// Events and deadlines that can be taken in a configuration, after what `before` says.
    pub(super) fn aside(&mut self, at: Option<usize>, config: &Config, before: &[Happened]) {
        for event in 0..self.policy.events.len() {
            let event = u32::try_from(event).unwrap_or(u32::MAX);
            if !config.events.contains(&event) {
                self.event(at, config, event, before);
            }
        }
        self.deadlines(at, config, before);
    }

    /// An event: the state's own edges come before its flow's, an inner run's before those of the
    /// state that runs it. Where no guard holds, the next ones are asked.
    fn event(&mut self, at: Option<usize>, config: &Config, event: u32, before: &[Happened]) {
        let mut handled = false;
        for (run, id) in self.runs.levels(config.place) {
            let (Some(flow), Some(state)) = (self.runs.flow(run), self.runs.state((run, id)))
            else {
                continue;
            };
            let of = |e: &&EventEdge| e.event.0 == event;
            let own = state.events.iter().filter(of);
            let ignored = state.ignores.iter().any(|(e, _)| e.0 == event);
            let mut lists = vec![own.collect::<Vec<_>>()];
            if !ignored {
                lists.push(flow.events.iter().filter(of).collect());
            }
            for list in lists {
                handled |= !list.is_empty();
                for edge in &list {
                    self.event_edge(at, config, run, edge, before);
                }
                if list.iter().any(|e| e.when.is_none()) {
                    return;
                }
            }
            if ignored {
                return;
            }
        }
        if !handled {
            self.unhandled_event(at, config, event);
        }
    }

    fn event_edge(
        &mut self,
        at: Option<usize>,
        config: &Config,
        run: u32,
        edge: &EventEdge,
        before: &[Happened],
    ) {
        if let Some(guard) = self.guards.of_events.get(&(run, edge.span)) {
            let yes = guard.truth.yes;
            if !self.holds(config, yes) {
                return;
            }
        }
        let mut after = config.clone();
        after.lapse(&self.facts, &self.runs);
        after.events.push(edge.event.0);
        after.events.sort_unstable();
        let step = Move {
            parent: at,
            from: Some(config.place),
            what: [before, &[Happened::Event(edge.event.0)]].concat(),
            way: Way::Aside,
        };
        self.go(step, run, edge.to, after);
    }

    /// Deadlines of the runs under way: none in the tail behind another one, and none in the state
    /// that it leads to.
    pub(super) fn deadlines(&mut self, at: Option<usize>, config: &Config, before: &[Happened]) {
        let levels = self.runs.levels(config.place);
        let tail = |run: u32| config.tails.contains(&run);
        if levels.iter().any(|(run, _)| tail(*run)) {
            return;
        }
        for (run, id) in levels {
            let Some((_, Some(to), _)) = self.runs.flow(run).and_then(|f| f.within) else {
                continue;
            };
            if to == Target::State(id) {
                continue;
            }
            let mut after = config.clone();
            after.lapse(&self.facts, &self.runs);
            after.tails.push(run);
            after.tails.sort_unstable();
            let step = Move {
                parent: at,
                from: Some(config.place),
                what: [before, &[Happened::Deadline(run)]].concat(),
                way: Way::Aside,
            };
            self.go(step, run, to, after);
        }
    }
}
