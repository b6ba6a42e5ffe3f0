//! What sorts of calls there can have been, as far as some questions about history tell them apart.
//!
//! A call is of one sort with another when both count for the same questions: what matters is its
//! action, how it came out, which `where`s take it in and which keys it has. Histories are then sums:
//! so many calls of each sort. Each question is a *row*, and a sort says what one such call adds to it.

use super::canonical;
use crate::gate::elsewhere::{equal_keys, fits};
use crate::gate::{Encoder, Scope};
use crate::logic::{Formula, OutOfBudget, Term};
use crate::model::{
    Action, ActionId, Atom, AtomKind, Cond, CountedAction, Effect, Fact, FactId, HistoryTerm,
    Operand, Param, Path, Policy, Root, Type,
};
use crate::syntax::tree::HistoryFunc;
use std::collections::{BTreeMap, BTreeSet};

/// More `where`s or keys on one action are not looked into.
const TESTS_MAX: usize = 6;
/// Nor more sorts of calls of one action.
const SORTS_MAX: usize = 2048;

/// A sort of calls.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Sort {
    /// What one call adds, by row; ascending rows.
    pub adds: Vec<(usize, i64)>,
    /// What the proposal must be like for there to be such a call.
    pub only_if: Formula,
}

/// The rows of a fact.
#[derive(Clone, Copy, Debug)]
pub(super) struct FactRows {
    /// Whether there is the fact.
    pub present: Term,
    /// Calls that told it.
    pub told: usize,
    /// The call that told it last.
    pub latest: usize,
    /// Writes that make it forgotten, if they come later.
    pub forgetting: usize,
    /// Writes in flight that may be making it forgotten now.
    pub in_flight: usize,
    /// Whether what was told can be gone without a write.
    pub fades: bool,
    /// Whether the fact is that of an earlier moment if the proposal repeats a call.
    pub earlier: bool,
}

/// The questions that are asked together, and the sorts of calls that they tell apart.
#[derive(Debug, Default)]
pub(super) struct Sorts {
    /// By row: the question's term, and whether it is a yes or no.
    pub questions: Vec<(Term, bool)>,
    /// Facts that are asked for.
    pub facts: Vec<FactRows>,
    pub sorts: Vec<Sort>,
}

/// How a call came out.
#[derive(Clone, Copy, Default)]
struct Fate {
    done: bool,
    effect: bool,
    standing: bool,
    unsettled: bool,
    /// It may have changed what facts tell.
    touches: bool,
    in_flight: bool,
    /// Another call has undone it.
    undone: bool,
}

/// The fates of calls of an action that have a result, or have none.
fn fates(action: &Action, result: bool) -> Vec<Fate> {
    let writes = action.writes();
    let repeats = matches!(
        action.effect,
        Effect::Write {
            idempotency: Some(_),
            ..
        }
    );
    let mut all = Vec::new();
    let happened = Fate {
        done: true,
        effect: writes,
        standing: writes,
        touches: writes,
        ..Fate::default()
    };
    let undone = Fate {
        effect: false,
        standing: false,
        undone: true,
        ..happened
    };
    // Known from a repeat of the call, or settled by hand, a success may have no result.
    if result || action.result.is_none() || action.tracked() || repeats {
        all.push(happened);
        if action.undo.is_some() {
            all.push(undone);
        }
    }
    let told_nothing = Fate {
        touches: writes,
        ..Fate::default()
    };
    if result {
        if repeats {
            all.push(told_nothing);
        }
        return all;
    }
    all.push(Fate::default());
    if writes {
        let doubt = Fate {
            effect: true,
            touches: true,
            ..Fate::default()
        };
        all.push(Fate {
            in_flight: true,
            ..doubt
        });
        all.push(Fate {
            unsettled: action.tracked(),
            ..doubt
        });
        if action.tracked() || action.undo.as_ref().is_some_and(|u| u.tolerant) {
            all.push(told_nothing);
        }
    }
    all
}

/// What takes calls of one action in: a row, a `where`, and key parts.
struct Taker {
    row: Takes,
    filter: Option<usize>,
    parts: Vec<usize>,
}

#[derive(Clone, Copy)]
enum Takes {
    Question(usize, HistoryFunc),
    Told(usize, FactId),
    Forgetting(usize),
}

