//! Names that only types tell the places of: fields, parameters, variants, failures. What the trees tell is
//! changed in a copy, the copy is checked, and where it then lacks the old name that one is changed too, until
//! the copy is as good as the policy was. So a rename that would miss a place is refused.

use super::names::{Key, Kind};
use super::project::Project;
use super::server::Fresh;
use crate::Checked;
use crate::diagnostics::{Diagnostic, Severity};
use crate::model::load::Loader;
use crate::source::{FileId, Sources, Span};
use std::collections::{BTreeMap, BTreeSet};

/// The most rounds; each finds all places of one kind of mistake.
const ROUNDS: usize = 12;

/// Whether the trees alone don't tell where such names stand.
pub(super) fn needs_types(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Field | Kind::Failure | Kind::Variant | Kind::Param
    )
}

/// All places of a name, `written` being what is to stand there.
///
/// # Errors
/// Why it can't be renamed, as a sentence for the user.
pub(super) fn places(fresh: &Fresh, key: &Key, written: &str) -> Result<Vec<Span>, String> {
    let sources = &fresh.loaded.sources;
    let project = Project::of(&fresh.root);
    let check = |spans: &BTreeSet<Span>| {
        let copy = Copy::of(sources, spans, written);
        project.check(&fresh.root, &copy)
    };
    let before = check(&BTreeSet::new()).ok_or("the policy cannot be read")?;
    let what = key.kind.words();
    let name = &key.name;
    if let Some(error) = errors(&before).next() {
        return Err(format!(
            "where the {what} `{name}` is used is told by checking: repair the errors first ({}: {})",
            error.code, error.message
        ));
    }
    let mut spans: BTreeSet<Span> = fresh.names.uses(key).map(|p| p.span).collect();
    for _ in 0..ROUNDS {
        let after = check(&spans).ok_or("the policy cannot be read")?;
        let Some(error) = errors(&after).next() else {
            if codes(&after) != codes(&before) {
                let why = format!("`{written}` would change what is found in the policy");
                return Err(why);
            }
            return Ok(spans.into_iter().collect());
        };
        let copy = Copy::of(sources, &spans, written);
        let known = spans.len();
        for label in errors(&after).flat_map(|d| &d.labels) {
            if let Some(place) = copy.back(label.span) {
                spans.extend(words(sources, place, name));
            }
        }
        if spans.len() == known {
            let source = after.sources.file(error.span().file);
            let at = source.line_col(error.span().start);
            return Err(format!(
                "with `{written}` for the {what} `{name}` there would be an error, {} in line {} of `{}`: {}",
                error.code,
                at.line,
                source.name(),
                error.message
            ));
        }
    }
    Err(format!(
        "it can't be told where the {what} `{name}` is used: there are too many kinds of places"
    ))
}

fn errors(checked: &Checked) -> impl Iterator<Item = &Diagnostic> {
    let error = |d: &&Diagnostic| d.severity == Severity::Error;
    checked.findings.iter().filter(error)
}

fn codes(checked: &Checked) -> Vec<crate::diagnostics::Code> {
    let mut codes: Vec<_> = checked.findings.iter().map(|d| d.code).collect();
    codes.sort();
    codes
}

/// Where the name stands as a word in a range.
fn words(sources: &Sources, within: Span, name: &str) -> Vec<Span> {
    let text = sources.file(within.file).text();
    let inside = text.get(within.range()).unwrap_or_default();
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let start = within.start as usize;
    let found = inside.match_indices(name).filter(|(at, _)| {
        let before = inside.get(..*at).unwrap_or_default();
        let after = inside.get(at + name.len()..).unwrap_or_default();
        !before.ends_with(is_word) && !after.starts_with(is_word)
    });
    found
        .map(|(at, _)| Span::new(within.file, start + at, start + at + name.len()))
        .collect()
}

/// The policy's files with the name changed in some places.
struct Copy {
    texts: BTreeMap<String, String>,
    /// The places, and how long what stands there now is.
    spans: BTreeMap<FileId, Vec<Span>>,
    length: usize,
}

impl Copy {
    fn of(sources: &Sources, spans: &BTreeSet<Span>, written: &str) -> Self {
        let mut by: BTreeMap<FileId, Vec<Span>> = BTreeMap::new();
        for span in spans {
            by.entry(span.file).or_default().push(*span);
        }
        let changed = |id: FileId, text: &str| {
            let mut text = text.to_string();
            for span in by.get(&id).into_iter().flatten().rev() {
                if text.get(span.range()).is_some() {
                    text.replace_range(span.range(), written);
                }
            }
            text
        };
        let files = sources.files();
        Self {
            texts: files
                .map(|(id, f)| (f.name().to_string(), changed(id, f.text())))
                .collect(),
            spans: by,
            length: written.len(),
        }
    }

    /// The range of the policy as it is that became this one. The files have the same numbers in both.
    fn back(&self, span: Span) -> Option<Span> {
        let at = |place: usize| {
            let mut gone = 0i64;
            for known in self.spans.get(&span.file).into_iter().flatten() {
                let start = known.start as i64 + gone;
                if start + self.length as i64 > place as i64 {
                    break;
                }
                gone += self.length as i64 - known.range().len() as i64;
            }
            usize::try_from(place as i64 - gone).ok()
        };
        let range = span.range();
        Some(Span::new(span.file, at(range.start)?, at(range.end)?))
    }
}

impl Loader for Copy {
    fn load(&self, path: &str) -> Result<Vec<u8>, String> {
        let text = self.texts.get(path).ok_or("there is no such file")?;
        Ok(text.clone().into_bytes())
    }
}
