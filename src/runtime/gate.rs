//! The gate: one proposal, one verdict.

use super::engine::Engine;
use super::fault::{Fault, Refusable};
use super::limits::Used;
use super::record::Trace;
use super::session::{Point, TakenSlot};
use super::situation::{CallScene, Situation};
use super::verdict::{Again, Decision, Instead, Verdict};
use crate::table::eval;
use crate::table::format::{self, Action, Field, VerdictKind};
use crate::table::value::{Unknown, normalise_fields};
use serde_json::{Map, Value};

/// Who proposes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// An AI, through the host.
    Outside,
    /// The flow's current state.
    State,
}

/// What a proposal came to.
#[derive(Clone, Debug)]
pub(super) enum Submitted {
    /// The call with that number is in flight.
    Called(u64),
    /// An approval is waited for.
    Waiting(String),
    Refused(Verdict),
}

/// A verdict with what follows from it.
struct Ruling {
    decision: Decision,
    args: Map<String, Value>,
    then: Then,
}

enum Then {
    Nothing,
    /// The approval in the session's list that covers the call, if it needed one.
    Call {
        covered_by: Option<usize>,
        slots: Vec<TakenSlot>,
        repeats: Option<u64>,
    },
    Ask {
        rule: u32,
    },
}

impl Engine<'_> {
    /// Decides a proposal and does what follows: admits the call, or asks for approval.
    pub(super) fn submit(
        &mut self,
        index: u32,
        args: &Value,
        origin: Origin,
    ) -> Refusable<(Submitted, Decision)> {
        let action = self.action(index)?;
        let Ruling {
            mut decision,
            args,
            then,
        } = self.rule_on(index, action, args, origin)?;
        let submitted = match then {
            Then::Nothing => Submitted::Refused(decision.verdict),
            Then::Ask { rule } => {
                let (approval, traced) = self.ask_approval(index, &args, rule)?;
                decision.approval = Some(approval.clone());
                self.decided(action, args, &decision);
                self.trace.extend(traced);
                return Ok((Submitted::Waiting(approval), decision));
            }
            Then::Call {
                covered_by,
                slots,
                repeats,
            } => {
                self.decided(action, args.clone(), &decision);
                let call = self.admit(index, args, repeats, slots)?;
                if let Some(approval) = covered_by.and_then(|i| self.s.approvals.get_mut(i)) {
                    approval.calls.push(call);
                }
                return Ok((Submitted::Called(call), decision));
            }
        };
        self.decided(action, args, &decision);
        Ok((submitted, decision))
    }

    fn decided(&mut self, action: &Action, args: Map<String, Value>, decision: &Decision) {
        self.trace.push(Trace::Decided {
            action: action.name.clone(),
            args: Value::Object(args),
            verdict: decision.clone(),
        });
    }

    fn rule_on(
        &mut self,
        index: u32,
        action: &Action,
        args: &Value,
        origin: Origin,
    ) -> Refusable<Ruling> {
        let refused = |decision, args| Ruling {
            decision,
            args,
            then: Then::Nothing,
        };
        let given = match args {
            Value::Object(given) => given.clone(),
            _ => Map::new(),
        };
        let args = match self.valid(action, args) {
            Ok(args) => args,
            Err(decision) => return Ok(refused(*decision, given)),
        };
        if origin == Origin::Outside
            && let Some(decision) = self.not_here(index, action)
        {
            return Ok(refused(decision, args));
        }
        let repeats = self.repeated(index, action, &args);
        if let Some(decision) = self.unsettled(index, action, repeats) {
            return Ok(refused(decision, args));
        }
        let leaf = {
            let scene = self.about(action, &args, repeats);
            self.table.index().leaf(&scene, action.gate)
        };
        let ruled = action
            .verdicts
            .get(leaf as usize)
            .ok_or_else(|| Fault::broken(format!("`{}` has no verdict {leaf}", action.name)))?;
        let decision = self.in_words(action, &args, ruled, repeats);
        if ruled.verdict == VerdictKind::Deny {
            return Ok(refused(decision, args));
        }
        let covered_by = match (ruled.verdict, ruled.rule) {
            (VerdictKind::Escalate, Some(rule)) => self.covering(index, &args, rule),
            _ => None,
        };
        let asks = ruled.verdict == VerdictKind::Escalate && covered_by.is_none();
        // A proposal that still has to be approved takes no slots yet.
        match self.consult_limits(action, &args, repeats.is_some(), !asks)? {
            Used::Up(decision) => Ok(refused(decision, args)),
            Used::Free(_) if asks => Ok(Ruling {
                decision,
                args,
                then: Then::Ask {
                    rule: ruled.rule.unwrap_or_default(),
                },
            }),
            Used::Free(slots) => {
                let decision = match covered_by {
                    Some(_) => Decision::new(
                        Verdict::Allow,
                        decision.rule,
                        String::new(),
                        Again::NotNeeded {},
                    ),
                    None => decision,
                };
                Ok(Ruling {
                    decision,
                    args,
                    then: Then::Call {
                        covered_by,
                        slots,
                        repeats,
                    },
                })
            }
        }
    }

    /// The scene of a proposal. The facts under which an idempotent call was admitted hold for its
    /// repeats.
    fn about<'s>(
        &'s self,
        action: &'s Action,
        args: &'s Map<String, Value>,
        repeats: Option<u64>,
    ) -> Situation<'s> {
        let first = repeats.and_then(|root| self.s.call(root));
        Situation {
            proposal: Some((action, args)),
            facts_as_of: first.map(|call| Point {
                at: call.at,
                seq: call.seq,
            }),
            ..self.situation()
        }
    }

    /// A leaf of the gate as a decision.
    fn in_words(
        &self,
        action: &Action,
        args: &Map<String, Value>,
        ruled: &format::Verdict,
        repeats: Option<u64>,
    ) -> Decision {
        let named = ruled
            .rule
            .and_then(|r| self.body.rules.get(r as usize))
            .map(|r| r.name.clone());
        let (verdict, rule) = match ruled.verdict {
            VerdictKind::Deny => (
                Verdict::Deny,
                Some(named.unwrap_or_else(|| "no_rule".to_owned())),
            ),
            VerdictKind::Escalate => (Verdict::Escalate, named),
            VerdictKind::Allow => (Verdict::Allow, named),
        };
        let again = self.again(&ruled.again);
        let mut decision = Decision::new(verdict, rule, ruled.reason.clone(), again);
        if let Some(instead) = &ruled.instead
            && self.admits(instead.action)
            && let Some(to) = self.body.actions.get(instead.action as usize)
        {
            let scene = self.about(action, args, repeats);
            let args = arguments(&scene, &to.params, &instead.args);
            // What the parameters of the refused call make may not fit the other action.
            if let Ok(args) = normalise_fields(self.body, &to.params, &args, Unknown::Refuse) {
                decision.instead = Some(Instead {
                    action: to.name.clone(),
                    wire: to.wire.clone(),
                    args,
                });
            }
        }
        decision
    }

    fn again(&self, again: &format::Again) -> Again {
        match again {
            format::Again::Never {} => Again::Never {},
            format::Again::Later {} | format::Again::AfterWait {} => Again::Later {},
            format::Again::AfterApproval {} => Again::AfterApproval {},
            format::Again::OtherArguments {} => Again::OtherArguments {},
            format::Again::NotNeeded {} => Again::NotNeeded {},
            format::Again::AfterAction { actions } => Again::AfterAction {
                actions: actions
                    .iter()
                    .filter_map(|&a| self.body.actions.get(a as usize))
                    .map(|a| a.name.clone())
                    .collect(),
            },
        }
    }

    /// Whether an AI could propose the action where the session is.
    fn admits(&self, index: u32) -> bool {
        let Some(run) = &self.s.run else { return true };
        let state = run.levels.last().and_then(|l| self.state(l.state).ok());
        state.is_some_and(
            |s| matches!(&s.step, format::Step::Agent { may, .. } if may.contains(&index)),
        )
    }
}

/// The arguments that expressions make, by wire name.
pub(super) fn arguments(
    scene: &dyn eval::Scene,
    params: &[Field],
    args: &[Option<format::Expr>],
) -> Map<String, Value> {
    let mut out = Map::new();
    for (param, arg) in params.iter().zip(args) {
        if let Some(value) = arg.as_ref().and_then(|arg| eval::expr(scene, arg)) {
            out.insert(param.wire.clone(), value);
        }
    }
    out
}

/// The arguments of a confirming or undoing call, for a write with those arguments and result;
/// `None` if they don't fit the action.
pub(super) fn derived(
    body: &format::Body,
    write: &CallScene<'_>,
    to: &Action,
    args: &[Option<format::Expr>],
) -> Option<Map<String, Value>> {
    let args = arguments(write, &to.params, args);
    normalise_fields(body, &to.params, &args, Unknown::Refuse).ok()
}
