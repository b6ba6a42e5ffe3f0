//! Integer terms with arbitrary finite domains, and bounds on their differences.
//!
//! A bound on a difference, and any set of values for one term, are closed under taking the least of
//! two solutions (min-closed: Jeavons and Cooper 1995, "Tractable constraints on ordered domains").
//! So pushing lower bounds up until nothing changes finds the least solution, or shows that there is
//! none. Circles that push each other up for ever are refuted first, by Bellman's and Ford's way of
//! finding negative circles. A difference whose set has gaps is tried one interval at a time.

use crate::logic::formula::Difference;
use crate::logic::{Budget, IntSet, OutOfBudget, Term};
use std::collections::BTreeMap;

const WHAT: &str = "comparing values with one another";

/// The least solution, if there is one.
pub(super) fn least(
    domains: &BTreeMap<Term, IntSet>,
    differences: &[(Difference, IntSet)],
    budget: &mut Budget,
) -> Result<Option<BTreeMap<Term, i64>>, OutOfBudget> {
    let mut chosen = vec![0usize; differences.len()];
    loop {
        let bounds: Vec<(Difference, i64, i64)> = differences
            .iter()
            .zip(&chosen)
            .filter_map(|((d, set), &i)| set.ranges().get(i).map(|&(l, h)| (*d, l, h)))
            .collect();
        if bounds.len() < differences.len() {
            return Ok(None);
        }
        if let Some(found) = within(domains, &bounds, budget)? {
            return Ok(Some(found));
        }
        // The next choice of intervals, counting like an odometer.
        let mut at = 0;
        loop {
            let Some(((_, set), choice)) = differences.get(at).zip(chosen.get_mut(at)) else {
                return Ok(None);
            };
            *choice += 1;
            if *choice < set.ranges().len() {
                break;
            }
            *choice = 0;
            at += 1;
        }
    }
}

fn within(
    domains: &BTreeMap<Term, IntSet>,
    bounds: &[(Difference, i64, i64)],
    budget: &mut Budget,
) -> Result<Option<BTreeMap<Term, i64>>, OutOfBudget> {
    let mut values: BTreeMap<Term, i64> = BTreeMap::new();
    for (term, set) in domains {
        let Some(&(low, _)) = set.ranges().first() else {
            return Ok(None);
        };
        values.insert(*term, low);
    }
    if circle(domains, bounds, budget)? {
        return Ok(None);
    }
    loop {
        let mut changed = false;
        for (d, low, high) in bounds {
            budget.spend(1, WHAT)?;
            let (Some(&a), Some(&b)) = (values.get(&d.a), values.get(&d.b)) else {
                continue;
            };
            let (ka, kb) = (i128::from(d.ka), i128::from(d.kb));
            // ka·a ≥ low + kb·b, unless the set has no lower end.
            if *low != i64::MIN {
                let need = ceil(i128::from(*low) + kb * i128::from(b), ka);
                if !raise(domains, &mut values, d.a, a, need, &mut changed) {
                    return Ok(None);
                }
            }
            let a = values.get(&d.a).copied().unwrap_or(a);
            if *high != i64::MAX {
                let need = ceil(ka * i128::from(a) - i128::from(*high), kb);
                if !raise(domains, &mut values, d.b, b, need, &mut changed) {
                    return Ok(None);
                }
            }
        }
        if !changed {
            return Ok(Some(values));
        }
    }
}

fn ceil(n: i128, by: i128) -> i128 {
    -((-n).div_euclid(by.max(1)))
}

/// Raises a value to the next one of its domain that is at least `need`; false if there is none.
fn raise(
    domains: &BTreeMap<Term, IntSet>,
    values: &mut BTreeMap<Term, i64>,
    term: Term,
    now: i64,
    need: i128,
    changed: &mut bool,
) -> bool {
    if need <= i128::from(now) {
        return true;
    }
    let Ok(need) = i64::try_from(need) else {
        return false;
    };
    match domains.get(&term).and_then(|set| set.next_from(need)) {
        Some(next) => {
            values.insert(term, next);
            *changed = true;
            true
        }
        None => false,
    }
}

/// Whether the bounds contradict each other round a circle, domains seen as plain ranges. Terms are
/// brought to common units first; where the factors don't agree on any, nothing is said.
fn circle(
    domains: &BTreeMap<Term, IntSet>,
    bounds: &[(Difference, i64, i64)],
    budget: &mut Budget,
) -> Result<bool, OutOfBudget> {
    let Some(units) = units(domains, bounds) else {
        return Ok(false);
    };
    let unit = |t: &Term| units.get(t).copied().unwrap_or(1);
    // Distances from a node that stands for 0: x ≤ y + w as an edge from y to x.
    let mut edges: Vec<(Option<Term>, Option<Term>, i128)> = Vec::new();
    for (term, set) in domains {
        let (Some(&(low, _)), Some(&(_, high))) = (set.ranges().first(), set.ranges().last())
        else {
            return Ok(true);
        };
        edges.push((None, Some(*term), i128::from(high) * unit(term)));
        edges.push((Some(*term), None, -i128::from(low) * unit(term)));
    }
    for (d, low, high) in bounds {
        let per = unit(&d.a) / i128::from(d.ka).max(1);
        if *high != i64::MAX {
            edges.push((Some(d.b), Some(d.a), i128::from(*high) * per));
        }
        if *low != i64::MIN {
            edges.push((Some(d.a), Some(d.b), -i128::from(*low) * per));
        }
    }
    let mut distance: BTreeMap<Option<Term>, i128> = BTreeMap::new();
    let nodes = domains.len() + 1;
    for round in 0..=nodes {
        budget.spend(edges.len() as u64, WHAT)?;
        let mut changed = false;
        for (from, to, weight) in &edges {
            let via = distance
                .get(from)
                .copied()
                .unwrap_or(0)
                .saturating_add(*weight);
            if via < distance.get(to).copied().unwrap_or(0) {
                distance.insert(*to, via);
                changed = true;
            }
        }
        if !changed {
            return Ok(false);
        }
        if round == nodes {
            return Ok(true);
        }
    }
    Ok(false)
}

/// For each term the factor that brings it to units in which every bound is one on a plain
/// difference.
fn units(
    domains: &BTreeMap<Term, IntSet>,
    bounds: &[(Difference, i64, i64)],
) -> Option<BTreeMap<Term, i128>> {
    // Fractions over a common large power of ten: factors are powers of ten.
    const BASE: i128 = 1_000_000_000_000;
    let mut units: BTreeMap<Term, i128> = BTreeMap::new();
    for start in domains.keys() {
        if units.contains_key(start) {
            continue;
        }
        units.insert(*start, BASE);
        loop {
            let mut changed = false;
            for (d, ..) in bounds {
                let (ka, kb) = (i128::from(d.ka), i128::from(d.kb));
                match (units.get(&d.a).copied(), units.get(&d.b).copied()) {
                    (Some(a), None) => {
                        if (a * kb) % ka != 0 {
                            return None;
                        }
                        units.insert(d.b, a * kb / ka);
                        changed = true;
                    }
                    (None, Some(b)) => {
                        if (b * ka) % kb != 0 {
                            return None;
                        }
                        units.insert(d.a, b * ka / kb);
                        changed = true;
                    }
                    (Some(a), Some(b)) if a * kb != b * ka => return None,
                    _ => {}
                }
            }
            if !changed {
                break;
            }
        }
    }
    for (d, ..) in bounds {
        if units.get(&d.a).is_some_and(|u| u % i128::from(d.ka) != 0) {
            return None;
        }
    }
    Some(units)
}
