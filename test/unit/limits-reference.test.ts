// docs/reference/limits.md against the source: every option is one, every error is one, and every option has a test that names it.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "../..");
const read = (path: string): string => readFileSync(join(root, path), "utf8");
const filesBelow = (folder: string, ending: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(ending))
    .map((file) => join(folder, file));

const reference = read("docs/reference/limits.md");
const rows = [...reference.matchAll(/^\| (?!limit |---)(.+) \|$/gm)].map((match) => (match[1] as string).split(" | "));
const sources = [
  "src/server/engine-options.ts",
  "src/server/server-options.ts",
  "src/client/delivery.ts",
  "src/client/outbox.ts",
  "src/client/options.ts",
  "src/client/socket-options.ts",
  "src/frame/deflate.ts",
].map(read);
const codes = new Set([...read("src/errors.ts").matchAll(/\| "([A-Z0-9_]+)"/g)].map((match) => match[1]));
const tests = filesBelow("test", ".test.ts")
  .concat(filesBelow("test/suites", ".ts"))
  .filter((file) => !file.endsWith("limits-reference.test.ts"))
  .map(read);

/** The option of a row, where it is one of ours. */
function optionOf(cell: string): string | undefined {
  if (cell === "–" || /Node|HTTP server/.test(cell)) return undefined;
  return /`(?:perMessageDeflate\.)?(\w+)`/.exec(cell)?.[1];
}

describe("the reference of limits", () => {
  const options = rows.flatMap((cells) => optionOf(cells[1] ?? "") ?? []);

  it("has a row for each limit", () => {
    expect(rows.length).toBeGreaterThan(25);
    for (const cells of rows) expect(cells, cells[0]).toHaveLength(5);
    expect(new Set(options).size).toBeGreaterThan(18);
  });

  for (const option of new Set(options)) {
    it(`names an option that exists and that a test sets: ${option}`, () => {
      expect(sources.some((source) => new RegExp(`^ {2}(?:readonly )?${option}\\??: `, "m").test(source))).toBe(true);
      expect(tests.some((test) => new RegExp(`\\b${option}\\b`).test(test))).toBe(true);
    });
  }

  it("names errors that exist", () => {
    const named = [...reference.matchAll(/`((?:[A-Z0-9]+_)+[A-Z0-9]+)`/g)].map((match) => match[1]);
    expect(named.length).toBeGreaterThan(20);
    for (const code of named) expect(codes, code).toContain(code);
  });
});
