// The command behind ./conform.

import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { Runner } from "./vectors.js";

const args = process.argv.slice(2);
const first = args.includes("--first");
const files = args.filter((a) => !a.startsWith("--"));
const runner = new Runner({
  quick: args.includes("--quick"),
  failed: (words) => console.log(words),
});
for (const file of files.length > 0 ? files : ["-"]) {
  const input = file === "-" ? process.stdin : createReadStream(file);
  for await (const line of createInterface({ input, crlfDelay: Infinity })) {
    runner.line(line);
    if (first && runner.failures > 0) break;
  }
}
console.log(`${runner.cases} cases, ${runner.steps} steps, ${runner.failures} failed`);
process.exitCode = runner.failures > 0 || runner.cases === 0 ? 1 : 0;
