//! Where everything stands: a layered drawing, from top to bottom.
//!
//! The steps are those of K. Sugiyama, S. Tagawa and M. Toda, "Methods for Visual Understanding of
//! Hierarchical System Structures" (1981), with the refinements of E. Gansner, E. Koutsofios, S. North
//! and K.-P. Vo, "A Technique for Drawing Directed Graphs" (1993): cycles are broken and layers found
//! (`rank`), crossings reduced (`order`), coordinates found (`place`), and edges led (`route`).
//!
//! What an edge says stands in the drawing as a box of its own, on the layer between its ends; so no
//! two texts can meet, and no line crosses a text. In large drawings an edge that would run across
//! everything ends in a box that names where it leads.

mod order;
mod place;
mod rank;
mod route;

use super::text::{width, wrapped};
use super::{Edge, Kind, Node, Scene, Tone};

/// Most nodes that are drawn.
pub const NODES_MAX: usize = 4_000;

/// Sizes of text and the distance of lines, for names and for all else.
pub const NAME: (f64, f64) = (13.0, 17.0);
/// See [`NAME`].
pub const SMALL: (f64, f64) = (11.0, 14.0);
/// Columns after which text breaks: names, what a node does, what an edge says.
const BREAKS: (usize, usize, usize) = (28, 32, 28);
/// The least height of an edge from a node to itself.
const LOOP: f64 = 24.0;
/// Between neighbours on a layer.
const APART: f64 = 16.0;
/// A drawing is large from so many nodes on; then edges end early that span more layers than that, or
/// lead to a node with more edges than that.
const LARGE: (usize, usize, usize) = (24, 8, 7);

/// What a box stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// A node.
    Node(usize),
    /// What an edge says.
    Label(usize),
    /// What an edge says, and where it leads: its line ends there.
    Jump(usize),
    /// A bend of an edge's line: nothing to see.
    Bend(usize),
}

/// A line of text in a box.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The text.
    pub text: String,
    /// Whether it is a name.
    pub name: bool,
}

/// A box with its place.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct Boxed {
    pub what: What,
    pub left: f64,
    pub top: f64,
    pub width: f64,
    pub height: f64,
    pub lines: Vec<Line>,
}

/// The line of an edge: pieces that are each drawn in one go, the last one to the arrow's head. Every
/// piece is a start and Bézier curves, each with two handles and an end.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct Arrow {
    pub edge: usize,
    pub pieces: Vec<(Point, Vec<[Point; 3]>)>,
}

/// Across and down.
pub type Point = (f64, f64);

/// A drawing.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct Drawing {
    pub width: f64,
    pub height: f64,
    pub boxes: Vec<Boxed>,
    pub arrows: Vec<Arrow>,
}

/// A box on its layer.
struct Item {
    what: What,
    lines: Vec<Line>,
    width: f64,
    height: f64,
    rank: usize,
    /// The middle.
    x: f64,
    /// Room on the right side that the box itself doesn't take: for an edge from a node to itself.
    spare: f64,
    /// The height of those edges, one below the other.
    loops: f64,
}

/// An edge as items from layer to layer, the upper one first.
struct Chain {
    edge: usize,
    items: Vec<usize>,
    /// Whether the edge leads upwards.
    upwards: bool,
}

/// The layers and everything on them.
struct Layers {
    items: Vec<Item>,
    chains: Vec<Chain>,
    /// Items of each layer, from left to right.
    ranks: Vec<Vec<usize>>,
}

/// Finds places for everything in a scene.
#[must_use]
pub fn layout(scene: &Scene) -> Drawing {
    let ranked = rank::rank(scene);
    let mut layers = layers(scene, &ranked);
    order::reduce_crossings(&mut layers);
    place::place(&mut layers);
    route::drawing(scene, &layers)
}

