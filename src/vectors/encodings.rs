//! How values are read: for every type, what is taken in as it stands, what is brought into another
//! form, and what is refused.

use super::values::wire;
use crate::table::format::{Body, Type};
use crate::table::sample::{sample, text_of_class};
use crate::table::scalar::{decimal_text, power_of_ten};
use serde_json::{Map, Number, Value, json};

/// Values are varied in fields this deep.
const DEPTH_MAX: u32 = 4;
/// The longest list or string that is made only to be too long.
const LONG: u32 = 300;

/// Values worth reading as the type; `base` is one of it.
pub(super) fn variants(body: &Body, ty: &Type, base: &Value) -> Vec<Value> {
    let mut out = Vec::new();
    vary(body, ty, base, 0, &mut out);
    out
}

fn vary(body: &Body, ty: &Type, base: &Value, depth: u32, out: &mut Vec<Value>) {
    out.push(base.clone());
    out.extend([Value::Null, json!(true), json!({}), json!([]), json!("x")]);
    match ty {
        Type::Bool {} => out.extend([json!(false), json!(0), json!(1), json!("true")]),
        Type::Int { min, max } | Type::Duration { min, max } | Type::Instant { min, max } => {
            out.extend(numbers(*min, *max));
            out.extend([json!("5"), json!(min.to_string())]);
        }
        Type::Decimal { scale, min, max } => decimals(*scale, *min, *max, out),
        Type::Time { min, max } => {
            out.extend(
                [*min, *max, min - 1, max + 1]
                    .iter()
                    .filter_map(|n| wire(ty, *n)),
            );
            let texts = [
                "08:30",
                "08:30:01",
                "24:00",
                "23:59:60",
                "23:60",
                "8:30",
                "08:30:00Z",
                "08:30:00.5",
                "08-30",
                "08:30:00:00",
                " 08:30",
                "٠٨:٣٠",
                "08:3٠",
                "",
            ];
            out.extend(texts.map(Value::from));
            out.push(json!(3600));
        }
        Type::Date { min, max } => {
            let days = [*min, *max, min.saturating_sub(1), max.saturating_add(1)];
            out.extend(days.iter().filter_map(|n| wire(ty, *n)));
            let texts = [
                "2026-02-28",
                "2026-02-29",
                "2024-02-29",
                "2100-02-29",
                "2000-02-29",
                "0000-01-01",
                "0001-01-01",
                "9999-12-31",
                "10000-01-01",
                "2026-1-1",
                "2026-13-01",
                "2026-00-10",
                "2026-04-31",
                "2026-11-23T",
                "20261123",
                "-001-01-01",
                "٢٠٢٦-01-01",
                "",
            ];
            out.extend(texts.map(Value::from));
            out.push(json!(20_000));
        }
        Type::String { min, max, automata } => strings(body, base, *min, *max, automata, out),
        Type::Enum { of } => {
            if let Some(of) = body.enums.get(*of as usize) {
                out.extend(of.variants.iter().take(4).map(|v| v.wire.as_str().into()));
                if let Some(v) = of.variants.first() {
                    out.extend(
                        [
                            v.wire.to_uppercase(),
                            format!("{} ", v.wire),
                            format!("{}s", v.name),
                        ]
                        .map(Value::from),
                    );
                }
            }
            out.extend([json!(0), json!("")]);
        }
        Type::Record { of } => record(body, *of, base, depth, out),
        Type::List { element, min, max } => list(body, element, (*min, *max), base, depth, out),
    }
}

fn numbers(min: i64, max: i64) -> Vec<Value> {
    let float = |x: f64| Number::from_f64(x).map_or(Value::Null, Value::Number);
    let mut out: Vec<Value> = [min, max, min.saturating_sub(1), max.saturating_add(1)]
        .map(Value::from)
        .into();
    #[allow(clippy::cast_precision_loss)]
    out.extend([
        float(min as f64),
        float(max as f64 + 0.5),
        float(min as f64 - 0.25),
    ]);
    out.extend([0.5, -0.0, 1e3, 1e-7, 1e21, 1.5e300, 123_456_789.125].map(float));
    out.extend([
        json!((1_i64 << 53) - 1),
        json!(1_i64 << 53),
        json!((1_i64 << 53) + 1),
        json!(u64::MAX),
    ]);
    out.extend([json!(-(1_i64 << 53)), json!(i64::MIN)]);
    out
}

