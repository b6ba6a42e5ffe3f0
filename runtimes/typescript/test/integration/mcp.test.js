// The TypeScript SDK of the Model Context Protocol: a server with tools, a client, and a guard
// between them, all in this process.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { InMemoryTransport } from "@modelcontextprotocol/sdk/inMemory.js";
import { Server } from "@modelcontextprotocol/sdk/server/index.js";
import { CallToolRequestSchema, ListToolsRequestSchema } from "@modelcontextprotocol/sdk/types.js";
import { Guard, MemoryCounters } from "../../src/index.js";
import { guardedClient } from "../../src/mcp.js";
import { table } from "../desk.js";

const called = [];
const TOOLS = {
  find_order({ order }) {
    if (order === "ORD-99") {
      return { isError: true, content: [{ type: "text", text: "no such order" }], _meta: { outcome: "404" } };
    }
    const value = { id: order, total: "35.00", secret: "x" };
    return { content: [{ type: "text", text: JSON.stringify(value) }], structuredContent: value };
  },
  refund_order: () => ({ content: [{ type: "text", text: "done" }] }),
  send_gift: () => ({ isError: true, content: [{ type: "text", text: "the depot is closed" }] }),
  drop_database: () => ({ content: [{ type: "text", text: "dropped" }] }),
};

let client;
let server;
before(async () => {
  server = new Server({ name: "shop", version: "1" }, { capabilities: { tools: {} } });
  server.setRequestHandler(ListToolsRequestSchema, () => ({
    tools: Object.keys(TOOLS).map((name) => ({ name, inputSchema: { type: "object" } })),
  }));
  server.setRequestHandler(CallToolRequestSchema, ({ params }) => {
    called.push([params.name, params.arguments]);
    return TOOLS[params.name](params.arguments);
  });
  client = new Client({ name: "agent", version: "1" });
  const [here, there] = InMemoryTransport.createLinkedPair();
  await Promise.all([server.connect(there), client.connect(here)]);
});
after(async () => {
  await client.close();
  await server.close();
});

test("an agent's tools go through the guard", async () => {
  const options = { inputs: () => ({ open: true }), counters: new MemoryCounters() };
  const guard = new Guard(table, options);
  const agent = guardedClient(client, guard);
  const { tools } = await agent.listTools();
  assert.deepEqual(tools.map((t) => t.name), ["find_order", "refund_order", "send_gift"]);

  const call = (name, args) => agent.callTool({ name, arguments: args });
  const early = await call("refund_order", { order: "ORD-17", amount: "20" });
  assert.equal(early.isError, true);
  assert.match(early.content[0].text, /Ask again after shop\.find has succeeded/);
  assert.equal((await call("drop_database", {})).content[0].text, "There is no action drop_database. Asking again will not help.");
  assert.deepEqual(called, []);

  const missing = await call("find_order", { order: "ORD-99" });
  assert.deepEqual([missing.isError, missing.content[0].text], [true, "shop.find: not_found"]);
  const found = await call("find_order", { order: "ORD-17" });
  assert.deepEqual(found.structuredContent, { id: "ORD-17", total: "35.00" });
  const paid = await call("refund_order", { order: "ORD-17", amount: "20" });
  assert.deepEqual([paid.isError, paid.content[0].text], [false, '"done"']);
  assert.deepEqual(called.at(-1), ["refund_order", { order: "ORD-17", amount: "20.00" }]);

  // A claim is seen by the policy and the record, never by the tool.
  const asked = await guard.call("send_gift", { order: "ORD-17", reason: "late" }, (args, { wire }) =>
    client.callTool({ name: wire, arguments: args }),
  );
  await guard.approve(asked.approval, true, "kim");
  assert.deepEqual(called.at(-1), ["send_gift", { order: "ORD-17" }]);
});

test("an error that names no outcome leaves it open what happened", async () => {
  const guard = new Guard(table, { inputs: () => ({ open: true }), counters: new MemoryCounters() });
  const broken = { callTool: async () => ({ isError: true, content: [{ type: "text", text: "?" }] }) };
  const working = guardedClient(client, guard);
  await working.callTool({ name: "find_order", arguments: { order: "ORD-17" } });
  const agent = guardedClient(broken, guard);
  const args = { order: "ORD-17", amount: "1" };
  assert.equal((await agent.callTool({ name: "refund_order", arguments: args })).isError, true);
  const other = await working.callTool({ name: "refund_order", arguments: { ...args, amount: "2" } });
  assert.match(other.content[0].text, /may have happened or not/);
});
