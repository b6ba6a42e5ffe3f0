//! Flows: states, what they do, and where each outcome leads. `run` is not inlined here: the flow
//! graph does that.

use super::{
    ActionId, ArgList, BindingId, Cond, EndId, EventId, Expr, FlowId, Param, Rate, RoleId, StateId,
    Type,
};
use crate::source::Span;
use crate::syntax::tree::EndClass;

/// Where an edge leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)]
pub enum Target {
    State(StateId),
    End(EndId),
}

/// A flow. States, ends and bindings are sorted by name.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Flow {
    pub name: String,
    pub name_span: Span,
    pub span: Span,
    pub doc: Option<String>,
    pub params: Vec<Param>,
    /// `None` if it is missing or wrong (reported).
    pub start: Option<(Target, Span)>,
    /// The whole flow's deadline; without a target it is a promise.
    pub within: Option<(i64, Option<Target>, Span)>,
    pub expect: Option<Rate>,
    pub once: Option<Once>,
    /// The flow's own event edges.
    pub events: Vec<EventEdge>,
    pub shared: Vec<SharedHandlers>,
    pub states: Vec<State>,
    pub ends: Vec<End>,
    pub bindings: Vec<Binding>,
    /// False if something inside was reported as an error and left out.
    pub complete: bool,
}

/// `once per p for D else -> end`.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Once {
    /// Indices of flow parameters.
    pub keys: Vec<u32>,
    pub window_ms: i64,
    pub to: Target,
    pub span: Span,
}

/// `on hangup -> wrap_up`.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct EventEdge {
    pub event: EventId,
    pub when: Option<Cond>,
    pub to: Target,
    pub span: Span,
}

/// `handlers name { … }`, kept for "unused" and "impossible everywhere"; already copied into states.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct SharedHandlers {
    pub name: String,
    pub span: Span,
    /// States that use it.
    pub users: Vec<StateId>,
}

/// A name that a flow binds. One name has one type in a flow, wherever it is bound.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Binding {
    pub name: String,
    pub ty: Type,
    /// The first place that binds it.
    pub span: Span,
}

/// A state.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct State {
    pub name: String,
    pub name_span: Span,
    pub span: Span,
    pub doc: Option<String>,
    pub step: Step,
    pub step_span: Span,
    pub visits: Option<Visits>,
    /// Own and shared ones, in source order. For `choose`, its branches are in the step.
    pub handlers: Vec<Handler>,
    /// Edges of its own for events.
    pub events: Vec<EventEdge>,
    pub ignores: Vec<(EventId, Span)>,
    /// All outcomes that the step declares, before the gate is asked which are possible.
    pub outcomes: Vec<OutcomeDecl>,
    /// False if a clause was dropped: don't report what is missing.
    pub complete: bool,
}

/// `visits N -> x`: the entry after the Nth goes to x.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)]
pub struct Visits {
    pub count: u64,
    pub to: Target,
    pub span: Span,
}

/// What a state does.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum Step {
    Do(DoStep),
    Agent(AgentStep),
    Ask {
        role: RoleId,
        text: Expr,
        bind: BindingId,
        ty: Type,
        within_ms: Option<i64>,
    },
    /// Branches in source order; guards must not overlap; `otherwise` takes the rest.
    Choose {
        branches: Vec<(Cond, Target, Span)>,
        otherwise: Option<(Target, Span)>,
    },
    Settle {
        action: ActionId,
        bind: Option<BindingId>,
    },
    Unwind {
        actions: Vec<ActionId>,
    },
    Run {
        flow: FlowId,
        args: ArgList,
        bind: Option<BindingId>,
    },
}

/// `do calendar.book(…) as booking`.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct DoStep {
    pub action: ActionId,
    pub args: ArgList,
    pub bind: Option<BindingId>,
}

/// `agent given lead { … }`.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct AgentStep {
    /// What the agent is shown: the name it bears there, and the value.
    pub given: Vec<(String, Expr)>,
    pub may: Vec<ActionId>,
    pub calls: Option<(u64, Span)>,
    pub within_ms: Option<(i64, Span)>,
}

/// The nature of an outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)]
pub enum OutcomeKind {
    Ok,
    /// A declared failure of the called action: index into its `failures`.
    Failure(u32),
    Timeout,
    Malformed,
    Denied,
    Limited,
    Declined,
    Expired,
    /// An agent's own outcome.
    Agent,
    /// An agent gives up, or `unwind` leaves something.
    Stuck,
    Exhausted,
    Answered,
    NoAnswer,
    Unclear,
    Unreachable,
    Happened,
    Absent,
    Unknown,
    Clean,
    /// An end of the flow that is run.
    End(EndId),
}

/// An outcome that a state's step can have by its declaration.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct OutcomeDecl {
    pub name: String,
    pub kind: OutcomeKind,
    /// The value that comes with it (`on chose as x`, or `as x` of the step).
    pub payload: Option<Type>,
    /// Where it is declared, if it is.
    pub span: Option<Span>,
}

/// A handler of one or more outcomes.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Handler {
    /// Index into `State::outcomes`, with the place of the name. Undeclared names were reported.
    pub outcomes: Vec<(usize, Span)>,
    pub bind: Option<BindingId>,
    pub when: Option<Cond>,
    pub retry: Option<Retry>,
    pub to: Target,
    pub span: Span,
    /// The `handlers` block that it came from.
    pub shared: Option<String>,
}

/// `retry N backoff first..cap`.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)]
pub struct Retry {
    pub count: u64,
    /// First wait and cap, in milliseconds.
    pub backoff_ms: Option<(i64, i64)>,
    pub span: Span,
}

/// An end.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct End {
    pub name: String,
    pub name_span: Span,
    pub span: Span,
    pub doc: Option<String>,
    pub class: EndClass,
    pub gives: Option<Expr>,
    pub gives_type: Option<Type>,
    pub keeps: Vec<ActionId>,
    pub leaves: Vec<ActionId>,
}
