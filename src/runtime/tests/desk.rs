//! The front desk: it books, and breaks in every way that bookings break.

use super::*;

/// Actions: 0 book, 1 cancel, 2 find, 3 lookup, 4 note.
fn desk_body() -> Value {
    let book = with(
        action(
            "calendar.book",
            json!([
                field("slot", string()),
                field("lead", string()),
                field("party", int(1, 12))
            ]),
        ),
        json!({
            "result": string(), "effect": write_effect(),
            "failures": [
                failure("conflict", "permanent"), failure("gateway_error", "indeterminate"),
                failure("unavailable", "transient")
            ],
            "undo": {"action": 1, "args": [result()], "tolerant": false},
            "confirm": {"action": 2, "args": [param(0), param(1)], "lines": [
                {"happened": true, "on": "ok", "gives": result()},
                {"happened": false, "on": "not_found"}
            ]},
            "verdicts": [
                {"verdict": "allow", "rule": 0, "again": {"kind": "not_needed"}},
                {"verdict": "deny", "rule": 1, "reason": "parties over 8 are booked by staff",
                 "again": {"kind": "other_arguments"},
                 "instead": {"action": 4, "args": [{"kind": "const", "value": "a party"}]}}
            ],
            "gate": 0,
            "limits": [{"limit": 0, "keys": []}]
        }),
    );
    let cancel = with(
        action("calendar.cancel", json!([field("booking", string())])),
        json!({"effect": {"kind": "write", "expendable": false, "idempotent": {"by": [0]}}}),
    );
    let find = with(
        action(
            "calendar.find",
            json!([field("slot", string()), field("lead", string())]),
        ),
        json!({"result": string(), "failures": [
            failure("not_found", "permanent"), failure("unavailable", "transient")
        ]}),
    );
    let lookup = with(
        action("crm.lookup", json!([field("phone", string())])),
        json!({"result": {"kind": "record", "of": 0}, "timeout_ms": 2000}),
    );
    let note = with(
        action("handoff.note", json!([field("text", string())])),
        json!({"effect": {"kind": "write", "expendable": true}}),
    );
    let value = json!({"kind": "value", "path": {"root": {"kind": "param", "index": 2}}, "type": int(1, 12)});
    with(
        body(json!([book, cancel, find, lookup, note])),
        json!({
            "records": [
                {"name": "Lead", "fields": [field("id", string()), field("phone", string())]},
                {"name": "Slot", "fields": [field("id", string()), field("party", int(1, 12))]}
            ],
            "events": [{"name": "hangup", "wire": "call.ended"}],
            "rules": [
                {"name": "booking", "kind": "allow"},
                {"name": "big_party", "kind": "deny", "because": "parties over 8 are booked by staff"},
                {"name": "one_booking", "kind": "limit"}
            ],
            "limits": [{"rule": 2, "count": 1, "effects": true, "counted": [{"action": 0, "keys": []}]}],
            "histories": [
                {"asks": "standing", "counted": [{"action": 0, "keys": []}], "keys": []},
                {"asks": "unsettled", "counted": [{"action": 0, "keys": []}], "keys": []}
            ],
            "probes": [value, {"kind": "history", "history": 0}, {"kind": "history", "history": 1}],
            "nodes": [
                {"probe": 0, "cuts": [9], "next": [-1, -2]},
                {"probe": 1, "cuts": [1], "next": [-1, -2]},
                {"probe": 2, "cuts": [1], "next": [-1, -2]}
            ],
            "flows": [desk_flow()]
        }),
    )
}

