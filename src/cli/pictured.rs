//! A policy without errors, with the pictures of its flows: what reports about flows are made of.

use super::Trouble;
use super::files::{self, Disk};
use super::load::unknown;
use super::output::Output;
use crate::flow::Picture;
use crate::model::Policy;

/// Checks the policy in a file and hands it on with the pictures of its flows, or of the one that is
/// named. None if it has errors, which were shown.
pub(super) fn with<T>(
    file: &str,
    flow: Option<&str>,
    out: &mut Output,
    work: impl FnOnce(&Policy, &[Picture], &mut Output) -> Result<T, Trouble>,
) -> Result<Option<T>, Trouble> {
    let disk = Disk::new(file == "-")?;
    let name = files::the_policy(file)?;
    let file = name.as_str();
    let checked = crate::check(file, &disk)
        .map_err(|why| Trouble::new(format!("`{file}` cannot be read: {why}")))?;
    if crate::diagnostics::has_errors(&checked.findings) {
        out.errors(&checked.sources, &checked.findings);
        out.aside(&format!(
            "`{file}` has errors, and so nothing can be said of its flows"
        ));
        return Ok(None);
    }
    let policy = &checked.policy;
    if policy.flows.is_empty() {
        return Err(Trouble::new(format!(
            "`{file}` has no flow: the gate alone decides, and what happens next is up to the AI"
        )));
    }
    if let Some(name) = flow
        && !policy.flows.iter().any(|f| f.name == name)
    {
        let all: Vec<String> = policy.flows.iter().map(|f| f.name.clone()).collect();
        return Err(unknown("flow", name, &all));
    }
    let (mut gate, _) = crate::gate::build(policy, super::files::effort(None)?);
    let mut pictures = crate::flow::pictures(&mut gate, &mut Vec::new());
    drop(gate);
    let named = |p: &Picture| {
        let of = policy.flows.get(p.flow.index());
        flow.is_none_or(|name| of.is_some_and(|f| f.name == name))
    };
    pictures.retain(named);
    work(policy, &pictures, out).map(Some)
}
