//! The policies that are timed, as data, and as Failway's source. The comparison with other engines
//! (`benches/rivals`) writes the same data in their languages.

use std::fmt::Write;

/// A policy: actions with one set of parameters, and rules.
pub struct Spec {
    pub name: String,
    pub actions: usize,
    /// Parameters besides `name`, `role` and `amount`.
    pub wide: bool,
    pub rules: Vec<Rule>,
}

/// A rule: it fires where all of its tests hold.
pub struct Rule {
    pub action: usize,
    pub denies: bool,
    pub when: Vec<Test>,
}

/// A test of one parameter.
#[derive(Clone)]
pub enum Test {
    /// Equals the text or the variant.
    Is(&'static str, String),
    /// Equals one of the variants.
    In(&'static str, &'static [&'static str]),
    /// `low <= amount <= high`.
    Amount(u32, u32),
    /// `amount <= high`.
    AtMost(u32),
    /// Matches `prefix[^@]*suffix`, whole.
    Like(&'static str, &'static str, &'static str),
    Present(&'static str),
    Absent(&'static str),
}

/// One proposal.
pub struct Proposal {
    pub what: &'static str,
    pub action: usize,
    pub args: serde_json::Value,
    /// Whether it is allowed.
    pub allowed: bool,
}

/// `name == "a<i>" and role == agent and amount <= 1000+i` for each i below `n`, on one action.
pub fn names(n: usize) -> Spec {
    let rule = |i: usize| Rule {
        action: 0,
        denies: false,
        when: vec![
            Test::Is("name", format!("a{i}")),
            Test::Is("role", "agent".to_owned()),
            Test::AtMost(1000 + u32::try_from(i).unwrap_or(0)),
        ],
    };
    Spec {
        name: "names".to_owned(),
        actions: 1,
        wide: false,
        rules: (0..n).map(rule).collect(),
    }
}

/// Proposals for [`names`]: one for the first rule, one for the last, one for none.
pub fn name_proposals(n: usize) -> Vec<Proposal> {
    let proposal = |what, name: String, allowed| Proposal {
        what,
        action: 0,
        args: serde_json::json!({"name": name, "role": "agent", "amount": 1000}),
        allowed,
    };
    vec![
        proposal("first", "a0".to_owned(), true),
        proposal("last", format!("a{}", n - 1), true),
        proposal("none", "nobody".to_owned(), false),
    ]
}

/// 200 rules over 30 actions, as people write them: sets, ranges, patterns, optional parameters,
/// permissions and refusals.
pub fn mixed() -> Spec {
    const NEAR: &[&str] = &["north", "south"];
    const FAR: &[&str] = &["east", "west"];
    const STAFF: &[&str] = &["agent", "manager"];
    let mut rules = Vec::new();
    for action in 0..30 {
        let a = u32::try_from(action).unwrap_or(0);
        let mut rule = |denies, when| {
            rules.push(Rule {
                action,
                denies,
                when,
            });
        };
        let is = |field, value: &str| Test::Is(field, value.to_owned());
        rule(false, vec![Test::In("region", NEAR), Test::AtMost(100 + a)]);
        rule(
            false,
            vec![
                Test::In("region", FAR),
                Test::Like("name", "svc-", ""),
                Test::AtMost(500 + a),
            ],
        );
        rule(
            false,
            vec![
                Test::Present("tier"),
                is("tier", "gold"),
                Test::In("role", STAFF),
                Test::AtMost(5000 + a),
            ],
        );
        rule(
            false,
            vec![is("role", "manager"), Test::Amount(5101 + a, 9600)],
        );
        rule(
            true,
            vec![
                Test::Present("email"),
                Test::Like("email", "", "@junk.example"),
            ],
        );
        rule(
            true,
            vec![Test::Absent("email"), Test::Amount(1001, 10_000)],
        );
        if action < 20 {
            rule(true, vec![Test::Amount(9001 + 10 * a, 9500)]);
        }
    }
    Spec {
        name: "mixed".to_owned(),
        actions: 30,
        wide: true,
        rules,
    }
}

/// Proposals for [`mixed`].
pub fn mixed_proposals() -> Vec<Proposal> {
    let proposal = |what, action, allowed, args| Proposal {
        what,
        action,
        args,
        allowed,
    };
    vec![
        proposal(
            "small sum",
            0,
            true,
            serde_json::json!({"name": "ada", "role": "clerk", "amount": 90, "region": "north"}),
        ),
        proposal(
            "gold tier",
            14,
            true,
            serde_json::json!({"name": "ada", "role": "agent", "amount": 4000, "region": "east",
                "email": "ada@good.example", "tier": "gold"}),
        ),
        proposal(
            "junk mail",
            29,
            false,
            serde_json::json!({"name": "ada", "role": "manager", "amount": 6000, "region": "west",
                "email": "x@junk.example"}),
        ),
    ]
}

/// The policy in Failway's language.
pub fn failway(spec: &Spec) -> String {
    let mut out = format!("policy {}\n\ntype Name = string length 1..40\n", spec.name);
    out += "enum Role { agent, clerk, manager }\n";
    let mut params = "name: Name, role: Role, amount: int in 0..1000000".to_owned();
    if spec.wide {
        out += "enum Region { north, south, east, west, centre }\nenum Tier { gold, silver }\n";
        params += ", region: Region, email?: string length 3..80, tier?: Tier";
    }
    out += "\nintegration ops {\n  defaults { timeout 5s }\n";
    for i in 0..spec.actions {
        let _ = writeln!(out, "  action act{i}({params}) {{ writes expendable }}");
    }
    out += "}\n\n";
    for (i, rule) in spec.rules.iter().enumerate() {
        let kind = if rule.denies { "deny" } else { "allow" };
        let when: Vec<String> = rule.when.iter().map(test).collect();
        let when = when.join(" and ");
        let _ = writeln!(out, "{kind} r{i}: ops.act{} when {when}", rule.action);
    }
    out
}

fn test(test: &Test) -> String {
    match test {
        Test::Is("name", text) => format!("name == \"{text}\""),
        Test::Is(field, variant) => format!("{field} == {variant}"),
        Test::In(field, variants) => format!("{field} in {{{}}}", variants.join(", ")),
        Test::Amount(low, high) => format!("amount in {low}..{high}"),
        Test::AtMost(high) => format!("amount <= {high}"),
        Test::Like(field, prefix, suffix) => {
            let suffix = suffix.replace('.', "\\.");
            format!("{field} matches /{prefix}[^@]*{suffix}/")
        }
        Test::Present(field) => format!("{field} is present"),
        Test::Absent(field) => format!("{field} is absent"),
    }
}
