//! Conditions and value expressions, resolved.

use super::{ActionId, BindingId, Const, EventId, FactId, FlowId, InputId, StateId, Type};
use crate::source::Span;
use crate::syntax::tree::{CompareOp, HistoryFunc, Regex};

/// Where a path starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Root {
    /// A parameter (by index) of the action that the condition is about: the proposed call in a
    /// rule, the counted call in a `where` or a key, the write itself in `undo` and `confirm`.
    Param(u32),
    /// The reply: of the counted call, of the write (`undo`), of the confirming call (`confirm`).
    Result,
    /// An input.
    Input(InputId),
    /// A fact.
    Fact(FactId),
    /// The element that the enclosing quantifier looks at.
    Element,
    /// A parameter of the flow.
    FlowParam(u32),
    /// A binding of the flow.
    Binding(BindingId),
}

/// A value reached from a root through record fields (by index).
#[derive(Clone, Debug)]
pub struct Path {
    /// Where it starts.
    pub root: Root,
    /// Field indices, one per step.
    pub fields: Vec<u32>,
    /// The type of the value reached.
    pub ty: Type,
    /// Whether the value may be absent: the root is a fact or an optional parameter, or a field on
    /// the way is optional.
    pub optional: bool,
    /// As written, such as `bill.status`.
    pub text: String,
    /// Where.
    pub span: Span,
}

/// A resolved condition.
#[derive(Clone, Debug)]
pub enum Cond {
    /// All hold. Empty: true.
    And(Vec<Cond>),
    /// One holds. Empty: false.
    Or(Vec<Cond>),
    /// Does not hold.
    Not(Box<Cond>),
    /// A use of a `define`, expanded; the origin is kept for messages.
    Define {
        /// The define's name.
        name: String,
        /// Where it is used.
        span: Span,
        /// Its condition, resolved for this use.
        body: Box<Cond>,
    },
    /// A single test.
    Atom(Atom),
}

impl Cond {
    /// All values that the condition looks at, and those that its questions about history have for keys.
    #[must_use]
    pub fn paths(&self) -> Vec<&Path> {
        let mut all = Vec::new();
        self.add_paths(&mut all);
        all
    }

    fn add_paths<'c>(&'c self, out: &mut Vec<&'c Path>) {
        match self {
            Self::And(parts) | Self::Or(parts) => parts.iter().for_each(|p| p.add_paths(out)),
            Self::Not(inner) => inner.add_paths(out),
            Self::Define { body, .. } => body.add_paths(out),
            Self::Atom(Atom { kind, .. }) => match kind {
                AtomKind::Const(_) | AtomKind::During { .. } => {}
                AtomKind::Holds(o)
                | AtomKind::InRange { operand: o, .. }
                | AtomKind::InSet { operand: o, .. } => out.extend(o.paths()),
                AtomKind::Compare { left, right, .. } => {
                    out.extend(left.paths());
                    out.extend(right.paths());
                }
                AtomKind::Matches { path, .. } | AtomKind::Present(path) => out.push(path),
                AtomKind::Contains { list, element, .. } => {
                    out.push(list);
                    out.extend(element.paths());
                }
                AtomKind::Quantifier { list, body, .. } => {
                    out.push(list);
                    body.add_paths(out);
                }
            },
        }
    }
}

/// A single test with its place (inside the `define`, where it came from one).
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Atom {
    pub kind: AtomKind,
    pub span: Span,
}

/// The kinds of tests. Numbers are compared after scaling both sides to `scale` fractional digits.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum AtomKind {
    /// A constant truth value (`true`, `false`).
    Const(bool),
    /// A bool operand: a path of type bool, or `done`, `standing`, `unsettled`.
    Holds(Operand),
    /// `left op right + offset`. For `Eq`/`Ne` on bools, strings and enums, `offset` and `scale`
    /// are 0. Constants stand on the right.
    Compare {
        left: Operand,
        op: CompareOp,
        right: Operand,
        offset: i64,
        scale: u32,
    },
    /// `low <= operand <= high` in units of `scale`.
    InRange {
        operand: Operand,
        low: i64,
        high: i64,
        scale: u32,
    },
    /// The operand equals a member. Numbers in units of `scale`. Sets with values that aren't
    /// constants are expanded into an `Or` of comparisons.
    InSet {
        operand: Operand,
        set: Vec<Const>,
        scale: u32,
    },
    /// The whole string matches.
    Matches { path: Path, regex: Regex },
    /// The value is present.
    Present(Path),
    /// Some element of the list equals the operand (numbers: after scaling to `scale`).
    Contains {
        list: Path,
        element: Operand,
        scale: u32,
    },
    /// `some`/`every` over a list; in `body` the element is [`Root::Element`].
    Quantifier {
        every: bool,
        list: Path,
        element: String,
        body: Box<Cond>,
    },
    /// The session is in that flow (or that state of it, also while it runs another flow).
    During {
        flow: FlowId,
        state: Option<StateId>,
    },
}

/// One side of a comparison.
#[derive(Clone, Debug)]
pub enum Operand {
    /// A constant.
    Const(Const),
    /// A value.
    Path(Path),
    /// Length of a string, in Unicode scalar values.
    Length(Path),
    /// Size of a list.
    Size(Path),
    /// A question about history: bool for done, standing and unsettled, int for calls and effects.
    History(Box<HistoryTerm>),
}

impl Operand {
    fn paths(&self) -> &[Path] {
        match self {
            Self::Path(p) | Self::Length(p) | Self::Size(p) => std::slice::from_ref(p),
            Self::History(h) => &h.keys,
            Self::Const(_) => &[],
        }
    }
}

/// A question about the calls of this session.
#[derive(Clone, Debug)]
pub struct HistoryTerm {
    /// What is asked.
    pub func: HistoryFunc,
    /// Which calls count, each with where its key values lie.
    pub counted: Vec<CountedAction>,
    /// The key values to look for, in the scope where the question is asked (parameters of the
    /// proposed call; parameters and bindings of the flow). One per key part.
    pub keys: Vec<Path>,
    /// As written.
    pub text: String,
    /// Where.
    pub span: Span,
}

/// One action whose calls count.
#[derive(Clone, Debug)]
pub struct CountedAction {
    /// Which.
    pub action: ActionId,
    /// For each key part, where the counted call holds it ([`Root::Param`] or [`Root::Result`]).
    pub keys: Vec<Path>,
    /// Which calls count, over [`Root::Param`], [`Root::Result`] and constants. A call without a
    /// result so far doesn't satisfy a test of its result.
    pub filter: Option<Cond>,
}

/// A value expression.
#[derive(Clone, Debug)]
pub enum Expr {
    /// A constant, in its target type's unit.
    Const(Const),
    /// A value (checked to fit the target type; widening of decimals by scaling is the reader's
    /// task: `path.ty` gives the source's scale).
    Path(Path),
    /// A list.
    List(Vec<Expr>),
    /// A record: one entry per declared field, in order; `None` is absent.
    Record(super::RecordId, Vec<Option<Expr>>),
    /// A string with holes.
    Template(Vec<TemplatePart>),
}

/// A piece of a template.
#[derive(Clone, Debug)]
pub enum TemplatePart {
    /// Text.
    Text(String),
    /// A value, written as text (the table's contract says how).
    Hole(Path),
}

/// An event name resolved, kept here for `on` lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventUse {
    /// Which.
    pub event: EventId,
    /// Where.
    pub span: Span,
}
