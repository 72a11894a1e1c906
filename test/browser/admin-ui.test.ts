// npm's admin-ui in a browser: the page of its package logs in to our server and shows its sockets, rooms and events.
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { instrument } from "@socket.io/admin-ui";
import express from "express";
import type { Server as StockServer } from "socket.io";
import { io as connect } from "socket.io-client";
import { afterAll, beforeAll, expect, it, onTestFinished } from "vitest";
import { type Browser, eventually, launchBrowser, type Page } from "../support/browsers.js";
import { closeServer, listening } from "../support/scene.js";
import { once } from "../support/waiting.js";

const require = createRequire(import.meta.url);
/** The built package, as a CommonJS program gets it. */
const { Server } = require("../../dist/index.js") as { Server: typeof StockServer };
const UI = join(dirname(require.resolve("@socket.io/admin-ui/package.json")), "ui/dist");

const USERNAME = "admin";
const PASSWORD = "a fine password";
const HASH = "$2a$04$hwJZw7R9lOf1YsrpIdaXEeeRWMT3h9io75lZ12RCwXfqtSlPG7al6";

let browser: Browser;
beforeAll(async () => {
  // The page asks two hosts of the web for its fonts; they are refused at once here.
  browser = await launchBrowser("chromium", { names: ["fonts.googleapis.com", "cdn.jsdelivr.net"] });
});
afterAll(() => browser?.close());

/** A word of the page that is not there yet is waited for. */
const shows = (page: Page, selector: string, isRight: (text: string) => boolean): Promise<string> =>
  eventually(page, `document.querySelector(${JSON.stringify(selector)})?.innerText ?? ""`, isRight);

async function logIn(page: Page, values: Record<string, string>): Promise<void> {
  await shows(page, ".v-dialog", (text) => text.includes("Server URL"));
  for (const [label, value] of Object.entries(values)) {
    await page.evaluate(`(() => {
      const isWanted = (input) => input.closest(".v-input").innerText.trim() === ${JSON.stringify(label)};
      const input = [...document.querySelectorAll(".v-dialog input")].find(isWanted);
      input.value = ${JSON.stringify(value)};
      input.dispatchEvent(new Event("input"));
    })()`);
  }
  await page.evaluate(`document.querySelector(".v-dialog form").requestSubmit(), 0`);
}

const open = (page: Page, name: string): Promise<unknown> =>
  page.evaluate(
    `[...document.querySelectorAll("nav a")].find((link) => link.innerText.trim() === ${JSON.stringify(name)}).click()`,
  );

it("admin-ui's page logs in, and shows sockets, rooms, clients, events and servers as they come and go", async () => {
  const httpServer = createServer(express().use("/ui", express.static(UI)));
  const io = new Server(httpServer);
  const port = await listening(httpServer);
  instrument(io, {
    auth: { type: "basic", username: USERNAME, password: HASH },
    mode: "development",
    serverId: "node of ours",
  });
  io.on("connection", (socket) => {
    void socket.join("orders");
    socket.on("question", (answer: () => void) => answer());
  });
  const url = `http://localhost:${port}`;
  const peers = [1, 2].map(() => connect(url, { forceNew: true, transports: ["websocket"] }));
  onTestFinished(() => {
    for (const peer of peers) peer.disconnect();
    const closed = closeServer(io);
    httpServer.closeAllConnections();
    return closed;
  });
  const [one, two] = peers as [(typeof peers)[0], (typeof peers)[0]];
  await Promise.all(peers.map((peer) => once(peer, "connect")));

  const page = await browser.newPage();
  onTestFinished(() => page.close());
  await page.open(`${url}/ui/`);
  await logIn(page, { "Server URL": url, Username: USERNAME, Password: "a wrong one" });
  await shows(page, ".v-dialog", (text) => text.includes("Invalid credentials"));
  await logIn(page, { "Server URL": url, Username: USERNAME, Password: PASSWORD });
  await shows(page, "header", (text) => text.includes("CONNECTED") && !text.includes("DISCONNECTED"));

  await open(page, "Sockets");
  const both = await shows(page, "main", (text) => text.includes("1-2 of 2"));
  expect(both).toContain(one.id);
  expect(both).toContain(two.id);
  await open(page, "Rooms");
  await shows(page, "main", (text) => /orders\s+PUBLIC\s+2/.test(text));
  two.disconnect();
  await shows(page, "main", (text) => /orders\s+PUBLIC\s+1/.test(text));
  await open(page, "Events");
  await one.emitWithAck("question");
  await shows(page, "main", (text) => text.includes("question") && text.includes("client namespace disconnect"));
  await open(page, "Clients");
  await shows(page, "main", (text) => text.includes("1-2 of 2"));
  await open(page, "Servers");
  await shows(page, "main", (text) => text.includes("node of ours") && text.includes("HEALTHY"));
  await open(page, "Dashboard");
  await shows(page, "main", (text) => /WebSocket\s+2\s/.test(text));
  expect(page.console.entries.filter((line) => line.startsWith("error: "))).toEqual([]);
});
