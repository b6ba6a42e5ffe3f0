//! Layers: cycles are broken where a search from the start finds them, every node stands below all
//! that lead to it, and nodes with more behind them than before them move down as far as they can.

use super::super::{Kind, Scene};
use super::weight;

/// The layer of every node, from 0.
pub(super) struct Ranked {
    pub(super) ranks: Vec<usize>,
}

pub(super) fn rank(scene: &Scene) -> Ranked {
    let count = scene.nodes.len();
    let mut out: Vec<Vec<usize>> = vec![Vec::new(); count];
    for edge in &scene.edges {
        if edge.from != edge.to
            && edge.to < count
            && let Some(list) = out.get_mut(edge.from)
        {
            list.push(edge.to);
        }
    }
    let (order, position) = finish(scene, &out);
    // An edge leads down if it leads forward in this order, whichever way it was written.
    let mut down: Vec<Vec<(usize, u32)>> = vec![Vec::new(); count];
    let mut up: Vec<Vec<(usize, u32)>> = vec![Vec::new(); count];
    for edge in &scene.edges {
        let at = |n: usize| position.get(n).copied().unwrap_or(0);
        let (upper, lower) = if at(edge.from) <= at(edge.to) {
            (edge.from, edge.to)
        } else {
            (edge.to, edge.from)
        };
        if upper != lower
            && let (Some(a), Some(b)) = (down.get_mut(upper), up.get_mut(lower))
        {
            a.push((lower, weight(edge)));
            b.push((upper, weight(edge)));
        }
    }
    let mut ranks = vec![0_usize; count];
    for node in &order {
        let above = up.get(*node).into_iter().flatten();
        let rank = above.filter_map(|(n, _)| ranks.get(*n)).max();
        let rank = rank.map_or(0, |r| r + 1);
        if let Some(r) = ranks.get_mut(*node) {
            *r = rank;
        }
    }
    settle(scene, &order, &up, &down, &mut ranks);
    let least = ranks.iter().min().copied().unwrap_or(0);
    for rank in &mut ranks {
        *rank -= least;
    }
    Ranked { ranks }
}

/// All nodes so that edges lead forward, but for those that close a cycle in a depth-first search
/// from the start.
fn finish(scene: &Scene, out: &[Vec<usize>]) -> (Vec<usize>, Vec<usize>) {
    let count = scene.nodes.len();
    let mut seen = vec![false; count];
    let mut finished = Vec::with_capacity(count);
    // What nothing leads to comes after the start; it is placed before what it leads to all the same.
    let anywhere = |i: &usize| {
        scene
            .nodes
            .get(*i)
            .is_some_and(|n| n.kind == Kind::Anywhere)
    };
    let first = (0..count).filter(|i| !anywhere(i));
    let roots = first.chain((0..count).filter(anywhere));
    for root in roots {
        // The stack is kept by hand: flows can be deep.
        let mut stack = vec![(root, 0_usize)];
        match seen.get_mut(root) {
            Some(seen @ false) => *seen = true,
            _ => continue,
        }
        while let Some((node, next)) = stack.last_mut() {
            let to = out.get(*node).and_then(|l| l.get(*next)).copied();
            *next += 1;
            match to {
                Some(to) => {
                    if let Some(known @ false) = seen.get_mut(to) {
                        *known = true;
                        stack.push((to, 0));
                    }
                }
                None => {
                    finished.push(*node);
                    stack.pop();
                }
            }
        }
    }
    finished.reverse();
    let mut position = vec![0; count];
    for (node, at) in finished.iter().zip(0..) {
        if let Some(p) = position.get_mut(*node) {
            *p = at;
        }
    }
    (finished, position)
}

/// Moves nodes down as long as that makes edges shorter.
fn settle(
    scene: &Scene,
    order: &[usize],
    up: &[Vec<(usize, u32)>],
    down: &[Vec<(usize, u32)>],
    ranks: &mut [usize],
) {
    const ROUNDS: usize = 8;
    for _ in 0..ROUNDS {
        let mut moved = false;
        for node in order.iter().rev() {
            let below = down.get(*node).into_iter().flatten();
            let Some(least) = below.filter_map(|(n, _)| ranks.get(*n)).min().copied() else {
                continue;
            };
            let weigh = |list: Option<&Vec<(usize, u32)>>| -> u32 {
                list.into_iter().flatten().map(|(_, w)| w).sum()
            };
            let start = scene
                .nodes
                .get(*node)
                .is_some_and(|n| n.kind == Kind::Start);
            let gain = weigh(down.get(*node)) > weigh(up.get(*node));
            if let Some(rank) = ranks.get_mut(*node)
                && gain
                && !start
                && *rank + 1 < least
            {
                *rank = least - 1;
                moved = true;
            }
        }
        if !moved {
            break;
        }
    }
}
