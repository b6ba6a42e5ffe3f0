//! Rules that fire together and ask for different things: by value, and one report for one cause.

use super::common::Memory;
use failway::check;

const HEAD: &str = "policy q
role a
role b
integration desk { action help(k: int in 0..9, t: string length 1..9) { writes expendable  timeout 1s } }
integration x { action go(n: int in 0..9, m: int in 0..9, t: string length 1..9) { reads  timeout 1s } }
allow h: desk.help because \"x\"
allow g: x.go because \"x\"
";

fn quarrels(rules: &str) -> Vec<String> {
    let checked = check("main.failway", &Memory::one(&format!("{HEAD}{rules}"))).unwrap();
    let found = checked.findings.iter();
    found
        .filter(|d| d.code.as_str() == "FW204")
        .map(|d| d.message.clone())
        .collect()
}

#[test]
fn calls_instead_that_are_the_same_where_both_fire_are_no_quarrel() {
    let found = quarrels(
        "deny d1: x.go when n == 3 because \"x\" instead desk.help(k: n, t: t)
deny d2: x.go when n == 3 and m > 4 because \"x\" instead desk.help(k: 3, t: t)
deny d3: x.go when n == 3 and m == n because \"x\" instead desk.help(k: m, t: t)",
    );
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn what_one_rule_is_at_odds_with_is_one_report() {
    let found = quarrels(
        "deny d1: x.go when n == 3 because \"x\" instead desk.help(k: n, t: t)
deny d2: x.go when n == 3 and m > 4 because \"x\" instead desk.help(k: 3, t: t)
deny d4: x.go when n == 3 and m == 7 because \"x\" instead desk.help(k: m, t: t)",
    );
    assert_eq!(
        found,
        ["`d4` fires together with `d1` and `d2`, and asks for other calls instead than they do"]
    );
}
