//! Satisfiability with witnesses.
//!
//! The search is that of Davis, Putnam, Logemann and Loveland (1962) over hash-consed formulas: what
//! a conjunction says for certain is taken out of it and put in everywhere, then a test is chosen and
//! tried both ways. What is left at the end of a branch is a conjunction of single tests, which
//! [`conjunction`] decides. Lists are instantiated: each `some` that holds gets an element of its own
//! (or shares one, where the list is too short), and every element falsifies each `some` that fails.

mod conjunction;
mod numbers;
mod strings;

use super::formula::{Atom, Difference, Node};
use super::language::{COMBINING, MAX_MEET, MAX_QUICK_PRODUCT};
use super::{Assignment, Budget, Formula, IntSet, Language, Logic, OutOfBudget, Term, TermKind};
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;

/// What a branch of the search knows.
#[derive(Clone, Debug, Default)]
struct Known {
    ints: BTreeMap<Term, IntSet>,
    languages: BTreeMap<Term, Language>,
    differences: BTreeMap<Difference, IntSet>,
    equals: BTreeMap<(Term, Term), bool>,
    somes: BTreeMap<(Term, Formula), bool>,
    /// Lists that were instantiated, with the number of their elements.
    lists: BTreeMap<Term, u32>,
}

/// What a conjunction comes to.
enum Outcome {
    /// These values satisfy it.
    Found(Assignment),
    /// None do.
    None,
    /// With that value of that length, strings could not be found that differ: whether with another
    /// one they can has to be tried.
    Split(Term, i64),
}

impl Logic {
    /// An assignment that makes the formula true, or `None` if there is none. The assignment gives a
    /// value to every term that the formula mentions; [`Logic::complete`] adds the others.
    ///
    /// # Errors
    /// When the budget runs out: neither a yes nor a no.
    pub fn solve(
        &mut self,
        formula: Formula,
        budget: &mut Budget,
    ) -> Result<Option<Assignment>, OutOfBudget> {
        let mut open = vec![(formula, Known::default())];
        while let Some((formula, mut known)) = open.pop() {
            let Some(rest) = self.propagate(formula, &mut known, budget)? else {
                continue;
            };
            if rest == Formula::TRUE {
                match self.unfinished_list(&known) {
                    Some(list) => self.instantiate(list, &known, &mut open, budget)?,
                    None => match self.conjunction(&known, budget)? {
                        Outcome::Found(found) => return Ok(Some(found)),
                        Outcome::None => {}
                        Outcome::Split(term, value) => {
                            let here = self.in_set(term, IntSet::point(value));
                            open.push((!here, known.clone()));
                            open.push((here, known));
                        }
                    },
                }
                continue;
            }
            // What is known is copied for both ways.
            let size = known.ints.len() + known.languages.len() + known.differences.len();
            budget.spend(size as u64, "solving a formula")?;
            let test = self.choose(rest);
            let (yes, no) = (self.and(&[rest, test]), self.and(&[rest, !test]));
            open.push((no, known.clone()));
            open.push((yes, known));
        }
        Ok(None)
    }

    /// Takes out of a formula what it says for certain, until nothing more follows. `None`: it
    /// contradicts what is known.
    fn propagate(
        &mut self,
        mut formula: Formula,
        known: &mut Known,
        budget: &mut Budget,
    ) -> Result<Option<Formula>, OutOfBudget> {
        loop {
            let mut literals = Vec::new();
            let mut rest = Vec::new();
            match self.node(formula) {
                Node::True => {
                    return Ok((formula == Formula::TRUE).then_some(Formula::TRUE));
                }
                Node::Atom(_) => literals.push(formula),
                Node::And(_) if formula.is_negated() => rest.push(formula),
                Node::And(parts) => {
                    for &part in parts {
                        match self.node(part) {
                            Node::Atom(_) => literals.push(part),
                            _ => rest.push(part),
                        }
                    }
                }
            }
            if literals.is_empty() && rest.len() == 1 && rest.first() == Some(&formula) {
                let new = self.substitute(formula, known, budget)?;
                if new == formula {
                    return Ok(Some(formula));
                }
                formula = new;
                continue;
            }
            let learned = !literals.is_empty();
            for literal in literals {
                if !self.learn(literal, known, budget)? {
                    return Ok(None);
                }
            }
            let joined = self.and(&rest);
            let new = self.substitute(joined, known, budget)?;
            if new == Formula::FALSE {
                return Ok(None);
            }
            if !learned && new == joined {
                return Ok(Some(new));
            }
            formula = new;
        }
    }

