//! The rows of a flow: what follows each outcome of each state.

use super::print::Sheet;
use super::words::Words;
use crate::cli::run::target;
use crate::table::format::{Body, End, EventEdge, Flow, Handler, State, Step};
use crate::words::duration_literal;
use crate::words::either;

pub(in crate::cli) fn sheet(body: &Body, flow: &Flow) -> Sheet {
    let words = Words::of_flow(body, flow);
    let mut rows = Vec::new();
    for state in &flow.states {
        state_rows(body, flow, state, &words, &mut rows);
    }
    let params: Vec<&str> = flow.params.iter().map(|p| p.name.as_str()).collect();
    let mut notes = vec![format!("starts in {}", target(flow, &flow.start))];
    if let Some(rate) = &flow.expect {
        let per = duration_literal(rate.per_ms);
        notes.push(format!("expects at most {} starts per {per}", rate.count));
    }
    if let Some(once) = &flow.once {
        let keys: Vec<&str> = once
            .by
            .iter()
            .filter_map(|i| params.get(*i as usize).copied())
            .collect();
        let (keys, time) = (keys.join(", "), duration_literal(once.for_ms));
        let to = target(flow, &once.to);
        notes.push(format!("once per {keys} for {time}, else {to}"));
    }
    for scope in &flow.scopes {
        let of = if scope.name.is_empty() {
            String::new()
        } else {
            format!("in {}: ", scope.name)
        };
        if let Some(within) = &scope.within {
            let to = within
                .to
                .as_ref()
                .map(|to| format!(" → {}", target(flow, to)));
            notes.push(format!(
                "{of}within {}{}",
                duration_literal(within.ms),
                to.unwrap_or_default()
            ));
        }
        for edge in &scope.events {
            notes.push(format!("{of}{}", event(body, flow, edge, &words)));
        }
    }
    for end in &flow.ends {
        notes.push(format!(
            "end {}: {}",
            end.name,
            leaves_behind(body, end, &words)
        ));
    }
    Sheet {
        kind: "flow",
        name: flow.name.clone(),
        about: format!("({})", params.join(", ")),
        doc: flow.doc.clone(),
        columns: vec!["state", "does", "outcome", "then"],
        rows,
        continued: true,
        notes,
    }
}

fn state_rows(
    body: &Body,
    flow: &Flow,
    state: &State,
    words: &Words<'_>,
    rows: &mut Vec<Vec<String>>,
) {
    let mut first = true;
    let mut push = |outcome: String, then: String| {
        let (name, does) = if first {
            (state.name.clone(), does(body, &state.step))
        } else {
            (String::new(), String::new())
        };
        first = false;
        rows.push(vec![name, does, outcome, then]);
    };
    if let Step::Choose {
        branches,
        otherwise,
    } = &state.step
    {
        for branch in branches {
            let when = format!("when {}", words.condition(branch.when));
            push(when, target(flow, &branch.to));
        }
        if let Some(to) = otherwise {
            push("otherwise".to_string(), target(flow, to));
        }
    }
    if let Step::Run { start, .. } = &state.step {
        push("starts".to_string(), target(flow, start));
    }
    for handler in &state.handlers {
        let when = handler.when.map_or(String::new(), |when| {
            format!(" when {}", words.condition(when))
        });
        push(format!("{}{when}", handler.outcome), then(flow, handler));
    }
    if let Some(visits) = &state.visits {
        let outcome = format!("entered more than {} times", visits.count);
        push(outcome, target(flow, &visits.to));
    }
    for edge in &state.events {
        push(String::new(), event(body, flow, edge, words));
    }
}

/// What an end says of itself: its class, what it hands out, what it may leave behind.
fn leaves_behind(body: &Body, end: &End, words: &Words<'_>) -> String {
    let names = |list: &[u32]| {
        let all: Vec<&str> = list
            .iter()
            .filter_map(|i| body.actions.get(*i as usize))
            .map(|a| a.name.as_str())
            .collect();
        all.join(", ")
    };
    let mut said = format!("{:?}", end.class).to_lowercase();
    if let Some(value) = &end.gives {
        said.push_str(&format!(", gives {}", words.expr(value)));
    }
    if !end.keeps.is_empty() {
        said.push_str(&format!(", keeps {}", names(&end.keeps)));
    }
    if !end.leaves.is_empty() {
        said.push_str(&format!(", may leave {} unsettled", names(&end.leaves)));
    }
    said
}

/// The bounds of an agent or a question, in brackets.
fn bounds(calls: Option<u64>, within_ms: Option<i64>) -> String {
    let calls = calls.map(|n| format!("{n} calls"));
    let within = within_ms.map(|ms| format!("within {}", duration_literal(ms)));
    let all: Vec<String> = calls.into_iter().chain(within).collect();
    if all.is_empty() {
        String::new()
    } else {
        format!(" ({})", all.join(", "))
    }
}

/// What a state does, in words.
pub(in crate::cli) fn does(body: &Body, step: &Step) -> String {
    let action = |i: &u32| {
        let action = body.actions.get(*i as usize);
        action.map_or(String::new(), |a| a.name.clone())
    };
    match step {
        Step::Do { action: a, .. } => format!("do {}", action(a)),
        Step::Agent {
            may,
            calls,
            within_ms,
            ..
        } => {
            let may: Vec<String> = may.iter().map(action).collect();
            let bounds = bounds(*calls, *within_ms);
            if may.is_empty() {
                format!("agent{bounds}")
            } else {
                format!("agent{bounds}, may {}", either(&may))
            }
        }
        Step::Ask {
            role, within_ms, ..
        } => {
            let role = body.roles.get(*role as usize);
            let role = role.map_or("", |r| r.name.as_str());
            format!("ask {role}{}", bounds(None, *within_ms))
        }
        Step::Choose { .. } => "choose".to_string(),
        Step::Settle { action: a, .. } => format!("settle {}", action(a)),
        Step::Unwind { actions } => {
            let all: Vec<String> = actions.iter().map(action).collect();
            format!("unwind {}", all.join(", "))
        }
        Step::Run { .. } => "run".to_string(),
    }
}

fn then(flow: &Flow, handler: &Handler) -> String {
    let to = target(flow, &handler.to);
    let Some(retry) = &handler.retry else {
        return to;
    };
    let waits = if retry.cap_ms == 0 {
        String::new()
    } else {
        format!(
            " ({}..{})",
            duration_literal(retry.first_ms),
            duration_literal(retry.cap_ms)
        )
    };
    format!("retry {}{waits}, then {to}", retry.count)
}

fn event(body: &Body, flow: &Flow, edge: &EventEdge, words: &Words<'_>) -> String {
    let name = body.events.get(edge.event as usize);
    let name = name.map_or("", |e| e.name.as_str());
    let when = edge.when.map_or(String::new(), |when| {
        format!(" when {}", words.condition(when))
    });
    match &edge.to {
        Some(to) => format!("on {name}{when} → {}", target(flow, to)),
        None => format!("ignore {name}"),
    }
}
