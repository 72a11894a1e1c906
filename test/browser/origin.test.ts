// Cross-site pages in real browsers: whatever a page of another origin tries, it opens no session and reaches none (ARCHITECTURE.md, "Trust").
// The names of hosts are not loopback names, because both ends on loopback are allowed.
import {
  createServer as createHttpServer,
  type Server as HttpServer,
  type IncomingMessage,
  type RequestListener,
} from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { Server, type ServerOptions } from "../../src/entry/server.js";
import { BROWSERS, type Browser, launchBrowser, type Page } from "../support/browsers.js";
import { CERTIFICATE, KEY } from "../support/certificate.js";
import { listening } from "../support/scene.js";
import { Ledger, until } from "../support/waiting.js";

/** A page that tells nobody where it is. */
const HIDING = "/hiding";
const HOME = "shop.example";
const EVIL = "evil.test";
const SIBLING = "blog.shop.example";

const page: RequestListener = (request, response) => {
  if (request.url === HIDING) response.setHeader("referrer-policy", "no-referrer");
  response.writeHead(200, { "content-type": "text/html" }).end("<!doctype html><body></body>");
};

interface Site {
  readonly io: Server;
  readonly port: number;
  /** `http://shop.example:1234`. */
  origin(host: string): string;
  /** What was refused: the error's code, or the method that no handshake has. */
  readonly refused: Ledger<string>;
  /** Requests that reached the server below its path. */
  readonly asked: Ledger<string>;
}

async function site(isSecure: boolean, options: Partial<ServerOptions> = {}): Promise<Site> {
  const http = (
    isSecure ? createHttpsServer({ key: KEY, cert: CERTIFICATE }, page) : createHttpServer(page)
  ) as HttpServer;
  const asked = new Ledger<string>();
  const watch = (req: IncomingMessage): void => {
    if (req.url?.startsWith("/socket.io/") === true) asked.add(`${req.method} ${req.headers.upgrade ?? "http"}`);
  };
  http.on("upgrade", watch);
  const io = new Server(http, options);
  http.prependListener("request", watch);
  const refused = new Ledger<string>();
  io.engine.on("connection_error", ({ context }: { context: { name?: string; method?: string } }) =>
    refused.add(String(context.name ?? context.method)),
  );
  const port = await listening(http);
  onTestFinished(async () => {
    const closed = io.close();
    http.closeAllConnections();
    await closed;
  });
  return { io, port, refused, asked, origin: (host) => `${isSecure ? "https" : "http"}://${host}:${port}` };
}

/** What a page can do to an address; each is an expression that the page evaluates, and whose value is told. */
const opened = (url: string): string => `new Promise((resolve) => {
  const ws = new WebSocket(${JSON.stringify(url.replace(/^http/, "ws").replace("polling", "websocket"))});
  ws.onopen = () => resolve("open");
  ws.onerror = () => resolve("failed");
})`;
const fetched = (url: string, init: object): string =>
  `fetch(${JSON.stringify(url)}, ${JSON.stringify(init)}).then((r) => r.type === "opaque" ? "opaque" : r.text(), () => "failed")`;
const embedded = (tag: string, attribute: string, url: string): string => `new Promise((resolve) => {
  const element = document.createElement(${JSON.stringify(tag)});
  element.onload = element.onerror = (event) => resolve(event.type);
  ${tag === "link" ? 'element.rel = "stylesheet";' : ""}
  element[${JSON.stringify(attribute)}] = ${JSON.stringify(url)};
  document.body.append(element);
})`;
const submitted = (url: string, method: string): string => `new Promise((resolve) => {
  const frame = Object.assign(document.createElement("iframe"), { name: "target" + Math.random() });
  document.body.append(frame);
  const form = Object.assign(document.createElement("form"), { method: "${method}", action: ${JSON.stringify(url)}, target: frame.name, enctype: "text/plain" });
  for (const [name, value] of new URL(form.action).searchParams) form.append(Object.assign(document.createElement("input"), { name, value }));
  document.body.append(form);
  frame.onload = () => resolve("loaded");
  form.submit();
})`;

interface Attempt {
  readonly what: string;
  readonly expression: (url: string) => string;
}

const ATTEMPTS: readonly Attempt[] = [
  { what: "a WebSocket", expression: opened },
  { what: "fetch with CORS", expression: (url) => fetched(url, {}) },
  { what: "fetch with credentials", expression: (url) => fetched(url, { credentials: "include" }) },
  { what: "fetch with no-cors", expression: (url) => fetched(url, { mode: "no-cors" }) },
  { what: "a no-cors POST", expression: (url) => fetched(url, { mode: "no-cors", method: "POST", body: "40" }) },
  { what: "a script tag", expression: (url) => embedded("script", "src", url) },
  { what: "a script tag for JSONP", expression: (url) => embedded("script", "src", `${url}&j=0`) },
  { what: "an image", expression: (url) => embedded("img", "src", url) },
  { what: "a style sheet", expression: (url) => embedded("link", "href", url) },
  { what: "an iframe", expression: (url) => embedded("iframe", "src", url) },
  { what: "a form with GET", expression: (url) => submitted(url, "get") },
  { what: "a form with POST", expression: (url) => submitted(url, "post") },
  { what: "a beacon", expression: (url) => `String(navigator.sendBeacon(${JSON.stringify(url)}, "40"))` },
];

const HANDSHAKE = "/socket.io/?EIO=4&transport=polling";

