//! Worst-case time: the latest moment at which each spot of a web can be reached.
//!
//! Any step may take anything between nothing and its most, so the latest moment is a longest path.
//! Every run under way has a clock of its own. A deadline that leads somewhere cuts: while no call
//! is in flight nothing goes on past it, and the way behind it begins there. Bounds of different
//! clocks are kept apart, which can only make them too large, never too small; whether a path
//! attains one is found out by walking it.

use super::circles::{Round, round, without_waits};
use super::cost::{Costs, FOREVER, plus};
use crate::flow::graph::{Happened, Hop, Node, NodeId};
use crate::flow::picture::StateAt;
use crate::flow::web::Web;
use crate::model::Target;
use rustc_hash::FxHashMap;

/// The clock of a run under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Clock {
    run: u32,
    /// Time since it began.
    at: i64,
    /// The clock of the run around it when it began.
    outer: i64,
}

/// The clocks of a spot, the flow's own first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Clocks(Vec<Clock>);

const NONE: u32 = u32::MAX;

/// The latest moments of all spots of a web.
pub struct Times {
    clocks: Vec<Option<Clocks>>,
    /// The thread that came latest.
    by: Vec<u32>,
    /// What going round in each group adds, where it adds anything.
    rounds: FxHashMap<u32, Round>,
    /// Deadlines come too late on these threads.
    too_late: Vec<bool>,
}

/// Computes the latest moments, from spots at which time begins.
pub struct Timing<'w, 'p> {
    web: &'w Web,
    costs: &'w Costs<'p>,
    nets: FxHashMap<u32, (i64, Target)>,
}

impl<'w, 'p> Timing<'w, 'p> {
    /// For a web.
    #[must_use]
    pub fn new(web: &'w Web, costs: &'w Costs<'p>) -> Self {
        let mut nets = FxHashMap::default();
        let flows = &costs.policy().flows;
        for (run, id) in costs.words().inlined.runs.iter().zip(0..) {
            let flow = flows.get(run.flow.index());
            if let Some((ms, Some(to), _)) = flow.and_then(|f| f.within) {
                nets.insert(id, (ms, to));
            }
        }
        Self { web, costs, nets }
    }

    /// The latest moments, if time begins at the first `sources` spots.
    #[must_use]
    pub fn all(self, sources: usize) -> Times {
        let web = self.web;
        let mut times = Times {
            clocks: vec![None; web.len()],
            by: vec![NONE; web.len()],
            rounds: FxHashMap::default(),
            too_late: vec![false; web.threads().len()],
        };
        for spot in 0..sources.min(web.len()) {
            let node = web.spots().get(spot).map(|s| s.node);
            if let (Some(node), Some(slot)) = (node, times.clocks.get_mut(spot)) {
                *slot = Some(self.fresh(node));
            }
        }
        for (group, id) in web.groups().iter().zip(0..) {
            self.go_round(&mut times, group, id);
            for spot in group {
                self.go_on(&mut times, *spot, id);
            }
        }
        times
    }

    fn fresh(&self, node: NodeId) -> Clocks {
        let at = self.costs.graph().node(node).map(|n| n.config.place);
        let runs = at.map(|at| self.levels(at)).unwrap_or_default();
        let clock = |run| Clock {
            run,
            at: 0,
            outer: 0,
        };
        Clocks(runs.into_iter().map(clock).collect())
    }

    /// The runs under way at a place, from the outside in.
    fn levels(&self, at: StateAt) -> Vec<u32> {
        let runs = &self.costs.words().inlined.runs;
        let mut levels = vec![at.0];
        let mut run = at.0;
        while let Some((outer, _)) = runs.get(run as usize).and_then(|r| r.parent) {
            levels.push(outer);
            run = outer;
        }
        levels.reverse();
        levels
    }

