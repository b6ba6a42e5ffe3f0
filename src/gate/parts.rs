//! A condition taken apart: what each part of it says, what the whole says without some of them, and
//! the smallest part that makes it impossible.
//!
//! The same condition is read once for every action that its rule speaks about. So the parts are
//! numbered, and their truth is kept for each reading.

use super::checks::undecided::place;
use super::questions::Questions;
use super::{Encoder, Scope, TooLarge, Truth};
use crate::logic::{Enough, Formula, OutOfBudget, smallest};
use crate::model::{Atom, AtomKind, Cond};
use crate::source::Span;
use std::collections::BTreeSet;

/// How parts are put together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Joint {
    And,
    Or,
    Not,
    /// `some`, or `every` where true.
    Quantifier(bool),
    /// A single test, or the use of a define.
    Leaf,
}

/// A part of a condition.
#[derive(Debug)]
#[allow(missing_docs)]
pub struct Part<'c> {
    pub joint: Joint,
    pub cond: &'c Cond,
    pub span: Span,
    pub children: Vec<usize>,
}

/// One place where the condition is read.
pub struct Reading<'a> {
    /// The place of each part: inside quantifiers it has an element.
    scopes: Vec<Scope<'a>>,
    /// The truth of each part.
    pub truth: Vec<Truth>,
}

/// A condition with its readings.
#[allow(missing_docs)]
pub struct Parts<'c, 'a> {
    /// Wholes before their parts; the first is the condition itself.
    pub parts: Vec<Part<'c>>,
    pub readings: Vec<Reading<'a>>,
}

impl<'c, 'a> Parts<'c, 'a> {
    /// Takes a condition apart. Uses of defines stay whole.
    #[must_use]
    pub fn new(cond: &'c Cond) -> Self {
        let mut parts = Vec::new();
        push(&mut parts, cond);
        Self {
            parts,
            readings: Vec::new(),
        }
    }

