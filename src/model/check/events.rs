//! The edges of events.

use super::super::{EventEdge, EventId, Flow};
use super::flows::Frame;
use super::{Checker, Kind};
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Span;
use crate::syntax::tree::{Handler, Ident};

impl<'a> Checker<'a> {
    pub(super) fn flow_event(&mut self, handler: &'a Handler, frame: &Frame<'a>, flow: &mut Flow) {
        for name in &handler.outcomes {
            let Some(event) = self.event(name) else {
                continue;
            };
            if let Some(edge) = self.event_edge(event, handler, frame) {
                flow.events.push(edge);
            }
        }
    }

    /// The event of that name; reports what isn't one.
    pub(super) fn event(&mut self, name: &Ident) -> Option<EventId> {
        self.mark(Kind::Event, &name.name);
        match self.policy.events.iter().position(|e| e.name == name.name) {
            Some(i) => u32::try_from(i).ok().map(EventId),
            None => {
                let known: Vec<(String, Option<Span>)> = self
                    .policy
                    .events
                    .iter()
                    .map(|e| (e.name.clone(), Some(e.span)))
                    .collect();
                self.unknown(
                    "event",
                    &name.name,
                    name.span,
                    known.iter().map(|(n, s)| (n.as_str(), *s)),
                );
                None
            }
        }
    }

    pub(super) fn event_edge(
        &mut self,
        event: EventId,
        handler: &'a Handler,
        frame: &Frame<'a>,
    ) -> Option<EventEdge> {
        if let Some(retry) = &handler.retry {
            self.report(
                Diagnostic::new(
                    Code::FW307,
                    "an event cannot be retried",
                    retry.span,
                    "nothing was tried",
                )
                .help("remove `retry`"),
            );
        }
        if let Some(bind) = &handler.bind {
            self.report(
                Diagnostic::new(
                    Code::FW103,
                    "an event carries no value",
                    bind.span,
                    "nothing to bind",
                )
                .help("remove `as`"),
            );
        }
        let when = match &handler.when {
            None => None,
            Some(c) => Some(self.cond(c, &frame.scope())?),
        };
        Some(EventEdge {
            event,
            when,
            to: self.goal(&handler.to, frame)?,
            span: handler.span,
        })
    }
}
