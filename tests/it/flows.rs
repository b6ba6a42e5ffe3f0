//! What the checker says of flows, against what the runtime does with them: an accepted flow never
//! comes to something that nobody handles, and never goes on for ever; and what the checker calls
//! possible happens in some run.
//!
//! `FAILWAY_RUNS` multiplies the number of policies and runs.

use super::common::{compiled, examples};
use super::generate_flows::{self, Made};
use failway::flow::{self, Picture, Place};
use failway::gate;
use failway::model::{EndId, Policy, StateId};
use failway::runtime::counters::{FreeAt, Want};
use failway::runtime::{
    Asked, Counters, Directive, Given, Memory, Request, Runtime, Session, Trace,
};
use failway::table::format::{Body, Field, Step, Type};
use failway::table::{Table, sample};
use fastrand::Rng;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

fn runs(usual: usize) -> usize {
    let times = std::env::var("FAILWAY_RUNS")
        .ok()
        .and_then(|n| n.parse().ok());
    usual * times.unwrap_or(1)
}

/// How much longer runs go on while something called possible hasn't happened.
fn patience() -> usize {
    let times = std::env::var("FAILWAY_PATIENCE")
        .ok()
        .and_then(|n| n.parse().ok());
    times.unwrap_or(3)
}

// ── What the checker says ────────────────────────────────────────────────────

/// A picture by the table's names.
#[derive(Default, Debug)]
struct Said {
    reached: BTreeSet<String>,
    happened: BTreeSet<(String, String)>,
    edges: BTreeSet<(String, String)>,
}

fn said_of(policy: &Policy, picture: &Picture) -> Said {
    let state = |run: u32, id: StateId| {
        let run = &picture.inlined.runs[run as usize];
        let state = &policy.flows[run.flow.index()].states[id.index()];
        (run.qualified(&state.name), state)
    };
    let end = |id: EndId| {
        format!(
            "end {}",
            policy.flows[picture.flow.index()].ends[id.index()].name
        )
    };
    let place = |p: Place| match p {
        Place::State(run, id) => state(run, id).0,
        Place::End(id) => end(id),
    };
    Said {
        reached: picture.reached.iter().map(|p| place(*p)).collect(),
        happened: picture
            .happened
            .iter()
            .map(|(run, id, o)| {
                let (name, state) = state(*run, *id);
                (name, state.outcomes[*o].name.clone())
            })
            .collect(),
        edges: picture
            .edges
            .iter()
            .map(|e| (place(e.from), place(e.to)))
            .collect(),
    }
}

// ── What the runtime does ────────────────────────────────────────────────────

/// A random value of a type, now and then one outside it.
fn value(rng: &mut Rng, body: &Body, ty: &Type) -> Value {
    match ty {
        Type::Bool {} => rng.bool().into(),
        Type::Int { min, max } if max - min < 100 => rng.i64(*min..=*max).into(),
        Type::Int { min, max } => {
            (*any(rng, &[*min, *max, 0.clamp(*min, *max), 1.clamp(*min, *max)])).into()
        }
        Type::Enum { of } => any(rng, &body.enums[*of as usize].variants)
            .wire
            .clone()
            .into(),
        Type::Record { of } => record(rng, body, &body.records[*of as usize].fields).into(),
        Type::List { element, min, max } => {
            let n = rng.u32(*min..=(*max).min(min + 2));
            (0..n).map(|_| value(rng, body, element)).collect()
        }
        Type::Decimal { scale, min, max } => {
            let n = match rng.u8(..4) {
                0 => *min,
                1 => *max,
                _ => rng.i64(*min..=*max),
            };
            failway::table::scalar::decimal_text(n, *scale).into()
        }
        _ => sample::sample(body, ty).unwrap(),
    }
}

fn record(rng: &mut Rng, body: &Body, fields: &[Field]) -> Map<String, Value> {
    let mut out = Map::new();
    for field in fields {
        if !field.optional || rng.bool() {
            out.insert(field.wire.clone(), value(rng, body, &field.ty));
        }
    }
    out
}

fn any<'t, T>(rng: &mut Rng, of: &'t [T]) -> &'t T {
    &of[rng.usize(..of.len())]
}

/// Counters that other sessions may have used up.
#[derive(Clone, Default)]
struct Store {
    own: Memory,
    full: bool,
}

impl Counters for Store {
    fn peek(&mut self, now: i64, wants: &[Want]) -> Result<FreeAt, String> {
        if self.full {
            return Ok(wants.iter().map(|_| Some(now + 1_000)).collect());
        }
        self.own.peek(now, wants)
    }

