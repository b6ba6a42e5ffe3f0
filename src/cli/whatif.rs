//! `failway whatif`: what happens when it breaks.

mod html;
mod json;
mod markdown;
mod text;
pub(super) mod view;

use super::output::Output;
use super::{Ended, Trouble, load, pictured};
use crate::flow::Picture;
use crate::flow::whatif::{Concern, Fault, Matrix, Story, Unknown, by_text, matrix, stories};
use crate::model::Policy;
use clap::ValueEnum;
use std::io::Write;

/// Show what each outage does, before it happens.
///
/// Without --down, --fail or --event: for every flow a matrix of everything that can fail. Each row
/// lets one thing fail for good, from its first failure on, while all else goes well, and shows
/// every end that runs can come to: of which class, after how long and how many calls at most, and
/// which writes are left behind. With them: that one story, step by step.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:\n  \
    failway whatif desk.failway                            everything that can fail\n  \
    failway whatif desk.failway --down calendar            the calendar is down\n  \
    failway whatif desk.failway --fail calendar.book=timeout --event hangup@reserve\n  \
    failway whatif desk.failway --fail choose_slot=stuck   the AI gives up\n  \
    failway whatif desk.failway --format html > outages.html\n  \
    failway whatif desk.failway --fail-on only-failure,unsettled    as a CI check\n\n\
    Exit codes: 0 shown, 1 something of --fail-on was found or the policy has errors, 2 it could\n\
    not run.")]
