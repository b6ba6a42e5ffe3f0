//! Every run of a flow up to its bounds, played by the runtime itself: a script that tries every
//! outcome, with the values that conditions tell apart, every event, and the deadline at every step.
//!
//! Sessions that nothing can tell apart any more are one node: the same place, attempts and visits,
//! the same bindings, the same writes with the same arguments, and what questions about history
//! still ask for. Time is no part of a node. An edge says how long it can take; so what is latest
//! is the longest way.

use failway::runtime::counters::{FreeAt, Want};
use failway::runtime::session::Fate;
use failway::runtime::{
    Asked, Counters, Directive, Given, Memory, Request, Runtime, Session, Trace, Verdict,
};
use failway::table::format::{Asks, Body, Effect, Field, Path, Probe, Root, State, Step, Type};
use failway::table::{Table, sample, scalar};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// More than any bound.
pub const FOREVER: i64 = i64::MAX / 4;
const BEGIN: i64 = 1_800_000_000_000;

// ── Values ───────────────────────────────────────────────────────────────────

/// The values that conditions tell apart.
struct Pool<'t> {
    body: &'t Body,
    /// Names at the end of what conditions ask about.
    asked: BTreeSet<&'t str>,
    /// Where conditions cut numbers, by kind of type.
    cuts: BTreeMap<&'static str, BTreeSet<i64>>,
}

/// How many values of one record are tried.
const RECORDS_MAX: usize = 24;

fn kind(ty: &Type) -> &'static str {
    match ty {
        Type::Int { .. } => "int",
        Type::Decimal { .. } => "decimal",
        Type::Time { .. } => "time",
        Type::Date { .. } => "date",
        Type::Duration { .. } => "duration",
        Type::Instant { .. } => "instant",
        _ => "other",
    }
}

impl<'t> Pool<'t> {
    fn new(body: &'t Body) -> Self {
        let mut pool = Self {
            body,
            asked: BTreeSet::new(),
            cuts: BTreeMap::new(),
        };
        for node in &body.nodes {
            match &body.probes[node.probe as usize] {
                Probe::Value { path, ty } => {
                    pool.ask(path);
                    pool.cuts.entry(kind(ty)).or_default().extend(&node.cuts);
                }
                Probe::Difference { left, right, .. } | Probe::Equal { left, right } => {
                    pool.ask(left);
                    pool.ask(right);
                }
                Probe::Present { path } | Probe::Length { path } | Probe::Size { path } => {
                    pool.ask(path);
                }
                _ => {}
            }
        }
        pool
    }

    fn ask(&mut self, path: &'t Path) {
        let body = self.body;
        if let Some(name) = path.fields.last() {
            self.asked.insert(name);
            return;
        }
        match path.root {
            Root::Param { index } => {
                let params = body.actions.iter().map(|a| &a.params);
                let named = params.filter_map(|p| p.get(index as usize));
                self.asked.extend(named.map(|f| f.wire.as_str()));
            }
            Root::Input { index } => {
                self.asked.insert(&body.inputs[index as usize].wire);
            }
            Root::Slot { index } => {
                let slots = body.flows.iter();
                let slots = slots.filter_map(|f| f.slots.get(index as usize));
                self.asked.extend(slots.map(|s| short(&s.name)));
            }
            _ => {}
        }
    }

    fn of(&self, ty: &Type, name: &str) -> Vec<Value> {
        let body = self.body;
        let one = || vec![sample::sample(body, ty).unwrap()];
        match ty {
            Type::Record { of } => {
                let all = self.records(&body.records[*of as usize].fields);
                all.into_iter().map(Value::Object).collect()
            }
            _ if !self.asked.contains(name) => one(),
            Type::Bool {} => vec![true.into(), false.into()],
            Type::Enum { of } => {
                let variants = body.enums[*of as usize].variants.iter();
                variants.map(|v| v.wire.clone().into()).collect()
            }
            Type::Int { min, max }
            | Type::Decimal { min, max, .. }
            | Type::Time { min, max }
            | Type::Date { min, max }
            | Type::Duration { min, max }
            | Type::Instant { min, max } => {
                let cuts = self.cuts.get(kind(ty)).into_iter().flatten();
                let mut all: BTreeSet<i64> = cuts.flat_map(|c| [*c - 1, *c]).collect();
                all.extend([*min, *max]);
                all.retain(|n| n >= min && n <= max);
                all.into_iter().map(|n| written(ty, n)).collect()
            }
            _ => one(),
        }
    }

