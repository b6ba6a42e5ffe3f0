//! FW413: a retry that comes at once.

use super::push;
use crate::diagnostics::{Code, Diagnostic, Repair, Trust};
use crate::flow::attempts::{retrying, waits};
use crate::flow::picture::Picture;
use crate::model::{Policy, Step};

pub(super) fn check(policy: &Policy, _: &[Picture], findings: &mut Vec<Diagnostic>) {
    for state in policy.flows.iter().flat_map(|f| &f.states) {
        // A person who wasn't understood is asked again at once; a machine needs a moment.
        if !matches!(
            state.step,
            Step::Do(_) | Step::Settle { .. } | Step::Unwind { .. }
        ) {
            continue;
        }
        for (handler, retry) in retrying(state) {
            if waits(&retry) != Some(0) {
                continue;
            }
            let names: Vec<String> = handler
                .outcomes
                .iter()
                .filter_map(|(o, _)| state.outcomes.get(*o))
                .map(|o| format!("`{}`", o.name))
                .collect();
            push(
                findings,
                Diagnostic::new(
                    Code::FW413,
                    format!("state `{}` tries again at once after {}", state.name, names.join(", ")),
                    retry.span,
                    "no wait between the attempts",
                )
                .label(state.step_span, "what is tried again")
                .note("What has just failed fails again a millisecond later, and everybody who retries at once keeps it down.")
                .help(format!("write `retry {} backoff 500ms..5s`", retry.count))
                .repair(Repair::Write {
                    span: retry.span,
                    text: format!("retry {} backoff 500ms..5s", retry.count),
                    trust: Trust::Unsafe,
                }),
            );
        }
    }
}
