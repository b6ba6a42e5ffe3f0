//! What is fuzzed: one function per target, which panics if something that always holds doesn't. They
//! run under libFuzzer (`fuzz/run`), and on the seeds, the found cases and some changes of them in the
//! ordinary tests.
//!
//! Texts are taken as they are. Of documents only few random bytes would ever be read as one; so an
//! input is either a document or, behind a byte of 128 and more, a list of edits of a sound one.

use failway::diagnostics::{has_errors, render_human, render_json, render_plain};
use failway::model::load::Loader;
use failway::runtime::{
    Asked, Directive, Fault, Given, Memory, Record, Request, Runtime, Session, replay,
};
use failway::source::FileId;
use failway::syntax::{self, fmt};
use failway::table::sample::sample;
use failway::table::{Table, canonical, write};
use serde_json::{Map, Value, json};
use std::sync::LazyLock;

/// The longest text of a policy that is checked: longer ones say nothing more, and take longer.
const TEXT_MAX: usize = 4_096;

/// Policies whose tables, sessions and requests are changed.
const POLICIES: [&str; 3] = [
    include_str!("../policies/small.failway"),
    include_str!("../../tests/it/runtimes/workshop.failway"),
    include_str!("../../tests/flows/desk_short.failway"),
];

static TABLES: LazyLock<Vec<Table>> = LazyLock::new(|| {
    let compiled = POLICIES.iter().map(|text| {
        let (checked, table) = failway::compile("main.failway", &Text(text)).unwrap();
        table.unwrap_or_else(|| panic!("{:#?}", checked.findings))
    });
    compiled.collect()
});

static TABLE_DOCUMENTS: LazyLock<Vec<Base>> = LazyLock::new(|| {
    let all = TABLES.iter();
    all.map(|t| Base::of(serde_json::to_value(t.document()).unwrap()))
        .collect()
});

/// Sessions that something has happened in, with the table's index.
static SESSIONS: LazyLock<Vec<(usize, Base)>> = LazyLock::new(|| {
    let mut all = Vec::new();
    for (index, table) in TABLES.iter().enumerate() {
        for first in [3_u8, 40, 77, 150, 201] {
            let bytes: Vec<u8> = (0..160_u32)
                .map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8 ^ first)
                .collect();
            let mut walk = Walk::new(table);
            walk.go(&mut Bytes(&bytes));
            all.push((index, Base::of(walk.session.to_json())));
        }
    }
    all
});

struct Text<'t>(&'t str);

impl Loader for Text<'_> {
    fn load(&self, path: &str) -> Result<Vec<u8>, String> {
        match path {
            "main.failway" => Ok(self.0.as_bytes().to_vec()),
            _ => Err("no such file".to_owned()),
        }
    }
}

/// Parsing gives a tree for every text, and findings that point into it.
pub fn parser(data: &[u8]) {
    let Ok(text) = syntax::decode(data) else {
        return;
    };
    let (_, findings) = syntax::parse(FileId(0), &text);
    for finding in &findings {
        let span = finding.span();
        assert!(text.get(span.range()).is_some(), "{finding:?}");
    }
}

/// Checking ends, and what it finds can be drawn; what has no errors has a table, which is read again.
pub fn checker(data: &[u8]) {
    let text = match syntax::decode(data) {
        Ok(text) if text.len() <= TEXT_MAX => text,
        _ => return,
    };
    let (checked, table) = failway::compile("main.failway", &Text(&text)).unwrap();
    for finding in checked.findings.iter().take(3) {
        let style = render_human::Style {
            colour: false,
            unicode: true,
            width: 80,
        };
        let _ = render_human::render(&checked.sources, finding, style);
        let _ = render_plain::plain(&checked.sources, finding);
        let _ = render_json::finding(&checked.sources, finding);
    }
    assert!(table.is_some() || has_errors(&checked.findings));
    if let Some(table) = table {
        let bytes = write::bytes(table.document()).unwrap();
        let again = Table::read(&bytes).unwrap();
        assert_eq!(again.digest(), table.digest());
    }
}

/// What is formatted stays as it is when it is formatted again.
pub fn formatter(data: &[u8]) {
    let Ok(text) = syntax::decode(data) else {
        return;
    };
    if let Ok(once) = fmt::format(&text) {
        assert_eq!(fmt::format(&once).as_deref(), Ok(once.as_str()));
    }
}

