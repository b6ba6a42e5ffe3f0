//! Failway: what an AI may do, and what happens when something breaks, proven complete before
//! anything runs.

pub mod diagnostics;
pub mod flow;
pub mod gate;
pub mod interp;
pub mod logic;
pub mod model;
pub mod runtime;
pub mod source;
pub mod syntax;
pub mod table;
pub mod testing;
