//! What can still come of each node: the best end that arrows lead to. Events and deadlines are left
//! out, since they can come almost anywhere.

use super::{Class, Kind, Scene, Tone};

/// For each node the best class of end that can be reached from it; none if there is no way to an end.
#[must_use]
pub fn reach(scene: &Scene) -> Vec<Option<Class>> {
    let mut best: Vec<Option<Class>> = scene
        .nodes
        .iter()
        .map(|n| match n.kind {
            Kind::End(class) => Some(class),
            _ => None,
        })
        .collect();
    let mut into: Vec<Vec<usize>> = vec![Vec::new(); scene.nodes.len()];
    for edge in &scene.edges {
        let anywhere = scene.nodes.get(edge.from);
        let anywhere = anywhere.is_some_and(|n| n.kind == Kind::Anywhere);
        // An entry too many is part of the way; an event of a state's own is not.
        let aside = edge.tone == Tone::Aside && edge.label.iter().all(|l| l.starts_with("event "));
        if !aside
            && !anywhere
            && let Some(list) = into.get_mut(edge.to)
        {
            list.push(edge.from);
        }
    }
    // Whatever leads to something better is as good: from the ends backwards, the best class first.
    for class in [Class::Success, Class::Fallback, Class::Failure] {
        let at = best.iter().enumerate();
        let mut open: Vec<usize> = at
            .filter(|(_, c)| **c == Some(class))
            .map(|(i, _)| i)
            .collect();
        while let Some(node) = open.pop() {
            for from in into.get(node).into_iter().flatten() {
                if let Some(known @ None) = best.get_mut(*from) {
                    *known = Some(class);
                    open.push(*from);
                }
            }
        }
    }
    best
}
