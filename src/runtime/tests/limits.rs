//! Limits: of the session, and shared.

use super::shop::{look_up, play, refund, shop};
use super::*;

#[test]
fn calls_per_window_are_shared_and_tell_how_long_to_wait() {
    let table = shop();
    let mut p = play(&table);
    for order in ["A", "B", "C", "D"] {
        look_up(&mut p, order);
    }
    for (order, wait) in [("A", 0), ("B", 1_000), ("C", 2_000)] {
        p.now += wait;
        p.call("pay.refund", refund(order, 5));
        p.answered("refused", Value::Null);
    }
    let v = p.propose("pay.refund", refund("D", 5));
    assert_eq!(
        (v.verdict, v.rule.as_deref()),
        (Verdict::Limited, Some("refund_rate"))
    );
    assert_eq!(v.again, Again::AfterWait { wait_ms: 7_000 });
    assert_eq!(v.again.words(), "Ask again in 7s.");
    assert_eq!(
        v.reason,
        "The limit of 3 calls per 10s is used up: a wave is a fault."
    );
    // Another session sees the same counter.
    let mut q = play(&table);
    q.now = p.now;
    q.counters = p.counters.clone();
    look_up(&mut q, "D");
    let v = q.propose("pay.refund", refund("D", 5));
    assert_eq!(v.verdict, Verdict::Limited);
    q.now += 7_000;
    q.call("pay.refund", refund("D", 5));
}

#[test]
fn one_effect_per_key_and_session() {
    let table = shop();
    let mut p = play(&table);
    look_up(&mut p, "A");
    p.call("pay.refund", refund("A", 5));
    // In flight, it may be happening.
    look_up(&mut p, "A");
    let v = p.propose("pay.refund", refund("A", 6));
    assert_eq!(
        v.rule.as_deref(),
        Some("sound_refund"),
        "a write in flight hides the fact"
    );
    let refused = p.session.calls()[1].id;
    p.reply(refused, "refused", Value::Null);
    p.call("pay.refund", refund("A", 6));
    p.answered("ok", json!("R1"));
    look_up(&mut p, "A");
    let v = p.propose("pay.refund", refund("A", 5));
    assert_eq!(
        (v.verdict, v.rule.as_deref()),
        (Verdict::Limited, Some("refund_once"))
    );
    assert_eq!(v.again, Again::Later {});
    look_up(&mut p, "B");
    p.call("pay.refund", refund("B", 5));
}

#[test]
fn a_repeat_is_no_further_effect_but_a_further_call() {
    let table = shop();
    let mut p = play(&table);
    look_up(&mut p, "A");
    for outcome in ["timeout", "unavailable", "timeout"] {
        p.call("pay.refund", refund("A", 5));
        p.answered(outcome, Value::Null);
    }
    let repeats: Vec<_> = p.session.calls().iter().map(|c| c.effect).collect();
    assert_eq!(repeats, [1, 2, 2, 2]);
    assert_eq!(p.session.calls()[1].fate, session::Fate::Unsettled);
    let v = p.propose("pay.refund", refund("A", 5));
    assert_eq!(v.rule.as_deref(), Some("refund_rate"));
}

#[test]
fn a_repeat_ends_with_the_other_sides_memory() {
    let table = shop();
    let mut p = play(&table);
    look_up(&mut p, "A");
    p.call("pay.refund", refund("A", 5));
    p.answered("timeout", Value::Null);
    p.now += 59_999;
    p.call("pay.refund", refund("A", 5));
    p.answered("unavailable", Value::Null);
    p.now += 1;
    let v = p.propose("pay.refund", refund("A", 5));
    assert_eq!(v.rule.as_deref(), Some("unsettled"));
}

#[test]
fn a_proposal_takes_all_its_limits_or_none() {
    let table = shop();
    let mut p = play(&table);
    look_up(&mut p, "A");
    p.call("pay.refund", refund("A", 5));
    p.answered("ok", json!("R1"));
    look_up(&mut p, "A");
    for _ in 0..5 {
        let v = p.propose("pay.refund", refund("A", 6));
        assert_eq!(v.rule.as_deref(), Some("refund_once"));
    }
    for order in ["B", "C"] {
        look_up(&mut p, order);
        p.call("pay.refund", refund(order, 5));
        p.answered("refused", Value::Null);
    }
}

#[test]
fn a_key_left_out_is_a_key() {
    let table = shop();
    let mut p = play(&table);
    for _ in 0..2 {
        p.call("pay.note", json!({"text": "x"}));
        p.answered("ok", Value::Null);
    }
    let v = p.propose("pay.note", json!({"text": "x"}));
    assert_eq!(v.verdict, Verdict::Limited);
    p.call("pay.note", json!({"text": "x", "tag": "t"}));
}

#[test]
fn the_slot_of_an_effect_comes_back_when_nothing_happened() {
    let table = shop();
    let mut p = play(&table);
    let to = json!({"to": "x"});
    p.call("mail.send", to.clone());
    assert_eq!(p.propose("mail.send", to.clone()).verdict, Verdict::Limited);
    p.answered("unavailable", Value::Null);
    p.call("mail.send", to.clone());
    p.answered("timeout", Value::Null);
    p.step(Request::Resolve {
        call: 2,
        happened: false,
        result: None,
    })
    .unwrap();
    p.call("mail.send", to.clone());
    p.answered("ok", json!("M1"));
    let v = p.propose("mail.send", to);
    assert_eq!(v.again, Again::AfterWait { wait_ms: 1_000 });
}

/// A store that takes, and then fails.
struct Failing(Memory);

impl Counters for Failing {
    fn peek(&mut self, _: i64, _: &[counters::Want]) -> Result<counters::FreeAt, String> {
        Err("the store is down".to_owned())
    }

    fn take(&mut self, _: i64, _: &[counters::Want]) -> Result<counters::FreeAt, String> {
        Err("the store is down".to_owned())
    }

    fn give_back(&mut self, key: &str, at: i64) -> Result<(), String> {
        self.0.give_back(key, at)
    }
}

#[test]
fn a_store_that_cannot_answer_decides_nothing() {
    let table = shop();
    let mut session = Session::new(&table, "s");
    let before = session.clone();
    let inputs = object(json!({"open": true}));
    let given = Given {
        now: 5,
        inputs: &inputs,
        counters: &mut Failing(Memory::new()),
    };
    let request = Request::Propose {
        action: "mail.send".to_owned(),
        args: json!({"to": "x"}),
    };
    let fault = Runtime::new(&table)
        .step(&mut session, given, request)
        .unwrap_err();
    assert!(fault.to_string().contains("the store is down"), "{fault}");
    assert_eq!(session, before);
}