    /// Inside a group, each spot is as late as any, and going round adds to it.
    fn go_round(&self, times: &mut Times, group: &[u32], id: u32) {
        let round = self.round(id);
        if group.len() < 2 && round.more == 0 {
            return;
        }
        if round.more > 0 {
            times.rounds.insert(id, round);
        }
        let mut latest = Clocks::default();
        for spot in group {
            if let Some(Some(clocks)) = times.clocks.get(*spot as usize) {
                latest.join(clocks);
            }
        }
        for clock in &mut latest.0 {
            clock.at = plus(clock.at, round.more);
        }
        for spot in group {
            let Some(node) = self.node(*spot) else {
                continue;
            };
            let mut own = latest.clone();
            if node.end.is_none() {
                let levels = self.levels(node.config.place);
                own.0.retain(|c| levels.contains(&c.run));
            }
            self.cut(&mut own, node);
            if let Some(slot) = times.clocks.get_mut(*spot as usize) {
                match slot {
                    Some(clocks) => clocks.join(&own),
                    None => *slot = Some(own),
                }
            }
        }
    }

    fn round(&self, id: u32) -> Round {
        let (web, costs) = (self.web, self.costs);
        if web.inside(id).next().is_none() {
            return Round {
                more: 0,
                exact: true,
            };
        }
        let of = |thread: usize| {
            let thread = web.threads().get(thread);
            thread.map_or(0, |t| without_waits(costs, t.hop).all)
        };
        round(web, costs, id, &of, true)
    }

    fn go_on(&self, times: &mut Times, spot: u32, group: u32) {
        let Some(Some(from)) = times.clocks.get(spot as usize).cloned() else {
            return;
        };
        for index in self.web.from(spot) {
            let Some(thread) = self.web.threads().get(index).copied() else {
                continue;
            };
            let inside = self.web.group_of(thread.to) == group;
            let Some(after) = self.after(&from, thread.hop) else {
                if let Some(late) = times.too_late.get_mut(index) {
                    *late = true;
                }
                continue;
            };
            if inside {
                continue;
            }
            let (Some(slot), Some(by)) = (
                times.clocks.get_mut(thread.to as usize),
                times.by.get_mut(thread.to as usize),
            ) else {
                continue;
            };
            let index = u32::try_from(index).unwrap_or(NONE);
            match slot {
                None => {
                    *slot = Some(after);
                    *by = index;
                }
                Some(before) => {
                    if after.first() > before.first() {
                        *by = index;
                    }
                    before.join(&after);
                }
            }
        }
    }

    fn node(&self, spot: u32) -> Option<&'p Node> {
        self.costs.graph().node(self.web.at(spot)?.node)
    }

    /// The clocks after a hop; none if its deadline cannot be due by then.
    fn after(&self, from: &Clocks, hop_index: u32) -> Option<Clocks> {
        let graph = self.costs.graph();
        let hop: Hop = *graph.hops().get(hop_index as usize)?;
        let (before, node) = (graph.node(hop.from)?, graph.node(hop.to)?);
        let span = self.costs.span(hop_index);
        let mut clocks = from.clone();
        for clock in &mut clocks.0 {
            clock.at = plus(clock.at, span.all);
        }
        let label = graph.label(hop);
        for happened in label {
            let Happened::Deadline(run) = happened else {
                continue;
            };
            let (within, _) = self.nets.get(run)?;
            let clock = clocks.0.iter_mut().find(|c| c.run == *run)?;
            if clock.at < *within {
                return None;
            }
            // Behind an inner deadline the outer ones have waited.
            if before.config.tails.is_empty() {
                clock.at = clock.at.min(plus(*within, span.in_flight));
            }
        }
        clocks.settle();
        if node.end.is_none() {
            let levels = self.levels(node.config.place);
            clocks.0.retain(|c| levels.contains(&c.run));
            for run in levels {
                if !clocks.0.iter().any(|c| c.run == run) {
                    let outer = clocks.0.last().map_or(0, |c| c.at);
                    clocks.0.push(Clock { run, at: 0, outer });
                }
            }
        } else {
            clocks.0.truncate(1);
        }
        self.cut(&mut clocks, node);
        Some(clocks)
    }

    /// Where no deadline was taken yet, none can have passed: but for those that lead to where the
    /// flow begins anyway, or to where it is.
    fn cut(&self, clocks: &mut Clocks, node: &Node) {
        if !node.config.tails.is_empty() {
            return;
        }
        let flows = &self.costs.policy().flows;
        for clock in &mut clocks.0 {
            let Some((within, to)) = self.nets.get(&clock.run) else {
                continue;
            };
            let runs = &self.costs.words().inlined.runs;
            let flow = runs.get(clock.run as usize);
            let start = flow
                .and_then(|r| flows.get(r.flow.index()))
                .and_then(|f| f.start);
            if start.is_some_and(|(start, _)| start == *to) {
                continue;
            }
            clock.at = clock.at.min(*within);
        }
        clocks.settle();
    }
}

