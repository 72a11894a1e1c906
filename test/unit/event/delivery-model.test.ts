// Acknowledged delivery against a ledger: a real server and a real client over wires in memory. Once, in order, or announced.
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { delivery } from "../../../src/client/delivery.js";
import { DeliveryWorld, LANES, type Ways } from "../../support/delivery-world.js";

/** `RUNS=1000` looks harder. */
const RUNS = Number(process.env.RUNS ?? 30);
const PATIENCE = 30_000 + RUNS * 500;

/** No session is lost by its time. */
const HOUR = { maxDisconnectionDuration: 3_600_000 };

const MANY = { minLength: 20, maxLength: 150, size: "max" } as const;

type Step = (world: DeliveryWorld) => Promise<void> | void;

const SOME = [1, 2, 3, 7, 20, 100] as const;

/** What happens on the way. A WebSocket's frames arrive in pieces of any size, so that a cut comes behind any byte. */
const NETWORK = [
  {
    weight: 8,
    arbitrary: fc.tuple(
      fc.constant("lane"),
      fc.constantFrom(...LANES),
      fc.constantFrom(0, 0, 0, 1),
      fc.constantFrom(undefined, undefined, ...SOME),
    ),
  },
  { weight: 4, arbitrary: fc.tuple(fc.constant("up"), fc.constantFrom("plain", "binary", "ack", "timed", "volatile")) },
  { weight: 2, arbitrary: fc.tuple(fc.constant("side"), fc.constantFrom("up", "down", "all")) },
  {
    weight: 4,
    arbitrary: fc.tuple(
      fc.constant("down"),
      fc.constantFrom(
        ...(["plain", "binary", "ack", "timed", "volatile", "room", "all"] as const),
        ...(["confirmed", "timed confirmed", "report"] as const),
      ),
    ),
  },
  // "nobody" notices: the connection is half open until a heartbeat is missed.
  {
    weight: 1,
    arbitrary: fc.tuple(fc.constant("cut"), fc.constantFrom("both", "client", "server", "nobody"), fc.boolean()),
  },
  { weight: 2, arbitrary: fc.tuple(fc.constant("calm")) },
  { weight: 2, arbitrary: fc.tuple(fc.constant("wait"), fc.constantFrom(1, 100, 100, 700, 6000)) },
  { weight: 1, arbitrary: fc.tuple(fc.constant("stall"), fc.constantFrom("client", "server")) },
  {
    weight: 1,
    arbitrary: fc.tuple(
      fc.constant("pause"),
      fc.constantFrom("client", "server"),
      fc.constantFrom(100, 700, 6000, 30_000, 60_000),
    ),
  },
];

const STEPS = fc.oneof(...NETWORK);

/** And what the programs at the two ends do. */
const STORMS = fc.oneof(
  ...NETWORK,
  { weight: 1, arbitrary: fc.tuple(fc.constant("leave"), fc.constantFrom("client", "server")) },
  { weight: 1, arbitrary: fc.tuple(fc.constant("restart")) },
);

/** And what becomes of a page. */
const PAGES = fc.oneof(
  ...NETWORK,
  { weight: 1, arbitrary: fc.tuple(fc.constant("hide")) },
  { weight: 1, arbitrary: fc.tuple(fc.constant("reload")) },
);

/** With the queue of `retries` the client waits for an answer to each event. */
const RETRIED = STEPS.filter(([kind, what]) => kind !== "up" || what === "ack" || what === "volatile");

class MemoryStorage extends Map<string, string> {
  getItem(key: string): string | null {
    return this.get(key) ?? null;
  }

  setItem(key: string, value: string): void {
    this.set(key, value);
  }

  removeItem(key: string): void {
    this.delete(key);
  }
}

function stepOf([kind, first, second, third]: readonly unknown[]): Step {
  switch (kind) {
    case "lane":
      return (world) => world.step(first as never, second as number, third as number);
    case "up":
      return (world) => world.emitUp(first as never);
    case "down":
      return (world) => world.emitDown(first as never);
    case "side":
      return ({ side }) => (first === "up" ? side?.emitUp() : side?.emitDown(first === "all"));
    case "hide":
      return (world) => world.hide();
    case "reload":
      return (world) => world.reload();
    case "calm":
      return (world) => world.calm();
    case "cut":
      return (world) => world.cut(first as never, second as boolean);
    case "stall":
      return (world) => world.stall(first as never);
    case "pause":
      return (world) => world.pause(first as never, second as number);
    case "leave":
      return (world) => world.leave(first as never);
    case "restart":
      return (world) => world.restart();
    default:
      return (world) => world.advance(first as number);
  }
}

let taken = 0;
afterAll(() => {
  if (process.env.RUNS !== undefined) console.info(`delivery: ${taken} steps against the ledger`);
});

async function run(world: DeliveryWorld, steps: readonly (readonly unknown[])[]): Promise<DeliveryWorld> {
  await world.connect();
  for (const step of steps) await stepOf(step)(world);
  taken += steps.length;
  await world.heal();
  return world;
}

/** Some of everything, both ways. */
async function talk(world: DeliveryWorld): Promise<void> {
  for (const kind of ["plain", "binary", "ack"] as const) {
    world.emitUp(kind);
    world.emitDown(kind);
  }
  world.emitDown("confirmed");
  await world.settle();
}

