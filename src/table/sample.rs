//! Some value of a type: for play and for examples, where any will do.

use super::format::{Automaton, Body, Type};
use super::scalar::{date_text, decimal_text, time_text};
use serde_json::{Map, Value};
use std::collections::{BTreeSet, VecDeque};

/// The most states that the search for a string looks at.
const SEARCH_MAX: usize = 200_000;
/// Types never nest deeper than this.
const DEPTH_MAX: u32 = 64;

/// A value of the type in wire form, optional fields left out; `None` if none was found: a pattern
/// that wants more than printable ASCII, or more than a search can do.
#[must_use]
pub fn sample(body: &Body, ty: &Type) -> Option<Value> {
    sample_at(body, ty, 0)
}

fn sample_at(body: &Body, ty: &Type, depth: u32) -> Option<Value> {
    if depth > DEPTH_MAX {
        return None;
    }
    let near_zero = |min: i64, max: i64| 0.clamp(min, max);
    Some(match ty {
        Type::Bool {} => Value::Bool(false),
        Type::Int { min, max } => near_zero(*min, *max).into(),
        Type::Duration { min, max } | Type::Instant { min, max } => near_zero(*min, *max).into(),
        Type::Decimal { scale, min, max } => decimal_text(near_zero(*min, *max), *scale).into(),
        Type::Time { min, max } => time_text((12 * 3600).clamp(*min, *max)).into(),
        Type::Date { min, max } => date_text(near_zero(*min, *max)).into(),
        Type::String { min, max, automata } => {
            let automata: Option<Vec<&Automaton>> = automata
                .iter()
                .map(|&a| body.automata.get(a as usize))
                .collect();
            text(&automata?, *min, *max)?.into()
        }
        Type::Enum { of } => {
            let variants = &body.enums.get(*of as usize)?.variants;
            variants.first()?.wire.as_str().into()
        }
        Type::Record { of } => {
            let mut object = Map::new();
            for field in &body.records.get(*of as usize)?.fields {
                if !field.optional {
                    let value = sample_at(body, &field.ty, depth + 1)?;
                    object.insert(field.wire.clone(), value);
                }
            }
            Value::Object(object)
        }
        Type::List { element, min, .. } => {
            let items = (0..*min).map(|_| sample_at(body, element, depth + 1));
            Value::Array(items.collect::<Option<_>>()?)
        }
    })
}

/// The shortest string, letters before anything else, that all automata accept (end in a class
/// other than 0).
#[must_use]
pub fn text(automata: &[&Automaton], min: u32, max: Option<u32>) -> Option<String> {
    shortest(automata, min, max, |ends| {
        ends.iter().all(|&class| class != 0)
    })
}

/// The shortest string that leads the automaton to that class.
#[must_use]
pub fn text_of_class(automaton: &Automaton, class: u32) -> Option<String> {
    shortest(&[automaton], 0, None, |ends| ends == [class])
}

fn shortest(
    automata: &[&Automaton],
    min: u32,
    max: Option<u32>,
    accepts: impl Fn(&[u32]) -> bool,
) -> Option<String> {
    let letters = (b'a'..=b'z').chain(b'0'..=b'9').chain(b'A'..=b'Z');
    let others = (b' '..=b'~').filter(|b| !b.is_ascii_alphanumeric());
    let alphabet: Vec<u8> = letters.chain(others).collect();
    let start = (vec![0_u32; automata.len()], 0_u32);
    let mut seen = BTreeSet::from([start.clone()]);
    let mut queue = VecDeque::from([(start, String::new())]);
    while let Some(((states, length), so_far)) = queue.pop_front() {
        let ends: Vec<u32> = automata
            .iter()
            .zip(&states)
            .map(|(a, &s)| a.accept.get(s as usize).copied().unwrap_or(0))
            .collect();
        if length >= min && accepts(&ends) {
            return Some(so_far);
        }
        let used = u32::try_from(so_far.len()).unwrap_or(u32::MAX);
        if max.is_some_and(|max| used >= max) || seen.len() > SEARCH_MAX {
            continue;
        }
        for &byte in &alphabet {
            let next: Option<Vec<u32>> = automata
                .iter()
                .zip(&states)
                .map(|(a, &s)| step(a, s, byte))
                .collect();
            let at = (next?, (length + 1).min(min));
            if seen.insert(at.clone()) {
                let mut longer = so_far.clone();
                longer.push(char::from(byte));
                queue.push_back((at, longer));
            }
        }
    }
    None
}

fn step(automaton: &Automaton, state: u32, byte: u8) -> Option<u32> {
    let at = automaton
        .alphabet
        .partition_point(|&(first, _)| first <= byte);
    let (_, class) = automaton.alphabet.get(at.checked_sub(1)?)?;
    let index = u64::from(state) * u64::from(automaton.classes) + u64::from(*class);
    automaton.next.get(usize::try_from(index).ok()?).copied()
}
