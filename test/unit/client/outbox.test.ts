// A persistent outbox between a real client and a real server over wires in memory, with a disk that outlives the client: what was accepted is handled, once, or both ends are told.
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { delivery } from "../../../src/client/delivery.js";
import { type Outbox, type OutboxOptions, openOutbox } from "../../../src/client/outbox.js";
import type { ConnectionStateRecoveryOptions } from "../../../src/server/server-options.js";
import { DeliveryWorld, LANES, type Ways } from "../../support/delivery-world.js";
import { MemoryDisk, MemoryStore } from "../../support/memory-store.js";

/** `RUNS=1000` looks harder. */
const RUNS = Number(process.env.RUNS ?? 40);

class Scene {
  readonly disk: MemoryDisk = new MemoryDisk();
  readonly world: DeliveryWorld;
  outbox!: Outbox;
  /** Numbers by what became of them. */
  readonly accepted: number[] = [];
  readonly heard: number[] = [];
  readonly marked: number[] = [];
  readonly doubted: number[] = [];
  readonly refused: unknown[] = [];
  readonly errors: unknown[] = [];
  private store = new MemoryStore(this.disk);
  private next = 1;
  private readonly settings: OutboxOptions;

  constructor(
    ways: Ways = "websocket",
    recovery: ConnectionStateRecoveryOptions | false = {},
    settings: OutboxOptions = {},
  ) {
    this.world = new DeliveryWorld(ways, recovery, { delivery: delivery() });
    this.settings = settings;
    this.listen();
  }

  /** The handlers of the server that runs now. */
  private listen(): void {
    this.world.io.on("connection", (socket) => {
      socket.on("entry", (n: number, ...rest: unknown[]) => {
        this.heard.push(n);
        (rest[rest.length - 1] as (() => void) | undefined)?.call(undefined);
      });
    });
    this.world.io.on("possible_repeat", ({ event }) => this.marked.push(event[1] as number));
  }

  async open(): Promise<this> {
    this.outbox = await openOutbox(this.world.socket, this.store, {
      onDoubt: (events) => this.doubted.push(...events.map(([, n]) => n as number)),
      onRefused: (error, [, n]) => this.refused.push([(error as { code?: string }).code, n]),
      onError: (error) => this.errors.push(error),
      ...this.settings,
    });
    await this.world.connect();
    return this;
  }

  async accept(bytes = false): Promise<void> {
    const n = this.next++;
    const accepted = this.outbox.emit("entry", n, ...(bytes ? [Buffer.from([n & 255, 2, 3])] : []));
    void accepted.then(() => this.accepted.push(n));
    await this.world.settle();
  }

  /** The client's process ends, whatever it was doing, and another one begins. */
  async crash(isLossy: boolean): Promise<void> {
    const { world } = this;
    this.store.die();
    await world.cut("nobody", isLossy);
    const { io } = world.socket;
    io.reconnection(false);
    if (io._readyState === "open") io.engine.abandon("transport close", "the process has ended");
    else io._close();
    this.store = new MemoryStore(this.disk);
    world.another();
    this.outbox = await openOutbox(world.socket, this.store, {
      onDoubt: (events) => this.doubted.push(...events.map(([, n]) => n as number)),
      onError: (error) => this.errors.push(error),
      ...this.settings,
    });
    await world.settle();
  }

  async restart(): Promise<void> {
    await this.world.restart();
    this.listen();
  }

  faults(): string[] {
    const faults = this.errors.map((error) => `error: ${String(error)}`);
    const first = [...new Set(this.heard)];
    for (const n of this.accepted) if (!first.includes(n)) faults.push(`${n} was accepted, and is lost`);
    for (const [at, n] of first.entries()) if (at > 0 && n < (first[at - 1] as number)) faults.push(`${n} came late`);
    for (const n of first) {
      const times = this.heard.filter((other) => other === n).length;
      const told = this.marked.filter((other) => other === n).length;
      if (times > told + 1) faults.push(`${n} was handled ${times} times, and told ${told} times`);
      if (times > 1 && !this.doubted.includes(n))
        faults.push(`${n} was handled ${times} times, and the client not told`);
    }
    if (this.disk.entries.length > 0) faults.push(`${this.disk.entries.length} entries are left`);
    return faults;
  }
}

let taken = 0;
afterAll(() => {
  if (process.env.RUNS !== undefined) console.info(`outbox: ${taken} steps against the ledger`);
});