    /// All combinations, up to so many.
    fn records(&self, fields: &[Field]) -> Vec<Map<String, Value>> {
        let mut all = vec![Map::new()];
        for field in fields {
            let values = self.of(&field.ty, &field.wire);
            let mut values: Vec<_> = values.into_iter().map(Some).collect();
            if field.optional && self.asked.contains(field.wire.as_str()) {
                values.push(None);
            }
            let mut next = Vec::new();
            for map in &all {
                for value in &values {
                    let mut map = map.clone();
                    if let Some(value) = value {
                        map.insert(field.wire.clone(), value.clone());
                    }
                    next.push(map);
                }
            }
            all = next;
        }
        if all.len() > RECORDS_MAX {
            fastrand::Rng::with_seed(1).shuffle(&mut all);
            all.truncate(RECORDS_MAX);
        }
        all
    }
}

fn written(ty: &Type, n: i64) -> Value {
    match ty {
        Type::Decimal { scale, .. } => scalar::decimal_text(n, *scale).into(),
        Type::Time { .. } => scalar::time_text(n).into(),
        Type::Date { .. } => scalar::date_text(n).into(),
        _ => n.into(),
    }
}

/// A slot's name without the run that it belongs to.
fn short(name: &str) -> &str {
    name.rsplit('/').next().unwrap()
}

// ── The graph ────────────────────────────────────────────────────────────────

/// What kind of step makes a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum By {
    Do,
    Settle,
    Unwind,
    Agent,
    Other,
}

/// What can tell one situation of a state from another: the writes that stand or are in doubt.
pub type Signature = Vec<(u32, bool)>;

/// Something that happens on an edge.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// A call comes out so, or the gate or a person refuses it; `told`: a settling look-up's answer
    /// that a line of its `confirm` names.
    Call {
        state: String,
        by: By,
        action: String,
        outcome: String,
        told: bool,
        signature: Signature,
    },
    /// An agent or a person answers.
    Answer {
        state: String,
        agent: bool,
        outcome: String,
        signature: Signature,
    },
    Event(String),
    Deadline,
}

#[derive(Clone, Debug)]
pub struct Edge {
    pub to: usize,
    pub whats: Vec<What>,
    /// How long it can take, and for how long of that a call can be in flight.
    pub ms: i64,
    pub in_flight: i64,
    pub calls: i64,
    /// The deadline has come due on it.
    pub late: bool,
}

pub struct Node {
    pub end: Option<String>,
    pub standing: BTreeSet<String>,
    pub unsettled: BTreeSet<String>,
    /// The deadline has come due.
    pub net: bool,
    /// What the agent of the state may call.
    pub may: Vec<String>,
    session: Option<Session>,
    now: i64,
}

pub struct Atlas {
    pub nodes: Vec<Node>,
    pub edges: Vec<Vec<Edge>>,
    pub starts: Vec<usize>,
    /// The outcomes that each state's step has, by situation.
    pub kinds: BTreeMap<(String, Signature), BTreeSet<String>>,
    /// What agents report, by state.
    pub reports: BTreeSet<(String, String)>,
    /// Some look-up tells nothing for a while after the write: what takes long then tells more.
    pub ages: bool,
    /// The flow's deadline that leads somewhere; none if it leads to where the flow begins.
    pub within: Option<i64>,
    pub steps: usize,
}

/// What the host may do next.
struct Choice {
    session: Option<Session>,
    at: i64,
    request: Request,
    ms: i64,
    in_flight: i64,
}

impl Choice {
    fn begin(request: Request) -> Self {
        Self {
            session: None,
            at: BEGIN,
            request,
            ms: 0,
            in_flight: 0,
        }
    }
}

/// Counters that others may have used up.
struct Store {
    own: Memory,
    full: bool,
}

impl Counters for Store {
    fn peek(&mut self, now: i64, wants: &[Want]) -> Result<FreeAt, String> {
        match self.full {
            true => Ok(wants.iter().map(|_| Some(now + 1_000)).collect()),
            false => self.own.peek(now, wants),
        }
    }

    fn take(&mut self, now: i64, wants: &[Want]) -> Result<FreeAt, String> {
        match self.full {
            true => self.peek(now, wants),
            false => self.own.take(now, wants),
        }
    }

    fn give_back(&mut self, _: &str, _: i64) -> Result<(), String> {
        Ok(())
    }
}

