; Later patterns win where several match.

(word) @variable
(comment) @comment
(doc_line) @comment.documentation

[
  "policy" "use" "type" "record" "enum" "input" "role" "event" "integration" "fact" "group" "define"
  "action" "flow" "test" "state" "handlers" "end" "capacity" "defaults" "outcome"
] @keyword

[ "allow" "deny" "require" "escalate" "limit" "order" "limited" ] @keyword.directive

[
  "start" "do" "agent" "ask" "settle" "unwind" "run" "on" "when" "otherwise" "visits" "ignore" "retry"
  "backoff" "expect" "once" "else" "within" "given" "may" "propose" "proposes" "advance" "approve"
  "decline" "expire" "as" "to" "for" "by" "where" "because" "instead" "per" "session" "before" "after" "never"
  "any" "read" "write" "except" "of" "size" "length" "matching" "call" "calls" "effect" "effects" "claim"
] @keyword.control
(choose) @keyword.control

[
  "writes" "idempotent" "expendable" "timeout" "permanent" "transient" "indeterminate" "undo"
  "tolerant" "confirm" "happened" "absent" "success" "fallback" "failure" "gives" "keeps" "leaves" "unsettled"
] @keyword.modifier
(reads) @keyword.modifier

[ "and" "or" "not" "in" "is" "matches" "contains" "some" "every" "during" "present" ] @keyword.operator
[ "->" "==" "!=" "<" "<=" ">" ">=" "+" "-" ".." "..<" "=" "|" "*" "?" ] @operator
[ "{" "}" "(" ")" "[" "]" ] @punctuation.bracket
[ "," ":" "." ] @punctuation.delimiter

(base_type) @type.builtin
"list" @type.builtin
(type_name) @type
(type_definition name: (type_name) @type.definition)
(record_definition name: (type_name) @type.definition)
(enum_definition name: (type_name) @type.definition)

(string) @string
(string_text) @string
(escape) @string.escape
(hole ["{" "}"] @punctuation.special)
(regex) @string.regexp
[ (integer) (decimal) (duration) (time) (date) (instant) ] @number
(boolean) @boolean

(header name: (word) @module)
(integration name: (word) @module)
(act integration: (word) @module action: (word) @function)
(action_reference integration: (word) @module)
(action_reference action: (word) @function)
(target integration: (word) @module)
(target action: (word) @function)
(action name: (word) @function)
(flow name: (word) @function)
(run flow: (word) @function)
(test_run flow: (word) @function)
(history function: _ @function.builtin)
(sized function: _ @function.builtin)

(allow name: (word) @property)
(deny name: (word) @property)
(require name: (word) @property)
(escalate name: (word) @property)
(limit name: (word) @property)
(order name: (word) @property)

(field name: (word) @property)
(parameter name: (word) @variable.parameter)
(argument name: (word) @property)
(path member: (word) @property)
(variant name: (word) @constant)
(variant_reference variant: (word) @constant)
(failure name: (word) @constant)
(outcome name: (word) @constant)
(handler outcome: (word) @constant)
(confirm_line outcome: (word) @constant)
(reply outcome: (word) @constant)
(reply variant: (word) @constant)

(state name: (word) @label)
(handlers name: (word) @label)
(end name: (word) @label)
(to target: (word) @label)
(expect_end name: (word) @label)
