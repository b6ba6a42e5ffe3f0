//! The meaning of a change: what two tables decide differently, each with a case that shows it.
//!
//! Both tables' diagrams are brought over shared terms; their product says where they differ, the
//! solver says whether that can come about and gives the case, and the case is decided by both tables
//! before it is told. What cannot be compared exactly is said by name, never guessed.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `report` | the result, as data |
//! | `side` | one of the two tables |
//! | `place`, `universe`, `history`, `automata` | values, questions and patterns as shared terms |
//! | `shared` | diagrams over them, each node once |
//! | `product` | where two diagrams lead to different leaves |
//! | `witness` | a case that shows it |
//! | `gate` | verdicts |
//! | `declared`, `types`, `limits` | what is declared: actions, values, facts, limits |
//! | `flows` | what follows what in flows |
//! | `text` | expressions in words that both tables share |

mod automata;
mod declared;
mod flows;
mod gate;
mod history;
mod limits;
mod place;
mod product;
mod report;
mod shared;
mod side;
mod text;
mod types;
mod universe;
mod witness;

pub use report::{Case, Change, Effect, Report, Said};
pub use side::Side;

use crate::table::Table;
use side::Tables;

/// What changed between two tables; a question may take `effort` times the usual work.
#[must_use]
pub fn compare(old: &Table, new: &Table, effort: u32) -> Report {
    let tables = Tables { old, new };
    let mut report = Report::default();
    declared::compare(tables, effort, &mut report);
    gate::compare(tables, effort, &mut report);
    limits::compare(tables, effort, &mut report);
    flows::compare(tables, effort, &mut report);
    report
}
