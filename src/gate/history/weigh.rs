//! Whether so many calls of each sort add up to the answers, and why not.
//!
//! Answers are bounds on rows; a history is a sum of sorts (a Parikh image, as in Verma, Seidl and
//! Schwentick 2005). The sums are found by search: the first bound that is not met is met in each
//! possible way. Where there is none, bounds that don't matter are dropped and those that do are
//! moved as far as they go, so that what is learned rules out as much as it can (the theory lemmas of
//! DPLL(T), Nieuwenhuis, Oliveras and Tinelli 2006).

use super::sorts::{FactRows, Sort, Sorts};
use crate::gate::Encoder;
use crate::logic::{Assignment, Formula, IntSet, OutOfBudget, Term};
use std::collections::BTreeSet;

/// Steps of one search.
const STEPS: usize = 50_000;

/// Of more calls of one sort not every number is tried.
const MANY: i64 = 64;

const COUNTING: &str = "counting the calls of a history";

/// Something that an assignment says about history.
#[derive(Clone, Copy, Debug)]
pub(super) enum Claim {
    /// A row comes to so much at least.
    Low(usize, i64),
    /// A row comes to so much at most.
    High(usize, i64),
    /// There is a fact.
    Present(FactRows),
    /// There is none.
    Absent(FactRows),
}

/// Bounds on rows.
#[derive(Clone)]
struct Bounds {
    low: Vec<i64>,
    high: Vec<i64>,
}

/// A way to choose calls, so far.
#[derive(Clone)]
struct Branch {
    /// What is still wanted, and what there is still room for.
    bounds: Bounds,
    open: Vec<bool>,
    weights: Weights,
    /// What the rows have come to.
    sums: Vec<i64>,
}

impl Branch {
    /// Takes so many calls of the sort.
    fn take(&mut self, at: usize, sort: &Sort, n: i64) {
        for (row, each) in &sort.adds {
            let total = each.saturating_mul(n);
            if let Some(low) = self.bounds.low.get_mut(*row) {
                *low = (*low - total).max(0);
            }
            if let Some(high) = self.bounds.high.get_mut(*row)
                && *high != i64::MAX
            {
                *high -= total;
            }
            if let Some(sum) = self.sums.get_mut(*row) {
                *sum = sum.saturating_add(total);
            }
        }
        for row in sort.needs.iter().filter(|_| n > 0) {
            if self.sums.get(*row) == Some(&0) {
                raise(&mut self.bounds.low, *row, 1);
            }
        }
        if let Some(weight) = self.weights.get_mut(at) {
            *weight += n;
        }
    }
}

/// How many calls of each sort, in the order of the sorts.
pub(super) type Weights = Vec<i64>;

impl Sorts {
    /// What the assignment says.
    pub(super) fn claims(&self, found: &Assignment) -> Vec<Claim> {
        let mut all = Vec::new();
        for (row, (term, flag)) in self.questions.iter().enumerate() {
            let Some(value) = found.int(*term) else {
                continue;
            };
            if value > 0 {
                all.push(Claim::Low(row, value));
            }
            if !flag || value == 0 {
                all.push(Claim::High(row, value));
            }
        }
        for fact in &self.facts {
            match found.int(fact.present) {
                Some(0) => all.push(Claim::Absent(*fact)),
                Some(_) => all.push(Claim::Present(*fact)),
                None => {}
            }
        }
        all
    }

    /// The sorts that there can be calls of, the proposal being what the assignment says.
    pub(super) fn open(&self, encoder: &Encoder<'_>, found: &Assignment) -> Vec<bool> {
        let holds = |s: &Sort| s.only_if == Formula::TRUE || encoder.logic.eval(s.only_if, found);
        self.sorts.iter().map(holds).collect()
    }

