//! What all forms of the report show, with names in place of numbers.

use crate::cli::output::clean;
use crate::flow::Picture;
use crate::flow::budget::words::exactly;
use crate::flow::whatif::{Concern, EndSeen, Matrix, Row, Story, Subject, When};
use crate::flow::words::Words;
use crate::model::{ActionId, Policy, Step};
use crate::syntax::tree::EndClass;

/// An end with what it costs and leaves.
pub(in crate::cli) struct EndView {
    pub name: String,
    pub class: &'static str,
    pub time_ms: Option<i64>,
    pub calls: Option<i64>,
    /// Writes that can stand there.
    pub standing: Vec<String>,
    /// Writes that can be in doubt there.
    pub unsettled: Vec<String>,
}

impl EndView {
    pub fn failure(&self) -> bool {
        self.class == "failure"
    }

    pub fn time(&self) -> String {
        self.time_ms
            .map_or_else(|| "unbounded".to_string(), exactly)
    }

    pub fn calls(&self) -> String {
        self.calls
            .map_or_else(|| "unbounded".to_string(), |n| n.to_string())
    }

    /// What is left behind, in words.
    pub fn left(&self) -> String {
        let mut parts = Vec::new();
        if !self.unsettled.is_empty() {
            parts.push(format!("in doubt: {}", self.unsettled.join(", ")));
        }
        if !self.standing.is_empty() && self.class != "success" {
            parts.push(format!("standing: {}", self.standing.join(", ")));
        }
        parts.join("; ")
    }
}

/// A row of the matrix.
pub(in crate::cli) struct RowView {
    /// What kind of thing fails: `nothing`, `integration`, `action`, `agent`, `person`, `event`,
    /// `deadline`.
    pub kind: &'static str,
    /// Its name; empty for `nothing`.
    pub subject: String,
    pub ways: Vec<String>,
    pub when: &'static str,
    pub ends: Vec<EndView>,
    pub concerns: Vec<Concern>,
}

impl RowView {
    /// Whether no success is possible any more, though it was without the fault.
    pub fn hopeless(&self) -> bool {
        self.concerns.contains(&Concern::NoSuccess)
    }

    /// What a reviewer has to know of the row besides, in words.
    pub fn remarks(&self) -> Vec<&'static str> {
        let mut out = Vec::new();
        if self.concerns.contains(&Concern::OnlyFailure) {
            out.push("(always a failure: whoever waits is left with nothing)");
        }
        match self.when {
            "after_failure" => out.push("(only after something else has failed)"),
            "after_anything" => out.push("(only after an event, a deadline or another failure)"),
            _ => {}
        }
        out
    }

    /// Whether the row is of the same thing as the one before.
    pub fn continues(&self, before: Option<&Self>) -> bool {
        before.is_some_and(|b| b.kind == self.kind && b.subject == self.subject)
    }

    /// What fails, with the kind where the name alone doesn't tell.
    pub fn what(&self) -> String {
        match self.kind {
            "nothing" => "nothing".to_string(),
            "integration" => format!("{} (all of it)", self.subject),
            "agent" => format!("the AI in {}", self.subject),
            "person" => format!("the answer in {}", self.subject),
            "event" => format!("event {}", self.subject),
            "deadline" => format!("deadline of {}", self.subject),
            _ => self.subject.clone(),
        }
    }
}

/// A flow's matrix.
pub(in crate::cli) struct FlowView {
    pub name: String,
    pub rows: Vec<RowView>,
    /// Actions that no scenario calls.
    pub never: Vec<String>,
}

/// A flow's stories of one scenario.
pub(in crate::cli) struct StoryView {
    pub flow: String,
    pub stories: Vec<Told>,
    pub concerns: Vec<Concern>,
}

/// One way that the scenario can go.
pub(in crate::cli) struct Told {
    pub when: &'static str,
    pub end: EndView,
    /// By then at the latest, the state, and what happens.
    pub steps: Vec<(Option<i64>, String, String)>,
}

impl Told {
    /// What has to come before, in words; empty if nothing has to.
    pub fn first(&self) -> &'static str {
        match self.when {
            "after_failure" => "Something else has to fail first.",
            "after_anything" => "An event, a deadline or another failure has to come first.",
            _ => "",
        }
    }
}

impl StoryView {
    /// What a reviewer has to know of all its ways, in words; empty if there is nothing.
    pub fn verdict(&self) -> &'static str {
        if self.concerns.contains(&Concern::OnlyFailure) {
            "Whoever waits is left with nothing: every way is a failure."
        } else if self.concerns.contains(&Concern::NoSuccess) {
            "No success is possible any more."
        } else {
            ""
        }
    }
}

fn name(policy: &Policy, id: &ActionId) -> String {
    policy.action(*id).full_name.clone()
}

