//! What can be answered to what a flow waits for, and where each answer leads.

use crate::runtime::{Asked, Directive, Session};
use crate::table::format::{Flow, Handler, State, Step, Target};
use crate::table::{Table, sample};
use crate::words;
use serde_json::Value;
use std::fmt;

/// An answer.
pub(super) enum Answer {
    Outcome(String, Option<Value>),
    Event(String),
    Advance(i64),
    Propose(String, Value),
    Approve(bool),
}

/// An outcome that can come next.
pub(super) struct Choice {
    pub(super) outcome: String,
    leads: String,
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<14} {}", self.outcome, self.leads)
    }
}

/// What a directive waits for, in words.
pub(super) fn waiting(directive: &Directive) -> String {
    let args = |map: &serde_json::Map<String, Value>| Value::Object(map.clone());
    match directive {
        Directive::Call {
            action, args: a, ..
        } => format!("{action} {} is called", args(a)),
        Directive::Agent { state, may, .. } => {
            let may = if may.is_empty() {
                String::new()
            } else {
                format!(", and may propose {}", words::either(may))
            };
            format!("{state}: the agent acts{may}")
        }
        Directive::Ask { role, text, .. } => format!("{role} is asked: {text}"),
        Directive::Approval { role, action, .. } => {
            format!("{role} is asked to approve {action}")
        }
        Directive::Wait { state, .. } => format!("{state} waits before trying again"),
        Directive::Ended { end, class, .. } => format!("ended in {end} ({class})"),
    }
}

/// Who waits for an outcome, until when, and any value that the outcome has to come with.
pub(super) fn asked(
    table: &Table,
    session: &Session,
    open: &[Directive],
    outcome: &str,
) -> Option<(Asked, Option<i64>, Option<Value>)> {
    open.iter().find_map(|directive| match directive {
        Directive::Call {
            call,
            action,
            until,
            ..
        } => {
            let result = table.action(action).and_then(|a| a.result.as_ref());
            let value = result
                .filter(|_| outcome == "ok")
                .and_then(|ty| sample::sample(table.body(), ty));
            Some((Asked::Call(*call), Some(*until), value))
        }
        Directive::Agent {
            entry,
            state,
            until,
            ..
        } => {
            let of = state_called(table, session, state).and_then(|s| match &s.step {
                Step::Agent { outcomes, .. } => outcomes.iter().find(|o| o.name == outcome),
                _ => None,
            });
            let value = of
                .and_then(|o| o.ty.as_ref())
                .and_then(|ty| sample::sample(table.body(), ty));
            Some((Asked::Agent(*entry), *until, value))
        }
        Directive::Ask {
            entry,
            state,
            until,
            ..
        } => {
            let value = state_called(table, session, state)
                .and_then(|s| match &s.step {
                    Step::Ask { ty, .. } => sample::sample(table.body(), ty),
                    _ => None,
                })
                .filter(|_| outcome == "answered");
            Some((Asked::Ask(*entry), *until, value))
        }
        _ => None,
    })
}

/// A state of the flow that is played.
fn state_called<'t>(table: &'t Table, session: &Session, name: &str) -> Option<&'t State> {
    let flow = table.body().flows.get(session.run()?.flow as usize)?;
    flow.states.iter().find(|s| s.name == name)
}

/// The outcomes that can come next.
pub(super) fn choices(table: &Table, session: &Session, open: &[Directive]) -> Vec<Choice> {
    let here = session.run().and_then(|run| {
        let flow = table.body().flows.get(run.flow as usize)?;
        let level = run.levels.last()?;
        Some((flow, flow.states.get(level.state as usize)?))
    });
    let choice = |outcome: &str| Choice {
        outcome: outcome.to_string(),
        leads: here
            .map(|(flow, state)| leads(flow, state, outcome))
            .unwrap_or_default(),
    };
    let mut all: Vec<Choice> = Vec::new();
    for directive in open {
        match directive {
            Directive::Call { action, .. } => {
                let failures = table.action(action).map(|a| a.failures.as_slice());
                all.push(choice("ok"));
                all.extend(failures.unwrap_or_default().iter().map(|f| choice(&f.name)));
                all.push(choice("timeout"));
                all.push(choice("malformed"));
            }
            Directive::Agent { outcomes, .. } => {
                all.extend(outcomes.iter().map(|o| choice(o)));
                all.extend(["stuck", "exhausted", "malformed"].map(choice));
            }
            Directive::Ask { .. } => {
                all.extend(["answered", "no_answer", "unclear", "unreachable"].map(choice));
            }
            Directive::Approval { .. } => all.extend(["approve", "decline"].map(|word| Choice {
                outcome: word.to_string(),
                leads: String::new(),
            })),
            Directive::Wait { .. } | Directive::Ended { .. } => {}
        }
    }
    all
}

/// Names on the wire that a call's failures have besides.
pub(super) fn wires(table: &Table, open: &[Directive]) -> Vec<String> {
    let calls = open.iter().filter_map(|directive| match directive {
        Directive::Call { action, .. } => table.action(action),
        _ => None,
    });
    calls
        .flat_map(|a| a.failures.iter().map(|f| f.wire.clone()))
        .collect()
}

fn leads(flow: &Flow, state: &State, outcome: &str) -> String {
    let handlers: Vec<String> = state
        .handlers
        .iter()
        .filter(|h| h.outcome == outcome)
        .map(|h| edge(flow, h))
        .collect();
    if handlers.is_empty() {
        String::new()
    } else {
        format!("→ {}", handlers.join(" or "))
    }
}

fn edge(flow: &Flow, handler: &Handler) -> String {
    let to = target(flow, &handler.to);
    match &handler.retry {
        Some(retry) if retry.count == 1 => format!("once again, then {to}"),
        Some(retry) => format!("up to {} times again, then {to}", retry.count),
        None => to,
    }
}

/// Where an edge leads, by name.
pub(in crate::cli) fn target(flow: &Flow, to: &Target) -> String {
    match to {
        Target::State { index } => flow
            .states
            .get(*index as usize)
            .map_or(String::new(), |s| s.name.clone()),
        Target::End { index } => flow
            .ends
            .get(*index as usize)
            .map_or(String::new(), |e| format!("end {}", e.name)),
        Target::Return { state, outcome, .. } => {
            let caller = flow.states.get(*state as usize);
            caller.map_or(String::new(), |s| format!("{} with {outcome}", s.name))
        }
    }
}
