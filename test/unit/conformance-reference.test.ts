// docs/reference/conformance.md against the tests: each rule's section stands in the name of a test in each file that its row names.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const folder = join(import.meta.dirname, "../../docs/reference");
const reference = readFileSync(join(folder, "conformance.md"), "utf8");
const rows = [...reference.matchAll(/^\| (\d+(?:\.\d+)*) \| (.+) \| (both|server|client) \| (.+) \|$/gm)];

/** Whether a name of a test, or of a group of tests, begins with the section or has it behind "section". */
function names(source: string, section: string): boolean {
  const escaped = section.replaceAll(".", "\\.");
  // Names of tests that are made in a table have their section in its first column.
  return new RegExp(`(?:section |["'\`])${escaped}(?:[: ,"'\`]|$)`, "m").test(source);
}

describe("the reference of conformance", () => {
  it("has a row for each rule, none of them cut", () => {
    expect(rows.length).toBeGreaterThan(40);
    expect(rows).toHaveLength([...reference.matchAll(/^\| \d/gm)].length);
  });

  for (const [, section = "", rule = "", , cell = ""] of rows) {
    it(`names tests of section ${section}: ${rule}`, () => {
      const files = [...cell.matchAll(/\]\(([^)]+)\)/g)].map((match) => join(folder, match[1] as string));
      expect(files.length).toBeGreaterThan(0);
      for (const file of files) {
        expect(existsSync(file), file).toBe(true);
        expect(names(readFileSync(file, "utf8"), section), `section ${section} in ${file}`).toBe(true);
      }
    });
  }
});
