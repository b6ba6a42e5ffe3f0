//! What a hop can take at most: time, and calls.

use crate::flow::graph::{Graph, Happened, Hop, How, Made, Node};
use crate::flow::picture::{Picture, Place, StateAt};
use crate::flow::words::Words;
use crate::model::{ActionId, OutcomeKind, Policy, RuleKind, State, Step};
use std::collections::BTreeSet;

/// More than any bound: nothing says how long, or how often.
pub const FOREVER: i64 = i64::MAX / 4;

/// A sum that stays at [`FOREVER`].
#[must_use]
pub fn plus(a: i64, b: i64) -> i64 {
    a.saturating_add(b).min(FOREVER)
}

/// A product that stays at [`FOREVER`].
#[must_use]
pub fn times(n: u64, a: i64) -> i64 {
    let n = i64::try_from(n).unwrap_or(FOREVER);
    n.saturating_mul(a).min(FOREVER)
}

/// The k-th wait before a retry, from 0, at most: min(first·2ᵏ, cap).
#[must_use]
pub fn backoff(first: i64, cap: i64, k: u64) -> i64 {
    let factor = u32::try_from(k)
        .ok()
        .and_then(|k| 1_i64.checked_shl(k).filter(|f| *f > 0))
        .unwrap_or(i64::MAX);
    first.saturating_mul(factor).min(cap)
}

/// The bit of a kind of outcome.
#[must_use]
pub fn bit(kind: OutcomeKind) -> u64 {
    let at = match kind {
        OutcomeKind::Ok => 0,
        OutcomeKind::Agent => 1,
        OutcomeKind::Answered => 2,
        OutcomeKind::Timeout => 3,
        OutcomeKind::Malformed => 4,
        OutcomeKind::Denied => 5,
        OutcomeKind::Limited => 6,
        OutcomeKind::Declined => 7,
        OutcomeKind::Expired => 8,
        OutcomeKind::Failure(i) => 10 + i.min(50),
        _ => 9,
    };
    1 << at
}

/// Time that a hop can take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// All of it, in milliseconds.
    pub all: i64,
    /// The part of it for which one call can be in flight: a deadline waits for that long.
    pub in_flight: i64,
}

/// What hops of one flow can take.
pub struct Costs<'p> {
    policy: &'p Policy,
    words: Words<'p>,
    graph: &'p Graph,
    /// The longest wait for an approval, by action; none if nobody approves it.
    approvals: Vec<Option<i64>>,
    /// Actions that the agent of a state may be let call.
    proposed: BTreeSet<(StateAt, ActionId)>,
    /// The time of every hop.
    spans: Vec<Span>,
    /// The kinds of outcomes that each node's step can have, as bits.
    kinds: Vec<u64>,
}

impl<'p> Costs<'p> {
    /// For a flow's picture.
    #[must_use]
    pub fn new(policy: &'p Policy, picture: &'p Picture) -> Self {
        let approvals = (0..policy.actions.len()).map(|i| approval(policy, i));
        let graph = &picture.graph;
        let mut proposed = BTreeSet::new();
        for hop in graph.hops() {
            for happened in graph.label(*hop) {
                if let (Happened::Proposed(made), Some(node)) = (happened, graph.node(hop.from)) {
                    proposed.insert((node.config.place, made.action));
                }
            }
        }
        let mut costs = Self {
            policy,
            words: Words {
                policy,
                inlined: &picture.inlined,
            },
            graph,
            approvals: approvals.collect(),
            proposed,
            spans: Vec::new(),
            kinds: vec![0; graph.len()],
        };
        costs.spans = graph.hops().iter().map(|h| costs.measure(*h)).collect();
        for hop in graph.hops() {
            if let Some(Happened::Outcome { at, outcome, .. }) = graph.label(*hop).first() {
                let state = costs.words.state(*at);
                let found = state.and_then(|s| s.outcomes.get(*outcome as usize));
                let kind = found.map_or(0, |o| bit(o.kind));
                if let Some(kinds) = costs.kinds.get_mut(hop.from.index()) {
                    *kinds |= kind;
                }
            }
        }
        costs
    }

    /// The time of a hop, by its place in the graph's list.
    #[must_use]
    pub fn span(&self, hop: u32) -> Span {
        self.spans.get(hop as usize).copied().unwrap_or_default()
    }

