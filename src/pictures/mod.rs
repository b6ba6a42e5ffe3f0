//! Pictures of flows: what a flow looks like, as plain data, and its drawings.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `layout` | where everything stands: a layered drawing |
//! | `svg` | the drawing itself |
//! | `dot`, `mermaid` | the same for programs that draw by themselves |
//! | `reach` | what can still come of each state |
//! | `text` | how wide text is, and where it breaks |
//!
//! Nothing here knows policies or tables, reads or writes.

pub mod dot;
pub mod layout;
pub mod mermaid;
mod reach;
pub mod svg;
mod text;

#[cfg(test)]
mod tests;

pub use reach::reach;
pub use text::xml;

/// How an end counts, the best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Class {
    Success,
    Fallback,
    Failure,
}

impl Class {
    /// Its word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Fallback => "fallback",
            Self::Failure => "failure",
        }
    }

    /// A sign that tells it without colour.
    #[must_use]
    pub fn sign(self) -> &'static str {
        match self {
            Self::Success => "✓",
            Self::Fallback => "↪",
            Self::Failure => "✗",
        }
    }
}

/// What a node stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Where the flow begins.
    Start,
    /// A state that does something.
    State,
    /// A state that looks at data and chooses.
    Choose,
    /// A state in which an AI acts, or a person is asked.
    Free,
    /// An outcome of a flow that a state runs.
    Return,
    /// Any state of a run: where events and its deadline begin.
    Anywhere,
    /// An end.
    End(Class),
}

/// A node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// What it stands for.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// What it does, and within which bounds: a line each.
    pub about: Vec<String>,
    /// What is said of it in the policy.
    pub doc: Option<String>,
    /// The run that it belongs to: empty for the flow itself, `pay` for the flow that `pay` runs.
    pub group: String,
}

/// How an edge comes about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tone {
    /// Something went well, or was chosen.
    Well,
    /// Something failed, was refused or is in doubt.
    Broken,
    /// An event, a deadline, an entry too many.
    Aside,
}

/// An edge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edge {
    /// Index of the node that it begins at.
    pub from: usize,
    /// Index of the node that it leads to.
    pub to: usize,
    /// How it comes about.
    pub tone: Tone,
    /// What has to happen, with retries: a line each.
    pub label: Vec<String>,
}

/// A flow, as it is to be drawn. Of two nodes there is at most one edge of each tone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scene {
    /// The flow's name.
    pub name: String,
    /// What is said of it in the policy.
    pub doc: Option<String>,
    /// Its nodes; the start is the first.
    pub nodes: Vec<Node>,
    /// Its edges.
    pub edges: Vec<Edge>,
}

impl Scene {
    /// Adds what leads from node to node; joins what is there already. What begins at a node has to be
    /// added in one go.
    pub fn connect(&mut self, from: usize, to: usize, tone: Tone, label: String) {
        let of = self.edges.iter_mut().rev().take_while(|e| e.from == from);
        match of.into_iter().find(|e| e.to == to && e.tone == tone) {
            Some(edge) => edge.label.push(label),
            None => self.edges.push(Edge {
                from,
                to,
                tone,
                label: vec![label],
            }),
        }
    }

    /// How many states it has.
    #[must_use]
    pub fn states(&self) -> usize {
        let of = |n: &&Node| matches!(n.kind, Kind::State | Kind::Choose | Kind::Free);
        self.nodes.iter().filter(of).count()
    }

    /// The name of a node, as it is spoken of: `end booked`.
    #[must_use]
    pub fn spoken(&self, node: usize) -> String {
        let Some(node) = self.nodes.get(node) else {
            return String::new();
        };
        match node.kind {
            Kind::End(class) => format!("end {} ({})", node.name, class.word()),
            _ => node.name.clone(),
        }
    }
}
