//! What can still matter in a state: the slots that something reachable from it reads, and the calls
//! that something reachable asks about. All else is dropped from configurations, so that paths that
//! differ only in what nobody asks for any more become one. (Live variables, Allen and Cocke 1976,
//! here without kills: what is read anywhere ahead is alive.)

use super::Runs;
use super::config::Config;
use crate::flow::guards::Facts;
use crate::flow::history::Calls;
use crate::flow::picture::StateAt;
use crate::model::{
    ActionId, ArgList, Atom, AtomKind, Cond, Expr, Flow, HistoryTerm, Operand, Path, Root, State,
    Step, Target, TemplatePart,
};
use crate::syntax::tree::HistoryFunc;
use std::collections::BTreeSet;

/// A set of small numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Bits(Vec<u64>);

impl Bits {
    fn new(size: usize) -> Self {
        Self(vec![0; size.div_ceil(64)])
    }

    fn insert(&mut self, n: usize) {
        if let Some(word) = self.0.get_mut(n / 64) {
            *word |= 1 << (n % 64);
        }
    }

    fn contains(&self, n: usize) -> bool {
        self.0.get(n / 64).is_some_and(|w| w >> (n % 64) & 1 == 1)
    }

    /// Adds another set; tells whether that changed anything.
    fn add(&mut self, other: &Self) -> bool {
        let mut changed = false;
        for (a, b) in self.0.iter_mut().zip(&other.0) {
            changed |= *b & !*a != 0;
            *a |= *b;
        }
        changed
    }
}

/// What is alive in every state, by its number.
pub(super) struct Live {
    /// Slots first; then, for every action, whether its calls and whether its effects are asked for.
    alive: Vec<Bits>,
    slots: usize,
    actions: usize,
    facts: usize,
    /// Actions whose calls are told apart by their arguments.
    by_key: BTreeSet<ActionId>,
}

impl Live {
    pub fn new(runs: Runs<'_, '_>) -> Self {
        let slots = runs
            .inlined
            .runs
            .iter()
            .map(|r| r.params.len() + r.bindings.len())
            .sum();
        let actions = runs.policy.actions.len();
        let facts = runs.policy.facts.len();
        let states: Vec<(StateAt, &State)> = runs.states().collect();
        let mut live = Self {
            alive: vec![Bits::new(slots + 2 * actions + facts); states.len()],
            slots,
            actions,
            facts,
            by_key: by_key(runs),
        };
        let mut into: Vec<Vec<u32>> = vec![Vec::new(); states.len()];
        let by_action = live.asked_by_calls(runs);
        for (place, state) in &states {
            let number = runs.number(*place);
            let mut own = Bits::new(slots + 2 * actions + facts);
            live.state_uses(runs, *place, state, &by_action, &mut own);
            if let Some(alive) = live.alive.get_mut(number as usize) {
                *alive = own;
            }
            for next in successors(runs, *place, state) {
                if let Some(list) = into.get_mut(runs.number(next) as usize) {
                    list.push(number);
                }
            }
        }
        // Backwards, until nothing is added: later states first, since flows mostly go forwards.
        let mut open: Vec<u32> = (0..u32::try_from(states.len()).unwrap_or(u32::MAX)).collect();
        let mut waits = vec![true; states.len()];
        while let Some(at) = open.pop() {
            if let Some(w) = waits.get_mut(at as usize) {
                *w = false;
            }
            let Some(alive) = live.alive.get(at as usize).cloned() else {
                continue;
            };
            for before in into.get(at as usize).map(Vec::as_slice).unwrap_or_default() {
                let Some(theirs) = live.alive.get_mut(*before as usize) else {
                    continue;
                };
                if theirs.add(&alive)
                    && let Some(w) = waits.get_mut(*before as usize)
                    && !std::mem::replace(w, true)
                {
                    open.push(*before);
                }
            }
        }
        live
    }

