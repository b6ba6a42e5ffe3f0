//! The rows of an action's gate: conditions that exclude one another, merged where verdicts agree.

use super::print::Sheet;
use super::words::Words;
use crate::logic::IntSet;
use crate::table::format::{Action, Body, Effect, Ref, Verdict, VerdictKind};
use crate::words::duration_literal;
use std::collections::BTreeMap;

/// The most paths of one diagram that are looked at.
const PATHS_MAX: usize = 4_000;
/// Rows are merged pair by pair only up to so many.
const MERGE_MAX: usize = 600;

/// So many rows of one verdict are one that says "otherwise".
const OTHERWISE: usize = 4;

/// What has to hold for a path: the values of each probe.
pub(super) type Conditions = BTreeMap<u32, IntSet>;

pub(in crate::cli) fn sheet(body: &Body, action: &Action, most: usize) -> Sheet {
    let words = Words::of_action(body, action);
    let mut found = Paths::default();
    found.walk(body, action.gate, &mut Conditions::new());
    let mut rows = found.rows;
    merge(&mut rows);
    rows.sort_by_key(|(conditions, leaf)| {
        let order = action.verdicts.get(*leaf as usize).map(order);
        (order, *leaf, conditions.len())
    });
    // Where rows are left out, "otherwise" would take them in.
    let all_shown = |rest: &u32| rows.iter().filter(|(_, leaf)| leaf != rest).count() <= most;
    let rest = otherwise(&rows).filter(|rest| !found.cut && all_shown(rest));
    if let Some(rest) = rest {
        rows.retain(|(_, leaf)| *leaf != rest);
    }
    let shown = rows.len().min(most);
    let mut cells: Vec<Vec<String>> = Vec::with_capacity(shown + 1);
    for (conditions, leaf) in rows.iter().take(most) {
        let verdict = action.verdicts.get(*leaf as usize);
        cells.push(row(body, verdict, &words.conditions(conditions)));
    }
    if let Some(rest) = rest {
        let verdict = action.verdicts.get(rest as usize);
        cells.push(row(body, verdict, "otherwise"));
    }
    let mut sheet = Sheet {
        kind: "action",
        name: action.name.clone(),
        about: about(action),
        doc: action.doc.clone(),
        columns: vec!["verdict", "rule", "when", "then"],
        rows: cells,
        continued: false,
        notes: limits(body, action),
    };
    let more = rows.len() - shown;
    if found.cut {
        sheet.notes.push(format!(
            "… and more than {more} rows more: too many ways exclude one another to list them (`failway decide` answers for a single call)"
        ));
    } else if more > 0 {
        sheet.notes.push(format!(
            "… and {more} more {} (--rows N)",
            if more == 1 { "row" } else { "rows" }
        ));
    }
    sheet
}

/// The verdict that has the most rows, if they are too many to be read: one row says "otherwise" then,
/// which is exact, since exactly one row holds.
fn otherwise(rows: &[(Conditions, u32)]) -> Option<u32> {
    let mut counts: BTreeMap<u32, usize> = BTreeMap::new();
    for (_, leaf) in rows {
        *counts.entry(*leaf).or_insert(0) += 1;
    }
    let most = counts.into_iter().max_by_key(|(leaf, n)| (*n, *leaf))?;
    (most.1 >= OTHERWISE).then_some(most.0)
}

fn order(verdict: &Verdict) -> (u8, bool) {
    let kind = match verdict.verdict {
        VerdictKind::Allow => 0,
        VerdictKind::Escalate => 1,
        VerdictKind::Deny => 2,
    };
    (kind, verdict.rule.is_none())
}

fn about(action: &Action) -> String {
    let params: Vec<&str> = action.params.iter().map(|p| p.name.as_str()).collect();
    let effect = match &action.effect {
        Effect::Read {} => "reads",
        Effect::Write {
            idempotent: Some(_),
            ..
        } => "writes, idempotent",
        Effect::Write { .. } => "writes",
    };
    format!("({}): {effect}", params.join(", "))
}

fn row(body: &Body, verdict: Option<&Verdict>, when: &str) -> Vec<String> {
    let Some(verdict) = verdict else {
        return vec![String::new(); 4];
    };
    let kind = match verdict.verdict {
        VerdictKind::Allow => "allow",
        VerdictKind::Escalate => "escalate",
        VerdictKind::Deny => "deny",
    };
    let rule = verdict.rule.and_then(|r| body.rules.get(r as usize));
    let name = rule.map_or("no_rule", |r| r.name.as_str());
    let mut then = Vec::new();
    if let Some(instead) = &verdict.instead
        && let Some(to) = body.actions.get(instead.action as usize)
    {
        then.push(format!("instead {}", to.name));
    }
    if let Some(role) = rule
        .and_then(|r| r.role)
        .and_then(|r| body.roles.get(r as usize))
    {
        let within = rule.and_then(|r| r.within_ms);
        let within = within.map_or(String::new(), |ms| {
            format!(" within {}", duration_literal(ms))
        });
        then.push(format!("to {}{within}", role.name));
    }
    if let Some(because) = rule.and_then(|r| r.because.as_ref()) {
        then.push(format!("because {because}"));
    }
    vec![
        kind.to_string(),
        name.to_string(),
        when.to_string(),
        then.join("; "),
    ]
}

