//! Refusals before any rule is asked: invalid arguments, the wrong place, an earlier call in doubt.

use super::engine::Engine;
use super::session::{Doing, Fate};
use super::verdict::{Again, Decision};
use crate::table::format::{Action, Effect, Step};
use crate::table::scalar::later;
use crate::table::value::{Invalid, Unknown, normalise_fields};
use crate::words;
use serde_json::{Map, Value};

impl Engine<'_> {
    /// The arguments in wire form, or what is wrong with them.
    pub(super) fn valid(
        &self,
        action: &Action,
        args: &Value,
    ) -> Result<Map<String, Value>, Box<Decision>> {
        let Value::Object(given) = args else {
            return Err(no_object(action));
        };
        normalise_fields(self.body, &action.params, given, Unknown::Refuse)
            .map_err(|e| invalid(action, e))
    }

    /// Whether the position admits a proposal from outside.
    pub(super) fn not_here(&self, index: u32, action: &Action) -> Option<Decision> {
        let run = self.s.run.as_ref()?;
        let deny = |why: String, again| Some(Decision::deny("not_here", why, again));
        let name = &action.name;
        let Some(level) = run.levels.last() else {
            return deny(
                format!("{name} cannot be called any more: the flow has ended."),
                Again::Never {},
            );
        };
        let Ok(state) = self.state(level.state) else {
            return deny(format!("{name} cannot be called now."), Again::Later {});
        };
        let (Step::Agent { may, .. }, Doing::Agent { said, .. }) = (&state.step, &level.doing)
        else {
            return deny(
                format!(
                    "{name} cannot be called now: the flow itself acts, in `{}`.",
                    state.name
                ),
                Again::Later {},
            );
        };
        if said.is_some() || !run.waiting.is_empty() {
            return deny(
                format!(
                    "{name} cannot be called now: the flow is leaving `{}`.",
                    state.name
                ),
                Again::Later {},
            );
        }
        if may.contains(&index) {
            return None;
        }
        let admitted: Vec<_> = may
            .iter()
            .filter_map(|&a| self.body.actions.get(a as usize))
            .map(|a| a.name.clone())
            .collect();
        deny(
            format!(
                "{name} cannot be called in `{}`, which admits {} only.",
                state.name,
                words::either(&admitted)
            ),
            Again::Later {},
        )
    }

    /// The call whose effect a proposal would repeat: idempotent, with the same arguments, while
    /// the other side remembers its key.
    pub(super) fn repeated(
        &self,
        index: u32,
        action: &Action,
        args: &Map<String, Value>,
    ) -> Option<u64> {
        let Effect::Write {
            idempotent: Some(idempotent),
            ..
        } = &action.effect
        else {
            return None;
        };
        let remembered = |at: i64| idempotent.for_ms.is_none_or(|ms| self.now < later(at, ms));
        let calls = self.s.calls.iter().rev();
        calls
            .filter(|c| c.is_root() && c.action == index && c.args == *args && remembered(c.at))
            .find(|c| self.s.is_effect(c))
            .map(|c| c.id)
    }

    /// Until an unsettled call of the action is settled, only a repeat of it passes.
    pub(super) fn unsettled(
        &self,
        index: u32,
        action: &Action,
        repeats: Option<u64>,
    ) -> Option<Decision> {
        let in_doubt = |id: u64| self.s.call(id).is_some_and(|c| c.fate == Fate::Unsettled);
        if repeats.is_some_and(in_doubt) {
            return None;
        }
        let doubt = self
            .s
            .calls
            .iter()
            .find(|c| c.action == index && c.is_root() && c.fate == Fate::Unsettled)?;
        let confirm = action
            .confirm
            .as_ref()
            .and_then(|c| self.body.actions.get(c.action as usize));
        let (how, again) = match confirm {
            Some(by) => (
                format!("find out with {}", by.name),
                Again::AfterAction {
                    actions: vec![by.name.clone()],
                },
            ),
            None => ("somebody has to find out".to_owned(), Again::Later {}),
        };
        Some(Decision::deny(
            "unsettled",
            format!(
                "{} cannot be called: call {} of it may have happened or not; {how} first.",
                action.name, doubt.id
            ),
            again,
        ))
    }
}

/// `is missing` as it stands; `12 is above 8` after a colon's work is done by "is wrong".
/// The refusal of arguments that are no object.
pub(super) fn no_object(action: &Action) -> Box<Decision> {
    malformed(action, "the arguments must be an object")
}

/// The refusal of arguments whose text is no JSON.
pub(super) fn no_json(action: &Action, why: &str) -> Box<Decision> {
    malformed(action, &format!("the arguments are no JSON: {why}"))
}

/// The refusal of arguments that are not as their types want them.
pub(super) fn invalid(action: &Action, why: Invalid) -> Box<Decision> {
    let problem = match why.at.as_str() {
        "" => why.problem,
        at => format!("`{at}` {}", said_of(&why.problem)),
    };
    malformed(action, &problem)
}

fn malformed(action: &Action, problem: &str) -> Box<Decision> {
    Box::new(Decision::deny(
        "invalid",
        format!("{} cannot be called like that: {problem}.", action.name),
        Again::OtherArguments {},
    ))
}

/// The refusal of an action that the table doesn't have.
pub(super) fn no_action(name: &str) -> Decision {
    Decision::deny(
        "invalid",
        format!("There is no action {name}."),
        Again::Never {},
    )
}

fn said_of(problem: &str) -> String {
    if problem.starts_with("is ") {
        problem.to_owned()
    } else {
        format!("is wrong: {problem}")
    }
}
