//! Inlined runs, questions, duplicate triggers, events and deadlines across scopes.

use super::*;

/// The flow `f(key)` runs `g(word)` in state `sub` and goes by its ends.
///
/// States: 0 ask (agent), 1 sub (run), 2 sub/say (ask), 3 sub/do (do), 4 rest (agent).
/// Slots: 0 key, 1 said, 2 sub/word, 3 sub/heard. Ends: 0 done, 1 dropped, 2 duplicate, 3 out.
pub(super) fn scopes() -> Table {
    let ping = with(
        action("a.ping", json!([field("text", string())])),
        json!({"result": string()}),
    );
    let agent = |next: Value| {
        json!({"kind": "agent", "given": [], "may": [0], "calls": 5, "within_ms": 50_000,
               "outcomes": [{"name": "go"}], "next": next})
    };
    let agent_state = |name: &str, next: Value| {
        let mut step = agent(Value::Null);
        step.as_object_mut().unwrap().remove("next");
        state(
            name,
            step,
            vec![
                on("go", next),
                on("stuck", end(1)),
                on("exhausted", end(1)),
                on("malformed", end(1)),
            ],
        )
    };
    let back = |outcome: &str, gives: Value| {
        let target = json!({"kind": "return", "state": 1, "outcome": outcome});
        if gives.is_null() {
            target
        } else {
            with(target, json!({"gives": gives}))
        }
    };
    let sub = with(
        state(
            "sub",
            json!({"kind": "run", "scope": 1, "args": [[2, slot(0, &[])]], "start": to(2), "bind": 1}),
            vec![
                on("heard", to(4)),
                with(on("deaf", end(1)), retry(1, 0, 0)),
                on("late", end(3)),
            ],
        ),
        json!({"visits": {"count": 2, "to": end(1)}}),
    );
    let text = json!({"kind": "template", "parts": [
        {"kind": "text", "text": "Say "},
        {"kind": "hole", "path": {"root": {"kind": "slot", "index": 2}}}
    ]});
    let say = with(
        state(
            "sub/say",
            json!({"kind": "ask", "role": 0, "text": text, "type": string(), "bind": 3, "within_ms": 20_000}),
            vec![
                on("answered", to(3)),
                on("no_answer", back("deaf", Value::Null)),
                with(on("unclear", back("deaf", Value::Null)), retry(1, 0, 0)),
                on("unreachable", back("deaf", Value::Null)),
            ],
        ),
        json!({"scope": 1, "visits": {"count": 1, "to": back("deaf", Value::Null)}}),
    );
    let done = with(
        state(
            "sub/do",
            json!({"kind": "do", "action": 0, "args": [slot(3, &[])]}),
            vec![
                on("ok", back("heard", slot(3, &[]))),
                on("timeout", to(2)),
                on("malformed", to(2)),
                on("unavailable", to(2)),
            ],
        ),
        json!({"scope": 1}),
    );
    let say = with(say, json!({"events": [{"event": 1}]}));
    let scope = |name: &str, flow: &str, within: Value, events: Value| json!({"name": name, "flow": flow, "within": within, "events": events});
    let mut inner = scope(
        "sub",
        "g",
        json!({"ms": 30_000, "to": back("late", Value::Null)}),
        json!([{"event": 0, "to": back("late", Value::Null)}]),
    );
    inner["parent"] = json!(0);
    let flow = with(
        flow(
            json!([field("key", string())]),
            json!([
                {"name": "key", "type": string(), "scope": 0},
                {"name": "said", "type": string(), "scope": 0},
                {"name": "sub/word", "type": string(), "scope": 1},
                {"name": "sub/heard", "type": string(), "scope": 1}
            ]),
            vec![
                agent_state("ask", to(1)),
                sub,
                say,
                done,
                agent_state("rest", end(0)),
            ],
            vec![
                with(an_end("done", "success"), json!({"gives": slot(1, &[])})),
                an_end("dropped", "failure"),
                an_end("duplicate", "success"),
                an_end("out", "fallback"),
            ],
        ),
        json!({
            "once": {"by": [0], "for_ms": 100_000, "to": end(2)},
            "scopes": [
                scope("", "f", json!({"ms": 60_000, "to": end(3)}),
                      json!([{"event": 0, "to": end(1)}, {"event": 1, "to": end(1)}])),
                inner
            ]
        }),
    );
    table(with(
        body(json!([ping])),
        json!({
            "roles": [{"name": "customer", "wire": "customer"}],
            "events": [{"name": "hangup", "wire": "hangup"}, {"name": "noise", "wire": "noise"}],
            "flows": [flow]
        }),
    ))
}

