// Failway's runtime for JavaScript: reads tables, decides, remembers, replays. No dependencies.

export { canonical } from "./canonical.js";
export { MemoryCounters } from "./counters.js";
export { Runtime } from "./engine.js";
export { Fault } from "./fault.js";
export { Guard, inWords } from "./guard.js";
export { redacted } from "./redact.js";
export { RedisCounters } from "./redis.js";
export { readRequest } from "./request.js";
export { replay } from "./replay.js";
export { Session } from "./session.js";
export { digest } from "./sha256.js";
export { Table, TableError } from "./table.js";
