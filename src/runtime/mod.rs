//! The runtime: decides, remembers, replays. It reads tables only, and does no I/O.

mod approval;
mod calls;
mod clock;
pub mod counters;
pub mod directive;
mod effects;
mod engine;
mod facts;
pub mod fault;
mod flow;
mod gate;
mod history;
pub mod ledger;
mod limits;
mod read;
pub mod record;
pub mod redact;
mod refusal;
pub mod replay;
pub mod request;
mod run;
pub mod session;
mod situation;
pub mod verdict;
pub mod words;

pub use counters::{Counters, Memory};
pub use directive::Directive;
pub use engine::{Given, Runtime, Stepped};
pub use fault::Fault;
pub use record::{Position, Record, Trace};
pub use redact::Redaction;
pub use replay::{replay, replay_from};
pub use request::{Asked, Request};
pub use session::Session;
pub use verdict::{Again, Decision, Instead, Verdict};

#[cfg(test)]
mod tests;
