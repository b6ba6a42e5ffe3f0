//! Regular languages of Unicode strings.

use super::{Automaton, AutomatonId, Logic};
use std::collections::BTreeSet;

/// A regular language: a base with a sign.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Language(u32);

/// A language without sign; see [`LanguageData`] for which of a language and its complement it is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub(crate) struct LanguageId(pub(crate) u32);

/// A base: a language with few strings, or one that is infinite or large (as is its complement) and
/// lacks the empty string.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum LanguageData {
    Finite(BTreeSet<String>),
}

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
    pub fn language(&mut self, _pattern: &str) -> Result<Language, String> {
        Err("patterns aren't supported yet".to_owned())
    }

    /// The language of these strings.
    pub fn literals(&mut self, strings: &[&str]) -> Language {
        let set: BTreeSet<String> = strings.iter().map(|&s| s.to_owned()).collect();
        Language::of(self.intern_language(LanguageData::Finite(set)), false)
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
    pub fn lang_and(&mut self, a: Language, _b: Language) -> Result<Language, String> {
        Ok(a)
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
    pub fn language_automaton(&mut self, _language: Language) -> AutomatonId {
        AutomatonId(0)
    }

    /// The automaton behind an id.
    #[must_use]
    pub fn automaton(&self, id: AutomatonId) -> &Automaton {
        self.automata
            .get(id.0 as usize)
            .unwrap_or(&self.no_automaton)
    }

    pub(crate) fn base_contains(&self, base: LanguageId, text: &str) -> bool {
        match self.languages.get(base.0 as usize) {
            Some(LanguageData::Finite(set)) => set.contains(text),
            None => false,
        }
    }

    pub(crate) fn intern_language(&mut self, data: LanguageData) -> LanguageId {
        if let Some(&id) = self.language_ids.get(&data) {
            return id;
        }
        let id = LanguageId(u32::try_from(self.languages.len()).unwrap_or(u32::MAX));
        self.languages.push(data.clone());
        self.language_ids.insert(data, id);
        id
    }

    /// The language seen from a domain: what is impossible or certain there becomes a constant.
    pub(crate) fn within_domain(
        &mut self,
        language: Language,
        _domain: Language,
        _min: i64,
        _max: i64,
    ) -> Language {
        language
    }
}
