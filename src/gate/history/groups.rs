//! The calls of one action in groups that the questions don't tell apart, replies aside, and when
//! there can be such a call.
//!
//! That there is such a call is said of values made up for it (Skolem constants): terms of its own
//! arguments and its reply, which its `where`s and the keys of the proposal are held against. So
//! whatever a `where` compares is looked into.

use super::fates::once_each;
use super::takers::{KeyPart, Tests, whole};
use super::without_places;
use crate::gate::elsewhere::fits;
use crate::gate::scope::MADE_UP;
use crate::gate::{Encoder, Scope, TooLarge};
use crate::logic::{Formula, IntSet, OutOfBudget, Term};
use crate::model::{Action, Cond, FactId, Path, Policy, Root, Type};
use std::collections::BTreeMap;

/// An action has so few lists of arguments at most for them to be told apart one by one.
const ARGUMENTS_MAX: usize = 16;
/// Of more lists of arguments any number is taken to be possible.
const COUNTED_MAX: i64 = 64;

const TELLING: &str = "telling calls apart";

/// Calls that are taken in by the same `where`s and hold the same parts of keys.
#[derive(Clone, Debug)]
pub(super) struct Group {
    /// It has a result.
    pub result: bool,
    /// By `where`.
    pub taken: Vec<bool>,
    /// By part of a key, one bit each.
    held: u32,
    /// Its arguments, where there are few.
    arguments: Option<Vec<Option<i64>>>,
    /// Calls with the same arguments are in groups with the same number.
    pub alike: usize,
}

impl Group {
    pub(super) fn holds(&self, part: usize) -> bool {
        self.held >> part & 1 == 1
    }
}

/// What groups are told apart in.
pub(super) struct Place<'p, 'a> {
    /// Of the proposal, where it is known.
    pub scope: Option<&'p Scope<'a>>,
    pub action: &'a Action,
    pub tests: &'p Tests<'p>,
    pub filters: Vec<&'p Cond>,
    pub made_up: &'p mut MadeUp,
}

/// What is kept of calls that are made up.
#[derive(Default)]
pub(crate) struct MadeUp {
    /// How many there have been so far.
    count: usize,
    /// Whether a type, as text, has several values.
    several: BTreeMap<String, bool>,
}

/// The groups of an action, each with when there is a call of it, and by number of arguments how many
/// effects there can be at once. None if there are too many.
#[derive(Default)]
pub(super) struct Groups {
    pub all: Vec<(Group, Formula)>,
    /// By `alike`.
    pub most: Vec<Option<i64>>,
}

