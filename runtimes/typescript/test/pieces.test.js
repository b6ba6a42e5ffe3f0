import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { canonical, isTorn, short } from "../src/canonical.js";
import { MemoryCounters } from "../src/counters.js";
import { NotJson, Odd, parse } from "../src/json.js";
import { MAX, dateDays, dateText, decimalText, decimalUnits, timeSeconds, timeText } from "../src/scalar.js";
import { digest, sha256 } from "../src/sha256.js";
import { classOf, length } from "../src/value.js";
import { duration, either } from "../src/words.js";

test("digests are those of others", () => {
  for (let n = 0; n < 300; n++) {
    const bytes = Uint8Array.from({ length: n }, (_, i) => (i * 31 + n) & 255);
    assert.equal(sha256(bytes), createHash("sha256").update(bytes).digest("hex"));
  }
  assert.equal(digest("€😀"), "sha256:" + createHash("sha256").update("€😀").digest("hex"));
});

test("canonical JSON is that of RFC 8785", () => {
  const value = { "\u20ac": 1, "\r": 2, "\ufb33": 3, 1: 4, "\u{1f600}": 5, "\u0080": 6, "\u00f6": 7 };
  assert.equal(canonical(value), '{"\\r":2,"1":4,"\u0080":6,"\u00f6":7,"\u20ac":1,"\u{1f600}":5,"\ufb33":3}');
  assert.equal(canonical("\u20ac$\u000f\u001f\nA'B\"\\/\u007f\b\f\r\t"), '"\u20ac$\\u000f\\u001f\\nA\'B\\"\\\\/\u007f\\b\\f\\r\\t"');
  assert.equal(canonical([-0, 1e21, 0.000001, 1e-7, 12.5, null, true, { a: undefined }]), "[0,1e+21,0.000001,1e-7,12.5,null,true,{}]");
});

test("JSON is read strictly", () => {
  const text = ' {"a":[null,true,-1,0.5,"x\\n\\u00e9\\ud83d\\ude00"],"b":{}} ';
  assert.deepEqual(parse(text), JSON.parse(text));
  for (const wrong of [
    "", "{", "[1] 2", "[01]", "[1.]", "[.5]", "[+1]", "[1,]", '{"a":1,}', '{"a" 1}', "{a:1}", "nul", '"', '"\\x"',
    '"\\u12"', '"\t"', '"\\ud800"', "[1e400]", '{"a":1,"\\u0061":2}', "\ufeff{}", "[".repeat(128) + "]".repeat(128), "'a'",
  ]) {
    assert.throws(() => parse(wrong), NotJson, wrong);
  }
  assert.doesNotThrow(() => parse("[".repeat(127) + "]".repeat(127)));
  for (const odd of ["1.0", "1e3", "-0", "0.5", "9007199254740992"]) {
    assert.ok(parse(odd, { odd: true }) instanceof Odd, odd);
  }
  assert.equal(parse("-9007199254740991", { odd: true }), -MAX);
  assert.ok(isTorn("a\udc00") && isTorn("\ud800") && !isTorn("\u{1f600}"));
});

test("decimals are exact", () => {
  assert.equal(decimalUnits("12.5", 2), 1250);
  assert.equal(decimalUnits("-0.00", 2), 0);
  assert.ok(!Object.is(decimalUnits("-0.00", 2), -0));
  for (const wrong of ["", "-", ".5", "5.", "007", "+1", "1e3", "1.234", " 1", "1 ", "1.2.3", "９", "90071992547409.92"]) {
    assert.equal(decimalUnits(wrong, 2), undefined, wrong);
  }
  assert.equal(decimalUnits("9".repeat(400), 0), undefined);
  assert.equal(decimalUnits("9007199254740991", 0), MAX);
  assert.equal(decimalUnits("9007199254740992", 0), undefined);
  assert.deepEqual([decimalText(1250, 2), decimalText(-1, 2), decimalText(0, 1), decimalText(7, 0)], ["12.50", "-0.01", "0.0", "7"]);
});

