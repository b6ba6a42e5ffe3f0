//! The grammar's tests: its corpus, all policies of the repository, its queries, and that the parser is
//! the one that the grammar makes.

use std::path::{Path, PathBuf};
use tree_sitter::{Node, Parser, Query, Tree};
use tree_sitter_failway as failway;

fn parsed(text: &str) -> Tree {
    let mut parser = Parser::new();
    parser.set_language(&failway::LANGUAGE.into()).unwrap();
    parser.parse(text, None).unwrap()
}

fn home() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The repository: beside this folder, or where the test that copied it says.
fn repo() -> PathBuf {
    std::env::var_os("FAILWAY_REPO").map_or_else(|| home().join("../.."), PathBuf::from)
}

/// Where a tree has an error or lacks something.
fn wrong(node: Node<'_>, text: &str, found: &mut Vec<String>) {
    if node.is_error() || node.is_missing() {
        let at = node.start_position();
        let line = text.lines().nth(at.row).unwrap_or_default();
        found.push(format!("line {}, column {}: {line}", at.row + 1, at.column + 1));
        return;
    }
    let mut cursor = node.walk();
    for child in node.children(&mut cursor) {
        wrong(child, text, found);
    }
}

fn policies() -> Vec<(String, String)> {
    let mut all = Vec::new();
    let mut folders = vec![repo().join("examples")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "failway") {
                all.push((path.display().to_string(), std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
    let mut pages: Vec<PathBuf> = std::fs::read_dir(repo().join("docs/codes"))
        .unwrap()
        .map(|e| e.unwrap().path())
        .collect();
    pages.push(repo().join("README.md"));
    pages.sort();
    for page in pages {
        let name = page.display().to_string();
        let text = std::fs::read_to_string(&page).unwrap();
        // The first example of a page about syntax is wrong on purpose.
        let syntax = name.contains("/FW0");
        let blocks: Vec<&str> = text.split("```failway\n").skip(1).collect();
        for (i, block) in blocks.iter().enumerate() {
            if !syntax || i + 1 == blocks.len() {
                let block = block.split("\n```").next().unwrap();
                all.push((format!("{name}, block {}", i + 1), format!("{block}\n")));
            }
        }
    }
    all
}

#[test]
fn every_policy_of_the_repository_is_read_without_an_error() {
    let all = policies();
    assert!(all.len() > 60, "only {} policies", all.len());
    let mut report = Vec::new();
    for (name, text) in &all {
        let tree = parsed(text);
        let mut found = Vec::new();
        wrong(tree.root_node(), text, &mut found);
        report.extend(found.iter().map(|f| format!("{name}, {f}")));
    }
    assert!(report.is_empty(), "{}", report.join("\n"));
}

#[test]
fn queries_fit_the_grammar() {
    let language = failway::LANGUAGE.into();
    for (name, query) in [
        ("highlights", failway::HIGHLIGHTS_QUERY),
        ("locals", failway::LOCALS_QUERY),
        ("folds", failway::FOLDS_QUERY),
        ("indents", failway::INDENTS_QUERY),
        ("textobjects", failway::TEXTOBJECTS_QUERY),
        ("tags", failway::TAGS_QUERY),
        // Those of Zed stand beside its extension.
        ("Zed's brackets", include_str!("../../zed/languages/failway/brackets.scm")),
        ("Zed's indents", include_str!("../../zed/languages/failway/indents.scm")),
        ("Zed's outline", include_str!("../../zed/languages/failway/outline.scm")),
    ] {
        if let Err(why) = Query::new(&language, query) {
            panic!("{name}: {why}");
        }
    }
}

/// The cases of a file in the form of `tree-sitter test`: a title between lines of `=`, a text, `---`,
/// a tree.
fn cases(text: &str) -> Vec<(String, String, String)> {
    let mut parts = text.split("==================\n").skip(1);
    let mut all = Vec::new();
    while let (Some(title), Some(body)) = (parts.next(), parts.next()) {
        let (source, tree) = body.split_once("\n---\n").expect("a tree");
        let words = |s: &str| s.split_whitespace().collect::<Vec<_>>().join(" ");
        all.push((title.trim().to_string(), source.to_string(), words(tree)));
    }
    all
}

/// A tree with each inner node on a line of its own.
fn drawn(tree: &str) -> String {
    let mut out = String::new();
    let mut depth: usize = 0;
    for (i, part) in tree.split(" ").enumerate() {
        let inner = part.starts_with('(');
        if i > 0 {
            out += &if inner && !out.ends_with(':') { format!("\n{}", "  ".repeat(depth)) } else if part.ends_with(':') { format!("\n{}", "  ".repeat(depth)) } else { " ".to_string() };
        }
        out += part;
        depth = (depth + part.matches('(').count()).saturating_sub(part.matches(')').count());
    }
    out
}

#[test]
fn the_corpus_is_read_as_it_says() {
    let mut count = 0;
    for entry in std::fs::read_dir(home().join("test/corpus")).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let mut now = String::new();
        let mut differ = Vec::new();
        for (title, source, tree) in cases(&text) {
            let made = parsed(&format!("{source}\n")).root_node().to_sexp();
            if made != tree.replace(" )", ")").replace("( ", "(") {
                differ.push(title.clone());
            }
            let line = "==================";
            now += &format!("{line}\n{title}\n{line}\n{source}\n---\n\n{}\n\n", drawn(&made));
            count += 1;
        }
        // Whoever lets this write the trees has to read them.
        if std::env::var_os("UPDATE_CORPUS").is_some() {
            std::fs::write(&path, now).unwrap();
        }
        assert!(differ.is_empty(), "{}: other trees for {differ:?}", path.display());
    }
    assert!(count >= 6, "only {count} cases");
}

#[test]
fn the_parser_is_the_one_that_the_grammar_makes() {
    let json = tree_sitter_generate::load_grammar_file(&home().join("grammar.js"), Some("node")).unwrap();
    let (name, parser) = tree_sitter_generate::generate_parser_for_grammar(
        &json,
        Some((0, 1, 0)),
        Default::default(),
        &mut Vec::new(),
    )
    .unwrap();
    assert_eq!(name, "failway");
    let files = [
        ("src/parser.c", parser.as_str()),
        ("src/grammar.json", json.as_str()),
        ("src/tree_sitter/parser.h", tree_sitter_generate::PARSER_HEADER),
    ];
    for (file, made) in files {
        let path = home().join(file);
        if std::env::var_os("UPDATE_PARSER").is_some() {
            std::fs::write(&path, made).unwrap();
        }
        let kept = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(kept == made, "{file} is not what grammar.js makes; run this with UPDATE_PARSER=1");
    }
}
