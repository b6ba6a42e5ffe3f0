//! The `failway` program.

fn main() -> std::process::ExitCode {
    failway::cli::main()
}
