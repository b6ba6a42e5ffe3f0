//! Load: how many calls all flows can make at their peaks, against what an integration can take.

use super::Budget;
use crate::model::{FlowId, IntegrationId, Policy, Rate};

/// One flow's part in an integration's load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// The flow.
    pub flow: FlowId,
    /// How often it starts at its peak.
    pub expect: Rate,
    /// The most calls of one run.
    pub calls: i64,
}

/// The worst-case load of an integration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Load {
    /// The integration.
    pub integration: IntegrationId,
    /// What it can take, if that is said.
    pub capacity: Option<Rate>,
    /// The flows that say what to expect.
    pub parts: Vec<Part>,
}

impl Load {
    /// Calls in `per_ms`, rounded up; none if too many to count.
    #[must_use]
    pub fn calls_per(&self, per_ms: i64) -> Option<i64> {
        let (above, below) = self.rate()?;
        let calls = above.checked_mul(i128::from(per_ms))?;
        let up = calls.checked_add(below - 1)? / below;
        i64::try_from(up).ok()
    }

    /// Whether it is more than the capacity.
    #[must_use]
    pub fn over(&self) -> bool {
        let (Some(capacity), Some((above, below))) = (self.capacity, self.rate()) else {
            return false;
        };
        let load = above.saturating_mul(i128::from(capacity.per_ms));
        load > i128::from(capacity.count).saturating_mul(below)
    }

    /// Calls per millisecond, as a fraction.
    fn rate(&self) -> Option<(i128, i128)> {
        let mut sum = (0_i128, 1_i128);
        for part in &self.parts {
            let calls = i128::from(part.expect.count).checked_mul(i128::from(part.calls))?;
            let per = i128::from(part.expect.per_ms.max(1));
            let above = sum
                .0
                .checked_mul(per)?
                .checked_add(calls.checked_mul(sum.1)?)?;
            let below = sum.1.checked_mul(per)?;
            let common = gcd(above, below);
            sum = (above / common, below / common);
        }
        Some(sum)
    }
}

fn gcd(a: i128, b: i128) -> i128 {
    let (mut a, mut b) = (a.max(1), b.max(1));
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// The loads of all integrations that some flow with an `expect` calls.
#[must_use]
pub fn loads(policy: &Policy, budgets: &[Budget]) -> Vec<Load> {
    let mut out = Vec::new();
    for (integration, id) in policy.integrations.iter().zip(0..) {
        let id = IntegrationId(id);
        let mut parts = Vec::new();
        for budget in budgets {
            let flow = policy.flows.get(budget.flow.index());
            let calls = budget.integrations.iter().find(|(i, _)| *i == id);
            if let Some(expect) = flow.and_then(|f| f.expect)
                && let Some(calls) = calls.and_then(|(_, b)| b.most).filter(|n| *n > 0)
            {
                parts.push(Part {
                    flow: budget.flow,
                    expect,
                    calls,
                });
            }
        }
        if !parts.is_empty() {
            out.push(Load {
                integration: id,
                capacity: integration.capacity,
                parts,
            });
        }
    }
    out
}
