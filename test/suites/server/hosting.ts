// Server suite: where a server lives: ports, HTTP servers, Express, several on one.
import { createServer as createHttpServer, type RequestListener } from "node:http";
import express from "express";
import type { Server as StockServer } from "socket.io";
import * as stock from "socket.io-client";
import { describe, expect, it, onTestFinished } from "vitest";
import { ask, openPolling, openWebSocket, refusedUpgrade } from "../../support/raw-client.js";
import {
  closeLater,
  closeServer,
  connected,
  listening,
  portOf,
  type ServerLibrary,
  stage,
} from "../../support/scene.js";
import { once } from "../../support/waiting.js";

function closing(io: StockServer): StockServer {
  onTestFinished(() => closeServer(io));
  return io;
}

async function portOnceListening(io: StockServer): Promise<number> {
  if (!io.httpServer.listening) await once(io.httpServer, "listening");
  return portOf(io.httpServer);
}

export function describeHosting(library: ServerLibrary): void {
  describe("hosting", () => {
    it("listens on a port by itself", async () => {
      const io = closing(new library.Server(0));
      await openPolling(await portOnceListening(io));
    });

    it("listens on a port that listen is given", async () => {
      const io = closing(new library.Server());
      expect(io.listen(0)).toBe(io);
      await openPolling(await portOnceListening(io));
    });

    it("answers 404 to other paths where the HTTP server is its own", async () => {
      const io = closing(new library.Server(0));
      const answer = await ask(await portOnceListening(io), "/elsewhere");
      expect(answer.status).toBe(404);
    });

    it("is attached to an HTTP server later, with options", async () => {
      const httpServer = createHttpServer();
      closeLater(httpServer);
      const io = closing(new library.Server());
      expect(io.attach(httpServer, { path: "/late" })).toBe(io);
      await openPolling(await listening(httpServer), { path: "/late/" });
    });

    it("is attached to an HTTP server that listens already", async () => {
      const httpServer = createHttpServer();
      closeLater(httpServer);
      const port = await listening(httpServer);
      const io = closing(new library.Server(httpServer));
      expect(io.httpServer).toBe(httpServer);
      await openPolling(port);
    });

    it("leaves the other requests to the handler of the HTTP server", async () => {
      const handler: RequestListener = (request, response) => response.end(`plain ${request.url}`);
      const httpServer = createHttpServer(handler);
      closeLater(httpServer);
      closing(new library.Server(httpServer));
      const port = await listening(httpServer);
      expect((await ask(port, "/page")).text).toBe("plain /page");
      expect((await ask(port, "/socket.iota/")).text).toBe("plain /socket.iota/");
      await openPolling(port);
    });

    it("lives beside Express", async () => {
      const app = express();
      app.get("/", (_request, response) => {
        response.send("the page");
      });
      const httpServer = createHttpServer(app);
      closeLater(httpServer);
      const io = closing(new library.Server(httpServer));
      io.on("connection", (socket) => socket.emit("hello"));
      const port = await listening(httpServer);
      expect((await ask(port, "/")).text).toBe("the page");
      expect((await ask(port, "/none")).status).toBe(404);
      const { raw } = await openWebSocket(port);
      await raw.join();
      expect(await raw.text()).toBe('42["hello"]');
      raw.close();
    });

    it("leaves to a handler that was added after it what is not its own", async () => {
      const { port, httpServer } = await stage(library);
      httpServer.on("request", (request, response) => {
        if (request.url === "/late") response.end("late");
      });
      await openPolling(port);
      expect((await ask(port, "/late")).text).toBe("late");
    });

    it("shares an HTTP server with another by paths", async () => {
      const httpServer = createHttpServer();
      closeLater(httpServer);
      const one = closing(new library.Server(httpServer, { path: "/one" }));
      const two = closing(new library.Server(httpServer, { path: "/two" }));
      one.on("connection", (socket) => socket.emit("from", "one"));
      two.on("connection", (socket) => socket.emit("from", "two"));
      const port = await listening(httpServer);
      for (const name of ["one", "two"]) {
        const { raw } = await openWebSocket(port, { path: `/${name}/` });
        await raw.join();
        expect(await raw.text()).toBe(`42["from","${name}"]`);
        raw.close();
        const polling = await openPolling(port, { path: `/${name}/` });
        await polling.post("40");
        expect((await polling.collect(2))[1]).toBe(`42["from","${name}"]`);
      }
    });

    it("leaves upgrades of other paths to their own listeners", async () => {
      const { port, httpServer } = await stage(library);
      httpServer.on("upgrade", (request, socket) => {
        if (request.url?.startsWith("/own") === true) socket.end("HTTP/1.1 418 Teapot\r\nContent-Length: 3\r\n\r\nown");
      });
      expect(await refusedUpgrade(port, "", { path: "/own" })).toEqual({ status: 418, text: "own" });
    });

    it("gets its settings back from their methods", async () => {
      const { io } = await stage(library, { path: "/live/", serveClient: false, connectTimeout: 1234 });
      expect(io.path()).toBe("/live");
      expect(io.serveClient()).toBe(false);
      expect(io.connectTimeout()).toBe(1234);
    });

    it("treats the methods of io as those of the main namespace", async () => {
      const { port, io } = await stage(library);
      const seen: string[] = [];
      io.sockets.on("connection", () => seen.push("sockets"));
      io.of("/").on("connection", () => seen.push("of"));
      io.on("connection", () => seen.push("io"));
      await connected(stock, `http://127.0.0.1:${port}`);
      expect(seen).toEqual(["sockets", "of", "io"]);
    });

    it("closes an HTTP server that it did not make, and calls back", async () => {
      const httpServer = createHttpServer();
      const io = new library.Server(httpServer);
      await listening(httpServer);
      await new Promise<void>((resolve) => void io.close(() => resolve()));
      expect(httpServer.listening).toBe(false);
    });

    it("frees its port for the next", async () => {
      const first = await stage(library);
      const peer = await connected(stock, first.url, { transports: ["polling"] });
      await new Promise<void>((resolve) => void first.io.close(() => resolve()));
      peer.disconnect();
      const second = await stage(library, {}, first.port);
      await connected(stock, second.url);
    });
  });
}
