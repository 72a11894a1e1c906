import { describe, expect, it } from "vitest";
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
