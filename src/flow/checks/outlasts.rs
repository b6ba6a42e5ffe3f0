//! FW407: retries that go on for longer than the other side remembers the key.

use super::push;
use crate::diagnostics::{Code, Diagnostic};
use crate::flow::attempts::{retrying, spread};
use crate::flow::calls::{Ending, ending};
use crate::flow::picture::{Picture, Place};
use crate::gate::Gate;
use crate::model::{Effect, StateId, Step};
use crate::words::duration;

pub(super) fn check(gate: &mut Gate<'_>, pictures: &[Picture], findings: &mut Vec<Diagnostic>) {
    let policy = gate.encoder.policy();
    for (index, flow) in policy.flows.iter().enumerate() {
        for (state, id) in flow.states.iter().zip(0..) {
            let Step::Do(step) = &state.step else {
                continue;
            };
            let action = policy.action(step.action);
            let Effect::Write {
                idempotency: Some(key),
                ..
            } = &action.effect
            else {
                continue;
            };
            let Some(window) = key.window_ms else {
                continue;
            };
            let reached = pictures.iter().any(|p| {
                let of = |run: u32| p.inlined.runs.get(run as usize).map(|r| r.flow.index());
                p.reached.iter().any(|place| matches!(place, Place::State(run, s) if *s == StateId(id) && of(*run) == Some(index)))
            });
            // Only a call that may have happened is repeated; after a clean failure it is a new one.
            let doubt = retrying(state).find(|(h, _)| {
                h.outcomes.iter().any(|(o, _)| {
                    let kind = state.outcomes.get(*o).map(|o| o.kind);
                    kind.and_then(|k| ending(policy, step.action, k)) == Some(Ending::Doubt)
                })
            });
            let Some((_, retry)) = doubt.filter(|_| reached) else {
                continue;
            };
            let takes = spread(gate, state, step.action);
            if takes.is_some_and(|t| t < window) {
                continue;
            }
            let takes = takes.map_or_else(
                || "any time, since an approval may be waited for without end".to_string(),
                |t| format!("{} after the first", duration(t)),
            );
            push(
                findings,
                Diagnostic::new(
                    Code::FW407,
                    format!(
                        "state `{}` may repeat `{}` after the other side has forgotten its key",
                        state.name, action.full_name
                    ),
                    retry.span,
                    format!("the last attempt may come {takes}"),
                )
                .label(
                    key.span,
                    format!("the key is remembered for {}", duration(window)),
                )
                .note("Once the key is forgotten, the repeat is a second call: it happens twice.")
                .help(
                    "fewer attempts or shorter waits; what is then still in doubt is for `settle`",
                ),
            );
        }
    }
}
