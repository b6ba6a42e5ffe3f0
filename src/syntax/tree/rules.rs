//! Targets, facts and rules.

use super::{ActionRef, Args, Cond, Ident, Path, Spanned};
use crate::source::Span;

/// A list of targets, less the exceptions.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Targets {
    pub include: Vec<Target>,
    pub except: Vec<Target>,
    pub span: Span,
}

/// One target.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Target {
    pub kind: TargetKind,
    pub span: Span,
}

/// The kinds of targets.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum TargetKind {
    AnyRead,
    AnyWrite,
    /// `crm.*`.
    Integration(Ident),
    /// `crm.lookup`.
    Action {
        integration: Ident,
        action: Ident,
    },
    /// A group.
    Group(Ident),
}

/// One part of a `by` clause: a parameter, or a parameter with the counted call's path.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct ByPart {
    pub name: Ident,
    pub counted: Option<Path>,
    pub span: Span,
}

/// `fact bill: payments.payment by payment where … for 30m`.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Fact {
    pub name: Ident,
    pub action: ActionRef,
    pub by: Vec<ByPart>,
    pub filter: Option<Cond>,
    /// Milliseconds.
    pub lifetime: Option<Spanned<i64>>,
}

/// A rule.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Rule {
    pub name: Ident,
    pub kind: RuleKind,
    /// `escalate … to ROLE` (each at most once: a second one is the parser's finding).
    pub role: Option<Ident>,
    /// `escalate … within D`, in milliseconds.
    pub within: Option<Spanned<i64>>,
    pub when: Option<Cond>,
    pub by: Vec<ByPart>,
    pub filter: Option<Cond>,
    pub because: Option<Spanned<String>>,
    pub instead: Option<(ActionRef, Args)>,
    /// The keyword `allow`, `deny` ….
    pub keyword: Span,
}

/// What a rule does to which actions.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum RuleKind {
    Allow(Targets),
    Deny(Targets),
    Require(Targets),
    Escalate(Targets),
    Limit {
        targets: Targets,
        count: Spanned<i64>,
        effects: bool,
        per: LimitPer,
    },
    /// `order A before B`.
    OrderBefore {
        first: Targets,
        then: Targets,
    },
    /// `order never B after A`.
    OrderNever {
        never: Targets,
        after: Targets,
    },
}

/// The span of time over which a limit counts.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum LimitPer {
    Session(Span),
    /// Milliseconds.
    Duration(Spanned<i64>),
}
