//! Three answers to one question: the interpreter of the source, the table's diagrams, and the
//! runtime with its sessions. They share no code, and have to agree on every decision.
//!
//! `FAILWAY_CASES` sets the number of decisions (default 100,000).

use super::generate::{self, Generated, value};
use failway::interp::calls::{Call, Calls, InSession, Moment, Proposal, Reply};
use failway::interp::rules::{SharedCounts, Verdict};
use failway::interp::shortlist::Shortlist;
use failway::interp::{Fixed, Interp};
use failway::model::{Action, ActionId, Const, CountedAction, HistoryTerm, Input, Param, Policy};
use failway::runtime::{self, Asked, Given, Memory, Request, Runtime, Session, Trace};
use failway::syntax::tree::HistoryFunc;
use failway::table::eval::Scene;
use failway::table::format::{self, VerdictKind};
use fastrand::Rng;
use serde_json::{Map, Value};

fn cases() -> usize {
    std::env::var("FAILWAY_CASES")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(100_000)
}

fn params(rng: &mut Rng, interp: &Interp<'_>, params: &[Param]) -> Vec<Option<Const>> {
    params
        .iter()
        .map(|p| {
            if p.optional && rng.bool() {
                None
            } else {
                Some(value(rng, interp, &p.ty).unwrap())
            }
        })
        .collect()
}

fn inputs(rng: &mut Rng, interp: &Interp<'_>, inputs: &[Input]) -> Vec<Option<Const>> {
    inputs
        .iter()
        .map(|i| {
            if i.optional && rng.bool() {
                None
            } else {
                Some(value(rng, interp, &i.ty).unwrap())
            }
        })
        .collect()
}

// ── Interpreter and diagrams, in any world ───────────────────────────────────

/// A world without a session, as the table sees it.
struct Wires {
    params: Vec<Option<Value>>,
    inputs: Vec<Option<Value>>,
    facts: Vec<Option<Value>>,
}

impl Scene for Wires {
    fn root(&self, root: &format::Root) -> Option<&Value> {
        match root {
            format::Root::Param { index } => self.params.get(*index as usize)?.as_ref(),
            format::Root::Input { index } => self.inputs.get(*index as usize)?.as_ref(),
            format::Root::Fact { index, .. } => self.facts.get(*index as usize)?.as_ref(),
            _ => None,
        }
    }

    fn history(&self, _: u32) -> i64 {
        0
    }

    fn position(&self) -> i64 {
        0
    }
}

fn same_in_any_world(rng: &mut Rng, made: &Generated, worlds: usize) -> usize {
    let policy = &made.checked.policy;
    let interp = Interp::new(policy);
    let body = made.table.body();
    let mut done = 0;
    for (action, id) in policy.actions.iter().zip(0..) {
        let shortlist = Shortlist::new(&interp, ActionId(id));
        for _ in 0..worlds {
            let world = Fixed {
                params: params(rng, &interp, &action.params),
                inputs: inputs(rng, &interp, &policy.inputs),
                facts: policy
                    .facts
                    .iter()
                    .map(|f| {
                        if rng.bool() {
                            value(rng, &interp, &f.ty)
                        } else {
                            None
                        }
                    })
                    .collect(),
                ..Fixed::default()
            };
            let wire = |ty: &failway::model::Type, v: &Option<Const>| {
                v.as_ref().map(|v| interp.wire(ty, v))
            };
            let scene = Wires {
                params: action
                    .params
                    .iter()
                    .zip(&world.params)
                    .map(|(p, v)| wire(&p.ty, v))
                    .collect(),
                inputs: policy
                    .inputs
                    .iter()
                    .zip(&world.inputs)
                    .map(|(p, v)| wire(&p.ty, v))
                    .collect(),
                facts: policy
                    .facts
                    .iter()
                    .zip(&world.facts)
                    .map(|(p, v)| wire(&p.ty, v))
                    .collect(),
            };
            let expected = interp.gate(&world, ActionId(id)).expect("decided");
            let short = interp.gate_among(&world, shortlist.of(&interp, &world));
            assert_eq!(short.as_ref(), Some(&expected), "{}", made.text);
            let of = &body.actions[id as usize];
            let said = &of.verdicts[made.table.index().leaf(&scene, of.gate) as usize];
            let kind = match expected.verdict {
                Verdict::Deny => VerdictKind::Deny,
                Verdict::Escalate => VerdictKind::Escalate,
                _ => VerdictKind::Allow,
            };
            let rule = said.rule.map(|r| body.rules[r as usize].name.clone());
            assert!(
                kind == said.verdict && rule == expected.rule,
                "{}: {expected:?} but {said:?}\n{:?}\n{}",
                action.full_name,
                world.params,
                made.text
            );
            if scene.facts.iter().all(Option::is_none) {
                assert_eq!(without_a_session(made, action, &scene), said);
            }
            done += 1;
        }
    }
    done
}

