"""Shared limits in Redis: one sorted set per counter, and one script per question, so that two
processes never both get the last slot. Other runtimes keep the same sets, so they share them."""

from __future__ import annotations

import json
from typing import Any

from .counters import FreeAt, Want

# KEYS: one per want. ARGV: now, whether to take, a token, then count and window of each want.
# Gives for each want the time at which a slot is free, or an empty string if one is.
_ASK = """
local now, take, token = tonumber(ARGV[1]), ARGV[2] == '1', ARGV[3]
local out, free = {}, true
for i, key in ipairs(KEYS) do
  local count, window = tonumber(ARGV[2 + 2 * i]), tonumber(ARGV[3 + 2 * i])
  local start = string.format('(%.0f', now - window)
  local inside = redis.call('ZCOUNT', key, start, '+inf')
  out[i] = ''
  if inside >= count then
    free = false
    out[i] = '9007199254740991'
    if count > 0 then
      local last = redis.call('ZREVRANGE', key, count - 1, count - 1, 'WITHSCORES')
      out[i] = string.format('%.0f', math.min(tonumber(last[2]) + window, 9007199254740991))
    end
  end
end
if take and free then
  for i, key in ipairs(KEYS) do
    local window = tonumber(ARGV[3 + 2 * i])
    redis.call('ZADD', key, ARGV[1], ARGV[1] .. '-' .. token .. '-' .. i)
    local keep = math.min(window + 60000, 4503599627370495)
    if redis.call('PTTL', key) < keep then
      redis.call('PEXPIRE', key, string.format('%.0f', keep))
    end
  end
end
return out
"""

_GIVE_BACK = """
local one = redis.call('ZRANGEBYSCORE', KEYS[1], ARGV[1], ARGV[1], 'LIMIT', 0, 1)
if one[1] then redis.call('ZREM', KEYS[1], one[1]) end
return #one
"""


class Redis:
    """Counters in Redis, through a client as the package `redis` makes them.

    `client` needs one method, `eval(script, number_of_keys, *keys_and_args)`. Slots are kept for a
    minute longer than their window, by Redis's own clock.
    """

    def __init__(self, client: Any, prefix: str = "failway:") -> None:
        self._client = client
        self._prefix = prefix

    def peek(self, now: int, wants: list[Want]) -> FreeAt:
        return self._ask(now, wants, False)

    def take(self, now: int, wants: list[Want]) -> FreeAt:
        return self._ask(now, wants, True)

    def give_back(self, key: str, taken_at: int) -> None:
        self._client.eval(_GIVE_BACK, 1, self._prefix + key, str(taken_at))

    def _ask(self, now: int, wants: list[Want], take: bool) -> FreeAt:
        import secrets

        keys = [self._prefix + want["key"] for want in wants]
        args = [str(now), "1" if take else "0", secrets.token_hex(8)]
        for want in wants:
            args += [str(want["count"]), str(want["window_ms"])]
        answer = self._client.eval(_ASK, len(keys), *keys, *args)
        texts = [a.decode() if isinstance(a, bytes) else str(a) for a in answer]
        return [json.loads(t) if t else None for t in texts]
