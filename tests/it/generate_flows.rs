//! Random small flows over all kinds of states. The checker says what they lack and what they have
//! too much of, until it finds no error: so each one is complete, and no more than that.

use super::common::compiled;
use failway::Checked;
use failway::diagnostics::{Diagnostic, Severity};
use failway::table::Table;
use fastrand::Rng;
use std::fmt::Write;

/// A random policy with flows, without errors and without handlers for what cannot happen.
pub struct Made {
    pub text: String,
    pub checked: Checked,
    pub table: Table,
}

/// Rounds of repair before a draw is dropped.
const ROUNDS: usize = 60;

/// The actions that a policy may have: name, head, clauses, result.
struct Kind {
    name: &'static str,
    params: &'static [&'static str],
    result: Option<&'static str>,
    clauses: String,
    needs: &'static [&'static str],
    write: bool,
    tracked: bool,
    undo: bool,
}

fn kinds(rng: &mut Rng) -> Vec<Kind> {
    let read = |name, result, clauses: &str| Kind {
        name,
        params: &["n"],
        result: Some(result),
        clauses: format!("reads {clauses}"),
        needs: &[],
        write: false,
        tracked: false,
        undo: false,
    };
    let busy = |rng: &mut Rng| one(rng, &["", "transient busy"]);
    let expendable = |rng: &mut Rng| one(rng, &["", "expendable"]);
    let tolerant = rng.bool();
    let (book_undo, book_tolerance) = match rng.u8(..3) {
        0 => ("undo cancel(n: result)", ""),
        1 => ("undo cancel(n: n)", ""),
        _ => ("undo cancel(n: n)", "tolerant"),
    };
    let window = one(rng, &["", "", "for 12s"]);
    let cancel_rest = expendable(rng);
    let note = one(
        rng,
        &[
            "writes expendable",
            "writes idempotent by n expendable",
            "writes idempotent by n for 9s expendable",
        ],
    );
    let happened = one(
        rng,
        &[
            "happened on ok",
            "happened on ok when result > 1",
            "happened on ok gives n",
            "happened on ok when result > 1  absent on ok when result == 0",
        ],
    );
    let absent = one(rng, &["absent on none", "absent on none", ""]);
    let after = one(rng, &["", "", "after 3s"]);
    let pay_undo = match rng.u8(..3) {
        0 => "",
        1 => "undo back(n: n) tolerant",
        _ => "undo back(n: n)",
    };
    vec![
        read("a.look", "R", &format!("permanent none {}", busy(rng))),
        read("a.find", "N", "permanent none"),
        Kind {
            name: "a.cancel",
            params: &["n"],
            result: None,
            clauses: format!(
                "{} {}",
                if rng.bool() {
                    format!("writes idempotent by n {cancel_rest}")
                } else {
                    "writes expendable".to_string()
                },
                busy(rng)
            ),
            needs: &[],
            write: true,
            tracked: false,
            undo: false,
        },
        Kind {
            name: "a.book",
            params: &["n"],
            result: Some("N"),
            clauses: format!(
                "writes permanent full {} indeterminate odd {book_undo} {book_tolerance} confirm find(n: n) {after} {{ {happened} {absent} }}",
                busy(rng)
            ),
            needs: &["a.find", "a.cancel"],
            write: true,
            tracked: true,
            undo: true,
        },
        read("b.check", "N", "permanent none"),
        Kind {
            name: "b.back",
            params: &["n"],
            result: None,
            clauses: format!("writes idempotent by n {}", expendable(rng)),
            needs: &[],
            write: true,
            tracked: false,
            undo: false,
        },
        Kind {
            name: "b.pay",
            params: &["n", "m"],
            result: Some("N"),
            clauses: format!(
                "writes idempotent by n {window} permanent refused {} {pay_undo} confirm check(n: n) {{ happened on ok  absent on none }}",
                busy(rng)
            ),
            needs: if pay_undo.is_empty() {
                &["b.check"]
            } else {
                &["b.check", "b.back"]
            },
            write: true,
            tracked: true,
            undo: !pay_undo.is_empty(),
        },
        Kind {
            name: "b.note",
            params: &["n"],
            result: None,
            clauses: format!("{note} {}", busy(rng)),
            needs: &[],
            write: true,
            tracked: false,
            undo: false,
        },
        Kind {
            name: "b.act",
            params: &["n"],
            result: None,
            clauses: format!(
                "{} permanent full",
                if tolerant {
                    "writes"
                } else {
                    "writes idempotent by n"
                }
            ),
            needs: &[],
            write: true,
            tracked: true,
            undo: false,
        },
    ]
}

