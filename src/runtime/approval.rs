//! Approvals: asked of a role for one proposal, used once, and only while the clock allows.

use super::engine::{Engine, digest, get};
use super::fault::{Fault, Refusable};
use super::gate::{Origin, Submitted};
use super::record::Trace;
use super::session::{Approval, ApprovalStatus, Doing, Stage};
use crate::table::scalar::later;
use serde_json::{Map, Value, json};

impl Engine<'_> {
    /// Asks the rule's role, unless the same question is open already.
    pub(super) fn ask_approval(
        &mut self,
        action: u32,
        args: &Map<String, Value>,
        rule_index: u32,
    ) -> Refusable<(String, Option<Trace>)> {
        let rule = get(&self.body.rules, rule_index, "rule")?;
        let role_index = rule
            .role
            .ok_or_else(|| Fault::broken(format!("rule `{}` has no role", rule.name)))?;
        let role = get(&self.body.roles, role_index, "role")?;
        let entry = self.entry();
        let same = |a: &&Approval| {
            a.status == ApprovalStatus::Pending
                && a.action == action
                && a.args == *args
                && a.rule == rule_index
                && a.entry == entry
        };
        if let Some(open) = self.s.approvals.iter().find(same) {
            return Ok((open.id.clone(), None));
        }
        let action_name = &self.action(action)?.name;
        let bound = json!({
            "table": self.s.table,
            "session": self.s.id,
            "number": self.s.approvals.len(),
            "action": action_name,
            "args": args,
            "rule": rule.name,
            "role": role.name,
        });
        let id: String = digest(&bound)
            .chars()
            .skip("sha256:".len())
            .take(32)
            .collect();
        let expires_at = rule.within_ms.map(|ms| later(self.now, ms));
        self.s.approvals.push(Approval {
            id: id.clone(),
            action,
            args: args.clone(),
            rule: rule_index,
            role: role_index,
            at: self.now,
            expires_at,
            entry,
            status: ApprovalStatus::Pending,
            calls: Vec::new(),
        });
        let traced = Trace::ApprovalAsked {
            approval: id.clone(),
            action: action_name.clone(),
            rule: rule.name.clone(),
            role: role.name.clone(),
            expires_at,
        };
        Ok((id, Some(traced)))
    }

    /// The granted approval that covers a proposal: its first call, or a retry of that call.
    pub(super) fn covering(
        &self,
        action: u32,
        args: &Map<String, Value>,
        rule: u32,
    ) -> Option<usize> {
        let entry = self.entry();
        self.s.approvals.iter().position(|a| {
            let last = a.calls.last().and_then(|&id| self.s.call(id));
            a.status == ApprovalStatus::Granted
                && (a.action, a.rule, a.entry) == (action, rule, entry)
                && a.args == *args
                && a.expires_at.is_none_or(|at| self.now < at)
                && last.is_none_or(|call| !call.in_flight())
        })
    }

    /// A role has answered.
    pub(super) fn approved(&mut self, id: &str, granted: bool) -> Refusable {
        match self.approval(id) {
            Some((_, ApprovalStatus::Pending)) => {}
            other => {
                return Err(Fault::NoApproval {
                    approval: id.to_owned(),
                    status: other.map(|(_, status)| status.word()),
                });
            }
        }
        self.catch_up(None)?;
        let Some((index, ApprovalStatus::Pending)) = self.approval(id) else {
            self.trace.push(Trace::Late {});
            return Ok(());
        };
        if !granted {
            return self.close_approval(index, ApprovalStatus::Declined, "declined");
        }
        self.mark_approval(index, ApprovalStatus::Granted);
        let Some(approval) = self.s.approvals.get(index) else {
            return Ok(());
        };
        let (action, args) = (approval.action, Value::Object(approval.args.clone()));
        let in_step = self.step_waits_for(id);
        let origin = if in_step {
            Origin::State
        } else {
            Origin::Outside
        };
        let (submitted, decision) = self.submit(action, &args, origin)?;
        self.verdict = Some(decision);
        if let Some(approval) = self.s.approvals.get_mut(index) {
            match submitted {
                // It was granted for this call, even if the call no longer needs it.
                Submitted::Called(call) if approval.calls.is_empty() => approval.calls.push(call),
                Submitted::Called(_) => {}
                _ => approval.status = ApprovalStatus::Spent,
            }
        }
        if in_step {
            let next = self.proposed_in_step(submitted)?;
            self.drive(next)?;
        }
        Ok(())
    }

    /// Ends a pending approval that was not granted, and lets the state that waits for it go on.
    pub(super) fn close_approval(
        &mut self,
        index: usize,
        status: ApprovalStatus,
        outcome: &str,
    ) -> Refusable {
        self.mark_approval(index, status);
        let id = self.s.approvals.get(index).map(|a| a.id.clone());
        if id.is_some_and(|id| self.step_waits_for(&id)) {
            let next = self.step_refused(outcome)?;
            return self.drive(next);
        }
        Ok(())
    }

    pub(super) fn mark_approval(&mut self, index: usize, status: ApprovalStatus) {
        if let Some(approval) = self.s.approvals.get_mut(index) {
            approval.status = status;
            self.trace.push(Trace::Approval {
                approval: approval.id.clone(),
                status: status.word().to_owned(),
            });
        }
    }

    /// The flow leaves a state: what it asked for is no longer needed.
    pub(super) fn withdraw_approvals(&mut self) {
        let pending: Vec<usize> = (0..)
            .zip(&self.s.approvals)
            .filter(|(_, a)| a.status == ApprovalStatus::Pending)
            .map(|(i, _)| i)
            .collect();
        for index in pending {
            self.mark_approval(index, ApprovalStatus::Withdrawn);
        }
    }

    /// A call has succeeded: the approval that covered it is used up.
    pub(super) fn spend_approval(&mut self, call: u64) {
        for approval in &mut self.s.approvals {
            if approval.status == ApprovalStatus::Granted && approval.calls.contains(&call) {
                approval.status = ApprovalStatus::Spent;
            }
        }
    }

    fn approval(&self, id: &str) -> Option<(usize, ApprovalStatus)> {
        let index = self.s.approvals.iter().position(|a| a.id == id)?;
        Some((index, self.s.approvals.get(index)?.status))
    }

    fn step_waits_for(&self, id: &str) -> bool {
        let stage = self.s.top().and_then(|level| match &level.doing {
            Doing::Do { stage } | Doing::Settle { stage, .. } | Doing::Unwind { stage, .. } => {
                Some(stage)
            }
            _ => None,
        });
        matches!(stage, Some(Stage::Approval { approval }) if approval == id)
    }

    fn entry(&self) -> u64 {
        self.s.top().map_or(0, |level| level.entry)
    }
}
