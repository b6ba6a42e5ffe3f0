//! Conditions: three-valued over what is absent.
//!
//! Stephen C. Kleene, "Introduction to Metamathematics" (1952), § 64: strong three-valued logic.

use super::{Interp, World};
use crate::model::{
    Atom, AtomKind, Cond, Const, FlowId, HistoryTerm, Operand, Path, Root, StateId, Type,
};
use crate::syntax::tree::{CompareOp, HistoryFunc};
use std::borrow::Cow;

/// True, false, or undecided for want of a value (`None`).
pub type Truth = Option<bool>;

/// How deep conditions may nest; the syntax's own limit is lower.
const DEPTH_MAX: u32 = 1000;

impl Interp<'_> {
    /// What a condition says in a world.
    #[must_use]
    pub fn truth(&self, world: &dyn World, cond: &Cond) -> Truth {
        self.truth_at(world, cond, 0)
    }

    fn truth_at(&self, world: &dyn World, cond: &Cond, depth: u32) -> Truth {
        if depth > DEPTH_MAX {
            return None;
        }
        let each = |c: &Cond| self.truth_at(world, c, depth + 1);
        match cond {
            Cond::And(parts) => all(parts.iter().map(each)),
            Cond::Or(parts) => any(parts.iter().map(each)),
            Cond::Not(inner) => each(inner).map(|b| !b),
            Cond::Define { body, .. } => each(body),
            Cond::Atom(Atom { kind, .. }) => self.atom(world, kind, depth),
        }
    }

    fn atom(&self, world: &dyn World, atom: &AtomKind, depth: u32) -> Truth {
        match atom {
            AtomKind::Const(b) => Some(*b),
            AtomKind::Holds(operand) => match self.operand(world, operand, 0)? {
                Scaled::Other(value) => match value.as_ref() {
                    Const::Bool(b) => Some(*b),
                    _ => None,
                },
                Scaled::Number(_) => None,
            },
            AtomKind::Compare {
                left,
                op,
                right,
                offset,
                scale,
            } => {
                let left = self.operand(world, left, *scale)?;
                let right = self.operand(world, right, *scale)?;
                compare(&left, *op, &right, *offset)
            }
            AtomKind::InRange {
                operand,
                low,
                high,
                scale,
            } => match self.operand(world, operand, *scale)? {
                Scaled::Number(n) => Some(i128::from(*low) <= n && n <= i128::from(*high)),
                Scaled::Other(_) => None,
            },
            AtomKind::InSet {
                operand,
                set,
                scale,
            } => {
                let value = self.operand(world, operand, *scale)?;
                Some(set.iter().any(|member| value == constant(member)))
            }
            AtomKind::Matches { path, regex } => match self.path(world, path)?.as_ref() {
                Const::Str(text) => self.matches(&regex.pattern, text),
                _ => None,
            },
            AtomKind::Present(path) => Some(self.path(world, path).is_some()),
            AtomKind::Contains {
                list,
                element,
                scale,
            } => {
                let wanted = self.operand(world, element, *scale)?;
                let Type::List { element: ty, .. } = &list.ty else {
                    return None;
                };
                let list = self.path(world, list)?;
                let Const::List(items) = list.as_ref() else {
                    return None;
                };
                let equal = |v| scaled(Cow::Borrowed(v), ty, *scale) == wanted;
                Some(items.iter().any(equal))
            }
            AtomKind::Quantifier {
                every, list, body, ..
            } => {
                let list = self.path(world, list)?;
                let Const::List(items) = list.as_ref() else {
                    return None;
                };
                let each = items.iter().map(|element| {
                    let inner = WithElement {
                        outer: world,
                        element,
                    };
                    self.truth_at(&inner, body, depth + 1)
                });
                if *every { all(each) } else { any(each) }
            }
            AtomKind::During { flow, state } => Some(world.during(*flow, *state)),
        }
    }

    /// The value that a path leads to; `None` if it is absent.
    #[must_use]
    pub fn path<'w>(&self, world: &'w dyn World, path: &Path) -> Option<Cow<'w, Const>> {
        match world.root(path.root)? {
            Cow::Borrowed(mut value) => {
                for &field in &path.fields {
                    let Const::Record(_, fields) = value else {
                        return None;
                    };
                    value = fields.get(field as usize)?.as_ref()?;
                }
                Some(Cow::Borrowed(value))
            }
            Cow::Owned(mut value) => {
                for &field in &path.fields {
                    let Const::Record(_, mut fields) = value else {
                        return None;
                    };
                    value = fields.get_mut(field as usize)?.take()?;
                }
                Some(Cow::Owned(value))
            }
        }
    }

    /// The value of an operand with `scale` fractional digits; `None` if it is absent.
    pub(super) fn operand<'w>(
        &self,
        world: &'w dyn World,
        operand: &'w Operand,
        scale: u32,
    ) -> Option<Scaled<'w>> {
        let count = |n: i64| Scaled::Number(i128::from(n) * ten(scale));
        Some(match operand {
            // Constants are written in the comparison's scale already.
            Operand::Const(c) => constant(c),
            Operand::Path(path) => scaled(self.path(world, path)?, &path.ty, scale),
            Operand::Length(path) => match self.path(world, path)?.as_ref() {
                Const::Str(text) => count(i64::try_from(text.chars().count()).ok()?),
                _ => return None,
            },
            Operand::Size(path) => match self.path(world, path)?.as_ref() {
                Const::List(items) => count(i64::try_from(items.len()).ok()?),
                _ => return None,
            },
            Operand::History(term) => {
                let answer = world.history(self, term);
                match term.func {
                    HistoryFunc::Calls | HistoryFunc::Effects => count(answer),
                    HistoryFunc::Done | HistoryFunc::Standing | HistoryFunc::Unsettled => {
                        Scaled::Other(Cow::Owned(Const::Bool(answer > 0)))
                    }
                }
            }
        })
    }
}