describe("delivery between our own two ends", () => {
  it.each<Ways>(["websocket", "polling", "upgrade"])(
    "is once and in order, or announced, over %s",
    async (ways) => {
      await fc.assert(
        fc.asyncProperty(fc.array(STEPS, MANY), async (steps) => {
          const world = await run(new DeliveryWorld(ways, HOUR).addSide().patient(), steps);
          expect(world.faults()).toEqual([]);
          expect(world.reasons).toEqual([]);
        }),
        { numRuns: RUNS },
      );
    },
    PATIENCE,
  );

  it(
    "is once and in order, or announced, whatever the programs do meanwhile",
    async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(STORMS, MANY), fc.constantFrom<Ways>("websocket", "upgrade"), async (steps, ways) => {
          const world = await run(new DeliveryWorld(ways).addSide(), steps);
          expect(world.faults()).toEqual([]);
        }),
        { numRuns: RUNS },
      );
    },
    PATIENCE,
  );

  it(
    "is once and in order, or announced, over pages that are loaded again, or hidden and shown",
    async () => {
      const steps = fc.array(PAGES, MANY);
      await fc.assert(
        fc.asyncProperty(steps, fc.constantFrom<Ways>("websocket", "upgrade"), async (steps, ways) => {
          const world = new DeliveryWorld(ways, HOUR, { delivery: delivery({ storage: new MemoryStorage() }) });
          await run(world.addSide().patient(), steps);
          expect(world.faults()).toEqual([]);
          expect(world.reasons).toEqual([]);
        }),
        { numRuns: RUNS },
      );
    },
    PATIENCE,
  );

  it(
    "is once and in order, or announced, where middlewares take their time",
    async () => {
      const delays = fc.record({ join: fc.constantFrom(1, 90, 700), event: fc.constantFrom(1, 90, 700) });
      await fc.assert(
        fc.asyncProperty(fc.array(STEPS, MANY), delays, async (steps, delays) => {
          const options = { delivery: delivery() };
          const recovery = { ...HOUR, skipMiddlewares: false };
          const world = new DeliveryWorld("websocket", recovery, options, undefined, delays);
          await run(world.patient(), steps);
          expect(world.faults()).toEqual([]);
          expect(world.reasons).toEqual([]);
        }),
        { numRuns: RUNS },
      );
    },
    PATIENCE,
  );

  it(
    "is once and in order for the queue of retries while the session lasts, also where its log is small",
    async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(RETRIED, MANY), fc.constantFrom(3, 10_000), async (steps, maxPackets) => {
          const options = { delivery: delivery({ maxPackets }), retries: 2 };
          const world = await run(new DeliveryWorld("websocket", HOUR, options).patient(), steps);
          expect(world.faults()).toEqual([]);
          expect(world.reasons).toEqual([]);
        }),
        { numRuns: RUNS },
      );
    },
    PATIENCE,
  );

  it("is once and in order with a cut behind each byte of a conversation", { timeout: PATIENCE }, async () => {
    for (let bytes = 0; ; bytes++) {
      const world = await new DeliveryWorld().connect();
      await talk(world);
      const fed = await world.feed(bytes);
      await world.cut("both", true);
      await world.heal(80);
      expect([bytes, ...world.faults()]).toEqual([bytes]);
      expect(world.recoveries).toEqual([false, true]);
      if (fed < bytes) break;
    }
  });

  it("is once and in order with a second cut behind each byte of the return", { timeout: PATIENCE }, async () => {
    for (let bytes = 0; ; bytes++) {
      const world = await new DeliveryWorld().connect();
      await talk(world);
      await world.cut("both", true);
      await talk(world);
      await world.advance(100);
      const fed = await world.feed(bytes);
      await world.cut("both", true);
      await world.heal(80);
      expect([bytes, ...world.faults()]).toEqual([bytes]);
      expect(world.recoveries.slice(1)).not.toContain(false);
      if (fed < bytes) break;
    }
  });

  // What chance found, as small as it gets.
  it.each<[string, number, unknown[][]]>([
    [
      "asks again for confirmations when the question was lost with its connection",
      100,
      [
        ["down", "confirmed"],
        ["wait", 1],
        ["lane", "down", 0],
        ["cut", "both", true],
      ],
    ],
    [
      "counts volatile events that were lost at the end of a log, both ways",
      100,
      [
        ["down", "volatile"],
        ["up", "volatile"],
        ["cut", "both", true],
        ["calm"],
        ["down", "plain"],
        ["up", "plain"],
        ["calm"],
        ["cut", "both", true],
      ],
    ],
    [
      "is not stopped by a log that is full of volatile events",
      3,
      [...Array.from({ length: 3 }, () => ["up", "volatile"]), ["cut", "both", true], ["calm"], ["up", "plain"]],
    ],
    [
      "keeps an answer that waits for a connection when an event that has its id has waited for too long",
      100,
      [
        ...Array.from({ length: 5 }, () => ["down", "ack"]),
        ["calm"],
        ["cut", "both", false],
        ...Array.from({ length: 6 }, () => ["up", "timed"]),
        ["wait", 6000],
      ],
    ],
    [
      "lets go of nothing at the client when more is under way than it may be",
      5,
      [
        ...Array.from({ length: 6 }, () => ["up", "plain"]),
        ["cut", "both", false],
        ["up", "plain"],
        ["cut", "both", false],
      ],
    ],
  ])("%s", async (_, maxPackets, steps) => {
    const world = new DeliveryWorld("websocket", {}, { delivery: delivery({ maxPackets }) });
    await run(world, steps);
    expect(world.faults()).toEqual([]);
    expect(world.recoveries).toContain(true);
  });

  it(
    "is announced where logs are small and the time is short",
    async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(STEPS, MANY), async (steps) => {
          const recovery = { maxDisconnectionDuration: 5000, maxUnconfirmedPackets: 5 };
          const world = new DeliveryWorld("websocket", recovery, { delivery: delivery({ maxPackets: 5 }) });
          await run(world, steps);
          expect(world.faults()).toEqual([]);
        }),
        { numRuns: RUNS },
      );
    },
    PATIENCE,
  );
});
