"""Verdicts as a host and a model get them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .words import duration, either


@dataclass
class Decision:
    """The answer to a proposal."""

    verdict: str
    """`deny`, `limited`, `escalate` or `allow`."""
    rule: str | None
    """The rule that decided, or `invalid`, `not_here`, `unsettled`, `no_rule`."""
    reason: str
    """What was refused and why, in words fit for a model. Empty for allow."""
    again: dict[str, Any]
    """Whether asking again can help."""
    instead: dict[str, Any] | None = None
    """What to call instead: `action`, `wire`, `args`."""
    approval: str | None = None
    """The approval that is waited for."""

    @property
    def allowed(self) -> bool:
        return self.verdict == "allow"

    def to_dict(self) -> dict[str, Any]:
        """As it stands in a record."""
        out: dict[str, Any] = {"verdict": self.verdict}
        if self.rule is not None:
            out["rule"] = self.rule
        if self.reason:
            out["reason"] = self.reason
        out["again"] = self.again
        if self.instead is not None:
            out["instead"] = self.instead
        if self.approval is not None:
            out["approval"] = self.approval
        return out

    def for_model(self) -> str:
        """The refusal in words for a model: the reason, what to do instead, whether to ask again."""
        parts = [self.reason] if self.reason else []
        if self.instead is not None:
            parts.append(f"Instead, call {self.instead['wire']} with {self.instead['args']}.")
        again = again_words(self.again)
        if again:
            parts.append(again)
        return " ".join(parts)


def deny(code: str, reason: str, again: str) -> Decision:
    return Decision("deny", code, reason, {"kind": again})


def again_words(again: dict[str, Any]) -> str:
    """Whether asking again helps, in words; empty where nothing was refused."""
    kind = again["kind"]
    if kind == "after_wait":
        return f"Ask again in {duration(again['wait_ms'])}."
    if kind == "after_action":
        return f"Ask again after {either(again['actions'])} has succeeded."
    return {
        "never": "Asking again will not help.",
        "later": "Asking again helps only once circumstances have changed.",
        "after_approval": "Wait for the approval.",
        "other_arguments": "Ask again with other arguments.",
    }.get(kind, "")
