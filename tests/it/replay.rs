//! Logs decided again: with the table that wrote them, and with others.

use super::common::compiled;
use failway::runtime::follow::{Difference, Followed, Follower, Left, Turn};
use failway::runtime::{Asked, Given, Memory, Record, Redaction, Request, Runtime, Session};
use failway::table::Table;
use serde_json::{Map, Value, json};
use std::path::Path;
use std::process::Command;

const DESK: &str = r#"policy desk

record Order { id: string length 1..9, total: decimal in 0.01..500.00 }
input open: bool
role manager

integration shop {
  defaults { timeout 3s }
  action find(order: string length 1..9) -> Order { reads }
  action refund(order: string length 1..9, amount: decimal in 0.01..500.00) { writes idempotent by order }
  action gift(order: string length 1..9) { writes idempotent by order expendable }
}

allow reading: any read because "looking things up changes nothing"
allow refunding: shop.refund when open because "refunds are paid while the shop is open"
allow gifts: shop.gift because "small things"

flow pay(order: string length 1..9) {
  start -> look
  state look {
    do shop.find(order: order)
    on ok -> done
    on timeout retry 1 backoff 1s..1s -> failed
    on malformed -> failed
  }
  end done success
  end failed failure
}
"#;

fn table(text: &str) -> Table {
    let (checked, table) = compiled(text);
    table.unwrap_or_else(|| panic!("{:#?}", super::common::said(&checked.findings)))
}

/// Writes the log of some sessions, one after the other.
struct Log<'t> {
    runtime: Runtime<'t>,
    counters: Memory,
    now: i64,
    records: Vec<Record>,
}

impl<'t> Log<'t> {
    fn new(table: &'t Table) -> Self {
        Self {
            runtime: Runtime::new(table),
            counters: Memory::new(),
            now: 1_766_000_000_000,
            records: Vec::new(),
        }
    }

    fn step(&mut self, session: &mut Session, request: Request) {
        self.now += 1;
        let inputs = object(json!({"open": true}));
        let given = Given {
            now: self.now,
            inputs: &inputs,
            counters: &mut self.counters,
        };
        let stepped = self.runtime.step(session, given, request).unwrap();
        self.records.push(stepped.record);
    }

    fn propose(&mut self, session: &mut Session, action: &str, args: Value) {
        let action = action.to_owned();
        self.step(session, Request::Propose { action, args });
    }

    fn reply(&mut self, session: &mut Session, call: u64, outcome: &str, value: Option<Value>) {
        let (to, outcome) = (Asked::Call(call), outcome.to_owned());
        self.step(session, Request::Reply { to, outcome, value });
    }

    /// A session that looks an order up, pays it back, and asks for a gift.
    fn refund(&mut self, id: &str, amount: &str) {
        let mut s = Session::new(self.runtime.table(), id);
        self.propose(&mut s, "shop.find", json!({"order": "o1"}));
        self.reply(&mut s, 1, "ok", Some(json!({"id": "o1", "total": "35.00"})));
        self.propose(
            &mut s,
            "shop.refund",
            json!({"order": "o1", "amount": amount}),
        );
        self.reply(&mut s, 2, "ok", None);
        self.propose(&mut s, "shop.gift", json!({"order": "o1"}));
        self.reply(&mut s, 3, "ok", None);
    }

    fn flow(&mut self, id: &str) {
        let mut s = Session::new(self.runtime.table(), id);
        let args = object(json!({"order": "o1"}));
        self.step(
            &mut s,
            Request::Start {
                flow: "pay".to_owned(),
                args,
            },
        );
        self.reply(&mut s, 1, "timeout", None);
        self.step(&mut s, Request::Tick { retry: true });
        self.reply(&mut s, 2, "timeout", None);
    }

    fn bytes(&self) -> Vec<u8> {
        let lines = self.records.iter().map(|r| serde_json::to_vec(r).unwrap());
        lines
            .flat_map(|mut line| {
                line.push(b'\n');
                line
            })
            .collect()
    }
}

