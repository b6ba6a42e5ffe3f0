//! Regular languages of Unicode strings: finite sets of strings, and automata over UTF-8 bytes.

mod backwards;
mod classes;
mod dfa;
mod finite;
mod minimize;
mod nfa;
mod regexp;
#[cfg(test)]
mod tests;

pub(crate) use classes::ClassGroup;
pub(crate) use dfa::Dfa;

use super::{Automaton, AutomatonId, Budget, Logic, OutOfBudget};
pub(crate) use backwards::Backwards;
use std::collections::BTreeSet;
use std::sync::Arc;

/// A regular language: a base with a sign.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Language(u32);

/// A language without sign; see [`LanguageData`] for which of a language and its complement it is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub(crate) struct LanguageId(pub(crate) u32);

/// A base. Equal languages have equal bases: a language with few strings is a set; a language whose
/// complement has few strings is the negation of that set; of all others and their complements the
/// one without the empty string is kept as its minimal automaton.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum LanguageData {
    Finite(Arc<BTreeSet<String>>),
    Automaton(Arc<Dfa>),
}

/// Products of two automata may have this many states.
const MAX_PRODUCT: usize = 200_000;
/// And this many where it is only about simplifying.
pub(crate) const MAX_QUICK_PRODUCT: usize = 20_000;

/// An intersection within a question may have this many.
pub(crate) const MAX_MEET: usize = 40_000;

/// What combining two automata is called when it takes too long.
pub(crate) const COMBINING: &str = "combining patterns";
/// Steps that a state of a product takes.
const PRODUCT_STATE: u64 = 32;

impl Language {
    /// No string.
    pub const NONE: Self = Self(0);
    /// Every string.
    pub const ALL: Self = Self(1);

    pub(crate) fn is_none(self) -> bool {
        self == Self::NONE
    }
    pub(crate) fn is_all(self) -> bool {
        self == Self::ALL
    }
    pub(crate) fn base(self) -> LanguageId {
        LanguageId(self.0 >> 1)
    }
    pub(crate) fn is_negated(self) -> bool {
        self.0 & 1 == 1
    }
    pub(crate) fn of(base: LanguageId, negated: bool) -> Self {
        Self(base.0 << 1 | u32::from(negated))
    }
}

impl Logic {
    /// The language of an I-Regexp (RFC 9485, without `\p`), matched whole.
    ///
    /// # Errors
    /// In words, when the pattern is none or its automaton would be too large.
    pub fn language(&mut self, pattern: &str) -> Result<Language, String> {
        let regexp = regexp::parse(pattern)?;
        let dfa = nfa::compile(&regexp)?;
        self.language_of_dfa(dfa)
    }

    /// The language of these strings.
    pub fn literals(&mut self, strings: &[&str]) -> Language {
        self.language_of_strings(strings.iter().map(|&s| s.to_owned()).collect())
    }

    /// Every string.
    #[must_use]
    pub fn any_string(&self) -> Language {
        Language::ALL
    }

    /// Strings of both.
    ///
    /// # Errors
    /// When the automaton would be too large.
    pub fn lang_and(&mut self, a: Language, b: Language) -> Result<Language, String> {
        self.intersection(a, b, MAX_PRODUCT)
            .ok_or_else(|| "two patterns together need too large an automaton".to_owned())
    }

    /// Strings of either.
    ///
    /// # Errors
    /// When the automaton would be too large.
    pub fn lang_or(&mut self, a: Language, b: Language) -> Result<Language, String> {
        let neither = self.lang_and(self.lang_not(a), self.lang_not(b))?;
        Ok(self.lang_not(neither))
    }

    /// Every other string.
    #[must_use]
    pub fn lang_not(&self, a: Language) -> Language {
        Language::of(a.base(), !a.is_negated())
    }

    /// Whether the language has the string.
    #[must_use]
    pub fn language_contains(&self, language: Language, text: &str) -> bool {
        self.base_contains(language.base(), text) != language.is_negated()
    }

    /// The automaton that gives class 1 to the language's strings and class 0 to all else.
    pub fn language_automaton(&mut self, language: Language) -> AutomatonId {
        let dfa = self.language_dfa(language);
        self.intern_automaton(&dfa)
    }

    /// The automaton behind an id.
    #[must_use]
    pub fn automaton(&self, id: AutomatonId) -> &Automaton {
        self.automata
            .get(id.0 as usize)
            .unwrap_or(&self.no_automaton)
    }

    pub(crate) fn intern_automaton(&mut self, dfa: &Dfa) -> AutomatonId {
        self.add_automaton(dfa.export())
    }

