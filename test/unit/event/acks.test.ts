import { describe, expect, it } from "vitest";
import {
  type AckTable,
  abandonAcks,
  ackDisconnectedError,
  expectAck,
  expectAckWithin,
  takeAck,
} from "../../../src/event/acks.js";
import { FakePlatform } from "../../support/fake-platform.js";

const codes = (calls: unknown[][]): unknown[] =>
  calls.map(([error, ...rest]) => [(error as { code?: string } | null)?.code ?? null, ...rest]);

describe("acknowledgements", () => {
  it("give their arguments behind null, once", () => {
    const table: AckTable = new Map();
    const calls: unknown[][] = [];
    expectAck(table, 7, (...args) => calls.push(args));
    takeAck(table, 7)?.("a", 2);
    expect(takeAck(table, 7)).toBeUndefined();
    expect(calls).toEqual([[null, "a", 2]]);
  });

  it("of an unknown id change nothing", () => {
    const table: AckTable = new Map();
    expectAck(table, 1, () => {});
    expect(takeAck(table, 2)).toBeUndefined();
    expect([...table.keys()]).toEqual([1]);
  });

  it("that come in time cancel the timer", () => {
    const clock = new FakePlatform();
    const table: AckTable = new Map();
    const calls: unknown[][] = [];
    expectAckWithin(table, 1, 100, clock, (...args) => calls.push(args));
    clock.advance(99);
    takeAck(table, 1)?.("in time");
    expect(clock.timerCount).toBe(0);
    clock.advance(1000);
    expect(calls).toEqual([[null, "in time"]]);
  });

  it("that do not come in time are an error, and a late one is dropped", () => {
    const clock = new FakePlatform();
    const table: AckTable = new Map();
    const calls: unknown[][] = [];
    expectAckWithin(table, 1, 100, clock, (...args) => calls.push(args));
    clock.advance(100);
    expect(table.size).toBe(0);
    expect(takeAck(table, 1)).toBeUndefined();
    expect(codes(calls)).toEqual([["ACK_TIMEOUT"]]);
  });

  it("are told of the disconnection where they take an error, and released where they do not", () => {
    const clock = new FakePlatform();
    const table: AckTable = new Map();
    const calls: unknown[][] = [];
    table.set(0, () => calls.push(["plain"]));
    expectAck(table, 1, (...args) => calls.push(args));
    expectAckWithin(table, 2, 100, clock, (...args) => calls.push(args));
    abandonAcks(table, ackDisconnectedError("transport close"));
    expect(table.size).toBe(0);
    expect(clock.timerCount).toBe(0);
    expect(codes(calls)).toEqual([["ACK_DISCONNECTED"], ["ACK_DISCONNECTED"]]);
  });

  it("that are asked for while others are told of the disconnection stay", () => {
    const table: AckTable = new Map();
    expectAck(table, 1, () => table.set(2, () => {}));
    abandonAcks(table, ackDisconnectedError());
    expect([...table.keys()]).toEqual([2]);
  });
});
