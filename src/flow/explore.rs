//! The one shared picture of a flow: breadth-first exploration of everything that a run can do.
//!
//! A *configuration* is a state together with all that the past can still matter for: what became
//! of the calls made, which slots are bound, which guards were passed, how often bounded states were
//! entered, how many attempts this entry has made, and which events and deadlines are spent. Equal
//! configurations are one, so the exploration ends; each remembers the step that reached it first,
//! so that every finding has a shortest path. (Clarke, Emerson, Sistla 1986 explore state spaces so;
//! the abstraction of counts that stop mattering is the usual saturation.)

use super::calls::{Ending, after_call, after_settle, after_unwind, ending};
use super::guards::{Facts, Guard, paths};
use super::history::{Caps, History};
use super::possible::{Answers, Memo, Moment, Site, answers, asked};
use crate::diagnostics::{Code, Diagnostic, Witness};
use crate::gate::{Gate, Scope};
use crate::logic::{Formula, Term};
use crate::model::inline::{self, Inlined};
use crate::model::{
    ActionId, BindingId, Expr, Flow, FlowId, HistoryTerm, OutcomeKind, Path, Policy, Root, State,
    StateId, Target, TemplatePart,
};
use crate::source::Span;
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::{BTreeSet, VecDeque};

/// The most configurations of one flow.
const CONFIGURATIONS_MAX: usize = 400_000;

/// Where a run can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Place {
    /// In that state of that run.
    State(u32, StateId),
    /// At that end of the root flow.
    End(crate::model::EndId),
}

/// How a run came from one configuration to the next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Where it was.
    pub from: Place,
    /// What happened there, such as `timeout` or `event hangup`.
    pub what: String,
}

/// How a step from place to place comes about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Way {
    /// After a call that the gate admitted.
    Called,
    /// After a call that the gate refused.
    Refused,
    /// After anything else that a state does.
    Done,
    /// Instead of one entry too many.
    TooOften,
    /// By an event or a deadline.
    Aside,
}

/// A step from place to place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Edge {
    /// Where it begins.
    pub from: Place,
    /// Where it leads.
    pub to: Place,
    /// How it comes about.
    pub way: Way,
}

/// What a handler of a state was seen to do.
pub struct Picture {
    /// The root flow.
    pub flow: FlowId,
    /// Its runs.
    pub inlined: Inlined,
    /// Places that can be reached.
    pub reached: BTreeSet<Place>,
    /// Steps between places.
    pub edges: BTreeSet<Edge>,
    /// Outcomes that can happen, by run, state and index of the outcome.
    pub happened: BTreeSet<(u32, StateId, usize)>,
    /// The exploration saw everything, and nothing was unhandled.
    pub whole: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Config {
    place: (u32, StateId),
    history: History,
    /// Bound slots, ascending.
    bound: Vec<u32>,
    /// States whose call succeeded, with its arguments unchanged since; and whether its reply is
    /// still what the state's binding holds.
    done_at: Vec<((u32, StateId), bool)>,
    /// States whose call is in doubt, with its arguments unchanged since.
    doubt_at: Vec<(u32, StateId)>,
    /// Facts about slots, ascending.
    known: Vec<u32>,
    /// Entries of states with `visits`.
    visits: Vec<((u32, StateId), u64)>,
    /// Attempts of this entry, by handler.
    attempts: Vec<(usize, u64)>,
    /// An attempt of this entry is in doubt.
    doubt: bool,
    /// Events that were taken.
    events: Vec<u32>,
    /// A deadline was taken.
    deadline: bool,
}

impl Config {
    /// The call of that state has succeeded, and `bound` says whether its binding has the reply.
    fn done(&mut self, place: (u32, StateId), bound: bool) {
        self.done_at.retain(|(p, _)| *p != place);
        self.done_at.push((place, bound));
        self.done_at.sort_unstable();
    }
}

struct Node {
    config: Config,
    parent: Option<usize>,
    what: String,
}

struct Explorer<'p, 'g, 'a> {
    policy: &'a Policy,
    gate: &'g mut Gate<'a>,
    inlined: &'p Inlined,
    caps: Caps,
    facts: Facts,
    /// Guards of handlers and branches, by run, state and index.
    guards: FxHashMap<(u32, StateId, usize), Guard>,
    event_guards: FxHashMap<Span, (u32, Guard)>,
    terms: Vec<(Term, HistoryTerm)>,
    memo: Memo,
    nodes: Vec<Node>,
    seen: FxHashSet<Config>,
    queue: VecDeque<usize>,
    picture: Picture,
    findings: Vec<Diagnostic>,
    /// What was reported, so that one cause is one report.
    reported: BTreeSet<(Span, String)>,
    first_position: i64,
    full: bool,
}

