//! What `whatif` and `budget` say of the examples, against every run of them that the runtime can
//! be led through: the same ends in every scenario, in the same worst-case time, after the same
//! number of calls, with the same writes left standing or in doubt.
//!
//! The ordinary command plays the smaller examples; `FAILWAY_EXAMPLES=all` all of them, and a part of
//! a path the examples that have it.

use super::atlas::{Atlas, By, Edge, FOREVER, Signature, What, atlas};
use super::common::examples;
use failway::flow::budget::budget;
use failway::flow::whatif::{Row, Subject, When, matrix};
use failway::flow::{self, Picture};
use failway::gate;
use failway::model::{ActionId, Policy};
use failway::syntax::tree::FailureKind;
use failway::table::Table;
use std::collections::{BTreeMap, BTreeSet};

// ── Scenarios ────────────────────────────────────────────────────────────────

/// What goes wrong, by the table's names.
#[derive(Clone, Debug)]
enum Fault {
    Nothing,
    /// Actions with the ways in which their calls end.
    Calls(BTreeSet<(String, String)>),
    /// A state with the outcome of its step.
    Step(String, String),
    Event(String),
    Deadline,
    /// Anything goes; all, or all but events.
    Anything,
    Quiet,
}

const REFUSALS: [&str; 4] = ["denied", "limited", "declined", "expired"];
const BAD: [&str; 6] = [
    "stuck",
    "exhausted",
    "malformed",
    "no_answer",
    "unclear",
    "unreachable",
];

/// The same rules as the matrix has, for what the runtime was seen to do.
struct Scenario<'a> {
    atlas: &'a Atlas,
    fault: Fault,
    /// What may go wrong besides, before the scenario begins.
    before: When,
}

impl Scenario<'_> {
    fn all(&self) -> usize {
        match self.fault {
            Fault::Nothing | Fault::Anything | Fault::Quiet => 0,
            _ => 1,
        }
    }

    /// What has gone wrong behind an edge; none if it is no part of the scenario.
    fn along(&self, from: usize, edge: &Edge, mut phase: usize) -> Option<usize> {
        if let Fault::Anything = self.fault {
            return Some(0);
        }
        if let Fault::Quiet = self.fault {
            let event = edge.whats.iter().any(|w| matches!(w, What::Event(_)));
            return (!event).then_some(0);
        }
        let open = phase == 0 && self.before != When::Alone;
        for what in &edge.whats {
            let aside = matches!(what, What::Event(_) | What::Deadline);
            match self.what(from, what, phase) {
                Some(next) => phase = next,
                None if open && (!aside || self.before == When::AfterAnything) => {}
                None => return None,
            }
        }
        Some(phase)
    }

    fn what(&self, from: usize, what: &What, phase: usize) -> Option<usize> {
        match what {
            What::Event(event) => match &self.fault {
                Fault::Event(e) if e == event => Some(1),
                _ => None,
            },
            What::Deadline => matches!(self.fault, Fault::Deadline).then_some(1),
            What::Call {
                state,
                by,
                action,
                outcome,
                told,
                signature,
                ..
            } => {
                let (mut breaks, mut begun) = (false, false);
                if let Fault::Calls(ways) = &self.fault {
                    breaks = ways.contains(&(action.clone(), outcome.clone()));
                    let mut own = ways.iter().filter(|(a, _)| a == action);
                    begun = phase == 1
                        && match by {
                            By::Do => {
                                let possible = self.kinds(state, signature);
                                own.any(|(_, way)| possible.contains(way))
                            }
                            _ => own.next().is_some(),
                        };
                }
                let well = match by {
                    By::Do => outcome == "ok" || !self.can_go_well(state, signature, outcome),
                    By::Settle => outcome == "ok" || *told,
                    _ => outcome == "ok",
                };
                match (breaks, begun) {
                    (true, _) => Some(1),
                    (false, true) => None,
                    (false, false) => well.then_some(phase),
                }
            }
            What::Answer {
                state,
                agent,
                outcome,
                signature,
            } => {
                let mut begun = false;
                if let Fault::Step(at, wrong) = &self.fault
                    && at == state
                {
                    if wrong == outcome {
                        return Some(1);
                    }
                    begun = phase == 1;
                }
                if !begun && !BAD.contains(&outcome.as_str()) {
                    return Some(phase);
                }
                if !agent {
                    return None;
                }
                // An agent whose calls fail may give up.
                let may = &self.atlas.nodes[from].may;
                let broken = phase == 1
                    && matches!(&self.fault, Fault::Calls(ways)
                        if ways.iter().any(|(a, _)| may.contains(a)));
                let well = self.can_go_well(state, signature, outcome);
                (broken || !well).then_some(phase)
            }
        }
    }

    fn kinds(&self, state: &str, signature: &Signature) -> BTreeSet<String> {
        let key = (state.to_string(), signature.clone());
        self.atlas.kinds.get(&key).cloned().unwrap_or_default()
    }

    fn can_go_well(&self, state: &str, signature: &Signature, outcome: &str) -> bool {
        let kinds = self.kinds(state, signature);
        let refused = |k: &String| REFUSALS.contains(&k.as_str());
        let known = |k: &String| {
            let doing = ["ok", "answered"].contains(&k.as_str());
            doing || (!BAD.contains(&k.as_str()) && self.said(state, k))
        };
        kinds.iter().any(known) || (!REFUSALS.contains(&outcome) && kinds.iter().any(refused))
    }

    /// Whether an outcome is one that an agent reports.
    fn said(&self, state: &str, outcome: &str) -> bool {
        self.atlas
            .reports
            .contains(&(state.to_string(), outcome.to_string()))
    }
}