fn class(class: EndClass) -> &'static str {
    match class {
        EndClass::Success => "success",
        EndClass::Fallback => "fallback",
        EndClass::Failure => "failure",
    }
}

fn when(when: When) -> &'static str {
    match when {
        When::Alone => "alone",
        When::AfterFailure => "after_failure",
        When::AfterAnything => "after_anything",
    }
}

fn end(policy: &Policy, picture: &Picture, seen: &EndSeen) -> EndView {
    let flow = policy.flows.get(picture.flow.index());
    let def = flow.and_then(|f| f.ends.get(seen.end.index()));
    let names = |list: &[ActionId]| list.iter().map(|a| name(policy, a)).collect();
    EndView {
        name: def.map(|e| e.name.clone()).unwrap_or_default(),
        class: class(seen.class),
        time_ms: seen.time_ms,
        calls: seen.calls,
        standing: names(&seen.standing),
        unsettled: names(&seen.unsettled),
    }
}

fn row(policy: &Policy, picture: &Picture, row: &Row) -> RowView {
    let words = Words {
        policy,
        inlined: &picture.inlined,
    };
    let (kind, subject) = match &row.subject {
        Subject::Nothing => ("nothing", String::new()),
        Subject::Down(id) => {
            let integration = policy.integrations.get(id.index());
            let name = integration.map(|i| i.name.clone());
            ("integration", name.unwrap_or_default())
        }
        Subject::Action(id) => ("action", name(policy, id)),
        Subject::Step(at) => {
            let asks = words
                .state(*at)
                .is_some_and(|s| matches!(s.step, Step::Ask { .. }));
            (if asks { "person" } else { "agent" }, words.name(*at))
        }
        Subject::Event(id) => {
            let event = policy.events.get(id.index());
            ("event", event.map(|e| e.name.clone()).unwrap_or_default())
        }
        Subject::Deadline(run) => {
            let run = picture.inlined.runs.get(*run as usize);
            let flow = run.and_then(|r| policy.flows.get(r.flow.index()));
            let within = flow.and_then(|f| f.within).map(|w| exactly(w.0));
            let name = flow.map(|f| f.name.clone()).unwrap_or_default();
            let inner = run.map(|r| r.name.clone()).filter(|n| !n.is_empty());
            let name = inner.map_or(name.clone(), |inner| format!("{inner} ({name})"));
            (
                "deadline",
                format!("{name}, {}", within.unwrap_or_default()),
            )
        }
    };
    RowView {
        kind,
        subject,
        ways: row.ways.clone(),
        when: when(row.outlook.when),
        ends: row
            .outlook
            .ends
            .iter()
            .map(|e| end(policy, picture, e))
            .collect(),
        concerns: row.concerns.clone(),
    }
}

pub(in crate::cli) fn flow(policy: &Policy, picture: &Picture, matrix: &Matrix) -> FlowView {
    let flow = policy.flows.get(matrix.flow.index());
    FlowView {
        name: flow.map(|f| f.name.clone()).unwrap_or_default(),
        rows: matrix
            .rows
            .iter()
            .map(|r| row(policy, picture, r))
            .collect(),
        never: matrix.never.iter().map(|a| name(policy, a)).collect(),
    }
}

pub(in crate::cli) fn story(policy: &Policy, picture: &Picture, stories: &[Story]) -> StoryView {
    let flow = policy.flows.get(picture.flow.index());
    let told: Vec<Told> = stories
        .iter()
        .map(|s| Told {
            when: when(s.when),
            end: end(policy, picture, &s.end),
            steps: s
                .steps
                .iter()
                .map(|t| (t.by_ms, clean(&t.state), clean(&t.text)))
                .collect(),
        })
        .collect();
    let any = |f: &dyn Fn(&EndView) -> bool| told.iter().any(|t| f(&t.end));
    let mut concerns = Vec::new();
    let possible = flow.is_some_and(|f| f.ends.iter().any(|e| e.class == EndClass::Success));
    if possible && !told.is_empty() && !any(&|e| e.class == "success") {
        concerns.push(Concern::NoSuccess);
    }
    if any(&EndView::failure) {
        concerns.push(Concern::FailureEnd);
    }
    if !told.is_empty() && !any(&|e| !e.failure()) {
        concerns.push(Concern::OnlyFailure);
    }
    if any(&|e| !e.unsettled.is_empty()) {
        concerns.push(Concern::Unsettled);
    }
    if any(&|e| e.class != "success" && !e.standing.is_empty()) {
        concerns.push(Concern::Standing);
    }
    StoryView {
        flow: flow.map(|f| f.name.clone()).unwrap_or_default(),
        stories: told,
        concerns,
    }
}
