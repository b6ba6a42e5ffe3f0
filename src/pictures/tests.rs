//! Drawings of scenes made by hand and by chance: nothing touches, and the same goes in as comes out.

use super::layout::{Drawing, What, layout};
use super::*;

fn node(kind: Kind, name: &str) -> Node {
    Node {
        kind,
        name: name.to_string(),
        about: vec![format!("do crm.{name}"), "at most 3 entries".to_string()],
        doc: None,
        group: String::new(),
    }
}

/// A flow with so many states, each leading to the next ones and to ends; with some edges back.
fn made(states: usize, seed: u64) -> Scene {
    let mut rng = fastrand::Rng::with_seed(seed);
    let mut scene = Scene {
        name: "made".to_string(),
        doc: None,
        nodes: vec![node(Kind::Start, "start")],
        edges: Vec::new(),
    };
    for i in 0..states {
        let kind = *rng
            .choice(&[Kind::State, Kind::Choose, Kind::Free])
            .unwrap();
        scene.nodes.push(node(kind, &format!("state_number_{i}")));
    }
    let ends = [Class::Success, Class::Fallback, Class::Failure];
    for class in ends {
        scene.nodes.push(node(Kind::End(class), class.word()));
    }
    scene.connect(0, 1, Tone::Well, String::new());
    for i in 1..=states {
        for way in 0..rng.usize(1..5) {
            let to = match rng.u32(0..10) {
                0 => rng.usize(1..=states),
                1 => i,
                2 | 3 => states + rng.usize(1..=3),
                _ => (i + rng.usize(1..6)).min(states + 1),
            };
            let tone = *rng
                .choice(&[Tone::Well, Tone::Broken, Tone::Aside])
                .unwrap();
            scene.connect(i, to, tone, format!("outcome_{way} retry {way}"));
        }
    }
    scene
}

#[track_caller]
fn sound(scene: &Scene, drawing: &Drawing) {
    let apart = |a: (f64, f64, f64, f64), b: (f64, f64, f64, f64)| {
        a.0 + a.2 <= b.0 + 0.01
            || b.0 + b.2 <= a.0 + 0.01
            || a.1 + a.3 <= b.1 + 0.01
            || b.1 + b.3 <= a.1 + 0.01
    };
    let all: Vec<_> = drawing
        .boxes
        .iter()
        .map(|b| (b.left, b.top, b.width, b.height))
        .collect();
    for (i, a) in all.iter().enumerate() {
        assert!(a.0 >= 0.0 && a.1 >= 0.0, "{a:?}");
        assert!(
            a.0 + a.2 <= drawing.width && a.1 + a.3 <= drawing.height,
            "{a:?}"
        );
        for (k, b) in all.iter().enumerate().skip(i + 1) {
            assert!(
                apart(*a, *b),
                "{:?} and {:?} touch: {a:?} {b:?}",
                drawing.boxes[i],
                drawing.boxes[k]
            );
        }
    }
    // Every edge is there once, with what it says, and begins and ends where it should.
    let mut seen: Vec<usize> = drawing.arrows.iter().map(|a| a.edge).collect();
    seen.sort_unstable();
    assert_eq!(seen, (0..scene.edges.len()).collect::<Vec<_>>());
    let at = |what: What| drawing.boxes.iter().find(|b| b.what == what).unwrap();
    let on = |b: &super::layout::Boxed, (x, y): (f64, f64)| {
        x >= b.left - 0.5
            && x <= b.left + b.width + 0.5
            && y >= b.top - 0.5
            && y <= b.top + b.height + 0.5
    };
    for arrow in &drawing.arrows {
        let edge = &scene.edges[arrow.edge];
        let first = arrow.pieces.first().unwrap().0;
        assert!(on(at(What::Node(edge.from)), first), "{edge:?} {first:?}");
        let last = arrow.pieces.last().unwrap().1.last().unwrap()[2];
        let jump = drawing
            .boxes
            .iter()
            .find(|b| b.what == What::Jump(arrow.edge));
        let end = jump.unwrap_or_else(|| at(What::Node(edge.to)));
        assert!(on(end, last), "{edge:?} {last:?}");
        // Its line meets no box of another edge or node: curves stay between what they join.
        for (start, curves) in &arrow.pieces {
            let mut from = *start;
            for [a, b, to] in curves {
                for step in 0..=16 {
                    let t = f64::from(step) / 16.0;
                    let u = 1.0 - t;
                    let mix = |p: [f64; 4]| {
                        u * u * u * p[0]
                            + 3.0 * u * u * t * p[1]
                            + 3.0 * u * t * t * p[2]
                            + t * t * t * p[3]
                    };
                    let x = mix([from.0, a.0, b.0, to.0]);
                    let y = mix([from.1, a.1, b.1, to.1]);
                    for other in &drawing.boxes {
                        let own = match other.what {
                            What::Node(n) => n == edge.from || n == edge.to,
                            What::Label(e) | What::Jump(e) => e == arrow.edge,
                            What::Bend(_) => true,
                        };
                        let inside = x > other.left + 0.6
                            && x < other.left + other.width - 0.6
                            && y > other.top + 0.6
                            && y < other.top + other.height - 0.6;
                        assert!(own || !inside, "{edge:?} runs across {other:?} at {x} {y}");
                    }
                }
                from = *to;
            }
        }
    }
}

