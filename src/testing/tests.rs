//! Tests of tests: the desk in source form, played on the desk's table made by hand.

use super::*;
use crate::model::{check, load};
use crate::runtime::tests::desk::desk;

const DESK: &str = r#"policy desk
type Id = string length 1..40
record Lead { id: Id, phone: Id }
record Slot { id: Id, party: int in 1..12 }
event hangup as "call.ended"
integration crm {
  action lookup(phone: Id) -> Lead { reads timeout 2s transient unavailable }
}
integration calendar {
  defaults { timeout 3s transient unavailable }
  action book(slot: Id, lead: Id, party: int in 1..12) -> Id {
    writes
    permanent conflict
    indeterminate gateway_error
    undo cancel(booking: result)
    confirm find(slot: slot, lead: lead) { happened on ok  absent on not_found }
  }
  action cancel(booking: Id) { writes idempotent by booking }
  action find(slot: Id, lead: Id) -> Id { reads permanent not_found }
}
integration handoff {
  action note(text: Id) { writes expendable timeout 3s transient unavailable }
}
allow booking: calendar.book
deny big_party: calendar.book when party > 8 instead handoff.note(text: "a party")
limit one_booking: calendar.book to 1 effect per session
allow others: crm.lookup, calendar.cancel, calendar.find, handoff.note
flow f(phone: Id) {
  within 5m -> wrap_up
  on hangup -> wrap_up
  start -> identify
  state identify {
    do crm.lookup(phone: phone) as lead
    on ok -> choose_slot
    on malformed -> take_message
    on timeout | unavailable retry 2 backoff 200ms..2s -> take_message
  }
  state choose_slot {
    visits 2 -> take_message
    agent given lead { may calendar.find calls 2 within 90s outcome chose: Slot outcome wants_human }
    on chose as choice -> reserve
    on wants_human | stuck | exhausted | malformed -> take_message
  }
  state reserve {
    do calendar.book(slot: choice.id, lead: lead.id, party: choice.party) as booking
    on ok -> booked
    on conflict -> choose_slot
    on denied -> take_message
    on unavailable retry 1 backoff 1s..1s -> take_message
    on timeout | malformed | gateway_error -> settle_booking
  }
  state settle_booking {
    settle calendar.book as booking
    on happened -> booked
    on absent -> take_message
    on unknown retry 2 backoff 500ms..4s -> in_doubt
  }
  state take_message {
    do handoff.note(text: "Call {phone}")
    on ok -> message_taken
    on timeout | malformed | unavailable -> dropped
  }
  state wrap_up {
    choose
    when standing(calendar.book) -> booked
    when unsettled(calendar.book) -> settle_booking
    otherwise -> take_message
  }
  end booked success gives booking
  end message_taken fallback
  end in_doubt failure leaves calendar.book unsettled
  end dropped failure
}
test "it" {
"#;

struct One(String);

impl load::Loader for One {
    fn load(&self, _: &str) -> Result<Vec<u8>, String> {
        Ok(self.0.clone().into_bytes())
    }
}

fn play(lines: &str) -> Report {
    let source = format!("{DESK}{lines}\n}}\n");
    let loaded = load::load("desk.failway", &One(source));
    assert!(loaded.findings.is_empty(), "{:?}", loaded.findings);
    let (policy, findings) = check::check(&loaded.files);
    assert!(policy.complete, "{findings:?}");
    run(&policy, &desk(), &loaded.sources, &policy.tests[0])
}

#[track_caller]
fn passes(lines: &str) {
    let report = play(lines);
    assert!(report.passed(), "{:#?}\n{:#?}", report.failure, report.path);
}

/// Checks what was expected and what is said to be the case.
#[track_caller]
fn fails(lines: &str, expected: &str, actual: &str) -> Report {
    let report = play(lines);
    let failure = report.failure.clone().expect("the test fails");
    assert_eq!(
        (failure.expected.as_str(), failure.actual.as_str()),
        (expected, actual)
    );
    report
}

const UP_TO_BOOKING: &str = r#"
  run f(phone: "+1")
  crm.lookup  -> ok { id: "L1", phone: "+1" }
  choose_slot -> chose { id: "S1", party: 2 }
"#;

fn booking(rest: &str) -> String {
    format!("{UP_TO_BOOKING}{rest}")
}

#[test]
fn a_story_is_played_to_its_end() {
    passes(&booking(
        r#"calendar.book -> timeout
           expect unsettled(calendar.book)
           calendar.find -> ok "B1"
           expect end booked gives "B1"
           expect calls(calendar.book) == 1 and effects(calendar.book) == 1
           expect booking == "B1"
           expect phone == "+1""#,
    ));
}

#[test]
fn waits_before_retries_pass_by_themselves() {
    passes(
        r#"run f(phone: "+1")
           crm.lookup -> unavailable
           crm.lookup -> timeout
           crm.lookup -> unavailable
           handoff.note -> ok
           expect end message_taken
           expect calls(crm.lookup) == 3"#,
    );
}

#[test]
fn an_event_comes_while_the_next_call_is_in_flight() {
    passes(&booking(
        r#"event hangup
           calendar.book -> ok "B1"
           expect end booked gives "B1""#,
    ));
}

#[test]
fn an_event_on_entering_a_state_comes_before_its_call() {
    passes(&booking(
        r#"event hangup in reserve
           handoff.note -> ok
           expect end message_taken
           expect calls(calendar.book) == 0"#,
    ));
}

#[test]
fn time_passes_on_entering_a_state_or_during_its_call() {
    passes(&booking(
        r#"advance 5m in reserve
           handoff.note -> ok
           expect calls(calendar.book) == 0
           expect end message_taken"#,
    ));
    passes(&booking(
        r#"advance 2s
           calendar.book -> ok "B1"
           expect end booked"#,
    ));
    passes(
        r#"run f(phone: "+1")
           crm.lookup -> ok { id: "L1", phone: "+1" }
           advance 90s
           handoff.note -> ok
           expect end message_taken"#,
    );
}

#[test]
fn an_agent_proposes() {
    passes(
        r#"run f(phone: "+1")
           crm.lookup -> ok { id: "L1", phone: "+1" }
           choose_slot proposes calendar.book(slot: "S1", lead: "L1", party: 2)
           expect deny not_here
           f.choose_slot -> wants_human
           handoff.note -> ok
           expect end message_taken"#,
    );
    passes(
        r#"run f(phone: "+1")
           crm.lookup -> ok { id: "L1", phone: "+1" }
           choose_slot proposes calendar.find(slot: "S1", lead: "L1") -> ok "x"
           choose_slot proposes calendar.find(slot: "S1", lead: "L1")
           expect allow
           calendar.find -> not_found
           choose_slot -> chose { id: "S1", party: 2 }
           calendar.book -> ok "B1"
           expect end booked"#,
    );
}

#[test]
fn the_gate_is_asked_without_a_flow() {
    passes(
        r#"given calendar.book(slot: "S1", lead: "L1", party: 2) -> conflict
           propose calendar.book(slot: "S1", lead: "L1", party: 2)
           expect allow booking
           propose calendar.book(slot: "S1", lead: "L1", party: 9)
           expect deny big_party instead handoff.note(text: "a party")
           propose calendar.book(slot: "S2", lead: "L1", party: 2)
           expect limited one_booking"#,
    );
}

#[test]
fn a_failing_line_says_what_is_the_case() {
    fails(
        &booking("calendar.find -> not_found"),
        "a call of calendar.find is in flight",
        "f is in `reserve`, waiting for an answer of calendar.book",
    );
    fails(
        &booking("calendar.book -> ok \"B1\"\n expect end message_taken"),
        "end message_taken",
        "f has ended in `booked`",
    );
    fails(
        &booking("calendar.book -> ok \"B1\"\n expect end booked gives \"B2\""),
        "end booked gives \"B2\"",
        "end booked gives \"B1\"",
    );
    fails(
        &booking("expect calls(calendar.book) == 2"),
        "calls(calendar.book) == 2",
        "calls(calendar.book) is 1",
    );
    fails(
        r#"propose calendar.book(slot: "S1", lead: "L1", party: 9) expect allow"#,
        "allow",
        "deny big_party, instead handoff.note(text: \"a party\")",
    );
    fails(
        r#"run f(phone: "+1") choose_slot -> wants_human"#,
        "`choose_slot` waits for an answer",
        "f is in `identify`, waiting for an answer of crm.lookup",
    );
    fails(
        r#"given crm.lookup(phone: "+1") -> unavailable run f(phone: "+1")"#,
        "f starts",
        "a flow starts only in an empty session: a test that runs one cannot give calls made before",
    );
    fails(
        &booking("calendar.book -> ok \"B1\" event hangup in settle_booking"),
        "`settle_booking` is entered",
        "f has ended in `booked`",
    );
}

#[test]
fn a_failing_test_shows_the_path_taken() {
    let report = fails(
        &booking("calendar.book -> conflict\n expect end booked"),
        "end booked",
        "f is in `choose_slot`, waiting for the agent of `choose_slot`",
    );
    let path: Vec<&str> = report.path.iter().map(String::as_str).collect();
    assert_eq!(
        path,
        [
            "→ identify",
            "crm.lookup(phone: \"+1\"): allow",
            "call 1",
            "call 1 of crm.lookup: ok {\"id\":\"L1\",\"phone\":\"+1\"}",
            "identify: ok {\"id\":\"L1\",\"phone\":\"+1\"}",
            "→ choose_slot",
            "choose_slot: chose {\"id\":\"S1\",\"party\":2}",
            "→ reserve",
            "calendar.book(lead: \"L1\", party: 2, slot: \"S1\"): allow booking",
            "call 2",
            "call 2 of calendar.book: conflict",
            "reserve: conflict",
            "→ choose_slot",
        ]
    );
}
