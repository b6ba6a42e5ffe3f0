//! Which hops a scenario lets happen, and when something has gone wrong on them.

use super::fault::{Fault, refuses};
use crate::flow::budget::cost::{Costs, bit};
use crate::flow::graph::{Graph, Happened, Hop, How, Made, NodeId};
use crate::flow::picture::{Picture, StateAt};
use crate::flow::web::Spot;
use crate::flow::words::Words;
use crate::model::{ActionId, OutcomeKind, Policy, Step};

/// What may go wrong besides, before the scenario begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Before {
    /// Nothing: it is enough by itself.
    Nothing,
    /// Any other failure.
    Failures,
    /// Any other failure, event or deadline.
    Anything,
}

/// A scenario in one flow.
pub struct World<'p> {
    policy: &'p Policy,
    graph: &'p Graph,
    words: Words<'p>,
    costs: &'p Costs<'p>,
    faults: &'p [Fault],
    before: Before,
}

impl<'p> World<'p> {
    pub fn new(
        policy: &'p Policy,
        picture: &'p Picture,
        costs: &'p Costs<'p>,
        faults: &'p [Fault],
        before: Before,
    ) -> Self {
        Self {
            policy,
            graph: &picture.graph,
            words: Words {
                policy,
                inlined: &picture.inlined,
            },
            costs,
            faults,
            before,
        }
    }

    /// The phase in which everything of the scenario has gone wrong.
    pub fn all(&self) -> u32 {
        (1_u32 << self.faults.len().min(31)) - 1
    }

    /// The phases that a hop leads to: bit by bit, what has gone wrong by then.
    pub fn rule(&self, spot: Spot, hop: Hop, phases: &mut Vec<u32>) {
        let open = spot.phase == 0 && self.before != Before::Nothing;
        let mut phase = spot.phase;
        let mut aside = false;
        for (i, happened) in self.graph.label(hop).iter().enumerate() {
            let next = match *happened {
                Happened::Outcome {
                    at, outcome, calls, ..
                } if i == 0 => self.outcome(hop.from, at, outcome, calls, phase),
                Happened::Proposed(made) => self.call(made, phase, |m| m.how == How::Ok),
                Happened::Event(event) => {
                    aside = true;
                    let place = self.graph.node(hop.from).map(|n| n.config.place);
                    self.takes(phase, |f| match f {
                        Fault::Event(e, at) => e.0 == event && (at.is_none() || *at == place),
                        _ => false,
                    })
                }
                Happened::Deadline(run) => {
                    aside = true;
                    self.takes(phase, |f| *f == Fault::Deadline(run))
                }
                _ => Some(phase),
            };
            match next {
                Some(next) => phase = next,
                // What went wrong before the scenario began is no part of it.
                None if open && (!aside || self.before == Before::Anything) => {}
                None => return,
            }
        }
        phases.push(phase);
    }

    /// Something of the scenario happens.
    fn takes(&self, phase: u32, is: impl Fn(&Fault) -> bool) -> Option<u32> {
        let mut bits = 0;
        for (i, fault) in self.faults.iter().enumerate().take(31) {
            if is(fault) {
                bits |= 1 << i;
            }
        }
        (bits != 0).then_some(phase | bits)
    }

    fn outcome(
        &self,
        node: NodeId,
        at: StateAt,
        outcome: u32,
        calls: u32,
        phase: u32,
    ) -> Option<u32> {
        let state = self.words.state(at)?;
        let kind = state.outcomes.get(outcome as usize)?.kind;
        let made = self.graph.calls(calls);
        match &state.step {
            Step::Do(step) => self.attempt(node, step.action, kind, phase),
            Step::Settle { action, .. } => {
                let confirm = self.policy.action(*action).confirm.as_ref();
                let told = |m: &Made| match m.how {
                    How::Ok => true,
                    How::Failure(i) => {
                        let failures = &self.policy.action(m.action).failures;
                        let name = failures.get(i as usize).map(|f| f.name.as_str());
                        confirm.is_some_and(|c| c.lines.iter().any(|l| Some(l.on.as_str()) == name))
                    }
                    _ => false,
                };
                let mut made = made.iter();
                made.try_fold(phase, |phase, m| self.call(*m, phase, told))
            }
            Step::Unwind { .. } => {
                let mut made = made.iter();
                made.try_fold(phase, |phase, m| self.call(*m, phase, |m| m.how == How::Ok))
            }
            Step::Agent(step) => {
                let told = self.step(at, outcome, kind, OutcomeKind::Agent, phase);
                // An agent whose calls fail may give up.
                let broken =
                    self.faults.iter().enumerate().any(|(i, f)| {
                        phase & (1 << i) != 0 && step.may.iter().any(|a| f.concerns(*a))
                    });
                told.or_else(|| (broken || !self.well_possible(node, kind)).then_some(phase))
            }
            Step::Ask { .. } => self.step(at, outcome, kind, OutcomeKind::Answered, phase),
            Step::Choose { .. } | Step::Run { .. } => Some(phase),
        }
    }

