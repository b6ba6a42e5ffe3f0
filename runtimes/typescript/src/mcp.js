// The Model Context Protocol: a client whose tool calls go through a guard. It works with the client
// of the TypeScript SDK, and needs nothing of it.

/**
 * A client in the place of `client`: it shows only the tools that the policy knows, and calls one only
 * if the policy allows it. `outcome` names the outcome of an answer with `isError`; by default that is
 * its `_meta.outcome`, and without one it stays open whether anything happened.
 */
export function guardedClient(client, guard, { outcome = outcomeOf } = {}) {
  return {
    async listTools(...args) {
      const listed = await client.listTools(...args);
      return { ...listed, tools: listed.tools.filter(({ name }) => guard.knows(name)) };
    },

    async callTool({ name, arguments: args = {} }, ...rest) {
      const made = await guard.call(name, args, async (sent, { wire }) => {
        const answer = await client.callTool({ name: wire, arguments: sent }, ...rest);
        if (answer.isError) {
          throw Object.assign(new Error(textOf(answer)), { outcome: outcome(answer) });
        }
        return answer.structuredContent ?? valueOf(textOf(answer));
      });
      const well = made.allowed && made.outcome === "ok";
      const result = { content: [{ type: "text", text: made.forModel }], isError: !well };
      const { value } = made;
      if (well && typeof value === "object" && !Array.isArray(value)) result.structuredContent = value;
      return result;
    },
  };
}

function outcomeOf({ _meta }) {
  return typeof _meta?.outcome === "string" ? _meta.outcome : "malformed";
}

function textOf({ content = [] }) {
  return content.map(({ text = "" }) => text).join("");
}

/** What a text says: JSON, or the text itself. */
function valueOf(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
