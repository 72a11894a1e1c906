// Packaging: Next.js 16 with a custom server, in development and as it is built, looked at in a browser.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, expect, it, onTestFinished } from "vitest";
import { type Browser, eventually, launchBrowser, type Page } from "../support/browsers.js";
import { inTime, Ledger, silence } from "../support/waiting.js";
import { type InstalledProgram, installProgram } from "./installed-project.js";

let program: InstalledProgram;
let browser: Browser;
beforeAll(async () => {
  program = installProgram("nextjs");
  browser = await launchBrowser("chromium");
});
afterAll(async () => {
  await browser?.close();
  program?.remove();
});

/** The program's page in a browser, and the process that serves it. */
async function visit(mode: "development" | "production"): Promise<{ page: Page; server: ChildProcess }> {
  const server = spawn(process.execPath, ["server.mjs"], {
    cwd: program.folder,
    stdio: ["pipe", "pipe", "pipe"],
    env: { ...process.env, NODE_ENV: mode, NEXT_TELEMETRY_DISABLED: "1" },
  });
  onTestFinished(() => {
    server.kill("SIGKILL");
  });
  const lines = new Ledger<string>();
  const listening = new Promise<string>((resolve) => {
    createInterface({ input: server.stdout }).on("line", (line) => {
      lines.add(line);
      const [, port] = /^port (\d+)$/.exec(line) ?? [];
      if (port !== undefined) resolve(port);
    });
  });
  createInterface({ input: server.stderr }).on("line", (line) => lines.add(line));
  const port = await inTime(listening, () => `the server, which said: ${lines.entries.join("\n")}`, 60_000);
  const page = await browser.newPage();
  onTestFinished(() => page.close());
  await page.open(`http://localhost:${port}`);
  return { page, server };
}

const TEXT = "document.querySelector('p')?.textContent";
const says = (page: Page, text: string): Promise<unknown> =>
  eventually<string>(page, TEXT, (found) => found === text, 30_000);

it("a page of Next.js talks over WebSocket while Next's own WebSocket brings it what is edited", async () => {
  const { page, server } = await visit("development");
  await says(page, "first edition: 42 over websocket");
  // Upgrades that nobody answers are cut off after 100 ms; Next's is answered.
  await silence(300);
  const file = join(program.folder, "pages/index.js");
  const first = readFileSync(file, "utf8");
  writeFileSync(file, first.replace("first edition", "second edition"));
  await says(page, "second edition: 42 over websocket");
  writeFileSync(file, first);
  // Next keeps its WebSocket, and with it the HTTP server, as long as the page is there.
  await page.close();
  server.stdin?.end();
  expect(await once(server, "exit")).toEqual([0, null]);
});

it("a page that Next.js has built talks over WebSocket", async () => {
  program.run(process.execPath, "node_modules/next/dist/bin/next", "build");
  const { page, server } = await visit("production");
  await says(page, "first edition: 42 over websocket");
  server.stdin?.end();
  expect(await once(server, "exit")).toEqual([0, null]);
});
