//! What each kind of state does, and what can come of it.

use super::config::Config;
use super::moves::{Move, outcome_of};
use super::owed::Debt;
use super::report::node_id;
use super::{Explorer, Guard};
use crate::flow::calls::{self, Ending, Meant, Repeat, after_call, ending};
use crate::flow::graph::{Happened, How, Made};
use crate::flow::picture::Way;
use crate::flow::unwind::after_unwind;
use crate::model::{
    ActionId, ArgList, Cond, DoStep, FlowId, Handler, OutcomeKind, Param, State, Step, Target,
};
use crate::source::Span;

impl<'a> Explorer<'_, '_, 'a> {
    /// All that can happen in a configuration.
    pub(super) fn node(&mut self, at: usize) {
        let Some(config) = self.config(at) else {
            return;
        };
        let Some(state) = self.runs.state(config.place) else {
            return;
        };
        self.aside(Some(at), &config, &[]);
        let run = config.place.0;
        match &state.step {
            Step::Do(step) => self.call(at, &config, state, step),
            Step::Agent(step) => {
                for (name, e) in &step.given {
                    self.uses_expr(Some(at), run, e, &config, &format!("`given {name}`"));
                }
                self.agent(at, &config, state, &step.may);
            }
            Step::Ask { text, bind, .. } => {
                self.uses_expr(Some(at), run, text, &config, "the question");
                let slot = self.runs.slot(run, *bind);
                for (i, o) in state.outcomes.iter().enumerate() {
                    let mut next = config.clone();
                    next.lapse(&self.facts, &self.runs);
                    if o.kind == OutcomeKind::Answered {
                        next.bind(slot, &self.facts, &self.runs);
                    }
                    self.ended(at, state, i, next, &[], false);
                }
            }
            Step::Choose {
                branches,
                otherwise,
            } => self.choose(at, &config, state, branches, *otherwise),
            Step::Settle { action, bind } => {
                let slot = bind.map(|b| self.runs.slot(run, b));
                self.settle(at, &config, state, *action, slot);
            }
            Step::Unwind { actions } => self.unwind(at, &config, state, actions),
            Step::Run { args, flow, .. } => self.run(at, &config, state, *flow, args),
        }
    }

    fn uses_args(&mut self, at: usize, args: &ArgList, params: &[Param], config: &Config) {
        for (arg, param) in args.args.iter().zip(params) {
            if let Some(e) = arg {
                let what = format!("argument `{}`", param.name);
                self.uses_expr(Some(at), config.place.0, e, config, &what);
            }
        }
    }

    fn call(&mut self, at: usize, config: &Config, state: &'a State, step: &'a DoStep) {
        let (place, action) = (config.place, step.action);
        let def = self.policy.action(action);
        self.uses_args(at, &step.args, &def.params, config);
        let repeat = self.repeat(config, state, action);
        let can = self.answers(config, action, Some(&step.args), repeat);
        if def.tracked() && config.history.of(action).unsettled > 0 && repeat != Repeat::Sure {
            let node = node_id(at);
            let again = &mut self.picture.again;
            again.entry((place, config.doubt)).or_insert(node);
        }
        let meant = self.meant(config, step);
        // While a write is in doubt, only its own repeat is admitted.
        let repeat = match config.history.of(action).unsettled {
            0 => repeat,
            _ if def.tracked() => Repeat::Sure,
            _ => repeat,
        };
        for (i, o) in state.outcomes.iter().enumerate() {
            let refused = match o.kind {
                OutcomeKind::Denied => Some(can.denied),
                OutcomeKind::Limited => Some(can.limited),
                OutcomeKind::Declined => Some(can.declined),
                OutcomeKind::Expired => Some(can.expired),
                _ => None,
            };
            if let Some(possible) = refused {
                // Why it is in doubt here has a finding of its own.
                let handled = |h: &Handler| h.outcomes.iter().any(|(o, _)| *o == i);
                let doubt = o.kind == OutcomeKind::Denied && can.only_doubt;
                if possible && (doubt || can.unsure) && !state.handlers.iter().any(handled) {
                    self.picture.whole &= !doubt;
                    continue;
                }
                if possible {
                    let how = How::Refused;
                    let made = [Made { action, how }];
                    let mut next = config.clone();
                    if can.declined {
                        next.lapse(&self.facts, &self.runs);
                    }
                    self.ended(at, state, i, next, &made, can.declined);
                }
                continue;
            }
            let (Some(how), true) = (How::of(o.kind), can.admitted) else {
                continue;
            };
            let Some(end) = ending(self.policy, action, o.kind) else {
                continue;
            };
            let before = &config.history;
            for h in after_call(
                self.policy,
                &self.caps,
                before,
                (action, how),
                end,
                repeat,
                meant,
            ) {
                let mut next = config.clone();
                next.history = h;
                next.lapse_here(&self.runs);
                if end == Ending::Doubt && def.writes() {
                    next.doubt = true;
                    if next.history.of(action).unsettled > 0 {
                        next.doubt(place);
                    }
                }
                let mut names = true;
                if end == Ending::Done {
                    names = self.succeeded(&mut next, step);
                }
                next.came_out((place, step), end, names, &self.facts, &self.runs);
                next.clear_doubt(&self.runs);
                let made = [Made { action, how }];
                self.ended(at, state, i, next, &made, can.declined);
            }
        }
    }