/// Explores a flow. Reports what no handler takes, guards that overlap or leave gaps, and slots
/// that are used before they are bound.
pub(super) fn explore<'a>(
    gate: &mut Gate<'a>,
    flow: FlowId,
    inlined: Inlined,
    findings: &mut Vec<Diagnostic>,
) -> Picture {
    let policy = gate.encoder.policy();
    let first_position = i64::from(inline::first_position(policy, flow));
    let mut facts = Facts::default();
    let mut guards = FxHashMap::default();
    let mut event_guards = FxHashMap::default();
    for (index, run) in inlined.runs.iter().enumerate() {
        let Some(def) = policy.flows.get(run.flow.index()) else {
            continue;
        };
        let index = u32::try_from(index).unwrap_or(u32::MAX);
        let scope = Scope::run(policy, flow, &inlined, index);
        let binding = |b: BindingId| run.bindings.get(b.index()).copied().unwrap_or(u32::MAX);
        for (state, id) in def.states.iter().zip(0..) {
            for (i, cond) in guards_of(state) {
                if let Some(g) = facts.guard(gate, cond, &scope, &binding, findings) {
                    guards.insert((index, StateId(id), i), g);
                }
            }
            for edge in &state.events {
                if let Some(cond) = &edge.when
                    && let Some(g) = facts.guard(gate, cond, &scope, &binding, findings)
                {
                    event_guards.insert(edge.span, (index, g));
                }
            }
        }
        for edge in &def.events {
            if let Some(cond) = &edge.when
                && let Some(g) = facts.guard(gate, cond, &scope, &binding, findings)
            {
                event_guards.insert(edge.span, (index, g));
            }
        }
    }
    let terms = asked(gate);
    let questions: Vec<HistoryTerm> = terms.iter().map(|(_, h)| h.clone()).collect();
    let caps = Caps::new(policy, &questions);
    let before = findings.len();
    let mut explorer = Explorer {
        policy,
        inlined: &inlined,
        caps,
        facts,
        guards,
        event_guards,
        terms,
        memo: Memo::default(),
        nodes: Vec::new(),
        seen: FxHashSet::default(),
        queue: VecDeque::new(),
        picture: Picture {
            flow,
            inlined: Inlined { runs: Vec::new() },
            reached: BTreeSet::new(),
            edges: BTreeSet::new(),
            happened: BTreeSet::new(),
            whole: true,
        },
        findings: Vec::new(),
        reported: BTreeSet::new(),
        first_position,
        full: false,
        gate,
    };
    explorer.start();
    while let Some(at) = explorer.queue.pop_front() {
        explorer.node(at);
        if explorer.nodes.len() > CONFIGURATIONS_MAX {
            explorer.too_many();
            break;
        }
    }
    explorer.gave_up();
    let (mut picture, found) = (explorer.picture, explorer.findings);
    for f in found {
        if !findings.contains(&f) {
            findings.push(f);
        }
    }
    picture.whole &= findings.len() == before;
    picture.inlined = inlined;
    picture
}

/// The guards of a state's branches and handlers, with their numbers.
fn guards_of(state: &State) -> Vec<(usize, &crate::model::Cond)> {
    match &state.step {
        crate::model::Step::Choose { branches, .. } => branches
            .iter()
            .enumerate()
            .map(|(i, (c, ..))| (i, c))
            .collect(),
        _ => state
            .handlers
            .iter()
            .enumerate()
            .filter_map(|(i, h)| h.when.as_ref().map(|c| (i, c)))
            .collect(),
    }
}

