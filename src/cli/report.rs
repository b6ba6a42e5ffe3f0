//! `failway report`: one page for the person who has to sign.

mod html;
mod outages;
mod page;
mod sections;

use super::files::{self, Disk};
use super::output::{Format, Output};
use super::progress::watched;
use super::{Ended, Trouble, compile};
use crate::flow::Picture;
use crate::flow::budget::Budget;
use crate::flow::budget::load::{Load, loads};
use crate::flow::whatif::{Matrix, matrix};
use crate::table::Table;
use crate::testing::coverage::Coverage;
use crate::testing::{self, Report};
use crate::{Checked, flow, gate};
use std::io::Write;
use std::path::Path;

/// Write one page for whoever has to sign: findings, rules, flows, outages, tests
///
/// The page stands for itself: it loads nothing, and no browser lets it. It holds the findings, the
/// rules as tables to sort and to search, the flows as diagrams to walk through, everything that can
/// fail with the story of what follows, budgets, what the tests reach, and the digests of what was
/// reviewed. It can be used with a keyboard and a screen reader, in light and dark, and printed.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:\n  \
    failway report desk.failway -o report.html\n  \
    failway report examples/front-desk > report.html\n\n\
    Exit codes: 0 written, 1 the policy has errors (nothing written), 2 it could not run.")]
pub(super) struct Args {
    /// A policy's root file, or - for standard input
    #[arg(value_name = "FILE")]
    file: String,
    /// Where to write the page, whole or not at all; - for standard output
    #[arg(short, long, value_name = "OUT", default_value = "-")]
    output: String,
    /// How many times the usual work a question may take before it is given up as FW290: 1, or what FAILWAY_EFFORT says
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    effort: Option<u32>,
}

/// All that the page is made of.
struct Reviewed<'a> {
    checked: &'a Checked,
    table: &'a Table,
    tests: &'a [Report],
    coverage: &'a Coverage,
    flows: &'a [Looked<'a>],
    loads: &'a [Load],
}

/// A flow, looked through.
struct Looked<'a> {
    picture: &'a Picture,
    budget: Option<Budget>,
    matrix: Option<Matrix>,
}

pub(super) fn run(args: &Args, out: &mut Output) -> Result<Ended, Trouble> {
    let disk = Disk::new(args.file == "-")?;
    let file = files::the_policy(&args.file)?;
    let effort = files::effort(args.effort)?;
    let made = watched(&file, (1, 1), || -> Result<_, String> {
        let (checked, table) = crate::compile_with(&file, &disk, effort)?;
        let page = table.map(|table| page_of(&checked, &table, effort));
        Ok((checked, page))
    });
    let (checked, page) =
        made.map_err(|why| Trouble::new(format!("`{}` cannot be read: {why}", args.file)))?;
    let Some(page) = page else {
        out.report(&checked.sources, &checked.findings, Format::Human);
        out.aside(&format!(
            "`{file}` has errors: nothing to sign, and no page"
        ));
        return Ok(Ended::Found);
    };
    match args.output.as_str() {
        "-" => out.write_all(page.as_bytes())?,
        path => {
            compile::replace(Path::new(path), page.as_bytes())?;
            out.aside(&format!("{path}: {} kB", page.len().div_ceil(1000)));
        }
    }
    Ok(Ended::Well)
}

fn page_of(checked: &Checked, table: &Table, effort: u32) -> String {
    let policy = &checked.policy;
    let (mut gate, _) = gate::build(policy, effort);
    let pictures = flow::pictures(&mut gate, &mut Vec::new());
    drop(gate);
    let flows: Vec<Looked<'_>> = pictures
        .iter()
        .map(|picture| Looked {
            picture,
            budget: flow::budget::budget(policy, picture),
            matrix: matrix(policy, picture),
        })
        .collect();
    let budgets: Vec<Budget> = flows.iter().filter_map(|f| f.budget.clone()).collect();
    let mut coverage = Coverage::of(table);
    let run = |test| testing::run(policy, table, &checked.sources, test);
    let tests: Vec<Report> = policy.tests.iter().map(run).collect();
    for record in tests.iter().flat_map(|t| &t.records) {
        coverage.add(table, record);
    }
    page::page(&Reviewed {
        checked,
        table,
        tests: &tests,
        coverage: &coverage,
        flows: &flows,
        loads: &loads(policy, &budgets),
    })
}
