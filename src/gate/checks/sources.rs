//! FW211: an order, a fact or a question about history whose source can never succeed.
//!
//! What can succeed at all is the least fixpoint of what is allowed while only that has happened:
//! at first nothing has. What stays outside waits for itself, round some circle (a strongly connected
//! part of "waits for" that waits for nothing else; Tarjan 1972), and each circle is one finding.
//! What is never allowed anyway is reported by itself and counts as if it could be.

use super::Known;
use crate::diagnostics::{Code, Diagnostic};
use crate::gate::{Gate, Meaning, Scope};
use crate::logic::{Formula, IntSet, OutOfBudget, Term};
use crate::model::{ActionId, CountedAction, FactId, Path, Root, Rule, RuleKind};
use petgraph::algo::tarjan_scc;
use petgraph::graphmap::DiGraphMap;
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn check(gate: &mut Gate<'_>, known: &mut Known, findings: &mut Vec<Diagnostic>) {
    if let Err(out) = look(gate, known, findings) {
        findings.push(gate.too_much(ActionId(0), &out.to_string()));
    }
}

fn look(
    gate: &mut Gate<'_>,
    known: &mut Known,
    findings: &mut Vec<Diagnostic>,
) -> Result<(), OutOfBudget> {
    let policy = gate.encoder.policy();
    impossible(gate, known, findings)?;
    // What each action asks of the past, by term.
    let mut asks: Vec<BTreeMap<Term, BTreeSet<ActionId>>> = Vec::new();
    for made in &gate.actions {
        asks.push(sources(gate, &[made.denied]));
    }
    let mut alive: Vec<bool> = asks.iter().map(BTreeMap::is_empty).collect();
    for (at, (made, id)) in gate.actions.iter().zip((0..).map(ActionId)).enumerate() {
        let reported = made.too_hard
            || known.study.too_hard.contains_key(&id)
            || known.study.never_allowed.contains_key(&id)
            || (made.permissions.is_empty() && made.escalations.is_empty());
        if reported && let Some(slot) = alive.get_mut(at) {
            *slot = true;
        }
    }
    loop {
        let mut changed = false;
        for (at, asked) in asks.iter().enumerate() {
            if alive.get(at) != Some(&false) {
                continue;
            }
            let Some(denied) = gate.actions.get(at).map(|g| g.denied) else {
                continue;
            };
            let lives = |a: &ActionId| alive.get(a.index()) == Some(&true);
            let mut parts = vec![!denied];
            for (term, of) in asked {
                if !of.iter().any(lives) {
                    let none = gate.encoder.logic.in_set(*term, IntSet::point(0));
                    parts.push(none);
                }
            }
            let question = gate.encoder.logic.and(&parts);
            if known.questions.possible(&mut gate.encoder, question)? {
                if let Some(slot) = alive.get_mut(at) {
                    *slot = true;
                }
                changed = true;
            }
        }
        if !changed {
            break;
        }
    }
    // A rule that can't fire at all makes its action look dead: it is reported by itself.
    let mut waits: DiGraphMap<u32, ()> = DiGraphMap::new();
    for (at, asked) in (0_u32..).zip(&asks) {
        if alive.get(at as usize) == Some(&true) {
            continue;
        }
        waits.add_node(at);
        for of in asked.values().flatten() {
            if alive.get(of.index()) == Some(&false) {
                waits.add_edge(at, of.0, ());
            }
        }
    }
    for circle in tarjan_scc(&waits) {
        let inside = |a: u32| circle.contains(&a);
        let goes_out = circle
            .iter()
            .any(|a| waits.neighbors(*a).any(|b| !inside(b)));
        let itself = circle.iter().any(|a| waits.neighbors(*a).any(inside));
        if goes_out || !itself || !policy.complete {
            continue;
        }
        findings.extend(reported(gate, &circle));
    }
    Ok(())
}

/// One circle of actions that wait for each other.
fn reported(gate: &Gate<'_>, circle: &[u32]) -> Option<Diagnostic> {
    let policy = gate.encoder.policy();
    let mut places = Vec::new();
    let mut actions: Vec<u32> = circle.to_vec();
    actions.sort_unstable();
    for at in &actions {
        let Some(made) = gate.of(ActionId(*at)) else {
            continue;
        };
        for firing in made
            .denials
            .iter()
            .chain(&made.escalations)
            .chain(&made.permissions)
        {
            let needs = sources(gate, &[firing.fires]);
            let inner = |a: &ActionId| circle.contains(&a.0);
            let Some(of) = needs.values().flatten().find(|a| inner(a)) else {
                continue;
            };
            if let Some(rule) = policy.rules.get(firing.rule.index()) {
                places.push((rule, ActionId(*at), *of));
            }
        }
    }
    places.sort_by(|a, b| a.0.name.cmp(&b.0.name));
    places.dedup_by(|a, b| a.0.name == b.0.name);
    let ((rule, waiting, of), rest) = places.split_first()?;
    let names: Vec<String> = actions
        .iter()
        .map(|a| format!("`{}`", policy.action(ActionId(*a)).full_name))
        .collect();
    let said = match names.as_slice() {
        [one] => format!("{one} waits for itself, so it can never be called"),
        [first @ .., last] => format!(
            "{} and {last} wait for each other, so none of them can ever be called",
            first.join(", ")
        ),
        [] => return None,
    };
    let wants = |a: ActionId, b: ActionId| {
        format!(
            "`{}` waits for `{}` here",
            policy.action(a).full_name,
            policy.action(b).full_name
        )
    };
    let mut found = Diagnostic::new(Code::FW211, said, rule.name_span, wants(*waiting, *of));
    for (rule, waiting, of) in rest {
        found = found.label(rule.name_span, wants(*waiting, *of));
    }
    Some(
        found
            .note("A session starts empty, and nothing of this can happen first.")
            .help(
                "let one of them go ahead: remove an order or a condition, or name another source",
            ),
    )
}

