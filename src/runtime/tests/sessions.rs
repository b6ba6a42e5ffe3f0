//! Sessions as bytes, records, and replay.

use super::shop::{look_up, play, refund, shop};
use super::*;

/// A session with a bit of everything that the gate alone can have.
fn lived(table: &Table) -> Play<'_> {
    let mut p = play(table);
    look_up(&mut p, "A");
    p.propose("pay.refund", refund("A", 200));
    p.call("pay.refund", refund("A", 50));
    p.answered("timeout", Value::Null);
    p.call("mail.send", json!({"to": "x"}));
    p
}

#[test]
fn a_session_of_another_table_is_refused() {
    let table = shop();
    let p = lived(&table);
    let other = super::table(body(json!([action("a.b", json!([]))])));
    let fault = Session::read(&p.session.to_bytes(), &other).unwrap_err();
    assert_eq!(fault.code(), "wrong_table");
    assert!(fault.to_string().contains(table.digest()), "{fault}");
    let inputs = Map::new();
    let mut session = p.session.clone();
    let given = Given {
        now: p.now,
        inputs: &inputs,
        counters: &mut Memory::new(),
    };
    let stepped = Runtime::new(&other).step(&mut session, given, Request::Tick { retry: false });
    assert_eq!(stepped.unwrap_err().code(), "wrong_table");
}

#[test]
fn what_is_no_session_is_refused_in_words() {
    let table = shop();
    let p = lived(&table);
    let text = String::from_utf8(p.session.to_bytes()).unwrap();
    for (from, to, words) in [
        ("{", "", "trailing"),
        (
            "\"failway.session\"",
            "\"failway.table\"",
            "`format`: it is not \"failway.session\"",
        ),
        (
            "\"version\":1",
            "\"version\":2",
            "this program reads version 1",
        ),
        (
            "\"revision\"",
            "\"colour\":1,\"revision\"",
            "unknown field `colour`",
        ),
        ("\"seq\"", "\"seq\":1,\"seq\"", "\"seq\" stands twice"),
        (
            "{\"action\":0",
            "{\"action\":77",
            "`calls[0].action`: there is no action 77",
        ),
        ("\"id\":2,", "\"id\":3,", "`calls[1].id`: it should be 2"),
        (
            "\"amount\":50",
            "\"amount\":5000",
            "`calls[1].args`: amount: 5000 is above 1000",
        ),
        (
            "\"effect\":2",
            "\"effect\":1",
            "`calls[1].effect`: it is no earlier call",
        ),
        (
            "\"outcome\":\"timeout\"",
            "\"outcome\":\"eaten\"",
            "the action has no such outcome",
        ),
        (
            "\"rule\":1",
            "\"rule\":0",
            "`approvals[0].role`: the rule asks another role",
        ),
        (
            "\"expires_at\":1010000",
            "\"expires_at\":9999999",
            "the rule sets another time",
        ),
        (
            "\"fate\":\"open\"",
            "\"fate\":\"happened\"",
            "it is known before the call ended",
        ),
        (
            "\"at\":1000000",
            "\"at\":1000001",
            "after the session's own time",
        ),
    ] {
        let tampered = text.replacen(from, to, 1);
        assert_ne!(tampered, text, "{from}");
        let fault = Session::read(tampered.as_bytes(), &table).unwrap_err();
        assert!(fault.to_string().contains(words), "{from} -> {to}: {fault}");
    }
}

#[test]
fn no_bytes_make_the_reader_or_the_runtime_panic() {
    let table = shop();
    let p = lived(&table);
    let bytes = p.session.to_bytes();
    let mut rng = fastrand::Rng::with_seed(7);
    for len in (0..bytes.len()).step_by(7) {
        assert!(Session::read(&bytes[..len], &table).is_err());
    }
    for _ in 0..3_000 {
        let mut bytes = bytes.clone();
        for _ in 0..rng.usize(1..4) {
            let at = rng.usize(0..bytes.len());
            bytes[at] = *rng.choice(b"0123456789\"{}[],:anx-").unwrap();
        }
        // Most are refused; those that pass must still be safe to continue.
        if let Ok(mut session) = Session::read(&bytes, &table) {
            let given = Given {
                now: p.now + 60_000,
                inputs: &p.inputs,
                counters: &mut Memory::new(),
            };
            let _ = Runtime::new(&table).step(&mut session, given, Request::Tick { retry: true });
        }
    }
}

#[test]
fn a_changed_record_does_not_replay() {
    let table = shop();
    let p = lived(&table);
    let replayed = replay(&table, &p.records).unwrap();
    assert_eq!(replayed, p.session);
    let mut records = p.records.clone();
    records[3].now += 1;
    let fault = replay(&table, &records).unwrap_err();
    assert!(
        fault.to_string().starts_with("record 3 doesn't replay"),
        "{fault}"
    );
    let mut records = p.records.clone();
    records.remove(1);
    assert_eq!(replay(&table, &records).unwrap_err().code(), "replay");
    let from = replay(&table, &p.records[..2]).unwrap();
    assert_eq!(
        replay_from(&table, from, &p.records[2..]).unwrap(),
        p.session
    );
}

#[test]
fn records_survive_json_and_keep_their_counters() {
    let table = shop();
    let p = lived(&table);
    for record in &p.records {
        let text = serde_json::to_string(record).unwrap();
        let read: Record = serde_json::from_str(&text).unwrap();
        assert_eq!(read, *record);
        assert_eq!(serde_json::to_string(&read).unwrap(), text);
    }
    let keys: Vec<_> = p.records.iter().flat_map(|r| &r.counters).collect();
    assert!(!keys.is_empty());
    let text = serde_json::to_string(&keys).unwrap();
    assert!(text.contains("test/limit/refund_rate"), "{text}");
}

#[test]
fn redacted_records_hold_no_values() {
    let table = shop();
    let mut p = lived(&table);
    p.propose(
        "pay.refund",
        json!({"order": "secret-A", "amount": "secret-B"}),
    );
    p.call("shop.find", json!({"order": "secret-C"}));
    let open = p.session.calls().last().unwrap().id;
    p.reply(open, "ok", json!("secret-D"));
    let texts = |how| {
        let redacted = p.records.iter().map(|r| r.redacted(how));
        redacted
            .map(|r| serde_json::to_string(&r).unwrap())
            .collect::<String>()
    };
    let omitted = texts(Redaction::Omit);
    let digested = texts(Redaction::Digest { salt: "salt" });
    for text in [&omitted, &digested] {
        assert!(!text.contains("secret"), "{text}");
        assert!(text.contains("sound_refund") || text.contains("small_refund"));
    }
    assert!(digested.contains("\"order\":\"sha256:"));
    // Equal values have equal digests, under another salt others.
    let find = |salt| {
        let record = p.records[0].redacted(Redaction::Digest { salt });
        serde_json::to_value(record).unwrap()["request"]["args"]["order"].clone()
    };
    assert_eq!(find("salt"), find("salt"));
    assert_ne!(find("salt"), find("pepper"));
    let omitted: Vec<_> = p
        .records
        .iter()
        .map(|r| r.redacted(Redaction::Omit))
        .collect();
    let fault = replay(&table, &omitted).unwrap_err();
    assert!(fault.to_string().contains("left out"), "{fault}");
}
