//! `failway run`: plays a flow step by step.

mod answers;
mod script;

use super::output::{Output, clean};
use super::{Ended, Trouble, load};
use crate::runtime::{Asked, Directive, Given, Memory, Record, Request, Runtime, Session};
use crate::table::Table;
use crate::words;
use answers::Answer;
pub(super) use answers::target;
use clap::ValueEnum;
use serde_json::{Map, Value};
use std::io::{BufRead, IsTerminal, Write};

/// Play a flow step by step: you say what each call comes back with
#[derive(clap::Args, Debug)]
#[command(
    long_about = "Play a flow step by step: you say what each call comes back with.\n\nNothing is really \
        called. At a terminal you are asked which outcome comes next, and shown where each one leads; \
        with --script the outcomes are read from a file (- for standard input), one per line:\n\n  \
        ok {\"id\": \"L1\"}          an outcome, with its value if it has one\n  \
        timeout                  as much time passes as it takes\n  \
        event hangup             an event\n  \
        advance 5m               time passes\n  \
        propose crm.find {…}     a proposal of the agent\n  \
        approve, decline         the answer to an approval\n  \
        // …                     a comment",
    after_help = "Examples:\n  \
    failway run desk.failway --flow book_appointment\n  \
    failway run desk.failway --flow book_appointment --args '{\"phone\": \"+15550001111\"}' \\\n    \
        --inputs '{\"now\": \"10:00\"}' --script timeouts.txt\n  \
    failway run desk.failway --flow book_appointment \\\n    \
        --script timeouts.txt --format json > records.jsonl\n  \
    failway run desk.failway --flow book_appointment \\\n    \
        --script first.txt --session desk.session.json     and go on with it later\n\n\
    Exit codes: 0 played (whatever the end), 1 the policy has errors, 2 it could not run."
)]
pub(super) struct Args {
    /// A policy's root file, or a compiled table
    #[arg(value_name = "FILE")]
    file: String,
    /// The flow to play
    #[arg(long, value_name = "FLOW")]
    flow: String,
    /// The flow's arguments, as a JSON object or @FILE; what is missing is made up
    #[arg(long, value_name = "JSON", default_value = "{}")]
    args: String,
    /// The inputs, as a JSON object or @FILE; what is missing is made up
    #[arg(long, value_name = "JSON", default_value = "{}")]
    inputs: String,
    /// Read the outcomes from a file
    #[arg(long, value_name = "FILE")]
    script: Option<String>,
    /// Keep the session in this file; if it is there already, go on with it
    #[arg(long, value_name = "FILE")]
    session: Option<String>,
    /// The time to begin at, in milliseconds since 1970 [default: 0, or when the session was left]
    #[arg(long, value_name = "MS", value_parser = load::ms, allow_negative_numbers = true)]
    now: Option<i64>,
    /// What is printed
    #[arg(long, value_enum, default_value_t)]
    format: RunFormat,
    /// Also write the decision records to this file, one JSON document per line
    #[arg(long, value_name = "FILE")]
    records: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum RunFormat {
    /// What happens, in words
    #[default]
    Human,
    /// The decision records, one JSON document per line
    Json,
}

pub(super) fn run(args: &Args, out: &mut Output) -> Result<Ended, Trouble> {
    let mut inputs = load::object(&args.inputs, "--inputs")?;
    let mut given = load::object(&args.args, "--args")?;
    let Some(table) = load::table(&args.file, out)? else {
        return Ok(Ended::Found);
    };
    let flow = load::flow(&table, &args.flow)?;
    let kept = match &args.session {
        Some(path) => kept(&table, path, &args.flow)?,
        None => None,
    };
    let mut made_up = Vec::new();
    if kept.is_none() {
        make_up(&table, &flow.params, &mut given, &mut made_up);
    }
    make_up(&table, &table.body().inputs, &mut inputs, &mut made_up);
    let mut answers = match &args.script {
        Some(path) => Answers::Script(script::Script::read(path)?),
        None if std::io::stdin().is_terminal() => Answers::Person,
        None => {
            return Err(Trouble::new(
                "standard input is no terminal: give the outcomes with --script FILE (or --script -)",
            ));
        }
    };
    let mut play = Play {
        table: &table,
        now: args
            .now
            .or_else(|| kept.as_ref().and_then(Session::now))
            .unwrap_or(0),
        goes_on: args.session.is_some(),
        session: kept.clone().unwrap_or_else(|| Session::new(&table, "run")),
        counters: Memory::new(),
        inputs,
        records: Vec::new(),
        human: args.format == RunFormat::Human,
    };
    if play.human {
        for note in made_up {
            writeln!(out, "{}", out.paint("2", &note))?;
        }
    }
    if kept.is_none() {
        play.step(
            out,
            Request::Start {
                flow: args.flow.clone(),
                args: given,
            },
        )?;
    }
    let played = play.all(out, &mut answers);
    if let Some(path) = &args.records {
        let mut text = Vec::new();
        for record in &play.records {
            text.extend(record.to_bytes());
            text.push(b'\n');
        }
        super::compile::replace(std::path::Path::new(path), &text)?;
    }
    if let Some(path) = &args.session {
        let path = std::path::Path::new(path);
        super::compile::replace(path, &play.session.to_bytes())?;
    }
    played.map(|()| Ended::Well)
}

/// The session that a file holds, if there is one; it has to be of this flow.
fn kept(table: &Table, path: &str, flow: &str) -> Result<Option<Session>, Trouble> {
    let file = std::path::Path::new(path);
    if !file.exists() {
        return Ok(None);
    }
    let bytes = super::files::read(file, crate::table::read::SIZE_MAX)
        .map_err(|why| Trouble::new(format!("`{path}` cannot be read: {why}")))?;
    let session =
        Session::read(&bytes, table).map_err(|e| Trouble::new(format!("`{path}`: {e}")))?;
    let plays = session
        .run()
        .and_then(|run| table.body().flows.get(run.flow as usize));
    match plays {
        Some(plays) if plays.name == flow => Ok(Some(session)),
        Some(plays) => Err(Trouble::new(format!(
            "`{path}` is a session of the flow `{}`, not of `{flow}`",
            plays.name
        ))),
        None => Err(Trouble::new(format!(
            "`{path}` is a session without a flow, and a flow starts only in an empty one: give another file"
        ))),
    }
}

/// Fills in what is missing with any value of its type.
fn make_up(
    table: &Table,
    fields: &[crate::table::format::Field],
    given: &mut Map<String, Value>,
    notes: &mut Vec<String>,
) {
    for field in fields {
        if field.optional || given.contains_key(&field.wire) {
            continue;
        }
        if let Some(value) = crate::table::sample::sample(table.body(), &field.ty) {
            notes.push(format!("{} = {value} (made up)", field.name));
            given.insert(field.wire.clone(), value);
        }
    }
}

/// Where the answers come from.
enum Answers {
    Person,
    Script(script::Script),
}

struct Play<'t> {
    table: &'t Table,
    session: Session,
    counters: Memory,
    inputs: Map<String, Value>,
    now: i64,
    records: Vec<Record>,
    human: bool,
    /// The session is kept, so that the flow needn't come to its end now.
    goes_on: bool,
}

