//! Fixes: whatever is offered for what people get wrong leaves a file that can be read, and takes away
//! what it was offered for.
//!
//! `FAILWAY_MUTANTS=all` tries every mutant of every flow.

use super::common::{Memory, said};
use super::mistakes::mistakes;
use super::mutants::{clean, mutants};
use failway::diagnostics::{Code, Diagnostic, Repair, Trust};
use failway::fixes::{self, Offer, apply, offered};
use failway::{Checked, check, style};
use std::collections::BTreeMap;

fn with_style(files: &Memory) -> Checked {
    let mut checked = check("main.failway", files).unwrap();
    checked
        .findings
        .extend(style("main.failway", files).unwrap());
    checked
}

fn offers(checked: &Checked) -> Vec<Offer> {
    offered(checked, &checked.findings, &|_| true)
}

fn fixed(checked: &Checked, offer: &Offer) -> Memory {
    Memory(apply(&checked.sources, &offer.fix.edits).expect("edits that fit"))
}

fn unreadable(findings: &[Diagnostic]) -> usize {
    findings.iter().filter(|f| f.code < Code::FW101).count()
}

/// How many findings say the same.
fn count(findings: &[Diagnostic], like: &Diagnostic) -> usize {
    let same = |f: &&Diagnostic| f.code == like.code && f.message == like.message;
    findings.iter().filter(same).count()
}

#[test]
fn fixes_of_mistakes_can_be_read() {
    let mut by_code: BTreeMap<&str, usize> = BTreeMap::new();
    for path in mistakes() {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let files = Memory::one(&std::fs::read_to_string(&path).unwrap());
        let checked = with_style(&files);
        for offer in offers(&checked) {
            let finding = &checked.findings[offer.finding];
            *by_code.entry(finding.code.as_str()).or_default() += 1;
            let after = with_style(&fixed(&checked, &offer));
            let what = format!("{name}: {}: {}", finding.code, offer.fix.title);
            // One mistake, one repair: then the whole file can be read.
            let left = unreadable(&after.findings);
            let was = unreadable(&checked.findings) - usize::from(finding.code < Code::FW101);
            assert!(left <= was, "{what}\n{:?}", said(&after.findings));
            assert!(
                count(&after.findings, finding) < count(&checked.findings, finding),
                "{what}"
            );
        }
    }
    println!("{by_code:?}");
    for (code, least) in [
        ("FW001", 20),
        ("FW002", 2),
        ("FW101", 8),
        ("FW301", 2),
        ("FW903", 3),
    ] {
        let n = by_code.get(code).copied().unwrap_or(0);
        assert!(n >= least, "{code}: only {n} fixes");
    }
}

#[test]
fn fixes_of_planted_defects_take_them_away() {
    let all = std::env::var("FAILWAY_MUTANTS").is_ok_and(|v| v == "all");
    let mut number = 0_usize;
    let mut tally: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for (name, files) in clean() {
        let text = files.0["main.failway"].clone();
        if !all && text.len() > 3_500 {
            continue;
        }
        for mutant in mutants(&text) {
            number += 1;
            let each = if mutant.operator == "drop a handler" {
                11
            } else {
                97
            };
            if !all && !number.is_multiple_of(each) {
                continue;
            }
            let mut changed = files.0.clone();
            changed.insert("main.failway".to_string(), mutant.text.clone());
            let checked = check("main.failway", &Memory(changed)).unwrap();
            for finding in checked.findings.iter().filter(|f| !f.repairs.is_empty()) {
                tally.entry(finding.code.as_str()).or_default().0 += 1;
            }
            for offer in offers(&checked) {
                let finding = &checked.findings[offer.finding];
                tally.entry(finding.code.as_str()).or_default().1 += 1;
                let after = check("main.failway", &fixed(&checked, &offer)).unwrap();
                let what = format!(
                    "{name}: {} {}: {}: {}",
                    mutant.operator, mutant.what, finding.code, offer.fix.title
                );
                assert_eq!(unreadable(&after.findings), 0, "{what}");
                assert!(
                    count(&after.findings, finding) < count(&checked.findings, finding),
                    "{what}\n{:?}",
                    said(&after.findings)
                );
                // What is handled is no more reported as unhandled, for no outcome of the state.
                if let Some(Repair::Handle { state, .. }) = finding.repairs.first() {
                    let name = checked.sources.slice(*state);
                    let still = after.findings.iter().find(|f| {
                        f.code == Code::FW301 && f.message.starts_with(&format!("state `{name}` "))
                    });
                    let said = still.map(|f| f.message.clone()).unwrap_or_default();
                    assert!(
                        !offer.fix.title.contains(&said) || still.is_none(),
                        "{what}"
                    );
                }
            }
        }
    }
    println!("code: repairs named, fixes offered");
    for (code, (named, offered)) in &tally {
        println!("{code}: {named}, {offered}");
    }
    let (named, offered) = tally["FW301"];
    assert!(named >= 2 && offered * 2 >= named, "{named}, {offered}");
}

