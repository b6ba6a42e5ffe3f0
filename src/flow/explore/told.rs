//! Facts inside a flow: what a call of the flow has told is known, until something forgets it.
//!
//! The latest reply with a key is the fact with that key, so behind a look-up the fact is there and
//! is one value with the look-up's binding. Keys are compared by the names of their values, as undoing
//! calls are. A write of the integration that may have happened forgets it, another reply may take its
//! place, and a fact that lapses is known only until time passes. What guards have found out about a
//! fact is kept in the same way: as knowledge of a slot that changes when the fact may change.

use super::Explorer;
use super::config::Config;
use super::keyed::{arg_name, counted_key, value_name};
use super::runs::Runs;
use crate::flow::arguments::said_by;
use crate::flow::calls::Ending;
use crate::flow::guards::Facts;
use crate::flow::picture::StateAt;
use crate::gate::{Gate, Meaning, Scope};
use crate::logic::{Formula, IntSet, Term};
use crate::model::{ActionId, ArgList, BindingId, DoStep, Expr, Fact, FactId, Path, Root, Step};
use rustc_hash::FxHashMap;

/// A fact that is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Told {
    /// Its number.
    pub fact: u32,
    /// The state whose call has told it, with arguments that are unchanged since.
    pub place: StateAt,
    /// It is still the value that the state's binding holds.
    pub same: bool,
}

/// When a fact is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Asked {
    /// At once.
    Now,
    /// After time has passed.
    Later,
    /// By the repeat of a call in doubt: what held at its first attempt holds for it.
    Again,
}

/// What facts are, in formulas that were made before.
#[derive(Default)]
pub(super) struct Links {
    made: FxHashMap<(String, Vec<Told>, Vec<u32>, Asked), Formula>,
}

impl Config {
    /// A write may have happened: what it concerns is forgotten. `again`: by the state's own call,
    /// whose repeat goes by what held before.
    fn forget(&mut self, write: ActionId, again: bool, facts: &Facts, runs: &Runs<'_, '_>) {
        let policy = runs.policy;
        let of = policy.action(write);
        if !of.writes() {
            return;
        }
        for (fact, id) in policy.facts.iter().zip(0..) {
            if policy.action(fact.source.action).integration != of.integration {
                continue;
            }
            if again {
                self.hide(id);
            } else {
                self.gone(id, facts, runs);
            }
        }
    }

    /// The fact may be gone.
    fn gone(&mut self, fact: u32, facts: &Facts, runs: &Runs<'_, '_>) {
        self.told.retain(|t| t.fact != fact);
        self.change(runs.fact_slot(fact), facts, runs);
    }

    /// The entry of a state is over: what its own call may have made untrue is forgotten.
    pub(super) fn forget_hidden(&mut self, facts: &Facts, runs: &Runs<'_, '_>) {
        for fact in std::mem::take(&mut self.hidden) {
            self.gone(fact, facts, runs);
        }
    }

    /// Time has passed: what lapses may have lapsed.
    pub(super) fn lapse(&mut self, facts: &Facts, runs: &Runs<'_, '_>) {
        for (fact, id) in runs.policy.facts.iter().zip(0..) {
            if fact.lifetime_ms.is_some() {
                self.gone(id, facts, runs);
            }
        }
    }

    /// Time has passed in which the state's own call was made: its repeat goes by what held before.
    pub(super) fn lapse_here(&mut self, runs: &Runs<'_, '_>) {
        for (fact, id) in runs.policy.facts.iter().zip(0..) {
            if fact.lifetime_ms.is_some() {
                self.hide(id);
            }
        }
    }

    fn hide(&mut self, fact: u32) {
        if let Err(at) = self.hidden.binary_search(&fact) {
            self.hidden.insert(at, fact);
        }
    }

    /// A call was made of which nothing more is known.
    pub(super) fn called(&mut self, action: ActionId, facts: &Facts, runs: &Runs<'_, '_>) {
        if runs.policy.facts.is_empty() {
            return;
        }
        self.forget(action, false, facts, runs);
        self.replied(action, facts, runs);
    }

    /// A reply may have taken the place of what was told before.
    fn replied(&mut self, action: ActionId, facts: &Facts, runs: &Runs<'_, '_>) {
        for (fact, id) in runs.policy.facts.iter().zip(0..) {
            if fact.source.action == action {
                for told in self.told.iter_mut().filter(|t| t.fact == id) {
                    told.same = false;
                }
                self.change(runs.fact_slot(id), facts, runs);
            }
        }
        self.told.sort_unstable();
        self.told.dedup();
    }

