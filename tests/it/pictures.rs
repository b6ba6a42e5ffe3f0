//! Pictures of flows, as the program draws them.

use super::cli::Place;
use super::common::home;
use std::collections::BTreeSet;

/// The examples whose flows are drawn here: one with everything, one that runs a flow and undoes.
const DRAWN: [&str; 2] = ["front-desk", "trip-saga"];

fn example(name: &str) -> String {
    let path = home().join("examples").join(name);
    path.to_str().unwrap().to_string()
}

/// Names of states and ends, as the table shows them.
fn names(place: &Place, example: &str) -> (BTreeSet<String>, BTreeSet<String>) {
    place.run(&["compile", example, "-o", "table.json"]).code(0);
    let table: serde_json::Value = serde_json::from_str(&place.read("table.json")).unwrap();
    let list = |what: &str| {
        let flows = table["body"]["flows"].as_array().unwrap();
        let all = flows.iter().flat_map(|f| f[what].as_array().unwrap());
        all.map(|s| s["name"].as_str().unwrap().to_string())
            .collect()
    };
    (list("states"), list("ends"))
}

/// Every element of an SVG is closed, in order.
fn well_formed(svg: &str) {
    let mut open = Vec::new();
    for part in svg.split('<').skip(1) {
        let (tag, _) = part.split_once('>').unwrap();
        let name = |t: &str| t.split([' ', '\n']).next().unwrap().to_string();
        match tag.strip_prefix('/') {
            Some(end) => assert_eq!(open.pop(), Some(name(end))),
            None if tag.ends_with('/') => {}
            None => open.push(name(tag)),
        }
    }
    assert!(open.is_empty(), "{open:?}");
}

#[test]
fn every_state_and_end_is_drawn_in_every_form() {
    let place = Place::new();
    for drawn in DRAWN {
        let file = example(drawn);
        let (states, ends) = names(&place, &file);
        // A compiled table is drawn as its source is, and does not have to be compiled again.
        let from = "table.json";
        let svg = place.run(&["graph", from, "--format", "svg"]).code(0).out;
        well_formed(&svg);
        assert!(
            !svg.contains("href") && !svg.contains("http:") || svg.matches("http:").count() == 1
        );
        let dot = place.run(&["graph", from, "--format", "dot"]).code(0).out;
        let mermaid = place.run(&["graph", from]).code(0).out;
        assert!(dot.starts_with("digraph ") && mermaid.starts_with("flowchart TD\n"));
        for state in &states {
            // Long names are broken in the drawing, but told whole.
            assert!(svg.contains(&format!("<title>{state}")), "{drawn}: {state}");
            assert!(
                dot.contains(&format!("[label=\"{state}")),
                "{drawn}: {state}"
            );
            let written = state.replace('_', "#95;");
            assert!(
                mermaid.contains(&format!("<b>{written}</b>")),
                "{drawn}: {state}"
            );
        }
        for end in &ends {
            assert!(
                svg.contains(&format!("<title>end {end} (")),
                "{drawn}: {end}"
            );
            assert!(dot.contains(&format!(" {end}\\n")), "{drawn}: {end}");
        }
    }
}

#[test]
fn a_picture_tells_what_fails_retries_and_bounds() {
    let place = Place::new();
    let file = example("front-desk");
    let said = place.run(&["graph", &file, "-o", "desk.svg"]).code(0);
    said.err("desk.svg: flow book_appointment");
    let svg = place.read("desk.svg");
    let label = |tone: &str, text: &str| {
        let of = svg
            .lines()
            .filter(|l| l.starts_with(&format!("<g class=\"label {tone}\"")));
        assert!(of.clone().any(|l| l.contains(text)), "{tone}: {text}");
    };
    label("well", ">chose<");
    label("broken", ">stuck | exhausted |<");
    label("broken", "↻ 2× after 200ms..2s, then");
    label("aside", ">after 5m<");
    label("aside", ">event hangup<");
    label("aside", ">entry 4 or later<");
    for text in [
        "entered 3 times at most",
        "(8 calls, within 90s)",
        "✓ booked",
        "✗ dropped",
        "↪ transferred",
    ] {
        assert!(svg.contains(text), "{text}");
    }
    // From there no success can be reached any more.
    assert!(svg.contains("<g class=\"node state fallback\"><title>take_message;"));
    assert!(svg.contains("<g class=\"node state success\"><title>reserve;"));
    // And all of it once more for those who don't see it.
    assert!(
        svg.contains("role=\"img\"")
            && svg.contains("no_agent | timeout | malformed to take_message")
    );
    let again = place.run(&["graph", &file, "--format", "svg"]).code(0).out;
    assert_eq!(svg, again);
}

#[test]
fn the_outcomes_of_a_flow_that_is_run_have_places_of_their_own() {
    let place = Place::new();
    let file = home().join("tests/it/semantics/runs.failway");
    let file = file.to_str().unwrap();
    let args = ["graph", file, "--flow", "talk", "--format", "dot"];
    let dot = place.run(&args).code(0).out;
    assert!(dot.contains("label=\"run by inner\""), "{dot}");
    let leads = |outcome: &str, style: &str| {
        let node = dot
            .lines()
            .find(|l| l.contains(&format!("\"inner: {outcome}\\n")));
        let id = node.unwrap().trim().split(' ').next().unwrap();
        let edge = dot.lines().find(|l| l.contains(&format!("  {id} -> ")));
        assert!(edge.unwrap().contains(style), "{outcome}: {edge:?}");
    };
    // It goes on from a failure of the inner flow as from any other one.
    leads("given_up", "style=dashed");
    leads("told", "penwidth=1.6, weight=3");
}

#[test]
fn what_cannot_be_drawn_is_said() {
    let place = Place::new();
    place.write(
        "gate.failway",
        "policy gate\nintegration a { action b() { reads timeout 1s } }\nallow it: a.b\n",
    );
    place
        .run(&["graph", "gate.failway"])
        .code(2)
        .err("has no flow to draw");
    place
        .run(&["graph", "none.failway"])
        .code(2)
        .err("there is no such file");
    let file = example("front-desk");
    place
        .run(&["graph", &file, "-o", "desk.pdf"])
        .code(2)
        .err("end it with .svg, .dot or .mmd");
    place
        .run(&["graph", &file, "--flow", "book"])
        .code(2)
        .err("the policy has no flow `book`");
    place
        .run(&["graph", &file, "-o", "no/desk.svg"])
        .code(2)
        .err("there is no folder `no`");
    place.write("broken.failway", "policy broken\nflow f() { start -> a }\n");
    place
        .run(&["graph", "broken.failway"])
        .code(1)
        .err("has errors");
}
