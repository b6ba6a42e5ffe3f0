//! `failway table`: the decisions as a table that a reviewer can read.

pub(super) mod facts;
pub(super) mod flows;
pub(super) mod print;
pub(super) mod rows;
pub(super) mod words;

use super::output::Output;
use super::{Ended, Trouble, load};
use clap::ValueEnum;
use print::Sheet;

/// Show the decisions as a table that a reviewer can read
#[derive(clap::Args, Debug)]
#[command(
    long_about = "Show the decisions as a table that a reviewer can read.\n\nFor every action: rows of \
        conditions of which exactly one holds for any proposal, each with its verdict and the rule that \
        decides. For the facts: where they come from. For every flow: what follows each outcome of each state.",
    after_help = "Examples:\n  \
    failway table desk.failway\n  \
    failway table desk.failway --action calendar.book\n  \
    failway table desk.failway --format markdown > REVIEW.md\n  \
    failway table desk.table.json --format csv"
)]
pub(super) struct Args {
    /// A policy's root file, or a compiled table
    #[arg(value_name = "FILE")]
    file: String,
    /// Show only this action
    #[arg(long, value_name = "ACTION")]
    action: Option<String>,
    /// Show only this flow
    #[arg(long, value_name = "FLOW")]
    flow: Option<String>,
    /// The form of the table
    #[arg(long, value_enum, default_value_t)]
    format: SheetFormat,
    /// The most rows of one action
    #[arg(long, value_name = "N", default_value_t = 60)]
    rows: usize,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum SheetFormat {
    /// Aligned text
    #[default]
    Text,
    /// Markdown tables
    Markdown,
    /// Comma-separated values
    Csv,
}

pub(super) fn run(args: &Args, out: &mut Output) -> Result<Ended, Trouble> {
    let Some(table) = load::table(&args.file, out)? else {
        return Ok(Ended::Found);
    };
    let body = table.body();
    if let Some(name) = &args.action
        && table.action(name).is_none()
    {
        return Err(super::decide::unknown_action(&table, name));
    }
    if let Some(name) = &args.flow {
        load::flow(&table, name)?;
    }
    let mut sheets: Vec<Sheet> = Vec::new();
    let all = args.action.is_none() && args.flow.is_none();
    for action in &body.actions {
        if all || args.action.as_ref() == Some(&action.name) {
            sheets.push(rows::sheet(body, action, args.rows).cleaned());
        }
    }
    if all && !body.facts.is_empty() {
        sheets.push(facts::sheet(body).cleaned());
    }
    for flow in &body.flows {
        if all || args.flow.as_ref() == Some(&flow.name) {
            sheets.push(flows::sheet(body, flow).cleaned());
        }
    }
    match args.format {
        SheetFormat::Text => print::text(out, &sheets)?,
        SheetFormat::Markdown => print::markdown(out, &body.policy, &sheets)?,
        SheetFormat::Csv => print::csv(out, &sheets)?,
    }
    Ok(Ended::Well)
}
