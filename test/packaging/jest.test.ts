// Packaging: the packages in a project that is tested with Jest, the server under Node and the client in jsdom.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type Server as HttpServer } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import type { Server } from "vaiven";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type InstalledProject, installProject, ROOT } from "./installed-project.js";

const require = createRequire(import.meta.url);
let project: InstalledProject;
let io: Server;
let httpServer: HttpServer;

beforeAll(async () => {
  project = installProject();
  const installed = createRequire(join(project.folder, "package.json"))("socket.io") as { Server: typeof Server };
  httpServer = createServer();
  io = new installed.Server(httpServer, { cors: { origin: "http://localhost" } });
  io.on("connection", (socket) => {
    socket.on("double", (number: number, answer: (result: number) => void) => answer(number * 2));
  });
  httpServer.listen(0, "127.0.0.1");
  await once(httpServer, "listening");
});
afterAll(async () => {
  await io.close();
  project.remove();
});

/** Runs Jest on one file of the project; answers its report. */
async function jest(file: string): Promise<{ numPassedTests: number; success: boolean; output: string }> {
  const config = {
    rootDir: project.folder,
    testEnvironment: "node",
    transform: {},
    testMatch: [`<rootDir>/jest/${file}`],
  };
  const child = spawn(
    process.execPath,
    [require.resolve("jest/bin/jest"), "--config", JSON.stringify(config), "--json", "--runInBand", "--no-cache"],
    {
      // Jest looks for its environments from the project on; this project borrows the repository's.
      env: {
        ...process.env,
        NODE_PATH: join(ROOT, "node_modules"),
        SERVER_URL: `http://127.0.0.1:${(httpServer.address() as AddressInfo).port}`,
      },
      cwd: project.folder,
    },
  );
  const [report, output] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { ...JSON.parse(report), output };
}

describe("in a Jest project", () => {
  it("server and client run under Node", async () => {
    const { numPassedTests, success, output } = await jest("server.test.js");
    expect(success, output).toBe(true);
    expect(numPassedTests).toBe(1);
  });

  it("the client runs in jsdom, over polling and over WebSocket, also with fake timers", async () => {
    const { numPassedTests, success, output } = await jest("client.test.js");
    expect(success, output).toBe(true);
    expect(numPassedTests).toBe(3);
  });
});
