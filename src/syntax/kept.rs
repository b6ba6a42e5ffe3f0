//! A file that has been read, kept to read its next version by: after an edit, most of it is what it was.
//!
//! The grammar reads a file part by part, and what a whole part means depends on its own text and on the
//! word behind it. So the parts before and behind an edit are taken over, those behind it moved, and a
//! window of text around the edit is read. At both ends the window holds one whole part that has not
//! changed, so that what stands beside it there is seen. Parts with mistakes depend on more than that: the
//! window is made wide enough to hold them all. Wherever it isn't certain that reading the whole file would
//! give the same, the whole file is read; a test holds one against the other.

use super::build::{self, Builder, Part, PartKind};
use super::moved::{Move, Moves};
use super::tree::File;
use super::{Limits, keywords_once, scan};
use crate::diagnostics::Diagnostic;
use crate::source::FileId;

/// A text with its tree and findings, and where its parts are.
#[derive(Clone, Debug)]
pub struct Kept {
    text: String,
    /// None where the text wasn't read part by part.
    parts: Option<Vec<Part>>,
    /// The tree.
    pub file: File,
    /// What could not be read.
    pub findings: Vec<Diagnostic>,
}

impl Kept {
    /// Reads a text.
    #[must_use]
    pub fn new(file: FileId, text: &str) -> Self {
        let (tree, findings, parts) = super::read_parts(file, text, Limits::default());
        // Where a character was left out, the text that was read is another one.
        let parts = parts.filter(|_| scan::hidden(file, text).1.is_empty());
        Self {
            text: text.to_string(),
            parts,
            file: tree,
            findings,
        }
    }

    /// Reads another version of the text.
    #[must_use]
    pub fn again(&self, file: FileId, text: &str) -> Self {
        if self.file.id == file && self.text == text {
            return self.clone();
        }
        self.changed(file, text)
            .unwrap_or_else(|| Self::new(file, text))
    }

    /// What it comes to with most of it taken over, where that is certain.
    fn changed(&self, file: FileId, text: &str) -> Option<Self> {
        let old = self.parts.as_ref()?;
        if text.len() > super::MAX_BYTES
            || !scan::hidden(file, text).1.is_empty()
            || scan::too_deep(file, text).is_some()
        {
            return None;
        }
        let same = Same::of(&self.text, text);
        let by = text.len() as i64 - self.text.len() as i64;
        let moved = |at: usize| usize::try_from(at as i64 + by).ok();

        // Before: all parts but the last of those that are whole and unchanged.
        let whole = |p: &&Part| p.clean && p.range.end <= same.before;
        let before = old.iter().take_while(whole).count().saturating_sub(1);
        let start = match before {
            0 => 0,
            _ => old.get(before)?.range.start,
        };
        // Behind: all but the first.
        let since = self.text.len() - same.behind;
        let whole = |p: &&Part| p.clean && p.range.start > since;
        let behind = old.iter().rev().take_while(whole).count();
        let behind = behind.min(old.len() - before);
        let mut first = old.len() - behind;
        // One that surely ends whatever stands before it, at the beginning of a line.
        while old.get(first).is_some_and(|p| !ends_others(&self.text, p)) {
            first += 1;
        }
        let (guard, rest) = match (old.get(first), old.get(first + 1)) {
            (Some(guard), Some(next)) if begins_line(&self.text, next) => {
                (Some(moved(guard.range.start)?), first + 1)
            }
            _ => (None, old.len()),
        };
        let next = old.get(rest).map(|p| p.range.start);
        let end = match next {
            Some(at) => moved(at)?,
            None => text.len(),
        };
        // A brace that was left open would be closed there.
        if end < start || next.is_some() && closes_more(text.get(end..)?) {
            return None;
        }

        let mut builder = Builder::new(file, text, start, Limits::default());
        let head = old.get(..before)?;
        let tail = old.get(rest..)?;
        let is_header = |p: &Part| p.kind == PartKind::Header;
        let header = self.file.header.clone();
        let header = header.filter(|_| head.iter().any(is_header));
        let mut read = build::window(&mut builder, start..end, header)?;
        // The part that was to be the same at the end must have been found where it was.
        if let Some(guard) = guard {
            let last = read.parts.last()?;
            if !last.clean || last.range.start != guard {
                return None;
            }
        }
        if tail.iter().any(is_header) {
            if read.header.is_some() {
                return None;
            }
            read.header = self.file.header.clone();
            read.header.moves(Move { file, by });
        }

        let count = |parts: &[Part]| parts.iter().filter(|p| p.kind == PartKind::Item).count();
        let here = Move { file, by: 0 };
        let there = Move { file, by };
        let mut items = self.file.items.get(..count(head))?.to_vec();
        let skipped = self.file.items.len().checked_sub(count(tail))?;
        let mut later = self.file.items.get(skipped..)?.to_vec();
        later.moves(there);
        let known = &self.file.comments;
        let early = known.partition_point(|c| (c.span.start as usize) < start);
        let mut comments = known.get(..early)?.to_vec();
        let late = next.map_or(known.len(), |at| {
            known.partition_point(|c| (c.span.start as usize) < at)
        });
        let mut last = known.get(late..)?.to_vec();
        last.moves(there);
        if self.file.id != file {
            items.moves(here);
            comments.moves(here);
            read.header.moves(here);
        }
        items.extend(read.items);
        items.extend(later);
        comments.extend(builder.spanned_comments());
        comments.extend(last);
        let mut parts = head.to_vec();
        parts.extend(read.parts);
        for part in tail {
            let range = moved(part.range.start)?..moved(part.range.end)?;
            parts.push(Part {
                range,
                ..part.clone()
            });
        }
        Some(Self {
            text: text.to_string(),
            parts: Some(parts),
            file: File {
                id: file,
                header: read.header,
                items,
                comments,
                complete: builder.complete,
            },
            findings: keywords_once(builder.findings),
        })
    }
}

