//! The runtime: decides, remembers, replays. It reads tables only, and does no I/O.
//!
//! A *session* is plain data. One *step* takes a session, a request, the time, the inputs and the
//! shared counters, and gives a record for the log, a verdict if there was a proposal, and
//! *directives*: what the host is to do next. A refused step ([`Fault`]) changes nothing. The whole
//! protocol is described in `docs/runtime.md`.
//!
//! ```no_run
//! use failway::runtime::{Asked, Directive, Given, Memory, Request, Runtime, Session};
//! use failway::table::Table;
//!
//! # fn make_the_call(_: &str) -> serde_json::Value { serde_json::Value::Null }
//! # fn now() -> i64 { 0 }
//! let table = Table::read(&std::fs::read("front_desk.table.json")?)?;
//! let runtime = Runtime::new(&table);
//! let mut session = Session::new(&table, "call-4711");
//! let (inputs, mut counters) = (serde_json::Map::new(), Memory::new());
//! let args = serde_json::from_str(r#"{"phone": "+15550001111"}"#)?;
//! let mut request = Request::Start { flow: "book_appointment".to_owned(), args };
//! loop {
//!     let given = Given { now: now(), inputs: &inputs, counters: &mut counters };
//!     let stepped = runtime.step(&mut session, given, request)?;
//!     std::fs::write("session.json", session.to_bytes())?; // before anything is done
//!     request = match stepped.next.first() {
//!         Some(Directive::Call { call, wire, .. }) => Request::Reply {
//!             to: Asked::Call(*call),
//!             outcome: "ok".to_owned(),
//!             value: Some(make_the_call(wire)),
//!         },
//!         Some(Directive::Ended { .. }) => break,
//!         _ => Request::Tick { retry: true },
//!     };
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | file | what it holds |
//! | --- | --- |
//! | `engine` | one step: the copy, the dispatch, the record |
//! | `session`, `run`, `read` | what is remembered, and its strict reader |
//! | `request`, `verdict`, `directive`, `record`, `fault` | what goes in and out |
//! | `narrate` | what happened, in words |
//! | `gate`, `refusal`, `limits`, `approval` | the verdict on a proposal |
//! | `prepared` | the same without a session, very often |
//! | `calls`, `effects`, `history`, `facts` | the call log, and what it tells |
//! | `flow`, `clock` | states, edges, events; what the clock brings |
//! | `counters`, `ledger`, `replay`, `follow`, `redact` | shared limits; records used again, or stripped |

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
pub mod follow;
mod gate;
pub(crate) mod history;
pub mod ledger;
mod limits;
mod narrate;
pub mod prepared;
mod read;
pub mod record;
pub mod redact;
mod refusal;
pub mod replay;
pub mod request;
mod run;
pub mod session;
pub(crate) mod situation;
pub mod verdict;

pub use counters::{Counters, Memory};
pub use directive::Directive;
pub(crate) use engine::{Befall, Befalling};
pub use engine::{Given, Runtime, Stepped};
pub use fault::Fault;
pub use prepared::{Inputs, Prepared};
pub use record::{Position, Record, Trace};
pub use redact::Redaction;
pub use replay::{replay, replay_from};
pub use request::{Asked, Request};
pub(crate) use run::Doing;
pub use session::Session;
pub use verdict::{Again, Decision, Instead, Verdict};

#[cfg(test)]
pub(crate) mod tests;