    /// The call of a `do` state has come out so. `names`: its arguments are still what it was made
    /// with.
    pub(super) fn came_out(
        &mut self,
        (place, step): (StateAt, &DoStep),
        end: Ending,
        names: bool,
        facts: &Facts,
        runs: &Runs<'_, '_>,
    ) {
        match end {
            Ending::Clean => {}
            Ending::Doubt => self.forget(step.action, true, facts, runs),
            Ending::Done => {
                self.forget(step.action, false, facts, runs);
                self.replied(step.action, facts, runs);
                for (fact, fact_id) in runs.policy.facts.iter().zip(0..) {
                    let own = fact.source.action == step.action && fact.source.filter.is_none();
                    // What a write has told is forgotten by that very write.
                    if own && names && !runs.policy.action(step.action).writes() {
                        self.told.retain(|t| (t.fact, t.place) != (fact_id, place));
                        self.told.push(Told {
                            fact: fact_id,
                            place,
                            same: step.bind.is_some(),
                        });
                        self.told.sort_unstable();
                        self.hidden.retain(|h| *h != fact_id);
                    }
                }
            }
        }
    }
}

impl Runs<'_, '_> {
    /// The value in a run that a fact's key is compared with, by name; none if there is no such
    /// value.
    fn local(self, run: u32, name: &str) -> Option<Root> {
        let flow = self.flow(run)?;
        let param = flow.params.iter().position(|p| p.name == name);
        let binding = flow.bindings.iter().position(|b| b.name == name);
        let number = |i: usize| u32::try_from(i).unwrap_or(u32::MAX);
        param
            .map(|i| Root::FlowParam(number(i)))
            .or(binding.map(|i| Root::Binding(BindingId(number(i)))))
    }

    /// The names of the values that a fact's key has in a run.
    fn key_in(self, run: u32, fact: &Fact) -> Option<Vec<String>> {
        let name = |key: &String| {
            let root = self.local(run, key)?;
            value_name(run, &whole(root))
        };
        fact.keys.iter().map(name).collect()
    }

    /// The slots that a fact in a run depends on: its own, and those of its key.
    pub(super) fn fact_slots(self, run: u32, id: FactId) -> Vec<u32> {
        let mut slots = vec![self.fact_slot(id.0)];
        let fact = self.policy.facts.get(id.index());
        for key in fact.iter().flat_map(|f| &f.keys) {
            let root = self.local(run, key);
            slots.extend(root.and_then(|root| self.slot_of(run, &whole(root))));
        }
        slots
    }

    /// The binding that a state's reply is in.
    fn reply_of(self, place: StateAt) -> Option<Path> {
        let Step::Do(step) = &self.state(place)?.step else {
            return None;
        };
        let binding = step.bind?;
        let ty = self.policy.action(step.action).result.clone()?;
        Some(Path {
            ty,
            ..whole(Root::Binding(binding))
        })
    }

    /// The slot that a state's reply is in.
    pub(super) fn reply_slot(self, place: StateAt) -> Option<u32> {
        self.slot_of(place.0, &self.reply_of(place)?)
    }
}

/// The value at a root; its type is for others to say.
fn whole(root: Root) -> Path {
    Path {
        root,
        fields: Vec::new(),
        ty: crate::model::Type::Bool,
        optional: false,
        text: String::new(),
        span: crate::source::Span::default(),
    }
}

impl<'a> Explorer<'_, '_, 'a> {
    /// What is known of the facts that a call of a state is decided by.
    pub(super) fn facts_of_call(
        &mut self,
        config: &Config,
        action: ActionId,
        args: &ArgList,
        asked: Asked,
    ) -> Formula {
        let (run, runs) = (config.place.0, self.runs);
        let params = &self.policy.action(action).params;
        let of_key = |fact: &Fact| -> Option<Vec<String>> {
            let name = |key: &String| {
                let at = params.iter().position(|p| p.name == *key)?;
                arg_name(run, args, u32::try_from(at).ok()?, &[])
            };
            fact.keys.iter().map(name).collect()
        };
        let prefix = format!("{}:", self.policy.action(action).full_name);
        self.facts(config, &prefix, &of_key, asked, Some(runs))
    }

