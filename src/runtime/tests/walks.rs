//! Random walks: whatever a host does, in whatever order, nothing panics, every session can be read
//! back, every refused step moves nothing, every walk replays, and the promises hold.

use super::desk::desk;
use super::scopes::scopes;
use super::session::Fate;
use super::shop::shop;
use super::waiting::paying;
use super::*;
use crate::table::format::{self, Type};

struct Walk<'t> {
    p: Play<'t>,
    random: fastrand::Rng,
    actions: Vec<(&'static str, Value)>,
    events: Vec<&'static str>,
}

impl Walk<'_> {
    /// Mostly a value of the type.
    fn value(&mut self, ty: Option<&Type>) -> Value {
        let Some(ty) = ty.filter(|_| self.random.u8(0..10) > 0) else {
            return self
                .random
                .choice([Value::Null, json!("B1"), json!([1])])
                .unwrap();
        };
        match ty {
            Type::Int { min, max } => json!(self.random.i64(*min..=*max)),
            Type::Record { of } => {
                let fields = self.p.table.body().records[*of as usize].fields.clone();
                let fields = fields
                    .iter()
                    .map(|f| (f.wire.clone(), self.value(Some(&f.ty))));
                Value::Object(fields.collect())
            }
            _ => json!(self.random.choice(["A", "B1"]).unwrap()),
        }
    }

    /// The result's type and the failures of a call.
    fn about(&self, call: u64) -> Option<&format::Action> {
        let call = self.p.session.call(call)?;
        self.p.table.body().actions.get(call.action as usize)
    }

    /// What the current state's agent may say.
    fn said(&mut self) -> Option<(String, Value)> {
        let flow = self.p.table.body().flows.first()?;
        let level = self.p.session.top()?;
        let format::Step::Agent { outcomes, .. } = &flow.states[level.state as usize].step else {
            return None;
        };
        let outcome = self.random.choice(outcomes)?;
        Some((outcome.name.clone(), self.value(outcome.ty.as_ref())))
    }

    fn outcome(&mut self) -> String {
        let outcomes = [
            "ok",
            "ok",
            "ok",
            "timeout",
            "malformed",
            "unavailable",
            "conflict",
            "not_found",
            "gateway_error",
            "refused",
            "chose",
            "go",
            "done",
            "stuck",
            "exhausted",
            "wants_human",
            "answered",
            "no_answer",
            "unclear",
            "unreachable",
            "nonsense",
        ];
        (*self.random.choice(outcomes.as_slice()).unwrap()).to_owned()
    }

    fn request(&mut self) -> Request {
        let entry = self.p.session.top().map_or(0, |l| l.entry);
        let calls = self.p.session.calls().len() as u64;
        let approvals: Vec<_> = self
            .p
            .session
            .approvals()
            .iter()
            .map(|a| a.id.clone())
            .collect();
        let reply = |to, outcome, value| Request::Reply {
            to,
            outcome,
            value: Some(value),
        };
        match self.random.u8(0..20) {
            0..=4 => {
                let open = self.p.session.calls().iter().filter(|c| c.in_flight());
                let open: Vec<u64> = open.map(|c| c.id).collect();
                let any = self.random.u64(0..calls + 2);
                let call = self.random.choice(open).unwrap_or(any);
                let action = self.about(call).cloned();
                let failures = action.iter().flat_map(|a| &a.failures);
                let mut known: Vec<_> = failures.map(|f| f.name.clone()).collect();
                known.extend(["ok", "ok", "timeout"].map(str::to_owned));
                let known = self.random.choice(known).unwrap();
                let outcome = if self.random.u8(0..10) == 0 {
                    self.outcome()
                } else {
                    known
                };
                let value = self.value(action.and_then(|a| a.result).as_ref());
                reply(Asked::Call(call), outcome, value)
            }
            5..=7 => {
                let (outcome, value) = match self.said() {
                    Some(said) if self.random.u8(0..6) > 0 => said,
                    _ => (self.outcome(), self.value(None)),
                };
                reply(Asked::Agent(entry), outcome, value)
            }
            8 | 9 => {
                let outcomes = [
                    "answered",
                    "answered",
                    "no_answer",
                    "unclear",
                    "unreachable",
                ];
                let outcome = self.random.choice(outcomes).unwrap().to_owned();
                let value = self.random.choice([json!("hello"), json!(7)]).unwrap();
                reply(Asked::Ask(entry), outcome, value)
            }
            10..=12 => {
                let (action, args) = self.random.choice(&self.actions).unwrap().clone();
                let action = action.to_owned();
                Request::Propose { action, args }
            }
            13 => {
                let event = (*self.random.choice(&self.events).unwrap_or(&"none")).to_owned();
                Request::Event { event }
            }
            14 if self.random.bool() => Request::Reload {},
            15 => {
                let call = self.random.u64(0..calls + 2);
                let happened = self.random.bool();
                let result = happened.then(|| json!("B9"));
                Request::Resolve {
                    call,
                    happened,
                    result,
                }
            }
            16 => {
                let approval = self.random.choice(approvals).unwrap_or_default();
                let granted = self.random.bool();
                let by = None;
                Request::Approve {
                    approval,
                    granted,
                    by,
                }
            }
            _ => {
                let retry = self.random.bool();
                Request::Tick { retry }
            }
        }
    }

    fn check(&self) {
        let session = &self.p.session;
        for call in session.calls() {
            assert!(call.is_root() || call.fate == Fate::Open);
            assert!(session.call(call.effect).unwrap().is_root());
        }
        let runtime = Runtime::new(self.p.table);
        let open = runtime.open(session);
        let ended = open.iter().any(|d| matches!(d, Directive::Ended { .. }));
        if session.run().is_some() {
            assert_eq!(ended, open.len() == 1 && !session.any_in_flight() && ended);
            // A flow that hasn't ended waits for somebody, or for the clock.
            assert!(!open.is_empty());
        }
        // Whatever is due was done: only what is still to come is announced.
        let due = runtime.deadline(session);
        assert!(
            due.is_none_or(|due| due > self.p.now),
            "{due:?} {}",
            self.p.now
        );
    }
}

