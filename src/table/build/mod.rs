//! From a checked policy and its gates to the body of a table.
//!
//! | file | what it writes |
//! | --- | --- |
//! | `types` | types, enums, records, fields |
//! | `values` | constants, paths, expressions |
//! | `diagrams` | conditions and gates, as shared nodes over probes |
//! | `actions` | integrations, actions, facts, rules, limits |
//! | `words` | what a refusal says, and whether asking again can help |
//! | `flows` | flows with their runs inlined |
//! | `verify` | the comparison with the interpreter of the source |
//!
//! INVARIANT: everything is written in the policy's canonical order, so that moving declarations
//! about changes nothing in the body.

mod actions;
mod diagrams;
mod flows;
mod types;
mod values;
mod verify;
mod words;

use super::format::{Body, Ref};
use super::{Table, write};
use crate::diagnostics::{Code, Diagnostic};
use crate::gate::Gate;
use crate::logic::{AutomatonId, Term};
use crate::model::inline::Run;
use crate::model::{Action, Flow, Param, Policy, Type};
use crate::source::{Sources, Span};
use rustc_hash::FxHashMap;
use std::collections::BTreeSet;
use verify::Claim;

/// Why a policy has no table.
#[derive(Clone, Debug)]
pub struct Unbuildable {
    /// In words.
    pub why: String,
    /// What stands in the way.
    pub span: Span,
}

impl Unbuildable {
    /// As a finding.
    #[must_use]
    pub fn finding(&self) -> Diagnostic {
        Diagnostic::new(
            Code::FW290,
            format!("this policy has no table: {}", self.why),
            self.span,
            "here",
        )
        .note("A table is written only if it says the same as the interpreter of the source.")
        .help("simplify the conditions here; if they are simple, this is an error of the compiler: please report it")
    }
}

type Built<T> = Result<T, Unbuildable>;

/// Writes the body of a policy that was found free of errors.
///
/// # Errors
/// If a condition is too hard for the budget of work, the policy asks for something that the format
/// cannot say, or the body does not say the same as the interpreter of the source.
pub fn build(gate: &mut Gate<'_>) -> Built<Body> {
    let mut builder = written(gate)?;
    builder.verify()?;
    Ok(builder.body)
}

/// The body with what it claims, before anything is compared.
fn written<'g, 'a>(gate: &'g mut Gate<'a>) -> Built<Builder<'g, 'a>> {
    let policy = gate.encoder.policy();
    let mut builder = Builder {
        policy,
        gate,
        body: Body::default(),
        automata: FxHashMap::default(),
        probes: FxHashMap::default(),
        nodes: FxHashMap::default(),
        histories: FxHashMap::default(),
        questions: Vec::new(),
        claims: Vec::new(),
        tried: BTreeSet::new(),
    };
    builder.declarations()?;
    builder.actions()?;
    builder.flows()?;
    Ok(builder)
}

/// Seals a body into a table, with the digests of its sources.
///
/// # Errors
/// If the body breaks the table's contract: an error of the compiler, never of the policy.
pub fn seal(body: Body, sources: &Sources) -> Built<Table> {
    let whole = |why: String| Unbuildable {
        why,
        span: Span::default(),
    };
    // Where the policy lies on a machine is nobody's business: the same policy gives the same bytes anywhere.
    let root = sources.files().next().map_or("", |(_, f)| f.name());
    let digests = sources.files().map(|(_, f)| {
        let path = crate::model::load::relative(root, f.name());
        write::source_digest(&path, f.text().as_bytes())
    });
    let document = write::seal(body, digests.collect()).map_err(|e| whole(e.to_string()))?;
    Table::verified(document).map_err(|e| whole(e.to_string()))
}

struct Builder<'g, 'a> {
    policy: &'a Policy,
    gate: &'g mut Gate<'a>,
    body: Body,
    automata: FxHashMap<AutomatonId, u32>,
    /// By their JSON: equal probes are one.
    probes: FxHashMap<String, u32>,
    nodes: FxHashMap<(u32, Vec<i64>, Vec<Ref>), u32>,
    /// By their JSON.
    histories: FxHashMap<String, u32>,
    /// The terms that stand for each question about history.
    questions: Vec<Vec<Term>>,
    /// What is still to be compared with the interpreter.
    claims: Vec<Claim<'a>>,
    /// Automata whose texts were tried, with the classes that were told apart: all diagrams share them.
    tried: BTreeSet<(AutomatonId, Vec<i64>)>,
}

/// Where a path stands: what its root can be.
#[derive(Clone, Copy, Default)]
struct Place<'p> {
    params: &'p [Param],
    result: Option<&'p Type>,
    run: Option<(&'p Flow, &'p Run)>,
    element: Option<&'p Type>,
}

impl<'p> Place<'p> {
    /// A call of an action, or a proposal of one.
    fn call(action: &'p Action) -> Self {
        Self {
            params: &action.params,
            result: action.result.as_ref(),
            ..Self::default()
        }
    }

    fn run(flow: &'p Flow, run: &'p Run) -> Self {
        Self {
            run: Some((flow, run)),
            ..Self::default()
        }
    }
}

/// A length as an index.
fn index(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
