"""Tables for tests. `desk.table.json` is the example of docs/table.md, compiled."""

from __future__ import annotations

from pathlib import Path

from failway import Table


def desk() -> Table:
    return Table.load(Path(__file__).parent / "desk.table.json")
