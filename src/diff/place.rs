//! Places of values that both tables know, and terms for what can stand there.
//!
//! A place takes what is valid in both tables; what only one of them takes is a change of the type,
//! and is told as one. A place that one table alone knows takes what is valid there.

use super::side::{Side, Tables, Typed};
use super::universe::{Universe, Untold};
use crate::logic::{IntSet, Term};
use crate::table::format::{Field, Type};
use crate::table::scalar::{date_text, decimal_text, time_text};
use serde_json::{Map, Value};
use std::rc::Rc;

/// Types never nest deeper than this.
const DEPTH_MAX: u32 = 80;
/// A variant's name that no policy lists, with a number if one does.
const UNLISTED: &str = "something else";

#[derive(Debug)]
pub(super) struct Place {
    /// For people.
    pub(super) name: String,
    /// 1 where the value is there; none if it always is.
    pub(super) presence: Option<Term>,
    /// Whether each side knows it.
    pub(super) on: [bool; 2],
    pub(super) kind: Kind,
}

#[derive(Debug)]
pub(super) enum Kind {
    Flag(Term),
    /// A side's number is the term's times its factor.
    Number {
        term: Term,
        factor: [i64; 2],
        ty: [Option<Type>; 2],
    },
    /// Variant `i` is `cells[i]`: its name on the wire, and its index on each side.
    Enum {
        term: Term,
        cells: Vec<(String, [Option<u32>; 2])>,
    },
    Text(Term),
    Record(Vec<(String, Rc<Place>)>),
    List {
        term: Term,
        element: Rc<Place>,
    },
    /// No value is valid on both sides, or none that can be compared.
    Apart(String),
}

/// What a place is made for.
pub(super) struct Making {
    /// The name of its terms: unique.
    pub(super) id: String,
    pub(super) name: String,
    /// The list whose element it is in.
    pub(super) list: Option<Term>,
    pub(super) depth: u32,
}

impl Making {
    fn within(&self, field: &str) -> Self {
        Self {
            id: format!("{}.{field}", self.id),
            name: format!("{}.{field}", self.name),
            list: self.list,
            depth: self.depth + 1,
        }
    }
}

