//! Planted defects: every kind of finding about the gate is written into clean policies, one at a time
//! and several together, and has to be found at the right rule, and nothing else with it.

use super::common::{Memory, examples};
use failway::check;
use failway::diagnostics::Diagnostic;
use failway::model::{Policy, Rule, RuleKind, Type};
use failway::source::{FileId, Sources};
use failway::syntax;
use failway::syntax::tree::ItemKind;
use fastrand::Rng;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// The fewest planted defects.
const MUTANTS_MIN: usize = 300;

// ── Clean policies ───────────────────────────────────────────────────────────

/// What a clean policy is about.
struct Domain {
    policy: &'static str,
    system: &'static str,
    look: &'static str,
    act: &'static str,
    after: &'static str,
    key: &'static str,
    amount: &'static str,
    /// Bounds and three steps between them.
    steps: [&'static str; 5],
    kind: [&'static str; 3],
    flag: &'static str,
    boss: &'static str,
}

const DOMAINS: [Domain; 4] = [
    Domain {
        policy: "refunds",
        system: "payments",
        look: "find_order",
        act: "refund",
        after: "close_case",
        key: "order",
        amount: "decimal in 0.01..5000.00",
        steps: ["0.01", "50.00", "100.00", "2000.00", "5000.00"],
        kind: ["damaged", "late", "unwanted"],
        flag: "vip",
        boss: "supervisor",
    },
    Domain {
        policy: "bookings",
        system: "calendar",
        look: "find_guest",
        act: "book",
        after: "confirm_booking",
        key: "guest",
        amount: "int in 1..20",
        steps: ["1", "4", "8", "15", "20"],
        kind: ["terrace", "hall", "garden"],
        flag: "returning",
        boss: "manager",
    },
    Domain {
        policy: "deploys",
        system: "ci",
        look: "find_build",
        act: "deploy",
        after: "announce",
        key: "build",
        amount: "int in 1..100",
        steps: ["1", "10", "25", "80", "100"],
        kind: ["staging", "canary", "production"],
        flag: "hotfix",
        boss: "release_lead",
    },
    Domain {
        policy: "credits",
        system: "billing",
        look: "find_account",
        act: "grant",
        after: "send_notice",
        key: "account",
        amount: "decimal in 1.0..900.0",
        steps: ["1.0", "20.0", "60.0", "500.0", "900.0"],
        kind: ["outage", "goodwill", "error"],
        flag: "business",
        boss: "team_lead",
    },
];

/// A clean policy: a domain, and which of six features it has.
fn clean(d: &Domain, features: u32) -> String {
    let has = |bit: u32| features & (1 << bit) != 0;
    let [_, low, middle, high, _] = d.steps;
    let (system, look, act, after, key, flag, boss) =
        (d.system, d.look, d.act, d.after, d.key, d.flag, d.boss);
    let [a, b, c] = d.kind;
    let mut t = format!(
        "policy {}\n\nenum Kind {{ {a}, {b}, {c} }}\nrecord Found {{ id: string length 1..30, total: {}, open: bool, note?: string length 1..50 }}\n\
         input hour: int in 0..23\ninput frozen: bool\nrole {boss}\n\nintegration {system} {{\n\
         \x20 action {look}({key}: string length 1..30) -> Found {{ reads  timeout 2s }}\n\
         \x20 action {act}({key}: string length 1..30, amount: {}, kind: Kind, {flag}: bool, tags: list of string length 1..10 size 0..4, memo?: string length 1..80) {{ writes idempotent by {key} expendable  timeout 3s }}\n\
         \x20 action {after}({key}: string length 1..30) {{ writes idempotent by {key} expendable  timeout 3s }}\n}}\n\
         integration desk {{\n  action hand_over({key}: string length 1..30) {{ writes expendable  timeout 5s }}\n}}\n\n\
         allow looking: any read because \"looking changes nothing\"\n\
         allow handing: desk.hand_over because \"a person may always take over\"\n\
         allow closing: {system}.{after} when hour in 6..22 because \"in the day\"\n",
        d.policy, d.amount, d.amount
    );
    let x = format!("{system}.{act}");
    writeln!(
        t,
        "allow small: {x} when amount <= {middle} because \"small\""
    )
    .unwrap();
    if has(0) {
        writeln!(
            t,
            "escalate large: {x} to {boss} within 1h when amount > {middle} because \"large\""
        )
        .unwrap();
    } else {
        writeln!(
            t,
            "allow trusted: {x} when {flag} and amount <= {high} because \"trusted\""
        )
        .unwrap();
    }
    if has(1) {
        writeln!(t, "fact seen: {system}.{look} by {key} for 10m").unwrap();
        writeln!(t, "require sound: {x} when seen is present and seen.open and amount <= seen.total because \"look first\"").unwrap();
    }
    if has(2) {
        writeln!(t, "deny odd: {x} when kind == {c} and not {flag} and amount > {low} because \"odd\" instead desk.hand_over({key}: {key})").unwrap();
    } else {
        writeln!(t, "deny stopped: {x} when frozen because \"stopped\"").unwrap();
    }
    if has(3) {
        writeln!(t, "order known: {system}.{look} before {system}.{after} by {key} because \"only what is known\"").unwrap();
        writeln!(t, "limit twice: {x} to 2 effects per session by {key}").unwrap();
    } else {
        writeln!(t, "limit often: {x} to 20 calls per 1h").unwrap();
    }
    if has(4) {
        writeln!(
            t,
            "define tagged = some t in tags: t == \"urgent\" or t matches /p[0-9]/"
        )
        .unwrap();
        writeln!(
            t,
            "deny rushed: {x} when tagged and hour > 20 because \"late\""
        )
        .unwrap();
    } else {
        writeln!(
            t,
            "require named: {x} when memo is absent or length(memo) > 3 because \"say why\""
        )
        .unwrap();
    }
    if has(5) {
        writeln!(
            t,
            "deny late: {system}.{after} when not done({x} by {key}) because \"nothing to say\""
        )
        .unwrap();
    }
    t
}

/// The text without its flows and tests: the gate stands alone.
fn without_flows(text: &str) -> String {
    let (tree, _) = syntax::parse(FileId(0), text);
    let mut rest = text.to_string();
    for item in tree.items.iter().rev() {
        if matches!(item.kind, ItemKind::Flow(_) | ItemKind::Test(_)) {
            // Its documentation goes with it.
            let mut start = item.span.range().start;
            while let Some(line) = rest[..start].trim_end().rsplit('\n').next()
                && line.trim_start().starts_with("///")
            {
                start = rest[..start].trim_end().len() - line.len();
            }
            rest.replace_range(start..item.span.range().end, "");
        }
    }
    rest
}

fn all_clean() -> Vec<(String, Memory)> {
    let mut all: Vec<(String, Memory)> = examples()
        .into_iter()
        .map(|(path, mut files)| {
            for text in files.0.values_mut() {
                *text = without_flows(text);
            }
            (path.display().to_string(), files)
        })
        .collect();
    for (i, features) in [
        0b00_0000, 0b11_1111, 0b01_0101, 0b10_1010, 0b00_1101, 0b11_0010, 0b10_0111,
    ]
    .into_iter()
    .enumerate()
    {
        for (k, domain) in DOMAINS.iter().enumerate() {
            let text = clean(domain, features);
            all.push((format!("{} {i}.{k}", domain.policy), Memory::one(&text)));
        }
    }
    all
}

// ── Planting ─────────────────────────────────────────────────────────────────

/// A rule with a condition, and what a defect needs of it.
struct Site<'p> {
    rule: &'p Rule,
    action: String,
    /// The condition's text.
    when: String,
}

/// What is to be found: the code, and the rule or action at which.
type Wanted = BTreeSet<(String, String)>;

/// A defect: the text of the root file with it, and what is to be found.
struct Planted {
    text: String,
    wanted: Wanted,
    /// Rules and actions that it touches: two defects on one are not combined.
    touches: BTreeSet<String>,
}

fn sites<'p>(policy: &'p Policy, sources: &Sources) -> Vec<Site<'p>> {
    let root = sources.files().next().unwrap().1;
    let mut all = Vec::new();
    for rule in &policy.rules {
        let [target] = rule.targets.as_slice() else {
            continue;
        };
        let Some(when) = &target.when else { continue };
        if sources.file(rule.span.file).name() != root.name() {
            continue;
        }
        // From `when` to the clause behind it.
        let text = &root.text()[rule.span.range()];
        let Some((_, after)) = text.split_once(" when ").or(text.split_once("\n  when ")) else {
            continue;
        };
        let end = ["because", "instead", "\n\n"]
            .iter()
            .filter_map(|w| after.find(w))
            .min()
            .unwrap_or(after.len());
        let _ = when;
        all.push(Site {
            rule,
            action: policy.action(target.action).full_name.clone(),
            when: after[..end].trim().to_string(),
        });
    }
    all
}

