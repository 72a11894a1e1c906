// Interop: every stock release at the other end of ours, with all that our own ends do for each other switched on. They see packets of the protocol
// only, and nothing of ours in their credentials and queries.
import { createRequire } from "node:module";
import { Server as StockServer } from "socket.io";
import { Manager as StockManager, io as stockIo } from "socket.io-client";
import version2 from "socket.io-client2";
import { io as io3, Manager as Manager3 } from "socket.io-client3";
import { io as io40, Manager as Manager40 } from "socket.io-client4.0";
import { Server as Server3 } from "socket.io3";
import { Server as Server40 } from "socket.io4.0";
import { describe, expect, it } from "vitest";
import { type ClientLibrary, client as open, type ServerLibrary, stage } from "../support/scene.js";
import { once, until } from "../support/waiting.js";
import { OURS, WAYS } from "./pairs.js";

/** Enough that our own ends would have confirmed several times. */
const EVENTS = 600;

const clients: Record<string, { library: ClientLibrary; isVersion2?: true }> = {
  "2.5": { library: { io: version2, Manager: version2.Manager }, isVersion2: true },
  "3.1": { library: { io: io3, Manager: Manager3 } },
  "4.0": { library: { io: io40, Manager: Manager40 } },
  "4.8": { library: { io: stockIo, Manager: StockManager } },
};
const servers: Record<string, ServerLibrary> = {
  "3.1": { Server: Server3 },
  "4.0": { Server: Server40 },
  "4.8": { Server: StockServer },
};

/** The texts of Socket.IO packets: a type from 0 to 6 and what may follow it. A control packet would begin with 7. */
const PACKET = /^[0-6](\d+-)?(\/[^,]*,?)?\d*([[{"].*)?$/s;
const isText = (data: unknown): data is string => typeof data === "string";

interface Emitting {
  emit(event: string, ...args: unknown[]): unknown;
  on(event: string, listener: (...args: never[]) => void): unknown;
}

/** Both ways, with answers; resolves when all has come. */
async function talk(one: Emitting, other: Emitting): Promise<void> {
  let answered = 0;
  let heard = 0;
  for (const [from, to] of [
    [one, other],
    [other, one],
  ] as const) {
    to.on("n", () => heard++);
    to.on("ask", (answer: () => void) => answer());
    for (let n = 0; n < EVENTS; n++) from.emit("n", n);
    from.emit("ask", () => answered++);
  }
  await until(() => answered === 2 && heard === 2 * EVENTS, "everything both ways");
}

for (const [version, { library, isVersion2 }] of Object.entries(clients)) {
  describe(`npm client ${version}, our server with recovery`, () => {
    for (const [way, options] of Object.entries(WAYS)) {
      it(`is sent packets of the protocol only, and tells nothing of ours: ${way}`, async () => {
        const scene = await stage(OURS.server, {
          connectionStateRecovery: {},
          ...(isVersion2 ? { allowEIO3: true } : {}),
        });
        const arrival = once(scene.io as never, "connection") as Promise<never[]>;
        const peer = open(library, scene.url, options);
        const texts: string[] = [];
        peer.io.on("open", () => {
          peer.io.engine.on("data", (data: unknown) => isText(data) && texts.push(data));
        });
        const [socket] = (await arrival) as unknown as [import("socket.io").Socket];
        if (!peer.connected) await once(peer, "connect");
        await talk(socket, peer as Emitting);
        const foreign = texts.filter((text) => !PACKET.test(text));
        expect(foreign).toEqual([]);
        expect(texts.length).toBeGreaterThan(EVENTS);
        expect(texts.filter((text) => text.includes("vaiven")).length).toBe(0);
        expect(JSON.stringify([socket.handshake.auth, socket.handshake.query])).not.toContain("vaiven");
        expect(socket.recovered).toBe(false);
      });
    }
  });
}

for (const [version, library] of Object.entries(servers)) {
  describe(`our client with delivery, npm server ${version}`, () => {
    for (const [way, options] of Object.entries(WAYS)) {
      it(`sends packets of the protocol only, and nothing of ours in auth and query: ${way}`, async () => {
        const scene = await stage(library);
        const arrival = once(scene.io as never, "connection") as Promise<never[]>;
        const peer = open(OURS.client, scene.url, { ...options, auth: { token: "t" }, query: { room: "r" } });
        const [socket] = (await arrival) as unknown as [import("socket.io").Socket];
        const texts: string[] = [];
        socket.conn.on("data", (data: unknown) => isText(data) && texts.push(data));
        if (!peer.connected) await once(peer, "connect");
        await talk(socket, peer as Emitting);
        expect(texts.filter((text) => !PACKET.test(text))).toEqual([]);
        expect(texts.length).toBeGreaterThan(EVENTS);
        expect(socket.handshake.auth).toEqual({ token: "t" });
        expect(
          Object.keys(socket.handshake.query)
            .filter((key) => key !== "t")
            .sort(),
        ).toEqual(["EIO", "room", "transport"]);
        expect(peer.recovered === true).toBe(false);
      });
    }
  });
}

describe("a parser that takes nothing beyond the protocol", () => {
  /** socket.io-parser itself, and a check of all that passes through it. */
  const stock = createRequire(import.meta.url)("socket.io-parser") as {
    Encoder: new () => { encode(packet: unknown): unknown[] };
    Decoder: new () => { add(chunk: unknown): void; on(event: string, fn: (packet: unknown) => void): void };
  };
  const foreign: unknown[] = [];
  const note = (packet: unknown): void => {
    const { type, data } = packet as { type: number; data?: unknown };
    if (!(type >= 0 && type <= 6) || JSON.stringify(data ?? null).includes("vaiven")) foreign.push(packet);
  };
  const strict = {
    Encoder: class extends stock.Encoder {
      override encode(packet: unknown): unknown[] {
        note(packet);
        return super.encode(packet);
      }
    },
    Decoder: class extends stock.Decoder {
      constructor() {
        super();
        this.on("decoded", note);
      }
    },
  };

  for (const [name, server, library] of [
    ["npm client, our server", OURS.server, { io: stockIo, Manager: StockManager }],
    ["our client, npm server", { Server: StockServer }, OURS.client],
    ["our client, our server", OURS.server, OURS.client],
  ] as const) {
    it(`at both ends: ${name}`, async () => {
      foreign.length = 0;
      const scene = await stage(server as ServerLibrary, { parser: strict, connectionStateRecovery: {} } as never);
      const arrival = once(scene.io as never, "connection") as Promise<never[]>;
      const peer = open(library as ClientLibrary, scene.url, { parser: strict } as never);
      const [socket] = (await arrival) as unknown as [import("socket.io").Socket];
      if (!peer.connected) await once(peer, "connect");
      await talk(socket, peer as Emitting);
      // Our own two ends greet each other in CONNECT, which a parser carries as it is.
      const isGreeting = (packet: unknown): boolean =>
        library === OURS.client && (packet as { type: number }).type === 0;
      expect(foreign.filter((packet) => !isGreeting(packet))).toEqual([]);
      expect(JSON.stringify(socket.handshake.auth)).not.toContain("vaiven");
    });
  }
});
