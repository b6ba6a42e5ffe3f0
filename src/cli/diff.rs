//! `failway diff`: the meaning of a change.

mod json;
mod markdown;
mod text;
mod version;
mod worst;

use super::output::Output;
use super::{Ended, Trouble, files};
use crate::diff::{Effect, Report};
use clap::ValueEnum;
use std::collections::BTreeMap;
use std::io::Write;

/// Show what a change means: what gets looser, stricter, or ends elsewhere.
///
/// OLD and NEW are policies, compiled tables, or either in a git revision, written REV:PATH; the files
/// that a policy uses are then read from that revision as well. PATH is relative to the folder that you
/// are in. REV: alone means the other one's path, and without NEW it is the file as it is on disk.
///
/// Compared is what both decide, not how it is written: for every action the proposals whose verdict
/// differs, each with a case that shows it and the rule to look at. That nothing differs is proven;
/// what cannot be compared exactly is named, and counts as a difference.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:\n  \
    failway diff old.failway new.failway\n  \
    failway diff HEAD:desk.failway                    what is not committed yet\n  \
    failway diff main: policies/desk.failway          this branch against main\n  \
    failway diff HEAD~3:desk.failway HEAD:desk.failway\n  \
    failway diff released.table.json desk.failway --fail-on looser\n  \
    failway diff main: desk.failway --format markdown > comment.md\n\n\
    Exit codes: 0 nothing differs that --fail-on names, 1 something does, 2 it could not run.")]
pub(super) struct Args {
    /// What was: a policy, a table, REV:PATH or REV:
    #[arg(value_name = "OLD")]
    old: String,
    /// What is [default: the file of OLD as it is on disk]
    #[arg(value_name = "NEW")]
    new: Option<String>,
    /// The form of the report
    #[arg(long, value_enum, default_value_t)]
    format: ReportFormat,
    /// End with 1 if something of this differs; several with commas
    #[arg(
        long,
        value_enum,
        value_name = "WHAT",
        value_delimiter = ',',
        default_value = "any"
    )]
    fail_on: Vec<FailOn>,
    /// Let a question take so many times the usual work
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    effort: Option<u32>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum ReportFormat {
    /// In words
    #[default]
    Text,
    /// Fit for a comment on a pull request
    Markdown,
    /// As data; see docs/reports.md
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum FailOn {
    /// Something goes further than before, or more is taken in
    Looser,
    /// Something is held back that was not, or less is taken in
    Stricter,
    /// Something ends elsewhere in a flow
    Flow,
    /// A worst case is another one
    Budget,
    /// The verdict is the same, but for another reason
    Reason,
    /// Anything else that is done otherwise
    Other,
    /// Any of these
    Any,
    /// Nothing: only show
    None,
}

impl FailOn {
    fn covers(self, effect: Effect) -> bool {
        match self {
            Self::Any => true,
            Self::None => false,
            Self::Looser => effect == Effect::Looser,
            Self::Stricter => effect == Effect::Stricter,
            Self::Flow => effect == Effect::Flow,
            Self::Budget => effect == Effect::Budget,
            Self::Reason => effect == Effect::Reason,
            Self::Other => effect == Effect::Other,
        }
    }
}

/// What is shown, with where things stand.
struct Shown<'r> {
    report: &'r Report,
    old: &'r str,
    new: &'r str,
    /// Where rules stand: in the newer source, else in the older one.
    places: BTreeMap<String, String>,
}

impl Shown<'_> {
    /// How many changes there are of each kind that there is.
    fn counts(&self) -> Vec<(Effect, usize)> {
        Effect::ALL
            .into_iter()
            .map(|effect| {
                let all = self.report.changes.iter();
                (effect, all.filter(|c| c.effect == effect).count())
            })
            .filter(|(_, n)| *n > 0)
            .collect()
    }

    /// The rule to look at, with its place.
    fn blame(&self, change: &crate::diff::Change) -> Option<String> {
        let rule = change.blame.as_ref()?;
        Some(match self.places.get(rule) {
            Some(place) => format!("{rule} ({place})"),
            None => rule.clone(),
        })
    }

    /// One line that says it all.
    fn verdict(&self) -> String {
        if self.report.same() {
            return "No change in meaning.".to_owned();
        }
        let mut parts: Vec<String> = self
            .counts()
            .into_iter()
            .map(|(effect, n)| format!("{n} {}", effect.word()))
            .collect();
        if !self.report.unproven.is_empty() {
            parts.push(format!("{} not compared", self.report.unproven.len()));
        }
        format!("{}.", parts.join(", "))
    }
}

pub(super) fn run(args: &Args, out: &mut Output) -> Result<Ended, Trouble> {
    let effort = files::effort(args.effort)?;
    let (old, new) = version::both(&args.old, args.new.as_deref())?;
    let old = old.open(effort, out)?;
    let new = new.open(effort, out)?;
    let mut report = crate::diff::compare(&old.table, &new.table, effort);
    report.changes.extend(worst::changes(&old, &new, effort));
    let mut places = old.rules();
    places.extend(new.rules());
    let shown = Shown {
        report: &report,
        old: &old.name,
        new: &new.name,
        places,
    };
    match args.format {
        ReportFormat::Text => text::print(&shown, out)?,
        ReportFormat::Markdown => markdown::print(&shown, out)?,
        ReportFormat::Json => {
            serde_json::to_writer_pretty(&mut *out, &json::document(&shown))
                .map_err(|e| Trouble::from(std::io::Error::from(e)))?;
            writeln!(out)?;
        }
    }
    let differs = report
        .changes
        .iter()
        .any(|c| args.fail_on.iter().any(|f| f.covers(c.effect)));
    // What is not known to be the same may be anything.
    let unknown = !report.unproven.is_empty() && args.fail_on.iter().any(|f| *f != FailOn::None);
    Ok(if differs || unknown {
        Ended::Found
    } else {
        Ended::Well
    })
}
