//! Fields, types and literals.

use super::{Doc, Ident, Path, Spanned};
use crate::source::Span;

/// A field, an input, or a parameter without its `claim`.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Field {
    pub doc: Doc,
    pub name: Ident,
    /// Written with `?`: may be absent.
    pub optional: bool,
    pub wire: Option<Spanned<String>>,
    pub ty: TypeExpr,
    pub span: Span,
}

/// A variant of an enum.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Variant {
    pub doc: Doc,
    pub name: Ident,
    pub wire: Option<Spanned<String>>,
}

/// A type as written.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct TypeExpr {
    pub span: Span,
    pub kind: TypeKind,
    pub refinements: Vec<Refinement>,
}

/// The heads of types. `Named` covers `bool`, `int`, `Weekday` … and declared types alike.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum TypeKind {
    Named(Ident),
    List { element: Box<TypeExpr>, size: Range },
}

/// `in`, `length` and `matching` after a type.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum Refinement {
    In(Range, Span),
    Length(Range, Span),
    Matching(Regex),
}

/// `low..high` or `low..<high`.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Range {
    pub low: Literal,
    pub high: Literal,
    /// `..<`: the upper end is left out.
    pub exclusive: bool,
    pub span: Span,
}

/// `/…/`, with `\/` already turned into `/`.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Regex {
    pub pattern: String,
    /// From slash to slash.
    pub span: Span,
}

/// A literal.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Literal {
    pub kind: LiteralKind,
    pub span: Span,
}

/// The kinds of literals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LiteralKind {
    /// Within ±(2⁵³−1): the parser reports others (FW0) and clamps them.
    Int(i64),
    /// `digits` without its point, so `12.50` is 1250 with scale 2. Negative literals included.
    Decimal {
        /// The digits as one number.
        digits: i64,
        /// How many of them follow the point.
        scale: u32,
    },
    /// Text with escapes resolved; holes only where templates are allowed.
    Str(Vec<StrPart>),
    /// Milliseconds.
    Duration(i64),
    /// Seconds since midnight.
    Time(i64),
    /// Days since 1970-01-01 (checked to be a real date).
    Date(i64),
    /// Milliseconds since 1970-01-01T00:00:00Z.
    Instant(i64),
    /// `true` or `false`.
    Bool(bool),
}

/// A piece of a string.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StrPart {
    /// Text, escapes resolved.
    Text(String),
    /// `{path}`.
    Hole(Path),
}
