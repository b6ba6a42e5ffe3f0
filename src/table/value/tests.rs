use super::*;
use crate::table::format::{Automaton, Enum, Named, Record};
use serde_json::json;

fn named(name: &str) -> Named {
    Named {
        name: name.to_owned(),
        wire: name.to_owned(),
        doc: None,
    }
}

fn field(name: &str, ty: Type, optional: bool) -> Field {
    Field {
        name: name.to_owned(),
        wire: name.to_owned(),
        ty,
        optional,
        claim: false,
        doc: None,
    }
}

/// Enum 0 is closed, enum 1 has `other`; record 0 has a decimal and an optional time; automaton 0
/// accepts what consists of `a` only.
fn body() -> Body {
    Body {
        enums: vec![
            Enum {
                name: "Closed".to_owned(),
                variants: vec![named("x"), named("y")],
                other: None,
            },
            Enum {
                name: "Open".to_owned(),
                variants: vec![named("x"), named("other")],
                other: Some(1),
            },
        ],
        records: vec![Record {
            name: "Line".to_owned(),
            fields: vec![
                field(
                    "amount",
                    Type::Decimal {
                        scale: 2,
                        min: 1,
                        max: 500_000,
                    },
                    false,
                ),
                field(
                    "at",
                    Type::Time {
                        min: 0,
                        max: 86_399,
                    },
                    true,
                ),
            ],
        }],
        automata: vec![Automaton {
            alphabet: vec![(0, 0), (b'a', 1), (b'b', 0)],
            classes: 2,
            next: vec![1, 0, 1, 1],
            accept: vec![1, 0],
        }],
        ..Body::default()
    }
}

fn ok(ty: &Type, value: &Value) -> Value {
    normalise(&body(), ty, value, Unknown::Refuse).unwrap()
}

fn refused(ty: &Type, value: &Value) -> String {
    normalise(&body(), ty, value, Unknown::Refuse)
        .unwrap_err()
        .to_string()
}

const LINE: Type = Type::Record { of: 0 };

#[test]
fn values_come_out_in_their_one_wire_form() {
    assert_eq!(
        ok(&LINE, &json!({"amount": "12.5", "at": "08:30"})),
        json!({"amount": "12.50", "at": "08:30:00"})
    );
    assert_eq!(
        ok(&LINE, &json!({"amount": 12})),
        json!({"amount": "12.00"})
    );
    assert_eq!(
        ok(&LINE, &json!({"amount": "1.00", "at": null})),
        json!({"amount": "1.00"})
    );
    let int = Type::Int { min: 0, max: 9 };
    assert_eq!(ok(&int, &json!(5.0)), json!(5));
    assert_eq!(ok(&Type::Enum { of: 1 }, &json!("new")), json!("other"));
}

#[test]
fn what_is_outside_a_type_says_where_and_why() {
    let lines = Type::List {
        element: Box::new(LINE),
        min: 1,
        max: 2,
    };
    assert_eq!(
        refused(&lines, &json!([{"amount": "1.00"}, {"amount": "1.001"}])),
        "[1].amount: expected a decimal as a string with at most 2 fractional digits, got \"1.001\""
    );
    assert_eq!(
        refused(&lines, &json!([])),
        "the list has 0 elements, but 1 to 2 are allowed"
    );
    assert_eq!(refused(&LINE, &json!({})), "amount: is missing");
    assert_eq!(
        refused(&LINE, &json!({"amount": "9999.00"})),
        "amount: 9999.00 is above 5000.00"
    );
    assert_eq!(
        refused(&LINE, &json!({"amount": 0.5})),
        "amount: expected a decimal as a string with at most 2 fractional digits, got 0.5"
    );
    assert_eq!(
        refused(&Type::Enum { of: 0 }, &json!("z")),
        "expected one of Closed: x, y, got \"z\""
    );
    assert!(refused(&Type::Enum { of: 1 }, &json!(5)).contains("expected a string"));
}

#[test]
fn unknown_fields_are_dropped_from_replies_and_refused_in_arguments() {
    let value = json!({"amount": "1.00", "more": 1});
    let kept = normalise(&body(), &LINE, &value, Unknown::Drop).unwrap();
    assert_eq!(kept, json!({"amount": "1.00"}));
    assert_eq!(refused(&LINE, &value), "`more` is not known here");
}

#[test]
fn strings_are_counted_in_scalar_values_and_matched_whole() {
    let short = Type::String {
        min: 1,
        max: Some(2),
        automata: vec![],
    };
    assert_eq!(ok(&short, &json!("😀é")), json!("😀é"));
    assert_eq!(
        refused(&short, &json!("abc")),
        "the string has 3 characters, but 1 to 2 are allowed"
    );
    let only_a = Type::String {
        min: 0,
        max: None,
        automata: vec![0],
    };
    assert_eq!(ok(&only_a, &json!("aaa")), json!("aaa"));
    assert_eq!(
        refused(&only_a, &json!("aba")),
        "\"aba\" does not match the pattern of its type"
    );
}

#[test]
fn numbers_of_scalars_are_in_their_unit() {
    let body = body();
    let of = |ty: &Type, v: Value| Reading::of(&body, ty).number(&v);
    let Type::Record { .. } = LINE else { panic!() };
    let amount = &body.records[0].fields[0].ty;
    assert_eq!(of(amount, json!("12.50")), Some(1250));
    assert_eq!(
        of(&body.records[0].fields[1].ty, json!("00:01:00")),
        Some(60)
    );
    assert_eq!(of(&Type::Bool {}, json!(true)), Some(1));
    assert_eq!(of(&Type::Enum { of: 1 }, json!("unheard of")), Some(1));
    assert_eq!(of(&Type::Enum { of: 0 }, json!("unheard of")), None);
}