pub(super) struct Args {
    /// A policy's root file, or - for standard input
    #[arg(value_name = "FILE")]
    file: String,
    /// Show only this flow
    #[arg(long, value_name = "FLOW")]
    flow: Option<String>,
    /// An integration is down: no call of it is answered well
    #[arg(long, value_name = "INTEGRATION")]
    down: Vec<String>,
    /// Calls of an action, or a state's step, come out so
    #[arg(long, value_name = "ACTION=HOW")]
    fail: Vec<String>,
    /// An event comes; with @STATE, in that state
    #[arg(long, value_name = "EVENT[@STATE]")]
    event: Vec<String>,
    /// The form of the report
    #[arg(long, value_enum, default_value_t)]
    format: ReportFormat,
    /// End with 1 if something of this is found; several with commas
    #[arg(long, value_enum, value_name = "WHAT", value_delimiter = ',')]
    fail_on: Vec<FailOn>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum ReportFormat {
    /// Aligned text
    #[default]
    Text,
    /// Markdown tables
    Markdown,
    /// As data; see docs/reports.md
    Json,
    /// One page without anything from elsewhere
    Html,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum FailOn {
    /// No success is possible any more
    NoSuccess,
    /// A failure end can be reached
    FailureEnd,
    /// Every end is a failure: whoever waits is left with nothing
    OnlyFailure,
    /// A write can be left in doubt
    Unsettled,
    /// A write can be left standing at an end that isn't a success
    Standing,
}

impl FailOn {
    fn concern(self) -> Concern {
        match self {
            Self::NoSuccess => Concern::NoSuccess,
            Self::FailureEnd => Concern::FailureEnd,
            Self::OnlyFailure => Concern::OnlyFailure,
            Self::Unsettled => Concern::Unsettled,
            Self::Standing => Concern::Standing,
        }
    }
}

pub(super) fn run(args: &Args, out: &mut Output) -> Result<Ended, Trouble> {
    let flow = args.flow.as_deref();
    let done = pictured::with(&args.file, flow, out, |policy, pictures, out| {
        if args.down.is_empty() && args.fail.is_empty() && args.event.is_empty() {
            whole(args, policy, pictures, out)
        } else {
            one(args, policy, pictures, out)
        }
    })?;
    let Some(found) = done else {
        return Ok(Ended::Found);
    };
    let bad: Vec<&str> = args
        .fail_on
        .iter()
        .map(|f| f.concern())
        .filter(|c| found.contains(c))
        .map(Concern::word)
        .collect();
    if bad.is_empty() {
        return Ok(Ended::Well);
    }
    out.flush()?;
    out.aside(&format!("found, as --fail-on forbids: {}", bad.join(", ")));
    Ok(Ended::Found)
}

/// The matrix of every flow.
fn whole(
    args: &Args,
    policy: &Policy,
    pictures: &[Picture],
    out: &mut Output,
) -> Result<Vec<Concern>, Trouble> {
    let matrices: Vec<(&Picture, Matrix)> = pictures
        .iter()
        .filter_map(|p| Some((p, matrix(policy, p)?)))
        .collect();
    let views: Vec<view::FlowView> = matrices
        .iter()
        .map(|(p, m)| view::flow(policy, p, m))
        .collect();
    match args.format {
        ReportFormat::Text => text::matrix(&views, out)?,
        ReportFormat::Markdown => markdown::matrix(&policy.name, &views, out)?,
        ReportFormat::Json => json::matrix(&policy.name, &views, out)?,
        ReportFormat::Html => html::matrix(&policy.name, &views, out)?,
    }
    let rows = matrices.iter().flat_map(|(_, m)| &m.rows);
    Ok(rows.flat_map(|r| r.concerns.iter().copied()).collect())
}

/// One scenario.
fn one(
    args: &Args,
    policy: &Policy,
    pictures: &[Picture],
    out: &mut Output,
) -> Result<Vec<Concern>, Trouble> {
    let mut told: Vec<(&Picture, Vec<Story>)> = Vec::new();
    for picture in pictures {
        let faults = faults(args, policy, picture)?;
        let found = faults.map(|f| stories(policy, picture, &f));
        told.push((picture, found.unwrap_or_default()));
    }
    let views: Vec<view::StoryView> = told
        .iter()
        .map(|(p, s)| view::story(policy, p, s))
        .collect();
    let title = title(args);
    match args.format {
        ReportFormat::Text => text::stories(&title, &views, out)?,
        ReportFormat::Markdown => markdown::stories(&title, &views, out)?,
        ReportFormat::Json => json::stories(&policy.name, &title, &views, out)?,
        ReportFormat::Html => html::stories(&policy.name, &title, &views, out)?,
    }
    Ok(views.iter().flat_map(|v| v.concerns.clone()).collect())
}

/// The scenario, in words.
fn title(args: &Args) -> String {
    let mut parts: Vec<String> = Vec::new();
    parts.extend(args.down.iter().map(|d| format!("{d} is down")));
    for fail in &args.fail {
        let (what, how) = fail.split_once('=').unwrap_or((fail, ""));
        parts.push(format!("{what} ends with {how}"));
    }
    for event in &args.event {
        parts.push(match event.split_once('@') {
            Some((event, state)) => format!("{event} comes in {state}"),
            None => format!("{event} comes"),
        });
    }
    match parts.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
        None => String::new(),
    }
}

/// The faults of the scenario; none if the flow has no state that is named.
fn faults(args: &Args, policy: &Policy, picture: &Picture) -> Result<Option<Vec<Fault>>, Trouble> {
    let mut all = Vec::new();
    let lists = [
        ("down", &args.down),
        ("fail", &args.fail),
        ("event", &args.event),
    ];
    for (kind, list) in lists {
        for text in list {
            if kind == "fail" && !text.contains('=') {
                return Err(Trouble::new(format!(
                    "`--fail {text}` doesn't say how: write it like `--fail calendar.book=timeout`"
                )));
            }
            let found = by_text(policy, picture, kind, text).map_err(|e| trouble(&e))?;
            let Some(fault) = found else { return Ok(None) };
            if !all.contains(&fault) {
                all.push(fault);
            }
        }
    }
    Ok(Some(all))
}

fn trouble(unknown: &Unknown) -> Trouble {
    load::unknown(&unknown.what, &unknown.name, &unknown.all)
}
