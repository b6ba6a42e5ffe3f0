(action (action_body) @function.inside) @function.around
(flow (flow_body) @function.inside) @function.around
(state (state_body) @function.inside) @function.around
(integration) @class.around
(record_definition) @class.around
(test (test_body) @test.inside) @test.around
(parameter) @parameter.inside
(argument) @parameter.inside
(comment) @comment.around
