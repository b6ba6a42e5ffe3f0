//! For people at a terminal: drawn by miette, with the reasons, the witness and the advice below.

use super::excerpt::Excerpt;
use super::{Diagnostic, Severity};
use crate::source::{FileId, Sources, Span};
use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, Severity as Gravity, SourceCode,
};
use std::collections::BTreeMap;
use std::fmt;

/// How to draw.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// Whether to use colours.
    pub colour: bool,
    /// Whether box-drawing characters may be used.
    pub unicode: bool,
    /// The width to wrap at, in columns.
    pub width: usize,
}

/// Draws one finding.
#[must_use]
pub fn render(sources: &Sources, finding: &Diagnostic, style: Style) -> String {
    let theme = match (style.colour, style.unicode) {
        (true, true) => GraphicalTheme::unicode(),
        (false, true) => GraphicalTheme::unicode_nocolor(),
        (true, false) => GraphicalTheme {
            styles: miette::ThemeStyles::ansi(),
            ..GraphicalTheme::ascii()
        },
        (false, false) => GraphicalTheme {
            styles: miette::ThemeStyles::none(),
            ..GraphicalTheme::ascii()
        },
    };
    let handler = GraphicalReportHandler::new_themed(theme.clone())
        .with_width(style.width)
        .with_links(false)
        .with_context_lines(1)
        .without_syntax_highlighting();
    let mut drawn = String::new();
    for (i, (file, labels)) in parts(sources, finding).into_iter().enumerate() {
        let excerpt = Excerpt::new(sources.file(file));
        let labels = labels
            .into_iter()
            .map(|(text, span, primary)| {
                let text = (!text.is_empty()).then(|| text.to_string());
                let marked = excerpt.marked(span);
                if primary {
                    LabeledSpan::new_primary_with_span(text, marked)
                } else {
                    LabeledSpan::new_with_span(text, marked)
                }
            })
            .collect();
        let part = Part {
            finding,
            first: i == 0,
            excerpt,
            labels,
        };
        let mut text = String::new();
        if handler.render_report(&mut text, &part).is_err() {
            // Drawing goes to a string, which cannot fail; say the least if it does.
            text = format!("{}: {}\n", finding.code, finding.message);
        }
        // A further file's part carries no heading of its own.
        let text = if i == 0 {
            text.as_str()
        } else {
            text.split_once('\n').map_or("", |(_, rest)| rest)
        };
        drawn.push_str(text);
    }
    let mut below = |heading: &str, text: &str, styled: &dyn Fn(&str) -> String| {
        let indent = format!("  {}  ", " ".repeat(heading.len()));
        let first = format!("  {heading}: ");
        let options = textwrap::Options::new(style.width)
            .initial_indent(&first)
            .subsequent_indent(&indent)
            .break_words(false);
        for (k, line) in text.lines().enumerate() {
            let wrapped = if k == 0 {
                textwrap::fill(line, &options).replacen(heading, &styled(heading), 1)
            } else {
                textwrap::fill(line, options.clone().initial_indent(&indent))
            };
            drawn.push_str(&wrapped);
            drawn.push('\n');
        }
    };
    let plain = |s: &str| theme.styles.link.style(s).to_string();
    let advice = |s: &str| theme.styles.help.style(s).to_string();
    for note in &finding.notes {
        below("why", note, &plain);
    }
    if let Some(witness) = &finding.witness
        && !witness.lines.is_empty()
    {
        let lines = witness.shown(sources, finding.span().file);
        below("for example", &lines.join("\n"), &plain);
    }
    if let Some(help) = &finding.help {
        below("help", help, &advice);
    }
    drawn
}

/// Marks further away than this many lines are drawn after the finding's own place.
const NEAR: usize = 12;

/// What is drawn together: the marks around the finding's own place, then the others of its file,
/// then those of each other file.
fn parts<'f>(
    sources: &Sources,
    finding: &'f Diagnostic,
) -> Vec<(FileId, Vec<(&'f str, Span, bool)>)> {
    let own = finding.span();
    let line = |span: Span| sources.file(span.file).line_index(span.range().start);
    let mut parts: BTreeMap<(bool, FileId), Vec<_>> = BTreeMap::new();
    parts.entry((false, own.file)).or_default();
    for label in &finding.labels {
        let near = label.span.file == own.file && line(label.span).abs_diff(line(own)) <= NEAR;
        parts.entry((!near, label.span.file)).or_default().push((
            label.text.as_str(),
            label.span,
            label.primary,
        ));
    }
    parts.into_iter().map(|((_, file), l)| (file, l)).collect()
}

/// What miette is to draw: the marks of one finding in one file.
struct Part<'a> {
    finding: &'a Diagnostic,
    first: bool,
    excerpt: Excerpt<'a>,
    labels: Vec<LabeledSpan>,
}

impl fmt::Debug for Part<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Part").field(self.finding).finish()
    }
}

impl fmt::Display for Part<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.first {
            &self.finding.message
        } else {
            ""
        })
    }
}

impl std::error::Error for Part<'_> {}

impl miette::Diagnostic for Part<'_> {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        let heading = || format!("{}[{}]", self.finding.severity.as_str(), self.finding.code);
        self.first
            .then(|| Box::new(heading()) as Box<dyn fmt::Display>)
    }

    fn severity(&self) -> Option<Gravity> {
        Some(match self.finding.severity {
            Severity::Error => Gravity::Error,
            Severity::Warning => Gravity::Warning,
            Severity::Note => Gravity::Advice,
        })
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.excerpt)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.labels.iter().cloned()))
    }
}
