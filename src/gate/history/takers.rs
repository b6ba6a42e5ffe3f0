//! What takes calls of an action in: questions and facts, by their `where`s and keys.

use super::canonical;
use crate::model::{
    Action, ActionId, Cond, CountedAction, Fact, FactId, HistoryTerm, Param, Path, Policy, Root,
};
use crate::syntax::tree::HistoryFunc;
use std::collections::BTreeMap;

/// What takes calls of one action in: a row, a `where`, and key parts.
pub(super) struct Taker {
    pub row: Takes,
    pub filter: Option<usize>,
    pub parts: Vec<usize>,
}

#[derive(Clone, Copy)]
pub(super) enum Takes {
    Question(usize, HistoryFunc),
    /// The first row of a fact; the call that told it last counts for the next as well.
    Told(usize, FactId),
    /// A row of a fact; what is in flight counts for the next as well.
    Forgetting(usize),
    /// Effects of the proposal itself.
    Repeated(usize),
}

impl Takes {
    pub(super) fn row(self) -> usize {
        match self {
            Self::Question(row, _)
            | Self::Told(row, _)
            | Self::Forgetting(row)
            | Self::Repeated(row) => row,
        }
    }
}

/// Where a counted call holds a part of a key, and where the proposal does.
#[derive(Clone)]
pub(super) struct KeyPart {
    pub theirs: Path,
    pub mine: Path,
    /// What is left out on either side narrows nothing.
    pub loose: bool,
}

/// The tests that tell calls of one action apart.
#[derive(Default)]
pub(super) struct Tests<'t> {
    filters: BTreeMap<String, (usize, &'t Cond)>,
    pub parts: Vec<KeyPart>,
    pub takers: Vec<Taker>,
}

impl<'t> Tests<'t> {
    /// The `where`s, by number.
    pub(super) fn filters(&self) -> Vec<&'t Cond> {
        let mut all: Vec<_> = self.filters.values().copied().collect();
        all.sort_by_key(|f| f.0);
        all.into_iter().map(|f| f.1).collect()
    }

    fn filter(&mut self, filter: Option<&'t Cond>) -> Option<usize> {
        let cond = filter?;
        let next = self.filters.len();
        let known = self.filters.entry(canonical(cond));
        Some(known.or_insert((next, cond)).0)
    }

    /// Takes in the calls of the proposed action that hold the arguments of the proposal, as far as
    /// keys look at them.
    pub(super) fn repeating(&mut self, row: usize) {
        let own = |p: &KeyPart| {
            let whole = p.theirs.fields.is_empty() && p.mine.fields.is_empty();
            whole && p.theirs.root == p.mine.root && !p.loose
        };
        let parts = (0..).zip(&self.parts);
        let parts = parts.filter(|(_, p)| own(p)).map(|(at, _)| at).collect();
        self.takers.push(Taker {
            row: Takes::Repeated(row),
            filter: None,
            parts,
        });
    }

    fn part(&mut self, theirs: &Path, mine: &Path, loose: bool) -> usize {
        let same = |a: &Path, b: &Path| a.root == b.root && a.fields == b.fields;
        let known =
            |p: &KeyPart| same(&p.theirs, theirs) && same(&p.mine, mine) && p.loose == loose;
        if let Some(at) = self.parts.iter().position(known) {
            return at;
        }
        self.parts.push(KeyPart {
            theirs: theirs.clone(),
            mine: mine.clone(),
            loose,
        });
        self.parts.len() - 1
    }
}

/// The rows that take in calls of each action: those of questions first, then four of each fact.
pub(super) fn tests<'t>(
    policy: &'t Policy,
    questions: &'t [(crate::logic::Term, HistoryTerm)],
    facts: &[(FactId, Vec<Path>)],
) -> BTreeMap<ActionId, Tests<'t>> {
    let mut tests: BTreeMap<ActionId, Tests<'t>> = BTreeMap::new();
    for (row, (_, h)) in questions.iter().enumerate() {
        for counted in &h.counted {
            let of = tests.entry(counted.action).or_default();
            let filter = of.filter(counted.filter.as_ref());
            let keys = counted.keys.iter().zip(&h.keys);
            let parts = keys
                .map(|(theirs, mine)| of.part(theirs, mine, false))
                .collect();
            of.takers.push(Taker {
                row: Takes::Question(row, h.func),
                filter,
                parts,
            });
        }
    }
    for (at, (id, mine)) in facts.iter().enumerate() {
        if let Some(fact) = policy.facts.get(id.index()) {
            let first = questions.len() + 4 * at;
            of_fact(policy, *id, fact, mine, first, &mut tests);
        }
    }
    tests
}

/// The parameters of the proposed action that hold the key of a fact.
pub(super) fn own_keys(fact: &Fact, place: &Action) -> Option<Vec<Path>> {
    fact.keys.iter().map(|name| param(place, name)).collect()
}

fn param(action: &Action, name: &str) -> Option<Path> {
    let at = action.params.iter().position(|p| p.name == name)?;
    let p = action.params.get(at)?;
    Some(whole(p, u32::try_from(at).ok()?))
}

/// The path of a whole parameter.
pub(super) fn whole(p: &Param, at: u32) -> Path {
    Path {
        root: Root::Param(at),
        fields: Vec::new(),
        ty: p.ty.clone(),
        optional: p.optional,
        text: p.name.clone(),
        span: p.span,
    }
}

fn of_fact<'t>(
    policy: &'t Policy,
    id: FactId,
    fact: &'t Fact,
    mine: &[Path],
    first: usize,
    tests: &mut BTreeMap<ActionId, Tests<'t>>,
) {
    let source: &CountedAction = &fact.source;
    let of = tests.entry(source.action).or_default();
    let filter = of.filter(source.filter.as_ref());
    let keys = source.keys.iter().zip(mine);
    let parts = keys
        .map(|(theirs, mine)| of.part(theirs, mine, false))
        .collect();
    of.takers.push(Taker {
        row: Takes::Told(first, id),
        filter,
        parts,
    });
    let integration = policy.action(source.action).integration;
    for (action, id) in policy.actions.iter().zip((0..).map(ActionId)) {
        if !action.writes() || action.integration != integration {
            continue;
        }
        let of = tests.entry(id).or_default();
        let mut parts = Vec::new();
        for ((name, key), mine) in fact.keys.iter().zip(&source.keys).zip(mine) {
            if let Some(theirs) = param(action, name)
                && theirs.ty.same_unit(&key.ty)
            {
                parts.push(of.part(&theirs, mine, true));
            }
        }
        of.takers.push(Taker {
            row: Takes::Forgetting(first + 2),
            filter: None,
            parts,
        });
    }
}
