//! The report for a terminal, 80 columns wide.

use super::view::{EndView, FlowView, RowView, StoryView};
use crate::cli::Trouble;
use crate::cli::output::{Output, count};
use crate::flow::budget::words::exactly;
use std::io::Write;

/// The columns behind what fails.
struct Widths {
    what: usize,
    end: usize,
    time: usize,
}

/// What fails is folded beyond this.
const WHAT_MAX: usize = 30;

pub(super) fn matrix(views: &[FlowView], out: &mut Output) -> Result<(), Trouble> {
    for (i, view) in views.iter().enumerate() {
        if i > 0 {
            writeln!(out)?;
        }
        let heading = format!("flow {}: what happens if this fails", view.name);
        let heading = out.paint("1", &heading);
        writeln!(out, "{heading}\n")?;
        let widths = widths(view);
        head(&widths, out)?;
        let mut before = None;
        for row in &view.rows {
            self::row(row, before, &widths, out)?;
            before = Some(row);
        }
        if !view.never.is_empty() {
            writeln!(out, "\n  never called: {}", view.never.join(", "))?;
        }
    }
    writeln!(
        out,
        "\n  ✗  no success any more   !  a failure end   ?  a write left in doubt\n  \
         Each row fails for good from its first failure on; all else goes well.\n  \
         Times and calls are the most that any run to that end takes."
    )?;
    Ok(())
}

fn widths(view: &FlowView) -> Widths {
    let ends = || view.rows.iter().flat_map(|r| &r.ends);
    let most =
        |all: &mut dyn Iterator<Item = usize>, least: usize| all.max().unwrap_or(0).max(least);
    let what = view
        .rows
        .iter()
        .flat_map(|r| [r.what().chars().count() + 2, ways(r).chars().count() + 4])
        .filter(|n| *n <= WHAT_MAX);
    Widths {
        what: most(&mut what.into_iter(), 14),
        end: most(&mut ends().map(|e| e.name.chars().count()), 7),
        time: most(&mut ends().map(|e| e.time().chars().count()), 6),
    }
}

fn head(widths: &Widths, out: &mut Output) -> Result<(), Trouble> {
    let line = format!(
        "  {:what$}    {:end$}  {:8}  {:>time$}  {:>5}",
        "what fails",
        "ends at",
        "class",
        "within",
        "calls",
        what = widths.what,
        end = widths.end,
        time = widths.time,
    );
    let line = out.paint("2", &line);
    writeln!(out, "{line}")?;
    Ok(())
}

fn ways(row: &RowView) -> String {
    match row.kind {
        "action" | "agent" | "person" => row.ways.join(" | "),
        _ => String::new(),
    }
}

fn row(
    row: &RowView,
    before: Option<&RowView>,
    widths: &Widths,
    out: &mut Output,
) -> Result<(), Trouble> {
    let ways = ways(row);
    let mut label = String::new();
    if !row.continues(before) {
        label = row.what();
    }
    if !ways.is_empty() {
        if !label.is_empty() {
            writeln!(out, "  {label}")?;
        }
        label = format!("  {ways}");
    }
    // What is too long for its column gets lines of its own.
    if label.chars().count() > widths.what {
        for part in textwrap::wrap(label.trim(), 74) {
            let indent = if ways.is_empty() { "" } else { "  " };
            writeln!(out, "  {indent}{part}")?;
        }
        label.clear();
    }
    for (i, end) in row.ends.iter().enumerate() {
        line(&label, row, end, i == 0, widths, out)?;
        label.clear();
    }
    let indent = " ".repeat(widths.what + 6);
    for remark in row.remarks() {
        for part in textwrap::wrap(remark, 80_usize.saturating_sub(indent.len())) {
            writeln!(out, "{indent}{part}")?;
        }
    }
    Ok(())
}

