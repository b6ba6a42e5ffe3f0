//! The rules that one proposal may concern, out of thousands.
//!
//! A conjunction with a false part is false, whatever else stands in it (Kleene's strong logic), and
//! a rule that fires where its condition holds does not fire then. So a rule that asks for a value
//! to be one of some constants need not be looked at where that value is there and is none of them.
//! Each rule is filed under the constants of one such part, the part that fewest rules share; a
//! rule without one, and a `require`, is always looked at.

use super::cond::{Scaled, offset_by};
use super::{Interp, World};
use crate::model::{ActionId, Atom, AtomKind, Cond, Operand, Root, Rule, RuleKind, RuleTarget};
use crate::syntax::tree::CompareOp;
use std::collections::BTreeMap;

/// The rules on one action, filed by what they ask for.
pub struct Shortlist<'p> {
    /// By name.
    rules: Vec<(&'p Rule, &'p RuleTarget)>,
    always: Vec<usize>,
    files: BTreeMap<Place<'p>, File<'p>>,
}

/// A value on a scale.
type Place<'p> = (Root, &'p [u32], u32);

struct File<'p> {
    operand: &'p Operand,
    rules: BTreeMap<Scaled<'p>, Vec<usize>>,
}

/// A part of a condition that asks for a value to be one of these.
struct Part<'p> {
    operand: &'p Operand,
    place: Place<'p>,
    values: Vec<Scaled<'p>>,
}

impl<'p> Shortlist<'p> {
    /// The rules on an action. Limits, which never fire, are left out.
    #[must_use]
    pub fn new(interp: &Interp<'p>, action: ActionId) -> Self {
        let rules: Vec<_> = interp
            .rules_on(action)
            .filter(|(rule, _)| !matches!(rule.kind, RuleKind::Limit { .. }))
            .collect();
        let parts: Vec<Vec<Part<'p>>> = rules.iter().map(|(r, t)| parts(r, t)).collect();
        let mut sharing: BTreeMap<(Place<'p>, &Scaled<'p>), usize> = BTreeMap::new();
        for part in parts.iter().flatten() {
            for value in &part.values {
                *sharing.entry((part.place, value)).or_insert(0) += 1;
            }
        }
        let shared = |part: &Part<'p>| -> usize {
            let each = part.values.iter();
            each.filter_map(|v| sharing.get(&(part.place, v))).sum()
        };
        let chosen: Vec<Option<usize>> = parts
            .iter()
            .map(|own| (0..own.len()).min_by_key(|&i| own.get(i).map(shared)))
            .collect();
        let mut made = Self {
            rules,
            always: Vec::new(),
            files: BTreeMap::new(),
        };
        for (at, (own, chosen)) in parts.into_iter().zip(chosen).enumerate() {
            match chosen.and_then(|i| own.into_iter().nth(i)) {
                None => made.always.push(at),
                Some(part) => {
                    let file = made.files.entry(part.place).or_insert_with(|| File {
                        operand: part.operand,
                        rules: BTreeMap::new(),
                    });
                    for value in part.values {
                        file.rules.entry(value).or_default().push(at);
                    }
                }
            }
        }
        made
    }

    /// The rules that may fire in that world, by name; all others surely don't.
    pub fn of(
        &self,
        interp: &Interp<'_>,
        world: &dyn World,
    ) -> impl Iterator<Item = (&'p Rule, &'p RuleTarget)> {
        let mut found = self.always.clone();
        for ((_, _, scale), file) in &self.files {
            match interp.operand(world, file.operand, *scale) {
                Some(value) => found.extend(file.rules.get(&value).into_iter().flatten()),
                // What is absent leaves them undecided, or another part makes them false.
                None => found.extend(file.rules.values().flatten()),
            }
        }
        found.sort_unstable();
        found.dedup();
        found
            .into_iter()
            .filter_map(|at| self.rules.get(at).copied())
    }
}

/// The parts of a rule's condition that the rule can be filed under.
fn parts<'p>(rule: &Rule, target: &'p RuleTarget) -> Vec<Part<'p>> {
    let mut found = Vec::new();
    if matches!(rule.kind, RuleKind::Require) {
        return found;
    }
    let mut open: Vec<&'p Cond> = target.when.iter().collect();
    while let Some(cond) = open.pop() {
        match cond {
            Cond::And(parts) => open.extend(parts),
            Cond::Define { body, .. } => open.push(body),
            Cond::Atom(Atom { kind, .. }) => found.extend(part(kind)),
            Cond::Or(_) | Cond::Not(_) => {}
        }
    }
    found
}

fn part(kind: &AtomKind) -> Option<Part<'_>> {
    match kind {
        AtomKind::Compare {
            left: operand @ Operand::Path(path),
            op: CompareOp::Eq,
            right: Operand::Const(value),
            offset,
            scale,
        } => Some(Part {
            operand,
            place: (path.root, &path.fields, *scale),
            values: vec![offset_by(value, *offset)],
        }),
        AtomKind::InSet {
            operand: operand @ Operand::Path(path),
            set,
            scale,
        } => Some(Part {
            operand,
            place: (path.root, &path.fields, *scale),
            values: set.iter().map(|value| offset_by(value, 0)).collect(),
        }),
        _ => None,
    }
}
