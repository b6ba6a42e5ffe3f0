//! Ends, and where arrows lead.

use super::super::{ActionId, End, EndId, StateId, Target};
use super::Checker;
use super::flows::Frame;
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Span;
use crate::syntax::tree::{self, Ident, StateItem};

impl<'a> Checker<'a> {
    pub(super) fn no_end(&mut self, node: &'a tree::Flow, frame: &Frame<'a>) {
        // What arrows point at, without being a state, is probably meant to be an end.
        let states = frame.states.values().flat_map(|s| &s.items);
        let goals = states.filter_map(|item| match item {
            StateItem::Handler(h) => Some(&h.to),
            StateItem::When { to, .. }
            | StateItem::Otherwise { to, .. }
            | StateItem::Visits { to, .. } => Some(to),
            _ => None,
        });
        let mut meant: Vec<&Ident> = Vec::new();
        for to in goals {
            let known = frame.states.contains_key(to.name.as_str())
                || meant.iter().any(|m| m.name == to.name);
            if !known {
                meant.push(to);
            }
        }
        meant.sort_by_key(|to| to.span);
        let mut found = Diagnostic::new(
            Code::FW110,
            format!("flow `{}` has no end", node.name.name),
            node.name.span,
            "where would it stop?",
        );
        for to in meant.iter().take(4) {
            found = found.label(
                to.span,
                format!("no state and no end is called `{}`", to.name),
            );
        }
        let name = meant.first().map_or("done", |to| to.name.as_str());
        self.report(found.help(format!(
            "declare it: `end {name} success` (or `fallback`, or `failure`)"
        )));
    }

    /// The state or end that an arrow points at.
    pub(super) fn goal(&mut self, to: &Ident, frame: &Frame<'a>) -> Option<Target> {
        if let Some(i) = frame.states.keys().position(|n| *n == to.name) {
            return u32::try_from(i).ok().map(|i| Target::State(StateId(i)));
        }
        if let Some(i) = frame.ends.keys().position(|n| *n == to.name) {
            return u32::try_from(i).ok().map(|i| Target::End(EndId(i)));
        }
        if !frame.node.complete || frame.ends.is_empty() {
            self.complete = false;
            return None;
        }
        let known: Vec<(String, Option<Span>)> = frame
            .states
            .iter()
            .map(|(n, s)| ((*n).to_string(), Some(s.name.span)))
            .chain(
                frame
                    .ends
                    .iter()
                    .map(|(n, e)| ((*n).to_string(), Some(e.name.span))),
            )
            .collect();
        let what = format!("state or end of `{}` called", frame.node.name.name);
        self.unknown(
            &what,
            &to.name,
            to.span,
            known.iter().map(|(n, s)| (n.as_str(), *s)),
        );
        None
    }

    pub(super) fn end(&mut self, node: &'a tree::End, frame: &Frame<'a>) -> End {
        let (mut gives, mut gives_type) = (None, None);
        if let Some(value) = &node.gives {
            match self.typed_value(value, frame) {
                Some((expr, ty)) => {
                    gives = Some(expr);
                    gives_type = Some(ty);
                }
                None => self.complete = false,
            }
        }
        let mut lists: [Vec<ActionId>; 2] = [Vec::new(), Vec::new()];
        for (list, targets) in lists.iter_mut().zip([&node.keeps, &node.leaves]) {
            for t in targets {
                list.extend(self.targets(t).unwrap_or_default());
            }
            list.sort_unstable();
            list.dedup();
        }
        let [keeps, leaves] = lists;
        End {
            name: node.name.name.clone(),
            name_span: node.name.span,
            span: node.span,
            doc: node.doc.as_ref().map(|d| d.node.clone()),
            class: node.class,
            gives,
            gives_type,
            keeps,
            leaves,
        }
    }
}
