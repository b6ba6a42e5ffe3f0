//! Advice on how a policy reads: names, documentation, reasons, the order of declarations. It changes
//! nothing about what is decided, so it is given only to those who ask for it.

mod because;
mod docs;
mod names;
mod order;

use crate::diagnostics::Diagnostic;
use crate::syntax::tree::File;

type Check = fn(&File, &mut Vec<Diagnostic>);

/// All checks, in the order in which they run.
const CHECKS: &[Check] = &[names::check, docs::check, because::check, order::check];

/// Everything that could read better in the files of one policy.
#[must_use]
pub fn check(files: &[File]) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    for file in files {
        for check in CHECKS {
            check(file, &mut findings);
        }
    }
    findings
}
