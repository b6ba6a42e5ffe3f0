//! Cycles that nothing bounds.

use super::explore::{Picture, Place};
use crate::model::{LimitPer, Policy, RuleKind, Step};
use petgraph::algo::tarjan_scc;
use petgraph::graphmap::DiGraphMap;

/// Groups of places that a run could go round for ever: the strongly connected components (Tarjan
/// 1972) of what is left when bounded states are taken out. Events and deadlines are taken once, so
/// their edges close no cycle.
pub fn unbounded(policy: &Policy, picture: &Picture) -> Vec<Vec<Place>> {
    let mut graph: DiGraphMap<Place, ()> = DiGraphMap::new();
    for (from, to, aside) in &picture.edges {
        if !aside && !bounded(policy, picture, *from) && !bounded(policy, picture, *to) {
            graph.add_edge(*from, *to, ());
        }
    }
    let mut found: Vec<Vec<Place>> = tarjan_scc(&graph)
        .into_iter()
        .filter(|c| c.len() > 1 || c.iter().any(|p| graph.contains_edge(*p, *p)))
        .map(|mut c| {
            c.sort();
            c
        })
        .collect();
    found.sort();
    found
}

/// Whether a place can be entered only so often: by `visits`, or by a limit per session on the call
/// that it makes.
fn bounded(policy: &Policy, picture: &Picture, place: Place) -> bool {
    let Place::State(run, id) = place else {
        return true;
    };
    let state = picture
        .inlined
        .runs
        .get(run as usize)
        .and_then(|r| policy.flows.get(r.flow.index()))
        .and_then(|f| f.states.get(id.index()));
    let Some(state) = state else { return true };
    if state.visits.is_some() {
        return true;
    }
    let Step::Do(step) = &state.step else {
        return false;
    };
    policy.rules.iter().any(|rule| match rule.kind {
        // A limit on effects bounds only calls that have effects; one with a key or a `where` bounds
        // only some calls.
        RuleKind::Limit {
            effects: false,
            per: LimitPer::Session,
            ..
        } => rule.targets.iter().any(|t| {
            t.action == step.action
                && t.filter.is_none()
                && t.history.as_ref().is_some_and(|h| h.keys.is_empty())
        }),
        _ => false,
    })
}
