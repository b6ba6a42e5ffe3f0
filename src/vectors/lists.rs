//! Lists in which one element decides, first or last.

use super::explore::{BEGIN, Search};
use super::features::gist;
use super::values::Draw;
use super::world::World;
use crate::runtime::Request;
use crate::table::format::Type;
use serde_json::{Map, Value};

/// How many pairs of elements are tried for each patience, and at the most.
const PAIRS_FOR_PATIENCE: usize = 4;
const PAIRS_MAX: usize = 240;
/// Elements that pairs are made of.
const ELEMENTS: usize = 12;

impl Search<'_> {
    /// Proposes lists of two elements, and each element alone: where they come to different verdicts,
    /// all become one case.
    pub(super) fn lists(&mut self, action: usize) {
        let body = self.table.body();
        let Some(of) = body.actions.get(action) else {
            return;
        };
        for (at, param) in of.params.iter().enumerate() {
            let Type::List { element, min, max } = &param.ty else {
                continue;
            };
            if *min > 1 || *max < 2 {
                continue;
            }
            let mut rng = self.rng.clone();
            let draw = Draw {
                body,
                pools: &self.pools,
                seen: &[],
            };
            let kept = self.all_kept(action).iter();
            let lists = kept.filter_map(|args| args.get(&param.wire)?.as_array());
            let mut elements: Vec<Value> = lists.flatten().take(ELEMENTS).cloned().collect();
            elements.extend(
                (0..ELEMENTS).filter_map(|_| draw.value(&mut rng, element, "element", &[], 0)),
            );
            let bases = self.all_kept(action).to_vec();
            let tries = PAIRS_MAX.min(self.patience.saturating_mul(PAIRS_FOR_PATIENCE));
            for _ in 0..tries {
                let (Some(base), Some(one), Some(other)) =
                    (rng.pick(&bases), rng.pick(&elements), rng.pick(&elements))
                else {
                    break;
                };
                let mut w = World::new(self.table, BEGIN);
                w.inputs = self.chooser().inputs(&mut rng, &w);
                let what = format!("list {at} of {}", of.name);
                self.pair(w, &what, &of.name, base, &param.wire, [one, other]);
            }
            self.rng = rng;
        }
    }

    fn pair(
        &mut self,
        mut w: World<'_>,
        what: &str,
        action: &str,
        base: &Map<String, Value>,
        wire: &str,
        [one, other]: [&Value; 2],
    ) {
        let lists = [vec![one, other], vec![other, one], vec![one], vec![other]];
        let mut came = Vec::new();
        for list in lists {
            let mut args = base.clone();
            args.insert(wire.to_owned(), list.into_iter().cloned().collect());
            let request = Request::Propose {
                action: action.to_owned(),
                args: args.into(),
            };
            let Ok(stepped) = w.step(request, false) else {
                return;
            };
            came.push(gist(&stepped));
        }
        let thing = format!("{what}: {}", came.join(", "));
        if came.iter().any(|c| Some(c) != came.first()) && self.shown.things.insert(thing.clone()) {
            self.cases.push(w.case(thing));
        }
    }
}
