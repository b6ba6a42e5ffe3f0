//! Words that begin a part of other languages' files, and what begins it here.

use super::super::recover::Context;
use crate::diagnostics::{Code, Diagnostic};
use crate::source::{FileId, Span};

/// Where, the words, and what to say.
const BEGINNINGS: &[(Context, &[&str], &str)] = &[
    (
        Context::File,
        &["permit", "grant", "can", "let", "authorize"],
        "what is permitted is said by `allow name: targets when condition`",
    ),
    (
        Context::File,
        &[
            "forbid", "block", "prohibit", "reject", "disallow", "cannot", "never",
        ],
        "what is forbidden is said by `deny name: targets when condition`",
    ),
    (
        Context::File,
        &["must", "ensure", "requires", "assert", "invariant"],
        "what must hold is said by `require name: targets when condition`",
    ),
    (
        Context::File,
        &["approve", "approval", "approvals", "confirm"],
        "what a person has to agree to is said by `escalate name: targets to role within 10m when condition`",
    ),
    (
        Context::File,
        &[
            "rate",
            "rate_limit",
            "ratelimit",
            "throttle",
            "quota",
            "budget",
            "max",
        ],
        "how often is said by `limit name: targets to 5 calls per 1h`",
    ),
    (
        Context::File,
        &["import", "include", "require_file", "from", "load"],
        "another file is brought in by `use \"types.failway\"`",
    ),
    (
        Context::File,
        &[
            "package",
            "module",
            "version",
            "name",
            "metadata",
            "kind",
            "apiversion",
            "terraform",
        ],
        "a file begins with `policy name`, and with nothing about itself besides",
    ),
    (
        Context::File,
        &["rule", "rules", "policies", "constraints"],
        "a rule begins with its kind: `allow`, `deny`, `require`, `escalate`, `limit` or `order`",
    ),
    (
        Context::File,
        &[
            "service",
            "server",
            "provider",
            "api",
            "tool",
            "tools",
            "resource",
            "connector",
            "system",
            "interface",
        ],
        "what the AI can reach is declared by `integration name { action … }`",
    ),
    (
        Context::File,
        &[
            "struct",
            "class",
            "message",
            "schema",
            "model",
            "object",
            "data",
            "dataclass",
            "entity",
        ],
        "a record is declared by `record Name { field: type, … }`",
    ),
    (
        Context::File,
        &[
            "workflow",
            "process",
            "pipeline",
            "machine",
            "saga",
            "procedure",
        ],
        "what is done step by step is declared by `flow name(…) { start -> first  state first { … } }`",
    ),
    (
        Context::File,
        &[
            "def",
            "fn",
            "func",
            "function",
            "fun",
            "method",
            "endpoint",
            "operation",
        ],
        "what can be called is declared inside an integration, by `action name(…) -> Type { … }`; what is done step by step is a `flow`",
    ),
    (
        Context::File,
        &["const", "var", "val", "variable", "param", "set"],
        "a condition gets a name by `define open = …`; what the runtime hands in is an `input name: type`; other values are written where they are used",
    ),
    (
        Context::File,
        &["actor", "user", "principal", "roles", "approver", "person"],
        "somebody who can approve or be asked is a `role name`",
    ),
    (
        Context::File,
        &["signal", "trigger", "interrupt", "events"],
        "something that can happen at any moment is an `event name`",
    ),
    (
        Context::File,
        &["scenario", "describe", "it", "spec", "tests"],
        "a test is written `test \"what it shows\" { … }`",
    ),
    (
        Context::File,
        &[
            "if", "when", "unless", "else", "switch", "match", "for", "while",
        ],
        "a rule begins with what it says, and ends with when: `deny name: targets when condition`",
    ),
    (
        Context::File,
        &["and", "or"],
        "a rule says one thing: what else must hold is a rule of its own; conditions are joined inside `when …`",
    ),
    (
        Context::File,
        &["default"],
        "there is no default to set: what nothing allows is denied",
    ),
    (
        Context::File,
        &["action", "actions"],
        "an action stands inside an integration: `integration crm { action lookup(…) { … } }`",
    ),
    (
        Context::File,
        &["state", "end", "start", "states"],
        "this stands inside a flow; is a block above closed too early?",
    ),
    (
        Context::File,
        &["on"],
        "a handler stands inside a state or a flow; is a block above closed too early?",
    ),
    (
        Context::File,
        &[
            "reads",
            "writes",
            "timeout",
            "permanent",
            "transient",
            "indeterminate",
        ],
        "this stands inside an action; is a block above closed too early?",
    ),
    (
        Context::Integration,
        &[
            "tool",
            "fn",
            "def",
            "func",
            "function",
            "method",
            "call",
            "endpoint",
            "operation",
            "rpc",
            "query",
            "mutation",
            "post",
            "get",
        ],
        "what can be called is declared by `action name(…) -> Type { … }`",
    ),
    (
        Context::Integration,
        &[
            "timeout",
            "transient",
            "permanent",
            "indeterminate",
            "retry",
            "errors",
        ],
        "what holds for all its actions stands in `defaults { timeout 3s  transient unavailable }`",
    ),
    (
        Context::Integration,
        &["rate", "rate_limit", "limit", "throughput", "qps", "max"],
        "what the other side can take is said by `capacity 600 per 1m`",
    ),
    (
        Context::Integration,
        &[
            "url",
            "base_url",
            "endpoint_url",
            "auth",
            "token",
            "host",
            "description",
            "type",
            "version",
            "provider",
        ],
        "how it is reached is the host's affair; what is said about it is written as `///` before it",
    ),
    (
        Context::Defaults,
        &["retry", "retries", "backoff"],
        "retries belong to a handler of a state: `on timeout retry 2 backoff 200ms..2s -> …`",
    ),
    (
        Context::Defaults,
        &["errors", "error", "fails", "failure", "failures", "throws"],
        FAILURES,
    ),
    (
        Context::Action,
        &["readonly", "read", "read_only", "pure", "query", "safe"],
        "an action that changes nothing says `reads`",
    ),
    (
        Context::Action,
        &[
            "write",
            "mutates",
            "mutation",
            "modifies",
            "effect",
            "side_effect",
            "destructive",
        ],
        "an action that changes something says `writes`, or `writes idempotent by key`",
    ),
    (
        Context::Action,
        &["idempotent", "idempotency", "idempotency_key", "key"],
        "this is said of a write: `writes idempotent by order for 24h`",
    ),
    (
        Context::Action,
        &["expendable"],
        "this is said of a write: `writes expendable`",
    ),
    (
        Context::Action,
        &[
            "errors", "error", "fails", "fail", "failure", "failures", "throws", "raises", "on",
            "may_fail",
        ],
        FAILURES,
    ),
    (
        Context::Action,
        &["retry", "retries", "backoff", "retryable"],
        "retries belong to a handler of a state: `on timeout retry 2 backoff 200ms..2s -> …`",
    ),
    (
        Context::Action,
        &["returns", "return", "result", "output", "response"],
        "what an action answers stands before its block: `action name(…) -> Type { … }`",
    ),
    (
        Context::Action,
        &[
            "params",
            "parameters",
            "input",
            "inputs",
            "args",
            "arguments",
        ],
        "what an action takes stands behind its name: `action name(order: OrderId) { … }`",
    ),
    (
        Context::Action,
        &["rollback", "compensate", "compensation", "revert"],
        "what takes a write back is said by `undo cancel(booking: result)`",
    ),
    (
        Context::Action,
        &["verify", "check", "status"],
        "what finds out whether a write happened is said by `confirm find(…) { happened on ok  absent on not_found }`",
    ),
    (
        Context::Action,
        &["deadline", "wait", "max_time"],
        "how long a call may take is said by `timeout 3s`",
    ),
    (
        Context::Action,
        &["description", "desc", "doc", "summary"],
        "what is said about it is written as `///` before it",
    ),
    (
        Context::Flow,
        &["step", "node", "stage", "phase", "task", "activity"],
        "a step is a `state name { … }`",
    ),
    (
        Context::Flow,
        &[
            "initial",
            "begin",
            "entry",
            "init",
            "first",
            "start_state",
            "startat",
        ],
        "where a flow begins is said by `start -> state`",
    ),
    (
        Context::Flow,
        &[
            "final", "terminal", "finish", "done", "stop", "exit", "return", "fail", "success",
            "failure",
        ],
        "where a flow stops is said by `end name success`, `fallback` or `failure`",
    ),
    (
        Context::Flow,
        &["timeout", "deadline", "max_duration", "sla"],
        "how long a flow may take is said by `within 5m -> state`, or by `within 5m` alone as a promise",
    ),
    (
        Context::Flow,
        &["when", "catch", "handle", "event", "onerror", "on_error"],
        "what follows an event is said by `on event -> state`; what follows an outcome stands in its state",
    ),
    (
        Context::Flow,
        &["idempotent", "dedupe", "unique", "deduplicate"],
        "duplicates are dropped by `once per id for 24h else -> end`",
    ),
    (
        Context::Flow,
        &["rate", "load", "expected", "volume"],
        "the peak load is said by `expect 40 per 1m`",
    ),
    (
        Context::Flow,
        &[
            "do", "call", "agent", "ask", "choose", "settle", "unwind", "run",
        ],
        "a step stands in a state of its own: `state name { do crm.lookup(…) as lead  on ok -> … }`",
    ),
    (
        Context::Flow,
        &["let", "var", "set", "input", "params"],
        "what a flow takes stands behind its name: `flow name(order: OrderId) { … }`; what a step comes back with is bound behind it by `as`",
    ),
    (
        Context::State,
        &[
            "call", "invoke", "execute", "perform", "action", "exec", "use_tool", "await",
            "request", "send",
        ],
        "a call is written `do crm.lookup(phone: phone) as lead`",
    ),
    (
        Context::State,
        &["let", "var", "const", "val", "set", "assign"],
        "what a call comes back with is bound behind it: `do crm.lookup(phone: phone) as lead`",
    ),
    (
        Context::State,
        &["goto", "next", "transition", "then", "go", "jump", "return"],
        "what follows is said for each outcome: `on ok -> next_state`; without a step, `choose  otherwise -> next_state`",
    ),
    (
        Context::State,
        &["if", "switch", "match", "case", "elif", "elsif"],
        "what depends on data is a `choose` with `when condition -> state` and `otherwise -> state`",
    ),
    (
        Context::State,
        &[
            "catch", "except", "rescue", "onerror", "on_error", "handle", "error", "failure",
        ],
        "what follows a failure is said by name: `on timeout | malformed -> state`",
    ),
    (
        Context::State,
        &["retry", "retries", "backoff"],
        "a retry belongs to a handler: `on timeout retry 2 backoff 200ms..2s -> state`",
    ),
    (
        Context::State,
        &["timeout", "deadline"],
        "how long a call may take is said by the action; an agent and a question have `within 5m`",
    ),
    (
        Context::State,
        &["within"],
        "an agent's `within` stands in its block, a question's behind it; a state has none of its own",
    ),
    (
        Context::State,
        &["max_visits", "limit", "max", "attempts"],
        "how often a state is entered is said by `visits 3 -> state`",
    ),
    (
        Context::State,
        &["prompt", "llm", "model", "ai", "tools"],
        "a model acts in an `agent given … { may …  calls 8  within 90s  outcome done }`",
    ),
    (
        Context::State,
        &["end", "stop", "finish", "terminate"],
        "an end is declared in the flow, and reached by an arrow: `on ok -> booked`, `end booked success`",
    ),
    (
        Context::State,
        &["wait", "sleep", "delay"],
        "nothing waits by itself: a retry has a `backoff`, a question its `within`",
    ),
    (
        Context::State,
        &[
            "parallel", "fork", "join", "foreach", "for", "while", "loop",
        ],
        "a state does one thing; circles are made by arrows, and bounded by `visits`",
    ),
    (
        Context::State,
        &["escalate", "approve", "human", "notify", "message"],
        "a person is asked by `ask manager \"May it go out?\" as answer: bool within 10m`",
    ),
    (
        Context::State,
        &["rollback", "compensate", "undo", "revert"],
        "what stands is undone by `unwind a.b, c.d`",
    ),
    (
        Context::State,
        &["confirm", "verify", "check"],
        "what became of a write is found out by `settle a.b`",
    ),
    (
        Context::Agent,
        &["tools", "tool", "actions", "allow", "allowed", "can", "use"],
        "what an agent may call is said by `may calendar.find_slots, crm.*`",
    ),
    (
        Context::Agent,
        &[
            "max_calls",
            "max",
            "limit",
            "steps",
            "max_steps",
            "turns",
            "max_turns",
            "budget",
            "iterations",
        ],
        "how many calls it may propose is said by `calls 8`",
    ),
    (
        Context::Agent,
        &["timeout", "deadline", "time", "max_time", "duration"],
        "how long it may take is said by `within 90s`",
    ),
    (
        Context::Agent,
        &[
            "outcomes", "output", "outputs", "returns", "return", "result", "done", "on",
        ],
        "what it can come back with is said by `outcome chose: Slot`, one for each; what follows stands in the state, behind the agent's block",
    ),
    (
        Context::Agent,
        &[
            "prompt",
            "goal",
            "instructions",
            "system",
            "model",
            "temperature",
            "objective",
        ],
        "what a model is told is the host's affair; the policy says what it may do",
    ),
    (
        Context::Agent,
        &["given", "input", "context", "with"],
        "what it is given stands before its block: `agent given lead { … }`",
    ),
    (
        Context::Test,
        &[
            "assert", "expects", "should", "then", "verify", "check", "ensure",
        ],
        "what is expected is said by `expect end booked`, `expect deny rule` or `expect calls(a.b) == 1`",
    ),
    (
        Context::Test,
        &[
            "setup", "let", "with", "mock", "stub", "when", "before", "input", "inputs", "session",
            "set",
        ],
        "what holds before is said by `given now == 10:00, crm.lookup(phone: \"+1555\") -> ok …`; what a call answers by `crm.lookup -> timeout`",
    ),
    (
        Context::Test,
        &["call", "invoke", "do", "request", "action"],
        "a call is proposed by `propose a.b(…)`, or by an agent: `state proposes a.b(…)`",
    ),
    (
        Context::Test,
        &["start", "flow", "execute", "play"],
        "a flow is started by `run flow(…)`",
    ),
    (
        Context::Test,
        &["wait", "sleep", "after", "elapse", "time"],
        "time passes by `advance 10m`",
    ),
    (
        Context::Handlers,
        &["when", "catch", "case", "ok", "timeout"],
        "a handler is written `on timeout | malformed -> state`",
    ),
];

const FAILURES: &str = "failures are declared by what they mean: `permanent not_found` (nothing happened, a retry won't help), `transient unavailable` (nothing happened), `indeterminate gateway_error` (it may have happened)";

/// Whether the first word of a chunk is one that begins something in other languages; `what` was
/// expected.
pub(in super::super) fn beginning(
    file: FileId,
    at: usize,
    word: &str,
    context: Context,
    what: &str,
) -> Option<Diagnostic> {
    let lower = word.to_lowercase();
    let (.., help) = BEGINNINGS
        .iter()
        .find(|(c, words, _)| *c == context && words.contains(&lower.as_str()))?;
    Some(
        Diagnostic::new(
            Code::FW001,
            format!("`{word}` does not begin {what}"),
            Span::new(file, at, at + word.len()),
            format!("{what} was expected here"),
        )
        .help(*help),
    )
}
