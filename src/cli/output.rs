//! What goes to the terminal: colours, widths, findings, sums.

use super::Trouble;
use crate::diagnostics::render_human::{self, Style};
use crate::diagnostics::{Diagnostic, Severity, render_json, render_plain};
use crate::source::Sources;
use clap::ValueEnum;
use std::io::{self, BufWriter, ErrorKind, IsTerminal, Stdout, Write};

/// When to use colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum ColourChoice {
    /// On a terminal, unless the variable `NO_COLOR` is set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// The form of the findings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// Drawn, with the source
    #[default]
    Human,
    /// In ASCII, with the source
    Plain,
    /// One line each
    Short,
    /// As data; see docs/json-output.md
    Json,
}

/// The narrowest and the widest that findings are drawn, in columns.
const WIDTHS: (usize, usize) = (60, 110);

/// Standard output and standard error.
pub(super) struct Output {
    out: BufWriter<Stdout>,
    style: Style,
    style_err: Style,
    closed: bool,
}

impl Output {
    pub(super) fn new(choice: ColourChoice) -> Self {
        let no_colour = std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty())
            || std::env::var_os("TERM").is_some_and(|t| t == "dumb");
        let wanted = |terminal: bool| match choice {
            ColourChoice::Always => true,
            ColourChoice::Never => false,
            ColourChoice::Auto => terminal && !no_colour,
        };
        let ascii = |name: &str| {
            std::env::var(name).ok().filter(|v| !v.is_empty()).map(|v| {
                let v = v.to_lowercase();
                !v.contains("utf-8") && !v.contains("utf8")
            })
        };
        // The first of these that is set decides, as for the C library.
        let ascii = ["LC_ALL", "LC_CTYPE", "LANG"]
            .into_iter()
            .find_map(ascii)
            .unwrap_or(false);
        let style = |terminal: bool| Style {
            colour: wanted(terminal),
            unicode: !(ascii && terminal),
            width: textwrap::termwidth().clamp(WIDTHS.0, WIDTHS.1),
        };
        Self {
            out: BufWriter::new(io::stdout()),
            style: style(io::stdout().is_terminal()),
            style_err: style(io::stderr().is_terminal()),
            closed: false,
        }
    }

    /// Whether colours may be used on standard output.
    pub(super) fn colour(&self) -> bool {
        self.style.colour
    }

    /// `text`, in the colour with that ANSI code where colours may be used.
    pub(super) fn paint(&self, code: &str, text: &str) -> String {
        if self.colour() {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_string()
        }
    }

    /// Whether whoever read the output has closed it.
    pub(super) fn closed(&self) -> bool {
        self.closed
    }

    /// Prints findings in a form for people.
    pub(super) fn findings(
        &mut self,
        sources: &Sources,
        findings: &[&Diagnostic],
        format: Format,
    ) -> Result<(), Trouble> {
        for finding in findings {
            let text = drawn(sources, finding, format, self.style);
            self.write_all(text.as_bytes())?;
        }
        Ok(())
    }

    /// Prints findings on standard error, for a command whose result is something else.
    pub(super) fn report(&self, sources: &Sources, findings: &[Diagnostic], format: Format) {
        let mut text = String::new();
        for finding in findings {
            text += &drawn(sources, finding, format, self.style_err);
        }
        say(&text);
    }

    /// The errors alone, drawn on standard error: why there is nothing else to show.
    pub(super) fn errors(&self, sources: &Sources, findings: &[Diagnostic]) {
        let errors: Vec<_> = findings
            .iter()
            .filter(|f| f.severity == Severity::Error)
            .cloned()
            .collect();
        self.report(sources, &errors, Format::Human);
    }

    /// Says on standard error what isn't part of the result.
    pub(super) fn aside(&self, text: &str) {
        say(&format!("{text}\n"));
    }

    /// Says on standard error what keeps the program from running.
    pub(super) fn complain(&self, why: &str) {
        let heading = if self.style_err.colour {
            "\x1b[1;31merror\x1b[0m"
        } else {
            "error"
        };
        say(&format!("{heading}: {why}\n"));
    }
}

/// Standard error: that nobody reads it is no reason to fail.
fn say(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

/// One finding; as data, it is one line.
fn drawn(sources: &Sources, finding: &Diagnostic, format: Format, style: Style) -> String {
    match format {
        Format::Human => tame(
            &(render_human::render(sources, finding, style) + "\n"),
            style.colour,
        ),
        Format::Plain => tame(&render_plain::plain(sources, finding), false),
        Format::Short => tame(&render_plain::short(sources, finding), false),
        Format::Json => render_json::finding(sources, finding).to_string() + "\n",
    }
}

/// Text from files, as it may go to a terminal: nothing in it moves the cursor, or turns the
/// direction of what stands around it.
pub(super) fn clean(text: &str) -> String {
    tame(text, false)
}

/// As [`clean`]; with `colours`, what sets a colour stays.
fn tame(text: &str, colours: bool) -> String {
    let wild = |c: char| {
        c.is_control() && !matches!(c, '\n' | '\t')
            || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if !text.contains(wild) {
        return text.to_string();
    }
    let mut tamed = String::with_capacity(text.len());
    for (at, c) in text.char_indices() {
        if wild(c) && !(colours && c == '\u{1b}' && sets_colour(text, at)) {
            tamed.push('\u{fffd}');
        } else {
            tamed.push(c);
        }
    }
    tamed
}

/// Whether an escape sequence begins there that does no more than set a colour.
fn sets_colour(text: &str, at: usize) -> bool {
    text.get(at + 1..)
        .and_then(|rest| rest.strip_prefix('['))
        .is_some_and(|rest| {
            rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';')
                .starts_with('m')
        })
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let done = self.out.write(bytes);
        self.closed |= matches!(&done, Err(e) if e.kind() == ErrorKind::BrokenPipe);
        done
    }

    fn flush(&mut self) -> io::Result<()> {
        let done = self.out.flush();
        self.closed |= matches!(&done, Err(e) if e.kind() == ErrorKind::BrokenPipe);
        done
    }
}

/// How many findings there are of each kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) errors: usize,
    pub(super) warnings: usize,
    pub(super) notes: usize,
}

impl Tally {
    pub(super) fn add(&mut self, severity: Severity) {
        match severity {
            Severity::Error => self.errors += 1,
            Severity::Warning => self.warnings += 1,
            Severity::Note => self.notes += 1,
        }
    }
}

/// `1 error`, `2 errors`.
pub(super) fn count(n: usize, one: &str) -> String {
    if n == 1 {
        format!("1 {one}")
    } else {
        let many = match one.strip_suffix('y') {
            Some(stem) => format!("{stem}ies"),
            None => format!("{one}s"),
        };
        format!("{n} {many}")
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let parts: Vec<String> = [
            (self.errors, "error"),
            (self.warnings, "warning"),
            (self.notes, "note"),
        ]
        .into_iter()
        .filter(|(n, _)| *n > 0)
        .map(|(n, one)| count(n, one))
        .collect();
        if parts.is_empty() {
            f.write_str("nothing found")
        } else {
            f.write_str(&parts.join(", "))
        }
    }
}
