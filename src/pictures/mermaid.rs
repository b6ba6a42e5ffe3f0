//! Scenes for Mermaid, which code hosts and wikis draw where it stands in a text.

use super::text::wild;
use super::{Class, Kind, Scene, Tone, reach};
use std::collections::BTreeMap;
use std::fmt::Write;

/// All flows as one flowchart.
#[must_use]
pub fn diagram(title: &str, scenes: &[Scene]) -> String {
    let mut out = format!(
        "flowchart TD\n    accTitle: {}\n    accDescr: {}\n",
        plain(title),
        "Solid arrows: it goes well. Dashed boxes: no success any more. Dotted arrows: something broke. \
         Arrows with a circle: an event, a deadline or one entry too many.",
    );
    for (scene, i) in scenes.iter().zip(0..) {
        flow(&mut out, scene, i, scenes.len() > 1);
    }
    out.push_str(
        "    classDef fallback stroke-dasharray: 6 3\n\
         \x20   classDef failure stroke-dasharray: 6 3,stroke-width: 3px\n\
         \x20   classDef good stroke: #1a7f37,stroke-width: 2px\n\
         \x20   classDef fair stroke: #9a6700,stroke-width: 2px\n\
         \x20   classDef bad stroke: #cf222e,stroke-width: 3px\n\
         \x20   classDef anywhere stroke-dasharray: 2 4\n",
    );
    out
}

fn flow(out: &mut String, scene: &Scene, number: usize, boxed: bool) {
    if boxed {
        let _ = writeln!(
            out,
            "    subgraph f{number} [\"flow {}\"]",
            quoted(&scene.name)
        );
    }
    // What belongs to a flow that a state runs stands together.
    let mut groups: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (node, i) in scene.nodes.iter().zip(0..) {
        groups.entry(&node.group).or_default().push(i);
    }
    for ((group, nodes), g) in groups.iter().zip(0..) {
        if !group.is_empty() {
            let _ = writeln!(
                out,
                "    subgraph f{number}g{g} [\"run by {}\"]",
                quoted(group)
            );
        }
        for i in nodes {
            node(out, scene, number, *i);
        }
        if !group.is_empty() {
            out.push_str("    end\n");
        }
    }
    for edge in &scene.edges {
        let arrow = match edge.tone {
            Tone::Well => "-->",
            Tone::Broken => "-.->",
            Tone::Aside => "--o",
        };
        let text: Vec<String> = edge.label.iter().map(|l| quoted(l)).collect();
        let text = text.join("<br/>");
        let text = if text.is_empty() {
            text
        } else {
            format!("|\"{text}\"|")
        };
        let _ = writeln!(
            out,
            "    f{number}n{} {arrow}{text} f{number}n{}",
            edge.from, edge.to
        );
    }
    if boxed {
        out.push_str("    end\n");
    }
    let reach = reach(scene);
    for (node, i) in scene.nodes.iter().zip(0..) {
        let class = match (node.kind, reach.get(i).copied().flatten()) {
            (Kind::End(Class::Success), _) => "good",
            (Kind::End(Class::Fallback), _) => "fair",
            (Kind::End(Class::Failure), _) => "bad",
            (Kind::Anywhere, _) => "anywhere",
            (Kind::Start, _) => continue,
            (_, Some(Class::Fallback)) => "fallback",
            (_, Some(Class::Failure)) => "failure",
            _ => continue,
        };
        let _ = writeln!(out, "    class f{number}n{i} {class}");
    }
}

fn node(out: &mut String, scene: &Scene, number: usize, index: usize) {
    let Some(node) = scene.nodes.get(index) else {
        return;
    };
    let sign = match node.kind {
        Kind::End(class) => format!("{} ", class.sign()),
        _ => String::new(),
    };
    let mut text = format!("{sign}<b>{}</b>", quoted(&node.name));
    for about in &node.about {
        text.push_str("<br/>");
        text.push_str(&quoted(about));
    }
    let (open, close) = match node.kind {
        Kind::Start | Kind::Return | Kind::End(Class::Success) => ("([", "])"),
        Kind::Choose => ("{{", "}}"),
        Kind::Free => ("(", ")"),
        Kind::End(Class::Failure) => ("[[", "]]"),
        _ => ("[", "]"),
    };
    let _ = writeln!(out, "    f{number}n{index}{open}\"{text}\"{close}");
}

/// Text inside quotes: what means something there is written by its number.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' => out.push_str("#quot;"),
            '#' => out.push_str("#35;"),
            '&' => out.push_str("#amp;"),
            '<' => out.push_str("#lt;"),
            '>' => out.push_str("#gt;"),
            // Else it is read as Markdown, or as a link.
            '`' => out.push_str("#96;"),
            '*' => out.push_str("#42;"),
            '_' => out.push_str("#95;"),
            ';' => out.push_str("#59;"),
            '\n' | '\t' => out.push(' '),
            c if wild(c) => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// Text that goes to the end of the line.
fn plain(text: &str) -> String {
    let bad = |c: char| wild(c) || matches!(c, ';' | '#' | '{' | '}' | '<' | '>' | '`' | '"');
    text.replace(bad, " ")
}
