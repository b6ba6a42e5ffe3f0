//! The fuzz targets (`fuzz/`), on their seeds, on the cases that were found, and on some changes of
//! them. `FAILWAY_CASES` sets how many inputs each target gets (default 400, of the checker 40).

#[path = "../../fuzz/src/targets.rs"]
mod targets;

use super::common::home;
use fastrand::Rng;
use std::path::Path;

fn files(folder: &Path, out: &mut Vec<Vec<u8>>) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    let mut paths: Vec<_> = entries.map(|e| e.unwrap().path()).collect();
    paths.sort();
    for path in paths.iter().filter(|p| p.is_file()) {
        out.push(std::fs::read(path).unwrap());
    }
}

/// Some bytes changed, put in or cut out; or the parts of two inputs joined.
fn changed(rng: &mut Rng, seeds: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = rng.choice(seeds).cloned().unwrap_or_default();
    if rng.u8(..4) == 0 {
        bytes.truncate(rng.usize(..=bytes.len()));
        let other = rng.choice(seeds).cloned().unwrap_or_default();
        bytes.extend_from_slice(&other[rng.usize(..=other.len())..]);
    }
    for _ in 0..rng.usize(1..6) {
        let at = rng.usize(..=bytes.len());
        match rng.u8(..4) {
            0 if at < bytes.len() => bytes[at] = rng.u8(..),
            1 if at < bytes.len() => drop(bytes.drain(at..bytes.len().min(at + rng.usize(1..9)))),
            2 => bytes.insert(at, rng.u8(..)),
            _ if at < bytes.len() => bytes[at] ^= 1 << rng.u8(..8),
            _ => bytes.push(rng.u8(..)),
        }
    }
    bytes
}

fn run(name: &str, target: fn(&[u8]), text: bool, usual: usize) {
    let set = std::env::var("FAILWAY_CASES").ok();
    let cases = set.and_then(|n| n.parse().ok()).unwrap_or(usual);
    let mut seeds = Vec::new();
    files(&home().join("fuzz/found").join(name), &mut seeds);
    seeds.iter().for_each(|seed| target(seed));
    files(&home().join("fuzz/seeds").join(name), &mut seeds);
    if text {
        files(&home().join("fuzz/policies"), &mut seeds);
        files(&home().join("tests/it/mistakes"), &mut seeds);
    }
    let mut rng = Rng::with_seed(23);
    for seed in seeds.iter().take(cases) {
        target(seed);
    }
    for _ in 0..cases {
        let input = match text {
            true => changed(&mut rng, &seeds),
            // Lists of edits, and hosts that do what bytes say.
            false if rng.bool() => (0..rng.usize(1..120)).map(|_| rng.u8(..)).collect(),
            false => changed(&mut rng, &seeds),
        };
        target(&input);
    }
}

#[test]
fn the_parser_takes_every_text() {
    run("parser", targets::parser, true, 400);
}

#[test]
fn the_checker_takes_every_text() {
    run("checker", targets::checker, true, 40);
}

#[test]
fn what_is_formatted_stays_so() {
    run("formatter", targets::formatter, true, 400);
}

#[test]
fn tables_are_refused_or_whole() {
    run("table", targets::table, false, 400);
}

#[test]
fn sessions_are_refused_or_whole() {
    run("session", targets::session, false, 400);
}

#[test]
fn hosts_may_ask_anything() {
    run("runtime", targets::runtime, false, 400);
}
