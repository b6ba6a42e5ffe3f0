//! Checks of the gate, one file each, and their one list.

mod both_forms;
mod conditions;
mod covered;
mod instead;
mod never_allowed;
mod never_fires;
mod no_rule;
mod overruled;
pub mod quarrel;
mod same_value;
mod sources;
mod swallowed;
mod unconditional;
pub mod undecided;

use super::Gate;
use super::questions::Questions;
use super::study::{self, Cover, Study};
use crate::diagnostics::Diagnostic;
use crate::model::{Policy, RuleId};

/// What checks know besides the gates.
pub(super) struct Known {
    pub questions: Questions,
    pub study: Study,
}

type Check = fn(&mut Gate<'_>, &mut Known, &mut Vec<Diagnostic>);

/// All checks that look at whole gates, in the order in which they run.
const CHECKS: &[Check] = &[
    no_rule::check,
    never_fires::check,
    never_allowed::check,
    quarrel::check,
    covered::check,
    swallowed::check,
    overruled::check,
    instead::check,
    sources::check,
    conditions::check,
    unconditional::check,
    both_forms::check,
];

pub(super) fn run(gate: &mut Gate<'_>, findings: &mut Vec<Diagnostic>) {
    let mut questions = Questions::new(&gate.encoder);
    let study = study::study(gate, &mut questions);
    for (action, out) in &study.too_hard {
        findings.push(gate.too_much(*action, &out.to_string()));
    }
    let mut known = Known { questions, study };
    for check in CHECKS {
        check(gate, &mut known, findings);
    }
}

/// All rules of the covers, each once.
fn covering(covers: &[Cover]) -> Vec<RuleId> {
    let mut all: Vec<RuleId> = covers.iter().flat_map(|c| c.rules.clone()).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// At most so many rules are named in a sentence.
const NAMED: usize = 4;

/// Rules in words: "`a`, `b` and `c`".
fn named(policy: &Policy, rules: &[RuleId]) -> String {
    let names: Vec<String> = rules
        .iter()
        .filter_map(|r| policy.rules.get(r.index()))
        .map(|r| format!("`{}`", r.name))
        .collect();
    match names.as_slice() {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] if names.len() <= NAMED => format!("{} and {last}", first.join(", ")),
        _ => {
            let shown = names.get(..NAMED - 1).unwrap_or_default().join(", ");
            format!("{shown} and {} more", names.len() + 1 - NAMED)
        }
    }
}
