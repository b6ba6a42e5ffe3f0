//! Values: checked against the table's types and brought into their one wire form, and from there
//! into the numbers that probes compare.

use super::canonical::{any_text, order};
use super::format::{Automaton, Body, Field, Type};
use super::scalar::{
    date_days, date_text, decimal_text, decimal_units, time_seconds, time_text, whole,
};
use serde_json::{Map, Value};

/// Why a value is not one of its type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invalid {
    /// Where in the value, such as `lines[2].amount`; empty for the value itself.
    pub at: String,
    /// What is wrong there, such as `12 is above 8`.
    pub problem: String,
}

impl Invalid {
    fn new(problem: impl Into<String>) -> Self {
        Self {
            at: String::new(),
            problem: problem.into(),
        }
    }

    fn within(mut self, field: &str) -> Self {
        let rest = std::mem::take(&mut self.at);
        self.at = match rest.as_bytes().first() {
            None | Some(b'[') => format!("{field}{rest}"),
            Some(_) => format!("{field}.{rest}"),
        };
        self
    }

    fn at_index(mut self, index: usize) -> Self {
        let rest = std::mem::take(&mut self.at);
        self.at = match rest.as_bytes().first() {
            None | Some(b'[') => format!("[{index}]{rest}"),
            Some(_) => format!("[{index}].{rest}"),
        };
        self
    }
}

impl std::fmt::Display for Invalid {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.at.is_empty() {
            f.write_str(&self.problem)
        } else {
            write!(f, "{}: {}", self.at, self.problem)
        }
    }
}

impl std::error::Error for Invalid {}

/// What to do with a field that the type doesn't have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unknown {
    /// Leave it out: replies.
    Drop,
    /// Refuse the value: arguments and inputs.
    Refuse,
}

/// Checks a value against a type and gives it in wire form: decimals with all their digits, times
/// with seconds, an unlisted variant as `other`, `null` for an optional field left out.
///
/// # Errors
/// If the value is not one of the type.
pub fn normalise(
    body: &Body,
    ty: &Type,
    value: &Value,
    unknown: Unknown,
) -> Result<Value, Invalid> {
    match ty {
        Type::Bool {} => match value {
            Value::Bool(_) => Ok(value.clone()),
            _ => Err(expected("true or false", value)),
        },
        Type::Int { min, max } => {
            let n = whole(value).ok_or_else(|| expected("a whole number", value))?;
            within(n, *min, *max, |n| n.to_string())?;
            Ok(n.into())
        }
        Type::Duration { min, max } | Type::Instant { min, max } => {
            let n =
                whole(value).ok_or_else(|| expected("a whole number of milliseconds", value))?;
            within(n, *min, *max, |n| n.to_string())?;
            Ok(n.into())
        }
        Type::Decimal { scale, min, max } => {
            let n = decimal(value, *scale)?;
            within(n, *min, *max, |n| decimal_text(n, *scale))?;
            Ok(decimal_text(n, *scale).into())
        }
        Type::Time { min, max } => {
            let n = value
                .as_str()
                .and_then(time_seconds)
                .ok_or_else(|| expected("a time of day as \"HH:MM:SS\"", value))?;
            within(n, *min, *max, time_text)?;
            Ok(time_text(n).into())
        }
        Type::Date { min, max } => {
            let n = value
                .as_str()
                .and_then(date_days)
                .ok_or_else(|| expected("a date as \"YYYY-MM-DD\"", value))?;
            within(n, *min, *max, date_text)?;
            Ok(date_text(n).into())
        }
        Type::String { min, max, automata } => {
            let Value::String(text) = value else {
                return Err(expected("a string", value));
            };
            check_string(body, text, *min, *max, automata)?;
            Ok(value.clone())
        }
        Type::Enum { of } => variant(body, *of, value),
        Type::Record { of } => {
            let Some(record) = body.records.get(*of as usize) else {
                return Err(Invalid::new("the table has no such record type"));
            };
            let Value::Object(object) = value else {
                return Err(expected(&format!("an object ({})", record.name), value));
            };
            normalise_fields(body, &record.fields, object, unknown).map(Value::Object)
        }
        Type::List { element, min, max } => {
            let Value::Array(items) = value else {
                return Err(expected("a list", value));
            };
            let size = items.len();
            if size < *min as usize || size > *max as usize {
                return Err(Invalid::new(format!(
                    "the list has {size} element{}, but {min} to {max} are allowed",
                    if size == 1 { "" } else { "s" }
                )));
            }
            let checked = items.iter().enumerate().map(|(i, item)| {
                normalise(body, element, item, unknown).map_err(|e| e.at_index(i))
            });
            checked.collect::<Result<Vec<_>, _>>().map(Value::Array)
        }
    }
}

