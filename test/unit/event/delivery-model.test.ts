// Acknowledged delivery against a ledger: a real server and a real client over wires in memory. Once, in order, or announced.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { delivery } from "../../../src/client/delivery.js";
import { DeliveryWorld, LANES, type Ways } from "../../support/delivery-world.js";

/** `RUNS=1000` looks harder. */
const RUNS = Number(process.env.RUNS ?? 30);
const PATIENCE = 30_000 + RUNS * 500;

const MANY = { minLength: 20, maxLength: 150, size: "max" } as const;

type Step = (world: DeliveryWorld) => Promise<void> | void;

const STEPS = fc.oneof(
  { weight: 8, arbitrary: fc.tuple(fc.constant("lane"), fc.constantFrom(...LANES), fc.constantFrom(0, 0, 0, 1)) },
  { weight: 4, arbitrary: fc.tuple(fc.constant("up"), fc.constantFrom("plain", "binary", "ack", "volatile")) },
  {
    weight: 4,
    arbitrary: fc.tuple(
      fc.constant("down"),
      fc.constantFrom("plain", "binary", "ack", "volatile", "room", "all", "confirmed"),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.constant("cut"), fc.constantFrom("both", "client", "server", "nobody"), fc.boolean()),
  },
  { weight: 2, arbitrary: fc.tuple(fc.constant("calm")) },
  { weight: 2, arbitrary: fc.tuple(fc.constant("wait"), fc.constantFrom(1, 100, 100, 700, 6000)) },
);

function stepOf([kind, first, second]: unknown[]): Step {
  switch (kind) {
    case "lane":
      return (world) => world.step(first as never, second as number);
    case "up":
      return (world) => world.emitUp(first as never);
    case "down":
      return (world) => world.emitDown(first as never);
    case "calm":
      return (world) => world.calm();
    case "cut":
      return (world) => world.cut(first as never, second as boolean);
    default:
      return (world) => world.advance(first as number);
  }
}

async function run(world: DeliveryWorld, steps: readonly unknown[][]): Promise<DeliveryWorld> {
  await world.connect();
  for (const step of steps) await stepOf(step)(world);
  await world.heal();
  return world;
}

describe("delivery between our own two ends", () => {
  it.each<Ways>(["websocket", "polling", "upgrade"])(
    "is once and in order, or announced, over %s",
    async (ways) => {
      await fc.assert(
        fc.asyncProperty(fc.array(STEPS, MANY), async (steps) => {
          const world = await run(new DeliveryWorld(ways), steps);
          expect(world.faults()).toEqual([]);
        }),
        { numRuns: RUNS },
      );
    },
    PATIENCE,
  );

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
