//! Bounds, durations and paths, in words.

use super::Bound;
use super::cost::Costs;
use super::time::Walked;

/// A duration without loss: `200ms`, `6.6s`, `5m 3s`, `1h 0.25s`.
#[must_use]
pub fn exactly(ms: i64) -> String {
    if ms <= 0 {
        return "0s".to_string();
    }
    if ms < 1_000 {
        return format!("{ms}ms");
    }
    let mut parts = Vec::new();
    let mut rest = ms;
    for (size, unit) in [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m")] {
        if rest >= size {
            parts.push(format!("{}{unit}", rest / size));
            rest %= size;
        }
    }
    if rest > 0 {
        let (seconds, thousandths) = (rest / 1_000, rest % 1_000);
        let fraction = format!("{thousandths:03}");
        let fraction = fraction.trim_end_matches('0');
        parts.push(if fraction.is_empty() {
            format!("{seconds}s")
        } else {
            format!("{seconds}.{fraction}s")
        });
    }
    parts.join(" ")
}

/// A bound on time.
#[must_use]
pub fn time(bound: Bound) -> String {
    bound.most.map_or_else(|| "unbounded".to_string(), exactly)
}

/// A bound on calls.
#[must_use]
pub fn calls(bound: Bound) -> String {
    bound
        .most
        .map_or_else(|| "unbounded".to_string(), |n| n.to_string())
}

/// One step of a path: the moment by which it is over, the state, what happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Milliseconds since the start, at most.
    pub at_ms: i64,
    /// The state, by its full name.
    pub state: String,
    /// What happens there.
    pub then: String,
}

/// A path, step by step.
#[must_use]
pub fn path(costs: &Costs<'_>, walked: &Walked) -> Vec<Line> {
    let (graph, words) = (costs.graph(), costs.words());
    let mut lines = Vec::new();
    for (index, at_ms) in &walked.hops {
        let Some(hop) = graph.hops().get(*index as usize) else {
            continue;
        };
        let Some(node) = graph.node(hop.from) else {
            continue;
        };
        lines.push(Line {
            at_ms: *at_ms,
            state: words.name(node.config.place),
            then: words.label(graph.label(*hop)).replace('`', ""),
        });
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_written_without_loss() {
        let written = [0, 200, 6_600, 303_000, 3_600_250, 93_784_005].map(exactly);
        assert_eq!(
            written,
            [
                "0s",
                "200ms",
                "6.6s",
                "5m 3s",
                "1h 0.25s",
                "1d 2h 3m 4.005s"
            ]
        );
    }
}
