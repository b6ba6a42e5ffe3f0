//! Coordinates: every item as near as can be to its neighbours above and below, in the given order and
//! without touching. For one layer this is a regression under an order, which pooling solves exactly
//! (R. Barlow et al., "Statistical Inference under Order Restrictions", 1972); the layers take turns.

use super::order::in_line;
use super::{APART, Layers};

const SWEEPS: usize = 40;

pub(super) fn place(layers: &mut Layers) {
    let count = layers.items.len();
    // How strongly an item is drawn to another one: long lines are to be straight.
    let mut pulls: Vec<Vec<(usize, f64)>> = vec![Vec::new(); count];
    for chain in &layers.chains {
        for pair in chain.items.windows(2) {
            let [a, b] = pair else { continue };
            let line = |i: usize| layers.items.get(i).is_some_and(|i| in_line(i.what));
            let pull = match (line(*a), line(*b)) {
                (true, true) => 8.0,
                (false, false) => 1.0,
                _ => 2.0,
            };
            if let Some(list) = pulls.get_mut(*a) {
                list.push((*b, pull));
            }
            if let Some(list) = pulls.get_mut(*b) {
                list.push((*a, pull));
            }
        }
    }
    let ranks = layers.ranks.clone();
    for rank in &ranks {
        let mut left = 0.0;
        let whole: f64 = rank.iter().map(|i| width(layers, *i) + APART).sum();
        for item in rank {
            let w = width(layers, *item);
            set(layers, *item, left + w / 2.0 - whole / 2.0);
            left += w + APART;
        }
    }
    for sweep in 0..SWEEPS {
        if sweep > 0 && sweep % 8 == 0 {
            upright(layers, &ranks);
        }
        let down = sweep % 2 == 0;
        let mut order: Vec<&Vec<usize>> = ranks.iter().collect();
        if !down {
            order.reverse();
        }
        for rank in order {
            // At first one side only, so that everything finds its place; then both.
            let one_side = sweep < 8;
            let wanted: Vec<(f64, f64)> = rank
                .iter()
                .map(|item| wish(layers, &pulls, *item, one_side, down))
                .collect();
            let half: Vec<f64> = rank.iter().map(|i| width(layers, *i) / 2.0).collect();
            let found = pooled(&wanted, &half);
            for (item, x) in rank.iter().zip(found) {
                set(layers, *item, x);
            }
        }
    }
    straighten(layers);
    let edge =
        |layers: &Layers, i: usize| layers.items.get(i).map_or(0.0, |it| it.x - it.width / 2.0);
    let left = (0..count)
        .map(|i| edge(layers, i))
        .fold(f64::INFINITY, f64::min);
    for item in &mut layers.items {
        item.x = ((item.x - left) * 2.0).round() / 2.0;
    }
}

/// Sweeps let tall drawings lean: each layer is moved as a whole, by what the layers around it are off
/// the middle.
fn upright(layers: &mut Layers, ranks: &[Vec<usize>]) {
    const AROUND: usize = 16;
    if ranks.len() < 4 * AROUND {
        return;
    }
    let middle = |layers: &Layers, rank: &Vec<usize>| {
        let of = |i: &usize| layers.items.get(*i);
        let left = rank.iter().filter_map(of).map(|i| i.x - i.width / 2.0);
        let right = rank.iter().filter_map(of).map(|i| i.x + i.width / 2.0);
        let ends = (
            left.fold(f64::INFINITY, f64::min),
            right.fold(f64::NEG_INFINITY, f64::max),
        );
        if rank.is_empty() {
            0.0
        } else {
            (ends.0 + ends.1) / 2.0
        }
    };
    let middles: Vec<f64> = ranks.iter().map(|r| middle(layers, r)).collect();
    for (rank, at) in ranks.iter().zip(0_usize..) {
        let near = at.saturating_sub(AROUND)..(at + AROUND + 1).min(middles.len());
        let near = middles.get(near).unwrap_or_default();
        let count = f64::from(u32::try_from(near.len()).unwrap_or(1).max(1));
        let off = near.iter().sum::<f64>() / count;
        for item in rank {
            let x = layers.items.get(*item).map_or(0.0, |i| i.x);
            set(layers, *item, x - off);
        }
    }
}