    /// Drops from a configuration what can no longer matter.
    pub fn trim(&self, config: &mut Config, runs: Runs<'_, '_>, facts: &Facts) {
        let Some(alive) = self.alive.get(runs.number(config.place) as usize) else {
            return;
        };
        config.bound.retain(|slot| alive.contains(*slot as usize));
        config
            .told
            .retain(|t| alive.contains(runs.fact_slot(t.fact) as usize));
        config
            .hidden
            .retain(|fact| alive.contains(runs.fact_slot(*fact) as usize));
        // A fact about a dead slot may still say something about a live one. What a fact is known by
        // is alive with it.
        let told = config.told.iter().filter(|t| t.same);
        let mut kept: BTreeSet<u32> = told.filter_map(|t| runs.reply_slot(t.place)).collect();
        let mut keep: Vec<u32> = Vec::new();
        loop {
            let before = keep.len();
            for known in &config.known {
                let Some(fact) = facts.get(*known) else {
                    continue;
                };
                let matters = |s: &u32| alive.contains(*s as usize) || kept.contains(s);
                if !keep.contains(known) && fact.slots.iter().any(matters) {
                    keep.push(*known);
                    kept.extend(&fact.slots);
                }
            }
            if keep.len() == before {
                break;
            }
        }
        config.known.retain(|k| keep.contains(k));
        config.done_at.retain(|(place, _)| {
            runs.action_at(*place)
                .is_some_and(|a| self.by_key.contains(&a))
        });
        for index in 0..self.actions {
            let id = ActionId(u32::try_from(index).unwrap_or(u32::MAX));
            if config.history.of(id) == Calls::default() {
                continue;
            }
            let calls = alive.contains(self.slots + 2 * index);
            let effects = alive.contains(self.slots + 2 * index + 1);
            let action = runs.policy.action(id);
            config.history.forget(id, |of| {
                if !calls {
                    of.calls = 0;
                    of.done = false;
                }
                if !effects {
                    of.doubtful = 0;
                    of.latest_stands = false;
                    of.undone = false;
                    if action.undo.is_none() {
                        of.standing = 0;
                    }
                }
            });
        }
    }

    /// What the rules ask about when an action is called, for every action.
    fn asked_by_calls(&self, runs: Runs<'_, '_>) -> Vec<Bits> {
        let size = self.slots + 2 * self.actions + self.facts;
        let mut all = vec![Bits::new(size); self.actions];
        for rule in &runs.policy.rules {
            for target in &rule.targets {
                let Some(bits) = all.get_mut(target.action.index()) else {
                    continue;
                };
                if let Some(term) = &target.history {
                    self.asks(term, bits);
                }
                for cond in target.when.iter().chain(&target.filter) {
                    self.cond_asks(cond, bits);
                    self.asks_facts(cond, bits);
                }
            }
        }
        // Undoing and confirming one action says something about another.
        for (action, bits) in runs.policy.actions.iter().zip(0..) {
            let by = [
                action.undo.as_ref().map(|u| u.action),
                action.confirm.as_ref().map(|c| c.action),
            ];
            for by in by.into_iter().flatten() {
                if let Some(of) = all.get_mut(by.index()) {
                    of.insert(self.slots + 2 * bits + 1);
                }
            }
        }
        for (bits, index) in all.iter_mut().zip(0..) {
            bits.insert(self.slots + 2 * index + 1);
        }
        all
    }

    fn asks(&self, term: &HistoryTerm, bits: &mut Bits) {
        let of_calls = matches!(term.func, HistoryFunc::Calls | HistoryFunc::Done);
        for counted in &term.counted {
            let at = self.slots + 2 * counted.action.index();
            bits.insert(if of_calls { at } else { at + 1 });
        }
    }

    fn asks_facts(&self, cond: &Cond, bits: &mut Bits) {
        for path in cond.paths() {
            if let Root::Fact(id) = path.root {
                bits.insert(self.slots + 2 * self.actions + id.index());
            }
        }
    }