/// The tests that tell calls of one action apart.
#[derive(Default)]
struct Tests<'t> {
    filters: BTreeMap<String, (usize, Option<&'t Cond>)>,
    /// Where the call holds a part of a key, and where the proposal does.
    parts: Vec<(Path, Path)>,
    takers: Vec<Taker>,
}

impl<'t> Tests<'t> {
    fn filter(&mut self, filter: Option<&'t Cond>) -> Option<usize> {
        let cond = filter?;
        let next = self.filters.len();
        let known = self.filters.entry(canonical(cond));
        Some(known.or_insert((next, Some(cond))).0)
    }

    fn part(&mut self, theirs: &Path, mine: &Path) -> usize {
        let same = |a: &Path, b: &Path| a.root == b.root && a.fields == b.fields;
        let known = |p: &(Path, Path)| same(&p.0, theirs) && same(&p.1, mine);
        if let Some(at) = self.parts.iter().position(known) {
            return at;
        }
        self.parts.push((theirs.clone(), mine.clone()));
        self.parts.len() - 1
    }
}

/// The sorts of calls for these questions about history and about facts, asked at one moment.
/// `place` is the proposed action, if that is known.
pub(super) fn sorts<'a>(
    encoder: &mut Encoder<'a>,
    questions: &[(Term, HistoryTerm)],
    facts: &[(Term, FactId)],
    place: Option<&'a Action>,
) -> Result<Sorts, OutOfBudget> {
    let policy = encoder.policy();
    let mut made = Sorts {
        questions: questions
            .iter()
            .map(|(t, h)| {
                let counts = matches!(h.func, HistoryFunc::Calls | HistoryFunc::Effects);
                (*t, !counts)
            })
            .collect(),
        ..Sorts::default()
    };
    let mut tests: BTreeMap<ActionId, Tests<'_>> = BTreeMap::new();
    for (row, (_, h)) in questions.iter().enumerate() {
        for counted in &h.counted {
            let of = tests.entry(counted.action).or_default();
            let filter = of.filter(counted.filter.as_ref());
            let keys = counted.keys.iter().zip(&h.keys);
            let parts = keys.map(|(theirs, mine)| of.part(theirs, mine)).collect();
            of.takers.push(Taker {
                row: Takes::Question(row, h.func),
                filter,
                parts,
            });
        }
    }
    for (present, id) in facts {
        let (Some(fact), Some(place)) = (policy.facts.get(id.index()), place) else {
            continue;
        };
        let Some(mine) = own_keys(fact, place) else {
            continue;
        };
        let first = questions.len() + 4 * made.facts.len();
        made.facts.push(FactRows {
            present: *present,
            told: first,
            latest: first + 1,
            forgetting: first + 2,
            in_flight: first + 3,
            fades: fact.lifetime_ms.is_some(),
            earlier: matches!(
                place.effect,
                Effect::Write {
                    idempotency: Some(_),
                    ..
                }
            ),
        });
        takers_of_fact(policy, *id, fact, &mine, first, &mut tests);
    }
    let mut unknown: BTreeSet<usize> = BTreeSet::new();
    let mut all: BTreeSet<Sort> = BTreeSet::new();
    for (id, of) in &tests {
        match of_action(encoder, *id, of, questions, place)? {
            Some(sorts) => all.extend(sorts),
            None => unknown.extend(of.takers.iter().map(|t| match t.row {
                Takes::Question(row, _) | Takes::Told(row, _) | Takes::Forgetting(row) => row,
            })),
        }
    }
    // What isn't looked into may add anything to its rows.
    for row in unknown {
        let mut adds = vec![(row, 1)];
        if row >= questions.len() {
            adds.push((row + 1, 1));
        }
        all.insert(Sort {
            adds,
            only_if: Formula::TRUE,
        });
    }
    all.retain(|s| !s.adds.is_empty());
    made.sorts = all.into_iter().collect();
    Ok(made)
}

/// The parameters of the proposed action that hold the key of a fact.
fn own_keys(fact: &Fact, place: &Action) -> Option<Vec<Path>> {
    fact.keys.iter().map(|name| param(place, name)).collect()
}

