//! FW150: a condition that some absence could leave undecided.

use crate::diagnostics::{Code, Diagnostic};
use crate::gate::questions::Questions;
use crate::gate::{Gate, Truth};
use crate::model::{Atom, AtomKind, Cond, Operand, Path};
use crate::source::Span;

/// Reports the condition if it can be neither true nor false.
pub fn check(gate: &mut Gate<'_>, cond: &Cond, truth: Truth, findings: &mut Vec<Diagnostic>) {
    let mut optional = Vec::new();
    optionals(cond, &mut optional);
    if optional.is_empty() {
        return;
    }
    let logic = &mut gate.encoder.logic;
    let neither = logic.and(&[!truth.yes, !truth.no]);
    match Questions::new(&gate.encoder).surely(&mut gate.encoder, neither) {
        Ok(None) => {}
        Ok(Some(found)) => {
            let witness = gate.encoder.witness(&found);
            let absent = witness
                .lines
                .iter()
                .find_map(|l| l.strip_suffix(" is absent"));
            let inside = |p: &&&Path| {
                absent.is_some_and(|a| p.text.split('.').zip(a.split('.')).all(|(x, y)| x == y))
            };
            let asked = optional.iter().find(inside).or(optional.first());
            let name = absent
                .or(asked.map(|p| p.text.as_str()))
                .unwrap_or_default()
                .to_string();
            let span = asked
                .map(|p| p.span)
                .or_else(|| place(cond))
                .unwrap_or_default();
            findings.push(
                Diagnostic::new(
                    Code::FW150,
                    format!("this condition has no answer where `{name}` is absent"),
                    span,
                    "has no value there",
                )
                .note("A comparison with an absent value is neither true nor false, and a condition must always be one of them.")
                .help(format!("say what happens then: `{name} is present and …`, or `{name} is absent or …`"))
                .witness(witness),
            );
        }
        Err(out) => findings.push(
            Diagnostic::new(
                Code::FW290,
                format!("this condition is too hard to decide: {out}"),
                place(cond).unwrap_or_default(),
                "not decided within the budget",
            )
            .help("simplify it, compute a part outside and hand it in as an `input`, or allow more work with `--effort 4`"),
        ),
    }
}

/// Paths of the condition that may be absent.
fn optionals<'c>(cond: &'c Cond, out: &mut Vec<&'c Path>) {
    let mut operand = |o: &'c Operand| {
        if let Operand::Path(p) | Operand::Length(p) | Operand::Size(p) = o
            && p.optional
        {
            out.push(p);
        }
    };
    match cond {
        Cond::And(parts) | Cond::Or(parts) => parts.iter().for_each(|p| optionals(p, out)),
        Cond::Not(inner) => optionals(inner, out),
        Cond::Define { body, .. } => optionals(body, out),
        Cond::Atom(Atom { kind, .. }) => match kind {
            AtomKind::Holds(o)
            | AtomKind::InRange { operand: o, .. }
            | AtomKind::InSet { operand: o, .. } => {
                operand(o);
            }
            AtomKind::Compare { left, right, .. } => {
                operand(left);
                operand(right);
            }
            AtomKind::Matches { path, .. } if path.optional => out.push(path),
            AtomKind::Contains { list, element, .. } => {
                operand(element);
                if list.optional {
                    out.push(list);
                }
            }
            AtomKind::Quantifier { list, body, .. } => {
                if list.optional {
                    out.push(list);
                }
                optionals(body, out);
            }
            _ => {}
        },
    }
}

/// The place of a condition: from its first test to its last.
#[must_use]
pub fn place(cond: &Cond) -> Option<Span> {
    match cond {
        Cond::And(parts) | Cond::Or(parts) => {
            let mut spans = parts.iter().filter_map(place);
            let first = spans.next()?;
            Some(spans.fold(first, Span::to))
        }
        Cond::Not(inner) => place(inner),
        Cond::Define { span, .. } => Some(*span),
        Cond::Atom(atom) => Some(atom.span),
    }
}
