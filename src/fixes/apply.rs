//! Applying edits: one fix, or all that agree with each other, round by round.

use super::{Edit, Fix, Overlay, offered, unread};
use crate::diagnostics::{Diagnostic, Repair, Trust};
use crate::source::{FileId, Sources};
use crate::{Checked, add_style, check_watched};
use std::collections::BTreeMap;

/// The most rounds: a fix may bring to light what another one fixes.
pub const ROUNDS_MAX: usize = 12;

/// The texts of the sources by name, with the edits applied; `None` if the edits overlap, or don't fit the
/// sources.
#[must_use]
pub fn apply(sources: &Sources, edits: &[Edit]) -> Option<BTreeMap<String, String>> {
    let mut texts = BTreeMap::new();
    for (id, file) in sources.files() {
        texts.insert(file.name().to_string(), text(sources, id, edits)?);
    }
    Some(texts)
}

fn text(sources: &Sources, id: FileId, edits: &[Edit]) -> Option<String> {
    let before = sources.file(id).text();
    let mut edits: Vec<&Edit> = edits.iter().filter(|e| e.span.file == id).collect();
    edits.sort();
    let mut made = String::with_capacity(before.len());
    let mut at = 0;
    for edit in edits {
        let range = edit.span.range();
        made.push_str(before.get(at..range.start)?);
        made.push_str(&edit.text);
        at = range.end;
    }
    made.push_str(before.get(at..)?);
    Some(made)
}

/// What came of applying fixes.
#[derive(Debug)]
pub struct Applied {
    /// The policy as it is then.
    pub checked: Checked,
    /// What was done, in order.
    pub done: Vec<Fix>,
    /// The files that are different.
    pub changed: BTreeMap<String, Change>,
}

/// A file that fixes change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Its text.
    pub before: String,
    /// Its text then.
    pub after: String,
}

/// Applies every fix that may be applied, in rounds: in each one those that touch different places, the
/// first first. A round that reads worse than the one before is not taken.
///
/// # Errors
/// Why the policy cannot be read, as a sentence for the user.
pub fn all(
    checked: Checked,
    with_style: bool,
    effort: u32,
    may: &dyn Fn(Trust) -> bool,
) -> Result<Applied, String> {
    let root = checked
        .sources
        .files()
        .next()
        .map(|(_, f)| f.name().to_string())
        .unwrap_or_default();
    let original = Overlay::of(&checked.sources);
    let mut now = checked;
    let mut done = Vec::new();
    for _ in 0..ROUNDS_MAX {
        let fixes = agreeing(&now, may);
        if fixes.is_empty() {
            break;
        }
        let Some((next, taken)) = round(&root, &now, fixes, with_style, effort)? else {
            break;
        };
        done.extend(taken);
        now = next;
    }
    let mut changed = BTreeMap::new();
    for (name, after) in Overlay::of(&now.sources).0 {
        if let Some(before) = original.0.get(&name)
            && *before != after
        {
            let before = before.clone();
            changed.insert(name, Change { before, after });
        }
    }
    Ok(Applied {
        checked: now,
        done,
        changed,
    })
}

/// The fixes that may be applied and touch different places.
fn agreeing(checked: &Checked, may: &dyn Fn(Trust) -> bool) -> Vec<Fix> {
    // What nothing leads to may be needed by a repair: it goes only when nothing else is to be done.
    let goes = |finding: &Diagnostic| {
        let drop = |r: &Repair| matches!(r, Repair::Drop { .. });
        finding.repairs.iter().any(drop)
    };
    for last in [false, true] {
        let mut taken: Vec<Fix> = Vec::new();
        for offer in offered(checked, &checked.findings, &|f| goes(f) == last) {
            let fix = offer.fix;
            if may(fix.trust) && !taken.iter().any(|t| touch(t, &fix)) {
                taken.push(fix);
            }
        }
        if !taken.is_empty() {
            return taken;
        }
    }
    Vec::new()
}

/// Whether two fixes have edits that overlap, or that begin where the other's end.
fn touch(a: &Fix, b: &Fix) -> bool {
    let near = |x: &Edit, y: &Edit| {
        x.span.file == y.span.file && x.span.start <= y.span.end && y.span.start <= x.span.end
    };
    a.edits.iter().any(|x| b.edits.iter().any(|y| near(x, y)))
}

/// One round: all fixes together, else, if that reads worse, the first alone.
fn round(
    root: &str,
    before: &Checked,
    fixes: Vec<Fix>,
    with_style: bool,
    effort: u32,
) -> Result<Option<(Checked, Vec<Fix>)>, String> {
    let broken = |findings: &[Diagnostic]| findings.iter().filter(|f| unread(f)).count();
    let mut tries = vec![fixes.clone()];
    if fixes.len() > 1 {
        tries.extend(fixes.into_iter().take(1).map(|f| vec![f]));
    }
    for fixes in tries {
        let edits: Vec<Edit> = fixes.iter().flat_map(|f| f.edits.clone()).collect();
        let Some(texts) = apply(&before.sources, &edits).map(Overlay) else {
            continue;
        };
        let mut after = check_watched(root, &texts, effort, &mut |_| {})?;
        if with_style {
            add_style(&mut after, root, &texts)?;
        }
        if broken(&after.findings) <= broken(&before.findings) {
            return Ok(Some((after, fixes)));
        }
    }
    Ok(None)
}
