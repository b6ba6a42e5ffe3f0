//! Planted defects: clean flows are changed in ways that people get wrong, and whatever changes what
//! happens for the worse has to be found, with the right code and a path that the runtime can follow.
//!
//! What is worse is told by runs of the runtime, which know nothing of the checks: an end with a write
//! in doubt or standing that doesn't say so, an outcome without a handler, a step refused for an
//! earlier call in doubt, a run that doesn't end.
//!
//! `FAILWAY_MUTANTS=all` takes every mutant of every flow, `FAILWAY_MUTANTS=5` every fifth one;
//! `FAILWAY_SHOW=1` lists what survives.

use super::atlas::follow;
use super::common::{Memory, examples, home, said};
use super::flows::{World, mood, next};
use failway::Checked;
use failway::diagnostics::Diagnostic;
use failway::model::Policy;
use failway::runtime::session::Fate;
use failway::runtime::{Session, Trace};
use failway::source::FileId;
use failway::syntax;
use failway::syntax::tree::EndClass;
use failway::syntax::tree::{
    ActionClause, Flow, FlowItem, Handler, ItemKind, State, StateItem, StepKind,
};
use failway::table::{Table, build};
use fastrand::Rng;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::time::{Duration, Instant};

/// A clean policy, by name: its main file, and the others.
pub fn clean() -> Vec<(String, Memory)> {
    let mut all: Vec<(String, Memory)> = examples()
        .into_iter()
        .map(|(path, files)| {
            (
                path.file_stem().unwrap().to_str().unwrap().to_string(),
                files,
            )
        })
        .collect();
    let mut files: Vec<_> = std::fs::read_dir(home().join("tests/flows"))
        .unwrap()
        .map(|e| e.unwrap().path())
        .collect();
    files.sort();
    for path in files {
        let text = std::fs::read_to_string(&path).unwrap();
        let name = path.file_stem().unwrap().to_str().unwrap().to_string();
        all.push((name, Memory::one(&text)));
    }
    all
}

fn states(text: &str) -> usize {
    text.lines()
        .filter(|l| l.trim_start().starts_with("state "))
        .count()
}

#[test]
fn clean_flows_raise_nothing() {
    let mut flows = 0;
    for (name, files) in clean() {
        let checked = failway::check("main.failway", &files).unwrap();
        assert_eq!(said(&checked.findings), Vec::<String>::new(), "{name}");
        flows += usize::from(states(&files.0["main.failway"]) >= 5);
    }
    assert!(flows >= 25, "{flows}");
}

// ── Mutants ──────────────────────────────────────────────────────────────────

pub struct Mutant {
    pub operator: &'static str,
    pub what: String,
    pub text: String,
}

struct Maker<'t> {
    text: &'t str,
    made: Vec<Mutant>,
}

impl Maker<'_> {
    /// The text with several places replaced.
    fn change(
        &mut self,
        operator: &'static str,
        what: String,
        mut edits: Vec<(Range<usize>, String)>,
    ) {
        let mut text = self.text.to_string();
        edits.sort_by_key(|(range, _)| range.start);
        for (range, by) in edits.into_iter().rev() {
            text.replace_range(range, &by);
        }
        if text != self.text {
            self.made.push(Mutant {
                operator,
                what,
                text,
            });
        }
    }
}

pub fn mutants(text: &str) -> Vec<Mutant> {
    let mut maker = Maker {
        text,
        made: Vec::new(),
    };
    let (tree, _) = syntax::parse(FileId(0), text);
    for item in &tree.items {
        match &item.kind {
            ItemKind::Integration(integration) => {
                for action in &integration.actions {
                    for clause in &action.clauses {
                        clauses(
                            &mut maker,
                            &integration.name.name,
                            &action.name.name,
                            clause,
                        );
                    }
                }
            }
            ItemKind::Rule(rule) if text[item.span.range()].starts_with("allow ") => {
                maker.change(
                    "drop an allow",
                    rule.name.name.clone(),
                    vec![(item.span.range(), String::new())],
                );
            }
            ItemKind::Flow(flow) => of_flow(&mut maker, flow),
            _ => {}
        }
    }
    maker.made
}