pub(super) fn groups<'a>(
    encoder: &mut Encoder<'a>,
    place: &mut Place<'_, 'a>,
    limit: usize,
) -> Result<Option<Groups>, OutOfBudget> {
    let parts = place.tests.parts.len();
    let mut made = Groups::default();
    if parts > 12 {
        return Ok(None);
    }
    let mut numbers: BTreeMap<(Option<usize>, u32, Vec<bool>), usize> = BTreeMap::new();
    let lists = arguments(encoder.policy(), place.action);
    // Which parts of keys and which `where`s look at arguments alone.
    let by_arguments: u32 = (0..parts)
        .filter(|p| {
            place
                .tests
                .parts
                .get(*p)
                .is_some_and(|p| p.theirs.root != Root::Result)
        })
        .map(|p| 1 << p)
        .sum();
    let about_arguments: Vec<bool> = place
        .filters
        .iter()
        .map(|f| f.paths().iter().all(|p| p.root != Root::Result))
        .collect();
    for result in [false, true] {
        if result && place.action.result.is_none() {
            continue;
        }
        for taken in patterns(encoder, place.action, &place.filters, result)? {
            for held in 0u32..1 << parts {
                let group = Group {
                    result,
                    taken: taken.clone(),
                    held,
                    arguments: None,
                    alike: 0,
                };
                // What is missing from a reply equals nothing.
                if !result && held & !by_arguments != 0 {
                    continue;
                }
                let key_of = |list: Option<usize>| {
                    let about = taken.iter().zip(&about_arguments);
                    let taken = about.filter(|(_, of)| **of).map(|(t, _)| *t).collect();
                    (list, held & by_arguments, taken)
                };
                let mut ways: Vec<(Option<usize>, Option<Vec<Option<i64>>>)> = Vec::new();
                match &lists {
                    Some(lists) => ways.extend(
                        lists
                            .iter()
                            .cloned()
                            .map(Some)
                            .enumerate()
                            .map(|(i, l)| (Some(i), l)),
                    ),
                    None => ways.push((None, None)),
                }
                for (list, arguments) in ways {
                    let next = numbers.len();
                    let key = match list {
                        Some(_) => (list, 0, Vec::new()),
                        None => key_of(None),
                    };
                    let alike = *numbers.entry(key).or_insert(next);
                    let group = Group {
                        arguments,
                        alike,
                        ..group.clone()
                    };
                    let there = exists(encoder, place, &group, None);
                    if there == Formula::FALSE {
                        continue;
                    }
                    if there != Formula::TRUE {
                        let mut budget = encoder.logic.budget();
                        if encoder.logic.solve(there, &mut budget)?.is_none() {
                            continue;
                        }
                    }
                    if made.most.len() <= alike {
                        made.most.resize(alike + 1, None);
                    }
                    let most = match list {
                        Some(_) => Some(1),
                        None => most(encoder.policy(), place, &group),
                    };
                    if let Some(slot) = made.most.get_mut(alike) {
                        *slot = most.filter(|_| once_each(place.action));
                    }
                    made.all.push((group, there));
                    if made.all.len() > limit {
                        return Ok(None);
                    }
                }
            }
        }
    }
    made.most.resize(numbers.len(), None);
    Ok(Some(made))
}

/// All lists of arguments of an action of whose effects there is one for each, if they are few.
fn arguments(policy: &Policy, action: &Action) -> Option<Vec<Vec<Option<i64>>>> {
    if !once_each(action) {
        return None;
    }
    let mut all: Vec<Vec<Option<i64>>> = vec![Vec::new()];
    for param in &action.params {
        let (low, high) = match &param.ty {
            Type::Bool => (0, 1),
            Type::Enum(_) => (0, size(policy, &param.ty)? - 1),
            ty => ty.bounds()?,
        };
        let count = usize::try_from(high.checked_sub(low)?).ok()?;
        if all.len().checked_mul(count.checked_add(1)?)? > ARGUMENTS_MAX {
            return None;
        }
        let mut own: Vec<Option<i64>> = (low..=high).map(Some).collect();
        if param.optional {
            own.push(None);
        }
        let longer = |list: &Vec<Option<i64>>| {
            let list = list.clone();
            own.iter()
                .map(move |v| list.iter().copied().chain([*v]).collect())
                .collect::<Vec<_>>()
        };
        all = all.iter().flat_map(longer).collect();
    }
    Some(all)
}

/// How many values a type has; none: many.
fn size(policy: &Policy, ty: &Type) -> Option<i64> {
    match ty {
        Type::Bool => Some(2),
        Type::Enum(id) => {
            let count = policy.enums.get(id.index())?.variants.len();
            i64::try_from(count).ok()
        }
        ty => {
            let (low, high) = ty.bounds()?;
            high.checked_sub(low)?.checked_add(1)
        }
    }
}

/// How many different lists of arguments calls of the group can have; none: many.
fn most(policy: &Policy, place: &Place<'_, '_>, group: &Group) -> Option<i64> {
    let mut all = 1i64;
    for (param, at) in place.action.params.iter().zip(0..) {
        let pinned = place.tests.parts.iter().enumerate().any(|(i, p)| {
            group.holds(i)
                && !p.loose
                && p.theirs.root == Root::Param(at)
                && p.theirs.fields.is_empty()
        });
        if !pinned {
            all = all.checked_mul(size(policy, &param.ty)? + i64::from(param.optional))?;
        }
    }
    (all <= COUNTED_MAX).then_some(all)
}

