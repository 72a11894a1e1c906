// Interop: connection state recovery. Every pair of ends over both transports, and what npm's own two ends do not manage.
import type { Server, ServerOptions, Socket as ServerSocket } from "socket.io";
import type { Socket as ClientSocket } from "socket.io-client";
import { describe, expect, it } from "vitest";
import { type ClientLibrary, client, connected, type ServerLibrary, stage } from "../support/scene.js";
import { collect, Ledger, once, silence } from "../support/waiting.js";
import { MIXED, OURS, PAIRS, WAYS } from "./pairs.js";

const RECOVERY: Partial<ServerOptions> = { connectionStateRecovery: {} };

/** The connection is lost: neither end has said goodbye. The client comes back by itself. */
async function lose(io: Server, peer: ClientSocket, meanwhile: () => void): Promise<void> {
  const socket = io.sockets.sockets.get(peer.id ?? "");
  const noticed = once(socket, "disconnect");
  const back = once(peer, "connect");
  peer.io.engine.close();
  await noticed;
  meanwhile();
  await back;
}

interface Scene {
  readonly io: Server;
  readonly url: string;
  readonly peer: ClientSocket;
  readonly socket: ServerSocket;
}

async function recoverable(
  pair: { server: ServerLibrary; client: ClientLibrary },
  options: object,
  more: Partial<ServerOptions> = RECOVERY,
): Promise<Scene> {
  const { io, url } = await stage(pair.server, more);
  const peer = await connected(pair.client, url, {
    ...options,
    reconnection: true,
    reconnectionDelay: 20,
    reconnectionDelayMax: 40,
  });
  return { io, url, peer, socket: io.sockets.sockets.get(peer.id ?? "") as ServerSocket };
}

for (const pair of PAIRS) {
  for (const way of ["polling", "websocket"] as const) {
    describe(`${pair.name}, over ${way}: recovery`, () => {
      it("restores id, rooms and data, and brings what was missed, in order", async () => {
        const { io, peer, socket } = await recoverable(pair, WAYS[way]);
        const first = once(peer, "first");
        void socket.join("room");
        socket.data.name = "Ana";
        const { id } = socket;
        socket.emit("first", 1);
        await first;
        expect(peer.recovered).toBe(false);
        const heard = new Ledger<unknown>();
        for (const event of ["everybody", "room", "own", "end"]) {
          peer.on(event, (value: unknown) => heard.add([event, value]));
        }
        peer.on("elsewhere", () => heard.add("elsewhere"));
        let returned: ServerSocket | undefined;
        io.on("connection", (again) => {
          returned = again;
          again.emit("end", 4);
        });
        await lose(io, peer, () => {
          io.emit("everybody", 1);
          io.to("room").emit("room", { n: 2 });
          io.to("other").emit("elsewhere");
          io.to(id).emit("own", Buffer.from([3]));
        });
        expect(await heard.reaches(4)).toEqual([
          ["everybody", 1],
          ["room", { n: 2 }],
          ["own", expect.anything()],
          ["end", 4],
        ]);
        expect([peer.recovered, peer.id, returned?.recovered, returned?.data]).toEqual([
          true,
          id,
          true,
          { name: "Ana" },
        ]);
        expect(returned?.rooms).toEqual(new Set([id, "room"]));
      });

      it("gives a new session to who was gone too long", async () => {
        const { io, peer, socket } = await recoverable(pair, WAYS[way], {
          connectionStateRecovery: { maxDisconnectionDuration: 1 },
        });
        const first = once(peer, "first");
        socket.emit("first", 1);
        await first;
        const { id } = peer;
        const noticed = once(io.sockets.sockets.get(id ?? ""), "disconnect");
        peer.io.reconnection(false);
        peer.io.engine.close();
        await noticed;
        await silence(20);
        const back = once(peer, "connect");
        peer.connect();
        await back;
        expect([peer.recovered, peer.id === id]).toEqual([false, false]);
      });
    });
  }
}

for (const pair of [MIXED[0] as (typeof MIXED)[0], OURS]) {
  describe(`${pair.name}: recovery works`, () => {
    it("where no event has come yet", async () => {
      const { io, peer } = await recoverable(pair, WAYS.websocket);
      const missed = once(peer, "missed");
      const { id } = peer;
      await lose(io, peer, () => io.emit("missed", 1));
      expect([peer.recovered, peer.id]).toEqual([true, id]);
      expect((await missed)[0]).toBe(1);
    });

    it("behind volatile events that end with a text", async () => {
      const { io, peer, socket } = await recoverable(pair, WAYS.websocket);
      const told = collect(peer, "volatile", 2);
      socket.volatile.emit("volatile", "text");
      await new Promise((resolve) => setImmediate(resolve));
      io.volatile.emit("volatile", "another");
      expect((await told).map(([text]) => text)).toEqual(["text", "another"]);
      const missed = collect(peer, "missed", 1);
      await lose(io, peer, () => io.emit("missed", 1));
      expect(peer.recovered).toBe(true);
      expect((await missed).map(([n]) => n)).toEqual([1]);
    });

    it("with connect before what was missed", async () => {
      const { io, peer, socket } = await recoverable(pair, WAYS.websocket);
      const first = once(peer, "first");
      socket.emit("first", 1);
      await first;
      const order = new Ledger<string>();
      peer.on("connect", () => order.add("connect"));
      peer.on("missed", () => order.add("missed"));
      await lose(io, peer, () => io.emit("missed", 1));
      expect(await order.reaches(2)).toEqual(["connect", "missed"]);
    });

    it("several times in a row, with nothing twice", async () => {
      const { io, peer } = await recoverable(pair, WAYS.websocket);
      const heard = new Ledger<number>();
      peer.on("n", (n: number) => heard.add(n));
      let n = 0;
      for (let round = 0; round < 5; round++) {
        io.emit("n", n++);
        await heard.reaches(n);
        await lose(io, peer, () => {
          io.emit("n", n++);
          io.emit("n", n++);
        });
        await heard.reaches(n);
        expect(peer.recovered).toBe(true);
      }
      expect(heard.entries).toEqual(Array.from({ length: n }, (_, index) => index));
    });
  });
}

describe("our client, npm server: recovery", () => {
  it("keeps every argument: a text of the program and an offset cannot be told apart", async () => {
    const pair = MIXED[1] as (typeof MIXED)[1];
    const { io, peer } = await recoverable(pair, WAYS.websocket);
    const got = once(peer, "text");
    io.emit("text", "mine");
    expect(await got).toEqual(["mine", expect.any(String)]);
  });
});

describe("npm client, our server: recovery", () => {
  it("does not take an unknown private id for a session", async () => {
    const pair = MIXED[0] as (typeof MIXED)[0];
    const { url } = await stage(pair.server, RECOVERY);
    const peer = client(pair.client, url, { ...WAYS.websocket, auth: { pid: "guessed", offset: "guessed" } });
    await once(peer, "connect");
    expect(peer.recovered).toBe(false);
  });
});
