//! What the language means, clause by clause: policies whose `test` blocks say it, played through the
//! compiled table.

use failway::model::load::Loader;
use failway::{compile, testing};
use std::path::{Path, PathBuf};

/// The fewest clauses that are kept.
const CLAUSES_MIN: usize = 35;

struct Folder(PathBuf);

impl Loader for Folder {
    fn load(&self, path: &str) -> Result<Vec<u8>, String> {
        std::fs::read(self.0.join(path)).map_err(|e| e.to_string())
    }
}

#[test]
fn every_clause_holds() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/semantics");
    let mut files: Vec<String> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    files.sort();
    let folder = Folder(folder);
    let (mut clauses, mut wrong) = (0, Vec::new());
    for file in files {
        let (checked, table) = compile(&file, &folder).unwrap();
        let Some(table) = table else {
            wrong.push(format!("{file} has errors: {:#?}", checked.findings));
            continue;
        };
        for test in &checked.policy.tests {
            clauses += 1;
            let report = testing::run(&checked.policy, &table, &checked.sources, test);
            if let Some(failure) = &report.failure {
                wrong.push(format!("{file}: {}: {failure:#?}", test.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(clauses >= CLAUSES_MIN, "only {clauses} clauses");
}
