//! Facts: when they hold, and when they are forgotten.

use super::shop::{look_up, play, refund, shop};
use super::*;

fn known(p: &mut Play<'_>, order: &str) -> bool {
    // More than the total is refused for that alone, once the order is known.
    let v = p.propose("pay.refund", refund(order, 101));
    match v.rule.as_deref() {
        Some("large_refund") => true,
        Some("sound_refund") => false,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_fact_lapses() {
    let table = shop();
    let mut p = play(&table);
    look_up(&mut p, "A");
    p.now += 29_999;
    assert!(known(&mut p, "A"));
    p.now += 1;
    assert!(!known(&mut p, "A"));
    look_up(&mut p, "A");
    assert!(known(&mut p, "A"));
}

#[test]
fn the_latest_reply_counts_and_a_failed_call_does_not() {
    let table = shop();
    let mut p = play(&table);
    look_up(&mut p, "A");
    let call = p.call("shop.find", json!({"order": "A"}));
    p.reply(call, "unavailable", Value::Null);
    assert!(known(&mut p, "A"));
    let call = p.call("shop.find", json!({"order": "A"}));
    p.reply(call, "ok", json!({"id": "A", "total": 100}));
    assert!(!known(&mut p, "A"));
}

#[test]
fn a_write_with_the_key_forgets_that_key_and_one_without_forgets_all() {
    let table = shop();
    let mut p = play(&table);
    look_up(&mut p, "A");
    look_up(&mut p, "B");
    p.call("pay.refund", refund("A", 5));
    assert!(!known(&mut p, "A"), "it may be happening");
    assert!(known(&mut p, "B"));
    p.answered("unavailable", Value::Null);
    assert!(known(&mut p, "A"), "nothing happened");
    p.call("pay.refund", refund("A", 5));
    p.answered("ok", json!("R1"));
    assert!(!known(&mut p, "A"));
    assert!(known(&mut p, "B"));
    p.call("pay.note", json!({"text": "x"}));
    p.answered("timeout", Value::Null);
    assert!(!known(&mut p, "B"));
}

#[test]
fn a_reply_asked_for_before_a_write_ended_is_forgotten_with_it() {
    let table = shop();
    let mut p = play(&table);
    let read = p.call("shop.find", json!({"order": "A"}));
    let write = p.call("pay.note", json!({"text": "x"}));
    p.reply(write, "ok", Value::Null);
    p.reply(read, "ok", json!({"id": "A", "total": 500}));
    assert!(!known(&mut p, "A"));
}

#[test]
fn the_fact_under_which_a_call_was_admitted_holds_for_its_repeats() {
    let table = shop();
    let mut p = play(&table);
    look_up(&mut p, "A");
    p.call("pay.refund", refund("A", 5));
    p.answered("timeout", Value::Null);
    p.now += 40_000;
    // The fact is forgotten, and has lapsed besides.
    p.call("pay.refund", refund("A", 5));
    p.answered("ok", json!("R1"));
}

#[test]
fn after_nothing_happened_the_same_call_is_a_new_one() {
    let table = shop();
    let mut p = play(&table);
    look_up(&mut p, "A");
    p.call("pay.refund", refund("A", 5));
    p.answered("unavailable", Value::Null);
    p.now += 40_000;
    let v = p.propose("pay.refund", refund("A", 5));
    assert_eq!(v.rule.as_deref(), Some("sound_refund"));
}
