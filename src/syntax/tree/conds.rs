//! Conditions.

use super::{ByPart, Ident, Literal, Path, Range, Regex, Targets};
use crate::source::Span;

/// A condition.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Cond {
    pub kind: CondKind,
    pub span: Span,
}

/// The kinds of conditions.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum CondKind {
    /// Two or more.
    Or(Vec<Cond>),
    /// Two or more.
    And(Vec<Cond>),
    Not(Box<Cond>),
    Quantifier {
        every: bool,
        name: Ident,
        list: Path,
        body: Box<Cond>,
    },
    During {
        flow: Ident,
        state: Option<Ident>,
    },
    /// An operand alone: a bool, a define, or `done(…)`.
    Operand(Operand),
    Compare {
        left: Operand,
        op: CompareOp,
        op_span: Span,
        right: Operand,
        offset: Option<Offset>,
    },
    InRange {
        operand: Operand,
        range: Range,
    },
    InSet {
        operand: Operand,
        set: Vec<Operand>,
        set_span: Span,
    },
    Matches {
        operand: Operand,
        regex: Regex,
    },
    Present {
        operand: Operand,
        present: bool,
    },
    Contains {
        operand: Operand,
        element: Operand,
    },
}

/// `+ 5.00` or `- 5.00` after the right side of a comparison.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Offset {
    pub minus: bool,
    pub literal: Literal,
    pub span: Span,
}

/// The comparison operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum CompareOp {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
}

/// One side of a comparison.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Operand {
    pub kind: OperandKind,
    pub span: Span,
}

/// The kinds of operands.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum OperandKind {
    Literal(Literal),
    History {
        func: HistoryFunc,
        func_span: Span,
        targets: Targets,
        by: Vec<ByPart>,
        filter: Option<Box<Cond>>,
    },
    Length(Path),
    Size(Path),
    Variant {
        ty: Ident,
        variant: Ident,
    },
    Path(Path),
}

/// The questions one can ask of history.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HistoryFunc {
    /// A call has succeeded.
    Done,
    /// Calls admitted.
    Calls,
    /// Calls that happened, may have happened or are in flight, less those undone.
    Effects,
    /// A write stands.
    Standing,
    /// A write is unsettled.
    Unsettled,
}