/// A number parameter of an action: its name, its greatest value, and one in between.
fn number(policy: &Policy, action: &str) -> Option<(String, String, String)> {
    let action = policy.actions.iter().find(|a| a.full_name == action)?;
    action.params.iter().filter(|p| !p.optional).find_map(|p| {
        let (low, high, scale) = match p.ty {
            Type::Int { min, max } if max - min > 2 => (min, max, 0),
            Type::Decimal { min, max, scale } => (min, max, scale),
            _ => return None,
        };
        let write = |n: i64| {
            let f = 10i64.pow(scale);
            if scale == 0 {
                n.to_string()
            } else {
                format!("{}.{:0w$}", n / f, n % f, w = scale as usize)
            }
        };
        (low >= 0).then(|| (p.name.clone(), write(high), write(low + (high - low) / 3)))
    })
}

/// A test of a parameter that the condition doesn't look at, and its opposite.
fn apart(policy: &Policy, site: &Site<'_>) -> Vec<(String, String)> {
    let mut actions = policy.actions.iter();
    let action = actions.find(|a| a.full_name == site.action).unwrap();
    let free = action
        .params
        .iter()
        .filter(|p| !p.optional && !site.when.contains(&p.name));
    free.filter_map(|p| {
        let name = &p.name;
        match &p.ty {
            Type::Bool => Some((name.clone(), format!("not {name}"))),
            Type::Enum(id) => {
                let first = &policy.enums[id.index()].variants[0].name;
                Some((format!("{name} == {first}"), format!("{name} != {first}")))
            }
            Type::String {
                min: 0..=2,
                max,
                patterns,
            } if patterns.is_empty() && max.is_none_or(|m| m > 4) => Some((
                format!("length({name}) <= 3"),
                format!("length({name}) > 3"),
            )),
            _ => None,
        }
    })
    .collect()
}

