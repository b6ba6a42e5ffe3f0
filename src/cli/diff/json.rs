//! The report as data; its form is described in docs/reports.md.

use super::Shown;
use crate::diff::{Case, Change, Said};
use serde_json::{Map, Value, json};

pub(super) fn document(shown: &Shown<'_>) -> Value {
    let report = shown.report;
    let counts: Map<String, Value> = shown
        .counts()
        .into_iter()
        .map(|(effect, n)| (effect.word().to_owned(), n.into()))
        .collect();
    let changes: Vec<Value> = report.changes.iter().map(|c| change(shown, c)).collect();
    json!({
        "format": "failway.diff",
        "version": 1,
        "old": shown.old,
        "new": shown.new,
        "same": report.same(),
        "gates": { "compared": report.gates, "equal": report.equal_gates },
        "counts": counts,
        "changes": changes,
        "unproven": report.unproven,
    })
}

fn change(shown: &Shown<'_>, change: &Change) -> Value {
    let mut out = Map::new();
    out.insert("effect".to_owned(), change.effect.word().into());
    out.insert("kind".to_owned(), change.kind.into());
    out.insert("name".to_owned(), change.name.clone().into());
    out.insert("what".to_owned(), change.what.clone().into());
    if let Some((old, new)) = &change.said {
        out.insert("old".to_owned(), said(old));
        out.insert("new".to_owned(), said(new));
    }
    if let Some(rule) = &change.blame {
        out.insert("rule".to_owned(), rule.clone().into());
        if let Some(place) = shown.places.get(rule) {
            out.insert("place".to_owned(), place.clone().into());
        }
    }
    if let Some(case) = &change.case {
        out.insert("case".to_owned(), case_value(case));
    }
    if let Some(example) = &change.example {
        out.insert("example".to_owned(), example.clone().into());
    }
    Value::Object(out)
}

fn said(said: &Said) -> Value {
    json!({ "verdict": said.verdict, "rule": said.rule, "reason": said.reason })
}

fn case_value(case: &Case) -> Value {
    let mut out = Map::new();
    let mut put = |name: &str, value: Value| out.insert(name.to_owned(), value);
    put("args", Value::Object(case.args.clone()));
    put("inputs", Value::Object(case.inputs.clone()));
    if let Some(args) = &case.new_args {
        put("new_args", Value::Object(args.clone()));
    }
    if let Some(inputs) = &case.new_inputs {
        put("new_inputs", Value::Object(inputs.clone()));
    }
    if !case.facts.is_empty() {
        put("facts", Value::Object(case.facts.clone()));
    }
    if !case.history.is_empty() {
        put("history", Value::Object(case.history.clone()));
    }
    if let Some(at) = &case.at {
        put("at", at.clone().into());
    }
    Value::Object(out)
}
