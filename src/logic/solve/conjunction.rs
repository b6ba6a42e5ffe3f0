//! Conjunctions of single tests: strings by classes of equal ones, then numbers, then the strings
//! themselves.

use super::{Known, Outcome, numbers};
use crate::logic::budget::LONG_LIST;
use crate::logic::language::{COMBINING, MAX_MEET};
use crate::logic::{Assignment, Budget, IntSet, Language, Logic, OutOfBudget, Term, TermKind};
use std::collections::{BTreeMap, BTreeSet};

/// Lists of witnesses have at most so many elements.
const ELEMENTS_MAX: i64 = 10_000;

/// Strings that are equal.
struct Class {
    members: Vec<Term>,
    language: Language,
    /// Classes that differ from this one.
    differs: BTreeSet<usize>,
}

impl Logic {
    /// An assignment for what is known, or none.
    pub(super) fn conjunction(
        &mut self,
        known: &Known,
        budget: &mut Budget,
    ) -> Result<Outcome, OutOfBudget> {
        let Some(classes) = self.classes(known, budget)? else {
            return Ok(Outcome::None);
        };
        // Lengths take part in the numbers, with the lengths that the languages have as domains.
        let mut domains: BTreeMap<Term, IntSet> = BTreeMap::new();
        let mut differences: Vec<(crate::logic::formula::Difference, IntSet)> = known
            .differences
            .iter()
            .map(|(d, set)| (*d, set.clone()))
            .collect();
        for (d, _) in &differences {
            for t in [d.a, d.b] {
                domains.insert(t, self.domain(known, t));
            }
        }
        for (term, set) in &known.ints {
            domains.insert(*term, set.clone());
        }
        let mut lengths: Vec<Term> = Vec::new();
        for class in &classes {
            let mut wanted = IntSet::at_least(0);
            for &member in &class.members {
                let length = self.length_of(member);
                wanted = wanted.intersect(&self.domain(known, length));
            }
            let real = self.lengths(class.language, &wanted, budget)?;
            if real.is_empty() {
                return Ok(Outcome::None);
            }
            let mut first = None;
            for &member in &class.members {
                let length = self.length_of(member);
                domains.insert(length, real.clone());
                match first {
                    None => {
                        first = Some(length);
                        lengths.push(length);
                    }
                    Some(other) if other != length => {
                        let (a, b) = if self.compare_terms(other, length).is_lt() {
                            (other, length)
                        } else {
                            (length, other)
                        };
                        let d = crate::logic::formula::Difference { a, ka: 1, b, kb: 1 };
                        differences.push((d, IntSet::point(0)));
                    }
                    Some(_) => {}
                }
            }
        }
        for domain in domains.values() {
            if domain.is_empty() {
                return Ok(Outcome::None);
            }
        }
        let Some(values) = numbers::least(&domains, &differences, budget)? else {
            return Ok(Outcome::None);
        };
        // Lengths that only their own class looks at are free; others stay as they were found.
        let compared: BTreeSet<Term> = known.differences.keys().flat_map(|d| [d.a, d.b]).collect();
        let Some(texts) = self.texts(&classes, &lengths, &domains, &values, &compared, budget)?
        else {
            let open = lengths.iter().find(|l| {
                let tied = classes
                    .iter()
                    .find(|c| c.members.iter().any(|m| self.length_of(*m) == **l))
                    .is_some_and(|c| {
                        c.members
                            .iter()
                            .any(|m| compared.contains(&self.length_of(*m)))
                    });
                tied && domains
                    .get(l)
                    .is_some_and(|d| d.ranges().len() > 1 || d.ranges().iter().any(|r| r.0 != r.1))
            });
            return Ok(match open.and_then(|l| values.get(l).map(|v| (*l, *v))) {
                Some((term, value)) => Outcome::Split(term, value),
                None => Outcome::None,
            });
        };
        let mut found = Assignment::new();
        let mut elements: BTreeMap<Term, BTreeMap<u32, Assignment>> = BTreeMap::new();
        for (term, value) in values {
            if matches!(self.kind(term), TermKind::Length(_) | TermKind::Size(_)) {
                continue;
            }
            self.place(&mut found, &mut elements, term, |a, t| a.set_int(t, value));
        }
        for (class, text) in classes.iter().zip(texts) {
            for &member in &class.members {
                self.place(&mut found, &mut elements, member, |a, t| {
                    a.set_string(t, text.clone());
                });
            }
        }
        Ok(match self.lists(known, &domains, found, elements)? {
            Some(found) => Outcome::Found(found),
            None => Outcome::None,
        })
    }

