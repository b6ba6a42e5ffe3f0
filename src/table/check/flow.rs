//! Flows: where edges lead, what slots hold.

use super::diagram::{Seen, Walker};
use super::scope::{Scope, unit};
use super::types::{self, unique};
use super::{At, Checked, broken, each, get};
use crate::table::format::{
    Action, Deadline, EventEdge, Expr, Flow, Handler, Ref, Scope as Run, State, Step, Target, Type,
};

pub(super) fn check(walker: &Walker<'_>) -> Checked {
    unique(walker.body.flows.iter().map(|f| &f.name), "flow")?;
    let mut position = 1;
    for (i, flow) in walker.body.flows.iter().enumerate() {
        let checker = Checker {
            walker,
            flow,
            scope: Scope {
                slots: Some(&flow.slots),
                session: true,
                ..Scope::empty(walker.body)
            },
            seen: Seen::default(),
        };
        let place = || format!("flows[{i}]");
        if flow.first_position != position {
            return broken(format!("the first position should be {position}")).at(place);
        }
        checker.check().at(place)?;
        position = position.saturating_add(u32::try_from(flow.states.len()).unwrap_or(u32::MAX));
    }
    Ok(())
}

struct Checker<'a> {
    walker: &'a Walker<'a>,
    flow: &'a Flow,
    scope: Scope<'a>,
    seen: Seen,
}