    /// What is known of the facts that the guards of a run ask about.
    pub(super) fn facts_of_run(&mut self, config: &Config) -> Formula {
        let (run, runs) = (config.place.0, self.runs);
        let prefix = self.run_scope(run).name;
        let of_key = |fact: &Fact| runs.key_in(run, fact);
        self.facts(config, &prefix, &of_key, Asked::Now, None)
    }

    /// What is known of slots, and of facts that this entry's own call has left as they were.
    pub(super) fn seen(&self, config: &Config, asked: Asked) -> Vec<u32> {
        let mut known = config.known.clone();
        if asked != Asked::Again && !config.hidden.is_empty() {
            let hidden = |slot: &u32| {
                let mut facts = config.hidden.iter();
                facts.any(|f| self.runs.fact_slot(*f) == *slot)
            };
            let facts = &self.facts;
            known.retain(|k| !facts.get(*k).is_some_and(|f| f.slots.iter().any(hidden)));
        }
        known
    }

    fn run_scope(&self, run: u32) -> Scope<'a> {
        Scope::run(self.policy, self.picture.flow, self.runs.inlined, run)
    }

    /// Links the terms of facts that begin with `prefix` to what is known. `own`: and to the facts of
    /// the run that the call is made in.
    fn facts(
        &mut self,
        config: &Config,
        prefix: &str,
        of_key: &dyn Fn(&Fact) -> Option<Vec<String>>,
        asked: Asked,
        own: Option<Runs<'_, '_>>,
    ) -> Formula {
        if self.policy.facts.is_empty() {
            return Formula::TRUE;
        }
        let key = (
            format!("{} {prefix}", self.runs.number(config.place)),
            config.told.clone(),
            config.hidden.clone(),
            asked,
        );
        if let Some(made) = self.links.made.get(&key) {
            return *made;
        }
        let terms = terms(self.gate, prefix);
        let mut parts = Vec::new();
        for (term, path, presence) in terms {
            let Root::Fact(id) = path.root else { continue };
            let Some(fact) = self.policy.facts.get(id.index()) else {
                continue;
            };
            let hidden = config.hidden.contains(&id.0);
            if (hidden && asked != Asked::Again)
                || (asked == Asked::Later && fact.lifetime_ms.is_some())
            {
                continue;
            }
            let Some(names) = of_key(fact) else { continue };
            for told in config.told.iter().filter(|t| t.fact == id.0) {
                if !self.told_by(fact, told, &names) {
                    continue;
                }
                if presence && path.fields.is_empty() {
                    let there = self.gate.encoder.logic.in_set(term, IntSet::point(1));
                    parts.push(there);
                } else if let Some(reply) = self.runs.reply_of(told.place).filter(|_| told.same) {
                    let scope = self.run_scope(told.place.0);
                    let said =
                        said_by(self.gate, &scope, term, &Expr::Path(reply), &path, presence);
                    parts.extend(said);
                }
            }
            // The fact that guards and arguments of the flow ask for, where its key is the same.
            let run = config.place.0;
            if let Some(runs) = own
                && runs.key_in(run, fact).is_some_and(|k| k == names)
            {
                let scope = self.run_scope(run);
                let there = Path {
                    fields: Vec::new(),
                    ty: fact.ty.clone(),
                    optional: true,
                    ..whole(path.root)
                };
                let said = said_by(self.gate, &scope, term, &Expr::Path(there), &path, presence);
                parts.extend(said);
            }
        }
        let made = self.gate.encoder.logic.and(&parts);
        self.links.made.insert(key, made);
        made
    }

    /// Whether it is the fact with a key of those names that the state has told.
    fn told_by(&self, fact: &Fact, told: &Told, names: &[String]) -> bool {
        let keys = fact.source.keys.iter();
        let own = keys.map(|k| {
            let known = told.same || !matches!(k.root, Root::Result);
            counted_key(self.runs, told.place, k).filter(|_| known)
        });
        own.eq(names.iter().map(|n| Some(n.clone())))
    }
}

/// The terms of values of facts, and of whether they are there.
fn terms(gate: &Gate<'_>, prefix: &str) -> Vec<(Term, Path, bool)> {
    let encoder = &gate.encoder;
    let meanings = encoder.meanings();
    let own = meanings.filter(|(t, _)| encoder.logic.name(*t).starts_with(prefix));
    let facts = own.filter_map(|(t, m)| match m {
        Meaning::Value(p) => Some((t, p.clone(), false)),
        Meaning::Present(p) => Some((t, p.clone(), true)),
        _ => None,
    });
    facts
        .filter(|(_, p, _)| matches!(p.root, Root::Fact(_)))
        .collect()
}
