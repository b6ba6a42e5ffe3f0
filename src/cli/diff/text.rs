//! The report in words.

use super::super::Trouble;
use super::super::output::{Output, clean};
use super::Shown;
use crate::diff::{Case, Change, Effect};
use serde_json::{Map, Value};
use std::io::Write;

/// What stands above the changes of one kind.
pub(super) fn heading(effect: Effect) -> &'static str {
    match effect {
        Effect::Looser => "Looser",
        Effect::Stricter => "Stricter",
        Effect::Flow => "Flows",
        Effect::Budget => "Worst cases",
        Effect::Other => "Other",
        Effect::Reason => "Same verdict, another reason",
    }
}

pub(super) fn print(shown: &Shown<'_>, out: &mut Output) -> Result<(), Trouble> {
    for (effect, _) in shown.counts() {
        let colour = match effect {
            Effect::Looser => "1;31",
            Effect::Stricter => "1;33",
            _ => "1",
        };
        let heading = out.paint(colour, heading(effect));
        writeln!(out, "{heading}")?;
        for change in shown.report.changes.iter().filter(|c| c.effect == effect) {
            let what = format!("{} {}: {}", change.kind, change.name, change.what);
            writeln!(out, "  {}", clean(&what))?;
            for (label, text) in details(shown, change) {
                writeln!(out, "    {label:<8} {}", clean(&text))?;
            }
        }
        writeln!(out)?;
    }
    if !shown.report.unproven.is_empty() {
        writeln!(out, "Not compared exactly")?;
        for why in &shown.report.unproven {
            writeln!(out, "  {}", clean(why))?;
        }
        writeln!(out)?;
    }
    writeln!(out, "{}", shown.verdict())?;
    Ok(())
}

/// What there is to say of a change, besides its sentence.
pub(super) fn details(shown: &Shown<'_>, change: &Change) -> Vec<(&'static str, String)> {
    let mut lines = Vec::new();
    if let Some(blame) = shown.blame(change) {
        lines.push(("rule", blame));
    }
    if let Some(case) = &change.case {
        lines.extend(case_lines(case));
    }
    if let Some((old, new)) = &change.said
        && old.reason != new.reason
    {
        for (label, said) in [("was", old), ("is", new)] {
            if !said.reason.is_empty() {
                lines.push((label, said.reason.clone()));
            }
        }
    }
    if let Some(example) = &change.example {
        lines.push(("such as", example.clone()));
    }
    lines
}

fn case_lines(case: &Case) -> Vec<(&'static str, String)> {
    let object = |map: &Map<String, Value>| Value::Object(map.clone()).to_string();
    let mut lines = vec![("args", object(&case.args))];
    if let Some(args) = &case.new_args {
        lines.push(("now", object(args)));
    }
    if !case.inputs.is_empty() {
        lines.push(("inputs", object(&case.inputs)));
    }
    if let Some(inputs) = &case.new_inputs {
        lines.push(("now", object(inputs)));
    }
    for (fact, value) in &case.facts {
        let text = match value {
            Value::Null => format!("{fact} is not known"),
            value => format!("{fact} = {value}"),
        };
        lines.push(("fact", text));
    }
    for (question, answer) in &case.history {
        lines.push(("history", format!("{question} = {answer}")));
    }
    if let Some(at) = &case.at {
        lines.push(("place", at.clone()));
    }
    lines
}
