//! `failway diff` as its users meet it.

use super::cli::Place;
use std::process::Command;

const TYPES: &str = "type Amount = decimal in 0.01..500.00\n";
const DESK: &str = "policy desk
use \"types.failway\"
role manager
input open: bool
integration pay {
  defaults { timeout 3s  transient busy }
  action refund(order: string length 1..20, amount: Amount) { writes expendable }
  action look(order: string length 1..20) -> bool { reads }
}
allow looking: any read
allow small: pay.refund when amount <= 50.00 and open
escalate large: pay.refund to manager within 10m when amount > 50.00
deny closed: pay.refund when not open because \"nobody is there to answer for it\"
limit few: pay.refund to 3 calls per 1h
";

fn desk() -> Place {
    let place = Place::new();
    place.write("types.failway", TYPES);
    place.write("old.failway", DESK);
    place
}

fn changed(from: &str, to: &str) -> Place {
    assert!(DESK.contains(from));
    let place = desk();
    place.write("new.failway", DESK.replace(from, to));
    place
}

const BOTH: &[&str] = &["diff", "old.failway", "new.failway"];

#[test]
fn what_is_only_moved_or_renumbered_means_the_same() {
    let place = desk();
    let mut lines: Vec<&str> = DESK.lines().collect();
    lines[9..].reverse();
    let text = lines
        .join("\n")
        .replace("amount <= 50.00 and open", "open and not (amount > 50.00)");
    place.write("new.failway", text);
    let ran = place.run(BOTH).code(0);
    assert_eq!(ran.out, "No change in meaning.\n");
    assert_eq!(ran.err, "");
    let ran = place.run(&["diff", "old.failway", "new.failway", "--format", "json"]);
    let said = ran.code(0).json();
    assert_eq!(said["same"], true);
    assert_eq!(said["gates"]["compared"], 2);
    assert_eq!(said["gates"]["equal"], 2);
}

