//! Whatever is thrown at the compiler and the runtime is answered, and in time: by a finding, a
//! refusal, or a result; never by a panic.

use crate::common::{Memory, compiled, examples, said};
use failway::diagnostics::render_human::{self, Style};
use failway::diagnostics::{render_json, render_plain};
use failway::model::load::Loader;
use failway::runtime::{Asked, Given, Memory as Counters, Request, Runtime, Session};
use failway::table::{Table, canonical};
use failway::{Checked, check, compile};
use fastrand::Rng;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// A policy to put things into: a read that is always allowed, and a write that seldom is.
const BASE: &str = "policy p
type Id = string length 1..40
integration a {
  action r(id: Id, n: int in 0..1000) -> Id { reads timeout 1s }
  action w(id: Id, n: int in 0..1000) { writes expendable timeout 1s }
}
allow reading: any read
allow seldom: a.w when n == 999
";

/// Generous, for busy machines; what has no bound takes far longer.
const PATIENCE: Duration = Duration::from_secs(300);

/// Checks a text, and draws what was found in all forms.
fn checked(text: &str) -> Checked {
    let begun = Instant::now();
    let checked = check("main.failway", &Memory::one(text)).unwrap();
    drawn(&checked);
    assert!(begun.elapsed() < PATIENCE, "{:?}", begun.elapsed());
    checked
}

fn drawn(checked: &Checked) {
    let style = Style {
        colour: true,
        unicode: true,
        width: 80,
    };
    for finding in checked.findings.iter().take(20) {
        let _ = render_human::render(&checked.sources, finding, style);
        let _ = render_plain::plain(&checked.sources, finding);
        let _ = render_plain::short(&checked.sources, finding);
        let _ = render_json::finding(&checked.sources, finding);
    }
}

/// What is found in a text, as `FW301: message`.
fn found(text: &str) -> Vec<String> {
    said(&checked(text).findings)
}

#[track_caller]
fn finds(text: &str, wanted: &str) -> Vec<String> {
    let found = found(text);
    assert!(
        found.iter().any(|f| f.contains(wanted)),
        "no {wanted:?} in {:?}",
        &found[..found.len().min(5)]
    );
    found
}

/// With a condition on the write.
fn when(condition: &str) -> String {
    format!("{BASE}allow more: a.w when {condition}\n")
}

fn times(count: usize, each: impl Fn(usize) -> String) -> String {
    (0..count).map(each).collect()
}

// ── Broken texts ─────────────────────────────────────────────────────────────

#[test]
fn every_beginning_of_a_policy_is_answered() {
    for (_, files) in examples().into_iter().take(2) {
        let text = &files.0["main.failway"];
        let step = 151;
        for end in (0..text.len()).step_by(step) {
            let Some(part) = text.get(..end) else {
                continue;
            };
            let checked = checked(part);
            // A policy in half is never a whole one, but for what lacks a test or an item.
            for finding in &checked.findings {
                assert!(finding.span().range().end <= part.len());
            }
        }
    }
}

#[test]
fn a_line_less_or_twice_is_answered() {
    let mut rng = Rng::with_seed(1);
    for (_, files) in examples() {
        let text = &files.0["main.failway"];
        let lines: Vec<&str> = text.lines().collect();
        for _ in 0..4 {
            let at = rng.usize(..lines.len());
            let mut changed = lines.clone();
            if rng.bool() {
                changed.insert(at, lines[at]);
            } else {
                changed.remove(at);
            }
            let mut files = Memory(files.0.clone());
            files
                .0
                .insert("main.failway".to_string(), changed.join("\n"));
            drawn(&check("main.failway", &files).unwrap());
        }
    }
}

#[test]
fn random_bytes_and_random_words_are_answered() {
    let mut rng = Rng::with_seed(7);
    for _ in 0..300 {
        let bytes: Vec<u8> = (0..rng.usize(0..200)).map(|_| rng.u8(..)).collect();
        if let Ok(text) = failway::syntax::decode(&bytes) {
            checked(&text);
        }
        let text: String = (0..rng.usize(0..200)).map(|_| rng.char(..)).collect();
        checked(&text);
    }
    let grammar = include_str!("../../grammar/failway.pest");
    let mut words: Vec<&str> = grammar
        .split('"')
        .skip(1)
        .step_by(2)
        .filter(|w| !w.is_empty() && !w.contains('\\'))
        .collect();
    words.extend([
        "x",
        "a.b",
        "T",
        "1",
        "1..2",
        "3s",
        "\"s\"",
        "/r/",
        "\n",
        "->",
        "10:00",
        "2026-01-01",
        "///",
        "//",
        "{",
        "}",
    ]);
    assert!(words.len() > 100);
    for _ in 0..400 {
        let count = rng.usize(1..80);
        let soup: Vec<&str> = (0..count)
            .map(|_| words[rng.usize(..words.len())])
            .collect();
        checked(&soup.join(" "));
        checked(&format!("{BASE}{}", soup.join(" ")));
    }
}