    /// The kinds of outcomes that a node's step can have: the sum of their [`bit`]s.
    #[must_use]
    pub fn kinds(&self, node: usize) -> u64 {
        self.kinds.get(node).copied().unwrap_or(0)
    }

    fn measure(&self, hop: Hop) -> Span {
        let Some(node) = self.graph.node(hop.from) else {
            return Span::default();
        };
        let label = self.graph.label(hop);
        let mut sum = Span::default();
        let mut first = true;
        for happened in label {
            match *happened {
                Happened::Outcome {
                    at,
                    outcome,
                    calls,
                    approval,
                    ..
                } => {
                    let step = self.step(node, at, outcome as usize, calls, approval);
                    sum.all = plus(sum.all, step.all);
                    sum.in_flight = sum.in_flight.max(step.in_flight);
                }
                Happened::Again {
                    at,
                    handler,
                    attempt,
                } => sum.all = plus(sum.all, self.wait(at, handler, u64::from(attempt))),
                // It may come at the last moment.
                Happened::Event(_) | Happened::Deadline(_) if first => {
                    let busy = self.busy(hop, node);
                    sum.all = plus(sum.all, busy.all);
                    sum.in_flight = sum.in_flight.max(busy.in_flight);
                }
                _ => {}
            }
            first = false;
        }
        sum
    }

    /// The wait before another attempt.
    #[must_use]
    pub fn wait(&self, at: StateAt, handler: u32, attempt: u64) -> i64 {
        let state = self.words.state(at);
        let retry = state.and_then(|s| s.handlers.get(handler as usize)?.retry);
        let bounds = retry.and_then(|r| r.backoff_ms);
        bounds.map_or(0, |(first, cap)| backoff(first, cap, attempt))
    }

    fn step(&self, node: &Node, at: StateAt, outcome: usize, calls: u32, approval: bool) -> Span {
        let Some(state) = self.words.state(at) else {
            return Span::default();
        };
        let made = self.graph.calls(calls);
        match &state.step {
            Step::Do(step) => {
                let wait = if approval {
                    self.approval(step.action)
                } else {
                    0
                };
                let refused = made.iter().any(|m| m.how == How::Refused);
                let kind = state.outcomes.get(outcome).map(|o| o.kind);
                let wait = match kind {
                    Some(OutcomeKind::Declined | OutcomeKind::Expired) => {
                        self.approval(step.action)
                    }
                    _ => wait,
                };
                let call = if refused {
                    0
                } else {
                    self.timeout(step.action)
                };
                Span {
                    all: plus(wait, call),
                    in_flight: call,
                }
            }
            Step::Settle { .. } | Step::Unwind { .. } => {
                let mut sum = Span::default();
                for made in made {
                    sum.all = plus(sum.all, self.made(*made));
                    sum.in_flight = sum.in_flight.max(self.timeout(made.action));
                }
                sum
            }
            Step::Agent(_) | Step::Ask { .. } => self.patience(node, at, state),
            Step::Choose { .. } | Step::Run { .. } => Span::default(),
        }
    }

    /// How long an agent or a person can take. An agent's attempts share its time.
    fn patience(&self, node: &Node, at: StateAt, state: &State) -> Span {
        match &state.step {
            Step::Agent(step) if node.config.attempts.is_empty() => {
                let calls = step
                    .may
                    .iter()
                    .filter(|a| self.proposed.contains(&(at, **a)));
                let in_flight = calls.map(|a| self.timeout(*a)).max().unwrap_or(0);
                let within = step.within_ms.map_or(FOREVER, |(ms, _)| ms);
                Span {
                    all: plus(within, in_flight),
                    in_flight,
                }
            }
            Step::Ask { within_ms, .. } => Span {
                all: within_ms.unwrap_or(FOREVER),
                in_flight: 0,
            },
            _ => Span::default(),
        }
    }