#[derive(Clone)]
struct Handler {
    outcomes: Vec<String>,
    /// ` as v`, ` when …`, ` retry …`.
    bind: String,
    when: String,
    retry: String,
    to: String,
}

#[derive(Clone, PartialEq)]
enum Step {
    Do {
        action: usize,
        args: Vec<String>,
        bind: Option<String>,
    },
    Other(String),
    Choose,
    Run {
        flow: usize,
        args: Vec<String>,
    },
}

#[derive(Clone)]
struct State {
    name: String,
    step: Step,
    visits: Option<(u32, String)>,
    handlers: Vec<Handler>,
    branches: Vec<(String, String)>,
    otherwise: Option<String>,
    events: Vec<(String, String)>,
    ignores: Vec<String>,
}

struct Flow {
    name: String,
    params: &'static str,
    within: Option<(u32, Option<String>)>,
    once: Option<String>,
    events: Vec<(String, String)>,
    states: Vec<State>,
    ends: Vec<(String, &'static str, Option<String>)>,
    start: String,
}

impl Flow {
    fn goals(&self) -> Vec<String> {
        let states = self.states.iter().map(|s| s.name.clone());
        states
            .chain(self.ends.iter().map(|e| e.0.clone()))
            .collect()
    }
}

/// What a line of the text belongs to.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Owner {
    Fixed,
    Rule(usize),
    Flow(usize),
    FlowEvent(usize, usize),
    State(usize, usize),
    Step(usize, usize),
    Handler(usize, usize, usize),
    Branch(usize, usize, usize),
    Otherwise(usize, usize),
    Event(usize, usize, usize),
    End(usize, usize),
}

struct Draft {
    kinds: Vec<Kind>,
    rules: Vec<String>,
    flows: Vec<Flow>,
    /// How many entries a state is given whose circle nothing bounds.
    bound: u32,
}

fn one<'t>(rng: &mut Rng, of: &[&'t str]) -> &'t str {
    of[rng.usize(..of.len())]
}

fn any<'t, T>(rng: &mut Rng, of: &'t [T]) -> &'t T {
    &of[rng.usize(..of.len())]
}

/// A policy with one or two flows, with events and deadlines if `asides`; none if this draw could
/// not be made free of errors. What nothing bounds is given `bound` visits.
pub fn flows(rng: &mut Rng, bound: u32, asides: bool) -> Option<Made> {
    let mut draft = Draft::new(rng, bound);
    if !asides {
        draft.no_asides();
    }
    for _ in 0..ROUNDS {
        let (text, owners) = draft.text();
        let (checked, _) = compiled(&text);
        // What such a flow leaves behind, repeats or is refused is not its point; but a call that is
        // refused while a write is in doubt needs its handler.
        let worth = |f: &&Diagnostic| {
            let code = f.code.as_str();
            match code {
                "FW310" => true,
                "FW401" | "FW402" | "FW406" | "FW407" => !draft.handles(&f.message, "denied"),
                _ if code.starts_with("FW4") || code.starts_with("FW6") => false,
                _ => f.severity == Severity::Error,
            }
        };
        let Some(found) = checked.findings.iter().find(worth) else {
            let (mut gate, _) = failway::gate::build(&checked.policy, 1);
            let table = failway::table::build::build(&mut gate)
                .and_then(|body| failway::table::build::seal(body, &checked.sources))
                .ok()?;
            drop(gate);
            return Some(Made {
                table,
                checked,
                text,
            });
        };
        let lines: Vec<Owner> = found
            .labels
            .iter()
            .map(|l| {
                let at = checked.sources.file(l.span.file).line_col(l.span.start);
                owners[at.line as usize - 1]
            })
            .collect();
        if std::env::var("FAILWAY_SHOW").is_ok() {
            eprintln!("{}: {} {lines:?}", found.code, found.message);
        }
        let found = found.clone();
        draft.repair(rng, &found, &lines, &text)?;
    }
    if std::env::var("FAILWAY_SHOW").is_ok() {
        eprintln!("GAVE UP {}", draft.text().0);
    }
    None
}

