// Counters in Redis: limits that hold over many processes.
//
// One sorted set per counter, its key the counter's behind a prefix. Scores are the times at which
// slots were taken, members `TIME-TOKEN`. Every question is one script, so that two processes never
// both get the last slot.

const SCRIPT = `
local now, take, token = tonumber(ARGV[1]), ARGV[2] == 'take', ARGV[3]
local answers, free = {}, true
for i, key in ipairs(KEYS) do
  local count, window = tonumber(ARGV[2 + 2 * i]), tonumber(ARGV[3 + 2 * i])
  local start = string.format('(%.0f', now - window)
  local inside = redis.call('ZCOUNT', key, start, '+inf')
  answers[i] = ''
  if inside >= count then
    local leaves = redis.call('ZRANGEBYSCORE', key, start, '+inf', 'WITHSCORES', 'LIMIT', inside - count, 1)
    local at = leaves[2] and tonumber(leaves[2]) + window or 9007199254740991
    answers[i] = string.format('%.0f', math.min(at, 9007199254740991))
    free = false
  end
end
if take and free then
  for i, key in ipairs(KEYS) do
    local window = tonumber(ARGV[3 + 2 * i])
    redis.call('ZREMRANGEBYSCORE', key, '-inf', string.format('%.0f', now - window - 60000))
    redis.call('ZADD', key, ARGV[1], ARGV[1] .. '-' .. token .. i)
    if redis.call('PTTL', key) < window + 60000 then
      redis.call('PEXPIRE', key, string.format('%.0f', math.min(window + 60000, 1e14)))
    end
  end
end
return answers`;

const BACK = `
local found = redis.call('ZRANGEBYSCORE', KEYS[1], ARGV[1], ARGV[1], 'LIMIT', 0, 1)
if found[1] then redis.call('ZREM', KEYS[1], found[1]) end
return #found`;

/** A counter store in Redis, for `stepAsync`. */
export class RedisCounters {
  #send;
  #prefix;

  /**
   * `send` runs one command, given as strings, with whatever client there is:
   * `(command) => client.sendCommand(command)` for node-redis,
   * `([name, ...rest]) => client.call(name, ...rest)` for ioredis.
   * A cluster needs all of a policy's counters in one slot: give it a prefix such as `{failway}:`.
   */
  constructor(send, { prefix = "failway:" } = {}) {
    this.#send = send;
    this.#prefix = prefix;
  }

  peek(now, wants) {
    return this.#ask("peek", now, wants);
  }

  take(now, wants) {
    return this.#ask("take", now, wants);
  }

  async giveBack(key, takenAt) {
    await this.#send(["EVAL", BACK, "1", this.#prefix + key, String(takenAt)]);
  }

  async #ask(kind, now, wants) {
    const token = Math.random().toString(36).slice(2);
    const keys = wants.map(({ key }) => this.#prefix + key);
    const bounds = wants.flatMap((w) => [String(w.count), String(w.window_ms)]);
    const answers = await this.#send([
      "EVAL",
      SCRIPT,
      String(keys.length),
      ...keys,
      String(now),
      kind,
      token,
      ...bounds,
    ]);
    return answers.map((at) => (String(at) === "" ? null : Number(String(at))));
  }
}
