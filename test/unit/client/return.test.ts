import { describe, expect, it } from "vitest";
import { transportError } from "../../../src/http/client-request.js";
import { OPEN, scene } from "./scripted-host.js";

const OURS = OPEN.replace("}", ',"vaiven":{"v":1,"caps":["drain"]}}');
const lost = undefined as never;

describe("a server that says when to come back", () => {
  it("is heard instead of the client's own delay, once", () => {
    const { socket, last, receive, transports, platform } = scene();
    socket({ reconnectionDelay: 1000, randomizationFactor: 0 }, false);
    last().accept(OURS);
    receive('40{"sid":"s1"}', '47["return",5000]');
    last().fail(lost);
    platform.advance(4999);
    expect(transports.length).toBe(1);
    platform.advance(1);
    expect(transports.length).toBe(2);
    last().fail(lost);
    platform.advance(1999);
    expect(transports.length).toBe(2);
    platform.advance(1);
    expect(transports.length).toBe(3);
  });

  it("is not heard each time where it says so again and again: then the client is at least as slow as by itself", () => {
    const { socket, last, receive, transports, platform } = scene();
    socket({ reconnectionDelay: 1000, reconnectionDelayMax: 5000, randomizationFactor: 0 }, false);
    const returnAtOnce = (): void => {
      last().accept(OURS);
      receive('40{"sid":"s1"}', '47["return",0]');
      last().fail(lost);
    };
    returnAtOnce();
    platform.advance(0);
    expect(transports.length).toBe(2);
    for (const count of [2, 3]) {
      returnAtOnce();
      platform.advance(999);
      expect(transports.length).toBe(count);
      platform.advance(1);
      expect(transports.length).toBe(count + 1);
    }
    last().accept(OURS);
    platform.advance(5000);
    receive('40{"sid":"s1"}', '47["return",0]');
    last().fail(lost);
    platform.advance(0);
    expect(transports.length).toBe(5);
  });

  it("is forgotten by the next connection", () => {
    const { socket, last, receive, transports, platform } = scene();
    const client = socket({ reconnectionDelay: 1000, randomizationFactor: 0 }, false);
    last().accept(OURS);
    receive('40{"sid":"s1"}', '47["return",5000]');
    client.disconnect();
    client.connect();
    last().accept(OURS);
    receive('40{"sid":"s2"}');
    const before = transports.length;
    last().fail(lost);
    platform.advance(1000);
    expect(transports.length).toBe(before + 1);
  });
});

describe("a server that refuses a connection and says when to come back", () => {
  const refusal = (retryAfter?: number) => Object.assign(transportError("xhr poll error", 503), { retryAfter });

  it("is heard instead of the client's own delay, for the first connection and for others, each time", () => {
    const { socket, last, transports, platform } = scene();
    socket({ reconnectionDelay: 1000, randomizationFactor: 0 }, false);
    for (const [count, delay] of [
      [1, 7000],
      [2, 5000],
    ] as const) {
      last().fail(refusal(delay));
      platform.advance(delay - 1);
      expect(transports.length).toBe(count);
      platform.advance(1);
      expect(transports.length).toBe(count + 1);
    }
    last().fail(refusal());
    platform.advance(3999);
    expect(transports.length).toBe(3);
    platform.advance(1);
    expect(transports.length).toBe(4);
  });
});
