//! Worst-case calls: the most that can be made on the way to each spot of a web.

use super::circles::{Round, round};
use super::cost::{Costs, plus};
use super::time::Times;
use crate::flow::web::Web;
use crate::model::ActionId;

/// The most calls on the way to each spot.
pub struct Counts {
    most: Vec<Option<i64>>,
    /// Whether some path makes so many, as far as circles go.
    pub exact: bool,
}

impl Counts {
    /// Counts calls of the actions that `counts`, from the first `sources` spots of a web, on
    /// threads that `times` lets be in time.
    #[must_use]
    pub fn new(
        web: &Web,
        costs: &Costs<'_>,
        times: &Times,
        sources: usize,
        counts: &dyn Fn(ActionId) -> bool,
    ) -> Self {
        let mut out = Self {
            most: vec![None; web.len()],
            exact: true,
        };
        let of = |thread: usize| {
            let hop = web
                .threads()
                .get(thread)
                .and_then(|t| costs.graph().hops().get(t.hop as usize));
            hop.map_or(0, |hop| costs.calls(*hop, counts))
        };
        for (spot, most) in web.spots().iter().zip(&mut out.most).take(sources) {
            *most = Some(costs.agent_at(spot.node.index(), counts));
        }
        for (group, id) in web.groups().iter().zip(0..) {
            let best = group.iter().filter_map(|s| out.at(*s)).max();
            let Some(best) = best else { continue };
            let circle = web.inside(id).next().is_some();
            let more = if circle {
                round(web, costs, id, &of, false)
            } else {
                Round {
                    more: 0,
                    exact: true,
                }
            };
            out.exact &= more.exact;
            for spot in group {
                if let Some(most) = out.most.get_mut(*spot as usize) {
                    *most = Some(plus(best, more.more));
                }
            }
            for spot in group {
                for index in web.from(*spot) {
                    let Some(thread) = web.threads().get(index) else {
                        continue;
                    };
                    if web.group_of(thread.to) == id || times.too_late(index) {
                        continue;
                    }
                    let here = out.at(*spot).unwrap_or(0);
                    let sum = plus(here, of(index));
                    if let Some(most) = out.most.get_mut(thread.to as usize) {
                        *most = Some(most.map_or(sum, |m| m.max(sum)));
                    }
                }
            }
        }
        out
    }

    /// The most calls on the way to a spot; none if it cannot be reached in time.
    #[must_use]
    pub fn at(&self, spot: u32) -> Option<i64> {
        self.most.get(spot as usize).copied().flatten()
    }
}
