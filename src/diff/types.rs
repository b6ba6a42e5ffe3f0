//! Changes of types: values that were valid and are not now, and the other way round.

use super::place::{type_word, wire};
use super::side::{Side, Tables};
use crate::logic::{Formula, IntSet, Logic, Term};
use crate::table::format::{Enum, Type};

/// Types never nest deeper than this.
const DEPTH_MAX: u32 = 80;

/// What becomes of some values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// They are valid now.
    Now,
    /// They are not valid any more.
    NoLonger,
    /// They are valid still, and read as something else.
    Otherwise,
}

/// One change of a type.
#[derive(Clone, Debug)]
pub(super) struct TypeChange {
    pub(super) taken: Taken,
    /// Where in the value, such as `lead.name`.
    pub(super) at: String,
    pub(super) what: String,
    /// Such a value of the place.
    pub(super) example: Option<String>,
}

/// Compares types.
pub(super) struct Types<'t> {
    pub(super) tables: Tables<'t>,
    /// Whether fields that a type doesn't have are dropped, as in replies, or refused.
    pub(super) drops: bool,
    pub(super) changes: Vec<TypeChange>,
    /// What could not be compared.
    pub(super) unproven: Vec<String>,
    pub(super) effort: u32,
}

impl<'t> Types<'t> {
    pub(super) fn new(tables: Tables<'t>, drops: bool, effort: u32) -> Self {
        Self {
            tables,
            drops,
            changes: Vec::new(),
            unproven: Vec::new(),
            effort,
        }
    }

    pub(super) fn add(
        &mut self,
        taken: Taken,
        at: &str,
        what: impl Into<String>,
        example: Option<String>,
    ) {
        self.changes.push(TypeChange {
            taken,
            at: at.to_owned(),
            what: what.into(),
            example,
        });
    }

    /// Compares what a place takes.
    pub(super) fn compare(&mut self, at: &str, old: &Type, new: &Type, depth: u32) {
        if depth > DEPTH_MAX {
            return;
        }
        match (old, new) {
            (Type::Bool {}, Type::Bool {}) => {}
            (Type::String { .. }, Type::String { .. }) => self.strings(at, old, new),
            (Type::Enum { of: a }, Type::Enum { of: b }) => {
                let a = self.tables.old.body().enums.get(*a as usize);
                let b = self.tables.new.body().enums.get(*b as usize);
                if let (Some(a), Some(b)) = (a, b) {
                    self.enums(at, a, b);
                }
            }
            (Type::Record { .. }, Type::Record { .. }) => self.records(at, old, new, depth),
            (
                Type::List {
                    element: a,
                    min: x,
                    max: y,
                },
                Type::List {
                    element: b,
                    min: v,
                    max: w,
                },
            ) => {
                let size = |n: u32| format!("a list of {n}");
                self.bounds(
                    at,
                    "size",
                    (i64::from(*x), i64::from(*y)),
                    (i64::from(*v), i64::from(*w)),
                    &|n| u32::try_from(n).map(size).unwrap_or_default(),
                );
                self.compare(&format!("{at}[]"), a, b, depth + 1);
            }
            _ => self.numbers(at, old, new),
        }
    }

