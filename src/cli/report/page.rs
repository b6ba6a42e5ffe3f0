//! The page as a whole.

use super::html::{allowed, text};
use super::outages::{self, Outages};
use super::{Reviewed, sections};
use crate::pictures::svg;

const STYLE: &str = include_str!("assets/report.css");
const PROGRAM: &str = include_str!("assets/report.js");

/// The page.
pub(super) fn page(all: &Reviewed<'_>) -> String {
    let policy = &all.checked.policy;
    let name = text(&policy.name);
    let style = format!("{}{STYLE}", svg::STYLE);
    let mut told = Outages::default();
    let outages = outages::section(all, &mut told);
    let parts = [
        ("findings", "Findings", sections::findings(all)),
        ("decisions", "Decisions", sections::decisions(all)),
        ("flows", "Flows", sections::flows(all)),
        ("outages", "What if it breaks", outages),
        ("budgets", "Budgets", sections::budgets(all)),
        ("tests", "Tests", sections::tests(all)),
        ("digests", "What was reviewed", sections::digests(all)),
    ];
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src {}; script-src {}; \
         img-src data:; base-uri 'none'; form-action 'none'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"referrer\" content=\"no-referrer\">\n\
         <link rel=\"icon\" href=\"data:,\">\n<title>{name}: review</title>\n<style>{style}</style>\n</head>\n<body>\n\
         <a class=\"skip\" href=\"#main\">Skip to the report</a>\n\
         <header>\n<p class=\"kind\">Failway policy review</p>\n<h1>{name}</h1>\n",
        allowed(&style),
        allowed(PROGRAM),
    );
    if let Some(doc) = &policy.doc {
        out += &format!("<p class=\"doc\">{}</p>\n", text(doc));
    }
    out += &sections::summary(all);
    out += "</header>\n<nav aria-label=\"Parts of the report\"><ul>\n";
    for (id, title, body) in &parts {
        if !body.is_empty() {
            out += &format!("<li><a href=\"#{id}\">{title}</a></li>\n");
        }
    }
    out += "</ul></nav>\n<main id=\"main\" tabindex=\"-1\">\n\
            <noscript><p class=\"note\">Sorting, searching and the stories need JavaScript, which is switched off.</p></noscript>\n";
    for (id, title, body) in &parts {
        if !body.is_empty() {
            out += &super::html::section(id, title, body);
        }
    }
    out += "</main>\n";
    out += &super::html::data("data", &told.data());
    out += &format!("<script>{PROGRAM}</script>\n</body>\n</html>\n");
    out
}
