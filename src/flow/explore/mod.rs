//! The one shared picture of a flow: breadth-first exploration of everything that a run can do.
//!
//! A *configuration* is a state together with all that the past can still matter for: what became
//! of the calls made, which slots are bound, which guards were passed, how often bounded states were
//! entered, how many attempts this entry has made, and which events and deadlines are spent. Equal
//! configurations are one, so the exploration ends; each remembers the step that reached it first,
//! so that every finding has a shortest path. (Clarke, Emerson, Sistla 1986 explore state spaces so;
//! the abstraction of counts that stop mattering is the usual saturation.)
//!
//! | file | what it holds |
//! | --- | --- |
//! | `config`, `runs` | a configuration; the runs and states that it speaks of |
//! | `steps` | what each kind of state does |
//! | `outcome` | an outcome and its handlers: guards, retries |
//! | `moves` | edges: into states, past full ones, to ends, back from runs |
//! | `aside` | events and deadlines |
//! | `known` | what is known in a configuration, put to the solver |
//! | `keyed` | questions about history with a key |
//! | `told` | facts that calls of the flow have told |
//! | `live` | what can still matter in a state |
//! | `meant` | calls that are by their arguments the undo or the confirmation of a write |
//! | `owed` | undoing and confirming calls that the gate may refuse |
//! | `report`, `uses` | findings with their shortest paths |

mod aside;
mod config;
mod keyed;
mod known;
mod live;
mod meant;
mod moves;
mod outcome;
mod owed;
mod report;
mod runs;
mod steps;
mod told;
mod uses;

use super::graph::Graph;
use super::guards::{Facts, Guard};
use super::history::Caps;
use super::picture::Picture;
use super::possible::{Memo, asked};
use crate::diagnostics::{Code, Diagnostic};
use crate::gate::{Gate, Scope};
use crate::logic::Term;
use crate::model::inline::{self, Inlined};
use crate::model::{Cond, FlowId, HistoryTerm, Policy, Root, State, StateId, Step};
use crate::source::Span;
pub use config::Config;
use live::Live;
pub use outcome::ATTEMPTS_MAX;
use runs::{Callers, Runs};
use rustc_hash::FxHashMap;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// The most configurations of one flow.
const CONFIGURATIONS_MAX: usize = 400_000;
/// The most hops between them.
const HOPS_MAX: usize = 4_000_000;

struct Explorer<'p, 'g, 'a> {
    policy: &'a Policy,
    gate: &'g mut Gate<'a>,
    runs: Runs<'p, 'a>,
    caps: Caps,
    facts: Facts,
    guards: Guards,
    terms: Vec<(Term, HistoryTerm)>,
    memo: Memo,
    links: told::Links,
    live: Live,
    queue: VecDeque<usize>,
    picture: Picture,
    findings: Vec<Diagnostic>,
    /// What was reported, so that one cause is one report.
    reported: BTreeSet<(Span, String)>,
    first_position: i64,
    /// A step alone can come out in more ways than can be looked at.
    stopped: bool,
}

/// The guards of a flow.
#[derive(Default)]
struct Guards {
    /// Of handlers and branches, by run, state and index.
    of_states: FxHashMap<(u32, StateId, usize), Guard>,
    /// Of event edges, by run and place.
    of_events: FxHashMap<(u32, Span), Guard>,
}

/// Explores a flow. Reports what no handler takes, guards that overlap or leave gaps, and slots
/// that are used before they are bound.
pub(super) fn explore<'a>(
    gate: &mut Gate<'a>,
    flow: FlowId,
    inlined: Inlined,
    findings: &mut Vec<Diagnostic>,
) -> Picture {
    let policy = gate.encoder.policy();
    let callers = Callers::new(policy, &inlined);
    let runs = Runs {
        policy,
        inlined: &inlined,
        callers: &callers,
    };
    let mut facts = Facts::default();
    let guards = guards(gate, flow, runs, &mut facts, findings);
    let terms = asked(gate);
    let questions: Vec<HistoryTerm> = terms.iter().map(|(_, h)| h.clone()).collect();
    let mut explorer = Explorer {
        policy,
        runs,
        caps: Caps::new(policy, &questions),
        facts,
        guards,
        terms,
        memo: Memo::default(),
        links: told::Links::default(),
        live: Live::new(runs),
        queue: VecDeque::new(),
        picture: Picture {
            flow,
            inlined: Inlined { runs: Vec::new() },
            reached: BTreeSet::new(),
            edges: BTreeSet::new(),
            happened: BTreeSet::new(),
            again: BTreeMap::new(),
            undoes: runs.undoes(),
            graph: Graph::default(),
            whole: true,
        },
        findings: Vec::new(),
        reported: BTreeSet::new(),
        first_position: i64::from(inline::first_position(policy, flow)),
        stopped: false,
        gate,
    };
    explorer.start();
    while let Some(at) = explorer.queue.pop_front() {
        explorer.node(at);
        let graph = &explorer.picture.graph;
        if graph.len() > CONFIGURATIONS_MAX || graph.hops().len() > HOPS_MAX || explorer.stopped {
            explorer.too_many();
            break;
        }
    }
    explorer.gave_up();
    let (mut picture, found) = (explorer.picture, explorer.findings);
    for f in found {
        if !findings.contains(&f) {
            // What is owed and refused is no way that the exploration hasn't gone.
            picture.whole &= f.code == Code::FW409;
            findings.push(f);
        }
    }
    picture.graph.finish();
    picture.inlined = inlined;
    picture
}

/// Encodes all guards of a flow.
fn guards<'a>(
    gate: &mut Gate<'a>,
    root: FlowId,
    runs: Runs<'_, 'a>,
    facts: &mut Facts,
    findings: &mut Vec<Diagnostic>,
) -> Guards {
    let mut made = Guards::default();
    for (run, _) in (0..).zip(&runs.inlined.runs) {
        let Some(def) = runs.flow(run) else {
            continue;
        };
        let scope = Scope::run(runs.policy, root, runs.inlined, run);
        let slot = |path: &crate::model::Path| match path.root {
            Root::Fact(id) => runs.fact_slots(run, id),
            _ => runs.slot_of(run, path).into_iter().collect(),
        };
        for (state, id) in def.states.iter().zip(0..) {
            for (i, cond) in guards_of(state) {
                if let Some(g) = facts.guard(gate, cond, &scope, &slot, findings) {
                    made.of_states.insert((run, StateId(id), i), g);
                }
            }
        }
        let own = def.states.iter().flat_map(|s| &s.events);
        for edge in own.chain(&def.events) {
            if let Some(cond) = &edge.when
                && let Some(g) = facts.guard(gate, cond, &scope, &slot, findings)
            {
                made.of_events.insert((run, edge.span), g);
            }
        }
    }
    made
}

/// The guards of a state's branches and handlers, with their numbers.
fn guards_of(state: &State) -> Vec<(usize, &Cond)> {
    match &state.step {
        Step::Choose { branches, .. } => branches
            .iter()
            .enumerate()
            .map(|(i, (c, ..))| (i, c))
            .collect(),
        _ => state
            .handlers
            .iter()
            .enumerate()
            .filter_map(|(i, h)| h.when.as_ref().map(|c| (i, c)))
            .collect(),
    }
}