for (const name of BROWSERS) {
  describe(`pages of other origins in ${name}`, () => {
    let browser: Browser;
    beforeAll(async () => {
      browser = await launchBrowser(name, { names: [HOME, EVIL, SIBLING] });
    });
    afterAll(() => browser?.close());

    async function visit(url: string): Promise<Page> {
      const visited = await browser.newPage();
      onTestFinished(() => visited.close());
      await visited.open(url);
      return visited;
    }

    for (const isSecure of [false, true]) {
      for (const host of [EVIL, SIBLING]) {
        it(`open no session by any means from ${host} over ${isSecure ? "HTTPS" : "HTTP"}`, async () => {
          const target = await site(isSecure, { jsonp: true });
          const evil = await visit(target.origin(host));
          for (const { what, expression } of ATTEMPTS) {
            const before = target.asked.entries.length;
            const result = await evil.evaluate<string>(expression(target.origin(HOME) + HANDSHAKE));
            await until(() => target.asked.entries.length > before, `${what} reaches the server`);
            expect([what, target.io.engine.clientsCount, String(result).includes("sid")]).toEqual([what, 0, false]);
          }
          expect(target.refused.entries.length).toBe(target.asked.entries.length);
          // A handshake that is no GET is refused before its Origin is looked at.
          expect(new Set(target.refused.entries)).toEqual(new Set(["HTTP_ORIGIN_FORBIDDEN", "POST"]));
        });
      }
    }

    it("that send no Referer over HTTP read nothing, and JSONP opens no session for them", async () => {
      const target = await site(false, { jsonp: true });
      const evil = await visit(target.origin(EVIL) + HIDING);
      for (const { what, expression } of ATTEMPTS) {
        const before = target.asked.entries.length;
        const result = await evil.evaluate<string>(expression(target.origin(HOME) + HANDSHAKE));
        await until(() => target.asked.entries.length > before, `${what} reaches the server`);
        expect([what, String(result).includes("sid")]).toEqual([what, false]);
        if (what.includes("JSONP")) expect(target.refused.entries.at(-1)).toBe("HTTP_ORIGIN_FORBIDDEN");
      }
      const read = await evil.evaluate<unknown[]>(`(async () => {
        window.___eio = [(payload) => read.push(payload)];
        const read = [];
        await ${embedded("script", "src", `${target.origin(HOME)}${HANDSHAKE}&j=0`)};
        return read;
      })()`);
      expect(read).toEqual([]);
    });

    it("do not reach a session whose id they know", async () => {
      const target = await site(true);
      const own = await visit(target.origin(HOME));
      const opening = await own.evaluate<string>(fetched(target.origin(HOME) + HANDSHAKE, {}));
      const { sid } = JSON.parse(opening.slice(1)) as { sid: string };
      const url = `${target.origin(HOME)}${HANDSHAKE}&sid=${sid}`;
      const evil = await visit(target.origin(EVIL));
      for (const { what, expression } of ATTEMPTS) {
        const before = target.asked.entries.length;
        await evil.evaluate(expression(url));
        await until(() => target.asked.entries.length > before, `${what} reaches the server`);
      }
      expect(target.io.sockets.sockets.size).toBe(0);
      expect(await own.evaluate<string>(fetched(url, { method: "POST", body: "40" }))).toBe("ok");
      expect(await own.evaluate<string>(fetched(url, {}))).toMatch(/^40\{"sid"/);
    });

    it("are let in by cors.origin, and only those that it names", async () => {
      const target = await site(false);
      const origin = target.origin(SIBLING);
      const open = await site(false, { cors: { origin } });
      const sibling = await visit(origin);
      const evil = await visit(target.origin(EVIL));
      const url = open.origin(HOME) + HANDSHAKE;
      expect(await sibling.evaluate<string>(fetched(url, {}))).toMatch(/^0\{"sid"/);
      expect(await sibling.evaluate<string>(opened(url))).toBe("open");
      expect(await evil.evaluate<string>(fetched(url, {}))).toBe("failed");
      expect(await evil.evaluate<string>(opened(url))).toBe("failed");
      expect(open.io.engine.clientsCount).toBe(2);
    });

    for (const isSecure of [false, true]) {
      it(`do not disturb the site's own pages over ${isSecure ? "HTTPS" : "HTTP"}`, async () => {
        const target = await site(isSecure);
        const own = await visit(target.origin(HOME));
        const url = target.origin(HOME) + HANDSHAKE;
        expect(await own.evaluate<string>(fetched(url, {}))).toMatch(/^0\{"sid"/);
        expect(await own.evaluate<string>(opened(url))).toBe("open");
        expect(target.refused.entries).toEqual([]);
      });
    }

    it("of another port of the same host are others too", async () => {
      const target = await site(false);
      const neighbour = await site(false);
      const visited = await visit(neighbour.origin(HOME));
      const url = target.origin(HOME) + HANDSHAKE;
      expect(await visited.evaluate<string>(fetched(url, {}))).toBe("failed");
      expect(await visited.evaluate<string>(opened(url))).toBe("failed");
      expect(target.io.engine.clientsCount).toBe(0);
    });

    it("on this machine are development servers, and may connect by WebSocket", async () => {
      const target = await site(false);
      const neighbour = await site(false);
      const visited = await visit(neighbour.origin("localhost"));
      expect(await visited.evaluate<string>(opened(target.origin("127.0.0.1") + HANDSHAKE))).toBe("open");
    });
  });
}