#[test]
fn a_token_changed_is_answered() {
    let mut rng = Rng::with_seed(11);
    for (_, files) in examples() {
        let text = &files.0["main.failway"];
        for _ in 0..4 {
            let at = rng.usize(..text.len());
            let mut bytes = text.clone().into_bytes();
            match rng.u8(0..3) {
                0 => bytes[at] = b"{}()[]\"/:,.-=<>|x0 \n"[rng.usize(..20)],
                1 => drop(bytes.remove(at)),
                _ => bytes.insert(at, b"{}()[]\"/:,.-=<>|x0 \n"[rng.usize(..20)]),
            }
            let Ok(changed) = String::from_utf8(bytes) else {
                continue;
            };
            let mut files = Memory(files.0.clone());
            files.0.insert("main.failway".to_string(), changed);
            drawn(&check("main.failway", &files).unwrap());
        }
    }
}

#[test]
fn nothing_but_nothing_is_answered() {
    for text in [
        "",
        " ",
        "\n\n",
        "// only a comment",
        "/// only a doc",
        "\u{feff}",
        "}",
        "\"",
        "/",
        "policy",
        "policy p policy q",
    ] {
        assert!(!found(text).is_empty(), "{text:?}");
    }
    assert!(found("policy p\n").is_empty());
    finds("policy p\npolicy q\n", "FW006");
}

// ── Encodings and line ends ──────────────────────────────────────────────────

#[test]
fn a_byte_order_mark_and_crlf_change_nothing() {
    for (path, files) in examples() {
        if !path.ends_with("lead_intake.failway") {
            continue;
        }
        let body = |change: &dyn Fn(&str) -> String| {
            let files = Memory(
                files
                    .0
                    .iter()
                    .map(|(n, t)| (n.clone(), change(t)))
                    .collect(),
            );
            let (checked, table) = compile("main.failway", &files).unwrap();
            table.unwrap_or_else(|| panic!("{:?}", said(&checked.findings)))
        };
        let plain = body(&|t| t.to_string());
        assert_eq!(plain.digest(), body(&|t| t.replace('\n', "\r\n")).digest());
        assert_eq!(plain.digest(), body(&|t| format!("\u{feff}{t}")).digest());
    }
}

#[test]
fn what_an_editor_hides_is_found() {
    finds(
        "policy p\n// hidden\rallow x: a.b\n",
        "FW001: a carriage return by itself ends no line",
    );
    finds("policy p\n// a\u{2028}b\n", "U+2028 ends no line");
    finds("policy p\n// a\u{0}b\n", "U+0000 cannot stand in a file");
    finds("policy p\n// a\u{1b}b\n", "U+001B cannot stand in a file");
    finds("policy p\n// a\u{202e}b\n", "U+202E changes the direction");
    finds(
        "policy p\nrole x as \"\u{2066}\"\n",
        "U+2066 changes the direction",
    );
    // One finding for one cause, and the rest is read.
    let all = finds(&BASE.replace('\n', "\r"), "carriage return");
    assert_eq!(all.len(), 1, "{all:?}");
    let all = finds(&format!("{BASE}allow \0 x: a.nope\0\n"), "U+0000");
    assert_eq!(all.len(), 2, "{all:?}");
    // Tabs, and what people write in texts, are fine.
    assert!(found("policy\tp\n// é 😀 שלום ‍ ok\n").is_empty());
}

#[test]
fn columns_count_unicode_scalar_values() {
    let checked = checked("policy p\n/// é😀\tx\ninput é: int\n");
    let finding = &checked.findings[0];
    let file = checked.sources.file(finding.span().file);
    let at = file.line_col(finding.span().start);
    assert_eq!((at.line, at.column), (3, 7), "{:?}", finding.message);
}

