//! Approvals.

use super::shop::{look_up, play, refund, shop};
use super::*;

fn asked<'t>(table: &'t Table) -> (Play<'t>, String) {
    let mut p = play(table);
    look_up(&mut p, "A");
    let v = p.propose("pay.refund", refund("A", 200));
    assert_eq!(
        (v.verdict, v.again),
        (Verdict::Escalate, Again::AfterApproval {})
    );
    (p, v.approval.unwrap())
}

fn approve(p: &mut Play<'_>, approval: &str, granted: bool) -> Result<Stepped, Fault> {
    p.step(Request::Approve {
        approval: approval.to_owned(),
        granted,
        by: Some("Eve".to_owned()),
    })
}

#[test]
fn an_approval_turns_one_escalation_into_a_call() {
    let table = shop();
    let (mut p, id) = asked(&table);
    let open = Runtime::new(&table).open(&p.session);
    let Directive::Approval {
        role,
        wire,
        rule,
        because,
        expires_at,
        ..
    } = &open[0]
    else {
        panic!("{open:?}")
    };
    assert_eq!(
        (role.as_str(), wire.as_str(), rule.as_str()),
        ("manager", "mgr", "large_refund")
    );
    assert_eq!(
        (because.as_deref(), *expires_at),
        (Some("money"), Some(p.now + 10_000))
    );
    let stepped = approve(&mut p, &id, true).unwrap();
    assert_eq!(stepped.verdict.unwrap().verdict, Verdict::Allow);
    assert_eq!(p.open(), ["call pay.refund"]);
    p.answered("ok", json!("R1"));
    // It is used up.
    let again = approve(&mut p, &id, true).unwrap_err();
    assert!(again.to_string().contains("it is spent"), "{again}");
}

#[test]
fn it_covers_the_retries_of_its_call_within_its_window() {
    let table = shop();
    let (mut p, id) = asked(&table);
    approve(&mut p, &id, true).unwrap();
    // While it is in flight, a second one needs its own approval.
    let parallel = p.propose("pay.refund", refund("A", 200));
    assert_ne!(parallel.verdict, Verdict::Allow);
    p.answered("unavailable", Value::Null);
    p.now += 9_999;
    p.call("pay.refund", refund("A", 200));
    p.answered("unavailable", Value::Null);
    p.now += 1;
    let v = p.propose("pay.refund", refund("A", 200));
    assert_eq!(v.verdict, Verdict::Escalate);
    assert_ne!(v.approval.unwrap(), id);
}

#[test]
fn it_covers_no_other_arguments() {
    let table = shop();
    let (mut p, id) = asked(&table);
    approve(&mut p, &id, true).unwrap();
    p.answered("unavailable", Value::Null);
    let v = p.propose("pay.refund", refund("A", 201));
    assert_eq!(v.verdict, Verdict::Escalate);
    let claim = with(refund("A", 200), json!({"reason": "late"}));
    assert_eq!(p.propose("pay.refund", claim).verdict, Verdict::Escalate);
}

#[test]
fn the_same_question_is_asked_once() {
    let table = shop();
    let (mut p, id) = asked(&table);
    let v = p.propose("pay.refund", refund("A", 200));
    assert_eq!(v.approval.as_deref(), Some(id.as_str()));
    assert_eq!(p.open(), ["approval large_refund"]);
}

#[test]
fn when_it_comes_the_proposal_is_decided_afresh() {
    let table = shop();
    let (mut p, id) = asked(&table);
    // A write of the integration makes the fact forgotten.
    p.call("pay.note", json!({"text": "x"}));
    p.answered("timeout", Value::Null);
    let stepped = approve(&mut p, &id, true).unwrap();
    let v = stepped.verdict.unwrap();
    assert_eq!(
        (v.verdict, v.rule.as_deref()),
        (Verdict::Deny, Some("sound_refund"))
    );
    look_up(&mut p, "A");
    assert_eq!(
        p.propose("pay.refund", refund("A", 200)).verdict,
        Verdict::Escalate
    );
}

#[test]
fn a_declined_or_late_approval_admits_nothing() {
    let table = shop();
    let (mut p, id) = asked(&table);
    approve(&mut p, &id, false).unwrap();
    assert_eq!(p.open(), [""; 0]);
    let (mut p, id) = asked(&table);
    p.now += 10_000;
    let stepped = approve(&mut p, &id, true).unwrap();
    assert!(stepped.record.trace.contains(&Trace::Late {}));
    assert_eq!((p.open(), p.calls("pay.refund")), (vec![], 0));
    let fault = approve(&mut p, &id, true).unwrap_err();
    assert!(fault.to_string().contains("it is expired"), "{fault}");
}

#[test]
fn it_belongs_to_its_session() {
    let table = shop();
    let (_p, id) = asked(&table);
    let mut q = play(&table);
    q.session = Session::new(&table, "s2");
    look_up(&mut q, "A");
    let v = q.propose("pay.refund", refund("A", 200));
    assert_ne!(v.approval.as_deref(), Some(id.as_str()));
    assert_eq!(
        approve(&mut q, &id, true).unwrap_err().code(),
        "no_approval"
    );
}
