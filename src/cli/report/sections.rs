//! The parts of the page but for what fails.

use super::html::{choice, column, table, text};
use super::{Looked, Reviewed};
use crate::cli::budget;
use crate::cli::graph::scene;
use crate::cli::output::count;
use crate::cli::table::{facts, flows as flow_rows, print, rows};
use crate::diagnostics::{Diagnostic, Severity};
use crate::flow::budget::cost::Costs;
use crate::flow::budget::words;
use crate::flow::whatif::Concern;
use crate::pictures::{layout, svg};
use crate::source::Sources;
use crate::testing::coverage::KINDS;

/// The most rows of one action.
const ROWS_MAX: usize = 1_000;

/// What there is, in numbers; and what to look at before signing.
pub(super) fn summary(all: &Reviewed<'_>) -> String {
    let policy = &all.checked.policy;
    let (reached, of) = all.coverage.reached(None);
    let passed = all.tests.iter().filter(|t| t.passed()).count();
    let facts = [
        count(policy.actions.len(), "action"),
        count(policy.rules.len(), "rule"),
        count(policy.flows.len(), "flow"),
        format!("{passed} of {} passed", count(all.tests.len(), "test")),
        format!("{} of what can be reached is tested", share(reached, of)),
    ];
    let mut out = String::from("<ul class=\"facts\">\n");
    for fact in facts {
        out += &format!("<li>{fact}</li>\n");
    }
    out += "</ul>\n<div class=\"look\" role=\"note\">\n<h2>Look at this before you sign</h2>\n";
    let points = points(all);
    if points.is_empty() {
        out += "<p>Nothing was found, every test passes, and nothing that can fail ends in a failure.</p>\n";
    } else {
        out += "<ul>\n";
        for (to, point) in points {
            out += &format!("<li><a href=\"#{to}\">{point}</a></li>\n");
        }
        out += "</ul>\n";
    }
    out += "</div>\n";
    out
}

fn points(all: &Reviewed<'_>) -> Vec<(&'static str, String)> {
    let mut points = Vec::new();
    let of = |severity| {
        let all = all.checked.findings.iter();
        all.filter(|f| f.severity == severity).count()
    };
    for (severity, one) in [(Severity::Warning, "warning"), (Severity::Note, "note")] {
        if of(severity) > 0 {
            points.push(("findings", count(of(severity), one)));
        }
    }
    let failed = all.tests.iter().filter(|t| !t.passed()).count();
    if failed > 0 {
        let fail = if failed == 1 { "fails" } else { "fail" };
        points.push(("tests", format!("{} {fail}", count(failed, "test"))));
    }
    if all.tests.is_empty() {
        points.push(("tests", "there are no tests".to_string()));
    }
    let rows = || {
        all.flows
            .iter()
            .filter_map(|f| f.matrix.as_ref())
            .flat_map(|m| &m.rows)
    };
    for (concern, said) in [
        (
            Concern::OnlyFailure,
            "in which whoever waits is left with nothing",
        ),
        (
            Concern::Unsettled,
            "after which a write can be left in doubt",
        ),
        (
            Concern::Standing,
            "after which a write can be left standing",
        ),
        (Concern::NoSuccess, "after which no success is possible"),
    ] {
        let n = rows().filter(|r| r.concerns.contains(&concern)).count();
        if n > 0 {
            points.push(("outages", format!("{} {said}", count(n, "outage"))));
        }
    }
    for load in all.loads.iter().filter(|l| l.over()) {
        let integration = all
            .checked
            .policy
            .integrations
            .get(load.integration.index());
        let name = integration.map_or("", |i| i.name.as_str());
        points.push((
            "budgets",
            format!(
                "at the peak, {} is called more than it can take",
                text(name)
            ),
        ));
    }
    let (reached, of) = all.coverage.reached(None);
    if reached < of {
        points.push((
            "tests",
            format!("{} that no test reaches", count(of - reached, "thing")),
        ));
    }
    points
}

/// A share in percent; never all, if something is left.
fn share(reached: usize, of: usize) -> String {
    if of == 0 {
        return "100%".to_string();
    }
    format!("{}%", reached * 100 / of)
}