#[test]
fn texts_hold_any_character() {
    let text = format!(
        "{BASE}allow odd: a.w when id in {{\"é\", \"😀\", \"שלום\", \"\\u{{0}}\\u{{1F600}}\"}}\n"
    );
    let (checked, table) = compiled(&text);
    assert!(table.is_some(), "{:?}", said(&checked.findings));
    finds(&when("id == \"\\u{D800}\""), "FW");
    finds(&when("id == \"\\u{110000}\""), "FW");
    finds(&when("id == \"\\x\""), "FW");
}

#[test]
fn bytes_that_are_no_utf8_are_refused() {
    struct Raw(Vec<u8>);
    impl Loader for Raw {
        fn load(&self, _: &str) -> Result<Vec<u8>, String> {
            Ok(self.0.clone())
        }
    }
    let utf16: Vec<u8> = "policy p"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let marked = [&[0xff, 0xfe][..], &utf16].concat();
    let why = check("x", &Raw(marked)).unwrap_err();
    assert!(why.contains("UTF-16"), "{why}");
    for bytes in [
        &b"\xc0\x80"[..],
        b"\xed\xa0\x80",
        b"policy p\n\xff",
        b"\xf8",
    ] {
        assert!(
            check("x", &Raw(bytes.to_vec()))
                .unwrap_err()
                .contains("not UTF-8")
        );
    }
    // UTF-16 without a mark is text with many NULs.
    assert!(!check("x", &Raw(utf16)).unwrap().findings.is_empty());
}

// ── Depth ────────────────────────────────────────────────────────────────────

#[test]
fn deep_nesting_is_refused() {
    let n = 10_000;
    for open in ["(", "[", "{", "not ", "some x in y: ", "list of "] {
        finds(&when(&open.repeat(n)), "FW005");
    }
    finds(
        &when(&format!("{}n == 1{}", "(".repeat(n), ")".repeat(n))),
        "FW005",
    );
    finds(
        &format!("{BASE}flow f() {}{}", "{".repeat(n), "}".repeat(n)),
        "FW005",
    );
    finds(
        &format!(
            "{BASE}type L = {}int{}",
            "list of ".repeat(n),
            " size 0..2".repeat(n)
        ),
        "FW005",
    );
    finds(
        &format!(
            "{BASE}test \"t\" {{ propose a.w(id: {}{}) }}",
            "[".repeat(n),
            "]".repeat(n)
        ),
        "FW005",
    );
}

#[test]
fn long_chains_of_declarations_are_refused() {
    let n = 1_000;
    let defines = times(n, |i| format!("define d{i} = d{}\n", i + 1));
    finds(
        &format!("{BASE}{defines}define d{n} = n == 1\nallow x: a.w when d0\n"),
        "FW005: defines use one another more than",
    );
    let groups = times(n, |i| format!("group g{i} = g{}\n", i + 1));
    finds(
        &format!("{BASE}{groups}group g{n} = a.w\nallow x: g0\n"),
        "FW005: groups use one another more than",
    );
    let types = times(n, |i| format!("type T{i} = T{}\n", i + 1));
    let found = finds(
        &format!("{BASE}{types}type T{n} = int\ninput x: T0\n"),
        "FW005: types use one another more than",
    );
    assert!(found.len() <= 2, "{:?}", &found[..3]);
    let records = times(n, |i| format!("record R{i} {{ a: R{} }}\n", i + 1));
    finds(
        &format!("{BASE}{records}record R{n} {{ a: int }}\ninput x: R0\n"),
        "FW005: record `R0` is nested",
    );
    let flows = times(n, |i| {
        format!(
            "flow f{i}() {{ start -> s state s {{ run f{}() on e -> e }} end e success }}\n",
            i + 1
        )
    });
    finds(
        &format!(
            "{BASE}{flows}flow f{n}() {{ start -> s state s {{ do a.r(id: \"x\", n: 1) on ok | timeout | malformed -> e }} end e success }}\n"
        ),
        "FW390",
    );
    // Circles of any length.
    let defines = times(n, |i| format!("define d{i} = d{}\n", (i + 1) % n));
    finds(&format!("{BASE}{defines}allow x: a.w when d0\n"), "FW112");
    let flows = times(n, |i| {
        format!(
            "flow f{i}() {{ start -> s state s {{ run f{}() on e -> e }} end e success }}\n",
            (i + 1) % n
        )
    });
    finds(&format!("{BASE}{flows}"), "FW309");
    // What is as deep as it may be passes, and a table comes out.
    let defines = |n: usize| {
        let chain = times(n, |i| {
            format!("define d{i} = {}d{}\n", "not ".repeat(40), i + 1)
        });
        format!("{BASE}{chain}define d{n} = n == 1\nallow x: a.w when d0\n")
    };
    let (checked, table) = compiled(&defines(9));
    assert!(table.is_some(), "{:?}", said(&checked.findings));
    finds(
        &defines(40),
        "FW005: this is nested more than 400 levels deep",
    );
}

