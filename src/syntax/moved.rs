//! Trees at another place: what stands behind an edit has moved, and is otherwise what it was.

use super::tree::{
    Action, ActionClause, ActionRef, AgentClause, ApprovalWord, Args, ByPart, CompareOp, Cond,
    CondKind, ConfirmLine, Defaults, End, EndClass, Expect, Fact, Failure, FailureKind, Field,
    Flow, FlowItem, Given, Handler, Header, HistoryFunc, Idempotent, Ident, Integration, Item,
    ItemKind, LimitPer, Literal, LiteralKind, Offset, Operand, OperandKind, Param, Path, Range,
    Rate, Refinement, Regex, Reply, Retry, Rule, RuleKind, Spanned, State, StateItem, Step,
    StepKind, StrPart, Target, TargetKind, Targets, Test, TestItem, TestItemKind, TypeExpr,
    TypeKind, Value, ValueKind, Variant,
};
use crate::source::{FileId, Span};

/// Where to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Move {
    pub file: FileId,
    /// In bytes; backwards where it is negative.
    pub by: i64,
}

pub(super) trait Moves {
    fn moves(&mut self, place: Move);
}

impl Moves for Span {
    fn moves(&mut self, place: Move) {
        // A file has at most 64 MiB: places fit, before and behind.
        let at = |n: u32| u32::try_from(i64::from(n) + place.by).unwrap_or(u32::MAX);
        (self.file, self.start, self.end) = (place.file, at(self.start), at(self.end));
    }
}

impl<T: Moves> Moves for Option<T> {
    fn moves(&mut self, place: Move) {
        self.iter_mut().for_each(|inner| inner.moves(place));
    }
}

impl<T: Moves> Moves for Vec<T> {
    fn moves(&mut self, place: Move) {
        self.iter_mut().for_each(|inner| inner.moves(place));
    }
}

impl<T: Moves> Moves for Box<T> {
    fn moves(&mut self, place: Move) {
        self.as_mut().moves(place);
    }
}

impl<A: Moves, B: Moves> Moves for (A, B) {
    fn moves(&mut self, place: Move) {
        self.0.moves(place);
        self.1.moves(place);
    }
}

impl<T: Moves> Moves for Spanned<T> {
    fn moves(&mut self, place: Move) {
        self.node.moves(place);
        self.span.moves(place);
    }
}

/// What has no place.
macro_rules! stays {
    ($($ty:ident)*) => { $(impl Moves for $ty { fn moves(&mut self, _: Move) {} })* };
}

// All fields and variants are named below: one that is added is missed by the compiler.
macro_rules! fields {
    ($($ty:ident { $($field:ident),* })*) => { $(impl Moves for $ty {
        fn moves(&mut self, place: Move) {
            let Self { $($field),* } = self;
            $($field.moves(place);)*
        }
    })* };
}

macro_rules! variants {
    ($($ty:ident { $($variant:ident $(( $($t:ident),* ))? $({ $($f:ident),* })?),* })*) => {
        $(impl Moves for $ty {
            fn moves(&mut self, place: Move) {
                match self {
                    $(Self::$variant $(( $($t),* ))? $({ $($f),* })? => {
                        $($($t.moves(place);)*)?
                        $($($f.moves(place);)*)?
                    })*
                }
            }
        })*
    };
}

stays! { bool i64 u32 String CompareOp HistoryFunc EndClass FailureKind ApprovalWord }

