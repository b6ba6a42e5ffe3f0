//! FW305: a cycle without a bound.

use super::push;
use crate::diagnostics::{Code, Diagnostic, Witness};
use crate::flow::bounds::{Circle, endless};
use crate::flow::picture::{Picture, Place};
use crate::flow::words::Words;
use crate::model::{Policy, State};

pub(super) fn check(policy: &Policy, pictures: &[Picture], findings: &mut Vec<Diagnostic>) {
    for picture in pictures {
        let out = super::trap::ways_out(picture);
        for circle in endless(policy, picture) {
            let places = &circle.places;
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
            if let Some(witness) = way(policy, picture, &circle) {
                found = found.witness(witness);
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

/// The shortest way to the circle, and once round.
fn way(policy: &Policy, picture: &Picture, circle: &Circle) -> Option<Witness> {
    let (entry, round) = circle.round.as_ref()?;
    let words = Words {
        policy,
        inlined: &picture.inlined,
    };
    let mut path = picture.graph.path(*entry);
    path.extend(round);
    let mut witness = words.path(&picture.graph, &path, Some(*entry));
    if let Some(last) = witness.lines.last_mut() {
        *last = last.replace(": here", ": again, and so on");
    }
    Some(witness)
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