/// Steps that one wait may take. A bounded flow takes far fewer.
const STEPS_MAX: u32 = 10_000;

impl Play<'_> {
    fn step(&mut self, out: &mut Output, request: Request) -> Result<(), Trouble> {
        self.try_step(out, request)?
            .map_err(|fault| Trouble::new(fault.to_string()))
    }

    /// One step; what the runtime refuses is given back.
    fn try_step(
        &mut self,
        out: &mut Output,
        request: Request,
    ) -> Result<Result<(), crate::runtime::Fault>, Trouble> {
        let given = Given {
            now: self.now,
            inputs: &self.inputs,
            counters: &mut self.counters,
        };
        let stepped = match Runtime::new(self.table).step(&mut self.session, given, request) {
            Ok(stepped) => stepped,
            Err(fault) => return Ok(Err(fault)),
        };
        if self.human {
            for trace in &stepped.record.trace {
                writeln!(out, "{}", clean(&trace.to_string()))?;
            }
        } else {
            out.write_all(&stepped.record.to_bytes())?;
            writeln!(out)?;
        }
        self.records.push(stepped.record);
        Ok(Ok(()))
    }

    /// Plays until the end, or until the answers run out.
    fn all(&mut self, out: &mut Output, answers: &mut Answers) -> Result<(), Trouble> {
        loop {
            self.pass_waits(out)?;
            let open = Runtime::new(self.table).open(&self.session);
            if open.iter().any(|d| matches!(d, Directive::Ended { .. })) {
                return Ok(());
            }
            let answer = match answers {
                Answers::Person => match self.ask(out, &open)? {
                    Some(answer) => answer,
                    None => return Ok(()),
                },
                Answers::Script(script) => match script.next()? {
                    Some(answer) => answer,
                    None if self.goes_on => {
                        for directive in open.iter().filter(|_| self.human) {
                            writeln!(out, "{}", out.paint("2", &answers::waiting(directive)))?;
                        }
                        return Ok(());
                    }
                    None => {
                        let waits: Vec<String> = open.iter().map(answers::waiting).collect();
                        return Err(Trouble::new(format!(
                            "the script is over, but the flow is not: {}",
                            waits.join("; ")
                        )));
                    }
                },
            };
            let done = self.give(out, &open, answer)?;
            if let Err(why) = done {
                match answers {
                    Answers::Person => out.aside(&format!("not possible here: {why}")),
                    Answers::Script(script) => return Err(script.trouble(&why)),
                }
            }
        }
    }

    /// Waits before retries pass by themselves, as long as they may be.
    fn pass_waits(&mut self, out: &mut Output) -> Result<(), Trouble> {
        for _ in 0..STEPS_MAX {
            let open = Runtime::new(self.table).open(&self.session);
            let until = open.into_iter().find_map(|d| match d {
                Directive::Wait { until, .. } => Some(until),
                _ => None,
            });
            let Some(until) = until else { break };
            if self.human {
                let passed = words::duration(until - self.now);
                writeln!(out, "{}", out.paint("2", &format!("({passed} pass)")))?;
            }
            self.now = until.max(self.now);
            self.step(out, Request::Tick { retry: true })?;
        }
        Ok(())
    }

    /// Lets time pass; what falls due on the way falls due at its time.
    fn advance(&mut self, out: &mut Output, until: i64) -> Result<(), Trouble> {
        for _ in 0..STEPS_MAX {
            let due = Runtime::new(self.table).deadline(&self.session);
            let Some(due) = due.filter(|due| *due < until) else {
                break;
            };
            self.now = due.max(self.now);
            self.step(out, Request::Tick { retry: false })?;
        }
        self.now = until.max(self.now);
        self.step(out, Request::Tick { retry: false })
    }

    /// Gives an answer to what waits for one. The inner result says why it could not be given.
    fn give(
        &mut self,
        out: &mut Output,
        open: &[Directive],
        answer: Answer,
    ) -> Result<Result<(), String>, Trouble> {
        let request = match answer {
            Answer::Event(event) => Request::Event { event },
            Answer::Advance(ms) => {
                self.advance(out, self.now.saturating_add(ms))?;
                return Ok(Ok(()));
            }
            Answer::Propose(action, args) => Request::Propose { action, args },
            Answer::Approve(granted) => {
                let approval = open.iter().find_map(|d| match d {
                    Directive::Approval { approval, .. } => Some(approval.clone()),
                    _ => None,
                });
                let Some(approval) = approval else {
                    return Ok(Err("no approval is waited for".to_string()));
                };
                Request::Approve {
                    approval,
                    granted,
                    by: None,
                }
            }
            Answer::Outcome(outcome, value) => {
                let Some((to, until, made)) =
                    answers::asked(self.table, &self.session, open, &outcome)
                else {
                    return Ok(Err("nothing waits for an outcome".to_string()));
                };
                let known = answers::choices(self.table, &self.session, open);
                let wires = answers::wires(self.table, open);
                if !known.iter().any(|c| c.outcome == outcome) && !wires.contains(&outcome) {
                    let known: Vec<String> = known.into_iter().map(|c| c.outcome).collect();
                    let known = words::either(&known);
                    return Ok(Err(format!(
                        "`{outcome}` cannot come next; what can: {known}"
                    )));
                }
                let value = value.or(made);
                let late = matches!(
                    (to, outcome.as_str()),
                    (Asked::Call(_), "timeout")
                        | (Asked::Ask(_), "no_answer")
                        | (Asked::Agent(_), "exhausted")
                );
                if let (true, Some(until)) = (late, until) {
                    self.advance(out, until)?;
                    return Ok(Ok(()));
                }
                Request::Reply { to, outcome, value }
            }
        };
        Ok(self.try_step(out, request)?.map_err(|f| f.to_string()))
    }

    /// Asks the person at the terminal. None: they have had enough.
    fn ask(&self, out: &mut Output, open: &[Directive]) -> Result<Option<Answer>, Trouble> {
        writeln!(out)?;
        let choices = answers::choices(self.table, &self.session, open);
        for directive in open {
            writeln!(out, "{}", out.paint("1", &answers::waiting(directive)))?;
        }
        for (i, choice) in choices.iter().enumerate() {
            writeln!(out, "  {:>2}  {choice}", i + 1)?;
        }
        let events: Vec<_> = self
            .table
            .body()
            .events
            .iter()
            .map(|e| e.name.as_str())
            .collect();
        let mut further = vec!["advance 5m".to_string()];
        further.extend(events.iter().map(|e| format!("event {e}")));
        if open.iter().any(|d| matches!(d, Directive::Agent { .. })) {
            further.push("propose ACTION {…}".to_string());
        }
        further.push("quit".to_string());
        writeln!(
            out,
            "{}",
            out.paint("2", &format!("  or: {}", further.join(", ")))
        )?;
        loop {
            write!(out, "> ")?;
            out.flush()?;
            let mut line = String::new();
            if std::io::stdin().lock().read_line(&mut line)? == 0 {
                writeln!(out)?;
                return Ok(None);
            }
            let line = line.trim();
            if matches!(line, "quit" | "q" | "exit") {
                return Ok(None);
            }
            let (first, rest) = line.split_once(' ').unwrap_or((line, ""));
            let chosen = first
                .parse::<usize>()
                .ok()
                .and_then(|n| choices.get(n.checked_sub(1)?));
            let text = match chosen {
                Some(choice) => format!("{} {rest}", choice.outcome),
                None => line.to_string(),
            };
            match script::parse(&text) {
                Ok(Some(answer)) => return Ok(Some(answer)),
                Ok(None) => {}
                Err(why) => writeln!(out, "{why}")?,
            }
        }
    }
}