    fn take(&mut self, now: i64, wants: &[Want]) -> Result<FreeAt, String> {
        if self.full {
            return self.peek(now, wants);
        }
        self.own.take(now, wants)
    }

    fn give_back(&mut self, key: &str, taken_at: i64) -> Result<(), String> {
        self.own.give_back(key, taken_at)
    }
}

/// One run under way: a session, its clock, its counters, and all that was asked of it.
#[derive(Clone)]
pub(super) struct World<'t> {
    table: &'t Table,
    pub(super) session: Session,
    counters: Store,
    pub(super) now: i64,
    inputs: Map<String, Value>,
    at: Option<String>,
    log: Vec<String>,
}

/// What was seen in the runs.
#[derive(Default)]
struct Seen {
    reached: BTreeSet<String>,
    happened: BTreeSet<(String, String)>,
    edges: BTreeSet<(String, String)>,
    steps: usize,
}

impl<'t> World<'t> {
    fn new(table: &'t Table) -> Self {
        Self {
            table,
            session: Session::new(table, "s"),
            counters: Store::default(),
            now: 1_000_000,
            inputs: Map::new(),
            at: None,
            log: Vec::new(),
        }
    }

    /// A run of that flow about to start, and the request that starts it.
    pub(super) fn fresh(rng: &mut Rng, table: &'t Table, flow: usize) -> (Self, Request) {
        let body = table.body();
        let mut w = Self::new(table);
        w.inputs = record(rng, body, &body.inputs);
        let of = &body.flows[flow];
        let args = record(rng, body, &of.params);
        let flow = of.name.clone();
        (w, Request::Start { flow, args })
    }

    /// Takes a step, whatever comes of it: what happened, or the fault's code.
    pub(super) fn try_step(&mut self, request: Request) -> Result<Vec<Trace>, String> {
        let runtime = Runtime::new(self.table);
        let given = Given {
            now: self.now,
            inputs: &self.inputs,
            counters: &mut self.counters,
        };
        let stepped = runtime.step(&mut self.session, given, request);
        stepped
            .map(|s| s.record.trace)
            .map_err(|fault| fault.code().to_string())
    }

    /// Whether an agent is at work.
    pub(super) fn open_is_agent(&self) -> bool {
        self.open()
            .iter()
            .any(|d| matches!(d, Directive::Agent { .. }))
    }

    pub(super) fn over(&self) -> bool {
        self.session.run().is_some_and(|r| r.end.is_some())
    }

    fn open(&self) -> Vec<Directive> {
        Runtime::new(self.table).open(&self.session)
    }

    /// Takes a step; what is refused leaves everything as it was, and some refusals never come.
    fn step(&mut self, request: Request, seen: &mut Seen, text: &str) {
        seen.steps += 1;
        self.log
            .push(format!("{} {:?} {request:?}", self.now, self.inputs));
        let runtime = Runtime::new(self.table);
        let given = Given {
            now: self.now,
            inputs: &self.inputs,
            counters: &mut self.counters,
        };
        match runtime.step(&mut self.session, given, request) {
            Ok(stepped) => self.watch(&stepped.record.trace, seen),
            Err(fault) => assert!(
                !["no_handler", "endless", "broken", "input", "argument"].contains(&fault.code()),
                "{fault}\n{}\n{text}",
                self.log.join("\n")
            ),
        }
        let due = runtime.deadline(&self.session);
        assert!(due.is_none_or(|d| d > self.now), "{due:?}\n{text}");
        assert!(
            self.session.run().is_none() || !self.open().is_empty(),
            "nobody is waited for\n{}\n{text}",
            self.log.join("\n")
        );
    }

    fn watch(&mut self, trace: &[Trace], seen: &mut Seen) {
        let mut go = |from: &mut Option<String>, to: String| {
            if let Some(from) = from {
                seen.edges.insert((from.clone(), to.clone()));
            }
            *from = Some(to);
        };
        for (i, happened) in trace.iter().enumerate() {
            match happened {
                Trace::Entered { state, .. } => {
                    go(&mut self.at, state.clone());
                    if !matches!(trace.get(i + 1), Some(Trace::TooOften { .. })) {
                        seen.reached.insert(state.clone());
                    }
                }
                Trace::Outcome { state, outcome, .. } => {
                    if self.at.as_ref() != Some(state) {
                        go(&mut self.at, state.clone());
                    }
                    seen.happened.insert((state.clone(), outcome.clone()));
                }
                Trace::Ended { end, .. } => {
                    let end = format!("end {end}");
                    go(&mut self.at, end.clone());
                    seen.reached.insert(end);
                }
                _ => {}
            }
        }
    }

