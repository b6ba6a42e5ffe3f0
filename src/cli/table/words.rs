//! Probes and the values they have, in the words of the policy.

use super::rows::{self, Conditions};
use crate::logic::IntSet;
use crate::table::format::{
    Action, Asks, Body, Counted, Expr, Field, Flow, History, Part, Path, Probe, Ref, Root, Type,
};
use crate::table::sample::text_of_class;
use crate::table::scalar::{date_text, decimal_text, time_text};
use crate::table::shape::{Shape, shape};
use crate::words::duration_literal;

/// Alternatives shown of one condition.
const ALTERNATIVES_MAX: usize = 6;

/// Words for what stands at one place of the table.
pub(in crate::cli) struct Words<'a> {
    body: &'a Body,
    params: &'a [Field],
    flow: Option<&'a Flow>,
}

impl<'a> Words<'a> {
    pub(super) fn of_action(body: &'a Body, action: &'a Action) -> Self {
        Self {
            body,
            params: &action.params,
            flow: None,
        }
    }

    pub(in crate::cli) fn of_flow(body: &'a Body, flow: &'a Flow) -> Self {
        Self {
            body,
            params: &[],
            flow: Some(flow),
        }
    }

    /// A condition in full.
    pub(in crate::cli) fn condition(&self, when: Ref) -> String {
        let (rows, cut) = rows::holding(self.body, when);
        let mut all: Vec<String> = rows
            .iter()
            .take(ALTERNATIVES_MAX)
            .map(|c| self.conditions(c))
            .collect();
        if cut || rows.len() > ALTERNATIVES_MAX {
            all.push("…".to_string());
        }
        match all.len() {
            0 => "never".to_string(),
            1 => all.remove(0),
            _ => all
                .iter()
                .map(|a| format!("({a})"))
                .collect::<Vec<_>>()
                .join(" or "),
        }
    }

    /// What has to hold together.
    pub(super) fn conditions(&self, conditions: &Conditions) -> String {
        let probes = conditions.iter().filter_map(|(probe, set)| {
            let probe = self.body.probes.get(*probe as usize)?;
            Some((probe, set))
        });
        let mut tests: Vec<(&Probe, &IntSet)> = probes.collect();
        // What says whether there is a value comes before what is said of it, and goes without saying
        // where something is said of it.
        tests.sort_by_key(|(probe, _)| !matches!(probe, Probe::Present { .. }));
        let told: Vec<&Path> = tests
            .iter()
            .filter(|(probe, set)| !rows::is_everything(set, bounds(self.body, probe)))
            .flat_map(|(probe, set)| looked_at(probe, set))
            .collect();
        let parts: Vec<String> = tests
            .iter()
            .filter(|(probe, set)| {
                let Probe::Present { path } = probe else {
                    return true;
                };
                let inside = |p: &&Path| p.root == path.root && p.fields.starts_with(&path.fields);
                !set.contains(1) || !told.iter().any(inside)
            })
            .filter_map(|(probe, set)| self.test(probe, set))
            .collect();
        if parts.is_empty() {
            "always".to_string()
        } else {
            parts.join(" and ")
        }
    }

