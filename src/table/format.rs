//! `failway.table`, version 1, as data: what a runtime reads. The written contract is
//! `docs/table.md`, the JSON Schema `schemas/failway.table.schema.json`.
//!
//! Numbers that are *units* (bounds, cuts, durations) are JSON integers within ±(2⁵³−1). Values of
//! the policy's types are in wire form: `bool` and `int` as such, `decimal` as a string with exactly
//! its scale's digits, `duration` and `instant` as integer milliseconds, `time` as `"HH:MM:SS"`,
//! `date` as `"YYYY-MM-DD"`, enums as the variant's wire name, records as objects with wire names,
//! lists as arrays.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The value of [`Document::format`].
pub const FORMAT: &str = "failway.table";
/// The version of the contract that this crate writes and reads.
pub const VERSION: u32 = 1;

/// The whole document.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// [`FORMAT`].
    pub format: String,
    /// [`VERSION`].
    pub version: u32,
    /// `sha256:` and the hex digest of the canonical JSON of `body`.
    pub digest: String,
    /// Digests of the sources, by path as seen from the folder of the first one. Not part of the meaning.
    pub sources: Vec<SourceDigest>,
    /// The meaning.
    pub body: Body,
}

/// The digest of one source file.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct SourceDigest {
    pub path: String,
    /// `sha256:` and the hex digest of the file's bytes, a byte-order mark left out.
    pub digest: String,
}

/// Everything that decides. Indices refer to the lists of this struct.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Body {
    pub policy: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub doc: Option<String>,
    pub enums: Vec<Enum>,
    pub records: Vec<Record>,
    pub automata: Vec<Automaton>,
    pub inputs: Vec<Field>,
    pub roles: Vec<Named>,
    pub events: Vec<Named>,
    pub integrations: Vec<Integration>,
    pub actions: Vec<Action>,
    pub facts: Vec<Fact>,
    pub rules: Vec<Rule>,
    pub limits: Vec<Limit>,
    pub histories: Vec<History>,
    pub probes: Vec<Probe>,
    /// Children come before their parents.
    pub nodes: Vec<Node>,
    pub flows: Vec<Flow>,
}

/// A name with its name on the wire.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Named {
    pub name: String,
    pub wire: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub doc: Option<String>,
}

/// An enum; `other` is the index of the variant that takes what is not listed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Enum {
    pub name: String,
    pub variants: Vec<Named>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub other: Option<u32>,
}

/// A record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Record {
    pub name: String,
    pub fields: Vec<Field>,
}

/// A field, an input, or a parameter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Field {
    pub name: String,
    pub wire: String,
    #[serde(rename = "type")]
    pub ty: Type,
    #[serde(skip_serializing_if = "is_false", default)]
    pub optional: bool,
    /// Parameters only: seen by gate and record, never by the tool.
    #[serde(skip_serializing_if = "is_false", default)]
    pub claim: bool,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub doc: Option<String>,
}

#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_false(b: &bool) -> bool {
    !*b
}

/// A type. Bounds include both ends and are in the type's unit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
#[allow(missing_docs)]
pub enum Type {
    Bool {},
    Int {
        min: i64,
        max: i64,
    },
    /// Units of 10^-scale.
    Decimal {
        scale: u32,
        min: i64,
        max: i64,
    },
    /// Length in Unicode scalar values; every automaton must accept (end in a class other than 0).
    String {
        min: u32,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        max: Option<u32>,
        #[serde(skip_serializing_if = "Vec::is_empty", default)]
        automata: Vec<u32>,
    },
    /// Milliseconds.
    Duration {
        min: i64,
        max: i64,
    },
    /// Seconds since midnight.
    Time {
        min: i64,
        max: i64,
    },
    /// Days since 1970-01-01.
    Date {
        min: i64,
        max: i64,
    },
    /// Milliseconds since 1970-01-01T00:00:00Z.
    Instant {
        min: i64,
        max: i64,
    },
    Enum {
        of: u32,
    },
    Record {
        of: u32,
    },
    List {
        element: Box<Type>,
        min: u32,
        max: u32,
    },
}

/// A complete deterministic automaton over UTF-8 bytes. Byte `b` belongs to the alphabet class
/// `alphabet[b]`; state `s` goes to `next[s * classes + alphabet[b]]`. It starts in state 0; the
/// string's class is `accept[s]` of the state that it ends in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Automaton {
    /// 256 alphabet classes, run-length coded: pairs of (first byte, class), ascending from byte 0.
    pub alphabet: Vec<(u8, u32)>,
    /// How many alphabet classes there are.
    pub classes: u32,
    pub next: Vec<u32>,
    pub accept: Vec<u32>,
}