fn limits(body: &Body, action: &Action) -> Vec<String> {
    let mut all = Vec::new();
    for used in &action.limits {
        let Some(limit) = body.limits.get(used.limit as usize) else {
            continue;
        };
        let rule = body.rules.get(limit.rule as usize);
        let what = match (limit.effects, limit.count) {
            (true, 1) => "effect",
            (true, _) => "effects",
            (false, 1) => "call",
            (false, _) => "calls",
        };
        let per = limit.per_ms.map_or("session".to_string(), duration_literal);
        let words = Words::of_action(body, action);
        let keys: Vec<String> = used.keys.iter().map(|k| words.path(k)).collect();
        let by = if keys.is_empty() {
            String::new()
        } else {
            format!(" by {}", keys.join(", "))
        };
        let filter = used.when.map_or(String::new(), |when| {
            format!(" where {}", words.condition(when))
        });
        all.push(format!(
            "limit {}: {} {what} per {per}{by}{filter}",
            rule.map_or("", |r| r.name.as_str()),
            limit.count
        ));
    }
    all
}

#[derive(Default)]
pub(super) struct Paths {
    pub(super) rows: Vec<(Conditions, u32)>,
    pub(super) cut: bool,
}

impl Paths {
    /// All paths from a node to a leaf; branches to the same place are one.
    pub(super) fn walk(&mut self, body: &Body, at: Ref, so_far: &mut Conditions) {
        if self.rows.len() >= PATHS_MAX {
            self.cut = true;
            return;
        }
        let Ok(index) = usize::try_from(at) else {
            let leaf = u32::try_from(-(at + 1)).unwrap_or(0);
            self.rows.push((so_far.clone(), leaf));
            return;
        };
        let Some(node) = body.nodes.get(index) else {
            return;
        };
        let mut ways: Vec<(Ref, IntSet)> = Vec::new();
        for (branch, &next) in node.next.iter().enumerate() {
            let low = branch.checked_sub(1).and_then(|i| node.cuts.get(i));
            let high = node.cuts.get(branch).map(|c| c - 1);
            let set = IntSet::range(low.copied().unwrap_or(i64::MIN), high.unwrap_or(i64::MAX));
            match ways.iter_mut().find(|(to, _)| *to == next) {
                Some((_, known)) => *known = known.union(&set),
                None => ways.push((next, set)),
            }
        }
        for (next, set) in ways {
            let before = so_far.get(&node.probe).cloned();
            let now = match &before {
                Some(before) => before.intersect(&set),
                None => set,
            };
            if now.is_empty() {
                continue;
            }
            so_far.insert(node.probe, now);
            self.walk(body, next, so_far);
            match before {
                Some(before) => so_far.insert(node.probe, before),
                None => so_far.remove(&node.probe),
            };
        }
    }
}

/// Joins rows with the same leaf that differ in one probe only, until none are left.
pub(super) fn merge(rows: &mut Vec<(Conditions, u32)>) {
    if rows.len() > MERGE_MAX {
        return;
    }
    let mut i = 0;
    while i < rows.len() {
        let joined = (i + 1..rows.len()).find_map(|j| {
            let (a, b) = (rows.get(i)?, rows.get(j)?);
            if a.1 != b.1 {
                return None;
            }
            join(&a.0, &b.0).map(|made| (j, made))
        });
        match joined {
            Some((j, made)) => {
                rows.remove(j);
                if let Some(row) = rows.get_mut(i) {
                    row.0 = made;
                }
                i = 0;
            }
            None => i += 1,
        }
    }
}

fn join(a: &Conditions, b: &Conditions) -> Option<Conditions> {
    let mut differ = None;
    for probe in a.keys().chain(b.keys()) {
        if a.get(probe) == b.get(probe) || differ == Some(*probe) {
            continue;
        }
        if differ.is_some() {
            return None;
        }
        differ = Some(*probe);
    }
    let mut made = a.clone();
    let Some(probe) = differ else {
        return Some(made);
    };
    match (a.get(&probe), b.get(&probe)) {
        (Some(x), Some(y)) => {
            let both = x.union(y);
            if both == IntSet::all() {
                made.remove(&probe);
            } else {
                made.insert(probe, both);
            }
        }
        // One of them asks nothing of this probe, and so takes in the other.
        _ => {
            made.remove(&probe);
        }
    }
    Some(made)
}

/// A condition's rows that lead to leaf 1.
pub(super) fn holding(body: &Body, when: Ref) -> (Vec<Conditions>, bool) {
    let mut found = Paths::default();
    found.walk(body, when, &mut Conditions::new());
    let mut rows = found.rows;
    rows.retain(|(_, leaf)| *leaf == 1);
    merge(&mut rows);
    (rows.into_iter().map(|(c, _)| c).collect(), found.cut)
}

/// The whole of a probe's values: what any value satisfies.
pub(super) fn is_everything(set: &IntSet, (min, max): (i64, i64)) -> bool {
    IntSet::range(min, max).is_subset(set)
}
