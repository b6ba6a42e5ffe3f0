//! How wide text is, and where it breaks. Drawings use a fixed-width font: of such fonts none is wider
//! than 0.61 of its size.

use textwrap::core::display_width;

/// The width of a line, in units of the drawing.
pub(super) fn width(line: &str, size: f64) -> f64 {
    let columns = u32::try_from(display_width(line)).unwrap_or(u32::MAX);
    f64::from(columns) * size * 0.61
}

/// The most lines of one part: the rest is left out, and told by `…`.
const LINES_MAX: usize = 4;

/// Longer names are broken.
const NAME_MAX: usize = 44;

/// Breaks text into lines of at most so many columns.
pub(super) fn wrapped(text: &str, columns: usize) -> Vec<String> {
    // A long name stays whole if it can.
    let longest = text.split(' ').map(display_width).max().unwrap_or(0);
    let columns = columns.max(longest.min(NAME_MAX));
    let options = textwrap::Options::new(columns)
        .break_words(true)
        .word_separator(textwrap::WordSeparator::AsciiSpace)
        .word_splitter(textwrap::WordSplitter::NoHyphenation);
    let mut lines: Vec<String> = textwrap::wrap(text, options)
        .into_iter()
        .map(|l| l.into_owned())
        .collect();
    if lines.len() > LINES_MAX {
        lines.truncate(LINES_MAX);
        if let Some(last) = lines.last_mut() {
            while display_width(last) + 2 > columns && last.pop().is_some() {}
            last.push_str(" …");
        }
    }
    lines
}

/// Text that can stand in XML or HTML, in quotes too: escaped, and without what XML has no way to say.
#[must_use]
pub fn xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' | '\t' => out.push(' '),
            c if wild(c) => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// Characters that mean nothing in a picture, or turn the direction of what stands around them.
pub(super) fn wild(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{fffe}' | '\u{ffff}')
}
