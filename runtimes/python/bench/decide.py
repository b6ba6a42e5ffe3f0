"""A decision at 1,000 rules, beside pycasbin with as many policies in the same run.

    cargo build --release && pip install casbin && PYTHONPATH=src python3 bench/decide.py ../../target/release/failway
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Callable

from failway import Memory, Runtime, Session, Table, propose, reply

RULES = 1_000
NOW = 1_766_000_000_000


def policy() -> str:
    """One action; each rule denies one range of amounts for one of 50 groups, with its own bound."""
    rules = "\n".join(
        f"deny rule_{i}: shop.pay when group == {i % 50} and amount in {20 * (i // 50) + 1}..{20 * (i // 50) + 10}"
        for i in range(RULES - 1)
    )
    return f"""policy bench
integration shop {{
  action pay(group: int in 0..49, amount: int in 0..1000) {{ writes expendable  timeout 3s }}
}}
allow paying: shop.pay because "paying is what it is for"
{rules}
"""


def timed(what: Callable[[int], Any], times: int) -> float:
    """Microseconds of the processor for one call, the best of five rounds."""
    best = float("inf")
    for _ in range(5):
        begin = time.process_time()
        for i in range(times):
            what(i)
        best = min(best, (time.process_time() - begin) / times * 1e6)
    return best


def main(failway: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        source, made = Path(folder) / "bench.failway", Path(folder) / "bench.table.json"
        source.write_text(policy())
        subprocess.run([failway, "compile", source, "-o", made], check=True, capture_output=True)
        table = Table.load(made)
    runtime, session = Runtime(table), Session.new(table, "bench")
    asked = [{"group": i * 7 % 50, "amount": i * 13 % 1000} for i in range(1_000)]

    def decide(i: int) -> Any:
        return runtime.decide(session, "shop.pay", asked[i % 1_000], now=NOW)

    def step(i: int) -> Any:
        one = Session.new(table, "bench")
        return runtime.step(one, propose("shop.pay", asked[i % 1_000]), now=NOW, counters=Memory())

    print(f"{len(table.body['rules'])} rules, {len(table.body['nodes'])} nodes")
    print(f"failway, decision alone      {timed(decide, 20_000):8.2f} us")
    print(f"failway, step with record    {timed(step, 3_000):8.2f} us")
    try:
        import casbin
    except ImportError:
        print("casbin is not installed: pip install casbin")
        return
    with tempfile.TemporaryDirectory() as folder:
        model, policies = Path(folder) / "model.conf", Path(folder) / "policy.csv"
        model.write_text(
            "[request_definition]\nr = group, amount\n[policy_definition]\np = group, low, high, eft\n"
            "[policy_effect]\ne = !some(where (p.eft == deny))\n"
            "[matchers]\nm = r.group == p.group && r.amount >= p.low && r.amount <= p.high\n"
        )
        policies.write_text(
            "\n".join(
                f"p, {i % 50}, {20 * (i // 50) + 1}, {20 * (i // 50) + 10}, deny" for i in range(RULES)
            )
        )
        enforcer = casbin.Enforcer(str(model), str(policies))
        print(f"pycasbin {getattr(casbin, '__version__', '')}, enforce         "
              f"{timed(lambda i: enforcer.enforce(str(asked[i % 1_000]['group']), str(asked[i % 1_000]['amount'])), 5):8.2f} us")


if __name__ == "__main__":
    main(sys.argv[1])
