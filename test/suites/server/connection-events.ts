// Server suite: what `socket.conn` and `io.engine` tell, and in which order.
import type { Server as HttpServer } from "node:http";
import { createServer } from "node:https";
import type { TLSSocket } from "node:tls";
import * as stock from "socket.io-client";
import { describe, expect, it } from "vitest";
import { CERTIFICATE, KEY } from "../../support/certificate.js";
import { ask, dial, openPolling, openWebSocket } from "../../support/raw-client.js";
import { closeLater, connected, listening, type ServerLibrary, stage } from "../../support/scene.js";
import { once, until } from "../../support/waiting.js";

interface Emitter {
  // biome-ignore lint/suspicious/noExplicitAny: the listeners of many events
  on(event: any, listener: (...args: any[]) => void): unknown;
}

interface Connection extends Emitter {
  readonly id: string;
  readonly protocol: number;
  readonly server: unknown;
  readonly transport: Emitter & {
    readonly name: string;
    readonly sid: string;
    readonly protocol: number;
    readonly readyState: string;
    readonly supportsBinary: boolean;
    readonly writable: boolean;
    readonly socket:
      | { readonly _socket: unknown; readonly readyState: number; close(): void; terminate(): void }
      | undefined;
    close(): void;
  };
  request: unknown;
}

interface Packet {
  readonly type: string;
  readonly data?: unknown;
  readonly options?: { readonly compress?: boolean };
}

/** Names each event of `emitter` in `log`. */
function record(emitter: Emitter, name: string, events: readonly string[], log: string[]): void {
  for (const event of events) emitter.on(event, () => void log.push(`${name} ${event}`));
}

const OF_ENGINE = ["connection", "initial_headers", "headers", "flush", "drain", "connection_error"];
const OF_CONNECTION = ["packet", "data", "message", "packetCreate", "flush", "drain", "upgrading", "upgrade", "close"];

