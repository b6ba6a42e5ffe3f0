//! The product of two diagrams: where they lead to different leaves, and under which condition.

use super::shared::{Key, Node, Store, To};
use super::universe::{Universe, Untold};
use crate::logic::{Formula, IntSet};
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::{BTreeMap, VecDeque};

/// A product may have so many nodes.
const PAIRS_MAX: usize = 200_000;
/// Edges of the product that are looked at, at most.
const EDGES_MAX: usize = 2_000_000;

/// An edge of the product: the answers for which it is taken, and where it leads.
type Edge = (Key, IntSet, (To, To));

/// The pairs of different leaves that the two diagrams may come to together, each with the condition
/// under which they do. Whether some values satisfy it is for the solver to say.
pub(super) fn differences(
    universe: &mut Universe<'_>,
    store: &Store,
    roots: (To, To),
) -> Result<BTreeMap<(u32, u32), Formula>, Untold> {
    let mut found = BTreeMap::new();
    if roots.0 == roots.1 {
        return Ok(found);
    }
    let supports = supports(store);
    let mut edges: FxHashMap<(To, To), Vec<Edge>> = FxHashMap::default();
    let mut before: FxHashMap<(To, To), usize> = FxHashMap::default();
    let mut open = vec![roots];
    let mut looked_at = 0;
    before.insert(roots, 0);
    while let Some(pair) = open.pop() {
        let out = split(store, &supports, pair);
        looked_at += out.len();
        for (_, _, to) in &out {
            match before.get_mut(to) {
                Some(n) => *n += 1,
                None => {
                    before.insert(*to, 1);
                    open.push(*to);
                }
            }
        }
        edges.insert(pair, out);
        if before.len() > PAIRS_MAX || looked_at > EDGES_MAX {
            return Err(Untold(
                "the two are too large to compare at once".to_owned(),
            ));
        }
    }
    // Each pair after all that lead to it.
    let mut ways: FxHashMap<(To, To), Vec<Formula>> = FxHashMap::default();
    ways.insert(roots, vec![Formula::TRUE]);
    let mut ready = VecDeque::from([roots]);
    while let Some(pair) = ready.pop_front() {
        let here = ways.remove(&pair).unwrap_or_default();
        let here = universe.logic.or(&here);
        if let (To::Leaf(a), To::Leaf(b)) = pair {
            if here != Formula::FALSE {
                found.insert((a, b), here);
            }
            continue;
        }
        for (key, set, to) in edges.remove(&pair).unwrap_or_default() {
            let test = universe.answer_in(&key, &set)?;
            let way = universe.logic.and(&[here, test]);
            ways.entry(to).or_default().push(way);
            if let Some(n) = before.get_mut(&to) {
                *n -= 1;
                if *n == 0 {
                    ready.push_back(to);
                }
            }
        }
    }
    Ok(found)
}

/// The questions that a node and those behind it ask.
fn supports(store: &Store) -> Vec<FxHashSet<Key>> {
    let mut all: Vec<FxHashSet<Key>> = Vec::with_capacity(store.nodes.len());
    for node in &store.nodes {
        let mut own = FxHashSet::default();
        own.insert(node.key.clone());
        for (_, to) in &node.cells {
            if let To::Node(n) = to
                && let Some(behind) = all.get(*n as usize)
            {
                own.extend(behind.iter().cloned());
            }
        }
        all.push(own);
    }
    all
}

/// What a pair comes to. Equal ones are left out: behind them nothing differs.
fn split(store: &Store, supports: &[FxHashSet<Key>], (a, b): (To, To)) -> Vec<Edge> {
    let node = |to: To| match to {
        To::Node(n) => store.nodes.get(n as usize),
        To::Leaf(_) => None,
    };
    let asks = |to: To, key: &Key| match to {
        To::Node(n) => supports.get(n as usize).is_some_and(|s| s.contains(key)),
        To::Leaf(_) => false,
    };
    let mut out: Vec<Edge> = Vec::new();
    let mut push = |key: &Key, set: IntSet, to: (To, To)| {
        if to.0 == to.1 || set.is_empty() {
            return;
        }
        match out.iter_mut().find(|(_, _, known)| *known == to) {
            Some((_, known, _)) => *known = known.union(&set),
            None => out.push((key.clone(), set, to)),
        }
    };
    match (node(a), node(b)) {
        (Some(x), Some(y)) if x.key == y.key => {
            for (set, to) in overlaps(x, y) {
                push(&x.key, set, to);
            }
        }
        // What the other side asks later on is left for then.
        (Some(x), Some(y)) if asks(b, &x.key) && !asks(a, &y.key) => {
            for (set, to) in &y.cells {
                push(&y.key, set.clone(), (a, *to));
            }
        }
        (Some(x), _) => {
            for (set, to) in &x.cells {
                push(&x.key, set.clone(), (*to, b));
            }
        }
        (None, Some(y)) => {
            for (set, to) in &y.cells {
                push(&y.key, set.clone(), (a, *to));
            }
        }
        (None, None) => {}
    }
    out
}

/// The answers for which two nodes with one question lead to each pair.
fn overlaps(x: &Node, y: &Node) -> Vec<(IntSet, (To, To))> {
    let ranges = |node: &Node| {
        let mut all: Vec<(i64, i64, To)> = node
            .cells
            .iter()
            .flat_map(|(set, to)| set.ranges().iter().map(|&(l, h)| (l, h, *to)))
            .collect();
        all.sort_unstable();
        all
    };
    let (xs, ys) = (ranges(x), ranges(y));
    let (mut i, mut j) = (0, 0);
    let mut pairs: BTreeMap<(To, To), Vec<(i64, i64)>> = BTreeMap::new();
    while let (Some(&(la, ha, ta)), Some(&(lb, hb, tb))) = (xs.get(i), ys.get(j)) {
        let (low, high) = (la.max(lb), ha.min(hb));
        if low <= high {
            pairs.entry((ta, tb)).or_default().push((low, high));
        }
        if ha <= hb {
            i += 1;
        }
        if hb <= ha {
            j += 1;
        }
    }
    pairs
        .into_iter()
        .map(|(to, ranges)| (IntSet::from_ranges(ranges), to))
        .collect()
}
