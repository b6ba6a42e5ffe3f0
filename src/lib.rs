//! Failway: what an AI may do, and what happens when something breaks, proven complete before
//! anything runs.
//!
//! The road from a source file to a decision: [`model::load`] reads the files, [`model::check`]
//! resolves them into a policy, [`gate`] turns the rules into one diagram per action, [`flow`]
//! looks at everything that can happen in the flows, [`table`] writes it all down, and [`runtime`]
//! enforces what is written there.

pub mod allow;
pub mod ci;
pub mod cli;
pub mod config;
pub mod diagnostics;
pub mod diff;
pub mod fixes;
pub mod flow;
pub mod gate;
pub mod interp;
pub mod logic;
pub mod lsp;
pub mod model;
pub mod pictures;
pub mod runtime;
pub mod source;
pub mod style;
pub mod syntax;
pub mod table;
pub mod testing;

pub mod vectors;
pub mod words;

use allow::{Allowed, Part};
use diagnostics::Diagnostic;
use model::Policy;
use model::load::Loader;
use source::Sources;
use table::Table;

/// What is known of a policy after checking it.
#[derive(Debug)]
pub struct Checked {
    /// Its files, the root first.
    pub sources: Sources,
    /// All that is right in it.
    pub policy: Policy,
    /// All that is not, by place.
    pub findings: Vec<Diagnostic>,
    /// What a comment in the source allows.
    pub allowed: Vec<Allowed>,
    /// Allowances without use in files that are brought in: of use, perhaps, to another policy.
    pub unused_elsewhere: Vec<Diagnostic>,
}

/// Checks the policy whose root file is at `root`, with all files that it uses.
///
/// # Errors
/// Why the root file cannot be read, as a sentence for the user.
pub fn check(root: &str, loader: &dyn Loader) -> Result<Checked, String> {
    check_watched(root, loader, 1, &mut |_| {})
}

/// The same, with `effort` times the usual work for a question before it is given up by name; says
/// after each phase which one it was, for whoever measures.
///
/// # Errors
/// Why the root file cannot be read, as a sentence for the user.
pub fn check_watched(
    root: &str,
    loader: &dyn Loader,
    effort: u32,
    after: &mut dyn FnMut(&'static str),
) -> Result<Checked, String> {
    run(root, loader, false, effort, after).map(|(checked, _)| checked)
}

/// Checks the policy whose root file is at `root` and, if it has no errors, compiles it to a table
/// that was compared with the interpreter of the source. Without a table there is an error among
/// the findings.
///
/// # Errors
/// Why the root file cannot be read, as a sentence for the user.
pub fn compile(root: &str, loader: &dyn Loader) -> Result<(Checked, Option<Table>), String> {
    compile_with(root, loader, 1)
}

/// The same, with `effort` times the usual work for a question before it is given up by name.
///
/// # Errors
/// Why the root file cannot be read, as a sentence for the user.
pub fn compile_with(
    root: &str,
    loader: &dyn Loader,
    effort: u32,
) -> Result<(Checked, Option<Table>), String> {
    run(root, loader, true, effort, &mut |_| {})
}

/// Advice on how a policy reads, for those who ask for it: it changes nothing about what is decided.
/// The places are those in the sources that [`check`] gives.
///
/// # Errors
/// Why the root file cannot be read, as a sentence for the user.
pub fn style(root: &str, loader: &dyn Loader) -> Result<Vec<Diagnostic>, String> {
    let loaded = model::load::load(root, loader);
    match loaded.unreadable {
        Some(why) => Err(why),
        None => Ok(styled(&loaded).0),
    }
}

/// Adds the advice on how a policy reads to what is known of it.
///
/// # Errors
/// Why the root file cannot be read, as a sentence for the user.
pub fn add_style(checked: &mut Checked, root: &str, loader: &dyn Loader) -> Result<(), String> {
    let loaded = model::load::load(root, loader);
    if let Some(why) = loaded.unreadable {
        return Err(why);
    }
    let (findings, outcome) = styled(&loaded);
    checked.findings.extend(findings);
    checked.allowed.extend(outcome.allowed);
    checked.unused_elsewhere.extend(outcome.unused_elsewhere);
    diagnostics::sort(&mut checked.findings);
    Ok(())
}

fn styled(loaded: &model::load::Loaded) -> (Vec<Diagnostic>, allow::Outcome) {
    let mut findings = style::check(&loaded.files);
    let outcome = allow::apply(&loaded.sources, &loaded.files, &mut findings, Part::Style);
    (findings, outcome)
}

fn run(
    root: &str,
    loader: &dyn Loader,
    with_table: bool,
    effort: u32,
    after: &mut dyn FnMut(&'static str),
) -> Result<(Checked, Option<Table>), String> {
    let model::load::Loaded {
        sources,
        files,
        mut findings,
        unreadable,
    } = model::load::load(root, loader);
    if let Some(why) = unreadable {
        return Err(why);
    }
    after("syntax");
    let (policy, found) = model::check::check(&files);
    findings.extend(found);
    after("model");
    let (mut gate, found) = gate::build(&policy, effort);
    findings.extend(found);
    after("gate");
    findings.extend(flow::check(&mut gate));
    after("flow");
    let mut table = None;
    if with_table && !diagnostics::has_errors(&findings) {
        match table::build::build(&mut gate).and_then(|body| table::build::seal(body, &sources)) {
            Ok(made) => table = Some(made),
            Err(unbuildable) => findings.push(unbuildable.finding()),
        }
    }
    drop(gate);
    let outcome = allow::apply(&sources, &files, &mut findings, Part::Checks);
    diagnostics::sort(&mut findings);
    let checked = Checked {
        sources,
        policy,
        findings,
        allowed: outcome.allowed,
        unused_elsewhere: outcome.unused_elsewhere,
    };
    Ok((checked, table))
}
