// docs/reference/options.md names each option of the types, and no other.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const read = (path: string): string =>
  readFileSync(fileURLToPath(new URL(`../../../${path}`, import.meta.url)), "utf8");
const page = read("docs/reference/options.md");

/** The names in the first column of the table under a heading. */
function documented(heading: string): string[] {
  const section = page.split(/^#+ /m).find((text) => text.startsWith(`${heading}\n`));
  if (section === undefined) throw new Error(`options.md has no section ${heading}`);
  return [...section.matchAll(/^\| `([^`]+)` \|/gm)].map((match) => match[1] ?? "").sort();
}

/** The names of the members of an interface; nested ones and comments aside. */
function declared(path: string, name: string): string[] {
  const body = new RegExp(`^export interface ${name}\\b[^{]*\\{\\n([\\s\\S]*?)^\\}`, "m").exec(read(path))?.[1];
  if (body === undefined) throw new Error(`${path} has no interface ${name}`);
  const members = body.matchAll(/^ {2}(?:readonly )?(?:(\w+)|"([^"]+)")\??:/gm);
  return [...members].map((match) => match[1] ?? match[2] ?? "").sort();
}

describe("the table of options", () => {
  it.each([
    ["Server: connections", "src/server/engine-options.ts", "EngineOptions", []],
    ["Server: namespaces and events", "src/server/server-options.ts", "ServerOptions", []],
    ["`connectionStateRecovery`", "src/server/server-options.ts", "ConnectionStateRecoveryOptions", []],
    ["`cookie`", "src/server/engine-options.ts", "EngineCookieOptions", []],
    ["`cors`", "src/server/engine-options.ts", "EngineCorsOptions", []],
    ["Client: the connection", "src/client/options.ts", "EngineOptions", []],
    ["Client: the Manager", "src/client/options.ts", "ManagerOptions", ["path"]],
    ["Client: the socket", "src/client/socket-options.ts", "SocketOptions", []],
  ])("names what %s has", (heading, path, name, elsewhere: string[]) => {
    expect(documented(heading)).toEqual(declared(path, name).filter((option) => !elsewhere.includes(option)));
  });
});