/// All defects that can be planted at a site.
fn plant(policy: &Policy, text: &str, site: &Site<'_>) -> Vec<Planted> {
    let mut all = Vec::new();
    let (action, when, name) = (&site.action, &site.when, &site.rule.name);
    let mut add = |lines: &str, wanted: &[(&str, &str)]| {
        all.push(Planted {
            text: format!("{text}\n{lines}\n"),
            wanted: wanted
                .iter()
                .map(|(c, r)| (c.to_string(), r.to_string()))
                .collect(),
            touches: [action.clone(), name.clone()].into(),
        });
    };
    let word = match site.rule.kind {
        RuleKind::Allow => "allow",
        RuleKind::Deny => "deny",
        RuleKind::Require => "require",
        _ => "",
    };
    let plain = site.rule.targets[0].instead.is_none();
    if !word.is_empty() && plain {
        // The same again.
        add(
            &format!("{word} zz_again: {action} when {when} because \"x\""),
            &[("FW206", "zz_again")],
        );
    }
    match site.rule.kind {
        RuleKind::Deny if plain => {
            add(
                &format!("require zz_form: {action} when not ({when}) because \"x\""),
                &[("FW213", "zz_form")],
            );
            add(
                &format!("allow zz_shut: {action} when {when} because \"x\""),
                &[("FW207", "zz_shut")],
            );
        }
        RuleKind::Require if plain => {
            add(
                &format!("deny zz_form: {action} when not ({when}) because \"x\""),
                &[("FW213", "zz_form")],
            );
            add(
                &format!("allow zz_shut: {action} when not ({when}) because \"x\""),
                &[("FW207", "zz_shut")],
            );
        }
        RuleKind::Escalate { .. } => {
            add(
                &format!("allow zz_late: {action} when {when} because \"x\""),
                &[("FW205", "zz_late")],
            );
            add(
                &format!(
                    "role zz_other\nescalate zz_rival: {action} to zz_other within 1h when {when} because \"x\""
                ),
                &[("FW204", name.as_str()), ("FW204", "zz_rival")],
            );
        }
        _ => {}
    }
    if let Some((p, high, middle)) = number(policy, action) {
        add(
            &format!("deny zz_dead: {action} when {p} > {high} because \"x\""),
            &[("FW201", "zz_dead")],
        );
        add(
            &format!(
                "deny zz_torn: {action} when ({when}) and {p} > {middle} and {p} <= {middle} because \"x\""
            ),
            &[("FW201", "zz_torn")],
        );
        for (more, code) in [
            (format!("({when}) and {p} <= {high}"), "FW208"),
            (format!("({when}) or {p} > {high}"), "FW208"),
            (
                format!("({when}) and ({p} < {middle} or {p} >= {middle})"),
                "FW208",
            ),
            (
                format!("({when}) and (({when}) or {p} < {middle})"),
                "FW209",
            ),
            (
                format!("({when}) or (({when}) and {p} < {middle})"),
                "FW209",
            ),
        ] {
            all_push(
                &mut all,
                replaced(text, site, &more),
                "",
                &[(code, name.as_str())],
                site,
            );
        }
        let help = format!(
            "integration zz {{ action help(k: int in 0..1) {{ writes expendable  timeout 1s }} }}\nallow zz_help: zz.help when k == 0 because \"x\"\n\
             deny zz_points: {action} when {p} == {middle} because \"x\" instead zz.help(k: 1)"
        );
        let quarrels = policy
            .rules
            .iter()
            .any(|r| r.targets.iter().any(|t| t.instead.is_some()));
        if !quarrels {
            all_push(
                &mut all,
                text.to_string(),
                &help,
                &[("FW210", "zz_points")],
                site,
            );
        }
    }
    let free = apart(policy, site);
    if let Some((this, that)) = free.first() {
        if site.rule.kind_is_allow() {
            let part = format!("allow zz_part: {action} when ({when}) and {this} because \"x\"");
            all_push(
                &mut all,
                text.to_string(),
                &part,
                &[("FW206", "zz_part")],
                site,
            );
            // The rule in two halves, and one across them.
            if let Some((other, _)) = free.get(1) {
                let halves = replaced(text, site, &format!("({when}) and {this}"));
                let rest = format!(
                    "allow zy_half: {action} when ({when}) and {that} because \"x\"\nallow zz_across: {action} when ({when}) and {other} because \"x\""
                );
                all_push(&mut all, halves, &rest, &[("FW206", "zz_across")], site);
            }
        }
        for more in [
            format!("({when}) and (({when}) or {this})"),
            format!("({when}) or (({when}) and {this})"),
        ] {
            all_push(
                &mut all,
                replaced(text, site, &more),
                "",
                &[("FW209", name.as_str())],
                site,
            );
        }
    }
    all
}