impl Clocks {
    fn first(&self) -> i64 {
        self.0.first().map_or(0, |c| c.at)
    }

    fn join(&mut self, other: &Self) {
        for theirs in &other.0 {
            match self.0.iter_mut().find(|c| c.run == theirs.run) {
                Some(own) => {
                    own.at = own.at.max(theirs.at);
                    own.outer = own.outer.max(theirs.outer);
                }
                None => self.0.push(*theirs),
            }
        }
    }

    /// No clock is later than what began on it allows.
    fn settle(&mut self) {
        let mut inner: Option<Clock> = None;
        for clock in self.0.iter_mut().rev() {
            if let Some(inner) = inner {
                clock.at = clock.at.min(plus(inner.outer, inner.at));
            }
            inner = Some(*clock);
        }
    }
}

/// A path, and what it takes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Walked {
    /// The hops, by their places in the graph's list, each with the moment by which it is over.
    pub hops: Vec<(u32, i64)>,
    /// What it takes in all.
    pub all: i64,
}

impl Times {
    /// The latest moment at a spot; none if it cannot be reached in time.
    #[must_use]
    pub fn at(&self, spot: u32) -> Option<i64> {
        let clocks = self.clocks.get(spot as usize)?.as_ref()?;
        Some(clocks.first())
    }

    /// Whether a thread's deadline cannot be due.
    #[must_use]
    pub fn too_late(&self, thread: usize) -> bool {
        self.too_late.get(thread).copied().unwrap_or(false)
    }

    /// The path that comes to a spot latest, walked: what it really takes.
    #[must_use]
    pub fn path(&self, web: &Web, costs: &Costs<'_>, to: u32) -> Walked {
        let mut hops: Vec<u32> = Vec::new();
        let mut at = to;
        // INVARIANT: groups come in order, so every round of this is in an earlier one.
        for _ in 0..=web.groups().len() {
            let group = web.group_of(at);
            let entry = self.entry(web, group);
            let Some((entered, by)) = entry else {
                // It began in this group.
                let start = (0..web.spots().len()).find(|s| {
                    let spot = u32::try_from(*s).unwrap_or(NONE);
                    web.group_of(spot) == group && self.by.get(*s) == Some(&NONE)
                });
                let start = u32::try_from(start.unwrap_or(0)).unwrap_or(NONE);
                self.within(web, costs, group, start, at, &mut hops);
                break;
            };
            self.within(web, costs, group, entered, at, &mut hops);
            let Some(thread) = web.threads().get(by as usize) else {
                break;
            };
            hops.push(thread.hop);
            at = thread.from;
        }
        hops.reverse();
        walk(costs, &hops)
    }

    /// The spot by which a group is entered latest, and the thread that does so.
    fn entry(&self, web: &Web, group: u32) -> Option<(u32, u32)> {
        let spots = web.groups().get(group as usize)?;
        let entered = spots.iter().filter_map(|s| {
            let by = *self.by.get(*s as usize)?;
            (by != NONE).then_some((*s, by))
        });
        let late = |by: u32| {
            let thread = web.threads().get(by as usize);
            thread.and_then(|t| self.at(t.from)).unwrap_or(0)
        };
        entered.max_by_key(|(s, by)| (late(*by), std::cmp::Reverse(*s)))
    }

