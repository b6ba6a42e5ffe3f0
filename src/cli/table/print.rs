//! Sheets as text, Markdown and CSV.

use crate::cli::Trouble;
use crate::cli::output::{Output, clean};
use std::io::Write;

/// One table of the review: an action, or a flow.
pub(in crate::cli) struct Sheet {
    pub(in crate::cli) kind: &'static str,
    pub(in crate::cli) name: String,
    /// What stands after the name.
    pub(in crate::cli) about: String,
    pub(in crate::cli) doc: Option<String>,
    pub(in crate::cli) columns: Vec<&'static str>,
    pub(in crate::cli) rows: Vec<Vec<String>>,
    /// Whether the first columns are left empty where the row above has the same.
    pub(in crate::cli) continued: bool,
    /// Lines below the rows.
    pub(in crate::cli) notes: Vec<String>,
}

/// The columns that a continued row leaves empty.
const CONTINUED: usize = 2;

impl Sheet {
    /// The sheet as it may go to a terminal.
    pub(in crate::cli) fn cleaned(mut self) -> Self {
        self.doc = self.doc.map(|d| clean(&d));
        for cell in self.rows.iter_mut().flatten().chain(&mut self.notes) {
            *cell = clean(cell);
        }
        self
    }
}

pub(super) fn text(out: &mut Output, sheets: &[Sheet]) -> Result<(), Trouble> {
    for (i, sheet) in sheets.iter().enumerate() {
        if i > 0 {
            writeln!(out)?;
        }
        let heading = out.paint("1", &format!("{} {}", sheet.kind, sheet.name));
        writeln!(out, "{heading}{}", sheet.about)?;
        for line in sheet.doc.iter().flat_map(|d| d.lines()) {
            writeln!(out, "  {}", out.paint("2", line))?;
        }
        let widths = widths(sheet);
        for row in &sheet.rows {
            let mut line = String::from(" ");
            for (k, cell) in row.iter().enumerate() {
                let last = k + 1 == row.len();
                let width = widths.get(k).copied().unwrap_or(0);
                if last {
                    line.push_str(&format!(" {cell}"));
                } else {
                    line.push_str(&format!(" {cell:<width$} "));
                }
            }
            writeln!(out, "{}", line.trim_end())?;
        }
        for note in &sheet.notes {
            writeln!(out, "  {}", out.paint("2", note))?;
        }
    }
    Ok(())
}

/// The widest cell of each column, up to a bound.
fn widths(sheet: &Sheet) -> Vec<usize> {
    const WIDEST: usize = 48;
    (0..sheet.columns.len())
        .map(|k| {
            let cells = sheet.rows.iter().filter_map(|r| r.get(k));
            let width = cells.map(|c| c.chars().count()).filter(|w| *w <= WIDEST);
            width.max().unwrap_or(0)
        })
        .collect()
}

pub(super) fn markdown(out: &mut Output, policy: &str, sheets: &[Sheet]) -> Result<(), Trouble> {
    writeln!(out, "# {policy}")?;
    let cell = |text: &str| text.replace('|', "\\|").replace('\n', " ");
    for sheet in sheets {
        writeln!(out, "\n## {} `{}`{}\n", sheet.kind, sheet.name, sheet.about)?;
        if let Some(doc) = &sheet.doc {
            writeln!(out, "{doc}\n")?;
        }
        writeln!(out, "| {} |", sheet.columns.join(" | "))?;
        writeln!(out, "|{}", " --- |".repeat(sheet.columns.len()))?;
        for row in &sheet.rows {
            let cells: Vec<String> = row.iter().map(|c| cell(c)).collect();
            writeln!(out, "| {} |", cells.join(" | "))?;
        }
        for note in &sheet.notes {
            writeln!(out, "\n{note}")?;
        }
    }
    Ok(())
}

pub(super) fn csv(out: &mut Output, sheets: &[Sheet]) -> Result<(), Trouble> {
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let quoted: Vec<String> = cells.map(quoted).collect();
        quoted.join(",")
    };
    let mut last: Option<&[&str]> = None;
    for sheet in sheets {
        if last != Some(sheet.columns.as_slice()) {
            let head = [sheet.kind];
            writeln!(
                out,
                "{}",
                line(&mut head.iter().chain(&sheet.columns).copied())
            )?;
            last = Some(&sheet.columns);
        }
        for row in filled(sheet) {
            let mut cells = std::iter::once(sheet.name.as_str()).chain(row);
            writeln!(out, "{}", line(&mut cells))?;
        }
    }
    Ok(())
}

/// Rows that each stand for themselves: what a row leaves out since the one above has it is
/// repeated.
pub(in crate::cli) fn filled(sheet: &Sheet) -> impl Iterator<Item = Vec<&str>> {
    let mut above: Vec<&str> = Vec::new();
    sheet.rows.iter().map(move |row| {
        let mut row: Vec<&str> = row.iter().map(String::as_str).collect();
        let left_out = row.iter().take_while(|c| c.is_empty()).count();
        if sheet.continued && left_out > 0 {
            for (cell, before) in row.iter_mut().zip(&above).take(CONTINUED) {
                *cell = before;
            }
        }
        above.clone_from(&row);
        row
    })
}

/// A cell as RFC 4180 has it.
fn quoted(cell: &str) -> String {
    if cell.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell.to_string()
    }
}
