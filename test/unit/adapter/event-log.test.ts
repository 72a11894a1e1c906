import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EventLog } from "../../../src/adapter/event-log.js";
import { Outgoing } from "../../../src/packet/outgoing.js";

const packet = new Outgoing("42[]");
const EVERYBODY = new Set<string>();

function sequences(log: EventLog, behind: number): number[] {
  return [...log.behind(behind)].map(({ sequence }) => sequence);
}

describe("the log of events", () => {
  it("numbers events from 1 and gives those behind a number", () => {
    const log = new EventLog({ maxAge: 100, maxBytes: 10_000 });
    for (let n = 0; n < 5; n++) log.add(packet, 4, n, EVERYBODY, undefined);
    expect(log.last).toBe(5);
    expect(sequences(log, 0)).toEqual([1, 2, 3, 4, 5]);
    expect(sequences(log, 3)).toEqual([4, 5]);
    expect(sequences(log, 5)).toEqual([]);
  });

  it("lets go of what is too old, and still reaches back to what a live connection has seen", () => {
    const log = new EventLog({ maxAge: 100, maxBytes: 10_000 });
    log.add(packet, 4, 0, EVERYBODY, undefined);
    log.add(packet, 4, 50, EVERYBODY, undefined);
    log.add(packet, 4, 101, EVERYBODY, undefined);
    expect(sequences(log, 0)).toEqual([2, 3]);
    expect(log.reaches(0, 90)).toBe(true);
    log.expire(1000);
    expect(log.size).toBe(0);
    expect(log.last).toBe(3);
    expect(log.reaches(1, 900)).toBe(true);
  });

  it("knows that an event had to go before its time", () => {
    const log = new EventLog({ maxAge: 100, maxBytes: 900 });
    for (let n = 0; n < 3; n++) log.add(packet, 200, n, EVERYBODY, undefined);
    expect(sequences(log, 0)).toEqual([3]);
    expect(log.reaches(1, 0)).toBe(false);
    expect(log.reaches(2, 0)).toBe(true);
    expect(log.reaches(0, 2)).toBe(true);
  });

  it("keeps nothing of an event that is larger than the log", () => {
    const log = new EventLog({ maxAge: 100, maxBytes: 1000 });
    log.add(packet, 5000, 0, EVERYBODY, undefined);
    expect([log.size, log.last, log.reaches(0, 0), log.reaches(1, 0)]).toEqual([0, 1, false, true]);
  });

  it("keeps no packet of an event that is gone", async () => {
    const log = new EventLog({ maxAge: 100, maxBytes: 1000 });
    const packets = Array.from({ length: 200 }, (_, n) => {
      const event = new Outgoing(`42[${n}]`);
      log.add(event, 200, 0, EVERYBODY, undefined);
      return new WeakRef(event);
    });
    await new Promise((resolve) => setImmediate(resolve));
    setFlagsFromString("--expose-gc");
    (runInNewContext("gc") as () => void)();
    expect(packets.filter((packet) => packet.deref() !== undefined)).toHaveLength(log.size);
    expect(log.size).toBe(2);
  });

  it("holds what a plain list would hold", () => {
    fc.assert(
      fc.property(fc.array(fc.record({ size: fc.nat(400), pause: fc.nat(30) }), { maxLength: 700 }), (events) => {
        const log = new EventLog({ maxAge: 100, maxBytes: 5000 });
        let now = 0;
        let list: { sequence: number; at: number; bytes: number }[] = [];
        events.forEach(({ size, pause }, index) => {
          now += pause;
          log.add(packet, size, now, EVERYBODY, undefined);
          list.push({ sequence: index + 1, at: now, bytes: size + 300 });
          list = list.filter(({ at }) => now - at <= 100);
          while (list.reduce((sum, { bytes }) => sum + bytes, 0) > 5000) list.shift();
        });
        expect(sequences(log, 0)).toEqual(list.map(({ sequence }) => sequence));
        expect(log.size).toBe(list.length);
      }),
    );
  });
});