/// States: 0 identify, 1 choose_slot, 2 reserve, 3 settle_booking, 4 take_message, 5 wrap_up.
/// Slots: 0 phone, 1 lead, 2 choice, 3 booking. Ends: 0 booked, 1 message_taken, 2 in_doubt, 3 dropped.
fn desk_flow() -> Value {
    let slots = json!([
        {"name": "phone", "type": string(), "scope": 0},
        {"name": "lead", "type": {"kind": "record", "of": 0}, "scope": 0},
        {"name": "choice", "type": {"kind": "record", "of": 1}, "scope": 0},
        {"name": "booking", "type": string(), "scope": 0}
    ]);
    let mut ends = vec![
        an_end("booked", "success"),
        an_end("message_taken", "fallback"),
        an_end("in_doubt", "failure"),
        an_end("dropped", "failure"),
    ];
    ends[0] = with(ends[0].clone(), json!({"gives": slot(3, &[])}));
    let identify = state(
        "identify",
        json!({"kind": "do", "action": 3, "args": [slot(0, &[])], "bind": 1}),
        vec![
            on("ok", to(1)),
            on("malformed", to(4)),
            with(on("timeout", to(4)), retry(2, 200, 2000)),
            with(on("unavailable", to(4)), retry(2, 200, 2000)),
        ],
    );
    let choose = with(
        state(
            "choose_slot",
            json!({
                "kind": "agent", "given": [["lead", slot(1, &[])]], "may": [2], "calls": 2,
                "within_ms": 90_000,
                "outcomes": [
                    {"name": "chose", "type": {"kind": "record", "of": 1}},
                    {"name": "wants_human"}
                ]
            }),
            vec![
                with(on("chose", to(2)), json!({"bind": 2})),
                on("wants_human", to(4)),
                on("stuck", to(4)),
                on("exhausted", to(4)),
                on("malformed", to(4)),
            ],
        ),
        json!({"visits": {"count": 2, "to": to(4)}}),
    );
    let args = [slot(2, &["id"]), slot(1, &["id"]), slot(2, &["party"])];
    let reserve = state(
        "reserve",
        json!({"kind": "do", "action": 0, "args": args, "bind": 3}),
        vec![
            on("ok", end(0)),
            on("conflict", to(1)),
            on("denied", to(4)),
            with(on("unavailable", to(4)), retry(1, 1000, 1000)),
            on("timeout", to(3)),
            on("malformed", to(3)),
            on("gateway_error", to(3)),
        ],
    );
    let settle = state(
        "settle_booking",
        json!({"kind": "settle", "action": 0, "bind": 3}),
        vec![
            on("happened", end(0)),
            on("absent", to(4)),
            with(on("unknown", end(2)), retry(2, 500, 4000)),
        ],
    );
    let text = json!({"kind": "template", "parts": [
        {"kind": "text", "text": "Call "},
        {"kind": "hole", "path": {"root": {"kind": "slot", "index": 0}}}
    ]});
    let message = state(
        "take_message",
        json!({"kind": "do", "action": 4, "args": [text]}),
        vec![
            on("ok", end(1)),
            on("timeout", end(3)),
            on("malformed", end(3)),
            on("unavailable", end(3)),
        ],
    );
    let wrap_up = state(
        "wrap_up",
        json!({
            "kind": "choose",
            "branches": [{"when": 1, "to": end(0)}, {"when": 2, "to": to(3)}],
            "otherwise": to(4)
        }),
        vec![],
    );
    with(
        flow(
            json!([field("phone", string())]),
            slots,
            vec![identify, choose, reserve, settle, message, wrap_up],
            ends,
        ),
        json!({"scopes": [{
            "name": "", "flow": "f",
            "within": {"ms": 300_000, "to": to(5)},
            "events": [{"event": 0, "to": to(5)}]
        }]}),
    )
}

pub(crate) fn desk() -> Table {
    table(desk_body())
}

fn lead() -> Value {
    json!({"id": "L1", "phone": "+1", "unasked": "dropped"})
}

/// Plays up to the booking in flight.
fn reserving(table: &Table) -> Play<'_> {
    let mut p = Play::new(table);
    p.start(json!({"phone": "+1"}));
    assert_eq!(p.open(), ["call crm.lookup"]);
    p.answered("ok", lead());
    assert_eq!(p.open(), ["agent choose_slot"]);
    p.agent("chose", json!({"id": "S1", "party": 2}));
    assert_eq!(p.open(), ["call calendar.book"]);
    p
}

