//! The report as data: `docs/reports.md`.

use super::view::{EndView, FlowView, StoryView};
use crate::cli::Trouble;
use crate::cli::output::Output;
use crate::flow::whatif::Concern;
use serde_json::{Value, json};
use std::io::Write;

const VERSION: u32 = 1;

fn end(end: &EndView) -> Value {
    json!({
        "end": end.name,
        "class": end.class,
        "time_ms": end.time_ms,
        "calls": end.calls,
        "standing": end.standing,
        "unsettled": end.unsettled,
    })
}

fn concerns(list: &[Concern]) -> Vec<&'static str> {
    list.iter().map(|c| c.word()).collect()
}

fn write(document: &Value, out: &mut Output) -> Result<(), Trouble> {
    serde_json::to_writer_pretty(&mut *out, document)
        .map_err(|e| Trouble::from(std::io::Error::from(e)))?;
    writeln!(out)?;
    Ok(())
}

pub(super) fn matrix(policy: &str, views: &[FlowView], out: &mut Output) -> Result<(), Trouble> {
    let flows: Vec<Value> = views
        .iter()
        .map(|view| {
            let rows: Vec<Value> = view
                .rows
                .iter()
                .map(|row| {
                    json!({
                        "kind": row.kind,
                        "subject": row.subject,
                        "ways": row.ways,
                        "when": row.when,
                        "ends": row.ends.iter().map(end).collect::<Vec<_>>(),
                        "concerns": concerns(&row.concerns),
                    })
                })
                .collect();
            json!({ "flow": view.name, "rows": rows, "never_called": view.never })
        })
        .collect();
    write(
        &json!({ "version": VERSION, "policy": policy, "matrix": flows }),
        out,
    )
}

pub(super) fn stories(
    policy: &str,
    title: &str,
    views: &[StoryView],
    out: &mut Output,
) -> Result<(), Trouble> {
    let flows: Vec<Value> = views
        .iter()
        .map(|view| {
            let stories: Vec<Value> = view
                .stories
                .iter()
                .map(|story| {
                    let steps: Vec<Value> = story
                        .steps
                        .iter()
                        .map(|(by, state, text)| {
                            json!({ "state": state, "text": text, "by_ms": by })
                        })
                        .collect();
                    json!({ "when": story.when, "end": end(&story.end), "steps": steps })
                })
                .collect();
            json!({
                "flow": view.flow,
                "stories": stories,
                "concerns": concerns(&view.concerns),
            })
        })
        .collect();
    write(
        &json!({ "version": VERSION, "policy": policy, "scenario": title, "flows": flows }),
        out,
    )
}