#[test]
fn what_doubles_at_every_step_is_bounded() {
    let defines = times(40, |i| {
        format!(
            "define d{i} = (d{0} and n != {i}) or (d{0} and n != {1})\n",
            i + 1,
            i + 100
        )
    });
    let text = format!("{BASE}{defines}define d40 = n == 1\nallow x: a.w when d0\n");
    let found = finds(&text, "FW107: the conditions grow too large");
    assert_eq!(
        found
            .iter()
            .filter(|f| f.contains("grow too large"))
            .count(),
        1
    );
    let groups = times(40, |i| format!("group g{i} = g{0}, g{0}\n", i + 1));
    let (checked, table) = compiled(&format!(
        "{BASE}{groups}group g40 = a.w\nallow x: g0 when n == 1\n"
    ));
    assert!(table.is_some(), "{:?}", said(&checked.findings));
    let records = times(22, |i| {
        format!("record R{i} {{ a: R{0}, b: R{0} }}\n", i + 1)
    });
    let text = format!(
        "{BASE}{records}record R22 {{ x: int }}\nintegration z {{ action q(x: R0) {{ reads timeout 1s }} }}\n"
    );
    assert!(found_none(&text));
    let flows = times(20, |i| {
        format!(
            "flow f{i}() {{ start -> s state s {{ run f{0}() on e -> t }} state t {{ run f{0}() on e -> e }} end e success }}\n",
            i + 1
        )
    });
    finds(
        &format!(
            "{BASE}{flows}flow f20() {{ start -> s state s {{ do a.r(id: \"x\", n: 1) on ok | timeout | malformed -> e }} end e success }}\n"
        ),
        "FW390",
    );
}

fn found_none(text: &str) -> bool {
    let found = found(text);
    assert!(found.is_empty(), "{found:?}");
    true
}

// ── Size ─────────────────────────────────────────────────────────────────────

#[test]
fn ten_megabytes_are_read() {
    let n = 10 << 20;
    found_none(&format!("{BASE}// {}", "x".repeat(n)));
    found_none(&format!("{BASE}{}", "// abc\n".repeat(n / 7)));
    found_none(&format!("{BASE}{}", "\n".repeat(1_000_000)));
    found_none(&format!(
        "{BASE}allow x: a.w when n == 1 because \"{}\"\n",
        "y".repeat(n / 4)
    ));
    finds(
        &format!("{BASE}allow x: a.w because \"{}\n", "y".repeat(n / 4)),
        "this text is not closed on its line",
    );
}

#[test]
fn many_declarations_are_read() {
    found_none(&format!(
        "{BASE}{}",
        times(2_000, |i| format!("allow w{i}: a.w when id == \"k{i}\"\n"))
    ));
    found_none(&format!(
        "{BASE}integration z {{\n{}}}\n",
        times(2_000, |i| format!(
            "action q{i}(x: int) {{ reads timeout 1s }}\n"
        ))
    ));
    found_none(&format!(
        "{BASE}enum E {{ {} }}\ninput e: E\nallow x: a.w when e == v7\n",
        times(20_000, |i| format!("v{i}, "))
    ));
    found_none(&when(&format!(
        "n in {{ {} }}",
        times(50_000, |i| format!("{}, ", i % 900))
    )));
    found_none(&when(&format!(
        "id in {{ {} }}",
        times(5_000, |i| format!("\"s{i}\", "))
    )));
    let states = times(300, |i| {
        format!(
            "state s{i} {{ do a.r(id: id, n: 1) on ok -> s{} on timeout | malformed -> bad }}\n",
            i + 1
        )
    });
    found_none(&format!(
        "{BASE}flow f(id: Id) {{ start -> s0 {states} state s300 {{ do a.r(id: id, n: 1) on ok -> e on timeout | malformed -> bad }} end e success end bad failure }}\n"
    ));
    let states = times(41_000, |i| {
        format!(
            "state s{i} {{ do a.r(id: id, n: 1) on ok -> s{} on timeout | malformed -> bad }}\n",
            i + 1
        )
    });
    let found = finds(
        &format!(
            "{BASE}flow f(id: Id) {{ start -> s0 {states} state s41000 {{ do a.r(id: id, n: 1) on ok -> e on timeout | malformed -> bad }} end e success end bad failure }}\n"
        ),
        "FW390",
    );
    assert_eq!(found.len(), 1, "{:?}", &found[..2]);
    let errors = finds(
        &format!(
            "{BASE}{}",
            times(3_000, |i| format!("allow w{i}: a.nope when m == {i}\n"))
        ),
        "FW101",
    );
    assert!(errors.len() >= 3_000);
}

