//! What a state does: its step, begun, gone on with, and continued after a call.

use super::Next;
use crate::runtime::engine::{Engine, get};
use crate::runtime::fault::{Fault, Refusable};
use crate::runtime::gate::{Origin, Submitted, arguments};
use crate::runtime::session::{Doing, Stage};
use crate::runtime::verdict::Verdict;
use crate::table::eval;
use crate::table::format::Step;
use serde_json::{Map, Value};

impl<'a> Engine<'a> {
    /// What freezes when a state is entered.
    pub(super) fn frozen(&self, step: &Step) -> Refusable<Map<String, Value>> {
        let scene = self.situation();
        Ok(match step {
            Step::Do { action, args, .. } => arguments(&scene, &self.action(*action)?.params, args),
            Step::Agent { given, .. } => given
                .iter()
                .filter_map(|(name, expr)| Some((name.clone(), eval::expr(&scene, expr)?)))
                .collect(),
            Step::Ask { text, .. } => eval::expr(&scene, text)
                .map(|text| ("text".to_owned(), text))
                .into_iter()
                .collect(),
            Step::Run { args, .. } => {
                let mut out = Map::new();
                for (slot, expr) in args {
                    let name = &get(&self.flow()?.slots, *slot, "slot")?.name;
                    if let Some(value) = expr.as_ref().and_then(|e| eval::expr(&scene, e)) {
                        out.insert(name.clone(), value);
                    }
                }
                out
            }
            Step::Choose { .. } | Step::Settle { .. } | Step::Unwind { .. } => Map::new(),
        })
    }

    /// Does the current state's step.
    pub(super) fn attempt(&mut self) -> Refusable<Next<'a>> {
        match &self.here()?.step {
            Step::Do { action, .. } => {
                let args = self.s.top().map(|level| level.args.clone());
                self.doing(Doing::Do {
                    stage: Stage::Next {},
                });
                self.propose_in_step(*action, args.unwrap_or_default())
            }
            Step::Agent { .. } => {
                self.doing(Doing::Agent {
                    calls: 0,
                    said: None,
                });
                Ok(Next::Stay)
            }
            Step::Ask { .. } => {
                let text = self.s.top().and_then(|level| level.args.get("text"));
                let text = text.map(eval::as_text).unwrap_or_default();
                self.doing(Doing::Ask {
                    text,
                    since: self.now,
                });
                Ok(Next::Stay)
            }
            Step::Choose {
                branches,
                otherwise,
            } => {
                let scene = self.situation();
                let branch = branches
                    .iter()
                    .find(|b| self.table.index().holds(&scene, b.when));
                let target = branch.map(|b| &b.to).or(otherwise.as_ref());
                match target {
                    Some(target) => Ok(Next::Go(target)),
                    None => self.unhandled("any branch"),
                }
            }
            Step::Settle { action, bind } => self.begin_settle(*action, *bind),
            Step::Unwind { actions } => self.begin_unwind(actions),
            Step::Run {
                scope, args, start, ..
            } => {
                let frozen = self.s.top().map(|level| level.args.clone());
                let mut frozen = frozen.unwrap_or_default();
                self.forget_slots(*scope)?;
                for (slot, _) in args {
                    let name = &get(&self.flow()?.slots, *slot, "slot")?.name;
                    let value = frozen.remove(name);
                    self.bind(*slot, value)?;
                }
                self.doing(Doing::Passing {});
                Ok(Next::Go(start))
            }
        }
    }

    /// Goes on with a step of several calls.
    pub(super) fn proceed(&mut self) -> Refusable<Next<'a>> {
        match &self.here()?.step {
            Step::Settle { bind, .. } => self.settle_next(*bind),
            Step::Unwind { .. } => self.unwind_next(),
            _ => Ok(Next::Stay),
        }
    }

    /// Proposes a call for the current state.
    pub(super) fn propose_in_step(
        &mut self,
        action: u32,
        args: Map<String, Value>,
    ) -> Refusable<Next<'a>> {
        let (submitted, _) = self.submit(action, &Value::Object(args), Origin::State)?;
        self.proposed_in_step(submitted)
    }

    /// The current state's proposal got its verdict.
    pub(in crate::runtime) fn proposed_in_step(
        &mut self,
        submitted: Submitted,
    ) -> Refusable<Next<'a>> {
        let reached = match submitted {
            Submitted::Called(call) => Stage::Call { call },
            Submitted::Waiting(approval) => Stage::Approval { approval },
            Submitted::Refused(Verdict::Limited) => return self.step_refused("limited"),
            Submitted::Refused(_) => return self.step_refused("denied"),
        };
        if let Some(
            Doing::Do { stage } | Doing::Settle { stage, .. } | Doing::Unwind { stage, .. },
        ) = self.s.top_mut().map(|level| &mut level.doing)
        {
            *stage = reached;
        }
        Ok(Next::Stay)
    }

    /// The current state's call is not made: denied, limited, declined or expired.
    pub(in crate::runtime) fn step_refused(&mut self, outcome: &str) -> Refusable<Next<'a>> {
        match self.s.top_mut().map(|level| &mut level.doing) {
            Some(Doing::Settle { unknown, .. }) => *unknown = true,
            Some(Doing::Unwind { failed, .. }) => *failed = true,
            _ => return Ok(Next::Outcome(outcome.to_owned(), None)),
        }
        Ok(Next::Proceed)
    }

    /// A call has ended: the state that waits for it goes on.
    pub(in crate::runtime) fn go_on_after(&mut self, id: u64) -> Refusable {
        let Some(doing) = self.s.top().map(|level| level.doing.clone()) else {
            return Ok(());
        };
        let next = match doing {
            Doing::Do {
                stage: Stage::Call { call },
            } if call == id => {
                let call = self.s.call(id).ok_or(Fault::NoCall { call: id })?;
                let outcome = call.ended.as_ref().map(|e| e.outcome.clone());
                let value = call.result.clone().filter(|_| call.succeeded());
                Next::Outcome(outcome.unwrap_or_default(), value)
            }
            Doing::Settle {
                stage: Stage::Call { call },
                of,
                ..
            } if call == id => {
                self.note_settled(of)?;
                self.between_steps()?.unwrap_or(Next::Proceed)
            }
            Doing::Unwind {
                stage: Stage::Call { call },
                of,
                ..
            } if call == id => {
                self.note_undone(of);
                self.between_steps()?.unwrap_or(Next::Proceed)
            }
            Doing::Agent { said, .. } if !self.s.any_in_flight() => {
                match (self.between_steps()?, said) {
                    (Some(next), _) => next,
                    (None, Some(said)) => Next::Outcome(said.outcome, said.value),
                    (None, None) => Next::Stay,
                }
            }
            _ => Next::Stay,
        };
        self.drive(next)
    }
}
