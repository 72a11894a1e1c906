// Interop: the web frameworks that Socket.IO is used with share their HTTP server with us, each with npm's client.
import { createServer, type Server as HttpServer, type IncomingMessage, type RequestListener } from "node:http";
import { serve } from "@hono/node-server";
import express5 from "express";
import session from "express-session";
import fastify from "fastify";
import { Hono } from "hono";
import Koa from "koa";
import passport from "passport";
import { type Socket as ClientSocket, io as connect } from "socket.io-client";
import { Server } from "vaiven";
import { describe, expect, it, onTestFinished } from "vitest";
import { portOf } from "../support/scene.js";
import { once } from "../support/waiting.js";

// The types of Express 5 describe what is used of Express 4 here.
const express4 = (await import("express4" as string)).default as typeof express5;
const expresses: [name: string, express: typeof express5][] = [
  ["Express 4", express4],
  ["Express 5", express5],
];

async function listening(server: HttpServer): Promise<string> {
  if (!server.listening) {
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
  }
  return `http://127.0.0.1:${portOf(server)}`;
}

/** Attaches us to a framework's server, and answers an address at which both work. */
async function attached(server: HttpServer): Promise<{ io: Server; url: string }> {
  const io = new Server(server);
  onTestFinished(() => io.close());
  io.on("connection", (socket) => {
    socket.on("double", (number: number, answer: (result: number) => void) => answer(number * 2));
  });
  return { io, url: await listening(server) };
}

function client(url: string, options: object = {}): ClientSocket {
  const socket = connect(url, { forceNew: true, ...options });
  onTestFinished(() => {
    socket.close();
  });
  return socket;
}

async function expectBoth(url: string): Promise<void> {
  const page = await fetch(`${url}/page`);
  expect([page.status, await page.text()]).toEqual([200, "a page"]);
  for (const transports of [["polling"], ["websocket"]]) {
    expect(await client(url, { transports }).timeout(60_000).emitWithAck("double", 21)).toBe(42);
  }
}

describe("pages and events from one HTTP server", () => {
  it.each(expresses)("%s", async (_name, express) => {
    const app = express();
    app.get("/page", (_request, response) => {
      response.send("a page");
    });
    const { url } = await attached(createServer(app as unknown as RequestListener));
    await expectBoth(url);
    expect((await fetch(`${url}/nowhere`)).status).toBe(404);
  });

  it("Fastify 5", async () => {
    const app = fastify();
    onTestFinished(() => app.close());
    app.get("/page", () => "a page");
    await app.ready();
    const { url } = await attached(app.server);
    await expectBoth(url);
    expect((await fetch(`${url}/nowhere`)).status).toBe(404);
  });

  it("Koa", async () => {
    const app = new Koa();
    app.use((context) => {
      if (context.path === "/page") context.body = "a page";
    });
    const { url } = await attached(createServer(app.callback()));
    await expectBoth(url);
    expect((await fetch(`${url}/nowhere`)).status).toBe(404);
  });

  it("Hono on Node", async () => {
    const app = new Hono();
    app.get("/page", (context) => context.text("a page"));
    const server = serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" }) as HttpServer;
    await once(server, "listening");
    const { url } = await attached(server);
    await expectBoth(url);
    expect((await fetch(`${url}/nowhere`)).status).toBe(404);
  });
});

describe("middlewares of Express on the engine", () => {
  interface Visitor {
    readonly id: string;
    readonly name: string;
  }
  type WithSession = IncomingMessage & { session: session.Session & { visits?: number }; user?: Visitor };

  /** A page that logs a visitor in, with sessions and Passport, before the framework and before the engine. */
  async function withLogin(express: typeof express5): Promise<{ io: Server; url: string; cookie: string }> {
    const sessions = session({ secret: "a secret of this test", resave: false, saveUninitialized: true });
    const auth = new passport.Passport();
    auth.serializeUser<string>((user, done) => done(null, (user as Visitor).id));
    auth.deserializeUser<string>((id, done) => done(null, { id, name: `visitor ${id}` } as unknown as Express.User));
    const app = express();
    app.use(sessions).use(auth.session());
    app.get("/login", (request, response) => {
      request.login({ id: "7", name: "visitor 7" } as unknown as Express.User, () => response.send("welcome"));
    });
    const { io, url } = await attached(createServer(app as unknown as RequestListener));
    io.engine.use(sessions);
    io.engine.use(auth.session());
    const answer = await fetch(`${url}/login`);
    return { io, url, cookie: (answer.headers.get("set-cookie") ?? "").split(";")[0] ?? "" };
  }

  it.each(
    expresses.flatMap(([name, express]) =>
      ["polling", "websocket"].map((transport) => [name, transport, express] as const),
    ),
  )("%s: a session and its user reach the handlers over %s", async (_name, transport, express) => {
    const { io, url, cookie } = await withLogin(express);
    io.on("connection", (socket) => {
      const request = socket.request as WithSession;
      socket.on("visit", (answer: (user: Visitor | undefined, visits: number, session: string) => void) => {
        request.session.reload((error) => {
          if (error) throw error;
          request.session.visits = (request.session.visits ?? 0) + 1;
          request.session.save(() => answer(request.user, request.session.visits ?? 0, request.session.id));
        });
      });
    });
    const visit = (socket: ClientSocket): Promise<unknown[]> =>
      new Promise((resolve) => socket.emit("visit", (...answer: unknown[]) => resolve(answer)));
    const options = { transports: [transport], extraHeaders: { cookie } };
    const [user, first, id] = await visit(client(url, options));
    expect([user, first]).toEqual([{ id: "7", name: "visitor 7" }, 1]);
    expect((await visit(client(url, options))).slice(1)).toEqual([2, id]);
    expect(decodeURIComponent(cookie)).toContain(String(id));
  });

  it("a middleware can tell the handshake, which has no sid, from the requests that follow", async () => {
    const { io, url } = await attached(createServer());
    const seen: (string | null)[] = [];
    io.engine.use((request: IncomingMessage, _response: unknown, next: () => void) => {
      seen.push(new URL(request.url ?? "", "http://localhost").searchParams.get("sid"));
      next();
    });
    const socket = client(url, { transports: ["polling"] });
    await socket.timeout(60_000).emitWithAck("double", 1);
    expect(seen[0]).toBe(null);
    expect(seen.slice(1)).not.toContain(null);
    expect(seen.length).toBeGreaterThan(1);
  });
});