/// What can be found at an end.
#[derive(Clone, Default, Debug, PartialEq, Eq)]
struct Found {
    time: Option<i64>,
    calls: Option<i64>,
    standing: BTreeSet<String>,
    unsettled: BTreeSet<String>,
}

/// The ends of a scenario: the longest way to each.
fn play(scenario: &Scenario<'_>, order: &[usize]) -> BTreeMap<String, Found> {
    let atlas = scenario.atlas;
    let mut best: Vec<[Option<(i64, i64)>; 2]> = vec![[None; 2]; atlas.nodes.len()];
    for start in &atlas.starts {
        best[*start][0] = Some((0, 0));
    }
    let within = atlas.within.unwrap_or(FOREVER);
    for node in order {
        for phase in 0..2 {
            let Some((time, calls)) = best[*node][phase] else {
                continue;
            };
            for edge in &atlas.edges[*node] {
                let Some(next) = scenario.along(*node, edge, phase) else {
                    continue;
                };
                let mut at = time.saturating_add(edge.ms).min(FOREVER);
                if edge.late && at < within {
                    continue;
                }
                if edge.whats.contains(&What::Deadline) {
                    at = at.min(within + edge.in_flight);
                } else if !atlas.nodes[edge.to].net {
                    at = at.min(within);
                }
                let slot = &mut best[edge.to][next];
                let (t, c) = slot.unwrap_or((0, 0));
                *slot = Some((t.max(at), c.max(calls + edge.calls)));
            }
        }
    }
    let mut found: BTreeMap<String, Found> = BTreeMap::new();
    for (node, best) in atlas.nodes.iter().zip(&best) {
        let (Some(end), Some((time, calls))) = (&node.end, best[scenario.all()]) else {
            continue;
        };
        let entry = found.entry(end.clone()).or_default();
        entry.time = entry.time.max(Some(time));
        entry.calls = entry.calls.max(Some(calls));
        entry.standing.extend(node.standing.iter().cloned());
        entry.unsettled.extend(node.unsettled.iter().cloned());
    }
    for found in found.values_mut() {
        found.time = found.time.filter(|t| *t < FOREVER);
    }
    found
}

/// The nodes so that every edge leads on.
fn in_order(atlas: &Atlas) -> Vec<usize> {
    let mut order = Vec::new();
    let mut seen = vec![0_u8; atlas.nodes.len()];
    for start in &atlas.starts {
        let mut open = vec![(*start, 0)];
        while let Some((node, next)) = open.pop() {
            if next == 0 {
                if seen[node] != 0 {
                    continue;
                }
                seen[node] = 1;
            }
            match atlas.edges[node].get(next) {
                None => {
                    seen[node] = 2;
                    order.push(node);
                }
                Some(edge) => {
                    open.push((node, next + 1));
                    assert_ne!(seen[edge.to], 1, "a run goes round for ever");
                    open.push((edge.to, 0));
                }
            }
        }
    }
    order.reverse();
    order
}