impl Universe<'_> {
    /// The place whose type on each side is this; on a side that doesn't know it, none.
    pub(super) fn place(&mut self, making: &Making, typed: [Option<Typed<'_>>; 2]) -> Rc<Place> {
        let on = [typed[0].is_some(), typed[1].is_some()];
        let optional = typed.iter().flatten().all(|t| t.optional);
        let presence = optional.then(|| {
            let name = format!("{} is present", making.id);
            self.int_term(&name, making.list, 0, 1)
        });
        let kind = if making.depth > DEPTH_MAX {
            Kind::Apart("its type nests too deep".to_owned())
        } else {
            self.kind(making, [typed[0].map(|t| t.ty), typed[1].map(|t| t.ty)])
                .unwrap_or_else(|Untold(why)| Kind::Apart(why))
        };
        Rc::new(Place {
            name: making.name.clone(),
            presence,
            on,
            kind,
        })
    }

    fn int_term(&mut self, name: &str, list: Option<Term>, min: i64, max: i64) -> Term {
        match list {
            Some(list) => self.logic.element_int(list, name, min, max),
            None => self.logic.int(name, min, max),
        }
    }

    fn kind(&mut self, making: &Making, types: [Option<&Type>; 2]) -> Result<Kind, Untold> {
        let of = |side: Side| types[side.index()];
        let apart = || {
            let words = types.map(|t| t.map_or("nothing", type_word));
            Untold(format!(
                "`{}` was {} and is {} now",
                making.name, words[0], words[1]
            ))
        };
        let some = types.iter().flatten().next().ok_or_else(apart)?;
        let alike = |same: fn(&Type) -> bool| types.iter().flatten().all(|t| same(t));
        match some {
            Type::Bool {} if alike(|t| matches!(t, Type::Bool {})) => {
                Ok(Kind::Flag(self.int_term(&making.id, making.list, 0, 1)))
            }
            Type::String { .. } if alike(|t| matches!(t, Type::String { .. })) => {
                let mut domain = self.logic.any_string();
                let (mut least, mut most) = (0, None::<u32>);
                for side in Side::BOTH {
                    let Some(Type::String { min, max, automata }) = of(side) else {
                        continue;
                    };
                    least = least.max(*min);
                    most = match (most, *max) {
                        (Some(a), Some(b)) => Some(a.min(b)),
                        (a, b) => a.or(b),
                    };
                    for &automaton in automata {
                        let language = self.accepted(side, automaton)?;
                        domain = self.logic.lang_and(domain, language).map_err(Untold)?;
                    }
                }
                let term = match making.list {
                    Some(list) => self.logic.element_string(list, &making.id, domain),
                    None => self.logic.string(&making.id, domain),
                };
                let most = most.map(i64::from);
                self.logic.limit_length(term, i64::from(least), most);
                Ok(Kind::Text(term))
            }
            Type::Enum { .. } if alike(|t| matches!(t, Type::Enum { .. })) => {
                let cells = self.tables.variants(types);
                if cells.is_empty() {
                    return Err(apart());
                }
                let last = i64::try_from(cells.len()).unwrap_or(i64::MAX) - 1;
                let term = self.int_term(&making.id, making.list, 0, last);
                Ok(Kind::Enum { term, cells })
            }
            Type::Record { .. } if alike(|t| matches!(t, Type::Record { .. })) => {
                let mut wires: Vec<&str> = Vec::new();
                let fields = Side::BOTH.map(|side| self.tables.fields(side, of(side)));
                for field in fields.iter().flat_map(|f| f.iter()) {
                    if !wires.contains(&field.wire.as_str()) {
                        wires.push(&field.wire);
                    }
                }
                let mut places = Vec::new();
                for wire in wires {
                    let typed = fields.map(|f| f.iter().find(|f| f.wire == wire).map(Typed::field));
                    let place = self.place(&making.within(wire), typed);
                    if let (Kind::Apart(why), None) = (&place.kind, place.presence) {
                        return Err(Untold(why.clone()));
                    }
                    places.push((wire.to_owned(), place));
                }
                Ok(Kind::Record(places))
            }
            Type::List { .. } if alike(|t| matches!(t, Type::List { .. })) => {
                if making.list.is_some() {
                    return Err(Untold(format!("`{}` is a list within a list", making.name)));
                }
                let (mut least, mut most) = (0, i64::MAX);
                let mut elements = [None, None];
                for side in Side::BOTH {
                    if let Some(Type::List { element, min, max }) = of(side) {
                        least = least.max(i64::from(*min));
                        most = most.min(i64::from(*max));
                        elements[side.index()] = Some(Typed {
                            ty: element.as_ref(),
                            optional: false,
                        });
                    }
                }
                if least > most {
                    return Err(apart());
                }
                let term = self.logic.list(&making.id, least, most);
                let inner = Making {
                    id: format!("{}[]", making.id),
                    name: format!("an element of {}", making.name),
                    list: Some(term),
                    depth: making.depth + 1,
                };
                let element = self.place(&inner, elements);
                Ok(Kind::List { term, element })
            }
            _ => self.number(making, types).ok_or_else(apart),
        }
    }

    fn number(&mut self, making: &Making, types: [Option<&Type>; 2]) -> Option<Kind> {
        let known: Vec<(u8, u32, i64, i64)> = types
            .iter()
            .flatten()
            .map(|t| number_type(t))
            .collect::<Option<_>>()?;
        let (family, mut scale) = known.first().map(|(f, s, ..)| (*f, *s))?;
        scale = known.iter().map(|k| k.1).min().unwrap_or(scale);
        let (mut low, mut high) = (i64::MIN, i64::MAX);
        for (own, digits, min, max) in &known {
            if *own != family {
                return None;
            }
            let by = 10_i64.checked_pow(digits - scale)?;
            low = low.max(ceil_div(*min, by));
            high = high.min(max.div_euclid(by));
        }
        if low > high {
            return None;
        }
        let factor = types.map(|t| {
            t.and_then(number_type)
                .and_then(|(_, digits, ..)| 10_i64.checked_pow(digits - scale))
                .unwrap_or(1)
        });
        Some(Kind::Number {
            term: self.int_term(&making.id, making.list, low, high),
            factor,
            ty: types.map(|t| t.cloned()),
        })
    }
}

impl<'t> Tables<'t> {
    pub(super) fn fields(&self, side: Side, ty: Option<&Type>) -> &'t [Field] {
        let Some(Type::Record { of }) = ty else {
            return &[];
        };
        let record = self.body(side).records.get(*of as usize);
        record.map_or(&[], |r| r.fields.as_slice())
    }

    /// The texts that every side takes, each with what it means there.
    fn variants(&self, types: [Option<&Type>; 2]) -> Vec<(String, [Option<u32>; 2])> {
        let enums = Side::BOTH.map(|side| match types[side.index()] {
            Some(Type::Enum { of }) => self.body(side).enums.get(*of as usize),
            _ => None,
        });
        let mut wires: Vec<String> = Vec::new();
        for variant in enums.iter().flatten().flat_map(|e| &e.variants) {
            if !wires.contains(&variant.wire) {
                wires.push(variant.wire.clone());
            }
        }
        let mut unlisted = UNLISTED.to_owned();
        while wires.contains(&unlisted) {
            unlisted.push('!');
        }
        wires.push(unlisted);
        let mut cells = Vec::new();
        for wire in wires {
            let index = enums.map(|e| {
                let e = e?;
                let listed = e.variants.iter().position(|v| v.wire == wire);
                listed.and_then(|i| u32::try_from(i).ok()).or(e.other)
            });
            let taken = enums
                .iter()
                .zip(&index)
                .all(|(e, i)| e.is_none() || i.is_some());
            let twin = cells.iter().any(|(_, known)| *known == index);
            // Texts that mean the same everywhere are one, but each variant keeps its own name.
            if taken && !twin {
                cells.push((wire, index));
            }
        }
        cells
    }
}

