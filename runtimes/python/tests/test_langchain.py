"""LangChain tools behind a table, called as a model's tool calls are; no network."""

from __future__ import annotations

import json
import unittest

from langchain_core.messages import ToolCall
from langchain_core.tools import StructuredTool
from failway import Runtime, Session, replay
from failway.langchain import Guard

from tables import desk


class LangChain(unittest.TestCase):
    def test_tools_are_called_only_when_the_table_allows(self) -> None:
        made: list[tuple[str, str]] = []

        def find(order: str) -> dict:
            """Finds an order."""
            made.append(("find", order))
            if order == "ORD-99":
                raise KeyError("404")
            return {"id": order, "total": "35.00"}

        def refund(order: str, amount: str) -> None:
            """Refunds an order."""
            made.append(("refund", f"{order} {amount}"))

        table, log, stored = desk(), [], []
        guard = Guard(
            Runtime(table),
            Session.new(table, "chat"),
            inputs=lambda: {"open": True},
            log=log.append,
            store=stored.append,
            failure=lambda error: error.args[0],
        )
        tools = [
            StructuredTool.from_function(find, name="shop.find"),
            StructuredTool.from_function(refund, name="shop.refund"),
        ]
        by_name = {tool.name: tool for tool in guard.tools(tools)}

        def model_calls(name: str, **args: str) -> str:
            call = ToolCall(name=name, args=args, id="1", type="tool_call")
            return str(by_name[name].invoke(call).content)

        self.assertIn("look the order up first", model_calls("shop.refund", order="ORD-17", amount="20"))
        self.assertEqual(made, [])
        self.assertIn("35.00", model_calls("shop.find", order="ORD-17"))
        model_calls("shop.refund", order="ORD-17", amount="20")
        self.assertEqual(made, [("find", "ORD-17"), ("refund", "ORD-17 20.00")])
        self.assertIn("not_found", model_calls("shop.find", order="ORD-99").replace("404", "not_found"))
        self.assertEqual(guard.session.calls[-1]["ended"]["outcome"], "not_found")
        records = [json.loads(line) for line in log]
        self.assertEqual(replay(table, records).to_bytes(), guard.session.to_bytes())
        self.assertEqual(Session.read(stored[-1], table).to_bytes(), guard.session.to_bytes())


if __name__ == "__main__":
    unittest.main()