fn walk(
    table: &Table,
    start: Option<Value>,
    inputs: Value,
    actions: &[(&'static str, Value)],
    events: &[&'static str],
    promise: impl Fn(&Play<'_>),
) {
    let mut reached = std::collections::BTreeSet::new();
    for seed in 0..150 {
        let mut p = Play::new(table);
        p.inputs = object(inputs.clone());
        p.restarts = seed % 2 == 0;
        let mut w = Walk {
            p,
            random: fastrand::Rng::with_seed(seed),
            actions: actions.to_vec(),
            events: events.to_vec(),
        };
        if let Some(args) = &start {
            w.p.start(args.clone());
        }
        for _ in 0..60 {
            w.p.now += match w.random.u8(0..10) {
                0 => w.random.i64(0..100_000),
                1..=3 => w.random.i64(0..3_000),
                _ => 0,
            };
            let request = w.request();
            // What is refused is refused with words that say so.
            if let Err(fault) = w.p.step(request) {
                let code = fault.code();
                assert!(
                    !["broken", "endless", "no_handler"].contains(&code),
                    "{fault}"
                );
            } else {
                w.check();
            }
            promise(&w.p);
            reached.insert(w.p.at());
        }
    }
    // The walks get about.
    if let Some(flow) = table.body().flows.first() {
        let known = flow.states.iter().map(|s| &s.name);
        let waited_in: Vec<_> = known.filter(|name| reached.contains(*name)).collect();
        assert!(waited_in.len() * 2 >= flow.states.len(), "{reached:?}");
        let ends = flow
            .ends
            .iter()
            .filter(|e| reached.contains(&e.name))
            .count();
        assert!(ends * 3 >= flow.ends.len() * 2, "{reached:?}");
    }
}

fn effects(p: &Play<'_>, action: &str) -> usize {
    let index = p.table.action_index(action).unwrap();
    let calls = p.session.calls().iter();
    calls
        .filter(|c| c.action == index && c.is_root() && p.session.is_effect(c))
        .count()
}

#[test]
fn the_desk() {
    let actions = [
        ("calendar.find", json!({"slot": "S1", "lead": "L1"})),
        (
            "calendar.book",
            json!({"slot": "S1", "lead": "L1", "party": 2}),
        ),
    ];
    let start = Some(json!({"phone": "+1"}));
    walk(&desk(), start, json!({}), &actions, &["hangup"], |p| {
        assert!(effects(p, "calendar.book") <= 1, "one caller, one booking");
    });
}

#[test]
fn inlined_runs() {
    let actions = [("a.ping", json!({"text": "x"}))];
    let start = Some(json!({"key": "k"}));
    walk(
        &scopes(),
        start,
        json!({}),
        &actions,
        &["hangup", "noise"],
        |_| {},
    );
}

#[test]
fn a_flow_that_waits() {
    let actions = [
        ("pay.out", json!({"to": "Ada"})),
        ("pay.out", json!({"to": "Bob"})),
    ];
    walk(
        &paying(),
        Some(json!({})),
        json!({}),
        &actions,
        &["stop"],
        |_| {},
    );
}

#[test]
fn the_gate_alone() {
    let actions = [
        ("shop.find", json!({"order": "A"})),
        ("shop.find", json!({"order": "B"})),
        ("pay.refund", json!({"order": "A", "amount": 5})),
        ("pay.refund", json!({"order": "A", "amount": 6})),
        ("pay.refund", json!({"order": "A", "amount": 200})),
        ("pay.refund", json!({"order": "B", "amount": 5})),
        ("pay.find", json!({"order": "A"})),
        ("pay.note", json!({"text": "x"})),
        ("mail.send", json!({"to": "x"})),
        ("no.such", json!(null)),
    ];
    walk(&shop(), None, json!({"open": true}), &actions, &[], |p| {
        let index = p.table.action_index("pay.refund").unwrap();
        let refunds = p.session.calls().iter().filter(|c| c.action == index);
        let standing = |order: &str| {
            let of = refunds.clone().filter(|c| c.args["order"] == order);
            of.filter(|c| c.is_root() && p.session.is_effect(c)).count()
        };
        assert!(
            standing("A") <= 1 && standing("B") <= 1,
            "an order is paid back once"
        );
    });
}
