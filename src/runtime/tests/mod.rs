//! The runtime on small tables made by hand.

mod approvals;
pub(crate) mod desk;
mod facts;
mod gate;
mod limits;
mod recovery;
mod saga;
mod scopes;
mod sessions;
mod shop;
mod tampering;
mod waiting;
mod walks;

use super::*;
use crate::table::{Table, write};
use serde_json::{Map, Value, json};

/// A table with that body.
fn table(body: Value) -> Table {
    let body = serde_json::from_value(body).unwrap();
    Table::verified(write::seal(body, vec![]).unwrap()).unwrap()
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(object) => object,
        other => panic!("{other} is no object"),
    }
}

fn string() -> Value {
    json!({"kind": "string", "min": 1, "max": 40})
}

fn int(min: i64, max: i64) -> Value {
    json!({"kind": "int", "min": min, "max": max})
}

fn field(name: &str, ty: Value) -> Value {
    json!({"name": name, "wire": name, "type": ty})
}

fn param(index: u32) -> Value {
    json!({"kind": "path", "path": {"root": {"kind": "param", "index": index}}})
}

fn result() -> Value {
    json!({"kind": "path", "path": {"root": {"kind": "result"}}})
}

fn slot(index: u32, fields: &[&str]) -> Value {
    let path = json!({"root": {"kind": "slot", "index": index}, "fields": fields});
    json!({"kind": "path", "path": path})
}

fn failure(name: &str, kind: &str) -> Value {
    json!({"name": name, "wire": name, "kind": kind})
}

/// Merges the members of `more` into `base`.
fn with(base: Value, more: Value) -> Value {
    let mut base = object(base);
    base.extend(object(more));
    Value::Object(base)
}

/// An action that everybody may call, to be changed by [`with`].
fn action(name: &str, params: Value) -> Value {
    json!({
        "name": name, "wire": name, "integration": 0, "params": params,
        "effect": {"kind": "read"}, "timeout_ms": 3000,
        "failures": [failure("unavailable", "transient")],
        "verdicts": [{"verdict": "allow", "again": {"kind": "not_needed"}}],
        "gate": -1, "limits": []
    })
}

fn write_effect() -> Value {
    json!({"kind": "write", "expendable": false})
}

/// A body without anything but an integration, to be changed by [`with`].
fn body(actions: Value) -> Value {
    json!({
        "policy": "test", "enums": [], "records": [], "automata": [], "inputs": [], "roles": [],
        "events": [], "integrations": [{"name": "x", "wire": "x"}], "actions": actions,
        "facts": [], "rules": [], "limits": [], "histories": [], "probes": [], "nodes": [],
        "flows": []
    })
}

fn to(state: u32) -> Value {
    json!({"kind": "state", "index": state})
}

fn end(end: u32) -> Value {
    json!({"kind": "end", "index": end})
}

fn on(outcome: &str, target: Value) -> Value {
    json!({"outcome": outcome, "to": target})
}

fn retry(count: u64, first: i64, cap: i64) -> Value {
    json!({"retry": {"group": 0, "count": count, "first_ms": first, "cap_ms": cap}})
}

fn state(name: &str, step: Value, handlers: Vec<Value>) -> Value {
    json!({"name": name, "scope": 0, "step": step, "handlers": handlers, "events": []})
}

fn root_scope() -> Value {
    json!({"name": "", "flow": "f", "events": []})
}

fn an_end(name: &str, class: &str) -> Value {
    json!({"name": name, "class": class})
}

/// A flow `f` that starts in state 0.
fn flow(params: Value, slots: Value, states: Vec<Value>, ends: Vec<Value>) -> Value {
    json!({
        "name": "f", "params": params, "first_position": 1, "start": to(0), "slots": slots,
        "scopes": [root_scope()], "states": states, "ends": ends
    })
}

/// A session with its runtime, a clock and counters.
struct Play<'t> {
    table: &'t Table,
    session: Session,
    counters: Memory,
    inputs: Map<String, Value>,
    now: i64,
    records: Vec<Record>,
    /// Whether the session is written and read again after every step.
    restarts: bool,
}

impl<'t> Play<'t> {
    fn new(table: &'t Table) -> Self {
        Self {
            table,
            session: Session::new(table, "s1"),
            counters: Memory::new(),
            inputs: Map::new(),
            now: 1_000_000,
            records: Vec::new(),
            restarts: true,
        }
    }