#[test]
fn a_large_broken_condition_is_explained_in_time() {
    let begun = Instant::now();
    finds(
        &when(&times(50_000, |i| format!("n = {i} or "))),
        "a single `=` does not compare",
    );
    finds(
        &when(&format!("{}n = 1", "n == 1 or ".repeat(20_000))),
        "FW001",
    );
    finds(&format!("{BASE}{}", "}{)(][".repeat(50_000)), "FW004");
    finds(&"\"\n".repeat(50_000), "FW003");
    assert!(begun.elapsed() < PATIENCE);
}

#[test]
fn long_names_are_taken() {
    let name = "r".repeat(100_000);
    finds(&format!("{BASE}role {name}\n"), "FW190");
    finds(&when(&format!("{name} == 1")), "FW101");
    assert!(found_none(&format!(
        "{BASE}role {name}\nescalate x: a.w to {name} within 5m when n == 1\n"
    )));
}

#[test]
fn a_file_beyond_the_bound_is_not_read() {
    let text = " ".repeat(failway::syntax::MAX_BYTES + 1);
    let (_, findings) = failway::syntax::parse(failway::source::FileId(0), &text);
    assert_eq!(said(&findings).len(), 1);
    assert!(said(&findings)[0].starts_with("FW007"));
}

// ── Numbers ──────────────────────────────────────────────────────────────────

#[test]
fn numbers_out_of_range_are_found() {
    for (declaration, wanted) in [
        ("int in 0..9007199254740992", "out of range"),
        ("int in -99999999999999999999..0", "out of range"),
        ("decimal in 0.0..99999999999999999999.0", "out of range"),
        (
            "decimal in 0.0000000000000000000000000000000000000001..1.0",
            "40 digits after its point",
        ),
        (
            "duration in 0s..99999999999999999999d",
            "this duration is out of range",
        ),
        (
            "duration in 0s..9007199254740991d",
            "this duration is out of range",
        ),
        (
            "date in 2026-02-30..2026-03-01",
            "there is no day 2026-02-30",
        ),
        (
            "date in 2026-00-01..2026-03-01",
            "there is no day 2026-00-01",
        ),
        (
            "date in 0000-01-01..2026-03-01",
            "there is no day 0000-01-01",
        ),
        (
            "instant in 2026-01-01T24:00:00Z..2026-02-01T00:00:00Z",
            "no time of day 24:00:00",
        ),
        ("time in 08:60..09:00", "there is no time of day 08:60"),
        (
            "string length 0..4000000000",
            "a length is a whole number from 0 to",
        ),
        (
            "list of int size 0..4000000000",
            "a size is a whole number from 0 to",
        ),
    ] {
        let found = finds(&format!("policy p\ninput x: {declaration}\n"), wanted);
        assert!(found.len() <= 3, "{found:?}");
    }
    found_none(&when("n == 1 and id == \"x\""));
    finds(&when("n == 99999999999999999999"), "out of range");
    finds(
        &format!("{BASE}limit l: a.w to 99999999999999999999 calls per 1h\n"),
        "out of range",
    );
}

#[test]
fn large_bounds_of_flows_are_bounded() {
    let flow = |state: &str| {
        format!("{BASE}flow f(id: Id) {{ start -> s {state} end e success end bad failure }}\n")
    };
    found_none(&flow(
        "state s { do a.r(id: id, n: 1) on ok -> e on timeout | malformed retry 1000000 backoff 1s..1s -> bad }",
    ));
    found_none(&flow(
        "state s { agent { may a.r calls 1000000000 within 1h outcome d } on d -> e on stuck | exhausted | malformed -> bad }",
    ));
}

// ── Conditions that blow up ──────────────────────────────────────────────────

