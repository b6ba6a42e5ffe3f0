//! What can go wrong, and how it is named on the command line.

use crate::flow::picture::{Picture, StateAt};
use crate::flow::words::Words;
use crate::model::{ActionId, EventId, IntegrationId, OutcomeKind, Policy};
use crate::syntax::tree::FailureKind;
use std::collections::BTreeSet;

/// Something that goes wrong.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// Calls of these actions come out in one of these ways.
    Calls(BTreeSet<(ActionId, OutcomeKind)>),
    /// The step of that state, an agent's or a question, has that outcome, by index.
    Step(StateAt, u32),
    /// The event comes; in that state, if one is named.
    Event(EventId, Option<StateAt>),
    /// The deadline of that run is reached.
    Deadline(u32),
}

impl Fault {
    /// The actions whose calls it speaks of.
    #[must_use]
    pub fn concerns(&self, action: ActionId) -> bool {
        matches!(self, Self::Calls(ways) if ways.iter().any(|(a, _)| *a == action))
    }
}

/// An integration that is down: no call is answered, and none succeeds. What it says meanwhile is
/// silence, that a retry may help, or that nobody knows.
#[must_use]
pub fn down(policy: &Policy, integration: IntegrationId) -> Fault {
    let mut ways = BTreeSet::new();
    for (action, id) in policy.actions.iter().zip(0..) {
        if action.integration != integration {
            continue;
        }
        let id = ActionId(id);
        ways.insert((id, OutcomeKind::Timeout));
        for (failure, i) in action.failures.iter().zip(0..) {
            if failure.kind != FailureKind::Permanent {
                ways.insert((id, OutcomeKind::Failure(i)));
            }
        }
    }
    Fault::Calls(ways)
}

/// A name that means nothing here: what it should have named, the name, and those that there are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unknown {
    /// `integration`, `action`, `event`, …
    pub what: String,
    /// What was written.
    pub name: String,
    /// What could have been.
    pub all: Vec<String>,
}

fn unknown(what: &str, name: &str, all: impl IntoIterator<Item = String>) -> Unknown {
    Unknown {
        what: what.to_string(),
        name: name.to_string(),
        all: all.into_iter().collect(),
    }
}

/// A fault as it is written on the command line: `down`, `crm`; `fail`, `calendar.book=timeout`;
/// `event`, `hangup@reserve`. None if the flow has no such state.
///
/// # Errors
/// If a name means nothing in the whole policy.
pub fn by_text(
    policy: &Policy,
    picture: &Picture,
    kind: &str,
    text: &str,
) -> Result<Option<Fault>, Unknown> {
    match kind {
        "down" => {
            let at = policy.integrations.iter().position(|i| i.name == text);
            let names = policy.integrations.iter().map(|i| i.name.clone());
            let at = at.ok_or_else(|| unknown("integration", text, names))?;
            let id = IntegrationId(u32::try_from(at).unwrap_or(u32::MAX));
            Ok(Some(down(policy, id)))
        }
        "event" => {
            let (name, state) = match text.split_once('@') {
                Some((name, state)) => (name, Some(state)),
                None => (text, None),
            };
            let at = policy.events.iter().position(|e| e.name == name);
            let names = policy.events.iter().map(|e| e.name.clone());
            let at = at.ok_or_else(|| unknown("event", name, names))?;
            let event = EventId(u32::try_from(at).unwrap_or(u32::MAX));
            let Some(state) = state else {
                return Ok(Some(Fault::Event(event, None)));
            };
            let found = state_by_name(policy, picture, state)?;
            Ok(found.map(|at| Fault::Event(event, Some(at))))
        }
        _ => failing(policy, picture, text),
    }
}

