//! Values worth trying: those at the bounds of types, at both sides of every cut of the table's
//! diagrams, strings of every class, and what was seen before.

use super::rng::Rng;
use crate::table::format::{Body, Field, Path, Probe, Root, Type};
use crate::table::sample::{self, text_of_class};
use crate::table::scalar::{date_text, decimal_text, time_text};
use crate::table::value::Reading;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// A draw now and then goes beyond a type that holds a list of this many.
const LIST_MAX: u32 = 4;
/// Types nest no deeper than this.
const DEPTH_MAX: u32 = 64;

/// What the table's diagrams compare values with.
#[derive(Clone, Debug, Default)]
pub(super) struct Pools {
    /// By the place that a path leads to: units at and below cuts, lengths and sizes alike.
    places: BTreeMap<String, Hints>,
    /// The same for all places with one kind of unit.
    kinds: BTreeMap<String, BTreeSet<i64>>,
    /// Strings, one for each class of each automaton.
    classes: BTreeMap<u32, Vec<String>>,
}

#[derive(Clone, Debug, Default)]
struct Hints {
    units: BTreeSet<i64>,
    lengths: BTreeSet<i64>,
    sizes: BTreeSet<i64>,
    automata: BTreeSet<u32>,
}

/// A value's place, as far as a path tells it: the root without its index, and the fields.
pub(super) fn place(root: &str, fields: &[String]) -> String {
    format!("{root}/{}", fields.join("/"))
}

fn place_of(path: &Path) -> String {
    let root = match &path.root {
        Root::Param { index } => format!("param{index}"),
        Root::Input { index } => format!("input{index}"),
        Root::Fact { .. } | Root::Result {} => "result".to_owned(),
        Root::Element {} => "element".to_owned(),
        Root::Slot { .. } => "slot".to_owned(),
    };
    place(&root, &path.fields)
}

fn kind(ty: &Type) -> String {
    match ty {
        Type::Int { .. } => "int".to_owned(),
        Type::Decimal { scale, .. } => format!("decimal{scale}"),
        Type::Duration { .. } => "duration".to_owned(),
        Type::Time { .. } => "time".to_owned(),
        Type::Date { .. } => "date".to_owned(),
        Type::Instant { .. } => "instant".to_owned(),
        _ => String::new(),
    }
}

impl Pools {
    pub(super) fn new(body: &Body) -> Self {
        let mut pools = Self::default();
        let mut cuts: Vec<BTreeSet<i64>> = vec![BTreeSet::new(); body.probes.len()];
        for node in &body.nodes {
            if let Some(of) = cuts.get_mut(node.probe as usize) {
                for &cut in &node.cuts {
                    of.insert(cut.saturating_sub(1));
                    of.insert(cut);
                }
            }
        }
        for (probe, cuts) in body.probes.iter().zip(&cuts) {
            match probe {
                Probe::Value { path, ty } => {
                    pools.at(path).units.extend(cuts);
                    pools.kinds.entry(kind(ty)).or_default().extend(cuts);
                }
                Probe::Length { path } => pools.at(path).lengths.extend(cuts),
                Probe::Size { path } => pools.at(path).sizes.extend(cuts),
                Probe::Class { path, automaton } => {
                    pools.at(path).automata.insert(*automaton);
                }
                Probe::Difference { left_type, .. } => {
                    let of = pools.kinds.entry(kind(left_type)).or_default();
                    of.extend(cuts.iter().filter(|c| c.abs() < 1 << 40));
                }
                _ => {}
            }
        }
        for (index, automaton) in (0_u32..).zip(&body.automata) {
            let classes: BTreeSet<u32> = automaton.accept.iter().copied().collect();
            let mut texts = Vec::new();
            for text in classes
                .iter()
                .take(24)
                .filter_map(|&class| text_of_class(automaton, class))
            {
                texts.extend(siblings(body, index, &text));
                texts.push(text);
            }
            pools.classes.insert(index, texts);
        }
        pools
    }

    fn at(&mut self, path: &Path) -> &mut Hints {
        self.places.entry(place_of(path)).or_default()
    }
}

