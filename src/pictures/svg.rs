//! The drawing as SVG: nothing is loaded from elsewhere, light and dark, and no colour says what lines
//! and words don't.

use super::layout::{Arrow, Boxed, Drawing, NAME, Point, SMALL, What, layout};
use super::text::{width, xml};
use super::{Class, Kind, Node, Scene, Tone, reach};
use std::fmt::Write;

/// The colours and lines of a drawing, for a page that holds it.
pub const STYLE: &str = include_str!("assets/drawing.css");

/// The height of a flow's heading.
const HEADING: f64 = 34.0;
/// The height of what explains the lines.
const LEGEND: f64 = 46.0;

/// All flows in one file, one below the other.
#[must_use]
pub fn file(title: &str, scenes: &[Scene]) -> String {
    let drawings: Vec<Drawing> = scenes.iter().map(layout).collect();
    let needed = legend_width();
    let wide = drawings.iter().map(|d| d.width).fold(needed, f64::max);
    let high: f64 = drawings.iter().map(|d| d.height + HEADING).sum();
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{w}\" height=\"{h}\" viewBox=\"0 0 {w} {h}\" \
         role=\"img\" aria-labelledby=\"title desc\" class=\"flows\">\n<title id=\"title\">{}</title>\n\
         <desc id=\"desc\">{}</desc>\n<style>\n{STYLE}</style>\n",
        xml(title),
        xml(&scenes.iter().map(told).collect::<Vec<_>>().join(" ")),
        w = short(wide),
        h = short(high + LEGEND),
    );
    let _ = writeln!(out, "<rect class=\"page\" width=\"100%\" height=\"100%\"/>");
    let mut top = 0.0;
    for (i, (scene, drawing)) in scenes.iter().zip(&drawings).enumerate() {
        let _ = writeln!(
            out,
            "<g transform=\"translate({} {})\">\n<text class=\"heading\" x=\"16\" y=\"24\">flow {}</text>\n</g>\n\
             <g transform=\"translate({} {})\">",
            0,
            short(top),
            xml(&scene.name),
            short((wide - drawing.width) / 2.0),
            short(top + HEADING),
        );
        body(&mut out, scene, drawing, &format!("f{i}"), false);
        out.push_str("</g>\n");
        top += drawing.height + HEADING;
    }
    let _ = writeln!(out, "<g transform=\"translate(16 {})\">", short(top + 8.0));
    legend(&mut out);
    out.push_str("</g>\n</svg>\n");
    out
}

/// One flow for a page that brings [`STYLE`] itself: nodes can be reached by keyboard, and say what they
/// are. Ids begin with `prefix`.
#[must_use]
pub fn part(scene: &Scene, prefix: &str) -> String {
    let drawing = layout(scene);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{w}\" height=\"{h}\" viewBox=\"0 0 {w} {h}\" \
         role=\"group\" aria-label=\"Diagram of flow {}\" class=\"flows\">\n",
        xml(&scene.name),
        w = short(drawing.width),
        h = short(drawing.height),
    );
    body(&mut out, scene, &drawing, prefix, true);
    out.push_str("</svg>\n");
    out
}

/// The legend alone, for such a page.
#[must_use]
pub fn legend_part() -> String {
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{w}\" height=\"38\" viewBox=\"0 0 {w} 38\" \
         role=\"img\" aria-label=\"Solid lines: it goes well. Dashed lines: something broke. Dotted lines: an \
         event, a deadline or one entry too many. Dashed boxes: no success any more. Boxes with a thick \
         dashed edge: only failure.\" class=\"flows\">\n",
        w = short(legend_width())
    );
    legend(&mut out);
    out.push_str("</svg>\n");
    out
}

fn body(out: &mut String, scene: &Scene, drawing: &Drawing, prefix: &str, live: bool) {
    let _ = writeln!(
        out,
        "<defs>{}</defs>",
        [Tone::Well, Tone::Broken, Tone::Aside]
            .map(|t| format!(
                "<marker id=\"{prefix}-{t}\" class=\"head {t}\" viewBox=\"0 0 10 10\" refX=\"9\" refY=\"5\" \
                 markerWidth=\"8\" markerHeight=\"8\" markerUnits=\"userSpaceOnUse\" orient=\"auto\">\
                 <path d=\"M0 0.8L9.5 5L0 9.2z\"/></marker>",
                t = tone(t)
            ))
            .concat()
    );
    let hidden = if live { " aria-hidden=\"true\"" } else { "" };
    let _ = writeln!(out, "<g class=\"edges\"{hidden}>");
    for arrow in &drawing.arrows {
        line(out, scene, arrow, prefix);
    }
    out.push_str("</g>\n<g class=\"labels\"");
    let _ = writeln!(out, "{hidden}>");
    for boxed in &drawing.boxes {
        match boxed.what {
            What::Label(edge) => label(out, scene, boxed, edge),
            What::Jump(edge) => jump(out, scene, boxed, edge),
            _ => {}
        }
    }
    out.push_str("</g>\n<g class=\"nodes\">\n");
    let reach = reach(scene);
    for boxed in &drawing.boxes {
        if let What::Node(i) = boxed.what
            && let Some(node) = scene.nodes.get(i)
        {
            let best = reach.get(i).copied().flatten();
            draw_node(out, scene, boxed, (i, node), best, (prefix, live));
        }
    }
    out.push_str("</g>\n");
}