const SHOP: &str = "policy shop

input now: time
integration shop {
  action pay(order: int in 1..9) -> int in 1..9 {
    writes
    timeout 3s
    permanent refused
    undo cancel(order: order)
    confirm find(order: order) { happened on ok  absent on not_found }
  }
  action cancel(order: int in 1..9) { writes idempotent by order  timeout 3s }
  action find(order: int in 1..9) -> int in 1..9 { reads  timeout 3s  permanent not_found }
}
allow reading: any read
allow undoing: shop.cancel because \"owed\"
/// Orders are paid in the day. Never at night.
allow paying: shop.pay when now in 08:00..20:00
deny never_at_four: shop.pay when now in 04:00..05:00
";

fn flow(body: &str) -> Memory {
    Memory::one(&format!("{SHOP}\n{body}"))
}

fn repaired(files: &Memory, guesses: bool) -> (Checked, Vec<String>) {
    let checked = check("main.failway", files).unwrap();
    let may = |trust| trust == Trust::Safe || guesses && trust == Trust::Unsafe;
    let applied = fixes::all(checked, false, 1, &may).unwrap();
    let titles = applied.done.into_iter().map(|f| f.title).collect();
    (applied.checked, titles)
}

#[test]
fn a_blind_retry_settles_first() {
    let body = |rest: &str, more: &str| {
        format!(
            "flow buy(order: int in 1..9) {{
  start -> pay
  state pay {{
    do shop.pay(order: order) as paid
    on ok -> done
    on refused | denied -> lost
    {rest}
  }}{more}
  end done success gives paid
  end lost failure
}}
"
        )
    };
    let files = flow(&body(
        "on timeout | malformed retry 2 backoff 1s..4s -> lost",
        "",
    ));
    let (after, titles) = repaired(&files, true);
    assert_eq!(said(&after.findings), Vec::<String>::new(), "{titles:?}");
    let text = after.sources.files().next().unwrap().1.text().to_string();
    assert!(
        text.contains("    on timeout | malformed -> settle_pay\n"),
        "{text}"
    );
    assert!(
        text.contains(
            "  end lost failure

  state settle_pay {
    settle shop.pay as paid
    on happened -> done
    on absent   -> lost
    on unknown retry 3 backoff 500ms..4s -> in_doubt
  }

  end in_doubt failure leaves shop.pay unsettled
"
        ),
        "{text}"
    );
    // Where there is such a state already, it is used; what isn't in doubt keeps its retry.
    let there = "
  state check_it {
    settle shop.pay as paid
    on happened -> done
    on absent -> lost
    on unknown -> open
  }
  end open failure leaves shop.pay unsettled";
    let files = flow(&body(
        "on timeout | malformed retry 2 backoff 1s..4s -> lost",
        there,
    ));
    let (after, titles) = repaired(&files, true);
    assert_eq!(titles, ["settle `shop.pay` first, in `check_it`"]);
    assert_eq!(said(&after.findings), Vec::<String>::new());
    // Nothing of this is done without being asked for.
    let (after, titles) = repaired(&files, false);
    assert!(titles.is_empty(), "{titles:?}");
    assert!(said(&after.findings)[0].starts_with("FW401"));
}

#[test]
fn missing_outcomes_go_where_mishaps_go() {
    let files = flow(
        "flow buy(order: int in 1..9) {
  start -> pay
  state pay {
    do shop.pay(order: order) as paid   // once
    on ok -> done
  }
  end done success gives paid
  end lost failure
}
",
    );
    let (after, titles) = repaired(&files, true);
    assert_eq!(
        titles,
        ["handle `refused`, `timeout`, `malformed` and `denied` in `pay`"]
    );
    assert_eq!(said(&after.findings), Vec::<String>::new());
    let text = after.sources.files().next().unwrap().1.text().to_string();
    assert!(
        text.contains(
            "    on ok -> done
    on refused | denied -> lost
    on timeout | malformed -> in_doubt
  }
  end done success gives paid
  end lost failure
  end in_doubt failure leaves shop.pay unsettled
"
        ),
        "{text}"
    );
}

/// Repairs that bring others to light, and repairs of one place, come one after the other.
#[test]
fn fixes_are_applied_in_rounds() {
    let files = Memory::one(
        "policy desk
integration crm {
  action find(id: int in 1..9) -> int in 1..9 { reads; timeout 3s }
}
allow all: crm.find when id == 3 && id =< 5 || id == 4
",
    );
    let (after, titles) = repaired(&files, false);
    let text = after.sources.files().next().unwrap().1.text();
    assert!(text.contains("{ reads timeout 3s }"), "{text}");
    assert!(
        text.contains("when id == 3 and id <= 5 or id == 4\n"),
        "{text} {titles:?}"
    );
    assert_eq!(unreadable(&after.findings), 0);
    assert_eq!(titles.len(), 4, "{titles:?}");
}

