//! What the compiler says about typical mistakes, one small policy for each, kept with its source.

use failway::check;
use failway::diagnostics::render_human::{Style, render};
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// The fewest mistakes that are kept.
const MISTAKES_MIN: usize = 40;

const STYLE: Style = Style {
    colour: false,
    unicode: true,
    width: 100,
};

pub fn mistakes() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/mistakes");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "failway"))
        .collect();
    files.sort();
    files
}

#[test]
fn every_mistake_is_explained() {
    let files = mistakes();
    assert!(files.len() >= MISTAKES_MIN, "only {} mistakes", files.len());
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    for path in files {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        let root = format!("{name}.failway");
        let memory = super::model::Memory([(root.clone(), text.clone())].into());
        let checked = check(&root, &memory).unwrap();
        assert!(!checked.findings.is_empty(), "nothing is found in {name}");
        let mut said = format!("{text}\n");
        for finding in &checked.findings {
            let drawn = render(&checked.sources, finding, STYLE);
            writeln!(said, "{}", drawn.trim_end()).unwrap();
            said.push('\n');
        }
        settings.bind(|| insta::assert_snapshot!(name.clone(), said.trim_end()));
    }
}

/// One cause, one finding: whoever has made one mistake is told of one.
#[test]
fn one_mistake_gets_one_finding() {
    for path in mistakes() {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        let memory = super::model::Memory::one(&text);
        let checked = check("main.failway", &memory).unwrap();
        let codes: Vec<&str> = checked.findings.iter().map(|d| d.code.as_str()).collect();
        assert_eq!(codes.len(), 1, "{name}: {codes:?}");
    }
}
