//! The report as Markdown.

use super::view::{EndView, FlowView, StoryView};
use crate::cli::Trouble;
use crate::cli::output::{Output, clean};
use crate::flow::budget::words::exactly;
use std::io::Write;

fn cell(text: &str) -> String {
    clean(text).replace('|', "\\|").replace('\n', " ")
}

fn class(end: &EndView) -> String {
    if end.failure() {
        "**failure**".to_string()
    } else {
        end.class.to_string()
    }
}

pub(super) fn matrix(policy: &str, views: &[FlowView], out: &mut Output) -> Result<(), Trouble> {
    writeln!(out, "# What happens when it breaks: {}\n", clean(policy))?;
    writeln!(
        out,
        "Each row fails for good from its first failure on; all else goes well. Times and calls are the \
         most that any run to that end takes.\n"
    )?;
    for view in views {
        writeln!(out, "## Flow {}\n", view.name)?;
        writeln!(
            out,
            "| what fails | how | ends at | class | within | calls | left behind | remarks |\n\
             | --- | --- | --- | --- | --- | --- | --- | --- |"
        )?;
        let mut before = None;
        for row in &view.rows {
            for (i, end) in row.ends.iter().enumerate() {
                let what = if i == 0 && !row.continues(before) {
                    row.what()
                } else {
                    String::new()
                };
                let (ways, remarks) = if i == 0 {
                    let mut remarks = row.remarks();
                    if row.hopeless() {
                        remarks.insert(0, "no success any more");
                    }
                    (row.ways.join(", "), remarks.join("; "))
                } else {
                    (String::new(), String::new())
                };
                writeln!(
                    out,
                    "| {} | {} | {} | {} | {} | {} | {} | {} |",
                    cell(&what),
                    cell(&ways),
                    cell(&end.name),
                    class(end),
                    end.time(),
                    end.calls(),
                    cell(&end.left()),
                    remarks
                )?;
            }
            before = Some(row);
        }
        writeln!(out)?;
        if !view.never.is_empty() {
            writeln!(out, "Never called: {}.\n", view.never.join(", "))?;
        }
    }
    Ok(())
}

pub(super) fn stories(title: &str, views: &[StoryView], out: &mut Output) -> Result<(), Trouble> {
    writeln!(out, "# What happens if {}\n", clean(title))?;
    for view in views {
        writeln!(out, "## Flow {}\n", view.flow)?;
        if view.stories.is_empty() {
            writeln!(out, "This cannot come about in this flow.\n")?;
        }
        if !view.verdict().is_empty() {
            writeln!(out, "**{}**\n", view.verdict())?;
        }
        for story in &view.stories {
            let end = &story.end;
            writeln!(out, "### {} ({})\n", end.name, end.class)?;
            if !story.first().is_empty() {
                writeln!(out, "{}\n", story.first())?;
            }
            for (n, (by, state, text)) in story.steps.iter().enumerate() {
                let by = by.map_or_else(|| "never".to_string(), exactly);
                writeln!(out, "{}. `{state}`: {text} ({by})", n + 1)?;
            }
            writeln!(
                out,
                "\nAt most {} and {} calls.{}\n",
                end.time(),
                end.calls(),
                if end.left().is_empty() {
                    String::new()
                } else {
                    format!(" Left {}.", cell(&end.left()))
                }
            )?;
        }
    }
    Ok(())
}