    /// A probe having one of these values; none if it always has.
    fn test(&self, probe: &Probe, set: &IntSet) -> Option<String> {
        let whole = bounds(self.body, probe);
        if rows::is_everything(set, whole) {
            return None;
        }
        let set = set.intersect(&IntSet::range(whole.0, whole.1));
        let yes = set.contains(1);
        let flag = |name: String| {
            if yes { name } else { format!("not {name}") }
        };
        Some(match probe {
            Probe::Value { path, ty } => self.value(&self.path(path), ty, &set, whole),
            Probe::Present { path } => {
                let what = if yes { "present" } else { "absent" };
                format!("{} is {what}", self.path(path))
            }
            Probe::Length { path } => {
                ranges(&format!("length({})", self.path(path)), &set, whole, plain)
            }
            Probe::Size { path } => {
                ranges(&format!("size({})", self.path(path)), &set, whole, plain)
            }
            Probe::Class { path, automaton } => self.class(&self.path(path), *automaton, &set),
            Probe::Difference {
                left,
                left_type,
                left_factor,
                right,
                ..
            } => {
                let scale = scale_of(left_type, *left_factor);
                let unit = distance_of(left_type, scale);
                difference(&self.path(left), &self.path(right), &set, &unit)
            }
            Probe::Equal { left, right } => {
                let op = if yes { "==" } else { "!=" };
                format!("{} {op} {}", self.path(left), self.path(right))
            }
            Probe::Some { list, when } => {
                let inner = self.condition(*when);
                let which = if yes { "some" } else { "no" };
                format!("{which} element of {}: ({inner})", self.path(list))
            }
            Probe::History { history } => {
                let history = self.body.histories.get(*history as usize)?;
                let name = self.history(history);
                match history.asks {
                    Asks::Done | Asks::Standing | Asks::Unsettled => flag(name),
                    Asks::Calls | Asks::Effects => ranges(&name, &set, whole, plain),
                }
            }
            Probe::HistoryDifference { left, right } => {
                let name = |i: &u32| {
                    let history = self.body.histories.get(*i as usize);
                    history.map_or(String::new(), |h| self.history(h))
                };
                difference(&name(left), &name(right), &set, &plain)
            }
            Probe::Position {} => self.position(&set),
        })
    }

    fn value(&self, name: &str, ty: &Type, set: &IntSet, whole: (i64, i64)) -> String {
        match ty {
            Type::Bool {} if set.contains(1) => name.to_string(),
            Type::Bool {} => format!("not {name}"),
            Type::Enum { of } => {
                let variants = self.body.enums.get(*of as usize);
                let variants = variants.map(|e| e.variants.as_slice()).unwrap_or_default();
                let of_set = |inside: bool| -> Vec<&str> {
                    let named = variants.iter().zip(0..);
                    named
                        .filter(|(_, i)| set.contains(*i) == inside)
                        .map(|(v, _)| v.name.as_str())
                        .collect()
                };
                let (inside, outside) = (of_set(true), of_set(false));
                match (inside.as_slice(), outside.as_slice()) {
                    ([one], _) => format!("{name} == {one}"),
                    (_, [one]) => format!("{name} != {one}"),
                    _ => format!("{name} in {{{}}}", inside.join(", ")),
                }
            }
            ty => ranges(name, set, whole, unit_of(ty, scale_of(ty, 1))),
        }
    }

    /// A string in one of an automaton's classes: as the policy would say it, or else by examples.
    fn class(&self, name: &str, automaton: u32, set: &IntSet) -> String {
        let Some(automaton) = self.body.automata.get(automaton as usize) else {
            return name.to_string();
        };
        let classes = automaton.accept.iter().max().map_or(1, |c| c + 1);
        let of_set = |inside: bool| -> Vec<u32> {
            (0..classes)
                .filter(|c| set.contains(i64::from(*c)) == inside)
                .collect()
        };
        for inside in [true, false] {
            let member = |c: u32| set.contains(i64::from(c)) == inside;
            if let Some(shape) = shape(automaton, &member, ALTERNATIVES_MAX)
                && let Some(words) = shaped(name, &shape, inside)
            {
                return words;
            }
        }
        let (inside, outside) = (of_set(true), of_set(false));
        // Class 0 takes in whatever nothing speaks of: said by what it is not.
        let (classes, like) = if inside.contains(&0) {
            (outside, "is not like")
        } else {
            (inside, "is like")
        };
        let shown: Vec<String> = classes
            .iter()
            .take(ALTERNATIVES_MAX)
            .filter_map(|c| text_of_class(automaton, *c))
            .map(|t| format!("{t:?}"))
            .collect();
        format!("{name} {like} {}", crate::words::either(&shown))
    }

    fn position(&self, set: &IntSet) -> String {
        let mut inside = Vec::new();
        for flow in &self.body.flows {
            let first = i64::from(flow.first_position);
            let here: Vec<&str> = flow
                .states
                .iter()
                .zip(first..)
                .filter(|(_, at)| set.contains(*at))
                .map(|(s, _)| s.name.as_str())
                .collect();
            if here.len() == flow.states.len() {
                inside.push(flow.name.clone());
            } else {
                inside.extend(here.iter().map(|s| format!("{}.{s}", flow.name)));
            }
        }
        let mut all = Vec::new();
        if set.contains(0) {
            all.push("outside every flow".to_string());
        }
        let more = inside.len().saturating_sub(ALTERNATIVES_MAX);
        inside.truncate(ALTERNATIVES_MAX);
        if !inside.is_empty() {
            let more = if more > 0 {
                format!(" and {more} more")
            } else {
                String::new()
            };
            all.push(format!("during {}{more}", inside.join(" or ")));
        }
        all.join(" or ")
    }