fn decimals(scale: u32, min: i64, max: i64, out: &mut Vec<Value>) {
    let units = [min, max, min.saturating_sub(1), max.saturating_add(1)];
    out.extend(units.map(|n| decimal_text(n, scale).into()));
    let one = power_of_ten(scale).unwrap_or(1);
    for unit in [min, max, 0.clamp(min, max)] {
        // With fewer digits, and as a whole number.
        let text = decimal_text(unit, scale);
        let shorter = text.trim_end_matches('0').trim_end_matches('.');
        out.push(shorter.into());
        out.push((unit / one).into());
        out.push(format!("{text}0").into());
        out.push(format!("0{text}").into());
        out.push(format!("+{text}").into());
    }
    let texts = [
        "0",
        "-0",
        "-0.0",
        ".5",
        "5.",
        "007",
        "1e3",
        "-",
        "",
        " 1",
        "1 ",
        "1,5",
        "٣",
        "0x1",
        "1.2.3",
        "9007199254740991",
        "9007199254740992",
        "99999999999999999999999999",
        "0.0000000000000001",
    ];
    out.extend(texts.map(Value::from));
    out.extend([
        json!(12.5),
        json!(1.0),
        json!(1e3),
        json!((1_i64 << 53) - 1),
        json!(u64::MAX),
    ]);
}

fn strings(
    body: &Body,
    base: &Value,
    min: u32,
    max: Option<u32>,
    automata: &[u32],
    out: &mut Vec<Value>,
) {
    // Counted in Unicode scalar values: neither bytes nor UTF-16 units.
    for letter in ["a", "é", "𝄞", "e\u{301}"] {
        for n in [
            min.saturating_sub(1),
            min,
            max.unwrap_or(min),
            max.unwrap_or(min) + 1,
        ] {
            if n <= LONG {
                out.push(letter.repeat(n as usize).into());
            }
        }
    }
    out.extend([
        json!(5),
        json!("\u{0}"),
        json!("\u{feff}a"),
        json!("a\nb\"\\\u{1f}\u{2028}\u{7f}"),
    ]);
    if let Some(text) = base.as_str() {
        out.extend([format!("{text}\n"), format!(" {text}"), format!("{text}é")].map(Value::from));
        out.extend([text.to_uppercase(), text.chars().rev().collect()].map(Value::from));
    }
    for automaton in automata
        .iter()
        .filter_map(|&a| body.automata.get(a as usize))
    {
        let refused = text_of_class(automaton, 0);
        out.extend(refused.map(Value::from));
    }
}

fn record(body: &Body, of: u32, base: &Value, depth: u32, out: &mut Vec<Value>) {
    let (Some(record), Value::Object(object)) = (body.records.get(of as usize), base) else {
        return;
    };
    let with = |name: &str, value: Value| {
        let mut object = object.clone();
        object.insert(name.to_owned(), value);
        Value::Object(object)
    };
    out.push(with("no_such_field", json!(1)));
    // The first stray name in canonical order is the one that is reported.
    let mut stray = object.clone();
    stray.insert("\u{ff41}".to_owned(), json!(1));
    stray.insert("\u{1f600}".to_owned(), json!(2));
    out.push(Value::Object(stray));
    for field in &record.fields {
        let mut less = object.clone();
        less.remove(&field.wire);
        out.push(Value::Object(less));
        out.push(with(&field.wire, Value::Null));
        let Some(inner) = object
            .get(&field.wire)
            .cloned()
            .or_else(|| sample(body, &field.ty))
        else {
            continue;
        };
        if depth < DEPTH_MAX {
            let mut varied = Vec::new();
            vary(body, &field.ty, &inner, depth + 1, &mut varied);
            out.extend(varied.into_iter().map(|v| with(&field.wire, v)));
        }
    }
}

fn list(
    body: &Body,
    element: &Type,
    (min, max): (u32, u32),
    base: &Value,
    depth: u32,
    out: &mut Vec<Value>,
) {
    let first = base.as_array().and_then(|items| items.first().cloned());
    let Some(item) = first.or_else(|| sample(body, element)) else {
        return;
    };
    for n in [min.saturating_sub(1), min, max, max.saturating_add(1)] {
        if n <= LONG {
            out.push(Value::Array(vec![item.clone(); n as usize]));
        }
    }
    if depth < DEPTH_MAX && max > 0 {
        let mut varied = Vec::new();
        vary(body, element, &item, depth + 1, &mut varied);
        let n = 2.clamp(min.max(1), max.max(1)).min(LONG) as usize;
        for value in varied {
            let mut items = vec![item.clone(); n];
            if let Some(last) = items.last_mut() {
                *last = value;
            }
            out.push(Value::Array(items));
        }
    }
}

