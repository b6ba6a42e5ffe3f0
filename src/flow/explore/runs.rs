//! The inlined runs of the flow that is explored, by their parts.

use crate::flow::picture::StateAt;
use crate::model::inline::Inlined;
use crate::model::{
    ActionId, ArgList, BindingId, Expr, Flow, Path, Policy, Root, State, StateId, Step,
    TemplatePart,
};

/// The flow with all flows that it runs.
#[derive(Clone, Copy)]
pub(super) struct Runs<'p, 'a> {
    pub policy: &'a Policy,
    pub inlined: &'p Inlined,
    pub callers: &'p Callers,
}

/// Who calls each action: looked up once, since flows are large.
pub(super) struct Callers {
    /// `do` states, by action.
    sites: Vec<Vec<StateAt>>,
    /// Actions that an agent may call, or that a state settles or unwinds by.
    otherwise: Vec<bool>,
    /// Actions that an agent may call.
    agents: Vec<bool>,
}

impl Callers {
    pub fn new(policy: &Policy, inlined: &Inlined) -> Self {
        let n = policy.actions.len();
        let mut made = Self {
            sites: vec![Vec::new(); n],
            otherwise: vec![false; n],
            agents: vec![false; n],
        };
        for (run, number) in inlined.runs.iter().zip(0..) {
            let flow = policy.flows.get(run.flow.index());
            for (state, id) in flow.iter().flat_map(|f| &f.states).zip(0..) {
                made.state(policy, (number, StateId(id)), &state.step);
            }
        }
        made
    }

    fn state(&mut self, policy: &Policy, place: StateAt, step: &Step) {
        let mark = |list: &mut Vec<bool>, action: ActionId| {
            if let Some(at) = list.get_mut(action.index()) {
                *at = true;
            }
        };
        match step {
            Step::Do(step) => {
                if let Some(list) = self.sites.get_mut(step.action.index()) {
                    list.push(place);
                }
            }
            Step::Agent(step) => {
                for action in &step.may {
                    mark(&mut self.otherwise, *action);
                    mark(&mut self.agents, *action);
                }
            }
            Step::Settle { action, .. } => {
                if let Some(confirm) = &policy.action(*action).confirm {
                    mark(&mut self.otherwise, confirm.action);
                }
            }
            Step::Unwind { actions } => {
                for action in actions {
                    if let Some(undo) = &policy.action(*action).undo {
                        mark(&mut self.otherwise, undo.action);
                    }
                }
            }
            Step::Ask { .. } | Step::Choose { .. } | Step::Run { .. } => {}
        }
    }

    /// The `do` states that call an action.
    pub fn sites(&self, action: ActionId) -> &[StateAt] {
        self.sites.get(action.index()).map_or(&[], Vec::as_slice)
    }

    /// Whether anything but `do` states may call it: an agent, settling, unwinding.
    pub fn otherwise(&self, action: ActionId) -> bool {
        self.otherwise.get(action.index()).copied().unwrap_or(true)
    }

    /// Whether an agent may call it.
    pub fn agents(&self, action: ActionId) -> bool {
        self.agents.get(action.index()).copied().unwrap_or(true)
    }
}

