//! What a host may do next: mostly what it was asked for, now and then something else.

use super::around::moments;
use super::rng::Rng;
use super::values::{Draw, Pools};
use super::world::{USUAL, World};
use crate::runtime::session::Fate;
use crate::runtime::{Asked, Directive, Request};
use crate::table::format::{Action, Step, Type};
use serde_json::{Map, Value, json};

/// What a run is like, so that runs differ more than their steps do. Out of 256.
#[derive(Clone, Copy)]
pub(super) struct Mood {
    ok: u64,
    granted: u64,
    odd: u64,
    moody: u64,
    /// How often it proposes what was admitted before.
    steady: u64,
    /// How often a call that doesn't succeed is left in doubt.
    doubt: u64,
}

impl Mood {
    pub(super) fn new(rng: &mut Rng) -> Self {
        let of = |rng: &mut Rng, all: &[u64]| rng.pick(all).copied().unwrap_or(128);
        Self {
            ok: of(rng, &[40, 128, 220, 250]),
            granted: of(rng, &[60, 190, 250]),
            odd: of(rng, &[0, 12, 40, 128]),
            moody: of(rng, &[0, 40, 128]),
            steady: of(rng, &[0, 0, 128, 230]),
            doubt: of(rng, &[0, 0, 200]),
        }
    }
}

/// A proposal that was worth keeping: others are made from it.
pub(super) type Kept = Vec<Map<String, Value>>;

/// A proposal that was admitted.
#[derive(Clone)]
pub(super) struct Admitted {
    pub(super) args: Map<String, Value>,
    pub(super) inputs: Map<String, Value>,
}

pub(super) struct Chooser<'a> {
    pub(super) pools: &'a Pools,
    /// By action.
    pub(super) kept: &'a [Kept],
    /// By action.
    pub(super) admitted: &'a [Vec<Admitted>],
}