    /// Adds a place where the condition is read; `cond` is the condition as it is resolved there.
    /// Places where everything says the same are one.
    ///
    /// # Errors
    /// When a pattern is too large.
    pub fn read(
        &mut self,
        encoder: &mut Encoder<'a>,
        cond: &'c Cond,
        scope: &Scope<'a>,
    ) -> Result<(), TooLarge> {
        let other = Self::new(cond);
        if other.parts.len() != self.parts.len() {
            return Ok(());
        }
        let mut scopes: Vec<Scope<'a>> = vec![scope.clone(); self.parts.len()];
        let mut truth = vec![
            Truth {
                yes: Formula::FALSE,
                no: Formula::FALSE
            };
            self.parts.len()
        ];
        for (at, part) in other.parts.iter().enumerate() {
            let Some(here) = scopes.get(at).cloned() else {
                continue;
            };
            let inner = match quantifier(part.cond) {
                Some((_, list, atom)) if part.joint != Joint::Leaf => {
                    encoder.element_scope(list, &here, atom)?
                }
                _ => here,
            };
            for child in &part.children {
                if let Some(scope) = scopes.get_mut(*child) {
                    *scope = inner.clone();
                }
            }
        }
        for at in (0..other.parts.len()).rev() {
            let said = {
                let of = |child: usize| truth.get(child).copied();
                other.joined(encoder, &scopes, at, &of)?
            };
            if let Some(slot) = truth.get_mut(at) {
                *slot = said;
            }
        }
        let same = |r: &Reading<'_>| {
            r.truth
                .iter()
                .zip(&truth)
                .all(|(a, b)| (a.yes, a.no) == (b.yes, b.no))
        };
        if !self.readings.iter().any(same) {
            self.readings.push(Reading { scopes, truth });
        }
        Ok(())
    }

    /// The truth of a part from that of its children; a child without one is left out.
    fn joined(
        &self,
        encoder: &mut Encoder<'a>,
        scopes: &[Scope<'a>],
        at: usize,
        of: &dyn Fn(usize) -> Option<Truth>,
    ) -> Result<Truth, TooLarge> {
        let never = Truth {
            yes: Formula::FALSE,
            no: Formula::FALSE,
        };
        let (Some(part), Some(scope)) = (self.parts.get(at), scopes.get(at)) else {
            return Ok(never);
        };
        let children: Vec<Truth> = part.children.iter().filter_map(|c| of(*c)).collect();
        let yes: Vec<Formula> = children.iter().map(|t| t.yes).collect();
        let no: Vec<Formula> = children.iter().map(|t| t.no).collect();
        let logic = &mut encoder.logic;
        Ok(match part.joint {
            Joint::And => Truth {
                yes: logic.and(&yes),
                no: logic.or(&no),
            },
            Joint::Or => Truth {
                yes: logic.or(&yes),
                no: logic.and(&no),
            },
            Joint::Not => children.first().map_or(never, |t| Truth {
                yes: t.no,
                no: t.yes,
            }),
            Joint::Quantifier(every) => match (quantifier(part.cond), children.first()) {
                (Some((_, list, atom)), Some(body)) => {
                    encoder.quantified(every, list, *body, scope, atom)?
                }
                _ => never,
            },
            Joint::Leaf => encoder.truth(part.cond, scope)?,
        })
    }

    /// The truth of a part, in one reading, with some of its own parts taken out of their `and` or
    /// `or`.
    ///
    /// # Errors
    /// When a pattern is too large: it wasn't when it was read.
    pub fn without(
        &self,
        encoder: &mut Encoder<'a>,
        reading: &Reading<'a>,
        root: usize,
        removed: &BTreeSet<usize>,
    ) -> Result<Truth, TooLarge> {
        // Only what holds a removed part has to be made anew: parts come after their wholes.
        let mut made: Vec<Option<Truth>> = vec![None; self.parts.len()];
        for at in (root..self.parts.len()).rev() {
            let Some(part) = self.parts.get(at) else {
                continue;
            };
            let joins = matches!(part.joint, Joint::And | Joint::Or);
            let out = |c: &usize| joins && removed.contains(c);
            let changed = part
                .children
                .iter()
                .any(|c| out(c) || made.get(*c).is_some_and(Option::is_some));
            if !changed {
                continue;
            }
            let of = |child: usize| {
                if out(&child) {
                    return None;
                }
                made.get(child)
                    .copied()
                    .flatten()
                    .or_else(|| reading.truth.get(child).copied())
            };
            let said = self.joined(encoder, &reading.scopes, at, &of)?;
            if let Some(slot) = made.get_mut(at) {
                *slot = Some(said);
            }
        }
        Ok(made
            .get(root)
            .copied()
            .flatten()
            .or_else(|| reading.truth.get(root).copied())
            .unwrap_or(Truth {
                yes: Formula::FALSE,
                no: Formula::FALSE,
            }))
    }

    /// The fewest leaves of the part that keep it from ever being true (or false, where `wanted` is
    /// false) together with `besides`, which is given for each reading. `None` where it can be.
    ///
    /// # Errors
    /// When the budget runs out.
    pub fn core(
        &self,
        encoder: &mut Encoder<'a>,
        questions: &mut Questions,
        root: usize,
        wanted: bool,
        besides: &[Formula],
    ) -> Result<Option<Vec<usize>>, OutOfBudget> {
        let leaves = self.leaves(root, wanted);
        let literal = |reading: &Reading<'_>, (at, wanted): (usize, bool)| {
            reading
                .truth
                .get(at)
                .map_or(Formula::FALSE, |t| if wanted { t.yes } else { t.no })
        };
        let found = smallest(|kept| {
            for (reading, besides) in self.readings.iter().zip(besides) {
                let keep = |leaf: (usize, bool)| {
                    let number = leaves.iter().position(|l| *l == leaf);
                    number.is_some_and(|n| kept.binary_search(&n).is_ok())
                };
                let weaker = self.relaxed(encoder, root, wanted, &|leaf| {
                    if keep(leaf) {
                        literal(reading, leaf)
                    } else {
                        Formula::TRUE
                    }
                });
                let question = encoder.logic.and(&[weaker, *besides]);
                let all: Vec<Formula> = leaves.iter().map(|l| literal(reading, *l)).collect();
                let terms = encoder.logic.terms_of(&all);
                let Some(values) = questions.world(encoder, question, &terms)? else {
                    continue;
                };
                let missed = leaves
                    .iter()
                    .enumerate()
                    .filter(|(n, leaf)| {
                        kept.binary_search(n).is_err()
                            && !encoder.logic.holds(literal(reading, **leaf), &values)
                    })
                    .map(|(n, _)| n)
                    .collect();
                return Ok(Enough::Needs(missed));
            }
            Ok(Enough::Yes)
        })?;
        Ok(found.map(|numbers| {
            numbers
                .into_iter()
                .filter_map(|n| leaves.get(n).map(|l| l.0))
                .collect()
        }))
    }

    /// The single tests below a part, each with the truth that is wanted of it.
    fn leaves(&self, root: usize, wanted: bool) -> Vec<(usize, bool)> {
        let mut found = Vec::new();
        let mut open = vec![(root, wanted)];
        while let Some((at, wanted)) = open.pop() {
            let Some(part) = self.parts.get(at) else {
                continue;
            };
            match part.joint {
                Joint::And | Joint::Or => {
                    open.extend(part.children.iter().rev().map(|c| (*c, wanted)));
                }
                Joint::Not => open.extend(part.children.iter().map(|c| (*c, !wanted))),
                Joint::Quantifier(_) | Joint::Leaf => found.push((at, wanted)),
            }
        }
        found
    }

    /// The part in negation normal form with `leaf` in place of its leaves.
    fn relaxed(
        &self,
        encoder: &mut Encoder<'a>,
        root: usize,
        wanted: bool,
        leaf: &dyn Fn((usize, bool)) -> Formula,
    ) -> Formula {
        let Some(part) = self.parts.get(root) else {
            return Formula::TRUE;
        };
        // Conditions are bounded in depth.
        match part.joint {
            Joint::Not => match part.children.first() {
                Some(child) => self.relaxed(encoder, *child, !wanted, leaf),
                None => Formula::TRUE,
            },
            Joint::And | Joint::Or => {
                let all: Vec<Formula> = part
                    .children
                    .iter()
                    .map(|c| self.relaxed(encoder, *c, wanted, leaf))
                    .collect();
                if (part.joint == Joint::And) == wanted {
                    encoder.logic.and(&all)
                } else {
                    encoder.logic.or(&all)
                }
            }
            Joint::Quantifier(_) | Joint::Leaf => leaf((root, wanted)),
        }
    }
}