/// Checks the fields of an object, by wire name: a record's, the arguments of a call, the inputs.
///
/// # Errors
/// If a required field is missing, one is not of its type, or, where asked so, one is unknown.
pub fn normalise_fields(
    body: &Body,
    fields: &[Field],
    object: &Map<String, Value>,
    unknown: Unknown,
) -> Result<Map<String, Value>, Invalid> {
    let values = normalise_each(body, fields, object, unknown)?;
    let named = fields.iter().zip(values);
    Ok(named
        .filter_map(|(field, value)| Some((field.wire.clone(), value?)))
        .collect())
}

/// The same, with one value for each field, in order; `None` is absent.
///
/// # Errors
/// As for [`normalise_fields`].
pub fn normalise_each(
    body: &Body,
    fields: &[Field],
    object: &Map<String, Value>,
    unknown: Unknown,
) -> Result<Vec<Option<Value>>, Invalid> {
    let stray = |name: &&String| !fields.iter().any(|f| f.wire == **name);
    if unknown == Unknown::Refuse
        && let Some(name) = object.keys().filter(stray).min_by(|a, b| order(a, b))
    {
        return Err(Invalid::new(format!("`{name}` is not known here")));
    }
    fields
        .iter()
        .map(|field| match object.get(&field.wire) {
            None | Some(Value::Null) if field.optional => Ok(None),
            None => Err(Invalid::new("is missing").within(&field.wire)),
            Some(value) => normalise(body, &field.ty, value, unknown)
                .map(Some)
                .map_err(|e| e.within(&field.wire)),
        })
        .collect()
}

/// How a value becomes the number that probes compare: an ordered scalar in its unit, a bool as 0 or
/// 1, an enum as its variant's index.
#[derive(Clone, Debug)]
pub struct Reading(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Bool,
    Whole,
    Decimal {
        scale: u32,
    },
    Time,
    Date,
    Variant {
        listed: Variants,
        other: Option<i64>,
    },
    None,
}

/// Variants by their names on the wire, ascending.
type Variants = Vec<(String, i64)>;

impl Reading {
    /// How values of a type are read.
    #[must_use]
    pub fn of(body: &Body, ty: &Type) -> Self {
        Self(match ty {
            Type::Bool {} => Kind::Bool,
            Type::Int { .. } | Type::Duration { .. } | Type::Instant { .. } => Kind::Whole,
            Type::Decimal { scale, .. } => Kind::Decimal { scale: *scale },
            Type::Time { .. } => Kind::Time,
            Type::Date { .. } => Kind::Date,
            Type::Enum { of } => match body.enums.get(*of as usize) {
                Some(of) => {
                    let wires = of.variants.iter().map(|v| v.wire.clone());
                    let mut listed: Variants = wires.zip(0..).collect();
                    listed.sort();
                    Kind::Variant {
                        listed,
                        other: of.other.map(i64::from),
                    }
                }
                None => Kind::None,
            },
            Type::String { .. } | Type::Record { .. } | Type::List { .. } => Kind::None,
        })
    }

    /// The number. `None` for types that have none and for what is not in wire form.
    #[must_use]
    pub fn number(&self, value: &Value) -> Option<i64> {
        match &self.0 {
            Kind::Bool => value.as_bool().map(i64::from),
            Kind::Whole => whole(value),
            Kind::Decimal { scale } => decimal(value, *scale).ok(),
            Kind::Time => time_seconds(value.as_str()?),
            Kind::Date => date_days(value.as_str()?),
            Kind::Variant { listed, other } => {
                let wire = value.as_str()?;
                match listed.binary_search_by(|(name, _)| name.as_str().cmp(wire)) {
                    Ok(at) => listed.get(at).map(|&(_, index)| index),
                    Err(_) => *other,
                }
            }
            Kind::None => None,
        }
    }
}

/// Length in Unicode scalar values.
#[must_use]
pub fn length(text: &str) -> i64 {
    i64::try_from(text.chars().count()).unwrap_or(i64::MAX)
}

/// The class that an automaton gives to a string; 0 for an automaton that isn't there.
#[must_use]
pub fn class(body: &Body, automaton: u32, text: &str) -> u32 {
    match body.automata.get(automaton as usize) {
        Some(a) => class_in(a, text, |byte| a.class_of_byte(byte)),
        None => 0,
    }
}

