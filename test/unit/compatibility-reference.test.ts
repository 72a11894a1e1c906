// docs/reference/compatibility.md names tests that exist, for every row and for every option of Socket.IO.
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const place = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const read = (path: string): string => readFileSync(place(path), "utf8");

const rows = read("docs/reference/compatibility.md")
  .split("\n")
  .filter((line) => line.startsWith("| ") && !line.endsWith("| shown by |"))
  .map((line) => {
    const cells = line.slice(2, -2).split(" | ");
    return { what: cells[0] ?? "", shown: cells.at(-1) ?? "", line };
  });

/** Whatever varies in a title: what a template or `each` puts in. */
const general = (title: string): string =>
  title
    .replaceAll(/\$\{(?:[^{}]|\{[^}]*\})*\}|%[sdjo]|\$\w+/g, "…")
    .replaceAll(/…(?:[^\p{L}\d]*…)+/gu, "…")
    .replaceAll('\\"', '"');

/** The titles of the tests and groups of a file: texts that stand first in the parentheses of a call. */
function titlesOf(path: string): string[] {
  const firsts = read(path).matchAll(/\(\s*(?:"((?:[^"\\\n]|\\.)*)"|`((?:[^`\\]|\\.)*)`)\s*,/g);
  return [...firsts].map(([, text, template]) => general(text ?? template ?? ""));
}

/** The files that a cell names, each with the titles behind it. */
function references(shown: string): { path: string; titles: string[] }[] {
  return [...shown.matchAll(/`(test\/[^`]+)`((?:,? "[^"]*")*)/g)].map(([, path = "", quoted = ""]) => ({
    path,
    titles: [...quoted.matchAll(/"([^"]*)"/g)].map(([, title = ""]) => title),
  }));
}

describe("the table of compatibility", () => {
  it("has a test for each row, and quotes nothing else", () => {
    expect(rows.length).toBeGreaterThan(100);
    for (const { what, shown } of rows) {
      const found = references(shown);
      expect(found.length, what).toBeGreaterThan(0);
      const quotes = (shown.match(/"/g) ?? []).length / 2;
      expect(found.flatMap(({ titles }) => titles).length, what).toBe(quotes);
    }
  });

  it("names files and tests that exist", () => {
    const missing: string[] = [];
    for (const { shown } of rows) {
      for (const { path, titles } of references(shown)) {
        if (!existsSync(place(path))) {
          missing.push(path);
          continue;
        }
        const there = titlesOf(path);
        if (there.length === 0 && !/describe\w+\(/.test(read(path))) missing.push(`${path}: no test`);
        for (const title of titles)
          if (!there.some((known) => known.includes(title))) missing.push(`${path}: ${title}`);
      }
    }
    expect(missing).toEqual([]);
  });

  it("names pages and headings that exist", () => {
    const anchorOf = (heading: string): string =>
      heading
        .toLowerCase()
        .replace(/[^\w\- ]/g, "")
        .replaceAll(" ", "-");
    for (const { line } of rows) {
      for (const [, target = "", anchor] of line.matchAll(/\]\(\.\.\/([^)#]+\.md)(?:#([\w-]+))?\)/g)) {
        const headings = [...read(`docs/${target}`).matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
          anchorOf(heading),
        );
        if (anchor !== undefined) expect(headings, target).toContain(anchor);
      }
    }
  });

  it("tells a title that does not exist from one that does", () => {
    const own = titlesOf("test/unit/compatibility-reference.test.ts");
    expect(own).toContain("names files and tests that exist");
    expect(own).not.toContain("names files that nobody wrote");
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the text of a template.
    expect(general("closes over ${name} and ${JSON.stringify({ a })}")).toBe("closes over … and …");
  });

  it.each([
    ["socket.io/dist/index.d.ts", "ServerOptions"],
    ["engine.io/build/server.d.ts", "ServerOptions"],
    ["engine.io/build/server.d.ts", "AttachOptions"],
    ["socket.io-client/build/cjs/manager.d.ts", "ManagerOptions"],
    ["socket.io-client/build/cjs/socket.d.ts", "SocketOptions"],
    ["engine.io-client/build/cjs/socket.d.ts", "SocketOptions"],
  ])("has a row for each option of npm's %s, %s", (file, name) => {
    const text = read(`node_modules/${file}`);
    const body = new RegExp(`interface ${name}\\b[^{]*\\{\\n([\\s\\S]*?)^\\}`, "m").exec(text)?.[1] ?? "";
    const options = [...body.matchAll(/^ {4}(\w+)\??: /gm)].map(([, option = ""]) => option);
    expect(options.length).toBeGreaterThan(2);
    const named = new Set(rows.flatMap(({ what }) => [...what.matchAll(/`([^`]+)`/g)].map(([, option]) => option)));
    expect(options.filter((option) => !named.has(option))).toEqual([]);
  });
});
