//! `failway check`: everything that is wrong with policies.

mod forms;
mod sum;
mod watch;

use super::compile::replace;
use super::files::{self, Disk};
use super::fix::Wanted;
use super::output::{Output, clean, count};
use super::project::{self, Project};
use super::{Ended, Trouble};
use crate::ci::baseline::{Baseline, Known};
use crate::ci::junit;
use crate::fixes;
use forms::{Collected, Form};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::Path;
use std::time::Instant;
use sum::Sum;

/// Check policies: everything that is left open, contradictory or wrong in them
#[derive(clap::Args, Debug)]
#[command(group = clap::ArgGroup::new("repairs").multiple(true), after_help = "Examples:\n  \
    failway check                                     every policy in this folder\n  \
    failway check front_desk.failway --deny-warnings  one policy, as a CI check\n  \
    failway check --format json examples              findings as data\n  \
    failway check --format sarif > failway.sarif      for code scanning\n  \
    failway check --write-baseline known.json         take what there is as known\n  \
    failway check --baseline known.json               only what is new since then\n  \
    failway check --watch                             again with every change\n  \
    failway check --style                             also advice on how it reads\n  \
    failway check --fix                               repairs what can be repaired in one way only\n  \
    failway check --diff --unsafe-fixes               shows what else could be repaired\n  \
    cat desk.failway | failway check -                from standard input\n\n\
    Exit codes: 0 nothing to object to, 1 findings, 2 it could not run.")]
pub(super) struct Args {
    /// Files, folders to search for *.failway, or - for standard input; without any, the paths of failway.toml, or this folder
    #[arg(value_name = "PATH")]
    paths: Vec<String>,
    /// The form of the findings
    #[arg(long, value_enum, default_value_t)]
    format: Form,
    /// Let warnings count as errors
    #[arg(long)]
    deny_warnings: bool,
    /// How many times the usual work a question may take before it is given up as FW290: 1, or what FAILWAY_EFFORT says
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    effort: Option<u32>,
    /// Hide the findings that stand in this file, and say which of them are gone
    #[arg(long, value_name = "FILE")]
    baseline: Option<String>,
    /// Write all findings to this file, as known from now on
    #[arg(long, value_name = "FILE", conflicts_with_all = ["baseline", "watch", "fix", "diff"])]
    write_baseline: Option<String>,
    /// Check again whenever a file changes, until Ctrl-C
    #[arg(long, conflicts_with_all = ["fix", "diff"])]
    watch: bool,
    /// Say on standard error how long each phase took
    #[arg(long, hide = true)]
    timings: bool,
    /// Also say what could read better: names, documentation, reasons, order (codes FW9)
    #[arg(long)]
    style: bool,
    /// Repair what can be repaired in one way only, and report what is left
    #[arg(long, group = "repairs")]
    fix: bool,
    /// Take guesses at what was meant as well: names, where a mishap leads, what goes
    #[arg(long, requires = "repairs")]
    unsafe_fixes: bool,
    /// Write nothing; show what --fix would change
    #[arg(long, group = "repairs")]
    diff: bool,
}

pub(super) fn run(args: &Args, out: &mut Output) -> Result<Ended, Trouble> {
    if args.watch {
        return watch::run(args, out);
    }
    pass(args, out, &mut BTreeMap::new())
}

