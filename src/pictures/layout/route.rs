//! Heights of layers, and the lines of edges: straight through the layers, curved between them, so
//! that no line meets a box that it doesn't belong to.

use super::{Arrow, Boxed, Chain, Drawing, Item, LOOP, Layers, Point, What, label_lines, size};
use crate::pictures::Scene;
use std::collections::BTreeMap;

/// Around the drawing.
const MARGIN: f64 = 16.0;
/// Between layers: the least and the most.
const GAP: (f64, f64) = (18.0, 80.0);

/// Tops and heights of the layers.
struct Bands(Vec<(f64, f64)>);

impl Bands {
    fn top(&self, item: &Item) -> f64 {
        let (top, height) = self.of(item);
        top + (height - item.height) / 2.0
    }

    fn of(&self, item: &Item) -> (f64, f64) {
        self.0.get(item.rank).copied().unwrap_or((0.0, 0.0))
    }
}

pub(super) fn drawing(scene: &Scene, layers: &Layers) -> Drawing {
    let bands = bands(layers);
    let mut boxes = Vec::new();
    for item in &layers.items {
        if matches!(item.what, What::Bend(_)) {
            continue;
        }
        boxes.push(Boxed {
            what: item.what,
            left: MARGIN + item.x - item.width / 2.0,
            top: bands.top(item),
            width: item.width - item.spare,
            height: item.height,
            lines: item.lines.clone(),
        });
    }
    let ports = ports(layers);
    let mut arrows: Vec<Arrow> = layers
        .chains
        .iter()
        .zip(0..)
        .map(|(chain, i)| arrow(layers, &bands, &ports, chain, i))
        .collect();
    for (edge, index) in scene.edges.iter().zip(0..) {
        let node = layers.items.get(edge.from);
        if let Some(node) = node.filter(|_| edge.from == edge.to) {
            let (own, label) = around(scene, node, index, &bands);
            arrows.push(own);
            boxes.push(label);
        }
    }
    let right = boxes.iter().map(|b| b.left + b.width);
    let bends = layers.items.iter().map(|i| MARGIN + i.x + i.width / 2.0);
    let last = bands.0.last().map_or(0.0, |(top, height)| top + height);
    Drawing {
        width: right.chain(bends).fold(0.0, f64::max) + MARGIN,
        height: last + MARGIN,
        boxes,
        arrows,
    }
}

/// Layers below each other, further apart where lines have a long way to go.
fn bands(layers: &Layers) -> Bands {
    let item = |i: &usize| layers.items.get(*i);
    let mut far = vec![0.0_f64; layers.ranks.len()];
    for chain in &layers.chains {
        for pair in chain.items.windows(2) {
            let [a, b] = pair else { continue };
            if let (Some(a), Some(b)) = (item(a), item(b))
                && let Some(far) = far.get_mut(a.rank)
            {
                *far = far.max((a.x - b.x).abs());
            }
        }
    }
    let mut all = Vec::new();
    let mut top = MARGIN;
    for (rank, far) in layers.ranks.iter().zip(far) {
        let heights = rank.iter().filter_map(item).map(|i| i.height);
        let height = heights.fold(0.0, f64::max);
        all.push((top, height));
        top += height + (far * 0.09).clamp(GAP.0, GAP.1);
    }
    Bands(all)
}

/// Where chains begin and end at their nodes, by the number of the chain.
struct Ports {
    begin: BTreeMap<usize, f64>,
    end: BTreeMap<usize, f64>,
}

/// Spreads the lines of a node over its side, in the order of where they come from.
fn ports(layers: &Layers) -> Ports {
    let x = |i: Option<&usize>| i.and_then(|i| layers.items.get(*i)).map_or(0.0, |i| i.x);
    // By node: the place of the neighbour, and the chain.
    let mut below: BTreeMap<usize, Vec<(f64, usize)>> = BTreeMap::new();
    let mut above: BTreeMap<usize, Vec<(f64, usize)>> = BTreeMap::new();
    for (chain, i) in layers.chains.iter().zip(0..) {
        let items = &chain.items;
        if let (Some(first), Some(last)) = (items.first(), items.last()) {
            let list = below.entry(*first).or_default();
            list.push((x(items.get(1)), i));
            let list = above.entry(*last).or_default();
            let before = items.len().checked_sub(2).and_then(|k| items.get(k));
            list.push((x(before), i));
        }
    }
    let spread = |sides: BTreeMap<usize, Vec<(f64, usize)>>| {
        let mut ports = BTreeMap::new();
        for (node, mut list) in sides {
            let Some(node) = layers.items.get(node) else {
                continue;
            };
            list.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            let left = node.x - node.width / 2.0 + 10.0;
            let room = (node.width - node.spare - 20.0).max(0.0);
            let gaps = f64::from(u32::try_from(list.len().max(2) - 1).unwrap_or(1));
            let apart = (room / gaps).min(14.0);
            let mut least = f64::NEG_INFINITY;
            let mut after = gaps;
            for (k, (want, chain)) in list.iter().enumerate() {
                let before = f64::from(u32::try_from(k).unwrap_or(0));
                let low = (left + before * apart).max(least);
                let high = if list.len() == 1 {
                    left + room
                } else {
                    left + room - after * apart
                };
                let x = want.min(high).max(low);
                ports.insert(*chain, x);
                least = x + apart;
                after -= 1.0;
            }
        }
        ports
    };
    Ports {
        begin: spread(below),
        end: spread(above),
    }
}

