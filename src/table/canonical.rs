//! Canonical JSON and its digest.
//!
//! RFC 8785, "JSON Canonicalization Scheme", for documents whose numbers are integers within
//! ±(2⁵³−1): names sorted by their UTF-16 code units, no blanks, the shortest escapes. Records and
//! sessions are written in the same way, with numbers of every kind ([`any_text`]).

use super::scalar::NUMBER_MAX;
use serde_json::{Number, Value};
use sha2::{Digest, Sha256};

/// How deep a document may nest. serde_json reads no more than 128 levels.
const DEPTH_MAX: usize = 128;

/// Why a value has no canonical form here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotCanonical {
    /// A number that isn't an integer within ±(2⁵³−1).
    Number,
    /// Deeper than 128 levels.
    Depth,
}

impl std::fmt::Display for NotCanonical {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Number => "it holds a number that is not an integer within ±(2^53 − 1)",
            Self::Depth => "it nests deeper than 128 levels",
        })
    }
}

impl std::error::Error for NotCanonical {}

/// The canonical text of a JSON value.
///
/// # Errors
/// If it holds a number outside the integers of RFC 8785, or nests too deep.
pub fn text(value: &Value) -> Result<String, NotCanonical> {
    let mut out = String::new();
    write(value, &mut out, 0, &whole_number)?;
    Ok(out)
}

/// The canonical text of a value that may hold numbers of every kind, written as RFC 8785 asks: the
/// shortest digits that give the same double.
///
/// # Errors
/// If it nests too deep.
pub fn any_text(value: &Value) -> Result<String, NotCanonical> {
    let mut out = String::new();
    write(value, &mut out, 0, &|n| Ok(number_text(n)))?;
    Ok(out)
}

/// A number as ECMAScript writes it.
#[must_use]
pub fn number_text(n: &Number) -> String {
    match whole_number(n) {
        Ok(text) => text,
        Err(_) => double_text(n.as_f64().unwrap_or(0.0)),
    }
}

/// ECMA-262, `Number::toString`, radix 10.
fn double_text(x: f64) -> String {
    if x == 0.0 {
        return "0".to_owned();
    }
    // Rust gives the shortest digits that read as the same double, as ECMAScript asks.
    let scientific = format!("{:e}", x.abs());
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let digits = mantissa.replace('.', "");
    let count = i32::try_from(digits.len()).unwrap_or(i32::MAX);
    let point = exponent.parse::<i32>().unwrap_or(0) + 1;
    let zeros = |n: i32| "0".repeat(usize::try_from(n).unwrap_or(0));
    let sign = if x < 0.0 { "-" } else { "" };
    let (head, tail) = digits.split_at(usize::try_from(point.clamp(0, count)).unwrap_or(0));
    match point {
        1..=21 if count <= point => format!("{sign}{digits}{}", zeros(point - count)),
        1..=21 => format!("{sign}{head}.{tail}"),
        -5..=0 => format!("{sign}0.{}{digits}", zeros(-point)),
        _ => {
            let (first, rest) = digits.split_at(1);
            let dot = if rest.is_empty() { "" } else { "." };
            let e = point - 1;
            let plus = if e < 0 { "" } else { "+" };
            format!("{sign}{first}{dot}{rest}e{plus}{e}")
        }
    }
}

/// `sha256:` and the hex digest of the canonical text.
///
/// # Errors
/// As for [`text`].
pub fn digest(value: &Value) -> Result<String, NotCanonical> {
    text(value).map(|t| digest_bytes(t.as_bytes()))
}

/// `sha256:` and the hex digest of some bytes.
#[must_use]
pub fn digest_bytes(bytes: &[u8]) -> String {
    use std::fmt::Write;
    let mut out = String::from("sha256:");
    for byte in Sha256::digest(bytes) {
        // Writing to a String never fails.
        let _ = write!(out, "{byte:02x}");
    }
    out
}

/// An integer within ±(2⁵³−1), the only kind of number in a table.
fn whole_number(n: &Number) -> Result<String, NotCanonical> {
    n.as_i64()
        .filter(|n| n.unsigned_abs() <= NUMBER_MAX.unsigned_abs())
        .map(|n| n.to_string())
        .ok_or(NotCanonical::Number)
}