/// An operand's value: numbers on the comparison's scale, anything else as it is.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Scaled<'w> {
    Number(i128),
    Other(Cow<'w, Const>),
}

fn ten(scale: u32) -> i128 {
    10_i128.checked_pow(scale).unwrap_or(i128::MAX)
}

fn constant(c: &Const) -> Scaled<'_> {
    match c {
        Const::Number(n) => Scaled::Number(i128::from(*n)),
        other => Scaled::Other(Cow::Borrowed(other)),
    }
}

/// A constant of a comparison, with the offset that stands behind it.
pub(super) fn offset_by(c: &Const, offset: i64) -> Scaled<'_> {
    match constant(c) {
        Scaled::Number(n) => Scaled::Number(n + i128::from(offset)),
        other => other,
    }
}

fn scaled<'w>(value: Cow<'w, Const>, ty: &Type, scale: u32) -> Scaled<'w> {
    match value.as_ref() {
        Const::Number(n) => Scaled::Number(i128::from(*n) * ten(scale.saturating_sub(ty.scale()))),
        _ => Scaled::Other(value),
    }
}

fn compare(left: &Scaled<'_>, op: CompareOp, right: &Scaled<'_>, offset: i64) -> Truth {
    let ordering = match (left, right) {
        (Scaled::Number(l), Scaled::Number(r)) => l.cmp(&(r + i128::from(offset))),
        (Scaled::Other(l), Scaled::Other(r)) => match op {
            CompareOp::Eq => return Some(l == r),
            CompareOp::Ne => return Some(l != r),
            _ => return None,
        },
        _ => return None,
    };
    Some(match op {
        CompareOp::Eq => ordering.is_eq(),
        CompareOp::Ne => ordering.is_ne(),
        CompareOp::Lt => ordering.is_lt(),
        CompareOp::Le => ordering.is_le(),
        CompareOp::Gt => ordering.is_gt(),
        CompareOp::Ge => ordering.is_ge(),
    })
}

fn all(parts: impl Iterator<Item = Truth>) -> Truth {
    any(parts.map(|t| t.map(|b| !b))).map(|b| !b)
}

fn any(parts: impl Iterator<Item = Truth>) -> Truth {
    let mut out = Some(false);
    for part in parts {
        match part {
            Some(true) => return Some(true),
            Some(false) => {}
            None => out = None,
        }
    }
    out
}

/// A world with the element that a quantifier looks at.
struct WithElement<'a> {
    outer: &'a dyn World,
    element: &'a Const,
}

impl World for WithElement<'_> {
    fn root(&self, root: Root) -> Option<Cow<'_, Const>> {
        match root {
            Root::Element => Some(Cow::Borrowed(self.element)),
            other => self.outer.root(other),
        }
    }

    fn history(&self, interp: &Interp<'_>, term: &HistoryTerm) -> i64 {
        self.outer.history(interp, term)
    }

    fn during(&self, flow: FlowId, state: Option<StateId>) -> bool {
        self.outer.during(flow, state)
    }
}

#[cfg(test)]
mod tests;
