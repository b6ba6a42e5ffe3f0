//! Nodes and probes: that diagrams are shared trees which end, and that every question in them
//! makes sense where it is asked.

use super::scope::{Scope, Unit, unit};
use super::{At, Checked, broken, each, get};
use crate::table::format::{Body, Counted, Node, Path, Probe, Ref, Type};
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;

/// How many visits of nodes a check may make: each node is visited once per scope, so that only a
/// table made to waste time gets near.
const VISITS_MAX: u64 = 50_000_000;

/// The largest factor of a difference: 10^15.
const FACTOR_MAX: i64 = 1_000_000_000_000_000;

/// Children before parents, and cuts that ascend.
pub(super) fn check(body: &Body) -> Checked {
    // Whether a walk from the node may meet a `some`: those don't nest, which bounds the work of
    // one walk by the size of one list.
    let mut asks_some: Vec<bool> = Vec::with_capacity(body.nodes.len());
    for (i, node) in body.nodes.iter().enumerate() {
        let meets = one_node(body, i, node, &asks_some).at(|| format!("nodes[{i}]"))?;
        asks_some.push(meets);
    }
    Ok(())
}

fn one_node(body: &Body, index: usize, node: &Node, asks_some: &[bool]) -> Checked<bool> {
    if node.next.len() != node.cuts.len() + 1 {
        return broken(format!(
            "{} cuts need {} branches, but there are {}",
            node.cuts.len(),
            node.cuts.len() + 1,
            node.next.len()
        ));
    }
    if !node.cuts.is_sorted_by(|l, r| l < r) {
        return broken("the cuts don't ascend");
    }
    let mut meets = false;
    for &child in &node.next {
        meets |= meets_some(child, index, asks_some)?;
    }
    if let Probe::Some { when, .. } = get(&body.probes, node.probe, "probe")? {
        if meets_some(*when, index, asks_some)? {
            return broken("a `some` asks another `some`");
        }
        meets = true;
    }
    Ok(meets)
}

fn meets_some(child: Ref, parent: usize, asks_some: &[bool]) -> Checked<bool> {
    let Ok(node) = usize::try_from(child) else {
        return Ok(false);
    };
    match asks_some.get(node) {
        Some(&meets) => Ok(meets),
        None => broken(format!("node {node} does not come before node {parent}")),
    }
}

/// Walks diagrams in their scopes.
pub(super) struct Walker<'a> {
    pub(super) body: &'a Body,
    visits: Cell<u64>,
}

/// The nodes that were found right in one scope.
#[derive(Default)]
pub(super) struct Seen(RefCell<BTreeSet<(Ref, usize)>>);

impl<'a> Walker<'a> {
    pub(super) fn new(body: &'a Body) -> Self {
        Self {
            body,
            visits: Cell::new(0),
        }
    }

    /// A condition: its leaves are 0 and 1.
    pub(super) fn condition(&self, scope: &Scope<'_>, seen: &Seen, start: Ref) -> Checked {
        self.diagram(scope, seen, start, 2)
    }

    /// A diagram whose leaves are below `leaves`. One `Seen` serves one scope.
    pub(super) fn diagram(
        &self,
        scope: &Scope<'_>,
        seen: &Seen,
        start: Ref,
        leaves: usize,
    ) -> Checked {
        let mut open = vec![start];
        while let Some(at) = open.pop() {
            let Ok(index) = u32::try_from(at) else {
                let leaf = usize::try_from(-(at.saturating_add(1))).unwrap_or(usize::MAX);
                if at >= 0 || leaf >= leaves {
                    return broken(format!("{at} is neither a node nor one of {leaves} leaves"));
                }
                continue;
            };
            if !seen.0.borrow_mut().insert((at, leaves)) {
                continue;
            }
            self.visits.set(self.visits.get() + 1);
            if self.visits.get() > VISITS_MAX {
                return broken("the table takes too long to check");
            }
            let node = get(&self.body.nodes, index, "node")?;
            let probe = get(&self.body.probes, node.probe, "probe")?;
            self.probe(scope, probe)
                .at(|| format!("probes[{}]", node.probe))?;
            open.extend(&node.next);
        }
        Ok(())
    }

