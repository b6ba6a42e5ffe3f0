//! Inlay hints: the types of what flows bind, and how long each state can take.

use super::convert::Encoding;
use super::hover;
use super::names::Kind;
use super::server::Fresh;
use crate::Checked;
use crate::model::{Policy, State, Step};
use crate::source::FileId;
use crate::syntax::tree::{FlowItem, ItemKind};
use crate::words;
use lsp_types as lsp;
use std::ops::Range;

pub(super) fn of(
    fresh: &Fresh,
    checked: &Checked,
    file: FileId,
    within: &Range<usize>,
    encoding: Encoding,
) -> Vec<lsp::InlayHint> {
    let source = fresh.loaded.sources.file(file);
    let hint = |offset: usize, label: String, tip: String| lsp::InlayHint {
        position: encoding.position(source, offset),
        label: lsp::InlayHintLabel::String(label),
        kind: Some(lsp::InlayHintKind::TYPE),
        text_edits: None,
        tooltip: Some(lsp::InlayHintTooltip::String(tip)),
        padding_left: None,
        padding_right: None,
        data: None,
    };
    let mut all = Vec::new();
    let policy = &checked.policy;
    for place in &fresh.names.places {
        let end = place.span.range().end;
        if place.span.file != file || place.key.kind != Kind::Local || !place.declares {
            continue;
        }
        // A parameter, and what is asked, say their types themselves.
        let after = source.text().get(end..).unwrap_or_default().trim_start();
        if !within.contains(&end) || after.starts_with(':') || after.starts_with('?') {
            continue;
        }
        let flow = policy.flows.iter().find(|f| f.name == place.key.scope);
        let bound = flow.and_then(|f| f.bindings.iter().find(|b| b.name == place.key.name));
        if let Some(bound) = bound {
            let label = format!(": {}", hover::ty(policy, &bound.ty));
            all.push(hint(end, label, "what is bound here".to_string()));
        }
    }
    let tree = fresh.loaded.files.iter().find(|f| f.id == file);
    for item in tree.iter().flat_map(|t| &t.items) {
        let ItemKind::Flow(flow) = &item.kind else {
            continue;
        };
        let known = policy.flows.iter().find(|f| f.name == flow.name.name);
        for part in &flow.items {
            let FlowItem::State(state) = part else {
                continue;
            };
            let end = state.name.span.range().end;
            let known = known.and_then(|f| f.states.iter().find(|s| s.name == state.name.name));
            let most = known.and_then(|s| longest(policy, s));
            if within.contains(&end)
                && let Some(ms) = most
            {
                let tip = "the longest that one entry can take: every attempt as long as its timeout, every wait as long as it may be".to_string();
                all.push(hint(end, format!(" ≤ {}", words::duration(ms)), tip));
            }
        }
    }
    all.sort_by_key(|h| h.position);
    all
}

/// The longest that one entry of a state can take, in milliseconds: attempts and waits, approvals not
/// counted. None where that isn't said in the state alone.
pub(super) fn longest(policy: &Policy, state: &State) -> Option<i64> {
    let once = match &state.step {
        Step::Do(step) => policy.action(step.action).timeout_ms,
        Step::Agent(agent) => return agent.within_ms.map(|(ms, _)| ms),
        Step::Ask { within_ms, .. } => (*within_ms)?,
        Step::Choose { .. } | Step::Settle { .. } | Step::Unwind { .. } | Step::Run { .. } => {
            return None;
        }
    };
    let mut sum = once;
    for handler in &state.handlers {
        let Some(retry) = &handler.retry else {
            continue;
        };
        for k in 0..retry.count.min(1_000) {
            let wait = retry.backoff_ms.map_or(0, |(first, cap)| {
                let shift = u32::try_from(k).unwrap_or(62).min(40);
                first.saturating_mul(1_i64 << shift).min(cap)
            });
            sum = sum.saturating_add(once).saturating_add(wait);
        }
    }
    Some(sum)
}
