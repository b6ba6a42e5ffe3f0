//! What the host is to do, read off the session: so it can be read off again after a restart.

use super::clock;
use super::flow::class_word;
use super::session::{Approval, ApprovalStatus, Call, Doing, Level, Session};
use crate::table::format::{Body, Flow, Step};
use crate::table::scalar::later;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Something for the host to do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
#[allow(missing_docs)]
pub enum Directive {
    /// Make this call and bring its reply. No reply by `until` is a timeout.
    Call {
        call: u64,
        action: String,
        /// The action's name on the wire.
        wire: String,
        /// Arguments by wire name, without claims.
        args: Map<String, Value>,
        timeout_ms: i64,
        until: i64,
    },
    /// Let the agent act; bring its proposals and its outcome.
    Agent {
        entry: u64,
        state: String,
        /// What it is shown.
        given: Map<String, Value>,
        /// The actions that it may propose.
        may: Vec<String>,
        /// How many proposals it has.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        calls: Option<u64>,
        /// The outcomes that it may report, besides `stuck`.
        outcomes: Vec<String>,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        until: Option<i64>,
    },
    /// Ask somebody of this role and bring the answer.
    Ask {
        entry: u64,
        state: String,
        role: String,
        /// The role's name on the wire.
        wire: String,
        text: String,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        until: Option<i64>,
    },
    /// Ask somebody of this role whether the call may be made.
    Approval {
        approval: String,
        action: String,
        /// All arguments, claims included.
        args: Map<String, Value>,
        rule: String,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        because: Option<String>,
        role: String,
        /// The role's name on the wire.
        wire: String,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        expires_at: Option<i64>,
    },
    /// Wait, then tick with `retry`: at a moment drawn between now and `until`.
    Wait {
        entry: u64,
        state: String,
        until: i64,
    },
    /// The flow has ended; nothing more to do.
    Ended {
        flow: String,
        end: String,
        /// `success`, `fallback` or `failure`.
        class: String,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        gives: Option<Value>,
    },
}

/// All that is to be done, in a fixed order.
pub(super) fn open(body: &Body, session: &Session) -> Vec<Directive> {
    let calls = session.calls.iter().filter(|c| c.in_flight());
    let mut out: Vec<Directive> = calls.filter_map(|c| call(body, c)).collect();
    let pending = session
        .approvals
        .iter()
        .filter(|a| a.status == ApprovalStatus::Pending);
    out.extend(pending.filter_map(|a| approval(body, a)));
    out.extend(here(body, session));
    out
}

/// When to tick at the latest.
pub(super) fn deadline(body: &Body, session: &Session) -> Option<i64> {
    clock::dues(body, session)
        .into_iter()
        .map(|due| due.at)
        .min()
}

fn call(body: &Body, call: &Call) -> Option<Directive> {
    let action = body.actions.get(call.action as usize)?;
    let claimed = |name: &str| action.params.iter().any(|p| p.claim && p.wire == name);
    let args = call.args.iter().filter(|(name, _)| !claimed(name));
    Some(Directive::Call {
        call: call.id,
        action: action.name.clone(),
        wire: action.wire.clone(),
        args: args.map(|(n, v)| (n.clone(), v.clone())).collect(),
        timeout_ms: action.timeout_ms,
        until: later(call.at, action.timeout_ms),
    })
}

fn approval(body: &Body, approval: &Approval) -> Option<Directive> {
    let rule = body.rules.get(approval.rule as usize)?;
    let role = body.roles.get(approval.role as usize)?;
    Some(Directive::Approval {
        approval: approval.id.clone(),
        action: body.actions.get(approval.action as usize)?.name.clone(),
        args: approval.args.clone(),
        rule: rule.name.clone(),
        because: rule.because.clone(),
        role: role.name.clone(),
        wire: role.wire.clone(),
        expires_at: approval.expires_at,
    })
}

fn here(body: &Body, session: &Session) -> Option<Directive> {
    let run = session.run.as_ref()?;
    let flow = body.flows.get(run.flow as usize)?;
    if let Some(reached) = &run.end {
        let end = flow.ends.get(reached.end as usize)?;
        return Some(Directive::Ended {
            flow: flow.name.clone(),
            end: end.name.clone(),
            class: class_word(end.class).to_owned(),
            gives: reached.gives.clone(),
        });
    }
    let level = run.levels.last()?;
    state(body, flow, level, !run.waiting.is_empty())
}

fn state(body: &Body, flow: &Flow, level: &Level, leaving: bool) -> Option<Directive> {
    let state = flow.states.get(level.state as usize)?;
    let entry = level.entry;
    match (&level.doing, &state.step) {
        (Doing::Wait { until }, _) => Some(Directive::Wait {
            entry,
            state: state.name.clone(),
            until: *until,
        }),
        (
            Doing::Agent { said: None, .. },
            Step::Agent {
                may,
                calls,
                within_ms,
                outcomes,
                ..
            },
        ) if !leaving => Some(Directive::Agent {
            entry,
            state: state.name.clone(),
            given: level.args.clone(),
            may: may
                .iter()
                .filter_map(|&a| body.actions.get(a as usize))
                .map(|a| a.name.clone())
                .collect(),
            calls: *calls,
            outcomes: outcomes.iter().map(|o| o.name.clone()).collect(),
            until: within_ms.map(|ms| later(level.entered, ms)),
        }),
        (
            Doing::Ask { text, since },
            Step::Ask {
                role, within_ms, ..
            },
        ) => {
            let role = body.roles.get(*role as usize)?;
            Some(Directive::Ask {
                entry,
                state: state.name.clone(),
                role: role.name.clone(),
                wire: role.wire.clone(),
                text: text.clone(),
                until: within_ms.map(|ms| later(*since, ms)),
            })
        }
        _ => None,
    }
}
