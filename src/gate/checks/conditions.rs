//! FW208: a test that is always true or always false; FW209: a part of a condition that says nothing.
//!
//! A part says nothing if the condition means the same without it, wherever it is read: where it is
//! true, and where it is false. So "is present" in front of a comparison does say something.

use super::Known;
use crate::diagnostics::{Code, Diagnostic};
use crate::gate::parts::Joint;
use crate::gate::study::Standing;
use crate::gate::units::{Owner, Unit, units};
use crate::gate::{Gate, Truth};
use crate::logic::{Enough, Formula, OutOfBudget, smallest};
use crate::model::{Atom, AtomKind, Cond, RuleId};
use crate::source::Span;
use std::collections::BTreeSet;

pub(super) fn check(gate: &mut Gate<'_>, known: &mut Known, findings: &mut Vec<Diagnostic>) {
    let mut all = units(gate, &known.study);
    // Defines first: what is found in one is not said again of its uses.
    all.sort_by_key(|u| !matches!(u.owner, Owner::Define(_)));
    let mut settled: BTreeSet<String> = BTreeSet::new();
    let explained = explained(known);
    for unit in &all {
        let explained = matches!(&unit.owner, Owner::Rule(id) if explained.contains(id));
        let mut work = Work {
            gate,
            known,
            unit,
            constant: vec![None; unit.parts.parts.len()],
            removed: BTreeSet::new(),
            found: Vec::new(),
        };
        let done = work.constants(&settled).and_then(|()| work.redundant());
        let (constant, found) = (work.constant, work.found);
        match done {
            Ok(()) => {}
            Err(out) => {
                findings.push(too_hard(unit, &out));
                continue;
            }
        }
        if constant.first().copied().flatten().is_some() {
            if let Owner::Define(name) = &unit.owner {
                settled.insert(name.clone());
            }
            if explained {
                continue;
            }
        }
        // A source that no call can be has been reported by what waits for it.
        let told = |d: &Diagnostic| {
            unit.owner == Owner::Where
                && findings
                    .iter()
                    .any(|f| f.code == Code::FW211 && f.span() == d.span())
        };
        let found: Vec<Diagnostic> = found.into_iter().filter(|d| !told(d)).collect();
        findings.extend(found);
    }
}

fn too_hard(unit: &Unit<'_>, out: &OutOfBudget) -> Diagnostic {
    let span = unit.parts.parts.first().map(|p| p.span).unwrap_or_default();
    Diagnostic::new(
        Code::FW290,
        format!("this condition is too hard to look through: {out}"),
        span,
        "not decided within the budget",
    )
    .note("A check that runs out of its budget never passes in silence.")
    .help("simplify it, compute a part outside and hand it in as an `input`, or allow more work with `--effort 4`")
}

/// The rules whose conditions have been reported, if they always come out the same, by what follows
/// from that.
fn explained(known: &Known) -> BTreeSet<RuleId> {
    let mut all: BTreeSet<RuleId> = BTreeSet::new();
    all.extend(known.study.never_allowed.values().flatten());
    for (rule, standing) in &known.study.standing {
        if let Standing::Swallowed(covers) = standing {
            all.insert(*rule);
            all.extend(covers.iter().flat_map(|c| &c.rules));
        }
    }
    all
}

struct Work<'w, 'a> {
    gate: &'w mut Gate<'a>,
    known: &'w mut Known,
    unit: &'w Unit<'a>,
    /// The parts that always come out the same.
    constant: Vec<Option<bool>>,
    removed: BTreeSet<usize>,
    found: Vec<Diagnostic>,
}

impl Work<'_, '_> {
    /// Finds the parts that always come out the same, the smallest of them.
    fn constants(&mut self, settled: &BTreeSet<String>) -> Result<(), OutOfBudget> {
        let unit = self.unit;
        for at in (0..unit.parts.parts.len()).rev() {
            let Some(part) = unit.parts.parts.get(at) else {
                continue;
            };
            let of = |c: &usize| self.constant.get(*c).copied().flatten();
            let children: Vec<Option<bool>> = part.children.iter().map(of).collect();
            let all = |b: bool| children.iter().all(|c| *c == Some(b));
            // What follows from a part that has been reported is not reported again.
            let follows = match part.joint {
                Joint::And if children.contains(&Some(false)) => Some(false),
                Joint::And if all(true) && !children.is_empty() => Some(true),
                Joint::Or if children.contains(&Some(true)) => Some(true),
                Joint::Or if all(false) && !children.is_empty() => Some(false),
                Joint::Not => children.first().copied().flatten().map(|b| !b),
                Joint::Quantifier(every) => {
                    children.first().copied().flatten().filter(|b| *b == every)
                }
                _ => None,
            };
            let value = match follows {
                Some(value) => Some(value),
                None => {
                    let here = self.comes_out(at)?;
                    let told = match part.joint {
                        Joint::Quantifier(_) => children.iter().any(Option::is_some),
                        _ => {
                            matches!(part.cond, Cond::Define { name, .. } if settled.contains(name))
                        }
                    };
                    if let Some(value) = here
                        && !told
                    {
                        self.always(at, value)?;
                    }
                    here
                }
            };
            if value.is_some() {
                // Where it says nothing it is taken out.
                self.removed.insert(at);
            }
            if let Some(slot) = self.constant.get_mut(at) {
                *slot = value;
            }
        }
        Ok(())
    }