fn line(
    label: &str,
    row: &RowView,
    end: &EndView,
    first: bool,
    widths: &Widths,
    out: &mut Output,
) -> Result<(), Trouble> {
    let hopeless = if first && row.hopeless() { "✗" } else { " " };
    let bad = if end.failure() {
        "!"
    } else if !end.unsettled.is_empty() {
        "?"
    } else {
        " "
    };
    let mark = format!("{hopeless}{bad}");
    let colour = match end.class {
        "failure" => "31",
        "fallback" => "33",
        _ => "32",
    };
    let class = out.paint(colour, &format!("{:8}", end.class));
    let mark = match mark.trim() {
        "" => mark,
        _ => out.paint("31", &mark),
    };
    let line = format!(
        "  {label:what$} {mark} {name:end$}  {class}  {time:>tw$}  {calls:>5}",
        what = widths.what,
        name = end.name,
        end = widths.end,
        time = end.time(),
        tw = widths.time,
        calls = end.calls(),
    );
    writeln!(out, "{}", line.trim_end())?;
    let left = end.left();
    if !left.is_empty() {
        let indent = " ".repeat(widths.what + 8);
        for part in textwrap::wrap(&left, 80_usize.saturating_sub(indent.len()).max(24)) {
            writeln!(out, "{indent}{part}")?;
        }
    }
    Ok(())
}

pub(super) fn stories(title: &str, views: &[StoryView], out: &mut Output) -> Result<(), Trouble> {
    for (i, view) in views.iter().enumerate() {
        if i > 0 {
            writeln!(out)?;
        }
        let heading = out.paint("1", &format!("flow {}: {title}", view.flow));
        writeln!(out, "{heading}")?;
        if view.stories.is_empty() {
            writeln!(out, "  This cannot come about in this flow.")?;
            continue;
        }
        if view.stories.len() > 1 {
            writeln!(out, "  It can end in {} ways.", view.stories.len())?;
        }
        if !view.verdict().is_empty() {
            writeln!(out, "  {}", out.paint("31", view.verdict()))?;
        }
        let mut before: Option<&super::view::Told> = None;
        for (i, story) in view.stories.iter().enumerate() {
            writeln!(out)?;
            if view.stories.len() > 1 {
                let heading = out.paint("1", &format!("  {}. {}", i + 1, story.end.name));
                writeln!(out, "{heading} ({})", story.end.class)?;
            }
            if i == 0 && !story.first().is_empty() {
                writeln!(out, "  {}", story.first())?;
            }
            // What was told already is not told again.
            let same = before.map_or(0, |b| {
                let pairs = b.steps.iter().zip(&story.steps);
                pairs.take_while(|(a, b)| a == b).count()
            });
            let skipped = if same > 2 { same } else { 0 };
            if skipped > 0 {
                writeln!(out, "     (the first {} as above)", count(skipped, "step"))?;
            }
            let width = story.steps.iter().map(|(_, s, _)| s.chars().count()).max();
            let width = width.unwrap_or(0).min(24);
            for (n, (by, state, text)) in story.steps.iter().enumerate().skip(skipped) {
                let by = by.map_or_else(|| "never".to_string(), exactly);
                let lead = format!("  {:>2}. {state:width$}  ", n + 1);
                let indent = " ".repeat(lead.chars().count());
                let text = format!("{text} ({by})");
                let room = 80_usize.saturating_sub(indent.len()).max(30);
                for (k, part) in textwrap::wrap(&text, room).iter().enumerate() {
                    let lead = if k == 0 { &lead } else { &indent };
                    writeln!(out, "{lead}{part}")?;
                }
            }
            let end = &story.end;
            let colour = match end.class {
                "failure" => "31",
                "fallback" => "33",
                _ => "32",
            };
            let name = out.paint(colour, &format!("{} ({})", end.name, end.class));
            writeln!(
                out,
                "      End: {name}, after at most {} and {}.",
                end.time(),
                calls(end)
            )?;
            let left = end.left();
            if !left.is_empty() {
                writeln!(out, "      Left {left}.")?;
            }
            before = Some(story);
        }
    }
    Ok(())
}

fn calls(end: &EndView) -> String {
    match end.calls.and_then(|n| usize::try_from(n).ok()) {
        Some(n) => count(n, "call"),
        None => "unbounded calls".to_string(),
    }
}