/// How many other texts of a class are known, so that keys can differ.
const SIBLINGS: usize = 2;

/// Other texts of the same class, which differ in the last letter.
fn siblings(body: &Body, automaton: u32, text: &str) -> Vec<String> {
    let mut start = text.to_owned();
    if start.pop().is_none_or(|last| !last.is_ascii()) {
        return Vec::new();
    }
    let class = crate::table::value::class(body, automaton, text);
    let letters = (b'a'..=b'z').chain(b'0'..=b'9').chain(b'A'..=b'Z');
    letters
        .map(|letter| format!("{start}{}", char::from(letter)))
        .filter(|t| t != text && crate::table::value::class(body, automaton, t) == class)
        .take(SIBLINGS)
        .collect()
}

/// Where draws come from.
pub(super) struct Draw<'a> {
    pub(super) body: &'a Body,
    pub(super) pools: &'a Pools,
    /// Scalars seen before, with the kind of their type.
    pub(super) seen: &'a [(String, Value)],
}

/// What a scalar is remembered under.
pub(super) fn memory_key(ty: &Type) -> Option<String> {
    match ty {
        Type::String { automata, .. } => Some(format!("string{automata:?}")),
        Type::Enum { .. } | Type::Record { .. } | Type::List { .. } | Type::Bool {} => None,
        other => Some(kind(other)),
    }
}

