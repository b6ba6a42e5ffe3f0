//! The solver and the diagrams against brute force over small domains, with every kind of test and
//! mixes of them.

use super::{Assignment, Budget, Formula, IntSet, Logic, Term};
use fastrand::Rng;

struct World {
    logic: Logic,
    ints: Vec<Term>,
    strings: Vec<Term>,
    list: Option<Term>,
    element: Option<Term>,
    /// All assignments.
    all: Vec<Assignment>,
}

const TEXTS: [&str; 7] = ["", "a", "b", "aa", "ab", "ba", "bb"];

fn world(rng: &mut Rng) -> World {
    let mut logic = Logic::new();
    let (with_strings, with_list) = (rng.bool(), rng.bool());
    let count = if with_strings && with_list {
        1
    } else {
        rng.usize(1..=3)
    };
    let ints: Vec<Term> = (0..count)
        .map(|i| logic.int(&format!("x{i}"), -2, 2))
        .collect();
    let domain = logic.language("[ab]{0,2}").unwrap();
    let strings: Vec<Term> = if with_strings {
        (0..2)
            .map(|i| logic.string(&format!("s{i}"), domain))
            .collect()
    } else {
        Vec::new()
    };
    let (list, element) = if with_list {
        let list = logic.list("l", i64::from(rng.u8(0..=1)), 2);
        let element = logic.element_int(list, "e", 0, 2);
        (Some(list), Some(element))
    } else {
        (None, None)
    };
    let mut all = vec![Assignment::new()];
    for &x in &ints {
        all = all
            .iter()
            .flat_map(|a| {
                (-2..=2).map(move |v| {
                    let mut a = a.clone();
                    a.set_int(x, v);
                    a
                })
            })
            .collect();
    }
    for &s in &strings {
        all = all
            .iter()
            .flat_map(|a| {
                TEXTS.iter().map(move |t| {
                    let mut a = a.clone();
                    a.set_string(s, *t);
                    a
                })
            })
            .collect();
    }
    if let (Some(list), Some(element)) = (list, element) {
        let least = logic.bounds(list).0;
        let mut lists: Vec<Vec<i64>> = vec![Vec::new()];
        for a in 0..=2 {
            lists.push(vec![a]);
            for b in 0..=2 {
                lists.push(vec![a, b]);
            }
        }
        lists.retain(|l| l.len() as i64 >= least);
        all = all
            .iter()
            .flat_map(|a| {
                lists.iter().map(move |values| {
                    let mut a = a.clone();
                    let items = values
                        .iter()
                        .map(|v| {
                            let mut e = Assignment::new();
                            e.set_int(element, *v);
                            e
                        })
                        .collect();
                    a.set_elements(list, items);
                    a
                })
            })
            .collect();
    }
    World {
        logic,
        ints,
        strings,
        list,
        element,
        all,
    }
}

fn set(rng: &mut Rng) -> IntSet {
    let points: Vec<i64> = (-4..=4).filter(|_| rng.bool()).collect();
    match rng.u8(0..3) {
        0 => IntSet::from_points(points),
        1 => IntSet::at_least(rng.i64(-3..=3)),
        _ => IntSet::at_most(rng.i64(-3..=3)),
    }
}

fn atom(rng: &mut Rng, w: &mut World) -> Formula {
    let patterns = ["a.*", "[ab]*b", "(ab|ba)?", "a{2}|b", ".", "b?"];
    let pick = |rng: &mut Rng, list: &[Term]| list[rng.usize(0..list.len())];
    match rng.u8(0..8) {
        0 | 1 if !w.strings.is_empty() => {
            let s = pick(rng, &w.strings);
            let language = if rng.bool() {
                w.logic
                    .language(patterns[rng.usize(0..patterns.len())])
                    .unwrap()
            } else {
                w.logic
                    .literals(&[TEXTS[rng.usize(0..7)], TEXTS[rng.usize(0..7)]])
            };
            w.logic.in_language(s, language)
        }
        2 if !w.strings.is_empty() => w.logic.equal(w.strings[0], w.strings[1]),
        3 if !w.strings.is_empty() => {
            let s = pick(rng, &w.strings);
            let length = w.logic.length_of(s);
            if rng.bool() {
                let values = set(rng);
                w.logic.in_set(length, values)
            } else {
                let x = pick(rng, &w.ints);
                let values = set(rng);
                w.logic.difference(length, 1, x, 1, values)
            }
        }
        4 | 5 if w.list.is_some() => {
            let (list, element) = (w.list.unwrap(), w.element.unwrap());
            if rng.u8(0..4) == 0 {
                let size = w.logic.size_of(list);
                let values = set(rng);
                return w.logic.in_set(size, values);
            }
            let x = pick(rng, &w.ints);
            let body = match rng.u8(0..3) {
                0 => w.logic.equal(element, x),
                1 => {
                    let values = set(rng);
                    w.logic.in_set(element, values)
                }
                _ => {
                    let (a, b) = (set(rng), set(rng));
                    let f = w.logic.in_set(element, a);
                    let g = w.logic.difference(element, 1, x, 1, b);
                    if rng.bool() {
                        w.logic.and(&[f, g])
                    } else {
                        w.logic.or(&[f, g])
                    }
                }
            };
            w.logic.some(list, body)
        }
        6 => {
            let values = set(rng);
            let x = pick(rng, &w.ints);
            w.logic.in_set(x, values)
        }
        _ => {
            let (a, b) = (pick(rng, &w.ints), pick(rng, &w.ints));
            let (ka, kb) = *[(1, 1), (1, 10), (10, 1)].get(rng.usize(0..3)).unwrap();
            let values = set(rng);
            w.logic.difference(a, ka, b, kb, values)
        }
    }
}

