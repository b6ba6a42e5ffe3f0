//! Sessions of flows with something changed: refused, or safe to continue. Never a panic.

use super::desk::desk;
use super::scopes::scopes;
use super::*;

/// All places of a JSON value that hold a number, a word or nothing.
fn places(value: &Value, at: String, out: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                let name = name.replace('~', "~0").replace('/', "~1");
                places(member, format!("{at}/{name}"), out);
            }
        }
        Value::Array(items) => {
            for (i, item) in items.iter().enumerate() {
                places(item, format!("{at}/{i}"), out);
            }
        }
        _ => out.push(at),
    }
}

fn requests(session: &Session) -> Vec<Request> {
    let entry = session.top().map_or(0, |level| level.entry);
    let reply = |to, outcome: &str, value| Request::Reply {
        to,
        outcome: outcome.to_owned(),
        value,
    };
    let mut out = vec![
        Request::Tick { retry: true },
        Request::Reload {},
        Request::Event {
            event: "hangup".to_owned(),
        },
        reply(Asked::Agent(entry), "stuck", None),
        reply(Asked::Ask(entry), "answered", Some(json!("x"))),
    ];
    for call in session.calls() {
        out.push(reply(Asked::Call(call.id), "unavailable", None));
        out.push(reply(Asked::Call(call.id), "ok", Some(json!("B1"))));
        out.push(Request::Resolve {
            call: call.id,
            happened: true,
            result: None,
        });
    }
    out
}

/// Changes one place at a time, and takes every kind of step from what is still a session.
fn tamper(table: &Table, session: &Session) -> (usize, usize) {
    let whole = session.to_json();
    let mut at = Vec::new();
    places(&whole, String::new(), &mut at);
    let values = [
        json!(0),
        json!(1),
        json!(2),
        json!(77),
        json!(-1),
        json!(u64::MAX),
        json!(i64::MIN),
        json!(true),
        json!("passing"),
        Value::Null,
        json!([]),
    ];
    let (mut refused, mut accepted) = (0, 0);
    for place in at {
        for value in &values {
            let mut changed = whole.clone();
            *changed.pointer_mut(&place).unwrap() = value.clone();
            let bytes = serde_json::to_vec(&changed).unwrap();
            let Ok(read) = Session::read(&bytes, table) else {
                refused += 1;
                continue;
            };
            accepted += 1;
            for request in requests(&read) {
                let mut session = read.clone();
                for later in [0, 5_000, 400_000] {
                    let given = Given {
                        now: session.now().unwrap_or(0).saturating_add(later),
                        inputs: &Map::new(),
                        counters: &mut Memory::new(),
                    };
                    let _ = Runtime::new(table).step(&mut session, given, request.clone());
                }
            }
        }
    }
    (refused, accepted)
}

#[test]
fn a_tampered_desk_never_panics() {
    let table = desk();
    let mut p = Play::new(&table);
    p.start(json!({"phone": "+1"}));
    p.answered("ok", json!({"id": "L1", "phone": "+1"}));
    p.agent("chose", json!({"id": "S1", "party": 2}));
    p.event("hangup");
    let (refused, accepted) = tamper(&table, &p.session);
    assert!(refused > 400 && accepted > 20, "{refused} {accepted}");
    p.answered("timeout", Value::Null);
    assert_eq!(p.at(), "settle_booking");
    tamper(&table, &p.session);
    p.answered("unavailable", Value::Null);
    assert_eq!(p.open(), ["wait 500"]);
    tamper(&table, &p.session);
}

#[test]
fn a_tampered_inlined_run_never_panics() {
    let table = scopes();
    let mut p = Play::new(&table);
    p.start(json!({"key": "k"}));
    tamper(&table, &p.session);
    p.agent("go", Value::Null);
    assert_eq!(p.at(), "sub/say");
    tamper(&table, &p.session);
}

#[test]
fn a_flow_cannot_be_put_where_it_cannot_be() {
    let table = scopes();
    let mut p = Play::new(&table);
    p.start(json!({"key": "k"}));
    p.agent("go", Value::Null);
    for (place, value, words) in [
        ("/run/flow", json!(1), "there is no flow 1"),
        ("/run/levels/0/state", json!(0), "the flow cannot be there"),
        (
            "/run/levels/1/state",
            json!(3),
            "the state does something else",
        ),
        ("/run/levels/1/state", json!(4), "the flow cannot be there"),
        ("/run/levels/1/scope", json!(0), "the flow cannot be there"),
        ("/run/levels/1/entry", json!(9), "there was no such entry"),
        ("/run/levels", json!([]), "the flow is nowhere"),
        ("/run/slots/0", json!(7), "`key` is of another type"),
        ("/run/slots", json!([]), "more or fewer"),
        (
            "/run/levels/1/doing",
            json!({"kind": "passing"}),
            "the state does something else",
        ),
        (
            "/run/end",
            json!({"end": 0, "at": 0}),
            "still does something",
        ),
    ] {
        let mut changed = p.session.to_json();
        match changed.pointer_mut(place) {
            Some(at) => *at = value,
            None => changed["run"]["end"] = value,
        }
        let bytes = serde_json::to_vec(&changed).unwrap();
        let fault = Session::read(&bytes, &table).unwrap_err().to_string();
        assert!(fault.contains(words), "{place}: {fault}");
    }
}