#[test]
fn reasons_come_from_documentation() {
    let files = Memory::one(SHOP);
    let checked = with_style(&files);
    let drafts: Vec<String> = offers(&checked)
        .iter()
        .filter(|o| o.fix.trust == Trust::Draft)
        .map(|o| fixed(&checked, o).0["main.failway"].clone())
        .collect();
    assert_eq!(drafts.len(), 1);
    assert!(
        drafts[0].contains("04:00..05:00 because \"say why\"\n"),
        "{}",
        drafts[0]
    );
    let documented = SHOP.replace(
        "deny never",
        "/// The \"till\" is closed. So there.\ndeny never",
    );
    let checked = with_style(&Memory::one(&documented));
    let offers = offers(&checked);
    let reason = offers
        .iter()
        .find(|o| o.fix.title.contains("because"))
        .unwrap();
    assert_eq!(reason.fix.trust, Trust::Unsafe);
    let text = fixed(&checked, reason).0["main.failway"].clone();
    assert!(
        text.contains("because \"The \\\"till\\\" is closed\"\n"),
        "{text}"
    );
}

#[test]
fn lines_end_as_they_did() {
    let text = "policy desk\r
integration crm { action find(id: int in 1..9) { reads  timeout 3s } }\r
allow all: crm.find\r
flow f(id: int in 1..9) {\r
  start -> a\r
  state a {\r
    do crm.find(id: id)\r
    on ok -> done // well\r
  }\r
  end done success\r
  end lost failure\r
}\r
";
    let (after, _) = repaired(&Memory::one(text), true);
    let text = after.sources.files().next().unwrap().1.text();
    assert!(
        text.contains("on ok -> done // well\r\n    on timeout | malformed -> lost\r\n  }"),
        "{text:?}"
    );
    assert!(!text.replace("\r\n", "").contains('\n'));
}

// ── From the command line ────────────────────────────────────────────────────

fn failway(folder: &std::path::Path, args: &[&str]) -> (Option<i32>, String, String) {
    let out = std::process::Command::new(env!("CARGO_BIN_EXE_failway"))
        .args(args)
        .current_dir(folder)
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (out.status.code(), text(&out.stdout), text(&out.stderr))
}

const DESK: &str = "policy desk
use \"crm.failway\"
/// Known ones only.
allow all: crm.find when id == 3 && id < 5
flow f(id: int in 1..9) {
  start -> a
  state a {
    do crm.find(id: id)
    on ok -> done
    on timeout | malformed -> lost
  }
  end done success
  end lost failure
}
";
const CRM: &str = "integration crm { action find(id: int in 1..9) { reads; timeout 3s } }\n";

#[test]
fn check_writes_what_it_repairs() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("desk.failway"), DESK).unwrap();
    std::fs::write(at("crm.failway"), CRM).unwrap();
    let read = |name: &str| std::fs::read_to_string(at(name)).unwrap();

    // A look changes nothing, and says that something would.
    let (code, out, err) = failway(folder.path(), &["check", "--diff", "--format", "short"]);
    assert_eq!(code, Some(1), "{out}{err}");
    assert!(out.contains("-allow all: crm.find when id == 3 && id < 5\n+allow all: crm.find when id == 3 and id < 5\n"), "{out}");
    assert!(
        out.contains("+integration crm { action find(id: int in 1..9) { reads timeout 3s } }\n"),
        "{out}"
    );
    assert!(
        err.contains("2 repairs in 2 files, nothing written"),
        "{err}"
    );
    assert_eq!(
        (read("desk.failway").as_str(), read("crm.failway").as_str()),
        (DESK, CRM)
    );

    // What is written is repaired in all files of the policy; what is a guess is left.
    let (code, out, err) = failway(folder.path(), &["check", "--fix", "--format", "short"]);
    assert_eq!(code, Some(1), "{out}{err}");
    assert!(err.contains("2 repairs in 2 files\n"), "{err}");
    assert!(out.contains("FW301"), "{out}");
    assert!(read("desk.failway").contains(" and id < 5"));
    assert!(!read("crm.failway").contains(';'));
    assert!(!read("desk.failway").contains("denied"));

    let (code, out, err) = failway(folder.path(), &["check", "--fix", "--unsafe-fixes"]);
    assert_eq!(code, Some(0), "{out}{err}");
    assert!(read("desk.failway").contains("    on denied -> lost\n"));
    let (code, _, err) = failway(folder.path(), &["check", "--fix"]);
    assert_eq!(code, Some(0));
    assert!(err.contains("nothing that could be repaired"), "{err}");
    // Nothing is left lying about.
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);

    let (code, _, err) = failway(folder.path(), &["check", "--unsafe-fixes"]);
    assert_eq!(code, Some(2), "{err}");
}