fn clauses(maker: &mut Maker<'_>, integration: &str, action: &str, clause: &ActionClause) {
    let name = format!("{integration}.{action}");
    let refuse = |maker: &mut Maker<'_>, operator, by: &failway::syntax::tree::ActionRef| {
        let owner = by
            .integration
            .as_ref()
            .map_or(integration, |i| i.name.as_str());
        let at = maker.text.find("\nflow ").map(|at| at..at);
        let Some(at) = at else { return };
        let rule = format!(
            "\ninput mutant_closed: bool\ndeny mutant: {owner}.{} when mutant_closed because \"planted\"\n",
            by.action.name
        );
        maker.change(operator, name.clone(), vec![(at, rule)]);
    };
    match clause {
        ActionClause::Writes {
            idempotent: Some(key),
            ..
        } => {
            maker.change(
                "not idempotent",
                name,
                vec![(key.span.range(), String::new())],
            );
        }
        ActionClause::Undo {
            action,
            tolerant,
            span,
            ..
        } => {
            refuse(maker, "refuse the undo", action);
            if let Some(tolerant) = tolerant {
                maker.change(
                    "not tolerant",
                    name.clone(),
                    vec![(tolerant.range(), String::new())],
                );
            }
            maker.change(
                "drop the undo clause",
                name,
                vec![(span.range(), String::new())],
            );
        }
        ActionClause::Confirm { action, span, .. } => {
            refuse(maker, "refuse the confirm", action);
            maker.change(
                "drop the confirm clause",
                name,
                vec![(span.range(), String::new())],
            );
        }
        _ => {}
    }
}

fn of_flow(maker: &mut Maker<'_>, flow: &Flow) {
    let states: Vec<&State> = flow
        .items
        .iter()
        .filter_map(|i| match i {
            FlowItem::State(s) => Some(s),
            _ => None,
        })
        .collect();
    let goals: Vec<String> = flow
        .items
        .iter()
        .filter_map(|i| match i {
            FlowItem::State(s) => Some(s.name.name.clone()),
            FlowItem::End(e) => Some(e.name.name.clone()),
            _ => None,
        })
        .collect();
    for item in &flow.items {
        if let FlowItem::End(end) = item {
            let text = &maker.text[end.span.range()];
            let at = |word: &str| text.find(word).map(|i| end.span.range().start + i);
            let stop = end.span.range().end;
            if let Some(from) = at(" keeps ") {
                let to = at(" leaves ").filter(|l| *l > from).unwrap_or(stop);
                maker.change(
                    "drop keeps",
                    end.name.name.clone(),
                    vec![(from..to, String::new())],
                );
            }
            if let Some(from) = at(" leaves ") {
                let to = at(" keeps ").filter(|k| *k > from).unwrap_or(stop);
                maker.change(
                    "drop leaves",
                    end.name.name.clone(),
                    vec![(from..to, String::new())],
                );
            }
            if let Some(from) = at(" success") {
                maker.change(
                    "success is none",
                    end.name.name.clone(),
                    vec![(from..from + 8, " fallback".to_string())],
                );
            }
        }
    }
    // Everything that leads to a state leads past it instead.
    for state in &states {
        let (operator, outcome) = match step(state) {
            Some(StepKind::Settle { .. }) => ("drop a settle", "absent"),
            Some(StepKind::Unwind { .. }) => ("drop an unwind", "clean"),
            _ => continue,
        };
        let Some(past) = handlers(state)
            .find(|h| h.outcomes.iter().any(|o| o.name == outcome))
            .map(|h| h.to.name.clone())
        else {
            continue;
        };
        let all = failway_targets(flow, &state.name.name);
        let edits = all.into_iter().map(|range| (range, past.clone())).collect();
        maker.change(operator, state.name.name.clone(), edits);
    }
    for (s, state) in states.iter().enumerate() {
        for item in &state.items {
            if let StateItem::Visits { span, .. } = item {
                maker.change(
                    "drop visits",
                    state.name.name.clone(),
                    vec![(span.range(), String::new())],
                );
            }
        }
        if let Some(StepKind::Unwind { actions }) = step(state)
            && actions.len() > 1
        {
            for (i, action) in actions.iter().enumerate() {
                let range = match actions.get(i + 1) {
                    Some(next) => action.span.range().start..next.span.range().start,
                    None => actions[i - 1].span.range().end..action.span.range().end,
                };
                maker.change(
                    "undo one less",
                    format!("{} {}", state.name.name, action.action.name),
                    vec![(range, String::new())],
                );
            }
        }
        for (h, handler) in handlers(state).enumerate() {
            let outcomes: Vec<&str> = handler.outcomes.iter().map(|o| o.name.as_str()).collect();
            let what = format!("{} on {}", state.name.name, outcomes.join("|"));
            maker.change(
                "drop a handler",
                what.clone(),
                vec![(handler.span.range(), String::new())],
            );
            for k in 0..2 {
                let to = &goals[(s * 7 + h * 3 + k * 5 + 1) % goals.len()];
                if *to != handler.to.name {
                    maker.change(
                        "redirect",
                        format!("{what} -> {to}"),
                        vec![(handler.to.span.range(), to.clone())],
                    );
                }
            }
            let doubt = outcomes
                .iter()
                .any(|o| ["timeout", "malformed"].contains(o));
            if !doubt || !matches!(step(state), Some(StepKind::Do { .. })) {
                continue;
            }
            maker.change(
                "round again",
                what.clone(),
                vec![(handler.to.span.range(), state.name.name.clone())],
            );
            match &handler.retry {
                None => {
                    let from = handler.span.range().start;
                    let arrow = maker.text[from..handler.to.span.range().start].rfind("->");
                    if let Some(at) = arrow {
                        let at = from + at;
                        maker.change(
                            "retry blindly",
                            what,
                            vec![(at..at, "retry 2 backoff 1s..4s ".to_string())],
                        );
                    }
                }
                Some(retry) => {
                    maker.change("no retry", what, vec![(retry.span.range(), String::new())]);
                }
            }
        }
    }
}

