//! `failway decide`: one verdict.

use super::output::{Output, clean};
use super::{Ended, Trouble, files, load};
use crate::runtime::{Decision, Given, Memory, Request, Runtime, Session, Verdict};
use clap::ValueEnum;
use serde_json::json;
use std::io::Write;
use std::path::Path;

/// Decide one proposal: what the gate says to a call
#[derive(clap::Args, Debug)]
#[command(
    long_about = "Decide one proposal: what the gate says to a call.\n\nNothing is called and nothing is \
        kept: a session file is only read. Limits that all sessions share start empty here.",
    after_help = "Examples:\n  \
    failway decide desk.failway --action calendar.book \\\n    \
        --args '{\"slot\": \"S1\", \"lead\": \"L1\", \"party\": 9}' --inputs '{\"now\": \"10:00\"}'\n  \
    failway decide desk.table.json --action crm.lookup --args @args.json --format json\n\n\
    Exit codes: 0 allowed, 1 anything else (or the policy has errors), 2 it could not run."
)]
pub(super) struct Args {
    /// A policy's root file, or a compiled table
    #[arg(value_name = "FILE")]
    file: String,
    /// The action, as integration.action or by its name on the wire
    #[arg(long, value_name = "ACTION")]
    action: String,
    /// Its arguments, as a JSON object or @FILE
    #[arg(long, value_name = "JSON", default_value = "{}")]
    args: String,
    /// The inputs, as a JSON object or @FILE
    #[arg(long, value_name = "JSON", default_value = "{}")]
    inputs: String,
    /// A session, as the runtime keeps it; without one, a new session
    #[arg(long, value_name = "FILE")]
    session: Option<String>,
    /// The time, in milliseconds since 1970 [default: the system's clock]
    #[arg(long, value_name = "MS", allow_negative_numbers = true, value_parser = load::ms)]
    now: Option<i64>,
    /// The form of the verdict
    #[arg(long, value_enum, default_value_t)]
    format: DecisionFormat,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum DecisionFormat {
    /// In words
    #[default]
    Human,
    /// As data
    Json,
}

pub(super) fn run(args: &Args, out: &mut Output) -> Result<Ended, Trouble> {
    let proposed = load::json(&args.args, "--args")?;
    let inputs = load::object(&args.inputs, "--inputs")?;
    let Some(table) = load::table(&args.file, out)? else {
        return Ok(Ended::Found);
    };
    let mut session = match &args.session {
        None => Session::new(&table, "decide"),
        Some(path) => {
            let bytes = files::read(Path::new(path), crate::table::read::SIZE_MAX)
                .map_err(|why| Trouble::new(format!("`{path}` cannot be read: {why}")))?;
            Session::read(&bytes, &table).map_err(|e| Trouble::new(format!("`{path}`: {e}")))?
        }
    };
    let action = match table.action(&args.action) {
        Some(action) => action.name.clone(),
        None => table
            .action_by_wire(&args.action)
            .and_then(|i| table.body().actions.get(i as usize))
            .map(|a| a.name.clone())
            .ok_or_else(|| unknown_action(&table, &args.action))?,
    };
    let mut counters = Memory::new();
    let given = Given {
        now: args
            .now
            .unwrap_or_else(|| load::clock().max(session.now().unwrap_or(i64::MIN))),
        inputs: &inputs,
        counters: &mut counters,
    };
    let request = Request::Propose {
        action: action.clone(),
        args: proposed.clone(),
    };
    let stepped = Runtime::new(&table)
        .step(&mut session, given, request)
        .map_err(|fault| Trouble::new(fault.to_string()))?;
    let decision = stepped
        .verdict
        .ok_or_else(|| Trouble::new("there was no verdict"))?;
    match args.format {
        DecisionFormat::Json => {
            let said = json!({ "action": action, "args": proposed, "decision": decision });
            serde_json::to_writer_pretty(&mut *out, &said)
                .map_err(|e| Trouble::from(std::io::Error::from(e)))?;
            writeln!(out)?;
        }
        DecisionFormat::Human => in_words(out, &action, &decision)?,
    }
    Ok(match decision.verdict {
        Verdict::Allow => Ended::Well,
        _ => Ended::Found,
    })
}

fn in_words(out: &mut Output, action: &str, decision: &Decision) -> Result<(), Trouble> {
    let colour = match decision.verdict {
        Verdict::Allow => "1;32",
        Verdict::Escalate | Verdict::Limited => "1;33",
        Verdict::Deny => "1;31",
    };
    let verdict = out.paint(colour, decision.verdict.word());
    match &decision.rule {
        Some(rule) => writeln!(out, "{verdict} {action} ({rule})")?,
        None => writeln!(out, "{verdict} {action}")?,
    }
    if !decision.reason.is_empty() {
        writeln!(out, "  {}", clean(&decision.reason))?;
    }
    if let Some(instead) = &decision.instead {
        let args = serde_json::Value::Object(instead.args.clone());
        writeln!(out, "  Instead: {} {args}", instead.action)?;
    }
    let again = decision.again.words();
    if !again.is_empty() {
        writeln!(out, "  {again}")?;
    }
    Ok(())
}

pub(super) fn unknown_action(table: &crate::table::Table, name: &str) -> Trouble {
    let actions = &table.body().actions;
    let all: Vec<String> = actions.iter().map(|a| a.name.clone()).collect();
    load::unknown("action", name, &all)
}
