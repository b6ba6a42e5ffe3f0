//! The runtimes in other languages, `runtimes/*`: each has a program `conform` that runs vectors, and
//! one `ci` that runs its own tests.
//!
//! `FAILWAY_DECISIONS` and `FAILWAY_FLOW_STEPS` set how much all runtimes have to agree on (default
//! 200 and 150); `FAILWAY_VECTORS=all` holds the runtimes against the vectors of all examples and of more
//! random policies, found with more patience.

use super::common::{compiled, examples, home};
use super::{generate, generate_flows};
use failway::table::Table;
use failway::vectors::{self, Effort, Expect};
use fastrand::Rng;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Enough to find most of what is to be found, in a time fit for every test run.
const QUICK: Effort = Effort { patience: 6 };
/// For what is run on demand.
const WHOLE: Effort = Effort { patience: 300 };

fn wanted(name: &str, usual: usize) -> usize {
    let set = std::env::var(name).ok().and_then(|n| n.parse().ok());
    set.unwrap_or(usual)
}

/// The programs of that name in the folders of the runtimes.
fn programs(name: &str) -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> = std::fs::read_dir(home().join("runtimes"))
        .unwrap()
        .map(|e| e.unwrap().path().join(name))
        .filter(|p| p.is_file())
        .collect();
    all.sort();
    assert!(!all.is_empty());
    all
}

/// Runs a program on a text; gives what it printed, or what it lacks.
fn run(program: &Path, args: &[&str], text: &[u8]) -> (bool, String) {
    let mut child = Command::new(program)
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|e| panic!("{} cannot be run: {e}", program.display()));
    let mut stdin = child.stdin.take().unwrap();
    let text = text.to_vec();
    // A program that stops reading says why by itself.
    let writer = std::thread::spawn(move || drop(stdin.write_all(&text)));
    let out = child.wait_with_output().unwrap();
    writer.join().unwrap();
    let said = String::from_utf8_lossy(&out.stdout) + String::from_utf8_lossy(&out.stderr);
    assert!(
        !matches!(out.status.code(), Some(126 | 127)),
        "{} needs a program that isn't installed (python3 of 3.9 or later for `runtimes/python`, node of 18 or \
         later for `runtimes/node`): {said}",
        program.display()
    );
    (out.status.success(), said.into_owned())
}

fn example_tables() -> Vec<Table> {
    let all = examples().into_iter();
    all.map(|(path, files)| {
        let (_, table) = failway::compile("main.failway", &files).unwrap();
        table.unwrap_or_else(|| panic!("{} has no table", path.display()))
    })
    .collect()
}

fn refunds() -> Table {
    let path = "examples/refunds/refund_desk.failway";
    compiled(&std::fs::read_to_string(home().join(path)).unwrap())
        .1
        .unwrap()
}

/// A small policy in which keys, windows, facts, undo and confirm meet.
fn workshop() -> Table {
    compiled(include_str!("runtimes/workshop.failway"))
        .1
        .unwrap()
}

fn random_tables(rng: &mut Rng, gates: usize, flows: usize) -> Vec<Table> {
    let mut all = Vec::new();
    while all.len() < gates {
        all.extend(generate::policy(rng).map(|made| made.table));
    }
    while all.len() < gates + flows {
        all.extend(generate_flows::flows(rng, 2_000, false).map(|made| made.table));
    }
    all
}

fn section(out: &mut Vec<u8>, table: &Table, effort: Effort) {
    for line in vectors::generate(table, effort).lines(table) {
        out.extend(line.as_bytes());
        out.push(b'\n');
    }
}

#[test]
fn every_runtime_comes_to_the_results_of_the_vectors() {
    let mut text = Vec::new();
    if std::env::var_os("FAILWAY_VECTORS").is_some() {
        for table in example_tables() {
            section(&mut text, &table, WHOLE);
        }
        for table in random_tables(&mut Rng::with_seed(11), 20, 10) {
            section(&mut text, &table, WHOLE);
        }
    } else {
        section(&mut text, &refunds(), QUICK);
        section(&mut text, &workshop(), QUICK);
    }
    for program in programs("conform") {
        let (well, said) = run(&program, &["-"], &text);
        let from = said.len().saturating_sub(4_000);
        assert!(well, "{}: {}", program.display(), &said[from..]);
    }
}

#[test]
fn vectors_are_the_same_every_time() {
    let (mut first, mut second) = (Vec::new(), Vec::new());
    section(&mut first, &refunds(), QUICK);
    section(&mut second, &refunds(), QUICK);
    assert!(first == second && first.len() > 10_000);
}

/// Small policies in which much is to be seen, each with the patience that its stories need.
fn small() -> Vec<(Table, Effort)> {
    let all = [
        (include_str!("runtimes/windows.failway"), 12),
        (include_str!("runtimes/forms.failway"), 20),
        (include_str!("runtimes/workshop.failway"), 20),
        (include_str!("runtimes/stations.failway"), 60),
    ];
    let made = all.into_iter().map(|(text, patience)| {
        let (checked, table) = compiled(text);
        let table = table.unwrap_or_else(|| panic!("{:#?}", checked.findings));
        (table, Effort { patience })
    });
    made.collect()
}

/// Few vectors notice twenty ways in which a runtime is broken on purpose.
#[test]
fn few_vectors_notice_twenty_broken_runtimes() {
    let mut tables = small();
    tables.iter_mut().for_each(|(_, effort)| *effort = QUICK);
    broken(&["--least", "20", "-"], &vectors_of(&tables));
}

