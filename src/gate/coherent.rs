//! What ties two calls together of which one is made instead of the other: equal keys have equal
//! answers.

use super::elsewhere::{Call, path_of};
use super::{Encoder, Gate, Scope, TooLarge};
use crate::logic::Formula;
use crate::model::{ActionId, FactId, HistoryTerm, Instead, Param, Path, Root, Type};

impl<'a> Gate<'a> {
    /// What ties answers for both calls together: equal keys have equal facts, and equal answers about
    /// history. `question` is what is going to be asked.
    ///
    /// # Errors
    /// When a pattern is too large.
    pub fn coherent(
        &mut self,
        from: ActionId,
        instead: &Instead,
        question: Formula,
    ) -> Result<Formula, TooLarge> {
        let policy = self.encoder.policy();
        let call = Call::new(policy, from, instead);
        let scope = call.scope();
        let encoder = &mut self.encoder;
        let terms = encoder.logic.terms_of(&[question]);
        let mut all = Vec::new();
        // History: the same question with other keys.
        let asked: Vec<(crate::logic::Term, HistoryTerm)> = terms
            .iter()
            .filter_map(|t| match encoder.meaning(*t) {
                Some(super::Meaning::History(h)) if !h.keys.is_empty() => Some((*t, h.clone())),
                _ => None,
            })
            .collect();
        let without_keys = |h: &HistoryTerm| {
            super::history::question(&HistoryTerm {
                keys: Vec::new(),
                ..h.clone()
            })
        };
        for (i, (a, x)) in asked.iter().enumerate() {
            for (b, y) in asked.iter().skip(i + 1) {
                if without_keys(x) != without_keys(y) || x.keys.len() != y.keys.len() {
                    continue;
                }
                let mut same = Vec::new();
                for (k, l) in x.keys.iter().zip(&y.keys) {
                    same.push(equal_keys(encoder, &scope, k, l)?);
                }
                let same = encoder.logic.and(&same);
                let answer = encoder.logic.equal(*a, *b);
                all.push(encoder.logic.if_then(same, answer));
            }
        }
        for (fact, id) in policy.facts.iter().zip((0..).map(FactId)) {
            if call.same_key(fact) {
                continue;
            }
            let mut same = Vec::new();
            for key in &fact.keys {
                let at = |params: &[Param]| params.iter().position(|p| p.name == *key);
                let (Some(here), Some(there)) = (at(&call.here.params), at(&call.there.params))
                else {
                    continue;
                };
                let path = |params: &[Param], at: usize| {
                    let number = u32::try_from(at).unwrap_or(u32::MAX);
                    params.get(at).map(|p| path_of(p, number))
                };
                let (Some(here), Some(there)) = (
                    path(&call.here.params, here),
                    path(&call.there.params, there),
                ) else {
                    continue;
                };
                same.push(equal_keys(encoder, &scope, &here, &call.path(&there))?);
            }
            let same = encoder.logic.and(&same);
            let own = Scope::proposal(call.here);
            let apart = Scope {
                apart: vec![id],
                ..own.clone()
            };
            let paths: Vec<(Path, bool)> = terms
                .iter()
                .filter_map(|t| match encoder.meaning(*t) {
                    Some(super::Meaning::Value(p)) if p.root == Root::Fact(id) => {
                        Some((p.clone(), false))
                    }
                    Some(super::Meaning::Present(p)) if p.root == Root::Fact(id) => {
                        Some((p.clone(), true))
                    }
                    _ => None,
                })
                .collect();
            for (path, presence) in paths {
                let equal = if presence {
                    let (a, b) = (encoder.present(&path, &own), encoder.present(&path, &apart));
                    let (x, y) = (encoder.logic.if_then(a, b), encoder.logic.if_then(b, a));
                    encoder.logic.and(&[x, y])
                } else if matches!(path.ty, Type::List { .. }) {
                    continue;
                } else {
                    let (a, b) = (
                        encoder.path_term(&path, &own)?,
                        encoder.path_term(&path, &apart)?,
                    );
                    encoder.logic.equal(a, b)
                };
                all.push(encoder.logic.if_then(same, equal));
            }
        }
        Ok(self.encoder.logic.and(&all))
    }
}

/// Two keys are the same: both left out, or equal.
pub(super) fn equal_keys<'a>(
    encoder: &mut Encoder<'a>,
    scope: &Scope<'a>,
    a: &Path,
    b: &Path,
) -> Result<Formula, TooLarge> {
    let (x, y) = (encoder.present(a, scope), encoder.present(b, scope));
    let (s, t) = (encoder.path_term(a, scope)?, encoder.path_term(b, scope)?);
    let logic = &mut encoder.logic;
    let equal = logic.equal(s, t);
    let both = logic.and(&[x, y, equal]);
    let neither = logic.and(&[!x, !y]);
    Ok(logic.or(&[both, neither]))
}