/// Requests that are none, as text; and such that only look odd.
pub(super) fn texts(action: &str, args: &Map<String, Value>) -> Vec<String> {
    let name = Value::from(action);
    let args = Value::Object(args.clone());
    let deep = |n: usize| format!("{}1{}", "[".repeat(n), "]".repeat(n));
    let proposal = |args: &str| format!(r#"{{"kind":"propose","action":{name},"args":{args}}}"#);
    let mut out = vec![
        proposal(&args.to_string()),
        format!("  {}\n", proposal("{}")),
        format!("{} 1", proposal("{}")),
        format!("\u{feff}{}", proposal("{}")),
        proposal(&deep(98)),
        proposal(&deep(99)),
        proposal(&deep(100)),
        proposal(&deep(5000)),
        proposal("1e400"),
        proposal("NaN"),
        proposal("-Infinity"),
        proposal("01"),
        proposal(r#"{"a":1,"a":1}"#),
        proposal(r#"{"a":1,"\u0061":2}"#),
        proposal(r#"[{"b":{"c":1,"c":2}}]"#),
        proposal(r#""\ud800""#),
        proposal(r#""\udc00\ud800""#),
        proposal(r#"{"\ud834":1}"#),
        proposal(r#""\ud834\udd1e""#),
        proposal("\"a\u{1}b\""),
        proposal(r#""\x41""#),
        proposal("{'a':1}"),
        proposal("{\"a\":1,}"),
    ];
    for odd in [
        "null",
        "true",
        "12.50",
        "5.0",
        "1e3",
        "1E+2",
        "-0",
        "-0.0",
        "9007199254740993",
        "18446744073709551616",
        "1e21",
        "1e-7",
        "123456789.125e-3",
        "0.1e1",
        "5e-324",
        "\"text\"",
        "[1,2.5,[]]",
    ] {
        out.push(proposal(odd));
        out.push(proposal(&format!(r#"{{"no_such_parameter":{odd}}}"#)));
    }
    let shapes = [
        "",
        "null",
        "[]",
        "{}",
        "\"tick\"",
        "{\"kind\":\"tock\"}",
        "{\"kind\":1}",
        "{\"retry\":true}",
        r#"{"kind":"tick"}"#,
        r#"{"kind":"tick","retry":false}"#,
        r#"{"kind":"tick","retry":null}"#,
        r#"{"kind":"tick","retry":1}"#,
        r#"{"kind":"tick","when":1}"#,
        r#"{"kind":"tick","kind":"tick"}"#,
        r#"{"kind":"reload","now":1}"#,
        r#"{"kind":"reload"}"#,
        r#"{"kind":"event"}"#,
        r#"{"kind":"event","event":"no_such_event"}"#,
        r#"{"kind":"event","event":7}"#,
        r#"{"kind":"start","flow":"no_such_flow","args":{}}"#,
        r#"{"kind":"start","flow":"f","args":[]}"#,
        r#"{"kind":"start","flow":"f"}"#,
        r#"{"kind":"propose","action":"no.such","args":{"a":1.5}}"#,
        r#"{"kind":"propose","action":"no.such"}"#,
        r#"{"kind":"propose","action":null,"args":{}}"#,
        r#"{"kind":"propose","action":"no.such","args":{},"by":"me"}"#,
        r#"{"kind":"reply","to":{"call":1},"outcome":"ok"}"#,
        r#"{"kind":"reply","to":{"call":0},"outcome":"ok"}"#,
        r#"{"kind":"reply","to":{"call":1.0},"outcome":"ok","value":null}"#,
        r#"{"kind":"reply","to":{"call":-1},"outcome":"ok"}"#,
        r#"{"kind":"reply","to":{"call":1.5},"outcome":"ok"}"#,
        r#"{"kind":"reply","to":{"call":"1"},"outcome":"ok"}"#,
        r#"{"kind":"reply","to":{"call":1,"ask":1},"outcome":"ok"}"#,
        r#"{"kind":"reply","to":{},"outcome":"ok"}"#,
        r#"{"kind":"reply","to":{"someone":1},"outcome":"ok"}"#,
        r#"{"kind":"reply","to":7,"outcome":"ok"}"#,
        r#"{"kind":"reply","to":{"call":9007199254740991},"outcome":"ok"}"#,
        r#"{"kind":"reply","to":{"call":18446744073709551615},"outcome":"ok"}"#,
        r#"{"kind":"reply","to":{"agent":1},"outcome":"stuck"}"#,
        r#"{"kind":"reply","to":{"ask":1},"outcome":"answered"}"#,
        r#"{"kind":"reply","to":{"ask":1},"outcome":"no_such_outcome"}"#,
        r#"{"kind":"reply","to":{"ask":1}}"#,
        r#"{"kind":"approve","approval":"none","granted":true}"#,
        r#"{"kind":"approve","approval":"none","granted":true,"by":null}"#,
        r#"{"kind":"approve","approval":"none","granted":"yes"}"#,
        r#"{"kind":"approve","approval":"none","granted":true,"by":5}"#,
        r#"{"kind":"approve","approval":"none"}"#,
        r#"{"kind":"resolve","call":1,"happened":true}"#,
        r#"{"kind":"resolve","call":1,"happened":null}"#,
        r#"{"kind":"resolve","call":1,"happened":true,"result":null}"#,
    ];
    out.extend(shapes.map(str::to_owned));
    out
}