pub(super) fn findings(all: &Reviewed<'_>) -> String {
    let found = &all.checked.findings;
    if found.is_empty() {
        return "<p>Nothing was found: no gap, no contradiction, no way to fail that isn't handled.</p>\n".to_string();
    }
    let mut out = String::new();
    for finding in found {
        out += &one_finding(&all.checked.sources, finding);
    }
    out
}

fn one_finding(sources: &Sources, finding: &Diagnostic) -> String {
    let severity = finding.severity.as_str();
    let span = finding.span();
    let mut out = format!(
        "<article class=\"finding {severity}\">\n<h3><span class=\"code\">{}</span> <span class=\"severity\">{severity}</span> {}</h3>\n<ul>\n",
        finding.code,
        text(&finding.message)
    );
    for label in &finding.labels {
        let file = sources.file(label.span.file);
        let at = file.line_col(label.span.start);
        let line = sources.slice(label.span).lines().next().unwrap_or("");
        out += &format!(
            "<li><span class=\"place\">{}:{}</span> <code>{}</code> {}</li>\n",
            text(file.name()),
            at.line,
            text(line.trim()),
            text(&label.text)
        );
    }
    out += "</ul>\n";
    for note in &finding.notes {
        out += &format!("<p>{}</p>\n", text(note));
    }
    if let Some(witness) = &finding.witness {
        let lines = witness.shown(sources, span.file);
        if !lines.is_empty() {
            out += "<p>For example:</p>\n<ol class=\"witness\">\n";
            for line in lines {
                out += &format!("<li><code>{}</code></li>\n", text(line.trim()));
            }
            out += "</ol>\n";
        }
    }
    if let Some(help) = &finding.help {
        out += &format!("<p><strong>What to do:</strong> {}</p>\n", text(help));
    }
    out += "</article>\n";
    out
}

pub(super) fn decisions(all: &Reviewed<'_>) -> String {
    let body = all.table.body();
    let mut decided = Vec::new();
    let mut actions = Vec::new();
    let mut cut = Vec::new();
    for action in &body.actions {
        let sheet = rows::sheet(body, action, ROWS_MAX).cleaned();
        for row in &sheet.rows {
            let cell = |i: usize| row.get(i).map(|c| text(c)).unwrap_or_default();
            let sign = match row.first().map(String::as_str) {
                Some("allow") => "✓",
                Some("escalate") => "?",
                _ => "✗",
            };
            decided.push(vec![
                text(&action.name),
                format!("<span class=\"verdict {v}\">{v} <span aria-hidden=\"true\">{sign}</span></span>", v = cell(0)),
                format!("<code>{}</code>", cell(1)),
                format!("<code>{}</code>", cell(2)),
                cell(3),
            ]);
        }
        if sheet.notes.iter().any(|n| n.starts_with('…')) {
            cut.push(format!("<code>{}</code>", text(&action.name)));
        }
        actions.push(vec![
            text(&action.name),
            format!("<code>{}</code>", text(&sheet.about)),
            text(&sheet.notes.join("; ")),
            text(sheet.doc.as_deref().unwrap_or("")),
        ]);
    }
    let verdicts = choice("Verdict", 1, &["allow", "escalate", "deny"]);
    let mut out = String::from(
        "<p>For any call of an action exactly one row holds. Limits are taken after a row allows.</p>\n",
    );
    if !cut.is_empty() {
        out += &format!(
            "<p class=\"note\">Not all rows are shown of {}: there are too many for a page. <code>failway table --rows</code> \
             shows more.</p>\n",
            cut.join(", ")
        );
    }
    out += &table(
        "rules",
        "What may be done, and when",
        &[
            column("Action", "name"),
            column("Verdict", ""),
            column("Rule", "word"),
            column("When", "when"),
            column("Then", "then"),
        ],
        &decided,
        &verdicts,
    );
    out += "<h3>Actions</h3>\n";
    out += &table(
        "actions",
        "What the AI can reach",
        &[
            column("Action", "name"),
            column("Parameters and effect", ""),
            column("Limits", ""),
            column("Described as", "then"),
        ],
        &actions,
        "",
    );
    if !body.facts.is_empty() {
        let sheet = facts::sheet(body).cleaned();
        let cells: Vec<Vec<String>> = sheet
            .rows
            .iter()
            .map(|r| r.iter().map(|c| text(c)).collect())
            .collect();
        out += "<h3>Facts</h3>\n";
        out += &table(
            "facts",
            "What rules take for known, and until when",
            &[
                column("Fact", "name"),
                column("Is", ""),
                column("Holds", ""),
                column("Until", ""),
            ],
            &cells,
            "",
        );
    }
    out
}

