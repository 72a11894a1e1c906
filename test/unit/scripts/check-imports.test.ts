// The import rule's own test: each tree is written to a temporary folder and judged there.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { checkImports } from "../../../scripts/check-imports.mjs";

const trees: string[] = [];

function violationsOf(files: Record<string, string>): string[] {
  const root = mkdtempSync(join(tmpdir(), "import-rule-"));
  trees.push(root);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  }
  return checkImports(root).map(({ message }) => message);
}

afterEach(() => {
  for (const root of trees.splice(0)) rmSync(root, { recursive: true, force: true });
});

describe("the import rule", () => {
  it("lets a file import its own folder and the folders to its left", () => {
    const files = {
      "errors.ts": "export const a = 1;",
      "frame/mask.ts": 'import { a } from "../errors.js"; export const b = a;',
      "frame/deep/encoder.ts": 'export * from "../mask.js";',
      "server/server.ts": 'import { b } from "../frame/mask.js"; export const c = b;',
      "node/host.ts": 'export { b } from "../frame/mask.js";',
      "entry/server.ts": 'export * from "../server/server.js"; export * from "../node/host.js";',
      "cli/main.ts":
        'import { c } from "../entry/server.js"; import { parseArgs } from "node:util"; void [c, parseArgs];',
    };
    expect(violationsOf(files)).toEqual([]);
  });

  it("refuses an import of a folder to the right, in each form an import can take", () => {
    const forms = [
      'import { p } from "../packet/p.js"; void p;',
      'import type { P } from "../packet/p.js"; export type Q = P;',
      'export type { P } from "../packet/p.js";',
      'export * from "../packet/p.js";',
      'export type Q = import("../packet/p.js").P;',
      'export const q = import("../packet/p.js");',
      'import q = require("../packet/p.js"); void q;',
      'export const q = require("../packet/p.js");',
      'import "./../frame/../packet/p.js";',
    ];
    for (const form of forms) {
      expect(
        violationsOf({ "packet/p.ts": "export const p = 1; export type P = 1;", "frame/f.ts": form }),
        form,
      ).toEqual(["frame/ stands left of packet/"]);
    }
  });

  it("keeps server, client, node and browser apart", () => {
    const found = violationsOf({
      "node/n.ts": "export const n = 1;",
      "server/s.ts": 'import { n } from "../node/n.js"; void n;',
      "browser/b.ts": 'import { n } from "../node/n.js"; void n;',
    });
    expect(found).toEqual([
      "browser/ and node/ never import one another: entry/ brings them together",
      "server/ and node/ never import one another: entry/ brings them together",
    ]);
  });

  it("gives cli the public API only", () => {
    const found = violationsOf({
      "server/s.ts": "export const s = 1;",
      "cli/c.ts": 'import { s } from "../server/s.js"; void s;',
    });
    expect(found).toEqual(["cli/ uses the public API only: it imports entry/ and itself"]);
  });

  it("refuses node:* in a pure stage, even as a type", () => {
    expect(violationsOf({ "http/h.ts": 'import type { Server } from "node:http"; export type S = Server;' })).toEqual([
      "http/ imports nothing from node:*",
    ]);
  });

  it("gives server/ the types of node:* and the values of node:events", () => {
    const kept =
      'import type { Server } from "node:http"; import { EventEmitter } from "node:events"; void EventEmitter;';
    expect(violationsOf({ "server/s.ts": `${kept} export type S = Server;` })).toEqual([]);
    expect(violationsOf({ "server/s.ts": 'import { createServer, type Server } from "node:http";' })).toEqual([
      "server/ takes types from node:* and nothing else but node:events",
    ]);
  });

  it("refuses packages in a pure stage, unprefixed Node modules, unknown folders and ways out of the tree", () => {
    expect(violationsOf({ "packet/p.ts": 'import debug from "debug"; void debug;' })).toEqual([
      "packet/ is pure: it imports no package",
    ]);
    expect(violationsOf({ "node/n.ts": 'import http from "http"; void http;' })).toEqual(['write "node:http"']);
    expect(violationsOf({ "utils/u.ts": "" })).toEqual(['"utils" is not a folder of the import rule']);
    expect(violationsOf({ "node/n.ts": 'import "../../package.js";' })).toEqual(["leads out of the source tree"]);
    expect(violationsOf({ "node/n.ts": 'import "./gone.js";' })).toEqual(["leads to no file"]);
    expect(violationsOf({ "node/n.ts": 'import "./m";', "node/m.ts": "" })).toEqual([
      "a relative specifier ends in .js",
    ]);
  });
});