fn param(action: &Action, name: &str) -> Option<Path> {
    let at = action.params.iter().position(|p| p.name == name)?;
    let p: &Param = action.params.get(at)?;
    Some(Path {
        root: Root::Param(u32::try_from(at).ok()?),
        fields: Vec::new(),
        ty: p.ty.clone(),
        optional: p.optional,
        text: p.name.clone(),
        span: p.span,
    })
}

fn takers_of_fact<'t>(
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
    let parts = keys.map(|(theirs, mine)| of.part(theirs, mine)).collect();
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
            // What is left out narrows nothing.
            if let Some(theirs) = param(action, name)
                && theirs.ty.same_unit(&key.ty)
                && !theirs.optional
                && !mine.optional
            {
                parts.push(of.part(&theirs, mine));
            }
        }
        of.takers.push(Taker {
            row: Takes::Forgetting(first + 2),
            filter: None,
            parts,
        });
    }
}

/// The sorts of calls of one action; none if there are too many.
fn of_action<'a>(
    encoder: &mut Encoder<'a>,
    id: ActionId,
    tests: &Tests<'_>,
    questions: &[(Term, HistoryTerm)],
    place: Option<&'a Action>,
) -> Result<Option<Vec<Sort>>, OutOfBudget> {
    let (filters, parts) = (tests.filters.len(), tests.parts.len());
    if filters > TESTS_MAX || parts > TESTS_MAX {
        return Ok(None);
    }
    let action = encoder.policy().action(id);
    let mut conds: Vec<&Cond> = Vec::new();
    let mut ordered: Vec<_> = tests.filters.values().collect();
    ordered.sort_by_key(|f| f.0);
    conds.extend(ordered.into_iter().filter_map(|f| f.1));
    let mut made = Vec::new();
    for result in [false, true] {
        if result && action.result.is_none() {
            continue;
        }
        for taken in patterns(encoder, action, &conds, result)? {
            for held in 0u32..1 << parts {
                let held = |p: usize| held >> p & 1 == 1;
                let told = |p: &(Path, Path)| !matches!(p.0.root, Root::Result);
                let possible =
                    (0..parts).all(|p| !held(p) || result || tests.parts.get(p).is_some_and(told));
                if !possible {
                    continue;
                }
                let only_if = demanded(encoder, tests, &conds, &taken, &held, place);
                if only_if == Formula::FALSE {
                    continue;
                }
                for fate in fates(action, result) {
                    let adds = |latest: bool| -> Vec<(usize, i64)> {
                        let mut rows: BTreeMap<usize, i64> = BTreeMap::new();
                        for taker in &tests.takers {
                            let filter = |f: usize| taken.get(f).copied().unwrap_or(false);
                            if taker.filter.is_none_or(filter)
                                && taker.parts.iter().all(|p| held(*p))
                            {
                                add(&mut rows, taker.row, fate, result, latest);
                            }
                        }
                        if fate.undone {
                            undoing(action, encoder.policy(), questions, &mut rows);
                        }
                        rows.into_iter().collect()
                    };
                    let plain = adds(false);
                    let last = adds(true);
                    if last != plain {
                        let told = latest(encoder, &conds, &taken, tests, place);
                        made.push(Sort {
                            adds: last,
                            only_if: encoder.logic.and(&[only_if, told]),
                        });
                    }
                    made.push(Sort {
                        adds: plain,
                        only_if,
                    });
                    if made.len() > SORTS_MAX {
                        return Ok(None);
                    }
                }
            }
        }
    }
    Ok(Some(made))
}

/// What a call with that fate adds to a row that takes it in.
fn add(rows: &mut BTreeMap<usize, i64>, takes: Takes, fate: Fate, result: bool, latest: bool) {
    match takes {
        Takes::Question(row, func) => {
            let counts = match func {
                HistoryFunc::Calls => true,
                HistoryFunc::Done => fate.done,
                HistoryFunc::Effects => fate.effect,
                HistoryFunc::Standing => fate.standing,
                HistoryFunc::Unsettled => fate.unsettled,
            };
            if counts {
                rows.insert(row, 1);
            }
        }
        Takes::Told(row, _) if fate.done && result => {
            rows.insert(row, 1);
            if latest {
                rows.insert(row + 1, 1);
            }
        }
        Takes::Told(..) => {}
        Takes::Forgetting(row) => {
            if fate.touches {
                rows.insert(row, 1);
            }
            if fate.in_flight {
                rows.insert(row + 1, 1);
            }
        }
    }
}