pub(super) fn flows(all: &Reviewed<'_>) -> String {
    let body = all.table.body();
    let mut out = String::new();
    for (looked, i) in all.flows.iter().zip(0..) {
        let name = name_of(all, looked);
        let Some(flow) = body.flows.iter().find(|f| f.name == name) else {
            continue;
        };
        let scene = scene(body, flow);
        let name = text(&name);
        out += &format!("<h3 id=\"flow{i}\">Flow {name}</h3>\n");
        if let Some(doc) = &flow.doc {
            out += &format!("<p class=\"doc\">{}</p>\n", text(doc));
        }
        if scene.nodes.len() > layout::NODES_MAX {
            out += "<p class=\"note\">It is too large to be drawn; the table below shows all of it.</p>\n";
        } else {
            let large = if scene.nodes.len() > 60 { " large" } else { "" };
            out += &format!(
                "<div class=\"picture{large}\" data-flow=\"{i}\">\n<div class=\"bar\" hidden>\
                 <button type=\"button\" data-zoom=\"out\" aria-label=\"Smaller\">−</button>\
                 <button type=\"button\" data-zoom=\"fit\">Fit</button>\
                 <button type=\"button\" data-zoom=\"in\" aria-label=\"Larger\">+</button>\
                 <label>Go to <input type=\"search\" list=\"states{i}\" autocomplete=\"off\" spellcheck=\"false\"></label>\
                 <datalist id=\"states{i}\"></datalist>\
                 <span class=\"hint\">Arrow keys walk from state to state; Enter shows one.</span></div>\n\
                 <div class=\"canvas\">{}</div>\n<div class=\"key\">{}</div>\n\
                 <aside class=\"detail\" aria-live=\"polite\" aria-label=\"The state that was chosen\" hidden></aside>\n</div>\n",
                svg::part(&scene, &format!("f{i}")),
                svg::legend_part(),
            );
        }
        let sheet = flow_rows::sheet(body, flow).cleaned();
        let cells: Vec<Vec<String>> = print::filled(&sheet)
            .map(|row| row.into_iter().map(text).collect())
            .collect();
        out += "<details><summary>The same as a table</summary>\n";
        out += &table(
            &format!("steps{i}"),
            &format!("What follows each outcome of each state of {name}"),
            &[
                column("State", "name"),
                column("Does", ""),
                column("Outcome", ""),
                column("Then", "then"),
            ],
            &cells,
            "",
        );
        out += "<ul>\n";
        for note in &sheet.notes {
            out += &format!("<li>{}</li>\n", text(note));
        }
        out += "</ul>\n</details>\n";
    }
    out
}

fn name_of(all: &Reviewed<'_>, looked: &Looked<'_>) -> String {
    let flow = all.checked.policy.flows.get(looked.picture.flow.index());
    flow.map(|f| f.name.clone()).unwrap_or_default()
}

/// Rows of two, the first one a heading.
fn pairs(caption: &str, rows: &[(String, String)]) -> String {
    let mut out = format!("<table class=\"pairs\"><caption>{caption}</caption><tbody>\n");
    for (what, said) in rows {
        let inner = if what.starts_with(' ') {
            " class=\"inner\""
        } else {
            ""
        };
        out += &format!(
            "<tr><th scope=\"row\"{inner}>{}</th><td>{}</td></tr>\n",
            text(what.trim()),
            text(said)
        );
    }
    out += "</tbody></table>\n";
    out
}

