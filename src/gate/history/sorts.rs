//! What sorts of calls there can have been, as far as some questions about history tell them apart.
//!
//! A call is of one sort with another when both count for the same questions: what matters is its
//! action, how it came out, which `where`s take it in and which keys it has. Histories are then sums:
//! so many calls of each sort. Each question is a *row*, and a sort says what one such call adds to it.
//! Further rows keep count of what there can't be more of (effects of an idempotent write with the
//! same arguments) and of what a repeat needs. A call that was undone, and the call that has undone it,
//! are one sort.

use super::fates::{Fate, NEEDS, Need, fates, repeatable};
use super::groups::{
    Group, Groups, MadeUp, Place, arguments_are, exists, given, groups, made_up, of_group,
};
use super::takers::{Taker, Takes, Tests, own_keys, tests, whole};
use crate::gate::{Encoder, Scope};
use crate::logic::{Formula, OutOfBudget, Term};
use crate::model::{Action, ActionId, FactId, HistoryTerm, Path};
use crate::syntax::tree::HistoryFunc;
use std::collections::{BTreeMap, BTreeSet};

/// More sorts of calls are not told apart, times the effort.
const SORTS_MAX: usize = 4096;

/// A sort of calls.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Sort {
    /// What one call adds, by row; ascending rows.
    pub adds: Vec<(usize, i64)>,
    /// Rows that must come to something if there is such a call.
    pub needs: Vec<usize>,
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
    /// Effects that the proposal may repeat: then the fact is that of an earlier moment.
    pub repeated: Option<usize>,
}

/// The questions that are asked together, and the sorts of calls that they tell apart.
#[derive(Debug, Default)]
pub(super) struct Sorts {
    /// By row: the question's term, and whether it is a yes or no.
    pub questions: Vec<(Term, bool)>,
    /// Facts that are asked for.
    pub facts: Vec<FactRows>,
    pub sorts: Vec<Sort>,
    /// How many rows there are.
    pub rows: usize,
    /// Rows that can come to so much at most.
    pub most: Vec<(usize, i64)>,
    /// Some calls are not looked into: there may be fewer histories than it seems.
    pub vague: bool,
}

/// What the sorts of calls of one action are made of.
struct Made<'t> {
    action: ActionId,
    tests: Tests<'t>,
    groups: Groups,
    /// The row of what calls with those arguments need, by `alike`, in the order of `NEEDS`.
    needs: Vec<[usize; 4]>,
    /// The row that counts effects with those arguments.
    effects: Vec<Option<usize>>,
}