    /// The way inside a group, backwards: round as often as a retry may, then the shortest.
    fn within(
        &self,
        web: &Web,
        costs: &Costs<'_>,
        group: u32,
        from: u32,
        to: u32,
        hops: &mut Vec<u32>,
    ) {
        if from != to {
            let mut by: FxHashMap<u32, (u32, u32)> = FxHashMap::default();
            let mut open = vec![from];
            let mut next = 0;
            while let Some(spot) = open.get(next).copied() {
                next += 1;
                for index in web.from(spot) {
                    let Some(t) = web.threads().get(index) else {
                        continue;
                    };
                    if web.group_of(t.to) == group && t.to != from && !by.contains_key(&t.to) {
                        by.insert(t.to, (spot, t.hop));
                        open.push(t.to);
                    }
                }
            }
            let mut at = to;
            while let Some((before, hop)) = by.get(&at) {
                hops.push(*hop);
                at = *before;
            }
        }
        if !self.rounds.get(&group).is_some_and(|r| r.exact) {
            return;
        }
        let dearest = web
            .from(from)
            .filter_map(|i| web.threads().get(i))
            .filter(|t| t.to == from)
            .filter_map(|t| {
                let hop = costs.graph().hops().get(t.hop as usize)?;
                Some((without_waits(costs, t.hop).all, t.hop, *hop))
            })
            .max_by_key(|(cost, at, _)| (*cost, std::cmp::Reverse(*at)));
        if let Some((_, index, hop)) = dearest {
            let more = further(costs, hop);
            hops.extend(std::iter::repeat_n(index, more.min(1_000)));
        }
    }
}

/// How many attempts there are beyond those told apart.
fn further(costs: &Costs<'_>, hop: Hop) -> usize {
    let label = costs.graph().label(hop);
    let count = label.iter().find_map(|h| match h {
        Happened::Again { at, handler, .. } => {
            let state = costs.words().state(*at)?;
            Some(state.handlers.get(*handler as usize)?.retry?.count)
        }
        _ => None,
    });
    let left = count.map_or(0, |n| n.saturating_sub(crate::flow::explore::ATTEMPTS_MAX));
    usize::try_from(left).unwrap_or(usize::MAX)
}

/// Walks a path: every step takes as long as it can, and deadlines cut.
#[must_use]
pub fn walk(costs: &Costs<'_>, hops: &[u32]) -> Walked {
    let web = Web::default();
    let timing = Timing::new(&web, costs);
    let graph = costs.graph();
    let hop_at = |i: u32| graph.hops().get(i as usize).copied();
    let mut walked = Walked::default();
    let first = hops.first().and_then(|i| hop_at(*i));
    let start = first.map(|h| h.from).or(graph.start());
    let mut clocks = timing.fresh(start.unwrap_or(NodeId(0)));
    let mut attempts = 0_u64;
    for index in hops {
        let Some(hop) = hop_at(*index) else { break };
        let Some(mut after) = timing.after(&clocks, *index) else {
            break;
        };
        // The waits of attempts that are no longer told apart grow on.
        if hop.from == hop.to {
            attempts += 1;
            let grown = graph.label(hop).iter().find_map(|h| match h {
                Happened::Again {
                    at,
                    handler,
                    attempt,
                } => {
                    let k = u64::from(*attempt);
                    let wait = costs.wait(*at, *handler, k + attempts - 1);
                    Some(wait - costs.wait(*at, *handler, k))
                }
                _ => None,
            });
            for clock in &mut after.0 {
                clock.at = plus(clock.at, grown.unwrap_or(0));
            }
            if let Some(node) = graph.node(hop.to) {
                timing.cut(&mut after, node);
            }
        } else {
            attempts = 0;
        }
        clocks = after;
        walked.hops.push((*index, clocks.first()));
    }
    walked.all = clocks.first().min(FOREVER);
    walked
}
