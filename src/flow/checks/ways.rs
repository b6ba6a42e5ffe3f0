//! Ways through a picture, for the checks that show one.

use crate::diagnostics::Witness;
use crate::flow::graph::{Happened, Hop, NodeId};
use crate::flow::picture::{Picture, StateAt};
use crate::flow::words::Words;
use crate::model::{ActionId, Policy, State, Step};

/// Names of a picture's parts.
pub(super) fn words<'p>(policy: &'p Policy, picture: &'p Picture) -> Words<'p> {
    Words {
        policy,
        inlined: &picture.inlined,
    }
}

/// The shortest way to a configuration, as a witness.
pub(super) fn way_to(policy: &Policy, picture: &Picture, to: NodeId) -> Witness {
    let graph = &picture.graph;
    words(policy, picture).path(graph, &graph.path(to), Some(to))
}

/// A way to a configuration and on along one hop.
pub(super) fn way_along(policy: &Policy, picture: &Picture, hop: Hop) -> Witness {
    let graph = &picture.graph;
    let mut path = graph.path(hop.from);
    path.push(hop);
    words(policy, picture).path(graph, &path, Some(hop.to))
}

/// The state that has made the latest call of an action that is in doubt on a way.
pub(super) fn last_call<'p>(
    policy: &'p Policy,
    picture: &Picture,
    path: &[Hop],
    action: ActionId,
) -> Option<&'p State> {
    let words = Words {
        policy,
        inlined: &picture.inlined,
    };
    let calls = |at: StateAt| {
        let run = words.inlined.runs.get(at.0 as usize)?;
        let state = policy
            .flows
            .get(run.flow.index())?
            .states
            .get(at.1.index())?;
        let made = match &state.step {
            Step::Do(step) => step.action == action,
            Step::Agent(step) => step.may.contains(&action),
            _ => false,
        };
        made.then_some(state)
    };
    let graph = &picture.graph;
    path.iter().rev().find_map(|hop| {
        let label = graph.label(*hop).iter().rev();
        let of = |h: &Happened| match h {
            Happened::Outcome { at, .. } => calls(*at),
            Happened::Proposed(made) if made.action == action => {
                calls(graph.node(hop.from)?.config.place)
            }
            _ => None,
        };
        label.clone().find_map(of)
    })
}
