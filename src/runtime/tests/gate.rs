//! Verdicts.

use super::shop::{look_up, play, refund, shop};
use super::*;

#[test]
fn an_invalid_proposal_names_the_argument_and_what_is_wrong() {
    let table = shop();
    let mut p = play(&table);
    for (args, words) in [
        (
            json!({"order": "A", "amount": 1001}),
            "`amount` is wrong: 1001 is above 1000",
        ),
        (json!({"order": "A"}), "`amount` is missing"),
        (
            json!({"order": "A", "amount": 1, "x": 2}),
            "`x` is not known here",
        ),
        (json!([1]), "the arguments must be an object"),
        (json!({"order": "A", "amount": 1.5}), "`amount` is wrong"),
    ] {
        let v = p.propose("pay.refund", args);
        assert_eq!(v.rule.as_deref(), Some("invalid"));
        assert_eq!(v.again, Again::OtherArguments {});
        assert!(v.reason.contains(words), "{}", v.reason);
    }
    let v = p.propose("pay.steal", json!({}));
    assert_eq!(
        (v.verdict, v.rule.as_deref()),
        (Verdict::Deny, Some("invalid"))
    );
    assert!(v.reason.contains("There is no action pay.steal"));
}

#[test]
fn a_denial_says_what_to_do_instead() {
    let table = shop();
    let mut p = play(&table);
    let v = p.propose("refunds.create", refund("A", 50));
    assert_eq!(
        (v.verdict, v.rule.as_deref()),
        (Verdict::Deny, Some("sound_refund"))
    );
    assert_eq!(v.reason, "look the order up first");
    let actions = vec!["shop.find".to_owned()];
    assert_eq!(v.again, Again::AfterAction { actions });
    assert_eq!(v.again.words(), "Ask again after shop.find has succeeded.");
    let instead = v.instead.unwrap();
    assert_eq!(instead.action, "shop.find");
    assert_eq!(Value::Object(instead.args), json!({"order": "A"}));
}

#[test]
fn a_proposal_is_decided_on_fact_and_arguments() {
    let table = shop();
    let mut p = play(&table);
    look_up(&mut p, "A");
    let verdict = |p: &mut Play<'_>, amount| p.propose("pay.refund", refund("A", amount)).rule;
    assert_eq!(verdict(&mut p, 501).as_deref(), Some("sound_refund"));
    assert_eq!(verdict(&mut p, 101).as_deref(), Some("large_refund"));
    assert_eq!(verdict(&mut p, 100).as_deref(), Some("small_refund"));
    let other = p.propose("pay.refund", refund("B", 100));
    assert_eq!(other.rule.as_deref(), Some("sound_refund"));
}

#[test]
fn claims_are_seen_by_the_record_and_never_by_the_tool() {
    let table = shop();
    let mut p = play(&table);
    look_up(&mut p, "A");
    let args = with(refund("A", 5), json!({"reason": "late"}));
    let stepped = p.step(Request::Propose {
        action: "pay.refund".to_owned(),
        args,
    });
    let stepped = stepped.unwrap();
    let Directive::Call { args, wire, .. } = &stepped.next[0] else {
        panic!("{:?}", stepped.next)
    };
    assert_eq!(wire, "refunds.create");
    assert_eq!(Value::Object(args.clone()), refund("A", 5));
    assert_eq!(p.session.calls()[1].args["reason"], "late");
}

#[test]
fn an_unsettled_write_admits_only_its_own_repeat() {
    let table = shop();
    let mut p = play(&table);
    look_up(&mut p, "A");
    look_up(&mut p, "B");
    p.call("pay.refund", refund("A", 50));
    p.answered("timeout", Value::Null);
    let other = p.propose("pay.refund", refund("B", 50));
    assert_eq!(other.rule.as_deref(), Some("unsettled"));
    assert!(other.reason.contains("pay.find"), "{}", other.reason);
    let changed = p.propose("pay.refund", refund("A", 51));
    assert_eq!(changed.rule.as_deref(), Some("unsettled"));
    p.call("pay.refund", refund("A", 50));
    p.answered("ok", json!("R1"));
    // The repeat has settled it.
    assert_eq!(p.session.calls()[2].fate, session::Fate::Happened);
    p.call("pay.refund", refund("B", 50));
}

