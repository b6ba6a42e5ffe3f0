//! What leaves a write in doubt leads to where it is settled, before anything else is done about it.
//!
//! Where the flow has a state that settles the write, it is led there. Where it has none, one is made of
//! the state that calls: what has happened goes where its success goes, what has not goes where the doubt
//! went, and what stays unknown ends in a failure that says so. A write without `confirm` can only be left
//! in doubt by name.

use super::handle::{end_in_doubt, free, in_doubt, new_part, settling};
use super::layout::line_after;
use super::places::{handlers, holds, states};
use super::{Edit, Fix, Scene};
use crate::diagnostics::{Code, Diagnostic, Trust};
use crate::model::{self, ActionId, OutcomeKind, Step};
use crate::source::Span;
use crate::syntax::tree::{Flow, Handler, State, StepKind};

pub fn fixes(scene: &Scene<'_>, finding: &Diagnostic, at: Span, action: &str) -> Vec<Fix> {
    let (Some(flow), Some((id, _))) = (scene.flow(at), scene.action(action)) else {
        return Vec::new();
    };
    let Some(known) = scene.checked_flow(flow) else {
        return Vec::new();
    };
    let callers: Vec<(&State, &model::State)> = states(flow)
        .filter_map(|s| Some((s, known.states.iter().find(|k| k.name_span == s.name.span)?)))
        .filter(|(_, k)| matches!(&k.step, Step::Do(step) if step.action == id))
        .collect();
    let retried = |h: &Handler| holds(h.span, at);
    // The retry that goes; else what leads straight to where the doubt is found; else everything that
    // leaves doubt.
    let mut all = Vec::new();
    if finding.code == Code::FW401 {
        all.extend(led(scene, flow, known, id, &callers, &retried));
    } else {
        let place = states(flow).find(|s| holds(s.span, at));
        let name = place.map(|s| s.name.name.as_str());
        let end = known.ends.iter().find(|e| e.name_span == at);
        let name = name.or(end.map(|e| e.name.as_str()));
        let straight = |h: &Handler| name.is_some_and(|n| h.to.name == n);
        all.extend(led(scene, flow, known, id, &callers, &straight));
        all.extend(led(scene, flow, known, id, &callers, &|_| true));
    }
    all
}

/// The fix that leads the doubtful outcomes of those handlers that are `meant` elsewhere.
fn led(
    scene: &Scene<'_>,
    flow: &Flow,
    known: &model::Flow,
    action: ActionId,
    callers: &[(&State, &model::State)],
    meant: &dyn Fn(&Handler) -> bool,
) -> Option<Fix> {
    let mut edits = Vec::new();
    let mut goal: Option<String> = settling(known, action).map(str::to_string);
    let full = &scene.policy.action(action).full_name;
    for (state, checked) in callers {
        for handler in handlers(state) {
            if !meant(handler) || goal.as_ref().is_some_and(|g| *g == handler.to.name) {
                continue;
            }
            let doubt = |name: &str| {
                let kind = checked
                    .outcomes
                    .iter()
                    .find(|o| o.name == name)
                    .map(|o| o.kind);
                kind.is_some_and(|k| in_doubt(scene, action, k))
            };
            let (away, kept): (Vec<_>, Vec<_>) =
                handler.outcomes.iter().partition(|o| doubt(&o.name));
            if away.is_empty() || handler.when.is_some() || handler.bind.is_some() {
                continue;
            }
            let to = match &goal {
                Some(goal) => goal.clone(),
                None => {
                    let (name, new) = made(scene, flow, known, action, state, checked, handler);
                    edits.extend(new);
                    goal = Some(name.clone());
                    name
                }
            };
            let names = |list: &[&crate::syntax::tree::Ident]| {
                let texts: Vec<&str> = list.iter().map(|o| scene.sources.slice(o.span)).collect();
                texts.join(" | ")
            };
            let line = format!("on {} -> {to}", names(&away));
            if kept.is_empty() {
                edits.push(Edit::new(handler.span, line));
            } else {
                let first = handler.outcomes.first()?.span;
                let last = handler.outcomes.last()?.span;
                edits.push(Edit::new(first.to(last), names(&kept)));
                edits.push(line_after(scene.sources, handler.span, state.span, &[line]));
            }
        }
    }
    if edits.is_empty() {
        return None;
    }
    edits.sort();
    edits.dedup();
    let title = match goal {
        Some(goal) if known.ends.iter().any(|e| e.name == goal) || goal.starts_with("in_doubt") => {
            format!("leave `{full}` in doubt by name, at `{goal}`")
        }
        Some(goal) => format!("settle `{full}` first, in `{goal}`"),
        None => return None,
    };
    Some(Fix {
        title,
        trust: Trust::Unsafe,
        edits,
    })
}

/// A new state that settles, made of the one that calls; or an end, for a write that can't be settled.
fn made(
    scene: &Scene<'_>,
    flow: &Flow,
    known: &model::Flow,
    action: ActionId,
    state: &State,
    checked: &model::State,
    handler: &Handler,
) -> (String, Vec<Edit>) {
    let of = scene.policy.action(action);
    let end = end_in_doubt(scene, flow, known, action);
    let success = handlers(state).find(|h| {
        h.when.is_none()
            && h.outcomes.iter().any(|o| {
                let kind = checked.outcomes.iter().find(|d| d.name == o.name);
                kind.is_some_and(|d| d.kind == OutcomeKind::Ok)
            })
    });
    let (Some(_), Some(success)) = (&of.confirm, success) else {
        return (end.name, end.edits);
    };
    let word = of.full_name.rsplit('.').next().unwrap_or("write");
    let name = free(known, &format!("settle_{word}"));
    // What the call binds is bound by settling as well.
    let bind = state.items.iter().find_map(|i| match i {
        crate::syntax::tree::StateItem::Step(step) => match &step.kind {
            StepKind::Do { bind, .. } => bind.as_ref(),
            _ => None,
        },
        _ => None,
    });
    let bind = bind.map_or(String::new(), |b| format!(" as {}", b.name));
    // Round again is where the doubt went; then it has not happened, and may be tried again.
    let absent = &handler.to.name;
    let mut lines = vec![
        String::new(),
        format!("state {name} {{"),
        format!("  settle {}{bind}", of.full_name),
        format!("  on happened -> {}", success.to.name),
        format!("  on absent   -> {absent}"),
        format!("  on unknown retry 3 backoff 500ms..4s -> {}", end.name),
        "}".to_string(),
    ];
    // An end that is new stands behind it, in one edit.
    if !end.edits.is_empty() {
        lines.push(String::new());
        lines.push(format!(
            "end {} failure leaves {} unsettled",
            end.name, of.full_name
        ));
    }
    let edits = new_part(scene, flow, &lines);
    (name, edits)
}
