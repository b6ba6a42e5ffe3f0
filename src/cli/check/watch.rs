//! `check --watch`: again whenever a file has changed.

use super::super::output::Output;
use super::super::project::Project;
use super::super::{Ended, Trouble, files};
use super::{Args, Form, pass};
use crate::config::NAME;
use crossbeam_channel::{RecvTimeoutError, bounded};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{IsTerminal, Write};
use std::time::Duration;

/// How often files are looked at.
const EVERY: Duration = Duration::from_millis(300);

/// Checks, and again with every change, until Ctrl-C.
pub(super) fn run(args: &Args, out: &mut Output) -> Result<Ended, Trouble> {
    if args.format.printed().is_none() {
        return Err(Trouble::new(
            "--watch is for people: it goes with --format human, plain or short",
        ));
    }
    if args.paths.iter().any(|p| p == "-") {
        return Err(Trouble::new(
            "--watch looks at files: it does not go with -",
        ));
    }
    let (stop, stopped) = bounded::<()>(1);
    ctrlc::set_handler(move || {
        // Whoever asks twice does not want to wait for the check to end.
        if stop.try_send(()).is_err() {
            std::process::exit(130);
        }
    })
    .map_err(|e| Trouble::new(format!("Ctrl-C cannot be listened to: {e}")))?;
    loop {
        if std::io::stdout().is_terminal() {
            write!(out, "\x1b[2J\x1b[3J\x1b[H")?;
        }
        // As things were before the check: what changes meanwhile is checked again.
        let mut last = seen(args, std::iter::empty());
        let mut reached = BTreeMap::new();
        if let Err(Trouble(why)) = pass(args, out, &mut reached) {
            out.flush()?;
            why.lines().for_each(|line| out.complain(line));
        }
        if args.format != Form::Short {
            writeln!(out, "watching for changes; Ctrl-C ends")?;
        }
        out.flush()?;
        if out.closed() {
            return Ok(Ended::Well);
        }
        last.extend(reached);
        while seen(args, last.keys()) == last {
            match stopped.recv_timeout(EVERY) {
                Err(RecvTimeoutError::Timeout) => {}
                _ => return Ok(Ended::Well),
            }
        }
        if !std::io::stdout().is_terminal() {
            writeln!(out)?;
        }
    }
}

/// The state of all that a check looks at: the files that it has reached, those that would be found now, and
/// the project's own.
fn seen<'n>(
    args: &Args,
    reached: impl Iterator<Item = &'n String>,
) -> BTreeMap<String, files::State> {
    let mut names: BTreeSet<String> = reached.cloned().collect();
    names.extend(args.baseline.clone());
    // Also one that isn't there yet, or is wrong now.
    let here = std::env::current_dir().unwrap_or_default();
    names.extend(here.ancestors().map(|f| f.join(NAME).display().to_string()));
    if let Ok(project) = Project::find() {
        names.extend(
            files::find(&project.paths(&args.paths))
                .into_iter()
                .flatten(),
        );
        names.extend(project.config.baseline.iter().map(|b| project.path(b)));
    }
    let state = |name: String| {
        let state = files::state(&name);
        (name, state)
    };
    names.into_iter().map(state).collect()
}
