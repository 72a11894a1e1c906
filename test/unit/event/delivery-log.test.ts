import { describe, expect, it } from "vitest";
import { DeliveryLog } from "../../../src/event/delivery-log.js";
import { CONFIRM_ALONG, DeliveryReceipts, Due } from "../../../src/event/delivery-receipts.js";
import { Outgoing } from "../../../src/packet/outgoing.js";

const packet = (text: string, options = {}): Outgoing => new Outgoing(text, undefined, options);

function replayed(log: DeliveryLog): unknown[] {
  const calls: unknown[] = [];
  log.replay({ packet: ({ head }) => calls.push(head), skip: (count) => calls.push(count) });
  return calls;
}

function logOf(texts: readonly string[], limits = { maxPackets: 100, maxBytes: 1000 }): DeliveryLog {
  const log = new DeliveryLog(limits);
  for (const text of texts) log.push(packet(text));
  return log;
}

describe("the log of what was sent", () => {
  it("replays what is not confirmed, in order, and keeps it until it is", () => {
    const log = logOf(["a", "b", "c", "d"]);
    expect(log.confirm(2)).toBe(2);
    expect(replayed(log)).toEqual(["c", "d"]);
    expect(replayed(log)).toEqual(["c", "d"]);
    expect([log.base, log.confirmed, log.sent]).toEqual([2, 2, 4]);
  });

  it("takes a confirmation that is old, and refuses one of what was never sent", () => {
    const log = logOf(["a", "b"]);
    expect(log.confirm(2)).toBe(2);
    expect(log.confirm(1)).toBe(0);
    expect(log.confirm(3)).toBeUndefined();
    expect(log.confirmed).toBe(2);
  });

  it("leaves volatile packets out of a replay, and says how many numbers they had, also at the end", () => {
    const log = new DeliveryLog({ maxPackets: 100, maxBytes: 1000 });
    const volatile = { volatile: true };
    for (const next of [packet("a"), packet("v", volatile), packet("w", volatile), packet("b"), packet("x", volatile)])
      log.push(next);
    expect(replayed(log)).toEqual(["a", 2, "b", 1]);
  });

  it("evicts the oldest beyond its limits and then reaches back less far", () => {
    const log = logOf(["aaaa", "bbbb", "cccc"], { maxPackets: 100, maxBytes: 8 });
    expect(log.isFull).toBe(true);
    log.evict();
    expect(replayed(log)).toEqual(["bbbb", "cccc"]);
    expect([0, 1, 3, 4].map((received) => log.reaches(received))).toEqual([false, true, true, false]);
    expect(log.confirmed).toBe(0);
  });

  it("counts packets as well as bytes, attachments among them", () => {
    expect(logOf(["a", "b"], { maxPackets: 2, maxBytes: 1000 }).isFull).toBe(true);
    const log = new DeliveryLog({ maxPackets: 10, maxBytes: 100 });
    log.push(new Outgoing("a", [new Uint8Array(60)]));
    expect([log.isFilling, log.isFull]).toEqual([true, false]);
    log.push(new Outgoing("a", [new Uint8Array(38)]));
    expect(log.isFull).toBe(true);
    log.confirm(1);
    expect([log.isFilling, log.isFull]).toEqual([false, false]);
  });

  it("holds any number, however they come and go", () => {
    const log = new DeliveryLog({ maxPackets: 1e6, maxBytes: 1e9 });
    let confirmed = 0;
    for (let sent = 1; sent <= 3000; sent++) {
      log.push(packet(`${sent}`));
      // In steps of every size, now close behind and now far.
      if (sent % 7 === 0) confirmed = sent < 1500 ? sent - (sent % 5) : Math.max(confirmed, 1500);
      log.confirm(confirmed);
      expect([log.base, log.sent]).toEqual([confirmed, sent]);
    }
    expect(replayed(log)).toEqual(Array.from({ length: 3000 - confirmed }, (_, n) => `${confirmed + n + 1}`));
    log.confirm(3000);
    expect([log.bytes, replayed(log)]).toEqual([0, []]);
    log.push(packet("next"));
    expect([replayed(log), log.sent]).toEqual([["next"], 3001]);
  });

  it("forgets everything but its numbers", () => {
    const log = logOf(["a", "b"]);
    log.clear();
    expect(replayed(log)).toEqual([]);
    expect(log.sent).toBe(2);
  });
});

describe("the receipts of what came", () => {
  it("are due later for the first packet, with what is sent from the 32nd on at a client, and at once for the 1024th", () => {
    const receipts = new DeliveryReceipts(CONFIRM_ALONG.client);
    expect(receipts.add()).toBe(Due.LATER);
    for (let n = 2; n < 1024; n++) {
      expect(receipts.isDueAlong).toBe(n > 32);
      expect(receipts.add()).toBe(n === 32 ? Due.ALONG : Due.NOTHING);
    }
    expect(receipts.add()).toBe(Due.NOW);
    expect(receipts.confirm()).toBe(1024);
    expect(receipts.isDueAlong).toBe(false);
    expect(receipts.add()).toBe(Due.LATER);
  });

  it("count what was skipped", () => {
    const receipts = new DeliveryReceipts(CONFIRM_ALONG.client);
    receipts.skip(3);
    expect(receipts.add()).toBe(Due.LATER);
    expect(receipts.confirm()).toBe(4);
  });
});