fn object(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

fn follow(table: &Table, records: &[Record]) -> Vec<Followed> {
    let mut follower = Follower::new(table, 100);
    records.iter().map(|r| follower.follow(r)).collect()
}

/// The differences, with the index of their records.
fn differences(followed: &[Followed]) -> Vec<(usize, Difference)> {
    let differing = followed.iter().enumerate().filter_map(|(i, f)| match f {
        Followed::Differs(d) => Some((i, d.clone())),
        _ => None,
    });
    differing.collect()
}

#[test]
fn the_table_that_wrote_a_log_comes_to_the_same() {
    let table = table(DESK);
    let mut log = Log::new(&table);
    log.refund("a", "5.00");
    log.flow("b");
    // Of three sessions at a time.
    log.records.sort_by_key(|r| r.revision);
    assert!(
        follow(&table, &log.records)
            .iter()
            .all(|f| *f == Followed::Same)
    );

    let at = log
        .records
        .iter()
        .position(|r| r.revision == 3 && r.session == "a")
        .unwrap();
    if let Request::Propose { args, .. } = &mut log.records[at].request {
        args["amount"] = json!("50.00");
    }
    let followed = follow(&table, &log.records);
    assert_eq!(differences(&followed).len(), 1);
    assert_eq!(differences(&followed)[0].0, at);
    let parted = followed
        .iter()
        .filter(|f| **f == Followed::Left(Left::Parted));
    assert_eq!(parted.count(), 3, "what follows it in its session");
}

#[test]
fn a_changed_policy_is_asked_in_the_history_that_was() {
    let old = table(DESK);
    let mut log = Log::new(&old);
    for (id, amount) in [("a", "5.00"), ("b", "50.00"), ("c", "500.00")] {
        log.refund(id, amount);
    }
    let small = DESK.replace(
        "allow gifts",
        "deny large: shop.refund when amount > 20.00 because \"large ones need a look\"\n\
         order first: shop.refund before shop.gift because \"no gift without a refund\"\nallow gifts",
    );
    let new = table(&small);
    let followed = follow(&new, &log.records);
    let found = differences(&followed);
    // The refund was made, whatever the new rule says of it: so the gift stays allowed.
    assert_eq!(found.len(), 2, "{found:?}");
    for ((at, d), wanted) in found.iter().zip([8, 14]) {
        assert_eq!(*at, wanted);
        assert_eq!(d.turn, Turn::Stricter);
        assert_eq!(d.action.as_deref(), Some("shop.refund"));
        assert_eq!(
            (d.was.as_str(), d.is.as_str()),
            ("allow refunding", "deny large")
        );
    }
    assert!(!followed.iter().any(|f| matches!(f, Followed::Left(_))));

    // And the other way round: what was refused wasn't made, though it would be allowed now.
    let mut log = Log::new(&new);
    let mut s = Session::new(&new, "d");
    for amount in ["50.00", "5.00"] {
        log.propose(
            &mut s,
            "shop.refund",
            json!({"order": "o1", "amount": amount}),
        );
    }
    log.reply(&mut s, 1, "ok", None);
    let found = differences(&follow(&old, &log.records));
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((found[0].0, found[0].1.turn), (0, Turn::Looser));
}

#[test]
fn words_alone_are_told_apart_from_verdicts() {
    let old = table(DESK);
    let mut log = Log::new(&old);
    let mut s = Session::new(&old, "a");
    log.propose(&mut s, "shop.refund", json!({"order": "", "amount": "1"}));
    let new = table(&DESK.replace(
        "order: string length 1..9, amount",
        "order: string length 1..8, amount",
    ));
    assert_eq!(follow(&new, &log.records), [Followed::Reworded]);
}

#[test]
fn a_new_limit_is_counted_over_the_whole_log() {
    let old = table(DESK);
    let mut log = Log::new(&old);
    for i in 0..5 {
        log.refund(&format!("s{i}"), "5.00");
    }
    let new = table(&DESK.replace(
        "allow gifts",
        "limit few: shop.refund to 2 effects per 1h\nallow gifts",
    ));
    let found = differences(&follow(&new, &log.records));
    assert_eq!(found.len(), 3, "{found:?}");
    assert!(
        found.iter().all(|(_, d)| d.is.starts_with("limited few")),
        "{found:?}"
    );
}

#[test]
fn an_approval_asked_for_now_or_then_is_followed() {
    let asks = DESK.replace(
        "allow gifts: shop.gift",
        "escalate gifts: shop.gift to manager within 10m",
    );
    let (free, asking) = (table(DESK), table(&asks));
    let mut log = Log::new(&asking);
    let mut s = Session::new(&asking, "a");
    log.propose(&mut s, "shop.gift", json!({"order": "o1"}));
    let approval = s.approvals()[0].id.clone();
    log.step(
        &mut s,
        Request::Approve {
            approval,
            granted: true,
            by: None,
        },
    );
    log.reply(&mut s, 1, "ok", None);
    assert!(
        follow(&asking, &log.records)
            .iter()
            .all(|f| *f == Followed::Same)
    );

    // Nobody would be asked; the call is there all the same when its reply comes.
    let followed = follow(&free, &log.records);
    let found = differences(&followed);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].1.turn, Turn::Looser);
    assert_eq!(followed[2], Followed::Same);

    // Another table's approvals have other ids.
    let renamed = table(&asks.replace("policy desk", "policy other"));
    assert!(
        follow(&renamed, &log.records)
            .iter()
            .all(|f| *f == Followed::Same)
    );
}

