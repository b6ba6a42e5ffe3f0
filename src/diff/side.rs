//! One of the two tables, and what its types say.

use crate::table::Table;
use crate::table::format::{Body, Field, Type};

/// Which of the two tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// Before the change.
    Old,
    /// After it.
    New,
}

impl Side {
    /// Both, the older first.
    pub const BOTH: [Self; 2] = [Self::Old, Self::New];

    pub(super) fn index(self) -> usize {
        match self {
            Self::Old => 0,
            Self::New => 1,
        }
    }
}

/// The two tables.
#[derive(Clone, Copy)]
pub(super) struct Tables<'t> {
    pub(super) old: &'t Table,
    pub(super) new: &'t Table,
}

impl<'t> Tables<'t> {
    pub(super) fn table(&self, side: Side) -> &'t Table {
        match side {
            Side::Old => self.old,
            Side::New => self.new,
        }
    }

    pub(super) fn body(&self, side: Side) -> &'t Body {
        self.table(side).body()
    }
}

/// A type as it stands on one side, with whether the value may be left out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Typed<'t> {
    pub(super) ty: &'t Type,
    pub(super) optional: bool,
}

impl<'t> Typed<'t> {
    pub(super) fn field(field: &'t Field) -> Self {
        Self {
            ty: &field.ty,
            optional: field.optional,
        }
    }
}

/// A name for a name and an index that both sides can have.
pub(super) fn action_name(body: &Body, index: u32) -> &str {
    let action = body.actions.get(index as usize);
    action.map_or("", |a| a.name.as_str())
}
