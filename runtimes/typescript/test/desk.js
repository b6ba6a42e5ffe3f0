// The table that the tests use: what docs/table.md shows, with a limit over all sessions and an
// approval besides.

import { readFileSync } from "node:fs";
import { Table } from "../src/index.js";

export const source = readFileSync(new URL("desk.table.json", import.meta.url));
export const table = Table.read(source);
