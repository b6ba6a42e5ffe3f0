//! Steps that are tried in every world that the search has kept: the same one just before and at each
//! moment at which something changes, and whatever may come next.

use super::around::changes;
use super::explore::Search;
use super::features::gist;
use super::world::World;
use crate::runtime::Request;
use std::collections::BTreeMap;

/// How often one kind of moment is tried with one request, for each region.
const TRIES_MAX: usize = 24;
/// How many admitted proposals of each action are tried.
const PROPOSALS: usize = 3;
/// How many steps [`Search::onwards`] takes, for each patience.
const ONWARDS_FOR_PATIENCE: usize = 20;
/// How many directives are answered.
const DIRECTIVES: usize = 3;

impl<'t> Search<'t> {
    /// Takes the same step just before and at moments of these worlds. Where it comes to something
    /// else, both become cases.
    pub(super) fn times(&mut self, worlds: &[World<'t>]) {
        let most = TRIES_MAX.min(self.patience);
        let mut tries: BTreeMap<(String, usize), usize> = BTreeMap::new();
        for w in worlds {
            for (at, what) in changes(w) {
                if at <= w.now {
                    continue;
                }
                for (number, (request, before, after)) in self.sides(w, at).into_iter().enumerate()
                {
                    let tried = tries.entry((what.clone(), number)).or_default();
                    if *tried >= most {
                        continue;
                    }
                    *tried += 1;
                    self.side(&what, &request, before, after);
                }
            }
        }
    }

    /// From all these worlds one step more: each event, a restart, proposals that were admitted before.
    pub(super) fn onwards(&mut self, worlds: &[World<'t>]) {
        let body = self.table.body();
        let mut budget = self.patience.saturating_mul(ONWARDS_FOR_PATIENCE);
        for w in worlds {
            let events = body.events.iter().map(|e| Request::Event {
                event: e.name.clone(),
            });
            let others = events.chain([Request::Reload {}]);
            let mut all: Vec<_> = others.map(|r| (r, w.inputs.clone())).collect();
            for (action, admitted) in body.actions.iter().zip(&self.admitted) {
                all.extend(admitted.iter().take(PROPOSALS).map(|a| {
                    let request = Request::Propose {
                        action: action.name.clone(),
                        args: a.args.clone().into(),
                    };
                    (request, a.inputs.clone())
                }));
            }
            for (request, inputs) in all {
                if budget == 0 {
                    return;
                }
                budget -= 1;
                let mut w = w.clone();
                w.inputs = inputs;
                let new = self.step(&mut w, request);
                if new.is_some() {
                    self.keep(&w, new.as_deref());
                }
            }
        }
    }

    /// Requests with the worlds just before and at a moment.
    fn sides(&mut self, w: &World<'t>, at: i64) -> Vec<(Request, World<'t>, World<'t>)> {
        let mut all = vec![(Request::Tick { retry: false }, w.inputs.clone())];
        for (action, admitted) in self.table.body().actions.iter().zip(&self.admitted) {
            all.extend(admitted.iter().take(PROPOSALS).map(|a| {
                let request = Request::Propose {
                    action: action.name.clone(),
                    args: a.args.clone().into(),
                };
                (request, a.inputs.clone())
            }));
        }
        let mut rng = self.rng.clone();
        for directive in w.open().iter().take(DIRECTIVES) {
            let request = self.chooser().likely(&mut rng, w, directive);
            all.extend(request.map(|r| (r, w.inputs.clone())));
        }
        self.rng = rng;
        let with = |inputs: &serde_json::Map<_, _>, now: i64| {
            let mut w = w.clone();
            w.inputs.clone_from(inputs);
            w.now = now;
            w
        };
        all.into_iter()
            .map(|(request, inputs)| (request, with(&inputs, at - 1), with(&inputs, at)))
            .collect()
    }

    fn side(&mut self, what: &str, request: &Request, mut before: World<'t>, mut after: World<'t>) {
        let (Ok(early), Ok(late)) = (
            before.step(request.clone(), false),
            after.step(request.clone(), false),
        ) else {
            return;
        };
        let (early, late) = (gist(&early), gist(&late));
        let thing = format!("{what}: {early} before, {late} at");
        if early != late && self.shown.things.insert(thing.clone()) {
            self.cases.push(before.case(format!("1ms before {thing}")));
            self.cases.push(after.case(thing));
        }
    }
}