fn step(state: &State) -> Option<&StepKind> {
    state.items.iter().find_map(|i| match i {
        StateItem::Step(step) => Some(&step.kind),
        _ => None,
    })
}

fn handlers(state: &State) -> impl Iterator<Item = &Handler> {
    state.items.iter().filter_map(|i| match i {
        StateItem::Handler(h) => Some(h),
        _ => None,
    })
}

/// Where a flow's edges name a state.
fn failway_targets(flow: &Flow, name: &str) -> Vec<Range<usize>> {
    let mut all = Vec::new();
    let mut add = |to: &failway::syntax::tree::Ident| {
        if to.name == name {
            all.push(to.span.range());
        }
    };
    for item in &flow.items {
        match item {
            FlowItem::Start { to, .. } | FlowItem::Within { to: Some(to), .. } => add(to),
            FlowItem::Handlers { handlers, .. } => handlers.iter().for_each(|h| add(&h.to)),
            FlowItem::Handler(h) => add(&h.to),
            FlowItem::State(state) => {
                for item in &state.items {
                    match item {
                        StateItem::Visits { to, .. }
                        | StateItem::When { to, .. }
                        | StateItem::Otherwise { to, .. } => add(to),
                        StateItem::Handler(h) => add(&h.to),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    all
}

// ── The oracle ───────────────────────────────────────────────────────────────

/// A table of a policy, whatever the checks of its flows say.
fn table(checked: &Checked) -> Option<Table> {
    let (mut gate, _) = failway::gate::build(&checked.policy, 1);
    build::build(&mut gate)
        .and_then(|body| build::seal(body, &checked.sources))
        .ok()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Worse {
    Unhandled,
    LeftInDoubt,
    LeftStanding,
    RefusedInDoubt,
    Endless,
}

impl Worse {
    /// The codes of which one has to be among the findings.
    fn codes(self) -> &'static [&'static str] {
        match self {
            Self::Unhandled => &[
                "FW301", "FW306", "FW311", "FW401", "FW402", "FW406", "FW407",
            ],
            Self::LeftInDoubt => &["FW403"],
            Self::LeftStanding => &["FW404"],
            Self::RefusedInDoubt => &["FW401", "FW402", "FW406", "FW407"],
            Self::Endless => &["FW305", "FW314"],
        }
    }
}

/// What is wrong at the end that a run has come to.
fn at_end(policy: &Policy, session: &Session) -> BTreeSet<Worse> {
    let mut found = BTreeSet::new();
    let Some((flow, end)) = session
        .run()
        .and_then(|r| Some((r.flow, r.end.as_ref()?.end)))
    else {
        return found;
    };
    let end = &policy.flows[flow as usize].ends[end as usize];
    for call in session.calls().iter().filter(|c| c.effect == c.id) {
        let action = &policy.actions[call.action as usize];
        let is = |list: &[failway::model::ActionId]| list.iter().any(|a| a.0 == call.action);
        if call.fate == Fate::Unsettled && !is(&end.leaves) {
            found.insert(Worse::LeftInDoubt);
        }
        if call.fate == Fate::Happened
            && action.undo.is_some()
            && end.class != EndClass::Success
            && !is(&end.keeps)
        {
            found.insert(Worse::LeftStanding);
        }
    }
    found
}

/// What goes wrong in random runs of all flows.
fn oracle(policy: &Policy, table: &Table, runs: usize) -> BTreeSet<Worse> {
    let mut worse = BTreeSet::new();
    let mut rng = Rng::with_seed(7);
    for flow in 0..table.body().flows.len() {
        for _ in 0..runs {
            let (mut w, start) = World::fresh(&mut rng, table, flow);
            let mood = mood(&mut rng);
            let mut request = start;
            for round in 0.. {
                if round > 1_500 {
                    worse.insert(Worse::Endless);
                    break;
                }
                match w.try_step(request) {
                    Ok(trace) => {
                        let refused = |t: &Trace| matches!(t, Trace::Decided { verdict, .. } if verdict.rule.as_deref() == Some("unsettled"));
                        // An agent may be refused as it likes.
                        let agent = w.open_is_agent();
                        if trace.iter().any(refused) && !agent {
                            worse.insert(Worse::RefusedInDoubt);
                        }
                    }
                    Err(code) if code == "no_handler" => {
                        worse.insert(Worse::Unhandled);
                        break;
                    }
                    Err(code) if code == "endless" => {
                        worse.insert(Worse::Endless);
                        break;
                    }
                    Err(_) => {}
                }
                if w.over() {
                    worse.extend(at_end(policy, &w.session));
                    break;
                }
                request = next(&mut rng, &mut w, mood, round < 40);
            }
        }
    }
    worse
}

// ── Paths ────────────────────────────────────────────────────────────────────

/// The outcomes, events, deadlines and the end that a finding's path names, in order.
fn told(finding: &Diagnostic) -> Option<Vec<String>> {
    let path = finding.witness.as_ref()?.data.get("path")?.as_array()?;
    let mut all = Vec::new();
    for step in path {
        match step.get("then").and_then(|t| t.as_str()) {
            Some(then) => all.extend(
                then.split(", ")
                    .filter(|p| {
                        !p.starts_with("tried again")
                            && !p.starts_with("starts")
                            && !p.starts_with("chooses")
                            && !p.contains(" for the ")
                            && !p.starts_with("the agent calls")
                    })
                    .map(str::to_string),
            ),
            None => {
                let state = step.get("state")?.as_str()?;
                if state.starts_with("end ") {
                    all.push(state.to_string());
                }
            }
        }
    }
    Some(all)
}

fn seen(trace: &[Trace]) -> Vec<String> {
    trace
        .iter()
        .filter_map(|t| match t {
            Trace::Outcome { outcome, .. } => Some(outcome.clone()),
            Trace::Event { event, effect } if format!("{effect:?}") == "Taken" => {
                Some(format!("event {event}"))
            }
            Trace::Deadline { .. } => Some("the deadline".to_string()),
            Trace::Ended { end, .. } => Some(format!("end {end}")),
            _ => None,
        })
        .collect()
}

/// The most steps for following one path.
const PATH_STEPS: usize = 4_000;

// ── Both together ────────────────────────────────────────────────────────────

#[derive(Default)]
struct Tally {
    made: usize,
    found: usize,
    worse: usize,
    worse_found: usize,
    right: usize,
    paths: usize,
    followed: usize,
}

#[test]
fn planted_defects_are_found() {
    let wanted = std::env::var("FAILWAY_MUTANTS").ok();
    let all = wanted.is_some();
    // The ordinary command takes a few.
    let each = match wanted.as_deref() {
        None => 61,
        Some("all") => 1,
        Some(n) => n.parse().unwrap(),
    };
    let show = std::env::var("FAILWAY_SHOW").is_ok();
    let mut by_operator: BTreeMap<&'static str, Tally> = BTreeMap::new();
    let mut survivors = Vec::new();
    let mut lost = Vec::new();
    let mut number = 0_usize;
    // Where the time goes: checks, tables, runs, paths.
    let mut spent = [Duration::ZERO; 4];
    let mut took = |what: usize, since: Instant| spent[what] += since.elapsed();
    for (name, files) in clean() {
        let text = files.0["main.failway"].clone();
        // And only of the smaller flows.
        if !all && states(&text) > 14 {
            continue;
        }
        // What takes long says how far it is.
        let sum = |f: &dyn Fn(&Tally) -> usize| by_operator.values().map(f).sum::<usize>();
        println!(
            "{name}, after {} mutants, {} worse, {} with the right code",
            sum(&|t| t.made),
            sum(&|t| t.worse),
            sum(&|t| t.right)
        );
        for mutant in mutants(&text) {
            number += 1;
            if !number.is_multiple_of(each) {
                continue;
            }
            let mut changed = files.0.clone();
            changed.insert("main.failway".to_string(), mutant.text.clone());
            let since = Instant::now();
            let Ok(checked) = failway::check("main.failway", &Memory(changed)) else {
                continue;
            };
            took(0, since);
            let tally = by_operator.entry(mutant.operator).or_default();
            tally.made += 1;
            let codes: BTreeSet<&str> = checked.findings.iter().map(|f| f.code.as_str()).collect();
            tally.found += usize::from(!codes.is_empty());
            let since = Instant::now();
            let Some(table) = table(&checked) else {
                continue;
            };
            took(1, since);
            let since = Instant::now();
            let worse = oracle(&checked.policy, &table, if all { 60 } else { 25 });
            took(2, since);
            if !worse.is_empty() {
                tally.worse += 1;
                tally.worse_found += usize::from(!codes.is_empty());
                let wrong: Vec<_> = worse
                    .iter()
                    .filter(|w| !w.codes().iter().any(|c| codes.contains(c)))
                    .collect();
                if wrong.is_empty() {
                    tally.right += 1;
                } else {
                    survivors.push(format!(
                        "{name}: {}: {}: {wrong:?}, {codes:?}",
                        mutant.operator, mutant.what
                    ));
                }
            }
            let since = Instant::now();
            for finding in &checked.findings {
                let wanted = match finding.code.as_str() {
                    "FW403" => Worse::LeftInDoubt,
                    "FW404" => Worse::LeftStanding,
                    _ => continue,
                };
                let Some(path) = told(finding) else { continue };
                let span = finding.span();
                let flow = checked.policy.flows.iter().position(|f| {
                    f.span.file == span.file && f.span.range().contains(&span.range().start)
                });
                let Some(flow) = flow else { continue };
                tally.paths += 1;
                let holds = |s: &Session| at_end(&checked.policy, s).contains(&wanted);
                if follow(&table, flow, &path, &seen, &holds, PATH_STEPS) {
                    tally.followed += 1;
                } else {
                    lost.push(format!(
                        "{name}: {}: {}: {} {path:?}",
                        mutant.operator, mutant.what, finding.code
                    ));
                }
            }
            took(3, since);
        }
    }
    let mut sum = Tally::default();
    println!(
        "{:<24} made found worse found right paths followed",
        "operator"
    );
    for (operator, t) in &by_operator {
        println!(
            "{operator:<24} {:>4} {:>5} {:>5} {:>5} {:>5} {:>5} {:>8}",
            t.made, t.found, t.worse, t.worse_found, t.right, t.paths, t.followed
        );
        sum.made += t.made;
        sum.worse += t.worse;
        sum.worse_found += t.worse_found;
        sum.right += t.right;
        sum.paths += t.paths;
        sum.followed += t.followed;
    }
    println!(
        "{} mutants, {} worse, {} of them found, {} with the right code; {} of {} paths followed",
        sum.made, sum.worse, sum.worse_found, sum.right, sum.followed, sum.paths
    );
    if show {
        println!("checks, tables, runs, paths: {spent:?}");
        println!(
            "{}\n\npaths not followed:\n{}",
            survivors.join("\n"),
            lost.join("\n")
        );
    }
    assert!(sum.made >= 20, "{}", sum.made);
    assert!(survivors.is_empty(), "{}", survivors.join("\n"));
    // Some paths need values that random replies rarely have.
    assert!(sum.followed * 10 >= sum.paths * 9, "{}", lost.join("\n"));
}