#[test]
fn a_caller_books() {
    let table = desk();
    let mut p = reserving(&table);
    let stepped = p.answered("ok", json!("B1"));
    let ended = Directive::Ended {
        flow: "f".to_owned(),
        end: "booked".to_owned(),
        class: "success".to_owned(),
        gives: Some(json!("B1")),
    };
    assert_eq!(stepped.next, [ended]);
    assert_eq!(stepped.deadline, None);
    let verdict = p.propose("crm.lookup", json!({"phone": "+1"}));
    assert_eq!(verdict.rule.as_deref(), Some("not_here"));
    assert_eq!(verdict.again, Again::Never {});
}

#[test]
fn a_timeout_after_booking_never_books_twice() {
    let table = desk();
    let mut p = reserving(&table);
    p.pass(2_999);
    assert_eq!(p.at(), "reserve");
    p.pass(1);
    assert_eq!(
        (p.at().as_str(), p.open()),
        ("settle_booking", vec!["call calendar.find".to_owned()])
    );
    p.answered("ok", json!("B1"));
    assert_eq!(p.at(), "booked");
    assert_eq!(
        p.session.run().unwrap().end.as_ref().unwrap().gives,
        Some(json!("B1"))
    );
    assert_eq!(p.calls("calendar.book"), 1);
}

#[test]
fn a_malformed_reply_is_in_doubt_too() {
    let table = desk();
    let mut p = reserving(&table);
    p.answered("ok", json!({"booking": "B1"}));
    assert_eq!(p.at(), "settle_booking");
    p.answered("not_found", Value::Null);
    assert_eq!(p.at(), "take_message");
    p.answered("ok", Value::Null);
    assert_eq!(p.at(), "message_taken");
    assert_eq!(p.session.calls()[1].fate, session::Fate::Absent);
}

#[test]
fn an_unknown_answer_is_asked_for_again_and_then_left_in_doubt() {
    let table = desk();
    let mut p = reserving(&table);
    p.answered("gateway_error", Value::Null);
    p.answered("unavailable", Value::Null);
    assert_eq!(p.open(), ["wait 500"]);
    p.pass(500);
    p.answered("unavailable", Value::Null);
    assert_eq!(p.open(), ["wait 1000"]);
    p.pass(1000);
    p.answered("unavailable", Value::Null);
    assert_eq!(p.at(), "in_doubt");
    assert_eq!(p.calls("calendar.find"), 3);
}

#[test]
fn a_conflict_gives_the_slot_of_the_limit_back() {
    let table = desk();
    let mut p = reserving(&table);
    p.answered("conflict", Value::Null);
    assert_eq!(p.at(), "choose_slot");
    p.agent("chose", json!({"id": "S2", "party": 2}));
    p.answered("ok", json!("B2"));
    assert_eq!(p.at(), "booked");
}

#[test]
fn a_third_entry_goes_elsewhere() {
    let table = desk();
    let mut p = reserving(&table);
    p.answered("conflict", Value::Null);
    p.agent("chose", json!({"id": "S2", "party": 2}));
    let stepped = p.answered("conflict", Value::Null);
    assert_eq!(p.at(), "take_message");
    let too_often = Trace::TooOften {
        state: "choose_slot".to_owned(),
    };
    assert!(stepped.record.trace.contains(&too_often));
}

#[test]
fn a_denied_booking_takes_its_handler() {
    let table = desk();
    let mut p = Play::new(&table);
    p.start(json!({"phone": "+1"}));
    p.answered("ok", lead());
    p.agent("chose", json!({"id": "S1", "party": 9}));
    assert_eq!(p.at(), "take_message");
    assert_eq!(p.calls("calendar.book"), 0);
}

#[test]
fn a_hang_up_in_flight_waits_for_the_call() {
    let table = desk();
    let mut p = reserving(&table);
    p.event("call.ended");
    assert_eq!(
        (p.at().as_str(), p.open()),
        ("reserve", vec!["call calendar.book".to_owned()])
    );
    p.answered("ok", json!("B1"));
    // The binding was recorded before the edge was taken.
    assert_eq!(p.at(), "booked");
    assert_eq!(
        p.session.run().unwrap().end.as_ref().unwrap().gives,
        Some(json!("B1"))
    );
}

