//! What tests have reached, as words, as JSON, and as LCOV.

use crate::cli::Trouble;
use crate::cli::output::{Output, clean};
use crate::model::Policy;
use crate::source::{Sources, Span};
use crate::testing::coverage::{Coverage, Item, KINDS};
use clap::ValueEnum;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::Write;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum CoverageFormat {
    /// In words, after the tests
    Text,
    /// One JSON document, in place of the tests
    Json,
    /// A tracefile: rules, states and ends as lines, verdicts, transitions and retries as branches
    Lcov,
}

/// The coverage of one policy.
pub(super) struct Covered {
    file: String,
    coverage: Coverage,
    /// Where things are declared: name of the file, and line.
    places: BTreeMap<Item, (String, u32)>,
}

impl Covered {
    pub(super) fn new(file: &str, coverage: Coverage, policy: &Policy, sources: &Sources) -> Self {
        let place = |span: Span| {
            let at = sources.file(span.file);
            (at.name().to_owned(), at.line_col(span.start).line)
        };
        let find = |item: &Item| match item {
            Item::Rule { rule } | Item::Verdict { rule, .. } => policy
                .rules
                .iter()
                .find(|r| r.name == *rule)
                .map(|r| r.span),
            Item::State { state, .. }
            | Item::Transition { state, .. }
            | Item::Retry { state, .. } => {
                // A state that another flow runs bears the names of those who run it.
                let own = state
                    .rsplit_once('/')
                    .map_or(state.as_str(), |(_, own)| own);
                let inlined = own != state;
                let flows = policy.flows.iter().filter(|f| match item {
                    Item::State { flow, .. }
                    | Item::Transition { flow, .. }
                    | Item::Retry { flow, .. } => inlined || f.name == *flow,
                    _ => false,
                });
                let mut states = flows.flat_map(|f| &f.states);
                states.find(|s| s.name == own).map(|s| s.name_span)
            }
            Item::End { flow, end } => {
                let flow = policy.flows.iter().find(|f| f.name == *flow);
                flow.and_then(|f| f.ends.iter().find(|e| e.name == *end))
                    .map(|e| e.name_span)
            }
        };
        let places = coverage.items().filter_map(|(item, _)| {
            let span = find(item)?;
            Some((item.clone(), place(span)))
        });
        Self {
            file: file.to_owned(),
            places: places.collect(),
            coverage,
        }
    }
}

/// The share of all policies together, in percent. Of nothing it is all.
pub(super) fn percent(all: &[Covered]) -> f64 {
    let sums = all.iter().map(|c| c.coverage.reached(None));
    let (reached, of) = sums.fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    share(reached, of)
}

#[allow(clippy::cast_precision_loss)] // far below 2⁵³
fn share(reached: usize, of: usize) -> f64 {
    if of == 0 {
        return 100.0;
    }
    100.0 * reached as f64 / of as f64
}

pub(super) fn print(
    out: &mut Output,
    format: CoverageFormat,
    all: &[Covered],
) -> Result<(), Trouble> {
    match format {
        CoverageFormat::Text => all.iter().try_for_each(|c| in_words(out, c)),
        CoverageFormat::Lcov => all.iter().try_for_each(|c| as_lcov(out, c)),
        CoverageFormat::Json => {
            let files: Vec<Value> = all.iter().map(as_json).collect();
            writeln!(
                out,
                "{}",
                json!({"percent": percent(all), "policies": files})
            )?;
            Ok(())
        }
    }
}

fn in_words(out: &mut Output, covered: &Covered) -> Result<(), Trouble> {
    let (reached, of) = covered.coverage.reached(None);
    let percent = share(reached, of);
    writeln!(
        out,
        "\ncoverage of {}: {reached} of {of} ({percent:.1}%)",
        covered.file
    )?;
    for kind in KINDS {
        let (reached, of) = covered.coverage.reached(Some(kind));
        if of > 0 {
            let plural = if kind == "retry" {
                "retries".to_owned()
            } else {
                format!("{kind}s")
            };
            writeln!(out, "  {plural:<12}{reached:>5} of {of}")?;
        }
    }
    let left = covered.coverage.items().filter(|(_, n)| *n == 0);
    for (i, (item, _)) in left.enumerate() {
        if i == 0 {
            writeln!(out, "not reached:")?;
        }
        let place = covered.places.get(item);
        let place = place
            .map(|(file, line)| format!("  ({file}:{line})"))
            .unwrap_or_default();
        let line = format!("  {:<12}{item}{place}", item.kind());
        writeln!(out, "{}", clean(&line))?;
    }
    Ok(())
}

fn as_json(covered: &Covered) -> Value {
    let (reached, of) = covered.coverage.reached(None);
    let items = covered.coverage.items().map(|(item, n)| {
        let place = covered.places.get(item);
        json!({
            "kind": item.kind(),
            "what": item.to_string(),
            "count": n,
            "file": place.map(|p| &p.0),
            "line": place.map(|p| p.1),
        })
    });
    json!({
        "file": covered.file,
        "reached": reached,
        "of": of,
        "items": items.collect::<Vec<_>>(),
    })
}

fn as_lcov(out: &mut Output, covered: &Covered) -> Result<(), Trouble> {
    let mut files: BTreeMap<&str, Vec<(u32, &Item, u64)>> = BTreeMap::new();
    for (item, n) in covered.coverage.items() {
        if let Some((file, line)) = covered.places.get(item) {
            files.entry(file).or_default().push((*line, item, n));
        }
    }
    for (file, items) in files {
        writeln!(out, "TN:\nSF:{file}")?;
        // Several things may be declared on a line.
        let mut lines: BTreeMap<u32, u64> = BTreeMap::new();
        let mut branches: BTreeMap<u32, Vec<u64>> = BTreeMap::new();
        for (line, item, n) in items {
            match item {
                Item::Rule { .. } | Item::State { .. } | Item::End { .. } => {
                    let sum = lines.entry(line).or_default();
                    *sum = sum.saturating_add(n);
                }
                _ => branches.entry(line).or_default().push(n),
            }
        }
        for (line, taken) in &branches {
            for (branch, n) in taken.iter().enumerate() {
                writeln!(out, "BRDA:{line},0,{branch},{n}")?;
            }
        }
        let all = branches.values().flatten();
        let hit = all.clone().filter(|n| **n > 0).count();
        writeln!(out, "BRF:{}\nBRH:{hit}", all.count())?;
        for (line, n) in &lines {
            writeln!(out, "DA:{line},{n}")?;
        }
        let hit = lines.values().filter(|n| **n > 0).count();
        writeln!(out, "LF:{}\nLH:{hit}\nend_of_record", lines.len())?;
    }
    Ok(())
}