    /// How long a state can be busy before something comes aside, without having ended.
    fn busy(&self, hop: Hop, node: &Node) -> Span {
        let at = node.config.place;
        let Some(state) = self.words.state(at) else {
            return Span::default();
        };
        match &state.step {
            Step::Agent(_) | Step::Ask { .. } => self.patience(node, at, state),
            Step::Choose { .. } | Step::Run { .. } => Span::default(),
            Step::Do(step) => Span {
                all: if self.waits(hop) {
                    self.approval(step.action)
                } else {
                    0
                },
                in_flight: 0,
            },
            // Between its calls.
            Step::Settle { .. } | Step::Unwind { .. } => {
                let mut most = Span::default();
                for hop in self.graph.from(hop.from) {
                    if let Some(Happened::Outcome {
                        at, outcome, calls, ..
                    }) = self.graph.label(*hop).first()
                    {
                        let step = self.step(node, *at, *outcome as usize, *calls, false);
                        most.all = most.all.max(step.all);
                        most.in_flight = most.in_flight.max(step.in_flight);
                    }
                }
                most
            }
        }
    }

    /// Whether an approval may be waited for where a hop begins.
    fn waits(&self, hop: Hop) -> bool {
        self.graph.from(hop.from).iter().any(|h| {
            let first = self.graph.label(*h).first();
            matches!(first, Some(Happened::Outcome { approval: true, .. }))
        })
    }

    fn timeout(&self, action: ActionId) -> i64 {
        self.policy.action(action).timeout_ms
    }

    fn approval(&self, action: ActionId) -> i64 {
        let of = self.approvals.get(action.index()).copied().flatten();
        of.unwrap_or(0)
    }

    /// A call inside a step that settles or undoes.
    fn made(&self, made: Made) -> i64 {
        let call = match made.how {
            How::Refused => 0,
            _ => self.timeout(made.action),
        };
        plus(self.approval(made.action), call)
    }

    /// How many calls of actions that `counts` a hop can make. Those of an agent are counted when
    /// its state is entered.
    #[must_use]
    pub fn calls(&self, hop: Hop, counts: &dyn Fn(ActionId) -> bool) -> i64 {
        let label = self.graph.label(hop);
        let mut sum = 0;
        let mut agent = true;
        for happened in label {
            match happened {
                Happened::Outcome { calls, .. } => {
                    let made = self.graph.calls(*calls).iter();
                    let made = made.filter(|m| m.how != How::Refused && counts(m.action));
                    sum = plus(sum, i64::try_from(made.count()).unwrap_or(FOREVER));
                }
                Happened::Proposed(_) => agent = false,
                _ => {}
            }
        }
        if agent {
            sum = plus(sum, self.agent_at(hop.to.index(), counts));
        }
        sum
    }

    /// How many calls the agent of a node's state may make, if it has one.
    #[must_use]
    pub fn agent_at(&self, node: usize, counts: &dyn Fn(ActionId) -> bool) -> i64 {
        let id = crate::flow::graph::NodeId(u32::try_from(node).unwrap_or(u32::MAX));
        let Some(Place::State(run, state)) = self.graph.place(id) else {
            return 0;
        };
        let at = (run, state);
        match self.words.state(at).map(|s| &s.step) {
            Some(Step::Agent(step)) => {
                let mut may = step.may.iter();
                if may.any(|a| counts(*a) && self.proposed.contains(&(at, *a))) {
                    let calls = step.calls.map(|(n, _)| i64::try_from(n).unwrap_or(FOREVER));
                    calls.unwrap_or(FOREVER).min(FOREVER)
                } else {
                    0
                }
            }
            _ => 0,
        }
    }

    /// The words for the flow.
    #[must_use]
    pub fn words(&self) -> Words<'p> {
        self.words
    }

    /// The graph of the flow.
    #[must_use]
    pub fn graph(&self) -> &'p Graph {
        self.graph
    }

    /// The policy.
    #[must_use]
    pub fn policy(&self) -> &'p Policy {
        self.policy
    }
}

/// The longest that somebody who has to approve a call of the action can take.
fn approval(policy: &Policy, action: usize) -> Option<i64> {
    let of = |rule: &&crate::model::Rule| {
        let targets = &mut rule.targets.iter();
        targets.any(|t| t.action.index() == action)
    };
    let within = |rule: &crate::model::Rule| match rule.kind {
        RuleKind::Escalate { within_ms, .. } => Some(within_ms.unwrap_or(FOREVER)),
        _ => None,
    };
    policy.rules.iter().filter(of).filter_map(within).max()
}