struct Maker<'t> {
    table: &'t Table,
    flow: usize,
    pool: Pool<'t>,
    inputs: Vec<Map<String, Value>>,
    /// Actions of which questions ask how often they were called; of which they ask what became of
    /// the calls; and whose replies are facts.
    counted: BTreeSet<u32>,
    asked: BTreeSet<u32>,
    sources: BTreeSet<u32>,
    shared_limits: bool,
    /// What conditions and arguments read of the flow's bindings.
    reads: BTreeSet<(usize, Vec<String>)>,
    known: HashMap<String, usize>,
    atlas: Atlas,
    open: Vec<usize>,
}

/// All runs of a flow; none if there are more than `most` nodes.
pub fn atlas(table: &Table, flow: usize, most: usize) -> Option<Atlas> {
    let mut maker = Maker::new(table, flow);
    maker.begin();
    while let Some(node) = maker.open.pop() {
        if maker.atlas.nodes.len() > most {
            return None;
        }
        maker.expand(node);
    }
    Some(maker.atlas)
}

/// Whether the runtime can be led along a path, whose steps `seen` reads off a trace, to where
/// `holds` does. Tries up to so many steps; deeper first.
pub fn follow(
    table: &Table,
    flow: usize,
    path: &[String],
    seen: &dyn Fn(&[Trace]) -> Vec<String>,
    holds: &dyn Fn(&Session) -> bool,
    mut steps: usize,
) -> bool {
    let maker = Maker::new(table, flow);
    let of = &table.body().flows[flow];
    let starts = maker.pool.records(&of.params).into_iter();
    let mut open: Vec<(Session, Choice, Vec<String>)> = starts
        .map(|args| {
            let flow = of.name.clone();
            let choice = Choice::begin(Request::Start { flow, args });
            (Session::new(table, "s"), choice, Vec::new())
        })
        .collect();
    let mut known: BTreeSet<(usize, String)> = BTreeSet::new();
    while let Some((session, choice, done)) = open.pop() {
        let from = choice.session.as_ref().unwrap_or(&session);
        for (after, trace) in maker.outcomes(from, &choice) {
            steps = steps.saturating_sub(1);
            let mut done = done.clone();
            done.extend(seen(&trace));
            if !path.starts_with(&done) {
                continue;
            }
            if done.len() == path.len() && holds(&after) {
                return true;
            }
            if steps == 0 {
                return false;
            }
            if !known.insert((done.len(), maker.key(&after, choice.at))) {
                continue;
            }
            let after = maker.fresh(after, choice.at);
            for next in maker.choices(&after, choice.at) {
                open.push((after.clone(), next, done.clone()));
            }
        }
    }
    false
}

/// The bindings, or fields of them, that conditions and arguments read.
fn reads(body: &Body, flow: usize) -> BTreeSet<(usize, Vec<String>)> {
    let mut states = serde_json::to_value(&body.flows[flow].states).unwrap();
    for state in states.as_array_mut().unwrap() {
        for shown in ["given", "text"] {
            state["step"].as_object_mut().unwrap().remove(shown);
        }
    }
    let asked = json!([
        states,
        body.probes,
        body.histories,
        body.limits,
        body.actions
    ]);
    let mut all = BTreeSet::new();
    let mut open = vec![&asked];
    while let Some(value) = open.pop() {
        match value {
            Value::Array(items) => open.extend(items),
            Value::Object(fields) => {
                let root = fields.get("root").filter(|r| r["kind"] == "slot");
                if let Some(index) = root.and_then(|r| r["index"].as_u64()) {
                    let path = fields.get("fields").cloned().unwrap_or(json!([]));
                    let path: Vec<String> = serde_json::from_value(path).unwrap();
                    all.insert((usize::try_from(index).unwrap(), path));
                }
                open.extend(fields.values());
            }
            _ => {}
        }
    }
    let slots = body.flows[flow].slots.len();
    all.retain(|(slot, _)| *slot < slots);
    all
}

fn reports(states: &[State]) -> BTreeSet<(String, String)> {
    let mut all = BTreeSet::new();
    for state in states {
        if let Step::Agent { outcomes, .. } = &state.step {
            all.extend(
                outcomes
                    .iter()
                    .map(|o| (state.name.clone(), o.name.clone())),
            );
        }
    }
    all
}

