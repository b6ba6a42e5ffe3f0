//! Unwinding what stands.

use super::session::Fate;
use super::*;

/// Actions: 0 seat.reserve, 1 seat.cancel, 2 room.reserve, 3 room.cancel, 4 shop.order.
fn saga() -> Table {
    let idempotent =
        json!({"effect": {"kind": "write", "expendable": false, "idempotent": {"by": [0]}}});
    let seat = with(
        action("seat.reserve", json!([field("trip", string())])),
        json!({
            "effect": write_effect(), "result": string(),
            "undo": {"action": 1, "args": [result()], "tolerant": false}
        }),
    );
    let room = with(
        action("room.reserve", json!([field("trip", string())])),
        json!({
            "effect": idempotent["effect"], "failures": [failure("sold_out", "permanent")],
            "undo": {"action": 3, "args": [param(0)], "tolerant": true}
        }),
    );
    let cancel = |name| {
        with(
            action(name, json!([field("key", string())])),
            idempotent.clone(),
        )
    };
    let order = with(
        action("shop.order", json!([])),
        json!({"effect": write_effect()}),
    );
    let reserve = |name, action, next: Value, undo: Value| {
        state(
            name,
            json!({"kind": "do", "action": action, "args": [slot(0, &[])]}),
            vec![
                on("ok", next),
                on("timeout", undo.clone()),
                on("sold_out", undo.clone()),
                on("malformed", undo),
            ]
            .into_iter()
            .filter(|h| action == 2 || h["outcome"] != "sold_out")
            .collect(),
        )
    };
    let unwind = state(
        "give_back",
        json!({"kind": "unwind", "actions": [0, 2]}),
        vec![
            on("clean", end(1)),
            with(on("stuck", end(2)), retry(1, 100, 100)),
        ],
    );
    let flow = flow(
        json!([field("trip", string())]),
        json!([{"name": "trip", "type": string(), "scope": 0}]),
        vec![
            reserve("seat", 0, to(1), to(2)),
            reserve("room", 2, end(0), to(2)),
            unwind,
        ],
        vec![
            an_end("booked", "success"),
            an_end("nothing", "fallback"),
            an_end("left", "failure"),
        ],
    );
    let flow = with(
        flow,
        json!({"scopes": [{"name": "", "flow": "f", "events": [{"event": 0, "to": to(2)}]}]}),
    );
    table(with(
        body(json!([
            seat,
            cancel("seat.cancel"),
            room,
            cancel("room.cancel"),
            order
        ])),
        json!({"flows": [flow], "events": [{"name": "stop", "wire": "stop"}]}),
    ))
}

fn started(table: &Table) -> Play<'_> {
    let mut p = Play::new(table);
    p.start(json!({"trip": "T"}));
    p
}

fn args_in_flight(p: &Play<'_>) -> Value {
    let call = p.session.calls().iter().find(|c| c.in_flight()).unwrap();
    Value::Object(call.args.clone())
}

#[test]
fn what_stands_is_undone_newest_first() {
    let table = saga();
    let mut p = started(&table);
    p.answered("ok", json!("S1"));
    p.event("stop");
    p.answered("ok", Value::Null);
    assert_eq!(p.open(), ["call room.cancel"]);
    p.answered("ok", Value::Null);
    assert_eq!(p.open(), ["call seat.cancel"]);
    assert_eq!(args_in_flight(&p), json!({"key": "S1"}));
    p.answered("ok", Value::Null);
    assert_eq!(p.at(), "nothing");
    let fates: Vec<_> = p.session.calls().iter().map(|c| c.fate).collect();
    use Fate::{Happened, Undone};
    assert_eq!(fates, [Undone, Undone, Happened, Happened]);
}

#[test]
fn a_tolerant_undo_settles_what_is_in_doubt() {
    let table = saga();
    let mut p = started(&table);
    p.answered("ok", json!("S1"));
    p.answered("timeout", Value::Null);
    assert_eq!(p.open(), ["call room.cancel"]);
    p.answered("ok", Value::Null);
    p.answered("ok", Value::Null);
    assert_eq!(p.at(), "nothing");
    assert_eq!(p.session.calls()[1].fate, Fate::Absent);
}

#[test]
fn what_may_not_have_happened_is_not_undone_blindly() {
    let table = saga();
    let mut p = started(&table);
    p.answered("timeout", Value::Null);
    // Nothing can be done about the seat: stuck, tried again, and left.
    assert_eq!(p.open(), ["wait 100"]);
    p.pass(100);
    assert_eq!(p.at(), "left");
    assert_eq!(p.calls("seat.cancel"), 0);
}

#[test]
fn every_write_is_tried_and_the_rest_tried_again() {
    let table = saga();
    let mut p = started(&table);
    p.answered("ok", json!("S1"));
    p.event("stop");
    p.answered("ok", Value::Null);
    p.answered("unavailable", Value::Null);
    assert_eq!(p.open(), ["call seat.cancel"]);
    p.answered("ok", Value::Null);
    assert_eq!(p.open(), ["wait 100"]);
    p.pass(100);
    assert_eq!(p.open(), ["call room.cancel"]);
    p.answered("ok", Value::Null);
    assert_eq!(p.at(), "nothing");
    assert_eq!((p.calls("room.cancel"), p.calls("seat.cancel")), (2, 1));
}

#[test]
fn an_undo_in_doubt_leaves_its_write_standing() {
    let table = saga();
    let mut p = started(&table);
    p.answered("ok", json!("S1"));
    p.answered("sold_out", Value::Null);
    p.answered("timeout", Value::Null);
    assert_eq!(p.session.calls()[0].fate, Fate::Happened);
    p.pass(100);
    // The same key and arguments may be repeated.
    assert_eq!(p.open(), ["call seat.cancel"]);
    p.answered("timeout", Value::Null);
    assert_eq!(p.at(), "left");
}

#[test]
fn an_undo_by_the_ais_own_call_counts_too() {
    let table = saga();
    let mut p = Play::new(&table);
    for seat in ["S1", "S2"] {
        p.call("seat.reserve", json!({"trip": "T"}));
        p.answered("ok", json!(seat));
    }
    p.call("seat.cancel", json!({"key": "S1"}));
    p.answered("timeout", Value::Null);
    assert_eq!(p.session.calls()[0].fate, Fate::Happened);
    p.step(Request::Resolve {
        call: 3,
        happened: true,
        result: None,
    })
    .unwrap();
    assert_eq!(p.session.calls()[0].fate, Fate::Undone);
    assert_eq!(p.session.calls()[1].fate, Fate::Happened);
}

#[test]
fn after_an_undo_the_same_call_is_a_new_effect() {
    let table = saga();
    let mut p = Play::new(&table);
    let room = json!({"trip": "T"});
    for (action, args) in [
        ("room.reserve", room.clone()),
        ("room.cancel", json!({"key": "T"})),
        ("room.reserve", room),
    ] {
        p.call(action, args);
        p.answered("ok", Value::Null);
    }
    let effects: Vec<_> = p.session.calls().iter().map(|c| c.effect).collect();
    assert_eq!(effects, [1, 2, 3]);
}
