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

  // Read off the documents: sections with a MUST or MUST NOT for an endpoint. Left out are 5.8 and 9.2, which speak to those who write extensions.
  it.each([
    ["RFC 6455", "3 4.1 4.2.1 4.2.2 4.3 4.4 5.1 5.2 5.3 5.4 5.5 5.5.1 5.5.2 5.6 6.1 6.2 7.1.2 7.1.7 7.2.1 7.2.2 7.4"],
    ["RFC 6455", "8.1 9 9.1 10.4 10.6 10.7 11.1.1 11.3.1 11.3.2 11.3.3 11.3.4 11.3.5"],
    ["RFC 7692", "5 6 6.1 6.2 7 7.1.1.1 7.1.1.2 7.1.2.1 7.1.2.2 7.2.1 7.2.2"],
  ])("has a row for each section that says MUST: %s, %s", (document, sections) => {
    const [, part = ""] = reference.split(`## ${document}\n`);
    const [table = ""] = part.split("\n## ");
    for (const section of sections.split(" ")) expect(table).toContain(`\n| ${section} | `);
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
