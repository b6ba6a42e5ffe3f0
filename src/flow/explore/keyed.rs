//! Questions about history with a key: whether the calls on a path surely have it.

use super::Runs;
use super::config::Config;
use crate::flow::picture::StateAt;
use crate::flow::possible::Keyed;
use crate::model::{ActionId, ArgList, Expr, HistoryTerm, Path, Root, Step};

/// A value by its name in the flow: equal names are equal values for as long as no slot is bound
/// again.
pub(super) fn value_name(run: u32, path: &Path) -> Option<String> {
    match path.root {
        Root::Binding(_) | Root::FlowParam(_) => {
            Some(format!("{run} {:?}{:?}", path.root, path.fields))
        }
        _ => None,
    }
}

/// Whether the value of that name is the same during the whole run of the flow.
fn never_changes(name: &str) -> bool {
    name.starts_with("0 FlowParam") || name.starts_with("constant")
}

pub(super) fn arg_name(run: u32, args: &ArgList, param: u32, fields: &[u32]) -> Option<String> {
    match args.args.get(param as usize)?.as_ref()? {
        Expr::Path(p) => value_name(
            run,
            &Path {
                fields: p.fields.iter().chain(fields).copied().collect(),
                ..p.clone()
            },
        ),
        Expr::Const(c) if fields.is_empty() => Some(format!("constant {c:?}")),
        _ => None,
    }
}

/// The key of a counted call made by a `do` state, by name.
pub(super) fn counted_key(runs: Runs<'_, '_>, place: StateAt, key: &Path) -> Option<String> {
    let Step::Do(step) = &runs.state(place)?.step else {
        return None;
    };
    match key.root {
        Root::Param(i) => arg_name(place.0, &step.args, i, &key.fields),
        Root::Result => {
            let bind = step.bind?;
            value_name(
                place.0,
                &Path {
                    root: Root::Binding(bind),
                    ..key.clone()
                },
            )
        }
        _ => None,
    }
}

/// What is known of the calls with the key that is asked for.
fn matches_key(
    runs: Runs<'_, '_>,
    config: &Config,
    asked: &HistoryTerm,
    keys: &[Option<String>],
) -> Keyed {
    if all_have_key(runs, asked, keys) {
        return Keyed::All;
    }
    let found = config.done_at.iter().any(|(place, bound)| {
        let Some(action) = runs.action_at(*place) else {
            return false;
        };
        let Some(counted) = asked
            .counted
            .iter()
            .find(|c| c.action == action && c.filter.is_none())
        else {
            return false;
        };
        counted.keys.len() == keys.len()
            && counted.keys.iter().zip(keys).all(|(k, wanted)| {
                wanted.is_some()
                    && (*bound || !matches!(k.root, Root::Result))
                    && counted_key(runs, *place, k) == *wanted
            })
    });
    if found { Keyed::One } else { Keyed::Unknown }
}

/// Whether every state that calls one of the actions uses these very values: then the key tells
/// nothing apart.
fn all_have_key(runs: Runs<'_, '_>, asked: &HistoryTerm, keys: &[Option<String>]) -> bool {
    let constant = |wanted: &Option<String>| wanted.as_ref().is_some_and(|w| never_changes(w));
    if !keys.iter().all(constant) {
        return false;
    }
    let mut sites = 0;
    for counted in &asked.counted {
        if runs.callers.otherwise(counted.action) {
            return false;
        }
        for place in runs.callers.sites(counted.action) {
            sites += 1;
            let mut pairs = counted.keys.iter().zip(keys);
            if !pairs.all(|(k, wanted)| counted_key(runs, *place, k) == *wanted) {
                return false;
            }
        }
    }
    sites > 0
}

/// Whether every call of the action in the whole flow has the same arguments.
pub(super) fn always_same(runs: Runs<'_, '_>, action: ActionId) -> bool {
    if runs.callers.otherwise(action) {
        return false;
    }
    let mut first: Option<Vec<Option<String>>> = None;
    for place in runs.callers.sites(action) {
        let Some(Step::Do(step)) = runs.state(*place).map(|s| &s.step) else {
            return false;
        };
        let name = |(i, arg): (u32, &Option<Expr>)| match arg {
            None => Some("absent".to_string()),
            Some(_) => arg_name(place.0, &step.args, i, &[]),
        };
        let names: Vec<_> = (0..).zip(&step.args.args).map(name).collect();
        let known = |n: &Option<String>| {
            n.as_ref()
                .is_some_and(|n| n == "absent" || never_changes(n))
        };
        if !names.iter().all(known) || *first.get_or_insert_with(|| names.clone()) != names {
            return false;
        }
    }
    true
}

/// Answers keyed questions of a guard: the key's values are slots.
pub(super) fn keyed_in_flow<'m>(
    runs: Runs<'m, 'm>,
    config: &'m Config,
) -> impl Fn(&HistoryTerm) -> Keyed + 'm {
    move |asked| {
        let name = |k| value_name(config.place.0, k);
        let keys: Vec<Option<String>> = asked.keys.iter().map(name).collect();
        matches_key(runs, config, asked, &keys)
    }
}

/// Answers keyed questions of a rule: the key's values are arguments of the call.
pub(super) fn keyed_in_call<'m>(
    runs: Runs<'m, 'm>,
    config: &'m Config,
    args: Option<&'m ArgList>,
) -> impl Fn(&HistoryTerm) -> Keyed + 'm {
    move |asked| {
        let keys: Vec<Option<String>> = asked
            .keys
            .iter()
            .map(|k| match (k.root, args) {
                (Root::Param(i), Some(args)) => arg_name(config.place.0, args, i, &k.fields),
                _ => None,
            })
            .collect();
        matches_key(runs, config, asked, &keys)
    }
}