    fn numbers(&mut self, at: &str, old: &Type, new: &Type) {
        let known = |ty: &Type| {
            Some(match ty {
                Type::Int { min, max } => (0, 0, *min, *max),
                Type::Duration { min, max } => (1, 0, *min, *max),
                Type::Instant { min, max } => (2, 0, *min, *max),
                Type::Decimal { scale, min, max } => (3, *scale, *min, *max),
                Type::Time { min, max } => (4, 0, *min, *max),
                Type::Date { min, max } => (5, 0, *min, *max),
                _ => return None,
            })
        };
        let (Some((x, scale, a, b)), Some((y, digits, c, d))) = (known(old), known(new)) else {
            return self.kinds(at, old, new);
        };
        if x != y {
            return self.kinds(at, old, new);
        }
        let most = scale.max(digits);
        let by = |n: i64, own: u32| 10_i128.pow(most - own) * i128::from(n);
        let narrow = |n: i128| i64::try_from(n).unwrap_or(if n < 0 { i64::MIN } else { i64::MAX });
        let show = |n: i64| {
            let ty = match old {
                Type::Decimal { .. } => Type::Decimal {
                    scale: most,
                    min: 0,
                    max: 0,
                },
                other => other.clone(),
            };
            wire(&ty, n).map_or_else(String::new, |v| v.to_string())
        };
        self.bounds(
            at,
            "value",
            (narrow(by(a, scale)), narrow(by(b, scale))),
            (narrow(by(c, digits)), narrow(by(d, digits))),
            &show,
        );
        if scale != digits {
            let taken = if digits > scale {
                Taken::Now
            } else {
                Taken::NoLonger
            };
            let what = format!("{digits} digits after the point instead of {scale}");
            self.add(taken, at, what, None);
            self.add(
                Taken::Otherwise,
                at,
                format!("is written with {digits} digits after the point"),
                None,
            );
        }
    }

    fn bounds(
        &mut self,
        at: &str,
        what: &str,
        old: (i64, i64),
        new: (i64, i64),
        show: &dyn Fn(i64) -> String,
    ) {
        let mut told = |taken, ends: &str, from: i64, to: i64, example: i64| {
            let what = format!(
                "the {ends} {what} is {} instead of {}",
                show(to),
                show(from)
            );
            self.add(taken, at, what, Some(show(example)));
        };
        match new.0.cmp(&old.0) {
            std::cmp::Ordering::Less => told(Taken::Now, "least", old.0, new.0, new.0),
            std::cmp::Ordering::Greater => told(Taken::NoLonger, "least", old.0, new.0, old.0),
            std::cmp::Ordering::Equal => {}
        }
        match new.1.cmp(&old.1) {
            std::cmp::Ordering::Greater => told(Taken::Now, "greatest", old.1, new.1, new.1),
            std::cmp::Ordering::Less => told(Taken::NoLonger, "greatest", old.1, new.1, old.1),
            std::cmp::Ordering::Equal => {}
        }
    }

    fn kinds(&mut self, at: &str, old: &Type, new: &Type) {
        let (old, new) = (type_word(old), type_word(new));
        self.add(
            Taken::NoLonger,
            at,
            format!("it is {new} and was {old}"),
            None,
        );
        self.add(Taken::Now, at, format!("it is {new} and was {old}"), None);
    }

    fn strings(&mut self, at: &str, old: &Type, new: &Type) {
        let mut logic = Logic::new();
        logic.set_effort(self.effort);
        let any = logic.any_string();
        let text = logic.string("text", any);
        let formulas = [(Side::Old, old), (Side::New, new)]
            .map(|(side, ty)| self.accepted(&mut logic, text, side, ty));
        let [Some(before), Some(after)] = formulas else {
            self.unproven.push(format!(
                "the type of `{at}`: a pattern needs too large an automaton"
            ));
            return;
        };
        for (taken, formula) in [
            (Taken::NoLonger, logic.and(&[before, !after])),
            (Taken::Now, logic.and(&[after, !before])),
        ] {
            let mut budget = logic.budget();
            match logic.solve(formula, &mut budget) {
                Ok(None) => {}
                Ok(Some(found)) => {
                    let example = found.string(text).unwrap_or("");
                    let example = if example.chars().count() > 60 {
                        format!("a text of {} characters", example.chars().count())
                    } else {
                        format!("{example:?}")
                    };
                    self.add(taken, at, "other texts", Some(example));
                }
                Err(out) => self.unproven.push(format!("the type of `{at}`: {out}")),
            }
        }
    }

