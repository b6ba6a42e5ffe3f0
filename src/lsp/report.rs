//! Findings as an editor shows them, each with its places and a link to its code's page.

use super::convert::{self, Encoding};
use crate::diagnostics::{Code, Diagnostic, Severity};
use crate::source::Sources;
use lsp_types as lsp;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The findings of a policy, by the path of the file that each stands in.
pub(super) fn by_file(
    sources: &Sources,
    findings: &[Diagnostic],
    encoding: Encoding,
) -> BTreeMap<String, Vec<lsp::Diagnostic>> {
    let mut all: BTreeMap<String, Vec<lsp::Diagnostic>> = BTreeMap::new();
    for (_, file) in sources.files() {
        all.entry(file.name().to_string()).or_default();
    }
    for finding in findings {
        let file = sources.file(finding.span().file);
        let list = all.entry(file.name().to_string()).or_default();
        list.push(one(sources, finding, encoding));
    }
    all
}

/// What is wrong in a line of a file that isn't a policy's.
pub(super) fn of_line(line: u32, what: &str) -> lsp::Diagnostic {
    let place = |character| lsp::Position { line, character };
    lsp::Diagnostic {
        range: lsp::Range::new(place(0), place(u32::MAX >> 1)),
        severity: Some(lsp::DiagnosticSeverity::ERROR),
        source: Some("failway".to_string()),
        message: what.to_string(),
        ..lsp::Diagnostic::default()
    }
}

pub(super) fn one(sources: &Sources, finding: &Diagnostic, encoding: Encoding) -> lsp::Diagnostic {
    let span = finding.span();
    let mut message = finding.message.clone();
    for label in &finding.labels {
        if label.span == span && !label.text.is_empty() {
            message += &format!("\n{}", label.text);
        }
    }
    for note in &finding.notes {
        message += &format!("\n{note}");
    }
    if let Some(witness) = &finding.witness {
        for line in &witness.lines {
            message += &format!("\n    {line}");
        }
    }
    if let Some(help) = &finding.help {
        message += &format!("\nhelp: {help}");
    }
    let related: Vec<_> = finding
        .labels
        .iter()
        .filter(|l| l.span != span)
        .filter_map(|l| {
            let file = sources.file(l.span.file);
            Some(lsp::DiagnosticRelatedInformation {
                location: lsp::Location::new(
                    convert::uri(file.name())?,
                    encoding.range(file, l.span),
                ),
                message: if l.text.is_empty() {
                    "here".to_string()
                } else {
                    l.text.clone()
                },
            })
        })
        .collect();
    lsp::Diagnostic {
        range: encoding.range(sources.file(span.file), span),
        severity: Some(match finding.severity {
            Severity::Error => lsp::DiagnosticSeverity::ERROR,
            Severity::Warning => lsp::DiagnosticSeverity::WARNING,
            Severity::Note => lsp::DiagnosticSeverity::INFORMATION,
        }),
        code: Some(lsp::NumberOrString::String(
            finding.code.as_str().to_string(),
        )),
        code_description: page(finding.code).map(|href| lsp::CodeDescription { href }),
        source: Some("failway".to_string()),
        message,
        related_information: (!related.is_empty()).then_some(related),
        tags: (finding.code == Code::FW190).then(|| vec![lsp::DiagnosticTag::UNNECESSARY]),
        data: None,
    }
}

/// The address of a code's page, which is written to the folder for temporary files at first.
fn page(code: Code) -> Option<lsp::Uri> {
    written(code.as_str(), code.page())
}

/// The address of a page in the folder for temporary files.
pub(super) fn written(name: &str, text: &str) -> Option<lsp::Uri> {
    let folder: PathBuf =
        std::env::temp_dir().join(format!("failway-pages-{}", env!("CARGO_PKG_VERSION")));
    let path = folder.join(format!("{name}.md"));
    let there = std::fs::read_to_string(&path).is_ok_and(|before| before == text);
    if !there {
        std::fs::create_dir_all(&folder).ok()?;
        let mut file = tempfile::NamedTempFile::new_in(&folder).ok()?;
        std::io::Write::write_all(&mut file, text.as_bytes()).ok()?;
        file.persist(&path).ok()?;
    }
    convert::uri(&path.to_str()?.replace('\\', "/"))
}