#[test]
fn patterns_that_blow_up_are_decided_or_refused() {
    let kinds = [
        "(a|b)*a(a|b){20}",
        ".*secret.{12}key.*",
        "(((a{1000}){1000}){1000}){1000}",
        "((a*)*)*b",
        "(a?){500}a{500}",
        "[^a]{0,1000}",
        "(|a|b)+",
    ];
    for pattern in kinds {
        let found = found(&when(&format!("id matches /{pattern}/")));
        let known = |f: &String| ["FW290", "FW111", "FW201"].iter().any(|c| f.starts_with(c));
        assert!(found.iter().all(known), "{pattern}: {found:?}");
    }
    finds(
        &when(&format!(
            "id matches /{}a{}/",
            "(".repeat(5_000),
            ")".repeat(5_000)
        )),
        "FW111: the groups are nested too deep",
    );
    finds(
        &when("id matches /a{0,100000}/"),
        "FW111: a repetition counts to 1000 at most",
    );
    finds(&when("id matches /(/"), "FW111");
    let any: Vec<String> = (0..100).map(|i| format!("id matches /.*x{i}.*/")).collect();
    let found = found(&when(&any.join(" or ")));
    let decided = |f: &String| f.starts_with("FW290") || f.starts_with("FW209");
    assert!(found.iter().all(decided), "{found:?}");
}

#[test]
fn what_is_too_hard_is_said_to_be() {
    let inputs = times(16, |i| format!("input i{i}: bool\n"));
    let pairs: Vec<String> = (0..8).map(|i| format!("(i{i} or i{})", i + 8)).collect();
    // Eight independent choices are easy one by one; the compiler decides, or says that it cannot.
    let found = found(&format!(
        "{BASE}{inputs}allow hard: a.w when {}\n",
        pairs.join(" and ")
    ));
    assert!(found.iter().all(|f| f.starts_with("FW290")), "{found:?}");
    let lists = format!(
        "{BASE}integration z {{ action q(xs: list of int size 1..50000) {{ writes expendable timeout 1s }} }}\nallow zz: z.q when size(xs) > 20000\n"
    );
    let checked = checked(&lists);
    let finding = checked
        .findings
        .iter()
        .find(|f| f.code.as_str() == "FW290")
        .unwrap();
    assert!(
        finding
            .message
            .contains("making a list of more than 10000 elements")
    );
    assert!(finding.help.as_ref().unwrap().contains("sizes up to 10000"));
}

// ── Files that use files ─────────────────────────────────────────────────────

#[test]
fn odd_uses_are_findings() {
    let with = |root: &str| {
        let files = BTreeMap::from([
            ("main.failway".to_string(), format!("policy p\n{root}")),
            (
                "sub/part.failway".to_string(),
                "use \"../main.failway\"\nrole x\n".to_string(),
            ),
            ("two.failway".to_string(), "policy q\n".to_string()),
        ]);
        let checked = check("main.failway", &Memory(files)).unwrap();
        drawn(&checked);
        said(&checked.findings)
    };
    let all = |found: Vec<String>, wanted: &str| {
        assert!(found.iter().any(|f| f.contains(wanted)), "{found:?}");
    };
    all(
        with("use \"main.failway\"\n"),
        "FW106: this file uses itself",
    );
    all(
        with("use \"sub/../main.failway\"\n"),
        "FW106: this file uses itself",
    );
    all(
        with("use \"sub/part.failway\"\n"),
        "FW106: these files use each other in a circle",
    );
    all(
        with("use \"gone.failway\"\n"),
        "FW106: `gone.failway` cannot be read",
    );
    all(
        with("use \"../../../x\"\nuse \"/etc/x\"\nuse \"\"\nuse \".\"\nuse \"a\\\\b\"\n"),
        "FW106: `/etc/x` cannot be read",
    );
    all(with("use \"two.failway\"\n"), "FW115");
    let mut chain: BTreeMap<String, String> = (0..2_000)
        .map(|i| (format!("f{i}"), format!("use \"f{}\"\n", i + 1)))
        .collect();
    chain.insert("f2000".to_string(), "role x\n".to_string());
    chain.insert(
        "main.failway".to_string(),
        "policy p\nuse \"f0\"\n".to_string(),
    );
    let checked = check("main.failway", &Memory(chain)).unwrap();
    assert_eq!(said(&checked.findings).len(), 1);
}

// ── The runtime ──────────────────────────────────────────────────────────────