    /// What tells one run from another, roughly: where more is still to be seen.
    fn key(&self) -> String {
        let Some(run) = self.session.run() else {
            return String::new();
        };
        let mut fates: BTreeMap<String, usize> = BTreeMap::new();
        for call in self.session.calls() {
            let key = format!(
                "{} {:?} {:?}",
                call.action,
                call.fate,
                call.ended.as_ref().map(|e| e.outcome.clone())
            );
            let n = fates.entry(key).or_default();
            *n = (*n + 1).min(3);
        }
        let levels: Vec<_> = run
            .levels
            .iter()
            .map(|l| {
                (
                    l.state,
                    l.net,
                    l.retries.clone(),
                    l.visits.values().copied().max(),
                )
            })
            .collect();
        format!(
            "{levels:?} {fates:?} {:?} {:?} {:?}",
            run.slots.iter().map(|s| s.is_some()).collect::<Vec<_>>(),
            run.events,
            run.end.as_ref().map(|e| e.end)
        )
    }
}

/// What a run is like, so that runs differ more than their steps do.
#[derive(Clone, Copy)]
pub(super) struct Mood {
    /// Out of 8.
    ok: u8,
    granted: u8,
    odd: u8,
    /// Whether inputs change from step to step.
    moody: bool,
}

pub(super) fn mood(rng: &mut Rng) -> Mood {
    Mood {
        ok: *any(rng, &[1, 4, 7, 8]),
        granted: *any(rng, &[2, 6, 8]),
        odd: *any(rng, &[0, 0, 1, 4]),
        moody: rng.bool(),
    }
}

/// What the host does next. With `delays` it may also let time pass, and do what nobody asked for.
pub(super) fn next(rng: &mut Rng, w: &mut World<'_>, mood: Mood, delays: bool) -> Request {
    let body = w.table.body();
    if mood.moody {
        w.inputs = record(rng, body, &body.inputs);
    }
    w.counters.full = mood.moody && rng.u8(..) < 30;
    let open = w.open();
    let deadline = Runtime::new(w.table).deadline(&w.session);
    if delays && rng.u8(..8) < mood.odd {
        match rng.u8(..9) {
            0 | 1 => w.now += rng.i64(0..3_000),
            2 => w.now += *any(rng, &[50_000, 100_000, 3_000_000]),
            3 | 4 => {
                if let Some(due) = deadline {
                    w.now = w.now.max(due + rng.i64(-1..2));
                }
            }
            5 => return Request::Reload {},
            6 => return Request::Tick { retry: rng.bool() },
            _ if !body.events.is_empty() => {
                let event = any(rng, &body.events).name.clone();
                return Request::Event { event };
            }
            _ => {}
        }
        if rng.u8(..) < 60 {
            return Request::Tick { retry: false };
        }
    }
    if open.is_empty() {
        return Request::Tick { retry: true };
    }
    let reply = |to, outcome: &str, value| Request::Reply {
        to,
        outcome: outcome.to_owned(),
        value,
    };
    match any(rng, &open).clone() {
        Directive::Call { call, action, .. } => {
            let of = &body.actions[w.table.action_index(&action).unwrap() as usize];
            let to = Asked::Call(call);
            if rng.u8(..8) < mood.ok {
                return reply(to, "ok", of.result.as_ref().map(|ty| value(rng, body, ty)));
            }
            let other = rng.usize(..of.failures.len() + 4);
            match of.failures.get(other) {
                Some(f) => reply(to, if rng.bool() { &f.name } else { &f.wire }, None),
                None if other == of.failures.len() => reply(to, "ok", Some(json!({"junk": [1]}))),
                None if other == of.failures.len() + 1 => reply(to, "no_such_failure", None),
                None if rng.bool() => reply(to, "timeout", None),
                None => {
                    w.now = w.now.max(deadline.unwrap_or(w.now));
                    Request::Tick { retry: false }
                }
            }
        }
        Directive::Approval {
            approval,
            expires_at,
            ..
        } => {
            if rng.u8(..8) < mood.granted {
                return Request::Approve {
                    approval,
                    granted: true,
                    by: None,
                };
            }
            if let Some(at) = expires_at.filter(|_| rng.bool()) {
                w.now = w.now.max(at);
                return Request::Tick { retry: false };
            }
            Request::Approve {
                approval,
                granted: false,
                by: None,
            }
        }
        Directive::Agent {
            entry,
            may,
            outcomes,
            until,
            ..
        } => {
            let to = Asked::Agent(entry);
            match rng.u8(..12) {
                0..=5 => {
                    let action = if rng.u8(..) < 10 || may.is_empty() {
                        any(rng, &body.actions).name.clone()
                    } else {
                        any(rng, &may).clone()
                    };
                    let of = &body.actions[w.table.action_index(&action).unwrap() as usize];
                    let args = record(rng, body, &of.params).into();
                    Request::Propose { action, args }
                }
                6 => reply(to, "stuck", None),
                7 => reply(to, "exhausted", None),
                8 => reply(to, "never_heard_of", None),
                9 if until.is_some() => {
                    w.now = w.now.max(until.unwrap_or_default());
                    Request::Tick { retry: false }
                }
                _ => {
                    let outcome = any(rng, &outcomes).clone();
                    let ty =
                        body.flows
                            .iter()
                            .flat_map(|f| &f.states)
                            .find_map(|s| match &s.step {
                                Step::Agent { outcomes, .. } => {
                                    outcomes.iter().find(|o| o.name == outcome)?.ty.clone()
                                }
                                _ => None,
                            });
                    reply(to, &outcome, ty.map(|ty| value(rng, body, &ty)))
                }
            }
        }
        Directive::Ask { entry, state, .. } => {
            let to = Asked::Ask(entry);
            match rng.u8(..5) {
                0 => reply(to, "no_answer", None),
                1 => reply(to, "unclear", None),
                2 => reply(to, "unreachable", None),
                _ => {
                    let ty =
                        body.flows
                            .iter()
                            .flat_map(|f| &f.states)
                            .find_map(|s| match &s.step {
                                Step::Ask { ty, .. } if s.name == state => Some(ty.clone()),
                                _ => None,
                            });
                    let value = value(rng, body, &ty.unwrap());
                    reply(to, "answered", Some(value))
                }
            }
        }
        Directive::Wait { until, .. } => {
            w.now = w.now.max(until.min(w.now + rng.i64(0..20_000)));
            Request::Tick { retry: true }
        }
        Directive::Ended { .. } => Request::Tick { retry: false },
    }
}

