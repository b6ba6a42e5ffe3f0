//! Cycles that nothing bounds.

use super::picture::{Edge, Picture, Place, Way};
use crate::model::{ActionId, LimitPer, Policy, RuleKind, Step};
use petgraph::algo::tarjan_scc;
use petgraph::graphmap::DiGraphMap;
use std::collections::BTreeSet;

/// Groups of places that a run could go round for ever: the strongly connected components (Tarjan
/// 1972) of what is left when bounded edges are taken out. Events and deadlines are taken once, so
/// their edges close no cycle.
///
/// `visits` count per run of a flow: a flow that is run again begins anew. So each run is looked at
/// with those inside it, and only its own states' bounds count there.
pub fn unbounded(policy: &Policy, picture: &Picture) -> Vec<Vec<Place>> {
    let runs = picture.inlined.runs.len();
    let mut found = BTreeSet::new();
    for outer in 0..u32::try_from(runs).unwrap_or(u32::MAX) {
        let inside = picture.inlined.inside(outer);
        let within = |place: Place| match place {
            Place::State(run, _) => inside.contains(&run),
            Place::End(_) => false,
        };
        let mut graph: DiGraphMap<Place, ()> = DiGraphMap::new();
        for edge in &picture.edges {
            if within(edge.from) && within(edge.to) && !bounded(policy, picture, edge, outer) {
                graph.add_edge(edge.from, edge.to, ());
            }
        }
        for mut circle in tarjan_scc(&graph) {
            let goes_round = match circle.as_slice() {
                [one] => graph.contains_edge(*one, *one),
                _ => true,
            };
            let own = |p: &Place| matches!(p, Place::State(run, _) if *run == outer);
            if goes_round && circle.iter().any(own) {
                circle.sort();
                found.insert(circle);
            }
        }
    }
    found.into_iter().collect()
}

/// Whether an edge can be taken only so often in one run of `outer`: it leaves a state of it that
/// `visits` bounds (not instead of an entry too many), or it follows an admitted call that a limit
/// per session lets through only so often.
fn bounded(policy: &Policy, picture: &Picture, edge: &Edge, outer: u32) -> bool {
    let Place::State(run, id) = edge.from else {
        return true;
    };
    let state = picture
        .inlined
        .runs
        .get(run as usize)
        .and_then(|r| policy.flows.get(r.flow.index()))
        .and_then(|f| f.states.get(id.index()));
    let Some(state) = state else { return true };
    match (edge.way, &state.step) {
        (Way::Aside, _) => true,
        (Way::TooOften, _) => false,
        _ if run == outer && state.visits.is_some() => true,
        (Way::Called, Step::Do(step)) => limited(policy, step.action),
        _ => false,
    }
}

/// Whether a limit per session bounds all calls of an action: one on effects bounds only calls that
/// have effects, one with a key or a `where` only some calls.
fn limited(policy: &Policy, action: ActionId) -> bool {
    policy.rules.iter().any(|rule| match rule.kind {
        RuleKind::Limit {
            effects: false,
            per: LimitPer::Session,
            ..
        } => rule.targets.iter().any(|t| {
            t.action == action
                && t.filter.is_none()
                && t.history.as_ref().is_some_and(|h| h.keys.is_empty())
        }),
        _ => false,
    })
}