/// The verdict of the rules alone.
fn without_a_session<'m>(
    made: &'m Generated,
    action: &Action,
    scene: &Wires,
) -> &'m format::Verdict {
    let named = |names: Vec<&String>, values: &[Option<Value>]| -> Map<String, Value> {
        let pairs = names.into_iter().zip(values);
        pairs
            .filter_map(|(name, value)| Some((name.clone(), value.clone()?)))
            .collect()
    };
    let runtime = Runtime::new(&made.table);
    let args = named(
        action.params.iter().map(|p| &p.wire).collect(),
        &scene.params,
    );
    let declared = &made.checked.policy.inputs;
    let inputs = named(declared.iter().map(|i| &i.wire).collect(), &scene.inputs);
    let text = Value::Object(args).to_string();
    let prepared = runtime.prepare_text(&action.full_name, &text).unwrap();
    prepared.decide(&runtime.prepare_inputs(&inputs).unwrap())
}

// ── Interpreter and runtime, in sessions ─────────────────────────────────────

/// Shared limits, counted by the interpreter's own rules from the log of this one session.
struct Windows<'a> {
    interp: &'a Interp<'a>,
    calls: &'a [Call],
    now: Moment,
}

impl SharedCounts for Windows<'_> {
    fn count(&self, limit: &str, window_ms: i64, key: &[Option<Const>]) -> i64 {
        let rule = self
            .interp
            .policy()
            .rules
            .iter()
            .find(|r| r.name == limit)
            .unwrap();
        let term = rule.targets[0].history.as_ref().unwrap();
        let all = |calls: &[Call]| {
            let calls = Calls {
                calls,
                now: self.now,
            };
            calls.answer(self.interp, term, key, true)
        };
        // What was admitted before the window began no longer counts.
        let start = self.now.0 - window_ms;
        let old = self.calls.partition_point(|c| c.admitted.0 <= start);
        all(self.calls) - all(&self.calls[..old])
    }
}

struct Pair<'a> {
    made: &'a Generated,
    interp: Interp<'a>,
    session: Session,
    counters: Memory,
    calls: Vec<Call>,
    /// The runtime's numbers of the calls.
    numbers: Vec<u64>,
    time: i64,
    sequence: u64,
}

impl<'a> Pair<'a> {
    fn new(made: &'a Generated) -> Self {
        Self {
            made,
            interp: Interp::new(&made.checked.policy),
            session: Session::new(&made.table, "pair"),
            counters: Memory::new(),
            calls: Vec::new(),
            numbers: Vec::new(),
            time: 0,
            sequence: 0,
        }
    }

