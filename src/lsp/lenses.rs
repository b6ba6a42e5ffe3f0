//! Code lenses: running a test, what happens if a state breaks. The server runs their commands itself, so
//! that every editor has them.

use super::convert::{self, Encoding};
use super::server::Fresh;
use crate::Checked;
use crate::diagnostics::Severity;
use crate::flow::budget::words::exactly;
use crate::flow::whatif::{by_text, stories};
use crate::model::{OutcomeKind, Step};
use crate::source::{FileId, Span};
use crate::syntax::tree::{FlowItem, ItemKind};
use crate::testing;
use lsp_types as lsp;
use serde_json::{Value, json};
use std::fmt::Write;

/// The commands that the server runs.
pub(super) const RUN_TEST: &str = "failway.server.runTest";
/// The arguments: the file's address; of the other the flow and the state.
pub(super) const WHAT_IF: &str = "failway.server.whatIf";

pub(super) fn of(fresh: &Fresh, file: FileId, encoding: Encoding) -> Vec<lsp::CodeLens> {
    let source = fresh.loaded.sources.file(file);
    let Some(uri) = convert::uri(source.name()) else {
        return Vec::new();
    };
    let lens = |span: Span, title: &str, command: &str, arguments: Vec<Value>| lsp::CodeLens {
        range: encoding.range(source, span),
        command: Some(lsp::Command {
            title: title.to_string(),
            command: command.to_string(),
            arguments: Some(arguments),
        }),
        data: None,
    };
    let mut all = Vec::new();
    let tree = fresh.loaded.files.iter().find(|f| f.id == file);
    for item in tree.iter().flat_map(|t| &t.items) {
        match &item.kind {
            ItemKind::Test(test) => {
                let arguments = vec![json!(uri), json!(test.name.node)];
                all.push(lens(test.name.span, "▶ run test", RUN_TEST, arguments));
            }
            ItemKind::Flow(flow) => {
                for part in &flow.items {
                    let FlowItem::State(state) = part else {
                        continue;
                    };
                    let arguments = vec![json!(uri), json!(flow.name.name), json!(state.name.name)];
                    all.push(lens(
                        state.name.span,
                        "what if this breaks?",
                        WHAT_IF,
                        arguments,
                    ));
                }
            }
            _ => {}
        }
    }
    all
}

/// What came of a command: a line, and the whole of it in Markdown.
pub(super) struct Said {
    pub well: bool,
    pub line: String,
    pub page: String,
}

/// Runs one test of a policy.
pub(super) fn run_test(compiled: (Checked, Option<crate::table::Table>), name: &str) -> Said {
    let (checked, table) = compiled;
    let failed = |line: String| Said {
        well: false,
        page: format!("# {line}\n"),
        line,
    };
    let Some(table) = table else {
        return failed("not tested: the policy has errors".to_string());
    };
    let Some(test) = checked.policy.tests.iter().find(|t| t.name == name) else {
        return failed(format!("there is no test \"{name}\""));
    };
    let report = testing::run(&checked.policy, &table, &checked.sources, test);
    let mut page = format!("# \"{name}\" ");
    let line = match &report.failure {
        None => {
            page += "passed\n";
            format!("passed: \"{name}\"")
        }
        Some(why) => {
            let file = checked.sources.file(why.span.file);
            let at = file.line_col(why.span.start).line;
            let _ = write!(
                page,
                "failed\n\nLine {at}: expected {}, but {}\n",
                why.expected, why.actual
            );
            format!(
                "failed: \"{name}\", line {at}: expected {}, but {}",
                why.expected, why.actual
            )
        }
    };
    page += "\n```text\n";
    for step in &report.path {
        page += step;
        page.push('\n');
    }
    page += "```\n";
    Said {
        well: report.passed(),
        line,
        page,
    }
}

/// What runs come to if a state's step comes out badly, in each of its ways.
pub(super) fn what_if(checked: &Checked, flow: &str, state: &str) -> Said {
    let refused = |line: &str| Said {
        well: false,
        line: line.to_string(),
        page: format!("# {line}\n"),
    };
    if checked
        .findings
        .iter()
        .any(|f| f.severity == Severity::Error)
    {
        return refused("the policy has errors, and so nothing can be said of its flows");
    }
    let policy = &checked.policy;
    let Some((index, known)) = policy
        .flows
        .iter()
        .enumerate()
        .find(|(_, f)| f.name == flow)
    else {
        return refused("there is no such flow");
    };
    let Some(of) = known.states.iter().find(|s| s.name == state) else {
        return refused("there is no such state");
    };
    let (mut gate, _) = crate::gate::build(policy, 1);
    let pictures = crate::flow::pictures(&mut gate, &mut Vec::new());
    let Some(picture) = pictures.iter().find(|p| p.flow.index() == index) else {
        return refused("this flow is not looked at by itself");
    };
    let mut page = format!("# What if `{state}` of `{flow}` breaks?\n");
    let mut ways = 0;
    let mut ends: Vec<String> = Vec::new();
    for outcome in of.outcomes.iter().filter(|o| !fine(o.kind)) {
        // A call breaks wherever it is made; another step, in its state.
        let what = match &of.step {
            Step::Do(step) => &policy.action(step.action).full_name,
            _ => &of.name,
        };
        let scenario = format!("{what}={}", outcome.name);
        let Ok(Some(fault)) = by_text(policy, picture, "fail", &scenario) else {
            continue;
        };
        let told = stories(policy, picture, &[fault]);
        for story in told {
            ways += 1;
            let end = known.ends.get(story.end.end.index());
            let (name, class) = end.map_or(("", "an end"), |e| (e.name.as_str(), class(e.class)));
            ends.push(name.to_string());
            let _ = write!(
                page,
                "\n## `{}`: ends in `{name}`, a {class}\n\n",
                outcome.name
            );
            for step in &story.steps {
                let by = step.by_ms.map_or("—".to_string(), exactly);
                let _ = writeln!(page, "- {by}, `{}`: {}", step.state, step.text);
            }
        }
    }
    ends.sort();
    ends.dedup();
    let line = match ways {
        0 => format!("`{state}` cannot break"),
        _ => format!("if `{state}` breaks, runs end in {}", ends.join(", ")),
    };
    if ways == 0 {
        page += "\nNo run can come to that.\n";
    }
    Said {
        well: true,
        line,
        page,
    }
}

fn class(class: crate::syntax::tree::EndClass) -> &'static str {
    use crate::syntax::tree::EndClass;
    match class {
        EndClass::Success => "success",
        EndClass::Fallback => "fallback",
        EndClass::Failure => "failure",
    }
}

fn fine(kind: OutcomeKind) -> bool {
    crate::fixes::is_success(kind)
}
