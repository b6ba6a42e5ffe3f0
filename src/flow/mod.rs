//! Flows: the graph of states, one shared picture of everything that a run can do, and the checks
//! that read it.

mod arguments;
mod attempts;
mod bounds;
pub mod budget;
pub(crate) mod calls;
mod checks;
mod explore;
pub mod graph;
mod guards;
mod history;
mod picture;
mod possible;
mod unwind;
pub mod web;
pub mod whatif;
pub mod words;

pub use picture::{Edge, Picture, Place, Way};

use crate::diagnostics::Diagnostic;
use crate::gate::Gate;
use crate::model::FlowId;
use crate::model::inline::Inlined;

/// Checks all flows of the gate's policy. Flows that are run by others are looked at by themselves
/// as well: the host may start any of them.
#[must_use]
pub fn check(gate: &mut Gate<'_>) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    let policy = gate.encoder.policy();
    let pictures = pictures(gate, &mut findings);
    checks::run(policy, &pictures, &mut findings);
    checks::decide(gate, &pictures, &mut findings);
    findings
}

/// The pictures of all flows, with what was found while they were drawn.
#[must_use]
pub fn pictures(gate: &mut Gate<'_>, findings: &mut Vec<Diagnostic>) -> Vec<Picture> {
    let policy = gate.encoder.policy();
    let mut pictures = Vec::new();
    for index in 0..policy.flows.len() {
        let id = FlowId(u32::try_from(index).unwrap_or(u32::MAX));
        // What runs itself was reported; nothing can be said about it here.
        let Some(inlined) = Inlined::new(policy, id) else {
            continue;
        };
        pictures.push(explore::explore(gate, id, inlined, findings));
    }
    pictures
}
