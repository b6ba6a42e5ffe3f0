//! What stands below each other: arrows of handlers, classes of ends, comments behind lines.

use super::print::Line;
use std::collections::BTreeMap;

/// Lines whose part before the arrow is wider than this stand apart, in Unicode scalar values.
const LEFT_MAX: usize = 72;

/// Lines wider than this have their comment directly behind them.
const COMMENTED_MAX: usize = 90;

/// Aligns the lines and joins them to a text.
pub(super) fn text(mut lines: Vec<Line>) -> String {
    marks(&mut lines);
    comments(&mut lines);
    let mut text = String::new();
    for line in &lines {
        if !line.text.is_empty() {
            text.push_str(&" ".repeat(line.indent));
            text.push_str(&line.text);
        }
        // What could not be read keeps the blanks at the ends of its lines, the others have none.
        if line.comment.is_some() {
            text.push_str(line.comment.as_deref().unwrap_or_default());
        }
        text.push('\n');
    }
    // A file ends with one line break; an empty one has none.
    let kept = text.trim_end_matches('\n').len();
    text.truncate(kept);
    if !text.is_empty() {
        text.push('\n');
    }
    text
}

fn marks(lines: &mut [Line]) {
    let left = |line: &Line, at: usize| {
        let before = line.text.get(..at).unwrap_or_default();
        before.chars().count()
    };
    let mut columns: BTreeMap<usize, usize> = BTreeMap::new();
    for line in lines.iter() {
        for &(at, run) in &line.marks {
            let width = left(line, at);
            if width <= LEFT_MAX {
                let column = columns.entry(run).or_default();
                *column = width.max(*column);
            }
        }
    }
    for line in lines {
        for (at, run) in std::mem::take(&mut line.marks) {
            let width = left(line, at);
            let column = columns.get(&run).copied().unwrap_or(0);
            if width <= LEFT_MAX && line.text.is_char_boundary(at) {
                line.text.insert_str(at, &" ".repeat(column - width));
            }
        }
    }
}

/// Puts the comments of neighbouring lines of one depth below each other.
fn comments(lines: &mut [Line]) {
    let width = |line: &Line| line.indent + line.text.chars().count();
    let mut at = 0;
    while at < lines.len() {
        let indent = lines.get(at).map_or(0, |l| l.indent);
        let run = lines
            .iter()
            .skip(at)
            .take_while(|l| l.comment.is_some() && l.indent == indent)
            .count();
        let run_lines = lines.get_mut(at..at + run).unwrap_or_default();
        let column = run_lines
            .iter()
            .map(&width)
            .filter(|&w| w <= COMMENTED_MAX)
            .max()
            .unwrap_or(0);
        for line in run_lines {
            let gap = column.saturating_sub(width(line)) + 2;
            line.text.push_str(&" ".repeat(gap));
        }
        at += run.max(1);
    }
}
