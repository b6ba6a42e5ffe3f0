//! Flows, states and ends.

use super::{
    ActionRef, Args, Cond, Doc, Ident, Literal, Param, Rate, Spanned, Targets, TypeExpr, Value,
};
use crate::source::Span;

/// `flow book(…) { … }`.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Flow {
    pub name: Ident,
    pub params: Vec<Param>,
    pub items: Vec<FlowItem>,
    /// False if a clause or state could not be read.
    pub complete: bool,
    pub span: Span,
}

/// An item of a flow.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum FlowItem {
    Start {
        to: Ident,
        span: Span,
    },
    Within {
        limit: Spanned<i64>,
        to: Option<Ident>,
        span: Span,
    },
    Expect {
        rate: Rate,
    },
    Once {
        keys: Vec<Ident>,
        window: Spanned<i64>,
        to: Ident,
        span: Span,
    },
    Handlers {
        name: Ident,
        handlers: Vec<Handler>,
        doc: Doc,
        span: Span,
    },
    State(State),
    End(End),
    /// Flow-level: for events only.
    Handler(Handler),
}

/// `state reserve { … }`.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct State {
    pub doc: Doc,
    pub name: Ident,
    pub items: Vec<StateItem>,
    pub span: Span,
    /// False if a clause could not be read.
    pub complete: bool,
}

/// A clause of a state.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum StateItem {
    Step(Step),
    Visits {
        count: Spanned<i64>,
        to: Ident,
        span: Span,
    },
    Use(Ident),
    Ignore {
        events: Vec<Ident>,
        span: Span,
    },
    Handler(Handler),
    /// `when COND -> x` of a `choose`.
    When {
        cond: Cond,
        to: Ident,
        span: Span,
    },
    /// `otherwise -> x` of a `choose`.
    Otherwise {
        to: Ident,
        span: Span,
    },
}

/// What a state does.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Step {
    pub kind: StepKind,
    pub span: Span,
}

/// The kinds of steps.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum StepKind {
    Do {
        action: ActionRef,
        args: Args,
        bind: Option<Ident>,
    },
    Agent {
        given: Vec<Value>,
        clauses: Vec<AgentClause>,
    },
    Ask {
        role: Ident,
        text: Literal,
        bind: Ident,
        ty: TypeExpr,
        within: Option<Spanned<i64>>,
    },
    Choose,
    Settle {
        action: ActionRef,
        bind: Option<Ident>,
    },
    Unwind {
        actions: Vec<ActionRef>,
    },
    Run {
        flow: Ident,
        args: Args,
        bind: Option<Ident>,
    },
}

/// A clause of an `agent` step.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum AgentClause {
    May(Targets),
    Calls(Spanned<i64>),
    Within(Spanned<i64>),
    Outcome {
        name: Ident,
        ty: Option<TypeExpr>,
        doc: Doc,
    },
}

/// `on a | b as x when … retry N backoff … -> s`.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Handler {
    pub outcomes: Vec<Ident>,
    pub bind: Option<Ident>,
    pub when: Option<Cond>,
    pub retry: Option<Retry>,
    pub to: Ident,
    pub span: Span,
}

/// `retry 2 backoff 200ms..2s`.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Retry {
    pub count: Spanned<i64>,
    /// First wait and cap, in milliseconds.
    pub backoff: Option<(Spanned<i64>, Spanned<i64>)>,
    pub span: Span,
}

/// `end booked success gives booking`.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct End {
    pub doc: Doc,
    pub name: Ident,
    pub class: EndClass,
    pub gives: Option<Value>,
    pub keeps: Vec<Targets>,
    pub leaves: Vec<Targets>,
    pub span: Span,
}

/// How an end counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)]
pub enum EndClass {
    Success,
    Fallback,
    Failure,
}