/// The refunds example: its table, and a session in the middle of its flow.
fn in_the_middle() -> (Table, Session) {
    let (_, files) = examples()
        .into_iter()
        .find(|(p, _)| p.ends_with("refund_desk.failway"))
        .unwrap();
    let table = compile("main.failway", &files).unwrap().1.unwrap();
    let mut session = Session::new(&table, "s");
    let inputs = json!({"today": "2026-11-23"});
    let mut counters = Counters::new();
    let requests = [
        Request::Start {
            flow: "handle_order".to_string(),
            args: json!({"order": "ORD-000001"}).as_object().unwrap().clone(),
        },
        Request::Reply {
            to: Asked::Call(1),
            outcome: "ok".to_string(),
            value: Some(json!({"id": "ORD-000001", "total": "900.00", "status": "delivered"})),
        },
        Request::Reply {
            to: Asked::Agent(2),
            outcome: "refund".to_string(),
            value: Some(json!({"amount": "900.00", "reason": "late"})),
        },
    ];
    for (request, now) in requests.into_iter().zip(1..) {
        let given = Given {
            now,
            inputs: inputs.as_object().unwrap(),
            counters: &mut counters,
        };
        Runtime::new(&table)
            .step(&mut session, given, request)
            .unwrap();
    }
    (table, session)
}

/// Every place in a document, as the way there.
fn places(value: &Value, way: &mut Vec<String>, out: &mut Vec<Vec<String>>) {
    out.push(way.clone());
    let mut down = |key: String, inner: &Value| {
        way.push(key);
        places(inner, way, out);
        way.pop();
    };
    match value {
        Value::Object(map) => map.iter().for_each(|(k, v)| down(k.clone(), v)),
        Value::Array(list) => list
            .iter()
            .zip(0..)
            .for_each(|(v, i): (_, usize)| down(i.to_string(), v)),
        _ => {}
    }
}

/// Changes one place of a document.
fn mutate(document: &Value, rng: &mut Rng, all: &[Vec<String>]) -> Value {
    let mut changed = document.clone();
    let way = &all[rng.usize(1..all.len())];
    let (last, above) = way.split_last().unwrap();
    let mut at = &mut changed;
    for key in above {
        at = match at {
            Value::Object(map) => map.get_mut(key).unwrap(),
            Value::Array(list) => list.get_mut(key.parse::<usize>().unwrap()).unwrap(),
            _ => unreachable!(),
        };
    }
    if rng.u8(0..5) == 0 {
        match at {
            Value::Object(map) => drop(map.remove(last)),
            Value::Array(list) => drop(list.remove(last.parse::<usize>().unwrap())),
            _ => unreachable!(),
        }
        return changed;
    }
    let place = match at {
        Value::Object(map) => map.get_mut(last).unwrap(),
        Value::Array(list) => list.get_mut(last.parse::<usize>().unwrap()).unwrap(),
        _ => unreachable!(),
    };
    let odd = [
        json!(null),
        json!(true),
        json!(-1),
        json!(0),
        json!(1),
        json!(2),
        json!(99),
        json!(4_294_967_295_u32),
        json!(i64::MAX),
        json!(i64::MIN),
        json!(u64::MAX),
        json!(1.5),
        json!(""),
        json!("x"),
        json!([]),
        json!({}),
    ];
    *place = match (&*place, rng.u8(0..3)) {
        (Value::Number(n), 0) => json!(n.as_i64().unwrap_or(0).wrapping_add(1)),
        (Value::Number(n), 1) => json!(n.as_i64().unwrap_or(0).wrapping_sub(1)),
        (Value::Array(list), 0) if !list.is_empty() => {
            let mut list = list.clone();
            let twice = list[rng.usize(..list.len())].clone();
            list.push(twice);
            Value::Array(list)
        }
        _ => odd[rng.usize(..odd.len())].clone(),
    };
    changed
}

/// Puts everything to a session that a host, an AI or a clock could; refusals are fine.
fn shake(table: &Table, session: &Session) {
    let inputs = json!({"today": "2026-11-23"});
    let args = json!({"order": "ORD-000001", "amount": "5.00", "reason": "late"});
    let mut requests = vec![
        Request::Tick { retry: true },
        Request::Tick { retry: false },
        Request::Reload {},
        Request::Event {
            event: "x".to_string(),
        },
        Request::Start {
            flow: "handle_order".to_string(),
            args: Map::new(),
        },
        Request::Propose {
            action: "payments.refund".to_string(),
            args,
        },
        Request::Resolve {
            call: 1,
            happened: true,
            result: None,
        },
    ];
    for outcome in ["ok", "timeout", "refused"] {
        for to in [
            Asked::Call(1),
            Asked::Call(2),
            Asked::Agent(2),
            Asked::Ask(3),
        ] {
            requests.push(Request::Reply {
                to,
                outcome: outcome.to_string(),
                value: Some(json!("R1")),
            });
        }
    }
    for approval in session.to_json()["approvals"]
        .as_array()
        .into_iter()
        .flatten()
    {
        if let Some(id) = approval["id"].as_str() {
            requests.push(Request::Approve {
                approval: id.to_string(),
                granted: true,
                by: None,
            });
        }
    }
    for request in requests {
        for now in [-5, 10, 10_000_000_000] {
            let mut session = session.clone();
            let mut counters = Counters::new();
            let given = Given {
                now,
                inputs: inputs.as_object().unwrap(),
                counters: &mut counters,
            };
            let runtime = Runtime::new(table);
            let _ = runtime.step(&mut session, given, request.clone());
            let _ = runtime.open(&session);
            let _ = runtime.deadline(&session);
        }
    }
}