impl<'a> Runs<'_, 'a> {
    pub fn flow(self, run: u32) -> Option<&'a Flow> {
        let run = self.inlined.runs.get(run as usize)?;
        self.policy.flows.get(run.flow.index())
    }

    pub fn state(self, place: StateAt) -> Option<&'a State> {
        self.flow(place.0)?.states.get(place.1.index())
    }

    /// The number of a state over all runs.
    pub fn number(self, place: StateAt) -> u32 {
        let run = self.inlined.runs.get(place.0 as usize);
        run.map_or(0, |r| r.state(place.1))
    }

    pub fn slot(self, run: u32, binding: BindingId) -> u32 {
        let run = self.inlined.runs.get(run as usize);
        let slot = run.and_then(|r| r.bindings.get(binding.index()));
        slot.copied().unwrap_or(u32::MAX)
    }

    /// The slot that a path begins at, if it does.
    pub fn slot_of(self, run: u32, path: &Path) -> Option<u32> {
        match path.root {
            Root::Binding(b) => Some(self.slot(run, b)),
            Root::FlowParam(i) => {
                let run = self.inlined.runs.get(run as usize)?;
                run.params.get(i as usize).copied()
            }
            _ => None,
        }
    }

    /// The number that stands for a fact where slots are spoken of: behind all slots, and behind what
    /// `live` tells of actions.
    pub fn fact_slot(self, fact: u32) -> u32 {
        let slots = self.inlined.runs.iter();
        let slots: usize = slots.map(|r| r.params.len() + r.bindings.len()).sum();
        let before = slots + 2 * self.policy.actions.len();
        u32::try_from(before)
            .unwrap_or(u32::MAX)
            .saturating_add(fact)
    }

    /// A state with the states that run it, from the inside out.
    pub fn levels(self, place: StateAt) -> Vec<StateAt> {
        let mut levels = vec![place];
        let mut at = place.0;
        while let Some(outer) = self.inlined.runs.get(at as usize).and_then(|r| r.parent) {
            levels.push(outer);
            at = outer.0;
        }
        levels
    }

    /// Whether `run` is `outer` or runs inside it.
    pub fn inside(self, run: u32, outer: u32) -> bool {
        let start = StateId(0);
        self.levels((run, start)).iter().any(|(r, _)| *r == outer)
    }

    /// The action that a `do` state calls.
    pub fn action_at(self, place: StateAt) -> Option<ActionId> {
        match &self.state(place)?.step {
            Step::Do(step) => Some(step.action),
            _ => None,
        }
    }

    /// All states of all runs.
    pub fn states(self) -> impl Iterator<Item = (StateAt, &'a State)> {
        (0..).zip(&self.inlined.runs).flat_map(move |(run, _)| {
            let states = self.flow(run).map_or(&[][..], |f| f.states.as_slice());
            (0..)
                .zip(states)
                .map(move |(id, s)| ((run, StateId(id)), s))
        })
    }

    /// Whether the call of a `do` state is made with what a slot holds. Of other states nothing is
    /// known.
    pub fn args_use(self, place: StateAt, slot: u32) -> bool {
        match self.state(place).map(|s| &s.step) {
            Some(Step::Do(step)) => self.list_uses(place.0, &step.args, slot),
            _ => true,
        }
    }

    /// Whether the call of a `do` state is made with the same values for as long as no slot is bound
    /// again.
    pub fn args_stay(self, place: StateAt) -> bool {
        match self.state(place).map(|s| &s.step) {
            Some(Step::Do(step)) => step.args.args.iter().flatten().all(stays),
            _ => false,
        }
    }

    fn list_uses(self, run: u32, args: &ArgList, slot: u32) -> bool {
        let mut args = args.args.iter().flatten();
        args.any(|e| self.uses(run, e, slot))
    }

    fn uses(self, run: u32, e: &Expr, slot: u32) -> bool {
        let path = |p: &Path| self.slot_of(run, p) == Some(slot);
        match e {
            Expr::Const(_) => false,
            Expr::Path(p) => path(p),
            Expr::List(items) => items.iter().any(|i| self.uses(run, i, slot)),
            Expr::Record(_, fields) => fields.iter().flatten().any(|i| self.uses(run, i, slot)),
            Expr::Template(parts) => parts
                .iter()
                .any(|p| matches!(p, TemplatePart::Hole(h) if path(h))),
        }
    }
}

/// Whether a value is made of slots and constants alone.
fn stays(e: &Expr) -> bool {
    let slot = |p: &Path| matches!(p.root, Root::Binding(_) | Root::FlowParam(_));
    match e {
        Expr::Const(_) => true,
        Expr::Path(p) => slot(p),
        Expr::List(items) => items.iter().all(stays),
        Expr::Record(_, fields) => fields.iter().flatten().all(stays),
        Expr::Template(parts) => parts
            .iter()
            .all(|p| !matches!(p, TemplatePart::Hole(h) if !slot(h))),
    }
}