    /// What a part always comes out as, in all readings; parts of it that are reported apart.
    fn comes_out(&mut self, at: usize) -> Result<Option<bool>, OutOfBudget> {
        let (mut never_true, mut never_false) = (true, true);
        let unit = self.unit;
        for reading in &unit.parts.readings {
            let encoder = &mut self.gate.encoder;
            let Ok(truth) = unit.parts.without(encoder, reading, at, &self.removed) else {
                return Ok(None);
            };
            never_true = never_true && !self.known.questions.possible(encoder, truth.yes)?;
            never_false = never_false && !self.known.questions.possible(encoder, truth.no)?;
            if !never_true && !never_false {
                return Ok(None);
            }
        }
        Ok(match (never_true, never_false) {
            _ if unit.parts.readings.is_empty() => None,
            (true, true) | (false, false) => None,
            (true, false) => Some(false),
            (false, true) => Some(true),
        })
    }

    /// Reports a part that always comes out the same.
    fn always(&mut self, at: usize, value: bool) -> Result<(), OutOfBudget> {
        let unit = self.unit;
        let Some(part) = unit.parts.parts.get(at) else {
            return Ok(());
        };
        let whole = if at == 0 {
            "the condition of"
        } else {
            "a test in"
        };
        let word = if value { "true" } else { "false" };
        let besides = vec![Formula::TRUE; unit.parts.readings.len()];
        let core = unit.parts.core(
            &mut self.gate.encoder,
            &mut self.known.questions,
            at,
            !value,
            &besides,
        )?;
        let label = if value {
            "true whatever the values are"
        } else {
            "no values satisfy this"
        };
        let mut spans: Vec<Span> = core
            .unwrap_or_default()
            .iter()
            .filter_map(|c| unit.parts.parts.get(*c))
            .map(|p| p.span)
            .collect();
        spans.sort_unstable();
        spans.dedup();
        let mut found = match spans.as_slice() {
            [] | [_] => Diagnostic::new(
                Code::FW208,
                format!("{whole} {} is always {word}", self.owner()),
                part.span,
                label,
            ),
            [first, rest @ ..] => {
                let mut found = Diagnostic::new(
                    Code::FW208,
                    format!("{whole} {} is always {word}", self.owner()),
                    *first,
                    if value {
                        "one of these always holds: this,"
                    } else {
                        "these exclude each other: this,"
                    },
                );
                for span in rest {
                    found = found.label(*span, "and this");
                }
                found
            }
        };
        if let Some(span) = self.name_span() {
            found = found.label(span, "stands in this");
        }
        self.found.push(
            found
                .note("A test that always comes out the same decides nothing: either its bound is not the one that was meant, or the type has grown tighter since.")
                .help("correct it, or remove it"),
        );
        Ok(())
    }

    /// Finds the parts of an `and` or `or` that the condition means the same without, wholes before
    /// their parts, the last first; again, as long as more is out, since what is left may now say what
    /// another part says.
    fn redundant(&mut self) -> Result<(), OutOfBudget> {
        loop {
            let before = self.removed.len();
            self.redundant_once()?;
            if self.removed.len() == before {
                return Ok(());
            }
        }
    }

    fn redundant_once(&mut self) -> Result<(), OutOfBudget> {
        let unit = self.unit;
        // With each part: its whole, and whether taking it out can only make the condition hold more.
        let mut open: Vec<(usize, bool)> = vec![(0, false)];
        while let Some((at, odd)) = open.pop() {
            if self.constant.get(at).copied().flatten().is_some() {
                continue;
            }
            let Some(part) = unit.parts.parts.get(at) else {
                continue;
            };
            let joined = matches!(part.joint, Joint::And | Joint::Or);
            for child in part.children.iter().rev() {
                if self.removed.contains(child) {
                    continue;
                }
                let left = part.children.iter().filter(|c| !self.removed.contains(c));
                if joined && left.count() > 1 && !self.leads_on(*child) {
                    let grows = (part.joint == Joint::And) != odd;
                    let mut less = self.removed.clone();
                    less.insert(*child);
                    if self.same(&less, grows)? {
                        self.says_nothing(at, *child)?;
                        self.removed = less;
                    }
                }
            }
            let odd = odd != (part.joint == Joint::Not);
            for child in &part.children {
                if !self.removed.contains(child) {
                    open.push((*child, odd));
                }
            }
        }
        Ok(())
    }

