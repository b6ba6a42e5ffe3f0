//! What a step shows: each is worth one case.

use crate::runtime::{Fault, Stepped, Trace};
use crate::table::eval::Seen;
use serde_json::Value;
use std::collections::BTreeSet;

/// What has been shown so far.
#[derive(Default)]
pub(super) struct Shown {
    pub(super) nodes: BTreeSet<Seen>,
    pub(super) things: BTreeSet<String>,
}

/// What a step was taken in, in words.
#[derive(Default)]
pub(super) struct Around {
    /// What is about to change.
    pub(super) near: Vec<String>,
    /// What is known of facts.
    pub(super) facts: String,
    /// What became of calls.
    pub(super) past: Vec<String>,
    /// Things that are worth a case by themselves.
    pub(super) left: Vec<String>,
}

impl Shown {
    /// Takes in what a step has shown; tells what of it is new, in words.
    pub(super) fn take(
        &mut self,
        asked: &str,
        came: &Result<Stepped, Fault>,
        nodes: Vec<Seen>,
        around: &Around,
    ) -> Option<String> {
        let mut new = None;
        for node in nodes {
            if self.nodes.insert(node) {
                new = Some(node.to_string());
            }
        }
        let things = match came {
            Err(fault) => vec![format!("fault {} on {asked}", fault.code())],
            Ok(stepped) => {
                let mut all = things(stepped);
                let what = gist(stepped);
                let Around {
                    near,
                    facts,
                    past,
                    left,
                } = around;
                all.extend_from_slice(left);
                all.extend(near.iter().map(|near| format!("{near}: {asked}{what}")));
                if !facts.is_empty() && stepped.verdict.is_some() {
                    all.push(format!("{facts}{what}"));
                }
                if stepped.verdict.is_some() {
                    all.extend(past.iter().map(|past| format!("{past}: {what}")));
                }
                all
            }
        };
        for thing in things {
            if !self.things.contains(&thing) {
                new = Some(thing.clone());
                self.things.insert(thing);
            }
        }
        new
    }
}

fn things(stepped: &Stepped) -> Vec<String> {
    let mut out = Vec::new();
    let mut at: Option<String> = None;
    for trace in &stepped.record.trace {
        let place = match trace {
            Trace::Entered { state, .. } => Some(state.clone()),
            Trace::Outcome { state, outcome, .. } => Some(format!("{state} {outcome}")),
            Trace::Ended { end, .. } => Some(format!("end {end}")),
            Trace::Event { event, .. } => Some(format!("event {event}")),
            Trace::Deadline { scope } => Some(format!("deadline {scope}")),
            Trace::Retry { state, attempt, .. } => Some(format!("retry {attempt} of {state}")),
            _ => None,
        };
        if let (Some(from), Some(to)) = (&at, &place) {
            out.push(format!("{from} -> {to}"));
        }
        at = place.or(at);
        out.push(thing(trace));
    }
    // Kinds of things in one step, in their order.
    let kinds: Vec<String> = stepped
        .record
        .trace
        .iter()
        .map(|t| kind(&serde_json::to_value(t).unwrap_or_default()))
        .take(6)
        .collect();
    out.push(kinds.join(" "));
    for counted in &stepped.record.counters {
        let counted = serde_json::to_value(counted).unwrap_or_default();
        let free = counted
            .get("free_at")
            .and_then(Value::as_array)
            .map(|free| {
                let ends: Vec<i64> = free.iter().map(|at| at.as_i64().unwrap_or(0)).collect();
                let last = ends.iter().max().copied().unwrap_or(0);
                let each: Vec<_> = ends.iter().map(|at| (*at != 0, *at == last)).collect();
                format!("{each:?}")
            });
        let key = counted
            .get("key")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let of: Vec<&str> = key.split('/').take(3).collect();
        let free = free.unwrap_or_else(|| of.join("/"));
        out.push(format!("counter {} {free}", kind(&counted)));
    }
    out
}

/// What came of a step, in few words.
pub(super) fn gist(stepped: &Stepped) -> String {
    match (&stepped.verdict, stepped.record.trace.first()) {
        (Some(verdict), Some(Trace::Decided { action, .. })) => {
            let rule = verdict.rule.as_deref().unwrap_or_default();
            format!("{action} {} {rule}", verdict.verdict.word())
        }
        (_, Some(trace)) => kind(&serde_json::to_value(trace).unwrap_or_default()),
        (_, None) => String::new(),
    }
}

fn kind(value: &Value) -> String {
    let of = value.get("what").or_else(|| value.get("kind"));
    of.and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// One thing that happened, without numbers and values.
fn thing(trace: &Trace) -> String {
    match trace {
        Trace::Decided {
            action, verdict, ..
        } => {
            let again = serde_json::to_value(&verdict.again).unwrap_or_default();
            let rule = verdict.rule.as_deref().unwrap_or("");
            // What a message says of values is one thing per kind of problem, told by its first words.
            let reason: String = match rule {
                "invalid" => verdict
                    .reason
                    .chars()
                    .filter(|c| !c.is_ascii_digit())
                    .take(90)
                    .collect(),
                _ => verdict.reason.clone(),
            };
            let instead = verdict.instead.as_ref().map(|i| i.action.as_str());
            format!(
                "{action}: {} {rule} {} {instead:?} {reason}",
                verdict.verdict.word(),
                kind(&again)
            )
        }
        Trace::Called {
            action, repeats, ..
        } => {
            format!("{action} called, repeat: {}", repeats.is_some())
        }
        Trace::Replied {
            action,
            outcome,
            problem,
            ..
        } => {
            format!("{action} replied {outcome}, problem: {}", problem.is_some())
        }
        Trace::Settled {
            action,
            happened,
            value,
            ..
        } => {
            format!("{action} settled {happened}, value: {}", value.is_some())
        }
        Trace::Undone { action, .. } => format!("{action} undone"),
        Trace::ApprovalAsked { action, rule, .. } => format!("{action} asked about for {rule}"),
        Trace::Approval { status, .. } => format!("approval {status}"),
        Trace::Entered { state, .. } => format!("{state} entered"),
        Trace::TooOften { state } => format!("{state} entered too often"),
        Trace::Outcome {
            state,
            outcome,
            value,
        } => {
            format!("{state}: {outcome}, value: {}", value.is_some())
        }
        Trace::Retry { state, attempt, .. } => format!("{state}: retry {attempt}"),
        Trace::Event { event, effect } => format!("event {event} {effect:?}"),
        Trace::Deadline { scope } => format!("deadline {scope}"),
        Trace::Duplicate {} => "duplicate".to_owned(),
        Trace::Late {} => "late".to_owned(),
        Trace::Ended { end, gives, .. } => format!("end {end}, value: {}", gives.is_some()),
    }
}
