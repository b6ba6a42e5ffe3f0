//! Declarations that nothing uses.

use super::{Checker, Kind};
use crate::diagnostics::{Code, Diagnostic, Repair, Trust};
use crate::source::Span;

impl Checker<'_> {
    pub(super) fn unused(&mut self) {
        if !self.trusted || !self.complete {
            return;
        }
        let mut list: Vec<(Kind, String, Span)> = Vec::new();
        let d = &self.declared;
        list.extend(
            d.types
                .iter()
                .map(|(n, (_, s, _))| (Kind::Type, (*n).to_string(), *s)),
        );
        list.extend(
            d.inputs
                .iter()
                .map(|(n, x)| (Kind::Input, (*n).to_string(), x.node.name.span)),
        );
        list.extend(
            d.roles
                .iter()
                .map(|(n, s)| (Kind::Role, (*n).to_string(), *s)),
        );
        list.extend(
            d.events
                .iter()
                .map(|(n, s)| (Kind::Event, (*n).to_string(), *s)),
        );
        list.extend(
            d.facts
                .iter()
                .map(|(n, x)| (Kind::Fact, (*n).to_string(), x.node.name.span)),
        );
        list.extend(
            d.groups
                .iter()
                .map(|(n, x)| (Kind::Group, (*n).to_string(), x.span)),
        );
        list.extend(
            d.defines
                .iter()
                .map(|(n, x)| (Kind::Define, (*n).to_string(), x.span)),
        );
        for (kind, name, span) in list {
            if self.used.contains(&(kind, name.clone())) {
                continue;
            }
            // A flow that says nothing about an event is an error of its own.
            if kind == Kind::Event && !self.declared.flows.is_empty() {
                continue;
            }
            let what = kind.words();
            self.report(
                Diagnostic::new(
                    Code::FW190,
                    format!("nothing uses the {what} `{name}`"),
                    span,
                    "unused",
                )
                .help(format!("use it, or remove the {what}"))
                .repair(Repair::Drop {
                    span,
                    trust: Trust::Unsafe,
                }),
            );
        }
    }
}