#[test]
fn a_hang_up_in_flight_settles_what_is_in_doubt() {
    let table = desk();
    let mut p = reserving(&table);
    p.event("hangup");
    p.answered("gateway_error", Value::Null);
    assert_eq!(p.at(), "settle_booking");
    p.event("hangup");
    p.answered("not_found", Value::Null);
    p.answered("ok", Value::Null);
    assert_eq!(p.at(), "message_taken");
}

#[test]
fn an_event_is_taken_once_and_at_once_where_nothing_is_in_flight() {
    let table = desk();
    let mut p = Play::new(&table);
    p.start(json!({"phone": "+1"}));
    p.answered("ok", lead());
    let agent = Asked::Agent(p.entry());
    p.event("hangup");
    assert_eq!(p.at(), "take_message");
    let again = p.event("hangup");
    assert_eq!(p.at(), "take_message");
    assert_eq!(again.record.trace.len(), 1);
    let late = p.step(Request::Reply {
        to: agent,
        outcome: "wants_human".to_owned(),
        value: None,
    });
    assert!(matches!(late, Err(Fault::NotAsked { .. })), "{late:?}");
}

#[test]
fn the_flows_deadline_comes_before_the_agents() {
    let table = desk();
    let mut p = Play::new(&table);
    p.start(json!({"phone": "+1"}));
    p.now += 1_500;
    p.answered("ok", lead());
    assert_eq!(
        Runtime::new(&table).deadline(&p.session),
        Some(p.now + 90_000)
    );
    p.pass(90_000);
    assert_eq!(p.at(), "take_message");
    // In the tail of the agent's time, the flow's own deadline still holds.
    let deadline = 1_000_000 + 300_000;
    assert_eq!(
        Runtime::new(&table).deadline(&p.session),
        Some(p.now + 3_000)
    );
    p.answered("unavailable", Value::Null);
    assert_eq!(p.at(), "dropped");
    assert!(p.now < deadline);
}

#[test]
fn a_deadline_waits_for_the_call_in_flight() {
    let table = desk();
    let mut p = Play::new(&table);
    p.start(json!({"phone": "+1"}));
    p.answered("ok", lead());
    p.now = 1_000_000 + 89_999;
    p.agent("chose", json!({"id": "S1", "party": 2}));
    p.answered("conflict", Value::Null);
    p.now += 89_999;
    p.agent("chose", json!({"id": "S1", "party": 2}));
    p.answered("unavailable", Value::Null);
    p.now = 1_000_000 + 299_999;
    p.step(Request::Tick { retry: true }).unwrap();
    assert_eq!(p.open(), ["call calendar.book"]);
    p.pass(1_000);
    assert_eq!(p.at(), "reserve");
    let stepped = p.answered("timeout", Value::Null);
    assert!(stepped.record.trace.contains(&Trace::Deadline {
        scope: "f".to_owned()
    }));
    assert_eq!(p.at(), "settle_booking");
    p.answered("ok", json!("B1"));
    assert_eq!(p.at(), "booked");
}

#[test]
fn retries_wait_longer_each_time_and_share_their_attempts() {
    let table = desk();
    let mut p = Play::new(&table);
    p.start(json!({"phone": "+1"}));
    p.answered("unavailable", Value::Null);
    assert_eq!(p.open(), ["wait 200"]);
    p.pass(199);
    assert_eq!(p.open(), ["wait 1"]);
    p.pass(1);
    assert_eq!(p.open(), ["call crm.lookup"]);
    p.pass(2_000);
    assert_eq!(p.open(), ["wait 400"]);
    // The host has drawn less than the bound.
    p.now += 10;
    p.step(Request::Tick { retry: true }).unwrap();
    assert_eq!(p.open(), ["call crm.lookup"]);
    p.answered("unavailable", Value::Null);
    assert_eq!(p.at(), "take_message");
    assert_eq!(p.calls("crm.lookup"), 3);
}

