//! The pages of the diagnostic codes: their form, their index, and what their examples raise.

use failway::diagnostics::Code;
use failway::model::load::Loader;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::PathBuf;

/// Codes whose page has no example that can be run, with the reason.
const NO_EXAMPLE: &[(Code, &str)] = &[(Code::FW007, "no page holds a file of more than 64 MiB")];

/// Codes whose example raises others besides, with the reason. An entry goes as soon as its page does
/// without it: the test says so.
const ACCOMPANIED: &[(Code, &[Code], &str)] = &[];

/// What a page is made of.
struct Page<'p> {
    /// Whether the example can be run.
    runs: bool,
    example: &'p str,
    repaired: &'p str,
}

/// The files of one example, by path.
struct Files<'p> {
    root: &'p str,
    texts: BTreeMap<&'p str, String>,
}

impl Loader for Files<'_> {
    fn load(&self, path: &str) -> Result<Vec<u8>, String> {
        self.texts
            .get(path)
            .map(|t| t.clone().into_bytes())
            .ok_or_else(|| format!("there is no file {path}"))
    }
}

/// Splits a block at its `//// file PATH` lines; without any, it is one file.
fn files(block: &str) -> Result<Files<'_>, String> {
    let mut files = Files {
        root: "",
        texts: BTreeMap::new(),
    };
    let named = block.contains("//// file ");
    let mut now = if named { None } else { Some("main.failway") };
    for line in block.lines() {
        if let Some(path) = line.strip_prefix("//// file ") {
            if files.texts.insert(path, String::new()).is_some() {
                return Err(format!("two files are called {path}"));
            }
            now = Some(path);
        }
        let Some(path) = now else {
            return Err("text before the first file".to_string());
        };
        if files.root.is_empty() {
            files.root = path;
        }
        if !line.starts_with("//// file ") {
            let text = files.texts.entry(path).or_default();
            text.push_str(line);
            text.push('\n');
        }
    }
    Ok(files)
}

/// The one block of a section, and the word behind its fence.
fn block(section: &str) -> Result<(&str, &str), String> {
    let mut fences = section.match_indices("```").map(|(at, _)| at);
    let (Some(open), Some(close), None) = (fences.next(), fences.next(), fences.next()) else {
        return Err("a section has exactly one block".to_string());
    };
    let inside = &section[open + 3..close];
    inside
        .split_once('\n')
        .ok_or_else(|| "an empty block".to_string())
}

fn page(code: Code) -> Result<Page<'static>, String> {
    let text = code.page();
    let title = format!("# {code}: {}\n\n", code.title());
    let body = text
        .strip_prefix(title.as_str())
        .ok_or_else(|| format!("does not begin with `{}`", title.trim_end()))?;
    let headings: Vec<&str> = body.lines().filter(|l| l.starts_with('#')).collect();
    if headings != ["## Why it matters", "## Example", "## Repaired"] {
        return Err(format!("its headings are {headings:?}"));
    }
    let mut sections = body.split("\n## ");
    let mut next = || sections.next().unwrap();
    let (found, matters) = (next(), next());
    for (what, text) in [("what it found", found), ("why it matters", matters)] {
        let text = text.strip_prefix("Why it matters").unwrap_or(text).trim();
        if text.is_empty() || text.contains("\n\n") || text.contains("```") {
            return Err(format!("{what} is not one paragraph"));
        }
    }
    let (language, example) = block(next())?;
    let (other, repaired) = block(next())?;
    if other != "failway" {
        return Err("the repaired example is not marked `failway`".to_string());
    }
    match language {
        "failway" | "text" => Ok(Page {
            runs: language == "failway",
            example,
            repaired,
        }),
        _ => Err(format!("the example is marked `{language}`")),
    }
}

/// The codes that checking the block raises, with the findings for showing them.
fn raised(block: &str, style: bool) -> Result<(BTreeSet<Code>, String), String> {
    let files = files(block)?;
    let mut checked = failway::check(files.root, &files)?;
    // The pages about style are for those who ask for it.
    if style {
        checked.findings.extend(failway::style(files.root, &files)?);
    }
    let mut shown = String::new();
    for f in &checked.findings {
        let _ = write!(shown, "\n    {}: {}", f.code, f.message);
    }
    Ok((checked.findings.iter().map(|f| f.code).collect(), shown))
}

