//! Conditions and gates, as nodes that all diagrams share.

use super::super::format::{self, Asks, Node, Probe, Ref};
use super::verify::Claimed;
use super::{Builder, Built, Place, Unbuildable, index};
use crate::gate::{Meaning, Scope};
use crate::logic::{self, Diagram, Edge, Formula, Term, TermKind};
use crate::model::{Cond, CountedAction, HistoryTerm, Path, Type};
use crate::source::Span;
use crate::syntax::tree::HistoryFunc;

/// When a condition that may be undecided counts as holding.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Undecided {
    /// Undecided is false.
    Fails,
    /// Undecided is true.
    Holds,
}

impl<'a> Builder<'_, 'a> {
    /// A condition as a diagram with leaves 0 and 1.
    pub(super) fn condition(
        &mut self,
        cond: &Cond,
        scope: &Scope<'a>,
        place: &Place<'_>,
        undecided: Undecided,
        span: Span,
    ) -> Built<Ref> {
        let encoder = &mut self.gate.encoder;
        let truth = encoder.truth(cond, scope).map_err(|e| Unbuildable {
            why: e.why,
            span: e.span,
        })?;
        let holds: Formula = match undecided {
            Undecided::Fails => truth.yes,
            Undecided::Holds => !truth.no,
        };
        let mut budget = encoder.logic.budget();
        let diagram = encoder
            .logic
            .diagram(&[(holds, 1)], 0, &mut budget)
            .map_err(|out| Unbuildable {
                why: format!("this condition is too hard to decide: {out}"),
                span,
            })?;
        let at = self.lower(&diagram, place, span)?;
        self.claim(
            Claimed::Holds(cond.clone(), undecided),
            scope,
            place,
            diagram,
            at,
            span,
        );
        Ok(at)
    }

    /// The nodes of a diagram, and the reference to its root.
    pub(super) fn lower(&mut self, diagram: &Diagram, place: &Place<'_>, span: Span) -> Built<Ref> {
        let mut lowered: Vec<Ref> = Vec::with_capacity(diagram.nodes.len());
        let edge = |lowered: &[Ref], edge: &Edge| match *edge {
            Edge::Leaf(leaf) => -i64::from(leaf) - 1,
            // INVARIANT: children come before their parents.
            Edge::Node(id) => lowered.get(id as usize).copied().unwrap_or(-1),
        };
        for node in &diagram.nodes {
            let probe = self.probe(&node.probe, place, span)?;
            let next = node.next.iter().map(|e| edge(&lowered, e)).collect();
            lowered.push(i64::from(self.node(probe, node.cuts.clone(), next)));
        }
        Ok(edge(&lowered, &diagram.root))
    }

    fn node(&mut self, probe: u32, cuts: Vec<i64>, next: Vec<Ref>) -> u32 {
        let key = (probe, cuts, next);
        if let Some(&known) = self.nodes.get(&key) {
            return known;
        }
        let (probe, cuts, next) = key.clone();
        self.body.nodes.push(Node { probe, cuts, next });
        let number = index(self.body.nodes.len() - 1);
        self.nodes.insert(key, number);
        number
    }

    fn probe(&mut self, probe: &logic::Probe, place: &Place<'_>, span: Span) -> Built<u32> {
        let made = match probe {
            logic::Probe::Value(term) => self.number(*term, place, span)?,
            logic::Probe::Class(term, automaton) => Probe::Class {
                path: self.path(&self.value_path(*term, span)?, place)?,
                automaton: self.automaton(*automaton),
            },
            logic::Probe::Equal(a, b) => Probe::Equal {
                left: self.path(&self.value_path(*a, span)?, place)?,
                right: self.path(&self.value_path(*b, span)?, place)?,
            },
            logic::Probe::Difference(d) => self.difference(d, place, span)?,
            logic::Probe::Some { list, test } => {
                let list = self.value_path(*list, span)?;
                let Type::List { element, .. } = &list.ty else {
                    return Err(untold("an element of what is no list", span));
                };
                let inner = Place {
                    element: Some(element),
                    ..*place
                };
                Probe::Some {
                    when: self.lower(test, &inner, span)?,
                    list: self.path(&list, place)?,
                }
            }
        };
        let key = serde_json::to_string(&made).unwrap_or_default();
        if let Some(&known) = self.probes.get(&key) {
            return Ok(known);
        }
        self.body.probes.push(made);
        let number = index(self.body.probes.len() - 1);
        self.probes.insert(key, number);
        Ok(number)
    }

    /// The question about an integer term.
    fn number(&mut self, term: Term, place: &Place<'_>, span: Span) -> Built<Probe> {
        match self.gate.encoder.logic.kind(term) {
            TermKind::Length(text) => {
                let path = self.value_path(text, span)?;
                return Ok(Probe::Length {
                    path: self.path(&path, place)?,
                });
            }
            TermKind::Size(list) => {
                let path = self.value_path(list, span)?;
                return Ok(Probe::Size {
                    path: self.path(&path, place)?,
                });
            }
            _ => {}
        }
        Ok(match self.meaning(term, span)? {
            Meaning::Value(path) => Probe::Value {
                ty: self.ty(&path.ty)?,
                path: self.path(&path, place)?,
            },
            Meaning::Present(path) => Probe::Present {
                path: self.path(&path, place)?,
            },
            Meaning::History(asked) => Probe::History {
                history: self.history(term, &asked, place)?,
            },
            Meaning::Position => Probe::Position {},
        })
    }

    fn difference(&mut self, d: &logic::Difference, place: &Place<'_>, span: Span) -> Built<Probe> {
        match (self.meaning(d.a, span)?, self.meaning(d.b, span)?) {
            (Meaning::Value(left), Meaning::Value(right)) => Ok(Probe::Difference {
                left_type: self.ty(&left.ty)?,
                left: self.path(&left, place)?,
                left_factor: d.ka,
                right_type: self.ty(&right.ty)?,
                right: self.path(&right, place)?,
                right_factor: d.kb,
            }),
            (Meaning::History(left), Meaning::History(right)) if d.ka == 1 && d.kb == 1 => {
                Ok(Probe::HistoryDifference {
                    left: self.history(d.a, &left, place)?,
                    right: self.history(d.b, &right, place)?,
                })
            }
            _ => Err(untold("a comparison of values of different kinds", span)),
        }
    }

    /// The number of a question about history, which `term` stands for.
    fn history(&mut self, term: Term, asked: &HistoryTerm, place: &Place<'_>) -> Built<u32> {
        let made = format::History {
            asks: match asked.func {
                HistoryFunc::Done => Asks::Done,
                HistoryFunc::Calls => Asks::Calls,
                HistoryFunc::Effects => Asks::Effects,
                HistoryFunc::Standing => Asks::Standing,
                HistoryFunc::Unsettled => Asks::Unsettled,
            },
            counted: self.counted_all(&asked.counted, Undecided::Fails)?,
            keys: self.paths(&asked.keys, place)?,
        };
        let key = serde_json::to_string(&made).unwrap_or_default();
        if let Some(&known) = self.histories.get(&key) {
            if let Some(terms) = self.questions.get_mut(known as usize)
                && !terms.contains(&term)
            {
                terms.push(term);
            }
            return Ok(known);
        }
        self.questions.push(vec![term]);
        self.body.histories.push(made);
        let number = index(self.body.histories.len() - 1);
        self.histories.insert(key, number);
        Ok(number)
    }

    pub(super) fn counted_all(
        &mut self,
        counted: &[CountedAction],
        undecided: Undecided,
    ) -> Built<Vec<format::Counted>> {
        counted.iter().map(|c| self.counted(c, undecided)).collect()
    }

    /// Which calls of an action count.
    pub(super) fn counted(
        &mut self,
        counted: &CountedAction,
        undecided: Undecided,
    ) -> Built<format::Counted> {
        let action = self.policy.action(counted.action);
        let place = Place::call(action);
        let when = match &counted.filter {
            None => None,
            Some(cond) => {
                Some(self.condition(cond, &Scope::call(action), &place, undecided, action.span)?)
            }
        };
        Ok(format::Counted {
            action: counted.action.0,
            keys: self.paths(&counted.keys, &place)?,
            when,
        })
    }

    fn meaning(&self, term: Term, span: Span) -> Built<Meaning> {
        self.gate
            .encoder
            .meaning(term)
            .cloned()
            .ok_or_else(|| untold(self.gate.encoder.logic.name(term), span))
    }

    fn value_path(&self, term: Term, span: Span) -> Built<Path> {
        match self.meaning(term, span)? {
            Meaning::Value(path) => Ok(path),
            _ => Err(untold(self.gate.encoder.logic.name(term), span)),
        }
    }
}

fn untold(what: &str, span: Span) -> Unbuildable {
    Unbuildable {
        why: format!("the table cannot ask for {what}"),
        span,
    }
}
