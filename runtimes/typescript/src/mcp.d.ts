import type { Guard } from "./index.js";

/** What is needed of an MCP client, such as that of `@modelcontextprotocol/sdk`. */
export interface McpClient {
  listTools(...args: any[]): Promise<any>;
  callTool(params: { name: string; arguments?: Record<string, unknown> }, ...rest: any[]): Promise<any>;
}

/**
 * A client in the place of `client`: it shows only the tools that the policy knows, and calls one only
 * if the policy allows it.
 */
export function guardedClient(
  client: McpClient,
  guard: Guard,
  options?: {
    /** Names the outcome of an answer with `isError`; by default its `_meta.outcome`, else `malformed`. */
    outcome?: (answer: any) => string;
  },
): McpClient;