/// A table is refused or whole: what was read can be written, read again, and decides.
pub fn table(data: &[u8]) {
    let text = match data.split_first() {
        Some((&first, edits)) if first >= 128 => {
            let base = &TABLE_DOCUMENTS[usize::from(first & 127) % TABLE_DOCUMENTS.len()];
            let mut document = base.edited(edits);
            let body = document.get("body").unwrap_or(&Value::Null);
            if let (Ok(digest), Value::Object(members)) = (canonical::digest(body), &mut document) {
                members.insert("digest".to_owned(), digest.into());
            }
            document.to_string().into_bytes()
        }
        _ => data.to_vec(),
    };
    let Ok(table) = Table::read(&text) else {
        return;
    };
    let bytes = write::bytes(table.document()).unwrap();
    assert_eq!(Table::read(&bytes).unwrap().digest(), table.digest());
    let mut walk = Walk::new(&table);
    walk.go(&mut Bytes(
        &text[text.len() / 2..][..24.min(text.len() / 2)],
    ));
}

/// A session is refused or whole: what was read can be gone on with.
pub fn session(data: &[u8]) {
    let (table, text, rest) = match data.split_first() {
        Some((&first, edits)) if first >= 128 => {
            let (table, base) = &SESSIONS[usize::from(first & 127) % SESSIONS.len()];
            let (edits, rest) = edits.split_at(edits.len().min(12));
            (*table, base.edited(edits).to_string().into_bytes(), rest)
        }
        Some((&first, text)) => (
            usize::from(first) % TABLES.len(),
            text.to_vec(),
            &data[..data.len().min(24)],
        ),
        None => return,
    };
    let table = &TABLES[table];
    let Ok(session) = Session::read(&text, table) else {
        return;
    };
    let bytes = session.to_bytes();
    assert_eq!(Session::read(&bytes, table).unwrap().to_bytes(), bytes);
    let mut walk = Walk::new(table);
    walk.now = session.now().unwrap_or(walk.now);
    walk.session = session;
    walk.replayed = false;
    walk.go(&mut Bytes(rest));
}

/// Whatever a host asks: a refused step changes nothing, a session that was written is read again,
/// records replay.
pub fn runtime(data: &[u8]) {
    let Some((&first, rest)) = data.split_first() else {
        return;
    };
    let table = &TABLES[usize::from(first) % TABLES.len()];
    let mut walk = Walk::new(table);
    walk.go(&mut Bytes(rest));
}

/// A document and all places in it.
struct Base {
    document: Value,
    places: Vec<String>,
}

impl Base {
    fn of(document: Value) -> Self {
        let mut places = Vec::new();
        all_places(&document, "", &mut places);
        Self { document, places }
    }

    /// The document with the changes that the bytes say.
    fn edited(&self, bytes: &[u8]) -> Value {
        let mut document = self.document.clone();
        for edit in bytes.chunks_exact(4) {
            let at = usize::from(u16::from_le_bytes([edit[0], edit[1]])) % self.places.len();
            change(&mut document, &self.places[at], edit[2], edit[3]);
        }
        document
    }
}

fn all_places(value: &Value, at: &str, out: &mut Vec<String>) {
    let mut inner = |name: &str, value: &Value| {
        let at = format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"));
        out.push(at.clone());
        all_places(value, &at, out);
    };
    match value {
        Value::Object(members) => members.iter().for_each(|(name, v)| inner(name, v)),
        Value::Array(items) => (0..)
            .zip(items)
            .for_each(|(i, v)| inner(&format!("{i}"), v)),
        _ => {}
    }
}

fn change(document: &mut Value, at: &str, how: u8, by: u8) {
    if how >= 224
        && let Some((outer, name)) = at.rsplit_once('/')
    {
        match document.pointer_mut(outer) {
            Some(Value::Object(members)) => drop(members.remove(name)),
            Some(Value::Array(items)) => {
                let index = name.parse().unwrap_or(0).min(items.len());
                match how {
                    224..240 if index < items.len() => drop(items.remove(index)),
                    _ => items.extend(items.get(index).cloned()),
                }
            }
            _ => {}
        }
        return;
    }
    let Some(here) = document.pointer_mut(at) else {
        return;
    };
    *here = odd(here, how, by);
}