/// How many bytes at the beginning and at the end two texts have in common; never one byte for both.
struct Same {
    before: usize,
    behind: usize,
}

impl Same {
    fn of(old: &str, new: &str) -> Self {
        let (old, new) = (old.as_bytes(), new.as_bytes());
        let before = old.iter().zip(new).take_while(|(a, b)| a == b).count();
        let most = old.len().min(new.len()) - before;
        let pairs = old.iter().rev().zip(new.iter().rev());
        let behind = pairs.take(most).take_while(|(a, b)| a == b).count();
        Self { before, behind }
    }
}

fn begins_line(text: &str, part: &Part) -> bool {
    text.get(..part.range.start)
        .is_some_and(|before| before.ends_with('\n'))
}

/// Whether the beginning of a part ends what is broken before it (`item_shape` in the grammar).
fn ends_others(text: &str, part: &Part) -> bool {
    let own = text.get(part.range.clone()).unwrap_or_default();
    let mut lines = own.lines().map(str::trim_start);
    let first = lines.find(|l| !l.is_empty() && !l.starts_with("//"));
    let short = first.is_none_or(|l| l.starts_with("role") || l.starts_with("event"));
    begins_line(text, part) && !short
}

/// Whether a `}` in the text closes more than was opened in it, as `balanced` in the grammar counts.
fn closes_more(text: &str) -> bool {
    let bytes = text.as_bytes();
    let line_end = |from: usize| {
        let rest = bytes.get(from..).unwrap_or_default();
        rest.iter()
            .position(|&b| b == b'\n')
            .map_or(bytes.len(), |n| from + n)
    };
    let mut depth = 0usize;
    let mut at = 0;
    while let Some(&b) = bytes.get(at) {
        at += 1;
        match b {
            b'{' => depth += 1,
            b'}' => match depth.checked_sub(1) {
                Some(less) => depth = less,
                None => return true,
            },
            b'/' if bytes.get(at) == Some(&b'/') => at = line_end(at),
            b'"' => at = quoted_end(bytes, at, line_end(at)).unwrap_or(at),
            _ => {}
        }
    }
    false
}

