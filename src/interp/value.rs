//! Values between their wire form and [`Const`], and whether they are of a type.

use super::Interp;
use crate::model::types::INT_MAX;
use crate::model::{Const, Type};
use crate::table::scalar::{
    date_days, date_text, decimal_text, decimal_units, power_of_ten, time_seconds, time_text, whole,
};
use serde_json::{Map, Value};

/// Types and values never nest deeper than this; the model's own limit is lower.
const DEPTH_MAX: u32 = 200;

impl Interp<'_> {
    /// The value in wire form as one of type `ty`; `None` if it is not one. Unknown fields are
    /// dropped if `lenient` (replies), else they make the value invalid (arguments, inputs).
    #[must_use]
    pub fn value(&self, ty: &Type, value: &Value, lenient: bool) -> Option<Const> {
        let found = self.read(ty, value, lenient, 0)?;
        self.is_of(ty, &found, 0).then_some(found)
    }

    fn read(&self, ty: &Type, value: &Value, lenient: bool, depth: u32) -> Option<Const> {
        if depth > DEPTH_MAX {
            return None;
        }
        Some(match ty {
            Type::Bool => Const::Bool(value.as_bool()?),
            Type::Int { .. } | Type::Duration { .. } | Type::Instant { .. } => {
                Const::Number(whole(value)?)
            }
            Type::Decimal { scale, .. } => Const::Number(match value {
                Value::String(text) => decimal_units(text, *scale)?,
                number => whole(number)?.checked_mul(power_of_ten(*scale)?)?,
            }),
            Type::Time { .. } => Const::Number(time_seconds(value.as_str()?)?),
            Type::Date { .. } => Const::Number(date_days(value.as_str()?)?),
            Type::String { .. } => Const::Str(value.as_str()?.to_owned()),
            Type::Enum(id) => {
                let of = self.policy.enums.get(id.index())?;
                let wire = value.as_str()?;
                let listed = of.variants.iter().position(|v| v.wire == wire);
                let index = match listed {
                    Some(index) => u32::try_from(index).ok()?,
                    None => of.other?,
                };
                Const::Variant(*id, index)
            }
            Type::Record(id) => {
                let of = self.policy.records.get(id.index())?;
                let object = value.as_object()?;
                let known = |name: &String| of.fields.iter().any(|f| f.wire == *name);
                if !lenient && !object.keys().all(known) {
                    return None;
                }
                let mut fields = Vec::new();
                for field in &of.fields {
                    fields.push(match object.get(&field.wire) {
                        None | Some(Value::Null) if field.optional => None,
                        given => Some(self.read(&field.ty, given?, lenient, depth + 1)?),
                    });
                }
                Const::Record(*id, fields)
            }
            Type::List { element, .. } => {
                let items = value.as_array()?.iter();
                let items = items.map(|v| self.read(element, v, lenient, depth + 1));
                Const::List(items.collect::<Option<_>>()?)
            }
        })
    }

    /// Whether a value of the right kind keeps to the refinements.
    fn is_of(&self, ty: &Type, value: &Const, depth: u32) -> bool {
        if depth > DEPTH_MAX {
            return false;
        }
        match (ty, value) {
            (Type::Bool, Const::Bool(_)) => true,
            (Type::String { min, max, patterns }, Const::Str(text)) => {
                let length = text.chars().count();
                length >= *min as usize
                    && max.is_none_or(|max| length <= max as usize)
                    && patterns
                        .iter()
                        .all(|p| self.matches(&p.pattern, text) == Some(true))
            }
            (Type::Enum(_), Const::Variant(..)) => true,
            (Type::Record(id), Const::Record(_, fields)) => {
                self.policy.records.get(id.index()).is_some_and(|of| {
                    of.fields.iter().zip(fields).all(|(field, value)| {
                        value
                            .as_ref()
                            .map_or(field.optional, |v| self.is_of(&field.ty, v, depth + 1))
                    })
                })
            }
            (Type::List { element, min, max }, Const::List(items)) => {
                items.len() >= *min as usize
                    && items.len() <= *max as usize
                    && items.iter().all(|v| self.is_of(element, v, depth + 1))
            }
            (ty, Const::Number(n)) => ty.bounds().is_some_and(|(min, max)| {
                n.unsigned_abs() <= INT_MAX.unsigned_abs() && min <= *n && *n <= max
            }),
            _ => false,
        }
    }

    /// The wire form of a value of type `ty`.
    #[must_use]
    pub fn wire(&self, ty: &Type, value: &Const) -> Value {
        self.wire_at(ty, value, 0)
    }

    fn wire_at(&self, ty: &Type, value: &Const, depth: u32) -> Value {
        if depth > DEPTH_MAX {
            return Value::Null;
        }
        match (ty, value) {
            (_, Const::Bool(b)) => (*b).into(),
            (_, Const::Str(text)) => text.clone().into(),
            (Type::Decimal { scale, .. }, Const::Number(n)) => decimal_text(*n, *scale).into(),
            (Type::Time { .. }, Const::Number(n)) => time_text(*n).into(),
            (Type::Date { .. }, Const::Number(n)) => date_text(*n).into(),
            (_, Const::Number(n)) => (*n).into(),
            (_, Const::Variant(id, index)) => {
                let of = self.policy.enums.get(id.index());
                let variant = of.and_then(|e| e.variants.get(*index as usize));
                variant.map_or(Value::Null, |v| v.wire.clone().into())
            }
            (Type::List { element, .. }, Const::List(items)) => items
                .iter()
                .map(|v| self.wire_at(element, v, depth + 1))
                .collect(),
            (_, Const::Record(id, fields)) => {
                let mut object = Map::new();
                if let Some(of) = self.policy.records.get(id.index()) {
                    for (field, value) in of.fields.iter().zip(fields) {
                        if let Some(value) = value {
                            let value = self.wire_at(&field.ty, value, depth + 1);
                            object.insert(field.wire.clone(), value);
                        }
                    }
                }
                Value::Object(object)
            }
            (_, Const::List(_)) => Value::Null,
        }
    }
}
