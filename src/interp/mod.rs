//! The meaning of a policy in executable form: a small interpreter of [`model`](crate::model) that
//! shares no code with diagrams, logic or tables, but for the text of decimals, times and dates. What it says is what the language means; the
//! table is compared with it before it is written.
//!
//! It is made to be read, not to be fast: conditions are walked as they stand, strings are matched
//! by derivatives, history is counted from a plain list of calls.

pub mod calls;
pub mod cond;
pub mod expr;
pub mod rules;
pub mod shortlist;
pub mod value;

use crate::model::regex::Matcher;
use crate::model::{Const, FlowId, HistoryTerm, Policy, Root, StateId};
use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeMap;

/// What conditions are about: one proposal, or one edge of a flow, at one moment.
pub trait World {
    /// The value of a root, in its type's unit; `None` if it is absent.
    fn root(&self, root: Root) -> Option<Cow<'_, Const>>;

    /// The answer to a question about history: 0 or 1 for `done`, `standing` and `unsettled`, else
    /// the count.
    fn history(&self, interp: &Interp<'_>, term: &HistoryTerm) -> i64;

    /// Whether the proposal repeats an effect that is there already: then it is no further effect.
    fn repeats(&self, _: &Interp<'_>) -> bool {
        false
    }

    /// The count that a limit per session asks for: calls whose `where` can't be told yet count.
    fn used(&self, interp: &Interp<'_>, term: &HistoryTerm) -> i64 {
        self.history(interp, term)
    }

    /// Whether the session is in that flow, or that state of it.
    fn during(&self, flow: FlowId, state: Option<StateId>) -> bool;
}

/// The interpreter of one policy.
pub struct Interp<'a> {
    policy: &'a Policy,
    matchers: RefCell<BTreeMap<String, Option<Matcher>>>,
}

impl<'a> Interp<'a> {
    /// An interpreter of `policy`.
    #[must_use]
    pub fn new(policy: &'a Policy) -> Self {
        Self {
            policy,
            matchers: RefCell::default(),
        }
    }

    /// The policy that it interprets.
    #[must_use]
    pub fn policy(&self) -> &'a Policy {
        self.policy
    }

    /// Whether the whole of `text` matches; `None` if the pattern is no I-Regexp (the model holds
    /// none such).
    #[must_use]
    pub fn matches(&self, pattern: &str, text: &str) -> Option<bool> {
        let mut matchers = self.matchers.borrow_mut();
        if !matchers.contains_key(pattern) {
            matchers.insert(pattern.to_owned(), Matcher::new(pattern));
        }
        let matcher = matchers.get_mut(pattern)?.as_mut()?;
        Some(matcher.matches(text))
    }
}

/// A world of fixed values, for what knows no session.
#[derive(Default)]
pub struct Fixed {
    /// Arguments of the call in question.
    pub params: Vec<Option<Const>>,
    /// Its reply.
    pub result: Option<Const>,
    /// The element in question.
    pub element: Option<Const>,
    /// Parameters of the flow.
    pub flow_params: Vec<Option<Const>>,
    /// Bindings of the flow.
    pub bindings: Vec<Option<Const>>,
    /// Inputs.
    pub inputs: Vec<Option<Const>>,
    /// Facts.
    pub facts: Vec<Option<Const>>,
}

impl World for Fixed {
    fn root(&self, root: Root) -> Option<Cow<'_, Const>> {
        fn of(list: &[Option<Const>], i: u32) -> Option<&Const> {
            list.get(i as usize)?.as_ref()
        }
        let found = match root {
            Root::Param(i) => of(&self.params, i),
            Root::Result => self.result.as_ref(),
            Root::Element => self.element.as_ref(),
            Root::Input(i) => of(&self.inputs, i.0),
            Root::Fact(i) => of(&self.facts, i.0),
            Root::FlowParam(i) => of(&self.flow_params, i),
            Root::Binding(i) => of(&self.bindings, i.0),
        };
        found.map(Cow::Borrowed)
    }

    fn history(&self, _: &Interp<'_>, _: &HistoryTerm) -> i64 {
        0
    }

    fn during(&self, _: FlowId, _: Option<StateId>) -> bool {
        false
    }
}
