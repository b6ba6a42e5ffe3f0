//! The policy and its declarations outside rules and flows.

use super::{
    ActionId, Cond, CountedAction, EnumType, Expr, Flow, IntegrationId, RecordType, Rule, Test,
    Type,
};
use crate::source::Span;
use crate::syntax::tree::FailureKind;
use std::collections::BTreeSet;

/// A whole policy. All lists are in canonical order: sorted by name (actions by
/// `integration.action`), so that moving declarations about changes nothing downstream. Parameters,
/// fields and variants keep their declared order.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Policy {
    pub name: String,
    pub doc: Option<String>,
    pub enums: Vec<EnumType>,
    pub records: Vec<RecordType>,
    pub inputs: Vec<Input>,
    pub roles: Vec<Named>,
    pub events: Vec<Named>,
    pub integrations: Vec<Integration>,
    pub actions: Vec<Action>,
    pub facts: Vec<Fact>,
    pub rules: Vec<Rule>,
    /// Actions that a rule is about which was reported as an error and left out: nobody knows what
    /// the gate would say to them.
    pub unsure: BTreeSet<ActionId>,
    pub flows: Vec<Flow>,
    pub tests: Vec<Test>,
    /// False if something was reported as an error and left out.
    pub complete: bool,
}

impl Policy {
    /// The action with that number.
    ///
    /// # Panics
    /// If `id` is of another policy: a bug, never bad input.
    #[must_use]
    pub fn action(&self, id: ActionId) -> &Action {
        &self.actions[id.index()]
    }
}

/// A role or an event.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Named {
    pub name: String,
    pub wire: String,
    pub span: Span,
    pub doc: Option<String>,
}

/// An input.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Input {
    pub name: String,
    pub wire: String,
    pub ty: Type,
    pub optional: bool,
    pub span: Span,
    pub doc: Option<String>,
}

/// So many per so long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Rate {
    pub count: u64,
    pub per_ms: i64,
    pub span: Span,
}

/// An integration.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Integration {
    pub name: String,
    pub wire: String,
    pub capacity: Option<Rate>,
    pub actions: Vec<ActionId>,
    pub span: Span,
    pub doc: Option<String>,
}

/// An action, defaults of its integration merged in.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Action {
    pub integration: IntegrationId,
    /// Its own name, such as `book`.
    pub name: String,
    /// `calendar.book`.
    pub full_name: String,
    /// The name on the wire: `as "…"`, else the full name.
    pub wire: String,
    pub params: Vec<Param>,
    pub result: Option<Type>,
    pub effect: Effect,
    pub timeout_ms: i64,
    /// Declared failures, sorted by name, defaults included.
    pub failures: Vec<Failure>,
    pub undo: Option<Undo>,
    pub confirm: Option<Confirm>,
    pub span: Span,
    pub doc: Option<String>,
}

impl Action {
    /// Whether it writes.
    #[must_use]
    pub fn writes(&self) -> bool {
        matches!(self.effect, Effect::Write { .. })
    }

    /// Whether its calls are followed until they are settled: a write that isn't expendable.
    #[must_use]
    pub fn tracked(&self) -> bool {
        matches!(
            self.effect,
            Effect::Write {
                expendable: false,
                ..
            }
        )
    }
}

/// A parameter.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Param {
    pub name: String,
    pub wire: String,
    pub ty: Type,
    pub optional: bool,
    /// Seen by the gate and the record, never by the tool.
    pub claim: bool,
    pub span: Span,
    pub doc: Option<String>,
}

/// What a call does to the world.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum Effect {
    Read,
    Write {
        idempotency: Option<Idempotency>,
        expendable: bool,
        span: Span,
    },
}

/// Safe to repeat with equal key parameters.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Idempotency {
    /// Parameter indices, ascending.
    pub keys: Vec<u32>,
    /// For as long as the other side remembers; `None`: for ever.
    pub window_ms: Option<i64>,
    pub span: Span,
}

/// A declared failure.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Failure {
    pub name: String,
    pub wire: String,
    pub kind: FailureKind,
    pub span: Span,
    pub doc: Option<String>,
}

/// Arguments of a call, one per parameter of the callee in its order; `None` is absent.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct ArgList {
    pub args: Vec<Option<Expr>>,
    pub span: Span,
}

/// How a write is undone.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Undo {
    pub action: ActionId,
    pub args: ArgList,
    pub tolerant: bool,
    pub span: Span,
}

/// How one finds out whether a write happened.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Confirm {
    pub action: ActionId,
    pub args: ArgList,
    /// Until so long past the write's timeout an `absent` still reads as unknown.
    pub after_ms: Option<i64>,
    pub lines: Vec<ConfirmLine>,
    pub span: Span,
}

/// One line of a `confirm`.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct ConfirmLine {
    pub happened: bool,
    /// `ok` or a failure of the confirming action.
    pub on: String,
    /// Over [`super::Root::Result`] (the confirming reply) and [`super::Root::Param`] (the write's).
    pub when: Option<Cond>,
    /// The write's result. Filled with the reply where the types agree and nothing is written.
    pub gives: Option<Expr>,
    pub span: Span,
}

/// A fact: the latest successful reply with the same key in this session.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Fact {
    pub name: String,
    /// The source action with its key paths and its `where`.
    pub source: CountedAction,
    /// Names of the parameters, in the decided action, that hold the key; looked up per decided
    /// action (a rule that uses the fact on an action without them is an error).
    pub keys: Vec<String>,
    /// The type of the reply.
    pub ty: Type,
    pub lifetime_ms: Option<i64>,
    pub span: Span,
    pub doc: Option<String>,
}