    fn history(&self, history: &History) -> String {
        let asks = match history.asks {
            Asks::Done => "done",
            Asks::Calls => "calls",
            Asks::Effects => "effects",
            Asks::Standing => "standing",
            Asks::Unsettled => "unsettled",
        };
        let counted: Vec<&str> = history
            .counted
            .iter()
            .filter_map(|c| self.body.actions.get(c.action as usize))
            .map(|a| a.name.as_str())
            .collect();
        let first = history.counted.first();
        let mut keys = Vec::new();
        for (mine, theirs) in history
            .keys
            .iter()
            .zip(first.map(|c| c.keys.as_slice()).unwrap_or_default())
        {
            let theirs = self.counted_path(first, theirs);
            let mine = self.path(mine);
            keys.push(if mine == theirs {
                mine
            } else {
                format!("{mine} = {theirs}")
            });
        }
        let by = if keys.is_empty() {
            String::new()
        } else {
            format!(" by {}", keys.join(", "))
        };
        let filter = first.and_then(|c| {
            let action = self.body.actions.get(c.action as usize)?;
            let inner = Words::of_action(self.body, action);
            Some(format!(" where {}", inner.condition(c.when?)))
        });
        format!(
            "{asks}({}{by}{})",
            counted.join(", "),
            filter.unwrap_or_default()
        )
    }

    fn counted_path(&self, counted: Option<&Counted>, path: &Path) -> String {
        let action = counted.and_then(|c| self.body.actions.get(c.action as usize));
        match action {
            Some(action) => Words::of_action(self.body, action).path(path),
            None => String::new(),
        }
    }

    /// A value that is made of others.
    pub(in crate::cli) fn expr(&self, expr: &Expr) -> String {
        match expr {
            Expr::Const { value } => value.to_string(),
            Expr::Path { path } => self.path(path),
            Expr::List { items } => {
                let items: Vec<String> = items.iter().map(|e| self.expr(e)).collect();
                format!("[{}]", items.join(", "))
            }
            Expr::Record { fields } => {
                let fields: Vec<String> = fields
                    .iter()
                    .map(|(name, e)| format!("{name}: {}", self.expr(e)))
                    .collect();
                format!("{{{}}}", fields.join(", "))
            }
            Expr::Template { parts } => {
                let parts: Vec<String> = parts
                    .iter()
                    .map(|part| match part {
                        Part::Text { text } => text.clone(),
                        Part::Hole { path } => format!("{{{}}}", self.path(path)),
                    })
                    .collect();
                format!("\"{}\"", parts.concat())
            }
        }
    }

    /// A value's name.
    pub(super) fn path(&self, path: &Path) -> String {
        let root = match &path.root {
            Root::Param { index } => self.params.get(*index as usize).map(|p| p.name.clone()),
            Root::Result {} => Some("result".to_string()),
            Root::Input { index } => {
                let input = self.body.inputs.get(*index as usize);
                input.map(|i| i.name.clone())
            }
            Root::Fact { index, .. } => {
                let fact = self.body.facts.get(*index as usize);
                fact.map(|f| f.name.clone())
            }
            Root::Element {} => Some("element".to_string()),
            Root::Slot { index } => self
                .flow
                .and_then(|f| f.slots.get(*index as usize))
                .map(|s| s.name.clone()),
        };
        let mut name = root.unwrap_or_default();
        for field in &path.fields {
            name.push('.');
            name.push_str(field);
        }
        name
    }
}

/// The values that a test says something of; they are there, then.
fn looked_at<'p>(probe: &'p Probe, set: &IntSet) -> Vec<&'p Path> {
    match probe {
        Probe::Value { path, .. }
        | Probe::Length { path }
        | Probe::Size { path }
        | Probe::Class { path, .. } => vec![path],
        Probe::Difference { left, right, .. } | Probe::Equal { left, right } => vec![left, right],
        Probe::Some { list, .. } if set.contains(1) => vec![list],
        _ => Vec::new(),
    }
}

