// The browser files in real browsers: a plain script and an ES module, over each transport, HTTP and HTTPS; binary with Blob and File.
import { createServer as createHttpServer, type Server as HttpServer, type RequestListener } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { createRequire } from "node:module";
import type { Server as StockServer } from "socket.io";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { BROWSERS, type Browser, eventually, launchBrowser, type Page } from "../support/browsers.js";
import { CERTIFICATE, KEY } from "../support/certificate.js";
import { listening } from "../support/scene.js";
import { inTime, Ledger } from "../support/waiting.js";

/** The built package, as a CommonJS program gets it. */
const { Server } = createRequire(import.meta.url)("../../dist/index.js") as { Server: typeof StockServer };

// No inline script and no eval: a page with a strict policy must work.
const POLICY = "default-src 'self'";
const PAGES: Record<string, { type: string; body: string }> = {
  "/plain": {
    type: "text/html",
    body: `<!doctype html><script src="/socket.io/socket.io.js"></script><script src="/expose.js"></script>`,
  },
  "/min": {
    type: "text/html",
    body: `<!doctype html><script src="/socket.io/socket.io.min.js"></script><script src="/expose.js"></script>`,
  },
  "/module": { type: "text/html", body: `<!doctype html><script type="module" src="/module.js"></script>` },
  "/websocket": {
    type: "text/html",
    body: `<!doctype html><script src="/socket.io/socket.io.websocket.min.js"></script><script src="/expose.js"></script>`,
  },
  "/websocket-module": {
    type: "text/html",
    body: `<!doctype html><script type="module" src="/websocket-module.js"></script>`,
  },
  "/expose.js": { type: "text/javascript", body: "window.connect = io;" },
  "/module.js": {
    type: "text/javascript",
    body: `import { io } from "/socket.io/socket.io.esm.min.js"; window.connect = io;`,
  },
  "/websocket-module.js": {
    type: "text/javascript",
    body: `import { io } from "/socket.io/socket.io.websocket.esm.min.js"; window.connect = io;`,
  },
};

const serve: RequestListener = (request, response) => {
  const page = PAGES[request.url ?? ""];
  if (page === undefined) response.writeHead(404).end();
  else response.writeHead(200, { "content-type": page.type, "content-security-policy": POLICY }).end(page.body);
};

interface Site {
  readonly url: string;
  readonly http: HttpServer;
  readonly io: StockServer;
}

async function site(isSecure: boolean = false): Promise<Site> {
  const http = isSecure ? createHttpsServer({ key: KEY, cert: CERTIFICATE }, serve) : createHttpServer(serve);
  const io = new Server(http);
  io.on("connection", (socket) => {
    socket.on("echo", (value: unknown, answer: (value: unknown) => void) => answer(value));
  });
  const port = await listening(http as HttpServer);
  onTestFinished(async () => {
    const closed = io.close();
    http.closeAllConnections();
    await closed;
  });
  return { url: `${isSecure ? "https" : "http"}://localhost:${port}`, http: http as HttpServer, io };
}

