//! The examples: clean, tested, in the published form, and complete: nothing can be taken out of
//! them without an error that says what is missing.

use super::common::{Memory, examples, said};
use super::schema::Checker;
use failway::diagnostics::{Diagnostic, has_errors};
use failway::source::{FileId, SourceFile, Sources};
use failway::syntax::tree::{Flow, FlowItem, Handler, ItemKind, State, StateItem};
use failway::table::write;
use failway::{check, compile, syntax, testing};

#[test]
fn examples_are_clean_and_pass_their_tests() {
    for (path, files) in examples() {
        let (checked, table) = compile("main.failway", &files).unwrap();
        let path = path.display();
        assert_eq!(said(&checked.findings), Vec::<String>::new(), "{path}");
        let style = failway::style("main.failway", &files).unwrap();
        assert_eq!(said(&style), Vec::<String>::new(), "{path}");
        let table = table.unwrap();
        assert!(!checked.policy.tests.is_empty(), "{path} has no tests");
        for test in &checked.policy.tests {
            let report = testing::run(&checked.policy, &table, &checked.sources, test);
            assert!(
                report.passed(),
                "{path}: {}: {:#?}",
                test.name,
                report.failure
            );
        }
    }
}

#[test]
fn tables_of_examples_keep_to_the_schema_and_are_the_same_bytes_each_time() {
    let checker = Checker::new();
    for (path, files) in examples() {
        let bytes = || {
            let (_, table) = compile("main.failway", &files).unwrap();
            write::bytes(table.unwrap().document()).unwrap()
        };
        let made = bytes();
        assert_eq!(made, bytes(), "{}", path.display());
        let document = serde_json::from_slice(&made).unwrap();
        checker
            .check(&document)
            .unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let read = failway::table::Table::read(&made).unwrap();
        assert_eq!(write::bytes(read.document()).unwrap(), made);
    }
}

/// Every handler of a flow, with the state that it stands in or the `handlers` block.
fn handlers(flow: &Flow) -> Vec<(Option<&State>, &Handler)> {
    let mut all = Vec::new();
    for item in &flow.items {
        match item {
            FlowItem::Handler(h) => all.push((None, h)),
            FlowItem::Handlers { handlers, .. } => all.extend(handlers.iter().map(|h| (None, h))),
            FlowItem::State(state) => {
                for item in &state.items {
                    if let StateItem::Handler(h) = item {
                        all.push((Some(state), h));
                    }
                }
            }
            _ => {}
        }
    }
    all
}

/// The file with what is in the range replaced.
fn changed(files: &Memory, name: &str, range: std::ops::Range<usize>, by: &str) -> Memory {
    let mut copy = files.0.clone();
    let text = copy.get_mut(name).unwrap();
    text.replace_range(range, by);
    Memory(copy)
}

fn each_handler(mut visit: impl FnMut(&Memory, &str, Option<&State>, &Handler)) -> usize {
    let mut count = 0;
    for (_, files) in examples() {
        for (name, text) in &files.0 {
            let (tree, _) = syntax::parse(FileId(0), text);
            for item in &tree.items {
                let ItemKind::Flow(flow) = &item.kind else {
                    continue;
                };
                for (state, handler) in handlers(flow) {
                    count += 1;
                    visit(&files, name, state, handler);
                }
            }
        }
    }
    count
}

fn line_of(files: &Memory, name: &str, at: u32) -> u32 {
    let text = &files.0[name];
    SourceFile::new(name, text.as_str()).line_col(at).line
}

fn place(sources: &Sources, finding: &Diagnostic) -> (String, u32) {
    let span = finding.span();
    let file = sources.file(span.file);
    (file.name().to_string(), file.line_col(span.start).line)
}

#[test]
fn deleting_any_handler_is_an_error_that_names_outcome_and_state() {
    let count = each_handler(|files, name, state, handler| {
        let range = handler.span.range();
        let blank = " ".repeat(range.len());
        let less = changed(files, name, range, &blank);
        let checked = check("main.failway", &less).unwrap();
        assert!(
            has_errors(&checked.findings),
            "nothing found without `{}`",
            &files.0[name][handler.span.range()]
        );
        let all = said(&checked.findings).join("\n");
        for outcome in &handler.outcomes {
            // A guarded handler that is taken out leaves a gap, or leaves its outcome to another.
            let named = checked.findings.iter().find(|f| {
                f.message.contains(&format!("`{}`", outcome.name))
                    && state.is_none_or(|s| f.message.contains(&format!("`{}`", s.name.name)))
            });
            let named = named.unwrap_or_else(|| panic!("`{}` is not named:\n{all}", outcome.name));
            assert!(
                ["FW301", "FW311", "FW313"].contains(&named.code.as_str()),
                "{all}"
            );
            if let Some(state) = state {
                let (file, line) = place(&checked.sources, named);
                let first = line_of(files, name, state.span.start);
                let last = line_of(files, name, state.span.end);
                assert!(file == name && first <= line && line <= last, "{all}");
            }
        }
    });
    assert!(count > 100, "{count}");
}

#[test]
fn pointing_any_handler_at_a_missing_state_is_an_error_at_its_target() {
    each_handler(|files, name, _, handler| {
        let wrong = changed(files, name, handler.to.span.range(), "nowhere_at_all");
        let checked = check("main.failway", &wrong).unwrap();
        let found = checked
            .findings
            .iter()
            .find(|f| f.code.as_str() == "FW101" && f.message.contains("nowhere_at_all"))
            .unwrap_or_else(|| panic!("{:#?}", said(&checked.findings)));
        assert_eq!(found.span().start, handler.to.span.start);
    });
}