fn arrow(layers: &Layers, bands: &Bands, ports: &Ports, chain: &Chain, index: usize) -> Arrow {
    // Stretches in which the line is straight: from here, to there, and whether text stands between.
    let mut stops: Vec<(Point, Point, bool)> = Vec::new();
    let last = chain.items.len().saturating_sub(1);
    for (k, i) in chain.items.iter().enumerate() {
        let Some(item) = layers.items.get(*i) else {
            continue;
        };
        let (band_top, band_height) = bands.of(item);
        let (top, bottom) = (bands.top(item), bands.top(item) + item.height);
        let x = match k {
            0 => ports.begin.get(&index),
            k if k == last => ports.end.get(&index),
            _ => None,
        };
        let x = MARGIN + x.copied().unwrap_or(item.x);
        let (band_end, text) = (band_top + band_height, matches!(item.what, What::Label(_)));
        stops.push(match k {
            0 => ((x, bottom), (x, band_end), false),
            k if k == last => ((x, band_top), (x, top), false),
            _ if text => ((x, band_top), (x, band_end), true),
            _ => ((x, band_top), (x, band_end), false),
        });
        // The line stops at the text and goes on behind it.
        if text {
            let (a, b) = ((x, top), (x, bottom));
            if let Some(stop) = stops.last_mut() {
                *stop = ((x, band_top), a, true);
            }
            stops.push((b, (x, band_end), false));
        }
    }
    let mut pieces: Vec<(Point, Vec<[Point; 3]>)> = Vec::new();
    let mut open: Option<(Point, Vec<[Point; 3]>)> = None;
    for (from, to, text) in stops {
        let (_, curves) = match &mut open {
            Some(piece) => {
                let at = piece.1.last().map_or(piece.0, |c| c[2]);
                piece.1.push(curve(at, from));
                piece
            }
            None => open.insert((from, Vec::new())),
        };
        if to != from {
            curves.push(curve(from, to));
        }
        if text {
            pieces.extend(open.take());
        }
    }
    pieces.extend(open);
    if chain.upwards {
        pieces.reverse();
        for piece in &mut pieces {
            *piece = backwards(piece);
        }
    }
    Arrow {
        edge: chain.edge,
        pieces,
    }
}

/// From a point to one further down, leaving and coming in straight.
fn curve(from: Point, to: Point) -> [Point; 3] {
    let middle = (from.1 + to.1) / 2.0;
    [(from.0, middle), (to.0, middle), to]
}

fn backwards(piece: &(Point, Vec<[Point; 3]>)) -> (Point, Vec<[Point; 3]>) {
    let (start, curves) = piece;
    let end = curves.last().map_or(*start, |c| c[2]);
    let mut made = Vec::new();
    for (i, [a, b, _]) in curves.iter().enumerate().rev() {
        let before = i.checked_sub(1).and_then(|k| curves.get(k));
        made.push([*b, *a, before.map_or(*start, |c| c[2])]);
    }
    (end, made)
}

/// An edge from a node to itself, at its right side, with what it says.
fn around(scene: &Scene, node: &Item, edge: usize, bands: &Bands) -> (Arrow, Boxed) {
    let right = MARGIN + node.x + node.width / 2.0 - node.spare;
    let lines_of = |i: usize| scene.edges.get(i).map(label_lines).unwrap_or_default();
    let lines = lines_of(edge);
    let (width, height) = size(&lines);
    // One below the other, if there are several.
    let mut top = bands.top(node) + (node.height - node.loops) / 2.0;
    let of = scene.edges.get(edge).map(|e| e.from);
    for (other, i) in scene.edges.iter().zip(0..edge) {
        if other.from == other.to && Some(other.from) == of {
            top += size(&lines_of(i)).1.max(LOOP) + 4.0;
        }
    }
    let middle = top + (height.max(LOOP) + 4.0) / 2.0;
    let (high, low, out) = (middle - 8.0, middle + 8.0, right + 26.0);
    let arrow = Arrow {
        edge,
        pieces: vec![(
            (right, high),
            vec![
                [(out, high - 6.0), (out, middle), (out, middle)],
                [(out, middle), (out, low + 6.0), (right, low)],
            ],
        )],
    };
    let label = Boxed {
        what: What::Label(edge),
        left: right + 32.0,
        top: middle - height / 2.0,
        width: width + 6.0,
        height,
        lines,
    };
    (arrow, label)
}