fields! {
    Ident { name, span }
    Header { doc, name, span }
    Item { doc, span, kind }
    Cond { kind, span }
    Offset { minus, literal, span }
    Operand { kind, span }
    Flow { name, params, items, complete, span }
    State { doc, name, items, span, complete }
    Step { kind, span }
    Handler { outcomes, bind, when, retry, to, span }
    Retry { count, backoff, span }
    End { doc, name, class, gives, keeps, leaves, span }
    Integration { name, wire, capacity, defaults, actions }
    Defaults { timeouts, failures, span }
    Rate { count, per, span }
    Failure { doc, kind, name, wire }
    Action { doc, name, wire, params, result, clauses, span, complete }
    Param { claim, field }
    Idempotent { keys, window, span }
    ConfirmLine { happened, on, when, gives, span }
    Targets { include, except, span }
    Target { kind, span }
    ByPart { name, counted, span }
    Fact { name, action, by, filter, lifetime }
    Rule { name, kind, role, within, when, by, filter, because, instead, keyword }
    Test { name, items, span, complete }
    TestItem { kind, span }
    Reply { outcome, value, span }
    Field { doc, name, optional, wire, ty, span }
    Variant { doc, name, wire }
    TypeExpr { span, kind, refinements }
    Range { low, high, exclusive, span }
    Regex { pattern, span }
    Literal { kind, span }
    ActionRef { integration, action, span }
    Args { args, span }
    Value { kind, span }
    Path { head, rest, span }
}

variants! {
    ItemKind {
        Use { path }, Type { name, ty }, Record { name, fields }, Enum { name, variants },
        Input(field), Role { name, wire }, Event { name, wire }, Integration(integration),
        Fact(fact), Group { name, targets }, Define { name, cond }, Rule(rule), Flow(flow),
        Test(test)
    }
    CondKind {
        Or(all), And(all), Not(inner), Quantifier { every, name, list, body },
        During { flow, state }, Operand(operand),
        Compare { left, op, op_span, right, offset }, InRange { operand, range },
        InSet { operand, set, set_span }, Matches { operand, regex },
        Present { operand, present }, Contains { operand, element }
    }
    OperandKind {
        Literal(literal), History { func, func_span, targets, by, filter }, Length(path),
        Size(path), Variant { ty, variant }, Path(path)
    }
    FlowItem {
        Start { to, span }, Within { limit, to, span }, Expect { rate },
        Once { keys, window, to, span }, Handlers { name, handlers, doc, span },
        State(state), End(end), Handler(handler)
    }
    StateItem {
        Step(step), Visits { count, to, span }, Use(name), Ignore { events, span },
        Handler(handler), When { cond, to, span }, Otherwise { to, span }
    }
    StepKind {
        Do { action, args, bind }, Agent { given, clauses },
        Ask { role, text, bind, ty, within }, Choose, Settle { action, bind },
        Unwind { actions }, Run { flow, args, bind }
    }
    AgentClause { May(targets), Calls(count), Within(limit), Outcome { name, ty, doc } }
    ActionClause {
        Reads(span), Writes { idempotent, expendable, span }, Timeout(limit), Failure(failure),
        Undo { action, args, tolerant, span }, Confirm { action, args, after, lines, span }
    }
    TargetKind {
        AnyRead, AnyWrite, Integration(name), Action { integration, action }, Group(name)
    }
    RuleKind {
        Allow(targets), Deny(targets), Require(targets), Escalate(targets),
        Limit { targets, count, effects, per }, OrderBefore { first, then },
        OrderNever { never, after }
    }
    LimitPer { Session(span), Duration(window) }
    TestItemKind {
        Given(given), Run { flow, args }, Propose { action, args },
        Proposes { state, action, args, reply }, Event { event, at }, Advance { by, at },
        Approval { decision, of }, Answer { of, reply }, Expect(expect)
    }
    Given { Call { action, args, reply }, Value { path, value }, Cond(cond) }
    Expect {
        End { name, gives }, Deny { rule, instead }, Allow { rule }, Limited { rule },
        Escalate { rule }, Cond(cond)
    }
    TypeKind { Named(name), List { element, size } }
    Refinement { In(range, span), Length(range, span), Matching(regex) }
    LiteralKind {
        Int(n), Decimal { digits, scale }, Str(parts), Duration(n), Time(n), Date(n), Instant(n),
        Bool(b)
    }
    StrPart { Text(text), Hole(path) }
    ValueKind { Literal(literal), List(all), Record(all), Variant { ty, variant }, Path(path) }
}