#[test]
fn a_flow_that_takes_another_way_leaves_the_log() {
    let old = table(DESK);
    let mut log = Log::new(&old);
    log.flow("a");
    let new = table(&DESK.replace("retry 1 backoff 1s..1s -> failed", "-> failed"));
    let followed = follow(&new, &log.records);
    assert_eq!(followed[0], Followed::Same);
    assert!(matches!(&followed[1], Followed::Differs(d) if d.turn == Turn::Otherwise));
    assert_eq!(
        followed[2..],
        [Followed::Left(Left::Parted), Followed::Left(Left::Parted)]
    );
}

#[test]
fn what_cannot_be_decided_again_is_said() {
    let old = table(DESK);
    let mut log = Log::new(&old);
    log.refund("a", "5.00");
    let left = |why: Left| Followed::Left(why);
    assert!(
        follow(&old, &log.records[1..])
            .iter()
            .all(|f| *f == left(Left::Beginning))
    );
    let gone: Vec<_> = log
        .records
        .iter()
        .map(|r| r.redacted(Redaction::Omit))
        .collect();
    assert!(follow(&old, &gone).iter().all(|f| *f == left(Left::Values)));
    let new = table(
        &DESK
            .replace("input open: bool", "input open: bool\ninput closed: bool")
            .replace("when open", "when open and not closed"),
    );
    assert_eq!(follow(&new, &log.records)[0], left(Left::Inputs));
    // Of two sessions that take turns, one is given up where there is room for one.
    log.refund("b", "5.00");
    log.records.sort_by_key(|r| r.revision);
    let mut follower = Follower::new(&old, 1);
    let followed: Vec<_> = log.records.iter().map(|r| follower.follow(r)).collect();
    assert_eq!(followed.iter().filter(|f| **f == Followed::Same).count(), 7);
}

fn replay(folder: &Path, args: &[&str]) -> (i32, String, String) {
    let done = Command::new(env!("CARGO_BIN_EXE_failway"))
        .arg("replay")
        .args(args)
        .current_dir(folder)
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (
        done.status.code().unwrap(),
        text(done.stdout),
        text(done.stderr),
    )
}