    /// Adds a literal to what is known; false if that is contradictory for its term alone.
    fn learn(
        &mut self,
        literal: Formula,
        known: &mut Known,
        budget: &mut Budget,
    ) -> Result<bool, OutOfBudget> {
        let Node::Atom(atom) = self.node(literal).clone() else {
            return Ok(literal != Formula::FALSE);
        };
        let yes = !literal.is_negated();
        Ok(match atom {
            Atom::InSet(term, _) => {
                let Some(set) = self.literal_set(literal) else {
                    return Ok(true);
                };
                let set = self.domain(known, term).intersect(&set);
                let good = !set.is_empty();
                known.ints.insert(term, set);
                good
            }
            Atom::InLanguage(term, base) => {
                let language = Language::of(base, !yes);
                let before = self.language_known(known, term);
                let both = self
                    .meet(before, language, MAX_MEET, budget)?
                    .ok_or_else(|| OutOfBudget::new(COMBINING))?;
                known.languages.insert(term, both);
                !both.is_none()
            }
            Atom::Difference(d, _) => {
                let Some(set) = self.literal_set(literal) else {
                    return Ok(true);
                };
                let set = match known.differences.get(&d) {
                    Some(before) => before.intersect(&set),
                    None => set,
                };
                let good = !set.is_empty();
                known.differences.insert(d, set);
                good
            }
            Atom::Equal(a, b) => known.equals.insert((a, b), yes).is_none_or(|b| b == yes),
            Atom::Some(list, body) => known
                .somes
                .insert((list, body), yes)
                .is_none_or(|b| b == yes),
        })
    }

    /// The values that an integer term can still have.
    fn domain(&self, known: &Known, term: Term) -> IntSet {
        match known.ints.get(&term) {
            Some(set) => set.clone(),
            None => {
                let (min, max) = self.bounds(term);
                IntSet::range(min, max)
            }
        }
    }

    fn language_known(&self, known: &Known, term: Term) -> Language {
        match (known.languages.get(&term), self.kind(term)) {
            (Some(l), _) => *l,
            (None, TermKind::String { domain, .. }) => domain,
            _ => Language::ALL,
        }
    }

    /// The formula where what is known is put in.
    fn substitute(
        &mut self,
        formula: Formula,
        known: &Known,
        budget: &mut Budget,
    ) -> Result<Formula, OutOfBudget> {
        let order = self.reachable(&[formula]);
        budget.spend(order.len() as u64, "solving a formula")?;
        let mut done: FxHashMap<usize, Formula> = FxHashMap::default();
        for index in order {
            let here = Formula::of_index(index);
            let new = match self.node(here).clone() {
                Node::True => here,
                Node::Atom(atom) => match self.value(&atom, known, budget)? {
                    Some(b) => self.constant(b),
                    None => here,
                },
                Node::And(parts) => {
                    let mut new = Vec::with_capacity(parts.len());
                    let mut changed = false;
                    for part in &parts {
                        let base = done.get(&part.index()).copied().unwrap_or(part.base());
                        changed |= base != part.base();
                        new.push(base.negated_if(part.is_negated()));
                    }
                    if changed { self.and(&new) } else { here }
                }
            };
            done.insert(index, new);
        }
        let base = done
            .get(&formula.index())
            .copied()
            .unwrap_or(formula.base());
        Ok(base.negated_if(formula.is_negated()))
    }

    /// The truth of a test, if what is known settles it.
    fn value(
        &mut self,
        atom: &Atom,
        known: &Known,
        budget: &mut Budget,
    ) -> Result<Option<bool>, OutOfBudget> {
        let within = |now: Option<&IntSet>, set: &IntSet| {
            let now = now?;
            if now.is_subset(set) {
                Some(true)
            } else if now.is_disjoint(set) {
                Some(false)
            } else {
                None
            }
        };
        Ok(match atom {
            Atom::InSet(term, set) => within(known.ints.get(term), set),
            Atom::InLanguage(term, base) => match known.languages.get(term) {
                None => None,
                Some(now) => self.inside(*now, *base, budget)?,
            },
            Atom::Difference(d, set) => within(known.differences.get(d), set),
            Atom::Equal(a, b) => known.equals.get(&(*a, *b)).copied(),
            Atom::Some(list, body) => known.somes.get(&(*list, *body)).copied(),
        })
    }

