// Opens a report in Chromium and uses it as a reviewer would: node browser.mjs CHROMIUM FRONT_DESK BIG SHOTS
// Speaks the DevTools protocol over pipes, so it needs nothing but Node 18 or later.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [chromium, desk, big, shots] = process.argv.slice(2);
const profile = mkdtempSync(join(tmpdir(), "failway-report-"));
const flags = ["--headless", "--disable-gpu", "--no-first-run", "--hide-scrollbars", "--remote-debugging-pipe", `--user-data-dir=${profile}`];
// Chromium has no sandbox for root.
if (process.getuid?.() === 0) flags.push("--no-sandbox", "--disable-dev-shm-usage");
const child = spawn(chromium, [...flags, "about:blank"], { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] });
const waiting = new Map();
const events = [];
let last = 0;
let rest = Buffer.alloc(0);
child.stdio[4].on("data", (chunk) => {
  rest = Buffer.concat([rest, chunk]);
  for (let end = rest.indexOf(0); end >= 0; end = rest.indexOf(0)) {
    const message = JSON.parse(rest.subarray(0, end).toString());
    rest = rest.subarray(end + 1);
    if (message.id) {
      const { done, failed } = waiting.get(message.id);
      waiting.delete(message.id);
      if (message.error) failed(new Error(JSON.stringify(message.error)));
      else done(message.result);
    } else events.push(message);
  }
});
const send = (method, params = {}, sessionId) => new Promise((done, failed) => {
  last += 1;
  waiting.set(last, { done, failed });
  child.stdio[3].write(`${JSON.stringify({ id: last, method, params, sessionId })}\0`);
});
const pause = (ms) => new Promise((done) => { setTimeout(done, ms); });

const { targetId } = await send("Target.createTarget", { url: "about:blank" });
const { sessionId } = await send("Target.attachToTarget", { targetId, flatten: true });
const page = (method, params) => send(method, params, sessionId);
for (const part of ["Page", "Runtime", "Log", "Network", "Accessibility"]) await page(`${part}.enable`);

async function run(text) {
  const { result, exceptionDetails } = await page("Runtime.evaluate", { expression: `(async () => { ${text} })()`, awaitPromise: true, returnByValue: true });
  assert.equal(exceptionDetails, undefined, JSON.stringify(exceptionDetails));
  return result.value;
}

async function open(file) {
  events.length = 0;
  const begun = performance.now();
  await page("Page.navigate", { url: pathToFileURL(file).href });
  while (!events.some((e) => e.method === "Page.loadEventFired")) await pause(5);
  await run("await new Promise((done) => requestAnimationFrame(() => setTimeout(done)))");
  return performance.now() - begun;
}

/// Nothing was loaded, and nothing went wrong.
function clean() {
  for (const { method, params } of events) {
    if (method === "Network.requestWillBeSent") assert.match(params.request.url, /^(file|data):/);
    assert.ok(!["Runtime.exceptionThrown", "Log.entryAdded", "Runtime.consoleAPICalled"].includes(method), JSON.stringify(params));
  }
}

async function view(width, height, scheme, media = "") {
  await page("Emulation.setDeviceMetricsOverride", { width, height, deviceScaleFactor: 1, mobile: false });
  await page("Emulation.setEmulatedMedia", { media, features: [{ name: "prefers-color-scheme", value: scheme }, { name: "prefers-reduced-motion", value: "reduce" }] });
  await pause(50);
}

async function shot(name) {
  if (!shots) return;
  const { data } = await page("Page.captureScreenshot", { format: "png" });
  writeFileSync(join(shots, `${name}.png`), Buffer.from(data, "base64"));
}

async function press(key, text) {
  await page("Input.dispatchKeyEvent", { type: "keyDown", key, code: key, text });
  await page("Input.dispatchKeyEvent", { type: "keyUp", key, code: key });
}

async function click(what) {
  // Where it stands once nothing moves any more.
  const at = await run(`
    const e = ${what};
    const frame = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    e.scrollIntoView({ block: "center", behavior: "instant" });
    const place = () => { const b = e.getBoundingClientRect(); return [b.left + b.width / 2, b.top + b.height / 2]; };
    for (let before = [-1, -1], still = 0; still < 3; await frame()) { const now = place(); still = now.join() === before.join() ? still + 1 : 0; before = now; }
    return place();`);
  for (const type of ["mouseMoved", "mousePressed", "mouseReleased"]) {
    await page("Input.dispatchMouseEvent", { type, x: at[0], y: at[1], button: type === "mouseMoved" ? "none" : "left", clickCount: 1 });
  }
}

