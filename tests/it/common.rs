//! What most tests need: files in memory and on disk, compiling, the examples.

use failway::diagnostics::Diagnostic;
use failway::model::load::Loader;
use failway::table::Table;
use failway::{Checked, compile};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Files in memory, the root being `main.failway`.
pub struct Memory(pub BTreeMap<String, String>);

impl Memory {
    pub fn one(text: &str) -> Self {
        Self(BTreeMap::from([(
            "main.failway".to_string(),
            text.to_string(),
        )]))
    }
}

impl Loader for Memory {
    fn load(&self, path: &str) -> Result<Vec<u8>, String> {
        self.0
            .get(path)
            .map(|t| t.clone().into_bytes())
            .ok_or_else(|| "no such file".to_string())
    }
}

/// Compiles one text.
pub fn compiled(text: &str) -> (Checked, Option<Table>) {
    compile("main.failway", &Memory::one(text)).unwrap()
}

/// Findings as `FW301: message`.
pub fn said(findings: &[Diagnostic]) -> Vec<String> {
    let each = |d: &Diagnostic| format!("{}: {}", d.code, d.message);
    findings.iter().map(each).collect()
}

/// The repository's folder.
pub fn home() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The root file of every example, and the texts of all its files.
pub fn examples() -> Vec<(PathBuf, Memory)> {
    let mut all = Vec::new();
    let mut folders: Vec<PathBuf> = std::fs::read_dir(home().join("examples"))
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|p| p.is_dir())
        .collect();
    folders.sort();
    for folder in folders {
        let mut files = BTreeMap::new();
        let mut root = None;
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|e| e != "failway") {
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            let mut name = path.file_name().unwrap().to_str().unwrap().to_string();
            if text.lines().any(|l| l.starts_with("policy ")) {
                root = Some(path.clone());
                name = "main.failway".to_string();
            }
            files.insert(name, text);
        }
        all.push((root.unwrap(), Memory(files)));
    }
    assert!(all.len() >= 6);
    all
}
