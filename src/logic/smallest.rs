//! The smallest set that does.
//!
//! Which of some things are enough? Whoever asks can tell of a set that it is enough, or name things
//! outside of it of which at least one is needed. The smallest set that is enough is then found by
//! implicit hitting sets (Chandrasekaran, Karp, Moreno-Centeno and Vempala 2011; for unsatisfiable
//! subsets Ignatiev, Previti, Liffiton and Marques-Silva 2015, "Smallest MUS Extraction with Minimal
//! Hitting Set Dualization"): hit all that is known to be needed with as few things as possible, ask,
//! and learn from the answer. Few questions are asked however many things there are, and no question
//! is larger than the answer.

use super::OutOfBudget;
use std::collections::BTreeSet;

/// Steps of looking for a smallest hitting set before a small one is good enough.
const HITTING_STEPS: usize = 20_000;

/// What is known of a set.
pub enum Enough {
    /// It is enough.
    Yes,
    /// At least one of these, none of which is in the set, is needed as well. None: nothing is enough.
    Needs(Vec<usize>),
}

/// The smallest set that is enough, ascending; `None` if no set is.
///
/// # Errors
/// When a question could not be answered.
pub fn smallest(
    mut ask: impl FnMut(&[usize]) -> Result<Enough, OutOfBudget>,
) -> Result<Option<Vec<usize>>, OutOfBudget> {
    let mut needed: Vec<BTreeSet<usize>> = Vec::new();
    let mut steps = HITTING_STEPS;
    loop {
        let chosen = hitting(&needed, &mut steps);
        match ask(&chosen)? {
            // Beyond the steps, what hits may hold things that are not needed.
            Enough::Yes if steps == 0 => return Ok(Some(without_spare(chosen, &mut ask)?)),
            Enough::Yes => return Ok(Some(chosen)),
            Enough::Needs(one_of) if one_of.is_empty() => return Ok(None),
            Enough::Needs(one_of) => needed.push(one_of.into_iter().collect()),
        }
    }
}

/// The set without those of its things that it is enough without.
fn without_spare(
    mut set: Vec<usize>,
    ask: &mut impl FnMut(&[usize]) -> Result<Enough, OutOfBudget>,
) -> Result<Vec<usize>, OutOfBudget> {
    let mut at = set.len();
    while let Some(next) = at.checked_sub(1) {
        at = next;
        let mut less = set.clone();
        less.remove(at);
        if matches!(ask(&less)?, Enough::Yes) {
            set = less;
        }
    }
    Ok(set)
}

/// A smallest set with something of each, ascending; a small one when the steps run out.
fn hitting(needed: &[BTreeSet<usize>], steps: &mut usize) -> Vec<usize> {
    let mut best = greedy(needed);
    // Depth first: the first set that isn't hit yet is hit in each possible way.
    let mut open: Vec<Vec<usize>> = vec![Vec::new()];
    while let Some(chosen) = open.pop() {
        if *steps == 0 {
            break;
        }
        *steps -= 1;
        let Some(missed) = needed
            .iter()
            .find(|n| !chosen.iter().any(|c| n.contains(c)))
        else {
            if chosen.len() < best.len() {
                best = chosen;
            }
            continue;
        };
        if chosen.len() + 1 >= best.len() {
            continue;
        }
        // Sets that share nothing need one thing each.
        if chosen.len() + apart(needed, &chosen) >= best.len() {
            continue;
        }
        for thing in missed.iter().rev() {
            let mut more = chosen.clone();
            more.push(*thing);
            open.push(more);
        }
    }
    best.sort_unstable();
    best
}

/// How many of the sets that aren't hit share nothing with each other, counted greedily.
fn apart(needed: &[BTreeSet<usize>], chosen: &[usize]) -> usize {
    let mut taken: BTreeSet<usize> = BTreeSet::new();
    let mut count = 0;
    for set in needed {
        if !chosen.iter().any(|c| set.contains(c)) && taken.is_disjoint(set) {
            taken.extend(set);
            count += 1;
        }
    }
    count
}

/// A set with something of each: always what hits most, the least of them.
fn greedy(needed: &[BTreeSet<usize>]) -> Vec<usize> {
    let mut chosen: Vec<usize> = Vec::new();
    loop {
        let missed: Vec<&BTreeSet<usize>> = needed
            .iter()
            .filter(|n| !chosen.iter().any(|c| n.contains(c)))
            .collect();
        if missed.is_empty() {
            return chosen;
        }
        let mut counts: std::collections::BTreeMap<usize, usize> =
            std::collections::BTreeMap::new();
        for set in &missed {
            for thing in *set {
                *counts.entry(*thing).or_insert(0) += 1;
            }
        }
        let most = counts
            .into_iter()
            .max_by(|a, b| a.1.cmp(&b.1).then(b.0.cmp(&a.0)));
        match most {
            Some((thing, _)) => chosen.push(thing),
            None => return chosen,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sets of things, one of which has to be hit each: the smallest set against all subsets.
    #[test]
    fn smallest_against_all_subsets() {
        let mut rng = fastrand::Rng::with_seed(7);
        for _ in 0..400 {
            let sets: Vec<BTreeSet<usize>> = (0..rng.usize(1..7))
                .map(|_| (0..rng.usize(1..4)).map(|_| rng.usize(..8)).collect())
                .collect();
            let found = smallest(|set| {
                Ok(
                    match sets.iter().find(|s| !set.iter().any(|x| s.contains(x))) {
                        None => Enough::Yes,
                        Some(s) => Enough::Needs(s.iter().copied().collect()),
                    },
                )
            });
            let found = found.unwrap().unwrap();
            let least = (0u32..256)
                .filter(|bits| sets.iter().all(|s| s.iter().any(|x| bits & (1 << x) != 0)))
                .map(u32::count_ones)
                .min();
            assert_eq!(Some(u32::try_from(found.len()).unwrap()), least);
            assert!(sets.iter().all(|s| found.iter().any(|x| s.contains(x))));
        }
    }

    #[test]
    fn nothing_is_enough_where_nothing_is_named() {
        let found =
            smallest(|set| Ok(Enough::Needs(if set.is_empty() { vec![3] } else { vec![] })));
        assert_eq!(found, Ok(None));
    }
}