fn all_push(
    all: &mut Vec<Planted>,
    text: String,
    lines: &str,
    wanted: &[(&str, &str)],
    site: &Site<'_>,
) {
    all.push(Planted {
        text: format!("{text}\n{lines}\n"),
        wanted: wanted
            .iter()
            .map(|(c, r)| (c.to_string(), r.to_string()))
            .collect(),
        touches: [site.action.clone(), site.rule.name.clone()].into(),
    });
}

trait IsAllow {
    fn kind_is_allow(&self) -> bool;
}

impl IsAllow for Rule {
    fn kind_is_allow(&self) -> bool {
        matches!(self.kind, RuleKind::Allow)
    }
}

/// The text with another condition at the site.
fn replaced(text: &str, site: &Site<'_>, when: &str) -> String {
    let range = site.rule.span.range();
    let rule = &text[range.clone()];
    let at = rule.find(&site.when).unwrap();
    let mut new = text.to_string();
    new.replace_range(range.start + at..range.start + at + site.when.len(), when);
    new
}

/// Defects that need no rule to stand at.
fn loose(policy: &Policy, text: &str) -> Vec<Planted> {
    let mut all = Vec::new();
    let mut add = |lines: &str, wanted: &[(&str, &str)], touches: &[&str]| {
        all.push(Planted {
            text: format!("{text}\n{lines}\n"),
            wanted: wanted
                .iter()
                .map(|(c, r)| (c.to_string(), r.to_string()))
                .collect(),
            touches: touches.iter().map(ToString::to_string).collect(),
        });
    };
    add(
        "integration zq { action lone(k: int in 0..1) { writes expendable  timeout 1s } }\ndeny zq_no: zq.lone when k == 1 because \"x\"",
        &[("FW202", "zq.lone")],
        &["zq"],
    );
    add(
        "integration zw { action write(k: int in 0..1) { writes expendable  timeout 1s } }\nallow zw_free: zw.write",
        &[("FW212", "zw_free")],
        &["zw"],
    );
    add(
        "integration zo {\n  action one(k: int in 0..1) { writes expendable  timeout 1s }\n  action two(k: int in 0..1) { writes expendable  timeout 1s }\n}\n\
         allow zo_all: zo.* because \"x\"\norder zo_a: zo.one before zo.two because \"x\"\norder zo_b: zo.two before zo.one because \"x\"",
        &[("FW211", "zo_a")],
        &["zo"],
    );
    add(
        "integration zf {\n  action src(k: int in 0..3) -> int in 0..3 { writes expendable  timeout 1s }\n  action use_it(k: int in 0..3) { writes expendable  timeout 1s }\n}\n\
         fact zf_fact: zf.src by k where result > 3\nallow zf_all: zf.use_it when zf_fact is present because \"x\"\nallow zf_src: zf.src because \"x\"",
        &[("FW211", "zf_fact")],
        &["zf"],
    );
    if let Some(action) = policy
        .actions
        .iter()
        .find(|a| a.full_name.starts_with("desk."))
    {
        let name = &action.full_name;
        if policy.flows.is_empty()
            && policy
                .rules
                .iter()
                .all(|r| r.targets.iter().all(|t| t.instead.is_none()))
        {
            add(
                &format!("deny zn_never: {name} because \"x\""),
                &[("FW203", name)],
                &[name],
            );
        }
    }
    all
}