    fn step(&mut self, request: Request) -> Result<Stepped, Fault> {
        let given = Given {
            now: self.now,
            inputs: &self.inputs,
            counters: &mut self.counters,
        };
        let before = self.session.clone();
        let stepped = Runtime::new(self.table).step(&mut self.session, given, request);
        match &stepped {
            Ok(stepped) => self.records.push(stepped.record.clone()),
            Err(_) => assert_eq!(self.session, before, "a refused step moves nothing"),
        }
        if self.restarts {
            let bytes = self.session.to_bytes();
            let read = Session::read(&bytes, self.table).unwrap();
            assert_eq!(read, self.session, "a session survives a restart");
        }
        stepped
    }

    fn start(&mut self, args: Value) -> Stepped {
        let (flow, args) = ("f".to_owned(), object(args));
        self.step(Request::Start { flow, args }).unwrap()
    }

    fn propose(&mut self, action: &str, args: Value) -> Decision {
        let action = action.to_owned();
        let stepped = self.step(Request::Propose { action, args }).unwrap();
        stepped.verdict.unwrap()
    }

    /// Proposes a call that must be allowed, and gives its number.
    fn call(&mut self, action: &str, args: Value) -> u64 {
        let verdict = self.propose(action, args);
        assert_eq!(verdict.verdict, Verdict::Allow, "{verdict:?}");
        self.session.calls.last().unwrap().id
    }

    fn reply(&mut self, call: u64, outcome: &str, value: Value) -> Stepped {
        self.answer(Asked::Call(call), outcome, value)
    }

    /// Replies to the only call in flight.
    fn answered(&mut self, outcome: &str, value: Value) -> Stepped {
        let mut open = self.session.calls.iter().filter(|c| c.in_flight());
        let call = open.next().expect("a call is in flight").id;
        assert!(open.next().is_none(), "only one call is in flight");
        self.reply(call, outcome, value)
    }

    fn answer(&mut self, to: Asked, outcome: &str, value: Value) -> Stepped {
        let (outcome, value) = (outcome.to_owned(), Some(value));
        let request = Request::Reply { to, outcome, value };
        self.step(request).unwrap()
    }

    /// The entry of the current state.
    fn entry(&self) -> u64 {
        self.session.top().unwrap().entry
    }

    fn agent(&mut self, outcome: &str, value: Value) -> Stepped {
        self.answer(Asked::Agent(self.entry()), outcome, value)
    }

    fn event(&mut self, event: &str) -> Stepped {
        let event = event.to_owned();
        self.step(Request::Event { event }).unwrap()
    }

    fn pass(&mut self, ms: i64) -> Stepped {
        self.now += ms;
        self.step(Request::Tick { retry: false }).unwrap()
    }

    /// Where the session is: the state's or the end's name.
    fn at(&self) -> String {
        match Runtime::new(self.table).position(&self.session) {
            Position::Gate {} => "gate".to_owned(),
            Position::State { state, .. } => state,
            Position::End { end, .. } => end,
        }
    }

    /// What the host is to do, without its details.
    fn open(&self) -> Vec<String> {
        let word = |d: Directive| match d {
            Directive::Call { action, .. } => format!("call {action}"),
            Directive::Agent { state, .. } => format!("agent {state}"),
            Directive::Ask { state, .. } => format!("ask {state}"),
            Directive::Approval { rule, .. } => format!("approval {rule}"),
            Directive::Wait { until, .. } => format!("wait {}", until - self.now),
            Directive::Ended { end, .. } => format!("ended {end}"),
        };
        let open = Runtime::new(self.table).open(&self.session);
        open.into_iter().map(word).collect()
    }

    /// The numbers of calls by action.
    fn calls(&self, action: &str) -> usize {
        let index = self.table.action_index(action).unwrap();
        let calls = self.session.calls.iter();
        calls.filter(|c| c.action == index).count()
    }
}

impl Drop for Play<'_> {
    /// Every story replays.
    fn drop(&mut self) {
        if !std::thread::panicking() && !self.records.is_empty() {
            let replayed = replay(self.table, &self.records).unwrap();
            assert_eq!(replayed, self.session);
        }
    }
}
