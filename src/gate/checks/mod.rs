//! Checks of the gate, one file each, and their one list.

mod never_allowed;
mod never_fires;
mod no_rule;
mod quarrel;
pub mod undecided;

use super::Gate;
use crate::diagnostics::Diagnostic;

type Check = fn(&mut Gate<'_>, &mut Vec<Diagnostic>);

/// All checks that look at whole gates, in the order in which they run.
const CHECKS: &[Check] = &[
    no_rule::check,
    never_fires::check,
    never_allowed::check,
    quarrel::check,
];

pub(super) fn run(gate: &mut Gate<'_>, findings: &mut Vec<Diagnostic>) {
    for check in CHECKS {
        check(gate, findings);
    }
}
