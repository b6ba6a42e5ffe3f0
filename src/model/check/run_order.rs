//! Flows that run each other: in which order they are checked, circles, and how large they grow.

use super::super::Step;
use super::Checker;
use crate::diagnostics::{Code, Diagnostic};
use crate::model::inline::{RUNS_MAX, STATES_MAX};
use crate::source::Span;
use crate::syntax::tree::{self, FlowItem, StateItem, StepKind};
use petgraph::algo::kosaraju_scc;
use petgraph::graphmap::DiGraphMap;
use std::collections::{BTreeMap, BTreeSet};

impl<'a> Checker<'a> {
    /// Flows that grow too large, or too deep, once the flows that they run are put in. `order`
    /// has those that are run first.
    pub(super) fn large_flows(&mut self, order: &[usize], looped: &BTreeSet<usize>) {
        let mut sizes: BTreeMap<usize, (usize, usize)> = BTreeMap::new();
        let mut told = false;
        for &index in order {
            let Some(flow) = self.policy.flows.get(index) else {
                continue;
            };
            let (mut states, mut depth) = (flow.states.len(), 0);
            for state in &flow.states {
                if let Step::Run { flow, .. } = &state.step
                    && let Some((s, d)) = sizes.get(&flow.index())
                {
                    states = states.saturating_add(*s);
                    depth = depth.max(d + 1);
                }
            }
            sizes.insert(index, (states, depth));
            let large = states > STATES_MAX || depth > RUNS_MAX;
            if !large || looped.contains(&index) {
                continue;
            }
            // Nothing can be said about its paths.
            let (name, span) = (flow.name.clone(), flow.name_span);
            if let Some(flow) = self.policy.flows.get_mut(index) {
                flow.complete = false;
            }
            if std::mem::replace(&mut told, true) {
                continue;
            }
            let label = if states > STATES_MAX {
                format!("more than {STATES_MAX} states, with those of the flows that it runs")
            } else {
                format!("flows run one another more than {RUNS_MAX} levels deep")
            };
            let found = Diagnostic::new(
                Code::FW390,
                format!("flow `{name}` is too large to be looked through"),
                span,
                label,
            )
            .note("`run` puts the other flow into this one, with all that it runs.")
            .help("let fewer states `run` flows, or start the parts one after another");
            self.report(found);
        }
    }

    /// Flows that are run come before those that run them. Reports circles, and answers which
    /// flows are in one.
    pub(super) fn run_order(
        &mut self,
        flows: &[(&'a str, &'a tree::Flow, Option<String>, Span)],
    ) -> (Vec<usize>, BTreeSet<usize>) {
        let mut graph: DiGraphMap<usize, ()> = DiGraphMap::new();
        let mut places: BTreeMap<(usize, usize), Span> = BTreeMap::new();
        for (i, (_, node, ..)) in flows.iter().enumerate() {
            graph.add_node(i);
            for item in &node.items {
                let FlowItem::State(state) = item else {
                    continue;
                };
                for item in &state.items {
                    if let StateItem::Step(step) = item
                        && let StepKind::Run { flow, .. } = &step.kind
                        && let Some(to) = flows.iter().position(|(n, ..)| *n == flow.name)
                    {
                        graph.add_edge(i, to, ());
                        places.entry((i, to)).or_insert(flow.span);
                    }
                }
            }
        }
        let (mut order, mut circles) = (Vec::new(), BTreeSet::new());
        // Kosaraju's components come in reverse topological order: what is run first.
        for mut component in kosaraju_scc(&graph) {
            component.sort_unstable();
            let looped =
                component.len() > 1 || component.iter().any(|&n| graph.contains_edge(n, n));
            if looped {
                circles.extend(component.iter().copied());
                let inside: Vec<(&(usize, usize), &Span)> = places
                    .iter()
                    .filter(|((a, b), _)| component.contains(a) && component.contains(b))
                    .collect();
                let names: Vec<String> = component
                    .iter()
                    .filter_map(|&i| flows.get(i).map(|f| format!("`{}`", f.0)))
                    .collect();
                if let Some((_, first)) = inside.first() {
                    let message = match names.as_slice() {
                        [one] => format!("flow {one} runs itself"),
                        _ => format!("flows {} run each other in a circle", names.join(", ")),
                    };
                    let mut found = Diagnostic::new(
                        Code::FW309,
                        message,
                        **first,
                        "leads back to a flow that is running",
                    );
                    for (_, span) in inside.iter().skip(1) {
                        found = found.label(**span, "and this leads on");
                    }
                    self.report(
                        found
                            .note(
                                "`run` puts the other flow into this one, so a circle would have no end.",
                            )
                            .help("bound the repetition by states with `visits` inside one flow"),
                    );
                }
            }
            order.extend(component);
        }
        (order, circles)
    }
}