/// Which `where`s can take a call in together, and which not: one list of yes and no for each way.
fn patterns<'a>(
    encoder: &mut Encoder<'a>,
    action: &'a Action,
    filters: &[&Cond],
    result: bool,
) -> Result<Vec<Vec<bool>>, OutOfBudget> {
    let scope = Scope::call(action);
    let base = replied(encoder, action, &scope, result);
    let mut ways: Vec<(Vec<bool>, Formula)> = vec![(Vec::new(), base)];
    for filter in filters {
        // A pattern that is too large has been reported where the condition was read.
        let Ok(truth) = encoder.truth(filter, &scope) else {
            return Err(OutOfBudget::new(TELLING));
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

/// The reply is there, or isn't.
fn replied<'a>(
    encoder: &mut Encoder<'a>,
    action: &'a Action,
    scope: &Scope<'a>,
    result: bool,
) -> Formula {
    let Some(ty) = &action.result else {
        return Formula::TRUE;
    };
    let path = Path {
        root: Root::Result,
        fields: Vec::new(),
        ty: ty.clone(),
        optional: true,
        text: "result".to_owned(),
        span: action.span,
    };
    let present = encoder.present(&path, scope);
    if result { present } else { !present }
}

/// What the proposal must be like for there to be a call of the group; `told`: it has told that fact
/// last.
pub(super) fn exists<'a>(
    encoder: &mut Encoder<'a>,
    place: &mut Place<'_, 'a>,
    group: &Group,
    told: Option<FactId>,
) -> Formula {
    // That there is the call is said by itself; what it told only matters to what looks at that.
    if told.is_some() && !looks_at_replies(place) {
        return Formula::TRUE;
    }
    if told.is_none() && plain(encoder, place, group) {
        return Formula::TRUE;
    }
    let scope = made_up(encoder.policy(), place, told);
    of_group(encoder, place, group, &scope)
}

/// Whether some `where` or key looks at replies.
fn looks_at_replies(place: &Place<'_, '_>) -> bool {
    let read = place.filters.iter().flat_map(|f| f.paths());
    let keys = place.tests.parts.iter().map(|p| &p.theirs);
    read.chain(keys).any(|p| p.root == Root::Result)
}

/// A place for values of a call that is made up.
pub(super) fn made_up<'a>(
    policy: &'a Policy,
    place: &mut Place<'_, 'a>,
    told: Option<FactId>,
) -> Scope<'a> {
    place.made_up.count += 1;
    let number = place.made_up.count;
    let name = format!("{MADE_UP}{number} of {}:", place.action.full_name);
    let mut scope = Scope::call(place.action).named(&name, "");
    scope.reply = told
        .and_then(|id| policy.facts.get(id.index()))
        .zip(place.scope)
        .map(|(fact, here)| format!("{}fact.{}", here.name, fact.name));
    scope
}

/// What is true of a call of the group, in terms of that place.
pub(super) fn of_group<'a>(
    encoder: &mut Encoder<'a>,
    place: &Place<'_, 'a>,
    group: &Group,
    scope: &Scope<'a>,
) -> Formula {
    // Of arguments that are known nothing has to be made up.
    let value = |path: &Path| -> Option<Option<i64>> {
        match path.root {
            Root::Param(at) if path.fields.is_empty() => {
                group.arguments.as_ref()?.get(at as usize).copied()
            }
            _ => None,
        }
    };
    let mut all = Vec::new();
    let mut replies = false;
    for (filter, yes) in place.filters.iter().zip(&group.taken) {
        let read = filter.paths();
        // Patterns that are too large have been reported where the conditions were read.
        let Ok(truth) = encoder.truth(filter, scope) else {
            continue;
        };
        let said = if *yes { truth.yes } else { !truth.yes };
        if !read.is_empty() && read.iter().all(|p| value(p).is_some()) {
            // True or false, as the arguments are.
            let mut known = vec![said];
            known.extend(arguments_are(encoder, place, group, scope));
            let known = encoder.logic.and(&known);
            let mut budget = encoder.logic.budget();
            if let Ok(None) = encoder.logic.solve(known, &mut budget) {
                return Formula::FALSE;
            }
            continue;
        }
        replies = true;
        all.push(said);
    }
    for (i, part) in place.tests.parts.iter().enumerate() {
        let Some(here) = place.scope else { break };
        if matches!(part.theirs.ty, Type::Record(_) | Type::List { .. })
            || here.root(encoder.policy(), part.mine.root).is_none()
        {
            continue;
        }
        let same = match value(&part.theirs) {
            Some(value) => part_is(encoder, part, value, here),
            None => {
                replies = true;
                same_part(encoder, part, scope, here)
            }
        };
        if let Ok(same) = same {
            all.push(if group.holds(i) { same } else { !same });
        }
    }
    if replies {
        all.push(replied(encoder, place.action, scope, group.result));
        all.extend(arguments_are(encoder, place, group, scope));
    }
    encoder.logic.and(&all)
}

