//! The syntax tree: what the user wrote, with spans, nothing resolved.
//!
//! Parts that could not be read are simply missing from the tree: the parser has reported them.
//! `File::complete` says whether that happened, so that later phases don't complain about what
//! only the broken part would have explained.

mod conds;
mod flows;
mod integrations;
mod rules;
mod tests;
mod types;
mod values;

use crate::source::{FileId, Span};
pub use conds::{CompareOp, Cond, CondKind, HistoryFunc, Offset, Operand, OperandKind};
pub use flows::{
    AgentClause, End, EndClass, Flow, FlowItem, Handler, Retry, State, StateItem, Step, StepKind,
};
pub use integrations::{
    Action, ActionClause, ConfirmLine, Defaults, Failure, FailureKind, Idempotent, Integration,
    Param, Rate,
};
pub use rules::{ByPart, Fact, LimitPer, Rule, RuleKind, Target, TargetKind, Targets};
pub use tests::{ApprovalWord, Expect, Given, Reply, Test, TestItem, TestItemKind};
pub use types::{
    Field, Literal, LiteralKind, Range, Refinement, Regex, StrPart, TypeExpr, TypeKind, Variant,
};
pub use values::{ActionRef, Args, Path, Value, ValueKind};

/// A name as written (backquotes removed).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ident {
    /// The name.
    pub name: String,
    /// Where.
    pub span: Span,
}

/// A value with the place that it was written at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spanned<T> {
    /// The value.
    pub node: T,
    /// Where.
    pub span: Span,
}

/// `///` lines, markers and one leading blank removed, joined by `\n`.
pub type Doc = Option<Spanned<String>>;

/// One file.
#[derive(Clone, Debug)]
pub struct File {
    /// Which.
    pub id: FileId,
    /// The `policy` header, if there is one.
    pub header: Option<Header>,
    /// The items that could be read, in order.
    pub items: Vec<Item>,
    /// All comments that aren't documentation, in order, `//` included.
    pub comments: Vec<Spanned<String>>,
    /// False if anything could not be read.
    pub complete: bool,
}

/// `policy front_desk`.
#[derive(Clone, Debug)]
pub struct Header {
    /// Its documentation.
    pub doc: Doc,
    /// The policy's name.
    pub name: Ident,
    /// From `policy` to the name.
    pub span: Span,
}

/// A top-level declaration.
#[derive(Clone, Debug)]
pub struct Item {
    /// Its documentation.
    pub doc: Doc,
    /// The whole item, documentation left out.
    pub span: Span,
    /// What it is.
    pub kind: ItemKind,
}

/// The kinds of top-level declarations.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum ItemKind {
    Use {
        path: Spanned<String>,
    },
    Type {
        name: Ident,
        ty: TypeExpr,
    },
    Record {
        name: Ident,
        fields: Vec<Field>,
    },
    Enum {
        name: Ident,
        variants: Vec<Variant>,
    },
    Input(Field),
    Role {
        name: Ident,
        wire: Option<Spanned<String>>,
    },
    Event {
        name: Ident,
        wire: Option<Spanned<String>>,
    },
    Integration(Integration),
    Fact(Fact),
    Group {
        name: Ident,
        targets: Targets,
    },
    Define {
        name: Ident,
        cond: Cond,
    },
    Rule(Rule),
    Flow(Flow),
    Test(Test),
}
