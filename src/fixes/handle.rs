//! Saying what happens on outcomes and events that nothing is said about yet.
//!
//! Where a mishap leads is a guess, so there are several in an order: where the state's own mishaps lead
//! already, where the flow leads when its time is up, states that undo, and the ends that are no success.
//! Which of them fits the rest of the flow is found out by trying. Where a *success* leads is nobody's
//! guess.

use super::layout::{last_clause, last_end, line_after};
use super::places::{handlers, states};
use super::{Edit, Fix, Scene};
use crate::diagnostics::{Repair, Trust};
use crate::flow::calls::{Ending, ending};
use crate::model::{self, ActionId, OutcomeKind, Step, Target};
use crate::source::Span;
use crate::syntax::tree::{EndClass, Flow, FlowItem, State, StateItem, StepKind};
use std::collections::BTreeSet;

/// All mishaps of a state that nothing is said about, or what its `choose` leaves over.
pub fn fixes(scene: &Scene<'_>, name: Span, outcome: Option<&str>) -> Vec<Fix> {
    let Some((flow, state)) = scene.state(name) else {
        return Vec::new();
    };
    let Some(known) = scene.checked_flow(flow) else {
        return Vec::new();
    };
    let Some(checked) = known.states.iter().find(|s| s.name_span == name) else {
        return Vec::new();
    };
    let Some(outcome) = outcome else {
        return otherwise(scene, flow, known, state);
    };
    let kind = |name: &str| {
        checked
            .outcomes
            .iter()
            .find(|o| o.name == name)
            .map(|o| o.kind)
    };
    if kind(outcome).is_none_or(is_success) {
        return Vec::new();
    }
    let missing: BTreeSet<&str> = scene
        .findings
        .iter()
        .flat_map(|f| &f.repairs)
        .filter_map(|r| match r {
            Repair::Handle {
                state: at,
                outcome: Some(o),
            } if *at == name => Some(o.as_str()),
            _ => None,
        })
        .collect();
    // In the order in which they are declared.
    let missing: Vec<(&str, bool)> = checked
        .outcomes
        .iter()
        .filter(|o| missing.contains(o.name.as_str()) && !is_success(o.kind))
        .map(|o| (o.name.as_str(), doubtful(scene, checked, o.kind)))
        .collect();
    let list: Vec<String> = missing.iter().map(|(n, _)| format!("`{n}`")).collect();
    let title = format!("handle {} in `{}`", listed(&list), state.name.name);
    let doubt = doubt_goes(scene, flow, known, checked, state);
    targets(scene, flow, known, state)
        .into_iter()
        .map(|to| {
            let mut edits = to.edits.clone();
            let mut lines: Vec<(String, Vec<&str>)> = Vec::new();
            for (name, in_doubt) in &missing {
                let goal = match &doubt {
                    Some(settled) if *in_doubt => {
                        edits.extend(settled.edits.iter().cloned());
                        &settled.name
                    }
                    _ => &to.name,
                };
                match lines.iter_mut().find(|(g, _)| g == goal) {
                    Some((_, names)) => names.push(name),
                    None => lines.push((goal.clone(), vec![name])),
                }
            }
            let lines: Vec<String> = lines
                .into_iter()
                .map(|(goal, names)| format!("on {} -> {goal}", names.join(" | ")))
                .collect();
            edits.push(line_after(
                scene.sources,
                last_clause(state),
                state.span,
                &lines,
            ));
            fix(title.clone(), edits)
        })
        .collect()
}

/// What a `choose` leaves over, or an outcome whose guards leave something.
fn otherwise(scene: &Scene<'_>, flow: &Flow, known: &model::Flow, state: &State) -> Vec<Fix> {
    targets(scene, flow, known, state)
        .into_iter()
        .map(|to| {
            let mut edits = to.edits;
            edits.push(line_after(
                scene.sources,
                last_clause(state),
                state.span,
                &[format!("otherwise -> {}", to.name)],
            ));
            fix(
                format!(
                    "lead what is left over in `{}` to `{}`",
                    state.name.name, to.name
                ),
                edits,
            )
        })
        .collect()
}

