//! Scenes for Graphviz.

use super::text::wild;
use super::{Class, Kind, Scene, Tone, reach};
use std::collections::BTreeMap;
use std::fmt::Write;

/// All flows as one graph.
#[must_use]
pub fn graph(title: &str, scenes: &[Scene]) -> String {
    let mut out = format!(
        "digraph {} {{\n  rankdir=TB\n  nodesep=0.3\n  node [shape=box, fontname=\"monospace\", fontsize=11, \
         margin=\"0.16,0.08\"]\n  edge [fontname=\"monospace\", fontsize=9]\n",
        quoted(title)
    );
    for (scene, i) in scenes.iter().zip(0..) {
        flow(&mut out, scene, i, scenes.len() > 1);
    }
    out.push_str("}\n");
    out
}

fn flow(out: &mut String, scene: &Scene, number: usize, boxed: bool) {
    if boxed {
        let label = quoted(&format!("flow {}", scene.name));
        let _ = writeln!(out, "  subgraph cluster_f{number} {{\n  label={label}");
    }
    let reach = reach(scene);
    let mut groups: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (node, i) in scene.nodes.iter().zip(0..) {
        groups.entry(&node.group).or_default().push(i);
    }
    for ((group, nodes), g) in groups.iter().zip(0..) {
        if !group.is_empty() {
            let label = quoted(&format!("run by {group}"));
            let _ = writeln!(
                out,
                "  subgraph cluster_f{number}g{g} {{\n  label={label}\n  style=dotted"
            );
        }
        for i in nodes {
            node(out, scene, number, *i, reach.get(*i).copied().flatten());
        }
        if !group.is_empty() {
            out.push_str("  }\n");
        }
    }
    for edge in &scene.edges {
        let style = match edge.tone {
            Tone::Well => "color=\"#1a7f37\", penwidth=1.6, weight=3",
            Tone::Broken => "color=\"#cf222e\", style=dashed",
            Tone::Aside => "color=\"#57606a\", style=dotted, penwidth=1.6",
        };
        let _ = writeln!(
            out,
            "  f{number}n{} -> f{number}n{} [label={}, {style}]",
            edge.from,
            edge.to,
            quoted(&edge.label.join("\n"))
        );
    }
    if boxed {
        out.push_str("  }\n");
    }
}

fn node(out: &mut String, scene: &Scene, number: usize, index: usize, best: Option<Class>) {
    let Some(node) = scene.nodes.get(index) else {
        return;
    };
    let mut text = match node.kind {
        Kind::End(class) => format!("{} {}", class.sign(), node.name),
        _ => node.name.clone(),
    };
    for about in &node.about {
        text.push('\n');
        text.push_str(about);
    }
    let look = match (node.kind, best) {
        (Kind::Start, _) => "style=\"rounded,filled\", fillcolor=black, fontcolor=white",
        (Kind::Anywhere, _) => "style=dotted",
        (Kind::End(Class::Success), _) => "style=rounded, color=\"#1a7f37\", penwidth=2",
        (Kind::End(Class::Fallback), _) => "color=\"#9a6700\", penwidth=2",
        (Kind::End(Class::Failure), _) => "color=\"#cf222e\", penwidth=2, peripheries=2",
        (Kind::Choose, _) => "shape=hexagon",
        (Kind::Return, _) => "style=rounded",
        (_, Some(Class::Fallback)) => "style=dashed, color=\"#9a6700\"",
        (_, Some(Class::Failure)) => "style=dashed, color=\"#cf222e\", penwidth=2",
        (Kind::Free, _) => "style=rounded",
        _ => "style=solid",
    };
    let tip = node.doc.as_deref().unwrap_or(&node.name);
    let _ = writeln!(
        out,
        "  f{number}n{index} [label={}, tooltip={}, {look}]",
        quoted(&text),
        quoted(tip)
    );
}

/// A quoted text, as Graphviz reads it.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push(' '),
            c if wild(c) => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
