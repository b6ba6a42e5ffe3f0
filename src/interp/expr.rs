//! Value expressions and arguments.

use super::{Interp, World};
use crate::model::{ArgList, Const, Expr, Param, TemplatePart, Type};
use serde_json::Value;

impl Interp<'_> {
    /// The value of an expression for something of type `ty`; `None` if it is absent.
    #[must_use]
    pub fn expr(&self, world: &dyn World, expr: &Expr, ty: &Type) -> Option<Const> {
        match (expr, ty) {
            (Expr::Const(c), _) => Some(c.clone()),
            (Expr::Path(path), _) => {
                let value = self.path(world, path)?.into_owned();
                Some(rescale(value, path.ty.scale(), ty.scale()))
            }
            (Expr::List(items), Type::List { element, .. }) => Some(Const::List(
                items
                    .iter()
                    .filter_map(|item| self.expr(world, item, element))
                    .collect(),
            )),
            (Expr::Record(id, fields), _) => {
                let of = self.policy.records.get(id.index())?;
                let fields = of.fields.iter().zip(fields).map(|(field, value)| {
                    value
                        .as_ref()
                        .and_then(|value| self.expr(world, value, &field.ty))
                });
                Some(Const::Record(*id, fields.collect()))
            }
            (Expr::Template(parts), _) => {
                let mut text = String::new();
                for part in parts {
                    match part {
                        TemplatePart::Text(t) => text.push_str(t),
                        TemplatePart::Hole(path) => {
                            let value = self.path(world, path);
                            match value.map(|v| self.wire(&path.ty, &v)) {
                                None => {}
                                Some(Value::String(t)) => text.push_str(&t),
                                Some(other) => text.push_str(&other.to_string()),
                            }
                        }
                    }
                }
                Some(Const::Str(text))
            }
            (Expr::List(_), _) => None,
        }
    }

    /// The arguments of a call.
    #[must_use]
    pub fn args(&self, world: &dyn World, args: &ArgList, params: &[Param]) -> Vec<Option<Const>> {
        let values = args.args.iter().zip(params);
        values
            .map(|(arg, param)| {
                arg.as_ref()
                    .and_then(|arg| self.expr(world, arg, &param.ty))
            })
            .collect()
    }
}

/// Brings a decimal to a wider scale.
fn rescale(value: Const, from: u32, to: u32) -> Const {
    let factor = 10_i64.checked_pow(to.saturating_sub(from));
    match (value, factor) {
        (Const::Number(n), Some(factor)) => Const::Number(n.saturating_mul(factor)),
        (other, _) => other,
    }
}