/// Orders and facts that take in no call at all.
fn impossible(
    gate: &mut Gate<'_>,
    known: &mut Known,
    findings: &mut Vec<Diagnostic>,
) -> Result<(), OutOfBudget> {
    let policy = gate.encoder.policy();
    for rule in &policy.rules {
        if !matches!(rule.kind, RuleKind::OrderBefore | RuleKind::OrderNever) {
            continue;
        }
        let mut dead = !rule.targets.is_empty();
        let mut place = None;
        for target in &rule.targets {
            let Some(term) = &target.history else {
                dead = false;
                continue;
            };
            let scope = Scope::proposal(policy.action(target.action));
            for counted in &term.counted {
                match takes_none(gate, known, counted, Some((&term.keys, &scope)))? {
                    Some(span) => place = Some(span),
                    None => dead = false,
                }
            }
        }
        if let (true, Some(span)) = (dead, place) {
            findings.push(none_counts(
                format!("`{}` waits for a call that there can never be", rule.name),
                span,
                rule.name_span,
            ));
        }
    }
    let mut never = BTreeSet::new();
    for (id, fact) in (0u32..).map(FactId).zip(&policy.facts) {
        if let Some(span) = takes_none(gate, known, &fact.source, None)? {
            never.insert(id);
            findings.push(none_counts(
                format!("no reply can ever become the fact `{}`", fact.name),
                span,
                fact.span,
            ));
        }
    }
    // A rule that waits for such a fact never fires for that reason, which has been said.
    if !never.is_empty() {
        findings.retain(|d| d.code != Code::FW201 || !waits(gate, d, &never));
    }
    Ok(())
}

/// Whether the rule that the finding is about asks for one of these facts.
fn waits(gate: &mut Gate<'_>, found: &Diagnostic, facts: &BTreeSet<FactId>) -> bool {
    let policy = gate.encoder.policy();
    let about = |r: &&Rule| found.labels.iter().any(|l| l.span == r.name_span);
    let targets = policy.rules.iter().filter(about).flat_map(|r| &r.targets);
    for target in targets {
        let scope = Scope::proposal(policy.action(target.action));
        let Some(cond) = &target.when else { continue };
        let Ok(truth) = gate.encoder.truth(cond, &scope) else {
            continue;
        };
        for term in gate.encoder.logic.terms_of(&[truth.yes, truth.no]) {
            if let Some(Meaning::Present(path)) = gate.encoder.meaning(term)
                && let Root::Fact(id) = path.root
                && facts.contains(&id)
            {
                return true;
            }
        }
    }
    false
}

fn none_counts(said: String, at: crate::source::Span, name: crate::source::Span) -> Diagnostic {
    Diagnostic::new(Code::FW211, said, at, "no call ever satisfies this")
        .label(name, "stands in this")
        .note("What waits for it waits for ever.")
        .help("correct the `where` or the `by`")
}

/// Where it says so, if no call can ever count.
fn takes_none<'a>(
    gate: &mut Gate<'a>,
    known: &mut Known,
    counted: &CountedAction,
    keys: Option<(&[Path], &Scope<'a>)>,
) -> Result<Option<crate::source::Span>, OutOfBudget> {
    let policy = gate.encoder.policy();
    let scope = Scope::call(policy.action(counted.action));
    let encoder = &mut gate.encoder;
    let mut yes = Formula::TRUE;
    if let Some(filter) = &counted.filter {
        // Patterns that are too large have been reported.
        let Ok(truth) = encoder.truth(filter, &scope) else {
            return Ok(None);
        };
        yes = truth.yes;
        if !known.questions.possible(encoder, yes)? {
            return Ok(super::undecided::place(filter));
        }
    }
    let Some((keys, here)) = keys else {
        return Ok(None);
    };
    for (key, theirs) in keys.iter().zip(&counted.keys) {
        let (Ok(a), Ok(b)) = (
            encoder.path_term(key, here),
            encoder.path_term(theirs, &scope),
        ) else {
            return Ok(None);
        };
        let equal = encoder.logic.equal(a, b);
        let both = encoder.logic.and(&[yes, equal]);
        if !known.questions.possible(encoder, both)? {
            return Ok(Some(theirs.span));
        }
    }
    Ok(None)
}

/// The terms that ask for the past, each with the actions that can answer.
fn sources(gate: &Gate<'_>, formulas: &[Formula]) -> BTreeMap<Term, BTreeSet<ActionId>> {
    let policy = gate.encoder.policy();
    let mut found = BTreeMap::new();
    for term in gate.encoder.logic.terms_of(formulas) {
        let of: BTreeSet<ActionId> = match gate.encoder.meaning(term) {
            Some(Meaning::History(h)) => h.counted.iter().map(|c| c.action).collect(),
            Some(Meaning::Present(Path {
                root: Root::Fact(id),
                fields,
                ..
            })) if fields.is_empty() => policy
                .facts
                .get(id.index())
                .map(|f| f.source.action)
                .into_iter()
                .collect(),
            _ => continue,
        };
        found.insert(term, of);
    }
    found
}
