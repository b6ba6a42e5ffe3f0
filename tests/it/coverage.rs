//! What tests reach: `failway test --coverage`.

use serde_json::Value;
use std::process::Command;

const POLICY: &str = r#"policy covered

event hangup

integration shop {
  defaults { timeout 3s }
  action find(order: string length 1..9) -> string length 1..9 { reads  transient unavailable }
  action tell(text: string length 1..9) { writes idempotent by text expendable }
}

allow reading: any read because "looking things up changes nothing"
allow telling: shop.tell because "small things"
deny loud: shop.tell when text == "LOUD" because "quietly"

flow look(order: string length 1..9) {
  start -> find
  on hangup -> gone
  state find {
    do shop.find(order: order) as found
    on ok -> pick
    on timeout | unavailable retry 1 backoff 1s..1s -> failed
    on malformed -> failed
  }
  state pick {
    choose
    when found == "x" -> done
    otherwise         -> failed
  }
  end done success
  end failed failure
  end gone fallback
}

test "found" {
  run look(order: "o")
  shop.find -> ok "x"
  expect end done
}

test "found at last" {
  run look(order: "o")
  shop.find -> timeout
  shop.find -> ok "x"
  expect end done
}

test "loud" {
  propose shop.tell(text: "LOUD")
  expect deny loud
}
"#;

fn run(args: &[&str]) -> (i32, String, String) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("p.failway"), POLICY).unwrap();
    let done = Command::new(env!("CARGO_BIN_EXE_failway"))
        .arg("test")
        .args(args)
        .current_dir(folder.path())
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (
        done.status.code().unwrap(),
        text(done.stdout),
        text(done.stderr),
    )
}

#[test]
fn what_tests_reach_is_shown_and_what_they_do_not() {
    let (code, out, err) = run(&["--coverage"]);
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    for part in [
        "3 passed, 0 failed\n\ncoverage of p.failway: ",
        "  rules           2 of 3\n",
        "  states          2 of 2\n",
        "  retries         1 of 2\n",
        "  ends            1 of 3\n",
        "  rule        telling  (p.failway:",
        "  verdict     shop.tell: allow telling  (p.failway:",
        "  transition  look: find, malformed -> end failed  (p.failway:",
        "  transition  look: event hangup -> end gone\n",
        "  retry       look: find, unavailable  (p.failway:",
        "  end         look: gone  (p.failway:",
    ] {
        assert!(out.contains(part), "no {part:?} in {out}");
    }
    for reached in [
        "look: find, ok -> pick",
        "look: pick, chosen -> end done",
        "shop.tell: deny loud",
        "  retry       look: find, timeout",
    ] {
        assert!(!out.contains(reached), "{reached:?} in {out}");
    }
}

#[test]
fn too_little_is_found_wanting() {
    let (code, _, err) = run(&["--coverage", "--min", "99.5"]);
    assert_eq!(code, 1);
    assert!(
        err.contains("% is reached, where 99.5% have to be"),
        "{err}"
    );
    assert_eq!(run(&["--coverage", "--min", "10"]).0, 0);
    assert_eq!(run(&["--min", "10"]).0, 2, "it needs --coverage");
}

#[test]
fn other_tools_get_it_as_data() {
    let (code, out, err) = run(&["--coverage=json"]);
    assert_eq!(code, 0, "{err}");
    assert!(err.contains("3 passed"), "{err}");
    let document: Value = serde_json::from_str(&out).unwrap();
    let items = document["policies"][0]["items"].as_array().unwrap();
    let loud = items.iter().find(|i| i["what"] == "loud").unwrap();
    assert_eq!((&loud["count"], &loud["kind"]), (&1.into(), &"rule".into()));
    let line = POLICY
        .lines()
        .position(|l| l.starts_with("deny loud"))
        .unwrap();
    assert_eq!(loud["line"], line + 1);

    let (code, out, _) = run(&["--coverage=lcov"]);
    assert_eq!(code, 0);
    assert!(out.starts_with("TN:\nSF:p.failway\nBRDA:"), "{out}");
    assert!(out.contains(&format!("\nDA:{},1\n", line + 1)), "{out}");
    assert!(out.ends_with("\nend_of_record\n"), "{out}");
    let number = |name: &str| -> usize {
        let found = out
            .lines()
            .find_map(|l| l.strip_prefix(name))
            .unwrap_or_else(|| panic!("no {name}"));
        found.parse().unwrap()
    };
    assert_eq!(
        number("LF:"),
        out.lines().filter(|l| l.starts_with("DA:")).count()
    );
    assert!(number("LH:") < number("LF:") && number("BRH:") < number("BRF:"));
}