/// The order of names in canonical JSON.
#[must_use]
pub fn order(a: &str, b: &str) -> std::cmp::Ordering {
    a.encode_utf16().cmp(b.encode_utf16())
}

fn write(
    value: &Value,
    out: &mut String,
    depth: usize,
    number: &dyn Fn(&Number) -> Result<String, NotCanonical>,
) -> Result<(), NotCanonical> {
    if depth > DEPTH_MAX {
        return Err(NotCanonical::Depth);
    }
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Number(n) => out.push_str(&number(n)?),
        Value::String(s) => write_string(s, out),
        Value::Array(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                write(item, out, depth + 1, number)?;
            }
            out.push(']');
        }
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by(|(a, _), (b, _)| order(a, b));
            out.push('{');
            for (i, (name, member)) in members.into_iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                write_string(name, out);
                out.push(':');
                write(member, out, depth + 1, number)?;
            }
            out.push('}');
        }
    }
    Ok(())
}

fn write_string(s: &str, out: &mut String) {
    out.push('"');
    for c in s.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\u{c}' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            c if c < ' ' => {
                out.push_str("\\u00");
                out.push(if c < '\u{10}' { '0' } else { '1' });
                out.push(char::from_digit(u32::from(c) % 16, 16).unwrap_or('0'));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn names_sort_by_utf16_code_units() {
        // The example of RFC 8785, section 3.2.3: U+1F600 comes before U+FB33 in UTF-16, after it
        // in UTF-8.
        let value = json!({
            "\u{20ac}": "Euro Sign", "\r": "Carriage Return", "\u{fb33}": "Hebrew Letter Dalet",
            "1": "One", "\u{1f600}": "Emoji: Grinning Face", "\u{80}": "Control", "\u{f6}": "o"
        });
        let text = text(&value).unwrap();
        let order: Vec<_> = [
            "Carriage", "One", "Control", "\"o\"", "Euro", "Emoji", "Hebrew",
        ]
        .iter()
        .map(|w| text.find(w).unwrap())
        .collect();
        assert!(order.is_sorted(), "{text}");
    }

    #[test]
    fn strings_use_the_shortest_escapes() {
        let value = json!("\u{20ac}$\u{f}\u{1f}\nA'B\"\\\"/\u{7f}\u{8}\u{c}\r\t");
        assert_eq!(
            text(&value).unwrap(),
            "\"€$\\u000f\\u001f\\nA'B\\\"\\\\\\\"/\u{7f}\\b\\f\\r\\t\""
        );
    }

    #[test]
    fn only_exact_integers_have_a_form() {
        assert_eq!(
            text(&json!([0, -5, NUMBER_MAX])).unwrap(),
            "[0,-5,9007199254740991]"
        );
        for wrong in [
            json!(0.5),
            json!(NUMBER_MAX + 1),
            json!(u64::MAX),
            json!(1.0),
        ] {
            assert_eq!(text(&wrong), Err(NotCanonical::Number));
        }
    }

    #[test]
    fn numbers_are_written_as_ecmascript_does() {
        for (x, text) in [
            (0.5, "0.5"),
            (-0.0, "0"),
            (5.0, "5"),
            (-12.25, "-12.25"),
            (1e21, "1e+21"),
            (1e20, "100000000000000000000"),
            (123_456_789_012_345_680_000.0, "123456789012345680000"),
            (1.5e300, "1.5e+300"),
            (0.000_001, "0.000001"),
            (0.000_000_1, "1e-7"),
            (1.25e-9, "1.25e-9"),
            (5e-324, "5e-324"),
            (9_007_199_254_740_992.0, "9007199254740992"),
        ] {
            assert_eq!(any_text(&json!(x)).unwrap(), text);
        }
        assert_eq!(any_text(&json!(u64::MAX)).unwrap(), "18446744073709552000");
        assert_eq!(any_text(&json!([-7, 1.0])).unwrap(), "[-7,1]");
    }

    #[test]
    fn deep_values_are_refused() {
        let deep = (0..200).fold(json!(1), |v, _| json!([v]));
        assert_eq!(text(&deep), Err(NotCanonical::Depth));
    }

    #[test]
    fn digests_are_the_published_ones() {
        assert_eq!(
            digest_bytes(b"abc"),
            "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }
}
