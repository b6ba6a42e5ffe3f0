//! `failway check`: everything that is wrong with policies.

use super::files::{self, Disk};
use super::output::{Format, Output, Tally, count};
use super::{Ended, Trouble};
use crate::diagnostics::{self, Diagnostic, render_json};
use crate::source::Sources;
use serde_json::{Value, json};
use std::collections::HashSet;
use std::io::Write;
use std::time::Instant;

/// Check policies: everything that is left open, contradictory or wrong in them
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:\n  \
    failway check                                     every policy in this folder\n  \
    failway check front_desk.failway --deny-warnings  one policy, as a CI check\n  \
    failway check --format json examples              findings as data\n  \
    failway check --style                             also advice on how it reads\n  \
    cat desk.failway | failway check -                from standard input\n\n\
    Exit codes: 0 nothing to object to, 1 findings, 2 it could not run.")]
pub(super) struct Args {
    /// Files, folders to search for *.failway, or - for standard input
    #[arg(default_value = ".", value_name = "PATH")]
    paths: Vec<String>,
    /// The form of the findings
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Let warnings count as errors
    #[arg(long)]
    deny_warnings: bool,
    /// How many times the usual work a question may take before it is given up as FW290: 1, or what FAILWAY_EFFORT says
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    effort: Option<u32>,
    /// Say on standard error how long each phase took
    #[arg(long, hide = true)]
    timings: bool,
    /// Also say what could read better: names, documentation, reasons, order (codes FW9)
    #[arg(long)]
    style: bool,
}

pub(super) fn run(args: &Args, out: &mut Output) -> Result<Ended, Trouble> {
    let effort = files::effort(args.effort)?;
    let files = files::find(&args.paths)?;
    let disk = Disk::new(files.iter().any(|f| f == files::STDIN))?;
    let mut sum = Sum::default();
    let work = |file: &str| {
        let mut last = Instant::now();
        let mut timed = |phase| {
            if args.timings {
                eprintln!(
                    "{file}: {phase} {:.1} ms",
                    1e3 * last.elapsed().as_secs_f64()
                );
                last = Instant::now();
            }
        };
        let mut checked = crate::check_watched(file, &disk, effort, &mut timed)?;
        if args.style {
            checked.findings.extend(crate::style(file, &disk)?);
            diagnostics::sort(&mut checked.findings);
        }
        Ok((checked, ()))
    };
    files::each_policy(&files, &disk, work, |file, checked| {
        sum.policies += 1;
        match checked {
            Ok((checked, ())) => {
                sum.files += checked.sources.files().count();
                sum.take(out, &checked.sources, &checked.findings, args.format)
            }
            Err(why) => {
                sum.unreadable
                    .push(format!("`{file}` cannot be read: {why}"));
                Ok(())
            }
        }
    })?;
    let tally = sum.tally;
    match args.format {
        Format::Json => {
            let document = json!({
                "version": render_json::VERSION,
                "findings": sum.data,
                "unreadable": sum.unreadable,
                "summary": {
                    "policies": sum.policies,
                    "files": sum.files,
                    "errors": tally.errors,
                    "warnings": tally.warnings,
                    "notes": tally.notes,
                },
            });
            serde_json::to_writer_pretty(&mut *out, &document)
                .map_err(|e| Trouble::from(std::io::Error::from(e)))?;
            writeln!(out)?;
        }
        // Of nothing that was read there is nothing to say.
        Format::Human | Format::Plain if sum.files == 0 => {}
        Format::Human | Format::Plain => {
            let scope = format!(
                "{} in {}",
                count(sum.policies - sum.unreadable.len(), "policy"),
                count(sum.files, "file")
            );
            let said = tally.to_string();
            let said = match (tally.errors, tally.warnings) {
                (0, 0) => out.paint("32", &said),
                (0, _) => out.paint("33", &said),
                _ => out.paint("31", &said),
            };
            writeln!(out, "{said} ({scope})")?;
            if let Some(code) = sum.first {
                writeln!(out, "`failway explain {code}` says more about a code")?;
            }
        }
        Format::Short => {}
    }
    if !sum.unreadable.is_empty() {
        return Err(Trouble::lines(sum.unreadable));
    }
    let bad = tally.errors > 0 || (args.deny_warnings && tally.warnings > 0);
    Ok(if bad { Ended::Found } else { Ended::Well })
}

#[derive(Default)]
struct Sum {
    policies: usize,
    files: usize,
    tally: Tally,
    data: Vec<Value>,
    unreadable: Vec<String>,
    /// What was reported: a file that two policies use is reported once.
    seen: HashSet<String>,
    first: Option<crate::diagnostics::Code>,
}

impl Sum {
    fn take(
        &mut self,
        out: &mut Output,
        sources: &Sources,
        findings: &[Diagnostic],
        format: Format,
    ) -> Result<(), Trouble> {
        let shared = sources.files().count() > 1;
        for finding in findings {
            if shared && !self.seen.insert(key(sources, finding)) {
                continue;
            }
            self.tally.add(finding.severity);
            self.first.get_or_insert(finding.code);
            if format == Format::Json {
                self.data.push(render_json::finding(sources, finding));
            } else {
                out.findings(sources, &[finding], format)?;
            }
        }
        Ok(())
    }
}

fn key(sources: &Sources, finding: &Diagnostic) -> String {
    let span = finding.span();
    format!(
        "{}\0{}\0{}\0{}\0{}",
        sources.file(span.file).name(),
        span.start,
        span.end,
        finding.code,
        finding.message
    )
}