impl Chooser<'_> {
    fn draw<'w>(&'w self, w: &'w World<'_>) -> Draw<'w> {
        Draw {
            body: w.table.body(),
            pools: self.pools,
            seen: &w.seen,
        }
    }

    /// New inputs, or the old ones with one changed.
    pub(super) fn inputs(&self, rng: &mut Rng, w: &World<'_>) -> Map<String, Value> {
        let fields = &w.body().inputs;
        let draw = self.draw(w);
        let root = |i: usize| format!("input{i}");
        let mut fresh = draw.fields(rng, fields, root);
        if w.inputs.is_empty() || rng.chance(50) {
            return fresh;
        }
        let mut inputs = w.inputs.clone();
        if let Some(field) = rng.pick(fields) {
            match fresh.remove(&field.wire) {
                Some(value) => inputs.insert(field.wire.clone(), value),
                None => inputs.remove(&field.wire),
            };
        }
        inputs
    }

    /// Arguments for an action: new ones, or kept ones with few changed.
    fn args(
        &self,
        rng: &mut Rng,
        w: &World<'_>,
        index: usize,
        action: &Action,
    ) -> Map<String, Value> {
        let draw = self.draw(w);
        let root = |i: usize| format!("param{i}");
        let mut fresh = draw.fields(rng, &action.params, root);
        let earlier: Vec<&Map<String, Value>> = w
            .session()
            .map(|s| s.calls())
            .unwrap_or_default()
            .iter()
            .filter(|c| c.action as usize == index)
            .map(|c| &c.args)
            .collect();
        let from = match rng.below(4) {
            0 => return fresh,
            1 => rng.pick(&earlier).copied(),
            _ => self.kept.get(index).and_then(|kept| rng.pick(kept)),
        };
        let Some(from) = from else { return fresh };
        let mut args = from.clone();
        for _ in 0..rng.below(3) {
            if let Some(param) = rng.pick(&action.params) {
                match fresh.remove(&param.wire) {
                    Some(value) => args.insert(param.wire.clone(), value),
                    None => args.remove(&param.wire),
                };
            }
        }
        args.retain(|name, _| action.params.iter().any(|p| p.wire == *name));
        args
    }

    fn proposal(&self, rng: &mut Rng, w: &World<'_>, index: usize) -> Option<Request> {
        let action = w.body().actions.get(index)?;
        let name = if rng.chance(230) {
            &action.name
        } else {
            &action.wire
        };
        Some(Request::Propose {
            action: name.clone(),
            args: self.args(rng, w, index, action).into(),
        })
    }

    /// A proposal that was admitted before, with the inputs of then.
    fn steady(
        &self,
        rng: &mut Rng,
        w: &mut World<'_>,
        mood: Mood,
        index: Option<usize>,
    ) -> Option<Request> {
        if !rng.chance(mood.steady) {
            return None;
        }
        let index = index.unwrap_or_else(|| rng.below(self.admitted.len()));
        let admitted = rng.pick(self.admitted.get(index)?)?;
        w.inputs.clone_from(&admitted.inputs);
        Some(Request::Propose {
            action: w.body().actions.get(index)?.name.clone(),
            args: admitted.args.clone().into(),
        })
    }

    pub(super) fn any_proposal(&self, rng: &mut Rng, w: &World<'_>) -> Option<Request> {
        let index = rng.below(w.body().actions.len());
        self.proposal(rng, w, index)
    }

    fn reply(&self, rng: &mut Rng, w: &World<'_>, ty: Option<&Type>) -> Option<Value> {
        self.draw(w).value(rng, ty?, "result", &[], 0)
    }

    /// The next request; the world's clock and inputs may move on.
    pub(super) fn next(
        &self,
        rng: &mut Rng,
        w: &mut World<'_>,
        mood: Mood,
        action: Option<usize>,
    ) -> Request {
        if w.inputs.is_empty() || rng.chance(mood.moody) {
            w.inputs = self.inputs(rng, w);
        }
        if rng.chance(mood.odd)
            && let Some(request) = self.odd(rng, w)
        {
            return request;
        }
        let in_flow = w.session().is_some_and(|s| s.run().is_some());
        let open = w.open();
        if !in_flow {
            if rng.chance(8) {
                let other = if w.at == USUAL { "w" } else { USUAL };
                w.turn_to(other);
            }
            if open.is_empty() || rng.chance(90) {
                let focus = action.filter(|_| rng.chance(150));
                let request = self.steady(rng, w, mood, focus).or_else(|| match focus {
                    Some(index) => self.proposal(rng, w, index),
                    None => self.any_proposal(rng, w),
                });
                if let Some(request) = request {
                    return request;
                }
            }
        }
        let Some(directive) = rng.pick(&open) else {
            return Request::Tick { retry: true };
        };
        self.answer(rng, w, mood, directive)
    }

    fn answer(
        &self,
        rng: &mut Rng,
        w: &mut World<'_>,
        mood: Mood,
        directive: &Directive,
    ) -> Request {
        let reply = |to, outcome: &str, value| Request::Reply {
            to,
            outcome: outcome.to_owned(),
            value,
        };
        let body = w.table.body();
        let deadline = w.deadline();
        match directive {
            Directive::Call { call, action, .. } => {
                let to = Asked::Call(*call);
                let Some(of) = w.table.action(action) else {
                    return Request::Tick { retry: true };
                };
                if rng.chance(mood.ok) {
                    return reply(to, "ok", self.reply(rng, w, of.result.as_ref()));
                }
                if rng.chance(mood.doubt) {
                    return reply(to, "timeout", None);
                }
                let other = rng.below(of.failures.len() + 3);
                match of.failures.get(other) {
                    Some(f) if rng.chance(128) => reply(to, &f.name, None),
                    Some(f) => reply(to, &f.wire, None),
                    None if other == of.failures.len() => {
                        reply(to, "ok", Some(json!({"junk": [1]})))
                    }
                    None if rng.chance(128) => reply(to, "timeout", None),
                    None if rng.chance(60) => reply(to, "no_such_failure", None),
                    None => {
                        w.now = w.now.max(deadline.unwrap_or(w.now));
                        Request::Tick { retry: false }
                    }
                }
            }
            Directive::Approval {
                approval,
                expires_at,
                ..
            } => {
                if let Some(at) =
                    expires_at.filter(|_| !rng.chance(mood.granted) && rng.chance(128))
                {
                    w.now = w.now.max(at);
                    return Request::Tick { retry: false };
                }
                Request::Approve {
                    approval: approval.clone(),
                    granted: rng.chance(mood.granted),
                    by: rng.chance(60).then(|| "Ada".to_owned()),
                }
            }
            Directive::Agent {
                entry,
                state,
                may,
                outcomes,
                until,
                ..
            } => {
                let to = Asked::Agent(*entry);
                match rng.below(12) {
                    0..=5 => {
                        let name = rng.pick(may).filter(|_| rng.chance(240));
                        let index = name.and_then(|n| w.table.action_index(n));
                        let index = index.map(|i| i as usize);
                        let request = self.steady(rng, w, mood, index).or_else(|| match index {
                            Some(index) => self.proposal(rng, w, index),
                            None => self.any_proposal(rng, w),
                        });
                        request.unwrap_or(Request::Tick { retry: false })
                    }
                    6 => reply(to, "stuck", None),
                    7 => reply(
                        to,
                        if rng.chance(128) {
                            "exhausted"
                        } else {
                            "malformed"
                        },
                        None,
                    ),
                    8 => reply(to, "never_heard_of", None),
                    9 if until.is_some() => {
                        w.now = w.now.max(until.unwrap_or(w.now));
                        Request::Tick { retry: false }
                    }
                    _ => {
                        let Some(outcome) = rng.pick(outcomes) else {
                            return reply(to, "stuck", None);
                        };
                        let ty =
                            body.flows
                                .iter()
                                .flat_map(|f| &f.states)
                                .find_map(|s| match &s.step {
                                    Step::Agent { outcomes, .. } if s.name == *state => {
                                        outcomes.iter().find(|o| o.name == *outcome)?.ty.as_ref()
                                    }
                                    _ => None,
                                });
                        reply(to, outcome, self.reply(rng, w, ty))
                    }
                }
            }
            Directive::Ask { entry, state, .. } => {
                let to = Asked::Ask(*entry);
                match rng.below(8) {
                    0 => reply(to, "no_answer", None),
                    1 => reply(to, "unclear", None),
                    2 => reply(to, "unreachable", None),
                    3 => reply(to, "answered", Some(json!({"junk": 1}))),
                    _ => {
                        let ty =
                            body.flows
                                .iter()
                                .flat_map(|f| &f.states)
                                .find_map(|s| match &s.step {
                                    Step::Ask { ty, .. } if s.name == *state => Some(ty),
                                    _ => None,
                                });
                        reply(to, "answered", self.reply(rng, w, ty))
                    }
                }
            }
            Directive::Wait { until, .. } => {
                match rng.below(3) {
                    0 => w.now = w.now.max(*until),
                    1 => w.now = w.now.max(until.saturating_sub(1)),
                    _ => {}
                }
                Request::Tick {
                    retry: rng.chance(200),
                }
            }
            Directive::Ended { .. } => Request::Tick { retry: false },
        }
    }

    /// An answer to a directive that moves things on: for trying it at several moments.
    pub(super) fn likely(&self, rng: &mut Rng, w: &World<'_>, of: &Directive) -> Option<Request> {
        let (to, outcome) = match of {
            Directive::Call { call, action, .. } => {
                let ty = w.table.action(action)?.result.as_ref();
                return Some(Request::Reply {
                    to: Asked::Call(*call),
                    outcome: "ok".to_owned(),
                    value: self.reply(rng, w, ty),
                });
            }
            Directive::Agent { entry, .. } => (Asked::Agent(*entry), "stuck"),
            Directive::Ask { entry, .. } => (Asked::Ask(*entry), "unclear"),
            Directive::Wait { .. } => return Some(Request::Tick { retry: true }),
            Directive::Approval { approval, .. } => {
                return Some(Request::Approve {
                    approval: approval.clone(),
                    granted: true,
                    by: None,
                });
            }
            Directive::Ended { .. } => return None,
        };
        Some(Request::Reply {
            to,
            outcome: outcome.to_owned(),
            value: None,
        })
    }

    /// What nobody asked for: time, events, answers to nothing.
    fn odd(&self, rng: &mut Rng, w: &mut World<'_>) -> Option<Request> {
        let body = w.table.body();
        match rng.below(12) {
            0..=2 => {
                w.now = rng.pick(&moments(w)).copied().unwrap_or(w.now);
                if rng.chance(100) {
                    return Some(Request::Tick {
                        retry: rng.chance(60),
                    });
                }
                None
            }
            3 => {
                let far = [1_000, 60_000, 3_600_000, 86_400_000, 2_700_000_000];
                w.now = w.now.saturating_add(rng.pick(&far).copied().unwrap_or(0));
                None
            }
            4 => Some(Request::Reload {}),
            5 => Some(Request::Tick {
                retry: rng.chance(128),
            }),
            6 | 7 => {
                let event = rng.pick(&body.events)?;
                let name = if rng.chance(200) {
                    &event.name
                } else {
                    &event.wire
                };
                Some(Request::Event {
                    event: name.clone(),
                })
            }
            8 => {
                let calls = w.session()?.calls();
                let doubtful: Vec<_> = calls
                    .iter()
                    .filter(|c| c.fate == Fate::Unsettled || rng.chance(20))
                    .collect();
                let call = rng.pick(&doubtful)?;
                let ty = body.actions.get(call.action as usize)?.result.as_ref();
                Some(Request::Resolve {
                    call: call.id,
                    happened: rng.chance(128),
                    result: self.reply(rng, w, ty).filter(|_| rng.chance(200)),
                })
            }
            9 => {
                let calls = w.session()?.calls();
                let call = rng.pick(calls).map_or(1, |c| c.id);
                Some(Request::Reply {
                    to: Asked::Call(call),
                    outcome: "ok".to_owned(),
                    value: None,
                })
            }
            10 => {
                let approvals = w.session()?.approvals();
                let approval = rng
                    .pick(approvals)
                    .map_or_else(String::new, |a| a.id.clone());
                Some(Request::Approve {
                    approval,
                    granted: rng.chance(128),
                    by: None,
                })
            }
            _ => self.any_proposal(rng, w),
        }
    }
}
