//! The syntax tree: what the user wrote, with spans, nothing resolved.
//!
//! Parts that could not be read are simply missing from the tree: the parser has reported them.
//! `File::complete` says whether that happened, so that later phases don't complain about what
//! only the broken part would have explained.

use crate::source::{FileId, Span};

/// A name as written (backquotes removed).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ident {
    /// The name.
    pub name: String,
    /// Where.
    pub span: Span,
}

/// A value with the place that it was written at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spanned<T> {
    /// The value.
    pub node: T,
    /// Where.
    pub span: Span,
}

/// `///` lines, markers and one leading blank removed, joined by `\n`.
pub type Doc = Option<Spanned<String>>;

/// One file.
#[derive(Clone, Debug)]
pub struct File {
    /// Which.
    pub id: FileId,
    /// The `policy` header, if there is one.
    pub header: Option<Header>,
    /// The items that could be read, in order.
    pub items: Vec<Item>,
    /// All comments that aren't documentation, in order, `//` included.
    pub comments: Vec<Spanned<String>>,
    /// False if anything could not be read.
    pub complete: bool,
}

/// `policy front_desk`.
#[derive(Clone, Debug)]
pub struct Header {
    /// Its documentation.
    pub doc: Doc,
    /// The policy's name.
    pub name: Ident,
    /// From `policy` to the name.
    pub span: Span,
}

/// A top-level declaration.
#[derive(Clone, Debug)]
pub struct Item {
    /// Its documentation.
    pub doc: Doc,
    /// The whole item, documentation left out.
    pub span: Span,
    /// What it is.
    pub kind: ItemKind,
}

/// The kinds of top-level declarations.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum ItemKind {
    Use {
        path: Spanned<String>,
    },
    Type {
        name: Ident,
        ty: TypeExpr,
    },
    Record {
        name: Ident,
        fields: Vec<Field>,
    },
    Enum {
        name: Ident,
        variants: Vec<Variant>,
    },
    Input(Field),
    Role {
        name: Ident,
        wire: Option<Spanned<String>>,
    },
    Event {
        name: Ident,
        wire: Option<Spanned<String>>,
    },
    Integration(Integration),
    Fact(Fact),
    Group {
        name: Ident,
        targets: Targets,
    },
    Define {
        name: Ident,
        cond: Cond,
    },
    Rule(Rule),
    Flow(Flow),
    Test(Test),
}

/// A field, an input, or a parameter without its `claim`.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Field {
    pub doc: Doc,
    pub name: Ident,
    /// Written with `?`: may be absent.
    pub optional: bool,
    pub wire: Option<Spanned<String>>,
    pub ty: TypeExpr,
    pub span: Span,
}

/// A variant of an enum.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Variant {
    pub doc: Doc,
    pub name: Ident,
    pub wire: Option<Spanned<String>>,
}

/// A type as written.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct TypeExpr {
    pub span: Span,
    pub kind: TypeKind,
    pub refinements: Vec<Refinement>,
}

/// The heads of types. `Named` covers `bool`, `int`, `Weekday` … and declared types alike.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum TypeKind {
    Named(Ident),
    List { element: Box<TypeExpr>, size: Range },
}

/// `in`, `length` and `matching` after a type.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum Refinement {
    In(Range, Span),
    Length(Range, Span),
    Matching(Regex),
}

/// `low..high` or `low..<high`.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Range {
    pub low: Literal,
    pub high: Literal,
    /// `..<`: the upper end is left out.
    pub exclusive: bool,
    pub span: Span,
}

/// `/…/`, with `\/` already turned into `/`.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Regex {
    pub pattern: String,
    /// From slash to slash.
    pub span: Span,
}

/// A literal.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Literal {
    pub kind: LiteralKind,
    pub span: Span,
}

/// The kinds of literals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LiteralKind {
    /// Within ±(2⁵³−1): the parser reports others (FW0) and clamps them.
    Int(i64),
    /// `digits` without its point, so `12.50` is 1250 with scale 2. Negative literals included.
    Decimal {
        /// The digits as one number.
        digits: i64,
        /// How many of them follow the point.
        scale: u32,
    },
    /// Text with escapes resolved; holes only where templates are allowed.
    Str(Vec<StrPart>),
    /// Milliseconds.
    Duration(i64),
    /// Seconds since midnight.
    Time(i64),
    /// Days since 1970-01-01 (checked to be a real date).
    Date(i64),
    /// Milliseconds since 1970-01-01T00:00:00Z.
    Instant(i64),
    /// `true` or `false`.
    Bool(bool),
}