/// The arguments of the call, where they are known.
pub(super) fn arguments_are<'a>(
    encoder: &mut Encoder<'a>,
    place: &Place<'_, 'a>,
    group: &Group,
    scope: &Scope<'a>,
) -> Vec<Formula> {
    let mut all = Vec::new();
    let values = group.arguments.iter().flatten();
    for ((param, at), value) in place.action.params.iter().zip(0..).zip(values) {
        let path = whole(param, at);
        let present = encoder.present(&path, scope);
        match value {
            None => all.push(!present),
            Some(n) => {
                all.push(present);
                if let Ok(term) = encoder.path_term(&path, scope) {
                    all.push(encoder.logic.in_set(term, IntSet::point(*n)));
                }
            }
        }
    }
    all
}

/// Whether the proposal holds the part of a key that a call with that argument holds.
fn part_is<'a>(
    encoder: &mut Encoder<'a>,
    part: &KeyPart,
    value: Option<i64>,
    here: &Scope<'a>,
) -> Result<Formula, TooLarge> {
    let present = encoder.present(&part.mine, here);
    let parameter = |p: &Path| p.fields.is_empty() && matches!(p.root, Root::Param(_));
    let Some(value) = value else {
        return Ok(match (part.loose, parameter(&part.mine)) {
            (true, _) => Formula::TRUE,
            (false, true) => !present,
            (false, false) => Formula::FALSE,
        });
    };
    let term = encoder.path_term(&part.mine, here)?;
    let equal = encoder.logic.in_set(term, IntSet::point(value));
    Ok(if part.loose {
        encoder.logic.or(&[!present, equal])
    } else {
        encoder.logic.and(&[present, equal])
    })
}

/// Whether a call holds a part of a key: both left out, where both are whole parameters, or equal.
fn same_part<'a>(
    encoder: &mut Encoder<'a>,
    part: &KeyPart,
    scope: &Scope<'a>,
    here: &Scope<'a>,
) -> Result<Formula, TooLarge> {
    let (x, y) = (
        encoder.present(&part.theirs, scope),
        encoder.present(&part.mine, here),
    );
    let (s, t) = (
        encoder.path_term(&part.theirs, scope)?,
        encoder.path_term(&part.mine, here)?,
    );
    let logic = &mut encoder.logic;
    let equal = logic.equal(s, t);
    let both = logic.and(&[x, y, equal]);
    if part.loose {
        return Ok(logic.or(&[!x, !y, equal]));
    }
    let parameter = |p: &Path| p.fields.is_empty() && matches!(p.root, Root::Param(_));
    if !parameter(&part.theirs) || !parameter(&part.mine) {
        return Ok(both);
    }
    let neither = logic.and(&[!x, !y]);
    Ok(logic.or(&[both, neither]))
}

