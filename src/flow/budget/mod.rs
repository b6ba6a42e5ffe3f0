//! Budgets: what a flow can cost at most, in time and in calls.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `cost` | what one hop can take |
//! | `time` | the latest moment of every situation, and the path that attains it |
//! | `count` | the most calls until every situation |
//! | `circles` | what going round can add |
//! | `load` | calls of all flows at their peak, against capacities |
//! | `checks` | the findings, `FW5` |
//! | `words` | durations, bounds and paths for people |

pub mod checks;
pub mod circles;
pub mod cost;
pub mod count;
pub mod load;
pub mod time;
pub mod words;

use super::graph::{Graph, Happened, Hop, NodeId};
use super::picture::Picture;
use super::web::{Spot, Web};
use crate::model::{ActionId, EventId, FlowId, IntegrationId, Policy, Target};
use cost::{Costs, FOREVER};
use count::Counts;
use time::{Times, Timing, Walked};

/// A worst case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bound {
    /// The most, in milliseconds or calls; none if nothing bounds it.
    pub most: Option<i64>,
    /// Whether some path attains it. Else it is never more, but may be less.
    pub exact: bool,
}

impl Bound {
    fn new(most: i64, exact: bool) -> Self {
        Self {
            most: (most < FOREVER).then_some(most),
            exact,
        }
    }
}

/// A bound that some path attains.
pub(super) fn bound_of(most: i64) -> Bound {
    Bound::new(most, true)
}

/// A net: a deadline that leads somewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Net {
    /// The run of the flow that it belongs to.
    pub run: u32,
    /// Its time.
    pub within_ms: i64,
    /// Whether a run can take so long.
    pub reached: bool,
    /// How long the way behind it can be.
    pub tail: Bound,
}

/// What one flow can cost at most.
#[derive(Clone, Debug)]
pub struct Budget {
    /// The flow.
    pub flow: FlowId,
    /// From its start to an end, if no event comes.
    pub time: Bound,
    /// The path that takes longest.
    pub path: Walked,
    /// The same with events.
    pub with_events: Bound,
    /// The way behind each event, from when it is taken: counted apart.
    pub events: Vec<(EventId, Bound)>,
    /// Its nets, and those of the flows that it runs.
    pub nets: Vec<Net>,
    /// All calls, events or not.
    pub calls: Bound,
    /// By integration, those that the flow calls.
    pub integrations: Vec<(IntegrationId, Bound)>,
    /// By action.
    pub actions: Vec<(ActionId, Bound)>,
}

/// The budget of a flow; none if its picture isn't whole, or it has no start.
#[must_use]
pub fn budget(policy: &Policy, picture: &Picture) -> Option<Budget> {
    measure(policy, picture, true)
}

/// The same; or, if not `all`, no more than the checks ask for: of calls only those that count
/// against a capacity, and nothing of what is counted apart.
pub(super) fn measure(policy: &Policy, picture: &Picture, all: bool) -> Option<Budget> {
    let graph = &picture.graph;
    if !picture.whole {
        return None;
    }
    let costs = Costs::new(policy, picture);
    let start = [Spot {
        node: graph.start()?,
        phase: 0,
    }];
    let quiet = Web::new(graph, &start, |_, hop, phases| {
        if !has(graph, hop, |h| matches!(h, Happened::Event(_))) {
            phases.push(0);
        }
    });
    let times = Timing::new(&quiet, &costs).all(1);
    let (time, path) = worst(&quiet, &costs, &times)?;
    let web = Web::new(graph, &start, |_, _, phases| phases.push(0));
    let latest = Timing::new(&web, &costs).all(1);
    let (with_events, _) = worst(&web, &costs, &latest)?;
    let count = |counts: &dyn Fn(ActionId) -> bool| {
        let counted = Counts::new(&web, &costs, &latest, 1, counts);
        let most = ends(&web, graph).filter_map(|s| counted.at(s)).max();
        Bound::new(most.unwrap_or(0), counted.exact)
    };
    let expects = policy.flows.get(picture.flow.index());
    let expects = expects.is_some_and(|f| f.expect.is_some());
    let asked = |a: &ActionId| {
        let integration = policy
            .integrations
            .get(policy.action(*a).integration.index());
        all || expects && integration.is_some_and(|i| i.capacity.is_some())
    };
    let called: Vec<ActionId> = called(graph).into_iter().filter(asked).collect();
    let mut actions = Vec::new();
    for id in called {
        let mut bound = count(&|a| a == id);
        let limit = circles::limit(policy, id).and_then(|n| i64::try_from(n).ok());
        if let Some(limit) = limit
            && bound.most.is_none_or(|most| most > limit)
        {
            bound = Bound::new(limit, bound.exact);
        }
        actions.push((id, bound));
    }
    let mut integrations = Vec::new();
    for (integration, index) in policy.integrations.iter().zip(0..) {
        if !integration
            .actions
            .iter()
            .any(|a| actions.iter().any(|(b, _)| a == b))
        {
            continue;
        }
        let of = |a: ActionId| integration.actions.contains(&a);
        let bound = least_sum(count(&of), actions.iter().filter(|(a, _)| of(*a)));
        integrations.push((IntegrationId(index), bound));
    }
    Some(Budget {
        flow: picture.flow,
        time,
        path,
        with_events,
        events: if all {
            events(policy, graph, &costs)
        } else {
            Vec::new()
        },
        nets: nets(policy, picture, &costs, &web, &latest, all),
        calls: if all {
            least_sum(count(&|_| true), actions.iter())
        } else {
            Bound::new(FOREVER, false)
        },
        integrations,
        actions,
    })
}

