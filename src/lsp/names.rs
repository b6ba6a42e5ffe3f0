//! Where every name is declared, and where it is used: for going there, for renaming, for hovers.

mod walk;

use crate::source::Span;
use crate::syntax::tree;
use std::collections::BTreeMap;

/// What a name names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Policy,
    Type,
    Record,
    Enum,
    Variant,
    Field,
    Input,
    Role,
    Event,
    Integration,
    Action,
    Param,
    Failure,
    Fact,
    Group,
    Define,
    Rule,
    Flow,
    /// A state or an end of a flow.
    State,
    Handlers,
    /// A parameter of a flow, or a name that it binds.
    Local,
    /// An outcome of an agent.
    Outcome,
}

impl Kind {
    pub fn words(self) -> &'static str {
        match self {
            Self::Policy => "policy",
            Self::Type => "type",
            Self::Record => "record",
            Self::Enum => "enum",
            Self::Variant => "variant",
            Self::Field => "field",
            Self::Input => "input",
            Self::Role => "role",
            Self::Event => "event",
            Self::Integration => "integration",
            Self::Action => "action",
            Self::Param => "parameter",
            Self::Failure => "failure",
            Self::Fact => "fact",
            Self::Group => "group",
            Self::Define => "define",
            Self::Rule => "rule",
            Self::Flow => "flow",
            Self::State => "state",
            Self::Handlers => "handlers",
            Self::Local => "value",
            Self::Outcome => "outcome",
        }
    }
}

/// One thing that bears a name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub kind: Kind,
    /// What it belongs to: `calendar` of an action, `calendar.book` of a parameter, a flow of a state;
    /// empty at the top.
    pub scope: String,
    pub name: String,
}

impl Key {
    pub fn new(kind: Kind, scope: &str, name: &str) -> Self {
        Self {
            kind,
            scope: scope.to_string(),
            name: name.to_string(),
        }
    }

    /// `calendar.book`, as it is written elsewhere.
    pub fn full(&self) -> String {
        match self.kind {
            Kind::Action => format!("{}.{}", self.scope, self.name),
            _ => self.name.clone(),
        }
    }
}

/// A place where a name stands.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub span: Span,
    pub key: Key,
    pub declares: bool,
}

/// A declaration.
#[derive(Clone, Debug)]
pub(super) struct Declared {
    /// All of it, without its documentation.
    pub whole: Span,
    pub name: Span,
    pub doc: Option<String>,
}

/// The names of a policy.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// By place.
    pub places: Vec<Place>,
    pub declared: BTreeMap<Key, Declared>,
}

impl Names {
    /// Of all files of a policy.
    pub fn of(files: &[tree::File]) -> Self {
        let mut names = walk::walk(files);
        names.places.sort_by_key(|p| (p.span, p.declares));
        names.places.dedup_by(|a, b| a.span == b.span);
        names
    }

    /// The name at a place; the end of a name belongs to it.
    pub fn at(&self, file: crate::source::FileId, offset: usize) -> Option<&Place> {
        self.places.iter().find(|p| {
            let range = p.span.range();
            p.span.file == file && range.start <= offset && offset <= range.end
        })
    }

    pub fn uses<'a>(&'a self, key: &'a Key) -> impl Iterator<Item = &'a Place> {
        self.places.iter().filter(move |p| p.key == *key)
    }

    /// Everything of a kind in a scope.
    pub fn all<'a>(
        &'a self,
        kind: Kind,
        scope: &'a str,
    ) -> impl Iterator<Item = (&'a Key, &'a Declared)> {
        self.declared
            .iter()
            .filter(move |(key, _)| key.kind == kind && key.scope == scope)
    }
}
