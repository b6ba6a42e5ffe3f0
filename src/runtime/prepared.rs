//! Decisions without a session: a proposal made ready once, and decided as often as wanted.
//!
//! A decision walks the action's diagram, so that it takes as long in a policy of ten thousand rules as
//! in one of ten; it allocates nothing. It answers as a new session would, outside of any flow and
//! before limits: nothing was called before, and there are no facts. Where
//! [`Runtime::is_stateless`] says that an action's verdicts hang on nothing but its arguments and the
//! inputs, that is all there is to know; anything else is the beginning of a session.

use super::Runtime;
use super::refusal;
use super::verdict::Decision;
use crate::table::eval::Scene;
use crate::table::format::{self, Action, Path, Probe, Root};
use crate::table::value::{Invalid, Unknown, normalise_each};
use crate::table::{Table, strict};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// A proposal with valid arguments.
#[derive(Clone, Debug)]
pub struct Prepared<'t> {
    table: &'t Table,
    action: &'t Action,
    /// One for each parameter.
    args: Vec<Option<Value>>,
}

/// Valid inputs, for any number of decisions.
#[derive(Clone, Debug, Default)]
pub struct Inputs {
    /// One for each input.
    values: Vec<Option<Value>>,
}

impl<'t> Runtime<'t> {
    /// Makes a proposal ready: looks the action up, checks its arguments and brings them into wire
    /// form.
    ///
    /// # Errors
    /// The verdict, if there is no such action or the arguments are invalid.
    pub fn prepare(
        &self,
        action: &str,
        args: &Map<String, Value>,
    ) -> Result<Prepared<'t>, Box<Decision>> {
        let action = self.named(action)?;
        self.with_args(action, args)
    }

    /// Makes a proposal ready whose arguments come as JSON text. A name that stands twice in one
    /// object is refused.
    ///
    /// # Errors
    /// As [`Runtime::prepare`]; text that is not JSON is invalid.
    pub fn prepare_text(&self, action: &str, args: &str) -> Result<Prepared<'t>, Box<Decision>> {
        let action = self.named(action)?;
        match strict::parse(args.as_bytes()) {
            Ok(Value::Object(args)) => self.with_args(action, &args),
            Ok(_) => Err(refusal::no_object(action)),
            Err(why) => Err(refusal::no_json(action, &why.to_string())),
        }
    }

    /// Makes inputs ready.
    ///
    /// # Errors
    /// Which input is missing, unknown or not of its type.
    pub fn prepare_inputs(&self, inputs: &Map<String, Value>) -> Result<Inputs, Invalid> {
        let body = self.table().body();
        let values = normalise_each(body, &body.inputs, inputs, Unknown::Refuse)?;
        Ok(Inputs { values })
    }

    /// Whether all verdicts on the action hang on nothing but its arguments and the inputs: it is no
    /// write that could be left unsettled, no limit counts it, and its rules ask for no fact, no
    /// history and no position. `None` if there is no such action. Looks at the action's whole
    /// diagram: ask once.
    #[must_use]
    pub fn is_stateless(&self, action: &str) -> Option<bool> {
        let body = self.table().body();
        let action = self.find(action)?;
        let lasting = match &action.effect {
            format::Effect::Read {} => false,
            format::Effect::Write { expendable, .. } => !expendable,
        };
        if lasting || !action.limits.is_empty() || !body.flows.is_empty() {
            return Some(false);
        }
        let mut open = vec![action.gate];
        let mut seen = BTreeSet::new();
        while let Some(at) = open.pop() {
            let Some(node) = usize::try_from(at).ok().and_then(|i| body.nodes.get(i)) else {
                continue;
            };
            if !seen.insert(at) {
                continue;
            }
            let Some(probe) = body.probes.get(node.probe as usize) else {
                continue;
            };
            if asks_the_session(probe) {
                return Some(false);
            }
            if let Probe::Some { when, .. } = probe {
                open.push(*when);
            }
            open.extend(&node.next);
        }
        Some(true)
    }

    fn named(&self, name: &str) -> Result<&'t Action, Box<Decision>> {
        self.find(name)
            .ok_or_else(|| Box::new(refusal::no_action(name)))
    }

    /// By its name, or its name on the wire.
    fn find(&self, name: &str) -> Option<&'t Action> {
        let table = self.table();
        let index = table
            .action_index(name)
            .or_else(|| table.action_by_wire(name))?;
        table.body().actions.get(index as usize)
    }

    fn with_args(
        &self,
        action: &'t Action,
        args: &Map<String, Value>,
    ) -> Result<Prepared<'t>, Box<Decision>> {
        let table = self.table();
        let args = normalise_each(table.body(), &action.params, args, Unknown::Refuse)
            .map_err(|e| refusal::invalid(action, e))?;
        Ok(Prepared {
            table,
            action,
            args,
        })
    }
}

impl<'t> Prepared<'t> {
    /// The action that is proposed.
    #[must_use]
    pub fn action(&self) -> &'t Action {
        self.action
    }

    /// What the rules say.
    #[must_use]
    pub fn decide(&self, inputs: &Inputs) -> &'t format::Verdict {
        let scene = Alone {
            args: &self.args,
            inputs: &inputs.values,
        };
        let leaf = self.table.index().leaf(&scene, self.action.gate);
        // INVARIANT: in a verified table every leaf has a verdict.
        self.action.verdicts.get(leaf as usize).unwrap_or(&BROKEN)
    }
}

/// For a leaf without a verdict, which no verified table has.
static BROKEN: format::Verdict = format::Verdict {
    verdict: format::VerdictKind::Deny,
    rule: None,
    reason: String::new(),
    again: format::Again::Never {},
    instead: None,
};

/// A proposal in a session in which nothing has happened.
struct Alone<'a> {
    args: &'a [Option<Value>],
    inputs: &'a [Option<Value>],
}

impl Scene for Alone<'_> {
    fn root(&self, root: &Root) -> Option<&Value> {
        match root {
            Root::Param { index } => self.args.get(*index as usize)?.as_ref(),
            Root::Input { index } => self.inputs.get(*index as usize)?.as_ref(),
            Root::Fact { .. } | Root::Slot { .. } | Root::Result {} | Root::Element {} => None,
        }
    }

    fn history(&self, _: u32) -> i64 {
        0
    }

    fn position(&self) -> i64 {
        0
    }
}

fn asks_the_session(probe: &Probe) -> bool {
    let lasting = |path: &Path| matches!(path.root, Root::Fact { .. } | Root::Slot { .. });
    match probe {
        Probe::Value { path, .. }
        | Probe::Present { path }
        | Probe::Length { path }
        | Probe::Size { path }
        | Probe::Class { path, .. }
        | Probe::Some { list: path, .. } => lasting(path),
        Probe::Difference { left, right, .. } | Probe::Equal { left, right } => {
            lasting(left) || lasting(right)
        }
        Probe::History { .. } | Probe::HistoryDifference { .. } | Probe::Position {} => true,
    }
}
