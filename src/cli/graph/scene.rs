//! A flow of a table as a scene: what is enforced is what is drawn.

use crate::cli::output::clean;
use crate::cli::table::words::Words;
use crate::pictures::{Class, Kind, Node, Scene, Tone};
use crate::table::format::{
    Body, EndClass, EventEdge, Flow, Handler, Retry, Scope, State, Step, Target,
};
use crate::words::duration_literal;
use std::collections::BTreeMap;

/// Longer conditions are cut: the table shows them whole.
const CONDITION_MAX: usize = 90;

/// The scene of a flow.
pub(in crate::cli) fn scene(body: &Body, flow: &Flow) -> Scene {
    let mut made = Maker {
        body,
        flow,
        words: Words::of_flow(body, flow),
        scene: Scene {
            name: clean(&flow.name),
            doc: flow.doc.as_deref().map(clean),
            nodes: Vec::new(),
            edges: Vec::new(),
        },
        returns: BTreeMap::new(),
    };
    made.nodes();
    made.start();
    for (state, i) in flow.states.iter().zip(0..) {
        made.state(state, i);
    }
    made.ways_back();
    for (scope, i) in flow.scopes.iter().zip(0..) {
        made.scope(scope, i);
    }
    made.scene
}

struct Maker<'t> {
    body: &'t Body,
    flow: &'t Flow,
    words: Words<'t>,
    scene: Scene,
    /// The node of an outcome of a flow that a state runs.
    returns: BTreeMap<(u32, &'t str), usize>,
}

impl<'t> Maker<'t> {
    /// The start, the states, the outcomes of runs, the ends: in this order.
    fn nodes(&mut self) {
        let (body, flow) = (self.body, self.flow);
        let params: Vec<&str> = flow.params.iter().map(|p| p.name.as_str()).collect();
        let mut about = Vec::new();
        if !params.is_empty() {
            about.push(format!("given {}", params.join(", ")));
        }
        if let Some(rate) = &flow.expect {
            let per = duration_literal(rate.per_ms);
            about.push(format!("expects {} per {per}", rate.count));
        }
        self.add(Kind::Start, "start", about, None, "");
        for state in &flow.states {
            let kind = match state.step {
                Step::Choose { .. } => Kind::Choose,
                Step::Agent { .. } | Step::Ask { .. } => Kind::Free,
                _ => Kind::State,
            };
            let mut about = Vec::new();
            // A choice shows by its shape and by what its lines say.
            if kind != Kind::Choose {
                about.push(self.does(&state.step));
            }
            if let Some(visits) = &state.visits {
                about.push(match visits.count {
                    1 => "entered once at most".to_string(),
                    n => format!("entered {n} times at most"),
                });
            }
            for edge in state.events.iter().filter(|e| e.to.is_none()) {
                about.push(format!("ignores {}", self.event_name(edge)));
            }
            let scope = flow.scopes.get(state.scope as usize);
            let group = scope.map_or("", |s| s.name.as_str());
            let doc = state.doc.as_deref();
            self.add(kind, &state.name, about, doc, group);
        }
        let targets: Vec<&'t Target> = flow.states.iter().flat_map(targets).collect();
        let of_scopes = flow.scopes.iter().flat_map(|s| {
            let within = s.within.iter().filter_map(|w| w.to.as_ref());
            within.chain(s.events.iter().filter_map(|e| e.to.as_ref()))
        });
        for target in targets.into_iter().chain(of_scopes) {
            if let Target::Return { state, outcome, .. } = target
                && !self.returns.contains_key(&(*state, outcome.as_str()))
                && let Some(runs) = flow.states.get(*state as usize)
            {
                let scope = flow.scopes.get(runs.scope as usize);
                let group = scope.map_or("", |s| s.name.as_str()).to_string();
                let name = format!("{}: {outcome}", runs.name);
                self.returns
                    .insert((*state, outcome), self.scene.nodes.len());
                let class = self.class_inside(runs, outcome);
                let about = class.map(|c| format!("{} of {}", c.word(), runs.name));
                self.add(
                    Kind::Return,
                    &name,
                    about.into_iter().collect(),
                    None,
                    &group,
                );
            }
        }
        for end in &flow.ends {
            let class = class(end.class);
            let names = |list: &[u32]| {
                let named = list.iter().filter_map(|i| body.actions.get(*i as usize));
                named
                    .map(|a| a.name.as_str())
                    .collect::<Vec<_>>()
                    .join(", ")
            };
            let mut about = vec![class.word().to_string()];
            if let Some(value) = &end.gives {
                about.push(format!("gives {}", self.words.expr(value)));
            }
            if !end.keeps.is_empty() {
                about.push(format!("keeps {}", names(&end.keeps)));
            }
            if !end.leaves.is_empty() {
                about.push(format!("may leave {} in doubt", names(&end.leaves)));
            }
            self.add(Kind::End(class), &end.name, about, end.doc.as_deref(), "");
        }
    }

