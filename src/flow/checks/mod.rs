//! Checks over the pictures of all flows, one file each, and their one list.

mod again;
mod agent_bounds;
mod approval;
mod backoff;
mod confirm_lines;
mod cycle;
mod impossible;
mod kinds;
mod left_behind;
mod multiply;
mod never_expires;
mod no_success;
mod outlasts;
mod refused;
mod same_integration;
mod trap;
mod undo_of_nothing;
pub(super) mod unhandled;
mod unreachable;
mod ways;

use super::picture::Picture;
use crate::diagnostics::Diagnostic;
use crate::gate::Gate;
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
    again::check,
    left_behind::check,
    undo_of_nothing::check,
    kinds::check,
    same_integration::check,
    backoff::check,
    multiply::check,
    never_expires::check,
    refused::check,
    super::budget::checks::check,
];

type Decided = fn(&mut Gate<'_>, &[Picture], &mut Vec<Diagnostic>);

/// Checks that put questions to the solver as well.
const DECIDED: &[Decided] = &[confirm_lines::check, approval::check, outlasts::check];

pub(super) fn run(policy: &Policy, pictures: &[Picture], findings: &mut Vec<Diagnostic>) {
    for check in CHECKS {
        check(policy, pictures, findings);
    }
}

pub(super) fn decide(gate: &mut Gate<'_>, pictures: &[Picture], findings: &mut Vec<Diagnostic>) {
    for check in DECIDED {
        check(gate, pictures, findings);
    }
}

fn push(findings: &mut Vec<Diagnostic>, found: Diagnostic) {
    if !findings.contains(&found) {
        findings.push(found);
    }
}