/// Another value, mostly one of the same kind.
fn odd(value: &Value, how: u8, by: u8) -> Value {
    let n = i64::from(by.cast_signed());
    match (value, how) {
        (Value::Number(old), 0..160) => match how % 4 {
            0 => old.as_i64().unwrap_or(0).saturating_add(n).into(),
            1 => n.into(),
            2 => (1_i64 << (by % 63)).into(),
            _ => (-1_i64 << (by % 63)).into(),
        },
        (Value::String(old), 0..80) => old.chars().rev().collect::<String>().into(),
        (Value::String(old), 80..120) => {
            old.chars().take(usize::from(by)).collect::<String>().into()
        }
        (Value::String(old), 120..160) => format!("{old}{}", char::from(by)).into(),
        (Value::Bool(old), 0..160) => Value::Bool(!old),
        _ => match by % 12 {
            0 => Value::Null,
            1 => json!({}),
            2 => json!([]),
            3 => json!(""),
            4 => json!("a"),
            5 => json!(0.5),
            6 => json!(true),
            7 => json!(u64::MAX),
            8 => json!([[0]]),
            9 => json!({"kind": "state", "index": how}),
            10 => json!(how),
            _ => json!("é\u{1d11e}"),
        },
    }
}

/// Bytes that decide what is done next; behind the last one there are zeros.
struct Bytes<'b>(&'b [u8]);

impl Bytes<'_> {
    fn next(&mut self) -> u8 {
        match self.0.split_first() {
            Some((&first, rest)) => {
                self.0 = rest;
                first
            }
            None => 0,
        }
    }

    fn pick<'v, T>(&mut self, of: &'v [T]) -> Option<&'v T> {
        match of.len() {
            0 => None,
            len => of.get(usize::from(self.next()) % len),
        }
    }
}

/// The most steps of one walk.
const STEPS_MAX: usize = 24;

/// A host that does what bytes say.
struct Walk<'t> {
    table: &'t Table,
    session: Session,
    counters: Memory,
    now: i64,
    inputs: Map<String, Value>,
    records: Vec<Record>,
    /// Whether it began with an empty session, so that its records lead there again.
    replayed: bool,
}

impl<'t> Walk<'t> {
    fn new(table: &'t Table) -> Self {
        let body = table.body();
        let needed = body.inputs.iter();
        Self {
            table,
            session: Session::new(table, "s"),
            counters: Memory::new(),
            now: 1_766_000_000_000,
            inputs: needed
                .filter_map(|i| Some((i.wire.clone(), sample(body, &i.ty)?)))
                .collect(),
            records: Vec::new(),
            replayed: true,
        }
    }

    fn go(&mut self, bytes: &mut Bytes<'_>) {
        for _ in 0..STEPS_MAX {
            if bytes.0.is_empty() {
                break;
            }
            let asked = self.ask(bytes);
            self.step(asked);
        }
        let bytes = self.session.to_bytes();
        match Session::read(&bytes, self.table) {
            Ok(again) => assert_eq!(again.to_bytes(), bytes),
            Err(fault) => panic!("{fault}: {}", String::from_utf8_lossy(&bytes)),
        }
        if self.replayed {
            let there = replay(self.table, &self.records).unwrap();
            assert!(self.records.is_empty() || there.to_bytes() == bytes);
        }
    }

    fn step(&mut self, asked: Result<Request, Fault>) {
        let Ok(request) = asked else {
            return;
        };
        let before = self.session.to_bytes();
        let given = Given {
            now: self.now,
            inputs: &self.inputs,
            counters: &mut self.counters,
        };
        match Runtime::new(self.table).step(&mut self.session, given, request) {
            Ok(stepped) => self.records.push(stepped.record),
            Err(fault) => {
                assert!(self.session.to_bytes() == before, "{fault}");
            }
        }
    }

