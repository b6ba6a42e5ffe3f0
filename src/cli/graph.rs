//! `failway graph`: flows as pictures.

mod scene;

use super::output::{Output, clean};
use super::{Ended, Trouble, compile, load};
use crate::pictures::{self, Scene};
use clap::ValueEnum;
use std::io::Write;
use std::path::Path;

pub(super) use scene::scene;

/// Draw flows: as a picture, or for Mermaid or Graphviz
///
/// Solid lines: it goes well. Dashed lines: something broke. Dotted lines: an event, a deadline or one
/// entry too many. Retries and bounds stand where they hold, ends say of which class they are, and
/// states from which no success can be reached have a dashed edge. An SVG needs nothing else: no
/// program to draw it, and nothing from elsewhere.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:\n  \
    failway graph desk.failway                       for a Markdown page, as Mermaid\n  \
    failway graph desk.failway -o desk.svg           a picture\n  \
    failway graph desk.failway --format dot | dot -Tpdf > desk.pdf\n  \
    failway graph desk.table.json --flow book_appointment --format svg > book.svg\n\n\
    Exit codes: 0 drawn, 1 the policy has errors, 2 it could not run.")]
pub(super) struct Args {
    /// A policy's root file, a compiled table, or - for standard input
    #[arg(value_name = "FILE")]
    file: String,
    /// Draw only this flow
    #[arg(long, value_name = "FLOW")]
    flow: Option<String>,
    /// The form of the picture; else told by the name of OUT, else Mermaid
    #[arg(long, value_enum)]
    format: Option<GraphFormat>,
    /// Where to write it, whole or not at all; - for standard output
    #[arg(short, long, value_name = "OUT")]
    output: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum GraphFormat {
    /// A Mermaid flowchart, which many hosts draw where it stands in a text
    Mermaid,
    /// For Graphviz
    Dot,
    /// A picture, light and dark
    Svg,
}

impl GraphFormat {
    /// As the name of a file tells.
    fn of(path: &str) -> Option<Self> {
        let end = Path::new(path).extension()?.to_str()?.to_lowercase();
        match end.as_str() {
            "svg" => Some(Self::Svg),
            "dot" | "gv" => Some(Self::Dot),
            "mmd" | "mermaid" => Some(Self::Mermaid),
            _ => None,
        }
    }
}

pub(super) fn run(args: &Args, out: &mut Output) -> Result<Ended, Trouble> {
    let target = args.output.as_deref().filter(|o| *o != "-");
    let format = match (args.format, target) {
        (Some(format), _) => format,
        (None, None) => GraphFormat::Mermaid,
        (None, Some(path)) => GraphFormat::of(path).ok_or_else(|| {
            Trouble::new(format!(
                "the name `{path}` doesn't tell the form: end it with .svg, .dot or .mmd, or say --format"
            ))
        })?,
    };
    let Some(table) = load::table(&args.file, out)? else {
        return Ok(Ended::Found);
    };
    let body = table.body();
    if body.flows.is_empty() {
        return Err(Trouble::new(format!(
            "`{}` has no flow to draw: the gate alone decides; `failway table` shows it",
            args.file
        )));
    }
    let flows = match &args.flow {
        Some(name) => vec![load::flow(&table, name)?],
        None => body.flows.iter().collect(),
    };
    let scenes: Vec<Scene> = flows.iter().map(|f| scene(body, f)).collect();
    let title = match scenes.as_slice() {
        [one] => format!("{}: flow {}", body.policy, one.name),
        _ => format!("{}: all flows", body.policy),
    };
    let text = match format {
        GraphFormat::Mermaid => pictures::mermaid::diagram(&title, &scenes),
        GraphFormat::Dot => pictures::dot::graph(&title, &scenes),
        GraphFormat::Svg => {
            drawable(&scenes)?;
            pictures::svg::file(&title, &scenes)
        }
    };
    match target {
        None => out.write_all(text.as_bytes())?,
        Some(path) => {
            compile::replace(Path::new(path), text.as_bytes())?;
            let what: Vec<String> = scenes
                .iter()
                .map(|s| format!("flow {}", clean(&s.name)))
                .collect();
            out.aside(&format!("{path}: {}", what.join(", ")));
        }
    }
    Ok(Ended::Well)
}

/// Whether nothing is too large to be drawn.
fn drawable(scenes: &[Scene]) -> Result<(), Trouble> {
    let most = pictures::layout::NODES_MAX;
    match scenes.iter().find(|s| s.nodes.len() > most) {
        None => Ok(()),
        Some(scene) => Err(Trouble::new(format!(
            "flow `{}` has {} states: more than {most} places are not drawn; --format dot writes it for a program \
             that may",
            scene.name,
            scene.states()
        ))),
    }
}
