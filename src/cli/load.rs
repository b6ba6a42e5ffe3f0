//! Getting hold of a table, from its own file or by compiling a source, and of JSON arguments.

use super::Trouble;
use super::files::{self, Disk};
use super::output::{Format, Output};
use crate::table::{Table, strict};
use serde_json::{Map, Value};
use std::path::Path;

/// The table in a file, or the one that a source compiles to. None if the source has errors, which
/// were shown.
pub(super) fn table(file: &str, out: &mut Output) -> Result<Option<Table>, Trouble> {
    let disk = Disk::new(file == "-")?;
    let name = files::the_policy(file)?;
    let file = name.as_str();
    if file != files::STDIN && (file.ends_with(".json") || begins_as_json(file)?) {
        let bytes = files::read(Path::new(file), crate::table::read::SIZE_MAX)
            .map_err(|why| Trouble::new(format!("`{file}` cannot be read: {why}")))?;
        let table = Table::read(&bytes).map_err(|e| Trouble::new(format!("`{file}`: {e}")))?;
        return Ok(Some(table));
    }
    let (checked, table) = crate::compile(file, &disk)
        .map_err(|why| Trouble::new(format!("`{file}` cannot be read: {why}")))?;
    if table.is_none() {
        out.report(&checked.sources, &checked.findings, Format::Human)?;
    }
    Ok(table)
}

/// Whether the file's first character is that of a JSON object.
fn begins_as_json(file: &str) -> Result<bool, Trouble> {
    use std::io::Read;
    let trouble = |e: std::io::Error| {
        let why = match e.kind() {
            std::io::ErrorKind::NotFound => "there is no such file".to_string(),
            _ => e.to_string(),
        };
        Trouble::new(format!("`{file}` cannot be read: {why}"))
    };
    let mut start = [0_u8; 64];
    let n = std::fs::File::open(file)
        .and_then(|mut f| f.read(&mut start))
        .map_err(trouble)?;
    let start = start.get(..n).unwrap_or_default();
    Ok(start.iter().find(|b| !b.is_ascii_whitespace()) == Some(&b'{'))
}

/// JSON given on the command line: the text itself, or `@file`.
pub(super) fn json(text: &str, what: &str) -> Result<Value, Trouble> {
    let bytes = match text.strip_prefix('@') {
        Some(path) => files::read(Path::new(path), crate::syntax::MAX_BYTES)
            .map_err(|why| Trouble::new(format!("`{path}` cannot be read: {why}")))?,
        None => text.as_bytes().to_vec(),
    };
    strict::parse(&bytes).map_err(|e| {
        Trouble::new(format!(
            "{what} is not JSON: {e}; write it like '{{\"party\": 4}}', or @FILE"
        ))
    })
}

/// A JSON object given on the command line.
pub(super) fn object(text: &str, what: &str) -> Result<Map<String, Value>, Trouble> {
    match json(text, what)? {
        Value::Object(map) => Ok(map),
        other => Err(Trouble::new(format!(
            "{what} must be a JSON object, such as '{{\"party\": 4}}', but is {other}"
        ))),
    }
}

/// The system's clock, in milliseconds since 1970.
pub(super) fn clock() -> i64 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .ok()
        .and_then(|d| i64::try_from(d.as_millis()).ok())
        .unwrap_or(0)
}
