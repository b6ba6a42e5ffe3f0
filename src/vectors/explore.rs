//! A search for steps that show something new: a leaf, a side of a bound, an edge, an outcome. Runs
//! go on from where something new was seen.

use super::case::{Case, Step};
use super::features::{Around, Shown};
use super::next::{Admitted, Chooser, Kept, Mood};
use super::rng::Rng;
use super::values::{Draw, Pools};
use super::world::{USUAL, World};
use crate::runtime::session::Fate;
use crate::runtime::{Directive, Request, Session, Trace};
use crate::table::Table;
use crate::table::eval::watched;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::rc::Rc;

/// When worlds begin: some day in December 2025.
pub(super) const BEGIN: i64 = 1_766_000_000_000;
/// The longest run.
const STEPS_MAX: usize = 40;
/// The most steps in one region, for each one of patience.
const STEPS_FOR_PATIENCE: usize = 25;
/// How many worlds a search goes on from.
const CORPUS_MAX: usize = 300;
/// How many proposals of an action are kept to make others from.
const KEPT_MAX: usize = 60;
/// How many admitted proposals of an action are kept: few, so that they come again.
const ADMITTED_MAX: usize = 4;

/// Where a search looks.
#[derive(Clone, Copy, Debug)]
enum Region {
    /// Proposals without a flow, of this action more than of others.
    Action(usize),
    Flow(usize),
}

pub(super) struct Search<'t> {
    pub(super) table: &'t Table,
    pub(super) pools: Pools,
    kept: Vec<Kept>,
    pub(super) admitted: Vec<Vec<Admitted>>,
    pub(super) shown: Shown,
    pub(super) rng: Rng,
    /// Steps in a row without anything new, after which a region is left.
    pub(super) patience: usize,
    pub(super) cases: Vec<Case>,
    /// Worlds in which a call of the action is in flight, one per action.
    pub(super) calling: Vec<Option<World<'t>>>,
    /// The last step of the last case, and how many it has.
    last: Option<(usize, Rc<Step>)>,
    /// Worlds in which an agent or a person is asked, by state.
    pub(super) waiting: BTreeMap<String, World<'t>>,
    /// Worlds in which a call is in doubt, by action.
    pub(super) doubtful: BTreeMap<u32, World<'t>>,
}

impl<'t> Search<'t> {
    pub(super) fn new(table: &'t Table, patience: usize) -> Self {
        let actions = table.body().actions.len();
        Self {
            table,
            pools: Pools::new(table.body()),
            kept: vec![Vec::new(); actions],
            admitted: vec![Vec::new(); actions],
            shown: Shown::default(),
            rng: Rng::new(table.digest()),
            patience,
            cases: Vec::new(),
            calling: vec![None; actions],
            last: None,
            waiting: BTreeMap::new(),
            doubtful: BTreeMap::new(),
        }
    }

    pub(super) fn all(&mut self) {
        let body = self.table.body();
        for action in 0..body.actions.len() {
            self.region(Region::Action(action));
            self.lists(action);
        }
        for flow in 0..body.flows.len() {
            self.region(Region::Flow(flow));
        }
    }

    fn region(&mut self, region: Region) {
        let mut corpus: Vec<World<'t>> = Vec::new();
        let (mut idle, mut left) = (0, self.patience.saturating_mul(STEPS_FOR_PATIENCE));
        while idle < self.patience && left > 0 {
            let (mut w, mut found) = if corpus.is_empty() || self.rng.chance(60) {
                self.begin(region)
            } else {
                let from = match self.rng.chance(128) {
                    true => corpus.len().saturating_sub(20),
                    false => 0,
                };
                let at = from + self.rng.below(corpus.len() - from);
                match corpus.get(at) {
                    Some(w) => (w.clone(), None),
                    None => self.begin(region),
                }
            };
            if found.is_some() && corpus.len() < CORPUS_MAX {
                corpus.push(w.clone());
            }
            let mood = Mood::new(&mut self.rng);
            for _ in 0..1 + self.rng.below(14) {
                idle += 1;
                left = left.saturating_sub(1);
                if w.steps.len() >= STEPS_MAX || over(w.session()) && self.rng.chance(200) {
                    break;
                }
                let focus = match region {
                    Region::Action(action) => Some(action),
                    Region::Flow(_) => None,
                };
                let chooser = Chooser {
                    pools: &self.pools,
                    kept: &self.kept,
                    admitted: &self.admitted,
                };
                let request = chooser.next(&mut self.rng, &mut w, mood, focus);
                if let Some(new) = self.step(&mut w, request) {
                    idle = 0;
                    if corpus.len() < CORPUS_MAX {
                        corpus.push(w.clone());
                    }
                    found = Some(new);
                    self.keep(&w, found.as_deref());
                }
            }
        }
        self.times(&corpus);
        self.onwards(&corpus);
        self.others(&corpus);
    }