impl Draft {
    fn new(rng: &mut Rng, bound: u32) -> Self {
        let all = kinds(rng);
        let mut wanted: Vec<&'static str> = Vec::new();
        for _ in 0..rng.usize(1..4) {
            let kind = &all[rng.usize(..all.len())];
            wanted.push(kind.name);
            wanted.extend(kind.needs);
        }
        let kinds: Vec<Kind> = all
            .into_iter()
            .filter(|k| wanted.contains(&k.name))
            .collect();
        let mut draft = Self {
            kinds,
            rules: Vec::new(),
            flows: Vec::new(),
            bound,
        };
        let with_sub = rng.u8(..) < 90;
        draft.rules(rng);
        if with_sub {
            let states = rng.usize(1..4);
            draft.flow(rng, "sub", "s: N", states);
        }
        let states = rng.usize(2..7);
        draft.flow(rng, "main", "p: N, q: N", states);
        draft
    }

    fn no_asides(&mut self) {
        for flow in &mut self.flows {
            flow.within = None;
            flow.events.clear();
            for state in &mut flow.states {
                state.events.clear();
                state.ignores.clear();
            }
        }
    }

    fn rules(&mut self, rng: &mut Rng) {
        for i in 0..self.kinds.len() {
            let name = self.kinds[i].name;
            let when = if rng.u8(..) < 60 {
                format!(" when {}", self.condition(rng, i))
            } else {
                String::new()
            };
            self.rules.push(format!("allow base{i}: {name}{when}"));
        }
        let mut escalated = false;
        for r in 0..rng.usize(0..4) {
            let i = rng.usize(..self.kinds.len());
            let name = self.kinds[i].name;
            let cond = self.condition(rng, i);
            let by = if rng.u8(..) < 100 { " by n" } else { "" };
            let other = self.kinds[rng.usize(..self.kinds.len())].name;
            let rule = match rng.u8(..9) {
                0 => format!("deny r{r}: {name} when {cond}"),
                1 => format!("require r{r}: {name} when {cond}"),
                2 if !escalated => {
                    escalated = true;
                    let within = one(rng, &["", " within 10s"]);
                    format!("escalate r{r}: {name} to boss{within} when {cond}")
                }
                3 => format!("order r{r}: {other} before {name}{by}"),
                4 => format!("order r{r}: never {name} after {other}{by}"),
                _ => {
                    let per = one(rng, &["session", "session", "session", "8s"]);
                    let what = if self.kinds[i].write && rng.bool() {
                        "effects"
                    } else {
                        "calls"
                    };
                    let filter = if rng.u8(..) < 40 { " where n > 1" } else { "" };
                    let second = if other != name && rng.u8(..) < 60 && what == "calls" {
                        format!(", {other}")
                    } else {
                        String::new()
                    };
                    format!(
                        "limit r{r}: {name}{second} to {} {what} per {per}{by}{filter}",
                        rng.u8(1..4)
                    )
                }
            };
            self.rules.push(rule);
        }
    }

    fn condition(&self, rng: &mut Rng, i: usize) -> String {
        let other = &self.kinds[rng.usize(..self.kinds.len())];
        let name = other.name;
        match rng.u8(..11) {
            0 => "n > 1".to_string(),
            1 => "n != 0".to_string(),
            2 => "n == level".to_string(),
            3 if self.kinds[i].params.len() > 1 => "m <= n".to_string(),
            4 => "level > 1".to_string(),
            5 => format!("done({name}{})", one(rng, &["", " by n"])),
            6 => format!("calls({name}) {} {}", one(rng, &["<", ">="]), rng.u8(1..3)),
            7 if other.write => format!(
                "effects({name}{}) {} 1",
                one(rng, &["", " by n"]),
                one(rng, &["<", ">="])
            ),
            8 if other.tracked => format!("not unsettled({name})"),
            9 if other.write => format!(
                "{}standing({name}{})",
                one(rng, &["", "not "]),
                one(rng, &["", " by n"])
            ),
            _ => "open".to_string(),
        }
    }

