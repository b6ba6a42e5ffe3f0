//! The failures of actions, their own and those of their integration.

use super::super::{Failure, Named};
use super::Checker;
use super::actions::wire;
use crate::diagnostics::{Code, Diagnostic};
use crate::syntax::tree::{self, ActionClause, FailureKind};

impl<'a> Checker<'a> {
    pub(super) fn failures(
        &mut self,
        owner: &'a tree::Integration,
        node: &'a tree::Action,
    ) -> Vec<Failure> {
        let mut list: Vec<Failure> = Vec::new();
        let own = node.clauses.iter().filter_map(|c| match c {
            ActionClause::Failure(f) => Some(f),
            _ => None,
        });
        let defaults = owner.defaults.iter().flat_map(|d| &d.failures);
        for f in own.chain(defaults) {
            self.not_built_in(&f.name, "failure");
            if let Some(first) = list.iter().find(|x| x.name == f.name.name) {
                if first.kind != f.kind || first.span == f.name.span {
                    let at = first.span;
                    self.report(
                        Diagnostic::new(
                            Code::FW102,
                            format!("the failure `{}` is declared twice", f.name.name),
                            f.name.span,
                            "the second one",
                        )
                        .label(at, "the first one")
                        .help(
                            "keep one of them: a failure is permanent, transient or indeterminate",
                        ),
                    );
                } else {
                    let at = first.span;
                    self.duplicate("failure", &f.name.name, f.name.span, "failure", at);
                }
                continue;
            }
            list.push(Failure {
                name: f.name.name.clone(),
                wire: wire(&f.name, f.wire.as_ref()),
                kind: f.kind,
                span: f.name.span,
                doc: f.doc.as_ref().map(|d| d.node.clone()),
            });
        }
        let reads = node
            .clauses
            .iter()
            .any(|c| matches!(c, ActionClause::Reads(_)));
        if reads && let Some(f) = list.iter().find(|f| f.kind == FailureKind::Indeterminate) {
            let (name, span) = (f.name.clone(), f.span);
            // A default serves writes too; only the action's own clause is a slip.
            let own = node
                .clauses
                .iter()
                .any(|c| matches!(c, ActionClause::Failure(x) if x.name.span == span));
            if own {
                self.report(
                    Diagnostic::new(
                        Code::FW103,
                        format!("a read cannot fail indeterminately, as `{name}` says"),
                        span,
                        "nothing can have happened",
                    )
                    .help("write `transient` or `permanent`"),
                );
            }
        }
        list.sort_by(|a, b| a.name.cmp(&b.name));
        let named: Vec<Named> = list
            .iter()
            .map(|f| Named {
                name: f.name.clone(),
                wire: f.wire.clone(),
                span: f.span,
                doc: None,
            })
            .collect();
        self.unique_wires("failure", &named);
        list
    }
}
