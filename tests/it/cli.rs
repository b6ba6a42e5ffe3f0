//! The program as its users meet it: arguments in; words, data and exit codes out.

use crate::common::home;
use failway::runtime::replay::replay;
use failway::runtime::{Record, Session};
use failway::table::Table;
use serde_json::{Value, json};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// What a run of the program left behind.
pub(super) struct Ran {
    pub(super) code: i32,
    pub(super) out: String,
    pub(super) err: String,
}

impl Ran {
    #[track_caller]
    pub(super) fn code(self, code: i32) -> Self {
        assert_eq!(self.code, code, "out: {}\nerr: {}", self.out, self.err);
        self
    }

    #[track_caller]
    pub(super) fn out(self, part: &str) -> Self {
        assert!(self.out.contains(part), "no {part:?} in: {}", self.out);
        self
    }

    #[track_caller]
    pub(super) fn err(self, part: &str) -> Self {
        assert!(self.err.contains(part), "no {part:?} in: {}", self.err);
        self
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap()
    }
}

/// A folder of its own for a test.
pub(super) struct Place(tempfile::TempDir);

impl Place {
    pub(super) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(super) fn write(&self, name: &str, text: impl AsRef<[u8]>) -> &Self {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        self
    }

    pub(super) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    pub(super) fn run(&self, args: &[&str]) -> Ran {
        self.run_with(args, b"", &[])
    }

