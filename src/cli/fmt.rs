//! `failway fmt`: policies in one style.

use super::compile::replace;
use super::files::{self, Disk};
use super::output::{Output, clean, count};
use super::project::Project;
use super::{Ended, Trouble};
use crate::model::load::Loader;
use crate::syntax;
use similar::TextDiff;
use std::io::Write;
use std::path::Path;

/// Write policies in one style
#[derive(clap::Args, Debug)]
#[command(
    long_about = "Write policies in one style\n\n\
        Only blanks, line breaks and the comma before a closing bracket change: never what a policy\n\
        means, and no comment is lost. What cannot be read stays as it is, in a file whose other parts\n\
        are put in order.",
    after_help = "Examples:\n  \
    failway fmt                       every policy in this folder\n  \
    failway fmt --check               as a CI check: names the files that would change\n  \
    failway fmt --diff desk.failway   shows what would change\n  \
    cat desk.failway | failway fmt -  from standard input to standard output\n\n\
    Exit codes: 0 all is well, 1 with --check or --diff, something would change, 2 it could not run."
)]
pub(super) struct Args {
    /// Files, folders to search for *.failway, or - for standard input; without any, the paths of failway.toml, or this folder
    #[arg(value_name = "PATH")]
    paths: Vec<String>,
    /// Write nothing; name the files that would change
    #[arg(long)]
    check: bool,
    /// Write nothing; show what would change
    #[arg(long)]
    diff: bool,
}

pub(super) fn run(args: &Args, out: &mut Output) -> Result<Ended, Trouble> {
    let files = files::find(&Project::find()?.paths(&args.paths))?;
    let disk = Disk::new(files.iter().any(|f| f == files::STDIN))?;
    let look = args.check || args.diff;
    let mut troubles = Vec::new();
    let mut changed = 0;
    let mut same = 0;
    for file in &files {
        let stdin = file == files::STDIN;
        let text = match read(file, &disk) {
            Ok(text) => text,
            Err(why) => {
                troubles.push(format!("`{file}` cannot be read: {why}"));
                continue;
            }
        };
        let made = match syntax::fmt::format(&text) {
            Ok(made) => made,
            Err(why) => {
                troubles.push(format!("`{file}` is left as it is: {why}"));
                text.clone()
            }
        };
        if made == text {
            same += 1;
        } else {
            changed += 1;
        }
        if args.diff && made != text {
            show(out, file, &text, &made)?;
        }
        if args.check && made != text {
            writeln!(out, "{}", clean(file))?;
        }
        if look {
            continue;
        }
        if stdin {
            out.write_all(made.as_bytes())?;
        } else if made != text {
            // What a link points to is written, not the link.
            let path = std::fs::canonicalize(file).unwrap_or_else(|_| Path::new(file).into());
            if let Err(Trouble(why)) = replace(&path, made.as_bytes()) {
                troubles.push(why);
            } else {
                writeln!(out, "{}", clean(file))?;
            }
        }
    }
    if !files.iter().all(|f| f == files::STDIN) {
        let done = if look { "would change" } else { "changed" };
        out.flush()?;
        out.aside(&format!(
            "{} {done}, {} in order",
            count(changed, "file"),
            count(same, "file")
        ));
    }
    if !troubles.is_empty() {
        return Err(Trouble::lines(troubles));
    }
    Ok(if look && changed > 0 {
        Ended::Found
    } else {
        Ended::Well
    })
}

fn read(file: &str, disk: &Disk) -> Result<String, String> {
    let bytes = disk.load(file)?;
    if bytes.len() > syntax::MAX_BYTES {
        return Err(syntax::fmt::Refused::TooLarge.to_string());
    }
    syntax::decode(&bytes)
}

/// What would change, as a unified diff.
pub(super) fn show(out: &mut Output, file: &str, before: &str, after: &str) -> Result<(), Trouble> {
    let diff = TextDiff::from_lines(before, after);
    let text = diff
        .unified_diff()
        .context_radius(3)
        .header(file, file)
        .to_string();
    for line in text.lines() {
        let line = clean(line);
        let colour = match line.as_bytes().first() {
            Some(b'+') => "32",
            Some(b'-') => "31",
            Some(b'@') => "36",
            _ => "0",
        };
        let line = if colour == "0" {
            line
        } else {
            out.paint(colour, &line)
        };
        writeln!(out, "{line}")?;
    }
    Ok(())
}