/// Whether there is always a call of the group, since nothing ties its arguments to the proposal but
/// keys of large types that look at different things.
fn plain<'a>(encoder: &mut Encoder<'a>, place: &mut Place<'_, 'a>, group: &Group) -> bool {
    if group.arguments.is_some() {
        return false;
    }
    if place.scope.is_none() {
        return true;
    }
    let read: Vec<&Path> = place.filters.iter().flat_map(|f| f.paths()).collect();
    let parts = &place.tests.parts;
    for (i, p) in parts.iter().enumerate() {
        let ty = without_places(&format!("{:?}", p.theirs.ty));
        let free = !p.theirs.optional
            && !p.mine.optional
            && ty == without_places(&format!("{:?}", p.mine.ty))
            && !parts
                .iter()
                .skip(i + 1)
                .any(|o| meets(&o.theirs, &p.theirs))
            && !read.iter().any(|r| meets(r, &p.theirs));
        if !free {
            return false;
        }
        let known = place.made_up.several.get(&ty).copied();
        let several = known.unwrap_or_else(|| several(encoder, place.action, &p.theirs));
        place.made_up.several.insert(ty, several);
        if !several {
            return false;
        }
    }
    true
}

/// Whether there are several values of the kind that a call has there.
fn several<'a>(encoder: &mut Encoder<'a>, action: &'a Action, path: &Path) -> bool {
    match &path.ty {
        Type::String { min, max, patterns } if patterns.is_empty() => {
            max.is_none_or(|m| m > *min && m > 0)
        }
        Type::String { .. } => {
            let scope = Scope::call(action);
            let Ok(term) = encoder.path_term(path, &scope) else {
                return false;
            };
            let logic = &mut encoder.logic;
            let mut budget = logic.budget();
            let mut one = crate::logic::Assignment::new();
            if logic.complete(&mut one, &[term], &mut budget).is_err() {
                return false;
            }
            let literal = logic.literals(&[one.string(term).unwrap_or_default()]);
            let other = logic.in_language(term, literal);
            matches!(logic.solve(!other, &mut budget), Ok(Some(_)))
        }
        ty => ty.bounds().is_some_and(|(low, high)| high > low),
    }
}

/// Whether one of the values is a part of the other.
fn meets(a: &Path, b: &Path) -> bool {
    a.root == b.root && (a.fields.starts_with(&b.fields) || b.fields.starts_with(&a.fields))
}

/// A value of the call that is made, as an expression over another call gives it; nothing is said of
/// records and lists.
pub(super) fn given<'a>(
    encoder: &mut Encoder<'a>,
    (path, scope): (&Path, &Scope<'a>),
    (expr, from): (Option<&crate::model::Expr>, &Scope<'a>),
) -> Result<Formula, TooLarge> {
    use crate::model::{Const, Expr};
    let present = encoder.present(path, scope);
    let Some(expr) = expr else {
        return Ok(!present);
    };
    if matches!(path.ty, Type::Record(_) | Type::List { .. }) {
        return Ok(Formula::TRUE);
    }
    let same = match expr {
        Expr::Const(Const::Str(text)) => {
            let term = encoder.path_term(path, scope)?;
            let language = encoder.logic.literals(&[text.as_str()]);
            encoder.logic.in_language(term, language)
        }
        Expr::Const(value) => {
            let term = encoder.path_term(path, scope)?;
            let number = crate::gate::encode::number_of(value);
            encoder.logic.in_set(term, IntSet::point(number))
        }
        Expr::Path(source) => {
            let there = encoder.present(source, from);
            let (a, b): (Term, Term) = (
                encoder.path_term(path, scope)?,
                encoder.path_term(source, from)?,
            );
            let equal = if path.ty.same_unit(&source.ty) {
                encoder.logic.equal(a, b)
            } else {
                let scale = path.ty.scale().max(source.ty.scale());
                let factor = |s: u32| 10i64.checked_pow(scale - s).unwrap_or(i64::MAX);
                let (ka, kb) = (factor(path.ty.scale()), factor(source.ty.scale()));
                encoder.logic.difference(a, ka, b, kb, IntSet::point(0))
            };
            let mut inside = Vec::new();
            fits(encoder, from, source, &path.ty, path.optional, &mut inside)?;
            inside.extend([
                encoder.logic.if_then(present, there),
                encoder.logic.if_then(there, present),
            ]);
            inside.push(encoder.logic.if_then(there, equal));
            return Ok(encoder.logic.and(&inside));
        }
        _ => Formula::TRUE,
    };
    Ok(encoder.logic.and(&[present, same]))
}
