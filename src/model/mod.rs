//! The checked policy: names resolved, types checked, macros expanded, nothing left as text.
//!
//! A [`Policy`] holds only what is right: whatever is wrong in a declaration has been reported and
//! left out, and `Policy::complete` is then false.

pub mod check;
pub mod cond;
pub mod fit;
pub mod flow;
pub mod inline;
pub mod load;
pub mod policy;
pub mod regex;
pub mod rule;
pub mod test;
pub mod types;

pub use cond::{
    Atom, AtomKind, Cond, CountedAction, Expr, HistoryTerm, Operand, Path, Root, TemplatePart,
};
pub use flow::{
    AgentStep, Binding, DoStep, End, EventEdge, Flow, Handler, Once, OutcomeDecl, OutcomeKind,
    Retry, SharedHandlers, State, Step, Target, Visits,
};
pub use policy::{
    Action, ArgList, Confirm, ConfirmLine, Effect, Fact, Failure, Idempotency, Input, Integration,
    Named, Param, Policy, Rate, Undo,
};
pub use rule::{Instead, LimitPer, Rule, RuleKind, RuleTarget};
pub use test::{Given, Reply, Test, TestItem, TestStep};
pub use types::{Const, EnumType, Field, RecordType, Type, Variant};

macro_rules! ids {
    ($($(#[doc = $doc:literal])* $name:ident;)*) => {$(
        $(#[doc = $doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u32);

        impl $name {
            /// The index into the policy's list.
            #[must_use]
            pub fn index(self) -> usize {
                self.0 as usize
            }
        }
    )*};
}

ids! {
    /// An enum. `EnumId(0)` is always the built-in `Weekday`.
    EnumId;
    /// A record.
    RecordId;
    /// An input.
    InputId;
    /// A role.
    RoleId;
    /// An event.
    EventId;
    /// An integration.
    IntegrationId;
    /// An action, over all integrations.
    ActionId;
    /// A fact.
    FactId;
    /// A rule.
    RuleId;
    /// A flow.
    FlowId;
    /// A state of one flow.
    StateId;
    /// An end of one flow.
    EndId;
    /// A binding of one flow.
    BindingId;
}
