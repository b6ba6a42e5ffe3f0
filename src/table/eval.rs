//! Evaluation of what a table holds: paths, probes, diagrams, expressions. All that a runtime needs
//! to know about the world comes through a [`Scene`].
//!
//! Nothing here fails or panics: a verified table (`Table`) holds no broken index, and for any
//! other the answer is leaf 0 or an absent value.

mod watch;

use super::canonical::any_text;
use super::format::{Body, Expr, Part, Path, Probe, Ref, Root, Type};
use super::value::{class, length, number};
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

    /// See [`Probe::Position`].
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

/// A scene with the element that a `some` looks at.
struct ElementScene<'a> {
    outer: &'a dyn Scene,
    element: &'a Value,
}

impl Scene for ElementScene<'_> {
    fn root(&self, root: &Root) -> Option<&Value> {
        match root {
            Root::Element {} => Some(self.element),
            other => self.outer.root(other),
        }
    }

    fn history(&self, index: u32) -> i64 {
        self.outer.history(index)
    }

    fn position(&self) -> i64 {
        self.outer.position()
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

/// Walks a diagram and gives the leaf's number.
#[must_use]
pub fn leaf(body: &Body, scene: &dyn Scene, start: Ref) -> u32 {
    let mut at = start;
    let watching = watch::on();
    loop {
        let Ok(index) = usize::try_from(at) else {
            return u32::try_from(-(at + 1)).unwrap_or(0);
        };
        let Some(node) = body.nodes.get(index) else {
            return 0;
        };
        let Some(asked) = body.probes.get(node.probe as usize) else {
            return 0;
        };
        let v = probe(body, scene, asked);
        let branch = node.cuts.partition_point(|&cut| cut <= v);
        if watching {
            watch::saw(at, &node.cuts, branch, v);
        }
        let Some(&next) = node.next.get(branch) else {
            return 0;
        };
        // INVARIANT: children come before their parents, so every walk ends.
        if next >= at {
            return 0;
        }
        at = next;
    }
}

/// Whether a condition holds: leaf 1 of its diagram.
#[must_use]
pub fn holds(body: &Body, scene: &dyn Scene, condition: Ref) -> bool {
    leaf(body, scene, condition) == 1
}

/// The answer to a probe.
#[must_use]
pub fn probe(body: &Body, scene: &dyn Scene, asked: &Probe) -> i64 {
    match asked {
        Probe::Value { path: p, ty } => scalar(body, scene, p, ty).unwrap_or(0),
        Probe::Present { path: p } => i64::from(path(scene, p).is_some()),
        Probe::Length { path: p } => path(scene, p).and_then(Value::as_str).map_or(0, length),
        Probe::Size { path: p } => path(scene, p)
            .and_then(Value::as_array)
            .map_or(0, |list| i64::try_from(list.len()).unwrap_or(i64::MAX)),
        Probe::Class { path: p, automaton } => path(scene, p)
            .and_then(Value::as_str)
            .map_or(0, |text| i64::from(class(body, *automaton, text))),
        Probe::Difference {
            left,
            left_type,
            left_factor,
            right,
            right_type,
            right_factor,
        } => {
            let left = scalar(body, scene, left, left_type);
            let right = scalar(body, scene, right, right_type);
            match (left, right) {
                (Some(left), Some(right)) => saturated(
                    i128::from(left) * i128::from(*left_factor)
                        - i128::from(right) * i128::from(*right_factor),
                ),
                _ => 0,
            }
        }
        Probe::Equal { left, right } => match (path(scene, left), path(scene, right)) {
            (Some(left), Some(right)) => i64::from(left == right),
            _ => 0,
        },
        Probe::Some { list, when } => {
            let Some(Value::Array(items)) = path(scene, list) else {
                return 0;
            };
            i64::from(items.iter().any(|element| {
                let inner = ElementScene {
                    outer: scene,
                    element,
                };
                holds(body, &inner, *when)
            }))
        }
        Probe::History { history } => scene.history(*history),
        Probe::HistoryDifference { left, right } => {
            scene.history(*left).saturating_sub(scene.history(*right))
        }
        Probe::Position {} => scene.position(),
    }
}

fn scalar(body: &Body, scene: &dyn Scene, p: &Path, ty: &Type) -> Option<i64> {
    number(body, ty, path(scene, p)?)
}

/// Cuts lie within ±(2⁵³−1), so what is beyond `i64` compares the same at its edge.
fn saturated(n: i128) -> i64 {
    i64::try_from(n).unwrap_or(if n < 0 { i64::MIN } else { i64::MAX })
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