    fn flow(&mut self, rng: &mut Rng, name: &str, params: &'static str, states: usize) {
        let prefix = if name == "sub" { "t" } else { "s" };
        let mut flow = Flow {
            name: name.to_string(),
            params,
            within: None,
            once: None,
            events: Vec::new(),
            states: Vec::new(),
            ends: vec![
                (format!("{prefix}good"), "success", None),
                (format!("{prefix}bad"), "failure", None),
            ],
            start: format!("{prefix}0"),
        };
        if rng.u8(..) < 60 {
            flow.ends.push((format!("{prefix}other"), "fallback", None));
        }
        let names: Vec<String> = (0..states).map(|i| format!("{prefix}{i}")).collect();
        let mut goals = names.clone();
        goals.extend(flow.ends.iter().map(|e| e.0.clone()));
        if rng.u8(..) < 70 {
            flow.within = Some((rng.u32(5..60), Some(any(rng, &goals).clone())));
        }
        if name == "main" && rng.u8(..) < 30 {
            flow.once = Some(flow.ends[0].0.clone());
        }
        for event in ["hang", "stop"] {
            if rng.bool() {
                flow.events
                    .push((event.to_string(), any(rng, &goals).clone()));
            }
        }
        for name in names {
            let state = self.state(rng, name, &goals, params);
            flow.states.push(state);
        }
        if rng.u8(..) < 100 {
            let v = self.number(rng, params);
            flow.ends[0].2 = Some(v);
        }
        self.flows.push(flow);
    }

    /// A value of type N in a flow.
    fn number(&self, rng: &mut Rng, params: &str) -> String {
        let pool: &[&str] = if params.starts_with("s:") {
            &["s", "s", "0", "2", "v", "w", "rec.k", "level"]
        } else {
            &["p", "p", "q", "0", "1", "3", "v", "w", "rec.k", "level"]
        };
        one(rng, pool).to_string()
    }

    fn guard(&self, rng: &mut Rng, params: &str) -> String {
        let kind = any(rng, &self.kinds);
        let name = kind.name;
        let path = if params.starts_with("s:") {
            one(rng, &["s", "v"])
        } else {
            one(rng, &["p", "q", "v"])
        };
        match rng.u8(..12) {
            0..=2 => format!("v {} {}", one(rng, &["<", ">", "=="]), rng.u8(0..4)),
            3 => format!("rec.k > {}", rng.u8(0..3)),
            4 => "rec.g".to_string(),
            5 => format!("{path} > {}", rng.u8(0..3)),
            6 => one(rng, &["open", "level > 1", "v == level"]).to_string(),
            7 if kind.tracked => format!("unsettled({name})"),
            8 if kind.write => format!("standing({name})"),
            9 => format!("done({name})"),
            10 => format!("done({name} by {path} = n)"),
            _ => format!("calls({name}) >= {}", rng.u8(1..4)),
        }
    }

    fn state(
        &mut self,
        rng: &mut Rng,
        name: String,
        goals: &[String],
        params: &'static str,
    ) -> State {
        let tracked: Vec<&'static str> = self
            .kinds
            .iter()
            .filter(|k| k.tracked)
            .map(|k| k.name)
            .collect();
        let undoable: Vec<&'static str> = self
            .kinds
            .iter()
            .filter(|k| k.undo)
            .map(|k| k.name)
            .collect();
        let confirmed: Vec<&'static str> =
            tracked.iter().copied().filter(|n| *n != "b.act").collect();
        let mut state = State {
            name,
            step: Step::Choose,
            visits: None,
            handlers: Vec::new(),
            branches: Vec::new(),
            otherwise: None,
            events: Vec::new(),
            ignores: Vec::new(),
        };
        match rng.u8(..14) {
            0 => {
                let mut may: Vec<&str> = self.kinds.iter().map(|k| k.name).collect();
                rng.shuffle(&mut may);
                may.truncate(rng.usize(1..4));
                state.step = Step::Other(format!(
                    "agent given {} {{ may {}  calls {}  within {}s  outcome picked: N  outcome gone }}",
                    if params.starts_with("s:") { "s" } else { "p" },
                    may.join(", "),
                    rng.u8(0..4),
                    rng.u8(5..20)
                ));
                if rng.bool() {
                    state.handlers.push(Handler {
                        outcomes: vec!["picked".to_string()],
                        bind: " as v".to_string(),
                        when: String::new(),
                        retry: String::new(),
                        to: any(rng, goals).clone(),
                    });
                }
            }
            1 => state.step = Step::Other("ask boss \"ok?\" as v: N within 8s".to_string()),
            2 | 3 => {
                for _ in 0..rng.usize(1..3) {
                    state
                        .branches
                        .push((self.guard(rng, params), any(rng, goals).clone()));
                }
                if rng.bool() {
                    state.otherwise = Some(any(rng, goals).clone());
                }
            }
            4 | 5 if !tracked.is_empty() => {
                let action = *any(rng, &tracked);
                let bind = if confirmed.contains(&action) && rng.bool() {
                    " as v"
                } else {
                    ""
                };
                state.step = Step::Other(format!("settle {action}{bind}"));
            }
            6 if !undoable.is_empty() => {
                state.step = Step::Other(if rng.bool() {
                    "unwind".to_string()
                } else {
                    format!("unwind {}", any(rng, &undoable))
                });
            }
            7 | 8 if params.starts_with("p:") && !self.flows.is_empty() => {
                state.step = Step::Run {
                    flow: 0,
                    args: vec![self.number(rng, params)],
                };
            }
            _ => {
                let action = rng.usize(..self.kinds.len());
                let args = self.kinds[action]
                    .params
                    .iter()
                    .map(|_| self.number(rng, params))
                    .collect();
                let bind = match self.kinds[action].result {
                    Some("N") => Some(one(rng, &["v", "w"]).to_string()),
                    Some(_) => Some("rec".to_string()),
                    None => None,
                };
                state.step = Step::Do {
                    action,
                    args,
                    bind: bind.filter(|_| rng.u8(..) < 200),
                };
            }
        }
        if rng.u8(..) < 50 {
            state.visits = Some((rng.u32(1..4), any(rng, goals).clone()));
        }
        for event in ["hang", "stop"] {
            match rng.u8(..) {
                0..30 => state
                    .events
                    .push((event.to_string(), any(rng, goals).clone())),
                30..50 => state.ignores.push(event.to_string()),
                _ => {}
            }
        }
        state
    }

