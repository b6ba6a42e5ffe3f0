//! What a scenario can come to: ends, with time, calls and what is left behind.

use super::fault::Fault;
use super::world::{Before, World};
use crate::flow::budget::cost::Costs;
use crate::flow::budget::count::Counts;
use crate::flow::budget::time::{Times, Timing};
use crate::flow::budget::{Bound, bound_of};
use crate::flow::picture::Picture;
use crate::flow::web::{Spot, Web};
use crate::model::{ActionId, EndId, Policy};
use crate::syntax::tree::EndClass;
use std::collections::{BTreeMap, BTreeSet};

/// When a scenario can come about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum When {
    /// By itself.
    Alone,
    /// Only after something else has failed.
    AfterFailure,
    /// Only after something else has failed, an event or a deadline.
    AfterAnything,
}

/// An end that can be reached.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EndSeen {
    /// The end.
    pub end: EndId,
    /// Its class.
    pub class: EndClass,
    /// By then at the latest, in milliseconds; none if nothing bounds it.
    pub time_ms: Option<i64>,
    /// After so many calls at most.
    pub calls: Option<i64>,
    /// Tracked writes that can stand there, but for those that undo others.
    pub standing: Vec<ActionId>,
    /// Writes that can be in doubt there.
    pub unsettled: Vec<ActionId>,
}

/// What a scenario can come to in a flow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outlook {
    /// When it can come about.
    pub when: When,
    /// The ends that it can come to, by number.
    pub ends: Vec<EndSeen>,
}

impl Outlook {
    /// Whether an end of that class can be reached.
    #[must_use]
    pub fn can(&self, class: EndClass) -> bool {
        self.ends.iter().any(|e| e.class == class)
    }

    /// Whether whoever waits for the flow is left with nothing: every end is a failure.
    #[must_use]
    pub fn only_failure(&self) -> bool {
        !self.ends.is_empty() && self.ends.iter().all(|e| e.class == EndClass::Failure)
    }

    /// Writes that some end leaves in doubt.
    #[must_use]
    pub fn unsettled(&self) -> BTreeSet<ActionId> {
        let ends = self.ends.iter();
        ends.flat_map(|e| e.unsettled.iter().copied()).collect()
    }

    /// Writes that stand at an end that isn't a success.
    #[must_use]
    pub fn left_standing(&self) -> BTreeSet<ActionId> {
        let ends = self.ends.iter().filter(|e| e.class != EndClass::Success);
        ends.flat_map(|e| e.standing.iter().copied()).collect()
    }
}

/// A scenario's part of the graph, with the spots at which all of it has gone wrong and the flow
/// has ended.
pub(super) struct Seen {
    pub when: When,
    pub web: Web,
    pub times: Times,
    pub ends: Vec<u32>,
}

/// The part of the graph that a scenario lets happen; none if it cannot come about.
pub(super) fn look(
    policy: &Policy,
    picture: &Picture,
    costs: &Costs<'_>,
    faults: &[Fault],
) -> Option<Seen> {
    let graph = &picture.graph;
    let start = [Spot {
        node: graph.start()?,
        phase: 0,
    }];
    for (when, before) in [
        (When::Alone, Before::Nothing),
        (When::AfterFailure, Before::Failures),
        (When::AfterAnything, Before::Anything),
    ] {
        let world = World::new(policy, picture, costs, faults, before);
        let web = Web::new(graph, &start, |spot, hop, phases| {
            world.rule(spot, hop, phases);
        });
        let all = world.all();
        let ended =
            |s: &Spot| s.phase == all && graph.node(s.node).is_some_and(|n| n.end.is_some());
        let found: Vec<u32> = web
            .spots()
            .iter()
            .zip(0..)
            .filter(|(s, _)| ended(s))
            .map(|(_, i)| i)
            .collect();
        if found.is_empty() {
            continue;
        }
        let times = Timing::new(&web, costs).all(1);
        let in_time = found.into_iter().filter(|s| times.at(*s).is_some());
        let ends: Vec<u32> = in_time.collect();
        if !ends.is_empty() {
            return Some(Seen {
                when,
                web,
                times,
                ends,
            });
        }
    }
    None
}

/// Whether an action is there to undo another: what it has done is nothing left behind.
fn undoes(policy: &Policy, action: ActionId) -> bool {
    let mut undos = policy.actions.iter().filter_map(|a| a.undo.as_ref());
    undos.any(|u| u.action == action)
}

/// What a scenario can come to in a flow; none if it cannot come about there.
#[must_use]
pub fn outlook(
    policy: &Policy,
    picture: &Picture,
    costs: &Costs<'_>,
    faults: &[Fault],
) -> Option<Outlook> {
    let seen = look(policy, picture, costs, faults)?;
    let counts = Counts::new(&seen.web, costs, &seen.times, 1, &|_| true);
    let flow = policy.flows.get(picture.flow.index())?;
    let mut ends: BTreeMap<EndId, EndSeen> = BTreeMap::new();
    for spot in &seen.ends {
        let node = seen
            .web
            .at(*spot)
            .and_then(|s| picture.graph.node(s.node))?;
        let end = node.end?;
        let class = flow.ends.get(end.index())?.class;
        let entry = ends.entry(end).or_insert_with(|| EndSeen {
            end,
            class,
            time_ms: Some(0),
            calls: Some(0),
            standing: Vec::new(),
            unsettled: Vec::new(),
        });
        let most = |a: Option<i64>, b: Bound| Some(a?.max(b.most?));
        entry.time_ms = most(entry.time_ms, bound_of(seen.times.at(*spot)?));
        entry.calls = most(entry.calls, bound_of(counts.at(*spot).unwrap_or(0)));
        for (action, id) in policy.actions.iter().zip(0..) {
            let id = ActionId(id);
            if !action.tracked() {
                continue;
            }
            let of = node.config.history.of(id);
            if of.standing > 0 && !undoes(policy, id) && !entry.standing.contains(&id) {
                entry.standing.push(id);
            }
            if of.unsettled > 0 && !entry.unsettled.contains(&id) {
                entry.unsettled.push(id);
            }
        }
    }
    let mut ends: Vec<EndSeen> = ends.into_values().collect();
    for end in &mut ends {
        end.standing.sort_unstable();
        end.unsettled.sort_unstable();
    }
    Some(Outlook {
        when: seen.when,
        ends,
    })
}