/// The sorts of calls for these questions about history and about facts, asked at one moment.
/// `place` is the proposed action and what its paths mean, if that is known.
pub(super) fn sorts<'a>(
    encoder: &mut Encoder<'a>,
    questions: &[(Term, HistoryTerm)],
    facts: &[(Term, FactId)],
    place: Option<(&'a Action, &Scope<'a>)>,
    made_up: &mut MadeUp,
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
        rows: questions.len(),
        ..Sorts::default()
    };
    let mut keyed: Vec<(FactId, Vec<Path>)> = Vec::new();
    for (present, id) in facts {
        let known = policy.facts.get(id.index()).zip(place);
        let Some((fact, mine)) = known.and_then(|(f, p)| Some((f, own_keys(f, p.0)?))) else {
            made.vague = true;
            continue;
        };
        let first = made.rows;
        made.rows += 4;
        made.facts.push(FactRows {
            present: *present,
            told: first,
            latest: first + 1,
            forgetting: first + 2,
            in_flight: first + 3,
            fades: fact.lifetime_ms.is_some(),
            repeated: None,
        });
        keyed.push((*id, mine));
    }
    let mut told = tests(policy, questions, &keyed);
    if let Some((action, _)) = place
        && repeatable(action)
        && !made.facts.is_empty()
    {
        let row = made.rows;
        made.rows += 1;
        made.facts.iter_mut().for_each(|f| f.repeated = Some(row));
        let id = policy
            .actions
            .iter()
            .position(|a| a.full_name == action.full_name);
        let id = ActionId(u32::try_from(id.unwrap_or_default()).unwrap_or(u32::MAX));
        told.entry(id).or_default().repeating(row);
    }
    made.vague |= place.is_none() && told.values().any(|t| !t.parts.is_empty());
    let effort = encoder.logic.budget().left() / crate::logic::Budget::of_effort(1).left();
    let limit = SORTS_MAX.saturating_mul(usize::try_from(effort).unwrap_or(1));
    let mut by_action: Vec<Made<'_>> = Vec::new();
    let mut unknown: BTreeSet<usize> = BTreeSet::new();
    for (id, tests) in told {
        let rows_of = |tests: &Tests<'_>| -> Vec<usize> {
            tests.takers.iter().map(|t| t.row.row()).collect()
        };
        let mut here = Place {
            scope: place.map(|p| p.1),
            action: policy.action(id),
            filters: tests.filters(),
            tests: &tests,
            made_up,
        };
        match groups(encoder, &mut here, limit)? {
            None => unknown.extend(rows_of(&tests)),
            Some(groups) => {
                let repeats = repeatable(policy.action(id));
                let (mut needs, mut effects) = (Vec::new(), Vec::new());
                for most in &groups.most {
                    if repeats {
                        needs.push([made.rows, made.rows + 1, made.rows + 2, made.rows + 3]);
                        made.rows += 4;
                    }
                    effects.push(most.map(|most| {
                        made.most.push((made.rows, most));
                        made.rows += 1;
                        made.rows - 1
                    }));
                }
                by_action.push(Made {
                    action: id,
                    tests,
                    groups,
                    needs,
                    effects,
                });
            }
        }
    }
    let mut all: BTreeSet<Sort> = BTreeSet::new();
    for at in 0..by_action.len() {
        let made_of = of_action(encoder, &by_action, at, place.map(|p| p.1), made_up)?;
        all.extend(made_of);
        if all.len() > limit {
            return Err(OutOfBudget::new("telling calls apart"));
        }
    }
    made.vague |= !unknown.is_empty();
    // What isn't looked into may add anything to its rows.
    for row in unknown {
        let mut adds = vec![(row, 1)];
        if row >= questions.len() {
            adds.push((row + 1, 1));
        }
        all.insert(Sort {
            adds,
            needs: Vec::new(),
            only_if: Formula::TRUE,
        });
    }
    all.retain(|s| !s.adds.is_empty());
    made.sorts = all.into_iter().collect();
    Ok(made)
}

/// The sorts of calls of one of the actions.
fn of_action<'a>(
    encoder: &mut Encoder<'a>,
    all: &[Made<'_>],
    at: usize,
    scope: Option<&Scope<'a>>,
    made_up: &mut MadeUp,
) -> Result<Vec<Sort>, OutOfBudget> {
    let policy = encoder.policy();
    let Some(made) = all.get(at) else {
        return Ok(Vec::new());
    };
    let action = policy.action(made.action);
    let mut place = Place {
        scope,
        action,
        filters: made.tests.filters(),
        tests: &made.tests,
        made_up,
    };
    let mut sorts = Vec::new();
    for (group, there) in &made.groups.all {
        for fate in fates(action, group.result) {
            let (rows, needs) = counted(made, group, fate);
            let undo = action.undo.as_ref().filter(|_| fate.undone);
            let by = undo.and_then(|u| Some((u, all.iter().find(|m| m.action == u.action)?)));
            let Some((undo, by)) = by else {
                told(
                    encoder,
                    &mut place,
                    (made, group, fate),
                    &rows,
                    &needs,
                    *there,
                    &mut sorts,
                );
                continue;
            };
            // With the call that has undone it.
            for (other, _) in &by.groups.all {
                let both = undone(encoder, &mut place, group, by, other, undo)?;
                if both == Formula::FALSE {
                    continue;
                }
                for second in fates(policy.action(undo.action), other.result) {
                    let success = second.done || second.repeats == Some(Need::Success);
                    if !success || second.undone {
                        continue;
                    }
                    let (more, needed) = counted(by, other, second);
                    let mut rows = rows.clone();
                    for (row, n) in more {
                        *rows.entry(row).or_insert(0) += n;
                    }
                    let needs: Vec<usize> = needs.iter().chain(&needed).copied().collect();
                    told(
                        encoder,
                        &mut place,
                        (made, group, fate),
                        &rows,
                        &needs,
                        both,
                        &mut sorts,
                    );
                }
            }
        }
    }
    Ok(sorts)
}

/// The sorts of a call that may be the last that told some facts, or not.
fn told<'a>(
    encoder: &mut Encoder<'a>,
    place: &mut Place<'_, 'a>,
    (made, group, fate): (&Made<'_>, &Group, Fate),
    rows: &Rows,
    needs: &[usize],
    only_if: Formula,
    sorts: &mut Vec<Sort>,
) {
    for latest in tellings(made, group, fate, rows) {
        let mut adds = rows.clone();
        let mut all = vec![only_if];
        for (row, fact) in &latest {
            adds.insert(row + 1, 1);
            all.push(exists(encoder, place, group, Some(*fact)));
        }
        let only_if = encoder.logic.and(&all);
        if only_if != Formula::FALSE {
            sorts.push(Sort {
                adds: adds.into_iter().collect(),
                needs: needs.to_vec(),
                only_if,
            });
        }
    }
}