/// Where there is room, the items of a line between its ends stand exactly below each other: all of
/// them, or as many as can.
fn straighten(layers: &mut Layers) {
    const ROUNDS: usize = 3;
    let mut place = vec![0; layers.items.len()];
    for rank in &layers.ranks {
        for (item, at) in rank.iter().zip(0..) {
            if let Some(p) = place.get_mut(*item) {
                *p = at;
            }
        }
    }
    let lines: Vec<Vec<usize>> = layers
        .chains
        .iter()
        .map(|chain| {
            let inner = chain.items.iter().copied();
            let line = |i: &usize| layers.items.get(*i).is_some_and(|i| in_line(i.what));
            inner.filter(line).collect()
        })
        .collect();
    for _ in 0..ROUNDS {
        for line in &lines {
            let mut run: Vec<usize> = Vec::new();
            let mut room = (f64::NEG_INFINITY, f64::INFINITY);
            for item in line {
                let own = free(layers, &place, *item);
                let both = (room.0.max(own.0), room.1.min(own.1));
                if both.0 > both.1 {
                    align(layers, &run, room);
                    run.clear();
                    room = own;
                } else {
                    room = both;
                }
                run.push(*item);
            }
            align(layers, &run, room);
        }
    }
}

/// Between which places an item can be moved without touching its neighbours.
fn free(layers: &Layers, place: &[usize], item: usize) -> (f64, f64) {
    let Some(own) = layers.items.get(item) else {
        return (0.0, 0.0);
    };
    let at = place.get(item).copied().unwrap_or(0);
    let rank = layers.ranks.get(own.rank);
    let near = |at: Option<usize>| {
        let other = at.and_then(|at| rank?.get(at));
        other.and_then(|i| layers.items.get(*i))
    };
    let apart = |other: &super::Item| (other.width + own.width) / 2.0 + APART;
    let low = near(at.checked_sub(1)).map_or(f64::NEG_INFINITY, |o| o.x + apart(o));
    let high = near(at.checked_add(1)).map_or(f64::INFINITY, |o| o.x - apart(o));
    (low.min(own.x), high.max(own.x))
}

fn align(layers: &mut Layers, run: &[usize], (low, high): (f64, f64)) {
    if run.len() < 2 {
        return;
    }
    let count = f64::from(u32::try_from(run.len()).unwrap_or(u32::MAX));
    let xs = run.iter().filter_map(|i| layers.items.get(*i)).map(|i| i.x);
    let mean = xs.sum::<f64>() / count;
    for item in run {
        set(layers, *item, mean.max(low).min(high));
    }
}

fn width(layers: &Layers, item: usize) -> f64 {
    layers.items.get(item).map_or(0.0, |i| i.width)
}

fn set(layers: &mut Layers, item: usize, x: f64) {
    if let Some(item) = layers.items.get_mut(item) {
        item.x = x;
    }
}

/// Where an item wants to stand, and how much.
fn wish(
    layers: &Layers,
    pulls: &[Vec<(usize, f64)>],
    item: usize,
    one_side: bool,
    down: bool,
) -> (f64, f64) {
    let here = layers.items.get(item);
    let (x, rank) = here.map_or((0.0, 0), |i| (i.x, i.rank));
    let (mut sum, mut weight) = (0.0, 0.0);
    for (other, pull) in pulls.get(item).into_iter().flatten() {
        let Some(other) = layers.items.get(*other) else {
            continue;
        };
        if one_side && (other.rank < rank) != down {
            continue;
        }
        sum += other.x * pull;
        weight += pull;
    }
    if weight > 0.0 {
        (sum / weight, weight)
    } else {
        (x, 0.05)
    }
}

/// The places nearest to those wanted, by weighted squares, with neighbours apart.
pub(super) fn pooled(wanted: &[(f64, f64)], half: &[f64]) -> Vec<f64> {
    // Without the room that items take it is a regression that must not fall.
    let mut shift = Vec::with_capacity(wanted.len());
    let mut at = 0.0;
    for (i, h) in half.iter().enumerate() {
        if i > 0 {
            at += half.get(i - 1).copied().unwrap_or(0.0) + h + APART;
        }
        shift.push(at);
    }
    // Blocks: mean, weight, length.
    let mut blocks: Vec<(f64, f64, usize)> = Vec::new();
    for ((x, weight), shift) in wanted.iter().zip(&shift) {
        blocks.push((x - shift, *weight, 1));
        while let [.., a, b] = blocks.as_slice() {
            if a.0 <= b.0 {
                break;
            }
            let weight = a.1 + b.1;
            let joined = ((a.0 * a.1 + b.0 * b.1) / weight, weight, a.2 + b.2);
            blocks.truncate(blocks.len() - 2);
            blocks.push(joined);
        }
    }
    let each = blocks
        .into_iter()
        .flat_map(|(mean, _, n)| std::iter::repeat_n(mean, n));
    each.zip(shift).map(|(mean, shift)| mean + shift).collect()
}
