//! Cases about how values are read, wherever values come in: as arguments, inputs, replies, answers.

use super::case::Case;
use super::encodings::{texts, variants};
use super::explore::{BEGIN, Search};
use super::world::World;
use crate::runtime::session::Fate;
use crate::runtime::{Asked, Directive, Request};
use crate::table::format::{Field, Step, Type};
use crate::table::sample::sample;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// The most steps of one case.
const STEPS_MAX: usize = 200;

/// Types that were varied in one role already, and where.
#[derive(Default)]
struct Done(BTreeSet<String>);

impl Done {
    fn first(&mut self, role: &str, ty: &Type, optional: bool) -> bool {
        let ty = serde_json::to_string(ty).unwrap_or_default();
        self.0.insert(format!("{role} {optional} {ty}"))
    }
}

impl<'t> Search<'t> {
    /// All cases about reading.
    pub(super) fn reading(&mut self) {
        let mut done = Done::default();
        self.arguments(&mut done);
        self.inputs(&mut done);
        self.flow_arguments(&mut done);
        self.replies(&mut done);
        self.answers(&mut done);
        self.results(&mut done);
        self.requests();
    }

    fn world(&self) -> World<'t> {
        let mut w = World::new(self.table, BEGIN);
        w.inputs = self.some(&self.table.body().inputs);
        w
    }

    /// A value for each field that has to be there.
    fn some(&self, fields: &[Field]) -> Map<String, Value> {
        let needed = fields.iter().filter(|f| !f.optional);
        needed
            .filter_map(|f| Some((f.wire.clone(), sample(self.table.body(), &f.ty)?)))
            .collect()
    }

    fn finish(&mut self, name: String, w: &World<'t>) {
        // Where nothing was asked, there is nothing to hold a runtime against.
        if !w.steps.is_empty() {
            self.cases.push(w.case(name));
        }
    }

    fn arguments(&mut self, done: &mut Done) {
        let body = self.table.body();
        for (index, action) in body.actions.iter().enumerate() {
            let base = match self.kept(index) {
                Some(kept) => kept.clone(),
                None => self.some(&action.params),
            };
            let propose = |args: Value| Request::Propose {
                action: action.name.clone(),
                args,
            };
            let mut w = self.world();
            for args in [
                json!({}),
                json!(null),
                json!([1]),
                json!("x"),
                Value::from(base.clone()),
            ] {
                let _ = w.step(propose(args), false);
            }
            let mut stray = base.clone();
            stray.insert("no_such_parameter".to_owned(), json!(1.5));
            let _ = w.step(propose(stray.into()), false);
            for param in &action.params {
                let mut less = base.clone();
                less.remove(&param.wire);
                let _ = w.step(propose(less.into()), false);
            }
            self.finish(format!("arguments of {}", action.name), &w);
            for param in &action.params {
                let known = base.get(&param.wire).cloned();
                let Some(value) = known.or_else(|| sample(body, &param.ty)) else {
                    continue;
                };
                if !done.first("argument", &param.ty, param.optional) {
                    continue;
                }
                let mut w = self.world();
                for value in variants(body, &param.ty, &value)
                    .into_iter()
                    .take(STEPS_MAX)
                {
                    let mut args = base.clone();
                    args.insert(param.wire.clone(), value);
                    let _ = w.step(propose(args.into()), false);
                    // What was admitted would make the steps after it long.
                    if w.session().is_some_and(|s| s.calls().len() > 3) {
                        self.finish(format!("argument {} of {}", param.name, action.name), &w);
                        w = self.world();
                    }
                }
                self.finish(format!("argument {} of {}", param.name, action.name), &w);
            }
        }
    }

    fn inputs(&mut self, done: &mut Done) {
        let body = self.table.body();
        let base = self.some(&body.inputs);
        let mut w = self.world();
        w.inputs.insert("no_such_input".to_owned(), json!(1));
        let _ = w.step(Request::Tick { retry: false }, false);
        for input in &body.inputs {
            w.inputs = base.clone();
            w.inputs.remove(&input.wire);
            let _ = w.step(Request::Tick { retry: false }, false);
            if !done.first("input", &input.ty, input.optional) {
                continue;
            }
            let Some(value) = sample(body, &input.ty) else {
                continue;
            };
            for value in variants(body, &input.ty, &value) {
                w.inputs = base.clone();
                w.inputs.insert(input.wire.clone(), value);
                let _ = w.step(Request::Tick { retry: false }, false);
                if w.steps.len() >= STEPS_MAX {
                    self.finish("inputs".to_owned(), &w);
                    w = self.world();
                }
            }
        }
        self.finish("inputs".to_owned(), &w);
    }

    fn flow_arguments(&mut self, done: &mut Done) {
        let body = self.table.body();
        for flow in &body.flows {
            let base = self.some(&flow.params);
            let mut all = vec![Map::new(), base.clone()];
            let mut stray = base.clone();
            stray.insert("no_such_parameter".to_owned(), json!(null));
            all.push(stray);
            for param in &flow.params {
                let Some(value) = sample(body, &param.ty) else {
                    continue;
                };
                if done.first("flow", &param.ty, param.optional) {
                    for value in variants(body, &param.ty, &value) {
                        let mut args = base.clone();
                        args.insert(param.wire.clone(), value);
                        all.push(args);
                    }
                }
            }
            let mut w = self.world();
            for (i, args) in all.into_iter().take(STEPS_MAX).enumerate() {
                w.turn_to(&format!("v{i}"));
                let request = Request::Start {
                    flow: flow.name.clone(),
                    args,
                };
                let _ = w.step(request, false);
            }
            self.finish(format!("arguments of flow {}", flow.name), &w);
        }
    }

    fn replies(&mut self, done: &mut Done) {
        let body = self.table.body();
        let worlds = self.calling.clone();
        for (action, w) in body.actions.iter().zip(worlds) {
            let (Some(w), Some(ty)) = (w, &action.result) else {
                continue;
            };
            let Some(call) = w.session().and_then(|s| s.calls().last()).map(|c| c.id) else {
                continue;
            };
            if !done.first("reply", ty, false) {
                continue;
            }
            let Some(base) = sample(body, ty) else {
                continue;
            };
            for value in variants(body, ty, &base).into_iter().take(STEPS_MAX) {
                let mut w = w.clone();
                let request = Request::Reply {
                    to: Asked::Call(call),
                    outcome: "ok".to_owned(),
                    value: Some(value),
                };
                let _ = w.step(request, false);
                self.finish(format!("a reply of {}", action.name), &w);
            }
        }
    }

    fn answers(&mut self, done: &mut Done) {
        let body = self.table.body();
        for w in self.waiting.clone().into_values() {
            let Some(directive) = w.open().into_iter().next_back() else {
                continue;
            };
            let (to, name) = match &directive {
                Directive::Agent { entry, state, .. } => (Asked::Agent(*entry), state),
                Directive::Ask { entry, state, .. } => (Asked::Ask(*entry), state),
                _ => continue,
            };
            let step = body
                .flows
                .iter()
                .flat_map(|f| &f.states)
                .find(|s| s.name == *name);
            let asked: Vec<(&str, &Type)> = match step.map(|s| &s.step) {
                Some(Step::Agent { outcomes, .. }) => outcomes
                    .iter()
                    .filter_map(|o| Some((o.name.as_str(), o.ty.as_ref()?)))
                    .collect(),
                Some(Step::Ask { ty, .. }) => vec![("answered", ty)],
                _ => Vec::new(),
            };
            for (outcome, ty) in asked {
                let Some(base) = sample(body, ty) else {
                    continue;
                };
                if !done.first("answer", ty, false) {
                    continue;
                }
                for value in variants(body, ty, &base).into_iter().take(STEPS_MAX / 2) {
                    let mut w = w.clone();
                    let request = Request::Reply {
                        to,
                        outcome: outcome.to_owned(),
                        value: Some(value),
                    };
                    let _ = w.step(request, false);
                    self.finish(format!("an answer in {name}"), &w);
                }
            }
        }
    }

    fn results(&mut self, done: &mut Done) {
        let body = self.table.body();
        for w in self.doubtful.clone().into_values() {
            let in_doubt = w
                .session()
                .and_then(|s| s.calls().iter().find(|c| c.fate == Fate::Unsettled));
            let Some(call) = in_doubt else { continue };
            let Some(action) = body.actions.get(call.action as usize) else {
                continue;
            };
            let Some(ty) = action
                .result
                .as_ref()
                .filter(|ty| done.first("result", ty, false))
            else {
                continue;
            };
            let Some(base) = sample(body, ty) else {
                continue;
            };
            for value in variants(body, ty, &base).into_iter().take(STEPS_MAX / 4) {
                let mut w = w.clone();
                let request = Request::Resolve {
                    call: call.id,
                    happened: true,
                    result: Some(value),
                };
                let _ = w.step(request, false);
                self.finish(format!("a result of {}", action.name), &w);
            }
        }
    }

    /// Requests that are none, clocks that run backwards, a store that is down.
    fn requests(&mut self) {
        let body = self.table.body();
        let action = body.actions.first();
        let args = action.map_or_else(Map::new, |a| self.some(&a.params));
        let name = action.map_or("no.such", |a| a.name.as_str());
        let mut w = self.world();
        for text in texts(name, &args) {
            w.step_text(text);
        }
        self.finish("requests as text".to_owned(), &w);

        let most = crate::table::scalar::NUMBER_MAX;
        let mut w = self.world();
        for now in [
            most + 1,
            -most - 1,
            -most,
            -most - 1,
            0,
            -1,
            1,
            most,
            most - 1,
            most + 1,
        ] {
            w.now = now;
            let _ = w.step(Request::Tick { retry: false }, false);
        }
        self.finish("clocks".to_owned(), &w);

        // Late in time, sums of times come to their edge.
        for w in self.calling.clone().into_iter().flatten().take(3) {
            let mut late = World::new(self.table, most - 10);
            for step in &w.steps {
                late.inputs.clone_from(&step.inputs);
                if let Some(request) = &step.request {
                    late.turn_to(step.session.as_deref().unwrap_or(super::world::USUAL));
                    let _ = late.step_json(request.clone());
                }
            }
            self.finish("the end of time".to_owned(), &late);
        }

        let shared: Vec<Case> = self
            .cases
            .iter()
            .filter(|case| case.steps.iter().any(super::case::Step::asks_counters))
            .take(3)
            .cloned()
            .collect();
        for case in shared {
            let mut w = self.world();
            w.down = true;
            for step in &case.steps {
                w.now = step.now;
                w.inputs.clone_from(&step.inputs);
                if let Some(request) = &step.request {
                    w.turn_to(step.session.as_deref().unwrap_or(super::world::USUAL));
                    let _ = w.step_json(request.clone());
                }
            }
            self.finish("the counter store is down".to_owned(), &w);
        }
    }
}
