//! `failway budget`: what flows can cost at most.

use super::output::{Output, clean};
use super::{Ended, Trouble, pictured};
use crate::flow::Picture;
use crate::flow::budget::cost::Costs;
use crate::flow::budget::load::{Load, loads};
use crate::flow::budget::{Bound, Budget, budget, target_name, words};
use crate::model::Policy;
use clap::ValueEnum;
use serde_json::{Value, json};
use std::io::Write;

/// Print the worst case of every flow: time, calls, load.
///
/// Every call takes as long as its timeout allows, every wait as long as it may be, and every retry
/// is used. The path shown is the one that takes longest.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:\n  \
    failway budget desk.failway\n  \
    failway budget desk.failway --flow book_appointment\n  \
    failway budget desk.failway --format json\n\n\
    Exit codes: 0 printed, 1 the policy has errors, 2 it could not run.")]
pub(super) struct Args {
    /// A policy's root file, or - for standard input
    #[arg(value_name = "FILE")]
    file: String,
    /// Show only this flow
    #[arg(long, value_name = "FLOW")]
    flow: Option<String>,
    /// The form of the budget
    #[arg(long, value_enum, default_value_t)]
    format: BudgetFormat,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum BudgetFormat {
    /// Aligned text
    #[default]
    Text,
    /// Markdown tables
    Markdown,
    /// As data; see docs/reports.md
    Json,
}

pub(super) fn run(args: &Args, out: &mut Output) -> Result<Ended, Trouble> {
    let flow = args.flow.as_deref();
    let done = pictured::with(&args.file, flow, out, |policy, pictures, out| {
        let budgets: Vec<(&Picture, Budget)> = pictures
            .iter()
            .filter_map(|p| Some((p, budget(policy, p)?)))
            .collect();
        let all: Vec<Budget> = budgets.iter().map(|(_, b)| b.clone()).collect();
        // A sum of some flows would be no load.
        let loads = match flow {
            None => loads(policy, &all),
            Some(_) => Vec::new(),
        };
        match args.format {
            BudgetFormat::Json => as_json(policy, &budgets, &loads, out),
            form => as_text(
                policy,
                &budgets,
                &loads,
                form == BudgetFormat::Markdown,
                out,
            ),
        }
    })?;
    Ok(match done {
        Some(()) => Ended::Well,
        None => Ended::Found,
    })
}

fn flow_name(policy: &Policy, id: crate::model::FlowId) -> String {
    let flow = policy.flows.get(id.index());
    flow.map(|f| f.name.clone()).unwrap_or_default()
}

/// What there is to say of a flow, as rows of two.
pub(super) fn rows(policy: &Policy, picture: &Picture, budget: &Budget) -> Vec<(String, String)> {
    let about = |bound: Bound| if bound.exact { "" } else { ", or less" };
    let mut rows = vec![(
        "time".to_string(),
        format!("{}{}", words::time(budget.time), about(budget.time)),
    )];
    let flow = policy.flows.get(budget.flow.index());
    for net in &budget.nets {
        let run = picture.inlined.runs.get(net.run as usize);
        let of = run.and_then(|r| policy.flows.get(r.flow.index()));
        let to = of.and_then(|f| f.within?.1);
        let target = run
            .zip(to)
            .map(|(r, to)| r.qualified(&target_name(policy, r.flow, to)))
            .unwrap_or_default();
        let within = words::exactly(net.within_ms);
        rows.push((
            "deadline".to_string(),
            if net.reached {
                format!(
                    "{within} -> {target}, and behind it up to {}",
                    words::time(net.tail)
                )
            } else {
                format!("{within} -> {target}, never reached")
            },
        ));
    }
    if let Some((within, None, _)) = flow.and_then(|f| f.within) {
        rows.push(("promised".to_string(), words::exactly(within)));
    }
    for (event, tail) in &budget.events {
        let event = policy.events.get(event.index());
        let name = event.map_or("", |e| e.name.as_str());
        rows.push((
            format!("after {name}"),
            format!("up to {}", words::time(*tail)),
        ));
    }
    if budget.with_events != budget.time {
        let text = format!(
            "{}{}, should an event come at the worst moment",
            words::time(budget.with_events),
            about(budget.with_events)
        );
        rows.push(("in all".to_string(), text));
    }
    rows.push((
        "calls".to_string(),
        format!("{}{}", words::calls(budget.calls), about(budget.calls)),
    ));
    for (id, bound) in &budget.integrations {
        let Some(integration) = policy.integrations.get(id.index()) else {
            continue;
        };
        let by: Vec<String> = budget
            .actions
            .iter()
            .filter(|(a, _)| integration.actions.contains(a))
            .map(|(a, b)| format!("{} {}", policy.action(*a).name, words::calls(*b)))
            .collect();
        rows.push((
            format!("  {}", integration.name),
            format!("{}: {}", words::calls(*bound), by.join(", ")),
        ));
    }
    rows
}

/// What there is to say of the load, as rows of two.
pub(super) fn load_rows(policy: &Policy, loads: &[Load]) -> Vec<(String, String)> {
    let mut rows = Vec::new();
    for load in loads {
        let Some(integration) = policy.integrations.get(load.integration.index()) else {
            continue;
        };
        let per = load.capacity.map_or(60_000, |c| c.per_ms);
        let calls = load.calls_per(per).unwrap_or(i64::MAX);
        let per = words::exactly(per);
        let capacity = match load.capacity {
            Some(c) if load.over() => format!(", over its capacity of {}", c.count),
            Some(c) => format!(", of {}", c.count),
            None => ", and it doesn't say how many it takes".to_string(),
        };
        rows.push((
            integration.name.clone(),
            format!("{calls} calls per {per}{capacity}"),
        ));
    }
    rows
}

fn as_text(
    policy: &Policy,
    budgets: &[(&Picture, Budget)],
    loads: &[Load],
    markdown: bool,
    out: &mut Output,
) -> Result<(), Trouble> {
    if markdown {
        writeln!(out, "# Worst cases of {}\n", clean(&policy.name))?;
    }
    for (i, (picture, budget)) in budgets.iter().enumerate() {
        let name = flow_name(policy, budget.flow);
        let rows = rows(policy, picture, budget);
        let costs = Costs::new(policy, picture);
        let path = words::path(&costs, &budget.path);
        if markdown {
            writeln!(out, "## Flow {name}\n\n| | at most |\n| --- | --- |")?;
            for (what, text) in &rows {
                writeln!(out, "| {} | {} |", what.trim(), cell(text))?;
            }
            writeln!(out, "\nThe path that takes longest:\n")?;
            writeln!(out, "| by | state | what happens |\n| --- | --- | --- |")?;
            for line in &path {
                let by = moment(line.at_ms);
                writeln!(out, "| {by} | {} | {} |", line.state, cell(&line.then))?;
            }
            writeln!(out)?;
            continue;
        }
        if i > 0 {
            writeln!(out)?;
        }
        let heading = out.paint("1", &format!("flow {name}, at most"));
        writeln!(out, "{heading}")?;
        two_columns(&rows, out)?;
        let heading = out.paint("1", "the path that takes longest");
        writeln!(out, "  {heading}")?;
        let lines: Vec<(String, String)> = path
            .iter()
            .map(|l| (moment(l.at_ms), format!("{}: {}", l.state, l.then)))
            .collect();
        two_columns(&lines, out)?;
    }
    let rows = load_rows(policy, loads);
    if rows.is_empty() {
        return Ok(());
    }
    if markdown {
        writeln!(
            out,
            "## Load at the peak\n\n| integration | worst case |\n| --- | --- |"
        )?;
        for (name, text) in &rows {
            writeln!(out, "| {name} | {} |", cell(text))?;
        }
    } else {
        let heading = out.paint(
            "1",
            "load at the peak (`expect`), if every run is the worst",
        );
        writeln!(out, "\n{heading}")?;
        two_columns(&rows, out)?;
    }
    Ok(())
}

/// A moment since the start.
pub(super) fn moment(at_ms: i64) -> String {
    if at_ms >= crate::flow::budget::cost::FOREVER {
        "never".to_string()
    } else {
        words::exactly(at_ms)
    }
}

fn cell(text: &str) -> String {
    clean(text).replace('|', "\\|")
}

fn two_columns(rows: &[(String, String)], out: &mut Output) -> Result<(), Trouble> {
    let width = rows.iter().map(|(a, _)| a.chars().count()).max();
    let width = width.unwrap_or(0);
    for (a, b) in rows {
        writeln!(out, "  {}  {}", clean(&format!("{a:width$}")), clean(b))?;
    }
    Ok(())
}

fn bound(bound: Bound) -> Value {
    json!({ "most": bound.most, "exact": bound.exact })
}

fn as_json(
    policy: &Policy,
    budgets: &[(&Picture, Budget)],
    loads: &[Load],
    out: &mut Output,
) -> Result<(), Trouble> {
    let flows: Vec<Value> = budgets
        .iter()
        .map(|(picture, budget)| {
            let costs = Costs::new(policy, picture);
            let path: Vec<Value> = words::path(&costs, &budget.path)
                .into_iter()
                .map(|l| json!({ "state": l.state, "then": l.then, "by_ms": time(l.at_ms) }))
                .collect();
            let nets: Vec<Value> = budget
                .nets
                .iter()
                .map(|n| {
                    let run = picture.inlined.runs.get(n.run as usize);
                    json!({
                        "flow": run.map(|r| flow_name(policy, r.flow)),
                        "run": run.map(|r| r.name.clone()),
                        "within_ms": n.within_ms,
                        "reached": n.reached,
                        "tail_ms": bound(n.tail),
                    })
                })
                .collect();
            let flow = policy.flows.get(budget.flow.index());
            let within = flow.and_then(|f| f.within);
            let promised = within.filter(|w| w.1.is_none()).map(|w| w.0);
            let names = |id: &crate::model::ActionId| policy.action(*id).full_name.clone();
            json!({
                "flow": flow_name(policy, budget.flow),
                "time_ms": bound(budget.time),
                "time_with_events_ms": bound(budget.with_events),
                "promised_ms": promised,
                "deadlines": nets,
                "events": budget.events.iter().map(|(id, b)| json!({
                    "event": policy.events.get(id.index()).map(|e| e.name.clone()),
                    "tail_ms": bound(*b),
                })).collect::<Vec<_>>(),
                "calls": bound(budget.calls),
                "integrations": budget.integrations.iter().map(|(id, b)| json!({
                    "integration": policy.integrations.get(id.index()).map(|i| i.name.clone()),
                    "calls": bound(*b),
                })).collect::<Vec<_>>(),
                "actions": budget.actions.iter().map(|(id, b)| json!({
                    "action": names(id),
                    "calls": bound(*b),
                })).collect::<Vec<_>>(),
                "path": path,
            })
        })
        .collect();
    let loads: Vec<Value> = loads
        .iter()
        .map(|load| {
            let integration = policy.integrations.get(load.integration.index());
            let per_ms = load.capacity.map_or(60_000, |c| c.per_ms);
            json!({
                "integration": integration.map(|i| i.name.clone()),
                "per_ms": per_ms,
                "calls": load.calls_per(per_ms),
                "capacity": load.capacity.map(|c| c.count),
                "over": load.over(),
            })
        })
        .collect();
    let document = json!({
        "version": 1,
        "policy": policy.name,
        "flows": flows,
        "load": loads,
    });
    serde_json::to_writer_pretty(&mut *out, &document)
        .map_err(|e| Trouble::from(std::io::Error::from(e)))?;
    writeln!(out)?;
    Ok(())
}

fn time(at_ms: i64) -> Option<i64> {
    (at_ms < crate::flow::budget::cost::FOREVER).then_some(at_ms)
}