    fn ask(&mut self, bytes: &mut Bytes<'_>) -> Result<Request, Fault> {
        let runtime = Runtime::new(self.table);
        let body = self.table.body();
        let open = runtime.open(&self.session);
        let how = bytes.next();
        Ok(match how {
            0..90 => {
                let Some(action) = bytes.pick(&body.actions) else {
                    return Ok(Request::Reload {});
                };
                let args = self.fields(bytes, &action.params);
                Request::Propose {
                    action: action.name.clone(),
                    args: args.into(),
                }
            }
            90..110 => {
                let Some(flow) = bytes.pick(&body.flows) else {
                    return Ok(Request::Tick { retry: true });
                };
                let args = self.fields(bytes, &flow.params);
                Request::Start {
                    flow: flow.name.clone(),
                    args,
                }
            }
            110..190 => match bytes.pick(&open) {
                Some(directive) => self.answer(bytes, directive),
                None => Request::Tick { retry: false },
            },
            190..205 => {
                let at = runtime.deadline(&self.session).unwrap_or(self.now);
                self.now = at.saturating_add(i64::from(how % 3) - 1);
                Request::Tick { retry: how < 200 }
            }
            205..215 => {
                self.now = self.now.saturating_add(1 << (bytes.next() % 63));
                Request::Tick { retry: true }
            }
            215..222 => match bytes.pick(&body.events) {
                Some(event) => Request::Event {
                    event: event.name.clone(),
                },
                None => Request::Reload {},
            },
            222..232 => Request::Resolve {
                call: u64::from(bytes.next() % 8),
                happened: how.is_multiple_of(2),
                result: None,
            },
            232..240 => {
                if let Some(input) = bytes.pick(&body.inputs) {
                    let value = sample(body, &input.ty).unwrap_or_default();
                    let value = odd(&value, bytes.next(), bytes.next());
                    self.inputs.insert(input.wire.clone(), value);
                }
                Request::Reload {}
            }
            _ => {
                let known = serde_json::to_value(self.records.last().map(|r| &r.request));
                let base = Base::of(known.unwrap_or_default());
                let mut edited = base.document.clone();
                if let Some(place) = bytes.pick(&base.places) {
                    change(&mut edited, place, bytes.next(), bytes.next());
                }
                return Request::read(edited.to_string().as_bytes());
            }
        })
    }

    fn fields(
        &self,
        bytes: &mut Bytes<'_>,
        fields: &[failway::table::format::Field],
    ) -> Map<String, Value> {
        let mut out = Map::new();
        for field in fields {
            let how = bytes.next();
            let Some(value) = sample(self.table.body(), &field.ty) else {
                continue;
            };
            match how {
                0..100 => drop(out.insert(field.wire.clone(), value)),
                100..200 => {
                    let value = odd(&value, how - 100, bytes.next());
                    out.insert(field.wire.clone(), value);
                }
                200..210 => {
                    out.insert(field.wire.clone(), odd(&value, 255, how));
                }
                _ if field.optional => {}
                _ => drop(out.insert(field.wire.clone(), value)),
            }
        }
        out
    }

    fn answer(&self, bytes: &mut Bytes<'_>, directive: &Directive) -> Request {
        let body = self.table.body();
        let (how, by) = (bytes.next(), bytes.next());
        let value = |ty: &failway::table::format::Type| match sample(body, ty) {
            Some(value) if how < 160 => Some(value),
            Some(value) => Some(odd(&value, how, by)),
            None => None,
        };
        let reply = |to, outcome: &str, value| Request::Reply {
            to,
            outcome: outcome.to_owned(),
            value,
        };
        match directive {
            Directive::Call { call, action, .. } => {
                let to = Asked::Call(*call);
                let Some(action) = self.table.action(action) else {
                    return Request::Reload {};
                };
                match by % 4 {
                    0 => reply(to, "timeout", None),
                    1 => match action.failures.get(usize::from(how) % 4) {
                        Some(failure) => reply(to, &failure.name, None),
                        None => reply(to, "timeout", None),
                    },
                    _ => reply(to, "ok", action.result.as_ref().and_then(value)),
                }
            }
            Directive::Approval { approval, .. } => Request::Approve {
                approval: approval.clone(),
                granted: how % 4 != 0,
                by: None,
            },
            Directive::Agent {
                entry, outcomes, ..
            } => {
                let to = Asked::Agent(*entry);
                let outcome = outcomes.get(usize::from(how) % outcomes.len().max(1));
                reply(to, outcome.map_or("stuck", String::as_str), None)
            }
            Directive::Ask { entry, .. } => {
                let to = Asked::Ask(*entry);
                let all = ["no_answer", "unclear", "unreachable", "answered"];
                reply(
                    to,
                    all[usize::from(how) % 4],
                    Some(json!(["yes", "no", "x"][usize::from(by) % 3])),
                )
            }
            Directive::Wait { .. } | Directive::Ended { .. } => Request::Tick { retry: true },
        }
    }
}