fn push<'c>(parts: &mut Vec<Part<'c>>, cond: &'c Cond) -> usize {
    let at = parts.len();
    let (joint, inner): (Joint, Vec<&'c Cond>) = match cond {
        Cond::And(all) => (Joint::And, all.iter().collect()),
        Cond::Or(all) => (Joint::Or, all.iter().collect()),
        Cond::Not(inner) => (Joint::Not, vec![inner]),
        Cond::Define { .. } => (Joint::Leaf, Vec::new()),
        Cond::Atom(Atom {
            kind: AtomKind::Quantifier { every, body, .. },
            ..
        }) => (Joint::Quantifier(*every), vec![body]),
        Cond::Atom(_) => (Joint::Leaf, Vec::new()),
    };
    parts.push(Part {
        joint,
        cond,
        span: place(cond).unwrap_or_default(),
        children: Vec::new(),
    });
    let children: Vec<usize> = inner.into_iter().map(|c| push(parts, c)).collect();
    if let Some(part) = parts.get_mut(at) {
        part.children = children;
    }
    at
}

/// The quantifier that a condition is.
fn quantifier(cond: &Cond) -> Option<(bool, &crate::model::Path, &Atom)> {
    match cond {
        Cond::Atom(atom) => match &atom.kind {
            AtomKind::Quantifier { every, list, .. } => Some((*every, list, atom)),
            _ => None,
        },
        _ => None,
    }
}