/// A piece of a string.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StrPart {
    /// Text, escapes resolved.
    Text(String),
    /// `{path}`.
    Hole(Path),
}

/// `integration crm { … }`.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Integration {
    pub name: Ident,
    pub wire: Option<Spanned<String>>,
    pub capacity: Vec<Rate>,
    /// One for each `defaults { … }` (a second one is the model's finding).
    pub defaults: Vec<Defaults>,
    pub actions: Vec<Action>,
}

/// `defaults { timeout 3s  transient unavailable }`.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Defaults {
    pub timeouts: Vec<Spanned<i64>>,
    pub failures: Vec<Failure>,
    pub span: Span,
}

/// `600 per 1m`.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Rate {
    pub count: Spanned<i64>,
    /// Milliseconds.
    pub per: Spanned<i64>,
    pub span: Span,
}

/// The three kinds of declared failures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FailureKind {
    /// Nothing happened, a retry won't help.
    Permanent,
    /// Nothing happened, a retry may help.
    Transient,
    /// It may have happened.
    Indeterminate,
}

/// One name of a `permanent|transient|indeterminate` clause.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Failure {
    pub doc: Doc,
    pub kind: FailureKind,
    pub name: Ident,
    pub wire: Option<Spanned<String>>,
}

/// `action book(…) -> Id { … }`.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Action {
    pub doc: Doc,
    pub name: Ident,
    pub wire: Option<Spanned<String>>,
    pub params: Vec<Param>,
    pub result: Option<TypeExpr>,
    pub clauses: Vec<ActionClause>,
    pub span: Span,
    /// False if a clause could not be read.
    pub complete: bool,
}

/// A parameter of an action or a flow.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Param {
    pub claim: bool,
    pub field: Field,
}

/// A clause of an action.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum ActionClause {
    Reads(Span),
    Writes {
        idempotent: Option<Idempotent>,
        expendable: Option<Span>,
        span: Span,
    },
    Timeout(Spanned<i64>),
    Failure(Failure),
    Undo {
        action: ActionRef,
        args: Args,
        tolerant: Option<Span>,
        span: Span,
    },
    Confirm {
        action: ActionRef,
        args: Args,
        after: Option<Spanned<i64>>,
        lines: Vec<ConfirmLine>,
        span: Span,
    },
}

/// `idempotent by k for D`.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Idempotent {
    pub keys: Vec<Ident>,
    /// Milliseconds.
    pub window: Option<Spanned<i64>>,
    pub span: Span,
}

/// `happened on ok when … gives v`.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct ConfirmLine {
    /// `happened` if true, `absent` if false.
    pub happened: bool,
    pub on: Ident,
    pub when: Option<Cond>,
    pub gives: Option<Value>,
    pub span: Span,
}

/// `crm.lookup`, or `lookup` inside its own integration.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct ActionRef {
    pub integration: Option<Ident>,
    pub action: Ident,
    pub span: Span,
}

/// `(a: 1, b: x)`.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Args {
    pub args: Vec<(Ident, Value)>,
    /// Brackets included.
    pub span: Span,
}

/// A value expression.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Value {
    pub kind: ValueKind,
    pub span: Span,
}

/// The kinds of value expressions.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum ValueKind {
    Literal(Literal),
    List(Vec<Value>),
    Record(Vec<(Ident, Value)>),
    /// `Queue.events`.
    Variant {
        ty: Ident,
        variant: Ident,
    },
    /// A local, an input, a fact — or a bare variant.
    Path(Path),
}

/// `lead.id`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Path {
    pub head: Ident,
    pub rest: Vec<Ident>,
    pub span: Span,
}

/// A list of targets, less the exceptions.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Targets {
    pub include: Vec<Target>,
    pub except: Vec<Target>,
    pub span: Span,
}

/// One target.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Target {
    pub kind: TargetKind,
    pub span: Span,
}

/// The kinds of targets.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum TargetKind {
    AnyRead,
    AnyWrite,
    /// `crm.*`.
    Integration(Ident),
    /// `crm.lookup`.
    Action {
        integration: Ident,
        action: Ident,
    },
    /// A group.
    Group(Ident),
}

/// One part of a `by` clause: a parameter, or a parameter with the counted call's path.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct ByPart {
    pub name: Ident,
    pub counted: Option<Path>,
    pub span: Span,
}