/// A call that was undone brings with it the call that undid it.
fn undoing(
    action: &Action,
    policy: &Policy,
    questions: &[(Term, HistoryTerm)],
    rows: &mut BTreeMap<usize, i64>,
) {
    let Some(undo) = &action.undo else { return };
    let writes = policy.action(undo.action).writes();
    for (row, (_, h)) in questions.iter().enumerate() {
        let whole =
            |c: &CountedAction| c.action == undo.action && c.filter.is_none() && c.keys.is_empty();
        let counts = match h.func {
            HistoryFunc::Calls | HistoryFunc::Done => true,
            HistoryFunc::Effects | HistoryFunc::Standing => writes,
            HistoryFunc::Unsettled => false,
        };
        if counts && h.counted.iter().any(whole) {
            *rows.entry(row).or_insert(0) += 1;
        }
    }
}

/// Which `where`s can take a call in together, and which not: one list of yes and no for each way.
fn patterns<'a>(
    encoder: &mut Encoder<'a>,
    action: &'a Action,
    filters: &[&Cond],
    result: bool,
) -> Result<Vec<Vec<bool>>, OutOfBudget> {
    if filters.is_empty() {
        return Ok(vec![Vec::new()]);
    }
    let scope = Scope::call(action);
    let mut parts = Vec::new();
    if let Some(ty) = &action.result {
        let path = Path {
            root: Root::Result,
            fields: Vec::new(),
            ty: ty.clone(),
            optional: true,
            text: "result".to_owned(),
            span: action.span,
        };
        let present = encoder.present(&path, &scope);
        parts.push(if result { present } else { !present });
    }
    let base = encoder.logic.and(&parts);
    let mut ways: Vec<(Vec<bool>, Formula)> = vec![(Vec::new(), base)];
    for filter in filters {
        // A pattern that is too large has been reported where the condition was read.
        let Ok(truth) = encoder.truth(filter, &scope) else {
            return Err(OutOfBudget::new("telling calls apart"));
        };
        let mut next = Vec::new();
        for (taken, so_far) in ways {
            for yes in [false, true] {
                let test = if yes { truth.yes } else { !truth.yes };
                let all = encoder.logic.and(&[so_far, test]);
                let mut budget = encoder.logic.budget();
                if encoder.logic.solve(all, &mut budget)?.is_some() {
                    let mut taken = taken.clone();
                    taken.push(yes);
                    next.push((taken, all));
                }
            }
        }
        ways = next;
    }
    Ok(ways.into_iter().map(|w| w.0).collect())
}

/// What the proposal must be like for a call to have those parts of keys, and no others, and to be
/// taken in so.
fn demanded<'a>(
    encoder: &mut Encoder<'a>,
    tests: &Tests<'_>,
    filters: &[&Cond],
    taken: &[bool],
    held: &dyn Fn(usize) -> bool,
    place: Option<&'a Action>,
) -> Formula {
    let Some(place) = place else {
        return Formula::TRUE;
    };
    let scope = Scope::proposal(place);
    let known = |p: &Path| match p.root {
        Root::Param(i) => (i as usize) < place.params.len(),
        _ => false,
    };
    let mut all = Vec::new();
    let parts: Vec<(usize, &(Path, Path))> = tests.parts.iter().enumerate().collect();
    for (i, (theirs, mine)) in &parts {
        if !known(mine) {
            continue;
        }
        if held(*i) && !matches!(theirs.ty, Type::Record(_) | Type::List { .. }) {
            // A pattern that is too large has been reported.
            let _ = fits(encoder, &scope, mine, &theirs.ty, theirs.optional, &mut all);
        }
        for (j, (others, other)) in &parts {
            let same = theirs.root == others.root && theirs.fields == others.fields;
            if j <= i || !same || !known(other) || !(held(*i) || held(*j)) {
                continue;
            }
            if let Ok(equal) = equal_keys(encoder, &scope, mine, other) {
                all.push(if held(*i) && held(*j) { equal } else { !equal });
            }
        }
    }
    // A `where` about nothing but the key is about the proposal.
    let key = |p: &Path| {
        parts.iter().find_map(|(i, (theirs, mine))| {
            let here = held(*i) && theirs.root == p.root && known(mine);
            (here && theirs.fields == p.fields && !theirs.optional && !mine.optional)
                .then(|| mine.clone())
        })
    };
    for (filter, yes) in filters.iter().zip(taken) {
        if let Some(about) = elsewhere(filter, &key)
            && let Ok(truth) = encoder.truth(&about, &scope)
        {
            all.push(if *yes { truth.yes } else { !truth.yes });
        }
    }
    encoder.logic.and(&all)
}