/// A bound of a sum, and that of its parts: the smaller one.
fn least_sum<'b>(sum: Bound, parts: impl Iterator<Item = &'b (ActionId, Bound)>) -> Bound {
    let parts = parts.map(|(_, b)| b.most.unwrap_or(FOREVER));
    let of_parts = parts.fold(0, cost::plus);
    if of_parts < sum.most.unwrap_or(FOREVER) {
        Bound::new(of_parts, sum.exact)
    } else {
        sum
    }
}

fn has(graph: &Graph, hop: Hop, what: impl Fn(&Happened) -> bool) -> bool {
    graph.label(hop).iter().any(what)
}

/// The spots at which a web ends.
pub fn ends<'w>(web: &'w Web, graph: &'w Graph) -> impl Iterator<Item = u32> + 'w {
    let at_end = |s: &Spot| graph.node(s.node).is_some_and(|n| n.end.is_some());
    web.spots()
        .iter()
        .zip(0..)
        .filter(move |(s, _)| at_end(s))
        .map(|(_, i)| i)
}

/// The latest end of a web, and the path there; none if it has no end.
fn worst(web: &Web, costs: &Costs<'_>, times: &Times) -> Option<(Bound, Walked)> {
    let late = ends(web, costs.graph()).filter_map(|s| Some((times.at(s)?, std::cmp::Reverse(s))));
    let (most, std::cmp::Reverse(end)) = late.max()?;
    let path = times.path(web, costs, end);
    Some((Bound::new(most, path.all == most), path))
}

/// Actions that some run of the flow calls.
fn called(graph: &Graph) -> Vec<ActionId> {
    let mut called = std::collections::BTreeSet::new();
    for label in graph.labels() {
        for happened in label {
            match happened {
                Happened::Outcome { calls, .. } => {
                    let made = graph.calls(*calls).iter();
                    let made = made.filter(|m| m.how != super::graph::How::Refused);
                    called.extend(made.map(|m| m.action));
                }
                Happened::Proposed(made) => {
                    called.insert(made.action);
                }
                _ => {}
            }
        }
    }
    called.into_iter().collect()
}

/// The time from the spots behind hops on which something happens.
fn tail(graph: &Graph, costs: &Costs<'_>, what: impl Fn(&Happened) -> bool) -> Option<Bound> {
    let mut sources: Vec<NodeId> = graph
        .hops()
        .iter()
        .filter(|h| has(graph, **h, &what))
        .map(|h| h.to)
        .collect();
    sources.sort_unstable();
    sources.dedup();
    if sources.is_empty() {
        return None;
    }
    let sources: Vec<Spot> = sources
        .into_iter()
        .map(|node| Spot { node, phase: 0 })
        .collect();
    let web = Web::new(graph, &sources, |_, hop, phases| {
        if !has(graph, hop, |h| matches!(h, Happened::Event(_))) {
            phases.push(0);
        }
    });
    let times = Timing::new(&web, costs).all(sources.len());
    let latest = ends(&web, graph).filter_map(|s| times.at(s)).max();
    Some(Bound::new(latest.unwrap_or(0), true))
}

fn events(policy: &Policy, graph: &Graph, costs: &Costs<'_>) -> Vec<(EventId, Bound)> {
    let mut out = Vec::new();
    for (_, id) in policy.events.iter().zip(0..) {
        if let Some(bound) = tail(graph, costs, |h| *h == Happened::Event(id)) {
            out.push((EventId(id), bound));
        }
    }
    out
}

fn nets(
    policy: &Policy,
    picture: &Picture,
    costs: &Costs<'_>,
    web: &Web,
    times: &Times,
    all: bool,
) -> Vec<Net> {
    let mut out = Vec::new();
    for (run, id) in picture.inlined.runs.iter().zip(0..) {
        let flow = policy.flows.get(run.flow.index());
        let Some((within_ms, Some(_), _)) = flow.and_then(|f| f.within) else {
            continue;
        };
        let takes = |h: &Happened| *h == Happened::Deadline(id);
        let graph = costs.graph();
        let mut seen = false;
        let mut reached = false;
        for (thread, at) in web.threads().iter().zip(0..) {
            let hop = graph.hops().get(thread.hop as usize);
            if hop.is_some_and(|h| has(graph, *h, takes)) {
                seen = true;
                reached |= !times.too_late(at) && times.at(thread.from).is_some();
            }
        }
        if !seen {
            continue;
        }
        let tail = if all { tail(graph, costs, takes) } else { None };
        let tail = tail.unwrap_or(Bound::new(0, true));
        out.push(Net {
            run: id,
            within_ms,
            reached,
            tail,
        });
    }
    out
}

/// Where a net leads, by name.
#[must_use]
pub fn target_name(policy: &Policy, flow: FlowId, to: Target) -> String {
    let flow = policy.flows.get(flow.index());
    let name = match to {
        Target::State(id) => flow.and_then(|f| f.states.get(id.index()).map(|s| &s.name)),
        Target::End(id) => flow.and_then(|f| f.ends.get(id.index()).map(|e| &e.name)),
    };
    name.cloned().unwrap_or_default()
}
