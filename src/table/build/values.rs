//! Constants, paths and expressions.

use super::super::format;
use super::super::scalar::{date_text, decimal_text, time_text};
use super::{Builder, Built, Place, Unbuildable};
use crate::model::{ArgList, Const, Expr, Param, Path, Policy, Root, TemplatePart, Type};
use serde_json::{Map, Value};

impl Builder<'_, '_> {
    /// A constant of type `ty` in wire form.
    pub(super) fn constant(&self, value: &Const, ty: &Type) -> Value {
        match (value, ty) {
            (Const::Bool(b), _) => Value::from(*b),
            (Const::Number(n), Type::Decimal { scale, .. }) => decimal_text(*n, *scale).into(),
            (Const::Number(n), Type::Time { .. }) => time_text(*n).into(),
            (Const::Number(n), Type::Date { .. }) => date_text(*n).into(),
            (Const::Number(n), _) => Value::from(*n),
            (Const::Str(text), _) => Value::from(text.as_str()),
            (Const::Variant(id, i), _) => self
                .policy
                .enums
                .get(id.index())
                .and_then(|e| e.variants.get(*i as usize))
                .map_or(Value::Null, |v| v.wire.as_str().into()),
            (Const::List(items), Type::List { element, .. }) => {
                items.iter().map(|i| self.constant(i, element)).collect()
            }
            (Const::List(_), _) => Value::Null,
            (Const::Record(id, values), _) => {
                let fields = self.policy.records.get(id.index());
                let fields = fields.map(|r| r.fields.as_slice()).unwrap_or_default();
                let mut object = Map::new();
                for (field, value) in fields.iter().zip(values) {
                    if let Some(value) = value {
                        object.insert(field.wire.clone(), self.constant(value, &field.ty));
                    }
                }
                Value::Object(object)
            }
        }
    }

    pub(super) fn path(&self, path: &Path, place: &Place<'_>) -> Built<format::Path> {
        let nowhere = || Unbuildable {
            why: format!("`{}` has no place in the table", path.text),
            span: path.span,
        };
        let (root, ty) = self.root(path.root, place).ok_or_else(nowhere)?;
        Ok(format::Path {
            root,
            fields: wires(self.policy, ty, &path.fields).ok_or_else(nowhere)?,
        })
    }

    pub(super) fn paths(&self, paths: &[Path], place: &Place<'_>) -> Built<Vec<format::Path>> {
        paths.iter().map(|p| self.path(p, place)).collect()
    }

    fn root<'t>(&'t self, root: Root, place: &Place<'t>) -> Option<(format::Root, &'t Type)> {
        Some(match root {
            Root::Param(index) => (
                format::Root::Param { index },
                &place.params.get(index as usize)?.ty,
            ),
            Root::Result => (format::Root::Result {}, place.result?),
            Root::Element => (format::Root::Element {}, place.element?),
            Root::Input(id) => (
                format::Root::Input { index: id.0 },
                &self.policy.inputs.get(id.index())?.ty,
            ),
            Root::Fact(id) => {
                let fact = self.policy.facts.get(id.index())?;
                let keys = fact.keys.iter().map(|k| local(k, place));
                let root = format::Root::Fact {
                    index: id.0,
                    keys: keys.collect::<Option<_>>()?,
                };
                (root, &fact.ty)
            }
            Root::FlowParam(i) => {
                let (flow, run) = place.run?;
                let index = *run.params.get(i as usize)?;
                (
                    format::Root::Slot { index },
                    &flow.params.get(i as usize)?.ty,
                )
            }
            Root::Binding(id) => {
                let (flow, run) = place.run?;
                let index = *run.bindings.get(id.index())?;
                (
                    format::Root::Slot { index },
                    &flow.bindings.get(id.index())?.ty,
                )
            }
        })
    }

    /// An expression for a value of type `ty`.
    pub(super) fn expr(&self, expr: &Expr, ty: &Type, place: &Place<'_>) -> Built<format::Expr> {
        Ok(match (expr, ty) {
            (Expr::Const(c), _) => format::Expr::Const {
                value: self.constant(c, ty),
            },
            (Expr::Path(p), _) => format::Expr::Path {
                path: self.path(p, place)?,
            },
            (Expr::List(items), Type::List { element, .. }) => {
                let items = items.iter().map(|i| self.expr(i, element, place));
                format::Expr::List {
                    items: items.collect::<Built<_>>()?,
                }
            }
            (Expr::List(_), _) => format::Expr::List { items: Vec::new() },
            (Expr::Record(id, values), _) => {
                let declared = self.policy.records.get(id.index());
                let declared = declared.map(|r| r.fields.as_slice()).unwrap_or_default();
                let mut fields = Vec::new();
                for (field, value) in declared.iter().zip(values) {
                    if let Some(value) = value {
                        fields.push((field.wire.clone(), self.expr(value, &field.ty, place)?));
                    }
                }
                format::Expr::Record { fields }
            }
            (Expr::Template(parts), _) => {
                let parts = parts.iter().map(|part| {
                    Ok(match part {
                        TemplatePart::Text(text) => format::Part::Text { text: text.clone() },
                        TemplatePart::Hole(path) => format::Part::Hole {
                            path: self.path(path, place)?,
                        },
                    })
                });
                format::Expr::Template {
                    parts: parts.collect::<Built<_>>()?,
                }
            }
        })
    }

    /// One expression per parameter.
    pub(super) fn args(
        &self,
        args: &ArgList,
        params: &[Param],
        place: &Place<'_>,
    ) -> Built<Vec<Option<format::Expr>>> {
        args.args
            .iter()
            .zip(params)
            .map(|(arg, param)| match arg {
                Some(arg) => self.expr(arg, &param.ty, place).map(Some),
                None => Ok(None),
            })
            .collect()
    }
}

/// The wire names of fields, from a type inwards.
fn wires(policy: &Policy, ty: &Type, fields: &[u32]) -> Option<Vec<String>> {
    let mut ty = ty;
    let mut names = Vec::new();
    for field in fields {
        let Type::Record(id) = ty else { return None };
        let field = policy
            .records
            .get(id.index())?
            .fields
            .get(*field as usize)?;
        names.push(field.wire.clone());
        ty = &field.ty;
    }
    Some(names)
}

/// What bears a name where the condition stands: a parameter of the call, or a value of the flow.
fn local(name: &str, place: &Place<'_>) -> Option<format::Path> {
    let root = match place.run {
        None => {
            let index = place.params.iter().position(|p| p.name == name)?;
            format::Root::Param {
                index: super::index(index),
            }
        }
        Some((flow, run)) => {
            let param = flow.params.iter().position(|p| p.name == name);
            let index = match param {
                Some(at) => *run.params.get(at)?,
                None => {
                    let at = flow.bindings.iter().position(|b| b.name == name)?;
                    *run.bindings.get(at)?
                }
            };
            format::Root::Slot { index }
        }
    };
    Some(format::Path {
        root,
        fields: Vec::new(),
    })
}
