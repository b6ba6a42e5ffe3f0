//! Reading sessions: strictly, and checked against the table, so that no index in a session in
//! hand is broken.

use super::fault::{Fault, Refusable};
use super::session::{Approval, Call, Doing, FORMAT, Fate, Level, Run, Session, Stage, VERSION};
use crate::table::Table;
use crate::table::format::{Action, Body, Field, Flow, Step};
use crate::table::scalar::{NUMBER_MAX, later};
use crate::table::strict;
use crate::table::value::{Unknown, normalise, normalise_fields};
use serde_json::{Map, Value};

pub(super) fn read(bytes: &[u8], table: &Table) -> Refusable<Session> {
    let value = strict::parse(bytes).map_err(|e| bad("", e.to_string()))?;
    if value.get("format").and_then(Value::as_str) != Some(FORMAT) {
        return Err(bad("format", format!("it is not \"{FORMAT}\"")));
    }
    let version = value.get("version").unwrap_or(&Value::Null);
    if version.as_u64() != Some(u64::from(VERSION)) {
        return Err(bad(
            "version",
            format!("it is {version}, but this program reads version {VERSION}"),
        ));
    }
    let session: Session = serde_json::from_value(value).map_err(|e| bad("", e.to_string()))?;
    if session.table != table.digest() {
        return Err(Fault::WrongTable {
            session: session.table,
            table: table.digest().to_owned(),
        });
    }
    Check {
        body: table.body(),
        s: &session,
    }
    .session()?;
    Ok(session)
}

fn bad(at: impl Into<String>, problem: impl Into<String>) -> Fault {
    Fault::BadSession {
        at: at.into(),
        problem: problem.into(),
    }
}

struct Check<'a> {
    body: &'a Body,
    s: &'a Session,
}

impl<'a> Check<'a> {
    fn session(&self) -> Refusable {
        let s = self.s;
        if s.now
            .is_some_and(|now| now.unsigned_abs() > NUMBER_MAX.unsigned_abs())
        {
            return Err(bad("now", "it is no time"));
        }
        if s.now.is_none() && (!s.calls.is_empty() || s.run.is_some() || s.revision != 0) {
            return Err(bad("now", "it is missing"));
        }
        let most = NUMBER_MAX.unsigned_abs();
        if s.revision > most || s.seq > most {
            return Err(bad("revision", "it is too large"));
        }
        for (i, call) in s.calls.iter().enumerate() {
            self.call(i, call)
                .map_err(|e| within(e, &format!("calls[{i}]")))?;
        }
        for (i, approval) in s.approvals.iter().enumerate() {
            self.approval(approval)
                .map_err(|e| within(e, &format!("approvals[{i}]")))?;
        }
        match &s.run {
            Some(run) => self.run(run).map_err(|e| within(e, "run")),
            None => Ok(()),
        }
    }

