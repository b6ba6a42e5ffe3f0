"""Failway in Python: enforces a compiled decision table. The standard library is all that it needs.

    table = Table.load("desk.table.json")
    runtime, session, counters = Runtime(table), Session.new(table, "call-4711"), Memory()
    stepped = runtime.step(session, propose("crm.lookup", {"phone": "+15550001111"}),
                           now=now_ms(), counters=counters)
    if stepped.verdict.allowed: ...

What a table means, and what requests, records and directives look like, is described in
docs/table.md and docs/runtime.md of the Failway repository.
"""

from .counters import Counters, Memory
from .faults import BadTable, Fault, ReplayFault
from .records import read_record, redacted
from .replay import replay
from .requests import read_request
from .runtime import Runtime, Stepped
from .session import Session
from .steps import approve, event, now_ms, propose, reload, reply, resolve, start, tick
from .table import Table
from .verdicts import Decision

__version__ = "0.1.0"

__all__ = [
    "BadTable",
    "Counters",
    "Decision",
    "Fault",
    "Memory",
    "ReplayFault",
    "Runtime",
    "Session",
    "Stepped",
    "Table",
    "approve",
    "event",
    "now_ms",
    "propose",
    "read_record",
    "read_request",
    "redacted",
    "reload",
    "replay",
    "reply",
    "resolve",
    "start",
    "tick",
]