#[test]
fn an_agent_that_spends_its_calls_is_exhausted() {
    let table = desk();
    let mut p = Play::new(&table);
    p.start(json!({"phone": "+1"}));
    p.answered("ok", lead());
    let slot = json!({"slot": "S1", "lead": "L1"});
    // A refused proposal counts as well.
    let refused = p.propose(
        "calendar.book",
        json!({"slot": "S1", "lead": "L1", "party": 1}),
    );
    assert_eq!(refused.rule.as_deref(), Some("not_here"));
    assert!(
        refused.reason.contains("calendar.find"),
        "{}",
        refused.reason
    );
    p.call("calendar.find", slot.clone());
    p.answered("not_found", Value::Null);
    let spent = p.propose("calendar.find", slot);
    assert_eq!(spent.rule.as_deref(), Some("not_here"));
    assert_eq!(p.at(), "take_message");
}

#[test]
fn an_agents_time_runs_out_behind_its_call() {
    let table = desk();
    let mut p = Play::new(&table);
    p.start(json!({"phone": "+1"}));
    p.answered("ok", lead());
    p.now += 89_000;
    p.call("calendar.find", json!({"slot": "S1", "lead": "L1"}));
    p.pass(1_500);
    assert_eq!(p.at(), "choose_slot");
    p.answered("not_found", Value::Null);
    assert_eq!(p.at(), "take_message");
}

#[test]
fn an_agent_may_speak_while_its_call_is_in_flight() {
    let table = desk();
    let mut p = Play::new(&table);
    p.start(json!({"phone": "+1"}));
    p.answered("ok", lead());
    p.call("calendar.find", json!({"slot": "S1", "lead": "L1"}));
    p.agent("wants_human", Value::Null);
    assert_eq!(
        (p.at().as_str(), p.open()),
        ("choose_slot", vec!["call calendar.find".to_owned()])
    );
    let refused = p.propose("calendar.find", json!({"slot": "S1", "lead": "L1"}));
    assert_eq!(refused.rule.as_deref(), Some("not_here"));
    p.answered("not_found", Value::Null);
    assert_eq!(p.at(), "take_message");
}

#[test]
fn what_an_agent_says_is_checked() {
    let table = desk();
    for (outcome, value) in [
        ("chose", json!({"id": "S1"})),
        ("chose", Value::Null),
        ("sang", Value::Null),
    ] {
        let mut p = Play::new(&table);
        p.start(json!({"phone": "+1"}));
        p.answered("ok", lead());
        let stepped = p.agent(outcome, value);
        assert_eq!(p.at(), "take_message");
        assert!(
            stepped
                .record
                .trace
                .iter()
                .any(|t| matches!(t, Trace::Outcome { outcome, .. } if outcome == "malformed"))
        );
    }
}

#[test]
fn calls_in_flight_at_a_restart_are_timeouts() {
    let table = desk();
    let mut p = reserving(&table);
    p.step(Request::Reload {}).unwrap();
    assert_eq!(
        (p.at().as_str(), p.open()),
        ("settle_booking", vec!["call calendar.find".to_owned()])
    );
    let late = p.step(Request::Reply {
        to: Asked::Call(2),
        outcome: "ok".to_owned(),
        value: Some(json!("B1")),
    });
    assert!(
        matches!(late, Err(Fault::CallOver { call: 2, .. })),
        "{late:?}"
    );
    p.answered("ok", json!("B1"));
    assert_eq!(p.at(), "booked");
}

#[test]
fn a_reply_after_the_timeout_changes_nothing_but_is_no_fault() {
    let table = desk();
    let mut p = reserving(&table);
    p.now += 3_001;
    let stepped = p.reply(2, "ok", json!("B1"));
    assert!(stepped.record.trace.contains(&Trace::Late {}));
    assert_eq!(p.at(), "settle_booking");
}

#[test]
fn a_reply_at_the_moment_of_the_timeout_is_in_time() {
    let table = desk();
    let mut p = reserving(&table);
    p.now += 3_000;
    p.answered("ok", json!("B1"));
    assert_eq!(p.at(), "booked");
}
