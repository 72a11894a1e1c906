// Interop: connections cut at random, with reconnection. One ledger an epoch, which is the life of one socket id.
//
// What must hold, in each direction:
// - within an epoch, what arrived is a beginning of what was sent: nothing twice, nothing out of order, no gap;
// - where the end of it is missing, both sides were told `disconnect` for that epoch;
// - over all epochs the numbers only grow.
import type { Socket as ServerSocket } from "socket.io";
import type { Socket as ClientSocket } from "socket.io-client";
import { describe, expect, it, onTestFinished } from "vitest";
import { HostileProxy, type Hostility } from "../support/hostile-proxy.js";
import { seeded, seedOfThisRun } from "../support/random.js";
import { client as open, portOf, stage } from "../support/scene.js";
import { inTime, until } from "../support/waiting.js";
import { MIXED, OURS, WAYS } from "./pairs.js";

class Epoch {
  readonly sentByClient: number[] = [];
  readonly sentByServer: number[] = [];
  readonly heardByClient: number[] = [];
  readonly heardByServer: number[] = [];
  clientKnew: boolean = false;
  clientWasTold: boolean = false;
  serverWasTold: boolean = false;
}

class Epochs {
  private readonly byId: Map<string, Epoch> = new Map();

  of(id: string | undefined): Epoch {
    const key = id ?? "";
    let epoch = this.byId.get(key);
    if (epoch === undefined) {
      epoch = new Epoch();
      this.byId.set(key, epoch);
    }
    return epoch;
  }

  get size(): number {
    return this.byId.size;
  }

  /** Everything that is wrong, in words. */
  faults(): string[] {
    const faults: string[] = [];
    const highest = { server: -1, client: -1 };
    for (const [id, epoch] of this.byId) {
      // A client that was cut before the answer to its CONNECT never began this epoch, so nobody can tell it the end.
      const wasAnnounced = (epoch.clientWasTold || !epoch.clientKnew) && epoch.serverWasTold;
      const directions = [
        ["client to server", epoch.sentByClient, epoch.heardByServer, "server"],
        ["server to client", epoch.sentByServer, epoch.heardByClient, "client"],
      ] as const;
      for (const [direction, sent, heard, end] of directions) {
        heard.forEach((n, at) => {
          if (n !== sent[at]) faults.push(`${id}, ${direction}: number ${at} is ${n}, sent was ${sent[at]}`);
          if (n <= highest[end]) faults.push(`${id}, ${direction}: ${n} came after ${highest[end]}`);
          highest[end] = Math.max(highest[end], n);
        });
        if (heard.length < sent.length && !wasAnnounced) {
          const told = `client told: ${epoch.clientWasTold}, server told: ${epoch.serverWasTold}`;
          faults.push(`${id}, ${direction}: ${sent.length - heard.length} of ${sent.length} lost silently (${told})`);
        }
      }
    }
    return faults;
  }
}

/** Everything that the client sent before has come when this resolves: it is repeated until a connection carries it. */
async function lastWord(peer: ClientSocket): Promise<void> {
  for (;;) {
    try {
      await peer.timeout(1000).emitWithAck("last");
      return;
    } catch {
      // That connection was cut.
    }
  }
}

const networks: Record<string, Hostility> = {
  "cut by RST": { split: [1, 300], cutAfter: [100, 6000], cutBy: "rst" },
  "cut by FIN": { split: [1, 300], cutAfter: [100, 6000], cutBy: "fin" },
};
/** At least. */
const MESSAGES = 1500;
const CUTS = 4;

describe("connections cut at random", () => {
  for (const { name, server, client } of [OURS, ...MIXED]) {
    for (const [way, options] of Object.entries(WAYS)) {
      for (const [network, hostility] of Object.entries(networks)) {
        it(`lose nothing unannounced, double and reorder nothing: ${name}, ${way}, ${network}`, async () => {
          const seed = seedOfThisRun();
          console.info(`cuts: SEED=${seed}`);
          const random = seeded(seed + 1);
          const scene = await stage(server, { pingInterval: 300, pingTimeout: 300 });
          const proxy = new HostileProxy(portOf(scene.httpServer), hostility, seed);
          onTestFinished(() => proxy.close());
          const port = await proxy.listen();
          const epochs = new Epochs();

          let fromServer = 0;
          const live = new Set<ServerSocket>();
          scene.io.on("connection", (socket) => {
            const epoch = epochs.of(socket.id);
            live.add(socket);
            socket.on("n", (n: number) => epoch.heardByServer.push(n));
            socket.on("last", (answer: () => void) => answer());
            socket.on("disconnect", () => {
              live.delete(socket);
              epoch.serverWasTold = true;
            });
          });

          const peer = open(client, `http://127.0.0.1:${port}`, {
            ...options,
            reconnection: true,
            reconnectionDelay: 5,
            reconnectionDelayMax: 20,
            // npm's client waits this long when a WebSocket closes between its handshake and the open packet.
            timeout: 500,
          });
          let epoch: Epoch | undefined;
          let offline: number[] = [];
          peer.on("connect", () => {
            epoch = epochs.of(peer.id);
            epoch.clientKnew = true;
            epoch.sentByClient.push(...offline);
            offline = [];
          });
          peer.on("disconnect", () => {
            if (epoch !== undefined) epoch.clientWasTold = true;
            epoch = undefined;
          });
          peer.on("n", (n: number) => epochs.of(peer.id).heardByClient.push(n));
          peer.on("last", (answer: () => void) => answer());

          // Half a second passes without a cut where npm's client waits: the traffic goes on until there were enough.
          const wasCut = (): boolean => proxy.counts.cut >= CUTS && epochs.size >= CUTS;
          for (let n = 0; n < MESSAGES || !wasCut(); n++) {
            (peer.connected && epoch !== undefined ? epoch.sentByClient : offline).push(n);
            peer.emit("n", n, "x".repeat(random.between(0, 40)));
            // Stock servers keep a client's broken connection for a while: the newest socket is the one that lives.
            const socket = [...live].at(-1);
            if (socket !== undefined) {
              epochs.of(socket.id).sentByServer.push(fromServer);
              socket.emit("n", fromServer++, "x".repeat(random.between(0, 40)));
            }
            if (n % 5 === 0) await new Promise((resolve) => setTimeout(resolve, random.between(0, 3)));
          }

          proxy.become({});
          proxy.cutAll();
          await inTime(lastWord(peer), `the last word of the client (SEED=${seed})`, 60_000);
          await until(() => live.size === 1, "only the last connection is left", 60_000);
          await [...live][0]?.timeout(60_000).emitWithAck("last");
          expect(epochs.faults(), `SEED=${seed}`).toEqual([]);
        });
      }
    }
  }
});