#[test]
fn a_changed_session_is_refused_or_harmless() {
    let (table, session) = in_the_middle();
    let document = session.to_json();
    let mut all = Vec::new();
    places(&document, &mut Vec::new(), &mut all);
    let mut rng = Rng::with_seed(3);
    let (mut read, mut refused) = (0, 0);
    for _ in 0..1_500 {
        let mut changed = mutate(&document, &mut rng, &all);
        if rng.bool() {
            let mut again = Vec::new();
            places(&changed, &mut Vec::new(), &mut again);
            if again.len() > 1 {
                changed = mutate(&changed, &mut rng, &again);
            }
        }
        match Session::read(changed.to_string().as_bytes(), &table) {
            Ok(session) => {
                read += 1;
                shake(&table, &session);
            }
            Err(fault) => {
                refused += 1;
                assert!(!fault.to_string().is_empty());
            }
        }
    }
    assert!(refused > 500 && read > 10, "{refused} refused, {read} read");
}

#[test]
fn a_changed_table_is_refused_or_harmless() {
    let (table, session) = in_the_middle();
    let body = serde_json::to_value(table.body()).unwrap();
    let mut all = Vec::new();
    places(&body, &mut Vec::new(), &mut all);
    let mut rng = Rng::with_seed(5);
    let document = serde_json::to_value(table.document()).unwrap();
    let (mut read, mut refused) = (0, 0);
    for _ in 0..1_000 {
        let changed = mutate(&body, &mut rng, &all);
        let mut document = document.clone();
        document["body"] = changed;
        // With its own digest, so that it is looked at.
        let Ok(digest) = canonical::digest(&document["body"]) else {
            refused += 1;
            continue;
        };
        document["digest"] = json!(digest);
        match Table::read(document.to_string().as_bytes()) {
            Ok(table) => {
                read += 1;
                let mut kept = session.to_json();
                kept["table"] = json!(table.digest());
                shake(&table, &Session::new(&table, "s"));
                if let Ok(session) = Session::read(kept.to_string().as_bytes(), &table) {
                    shake(&table, &session);
                }
            }
            Err(why) => {
                refused += 1;
                assert!(!why.to_string().is_empty());
            }
        }
    }
    assert!(refused > 300 && read > 50, "{refused} refused, {read} read");
}

#[test]
fn bytes_that_are_no_table_and_no_session_are_refused() {
    let (table, session) = in_the_middle();
    let whole = failway::table::write::bytes(table.document()).unwrap();
    for end in (0..whole.len()).step_by(97) {
        assert!(Table::read(&whole[..end]).is_err());
    }
    let kept = session.to_bytes();
    for end in 0..kept.len() {
        assert!(Session::read(&kept[..end], &table).is_err());
    }
    let mut rng = Rng::with_seed(9);
    for _ in 0..300 {
        let mut bytes = kept.clone();
        let at = rng.usize(..bytes.len());
        bytes[at] = rng.u8(..);
        if let Ok(session) = Session::read(&bytes, &table) {
            shake(&table, &session);
        }
        let mut bytes = whole.clone();
        let at = rng.usize(..bytes.len());
        bytes[at] = rng.u8(..);
        let _ = Table::read(&bytes);
    }
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(Table::read(deep.as_bytes()).is_err());
    assert!(Session::read(deep.as_bytes(), &table).is_err());
    for twice in ["{\"format\":1,\"format\":2}", "{\"a\":{\"b\":1,\"b\":2}}"] {
        assert!(
            Table::read(twice.as_bytes())
                .unwrap_err()
                .to_string()
                .contains("twice")
        );
        assert!(
            Session::read(twice.as_bytes(), &table)
                .unwrap_err()
                .to_string()
                .contains("twice")
        );
    }
}