const HELP = `
  const rows = (id) => Array.from(document.querySelectorAll("#" + id + " tbody tr"));
  const shown = (id) => rows(id).filter((r) => r.offsetParent !== null || r.getClientRects().length > 0);`;

async function tables() {
  // Sorting, both ways, by a real click.
  const before = await run(`${HELP} return rows("rules").map((r) => r.cells[2].textContent)`);
  const head = `document.querySelectorAll("#rules thead th")[2]`;
  await click(`${head}.querySelector("button")`);
  const up = await run(`${HELP} return [${head}.getAttribute("aria-sort"), rows("rules").map((r) => r.cells[2].textContent)]`);
  const sorted = [...before].sort(new Intl.Collator("en", { numeric: true }).compare);
  assert.deepEqual(up, ["ascending", sorted]);
  // And by keyboard.
  await run(`${head}.querySelector("button").focus()`);
  await press("Enter", "\r");
  const down = await run(`${HELP} return [${head}.getAttribute("aria-sort"), rows("rules").map((r) => r.cells[2].textContent)]`);
  assert.deepEqual(down, ["descending", sorted.toReversed?.() ?? [...sorted].reverse()]);
  // Searching, typed.
  await run(`document.querySelector("[data-for=rules] input").focus()`);
  await page("Input.insertText", { text: "party" });
  const found = await run(`${HELP} return [shown("rules").map((r) => r.textContent), rows("rules").length, document.querySelector("[data-for=rules] output").textContent]`);
  assert.ok(found[0].length > 0 && found[0].length < found[1] && found[0].every((t) => t.includes("party")), JSON.stringify(found));
  assert.equal(found[2], `${found[0].length} of ${found[1]} rows`);
  // And what is chosen besides.
  const denied = await run(`${HELP} const s = document.querySelector("[data-for=rules] select"); s.value = "deny"; s.dispatchEvent(new Event("change")); return shown("rules").map((r) => r.cells[1].textContent)`);
  assert.ok(denied.length > 0 && denied.length < found[0].length && denied.every((v) => v.startsWith("deny")), JSON.stringify(denied));
  await run(`const t = document.querySelector("[data-for=rules]"); t.querySelector("input").value = ""; t.querySelector("select").value = ""; t.querySelector("input").dispatchEvent(new Event("input"));`);
}

async function diagram() {
  // By keyboard: from the start along the arrows, then open what is there.
  await run(`document.querySelector(".canvas [tabindex='0']").focus()`);
  await press("ArrowDown");
  const name = "document.activeElement.getAttribute('aria-label').split(';')[0]";
  assert.equal(await run(`return ${name}`), "identify");
  const lit = await run(`return [document.querySelectorAll(".edge.lit").length, document.querySelectorAll(".edge").length, document.querySelector(".canvas svg").classList.contains("dim")]`);
  assert.ok(lit[0] >= 3 && lit[0] < lit[1] && lit[2], JSON.stringify(lit));
  await press("Enter", "\r");
  const detail = await run(`const d = document.querySelector(".detail"); return [d.hidden, d.textContent]`);
  assert.ok(!detail[0] && detail[1].includes("do crm.lookup") && detail[1].includes("take_message"), detail[1]);
  await press("Escape");
  assert.equal(await run(`return document.querySelector(".detail").hidden`), true);
  // By mouse: pointing lights, a click opens.
  await run(`document.activeElement.blur()`);
  await click(`Array.from(document.querySelectorAll("[data-node]")).find((n) => n.getAttribute("aria-label").startsWith("reserve;")).querySelector("rect")`);
  const open = await run(`return [document.querySelector(".detail h4").textContent, document.querySelectorAll(".edge.lit.broken").length, document.querySelectorAll("[aria-pressed=true]").length]`);
  assert.deepEqual([open[0], open[2]], ["reserve", 1]);
  assert.ok(open[1] >= 2);
}