    /// The texts that a type takes.
    fn accepted(&self, logic: &mut Logic, text: Term, side: Side, ty: &Type) -> Option<Formula> {
        let Type::String { min, max, automata } = ty else {
            return None;
        };
        let length = logic.length_of(text);
        let most = max.map_or(i64::MAX, i64::from);
        let mut all = vec![logic.in_set(length, IntSet::range(i64::from(*min), most))];
        for index in automata {
            let of = self.tables.body(side).automata.get(*index as usize)?;
            let id = logic.add_automaton(crate::logic::Automaton {
                alphabet: of.alphabet.clone(),
                classes: of.classes,
                next: of.next.clone(),
                accept: of.accept.clone(),
            });
            let language = logic.class_language(id, &IntSet::at_least(1))?;
            all.push(logic.in_language(text, language));
        }
        Some(logic.and(&all))
    }

    fn enums(&mut self, at: &str, old: &Enum, new: &Enum) {
        let names =
            |e: &Enum| -> Vec<String> { e.variants.iter().map(|v| v.wire.clone()).collect() };
        let (a, b) = (names(old), names(new));
        let other = |e: &Enum| {
            let at = e.other? as usize;
            e.variants.get(at).map(|v| v.wire.clone())
        };
        // What becomes of a text, as each side writes it down.
        let read = |e: &Enum, listed: &[String], text: &String| {
            if listed.contains(text) {
                Some(text.clone())
            } else {
                other(e)
            }
        };
        for text in a.iter().chain(b.iter().filter(|t| !a.contains(t))) {
            let example = Some(format!("{text:?}"));
            match (read(old, &a, text), read(new, &b, text)) {
                (Some(_), None) => {
                    self.add(Taken::NoLonger, at, format!("`{text}` is gone"), example)
                }
                (None, Some(_)) => self.add(Taken::Now, at, format!("`{text}` is new"), example),
                (Some(x), Some(y)) if x != y => {
                    let what = format!("\"{text}\" is read as `{y}` instead of `{x}`");
                    self.add(Taken::Otherwise, at, what, example);
                }
                _ => {}
            }
        }
        match (other(old), other(new)) {
            (None, Some(_)) => self.add(Taken::Now, at, "texts that are not listed", None),
            (Some(_), None) => self.add(Taken::NoLonger, at, "texts that are not listed", None),
            (Some(x), Some(y)) if x != y => {
                let what = format!("what is not listed is read as `{y}` instead of `{x}`");
                self.add(Taken::Otherwise, at, what, None);
            }
            _ => {}
        }
    }

    fn records(&mut self, at: &str, old: &Type, new: &Type, depth: u32) {
        let before = self.tables.fields(Side::Old, Some(old));
        let after = self.tables.fields(Side::New, Some(new));
        self.fields(at, before, after, depth);
    }

    /// Compares fields of a record, or the parameters of an action.
    pub(super) fn fields(
        &mut self,
        at: &str,
        before: &[crate::table::format::Field],
        after: &[crate::table::format::Field],
        depth: u32,
    ) {
        let name = |wire: &str| {
            if at.is_empty() {
                wire.to_owned()
            } else {
                format!("{at}.{wire}")
            }
        };
        for field in before {
            let Some(now) = after.iter().find(|f| f.wire == field.wire) else {
                let taken = if self.drops {
                    Taken::Otherwise
                } else {
                    Taken::NoLonger
                };
                self.add(taken, &name(&field.wire), "it is gone", None);
                if !field.optional && !self.drops {
                    self.add(Taken::Now, &name(&field.wire), "it may be left out", None);
                }
                continue;
            };
            let here = name(&field.wire);
            match (field.optional, now.optional) {
                (true, false) => self.add(Taken::NoLonger, &here, "it has to be there", None),
                (false, true) => self.add(Taken::Now, &here, "it may be left out", None),
                _ => {}
            }
            self.compare(&here, &field.ty, &now.ty, depth + 1);
        }
        for field in after {
            if before.iter().any(|f| f.wire == field.wire) {
                continue;
            }
            let here = name(&field.wire);
            if !field.optional {
                self.add(
                    Taken::NoLonger,
                    &here,
                    "it is new, and has to be there",
                    None,
                );
            }
            let what = if field.optional {
                "it is new, and may be left out"
            } else {
                "it is new"
            };
            let taken = if self.drops {
                Taken::Otherwise
            } else {
                Taken::Now
            };
            self.add(taken, &here, what, None);
        }
    }
}
