//! What is wrong with a flow, with the shortest path that shows it.

use super::config::Config;
use super::{CONFIGURATIONS_MAX, Explorer, HOPS_MAX};
use crate::diagnostics::{Code, Diagnostic, Repair, Witness};
use crate::flow::graph::NodeId;
use crate::flow::guards::Guard;
use crate::flow::words::Words;
use crate::logic::{Assignment, Formula};
use crate::model::{ActionId, Handler, State, Step};
use crate::source::Span;
use std::collections::{BTreeMap, BTreeSet};

impl<'a> Explorer<'_, '_, 'a> {
    /// What is known in a configuration that was reached.
    pub(super) fn config(&self, at: usize) -> Option<Config> {
        let node = self.picture.graph.node(node_id(at))?;
        Some(node.config.clone())
    }

    pub(super) fn words(&self) -> Words<'_> {
        Words {
            policy: self.policy,
            inlined: self.runs.inlined,
        }
    }

    /// The shortest way to a configuration, in words and as data.
    pub(super) fn path(&self, at: Option<usize>) -> Witness {
        let at = at.map(node_id);
        let graph = &self.picture.graph;
        let path = at.map(|at| graph.path(at)).unwrap_or_default();
        self.words().path(graph, &path, at)
    }

    /// Values that show a finding, and the shortest way to where they do.
    pub(super) fn values_and_path(&self, values: &Assignment, at: usize) -> Witness {
        let mut witness = self.gate.encoder.witness(values);
        // The path says where the session is.
        witness.lines.retain(|l| !l.starts_with("the session is "));
        let path = self.path(Some(at));
        witness.data.extend(path.data);
        witness.lines.extend(path.lines);
        witness.places = path.places;
        witness
    }

    pub(super) fn report(
        &mut self,
        key: (Span, String),
        found: impl FnOnce(&mut Self) -> Diagnostic,
    ) {
        if self.reported.insert(key) {
            let found = found(self);
            self.findings.push(found);
        }
    }

    pub(super) fn unhandled(&mut self, at: Option<usize>, state: &'a State, index: usize) {
        let Some(outcome) = state.outcomes.get(index) else {
            return;
        };
        let key = (state.name_span, format!("unhandled {}", outcome.name));
        self.report(key, |me| {
            let meaning = crate::flow::checks::unhandled::meaning(me.policy, state, outcome);
            let mut found = Diagnostic::new(
                Code::FW301,
                format!(
                    "state `{}` does not say what happens on `{}`",
                    state.name, outcome.name
                ),
                state.name_span,
                format!("`{}` is not handled", outcome.name),
            )
            .label(state.step_span, format!("can end with `{}`", outcome.name));
            if let Some(span) = outcome.span {
                found = found.label(span, format!("`{}` is declared here", outcome.name));
            }
            found
                .note(meaning)
                .help(format!(
                    "add `on {} -> …` to `{}`",
                    outcome.name, state.name
                ))
                .witness(me.path(at))
                .repair(Repair::Handle {
                    state: state.name_span,
                    outcome: Some(outcome.name.clone()),
                })
        });
    }

    pub(super) fn unhandled_event(&mut self, at: Option<usize>, config: &Config, event: u32) {
        let Some(flow) = self.runs.flow(0) else {
            return;
        };
        let Some(def) = self.policy.events.get(event as usize) else {
            return;
        };
        let key = (flow.name_span, format!("event {}", def.name));
        let Some(state) = self.runs.state(config.place) else {
            return;
        };
        if !state.complete || !flow.complete {
            return;
        }
        // What a part doesn't say about an event is left to the flows that run it.
        let root = self.picture.flow;
        let is_part = |s: &State| matches!(&s.step, Step::Run { flow, .. } if *flow == root);
        if self
            .policy
            .flows
            .iter()
            .any(|f| f.states.iter().any(is_part))
        {
            return;
        }
        self.report(key, |me| {
            Diagnostic::new(
                Code::FW313,
                format!("flow `{}` does not say what happens on the event `{}`", flow.name, def.name),
                state.name_span,
                format!("`{}` is neither handled nor ignored here", def.name),
            )
            .label(def.span, "declared here")
            .label(flow.name_span, "in this flow")
            .note("An event can come at any moment, so every state needs an answer.")
            .help(format!(
                "write `on {0} -> …` in the flow, for all states, or `ignore {0}` in the states where it doesn't matter",
                def.name
            ))
            .witness(me.path(at))
            .repair(Repair::Answer {
                flow: flow.name_span,
                event: def.name.clone(),
            })
        });
    }

    pub(super) fn twice(&mut self, state: &'a State, index: usize, first: usize, second: usize) {
        let (Some(a), Some(b), Some(o)) = (
            state.handlers.get(first),
            state.handlers.get(second),
            state.outcomes.get(index),
        ) else {
            return;
        };
        let place = |h: &Handler| {
            h.outcomes
                .iter()
                .find(|(i, _)| *i == index)
                .map_or(h.span, |(_, s)| *s)
        };
        let (x, y) = (place(a), place(b));
        self.report((y, format!("twice {}", o.name)), |_| {
            Diagnostic::new(
                Code::FW303,
                format!("state `{}` handles `{}` twice", state.name, o.name),
                y,
                "the second time",
            )
            .label(x, "the first time")
            .note("Handlers have no order, so nothing says which of them would count.")
            .help("keep one of them, or split the outcome by `when`")
        });
    }

    pub(super) fn exclusive(
        &mut self,
        at: usize,
        config: &Config,
        state: &'a State,
        guards: &[Guard],
        spans: &[Span],
        what: &str,
    ) {
        for (i, a) in guards.iter().enumerate() {
            for (j, b) in guards.iter().enumerate().skip(i + 1) {
                let (Some(x), Some(y)) = (spans.get(i).copied(), spans.get(j).copied()) else {
                    continue;
                };
                if self
                    .reported
                    .contains(&(y, format!("overlap {}", state.name)))
                {
                    continue;
                }
                let both = self.gate.encoder.logic.and(&[a.truth.yes, b.truth.yes]);
                if !self.holds(config, both) {
                    continue;
                }
                let known = self.known(config);
                let question = self.gate.encoder.logic.and(&[known, both]);
                let example = self.memo.example(self.gate, question);
                self.report((y, format!("overlap {}", state.name)), |me| {
                    let mut found = Diagnostic::new(
                        Code::FW312,
                        format!("two {what} of state `{}` can hold together", state.name),
                        y,
                        "holds as well",
                    )
                    .label(x, "holds")
                    .note("They have no order, so nothing says which of them would count.")
                    .help("make their conditions exclude each other; where one is to win, add its opposite to the other");
                    if let Some(e) = &example {
                        found = found.witness(me.values_and_path(e, at));
                    }
                    found
                });
            }
        }
    }

    pub(super) fn gap(
        &mut self,
        at: usize,
        config: &Config,
        state: &'a State,
        none: Formula,
        outcome: Option<usize>,
        span: Span,
    ) {
        let name = outcome
            .and_then(|i| state.outcomes.get(i))
            .map(|o| o.name.clone());
        let key = (state.name_span, format!("gap {name:?}"));
        if self.reported.contains(&key) {
            return;
        }
        let known = self.known(config);
        let question = self.gate.encoder.logic.and(&[known, none]);
        let example = self.memo.example(self.gate, question);
        self.report(key, |me| {
            let (message, help) = match &name {
                Some(n) => (
                    format!(
                        "state `{}` does not say what happens on `{n}` where no guard holds",
                        state.name
                    ),
                    format!("add `on {n} -> …` without a guard: it takes the rest"),
                ),
                None => (
                    format!(
                        "state `{}` does not say where to go when no branch holds",
                        state.name
                    ),
                    "add `otherwise -> …`: it takes the rest".to_string(),
                ),
            };
            let mut found =
                Diagnostic::new(Code::FW311, message, span, "what is left over goes nowhere")
                    .label(state.name_span, "in this state")
                    .help(help)
                    .repair(Repair::Handle {
                        state: state.name_span,
                        outcome: name,
                    });
            if let Some(e) = &example {
                found = found.witness(me.values_and_path(e, at));
            }
            found
        });
    }

    /// One step alone can come out in too many ways.
    pub(super) fn too_many_ways(&mut self, state: &'a State, actions: &[ActionId]) {
        self.stopped = true;
        self.picture.whole = false;
        let names: Vec<String> = actions
            .iter()
            .take(6)
            .map(|a| format!("`{}`", self.policy.action(*a).full_name))
            .collect();
        self.report((state.step_span, "ways".to_string()), |_| {
            Diagnostic::new(
                Code::FW390,
                format!("state `{}` can come out in too many ways to be looked through", state.name),
                state.step_span,
                format!("each call for {} can go well, fail and stay in doubt, and that multiplies", names.join(", ")),
            )
            .note("A check that runs out of its budget never passes in silence.")
            .help("undo or settle fewer writes in one state, and go on to the next ones in states of their own")
        });
    }

    pub(super) fn too_many(&mut self) {
        if self.stopped {
            return;
        }
        self.picture.whole = false;
        let Some(flow) = self.runs.flow(0) else {
            return;
        };
        let mut found = Diagnostic::new(
            Code::FW390,
            format!("flow `{}` is too large to be looked through", flow.name),
            flow.name_span,
            format!("more than {CONFIGURATIONS_MAX} situations, or {HOPS_MAX} ways between them"),
        )
        .note("A check that runs out of its budget never passes in silence.");
        let what = self.multiplies();
        if !what.is_empty() {
            found = found.note(format!("What multiplies: {}.", what.join("; ")));
        }
        self.findings.push(
            found.help("lower the bounds of `visits` and `retry`, or split the flow and join the parts by `run`"),
        );
    }

    /// What configurations differ in most.
    fn multiplies(&self) -> Vec<String> {
        let graph = &self.picture.graph;
        let mut fates: BTreeMap<usize, BTreeSet<crate::flow::history::Calls>> = BTreeMap::new();
        let (mut visits, mut attempts, mut events) =
            (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for id in graph.ids().step_by(7) {
            let Some(node) = graph.node(id) else { continue };
            for (n, _) in self.policy.actions.iter().enumerate() {
                let id = ActionId(u32::try_from(n).unwrap_or(u32::MAX));
                fates
                    .entry(n)
                    .or_default()
                    .insert(node.config.history.of(id));
            }
            visits.insert(node.config.visits.clone());
            attempts.insert(node.config.attempts.clone());
            events.insert((node.config.events.clone(), node.config.tails.clone()));
        }
        let mut all: Vec<(usize, String)> = fates
            .into_iter()
            .filter_map(|(n, seen)| {
                let name = &self.policy.actions.get(n)?.full_name;
                Some((
                    seen.len(),
                    format!("what became of `{name}` ({} cases)", seen.len()),
                ))
            })
            .collect();
        all.push((
            visits.len(),
            format!("entries of states with `visits` ({} cases)", visits.len()),
        ));
        all.push((
            attempts.len(),
            format!("attempts ({} cases)", attempts.len()),
        ));
        all.push((
            events.len(),
            format!("events and deadlines taken ({} cases)", events.len()),
        ));
        all.sort_by(|a, b| b.cmp(a));
        all.into_iter()
            .filter(|(n, _)| *n > 1)
            .take(5)
            .map(|(_, text)| text)
            .collect()
    }

    pub(super) fn gave_up(&mut self) {
        let Some(flow) = self.runs.flow(0) else {
            return;
        };
        if let Some(out) = self.memo.gave_up.first() {
            self.picture.whole = false;
            self.findings.push(
                Diagnostic::new(
                    Code::FW390,
                    format!(
                        "what can happen in flow `{}` is too hard to decide: {out}",
                        flow.name
                    ),
                    flow.name_span,
                    "not decided within the budget",
                )
                .help("simplify the guards and the rules on its actions"),
            );
        }
    }
}

pub(super) fn node_id(at: usize) -> NodeId {
    NodeId(u32::try_from(at).unwrap_or(u32::MAX))
}
