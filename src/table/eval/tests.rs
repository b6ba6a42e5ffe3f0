use super::*;
use crate::table::format::{Body, Node, Probe, Type};
use serde_json::json;

struct Given(Value);

impl Scene for Given {
    fn root(&self, root: &Root) -> Option<&Value> {
        match root {
            Root::Input { .. } => Some(&self.0),
            _ => None,
        }
    }

    fn history(&self, index: u32) -> i64 {
        i64::from(index) * 10
    }

    fn position(&self) -> i64 {
        7
    }
}

fn at(fields: &[&str]) -> Path {
    Path {
        root: Root::Input { index: 0 },
        fields: fields.iter().map(|&f| f.to_owned()).collect(),
    }
}

const CENTS: Type = Type::Decimal {
    scale: 2,
    min: -1_000_000,
    max: 1_000_000,
};

fn ask(value: Value, asked: &Probe) -> i64 {
    let body = Body {
        probes: vec![asked.clone()],
        ..Body::default()
    };
    Index::new(&body).answer(&Given(value), 0)
}

#[test]
fn of_an_absent_value_every_probe_gives_0() {
    let amount = at(&["a"]);
    for asked in [
        Probe::Value {
            path: amount.clone(),
            ty: CENTS,
        },
        Probe::Present {
            path: amount.clone(),
        },
        Probe::Length {
            path: amount.clone(),
        },
        Probe::Size {
            path: amount.clone(),
        },
        Probe::Equal {
            left: amount.clone(),
            right: amount.clone(),
        },
    ] {
        assert_eq!(ask(json!({"b": 1}), &asked), 0);
    }
}

#[test]
fn differences_scale_both_sides() {
    let asked = Probe::Difference {
        left: at(&["a"]),
        left_type: CENTS,
        left_factor: 1,
        right: at(&["b"]),
        right_type: Type::Int { min: 0, max: 9 },
        right_factor: 100,
    };
    assert_eq!(ask(json!({"a": "12.50", "b": 3}), &asked), 950);
    assert_eq!(ask(json!({"a": "12.50"}), &asked), 0);
}

#[test]
fn a_walk_counts_the_cuts_at_or_below_the_value() {
    let body = Body {
        probes: vec![Probe::Value {
            path: at(&[]),
            ty: Type::Int { min: 0, max: 99 },
        }],
        nodes: vec![Node {
            probe: 0,
            cuts: vec![10, 20],
            next: vec![-1, -2, -3],
        }],
        ..Body::default()
    };
    let index = Index::new(&body);
    for (value, expected) in [(9, 0), (10, 1), (19, 1), (20, 2), (99, 2)] {
        assert_eq!(index.leaf(&Given(json!(value)), 0), expected);
    }
    assert!(index.holds(&Given(json!(10)), 0));
    assert_eq!(index.leaf(&Given(json!(0)), -5), 4);
}

#[test]
fn some_looks_at_each_element_in_the_outer_scene() {
    let mut body = Body {
        probes: vec![Probe::Equal {
            left: Path {
                root: Root::Element {},
                fields: vec![],
            },
            right: at(&["wanted"]),
        }],
        nodes: vec![Node {
            probe: 0,
            cuts: vec![1],
            next: vec![-1, -2],
        }],
        ..Body::default()
    };
    body.probes.push(Probe::Some {
        list: at(&["list"]),
        when: 0,
    });
    let index = Index::new(&body);
    let of = |wanted: &str| {
        let scene = Given(json!({"list": ["a", "b"], "wanted": wanted}));
        index.answer(&scene, 1)
    };
    assert_eq!((of("b"), of("c")), (1, 0));
}

#[test]
fn history_and_position_come_from_the_scene() {
    assert_eq!(ask(json!(0), &Probe::History { history: 3 }), 30);
    assert_eq!(
        ask(json!(0), &Probe::HistoryDifference { left: 3, right: 1 }),
        20
    );
    assert_eq!(ask(json!(0), &Probe::Position {}), 7);
}

#[test]
fn expressions_leave_out_what_is_absent() {
    let scene = Given(json!({"name": "Ada", "vip": true}));
    let template = Expr::Template {
        parts: vec![
            Part::Text {
                text: "Call ".to_owned(),
            },
            Part::Hole {
                path: at(&["name"]),
            },
            Part::Hole {
                path: at(&["phone"]),
            },
            Part::Hole { path: at(&["vip"]) },
        ],
    };
    assert_eq!(expr(&scene, &template), Some(json!("Call Adatrue")));
    let record = Expr::Record {
        fields: vec![
            (
                "n".to_owned(),
                Expr::Path {
                    path: at(&["name"]),
                },
            ),
            (
                "p".to_owned(),
                Expr::Path {
                    path: at(&["phone"]),
                },
            ),
        ],
    };
    assert_eq!(expr(&scene, &record), Some(json!({"n": "Ada"})));
}

#[test]
fn a_broken_body_is_walked_without_harm() {
    let body = Body {
        nodes: vec![Node {
            probe: 9,
            cuts: vec![],
            next: vec![0],
        }],
        ..Body::default()
    };
    let index = Index::new(&body);
    assert_eq!(index.leaf(&Given(json!(1)), 0), 0);
    assert_eq!(index.leaf(&Given(json!(1)), i64::MAX), 0);
    assert_eq!(index.leaf(&Given(json!(1)), i64::MIN), 0);
}

#[test]
fn cuts_close_together_and_far_apart_find_the_same_branch() {
    let mut random = fastrand::Rng::with_seed(3);
    for spread in [1, 2, 5, 40, 1_000_000] {
        let mut cuts: Vec<i64> = (0..60)
            .map(|_| random.i64(-30 * spread..30 * spread))
            .collect();
        cuts.sort_unstable();
        cuts.dedup();
        let next = (0..=i64::try_from(cuts.len()).unwrap()).map(|leaf| -leaf - 1);
        let body = Body {
            probes: vec![Probe::Position {}],
            nodes: vec![Node {
                probe: 0,
                next: next.collect(),
                cuts: cuts.clone(),
            }],
            ..Body::default()
        };
        let index = Index::new(&body);
        let near = cuts.iter().flat_map(|&c| [c - 1, c, c + 1]);
        for v in near.chain([i64::MIN, i64::MAX, 0]) {
            let expected = cuts.iter().filter(|&&cut| cut <= v).count();
            assert_eq!(
                index.leaf(&Standing(v), 0) as usize,
                expected,
                "{v} in {cuts:?}"
            );
        }
    }
}

/// A scene of nothing but a position.
struct Standing(i64);

impl Scene for Standing {
    fn root(&self, _: &Root) -> Option<&Value> {
        None
    }

    fn history(&self, _: u32) -> i64 {
        0
    }

    fn position(&self) -> i64 {
        self.0
    }
}