/// Texts of the drawing stay in their boxes, and none meets another.
async function texts() {
  const wrong = await run(`
    const wrong = [];
    const boxes = [];
    for (const text of document.querySelectorAll(".canvas text")) {
      const box = text.getBBox();
      const frame = text.parentNode.querySelector("rect, polygon");
      if (frame) {
        const around = frame.getBBox();
        if (box.x < around.x || box.x + box.width > around.x + around.width || box.y < around.y - 1 || box.y + box.height > around.y + around.height + 1) wrong.push("out of its box: " + text.textContent);
      }
      boxes.push([box.x, box.y + 2, box.x + box.width, box.y + box.height - 2, text.textContent]);
    }
    boxes.sort((a, b) => a[1] - b[1]);
    for (let i = 0; i < boxes.length; i += 1) for (let k = i + 1; k < boxes.length && boxes[k][1] < boxes[i][3]; k += 1) {
      if (boxes[i][0] < boxes[k][2] && boxes[k][0] < boxes[i][2]) wrong.push(boxes[i][4] + " meets " + boxes[k][4]);
    }
    return [boxes.length, wrong];`);
  assert.ok(wrong[0] > 10);
  assert.deepEqual(wrong[1], []);
}

async function stories() {
  const count = await run(`return document.querySelectorAll("button.tell").length`);
  assert.equal(count, await run(`return document.querySelectorAll("table.matrix tbody").length`), "every row has its story");
  await click(`document.querySelectorAll("button.tell")[2]`);
  const one = await run(`const b = document.querySelectorAll("button.tell")[2]; const s = document.getElementById(b.getAttribute("aria-controls")); return [b.getAttribute("aria-expanded"), s.textContent, s.querySelectorAll("li").length]`);
  assert.ok(one[0] === "true" && one[2] >= 3 && one[1].includes("calendar.book"), JSON.stringify(one));
  // All of them: each tells of exactly the ends that its row has.
  const wrong = await run(`
    const wrong = [];
    for (const button of document.querySelectorAll("button.tell")) {
      if (button.getAttribute("aria-expanded") === "false") button.click();
      const body = button.closest("tbody");
      const ends = Array.from(body.querySelectorAll("tr:not(.story)"), (r) => r.cells[r.cells.length - 5].textContent).sort();
      const told = Array.from(body.querySelectorAll(".story .end strong"), (e) => e.textContent.split(":")[0]).sort();
      if (ends.join() !== told.join()) wrong.push(button.textContent + ": " + ends + " but " + told);
    }
    return wrong;`);
  assert.deepEqual(wrong, []);
  // A step leads to its state in the diagram.
  await run(`document.querySelector(".story .link").click()`);
  assert.equal(await run(`return document.activeElement.getAttribute("aria-label").split(";")[0]`), "identify");
  // What is shown can be chosen by what it comes to.
  const doubt = await run(`const s = document.querySelector("[data-concern]"); s.value = "unsettled"; s.dispatchEvent(new Event("change")); const out = Array.from(document.querySelectorAll(".matrix tbody:not([hidden])"), (b) => b.textContent); s.value = ""; s.dispatchEvent(new Event("change")); return out;`);
  assert.ok(doubt.length > 0 && doubt.length < count && doubt.every((t) => t.includes("in doubt")), JSON.stringify(doubt));
  await run(`document.querySelectorAll("button.tell[aria-expanded=true]").forEach((b) => b.click())`);
  assert.equal(await run(`return document.querySelectorAll(".story").length`), 0);
}

/// Names, headings, ids; and the tree that a screen reader gets.
async function readable() {
  const wrong = await run(`
    const wrong = [];
    let level = 0;
    for (const h of document.querySelectorAll("h1, h2, h3, h4")) {
      const own = Number(h.tagName[1]);
      if (own > level + 1) wrong.push("a heading is left out before " + h.textContent);
      level = own;
    }
    if (document.querySelectorAll("h1").length !== 1) wrong.push("not one h1");
    const ids = Array.from(document.querySelectorAll("[id]"), (e) => e.id);
    if (new Set(ids).size !== ids.length) wrong.push("an id twice");
    for (const a of document.querySelectorAll("a[href^='#']")) if (!document.getElementById(a.hash.slice(1))) wrong.push(a.hash);
    for (const l of document.querySelectorAll("[aria-labelledby]")) if (!document.getElementById(l.getAttribute("aria-labelledby"))) wrong.push("no label");
    return wrong;`);
  assert.deepEqual(wrong, []);
  const { nodes } = await page("Accessibility.getFullAXTree");
  const roles = new Map();
  for (const node of nodes.filter((n) => !n.ignored)) {
    const role = node.role?.value;
    roles.set(role, (roles.get(role) ?? 0) + 1);
    const named = ["button", "searchbox", "combobox", "link", "heading", "table", "region"];
    if (named.includes(role)) assert.ok(node.name?.value, `no name: ${JSON.stringify(node)}`);
  }
  for (const role of ["main", "navigation", "banner", "button", "searchbox", "table", "columnheader", "rowheader"]) assert.ok(roles.get(role) > 0, `${role}: ${JSON.stringify([...roles])}`);
}

