//! What the user calls the parts of the grammar.

use super::grammar::Rule;

/// The words for a rule, where it is worth naming in "expected …".
pub(super) fn describe(rule: Rule) -> Option<&'static str> {
    Some(match rule {
        Rule::word | Rule::name | Rule::head | Rule::bare => "a name",
        Rule::ty_name => "a type's name (PascalCase)",
        Rule::path => "a name",
        Rule::type_expr | Rule::type_head | Rule::base_type | Rule::list_type => "a type",
        Rule::literal => "a literal",
        Rule::int => "a whole number",
        Rule::decimal | Rule::date | Rule::time | Rule::instant => "a literal",
        Rule::dur => "a duration such as `3s`",
        Rule::str => "a text in double quotes",
        Rule::regex => "a regular expression between slashes",
        Rule::range | Rule::range_op => "`..` or `..<`",
        Rule::value | Rule::list_value | Rule::record_value | Rule::variant_ref => "a value",
        Rule::operand
        | Rule::cond
        | Rule::conj
        | Rule::neg
        | Rule::compare
        | Rule::history
        | Rule::sized => "a condition",
        Rule::comparison | Rule::cmp_op => "a comparison",
        Rule::targets | Rule::target => "an action or a group",
        Rule::act | Rule::action_ref => "an action such as `crm.lookup`",
        Rule::args => "arguments in brackets",
        Rule::params => "parameters in brackets",
        Rule::arrow | Rule::to => "`->`",
        Rule::end_class => "`success`, `fallback` or `failure`",
        Rule::effect_word => "`calls` or `effects`",
        Rule::failure_kind => "`permanent`, `transient` or `indeterminate`",
        Rule::step => "a step",
        Rule::handler => "`on`",
        _ => return None,
    })
}

/// The words that can begin a part of the text, in each place where parts can stand.
pub(super) const ITEM: &[&str] = &[
    "policy",
    "use",
    "type",
    "record",
    "enum",
    "input",
    "role",
    "event",
    "integration",
    "fact",
    "group",
    "define",
    "allow",
    "deny",
    "require",
    "escalate",
    "limit",
    "order",
    "flow",
    "test",
];
pub(super) const INTEGRATION: &[&str] = &["action", "capacity", "defaults"];
pub(super) const DEFAULTS: &[&str] = &["timeout", "permanent", "transient", "indeterminate"];
pub(super) const ACTION: &[&str] = &[
    "reads",
    "writes",
    "timeout",
    "permanent",
    "transient",
    "indeterminate",
    "undo",
    "confirm",
];
pub(super) const FLOW: &[&str] = &[
    "start", "state", "end", "within", "on", "expect", "once", "handlers",
];
pub(super) const HANDLERS: &[&str] = &["on"];
pub(super) const STATE: &[&str] = &[
    "do",
    "on",
    "agent",
    "ask",
    "choose",
    "when",
    "otherwise",
    "settle",
    "unwind",
    "run",
    "visits",
    "use",
    "ignore",
];
pub(super) const AGENT: &[&str] = &["may", "calls", "within", "outcome"];
pub(super) const TEST: &[&str] = &[
    "given", "run", "propose", "event", "advance", "approve", "decline", "expire", "expect",
];

/// Words that cannot be names unless they stand in backquotes.
pub(super) const RESERVED: &[&str] = &[
    "and", "or", "not", "true", "false", "some", "every", "during", "in", "is", "matches",
    "contains", "any", "never", "except", "before", "after", "to", "per", "by", "when", "where",
    "because", "instead", "within", "for", "as", "on", "retry", "given",
];