for (const name of BROWSERS) {
  describe(`the client in ${name}`, () => {
    let browser: Browser;
    beforeAll(async () => {
      browser = await launchBrowser(name);
    });
    afterAll(() => browser?.close());

    async function visit({ url }: Site, path: string, options: object): Promise<Page> {
      const page = await browser.newPage();
      onTestFinished(() => page.close());
      await page.open(url + path);
      await eventually<string>(page, "typeof window.connect", (type) => type === "function");
      await page.evaluate(`window.socket = connect(${JSON.stringify(options)}), 0`);
      await eventually<boolean>(page, "socket.connected", (isConnected) => isConnected);
      return page;
    }

    for (const isSecure of [false, true]) {
      for (const transports of [["polling"], ["websocket"], ["polling", "websocket"]]) {
        it(`talks over ${transports.join(" and ")}, ${isSecure ? "HTTPS" : "HTTP"}, both ways`, async () => {
          const here = await site(isSecure);
          const page = await visit(here, "/plain", { transports });
          const wanted = transports.at(-1);
          await eventually<string>(page, "socket.io.engine.transport.name", (transport) => transport === wanted);
          expect(await page.evaluate(`socket.emitWithAck("echo", { text: "ñ€🦤", deep: [1, null] })`)).toEqual({
            text: "ñ€🦤",
            deep: [1, null],
          });
          await page.evaluate(`socket.on("ask", (n, answer) => answer(n + 1)), 0`);
          expect(await here.io.timeout(30_000).emitWithAck("ask", 41)).toEqual([42]);
          expect(page.console.entries.filter((line) => line.startsWith("error:"))).toEqual([]);
        });
      }
    }

    for (const path of ["/module", "/min", "/websocket", "/websocket-module"]) {
      it(`is loaded from ${path} under a strict policy`, async () => {
        const page = await visit(await site(), path, {});
        expect(await page.evaluate(`socket.emitWithAck("echo", 7)`)).toBe(7);
      });
    }

    for (const [path, transport] of [
      ["/plain", "polling"],
      ["/plain", "websocket"],
      ["/websocket", "websocket"],
    ] as const) {
      it(`sends and receives binary over ${transport} from ${path}: ArrayBuffer, views, Blob and File, in order`, async () => {
        const here = await site();
        const heard = new Ledger<unknown[]>();
        here.io.on("connection", (socket) => socket.onAny((...args: unknown[]) => heard.add(args)));
        const page = await visit(here, path, { transports: [transport] });
        await page.evaluate(`
          socket.emit("buffer", new Uint8Array([1, 2]).buffer),
          socket.emit("view", { deep: [new Uint8Array([9, 3, 4, 9]).subarray(1, 3)] }),
          socket.emit("blob", new Blob([new Uint8Array([5, 255])])),
          socket.emit("file", { file: new File([new Uint8Array([6])], "six.bin") }, "beside"),
          socket.emit("after"), 0`);
        const [buffer, view, blob, file, after] = (await heard.reaches(5)) as [
          [string, Buffer],
          [string, { deep: [Buffer] }],
          [string, Buffer],
          [string, { file: Buffer }, string],
          [string],
        ];
        expect([buffer[0], buffer[1].toString("hex")]).toEqual(["buffer", "0102"]);
        expect([view[0], view[1].deep[0].toString("hex")]).toEqual(["view", "0304"]);
        expect([blob[0], blob[1].toString("hex")]).toEqual(["blob", "05ff"]);
        expect([file[0], file[1].file.toString("hex"), file[2]]).toEqual(["file", "06", "beside"]);
        expect(after).toEqual(["after"]);

        const echoed = `socket.emitWithAck("echo", new Blob(["ñ"])).then((bytes) => [bytes instanceof ArrayBuffer, ...new Uint8Array(bytes)])`;
        expect(await page.evaluate(echoed)).toEqual([true, 0xc3, 0xb1]);
        await page.evaluate(
          `window.got = new Promise((resolve) => socket.on("large", (bytes) => resolve(bytes.byteLength))), 0`,
        );
        here.io.emit("large", Buffer.alloc(300_000, 1));
        expect(await page.evaluate("got")).toBe(300_000);
      });
    }

    it("shares one connection among namespaces", async () => {
      const here = await site();
      here.io.of("/news").on("connection", (socket) => socket.emit("hello", socket.nsp.name));
      const page = await visit(here, "/plain", {});
      await page.evaluate(`window.hello = new Promise((resolve) => connect("/news").on("hello", resolve)), 0`);
      expect(await page.evaluate("hello")).toBe("/news");
      expect(here.io.engine.clientsCount).toBe(1);
    });

    for (const path of ["/plain", "/websocket"]) {
      it(`comes back from ${path} when the connection is cut, and loses no emit that was made meanwhile`, async () => {
        const here = await site();
        const page = await visit(here, path, {
          reconnectionDelay: 300,
          reconnectionDelayMax: 300,
          randomizationFactor: 0,
        });
        const heard = new Ledger<number>();
        here.io.on("connection", (socket) => socket.on("n", (n: number) => heard.add(n)));
        await page.evaluate(`socket.on("disconnect", () => { for (let n = 0; n < 5; n++) socket.emit("n", n); }), 0`);
        for (const socket of here.io.sockets.sockets.values()) socket.conn.close();
        expect(await heard.reaches(5, 60_000)).toEqual([0, 1, 2, 3, 4]);
        await eventually<boolean>(page, "socket.connected", (isConnected) => isConnected);
      });
    }

    it("tells the server at once when its page is left", async () => {
      const here = await site();
      const page = await visit(here, "/plain", { transports: ["websocket"] });
      const [socket] = here.io.sockets.sockets.values();
      const gone = new Promise<string>((resolve) => socket?.on("disconnect", resolve));
      await page.open(`${here.url}/expose.js`);
      expect(await inTime(gone, "the server to be told")).toMatch(/^transport (close|error)$/);
    });
  });
}