    /// Whether all strings of a language are in another one, or none; nothing where that is too much
    /// work to find out.
    fn inside(
        &mut self,
        now: Language,
        base: crate::logic::language::LanguageId,
        budget: &mut Budget,
    ) -> Result<Option<bool>, OutOfBudget> {
        match self.meet(now, Language::of(base, false), MAX_QUICK_PRODUCT, budget)? {
            Some(inside) if inside.is_none() => return Ok(Some(false)),
            Some(_) => {}
            None => return Ok(None),
        }
        let outside = self.meet(now, Language::of(base, true), MAX_QUICK_PRODUCT, budget)?;
        Ok(outside.filter(|l| l.is_none()).map(|_| true))
    }

    /// A test to try both ways: from the first part that isn't settled.
    fn choose(&self, formula: Formula) -> Formula {
        let mut at = formula;
        loop {
            match self.node(at) {
                Node::And(parts) => match parts
                    .iter()
                    .find(|p| matches!(self.node(**p), Node::Atom(_)))
                    .or(parts.first())
                {
                    Some(&part) => {
                        at = if at.is_negated() { !part } else { part };
                    }
                    None => return at,
                },
                _ => return at,
            }
        }
    }

    /// A list of which a `some` is settled and that has no elements yet.
    fn unfinished_list(&self, known: &Known) -> Option<Term> {
        known
            .somes
            .keys()
            .map(|(list, _)| *list)
            .find(|list| !known.lists.contains_key(list))
    }

    /// The ways in which a list's elements can satisfy what is known of it.
    fn instantiate(
        &mut self,
        list: Term,
        known: &Known,
        open: &mut Vec<(Formula, Known)>,
        budget: &mut Budget,
    ) -> Result<(), OutOfBudget> {
        let bodies = |yes: bool| -> Vec<Formula> {
            known
                .somes
                .iter()
                .filter(|((l, _), b)| *l == list && **b == yes)
                .map(|((_, body), _)| *body)
                .collect()
        };
        let (wanted, unwanted) = (bodies(true), bodies(false));
        let size = self.size_of(list);
        let sizes = self.domain(known, size);
        let most = sizes.ranges().last().map_or(0, |r| r.1);
        let mut ways: Vec<Vec<Vec<usize>>> = Vec::new();
        if wanted.is_empty() {
            if sizes.contains(0) {
                ways.push(Vec::new());
            }
            if most > 0 {
                ways.push(vec![Vec::new()]);
            }
        } else if i64::try_from(wanted.len()).unwrap_or(i64::MAX) <= most {
            // One element for each is the least demanding way.
            ways.push((0..wanted.len()).map(|i| vec![i]).collect());
        } else {
            let most = usize::try_from(most).unwrap_or(usize::MAX);
            groups(wanted.len(), most, &mut ways, budget)?;
        }
        for way in ways.into_iter().rev() {
            let mut next = known.clone();
            next.lists
                .insert(list, u32::try_from(way.len()).unwrap_or(u32::MAX));
            let count = i64::try_from(way.len()).unwrap_or(i64::MAX);
            let allowed = if way.is_empty() {
                IntSet::point(0)
            } else {
                IntSet::at_least(count)
            };
            let mut parts = vec![self.in_set(size, allowed)];
            for (element, group) in (1_u32..).zip(&way) {
                for &i in group {
                    if let Some(&body) = wanted.get(i) {
                        parts.push(self.instance(body, list, element, budget)?);
                    }
                }
                for &body in &unwanted {
                    let body = self.instance(body, list, element, budget)?;
                    parts.push(!body);
                }
            }
            let all = self.and(&parts);
            open.push((all, next));
        }
        Ok(())
    }

