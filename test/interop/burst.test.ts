// Interop: 10,000 numbered messages each way, through a network that splits and joins the bytes.
import { describe, expect, it, onTestFinished } from "vitest";
import { HostileProxy } from "../support/hostile-proxy.js";
import { seedOfThisRun } from "../support/random.js";
import { pair, portOf, stage, upgraded } from "../support/scene.js";
import { inTime, turn } from "../support/waiting.js";
import { MIXED, OURS, WAYS } from "./pairs.js";

const COUNT = 10_000;
const WAVE = 100;

interface End {
  emit(event: string, ...args: unknown[]): unknown;
  on(event: "n", listener: (n: number) => void): unknown;
}

/** Sends all numbers in waves, one a turn; waits before the last tenth until `mayEnd`. */
async function pour(end: End, mayEnd: Promise<unknown>): Promise<void> {
  for (let n = 0; n < COUNT; n++) {
    if (n === COUNT * 0.9) await mayEnd;
    end.emit("n", n);
    if (n % WAVE === 0) await turn();
  }
}

/** Resolves when all have come; fails at the first number that is out of order, doubled or behind a gap. */
function inOrder(end: End): { all: Promise<void>; count: () => number } {
  let next = 0;
  const all = new Promise<void>((resolve, reject) => {
    end.on("n", (n) => {
      if (n !== next) reject(new Error(`expected ${next}, came ${n}`));
      next = n + 1;
      if (next === COUNT) resolve();
    });
  });
  all.catch(() => {});
  return { all, count: () => next };
}

const networks = {
  "small pieces": { split: [1, 400] },
  "pieces that are joined late": { split: [300, 5000], join: 3, delay: [0, 2] },
} as const;

describe("a burst of 10,000 messages each way", () => {
  for (const { name, server, client } of [...MIXED, OURS]) {
    for (const [way, options] of Object.entries(WAYS)) {
      for (const [network, hostility] of Object.entries(networks)) {
        it(`arrives in order, none twice, none lost: ${name}, ${way}, ${network}`, async () => {
          const seed = seedOfThisRun();
          console.info(`burst: SEED=${seed}`);
          const scene = await stage(server);
          const proxy = new HostileProxy(portOf(scene.httpServer), hostility, seed);
          onTestFinished(() => proxy.close());
          const port = await proxy.listen();
          const { socket, peer } = await pair({ ...scene, port, url: `http://127.0.0.1:${port}` }, client, options);
          const there = inOrder(socket);
          const back = inOrder(peer);
          let atUpgrade = { there: -1, back: -1 };
          const upgrade = way === "upgrade" ? upgraded(peer) : Promise.resolve();
          void upgrade.then(() => {
            atUpgrade = { there: there.count(), back: back.count() };
          });
          await Promise.all([
            inTime(there.all, () => `${COUNT} at the server, ${there.count()} came (SEED=${seed})`, 60_000),
            inTime(back.all, () => `${COUNT} at the client, ${back.count()} came (SEED=${seed})`, 60_000),
            pour(peer as End, upgrade),
            pour(socket as unknown as End, upgrade),
          ]);
          expect(peer.io.engine.transport.name).toBe(way === "polling" ? "polling" : "websocket");
          if (way === "upgrade") {
            expect(atUpgrade.there).toBeLessThan(COUNT);
            expect(atUpgrade.back).toBeLessThan(COUNT);
          }
        });
      }
    }
  }
});
