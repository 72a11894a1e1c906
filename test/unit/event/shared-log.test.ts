import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { DeliveryLimits } from "../../../src/event/delivery-log.js";
import { SharedLog } from "../../../src/event/shared-log.js";
import {
  MAX_SHARED_BYTES,
  MAX_SHARED_PACKETS,
  type SharedPackets,
  SharedStreams,
} from "../../../src/event/shared-packets.js";
import { Outgoing } from "../../../src/packet/outgoing.js";

const AMPLE: DeliveryLimits = { maxPackets: 10_000, maxBytes: 4 * 1024 * 1024 };

/** What a log is to be, as plainly as it can be said. */
class Ledger {
  confirmed = 0;
  base = 0;
  packets: Outgoing[] = [];
  private readonly limits: DeliveryLimits;

  constructor(limits: DeliveryLimits) {
    this.limits = limits;
  }

  get sent(): number {
    return this.base + this.packets.length;
  }

  get bytes(): number {
    return this.packets.reduce((sum, packet) => sum + bytesOf(packet), 0);
  }

  get isFilling(): boolean {
    return this.bytes * 2 > this.limits.maxBytes || this.packets.length * 2 > this.limits.maxPackets;
  }

  evict(): void {
    while (this.bytes > this.limits.maxBytes || this.packets.length > this.limits.maxPackets) this.drop(1);
  }

  confirm(received: number): boolean {
    if (received > this.sent) return false;
    this.confirmed = Math.max(this.confirmed, received);
    this.drop(Math.max(0, received - this.base));
    return true;
  }

  calls(from = this.base): unknown[] {
    const calls: unknown[] = [];
    for (const packet of this.packets.slice(Math.max(0, from - this.base))) {
      if (!packet.volatile) calls.push(shown(packet));
      else if (typeof calls.at(-1) === "number") calls.push((calls.pop() as number) + 1);
      else calls.push(1);
    }
    return calls;
  }

  private drop(count: number): void {
    this.packets.splice(0, count);
    this.base += count;
  }
}

function bytesOf({ head, rest }: Outgoing): number {
  return head.length + (rest ?? []).reduce((sum, part) => sum + part.length, 0);
}

function shown({ head, rest, compress }: Outgoing): string {
  return `${head}|${rest?.join() ?? ""}|${compress}`;
}

function replayed(log: SharedLog, from?: number): unknown[] {
  const calls: unknown[] = [];
  log.replay({ packet: (packet) => calls.push(shown(packet)), skip: (count) => calls.push(count) }, from);
  return calls;
}

/** Everything that a log keeps alive, in the bytes of packets. */
function retained(log: SharedLog): number {
  const { slots, open } = log as unknown as { slots: unknown[]; open: SharedPackets | undefined };
  const kept = new Set<unknown>(open?.packets);
  for (const slot of slots) {
    if (typeof slot === "string") kept.add(new Outgoing(slot));
    else if (slot instanceof Outgoing) kept.add(slot);
    else for (const packet of (slot as { shared: SharedPackets } | undefined)?.shared.packets ?? []) kept.add(packet);
  }
  return [...kept].reduce<number>((sum, packet) => sum + bytesOf(packet as Outgoing), 0);
}

let made = 0;
function packetOf(size: number, flags: { volatile?: boolean; compress?: boolean; bytes?: number } = {}): Outgoing {
  const text = `${made++}`.padEnd(size, ".");
  return new Outgoing(text, flags.bytes === undefined ? undefined : [new Uint8Array(flags.bytes)], flags);
}

const RECEIVERS = 3;
const SIZE = fc.constantFrom(6, 6, 6, 40, 300, 3000, 5000);
const FLAGS = fc.constantFrom({}, {}, {}, { volatile: true }, { compress: false }, { bytes: 20 });
const STEP = fc.oneof(
  // To some receivers, again and again, so that there are long runs and some that end within.
  {
    weight: 6,
    arbitrary: fc.record({
      to: fc.constantFrom("all", "all", "all", "room"),
      times: fc.constantFrom(1, 3, 70, 200),
      left: fc.constantFrom(-1, -1, 0, 1),
      size: SIZE,
      flags: FLAGS,
      /** A listener of the first receiver broadcasts in the midst of it. */
      nested: fc.constantFrom(false, false, false, true),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ only: fc.nat(RECEIVERS - 1), times: fc.constantFrom(1, 5, 40), size: SIZE, flags: FLAGS }),
  },
  { weight: 3, arbitrary: fc.record({ confirms: fc.nat(RECEIVERS - 1), share: fc.constantFrom(0, 0.3, 0.9, 1) }) },
  { weight: 1, arbitrary: fc.record({ clears: fc.nat(RECEIVERS - 1) }) },
);