export function describeConnectionEvents(library: ServerLibrary): void {
  describe("events of the engine and its connections", () => {
    it("come over WebSocket in the order in which things happen", async () => {
      const { port, io } = await stage(library);
      const log: string[] = [];
      record(io.engine, "engine", OF_ENGINE, log);
      io.engine.on("connection", (connection: Connection) => record(connection, "conn", OF_CONNECTION, log));
      io.on("connection", (socket) => {
        socket.on("ask", () => socket.emit("answer"));
        socket.on("disconnect", () => void log.push("disconnect"));
      });
      const { raw } = await openWebSocket(port);
      expect(log).toEqual([
        "engine initial_headers",
        "engine headers",
        "engine flush",
        "engine drain",
        "engine connection",
      ]);
      log.length = 0;
      await raw.join();
      await until(() => log.includes("engine drain"), "the answer to CONNECT has left");
      const exchange = ["conn packet", "conn data", "conn message", "conn packetCreate"];
      const output = ["conn flush", "engine flush", "conn drain", "engine drain"];
      expect(log).toEqual([...exchange, ...output]);
      log.length = 0;
      raw.send('42["ask"]');
      expect(await raw.text()).toBe('42["answer"]');
      await until(() => log.includes("engine drain"), "the answer has left");
      expect(log).toEqual([...exchange, ...output]);
      log.length = 0;
      raw.ws.close();
      await until(() => log.includes("conn close"), "the connection is closed");
      expect(log).toEqual(["disconnect", "conn close"]);
    });

    it("come over polling in the order in which things happen", async () => {
      const { port, io } = await stage(library);
      const log: string[] = [];
      record(io.engine, "engine", OF_ENGINE, log);
      io.engine.on("connection", (connection: Connection) => record(connection, "conn", OF_CONNECTION, log));
      const session = await openPolling(port);
      expect(log).toEqual([
        "engine flush",
        "engine initial_headers",
        "engine headers",
        "engine drain",
        "engine connection",
      ]);
      log.length = 0;
      await session.post("40");
      await until(() => log.includes("conn packetCreate"), "CONNECT is answered");
      expect(log.filter((event) => event !== "engine headers")).toEqual([
        "conn packet",
        "conn data",
        "conn message",
        "conn packetCreate",
      ]);
      log.length = 0;
      await session.get();
      await until(() => log.includes("engine drain"), "the answer has left");
      expect(log).toEqual(["conn flush", "engine flush", "engine headers", "conn drain", "engine drain"]);
    });

    it("tell of an upgrade once each, with the transport", async () => {
      const { port, io } = await stage(library);
      const log: string[] = [];
      io.engine.on("connection", (connection: Connection) => {
        const before = connection.transport;
        before.on("close", () => void log.push(`close ${before.name}`));
        for (const event of ["upgrading", "upgrade"]) {
          connection.on(event, (transport: Connection["transport"]) => void log.push(`${event} ${transport.name}`));
        }
        connection.on("upgrade", (transport: Connection["transport"]) => {
          expect(transport).toBe(connection.transport);
          transport.on("packet", ({ type, data }: Packet) => void log.push(`${type} ${data}`));
        });
      });
      const session = await openPolling(port);
      const poll = session.get();
      const raw = await dial(port, `EIO=4&transport=websocket&sid=${session.open.sid}`);
      raw.send("2probe");
      expect(await raw.next()).toBe("3probe");
      expect((await poll).text).toBe("6");
      raw.send("5");
      await until(() => log.includes("upgrade websocket"), "the session has moved");
      raw.send("40");
      await raw.text();
      expect(log.filter((event) => event !== "close polling")).toEqual([
        "upgrading websocket",
        "upgrade websocket",
        "message 0",
      ]);
      raw.close();
    });

    it("show packets with what they were sent with", async () => {
      const { port, io } = await stage(library);
      const created: Packet[] = [];
      const flushed: Packet[] = [];
      io.engine.on("connection", (connection: Connection) => {
        connection.on("packetCreate", (packet: Packet) => void created.push(packet));
        connection.on("flush", (packets: Packet[]) => void flushed.push(...packets));
      });
      io.on("connection", (socket) => {
        socket.emit("a", Buffer.from([1]));
        socket.compress(false).emit("b");
      });
      const { raw } = await openWebSocket(port);
      await raw.join();
      await until(() => flushed.length === 4, "everything has left");
      expect(created).toHaveLength(4);
      const shapes = (packets: Packet[]) => packets.map(({ type, options }) => [type, options?.compress]);
      const expected = [true, true, true, false].map((compress) => ["message", compress]);
      expect(shapes(created)).toEqual(expected);
      expect(shapes(flushed)).toEqual(expected);
      expect(Buffer.isBuffer(created[2]?.data)).toBe(true);
      raw.close();
    });

    it("tell headers of answers to a session only, not of refusals", async () => {
      const { port, io } = await stage(library);
      const told: string[] = [];
      for (const event of ["initial_headers", "headers", "connection_error"])
        io.engine.on(event, () => void told.push(event));
      await ask(port, "/socket.io/?EIO=4&transport=polling&sid=unknown");
      await ask(port, "/socket.io/?EIO=3&transport=polling");
      await ask(port, "/socket.io/?EIO=4&transport=polling", { method: "POST" });
      expect(told).toEqual(["connection_error", "connection_error", "connection_error"]);
    });

    it("give middlewares the parsed query, of which the last of repeated names counts", async () => {
      const { port, io } = await stage(library);
      const seen: unknown[] = [];
      io.engine.use((request: { _query: unknown; res?: unknown }, response: unknown, next: () => void) => {
        seen.push({ ...(request._query as object) }, request.res === response);
        next();
      });
      const queries: unknown[] = [];
      io.on("connection", (socket) =>
        queries.push({ ...socket.handshake.query }, (socket.request as unknown as { _query: object })._query),
      );
      const session = await openPolling(port, { query: "&token=a&token=b" });
      expect(seen).toEqual([{ EIO: "4", transport: "polling", token: "b" }, true]);
      await session.join();
      expect(queries).toMatchObject([{ token: "b" }, { token: "b" }]);
    });

    it("carry the names by which Engine.IO's connections are read", async () => {
      const { port, io } = await stage(library);
      const connections: Connection[] = [];
      io.engine.on("connection", (connection: Connection) => void connections.push(connection));
      const { raw, open } = await openWebSocket(port);
      await until(() => connections.length === 1, "the connection is told");
      const [connection] = connections;
      expect(connection?.server).toBe(io.engine);
      expect(connection?.transport).toMatchObject({
        name: "websocket",
        sid: open.sid,
        protocol: 4,
        readyState: "open",
        supportsBinary: true,
        writable: true,
      });
      expect(connection?.transport).toBe(connection?.transport);
      raw.close();
    });

    it("show the WebSocket below, and are ended with it", async () => {
      const ends: Record<string, (connection: Connection) => void> = {
        "transport.close": ({ transport }) => transport.close(),
        "socket.close": ({ transport }) => transport.socket?.close(),
        "socket.terminate": ({ transport }) => transport.socket?.terminate(),
      };
      for (const [name, end] of Object.entries(ends)) {
        const { port, io } = await stage(library);
        const log: string[] = [];
        const arrival = once<[Connection]>(io.engine, "connection");
        const { raw } = await openWebSocket(port);
        const [connection] = await arrival;
        const { socket } = connection.transport;
        expect(socket).toMatchObject({ readyState: 1, bufferedAmount: 0, extensions: "" });
        expect(socket?._socket).toMatchObject({ remoteAddress: "127.0.0.1", remotePort: expect.any(Number) });
        connection.transport.on("close", () => void log.push("transport"));
        connection.on("close", (reason: string) => void log.push(reason));
        end(connection);
        await until(() => log.length === 2, `${name} has ended the connection`);
        expect(log).toEqual(["transport close", "transport"]);
        expect(socket?.readyState).toBe(3);
        raw.close();
      }
      const { port, io } = await stage(library);
      const arrival = once<[Connection]>(io.engine, "connection");
      const session = await openPolling(port);
      const [{ transport }] = await arrival;
      expect(transport.socket).toBeUndefined();
      const closed = once(transport, "close");
      const poll = session.get();
      await until(() => transport.writable, "the poll has come");
      transport.close();
      expect((await poll).text).toBe("1");
      await closed;
    });

    it("let a program take what it needs of the request and let it go", async () => {
      const { port, io } = await stage(library);
      let address: unknown;
      io.engine.on("connection", (connection: Connection) => {
        address = (connection.request as { client: { remoteAddress: string } }).client.remoteAddress;
        connection.request = null;
      });
      const { raw } = await openWebSocket(port);
      expect(await raw.join()).toMatch(/^40\{/);
      expect(address).toBe("127.0.0.1");
      raw.close();
    });

    it("keep the certificate that a client has shown", async () => {
      const httpServer = createServer({
        key: KEY,
        cert: CERTIFICATE,
        ca: CERTIFICATE,
        requestCert: true,
        rejectUnauthorized: false,
      });
      const io = new library.Server(httpServer);
      const port = await listening(httpServer as unknown as HttpServer);
      closeLater(httpServer as unknown as HttpServer);
      const names: unknown[] = [];
      io.on("connection", ({ request }) => {
        names.push((request.socket as TLSSocket).getPeerCertificate().subject?.CN);
      });
      const tls = { ca: CERTIFICATE, transports: ["websocket"] };
      await connected(stock, `https://127.0.0.1:${port}`, { ...tls, key: KEY, cert: CERTIFICATE });
      await connected(stock, `https://127.0.0.1:${port}`, tls);
      expect(names).toEqual(["localhost", undefined]);
    });

    it("show the options with their defaults", async () => {
      const { io } = await stage(library, { pingInterval: 1234 });
      expect((io.engine as unknown as { opts: unknown }).opts).toMatchObject({
        path: "/socket.io",
        pingInterval: 1234,
        pingTimeout: 20_000,
        upgradeTimeout: 10_000,
        maxHttpBufferSize: 1e6,
        transports: ["polling", "websocket"],
        allowUpgrades: true,
        httpCompression: { threshold: 1024 },
        allowEIO3: false,
      });
    });

    it("end a session whose POST cannot be read, which is answered all the same", async () => {
      const { port, io } = await stage(library);
      const reasons: string[] = [];
      io.engine.on("connection", (connection: Connection) =>
        connection.on("close", (reason: string) => void reasons.push(reason)),
      );
      for (const body of ["", "abc", "99999", "\u001e"]) {
        const session = await openPolling(port);
        const poll = session.get();
        expect(await session.post(body)).toMatchObject({ status: 200, text: "ok" });
        expect((await poll).text).toBe("1");
        expect(JSON.parse((await session.get()).text)).toEqual({ code: 1, message: "Session ID unknown" });
      }
      expect(reasons).toEqual(Array(4).fill("parse error"));
    });
  });
}