// ── Comparing ────────────────────────────────────────────────────────────────

fn ways_of(policy: &Policy, action: ActionId) -> Vec<(String, bool)> {
    let action = policy.action(action);
    let failures = action.failures.iter();
    let mut all: Vec<_> = failures
        .map(|f| (f.name.clone(), f.kind != FailureKind::Permanent))
        .collect();
    all.push(("timeout".to_string(), true));
    all.push(("malformed".to_string(), false));
    all.extend(REFUSALS.map(|r| (r.to_string(), false)));
    all
}

/// All scenarios of a flow, each as the matrix calls it.
fn scenarios(policy: &Policy, picture: &Picture) -> Vec<(Subject, String, Fault)> {
    let mut all = vec![(Subject::Nothing, String::new(), Fault::Nothing)];
    let mut down: BTreeMap<_, BTreeSet<(String, String)>> = BTreeMap::new();
    for (action, i) in policy.actions.iter().zip(0..) {
        let id = ActionId(i);
        let name = &action.full_name;
        for (way, gone) in ways_of(policy, id) {
            let one = (name.clone(), way.clone());
            if gone {
                down.entry(action.integration)
                    .or_default()
                    .insert(one.clone());
            }
            let fault = Fault::Calls(BTreeSet::from([one]));
            all.push((Subject::Action(id), way, fault));
        }
    }
    for (id, ways) in down {
        all.push((Subject::Down(id), "down".to_string(), Fault::Calls(ways)));
    }
    for (event, i) in policy.events.iter().zip(0..) {
        let id = failway::model::EventId(i);
        let fault = Fault::Event(event.name.clone());
        all.push((Subject::Event(id), event.name.clone(), fault));
    }
    assert_eq!(picture.inlined.runs.len(), 1, "deadlines of inlined runs");
    all.push((Subject::Deadline(0), "reached".to_string(), Fault::Deadline));
    for (state, i) in policy.flows[picture.flow.index()].states.iter().zip(0..) {
        for outcome in state
            .outcomes
            .iter()
            .filter(|o| BAD.contains(&o.name.as_str()))
        {
            let at = Subject::Step((0, failway::model::StateId(i)));
            let fault = Fault::Step(state.name.clone(), outcome.name.clone());
            all.push((at, outcome.name.clone(), fault));
        }
    }
    all
}

/// What a row says.
fn told(policy: &Policy, picture: &Picture, row: &Row) -> BTreeMap<String, Found> {
    let names = |list: &[ActionId]| {
        let names = list.iter().map(|a| policy.action(*a).full_name.clone());
        names.collect::<BTreeSet<_>>()
    };
    let flow = &policy.flows[picture.flow.index()];
    let ends = row.outlook.ends.iter().map(|e| {
        let found = Found {
            time: e.time_ms,
            calls: e.calls,
            standing: names(&e.standing),
            unsettled: names(&e.unsettled),
        };
        (flow.ends[e.end.index()].name.clone(), found)
    });
    ends.collect()
}

/// What is said to be possible, but isn't: a look-up that tells nothing for a while is taken to tell
/// nothing however late it comes.
const BEYOND: [(&str, &str, &str); 1] = [("intake", "Deadline", "mail_in_doubt")];

#[derive(Default)]
struct Sum {
    scenarios: usize,
    ends: usize,
    nodes: usize,
    steps: usize,
    differences: Vec<String>,
}

