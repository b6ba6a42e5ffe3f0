//! What a comparison says, as data.

use serde_json::{Map, Value};

/// What a change does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// Something that was refused, or asked about, goes further now; or more is taken in.
    Looser,
    /// The other way round.
    Stricter,
    /// The verdict is the same, but another rule decides, or it says something else.
    Reason,
    /// Something goes on, or ends, elsewhere in a flow.
    Flow,
    /// A worst case is another one.
    Budget,
    /// Anything else that a runtime does otherwise.
    Other,
}

impl Effect {
    /// All of them, in the order in which they are told.
    pub const ALL: [Self; 6] = [
        Self::Looser,
        Self::Stricter,
        Self::Flow,
        Self::Budget,
        Self::Other,
        Self::Reason,
    ];

    /// Its word on the command line and in data.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Looser => "looser",
            Self::Stricter => "stricter",
            Self::Reason => "reason",
            Self::Flow => "flow",
            Self::Budget => "budget",
            Self::Other => "other",
        }
    }
}

/// What one side says to a witness.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// `deny`, `escalate` or `allow`.
    pub verdict: &'static str,
    /// The rule that decides; none if no rule allows.
    pub rule: Option<String>,
    /// What a model would read.
    pub reason: String,
}

/// A proposal, with all that matters for its verdict.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    /// The action.
    pub action: String,
    /// The arguments.
    pub args: Map<String, Value>,
    /// As the newer table takes them, if it takes others.
    pub new_args: Option<Map<String, Value>>,
    /// The inputs that the verdicts look at.
    pub inputs: Map<String, Value>,
    /// As the newer table takes them, if it takes others.
    pub new_inputs: Option<Map<String, Value>>,
    /// The facts that the verdicts look at, by name and key; `null` for one that nobody has looked up.
    pub facts: Map<String, Value>,
    /// The answers to questions about the calls so far.
    pub history: Map<String, Value>,
    /// The state of a flow, if it matters.
    pub at: Option<String>,
}

/// One change of meaning.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// What it does.
    pub effect: Effect,
    /// The kind of thing that changed: `action`, `flow`, `fact` …
    pub kind: &'static str,
    /// Its name.
    pub name: String,
    /// What changed, as a sentence without its full stop.
    pub what: String,
    /// For a gate: what both sides say to the case.
    pub said: Option<(Said, Said)>,
    /// For a gate: a proposal that shows it.
    pub case: Option<Case>,
    /// The rule to look at.
    pub blame: Option<String>,
    /// A value or a place that shows it.
    pub example: Option<String>,
}

impl Change {
    /// A change that is told by its sentence alone.
    #[must_use]
    pub fn plain(
        effect: Effect,
        kind: &'static str,
        name: impl Into<String>,
        what: impl Into<String>,
    ) -> Self {
        Self {
            effect,
            kind,
            name: name.into(),
            what: what.into(),
            said: None,
            case: None,
            blame: None,
            example: None,
        }
    }

    /// With a value or a place that shows it.
    #[must_use]
    pub fn shown_by(mut self, example: impl Into<String>) -> Self {
        self.example = Some(example.into());
        self
    }
}

/// The difference of two tables.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// What changed, by kind and name.
    pub changes: Vec<Change>,
    /// What could not be compared exactly, and why.
    pub unproven: Vec<String>,
    /// The gates that were compared and found equal.
    pub equal_gates: usize,
    /// The gates that were compared.
    pub gates: usize,
}

impl Report {
    /// Proven to mean the same.
    #[must_use]
    pub fn same(&self) -> bool {
        self.changes.is_empty() && self.unproven.is_empty()
    }
}
