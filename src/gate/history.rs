//! Questions about history: their names, and what is true of their answers whatever happened.

use super::encode::{Encoder, Meaning};
use crate::logic::{Formula, IntSet, Logic, Term};
use crate::model::{Cond, HistoryTerm, Path};
use crate::syntax::tree::HistoryFunc;

impl Encoder<'_> {
    /// What is true of history whatever happened, about the questions asked so far: what succeeded,
    /// stands or is in doubt was called; effects are calls; a narrower question counts no more than
    /// a wider one.
    pub fn axioms(&mut self) -> Formula {
        let asked: Vec<(Term, HistoryTerm)> = self
            .meanings()
            .filter_map(|(t, m)| match m {
                Meaning::History(h) => Some((t, h.clone())),
                _ => None,
            })
            .collect();
        let mut all = Vec::new();
        for (a, x) in &asked {
            for (b, y) in &asked {
                if a == b || moment(&self.logic, *a) != moment(&self.logic, *b) {
                    continue;
                }
                if implied(x.func, y.func) && narrower(x, y) {
                    all.push(self.logic.difference(*a, 1, *b, 1, IntSet::at_most(0)));
                }
            }
        }
        self.logic.and(&all)
    }
}

/// The part of a history term's name that says when it is asked.
fn moment(logic: &Logic, term: Term) -> String {
    let name = logic.name(term);
    name.split_once("history.")
        .map_or(String::new(), |(m, _)| m.to_string())
}

/// Whether a call that counts for `a` counts for `b`.
fn implied(a: HistoryFunc, b: HistoryFunc) -> bool {
    use HistoryFunc as H;
    a == b
        || matches!(
            (a, b),
            (_, H::Calls) | (H::Standing | H::Unsettled, H::Effects) | (H::Standing, H::Done)
        ) && !matches!((a, b), (H::Standing, H::Done))
}

/// Whether every call that `a` looks at is looked at by `b` as well.
fn narrower(a: &HistoryTerm, b: &HistoryTerm) -> bool {
    let flag = matches!(
        b.func,
        HistoryFunc::Done | HistoryFunc::Standing | HistoryFunc::Unsettled
    );
    let counts = matches!(a.func, HistoryFunc::Calls | HistoryFunc::Effects);
    if flag && counts {
        return false;
    }
    a.counted.iter().all(|x| {
        b.counted.iter().any(|y| {
            let keys = b.keys.is_empty() || (same_keys(a, b) && same_paths(&x.keys, &y.keys));
            x.action == y.action
                && keys
                && (y.filter.is_none() || format!("{:?}", x.filter) == format!("{:?}", y.filter))
        })
    })
}

fn same_keys(a: &HistoryTerm, b: &HistoryTerm) -> bool {
    same_paths(&a.keys, &b.keys)
}

fn same_paths(a: &[Path], b: &[Path]) -> bool {
    a.len() == b.len()
        && a.iter()
            .zip(b)
            .all(|(x, y)| x.root == y.root && x.fields == y.fields)
}

/// A question about history as a name: equal questions have equal names.
pub(crate) fn question(term: &HistoryTerm) -> String {
    use std::fmt::Write;
    let mut name = format!("{:?}(", term.func);
    let path = |p: &Path| format!("{:?}{:?}", p.root, p.fields);
    for counted in &term.counted {
        let _ = write!(name, "{} ", counted.action.0);
        for key in &counted.keys {
            name.push_str(&path(key));
        }
        if let Some(filter) = &counted.filter {
            let _ = write!(name, " where {}", canonical(filter));
        }
        name.push(';');
    }
    for key in &term.keys {
        name.push_str(&path(key));
    }
    name.push(')');
    name
}

/// A condition without its places, for telling conditions apart.
fn canonical(cond: &Cond) -> String {
    let text = format!("{cond:?}");
    // Places are the only numbers that follow `start: ` and `end: `.
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(at) = rest.find("Span {") {
        out.push_str(rest.get(..at).unwrap_or_default());
        let after = rest.get(at..).unwrap_or_default();
        rest = after
            .find('}')
            .and_then(|e| after.get(e + 1..))
            .unwrap_or_default();
    }
    out.push_str(rest);
    out
}
