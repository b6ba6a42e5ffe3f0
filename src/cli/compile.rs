//! `failway compile`: from a policy to its decision table.

use super::files::{self, Disk};
use super::output::{Format, Output, Tally, count};
use super::progress::watched;
use super::project::Project;
use super::{Ended, Trouble};
use crate::table::{Table, write};
use std::io::Write;
use std::path::{Path, PathBuf};

/// Check a policy and compile it to its decision table
#[derive(clap::Args, Debug)]
#[command(
    long_about = "Check a policy and compile it to its decision table.\n\nThe table is written whole \
        or not at all: if anything is wrong, a table that is there already stays as it is. Findings \
        go to standard error.",
    after_help = "Examples:\n  \
    failway compile front_desk.failway                 writes front_desk.table.json beside it\n  \
    failway compile front_desk.failway -o desk.json    writes desk.json\n  \
    failway compile front_desk.failway -o - | gzip     to standard output\n\n\
    Exit codes: 0 written, 1 findings (nothing written), 2 it could not run."
)]
pub(super) struct Args {
    /// The policy's root file, or - for standard input
    #[arg(value_name = "FILE")]
    file: String,
    /// Where to write the table; - for standard output; by default beside FILE, or where failway.toml says
    #[arg(short, long, value_name = "OUT")]
    output: Option<String>,
    /// Let warnings count as errors
    #[arg(long)]
    deny_warnings: bool,
    /// How many times the usual work a question may take before it is given up as FW290: 1, or what FAILWAY_EFFORT says
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    effort: Option<u32>,
    /// The form of the findings
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub(super) fn run(args: &Args, out: &mut Output) -> Result<Ended, Trouble> {
    let disk = Disk::new(args.file == "-")?;
    let file = files::the_policy(&args.file)?;
    let effort = files::effort(args.effort)?;
    let project = Project::find()?;
    let (mut checked, table) = watched(&file, (1, 1), || crate::compile_with(&file, &disk, effort))
        .map_err(|why| Trouble::new(format!("`{}` cannot be read: {why}", args.file)))?;
    project.config.level(&mut checked.findings);
    let mut tally = Tally::default();
    for finding in &checked.findings {
        tally.add(finding.severity);
    }
    out.report(&checked.sources, &checked.findings, args.format);
    // A warning may count as an error in this project.
    let refused = tally.errors > 0 || args.deny_warnings && tally.warnings > 0;
    let table = match table {
        Some(table) if !refused => table,
        _ => {
            out.aside(&format!("{tally}: no table was written"));
            return Ok(Ended::Found);
        }
    };
    let bytes = write::bytes(table.document())
        .map_err(|e| Trouble::new(format!("the table cannot be written: {e}")))?;
    let target = match args.output.as_deref() {
        Some("-") => None,
        Some(path) => Some(PathBuf::from(path)),
        None if args.file == "-" => None,
        None => Some(place(&project, &file)?),
    };
    match target {
        None => out.write_all(&bytes)?,
        Some(path) => {
            replace(&path, &bytes)?;
            out.aside(&format!(
                "{}: {}",
                path.display(),
                said(&table, bytes.len())
            ));
        }
    }
    Ok(Ended::Well)
}

/// Where the table of a file goes if nobody says: beside it, or to the project's folder for them.
fn place(project: &Project, file: &str) -> Result<PathBuf, Trouble> {
    let beside = Path::new(file).with_extension("table.json");
    let (Some(folder), Some(name)) = (&project.config.output, beside.file_name()) else {
        return Ok(beside);
    };
    let folder = PathBuf::from(project.path(folder));
    std::fs::create_dir_all(&folder).map_err(|e| {
        Trouble::new(format!(
            "the folder `{}` cannot be made: {e}",
            folder.display()
        ))
    })?;
    Ok(folder.join(name))
}

/// What is in a table, in a line.
fn said(table: &Table, bytes: usize) -> String {
    let body = table.body();
    let short = table.digest().get(..19).unwrap_or_default();
    format!(
        "{}, {}, {}, {} bytes, {short}…",
        count(body.actions.len(), "action"),
        count(body.rules.len(), "rule"),
        count(body.flows.len(), "flow"),
        bytes
    )
}

/// Writes a file whole or not at all.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> Result<(), Trouble> {
    let trouble = |e: std::io::Error| {
        let why = match e.kind() {
            std::io::ErrorKind::PermissionDenied => "you may not write there".to_string(),
            _ => e.to_string(),
        };
        Trouble::new(format!("`{}` cannot be written: {why}", path.display()))
    };
    let folder = path
        .parent()
        .filter(|p| !p.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    if !folder.is_dir() {
        return Err(Trouble::new(format!(
            "`{}` cannot be written: there is no folder `{}`",
            path.display(),
            folder.display()
        )));
    }
    if path.is_dir() {
        return Err(Trouble::new(format!(
            "`{}` cannot be written: it is a folder",
            path.display()
        )));
    }
    let mut file = tempfile::Builder::new()
        .prefix(".failway-")
        .tempfile_in(folder)
        .map_err(trouble)?;
    file.write_all(bytes).map_err(trouble)?;
    file.as_file().sync_all().map_err(trouble)?;
    readable(path, file.as_file()).map_err(trouble)?;
    file.persist(path).map_err(|e| trouble(e.error))?;
    Ok(())
}

/// Gives a new file the rights of the one that it replaces, or those of any other new file: a
/// temporary one can be read by its owner alone.
#[cfg(unix)]
fn readable(path: &Path, file: &std::fs::File) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let rights = match std::fs::metadata(path) {
        Ok(old) => old.permissions(),
        Err(_) => std::fs::Permissions::from_mode(0o644),
    };
    file.set_permissions(rights)
}

#[cfg(not(unix))]
fn readable(_: &Path, _: &std::fs::File) -> std::io::Result<()> {
    Ok(())
}
