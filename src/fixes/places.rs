//! Finding what stands at a place.

use super::Scene;
use crate::model::{self, ActionId};
use crate::source::Span;
use crate::syntax::tree::{Flow, FlowItem, Handler, Item, ItemKind, Rule, State, StateItem};

impl<'a> Scene<'a> {
    pub fn items(&self) -> impl Iterator<Item = &'a Item> {
        self.trees.iter().flat_map(|f| &f.items)
    }

    /// The flow that holds a place.
    pub fn flow(&self, at: Span) -> Option<&'a Flow> {
        self.items().find_map(|item| match &item.kind {
            ItemKind::Flow(flow) if holds(item.span, at) => Some(flow),
            _ => None,
        })
    }

    /// The state whose name stands there, and its flow.
    pub fn state(&self, name: Span) -> Option<(&'a Flow, &'a State)> {
        let flow = self.flow(name)?;
        let state = states(flow).find(|s| s.name.span == name)?;
        Some((flow, state))
    }

    pub fn rule(&self, name: Span) -> Option<(&'a Item, &'a Rule)> {
        self.items().find_map(|item| match &item.kind {
            ItemKind::Rule(rule) if rule.name.span == name => Some((item, rule)),
            _ => None,
        })
    }

    /// The checked flow of the same name.
    pub fn checked_flow(&self, flow: &Flow) -> Option<&'a model::Flow> {
        self.policy.flows.iter().find(|f| f.name == flow.name.name)
    }

    pub fn action(&self, full: &str) -> Option<(ActionId, &'a model::Action)> {
        let at = self
            .policy
            .actions
            .iter()
            .position(|a| a.full_name == full)?;
        let id = ActionId(u32::try_from(at).ok()?);
        Some((id, self.policy.actions.get(at)?))
    }
}

pub fn holds(whole: Span, part: Span) -> bool {
    whole.file == part.file && whole.start <= part.start && part.end <= whole.end
}

pub fn states(flow: &Flow) -> impl Iterator<Item = &State> {
    flow.items.iter().filter_map(|i| match i {
        FlowItem::State(state) => Some(state),
        _ => None,
    })
}

/// A state's own handlers.
pub fn handlers(state: &State) -> impl Iterator<Item = &Handler> {
    state.items.iter().filter_map(|i| match i {
        StateItem::Handler(h) => Some(h),
        _ => None,
    })
}
