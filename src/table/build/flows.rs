//! Flows with every flow that they run inlined.

use super::super::format;
use super::diagrams::Undecided;
use super::types::rate;
use super::{Builder, Built, Place, Unbuildable, index};
use crate::gate::Scope;
use crate::model::inline::{self, Inlined, Run};
use crate::model::{
    Cond, End, EventEdge, Flow, FlowId, Handler, OutcomeKind, State, StateId, Step, Target,
};
use crate::source::Span;
use crate::syntax::tree::EndClass;

/// A run of a flow, with all that its parts are written by.
struct Inside<'p, 'a> {
    root: FlowId,
    inlined: &'p Inlined,
    number: u32,
    run: &'p Run,
    flow: &'a Flow,
    scope: Scope<'a>,
    place: Place<'p>,
}

impl<'a> Builder<'_, 'a> {
    pub(super) fn flows(&mut self) -> Built<()> {
        for (flow, id) in self.policy.flows.iter().zip(0..) {
            let flow = self.flow(FlowId(id), flow)?;
            self.body.flows.push(flow);
        }
        Ok(())
    }

    fn flow(&mut self, id: FlowId, flow: &'a Flow) -> Built<format::Flow> {
        let policy = self.policy;
        let unfit = |why: &str| Unbuildable {
            why: why.to_string(),
            span: flow.name_span,
        };
        let inlined =
            Inlined::new(policy, id).ok_or_else(|| unfit("this flow has too many states"))?;
        let mut insides = Vec::new();
        for (run, number) in inlined.runs.iter().zip(0..) {
            let Some(of) = policy.flows.get(run.flow.index()) else {
                continue;
            };
            insides.push(Inside {
                root: id,
                inlined: &inlined,
                number,
                run,
                flow: of,
                scope: Scope::run(policy, id, &inlined, number),
                place: Place::run(of, run),
            });
        }
        let root = insides.first().ok_or_else(|| unfit("this flow is empty"))?;
        let (start, _) = flow
            .start
            .ok_or_else(|| unfit("this flow has no `start`"))?;
        let once = match &flow.once {
            None => None,
            Some(once) => Some(format::Once {
                by: once.keys.clone(),
                for_ms: once.window_ms,
                to: self.target(root, once.to)?,
            }),
        };
        let start = self.target(root, start)?;
        let mut ends = Vec::new();
        for end in &flow.ends {
            ends.push(self.end(root, end)?);
        }
        let (mut slots, mut scopes, mut states) = (Vec::new(), Vec::new(), Vec::new());
        for inside in &insides {
            self.slots(inside, &mut slots)?;
            scopes.push(self.scope(inside)?);
            for (state, id) in inside.flow.states.iter().zip(0..) {
                states.push(self.state(inside, StateId(id), state)?);
            }
        }
        Ok(format::Flow {
            name: flow.name.clone(),
            doc: flow.doc.clone(),
            params: self.params(&flow.params)?,
            first_position: inline::first_position(policy, id),
            start,
            once,
            expect: flow.expect.map(rate),
            slots,
            scopes,
            states,
            ends,
        })
    }

    /// The slots of a run: its parameters, then its bindings, numbered as [`Inlined`] says.
    fn slots(&mut self, inside: &Inside<'_, 'a>, slots: &mut Vec<format::Slot>) -> Built<()> {
        let params = inside.flow.params.iter().map(|p| (&p.name, &p.ty));
        let bindings = inside.flow.bindings.iter().map(|b| (&b.name, &b.ty));
        for (name, ty) in params.chain(bindings) {
            slots.push(format::Slot {
                name: inside.run.qualified(name),
                ty: self.ty(ty)?,
                scope: inside.number,
            });
        }
        Ok(())
    }

    fn scope(&mut self, inside: &Inside<'_, 'a>) -> Built<format::Scope> {
        let within = match inside.flow.within {
            None => None,
            Some((ms, to, _)) => Some(format::Deadline {
                ms,
                to: match to {
                    Some(to) => Some(self.target(inside, to)?),
                    None => None,
                },
            }),
        };
        Ok(format::Scope {
            name: inside.run.name.clone(),
            flow: inside.flow.name.clone(),
            parent: inside.run.parent.map(|(run, _)| run),
            within,
            events: self.events(inside, &inside.flow.events)?,
        })
    }

    fn target(&mut self, inside: &Inside<'_, 'a>, to: Target) -> Built<format::Target> {
        let end = match to {
            Target::State(id) => {
                return Ok(format::Target::State {
                    index: inside.run.state(id),
                });
            }
            Target::End(id) => id,
        };
        let Some((parent, state)) = inside.run.parent else {
            return Ok(format::Target::End { index: end.0 });
        };
        let outer = inside.inlined.runs.get(parent as usize);
        let def = inside.flow.ends.get(end.index());
        let (Some(outer), Some(def)) = (outer, def) else {
            return Err(Unbuildable {
                why: "an end is missing".to_string(),
                span: inside.flow.span,
            });
        };
        Ok(format::Target::Return {
            state: outer.state(state),
            outcome: def.name.clone(),
            gives: self.gives(inside, def)?,
        })
    }

    fn gives(&mut self, inside: &Inside<'_, 'a>, end: &End) -> Built<Option<format::Expr>> {
        match (&end.gives, &end.gives_type) {
            (Some(gives), Some(ty)) => self.expr(gives, ty, &inside.place).map(Some),
            _ => Ok(None),
        }
    }

    fn end(&mut self, inside: &Inside<'_, 'a>, end: &End) -> Built<format::End> {
        Ok(format::End {
            name: end.name.clone(),
            class: match end.class {
                EndClass::Success => format::EndClass::Success,
                EndClass::Fallback => format::EndClass::Fallback,
                EndClass::Failure => format::EndClass::Failure,
            },
            gives: self.gives(inside, end)?,
            keeps: end.keeps.iter().map(|a| a.0).collect(),
            leaves: end.leaves.iter().map(|a| a.0).collect(),
            doc: end.doc.clone(),
        })
    }

    fn guard(
        &mut self,
        inside: &Inside<'_, 'a>,
        when: Option<&Cond>,
        span: Span,
    ) -> Built<Option<format::Ref>> {
        match when {
            None => Ok(None),
            Some(cond) => {
                let place = inside.place;
                self.condition(cond, &inside.scope, &place, Undecided::Fails, span)
                    .map(Some)
            }
        }
    }

    /// Edges for events: by event, those with a condition first.
    fn events(
        &mut self,
        inside: &Inside<'_, 'a>,
        edges: &[EventEdge],
    ) -> Built<Vec<format::EventEdge>> {
        let mut sorted: Vec<&EventEdge> = edges.iter().collect();
        sorted.sort_by_key(|e| (e.event, e.when.is_none()));
        sorted
            .into_iter()
            .map(|edge| {
                Ok(format::EventEdge {
                    event: edge.event.0,
                    when: self.guard(inside, edge.when.as_ref(), edge.span)?,
                    to: Some(self.target(inside, edge.to)?),
                })
            })
            .collect()
    }

    fn state(
        &mut self,
        inside: &Inside<'_, 'a>,
        id: StateId,
        state: &'a State,
    ) -> Built<format::State> {
        let mut events = self.events(inside, &state.events)?;
        events.extend(state.ignores.iter().map(|(event, _)| format::EventEdge {
            event: event.0,
            when: None,
            to: None,
        }));
        events.sort_by_key(|e| (e.event, e.when.is_none()));
        let visits = match state.visits {
            None => None,
            Some(visits) => Some(format::Visits {
                count: visits.count,
                to: self.target(inside, visits.to)?,
            }),
        };
        Ok(format::State {
            name: inside.run.qualified(&state.name),
            scope: inside.number,
            doc: state.doc.clone(),
            step: self.step(inside, id, state)?,
            visits,
            handlers: self.handlers(inside, state)?,
            events,
        })
    }

    /// One handler per outcome, by outcome, the guarded ones first. Handlers of one clause share
    /// their attempts.
    fn handlers(
        &mut self,
        inside: &Inside<'_, 'a>,
        state: &'a State,
    ) -> Built<Vec<format::Handler>> {
        let mut split: Vec<(usize, usize, &Handler)> = Vec::new();
        for (clause, handler) in state.handlers.iter().enumerate() {
            for (outcome, _) in &handler.outcomes {
                split.push((*outcome, clause, handler));
            }
        }
        split.sort_by_key(|(outcome, _, h)| (*outcome, h.when.is_none()));
        let mut groups: Vec<usize> = Vec::new();
        let mut made = Vec::new();
        for (outcome, clause, handler) in split {
            let Some(outcome) = state.outcomes.get(outcome) else {
                continue;
            };
            let retry = handler.retry.map(|retry| {
                let group = groups.iter().position(|g| *g == clause).unwrap_or_else(|| {
                    groups.push(clause);
                    groups.len() - 1
                });
                let (first_ms, cap_ms) = retry.backoff_ms.unwrap_or((0, 0));
                format::Retry {
                    group: index(group),
                    count: retry.count,
                    first_ms,
                    cap_ms,
                }
            });
            made.push(format::Handler {
                outcome: outcome.name.clone(),
                when: self.guard(inside, handler.when.as_ref(), handler.span)?,
                bind: handler.bind.and_then(|b| slot(inside, b)),
                retry,
                to: self.target(inside, handler.to)?,
            });
        }
        Ok(made)
    }

    fn step(
        &mut self,
        inside: &Inside<'_, 'a>,
        id: StateId,
        state: &'a State,
    ) -> Built<format::Step> {
        let policy = self.policy;
        let place = inside.place;
        Ok(match &state.step {
            Step::Do(step) => format::Step::Do {
                action: step.action.0,
                args: self.args(&step.args, &policy.action(step.action).params, &place)?,
                bind: step.bind.and_then(|b| slot(inside, b)),
            },
            Step::Agent(step) => {
                let mut given = Vec::new();
                for (name, value) in &step.given {
                    given.push((name.clone(), self.shown(inside, value)?));
                }
                let own = |k: OutcomeKind| k == OutcomeKind::Agent;
                let mut outcomes = Vec::new();
                for outcome in state.outcomes.iter().filter(|o| own(o.kind)) {
                    outcomes.push(format::AgentOutcome {
                        name: outcome.name.clone(),
                        ty: match &outcome.payload {
                            Some(ty) => Some(self.ty(ty)?),
                            None => None,
                        },
                    });
                }
                format::Step::Agent {
                    given,
                    may: step.may.iter().map(|a| a.0).collect(),
                    calls: step.calls.map(|(n, _)| n),
                    within_ms: step.within_ms.map(|(ms, _)| ms),
                    outcomes,
                }
            }
            Step::Ask {
                role,
                text,
                bind,
                ty,
                within_ms,
            } => format::Step::Ask {
                role: role.0,
                text: self.shown(inside, text)?,
                ty: self.ty(ty)?,
                bind: slot(inside, *bind).unwrap_or(u32::MAX),
                within_ms: *within_ms,
            },
            Step::Choose {
                branches,
                otherwise,
            } => {
                let mut made = Vec::new();
                for (cond, to, span) in branches {
                    made.push(format::Branch {
                        when: self.guard(inside, Some(cond), *span)?.unwrap_or(-1),
                        to: self.target(inside, *to)?,
                    });
                }
                format::Step::Choose {
                    branches: made,
                    otherwise: match otherwise {
                        Some((to, _)) => Some(self.target(inside, *to)?),
                        None => None,
                    },
                }
            }
            Step::Settle { action, bind } => format::Step::Settle {
                action: action.0,
                bind: bind.and_then(|b| slot(inside, b)),
            },
            Step::Unwind { actions } => format::Step::Unwind {
                actions: actions.iter().map(|a| a.0).collect(),
            },
            Step::Run { flow, args, bind } => {
                let gone = || Unbuildable {
                    why: "the flow that is run is missing".to_string(),
                    span: state.step_span,
                };
                let number = inside
                    .inlined
                    .started_by(inside.number, id)
                    .ok_or_else(gone)?;
                let run = inside.inlined.runs.get(number as usize).ok_or_else(gone)?;
                let inner_flow = policy.flows.get(flow.index()).ok_or_else(gone)?;
                let exprs = self.args(args, &inner_flow.params, &place)?;
                let inner = Inside {
                    root: inside.root,
                    inlined: inside.inlined,
                    number,
                    run,
                    flow: inner_flow,
                    scope: Scope::run(policy, inside.root, inside.inlined, number),
                    place: Place::run(inner_flow, run),
                };
                let (start, _) = inner_flow.start.ok_or_else(gone)?;
                format::Step::Run {
                    scope: number,
                    args: run.params.iter().copied().zip(exprs).collect(),
                    start: self.target(&inner, start)?,
                    bind: bind.and_then(|b| slot(inside, b)),
                }
            }
        })
    }

    /// A value whose type follows from itself: what an agent is shown, a question's text.
    fn shown(
        &mut self,
        inside: &Inside<'_, 'a>,
        value: &crate::model::Expr,
    ) -> Built<format::Expr> {
        let ty = match value {
            crate::model::Expr::Path(path) => path.ty.clone(),
            _ => crate::model::Type::String {
                min: 0,
                max: None,
                patterns: Vec::new(),
            },
        };
        self.expr(value, &ty, &inside.place)
    }
}

fn slot(inside: &Inside<'_, '_>, binding: crate::model::BindingId) -> Option<u32> {
    inside.run.bindings.get(binding.index()).copied()
}