fn asking(table: &Table) -> Play<'_> {
    let mut p = Play::new(table);
    p.start(json!({"key": "k"}));
    p.agent("go", Value::Null);
    assert_eq!(p.at(), "sub/say");
    p
}

fn person(p: &mut Play<'_>, outcome: &str, value: Value) -> Stepped {
    let entry = p.entry();
    p.answer(Asked::Ask(entry), outcome, value)
}

#[test]
fn an_inlined_run_gives_its_value_to_the_state_that_runs_it() {
    let table = scopes();
    let mut p = asking(&table);
    let open = Runtime::new(&table).open(&p.session);
    let Directive::Ask { text, role, .. } = &open[0] else {
        panic!("{open:?}")
    };
    assert_eq!((text.as_str(), role.as_str()), ("Say k", "customer"));
    person(&mut p, "answered", json!("hello"));
    p.answered("ok", json!("x"));
    assert_eq!(p.at(), "rest");
    p.agent("go", Value::Null);
    assert_eq!(
        p.session.run().unwrap().end.as_ref().unwrap().gives,
        Some(json!("hello"))
    );
}

#[test]
fn a_run_that_is_retried_begins_afresh() {
    let table = scopes();
    let mut p = asking(&table);
    p.now += 1;
    person(&mut p, "unreachable", Value::Null);
    // Its visits, deadline and bindings are new.
    assert_eq!(p.at(), "sub/say");
    let level = p.session.top().unwrap();
    assert_eq!((level.visits[&2], level.since), (1, p.now));
    person(&mut p, "answered", json!("hello"));
    p.answered("timeout", Value::Null);
    assert_eq!(p.at(), "dropped");
}

#[test]
fn a_value_of_another_type_is_unclear() {
    let table = scopes();
    let mut p = asking(&table);
    let first = p.entry();
    person(&mut p, "answered", json!(7));
    // Asked again in the same entry.
    assert_eq!((p.at().as_str(), p.entry()), ("sub/say", first));
    person(&mut p, "unclear", Value::Null);
    assert_eq!(p.at(), "sub/say");
    assert_ne!(p.entry(), first);
}

#[test]
fn a_question_ends_with_its_time() {
    let table = scopes();
    let mut p = asking(&table);
    assert_eq!(
        Runtime::new(&table).deadline(&p.session),
        Some(p.now + 20_000)
    );
    let stepped = p.pass(20_000);
    assert!(
        stepped
            .record
            .trace
            .iter()
            .any(|t| matches!(t, Trace::Outcome { outcome, .. } if outcome == "no_answer"))
    );
}

#[test]
fn the_inner_edge_for_an_event_comes_first() {
    let table = scopes();
    let mut p = asking(&table);
    p.event("hangup");
    assert_eq!(p.at(), "out");
}

#[test]
fn a_state_may_ignore_an_event_that_holds_elsewhere() {
    let table = scopes();
    let mut p = asking(&table);
    p.event("noise");
    assert_eq!(p.at(), "sub/say");
    person(&mut p, "answered", json!("hello"));
    p.event("noise");
    p.answered("ok", json!("x"));
    assert_eq!(p.at(), "dropped");
}

