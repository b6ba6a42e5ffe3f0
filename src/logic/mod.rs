//! Pure mathematics: terms over finite and infinite domains, formulas, satisfiability with
//! witnesses, decision diagrams, automata. No word of policies.
//!
//! # The vocabulary (everything else in this folder serves it)
//!
//! A [`Logic`] interns *terms* (variables with a sort), *languages* (regular sets of strings) and
//! *formulas* (hash-consed, negation normal form inside). Atoms are
//!
//! | atom | meaning |
//! | --- | --- |
//! | `in_set(t, S)` | integer term `t` lies in `S`, a finite union of intervals |
//! | `in_language(s, L)` | string term `s` lies in the regular language `L` |
//! | `difference(ka·a − kb·b ∈ S)` | for two integer terms and positive factors |
//! | `equal(a, b)` | two terms of one sort are equal |
//! | `some(list, body)` | some element of the list satisfies `body`, a formula over the list's element terms and outer terms |
//!
//! Bools are integers 0 and 1, enums their variants' indices, presence is a 0/1 term of its own.
//! `length_of(s)` and `size_of(list)` are integer terms tied to `s` and `list`.
//!
//! Questions: `solve(formula, budget)` gives `Ok(Some(witness))`, `Ok(None)` (unsatisfiable), or
//! `Err(OutOfBudget)`; it is exact. `diagram(cases)` turns an ordered list of (formula, leaf), the
//! first that holds wins, into a shared acyclic graph whose nodes test integer-valued *probes*.
//!
//! # The interface
//!
//! ```text
//! Logic::new()
//! int(name, min, max) -> Term            interned by name: same name, same term
//! string(name, domain: Language) -> Term
//! list(name, min_size, max_size) -> Term
//! element_int / element_string(list, name, …) -> Term      a term of the list's element
//! length_of(Term) -> Term, size_of(Term) -> Term
//! require_first(term, presence: Term)    diagrams test `presence` before `term`
//! language(pattern) -> Result<Language, _>, literals(&[…]), any_string(), and/or/not of languages
//! constant(bool), and(&[…]), or(&[…]), not(f), in_set, in_language, difference, equal, some -> Formula
//! solve(Formula, &mut Budget) -> Result<Option<Assignment>, OutOfBudget>
//! diagram(&[(Formula, leaf)], default_leaf, &mut Budget) -> Result<Diagram, OutOfBudget>
//! ```