impl<'a> Explorer<'_, '_, 'a> {
    fn flow(&self, run: u32) -> Option<&'a Flow> {
        let run = self.inlined.runs.get(run as usize)?;
        self.policy.flows.get(run.flow.index())
    }

    fn state(&self, place: (u32, StateId)) -> Option<&'a State> {
        self.flow(place.0)?.states.get(place.1.index())
    }

    fn slot(&self, run: u32, binding: BindingId) -> u32 {
        self.inlined
            .runs
            .get(run as usize)
            .and_then(|r| r.bindings.get(binding.index()))
            .copied()
            .unwrap_or(u32::MAX)
    }

    fn start(&mut self) {
        let Some(flow) = self.flow(0) else { return };
        let Some((target, _)) = flow.start else {
            self.picture.whole = false;
            return;
        };
        let config = Config {
            place: (0, StateId(0)),
            history: History::empty(self.policy),
            bound: self
                .inlined
                .runs
                .first()
                .map(|r| r.params.clone())
                .unwrap_or_default(),
            done_at: Vec::new(),
            doubt_at: Vec::new(),
            known: Vec::new(),
            visits: Vec::new(),
            attempts: Vec::new(),
            doubt: false,
            events: Vec::new(),
            deadline: false,
        };
        if let Some(once) = &flow.once
            && let Target::End(end) = once.to
        {
            self.picture.reached.insert(Place::End(end));
        }
        self.go(None, 0, target, config, "start".to_string(), Way::Done);
    }

    /// Follows an edge of `run` to `target` with the history that `config` has by then.
    fn go(
        &mut self,
        parent: Option<usize>,
        run: u32,
        target: Target,
        config: Config,
        what: String,
        way: Way,
    ) {
        self.go_past(parent, run, target, config, what, way, &mut BTreeSet::new());
    }

    /// The same, past the states in `full`, which were entered too often.
    #[allow(clippy::too_many_arguments)]
    fn go_past(
        &mut self,
        parent: Option<usize>,
        run: u32,
        target: Target,
        mut config: Config,
        what: String,
        way: Way,
        full: &mut BTreeSet<(u32, StateId)>,
    ) {
        let from = parent
            .and_then(|p| self.nodes.get(p))
            .map(|n| Place::State(n.config.place.0, n.config.place.1));
        match target {
            Target::State(id) => {
                let place = (run, id);
                if let Some(from) = from {
                    let to = Place::State(run, id);
                    self.picture.edges.insert(Edge { from, to, way });
                }
                config.attempts.clear();
                config.doubt = false;
                let Some(state) = self.state(place) else {
                    return;
                };
                if let Some(visits) = state.visits {
                    let entries = config
                        .visits
                        .iter()
                        .find(|(p, _)| *p == place)
                        .map_or(0, |(_, n)| *n);
                    if entries >= visits.count {
                        self.picture.edges.insert(Edge {
                            from: Place::State(run, id),
                            to: match visits.to {
                                Target::State(s) => Place::State(run, s),
                                Target::End(e) => Place::End(e),
                            },
                            way: Way::TooOften,
                        });
                        let what = format!(
                            "{what}, `{}` for the {} time",
                            state.name,
                            ordinal(entries + 1)
                        );
                        // A chain of full states leads on; a circle of them is a cycle without a
                        // bound, which its edges show.
                        if full.insert(place) {
                            self.go_past(parent, run, visits.to, config, what, way, full);
                        }
                        return;
                    }
                    config.visits.retain(|(p, _)| *p != place);
                    config.visits.push((place, entries + 1));
                    config.visits.sort_unstable();
                }
                config.place = place;
                self.push(parent, config, what);
            }
            Target::End(end) => {
                let Some(run_data) = self.inlined.runs.get(run as usize) else {
                    return;
                };
                let Some(def) = self.flow(run).and_then(|f| f.ends.get(end.index())) else {
                    return;
                };
                if let Some(gives) = &def.gives {
                    self.uses_expr(
                        parent,
                        run,
                        gives,
                        &config,
                        &format!("`end {}` gives it", def.name),
                        def.span,
                    );
                }
                match run_data.parent {
                    None => {
                        if let Some(from) = from {
                            let to = Place::End(end);
                            self.picture.edges.insert(Edge { from, to, way });
                        }
                        self.picture.reached.insert(Place::End(end));
                    }
                    Some((outer, state)) => {
                        self.returned(parent, (outer, state), def.name.clone(), config, what)
                    }
                }
            }
        }
    }

    /// An inner run has ended: its end is the outcome of the state that ran it.
    fn returned(
        &mut self,
        parent: Option<usize>,
        place: (u32, StateId),
        outcome: String,
        mut config: Config,
        what: String,
    ) {
        let Some(state) = self.state(place) else {
            return;
        };
        let Some(index) = state.outcomes.iter().position(|o| o.name == outcome) else {
            return;
        };
        if let Some(from) = parent
            .and_then(|p| self.nodes.get(p))
            .map(|n| n.config.place)
        {
            self.picture.edges.insert(Edge {
                from: Place::State(from.0, from.1),
                to: Place::State(place.0, place.1),
                way: Way::Done,
            });
        }
        config.place = place;
        config.attempts.clear();
        self.handled(parent, place, state, index, config, Some(what));
    }

    fn push(&mut self, parent: Option<usize>, config: Config, what: String) {
        if !self.seen.insert(config.clone()) {
            return;
        }
        self.picture
            .reached
            .insert(Place::State(config.place.0, config.place.1));
        self.nodes.push(Node {
            config,
            parent,
            what,
        });
        self.queue.push_back(self.nodes.len() - 1);
    }

    /// All that can happen in a configuration.
    fn node(&mut self, at: usize) {
        let Some(config) = self.nodes.get(at).map(|n| n.config.clone()) else {
            return;
        };
        let place = config.place;
        let Some(state) = self.state(place) else {
            return;
        };
        // A retry stays inside the state: events between attempts were looked at on entry already.
        self.aside(at, &config, state);
        let (run, _) = place;
        match &state.step {
            crate::model::Step::Do(step) => {
                for (arg, param) in step
                    .args
                    .args
                    .iter()
                    .zip(&self.policy.action(step.action).params)
                {
                    if let Some(e) = arg {
                        self.uses_expr(
                            Some(at),
                            run,
                            e,
                            &config,
                            &format!("argument `{}`", param.name),
                            state.step_span,
                        );
                    }
                }
                self.call(at, &config, state, step.action, Some(&step.args), step.bind);
            }
            crate::model::Step::Agent(step) => {
                for (name, e) in &step.given {
                    self.uses_expr(
                        Some(at),
                        run,
                        e,
                        &config,
                        &format!("`given {name}`"),
                        state.step_span,
                    );
                }
                self.agent(at, &config, state, &step.may);
            }
            crate::model::Step::Ask { text, bind, .. } => {
                self.uses_expr(
                    Some(at),
                    run,
                    text,
                    &config,
                    "the question",
                    state.step_span,
                );
                let slot = self.slot(run, *bind);
                for (i, o) in state.outcomes.iter().enumerate() {
                    let mut next = config.clone();
                    if o.kind == OutcomeKind::Answered {
                        bind_slot(&mut next, slot, self);
                    }
                    self.handled(Some(at), place, state, i, next, None);
                }
            }
            crate::model::Step::Choose {
                branches,
                otherwise,
            } => self.choose(at, &config, state, branches, *otherwise),
            crate::model::Step::Settle { action, bind } => {
                for (i, o) in state.outcomes.iter().enumerate() {
                    for h in after_settle(self.policy, &self.caps, &config.history, *action, o.kind)
                    {
                        let mut next = config.clone();
                        next.history = h;
                        if o.kind == OutcomeKind::Happened
                            && let Some(b) = bind
                        {
                            let slot = self.slot(run, *b);
                            bind_slot(&mut next, slot, self);
                        }
                        if o.kind != OutcomeKind::Unknown {
                            self.settled(&mut next, &config, *action, o.kind, (run, *bind));
                        }
                        self.handled(Some(at), place, state, i, next, None);
                    }
                }
            }
            crate::model::Step::Unwind { actions } => {
                for (i, o) in state.outcomes.iter().enumerate() {
                    for h in after_unwind(self.policy, &self.caps, &config.history, actions, o.kind)
                    {
                        let mut next = config.clone();
                        next.history = h;
                        self.handled(Some(at), place, state, i, next, None);
                    }
                }
            }
            crate::model::Step::Run { args, flow, .. } => {
                let params = self
                    .policy
                    .flows
                    .get(flow.index())
                    .map(|f| f.params.as_slice())
                    .unwrap_or_default();
                for (arg, param) in args.args.iter().zip(params) {
                    if let Some(e) = arg {
                        self.uses_expr(
                            Some(at),
                            run,
                            e,
                            &config,
                            &format!("argument `{}`", param.name),
                            state.step_span,
                        );
                    }
                }
                let Some(inner) = self.inlined.started_by(run, place.1) else {
                    return;
                };
                let Some(data) = self.inlined.runs.get(inner as usize) else {
                    return;
                };
                let mut next = config.clone();
                next.bound.retain(|s| !data.bindings.contains(s));
                next.bound.extend(&data.params);
                next.bound.sort_unstable();
                next.bound.dedup();
                let facts = &self.facts;
                next.known.retain(|k| {
                    facts
                        .get(*k)
                        .is_some_and(|f| !f.slots.iter().any(|s| data.bindings.contains(s)))
                });
                next.visits.retain(|((r, _), _)| !self.inside(*r, inner));
                if let Some((start, _)) = self.flow(inner).and_then(|f| f.start) {
                    self.go(
                        Some(at),
                        inner,
                        start,
                        next,
                        "starts".to_string(),
                        Way::Done,
                    );
                }
            }
        }
    }

    /// Whether `run` is `outer` or runs inside it.
    fn inside(&self, run: u32, outer: u32) -> bool {
        let mut at = Some(run);
        while let Some(r) = at {
            if r == outer {
                return true;
            }
            at = self
                .inlined
                .runs
                .get(r as usize)
                .and_then(|d| d.parent)
                .map(|(p, _)| p);
        }
        false
    }

    /// Events and deadlines that can be taken here.
    fn aside(&mut self, at: usize, config: &Config, state: &'a State) {
        let (run, id) = config.place;
        let mut way = vec![];
        let mut next = Some(run);
        while let Some(r) = next {
            way.push(r);
            next = self
                .inlined
                .runs
                .get(r as usize)
                .and_then(|d| d.parent)
                .map(|(p, _)| p);
        }
        for event in 0..self.policy.events.len() {
            let event = u32::try_from(event).unwrap_or(u32::MAX);
            if config.events.contains(&event) || state.ignores.iter().any(|(e, _)| e.0 == event) {
                continue;
            }
            let own: Vec<_> = state
                .events
                .iter()
                .filter(|e| e.event.0 == event)
                .cloned()
                .collect();
            let (edges, in_run) = if own.is_empty() {
                let found = way.iter().find_map(|r| {
                    let list: Vec<_> = self
                        .flow(*r)?
                        .events
                        .iter()
                        .filter(|e| e.event.0 == event)
                        .cloned()
                        .collect();
                    (!list.is_empty()).then_some((list, *r))
                });
                match found {
                    Some(f) => f,
                    None => {
                        self.unhandled_event(at, config, event);
                        continue;
                    }
                }
            } else {
                (own, run)
            };
            for edge in edges {
                if let Some((_, g)) = self.event_guards.get(&edge.span).cloned()
                    && !self.holds(config, g.truth.yes)
                {
                    continue;
                }
                let mut after = config.clone();
                after.events.push(event);
                after.events.sort_unstable();
                let name = self
                    .policy
                    .events
                    .get(event as usize)
                    .map(|e| e.name.clone())
                    .unwrap_or_default();
                self.go(
                    Some(at),
                    in_run,
                    edge.to,
                    after,
                    format!("event `{name}`"),
                    Way::Aside,
                );
            }
        }
        if config.deadline {
            return;
        }
        for r in way {
            let Some((_, Some(to), _)) = self.flow(r).and_then(|f| f.within) else {
                continue;
            };
            if to == Target::State(id) && r == run {
                continue;
            }
            let mut after = config.clone();
            after.deadline = true;
            self.go(
                Some(at),
                r,
                to,
                after,
                "the deadline".to_string(),
                Way::Aside,
            );
        }
    }

    fn position(&self, place: (u32, StateId)) -> i64 {
        let state = self
            .inlined
            .runs
            .get(place.0 as usize)
            .map_or(0, |r| r.state(place.1));
        self.first_position + i64::from(state)
    }

    /// Whether a condition can hold in a configuration.
    fn holds(&mut self, config: &Config, formula: Formula) -> bool {
        let known = self.known(config);
        let question = self.gate.encoder.logic.and(&[known, formula]);
        self.memo.possible(self.gate, question)
    }

    fn known(&mut self, config: &Config) -> Formula {
        let keyed = keyed_in_flow(self.policy, self.inlined, config);
        let moment = Moment {
            known: &config.known,
            facts: &self.facts,
            history: &config.history,
            caps: &self.caps,
            keyed: &keyed,
        };
        let position = self.first_position
            + i64::from(
                self.inlined
                    .runs
                    .get(config.place.0 as usize)
                    .map_or(0, |r| r.state(config.place.1)),
            );
        moment.formula(self.gate, &self.terms, position)
    }

    fn answers(
        &mut self,
        config: &Config,
        action: ActionId,
        args: Option<&crate::model::ArgList>,
    ) -> Answers {
        let scope = Scope::run(self.policy, self.picture.flow, self.inlined, config.place.0);
        let keyed = keyed_in_call(self.policy, self.inlined, config, args);
        let moment = Moment {
            known: &config.known,
            facts: &self.facts,
            history: &config.history,
            caps: &self.caps,
            keyed: &keyed,
        };
        let site = Site {
            action,
            args: args.map(|a| (a, &scope)),
            position: self.position(config.place),
        };
        let repeats = config.doubt && idempotent(self.policy, action);
        let key = self
            .inlined
            .runs
            .get(config.place.0 as usize)
            .map_or(0, |r| r.state(config.place.1));
        answers(
            self.gate,
            &mut self.memo,
            &site,
            &moment,
            &self.terms,
            key,
            repeats,
        )
    }

    fn call(
        &mut self,
        at: usize,
        config: &Config,
        state: &'a State,
        action: ActionId,
        args: Option<&crate::model::ArgList>,
        bind: Option<BindingId>,
    ) {
        let place = config.place;
        let can = self.answers(config, action, args);
        let repeats = config.doubt && idempotent(self.policy, action);
        for (i, o) in state.outcomes.iter().enumerate() {
            let refused = match o.kind {
                OutcomeKind::Denied => Some(can.denied),
                OutcomeKind::Limited => Some(can.limited),
                OutcomeKind::Declined => Some(can.declined),
                OutcomeKind::Expired => Some(can.expired),
                _ => None,
            };
            if let Some(possible) = refused {
                if possible {
                    self.handled(Some(at), place, state, i, config.clone(), None);
                }
                continue;
            }
            let Some(end) = ending(self.policy, action, o.kind).filter(|_| can.admitted) else {
                continue;
            };
            for h in after_call(
                self.policy,
                &self.caps,
                &config.history,
                action,
                end,
                repeats,
            ) {
                let mut next = config.clone();
                next.history = h;
                if end == Ending::Doubt && self.policy.action(action).tracked() {
                    next.doubt = true;
                    next.doubt_at.push(place);
                    next.doubt_at.sort_unstable();
                    next.doubt_at.dedup();
                }
                if end == Ending::Done {
                    next.doubt = false;
                    next.doubt_at.retain(|p| *p != place);
                    if let Some(b) = bind {
                        let slot = self.slot(place.0, b);
                        bind_slot(&mut next, slot, self);
                    }
                    next.done(place, true);
                }
                self.handled(Some(at), place, state, i, next, None);
            }
        }
    }

    /// What is known of the calls that a `settle` has looked after: where just one was in doubt, and
    /// it happened, the state that made it has succeeded.
    fn settled(
        &self,
        next: &mut Config,
        before: &Config,
        action: ActionId,
        outcome: OutcomeKind,
        (run, bind): (u32, Option<BindingId>),
    ) {
        let mine =
            |place: &(u32, StateId)| action_at(self.policy, self.inlined, *place) == Some(action);
        if outcome == OutcomeKind::Happened && before.history.of(action).unsettled == 1 {
            let places: Vec<_> = next.doubt_at.iter().copied().filter(&mine).collect();
            if let [place] = places[..] {
                let own = match self.state(place).map(|s| &s.step) {
                    Some(crate::model::Step::Do(step)) => step.bind.map(|b| self.slot(place.0, b)),
                    _ => None,
                };
                let bound = bind.map(|b| self.slot(run, b));
                next.done(place, own.is_some() && own == bound);
            }
        }
        next.doubt_at.retain(|p| !mine(p));
    }

    /// The agent may make any of its calls, in any order, with any arguments, and come back at any time.
    fn agent(&mut self, at: usize, config: &Config, state: &'a State, may: &[ActionId]) {
        let place = config.place;
        for action in may {
            if !self.caps.asked(*action) {
                continue;
            }
            let can = self.answers(config, *action, None);
            if !can.admitted {
                continue;
            }
            for end in [Ending::Done, Ending::Clean, Ending::Doubt] {
                for h in after_call(
                    self.policy,
                    &self.caps,
                    &config.history,
                    *action,
                    end,
                    false,
                ) {
                    let mut next = config.clone();
                    next.history = h;
                    next.place = place;
                    let name = &self.policy.action(*action).full_name;
                    self.push(Some(at), next, format!("the agent calls `{name}`"));
                }
            }
        }
        for i in 0..state.outcomes.len() {
            self.handled(Some(at), place, state, i, config.clone(), None);
        }
    }

    fn choose(
        &mut self,
        at: usize,
        config: &Config,
        state: &'a State,
        branches: &[(crate::model::Cond, Target, Span)],
        otherwise: Option<(Target, Span)>,
    ) {
        if !state.complete {
            self.picture.whole = false;
            return;
        }
        let (run, id) = config.place;
        for (cond, _, span) in branches {
            self.uses_cond(Some(at), run, cond, config, "this condition", *span);
        }
        let guards: Vec<Option<Guard>> = (0..branches.len())
            .map(|i| self.guards.get(&(run, id, i)).cloned())
            .collect();
        if guards.iter().any(Option::is_none) {
            self.picture.whole = false;
            return;
        }
        let guards: Vec<Guard> = guards.into_iter().flatten().collect();
        let spans: Vec<Span> = branches.iter().map(|b| b.2).collect();
        self.exclusive(at, config, state, &guards, &spans, "branches");
        for (guard, (_, target, _)) in guards.iter().zip(branches) {
            if self.holds(config, guard.truth.yes) {
                let mut next = config.clone();
                learn(&mut next, &guard.if_true);
                self.go(
                    Some(at),
                    run,
                    *target,
                    next,
                    "chooses".to_string(),
                    Way::Done,
                );
            }
        }
        let none: Vec<Formula> = guards.iter().map(|g| g.truth.no).collect();
        let none = self.gate.encoder.logic.and(&none);
        if !self.holds(config, none) {
            return;
        }
        match otherwise {
            Some((target, _)) => {
                let mut next = config.clone();
                for g in &guards {
                    learn(&mut next, &g.if_false);
                }
                self.go(
                    Some(at),
                    run,
                    target,
                    next,
                    "chooses otherwise".to_string(),
                    Way::Done,
                );
            }
            None => self.gap(at, config, state, none, None, state.step_span),
        }
    }

    /// Outcome `index` of `state` has happened, with all that follows recorded in `config`.
    fn handled(
        &mut self,
        at: Option<usize>,
        place: (u32, StateId),
        state: &'a State,
        index: usize,
        config: Config,
        via: Option<String>,
    ) {
        let (run, id) = place;
        self.picture.happened.insert((run, id, index));
        let Some(outcome) = state.outcomes.get(index) else {
            return;
        };
        let what = match via {
            Some(via) => format!("{via}, `{}`", outcome.name),
            None => format!("`{}`", outcome.name),
        };
        let takes: Vec<usize> = state
            .handlers
            .iter()
            .enumerate()
            .filter(|(_, h)| h.outcomes.iter().any(|(o, _)| *o == index))
            .map(|(i, _)| i)
            .collect();
        if takes.is_empty() {
            if state.complete {
                self.unhandled(at, place, state, index, &config);
            } else {
                self.picture.whole = false;
            }
            return;
        }
        let mut guards = Vec::new();
        let mut plain = None;
        for i in takes {
            let Some(handler) = state.handlers.get(i) else {
                continue;
            };
            match (&handler.when, self.guards.get(&(run, id, i))) {
                (None, _) => match plain {
                    None => plain = Some(i),
                    Some(first) => self.twice(state, index, first, i),
                },
                (Some(cond), Some(guard)) => {
                    let guard = guard.clone();
                    // The binding of the step, or of the handler, is there when its guard is asked.
                    let mut bound = config.clone();
                    if let Some(b) = handler.bind {
                        let slot = self.slot(run, b);
                        bind_slot(&mut bound, slot, self);
                    }
                    self.uses_cond(at, run, cond, &bound, "this guard", handler.span);
                    guards.push((i, guard));
                }
                (Some(_), None) => {
                    self.picture.whole = false;
                    return;
                }
            }
        }
        let list: Vec<Guard> = guards.iter().map(|(_, g)| g.clone()).collect();
        let spans: Vec<Span> = guards
            .iter()
            .filter_map(|(i, _)| state.handlers.get(*i).map(|h| h.span))
            .collect();
        if let Some(at) = at {
            self.exclusive(at, &config, state, &list, &spans, "guards");
        }
        for (i, guard) in &guards {
            if self.holds(&config, guard.truth.yes) {
                let mut next = config.clone();
                learn(&mut next, &guard.if_true);
                self.take(at, place, state, *i, index, next, what.clone());
            }
        }
        let none: Vec<Formula> = list.iter().map(|g| g.truth.no).collect();
        let none = self.gate.encoder.logic.and(&none);
        if !self.holds(&config, none) {
            return;
        }
        match plain {
            Some(i) => {
                let mut next = config;
                for g in &list {
                    learn(&mut next, &g.if_false);
                }
                self.take(at, place, state, i, index, next, what);
            }
            None => {
                if let Some(at) = at {
                    let span = spans.first().copied().unwrap_or(state.name_span);
                    self.gap(at, &config, state, none, Some(index), span);
                }
            }
        }
    }

    /// Handler `handler` takes the outcome: another attempt, or its edge.
    #[allow(clippy::too_many_arguments)]
    fn take(
        &mut self,
        at: Option<usize>,
        place: (u32, StateId),
        state: &'a State,
        handler: usize,
        outcome: usize,
        mut config: Config,
        what: String,
    ) {
        let Some(h) = state.handlers.get(handler) else {
            return;
        };
        if let Some(b) = h.bind {
            let slot = self.slot(place.0, b);
            bind_slot(&mut config, slot, self);
        }
        if let Some(retry) = h.retry {
            let used = config
                .attempts
                .iter()
                .find(|(i, _)| *i == handler)
                .map_or(0, |(_, n)| *n);
            // Attempts beyond a few differ from one another in nothing but their number.
            if used < retry.count.min(6) {
                let mut again = config.clone();
                again.attempts.retain(|(i, _)| *i != handler);
                again.attempts.push((handler, used + 1));
                again.attempts.sort_unstable();
                again.place = place;
                self.push(at, again, format!("{what}, tried again"));
            }
            if used < retry.count.min(6) {
                return;
            }
        }
        let way = match (&state.step, state.outcomes.get(outcome).map(|o| o.kind)) {
            (
                crate::model::Step::Do(_),
                Some(
                    OutcomeKind::Denied
                    | OutcomeKind::Limited
                    | OutcomeKind::Declined
                    | OutcomeKind::Expired,
                ),
            ) => Way::Refused,
            (crate::model::Step::Do(_), _) => Way::Called,
            _ => Way::Done,
        };
        self.go(at, place.0, h.to, config, what, way);
    }

    // ── What is wrong ────────────────────────────────────────────────────────

    /// The shortest way to a configuration, in words and as data.
    fn path(&self, at: Option<usize>) -> Witness {
        let mut steps = Vec::new();
        let mut next = at;
        while let Some(i) = next {
            let Some(node) = self.nodes.get(i) else { break };
            steps.push((self.state_name(node.config.place), node.what.clone()));
            next = node.parent;
        }
        steps.reverse();
        // Whoever stands at the start needs no directions.
        let shown = steps.len() > 1;
        let mut lines = Vec::new();
        let mut data = Vec::new();
        for (i, (state, _)) in steps.iter().enumerate() {
            let after = steps.get(i + 1).map(|(_, what)| what.clone());
            if shown {
                lines.push(match &after {
                    Some(what) => format!("{state}: {what}"),
                    None => format!("{state}: here"),
                });
            }
            let mut step = serde_json::Map::new();
            step.insert("state".to_string(), state.clone().into());
            if let Some(what) = after {
                step.insert("then".to_string(), what.replace('`', "").into());
            }
            data.push(serde_json::Value::Object(step));
        }
        let mut map = serde_json::Map::new();
        map.insert("path".to_string(), serde_json::Value::Array(data));
        Witness { lines, data: map }
    }

    /// Values that show a finding, and the shortest way to where they do.
    fn values_and_path(&self, values: &crate::logic::Assignment, at: usize) -> Witness {
        let mut witness = self.gate.encoder.witness(values);
        // The path says where the session is.
        witness.lines.retain(|l| !l.starts_with("the session is "));
        let path = self.path(Some(at));
        witness.data.extend(path.data);
        witness.lines.extend(path.lines);
        witness
    }

    fn state_name(&self, place: (u32, StateId)) -> String {
        let name = self
            .state(place)
            .map(|s| s.name.clone())
            .unwrap_or_default();
        self.inlined
            .runs
            .get(place.0 as usize)
            .map_or_else(|| name.clone(), |r| r.qualified(&name))
    }

    fn report(&mut self, key: (Span, String), found: impl FnOnce(&mut Self) -> Diagnostic) {
        if self.reported.insert(key) {
            let found = found(self);
            self.findings.push(found);
        }
    }

    fn unhandled(
        &mut self,
        at: Option<usize>,
        place: (u32, StateId),
        state: &'a State,
        index: usize,
        config: &Config,
    ) {
        let Some(outcome) = state.outcomes.get(index) else {
            return;
        };
        let key = (state.name_span, format!("unhandled {}", outcome.name));
        let _ = (place, config);
        self.report(key, |me| {
            let meaning = super::checks::unhandled::meaning(me.policy, state, outcome);
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
        });
    }

    fn unhandled_event(&mut self, at: usize, config: &Config, event: u32) {
        let Some(flow) = self.flow(0) else { return };
        let Some(def) = self.policy.events.get(event as usize) else {
            return;
        };
        let key = (flow.name_span, format!("event {}", def.name));
        let Some(state) = self.state(config.place) else {
            return;
        };
        if !state.complete || !flow.complete {
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
            .witness(me.path(Some(at)))
        });
    }

    fn twice(&mut self, state: &'a State, index: usize, first: usize, second: usize) {
        let (Some(a), Some(b), Some(o)) = (
            state.handlers.get(first),
            state.handlers.get(second),
            state.outcomes.get(index),
        ) else {
            return;
        };
        let place = |h: &crate::model::Handler| {
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

    fn exclusive(
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

    fn gap(
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
                    .help(help);
            if let Some(e) = &example {
                found = found.witness(me.values_and_path(e, at));
            }
            found
        });
    }

    fn uses_cond(
        &mut self,
        at: Option<usize>,
        run: u32,
        cond: &crate::model::Cond,
        config: &Config,
        what: &str,
        span: Span,
    ) {
        let mut list = Vec::new();
        paths(cond, &mut list);
        for path in list {
            self.uses(at, run, path, config, what, span);
        }
    }

    fn uses_expr(
        &mut self,
        at: Option<usize>,
        run: u32,
        expr: &Expr,
        config: &Config,
        what: &str,
        span: Span,
    ) {
        match expr {
            Expr::Const(_) => {}
            Expr::Path(p) => self.uses(at, run, p, config, what, span),
            Expr::List(items) => items
                .iter()
                .for_each(|e| self.uses_expr(at, run, e, config, what, span)),
            Expr::Record(_, fields) => fields
                .iter()
                .flatten()
                .for_each(|e| self.uses_expr(at, run, e, config, what, span)),
            Expr::Template(parts) => {
                for part in parts {
                    if let TemplatePart::Hole(p) = part {
                        self.uses(at, run, p, config, what, span);
                    }
                }
            }
        }
    }

    fn uses(
        &mut self,
        at: Option<usize>,
        run: u32,
        path: &Path,
        config: &Config,
        what: &str,
        _span: Span,
    ) {
        let Root::Binding(id) = path.root else { return };
        let slot = self.slot(run, id);
        if config.bound.contains(&slot) {
            return;
        }
        let Some(flow) = self.flow(run) else { return };
        let Some(binding) = flow.bindings.get(id.index()) else {
            return;
        };
        let name = binding.name.clone();
        let bound_at = binding.span;
        let span = path.span;
        self.report((span, format!("unbound {name}")), |me| {
            Diagnostic::new(
                Code::FW306,
                format!("`{name}` is used where some path has not bound it"),
                span,
                format!("{what}: it may have no value here"),
            )
            .label(bound_at, "bound here, which some paths pass by")
            .help(format!(
                "lead those paths elsewhere, or bind `{name}` on all of them"
            ))
            .witness(me.path(at))
        });
    }

    fn too_many(&mut self) {
        self.picture.whole = false;
        self.full = true;
        let Some(flow) = self.flow(0) else { return };
        self.findings.push(
            Diagnostic::new(
                Code::FW390,
                format!("flow `{}` is too large to be looked through", flow.name),
                flow.name_span,
                format!("more than {CONFIGURATIONS_MAX} different situations"),
            )
            .note("A check that runs out of its budget never passes in silence.")
            .help("lower the bounds of `visits` and `retry`, or split the flow and join the parts by `run`"),
        );
    }

    fn gave_up(&mut self) {
        let Some(flow) = self.flow(0) else { return };
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

fn idempotent(policy: &Policy, action: ActionId) -> bool {
    matches!(
        policy.action(action).effect,
        crate::model::Effect::Write {
            idempotency: Some(_),
            ..
        }
    )
}

fn ordinal(n: u64) -> String {
    match n {
        1 => "1st".to_string(),
        2 => "2nd".to_string(),
        3 => "3rd".to_string(),
        n => format!("{n}th"),
    }
}

/// A slot gets a new value: what was known about the old one is forgotten.
fn bind_slot(config: &mut Config, slot: u32, explorer: &Explorer<'_, '_, '_>) {
    if !config.bound.contains(&slot) {
        config.bound.push(slot);
        config.bound.sort_unstable();
    }
    config.known.retain(|k| {
        explorer
            .facts
            .get(*k)
            .is_some_and(|f| !f.slots.contains(&slot))
    });
    let uses = |(run, state): (u32, StateId)| match explorer.state((run, state)).map(|s| &s.step) {
        Some(crate::model::Step::Do(step)) => args_use(explorer, run, &step.args, slot),
        _ => true,
    };
    let own = |(run, state): (u32, StateId)| match explorer.state((run, state)).map(|s| &s.step) {
        Some(crate::model::Step::Do(step)) => {
            step.bind.is_some_and(|b| explorer.slot(run, b) == slot)
        }
        _ => false,
    };
    config.done_at.retain(|(place, _)| !uses(*place));
    config.doubt_at.retain(|place| !uses(*place));
    for (place, bound) in &mut config.done_at {
        *bound &= !own(*place);
    }
    config.done_at.dedup();
}

fn args_use(
    explorer: &Explorer<'_, '_, '_>,
    run: u32,
    args: &crate::model::ArgList,
    slot: u32,
) -> bool {
    fn inside(explorer: &Explorer<'_, '_, '_>, run: u32, e: &Expr, slot: u32) -> bool {
        let path = |p: &Path| matches!(p.root, Root::Binding(b) if explorer.slot(run, b) == slot);
        match e {
            Expr::Const(_) => false,
            Expr::Path(p) => path(p),
            Expr::List(items) => items.iter().any(|i| inside(explorer, run, i, slot)),
            Expr::Record(_, fields) => fields
                .iter()
                .flatten()
                .any(|i| inside(explorer, run, i, slot)),
            Expr::Template(parts) => parts
                .iter()
                .any(|p| matches!(p, TemplatePart::Hole(h) if path(h))),
        }
    }
    args.args
        .iter()
        .flatten()
        .any(|e| inside(explorer, run, e, slot))
}

fn learn(config: &mut Config, facts: &[u32]) {
    config.known.extend(facts);
    config.known.sort_unstable();
    config.known.dedup();
}

/// A value by its name in the flow: equal names are equal values for as long as no slot is bound again.
fn value_name(run: u32, path: &Path) -> Option<String> {
    match path.root {
        Root::Binding(_) | Root::FlowParam(_) => {
            Some(format!("{run} {:?}{:?}", path.root, path.fields))
        }
        _ => None,
    }
}

fn arg_name(run: u32, args: &crate::model::ArgList, param: u32, fields: &[u32]) -> Option<String> {
    match args.args.get(param as usize)?.as_ref()? {
        Expr::Path(p) => value_name(
            run,
            &Path {
                fields: p.fields.iter().chain(fields).copied().collect(),
                ..p.clone()
            },
        ),
        Expr::Const(c) if fields.is_empty() => Some(format!("constant {c:?}")),
        _ => None,
    }
}

/// The key of a counted call made by a `do` state, by name.
fn counted_key(
    policy: &Policy,
    inlined: &Inlined,
    place: (u32, StateId),
    key: &Path,
) -> Option<String> {
    let run = inlined.runs.get(place.0 as usize)?;
    let state = policy
        .flows
        .get(run.flow.index())?
        .states
        .get(place.1.index())?;
    let crate::model::Step::Do(step) = &state.step else {
        return None;
    };
    match key.root {
        Root::Param(i) => arg_name(place.0, &step.args, i, &key.fields),
        Root::Result => {
            let bind = step.bind?;
            value_name(
                place.0,
                &Path {
                    root: Root::Binding(bind),
                    ..key.clone()
                },
            )
        }
        _ => None,
    }
}

/// Whether a call that succeeded on this path surely has the key that is asked for.
fn matches_key(
    policy: &Policy,
    inlined: &Inlined,
    config: &Config,
    asked: &HistoryTerm,
    keys: &[Option<String>],
) -> Option<bool> {
    let found = config.done_at.iter().any(|(place, bound)| {
        let Some(action) = action_at(policy, inlined, *place) else {
            return false;
        };
        let Some(counted) = asked
            .counted
            .iter()
            .find(|c| c.action == action && c.filter.is_none())
        else {
            return false;
        };
        counted.keys.len() == keys.len()
            && counted.keys.iter().zip(keys).all(|(k, wanted)| {
                wanted.is_some()
                    && (*bound || !matches!(k.root, Root::Result))
                    && counted_key(policy, inlined, *place, k) == *wanted
            })
    });
    if found {
        return Some(true);
    }
    // If every state that calls one of the actions uses these very values, the key tells nothing apart.
    let mut sites = 0;
    for (index, run) in inlined.runs.iter().enumerate() {
        let index = u32::try_from(index).unwrap_or(u32::MAX);
        let states = policy
            .flows
            .get(run.flow.index())
            .map(|f| f.states.as_slice())
            .unwrap_or_default();
        for (state, id) in states.iter().zip(0..) {
            match &state.step {
                crate::model::Step::Do(step) => {
                    let Some(counted) = asked.counted.iter().find(|c| c.action == step.action)
                    else {
                        continue;
                    };
                    sites += 1;
                    let same = counted.keys.iter().zip(keys).all(|(k, wanted)| {
                        let constant = wanted
                            .as_ref()
                            .is_some_and(|w| w.contains("FlowParam") || w.starts_with("constant"));
                        constant && counted_key(policy, inlined, (index, StateId(id)), k) == *wanted
                    });
                    if !same {
                        return None;
                    }
                }
                crate::model::Step::Agent(step)
                    if asked.counted.iter().any(|c| step.may.contains(&c.action)) =>
                {
                    return None;
                }
                _ => {}
            }
        }
    }
    (sites > 0).then_some(true)
}

fn action_at(policy: &Policy, inlined: &Inlined, place: (u32, StateId)) -> Option<ActionId> {
    let run = inlined.runs.get(place.0 as usize)?;
    let state = policy
        .flows
        .get(run.flow.index())?
        .states
        .get(place.1.index())?;
    match &state.step {
        crate::model::Step::Do(step) => Some(step.action),
        _ => None,
    }
}

/// Answers keyed questions of a guard: the key's values are slots.
fn keyed_in_flow<'m>(
    policy: &'m Policy,
    inlined: &'m Inlined,
    config: &'m Config,
) -> impl Fn(&HistoryTerm) -> Option<bool> + 'm {
    move |asked| {
        let keys: Vec<Option<String>> = asked
            .keys
            .iter()
            .map(|k| value_name(config.place.0, k))
            .collect();
        matches_key(policy, inlined, config, asked, &keys)
    }
}

/// Answers keyed questions of a rule: the key's values are arguments of the call.
fn keyed_in_call<'m>(
    policy: &'m Policy,
    inlined: &'m Inlined,
    config: &'m Config,
    args: Option<&'m crate::model::ArgList>,
) -> impl Fn(&HistoryTerm) -> Option<bool> + 'm {
    move |asked| {
        let keys: Vec<Option<String>> = asked
            .keys
            .iter()
            .map(|k| match (k.root, args) {
                (Root::Param(i), Some(args)) => arg_name(config.place.0, args, i, &k.fields),
                _ => None,
            })
            .collect();
        matches_key(policy, inlined, config, asked, &keys)
    }
}
