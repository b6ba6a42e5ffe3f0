//! Doubt, and how it is settled without a flow.

use super::session::Fate;
use super::shop::{look_up, play, refund, shop};
use super::*;

fn in_doubt(table: &Table) -> Play<'_> {
    let mut p = play(table);
    look_up(&mut p, "A");
    p.call("pay.refund", refund("A", 50));
    p.answered("timeout", Value::Null);
    assert_eq!(p.session.calls()[1].fate, Fate::Unsettled);
    p
}

fn ask(p: &mut Play<'_>, order: &str, outcome: &str, value: Value) -> Fate {
    p.call("pay.find", json!({"order": order}));
    p.answered(outcome, value);
    p.session.calls()[1].fate
}

#[test]
fn calling_the_confirm_settles() {
    let table = shop();
    let mut p = in_doubt(&table);
    assert_eq!(ask(&mut p, "B", "ok", json!("R9")), Fate::Unsettled);
    assert_eq!(ask(&mut p, "A", "timeout", Value::Null), Fate::Unsettled);
    assert_eq!(ask(&mut p, "A", "ok", json!("R1")), Fate::Happened);
    assert_eq!(p.session.calls()[1].result, Some(json!("R1")));
}

#[test]
fn absent_is_believed_only_once_a_late_write_must_have_landed() {
    let table = shop();
    let mut p = in_doubt(&table);
    // Declared a timeout at once; it could still land within its 3 s, and 5 s are to be added.
    p.now += 7_999;
    assert_eq!(ask(&mut p, "A", "not_found", Value::Null), Fate::Unsettled);
    p.now += 1;
    assert_eq!(ask(&mut p, "A", "not_found", Value::Null), Fate::Absent);
}

#[test]
fn an_answer_asked_for_before_the_write_ended_tells_nothing() {
    let table = shop();
    let mut p = play(&table);
    look_up(&mut p, "A");
    let write = p.call("pay.refund", refund("A", 50));
    let asked = p.call("pay.find", json!({"order": "A"}));
    p.reply(write, "timeout", Value::Null);
    p.reply(asked, "ok", json!("R0"));
    assert_eq!(p.session.calls()[1].fate, Fate::Unsettled);
}

#[test]
fn a_host_resolves_by_hand() {
    let table = shop();
    let resolve = |p: &mut Play<'_>, call, happened, result| {
        p.step(Request::Resolve {
            call,
            happened,
            result,
        })
    };
    let mut p = in_doubt(&table);
    let wrong = resolve(&mut p, 2, true, Some(json!(7))).unwrap_err();
    assert_eq!(wrong.code(), "result");
    resolve(&mut p, 2, true, Some(json!("R1"))).unwrap();
    assert_eq!(p.session.calls()[1].fate, Fate::Happened);
    assert_eq!(
        resolve(&mut p, 2, false, None).unwrap_err(),
        Fault::NotUnsettled { call: 2 }
    );
    assert_eq!(
        resolve(&mut p, 1, false, None).unwrap_err(),
        Fault::NotUnsettled { call: 1 }
    );
    let mut p = in_doubt(&table);
    resolve(&mut p, 2, false, None).unwrap();
    assert_eq!(p.session.calls()[1].fate, Fate::Absent);
}

#[test]
fn replies_are_validated() {
    let table = shop();
    let mut p = play(&table);
    for (outcome, value) in [
        ("ok", json!({"id": "A"})),
        ("ok", json!({"id": "A", "total": 1001})),
        ("ok", Value::Null),
        ("exploded", Value::Null),
        ("malformed", Value::Null),
    ] {
        p.call("shop.find", json!({"order": "A"}));
        p.answered(outcome, value);
        let ended = p.session.calls().last().unwrap().ended.as_ref().unwrap();
        assert_eq!(ended.outcome, "malformed");
    }
    p.call("shop.find", json!({"order": "A"}));
    p.answered("ok", json!({"id": "A", "total": 1, "more": [1]}));
    let result = p.session.calls().last().unwrap().result.clone();
    assert_eq!(
        result,
        Some(json!({"id": "A", "total": 1})),
        "what isn't declared is dropped"
    );
}

#[test]
fn an_expendable_write_needs_no_settling() {
    let table = shop();
    let mut p = play(&table);
    p.call("pay.note", json!({"text": "x"}));
    p.answered("timeout", Value::Null);
    assert_eq!(p.session.calls()[0].fate, Fate::Doubtful);
    p.call("pay.note", json!({"text": "y"}));
}
