//! Rules, resolved once per target, since each target has its own parameters.

use super::{ActionId, ArgList, Cond, HistoryTerm, RoleId};
use crate::source::Span;

/// A rule with all its targets.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Rule {
    pub name: String,
    pub name_span: Span,
    pub span: Span,
    pub doc: Option<String>,
    pub because: Option<String>,
    pub kind: RuleKind,
    /// Sorted by action; each action at most once.
    pub targets: Vec<RuleTarget>,
}

/// What a rule does.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum RuleKind {
    Allow,
    Deny,
    /// Deny unless `when`.
    Require,
    /// No `within`: the approval never expires by the clock.
    Escalate {
        role: RoleId,
        within_ms: Option<i64>,
    },
    /// `RuleTarget::history` counts over all targets jointly.
    Limit {
        count: u64,
        effects: bool,
        per: LimitPer,
    },
    /// Denied unless `RuleTarget::history` (a `done`) holds.
    OrderBefore,
    /// Denied once `RuleTarget::history` (a `done`) holds.
    OrderNever,
}

/// The span of time over which a limit counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitPer {
    /// The session.
    Session,
    /// A sliding window in milliseconds, shared by all sessions.
    Window(i64),
}

/// A rule as it stands for one action.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct RuleTarget {
    pub action: ActionId,
    /// Over this action's parameters, inputs, facts, history and position.
    pub when: Option<Cond>,
    /// Limits: the `where` for a proposed call of this action (over its parameters; a test of the
    /// result is undecided at admission and then counts as taken in).
    /// Orders: unused, since the `where` sits in `history`.
    pub filter: Option<Cond>,
    /// Limits and orders: what is asked of history.
    pub history: Option<HistoryTerm>,
    pub instead: Option<Instead>,
}

/// What to do instead.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Instead {
    pub action: ActionId,
    pub args: ArgList,
    pub span: Span,
}
