//! `failway test`: runs the `test` blocks of policies.

mod coverage;

use super::files::{self, Disk};
use super::output::{Format, Output, clean, count};
use super::project::Project;
use super::{Ended, Trouble};
use crate::diagnostics::{Diagnostic, Severity};
use crate::source::Sources;
use crate::testing::coverage::Coverage;
use crate::testing::{self, Report};
use coverage::{CoverageFormat, Covered};
use std::io::Write;

/// Run the `test` blocks of policies
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:\n  \
    failway test                              all tests of all policies in this folder\n  \
    failway test front_desk.failway           the tests of one policy\n  \
    failway test --filter \"timeout\" --verbose  some of them, with the paths taken\n  \
    failway test --coverage --min 80          what they reach, and at least so much of it\n\n\
    Exit codes: 0 all passed, 1 some failed, a policy has errors, or too little is reached,\n\
    2 it could not run.")]
pub(super) struct Args {
    /// Files, folders to search for *.failway, or - for standard input; without any, the paths of failway.toml, or this folder
    #[arg(value_name = "PATH")]
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
    /// Show what the tests reach: rules, verdicts, states, transitions, retries, ends
    #[arg(
        long,
        value_enum,
        value_name = "FORM",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "text"
    )]
    coverage: Option<CoverageFormat>,
    /// With --coverage: how much has to be reached, in percent
    #[arg(long, value_name = "PERCENT", requires = "coverage")]
    min: Option<f64>,
}

pub(super) fn run(args: &Args, out: &mut Output) -> Result<Ended, Trouble> {
    let files = files::find(&Project::find()?.paths(&args.paths))?;
    let disk = Disk::new(files.iter().any(|f| f == files::STDIN))?;
    let (mut passed, mut failed, mut skipped, mut broken) = (0, 0, 0, 0);
    let mut unreadable = Vec::new();
    let mut covered = Vec::new();
    let in_words = matches!(args.coverage, None | Some(CoverageFormat::Text));
    let effort = files::effort(None)?;
    let work = |file: &str| crate::compile_with(file, &disk, effort);
    files::each_policy(&files, &disk, work, |file, compiled| {
        let (checked, table) = match compiled {
            Ok(done) => done,
            Err(why) => {
                unreadable.push(format!("`{file}` cannot be read: {why}"));
                return Ok(());
            }
        };
        let warned = |d: &Diagnostic| d.severity == Severity::Warning;
        let denied = args.deny_warnings && checked.findings.iter().any(warned);
        let what = if table.is_none() {
            "errors"
        } else {
            "warnings"
        };
        let Some(table) = table.filter(|_| !denied) else {
            let all: Vec<_> = checked.findings.iter().collect();
            out.findings(&checked.sources, &all, Format::Human)?;
            let said = out.paint("31", "not tested");
            writeln!(out, "{said} {file}: it has {what}")?;
            broken += 1;
            return Ok(());
        };
        let mut coverage = Coverage::of(&table);
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
            for record in report.records.iter().filter(|_| args.coverage.is_some()) {
                coverage.add(&table, record);
            }
            if in_words {
                show(out, file, &checked.sources, &report, args.verbose)?;
            }
        }
        covered.push(Covered::new(
            file,
            coverage,
            &checked.policy,
            &checked.sources,
        ));
        Ok(())
    })?;
    let mut said = format!("{passed} passed, {failed} failed");
    if skipped > 0 {
        said.push_str(&format!(", {skipped} left out"));
    }
    if broken > 0 {
        said.push_str(&format!(", {} not tested", count(broken, "policy")));
    }
    if passed + failed + broken == 0 && unreadable.is_empty() {
        // Whoever names a test means to run it.
        if let Some(filter) = args.filter.as_ref().filter(|_| skipped > 0) {
            return Err(Trouble::new(format!(
                "no test has `{filter}` in its name ({} left out)",
                count(skipped, "test")
            )));
        }
        said = "there are no tests".to_string();
    }
    let mut well = failed == 0 && broken == 0;
    let said = out.paint(if well { "32" } else { "31" }, &said);
    if unreadable.len() < files.len() {
        if in_words {
            writeln!(out, "{said}")?;
        } else {
            out.aside(&said);
        }
    }
    if let Some(format) = args.coverage {
        coverage::print(out, format, &covered)?;
        let (reached, least) = (coverage::percent(&covered), args.min.unwrap_or(0.0));
        if reached < least {
            well = false;
            out.aside(&format!(
                "{reached:.1}% is reached, where {least}% have to be"
            ));
        }
    }
    if !unreadable.is_empty() {
        return Err(Trouble::lines(unreadable));
    }
    Ok(if well { Ended::Well } else { Ended::Found })
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
    writeln!(out, "{mark} {} ({file})", clean(&report.name))?;
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
        writeln!(out, "     expected: {}", clean(&failure.expected))?;
        writeln!(out, "     actual:   {}", clean(&failure.actual))?;
    }
    if (verbose || !report.passed()) && !report.path.is_empty() {
        writeln!(out, "     the path taken:")?;
        for step in &report.path {
            writeln!(out, "       {}", clean(step))?;
        }
    }
    Ok(())
}
