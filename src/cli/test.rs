//! `failway test`: runs the `test` blocks of policies.

use super::files::{self, Disk};
use super::output::{Format, Output, count};
use super::{Ended, Trouble};
use crate::source::Sources;
use crate::testing::{self, Report};
use std::io::Write;

/// Run the `test` blocks of policies
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:\n  \
    failway test                              all tests of all policies in this folder\n  \
    failway test front_desk.failway           the tests of one policy\n  \
    failway test --filter \"timeout\" --verbose  some of them, with the paths taken\n\n\
    Exit codes: 0 all passed, 1 some failed or a policy has errors, 2 it could not run.")]
pub(super) struct Args {
    /// Files, folders to search for *.failway, or - for standard input
    #[arg(default_value = ".", value_name = "PATH")]
    paths: Vec<String>,
    /// Run only the tests whose name contains this
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
    /// Show the path that each test took
    #[arg(long, short)]
    verbose: bool,
    /// Let warnings count as errors
    #[arg(long)]
    deny_warnings: bool,
}

pub(super) fn run(args: &Args, out: &mut Output) -> Result<Ended, Trouble> {
    let files = files::find(&args.paths)?;
    let disk = Disk::new(files.iter().any(|f| f == files::STDIN))?;
    let (mut passed, mut failed, mut skipped, mut broken) = (0, 0, 0, 0);
    let mut unreadable = 0;
    let work = |file: &str| crate::compile(file, &disk);
    files::each_policy(&files, &disk, work, |file, compiled| {
        let (checked, table) = match compiled {
            Ok(done) => done,
            Err(why) => {
                out.flush()?;
                out.complain(&format!("`{file}` cannot be read: {why}"));
                unreadable += 1;
                return Ok(());
            }
        };
        let denied = args.deny_warnings && !checked.findings.is_empty();
        let Some(table) = table.filter(|_| !denied) else {
            out.report(&checked.sources, &checked.findings, Format::Human)?;
            let said = out.paint("31", "not tested");
            writeln!(out, "{said} {file}: it has errors")?;
            broken += 1;
            return Ok(());
        };
        for test in &checked.policy.tests {
            if args.filter.as_ref().is_some_and(|f| !test.name.contains(f)) {
                skipped += 1;
                continue;
            }
            let report = testing::run(&checked.policy, &table, &checked.sources, test);
            if report.passed() {
                passed += 1;
            } else {
                failed += 1;
            }
            show(out, file, &checked.sources, &report, args.verbose)?;
        }
        Ok(())
    })?;
    let mut said = format!("{}, {failed} failed", count_passed(passed));
    if skipped > 0 {
        said.push_str(&format!(", {skipped} left out"));
    }
    if broken > 0 {
        said.push_str(&format!(", {} with errors", count(broken, "policy")));
    }
    let well = failed == 0 && broken == 0;
    let said = out.paint(if well { "32" } else { "31" }, &said);
    writeln!(out, "{said}")?;
    if unreadable > 0 {
        return Err(Trouble::new(format!(
            "{} could not be read",
            count(unreadable, "file")
        )));
    }
    Ok(if well { Ended::Well } else { Ended::Found })
}

fn count_passed(n: usize) -> String {
    format!("{n} passed")
}

fn show(
    out: &mut Output,
    file: &str,
    sources: &Sources,
    report: &Report,
    verbose: bool,
) -> Result<(), Trouble> {
    let mark = if report.passed() {
        out.paint("32", "ok  ")
    } else {
        out.paint("31", "FAIL")
    };
    writeln!(out, "{mark} {} ({file})", report.name)?;
    if let Some(failure) = &report.failure {
        let at = sources.file(failure.span.file);
        let place = at.line_col(failure.span.start);
        writeln!(
            out,
            "     {}:{}:{}: {}",
            at.name(),
            place.line,
            place.column,
            sources.slice(failure.span).trim()
        )?;
        writeln!(out, "     expected: {}", failure.expected)?;
        writeln!(out, "     actual:   {}", failure.actual)?;
    }
    if (verbose || !report.passed()) && !report.path.is_empty() {
        writeln!(out, "     the path taken:")?;
        for step in &report.path {
            writeln!(out, "       {step}")?;
        }
    }
    Ok(())
}
