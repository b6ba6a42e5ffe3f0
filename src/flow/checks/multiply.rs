//! FW414: retries inside a flow that is run again when it has failed.

use super::push;
use super::ways::{way_along, words};
use crate::diagnostics::{Code, Diagnostic};
use crate::flow::graph::{Happened, Hop, How, NodeId};
use crate::flow::picture::{Picture, StateAt};
use crate::model::{Policy, Step};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

pub(super) fn check(policy: &Policy, pictures: &[Picture], findings: &mut Vec<Diagnostic>) {
    for picture in pictures {
        if picture.inlined.runs.len() < 2 {
            continue;
        }
        for ((place, handler), hop) in given_up(policy, picture) {
            let Some(outer) = runs_again(picture, hop, place) else {
                continue;
            };
            let words = words(policy, picture);
            let (Some(state), Some(outer)) = (words.state(place), words.state(outer)) else {
                continue;
            };
            let Some(handler) = state.handlers.get(handler as usize) else {
                continue;
            };
            let Some(retry) = handler.retry else { continue };
            let times = match outer.visits {
                Some(v) => format!(
                    "; {} entries make {} attempts",
                    v.count,
                    v.count.saturating_mul(retry.count.saturating_add(1))
                ),
                None => String::new(),
            };
            push(
                findings,
                Diagnostic::new(
                    Code::FW414,
                    format!(
                        "state `{}` tries {} times, and `{}` runs it again when all have failed",
                        state.name, retry.count.saturating_add(1), outer.name
                    ),
                    retry.span,
                    format!("multiplied by each run{times}"),
                )
                .label(outer.step_span, "runs it again")
                .note("Two layers of patience multiply: what is down gets many times the calls, and whoever waits gets no answer.")
                .help("retry in one place only: inside, or by running it again")
                .witness(way_along(policy, picture, hop)),
            );
        }
    }
}

/// The hops on which a state inside a run gives up after its retries, by state and handler.
fn given_up(policy: &Policy, picture: &Picture) -> BTreeMap<(StateAt, u32), Hop> {
    let mut found = BTreeMap::new();
    for hop in picture.graph.hops() {
        let label = picture.graph.label(*hop);
        let again = label.iter().any(|h| matches!(h, Happened::Again { .. }));
        for happened in label {
            let Happened::Outcome {
                at,
                handler: Some(handler),
                ..
            } = happened
            else {
                continue;
            };
            let state = words(policy, picture).state(*at);
            let retries = state.is_some_and(|s| {
                matches!(s.step, Step::Do(_))
                    && s.handlers
                        .get(*handler as usize)
                        .is_some_and(|h| h.retry.is_some())
            });
            if at.0 != 0 && retries && !again {
                found.entry((*at, *handler)).or_insert(*hop);
            }
        }
    }
    found
}

/// The state outside that starts the run of `place` again, before anything has succeeded.
fn runs_again(picture: &Picture, from: Hop, place: StateAt) -> Option<StateAt> {
    let graph = &picture.graph;
    let outer = picture.inlined.runs.get(place.0 as usize)?.parent?;
    let mut seen: BTreeSet<(NodeId, bool)> = BTreeSet::new();
    let came_out = |hop: Hop| {
        graph
            .label(hop)
            .iter()
            .any(|h| matches!(h, Happened::Outcome { at, .. } if *at == outer))
    };
    let first = (from.to, came_out(from));
    let mut open = VecDeque::from([first]);
    seen.insert(first);
    while let Some((node, out)) = open.pop_front() {
        let at = graph.node(node)?;
        if at.end.is_none() && out && at.config.place == outer {
            return Some(outer);
        }
        for hop in graph.from(node) {
            let label = graph.label(*hop);
            let goes_well = label.iter().any(|h| match h {
                Happened::Outcome { calls, .. } => {
                    graph.calls(*calls).iter().any(|c| c.how == How::Ok)
                }
                Happened::Event(_) | Happened::Deadline(_) | Happened::Proposed(_) => true,
                _ => false,
            });
            let next = (hop.to, out || came_out(*hop));
            if !goes_well && seen.insert(next) {
                open.push_back(next);
            }
        }
    }
    None
}
