import { describe, expect, it } from "vitest";
import type { VaivenError } from "../../../src/errors.js";
import { memoryServer } from "./fake-connection.js";

describe("an event that is larger than what may wait for a client", () => {
  it("is not sent and not thrown: it is reported with its name, and acknowledgement forms get the error", async () => {
    const { io, clock, join } = memoryServer({ maxBufferedBytes: 1000 });
    const reported: unknown[] = [];
    io.onError((error, { event, socket }) => reported.push([error.code, error.message, event, socket?.connected]));
    const connection = join("/");
    const [socket] = io.sockets.sockets.values();
    const big = "é".repeat(600);
    const settled: (string | undefined)[] = [];
    socket?.emit("big", big);
    socket?.emit("bytes", new Uint8Array(1001));
    socket?.emit("plain", big, () => {});
    socket?.timeout(100).emit("timed", big, (error?: VaivenError) => settled.push(error?.code));
    await expect(socket?.emitWithAck("promised", big)).rejects.toMatchObject({ code: "PACKET_TOO_BIG" });
    clock.settle();
    expect(settled).toEqual(["PACKET_TOO_BIG"]);
    expect(reported).toEqual([
      ["PACKET_TOO_BIG", '"big" has 1212 bytes, expected at most 1000 (maxBufferedBytes)', "big", true],
      ["PACKET_TOO_BIG", expect.stringContaining('"bytes"'), "bytes", true],
      ["PACKET_TOO_BIG", expect.stringContaining('"plain"'), "plain", true],
    ]);
    expect(connection.take()).toEqual([]);
    expect(socket?.acks.size).toBe(0);
    socket?.emit("small", "é".repeat(400));
    expect(connection.take().length).toBe(1);
    expect(connection.closed).toBe("no");
  });

  it("reaches nobody of a broadcast either, and costs nobody the connection", async () => {
    const { io, clock, errors, join } = memoryServer({ maxBufferedBytes: 1000 });
    const connections = [join("/"), join("/")];
    const [socket] = io.sockets.sockets.values();
    const big = "x".repeat(2000);
    io.emit("big", big);
    socket?.broadcast.emit("broadcast", big);
    const settled: unknown[] = [];
    io.to("nobody")
      .timeout(100)
      .emit("timed", big, (error: VaivenError, responses: unknown) => settled.push(error.code, responses));
    expect(settled).toEqual([]);
    clock.settle();
    expect(settled).toEqual(["PACKET_TOO_BIG", []]);
    await Promise.all([
      expect(Promise.race([io.emitWithAck("promised", big), settledBy(clock)])).rejects.toMatchObject({
        code: "PACKET_TOO_BIG",
      }),
      expect(Promise.race([io.timeout(5).emitWithAck("promised", big), settledBy(clock)])).rejects.toMatchObject({
        code: "PACKET_TOO_BIG",
      }),
    ]);
    expect(errors.map(({ code, event }) => [code, event])).toEqual([
      ["PACKET_TOO_BIG", "big"],
      ["PACKET_TOO_BIG", "broadcast"],
    ]);
    expect(connections.map((connection) => [connection.closed, connection.take()])).toEqual([
      ["no", []],
      ["no", []],
    ]);
    expect(clock.timerCount).toBe(0);
    io.emit("small", "x");
    expect(connections.map((connection) => connection.take().length)).toEqual([1, 1]);
  });

  it("is not sent for an adapter of npm's either, which encodes by itself", () => {
    const { io, errors, join } = memoryServer({ maxBufferedBytes: 1000 });
    const connection = join("/");
    const [socket] = io.sockets.sockets.values();
    socket?.client.writeToEngine([`2["big","${"x".repeat(2000)}"]`]);
    expect(errors.map(({ code, event }) => [code, event])).toEqual([["PACKET_TOO_BIG", "adapter"]]);
    expect(connection.take()).toEqual([]);
  });
});

/** Never resolves; lets the clock's turn pass, in which acknowledgement forms are told. */
function settledBy(clock: { settle(): void }): Promise<never> {
  clock.settle();
  return new Promise(() => {});
}
