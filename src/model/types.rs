//! Types and constants. Every ordered scalar is an `i64` in a fixed unit.

use super::{EnumId, RecordId};
use crate::source::Span;
use crate::syntax::tree::Regex;

/// The largest magnitude of an `int`: 2⁵³ − 1, so that JSON carries it exactly everywhere.
pub const INT_MAX: i64 = (1 << 53) - 1;

/// A type with its refinements. Bounds include both ends.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum Type {
    /// `bool`.
    Bool,
    /// `int`, within ±(2⁵³−1).
    Int { min: i64, max: i64 },
    /// `decimal`: counted in units of 10^-`scale`, within ±(2⁵³−1) units.
    Decimal { scale: u32, min: i64, max: i64 },
    /// `string`: length in Unicode scalar values; `max: None` is unbounded. Every pattern must match.
    String {
        min: u32,
        max: Option<u32>,
        patterns: Vec<Regex>,
    },
    /// `duration`, in milliseconds (0 or more).
    Duration { min: i64, max: i64 },
    /// `time` of day, in seconds since midnight (0..=86 399).
    Time { min: i64, max: i64 },
    /// `date`, in days since 1970-01-01 (years 0001 to 9999).
    Date { min: i64, max: i64 },
    /// `instant`, in milliseconds since 1970-01-01T00:00:00Z (years 0001 to 9999).
    Instant { min: i64, max: i64 },
    /// A declared enum, or `Weekday`.
    Enum(EnumId),
    /// A record.
    Record(RecordId),
    /// `list of T size min..max`.
    List {
        element: Box<Type>,
        min: u32,
        max: u32,
    },
}

impl Type {
    /// The bounds of an ordered scalar, in its unit.
    #[must_use]
    pub fn bounds(&self) -> Option<(i64, i64)> {
        match *self {
            Self::Int { min, max }
            | Self::Decimal { min, max, .. }
            | Self::Duration { min, max }
            | Self::Time { min, max }
            | Self::Date { min, max }
            | Self::Instant { min, max } => Some((min, max)),
            _ => None,
        }
    }

    /// Whether values of both types are written alike, so that equal values are equal in wire form:
    /// the same kind of scalar, the same enum, decimals of the same scale. Never for records and
    /// lists.
    #[must_use]
    pub fn same_unit(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Decimal { scale: a, .. }, Self::Decimal { scale: b, .. }) => a == b,
            (Self::Enum(a), Self::Enum(b)) => a == b,
            (Self::Record(_) | Self::List { .. }, _) => false,
            _ => std::mem::discriminant(self) == std::mem::discriminant(other),
        }
    }

    /// The decimal scale; 0 for everything else.
    #[must_use]
    pub fn scale(&self) -> u32 {
        match self {
            Self::Decimal { scale, .. } => *scale,
            _ => 0,
        }
    }
}

/// A constant. Ordered scalars are in their type's unit.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Const {
    /// A `bool`.
    Bool(bool),
    /// Any ordered scalar. Where it is compared, in units of the comparison's scale; where it is a
    /// value of a type, in that type's unit.
    Number(i64),
    /// A string.
    Str(String),
    /// The variant with that index.
    Variant(EnumId, u32),
    /// A list.
    List(Vec<Const>),
    /// A record: one entry per declared field, in declaration order; `None` is absent.
    Record(RecordId, Vec<Option<Const>>),
}

/// An enum.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct EnumType {
    pub name: String,
    pub span: Span,
    pub doc: Option<String>,
    pub variants: Vec<Variant>,
    /// Index of the variant `other`, which takes every value that isn't listed.
    pub other: Option<u32>,
}

/// A variant.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Variant {
    pub name: String,
    /// The name on the wire.
    pub wire: String,
    pub span: Span,
    pub doc: Option<String>,
}

/// A record.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct RecordType {
    pub name: String,
    pub span: Span,
    pub doc: Option<String>,
    pub fields: Vec<Field>,
}

/// A field of a record. Records are never recursive.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Field {
    pub name: String,
    /// The name on the wire.
    pub wire: String,
    pub ty: Type,
    pub optional: bool,
    pub span: Span,
    pub doc: Option<String>,
}