/// Each runtime that is broken on purpose fails the vectors, in whatever way it is broken.
/// `FAILWAY_VECTORS=all` adds the vectors of all examples.
#[test]
#[ignore = "takes minutes: cargo test --test it a_broken_runtime -- --ignored"]
fn a_broken_runtime_fails_the_vectors() {
    let mut tables = small();
    if std::env::var_os("FAILWAY_VECTORS").is_some() {
        tables.extend(example_tables().into_iter().map(|table| (table, WHOLE)));
    }
    broken(&["-"], &vectors_of(&tables));
}

fn vectors_of(tables: &[(Table, Effort)]) -> Vec<u8> {
    // Most is seen in steps, which are quicker to go through: documents come last.
    let (mut text, mut documents) = (Vec::new(), Vec::new());
    for (table, effort) in tables {
        let all = vectors::generate(table, *effort);
        let steps = vectors::Vectors {
            documents: Vec::new(),
            ..all.clone()
        };
        let rest = vectors::Vectors {
            steps: Vec::new(),
            ..all
        };
        for (out, part) in [(&mut text, steps), (&mut documents, rest)] {
            for line in part.lines(table) {
                out.extend(line.as_bytes());
                out.push(b'\n');
            }
        }
    }
    text.extend(documents);
    text
}

/// Breaks each runtime in all its ways.
fn broken(args: &[&str], text: &[u8]) {
    std::thread::scope(|scope| {
        for program in programs("broken") {
            scope.spawn(move || {
                let (well, said) = run(&program, args, text);
                println!("{said}");
                assert!(well, "{}: {said}", program.display());
            });
        }
    });
}

/// Random policies and examples, in long runs: the results are compared by digest.
#[test]
fn all_runtimes_agree_at_length() {
    let decisions = wanted("FAILWAY_DECISIONS", 200);
    let flow_steps = wanted("FAILWAY_FLOW_STEPS", 150);
    let mut rng = Rng::with_seed(7);
    let (mut decided, mut stepped, mut round) = (0, 0, 0);
    while decided < decisions || stepped < flow_steps {
        let mut tables = match round {
            0 if decisions > 200 => example_tables(),
            0 => vec![refunds()],
            _ => Vec::new(),
        };
        let (gates, flows) = (
            usize::from(decided < decisions) * if decisions > 200 { 4 } else { 1 },
            usize::from(stepped < flow_steps && (round > 0 || decisions > 200)) * 2,
        );
        tables.extend(random_tables(&mut rng, gates, flows));
        let mut text = Vec::new();
        for table in &tables {
            serde_json::to_writer(&mut text, &vectors::header(table)).unwrap();
            text.push(b'\n');
            let mut add = |steps: usize, flow: Option<usize>| {
                let case = vectors::walk(table, &format!("{round} {flow:?}"), steps, flow);
                let count = |what: fn(&vectors::Step) -> bool| {
                    case.steps.iter().filter(|s| what(s)).count()
                };
                let proposals = count(|s| {
                    let kind = s.request.as_ref().and_then(|r| r.get("kind"));
                    kind.is_some_and(|k| k == "propose")
                        && matches!(s.expect, Expect::Digest { .. })
                });
                serde_json::to_writer(&mut text, &case).unwrap();
                text.push(b'\n');
                (proposals, case.steps.len())
            };
            if decided < decisions {
                decided += add(
                    if round == 0 {
                        100
                    } else {
                        decisions / 20 + 100
                    }
                    .min(5_000),
                    None,
                )
                .0;
            }
            for flow in 0..table.body().flows.len() {
                if stepped < flow_steps {
                    stepped += add((flow_steps / 20 + 50).min(2_000), Some(flow)).1;
                }
            }
        }
        for program in programs("conform") {
            let (well, said) = run(&program, &["--quick", "-"], &text);
            let from = said.len().saturating_sub(4_000);
            assert!(well, "{}: {}", program.display(), &said[from..]);
        }
        round += 1;
    }
    println!("{decided} decisions and {stepped} steps of flows: all agree");
}

/// Whatever a runtime needs for its own tests, its program installs.
#[test]
fn the_runtimes_own_tests_pass() {
    for program in programs("ci") {
        let (well, said) = run(&program, &[], b"");
        assert!(well, "{}: {said}", program.display());
    }
}

/// The tables that the runtimes' own tests read: the example of the contract, and what stands beside it.
#[test]
fn the_tables_of_the_runtimes_tests_are_those_of_their_sources() {
    let contract = std::fs::read_to_string(home().join("docs/table.md")).unwrap();
    let (_, after) = contract.split_once("```failway\npolicy desk").unwrap();
    let (policy, _) = after.split_once("```").unwrap();
    let beside = home().join("runtimes/typescript/test/desk.failway");
    let beside = std::fs::read_to_string(beside).unwrap();
    for (source, path) in [
        (
            format!("policy desk{policy}"),
            "runtimes/python/tests/desk.table.json",
        ),
        (beside, "runtimes/typescript/test/desk.table.json"),
    ] {
        let (_, made) = compiled(&source);
        let kept = Table::read(&std::fs::read(home().join(path)).unwrap()).unwrap();
        assert_eq!(made.unwrap().body(), kept.body(), "{path} is out of date");
    }
}
