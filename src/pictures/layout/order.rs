//! Fewer crossings: medians of neighbours, layer by layer, down and up; then neighbours change places
//! where that helps. The best order seen is kept.

use super::{Layers, What};

const ROUNDS: usize = 16;

/// The neighbours of every item, on the layer above and below.
struct Neighbours {
    up: Vec<Vec<usize>>,
    down: Vec<Vec<usize>>,
}

pub(super) fn reduce_crossings(layers: &mut Layers) {
    let count = layers.items.len();
    let mut near = Neighbours {
        up: vec![Vec::new(); count],
        down: vec![Vec::new(); count],
    };
    for chain in &layers.chains {
        for pair in chain.items.windows(2) {
            if let [a, b] = pair {
                if let Some(list) = near.down.get_mut(*a) {
                    list.push(*b);
                }
                if let Some(list) = near.up.get_mut(*b) {
                    list.push(*a);
                }
            }
        }
    }
    first_order(layers, &near);
    let mut at = places(&layers.ranks, count);
    let mut best = (crossings(&layers.ranks, &near, &at), layers.ranks.clone());
    let mut ranks = layers.ranks.clone();
    let mut idle = 0;
    for round in 0..ROUNDS {
        let down = round % 2 == 0;
        let last = ranks.len();
        let mut by: Vec<usize> = (0..last).collect();
        if !down {
            by.reverse();
        }
        for rank in by {
            let Some(list) = ranks.get_mut(rank) else {
                continue;
            };
            let toward = if down { &near.up } else { &near.down };
            sort_by_median(list, toward, &at);
            write_places(list, &mut at);
        }
        transpose(&mut ranks, &near, &mut at);
        let now = crossings(&ranks, &near, &at);
        if now < best.0 {
            best = (now, ranks.clone());
            idle = 0;
        } else {
            idle += 1;
        }
        if best.0 == 0 || idle > 4 {
            break;
        }
    }
    layers.ranks = best.1;
}

/// From the top, in the order in which a walk comes by.
fn first_order(layers: &mut Layers, near: &Neighbours) {
    let count = layers.items.len();
    let mut seen = vec![false; count];
    let mut ranks: Vec<Vec<usize>> = vec![Vec::new(); layers.ranks.len()];
    let roots: Vec<usize> = layers.ranks.iter().flatten().copied().collect();
    for root in roots {
        let mut stack = vec![root];
        while let Some(item) = stack.pop() {
            match seen.get_mut(item) {
                Some(seen @ false) => *seen = true,
                _ => continue,
            }
            let rank = layers.items.get(item).map_or(0, |i| i.rank);
            if let Some(list) = ranks.get_mut(rank) {
                list.push(item);
            }
            stack.extend(near.down.get(item).into_iter().flatten().rev());
        }
    }
    layers.ranks = ranks;
}

fn places(ranks: &[Vec<usize>], count: usize) -> Vec<usize> {
    let mut at = vec![0; count];
    for list in ranks {
        write_places(list, &mut at);
    }
    at
}

fn write_places(list: &[usize], at: &mut [usize]) {
    for (item, place) in list.iter().zip(0..) {
        if let Some(a) = at.get_mut(*item) {
            *a = place;
        }
    }
}

/// Items without neighbours there keep their places.
fn sort_by_median(list: &mut Vec<usize>, toward: &[Vec<usize>], at: &[usize]) {
    let median = |item: usize| -> Option<usize> {
        let mut all: Vec<usize> = toward
            .get(item)?
            .iter()
            .filter_map(|n| at.get(*n).copied())
            .collect();
        all.sort_unstable();
        let middle = all.len() / 2;
        let high = *all.get(middle)?;
        // Twice the median, so that the mean of two is whole.
        Some(if all.len() % 2 == 1 {
            2 * high
        } else {
            high + all.get(middle - 1).copied().unwrap_or(high)
        })
    };
    let keys: Vec<Option<usize>> = list.iter().map(|i| median(*i)).collect();
    let mut free: Vec<(usize, usize)> = list
        .iter()
        .zip(&keys)
        .filter_map(|(i, k)| Some(((*k)?, *i)))
        .collect();
    free.sort_by_key(|(key, _)| *key);
    let mut sorted = free.into_iter().map(|(_, i)| i);
    let made: Vec<usize> = list
        .iter()
        .zip(&keys)
        .map(|(i, key)| match key {
            Some(_) => sorted.next().unwrap_or(*i),
            None => *i,
        })
        .collect();
    *list = made;
}

/// Changes neighbours as long as that removes crossings.
fn transpose(ranks: &mut [Vec<usize>], near: &Neighbours, at: &mut [usize]) {
    const TIMES: usize = 6;
    for _ in 0..TIMES {
        let mut better = false;
        for list in ranks.iter_mut() {
            for i in 1..list.len() {
                let (Some(&a), Some(&b)) = (list.get(i - 1), list.get(i)) else {
                    continue;
                };
                let cross = |x: usize, y: usize| {
                    between(&near.up, x, y, at) + between(&near.down, x, y, at)
                };
                if cross(a, b) > cross(b, a) {
                    list.swap(i - 1, i);
                    if let Some(p) = at.get_mut(a) {
                        *p = i;
                    }
                    if let Some(p) = at.get_mut(b) {
                        *p = i - 1;
                    }
                    better = true;
                }
            }
        }
        if !better {
            break;
        }
    }
}

/// Crossings of the edges of two neighbours, if `a` stands left of `b`.
fn between(toward: &[Vec<usize>], a: usize, b: usize, at: &[usize]) -> usize {
    let of = |item: usize| toward.get(item).map(Vec::as_slice).unwrap_or_default();
    let place = |n: &usize| at.get(*n).copied().unwrap_or(0);
    of(a)
        .iter()
        .map(|x| of(b).iter().filter(|y| place(y) < place(x)).count())
        .sum()
}

/// All crossings, counted with a tree of sums.
fn crossings(ranks: &[Vec<usize>], near: &Neighbours, at: &[usize]) -> usize {
    let mut sum = 0;
    for pair in ranks.windows(2) {
        let [upper, lower] = pair else { continue };
        let mut tree = vec![0_usize; lower.len() + 1];
        let mut all = 0;
        for item in upper {
            let mut ends: Vec<usize> = near
                .down
                .get(*item)
                .into_iter()
                .flatten()
                .filter_map(|n| at.get(*n).copied())
                .collect();
            ends.sort_unstable();
            for end in &ends {
                // Those before it that end further right.
                let mut known = 0;
                let mut i = end + 1;
                while i > 0 {
                    known += tree.get(i).copied().unwrap_or(0);
                    i &= i - 1;
                }
                sum += all - known;
            }
            for end in ends {
                all += 1;
                let mut i = end + 1;
                while let Some(n) = tree.get_mut(i) {
                    *n += 1;
                    i += i & i.wrapping_neg();
                }
            }
        }
    }
    sum
}

/// Whether an item is part of a line.
pub(super) fn in_line(what: What) -> bool {
    matches!(what, What::Bend(_) | What::Label(_))
}
