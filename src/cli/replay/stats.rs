//! What a log says, counted: verdicts per rule, outcomes per action, ends per flow.

use crate::cli::Trouble;
use crate::cli::output::{Output, clean};
use crate::runtime::{Position, Record, Trace};
use crate::table::Table;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::Write;

/// Counts of pairs of names. What a record may name at will is bounded in number.
type Counts = BTreeMap<(String, String), u64>;

const NAMES_MAX: usize = 10_000;

pub(super) struct Stats {
    /// By rule, and verdict.
    rules: Counts,
    /// By action, and outcome.
    outcomes: Counts,
    /// By flow, and end with its class.
    ends: Counts,
    /// Rules of the table.
    known: Vec<String>,
}

impl Stats {
    pub(super) fn of(table: &Table) -> Self {
        Self {
            rules: Counts::new(),
            outcomes: Counts::new(),
            ends: Counts::new(),
            known: table.body().rules.iter().map(|r| r.name.clone()).collect(),
        }
    }

    pub(super) fn add(&mut self, record: &Record) {
        for trace in &record.trace {
            match trace {
                Trace::Decided { verdict, .. } => {
                    let rule = verdict.rule.as_deref().unwrap_or("no rule named");
                    add(&mut self.rules, rule, verdict.verdict.word());
                }
                Trace::Replied {
                    action, outcome, ..
                } => add(&mut self.outcomes, action, outcome),
                Trace::Ended { end, class, .. } => {
                    let flow = match &record.position {
                        Position::End { flow, .. } | Position::State { flow, .. } => flow,
                        Position::Gate {} => "",
                    };
                    add(&mut self.ends, flow, &format!("{end} ({class})"));
                }
                _ => {}
            }
        }
    }

    /// Rules of the table that decided nothing.
    fn silent(&self) -> Vec<&str> {
        let decided = |name: &str| self.rules.keys().any(|(rule, _)| rule == name);
        let known = self.known.iter().map(String::as_str);
        known.filter(|name| !decided(name)).collect()
    }

    pub(super) fn in_words(&self, out: &mut Output) -> Result<(), Trouble> {
        for (title, counts) in [
            ("verdicts per rule", &self.rules),
            ("outcomes per action", &self.outcomes),
            ("ends per flow", &self.ends),
        ] {
            if counts.is_empty() {
                continue;
            }
            writeln!(out, "\n{title}")?;
            let width = counts.keys().map(|(name, _)| name.chars().count()).max();
            let width = width.unwrap_or(0).min(40);
            for ((name, what), n) in counts {
                writeln!(out, "  {n:>9}  {:width$}  {}", clean(name), clean(what))?;
            }
        }
        let silent = self.silent();
        if !silent.is_empty() {
            writeln!(
                out,
                "\nrules that decided nothing: {}",
                clean(&silent.join(", "))
            )?;
        }
        Ok(())
    }

    pub(super) fn as_json(&self) -> Value {
        let nested = |counts: &Counts| {
            let mut out: BTreeMap<&str, BTreeMap<&str, u64>> = BTreeMap::new();
            for ((name, what), n) in counts {
                out.entry(name).or_default().insert(what, *n);
            }
            json!(out)
        };
        json!({
            "rules": nested(&self.rules),
            "outcomes": nested(&self.outcomes),
            "ends": nested(&self.ends),
            "silent": self.silent(),
        })
    }
}

fn add(counts: &mut Counts, name: &str, what: &str) {
    let mut key = (name.to_owned(), what.to_owned());
    if counts.len() >= NAMES_MAX && !counts.contains_key(&key) {
        key = ("others".to_owned(), String::new());
    }
    let n = counts.entry(key).or_default();
    *n = n.saturating_add(1);
}
