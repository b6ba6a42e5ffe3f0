//! The parser on whole files.

use failway::source::FileId;
use failway::syntax::parse;
use std::path::PathBuf;

/// Every example file with its text.
pub fn examples() -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("examples");
    for folder in std::fs::read_dir(root).unwrap() {
        let folder = folder.unwrap().path();
        if !folder.is_dir() {
            continue;
        }
        for file in std::fs::read_dir(folder).unwrap() {
            let path = file.unwrap().path();
            if path.extension().is_some_and(|e| e == "failway") {
                let text = std::fs::read_to_string(&path).unwrap();
                found.push((path, text));
            }
        }
    }
    found.sort();
    found
}

#[test]
fn examples_have_no_syntax_errors() {
    let files = examples();
    assert!(files.len() >= 7);
    for (path, text) in files {
        let (tree, findings) = parse(FileId(0), &text);
        assert!(findings.is_empty(), "{}: {findings:#?}", path.display());
        assert!(
            tree.complete && !tree.items.is_empty(),
            "{}",
            path.display()
        );
    }
}

#[test]
fn a_text_cut_off_anywhere_is_read_without_panic_and_reported() {
    let (_, text) = examples().swap_remove(0);
    for end in (0..text.len()).step_by(7) {
        let Some(cut) = text.get(..end) else { continue };
        let (_, findings) = parse(FileId(0), cut);
        for found in findings {
            assert!(found.span().range().end <= cut.len(), "{found:?}");
        }
    }
}