    /// Whether the part asks for the presence of what another part looks into for something that may
    /// be absent there: going step by step is no repetition.
    fn leads_on(&self, at: usize) -> bool {
        let asked = |at: usize| {
            let mut part = self.unit.parts.parts.get(at)?;
            while part.joint == Joint::Not {
                part = self.unit.parts.parts.get(*part.children.first()?)?;
            }
            match part.cond {
                Cond::Atom(Atom {
                    kind: AtomKind::Present(path),
                    ..
                }) => Some(path),
                _ => None,
            }
        };
        let Some(path) = asked(at) else { return false };
        (0..self.unit.parts.parts.len()).filter_map(asked).any(|p| {
            p.root == path.root
                && p.fields.len() > path.fields.len()
                && p.fields.starts_with(&path.fields)
        })
    }

    /// Whether the condition means the same without these parts as without those that are out
    /// already; `grows`: it can only hold more.
    fn same(&mut self, less: &BTreeSet<usize>, grows: bool) -> Result<bool, OutOfBudget> {
        let unit = self.unit;
        for reading in &unit.parts.readings {
            let encoder = &mut self.gate.encoder;
            let before = unit.parts.without(encoder, reading, 0, &self.removed);
            let after = unit.parts.without(encoder, reading, 0, less);
            let (Ok(before), Ok(after)) = (before, after) else {
                return Ok(false);
            };
            let (more, fewer): (Truth, Truth) = if grows {
                (after, before)
            } else {
                (before, after)
            };
            for (a, b) in [(more.yes, fewer.yes), (fewer.no, more.no)] {
                let differ = encoder.logic.and(&[a, !b]);
                if self.known.questions.possible(encoder, differ)? {
                    return Ok(false);
                }
            }
        }
        Ok(!unit.parts.readings.is_empty())
    }

    /// Reports a part that says nothing, with the fewest of its neighbours that say it already.
    fn says_nothing(&mut self, whole: usize, at: usize) -> Result<(), OutOfBudget> {
        let unit = self.unit;
        let (Some(join), Some(part)) = (unit.parts.parts.get(whole), unit.parts.parts.get(at))
        else {
            return Ok(());
        };
        let and = join.joint == Joint::And;
        let neighbours: Vec<usize> = join
            .children
            .iter()
            .copied()
            .filter(|c| *c != at && !self.removed.contains(c))
            .collect();
        let mut by: Vec<Span> = Vec::new();
        if let Some(reading) = unit.parts.readings.first() {
            let yes = |i: usize| reading.truth.get(i).map_or(Formula::TRUE, |t| t.yes);
            let encoder = &mut self.gate.encoder;
            let questions = &mut self.known.questions;
            let all: Vec<Formula> = neighbours.iter().map(|n| yes(*n)).collect();
            let terms = encoder.logic.terms_of(&all);
            let found = smallest(|kept| {
                let mut asked = vec![if and { !yes(at) } else { yes(at) }];
                for n in kept {
                    let said = neighbours.get(*n).map_or(Formula::TRUE, |n| yes(*n));
                    asked.push(if and { said } else { !said });
                }
                let question = encoder.logic.and(&asked);
                let Some(values) = questions.world(encoder, question, &terms)? else {
                    return Ok(Enough::Yes);
                };
                let missed = all
                    .iter()
                    .enumerate()
                    .filter(|(n, f)| {
                        kept.binary_search(n).is_err() && encoder.logic.holds(**f, &values) != and
                    })
                    .map(|(n, _)| n);
                Ok(Enough::Needs(missed.collect()))
            })?;
            by = found
                .unwrap_or_default()
                .iter()
                .filter_map(|n| neighbours.get(*n))
                .filter_map(|n| unit.parts.parts.get(*n))
                .map(|p| p.span)
                .collect();
        }
        let mut found = Diagnostic::new(
            Code::FW209,
            format!("a part of the condition of {} says nothing", self.owner()),
            part.span,
            if and {
                "follows from the rest"
            } else {
                "is contained in the rest"
            },
        );
        by.sort_unstable();
        by.dedup();
        for span in by.into_iter().filter(|s| *s != part.span) {
            found = found.label(span, "says it already");
        }
        if let Some(span) = self.name_span() {
            found = found.label(span, "stands in this");
        }
        self.found.push(
            found
                .note("The condition means the same without it. Often a bound was meant to be another one, or an `and` to be an `or`.")
                .help("correct it, or remove it"),
        );
        Ok(())
    }

    fn owner(&self) -> String {
        let policy = self.gate.encoder.policy();
        match &self.unit.owner {
            Owner::Rule(id) => policy
                .rules
                .get(id.index())
                .map_or_else(String::new, |r| format!("`{}`", r.name)),
            Owner::Define(name) => format!("`{name}`"),
            Owner::Where => "this `where`".to_string(),
        }
    }

    fn name_span(&self) -> Option<Span> {
        let policy = self.gate.encoder.policy();
        match &self.unit.owner {
            Owner::Rule(id) => policy.rules.get(id.index()).map(|r| r.name_span),
            Owner::Define(_) | Owner::Where => None,
        }
    }
}