function exercise(
  steps: readonly object[],
  limits: DeliveryLimits,
  look: (log: SharedLog, ledger: Ledger) => void,
): void {
  const streams = new SharedStreams();
  const pairs = Array.from({ length: RECEIVERS }, () => [new SharedLog(limits), new Ledger(limits)] as const);
  const deliver = (receiver: number, packet: Outgoing, shared?: SharedPackets): void => {
    const [log, ledger] = pairs[receiver]!;
    ledger.packets.push(packet);
    expect(log.push(packet, shared)).toBe(ledger.isFilling);
    log.evict();
    ledger.evict();
  };
  const broadcast = (to: string, packet: Outgoing, left: number, nested?: () => void): void => {
    packet.shared = true;
    const shared = streams.add(to, packet);
    for (let receiver = 0; receiver < RECEIVERS; receiver++) {
      if (receiver !== left) deliver(receiver, packet, shared);
      if (receiver === 0) nested?.();
    }
  };
  for (const step of steps) {
    if ("to" in step) {
      const { to, times, left, size, flags, nested } = step as {
        to: string;
        times: number;
        left: number;
        size: number;
        flags: object;
        nested: boolean;
      };
      for (let n = 0; n < times; n++)
        broadcast(to, packetOf(size, flags), left, nested ? () => broadcast(to, packetOf(size), -1) : undefined);
    } else if ("only" in step) {
      const { only, times, size, flags } = step as { only: number; times: number; size: number; flags: object };
      for (let n = 0; n < times; n++) deliver(only, packetOf(size, flags));
    } else if ("confirms" in step) {
      const { confirms, share } = step as { confirms: number; share: number };
      const [log, ledger] = pairs[confirms]!;
      const received = ledger.base + Math.floor(ledger.packets.length * share);
      expect(log.confirm(received)).toBe(ledger.confirm(received));
      expect(log.confirm(ledger.sent + 1)).toBe(false);
    } else {
      const [log, ledger] = pairs[(step as { clears: number }).clears]!;
      log.clear();
      ledger.base = ledger.sent;
      ledger.packets = [];
    }
    for (const [log, ledger] of pairs) look(log, ledger);
  }
}

