"""Records: read again, and stripped of values."""

from __future__ import annotations

from typing import Any

from .documents import NotJson, canonical, digest_text, parse
from .faults import Fault


def read_record(line: bytes | str) -> dict[str, Any]:
    """Reads a line of a log; raises Fault."""
    try:
        record = parse(line)
    except NotJson as e:
        raise Fault("replay", f"this is no record: {e}") from None
    if not isinstance(record, dict):
        raise Fault("replay", "this is no record")
    return record


def redacted(record: dict[str, Any], salt: str | None = None) -> dict[str, Any]:
    """The record without its values: arguments, inputs, replies, results, and the reasons that quote
    them. Names, numbers, times and verdicts stay. It no longer replays.

    With `salt`, a SHA-256 stands in the place of each value. Keep the salt secret: it is what keeps
    short values from being guessed; use one for all records that are to be compared.
    """
    hide = _Hide(salt)
    out = dict(record)
    out["values"] = "omitted" if salt is None else "digested"
    out["inputs"] = hide.members(record["inputs"])
    out["request"] = hide.request(dict(record["request"]))
    out["trace"] = [hide.trace(dict(t)) for t in record["trace"]]
    return out


class _Hide:
    def __init__(self, salt: str | None) -> None:
        self._salt = salt

    def _digest(self, value: Any) -> str:
        return digest_text(canonical([self._salt, value], odd=True))

    def members(self, of: dict[str, Any]) -> dict[str, Any]:
        """Members keep their names."""
        return {} if self._salt is None else {name: self._digest(v) for name, v in of.items()}

    def _value(self, value: Any) -> Any:
        if isinstance(value, dict):
            return self.members(value)
        if value is None or self._salt is None:
            return None
        return self._digest(value)

    def _option(self, of: dict[str, Any], name: str) -> None:
        if name in of:
            if self._salt is None:
                del of[name]
            else:
                of[name] = self._digest(of[name])

    def request(self, request: dict[str, Any]) -> dict[str, Any]:
        if "args" in request:
            request["args"] = self._value(request["args"])
        for name in ("value", "result", "by"):
            self._option(request, name)
        return request

    def trace(self, trace: dict[str, Any]) -> dict[str, Any]:
        what = trace["what"]
        if what == "decided":
            trace["args"] = self._value(trace["args"])
            verdict = trace["verdict"] = dict(trace["verdict"])
            if verdict.get("rule") == "invalid":
                verdict["reason"] = "The arguments were not valid."
            if "instead" in verdict:
                verdict["instead"] = {**verdict["instead"], "args": self.members(verdict["instead"]["args"])}
        elif what in ("replied", "settled", "outcome"):
            self._option(trace, "value")
            if "problem" in trace:
                # It quotes what came back.
                trace["problem"] = "the reply was not valid"
        elif what == "ended":
            self._option(trace, "gives")
        return trace
