//! Flows: what follows what, state by state and outcome by outcome.

use super::report::{Change, Effect, Report};
use super::side::{Side, Tables, action_name};
use super::types::{Taken, Types};
use super::universe::{Scope, Universe, Untold};
use crate::logic::Formula;
use crate::table::format::{
    Deadline, EventEdge, Flow, Handler, Ref, Retry, State, Step, Target, Type,
};
use crate::words::duration;
use std::collections::BTreeSet;

/// Compares all flows.
pub(super) fn compare(tables: Tables<'_>, effort: u32, report: &mut Report) {
    for old in &tables.old.body().flows {
        match tables.new.flow(&old.name) {
            None => {
                report
                    .changes
                    .push(Change::plain(Effect::Flow, "flow", &old.name, "it is gone"))
            }
            Some(new) => {
                let mut of = Pair {
                    tables,
                    flows: [old, new],
                    scope: Scope {
                        slots: [old.slots.as_slice(), new.slots.as_slice()],
                        ..Scope::default()
                    },
                    universe: Universe::new(tables, effort),
                    effort,
                    report,
                };
                of.compare();
            }
        }
    }
    for new in &tables.new.body().flows {
        if tables.old.flow(&new.name).is_none() {
            let change = Change::plain(Effect::Flow, "flow", &new.name, "it is new");
            report.changes.push(change);
        }
    }
}

/// What follows, and the condition under which it does.
type Cases = Vec<(Option<Ref>, String)>;

struct Pair<'t, 'r> {
    tables: Tables<'t>,
    flows: [&'t Flow; 2],
    scope: Scope<'t>,
    universe: Universe<'t>,
    effort: u32,
    report: &'r mut Report,
}

impl<'t> Pair<'t, '_> {
    fn add(&mut self, effect: Effect, what: impl Into<String>) {
        let name = &self.flows[0].name;
        self.report
            .changes
            .push(Change::plain(effect, "flow", name, what));
    }

    /// Says so if a text is another one.
    fn text(&mut self, what: &str, texts: [String; 2]) {
        let [a, b] = texts;
        if a != b {
            let or_none = |t: String| {
                if t.is_empty() {
                    "nothing".to_owned()
                } else {
                    t
                }
            };
            self.add(
                Effect::Flow,
                format!("{what}: {} instead of {}", or_none(b), or_none(a)),
            );
        }
    }