// ── Checking ─────────────────────────────────────────────────────────────────

/// What was found, by the rule, the action or the fact that it is about.
fn found(policy: &Policy, findings: &[Diagnostic]) -> Wanted {
    let mut all = Wanted::new();
    for d in findings {
        let code = d.code.to_string();
        if !code.starts_with("FW2") {
            all.insert((code, d.message.clone()));
            continue;
        }
        let names = policy
            .rules
            .iter()
            .map(|r| (r.name_span, &r.name))
            .chain(policy.actions.iter().map(|a| (a.span, &a.full_name)))
            .chain(policy.facts.iter().map(|f| (f.span, &f.name)));
        let names: Vec<_> = names.collect();
        let at = |span| {
            names
                .iter()
                .find(|(s, _)| *s == span)
                .map(|(_, n)| (*n).clone())
        };
        match code.as_str() {
            // Both rules are meant.
            "FW204" => {
                for l in &d.labels {
                    all.extend(at(l.span).map(|n| (code.clone(), n)));
                }
            }
            "FW201" | "FW208" | "FW209" | "FW210" => {
                let named = d.labels.iter().find_map(|l| at(l.span));
                all.insert((code, named.unwrap_or_default()));
            }
            "FW211" => {
                let named = at(d.span()).or_else(|| d.labels.iter().find_map(|l| at(l.span)));
                all.insert((code, named.unwrap_or_default()));
            }
            _ => {
                all.insert((code, at(d.span()).unwrap_or_default()));
            }
        }
    }
    all
}

