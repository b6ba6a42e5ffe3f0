//! The language server: what editors ask, answered from the same pipeline as the command line.
//!
//! `server` holds the conversation and the open documents; `analysis` checks policies on a thread of
//! its own, so that answers don't wait for it; the other files answer one kind of question each. They
//! read fresh trees, and the last checked policy for what only checking can tell.
//!
//! All reading goes through `files::Texts`: what is open in the editor comes before what is on disk.

mod actions;
mod analysis;
mod complete;
mod convert;
mod files;
mod hints;
mod hover;
mod lenses;
mod names;
mod project;
mod rename;
mod report;
mod server;
mod signature;
mod symbols;
mod tokens;

pub use server::serve;
