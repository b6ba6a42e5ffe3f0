//! Fixes: edits of the sources that take a finding away. The command line and the editor offer the same
//! ones, made here of what the findings name as their repair.
//!
//! [`offered`] gives the fixes of findings, [`all`] applies as many as agree with each other, round by
//! round. A fix is tried on a copy before it is offered: the file can be read no worse than before, and
//! the finding is gone.

mod apply;
mod because;
mod drop;
mod handle;
mod layout;
mod places;
mod settle;

pub use apply::{Applied, Change, ROUNDS_MAX, all, apply};

pub(crate) use handle::is_success;

use crate::diagnostics::{Code, Diagnostic, Repair, Severity, Trust};
use crate::model::Policy;
use crate::model::load::{Loader, load};
use crate::source::{FileId, Sources, Span};
use crate::syntax::tree;
use crate::{Checked, check};
use std::collections::BTreeMap;

/// A place, and the text that is written there in the place of what stands there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edit {
    /// Where.
    pub span: Span,
    /// What.
    pub text: String,
}

impl Edit {
    fn new(span: Span, text: impl Into<String>) -> Self {
        Self {
            span,
            text: text.into(),
        }
    }
}

/// Edits that belong together, and what they do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// What it does, as an order: ``handle `timeout` ``.
    pub title: String,
    /// How far it may go by itself.
    pub trust: Trust,
    /// By place; they don't overlap.
    pub edits: Vec<Edit>,
}

/// A fix, and the finding (by its number in the list) that it takes away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// Which finding.
    pub finding: usize,
    /// The fix.
    pub fix: Fix,
}

/// The most fixes that are tried for one finding.
const TRIED_MAX: usize = 8;

/// Policies with more source than this are checked too slowly for trying one fix after the other: the
/// first one is taken if it can be read.
const TRIED_BYTES: usize = 120_000;

/// What fixes are made from.
struct Scene<'a> {
    sources: &'a Sources,
    trees: &'a [tree::File],
    policy: &'a Policy,
    findings: &'a [Diagnostic],
}

/// The sources as they would be.
struct Overlay(BTreeMap<String, String>);

impl Overlay {
    fn of(sources: &Sources) -> Self {
        let each = |(_, f): (FileId, &crate::source::SourceFile)| {
            (f.name().to_string(), f.text().to_string())
        };
        Self(sources.files().map(each).collect())
    }
}

impl Loader for Overlay {
    fn load(&self, path: &str) -> Result<Vec<u8>, String> {
        let text = self.0.get(path).ok_or("there is no such file")?;
        Ok(text.clone().into_bytes())
    }
}

/// The fixes for those findings of a checked policy that are `wanted`. `style` says whether the findings
/// hold advice on style as well.
#[must_use]
pub fn offered(
    checked: &Checked,
    findings: &[Diagnostic],
    wanted: &dyn Fn(&Diagnostic) -> bool,
) -> Vec<Offer> {
    let Some(root) = checked.sources.files().next().map(|(_, f)| f.name()) else {
        return Vec::new();
    };
    if !findings.iter().any(|f| wanted(f) && !f.repairs.is_empty()) {
        return Vec::new();
    }
    let loaded = load(root, &Overlay::of(&checked.sources));
    let scene = Scene {
        sources: &checked.sources,
        trees: &loaded.files,
        policy: &checked.policy,
        findings,
    };
    let mut offers: Vec<Offer> = Vec::new();
    for (number, finding) in findings.iter().enumerate() {
        if !wanted(finding) {
            continue;
        }
        for repair in &finding.repairs {
            let choices = choices(&scene, finding, repair);
            // Several findings of one state have one fix, which was tried for the first of them.
            let known = offers
                .iter()
                .find(|o| choices.contains(&o.fix))
                .map(|o| o.fix.clone());
            let fix = known.or_else(|| best(&scene, root, finding, choices));
            if let Some(fix) = fix {
                offers.push(Offer {
                    finding: number,
                    fix,
                });
            }
        }
    }
    offers
}

/// The fixes that a repair could be, the likeliest first.
fn choices(scene: &Scene<'_>, finding: &Diagnostic, repair: &Repair) -> Vec<Fix> {
    match repair {
        Repair::Write { span, text, trust } => vec![written(scene, *span, text, *trust)],
        Repair::Quote { spans } => vec![quoted(scene, spans)],
        Repair::Handle { state, outcome } => handle::fixes(scene, *state, outcome.as_deref()),
        Repair::Answer { flow, event } => handle::answers(scene, *flow, event),
        Repair::Settle { at, action } => settle::fixes(scene, finding, *at, action),
        Repair::DropOutcome { span } => drop::outcome(scene, *span).into_iter().collect(),
        Repair::Drop { span, trust } => drop::clause(scene, *span, *trust).into_iter().collect(),
        Repair::Because { rule } => because::fixes(scene, *rule),
    }
}