    /// The step has ended with an outcome, after those calls.
    fn ended(
        &mut self,
        at: usize,
        state: &'a State,
        index: usize,
        config: Config,
        made: &[Made],
        approval: bool,
    ) {
        let calls = self.picture.graph.made(made);
        let what = vec![outcome_of(config.place, index, calls, approval)];
        self.handled(Some(at), state, index, config, what, false);
    }

    /// The state's call has succeeded. Tells whether its arguments are still what it was made with.
    fn succeeded(&self, next: &mut Config, step: &DoStep) -> bool {
        let place = next.place;
        next.doubt = false;
        next.doubt_at.retain(|p| *p != place);
        let slot = step.bind.map(|b| self.runs.slot(place.0, b));
        if let Some(slot) = slot {
            next.bind(slot, &self.facts, &self.runs);
        }
        // An argument that the reply took the place of no longer names what was called with.
        let names = slot.is_none_or(|slot| !self.runs.args_use(place, slot));
        if names {
            next.done(place, true);
        }
        names
    }

    /// The agent may make any of its calls, in any order, with any arguments, and come back at any
    /// time.
    fn agent(&mut self, at: usize, config: &Config, state: &'a State, may: &[ActionId]) {
        for action in may {
            // Calls that nothing asks for leave history as it is.
            let matters = self.caps.asked(*action) || calls::concerns_others(self.policy, *action);
            let of = config.history.of(*action);
            let known = of.standing > 0 || of.unsettled > 0 || of.doubtful > 0;
            let repeat = if known { Repeat::Maybe } else { Repeat::No };
            let can = self.answers(config, *action, None, repeat);
            if !can.admitted {
                continue;
            }
            for (how, end) in calls::ways(self.policy, *action) {
                let what = [Happened::Proposed(Made {
                    action: *action,
                    how,
                })];
                let mut called = config.clone();
                called.lapse(&self.facts, &self.runs);
                if end != Ending::Clean {
                    called.called(*action, &self.facts, &self.runs);
                }
                if !matters {
                    self.push(Some(at), called, &what);
                    continue;
                }
                let before = &config.history;
                for h in after_call(
                    self.policy,
                    &self.caps,
                    before,
                    (*action, how),
                    end,
                    repeat,
                    Meant::default(),
                ) {
                    let mut next = called.clone();
                    next.history = h;
                    next.clear_doubt(&self.runs);
                    self.push(Some(at), next, &what);
                }
            }
        }
        for i in 0..state.outcomes.len() {
            let mut next = config.clone();
            next.lapse(&self.facts, &self.runs);
            self.ended(at, state, i, next, &[], false);
        }
    }

    fn settle(
        &mut self,
        at: usize,
        config: &Config,
        state: &'a State,
        action: ActionId,
        slot: Option<u32>,
    ) {
        if config.history.of(action).unsettled > 0 {
            self.owed(at, config, action, Debt::Confirm);
        }
        let found = calls::after_settle(self.policy, &self.caps, &config.history, action);
        let Some(found) = found else {
            self.too_many_ways(state, &[action]);
            return;
        };
        let confirm = self.policy.action(action).confirm.as_ref();
        let gives = |line: &crate::model::ConfirmLine| !line.happened || line.gives.is_some();
        let with_value = confirm.is_none_or(|c| c.lines.iter().all(gives));
        for settled in found {
            let kind = settled.outcome();
            let Some(i) = state.outcomes.iter().position(|o| o.kind == kind) else {
                continue;
            };
            let mut next = config.clone();
            next.history = settled.history;
            if config.history.of(action).unsettled > 0 {
                next.lapse(&self.facts, &self.runs);
                next.called(action, &self.facts, &self.runs);
                if let Some(confirm) = confirm {
                    next.called(confirm.action, &self.facts, &self.runs);
                }
            }
            if settled.happened {
                if let Some(slot) = slot {
                    if with_value || config.history.of(action).unsettled == 0 {
                        next.bind(slot, &self.facts, &self.runs);
                    } else {
                        next.unbind(slot, &self.facts, &self.runs);
                    }
                }
                // Where just one call was in doubt, and it happened, the state that made it has
                // succeeded.
                if config.history.of(action).unsettled == 1
                    && let Some(place) = next.only_doubt(action, &self.runs)
                {
                    let own = match self.runs.state(place).map(|s| &s.step) {
                        Some(Step::Do(step)) => step.bind.map(|b| self.runs.slot(place.0, b)),
                        _ => None,
                    };
                    next.done(place, own.is_some() && own == slot);
                }
            }
            next.clear_doubt(&self.runs);
            self.ended(at, state, i, next, &settled.made, false);
        }
    }