    fn text(&self) -> (String, Vec<Owner>) {
        let mut out: Vec<(String, Owner)> = Vec::new();
        let mut fixed = |line: &str| out.push((line.to_string(), Owner::Fixed));
        fixed("policy random");
        fixed("type N = int in 0..3");
        fixed("record R { k: N, g: bool }");
        fixed("input open: bool");
        fixed("input level: N");
        fixed("role boss");
        let event = |e: &str| {
            self.flows.iter().any(|f| {
                f.events.iter().any(|(n, _)| n == e)
                    || f.states.iter().any(|s| {
                        s.ignores.iter().any(|n| n == e) || s.events.iter().any(|(n, _)| n == e)
                    })
            })
        };
        for e in ["hang", "stop"] {
            if event(e) {
                fixed(&format!("event {e}"));
            }
        }
        for k in ["a", "b"] {
            fixed(&format!("integration {k} {{ defaults {{ timeout 2s }}"));
            for kind in &self.kinds {
                let Some(name) = kind.name.strip_prefix(&format!("{k}.")) else {
                    continue;
                };
                let params: Vec<String> = kind.params.iter().map(|p| format!("{p}: N")).collect();
                let arrow = kind.result.map_or(String::new(), |r| format!(" -> {r}"));
                fixed(&format!(
                    "  action {name}({}){arrow} {{ {} }}",
                    params.join(", "),
                    kind.clauses
                ));
            }
            fixed("}");
        }
        for (i, rule) in self.rules.iter().enumerate() {
            out.push((rule.clone(), Owner::Rule(i)));
        }
        for (f, flow) in self.flows.iter().enumerate() {
            flow_text(self, f, flow, &mut out);
        }
        let mut text = String::new();
        for (line, _) in &out {
            writeln!(text, "{line}").unwrap();
        }
        (text, out.into_iter().map(|(_, o)| o).collect())
    }

    fn find(&self, name: &str) -> Option<(usize, usize)> {
        self.flows
            .iter()
            .enumerate()
            .find_map(|(f, flow)| Some((f, flow.states.iter().position(|s| s.name == name)?)))
    }

    /// Whether the state that a message names first handles an outcome.
    fn handles(&self, message: &str, outcome: &str) -> bool {
        let name = message.split('`').nth(1).unwrap_or_default();
        self.find(name).is_none_or(|(f, s)| {
            let handlers = &self.flows[f].states[s].handlers;
            handlers
                .iter()
                .any(|h| h.outcomes.iter().any(|o| o == outcome))
        })
    }

