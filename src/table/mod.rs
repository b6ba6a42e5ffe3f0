//! The artifact: build, verify, read, write.

pub mod build;
pub mod canonical;
mod check;
pub mod eval;
pub mod format;
pub mod read;
pub mod sample;
pub mod scalar;
pub mod shape;
pub(crate) mod strict;
pub mod value;
pub mod write;

pub use check::Broken;
pub use read::{ReadError, Table};
