//! What could be written next: by what stands before it on its line, and by the block around it.

use super::hover;
use super::names::{Key, Kind};
use super::server::Fresh;
use crate::Checked;
use crate::model::Type;
use crate::source::FileId;
use crate::syntax;
use crate::syntax::tree::{FlowItem, Item, ItemKind, State, StateItem};
use lsp_types as lsp;

/// The block that a place stands in.
struct Around<'a> {
    item: Option<&'a Item>,
    flow: Option<&'a str>,
    state: Option<&'a State>,
}

pub(super) fn at(
    fresh: &Fresh,
    checked: Option<&Checked>,
    file: FileId,
    offset: usize,
) -> Vec<lsp::CompletionItem> {
    let text = fresh.loaded.sources.file(file).text();
    let before = text.get(..offset).unwrap_or_default();
    let line = before.rsplit('\n').next().unwrap_or_default();
    if line.contains("//") || line.matches('"').count() % 2 == 1 {
        return Vec::new();
    }
    let part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let head = line.trim_end_matches(part);
    let lead = head.trim_end();
    let first = lead.trim_start().split(' ').next().unwrap_or_default();
    let last = lead.rsplit(|c: char| !part(c)).next().unwrap_or_default();
    let around = around(fresh, file, offset);
    let list = List {
        fresh,
        checked,
        around,
        rule: rule_before(before),
    };
    if let Some(owner) = lead.strip_suffix('.') {
        let owner = owner
            .rsplit(|c: char| !(part(c) || c == '.'))
            .next()
            .unwrap_or_default();
        return list.members(owner);
    }
    if lead.ends_with("->") && list.around.flow.is_some() {
        return list.targets();
    }
    let handler = first == "on" && !lead.contains("->");
    if handler && (last == "on" || lead.ends_with('|')) {
        return list.outcomes();
    }
    if lead.trim().is_empty() {
        return list.beginnings();
    }
    let rule = RULES.contains(&first);
    match last {
        "do" | "settle" | "unwind" | "propose" | "undo" | "confirm" | "instead" => {
            return list.actions();
        }
        "may" | "except" | "before" | "after" | "keeps" | "leaves" => {
            return list.actions_and_groups();
        }
        "run" | "during" => return list.of(Kind::Flow, ""),
        "use" => return list.of(Kind::Handlers, list.around.flow.unwrap_or_default()),
        "ignore" | "event" => return list.of(Kind::Event, ""),
        "ask" | "to" if first != "limit" => return list.of(Kind::Role, ""),
        "any" => return words(&["read", "write"]),
        "is" => return words(&["present", "absent"]),
        _ => {}
    }
    if rule && lead.ends_with(':') {
        return list.actions_and_groups();
    }
    let condition = lead.contains(" when ") || lead.contains(" where ") || last == "when";
    if !condition
        && (lead.ends_with(':')
            || lead.ends_with("->")
            || last == "of"
            || first == "type" && lead.ends_with('='))
    {
        let mut all = list.types();
        all.extend(list.values());
        return all;
    }
    let mut all = list.values();
    if rule {
        all.extend(words(&[
            "when", "because", "by", "where", "instead", "within", "per", "session",
        ]));
    }
    if handler {
        all.extend(words(&["as", "when", "retry", "backoff"]));
    }
    all.extend(words(&[
        "and", "or", "not", "in", "is", "matches", "contains",
    ]));
    all
}

/// The words that begin a rule.
const RULES: [&str; 6] = ["allow", "deny", "require", "escalate", "limit", "order"];

/// What has been written of a rule, if one is being written: it may be too broken to be read.
fn rule_before(text: &str) -> &str {
    let mut start = text.len();
    while let Some(at) = text
        .get(..start)
        .map(|t| t.rfind('\n').map_or(0, |n| n + 1))
    {
        let line = text.get(at..).unwrap_or_default();
        let first = line.split(' ').next().unwrap_or_default();
        if RULES.contains(&first) {
            return line;
        }
        // Only the first line of an item stands at the margin.
        if at == 0 || !line.starts_with([' ', '\n']) {
            return "";
        }
        start = at - 1;
    }
    ""
}

fn around<'a>(fresh: &'a Fresh, file: FileId, offset: usize) -> Around<'a> {
    let mut around = Around {
        item: None,
        flow: None,
        state: None,
    };
    let Some(tree) = fresh.loaded.files.iter().find(|f| f.id == file) else {
        return around;
    };
    // What is being written may belong to no item yet: the last one that began before it.
    let text = fresh.loaded.sources.file(file).text();
    let open = |start: usize| {
        let between = text.get(start..offset).unwrap_or_default();
        between.matches('{').count() > between.matches('}').count()
    };
    let inside = |start: u32, end: u32| {
        (start as usize) < offset && (offset < end as usize || open(start as usize))
    };
    around.item = tree
        .items
        .iter()
        .rev()
        .find(|i| inside(i.span.start, i.span.end));
    if let Some(ItemKind::Flow(flow)) = around.item.map(|i| &i.kind) {
        around.flow = Some(flow.name.name.as_str());
        around.state = flow.items.iter().rev().find_map(|i| match i {
            FlowItem::State(s) if inside(s.span.start, s.span.end) => Some(s),
            _ => None,
        });
    }
    around
}