    /// How the end counts in the flow that a state runs.
    fn class_inside(&self, runs: &State, outcome: &str) -> Option<Class> {
        let Step::Run { scope, .. } = &runs.step else {
            return None;
        };
        let inner = &self.flow.scopes.get(*scope as usize)?.flow;
        let flow = self.body.flows.iter().find(|f| f.name == *inner)?;
        let end = flow.ends.iter().find(|e| e.name == outcome)?;
        Some(class(end.class))
    }

    fn add(&mut self, kind: Kind, name: &str, about: Vec<String>, doc: Option<&str>, group: &str) {
        self.scene.nodes.push(Node {
            kind,
            name: clean(name),
            about: about.iter().map(|a| clean(a)).collect(),
            doc: doc.map(clean),
            group: clean(group),
        });
    }

    fn node(&self, target: &Target) -> Option<usize> {
        match target {
            Target::State { index } => Some(1 + *index as usize),
            Target::End { index } => {
                let before = 1 + self.flow.states.len() + self.returns.len();
                Some(before + *index as usize)
            }
            Target::Return { state, outcome, .. } => {
                self.returns.get(&(*state, outcome.as_str())).copied()
            }
        }
    }

    fn connect(&mut self, from: usize, to: &Target, tone: Tone, label: String) {
        if let Some(to) = self.node(to) {
            self.scene.connect(from, to, tone, clean(&label));
        }
    }

    fn start(&mut self) {
        let flow = self.flow;
        self.connect(0, &flow.start, Tone::Well, String::new());
        if let Some(once) = &flow.once {
            let keys: Vec<&str> = once
                .by
                .iter()
                .filter_map(|i| Some(flow.params.get(*i as usize)?.name.as_str()))
                .collect();
            let label = format!(
                "again with the same {} within {}",
                keys.join(", "),
                duration_literal(once.for_ms)
            );
            self.connect(0, &once.to, Tone::Aside, label);
        }
    }

    fn state(&mut self, state: &'t State, index: usize) {
        let from = 1 + index;
        if let Step::Choose {
            branches,
            otherwise,
        } = &state.step
        {
            for branch in branches {
                let label = format!("when {}", self.condition(branch.when));
                self.connect(from, &branch.to, Tone::Well, label);
            }
            if let Some(to) = otherwise {
                self.connect(from, to, Tone::Well, "otherwise".to_string());
            }
        }
        if let Step::Run { start, .. } = &state.step {
            self.connect(from, start, Tone::Well, "runs".to_string());
        } else {
            self.handlers(from, state.handlers.iter(), None);
        }
        if let Some(visits) = &state.visits {
            let label = format!("entry {} or later", visits.count.saturating_add(1));
            self.connect(from, &visits.to, Tone::Aside, label);
        }
        self.events(from, &state.events);
    }

    /// Handlers that lead to the same place in the same way say so once. Behind the outcome of a run,
    /// which has a node of its own, all of them have the tone of that outcome.
    fn handlers(
        &mut self,
        from: usize,
        all: impl Iterator<Item = &'t Handler>,
        behind: Option<Tone>,
    ) {
        let mut groups: Vec<(&'t Handler, Vec<&'t str>)> = Vec::new();
        for handler in all {
            let same = |h: &Handler| {
                h.to == handler.to
                    && h.when == handler.when
                    && h.retry.as_ref().map(|r| r.group) == handler.retry.as_ref().map(|r| r.group)
                    && tone(&h.outcome, self.flow, from) == tone(&handler.outcome, self.flow, from)
            };
            match groups.iter_mut().find(|(h, _)| same(h)) {
                Some((_, names)) => names.push(&handler.outcome),
                None => groups.push((handler, vec![&handler.outcome])),
            }
        }
        // What is tried again comes first: how often stands below it.
        groups.sort_by_key(|(h, _)| h.retry.is_none());
        for (handler, names) in groups {
            let mut parts = Vec::new();
            if behind.is_none() {
                parts.push(names.join(" | "));
            }
            if let Some(when) = handler.when {
                parts.push(format!("when {}", self.condition(when)));
            }
            let tone = behind.unwrap_or_else(|| tone(&handler.outcome, self.flow, from));
            self.connect(from, &handler.to, tone, parts.join(" "));
            if let Some(retry) = &handler.retry {
                self.connect(from, &handler.to, tone, retries(retry));
            }
        }
    }

