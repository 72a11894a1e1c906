// What one client may pile up: events that wait, and answers that are waited for.
import { describe, expect, it, vi } from "vitest";
import { scene } from "./scripted-host.js";

describe("the limits of a client", () => {
  const code = (call: () => unknown): unknown => {
    try {
      call();
      return undefined;
    } catch (error) {
      return (error as { code?: unknown }).code;
    }
  };

  it("refuse an emit while offline once enough events wait, and keep those that do", () => {
    const { socket } = scene();
    const client = socket({ maxSendBuffer: 2 }, false);
    client.emit("a").emit("b");
    expect(code(() => client.emit("c"))).toBe("SESSION_SEND_BUFFER_FULL");
    expect(client.sendBuffer.map(({ data }) => data)).toEqual([["a"], ["b"]]);
    client.volatile.emit("dropped as ever");
  });

  it("tell who is told of errors instead of throwing", async () => {
    const { socket, platform } = scene();
    const client = socket({ maxSendBuffer: 0 }, false);
    const told = vi.fn();
    client.timeout(1000).emit("a", told);
    expect(told).not.toHaveBeenCalled();
    const promise = client.emitWithAck("b").catch((error: { code: string }) => error.code);
    platform.settle();
    expect(told.mock.calls[0]?.[0]).toMatchObject({ code: "SESSION_SEND_BUFFER_FULL" });
    expect(await promise).toBe("SESSION_SEND_BUFFER_FULL");
    expect(client.sendBuffer).toEqual([]);
  });

  it("refuse to wait for more acknowledgements, and take more when some have come", () => {
    const { socket, sent, receive } = scene();
    const client = socket({ maxPendingAcks: 2 });
    client.emit("a", () => {});
    client.emit("b", () => {});
    expect(code(() => client.emit("c", () => {}))).toBe("ACK_TOO_MANY");
    client.emit("without");
    receive("430[]");
    client.emit("d", () => {});
    expect(sent().filter((packet) => `${packet}`.startsWith("42"))).toEqual([
      '420["a"]',
      '421["b"]',
      '42["without"]',
      '422["d"]',
    ]);
  });

  it("count the bytes of what waits, also when the program has thrown some of it away", () => {
    const { socket } = scene();
    const client = socket({ maxSendBufferBytes: 100 }, false);
    client.emit("a", "x".repeat(60));
    expect(code(() => client.emit("b", "x".repeat(60)))).toBe("SESSION_SEND_BUFFER_FULL");
    client.emit("c");
    client.sendBuffer = [];
    client.emit("d", "x".repeat(60));
    client.sendBuffer.length = 0;
    client.emit("e", new Uint8Array(2));
    expect(client.sendBuffer.map(({ data }) => (data as unknown[])[0])).toEqual(["e"]);
    expect(code(() => client.emit("f", new Uint8Array(60)))).toBe("SESSION_SEND_BUFFER_FULL");
  });

  it("count what the queue of retries holds, with and without a connection", async () => {
    for (const isConnected of [false, true]) {
      const { socket, platform } = scene();
      const client = socket({ retries: 3, ackTimeout: 1000, maxSendBuffer: 3, maxSendBufferBytes: 40 }, isConnected);
      const told: unknown[] = [];
      for (const name of ["a", "b", "c"]) client.emit(name, () => {});
      client.emit("d", (error: { code: string }) => told.push(error.code));
      expect(code(() => client.emit("e"))).toBe("SESSION_SEND_BUFFER_FULL");
      platform.settle();
      expect(told).toEqual(["SESSION_SEND_BUFFER_FULL"]);
      const other = scene().socket({ retries: 3, ackTimeout: 1000, maxSendBufferBytes: 20 }, isConnected);
      other.emit("a", "x".repeat(5));
      expect(code(() => other.emit("b", "x".repeat(5)))).toBe("SESSION_SEND_BUFFER_FULL");
    }
  });

  it("let go of what has waited for too long, and tell it", async () => {
    const { socket, platform, sent } = scene();
    const client = socket({ maxSendBufferAge: 5000 }, false);
    const errors: unknown[] = [];
    client.io.on("error", (error) => errors.push(error));
    client.emit("old", 1);
    const answer = client.emitWithAck("old too").catch((error: { code: string }) => error.code);
    client.timeout(9000).emit("and this", (error: { code: string }) => errors.push(error.code));
    platform.advance(3000);
    client.emit("young");
    platform.advance(2000);
    expect(await answer).toBe("SESSION_SEND_BUFFER_EXPIRED");
    expect(errors).toEqual([
      expect.objectContaining({ code: "SESSION_SEND_BUFFER_EXPIRED", detail: { event: ["old", 1] } }),
      "SESSION_SEND_BUFFER_EXPIRED",
    ]);
    expect(client.sendBuffer.map(({ data }) => data)).toEqual([["young"]]);
    expect(sent()).toEqual([]);
  });

  it("let go of what has waited for too long in the queue of retries, not of what is under way", () => {
    const { socket, platform } = scene();
    const client = socket({ maxSendBufferAge: 5000, retries: 2, ackTimeout: 100_000 });
    const told: unknown[] = [];
    for (const name of ["under way", "waits"])
      client.emit(name, (error: { code?: string } | null) => told.push([name, error?.code]));
    platform.advance(5000);
    expect(told).toEqual([["waits", "SESSION_SEND_BUFFER_EXPIRED"]]);
  });
});