impl<'t> Maker<'t> {
    fn new(table: &'t Table, flow: usize) -> Self {
        let body = table.body();
        let pool = Pool::new(body);
        let mut inputs = pool.records(&body.inputs);
        inputs.truncate(12);
        let mut counted = BTreeSet::new();
        let mut asked = BTreeSet::new();
        for history in &body.histories {
            let of = history.counted.iter().map(|c| c.action);
            match history.asks {
                Asks::Calls => counted.extend(of),
                _ => asked.extend(of),
            }
        }
        for limit in body.limits.iter().filter(|l| l.per_ms.is_none()) {
            let of = limit.counted.iter().map(|c| c.action);
            match limit.effects {
                false => counted.extend(of),
                true => asked.extend(of),
            }
        }
        let of = &body.flows[flow];
        let net = of.scopes[0].within.as_ref();
        let net = net.filter(|w| w.to.as_ref().is_some_and(|to| *to != of.start));
        let mut confirms = body.actions.iter().filter_map(|a| a.confirm.as_ref());
        Maker {
            table,
            flow,
            inputs,
            counted,
            asked,
            sources: body.facts.iter().map(|f| f.source.action).collect(),
            shared_limits: body.limits.iter().any(|l| l.per_ms.is_some()),
            reads: reads(body, flow),
            known: HashMap::new(),
            atlas: Atlas {
                nodes: Vec::new(),
                edges: Vec::new(),
                starts: Vec::new(),
                kinds: BTreeMap::new(),
                reports: reports(&of.states),
                ages: confirms.any(|c| c.after_ms.is_some()),
                within: net.map(|w| w.ms),
                steps: 0,
            },
            open: Vec::new(),
            pool,
        }
    }

    fn begin(&mut self) {
        let of = &self.table.body().flows[self.flow];
        for args in self.pool.records(&of.params) {
            let flow = of.name.clone();
            let choice = Choice::begin(Request::Start { flow, args });
            for (to, _, _) in self.step(&Session::new(self.table, "s"), &choice, false) {
                if !self.atlas.starts.contains(&to) {
                    self.atlas.starts.push(to);
                }
            }
        }
    }

    fn expand(&mut self, node: usize) {
        let Some(session) = self.atlas.nodes[node].session.take() else {
            return;
        };
        let (now, net) = (self.atlas.nodes[node].now, self.atlas.nodes[node].net);
        let mut edges: Vec<Edge> = Vec::new();
        for choice in self.choices(&session, now) {
            let before = session.calls().len();
            for (to, whats, calls) in self.step(&session, &choice, net) {
                let calls = i64::try_from(calls - before).unwrap();
                let late = self.atlas.nodes[to].net && !net;
                let (ms, in_flight) = (choice.ms, choice.in_flight);
                let same = |e: &Edge| e.to == to && e.whats == whats && e.ms == ms;
                if to != node && !edges.iter().any(same) {
                    edges.push(Edge {
                        to,
                        whats,
                        ms,
                        in_flight,
                        calls,
                        late,
                    });
                }
            }
        }
        self.atlas.edges[node] = edges;
    }

    /// The nodes that a step leads to.
    fn step(
        &mut self,
        session: &Session,
        choice: &Choice,
        net: bool,
    ) -> Vec<(usize, Vec<What>, usize)> {
        let from = choice.session.as_ref().unwrap_or(session);
        let mut all = Vec::new();
        for (after, trace) in self.outcomes(from, choice) {
            self.atlas.steps += 1;
            if !trace.iter().any(|t| matches!(t, Trace::Duplicate {})) {
                let whats = self.whats(from, &after, &trace);
                let calls = after.calls().len();
                let to = self.node(after, choice.at, net || choice.session.is_some());
                all.push((to, whats, calls));
            }
        }
        all
    }

    /// Takes a step, with all inputs and counters that can make a difference.
    fn outcomes(&self, from: &Session, choice: &Choice) -> Vec<(Session, Vec<Trace>)> {
        let mut all = Vec::new();
        let fulls = if self.shared_limits { 2 } else { 1 };
        for inputs in &self.inputs {
            for full in (0..fulls).map(|n| n == 1) {
                let mut after = from.clone();
                let mut counters = Store {
                    own: Memory::default(),
                    full,
                };
                let given = Given {
                    now: choice.at,
                    inputs,
                    counters: &mut counters,
                };
                let runtime = Runtime::new(self.table);
                let Ok(stepped) = runtime.step(&mut after, given, choice.request.clone()) else {
                    continue;
                };
                let trace = stepped.record.trace;
                // What the gate isn't asked about depends on neither.
                let asked = trace.iter().any(|t| matches!(t, Trace::Decided { .. }));
                all.push((after, trace));
                if !asked {
                    return all;
                }
            }
        }
        all
    }