    /// A formula about "the element" as one about the element with that number.
    fn instance(
        &mut self,
        formula: Formula,
        list: Term,
        number: u32,
        budget: &mut Budget,
    ) -> Result<Formula, OutOfBudget> {
        let order = self.reachable(&[formula]);
        budget.spend(order.len() as u64, "looking for the elements of a list")?;
        let mut done: FxHashMap<usize, Formula> = FxHashMap::default();
        for index in order {
            let here = Formula::of_index(index);
            let new = match self.node(here).clone() {
                Node::True => here,
                Node::Atom(atom) => match atom {
                    Atom::InSet(t, set) => {
                        let t = self.element(t, list, number);
                        self.in_set(t, set)
                    }
                    Atom::InLanguage(t, base) => {
                        let t = self.element(t, list, number);
                        self.in_language(t, Language::of(base, false))
                    }
                    Atom::Difference(d, set) => {
                        let (a, b) = (
                            self.element(d.a, list, number),
                            self.element(d.b, list, number),
                        );
                        self.difference(a, d.ka, b, d.kb, set)
                    }
                    Atom::Equal(a, b) => {
                        let (a, b) = (self.element(a, list, number), self.element(b, list, number));
                        self.equal(a, b)
                    }
                    Atom::Some(..) => here,
                },
                Node::And(parts) => {
                    let new: Vec<Formula> = parts
                        .iter()
                        .map(|p| {
                            done.get(&p.index())
                                .copied()
                                .unwrap_or(p.base())
                                .negated_if(p.is_negated())
                        })
                        .collect();
                    self.and(&new)
                }
            };
            done.insert(index, new);
        }
        let base = done
            .get(&formula.index())
            .copied()
            .unwrap_or(formula.base());
        Ok(base.negated_if(formula.is_negated()))
    }

    /// The term of the element with that number that corresponds to one of "the element".
    fn element(&mut self, term: Term, list: Term, number: u32) -> Term {
        let data = self.term(term);
        if data.list != Some(list) || data.instance != 0 {
            return term;
        }
        let (name, kind) = (data.name.clone(), data.kind);
        let kind = match kind {
            TermKind::Length(of) => TermKind::Length(self.element(of, list, number)),
            TermKind::Size(of) => TermKind::Size(self.element(of, list, number)),
            other => other,
        };
        self.intern_term(Some(list), number, &name, kind)
    }

    /// Whether `a` holds wherever `assuming` and `b`... do: `None` if so, else a counterexample.
    ///
    /// # Errors
    /// When the budget runs out.
    pub fn counterexample(
        &mut self,
        a: Formula,
        b: Formula,
        budget: &mut Budget,
    ) -> Result<Option<Assignment>, OutOfBudget> {
        let both = self.and(&[a, !b]);
        self.solve(both, budget)
    }

    /// Whether `a` implies `b`.
    ///
    /// # Errors
    /// When the budget runs out.
    pub fn implies(
        &mut self,
        a: Formula,
        b: Formula,
        budget: &mut Budget,
    ) -> Result<bool, OutOfBudget> {
        Ok(self.counterexample(a, b, budget)?.is_none())
    }

    /// Whether `a` and `b` have the same meaning.
    ///
    /// # Errors
    /// When the budget runs out.
    pub fn equivalent(
        &mut self,
        a: Formula,
        b: Formula,
        budget: &mut Budget,
    ) -> Result<bool, OutOfBudget> {
        Ok(self.implies(a, b, budget)? && self.implies(b, a, budget)?)
    }
}

/// All ways to put `count` things into at most `most` groups.
fn groups(
    count: usize,
    most: usize,
    ways: &mut Vec<Vec<Vec<usize>>>,
    budget: &mut Budget,
) -> Result<(), OutOfBudget> {
    let mut open: Vec<Vec<Vec<usize>>> = vec![Vec::new()];
    for thing in 0..count {
        let mut next = Vec::new();
        for way in open {
            budget.spend(1 + way.len() as u64, "sharing out the elements of a list")?;
            for at in 0..way.len() {
                let mut more = way.clone();
                if let Some(group) = more.get_mut(at) {
                    group.push(thing);
                }
                next.push(more);
            }
            if way.len() < most {
                let mut more = way;
                more.push(vec![thing]);
                next.push(more);
            }
        }
        open = next;
    }
    ways.extend(open);
    Ok(())
}
