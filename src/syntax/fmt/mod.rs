//! The formatter: one style for every file.
//!
//! A pretty printer in the manner of Wadler ("A prettier printer", 2003) over the tokens that the
//! grammar has read: `tokens` cuts the text into tokens with their comments and keeps the grammar's
//! nesting, `layout` says where a line may, must or should break, `print` fits that into the
//! width, and `align` puts arrows, classes of ends and trailing comments below each other.
//!
//! INVARIANT: only blanks, line breaks and the comma before a closing bracket change. The result is
//! read again and compared before it is given out, so a fault of the formatter can never change what
//! a policy means, nor lose a comment.
//!
//! What the grammar could not read is one token, kept as it was written.

mod align;
mod layout;
mod print;
mod tokens;

use super::grammar::{Grammar, Rule};
use super::{MAX_BYTES, scan};
use crate::source::FileId;
use pest::Parser;
use std::fmt;
use tokens::{Kind, Tokens};

/// Lines are broken so as not to be wider than this, in Unicode scalar values.
pub const WIDTH: usize = 120;

/// Blanks per level.
pub const INDENT: usize = 2;

/// Why a file is left as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// It is larger than any file that the compiler reads.
    TooLarge,
    /// It is nested too deeply to be read.
    TooDeep,
    /// It holds characters that editors don't show, which would be lost or moved.
    Hidden,
    /// The result would not be read as the same policy: a fault of the formatter, or a file so broken
    /// that moving its sound parts changes how the others are read.
    Unsure,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLarge => "it is larger than any file that is read",
            Self::TooDeep => "it is nested too deeply",
            Self::Hidden => {
                "it holds characters that editors don't show; `failway check` names them"
            }
            Self::Unsure => "it is too broken to be taken apart safely; `failway check` says where",
        })
    }
}

/// The text in the one style. Lines end as the first line of the text does.
///
/// # Errors
/// Why the text is to be left as it is.
pub fn format(text: &str) -> Result<String, Refused> {
    if text.len() > MAX_BYTES {
        return Err(Refused::TooLarge);
    }
    let crlf = text
        .find('\n')
        .is_some_and(|at| text.get(..at).is_some_and(|line| line.ends_with('\r')));
    let unix = text.replace("\r\n", "\n");
    if unix.contains('\r') {
        return Err(Refused::Hidden);
    }
    let before = read(&unix)?;
    let made = print::print(layout::file(&before), &before);
    let made = align::text(made);
    if !same(&before, &read(&made).map_err(|_| Refused::Unsure)?) {
        return Err(Refused::Unsure);
    }
    Ok(if crlf {
        made.replace('\n', "\r\n")
    } else {
        made
    })
}

fn read(text: &str) -> Result<Tokens<'_>, Refused> {
    let (_, hidden) = scan::hidden(FileId(0), text);
    if !hidden.is_empty() {
        return Err(Refused::Hidden);
    }
    if scan::too_deep(FileId(0), text).is_some() {
        return Err(Refused::TooDeep);
    }
    let pair = Grammar::parse(Rule::file, text)
        .ok()
        .and_then(|mut pairs| pairs.next())
        .ok_or(Refused::Unsure)?;
    Ok(tokens::read(text, &pair))
}

/// Whether both are the same but for blanks, line breaks and commas before a closing bracket.
fn same(a: &Tokens<'_>, b: &Tokens<'_>) -> bool {
    let words = |t: &Tokens<'_>| -> Vec<(Kind, String)> {
        let closes = |at: usize| {
            t.all
                .get(at)
                .is_some_and(|next| matches!(next.text, ")" | "]" | "}"))
        };
        t.all
            .iter()
            .enumerate()
            .filter(|(at, token)| token.text != "," || !closes(at + 1))
            .map(|(_, token)| (token.kind, token.text.trim_end().to_string()))
            .collect()
    };
    let comments = |t: &Tokens<'_>| -> Vec<String> {
        t.all
            .iter()
            .flat_map(|token| token.leading.iter().map(|c| c.text).chain(token.trailing))
            .map(str::to_string)
            .collect()
    };
    words(a) == words(b) && comments(a) == comments(b)
}

#[cfg(test)]
mod tests;