/// The least and greatest value of a probe.
pub(super) fn bounds(body: &Body, probe: &Probe) -> (i64, i64) {
    match probe {
        Probe::Value { ty, .. } => match ty {
            Type::Int { min, max }
            | Type::Decimal { min, max, .. }
            | Type::Duration { min, max }
            | Type::Time { min, max }
            | Type::Date { min, max }
            | Type::Instant { min, max } => (*min, *max),
            Type::Enum { of } => {
                let of = body.enums.get(*of as usize);
                let n = of.map_or(1, |e| e.variants.len());
                (0, i64::try_from(n).unwrap_or(i64::MAX) - 1)
            }
            _ => (0, 1),
        },
        Probe::Present { .. } | Probe::Equal { .. } | Probe::Some { .. } => (0, 1),
        Probe::Length { .. } | Probe::Size { .. } => (0, i64::MAX),
        Probe::Class { automaton, .. } => {
            let automaton = body.automata.get(*automaton as usize);
            let last = automaton.and_then(|a| a.accept.iter().max().copied());
            (0, i64::from(last.unwrap_or(0)))
        }
        Probe::Difference { .. } | Probe::HistoryDifference { .. } => (i64::MIN, i64::MAX),
        Probe::History { history } => match body.histories.get(*history as usize).map(|h| h.asks) {
            Some(Asks::Calls | Asks::Effects) => (0, i64::MAX),
            _ => (0, 1),
        },
        Probe::Position {} => {
            let states: usize = body.flows.iter().map(|f| f.states.len()).sum();
            (0, i64::try_from(states).unwrap_or(i64::MAX))
        }
    }
}

fn plain(n: i64) -> String {
    n.to_string()
}

/// Digits after the point, once a factor is taken in.
fn scale_of(ty: &Type, factor: i64) -> u32 {
    let own = match ty {
        Type::Decimal { scale, .. } => *scale,
        _ => 0,
    };
    own + factor.max(1).ilog10()
}

/// How numbers of a type are written.
fn unit_of(ty: &Type, scale: u32) -> Box<dyn Fn(i64) -> String> {
    match ty {
        Type::Time { .. } => Box::new(short_time),
        Type::Date { .. } => Box::new(date_text),
        Type::Duration { .. } => Box::new(duration_literal),
        Type::Instant { .. } => Box::new(instant),
        _ if scale > 0 => Box::new(move |n| decimal_text(n, scale)),
        _ => Box::new(plain),
    }
}

/// How the distance between two values of a type is written: between times it is a duration.
fn distance_of(ty: &Type, scale: u32) -> Box<dyn Fn(i64) -> String> {
    match ty {
        Type::Time { .. } => Box::new(|s| duration_literal(s.saturating_mul(1_000))),
        Type::Date { .. } => Box::new(|days| duration_literal(days.saturating_mul(86_400_000))),
        Type::Instant { .. } => Box::new(duration_literal),
        _ => unit_of(ty, scale),
    }
}

fn instant(ms: i64) -> String {
    let day = 86_400_000;
    let time = time_text(ms.rem_euclid(day) / 1000);
    format!("{}T{time}Z", date_text(ms.div_euclid(day)))
}

/// A time of day, with its seconds only where there are some.
fn short_time(seconds: i64) -> String {
    let text = time_text(seconds);
    text.strip_suffix(":00")
        .map_or(text.clone(), str::to_string)
}

/// Of two ways to write a bound the one that a person would have written: `> 100.00` before
/// `>= 100.01`, `< 18:00` before `<= 17:59:59`.
fn rounder(plain: &str, strict: &str) -> bool {
    let weight = |text: &str| {
        let digits = text.trim_end_matches(|c: char| c == '0' || !c.is_ascii_digit());
        digits.chars().filter(char::is_ascii_digit).count()
    };
    if plain.contains(':') {
        return strict.len() < plain.len();
    }
    // Between whole numbers `>= 21` is as good as `> 20`, but `>= 1001` is not as good as `> 1000`.
    let unit = plain.contains('.') || plain.ends_with(|c: char| c.is_ascii_alphabetic());
    strict.len() <= plain.len() && weight(strict) + if unit { 1 } else { 2 } <= weight(plain)
}