const STEPS = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.tuple(
      fc.constant("lane"),
      fc.constantFrom(...LANES),
      fc.constantFrom(0, 0, 0, 1),
      fc.constantFrom(undefined, 1, 9, 40),
    ),
  },
  { weight: 5, arbitrary: fc.tuple(fc.constant("accept"), fc.boolean()) },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.constant("cut"), fc.constantFrom("both", "client", "server", "nobody"), fc.boolean()),
  },
  { weight: 1, arbitrary: fc.tuple(fc.constant("crash"), fc.boolean()) },
  { weight: 1, arbitrary: fc.tuple(fc.constant("restart")) },
  { weight: 2, arbitrary: fc.tuple(fc.constant("calm")) },
  { weight: 1, arbitrary: fc.tuple(fc.constant("wait"), fc.constantFrom(1, 100, 6000, 130_000)) },
);

async function take(scene: Scene, [kind, first, second, third]: readonly unknown[]): Promise<void> {
  const { world } = scene;
  if (kind === "lane") await world.step(first as never, second as number, third as number);
  else if (kind === "accept") await scene.accept(first as boolean);
  else if (kind === "cut") await world.cut(first as never, second as boolean);
  else if (kind === "crash") await scene.crash(first as boolean);
  else if (kind === "restart") await scene.restart();
  else if (kind === "calm") await world.calm();
  else await world.advance(first as number);
}

