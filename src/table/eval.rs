//! Evaluation of what a table holds: paths and expressions here, probes and diagrams in the
//! [`Index`]. All that a runtime needs to know about the world comes through a [`Scene`].
//!
//! Nothing here fails or panics: a verified table (`Table`) holds no broken index, and for any
//! other the answer is leaf 0 or an absent value.

mod index;
mod watch;

pub use index::Index;

use super::canonical::any_text;
use super::format::{Expr, Part, Path, Root};
use serde_json::{Map, Value};
pub(crate) use watch::{Seen, watched};

/// What the table's questions are about: one proposal, or one edge of a flow, at one moment. All
/// values are in wire form (`value::normalise`).
pub trait Scene {
    /// The value of a root; `None` if it is absent. A fact's key is given as paths: evaluate them
    /// with [`path`] in this same scene.
    fn root(&self, root: &Root) -> Option<&Value>;

    /// The answer to `body.histories[index]`: 0 or 1 for `done`, `standing` and `unsettled`, else
    /// the count. Its key paths are evaluated in this same scene.
    fn history(&self, index: u32) -> i64;

    /// See [`Probe::Position`](super::format::Probe::Position).
    fn position(&self) -> i64;
}

/// A counted call: its arguments and, if it has one by now, its result.
#[derive(Clone, Copy, Debug)]
pub struct CallScene<'a> {
    /// One per parameter; `None` is absent.
    pub args: &'a [Option<Value>],
    /// The reply.
    pub result: Option<&'a Value>,
}

impl Scene for CallScene<'_> {
    fn root(&self, root: &Root) -> Option<&Value> {
        match root {
            Root::Param { index } => self.args.get(*index as usize)?.as_ref(),
            Root::Result {} => self.result,
            _ => None,
        }
    }

    fn history(&self, _: u32) -> i64 {
        0
    }

    fn position(&self) -> i64 {
        0
    }
}

/// The value that a path leads to; `None` if it is absent.
#[must_use]
pub fn path<'a>(scene: &'a dyn Scene, path: &Path) -> Option<&'a Value> {
    let mut value = scene.root(&path.root)?;
    for field in &path.fields {
        value = value.as_object()?.get(field)?;
    }
    Some(value)
}

/// The values of a key; an absent part is `None`.
#[must_use]
pub fn key(scene: &dyn Scene, parts: &[Path]) -> Vec<Option<Value>> {
    parts.iter().map(|p| path(scene, p).cloned()).collect()
}

/// The value of an expression; `None` if it is absent. Arguments made so still have to go through
/// `value::normalise_fields`, which brings decimals to the parameter's scale.
#[must_use]
pub fn expr(scene: &dyn Scene, expression: &Expr) -> Option<Value> {
    match expression {
        Expr::Const { value } => Some(value.clone()),
        Expr::Path { path: p } => path(scene, p).cloned(),
        Expr::List { items } => Some(Value::Array(
            items.iter().filter_map(|item| expr(scene, item)).collect(),
        )),
        Expr::Record { fields } => {
            let mut object = Map::new();
            for (name, field) in fields {
                if let Some(value) = expr(scene, field) {
                    object.insert(name.clone(), value);
                }
            }
            Some(Value::Object(object))
        }
        Expr::Template { parts } => {
            let mut text = String::new();
            for part in parts {
                match part {
                    Part::Text { text: t } => text.push_str(t),
                    Part::Hole { path: p } => {
                        if let Some(value) = path(scene, p) {
                            text.push_str(&as_text(value));
                        }
                    }
                }
            }
            Some(Value::String(text))
        }
    }
}

/// How a value stands in a template.
#[must_use]
pub fn as_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => any_text(other).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests;
