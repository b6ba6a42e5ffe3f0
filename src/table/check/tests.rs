use super::*;
use crate::table::format::{Node, Path, Probe, Record, Root, Type};

#[test]
fn deep_types_are_refused_without_recursion_trouble() {
    let mut ty = Type::Bool {};
    for _ in 0..10_000 {
        ty = Type::List {
            element: Box::new(ty),
            min: 0,
            max: 1,
        };
    }
    let field = crate::table::format::Field {
        name: "deep".to_owned(),
        wire: "deep".to_owned(),
        ty,
        optional: false,
        claim: false,
        doc: None,
    };
    let body = Body {
        records: vec![Record {
            name: "Deep".to_owned(),
            fields: vec![field.clone()],
        }],
        ..Body::default()
    };
    assert_eq!(
        check(&body).unwrap_err().problem,
        "the record nests too deep"
    );
    let body = Body {
        inputs: vec![field],
        ..Body::default()
    };
    assert_eq!(check(&body).unwrap_err().problem, "the type nests too deep");
}

#[test]
fn a_some_within_a_some_is_refused() {
    let list = Path {
        root: Root::Element {},
        fields: vec![],
    };
    let some = |when| Probe::Some {
        list: list.clone(),
        when,
    };
    let node = |probe| Node {
        probe,
        cuts: vec![1],
        next: vec![-1, -2],
    };
    let body = Body {
        probes: vec![some(-2), some(0)],
        nodes: vec![node(0), node(1)],
        ..Body::default()
    };
    let fault = check(&body).unwrap_err();
    assert_eq!(fault.at, "nodes[1]");
    assert_eq!(fault.problem, "a `some` asks another `some`");
}