impl Checker<'_> {
    fn check(&self) -> Checked {
        let flow = self.flow;
        let body = self.walker.body;
        types::fields(body, &flow.params).at(|| "params".to_owned())?;
        for (i, param) in flow.params.iter().enumerate() {
            let slot = flow.slots.get(i);
            if slot.is_none_or(|s| s.ty != param.ty || s.scope != 0) {
                return broken(format!("slot {i} must hold the parameter `{}`", param.name));
            }
        }
        each(&flow.slots, "slots", |slot| {
            get(&flow.scopes, slot.scope, "scope")?;
            types::ty(body, &slot.ty)
        })?;
        if flow.scopes.is_empty() {
            return broken("the flow's own scope is missing");
        }
        for (i, run) in flow.scopes.iter().enumerate() {
            self.run(i, run).at(|| format!("scopes[{i}]"))?;
        }
        unique(flow.states.iter().map(|s| &s.name), "state")?;
        unique(flow.ends.iter().map(|e| &e.name), "end")?;
        each(&flow.states, "states", |s| self.state(s))?;
        each(&flow.ends, "ends", |end| {
            self.actions(&end.keeps)?;
            self.actions(&end.leaves)?;
            match &end.gives {
                Some(gives) => self.given(gives),
                None => Ok(()),
            }
        })?;
        self.target(&flow.start, 0).at(|| "start".to_owned())?;
        if let Some(once) = &flow.once {
            each(&once.by, "once.by", |&p| {
                get(&flow.params, p, "parameter").map(|_| ())
            })?;
            if once.for_ms <= 0 {
                return broken("`once.for_ms` must be positive");
            }
            self.target(&once.to, 0).at(|| "once".to_owned())?;
        }
        Ok(())
    }

    fn run(&self, index: usize, run: &Run) -> Checked {
        let parent_first = match run.parent {
            None => index == 0,
            Some(parent) => (parent as usize) < index,
        };
        if !parent_first {
            return broken("scope 0 is the flow, every other one comes after its parent");
        }
        let index = u32::try_from(index).unwrap_or(u32::MAX);
        if let Some(Deadline { ms, to }) = &run.within {
            if *ms <= 0 {
                return broken("the deadline must be positive");
            }
            if let Some(to) = to {
                self.target(to, index)?;
            }
        }
        self.events(&run.events, index)
    }

    fn events(&self, edges: &[EventEdge], scope: u32) -> Checked {
        each(edges, "events", |edge| {
            get(&self.walker.body.events, edge.event, "event")?;
            self.condition(edge.when)?;
            match &edge.to {
                Some(to) => self.target(to, scope),
                None => Ok(()),
            }
        })
    }

    fn condition(&self, when: Option<Ref>) -> Checked {
        match when {
            Some(when) => self.walker.condition(&self.scope, &self.seen, when),
            None => Ok(()),
        }
    }

    fn actions(&self, actions: &[u32]) -> Checked {
        each(actions, "actions", |&a| self.action(a).map(|_| ()))
    }

    fn action(&self, index: u32) -> Checked<&Action> {
        get(&self.walker.body.actions, index, "action")
    }

    /// An edge out of something that belongs to `scope`.
    fn target(&self, to: &Target, scope: u32) -> Checked {
        match to {
            Target::State { index } => {
                let state = get(&self.flow.states, *index, "state")?;
                if state.scope != scope {
                    return broken(format!("state {index} belongs to another run"));
                }
                Ok(())
            }
            Target::End { index } => {
                if scope != 0 {
                    return broken("only the flow itself leads to its ends");
                }
                get(&self.flow.ends, *index, "end").map(|_| ())
            }
            Target::Return { state, gives, .. } => {
                // INVARIANT: a return leads out of its scope into the parent, so chains of returns
                // end.
                let caller = get(&self.flow.states, *state, "state")?;
                let runs_it = matches!(&caller.step, Step::Run { scope: s, .. } if *s == scope);
                if !runs_it {
                    return broken(format!("state {state} doesn't run scope {scope}"));
                }
                match gives {
                    Some(gives) => self.given(gives),
                    None => Ok(()),
                }
            }
        }
    }

    /// An expression whose type is not written down.
    fn given(&self, expr: &Expr) -> Checked {
        match expr {
            Expr::Const { .. } => Ok(()),
            Expr::Path { path } => self.scope.path(path).map(|_| ()),
            Expr::List { items } => each(items, "items", |i| self.given(i)),
            Expr::Record { fields } => each(fields, "fields", |(_, f)| self.given(f)),
            Expr::Template { .. } => self.scope.expr(
                expr,
                &Type::String {
                    min: 0,
                    max: None,
                    automata: Vec::new(),
                },
            ),
        }
    }

    fn bind(&self, slot: Option<u32>, ty: Option<&Type>) -> Checked {
        let Some(slot) = slot else { return Ok(()) };
        let slot = get(&self.flow.slots, slot, "slot")?;
        if ty.is_some_and(|ty| unit(ty) != unit(&slot.ty)) {
            return broken(format!("`{}` binds another type", slot.name));
        }
        Ok(())
    }

    fn state(&self, state: &State) -> Checked {
        get(&self.flow.scopes, state.scope, "scope")?;
        self.step(state).at(|| "step".to_owned())?;
        if let Some(visits) = &state.visits {
            self.target(&visits.to, state.scope)
                .at(|| "visits".to_owned())?;
        }
        each(&state.handlers, "handlers", |h| self.handler(state, h))?;
        self.events(&state.events, state.scope)
    }

    fn step(&self, state: &State) -> Checked {
        match &state.step {
            Step::Do { action, args, bind } => {
                let action = self.action(*action)?;
                self.scope.args(args, &action.params)?;
                self.bind(*bind, action.result.as_ref())
            }
            Step::Agent {
                given,
                may,
                within_ms,
                outcomes,
                ..
            } => {
                each(given, "given", |(_, value)| self.given(value))?;
                self.actions(may)?;
                positive(*within_ms)?;
                unique(outcomes.iter().map(|o| &o.name), "outcome")?;
                each(outcomes, "outcomes", |o| match &o.ty {
                    Some(ty) => types::ty(self.walker.body, ty),
                    None => Ok(()),
                })
            }
            Step::Ask {
                role,
                text,
                ty,
                bind,
                within_ms,
            } => {
                get(&self.walker.body.roles, *role, "role")?;
                self.given(text)?;
                types::ty(self.walker.body, ty)?;
                positive(*within_ms)?;
                self.bind(Some(*bind), Some(ty))
            }
            Step::Choose {
                branches,
                otherwise,
            } => {
                each(branches, "branches", |b| {
                    self.condition(Some(b.when))?;
                    self.target(&b.to, state.scope)
                })?;
                match otherwise {
                    Some(to) => self.target(to, state.scope),
                    None => Ok(()),
                }
            }
            Step::Settle { action, bind } => {
                let action = self.action(*action)?;
                self.bind(*bind, action.result.as_ref())
            }
            Step::Unwind { actions } => self.actions(actions),
            Step::Run {
                scope,
                args,
                start,
                bind,
            } => {
                let run = get(&self.flow.scopes, *scope, "scope")?;
                if run.parent != Some(state.scope) {
                    return broken(format!("scope {scope} belongs to another run"));
                }
                each(args, "args", |(slot, value)| {
                    let slot = get(&self.flow.slots, *slot, "slot")?;
                    if slot.scope != *scope {
                        return broken(format!("`{}` belongs to another run", slot.name));
                    }
                    match value {
                        Some(value) => self.scope.expr(value, &slot.ty),
                        None => Ok(()),
                    }
                })?;
                self.bind(*bind, None)?;
                self.target(start, *scope)
            }
        }
    }

    fn handler(&self, state: &State, h: &Handler) -> Checked {
        if !self.has_outcome(&state.step, &h.outcome) {
            return broken(format!("the state has no outcome `{}`", h.outcome));
        }
        self.condition(h.when)?;
        self.bind(h.bind, None)?;
        if let Some(retry) = &h.retry
            && (retry.first_ms < 0 || retry.cap_ms < retry.first_ms)
        {
            return broken("the backoff is no range");
        }
        self.target(&h.to, state.scope)
    }

    fn has_outcome(&self, step: &Step, name: &str) -> bool {
        match step {
            Step::Do { action, .. } => {
                let declared = self.action(*action).map(|a| a.failures.as_slice());
                let built_in = [
                    "ok",
                    "timeout",
                    "malformed",
                    "denied",
                    "limited",
                    "declined",
                    "expired",
                ];
                built_in.contains(&name) || declared.is_ok_and(|f| f.iter().any(|f| f.name == name))
            }
            Step::Agent { outcomes, .. } => {
                ["stuck", "exhausted", "malformed"].contains(&name)
                    || outcomes.iter().any(|o| o.name == name)
            }
            Step::Ask { .. } => ["answered", "no_answer", "unclear", "unreachable"].contains(&name),
            Step::Choose { .. } => false,
            Step::Settle { .. } => ["happened", "absent", "unknown"].contains(&name),
            Step::Unwind { .. } => ["clean", "stuck"].contains(&name),
            // The ends of the inner flow: not listed.
            Step::Run { .. } => true,
        }
    }
}

fn positive(ms: Option<i64>) -> Checked {
    match ms {
        Some(ms) if ms <= 0 => broken("the time must be positive"),
        _ => Ok(()),
    }
}