/// An integration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Integration {
    pub name: String,
    pub wire: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub capacity: Option<Rate>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub doc: Option<String>,
}

/// So many per so long.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Rate {
    pub count: u64,
    pub per_ms: i64,
}

/// An action.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Action {
    /// `integration.action`.
    pub name: String,
    pub wire: String,
    pub integration: u32,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub doc: Option<String>,
    pub params: Vec<Field>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub result: Option<Type>,
    pub effect: Effect,
    pub timeout_ms: i64,
    pub failures: Vec<Failure>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub undo: Option<Undo>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub confirm: Option<Confirm>,
    /// Leaf k of the gate's diagram is `verdicts[k]`.
    pub verdicts: Vec<Verdict>,
    pub gate: Ref,
    /// Limits to consult when the gate says allow or escalate, in order of name.
    pub limits: Vec<LimitUse>,
}

/// A reference into a diagram: `n >= 0` is node `n`, `n < 0` is leaf `-n - 1`. In a *condition*,
/// leaf 0 is false and leaf 1 is true.
pub type Ref = i64;

/// What a call does to the world.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
#[allow(missing_docs)]
pub enum Effect {
    Read {},
    Write {
        expendable: bool,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        idempotent: Option<Idempotent>,
    },
}

/// Safe to repeat with an equal key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Idempotent {
    /// Parameter indices.
    pub by: Vec<u32>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub for_ms: Option<i64>,
}

/// A declared failure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Failure {
    pub name: String,
    pub wire: String,
    pub kind: FailureKind,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub doc: Option<String>,
}

/// Whether it may have happened, and whether a retry may help.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum FailureKind {
    Permanent,
    Transient,
    Indeterminate,
}

/// The call that undoes a write: one expression per parameter, over `param` and `result` roots.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Undo {
    pub action: u32,
    pub args: Vec<Option<Expr>>,
    pub tolerant: bool,
}

/// The call that finds out whether a write happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Confirm {
    pub action: u32,
    pub args: Vec<Option<Expr>>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub after_ms: Option<i64>,
    pub lines: Vec<ConfirmLine>,
}

/// The first line whose outcome and condition fit, tells. `result` roots mean the confirming reply,
/// `param` roots the write's arguments.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct ConfirmLine {
    pub happened: bool,
    pub on: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub when: Option<Ref>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub gives: Option<Expr>,
}

/// What a leaf of a gate says, before limits are consulted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Verdict {
    pub verdict: VerdictKind,
    /// Index of the rule that decides; none for `no_rule`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub rule: Option<u32>,
    /// Words fit for a model; empty for allow.
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub reason: String,
    /// Whether asking again can help.
    pub again: Again,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub instead: Option<Instead>,
}

/// The verdict of a gate's leaf.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum VerdictKind {
    Deny,
    Escalate,
    Allow,
}

/// Whether asking again can help.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Again {
    /// Asking again with the same arguments never helps in this session.
    Never {},
    /// Other circumstances (inputs, facts, position) may change the answer.
    Later {},
    /// After so long. No leaf of a gate says so: it is the runtime's answer for limits.
    AfterWait {},
    /// After an approval.
    AfterApproval {},
    /// After one of these actions has succeeded.
    AfterAction {
        /// Action indices.
        actions: Vec<u32>,
    },
    /// With other arguments.
    OtherArguments {},
    /// Nothing was refused.
    NotNeeded {},
}

/// What to do instead; `param` roots mean the refused proposal's arguments.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Instead {
    pub action: u32,
    pub args: Vec<Option<Expr>>,
}

/// A rule, for reasons and reports.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Rule {
    pub name: String,
    /// `allow`, `deny`, `require`, `escalate`, `limit` or `order`.
    pub kind: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub because: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub doc: Option<String>,
    /// Escalations only: index of the role.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub role: Option<u32>,
    /// Escalations only: the approval's window.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub within_ms: Option<i64>,
}

/// A limit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Limit {
    pub rule: u32,
    pub count: u64,
    /// Counts effects, else calls.
    pub effects: bool,
    /// None: per session. Else shared by all sessions over `(t − per_ms, t]`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub per_ms: Option<i64>,
    pub counted: Vec<Counted>,
}

