// The test of the documentation's links: pages are written to a temporary folder and judged there.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { brokenLinks } from "../../../scripts/check-links.mjs";

let root = "";

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "links-"));
  mkdirSync(join(root, "docs"));
  writeFileSync(join(root, "docs", "guide.md"), "# Rooms & `namespaces`\n\n## Cuándo\n");
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

function brokenIn(text: string): string[] {
  writeFileSync(join(root, "README.md"), text);
  return brokenLinks(root);
}

describe("the check of links", () => {
  it("takes files, folders, headings by their GitHub names, and other sites as they are", () => {
    const text =
      "# Here\n[a](docs/guide.md) [b](docs) [c](docs/guide.md#rooms--namespaces) [d](docs/guide.md#cuándo) [e](#here) [f](https://example.com/x.md#y) `docs/guide.md`";
    expect(brokenIn(text)).toEqual([]);
  });

  it("names what leads nowhere, with its page", () => {
    const text = "[a](docs/gone.md) [b](docs/guide.md#gone) [c](#gone) `src/gone.ts`";
    expect(brokenIn(text)).toEqual([
      "README.md: docs/gone.md",
      "README.md: docs/guide.md#gone",
      "README.md: #gone",
      "README.md: src/gone.ts",
    ]);
  });

  it("leaves code alone", () => {
    expect(brokenIn("```js\nlist[0](gone.md)\n```\n")).toEqual([]);
  });
});
