// The check of the browser files' own test.
import { describe, expect, it } from "vitest";
import { faultsOf } from "../../../scripts/check-syntax.mjs";

describe("the check of browser files", () => {
  it("accepts ES2015, as a script and as a module", () => {
    expect(
      faultsOf("vaiven.js", "class A { b(...c) { return c.length; } } for (const d of [1]) new A().b(d);"),
    ).toEqual([]);
    expect(faultsOf("vaiven.esm.min.js", "const a = () => 1; export { a };")).toEqual([]);
  });

  it("refuses what came after ES2015", () => {
    for (const text of [
      "a?.b;",
      "a ?? b;",
      "a **= 2;",
      "async () => {};",
      "({ ...a });",
      "class A { #b }",
      "1n;",
      "try {} catch {}",
    ]) {
      expect(faultsOf("vaiven.js", text), text).toEqual([expect.stringContaining("is not ES2015")]);
    }
  });

  it("refuses what a strict Content-Security-Policy forbids, and Node's globals", () => {
    expect(faultsOf("vaiven.js", "eval('1'); new Function('1'); Function('1');")).toEqual([
      "calls eval",
      "calls Function",
      "calls Function",
    ]);
    expect(faultsOf("vaiven.js", "require('ws'); process.nextTick(a); Buffer.from(b);")).toEqual([
      "calls require",
      "uses process, which is Node's",
      "uses Buffer, which is Node's",
    ]);
  });
});