/// Everything that is to stand in the drawing, on its layer, in a first order.
fn layers(scene: &Scene, ranked: &rank::Ranked) -> Layers {
    let mut items: Vec<Item> = scene
        .nodes
        .iter()
        .zip(0..)
        .zip(&ranked.ranks)
        .map(|((node, i), rank)| item(What::Node(i), node_lines(node), 2 * rank))
        .collect();
    let large = scene.nodes.len() >= LARGE.0;
    let mut into = vec![0_usize; scene.nodes.len()];
    for edge in &scene.edges {
        if let Some(n) = into.get_mut(edge.to) {
            *n += 1;
        }
    }
    let mut chains = Vec::new();
    for (edge, index) in scene.edges.iter().zip(0..) {
        let rank_of = |n: usize| ranked.ranks.get(n).copied().unwrap_or(0);
        let (from, to) = (rank_of(edge.from), rank_of(edge.to));
        if edge.from == edge.to {
            let lines = label_lines(edge);
            let (label, height) = size(&lines);
            if let Some(node) = items.get_mut(edge.from) {
                node.spare = node.spare.max(label + 44.0);
                node.loops += height.max(LOOP) + 4.0;
                node.height = node.height.max(node.loops + 8.0);
            }
            continue;
        }
        let upwards = from > to;
        let (top, bottom) = (from.min(to), from.max(to));
        let crowded = into.get(edge.to).is_some_and(|n| *n > LARGE.2);
        let span = bottom - top;
        if large && (span > LARGE.1 || crowded && (span > 1 || upwards)) {
            let mut lines = label_lines(edge);
            lines.extend(jump_lines(scene, edge.to));
            items.push(item(What::Jump(index), lines, 2 * from + 1));
            chains.push(Chain {
                edge: index,
                items: vec![edge.from, items.len() - 1],
                upwards: false,
            });
            continue;
        }
        let (upper, lower) = if upwards {
            (edge.to, edge.from)
        } else {
            (edge.from, edge.to)
        };
        // What it says stands near the node at which it begins.
        let label_at = if upwards { 2 * bottom - 1 } else { 2 * top + 1 };
        let mut chain = vec![upper];
        for rank in 2 * top + 1..2 * bottom {
            items.push(
                if rank == label_at && edge.label.iter().any(|l| !l.is_empty()) {
                    item(What::Label(index), label_lines(edge), rank)
                } else {
                    item(What::Bend(index), Vec::new(), rank)
                },
            );
            chain.push(items.len() - 1);
        }
        chain.push(lower);
        chains.push(Chain {
            edge: index,
            items: chain,
            upwards,
        });
    }
    let mut ranks: Vec<Vec<usize>> = Vec::new();
    for (item, i) in items.iter_mut().zip(0..) {
        item.width += item.spare;
        if ranks.len() <= item.rank {
            ranks.resize(item.rank + 1, Vec::new());
        }
        if let Some(rank) = ranks.get_mut(item.rank) {
            rank.push(i);
        }
    }
    widen(&mut items, &chains);
    Layers {
        items,
        chains,
        ranks,
    }
}

/// Nodes at which many lines end are wide enough for them.
fn widen(items: &mut [Item], chains: &[Chain]) {
    let mut ends = vec![(0_u32, 0_u32); items.len()];
    for chain in chains {
        if let Some(e) = chain.items.first().and_then(|i| ends.get_mut(*i)) {
            e.0 += 1;
        }
        if let Some(e) = chain.items.last().and_then(|i| ends.get_mut(*i)) {
            e.1 += 1;
        }
    }
    for (item, (below, above)) in items.iter_mut().zip(ends) {
        if matches!(item.what, What::Node(_)) {
            let least = f64::from(below.max(above)).min(40.0) * 12.0 + 12.0 + item.spare;
            item.width = item.width.max(least);
        }
    }
}

fn item(what: What, lines: Vec<Line>, rank: usize) -> Item {
    let (mut width, mut height) = size(&lines);
    match what {
        What::Node(_) => {
            width = (width + 28.0).max(56.0);
            height += 14.0;
        }
        What::Jump(_) => {
            width += 16.0;
            height += 8.0;
        }
        What::Label(_) => {
            width += 6.0;
            height += 4.0;
        }
        What::Bend(_) => width = 6.0,
    }
    Item {
        what,
        lines,
        width,
        height,
        rank,
        x: 0.0,
        spare: 0.0,
        loops: 0.0,
    }
}

/// What lines of text take.
fn size(lines: &[Line]) -> (f64, f64) {
    lines.iter().fold((0.0_f64, 0.0), |(w, h), line| {
        let (size, height) = if line.name { NAME } else { SMALL };
        (w.max(width(&line.text, size)), h + height)
    })
}

fn small(text: &str, columns: usize) -> impl Iterator<Item = Line> {
    let line = |text| Line { text, name: false };
    wrapped(text, columns).into_iter().map(line)
}

fn node_lines(node: &Node) -> Vec<Line> {
    let name = match node.kind {
        Kind::End(class) => format!("{} {}", class.sign(), node.name),
        _ => node.name.clone(),
    };
    let name = wrapped(&name, BREAKS.0).into_iter();
    let mut lines: Vec<Line> = name.map(|text| Line { text, name: true }).collect();
    for about in &node.about {
        lines.extend(small(about, BREAKS.1));
    }
    lines
}

/// What an edge says. Failures that are listed one below the other are easier to read than joined.
pub(super) fn label_lines(edge: &Edge) -> Vec<Line> {
    let all = edge.label.iter();
    all.flat_map(|l| small(l, BREAKS.2)).collect()
}

fn jump_lines(scene: &Scene, to: usize) -> Vec<Line> {
    let Some(node) = scene.nodes.get(to) else {
        return Vec::new();
    };
    let sign = match node.kind {
        Kind::End(class) => class.sign(),
        _ => "→",
    };
    let all = wrapped(&format!("{sign} {}", node.name), BREAKS.0);
    all.into_iter()
        .map(|text| Line { text, name: true })
        .collect()
}

/// How much an edge is worth to be short: what goes well is the spine of the drawing.
fn weight(edge: &Edge) -> u32 {
    match edge.tone {
        Tone::Well => 3,
        Tone::Broken | Tone::Aside => 1,
    }
}
