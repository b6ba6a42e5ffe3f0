//! The report as one page: nothing is loaded from elsewhere, nothing runs, and no colour says
//! what words don't.

use super::view::{EndView, FlowView, StoryView};
use crate::cli::Trouble;
use crate::cli::output::{Output, clean};
use crate::flow::budget::words::exactly;
use std::io::Write;

const STYLE: &str = "\
:root { color-scheme: light dark; --ink: #1b1f24; --page: #ffffff; --line: #d0d7de; --soft: #f6f8fa;
  --good: #116329; --fair: #7d4e00; --bad: #a40e26; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --page: #0d1117; --line: #3d444d;
  --soft: #161b22; --good: #56d364; --fair: #e3b341; --bad: #ff7b72; } }
body { margin: 2rem auto; max-width: 76rem; padding: 0 1rem; color: var(--ink); background: var(--page);
  font: 1rem/1.5 system-ui, sans-serif; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
caption { text-align: left; padding: .5rem 0; }
th, td { border: 1px solid var(--line); padding: .35rem .6rem; text-align: left; vertical-align: top; }
thead th { background: var(--soft); position: sticky; top: 0; }
tbody th { font-weight: 600; }
.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
.success { color: var(--good); } .fallback { color: var(--fair); }
.failure { color: var(--bad); font-weight: 700; }
.remark { display: block; font-weight: 400; font-size: .9em; }
.bad { color: var(--bad); }
li { margin: .25rem 0; } code { font-family: ui-monospace, monospace; }";

fn escape(text: &str) -> String {
    let mut out = String::new();
    for c in clean(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c => out.push(c),
        }
    }
    out
}

/// What stands in backquotes, as code.
fn quoted(text: &str) -> String {
    let parts = escape(text);
    let parts = parts.split('`').enumerate();
    parts
        .map(|(i, part)| match i % 2 {
            0 => part.to_string(),
            _ => format!("<code>{part}</code>"),
        })
        .collect()
}

fn begin(title: &str, out: &mut Output) -> Result<(), Trouble> {
    let title = escape(title);
    writeln!(
        out,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title}</title>\n<style>\n{STYLE}\n</style>\n</head>\n<body>\n<main>\n<h1>{title}</h1>"
    )?;
    Ok(())
}

fn finish(out: &mut Output) -> Result<(), Trouble> {
    writeln!(out, "</main>\n</body>\n</html>")?;
    Ok(())
}

fn cells(end: &EndView, out: &mut Output) -> Result<(), Trouble> {
    writeln!(
        out,
        "<td>{}</td><td class=\"{class}\">{class}</td><td class=\"number\">{}</td>\
         <td class=\"number\">{}</td><td>{}</td></tr>",
        escape(&end.name),
        end.time(),
        end.calls(),
        escape(&end.left()),
        class = end.class,
    )?;
    Ok(())
}

pub(super) fn matrix(policy: &str, views: &[FlowView], out: &mut Output) -> Result<(), Trouble> {
    begin(&format!("What happens when it breaks: {policy}"), out)?;
    if views.len() > 1 {
        writeln!(out, "<nav aria-label=\"Flows\"><ul>")?;
        for view in views {
            let name = escape(&view.name);
            writeln!(out, "<li><a href=\"#{name}\">{name}</a></li>")?;
        }
        writeln!(out, "</ul></nav>")?;
    }
    for view in views {
        let name = escape(&view.name);
        writeln!(
            out,
            "<h2 id=\"{name}\">Flow {name}</h2>\n<div class=\"wide\" role=\"region\" tabindex=\"0\" \
             aria-label=\"Matrix of {name}\">\n<table>\n<caption>Each row fails for good from its first \
             failure on; all else goes well. Times and calls are the most that any run to that end \
             takes.</caption>\n<thead><tr><th scope=\"col\">What fails</th><th scope=\"col\">Ends at</th>\
             <th scope=\"col\">Class</th><th scope=\"col\">Within</th><th scope=\"col\">Calls</th>\
             <th scope=\"col\">Left behind</th></tr></thead>"
        )?;
        for row in &view.rows {
            writeln!(out, "<tbody>")?;
            for (i, end) in row.ends.iter().enumerate() {
                write!(out, "<tr>")?;
                if i == 0 {
                    let ways = match row.kind {
                        "action" | "agent" | "person" => format!(": {}", row.ways.join(", ")),
                        _ => String::new(),
                    };
                    write!(
                        out,
                        "<th scope=\"rowgroup\" rowspan=\"{}\">{}",
                        row.ends.len(),
                        escape(&format!("{}{ways}", row.what()))
                    )?;
                    let hopeless = row.hopeless().then_some("no success any more");
                    for remark in hopeless.into_iter().chain(row.remarks()) {
                        let bad = if remark.contains("only after") {
                            ""
                        } else {
                            " bad"
                        };
                        let remark = remark.trim_matches(['(', ')']);
                        write!(out, "<span class=\"remark{bad}\">{remark}</span>")?;
                    }
                    write!(out, "</th>")?;
                }
                cells(end, out)?;
            }
            writeln!(out, "</tbody>")?;
        }
        writeln!(out, "</table>\n</div>")?;
        if !view.never.is_empty() {
            writeln!(
                out,
                "<p>Never called: {}.</p>",
                escape(&view.never.join(", "))
            )?;
        }
    }
    finish(out)
}

pub(super) fn stories(
    policy: &str,
    title: &str,
    views: &[StoryView],
    out: &mut Output,
) -> Result<(), Trouble> {
    begin(&format!("{policy}: what happens if {title}"), out)?;
    for view in views {
        writeln!(out, "<h2>Flow {}</h2>", escape(&view.flow))?;
        if view.stories.is_empty() {
            writeln!(out, "<p>This cannot come about in this flow.</p>")?;
        }
        if !view.verdict().is_empty() {
            writeln!(out, "<p class=\"bad\">{}</p>", view.verdict())?;
        }
        for story in &view.stories {
            let end = &story.end;
            writeln!(
                out,
                "<h3>{} (<span class=\"{class}\">{class}</span>)</h3>\n{first}<ol>",
                escape(&end.name),
                class = end.class,
                first = match story.first() {
                    "" => String::new(),
                    first => format!("<p>{first}</p>\n"),
                }
            )?;
            for (by, state, text) in &story.steps {
                let by = by.map_or_else(|| "never".to_string(), exactly);
                writeln!(
                    out,
                    "<li><code>{}</code>: {} <small>(by {by})</small></li>",
                    escape(state),
                    quoted(text)
                )?;
            }
            writeln!(
                out,
                "</ol>\n<p>At most {} and {} calls.{}</p>",
                end.time(),
                end.calls(),
                match end.left() {
                    left if left.is_empty() => String::new(),
                    left => format!(" Left {}.", escape(&left)),
                }
            )?;
        }
    }
    finish(out)
}
