// The sizes that the documentation tells, against the files that were built.
import { readFileSync } from "node:fs";
import { brotliCompressSync } from "node:zlib";
import { describe, expect, it } from "vitest";

const read = (path: string): Buffer => readFileSync(new URL(`../../${path}`, import.meta.url));

const ROW = /^\| `(vaiven\S*\.js)` \|.*\| (\d+) \| (\d+) \|$/gm;
const rows = [...read("docs/reference/browser-files.md").toString().matchAll(ROW)];

describe("docs/reference/browser-files.md", () => {
  it("has a row for each kind of file", () => {
    expect(rows.map(([, name]) => name)).toEqual([
      "vaiven.js",
      "vaiven.min.js",
      "vaiven.esm.min.js",
      "vaiven.websocket.min.js",
      "vaiven.websocket.esm.min.js",
      "vaiven.msgpack.min.js",
    ]);
  });

  for (const [, name, raw, brotli] of rows) {
    it(`tells the size of ${name} to within five per cent`, () => {
      const bytes = read(`client-dist/${name}`);
      expect(Math.abs(bytes.length / Number(raw) - 1)).toBeLessThan(0.05);
      expect(Math.abs(brotliCompressSync(bytes).length / Number(brotli) - 1)).toBeLessThan(0.05);
    });
  }
});