/// Checks once; `reached` is told which files were looked at, and their state before.
fn pass(
    args: &Args,
    out: &mut Output,
    reached: &mut BTreeMap<String, files::State>,
) -> Result<Ended, Trouble> {
    let project = Project::find()?;
    let strict = args.deny_warnings || project.config.deny_warnings;
    let style = args.style || project.config.style;
    let effort = files::effort(args.effort)?;
    let wanted = Wanted {
        fix: args.fix,
        diff: args.diff,
        guesses: args.unsafe_fixes,
    };
    let root = project::root()?;
    // What becomes known is written down, not shown.
    let form = match args.write_baseline {
        Some(_) => Form::Json,
        None => args.format,
    };
    let mut sum = Sum::default();
    let own = || project.config.baseline.as_ref().map(|b| project.path(b));
    let baseline = match &args.write_baseline {
        Some(_) => None,
        None => args.baseline.clone().or_else(own),
    };
    if let Some(path) = &baseline {
        sum.baseline = Some(known(path)?);
    }
    let files = files::find(&project.paths(&args.paths))?;
    let disk = Disk::new(files.iter().any(|f| f == files::STDIN))?;
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
        if style {
            crate::add_style(&mut checked, file, &disk)?;
        }
        let mut repaired = None;
        if wanted.any() {
            let applied = fixes::all(checked, style, effort, &|trust| wanted.may(trust))?;
            checked = applied.checked;
            repaired = Some((applied.done, applied.changed));
        }
        project.config.level(&mut checked.findings);
        project.config.level(&mut checked.unused_elsewhere);
        Ok((checked, repaired))
    };
    files::each_policy(&files, &disk, work, |file, checked| {
        sum.all.policies += 1;
        let mut suite = junit::Suite {
            file: root.path(file),
            entries: Vec::new(),
            unreadable: None,
        };
        match checked {
            Ok((checked, repaired)) => {
                sum.all.files += checked.sources.files().count();
                if let Some((done, changed)) = repaired {
                    sum.repairs += done.len();
                    wanted.write(out, &changed, &mut sum.changed)?;
                }
                suite.entries = sum.take(out, &root, &checked, form)?;
            }
            Err(why) => {
                let why = format!("`{file}` cannot be read: {why}");
                suite.unreadable = Some(why.clone());
                sum.all.unreadable.push(why);
            }
        }
        sum.all.suites.push(suite);
        Ok(())
    })?;
    sum.rest(out, &root, form)?;
    reached.append(&mut disk.seen());
    if let Some(path) = &args.write_baseline {
        return write_baseline(path, &sum, out);
    }
    let looked_at: BTreeSet<String> = sum.reached.iter().map(|f| root.path(f)).collect();
    // What lies in a file that was not looked at may still be there.
    let gone = |known: &&Known| {
        looked_at.contains(&known.file) || !Path::new(&root.full(&known.file)).exists()
    };
    let left = sum.baseline.iter().flat_map(Baseline::left);
    sum.all.resolved = left.filter(gone).cloned().collect();
    let all = &sum.all;
    if wanted.any() && all.files > 0 {
        out.flush()?;
        wanted.say(out, sum.repairs, sum.changed.len());
    }
    all.write(args.format, strict, sum.baseline.is_some(), out)?;
    let in_words = matches!(args.format, Form::Human | Form::Plain | Form::Github);
    // Of nothing that was read there is nothing to say.
    if in_words && all.files > 0 {
        summary(all, out)?;
        if let Some(code) = sum.first {
            writeln!(out, "`failway explain {code}` says more about a code")?;
        }
        if let Some(path) = baseline.filter(|_| !all.resolved.is_empty()) {
            resolved(&all.resolved, &path, out)?;
        }
    }
    if !all.unreadable.is_empty() {
        return Err(Trouble::lines(sum.all.unreadable));
    }
    let bad = all.tally.errors > 0
        || (args.diff && !sum.changed.is_empty())
        || (strict && all.tally.warnings > 0);
    Ok(if bad { Ended::Found } else { Ended::Well })
}

/// The findings of a baseline.
fn known(path: &str) -> Result<Baseline, Trouble> {
    files::read(Path::new(path), crate::syntax::MAX_BYTES)
        .and_then(|bytes| Baseline::read(&bytes))
        .map_err(|why| {
            Trouble::new(format!(
                "the baseline `{path}` cannot be used: {why}\n`failway check --write-baseline {path}` writes one"
            ))
        })
}

fn write_baseline(path: &str, sum: &Sum, out: &mut Output) -> Result<Ended, Trouble> {
    let all = &sum.all;
    if !all.unreadable.is_empty() {
        let mut why = all.unreadable.clone();
        why.push(format!("`{path}` was not written"));
        return Err(Trouble::lines(why));
    }
    let entries = all.suites.iter().flat_map(|s| &s.entries);
    let counting: Vec<_> = entries.filter(|e| e.excuse.is_none()).collect();
    let text = Baseline::text(counting.iter().copied());
    replace(Path::new(path), text.as_bytes())?;
    let known = count(counting.len(), "known finding");
    out.aside(&format!("{path}: {known}"));
    if all.tally.errors > 0 {
        let errors = count(all.tally.errors, "error");
        out.aside(&format!(
            "{errors} among them: a policy has no table until its errors are repaired"
        ));
    }
    Ok(Ended::Well)
}

/// What was known and is gone.
fn resolved(resolved: &[Known], path: &str, out: &mut Output) -> Result<(), Trouble> {
    let gone = count(resolved.len(), "known finding");
    writeln!(out, "{gone} gone; `--write-baseline {path}` strikes off:")?;
    for known in resolved {
        let line = format!("{}: {} {}", known.file, known.code, known.message);
        writeln!(out, "  {}", clean(&line).replace('\n', " "))?;
    }
    Ok(())
}

/// How many findings there are, and in how much.
fn summary(all: &Collected, out: &mut Output) -> Result<(), Trouble> {
    let mut scope = format!(
        "{} in {}",
        count(all.policies - all.unreadable.len(), "policy"),
        count(all.files, "file")
    );
    for (number, what) in [(all.allowed, "allowed"), (all.known, "known")] {
        if number > 0 {
            scope.push_str(&format!("; {number} {what}"));
        }
    }
    let said = all.tally.to_string();
    let said = match (all.tally.errors, all.tally.warnings) {
        (0, 0) => out.paint("32", &said),
        (0, _) => out.paint("33", &said),
        _ => out.paint("31", &said),
    };
    writeln!(out, "{said} ({scope})")?;
    Ok(())
}
