//! What names a condition or a value can see.

use super::super::{Root, Type};
use crate::source::Span;

/// A name that a condition can see without a qualifier.
#[derive(Clone, Debug)]
pub(super) struct Local {
    pub name: String,
    pub root: Root,
    pub ty: Type,
    pub optional: bool,
    /// Where it is declared, if it has a place of its own.
    pub span: Option<Span>,
}

/// What can be seen from one place.
#[derive(Clone, Debug)]
pub(super) struct Scope {
    pub locals: Vec<Local>,
    /// Inputs, facts, history, position and defines may be used (not in `where` or keys).
    pub world: bool,
    /// What the place is, for messages, such as "the conditions of `big_party`".
    pub place: &'static str,
    /// The action decided on, named when a parameter is missing; empty elsewhere.
    pub owner: String,
    /// Names whose values could not be made out: what gives them is wrong.
    pub lost: Vec<String>,
}

impl Scope {
    pub fn local(&self, name: &str) -> Option<&Local> {
        // The innermost one wins: the element of a quantifier is pushed last.
        self.locals.iter().rev().find(|l| l.name == name)
    }

    pub fn with(&self, local: Local) -> Self {
        let mut inner = self.clone();
        inner.locals.push(local);
        inner
    }
}