describe("the logs of those who receive the same broadcasts", () => {
  it.each([AMPLE, { maxPackets: 50, maxBytes: 4000 }, { maxPackets: 300, maxBytes: 40_000 }])(
    "hold what a list of all packets would, within %j",
    (limits) => {
      fc.assert(
        fc.property(fc.array(STEP, { minLength: 1, maxLength: 25 }), (steps) => {
          exercise(steps, limits, (log, ledger) => {
            expect([log.base, log.sent, log.confirmed, log.bytes, log.isFilling]).toEqual([
              ledger.base,
              ledger.sent,
              ledger.confirmed,
              ledger.bytes,
              ledger.isFilling,
            ]);
            expect(replayed(log)).toEqual(ledger.calls());
            const half = Math.floor((ledger.base + ledger.sent) / 2);
            expect(replayed(log, half)).toEqual(ledger.calls(half));
            for (const received of [ledger.base - 1, ledger.base, ledger.sent, ledger.sent + 1])
              expect(log.reaches(received)).toBe(received >= ledger.base && received <= ledger.sent);
          });
        }),
        { numRuns: 40 },
      );
    },
  );

  it("keep alive at most twice what they count, and two pieces", () => {
    fc.assert(
      fc.property(fc.array(STEP, { minLength: 1, maxLength: 40 }), (steps) => {
        exercise(steps, { maxPackets: 1000, maxBytes: 100_000 }, (log) => {
          expect(retained(log)).toBeLessThanOrEqual(2 * log.bytes + 2 * MAX_SHARED_BYTES);
        });
      }),
      { numRuns: 40 },
    );
  });

  it.each([
    ["is left out of most of each piece", false],
    ["is sent something else behind the first of each piece", true],
  ])("keep no pieces alive for a client that never confirms and %s", (_, isInterrupted) => {
    const streams = new SharedStreams();
    const log = new SharedLog(AMPLE);
    for (let piece = 0; piece < 50; piece++) {
      let shared: SharedPackets | undefined;
      for (let n = 0; n < MAX_SHARED_PACKETS; n++) {
        const packet = packetOf(n < 2 ? 6 : 250);
        shared = streams.add(undefined, packet);
        if (n < 2) log.push(packet, shared);
        if (n === 1 && isInterrupted) log.push(packetOf(6));
      }
      expect(shared?.packets).toHaveLength(MAX_SHARED_PACKETS);
    }
    expect(log.bytes).toBe(50 * (isInterrupted ? 18 : 12));
    expect(retained(log)).toBeLessThanOrEqual(2 * log.bytes + 2 * MAX_SHARED_BYTES);
  });

  it("store nothing for a broadcast: one object for a piece, which all share, and none for each receiver", () => {
    const streams = new SharedStreams();
    const logs = Array.from({ length: 20 }, () => new SharedLog(AMPLE));
    const inside = (log: SharedLog) =>
      log as unknown as { slots: unknown[]; front: number; back: number; open: unknown };
    const broadcast = (): void => {
      const packet = packetOf(10);
      packet.shared = true;
      const shared = streams.add(undefined, packet);
      for (const log of logs) log.push(packet, shared);
    };
    for (let n = 0; n < MAX_SHARED_PACKETS; n++) broadcast();
    expect(logs.map((log) => inside(log).slots.length)).toEqual(logs.map(() => 0));
    expect(new Set(logs.map((log) => inside(log).open)).size).toBe(1);
    for (let n = 0; n < 3 * MAX_SHARED_PACKETS; n++) broadcast();
    expect(logs.map((log) => inside(log).back - inside(log).front)).toEqual(logs.map(() => 3));
  });

  it("keep a text where that is all there is to know of a packet, and the packet where there is more", () => {
    const log = new SharedLog(AMPLE);
    const shared = packetOf(8);
    shared.shared = true;
    const packets = [
      packetOf(8),
      packetOf(8, { volatile: true }),
      packetOf(8, { compress: false }),
      packetOf(8, { bytes: 4 }),
      shared,
    ];
    for (const packet of packets) log.push(packet);
    const { slots } = log as unknown as { slots: unknown[] };
    expect(slots.slice(0, 5)).toEqual([packets[0]?.head, ...packets.slice(1)]);
  });

  it("send what is added during a replay when they are asked for the rest", () => {
    const log = new SharedLog(AMPLE);
    for (const text of ["a", "b"]) log.push(new Outgoing(text));
    const sent: unknown[] = [];
    const sink = {
      packet: ({ head }: Outgoing) => {
        if (head === "a") log.push(new Outgoing("c"));
        sent.push(head);
      },
      skip: () => {},
    };
    const end = log.replay(sink);
    expect([end, sent]).toEqual([2, ["a", "b"]]);
    expect([log.replay(sink, end), sent]).toEqual([3, ["a", "b", "c"]]);
  });
});

describe("streams", () => {
  it("begin a piece when one is full, in number or in bytes, and say of the old one that it is over", () => {
    const streams = new SharedStreams();
    const first = streams.add(undefined, packetOf(10));
    for (let n = 1; n < MAX_SHARED_PACKETS; n++) expect(streams.add(undefined, packetOf(10))).toBe(first);
    expect(first?.isOver).toBe(false);
    const second = streams.add(undefined, packetOf(4000));
    expect([first?.isOver, second === first]).toEqual([true, false]);
    for (let n = 1; n < 4; n++) expect(streams.add(undefined, packetOf(4000))).toBe(second);
    expect(streams.add(undefined, packetOf(4000))).not.toBe(second);
    expect(second?.isOver).toBe(true);
  });

  it("are one for each target, and leave large packets to their receivers", () => {
    const streams = new SharedStreams();
    const all = streams.add(undefined, packetOf(10));
    const room = streams.add("room", packetOf(10));
    expect(room).not.toBe(all);
    expect(streams.add("room", packetOf(MAX_SHARED_BYTES))).toBeUndefined();
    expect(streams.add("room", packetOf(10))).toBe(room);
    expect(room?.packets).toHaveLength(2);
  });

  it("are forgotten where there are many: those that were begun first", () => {
    const streams = new SharedStreams();
    const first = streams.add("room 0", packetOf(10));
    const second = streams.add("room 1", packetOf(10));
    for (let room = 2; room <= 256; room++) streams.add(`room ${room}`, packetOf(10));
    expect([first?.isOver, second?.isOver]).toEqual([true, false]);
    expect(streams.add("room 1", packetOf(10))).toBe(second);
    expect(streams.add("room 0", packetOf(10))).not.toBe(first);
  });
});