/// What is read has enough contrast, in the colours of now.
async function contrast() {
  return run(`
    const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    const rgb = (colour) => { canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1); return Array.from(canvas.getImageData(0, 0, 1, 1).data).slice(0, 3); };
    const light = (c) => { const [r, g, b] = c.map((v) => { v /= 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; }); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
    const back = (e) => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor; if (c && c !== "rgba(0, 0, 0, 0)") return rgb(c); } return [255, 255, 255]; };
    const worst = [21, ""];
    for (const e of document.querySelectorAll("h1, h2, h3, p, li, td, th, a, button, code, span, caption, label, output, small, summary")) {
      if (!e.textContent.trim() || e.closest("svg") || e.getClientRects().length === 0) continue;
      const [a, b] = [light(rgb(getComputedStyle(e).color)), light(back(e))].sort((x, y) => y - x);
      const ratio = (a + 0.05) / (b + 0.05);
      if (ratio < worst[0]) { worst[0] = ratio; worst[1] = e.outerHTML.slice(0, 120); }
    }
    return [worst[0], worst[1], light(back(document.body))];`);
}

try {
  await view(1400, 1000, "light");
  await open(desk);
  await shot("light");
  await readable();
  await tables();
  await diagram();
  await texts();
  await shot("diagram");
  await stories();
  const light = await contrast();
  await view(1400, 1000, "dark");
  const dark = await contrast();
  await shot("dark");
  assert.ok(light[0] >= 4.5 && dark[0] >= 4.5, JSON.stringify([light, dark]));
  assert.ok(light[2] > 0.9 && dark[2] < 0.05, JSON.stringify([light, dark]));
  await view(360, 800, "light");
  assert.equal(await run("return document.documentElement.scrollWidth"), 360, "nothing sticks out on a telephone");
  await shot("narrow");
  await view(1400, 1000, "dark", "print");
  const paper = await contrast();
  assert.ok(paper[2] > 0.9 && paper[0] >= 4.5, JSON.stringify(paper));
  assert.equal(await run(`return document.querySelectorAll("nav, .bar, .tools").values().every((e) => e.getClientRects().length === 0)`), true);
  await view(1400, 1000, "light");
  const pdf = await page("Page.printToPDF", {});
  assert.ok(Buffer.from(pdf.data, "base64").length > 20_000);
  clean();

  // What is large stays fluid: times with the frame that shows what was done.
  const figures = { load: await open(big) };
  const timed = (text) => run(`
    const frame = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    let most = 0;
    for (let i = 0; i < 5; i += 1) { const begun = performance.now(); ${text}; await frame(); most = Math.max(most, performance.now() - begun); }
    return most;`);
  const size = await run(`return [document.querySelectorAll("#rules tbody tr").length, document.querySelectorAll("[data-node]").length]`);
  assert.ok(size[0] >= 200 && size[1] >= 300, JSON.stringify(size));
  figures.search = await timed(`const s = document.querySelector("[data-for=rules] input"); s.value = ["deny", "ladder", "sys7", "level 3", ""][i]; s.dispatchEvent(new Event("input"))`);
  figures.sort = await timed(`document.querySelectorAll("#rules .sort")[i].click()`);
  figures.walk = await timed(`document.querySelectorAll("[data-node]")[i * 60].focus()`);
  figures.point = await timed(`document.querySelectorAll("[data-node]")[i * 50].querySelector("rect").dispatchEvent(new PointerEvent("pointerover", { bubbles: true }))`);
  figures.zoom = await timed(`document.querySelector("[data-zoom=" + (i % 2 ? "in" : "out") + "]").click()`);
  figures.story = await timed(`document.querySelectorAll("button.tell")[i * 7].click()`);
  await texts();
  clean();
  for (const [name, ms] of Object.entries(figures)) console.log(`${name} ${ms.toFixed(0)} ms`);
  // Generous, since the machine may be busy: without a frame to spare it would be seconds.
  assert.ok(figures.load < 8_000, JSON.stringify(figures));
  for (const what of ["search", "sort", "walk", "point", "zoom", "story"]) assert.ok(figures[what] < 1_000, JSON.stringify(figures));
} finally {
  // Its folder can go when it has.
  const gone = new Promise((done) => { child.once("exit", done); });
  send("Browser.close").catch(() => {});
  const late = setTimeout(() => child.kill("SIGKILL"), 5_000);
  await gone;
  clearTimeout(late);
  rmSync(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
}