describe("an outbox", () => {
  it.each<Ways>(["websocket", "polling", "upgrade"])(
    "hands over what it has accepted before there is a connection, over %s",
    async (ways) => {
      const scene = new Scene(ways);
      scene.outbox = await openOutbox(scene.world.socket, new MemoryStore(scene.disk));
      await scene.accept();
      await scene.accept(true);
      expect(scene.accepted).toEqual([1, 2]);
      await scene.world.connect();
      await scene.accept();
      await scene.world.heal(40);
      expect(scene.heard).toEqual([1, 2, 3]);
      expect(scene.faults()).toEqual([]);
      expect([scene.marked, scene.doubted]).toEqual([[], []]);
    },
  );

  it("is gone on with by the next process, which sends nothing that the server has", async () => {
    const scene = await new Scene().open();
    for (let n = 0; n < 5; n++) await scene.accept();
    // The server reads them; the client dies before it is told.
    await scene.world.step("up");
    for (let n = 0; n < 20; n++) await scene.world.step("up");
    expect(scene.heard).toEqual([1, 2, 3, 4, 5]);
    expect(scene.disk.entries.length).toBe(5);
    await scene.crash(true);
    await scene.accept();
    await scene.world.heal(40);
    expect(scene.heard).toEqual([1, 2, 3, 4, 5, 6]);
    expect(scene.faults()).toEqual([]);
    expect([scene.marked, scene.doubted]).toEqual([[], []]);
  });

  it("is sent again to a server that was restarted, and both ends are told what may be a repetition", async () => {
    const scene = await new Scene().open();
    for (let n = 0; n < 3; n++) await scene.accept();
    for (let n = 0; n < 20; n++) await scene.world.step("up");
    await scene.restart();
    await scene.accept();
    await scene.world.heal(40);
    expect(scene.heard).toEqual([1, 2, 3, 1, 2, 3, 4]);
    expect([scene.marked, scene.doubted]).toEqual([
      [1, 2, 3],
      [1, 2, 3],
    ]);
    expect(scene.faults()).toEqual([]);
  });

  it("tells nothing of events that were never under way to the server that is gone", async () => {
    const scene = await new Scene().open();
    await scene.world.cut("both", true);
    await scene.accept();
    await scene.restart();
    await scene.world.heal(40);
    expect([scene.heard, scene.marked, scene.doubted]).toEqual([[1], [], []]);
  });

  it("sends one at a time where the server does not count, and waits for its handler", async () => {
    const scene = await new Scene("websocket", false).open();
    for (let n = 0; n < 3; n++) await scene.accept();
    expect(scene.disk.entries.length).toBe(3);
    await scene.world.heal(20);
    expect(scene.heard).toEqual([1, 2, 3]);
    // The answer is lost with the connection: it is sent again, and the client is told. Such a server cannot be.
    await scene.accept();
    await scene.world.step("up");
    await scene.world.cut("both", true);
    await scene.world.heal(40);
    expect([scene.heard, scene.doubted, scene.disk.entries]).toEqual([[1, 2, 3, 4, 4], [4], []]);
  });

  it("is done with an event when its handler has acknowledged it, where that is wished, over cuts once", async () => {
    const scene = await new Scene("websocket", {}, { until: "acknowledged" }).open();
    const { world, outbox } = scene;
    const done: (() => void)[] = [];
    const heard: number[] = [];
    const listen = () =>
      world.io.on("connection", (socket) =>
        socket.on("work", (n: number, finished: () => void) => {
          heard.push(n);
          done.push(finished);
        }),
      );
    await world.restart();
    listen();
    await world.heal(5);
    for (let n = 1; n <= 3; n++) void outbox.emit("work", n);
    await world.heal(5);
    await world.cut("both", true);
    await world.heal(5);
    expect([heard, await outbox.count()]).toEqual([[1], 3]);
    done[0]?.();
    await world.heal(5);
    expect([heard, await outbox.count()]).toEqual([[1, 2], 2]);
    expect(scene.doubted).toEqual([]);
    // The server dies in the midst of the work: it is done by the next.
    await world.restart();
    listen();
    await world.heal(5);
    expect(heard).toEqual([1, 2, 2]);
    expect(world.unconfirmed).toEqual([]);
    done[2]?.();
    await world.heal(5);
    done[3]?.();
    await world.heal(5);
    expect([heard, await outbox.count()]).toEqual([[1, 2, 2, 3], 0]);
    expect(scene.errors).toEqual([]);
  });

  it("waits when more is under way than may be, and goes on", async () => {
    const scene = await new Scene().open();
    for (let n = 0; n < 300; n++) await scene.accept();
    await scene.world.heal(20);
    expect(scene.heard.length).toBe(300);
    expect(scene.faults()).toEqual([]);
  });

  it("refuses what the server does not take, and what does not fit", async () => {
    const scene = await new Scene("websocket", {}, { maxEntries: 2 }).open();
    const large = "x".repeat(2e6);
    await expect(scene.outbox.emit("entry", 0, large)).rejects.toMatchObject({ code: "PACKET_TOO_BIG" });
    await expect(scene.outbox.emit("connect")).rejects.toMatchObject({ code: "API_RESERVED_EVENT" });
    await expect(scene.outbox.emit("entry", 0n)).rejects.toMatchObject({ code: "PACKET_INVALID_JSON" });
    await scene.world.cut("both", true);
    await scene.accept();
    await scene.accept();
    await expect(scene.outbox.emit("entry", 3)).rejects.toMatchObject({ code: "OUTBOX_FULL" });
    await scene.world.heal(20);
    expect(scene.heard).toEqual([1, 2]);
  });

  it("lets go of what turns out too large for the server, and tells it", async () => {
    const scene = new Scene();
    scene.outbox = await openOutbox(scene.world.socket, new MemoryStore(scene.disk), {
      onRefused: (error, [name, n]) => scene.refused.push([(error as { code?: string }).code, name, n]),
    });
    await scene.accept();
    await scene.outbox.emit("entry", 99, "x".repeat(2e6));
    await scene.accept();
    await scene.world.heal(20);
    expect(scene.refused).toEqual([["PACKET_TOO_BIG", "entry", 99]]);
    expect(scene.heard).toEqual([1, 2]);
    expect(scene.faults()).toEqual([]);
  });

  it("tells when its store fails, and tries again with the next connection", async () => {
    const scene = await new Scene().open();
    await scene.accept();
    scene.disk.isBroken = true;
    await expect(scene.outbox.emit("entry", 9)).rejects.toMatchObject({ code: "OUTBOX_STORE_FAILED" });
    await scene.world.connect();
    expect(scene.errors).not.toEqual([]);
    scene.errors.length = 0;
    scene.disk.isBroken = false;
    await scene.world.cut("both", true);
    await scene.accept();
    await scene.world.heal(40);
    expect(scene.faults()).toEqual([]);
    expect(scene.disk.entries).toEqual([]);
  });

  it("is one of a socket, until it is closed", async () => {
    const scene = await new Scene().open();
    const other = (): Promise<Outbox> => openOutbox(scene.world.socket, new MemoryStore(new MemoryDisk()));
    await expect(other()).rejects.toMatchObject({ code: "API_INVALID_OPTION" });
    await scene.outbox.close();
    await scene.outbox.close();
    await expect(scene.outbox.emit("entry", 1)).rejects.toMatchObject({ code: "SESSION_CLOSED" });
    await other();
  });

  it("says when all has arrived", async () => {
    const scene = await new Scene().open();
    await scene.outbox.drained();
    await scene.accept();
    const done: boolean[] = [];
    void scene.outbox.drained().then(() => done.push(true));
    await scene.world.settle();
    expect([done, await scene.outbox.count()]).toEqual([[], 1]);
    await scene.world.heal(20);
    expect([done, await scene.outbox.count()]).toEqual([[true], 0]);
  });

  it(
    "loses nothing that it has accepted, keeps the order, and doubles nothing silently, whatever ends",
    async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(STEPS, { minLength: 20, maxLength: 120, size: "max" }),
          fc.constantFrom<Ways>("websocket", "upgrade", "polling"),
          async (steps, ways) => {
            const scene = await new Scene(ways).open();
            for (const step of steps) await take(scene, step);
            taken += steps.length;
            await scene.world.heal(120);
            expect(scene.faults()).toEqual([]);
          },
        ),
        { numRuns: RUNS },
      );
    },
    30_000 + RUNS * 500,
  );
});