    fn cond_asks(&self, cond: &Cond, bits: &mut Bits) {
        let mut operand = |o: &Operand| {
            if let Operand::History(term) = o {
                self.asks(term, bits);
            }
        };
        match cond {
            Cond::And(parts) | Cond::Or(parts) => {
                parts.iter().for_each(|p| self.cond_asks(p, bits));
            }
            Cond::Not(inner) => self.cond_asks(inner, bits),
            Cond::Define { body, .. } => self.cond_asks(body, bits),
            Cond::Atom(Atom { kind, .. }) => match kind {
                AtomKind::Holds(o)
                | AtomKind::InRange { operand: o, .. }
                | AtomKind::InSet { operand: o, .. }
                | AtomKind::Contains { element: o, .. } => operand(o),
                AtomKind::Compare { left, right, .. } => {
                    operand(left);
                    operand(right);
                }
                AtomKind::Quantifier { body, .. } => self.cond_asks(body, bits),
                AtomKind::Const(_)
                | AtomKind::During { .. }
                | AtomKind::Matches { .. }
                | AtomKind::Present(_) => {}
            },
        }
    }

    fn state_uses(
        &self,
        runs: Runs<'_, '_>,
        place: StateAt,
        state: &State,
        by_action: &[Bits],
        bits: &mut Bits,
    ) {
        let run = place.0;
        let calls = |action: ActionId, bits: &mut Bits| {
            if let Some(asked) = by_action.get(action.index()) {
                bits.add(asked);
            }
        };
        match &state.step {
            Step::Do(step) => {
                calls(step.action, bits);
                args_use(runs, run, &step.args, bits);
            }
            Step::Agent(step) => {
                step.may.iter().for_each(|a| calls(*a, bits));
                step.given
                    .iter()
                    .for_each(|(_, e)| expr_uses(runs, run, e, bits));
            }
            Step::Ask { text, .. } => expr_uses(runs, run, text, bits),
            Step::Choose { branches, .. } => {
                for (cond, ..) in branches {
                    self.cond_uses(runs, run, cond, bits);
                }
            }
            Step::Settle { action, .. } => {
                calls(*action, bits);
                if let Some(confirm) = &runs.policy.action(*action).confirm {
                    calls(confirm.action, bits);
                }
            }
            Step::Unwind { actions } => {
                for action in actions {
                    calls(*action, bits);
                    if let Some(undo) = &runs.policy.action(*action).undo {
                        calls(undo.action, bits);
                    }
                }
            }
            Step::Run { args, .. } => args_use(runs, run, args, bits),
        }
        for handler in &state.handlers {
            if let Some(when) = &handler.when {
                self.cond_uses(runs, run, when, bits);
            }
        }
        for edge in &state.events {
            if let Some(when) = &edge.when {
                self.cond_uses(runs, run, when, bits);
            }
        }
        if let Some(flow) = runs.flow(run) {
            for edge in &flow.events {
                if let Some(when) = &edge.when {
                    self.cond_uses(runs, run, when, bits);
                }
            }
            for target in targets(flow, state) {
                if let Target::End(end) = target
                    && let Some(gives) = flow.ends.get(end.index()).and_then(|e| e.gives.as_ref())
                {
                    expr_uses(runs, run, gives, bits);
                }
            }
        }
    }

    fn cond_uses(&self, runs: Runs<'_, '_>, run: u32, cond: &Cond, bits: &mut Bits) {
        self.cond_asks(cond, bits);
        for path in cond.paths() {
            path_uses(runs, run, path, bits);
        }
    }
}

/// The actions whose calls are told apart by their arguments: asked for with a key, or undone and
/// confirmed by hand.
fn by_key(runs: Runs<'_, '_>) -> BTreeSet<ActionId> {
    let policy = runs.policy;
    let mut all = BTreeSet::new();
    for (action, id) in policy.actions.iter().zip(0..) {
        if action.undo.is_some() || action.confirm.is_some() {
            all.insert(ActionId(id));
        }
    }
    let mut term = |term: &HistoryTerm| {
        if !term.keys.is_empty() {
            all.extend(term.counted.iter().map(|c| c.action));
        }
    };
    for rule in &policy.rules {
        for target in &rule.targets {
            target.history.iter().for_each(&mut term);
            for cond in target.when.iter().chain(&target.filter) {
                terms(cond, &mut term);
            }
        }
    }
    for (_, state) in runs.states() {
        if let Step::Choose { branches, .. } = &state.step {
            branches.iter().for_each(|(c, ..)| terms(c, &mut term));
        }
        for when in state.handlers.iter().filter_map(|h| h.when.as_ref()) {
            terms(when, &mut term);
        }
        for when in state.events.iter().filter_map(|e| e.when.as_ref()) {
            terms(when, &mut term);
        }
    }
    for flow in &policy.flows {
        for when in flow.events.iter().filter_map(|e| e.when.as_ref()) {
            terms(when, &mut term);
        }
    }
    all
}