    /// The id of an automaton that was made elsewhere; equal ones have one.
    pub fn add_automaton(&mut self, automaton: Automaton) -> AutomatonId {
        if let Some(&id) = self.automaton_ids.get(&automaton) {
            return id;
        }
        let id = AutomatonId(u32::try_from(self.automata.len()).unwrap_or(u32::MAX));
        self.automata.push(automaton.clone());
        self.automaton_ids.insert(automaton, id);
        id
    }

    pub(crate) fn base_contains(&self, base: LanguageId, text: &str) -> bool {
        match self.languages.get(base.0 as usize) {
            Some(LanguageData::Finite(set)) => set.contains(text),
            Some(LanguageData::Automaton(dfa)) => dfa.class_of(text) == 1,
            None => false,
        }
    }

    /// The strings of a base that is kept as a set.
    pub(crate) fn finite_base(&self, base: LanguageId) -> Option<&Arc<BTreeSet<String>>> {
        match self.languages.get(base.0 as usize) {
            Some(LanguageData::Finite(set)) => Some(set),
            _ => None,
        }
    }

    pub(crate) fn language_data(&self, base: LanguageId) -> Option<&LanguageData> {
        self.languages.get(base.0 as usize)
    }

    fn intern_language(&mut self, data: LanguageData) -> LanguageId {
        if let Some(&id) = self.language_ids.get(&data) {
            return id;
        }
        let id = LanguageId(u32::try_from(self.languages.len()).unwrap_or(u32::MAX));
        self.languages.push(data.clone());
        self.language_ids.insert(data, id);
        id
    }

    pub(crate) fn language_of_strings(&mut self, strings: BTreeSet<String>) -> Language {
        if finite::is_small(&strings) {
            return Language::of(
                self.intern_language(LanguageData::Finite(Arc::new(strings))),
                false,
            );
        }
        let dfa = finite::trie(strings.iter().map(|s| (s.as_str(), 1)));
        // A large finite language; its complement is infinite. The product with UTF-8 is small.
        self.large_language(dfa).unwrap_or(Language::NONE)
    }

    /// The language of a minimal automaton with classes 0 and 1 (within UTF-8).
    pub(crate) fn language_of_dfa(&mut self, dfa: Dfa) -> Result<Language, String> {
        if let Some(strings) = finite::strings(&dfa) {
            return Ok(self.language_of_strings(strings));
        }
        self.large_language(dfa)
            .ok_or_else(|| "a pattern needs too large an automaton".to_owned())
    }

    /// The language of an automaton that may also take what is no UTF-8.
    pub(crate) fn language_within_utf8(&mut self, dfa: &Dfa) -> Option<Language> {
        let valid = dfa.product(&self.utf8, usize::MAX, |class, valid| class.min(1) & valid)?;
        self.language_of_dfa(valid).ok()
    }

    fn large_language(&mut self, dfa: Dfa) -> Option<Language> {
        if dfa.class(0) == 0 {
            // Without the empty string; few strings may lack besides it only if it is in the rest.
            return Some(Language::of(
                self.intern_language(LanguageData::Automaton(Arc::new(dfa))),
                false,
            ))
            .map(|language| self.negation_if_small(language));
        }
        let rest = self.complement(&dfa)?;
        Some(match finite::strings(&rest) {
            Some(strings) => {
                let language = self.language_of_strings(strings);
                self.lang_not(language)
            }
            None => Language::of(
                self.intern_language(LanguageData::Automaton(Arc::new(rest))),
                true,
            ),
        })
    }

    /// The same language, as the negation of a small set where it is one.
    fn negation_if_small(&mut self, language: Language) -> Language {
        let Some(LanguageData::Automaton(dfa)) = self.language_data(language.base()).cloned()
        else {
            return language;
        };
        match self.complement(&dfa).as_ref().and_then(finite::strings) {
            Some(strings) => {
                let rest = self.language_of_strings(strings);
                self.lang_not(rest)
            }
            None => language,
        }
    }

    fn complement(&self, dfa: &Dfa) -> Option<Dfa> {
        dfa.product(&self.utf8, usize::MAX, |class, valid| {
            valid & (1 - class.min(1))
        })
    }

    /// The minimal automaton of a language, with classes 0 and 1.
    pub(crate) fn language_dfa(&mut self, language: Language) -> Arc<Dfa> {
        if let Some(dfa) = self.language_dfas.get(&language) {
            return Arc::clone(dfa);
        }
        let base = match self.languages.get(language.base().0 as usize) {
            Some(LanguageData::Automaton(dfa)) => Arc::clone(dfa),
            Some(LanguageData::Finite(set)) => {
                Arc::new(finite::trie(set.iter().map(|s| (s.as_str(), 1))))
            }
            None => Arc::new(Dfa::nothing()),
        };
        let dfa = if language.is_negated() {
            Arc::new(self.complement(&base).unwrap_or_else(Dfa::nothing))
        } else {
            base
        };
        self.language_dfas.insert(language, Arc::clone(&dfa));
        dfa
    }

