// The tutorial's own program, character for character, in real browsers.
//
// It listens on port 80 and its page connects to http://localhost, so program and browser live in a network of their own,
// where that port is free: `unshare --net`, loopback brought up. The visit itself is test/support/tutorial-visit.ts.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BROWSERS } from "../support/browsers.js";

interface Visit {
  readonly browser: string;
  readonly text: string;
  readonly numbers: string[];
  readonly transport: string;
  readonly errors: string[];
}

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
/** The text that the product is built from lies beside the repository; without it, a program of the same calls stands in. */
const BESIDE = join(ROOT, "../shared/tutorial");
const STAND_IN = join(ROOT, "test/browser/fixtures/tutorial-calls");
const SOURCE = existsSync(join(BESIDE, "server.js")) ? BESIDE : STAND_IN;

/** A folder as `npm install socket.io express@4` leaves it, with `socket.io` being us. */
async function install(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "tutorial-"));
  await mkdir(join(folder, "node_modules"));
  await symlink(ROOT, join(folder, "node_modules/socket.io"), "dir");
  await symlink(join(ROOT, "node_modules/express4"), join(folder, "node_modules/express"), "dir");
  for (const file of ["server.js", "index.html"]) await cp(join(SOURCE, file), join(folder, file));
  return folder;
}

function visit(folder: string): Promise<Visit[]> {
  const inside = `ip link set lo up && exec "${process.execPath}" --import tsx test/support/tutorial-visit.ts "${folder}"`;
  const owner = process.getuid?.() === 0 ? [] : ["--map-root-user"];
  return new Promise((resolve, reject) => {
    const child = spawn("unshare", ["--net", ...owner, "sh", "-c", inside], {
      cwd: ROOT,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    let complaints = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      complaints += text;
    });
    child.on("error", reject);
    child.on("close", (code) => {
      if (code === 0) resolve(JSON.parse(output) as Visit[]);
      else reject(new Error(`the visit ended with ${code}: ${output}${complaints}`));
    });
  });
}

describe("the tutorial's program", () => {
  let folder: string;
  let visits: Visit[];
  beforeAll(async () => {
    folder = await install();
    visits = await visit(folder);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  for (const name of BROWSERS) {
    it(`greets ${name} and sends a number to its console, though the greeting replaces the document`, () => {
      const seen = visits.find(({ browser }) => browser === name);
      expect(seen?.errors).toEqual([]);
      expect(seen?.text).toBe("Hola cliente WS!");
      expect(seen?.numbers.length).toBeGreaterThan(0);
      for (const number of seen?.numbers ?? []) {
        expect(number).toMatch(/^\d{1,4}$/);
        expect(Number(number)).toBeGreaterThanOrEqual(1);
        expect(Number(number)).toBeLessThanOrEqual(1000);
      }
      expect(seen?.transport).toBe("websocket");
    });
  }
});