#[test]
fn a_looser_rule_is_shown_by_a_case_and_the_rule() {
    let place = changed("amount <= 50.00 and open", "amount <= 60.00 and open");
    // The escalation still comes first where it fires.
    place.run(BOTH).code(0).out("No change in meaning.");
    let place = changed("when amount > 50.00", "when amount > 60.00");
    let ran = place.run(BOTH).code(1);
    assert_eq!(
        ran.out,
        "\
Stricter
  action pay.refund: escalate (large) -> deny (no rule)
    rule     large (new.failway:12)
    args     {\"amount\":\"50.01\",\"order\":\"a\"}
    inputs   {\"open\":true}
    was      pay.refund needs the approval of a manager.
    is       No rule allows pay.refund here.

1 stricter.
"
    );
    for (fail_on, code) in [
        ("looser", 0),
        ("stricter", 1),
        ("looser,stricter", 1),
        ("none", 0),
    ] {
        let args = ["diff", "old.failway", "new.failway", "--fail-on", fail_on];
        place.run(&args).code(code).out("1 stricter.");
    }
}

#[test]
fn limits_types_and_declarations_are_told() {
    for (from, to, said) in [
        (
            "3 calls per 1h",
            "4 calls per 1h",
            "Looser\n  limit few: 4 calls per 1h instead of 3 calls per 1h\n",
        ),
        (
            "3 calls per 1h",
            "1 call per session",
            "Other\n  limit few: 1 call per session instead of 3 calls per 1h\n",
        ),
        (
            "limit few: pay.refund to 3 calls per 1h\n",
            "",
            "Looser\n  limit few: it is gone: 3 calls per 1h\n",
        ),
        (
            "timeout 3s",
            "timeout 5s",
            "Other\n  action pay.look: its timeout is 5s instead of 3s\n",
        ),
        (
            "within 10m",
            "within 5m",
            "Stricter\n  action pay.refund: escalate (large): the approval is good for 5m instead of 10m\n",
        ),
        (
            "because \"nobody is there to answer for it\"",
            "because \"nobody is there\"",
            "Same verdict, another reason\n  action pay.refund: deny (closed): says it in other words\n",
        ),
        (
            "order: string length 1..20, amount",
            "order: string length 1..30, amount",
            "Looser\n  action pay.refund: parameter `order` takes more: other texts\n",
        ),
        (
            "  transient busy",
            "",
            "failure `busy` is gone: such a reply is malformed now\n",
        ),
        (
            "{ writes expendable }",
            "{ writes idempotent by order expendable }",
            "it writes idempotent by order expendable; before, it writes expendable\n",
        ),
        (
            "policy desk",
            "policy desks",
            "Other\n  policy desks: its name was desk: counters that sessions share begin anew\n",
        ),
        (
            "input open: bool",
            "input open: bool\ninput now: time",
            "Stricter\n  input now: takes less: it is new, and has to be there\n",
        ),
    ] {
        let place = changed(from, to);
        place.run(BOTH).code(1).out(said);
    }
}

#[test]
fn tables_are_compared_like_sources() {
    let place = changed("when amount > 50.00", "when amount > 60.00");
    for name in ["old", "new"] {
        let (source, table) = (format!("{name}.failway"), format!("{name}.json"));
        place.run(&["compile", &source, "-o", &table]).code(0);
    }
    let ran = place.run(&["diff", "old.json", "new.json"]).code(1);
    assert!(ran.out.contains("    rule     large\n"), "{}", ran.out);
    place.run(&["diff", "old.json", "old.failway"]).code(0);
    place
        .run(&["diff", "old.json", "new.failway", "--format", "json"])
        .code(1)
        .out("\"place\": \"new.failway:12\"");
}

#[test]
fn markdown_is_fit_for_a_comment() {
    let place = changed("when amount > 50.00", "when amount > 60.00");
    let ran = place.run(&["diff", "old.failway", "new.failway", "--format", "markdown"]);
    assert_eq!(
        ran.code(1).out,
        "\
### 1 stricter.

`old.failway` → `new.failway`

#### Stricter (1)

- **action** `pay.refund`: escalate (large) -> deny (no rule)
  - rule: `large (new.failway:12)`
  - args: `{\"amount\":\"50.01\",\"order\":\"a\"}`
  - inputs: `{\"open\":true}`
  - was: `pay.refund needs the approval of a manager.`
  - is: `No rule allows pay.refund here.`
"
    );
}

#[test]
fn revisions_of_git_are_read_with_the_files_that_they_use() {
    let place = Place::new();
    let git = |args: &[&str]| {
        let done = Command::new("git")
            .args([
                "-c",
                "user.name=t",
                "-c",
                "user.email=t@t",
                "-c",
                "commit.gpgsign=false",
            ])
            .args(args)
            .current_dir(place.path("."))
            .output()
            .unwrap();
        assert!(done.status.success(), "{done:?}");
    };
    git(&["init", "-q"]);
    place.write("policies/types.failway", TYPES);
    place.write("policies/desk.failway", DESK);
    git(&["add", "."]);
    git(&["commit", "-q", "-m", "first"]);
    // The change is in a file that the policy uses.
    place.write("policies/types.failway", TYPES.replace("500.00", "600.00"));
    let said = "action pay.refund: parameter `amount` takes more: the greatest value is \"600.00\" instead of \"500.00\"\n";
    place
        .run(&["diff", "HEAD:policies/desk.failway"])
        .code(1)
        .out(said);
    place
        .run(&["diff", "HEAD:", "policies/desk.failway"])
        .code(1)
        .out(said);
    git(&["commit", "-q", "-a", "-m", "second"]);
    place
        .run(&["diff", "HEAD:", "policies/desk.failway"])
        .code(0);
    place
        .run(&["diff", "HEAD~1:policies/desk.failway", "HEAD:"])
        .code(1)
        .out(said);
    for (args, why) in [
        (
            &["diff", "nowhere:policies/desk.failway"][..],
            "git knows no revision `nowhere` here",
        ),
        (
            &["diff", "HEAD:desk.failway"],
            "`HEAD:desk.failway` cannot be read: there is no such file in `HEAD`; PATH is relative to the folder that you are in",
        ),
        (&["diff", "HEAD:", "HEAD:"], "is a revision without a path"),
        (
            &["diff", "policies/desk.failway"],
            "there is nothing to compare it with",
        ),
        (
            &["diff", "--", "-x:desk.failway", "policies/desk.failway"],
            "git knows no revision `-x` here",
        ),
    ] {
        let ran = place.run(args).code(2).err(why);
        assert_eq!(ran.out, "", "{args:?}");
    }
}

#[test]
fn what_decides_nothing_cannot_be_compared() {
    let place = desk();
    place.write("new.failway", "policy desk\nallow all: nothing.here\n");
    place
        .run(BOTH)
        .code(2)
        .err("`new.failway` has errors, so it decides nothing that could be compared");
    place
        .run(&["diff", "old.failway", "gone.failway"])
        .code(2)
        .err("`gone.failway` cannot be read: there is no such file");
    place
        .run(&["diff", "-", "-"])
        .code(2)
        .err("only one of the two can be standard input");
    place.write("new.json", "{\"format\": \"failway.table\"}");
    place
        .run(&["diff", "old.failway", "new.json"])
        .code(2)
        .err("`new.json`: ");
}

const FLOW: &str = "policy calls
input open: bool
event hangup
integration desk {
  defaults { timeout 3s }
  action note(text: string length 1..20) { writes expendable  transient busy }
}
allow noting: desk.note
flow call(text: string length 1..20) {
  start -> look
  state look {
    choose
    when open -> write
    otherwise -> closed
  }
  state write {
    do desk.note(text: text)
    on ok -> done
    on busy retry 2 backoff 1s..4s -> lost
    on timeout | malformed -> lost
  }
  on hangup -> lost
  end done   success
  end closed fallback
  end lost   failure
}
";

#[test]
fn what_follows_in_flows_is_told() {
    for (from, to, said) in [
        (
            "    on timeout | malformed -> lost\n",
            "    on timeout -> closed\n    on malformed -> lost\n",
            "Flows\n  flow call: `timeout` in `write`: -> end closed instead of -> end lost\n\n1 flow.\n",
        ),
        (
            "retry 2 backoff",
            "retry 3 backoff",
            "Flows\n  flow call: `busy` in `write`: 3 more attempts after 1s to 4s, then -> end lost instead of 2 more attempts after 1s to 4s, then -> end lost\n\nWorst cases\n  flow call: time at most: ",
        ),
        (
            "when open -> write",
            "when not open -> write",
            "  flow call: the choice in `look`: -> end closed instead of -> write\n    such as  open = true\n",
        ),
        (
            "on hangup -> lost",
            "on hangup -> closed",
            "Flows\n  flow call: event `hangup`: -> end closed instead of -> end lost\n",
        ),
        (
            "end lost   failure",
            "end lost   fallback",
            "Flows\n  flow call: end `lost` is a fallback instead of a failure\n",
        ),
        (
            "  start -> look",
            "  within 1m -> lost\n  start -> look",
            "the deadline: 1m -> end lost instead of nothing\n",
        ),
    ] {
        assert!(FLOW.contains(from), "{from}");
        let place = Place::new();
        place.write("old.failway", FLOW);
        place.write("new.failway", FLOW.replace(from, to));
        place.run(BOTH).code(1).out(said);
    }
    let place = Place::new();
    place.write("old.failway", FLOW);
    place.write(
        "new.failway",
        FLOW.replace("when open -> write", "when not (not open) -> write"),
    );
    place.run(BOTH).code(0).out("No change in meaning.");
}
