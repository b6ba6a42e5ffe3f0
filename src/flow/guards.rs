//! Guards of a flow's states as formulas over its slots, and what is known once one was passed.

use crate::diagnostics::Diagnostic;
use crate::gate::{Gate, Scope, Truth};
use crate::logic::Formula;
use crate::model::{Atom, AtomKind, Cond, Operand, Path, Root};

/// A guard: its formulas, and what it tells about slots for as long as they are not bound again.
#[derive(Clone, Debug)]
pub struct Guard {
    pub truth: Truth,
    /// Facts about slots alone that hold where it is true.
    pub if_true: Vec<u32>,
    /// Facts that hold where it is false.
    pub if_false: Vec<u32>,
}

/// A fact about slots: a formula, and the slots that it speaks of.
#[derive(Clone, Debug)]
pub struct Known {
    pub formula: Formula,
    pub slots: Vec<u32>,
}

/// All facts that guards can establish.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    list: Vec<Known>,
}

impl Facts {
    pub fn get(&self, id: u32) -> Option<&Known> {
        self.list.get(id as usize)
    }

    fn add(&mut self, formula: Formula, slots: Vec<u32>) -> u32 {
        if let Some(at) = self.list.iter().position(|k| k.formula == formula) {
            return u32::try_from(at).unwrap_or(u32::MAX);
        }
        self.list.push(Known { formula, slots });
        u32::try_from(self.list.len() - 1).unwrap_or(u32::MAX)
    }

    /// Encodes a guard. `slot` tells the slots that a path of this run begins at: a fact has one of its
    /// own, and depends on those of its key.
    pub fn guard<'a>(
        &mut self,
        gate: &mut Gate<'a>,
        cond: &Cond,
        scope: &Scope<'a>,
        slot: &dyn Fn(&Path) -> Vec<u32>,
        findings: &mut Vec<Diagnostic>,
    ) -> Option<Guard> {
        let truth = gate.decided(cond, scope, findings)?;
        let mut parts = Vec::new();
        conjuncts(cond, true, &mut parts);
        let mut if_true = Vec::new();
        for (part, positive) in parts {
            if let Some(slots) = pure(part, slot)
                && let Ok(t) = gate.encoder.truth(part, scope)
            {
                if_true.push(self.add(if positive { t.yes } else { t.no }, slots));
            }
        }
        let mut parts = Vec::new();
        conjuncts(cond, false, &mut parts);
        let mut if_false = Vec::new();
        for (part, positive) in parts {
            if let Some(slots) = pure(part, slot)
                && let Ok(t) = gate.encoder.truth(part, scope)
            {
                if_false.push(self.add(if positive { t.yes } else { t.no }, slots));
            }
        }
        Some(Guard {
            truth,
            if_true,
            if_false,
        })
    }
}

/// The conditions that all hold where `cond` has the truth value `positive`.
fn conjuncts<'c>(cond: &'c Cond, positive: bool, out: &mut Vec<(&'c Cond, bool)>) {
    match cond {
        Cond::And(parts) if positive => parts.iter().for_each(|p| conjuncts(p, true, out)),
        Cond::Or(parts) if !positive => parts.iter().for_each(|p| conjuncts(p, false, out)),
        Cond::Not(inner) => conjuncts(inner, !positive, out),
        Cond::Define { body, .. } => conjuncts(body, positive, out),
        other => out.push((other, positive)),
    }
}

/// The slots that a condition speaks of, if it speaks of nothing but slots.
fn pure(cond: &Cond, slot: &dyn Fn(&Path) -> Vec<u32>) -> Option<Vec<u32>> {
    let mut slots = Vec::new();
    only_slots(cond, slot, &mut slots).then(|| {
        slots.sort_unstable();
        slots.dedup();
        slots
    })
}

fn only_slots(cond: &Cond, slot: &dyn Fn(&Path) -> Vec<u32>, slots: &mut Vec<u32>) -> bool {
    let path = |p: &Path, slots: &mut Vec<u32>| match p.root {
        Root::Binding(_) | Root::FlowParam(_) | Root::Fact(_) => {
            slots.extend(slot(p));
            true
        }
        Root::Element => true,
        _ => false,
    };
    let operand = |o: &Operand, slots: &mut Vec<u32>| match o {
        Operand::Const(_) => true,
        Operand::Path(p) | Operand::Length(p) | Operand::Size(p) => path(p, slots),
        Operand::History(_) => false,
    };
    match cond {
        Cond::And(parts) | Cond::Or(parts) => parts.iter().all(|p| only_slots(p, slot, slots)),
        Cond::Not(inner) => only_slots(inner, slot, slots),
        Cond::Define { body, .. } => only_slots(body, slot, slots),
        Cond::Atom(Atom { kind, .. }) => match kind {
            AtomKind::Const(_) => true,
            AtomKind::Holds(o)
            | AtomKind::InRange { operand: o, .. }
            | AtomKind::InSet { operand: o, .. } => operand(o, slots),
            AtomKind::Compare { left, right, .. } => operand(left, slots) && operand(right, slots),
            AtomKind::Matches { path: p, .. } | AtomKind::Present(p) => path(p, slots),
            AtomKind::Contains { list, element, .. } => {
                path(list, slots) && operand(element, slots)
            }
            AtomKind::Quantifier { list, body, .. } => {
                path(list, slots) && only_slots(body, slot, slots)
            }
            AtomKind::During { .. } => false,
        },
    }
}
