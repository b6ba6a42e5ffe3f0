//! Expressions in words that both tables share: names instead of numbers.

use super::side::{Side, Tables};
use super::universe::Scope;
use crate::table::format::{Expr, Part};

/// Expressions never nest deeper than this.
const DEPTH_MAX: u32 = 96;

impl Tables<'_> {
    /// Arguments of an action, as `(queue: "events", note: …)`.
    pub(super) fn args_text(
        &self,
        side: Side,
        scope: &Scope<'_>,
        action: u32,
        args: &[Option<Expr>],
    ) -> String {
        let params = self.body(side).actions.get(action as usize);
        let params = params.map_or(&[][..], |a| a.params.as_slice());
        let mut given: Vec<String> = params
            .iter()
            .zip(args)
            .filter_map(|(p, arg)| {
                let value = self.expr_text(side, scope, arg.as_ref()?, 0);
                Some(format!("{}: {value}", p.wire))
            })
            .collect();
        given.sort();
        format!("({})", given.join(", "))
    }

    pub(super) fn expr_text(
        &self,
        side: Side,
        scope: &Scope<'_>,
        expr: &Expr,
        depth: u32,
    ) -> String {
        if depth > DEPTH_MAX {
            return "…".to_owned();
        }
        let inner = |e: &Expr| self.expr_text(side, scope, e, depth + 1);
        match expr {
            Expr::Const { value } => value.to_string(),
            Expr::Path { path } => self.path_text(side, scope, path),
            Expr::List { items } => {
                let items: Vec<String> = items.iter().map(inner).collect();
                format!("[{}]", items.join(", "))
            }
            Expr::Record { fields } => {
                let mut fields: Vec<String> = fields
                    .iter()
                    .map(|(wire, e)| format!("{wire}: {}", inner(e)))
                    .collect();
                fields.sort();
                format!("{{{}}}", fields.join(", "))
            }
            Expr::Template { parts } => {
                let mut text = String::from("\"");
                for part in parts {
                    match part {
                        Part::Text { text: t } => text.push_str(t),
                        Part::Hole { path } => {
                            text.push('{');
                            text.push_str(&self.path_text(side, scope, path));
                            text.push('}');
                        }
                    }
                }
                text.push('"');
                text
            }
        }
    }
}