impl Draw<'_> {
    /// Fields of a record, parameters of an action, inputs; by wire name.
    pub(super) fn fields(
        &self,
        rng: &mut Rng,
        fields: &[Field],
        root: impl Fn(usize) -> String,
    ) -> Map<String, Value> {
        let mut out = Map::new();
        for (i, field) in fields.iter().enumerate() {
            if field.optional && rng.chance(110) {
                continue;
            }
            if let Some(value) = self.value(rng, &field.ty, &root(i), &[], 0) {
                out.insert(field.wire.clone(), value);
            }
        }
        out
    }

    /// A value of the type, for the place that is reached by these fields.
    pub(super) fn value(
        &self,
        rng: &mut Rng,
        ty: &Type,
        root: &str,
        fields: &[String],
        depth: u32,
    ) -> Option<Value> {
        if depth > DEPTH_MAX {
            return None;
        }
        if let Some(key) = memory_key(ty)
            && rng.chance(60)
        {
            let known: Vec<&Value> = self
                .seen
                .iter()
                .filter(|(k, _)| *k == key)
                .map(|(_, v)| v)
                .collect();
            if let Some(value) = rng.pick(&known) {
                let value = self.near(rng, ty, value);
                if crate::table::value::normalise(
                    self.body,
                    ty,
                    &value,
                    crate::table::value::Unknown::Refuse,
                )
                .is_ok()
                {
                    return Some(value);
                }
            }
        }
        let here = self.pools.places.get(&place(root, fields));
        match ty {
            Type::Bool {} => Some(rng.chance(128).into()),
            Type::Enum { of } => {
                let variants = &self.body.enums.get(*of as usize)?.variants;
                rng.pick(variants).map(|v| v.wire.as_str().into())
            }
            Type::Record { of } => {
                let mut object = Map::new();
                for field in &self.body.records.get(*of as usize)?.fields {
                    if field.optional && rng.chance(110) {
                        continue;
                    }
                    let mut at = fields.to_vec();
                    at.push(field.wire.clone());
                    let value = self.value(rng, &field.ty, root, &at, depth + 1)?;
                    object.insert(field.wire.clone(), value);
                }
                Some(object.into())
            }
            Type::List { element, min, max } => {
                let sizes = here.map(|h| &h.sizes);
                let size = match pick_within(rng, sizes, i64::from(*min), i64::from(*max)) {
                    Some(size) if size <= 64 => u32::try_from(size).unwrap_or(*min),
                    _ => {
                        let most = (*max).min(min.saturating_add(LIST_MAX));
                        u32::try_from(rng.within(i64::from(*min), i64::from(most))).unwrap_or(*min)
                    }
                };
                let items = (0..size).map(|_| self.value(rng, element, "element", &[], depth + 1));
                items.collect::<Option<Vec<_>>>().map(Value::Array)
            }
            Type::String { min, max, automata } => self.string(rng, here, *min, *max, automata),
            Type::Int { min, max }
            | Type::Decimal { min, max, .. }
            | Type::Duration { min, max }
            | Type::Time { min, max }
            | Type::Date { min, max }
            | Type::Instant { min, max } => {
                let units = here.map(|h| &h.units);
                let kinds = self.pools.kinds.get(&kind(ty));
                let unit = match rng.below(8) {
                    0..=3 => pick_within(rng, units, *min, *max),
                    4 => pick_within(rng, kinds, *min, *max),
                    5 => Some(if rng.chance(128) { *min } else { *max }),
                    _ => None,
                };
                let near = (0.clamp(*min, *max), 12.clamp(*min, *max));
                let unit = unit.unwrap_or_else(|| match rng.below(3) {
                    0 => rng.within(near.0, near.1),
                    _ => rng.within(*min, *max),
                });
                wire(ty, unit)
            }
        }
    }

    /// A value seen before, or one a unit away from it.
    fn near(&self, rng: &mut Rng, ty: &Type, value: &Value) -> Value {
        if rng.chance(160) {
            return value.clone();
        }
        let by = if rng.chance(128) { 1 } else { -1 };
        Reading::of(self.body, ty)
            .number(value)
            .and_then(|n| wire(ty, n.saturating_add(by)))
            .unwrap_or_else(|| value.clone())
    }

    fn string(
        &self,
        rng: &mut Rng,
        here: Option<&Hints>,
        min: u32,
        max: Option<u32>,
        automata: &[u32],
    ) -> Option<Value> {
        let accepted = |text: &str| {
            let n = i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
            n >= i64::from(min)
                && max.is_none_or(|max| n <= i64::from(max))
                && automata
                    .iter()
                    .all(|&a| crate::table::value::class(self.body, a, text) != 0)
        };
        let of_classes: Vec<&String> = here
            .into_iter()
            .flat_map(|h| &h.automata)
            .chain(automata)
            .filter_map(|a| self.pools.classes.get(a))
            .flatten()
            .filter(|t| accepted(t))
            .collect();
        if !of_classes.is_empty() && rng.chance(200) {
            return rng.pick(&of_classes).map(|t| t.as_str().into());
        }
        if automata.is_empty() {
            let most = i64::from(max.unwrap_or(min.saturating_add(6)));
            let lengths = here.map(|h| &h.lengths);
            let length = pick_within(rng, lengths, i64::from(min), most)
                .filter(|_| rng.chance(200))
                .unwrap_or_else(|| rng.within(i64::from(min), most.min(i64::from(min) + 6)));
            // Beyond ASCII and beyond the first plane, so that lengths are counted rightly.
            let letters = ["a", "b", "é", "𝄞", "0", " "];
            let text: String = (0..length.min(600))
                .filter_map(|_| rng.pick(&letters).copied())
                .collect();
            if accepted(&text) {
                return Some(text.into());
            }
        }
        let all: Option<Vec<_>> = automata
            .iter()
            .map(|&a| self.body.automata.get(a as usize))
            .collect();
        sample::text(&all?, min, max).map(Value::String)
    }
}

fn pick_within(rng: &mut Rng, of: Option<&BTreeSet<i64>>, min: i64, max: i64) -> Option<i64> {
    let fitting: Vec<i64> = of?.range(min..=max.max(min)).copied().collect();
    rng.pick(&fitting).copied()
}

/// A number of units as a value of the type.
pub(super) fn wire(ty: &Type, unit: i64) -> Option<Value> {
    Some(match ty {
        Type::Int { .. } | Type::Duration { .. } | Type::Instant { .. } => unit.into(),
        Type::Decimal { scale, .. } => decimal_text(unit, *scale).into(),
        Type::Time { .. } if (0..86_400).contains(&unit) => time_text(unit).into(),
        Type::Date { .. } if (-719_162..=2_932_896).contains(&unit) => date_text(unit).into(),
        _ => return None,
    })
}
