//! What a name means, when one points at it.

use super::hints;
use super::names::{Key, Kind};
use super::server::Fresh;
use crate::Checked;
use crate::model::{Action, Policy, RuleKind, Type};
use crate::source::{FileId, Span};
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
        && let Some(more) = more(policy, &place.key)
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

fn more(policy: &Policy, key: &Key) -> Option<String> {
    match key.kind {
        Kind::Action => {
            let full = key.full();
            let at = policy.actions.iter().position(|a| a.full_name == full)?;
            let action = policy.actions.get(at)?;
            Some(format!(
                "{}\n\n{}",
                outcomes(action),
                verdicts(policy, &full)
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

/// The rules about an action, as a list.
fn verdicts(policy: &Policy, full: &str) -> String {
    let mut lines = Vec::new();
    for rule in &policy.rules {
        let about = rule
            .targets
            .iter()
            .any(|t| policy.action(t.action).full_name == full);
        if !about {
            continue;
        }
        let does = match &rule.kind {
            RuleKind::Allow => "allow",
            RuleKind::Deny => "deny",
            RuleKind::Require => "require",
            RuleKind::Escalate { .. } => "escalate",
            RuleKind::Limit { .. } => "limit",
            RuleKind::OrderBefore | RuleKind::OrderNever => "order",
        };
        let why = rule
            .because
            .as_ref()
            .map_or(String::new(), |b| format!(": {b}"));
        lines.push(format!("- {does} `{}`{why}", rule.name));
    }
    if lines.is_empty() {
        "No rule allows it.".to_string()
    } else {
        format!("Rules about it:\n\n{}", lines.join("\n"))
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
