//! Values, paths, and references to actions.

use super::{Ident, Literal};
use crate::source::Span;

/// `crm.lookup`, or `lookup` inside its own integration.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct ActionRef {
    pub integration: Option<Ident>,
    pub action: Ident,
    pub span: Span,
}

/// `(a: 1, b: x)`.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Args {
    pub args: Vec<(Ident, Value)>,
    /// Brackets included.
    pub span: Span,
}

/// A value expression.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Value {
    pub kind: ValueKind,
    pub span: Span,
}

/// The kinds of value expressions.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum ValueKind {
    Literal(Literal),
    List(Vec<Value>),
    Record(Vec<(Ident, Value)>),
    /// `Queue.events`.
    Variant {
        ty: Ident,
        variant: Ident,
    },
    /// A local, an input, a fact — or a bare variant.
    Path(Path),
}

/// `lead.id`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Path {
    pub head: Ident,
    pub rest: Vec<Ident>,
    pub span: Span,
}
