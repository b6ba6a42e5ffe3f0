//! `failway lsp`: the language server, for editors.

use super::output::Output;
use super::{Ended, Trouble};
use lsp_server::Connection;

/// Serve an editor: findings, hovers, completion, formatting
#[derive(clap::Args, Debug)]
#[command(
    long_about = "Serve an editor: findings, hovers, completion, formatting\n\n\
        Editors start this by themselves and talk to it over standard input and output, by the Language\n\
        Server Protocol. How to set up yours: editors/README.md.",
    after_help = "Examples:\n  \
    failway lsp    what an editor starts"
)]
pub(super) struct Args {
    /// Talk over standard input and output: the only way, taken for the editors that name it
    #[arg(long)]
    stdio: bool,
}

pub(super) fn run(args: &Args, _: &mut Output) -> Result<Ended, Trouble> {
    let _ = args.stdio;
    let (connection, threads) = Connection::stdio();
    let served = crate::lsp::serve(&connection);
    drop(connection);
    threads
        .join()
        .map_err(|e| Trouble::new(format!("the editor broke off: {e}")))?;
    served.map(|()| Ended::Well).map_err(Trouble::new)
}