    pub(super) fn run_with(&self, args: &[&str], stdin: &[u8], vars: &[(&str, &str)]) -> Ran {
        let mut child = Command::new(env!("CARGO_BIN_EXE_failway"))
            .args(args)
            .current_dir(self.0.path())
            .env_remove("NO_COLOR")
            .envs(vars.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // The program may well not read it.
        let _ = child.stdin.take().unwrap().write_all(stdin);
        let done = child.wait_with_output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Ran {
            code: done.status.code().expect("no signal ended it"),
            out: text(done.stdout),
            err: text(done.stderr),
        }
    }

    /// With the refunds example as `desk.failway`.
    pub(super) fn desk() -> Self {
        let place = Self::new();
        let text = home().join("examples/refunds/refund_desk.failway");
        place.write("desk.failway", std::fs::read(text).unwrap());
        static TABLE: OnceLock<Vec<u8>> = OnceLock::new();
        let table = TABLE.get_or_init(|| {
            place
                .run(&["compile", "desk.failway", "-o", "t.json"])
                .code(0);
            std::fs::read(place.path("t.json")).unwrap()
        });
        place.write("t.json", table);
        place
    }

    pub(super) fn table(&self, name: &str) -> Table {
        Table::read(&std::fs::read(self.path(name)).unwrap()).unwrap()
    }
}

const CLEAN: &str = "policy clean\n";
const WRONG: &str = "policy wrong\nallow reading: nothing.at_all\n";
/// One warning, nothing else.
const WARNED: &str = "policy warned\ntype Spare = int\n";
const ARGS: &str = r#"{"order": "ORD-000001", "amount": "5.00", "reason": "late"}"#;
const TODAY: &str = r#"{"today": "2026-11-23"}"#;

// ── check ────────────────────────────────────────────────────────────────────

#[test]
fn check_answers_with_its_exit_code() {
    let place = Place::new();
    place.write("clean.failway", CLEAN);
    place.write("wrong.failway", WRONG);
    place.write("warned.failway", WARNED);
    place
        .run(&["check", "clean.failway"])
        .code(0)
        .out("nothing found (1 policy in 1 file)");
    place
        .run(&["check", "wrong.failway"])
        .code(1)
        .out("1 error")
        .out("failway explain FW101");
    place
        .run(&["check", "warned.failway"])
        .code(0)
        .out("1 warning");
    place
        .run(&["check", "warned.failway", "--deny-warnings"])
        .code(1);
    place
        .run(&["check", "."])
        .code(1)
        .out("1 error, 1 warning (3 policies in 3 files)");
    place.run(&["check"]).code(1).out("(3 policies in 3 files)");
    place
        .run(&["check", "clean.failway", "warned.failway"])
        .code(0)
        .out("2 policies");
    // Named twice is named once.
    place
        .run(&["check", "wrong.failway", "./wrong.failway", "."])
        .code(1)
        .out("1 error,");
}

#[test]
fn check_says_why_it_could_not_run() {
    let place = Place::new();
    place.write("utf16.failway", b"\xff\xfep\0o\0");
    place.write("latin1.failway", b"policy p\n// caf\xe9\n");
    place.write("empty/nothing.txt", "");
    let ran = place.run(&["check", "gone.failway"]).code(2);
    assert_eq!(
        ran.err,
        "error: there is no file or folder `gone.failway`\n"
    );
    assert_eq!(ran.out, "");
    place
        .run(&["check", "empty"])
        .code(2)
        .err("there is no .failway file in `empty`")
        .err("failway new");
    let ran = place.run(&["check", "utf16.failway"]).code(2).err("UTF-16");
    assert_eq!(ran.out, "", "nothing was read, so nothing was found");
    place
        .run(&["check", "latin1.failway"])
        .code(2)
        .err("line 2")
        .err("save it as UTF-8");
    // The others are looked at all the same.
    place.write("wrong.failway", WRONG);
    let ran = place
        .run(&["check"])
        .code(2)
        .out("1 error (1 policy in 1 file)");
    assert_eq!(ran.err.matches("cannot be read").count(), 2, "{}", ran.err);
    let ran = place.run(&["check", "--format", "json"]).code(2);
    assert_eq!(ran.json()["unreadable"].as_array().unwrap().len(), 2);
    assert_eq!(ran.json()["summary"]["errors"], 1);
    place
        .run(&["check", "--format", "xml"])
        .code(2)
        .err("human, plain, short, json");
    place.run(&["chek"]).code(2).err("'check'");
}

#[test]
fn check_searches_folders_and_leaves_out_what_git_ignores() {
    let place = Place::new();
    place.write("a/one.failway", CLEAN);
    place.write("a/b/two.failway", CLEAN);
    place.write("a/b/notes.txt", "no policy");
    place.write("build/three.failway", WRONG);
    place.write(".hidden/four.failway", WRONG);
    place.write(".gitignore", "build/\n");
    place.run(&["check"]).code(0).out("2 policies in 2 files");
    // What is named is looked at.
    place.run(&["check", "build/three.failway"]).code(1);
}

#[test]
fn a_shared_file_is_reported_once_and_a_part_by_itself_as_one() {
    let place = Place::new();
    place.write("part.failway", "type Spare = int\nrole x\n");
    place.write("p.failway", "policy p\nuse \"part.failway\"\n");
    place.write("q.failway", "policy q\nuse \"part.failway\"\n");
    let ran = place.run(&["check", "--format", "short"]).code(0);
    assert_eq!(
        ran.out.matches("part.failway:1:6").count(),
        1,
        "{}",
        ran.out
    );
    place.run(&["check"]).out("(2 policies in 4 files)");
    place.run(&["check", "part.failway"]).code(1).out("FW115");
}

#[test]
fn check_reads_standard_input() {
    let place = Place::new();
    let ran = place.run_with(&["check", "-", "--format", "short"], WRONG.as_bytes(), &[]);
    ran.code(1).out("<stdin>:2:16: error[FW101]");
    place
        .run_with(&["check", "-"], CLEAN.as_bytes(), &[])
        .code(0);
    place
        .run_with(&["check", "-"], b"\xff", &[])
        .code(2)
        .err("`<stdin>` cannot be read");
}

#[test]
fn findings_come_in_four_forms() {
    let place = Place::new();
    place.write("wrong.failway", WRONG);
    let human = place.run(&["check", "wrong.failway"]).code(1);
    assert!(human.out.contains("error[FW101]") && human.out.contains("wrong.failway:2:16"));
    assert!(human.out.contains("2 │ allow reading: nothing.at_all"));
    let plain = place
        .run(&["check", "wrong.failway", "--format", "plain"])
        .code(1);
    assert!(plain.out.is_ascii(), "{}", plain.out);
    assert!(
        plain.out.contains("--> wrong.failway:2:16"),
        "{}",
        plain.out
    );
    let short = place
        .run(&["check", "wrong.failway", "--format", "short"])
        .code(1);
    assert_eq!(short.out.lines().count(), 1, "{}", short.out);
    assert!(
        short.out.starts_with("wrong.failway:2:16: error[FW101]: "),
        "{}",
        short.out
    );
    let data = place
        .run(&["check", "wrong.failway", "--format", "json"])
        .code(1)
        .json();
    assert_eq!(data["version"], 1);
    assert_eq!(data["findings"][0]["code"], "FW101");
    assert_eq!(
        data["findings"][0]["labels"][0]["start"],
        json!({"line": 2, "column": 16, "byte": 28})
    );
    assert_eq!(data["summary"]["errors"], 1);
    place.write("clean.failway", CLEAN);
    let data = place
        .run(&["check", "clean.failway", "--format", "json"])
        .code(0)
        .json();
    assert_eq!(data["findings"], json!([]));
    assert_eq!(
        place
            .run(&["check", "clean.failway", "--format", "short"])
            .out,
        ""
    );
}

#[test]
fn columns_count_unicode_scalar_values() {
    let place = Place::new();
    place.write(
        "u.failway",
        "policy p\n/* é😀 */ allow x: a.b\n// ok\nallow r: any read because \"é😀\" when x\n",
    );
    let ran = place
        .run(&["check", "u.failway", "--format", "short"])
        .code(1);
    ran.out("u.failway:2:1:");
    place.write("v.failway", "policy p\ninput é: int\n");
    place
        .run(&["check", "v.failway", "--format", "short"])
        .code(1)
        .out("v.failway:2:7:");
    place.write("w.failway", "policy p\ntest \"é😀\" { propose a.b() }\n");
    place
        .run(&["check", "w.failway", "--format", "short"])
        .code(1)
        .out("w.failway:2:21:");
}

// ── colours and pipes ────────────────────────────────────────────────────────

#[test]
fn colours_are_for_terminals_or_on_demand() {
    let place = Place::new();
    place.write("wrong.failway", WRONG);
    let escape = '\u{1b}';
    for args in [
        &["check"][..],
        &["explain", "FW101"],
        &["check", "gone"],
        &["--help"],
    ] {
        let ran = place.run(args);
        assert!(
            !ran.out.contains(escape) && !ran.err.contains(escape),
            "{args:?}"
        );
    }
    assert!(
        place
            .run(&["check", "--color", "always"])
            .out
            .contains(escape)
    );
    assert!(
        place
            .run(&["--color", "always", "check", "gone"])
            .err
            .contains(escape)
    );
    let quiet = [("NO_COLOR", "1"), ("TERM", "xterm-256color")];
    assert!(!place.run_with(&["check"], b"", &quiet).out.contains(escape));
    // An explicit wish comes before a general one.
    assert!(
        place
            .run_with(&["check", "--color", "always"], b"", &quiet)
            .out
            .contains(escape)
    );
    assert!(
        !place
            .run(&["check", "--color", "never"])
            .out
            .contains(escape)
    );
}

#[test]
fn nothing_in_a_source_commands_the_terminal() {
    let place = Place::new();
    place.write("p.failway", "policy p\n// \u{1b}[2J\u{202e}\nrole r as \"\\u{1b}]0;x\\u{7}\"\nrole s as \"\\u{1b}]0;x\\u{7}\"\n");
    for format in ["human", "plain", "short"] {
        let ran = place.run(&["check", "--format", format]).code(1);
        assert!(
            !ran.out.contains(['\u{1b}', '\u{7}', '\u{202e}']),
            "{:?}",
            ran.out
        );
    }
    let ran = place.run(&["check", "--color", "always"]);
    assert!(
        !ran.out.contains("\u{1b}[2J") && !ran.out.contains("\u{1b}]"),
        "{:?}",
        ran.out
    );
    assert!(ran.out.contains("\u{1b}[0m"));
}

#[test]
fn a_reader_that_has_had_enough_is_no_trouble() {
    let place = Place::new();
    let many: String = (0..5_000).map(|i| format!("type T{i} = int\n")).collect();
    place.write("p.failway", format!("policy p\n{many}"));
    for args in [
        &["check", "--format", "plain"][..],
        &["check", "--format", "json"],
        &["explain"],
        &["completions", "bash"],
    ] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_failway"))
            .args(args)
            .current_dir(place.0.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let done = child.wait_with_output().unwrap();
        assert_eq!(String::from_utf8_lossy(&done.stderr), "", "{args:?}");
        assert_eq!(done.status.code(), Some(0), "{args:?}");
    }
    // Standard error may be closed as well.
    let mut child = Command::new(env!("CARGO_BIN_EXE_failway"))
        .args(["check", "gone"])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stderr.take());
    assert_eq!(child.wait().unwrap().code(), Some(2));
}