    /// Strings of both, or `None` if an automaton with more than `cap` states would be needed.
    pub(crate) fn intersection(
        &mut self,
        a: Language,
        b: Language,
        cap: usize,
    ) -> Option<Language> {
        let (a, b) = (a.min(b), a.max(b));
        if a.is_none() || b.is_none() || a == self.lang_not(b) {
            return Some(Language::NONE);
        }
        if a.is_all() || a == b {
            return Some(b);
        }
        if b.is_all() {
            return Some(a);
        }
        if let Some(&known) = self.intersections.get(&(a, b)) {
            return Some(known);
        }
        let result = match (
            self.finite_base(a.base()).cloned(),
            self.finite_base(b.base()).cloned(),
        ) {
            (Some(set), _) if !a.is_negated() => self.filtered(&set, b),
            (_, Some(set)) if !b.is_negated() => self.filtered(&set, a),
            (Some(x), Some(y)) => {
                let language = self.language_of_strings(x.union(&y).cloned().collect());
                self.lang_not(language)
            }
            _ => {
                let (x, y) = (self.language_dfa(a), self.language_dfa(b));
                let both = x.product(&y, cap, |x, y| x & y)?;
                self.language_of_dfa(both).ok()?
            }
        };
        self.intersections.insert((a, b), result);
        Some(result)
    }

    /// Strings of both, or `None` if an automaton with more than `cap` states would be needed; the work
    /// is counted.
    pub(crate) fn meet(
        &mut self,
        a: Language,
        b: Language,
        cap: usize,
        budget: &mut Budget,
    ) -> Result<Option<Language>, OutOfBudget> {
        let automata = [a, b].iter().all(|l| self.finite_base(l.base()).is_none());
        let known = self.intersections.contains_key(&(a.min(b), a.max(b)));
        if !automata || known || a == b {
            budget.spend(1, COMBINING)?;
            return Ok(self.intersection(a, b, cap));
        }
        let states = self
            .language_dfa(a)
            .states()
            .max(self.language_dfa(b).states());
        budget.spend(states as u64, COMBINING)?;
        // A product costs about so much for each of its states.
        let affordable = usize::try_from(budget.left() / PRODUCT_STATE).unwrap_or(usize::MAX);
        let cap = cap.min(affordable);
        let both = self.intersection(a, b, cap);
        let made = match both {
            Some(both) => self.language_dfa(both).states().max(states),
            None => cap,
        };
        budget.spend(made as u64 * PRODUCT_STATE, COMBINING)?;
        Ok(both)
    }

    fn filtered(&mut self, set: &BTreeSet<String>, language: Language) -> Language {
        let strings = set
            .iter()
            .filter(|s| self.language_contains(language, s))
            .cloned()
            .collect();
        self.language_of_strings(strings)
    }

    /// The language seen from a domain: what is impossible or certain there becomes a constant, and
    /// where few strings of the domain are in it (or aren't), it is those (or their complement).
    pub(crate) fn within_domain(
        &mut self,
        language: Language,
        domain: Language,
        min: i64,
        max: i64,
    ) -> Language {
        let fits = |s: &String| (min..=max).contains(&super::assignment::length(s));
        if let Some(strings) = self.finite_base(domain.base())
            && !domain.is_negated()
        {
            let all: BTreeSet<String> = strings.iter().filter(|s| fits(s)).cloned().collect();
            let inside: BTreeSet<String> = all
                .iter()
                .filter(|s| self.language_contains(language, s))
                .cloned()
                .collect();
            return if inside.is_empty() {
                Language::NONE
            } else if inside.len() == all.len() {
                Language::ALL
            } else if inside.first() == all.first() {
                let outside = all.difference(&inside).cloned().collect();
                let outside = self.language_of_strings(outside);
                self.lang_not(outside)
            } else {
                self.language_of_strings(inside)
            };
        }
        if let Some(strings) = self.finite_base(language.base()) {
            let kept: BTreeSet<String> = strings
                .iter()
                .filter(|s| fits(s) && self.language_contains(domain, s))
                .cloned()
                .collect();
            return Language::of(self.language_of_strings(kept).base(), language.is_negated());
        }
        if domain.is_all() {
            return language;
        }
        let opposite = self.lang_not(language);
        let Some(inside) = self.intersection(domain, language, MAX_QUICK_PRODUCT) else {
            return language;
        };
        if self.finite_base(inside.base()).is_some() && !inside.is_negated() {
            return inside;
        }
        match self.intersection(domain, opposite, MAX_QUICK_PRODUCT) {
            Some(outside)
                if self.finite_base(outside.base()).is_some() && !outside.is_negated() =>
            {
                self.lang_not(outside)
            }
            _ => language,
        }
    }
}