/// `calendar.book=timeout`, or a state's outcome: `choose_slot=stuck`.
fn failing(policy: &Policy, picture: &Picture, text: &str) -> Result<Option<Fault>, Unknown> {
    let (name, how) = text.split_once('=').unwrap_or((text, ""));
    let at = policy.actions.iter().position(|a| a.full_name == name);
    let Some(at) = at else {
        if name.contains('.') {
            let names = policy.actions.iter().map(|a| a.full_name.clone());
            return Err(unknown("action", name, names));
        }
        let Some(at) = state_by_name(policy, picture, name)? else {
            return Ok(None);
        };
        let words = Words {
            policy,
            inlined: &picture.inlined,
        };
        let outcomes = words.state(at).map(|s| s.outcomes.as_slice());
        let outcomes = outcomes.unwrap_or_default();
        let index = outcomes.iter().position(|o| o.name == how);
        let names = outcomes.iter().map(|o| o.name.clone());
        let index = index.ok_or_else(|| unknown("outcome of the state", how, names))?;
        let index = u32::try_from(index).unwrap_or(u32::MAX);
        return Ok(Some(Fault::Step(at, index)));
    };
    let id = ActionId(u32::try_from(at).unwrap_or(u32::MAX));
    let all = ways(policy, id);
    let kind = all.iter().find(|k| way_name(policy, id, **k) == how);
    let names = all.iter().map(|k| way_name(policy, id, *k));
    let kind = kind.ok_or_else(|| unknown("way to fail", how, names))?;
    Ok(Some(Fault::Calls(BTreeSet::from([(id, *kind)]))))
}

/// The state with that name; none if only another flow has it.
fn state_by_name(
    policy: &Policy,
    picture: &Picture,
    name: &str,
) -> Result<Option<StateAt>, Unknown> {
    let words = Words {
        policy,
        inlined: &picture.inlined,
    };
    let mut all = Vec::new();
    for (run, id) in picture.inlined.runs.iter().zip(0..) {
        let flow = policy.flows.get(run.flow.index());
        for (_, state) in flow.iter().flat_map(|f| &f.states).zip(0..) {
            all.push((id, crate::model::StateId(state)));
        }
    }
    let full = all.iter().find(|at| words.name(**at) == name);
    let short = || {
        all.iter()
            .find(|at| words.state(**at).is_some_and(|s| s.name == name))
    };
    if let Some(at) = full.or_else(short) {
        return Ok(Some(*at));
    }
    let states = policy.flows.iter().flat_map(|f| &f.states);
    if states.clone().any(|s| s.name == name) {
        return Ok(None);
    }
    Err(unknown("state", name, states.map(|s| s.name.clone())))
}

/// All ways in which a call of the action can fail, refusals last.
#[must_use]
pub fn ways(policy: &Policy, action: ActionId) -> Vec<OutcomeKind> {
    let failures = policy.action(action).failures.len();
    let failures = 0..u32::try_from(failures).unwrap_or(u32::MAX);
    failures
        .map(OutcomeKind::Failure)
        .chain([
            OutcomeKind::Timeout,
            OutcomeKind::Malformed,
            OutcomeKind::Denied,
            OutcomeKind::Limited,
            OutcomeKind::Declined,
            OutcomeKind::Expired,
        ])
        .collect()
}

/// The name of a way to fail, as handlers write it.
#[must_use]
pub fn way_name(policy: &Policy, action: ActionId, kind: OutcomeKind) -> String {
    match kind {
        OutcomeKind::Failure(i) => {
            let failures = &policy.action(action).failures;
            failures
                .get(i as usize)
                .map(|f| f.name.clone())
                .unwrap_or_default()
        }
        OutcomeKind::Timeout => "timeout".to_string(),
        OutcomeKind::Malformed => "malformed".to_string(),
        OutcomeKind::Denied => "denied".to_string(),
        OutcomeKind::Limited => "limited".to_string(),
        OutcomeKind::Declined => "declined".to_string(),
        OutcomeKind::Expired => "expired".to_string(),
        _ => "ok".to_string(),
    }
}

/// Whether a kind of outcome says that the gate, or whoever approves, let no call happen.
#[must_use]
pub fn refuses(kind: OutcomeKind) -> bool {
    matches!(
        kind,
        OutcomeKind::Denied | OutcomeKind::Limited | OutcomeKind::Declined | OutcomeKind::Expired
    )
}