    fn unwind(&mut self, at: usize, config: &Config, state: &'a State, actions: &[ActionId]) {
        for action in actions {
            let of = config.history.of(*action);
            let undo = self.policy.action(*action).undo.as_ref();
            let tolerant = undo.is_some_and(|u| u.tolerant);
            if of.standing > 0 || (of.unsettled > 0 && tolerant) {
                self.owed(at, config, *action, Debt::Undo);
            }
        }
        let found = after_unwind(self.policy, &self.caps, &config.history, actions);
        let Some(found) = found else {
            self.too_many_ways(state, actions);
            return;
        };
        for unwound in found {
            let kind = if unwound.failed {
                OutcomeKind::Stuck
            } else {
                OutcomeKind::Clean
            };
            let Some(i) = state.outcomes.iter().position(|o| o.kind == kind) else {
                continue;
            };
            let mut next = config.clone();
            next.history = unwound.history;
            next.lapse(&self.facts, &self.runs);
            for made in &unwound.made {
                next.called(made.action, &self.facts, &self.runs);
            }
            next.clear_doubt(&self.runs);
            self.ended(at, state, i, next, &unwound.made, false);
        }
    }

    fn run(&mut self, at: usize, config: &Config, state: &State, flow: FlowId, args: &ArgList) {
        let def = self.policy.flows.get(flow.index());
        let params = def.map(|f| f.params.as_slice()).unwrap_or_default();
        self.uses_args(at, args, params, config);
        let Some(inner) = self.runs.inlined.started_by(config.place.0, config.place.1) else {
            return;
        };
        let Some(data) = self.runs.inlined.runs.get(inner as usize) else {
            return;
        };
        let _ = state;
        let mut next = config.clone();
        let own = |slot: &u32| data.bindings.contains(slot) || data.params.contains(slot);
        next.bound.retain(|s| !own(s));
        next.bound.extend(&data.params);
        next.bound.sort_unstable();
        let facts = &self.facts;
        next.known
            .retain(|k| facts.get(*k).is_some_and(|f| !f.slots.iter().any(own)));
        // It begins anew, with arguments of its own.
        let runs = self.runs;
        next.visits.retain(|((r, _), _)| !runs.inside(*r, inner));
        next.done_at.retain(|((r, _), _)| !runs.inside(*r, inner));
        next.told.retain(|t| !runs.inside(t.place.0, inner));
        next.doubt_at.retain(|(r, _)| !runs.inside(*r, inner));
        if let Some((start, _)) = self.runs.flow(inner).and_then(|f| f.start) {
            let step = Move {
                parent: Some(at),
                from: Some(config.place),
                what: vec![Happened::Starts],
                way: Way::Starts,
            };
            self.go(step, inner, start, next);
        }
    }

    fn choose(
        &mut self,
        at: usize,
        config: &Config,
        state: &'a State,
        branches: &[(Cond, Target, Span)],
        otherwise: Option<(Target, Span)>,
    ) {
        if !state.complete {
            self.picture.whole = false;
            return;
        }
        let (run, id) = config.place;
        for (cond, ..) in branches {
            self.uses_cond(Some(at), run, cond, config, "this condition");
        }
        let guards: Option<Vec<Guard>> = (0..branches.len())
            .map(|i| self.guards.of_states.get(&(run, id, i)).cloned())
            .collect();
        let Some(guards) = guards else {
            self.picture.whole = false;
            return;
        };
        let spans: Vec<Span> = branches.iter().map(|b| b.2).collect();
        self.exclusive(at, config, state, &guards, &spans, "branches");
        let step = |branch: Option<u32>| Move {
            parent: Some(at),
            from: Some(config.place),
            what: vec![Happened::Branch(branch)],
            way: Way::Done,
        };
        for ((guard, (_, target, _)), i) in guards.iter().zip(branches).zip(0..) {
            if self.holds(config, guard.truth.yes) {
                let mut next = config.clone();
                next.learn(&guard.if_true);
                self.go(step(Some(i)), run, *target, next);
            }
        }
        let none: Vec<_> = guards.iter().map(|g| g.truth.no).collect();
        let none = self.gate.encoder.logic.and(&none);
        if !self.holds(config, none) {
            return;
        }
        match otherwise {
            Some((target, _)) => {
                let mut next = config.clone();
                for g in &guards {
                    next.learn(&g.if_false);
                }
                self.go(step(None), run, target, next);
            }
            None => self.gap(at, config, state, none, None, state.step_span),
        }
    }
}
