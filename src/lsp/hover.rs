//! What a name means, when one points at it.

use super::hints;
use super::names::{Key, Kind};
use super::server::Fresh;
use crate::Checked;
use crate::model::{Action, Policy, RuleKind, Type};
use crate::source::{FileId, Span};
use crate::syntax::tree;
use crate::words;
use std::collections::BTreeMap;

/// The most lines of a declaration that are shown.
const LINES_MAX: usize = 14;

/// Words in Markdown, and the place that they are about.
pub(super) fn at(
    fresh: &Fresh,
    checked: Option<&Checked>,
    worst: Option<&BTreeMap<String, String>>,
    file: FileId,
    offset: usize,
) -> Option<(String, Span)> {
    let policy = checked.map(|c| &c.policy);
    let Some(place) = fresh.names.at(file, offset) else {
        let (word, span) = word(fresh, file, offset)?;
        return builtin(word).map(|said| (format!("`{word}`: {said}"), span));
    };
    let declared = fresh.names.declared.get(&place.key)?;
    let mut text = format!(
        "```failway\n{}\n```\n",
        code(fresh, &place.key, declared.whole)
    );
    if let Some(doc) = &declared.doc {
        text += &format!("\n{doc}\n");
    }
    if let Some(policy) = policy
        && let Some(more) = more(fresh, policy, &place.key)
    {
        text += &format!("\n{more}\n");
    }
    if place.key.kind == Kind::Flow
        && let Some(said) = worst.and_then(|w| w.get(&place.key.name))
    {
        text += &format!("\n{said}\n");
    }
    Some((text, place.span))
}

/// A declaration as it stands, brought to the left margin.
fn code(fresh: &Fresh, key: &Key, whole: Span) -> String {
    let sources = &fresh.loaded.sources;
    let text = sources.slice(whole);
    let file = sources.file(whole.file);
    let start = whole.start as usize;
    let line = file
        .line_range(file.line_index(start))
        .map_or(start, |r| r.start);
    let margin = file
        .text()
        .get(line..start)
        .map_or(0, |before| before.len() - before.trim_start().len());
    let mut lines: Vec<&str> = text
        .lines()
        .enumerate()
        .map(|(i, l)| {
            let blank = l.len() - l.trim_start().len();
            if i == 0 {
                l
            } else {
                l.get(margin.min(blank)..).unwrap_or(l)
            }
        })
        .collect();
    // Of a flow its head is enough, of an integration as well.
    let most = match key.kind {
        Kind::Flow | Kind::Integration => 1,
        _ => LINES_MAX,
    };
    if lines.len() > most {
        lines.truncate(most);
        return format!("{}\n  …", lines.join("\n"));
    }
    match key.kind {
        Kind::Param | Kind::Field | Kind::Variant | Kind::Outcome | Kind::Failure => {
            format!("{} {}", key.kind.words(), lines.join("\n"))
        }
        _ => lines.join("\n"),
    }
}

fn more(fresh: &Fresh, policy: &Policy, key: &Key) -> Option<String> {
    match key.kind {
        Kind::Action => {
            let full = key.full();
            let at = policy.actions.iter().position(|a| a.full_name == full)?;
            let action = policy.actions.get(at)?;
            Some(format!(
                "{}\n\n{}",
                outcomes(action),
                verdicts(fresh, policy, &full)
            ))
        }
        Kind::State => {
            let flow = policy.flows.iter().find(|f| f.name == key.scope)?;
            let state = flow.states.iter().find(|s| s.name == key.name)?;
            let names: Vec<String> = state
                .outcomes
                .iter()
                .map(|o| format!("`{}`", o.name))
                .collect();
            let most = hints::longest(policy, state);
            let most = most.map(|ms| format!("At most {} for one entry.", words::duration(ms)));
            let ends = (!names.is_empty())
                .then(|| format!("Its step can end in {}.", words::either(&names)));
            let said: Vec<String> = ends.into_iter().chain(most).collect();
            (!said.is_empty()).then(|| said.join(" "))
        }
        Kind::Local => {
            let flow = policy.flows.iter().find(|f| f.name == key.scope)?;
            let bound = flow.bindings.iter().find(|b| b.name == key.name)?;
            Some(format!("`{}`: {}", key.name, ty(policy, &bound.ty)))
        }
        Kind::Fact => {
            let fact = policy.facts.iter().find(|f| f.name == key.name)?;
            Some(format!(
                "`{}`: {}, or absent",
                key.name,
                ty(policy, &fact.ty)
            ))
        }
        _ => None,
    }
}

fn outcomes(action: &Action) -> String {
    let mut text = String::from("Its calls can end in `ok`");
    for failure in &action.failures {
        text += &format!(", `{}`", failure.name);
    }
    text += ", `timeout` or `malformed`; and, as the rules say, in `denied`, `limited`, `declined` or `expired`.";
    text += &format!(" Timeout: {}.", words::duration(action.timeout_ms));
    text
}

/// The most characters of a condition that are shown.
const CONDITION_MAX: usize = 100;