impl Place {
    /// A value of this place as that side writes it; none where it is left out.
    pub(super) fn value(
        &self,
        universe: &mut Universe<'_>,
        side: Side,
        found: &mut crate::logic::Assignment,
    ) -> Option<Value> {
        if !self.on[side.index()] {
            return None;
        }
        if let Some(presence) = self.presence
            && found.int(presence).unwrap_or(0) == 0
        {
            return None;
        }
        match &self.kind {
            Kind::Flag(term) => Some(Value::Bool(universe.int_of(*term, found)? != 0)),
            Kind::Number { term, factor, ty } => {
                let units = universe.int_of(*term, found)?;
                let units = units.checked_mul(factor[side.index()])?;
                wire(ty[side.index()].as_ref()?, units)
            }
            Kind::Enum { term, cells } => {
                let at = usize::try_from(universe.int_of(*term, found)?).ok()?;
                cells.get(at).map(|(wire, _)| wire.as_str().into())
            }
            Kind::Text(term) => {
                universe.complete(*term, found)?;
                found.string(*term).map(Into::into)
            }
            Kind::Record(fields) => {
                let mut object = Map::new();
                for (wire, place) in fields {
                    if let Some(value) = place.value(universe, side, found) {
                        object.insert(wire.clone(), value);
                    }
                }
                Some(Value::Object(object))
            }
            Kind::List { term, element } => {
                universe.complete(*term, found)?;
                let mut items = Vec::new();
                let mut elements = found.elements(*term).to_vec();
                for values in &mut elements {
                    items.push(element.value(universe, side, values)?);
                }
                found.set_elements(*term, elements);
                Some(Value::Array(items))
            }
            Kind::Apart(_) => None,
        }
    }

    /// The joint values that are that side's values of the set.
    pub(super) fn set_of(&self, side: Side, low: i64, high: i64) -> IntSet {
        match &self.kind {
            Kind::Number { factor, .. } => {
                let by = factor[side.index()];
                let low = if low == i64::MIN {
                    low
                } else {
                    ceil_div(low, by)
                };
                let high = if high == i64::MAX {
                    high
                } else {
                    high.div_euclid(by)
                };
                IntSet::range(low, high)
            }
            Kind::Enum { cells, .. } => {
                let fits = |index: &[Option<u32>; 2]| {
                    index[side.index()].is_some_and(|i| (low..=high).contains(&i64::from(i)))
                };
                let points = (0_i64..).zip(cells).filter(|(_, (_, index))| fits(index));
                IntSet::from_points(points.map(|(i, _)| i))
            }
            _ => IntSet::range(low, high),
        }
    }
}

fn ceil_div(value: i64, by: i64) -> i64 {
    let by = by.max(1);
    // A remainder means that the quotient was rounded down.
    value.div_euclid(by) + i64::from(value.rem_euclid(by) != 0)
}

/// Types whose values can be the same, the digits of their units, and their bounds.
fn number_type(ty: &Type) -> Option<(u8, u32, i64, i64)> {
    Some(match ty {
        Type::Int { min, max } | Type::Duration { min, max } | Type::Instant { min, max } => {
            (0, 0, *min, *max)
        }
        Type::Decimal { scale, min, max } => (0, *scale, *min, *max),
        Type::Time { min, max } => (1, 0, *min, *max),
        Type::Date { min, max } => (2, 0, *min, *max),
        _ => return None,
    })
}

/// The kind of a type, for people.
pub(super) fn type_word(ty: &Type) -> &'static str {
    match ty {
        Type::Bool {} => "a bool",
        Type::Int { .. } => "an int",
        Type::Decimal { .. } => "a decimal",
        Type::String { .. } => "a string",
        Type::Duration { .. } => "a duration",
        Type::Time { .. } => "a time",
        Type::Date { .. } => "a date",
        Type::Instant { .. } => "an instant",
        Type::Enum { .. } => "an enum",
        Type::Record { .. } => "a record",
        Type::List { .. } => "a list",
    }
}

/// A number of units as a value of the type.
pub(super) fn wire(ty: &Type, units: i64) -> Option<Value> {
    Some(match ty {
        Type::Int { .. } | Type::Duration { .. } | Type::Instant { .. } => units.into(),
        Type::Decimal { scale, .. } => decimal_text(units, *scale).into(),
        Type::Time { .. } => time_text(units).into(),
        Type::Date { .. } => date_text(units).into(),
        _ => return None,
    })
}
