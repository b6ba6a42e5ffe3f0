//! Types, names and automata.

use super::{At, Broken, Checked, broken, each, get};
use crate::table::format::{Automaton, Body, Enum, Field, Named, Type};
use crate::table::scalar::SCALE_MAX;
use std::collections::BTreeSet;

/// How deep types may nest.
const DEPTH_MAX: u32 = 64;

pub(super) fn check(body: &Body) -> Checked {
    each(&body.automata, "automata", automaton)?;
    each(&body.enums, "enums", enumeration)?;
    records(body)?;
    fields(body, &body.inputs).at(|| "inputs".to_owned())?;
    unique(body.roles.iter().map(|r: &Named| &r.name), "role")?;
    unique(body.events.iter().map(|e: &Named| &e.name), "event")?;
    unique(body.events.iter().map(|e| &e.wire), "event")?;
    unique(body.records.iter().map(|r| &r.name), "record")?;
    unique(body.enums.iter().map(|e| &e.name), "enum")?;
    each(&body.integrations, "integrations", |i| match &i.capacity {
        Some(rate) if rate.per_ms <= 0 => broken("a capacity is per some time"),
        _ => Ok(()),
    })?;
    unique(body.integrations.iter().map(|i| &i.name), "integration")
}

/// No name stands twice.
pub(super) fn unique<'a>(names: impl Iterator<Item = &'a String>, what: &str) -> Checked {
    let mut seen = BTreeSet::new();
    for name in names {
        if !seen.insert(name) {
            return broken(format!("two {what}s are called `{name}`"));
        }
    }
    Ok(())
}

fn automaton(a: &Automaton) -> Checked {
    let states = a.accept.len();
    if states == 0 || a.classes == 0 || a.classes > 256 {
        return broken("an automaton needs a state and 1 to 256 alphabet classes");
    }
    if a.next.len() as u128 != states as u128 * u128::from(a.classes) {
        return broken(format!(
            "{states} states of {} classes need {} successors, but there are {}",
            a.classes,
            states as u128 * u128::from(a.classes),
            a.next.len()
        ));
    }
    if a.next.iter().any(|&s| s as usize >= states) {
        return broken("a successor is not there");
    }
    let starts_at_zero = a.alphabet.first().is_some_and(|&(first, _)| first == 0);
    if !starts_at_zero || !a.alphabet.is_sorted_by(|l, r| l.0 < r.0) {
        return broken("the alphabet must ascend from byte 0");
    }
    if a.alphabet.iter().any(|&(_, class)| class >= a.classes) {
        return broken("an alphabet class is not there");
    }
    Ok(())
}

fn enumeration(e: &Enum) -> Checked {
    if let Some(other) = e.other {
        get(&e.variants, other, "variant").at(|| "other".to_owned())?;
    }
    unique(e.variants.iter().map(|v| &v.name), "variant")?;
    unique(e.variants.iter().map(|v| &v.wire), "variant")
}

fn records(body: &Body) -> Checked {
    // A record may only hold those whose depth is known: so none holds itself.
    let mut depths: Vec<Option<u32>> = vec![None; body.records.len()];
    loop {
        let mut moved = false;
        for (i, record) in body.records.iter().enumerate() {
            if depths.get(i).copied().flatten().is_some() {
                continue;
            }
            let inner = record.fields.iter().map(|f| depth(&f.ty, &depths, 0));
            let inner: Option<Vec<u32>> = inner.collect();
            if let (Some(inner), Some(slot)) = (inner, depths.get_mut(i)) {
                *slot = Some(inner.into_iter().max().unwrap_or(0).saturating_add(1));
                moved = true;
            }
        }
        if !moved {
            break;
        }
    }
    for (i, known) in depths.iter().enumerate() {
        let fault = match known {
            None => "the record holds itself or one that is not there",
            Some(n) if *n > DEPTH_MAX => "the record nests too deep",
            Some(_) => continue,
        };
        return Err(Broken {
            at: format!("records[{i}]"),
            problem: fault.to_owned(),
        });
    }
    each(&body.records, "records", |r| {
        fields(body, &r.fields).at(|| "fields".to_owned())
    })
}

fn depth(ty: &Type, records: &[Option<u32>], level: u32) -> Option<u32> {
    match ty {
        Type::Record { of } => records.get(*of as usize).copied().flatten(),
        Type::List { element, .. } if level < DEPTH_MAX => {
            depth(element, records, level + 1).map(|n| n.saturating_add(1))
        }
        Type::List { .. } => Some(u32::MAX),
        _ => Some(0),
    }
}

/// Fields, inputs or parameters: names told apart, types right.
pub(super) fn fields(body: &Body, fields: &[Field]) -> Checked {
    unique(fields.iter().map(|f| &f.name), "field")?;
    unique(fields.iter().map(|f| &f.wire), "field")?;
    each(fields, "", |f| ty(body, &f.ty).at(|| "type".to_owned()))
}

/// A type: bounds in order, indices in range, not too deep.
pub(super) fn ty(body: &Body, t: &Type) -> Checked {
    ty_at(body, t, 0)
}

fn ty_at(body: &Body, t: &Type, level: u32) -> Checked {
    if level > DEPTH_MAX {
        return broken("the type nests too deep");
    }
    match t {
        Type::Bool {} => Ok(()),
        Type::Int { min, max }
        | Type::Duration { min, max }
        | Type::Time { min, max }
        | Type::Date { min, max }
        | Type::Instant { min, max } => bounds(*min, *max),
        Type::Decimal { scale, min, max } => {
            if *scale > SCALE_MAX {
                return broken(format!("a scale of {scale} is more than {SCALE_MAX}"));
            }
            bounds(*min, *max)
        }
        Type::String { min, max, automata } => {
            if let Some(max) = max {
                bounds(i64::from(*min), i64::from(*max))?;
            }
            each(automata, "automata", |&a| {
                get(&body.automata, a, "automaton").map(|_| ())
            })
        }
        Type::Enum { of } => get(&body.enums, *of, "enum").map(|_| ()),
        Type::Record { of } => get(&body.records, *of, "record").map(|_| ()),
        Type::List { element, min, max } => {
            bounds(i64::from(*min), i64::from(*max))?;
            ty_at(body, element, level + 1).at(|| "element".to_owned())
        }
    }
}

fn bounds(min: i64, max: i64) -> Checked {
    if min > max {
        return broken(format!("no value lies between {min} and {max}"));
    }
    Ok(())
}