#[test]
fn the_inner_deadline_counts_from_entering_the_run() {
    let table = scopes();
    let mut p = Play::new(&table);
    p.start(json!({"key": "k"}));
    p.now += 25_000;
    p.agent("go", Value::Null);
    person(&mut p, "answered", json!("hello"));
    p.now += 3_000;
    p.answered("timeout", Value::Null);
    // Both deadlines are ahead; the inner run's second visit has brought its `deaf` end.
    assert_eq!(p.at(), "sub/say");
    p.pass(19_999);
    person(&mut p, "answered", json!("hello"));
    p.pass(3_000);
    assert_eq!(p.at(), "dropped");
}

#[test]
fn what_fell_due_first_is_taken_first_however_late_the_tick() {
    let table = scopes();
    let mut p = Play::new(&table);
    p.start(json!({"key": "k"}));
    p.pass(1_000_000);
    // The agent's 50 s were over before the flow's 60 s.
    assert_eq!(p.at(), "dropped");
    let mut p = asking(&table);
    p.pass(1_000_000);
    assert_eq!(p.at(), "out");
}

#[test]
fn a_duplicate_trigger_is_dropped_within_its_window() {
    let table = scopes();
    let mut counters = Memory::new();
    for (key, now, expected) in [
        ("k", 1_000_000, "ask"),
        ("k", 1_099_999, "duplicate"),
        ("j", 1_099_999, "ask"),
        ("k", 1_100_000, "ask"),
    ] {
        let mut p = Play::new(&table);
        (p.now, p.counters) = (now, counters.clone());
        p.start(json!({"key": key}));
        assert_eq!(p.at(), expected);
        counters = p.counters.clone();
    }
}

#[test]
fn a_flow_starts_only_in_an_empty_session() {
    let table = scopes();
    let mut p = Play::new(&table);
    let start = |args| Request::Start {
        flow: "f".to_owned(),
        args: object(args),
    };
    let wrong = p.step(start(json!({"key": 1}))).unwrap_err();
    assert_eq!(wrong.code(), "argument");
    p.propose("a.ping", json!({"text": 1}));
    p.start(json!({"key": "k"}));
    assert_eq!(
        p.step(start(json!({"key": "k"}))).unwrap_err(),
        Fault::NotEmpty
    );
    let mut p = Play::new(&table);
    p.call("a.ping", json!({"text": "x"}));
    assert_eq!(
        p.step(start(json!({"key": "k"}))).unwrap_err(),
        Fault::NotEmpty
    );
}

#[test]
fn a_flow_without_an_end_is_refused_not_followed() {
    let spin = |name: &str, next: u32| {
        state(
            name,
            json!({"kind": "choose", "branches": [], "otherwise": to(next)}),
            vec![],
        )
    };
    let flow = flow(
        json!([]),
        json!([]),
        vec![spin("a", 1), spin("b", 0)],
        vec![],
    );
    let table = table(with(body(json!([])), json!({"flows": [flow]})));
    let mut p = Play::new(&table);
    let start = Request::Start {
        flow: "f".to_owned(),
        args: Map::new(),
    };
    assert_eq!(p.step(start).unwrap_err(), Fault::Endless);
}

#[test]
fn an_outcome_without_a_handler_is_refused_and_moves_nothing() {
    let only_ok = state(
        "a",
        json!({"kind": "do", "action": 0, "args": []}),
        vec![on("ok", end(0))],
    );
    let flow = flow(
        json!([]),
        json!([]),
        vec![only_ok],
        vec![an_end("e", "success")],
    );
    let table = table(with(
        body(json!([action("a.b", json!([]))])),
        json!({"flows": [flow]}),
    ));
    let mut p = Play::new(&table);
    p.start(json!({}));
    let reply = Request::Reply {
        to: Asked::Call(1),
        outcome: "unavailable".to_owned(),
        value: None,
    };
    let fault = p.step(reply).unwrap_err();
    assert!(
        fault.to_string().contains("no handler for `unavailable`"),
        "{fault}"
    );
    p.answered("ok", Value::Null);
    assert_eq!(p.at(), "e");
}
