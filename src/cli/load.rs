//! Getting hold of a table, from its own file or by compiling a source, and of JSON arguments.

use super::Trouble;
use super::files::{self, Disk};
use super::output::{Format, Output};
use super::progress::watched;
use crate::table::format::Flow;
use crate::table::{Table, strict};
use serde_json::{Map, Value};
use std::path::Path;

/// The table in a file, or the one that a source compiles to. None if the source has errors, which
/// were shown.
pub(super) fn table(file: &str, out: &Output) -> Result<Option<Table>, Trouble> {
    let disk = Disk::new(file == "-")?;
    let name = files::the_policy(file)?;
    let file = name.as_str();
    if file != files::STDIN && (file.ends_with(".json") || begins_as_json(file)?) {
        let bytes = files::read(Path::new(file), crate::table::read::SIZE_MAX)
            .map_err(|why| Trouble::new(format!("`{file}` cannot be read: {why}")))?;
        let table = Table::read(&bytes).map_err(|e| Trouble::new(format!("`{file}`: {e}")))?;
        return Ok(Some(table));
    }
    let effort = files::effort(None)?;
    let (checked, table) = watched(file, (1, 1), || crate::compile_with(file, &disk, effort))
        .map_err(|why| Trouble::new(format!("`{file}` cannot be read: {why}")))?;
    if table.is_none() {
        out.report(&checked.sources, &checked.findings, Format::Human);
        out.aside(&format!("`{file}` has errors, and so no table"));
    }
    Ok(table)
}

/// Whether the file's first character is that of a JSON object.
fn begins_as_json(file: &str) -> Result<bool, Trouble> {
    use std::io::Read;
    let trouble =
        |e: std::io::Error| Trouble::new(format!("`{file}` cannot be read: {}", files::why(&e)));
    let mut start = [0_u8; 64];
    let n = std::fs::File::open(file)
        .and_then(|mut f| f.read(&mut start))
        .map_err(trouble)?;
    let start = start.get(..n).unwrap_or_default();
    Ok(start.iter().find(|b| !b.is_ascii_whitespace()) == Some(&b'{'))
}

/// A flow of the table by its name.
pub(super) fn flow<'t>(table: &'t Table, name: &str) -> Result<&'t Flow, Trouble> {
    let all: Vec<String> = table.body().flows.iter().map(|f| f.name.clone()).collect();
    table.flow(name).ok_or_else(|| unknown("flow", name, &all))
}

/// What to say of a name that the table doesn't have, given those that it has.
pub(super) fn unknown(what: &str, name: &str, all: &[String]) -> Trouble {
    let distance = |a: &String| strsim::damerau_levenshtein(a, name);
    let near = all.iter().min_by_key(|a| distance(a));
    let hint = match near.filter(|a| distance(a) <= 3 && distance(a) < name.chars().count()) {
        Some(near) => format!("; did you mean `{near}`?"),
        None if all.is_empty() => format!(": it has no {what}s at all"),
        None => format!("; it has {}", crate::words::either(all)),
    };
    Trouble::new(format!("the policy has no {what} `{name}`{hint}"))
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
            "{what} cannot be read as JSON: {e}; write it like '{{\"party\": 4}}', or give it as @FILE"
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

/// A time given on the command line.
pub(super) fn ms(text: &str) -> Result<i64, String> {
    let wrong = |_| "write it in milliseconds since 1970, such as 1766000000000".to_string();
    text.parse().map_err(wrong)
}

/// The system's clock, in milliseconds since 1970.
pub(super) fn clock() -> i64 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .ok()
        .and_then(|d| i64::try_from(d.as_millis()).ok())
        .unwrap_or(0)
}