/// `fact bill: payments.payment by payment where … for 30m`.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Fact {
    pub name: Ident,
    pub action: ActionRef,
    pub by: Vec<ByPart>,
    pub filter: Option<Cond>,
    /// Milliseconds.
    pub lifetime: Option<Spanned<i64>>,
}

/// A rule.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Rule {
    pub name: Ident,
    pub kind: RuleKind,
    /// `escalate … to ROLE` (each at most once: a second one is the parser's finding).
    pub role: Option<Ident>,
    /// `escalate … within D`, in milliseconds.
    pub within: Option<Spanned<i64>>,
    pub when: Option<Cond>,
    pub by: Vec<ByPart>,
    pub filter: Option<Cond>,
    pub because: Option<Spanned<String>>,
    pub instead: Option<(ActionRef, Args)>,
    /// The keyword `allow`, `deny` ….
    pub keyword: Span,
}

/// What a rule does to which actions.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum RuleKind {
    Allow(Targets),
    Deny(Targets),
    Require(Targets),
    Escalate(Targets),
    Limit {
        targets: Targets,
        count: Spanned<i64>,
        effects: bool,
        per: LimitPer,
    },
    /// `order A before B`.
    OrderBefore {
        first: Targets,
        then: Targets,
    },
    /// `order never B after A`.
    OrderNever {
        never: Targets,
        after: Targets,
    },
}

/// The span of time over which a limit counts.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum LimitPer {
    Session(Span),
    /// Milliseconds.
    Duration(Spanned<i64>),
}

/// A condition.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Cond {
    pub kind: CondKind,
    pub span: Span,
}

/// The kinds of conditions.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum CondKind {
    /// Two or more.
    Or(Vec<Cond>),
    /// Two or more.
    And(Vec<Cond>),
    Not(Box<Cond>),
    Quantifier {
        every: bool,
        name: Ident,
        list: Path,
        body: Box<Cond>,
    },
    During {
        flow: Ident,
        state: Option<Ident>,
    },
    /// An operand alone: a bool, a define, or `done(…)`.
    Operand(Operand),
    Compare {
        left: Operand,
        op: CompareOp,
        op_span: Span,
        right: Operand,
        offset: Option<Offset>,
    },
    InRange {
        operand: Operand,
        range: Range,
    },
    InSet {
        operand: Operand,
        set: Vec<Operand>,
        set_span: Span,
    },
    Matches {
        operand: Operand,
        regex: Regex,
    },
    Present {
        operand: Operand,
        present: bool,
    },
    Contains {
        operand: Operand,
        element: Operand,
    },
}

/// `+ 5.00` or `- 5.00` after the right side of a comparison.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Offset {
    pub minus: bool,
    pub literal: Literal,
    pub span: Span,
}

/// The comparison operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum CompareOp {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
}

/// One side of a comparison.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Operand {
    pub kind: OperandKind,
    pub span: Span,
}

/// The kinds of operands.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum OperandKind {
    Literal(Literal),
    History {
        func: HistoryFunc,
        func_span: Span,
        targets: Targets,
        by: Vec<ByPart>,
        filter: Option<Box<Cond>>,
    },
    Length(Path),
    Size(Path),
    Variant {
        ty: Ident,
        variant: Ident,
    },
    Path(Path),
}

/// The questions one can ask of history.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HistoryFunc {
    /// A call has succeeded.
    Done,
    /// Calls admitted.
    Calls,
    /// Calls that happened, may have happened or are in flight, less those undone.
    Effects,
    /// A write stands.
    Standing,
    /// A write is unsettled.
    Unsettled,
}

/// `flow book(…) { … }`.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Flow {
    pub name: Ident,
    pub params: Vec<Param>,
    pub items: Vec<FlowItem>,
    /// False if a clause or state could not be read.
    pub complete: bool,
    pub span: Span,
}

/// An item of a flow.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum FlowItem {
    Start {
        to: Ident,
        span: Span,
    },
    Within {
        limit: Spanned<i64>,
        to: Option<Ident>,
        span: Span,
    },
    Expect {
        rate: Rate,
    },
    Once {
        keys: Vec<Ident>,
        window: Spanned<i64>,
        to: Ident,
        span: Span,
    },
    Handlers {
        name: Ident,
        handlers: Vec<Handler>,
        doc: Doc,
        span: Span,
    },
    State(State),
    End(End),
    /// Flow-level: for events only.
    Handler(Handler),
}

/// `state reserve { … }`.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct State {
    pub doc: Doc,
    pub name: Ident,
    pub items: Vec<StateItem>,
    pub span: Span,
    /// False if a clause could not be read.
    pub complete: bool,
}

