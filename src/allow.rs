//! Allowances: `// failway: allow FW205 because …`. A warning or a note that one has looked at and keeps
//! is not reported again. Errors cannot be allowed: they are what keeps a policy from having a table.

use crate::diagnostics::{self, Code, Diagnostic, Severity};
use crate::source::{SourceFile, Sources, Span};
use crate::syntax::tree::File;

/// How an allowance is written.
const FORM: &str = "`// failway: allow FW205 because …`";

/// A finding that is allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowed {
    /// The finding.
    pub finding: Diagnostic,
    /// The reason that was given.
    pub because: String,
}

/// Which findings are looked at: those of style are made by themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// All but those of style, and the allowances themselves.
    Checks,
    /// Those of style.
    Style,
}

impl Part {
    fn has(self, code: Code) -> bool {
        code.as_str().starts_with("FW9") == (self == Self::Style)
    }
}

/// What became of the findings.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) allowed: Vec<Allowed>,
    /// Allowances for nothing in files that are brought in by `use`: another policy may need them.
    pub(crate) unused_elsewhere: Vec<Diagnostic>,
}

/// Takes out of `findings` what is allowed, and adds what is wrong with allowances.
pub(crate) fn apply(
    sources: &Sources,
    files: &[File],
    findings: &mut Vec<Diagnostic>,
    part: Part,
) -> Outcome {
    let mut outcome = Outcome::default();
    // Where there are errors, some checks are silent: then nobody knows what is of use.
    let sure = !diagnostics::has_errors(findings);
    let mut wrong = Vec::new();
    for (number, file) in files.iter().enumerate() {
        let source = sources.file(file.id);
        for comment in &file.comments {
            let Some(said) = allowance(&comment.node) else {
                continue;
            };
            let span = comment.span;
            let allowance = match read(said, span) {
                Ok(allowance) => allowance,
                Err(why) => {
                    if part == Part::Checks {
                        wrong.push(*why);
                    }
                    continue;
                }
            };
            let line = covered(source, span);
            for code in allowance.codes {
                if !can_be_allowed(code) {
                    if part == Part::Checks {
                        wrong.push(not_allowed(code, span));
                    }
                    continue;
                }
                if !part.has(code) {
                    continue;
                }
                let before = findings.len();
                findings.retain(|finding| {
                    let at = finding.span();
                    let here = finding.code == code
                        && finding.severity != Severity::Error
                        && at.file == file.id
                        && Some(source.line_index(at.start as usize)) == line;
                    if here {
                        outcome.allowed.push(Allowed {
                            finding: finding.clone(),
                            because: allowance.because.to_string(),
                        });
                    }
                    !here
                });
                if findings.len() == before && sure && file.complete {
                    let found = for_nothing(code, span);
                    if number == 0 {
                        wrong.push(found);
                    } else {
                        outcome.unused_elsewhere.push(found);
                    }
                }
            }
        }
    }
    findings.extend(wrong);
    outcome
}

/// Whether findings of that code can be allowed: what is advice can. An error is a proof that the policy
/// is wrong, or the lack of one that it is right.
#[must_use]
pub fn can_be_allowed(code: Code) -> bool {
    code.severity() != Severity::Error && !code.as_str().starts_with("FW8")
}

/// What a comment says to Failway, if it speaks to it.
fn allowance(comment: &str) -> Option<&str> {
    let text = comment.strip_prefix("//")?.trim();
    let rest = text.get(..7).filter(|w| w.eq_ignore_ascii_case("failway"));
    rest?;
    let rest = text.get(7..)?.trim_start();
    match rest.strip_prefix(':') {
        Some(rest) => Some(rest.trim_start()),
        // Who forgets the colon means it nevertheless; other sentences may begin with the name.
        None => rest.starts_with("allow FW").then_some(rest),
    }
}

struct Allowance<'c> {
    codes: Vec<Code>,
    because: &'c str,
}

impl Allowance<'_> {
    fn wrong(span: Span, message: impl Into<String>, label: &str) -> Box<Diagnostic> {
        let help = format!("write it as {FORM}");
        Box::new(Diagnostic::new(Code::FW801, message, span, label).help(help))
    }
}

