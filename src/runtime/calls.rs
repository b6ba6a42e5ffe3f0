//! The call log: admission and replies.

use super::effects::{Says, says};
use super::engine::Engine;
use super::fault::{Fault, Refusable};
use super::gate::Origin;
use super::record::Trace;
use super::refusal;
use super::session::{Call, Ended, Fate, TakenSlot};
use super::verdict::{Again, Decision};
use crate::table::format::Action;
use crate::table::value::{Unknown, normalise, normalise_fields};
use serde_json::{Map, Value};

/// What a reply says, after validation.
struct Judged {
    outcome: String,
    value: Option<Value>,
    /// What is wrong with a malformed reply.
    problem: Option<String>,
}

impl Engine<'_> {
    /// An AI proposes a call.
    pub(super) fn proposed(&mut self, name: &str, args: &Value) -> Refusable {
        self.catch_up(None)?;
        let index = self
            .table
            .action_index(name)
            .or_else(|| self.table.action_by_wire(name));
        if self.agent_over_budget() {
            let decision = Decision::deny(
                "not_here",
                format!("{name} cannot be called: all calls of this task are spent."),
                Again::Never {},
            );
            self.refused_outright(name, args, decision);
            return self.agent_exhausted();
        }
        let Some(index) = index else {
            self.refused_outright(name, args, refusal::no_action(name));
            return Ok(());
        };
        let (_, decision) = self.submit(index, args, Origin::Outside)?;
        self.verdict = Some(decision);
        Ok(())
    }

    fn refused_outright(&mut self, name: &str, args: &Value, decision: Decision) {
        self.trace.push(Trace::Decided {
            action: name.to_owned(),
            args: args.clone(),
            verdict: decision.clone(),
        });
        self.verdict = Some(decision);
    }

    /// Writes an allowed call into the log.
    pub(super) fn admit(
        &mut self,
        action: u32,
        args: Map<String, Value>,
        repeats: Option<u64>,
        slots: Vec<TakenSlot>,
    ) -> Refusable<u64> {
        let id = self.s.calls.len() as u64 + 1;
        let point = self.point();
        self.s.calls.push(Call {
            id,
            action,
            args,
            at: point.at,
            seq: point.seq,
            effect: repeats.unwrap_or(id),
            ended: None,
            result: None,
            fate: Fate::Open,
            settled: None,
            slots,
        });
        self.trace.push(Trace::Called {
            call: id,
            action: self.action(action)?.name.clone(),
            repeats,
        });
        Ok(id)
    }

    /// The host brings a call's reply.
    pub(super) fn call_replied(
        &mut self,
        id: u64,
        outcome: &str,
        value: Option<&Value>,
    ) -> Refusable {
        let call = self.s.call(id).ok_or(Fault::NoCall { call: id })?;
        if let Some(ended) = &call.ended {
            return Err(Fault::CallOver {
                call: id,
                outcome: ended.outcome.clone(),
            });
        }
        // A reply at the very moment of the timeout is in time.
        self.catch_up(Some(id))?;
        let Some(call) = self.s.call(id).filter(|c| c.in_flight()) else {
            self.trace.push(Trace::Late {});
            return Ok(());
        };
        let judged = self.judge(self.action(call.action)?, outcome, value);
        self.end_call(id, judged)?;
        self.go_on_after(id)
    }

    /// Puts a call made before, with its reply, into the log, whatever the gate would say.
    pub(super) fn suppose(
        &mut self,
        name: &str,
        args: &Map<String, Value>,
        outcome: &str,
        value: Option<&Value>,
    ) -> Refusable {
        let (index, id) = self.suppose_call(name, args, false)?;
        let judged = self.judge(self.action(index)?, outcome, value);
        self.end_call(id, judged)
    }

    /// Puts a call into the log, whatever the gate would say; gives its action and its number. It may
    /// be told to share the effect of a call that it repeats.
    pub(super) fn suppose_call(
        &mut self,
        name: &str,
        args: &Map<String, Value>,
        shares: bool,
    ) -> Refusable<(u32, u64)> {
        let index = self
            .table
            .action_index(name)
            .ok_or_else(|| Fault::Unknown {
                what: "action",
                name: name.to_owned(),
            })?;
        let action = self.action(index)?;
        let args = normalise_fields(self.body, &action.params, args, Unknown::Refuse)
            .map_err(Fault::Argument)?;
        let repeats = self.repeated(index, action, &args).filter(|_| shares);
        Ok((index, self.admit(index, args, repeats, Vec::new())?))
    }

    /// The call's time is up.
    pub(super) fn time_out(&mut self, id: u64) -> Refusable {
        let judged = Judged {
            outcome: "timeout".to_owned(),
            value: None,
            problem: None,
        };
        self.end_call(id, judged)?;
        self.go_on_after(id)
    }

    /// The host was restarted: nobody waits for the calls in flight any more.
    pub(super) fn reloaded(&mut self) -> Refusable {
        self.catch_up(None)?;
        // What follows a timeout may put further calls in flight; those are not of before.
        let in_flight: Vec<u64> = self
            .s
            .calls
            .iter()
            .filter(|c| c.in_flight())
            .map(|c| c.id)
            .collect();
        for id in in_flight {
            self.time_out(id)?;
        }
        Ok(())
    }

    /// Somebody has found out what became of a call.
    pub(super) fn resolved(
        &mut self,
        id: u64,
        happened: bool,
        result: Option<&Value>,
    ) -> Refusable {
        self.catch_up(None)?;
        let call = self.s.call(id).ok_or(Fault::NoCall { call: id })?;
        let root = call.effect;
        let action = self.action(call.action)?;
        if self.s.call(root).is_none_or(|c| c.fate != Fate::Unsettled) {
            return Err(Fault::NotUnsettled { call: id });
        }
        let value = match (&action.result, result.filter(|_| happened)) {
            (Some(ty), Some(value)) => {
                Some(normalise(self.body, ty, value, Unknown::Drop).map_err(Fault::Result)?)
            }
            _ => None,
        };
        self.settle(root, happened, value);
        Ok(())
    }

    fn judge(&self, action: &Action, outcome: &str, value: Option<&Value>) -> Judged {
        let malformed = |problem: String| Judged {
            outcome: "malformed".to_owned(),
            value: None,
            problem: Some(problem),
        };
        let plain = |outcome: &str| Judged {
            outcome: outcome.to_owned(),
            value: None,
            problem: None,
        };
        match outcome {
            "ok" => match &action.result {
                None => plain("ok"),
                Some(ty) => {
                    let value = value.unwrap_or(&Value::Null);
                    match normalise(self.body, ty, value, Unknown::Drop) {
                        Ok(value) => Judged {
                            value: Some(value),
                            ..plain("ok")
                        },
                        Err(problem) => malformed(problem.to_string()),
                    }
                }
            },
            "timeout" | "malformed" => plain(outcome),
            _ => {
                let by_wire = action.failures.iter().find(|f| f.wire == outcome);
                let by_name = || action.failures.iter().find(|f| f.name == outcome);
                match by_wire.or_else(by_name) {
                    Some(failure) => plain(&failure.name),
                    None => malformed(format!("`{outcome}` is not declared")),
                }
            }
        }
    }

    /// Writes down how a call ended, and all that follows for what is known of effects.
    fn end_call(&mut self, id: u64, judged: Judged) -> Refusable {
        let point = self.point();
        let Some(call) = self.s.call_mut(id) else {
            return Err(Fault::NoCall { call: id });
        };
        let (root, index) = (call.effect, call.action);
        call.ended = Some(Ended {
            at: point.at,
            seq: point.seq,
            outcome: judged.outcome.clone(),
        });
        if judged.value.is_some() {
            call.result.clone_from(&judged.value);
        }
        let action = self.action(index)?;
        self.trace.push(Trace::Replied {
            call: id,
            action: action.name.clone(),
            outcome: judged.outcome.clone(),
            value: judged.value.clone(),
            problem: judged.problem,
        });
        let says = says(action, &judged.outcome);
        self.learn(action, root, says, judged.value);
        if judged.outcome == "ok" {
            self.spend_approval(id);
            self.release_uncounted(id);
        }
        self.release_effects(root);
        self.confirm_others(id, &judged.outcome);
        if says == Says::Happened {
            self.undo_another(id, root);
        }
        Ok(())
    }
}
