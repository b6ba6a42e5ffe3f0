//! `failway completions`: for the shells.

use super::output::Output;
use super::{Ended, Trouble};
use std::io::Write;

/// Print completions for a shell
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:\n  \
    failway completions bash > ~/.local/share/bash-completion/completions/failway\n  \
    failway completions zsh > ~/.zfunc/_failway\n  \
    failway completions fish > ~/.config/fish/completions/failway.fish")]
pub(super) struct Args {
    /// The shell
    #[arg(value_enum)]
    shell: clap_complete::Shell,
}

pub(super) fn run(args: &Args, out: &mut Output) -> Result<Ended, Trouble> {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut super::command(), "failway", &mut text);
    out.write_all(&text)?;
    Ok(Ended::Well)
}