type Rows = BTreeMap<usize, i64>;

/// What a call of the group with that fate adds, and what it needs.
fn counted(made: &Made<'_>, group: &Group, fate: Fate) -> (Rows, Vec<usize>) {
    let mut rows = Rows::new();
    for taker in &made.tests.takers {
        if takes(taker, group) {
            add(&mut rows, taker.row, fate);
        }
    }
    let mut needs = Vec::new();
    if let Some(of) = made.needs.get(group.alike) {
        match fate.repeats {
            Some(need) => needs.extend(of.get(need as usize)),
            None => {
                let served = NEEDS.iter().zip(of).filter(|(n, _)| fate.serves(**n));
                rows.extend(served.map(|(_, row)| (*row, 1)));
            }
        }
    }
    if let Some(Some(row)) = made.effects.get(group.alike)
        && fate.effect
    {
        rows.insert(*row, 1);
    }
    (rows, needs)
}

fn takes(taker: &Taker, group: &Group) -> bool {
    let filter = |f: usize| group.taken.get(f).copied().unwrap_or(false);
    taker.filter.is_none_or(filter) && taker.parts.iter().all(|p| group.holds(*p))
}

/// Of which facts the call may be the last that told them: of none, of each, of all together.
fn tellings(made: &Made<'_>, group: &Group, fate: Fate, rows: &Rows) -> Vec<Vec<(usize, FactId)>> {
    let mut each: Vec<(usize, FactId)> = Vec::new();
    for taker in &made.tests.takers {
        if let Takes::Told(row, id) = taker.row
            && fate.told
            && takes(taker, group)
            // A write forgets what was told before it ended, its own reply too.
            && !rows.contains_key(&(row + 2))
        {
            each.push((row, id));
        }
    }
    let mut all = vec![Vec::new()];
    all.extend(each.iter().map(|one| vec![*one]));
    if each.len() > 1 {
        all.push(each);
    }
    all
}

/// What a call with that fate adds to a row that takes it in.
fn add(rows: &mut Rows, takes: Takes, fate: Fate) {
    match takes {
        Takes::Question(row, func) => {
            let first = fate.repeats.is_none();
            let counts = match func {
                HistoryFunc::Calls => true,
                HistoryFunc::Done => first && fate.done,
                HistoryFunc::Effects => first && fate.effect,
                HistoryFunc::Standing => first && fate.standing,
                HistoryFunc::Unsettled => first && fate.unsettled,
            };
            if counts {
                rows.insert(row, 1);
            }
        }
        Takes::Told(row, _) if fate.told => {
            rows.insert(row, 1);
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
        Takes::Repeated(row) => {
            if fate.effect {
                rows.insert(row, 1);
            }
        }
    }
}

/// When there is a call of the one group that a call of the other has undone.
fn undone<'a>(
    encoder: &mut Encoder<'a>,
    place: &mut Place<'_, 'a>,
    group: &Group,
    by: &Made<'_>,
    other: &Group,
    undo: &'a crate::model::Undo,
) -> Result<Formula, OutOfBudget> {
    let policy = encoder.policy();
    let action = policy.action(undo.action);
    let here = made_up(policy, place, None);
    let mut all = vec![of_group(encoder, place, group, &here)];
    all.extend(arguments_are(encoder, place, group, &here));
    let mut second = Place {
        scope: place.scope,
        action,
        filters: by.tests.filters(),
        tests: &by.tests,
        made_up: place.made_up,
    };
    let scope = made_up(policy, &mut second, None);
    all.push(of_group(encoder, &second, other, &scope));
    all.extend(arguments_are(encoder, &second, other, &scope));
    for (param, at) in action.params.iter().zip(0..) {
        let path = whole(param, at);
        let arg = undo.args.args.get(at as usize).and_then(Option::as_ref);
        if let Ok(same) = given(encoder, (&path, &scope), (arg, &here)) {
            all.push(same);
        }
    }
    let both = encoder.logic.and(&all);
    let mut budget = encoder.logic.budget();
    Ok(match encoder.logic.solve(both, &mut budget)? {
        Some(_) => both,
        None => Formula::FALSE,
    })
}
