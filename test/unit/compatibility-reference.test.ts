// docs/reference/compatibility.md against the tests: each file is there, each quoted name stands in it, and each page has the heading that is named.
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "../..");
const page = join(root, "docs/reference/compatibility.md");
const rows = readFileSync(page, "utf8")
  .split("\n")
  .filter((line) => line.startsWith("| ") && line.includes("`test/"));

/** A file, and what stands in quotes behind it before the next file. */
const NAMED = /`(test\/[\w./-]+\.ts)`((?:,? "[^"]+")*)/g;

function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\w\- ]/g, "")
    .replaceAll(" ", "-");
}

describe("the reference of compatibility", () => {
  it("names tests", () => {
    expect(rows.length).toBeGreaterThan(50);
  });

  for (const row of rows)
    it(`names what exists: ${row.slice(2, 100)}`, () => {
      for (const [, file = "", quoted = ""] of row.matchAll(NAMED)) {
        expect(existsSync(join(root, file)), file).toBe(true);
        const source = readFileSync(join(root, file), "utf8");
        for (const [, name = ""] of quoted.matchAll(/"([^"]+)"/g)) expect(source, file).toContain(name);
      }
      for (const [, target = "", anchor] of row.matchAll(/\]\(([^)#]+\.md)(?:#([\w-]+))?\)/g)) {
        const text = readFileSync(join(dirname(page), target), "utf8");
        const anchors = [...text.matchAll(/^#+ (.+)$/gm)].map((match) => anchorOf(match[1] as string));
        if (anchor !== undefined) expect(anchors, target).toContain(anchor);
      }
    });
});
