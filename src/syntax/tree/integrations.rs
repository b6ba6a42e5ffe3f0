//! Integrations and their actions.

use super::{ActionRef, Args, Cond, Doc, Field, Ident, Spanned, TypeExpr, Value};
use crate::source::Span;

/// `integration crm { … }`.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Integration {
    pub name: Ident,
    pub wire: Option<Spanned<String>>,
    pub capacity: Vec<Rate>,
    /// One for each `defaults { … }` (a second one is the model's finding).
    pub defaults: Vec<Defaults>,
    pub actions: Vec<Action>,
}

/// `defaults { timeout 3s  transient unavailable }`.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Defaults {
    pub timeouts: Vec<Spanned<i64>>,
    pub failures: Vec<Failure>,
    pub span: Span,
}

/// `600 per 1m`.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Rate {
    pub count: Spanned<i64>,
    /// Milliseconds.
    pub per: Spanned<i64>,
    pub span: Span,
}

/// The three kinds of declared failures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FailureKind {
    /// Nothing happened, a retry won't help.
    Permanent,
    /// Nothing happened, a retry may help.
    Transient,
    /// It may have happened.
    Indeterminate,
}

/// One name of a `permanent|transient|indeterminate` clause.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Failure {
    pub doc: Doc,
    pub kind: FailureKind,
    pub name: Ident,
    pub wire: Option<Spanned<String>>,
}

/// `action book(…) -> Id { … }`.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Action {
    pub doc: Doc,
    pub name: Ident,
    pub wire: Option<Spanned<String>>,
    pub params: Vec<Param>,
    pub result: Option<TypeExpr>,
    pub clauses: Vec<ActionClause>,
    pub span: Span,
    /// False if a clause could not be read.
    pub complete: bool,
}

/// A parameter of an action or a flow.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Param {
    pub claim: bool,
    pub field: Field,
}

/// A clause of an action.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum ActionClause {
    Reads(Span),
    Writes {
        idempotent: Option<Idempotent>,
        expendable: Option<Span>,
        span: Span,
    },
    Timeout(Spanned<i64>),
    Failure(Failure),
    Undo {
        action: ActionRef,
        args: Args,
        tolerant: Option<Span>,
        span: Span,
    },
    Confirm {
        action: ActionRef,
        args: Args,
        after: Option<Spanned<i64>>,
        lines: Vec<ConfirmLine>,
        span: Span,
    },
}

/// `idempotent by k for D`.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Idempotent {
    pub keys: Vec<Ident>,
    /// Milliseconds.
    pub window: Option<Spanned<i64>>,
    pub span: Span,
}

/// `happened on ok when … gives v`.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct ConfirmLine {
    /// `happened` if true, `absent` if false.
    pub happened: bool,
    pub on: Ident,
    pub when: Option<Cond>,
    pub gives: Option<Value>,
    pub span: Span,
}
