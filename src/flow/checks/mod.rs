//! Checks over the pictures of all flows, one file each, and their one list.

mod agent_bounds;
mod cycle;
mod impossible;
mod no_success;
mod trap;
pub(super) mod unhandled;
mod unreachable;

use super::picture::Picture;
use crate::diagnostics::Diagnostic;
use crate::model::Policy;

type Check = fn(&Policy, &[Picture], &mut Vec<Diagnostic>);

/// All checks, in the order in which they run.
const CHECKS: &[Check] = &[
    agent_bounds::check,
    cycle::check,
    unreachable::check,
    trap::check,
    impossible::check,
    no_success::check,
];

pub(super) fn run(policy: &Policy, pictures: &[Picture], findings: &mut Vec<Diagnostic>) {
    for check in CHECKS {
        check(policy, pictures, findings);
    }
}

fn push(findings: &mut Vec<Diagnostic>, found: Diagnostic) {
    if !findings.contains(&found) {
        findings.push(found);
    }
}
