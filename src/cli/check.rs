//! `failway check`: everything that is wrong with policies.

mod forms;

use super::files::{self, Disk};
use super::fix::Wanted;
use super::output::{Output, count};
use super::{Ended, Trouble, project};
use crate::Checked;
use crate::ci::place::Root;
use crate::ci::{Cutter, Entry, Excuse, Fingerprints, junit};
use crate::diagnostics::{Diagnostic, render_json};
use crate::fixes;
use crate::source::Sources;
use forms::{Collected, Form};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::io::Write;
use std::time::Instant;

/// Check policies: everything that is left open, contradictory or wrong in them
#[derive(clap::Args, Debug)]
#[command(group = clap::ArgGroup::new("repairs").multiple(true), after_help = "Examples:\n  \
    failway check                                     every policy in this folder\n  \
    failway check front_desk.failway --deny-warnings  one policy, as a CI check\n  \
    failway check --format json examples              findings as data\n  \
    failway check --format sarif > failway.sarif      for code scanning\n  \
    failway check --style                             also advice on how it reads\n  \
    failway check --fix                               repairs what can be repaired in one way only\n  \
    failway check --diff --unsafe-fixes               shows what else could be repaired\n  \
    cat desk.failway | failway check -                from standard input\n\n\
    Exit codes: 0 nothing to object to, 1 findings, 2 it could not run.")]
pub(super) struct Args {
    /// Files, folders to search for *.failway, or - for standard input
    #[arg(default_value = ".", value_name = "PATH")]
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
    let effort = files::effort(args.effort)?;
    let wanted = Wanted {
        fix: args.fix,
        diff: args.diff,
        guesses: args.unsafe_fixes,
    };
    let files = files::find(&args.paths)?;
    let disk = Disk::new(files.iter().any(|f| f == files::STDIN))?;
    let root = project::root()?;
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
            crate::add_style(&mut checked, file, &disk)?;
        }
        if !wanted.any() {
            return Ok((checked, None));
        }
        let applied = fixes::all(checked, args.style, effort, &|trust| wanted.may(trust))?;
        Ok((applied.checked, Some((applied.done, applied.changed))))
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
                suite.entries = sum.take(out, &root, &checked, args.format)?;
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
    sum.rest(out, &root, args.format)?;
    let all = &sum.all;
    if wanted.any() && all.files > 0 {
        out.flush()?;
        wanted.say(out, sum.repairs, sum.changed.len());
    }
    all.write(args.format, args.deny_warnings, out)?;
    let in_words = matches!(args.format, Form::Human | Form::Plain | Form::Github);
    // Of nothing that was read there is nothing to say.
    if in_words && all.files > 0 {
        summary(all, out)?;
        if let Some(code) = sum.first {
            writeln!(out, "`failway explain {code}` says more about a code")?;
        }
    }
    if !all.unreadable.is_empty() {
        return Err(Trouble::lines(sum.all.unreadable));
    }
    let bad = all.tally.errors > 0
        || (args.diff && !sum.changed.is_empty())
        || (args.deny_warnings && all.tally.warnings > 0);
    Ok(if bad { Ended::Found } else { Ended::Well })
}

/// How many findings there are, and in how much.
fn summary(all: &Collected, out: &mut Output) -> Result<(), Trouble> {
    let mut scope = format!(
        "{} in {}",
        count(all.policies - all.unreadable.len(), "policy"),
        count(all.files, "file")
    );
    if all.allowed > 0 {
        scope.push_str(&format!("; {} allowed", all.allowed));
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

#[derive(Default)]
struct Sum {
    all: Collected,
    fingerprints: Fingerprints,
    /// What was reported: a file that two policies use is reported once.
    seen: HashSet<String>,
    first: Option<crate::diagnostics::Code>,
    /// How many fixes were applied, and to which files.
    repairs: usize,
    changed: BTreeSet<String>,
    /// How many policies bring a file in.
    brought_in: BTreeMap<String, usize>,
    /// Allowances without use in such files, and how many policies have none for them.
    unused: BTreeMap<String, (usize, Diagnostic, Sources)>,
}

impl Sum {
    /// Prints the findings of a policy, or gives them back for the end, as the form wants it.
    fn take(
        &mut self,
        out: &mut Output,
        root: &Root,
        checked: &Checked,
        form: Form,
    ) -> Result<Vec<Entry>, Trouble> {
        let sources = &checked.sources;
        let shared = sources.files().count() > 1;
        for (_, file) in sources.files().skip(1) {
            *self.brought_in.entry(file.name().to_string()).or_default() += 1;
        }
        for found in &checked.unused_elsewhere {
            let first = || (0, found.clone(), sources.clone());
            let kept = self.unused.entry(key(sources, found));
            kept.or_insert_with(first).0 += 1;
        }
        let cutter = form.printed().is_none().then(|| Cutter::new(sources, root));
        let mut entries = Vec::new();
        for finding in &checked.findings {
            if !shared || self.seen.insert(key(sources, finding)) {
                self.one(out, sources, finding, form, cutter.as_ref(), &mut entries)?;
            }
        }
        for allowed in &checked.allowed {
            let finding = &allowed.finding;
            if shared && !self.seen.insert(key(sources, finding)) {
                continue;
            }
            self.all.allowed += 1;
            if let Some(cutter) = &cutter {
                let mut entry = cutter.cut(finding, &mut self.fingerprints);
                entry.excuse = Some(Excuse::Allowed(allowed.because.clone()));
                entries.push(entry);
            }
        }
        Ok(entries)
    }

    fn one(
        &mut self,
        out: &mut Output,
        sources: &Sources,
        finding: &Diagnostic,
        form: Form,
        cutter: Option<&Cutter<'_>>,
        entries: &mut Vec<Entry>,
    ) -> Result<(), Trouble> {
        self.all.tally.add(finding.severity);
        self.first.get_or_insert(finding.code);
        if let Some(format) = form.printed() {
            out.findings(sources, &[finding], format)?;
        }
        if let Some(cutter) = cutter {
            let entry = cutter.cut(finding, &mut self.fingerprints);
            let mut data = render_json::finding(sources, finding);
            data["fingerprint"] = entry.fingerprint.as_str().into();
            self.all.data.push(data);
            entries.push(entry);
        }
        Ok(())
    }

    /// What only all policies together show: allowances in shared files that none of them needs.
    fn rest(&mut self, out: &mut Output, root: &Root, form: Form) -> Result<(), Trouble> {
        for (count, finding, sources) in std::mem::take(&mut self.unused).into_values() {
            let name = sources.file(finding.span().file).name();
            if self.brought_in.get(name) != Some(&count) {
                continue;
            }
            let cutter = form
                .printed()
                .is_none()
                .then(|| Cutter::new(&sources, root));
            let mut entries = Vec::new();
            self.one(out, &sources, &finding, form, cutter.as_ref(), &mut entries)?;
            self.all.suites.push(junit::Suite {
                file: root.path(name),
                entries,
                unreadable: None,
            });
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
