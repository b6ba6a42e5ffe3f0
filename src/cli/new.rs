//! `failway new`: a first policy to start from.

use super::output::Output;
use super::{Ended, Trouble};
use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

/// The starter, with `{name}` for the policy's name.
const STARTER: &str = include_str!("starter.failway");

/// Write a commented first policy that passes
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:\n  \
    failway new front_desk          writes front_desk.failway\n  \
    failway new policies/refunds    writes policies/refunds.failway")]
pub(super) struct Args {
    /// The policy's name: lower-case letters, digits and _; a folder may stand before it
    #[arg(value_name = "NAME")]
    name: String,
}

pub(super) fn run(args: &Args, out: &mut Output) -> Result<Ended, Trouble> {
    let given = Path::new(args.name.strip_suffix(".failway").unwrap_or(&args.name));
    let name = given
        .file_name()
        .and_then(|n| n.to_str())
        .unwrap_or_default();
    let well_formed = name.starts_with(|c: char| c.is_ascii_lowercase())
        && name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    let shape = "lower-case letters, digits and _, beginning with a letter, such as front_desk";
    if name.is_empty() {
        return Err(Trouble::new(format!("the policy needs a name: {shape}")));
    }
    if well_formed && crate::syntax::is_reserved(name) {
        return Err(Trouble::new(format!(
            "`{name}` is a word of the language and cannot be a policy's name"
        )));
    }
    if !well_formed {
        return Err(Trouble::new(format!(
            "`{name}` is no name for a policy: use {shape}"
        )));
    }
    let path = given.with_extension("failway");
    let trouble = |e: std::io::Error| match e.kind() {
        std::io::ErrorKind::AlreadyExists => Trouble::new(format!(
            "`{}` is there already; nothing was written",
            path.display()
        )),
        std::io::ErrorKind::NotFound => Trouble::new(format!(
            "`{}` cannot be written: there is no such folder",
            path.display()
        )),
        _ => Trouble::new(format!("`{}` cannot be written: {e}", path.display())),
    };
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&path)
        .map_err(trouble)?;
    file.write_all(STARTER.replace("{name}", name).as_bytes())
        .map_err(trouble)?;
    let shown = path.display();
    writeln!(out, "{shown} is written. Next:")?;
    writeln!(out, "  failway check {shown}")?;
    writeln!(out, "  failway test {shown}")?;
    writeln!(out, "  failway run {shown} --flow answer")?;
    Ok(Ended::Well)
}
