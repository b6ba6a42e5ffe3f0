//! What happens on a path, in words.

use super::graph::{Graph, Happened, Hop, NodeId};
use super::picture::{Place, StateAt};
use crate::diagnostics::Witness;
use crate::model::inline::Inlined;
use crate::model::{Policy, State, Step};
use crate::source::Span;

/// Names of states, outcomes and events of one flow.
#[derive(Clone, Copy)]
pub struct Words<'p> {
    /// The policy.
    pub policy: &'p Policy,
    /// The flow's runs.
    pub inlined: &'p Inlined,
}

impl<'p> Words<'p> {
    /// A state.
    #[must_use]
    pub fn state(self, place: StateAt) -> Option<&'p State> {
        let run = self.inlined.runs.get(place.0 as usize)?;
        let flow = self.policy.flows.get(run.flow.index())?;
        flow.states.get(place.1.index())
    }

    /// A state's name, with the states that run its flow: `pay/charge`.
    #[must_use]
    pub fn name(self, place: StateAt) -> String {
        let name = self.state(place).map_or("", |s| s.name.as_str());
        let run = self.inlined.runs.get(place.0 as usize);
        run.map_or_else(|| name.to_string(), |r| r.qualified(name))
    }

    /// What happens on a hop: `` `ok`, event `hangup` ``.
    #[must_use]
    pub fn label(self, label: &[Happened]) -> String {
        let parts: Vec<String> = label.iter().map(|h| self.happened(*h)).collect();
        parts.join(", ")
    }

    fn happened(self, happened: Happened) -> String {
        match happened {
            Happened::Start => "start".to_string(),
            Happened::Outcome { at, outcome, .. } => {
                let outcomes = self.state(at).map(|s| s.outcomes.as_slice());
                let named = outcomes.and_then(|o| o.get(outcome as usize));
                format!("`{}`", named.map_or("", |o| o.name.as_str()))
            }
            Happened::Again { .. } => "tried again".to_string(),
            Happened::Branch(Some(_)) => "chooses".to_string(),
            Happened::Branch(None) => "chooses otherwise".to_string(),
            Happened::Starts => "starts".to_string(),
            Happened::TooOften(at, entry) => {
                let name = self.state(at).map_or("", |s| s.name.as_str());
                format!("`{name}` for the {} time", ordinal(entry))
            }
            Happened::Event(event) => {
                let event = self.policy.events.get(event as usize);
                format!("event `{}`", event.map_or("", |e| e.name.as_str()))
            }
            Happened::Deadline(_) => "the deadline".to_string(),
            Happened::Proposed(made) => {
                let name = &self.policy.action(made.action).full_name;
                format!("the agent calls `{name}`")
            }
        }
    }

    /// Where what happens at a configuration is written: the handler that takes the outcome, else what
    /// the state does; at the last step, the state or the end itself.
    fn place_of(self, graph: &Graph, at: NodeId, label: &[Happened]) -> Option<Span> {
        let (run, id) = match graph.place(at)? {
            Place::State(run, id) => (run, id),
            Place::End(end) => {
                let root = self.inlined.runs.first()?.flow;
                let flow = self.policy.flows.get(root.index())?;
                return flow.ends.get(end.index()).map(|e| e.name_span);
            }
        };
        let state = self.state((run, id))?;
        Some(match label.first() {
            None => state.name_span,
            Some(Happened::Outcome {
                at,
                handler: Some(handler),
                ..
            }) if *at == (run, id) => state
                .handlers
                .get(*handler as usize)
                .map_or(state.step_span, |h| h.span),
            Some(Happened::Branch(branch)) => match (&state.step, branch) {
                (Step::Choose { branches, .. }, Some(i)) => {
                    let branch = branches.get(*i as usize);
                    branch.map_or(state.step_span, |(_, _, span)| *span)
                }
                (
                    Step::Choose {
                        otherwise: Some((_, span)),
                        ..
                    },
                    None,
                ) => *span,
                _ => state.step_span,
            },
            Some(_) => state.step_span,
        })
    }

    /// The way to a configuration, in words and as data.
    #[must_use]
    pub fn path(self, graph: &Graph, path: &[Hop], to: Option<NodeId>) -> Witness {
        let root = self.inlined.runs.first().map(|r| r.flow);
        let flow = root.and_then(|f| self.policy.flows.get(f.index()));
        let place = |id: NodeId| match graph.place(id)? {
            Place::State(run, state) => Some(self.name((run, state))),
            Place::End(end) => {
                let end = flow?.ends.get(end.index())?;
                Some(format!("end {}", end.name))
            }
        };
        let mut steps: Vec<(String, Option<String>)> = path
            .iter()
            .map(|h| {
                let then = self.label(graph.label(*h));
                (place(h.from).unwrap_or_default(), Some(then))
            })
            .collect();
        if let Some(here) = to.and_then(place) {
            steps.push((here, None));
        }
        // Whoever stands at the start needs no directions.
        let shown = steps.len() > 1;
        let mut lines = Vec::new();
        let mut data = Vec::new();
        for (state, then) in steps {
            let mut step = serde_json::Map::new();
            step.insert("state".to_string(), state.clone().into());
            if let Some(then) = &then {
                step.insert("then".to_string(), then.replace('`', "").into());
            }
            data.push(serde_json::Value::Object(step));
            if shown {
                lines.push(match then {
                    Some(then) => format!("{state}: {then}"),
                    None => format!("{state}: here"),
                });
            }
        }
        let mut map = serde_json::Map::new();
        map.insert("path".to_string(), serde_json::Value::Array(data));
        let mut places: Vec<Option<Span>> = path
            .iter()
            .map(|h| self.place_of(graph, h.from, graph.label(*h)))
            .collect();
        if let Some(to) = to {
            places.push(self.place_of(graph, to, &[]));
        }
        Witness {
            lines,
            data: map,
            places,
        }
    }
}

fn ordinal(n: u64) -> String {
    match n {
        1 => "1st".to_string(),
        2 => "2nd".to_string(),
        3 => "3rd".to_string(),
        n => format!("{n}th"),
    }
}