    /// A `do` comes out so.
    fn attempt(
        &self,
        node: NodeId,
        action: ActionId,
        kind: OutcomeKind,
        phase: u32,
    ) -> Option<u32> {
        let mut next = phase;
        let mut begun = false;
        for (i, fault) in self.faults.iter().enumerate().take(31) {
            let Fault::Calls(ways) = fault else { continue };
            if ways.contains(&(action, kind)) {
                next |= 1 << i;
            } else if phase & (1 << i) != 0 && fault.concerns(action) {
                // It stays broken, where it can break so at all.
                let possible = self.costs.kinds(node.index());
                let mut own = ways.iter().filter(|(a, _)| *a == action);
                begun |= own.any(|(_, k)| possible & bit(*k) != 0);
            }
        }
        if next != phase || self.breaks(action, kind) {
            return Some(next);
        }
        if begun {
            return None;
        }
        (kind == OutcomeKind::Ok || !self.well_possible(node, kind)).then_some(phase)
    }

    fn breaks(&self, action: ActionId, kind: OutcomeKind) -> bool {
        self.faults
            .iter()
            .any(|f| matches!(f, Fault::Calls(ways) if ways.contains(&(action, kind))))
    }

    /// Whether the step of a node can go well. Where it cannot, nothing is wrong with what it does.
    fn well_possible(&self, node: NodeId, kind: OutcomeKind) -> bool {
        let kinds = self.costs.kinds(node.index());
        let any = |list: &[OutcomeKind]| list.iter().any(|k| kinds & bit(*k) != 0);
        // A call that is admitted but never succeeds would be odd; one that is refused is not.
        any(&[OutcomeKind::Ok, OutcomeKind::Agent, OutcomeKind::Answered])
            || (!refuses(kind)
                && any(&[
                    OutcomeKind::Denied,
                    OutcomeKind::Limited,
                    OutcomeKind::Declined,
                    OutcomeKind::Expired,
                ]))
    }

    /// A call inside a step, or of an agent.
    fn call(&self, made: Made, phase: u32, well: impl Fn(&Made) -> bool) -> Option<u32> {
        let fits = |kind: OutcomeKind| match made.how {
            How::Refused => refuses(kind),
            how => How::of(kind) == Some(how),
        };
        let mut next = phase;
        let mut begun = false;
        let mut breaks = false;
        for (i, fault) in self.faults.iter().enumerate().take(31) {
            let Fault::Calls(ways) = fault else { continue };
            if ways.iter().any(|(a, k)| *a == made.action && fits(*k)) {
                next |= 1 << i;
                breaks = true;
            } else if phase & (1 << i) != 0 && fault.concerns(made.action) {
                begun = true;
            }
        }
        if breaks {
            return Some(next);
        }
        (!begun && well(&made)).then_some(phase)
    }

    /// An agent's or a person's answer.
    fn step(
        &self,
        at: StateAt,
        outcome: u32,
        kind: OutcomeKind,
        well: OutcomeKind,
        phase: u32,
    ) -> Option<u32> {
        let mut begun = false;
        for (i, fault) in self.faults.iter().enumerate().take(31) {
            let Fault::Step(place, wrong) = fault else {
                continue;
            };
            if *place != at {
                continue;
            }
            if *wrong == outcome {
                return Some(phase | (1 << i));
            }
            begun |= phase & (1 << i) != 0;
        }
        (!begun && kind == well).then_some(phase)
    }
}
