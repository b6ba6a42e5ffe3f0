//! A flow that waits: for an approval, for a limit.

use super::*;

/// Action 0 pay.out: escalated, and limited to 2 calls per 10 s. Slots: none.
///
/// States: 0 pay, 1 talk (an agent that may pay). Ends: 0 paid, 1 declined, 2 expired, 3 failed,
/// 4 limited, 5 stopped.
pub(super) fn paying() -> Table {
    let pay = with(
        action("pay.out", json!([field("to", string())])),
        json!({
            "effect": {"kind": "write", "expendable": false, "idempotent": {"by": [0]}},
            "verdicts": [{"verdict": "escalate", "rule": 0, "reason": "ask", "again": {"kind": "after_approval"}}],
            "limits": [{"limit": 0, "keys": []}]
        }),
    );
    let again = |outcome: &str, to: Value, group: u32| {
        let retry = json!({"retry": {"group": group, "count": 1, "first_ms": 0, "cap_ms": 0}});
        with(on(outcome, to), retry)
    };
    let limited = json!({"retry": {"group": 2, "count": 1, "first_ms": 20_000, "cap_ms": 20_000}});
    let do_pay = state(
        "pay",
        json!({"kind": "do", "action": 0, "args": [{"kind": "const", "value": "Ada"}]}),
        vec![
            on("ok", to(1)),
            on("declined", end(1)),
            on("expired", end(2)),
            with(on("limited", end(4)), limited),
            again("unavailable", end(3), 0),
            again("timeout", end(3), 1),
            on("malformed", end(3)),
        ],
    );
    let talk = state(
        "talk",
        json!({"kind": "agent", "given": [], "may": [0], "calls": 9, "within_ms": 100_000, "outcomes": [{"name": "done"}]}),
        vec![
            on("done", to(0)),
            on("stuck", end(3)),
            on("exhausted", end(3)),
            on("malformed", end(3)),
        ],
    );
    let ends = [
        ("paid", "success"),
        ("declined", "fallback"),
        ("expired", "fallback"),
        ("failed", "failure"),
        ("limited", "failure"),
        ("stopped", "fallback"),
    ];
    let ends = ends.map(|(name, class)| an_end(name, class)).to_vec();
    let stop = json!([{"event": 0, "to": end(5)}]);
    table(with(
        body(json!([pay])),
        json!({
            "roles": [{"name": "boss", "wire": "boss"}],
            "events": [{"name": "stop", "wire": "stop"}],
            "rules": [
                {"name": "big", "kind": "escalate", "role": 0, "within_ms": 30_000},
                {"name": "rate", "kind": "limit"}
            ],
            "limits": [{"rule": 1, "count": 2, "effects": false, "per_ms": 10_000, "counted": [{"action": 0, "keys": []}]}],
            "flows": [with(
                flow(json!([]), json!([]), vec![do_pay, talk], ends),
                json!({"scopes": [{"name": "", "flow": "f", "events": stop}]}),
            )]
        }),
    ))
}

fn answer(p: &mut Play<'_>, granted: bool) -> Stepped {
    let open = Runtime::new(p.table).open(&p.session);
    let approval = open.into_iter().find_map(|d| match d {
        Directive::Approval { approval, .. } => Some(approval),
        _ => None,
    });
    p.step(Request::Approve {
        approval: approval.expect("an approval is open"),
        granted,
        by: None,
    })
    .unwrap()
}

fn started(table: &Table) -> Play<'_> {
    let mut p = Play::new(table);
    p.start(json!({}));
    assert_eq!(p.open(), ["approval big"]);
    p
}

#[test]
fn a_step_waits_for_its_approval_and_retries_under_it() {
    let table = paying();
    let mut p = started(&table);
    let deadline = Runtime::new(&table).deadline(&p.session);
    assert_eq!(deadline, Some(p.now + 30_000));
    p.now += 29_000;
    answer(&mut p, true);
    assert_eq!(p.open(), ["call pay.out"]);
    // The retry is covered.
    p.answered("unavailable", Value::Null);
    assert_eq!(p.open(), ["call pay.out"]);
    p.answered("ok", Value::Null);
    assert_eq!(p.at(), "talk");
}

#[test]
fn a_retry_after_the_window_asks_again() {
    let table = paying();
    let mut p = started(&table);
    p.now += 29_000;
    answer(&mut p, true);
    p.pass(3_000);
    assert_eq!(p.open(), ["approval big"]);
}

#[test]
fn declined_and_expired_are_outcomes() {
    let table = paying();
    let mut p = started(&table);
    answer(&mut p, false);
    assert_eq!(p.at(), "declined");
    let mut p = started(&table);
    p.pass(29_999);
    assert_eq!(p.at(), "pay");
    p.pass(1);
    assert_eq!(p.at(), "expired");
}

#[test]
fn an_event_withdraws_what_is_asked() {
    let table = paying();
    let mut p = started(&table);
    p.event("stop");
    assert_eq!(
        (p.at().as_str(), p.open()),
        ("stopped", vec!["ended stopped".to_owned()])
    );
    let withdrawn = p.session.approvals()[0].id.clone();
    let late = p.step(Request::Approve {
        approval: withdrawn,
        granted: true,
        by: None,
    });
    assert!(late.unwrap_err().to_string().contains("withdrawn"));
}

#[test]
fn a_limit_used_up_meanwhile_is_an_outcome_that_can_be_waited_for() {
    let table = paying();
    let mut p = started(&table);
    let wants = [counters::Want {
        key: "test/limit/rate".to_owned(),
        count: 2,
        window_ms: 10_000,
    }];
    p.counters.take(p.now, &wants).unwrap();
    p.counters.take(p.now, &wants).unwrap();
    let stepped = answer(&mut p, true);
    assert_eq!(stepped.verdict.unwrap().verdict, Verdict::Limited);
    assert_eq!(p.open(), ["wait 20000"]);
    p.pass(20_000);
    // That approval was used for the decision that found the limit used up.
    assert_eq!(p.open(), ["approval big"]);
    answer(&mut p, true);
    p.answered("ok", Value::Null);
    assert_eq!(p.at(), "talk");
}

#[test]
fn an_agents_approval_ends_with_its_state() {
    let table = paying();
    let mut p = started(&table);
    answer(&mut p, true);
    p.answered("ok", Value::Null);
    let v = p.propose("pay.out", json!({"to": "Bob"}));
    assert_eq!(v.verdict, Verdict::Escalate);
    assert_eq!(p.open(), ["approval big", "agent talk"]);
    let stepped = answer(&mut p, true);
    assert_eq!(stepped.verdict.unwrap().verdict, Verdict::Allow);
    assert_eq!(p.open(), ["call pay.out", "agent talk"]);
    p.answered("unavailable", Value::Null);
    p.now += 10_000;
    p.propose("pay.out", json!({"to": "Cyd"}));
    p.agent("done", Value::Null);
    // The step in `pay` asks for itself, and what the agent had asked is withdrawn.
    assert_eq!(p.open(), ["approval big"]);
    let statuses: Vec<_> = p
        .session
        .approvals()
        .iter()
        .map(|a| a.status.word())
        .collect();
    assert_eq!(statuses, ["spent", "granted", "withdrawn", "pending"]);
}
