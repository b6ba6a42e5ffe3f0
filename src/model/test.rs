//! `test` blocks, resolved as far as names and types go.

use super::{ActionId, ArgList, Cond, Const, EventId, FlowId, InputId};
use crate::source::Span;
use crate::syntax::tree::ApprovalWord;

/// A test.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Test {
    pub name: String,
    pub span: Span,
    pub steps: Vec<TestStep>,
}

/// A line with its place.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct TestStep {
    pub item: TestItem,
    pub span: Span,
}

/// The lines of a test. States are named as `flow.state` or `state`, as written.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum TestItem {
    Given(Vec<Given>),
    Run {
        flow: FlowId,
        args: ArgList,
    },
    Propose {
        action: ActionId,
        args: ArgList,
    },
    Proposes {
        state: String,
        action: ActionId,
        args: ArgList,
        reply: Option<Reply>,
    },
    Event {
        event: EventId,
        at: Option<String>,
    },
    Advance {
        by_ms: i64,
        at: Option<String>,
    },
    /// `rule_or_action`: the escalate rule's name, or the full name of the action waiting.
    Approval {
        decision: ApprovalWord,
        rule_or_action: String,
    },
    AnswerAction {
        action: ActionId,
        reply: Reply,
    },
    AnswerState {
        state: String,
        reply: Reply,
    },
    ExpectEnd {
        name: String,
        gives: Option<Const>,
    },
    ExpectDeny {
        rule: Option<String>,
        instead: Option<(ActionId, Option<ArgList>)>,
    },
    ExpectAllow {
        rule: Option<String>,
    },
    ExpectLimited {
        rule: Option<String>,
    },
    ExpectEscalate {
        rule: Option<String>,
    },
    /// Over inputs, history and bindings.
    ExpectCond {
        cond: Cond,
        text: String,
    },
}

/// A supposition.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum Given {
    /// A call made before, with its reply.
    Call {
        action: ActionId,
        args: ArgList,
        reply: Reply,
    },
    /// An input's value.
    Input { input: InputId, value: Const },
}

/// An answer: an outcome and its value.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Reply {
    pub outcome: String,
    pub value: Option<Const>,
}