#[test]
fn nothing_touches_in_random_drawings() {
    for seed in 0..60 {
        let scene = made(3 + usize::try_from(seed).unwrap() % 40, seed);
        sound(&scene, &layout(&scene));
    }
}

#[test]
fn three_hundred_states_are_drawn_and_stay_readable() {
    let scene = made(300, 7);
    let drawing = layout(&scene);
    sound(&scene, &drawing);
    assert!(drawing.width < 6_000.0, "{}", drawing.width);
}

#[test]
fn the_same_scene_gives_the_same_drawing() {
    let scene = made(40, 3);
    let once = svg::file("a", std::slice::from_ref(&scene));
    assert_eq!(once, svg::file("a", &[scene]));
}

#[test]
fn what_can_still_be_reached_is_told() {
    let mut scene = made(0, 0);
    scene.edges.clear();
    scene.nodes.truncate(1);
    for (kind, name) in [
        (Kind::State, "a"),
        (Kind::State, "b"),
        (Kind::State, "c"),
        (Kind::End(Class::Success), "well"),
        (Kind::End(Class::Fallback), "fair"),
        (Kind::End(Class::Failure), "bad"),
    ] {
        scene.nodes.push(node(kind, name));
    }
    scene.connect(0, 1, Tone::Well, String::new());
    scene.connect(1, 4, Tone::Well, "ok".to_string());
    scene.connect(1, 2, Tone::Broken, "timeout".to_string());
    scene.connect(2, 5, Tone::Well, "ok".to_string());
    scene.connect(2, 3, Tone::Broken, "timeout".to_string());
    // An event may come anywhere, and says nothing of where the state leads.
    scene.connect(2, 4, Tone::Aside, "event hangup".to_string());
    scene.connect(3, 6, Tone::Well, "ok".to_string());
    let of = [1, 2, 3].map(|i| reach(&scene)[i]);
    assert_eq!(
        of,
        [Class::Success, Class::Fallback, Class::Failure].map(Some)
    );
}

#[test]
fn nothing_in_a_name_escapes() {
    let mut scene = made(1, 1);
    let evil = "\"]</text><script>alert(1)</script>`#;\u{202e}\\";
    scene.nodes[1].name = evil.to_string();
    scene.nodes[1].doc = Some(evil.to_string());
    scene.edges[0].label = vec![evil.to_string()];
    let drawn = svg::file(evil, std::slice::from_ref(&scene));
    assert!(!drawn.contains("<script") && !drawn.contains('\u{202e}'));
    let page = svg::part(&scene, "f0");
    assert!(!page.contains("<script"));
    let mermaid = mermaid::diagram(evil, std::slice::from_ref(&scene));
    assert!(!mermaid.contains("<script") && !mermaid.lines().skip(2).any(|l| l.contains('`')));
    for line in mermaid.lines().filter(|l| l.contains("alert")) {
        let quotes = line.matches('"').count();
        assert!(quotes == 2 || line.contains("accTitle"), "{line}");
    }
    let dot = dot::graph("a", &[scene]);
    assert!(dot.contains("\\\"]</text>") && dot.contains("\\\\\""));
}
