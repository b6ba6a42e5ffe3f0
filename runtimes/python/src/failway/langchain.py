"""LangChain tools behind a table: each call of a tool is proposed first, and its reply is brought."""

from __future__ import annotations

from typing import Any, Callable

from langchain_core.tools import BaseTool, StructuredTool

from .counters import Counters, Memory
from .runtime import Runtime
from .session import Session
from .steps import now_ms, propose, reply


class Guard:
    """Guards the tools of one conversation.

    `inputs` is asked before every step. `log` gets every record as a line; `store` the session's
    bytes, before a call is made. A tool that raises has the outcome `failure(error)`: the name of a
    failure that the action declares, or `timeout` or `malformed`.
    """

    def __init__(
        self,
        runtime: Runtime,
        session: Session,
        *,
        inputs: Callable[[], dict[str, Any]] = dict,
        counters: Counters | None = None,
        log: Callable[[str], None] = lambda line: None,
        store: Callable[[bytes], None] = lambda data: None,
        failure: Callable[[Exception], str] = lambda error: "malformed",
        clock: Callable[[], int] = now_ms,
    ) -> None:
        self.runtime, self.session = runtime, session
        self._inputs, self._log, self._store = inputs, log, store
        self._failure, self._clock = failure, clock
        self._counters = counters if counters is not None else Memory()

    def tools(self, tools: list[BaseTool]) -> list[BaseTool]:
        """The same tools, guarded. A tool's name is its action's name on the wire."""
        return [self._tool(tool) for tool in tools]

    def _tool(self, tool: BaseTool) -> BaseTool:
        def call(**args: Any) -> Any:
            return self._call(tool, args)

        return StructuredTool(name=tool.name, description=tool.description, args_schema=tool.args_schema, func=call)

    def _call(self, tool: BaseTool, args: dict[str, Any]) -> Any:
        stepped = self._step(propose(tool.name, args))
        made = [d for d in stepped.next if d["kind"] == "call"]
        if not made:
            return stepped.verdict.for_model()
        try:
            value = tool.invoke(made[0]["args"])
        except Exception as error:  # noqa: BLE001 - however the tool breaks, the table says what follows
            outcome = self._failure(error)
            self._step(reply(made[0], outcome))
            return f"The call ended with {outcome}."
        self._step(reply(made[0], "ok", value))
        return value

    def _step(self, request: dict[str, Any]) -> Any:
        stepped = self.runtime.step(
            self.session, request, now=self._clock(), inputs=self._inputs(), counters=self._counters
        )
        self._store(self.session.to_bytes())
        self._log(stepped.record_text())
        return stepped