    /// Makes the finding go away; none if the draw is hopeless.
    fn repair(
        &mut self,
        rng: &mut Rng,
        found: &Diagnostic,
        lines: &[Owner],
        text: &str,
    ) -> Option<()> {
        let code = found.code.as_str();
        let names: Vec<&str> = found.message.split('`').skip(1).step_by(2).collect();
        match code {
            "FW301" => self.add(rng, names[0], names[1]),
            "FW401" | "FW402" | "FW406" | "FW407" => self.add(rng, names[0], "denied"),
            "FW311" if names.len() > 1 => self.add(rng, names[0], names[1]),
            "FW311" => {
                let (f, s) = self.find(names[0])?;
                let to = any(rng, &self.flows[f].goals()).clone();
                self.flows[f].states[s].otherwise = Some(to);
            }
            "FW313" => {
                let f = self.flows.iter().position(|x| x.name == names[0])?;
                let goals = self.flows[f].goals();
                let state = lines.iter().find_map(|l| match l {
                    Owner::State(f, s) => Some((*f, *s)),
                    _ => None,
                });
                match state {
                    Some((f, s)) if rng.u8(..) < 60 => {
                        self.flows[f].states[s].ignores.push(names[1].to_string())
                    }
                    _ => self.flows[f]
                        .events
                        .push((names[1].to_string(), any(rng, &goals).clone())),
                }
            }
            "FW304" => {
                let name = *names.last()?;
                let f = self
                    .flows
                    .iter()
                    .position(|x| x.goals().iter().any(|g| g == name))?;
                // Somebody is led there, or the state goes.
                if let Some(s) = self.flows[f].states.iter().position(|s| s.name == name)
                    && rng.bool()
                    && self.flows[f].states.len() > 1
                    && self.flows[f].start != name
                {
                    self.flows[f].states.remove(s);
                    let goals = self.flows[f].goals();
                    self.retarget(rng, f, |t| t == name, &goals, usize::MAX);
                } else {
                    let goals = vec![name.to_string()];
                    self.retarget(rng, f, |_| true, &goals, 1);
                }
            }
            "FW305" => {
                let (f, s) = self.find(names[0])?;
                let ends: Vec<String> = self.flows[f].ends.iter().map(|e| e.0.clone()).collect();
                let state = &mut self.flows[f].states[s];
                state.visits = Some((self.bound, any(rng, &ends).clone()));
            }
            "FW306" | "FW101" => self.unbound(lines.first().copied()?, names[0])?,
            "FW314" => {
                let (f, s) = self.find(names[0])?;
                let ends: Vec<String> = self.flows[f].ends.iter().map(|e| e.0.clone()).collect();
                let to = any(rng, &ends).clone();
                let state = &mut self.flows[f].states[s];
                if let Some(h) = state.handlers.last_mut() {
                    h.to = to;
                } else if let Some(b) = state.branches.last_mut() {
                    b.1 = to;
                } else {
                    state.otherwise = Some(to);
                }
            }
            _ => {
                // Whatever else it is goes with its line: the last one named, a rule by preference.
                assert!(
                    !["FW001", "FW101", "FW103", "FW107", "FW150"].contains(&code),
                    "the generator should not write this: {code}: {}\n{text}",
                    found.message
                );
                let rank = |o: &Owner| match o {
                    Owner::Handler(..)
                    | Owner::Branch(..)
                    | Owner::Otherwise(..)
                    | Owner::Event(..)
                    | Owner::FlowEvent(..) => 3,
                    Owner::Rule(i) if *i >= self.kinds.len() => 2,
                    Owner::Rule(_) => 1,
                    _ => 0,
                };
                let worst = lines.iter().copied().max_by_key(rank)?;
                // A name in a handler of several outcomes goes alone.
                if code == "FW310"
                    && let Owner::Handler(f, s, h) = lines[0]
                {
                    let handler = &mut self.flows[f].states[s].handlers[h];
                    handler.outcomes.retain(|o| o != names[0]);
                    if handler.outcomes.is_empty() {
                        self.flows[f].states[s].handlers.remove(h);
                    }
                    return Some(());
                }
                match worst {
                    Owner::Handler(f, s, h) => drop(self.flows[f].states[s].handlers.remove(h)),
                    Owner::Branch(f, s, b) => {
                        let state = &mut self.flows[f].states[s];
                        let (_, to) = state.branches.remove(b);
                        state.otherwise.get_or_insert(to);
                    }
                    Owner::Otherwise(f, s) => self.flows[f].states[s].otherwise = None,
                    Owner::Event(f, s, e) => drop(self.flows[f].states[s].events.remove(e)),
                    Owner::FlowEvent(f, e) => drop(self.flows[f].events.remove(e)),
                    Owner::Rule(i) if i >= self.kinds.len() => drop(self.rules.remove(i)),
                    Owner::Rule(i) => {
                        let plain = self.rules[i].split(" when ").next()?.to_string();
                        if plain == self.rules[i] {
                            return None;
                        }
                        self.rules[i] = plain;
                    }
                    _ => return None,
                }
            }
        }
        Some(())
    }

