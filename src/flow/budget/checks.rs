//! FW5: findings about what flows can cost.

use super::cost::Costs;
use super::load::{Load, loads};
use super::{Budget, measure, target_name, words};
use crate::diagnostics::{Code, Diagnostic, Witness};
use crate::flow::picture::Picture;
use crate::model::Policy;

/// FW502 to FW504.
pub fn check(policy: &Policy, pictures: &[Picture], findings: &mut Vec<Diagnostic>) {
    let asks = |p: &&Picture| {
        let flow = policy.flows.get(p.flow.index());
        flow.is_some_and(|f| f.complete && (f.within.is_some() || f.expect.is_some()))
    };
    let mut budgets = Vec::new();
    for picture in pictures.iter().filter(asks) {
        let Some(budget) = measure(policy, picture, false) else {
            continue;
        };
        promise(policy, picture, &budget, findings);
        nets(policy, picture, &budget, findings);
        budgets.push(budget);
    }
    // With something missing from the sum, nothing is said of it.
    let expecting = policy.flows.iter().filter(|f| f.expect.is_some()).count();
    let known = budgets.iter().filter(|b| {
        let flow = policy.flows.get(b.flow.index());
        flow.is_some_and(|f| f.expect.is_some())
    });
    if known.count() == expecting {
        for load in loads(policy, &budgets) {
            over_capacity(policy, &load, findings);
        }
    }
}

fn push(findings: &mut Vec<Diagnostic>, found: Diagnostic) {
    if !findings.contains(&found) {
        findings.push(found);
    }
}

/// FW502: a promise that some path breaks.
fn promise(policy: &Policy, picture: &Picture, budget: &Budget, findings: &mut Vec<Diagnostic>) {
    let Some(flow) = policy.flows.get(budget.flow.index()) else {
        return;
    };
    let Some((within, None, span)) = flow.within else {
        return;
    };
    if budget.time.most.is_some_and(|most| most <= within) {
        return;
    }
    let promised = words::exactly(within);
    let costs = Costs::new(policy, picture);
    if budget.path.all <= within {
        // The bound is too large, or it isn't: no path shows it.
        push(
            findings,
            Diagnostic::new(
                Code::FW390,
                format!(
                    "whether flow `{}` ends within {promised} is too hard to decide",
                    flow.name
                ),
                span,
                "this promise",
            )
            .label(flow.name_span, "of this flow")
            .note("A check that runs out of its budget never passes in silence.")
            .help("lower the bounds of `retry` and of limits on calls, or let `within` lead to a state that ends the flow"),
        );
        return;
    }
    let taken = words::time(budget.time);
    let message = match budget.time.most {
        Some(_) => format!(
            "flow `{}` promises to end within {promised}, and can take {taken}",
            flow.name
        ),
        None => format!(
            "flow `{}` promises to end within {promised}, and nothing bounds its time",
            flow.name
        ),
    };
    push(
        findings,
        Diagnostic::new(Code::FW502, message, span, "promised here")
            .label(flow.name_span, "by this flow")
            .note("Whoever waits for it, a caller or a service with a timeout of its own, is gone before it ends.")
            .help(format!(
                "shorten timeouts, waits or retries on the way, promise more, or write `within {promised} -> …`: then a state of its own ends the flow in time"
            ))
            .witness(slow_path(&costs, budget)),
    );
}

/// The path that takes longest, with its times.
fn slow_path(costs: &Costs<'_>, budget: &Budget) -> Witness {
    let mut lines = Vec::new();
    let mut data = Vec::new();
    for line in words::path(costs, &budget.path) {
        let at = if line.at_ms < super::FOREVER {
            words::exactly(line.at_ms)
        } else {
            "without end".to_string()
        };
        lines.push(format!("{}: {} (by {at})", line.state, line.then));
        let mut step = serde_json::Map::new();
        step.insert("state".to_string(), line.state.into());
        step.insert("then".to_string(), line.then.into());
        if line.at_ms < super::FOREVER {
            step.insert("by_ms".to_string(), line.at_ms.into());
        }
        data.push(serde_json::Value::Object(step));
    }
    let mut map = serde_json::Map::new();
    map.insert("path".to_string(), serde_json::Value::Array(data));
    Witness {
        lines,
        data: map,
        ..Witness::default()
    }
}

/// FW503: a net that no run reaches.
fn nets(policy: &Policy, picture: &Picture, budget: &Budget, findings: &mut Vec<Diagnostic>) {
    // What is missing could take longer.
    if !policy.complete {
        return;
    }
    // As the flow's own: inside another one its run is looked at with what that one has done.
    let Some(net) = budget.nets.iter().find(|n| n.run == 0 && !n.reached) else {
        return;
    };
    let Some(flow) = policy.flows.get(picture.flow.index()) else {
        return;
    };
    let Some((_, Some(to), span)) = flow.within else {
        return;
    };
    let longest = words::time(budget.with_events);
    let target = target_name(policy, budget.flow, to);
    push(
        findings,
        Diagnostic::new(
            Code::FW503,
            format!(
                "no run of flow `{}` takes {}: it ends after {longest} at the latest",
                flow.name,
                words::exactly(net.within_ms)
            ),
            span,
            format!("never leads to `{target}`"),
        )
        .label(flow.name_span, "of this flow")
        .note("Whoever reads it believes that it catches runs that take too long.")
        .help("shorten it to less than the longest run, or remove it"),
    );
}

/// FW504: more calls than an integration can take.
fn over_capacity(policy: &Policy, load: &Load, findings: &mut Vec<Diagnostic>) {
    let (Some(capacity), true) = (load.capacity, load.over()) else {
        return;
    };
    let name = policy
        .integrations
        .get(load.integration.index())
        .map_or("", |i| i.name.as_str());
    let per = words::exactly(capacity.per_ms);
    let calls = load
        .calls_per(capacity.per_ms)
        .map_or_else(|| "too many to count".to_string(), |n| n.to_string());
    let mut found = Diagnostic::new(
        Code::FW504,
        format!(
            "at their peak, flows can make {calls} calls of `{name}` per {per}, and it takes {}",
            capacity.count
        ),
        capacity.span,
        format!("{} per {per}", capacity.count),
    );
    for part in &load.parts {
        let flow = policy.flows.get(part.flow.index());
        found = found.label(
            part.expect.span,
            format!(
                "{} runs per {} of `{}`, of up to {} calls each",
                part.expect.count,
                words::exactly(part.expect.per_ms),
                flow.map_or("", |f| f.name.as_str()),
                part.calls
            ),
        );
    }
    push(
        findings,
        found
            .note("When something is slow everybody retries at once: the worst case comes just when the load is highest.")
            .help("retry less, bound the agents' calls, limit the calls per minute, or ask for more capacity"),
    );
}
