//! Findings for other programs: cut loose from the sources, with places that mean the same on every
//! machine, and with fingerprints. One file per form.

pub mod baseline;
mod fingerprint;
pub mod github;
pub mod gitlab;
pub mod junit;
pub mod place;
pub mod sarif;

pub use fingerprint::Fingerprints;

use crate::diagnostics::{Code, Diagnostic, Severity};
use crate::source::{LineCol, Sources, Span};
use crate::syntax::{self, tree, within};
use place::Root;
use serde_json::Value;

/// A place in a file of the project.
#[derive(Clone, Debug)]
pub struct Place {
    /// The path from the project's root; absolute if the file lies outside.
    pub file: String,
    /// Where it begins.
    pub start: LineCol,
    /// Where it ends: the place after the last character.
    pub end: LineCol,
    /// What to say there; may be empty.
    pub text: String,
}

/// A step of a path through a flow.
#[derive(Clone, Debug)]
pub struct Step {
    /// The state, and what leads on from it.
    pub text: String,
    /// Where that is written.
    pub place: Option<Place>,
}

/// One finding.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its code.
    pub code: Code,
    /// How grave it is.
    pub severity: Severity,
    /// What was found.
    pub message: String,
    /// Why it matters here.
    pub notes: Vec<String>,
    /// What to do.
    pub help: Option<String>,
    /// Values or a path that show it, a line each.
    pub witness: Vec<String>,
    /// The place of the finding itself.
    pub at: Place,
    /// The declaration that it lies in, such as `flow release / state deploy`; empty outside of all.
    pub within: String,
    /// The other places.
    pub others: Vec<Place>,
    /// The path that leads there, if there is one.
    pub steps: Vec<Step>,
    /// What it is known by, on every machine and wherever its lines have moved to.
    pub fingerprint: String,
    /// Why it doesn't count, if it doesn't.
    pub excuse: Option<Excuse>,
}

/// Why a finding doesn't count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Excuse {
    /// A comment in the source allows it, with this reason.
    Allowed(String),
    /// It stands in the baseline.
    Known,
}

impl Entry {
    /// What was found, why it matters and what to do, as one text.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = sentence(&self.message);
        for note in &self.notes {
            text.push('\n');
            text.push_str(note);
        }
        for line in &self.witness {
            text.push_str("\n  ");
            text.push_str(line);
        }
        if let Some(help) = &self.help {
            text.push_str("\nHelp: ");
            text.push_str(help);
        }
        text
    }
}

/// With a full stop behind it.
fn sentence(text: &str) -> String {
    if text.ends_with(['.', '?', '!']) {
        text.to_string()
    } else {
        format!("{text}.")
    }
}

/// Cuts the findings of one policy loose.
#[derive(Debug)]
pub struct Cutter<'s> {
    sources: &'s Sources,
    trees: Vec<tree::File>,
    root: &'s Root,
}

impl<'s> Cutter<'s> {
    /// For the findings in those sources, with paths from that root.
    #[must_use]
    pub fn new(sources: &'s Sources, root: &'s Root) -> Self {
        let trees = sources
            .files()
            .map(|(id, file)| syntax::parse(id, file.text()).0)
            .collect();
        Self {
            sources,
            trees,
            root,
        }
    }

    /// One finding; `known` has the fingerprints of those before it.
    #[must_use]
    pub fn cut(&self, finding: &Diagnostic, known: &mut Fingerprints) -> Entry {
        let span = finding.span();
        let first = finding
            .labels
            .iter()
            .position(|l| l.primary)
            .unwrap_or_default();
        let mut others = Vec::new();
        let mut at = self.place(span, "");
        for (number, label) in finding.labels.iter().enumerate() {
            if number == first {
                at.text.clone_from(&label.text);
            } else {
                others.push(self.place(label.span, &label.text));
            }
        }
        let elsewhere = finding
            .labels
            .iter()
            .enumerate()
            .filter(|(number, _)| *number != first)
            .map(|(_, label)| self.within(label.span));
        let fingerprint = known.of(
            finding.code,
            &at.file,
            &self.within(span),
            self.sources.slice(span),
            &finding.message,
            elsewhere,
        );
        Entry {
            code: finding.code,
            severity: finding.severity,
            message: finding.message.clone(),
            notes: finding.notes.clone(),
            help: finding.help.clone(),
            witness: finding
                .witness
                .as_ref()
                .map(|w| w.shown(self.sources, span.file))
                .unwrap_or_default(),
            within: self.within(span),
            steps: self.steps(finding),
            at,
            others,
            fingerprint,
            excuse: None,
        }
    }

    fn steps(&self, finding: &Diagnostic) -> Vec<Step> {
        let Some(witness) = &finding.witness else {
            return Vec::new();
        };
        let path = witness.data.get("path").and_then(Value::as_array);
        let steps = path.into_iter().flatten().enumerate();
        steps
            .map(|(number, step)| {
                let said = |name| step.get(name).and_then(Value::as_str);
                let state = said("state").unwrap_or_default();
                let text = match said("then") {
                    Some(then) => format!("{state}: {then}"),
                    None => format!("{state}: here"),
                };
                let span = witness.places.get(number).copied().flatten();
                Step {
                    place: span.map(|span| self.place(span, "")),
                    text,
                }
            })
            .collect()
    }

    fn place(&self, span: Span, text: &str) -> Place {
        let file = self.sources.file(span.file);
        Place {
            file: self.root.path(file.name()),
            start: file.line_col(span.start),
            end: file.line_col(span.end),
            text: text.to_string(),
        }
    }

    fn within(&self, span: Span) -> String {
        self.trees
            .get(span.file.0 as usize)
            .map(|file| within::name(file, span.start))
            .unwrap_or_default()
    }
}
