//! Trees to a checked policy. One pass per subject, in the order in which they need each other.
//! Every error is reported once, and what is wrong is left out of the policy.

mod actions;
mod args;
mod compare;
mod conds;
mod consts;
mod declared;
mod ends;
mod events;
mod facts;
mod failures;
mod flow_steps;
mod flows;
mod handlers;
mod history;
mod outcomes;
mod paths;
mod refine;
mod regexes;
mod rules;
mod run_order;
mod scope;
mod sides;
mod targets;
mod tests;
mod types;
mod undo;
mod unused;

use super::{ActionId, EnumType, Policy, RecordType, Type};
use crate::diagnostics::{Code, Diagnostic, Label, Severity};
use crate::source::Span;
use crate::syntax::tree;
use declared::Declared;
use std::collections::{BTreeMap, BTreeSet};

/// The outcomes that every flow knows; nothing else may bear these names.
pub const BUILT_IN_OUTCOMES: &[&str] = &[
    "ok",
    "timeout",
    "malformed",
    "denied",
    "limited",
    "declined",
    "expired",
    "stuck",
    "exhausted",
    "answered",
    "no_answer",
    "unclear",
    "unreachable",
    "happened",
    "absent",
    "unknown",
    "clean",
];

/// Checks the trees of one policy, the root's first.
#[must_use]
pub fn check(files: &[tree::File]) -> (Policy, Vec<Diagnostic>) {
    let mut checker = Checker {
        findings: Vec::new(),
        trusted: files.iter().all(|f| f.complete),
        complete: files.iter().all(|f| f.complete),
        declared: Declared::default(),
        used: BTreeSet::new(),
        enums: Vec::new(),
        records: Vec::new(),
        types: BTreeMap::new(),
        policy: empty(),
        groups: BTreeMap::new(),
        expanding: Vec::new(),
        names: BTreeMap::new(),
        taken: BTreeSet::new(),
        expanded: 0,
        depth: 0,
        lost_params: BTreeSet::new(),
        lost_undos: BTreeSet::new(),
    };
    checker.header(files);
    checker.declare(files);
    checker.resolve_types();
    checker.resolve_inputs();
    checker.resolve_actions();
    checker.resolve_facts();
    checker.check_groups_and_defines();
    checker.resolve_rules();
    checker.resolve_flows();
    checker.resolve_tests();
    checker.unused();
    let mut policy = checker.policy;
    policy.enums = checker.enums;
    policy.records = checker.records;
    policy.complete = checker.complete
        && !checker
            .findings
            .iter()
            .any(|d| d.severity == Severity::Error);
    (policy, checker.findings)
}

fn empty() -> Policy {
    Policy {
        name: String::new(),
        doc: None,
        enums: Vec::new(),
        records: Vec::new(),
        inputs: Vec::new(),
        roles: Vec::new(),
        events: Vec::new(),
        integrations: Vec::new(),
        actions: Vec::new(),
        facts: Vec::new(),
        rules: Vec::new(),
        unsure: BTreeSet::new(),
        flows: Vec::new(),
        tests: Vec::new(),
        complete: true,
    }
}

/// Kinds of declarations whose use is watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Type,
    Input,
    Role,
    Event,
    Fact,
    Group,
    Define,
}

impl Kind {
    /// Whether the policy itself has names of this kind, in its one namespace.
    fn of_policy(what: &str) -> bool {
        matches!(
            what,
            "input" | "role" | "event" | "integration" | "fact" | "group" | "define" | "flow"
        )
    }

    fn words(self) -> &'static str {
        match self {
            Self::Type => "type",
            Self::Input => "input",
            Self::Role => "role",
            Self::Event => "event",
            Self::Fact => "fact",
            Self::Group => "group",
            Self::Define => "define",
        }
    }
}

/// The words with `a` or `an` before them.
pub(super) fn with_article(words: &str) -> String {
    let article = if words.starts_with(['a', 'e', 'i', 'o']) {
        "an"
    } else {
        "a"
    };
    format!("{article} {words}")
}

/// The state of one check.
pub(super) struct Checker<'a> {
    findings: Vec<Diagnostic>,
    /// Every file was read whole, so that what isn't there was never written.
    trusted: bool,
    complete: bool,
    /// Flows whose parameters were not understood.
    lost_params: BTreeSet<String>,
    /// Actions with an `undo` that was not understood.
    lost_undos: BTreeSet<ActionId>,
    declared: Declared<'a>,
    used: BTreeSet<(Kind, String)>,
    enums: Vec<EnumType>,
    records: Vec<RecordType>,
    /// Resolved type names; `None` where the declaration is wrong.
    types: BTreeMap<String, Option<Type>>,
    policy: Policy,
    /// What each group comes to, once it is known; `None` if anything was wrong in it.
    groups: BTreeMap<&'a str, Option<Vec<ActionId>>>,
    /// Defines being expanded, innermost last.
    expanding: Vec<String>,
    /// What the policy's own names stand for, and where the first one is declared.
    names: BTreeMap<&'a str, (&'static str, Span)>,
    /// Names that more than one declaration claims.
    taken: BTreeSet<String>,
    /// Condition nodes made by expansion so far.
    expanded: usize,
    /// How deep the condition goes that is being looked at, with the defines put in.
    depth: usize,
}

