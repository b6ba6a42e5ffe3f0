//! Signature help: the parameters of what is being called.

use super::names::{Key, Kind};
use super::server::Fresh;
use crate::source::FileId;
use crate::syntax::tree::{ItemKind, Param};
use lsp_types as lsp;

/// How far back the call is looked for, in bytes.
const REACH: usize = 4_000;

pub(super) fn at(fresh: &Fresh, file: FileId, offset: usize) -> Option<lsp::SignatureHelp> {
    let text = fresh.loaded.sources.file(file).text();
    let mut from = offset.saturating_sub(REACH);
    while !text.is_char_boundary(from) {
        from += 1;
    }
    let before = text.get(from..offset)?;
    let open = open_bracket(before)?;
    let part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
    let head = before.get(..open)?.trim_end();
    let callee = head.rsplit(|c: char| !part(c)).next()?;
    let inner = before.get(open + 1..)?;
    let (label, params, doc) = signature(fresh, callee)?;
    let mut at = label.find('(').map_or(0, |n| n + 1);
    let mut parameters = Vec::new();
    for param in &params {
        let end = at + param.chars().map(char::len_utf16).sum::<usize>();
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        parameters.push(lsp::ParameterInformation {
            label: lsp::ParameterLabel::LabelOffsets([number(at), number(end)]),
            documentation: None,
        });
        at = end + 2;
    }
    Some(lsp::SignatureHelp {
        signatures: vec![lsp::SignatureInformation {
            label,
            documentation: doc.map(lsp::Documentation::String),
            parameters: Some(parameters),
            active_parameter: None,
        }],
        active_signature: Some(0),
        active_parameter: active(inner, &params),
    })
}

/// The bracket that is open at the end, texts and comments left out.
fn open_bracket(before: &str) -> Option<usize> {
    let mut stack = Vec::new();
    let mut start = 0;
    for line in before.split_inclusive('\n') {
        let mut quoted = false;
        let mut escaped = false;
        for (i, c) in line.char_indices() {
            match c {
                _ if escaped => escaped = false,
                '\\' if quoted => escaped = true,
                '"' => quoted = !quoted,
                '/' if !quoted && line.get(i..).is_some_and(|r| r.starts_with("//")) => break,
                '(' | '{' | '[' if !quoted => stack.push((c, start + i)),
                ')' | '}' | ']' if !quoted => {
                    stack.pop();
                }
                _ => {}
            }
        }
        start += line.len();
    }
    // Within a value in braces or brackets the call around it is still the one that is meant; a block
    // of declarations ends it.
    while let Some((c, at)) = stack.pop() {
        let line = before.get(..at)?.rsplit('\n').next()?;
        match c {
            '(' => return Some(at),
            '{' if !line.contains('(') => return None,
            _ => {}
        }
    }
    None
}

/// The parameter that is being given: by its name, else by the commas before it.
fn active(inner: &str, params: &[String]) -> Option<u32> {
    let mut depth = 0;
    let mut last = 0;
    let mut commas = 0;
    for (i, c) in inner.char_indices() {
        match c {
            '(' | '{' | '[' => depth += 1,
            ')' | '}' | ']' => depth -= 1,
            ',' if depth == 0 => {
                commas += 1;
                last = i + 1;
            }
            _ => {}
        }
    }
    let now = inner.get(last..)?.trim_start();
    let name = now
        .split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
        .next()?;
    let named = params
        .iter()
        .position(|p| now.contains(':') && p.split([':', '?', ' ']).next() == Some(name));
    u32::try_from(named.unwrap_or(commas)).ok()
}

/// The call as it is declared, its parameters, and its documentation.
fn signature(fresh: &Fresh, callee: &str) -> Option<(String, Vec<String>, Option<String>)> {
    let sources = &fresh.loaded.sources;
    let text = |p: &Param| {
        let said: Vec<&str> = sources.slice(p.field.span).split_whitespace().collect();
        said.join(" ")
    };
    let items = || fresh.loaded.files.iter().flat_map(|f| &f.items);
    if let Some((owner, name)) = callee.split_once('.') {
        let declared = fresh
            .names
            .declared
            .get(&Key::new(Kind::Action, owner, name))?;
        let action = items().find_map(|i| match &i.kind {
            ItemKind::Integration(integration) if integration.name.name == owner => {
                integration.actions.iter().find(|a| a.name.name == name)
            }
            _ => None,
        })?;
        let params: Vec<String> = action.params.iter().map(text).collect();
        let result = action.result.as_ref();
        let result = result.map_or(String::new(), |r| format!(" -> {}", sources.slice(r.span)));
        let label = format!("{callee}({}){result}", params.join(", "));
        return Some((label, params, declared.doc.clone()));
    }
    let declared = fresh
        .names
        .declared
        .get(&Key::new(Kind::Flow, "", callee))?;
    let flow = items().find_map(|i| match &i.kind {
        ItemKind::Flow(flow) if flow.name.name == callee => Some(flow),
        _ => None,
    })?;
    let params: Vec<String> = flow.params.iter().map(text).collect();
    let label = format!("{callee}({})", params.join(", "));
    Some((label, params, declared.doc.clone()))
}
