//! What flows use.

use super::Walk;
use crate::lsp::names::{Key, Kind};
use crate::syntax::tree::{
    AgentClause, Args, Flow, FlowItem, Handler, Ident, State, StateItem, Step, StepKind,
};

impl Walk {
    pub(super) fn flow(&mut self, flow: &Flow) {
        let of = flow.name.name.as_str();
        flow.params.iter().for_each(|p| self.ty(&p.field.ty));
        let locals: Vec<Key> = self
            .names
            .all(Kind::Local, of)
            .map(|(k, _)| k.clone())
            .collect();
        self.locals = locals.into_iter().map(|k| (k.name.clone(), k)).collect();
        for item in &flow.items {
            if let FlowItem::State(state) = item {
                self.bound(of, state);
            }
        }
        for item in &flow.items {
            match item {
                FlowItem::Start { to, .. } => self.refer(Kind::State, of, to),
                FlowItem::Within { to, .. } => {
                    if let Some(to) = to {
                        self.refer(Kind::State, of, to);
                    }
                }
                FlowItem::Expect { .. } => {}
                FlowItem::Once { keys, to, .. } => {
                    keys.iter().for_each(|k| self.refer(Kind::Local, of, k));
                    self.refer(Kind::State, of, to);
                }
                FlowItem::Handlers { handlers, .. } => {
                    handlers.iter().for_each(|h| self.handler(of, None, h));
                }
                FlowItem::Handler(handler) => self.handler(of, None, handler),
                FlowItem::End(end) => {
                    if let Some(value) = &end.gives {
                        self.value(value);
                    }
                    for targets in end.keeps.iter().chain(&end.leaves) {
                        self.targets(targets);
                    }
                }
                FlowItem::State(state) => self.state(of, state),
            }
        }
    }

    /// The types of what a state's step binds.
    fn bound(&mut self, flow: &str, state: &State) {
        for item in &state.items {
            let StateItem::Step(step) = item else {
                continue;
            };
            match &step.kind {
                StepKind::Do { action, bind, .. } | StepKind::Settle { action, bind } => {
                    let integration = action.integration.as_ref().map_or("", |i| i.name.as_str());
                    let full = format!("{integration}.{}", action.action.name);
                    if let (Some(bind), Some(ty)) = (bind, self.results.get(&full).cloned()) {
                        self.types
                            .insert(Key::new(Kind::Local, flow, &bind.name), ty);
                    }
                }
                StepKind::Ask { bind, ty, .. } => {
                    self.typed(Key::new(Kind::Local, flow, &bind.name), ty);
                }
                _ => {}
            }
        }
    }

    fn handler(&mut self, flow: &str, state: Option<&State>, handler: &Handler) {
        for outcome in &handler.outcomes {
            self.outcome(flow, state, outcome);
        }
        self.maybe_cond(handler.when.as_ref());
        self.refer(Kind::State, flow, &handler.to);
    }

    fn outcome(&mut self, flow: &str, state: Option<&State>, outcome: &Ident) {
        if self.top.get(&outcome.name) == Some(&Kind::Event) {
            self.refer(Kind::Event, "", outcome);
            return;
        }
        let Some(state) = state else { return };
        let step = state.items.iter().find_map(|i| match i {
            StateItem::Step(step) => Some(&step.kind),
            _ => None,
        });
        match step {
            Some(StepKind::Do { action, .. }) => {
                let integration = action.integration.as_ref().map_or("", |i| i.name.as_str());
                let full = format!("{integration}.{}", action.action.name);
                self.failure(&full, outcome);
            }
            Some(StepKind::Agent { .. }) => {
                let scope = format!("{flow}.{}", state.name.name);
                self.refer(Kind::Outcome, &scope, outcome);
            }
            Some(StepKind::Run { flow, .. }) => self.refer(Kind::State, &flow.name, outcome),
            _ => {}
        }
    }

    fn state(&mut self, flow: &str, state: &State) {
        for item in &state.items {
            match item {
                StateItem::Step(step) => self.step(step),
                StateItem::Visits { to, .. } | StateItem::Otherwise { to, .. } => {
                    self.refer(Kind::State, flow, to);
                }
                StateItem::Use(name) => self.refer(Kind::Handlers, flow, name),
                StateItem::Ignore { events, .. } => {
                    events.iter().for_each(|e| self.refer(Kind::Event, "", e));
                }
                StateItem::Handler(handler) => self.handler(flow, Some(state), handler),
                StateItem::When { cond, to, .. } => {
                    self.cond(cond);
                    self.refer(Kind::State, flow, to);
                }
            }
        }
    }

    fn step(&mut self, step: &Step) {
        match &step.kind {
            StepKind::Do { action, args, .. } => {
                let callee = self.action(action, "");
                self.args(args, &callee);
            }
            StepKind::Agent { given, clauses } => {
                given.iter().for_each(|v| self.value(v));
                for clause in clauses {
                    match clause {
                        AgentClause::May(targets) => {
                            self.targets(targets);
                        }
                        AgentClause::Outcome { ty: Some(ty), .. } => self.ty(ty),
                        _ => {}
                    }
                }
            }
            StepKind::Ask { role, text, ty, .. } => {
                self.refer(Kind::Role, "", role);
                self.literal(text);
                self.ty(ty);
            }
            StepKind::Choose => {}
            StepKind::Settle { action, .. } => {
                self.action(action, "");
            }
            StepKind::Unwind { actions } => {
                for action in actions {
                    self.action(action, "");
                }
            }
            StepKind::Run { flow, args, .. } => self.run(flow, args),
        }
    }

    pub(super) fn run(&mut self, flow: &Ident, args: &Args) {
        self.refer(Kind::Flow, "", flow);
        for (name, value) in &args.args {
            self.refer(Kind::Local, &flow.name, name);
            self.value(value);
        }
    }
}