    fn both(&self, of: impl Fn(&Self, Side, &'t Flow) -> String) -> [String; 2] {
        Side::BOTH.map(|side| of(self, side, self.flows[side.index()]))
    }

    fn compare(&mut self) {
        let [old, new] = self.flows;
        let mut types = Types::new(self.tables, false, self.effort);
        types.fields("", &old.params, &new.params, 0);
        let told: Vec<String> = types
            .changes
            .iter()
            .map(|c| {
                let by = c
                    .example
                    .as_ref()
                    .map_or(String::new(), |e| format!(", such as {e}"));
                format!("parameter `{}`: {}{by}", c.at, c.what)
            })
            .collect();
        self.report.unproven.extend(types.unproven);
        for what in told {
            self.add(Effect::Other, what);
        }
        let start = self.both(|s, side, f| s.target(side, &f.start));
        self.text("it starts", start);
        let once = self.both(|s, side, f| {
            let Some(once) = &f.once else {
                return String::new();
            };
            let by: Vec<&str> = once
                .by
                .iter()
                .filter_map(|p| f.params.get(*p as usize))
                .map(|p| p.wire.as_str())
                .collect();
            let to = s.target(side, &once.to);
            format!(
                "once per {} for {} else {to}",
                by.join(", "),
                duration(once.for_ms)
            )
        });
        self.text("duplicate triggers", once);
        self.ends();
        self.runs();
        for state in &old.states {
            match new.states.iter().find(|s| s.name == state.name) {
                None => self.add(Effect::Flow, format!("state `{}` is gone", state.name)),
                Some(now) => self.state([state, now]),
            }
        }
        for state in &new.states {
            if !old.states.iter().any(|s| s.name == state.name) {
                self.add(Effect::Flow, format!("state `{}` is new", state.name));
            }
        }
    }

    fn ends(&mut self) {
        let [old, new] = self.flows;
        for end in &old.ends {
            let Some(now) = new.ends.iter().find(|e| e.name == end.name) else {
                self.add(Effect::Flow, format!("end `{}` is gone", end.name));
                continue;
            };
            if end.class != now.class {
                let what = format!(
                    "end `{}` is a {} instead of a {}",
                    end.name,
                    format!("{:?}", now.class).to_lowercase(),
                    format!("{:?}", end.class).to_lowercase()
                );
                self.add(Effect::Flow, what);
            }
            let gives = [(Side::Old, end), (Side::New, now)].map(|(side, e)| {
                let gives = e.gives.as_ref();
                gives.map_or(String::new(), |g| {
                    self.tables.expr_text(side, &self.scope, g, 0)
                })
            });
            self.text(&format!("end `{}` gives", end.name), gives);
        }
        for end in &new.ends {
            if !old.ends.iter().any(|e| e.name == end.name) {
                self.add(Effect::Flow, format!("end `{}` is new", end.name));
            }
        }
    }

    /// Deadlines and events of the flow and of those that it runs.
    fn runs(&mut self) {
        let names: BTreeSet<&str> = self
            .flows
            .iter()
            .flat_map(|f| f.scopes.iter().map(|s| s.name.as_str()))
            .collect();
        for name in names {
            let scopes = self.flows.map(|f| f.scopes.iter().find(|s| s.name == name));
            let [Some(a), Some(b)] = scopes else {
                // Its states say the rest.
                continue;
            };
            let place = if name.is_empty() {
                String::new()
            } else {
                format!(" of the run in `{name}`")
            };
            let within = [(Side::Old, a), (Side::New, b)]
                .map(|(side, s)| self.deadline(side, s.within.as_ref()));
            self.text(&format!("the deadline{place}"), within);
            self.events(&format!("event{place}"), [&a.events, &b.events]);
        }
    }

    fn deadline(&self, side: Side, deadline: Option<&Deadline>) -> String {
        let Some(deadline) = deadline else {
            return String::new();
        };
        let to = deadline.to.as_ref();
        let to = to.map_or("as a promise".to_owned(), |t| self.target(side, t));
        format!("{} {to}", duration(deadline.ms))
    }

    fn events(&mut self, what: &str, edges: [&Vec<EventEdge>; 2]) {
        let name = |side: Side, event: u32| {
            let of = self.tables.body(side).events.get(event as usize);
            of.map_or(String::new(), |e| e.name.clone())
        };
        let mut all: Vec<(String, [Cases; 2])> = Vec::new();
        for side in Side::BOTH {
            for edge in edges[side.index()] {
                let to = edge.to.as_ref();
                let to = to.map_or("ignored".to_owned(), |t| self.target(side, t));
                let name = name(side, edge.event);
                let at = all.iter().position(|(n, _)| *n == name).unwrap_or_else(|| {
                    all.push((name, [Vec::new(), Vec::new()]));
                    all.len() - 1
                });
                all[at].1[side.index()].push((edge.when, to));
            }
        }
        for (event, cases) in all {
            self.cases(&format!("{what} `{event}`"), cases);
        }
    }

    fn state(&mut self, both: [&'t State; 2]) {
        let [old, new] = both;
        let name = &old.name;
        let steps = [(Side::Old, old), (Side::New, new)].map(|(side, s)| self.step(side, s));
        self.text(&format!("state `{name}`"), steps);
        let visits = [(Side::Old, old), (Side::New, new)].map(|(side, s)| {
            let visits = s.visits.as_ref();
            visits.map_or(String::new(), |v| {
                format!("{} visits, then {}", v.count, self.target(side, &v.to))
            })
        });
        self.text(&format!("state `{name}`"), visits);
        match (&old.step, &new.step) {
            (
                Step::Agent {
                    may: a,
                    calls: x,
                    within_ms: v,
                    outcomes: was,
                    ..
                },
                Step::Agent {
                    may: b,
                    calls: y,
                    within_ms: w,
                    outcomes: is,
                    ..
                },
            ) => {
                for x in was {
                    if let Some(y) = is.iter().find(|y| y.name == x.name) {
                        let what = format!("what comes with `{}` in `{name}`", x.name);
                        self.answer(&what, [x.ty.as_ref(), y.ty.as_ref()]);
                    }
                }
                let names = |side: Side, may: &[u32]| -> BTreeSet<String> {
                    let body = self.tables.body(side);
                    may.iter()
                        .map(|a| action_name(body, *a).to_owned())
                        .collect()
                };
                let (a, b) = (names(Side::Old, a), names(Side::New, b));
                for action in b.difference(&a) {
                    self.add(
                        Effect::Looser,
                        format!("the AI in `{name}` may propose {action} now"),
                    );
                }
                for action in a.difference(&b) {
                    let what = format!("the AI in `{name}` may not propose {action} any more");
                    self.add(Effect::Stricter, what);
                }
                // Without a bound is more than any.
                let most = |n: &Option<u64>| n.unwrap_or(u64::MAX);
                let words =
                    |n: &Option<u64>| n.map_or("any number of".to_owned(), |n| n.to_string());
                if x != y {
                    let effect = if most(y) > most(x) {
                        Effect::Looser
                    } else {
                        Effect::Stricter
                    };
                    self.add(
                        effect,
                        format!(
                            "the AI in `{name}` has {} calls instead of {}",
                            words(y),
                            words(x)
                        ),
                    );
                }
                let time = |ms: &Option<i64>| ms.map_or("any time".to_owned(), duration);
                if v != w {
                    let effect = if w.unwrap_or(i64::MAX) > v.unwrap_or(i64::MAX) {
                        Effect::Looser
                    } else {
                        Effect::Stricter
                    };
                    self.add(
                        effect,
                        format!("the AI in `{name}` has {} instead of {}", time(w), time(v)),
                    );
                }
            }
            (
                Step::Choose {
                    branches: a,
                    otherwise: x,
                },
                Step::Choose {
                    branches: b,
                    otherwise: y,
                },
            ) => {
                let cases = [(Side::Old, a, x), (Side::New, b, y)].map(|(side, branches, rest)| {
                    let mut all: Cases = branches
                        .iter()
                        .map(|b| (Some(b.when), self.target(side, &b.to)))
                        .collect();
                    all.extend(rest.as_ref().map(|t| (None, self.target(side, t))));
                    all
                });
                self.cases(&format!("the choice in `{name}`"), cases);
            }
            (Step::Ask { ty: a, .. }, Step::Ask { ty: b, .. }) => {
                self.answer(&format!("the answer in `{name}`"), [Some(a), Some(b)]);
            }
            _ => {}
        }
        let outcomes: BTreeSet<&str> = both
            .iter()
            .flat_map(|s| s.handlers.iter().map(|h| h.outcome.as_str()))
            .collect();
        for outcome in outcomes {
            let cases = Side::BOTH.map(|side| {
                let state = both[side.index()];
                let own = state.handlers.iter().filter(|h| h.outcome == outcome);
                own.map(|h| (h.when, self.handler(side, state, h)))
                    .collect()
            });
            self.cases(&format!("`{outcome}` in `{name}`"), cases);
        }
        self.events(&format!("in `{name}`, event"), [&old.events, &new.events]);
    }

    /// Compares what an agent or a person can come back with.
    fn answer(&mut self, what: &str, types: [Option<&Type>; 2]) {
        let mut compared = Types::new(self.tables, true, self.effort);
        match types {
            [Some(a), Some(b)] => compared.compare("", a, b, 0),
            [None, None] => {}
            [a, _] => {
                let what = if a.is_some() {
                    "has no value any more"
                } else {
                    "has a value now"
                };
                compared.add(Taken::Otherwise, "", what, None);
            }
        }
        self.report.unproven.extend(compared.unproven);
        for change in compared.changes {
            let at = if change.at.is_empty() {
                String::new()
            } else {
                format!(" {}", change.at)
            };
            let by = change
                .example
                .map_or(String::new(), |e| format!(", such as {e}"));
            self.add(Effect::Other, format!("{what}{at}: {}{by}", change.what));
        }
    }

    fn handler(&self, side: Side, state: &State, handler: &Handler) -> String {
        let mut text = String::new();
        if let Some(Retry {
            group,
            count,
            first_ms,
            cap_ms,
        }) = &handler.retry
        {
            let mut shared: Vec<&str> = state
                .handlers
                .iter()
                .filter(|h| h.retry.as_ref().is_some_and(|r| r.group == *group))
                .map(|h| h.outcome.as_str())
                .filter(|o| *o != handler.outcome)
                .collect();
            shared.sort_unstable();
            shared.dedup();
            text.push_str(&format!("{count} more attempts"));
            if *cap_ms > 0 {
                text.push_str(&format!(
                    " after {} to {}",
                    duration(*first_ms),
                    duration(*cap_ms)
                ));
            }
            if !shared.is_empty() {
                text.push_str(&format!(" shared with {}", shared.join(", ")));
            }
            text.push_str(", then ");
        }
        text.push_str(&self.target(side, &handler.to));
        if let Some(slot) = handler.bind {
            text.push_str(&format!(" as {}", self.slot(side, slot)));
        }
        text
    }

    fn slot(&self, side: Side, slot: u32) -> &'t str {
        let slots = &self.flows[side.index()].slots;
        slots.get(slot as usize).map_or("", |s| s.name.as_str())
    }

    fn target(&self, side: Side, target: &Target) -> String {
        let flow = self.flows[side.index()];
        let state = |i: u32| flow.states.get(i as usize).map_or("", |s| s.name.as_str());
        match target {
            Target::State { index } => format!("-> {}", state(*index)),
            Target::End { index } => {
                let end = flow.ends.get(*index as usize);
                format!("-> end {}", end.map_or("", |e| e.name.as_str()))
            }
            Target::Return {
                state: at,
                outcome,
                gives,
            } => {
                let gives = gives.as_ref().map_or(String::new(), |g| {
                    format!(" with {}", self.tables.expr_text(side, &self.scope, g, 0))
                });
                format!("-> `{outcome}` of {}{gives}", state(*at))
            }
        }
    }

    /// What a state does, but for what is compared by itself.
    fn step(&self, side: Side, state: &State) -> String {
        let body = self.tables.body(side);
        let flow = self.flows[side.index()];
        let bound = |slot: &Option<u32>| {
            slot.map_or(String::new(), |s| format!(" as {}", self.slot(side, s)))
        };
        match &state.step {
            Step::Do { action, args, bind } => format!(
                "do {}{}{}",
                action_name(body, *action),
                self.tables.args_text(side, &self.scope, *action, args),
                bound(bind)
            ),
            Step::Agent {
                given, outcomes, ..
            } => {
                let given: Vec<String> = given
                    .iter()
                    .map(|(n, e)| {
                        format!("{n}: {}", self.tables.expr_text(side, &self.scope, e, 0))
                    })
                    .collect();
                let outcomes: Vec<&str> = outcomes.iter().map(|o| o.name.as_str()).collect();
                format!(
                    "the AI with ({}) comes back with {}",
                    given.join(", "),
                    outcomes.join(", ")
                )
            }
            Step::Ask {
                role,
                text,
                bind,
                within_ms,
                ..
            } => {
                let role = body
                    .roles
                    .get(*role as usize)
                    .map_or("", |r| r.name.as_str());
                let within =
                    within_ms.map_or(String::new(), |ms| format!(" within {}", duration(ms)));
                let text = self.tables.expr_text(side, &self.scope, text, 0);
                format!("ask {role} {text}{within} as {}", self.slot(side, *bind))
            }
            Step::Choose { .. } => "choose".to_owned(),
            Step::Settle { action, bind } => {
                format!("settle {}{}", action_name(body, *action), bound(bind))
            }
            Step::Unwind { actions } => {
                let mut names: Vec<&str> = actions.iter().map(|a| action_name(body, *a)).collect();
                names.sort_unstable();
                format!("unwind {}", names.join(", "))
            }
            Step::Run {
                scope,
                args,
                start,
                bind,
            } => {
                let inner = flow.scopes.get(*scope as usize);
                let args: Vec<String> = args
                    .iter()
                    .map(|(slot, e)| {
                        let value = e.as_ref().map_or("nothing".to_owned(), |e| {
                            self.tables.expr_text(side, &self.scope, e, 0)
                        });
                        format!("{}: {value}", self.slot(side, *slot))
                    })
                    .collect();
                format!(
                    "run {}({}) from {}{}",
                    inner.map_or("", |s| s.flow.as_str()),
                    args.join(", "),
                    self.target(side, start),
                    bound(bind)
                )
            }
        }
    }

    /// Compares ordered cases, of which the first whose condition holds is taken.
    fn cases(&mut self, what: &str, cases: [Cases; 2]) {
        if let Err(Untold(why)) = self.compare_cases(what, &cases) {
            let name = &self.flows[0].name;
            self.report
                .unproven
                .push(format!("flow `{name}`, {what}: {why}"));
        }
    }

    fn compare_cases(&mut self, what: &str, cases: &[Cases; 2]) -> Result<(), Untold> {
        const NOTHING: &str = "nothing";
        let mut sides: Vec<Vec<(Formula, String)>> = Vec::new();
        for side in Side::BOTH {
            let mut all = Vec::new();
            let mut rest = Formula::TRUE;
            for (when, text) in &cases[side.index()] {
                let both = match side {
                    Side::Old => [*when, None],
                    Side::New => [None, *when],
                };
                let holds = self.universe.conditions_of(&self.scope, both)?[side.index()];
                let here = self.universe.logic.and(&[rest, holds]);
                rest = self.universe.logic.and(&[rest, !holds]);
                all.push((here, text.clone()));
            }
            all.push((rest, NOTHING.to_owned()));
            sides.push(all);
        }
        let [old, new] = sides.as_slice() else {
            return Ok(());
        };
        let mut seen: BTreeSet<(String, String)> = BTreeSet::new();
        for (a, from) in old {
            for (b, to) in new {
                // Where neither side has anything, runs never come.
                if from == to || seen.contains(&(from.clone(), to.clone())) {
                    continue;
                }
                let both = self.universe.logic.and(&[*a, *b]);
                let among = self.universe.logic.terms_of(&[both]);
                let axioms = self.universe.axioms(&among);
                let both = self.universe.logic.and(&[both, axioms]);
                let mut budget = self.universe.logic.budget();
                let Some(mut found) = self.universe.logic.solve(both, &mut budget)? else {
                    continue;
                };
                seen.insert((from.clone(), to.clone()));
                let example = self.example(both, &mut found);
                let name = &self.flows[0].name;
                let what = format!("{what}: {to} instead of {from}");
                let mut change = Change::plain(Effect::Flow, "flow", name, what);
                change.example = (!example.is_empty()).then_some(example);
                self.report.changes.push(change);
            }
        }
        Ok(())
    }

    /// The values that a condition asks for.
    fn example(&mut self, formula: Formula, found: &mut crate::logic::Assignment) -> String {
        let asked = self.universe.logic.terms_of(&[formula]);
        let mut parts = Vec::new();
        let tables = self.tables;
        let mut places: Vec<_> = tables
            .new
            .body()
            .inputs
            .iter()
            .map(|f| self.universe.input(&f.wire))
            .collect();
        for slot in &self.flows[1].slots {
            places.push(self.universe.slot(&self.scope, &slot.name));
        }
        places.extend(
            self.universe
                .facts
                .iter()
                .map(|f| std::rc::Rc::clone(&f.place)),
        );
        for place in places {
            if super::witness::mentions(&place, &asked) {
                let value = place.value(&mut self.universe, Side::New, found);
                parts.push(match value {
                    Some(value) => format!("{} = {value}", place.name),
                    None => format!("{} is absent", place.name),
                });
            }
        }
        for question in &self.universe.questions {
            if asked.contains(&question.term) {
                let n = found.int(question.term).unwrap_or(0);
                parts.push(format!("{} = {n}", question.text));
            }
        }
        parts.join(", ")
    }
}