    /// A handler for an outcome that has none.
    fn add(&mut self, rng: &mut Rng, state: &str, outcome: &str) {
        let Some((f, s)) = self.find(state) else {
            return;
        };
        let goals = self.flows[f].goals();
        let params = self.flows[f].params;
        let to = any(rng, &goals).clone();
        let retriable = [
            "timeout",
            "malformed",
            "busy",
            "odd",
            "limited",
            "unknown",
            "stuck",
            "no_answer",
            "unclear",
        ]
        .contains(&outcome)
            && !(matches!(&self.flows[f].states[s].step, Step::Other(t) if t.starts_with("agent")));
        let retry = if retriable && rng.u8(..) < 90 {
            format!(
                " retry {}{}",
                one(rng, &["1", "2", "3", "9"]),
                one(rng, &["", " backoff 1s..4s", " backoff 1s..10s"])
            )
        } else {
            String::new()
        };
        let (bind, has_value) = match (&self.flows[f].states[s].step, outcome) {
            (Step::Do { bind: Some(b), .. }, "ok") => (String::new(), b != "rec"),
            (Step::Do { action, .. }, "ok")
                if self.kinds[*action].result == Some("N") && rng.bool() =>
            {
                (" as v".to_string(), true)
            }
            (Step::Other(_), "picked" | "happened")
                if rng.u8(..) < 120 && !self.bare_settle(f, s) =>
            {
                (" as v".to_string(), true)
            }
            (Step::Other(_), "answered") => (String::new(), true),
            _ => (String::new(), false),
        };
        let whole = self.flows[f].states[s]
            .handlers
            .iter()
            .any(|h| h.when.is_empty() && h.outcomes.iter().any(|o| o == outcome));
        let split = self.flows[f].states[s]
            .handlers
            .iter()
            .any(|h| h.outcomes.iter().any(|o| o == outcome));
        let when = if !split && !whole && rng.u8(..) < 70 {
            let guard = self.guard(rng, params);
            if has_value || !guard.starts_with('v') {
                format!(" when {guard}")
            } else {
                String::new()
            }
        } else {
            String::new()
        };
        let state = &mut self.flows[f].states[s];
        let joins = state.handlers.iter_mut().find(|h| {
            h.bind.is_empty() && h.when.is_empty() && retry.is_empty() == h.retry.is_empty()
        });
        if let Some(h) = joins
            && bind.is_empty()
            && when.is_empty()
            && retriable
            && rng.bool()
        {
            h.outcomes.push(outcome.to_string());
            return;
        }
        state.handlers.push(Handler {
            outcomes: vec![outcome.to_string()],
            bind,
            when,
            retry,
            to,
        });
    }

    /// Whether a state settles an action without a value.
    fn bare_settle(&self, f: usize, s: usize) -> bool {
        matches!(&self.flows[f].states[s].step, Step::Other(t) if t.starts_with("settle b.act"))
    }

    /// Sends up to `count` arrows that `which` picks somewhere else.
    fn retarget(
        &mut self,
        rng: &mut Rng,
        f: usize,
        which: impl Fn(&str) -> bool,
        goals: &[String],
        count: usize,
    ) {
        let flow = &mut self.flows[f];
        let mut arrows: Vec<&mut String> = Vec::new();
        if count == usize::MAX {
            arrows.push(&mut flow.start);
            arrows.extend(flow.within.iter_mut().filter_map(|w| w.1.as_mut()));
        }
        arrows.extend(flow.events.iter_mut().map(|e| &mut e.1));
        for state in &mut flow.states {
            arrows.extend(state.visits.iter_mut().map(|v| &mut v.1));
            arrows.extend(state.handlers.iter_mut().map(|h| &mut h.to));
            arrows.extend(state.branches.iter_mut().map(|b| &mut b.1));
            arrows.extend(state.otherwise.iter_mut());
            arrows.extend(state.events.iter_mut().map(|e| &mut e.1));
        }
        let mut picked: Vec<&mut String> = arrows.into_iter().filter(|a| which(a)).collect();
        rng.shuffle(&mut picked);
        for arrow in picked.into_iter().take(count) {
            *arrow = any(rng, goals).clone();
        }
    }

