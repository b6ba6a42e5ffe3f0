//! FW314: a state from which no end can be reached.

use super::push;
use crate::diagnostics::{Code, Diagnostic};
use crate::flow::picture::{Picture, Place};
use crate::model::Policy;
use std::collections::{BTreeMap, BTreeSet};

/// The places from which an end can be reached.
pub(super) fn ways_out(picture: &Picture) -> BTreeSet<Place> {
    // Backwards from the ends; events and deadlines count, since they can come.
    let mut into: BTreeMap<Place, Vec<Place>> = BTreeMap::new();
    for edge in &picture.edges {
        into.entry(edge.to).or_default().push(edge.from);
    }
    let ends = picture.reached.iter().copied();
    let mut open: Vec<Place> = ends.filter(|p| matches!(p, Place::End(_))).collect();
    let mut good: BTreeSet<Place> = open.iter().copied().collect();
    while let Some(place) = open.pop() {
        for &from in into.get(&place).map(Vec::as_slice).unwrap_or_default() {
            if good.insert(from) {
                open.push(from);
            }
        }
    }
    good
}

pub(super) fn check(policy: &Policy, pictures: &[Picture], findings: &mut Vec<Diagnostic>) {
    for picture in pictures {
        if !picture.whole {
            continue;
        }
        let good = ways_out(picture);
        let trapped: Vec<_> = picture
            .reached
            .iter()
            .filter(|p| !good.contains(p))
            .filter_map(|p| match p {
                Place::State(run, id) => {
                    let flow = picture.inlined.runs.get(*run as usize)?.flow;
                    policy.flows.get(flow.index())?.states.get(id.index())
                }
                Place::End(_) => None,
            })
            .collect();
        let Some(first) = trapped.first() else {
            continue;
        };
        let mut found = Diagnostic::new(
            Code::FW314,
            format!("from state `{}` no end can be reached", first.name),
            first.name_span,
            "whatever comes here never gets out",
        );
        for state in trapped.iter().skip(1).take(4) {
            found = found.label(state.name_span, "caught as well");
        }
        push(
            findings,
            found
                .note("In production such a run hangs until somebody notices.")
                .help(format!(
                    "lead an outcome of `{}` to an end, or to a state that comes to one",
                    first.name
                )),
        );
    }
}
