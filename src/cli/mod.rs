//! The command line: one file per subcommand. All reading, writing and asking happens here.

mod budget;
mod check;
mod compile;
mod completions;
mod decide;
mod diff;
mod explain;
mod files;
mod fix;
mod fmt;
mod graph;
mod load;
mod lsp;
mod new;
mod output;
mod pictured;
mod progress;
mod project;
mod replay;
mod report;
mod run;
mod table;
mod test;
mod vectors;
mod whatif;

use clap::{Parser, Subcommand};
use output::{ColourChoice, Output};
use std::io::Write;
use std::process::ExitCode;

/// Failway: what an AI may do, and what happens when something breaks.
#[derive(Parser, Debug)]
#[command(
    name = "failway",
    version,
    about,
    long_about = "Failway: what an AI may do, and what happens when something breaks.\n\n\
        A .failway file declares the actions that an AI can reach, the hard constraints on them, and\n\
        the path taken on every failure. Failway proves that nothing is left open, and compiles the\n\
        file to a decision table that any runtime can enforce.",
    after_help = "Examples:\n  \
        failway new front_desk        write a first policy to start from\n  \
        failway check                 check every policy in this folder\n  \
        failway test                  run their tests\n  \
        failway explain FW301         what a finding means, and how to repair it\n\n\
        Exit codes: 0 all is well, 1 something was found, 2 it could not run."
)]
pub struct Cli {
    /// When to use colours
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN")]
    color: ColourChoice,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    Check(check::Args),
    Fmt(fmt::Args),
    Compile(compile::Args),
    Test(test::Args),
    Decide(decide::Args),
    Run(run::Args),
    Replay(replay::Args),
    Diff(diff::Args),
    Table(table::Args),
    Vectors(vectors::Args),
    Budget(budget::Args),
    Whatif(whatif::Args),
    Graph(graph::Args),
    Report(report::Args),
    New(new::Args),
    Explain(explain::Args),
    Completions(completions::Args),
    Lsp(lsp::Args),
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ended {
    /// All is well.
    Well,
    /// It ran, and found something.
    Found,
}

/// Why a command could not run: sentences for the user, one a line.
#[derive(Clone, Debug)]
struct Trouble(String);

impl Trouble {
    fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    fn lines(all: Vec<String>) -> Self {
        Self(all.join("\n"))
    }
}

impl From<std::io::Error> for Trouble {
    fn from(error: std::io::Error) -> Self {
        Self(format!("cannot write the output: {error}"))
    }
}

/// Runs the program on the arguments of this process.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let mut out = Output::new(cli.color);
    let ended = match &cli.command {
        Command::Check(args) => check::run(args, &mut out),
        Command::Fmt(args) => fmt::run(args, &mut out),
        Command::Compile(args) => compile::run(args, &mut out),
        Command::Test(args) => test::run(args, &mut out),
        Command::Decide(args) => decide::run(args, &mut out),
        Command::Run(args) => run::run(args, &mut out),
        Command::Replay(args) => replay::run(args, &mut out),
        Command::Diff(args) => diff::run(args, &mut out),
        Command::Table(args) => table::run(args, &mut out),
        Command::Vectors(args) => vectors::run(args, &mut out),
        Command::Budget(args) => budget::run(args, &mut out),
        Command::Whatif(args) => whatif::run(args, &mut out),
        Command::Graph(args) => graph::run(args, &mut out),
        Command::Report(args) => report::run(args, &mut out),
        Command::New(args) => new::run(args, &mut out),
        Command::Explain(args) => explain::run(args, &mut out),
        Command::Completions(args) => completions::run(args, &mut out),
        Command::Lsp(args) => lsp::run(args, &mut out),
    };
    let ended = ended.and_then(|ended| out.flush().map(|()| ended).map_err(Trouble::from));
    // A reader that has had enough (`| head`) is no trouble.
    if out.closed() {
        return ExitCode::from(u8::from(ended.is_ok_and(|e| e == Ended::Found)));
    }
    match ended {
        Ok(Ended::Well) => ExitCode::SUCCESS,
        Ok(Ended::Found) => ExitCode::from(1),
        Err(Trouble(why)) => {
            let _ = out.flush();
            for line in why.lines() {
                out.complain(line);
            }
            ExitCode::from(2)
        }
    }
}

/// The whole command line, for the completions and for the reference.
#[must_use]
pub fn command() -> clap::Command {
    <Cli as clap::CommandFactory>::command()
}