    /// A run of so many steps, whether they show anything new or not; with digests for results.
    pub(super) fn walk(&mut self, seed: &str, steps: usize, flow: Option<usize>) -> Case {
        self.rng = Rng::new(seed);
        let mut w = World::new(self.table, BEGIN);
        let mut mood = Mood::new(&mut self.rng);
        let chooser = Chooser {
            pools: &self.pools,
            kept: &self.kept,
            admitted: &self.admitted,
        };
        w.inputs = chooser.inputs(&mut self.rng, &w);
        let flow = flow.and_then(|index| self.table.body().flows.get(index));
        let mut sessions = 0;
        while w.steps.len() < steps {
            let calls = w.session().map_or(0, |s| s.calls().len());
            let fresh = flow.is_some() && w.session().is_some_and(|s| s.run().is_none());
            if w.steps.is_empty() || calls > 40 || over(w.session()) || (fresh && sessions > 0) {
                sessions += 1;
                w.turn_to(&format!("v{sessions}"));
                mood = Mood::new(&mut self.rng);
                if let Some(flow) = flow {
                    let draw = Draw {
                        body: self.table.body(),
                        pools: &self.pools,
                        seen: &w.seen,
                    };
                    let args = draw.fields(&mut self.rng, &flow.params, |_| "slot".to_owned());
                    let request = Request::Start {
                        flow: flow.name.clone(),
                        args,
                    };
                    let _ = w.step(request, true);
                    continue;
                }
            }
            let request = chooser.next(&mut self.rng, &mut w, mood, None);
            let proposed = match &request {
                Request::Propose {
                    action,
                    args: Value::Object(args),
                } => self.table.action(action).map(|of| (of, args.clone())),
                _ => None,
            };
            let came = w.step(request, true);
            if let Some((of, args)) = proposed {
                w.remember_fields(&of.params, &args);
            }
            for trace in came.iter().flat_map(|stepped| &stepped.record.trace) {
                if let Trace::Replied {
                    action,
                    value: Some(value),
                    ..
                } = trace
                    && let Some(ty) = self.table.action(action).and_then(|a| a.result.as_ref())
                {
                    w.remember(ty, value);
                }
            }
        }
        w.case(format!("a walk, {seed}"))
    }

