// Interop: users' fake timers drive heartbeats, timeouts and delays, whichever functions they replace; sockets stay real.
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { client, stage } from "../support/scene.js";
import { Ledger } from "../support/waiting.js";
import { PAIRS } from "./pairs.js";

type Faked = NonNullable<Parameters<typeof vi.useFakeTimers>[0]>["toFake"];
const SETS: Record<string, Faked> = {
  "timeouts and intervals": ["setTimeout", "clearTimeout", "setInterval", "clearInterval"],
  "all that Vitest replaces by itself": undefined,
};
const { setTimeout: realTimeout } = globalThis;

/** Lets real I/O happen until `isThere`, without the clock that the test has replaced. */
async function meanwhile(isThere: () => boolean, what: string): Promise<void> {
  for (let tries = 0; !isThere(); tries++) {
    if (tries === 2000) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => realTimeout(resolve, 4));
  }
}

for (const { name, server, client: library } of PAIRS) {
  for (const [what, toFake] of Object.entries(SETS)) {
    describe(`${name}: fake timers that replace ${what}`, () => {
      it("drive the heartbeat, an acknowledgement's time and the delay of a reconnection", async () => {
        const scene = await stage(server, { pingInterval: 300, pingTimeout: 200 });
        const heard = new Ledger<string>();
        scene.io.on("connection", (socket) => {
          socket.on("silent", () => {});
          socket.on("double", (n: number, answer: (n: number) => void) => answer(n * 2));
        });
        vi.useFakeTimers(toFake === undefined ? {} : { toFake });
        onTestFinished(() => {
          vi.useRealTimers();
        });
        const peer = client(library, scene.url, {
          transports: ["websocket"],
          reconnection: true,
          reconnectionDelay: 100_000,
          reconnectionDelayMax: 100_000,
          randomizationFactor: 0,
        });
        peer.on("connect", () => heard.add("connect"));
        peer.on("disconnect", (reason) => heard.add(reason));
        peer.io.on("ping", () => heard.add("ping"));
        const has = (count: number, event: string) => (): boolean =>
          heard.entries.filter((entry) => entry === event).length === count;
        await meanwhile(has(1, "connect"), "the connection");
        let answer = 0;
        peer.emit("double", 21, (double: number) => {
          answer = double;
        });
        await meanwhile(() => answer === 42, "an answer, which needs no clock");
        vi.advanceTimersByTime(320);
        await meanwhile(has(1, "ping"), "a ping");
        let error: unknown;
        peer.timeout(100).emit("silent", (cause: unknown) => {
          error = cause;
        });
        await new Promise((resolve) => realTimeout(resolve, 10));
        expect(error).toBeUndefined();
        vi.advanceTimersByTime(120);
        expect(error).toBeInstanceOf(Error);
        for (const socket of scene.io.sockets.sockets.values()) socket.conn.close();
        await meanwhile(() => !peer.connected, "the end of the connection");
        vi.advanceTimersByTime(99_000);
        await new Promise((resolve) => realTimeout(resolve, 10));
        expect(has(1, "connect")()).toBe(true);
        vi.advanceTimersByTime(2000);
        await meanwhile(has(2, "connect"), "the reconnection");
        vi.useRealTimers();
      });
    });
  }
}