/// A clause of a state.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum StateItem {
    Step(Step),
    Visits {
        count: Spanned<i64>,
        to: Ident,
        span: Span,
    },
    Use(Ident),
    Ignore {
        events: Vec<Ident>,
        span: Span,
    },
    Handler(Handler),
    /// `when COND -> x` of a `choose`.
    When {
        cond: Cond,
        to: Ident,
        span: Span,
    },
    /// `otherwise -> x` of a `choose`.
    Otherwise {
        to: Ident,
        span: Span,
    },
}

/// What a state does.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Step {
    pub kind: StepKind,
    pub span: Span,
}

/// The kinds of steps.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum StepKind {
    Do {
        action: ActionRef,
        args: Args,
        bind: Option<Ident>,
    },
    Agent {
        given: Vec<Value>,
        clauses: Vec<AgentClause>,
    },
    Ask {
        role: Ident,
        text: Literal,
        bind: Ident,
        ty: TypeExpr,
        within: Option<Spanned<i64>>,
    },
    Choose,
    Settle {
        action: ActionRef,
        bind: Option<Ident>,
    },
    Unwind {
        actions: Vec<ActionRef>,
    },
    Run {
        flow: Ident,
        args: Args,
        bind: Option<Ident>,
    },
}

/// A clause of an `agent` step.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum AgentClause {
    May(Targets),
    Calls(Spanned<i64>),
    Within(Spanned<i64>),
    Outcome {
        name: Ident,
        ty: Option<TypeExpr>,
        doc: Doc,
    },
}

/// `on a | b as x when … retry N backoff … -> s`.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Handler {
    pub outcomes: Vec<Ident>,
    pub bind: Option<Ident>,
    pub when: Option<Cond>,
    pub retry: Option<Retry>,
    pub to: Ident,
    pub span: Span,
}

/// `retry 2 backoff 200ms..2s`.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Retry {
    pub count: Spanned<i64>,
    /// First wait and cap, in milliseconds.
    pub backoff: Option<(Spanned<i64>, Spanned<i64>)>,
    pub span: Span,
}

/// `end booked success gives booking`.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct End {
    pub doc: Doc,
    pub name: Ident,
    pub class: EndClass,
    pub gives: Option<Value>,
    pub keeps: Vec<Targets>,
    pub leaves: Vec<Targets>,
    pub span: Span,
}

/// How an end counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)]
pub enum EndClass {
    Success,
    Fallback,
    Failure,
}

/// `test "…" { … }`.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Test {
    pub name: Spanned<String>,
    pub items: Vec<TestItem>,
    pub span: Span,
    /// False if a line could not be read.
    pub complete: bool,
}

/// A line of a test.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct TestItem {
    pub kind: TestItemKind,
    pub span: Span,
}

/// The kinds of test lines.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum TestItemKind {
    Given(Vec<Given>),
    Run {
        flow: Ident,
        args: Args,
    },
    Propose {
        action: ActionRef,
        args: Args,
    },
    /// The agent state `state` proposes.
    Proposes {
        state: Ident,
        action: ActionRef,
        args: Args,
        reply: Option<Reply>,
    },
    Event {
        event: Ident,
        at: Option<Ident>,
    },
    Advance {
        by: Spanned<i64>,
        at: Option<Ident>,
    },
    Approval {
        decision: ApprovalWord,
        of: Path,
    },
    /// An action, a state or `flow.state` answers.
    Answer {
        of: Path,
        reply: Reply,
    },
    Expect(Expect),
}

/// What a test supposes beforehand.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum Given {
    Call {
        action: ActionRef,
        args: Args,
        reply: Reply,
    },
    Value {
        path: Path,
        value: Value,
    },
    /// A condition that the test wants to hold; the model may refuse forms that fix no value.
    Cond(Cond),
}

/// How an approval is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum ApprovalWord {
    Approve,
    Decline,
    Expire,
}

/// `ok { id: "L1" }`.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Reply {
    pub outcome: Ident,
    pub value: Option<Value>,
    pub span: Span,
}

/// What a test expects.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum Expect {
    End {
        name: Ident,
        gives: Option<Value>,
    },
    Deny {
        rule: Option<Ident>,
        instead: Option<(ActionRef, Option<Args>)>,
    },
    Allow {
        rule: Option<Ident>,
    },
    Limited {
        rule: Option<Ident>,
    },
    Escalate {
        rule: Option<Ident>,
    },
    Cond(Cond),
}
