"""Why a step, or what was read, is refused."""

from __future__ import annotations


class Fault(Exception):
    """A refused step. It has changed nothing: neither the session nor the counters."""

    def __init__(self, code: str, words: str) -> None:
        super().__init__(words)
        self.code = code
        """A short fixed name, such as `call_over`; docs/runtime.md lists them."""


class ReplayFault(Fault):
    """A record that doesn't come out the same."""

    def __init__(self, index: int, problem: str) -> None:
        super().__init__("replay", f"record {index} doesn't replay: {problem}")
        self.index = index


class BadTable(ValueError):
    """What was read is no table."""

    def __init__(self, why: str, words: str) -> None:
        super().__init__(words)
        self.why = why
        """`json`, `format`, `version`, `digest` or `body`."""