    /// A history in which the claims are true; none if there is none.
    pub(super) fn weigh(
        &self,
        claims: &[Claim],
        open: &[bool],
    ) -> Result<Option<Weights>, OutOfBudget> {
        let mut start = Bounds {
            low: vec![0; self.rows],
            high: vec![i64::MAX; self.rows],
        };
        for (row, most) in &self.most {
            lower(&mut start.high, *row, *most);
        }
        let mut ways = vec![start];
        for claim in claims {
            match claim {
                Claim::Low(row, n) => ways.iter_mut().for_each(|b| raise(&mut b.low, *row, *n)),
                Claim::High(row, n) => ways.iter_mut().for_each(|b| lower(&mut b.high, *row, *n)),
                Claim::Present(fact) => {
                    let mut earlier = ways.clone();
                    for b in &mut ways {
                        raise(&mut b.low, fact.latest, 1);
                        lower(&mut b.high, fact.in_flight, 0);
                    }
                    // A repeat stands on the facts of an earlier moment.
                    if let Some(repeated) = fact.repeated {
                        for b in &mut earlier {
                            raise(&mut b.low, fact.latest, 1);
                            raise(&mut b.low, repeated, 1);
                        }
                        ways.extend(earlier);
                    }
                }
                Claim::Absent(fact) if fact.fades => {}
                // What was told is gone only if a write has come after it, or if none was told.
                Claim::Absent(fact) => {
                    let before = ways.clone();
                    for b in &mut ways {
                        lower(&mut b.high, fact.told, 0);
                    }
                    for row in [Some(fact.forgetting), fact.repeated].into_iter().flatten() {
                        ways.extend(before.iter().map(|b| {
                            let mut b = b.clone();
                            raise(&mut b.low, row, 1);
                            b
                        }));
                    }
                }
            }
        }
        // Of sorts that add the same one is enough.
        let mut seen: BTreeSet<(&[(usize, i64)], &[usize])> = BTreeSet::new();
        let mut distinct = Vec::with_capacity(open.len());
        for (sort, open) in self.sorts.iter().zip(open) {
            distinct.push(*open && seen.insert((&sort.adds, &sort.needs)));
        }
        let mut steps = STEPS;
        for bounds in ways {
            if let Some(found) = self.search(bounds, distinct.clone(), &mut steps)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// So many calls of each sort that the rows come within the bounds.
    fn search(
        &self,
        bounds: Bounds,
        open: Vec<bool>,
        steps: &mut usize,
    ) -> Result<Option<Weights>, OutOfBudget> {
        let mut partly = false;
        let start = Branch {
            bounds,
            open,
            weights: vec![0; self.sorts.len()],
            sums: vec![0; self.rows],
        };
        let mut stack = vec![start];
        while let Some(branch) = stack.pop() {
            *steps = steps
                .checked_sub(1)
                .ok_or_else(|| OutOfBudget::new(COUNTING))?;
            let bounds = &branch.bounds;
            if bounds.high.iter().any(|h| *h < 0) {
                continue;
            }
            let Some(row) = bounds.low.iter().position(|l| *l > 0) else {
                return Ok(Some(branch.weights));
            };
            // The most calls of a sort that fit.
            let fit = |s: &Sort| {
                let most = s.adds.iter().map(|(row, n)| {
                    let high = bounds.high.get(*row).copied().unwrap_or(0);
                    if high == i64::MAX {
                        high
                    } else {
                        high / n.max(&1)
                    }
                });
                most.min().unwrap_or(0)
            };
            let next = self.sorts.iter().enumerate().find(|(i, s)| {
                branch.open.get(*i) == Some(&true)
                    && s.adds.iter().any(|a| a.0 == row)
                    && fit(s) > 0
            });
            let Some((at, sort)) = next else {
                continue;
            };
            let help = sort.adds.iter().map(|(row, n)| {
                let low = bounds.low.get(*row).copied().unwrap_or(0);
                low.saturating_add(n - 1) / n.max(&1)
            });
            // One may be needed by a repeat that is chosen later.
            let most = fit(sort).min(help.max().unwrap_or(0));
            let mut shut = branch.open.clone();
            if let Some(o) = shut.get_mut(at) {
                *o = false;
            }
            let counts: Vec<i64> = if most <= MANY {
                (0..=most).collect()
            } else {
                partly = true;
                (0..=8).chain([most / 2]).chain(most - 8..=most).collect()
            };
            for n in counts {
                let mut next = Branch {
                    open: shut.clone(),
                    ..branch.clone()
                };
                next.take(at, sort, n);
                stack.push(next);
            }
        }
        if partly {
            return Err(OutOfBudget::new(COUNTING));
        }
        Ok(None)
    }

    /// Why the claims are true in no history: a formula that holds in all of them, and not here.
    pub(super) fn lesson(
        &self,
        encoder: &mut Encoder<'_>,
        mut claims: Vec<Claim>,
        open: &[bool],
    ) -> Result<Formula, OutOfBudget> {
        let mut at = claims.len();
        while let Some(next) = at.checked_sub(1) {
            at = next;
            let mut less = claims.clone();
            less.remove(at);
            if self.weigh(&less, open)?.is_none() {
                claims = less;
            }
        }
        for at in 0..claims.len() {
            self.widen(&mut claims, at, open)?;
        }
        let mut any = Vec::new();
        for claim in &claims {
            let term = |row: usize| self.questions.get(row).map(|q| q.0);
            let not = match claim {
                Claim::Low(row, n) => term(*row).map(|t| (t, IntSet::at_most(n - 1))),
                Claim::High(row, n) => {
                    term(*row).map(|t| (t, IntSet::at_least(n.saturating_add(1))))
                }
                Claim::Present(fact) => Some((fact.present, IntSet::point(0))),
                Claim::Absent(fact) => Some((fact.present, IntSet::point(1))),
            };
            if let Some((term, set)) = not {
                any.push(encoder.logic.in_set(term, set));
            }
        }
        // What could be opened as well without any help is no reason.
        let mut opened = open.to_vec();
        let shut: BTreeSet<Formula> = self
            .sorts
            .iter()
            .zip(open)
            .filter(|(_, open)| !**open)
            .map(|(s, _)| s.only_if)
            .collect();
        for only_if in shut {
            let mut more = opened.clone();
            for (sort, open) in self.sorts.iter().zip(&mut more) {
                *open |= sort.only_if == only_if;
            }
            if self.weigh(&claims, &more)?.is_none() {
                opened = more;
            } else {
                any.push(only_if);
            }
        }
        Ok(encoder.logic.or(&any))
    }

    /// Moves the bound as far as the claims stay false together.
    fn widen(&self, claims: &mut [Claim], at: usize, open: &[bool]) -> Result<(), OutOfBudget> {
        loop {
            let Some(old) = claims.get(at).copied() else {
                return Ok(());
            };
            let wider = match old {
                Claim::Low(row, n) if n > 1 => Claim::Low(row, if n > 16 { n / 2 } else { n - 1 }),
                Claim::High(row, n) if n < 4 => Claim::High(row, n + 1),
                _ => return Ok(()),
            };
            if let Some(claim) = claims.get_mut(at) {
                *claim = wider;
            }
            if self.weigh(claims, open)?.is_some() {
                if let Some(claim) = claims.get_mut(at) {
                    *claim = old;
                }
                return Ok(());
            }
        }
    }

    /// Gives the questions the answers of that history, where they have none.
    pub(super) fn answer(&self, weights: &Weights, found: &mut Assignment) {
        for (row, (term, flag)) in self.questions.iter().enumerate() {
            if found.int(*term).is_some() {
                continue;
            }
            let sum: i64 = self
                .sorts
                .iter()
                .zip(weights)
                .filter_map(|(s, n)| Some(s.adds.iter().find(|a| a.0 == row)?.1 * n))
                .sum();
            found.set_int(*term, if *flag { sum.min(1) } else { sum });
        }
    }

    /// The facts that the assignment says nothing about.
    pub(super) fn unsaid(&self, found: &Assignment) -> Vec<Term> {
        let facts = self.facts.iter().map(|f| f.present);
        facts.filter(|t| found.int(*t).is_none()).collect()
    }
}

fn raise(low: &mut [i64], row: usize, to: i64) {
    if let Some(at) = low.get_mut(row) {
        *at = (*at).max(to);
    }
}

fn lower(high: &mut [i64], row: usize, to: i64) {
    if let Some(at) = high.get_mut(row) {
        *at = (*at).min(to);
    }
}