    /// What follows the outcomes of flows that states run.
    fn ways_back(&mut self) {
        let flow = self.flow;
        for ((state, outcome), node) in self.returns.clone() {
            if let Some(runs) = flow.states.get(state as usize) {
                let own = runs.handlers.iter().filter(|h| h.outcome == outcome);
                let well = self.class_inside(runs, outcome) == Some(Class::Success);
                let tone = if well { Tone::Well } else { Tone::Broken };
                self.handlers(node, own, Some(tone));
            }
        }
    }

    /// Events and the deadline of a run: they begin anywhere in it.
    fn scope(&mut self, scope: &'t Scope, index: usize) {
        let net = scope
            .within
            .as_ref()
            .and_then(|w| Some((w.ms, w.to.as_ref()?)));
        let events = scope.events.iter().any(|e| e.to.is_some());
        let promise = scope.within.as_ref().filter(|w| w.to.is_none());
        if let Some(promise) = promise {
            let within = duration_literal(promise.ms);
            let about = format!("over within {within}, always");
            let first = self.scene.nodes.first_mut().filter(|_| index == 0);
            if let Some(start) = first {
                start.about.push(about);
            }
        }
        if net.is_none() && !events {
            return;
        }
        let name = if scope.name.is_empty() {
            "anywhere".to_string()
        } else {
            format!("anywhere in {}", scope.name)
        };
        let from = self.scene.nodes.len();
        self.add(Kind::Anywhere, &name, Vec::new(), None, &scope.name);
        if let Some((ms, to)) = net {
            let label = format!("after {}", duration_literal(ms));
            self.connect(from, to, Tone::Aside, label);
        }
        self.events(from, &scope.events);
    }

    fn events(&mut self, from: usize, edges: &[EventEdge]) {
        for edge in edges {
            let Some(to) = &edge.to else { continue };
            let mut label = format!("event {}", self.event_name(edge));
            if let Some(when) = edge.when {
                label.push_str(&format!(" when {}", self.condition(when)));
            }
            self.connect(from, to, Tone::Aside, label);
        }
    }

    fn event_name(&self, edge: &EventEdge) -> &'t str {
        let event = self.body.events.get(edge.event as usize);
        event.map_or("", |e| e.name.as_str())
    }

    fn condition(&self, when: crate::table::format::Ref) -> String {
        let text = self.words.condition(when);
        if text.chars().count() <= CONDITION_MAX {
            return text;
        }
        let short: String = text.chars().take(CONDITION_MAX).collect();
        format!("{short}…")
    }

    fn does(&self, step: &Step) -> String {
        match step {
            // The states of the flow that is run stand below it.
            Step::Run { scope, .. } => {
                let scope = self.flow.scopes.get(*scope as usize);
                format!("run {}", scope.map_or("", |s| s.flow.as_str()))
            }
            step => crate::cli::table::flows::does(self.body, step),
        }
    }
}

fn class(class: EndClass) -> Class {
    match class {
        EndClass::Success => Class::Success,
        EndClass::Fallback => Class::Fallback,
        EndClass::Failure => Class::Failure,
    }
}

fn targets(state: &State) -> Vec<&Target> {
    let mut all: Vec<&Target> = state.handlers.iter().map(|h| &h.to).collect();
    match &state.step {
        Step::Choose {
            branches,
            otherwise,
        } => {
            all.extend(branches.iter().map(|b| &b.to));
            all.extend(otherwise);
        }
        Step::Run { start, .. } => all.push(start),
        _ => {}
    }
    all.extend(state.visits.iter().map(|v| &v.to));
    all.extend(state.events.iter().filter_map(|e| e.to.as_ref()));
    all
}

fn retries(retry: &Retry) -> String {
    let (first, cap) = (
        duration_literal(retry.first_ms),
        duration_literal(retry.cap_ms),
    );
    let waits = match retry.cap_ms {
        0 => String::new(),
        _ if first == cap => format!(" after {first}"),
        _ => format!(" after {first}..{cap}"),
    };
    format!("↻ {}×{waits}, then", retry.count)
}

/// How an outcome of a state counts. What an agent comes back with by its own will is well.
fn tone(outcome: &str, flow: &Flow, from: usize) -> Tone {
    let state = from.checked_sub(1).and_then(|i| flow.states.get(i));
    let well = match state.map(|s| &s.step) {
        Some(Step::Agent { outcomes, .. }) => outcomes.iter().any(|o| o.name == outcome),
        Some(Step::Do { .. }) => outcome == "ok",
        Some(Step::Ask { .. }) => outcome == "answered",
        Some(Step::Settle { .. }) => outcome == "happened",
        Some(Step::Unwind { .. }) => outcome == "clean",
        Some(Step::Choose { .. } | Step::Run { .. }) | None => true,
    };
    if well { Tone::Well } else { Tone::Broken }
}