test("dates and times go there and back", () => {
  assert.equal(dateDays("2026-11-23"), 20_780);
  for (let day = -719_162; day < 2_932_896; day += 97) assert.equal(dateDays(dateText(day)), day);
  for (const wrong of ["2026-02-29", "2026-13-01", "0000-01-01", "2026-1-1", "2026-11-23\n", "2100-02-29"]) {
    assert.equal(dateDays(wrong), undefined, wrong);
  }
  assert.equal(timeSeconds("08:30"), 30_600);
  assert.equal(timeText(86_399), "23:59:59");
  for (const wrong of ["24:00", "8:30", "08:60", "08", "08:30:60", "08:30:00\n"]) {
    assert.equal(timeSeconds(wrong), undefined, wrong);
  }
});

test("automata read the bytes of UTF-8", () => {
  // Two states more than there are bytes would be simpler; this one counts bytes up to 9.
  const count = { alphabet: [[0, 0]], classes: 1, next: [1, 2, 3, 4, 5, 6, 7, 8, 9, 9], accept: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9] };
  for (const text of ["a", "é", "€", "😀", "aé€", "😀é"]) {
    assert.equal(classOf(count, text), new TextEncoder().encode(text).length, text);
  }
  const last = { alphabet: [[0, 0], [0xac, 1], [0xad, 0]], classes: 2, next: [0, 1, 0, 1], accept: [0, 1] };
  assert.equal(classOf(last, "€"), 1);
  assert.equal(classOf(last, "é"), 0);
  assert.equal(length("😀é"), 2);
});

test("words are short", () => {
  assert.deepEqual([0, 200, 3_250, 200_000, 90_000_000, 3_600_001].map(duration), ["0s", "200ms", "3s 250ms", "3m 20s", "1d 1h", "1h"]);
  assert.deepEqual([[], ["a"], ["a", "b", "c"]].map(either), ["nothing", "a", "a, b or c"]);
  assert.equal(short("😀".repeat(50)), '"' + "😀".repeat(39) + "…");
  assert.deepEqual([short([]), short({}), short(null), short(5)], ["a list", "an object", "null", "5"]);
});

test("counters slide over their windows", () => {
  const m = new MemoryCounters();
  const want = (key, count) => [{ key, count, window_ms: 100 }];
  assert.deepEqual(m.take(1_000, want("a", 2)), [null]);
  assert.deepEqual(m.take(1_030, want("a", 2)), [null]);
  assert.deepEqual(m.take(1_099, want("a", 2)), [1_100]);
  assert.deepEqual(m.take(1_100, want("a", 2)), [null]);
  assert.deepEqual(m.peek(1_101, want("a", 2)), [1_130]);
  assert.deepEqual(m.take(1_101, [...want("b", 1), ...want("a", 2)]), [null, 1_130]);
  assert.deepEqual(m.peek(1_101, want("b", 1)), [null]);
  m.giveBack("a", 1_100);
  m.giveBack("a", 1_100);
  m.giveBack("nothing", 1);
  assert.deepEqual(m.peek(1_101, want("a", 2)), [null]);
  assert.deepEqual(m.peek(5, want("c", 0)), [MAX]);
});

test("the package asks for nothing that only one platform has", () => {
  const src = new URL("../src/", import.meta.url);
  const files = readdirSync(src, { recursive: true }).filter((f) => f.endsWith(".js"));
  assert.ok(files.length > 30, files.join());
  for (const file of files) {
    const code = readFileSync(new URL(file, src), "utf8").replace(/^\s*(\/\/|\*|\/\*).*$/gm, "");
    assert.doesNotMatch(code, /\b(require\(|process\.|Buffer\.|window\..|Deno\.|globalThis)/, file);
    for (const [, from] of code.matchAll(/from "([^"]+)"/g)) assert.match(from, /^\.\.?\//, file);
  }
});
