//! Facts, and a look at groups and defines that nothing uses.

use super::super::{CountedAction, Fact};
use super::Checker;
use crate::diagnostics::{Code, Diagnostic};
use crate::syntax::tree;
use petgraph::algo::kosaraju_scc;
use petgraph::graphmap::DiGraphMap;
use std::collections::{BTreeMap, BTreeSet};

impl<'a> Checker<'a> {
    pub(super) fn resolve_facts(&mut self) {
        let facts: Vec<(&'a tree::Fact, Option<String>)> = self
            .declared
            .facts
            .values()
            .map(|d| (d.node, d.doc.clone()))
            .collect();
        for (node, doc) in facts {
            let Some(id) = self.action_ref(&node.action, None) else {
                continue;
            };
            let Some(ty) = self.policy.action(id).result.clone() else {
                let (name, at) = (
                    self.policy.action(id).full_name.clone(),
                    self.policy.action(id).span,
                );
                self.report(
                    Diagnostic::new(
                        Code::FW103,
                        format!("`{name}` has no result to remember"),
                        node.action.span,
                        "the source of the fact",
                    )
                    .label(at, "declared here, without `->`")
                    .help("a fact is the reply of an action: give the action a result type"),
                );
                continue;
            };
            let Some(CountedAction {
                action,
                keys,
                filter,
            }) = self.counted(id, &node.by, node.filter.as_ref(), None)
            else {
                continue;
            };
            self.policy.facts.push(Fact {
                name: node.name.name.clone(),
                source: CountedAction {
                    action,
                    keys,
                    filter,
                },
                keys: node.by.iter().map(|b| b.name.name.clone()).collect(),
                ty,
                lifetime_ms: node.lifetime.as_ref().map(|d| d.node),
                span: node.name.span,
                doc,
            });
        }
    }

    /// Groups and defines are checked where they are used; what is wrong in itself is found here.
    pub(super) fn check_groups_and_defines(&mut self) {
        let groups: Vec<&'a tree::Targets> =
            self.declared.groups.values().map(|d| d.node).collect();
        let used = self.used.clone();
        for targets in groups {
            self.targets(targets);
        }
        let defines: BTreeMap<&'a str, &'a tree::Cond> = self
            .declared
            .defines
            .iter()
            .map(|(n, d)| (*n, d.node))
            .collect();
        for name in circular(&defines) {
            self.circle(name, &defines);
        }
        self.used = used;
    }

    /// Whether a define leads back to itself through defines that it mentions alone.
    fn circle(&mut self, start: &'a str, defines: &BTreeMap<&'a str, &'a tree::Cond>) {
        let mut seen = BTreeSet::from([start]);
        let mut next = vec![start];
        while let Some(name) = next.pop() {
            let Some(cond) = defines.get(name) else {
                continue;
            };
            let mut mentioned = Vec::new();
            mentions(cond, &mut mentioned);
            for path in mentioned {
                let Some((key, _)) = defines.get_key_value(path.head.name.as_str()) else {
                    continue;
                };
                if *key == start {
                    let at = self
                        .declared
                        .defines
                        .get(start)
                        .map(|d| d.span)
                        .unwrap_or_default();
                    self.report(
                        Diagnostic::new(
                            Code::FW112,
                            format!("define `{start}` is defined by itself"),
                            path.span,
                            "leads back to it",
                        )
                        .label(at, "declared here")
                        .help("write the condition out"),
                    );
                    return;
                }
                if seen.insert(key) {
                    next.push(key);
                }
            }
        }
    }
}

/// Defines that lead back to themselves: a few of each circle are enough to see it.
fn circular<'t>(defines: &BTreeMap<&'t str, &'t tree::Cond>) -> Vec<&'t str> {
    const SHOWN: usize = 8;
    let names: Vec<&str> = defines.keys().copied().collect();
    let mut graph: DiGraphMap<usize, ()> = DiGraphMap::new();
    for ((_, cond), i) in defines.iter().zip(0..) {
        graph.add_node(i);
        let mut mentioned = Vec::new();
        mentions(cond, &mut mentioned);
        for path in mentioned {
            if let Ok(to) = names.binary_search(&path.head.name.as_str()) {
                graph.add_edge(i, to, ());
            }
        }
    }
    let mut found = Vec::new();
    for mut circle in kosaraju_scc(&graph) {
        if circle.len() > 1 || circle.iter().any(|&n| graph.contains_edge(n, n)) {
            circle.sort_unstable();
            let shown = circle.iter().take(SHOWN);
            found.extend(shown.filter_map(|&i| names.get(i).copied()));
        }
    }
    found.sort_unstable();
    found
}

/// Names that stand alone in a condition.
fn mentions<'t>(cond: &'t tree::Cond, out: &mut Vec<&'t tree::Path>) {
    match &cond.kind {
        tree::CondKind::Or(parts) | tree::CondKind::And(parts) => {
            parts.iter().for_each(|p| mentions(p, out))
        }
        tree::CondKind::Not(inner) => mentions(inner, out),
        tree::CondKind::Quantifier { body, .. } => mentions(body, out),
        tree::CondKind::Operand(tree::Operand {
            kind: tree::OperandKind::Path(p),
            ..
        }) if p.rest.is_empty() => out.push(p),
        _ => {}
    }
}