fn judge(name: &str, files: &Memory, planted: &Planted) -> Option<String> {
    let mut copy = files.0.clone();
    copy.insert("main.failway".to_string(), planted.text.clone());
    let checked = check("main.failway", &Memory(copy)).unwrap();
    // What flows say about a rule that came in is theirs.
    let gate: Vec<Diagnostic> = checked
        .findings
        .iter()
        .filter(|d| d.code.as_str().starts_with("FW2") || d.code.as_str() < "FW150")
        .cloned()
        .collect();
    let mut found = found(&checked.policy, &gate);
    // A part that says nothing may say nothing because its own test is always true or false where it
    // is asked: then that is what has to be said of the rule.
    for (code, rule) in &planted.wanted {
        let constant = ("FW208".to_string(), rule.clone());
        if code == "FW209" && !planted.wanted.contains(&constant) && found.remove(&constant) {
            found.insert((code.clone(), rule.clone()));
        }
    }
    if found == planted.wanted {
        return None;
    }
    let said: Vec<String> = checked
        .findings
        .iter()
        .map(|d| format!("    {}: {}", d.code, d.message))
        .collect();
    let last: Vec<&str> = planted.text.lines().rev().take(7).collect();
    Some(format!(
        "{name}: wanted {:?}, found {found:?}\n{}\n  {}",
        planted.wanted,
        said.join("\n"),
        last.into_iter().rev().collect::<Vec<_>>().join("\n  ")
    ))
}

#[test]
fn every_planted_defect_is_found_at_its_rule_and_nothing_else() {
    let mut rng = Rng::with_seed(11);
    let (mut counts, mut wrong) = (BTreeMap::<String, usize>::new(), Vec::new());
    let (mut single, mut combined, mut policies) = (0, 0, 0);
    for (name, files) in all_clean() {
        let clean = check("main.failway", &files).unwrap();
        let gate = |d: &&Diagnostic| d.code.as_str().starts_with("FW2");
        let none: Vec<String> = clean
            .findings
            .iter()
            .filter(gate)
            .map(|d| format!("{}: {}", d.code, d.message))
            .collect();
        assert_eq!(
            none,
            Vec::<String>::new(),
            "{name}\n{}",
            files.0["main.failway"]
        );
        policies += 1;
        let text = &files.0["main.failway"];
        let mut all = loose(&clean.policy, text);
        for site in sites(&clean.policy, &clean.sources) {
            all.extend(plant(&clean.policy, text, &site));
        }
        // Each kind of defect once or twice per policy: the policies are many.
        rng.shuffle(&mut all);
        let mut taken: BTreeMap<String, usize> = BTreeMap::new();
        all.retain(|p| {
            let kind = p.wanted.iter().map(|w| w.0.clone()).collect::<String>();
            let n = taken.entry(kind).or_insert(0);
            *n += 1;
            *n <= 2
        });
        for planted in &all {
            single += 1;
            for (code, _) in &planted.wanted {
                *counts.entry(code.clone()).or_insert(0) += 1;
            }
            wrong.extend(judge(&name, &files, planted));
        }
        // Two that don't touch each other.
        for pair in all.chunks(2) {
            let [a, b] = pair else { continue };
            let (Some(x), Some(y)) = (
                a.text.strip_prefix(text.as_str()),
                b.text.strip_prefix(text.as_str()),
            ) else {
                continue;
            };
            if !a.touches.is_disjoint(&b.touches) || x.contains("zz") && y.contains("zz") {
                continue;
            }
            combined += 1;
            let both = Planted {
                text: format!("{text}{x}{y}"),
                wanted: a.wanted.union(&b.wanted).cloned().collect(),
                touches: BTreeSet::new(),
            };
            wrong.extend(judge(&name, &files, &both));
        }
    }
    println!(
        "{policies} clean policies, {single} single defects and {combined} combined: {counts:?}"
    );
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(single + combined >= MUTANTS_MIN, "{single} + {combined}");
    for n in 1..=13 {
        let code = format!("FW2{n:02}");
        assert!(counts.contains_key(&code), "no {code} among them");
    }
}