    /// A name is used where it may have no value: a constant takes its place, or the use goes.
    fn unbound(&mut self, at: Owner, name: &str) -> Option<()> {
        let uses = |e: &str| e == name || e.starts_with(&format!("{name}."));
        match at {
            Owner::Step(f, s) => match &mut self.flows[f].states[s].step {
                Step::Do { args, .. } | Step::Run { args, .. } => {
                    for a in args.iter_mut().filter(|a| uses(a)) {
                        *a = "2".to_string();
                    }
                }
                _ => return None,
            },
            Owner::Handler(f, s, h) => drop(self.flows[f].states[s].handlers.remove(h)),
            Owner::Branch(f, s, b) => {
                let state = &mut self.flows[f].states[s];
                let (_, to) = state.branches.remove(b);
                state.otherwise.get_or_insert(to);
            }
            Owner::End(f, e) => self.flows[f].ends[e].2 = None,
            Owner::Event(f, s, e) => drop(self.flows[f].states[s].events.remove(e)),
            _ => return None,
        }
        Some(())
    }
}

fn flow_text(draft: &Draft, f: usize, flow: &Flow, out: &mut Vec<(String, Owner)>) {
    out.push((
        format!("flow {}({}) {{", flow.name, flow.params),
        Owner::Flow(f),
    ));
    out.push((format!("  start -> {}", flow.start), Owner::Fixed));
    if let Some((s, to)) = &flow.within {
        let to = to.as_ref().map_or(String::new(), |t| format!(" -> {t}"));
        out.push((format!("  within {s}s{to}"), Owner::Fixed));
    }
    if let Some(end) = &flow.once {
        out.push((format!("  once per p for 1h else -> {end}"), Owner::Fixed));
    }
    for (e, (event, to)) in flow.events.iter().enumerate() {
        out.push((format!("  on {event} -> {to}"), Owner::FlowEvent(f, e)));
    }
    for (s, state) in flow.states.iter().enumerate() {
        out.push((format!("  state {} {{", state.name), Owner::State(f, s)));
        let step = match &state.step {
            Step::Do { action, args, bind } => {
                let kind = &draft.kinds[*action];
                let args: Vec<String> = kind
                    .params
                    .iter()
                    .zip(args)
                    .map(|(p, a)| format!("{p}: {a}"))
                    .collect();
                let bind = bind.as_ref().map_or(String::new(), |b| format!(" as {b}"));
                format!("do {}({}){bind}", kind.name, args.join(", "))
            }
            Step::Other(text) => text.clone(),
            Step::Choose => "choose".to_string(),
            Step::Run { flow, args } => {
                let of = &draft.flows[*flow];
                let gives = of.ends.iter().any(|e| e.2.is_some());
                let all = of.ends.iter().all(|e| e.2.is_some());
                let bind = if gives && all { " as v" } else { "" };
                format!("run {}(s: {}){bind}", of.name, args[0])
            }
        };
        out.push((format!("    {step}"), Owner::Step(f, s)));
        if let Some((n, to)) = &state.visits {
            out.push((format!("    visits {n} -> {to}"), Owner::State(f, s)));
        }
        for (h, x) in state.handlers.iter().enumerate() {
            let line = format!(
                "    on {}{}{}{} -> {}",
                x.outcomes.join(" | "),
                x.bind,
                x.when,
                x.retry,
                x.to
            );
            out.push((line, Owner::Handler(f, s, h)));
        }
        for (b, (cond, to)) in state.branches.iter().enumerate() {
            out.push((format!("    when {cond} -> {to}"), Owner::Branch(f, s, b)));
        }
        if let Some(to) = &state.otherwise {
            out.push((format!("    otherwise -> {to}"), Owner::Otherwise(f, s)));
        }
        for (e, (event, to)) in state.events.iter().enumerate() {
            out.push((format!("    on {event} -> {to}"), Owner::Event(f, s, e)));
        }
        for event in &state.ignores {
            out.push((format!("    ignore {event}"), Owner::Step(f, s)));
        }
        out.push(("  }".to_string(), Owner::Fixed));
    }
    for (e, (name, class, gives)) in flow.ends.iter().enumerate() {
        let gives = gives
            .as_ref()
            .map_or(String::new(), |g| format!(" gives {g}"));
        out.push((format!("  end {name} {class}{gives}"), Owner::End(f, e)));
    }
    out.push(("}".to_string(), Owner::Fixed));
}