/// An edge of the flow for an event.
pub fn answers(scene: &Scene<'_>, name: Span, event: &str) -> Vec<Fix> {
    let Some(flow) = scene.flow(name) else {
        return Vec::new();
    };
    let Some(known) = scene.checked_flow(flow) else {
        return Vec::new();
    };
    let first = flow.items.iter().find_map(|i| match i {
        FlowItem::Start { span, .. } => Some(*span),
        _ => None,
    });
    let Some(after) = first else {
        return Vec::new();
    };
    goals(scene, flow, known, None)
        .into_iter()
        .map(|to| {
            let mut edits = to.edits;
            let line = format!("on {event} -> {}", to.name);
            let whole = scene.items().find(|i| super::places::holds(i.span, name));
            let block = whole.map_or(flow.span, |i| i.span);
            edits.push(line_after(scene.sources, after, block, &[line]));
            fix(
                format!("lead `{event}` to `{}`, in every state", to.name),
                edits,
            )
        })
        .collect()
}

fn fix(title: String, mut edits: Vec<Edit>) -> Fix {
    edits.sort();
    edits.dedup();
    Fix {
        title,
        trust: Trust::Unsafe,
        edits,
    }
}

/// `a`, `b` and `c`.
fn listed(names: &[String]) -> String {
    match names.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        None => String::new(),
    }
}

/// Whether an outcome is what the step was there for.
pub fn is_success(kind: OutcomeKind) -> bool {
    matches!(
        kind,
        OutcomeKind::Ok
            | OutcomeKind::Agent
            | OutcomeKind::Answered
            | OutcomeKind::Happened
            | OutcomeKind::Absent
            | OutcomeKind::Clean
            | OutcomeKind::End(_)
    )
}

/// Whether an outcome leaves open what became of a write that has to be settled.
fn doubtful(scene: &Scene<'_>, state: &model::State, kind: OutcomeKind) -> bool {
    match &state.step {
        Step::Do(step) => in_doubt(scene, step.action, kind),
        Step::Settle { .. } => kind == OutcomeKind::Unknown,
        _ => false,
    }
}

/// Whether a call for a write that is followed may have happened after this outcome.
pub fn in_doubt(scene: &Scene<'_>, action: ActionId, kind: OutcomeKind) -> bool {
    scene.policy.action(action).tracked()
        && ending(scene.policy, action, kind) == Some(Ending::Doubt)
}

/// A state or an end that an arrow can lead to, and what has to be written for it to be there.
#[derive(Clone)]
pub struct Goal {
    pub name: String,
    pub edits: Vec<Edit>,
}

impl Goal {
    fn there(name: &str) -> Self {
        Self {
            name: name.to_string(),
            edits: Vec::new(),
        }
    }
}

/// Where what leaves a write in doubt goes: to where it is settled, else to an end that says so.
fn doubt_goes(
    scene: &Scene<'_>,
    flow: &Flow,
    known: &model::Flow,
    checked: &model::State,
    state: &State,
) -> Option<Goal> {
    let (action, settled) = match &checked.step {
        Step::Do(step) => (step.action, false),
        Step::Settle { action, .. } => (*action, true),
        _ => return None,
    };
    if !settled && let Some(name) = settling(known, action) {
        return Some(Goal::there(name));
    }
    let _ = state;
    Some(end_in_doubt(scene, flow, known, action))
}

/// The state of a flow that settles a write.
pub fn settling(known: &model::Flow, action: ActionId) -> Option<&str> {
    known
        .states
        .iter()
        .find(|s| matches!(&s.step, Step::Settle { action: a, .. } if *a == action))
        .map(|s| s.name.as_str())
}

/// An end that leaves a write in doubt and says so: one that is there, or a new one.
pub fn end_in_doubt(scene: &Scene<'_>, flow: &Flow, known: &model::Flow, action: ActionId) -> Goal {
    let leaves = |e: &&model::End| e.leaves.contains(&action) && e.class != EndClass::Success;
    if let Some(end) = known.ends.iter().find(leaves) {
        return Goal::there(&end.name);
    }
    let full = &scene.policy.action(action).full_name;
    let name = free(known, "in_doubt");
    let line = format!("end {name} failure leaves {full} unsettled");
    Goal {
        edits: new_part(scene, flow, &[line]),
        name,
    }
}