fn formula(rng: &mut Rng, w: &mut World, depth: u32) -> Formula {
    if depth == 0 || rng.u8(0..4) == 0 {
        let f = atom(rng, w);
        return if rng.bool() { f } else { !f };
    }
    let parts: Vec<Formula> = (0..rng.usize(2..=4))
        .map(|_| formula(rng, w, depth - 1))
        .collect();
    if rng.bool() {
        w.logic.and(&parts)
    } else {
        w.logic.or(&parts)
    }
}

#[test]
fn the_solver_agrees_with_brute_force() {
    let mut rng = Rng::with_seed(7);
    let (mut yes, mut no) = (0, 0);
    for round in 0..1500 {
        let mut w = world(&mut rng);
        let f = formula(&mut rng, &mut w, 2);
        let expected = w.all.iter().any(|a| w.logic.eval(f, a));
        let found = w.logic.solve(f, &mut Budget::default()).unwrap();
        assert_eq!(
            found.is_some(),
            expected,
            "round {round}: {}",
            w.logic.shape(f)
        );
        match found {
            Some(a) => {
                yes += 1;
                assert!(
                    w.logic.eval(f, &a),
                    "round {round}: {a:?} for {}",
                    w.logic.shape(f)
                );
            }
            None => no += 1,
        }
    }
    assert!(yes > 200 && no > 80, "{yes} {no}");
}

#[test]
fn diagrams_agree_with_their_cases() {
    let mut rng = Rng::with_seed(11);
    for round in 0..500 {
        let mut w = world(&mut rng);
        let cases: Vec<(Formula, u32)> = (1..=rng.u32(1..=4))
            .map(|leaf| (formula(&mut rng, &mut w, 2), leaf % 3))
            .collect();
        let diagram = w.logic.diagram(&cases, 9, &mut Budget::default()).unwrap();
        for a in &w.all {
            let expected = cases
                .iter()
                .find(|(f, _)| w.logic.eval(*f, a))
                .map_or(9, |c| c.1);
            assert_eq!(w.logic.decide(&diagram, a), expected, "round {round}");
        }
        for path in diagram.covering_paths() {
            let condition = w.logic.path_condition(&diagram, &path.steps);
            if let Some(a) = w.logic.solve(condition, &mut Budget::default()).unwrap() {
                assert_eq!(w.logic.decide(&diagram, &a), path.leaf, "round {round}");
            }
        }
    }
}

#[test]
fn ten_thousand_rules_become_a_small_diagram() {
    let mut logic = Logic::new();
    let any = logic.any_string();
    let name = logic.string("name", any);
    let role = logic.int("role", 0, 4);
    let amount = logic.int("amount", 0, 1_000_000);
    let cases: Vec<(Formula, u32)> = (0..10_000_i64)
        .map(|i| {
            let text = format!("a{i}");
            let language = logic.literals(&[text.as_str()]);
            let parts = [
                logic.in_language(name, language),
                logic.in_set(role, IntSet::point(2)),
                logic.in_set(amount, IntSet::at_most(1000 + i)),
            ];
            (logic.and(&parts), 1)
        })
        .collect();
    let mut budget = Budget::default();
    let diagram = logic.diagram(&cases, 0, &mut budget).unwrap();
    assert!(diagram.nodes.len() <= 20_002, "{}", diagram.nodes.len());
    let mut a = Assignment::new();
    a.set_string(name, "a77");
    a.set_int(role, 2);
    a.set_int(amount, 1077);
    assert_eq!(logic.decide(&diagram, &a), 1);
    a.set_int(amount, 1078);
    assert_eq!(logic.decide(&diagram, &a), 0);
}