    fn here(&self, session: &Session) -> Option<(&'t str, &'t Step)> {
        let run = session.run()?;
        let level = run.levels.last()?;
        let state = &self.table.body().flows[run.flow as usize].states[level.state as usize];
        Some((&state.name, &state.step))
    }

    fn choices(&self, session: &Session, now: i64) -> Vec<Choice> {
        let body = self.table.body();
        let mut out = Vec::new();
        let open = Runtime::new(self.table).open(session);
        let Some((_, step)) = self.here(session) else {
            return out;
        };
        let level = session.run().unwrap().levels.last().unwrap();
        // An agent's calls and attempts share its time.
        let patience = match step {
            Step::Agent { may, within_ms, .. } if level.retries.is_empty() => {
                let timeouts = may.iter().map(|a| body.actions[*a as usize].timeout_ms);
                Some((within_ms.unwrap_or(FOREVER), timeouts.max().unwrap_or(0)))
            }
            Step::Agent { .. } => Some((0, 0)),
            _ => None,
        };
        let late = self.late(session, now);
        let mut add = |at: i64, request: Request, ms: i64, in_flight: i64| {
            out.push(Choice {
                session: None,
                at,
                request,
                ms,
                in_flight,
            });
        };
        let reply = |to, outcome: &str, value| Request::Reply {
            to,
            outcome: outcome.to_owned(),
            value,
        };
        // How long it can take until something comes aside.
        let mut aside = 0;
        let mut during: Vec<(Request, i64, i64)> = Vec::new();
        match open.first().unwrap().clone() {
            Directive::Call {
                call,
                action,
                timeout_ms,
                until,
                ..
            } => {
                let of = &body.actions[self.table.action_index(&action).unwrap() as usize];
                let mut replies: Vec<(&str, Option<Value>)> = vec![("no_such_outcome", None)];
                replies.extend(of.failures.iter().map(|f| (f.name.as_str(), None)));
                match &of.result {
                    Some(ty) => {
                        let values = self.pool.of(ty, self.bound(step));
                        replies.extend(values.into_iter().map(|v| ("ok", Some(v))));
                    }
                    None => replies.push(("ok", None)),
                }
                let slow = self.atlas.ages && matches!(step, Step::Settle { .. });
                let ms = if patience.is_some() { 0 } else { timeout_ms };
                let (late_ms, most) = patience.map_or((ms, ms), |(a, b)| (a + b, b));
                // A timeout that is told early is a restart: nobody knows what still lands.
                let timeout = reply(Asked::Call(call), "timeout", None);
                add(until, timeout.clone(), ms, ms);
                during.push((timeout, late_ms, most));
                for (outcome, value) in replies {
                    let request = reply(Asked::Call(call), outcome, value);
                    if slow {
                        add(until, request.clone(), ms, ms);
                    }
                    add(now, request.clone(), if slow { 0 } else { ms }, ms);
                    during.push((request, late_ms, most));
                }
            }
            Directive::Approval {
                approval,
                expires_at,
                ..
            } => {
                let ms = match patience {
                    Some(_) => 0,
                    None => expires_at.map_or(FOREVER, |at| at - now),
                };
                aside = ms;
                for granted in [true, false] {
                    let request = Request::Approve {
                        approval: approval.clone(),
                        granted,
                        by: None,
                    };
                    add(now, request, ms, 0);
                }
                if let Some(at) = expires_at {
                    add(at, Request::Tick { retry: false }, ms, 0);
                }
            }
            Directive::Agent {
                entry, may, calls, ..
            } => {
                let (ms, most) = patience.unwrap_or_default();
                let ms = ms + most;
                aside = ms;
                let to = Asked::Agent(entry);
                if proposals(session) < calls.unwrap_or(0) {
                    for action in &may {
                        let of = &body.actions[self.table.action_index(action).unwrap() as usize];
                        for args in self.pool.records(&of.params) {
                            let request = Request::Propose {
                                action: action.clone(),
                                args: args.into(),
                            };
                            add(now, request, 0, 0);
                        }
                    }
                }
                for outcome in ["stuck", "exhausted", "no_such_outcome"] {
                    add(now, reply(to, outcome, None), ms, most);
                }
                let Step::Agent { outcomes, .. } = step else {
                    panic!("an agent elsewhere")
                };
                for outcome in outcomes {
                    let values = outcome.ty.as_ref().map(|ty| self.pool.of(ty, ""));
                    let values = match values {
                        Some(all) => all.into_iter().map(Some).collect(),
                        None => vec![None],
                    };
                    for value in values {
                        add(now, reply(to, &outcome.name, value), ms, most);
                    }
                }
            }
            Directive::Ask { entry, until, .. } => {
                let ms = until.map_or(FOREVER, |u| u - now);
                aside = ms;
                let to = Asked::Ask(entry);
                let Step::Ask { ty, bind, .. } = step else {
                    panic!("a question elsewhere")
                };
                for value in self.pool.of(ty, self.slot(*bind)) {
                    add(now, reply(to, "answered", Some(value)), ms, 0);
                }
                for outcome in ["no_answer", "unclear", "unreachable"] {
                    add(now, reply(to, outcome, None), ms, 0);
                }
            }
            Directive::Wait { until, .. } => {
                aside = until - now;
                if self.atlas.ages {
                    add(until, Request::Tick { retry: true }, aside, 0);
                }
                let ms = if self.atlas.ages { 0 } else { aside };
                add(now, Request::Tick { retry: true }, ms, 0);
            }
            Directive::Ended { .. } => return out,
        }
        let run = session.run().unwrap();
        for (event, i) in body.events.iter().zip(0..) {
            if run.events.contains(&i) || run.waiting.iter().any(|w| w.event == i) {
                continue;
            }
            let request = Request::Event {
                event: event.name.clone(),
            };
            add(now, request, aside, 0);
        }
        if during.is_empty() {
            during.push((Request::Tick { retry: false }, aside, 0));
        }
        if let Some(late) = late {
            for (request, ms, in_flight) in during {
                let timeout =
                    matches!(&request, Request::Reply { outcome, .. } if outcome == "timeout");
                out.push(Choice {
                    session: Some(late.clone()),
                    at: if timeout {
                        now + ms.min(in_flight)
                    } else {
                        now + 1
                    },
                    request,
                    ms,
                    in_flight,
                });
            }
        }
        out
    }

