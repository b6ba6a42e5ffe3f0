//! `failway replay`: decides the records of a log again.

mod stats;

use super::output::{Output, clean, count};
use super::{Ended, Trouble, files, load};
use crate::runtime::follow::{Difference, Followed, Follower, Left, Turn};
use crate::runtime::{Record, Request};
use crate::table::scalar::{date_text, time_text};
use clap::ValueEnum;
use serde_json::json;
use stats::Stats;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};

/// Decide the records of a log again: with their own table, or with a changed one
#[derive(clap::Args, Debug)]
#[command(
    long_about = "Decide the records of a log again: with their own table, or with a changed one.\n\nWith the \
        table that wrote the log, every record has to come out the same, byte for byte: what doesn't was \
        changed afterwards, or was decided by something else. With another table, this is what a change \
        would have done: every request is decided in the history that was, and each verdict that would \
        have been another one is shown.\n\nThe log has one record a line, of one session or of many. It is read once, \
        from beginning to end, in constant memory.",
    after_help = "Examples:\n  \
    failway replay records.jsonl desk.table.json         nothing was changed afterwards\n  \
    failway replay records.jsonl desk.failway            what a changed policy would have said\n  \
    failway replay records.jsonl desk.failway --stats    how often each rule decided\n  \
    zcat records.jsonl.gz | failway replay - desk.failway --format json\n\n\
    Exit codes: 0 all comes out the same, 1 something differs or is no record, 2 it could not run."
)]
pub(super) struct Args {
    /// The log, one record a line; - for standard input
    #[arg(value_name = "LOG")]
    log: String,
    /// A compiled table, or a policy's root file
    #[arg(value_name = "TABLE")]
    table: String,
    /// What is printed
    #[arg(long, value_enum, default_value_t)]
    format: ReplayFormat,
    /// How many differences are shown, of those in words
    #[arg(long, value_name = "N", default_value_t = 20)]
    show: u64,
    /// How many sessions are followed at a time; of more, the one used longest ago is given up
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    sessions: usize,
    /// Also count what the log says: verdicts per rule, outcomes per action, ends per flow
    #[arg(long)]
    stats: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum ReplayFormat {
    /// In words
    #[default]
    Text,
    /// One JSON document per difference, and a last one with the sums
    Json,
}

/// The longest line that is read: 64 MiB.
const LINE_MAX: u64 = 64 << 20;

pub(super) fn run(args: &Args, out: &mut Output) -> Result<Ended, Trouble> {
    let Some(table) = load::table(&args.table, out)? else {
        return Ok(Ended::Found);
    };
    let mut log = open(&args.log)?;
    let mut follower = Follower::new(&table, args.sessions);
    let mut sums = Sums::default();
    let mut stats = Stats::of(&table);
    let mut line = Vec::new();
    for number in 1_u64.. {
        line.clear();
        let read = log
            .by_ref()
            .take(LINE_MAX)
            .read_until(b'\n', &mut line)
            .map_err(|e| {
                Trouble::new(format!("`{}` cannot be read: {}", args.log, files::why(&e)))
            })?;
        if read == 0 || out.closed() {
            break;
        }
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let record: Record = match serde_json::from_slice(&line) {
            Ok(record) => record,
            Err(e) => {
                sums.unread = sums.unread.saturating_add(1);
                let words = format!("line {number} is no record: {e}");
                sums.first_unread.get_or_insert(words);
                continue;
            }
        };
        if args.stats {
            stats.add(&record);
        }
        let followed = follower.follow(&record);
        if let Followed::Differs(difference) = &followed {
            match args.format {
                ReplayFormat::Json => as_json(out, number, &record, difference)?,
                ReplayFormat::Text if sums.differing < args.show => {
                    in_words(out, number, &record, difference)?;
                }
                ReplayFormat::Text => {}
            }
        }
        sums.add(&record, followed);
    }
    match args.format {
        ReplayFormat::Text => {
            sums.in_words(out, args.show)?;
            if args.stats {
                stats.in_words(out)?;
            }
        }
        ReplayFormat::Json => {
            let mut last = sums.as_json();
            if args.stats
                && let Some(members) = last.as_object_mut()
            {
                members.insert("stats".to_owned(), stats.as_json());
            }
            writeln!(out, "{last}")?;
        }
    }
    if let Some(words) = &sums.first_unread {
        out.aside(&clean(words));
    }
    if sums.records == 0 && sums.unread == 0 {
        return Err(Trouble::new(format!("`{}` holds no records", args.log)));
    }
    Ok(if sums.differing > 0 || sums.unread > 0 {
        Ended::Found
    } else {
        Ended::Well
    })
}

fn open(log: &str) -> Result<Box<dyn BufRead>, Trouble> {
    if log == files::STDIN {
        return Ok(Box::new(BufReader::new(std::io::stdin())));
    }
    let file = std::fs::File::open(log)
        .map_err(|e| Trouble::new(format!("`{log}` cannot be read: {}", files::why(&e))))?;
    if file.metadata().is_ok_and(|m| m.is_dir()) {
        return Err(Trouble::new(format!(
            "`{log}` cannot be read: it is a folder"
        )));
    }
    Ok(Box::new(BufReader::with_capacity(1 << 16, file)))
}

fn in_words(
    out: &mut Output,
    line: u64,
    record: &Record,
    difference: &Difference,
) -> Result<(), Trouble> {
    let heading = format!(
        "line {line}, {}, {}: {}",
        record.session,
        moment(record.now),
        asked(&record.request)
    );
    writeln!(out, "{}", clean(&shortened(&heading)))?;
    writeln!(out, "    was  {}", clean(&shortened(&difference.was)))?;
    writeln!(out, "    is   {}", clean(&shortened(&difference.is)))?;
    Ok(())
}

fn as_json(
    out: &mut Output,
    line: u64,
    record: &Record,
    difference: &Difference,
) -> Result<(), Trouble> {
    let document = json!({
        "line": line,
        "session": record.session,
        "revision": record.revision,
        "now": record.now,
        "request": record.request,
        "turn": difference.turn.word(),
        "action": difference.action,
        "was": difference.was,
        "is": difference.is,
    });
    writeln!(out, "{document}")?;
    Ok(())
}

/// The request, as a policy would write it.
fn asked(request: &Request) -> String {
    match request {
        Request::Propose { action, args } => format!("{action} {args}"),
        Request::Start { flow, .. } => format!("start {flow}"),
        Request::Reply { outcome, .. } => format!("reply {outcome}"),
        Request::Approve { granted, .. } => {
            let word = if *granted { "granted" } else { "declined" };
            format!("approval {word}")
        }
        Request::Resolve { call, happened, .. } => {
            let word = if *happened { "happened" } else { "absent" };
            format!("call {call} {word}")
        }
        Request::Event { event } => format!("event {event}"),
        Request::Tick { .. } => "tick".to_owned(),
        Request::Reload {} => "reload".to_owned(),
    }
}

/// A time, in UTC.
fn moment(ms: i64) -> String {
    let seconds = ms.div_euclid(1000);
    let (day, rest) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    format!("{} {}", date_text(day), time_text(rest))
}

fn shortened(text: &str) -> String {
    const MOST: usize = 200;
    match text.char_indices().nth(MOST) {
        Some((cut, _)) => format!("{}…", text.get(..cut).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// What came of the whole log.
#[derive(Default)]
struct Sums {
    records: u64,
    same: u64,
    reworded: u64,
    differing: u64,
    unread: u64,
    first_unread: Option<String>,
    left: BTreeMap<Left, u64>,
    turns: BTreeMap<(Turn, String), u64>,
}

/// Kinds of differences that are told apart in the sums.
const KINDS_MAX: usize = 1_000;

impl Sums {
    fn add(&mut self, record: &Record, followed: Followed) {
        self.records = self.records.saturating_add(1);
        match followed {
            Followed::Same => self.same = self.same.saturating_add(1),
            Followed::Reworded => self.reworded = self.reworded.saturating_add(1),
            Followed::Left(why) => {
                let n = self.left.entry(why).or_default();
                *n = n.saturating_add(1);
            }
            Followed::Differs(d) => {
                self.differing = self.differing.saturating_add(1);
                let what = match &d.action {
                    Some(action) => format!("{action}: {} → {}", d.was, d.is),
                    None => format!("{}: another course", asked_of(record)),
                };
                let mut key = (d.turn, shortened(&what));
                if self.turns.len() >= KINDS_MAX && !self.turns.contains_key(&key) {
                    key.1 = "other differences".to_owned();
                }
                let n = self.turns.entry(key).or_default();
                *n = n.saturating_add(1);
            }
        }
    }

    fn in_words(&self, out: &mut Output, shown: u64) -> Result<(), Trouble> {
        if self.differing > shown {
            writeln!(out, "… and {} more", self.differing - shown)?;
        }
        let decided = self.same + self.reworded + self.differing;
        let verdict = match self.differing {
            0 => "all come out the same".to_owned(),
            1 => "1 comes out differently".to_owned(),
            n => format!("{n} come out differently"),
        };
        writeln!(
            out,
            "{} decided again: {verdict}",
            counted(decided, "record")
        )?;
        let mut turns: Vec<_> = self.turns.iter().collect();
        turns.sort_by_key(|((turn, what), n)| (std::cmp::Reverse(**n), *turn, what.clone()));
        for ((turn, what), n) in turns {
            writeln!(out, "  {n:>7}  {:<9}  {}", turn.word(), clean(what))?;
        }
        if self.reworded > 0 {
            writeln!(
                out,
                "{} in other words only",
                counted(self.reworded, "record")
            )?;
        }
        for (why, n) in &self.left {
            writeln!(
                out,
                "{} not decided again: {}",
                counted(*n, "record"),
                why.words()
            )?;
        }
        if self.unread > 0 {
            writeln!(
                out,
                "{} that no record stands in",
                counted(self.unread, "line")
            )?;
        }
        Ok(())
    }

    fn as_json(&self) -> serde_json::Value {
        let sum = |turn: Turn| -> u64 {
            let of = self.turns.iter().filter(|((t, _), _)| *t == turn);
            of.map(|(_, n)| n).sum()
        };
        let left = |why: Left| self.left.get(&why).copied().unwrap_or(0);
        json!({"sums": {
            "records": self.records,
            "same": self.same,
            "reworded": self.reworded,
            "differing": self.differing,
            "looser": sum(Turn::Looser),
            "stricter": sum(Turn::Stricter),
            "otherwise": sum(Turn::Otherwise),
            "not_decided": {
                "beginning": left(Left::Beginning),
                "parted": left(Left::Parted),
                "values": left(Left::Values),
                "inputs": left(Left::Inputs),
            },
            "unread": self.unread,
        }})
    }
}

fn asked_of(record: &Record) -> String {
    match &record.request {
        Request::Propose { action, .. } => action.clone(),
        other => asked(other),
    }
}

fn counted(n: u64, what: &str) -> String {
    count(usize::try_from(n).unwrap_or(usize::MAX), what)
}
