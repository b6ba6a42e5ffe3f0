//! What the compiler has to say, as plain data. Rendering lives in the sibling files, one per
//! output format; the text about each code lives in `docs/codes/`, one page per code.

pub mod codes;
mod excerpt;
pub mod render_human;
pub mod render_json;
pub mod render_plain;
mod repair;

pub use codes::Code;
pub use repair::{Repair, Trust};

use crate::source::{FileId, Sources, Span};
use serde_json::{Map, Value};

/// How grave a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The policy is refused. Never a guess.
    Error,
    /// Advice; `--deny-warnings` refuses it.
    Warning,
    /// For information.
    Note,
}

impl Severity {
    /// `error`, `warning` or `note`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

/// A place with the words to put there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// Where.
    pub span: Span,
    /// What to say there; may be empty.
    pub text: String,
    /// Whether this is the place of the finding itself (the first primary label is its position).
    pub primary: bool,
}

/// Concrete values, or a path through a flow, that show an error to be real.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Witness {
    /// For people: one line each, such as `party = 9`, or a step of a path.
    pub lines: Vec<String>,
    /// The same as data (`{"values": {…}}` or `{"path": […]}`).
    pub data: Map<String, Value>,
    /// Where each step of the path is written; the last lines are those of the path.
    pub places: Vec<Option<Span>>,
}

impl Witness {
    /// The lines, those of a path with the line of the source that each step stands in; with the
    /// file's name where it isn't `here`.
    #[must_use]
    pub fn shown(&self, sources: &Sources, here: FileId) -> Vec<String> {
        let mut lines = self.lines.clone();
        // A path of one step has no lines of its own.
        if self.places.len() < 2 {
            return lines;
        }
        for (line, place) in lines.iter_mut().rev().zip(self.places.iter().rev()) {
            let Some(span) = place else { continue };
            let file = sources.file(span.file);
            let at = file.line_col(span.start).line;
            line.push_str(&if span.file == here {
                format!("  (line {at})")
            } else {
                format!("  ({}:{at})", file.name())
            });
        }
        lines
    }

    /// The data, with the place of each step of a path.
    #[must_use]
    pub fn placed(&self, sources: &Sources) -> Map<String, Value> {
        let mut data = self.data.clone();
        let path = data.get_mut("path").and_then(Value::as_array_mut);
        for (step, place) in path.into_iter().flatten().zip(&self.places) {
            let (Some(step), Some(span)) = (step.as_object_mut(), place) else {
                continue;
            };
            let file = sources.file(span.file);
            let at = file.line_col(span.start);
            step.insert(
                "at".to_string(),
                serde_json::json!({"file": file.name(), "line": at.line, "column": at.column}),
            );
        }
        data
    }
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Its code, for example `FW301`.
    pub code: Code,
    /// How grave it is.
    pub severity: Severity,
    /// What was found: one sentence, in the user's words.
    pub message: String,
    /// Every place involved.
    pub labels: Vec<Label>,
    /// Why it matters here: further sentences.
    pub notes: Vec<String>,
    /// What to do.
    pub help: Option<String>,
    /// Values or a path that show it.
    pub witness: Option<Witness>,
    /// What would repair it, the likeliest first.
    pub repairs: Vec<Repair>,
}

impl Diagnostic {
    /// A finding of `code`, with that code's own severity, at `span`.
    #[must_use]
    pub fn new(
        code: Code,
        message: impl Into<String>,
        span: Span,
        label: impl Into<String>,
    ) -> Self {
        Self {
            code,
            severity: code.severity(),
            message: message.into(),
            labels: vec![Label {
                span,
                text: label.into(),
                primary: true,
            }],
            notes: Vec::new(),
            help: None,
            witness: None,
            repairs: Vec::new(),
        }
    }

    /// Adds a further place.
    #[must_use]
    pub fn label(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label {
            span,
            text: text.into(),
            primary: false,
        });
        self
    }

    /// Adds a sentence on why it matters.
    #[must_use]
    pub fn note(mut self, text: impl Into<String>) -> Self {
        self.notes.push(text.into());
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(text.into());
        self
    }

    /// Attaches the witness.
    #[must_use]
    pub fn witness(mut self, witness: Witness) -> Self {
        self.witness = Some(witness);
        self
    }

    /// Names a repair.
    #[must_use]
    pub fn repair(mut self, repair: Repair) -> Self {
        self.repairs.push(repair);
        self
    }

    /// Says what was probably meant, in the place of what stands there.
    #[must_use]
    pub fn did_you_mean(self, name: &str) -> Self {
        let span = self.span();
        self.help(format!("did you mean `{name}`?"))
            .repair(Repair::Write {
                span,
                text: name.to_string(),
                trust: Trust::Unsafe,
            })
    }

    /// The place of the finding.
    #[must_use]
    pub fn span(&self) -> Span {
        self.labels
            .iter()
            .find(|l| l.primary)
            .or(self.labels.first())
            .map(|l| l.span)
            .unwrap_or_default()
    }
}

/// Sorts findings by place, then gravity, then code, and drops exact repeats.
pub fn sort(findings: &mut Vec<Diagnostic>) {
    findings.sort_by(|a, b| {
        let key = |d: &Diagnostic| (d.span(), d.severity, d.code);
        key(a).cmp(&key(b)).then_with(|| a.message.cmp(&b.message))
    });
    findings.dedup();
}

/// Whether any finding is an error.
#[must_use]
pub fn has_errors(findings: &[Diagnostic]) -> bool {
    findings.iter().any(|d| d.severity == Severity::Error)
}