fn at_least(low: i64, unit: &dyn Fn(i64) -> String) -> String {
    let (plain, strict) = (unit(low), unit(low.saturating_sub(1)));
    if rounder(&plain, &strict) {
        format!("> {strict}")
    } else {
        format!(">= {plain}")
    }
}

fn at_most(high: i64, unit: &dyn Fn(i64) -> String) -> String {
    let (plain, strict) = (unit(high), unit(high.saturating_add(1)));
    if rounder(&plain, &strict) {
        format!("< {strict}")
    } else {
        format!("<= {plain}")
    }
}

/// `in low..high`, or one half of it strictly where that is how a person would have written it.
fn within(low: i64, high: i64, unit: &dyn Fn(i64) -> String) -> String {
    let (plain, strict) = (unit(high), unit(high.saturating_add(1)));
    if rounder(&plain, &strict) {
        format!("in {}..<{strict}", unit(low))
    } else {
        format!("in {}..{plain}", unit(low))
    }
}

fn ranges(
    name: &str,
    set: &IntSet,
    (min, max): (i64, i64),
    unit: impl Fn(i64) -> String,
) -> String {
    let outside = IntSet::range(min, max).minus(set);
    if let ([(low, high)], true) = (outside.ranges(), set.ranges().len() > 1)
        && low == high
    {
        return format!("{name} != {}", unit(*low));
    }
    let parts: Vec<String> = set
        .ranges()
        .iter()
        .map(|&(low, high)| match (low <= min, high >= max) {
            _ if low == high => format!("{name} == {}", unit(low)),
            (true, _) => format!("{name} {}", at_most(high, &unit)),
            (_, true) => format!("{name} {}", at_least(low, &unit)),
            _ => format!("{name} {}", within(low, high, &unit)),
        })
        .collect();
    join_or(parts)
}

fn difference(left: &str, right: &str, set: &IntSet, unit: &dyn Fn(i64) -> String) -> String {
    let against = |n: i64| match n {
        0 => right.to_string(),
        n if n > 0 => format!("{right} + {}", unit(n)),
        n => format!("{right} - {}", unit(n.saturating_neg())),
    };
    let outside = set.complement();
    if let ([(low, high)], true) = (outside.ranges(), set.ranges().len() > 1)
        && low == high
    {
        return format!("{left} != {}", against(*low));
    }
    let parts: Vec<String> = set
        .ranges()
        .iter()
        .map(|&(low, high)| match (low, high) {
            _ if low == high => format!("{left} == {}", against(low)),
            (i64::MIN, -1) => format!("{left} < {right}"),
            (1, i64::MAX) => format!("{left} > {right}"),
            (i64::MIN, _) => format!("{left} {}", at_most(high, &against)),
            (_, i64::MAX) => format!("{left} {}", at_least(low, &against)),
            _ => format!("{left} in {}..{}", against(low), against(high)),
        })
        .collect();
    join_or(parts)
}

fn join_or(parts: Vec<String>) -> String {
    match parts.as_slice() {
        [one] => one.clone(),
        _ => format!("({})", parts.join(" or ")),
    }
}

/// A string that has the shape, or that does not; nothing where a pattern could not be read.
fn shaped(name: &str, shape: &Shape, has: bool) -> Option<String> {
    let not = if has { "" } else { "not " };
    Some(match shape {
        Shape::Texts(texts) => match texts.as_slice() {
            [one] => format!("{name} {} {one:?}", if has { "==" } else { "!=" }),
            all => {
                let all: Vec<String> = all.iter().map(|t| format!("{t:?}")).collect();
                format!("{not}{name} in {{{}}}", all.join(", "))
            }
        },
        Shape::Beginning(text) => {
            if text.chars().any(char::is_control) {
                return None;
            }
            let mut pattern = String::new();
            for c in text.chars() {
                if "\\/.|*+?()[]{}^$".contains(c) {
                    pattern.push('\\');
                }
                pattern.push(c);
            }
            format!("{not}{name} matches /{pattern}.*/")
        }
    })
}