/// Behind the quote that closes a text, if it is closed on its line.
fn quoted_end(bytes: &[u8], mut at: usize, line_end: usize) -> Option<usize> {
    while at < line_end {
        match bytes.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' if at + 1 < line_end => at += 2,
            _ => at += 1,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{FileId, Kept, Same};
    use std::fmt::Write;

    fn texts() -> Vec<String> {
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/examples");
        let mut found = Vec::new();
        for folder in std::fs::read_dir(root).unwrap().flatten() {
            for file in std::fs::read_dir(folder.path())
                .into_iter()
                .flatten()
                .flatten()
            {
                if file.path().extension().is_some_and(|e| e == "failway") {
                    found.push(std::fs::read_to_string(file.path()).unwrap());
                }
            }
        }
        found.sort();
        assert!(found.len() > 3);
        found
    }

    /// What is put in: what opens, closes, begins and breaks parts.
    const PIECES: &[&str] = &[
        "{",
        "}",
        "\"",
        "\n",
        " ",
        "//",
        "/// x\n",
        "/",
        "x",
        "allow",
        "allow a: b.c\n",
        "policy p\n",
        "event ",
        "role r\n",
        "flow f() {\n",
        "test \"t\" {\n",
        "  x.y -> ok\n",
        "expect deny\n",
        "(",
        ")",
        ",",
        "when ",
        "because \"b\"\n",
        "-> ",
        "`",
        "\\",
        "deny",
        "use \"a\"",
        "in",
        "}\n}\n",
        "é",
        "type T = int\n",
        "input in: bool\n",
        "{{",
        "\u{202e}",
        "\r\n",
    ];

    fn ranges(kept: &Kept) -> Vec<std::ops::Range<usize>> {
        kept.parts
            .iter()
            .flatten()
            .map(|p| p.range.clone())
            .collect()
    }

    fn boundary(text: &str, mut at: usize) -> usize {
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    }

    fn edit(random: &mut fastrand::Rng, text: &mut String) {
        let at = boundary(text, random.usize(..=text.len()));
        match random.u8(..8) {
            0..4 => text.insert_str(at, random.choice(PIECES).unwrap()),
            4 => {
                let end = boundary(text, (at + random.usize(..12)).min(text.len())).max(at);
                text.replace_range(at..end, "");
            }
            5 => {
                let end = boundary(text, (at + random.usize(..400)).min(text.len())).max(at);
                text.replace_range(at..end, random.choice(PIECES).unwrap());
            }
            6 => {
                let from = boundary(text, random.usize(..=text.len()));
                let end = boundary(text, (from + random.usize(..200)).min(text.len())).max(from);
                let copy = text[from..end].to_string();
                text.insert_str(at, &copy);
            }
            // As one types: at the end of a line.
            _ => {
                let at = text[at..].find('\n').map_or(text.len(), |n| at + n);
                text.insert_str(at, random.choice(PIECES).unwrap());
            }
        }
    }

    #[test]
    fn edits_give_what_reading_the_whole_gives() {
        let cases = std::env::var("FAILWAY_CASES")
            .ok()
            .and_then(|n| n.parse().ok());
        let mut random = fastrand::Rng::with_seed(7);
        let (mut taken, mut all) = (0, 0);
        for text in texts() {
            for _ in 0..cases.unwrap_or(1) {
                let mut now = text.clone();
                let mut kept = Kept::new(FileId(0), &now);
                for _ in 0..6 {
                    let before = now.clone();
                    edit(&mut random, &mut now);
                    taken += usize::from(kept.changed(FileId(0), &now).is_some());
                    all += 1;
                    kept = kept.again(FileId(0), &now);
                    let (tree, findings) = crate::syntax::parse(FileId(0), &now);
                    let mut said = String::new();
                    if format!("{:?}", kept.file) != format!("{tree:?}")
                        || format!("{:?}", kept.findings) != format!("{findings:?}")
                        || ranges(&kept) != ranges(&Kept::new(FileId(0), &now))
                    {
                        let same = Same::of(&before, &now);
                        let what = now.get(same.before..now.len() - same.behind);
                        write!(said, "{what:?} at {} of\n{before}", same.before).unwrap();
                        panic!("{said}");
                    }
                    // Most edits are mended again, as those of people are.
                    if random.u8(..3) > 0 {
                        now = before;
                        kept = kept.again(FileId(0), &now);
                    }
                }
            }
        }
        assert!(taken * 2 > all, "{taken} of {all} were read by parts");
    }

    #[test]
    fn a_file_with_another_number_has_it_everywhere() {
        let text = texts().remove(0);
        let kept = Kept::new(FileId(0), &text).again(FileId(3), &format!("{text}\n// x\n"));
        let (tree, _) = crate::syntax::parse(FileId(3), &format!("{text}\n// x\n"));
        assert_eq!(format!("{:?}", kept.file), format!("{tree:?}"));
    }
}