#[test]
fn the_command_shows_counts_and_differences() {
    let old = table(DESK);
    let mut log = Log::new(&old);
    log.refund("a", "5.00");
    log.refund("b", "50.00");
    log.flow("c");
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).unwrap();
    write("log.jsonl", &log.bytes());
    write("desk.failway", DESK.as_bytes());
    write(
        "new.failway",
        DESK.replace("when open", "when open and amount < 20.00")
            .as_bytes(),
    );

    let (code, out, err) = replay(folder.path(), &["log.jsonl", "desk.failway", "--stats"]);
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    for part in [
        "16 records decided again: all come out the same\n",
        "\nverdicts per rule\n",
        "        2  refunding  allow\n",
        "        2  shop.find    timeout\n",
        "failed (failure)\n",
    ] {
        assert!(out.contains(part), "no {part:?} in {out}");
    }

    let (code, out, _) = replay(folder.path(), &["log.jsonl", "new.failway"]);
    assert_eq!(code, 1);
    for part in [
        "line 9, b, 2025-12-17 19:33:20: shop.refund {\"amount\":\"50.00\",\"order\":\"o1\"}\n    was  allow refunding\n    is   deny no_rule\n",
        "16 records decided again: 1 comes out differently\n        1  stricter   shop.refund: allow refunding → deny no_rule\n",
    ] {
        assert!(out.contains(part), "no {part:?} in {out}");
    }

    let (code, out, _) = replay(
        folder.path(),
        &["log.jsonl", "new.failway", "--format", "json", "--stats"],
    );
    assert_eq!(code, 1);
    let documents: Vec<Value> = out
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    assert_eq!(documents.len(), 2);
    assert_eq!(
        (&documents[0]["line"], &documents[0]["turn"]),
        (&json!(9), &json!("stricter"))
    );
    assert_eq!(documents[1]["sums"]["stricter"], json!(1));
    assert_eq!(documents[1]["stats"]["rules"]["gifts"], json!({"allow": 2}));

    write("bad.jsonl", b"{}\n\nnothing\n");
    let (code, out, err) = replay(folder.path(), &["bad.jsonl", "desk.failway"]);
    assert_eq!(code, 1);
    assert!(out.contains("2 lines that no record stands in"), "{out}");
    assert!(err.starts_with("line 1 is no record: "), "{err}");
    write("empty.jsonl", b"\n");
    assert_eq!(replay(folder.path(), &["empty.jsonl", "desk.failway"]).0, 2);
    assert_eq!(replay(folder.path(), &["gone.jsonl", "desk.failway"]).0, 2);
    assert_eq!(replay(folder.path(), &[".", "desk.failway"]).0, 2);
}

/// With `FAILWAY_CASES=1000000` in a release build: the figure in docs/observability.md.
#[test]
fn a_long_log_streams() {
    let cases = std::env::var("FAILWAY_CASES")
        .ok()
        .and_then(|n| n.parse().ok());
    let records = cases.unwrap_or(3_000);
    let table = table(DESK);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.jsonl");
    let mut file = std::io::BufWriter::new(std::fs::File::create(&path).unwrap());
    let mut written = 0;
    for i in 0.. {
        let mut log = Log::new(&table);
        log.now += i64::from(i) * 10;
        log.refund(&format!("s{i}"), "5.00");
        std::io::Write::write_all(&mut file, &log.bytes()).unwrap();
        written += log.records.len();
        if written >= records {
            break;
        }
    }
    std::io::Write::flush(&mut file).unwrap();
    std::fs::write(folder.path().join("desk.failway"), DESK).unwrap();
    let begun = std::time::Instant::now();
    let (code, out, err) = replay(folder.path(), &["log.jsonl", "desk.failway"]);
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    assert!(out.starts_with(&format!("{written} records")), "{out}");
    println!("{written} records in {:.2?}", begun.elapsed());
}