/// A name that no state and no end of the flow has.
pub fn free(known: &model::Flow, wanted: &str) -> String {
    let taken = |name: &str| {
        known.states.iter().any(|s| s.name == name) || known.ends.iter().any(|e| e.name == name)
    };
    let numbered = (2..).map(|n| format!("{wanted}_{n}"));
    std::iter::once(wanted.to_string())
        .chain(numbered)
        .find(|name| !taken(name))
        .unwrap_or_else(|| wanted.to_string())
}

/// Lines at the end of a flow.
pub fn new_part(scene: &Scene<'_>, flow: &Flow, lines: &[String]) -> Vec<Edit> {
    let Some(after) = last_end(flow) else {
        return Vec::new();
    };
    let whole = scene
        .items()
        .find(|i| super::places::holds(i.span, flow.name.span));
    let block = whole.map_or(flow.span, |i| i.span);
    vec![line_after(scene.sources, after, block, lines)]
}

/// Where a mishap of a state may lead.
fn targets(scene: &Scene<'_>, flow: &Flow, known: &model::Flow, state: &State) -> Vec<Goal> {
    goals(scene, flow, known, Some(state))
}

fn goals(scene: &Scene<'_>, flow: &Flow, known: &model::Flow, state: Option<&State>) -> Vec<Goal> {
    let mut names: Vec<&str> = Vec::new();
    let end = |name: &str| known.ends.iter().find(|e| e.name == name);
    let success = |name: &str| end(name).is_some_and(|e| e.class == EndClass::Success);
    let itself = |name: &str| state.is_some_and(|s| s.name.name == name);
    // Where the state's own mishaps lead.
    if let Some(state) = state {
        let checked = known.states.iter().find(|s| s.name_span == state.name.span);
        for handler in handlers(state) {
            let mishap = handler.outcomes.iter().any(|o| {
                let known = checked.and_then(|s| s.outcomes.iter().find(|d| d.name == o.name));
                known.is_some_and(|d| !is_success(d.kind))
            });
            if mishap {
                names.push(&handler.to.name);
            }
        }
        for item in &state.items {
            if let StateItem::Visits { to, .. } | StateItem::Otherwise { to, .. } = item {
                names.push(&to.name);
            }
        }
    }
    // The flow's own nets.
    for item in &flow.items {
        match item {
            FlowItem::Within { to: Some(to), .. } => names.push(&to.name),
            FlowItem::Handler(h) => names.push(&h.to.name),
            _ => {}
        }
    }
    for other in states(flow) {
        let undoes = other
            .items
            .iter()
            .any(|i| matches!(i, StateItem::Step(s) if matches!(s.kind, StepKind::Unwind { .. })));
        if undoes {
            names.push(&other.name.name);
        }
    }
    for class in [EndClass::Fallback, EndClass::Failure] {
        let plain = |e: &&model::End| e.class == class && e.leaves.is_empty();
        let mut ends: Vec<_> = known.ends.iter().filter(plain).collect();
        // The busiest first.
        ends.sort_by_key(|e| std::cmp::Reverse(led_to(known, &e.name)));
        names.extend(ends.iter().map(|e| e.name.as_str()));
    }
    let mut seen = BTreeSet::new();
    names.retain(|n| !success(n) && !itself(n) && seen.insert(*n));
    let mut goals: Vec<Goal> = names.into_iter().map(Goal::there).collect();
    if goals.is_empty() {
        let name = free(known, "failed");
        goals.push(Goal {
            edits: new_part(scene, flow, &[format!("end {name} failure")]),
            name,
        });
    }
    goals
}

/// How many handlers lead to an end.
fn led_to(known: &model::Flow, name: &str) -> usize {
    let is = |to: &Target| match to {
        Target::End(id) => known.ends.get(id.index()).is_some_and(|e| e.name == name),
        Target::State(_) => false,
    };
    let handlers = known.states.iter().flat_map(|s| &s.handlers);
    handlers.filter(|h| is(&h.to)).count()
}