    pub(super) fn chooser(&self) -> Chooser<'_> {
        Chooser {
            pools: &self.pools,
            kept: &self.kept,
            admitted: &self.admitted,
        }
    }

    fn begin(&mut self, region: Region) -> (World<'t>, Option<String>) {
        let mut w = World::new(self.table, BEGIN);
        let chooser = Chooser {
            pools: &self.pools,
            kept: &self.kept,
            admitted: &self.admitted,
        };
        w.inputs = chooser.inputs(&mut self.rng, &w);
        let Region::Flow(index) = region else {
            return (w, None);
        };
        let Some(flow) = self.table.body().flows.get(index) else {
            return (w, None);
        };
        let draw = Draw {
            body: self.table.body(),
            pools: &self.pools,
            seen: &w.seen,
        };
        let args = draw.fields(&mut self.rng, &flow.params, |_| "slot".to_owned());
        let request = Request::Start {
            flow: flow.name.clone(),
            args: args.clone(),
        };
        w.remember_fields(&flow.params, &args);
        if flow.once.is_some() && self.rng.chance(40) {
            // The same trigger has come before, in another session.
            w.turn_to("w");
            let _ = self.step(&mut w, request.clone());
            if self.rng.chance(128) {
                let window = flow.once.as_ref().map_or(0, |once| once.for_ms);
                w.now = w.now.saturating_add(window - self.rng.within(0, 1));
            }
            w.turn_to(USUAL);
        }
        let new = self.step(&mut w, request);
        if new.is_some() {
            self.keep(&w, new.as_deref());
        }
        (w, new)
    }

    /// Takes a step; a refused one stays only if it shows something new.
    pub(super) fn step(&mut self, w: &mut World<'t>, request: Request) -> Option<String> {
        let asked = asked(&request);
        let proposed = match &request {
            Request::Propose {
                action,
                args: Value::Object(args),
            } => self.table.action_index(action).zip(Some(args.clone())),
            _ => None,
        };
        let now = w.now;
        let near: Vec<String> = super::around::changes(w)
            .into_iter()
            .filter(|(at, _)| (0..=1).contains(&at.saturating_sub(now)))
            .map(|(at, what)| format!("{}ms before {what}", at - now))
            .collect();
        let none = Map::new();
        let args = proposed.as_ref().map_or(&none, |(_, args)| args);
        let facts = super::around::facts(w, args).join("; ");
        let past = super::around::past(w, args);
        let taken = matches!(request, Request::Event { .. })
            .then(|| w.session()?.run())
            .flatten()
            .map(|run| {
                let state = run.levels.last().map(|l| l.state);
                format!("in {state:?} after {} events", run.events.len())
            });
        let (came, nodes) = watched(|| w.step(request, false));
        let left = super::around::left(w).into_iter();
        let mut left: Vec<String> = left.chain(super::around::facts(w, &none)).collect();
        left.extend(taken.map(|taken| format!("{asked} {taken}")));
        let around = Around {
            near,
            facts,
            past,
            left,
        };
        let new = self.shown.take(&asked, &came, nodes, &around);
        match &came {
            Err(_) => {
                if new.is_none() {
                    w.steps.pop();
                }
            }
            Ok(stepped) => {
                for trace in &stepped.record.trace {
                    self.remember(w, trace);
                }
                self.note_what_is_open(w);
            }
        }
        if let Some((action, args)) = proposed {
            if let Some(of) = self.table.body().actions.get(action as usize) {
                w.remember_fields(&of.params, &args);
            }
            let called = came.is_ok_and(|stepped| {
                let called = |t: &Trace| matches!(t, Trace::Called { .. });
                stepped.record.trace.iter().any(called)
            });
            let admitted = self.admitted.get_mut(action as usize);
            if let Some(admitted) = admitted.filter(|_| called) {
                let inputs = w.inputs.clone();
                let args = args.clone();
                if admitted.len() < ADMITTED_MAX {
                    admitted.push(Admitted { args, inputs });
                } else if self.rng.chance(16)
                    && let Some(old) = admitted.get_mut(self.rng.below(ADMITTED_MAX))
                {
                    *old = Admitted { args, inputs };
                }
            }
            let kept = self.kept.get_mut(action as usize);
            if let Some(kept) = kept.filter(|_| new.is_some()) {
                if kept.len() >= KEPT_MAX {
                    let out = self.rng.below(kept.len());
                    kept.swap_remove(out);
                }
                kept.push(args);
            }
        }
        new
    }

    fn remember(&mut self, w: &mut World<'t>, trace: &Trace) {
        match trace {
            Trace::Replied {
                action,
                value: Some(value),
                ..
            } => {
                let ty = self.table.action(action).and_then(|a| a.result.as_ref());
                if let Some(ty) = ty {
                    w.remember(ty, value);
                }
            }
            Trace::Called { action, .. } => {
                let index = self.table.action_index(action);
                let slot = index.and_then(|i| self.calling.get_mut(i as usize));
                if let Some(slot) = slot {
                    let shorter = slot
                        .as_ref()
                        .is_none_or(|was| was.steps.len() > w.steps.len());
                    let in_flight = w.session().is_some_and(|s| {
                        s.calls()
                            .last()
                            .is_some_and(|c| Some(c.action) == index && c.in_flight())
                    });
                    if shorter && in_flight {
                        *slot = Some(w.clone());
                    }
                }
            }
            _ => {}
        }
    }

    fn note_what_is_open(&mut self, w: &World<'t>) {
        let shorter = |was: &World<'t>| was.steps.len() <= w.steps.len();
        if let Some(Directive::Agent { state, .. } | Directive::Ask { state, .. }) = w.open().last()
            && !self.waiting.get(state).is_some_and(shorter)
        {
            self.waiting.insert(state.clone(), w.clone());
        }
        let calls = w.session().map(Session::calls).unwrap_or_default();
        let in_doubt = calls.iter().find(|c| c.fate == Fate::Unsettled);
        if let Some(call) = in_doubt
            && !self.doubtful.get(&call.action).is_some_and(shorter)
        {
            self.doubtful.insert(call.action, w.clone());
        }
    }

    /// Arguments of an action that once showed something new.
    pub(super) fn all_kept(&self, action: usize) -> &[Map<String, Value>] {
        self.kept.get(action).map_or(&[], Vec::as_slice)
    }

    /// The first of them.
    pub(super) fn kept(&self, action: usize) -> Option<&Map<String, Value>> {
        self.kept.get(action)?.first()
    }

    /// Keeps a run as a case, in place of one that it goes on from.
    pub(super) fn keep(&mut self, w: &World<'t>, name: Option<&str>) {
        let case = w.case(name.unwrap_or_default().to_owned());
        let goes_on = self.last.take().is_some_and(|(n, step)| {
            let same = |s: &Rc<Step>| Rc::ptr_eq(s, &step);
            n.checked_sub(1)
                .and_then(|i| w.steps.get(i))
                .is_some_and(same)
        });
        self.last = w.steps.last().map(|s| (w.steps.len(), Rc::clone(s)));
        if goes_on && let Some(last) = self.cases.last_mut() {
            last.name.push_str("; ");
            last.name.push_str(&case.name);
            last.steps = case.steps;
            last.open = case.open;
            return;
        }
        self.cases.push(case);
    }
}

fn over(session: Option<&Session>) -> bool {
    session.is_some_and(|s| s.run().is_some_and(|r| r.end.is_some()))
}

fn asked(request: &Request) -> String {
    let value = super::case::request_json(request);
    let of = |name: &str| {
        value
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    format!(
        "{} {}",
        of("kind"),
        value
            .get("to")
            .map(Value::to_string)
            .unwrap_or_default()
            .replace(char::is_numeric, "")
    )
}