/// A limit as it applies to an action's proposals.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct LimitUse {
    pub limit: u32,
    /// The key of the proposed call.
    pub keys: Vec<Path>,
    /// Condition over the proposal's arguments; the limit concerns the call only if it holds.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub when: Option<Ref>,
}

/// Calls of one action that count, over `param` and `result` roots of the counted call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Counted {
    pub action: u32,
    pub keys: Vec<Path>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub when: Option<Ref>,
}

/// A question about this session's calls.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct History {
    pub asks: Asks,
    pub counted: Vec<Counted>,
    /// The key, in the scope of the question.
    pub keys: Vec<Path>,
}

/// What a history question asks. `done`, `standing` and `unsettled` give 0 or 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum Asks {
    Done,
    Calls,
    Effects,
    Standing,
    Unsettled,
}

/// A fact.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Fact {
    pub name: String,
    pub source: Counted,
    #[serde(rename = "type")]
    pub ty: Type,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub lifetime_ms: Option<i64>,
    /// Writes that make it forgotten.
    pub forget: Vec<Forget>,
}

/// A write that makes a fact forgotten where the paired values are equal (no pairs: always).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Forget {
    pub action: u32,
    /// (index of the key part, index of the write's parameter).
    pub pairs: Vec<(u32, u32)>,
}

/// A value reached from a root through fields (wire names). It is absent if the root or a field on
/// the way is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Path {
    pub root: Root,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub fields: Vec<String>,
}

/// Where a path starts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
#[allow(missing_docs)]
pub enum Root {
    /// Parameter of the call in question, by index.
    Param { index: u32 },
    /// Reply of the call in question.
    Result {},
    /// Input, by index.
    Input { index: u32 },
    /// Fact, by index, with the key in the scope of the question.
    Fact { index: u32, keys: Vec<Path> },
    /// The element in question.
    Element {},
    /// Slot of the running flow, by index into its `slots`.
    Slot { index: u32 },
}

/// An integer-valued question. Of an absent value every probe but `present` gives 0.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
#[allow(missing_docs)]
pub enum Probe {
    /// An ordered scalar in its unit, a bool as 0/1, an enum as its variant's index.
    Value {
        path: Path,
        #[serde(rename = "type")]
        ty: Type,
    },
    /// 0 or 1.
    Present {
        path: Path,
    },
    /// In Unicode scalar values.
    Length {
        path: Path,
    },
    Size {
        path: Path,
    },
    /// The class that the automaton gives to the string.
    Class {
        path: Path,
        automaton: u32,
    },
    /// `left × left_factor − right × right_factor`.
    Difference {
        left: Path,
        left_type: Type,
        left_factor: i64,
        right: Path,
        right_type: Type,
        right_factor: i64,
    },
    /// 1 if both are present and equal in wire form, else 0.
    Equal {
        left: Path,
        right: Path,
    },
    /// 1 if some element of the list satisfies the condition, else 0.
    Some {
        list: Path,
        when: Ref,
    },
    History {
        history: u32,
    },
    /// The difference of two history counts, `left − right`.
    HistoryDifference {
        left: u32,
        right: u32,
    },
    /// 0 outside flows, else `first_position` of the running flow + index of the current state.
    Position {},
}

/// Branches on a probe's value v: `next[i]` where i is the number of `cuts` that are <= v. So
/// `next` has one entry more than `cuts`; cuts ascend strictly.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Node {
    pub probe: u32,
    pub cuts: Vec<i64>,
    pub next: Vec<Ref>,
}

/// A value expression.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
#[allow(missing_docs)]
pub enum Expr {
    /// In wire form.
    Const {
        value: Value,
    },
    Path {
        path: Path,
    },
    List {
        items: Vec<Expr>,
    },
    /// Fields by wire name; an absent value leaves the field out.
    Record {
        fields: Vec<(String, Expr)>,
    },
    Template {
        parts: Vec<Part>,
    },
}

/// A piece of a template. Holes are written as in the wire form, strings without quotes, bools as
/// `true` and `false`; absent values as nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
#[allow(missing_docs)]
pub enum Part {
    Text { text: String },
    Hole { path: Path },
}

/// A flow with every flow that it runs inlined.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Flow {
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub doc: Option<String>,
    pub params: Vec<Field>,
    /// Position number of state 0; see [`Probe::Position`]. The first flow's is 1.
    pub first_position: u32,
    pub start: Target,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub once: Option<Once>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub expect: Option<Rate>,
    /// Values that the flow holds. The first `params.len()` are its parameters.
    pub slots: Vec<Slot>,
    /// Scope 0 is the flow itself, each other one an inlined run; parents come first.
    pub scopes: Vec<Scope>,
    pub states: Vec<State>,
    pub ends: Vec<End>,
}

