//! Slots that are used where some path has not bound them.

use super::Explorer;
use super::config::Config;
use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Cond, Expr, Path, Root, TemplatePart};

impl Explorer<'_, '_, '_> {
    pub(super) fn uses_cond(
        &mut self,
        at: Option<usize>,
        run: u32,
        cond: &Cond,
        config: &Config,
        what: &str,
    ) {
        for path in cond.paths() {
            self.uses(at, run, path, config, what);
        }
    }

    pub(super) fn uses_expr(
        &mut self,
        at: Option<usize>,
        run: u32,
        expr: &Expr,
        config: &Config,
        what: &str,
    ) {
        match expr {
            Expr::Const(_) => {}
            Expr::Path(p) => self.uses(at, run, p, config, what),
            Expr::List(items) => items
                .iter()
                .for_each(|e| self.uses_expr(at, run, e, config, what)),
            Expr::Record(_, fields) => fields
                .iter()
                .flatten()
                .for_each(|e| self.uses_expr(at, run, e, config, what)),
            Expr::Template(parts) => {
                for part in parts {
                    if let TemplatePart::Hole(p) = part {
                        self.uses(at, run, p, config, what);
                    }
                }
            }
        }
    }

    fn uses(&mut self, at: Option<usize>, run: u32, path: &Path, config: &Config, what: &str) {
        let Root::Binding(id) = path.root else { return };
        let slot = self.runs.slot(run, id);
        if config.bound.contains(&slot) {
            return;
        }
        let Some(flow) = self.runs.flow(run) else {
            return;
        };
        let Some(binding) = flow.bindings.get(id.index()) else {
            return;
        };
        let name = binding.name.clone();
        let bound_at = binding.span;
        let span = path.span;
        self.report((span, format!("unbound {name}")), |me| {
            Diagnostic::new(
                Code::FW306,
                format!("`{name}` is used where some path has not bound it"),
                span,
                format!("{what}: it may have no value here"),
            )
            .label(bound_at, "bound here, which some paths pass by")
            .help(format!(
                "lead those paths elsewhere, or bind `{name}` on all of them"
            ))
            .witness(me.path(at))
        });
    }
}
