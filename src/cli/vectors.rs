//! `failway vectors`: conformance vectors of a table.

use super::output::Output;
use super::{Ended, Trouble, load};
use crate::vectors::{self, Effort};
use std::io::Write;

/// Write conformance vectors: cases that a runtime in any language can be held against
#[derive(clap::Args, Debug)]
#[command(
    long_about = "Write conformance vectors: cases that a runtime in any language can be held against.\n\n\
        One JSON document a line. The first line holds the table; each of the others is a case: steps \
        with all that goes in, and what has to come out, byte for byte. They exercise the table's leaves \
        and both sides of its bounds, edges, limits, approvals, deadlines and faults, and how values are \
        read. The same table always gives the same vectors. The form is described in docs/vectors.md.",
    after_help = "Examples:\n  \
    failway vectors desk.failway > desk.vectors.jsonl\n  \
    failway vectors desk.table.json --patience 10000 | runtimes/python/conform -"
)]
pub(super) struct Args {
    /// A policy's root file, or a compiled table
    #[arg(value_name = "FILE")]
    file: String,
    /// How many steps in a row may show nothing new before a part of the table is left
    #[arg(long, value_name = "N", default_value_t = Effort::default().patience)]
    patience: usize,
}

pub(super) fn run(args: &Args, out: &mut Output) -> Result<Ended, Trouble> {
    let Some(table) = load::table(&args.file, out)? else {
        return Ok(Ended::Found);
    };
    let effort = Effort {
        patience: args.patience,
    };
    for line in vectors::generate(&table, effort).lines(&table) {
        writeln!(out, "{line}")?;
    }
    Ok(Ended::Well)
}