pub(super) fn budgets(all: &Reviewed<'_>) -> String {
    let policy = &all.checked.policy;
    let mut out = String::new();
    for looked in all.flows {
        let Some(budget) = &looked.budget else {
            continue;
        };
        let name = text(&name_of(all, looked));
        out += &format!("<h3>Flow {name}</h3>\n<div class=\"wide\">\n");
        out += &pairs("At most", &budget::rows(policy, looked.picture, budget));
        out += "</div>\n<details><summary>The path that takes longest</summary>\n<ol class=\"path\">\n";
        let costs = Costs::new(policy, looked.picture);
        for line in words::path(&costs, &budget.path) {
            out += &format!(
                "<li><code>{}</code> {} <small>by {}</small></li>\n",
                text(&line.state),
                text(&line.then),
                budget::moment(line.at_ms)
            );
        }
        out += "</ol>\n</details>\n";
    }
    let load = budget::load_rows(policy, all.loads);
    if !load.is_empty() {
        out += "<h3>Load at the peak</h3>\n<div class=\"wide\">\n";
        out += &pairs("If every run is the worst", &load);
        out += "</div>\n";
    }
    out
}

pub(super) fn tests(all: &Reviewed<'_>) -> String {
    let mut out = String::new();
    if all.tests.is_empty() {
        out += "<p>There are no tests.</p>\n";
    } else {
        let rows: Vec<Vec<String>> = all
            .tests
            .iter()
            .map(|test| {
                let (class, said) = match &test.failure {
                    None => ("success", "✓ passed".to_string()),
                    Some(f) => (
                        "failure",
                        format!(
                            "✗ failed: expected {}, but {}",
                            text(&f.expected),
                            text(&f.actual)
                        ),
                    ),
                };
                vec![
                    text(&test.name),
                    format!("<span class=\"{class}\">{said}</span>"),
                ]
            })
            .collect();
        out += &table(
            "played",
            "Tests of the policy",
            &[column("Test", "name"), column("Result", "")],
            &rows,
            "",
        );
    }
    let rows: Vec<(String, usize, usize)> = KINDS
        .iter()
        .map(|kind| {
            let (reached, of) = all.coverage.reached(Some(kind));
            let many = if *kind == "retry" {
                "retries".to_string()
            } else {
                format!("{kind}s")
            };
            (many, reached, of)
        })
        .filter(|(_, _, of)| *of > 0)
        .collect();
    out += "<h3>What they reach</h3>\n<table class=\"pairs\"><caption>Reached by tests</caption><tbody>\n";
    for (kind, reached, of) in rows {
        out += &format!(
            "<tr><th scope=\"row\">{kind}</th><td class=\"number\">{reached} of {of}</td>\
             <td><meter min=\"0\" max=\"{of}\" value=\"{reached}\" aria-hidden=\"true\"></meter></td></tr>\n"
        );
    }
    out += "</tbody></table>\n";
    let left: Vec<String> = all
        .coverage
        .items()
        .filter(|(_, n)| *n == 0)
        .map(|(item, _)| {
            format!(
                "<li><span class=\"place\">{}</span> {}</li>\n",
                item.kind(),
                text(&item.to_string())
            )
        })
        .collect();
    if !left.is_empty() {
        out += &format!(
            "<details><summary>{} not reached</summary>\n<ul>\n{}</ul>\n</details>\n",
            left.len(),
            left.concat()
        );
    }
    out
}

pub(super) fn digests(all: &Reviewed<'_>) -> String {
    let mut rows = vec![("the table".to_string(), all.table.digest().to_string())];
    for source in all.table.sources() {
        rows.push((source.path.clone(), source.digest.clone()));
    }
    rows.push((
        "made by".to_string(),
        format!("failway {}", env!("CARGO_PKG_VERSION")),
    ));
    let mut out = String::from(
        "<p>A runtime that enforces the table with this digest does what this page shows, and nothing else.</p>\n<div class=\"wide\">\n",
    );
    out += &pairs("Digests", &rows);
    out += "</div>\n<div class=\"sign\"><p>Reviewed by</p><p>Date</p><p>Signature</p></div>\n";
    out
}