    /// The session if all so far had taken longer, so that the flow's deadline is about to come.
    fn late(&self, session: &Session, now: i64) -> Option<Session> {
        let within = self.atlas.within?;
        let run = session.run()?;
        if run.levels.iter().any(|l| l.net) {
            return None;
        }
        let mut json = session.to_json();
        json["run"]["levels"][0]["since"] = (now + 1 - within).into();
        Some(Session::read(&serde_json::to_vec(&json).unwrap(), self.table).unwrap())
    }

    fn slot(&self, index: u32) -> &'t str {
        let slots = &self.table.body().flows[self.flow].slots;
        short(&slots[index as usize].name)
    }

    /// The name that a call's reply is bound to.
    fn bound(&self, step: &Step) -> &'t str {
        match step {
            Step::Do { bind: Some(b), .. } | Step::Settle { bind: Some(b), .. } => self.slot(*b),
            _ => "",
        }
    }

    // ── What happens ─────────────────────────────────────────────────────────

    fn whats(&mut self, before: &Session, after: &Session, trace: &[Trace]) -> Vec<What> {
        let body = self.table.body();
        let states = &body.flows[self.flow].states;
        let find = |name: &str| states.iter().find(|s| s.name == name).map(|s| &s.step);
        let mut at = self.here(before).map_or("", |(name, _)| name).to_string();
        let (first, last) = (signature(body, before), signature(body, after));
        let mut out = Vec::new();
        for happened in trace {
            let step = find(&at);
            let by = match step {
                Some(Step::Do { .. }) => By::Do,
                Some(Step::Settle { .. }) => By::Settle,
                Some(Step::Unwind { .. }) => By::Unwind,
                Some(Step::Agent { .. }) => By::Agent,
                _ => By::Other,
            };
            let call = |action: &str, outcome: &str, by, told, signature: &Signature| What::Call {
                state: at.clone(),
                by,
                action: action.to_owned(),
                outcome: outcome.to_owned(),
                told,
                signature: signature.clone(),
            };
            match happened {
                Trace::Entered { state, .. } => at.clone_from(state),
                Trace::Replied {
                    action, outcome, ..
                } => {
                    let told = match step {
                        Some(Step::Settle { action, .. }) => {
                            let confirm = body.actions[*action as usize].confirm.as_ref();
                            confirm.is_some_and(|c| c.lines.iter().any(|l| l.on == *outcome))
                        }
                        _ => false,
                    };
                    out.push(call(action, outcome, by, told, &first));
                }
                Trace::Decided {
                    action, verdict, ..
                } if [By::Settle, By::Unwind].contains(&by) => match verdict.verdict {
                    Verdict::Deny => out.push(call(action, "denied", by, false, &last)),
                    Verdict::Limited => out.push(call(action, "limited", by, false, &last)),
                    _ => {}
                },
                Trace::Outcome { state, outcome, .. } => match find(state) {
                    Some(Step::Do { action, .. })
                        if ["denied", "limited", "declined", "expired"]
                            .contains(&outcome.as_str()) =>
                    {
                        let action = &body.actions[*action as usize].name;
                        out.push(call(action, outcome, By::Do, false, &last));
                    }
                    Some(step @ (Step::Agent { .. } | Step::Ask { .. })) => {
                        out.push(What::Answer {
                            state: state.clone(),
                            agent: matches!(step, Step::Agent { .. }),
                            outcome: outcome.clone(),
                            signature: first.clone(),
                        });
                    }
                    _ => {}
                },
                Trace::Event { event, effect } if format!("{effect:?}") == "Taken" => {
                    out.push(What::Event(event.clone()));
                }
                Trace::Deadline { .. } => out.push(What::Deadline),
                _ => {}
            }
        }
        for what in &out {
            let (state, outcome, signature) = match what {
                What::Call {
                    by: By::Do,
                    state,
                    outcome,
                    signature,
                    ..
                }
                | What::Answer {
                    state,
                    outcome,
                    signature,
                    ..
                } => (state, outcome, signature),
                _ => continue,
            };
            let kinds = self.atlas.kinds.entry((state.clone(), signature.clone()));
            kinds.or_default().insert(outcome.clone());
        }
        out
    }

    // ── Merging ──────────────────────────────────────────────────────────────

    fn node(&mut self, session: Session, now: i64, due: bool) -> usize {
        let body = self.table.body();
        let run = session.run().unwrap();
        let end = run.end.as_ref();
        let end = end.map(|e| body.flows[self.flow].ends[e.end as usize].name.clone());
        // At an end the session no longer says so.
        let net = due && end.is_some() || run.levels.iter().any(|l| l.net);
        let key = format!("{net} {}", self.key(&session, now));
        if let Some(known) = self.known.get(&key) {
            return *known;
        }
        let (mut standing, mut unsettled) = (BTreeSet::new(), BTreeSet::new());
        let undoes = |i: u32| {
            let mut undos = body.actions.iter().filter_map(|a| a.undo.as_ref());
            undos.any(|u| u.action == i)
        };
        for (action, stands) in signature(body, &session) {
            let name = body.actions[action as usize].name.clone();
            if !stands {
                unsettled.insert(name);
            } else if !undoes(action) {
                standing.insert(name);
            }
        }
        let may = match self.here(&session) {
            Some((_, Step::Agent { may, .. })) => {
                let names = may.iter().map(|a| body.actions[*a as usize].name.clone());
                names.collect()
            }
            _ => Vec::new(),
        };
        let id = self.atlas.nodes.len();
        let session = end.is_none().then(|| self.fresh(session, now));
        self.atlas.nodes.push(Node {
            end,
            standing,
            unsettled,
            net,
            may,
            session,
            now,
        });
        self.atlas.edges.push(Vec::new());
        self.known.insert(key, id);
        self.open.push(id);
        id
    }

    /// The session as if nothing had taken time so far.
    fn fresh(&self, session: Session, now: i64) -> Session {
        let run = session.run().unwrap();
        if run.levels.iter().all(|l| l.net || l.since == now) {
            return session;
        }
        let mut json = session.to_json();
        for level in json["run"]["levels"].as_array_mut().unwrap() {
            if level["net"] == false {
                level["since"] = now.into();
            }
        }
        Session::read(&serde_json::to_vec(&json).unwrap(), self.table).unwrap()
    }

    fn key(&self, session: &Session, now: i64) -> String {
        let body = self.table.body();
        let run = session.run().unwrap();
        if let Some(end) = &run.end {
            return format!("end {} {:?}", end.end, signature(body, session));
        }
        let root_of = |id: u64| session.calls().iter().find(|c| c.id == id).unwrap();
        let mut kept: Vec<(u64, Value)> = Vec::new();
        let mut replies: Vec<String> = Vec::new();
        for call in session.calls() {
            let action = &body.actions[call.action as usize];
            let root = root_of(call.effect);
            let write = matches!(action.effect, Effect::Write { .. });
            let asked = self.asked.contains(&call.action);
            let counted = self.counted.contains(&call.action);
            let same = json!([call.action, call.args, call.result, call.fate]);
            if !call.in_flight() && !write && !counted {
                // Of equal replies only the last one counts.
                if call.succeeded() && (asked || self.sources.contains(&call.action)) {
                    let text = same.to_string();
                    replies.retain(|s| *s != text);
                    replies.push(text);
                }
                continue;
            }
            let tracked = tracked(&action.effect);
            let alive = match root.fate {
                Fate::Unsettled => true,
                Fate::Happened => tracked || asked,
                Fate::Doubtful | Fate::Undone => asked,
                _ => false,
            };
            if call.in_flight() || alive || counted {
                let ended = call.ended.as_ref().map(|e| e.outcome.as_str());
                let ended = ended.filter(|_| counted);
                let most = action.confirm.as_ref().and_then(|c| c.after_ms);
                let most = most.filter(|_| root.fate == Fate::Unsettled);
                let since = call.ended.as_ref().map_or(now, |e| e.at);
                let age = most.map(|ms| (now - since).min(ms));
                kept.push((call.id, json!([same, call.effect, ended, age])));
            }
        }
        if self.sources.is_empty() {
            replies.sort();
        }
        let index = |id: u64| kept.iter().position(|(k, _)| *k == id);
        let calls = kept.iter().map(|(_, v)| {
            let mut v = v.clone();
            v[1] = index(v[1].as_u64().unwrap()).into();
            v
        });
        let calls: Vec<Value> = calls.collect();
        let mut levels = Vec::new();
        for level in &run.levels {
            let states = &body.flows[self.flow].states;
            let bounded = |s: u32| states[s as usize].visits.is_some();
            let visits: Vec<_> = level.visits.iter().filter(|(s, _)| bounded(**s)).collect();
            let mut doing = serde_json::to_value(&level.doing).unwrap();
            if let Some(of) = doing.get("of").and_then(Value::as_u64) {
                doing["of"] = index(of).into();
                let left = doing["left"].as_array().unwrap().iter();
                doing["left"] = left.map(|l| index(l.as_u64().unwrap())).collect();
            }
            if let Some(doing) = doing.as_object_mut() {
                for gone in ["until", "since", "text"] {
                    doing.remove(gone);
                }
            }
            if let Some(stage) = doing.get_mut("stage") {
                if let Some(call) = stage.get("call").and_then(Value::as_u64) {
                    stage["call"] = index(call).into();
                }
                if stage.get("approval").is_some() {
                    stage["approval"] = true.into();
                }
            }
            // What an agent is shown changes nothing.
            let shown = matches!(states[level.state as usize].step, Step::Agent { .. });
            levels.push(json!([
                level.scope,
                visits,
                level.state,
                (!shown).then_some(&level.args),
                level.retries,
                level.happened,
                doing
            ]));
        }
        let approvals = session.approvals().iter();
        let approvals: Vec<Value> = approvals
            .filter(|a| ["pending", "granted"].contains(&a.status.word()))
            .map(|a| json!([a.action, a.args, a.rule, a.status.word()]))
            .collect();
        let waiting: Vec<u32> = run.waiting.iter().map(|w| w.event).collect();
        let slots = self.reads.iter().map(|(slot, fields)| {
            let value = run.slots[*slot].as_ref();
            fields
                .iter()
                .try_fold(value?, |value, field| value.get(field))
        });
        let slots: Vec<Option<&Value>> = slots.collect();
        let all = json!([
            slots, levels, run.events, waiting, calls, replies, approvals
        ]);
        all.to_string()
    }
}

fn proposals(session: &Session) -> u64 {
    let level = session.run().and_then(|r| r.levels.last());
    let doing = serde_json::to_value(&level.unwrap().doing).unwrap();
    doing["calls"].as_u64().unwrap_or(0)
}

fn tracked(effect: &Effect) -> bool {
    matches!(
        effect,
        Effect::Write {
            expendable: false,
            ..
        }
    )
}

fn signature(body: &Body, session: &Session) -> Signature {
    let calls = session.calls().iter().filter(|c| c.is_root());
    let mut all: Signature = calls
        .filter(|c| tracked(&body.actions[c.action as usize].effect))
        .filter_map(|c| match c.fate {
            Fate::Unsettled => Some((c.action, false)),
            Fate::Happened => Some((c.action, true)),
            _ => None,
        })
        .collect();
    all.sort_unstable();
    all.dedup();
    all
}
