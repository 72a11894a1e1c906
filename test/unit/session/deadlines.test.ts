import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Deadline, Deadlines } from "../../../src/session/deadlines.js";
import { FakePlatform } from "../../support/fake-platform.js";

function scene() {
  const clock = new FakePlatform();
  const deadlines = new Deadlines(clock);
  const passed: { name: string; at: number }[] = [];
  const make = (name: string): Deadline => new Deadline({ onDeadline: () => passed.push({ name, at: clock.now() }) });
  return { clock, deadlines, passed, make };
}

describe("deadlines", () => {
  it("pass never early, and at most 10 ms late for delays under a second", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 999 }), { maxLength: 50 }), (delays) => {
        const { clock, deadlines, passed, make } = scene();
        const start = clock.now();
        for (const [i, ms] of delays.entries()) deadlines.set(make(String(i)), ms);
        clock.advance(2000);
        expect(passed).toHaveLength(delays.length);
        for (const { name, at } of passed) {
          const late = at - start - (delays[Number(name)] as number);
          expect(late).toBeGreaterThanOrEqual(0);
          expect(late).toBeLessThanOrEqual(10);
        }
      }),
    );
  });

  it("pass in the order of time when set, moved and cleared at random", () => {
    const step = fc.record({
      which: fc.nat(9),
      ms: fc.option(fc.integer({ min: 0, max: 40_000 })),
      wait: fc.nat(3000),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const { clock, deadlines, passed, make } = scene();
        const all = Array.from({ length: 10 }, (_, i) => make(String(i)));
        const due = new Map<string, number>();
        for (const { which, ms, wait } of steps) {
          const deadline = all[which] as Deadline;
          if (ms === null) {
            deadlines.clear(deadline);
            due.delete(String(which));
          } else {
            deadlines.set(deadline, ms);
            due.set(String(which), clock.now() + ms);
          }
          const before = passed.length;
          clock.advance(wait);
          for (const { name, at } of passed.slice(before)) {
            expect(at).toBeGreaterThanOrEqual(due.get(name) as number);
            expect(at).toBeLessThanOrEqual((due.get(name) as number) + 256);
            due.delete(name);
          }
          for (const [name, at] of due) {
            expect(all[Number(name)]?.pending).toBe(true);
            expect(at + 256).toBeGreaterThan(clock.now());
          }
          expect(deadlines.size).toBe(due.size);
        }
      }),
    );
  });

  it("hold no timer when none is pending, and one however many are", () => {
    const { clock, deadlines, make } = scene();
    const many = Array.from({ length: 1000 }, (_, i) => make(String(i)));
    for (const [i, deadline] of many.entries()) deadlines.set(deadline, 100 + i * 40);
    expect(clock.timerCount).toBe(1);
    for (const deadline of many) deadlines.clear(deadline);
    expect(clock.timerCount).toBe(0);
    expect(deadlines.size).toBe(0);
  });

  it("may be set again and cleared by the owner that is called", () => {
    const clock = new FakePlatform();
    const deadlines = new Deadlines(clock);
    let calls = 0;
    const other = new Deadline({ onDeadline: () => expect.unreachable("it was cleared") });
    const again: Deadline = new Deadline({
      onDeadline: () => {
        deadlines.clear(other);
        if (++calls < 3) deadlines.set(again, 100);
      },
    });
    deadlines.set(other, 100);
    deadlines.set(again, 100);
    clock.advance(1000);
    expect(calls).toBe(3);
    expect(clock.timerCount).toBe(0);
  });

  it("find another timer when theirs was lost with the fake timers that it belonged to", () => {
    let now = 0;
    let timers: (() => void)[] = [];
    const clock = Object.assign(new FakePlatform(), {
      now: () => now,
      after: (_ms: number, fn: () => void) => {
        timers.push(fn);
        return () => {};
      },
    });
    const deadlines = new Deadlines(clock);
    let calls = 0;
    const owner = { onDeadline: () => void calls++ };
    deadlines.set(new Deadline(owner), 100);
    timers = [];
    now = 5000;
    deadlines.set(new Deadline(owner), 100);
    expect(timers).toHaveLength(1);
    now = 5200;
    for (const fire of timers) fire();
    expect(calls).toBe(2);
  });

  it("follow timers that are fired ahead of the clock: fake ones, which left the clock as it is", () => {
    const timers: (() => void)[] = [];
    const clock = Object.assign(new FakePlatform(), {
      now: () => 7,
      after: (_ms: number, fn: () => void) => {
        timers.push(fn);
        return () => {};
      },
    });
    const deadlines = new Deadlines(clock);
    const passed: string[] = [];
    const second = new Deadline({ onDeadline: () => void passed.push("second") });
    const first = new Deadline({
      onDeadline: () => {
        passed.push("first");
        deadlines.set(second, 50);
      },
    });
    deadlines.set(first, 100);
    for (const expected of [["first"], ["first", "second"]]) {
      const [fire] = timers.splice(0);
      fire?.();
      expect(passed).toEqual(expected);
    }
    expect(timers).toEqual([]);
  });
});
