[
  (integration) (action_body) (defaults) (confirm) (record_definition) (enum_definition)
  (flow_body) (state_body) (handlers) (agent) (test_body)
  (arguments) (parameters) (record) (list)
] @indent.begin

[ "}" ")" "]" ] @indent.branch @indent.end