    fn probe(&self, scope: &Scope<'_>, probe: &Probe) -> Checked {
        match probe {
            Probe::Value { path, ty } => {
                if unit(scope.path(path)?) != unit(ty) || !is_number(ty) {
                    return broken("the path leads to another type");
                }
                Ok(())
            }
            Probe::Present { path } => scope.path(path).map(|_| ()),
            Probe::Length { path } => is_string(scope, path),
            Probe::Class { path, automaton } => {
                get(&self.body.automata, *automaton, "automaton")?;
                is_string(scope, path)
            }
            Probe::Size { path } => element(scope, path).map(|_| ()),
            Probe::Difference {
                left,
                left_type,
                left_factor,
                right,
                right_type,
                right_factor,
            } => {
                for (path, ty, factor) in [
                    (left, left_type, left_factor),
                    (right, right_type, right_factor),
                ] {
                    if unit(scope.path(path)?) != unit(ty) || !is_number(ty) {
                        return broken("a path leads to another type");
                    }
                    if !(1..=FACTOR_MAX).contains(factor) {
                        return broken(format!("{factor} is no factor"));
                    }
                }
                Ok(())
            }
            Probe::Equal { left, right } => {
                let left = unit(scope.path(left)?);
                let comparable = !matches!(left, Unit::List | Unit::Record(_));
                if comparable && left == unit(scope.path(right)?) {
                    return Ok(());
                }
                broken("the values don't compare")
            }
            Probe::Some { list, when } => {
                let inner = Scope {
                    element: Some(element(scope, list)?),
                    ..*scope
                };
                self.condition(&inner, &Seen::default(), *when)
            }
            Probe::History { history } => self.history(scope, *history),
            Probe::HistoryDifference { left, right } => {
                self.history(scope, *left)?;
                self.history(scope, *right)
            }
            Probe::Position {} => scope.in_session(),
        }
    }

    fn history(&self, scope: &Scope<'_>, index: u32) -> Checked {
        scope.in_session()?;
        let history = get(&self.body.histories, index, "history")?;
        each(&history.counted, "counted", |counted| {
            let call = self.call(counted)?;
            scope.keys(&history.keys, &call, &counted.keys)
        })
        .at(|| format!("histories[{index}]"))
    }

    /// The scope of a counted call.
    pub(super) fn call(&self, counted: &Counted) -> Checked<Scope<'a>> {
        let action = get(&self.body.actions, counted.action, "action")?;
        Ok(Scope {
            params: Some(&action.params),
            result: action.result.as_ref(),
            ..Scope::empty(self.body)
        })
    }

    /// Counted calls: their own conditions and keys.
    pub(super) fn counted(&self, counted: &Counted) -> Checked {
        let call = self.call(counted)?;
        each(&counted.keys, "keys", |key| call.path(key).map(|_| ()))?;
        match counted.when {
            Some(when) => self
                .condition(&call, &Seen::default(), when)
                .at(|| "when".to_owned()),
            None => Ok(()),
        }
    }
}

fn is_number(ty: &Type) -> bool {
    !matches!(unit(ty), Unit::String | Unit::Record(_) | Unit::List)
}

fn is_string(scope: &Scope<'_>, path: &Path) -> Checked {
    if unit(scope.path(path)?) == Unit::String {
        return Ok(());
    }
    broken("the path doesn't lead to a string")
}

fn element<'a>(scope: &Scope<'a>, path: &Path) -> Checked<&'a Type> {
    match scope.path(path)? {
        Type::List { element, .. } => Ok(element),
        _ => broken("the path doesn't lead to a list"),
    }
}