impl<'a> Checker<'a> {
    /// Takes in a finding, once.
    fn report(&mut self, found: Diagnostic) {
        if found.severity == Severity::Error {
            self.complete = false;
        }
        if !self.findings.contains(&found) {
            self.findings.push(found);
        }
    }

    /// Takes in a finding about a use of something; further uses are places of the same finding.
    fn report_use(&mut self, found: Diagnostic) {
        let same = self
            .findings
            .iter_mut()
            .find(|f| f.code == found.code && f.message == found.message);
        let Some(first) = same else {
            self.report(found);
            return;
        };
        self.complete = false;
        let span = found.span();
        if !first.labels.iter().any(|l| l.span == span) {
            first.labels.push(Label {
                span,
                text: "and here".to_string(),
                primary: false,
            });
        }
    }

    fn error(
        &mut self,
        code: Code,
        message: impl Into<String>,
        span: Span,
        label: impl Into<String>,
    ) {
        self.report(Diagnostic::new(code, message, span, label));
    }

    fn mark(&mut self, kind: Kind, name: &str) {
        self.used.insert((kind, name.to_string()));
    }

    /// An unknown name, with the nearest known one. Silent where something could not be read, since
    /// that may have declared it.
    fn unknown<'n>(
        &mut self,
        what: &str,
        name: &str,
        span: Span,
        known: impl Iterator<Item = (&'n str, Option<Span>)>,
    ) {
        self.complete = false;
        if !self.trusted {
            return;
        }
        if let Some((other, at)) = self.names.get(name).copied()
            && Kind::of_policy(what)
        {
            // Declared twice as two kinds of things: that has been reported.
            if other != what && !self.taken.contains(name) {
                self.report(
                    Diagnostic::new(
                        Code::FW101,
                        format!(
                            "`{name}` is {}, not {}",
                            with_article(other),
                            with_article(what)
                        ),
                        span,
                        format!("{} was expected here", with_article(what)),
                    )
                    .label(at, "declared here")
                    .help(format!("name {} here", with_article(what))),
                );
            }
            return;
        }
        self.unknown_as(
            format!("there is no {what} `{name}`"),
            "not declared".to_string(),
            if what.starts_with("state or end of") {
                format!("declare it: `state {name} {{ … }}`, or `end {name} success`, `fallback` or `failure`")
            } else {
                format!("declare {} `{name}`, or remove its use", with_article(what))
            },
            name,
            span,
            known,
        );
    }

    /// An unknown name, in words of its own. `declare` is the advice where no other name is known,
    /// or none is to be listed.
    fn unknown_as<'n>(
        &mut self,
        message: String,
        label: String,
        declare: String,
        name: &str,
        span: Span,
        known: impl Iterator<Item = (&'n str, Option<Span>)>,
    ) {
        self.complete = false;
        if !self.trusted {
            return;
        }
        let known: Vec<(&str, Option<Span>)> = known.collect();
        let near = known
            .iter()
            .map(|(k, at)| (strsim::damerau_levenshtein(k, name), *k, *at))
            .filter(|(d, k, _)| *d <= (1 + k.len().max(name.len()) / 4).min(4))
            .min_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1)));
        let mut found = Diagnostic::new(Code::FW101, message, span, label);
        match near {
            Some((_, k, at)) => {
                if let Some(at) = at {
                    found = found.label(at, format!("`{k}` is declared here"));
                }
                found = found.did_you_mean(k);
            }
            None if known.is_empty() || declare.starts_with("declare it: ") => {
                found = found.help(declare);
            }
            None => {
                let mut names: Vec<String> = known.iter().map(|(k, _)| format!("`{k}`")).collect();
                names.sort();
                names.dedup();
                let more = names.len().saturating_sub(8);
                names.truncate(8);
                let list = names.join(", ");
                let tail = if more > 0 {
                    format!(" and {more} more")
                } else {
                    String::new()
                };
                found = found.help(format!("known here: {list}{tail}"));
            }
        }
        self.report(found);
    }

    fn header(&mut self, files: &'a [tree::File]) {
        for (index, file) in files.iter().enumerate() {
            match (&file.header, index) {
                (Some(header), 0) => {
                    self.policy.name.clone_from(&header.name.name);
                    self.policy.doc = header.doc.as_ref().map(|d| d.node.clone());
                }
                (None, 0) if file.complete => self.report(
                    Diagnostic::new(
                        Code::FW115,
                        "this file has no `policy` header",
                        Span::new(file.id, 0, 0),
                        "the file that is compiled begins with `policy name`",
                    )
                    .help(
                        "write `policy my_policy` at the top, or check the file that uses this one",
                    ),
                ),
                (Some(header), _) => self.report(
                    Diagnostic::new(
                        Code::FW115,
                        "a file that is brought in by `use` has no `policy` header",
                        header.span,
                        "only the root file has one",
                    )
                    .help("remove this line"),
                ),
                (None, _) => {}
            }
        }
    }
}
