//! The comparison of a body with the interpreter of the source, which shares no code with the
//! diagrams. At every boundary of every node of every diagram the last value before it and the first
//! behind it are tried, in worlds in which it matters on which side of it one is; the table and the
//! interpreter must say the same.

mod case;
#[cfg(test)]
mod tests;
mod worlds;

use super::super::eval::{self, Index};
use super::super::format::{self, VerdictKind};
use super::super::value::{Unknown, normalise};
use super::diagrams::Undecided;
use super::{Builder, Built, Place, Unbuildable};
use crate::gate::Scope;
use crate::interp::Interp;
use crate::interp::rules::{Decision, Verdict};
use crate::interp::shortlist::Shortlist;
use crate::logic::{Assignment, Budget, Diagram, DiagramNode, Formula, IntSet, Logic, Probe, Term};
use crate::model::{ActionId, Cond, Const};
use crate::source::Span;
use case::Case;
use worlds::{Ways, World, ways};

/// Work for the comparison of one diagram, in budgets of a question. One that needs more is refused by
/// name.
const STEPS_FACTOR: u64 = 16;

/// What a diagram in the table is to say.
pub(super) enum Claimed {
    /// The gate of that action.
    Gate(ActionId),
    /// Whether the condition holds.
    Holds(Cond, Undecided),
}

/// A diagram in the table with what it is to say.
pub(super) struct Claim<'a> {
    what: Claimed,
    scope: Scope<'a>,
    /// Slots of the run's parameters and bindings.
    slots: (Vec<u32>, Vec<u32>),
    diagram: Diagram,
    at: format::Ref,
    span: Span,
}

/// A claim that is being compared.
struct Comparison<'c, 'a> {
    interp: &'c Interp<'a>,
    index: &'c Index,
    claim: &'c Claim<'a>,
    /// For a gate: its rules.
    rules: Option<Shortlist<'a>>,
    budget: Budget,
}

