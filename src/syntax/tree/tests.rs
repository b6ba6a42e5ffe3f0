//! Tests.

use super::{ActionRef, Args, Cond, Ident, Path, Spanned, Value};
use crate::source::Span;

/// `test "…" { … }`.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Test {
    pub name: Spanned<String>,
    pub items: Vec<TestItem>,
    pub span: Span,
    /// False if a line could not be read.
    pub complete: bool,
}

/// A line of a test.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct TestItem {
    pub kind: TestItemKind,
    pub span: Span,
}

/// The kinds of test lines.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum TestItemKind {
    Given(Vec<Given>),
    Run {
        flow: Ident,
        args: Args,
    },
    Propose {
        action: ActionRef,
        args: Args,
    },
    /// The agent state `state` proposes.
    Proposes {
        state: Ident,
        action: ActionRef,
        args: Args,
        reply: Option<Reply>,
    },
    Event {
        event: Ident,
        at: Option<Ident>,
    },
    Advance {
        by: Spanned<i64>,
        at: Option<Ident>,
    },
    Approval {
        decision: ApprovalWord,
        of: Path,
    },
    /// An action, a state or `flow.state` answers.
    Answer {
        of: Path,
        reply: Reply,
    },
    Expect(Expect),
}

/// What a test supposes beforehand.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum Given {
    Call {
        action: ActionRef,
        args: Args,
        reply: Reply,
    },
    Value {
        path: Path,
        value: Value,
    },
    /// A condition that the test wants to hold; the model may refuse forms that fix no value.
    Cond(Cond),
}

/// How an approval is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum ApprovalWord {
    Approve,
    Decline,
    Expire,
}

/// `ok { id: "L1" }`.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Reply {
    pub outcome: Ident,
    pub value: Option<Value>,
    pub span: Span,
}

/// What a test expects.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum Expect {
    End {
        name: Ident,
        gives: Option<Value>,
    },
    Deny {
        rule: Option<Ident>,
        instead: Option<(ActionRef, Option<Args>)>,
    },
    Allow {
        rule: Option<Ident>,
    },
    Limited {
        rule: Option<Ident>,
    },
    Escalate {
        rule: Option<Ident>,
    },
    Cond(Cond),
}
