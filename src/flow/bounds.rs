//! Cycles that nothing bounds.

use super::picture::{Edge, Picture, Place, Way};
use crate::model::{ActionId, LimitPer, Policy, RuleKind, State, Step};
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
        let mut graph: DiGraphMap<Node, ()> = DiGraphMap::new();
        for edge in &picture.edges {
            if within(edge.from) && within(edge.to) && !bounded(policy, picture, edge, outer) {
                graph.add_edge(leaves(policy, picture, edge), (edge.to, edge.returns), ());
            }
        }
        for circle in tarjan_scc(&graph) {
            let goes_round = match circle.as_slice() {
                [one] => graph.contains_edge(*one, *one),
                _ => true,
            };
            let mut circle: Vec<Place> = circle.into_iter().map(|(place, _)| place).collect();
            let own = |p: &Place| matches!(p, Place::State(run, _) if *run == outer);
            if goes_round && circle.iter().any(own) {
                circle.sort();
                circle.dedup();
                found.insert(circle);
            }
        }
    }
    found.into_iter().collect()
}

/// A place, and whether the flow that it runs has ended there: entering such a state and going on
/// from it are two things, or starting the flow and coming back from it would be a circle.
type Node = (Place, bool);

/// Where an edge begins.
fn leaves(policy: &Policy, picture: &Picture, edge: &Edge) -> Node {
    let runs = state_of(policy, picture, edge.from)
        .is_some_and(|state| matches!(state.step, Step::Run { .. }));
    let ended = !matches!(edge.way, Way::Starts | Way::TooOften | Way::Aside);
    (edge.from, runs && ended)
}

fn state_of<'a>(policy: &'a Policy, picture: &Picture, place: Place) -> Option<&'a State> {
    let Place::State(run, id) = place else {
        return None;
    };
    let run = picture.inlined.runs.get(run as usize)?;
    let flow = policy.flows.get(run.flow.index())?;
    flow.states.get(id.index())
}

/// Whether an edge can be taken only so often in one run of `outer`: it leaves a state of it that
/// `visits` bounds (not instead of an entry too many), or it follows an admitted call that a limit
/// per session lets through only so often.
fn bounded(policy: &Policy, picture: &Picture, edge: &Edge, outer: u32) -> bool {
    let (Place::State(run, _), Some(state)) = (edge.from, state_of(policy, picture, edge.from))
    else {
        return true;
    };
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