// ── fmt ──────────────────────────────────────────────────────────────────────

const LOOSE: &str = "policy   p\ntype T=int\n";
const TIDY: &str = "policy p\n\ntype T = int\n";

#[test]
fn fmt_writes_files_in_one_style() {
    let place = Place::new();
    place.write("loose.failway", LOOSE);
    place.write("sub/tidy.failway", TIDY);
    let ran = place.run(&["fmt", "--check"]).code(1);
    assert_eq!(ran.out, "loose.failway\n");
    assert_eq!(ran.err, "1 file would change, 1 file in order\n");
    place
        .run(&["fmt", "--diff"])
        .code(1)
        .out("--- loose.failway\n+++ loose.failway\n@@ -1,2 +1,3 @@\n-policy   p\n-type T=int\n+policy p\n+\n+type T = int\n");
    assert_eq!(place.read("loose.failway"), LOOSE, "nothing was written");
    let ran = place.run(&["fmt"]).code(0);
    assert_eq!(ran.out, "loose.failway\n");
    assert_eq!(ran.err, "1 file changed, 1 file in order\n");
    assert_eq!(place.read("loose.failway"), TIDY);
    place.run(&["fmt", "--check", "--diff"]).code(0);
    place.run(&["new", "first"]).code(0);
    place.run(&["fmt", "--check", "first.failway"]).code(0);
}

#[test]
fn fmt_reads_standard_input() {
    let place = Place::new();
    let ran = place.run_with(&["fmt", "-"], LOOSE.as_bytes(), &[]).code(0);
    assert_eq!((ran.out.as_str(), ran.err.as_str()), (TIDY, ""));
    place
        .run_with(&["fmt", "-", "--check"], LOOSE.as_bytes(), &[])
        .code(1)
        .out("<stdin>");
    place
        .run_with(&["fmt", "-"], b"\xff", &[])
        .code(2)
        .err("UTF-8");
}

#[test]
fn fmt_leaves_alone_what_it_cannot_read() {
    let place = Place::new();
    place.write(
        "broken.failway",
        "policy p\nallow  a : x.y\nalow b  : x.y\n",
    );
    place.run(&["fmt"]).code(0);
    assert_eq!(
        place.read("broken.failway"),
        "policy p\n\nallow a: x.y\nalow b  : x.y\n"
    );
    let hidden = "policy p // \u{202e}\nrole  a\n";
    place.write("hidden.failway", hidden);
    place
        .run(&["fmt"])
        .code(2)
        .err("`hidden.failway` is left as it is: it holds characters that editors don't show");
    assert_eq!(place.read("hidden.failway"), hidden);
    place
        .run(&["fmt", "gone.failway"])
        .code(2)
        .err("there is no file");
}

