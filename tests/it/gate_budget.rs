//! Inputs made to take for ever: each ends, with an answer or with a finding that names the rules and
//! says what to do.

use super::common::Memory;
use failway::check;
use failway::diagnostics::Diagnostic;
use std::fmt::Write;
use std::time::{Duration, Instant};

/// On a busy machine and without optimisation; it is seconds otherwise.
const PATIENCE: Duration = Duration::from_secs(120);

fn checked(text: &str) -> Vec<Diagnostic> {
    let start = Instant::now();
    let checked = check("main.failway", &Memory::one(text)).unwrap();
    assert!(start.elapsed() < PATIENCE, "{:?}", start.elapsed());
    checked.findings
}

/// What was given up, if anything was, says at which rule and what to do.
fn speaks(text: &str, findings: &[Diagnostic], rule: &str) {
    let given_up: Vec<&Diagnostic> = findings
        .iter()
        .filter(|d| d.code.as_str() == "FW290")
        .collect();
    assert!(!given_up.is_empty(), "{:?}", super::common::said(findings));
    for d in given_up {
        let names = |d: &Diagnostic| d.labels.iter().any(|l| text[l.span.range()].contains(rule));
        assert!(names(d), "{d:?}");
        assert!(
            d.help.as_ref().is_some_and(|h| h.contains("--effort")),
            "{d:?}"
        );
    }
}

/// More pigeons than holes: each pair differs, and there are too few values.
#[test]
fn pigeons_without_holes_end() {
    let names: Vec<String> = (0..9).map(|i| format!("p{i}")).collect();
    let params: Vec<String> = names.iter().map(|n| format!("{n}: int in 0..7")).collect();
    let mut pairs = Vec::new();
    for (i, a) in names.iter().enumerate() {
        for b in &names[i + 1..] {
            pairs.push(format!("{a} != {b}"));
        }
    }
    let text = format!(
        "policy pigeons\nintegration k {{ action a({}) {{ reads  timeout 1s }} }}\nallow base: k.a because \"x\"\ndeny crowd: k.a when {} because \"x\"\n",
        params.join(", "),
        pairs.join(" and ")
    );
    let findings = checked(&text);
    speaks(&text, &findings, "crowd");
}

/// A refusal for each two of hundreds of arguments.
#[test]
fn hundreds_of_terms_on_one_action_are_decided() {
    let count = 240;
    let params: Vec<String> = (0..count).map(|i| format!("b{i}: bool")).collect();
    let mut text = format!(
        "policy wide\nintegration k {{ action a({}) {{ reads  timeout 1s }} }}\nallow base: k.a because \"x\"\n",
        params.join(", ")
    );
    for i in 0..count / 2 {
        writeln!(
            text,
            "deny d{i}: k.a when b{i} and b{} because \"x\"",
            count - 1 - i
        )
        .unwrap();
    }
    assert_eq!(super::common::said(&checked(&text)), Vec::<String>::new());
}

/// Sets with thousands of members are ordinary.
#[test]
fn huge_sets_are_decided() {
    let numbers: Vec<String> = (0..6000).map(|i| (i * 3).to_string()).collect();
    let words: Vec<String> = (0..6000).map(|i| format!("\"w{i}\"")).collect();
    let text = format!(
        "policy sets\nintegration k {{ action a(n: int in 0..100000, s: string length 1..20) {{ reads  timeout 1s }} }}\n\
         allow base: k.a because \"x\"\ndeny listed: k.a when n in {{{}}} and not s in {{{}}} because \"x\"\n",
        numbers.join(", "),
        words.join(", ")
    );
    assert_eq!(super::common::said(&checked(&text)), Vec::<String>::new());
}

/// Patterns that are small each, and enormous together.
#[test]
fn patterns_that_blow_up_together_end() {
    let patterns: Vec<String> = ["a", "b", "c", "d"]
        .iter()
        .map(|c| format!("s matches /.*{c}.{{6}}/"))
        .collect();
    let text = format!(
        "policy patterns\nintegration k {{ action a(s: string length 0..200) {{ reads  timeout 1s }} }}\n\
         allow base: k.a because \"x\"\ndeny odd: k.a when {} because \"x\"\n",
        patterns
            .iter()
            .map(|p| format!("not {p}"))
            .collect::<Vec<_>>()
            .join(" and ")
    );
    let findings = checked(&text);
    if !findings.is_empty() {
        speaks(&text, &findings, "odd");
    }
}
