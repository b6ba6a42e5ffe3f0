(flow) @local.scope
(quantifier) @local.scope

(parameter name: (word) @local.definition.parameter)
(bind name: (word) @local.definition.var)
(ask name: (word) @local.definition.var)
(quantifier name: (word) @local.definition.var)
(define name: (word) @local.definition.var)
(fact name: (word) @local.definition.var)
(input name: (word) @local.definition.var)
(type_definition name: (type_name) @local.definition.type)
(record_definition name: (type_name) @local.definition.type)
(enum_definition name: (type_name) @local.definition.type)
(flow name: (word) @local.definition.function)

(path . (word) @local.reference)
(type (type_name) @local.reference)