fn start<'t>(
    rng: &mut Rng,
    table: &'t Table,
    flow: usize,
    seen: &mut Seen,
    text: &str,
) -> World<'t> {
    let body = table.body();
    let mut w = World::new(table);
    w.inputs = record(rng, body, &body.inputs);
    let of = &body.flows[flow];
    let args = record(rng, body, &of.params);
    if of.once.is_some() && rng.u8(..) < 30 {
        let request = Request::Start {
            flow: of.name.clone(),
            args: args.clone(),
        };
        w.step(request, &mut Seen::default(), text);
        w.session = Session::new(table, "s");
        w.at = None;
    }
    w.step(
        Request::Start {
            flow: of.name.clone(),
            args,
        },
        seen,
        text,
    );
    w
}

/// Random runs of a flow, which go on from where something new was seen.
fn explore<'t>(
    rng: &mut Rng,
    table: &'t Table,
    flow: usize,
    enough: impl Fn(&Seen) -> bool,
    text: &str,
) -> Seen {
    let mut seen = Seen::default();
    let mut keys: BTreeSet<String> = BTreeSet::new();
    let mut corpus: Vec<World<'t>> = Vec::new();
    let mut ended = 0_usize;
    while !enough(&seen) {
        let mut w = if corpus.is_empty() || rng.u8(..) < 50 {
            start(rng, table, flow, &mut seen, text)
        } else {
            let last = corpus
                .len()
                .saturating_sub(if rng.bool() { 30 } else { corpus.len() });
            corpus[rng.usize(last..corpus.len())].clone()
        };
        let mood = mood(rng);
        for _ in 0..rng.usize(1..25) {
            if keys.insert(w.key()) && corpus.len() < 600 {
                corpus.push(w.clone());
            }
            if w.over() {
                break;
            }
            let request = next(rng, &mut w, mood, true);
            w.step(request, &mut seen, text);
        }
        // From anywhere, the flow comes to its end once the host no longer delays.
        ended += 1;
        if ended.is_multiple_of(4) {
            for round in 0.. {
                if w.over() {
                    break;
                }
                assert!(round < 20_000, "it doesn't end\n{text}");
                let request = next(rng, &mut w, mood, false);
                w.step(request, &mut seen, text);
            }
        }
    }
    seen
}

pub(super) struct Compared {
    steps: usize,
    /// What is called possible, and what of it no run has shown.
    possible: usize,
    pub(super) unseen: Vec<String>,
}