    fn policy(&self) -> &'a Policy {
        &self.made.checked.policy
    }

    fn moment(&mut self) -> Moment {
        self.sequence += 1;
        (self.time, self.sequence)
    }

    fn step(&mut self, inputs: &Map<String, Value>, request: Request) -> runtime::Stepped {
        let given = Given {
            now: self.time,
            inputs,
            counters: &mut self.counters,
        };
        Runtime::new(&self.made.table)
            .step(&mut self.session, given, request.clone())
            .unwrap_or_else(|fault| panic!("{fault} at {request:?}\n{}", self.made.text))
    }

    fn wired(&self, rng: &mut Rng) -> (Vec<Option<Const>>, Map<String, Value>) {
        let policy = self.policy();
        let values = inputs(rng, &self.interp, &policy.inputs);
        let mut wires = Map::new();
        for (input, v) in policy.inputs.iter().zip(&values) {
            if let Some(v) = v {
                wires.insert(input.wire.clone(), self.interp.wire(&input.ty, v));
            }
        }
        (values, wires)
    }

    /// One proposal, decided by both.
    fn propose(&mut self, rng: &mut Rng) {
        let policy = self.policy();
        let index = rng.usize(..policy.actions.len());
        let id = ActionId(u32::try_from(index).unwrap());
        let action = policy.action(id);
        // Few different arguments, so that keys and repeats meet.
        let mut few = Rng::with_seed(rng.u64(..6));
        let args = params(&mut few, &self.interp, &action.params);
        let (values, wires) = self.wired(rng);
        let mut given = Map::new();
        for (param, v) in action.params.iter().zip(&args) {
            if let Some(v) = v {
                given.insert(param.wire.clone(), self.interp.wire(&param.ty, v));
            }
        }
        let now = self.moment();
        let proposal = Proposal {
            calls: Calls {
                calls: &self.calls,
                now,
            },
            action: id,
            values: Fixed {
                params: args.clone(),
                inputs: values,
                ..Fixed::default()
            },
            position: None,
        };
        let world = InSession {
            interp: &self.interp,
            proposal: &proposal,
        };
        let shared = Windows {
            interp: &self.interp,
            calls: &self.calls,
            now,
        };
        let closed = self.closed(&proposal, id);
        let expected = self.interp.decide(&world, &shared, id).expect("decided");
        let stepped = self.step(
            &wires,
            Request::Propose {
                action: action.full_name.clone(),
                args: Value::Object(given.clone()),
            },
        );
        let said = stepped.verdict.clone().unwrap();
        let context = || {
            format!(
                "{} {given:?}: expected {expected:?}, said {said:?}\n{:#?}\n{}",
                action.full_name, self.calls, self.made.text
            )
        };
        if closed {
            assert_eq!(said.rule.as_deref(), Some("unsettled"), "{}", context());
            return;
        }
        let verdict = match expected.verdict {
            Verdict::Deny => runtime::Verdict::Deny,
            Verdict::Limited => runtime::Verdict::Limited,
            Verdict::Escalate => runtime::Verdict::Escalate,
            Verdict::Allow => runtime::Verdict::Allow,
        };
        assert_eq!(said.verdict, verdict, "{}", context());
        // Which of several used-up limits is reported is the runtime's choice.
        if verdict != runtime::Verdict::Limited {
            let rule = expected
                .rule
                .clone()
                .unwrap_or_else(|| "no_rule".to_string());
            assert_eq!(said.rule.as_deref(), Some(rule.as_str()), "{}", context());
        }
        let admitted = stepped.record.trace.iter().find_map(|t| match t {
            Trace::Called { call, .. } => Some(*call),
            _ => None,
        });
        assert_eq!(admitted.is_some(), verdict == runtime::Verdict::Allow);
        if let Some(number) = admitted {
            self.calls.push(Call {
                action: id,
                args,
                admitted: now,
                reply: None,
                settled: None,
                undone: None,
            });
            self.numbers.push(number);
        }
    }

    /// Whether an earlier call of the action is in doubt, and this is no repeat of it.
    fn closed(&self, proposal: &Proposal<'_>, id: ActionId) -> bool {
        let calls = &proposal.calls;
        let term = HistoryTerm {
            func: HistoryFunc::Unsettled,
            counted: vec![CountedAction {
                action: id,
                keys: Vec::new(),
                filter: None,
            }],
            keys: Vec::new(),
            text: String::new(),
            span: failway::source::Span::default(),
        };
        if calls.answer(&self.interp, &term, &[], false) == 0 {
            return false;
        }
        match calls.repeated(&self.interp, id, &proposal.values.params) {
            // A repeat passes if what it repeats is itself the one in doubt.
            Some(first) => !self.unsure(first),
            None => true,
        }
    }

    /// Whether the effect that begins with this call is in doubt.
    fn unsure(&self, first: usize) -> bool {
        let root = self.numbers[first];
        let calls = self.session.calls();
        calls
            .iter()
            .any(|c| c.id == root && c.fate == failway::runtime::session::Fate::Unsettled)
    }

    /// An answer to a call in flight, or time.
    fn go_on(&mut self, rng: &mut Rng) {
        let open: Vec<usize> = (0..self.calls.len())
            .filter(|i| self.calls[*i].reply.is_none())
            .collect();
        let (_, wires) = self.wired(rng);
        let Some(&at) = rng.choice(open.iter()) else {
            self.time += rng.i64(0..2500);
            return;
        };
        let policy = self.policy();
        let action = policy.action(self.calls[at].action);
        let mut outcomes = vec!["ok", "ok", "bad", "busy", "timeout"];
        if action.writes() {
            outcomes.push("odd");
        }
        let outcome = *rng.choice(outcomes.iter()).unwrap();
        let result = action
            .result
            .as_ref()
            .map(|ty| value(rng, &self.interp, ty).unwrap());
        let wire = action
            .result
            .as_ref()
            .zip(result.as_ref())
            .map(|(ty, v)| self.interp.wire(ty, v));
        let moment = self.moment();
        self.step(
            &wires,
            Request::Reply {
                to: Asked::Call(self.numbers[at]),
                outcome: outcome.to_string(),
                value: wire.filter(|_| outcome == "ok"),
            },
        );
        let reply = match outcome {
            "ok" => Reply::Ok(result),
            "bad" | "busy" => Reply::Failed,
            _ => Reply::Unsure,
        };
        self.calls[at].reply = Some((moment, reply));
    }
}

fn same_in_sessions(rng: &mut Rng, made: &Generated, sessions: usize, steps: usize) -> usize {
    for _ in 0..sessions {
        let mut pair = Pair::new(made);
        for _ in 0..steps {
            // Calls in flight time out by themselves after a second: answer them before.
            if rng.u8(..) < 150 {
                pair.go_on(rng);
            }
            pair.propose(rng);
        }
    }
    sessions * steps
}

#[test]
fn interpreter_diagrams_and_runtime_agree() {
    let wanted = cases();
    let mut rng = Rng::with_seed(wanted as u64);
    let (mut done, mut policies) = (0, 0);
    while done < wanted {
        let Some(made) = generate::policy(&mut rng) else {
            continue;
        };
        policies += 1;
        done += same_in_any_world(&mut rng, &made, 100);
        done += same_in_sessions(&mut rng, &made, 30, 14);
    }
    println!("{done} decisions on {policies} policies");
}