fn problems(code: Code) -> Vec<String> {
    let page = match page(code) {
        Ok(page) => page,
        Err(why) => return vec![why],
    };
    let style = code.as_str().starts_with("FW9");
    let mut problems = Vec::new();
    let without = NO_EXAMPLE.iter().any(|(c, _)| *c == code);
    match (page.runs, without) {
        (false, false) => problems.push("the example cannot be run".to_string()),
        (true, true) => problems.push("it has an example: strike it off NO_EXAMPLE".to_string()),
        (false, true) => {}
        (true, false) => {
            let mut wanted = BTreeSet::from([code]);
            let others = ACCOMPANIED.iter().filter(|(c, ..)| *c == code);
            wanted.extend(others.flat_map(|(_, more, _)| *more));
            match raised(page.example, style) {
                Ok((codes, _)) if codes == wanted => {}
                Ok((codes, shown)) => problems.push(format!(
                    "the example raises {codes:?} instead of {wanted:?}{shown}"
                )),
                Err(why) => problems.push(format!("the example: {why}")),
            }
        }
    }
    match raised(page.repaired, style) {
        Ok((codes, _)) if codes.is_empty() => {}
        Ok((_, shown)) => problems.push(format!("the repaired example raises{shown}")),
        Err(why) => problems.push(format!("the repaired example: {why}")),
    }
    problems
}

#[test]
fn every_page_shows_what_it_says() {
    let mut all = String::new();
    for &code in Code::ALL {
        for problem in problems(code) {
            let _ = writeln!(all, "  docs/codes/{code}.md: {problem}");
        }
    }
    assert!(all.is_empty(), "\n{all}");
}

/// The index, as the registry has it.
fn index() -> String {
    let mut text = String::from(
        "# Diagnostic codes\n\n\
         Every code has a page: what it found, why it matters in production, an example that raises it, and the example \
         repaired.\n`failway explain CODE` shows the same page. A code is never renumbered or reused.\n\
         The stories under \"Why it matters\" are illustrations, with their figures, and no reports of incidents.\n",
    );
    let families = [
        ("FW0", "Syntax"),
        ("FW1", "Names and types"),
        ("FW2", "The gate"),
        ("FW3", "The flow"),
        ("FW4", "Failure handling"),
        ("FW5", "Budgets"),
        ("FW6", "Constraints against flows"),
        ("FW8", "Allowances"),
        ("FW9", "Style"),
    ];
    for (family, title) in families {
        let codes: Vec<&Code> = Code::ALL
            .iter()
            .filter(|c| c.as_str().starts_with(family))
            .collect();
        if codes.is_empty() {
            continue;
        }
        let _ = write!(
            text,
            "\n## {title}\n\n| code | severity | title |\n| --- | --- | --- |\n"
        );
        for code in codes {
            let severity = format!("{:?}", code.severity()).to_lowercase();
            let _ = writeln!(
                text,
                "| [{code}]({code}.md) | {severity} | {} |",
                code.title()
            );
        }
    }
    text
}

/// With `UPDATE_DOCS=1` the index is written anew.
#[test]
fn the_index_is_that_of_the_registry() {
    let wanted = index();
    for &code in Code::ALL {
        assert!(
            wanted.contains(&format!("[{code}]({code}.md)")),
            "{code} belongs to no family of the index"
        );
    }
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs/codes/README.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &wanted).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == wanted,
        "docs/codes/README.md is not up to date: run the tests with UPDATE_DOCS=1"
    );
}

#[test]
fn every_page_has_a_code() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs/codes");
    let mut lost = Vec::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        let code = name.strip_suffix(".md").and_then(Code::parse);
        if name != "README.md" && code.is_none() {
            lost.push(name);
        }
    }
    assert!(lost.is_empty(), "pages without a code: {lost:?}");
}
