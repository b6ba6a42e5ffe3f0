//! What is due by the clock, and catching up with it.
//!
//! A step first brings the session up to its time, in the order in which things fell due. So it
//! makes no difference how often a host ticks.

use super::engine::Engine;
use super::fault::Refusable;
use super::flow::Next;
use super::session::{ApprovalStatus, Call, Doing, Level, Session};
use crate::table::format::{Body, Flow, Step, Target};
use crate::table::scalar::later;

/// Something that the clock brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Due {
    pub(super) at: i64,
    /// Ties go in the order of the variants.
    pub(super) what: What,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum What {
    /// The call's timeout.
    Call(u64),
    /// The deadline of the flow, or of an inlined run: the level in the session's list.
    Net(usize),
    /// The current state's own time: an agent's, a question's.
    Own,
    /// The approval in the session's list expires.
    Approval(usize),
    /// The wait before a retry is over.
    Retry,
}

/// All that the clock will bring if nothing else happens. Deadlines wait for calls in flight, whose
/// timeouts bound that wait.
pub(super) fn dues(body: &Body, session: &Session) -> Vec<Due> {
    let mut out = Vec::new();
    for call in session.calls.iter().filter(|c| c.in_flight()) {
        let timeout = body
            .actions
            .get(call.action as usize)
            .map_or(0, |a| a.timeout_ms);
        out.push(Due {
            at: later(call.at, timeout),
            what: What::Call(call.id),
        });
    }
    for (index, approval) in session.approvals.iter().enumerate() {
        if approval.status == ApprovalStatus::Pending
            && let Some(at) = approval.expires_at
        {
            out.push(Due {
                at,
                what: What::Approval(index),
            });
        }
    }
    if let Some(Doing::Wait { until }) = session.top().map(|level| &level.doing) {
        out.push(Due {
            at: *until,
            what: What::Retry,
        });
    }
    if !session.calls.iter().any(Call::in_flight) {
        out.extend(deadlines(body, session));
    }
    out
}

/// Deadlines of the flow and its state.
pub(super) fn deadlines(body: &Body, session: &Session) -> Vec<Due> {
    let mut out = Vec::new();
    let Some(run) = &session.run else { return out };
    let Some(flow) = body.flows.get(run.flow as usize) else {
        return out;
    };
    // In the tail behind a deadline no other one is taken.
    if !run.levels.iter().any(|level| level.net) {
        for (index, level) in run.levels.iter().enumerate() {
            if let Some((ms, _)) = net(flow, level) {
                out.push(Due {
                    at: later(level.since, ms),
                    what: What::Net(index),
                });
            }
        }
    }
    if let Some(at) = run.levels.last().and_then(|level| own(flow, level)) {
        out.push(Due {
            at,
            what: What::Own,
        });
    }
    out
}

/// The deadline of a level that leads somewhere.
pub(super) fn net<'f>(flow: &'f Flow, level: &Level) -> Option<(i64, &'f Target)> {
    let within = flow.scopes.get(level.scope as usize)?.within.as_ref()?;
    Some((within.ms, within.to.as_ref()?))
}

/// When the current state's own time is up.
fn own(flow: &Flow, level: &Level) -> Option<i64> {
    let step = &flow.states.get(level.state as usize)?.step;
    let (since, ms) = match (step, &level.doing) {
        (Step::Agent { within_ms, .. }, Doing::Agent { .. }) => (level.entered, *within_ms),
        (Step::Ask { within_ms, .. }, Doing::Ask { since, .. }) => (*since, *within_ms),
        _ => return None,
    };
    Some(later(since, ms?))
}

impl Engine<'_> {
    /// Brings the session up to `now`. The call that a reply has come for is given the benefit of
    /// the last millisecond.
    pub(super) fn catch_up(&mut self, replied: Option<u64>) -> Refusable {
        loop {
            let in_time = |due: &Due| match due.what {
                What::Call(id) if Some(id) == replied => due.at < self.now,
                _ => due.at <= self.now,
            };
            let first = dues(self.body, &self.s).into_iter().filter(in_time).min();
            let Some(due) = first else {
                self.upto = self.now;
                return Ok(());
            };
            self.hop()?;
            self.upto = due.at;
            match due.what {
                What::Call(id) => self.time_out(id)?,
                What::Approval(index) => {
                    self.close_approval(index, ApprovalStatus::Expired, "expired")?;
                }
                What::Retry => self.drive(Next::Attempt)?,
                What::Net(_) | What::Own => {
                    if let Some(next) = self.between_steps()? {
                        self.drive(next)?;
                    }
                }
            }
        }
    }

    /// Time has passed; the host's draw for a retry may be over.
    pub(super) fn ticked(&mut self, retry: bool) -> Refusable {
        let waits = |session: &Session| {
            let level = session.top()?;
            match level.doing {
                Doing::Wait { until } => Some((level.entry, until)),
                _ => None,
            }
        };
        let before = waits(&self.s);
        self.catch_up(None)?;
        if retry && before.is_some() && waits(&self.s) == before {
            self.drive(Next::Attempt)?;
        }
        Ok(())
    }
}
