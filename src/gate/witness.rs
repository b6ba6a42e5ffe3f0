//! Witnesses in the user's units: what a term's value means.

use super::scope::MADE_UP;
use super::{Encoder, Meaning};
use crate::diagnostics::Witness;
use crate::logic::Assignment;
use crate::model::{Path, Type};
use crate::words::duration_literal;
use serde_json::{Map, Value};

impl Encoder<'_> {
    /// The values of an assignment, by what they stand for. Values of what is absent are left out.
    #[must_use]
    pub fn witness(&self, found: &Assignment) -> Witness {
        self.witness_of(found, &|_| true)
    }

    /// The same for those terms only whose names are `wanted`.
    #[must_use]
    pub fn witness_of(&self, found: &Assignment, wanted: &dyn Fn(&str) -> bool) -> Witness {
        let mut lines = Vec::new();
        let mut values = Map::new();
        let absent: Vec<&Path> = self
            .meanings()
            .filter_map(|(t, m)| match m {
                Meaning::Present(p)
                    if found.int(t) == Some(0) && !self.logic.name(t).starts_with(MADE_UP) =>
                {
                    Some(p)
                }
                _ => None,
            })
            .collect();
        let gone = |p: &Path| {
            absent
                .iter()
                .any(|a| a.root == p.root && p.fields.starts_with(&a.fields))
        };
        for (term, meaning) in self.meanings() {
            let name = self.logic.name(term);
            if !wanted(name) || name.starts_with(MADE_UP) {
                continue;
            }
            match meaning {
                Meaning::Present(p) => {
                    let name = prefix(p);
                    if found.int(term) == Some(0) {
                        lines.push(format!("{name} is absent"));
                        values.insert(name, Value::Null);
                    }
                }
                Meaning::Value(p) if gone(p) => {}
                Meaning::Value(p) => {
                    if let Some((text, value)) = self.shown(p, term, found) {
                        lines.push(format!("{} = {text}", p.text));
                        values.insert(p.text.clone(), value);
                    }
                }
                Meaning::History(h) => {
                    if let Some(n) = found.int(term) {
                        lines.push(format!("{} = {n}", h.text));
                        values.insert(h.text.clone(), n.into());
                    }
                }
                Meaning::Position => {
                    if let Some(n) = found.int(term) {
                        let place = if n == 0 {
                            "outside every flow"
                        } else {
                            "inside a flow"
                        };
                        lines.push(format!("the session is {place}"));
                        values.insert("position".to_string(), n.into());
                    }
                }
            }
        }
        lines.sort();
        lines.dedup();
        let mut data = Map::new();
        data.insert("values".to_string(), Value::Object(values));
        Witness {
            lines,
            data,
            places: Vec::new(),
        }
    }

    fn shown(
        &self,
        path: &Path,
        term: crate::logic::Term,
        found: &Assignment,
    ) -> Option<(String, Value)> {
        match &path.ty {
            Type::String { .. } => {
                let text = found.string(term)?;
                Some((format!("{text:?}"), text.into()))
            }
            Type::List { .. } => {
                if !found.has_list(term) {
                    return None;
                }
                let size = found.elements(term).len();
                Some((format!("a list of {size}"), size.into()))
            }
            ty => {
                let n = found.int(term)?;
                let text = self.number_text(ty, n);
                let value = match ty {
                    Type::Int { .. } => n.into(),
                    Type::Bool => (n == 1).into(),
                    _ => text.clone().into(),
                };
                Some((text, value))
            }
        }
    }

    /// A number in the user's units.
    #[must_use]
    pub fn number_text(&self, ty: &Type, n: i64) -> String {
        match ty {
            Type::Bool => (n == 1).to_string(),
            Type::Enum(id) => self
                .policy()
                .enums
                .get(id.index())
                .and_then(|e| usize::try_from(n).ok().and_then(|i| e.variants.get(i)))
                .map_or_else(|| n.to_string(), |v| v.name.clone()),
            Type::Decimal { scale, .. } if *scale > 0 => {
                let f = 10u64.saturating_pow(*scale);
                let sign = if n < 0 { "-" } else { "" };
                let m = n.unsigned_abs();
                format!("{sign}{}.{:0width$}", m / f, m % f, width = *scale as usize)
            }
            Type::Duration { .. } => duration_literal(n),
            Type::Time { .. } => {
                let (h, m, s) = (n / 3600, n / 60 % 60, n % 60);
                if s == 0 {
                    format!("{h:02}:{m:02}")
                } else {
                    format!("{h:02}:{m:02}:{s:02}")
                }
            }
            Type::Date { .. } => date(n),
            Type::Instant { .. } => {
                let (days, ms) = (n.div_euclid(86_400_000), n.rem_euclid(86_400_000));
                let s = ms / 1000;
                let rest = ms % 1000;
                let fraction = if rest == 0 {
                    String::new()
                } else {
                    format!(".{rest:03}")
                };
                format!(
                    "{}T{:02}:{:02}:{:02}{fraction}Z",
                    date(days),
                    s / 3600,
                    s / 60 % 60,
                    s % 60
                )
            }
            _ => n.to_string(),
        }
    }
}

fn prefix(path: &Path) -> String {
    let parts: Vec<&str> = path.text.split('.').collect();
    parts
        .get(..=path.fields.len())
        .map_or_else(|| path.text.clone(), |p| p.join("."))
}

/// A day number as a civil date. After Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms".
fn date(days: i64) -> String {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let d = doy - (153 * mp + 2) / 5 + 1;
    let m = if mp < 10 { mp + 3 } else { mp - 9 };
    let y = yoe + era * 400 + i64::from(m <= 2);
    format!("{y:04}-{m:02}-{d:02}")
}