/// The questions about history in a condition.
fn terms(cond: &Cond, found: &mut impl FnMut(&HistoryTerm)) {
    let mut operand = |o: &Operand| {
        if let Operand::History(term) = o {
            found(term);
        }
    };
    match cond {
        Cond::And(parts) | Cond::Or(parts) => {
            for part in parts {
                terms(part, found);
            }
        }
        Cond::Not(inner) => terms(inner, found),
        Cond::Define { body, .. } => terms(body, found),
        Cond::Atom(Atom { kind, .. }) => match kind {
            AtomKind::Holds(o)
            | AtomKind::InRange { operand: o, .. }
            | AtomKind::InSet { operand: o, .. }
            | AtomKind::Contains { element: o, .. } => operand(o),
            AtomKind::Compare { left, right, .. } => {
                operand(left);
                operand(right);
            }
            AtomKind::Quantifier { body, .. } => terms(body, found),
            _ => {}
        },
    }
}

fn path_uses(runs: Runs<'_, '_>, run: u32, path: &Path, bits: &mut Bits) {
    if let Root::Fact(id) = path.root {
        for slot in runs.fact_slots(run, id) {
            bits.insert(slot as usize);
        }
    }
    if let Some(slot) = runs.slot_of(run, path) {
        bits.insert(slot as usize);
    }
}

fn args_use(runs: Runs<'_, '_>, run: u32, args: &ArgList, bits: &mut Bits) {
    for e in args.args.iter().flatten() {
        expr_uses(runs, run, e, bits);
    }
}

fn expr_uses(runs: Runs<'_, '_>, run: u32, e: &Expr, bits: &mut Bits) {
    match e {
        Expr::Const(_) => {}
        Expr::Path(p) => path_uses(runs, run, p, bits),
        Expr::List(items) => items.iter().for_each(|i| expr_uses(runs, run, i, bits)),
        Expr::Record(_, fields) => {
            for field in fields.iter().flatten() {
                expr_uses(runs, run, field, bits);
            }
        }
        Expr::Template(parts) => {
            for part in parts {
                if let TemplatePart::Hole(p) = part {
                    path_uses(runs, run, p, bits);
                }
            }
        }
    }
}

/// Where the edges of a state lead, those of its flow for events and the deadline included.
fn targets(flow: &Flow, state: &State) -> Vec<Target> {
    let mut all: Vec<Target> = state.handlers.iter().map(|h| h.to).collect();
    all.extend(state.events.iter().map(|e| e.to));
    all.extend(state.visits.map(|v| v.to));
    if let Step::Choose {
        branches,
        otherwise,
    } = &state.step
    {
        all.extend(branches.iter().map(|(_, to, _)| *to));
        all.extend(otherwise.map(|(to, _)| to));
    }
    all.extend(flow.events.iter().map(|e| e.to));
    all.extend(flow.within.and_then(|(_, to, _)| to));
    all
}

/// The states that can follow a state, into runs and back from them.
fn successors(runs: Runs<'_, '_>, place: StateAt, state: &State) -> Vec<StateAt> {
    let mut all = Vec::new();
    // What leads aside may be an edge of any run that this one is in.
    let Some(own) = runs.flow(place.0) else {
        return all;
    };
    let mut list = targets(own, state);
    list.sort_unstable();
    list.dedup();
    let outer = runs
        .inlined
        .runs
        .get(place.0 as usize)
        .and_then(|r| r.parent);
    for target in list {
        match target {
            Target::State(id) => all.push((place.0, id)),
            Target::End(_) => all.extend(outer),
        }
    }
    // An edge of the state that runs this flow can be taken from here.
    all.extend(outer);
    if let Step::Run { .. } = &state.step
        && let Some(inner) = runs.inlined.started_by(place.0, place.1)
        && let Some((start, _)) = runs.flow(inner).and_then(|f| f.start)
    {
        match start {
            Target::State(id) => all.push((inner, id)),
            Target::End(_) => {}
        }
    }
    all
}