    fn action(&self, index: u32) -> Refusable<&'a Action> {
        get(&self.body.actions, index, "action")
    }

    fn args(&self, params: &[Field], args: &Map<String, Value>) -> Refusable {
        match normalise_fields(self.body, params, args, Unknown::Refuse) {
            Ok(normal) if normal == *args => Ok(()),
            Ok(_) => Err(bad("args", "they are not in wire form")),
            Err(e) => Err(bad("args", e.to_string())),
        }
    }

    fn past(&self, at: i64, what: &str) -> Refusable {
        if self.s.now.is_some_and(|now| at <= now) && at >= -NUMBER_MAX {
            return Ok(());
        }
        Err(bad(what, "it lies after the session's own time"))
    }

    fn call(&self, index: usize, call: &Call) -> Refusable {
        let action = self.action(call.action)?;
        if usize::try_from(call.id).ok() != Some(index + 1) {
            return Err(bad("id", format!("it should be {}", index + 1)));
        }
        self.args(&action.params, &call.args)?;
        self.past(call.at, "at")?;
        if call.seq > self.s.seq {
            return Err(bad("seq", "it is ahead of the session's"));
        }
        let root = self
            .s
            .call(call.effect)
            .filter(|root| root.id <= call.id && root.is_root() && root.action == call.action);
        if root.is_none() {
            return Err(bad("effect", "it is no earlier call of the action"));
        }
        if !call.is_root() && call.fate != Fate::Open {
            return Err(bad("fate", "a repeat has none of its own"));
        }
        if let Some(ended) = &call.ended {
            self.past(ended.at, "ended.at")?;
            if ended.at < call.at || ended.seq <= call.seq || ended.seq > self.s.seq {
                return Err(bad("ended", "it ended before it began"));
            }
            let built_in = ["ok", "timeout", "malformed"].contains(&ended.outcome.as_str());
            if !built_in && !action.failures.iter().any(|f| f.name == ended.outcome) {
                return Err(bad("ended.outcome", "the action has no such outcome"));
            }
        } else if call.is_root() && call.fate != Fate::Open && !self.has_repeats(call) {
            return Err(bad("fate", "it is known before the call ended"));
        }
        if let Some(settled) = &call.settled {
            self.past(settled.at, "settled.at")?;
        }
        match (&call.result, &action.result) {
            (None, _) => {}
            (Some(value), Some(ty)) => match normalise(self.body, ty, value, Unknown::Refuse) {
                Ok(normal) if normal == *value => {}
                _ => return Err(bad("result", "it is not of the action's type")),
            },
            (Some(_), None) => return Err(bad("result", "the action gives none")),
        }
        for slot in &call.slots {
            get(&self.body.limits, slot.limit, "limit")?;
        }
        Ok(())
    }

    fn has_repeats(&self, call: &Call) -> bool {
        self.s.attempts(call.id).any(|c| c.id != call.id)
    }

    fn approval(&self, approval: &Approval) -> Refusable {
        let action = self.action(approval.action)?;
        self.args(&action.params, &approval.args)?;
        self.past(approval.at, "at")?;
        let rule = get(&self.body.rules, approval.rule, "rule")?;
        if rule.role != Some(approval.role) {
            return Err(bad("role", "the rule asks another role"));
        }
        let expires_at = rule.within_ms.map(|ms| later(approval.at, ms));
        if approval.expires_at != expires_at {
            return Err(bad("expires_at", "the rule sets another time"));
        }
        let covers = |id: &u64| {
            self.s
                .call(*id)
                .is_some_and(|c| c.action == approval.action && c.args == approval.args)
        };
        if !approval.calls.iter().all(covers) {
            return Err(bad("calls", "it was granted for another call"));
        }
        Ok(())
    }

    fn run(&self, run: &Run) -> Refusable {
        let flow = get(&self.body.flows, run.flow, "flow")?;
        if run.slots.len() != flow.slots.len() {
            return Err(bad("slots", "there are more or fewer than the flow has"));
        }
        for (slot, value) in flow.slots.iter().zip(&run.slots) {
            if let Some(value) = value {
                match normalise(self.body, &slot.ty, value, Unknown::Refuse) {
                    Ok(normal) if normal == *value => {}
                    _ => return Err(bad("slots", format!("`{}` is of another type", slot.name))),
                }
            }
        }
        for &event in &run.events {
            get(&self.body.events, event, "event")?;
        }
        for waiting in &run.waiting {
            get(&self.body.events, waiting.event, "event")?;
            self.past(waiting.at, "waiting")?;
        }
        let in_flight = self.s.any_in_flight();
        if let Some(reached) = &run.end {
            get(&flow.ends, reached.end, "end")?;
            self.past(reached.at, "end.at")?;
            if !run.levels.is_empty() || in_flight {
                return Err(bad("end", "the flow has ended, and still does something"));
            }
            return Ok(());
        }
        if run.levels.is_empty() {
            return Err(bad("levels", "the flow is nowhere"));
        }
        for (i, level) in run.levels.iter().enumerate() {
            let outer = i.checked_sub(1).and_then(|o| run.levels.get(o));
            let last = i + 1 == run.levels.len();
            self.level(flow, run, outer, level, last)
                .map_err(|e| within(e, &format!("levels[{i}]")))?;
        }
        Ok(())
    }

    fn level(
        &self,
        flow: &Flow,
        run: &Run,
        outer: Option<&Level>,
        level: &Level,
        last: bool,
    ) -> Refusable {
        let scope = get(&flow.scopes, level.scope, "scope")?;
        let state = get(&flow.states, level.state, "state")?;
        let runs = |outer: &Level| {
            let caller = flow.states.get(outer.state as usize);
            caller.is_some_and(
                |s| matches!(&s.step, Step::Run { scope, .. } if *scope == level.scope),
            )
        };
        let fits = match outer {
            None => scope.parent.is_none(),
            Some(outer) => scope.parent == Some(outer.scope) && runs(outer),
        };
        if !fits || state.scope != level.scope {
            return Err(bad("state", "the flow cannot be there"));
        }
        if level.entry == 0 || level.entry > run.entries {
            return Err(bad("entry", "there was no such entry"));
        }
        self.past(level.since, "since")?;
        self.past(level.entered, "entered")?;
        if !level
            .visits
            .keys()
            .all(|&v| (v as usize) < flow.states.len())
        {
            return Err(bad("visits", "there is no such state"));
        }
        if !last {
            return match level.doing {
                Doing::Passing {} => Ok(()),
                _ => Err(bad("doing", "it runs another flow")),
            };
        }
        self.doing(&level.doing, &state.step)
            .map_err(|e| within(e, "doing"))
    }

    /// Between two steps, a state waits for something.
    fn doing(&self, doing: &Doing, step: &Step) -> Refusable {
        match (doing, step) {
            (Doing::Wait { .. }, Step::Choose { .. }) => {}
            (Doing::Wait { .. }, _) => return Ok(()),
            (Doing::Ask { since, .. }, Step::Ask { .. }) => return self.past(*since, "since"),
            (Doing::Agent { .. }, Step::Agent { .. }) => return Ok(()),
            (Doing::Do { stage }, Step::Do { action, .. }) => {
                return self.stage(stage, Some(*action));
            }
            (
                Doing::Settle {
                    stage, of, left, ..
                },
                Step::Settle { action, .. },
            ) => {
                self.writes(of, left, &[*action])?;
                return self.stage(
                    stage,
                    self.action(*action)?.confirm.as_ref().map(|c| c.action),
                );
            }
            (
                Doing::Unwind {
                    stage, of, left, ..
                },
                Step::Unwind { actions },
            ) => {
                self.writes(of, left, actions)?;
                return self.stage(stage, None);
            }
            _ => {}
        }
        Err(bad("kind", "the state does something else"))
    }

    fn writes(&self, of: &u64, left: &[u64], actions: &[u32]) -> Refusable {
        let known = |id: &u64| {
            self.s
                .call(*id)
                .is_some_and(|c| c.is_root() && (actions.is_empty() || actions.contains(&c.action)))
        };
        if known(of) && left.iter().all(known) {
            return Ok(());
        }
        Err(bad("left", "there is no such call"))
    }

    fn stage(&self, stage: &Stage, action: Option<u32>) -> Refusable {
        let fits = |of: u32| action.is_none_or(|action| action == of);
        let found = match stage {
            Stage::Next {} => false,
            Stage::Call { call } => self
                .s
                .call(*call)
                .is_some_and(|c| c.in_flight() && fits(c.action)),
            Stage::Approval { approval } => self.s.approvals.iter().any(|a| {
                a.id == *approval
                    && a.status == super::session::ApprovalStatus::Pending
                    && fits(a.action)
            }),
        };
        if found {
            return Ok(());
        }
        Err(bad("stage", "it waits for what does not exist"))
    }
}

fn get<'a, T>(list: &'a [T], index: u32, what: &str) -> Refusable<&'a T> {
    list.get(index as usize)
        .ok_or_else(|| bad(what, format!("there is no {what} {index}")))
}

fn within(fault: Fault, outer: &str) -> Fault {
    match fault {
        Fault::BadSession { at, problem } => Fault::BadSession {
            at: if at.is_empty() {
                outer.to_owned()
            } else {
                format!("{outer}.{at}")
            },
            problem,
        },
        other => other,
    }
}