    /// Puts a value where it belongs: into the assignment, or into an element of a list. Elements
    /// bear the names of "the element".
    fn place(
        &mut self,
        found: &mut Assignment,
        elements: &mut BTreeMap<Term, BTreeMap<u32, Assignment>>,
        term: Term,
        set: impl FnOnce(&mut Assignment, Term),
    ) {
        let data = self.term(term);
        match (data.list, data.instance) {
            (Some(list), number) if number > 0 => {
                let (name, kind) = (data.name.clone(), data.kind);
                let own = self.intern_term(Some(list), 0, &name, kind);
                let of = elements.entry(list).or_default().entry(number).or_default();
                set(of, own);
            }
            // "The element" itself has no value outside its list.
            (Some(_), _) => {}
            (None, _) => set(found, term),
        }
    }

    fn lists(
        &mut self,
        known: &Known,
        domains: &BTreeMap<Term, IntSet>,
        mut found: Assignment,
        elements: BTreeMap<Term, BTreeMap<u32, Assignment>>,
    ) -> Result<Option<Assignment>, OutOfBudget> {
        let mut all: BTreeSet<Term> = known.lists.keys().copied().collect();
        for term in domains.keys() {
            if let TermKind::Size(list) = self.kind(*term) {
                all.insert(list);
            }
        }
        for list in all {
            let size = self.size_of(list);
            let least = domains
                .get(&size)
                .cloned()
                .unwrap_or_else(|| self.domain(known, size));
            let made = elements.get(&list);
            let count = i64::from(known.lists.get(&list).copied().unwrap_or(0));
            let Some(wanted) = least.next_from(count) else {
                return Ok(None);
            };
            if wanted > ELEMENTS_MAX {
                return Err(OutOfBudget::new(LONG_LIST));
            }
            let mut items: Vec<Assignment> = (1..=count)
                .map(|n| {
                    let n = u32::try_from(n).unwrap_or(u32::MAX);
                    made.and_then(|m| m.get(&n)).cloned().unwrap_or_default()
                })
                .collect();
            let filler = items.last().cloned().unwrap_or_default();
            while i64::try_from(items.len()).unwrap_or(i64::MAX) < wanted {
                items.push(filler.clone());
            }
            if self.term(list).list.is_none() {
                found.set_elements(list, items);
            }
        }
        Ok(Some(found))
    }

    /// The classes of equal strings, with their languages. `None`: two that are equal must differ, or
    /// a class has no string.
    fn classes(
        &mut self,
        known: &Known,
        budget: &mut Budget,
    ) -> Result<Option<Vec<Class>>, OutOfBudget> {
        let mut terms: BTreeSet<Term> = known.languages.keys().copied().collect();
        for (a, b) in known.equals.keys() {
            terms.extend([*a, *b]);
        }
        let lengths = known
            .ints
            .keys()
            .chain(known.differences.keys().flat_map(|d| [&d.a, &d.b]));
        for term in lengths {
            if let TermKind::Length(of) = self.kind(*term) {
                terms.insert(of);
            }
        }
        let mut root: BTreeMap<Term, Term> = terms.iter().map(|t| (*t, *t)).collect();
        let find = |root: &BTreeMap<Term, Term>, mut t: Term| {
            while let Some(&up) = root.get(&t)
                && up != t
            {
                t = up;
            }
            t
        };
        for ((a, b), equal) in &known.equals {
            if *equal {
                let (x, y) = (find(&root, *a), find(&root, *b));
                root.insert(x.max(y), x.min(y));
            }
        }
        let mut number: BTreeMap<Term, usize> = BTreeMap::new();
        let mut classes: Vec<Class> = Vec::new();
        for term in &terms {
            let top = find(&root, *term);
            let at = *number.entry(top).or_insert_with(|| {
                classes.push(Class {
                    members: Vec::new(),
                    language: Language::ALL,
                    differs: BTreeSet::new(),
                });
                classes.len() - 1
            });
            let own = self.language_known(known, *term);
            if let Some(class) = classes.get_mut(at) {
                class.members.push(*term);
                class.language = self
                    .meet(class.language, own, MAX_MEET, budget)?
                    .ok_or_else(|| OutOfBudget::new(COMBINING))?;
                if class.language.is_none() {
                    return Ok(None);
                }
            }
        }
        for ((a, b), equal) in &known.equals {
            if *equal {
                continue;
            }
            // Every term has a number, and every number a class.
            let of = |t: &Term| number.get(&find(&root, *t)).copied().unwrap_or(0);
            let (x, y) = (of(a), of(b));
            if x == y {
                return Ok(None);
            }
            for (one, other) in [(x, y), (y, x)] {
                if let Some(class) = classes.get_mut(one) {
                    class.differs.insert(other);
                }
            }
        }
        Ok(Some(classes))
    }