fn read(said: &str, span: Span) -> Result<Allowance<'_>, Box<Diagnostic>> {
    let wrong = |message: String, label: &str| Err(Allowance::wrong(span, message, label));
    let (word, rest) = said.split_once(char::is_whitespace).unwrap_or((said, ""));
    if word != "allow" {
        return wrong(
            format!("`{word}` is nothing that can be said to Failway in a comment"),
            "only `allow` is",
        );
    }
    let (listed, because) = match split_because(rest) {
        Some((listed, because)) => (listed, Some(because)),
        None => (rest, None),
    };
    let mut codes = Vec::new();
    let words = listed.split(|c: char| c == ',' || c.is_whitespace());
    for word in words.filter(|w| !w.is_empty() && *w != "and") {
        match Code::parse(word) {
            Some(code) if codes.contains(&code) => {}
            Some(code) => codes.push(code),
            // What follows the codes is a reason without its `because`.
            None if because.is_none() && !codes.is_empty() => break,
            None => {
                return wrong(
                    format!("there is no code `{word}`"),
                    "so nothing is allowed here",
                );
            }
        }
    }
    if codes.is_empty() {
        return wrong(
            "this allowance names no code".to_string(),
            "which findings it means has to be said",
        );
    }
    match because {
        Some(because) if !because.is_empty() => Ok(Allowance { codes, because }),
        // To give a reason would not help.
        _ if !codes.iter().any(|c| can_be_allowed(*c)) => Ok(Allowance { codes, because: "" }),
        _ => Err(Box::new(
            Diagnostic::new(
                Code::FW801,
                "this allowance does not say why",
                span,
                "no `because`: nothing is allowed here",
            )
            .note("Whoever reads it next year cannot tell whether it still holds.")
            .help(format!(
                "say why: `// failway: allow {} because …`",
                codes
                    .iter()
                    .map(|c| c.as_str())
                    .collect::<Vec<_>>()
                    .join(", ")
            )),
        )),
    }
}

/// The text before and after the word `because`.
fn split_because(text: &str) -> Option<(&str, &str)> {
    let word = "because";
    text.match_indices(word).find_map(|(at, _)| {
        let before = text.get(..at)?;
        let after = text.get(at + word.len()..)?;
        let alone = |c: Option<char>| c.is_none_or(|c| c.is_whitespace() || c == ':');
        let whole = alone(before.chars().next_back()) && alone(after.chars().next());
        let reason = after.trim_start_matches(':').trim();
        whole.then_some((before, reason.trim_matches('"').trim()))
    })
}

/// The index of the line that an allowance holds for: its own, or the next one if it stands alone. Other
/// comments in between don't count.
fn covered(source: &SourceFile, span: Span) -> Option<usize> {
    let text = |line: usize| {
        let range = source.line_range(line)?;
        source.text().get(range).map(str::trim)
    };
    let own = source.line_index(span.start as usize);
    if !text(own)?.starts_with("//") {
        return Some(own);
    }
    (own + 1..source.line_count()).find(|line| text(*line).is_none_or(|t| !t.starts_with("//")))
}

fn not_allowed(code: Code, span: Span) -> Diagnostic {
    let found = Diagnostic::new(
        Code::FW803,
        format!("{code} cannot be allowed"),
        span,
        format!("{}: {}", code.severity().as_str(), code.title()),
    );
    if code.severity() == Severity::Error {
        found
            .note("It is an error: a policy with errors has no table, whatever a comment says.")
            .help("repair what is found, and take the comment out; only warnings and notes can be allowed")
    } else {
        found
            .note("It is about an allowance itself.")
            .help("put the allowance right, or take it out")
    }
}

fn for_nothing(code: Code, span: Span) -> Diagnostic {
    Diagnostic::new(
        Code::FW802,
        format!("there is no {code} here to allow"),
        span,
        "allows nothing",
    )
    .note(
        "An allowance holds for its own line; one on a line of its own, for the line below it. Left \
         behind, it would hide the next finding there unseen.",
    )
    .help("take it out, or put it where the finding is")
}
