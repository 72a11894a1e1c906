// What a server remembers of outboxes.
import { describe, expect, it } from "vitest";
import { Outboxes } from "../../../src/server/outboxes.js";
import { memoryServer } from "./fake-connection.js";

describe("the outboxes that a server knows", () => {
  it("are known by namespace and id, with the number that was taken last", () => {
    const outboxes = new Outboxes(10);
    outboxes.meet("/", "a", 3).last = 5;
    expect(outboxes.meet("/", "a", 9)).toEqual({ last: 5, doubtful: 3 });
    expect(outboxes.meet("/b", "a", 0)).toEqual({ last: 0, doubtful: 0 });
  });

  it("are as many as maxOutboxes says: the one that was seen longest ago is new again, and what it had under way in doubt", () => {
    const outboxes = new Outboxes(2);
    outboxes.meet("/", "a", 0).last = 5;
    outboxes.meet("/", "b", 0).last = 6;
    outboxes.meet("/", "a", 5);
    outboxes.meet("/", "c", 0);
    expect(outboxes.meet("/", "a", 5)).toEqual({ last: 5, doubtful: 0 });
    expect(outboxes.meet("/", "b", 8)).toEqual({ last: 0, doubtful: 8 });
  });

  it("are as many as the option of the server says", () => {
    const { outboxes } = memoryServer({ connectionStateRecovery: { maxOutboxes: 1 } }).io._recovery!.deliveries;
    outboxes.meet("/", "a", 0).last = 5;
    outboxes.meet("/", "b", 0);
    expect(outboxes.meet("/", "a", 6)).toEqual({ last: 0, doubtful: 6 });
  });
});
