//! What a table's questions are about: one proposal or one edge of a flow, at one moment of one
//! session.

use super::session::{Call, Point, Session};
use super::{facts, history};
use crate::table::Table;
use crate::table::eval::Scene;
use crate::table::format::{Action, Body, Field, Root};
use serde_json::{Map, Value};

/// A scene over a session.
#[derive(Clone, Copy)]
pub(super) struct Situation<'a> {
    pub(super) table: &'a Table,
    pub(super) session: &'a Session,
    pub(super) now: i64,
    pub(super) inputs: &'a Map<String, Value>,
    /// The proposal that is being decided.
    pub(super) proposal: Option<(&'a Action, &'a Map<String, Value>)>,
    /// Facts as they were then; `None`: as they are.
    pub(super) facts_as_of: Option<Point>,
}

impl Scene for Situation<'_> {
    fn root(&self, root: &Root) -> Option<&Value> {
        match root {
            Root::Param { index } => {
                let (action, args) = self.proposal?;
                by_index(&action.params, *index, args)
            }
            Root::Input { index } => by_index(&self.table.body().inputs, *index, self.inputs),
            Root::Fact { index, keys } => facts::value(self, *index, keys),
            Root::Slot { index } => self
                .session
                .run
                .as_ref()?
                .slots
                .get(*index as usize)?
                .as_ref(),
            Root::Result {} | Root::Element {} => None,
        }
    }

    fn history(&self, index: u32) -> i64 {
        history::answer(self, index)
    }

    fn position(&self) -> i64 {
        position(self.table.body(), self.session).unwrap_or(0)
    }
}

fn position(body: &Body, session: &Session) -> Option<i64> {
    let run = session.run.as_ref()?;
    let flow = body.flows.get(run.flow as usize)?;
    let level = run.levels.last()?;
    Some(i64::from(flow.first_position) + i64::from(level.state))
}

fn by_index<'a>(fields: &[Field], index: u32, values: &'a Map<String, Value>) -> Option<&'a Value> {
    values.get(&fields.get(index as usize)?.wire)
}

/// A call as conditions on counted calls see it.
#[derive(Clone, Copy)]
pub(crate) struct CallScene<'a> {
    pub(crate) action: &'a Action,
    pub(crate) args: &'a Map<String, Value>,
    pub(crate) result: Option<&'a Value>,
}

impl<'a> CallScene<'a> {
    /// The call with what is known of its result.
    pub(crate) fn of(body: &'a Body, call: &'a Call) -> Option<Self> {
        Some(Self {
            action: body.actions.get(call.action as usize)?,
            args: &call.args,
            result: call.result.as_ref(),
        })
    }
}

impl Scene for CallScene<'_> {
    fn root(&self, root: &Root) -> Option<&Value> {
        match root {
            Root::Param { index } => by_index(&self.action.params, *index, self.args),
            Root::Result {} => self.result,
            _ => None,
        }
    }

    fn history(&self, _: u32) -> i64 {
        0
    }

    fn position(&self) -> i64 {
        0
    }
}
