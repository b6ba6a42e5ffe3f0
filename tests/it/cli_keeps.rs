//! The program as its users meet it: sessions that are kept, advice for those who ask for it, what the
//! tables for reviewers say.

use super::cli::Place;

const CALL: &[&str] = &[
    "run",
    "f.failway",
    "--flow",
    "call",
    "--session",
    "s.json",
    "--script",
    "-",
];

const FLOW: &str = r#"policy desk
type Id = string length 1..20
record Lead { id: Id, note?: Id }
input open: bool
role chief
integration crm {
  defaults { timeout 3s  transient busy }
  action find(id: Id) -> Lead { reads }
  action save(id: Id) -> Id {
    writes
    undo drop(id: result)
    confirm find(id: id) { happened on ok }
  }
  action drop(id: Id) { writes idempotent by id }
}
fact lead: crm.find by id for 10m
allow reading: any read
allow dropping: crm.drop
allow saving: crm.save when lead is present
flow call(id: Id) {
  expect 40 per 1m
  once per id for 1h else -> again
  start -> look
  state look {
    agent given id { may crm.find  calls 3  within 1m  outcome ready }
    on ready -> keep
    on stuck | exhausted | malformed -> lost
  }
  state keep {
    do crm.save(id: id) as saved
    on ok -> kept
    on denied | busy -> lost
    on timeout | malformed -> find_out
  }
  state find_out {
    settle crm.save
    on happened | absent | unknown -> doubt
  }
  end kept  success gives saved
  end again fallback
  end lost  fallback
  end doubt failure keeps crm.save leaves crm.save unsettled
}
"#;

#[test]
fn a_session_is_kept_and_gone_on_with() {
    let place = Place::new();
    place.write("f.failway", FLOW);
    let inputs = ["--inputs", "{\"open\": true}"];
    let first: Vec<&str> = CALL
        .iter()
        .chain(&inputs)
        .chain(&["--args", "{\"id\": \"L1\"}"])
        .copied()
        .collect();
    place
        .run_with(
            &first,
            b"propose crm.find {\"id\": \"L1\"}\nadvance 1s\n",
            &[],
        )
        .code(0)
        .out("call 1");
    let kept = place.read("s.json");
    let going: Vec<&str> = CALL.iter().chain(&inputs).copied().collect();
    place
        .run_with(&going, b"nope\n", &[])
        .code(2)
        .err("cannot come next");
    place
        .run_with(&going, b"ok {\"id\": \"L1\"}\nready\nok \"S1\"\n", &[])
        .code(0)
        .out("end kept (success) \"S1\"");
    assert_ne!(place.read("s.json"), kept);
    // Over is over.
    place.run_with(&going, b"", &[]).code(0);
}

#[test]
fn a_session_of_something_else_is_refused() {
    let place = Place::new();
    place.write("f.failway", FLOW);
    place.write("s.json", "{}");
    place.run_with(CALL, b"", &[]).code(2).err("`s.json`");
    place.write("other.failway", FLOW.replace("40 per 1m", "41 per 1m"));
    std::fs::remove_file(place.path("s.json")).unwrap();
    place.run_with(CALL, b"", &[]).code(0);
    let other: Vec<&str> = CALL
        .iter()
        .map(|a| {
            if *a == "f.failway" {
                "other.failway"
            } else {
                a
            }
        })
        .collect();
    place.run_with(&other, b"", &[]).code(2).err("table");
}

#[test]
fn style_is_for_those_who_ask_for_it() {
    let place = Place::new();
    place.write("f.failway", FLOW);
    let quiet = place.run(&["check", "--format", "short"]);
    assert!(!quiet.out.contains("FW9"), "{}", quiet.out);
    place
        .run(&["check", "--style", "--format", "short"])
        .code(quiet.code)
        .out("warning[FW902]: integration `crm` has no documentation");
    place.run(&["check", "--style", "--deny-warnings"]).code(1);
}

#[test]
fn a_reviewer_sees_facts_bounds_and_what_ends_leave() {
    let place = Place::new();
    place.write("f.failway", FLOW);
    let table = place.run(&["table", "f.failway"]).code(0);
    for part in [
        "agent (3 calls, within 1m), may crm.find",
        "lead  the latest reply of crm.find with the same id  for 10m",
        "end kept: success, gives saved",
        "end doubt: failure, keeps crm.save, may leave crm.save unsettled",
        "expects at most 40 starts per 1m",
        "once per id for 1h, else end again",
    ] {
        assert!(table.out.contains(part), "no {part:?} in: {}", table.out);
    }
    place
        .run(&["table", "f.failway", "--format", "csv"])
        .code(0)
        .out("facts,fact,is,holds,until");
}

#[test]
fn a_test_that_isnt_there_is_no_success() {
    let place = Place::new();
    place.write(
        "t.failway",
        format!("{FLOW}test \"one\" {{\n  given open == true\n  propose crm.drop(id: \"x\")\n  expect allow\n}}\n"),
    );
    place.run(&["test"]).code(0).out("1 passed, 0 failed");
    place
        .run(&["test", "--filter", "two"])
        .code(2)
        .err("no test has `two` in its name (1 test left out)");
}
