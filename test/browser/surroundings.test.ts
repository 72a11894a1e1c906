// The browser files where a page is not alone: in workers, and when the network comes and goes.
import { createServer, type RequestListener } from "node:http";
import { createRequire } from "node:module";
import type { Server as StockServer } from "socket.io";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { BROWSERS, type Browser, eventually, launchBrowser, type Page } from "../support/browsers.js";
import { closeServer, listening } from "../support/scene.js";

/** The built package, as a CommonJS program gets it. */
const { Server } = createRequire(import.meta.url)("../../dist/index.js") as { Server: typeof StockServer };

/** What a worker does with a message `[transports]`: it connects, asks, and tells the answer and the transport. */
const TALK = `
  const talk = (transports, tell) => {
    const socket = io(self.location.origin, { transports, forceNew: true });
    socket.on("connect_error", (error) => tell("error: " + error.message));
    socket.emit("double", 21, (double) => {
      tell(double + " over " + socket.io.engine.transport.name);
      socket.disconnect();
    });
  };
`;
const SERVICE = `${TALK}
  self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
  self.addEventListener("message", ({ data, source }) => talk(data, (text) => source.postMessage(text)));
`;
const FILES: Record<string, [type: string, body: string]> = {
  "/": ["text/html", `<!doctype html><script src="/socket.io/socket.io.min.js"></script>`],
  "/worker.js": [
    "text/javascript",
    `importScripts("/socket.io/socket.io.min.js"); ${TALK} onmessage = ({ data }) => talk(data, postMessage);`,
  ],
  "/service-worker.js": ["text/javascript", `importScripts("/socket.io/socket.io.min.js"); ${SERVICE}`],
  "/module-service-worker.js": [
    "text/javascript",
    `import { Fetch, io } from "/socket.io/socket.io.esm.min.js"; ${SERVICE.replace("{ transports", "{ transports: [Fetch]")}`,
  ],
  "/websocket-worker.js": [
    "text/javascript",
    `importScripts("/socket.io/socket.io.websocket.min.js"); ${TALK} onmessage = ({ data }) => talk(data, postMessage);`,
  ],
  "/module-worker.js": [
    "text/javascript",
    `import { io } from "/socket.io/socket.io.esm.min.js"; ${TALK} onmessage = ({ data }) => talk(data, postMessage);`,
  ],
};
const serve: RequestListener = ({ url = "" }, response) => {
  const [type, body] = FILES[url] ?? [];
  if (type === undefined) response.writeHead(404).end();
  else response.writeHead(200, { "content-type": type }).end(body);
};

async function site(): Promise<string> {
  const httpServer = createServer(serve);
  const io = new Server(httpServer);
  io.on("connection", (socket) =>
    socket.on("double", (number: number, answer: (double: number) => void) => answer(number * 2)),
  );
  const port = await listening(httpServer);
  onTestFinished(() => {
    const closed = closeServer(io);
    httpServer.closeAllConnections();
    return closed;
  });
  return `http://localhost:${port}`;
}

for (const name of BROWSERS) {
  describe(`in ${name}`, () => {
    let browser: Browser;
    beforeAll(async () => {
      browser = await launchBrowser(name);
    });
    afterAll(() => browser?.close());

    async function visit(): Promise<Page> {
      const page = await browser.newPage();
      onTestFinished(() => page.close());
      await page.open(await site());
      return page;
    }

    for (const transport of ["polling", "websocket"]) {
      it(`a worker and a module worker talk over ${transport}`, async () => {
        const page = await visit();
        for (const [file, type] of [
          ["/worker.js", "classic"],
          ["/module-worker.js", "module"],
          ...(transport === "websocket" ? [["/websocket-worker.js", "classic"]] : []),
        ]) {
          const told = await page.evaluate<string>(`new Promise((resolve) => {
            const worker = new Worker("${file}", { type: "${type}" });
            worker.onmessage = ({ data }) => resolve(data);
            worker.onerror = ({ message }) => resolve("error: " + message);
            worker.postMessage(["${transport}"]);
          })`);
          expect(told).toBe(`42 over ${transport}`);
        }
      });
    }

    // Firefox knows no service workers that are modules yet.
    const kinds = [
      ["that is a script, over WebSocket, having no XMLHttpRequest", "/service-worker.js", "classic", "websocket"],
      ["that is a module, over polling by the class Fetch", "/module-service-worker.js", "module", "polling"],
    ].slice(0, name === "chromium" ? 2 : 1);
    for (const [what, file, type, transport] of kinds) {
      it(`a service worker talks ${what}`, async () => {
        const page = await visit();
        const told = await page.evaluate<string>(`(async () => {
          const registration = await navigator.serviceWorker.register("${file}", { type: "${type}" });
          await navigator.serviceWorker.ready;
          const answer = new Promise((resolve) => {
            navigator.serviceWorker.onmessage = ({ data }) => resolve(data);
          });
          registration.active.postMessage(["polling", "websocket"]);
          return answer;
        })()`);
        expect(told).toBe(`42 over ${transport}`);
      });
    }

    it("a page that is told that its network is gone gives the connection up, and comes back with the network", async () => {
      const page = await visit();
      await page.evaluate(`window.told = [], window.socket = io({ reconnectionDelay: 600000, reconnectionDelayMax: 600000 }),
        socket.on("connect", () => told.push("connect")),
        socket.on("disconnect", (reason) => told.push(reason)), 0`);
      await eventually<boolean>(page, "socket.connected", (isConnected) => isConnected);
      await page.evaluate(`dispatchEvent(new Event("offline")), 0`);
      await eventually<string[]>(page, "told", (told) => told.length === 2);
      await page.evaluate(`dispatchEvent(new Event("online")), 0`);
      await eventually<string[]>(page, "told", (told) => told.length === 3);
      expect(await page.evaluate("told")).toEqual(["connect", "transport close", "connect"]);
    });

    it("a page with closeOnBeforeunload closes its connection before it is left", async () => {
      const page = await visit();
      await page.evaluate(`window.told = [], window.socket = io({ closeOnBeforeunload: true }),
        window.other = io({ forceNew: true }),
        socket.on("disconnect", (reason) => told.push(reason)), 0`);
      await eventually<boolean>(page, "socket.connected && other.connected", (isConnected) => isConnected);
      await page.evaluate(`dispatchEvent(new Event("beforeunload")), 0`);
      await eventually<string[]>(page, "told", (told) => told.length === 1);
      expect(await page.evaluate("[socket.connected, other.connected]")).toEqual([false, true]);
    });
  });
}