fn compare(policy: &Policy, table: &Table, picture: &Picture, sum: &mut Sum) {
    let flow = &policy.flows[picture.flow.index()];
    let index = table.flow_index(&flow.name).unwrap() as usize;
    let atlas = atlas(table, index, 60_000);
    let atlas = atlas.unwrap_or_else(|| panic!("{} has too many sessions", flow.name));
    let order = in_order(&atlas);
    sum.nodes += atlas.nodes.len();
    sum.steps += atlas.steps;
    println!(
        "{}: {} nodes, {} steps",
        flow.name,
        atlas.nodes.len(),
        atlas.steps
    );
    let matrix = matrix(policy, picture).unwrap();
    for (subject, way, fault) in scenarios(policy, picture) {
        let row = matrix
            .rows
            .iter()
            .find(|r| r.subject == subject && (way.is_empty() || r.ways.contains(&way)));
        let said = row.map(|r| told(policy, picture, r)).unwrap_or_default();
        let at = format!("{}: {fault:?}", flow.name);
        let mut played = BTreeMap::new();
        let mut when = When::AfterAnything;
        for before in [When::Alone, When::AfterFailure, When::AfterAnything] {
            let fault = fault.clone();
            let scenario = Scenario {
                atlas: &atlas,
                fault,
                before,
            };
            played = play(&scenario, &order);
            if !played.is_empty() {
                when = before;
                break;
            }
        }
        sum.scenarios += 1;
        sum.ends += played.len();
        if let Some(row) = row
            && row.outlook.when != when
        {
            let difference = format!("{at} is {:?}, played {when:?}", row.outlook.when);
            sum.differences.push(difference);
        }
        let ends: BTreeSet<&String> = said.keys().chain(played.keys()).collect();
        for end in ends {
            let beyond = (flow.name.as_str(), &*format!("{fault:?}"), end.as_str());
            if BEYOND.contains(&beyond) && !played.contains_key(end) {
                continue;
            }
            let (said, mut played) = (said.get(end), played.get(end).cloned());
            // Where time tells what a look-up says, the longest way is only a bound.
            if let (Some(said), Some(played), true) = (said, &mut played, atlas.ages) {
                if said.time.is_none() || played.time <= said.time {
                    played.time = said.time;
                }
                if played.calls <= said.calls {
                    played.calls = said.calls;
                }
            }
            if said != played.as_ref() {
                let difference = format!("{at} at {end}:\n  said   {said:?}\n  played {played:?}");
                sum.differences.push(difference);
            }
        }
    }
    // The budget: all runs, and those without events.
    let budget = budget(policy, picture).unwrap();
    let most = |fault: Fault| {
        let scenario = Scenario {
            atlas: &atlas,
            fault,
            before: When::Alone,
        };
        let ends = play(&scenario, &order);
        let time = ends.values().map(|f| f.time.unwrap_or(FOREVER)).max();
        let calls = ends.values().map(|f| f.calls.unwrap_or(FOREVER)).max();
        (time, calls)
    };
    let said = (budget.time.most, budget.with_events.most, budget.calls.most);
    let ((quiet, _), (all, calls)) = (most(Fault::Quiet), most(Fault::Anything));
    let less = |a: Option<i64>, b: Option<i64>| b.is_none() || a <= b;
    let within = less(quiet, said.0) && less(all, said.1) && less(calls, said.2);
    if said != (quiet, all, calls) && !(within && atlas.ages) {
        let played = (quiet, all, calls);
        let difference = format!("{} takes {said:?}, played {played:?}", flow.name);
        sum.differences.push(difference);
    }
}

/// Examples with few thousand sessions.
const SMALLER: [&str; 2] = ["human-approval", "lead-intake"];

#[test]
fn examples_break_as_the_matrix_says() {
    let wanted = std::env::var("FAILWAY_EXAMPLES").ok();
    let wanted: Vec<&str> = match wanted.as_deref() {
        None => SMALLER.to_vec(),
        Some("all") => vec![""],
        Some(part) => vec![part],
    };
    let mut sum = Sum::default();
    for (path, files) in examples() {
        let path = path.display().to_string();
        if !wanted.iter().any(|w| path.contains(w)) {
            continue;
        }
        let (checked, table) = failway::compile("main.failway", &files).unwrap();
        let (policy, table) = (&checked.policy, table.unwrap());
        let (mut gate, _) = gate::build(policy, 1);
        for picture in flow::pictures(&mut gate, &mut Vec::new()) {
            compare(policy, &table, &picture, &mut sum);
        }
    }
    println!(
        "{} scenarios, {} ends, {} sessions, {} steps",
        sum.scenarios, sum.ends, sum.nodes, sum.steps
    );
    assert!(sum.ends > 0, "nothing was played");
    assert!(sum.differences.is_empty(), "{}", sum.differences.join("\n"));
}