#[test]
fn inputs_must_all_be_valid() {
    let table = shop();
    let mut p = play(&table);
    for (inputs, words) in [
        (json!({}), "open: is missing"),
        (json!({"open": 1}), "open: expected true or false, got 1"),
        (json!({"open": true, "x": 1}), "`x` is not known here"),
        (json!({"open": true, "desk-name": ""}), "desk-name"),
    ] {
        p.inputs = object(inputs);
        let fault = p.step(Request::Tick { retry: false }).unwrap_err();
        assert!(fault.to_string().contains(words), "{fault}");
        assert_eq!(fault.code(), "input");
    }
    p.inputs = object(json!({"open": true, "desk-name": null}));
    p.step(Request::Tick { retry: false }).unwrap();
}

#[test]
fn the_clock_never_runs_backwards() {
    let table = shop();
    let mut p = play(&table);
    p.pass(0);
    p.now -= 1;
    let fault = p.step(Request::Tick { retry: false }).unwrap_err();
    assert!(fault.to_string().contains("backwards"), "{fault}");
    p.now = i64::MAX;
    let fault = p.step(Request::Tick { retry: false }).unwrap_err();
    assert!(fault.to_string().contains("is no time"), "{fault}");
    p.now = 1_000_000;
}

#[test]
fn what_no_session_knows_is_refused_in_words() {
    let table = shop();
    let mut p = play(&table);
    let mut fault = |request| p.step(request).unwrap_err();
    assert_eq!(
        fault(Request::Start {
            flow: "g".to_owned(),
            args: Map::new()
        }),
        Fault::Unknown {
            what: "flow",
            name: "g".to_owned()
        }
    );
    let to = Asked::Call(0);
    let outcome = "ok".to_owned();
    let reply = |to| Request::Reply {
        to,
        outcome: outcome.clone(),
        value: None,
    };
    assert_eq!(fault(reply(to)), Fault::NoCall { call: 0 });
    assert_eq!(fault(reply(Asked::Call(9))), Fault::NoCall { call: 9 });
    assert_eq!(fault(reply(Asked::Agent(1))).code(), "not_asked");
    assert_eq!(fault(reply(Asked::Ask(1))).code(), "outcome");
    assert_eq!(
        fault(Request::Event {
            event: "flood".to_owned()
        })
        .to_string(),
        "the table has no event `flood`"
    );
    assert_eq!(
        fault(Request::Approve {
            approval: "x".to_owned(),
            granted: true,
            by: None
        })
        .code(),
        "no_approval"
    );
}

#[test]
fn the_bare_verdict_of_the_rules_needs_no_session() {
    let table = shop();
    let runtime = Runtime::new(&table);
    let inputs = runtime
        .prepare_inputs(&object(json!({"open": true})))
        .unwrap();
    let first = runtime
        .prepare_text("refunds.create", r#"{"order": "A", "amount": 50}"#)
        .unwrap();
    let said = first.decide(&inputs);
    assert_eq!(first.action().name, "pay.refund");
    assert_eq!(said.reason, "look the order up first");
    let refused = |name: &str, args: &str| {
        let decision = runtime.prepare_text(name, args).unwrap_err();
        assert_eq!(decision.rule.as_deref(), Some("invalid"));
        decision.reason
    };
    let args = r#"{"order": "A", "amount": 1001}"#;
    assert!(refused("pay.refund", args).contains("1001 is above 1000"));
    assert!(refused("pay.refund", "[1]").contains("must be an object"));
    assert!(refused("pay.refund", "{").contains("no JSON"));
    let twice = r#"{"order": "A", "order": "B", "amount": 5}"#;
    assert!(refused("pay.refund", twice).contains("order"));
    assert!(refused("pay.steal", "{}").contains("There is no action"));
    assert_eq!(runtime.is_stateless("shop.find"), Some(true));
    assert_eq!(runtime.is_stateless("pay.refund"), Some(false));
    assert_eq!(runtime.is_stateless("pay.steal"), None);
}