/// A named value of a flow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Slot {
    /// `lead`, or `pay/receipt` for one of the flow that state `pay` runs.
    pub name: String,
    #[serde(rename = "type")]
    pub ty: Type,
    pub scope: u32,
}

/// Drops duplicate triggers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Once {
    /// Parameter indices.
    pub by: Vec<u32>,
    pub for_ms: i64,
    pub to: Target,
}

/// One run of a flow: the root or an inlined one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Scope {
    /// Empty for the root, `pay` or `pay/again` for inlined ones: the states that run it.
    pub name: String,
    /// The flow's name.
    pub flow: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub parent: Option<u32>,
    /// Deadline of the whole run, counted from entering the scope.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub within: Option<Deadline>,
    pub events: Vec<EventEdge>,
}

/// A deadline; without `to` it is a promise that the compiler has proven.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Deadline {
    pub ms: i64,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub to: Option<Target>,
}

/// An edge for an event. The first edge for the event whose condition holds is taken; a state's
/// come before its scope's, a scope's before its parent's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct EventEdge {
    pub event: u32,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub when: Option<Ref>,
    /// None: the event is ignored.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub to: Option<Target>,
}

/// Where an edge leads.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
#[allow(missing_docs)]
pub enum Target {
    State {
        index: u32,
    },
    /// An end of the root flow.
    End {
        index: u32,
    },
    /// An end of an inlined run: the `run` state `state` gets this outcome with this value.
    Return {
        state: u32,
        outcome: String,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        gives: Option<Expr>,
    },
}

/// A state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct State {
    /// `reserve`, or `pay/charge` in an inlined run.
    pub name: String,
    pub scope: u32,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub doc: Option<String>,
    pub step: Step,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub visits: Option<Visits>,
    /// The first handler for the outcome whose condition holds is taken. The compiler has proven
    /// that one is there for every possible outcome.
    pub handlers: Vec<Handler>,
    pub events: Vec<EventEdge>,
}

/// The entry after the `count`th goes to `to`, counted per run of the state's scope.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Visits {
    pub count: u64,
    pub to: Target,
}

/// What a state does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
#[allow(missing_docs)]
pub enum Step {
    Do {
        action: u32,
        args: Vec<Option<Expr>>,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        bind: Option<u32>,
    },
    Agent {
        given: Vec<(String, Expr)>,
        may: Vec<u32>,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        calls: Option<u64>,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        within_ms: Option<i64>,
        outcomes: Vec<AgentOutcome>,
    },
    Ask {
        role: u32,
        text: Expr,
        #[serde(rename = "type")]
        ty: Type,
        bind: u32,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        within_ms: Option<i64>,
    },
    /// The first branch whose condition holds is taken, else `otherwise`.
    Choose {
        branches: Vec<Branch>,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        otherwise: Option<Target>,
    },
    Settle {
        action: u32,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        bind: Option<u32>,
    },
    Unwind {
        actions: Vec<u32>,
    },
    /// Fills the inner parameters' slots, forgets the inner scope's other slots, visits, retries,
    /// and goes to `start`.
    Run {
        scope: u32,
        args: Vec<(u32, Option<Expr>)>,
        start: Target,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        bind: Option<u32>,
    },
}

/// An outcome that an agent may report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct AgentOutcome {
    pub name: String,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none", default)]
    pub ty: Option<Type>,
}

/// A branch of a `choose`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Branch {
    pub when: Ref,
    pub to: Target,
}

/// What follows an outcome.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Handler {
    pub outcome: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub when: Option<Ref>,
    /// Slot for the outcome's value, in addition to the step's own.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub bind: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub retry: Option<Retry>,
    pub to: Target,
}

/// Handlers with one `group` share their attempts, counted per entry of the state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Retry {
    pub group: u32,
    pub count: u64,
    /// The k-th wait, from 0, is at most min(first·2ᵏ, cap). Without backoff both are 0.
    pub first_ms: i64,
    pub cap_ms: i64,
}

/// An end of the root flow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct End {
    pub name: String,
    pub class: EndClass,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub gives: Option<Expr>,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub keeps: Vec<u32>,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub leaves: Vec<u32>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub doc: Option<String>,
}

/// How an end counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum EndClass {
    Success,
    Fallback,
    Failure,
}