/// Whatever the runs do, the checker has seen. Where something that it has seen is still missing
/// from them, up to `patience` times as many steps are taken.
pub(super) fn compare(
    rng: &mut Rng,
    text: &str,
    policy: &Policy,
    table: &Table,
    steps: usize,
    patience: usize,
) -> Compared {
    let (mut gate, _) = gate::build(policy, 1);
    let pictures = flow::pictures(&mut gate, &mut Vec::new());
    let mut done = Compared {
        steps: 0,
        possible: 0,
        unseen: Vec::new(),
    };
    for (index, of) in table.body().flows.iter().enumerate() {
        let picture = pictures
            .iter()
            .find(|p| policy.flows[p.flow.index()].name == of.name)
            .unwrap();
        assert!(picture.whole, "{text}");
        let claims = said_of(policy, picture);
        let all = |seen: &Seen| {
            claims.reached.is_subset(&seen.reached) && claims.happened.is_subset(&seen.happened)
        };
        let enough =
            |seen: &Seen| seen.steps >= steps * patience || (seen.steps >= steps && all(seen));
        let seen = explore(rng, table, index, enough, text);
        let more: Vec<_> = seen.reached.difference(&claims.reached).collect();
        assert!(more.is_empty(), "reached, but not said: {more:?}\n{text}");
        let more: Vec<_> = seen.happened.difference(&claims.happened).collect();
        assert!(more.is_empty(), "happened, but not said: {more:?}\n{text}");
        let more: Vec<_> = seen.edges.difference(&claims.edges).collect();
        assert!(
            more.is_empty(),
            "in {} gone, but not said: {more:?}\n{text}",
            of.name
        );
        done.steps += seen.steps;
        done.possible += claims.reached.len() + claims.happened.len() + claims.edges.len();
        for state in claims.reached.difference(&seen.reached) {
            done.unseen
                .push(format!("{}: {state} is not reached", of.name));
        }
        for (state, outcome) in claims.happened.difference(&seen.happened) {
            done.unseen
                .push(format!("{}: {state} has no {outcome}", of.name));
        }
    }
    done
}

fn made(seed: u64, bound: u32) -> Option<Made> {
    let mut rng = Rng::with_seed(seed);
    generate_flows::flows(&mut rng, bound, seed.is_multiple_of(2))
}

#[test]
fn random_flows_run_as_the_checker_says() {
    let from: u64 = std::env::var("FAILWAY_SEED")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(0);
    let patience = patience();
    let (mut flows, mut steps, mut possible, mut unseen) = (0, 0, 0, 0);
    let count = runs(60) as u64;
    for seed in from..from + count {
        let Some(made) = made(seed, 2) else { continue };
        flows += 1;
        let mut rng = Rng::with_seed(seed);
        let text = format!("seed {seed}\n{}", made.text);
        let done = compare(
            &mut rng,
            &text,
            &made.checked.policy,
            &made.table,
            300,
            patience,
        );
        steps += done.steps;
        // What comes aside needs somebody who is waited for: the checker lets it come at any time.
        if seed % 2 == 0 {
            continue;
        }
        possible += done.possible;
        unseen += done.unseen.len();
        if std::env::var("FAILWAY_UNSEEN").is_ok() && !done.unseen.is_empty() {
            println!("{seed}: {:#?}", done.unseen);
        }
    }
    println!("{flows} flows of {count}, {steps} steps, {unseen} of {possible} unseen");
    assert!(flows as u64 * 4 > count, "{flows} of {count}");
}

#[test]
fn examples_run_as_the_checker_says() {
    let (mut steps, patience) = (0, patience());
    for (path, files) in examples() {
        let (checked, table) = failway::compile("main.failway", &files).unwrap();
        let mut rng = Rng::with_seed(1);
        let path = path.display().to_string();
        let done = compare(
            &mut rng,
            &path,
            &checked.policy,
            &table.unwrap(),
            runs(4_000),
            patience,
        );
        steps += done.steps;
        if std::env::var("FAILWAY_UNSEEN").is_ok() {
            println!("{path}: {} possible, {:#?}", done.possible, done.unseen);
        }
    }
    println!("{steps} steps");
    assert!(steps > 15_000, "{steps}");
    let _ = compiled;
}

#[test]
#[ignore = "shows one draw"]
fn show() {
    for seed in std::env::var("FAILWAY_SEED").unwrap().split(',') {
        if let Some(made) = made(seed.parse().unwrap(), 2) {
            println!("// {seed}\n{}", made.text);
        }
    }
}