fn tone(tone: Tone) -> &'static str {
    match tone {
        Tone::Well => "well",
        Tone::Broken => "broken",
        Tone::Aside => "aside",
    }
}

/// Numbers as short as they can be.
fn short(n: f64) -> String {
    let text = format!("{n:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_string)
}

fn pair((x, y): Point) -> String {
    format!("{} {}", short(x), short(y))
}

/// The attributes by which a page finds the edges of a node.
fn of_edge(scene: &Scene, edge: usize) -> String {
    let Some(edge) = scene.edges.get(edge) else {
        return String::new();
    };
    format!("data-from=\"{}\" data-to=\"{}\"", edge.from, edge.to)
}

fn line(out: &mut String, scene: &Scene, arrow: &Arrow, prefix: &str) {
    let tone = scene.edges.get(arrow.edge).map_or("well", |e| tone(e.tone));
    let mut path = String::new();
    for (start, curves) in &arrow.pieces {
        let _ = write!(path, "M{}", pair(*start));
        for [a, b, to] in curves {
            let _ = write!(path, "C{} {} {}", pair(*a), pair(*b), pair(*to));
        }
    }
    let _ = writeln!(
        out,
        "<path class=\"edge {tone}\" {} d=\"{path}\" marker-end=\"url(#{prefix}-{tone})\"/>",
        of_edge(scene, arrow.edge)
    );
}

fn lines(out: &mut String, boxed: &Boxed, pad: f64) {
    let (mut y, middle) = (boxed.top + pad, boxed.left + boxed.width / 2.0);
    for line in &boxed.lines {
        let ((_, height), class) = if line.name {
            (NAME, " class=\"name\"")
        } else {
            (SMALL, "")
        };
        y += height;
        let _ = write!(
            out,
            "<text x=\"{}\" y=\"{}\"{class}>{}</text>",
            short(middle),
            short(y - height * 0.25),
            xml(&line.text)
        );
    }
}

fn label(out: &mut String, scene: &Scene, boxed: &Boxed, edge: usize) {
    let tone = scene.edges.get(edge).map_or("well", |e| tone(e.tone));
    let _ = write!(out, "<g class=\"label {tone}\" {}>", of_edge(scene, edge));
    let text: f64 = boxed.lines.iter().map(|_| SMALL.1).sum();
    lines(out, boxed, (boxed.height - text) / 2.0);
    out.push_str("</g>\n");
}

fn jump(out: &mut String, scene: &Scene, boxed: &Boxed, edge: usize) {
    let tone = scene.edges.get(edge).map_or("well", |e| tone(e.tone));
    let _ = write!(
        out,
        "<g class=\"jump {tone}\" {}><rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"4\"/>",
        of_edge(scene, edge),
        short(boxed.left),
        short(boxed.top),
        short(boxed.width),
        short(boxed.height)
    );
    lines(out, boxed, 4.0);
    out.push_str("</g>\n");
}

fn draw_node(
    out: &mut String,
    scene: &Scene,
    boxed: &Boxed,
    (index, node): (usize, &Node),
    best: Option<Class>,
    (prefix, live): (&str, bool),
) {
    let class = match node.kind {
        Kind::Start => "start".to_string(),
        Kind::Anywhere => "anywhere".to_string(),
        Kind::End(class) => format!("end {}", class.word()),
        _ => format!("state {}", best.map_or("success", Class::word)),
    };
    let about = if live {
        format!(
            " id=\"{prefix}-n{index}\" data-node=\"{index}\" tabindex=\"{}\" role=\"button\" aria-label=\"{}\"",
            if index == 0 { 0 } else { -1 },
            xml(&said(scene, index, best))
        )
    } else {
        String::new()
    };
    let (x, y, w, h) = (boxed.left, boxed.top, boxed.width, boxed.height);
    let _ = write!(out, "<g class=\"node {class}\"{about}>");
    if !live {
        let _ = write!(out, "<title>{}</title>", xml(&said(scene, index, best)));
    }
    match node.kind {
        // A hexagon: here it is chosen.
        Kind::Choose => {
            let cut = 10.0_f64.min(h / 2.0);
            let points = [
                (x, y + h / 2.0),
                (x + cut, y),
                (x + w - cut, y),
                (x + w, y + h / 2.0),
                (x + w - cut, y + h),
                (x + cut, y + h),
            ];
            let points: Vec<String> = points.map(pair).to_vec();
            let _ = write!(out, "<polygon points=\"{}\"/>", points.join(" "));
        }
        kind => {
            let round = match kind {
                Kind::Start | Kind::End(Class::Success) | Kind::Return => h / 2.0,
                Kind::Free => 14.0,
                Kind::End(Class::Failure) => 0.0,
                _ => 5.0,
            };
            let _ = write!(
                out,
                "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"{}\"/>",
                short(x),
                short(y),
                short(w),
                short(h),
                short(round.min(h / 2.0))
            );
        }
    }
    let text: f64 = boxed
        .lines
        .iter()
        .map(|l| if l.name { NAME.1 } else { SMALL.1 })
        .sum();
    lines(out, boxed, (h - text) / 2.0);
    out.push_str("</g>\n");
}

/// A node and what leads from it, in words.
#[must_use]
pub fn said(scene: &Scene, index: usize, best: Option<Class>) -> String {
    let Some(node) = scene.nodes.get(index) else {
        return String::new();
    };
    let mut parts = vec![scene.spoken(index)];
    if !node.about.is_empty() {
        parts.push(node.about.join(", "));
    }
    let state = matches!(node.kind, Kind::State | Kind::Choose | Kind::Free);
    match best {
        Some(Class::Fallback) if state => parts.push("no success any more".to_string()),
        Some(Class::Failure) if state => parts.push("only failure".to_string()),
        _ => {}
    }
    let from = scene.edges.iter().filter(|e| e.from == index);
    parts.extend(from.map(|e| {
        format!("{} to {}", e.label.join(" or "), scene.spoken(e.to))
            .trim()
            .to_string()
    }));
    parts.join("; ")
}

/// The whole flow in words.
fn told(scene: &Scene) -> String {
    let mut parts = vec![format!("Flow {}.", scene.name)];
    let mut by_node: Vec<Vec<String>> = vec![Vec::new(); scene.nodes.len()];
    for edge in &scene.edges {
        if let Some(list) = by_node.get_mut(edge.from) {
            let label = edge.label.join(" or ");
            let to = scene.spoken(edge.to);
            list.push(if label.is_empty() {
                format!("to {to}")
            } else {
                format!("{label} to {to}")
            });
        }
    }
    for (node, ways) in scene.nodes.iter().zip(by_node) {
        if !ways.is_empty() {
            parts.push(format!("{}: {}.", node.name, ways.join("; ")));
        }
    }
    parts.join(" ")
}

const SAMPLES: [(&str, &str); 3] = [
    ("well", "it goes well"),
    ("broken", "something broke"),
    ("aside", "event, deadline, one entry too many"),
];
const BOXES: [(&str, &str); 3] = [
    ("state success", "success is possible"),
    ("state fallback", "no success any more"),
    ("state failure", "only failure"),
];

fn legend_width() -> f64 {
    let row = |all: &[(&str, &str)]| -> f64 {
        all.iter()
            .map(|(_, text)| width(text, SMALL.0) + 62.0)
            .sum()
    };
    row(&SAMPLES).max(row(&BOXES)) + 32.0
}

fn legend(out: &mut String) {
    out.push_str("<g class=\"legend\" aria-hidden=\"true\">");
    let mut x = 0.0;
    for (tone, text) in SAMPLES {
        let _ = write!(
            out,
            "<path class=\"edge {tone}\" d=\"M{} 8h32\"/><text x=\"{}\" y=\"12\">{text}</text>",
            short(x),
            short(x + 40.0)
        );
        x += width(text, SMALL.0) + 62.0;
    }
    x = 0.0;
    for (class, text) in BOXES {
        let _ = write!(
            out,
            "<g class=\"node {class}\"><rect x=\"{}\" y=\"22\" width=\"30\" height=\"13\" rx=\"3\"/></g>\
             <text x=\"{}\" y=\"32\">{text}</text>",
            short(x + 1.0),
            short(x + 40.0)
        );
        x += width(text, SMALL.0) + 62.0;
    }
    out.push_str("</g>\n");
}