/// What facts must tell if a call taken in so has told them last.
fn latest<'a>(
    encoder: &mut Encoder<'a>,
    filters: &[&Cond],
    taken: &[bool],
    tests: &Tests<'_>,
    place: Option<&'a Action>,
) -> Formula {
    let Some(place) = place else {
        return Formula::TRUE;
    };
    let scope = Scope::proposal(place);
    let mut told = tests.takers.iter().filter_map(|t| match t.row {
        Takes::Told(_, id) => Some(id),
        _ => None,
    });
    // With several facts on one action each has its own latest call.
    let (Some(id), None) = (told.next(), told.next()) else {
        return Formula::TRUE;
    };
    let here = |p: &Path| {
        matches!(p.root, Root::Result).then(|| Path {
            root: Root::Fact(id),
            ..p.clone()
        })
    };
    let mut all = Vec::new();
    for (filter, yes) in filters.iter().zip(taken) {
        if let Some(about) = elsewhere(filter, &here)
            && let Ok(truth) = encoder.truth(&about, &scope)
        {
            all.push(if *yes { truth.yes } else { !truth.yes });
        }
    }
    encoder.logic.and(&all)
}

/// The condition with its paths elsewhere; none if one of them is not to be found there.
fn elsewhere(cond: &Cond, there: &dyn Fn(&Path) -> Option<Path>) -> Option<Cond> {
    let each =
        |list: &[Cond]| -> Option<Vec<Cond>> { list.iter().map(|c| elsewhere(c, there)).collect() };
    Some(match cond {
        Cond::And(all) => Cond::And(each(all)?),
        Cond::Or(all) => Cond::Or(each(all)?),
        Cond::Not(inner) => Cond::Not(Box::new(elsewhere(inner, there)?)),
        Cond::Define { body, .. } => elsewhere(body, there)?,
        Cond::Atom(atom) => {
            let operand = |o: &Operand| -> Option<Operand> {
                Some(match o {
                    Operand::Const(_) => o.clone(),
                    Operand::Path(p) => Operand::Path(there(p)?),
                    Operand::Length(p) => Operand::Length(there(p)?),
                    Operand::Size(p) => Operand::Size(there(p)?),
                    Operand::History(_) => return None,
                })
            };
            let kind = match atom.kind.clone() {
                AtomKind::Const(b) => AtomKind::Const(b),
                AtomKind::Holds(o) => AtomKind::Holds(operand(&o)?),
                AtomKind::Compare {
                    left,
                    op,
                    right,
                    offset,
                    scale,
                } => AtomKind::Compare {
                    left: operand(&left)?,
                    op,
                    right: operand(&right)?,
                    offset,
                    scale,
                },
                AtomKind::InRange {
                    operand: o,
                    low,
                    high,
                    scale,
                } => AtomKind::InRange {
                    operand: operand(&o)?,
                    low,
                    high,
                    scale,
                },
                AtomKind::InSet {
                    operand: o,
                    set,
                    scale,
                } => AtomKind::InSet {
                    operand: operand(&o)?,
                    set,
                    scale,
                },
                AtomKind::Matches { path, regex } => AtomKind::Matches {
                    path: there(&path)?,
                    regex,
                },
                AtomKind::Present(path) => AtomKind::Present(there(&path)?),
                // Lists can't be moved: their elements are terms of the place.
                AtomKind::Contains { .. }
                | AtomKind::Quantifier { .. }
                | AtomKind::During { .. } => return None,
            };
            Cond::Atom(Atom {
                kind,
                span: atom.span,
            })
        }
    })
}
