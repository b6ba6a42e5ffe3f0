//! The formatter on everything there is: it changes no meaning, loses no comment, and twice is once.

use super::common::{Memory, compiled, examples, home};
use super::{generate, generate_flows};
use failway::diagnostics::Code;
use failway::source::FileId;
use failway::syntax;
use failway::syntax::fmt::{Refused, format};
use fastrand::Rng;
use std::collections::BTreeMap;
use std::path::Path;

/// How many random texts of a kind are tried.
fn cases(default: usize) -> usize {
    let wanted = std::env::var("FAILWAY_CASES");
    wanted.ok().and_then(|n| n.parse().ok()).unwrap_or(default)
}

fn comments(text: &str) -> Vec<String> {
    let (tree, _) = syntax::parse(FileId(0), text);
    let each = |c: failway::syntax::tree::Spanned<String>| c.node.trim_end().to_string();
    tree.comments.into_iter().map(each).collect()
}

/// Formats, and holds what must hold for any text.
#[track_caller]
fn formatted(text: &str) -> Result<String, Refused> {
    let made = format(text)?;
    assert_eq!(
        format(&made).as_deref(),
        Ok(made.as_str()),
        "twice is not once, for:\n{text}"
    );
    assert_eq!(comments(text), comments(&made), "comments of:\n{text}");
    // What cannot be read may end with blanks.
    if syntax::parse(FileId(0), text).1.is_empty() {
        for line in made.lines() {
            assert_eq!(line.trim_end(), line, "ends with blanks, for:\n{text}");
        }
    }
    Ok(made)
}

/// What a text means: the digest of its table, or what is found in it.
fn meaning(files: &Memory) -> Vec<String> {
    let (checked, table) = failway::compile("main.failway", files).unwrap();
    match table {
        Some(table) => vec![table.digest().to_string()],
        None => {
            let each = |d: &failway::diagnostics::Diagnostic| format!("{} {}", d.code, d.message);
            let mut all: Vec<String> = checked.findings.iter().map(each).collect();
            all.sort();
            all
        }
    }
}

#[track_caller]
fn means_the_same(text: &str) {
    let made = formatted(text).unwrap();
    let (a, b) = (Memory::one(text), Memory::one(&made));
    assert_eq!(meaning(&a), meaning(&b), "{text}\n──\n{made}");
}

fn policies_in(folder: &Path) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|e| e == "failway") {
            let text = std::fs::read_to_string(&path).unwrap();
            all.insert(path.display().to_string(), text);
        }
    }
    all
}

/// All blocks of policy text in the documents.
fn snippets() -> Vec<String> {
    let mut pages: Vec<String> = Code::ALL.iter().map(|c| c.page().to_string()).collect();
    for page in ["README.md", "docs/reference.md", "docs/tutorial.md"] {
        pages.push(std::fs::read_to_string(home().join(page)).unwrap());
    }
    let mut all = Vec::new();
    for page in pages {
        for block in page.split("```failway\n").skip(1) {
            let block = block.split("```").next().unwrap();
            all.extend(block.split("//// file ").map(|file| {
                match block.contains("//// file ") {
                    true => file
                        .split_once('\n')
                        .map_or("", |(_, rest)| rest)
                        .to_string(),
                    false => file.to_string(),
                }
            }));
        }
    }
    assert!(all.len() > 60);
    all
}

#[test]
fn examples_are_in_order_and_formatting_them_keeps_their_tables() {
    for (path, files) in examples() {
        let mut crowded = files.0.clone();
        for (name, text) in &files.0 {
            assert_eq!(
                formatted(text).unwrap(),
                *text,
                "{name} of {}",
                path.display()
            );
            let text = text.replace("\n\n", "\n").replace("  ", " ");
            crowded.insert(name.clone(), formatted(&text).unwrap());
        }
        assert_eq!(
            meaning(&files),
            meaning(&Memory(crowded)),
            "{}",
            path.display()
        );
    }
}

#[test]
fn snippets_and_mistakes_mean_the_same() {
    for text in snippets() {
        match formatted(&text) {
            Ok(_) => means_the_same(&text),
            Err(why) => assert!(matches!(why, Refused::TooDeep | Refused::Hidden), "{text}"),
        }
    }
    for (path, text) in policies_in(&home().join("tests/it/mistakes")) {
        if let Err(why) = formatted(&text) {
            // What stands in the way is the mistake itself.
            assert_eq!(why, Refused::Hidden, "{path}");
            continue;
        }
        means_the_same(&text);
    }
}