/// What the rules decide about an action: in the order in which verdicts win.
fn verdicts(fresh: &Fresh, policy: &Policy, full: &str) -> String {
    let mut lines = Vec::new();
    let mut allowed = false;
    for rule in &policy.rules {
        let about = |t: &crate::model::RuleTarget| policy.action(t.action).full_name == full;
        if !rule.targets.iter().any(about) {
            continue;
        }
        allowed |= matches!(rule.kind, RuleKind::Allow | RuleKind::Escalate { .. });
        let written = written(fresh, &rule.name);
        let when = written.and_then(|r| r.when.as_ref());
        let when = when.map(|cond| short(fresh.loaded.sources.slice(cond.span)));
        let always = |says: &str| match &when {
            Some(cond) => format!("{says} when `{cond}`"),
            None => says.to_string(),
        };
        let (place, said) = match &rule.kind {
            RuleKind::Deny => (0, always("denied")),
            RuleKind::Require => (
                1,
                match &when {
                    Some(cond) => format!("denied unless `{cond}`"),
                    None => "required".to_string(),
                },
            ),
            RuleKind::OrderBefore | RuleKind::OrderNever => (2, always("bound to an order")),
            RuleKind::Limit { .. } => (3, always("limited")),
            RuleKind::Escalate { .. } => {
                let role = written.and_then(|r| r.role.as_ref());
                let who = role.map_or(String::new(), |r| format!(" by `{}`", r.name));
                (4, always(&format!("needs approval{who}")))
            }
            RuleKind::Allow => (5, always("allowed")),
        };
        let why = rule.because.as_ref();
        let why = why.map_or(String::new(), |b| format!(": {b}"));
        lines.push((place, format!("- {said} (`{}`{why})", rule.name)));
    }
    lines.sort();
    let mut lines: Vec<String> = lines.into_iter().map(|(_, line)| line).collect();
    lines.push(match allowed {
        true => "- else denied: nothing allows it".to_string(),
        false => "- denied: nothing allows it".to_string(),
    });
    format!(
        "A call is, by the first that holds:\n\n{}",
        lines.join("\n")
    )
}

/// A rule as it stands in the text.
fn written<'f>(fresh: &'f Fresh, name: &str) -> Option<&'f tree::Rule> {
    let items = fresh.loaded.files.iter().flat_map(|f| &f.items);
    items
        .filter_map(|item| match &item.kind {
            tree::ItemKind::Rule(rule) => Some(rule),
            _ => None,
        })
        .find(|rule| rule.name.name == name)
}

/// A condition in one line.
fn short(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(CONDITION_MAX) {
        Some((at, _)) => format!("{}…", line.get(..at).unwrap_or_default()),
        None => line,
    }
}

/// A type in a few words.
pub(super) fn ty(policy: &Policy, of: &Type) -> String {
    match of {
        Type::Bool => "bool".to_string(),
        Type::Int { .. } => "int".to_string(),
        Type::Decimal { .. } => "decimal".to_string(),
        Type::String { .. } => "string".to_string(),
        Type::Duration { .. } => "duration".to_string(),
        Type::Time { .. } => "time".to_string(),
        Type::Date { .. } => "date".to_string(),
        Type::Instant { .. } => "instant".to_string(),
        Type::Enum(id) => policy
            .enums
            .get(id.index())
            .map_or_else(|| "an enum".to_string(), |e| e.name.clone()),
        Type::Record(id) => policy
            .records
            .get(id.index())
            .map_or_else(|| "a record".to_string(), |r| r.name.clone()),
        Type::List { element, .. } => format!("list of {}", ty(policy, element)),
    }
}

/// The word at a place that names nothing declared.
fn word(fresh: &Fresh, file: FileId, offset: usize) -> Option<(&str, Span)> {
    let text = fresh.loaded.sources.file(file).text();
    let part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let (before, after) = text.split_at_checked(offset)?;
    let start = before.trim_end_matches(part).len();
    let end = text.len() - after.trim_start_matches(part).len();
    let word = text.get(start..end)?;
    // Inside a comment a word is only a word.
    let line = before.rsplit('\n').next().unwrap_or_default();
    (!word.is_empty() && !line.contains("//")).then(|| (word, Span::new(file, start, end)))
}

/// What the language's own outcomes mean.
pub(super) fn builtin(word: &str) -> Option<&'static str> {
    Some(match word {
        "ok" => "the call succeeded, and its reply has the declared type",
        "timeout" => "no reply came in time; a write may have happened",
        "malformed" => "a reply came that is not of the declared type; a write may have happened",
        "denied" => "a rule refused the call: nothing was sent",
        "limited" => "a limit is used up: nothing was sent, and later it may be admitted",
        "declined" => "the approver said no",
        "expired" => "nobody approved in time",
        "stuck" => "the agent gave up, or `unwind` could not undo everything",
        "exhausted" => "the agent has used up its calls or its time",
        "answered" => "the person answered, and the answer has the declared type",
        "no_answer" => "the person didn't answer in time",
        "unclear" => "the answer is not of the declared type",
        "unreachable" => "the person could not be reached",
        "happened" => "the write has happened",
        "absent" => "the write has not happened; or, behind `is`: there is no value",
        "unknown" => "whether the write has happened could not be found out",
        "clean" => "everything is undone",
        _ => return None,
    })
}
