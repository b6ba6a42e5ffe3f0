//! The worlds in which a node of a diagram is tried.

use crate::logic::{Automaton, Diagram, DiagramNode, Edge, Formula, IntSet, Logic, Probe, Step};

/// How many texts are tried with one automaton, besides those of its classes.
const TEXTS: usize = 256;

/// Steps of a walk through a node, and what the node's probe is asked about.
#[derive(Clone, Debug)]
pub(super) struct World {
    steps: Vec<Step>,
    exactly: Exactly,
}

#[derive(Clone, Debug)]
enum Exactly {
    Anything,
    Value(i64),
    Text(String),
}

impl World {
    pub(super) fn condition(
        &self,
        logic: &mut Logic,
        diagram: &Diagram,
        node: &DiagramNode,
    ) -> Formula {
        let way = logic.path_condition(diagram, &self.steps);
        let exactly = match (&self.exactly, &node.probe) {
            (Exactly::Value(value), Probe::Value(term)) => {
                logic.in_set(*term, IntSet::point(*value))
            }
            (Exactly::Value(value), Probe::Difference(d)) => {
                logic.difference(d.a, d.ka, d.b, d.kb, IntSet::point(*value))
            }
            (Exactly::Text(text), Probe::Class(term, _)) => {
                let language = logic.literals(&[text.as_str()]);
                logic.in_language(*term, language)
            }
            // The step taken at the node says it all.
            _ => Formula::TRUE,
        };
        logic.and(&[way, exactly])
    }
}

/// Ways through one node of a diagram.
pub(super) struct Ways {
    id: u32,
    /// The steps to the node.
    before: Vec<Step>,
    /// For each branch, those of one way to the node, through the branch and on.
    through: Vec<Vec<Step>>,
}

/// Ways through each node of a diagram.
pub(super) fn ways(diagram: &Diagram) -> Vec<Ways> {
    // Paths come in the order of nodes and branches.
    let mut paths = diagram.covering_paths().into_iter();
    let nodes = diagram.nodes.iter().zip(0..);
    nodes
        .map(|(node, id)| {
            let own = paths.by_ref().take(node.next.len());
            let through: Vec<Vec<Step>> = own.map(|p| p.steps).collect();
            let first = through.iter().flatten();
            Ways {
                id,
                before: first.take_while(|s| s.node != id).copied().collect(),
                through,
            }
        })
        .collect()
}

impl Ways {
    /// To the node, through the branch if there is one, and on.
    fn world(&self, branch: Option<usize>, beyond: Vec<Step>, exactly: Exactly) -> World {
        let own = branch.and_then(|b| u32::try_from(b).ok());
        let own = own.map(|branch| Step {
            node: self.id,
            branch,
        });
        World {
            steps: self
                .before
                .iter()
                .copied()
                .chain(own)
                .chain(beyond)
                .collect(),
            exactly,
        }
    }
}

/// A branch of a node with worlds that take it, the best first.
pub(super) type Task = (usize, Vec<World>);

/// Both sides of each boundary of a node, best in a world in which it matters on which side it is.
pub(super) fn sides(diagram: &Diagram, node: &DiagramNode, ways: &Ways) -> Vec<Task> {
    let mut all = Vec::with_capacity(2 * node.cuts.len());
    for (i, &cut) in node.cuts.iter().enumerate() {
        let apart = apart(diagram, node, (i, i + 1));
        for (branch, value) in [(i, cut - 1), (i + 1, cut)] {
            let mut worlds: Vec<World> = apart
                .iter()
                .map(|beyond| ways.world(Some(branch), beyond.clone(), Exactly::Value(value)))
                .collect();
            let way = ways.through.get(branch).cloned().unwrap_or_default();
            for exactly in [Exactly::Value(value), Exactly::Anything] {
                worlds.push(World {
                    steps: way.clone(),
                    exactly,
                });
            }
            all.push((branch, worlds));
        }
    }
    all
}

/// Texts that take the transitions of an automaton, best in a world in which it matters.
pub(super) fn texts(
    automaton: &Automaton,
    diagram: &Diagram,
    node: &DiagramNode,
    ways: &Ways,
) -> Vec<Task> {
    let branch = |class: u32| node.cuts.partition_point(|&cut| cut <= i64::from(class));
    let cover = automaton.cover(TEXTS).into_iter();
    cover
        .map(|(text, other)| {
            let (here, there) = (branch(automaton.class_of(&text)), branch(other));
            let beyond = apart(diagram, node, (here, there)).into_iter();
            let text = |b| ways.world(None, b, Exactly::Text(text.clone()));
            (here, beyond.chain([Vec::new()]).map(text).collect())
        })
        .collect()
}

/// Worlds behind a branch that don't end in that leaf.
pub(super) fn not_at(
    diagram: &Diagram,
    node: &DiagramNode,
    ways: &Ways,
    branch: usize,
    leaf: u32,
) -> Vec<World> {
    let Some(edge @ Edge::Node(_)) = node.next.get(branch) else {
        return Vec::new();
    };
    let apart = diagram.apart(*edge, Edge::Leaf(leaf));
    let world = |beyond| ways.world(Some(branch), beyond, Exactly::Anything);
    apart.into_iter().map(world).collect()
}

/// Worlds in which it matters which of two branches of the node is taken, either way.
pub(super) fn beyond(
    diagram: &Diagram,
    node: &DiagramNode,
    ways: &Ways,
    branches: (usize, usize),
) -> Vec<World> {
    let apart = apart(diagram, node, branches).into_iter();
    let apart = apart.map(|beyond| ways.world(None, beyond, Exactly::Anything));
    apart.collect()
}

fn apart(diagram: &Diagram, node: &DiagramNode, (x, y): (usize, usize)) -> Vec<Vec<Step>> {
    match (node.next.get(x), node.next.get(y)) {
        (Some(a), Some(b)) => diagram.apart(*a, *b),
        _ => Vec::new(),
    }
}
