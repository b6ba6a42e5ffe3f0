//! Circles that nothing bounds.
//!
//! A run without end goes round in the graph of configurations, so the question is which circles it
//! has. Configurations know what became of every call, how often bounded states were entered, and
//! which events and deadlines are spent: a circle of states that history lets a run go round only
//! once (settle a write, then choose on whether it stands) is none of configurations.
//!
//! Most flows have no circle at all. So nodes without a way in or without a way out are peeled off
//! first (Kahn 1962), and only what is left is looked through for strongly connected components
//! (Kosaraju, in Sharir 1981; without recursion, since flows may be long).

use super::graph::{Graph, Happened, Hop, How, NodeId};
use super::picture::{Picture, Place, Way};
use crate::model::{ActionId, LimitPer, Policy, RuleKind};
use petgraph::algo::kosaraju_scc;
use petgraph::graphmap::DiGraphMap;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// A way round that a run can take for ever.
#[derive(Debug)]
pub struct Circle {
    /// The places on all ways round there, ascending.
    pub places: Vec<Place>,
    /// The first configuration on it that a run comes to, and one shortest way round from there.
    /// None for full states whose edges for one entry too many lead to each other: no run comes
    /// back from those.
    pub round: Option<(NodeId, Vec<Hop>)>,
}

/// The circles that nothing bounds: not `visits`, not a limit per session on the calls on the way,
/// and not what history leaves possible.
#[must_use]
pub fn endless(policy: &Policy, picture: &Picture) -> Vec<Circle> {
    let graph = &picture.graph;
    let left = peel(graph, |hop| goes_on(policy, graph, hop));
    let mut kept: DiGraphMap<NodeId, ()> = DiGraphMap::new();
    for hop in &left {
        kept.add_edge(hop.from, hop.to, ());
    }
    let mut circles: Vec<Vec<NodeId>> = kosaraju_scc(&kept)
        .into_iter()
        .filter(|nodes| match nodes.as_slice() {
            [one] => kept.contains_edge(*one, *one),
            _ => true,
        })
        .collect();
    for nodes in &mut circles {
        nodes.sort_unstable();
    }
    circles.sort_unstable();
    let mut found: Vec<Circle> = full_states(picture);
    for nodes in circles {
        let places: BTreeSet<Place> = nodes.iter().filter_map(|n| graph.place(*n)).collect();
        // The same circle after another past is the same finding.
        let known = |c: &Circle| places.iter().all(|p| c.places.contains(p));
        let Some(&entry) = nodes.first() else {
            continue;
        };
        if found.iter().any(known) {
            continue;
        }
        found.push(Circle {
            places: places.into_iter().collect(),
            round: Some((entry, round(&left, entry))),
        });
    }
    found
}

/// Whether a run can take the hop again and again, if it comes to it again and again. Events and
/// deadlines are taken once; retries and what an agent may call are counted; and a limit per session
/// lets an admitted call through only so often (beyond what configurations count).
fn goes_on(policy: &Policy, graph: &Graph, hop: Hop) -> bool {
    graph.label(hop).iter().all(|happened| match happened {
        Happened::Event(_)
        | Happened::Deadline(_)
        | Happened::Again { .. }
        | Happened::Proposed(_) => false,
        Happened::Outcome { calls, .. } => {
            let calls = graph.calls(*calls);
            !calls
                .iter()
                .any(|c| c.how != How::Refused && limited(policy, c.action))
        }
        _ => true,
    })
}

/// The hops of that kind between nodes that have a hop in and a hop out, again and again.
fn peel(graph: &Graph, keep: impl Fn(Hop) -> bool) -> Vec<Hop> {
    let mut hops: Vec<Hop> = graph.hops().iter().copied().filter(|h| keep(*h)).collect();
    for backwards in [false, true] {
        let ends = |hop: &Hop| {
            if backwards {
                (hop.to, hop.from)
            } else {
                (hop.from, hop.to)
            }
        };
        let mut ways_in = vec![0_u32; graph.len()];
        let mut next: BTreeMap<NodeId, Vec<NodeId>> = BTreeMap::new();
        for hop in &hops {
            let (from, to) = ends(hop);
            next.entry(from).or_default().push(to);
            if let Some(n) = ways_in.get_mut(to.index()) {
                *n += 1;
            }
        }
        let none = |ways_in: &[u32], node: NodeId| ways_in.get(node.index()) == Some(&0);
        let mut open: Vec<NodeId> = graph.ids().filter(|id| none(&ways_in, *id)).collect();
        let mut gone = vec![false; graph.len()];
        while let Some(node) = open.pop() {
            if let Some(flag) = gone.get_mut(node.index()) {
                *flag = true;
            }
            for &to in next.get(&node).map(Vec::as_slice).unwrap_or_default() {
                if let Some(n) = ways_in.get_mut(to.index()) {
                    *n -= 1;
                }
                if none(&ways_in, to) {
                    open.push(to);
                }
            }
        }
        let stays = |id: NodeId| gone.get(id.index()) == Some(&false);
        hops.retain(|h| stays(h.from) && stays(h.to));
    }
    hops
}

/// A shortest way from a node back to it.
fn round(hops: &[Hop], entry: NodeId) -> Vec<Hop> {
    let mut from: BTreeMap<NodeId, Vec<Hop>> = BTreeMap::new();
    for hop in hops {
        from.entry(hop.from).or_default().push(*hop);
    }
    let mut came: BTreeMap<NodeId, Hop> = BTreeMap::new();
    let mut queue = VecDeque::from([entry]);
    while let Some(node) = queue.pop_front() {
        for hop in from.get(&node).map(Vec::as_slice).unwrap_or_default() {
            if came.contains_key(&hop.to) {
                continue;
            }
            came.insert(hop.to, *hop);
            if hop.to == entry {
                break;
            }
            queue.push_back(hop.to);
        }
    }
    let mut way = Vec::new();
    let mut at = entry;
    while let Some(hop) = came.get(&at) {
        way.push(*hop);
        at = hop.from;
        if at == entry {
            break;
        }
    }
    way.reverse();
    way
}

/// Full states whose edges for one entry too many lead in a circle.
fn full_states(picture: &Picture) -> Vec<Circle> {
    let mut graph: DiGraphMap<Place, ()> = DiGraphMap::new();
    for edge in picture.edges.iter().filter(|e| e.way == Way::TooOften) {
        graph.add_edge(edge.from, edge.to, ());
    }
    let circles = kosaraju_scc(&graph).into_iter();
    let mut found: Vec<Vec<Place>> = circles
        .filter(|places| match places.as_slice() {
            [one] => graph.contains_edge(*one, *one),
            _ => true,
        })
        .collect();
    for places in &mut found {
        places.sort_unstable();
    }
    found.sort_unstable();
    found
        .into_iter()
        .map(|places| Circle {
            places,
            round: None,
        })
        .collect()
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
