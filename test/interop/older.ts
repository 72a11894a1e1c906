// Interop: what every release of Socket.IO since 2 can do, written with nothing but what all of them have: `on`, `emit`, callbacks.
import type { Server, Socket as ServerSocket } from "socket.io";
import type { Socket as ClientSocket } from "socket.io-client";
import { describe, expect, it } from "vitest";
import {
  type ClientLibrary,
  type ClientOptions,
  closeServer,
  connected,
  client as open,
  pair,
  type ServerLibrary,
  stage,
} from "../support/scene.js";
import { collect, inTime, once, until } from "../support/waiting.js";
import { WAYS } from "./pairs.js";

/** One older end and the other end. */
export interface OlderPair {
  readonly name: string;
  readonly server: ServerLibrary;
  readonly client: ClientLibrary;
  /** Whether the client speaks Engine.IO 3: it tells who it is in the query of a namespace, and hears of refusals as `error`. */
  readonly version2?: boolean;
  /** Whether both ends know of connection state recovery, as those since 4.6 do. */
  readonly recovers?: boolean;
  /** Other ways to carry the connection than the usual ones. */
  readonly ways?: Readonly<Record<string, ClientOptions>>;
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

/** The answer to an event, by callback: `emitWithAck` is younger. */
export function asked<T = unknown>(socket: Pick<Emitting, "emit">, event: string, ...args: unknown[]): Promise<T> {
  return inTime(
    new Promise<T>((resolve) => {
      socket.emit(event, ...args, resolve);
    }),
    `an answer to ${event}`,
  );
}

/** Either end, without its types: those of the two differ. */
interface Emitting {
  emit(event: string, ...args: unknown[]): unknown;
  on(event: string, listener: (...args: never[]) => void): unknown;
}

async function wentOver(socket: ClientSocket): Promise<void> {
  if (socket.io.engine.transport.name === "polling") await once(socket.io.engine, "upgrade");
}

/** Declares the tests of one pair. */
export function describeOlder({
  name,
  server,
  client,
  version2 = false,
  recovers = false,
  ways = WAYS,
}: OlderPair): void {
  const serverOptions = version2 ? { allowEIO3: true } : {};
  /** A client of `namespace` that says `token`. */
  const as = (token: string, url: string, namespace: string, options: ClientOptions): ClientSocket =>
    version2
      ? open(client, `${url}${namespace}?token=${token}`, options)
      : open(client, `${url}${namespace}`, { ...options, auth: { token } });
  const refusal = async (socket: ClientSocket): Promise<unknown> => {
    if (version2) return (await once(socket, "error"))[0];
    const [error] = await once<[Error & { data?: unknown }]>(socket, "connect_error");
    return error.data;
  };

  for (const [way, options] of Object.entries(ways)) {
    describe(`${name}, over ${way}`, () => {
      it("carries events both ways, in order", async () => {
        const { socket, peer } = await pair(await stage(server, serverOptions), client, options);
        const there = collect(socket, "n", 100);
        const back = collect(peer, "n", 100);
        for (let n = 0; n < 100; n++) {
          peer.emit("n", n, { text: `ñ😀${n}` });
          socket.emit("n", n, { text: `€${n}` });
        }
        expect(await there).toEqual(Array.from({ length: 100 }, (_, n) => [n, { text: `ñ😀${n}` }]));
        expect(await back).toEqual(Array.from({ length: 100 }, (_, n) => [n, { text: `€${n}` }]));
      });

      it("acknowledges both ways", async () => {
        const { socket, peer } = await pair(await stage(server, serverOptions), client, options);
        socket.on("double", (n: number, answer: (n: number) => void) => answer(n * 2));
        peer.on("double", (n: number, answer: (n: number) => void) => answer(n * 2));
        const numbers = Array.from({ length: 20 }, (_, n) => n);
        const doubles = numbers.map((n) => n * 2);
        expect(await Promise.all(numbers.map((n) => asked(peer, "double", n)))).toEqual(doubles);
        expect(await Promise.all(numbers.map((n) => asked(socket, "double", n)))).toEqual(doubles);
      });

      it("carries binary both ways, in events and acknowledgements", async () => {
        const { socket, peer } = await pair(await stage(server, serverOptions), client, options);
        const large = Buffer.from(Array.from({ length: 70_000 }, (_, n) => n % 256));
        for (const [from, to] of [
          [socket as Emitting, peer as Emitting],
          [peer as Emitting, socket as Emitting],
        ] as const) {
          const got = once<[{ a: Uint8Array; b: [{ c: Uint8Array }] }, string, Uint8Array]>(to, "blobs");
          from.emit("blobs", { a: Buffer.from([0, 1]), b: [{ c: Buffer.from([255]) }] }, "ñ", large);
          const [deep, between, whole] = await got;
          expect([hex(deep.a), hex(deep.b[0].c), between]).toEqual(["0001", "ff", "ñ"]);
          expect(Buffer.from(whole).equals(large)).toBe(true);
          to.on("echo", (bytes: Uint8Array, answer: (reply: { bytes: Uint8Array }) => void) => answer({ bytes }));
          const reply = await asked<{ bytes: Uint8Array }>(from, "echo", Buffer.from([9, 8]));
          expect(hex(reply.bytes)).toBe("0908");
        }
      });

      it("keeps namespaces apart, and their middlewares", async () => {
        const scene = await stage(server, serverOptions);
        const heard: string[] = [];
        for (const path of ["/", "/news", "/admin"]) {
          scene.io.of(path).on("connection", (socket: ServerSocket) => {
            socket.on("say", (text: string, answer: (s: string) => void) => {
              heard.push(`${path} ${text}`);
              answer(path);
            });
          });
        }
        scene.io.of("/admin").use((socket, next) => {
          const error = Object.assign(new Error("who are you"), { data: { code: 401 } });
          next(socket.handshake.auth["token"] === "ñ secret" ? undefined : error);
        });
        const main = open(client, scene.url, options);
        const news = open(client, `${scene.url}/news`, options);
        expect(await refusal(as("wrong", scene.url, "/admin", options))).toEqual({ code: 401 });
        const admin = as(version2 ? encodeURIComponent("ñ secret") : "ñ secret", scene.url, "/admin", options);
        expect(await asked(main, "say", "one")).toBe("/");
        expect(await asked(news, "say", "two")).toBe("/news");
        expect(await asked(admin, "say", "three")).toBe("/admin");
        expect(heard).toEqual(["/ one", "/news two", "/admin three"]);
        const gone = once(news, "disconnect");
        for (const socket of scene.io.of("/news").sockets.values()) socket.disconnect();
        expect((await gone)[0]).toBe("io server disconnect");
        expect(await asked(main, "say", "still")).toBe("/");
      });

      it("brings to rooms what is theirs", async () => {
        const scene = await stage(server, serverOptions);
        const [a, b, c] = await Promise.all([1, 2, 3].map(() => pair(scene, client, options)));
        if (a === undefined || b === undefined || c === undefined) throw new Error("three pairs were asked for");
        const names = ["r and s", "r but the sender", "bytes", "all but the sender", "one"];
        const heard = [a, b, c].map(({ peer }) => {
          const events: string[] = [];
          for (const event of names) peer.on(event, () => events.push(event));
          return events;
        });
        await Promise.all([a.socket.join(["r", "s"]), b.socket.join("r")]);
        scene.io.to("r").to("s").emit("r and s");
        a.socket.to("r").emit("r but the sender");
        scene.io.emit("bytes", Buffer.from([1]), "ñ");
        c.socket.broadcast.emit("all but the sender");
        scene.io.to(c.socket.id).emit("one");
        const marks = Promise.all([a, b, c].map(({ peer }) => once(peer, "mark")));
        scene.io.emit("mark");
        await marks;
        expect(heard).toEqual([
          ["r and s", "bytes", "all but the sender"],
          ["r and s", "r but the sender", "bytes", "all but the sender"],
          ["bytes", "one"],
        ]);
      });

      it("tells both ends how a connection ended", async () => {
        const scene = await stage(server, serverOptions);
        const first = await pair(scene, client, options);
        const byClient = Promise.all([once(first.socket, "disconnect"), once(first.peer, "disconnect")]);
        first.peer.disconnect();
        const [server1, client1] = await byClient;
        expect(server1[0]).toMatch(/^(client namespace disconnect|transport close)$/);
        expect(client1[0]).toBe("io client disconnect");
        const second = await pair(scene, client, options);
        const byServer = Promise.all([once(second.socket, "disconnect"), once(second.peer, "disconnect")]);
        second.socket.disconnect();
        const [server2, client2] = await byServer;
        expect([server2[0], client2[0]]).toEqual(["server namespace disconnect", "io server disconnect"]);
      });

      it("stays over several heartbeats", async () => {
        const scene = await stage(server, { ...serverOptions, pingInterval: 40, pingTimeout: 2000 });
        const { socket, peer } = await pair(scene, client, options);
        if (way.startsWith("upgrade")) await wentOver(peer);
        await collect(socket.conn, "heartbeat", 3);
        socket.on("say", (answer: (s: string) => void) => answer("here"));
        expect(await asked(peer, "say")).toBe("here");
      });

      it(`comes back as ${recovers ? "who it was" : "somebody new"} where the server recovers sessions`, async () => {
        const scene = await stage(server, { ...serverOptions, connectionStateRecovery: {} } as never);
        const { socket, peer } = await pair(scene, client, {
          ...options,
          reconnection: true,
          reconnectionDelay: 10,
          reconnectionDelayMax: 50,
        });
        if (way.startsWith("upgrade")) await wentOver(peer);
        const first = once<[number]>(peer, "n");
        socket.emit("n", 1);
        expect((await first)[0]).toBe(1);
        const back = once(scene.io, "connection");
        socket.conn.close();
        const [successor] = (await back) as [ServerSocket];
        expect(successor.id === socket.id).toBe(recovers);
        expect(successor.recovered ?? false).toBe(recovers);
        const second = once<[number]>(peer, "n");
        successor.emit("n", 2);
        expect((await second)[0]).toBe(2);
      });

      it("comes back after the server started again on the same port", async () => {
        const first = await stage(server, serverOptions);
        const welcome = (io: Server): void => {
          io.on("connection", (socket) =>
            socket.on("say", (text: string, answer: (s: string) => void) => answer(`${text}!`)),
          );
        };
        welcome(first.io);
        const socket = await connected(client, first.url, {
          ...options,
          reconnection: true,
          reconnectionDelay: 10,
          reconnectionDelayMax: 50,
        });
        if (way.startsWith("upgrade")) await wentOver(socket);
        expect(await asked(socket, "say", "before")).toBe("before!");
        const gone = once(socket, "disconnect");
        await closeServer(first.io);
        await gone;
        socket.emit("lost by nobody");
        await once(socket.io, "reconnect_error");
        const second = await stage(server, serverOptions, first.port);
        welcome(second.io);
        const buffered: string[] = [];
        second.io.on("connection", (peer) => peer.on("lost by nobody", () => buffered.push("lost by nobody")));
        await once(socket, "connect");
        expect(await asked(socket, "say", "after")).toBe("after!");
        expect(buffered).toEqual(["lost by nobody"]);
        await until(() => second.io.engine.clientsCount === 1, "one connection is left");
      });
    });
  }
}
