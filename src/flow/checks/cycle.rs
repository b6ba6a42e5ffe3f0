//! FW305: a cycle without a bound.

use super::push;
use crate::diagnostics::{Code, Diagnostic};
use crate::flow::bounds::unbounded;
use crate::flow::picture::{Picture, Place};
use crate::model::{Policy, State};

pub(super) fn check(policy: &Policy, pictures: &[Picture], findings: &mut Vec<Diagnostic>) {
    for picture in pictures {
        let out = super::trap::ways_out(picture);
        for places in unbounded(policy, picture) {
            // A circle without a way out is a trap, and reported as one.
            if picture.whole && !places.iter().any(|p| out.contains(p)) {
                continue;
            }
            let states: Vec<_> = places
                .iter()
                .filter_map(|p| match p {
                    Place::State(run, id) => {
                        let flow = picture.inlined.runs.get(*run as usize)?.flow;
                        policy.flows.get(flow.index())?.states.get(id.index())
                    }
                    Place::End(_) => None,
                })
                .collect();
            let Some(first) = states.first() else {
                continue;
            };
            let names: Vec<String> = states
                .iter()
                .take(5)
                .map(|s| format!("`{}`", s.name))
                .collect();
            let mut found = Diagnostic::new(
                Code::FW305,
                format!("nothing bounds the way round through {}", names.join(", ")),
                first.name_span,
                "can be entered again and again",
            );
            for state in states.iter().skip(1).take(4) {
                found = found.label(state.name_span, "on the way round");
            }
            push(
                findings,
                found
                    .note("In production such a circle runs until the bill, or the customer, ends it.")
                    .help(help(&states)),
            );
        }
    }
}

fn help(states: &[&State]) -> String {
    match states.iter().find(|s| s.visits.is_some()) {
        Some(full) => format!(
            "an entry of `{}` too many comes back to it: let its `visits` lead to a state or an end that doesn't",
            full.name
        ),
        None => format!(
            "write `visits 3 -> …` in `{}`, or limit a call on the way: `limit name: a.b to 3 calls per session`",
            states.first().map_or("", |s| s.name.as_str())
        ),
    }
}