/// The class that an automaton gives to a string, with the classes of bytes as given.
pub(super) fn class_in(a: &Automaton, text: &str, class_of_byte: impl Fn(u8) -> u32) -> u32 {
    let mut state = 0_u32;
    for byte in text.bytes() {
        let cell = state as usize * a.classes as usize + class_of_byte(byte) as usize;
        state = a.next.get(cell).copied().unwrap_or(0);
    }
    a.accept.get(state as usize).copied().unwrap_or(0)
}

impl Automaton {
    /// The class of a byte, from its run.
    pub(super) fn class_of_byte(&self, byte: u8) -> u32 {
        let upto = self.alphabet.partition_point(|&(first, _)| first <= byte);
        let run = upto.checked_sub(1).and_then(|i| self.alphabet.get(i));
        run.map_or(0, |&(_, class)| class)
    }
}

fn decimal(value: &Value, scale: u32) -> Result<i64, Invalid> {
    let wrong = |value: &Value| {
        let digits = match scale {
            0 => "a decimal as a string without a fraction, such as \"12\"".to_owned(),
            1 => "a decimal as a string with at most 1 fractional digit".to_owned(),
            n => format!("a decimal as a string with at most {n} fractional digits"),
        };
        expected(&digits, value)
    };
    match value {
        Value::String(text) => decimal_units(text, scale).ok_or_else(|| wrong(value)),
        Value::Number(_) => whole(value)
            .and_then(|n| n.checked_mul(super::scalar::power_of_ten(scale)?))
            .filter(|n| n.unsigned_abs() <= super::scalar::NUMBER_MAX.unsigned_abs())
            .ok_or_else(|| wrong(value)),
        _ => Err(wrong(value)),
    }
}

fn variant(body: &Body, of: u32, value: &Value) -> Result<Value, Invalid> {
    let Some(of) = body.enums.get(of as usize) else {
        return Err(Invalid::new("the table has no such enum"));
    };
    let Value::String(wire) = value else {
        return Err(expected(&format!("a string, one of {}", of.name), value));
    };
    if of.variants.iter().any(|v| v.wire == *wire) {
        return Ok(value.clone());
    }
    if let Some(other) = of.other.and_then(|i| of.variants.get(i as usize)) {
        return Ok(other.wire.clone().into());
    }
    let known: Vec<_> = of.variants.iter().map(|v| v.wire.as_str()).collect();
    Err(expected(
        &format!("one of {}: {}", of.name, known.join(", ")),
        value,
    ))
}

fn check_string(
    body: &Body,
    text: &str,
    min: u32,
    max: Option<u32>,
    automata: &[u32],
) -> Result<(), Invalid> {
    let n = length(text);
    if n < i64::from(min) || max.is_some_and(|max| n > i64::from(max)) {
        let allowed = match max {
            Some(max) => format!("{min} to {max} are allowed"),
            None => format!("at least {min} are needed"),
        };
        let s = if n == 1 { "" } else { "s" };
        return Err(Invalid::new(format!(
            "the string has {n} character{s}, but {allowed}"
        )));
    }
    if automata.iter().any(|&a| class(body, a, text) == 0) {
        return Err(Invalid::new(format!(
            "{} does not match the pattern of its type",
            short(&Value::String(text.to_owned()))
        )));
    }
    Ok(())
}

fn within(n: i64, min: i64, max: i64, show: impl Fn(i64) -> String) -> Result<(), Invalid> {
    if n < min {
        return Err(Invalid::new(format!("{} is below {}", show(n), show(min))));
    }
    if n > max {
        return Err(Invalid::new(format!("{} is above {}", show(n), show(max))));
    }
    Ok(())
}

fn expected(what: &str, got: &Value) -> Invalid {
    Invalid::new(format!("expected {what}, got {}", short(got)))
}

/// A value as it may stand in a message: short, whatever came in.
fn short(value: &Value) -> String {
    const LIMIT: usize = 40;
    let text = match value {
        Value::Array(_) => return "a list".to_owned(),
        Value::Object(_) => return "an object".to_owned(),
        other => any_text(other).unwrap_or_default(),
    };
    match text.char_indices().nth(LIMIT) {
        Some((cut, _)) => format!("{}…", &text[..cut]),
        None => text,
    }
}

#[cfg(test)]
mod tests;