fn written(scene: &Scene<'_>, span: Span, text: &str, trust: Trust) -> Fix {
    let there = scene.sources.slice(span);
    let title = match (text, there) {
        ("", there) => format!("leave out `{}`", there.trim()),
        (text, "") => format!("write `{text}`"),
        (text, there) => format!("write `{text}` instead of `{there}`"),
    };
    // A word does not run into its neighbours, and what goes leaves no gap.
    let file = scene.sources.file(span.file).text();
    let word = |c: char| c.is_alphanumeric() || c == '_';
    let before = file.get(..span.range().start).unwrap_or_default();
    let after = file.get(span.range().end..).unwrap_or_default();
    let mut text = text.to_string();
    if text.is_empty() && before.ends_with(word) && after.starts_with(word) {
        text.push(' ');
    } else {
        if text.starts_with(word) && before.ends_with(word) {
            text.insert(0, ' ');
        }
        if text.ends_with(word) && after.starts_with(word) {
            text.push(' ');
        }
    }
    Fix {
        title,
        trust,
        edits: vec![Edit::new(span, text)],
    }
}

fn quoted(scene: &Scene<'_>, spans: &[Span]) -> Fix {
    let word = spans.first().map_or("", |s| scene.sources.slice(*s));
    let mut edits: Vec<Edit> = spans
        .iter()
        .map(|s| Edit::new(*s, format!("`{}`", scene.sources.slice(*s))))
        .collect();
    edits.sort();
    edits.dedup();
    Fix {
        title: format!("put `{word}` in backquotes"),
        trust: Trust::Safe,
        edits,
    }
}

/// The first fix that takes the finding away and brings no error; else the one that brings the fewest.
fn best(scene: &Scene<'_>, root: &str, finding: &Diagnostic, choices: Vec<Fix>) -> Option<Fix> {
    let bytes: usize = scene.sources.files().map(|(_, f)| f.text().len()).sum();
    let quick = bytes > TRIED_BYTES;
    let before = errors(scene.sources, scene.findings);
    let mut least: Option<(usize, Fix)> = None;
    for fix in choices.into_iter().take(TRIED_MAX) {
        let texts = Overlay(apply(scene.sources, &fix.edits)?);
        if quick {
            if reads_further(scene, finding, &fix, &load(root, &texts).findings) {
                return Some(fix);
            }
            continue;
        }
        let Ok(after) = check(root, &texts) else {
            continue;
        };
        let Some(brought) = judged(scene, finding, &fix, &before, &after) else {
            continue;
        };
        if brought == 0 {
            return Some(fix);
        }
        if least.as_ref().is_none_or(|(n, _)| brought < *n) {
            least = Some((brought, fix));
        }
    }
    // What cannot be read hides what else is wrong: that comes to light, and isn't new. To lead a write
    // elsewhere has to be right.
    let settles = finding
        .repairs
        .iter()
        .any(|r| matches!(r, Repair::Settle { .. } | Repair::Drop { .. }));
    least.filter(|_| !settles).map(|(_, fix)| fix)
}

/// How many errors a fix brings; `None` if it isn't one.
fn judged(
    scene: &Scene<'_>,
    finding: &Diagnostic,
    fix: &Fix,
    before: &BTreeMap<String, usize>,
    after: &Checked,
) -> Option<usize> {
    if !reads_further(scene, finding, fix, &after.findings) {
        return None;
    }
    let same = |f: &&Diagnostic| f.code == finding.code && f.message == finding.message;
    let still = after.findings.iter().filter(same).count();
    let was = scene.findings.iter().filter(same).count();
    // Advice on style isn't part of a check: there is nothing to compare with.
    if still >= was && !finding.code.as_str().starts_with("FW9") {
        return None;
    }
    let now = errors(&after.sources, &after.findings);
    let brought = now
        .iter()
        .map(|(key, n)| n.saturating_sub(before.get(key).copied().unwrap_or(0)))
        .sum();
    Some(brought)
}

/// Whether the sources can be read no worse with a fix; and, if it is for what could not be read, at
/// least as far as behind its place. (A further slip in the same part comes to light only then.)
fn reads_further(scene: &Scene<'_>, finding: &Diagnostic, fix: &Fix, after: &[Diagnostic]) -> bool {
    let count = |findings: &[Diagnostic]| findings.iter().filter(|f| unread(f)).count();
    let (was, is) = (count(scene.findings), count(after));
    if is < was || is == was && !unread(finding) {
        return true;
    }
    let Some(edit) = fix.edits.last() else {
        return false;
    };
    let behind = |f: &Diagnostic| {
        f.span().file != edit.span.file
            || f.span().range().start > edit.span.range().start + edit.text.len()
    };
    // What comes to light behind it is another known slip; else the guess was wrong.
    let known = |f: &Diagnostic| !f.repairs.is_empty() || same(scene.findings, f);
    is == was
        && after
            .iter()
            .filter(|f| unread(f))
            .all(|f| behind(f) && known(f))
}

fn same(findings: &[Diagnostic], like: &Diagnostic) -> bool {
    findings
        .iter()
        .any(|f| f.code == like.code && f.message == like.message)
}

/// Whether it says that something cannot be read.
fn unread(finding: &Diagnostic) -> bool {
    finding.code < Code::FW101
}

/// The errors by what they say.
fn errors(sources: &Sources, findings: &[Diagnostic]) -> BTreeMap<String, usize> {
    let mut all = BTreeMap::new();
    for f in findings.iter().filter(|f| f.severity == Severity::Error) {
        let file = sources.file(f.span().file).name();
        *all.entry(format!("{file} {} {}", f.code, f.message))
            .or_default() += 1;
    }
    all
}