fn words(all: &[&str]) -> Vec<lsp::CompletionItem> {
    let each = |w: &&str| lsp::CompletionItem {
        label: (*w).to_string(),
        kind: Some(lsp::CompletionItemKind::KEYWORD),
        sort_text: Some(format!("z{w}")),
        ..lsp::CompletionItem::default()
    };
    all.iter().map(each).collect()
}

struct List<'a> {
    fresh: &'a Fresh,
    checked: Option<&'a Checked>,
    around: Around<'a>,
    /// The rule that is being written, as far as it goes.
    rule: &'a str,
}

impl List<'_> {
    fn item(&self, key: &Key, label: String) -> lsp::CompletionItem {
        let declared = self.fresh.names.declared.get(key);
        let kind = match key.kind {
            Kind::Type | Kind::Record => lsp::CompletionItemKind::STRUCT,
            Kind::Enum => lsp::CompletionItemKind::ENUM,
            Kind::Variant | Kind::Outcome | Kind::Failure => lsp::CompletionItemKind::ENUM_MEMBER,
            Kind::Field | Kind::Param => lsp::CompletionItemKind::FIELD,
            Kind::Integration | Kind::Policy => lsp::CompletionItemKind::MODULE,
            Kind::Action | Kind::Flow | Kind::Define => lsp::CompletionItemKind::FUNCTION,
            Kind::State | Kind::Handlers => lsp::CompletionItemKind::REFERENCE,
            Kind::Event | Kind::Role | Kind::Rule | Kind::Group => {
                lsp::CompletionItemKind::CONSTANT
            }
            Kind::Input | Kind::Fact | Kind::Local => lsp::CompletionItemKind::VARIABLE,
        };
        lsp::CompletionItem {
            insert_text: syntax::is_reserved(&label).then(|| format!("`{label}`")),
            label,
            kind: Some(kind),
            detail: Some(key.kind.words().to_string()),
            documentation: declared
                .and_then(|d| d.doc.clone())
                .map(lsp::Documentation::String),
            ..lsp::CompletionItem::default()
        }
    }

    fn of(&self, kind: Kind, scope: &str) -> Vec<lsp::CompletionItem> {
        let all = self.fresh.names.all(kind, scope);
        all.map(|(key, _)| self.item(key, key.name.clone()))
            .collect()
    }

    fn targets(&self) -> Vec<lsp::CompletionItem> {
        self.of(Kind::State, self.around.flow.unwrap_or_default())
    }

    fn actions(&self) -> Vec<lsp::CompletionItem> {
        let keys = self.fresh.names.declared.keys();
        keys.filter(|k| k.kind == Kind::Action)
            .map(|k| self.item(k, k.full()))
            .collect()
    }

    fn actions_and_groups(&self) -> Vec<lsp::CompletionItem> {
        let mut all = self.actions();
        all.extend(self.of(Kind::Group, ""));
        for integration in self.of(Kind::Integration, "") {
            all.push(lsp::CompletionItem {
                label: format!("{}.*", integration.label),
                ..integration
            });
        }
        all.extend(words(&["any read", "any write", "never"]));
        all
    }

    fn types(&self) -> Vec<lsp::CompletionItem> {
        let mut all = self.of(Kind::Type, "");
        all.extend(self.of(Kind::Record, ""));
        all.extend(self.of(Kind::Enum, ""));
        all.extend(words(&[
            "bool", "int", "decimal", "string", "duration", "time", "date", "instant", "Weekday",
            "list of",
        ]));
        all
    }

    /// What a bare name can mean here.
    fn values(&self) -> Vec<lsp::CompletionItem> {
        let mut all = Vec::new();
        if let Some(flow) = self.around.flow {
            all.extend(self.of(Kind::Local, flow));
        }
        for kind in [Kind::Input, Kind::Fact, Kind::Define] {
            all.extend(self.of(kind, ""));
        }
        let names = &self.fresh.names.declared;
        // The parameters of the actions that the rule names.
        let actions = names.keys().filter(|k| k.kind == Kind::Action);
        for action in actions.map(Key::full) {
            if self.rule.contains(&action) {
                all.extend(self.of(Kind::Param, &action));
            }
        }
        all.extend(
            names
                .keys()
                .filter(|k| k.kind == Kind::Variant)
                .map(|k| self.item(k, k.name.clone())),
        );
        all.sort_by(|a, b| a.label.cmp(&b.label));
        all.dedup_by(|a, b| a.label == b.label && a.kind == b.kind);
        all
    }

    /// What stands behind `owner.`.
    fn members(&self, owner: &str) -> Vec<lsp::CompletionItem> {
        let names = &self.fresh.names;
        if names
            .declared
            .contains_key(&Key::new(Kind::Enum, "", owner))
        {
            return self.of(Kind::Variant, owner);
        }
        if names
            .declared
            .contains_key(&Key::new(Kind::Integration, "", owner))
        {
            return self.of(Kind::Action, owner);
        }
        self.fields(owner).unwrap_or_default()
    }

    /// The fields of a value, by its type as it was last checked.
    fn fields(&self, path: &str) -> Option<Vec<lsp::CompletionItem>> {
        let policy = &self.checked?.policy;
        let mut parts = path.split('.');
        let head = parts.next()?;
        let local = self.around.flow.and_then(|flow| {
            let flow = policy.flows.iter().find(|f| f.name == flow)?;
            let bound = flow.bindings.iter().find(|b| b.name == head).map(|b| &b.ty);
            bound.or_else(|| flow.params.iter().find(|p| p.name == head).map(|p| &p.ty))
        });
        let mut ty = local
            .or_else(|| policy.facts.iter().find(|f| f.name == head).map(|f| &f.ty))
            .or_else(|| policy.inputs.iter().find(|i| i.name == head).map(|i| &i.ty))?;
        for part in parts {
            let Type::Record(id) = ty else { return None };
            let record = policy.records.get(id.index())?;
            ty = &record.fields.iter().find(|f| f.name == part)?.ty;
        }
        let Type::Record(id) = ty else { return None };
        let record = policy.records.get(id.index())?;
        let each = |f: &crate::model::Field| lsp::CompletionItem {
            label: f.name.clone(),
            kind: Some(lsp::CompletionItemKind::FIELD),
            detail: Some(hover::ty(policy, &f.ty)),
            documentation: f.doc.clone().map(lsp::Documentation::String),
            ..lsp::CompletionItem::default()
        };
        Some(record.fields.iter().map(each).collect())
    }

    /// The outcomes of the state that no handler takes yet, then the events.
    fn outcomes(&self) -> Vec<lsp::CompletionItem> {
        let mut all = Vec::new();
        if let (Some(state), Some(flow), Some(checked)) =
            (self.around.state, self.around.flow, self.checked)
        {
            let taken: Vec<&str> = state
                .items
                .iter()
                .filter_map(|i| match i {
                    StateItem::Handler(h) => Some(&h.outcomes),
                    _ => None,
                })
                .flatten()
                .map(|o| o.name.as_str())
                .collect();
            let flow = checked.policy.flows.iter().find(|f| f.name == flow);
            let known = flow.and_then(|f| f.states.iter().find(|s| s.name == state.name.name));
            for outcome in known.iter().flat_map(|s| &s.outcomes) {
                let open = !taken.contains(&outcome.name.as_str());
                all.push(lsp::CompletionItem {
                    label: outcome.name.clone(),
                    kind: Some(lsp::CompletionItemKind::ENUM_MEMBER),
                    detail: Some(
                        if open {
                            "not handled yet"
                        } else {
                            "handled already"
                        }
                        .to_string(),
                    ),
                    documentation: hover::builtin(&outcome.name)
                        .map(|d| lsp::Documentation::String(d.to_string())),
                    sort_text: Some(format!("{}{}", u8::from(!open), outcome.name)),
                    ..lsp::CompletionItem::default()
                });
            }
        }
        all.extend(self.of(Kind::Event, ""));
        all
    }

    /// The words that can begin a line here.
    fn beginnings(&self) -> Vec<lsp::CompletionItem> {
        use syntax::Inside;
        let in_state = self.around.state.is_some();
        // Where the cursor stands within the block isn't known so well: an action or its integration,
        // a state or its agent.
        let (mut all, places): (_, &[Inside]) = match self.around.item.map(|item| &item.kind) {
            Some(ItemKind::Integration(_)) => (Vec::new(), &[Inside::Integration, Inside::Action]),
            Some(ItemKind::Flow(_)) if in_state => (Vec::new(), &[Inside::State, Inside::Agent]),
            Some(ItemKind::Flow(_)) => (Vec::new(), &[Inside::Flow]),
            Some(ItemKind::Test(_)) => (self.actions(), &[Inside::Test]),
            Some(ItemKind::Rule(_)) => (
                words(&["when", "because", "by", "where", "instead"]),
                &[Inside::File],
            ),
            _ => (Vec::new(), &[Inside::File]),
        };
        for place in places {
            all.extend(words(syntax::beginnings(*place)));
        }
        all
    }
}