    /// A string for each class, so that those that must differ do.
    fn texts(
        &mut self,
        classes: &[Class],
        lengths: &[Term],
        domains: &BTreeMap<Term, IntSet>,
        values: &BTreeMap<Term, i64>,
        compared: &BTreeSet<Term>,
        budget: &mut Budget,
    ) -> Result<Option<Vec<String>>, OutOfBudget> {
        let mut candidates: Vec<Vec<String>> = Vec::new();
        for (class, length) in classes.iter().zip(lengths) {
            let tied = class
                .members
                .iter()
                .any(|m| compared.contains(&self.length_of(*m)));
            let allowed = match values.get(length) {
                Some(n) if tied => IntSet::point(*n),
                _ => domains
                    .get(length)
                    .cloned()
                    .unwrap_or_else(|| IntSet::at_least(0)),
            };
            // One more than the classes that it must differ from is always enough.
            let want = class.differs.len() + 1;
            candidates.push(self.some_strings(class.language, &allowed, want, budget)?);
        }
        let mut chosen: Vec<usize> = vec![0; classes.len()];
        let mut at = 0;
        loop {
            budget.spend(1, "finding strings that differ")?;
            if at == classes.len() {
                break;
            }
            let text = |chosen: &[usize], i: usize| {
                candidates
                    .get(i)
                    .and_then(|c| chosen.get(i).and_then(|&k| c.get(k)))
            };
            let Some(here) = text(&chosen, at) else {
                // Back to the class before, with its next string.
                if let Some(c) = chosen.get_mut(at) {
                    *c = 0;
                }
                let Some(back) = at.checked_sub(1) else {
                    return Ok(None);
                };
                at = back;
                if let Some(c) = chosen.get_mut(at) {
                    *c += 1;
                }
                continue;
            };
            let clash = classes.get(at).is_some_and(|class| {
                class
                    .differs
                    .iter()
                    .filter(|&&other| other < at)
                    .any(|&other| text(&chosen, other) == Some(here))
            });
            if clash {
                if let Some(c) = chosen.get_mut(at) {
                    *c += 1;
                }
            } else {
                at += 1;
            }
        }
        Ok(Some(
            candidates
                .iter()
                .zip(&chosen)
                .map(|(c, &k)| c.get(k).cloned().unwrap_or_default())
                .collect(),
        ))
    }

    /// Gives every term of the list that has no value yet its least one.
    ///
    /// # Errors
    /// When a domain is empty or its least value takes too long to find.
    pub fn complete(
        &mut self,
        assignment: &mut Assignment,
        terms: &[Term],
        budget: &mut Budget,
    ) -> Result<(), OutOfBudget> {
        for &term in terms {
            match self.kind(term) {
                TermKind::Int { min, .. } => {
                    if assignment.int(term).is_none() {
                        assignment.set_int(term, min);
                    }
                }
                TermKind::String { domain, min, max } => {
                    if assignment.string(term).is_none() {
                        let found =
                            self.some_strings(domain, &IntSet::range(min, max), 1, budget)?;
                        assignment.set_string(term, found.into_iter().next().unwrap_or_default());
                    }
                }
                TermKind::List { min, .. } => {
                    if !assignment.has_list(term) {
                        let count = usize::try_from(min.min(ELEMENTS_MAX)).unwrap_or(0);
                        assignment.set_elements(term, vec![Assignment::new(); count]);
                    }
                }
                TermKind::Length(_) | TermKind::Size(_) => {}
            }
        }
        Ok(())
    }
}
