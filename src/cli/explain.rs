//! `failway explain`: the page of a code.

use super::output::Output;
use super::{Ended, Trouble};
use crate::diagnostics::{Code, Severity};
use std::io::Write;

/// Explain a code: what it found, why it matters, an example and its repair
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:\n  \
    failway explain FW301   one code\n  \
    failway explain         the list of all codes")]
pub(super) struct Args {
    /// A code such as FW301; without one, all codes are listed
    #[arg(value_name = "CODE")]
    code: Option<String>,
}

pub(super) fn run(args: &Args, out: &mut Output) -> Result<Ended, Trouble> {
    let Some(text) = &args.code else {
        for code in Code::ALL {
            let severity = match code.severity() {
                Severity::Error => String::new(),
                other => format!(" ({})", other.as_str()),
            };
            let shown = out.paint("1", code.as_str());
            writeln!(out, "{shown}  {}{severity}", code.title())?;
        }
        return Ok(Ended::Well);
    };
    let code = Code::parse(text).ok_or_else(|| {
        let near = Code::ALL
            .iter()
            .map(|c| c.as_str())
            .min_by_key(|c| strsim::levenshtein(c, &text.to_uppercase()))
            .filter(|c| strsim::levenshtein(c, &text.to_uppercase()) <= 1);
        let hint = near.map_or(String::new(), |c| format!(" (did you mean {c}?)"));
        Trouble::new(format!(
            "there is no code `{text}`{hint}; `failway explain` lists them all"
        ))
    })?;
    for line in code.page().lines() {
        let heading = line.starts_with('#');
        let shown = if heading {
            out.paint("1", line)
        } else {
            line.to_string()
        };
        writeln!(out, "{shown}")?;
    }
    Ok(Ended::Well)
}
