//! Whether so many calls of each sort add up to the answers, and why not.
//!
//! Answers are bounds on rows; a history is a sum of sorts (a Parikh image, as in Verma, Seidl and
//! Schwentick 2005). The sums are found by search: the first bound that is not met is met in each
//! possible way. Where there is none, bounds that don't matter are dropped and those that do are
//! moved as far as they go, so that what is learned rules out as much as it can (the theory lemmas of
//! DPLL(T), Nieuwenhuis, Oliveras and Tinelli 2006).

use super::calls::{FactRows, Sort, Sorts};
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

/// How many calls of each sort, in the order of the sorts.
pub(super) type Weights = Vec<i64>;

impl Sorts {
    fn rows(&self) -> usize {
        self.questions.len() + 4 * self.facts.len()
    }

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
        let start = Bounds {
            low: vec![0; self.rows()],
            high: vec![i64::MAX; self.rows()],
        };
        // What was told is gone only if a write has come after it, or if none was told.
        let mut ways = vec![start];
        for claim in claims {
            for b in &mut ways {
                match claim {
                    Claim::Low(row, n) => raise(&mut b.low, *row, *n),
                    Claim::High(row, n) => lower(&mut b.high, *row, *n),
                    Claim::Present(fact) if fact.earlier => raise(&mut b.low, fact.told, 1),
                    Claim::Present(fact) => {
                        raise(&mut b.low, fact.latest, 1);
                        lower(&mut b.high, fact.in_flight, 0);
                    }
                    Claim::Absent(_) => {}
                }
            }
            if let Claim::Absent(fact) = claim
                && !fact.fades
                && !fact.earlier
            {
                let mut more = ways.clone();
                for b in &mut ways {
                    lower(&mut b.high, fact.told, 0);
                }
                for b in &mut more {
                    raise(&mut b.low, fact.forgetting, 1);
                }
                ways.extend(more);
            }
        }
        // Of sorts that add the same one is enough.
        let mut seen: BTreeSet<&[(usize, i64)]> = BTreeSet::new();
        let mut distinct = Vec::with_capacity(open.len());
        for (sort, open) in self.sorts.iter().zip(open) {
            distinct.push(*open && seen.insert(sort.adds.as_slice()));
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
        let mut stack = vec![(bounds, open, vec![0; self.sorts.len()])];
        while let Some((bounds, open, weights)) = stack.pop() {
            *steps = steps
                .checked_sub(1)
                .ok_or_else(|| OutOfBudget::new(COUNTING))?;
            if bounds.high.iter().any(|h| *h < 0) {
                continue;
            }
            let Some(row) = bounds.low.iter().position(|l| *l > 0) else {
                return Ok(Some(weights));
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
                open.get(*i) == Some(&true) && s.adds.iter().any(|a| a.0 == row) && fit(s) > 0
            });
            let Some((at, sort)) = next else {
                continue;
            };
            let help = sort.adds.iter().map(|(row, n)| {
                let low = bounds.low.get(*row).copied().unwrap_or(0);
                low.saturating_add(n - 1) / n.max(&1)
            });
            let most = fit(sort).min(help.max().unwrap_or(0));
            let mut shut = open.clone();
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
                let mut b = bounds.clone();
                let mut w = weights.clone();
                for (row, each) in &sort.adds {
                    let total = each.saturating_mul(n);
                    if let Some(low) = b.low.get_mut(*row) {
                        *low = (*low - total).max(0);
                    }
                    if let Some(high) = b.high.get_mut(*row)
                        && *high != i64::MAX
                    {
                        *high -= total;
                    }
                }
                if let Some(weight) = w.get_mut(at) {
                    *weight += n;
                }
                stack.push((b, shut.clone(), w));
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
        let shut: BTreeSet<Formula> = self
            .sorts
            .iter()
            .zip(open)
            .filter(|(_, open)| !**open)
            .map(|(s, _)| s.only_if)
            .collect();
        any.extend(shut);
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
