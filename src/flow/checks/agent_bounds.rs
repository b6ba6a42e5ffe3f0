//! FW501: an agent or a question without bounds.

use super::push;
use crate::diagnostics::{Code, Diagnostic};
use crate::flow::picture::Picture;
use crate::model::{Policy, Step};

pub(super) fn check(policy: &Policy, _: &[Picture], findings: &mut Vec<Diagnostic>) {
    for state in policy.flows.iter().flat_map(|f| &f.states) {
        let (missing, help) = match &state.step {
            Step::Agent(a) => match (a.calls, a.within_ms) {
                (None, None) => (
                    "calls and no time",
                    "write `calls 8` and `within 90s` inside `agent { … }`",
                ),
                (None, Some(_)) => ("calls", "write `calls 8` inside `agent { … }`"),
                (Some(_), None) => ("time", "write `within 90s` inside `agent { … }`"),
                (Some(_), Some(_)) => continue,
            },
            Step::Ask {
                within_ms: None, ..
            } => ("time", "write `within 3m` after the type"),
            _ => continue,
        };
        if !state.complete {
            continue;
        }
        let what = if matches!(state.step, Step::Ask { .. }) {
            "question"
        } else {
            "agent"
        };
        push(
            findings,
            Diagnostic::new(
                Code::FW501,
                format!(
                    "the {what} of state `{}` has no bound on its {missing}",
                    state.name
                ),
                state.step_span,
                "could go on for ever",
            )
            .note("Every flow must end, so everything in it needs a bound.")
            .help(help),
        );
    }
}
