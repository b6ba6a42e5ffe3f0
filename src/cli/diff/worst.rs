//! Worst cases of flows that both sources have.

use super::version::Opened;
use crate::diff::{Change, Effect};
use crate::flow::budget::{Bound, Budget, budget, words};
use crate::model::Policy;

/// What flows can cost at most, where it is another amount. Of tables nothing is said: what follows
/// from their flows is compared by itself.
pub(super) fn changes(old: &Opened, new: &Opened, effort: u32) -> Vec<Change> {
    let (Some(a), Some(b)) = (&old.checked, &new.checked) else {
        return Vec::new();
    };
    let (before, after) = (budgets(&a.policy, effort), budgets(&b.policy, effort));
    let mut found = Vec::new();
    for (name, was) in &before {
        let Some((_, is)) = after.iter().find(|(n, _)| n == name) else {
            continue;
        };
        let mut add = |what: &str, was: String, is: String| {
            if was != is {
                let what = format!("{what} at most: {is} instead of {was}");
                found.push(Change::plain(Effect::Budget, "flow", name, what));
            }
        };
        add("time", words::time(was.time), words::time(is.time));
        add(
            "time, events or not,",
            words::time(was.with_events),
            words::time(is.with_events),
        );
        add("calls", words::calls(was.calls), words::calls(is.calls));
        let of = |policy: &Policy, budget: &Budget, name: &str| {
            let all = budget.actions.iter();
            let mut own = all.filter(|(id, _)| policy.action(*id).full_name == name);
            own.next()
                .map_or("0".to_owned(), |(_, bound): &(_, Bound)| {
                    words::calls(*bound)
                })
        };
        let mut names: Vec<&str> = Vec::new();
        for (policy, budget) in [(&a.policy, was), (&b.policy, is)] {
            let called = budget.actions.iter();
            names.extend(called.map(|(id, _)| policy.action(*id).full_name.as_str()));
        }
        names.sort_unstable();
        names.dedup();
        for action in names {
            add(
                &format!("calls of {action}"),
                of(&a.policy, was, action),
                of(&b.policy, is, action),
            );
        }
    }
    found
}

fn budgets(policy: &Policy, effort: u32) -> Vec<(String, Budget)> {
    let (mut gate, _) = crate::gate::build(policy, effort);
    let pictures = crate::flow::pictures(&mut gate, &mut Vec::new());
    drop(gate);
    let name = |b: &Budget| policy.flows.get(b.flow.index()).map(|f| f.name.clone());
    pictures
        .iter()
        .filter_map(|picture| budget(policy, picture))
        .filter_map(|b| Some((name(&b)?, b)))
        .collect()
}
