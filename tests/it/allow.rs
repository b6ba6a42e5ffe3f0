//! Allowances in the source: what they hide, and what is wrong with them.

use super::cli::Place;
use super::common::Memory;
use failway::diagnostics::{Code, Severity};
use serde_json::{Value, json};

/// The codes of what is found, in order, and how many findings are allowed.
fn found(text: &str) -> (Vec<&'static str>, usize) {
    let checked = failway::check("main.failway", &Memory::one(text)).unwrap();
    let codes = checked.findings.iter().map(|f| f.code.as_str()).collect();
    (codes, checked.allowed.len())
}

#[track_caller]
fn one_message(text: &str, code: Code) -> String {
    let checked = failway::check("main.failway", &Memory::one(text)).unwrap();
    let mut found = checked.findings.iter().filter(|f| f.code == code);
    let (Some(one), None) = (found.next(), found.next()) else {
        panic!("{:?}", checked.findings);
    };
    one.message.clone()
}

#[test]
fn an_allowance_holds_for_its_line_or_the_next() {
    for text in [
        "policy p\ntype Spare = int // failway: allow FW190 because it is coming\n",
        "policy p\n// failway: allow FW190 because it is coming\ntype Spare = int\n",
        "policy p\n// failway: allow FW190 because it is coming\n// more\n/// Docs.\ntype Spare = int\n",
        "policy p\n//failway:allow FW190, FW190 because: \"it is coming\"\ntype Spare = int\n",
        "policy p\n// Failway: allow fw190 because it is coming\r\ntype Spare = int\r\n",
    ] {
        assert_eq!(found(text), (vec![], 1), "{text}");
    }
    let apart = "policy p\n// failway: allow FW190 because it is coming\n\ntype Spare = int\n";
    assert_eq!(found(apart), (vec!["FW802", "FW190"], 0));
    let other = "policy p\ntype Spare = int // failway: allow FW190 because x\ntype More = int\n";
    assert_eq!(found(other), (vec!["FW190"], 1));
}

#[test]
fn what_does_not_count_is_said() {
    let after = |said: &str| format!("policy p\ntype Spare = int // failway: {said}\n");
    for (said, wanted) in [
        ("allow FW190", "does not say why"),
        ("allow FW190 because", "does not say why"),
        ("allow FW190 because \"\"", "does not say why"),
        ("allow FW190 it is coming", "does not say why"),
        ("allow because it is coming", "names no code"),
        ("allow", "names no code"),
        ("allow FW999 because it is coming", "no code `FW999`"),
        ("ignore FW190 because it is coming", "`ignore` is nothing"),
        ("", "`` is nothing"),
    ] {
        let text = after(said);
        let message = one_message(&text, Code::FW801);
        assert!(message.contains(wanted), "{said}: {message}");
        // And it allows nothing.
        assert!(found(&text).0.contains(&"FW190"), "{said}");
    }
    // The colon is often forgotten; other sentences may begin with the name.
    let text =
        "policy p\n// failway allow FW190\ntype Spare = int\n// Failway is what this is for.\n";
    assert_eq!(found(text), (vec!["FW801", "FW190"], 0));
}

#[test]
fn no_error_can_be_allowed() {
    for &code in Code::ALL {
        let allowed = failway::allow::can_be_allowed(code);
        let advice = code.severity() != Severity::Error && !code.as_str().starts_with("FW8");
        assert_eq!(allowed, advice, "{code}");
    }
    let text =
        "policy p\nallow reading: a.b // failway: allow FW101, FW803 because it will be there\n";
    let (codes, allowed) = found(text);
    assert_eq!(codes, ["FW101", "FW803", "FW803"]);
    // Nor is a reason asked for.
    let text = "policy p\nallow reading: a.b // failway: allow FW101\n";
    assert_eq!(found(text).0, ["FW101", "FW803"]);
    assert_eq!(allowed, 0);
}

#[test]
fn of_use_or_not_is_said_where_it_is_known() {
    // With an error some checks are silent.
    let text = "policy p\nallow reading: a.b\n// failway: allow FW190 because it is coming\ninput x: int\n";
    assert!(!found(text).0.contains(&"FW802"), "{:?}", found(text));
    // Style is for those who ask for it.
    let place = Place::new();
    place.write(
        "a.failway",
        "policy p\n// failway: allow FW902 because it is a sketch\n",
    );
    place.run(&["check"]).code(0).out("nothing found");
    place
        .run(&["check", "--style"])
        .out("FW802")
        .out("there is no FW902 here");
    place.write(
        "a.failway",
        "// failway: allow FW902 because it is a sketch\npolicy p\n",
    );
    place
        .run(&["check", "--style"])
        .code(0)
        .out("nothing found (1 policy in 1 file; 1 allowed)");
}

#[test]
fn a_shared_file_is_judged_by_all_who_use_it() {
    let place = Place::new();
    let shared = "// failway: allow FW190 because some need it\ntype Name = string length 1..9\n";
    place.write("shared.failway", shared);
    let one = "policy one\nuse \"shared.failway\"\n";
    let uses = "policy two\nuse \"shared.failway\"\ninput who: Name\ninteg";
    let two = uses.replace(
        "integ",
        "integration a { action x(n: Name) -> Name { reads timeout 3s } }\nallow reading: a.x because \"x\"\ndeny other: a.x when n == who because \"x\"\n",
    );
    place.write("one.failway", one).write("two.failway", &two);
    place
        .run(&["check", "."])
        .code(0)
        .out("nothing found")
        .out("1 allowed");
    place.write("one.failway", two.replace("two", "one"));
    place.run(&["check", "."]).out("FW802").out("1 warning");
    let ran = place.run(&["check", "--format", "junit", "."]).code(0);
    assert!(ran.out.contains("there is no FW190 here"), "{}", ran.out);
}

#[test]
fn what_is_allowed_is_counted_and_told_to_code_scanning() {
    let place = Place::new();
    let text = "policy p\ntype Spare = int // failway: allow FW190 because it is coming\n";
    place.write("a.failway", text);
    let args = ["check", "--deny-warnings", "--format"];
    let with = |form| place.run(&[&args[..], &[form]].concat()).code(0);
    assert_eq!(with("json").json()["summary"]["allowed"], 1);
    assert_eq!(with("gitlab").json(), json!([]));
    let log = with("sarif").json();
    let suppressed = &log["runs"][0]["results"][0]["suppressions"];
    assert_eq!(
        suppressed,
        &json!([{"kind": "inSource", "justification": "it is coming"}]),
    );
    let nothing: &[Value] = &[];
    assert_eq!(with("json").json()["findings"], json!(nothing));
    // And it doesn't keep a table from being written.
    place
        .run(&["compile", "--deny-warnings", "a.failway", "-o", "t.json"])
        .code(0);
}
