//! What a path may start from, and the type that it leads to.

use super::{At, Checked, broken, get};
use crate::table::format::{Body, Expr, Field, Part, Path, Root, Slot, Type};
use crate::table::value::{Unknown, normalise};

/// The roots that exist at some place of a table.
#[derive(Clone, Copy)]
pub(super) struct Scope<'a> {
    pub(super) body: &'a Body,
    pub(super) params: Option<&'a [Field]>,
    pub(super) result: Option<&'a Type>,
    pub(super) element: Option<&'a Type>,
    pub(super) slots: Option<&'a [Slot]>,
    /// Whether inputs, facts, history and position can be asked for.
    pub(super) session: bool,
}

/// The kind and unit of a type: what decides whether two values compare.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Bool,
    Int,
    Decimal(u32),
    String,
    Duration,
    Time,
    Date,
    Instant,
    Enum(u32),
    Record(u32),
    List,
}

pub(super) fn unit(ty: &Type) -> Unit {
    match ty {
        Type::Bool {} => Unit::Bool,
        Type::Int { .. } => Unit::Int,
        Type::Decimal { scale, .. } => Unit::Decimal(*scale),
        Type::String { .. } => Unit::String,
        Type::Duration { .. } => Unit::Duration,
        Type::Time { .. } => Unit::Time,
        Type::Date { .. } => Unit::Date,
        Type::Instant { .. } => Unit::Instant,
        Type::Enum { of } => Unit::Enum(*of),
        Type::Record { of } => Unit::Record(*of),
        Type::List { .. } => Unit::List,
    }
}

impl<'a> Scope<'a> {
    /// Where nothing can be asked for.
    pub(super) fn empty(body: &'a Body) -> Self {
        Self {
            body,
            params: None,
            result: None,
            element: None,
            slots: None,
            session: false,
        }
    }

    /// The type that a path leads to.
    pub(super) fn path(&self, path: &Path) -> Checked<&'a Type> {
        let mut ty = self.root(&path.root)?;
        for field in &path.fields {
            let Type::Record { of } = ty else {
                return broken(format!("`{field}` is asked of what is no record"));
            };
            let record = get(&self.body.records, *of, "record")?;
            let Some(field) = record.fields.iter().find(|f| f.wire == *field) else {
                return broken(format!("`{}` has no field `{field}`", record.name));
            };
            ty = &field.ty;
        }
        Ok(ty)
    }

    fn root(&self, root: &Root) -> Checked<&'a Type> {
        match root {
            Root::Param { index } => match self.params {
                Some(params) => get(params, *index, "parameter").map(|p| &p.ty),
                None => broken("there are no parameters here"),
            },
            Root::Result {} => match self.result {
                Some(ty) => Ok(ty),
                None => broken("there is no result here"),
            },
            Root::Element {} => match self.element {
                Some(ty) => Ok(ty),
                None => broken("there is no element here"),
            },
            Root::Slot { index } => match self.slots {
                Some(slots) => get(slots, *index, "slot").map(|s| &s.ty),
                None => broken("there are no slots here"),
            },
            Root::Input { index } => {
                self.in_session()?;
                get(&self.body.inputs, *index, "input").map(|i| &i.ty)
            }
            Root::Fact { index, keys } => {
                self.in_session()?;
                let fact = get(&self.body.facts, *index, "fact")?;
                let source = get(&self.body.actions, fact.source.action, "action")?;
                let call = Self {
                    params: Some(&source.params),
                    result: source.result.as_ref(),
                    ..Self::empty(self.body)
                };
                self.keys(keys, &call, &fact.source.keys)
                    .at(|| "keys".to_owned())?;
                Ok(&fact.ty)
            }
        }
    }

    pub(super) fn in_session(&self) -> Checked {
        if self.session {
            return Ok(());
        }
        broken("there is no session to ask here")
    }

    /// The key in this scope fits the one in the other, part by part. A key is not made of keys.
    pub(super) fn keys(&self, keys: &[Path], other: &Scope<'_>, theirs: &[Path]) -> Checked {
        if keys.len() != theirs.len() {
            return broken(format!(
                "a key of {} parts is looked up with {}",
                theirs.len(),
                keys.len()
            ));
        }
        for (i, (mine, their)) in keys.iter().zip(theirs).enumerate() {
            if matches!(mine.root, Root::Fact { .. }) || matches!(their.root, Root::Fact { .. }) {
                return broken(format!("part {i} of the key is a fact"));
            }
            let mine = self.path(mine)?;
            let their = other.path(their)?;
            if unit(mine) != unit(their) || matches!(unit(mine), Unit::Record(_) | Unit::List) {
                return broken(format!("part {i} of the key compares different types"));
            }
        }
        Ok(())
    }

    /// An expression for a value of type `ty`.
    pub(super) fn expr(&self, expr: &Expr, ty: &Type) -> Checked {
        match (expr, ty) {
            (Expr::Const { value }, _) => {
                match normalise(self.body, ty, value, Unknown::Refuse) {
                    // A constant is already in wire form.
                    Ok(normal) if normal == *value => Ok(()),
                    Ok(normal) => broken(format!("{value} should be written {normal}")),
                    Err(e) => broken(e.to_string()),
                }
            }
            (Expr::Path { path }, _) => {
                let found = unit(self.path(path)?);
                let widens = match (found, unit(ty)) {
                    (Unit::Decimal(from), Unit::Decimal(to)) => from <= to,
                    (Unit::Int, Unit::Decimal(_)) => true,
                    (from, to) => from == to,
                };
                if widens {
                    return Ok(());
                }
                broken("the value is of another type")
            }
            (Expr::List { items }, Type::List { element, .. }) => {
                super::each(items, "items", |item| self.expr(item, element))
            }
            (Expr::Record { fields }, Type::Record { of }) => {
                let record = get(&self.body.records, *of, "record")?;
                for (name, value) in fields {
                    let Some(field) = record.fields.iter().find(|f| f.wire == *name) else {
                        return broken(format!("`{}` has no field `{name}`", record.name));
                    };
                    self.expr(value, &field.ty).at(|| name.clone())?;
                }
                Ok(())
            }
            (Expr::Template { parts }, Type::String { .. }) => {
                super::each(parts, "parts", |part| match part {
                    Part::Text { .. } => Ok(()),
                    Part::Hole { path } => self.path(path).map(|_| ()),
                })
            }
            _ => broken("the expression is of another type"),
        }
    }

    /// One argument per parameter, the required ones given.
    pub(super) fn args(&self, args: &[Option<Expr>], params: &[Field]) -> Checked {
        if args.len() != params.len() {
            return broken(format!(
                "{} parameters are given {} arguments",
                params.len(),
                args.len()
            ));
        }
        for (arg, param) in args.iter().zip(params) {
            match arg {
                Some(arg) => self.expr(arg, &param.ty).at(|| param.name.clone())?,
                None if param.optional => {}
                None => return broken(format!("`{}` is not given", param.name)),
            }
        }
        Ok(())
    }
}