impl<'a> Builder<'_, 'a> {
    pub(super) fn claim(
        &mut self,
        what: Claimed,
        scope: &Scope<'a>,
        place: &Place<'_>,
        diagram: Diagram,
        at: format::Ref,
        span: Span,
    ) {
        let slots = place.run.map_or((Vec::new(), Vec::new()), |(_, run)| {
            (run.params.clone(), run.bindings.clone())
        });
        self.claims.push(Claim {
            what,
            scope: scope.clone(),
            slots,
            diagram,
            at,
            span,
        });
    }

    /// Compares everything that was claimed.
    pub(super) fn verify(&mut self) -> Built<()> {
        let interp = Interp::new(self.policy);
        let index = Index::new(&self.body);
        self.tried.clear();
        let claims = std::mem::take(&mut self.claims);
        let compared = claims
            .iter()
            .try_for_each(|claim| self.compare(&interp, &index, claim));
        self.claims = claims;
        compared
    }

    fn compare(&mut self, interp: &Interp<'a>, index: &Index, claim: &Claim<'a>) -> Built<()> {
        let rules = match claim.what {
            Claimed::Gate(action) => Some(Shortlist::new(interp, action)),
            Claimed::Holds(..) => None,
        };
        let mut by = Comparison {
            interp,
            index,
            claim,
            rules,
            budget: self.gate.encoder.logic.budget().times(STEPS_FACTOR),
        };
        let diagram = &claim.diagram;
        if diagram.nodes.is_empty() {
            self.compare_at(&by, &Assignment::new())?;
        }
        for (node, ways) in diagram.nodes.iter().zip(ways(diagram)) {
            let mut ended: Vec<Option<u32>> = vec![None; node.next.len()];
            let mut tasks = worlds::sides(diagram, node, &ways);
            tasks.extend(self.texts(diagram, node, &ways));
            for (branch, worlds) in tasks {
                let leaf = self.compare_first(&mut by, &worlds, |logic, w| {
                    w.condition(logic, diagram, node)
                })?;
                if let (Some(leaf), Some(slot)) = (leaf, ended.get_mut(branch)) {
                    slot.get_or_insert(leaf);
                }
            }
            // A branch to a node leads to more than one leaf.
            for (branch, leaf) in ended.into_iter().enumerate() {
                let Some(leaf) = leaf else { continue };
                let worlds = worlds::not_at(diagram, node, &ways, branch, leaf);
                self.compare_first(&mut by, &worlds, |logic, w| {
                    w.condition(logic, diagram, node)
                })?;
            }
            if let Probe::Some { list, test } = &node.probe {
                self.elements(&mut by, node, &ways, (*list, test))?;
            }
        }
        Ok(())
    }

    /// The same for the test that a `some` makes, in lists of one element where there are such.
    fn elements(
        &mut self,
        by: &mut Comparison<'_, 'a>,
        node: &DiagramNode,
        ways: &Ways,
        (list, test): (Term, &Diagram),
    ) -> Built<()> {
        let diagram = &by.claim.diagram;
        let outside = worlds::beyond(diagram, node, ways, (0, 1));
        let mut inside = Vec::new();
        for (inner, ways) in test.nodes.iter().zip(self::ways(test)) {
            let mut own = worlds::sides(test, inner, &ways);
            own.extend(self.texts(test, inner, &ways));
            inside.extend(own.into_iter().map(|(_, worlds)| (inner, worlds)));
            for branch in 0..inner.next.len() {
                for leaf in [0, 1] {
                    inside.push((inner, worlds::not_at(test, inner, &ways, branch, leaf)));
                }
            }
        }
        for (inner, worlds) in inside {
            let both: Vec<(&World, &World)> = worlds
                .iter()
                .flat_map(|w| outside.iter().map(move |o| (w, o)))
                .collect();
            self.compare_first(by, &both, |logic, (w, o)| {
                let element = w.condition(logic, test, inner);
                let element = logic.some(list, element);
                let outer = o.condition(logic, diagram, node);
                let size = logic.size_of(list);
                let one = logic.in_set(size, IntSet::point(1));
                logic.and(&[outer, element, one])
            })?;
        }
        Ok(())
    }

    /// Worlds with texts for the automaton that a node asks, the first time that it is asked to tell
    /// these classes apart.
    fn texts(&mut self, diagram: &Diagram, node: &DiagramNode, ways: &Ways) -> Vec<worlds::Task> {
        match &node.probe {
            Probe::Class(_, id) if self.tried.insert((*id, node.cuts.clone())) => {
                worlds::texts(self.gate.encoder.logic.automaton(*id), diagram, node, ways)
            }
            _ => Vec::new(),
        }
    }

    /// Compares in the first of these worlds that there is; gives the leaf.
    fn compare_first<W>(
        &mut self,
        by: &mut Comparison<'_, 'a>,
        worlds: &[W],
        condition: impl Fn(&mut Logic, &W) -> Formula,
    ) -> Built<Option<u32>> {
        for world in worlds {
            let logic = &mut self.gate.encoder.logic;
            let formula = condition(logic, world);
            let found = logic.solve(formula, &mut by.budget);
            let found = found.map_err(|out| Unbuildable {
                why: format!("these conditions are too hard to verify: {out}"),
                span: by.claim.span,
            })?;
            if let Some(values) = found {
                return self.compare_at(by, &values).map(Some);
            }
        }
        Ok(None)
    }

    fn compare_at(&mut self, by: &Comparison<'_, 'a>, values: &Assignment) -> Built<u32> {
        let (interp, claim) = (by.interp, by.claim);
        let case = self.case(interp, claim, values);
        let said = by.index.leaf(&case, claim.at);
        let agree = match &claim.what {
            Claimed::Holds(cond, undecided) => {
                let expected = interp
                    .truth(&case, cond)
                    .unwrap_or(*undecided == Undecided::Holds);
                (said == 1) == expected
            }
            Claimed::Gate(action) => by
                .rules
                .as_ref()
                .and_then(|rules| interp.gate_among(&case, rules.of(interp, &case)))
                .is_some_and(|e| self.same_decision(interp, &case, *action, &e, said)),
        };
        if agree {
            return Ok(said);
        }
        Err(Unbuildable {
            why: format!(
                "the table and the interpreter of the source disagree about this; the values are {}",
                self.gate.encoder.witness(values).lines.join(", ")
            ),
            span: claim.span,
        })
    }

    fn same_decision(
        &self,
        interp: &Interp<'a>,
        case: &Case,
        action: ActionId,
        expected: &Decision,
        leaf: u32,
    ) -> bool {
        let Some(made) = self.body.actions.get(action.index()) else {
            return false;
        };
        let Some(said) = made.verdicts.get(leaf as usize) else {
            return false;
        };
        let kind = match expected.verdict {
            Verdict::Deny => VerdictKind::Deny,
            Verdict::Escalate => VerdictKind::Escalate,
            Verdict::Allow => VerdictKind::Allow,
            Verdict::Limited => return false,
        };
        let rule = said
            .rule
            .and_then(|r| self.body.rules.get(r as usize))
            .map(|r| r.name.as_str());
        let same_instead = match (&expected.instead, &said.instead) {
            (None, None) => true,
            (Some((to, args)), Some(instead)) => {
                to.0 == instead.action && self.same_args(interp, case, *to, args, instead)
            }
            _ => false,
        };
        kind == said.verdict && rule == expected.rule.as_deref() && same_instead
    }

    fn same_args(
        &self,
        interp: &Interp<'a>,
        case: &Case,
        to: ActionId,
        args: &[Option<Const>],
        instead: &format::Instead,
    ) -> bool {
        let params = &self.policy.action(to).params;
        let fields = self.body.actions.get(to.index());
        let fields = fields.map(|a| a.params.as_slice()).unwrap_or_default();
        let each = params
            .iter()
            .zip(args)
            .zip(fields.iter().zip(&instead.args));
        each.into_iter().all(|((param, expected), (field, made))| {
            let expected = expected.as_ref().map(|v| interp.wire(&param.ty, v));
            let made = made.as_ref().and_then(|e| eval::expr(case, e));
            // What doesn't fit the other action's parameter is left to the runtime to drop.
            let made =
                made.map(|v| normalise(&self.body, &field.ty, &v, Unknown::Refuse).unwrap_or(v));
            made == expected
        })
    }
}