#[cfg(unix)]
#[test]
fn fmt_keeps_links_and_rights() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    place.write("real.failway", LOOSE);
    std::fs::set_permissions(
        place.path("real.failway"),
        std::fs::Permissions::from_mode(0o640),
    )
    .unwrap();
    std::os::unix::fs::symlink("real.failway", place.path("link.failway")).unwrap();
    place.run(&["fmt", "link.failway"]).code(0);
    assert_eq!(place.read("real.failway"), TIDY);
    assert!(
        std::fs::symlink_metadata(place.path("link.failway"))
            .unwrap()
            .is_symlink()
    );
    let rights = std::fs::metadata(place.path("real.failway"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(rights & 0o777, 0o640);
}

// ── compile ──────────────────────────────────────────────────────────────────

#[test]
fn compile_writes_the_same_bytes_again() {
    let place = Place::desk();
    place
        .run(&["compile", "desk.failway"])
        .code(0)
        .err("desk.table.json: 4 actions, 8 rules, 1 flow");
    place
        .run(&["compile", "desk.failway", "-o", "again.json"])
        .code(0);
    let printed = place.run(&["compile", "desk.failway", "-o", "-"]).code(0);
    assert_eq!(place.read("desk.table.json"), place.read("again.json"));
    assert_eq!(place.read("desk.table.json"), printed.out);
    let source = place.read("desk.failway");
    let piped = place
        .run_with(
            &["compile", "-", "-o", "piped.json"],
            source.as_bytes(),
            &[],
        )
        .code(0);
    assert_eq!(piped.out, "");
    assert_eq!(
        place.table("piped.json").digest(),
        place.table("again.json").digest()
    );
    // Only the root's folder may be meant, where there is one policy in it.
    place.run(&["compile", ".", "-o", "folder.json"]).code(0);
    assert_eq!(place.read("folder.json"), place.read("again.json"));
}

#[test]
fn compile_writes_whole_or_not_at_all() {
    let place = Place::new();
    place.write("p.failway", WRONG);
    place.write("p.table.json", "the old one");
    let ran = place.run(&["compile", "p.failway"]).code(1);
    assert_eq!(ran.out, "", "findings are not the result");
    ran.err("FW101").err("1 error: no table was written");
    assert_eq!(place.read("p.table.json"), "the old one");
    place.write("p.failway", WARNED);
    place
        .run(&["compile", "p.failway", "--deny-warnings"])
        .code(1)
        .err("1 warning: no table was written");
    assert_eq!(place.read("p.table.json"), "the old one");
    // Warnings don't get into the table's way.
    let ran = place
        .run(&["compile", "p.failway", "-o", "-"])
        .code(0)
        .err("FW190");
    assert!(Table::read(ran.out.as_bytes()).is_ok());
    let ran = place
        .run(&["compile", "p.failway", "--format", "json", "-o", "-"])
        .code(0);
    assert_eq!(
        serde_json::from_str::<Value>(&ran.err).unwrap()["code"],
        "FW190"
    );
    place.run(&["compile", "p.failway"]).code(0);
    assert_ne!(place.read("p.table.json"), "the old one");
    // Nothing but the two files is left behind.
    assert_eq!(std::fs::read_dir(place.0.path()).unwrap().count(), 2);
}

#[test]
fn compile_says_why_it_cannot_write() {
    let place = Place::new();
    place.write("p.failway", CLEAN);
    place.write("folder/x", "");
    let ran = place
        .run(&["compile", "p.failway", "-o", "no/where.json"])
        .code(2);
    assert_eq!(
        ran.err,
        "error: `no/where.json` cannot be written: there is no folder `no`\n"
    );
    place
        .run(&["compile", "p.failway", "-o", "folder"])
        .code(2)
        .err("it is a folder");
    place
        .run(&["compile", "gone.failway"])
        .code(2)
        .err("there is no such file");
    place
        .run(&["compile", "folder"])
        .code(2)
        .err("there is no .failway file");
    place.write("q.failway", CLEAN);
    place
        .run(&["compile", "."])
        .code(2)
        .err("2 policies")
        .err("p.failway, q.failway");
}

#[cfg(unix)]
#[test]
fn a_table_keeps_the_rights_of_the_one_it_replaces() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    place.write("p.failway", CLEAN);
    place.run(&["compile", "p.failway"]).code(0);
    let rights = |mode| std::fs::Permissions::from_mode(mode);
    std::fs::set_permissions(place.path("p.table.json"), rights(0o640)).unwrap();
    place.run(&["compile", "p.failway"]).code(0);
    let mode = std::fs::metadata(place.path("p.table.json"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o640);
}

// ── decide ───────────────────────────────────────────────────────────────────

fn decide(place: &Place, more: &[&str]) -> Ran {
    let mut args = vec!["decide", "t.json"];
    args.extend(more);
    place.run(&args)
}

#[test]
fn decide_says_the_verdict_in_words_and_as_data() {
    let place = Place::desk();
    let note = [
        "--action",
        "desk.open_case",
        "--args",
        r#"{"order": "ORD-000001"}"#,
        "--inputs",
        TODAY,
    ];
    let ran = decide(&place, &note).code(0);
    assert_eq!(ran.out, "allow desk.open_case (handing_over)\n");
    let refund = [
        "--action",
        "payments.refund",
        "--args",
        ARGS,
        "--inputs",
        TODAY,
    ];
    decide(&place, &refund)
        .code(1)
        .out("deny payments.refund (sound_refund)")
        .out("look the order up first")
        .out("Ask again after shop.find_order has succeeded.");
    let mut wire = refund.to_vec();
    wire[1] = "refunds.create";
    wire.extend(["--format", "json"]);
    let said = decide(&place, &wire).code(1).json();
    assert_eq!(said["action"], "payments.refund");
    assert_eq!(said["decision"]["verdict"], "deny");
    assert_eq!(
        said["decision"]["again"]["actions"],
        json!(["shop.find_order"])
    );
    let bad = [
        "--action",
        "payments.refund",
        "--args",
        r#"{"order": "x"}"#,
        "--inputs",
        TODAY,
    ];
    decide(&place, &bad)
        .code(1)
        .out("(invalid)")
        .out("`order`")
        .out("Ask again with other arguments.");
}

#[test]
fn decide_offers_what_to_do_instead() {
    let place = Place::new();
    place.write(
        "p.failway",
        "policy p
integration desk {
  action transfer(queue: int in 1..3) { writes expendable timeout 2s }
  action book(party: int in 1..12) { writes expendable timeout 2s }
}
role manager
allow handing_over: desk.transfer
allow booking: desk.book when party <= 8
escalate large: desk.book to manager within 5m when party in 9..10
deny huge: desk.book when party > 10 because \"too many\" instead desk.transfer(queue: 2)
",
    );
    let book = |party: u8| {
        let args = format!("{{\"party\": {party}}}");
        place.run(&[
            "decide",
            "p.failway",
            "--action",
            "desk.book",
            "--args",
            &args,
        ])
    };
    book(8).code(0).out("allow desk.book (booking)");
    book(9)
        .code(1)
        .out("escalate desk.book (large)")
        .out("manager");
    book(11)
        .code(1)
        .out("deny desk.book (huge)")
        .out("Instead: desk.transfer {\"queue\":2}");
    book(13).code(1).out("(invalid)");
}

/// A session in which the example has looked an order up and paid it back.
fn paid(place: &Place) -> Session {
    place.write("s.txt", "ok {\"id\": \"ORD-000001\", \"total\": \"50.00\", \"status\": \"delivered\"}\nrefund {\"amount\": \"5.00\", \"reason\": \"late\"}\nok \"R1\"\n");
    let args = [
        "run",
        "t.json",
        "--flow",
        "handle_order",
        "--args",
        r#"{"order": "ORD-000001"}"#,
        "--inputs",
        TODAY,
        "--script",
        "s.txt",
        "--records",
        "r.jsonl",
        "--now",
        "1000",
    ];
    place
        .run(&args)
        .code(0)
        .out("end refunded (success) \"R1\"");
    let records: Vec<Record> = place
        .read("r.jsonl")
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    replay(&place.table("t.json"), &records).unwrap()
}

#[test]
fn decide_goes_on_with_a_session() {
    let place = Place::desk();
    let session = paid(&place);
    place.write("s.json", session.to_bytes());
    let refund = |more: &[&str]| {
        let mut args = vec![
            "decide",
            "t.json",
            "--action",
            "payments.refund",
            "--args",
            ARGS,
            "--inputs",
            TODAY,
        ];
        args.extend(more);
        place.run(&args)
    };
    refund(&["--session", "s.json"]).code(1).out("(not_here)");
    assert_eq!(
        place.read("s.json").as_bytes(),
        session.to_bytes(),
        "it is only read"
    );
    refund(&["--session", "s.json", "--now", "999"])
        .code(2)
        .err("the clock runs backwards");
    refund(&["--session", "s.json", "--now", "soon"])
        .code(2)
        .err("milliseconds since 1970");
    refund(&["--session", "gone.json"])
        .code(2)
        .err("`gone.json` cannot be read: there is no such file");
    refund(&["--session", "t.json"])
        .code(2)
        .err("not a session that can be continued");
    let changed = place
        .read("s.json")
        .replace("\"revision\":", "\"revision\":1,\"revision\":");
    place.write("twice.json", changed);
    refund(&["--session", "twice.json"]).code(2).err("revision");
    let changed = place
        .read("s.json")
        .replace("\"action\":3", "\"action\":99");
    assert_ne!(changed, place.read("s.json"));
    place.write("changed.json", changed);
    refund(&["--session", "changed.json"]).code(2).err("action");
    // The table of another policy.
    place.write(
        "other.failway",
        place
            .read("desk.failway")
            .replace("<= 100.00", "<= 90.00")
            .replace("> 100.00", "> 90.00"),
    );
    let args = [
        "decide",
        "other.failway",
        "--action",
        "shop.find_order",
        "--args",
        "{}",
        "--session",
        "s.json",
    ];
    place
        .run(&args)
        .code(2)
        .err("this session belongs to table sha256:");
}

#[test]
fn a_limit_of_the_session_is_used_up() {
    let place = Place::new();
    place.write(
        "p.failway",
        "policy p
integration desk {
  action find(n: int in 1..3) -> int { reads timeout 2s }
}
allow finding: desk.find
limit once: desk.find to 1 call per session because \"one look is enough\"
",
    );
    place.run(&["compile", "p.failway", "-o", "t.json"]).code(0);
    let table = place.table("t.json");
    let mut session = Session::new(&table, "s");
    let mut counters = failway::runtime::Memory::new();
    let inputs = serde_json::Map::new();
    let given = failway::runtime::Given {
        now: 5,
        inputs: &inputs,
        counters: &mut counters,
    };
    let request = failway::runtime::Request::Propose {
        action: "desk.find".to_string(),
        args: json!({"n": 1}),
    };
    failway::runtime::Runtime::new(&table)
        .step(&mut session, given, request)
        .unwrap();
    place.write("s.json", session.to_bytes());
    let args = [
        "decide",
        "t.json",
        "--action",
        "desk.find",
        "--args",
        "{\"n\": 2}",
        "--session",
        "s.json",
    ];
    place
        .run(&args)
        .code(1)
        .out("limited desk.find (once)")
        .out("one look is enough");
}

#[test]
fn decide_refuses_what_it_cannot_take() {
    let place = Place::desk();
    decide(&place, &["--action", "payments.refnd"])
        .code(2)
        .err("did you mean `payments.refund`?");
    decide(&place, &["--action", "zzz"])
        .code(2)
        .err("it has desk.open_case, payments.find_refund, payments.refund or shop.find_order");
    let with = |what: &str, json: &str| {
        decide(&place, &["--action", "payments.refund", what, json]).code(2)
    };
    with("--args", r#"{"order": "a", "order": "b"}"#).err("\"order\" stands twice");
    with("--args", "order").err("--args cannot be read as JSON");
    with("--args", "@gone.json").err("`gone.json` cannot be read");
    with("--inputs", "3").err("--inputs must be a JSON object");
    with("--inputs", "{}").err("today: is missing");
    with("--inputs", r#"{"today": "2026-02-30"}"#).err("2026-02-30");
    with("--inputs", r#"{"today": "2026-02-20", "x": 1}"#).err("`x` is not known here");
    place.write("wrong.failway", WRONG);
    let ran = place
        .run(&["decide", "wrong.failway", "--action", "a.b"])
        .code(1);
    assert_eq!(ran.out, "");
    ran.err("FW101");
}

#[test]
fn tables_that_are_not_what_they_claim_are_refused() {
    let place = Place::desk();
    let table = place.read("t.json");
    let with = |text: &str| {
        place.write("x.json", text);
        place
            .run(&["decide", "x.json", "--action", "payments.refund"])
            .code(2)
    };
    with(&table.replace("300", "301")).err("this table was changed after it was compiled");
    let version = "\"version\":1";
    assert!(table.contains(version));
    with(&table.replace(version, "\"version\":9")).err("version 9");
    with(&table[..table.len() / 2]).err("this is not a table");
    with("").err("this is not a table");
    with("{}").err("this is JSON, but not a table");
    with("[1").err("this is not a table");
    with(&format!("{{\"format\":\"failway.table\",{}", &table[1..])).err("stands twice");
    place
        .run(&["decide", "gone.json", "--action", "a.b"])
        .code(2)
        .err("there is no such file");
    // A table is known by what is in it, whatever it is called.
    place.write("table", &table);
    place.run(&["table", "table"]).code(0);
}

// ── run ──────────────────────────────────────────────────────────────────────

fn play(place: &Place, script: &str, more: &[&str]) -> Ran {
    place.write("s.txt", script);
    let mut args = vec![
        "run",
        "t.json",
        "--flow",
        "handle_order",
        "--script",
        "s.txt",
    ];
    args.extend(more);
    place.run(&args)
}

#[test]
fn run_plays_a_script() {
    let place = Place::desk();
    let script = "# a comment\n// another\n\nok {\"id\": \"ORD-000001\", \"total\": \"900.00\", \"status\": \"delivered\"}\n\
        propose shop.find_order {\"order\": \"ORD-000002\"}\nok\nadvance 1m\nrefund {\"amount\": \"900.00\", \"reason\": \"late\"}\n\
        approve\ntimeout\nunavailable\ntimeout\nok \"R1\"\n";
    let given = ["--inputs", TODAY, "--args", r#"{"order": "ORD-000001"}"#];
    let ran = play(&place, script, &given).code(0);
    let ran = ran
        .out("supervisor is asked to approve")
        .out("(500ms pass)")
        .out("end refunded (success) \"R1\"");
    assert!(!ran.out.contains("made up"));
    // What isn't given is made up, and said so.
    play(&place, "not_found\nok\n", &[])
        .code(0)
        .out("order = \"ORD-000000\" (made up)")
        .out("end handed_over");
    play(
        &place,
        "ok\nrefund {\"amount\": \"900.00\", \"reason\": \"late\"}\nok\n",
        &[],
    )
    .code(0);
    play(&place, "ok\nadvance 1h\n", &[])
        .code(0)
        .out("talk: exhausted")
        .out("end dropped");
    let piped = ["run", "t.json", "--flow", "handle_order", "--script", "-"];
    place
        .run_with(&piped, b"not_found\nok\n", &[])
        .code(0)
        .out("end handed_over");
    place
        .run(&["run", "t.json", "--flow", "handle_order"])
        .code(2)
        .err("--script");
}

#[test]
fn run_points_at_the_wrong_line() {
    let place = Place::desk();
    let wrong = |script: &str, said: &str| {
        play(&place, script, &[]).code(2).err(said);
    };
    wrong(
        "ok\n\n",
        "the script is over, but the flow is not: talk: the agent acts",
    );
    wrong(
        "",
        "the script is over, but the flow is not: shop.find_order",
    );
    wrong(
        "okk\n",
        "s.txt:1: `okk` cannot come next; what can: ok, not_found",
    );
    wrong(
        "ok\nok\n",
        "s.txt:2: `ok` cannot come next; what can: refund, satisfied",
    );
    wrong(
        "# x\nok {\"id\"\n",
        "s.txt:2: the value cannot be read as JSON",
    );
    wrong("event hangup\n", "s.txt:1: the table has no event `hangup`");
    wrong("event\n", "s.txt:1: `event` wants the event's name");
    wrong("advance 3\n", "s.txt:1: `3` is no duration");
    wrong("advance\n", "s.txt:1: `advance` wants a duration");
    wrong("advance 99999999999999999999h\n", "is no duration");
    wrong("approve\n", "s.txt:1: no approval is waited for");
    wrong("approve it\n", "s.txt:1: `approve` stands by itself");
    wrong("propose\n", "s.txt:1: `propose` wants an action");
    place
        .run(&["run", "t.json", "--flow", "nope", "--script", "s.txt"])
        .code(2)
        .err("the policy has no flow `nope`; it has handle_order");
    place
        .run(&[
            "run",
            "t.json",
            "--flow",
            "handle_ordr",
            "--script",
            "s.txt",
        ])
        .code(2)
        .err("did you mean `handle_order`?");
    place.write("clean.failway", CLEAN);
    place
        .run(&["run", "clean.failway", "--flow", "f", "--script", "s.txt"])
        .code(2)
        .err("it has no flows at all");
    play(&place, "ok\n", &["--args", "{\"x\": 1}"])
        .code(2)
        .err("`x` is not known here");
    play(&place, "ok\n", &["--now", "9999999999999999"])
        .code(2)
        .err("is no time");
    place
        .run(&[
            "run",
            "t.json",
            "--flow",
            "handle_order",
            "--script",
            "gone",
        ])
        .code(2)
        .err("`gone` cannot be read");
}

#[test]
fn time_may_leap_to_its_end() {
    let place = Place::desk();
    play(&place, "advance 99999999d\n", &[])
        .code(0)
        .out("end dropped");
    let ran = play(&place, "advance 9999999999d\n", &[]);
    assert!(ran.code == 0 || ran.code == 2, "{}", ran.err);
}

#[test]
fn records_of_a_run_replay() {
    let place = Place::desk();
    let script = "ok\nrefund {\"amount\": \"900.00\", \"reason\": \"late\"}\nok\n";
    let ran = play(
        &place,
        script,
        &["--format", "json", "--records", "r.jsonl", "--now", "5"],
    )
    .code(0);
    assert_eq!(ran.out, place.read("r.jsonl"));
    let records: Vec<Record> = ran
        .out
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    assert!(records.len() >= 3);
    assert!(replay(&place.table("t.json"), &records).is_ok());
    assert!(replay(&place.table("t.json"), &records[1..]).is_err());
    // What was played before a wrong line is kept.
    play(&place, "ok\nnonsense\n", &["--records", "half.jsonl"]).code(2);
    assert_eq!(place.read("half.jsonl").lines().count(), 2);
    play(&place, script, &["--records", "no/where"])
        .code(2)
        .err("there is no folder `no`");
}

// ── test ─────────────────────────────────────────────────────────────────────

#[test]
fn test_shows_what_was_expected_and_what_came() {
    let place = Place::desk();
    place
        .run(&["test"])
        .code(0)
        .out("ok   a small refund is paid at once (desk.failway)")
        .out("6 passed, 0 failed");
    let ran = place
        .run(&["test", "desk.failway", "--filter", "refund", "--verbose"])
        .code(0);
    ran.out("the path taken:")
        .out("end refunded (success)")
        .out("left out");
    place
        .run(&["test", "--filter", "no such test"])
        .code(2)
        .err("no test has `no such test` in its name");
    let wrong = place
        .read("desk.failway")
        .replace("expect deny in_time", "expect allow");
    place.write("desk.failway", wrong);
    place
        .run(&["test"])
        .code(1)
        .out("FAIL a month after delivery it is too late (desk.failway)")
        .out(": expect allow\n     expected: allow\n     actual:   deny in_time\n     the path taken:")
        .out("5 passed, 1 failed");
    place.write("wrong.failway", WRONG);
    place
        .run(&["test"])
        .code(1)
        .out("not tested wrong.failway: it has errors")
        .out("1 policy not tested");
    place.write("warned.failway", WARNED);
    place
        .run(&["test", "warned.failway"])
        .code(0)
        .out("there are no tests");
    place
        .run(&["test", "warned.failway", "--deny-warnings"])
        .code(1)
        .out("not tested warned.failway: it has warnings");
    place
        .run(&["test", "gone"])
        .code(2)
        .err("there is no file or folder `gone`");
    place.write("bad.failway", b"\xff");
    place.run(&["test", "bad.failway"]).code(2).err("not UTF-8");
}

// ── table ────────────────────────────────────────────────────────────────────

#[test]
fn table_shows_the_decisions() {
    let place = Place::desk();
    let text = place.run(&["table", "desk.failway"]).code(0);
    assert!(
        text.out
            .contains("action payments.refund(order, amount, reason): writes, idempotent")
    );
    assert!(
        text.out
            .contains("limit refund_once: 1 effect per session by order")
    );
    assert!(text.out.contains("flow handle_order(order)"));
    // Distances between days are durations.
    assert!(
        text.out.contains("today <= bill.delivered_on + 30d"),
        "{}",
        text.out
    );
    assert_eq!(place.run(&["table", "t.json"]).out, text.out);
    let one = place
        .run(&[
            "table",
            "desk.failway",
            "--action",
            "payments.refund",
            "--rows",
            "1",
        ])
        .code(0);
    assert!(!one.out.contains("flow ") && !one.out.contains("desk.open_case"));
    one.out("… and 9 more rows (--rows N)");
    let flow = place
        .run(&["table", "t.json", "--flow", "handle_order"])
        .code(0);
    assert!(!flow.out.contains("action payments"));
    place
        .run(&["table", "desk.failway", "--action", "payments.refnd"])
        .code(2)
        .err("did you mean `payments.refund`?");
    place
        .run(&["table", "t.json", "--flow", "zzz"])
        .code(2)
        .err("no flow `zzz`; it has handle_order");
    place.write("wrong.failway", WRONG);
    let ran = place
        .run(&["table", "wrong.failway", "--format", "csv"])
        .code(1);
    assert_eq!(ran.out, "");
}

#[test]
fn table_in_markdown_and_csv_keeps_its_columns() {
    let place = Place::new();
    place.write(
        "p.failway",
        "policy p
integration a {
  /// One | two.
  action w(id: string length 1..9) { writes expendable timeout 1s }
}
allow writing: a.w when id matches /(x|y)+/ because \"a | b, \\\"c\\\"\\nd\"
flow f(id: string length 1..9) {
  start -> s
  state s { do a.w(id: id)
    on ok -> done
    on denied | timeout | malformed -> failed }
  end done success
  end failed failure
}
",
    );
    let markdown = place
        .run(&["table", "p.failway", "--format", "markdown"])
        .code(0)
        .out;
    assert!(markdown.starts_with("# p\n"), "{markdown}");
    for line in markdown.lines().filter(|l| l.starts_with("| ")) {
        let bars = line.replace("\\|", "").matches('|').count();
        assert_eq!(bars, 5, "{line}");
    }
    let csv = place
        .run(&["table", "p.failway", "--format", "csv"])
        .code(0)
        .out;
    assert!(csv.contains("\"because a | b, \"\"c\"\"\nd\""), "{csv}");
    assert!(csv.starts_with("action,verdict,rule,when,then\n"), "{csv}");
    assert!(csv.contains("\nflow,state,does,outcome,then\n"), "{csv}");
    // Each row stands for itself.
    assert!(csv.contains("\nf,s,do a.w,ok,end done\n"), "{csv}");
    assert!(csv.contains("\nf,s,do a.w,timeout,end failed\n"), "{csv}");
}

// ── the rest ─────────────────────────────────────────────────────────────────

#[test]
fn explain_knows_every_code() {
    let place = Place::new();
    let all = place.run(&["explain"]).code(0).out;
    assert!(all.contains("FW301  unhandled outcome") && all.contains("(warning)"));
    let one = place.run(&["explain", "FW301"]).code(0).out;
    assert!(one.starts_with("# FW301: unhandled outcome"));
    assert_eq!(place.run(&["explain", "fw301"]).code(0).out, one);
    place
        .run(&["explain", "FW30l"])
        .code(2)
        .err("did you mean FW301?");
    let ran = place
        .run(&["explain", "FW999"])
        .code(2)
        .err("there is no code `FW999`; `failway explain` lists them all");
    assert!(!ran.err.contains("did you mean"));
}

#[test]
fn new_writes_a_policy_that_passes() {
    let place = Place::new();
    place
        .run(&["new", "front_desk"])
        .code(0)
        .out("front_desk.failway is written. Next:\n  failway check front_desk.failway");
    place.run(&["check", "--deny-warnings"]).code(0);
    place
        .run(&["test", "--deny-warnings"])
        .code(0)
        .out("0 failed");
    place.write("s.txt", "ok\nresolved\n");
    place
        .run(&[
            "run",
            "front_desk.failway",
            "--flow",
            "answer",
            "--script",
            "s.txt",
        ])
        .code(0);
    place.write("front_desk.failway", "mine");
    place
        .run(&["new", "front_desk"])
        .code(2)
        .err("`front_desk.failway` is there already; nothing was written");
    assert_eq!(place.read("front_desk.failway"), "mine");
    place.write("folder/x", "");
    place.run(&["new", "folder/two.failway"]).code(0);
    place.run(&["check", "folder", "--deny-warnings"]).code(0);
    place
        .run(&["new", "gone/two"])
        .code(2)
        .err("there is no such folder");
    for bad in ["Front", "2nd", "a-b", "a.b", "é"] {
        place
            .run(&["new", bad])
            .code(2)
            .err("is no name for a policy");
    }
    place
        .run(&["new", ""])
        .code(2)
        .err("the policy needs a name");
    place
        .run(&["new", "when"])
        .code(2)
        .err("`when` is a word of the language");
    assert!(!place.path("when.failway").exists());
}

#[test]
fn completions_come_for_every_shell() {
    let place = Place::new();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        place
            .run(&["completions", shell])
            .code(0)
            .out("deny-warnings");
    }
    place.run(&["completions", "cmd"]).code(2).err("bash");
}

#[test]
fn every_help_has_examples_that_name_real_options() {
    let place = Place::new();
    let main = place
        .run(&["--help"])
        .code(0)
        .out("Examples:")
        .out("Exit codes:")
        .out;
    let commands: Vec<&str> = main
        .lines()
        .skip_while(|l| *l != "Commands:")
        .skip(1)
        .take_while(|l| !l.is_empty())
        .filter_map(|l| l.split_whitespace().next())
        .filter(|c| *c != "help")
        .collect();
    assert!(commands.len() >= 9, "{commands:?}");
    for command in commands {
        let help = place.run(&[command, "--help"]).code(0).out("Examples:").out;
        let (above, examples) = help.split_once("Examples:").unwrap();
        let named = examples.split_whitespace().map(|w| w.trim_end_matches(','));
        for option in named.filter(|w| w.starts_with("--")) {
            assert!(above.contains(option), "{command} has no {option}");
        }
        for line in help.lines() {
            assert!(line.chars().count() <= 100, "{command}: {line}");
        }
    }
    place
        .run(&["--version"])
        .code(0)
        .out(env!("CARGO_PKG_VERSION"));
    place.run(&[]).code(2).err("Usage:");
}

#[cfg(unix)]
#[test]
fn what_may_not_be_read_is_said_so() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    place.write("p.failway", CLEAN);
    std::fs::set_permissions(
        place.path("p.failway"),
        std::fs::Permissions::from_mode(0o000),
    )
    .unwrap();
    // Whoever may read everything has nothing to see here.
    if std::fs::read(place.path("p.failway")).is_ok() {
        return;
    }
    place
        .run(&["check", "p.failway"])
        .code(2)
        .err("you may not read it");
}

#[test]
fn odd_paths_are_answered() {
    let place = Place::new();
    place.write("p.failway", "policy p\nuse \"p.failway\"\n");
    place
        .run(&["check", "p.failway"])
        .code(1)
        .out("this file uses itself");
    place.write(
        "q/q.failway",
        "policy q\nuse \"../parts/x.failway\"\nuse \".\"\nuse \"gone.failway\"\nuse \"\"\n",
    );
    place.write("parts/x.failway", "type T = int\ninput t: T\n");
    place
        .run(&["check", "q", "--format", "short"])
        .code(1)
        .out("`.` cannot be read: it is a folder")
        .out("`gone.failway` cannot be read: there is no such file");
    let whole = place.path("q/q.failway");
    let absolute: &Path = whole.as_path();
    place.run(&["check", absolute.to_str().unwrap()]).code(1);
}
