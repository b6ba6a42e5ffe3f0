//! Facts inside flows: a call that a rule allows only with a fact can be refused behind a look-up only
//! where something may have forgotten, replaced or outdated what the look-up told. What the checker says
//! is held against runs, and what it calls possible has to happen in one.

use super::common::{Memory, said};
use super::flows::compare;
use fastrand::Rng;

const HEAD: &str = r#"
policy shop
type Id = int in 1..3
enum Status { settled, disputed }
record Order { status: Status, paid: int in 0..3 }
role boss
input closed: bool
integration shop {
  defaults { timeout 2s  transient unavailable }
  action find(order: Id) -> Order { reads  permanent not_found }
  action refund(order: Id, amount: int in 0..3) { writes idempotent by order expendable }
  action note(order: Id) { writes idempotent by order expendable }
}
integration mail {
  action send(to: Id) { writes expendable  timeout 2s }
}
allow reading: any read
allow writing: shop.note, mail.send, shop.refund because "as they like"
require sound: shop.refund when bill is present and bill.status == settled and amount <= bill.paid
"#;

/// From the look-up to the refund, by way of what is given.
fn policy(fact: &str, look: &str, between: &str, refund: &str, retry: &str) -> String {
    format!(
        "{HEAD}
fact bill: shop.find by order{fact}
flow f(order: Id, another: Id) {{
  start -> look
  state look {{
    do shop.find(order: order) as found
    {look}
    on not_found | unavailable | timeout | malformed -> no
  }}
  {between}
  state pay {{
    do shop.refund({refund})
    on ok -> done
    on denied -> no
    on unavailable | timeout | malformed {retry} -> no
  }}
  end done    success
  end no      failure
}}
"
    )
}

const SETTLED: &str = "on ok when found.status == settled -> pay
    on ok when found.status != settled -> no";
const THEN: &str = "on ok when found.status == settled -> then
    on ok when found.status != settled -> no";
const SAME: &str = "order: order, amount: found.paid";

/// Whether the refund may be refused, as the checker says and as runs show.
fn refused(text: &str) -> bool {
    let files = Memory::one(text);
    let (checked, table) = failway::compile("main.failway", &files).unwrap();
    let codes = said(&checked.findings);
    let table = table.unwrap_or_else(|| panic!("{codes:?}\n{text}"));
    let done = compare(
        &mut Rng::with_seed(3),
        text,
        &checked.policy,
        &table,
        1_500,
        12,
    );
    let never = codes.iter().any(|c| c.contains("FW310"));
    assert!(done.unseen.is_empty(), "{:?}\n{text}", done.unseen);
    !never
}

fn state(step: &str) -> String {
    format!("state then {{ {step} -> pay }}")
}

#[test]
fn a_fact_is_what_the_look_up_told() {
    let checked = |look, refund| policy("", look, "", refund, "");
    assert!(!refused(&checked(SETTLED, SAME)));
    assert!(!refused(&checked(SETTLED, "order: order, amount: 0")));
    // Nobody has looked whether it was paid, or how much, or by whom.
    assert!(refused(&checked("on ok -> pay", SAME)));
    assert!(refused(&checked(SETTLED, "order: order, amount: 3")));
    assert!(refused(&checked(SETTLED, "order: another, amount: 0")));
}

#[test]
fn what_may_have_changed_is_known_no_more() {
    let by_way_of = |step: &str| policy("", THEN, &state(step), SAME, "");
    let mail = "do mail.send(to: order) on ok | timeout | malformed";
    assert!(!refused(&by_way_of(mail)));
    assert!(!refused(&by_way_of(
        "do shop.note(order: order) on ok | timeout | malformed -> no on unavailable"
    )));
    assert!(refused(&by_way_of(
        "do shop.note(order: order) on ok | unavailable | timeout | malformed"
    )));
    assert!(refused(&by_way_of(
        "do shop.note(order: another) on ok | unavailable | timeout | malformed"
    )));
    let agent = |may| {
        format!(
            "agent {{ may {may} calls 3 within 10m outcome fine }} on fine | stuck | exhausted | malformed"
        )
    };
    assert!(!refused(&by_way_of(&agent("mail.send"))));
    assert!(refused(&by_way_of(&agent("shop.find"))));
    assert!(refused(&by_way_of(&agent("shop.note"))));
    // Another look tells something new.
    let again =
        "do shop.find(order: order) as later on ok | not_found | unavailable | timeout | malformed";
    assert!(refused(&by_way_of(again)));
}

#[test]
fn a_fact_that_lapses_is_known_until_time_passes() {
    let short = |look, between: &str, retry| policy(" for 30m", look, between, SAME, retry);
    assert!(!refused(&short(SETTLED, "", "")));
    let choose = "state then { choose when closed -> pay otherwise -> pay }";
    assert!(!refused(&short(THEN, choose, "")));
    let ask = state(
        "ask boss \"ok?\" as yes: bool within 1h on answered | no_answer | unclear | unreachable",
    );
    assert!(refused(&short(THEN, &ask, "")));
    assert!(!refused(&policy("", THEN, &ask, SAME, "")));
}

#[test]
fn a_repeat_goes_by_what_its_first_attempt_went_by() {
    let retry = "retry 2 backoff 40m..50m";
    assert!(!refused(&policy("", SETTLED, "", SAME, retry)));
    // A failure in which nothing happened leaves a call that is decided anew.
    assert!(refused(&policy(" for 30m", SETTLED, "", SAME, retry)));
}

#[test]
fn guards_on_facts_hold_until_the_fact_changes() {
    let then = |more: &str| {
        format!(
            "state then {{ choose when bill is present and bill.status == settled -> {} otherwise -> no }}\n{more}",
            if more.is_empty() { "pay" } else { "last" }
        )
    };
    let free = "order: order, amount: 0";
    let to = "on ok -> then";
    assert!(!refused(&policy("", to, &then(""), free, "")));
    assert!(!refused(&policy(
        "",
        to,
        &then(""),
        free,
        "retry 2 backoff 1s..1s"
    )));
    assert!(refused(&policy(
        "",
        to,
        &then(""),
        "order: another, amount: 0",
        ""
    )));
    let note = "state last { do shop.note(order: order) on ok | unavailable | timeout | malformed -> pay }";
    assert!(refused(&policy("", to, &then(note), free, "")));
    let mail = "state last { do mail.send(to: order) on ok | timeout | malformed -> pay }";
    assert!(!refused(&policy("", to, &then(mail), free, "")));
    assert!(refused(&policy(" for 30m", to, &then(mail), free, "")));
}

#[test]
fn an_approval_may_come_when_the_fact_has_lapsed() {
    let asks = "\nescalate asked: shop.refund to boss within 1h when closed\n";
    let text = |fact| {
        let text = policy(fact, SETTLED, "", SAME, "");
        let text = text.replace("on denied", "on declined | expired -> no\n    on denied");
        format!("{text}{asks}")
    };
    assert!(!refused(&text("")));
    assert!(refused(&text(" for 30m")));
}