#[test]
fn random_policies_mean_the_same() {
    let mut rng = Rng::with_seed(7);
    let mut done = 0;
    while done < cases(10) {
        let Some(made) = generate::policy(&mut rng) else {
            continue;
        };
        let loose = loosened(&made.text, &mut rng, false);
        let again = formatted(&loose).unwrap();
        let table = compiled(&again).1.expect("it compiles");
        assert_eq!(table.digest(), made.table.digest(), "{loose}\n──\n{again}");
        done += 1;
    }
    let mut done = 0;
    while done < cases(2) {
        let Some(made) = generate_flows::flows(&mut rng, 2, true) else {
            continue;
        };
        // Its failure handling may have holes; then there is no table to compare.
        if compiled(&made.text).1.is_none() {
            continue;
        }
        let loose = loosened(&made.text, &mut rng, false);
        let again = formatted(&loose).unwrap();
        let table = compiled(&again).1.expect("it compiles");
        assert_eq!(table.digest(), made.table.digest(), "{loose}\n──\n{again}");
        done += 1;
    }
}

/// The text with other blanks and line breaks, and with comments put in, wherever blanks stand
/// outside of texts, patterns and comments.
fn loosened(text: &str, rng: &mut Rng, with_comments: bool) -> String {
    let mut out = String::new();
    for line in text.split_inclusive('\n') {
        let mut quote = None;
        let mut escaped = false;
        let mut comment = line.trim_start().starts_with("//");
        let mut chars = line.chars().peekable();
        while let Some(c) = chars.next() {
            match quote {
                Some(mark) => {
                    if !escaped && c == mark {
                        quote = None;
                    }
                    escaped = !escaped && c == '\\';
                }
                None if comment => {}
                None if c == '/' && chars.peek() == Some(&'/') => comment = true,
                None if c == '"' || c == '/' => quote = Some(c),
                None if c == ' ' => {
                    match rng.u8(..20) {
                        0..=3 => out.push_str(&" ".repeat(rng.usize(2..9))),
                        4..=5 => out.push_str("\n   "),
                        6 => out.push_str("\n\n\n"),
                        7 if with_comments => {
                            out.push_str(&format!("  // note {}\n ", rng.u8(..)));
                        }
                        8 if with_comments => {
                            out.push_str(&format!("\n\n // note {}\n", rng.u8(..)));
                        }
                        _ => out.push(' '),
                    }
                    continue;
                }
                None => {}
            }
            out.push(c);
        }
    }
    out
}

#[test]
fn however_it_is_written_it_becomes_one_style() {
    let mut rng = Rng::with_seed(11);
    for _ in 0..cases(3) {
        for (path, files) in examples() {
            for text in files.0.values() {
                for with_comments in [false, true] {
                    let loose = loosened(text, &mut rng, with_comments);
                    let made = formatted(&loose);
                    assert!(made.is_ok(), "{}: {made:?}\n{loose}", path.display());
                }
            }
        }
    }
}

/// A text with a line or a few characters less: most of it is put in order, nothing is lost.
#[test]
fn broken_texts_are_put_in_order_outside_of_what_is_broken() {
    let mut rng = Rng::with_seed(13);
    let (mut tried, mut refused, mut changed) = (0, 0, 0);
    for _ in 0..cases(8) {
        for (_, files) in examples() {
            for text in files.0.values() {
                let mut broken = loosened(text, &mut rng, true);
                for _ in 0..rng.usize(1..4) {
                    let mut at = rng.usize(..broken.len());
                    let mut end = broken.len().min(at + rng.usize(1..12));
                    while !broken.is_char_boundary(at) {
                        at -= 1;
                    }
                    while !broken.is_char_boundary(end) {
                        end += 1;
                    }
                    broken
                        .replace_range(at..end, ["", "}", "{", "\"", "//", " x "][rng.usize(..6)]);
                }
                tried += 1;
                match formatted(&broken) {
                    Ok(made) => changed += usize::from(made != broken),
                    Err(_) => refused += 1,
                }
            }
        }
    }
    println!("{tried} broken texts: {changed} put in order, {refused} refused");
    assert!(refused * 10 < tried, "{refused} of {tried} are refused");
    assert!(changed * 2 > tried, "{changed} of {tried} are changed");
}
