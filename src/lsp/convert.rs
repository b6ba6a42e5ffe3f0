//! Between the editor's positions and addresses, and ours.

use crate::source::{SourceFile, Span};
use lsp_types::{Position, Range, Uri};
use std::str::FromStr;

/// How the editor counts columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    Utf8,
    Utf16,
}

impl Encoding {
    fn width(self, c: char) -> usize {
        match self {
            Self::Utf8 => c.len_utf8(),
            Self::Utf16 => c.len_utf16(),
        }
    }

    fn of(self, text: &str) -> u32 {
        let width: usize = text.chars().map(|c| self.width(c)).sum();
        u32::try_from(width).unwrap_or(u32::MAX)
    }

    pub fn position(self, file: &SourceFile, offset: usize) -> Position {
        let mut offset = offset.min(file.text().len());
        while !file.text().is_char_boundary(offset) {
            offset -= 1;
        }
        let line = file.line_index(offset);
        let start = file.line_range(line).map_or(0, |r| r.start);
        let before = file.text().get(start..offset).unwrap_or_default();
        Position::new(u32::try_from(line).unwrap_or(u32::MAX), self.of(before))
    }

    pub fn range(self, file: &SourceFile, span: Span) -> Range {
        let range = span.range();
        Range::new(
            self.position(file, range.start),
            self.position(file, range.end),
        )
    }

    /// The byte at a position; one past the end of a line is its end.
    pub fn offset(self, file: &SourceFile, at: Position) -> usize {
        let Some(range) = file.line_range(at.line as usize) else {
            return file.text().len();
        };
        let line = file.text().get(range.clone()).unwrap_or_default();
        let line = line.trim_end_matches(['\n', '\r']);
        let mut left = at.character as usize;
        for (i, c) in line.char_indices() {
            let width = self.width(c);
            if left < width {
                return range.start + i;
            }
            left -= width;
        }
        range.start + line.len()
    }
}

/// The path of a `file:` address, `/` between its parts.
pub(super) fn path(uri: &Uri) -> Option<String> {
    let rest = uri.as_str().strip_prefix("file://")?;
    // What stands before the first slash is a machine's name, which is always this one.
    let rest = rest.get(rest.find('/')?..)?;
    let mut bytes = Vec::with_capacity(rest.len());
    let mut all = rest.bytes();
    while let Some(b) = all.next() {
        if b == b'%' {
            let digits = [all.next()?, all.next()?];
            let digits = std::str::from_utf8(&digits).ok()?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
        } else {
            bytes.push(b);
        }
    }
    let path = String::from_utf8(bytes).ok()?;
    // `/C:/…` is `C:/…`.
    let drive = path.as_bytes().get(2) == Some(&b':');
    Some(match path.strip_prefix('/') {
        Some(rest) if drive => rest.to_string(),
        _ => path,
    })
}

/// The address of a path.
pub(super) fn uri(path: &str) -> Option<Uri> {
    let mut text = String::from("file://");
    if !path.starts_with('/') {
        text.push('/');
    }
    for b in path.bytes() {
        match b {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' | b'~' => {
                text.push(char::from(b));
            }
            _ => text.push_str(&format!("%{b:02X}")),
        }
    }
    Uri::from_str(&text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_counted_as_the_editor_does() {
        let file = SourceFile::new("f", "a\n// 😀é x\r\nb");
        let at = |e: Encoding, offset| e.position(&file, offset);
        let x = file.text().find('x').unwrap();
        assert_eq!(at(Encoding::Utf8, x), Position::new(1, 10));
        assert_eq!(at(Encoding::Utf16, x), Position::new(1, 7));
        for encoding in [Encoding::Utf8, Encoding::Utf16] {
            for (offset, _) in file.text().char_indices() {
                if !matches!(file.text().as_bytes()[offset], b'\n' | b'\r') {
                    assert_eq!(encoding.offset(&file, at(encoding, offset)), offset);
                }
            }
            assert_eq!(encoding.offset(&file, Position::new(1, 99)), x + 1);
            assert_eq!(
                encoding.offset(&file, Position::new(9, 0)),
                file.text().len()
            );
        }
    }

    #[test]
    fn addresses_are_paths() {
        for (address, is) in [
            ("file:///a/b%20c/%C3%A9.failway", "/a/b c/é.failway"),
            ("file:///C%3A/x.failway", "C:/x.failway"),
        ] {
            let there = path(&Uri::from_str(address).unwrap()).unwrap();
            assert_eq!(there, is);
            assert_eq!(uri(&there).unwrap().as_str(), address);
        }
        assert_eq!(path(&Uri::from_str("untitled:One").unwrap()), None);
    }
}
