//! The forms that findings are given in, and writing those that are made at the end.

use super::super::Trouble;
use super::super::output::{Format, Output, Tally};
use crate::ci::baseline::Known;
use crate::ci::{Entry, github, gitlab, junit, sarif};
use crate::diagnostics::render_json;
use clap::ValueEnum;
use serde::Serialize;
use serde_json::{Value, json};
use std::io::Write;

/// The form of the findings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Form {
    /// Drawn, with the source
    #[default]
    Human,
    /// In ASCII, with the source
    Plain,
    /// One line each
    Short,
    /// As data, one document; see docs/json-output.md
    Json,
    /// As data, one line each
    JsonLines,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// GitHub's workflow commands, which become annotations
    Github,
    /// GitLab's report of code quality
    Gitlab,
    /// JUnit's XML, for what reads test reports
    Junit,
}

impl Form {
    /// How findings are printed as they come; `None` if they are collected for the end.
    pub(super) fn printed(self) -> Option<Format> {
        match self {
            Self::Human => Some(Format::Human),
            Self::Plain => Some(Format::Plain),
            Self::Short => Some(Format::Short),
            _ => None,
        }
    }
}

/// What a run has collected.
#[derive(Default)]
pub(super) struct Collected {
    /// A part for each policy.
    pub(super) suites: Vec<junit::Suite>,
    /// Findings in the form of `--format json`.
    pub(super) data: Vec<Value>,
    pub(super) unreadable: Vec<String>,
    pub(super) policies: usize,
    pub(super) files: usize,
    pub(super) tally: Tally,
    /// How many findings a comment allows.
    pub(super) allowed: usize,
    /// How many findings stand in the baseline.
    pub(super) known: usize,
    /// What stands in the baseline and was not found again.
    pub(super) resolved: Vec<Known>,
}

impl Collected {
    /// All findings, those that don't count included.
    fn entries(&self) -> Vec<Entry> {
        let suites = self.suites.iter();
        suites.flat_map(|s| s.entries.iter().cloned()).collect()
    }

    /// The findings that count.
    fn counting(&self) -> Vec<Entry> {
        let mut entries = self.entries();
        entries.retain(|e| e.excuse.is_none());
        entries
    }

    /// Writes what was collected, in a form that isn't printed as it comes.
    pub(super) fn write(
        &self,
        form: Form,
        strict: bool,
        compared: bool,
        out: &mut Output,
    ) -> Result<(), Trouble> {
        match form {
            Form::Human | Form::Plain | Form::Short => {}
            Form::Json => document(&self.document(), out)?,
            Form::JsonLines => {
                for finding in &self.data {
                    writeln!(out, "{finding}")?;
                }
            }
            Form::Sarif => {
                let log = sarif::log(&self.entries(), &self.unreadable, compared);
                document(&log, out)?;
            }
            Form::Gitlab => document(&gitlab::report(&self.counting()), out)?,
            Form::Junit => write!(out, "{}", junit::document(&self.suites, strict))?,
            Form::Github => {
                for entry in self.counting() {
                    write!(out, "{}", github::line(&entry))?;
                }
                for why in &self.unreadable {
                    write!(out, "{}", github::unreadable(why))?;
                }
            }
        }
        Ok(())
    }

    fn document(&self) -> Value {
        json!({
            "version": render_json::VERSION,
            "findings": self.data,
            "unreadable": self.unreadable,
            "summary": {
                "policies": self.policies,
                "files": self.files,
                "errors": self.tally.errors,
                "warnings": self.tally.warnings,
                "notes": self.tally.notes,
                "allowed": self.allowed,
                "known": self.known,
            },
            "resolved": self.resolved,
        })
    }
}

fn document(data: &impl Serialize, out: &mut Output) -> Result<(), Trouble> {
    serde_json::to_writer_pretty(&mut *out, data)
        .map_err(|e| Trouble::from(std::io::Error::from(e)))?;
    writeln!(out)?;
    Ok(())
}
